"""Chains of one site between two leads at any energies: what Kwant says of them.

All blocks are multiplied by the spacing and counted from the energy: H − E with hopping −t and on-site h. The
three bands of the leads, N's for either spin and F's two, are channels of their own.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from sotcheck.engines.kwant_chain import alike
from sotcheck.engines.kwant_private import channel_modes, wave_functions
from sotcheck.engines.lattice import Bonds, assemble, exact_difference, finite_difference
from sotcheck.errors import EngineError
from sotcheck.numerics.arrays import Array, Complex
from sotcheck.system.interface import Interface, rashba
from sotcheck.system.spin import dot_sigma

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
    def of(cls, ifaces: Sequence[Interface], k_perp: Array, angle: Array, h_R: Array) -> Problems:
        """Put one problem together for each interface; sequences of length n. Its own h_R is not used."""
        k_perp, angle, h_R = (np.asarray(a, dtype=float) for a in (k_perp, angle, h_R))
        bands = np.array([[i.U_N, i.U_F + i.J, i.U_F - i.J] for i in ifaces])
        kappa_0 = np.stack([iface.kappa_0() for iface in ifaces])
        m = np.stack([iface.direction for iface in ifaces])
        return cls(k_perp, bands, m, kappa_0 + h_R[:, None, None] * rashba(k_perp, angle))

    @classmethod
    def one(cls, iface: Interface, k_perp: float, angle: float, h_R: float) -> Problems:
        """Return a single problem."""
        return cls.of([iface], *np.array([[k_perp], [angle], [h_R]]))

    def __len__(self) -> int:
        return len(self.k_perp)

    def __getitem__(self, members: Any) -> Problems:
        return Problems(self.k_perp[members], self.bands[members], self.m[members], self.kappa[members])

    def mirrored(self) -> Problems:
        """Return what H → −H makes of them: on a lattice, states above all bands become states below."""
        return Problems(self.k_perp, -self.bands, self.m, -self.kappa)

    def depth(self, p: Array) -> Array:
        """Return V − (E − k_⊥²) of the three bands where E is p² below all of them, shape (3, n)."""
        return p**2 + (self.bands.T - self.bands.min(axis=-1))

    @property
    def wave_number(self) -> Array:
        """The largest wave number that bands and interface set, k_⊥ if they set none; shape (n,)."""
        strongest = np.linalg.norm(self.kappa, ord=2, axis=(-1, -2))
        set_by = np.maximum(np.sqrt(np.ptp(self.bands, axis=-1)), strongest)
        return np.where(set_by > 0, set_by, np.maximum(self.k_perp, 1e-3))


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
    for some in alike(modes[..., -1] != 0):
        kappa = np.broadcast_to(problem.kappa, (1, len(some), 2, 2))
        chain = assemble([region[some] for region in regions], [1, 1], kappa, "finite-difference")
        leads = [(modes[some][:, s], spinors) for s in SPINS]
        (waves,) = (np.concatenate(wave_functions(chain, leads))[:, at] for at in chain.at)
        found[some] = np.einsum("wnj,wnk->njk", waves, waves.conj())
    return found


def _modes(h: Array, t: Array) -> Complex:
    """Return Kwant's `Modes` of each band, shape (..., 6)."""
    try:
        found = list(map(channel_modes, h.ravel().tolist(), t.ravel().tolist()))
    except (ValueError, RuntimeError, np.linalg.LinAlgError) as error:
        raise EngineError(
            f"Kwant could not solve a chain ({error}): an energy too close to a band edge, or not finite"
        ) from error
    return np.array(found).reshape(*h.shape, -1)
