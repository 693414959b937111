"""Resonances of a stack so narrow that no node sees them: the integral over each, whatever its width.

At interface n ψ = Ĝb̂ with Ĝ⁻¹ = Ŷ_right − κ̂ + Ŷ_left, the slopes of what leaves on either side, and b̂ of
what comes in. Next to a state all but bound, at x₀ of x = k_⊥², Ĝ⁻¹ = D (x − x₀) + iw in the direction R of
its null vector, with w = Σ_in |R†b̂|²/4 as no flux is lost. Hence

    ∫dx ψψ† = RR† (4π/|D|) |R†b̂|² / Σ_in |R†b̂|²,

finite however little of b̂ arrives, and known to the width relative to the distance of other states: of
the other spin's, and of the same spin's, no closer than about 1/D. Beside waves ψ₀ that pass it by, as those
of an open other spin do, there is ∫dx ψ ψ₀† as well, with L the left null vector of Ĝ⁻¹ and D = L†∂_xĜ⁻¹R,

    ∫dx ψ = −iπ R L†b̂/|D|.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from sotcheck.engines.recursion import Grid, Passed, passed_through
from sotcheck.engines.spin_flows import flows_of_waves, spinors_along
from sotcheck.engines.stack import outgoing
from sotcheck.numerics.arrays import Array, Complex, Index
from sotcheck.numerics.two_by_two import product
from sotcheck.system.spin import IDENTITY
from sotcheck.system.structure import Structure

#: Steps in x of the derivative of Ĝ⁻¹, relative to x, and how far off the pole its home is looked for.
STEP, OFF = 2e-5, 1e-9
#: Errors relative to the largest flow: per width over distance, of the derivative; what of x is rounding.
OF_WIDTH, OF_SLOPE, ROUNDING = 8.0, 1e-9, 1e-15


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

    Their errors relative to each one's largest flow have axes of one for all but the first.
    """
    x, width = poles.real, np.abs(poles.imag)

    def sides(x: Array) -> Sides:
        return Sides.of(structure, (np.sqrt(x), angle, scale))

    here = sides(x)
    # Its home is where it is seen best.
    sizes = np.linalg.svd(sides(x * (1 + OFF)).inverse_green, compute_uv=False)[..., -1]
    home, each = np.argmin(sizes, axis=0), np.arange(len(x))
    matrix = here.inverse_green[home, each]
    left, values, right = np.linalg.svd(matrix)
    L, R = left[..., -1], right[:, -1].conj()
    around = [sides(x + part * STEP * x) for part in (1, -1, 2, -2)]
    near, far = (
        (one.inverse_green - other.inverse_green)[home, each] for one, other in (around[:2], around[2:])
    )
    rise = (8 * near - far) / (12 * STEP * x)[:, None, None]
    D, turn = (np.einsum("pi,pij,pj->p", bra.conj(), rise, R) for bra in (R, L))
    # The phase of R is that of L, on which ∫ψ depends.
    R, D = R * np.exp(-1j * np.angle(turn * np.sign(D.real)))[:, None], np.abs(D.real)
    state, arriving = _carried(here, home, R.T, L.T, structure)
    size = np.sqrt(np.maximum((np.abs(arriving) ** 2).sum(axis=0), np.finfo(float).tiny))
    alone = state[:, :, None] * (np.sqrt(4 * np.pi / D) * arriving / size)[:, None]
    beside = state[:, :, None] * (-1j * np.pi / D * arriving)[:, None]
    spinors = spinors_along(np.array(structure.right.direction))[:, ::-1]
    # Either side of the state its own part all but cancels: iw is left.
    rest = -0.25j * size**2 / ((D * STEP * x) ** 2 + (size**2 / 4) ** 2)
    passing = (around[0].right.waves(spinors) + around[1].right.waves(spinors)) / 2
    passing = passing - state[:, :, None] * (rest * arriving)[:, None]

    def of(waves: Complex) -> Array:
        return flows_of_waves(structure, (np.sqrt(x), angle, scale), waves)

    flows = of(alone) + of(beside + passing) - of(beside) - of(passing)
    other_spin = D / np.maximum(values[:, 0], np.finfo(float).tiny)
    off = OF_SLOPE + OF_WIDTH * (width + ROUNDING * x) * (other_spin + D)
    return np.moveaxis(flows, -1, 0), np.minimum(off, 1.0)[:, None, None, None]


def _carried(
    sides: Sides, home: Index, R: Complex, L: Complex, structure: Structure
) -> tuple[Complex, Complex]:
    """Return states (3, 2, interfaces, p) that are R at their homes, and L†b̂ there by column (4, p)."""
    number = len(structure.interfaces)
    state = np.zeros((3, 2, number, len(home)), dtype=complex)
    arriving = np.zeros((4, len(home)), dtype=complex)
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
            arrived = -(L.conj()[:, None] * bs[n]).sum(axis=0)
            arriving[column : column + 2] = np.where(starts, arrived, arriving[column : column + 2])
    return state, arriving
