"""Chains of one site between two leads at any energies, as data, and what Kwant says of them.

All blocks are multiplied by the spacing and counted from the energy: H − E with hopping −t and on-site h.
Independent chains stand side by side in one Kwant system, each at an energy of its own.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np

from sotcheck.engines.kwant_private import kwant
from sotcheck.engines.lattice import exact_difference
from sotcheck.errors import EngineError
from sotcheck.numerics.arrays import Array, Complex
from sotcheck.system.interface import Interface, rashba
from sotcheck.system.spin import IDENTITY, dot_sigma

#: Most chains in one Kwant system, a power of two: its dense lead blocks outweigh its overhead beyond.
CHAINS = 8
#: |q|a of the fastest decay on the exact-difference chain.
LARGEST_DECAY = 1.2


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
        kappa_0 = np.stack([iface.kappa_0() for iface in ifaces])
        return cls(
            k_perp=k_perp,
            bands=np.array([[i.U_N, i.U_F + i.J, i.U_F - i.J] for i in ifaces]),
            m=np.stack([iface.direction for iface in ifaces]),
            kappa=kappa_0 + h_R[:, None, None] * rashba(k_perp, angle),
        )

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
        """Return V − (E − k_⊥²) of the three bands where E is p² below all of them, shape (n, 3)."""
        return (p**2)[:, None] + self.bands - self.bands.min(axis=-1, keepdims=True)

    @property
    def wave_number(self) -> Array:
        """The largest wave number that bands and interface set, k_⊥ if they set none; shape (n,)."""
        strongest = np.linalg.norm(self.kappa, ord=2, axis=(-1, -2))
        set_by = np.maximum(np.sqrt(np.ptp(self.bands, axis=-1)), strongest)
        return np.where(set_by > 0, set_by, np.maximum(self.k_perp, 1e-3))


@dataclass(frozen=True)
class Blocks:
    """Blocks of n chains, each (n, 2, 2) in the laboratory spin frame; N first, then F."""

    onsite: tuple[Complex, Complex]
    hopping: tuple[Complex, Complex]
    onsite_0: Complex

    @classmethod
    def of(cls, problems: Problems, h: Array, t: Array) -> Blocks:
        """Return the blocks with these on-site terms and hoppings of the three bands, each (n, 3)."""
        onsite, hopping = _matrices(h, problems.m), _matrices(t, problems.m)
        # The interface site carries half of each neighbour's on-site term, and κ̂.
        return cls(onsite, hopping, (onsite[0] + onsite[1]) / 2 + problems.kappa)

    def bundles(self) -> Iterator[tuple[Any, int, dict[str, Any]]]:
        """Yield Kwant systems, their numbers of chains, and parameters.

        Systems have 1, 2, 4, … CHAINS chains; the last one is filled up by repetition.
        """
        names = ("onsite_0", "onsite_N", "onsite_F", "hopping_N", "hopping_F")
        params = dict(zip(names, (self.onsite_0, *self.onsite, *self.hopping), strict=True))
        n = len(self.onsite_0)
        for start in range(0, n, CHAINS):
            some = np.arange(start, min(start + CHAINS, n))
            size = 1 << (len(some) - 1).bit_length()
            some = np.resize(some, size)
            yield _system(size), size, {name: values[some] for name, values in params.items()}


def _matrices(bands: Array, m: Array) -> tuple[Complex, Complex]:
    """Return v_N 1 and v_+ u_+ + v_- u_- of values (n, 3) and directions (n, 3)."""
    v_N, v_plus, v_minus = bands.T[..., None, None]
    in_F = (v_plus + v_minus) / 2 * IDENTITY + (v_plus - v_minus) / 2 * dot_sigma(m)
    return v_N * IDENTITY, in_F


def exact_blocks(problems: Problems, p: Array) -> Blocks:
    """Return the exact-difference chains p² below all bands, each with a spacing of its own; p is (n,)."""
    depth = problems.depth(p)
    spacing = LARGEST_DECAY / np.sqrt(depth.max(axis=-1))
    parts = [exact_difference(-d, float(a))[:2] for d, a in zip(depth, spacing, strict=True)]
    h, t = (np.stack(part).real for part in zip(*parts, strict=True))
    return Blocks.of(problems, h, t)


def difference_blocks(problems: Problems, kinetic: Array, spacing: float) -> Blocks:
    """Return finite-difference chains whose bands have `kinetic` = E − k_⊥² − V, (n, 3): (H − E) a."""
    return Blocks.of(problems, 2 / spacing - kinetic * spacing, np.full(kinetic.shape, 1 / spacing))


def self_energies(blocks: Blocks) -> tuple[Complex, Complex, Complex]:
    """Return H of the interface sites and Kwant's retarded self-energies of N and F, each (n, 2, 2)."""

    def one_bundle(system: Any, size: int, params: dict[str, Any]) -> list[Complex]:
        whole = [system.hamiltonian_submatrix(params=params)]
        whole += [lead.selfenergy(0.0, params=params) for lead in system.leads]
        chain = np.arange(size)
        return [matrix.reshape(size, 2, size, 2)[chain, :, chain] for matrix in whole]

    found = _gathered(blocks, one_bundle)
    return found[0], found[1], found[2]


