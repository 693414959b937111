"""Chains of one site between Kwant's leads: bound states as eigenvalues of H + Σ(E) − E on that site.

Outside the bands the self-energies Σ(E) are Hermitian, and H + Σ(E) − E is the Schur complement of the leads
in H_∞ − E. On a finite-difference lattice, where H_∞ is a genuine Hamiltonian, inertia is additive
(Haynsworth 1968): below all bands the leads contribute no negative eigenvalue, so those of H + Σ(E) − E count
the states below E; those above all bands are states below the bands of −H. The exact-difference chain is the
continuum problem sampled on its sites, at every energy.

All blocks are multiplied by the spacing and counted from the energy: H − E with hopping −t and on-site h. The
three bands of the leads, N's for either spin and F's two, are channels of their own.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np

from sotcheck.bound.states import norm
from sotcheck.engines.kwant_chain import alike
from sotcheck.engines.kwant_private import lead_modes, wave_functions
from sotcheck.engines.lattice import Bonds, assemble, exact_difference, finite_difference
from sotcheck.errors import EngineError
from sotcheck.numerics.arrays import Array, Complex
from sotcheck.system.interface import Interface, rashba
from sotcheck.system.spin import dot_sigma, in_spin_bands

Side = Literal["below", "above"]

#: p = √|E − band edge| at which states are counted, in units of the problem's wave number: the next one is
#: tried where the one before leaves the count open.
NEAREST = (1e-4, 1e-5, 1e-6)
#: |q|a of the fastest decay on the exact-difference chain.
LARGEST_DECAY = 1.2
#: Largest imaginary part of Σ outside the bands, relative to h, that is taken for rounding.
LEAK = 1e-6
#: Among the three bands, those of both spins in N, and in F.
SPINS = [0, 0], [1, 2]


@dataclass(frozen=True)
class Problems:
    """Interfaces with a k_⊥, an angle and an h_R each.

    `k_perp` (n,); `bands` (n, 3): U_N, U_F + J, U_F − J; `m` (n, 3); `kappa` (n, 2, 2): κ̂ with the Rashba
    term.
    """

    k_perp: Array
    bands: Array
    m: Array
    kappa: Complex

    @classmethod
    def of(cls, ifaces: Sequence[Interface], *where: Array | float) -> Problems:
        """Put one together for each interface at its k_⊥, angle and h_R; the interface's own is not used."""
        k_perp, angle, h_R = (np.atleast_1d(np.asarray(a, dtype=float)) for a in where)
        bands = np.array([[i.U_N, i.U_F + i.J, i.U_F - i.J] for i in ifaces])
        kappa_0, m = (np.stack(a) for a in zip(*((i.kappa_0(), i.direction) for i in ifaces), strict=True))
        return cls(k_perp, bands, m, kappa_0 + h_R[:, None, None] * rashba(k_perp, angle))

    def __len__(self) -> int:
        return len(self.k_perp)

    def __getitem__(self, members: Any) -> Problems:
        return Problems(self.k_perp[members], self.bands[members], self.m[members], self.kappa[members])

    @property
    def wave_number(self) -> Array:
        """The largest wave number that bands and interface set, k_⊥ if they set none; shape (n,)."""
        strongest = np.linalg.norm(self.kappa, ord=2, axis=(-1, -2))
        set_by = np.maximum(np.sqrt(np.ptp(self.bands, axis=-1)), strongest)
        return np.where(set_by > 0, set_by, np.maximum(self.k_perp, 1e-3))

    def outwards(self, p: Array, spacing: float | None) -> tuple[Complex, Array]:
        """Return H + Σ − E p² below all bands, which grows with p, (n, 2, 2), and ψ_1/ψ_0 of each (3, n)."""
        depth = p**2 + (self.bands.T - self.bands.min(axis=-1))
        stiffness, steps = closed_leads(depth, spacing)
        return in_spin_bands((stiffness[0] + stiffness[1:]).T + 0j, self.m) + self.kappa, steps


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
        # States of H above all bands are states of −H below.
        mirrored = replace(problems, bands=-problems.bands, kappa=-problems.kappa)
        found = bound_states(mirrored, spacing)
        middle = problems.k_perp**2 + 2 / spacing**2
        return replace(found, energy=2 * middle[:, None] - found.energy)
    n = len(problems)
    count, undecided = np.zeros(n, dtype=int), np.zeros(n, dtype=int)
    nearest, open_ones = np.zeros(n), np.arange(n)
    for fraction in NEAREST:
        some = problems[open_ones]
        nearest[open_ones] = p = fraction * some.wave_number
        values = np.linalg.eigvalsh(some.outwards(p, spacing)[0])
        count[open_ones] = np.count_nonzero(values < 0, axis=-1)
        # Every decay constant falls by less than p on the way to the edge, and eigenvalues by less than 2p;
        # on the lattice, whose decay constants are q √(1 + (qa)²/4), by less than (1 + (qa)²/2) times that.
        stretch = 1 + (np.ptp(some.bands, axis=-1) + p**2) * (spacing or 0.0) ** 2 / 2
        below = np.count_nonzero(values < (2 * p * stretch)[:, None], axis=-1)
        undecided[open_ones] = below - count[open_ones]
        open_ones = open_ones[undecided[open_ones] > 0]
        if not open_ones.size:
            break

    p, weight = np.full((n, 2), np.nan), np.zeros((n, 2, 2, 2), dtype=complex)
    row, state = np.nonzero(np.arange(2) < count[:, None])
    if row.size:
        p[row, state], weight[row, state] = _states(problems[row], state, nearest[row], spacing)
    lowest = problems.k_perp**2 + problems.bands.min(axis=-1)
    return LatticeStates(count, undecided, lowest[:, None] - p**2, p, weight)


