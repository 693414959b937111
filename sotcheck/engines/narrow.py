"""Resonances of a stack so narrow that no node sees them: the integral over each, whatever its width.

At interface n ψ = Ĝb̂ with Ĝ⁻¹ = Ŷ_right − κ̂ + Ŷ_left, the slopes of what leaves on either side, and b̂ of
what comes in. Next to a state all but bound, at x₀ of x = k_⊥², Ĝ⁻¹ = D (x − x₀) + iw in the direction R of
its null vector, with w = Σ_in |R†b̂|²/4 as no flux is lost. Hence

    ∫dx ψψ† = RR† (4π/|D|) |R†b̂|² / Σ_in |R†b̂|²,

finite however little of b̂ arrives. What else there is of ψ, and how Ĝ⁻¹ is not Hermitian, is as large as √w:
spin is known to the root of the width relative to the distance of other states, of the other spin's, and of
the same spin's, no closer than about 1/D.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from sotcheck.engines.recursion import Grid, Passed, passed_through
from sotcheck.engines.spin_flows import flows_of_waves, spinors_along
from sotcheck.engines.stack import outgoing
from sotcheck.errors import EngineError
from sotcheck.numerics.arrays import Array, Complex, Index
from sotcheck.numerics.two_by_two import product
from sotcheck.system.spin import IDENTITY, dagger
from sotcheck.system.structure import Structure

#: Steps in x of the derivative of Ĝ⁻¹, relative to x, and how far off the pole its home is looked for.
STEP, OFF = 2e-5, 1e-9
#: Errors: of what else is there, per √(width/distance); of the derivative; of x, by rounding, per distance.
OF_ROOT, OF_SLOPE, ROUNDING, OF_PLACE = 2.0, 1e-9, 1e-15, 8.0
#: Errors of nodes on flanks, per ε over the width, and where they tell nothing.
OF_FLANKS, WORST = 4.0, 1e-2


@dataclass(frozen=True)
class Sides:
    """A stack passed from both ends, for many problems (p,)."""

    right: Passed
    left: Passed

    @classmethod
    def of(cls, structure: Structure, grid: Grid) -> Sides:
        """Pass a stack, and its mirror image."""
        mirrored = Structure(structure.energy, structure.regions[::-1], structure.interfaces[::-1])
        leads = structure.left, structure.right
        first, last = (np.moveaxis(outgoing(one.bands(structure.energy, grid[0])[0]), -1, 0) for one in leads)
        ways = (structure, (first, last)), (mirrored, (last, first))
        return cls(*(passed_through(one, grid, outside) for one, outside in ways))

    @property
    def inverse_green(self) -> Complex:
        """Ĝ⁻¹ at every interface, (interfaces, p, 2, 2)."""
        sides = zip(self.right.after, self.left.after[::-1], self.right.kappas, strict=True)
        found = np.stack(np.broadcast_arrays(*(one + other - kappa for one, other, kappa in sides)))
        return np.moveaxis(found, (1, 2), (-2, -1))


def narrow_flows(structure: Structure, poles: Complex, angle: Array, scale: Array) -> tuple[Array, Array]:
    """Return ∫dx of all flows over resonances at poles in x = k_⊥² (p,), (p, 3, 4I + 2L, 3).

    Their errors, of any flow of a source, have axes of one for the last two. Of a resonance that nodes on its
    flanks, known to ε over its width, tell more of they are infinite.
    """
    x = poles.real

    def sides(x: Array) -> Sides:
        return Sides.of(structure, (np.sqrt(x), angle, scale))

    here = sides(x)
    # Its home is where it is seen best.
    sizes = np.linalg.svd(sides(x * (1 + OFF)).inverse_green, compute_uv=False)[..., -1]
    home, each = np.argmin(sizes, axis=0), np.arange(len(x))
    matrix = here.inverse_green[home, each]
    values, vectors = np.linalg.eigh((matrix + dagger(matrix)) / 2)
    own = np.abs(values).argmin(axis=-1)
    R = vectors[each, :, own]

    def slope(step: Array) -> Array:
        rise = (sides(x + step).inverse_green - sides(x - step).inverse_green)[home, each]
        found: Array = np.einsum("pi,pij,pj->p", R.conj(), rise, R).real / (2 * step)
        return found

    D = np.abs(4 * slope(STEP * x) - slope(2 * STEP * x)) / 3
    if not D.min() > 0:
        at = np.sqrt(x[int(np.argmin(D))])
        raise EngineError(f"a state at k_perp = {at:g} has no energy: a number is beyond double precision")
    state, arriving = _carried(here, home, R.T, structure)
    # Where nothing arrives that doubles can tell, nobody knows from which side it would.
    told = arriving.sum(axis=0) > np.finfo(float).tiny
    share = np.where(told, arriving, 1.0) / np.where(told, arriving, 1.0).sum(axis=0)
    waves = state[:, :, None] * np.sqrt(4 * np.pi * share / D)[:, None]
    flows = np.moveaxis(flows_of_waves(structure, (np.sqrt(x), angle, scale), waves), -1, 0)
    # Of its width, what arrives tells more than the pole, whose place is rounded.
    near = D / np.maximum(np.abs(values[each, 1 - own]), np.finfo(float).tiny) + D
    width = arriving.sum(axis=0) / (4 * D)
    psi, slope_size = (np.linalg.norm(one, axis=0) for one in (state[0], np.stack([*state[1], *state[2]])))
    carried = (psi * (np.sqrt(x) * psi + slope_size)).max(axis=0) * 4 * np.pi / D
    by_source = np.stack([share[0] + share[1], share[2], share[3]], axis=-1)
    largest = np.abs(flows).max(axis=(-1, -2))
    between = np.sqrt(by_source * (width * near)[:, None]) * carried[:, None]
    rounded = OF_SLOPE + OF_PLACE * ROUNDING * x * near
    off = OF_ROOT * between + np.where(told, rounded, 1.0)[:, None] * largest
    flanks = ROUNDING * x / np.maximum(np.abs(poles.imag), np.finfo(float).tiny)
    seen = (flanks < WORST) & (off > OF_FLANKS * flanks[:, None] * (largest + between)).any(axis=-1)
    return flows, np.where(seen[:, None], np.inf, off)[:, :, None, None]


def _carried(sides: Sides, home: Index, R: Complex, structure: Structure) -> tuple[Complex, Array]:
    """Return states (3, 2, interfaces, p) that are R at their homes, and |R†b̂|² there by column (4, p)."""
    number = len(structure.interfaces)
    state = np.zeros((3, 2, number, len(home)), dtype=complex)
    arriving = np.zeros((4, len(home)))
    turn = spinors_along(np.array(structure.right.direction))[:, ::-1]
    # Seen from either side, the other one lies ahead; slopes of the mirror image have the other sign.
    for passed, mirrored, spinors in ((sides.left, True, IDENTITY), (sides.right, False, turn)):
        start, sign, column = (number - 1 - home, -1, 0) if mirrored else (home, 1, 2)
        behind, ahead = (2, 1) if mirrored else (1, 2)
        bs, onward = passed.arrivals(spinors)
        wave, slope = np.zeros_like(R)[:, None], np.zeros_like(R)[:, None]
        for n in range(number):
            if n:
                _, matrix, _, sloping, _ = onward[n - 1]
                wave, slope = product(matrix, wave), product(sloping, wave)
            starts, beyond = start == n, start < n
            wave = np.where(starts, R[:, None], wave)
            there = number - 1 - n if mirrored else n
            state[0, :, there] = np.where(starts | beyond, wave[:, 0], state[0, :, there])
            forward = sign * product(passed.after[n], wave)[:, 0]
            state[ahead, :, there] = np.where(starts | beyond, forward, state[ahead, :, there])
            state[behind, :, there] = np.where(beyond, sign * slope[:, 0], state[behind, :, there])
            arrived = np.abs((R.conj()[:, None] * bs[n]).sum(axis=0)) ** 2
            arriving[column : column + 2] = np.where(starts, arrived, arriving[column : column + 2])
    return state, arriving
