"""Bound states of the chain with Kwant's leads: eigenvalues of H + Σ(E) − E on the interface site.

Outside the bands the self-energies Σ(E) are Hermitian, and H + Σ(E) − E is the Schur complement of the leads
in H_∞ − E. On a finite-difference lattice, where H_∞ is a genuine Hamiltonian, inertia is additive
(Haynsworth 1968): below all bands the leads contribute no negative eigenvalue, so those of H + Σ(E) − E count
the states below E; those above all bands are states below the bands of −H. The exact-difference chain is the
continuum problem sampled on its sites, at every energy.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from sotcheck.bound.kwant_chains import Problems, closed_leads
from sotcheck.bound.matching import norm
from sotcheck.errors import EngineError
from sotcheck.numerics.arrays import Array, Complex
from sotcheck.system.spin import dot_sigma, in_spin_bands

Side = Literal["below", "above"]
Indices = NDArray[np.integer[Any]]

#: p = √|E − band edge| at which states are counted, in units of the problem's wave number: the next one is
#: tried where the one before leaves the count open.
NEAREST = (1e-4, 1e-5, 1e-6)


@dataclass(frozen=True)
class LatticeStates:
    """States on one side of all bands.

    `count` (n,); `undecided` (n,): how many more there may be, closer to the band edge than NEAREST; `energy`
    and `p` (n, 2): total energy and √|E − band edge|, the farthest from the bands first, NaN where absent;
    `weight` (n, 2, 2, 2): ψψ† on the interface site, by state (first of the 2s), normalised to Σ|ψ|² = 1 over
    all sites, zero where absent.
    """

    count: Array
    undecided: Array
    energy: Array
    p: Array
    weight: Complex


def bound_states(problems: Problems, spacing: float | None = None, side: Side = "below") -> LatticeStates:
    """Count the states on one side of all bands and find their energies.

    `spacing`: of a finite-difference lattice; without it the exact-difference chain, with spacings of its
    own, which has no upper edge: there "above" the bands is an EngineError.
    """
    if side == "above":
        if spacing is None:
            raise EngineError("side = 'above' needs a finite-difference lattice; give a spacing > 0")
        found = bound_states(problems.mirrored(), spacing)
        middle = problems.k_perp**2 + 2 / spacing**2
        return replace(found, energy=2 * middle[:, None] - found.energy)
    n = len(problems)
    count, undecided = np.zeros(n, dtype=int), np.zeros(n, dtype=int)
    nearest, open_ones = np.zeros(n), np.arange(n)
    for fraction in NEAREST:
        some = problems[open_ones]
        p = fraction * some.wave_number
        values = np.linalg.eigvalsh(_outwards(some, p, spacing)[0])
        count[open_ones] = np.count_nonzero(values < 0, axis=-1)
        # Every decay constant falls by less than p on the way to the edge, and eigenvalues by less than 2p;
        # on the lattice, whose decay constants are q √(1 + (qa)²/4), by less than (1 + (qa)²/2) times that.
        stretch = 1 + (np.ptp(some.bands, axis=-1) + p**2) * (spacing or 0.0) ** 2 / 2
        below = np.count_nonzero(values < (2 * p * stretch)[:, None], axis=-1)
        undecided[open_ones] = below - count[open_ones]
        nearest[open_ones] = p
        open_ones = open_ones[undecided[open_ones] > 0]
        if not open_ones.size:
            break

    p = np.full((n, 2), np.nan)
    weight = np.zeros((n, 2, 2, 2), dtype=complex)
    row, state = np.nonzero(np.arange(2) < count[:, None])
    if row.size:
        p[row, state] = _roots(problems[row], state, nearest[row], spacing)
        weight[row, state] = _weights(problems[row], state, p[row, state], spacing)
    lowest = problems.k_perp**2 + problems.bands.min(axis=-1)
    return LatticeStates(count, undecided, lowest[:, None] - p**2, p, weight)


def _outwards(problems: Problems, p: Array, spacing: float | None) -> tuple[Complex, Array]:
    """Return H + Σ − E, which grows away from the bands, (n, 2, 2), and ψ_1/ψ_0 of each band (3, n)."""
    stiffness, steps = closed_leads(problems.depth(p), spacing)
    leads = in_spin_bands((stiffness[0] + stiffness[1:]).T + 0j, problems.m)
    return leads + problems.kappa, steps


def _roots(problems: Problems, state: Indices, nearest: Array, spacing: float | None) -> Array:
    """Return p of one state (0, 1) of each problem, all (n,); its eigenvalue at `nearest` is negative."""
    from scipy.optimize.elementwise import bracket_root, find_root

    def eigenvalue(p: Array, member: Array) -> Array:
        i = member.astype(int)
        values = np.linalg.eigvalsh(_outwards(problems[i], p, spacing)[0])
        return values[np.arange(len(i)), state[i]]

    member = np.arange(len(state), dtype=float)
    bracket = bracket_root(
        eigenvalue, nearest, problems.wave_number, xmin=nearest * (1 - 1e-9), args=(member,)
    )
    found = find_root(eigenvalue, bracket.bracket, args=(member,))
    if not (np.all(bracket.success) and np.all(found.success)):
        raise EngineError(
            "an eigenvalue of H + Σ − E that is negative near the band edge has no zero beyond it"
        )
    return found.x


def _weights(problems: Problems, state: Indices, p: Array, spacing: float | None) -> Complex:
    """Return ψ_0ψ_0† with Σ_n|ψ_n|² = 1, (n, 2, 2): beside it Σ F^{2n} = 1/(F^{−2} − 1) a band."""
    matrix, steps = _outwards(problems, p, spacing)
    psi = np.linalg.eigh(matrix)[1][np.arange(len(p)), :, state]
    density: Complex = psi[:, :, None] * psi[:, None, :].conj()
    along = np.einsum("nij,nji->n", dot_sigma(problems.m), density).real
    whole = 1 + norm((steps**-2.0 - 1) / 2, along)
    return density / whole[:, None, None]
