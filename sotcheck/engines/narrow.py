"""Resonances of a stack so narrow that no node sees them: the integral over each, whatever its width.

At interface n ψ = Ĝb̂ with Ĝ⁻¹ = Ŷ_right − κ̂ + Ŷ_left, the slopes of what leaves on either side, and b̂ of
what comes in. Next to a state all but bound, at x₀ of x = k_⊥², Ĝ⁻¹ = D (x − x₀) + iw in the direction R of
its null vector, with w = Σ_in |R†b̂|²/4 as no flux is lost. Hence

    ∫dx ψψ† = RR† (4π/|D|) |R†b̂|² / Σ_in |R†b̂|²,

with |D| = ⟨∂H/∂x⟩ of the wave that is R there: finite however little of b̂ arrives, and known to the width
relative to the distance of other states: of the other spin's, and of its own, no closer than about 1/D.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from sotcheck.engines.recursion import Grid, Passed, passed_through
from sotcheck.engines.spin_flows import flows_of_waves, slopes_in_x, spinors_along
from sotcheck.engines.stack import outgoing
from sotcheck.numerics.arrays import Array, Complex, Index
from sotcheck.numerics.two_by_two import product
from sotcheck.system.spin import IDENTITY, dagger
from sotcheck.system.structure import Structure

#: How far off the pole its home is looked for, relative to x.
OFF = 1e-9
#: Errors relative to the largest flow: per width over distance, of D; what of x is rounding.
OF_WIDTH, OF_SLOPE, ROUNDING = 8.0, 1e-12, 1e-15


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
    values, vectors = np.linalg.eigh((matrix + dagger(matrix)) / 2)
    own = np.abs(values).argmin(axis=-1)
    R = vectors[each, :, own]

    state, arriving = _carried(here, home, R.T, structure)
    D = _norm(structure, (np.sqrt(x), angle, scale), state)
    # Where nothing arrives that doubles can tell, nobody knows from which side it would.
    told = arriving.sum(axis=0) > np.finfo(float).tiny
    share = np.where(told, arriving, 1.0) / np.where(told, arriving, 1.0).sum(axis=0)
    waves = state[:, :, None] * np.sqrt(4 * np.pi * share / D)[:, None]
    flows = flows_of_waves(structure, (np.sqrt(x), angle, scale), waves)
    other_spin = D / np.maximum(np.abs(values[each, 1 - own]), np.finfo(float).tiny)
    off = OF_SLOPE + OF_WIDTH * (width + ROUNDING * x) * (other_spin + D)
    off = np.where(told, np.minimum(off, 1.0), 1.0)
    return np.moveaxis(flows, -1, 0), off[:, None, None, None]


def _norm(structure: Structure, grid: Grid, state: Complex) -> Array:
    """Return ⟨∂H/∂x⟩ (p,) of states (3, 2, interfaces, p), where nothing travels in a half-space."""
    columns = np.zeros((3, 2, 4, *state.shape[2:]), dtype=complex)
    columns[:, :, 2] = state
    D: Array = slopes_in_x(structure, grid, columns)[1]
    for lead, psi in ((structure.left, state[0, :, 0]), (structure.right, state[0, :, -1])):
        q2 = lead.bands(structure.energy, grid[0])[0].T
        down, up = np.abs(spinors_along(np.array(lead.direction)).conj().T @ psi) ** 2
        closed = q2 < 0
        tails = np.where(closed, [down, up] / (2 * lead.mass * np.sqrt(np.where(closed, -q2, 1))), 0)
        D = D + tails.sum(axis=0)
    return D


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