def density(blocks: Blocks) -> Complex:
    """Return Σψψ† on the interface site over all scattering states of unit current, (n, 2, 2).

    States of different chains in one Kwant system may be mixed, which the sum does not feel.
    """

    def one_bundle(system: Any, size: int, params: dict[str, Any]) -> list[Complex]:
        states = kwant().wave_function(system, 0.0, params=params)
        waves = np.concatenate([states(lead) for lead in (0, 1)]).reshape(-1, size, 2)
        return [np.einsum("snj,snk->njk", waves, waves.conj())]

    return _gathered(blocks, one_bundle)[0]


def _gathered(blocks: Blocks, solve: Callable[[Any, int, dict[str, Any]], list[Complex]]) -> list[Complex]:
    """Solve bundle by bundle and drop what filled the last one up."""
    try:
        parts = [solve(*bundle) for bundle in blocks.bundles()]
    except (ValueError, RuntimeError, np.linalg.LinAlgError) as error:
        raise EngineError(
            f"Kwant could not solve a chain ({error}): an energy too close to a band edge, or not finite"
        ) from error
    return [np.concatenate(part)[: len(blocks.onsite_0)] for part in zip(*parts, strict=True)]


def _onsite_0(site: Any, onsite_0: Complex) -> Complex:
    chain: int = site.tag[0]
    return onsite_0[chain]


def _onsite_N(site: Any, onsite_N: Complex) -> Complex:
    chain: int = site.tag[0]
    return onsite_N[chain]


def _onsite_F(site: Any, onsite_F: Complex) -> Complex:
    chain: int = site.tag[0]
    return onsite_F[chain]


def _hopping_N(to: Any, origin: Any, hopping_N: Complex) -> Complex:
    chain: int = to.tag[0]
    return -hopping_N[chain]


def _hopping_F(to: Any, origin: Any, hopping_F: Complex) -> Complex:
    chain: int = to.tag[0]
    return -hopping_F[chain]


@cache
def _system(size: int) -> Any:
    """Return a finalised bundle: sites (n, 0) between a lead of N towards −∞ and one of F towards +∞."""
    lattice = kwant().lattice.square(norbs=2)
    bundle = kwant().Builder()
    for n in range(size):
        bundle[lattice(n, 0)] = _onsite_0
    for outwards, onsite, hopping in ((-1, _onsite_N, _hopping_N), (1, _onsite_F, _hopping_F)):
        lead = kwant().Builder(kwant().TranslationalSymmetry((0, outwards)))
        for n in range(size):
            lead[lattice(n, 0)] = onsite
            lead[lattice(n, 0), lattice(n, outwards)] = hopping
        bundle.attach_lead(lead)
    system = bundle.finalized()
    order = [system.sites[i].tag[0] for i in range(size)]
    if order != list(range(size)) or any(list(i) != order for i in system.lead_interfaces):
        raise EngineError(f"Kwant orders the chains of a bundle as {order}; expected 0, 1, 2, …")
    return system
