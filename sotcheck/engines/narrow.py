"""Resonances of a stack so narrow that no node sees them: the integral over each, whatever its width.

At interface n ψ = Ĝb̂ with Ĝ⁻¹ = Ŷ_right − κ̂ + Ŷ_left, the slopes of what leaves on either side, and b̂ of
what comes in. Next to a state all but bound, at x₀ of x = k_⊥², Ĝ⁻¹ = D (x − x₀) + iw in the direction R of
its null vector, with w = Σ_in |R†b̂|²/4 as no flux is lost. Hence

    ∫dx ψψ† = RR† (4π/|D|) |R†b̂|² / Σ_in |R†b̂|²,

finite however little of b̂ arrives, and known to the width relative to the distance of other states.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from sotcheck.engines.recursion import Grid, Passed, passed_through
from sotcheck.engines.spin_flows import flows_of_waves, spinors_along
from sotcheck.engines.stack import outgoing
from sotcheck.numerics.arrays import Array, Complex
from sotcheck.numerics.two_by_two import product
from sotcheck.system.spin import IDENTITY, dagger
from sotcheck.system.structure import Structure

#: Steps in x of the derivative of Ĝ⁻¹, relative to x, and how far off the pole its home is looked for.
STEP, OFF = 2e-5, 1e-9


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
        return cls(passed_through(structure, grid, (first, last)), passed_through(mirrored, grid, (last, first)))

    @property
    def inverse_green(self) -> Complex:
        """Ĝ⁻¹ at every interface, (interfaces, p, 2, 2)."""
        sides = zip(self.right.after, self.left.after[::-1], self.right.kappas, strict=True)
        found = np.stack(np.broadcast_arrays(*(one + other - kappa for one, other, kappa in sides)))
        return np.moveaxis(found, (1, 2), (-2, -1))


def narrow_flows(structure: Structure, x: Array, angle: Array, scale: Array) -> Array:
    """Return ∫dx of all flows over resonances at x = k_⊥² (p,), (3, 4I + 2L, 3, p)."""

    def sides(x: Array) -> Sides:
        return Sides.of(structure, (np.sqrt(x), angle, scale))

    here = sides(x)
    # Its home is where it is seen best.
    sizes = np.linalg.svd(sides(x * (1 + OFF)).inverse_green, compute_uv=False)[..., -1]
    home, each = np.argmin(sizes, axis=0), np.arange(len(x))
    matrix = here.inverse_green[home, each]
    values, vectors = np.linalg.eigh((matrix + dagger(matrix)) / 2)
    R = np.take_along_axis(vectors, np.abs(values).argmin(axis=-1)[:, None, None], axis=-1)[..., 0]

    def slope(step: Array) -> Array:
        rise = (sides(x + step).inverse_green - sides(x - step).inverse_green)[home, each]
        found: Array = np.einsum("pi,pij,pj->p", R.conj(), rise, R).real / (2 * step)
        return found

    D = (4 * slope(STEP * x) - slope(2 * STEP * x)) / 3
    waves = np.zeros((3, 2, 4, len(structure.interfaces), len(x)), dtype=complex)
    turn = spinors_along(np.array(structure.right.direction))[:, ::-1]
    for n in np.unique(home):
        some = home == n
        state, arriving = _carried(here, int(n), R.T, turn)
        share = arriving / np.maximum(arriving.sum(axis=0), np.finfo(float).tiny)
        found = state[:, :, None] * np.sqrt(4 * np.pi * share / np.abs(D))[:, None]
        waves[..., some] = found[..., some]
    return flows_of_waves(structure, (np.sqrt(x), angle, scale), waves)


def _carried(sides: Sides, home: int, R: Complex, turn: Complex) -> tuple[Complex, Array]:
    """Return a state (3, 2, interfaces, p) that is R at its home, and |R†b̂|² there by column (4, p)."""
    number = len(sides.right.after)
    state = np.empty((3, 2, number, R.shape[-1]), dtype=complex)
    couplings = []
    # From the left, then from the right: seen from either side the other one lies ahead.
    for passed, mirrored, spinors in ((sides.left, True, IDENTITY), (sides.right, False, turn)):
        bs, onward = passed.arrivals(spinors)
        start = number - 1 - home if mirrored else home
        couplings.append(np.abs((R.conj()[:, None] * bs[start]).sum(axis=0)) ** 2)
        wave = R[:, None]
        for n in range(start, number):
            place, sign = (number - 1 - n, -1) if mirrored else (n, 1)
            behind, ahead = (1, 2)[::sign]
            state[0, :, place] = wave[:, 0]
            state[ahead, :, place] = sign * product(passed.after[n], wave)[:, 0]
            if n > start:
                state[behind, :, place] = sign * before[:, 0]
            if n < number - 1:
                _, matrix, _, sloping, _ = onward[n]
                before, wave = product(sloping, wave), product(matrix, wave)
    return state, np.concatenate(couplings)