def _states(problems: Problems, state: Any, nearest: Array, spacing: float | None) -> tuple[Array, Complex]:
    """Return p and ψ_0ψ_0† of one state (0, 1) of each problem; its eigenvalue at `nearest` is negative."""
    from scipy.optimize.elementwise import bracket_root, find_root

    def eigenvalue(p: Array, member: Array) -> Array:
        i = member.astype(int)
        values = np.linalg.eigvalsh(problems[i].outwards(p, spacing)[0])
        return values[np.arange(len(i)), state[i]]

    member = np.arange(len(state), dtype=float)
    least = nearest * (1 - 1e-9)
    bracket = bracket_root(eigenvalue, nearest, problems.wave_number, xmin=least, args=(member,))
    found = find_root(eigenvalue, bracket.bracket, args=(member,))
    if not (np.all(bracket.success) and np.all(found.success)):
        raise EngineError(
            "an eigenvalue of H + Σ − E that is negative near the band edge has no zero beyond it"
        )
    matrix, steps = problems.outwards(found.x, spacing)
    psi = np.linalg.eigh(matrix)[1][np.arange(len(state)), :, state]
    density: Complex = psi[:, :, None] * psi[:, None, :].conj()
    along = np.einsum("nij,nji->n", dot_sigma(problems.m), density).real
    # Beside z = 0 Σ F^{2n} = 1/(F^{−2} − 1) a band.
    whole = 1 + norm((steps**-2.0 - 1) / 2, along)
    return found.x, density / whole[:, None, None]


def closed_leads(depth: Array, spacing: float | None) -> tuple[Array, Array]:
    """Return the stiffness h/2 + Σ, with Kwant's Σ, and ψ_1/ψ_0 of half-infinite chains; each (3, ...).

    `depth`: V + k_⊥² − E; `spacing`: of finite differences, without it chains are exact-difference ones, with
    one spacing for all three bands. An EngineError says that an energy is too close to a band edge.
    """
    if spacing is None:
        a = LARGEST_DECAY / np.sqrt(depth.max(axis=0))
        h, t = (part.real / a for part in exact_difference(-depth * a**2, 1.0)[:2])
    else:
        h, t = (part.real for part in finite_difference(-depth, spacing)[:2])
    *_, outgoing, outgoing_next, root, _ = np.moveaxis(_modes(h, t), -1, 0)
    sigma = np.abs(root) ** 2 * outgoing / outgoing_next
    if (leak := np.abs(sigma.imag / h).max()) > LEAK:
        raise EngineError(
            f"Kwant's self-energy is not Hermitian outside the bands ({leak:.1e} of it; accepted {LEAK:g}): "
            f"p = {np.sqrt(depth.min()):.3g} is too close to a band edge"
        )
    # −tψ_1 = Σψ_0.
    return h / 2 + sigma.real, -sigma.real / t


def density(problem: Problems, kinetic: Array, spacing: float) -> Complex:
    """Return Σψψ† on the interface site over all scattering states of unit current, (n, 2, 2).

    `kinetic`: E − k_⊥² − V of a single problem's bands, (n, 3), on a finite-difference lattice.
    """
    # Bands end at (qa)² = 4: some of these energies lie above one of them.
    h, t = 2 / spacing - kinetic * spacing, np.full(kinetic.shape, 1 / spacing)
    q = np.sqrt(kinetic * (1 - kinetic * spacing**2 / 4) + 0j)
    m, bands, modes = problem.m[0], np.stack([h, t]), _modes(h, t)
    regions = [Bonds.of(bands[..., s], q[:, s], m) for s in SPINS]
    spinors = np.linalg.eigh(dot_sigma(m))[1][:, ::-1]
    found: Complex = np.empty((len(kinetic), 2, 2), dtype=complex)
    for some in alike(np.zeros((len(kinetic), 1))):
        kappa = np.broadcast_to(problem.kappa, (1, len(some), 2, 2))
        chain = assemble([region[some] for region in regions], [1, 1], kappa, "finite-difference")
        leads = [(modes[some][:, s], spinors) for s in SPINS]
        (waves,) = (np.concatenate(wave_functions(chain, leads))[:, at] for at in chain.at)
        found[some] = np.einsum("wnj,wnk->njk", waves, waves.conj())
    return found


def _modes(h: Array, t: Array) -> Complex:
    """Return Kwant's `Modes` of each band, shape (..., 6)."""
    return lead_modes(h.ravel(), t.ravel(), lambda _: "a chain").reshape(*h.shape, -1)
