"""Resonances of a stack so narrow that no node sees them: the integral over each, whatever its width.

The engine's witness: the residue of the matching equations where the state is at home, told by what arrives
there; that of theory rests on the state's norm and on the tails of the wave that only arrives in it.

At interface n ψ = Ĝb̂ with Ĝ⁻¹ = Ŷ_right − κ̂ + Ŷ_left, the slopes of what leaves on either side, and b̂ of
what comes in. Next to a state all but bound, at x₀ of x = k_⊥², Ĝ⁻¹ = D (x − x₀) + iw in the direction R of
its null vector, with w = Σ_in |R†b̂|²/4 as no flux is lost. Hence

    ∫dx ψψ† = RR† (4π/|D|) |R†b̂|² / Σ_in |R†b̂|²,

with |D| that of ⟨∂H/∂x⟩ of the wave that is R there: finite however little of b̂ arrives, and known to the
width relative to the distance of other states, of the other spin's, and of the same spin's, no closer than
about 1/D. Beside waves ψ₀ that pass it by, as those of an open other spin do, there is ∫dx ψ ψ₀† as well,
with L the left null vector of Ĝ⁻¹, and phases in which L†∂_xĜ⁻¹R has the sign of D,

    ∫dx ψ = −iπ R L†b̂/|D|.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from sotcheck.engines.layer import Grid
from sotcheck.engines.recursion import Passed, outside, passed_through
from sotcheck.engines.spin_flows import flows_of_waves, slopes_in_x, spinors_along
from sotcheck.errors import EngineError
from sotcheck.numerics.arrays import Array, Complex, Index
from sotcheck.numerics.two_by_two import matrix_of, product
from sotcheck.system.spin import IDENTITY
from sotcheck.system.structure import Structure

#: Steps in x of the derivative of Ĝ⁻¹, relative to x, and how far off the pole its home is looked for.
STEP, OFF = 2e-5, 1e-9
#: Errors relative to the largest flow: per width over distance, of D; what of x is rounding.
OF_WIDTH, OF_SLOPE, ROUNDING = 8.0, 1e-12, 1e-15
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
        return cls(*(passed_through(one, grid, outside(one, grid[0])) for one in (structure, mirrored)))

    @property
    def inverse_green(self) -> Complex:
        """Ĝ⁻¹ at every interface, (interfaces, p, 2, 2)."""
        both = self.right.Y + self.left.Y[:, ::-1]
        for n, kappa in enumerate(self.right.kappas):
            both[:, n] -= kappa
        return np.moveaxis(matrix_of(both[0], both[1:]), (0, 1), (-2, -1))


def narrow_flows(structure: Structure, poles: Complex, angle: Array, scale: Array) -> tuple[Array, Array]:
    """Return ∫dx of all flows over resonances at poles in x = k_⊥² (p,), (p, 3, 4I + 2L, 3).

    Their errors, of any flow of a source, have axes of one for the last two. Of a resonance that nodes on its
    flanks, known to ε over its width, tell more of they are infinite.
    """
    x, width, grid = poles.real, np.abs(poles.imag), (np.sqrt(poles.real), angle, scale)

    def sides(x: Array) -> Sides:
        return Sides.of(structure, (np.sqrt(x), angle, scale))

    here = sides(x)
    # Its home is where it is seen best.
    sizes = np.linalg.svd(sides(x * (1 + OFF)).inverse_green, compute_uv=False)[..., -1]
    home, each = np.argmin(sizes, axis=0), np.arange(len(x))
    left, values, right = np.linalg.svd(here.inverse_green[home, each])
    L, R = left[..., -1], right[:, -1].conj()
    around = [sides(x * (1 + STEP)), sides(x * (1 - STEP))]
    rise = (around[0].inverse_green - around[1].inverse_green)[home, each]
    slope, turn = (np.einsum("pi,pij,pj->p", bra.conj(), rise, R) for bra in (R, L))
    # The phase of R is that of L, on which ∫ψ depends.
    R = R * np.exp(-1j * np.angle(turn * np.sign(slope.real)))[:, None]
    state, arriving = _carried(here, home, R.T, L.T, structure)
    # Next to k_⊥ = 0 spin-orbit terms, linear in it, may outweigh 1/M: levels fall there.
    D = np.abs(_norm(structure, grid, state))
    if not D.min() > 0:
        at = grid[0][int(np.argmin(D))]
        raise EngineError(f"a state at k_perp = {at:g} has no energy: a number is beyond double precision")
    arrived = (np.abs(arriving) ** 2).sum(axis=0)
    # Where nothing arrives that doubles can tell, nobody knows from which side it would.
    told = arrived > np.finfo(float).tiny
    share = np.where(told, arriving / np.sqrt(np.where(told, arrived, 1.0)), 0.5)

    def flows(waves: Complex) -> Array:
        return np.moveaxis(flows_of_waves(structure, grid, waves), -1, 0)

    alone = flows(state[:, :, None] * (np.sqrt(4 * np.pi / D) * share)[:, None])
    beside = state[:, :, None] * (-1j * np.pi / D * arriving)[:, None]
    spinors = spinors_along(np.array(structure.right.direction))[:, ::-1]
    # Either side of the state its own part all but cancels: iw is left.
    rest = -0.25j * arrived / ((D * STEP * x) ** 2 + (arrived / 4) ** 2)
    passing = (around[0].right.waves(spinors).together + around[1].right.waves(spinors).together) / 2
    passing = passing - state[:, :, None] * (rest * arriving)[:, None]
    crossed = flows(beside + passing) - flows(beside) - flows(passing)
    near = D / np.maximum(values[:, 0], np.finfo(float).tiny) + D
    off = np.where(told, np.minimum(OF_SLOPE + OF_WIDTH * (width + ROUNDING * x) * near, 1.0), 1.0)
    # Across a step other states are what they are at its middle.
    off_crossed = np.minimum(off + (STEP * x * near) ** 2, 1.0)
    largest, mixed = (np.abs(one).max(axis=(-1, -2)) for one in (alone, crossed))
    errors = off[:, None] * largest + off_crossed[:, None] * mixed
    flanks = ROUNDING * x / np.maximum(width, np.finfo(float).tiny)
    seen = (flanks < WORST) & (errors > OF_FLANKS * flanks[:, None] * (largest + mixed)).any(axis=-1)
    return alone + crossed, np.where(seen[:, None], np.inf, errors)[:, :, None, None]


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


def _carried(
    sides: Sides, home: Index, R: Complex, L: Complex, structure: Structure
) -> tuple[Complex, Complex]:
    """Return states (3, 2, interfaces, p) that are R at their homes, and L†b̂ there by column (4, p).

    Of states ψ, and ∂_zψ/M before and after interfaces.
    """
    number = len(structure.interfaces)
    state = np.zeros((3, 2, number, len(home)), dtype=complex)
    arriving = np.zeros((4, len(home)), dtype=complex)
    turn = spinors_along(np.array(structure.right.direction))[:, ::-1]
    # Seen from either side, the other one lies ahead; slopes of the mirror image have the other sign.
    for passed, mirrored, spinors in ((sides.left, True, IDENTITY), (sides.right, False, turn)):
        start, sign, column = (number - 1 - home, -1, 0) if mirrored else (home, 1, 2)
        behind, ahead = (2, 1) if mirrored else (1, 2)
        bs = passed.arrivals(spinors)
        wave, slope = np.zeros_like(R)[:, None], np.zeros_like(R)[:, None]
        for n in range(number):
            if n:
                wave = product(passed.P_and_R[0][:, :, n - 1], wave)
                before = passed.Y[:, n] - passed.kappas[n]
                slope = product(matrix_of(before[0], before[1:]), wave)
            starts, beyond = start == n, start < n
            wave = np.where(starts, R[:, None], wave)
            there = number - 1 - n if mirrored else n
            state[0, :, there] = np.where(starts | beyond, wave[:, 0], state[0, :, there])
            forward = sign * product(passed.after[:, :, n], wave)[:, 0]
            state[ahead, :, there] = np.where(starts | beyond, forward, state[ahead, :, there])
            state[behind, :, there] = np.where(beyond, sign * slope[:, 0], state[behind, :, there])
            arrived = -(L.conj()[:, None] * bs[:, :, n]).sum(axis=0)
            arriving[column : column + 2] = np.where(starts, arrived, arriving[column : column + 2])
    return state, arriving
