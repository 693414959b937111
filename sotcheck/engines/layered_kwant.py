"""Layered structures as chains solved by Kwant: every layer has cells, and a spacing, of its own.

A chain's site holds half a cell's on-site term of each neighbouring bond, so that an interface site between
layers carries the mean of theirs, and z = 0 also κ̂. Blocks are those of the exact-difference scheme.
"""

from __future__ import annotations

from copy import copy
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import Any

import numpy as np

from sotcheck.engines.kwant_chain import BUNDLE
from sotcheck.engines.kwant_modes import _kwant
from sotcheck.engines.lattice import exact_difference
from sotcheck.engines.layered import Layer, Solutions, Structure
from sotcheck.errors import EngineError
from sotcheck.numerics.arrays import Array, Complex

#: Largest |q|a within a layer.
LARGEST_PHASE = 1.2


@dataclass(frozen=True)
class Arm:
    """The chain from z = 0 outwards: on-site and hopping block of every bond, a lead's last.

    `ends` are the bonds after which a finite layer ends.
    """

    onsite: tuple[Complex, ...]
    hopping: tuple[Complex, ...]
    ends: tuple[int, ...]


@lru_cache(maxsize=4096)
def arm(layers: tuple[Layer, ...], energy: float, k_perp: float) -> Arm:
    """Return the bonds of one side."""
    onsite: list[Complex] = []
    hopping: list[Complex] = []
    ends = []
    for layer in layers:
        q2 = layer.wave_numbers_squared(energy, np.array(k_perp))
        largest = float(np.sqrt(np.abs(q2).max()))
        finite = np.isfinite(layer.thickness)
        cells = int(np.ceil(layer.thickness * largest / LARGEST_PHASE)) + 1 if finite else 1
        h, t, _ = exact_difference(q2, layer.thickness / cells if finite else LARGEST_PHASE / largest)
        onsite += [layer.matrix(h)] * cells
        hopping += [layer.matrix(t)] * cells
        if finite:
            ends.append(len(onsite))
    return Arm(tuple(onsite), tuple(hopping), tuple(ends))


def _site(site: Any, onsite: dict[int, Complex]) -> Complex:
    return onsite[site.tag[1]]


def _site_0(site: Any, onsite_0: Complex) -> Complex:
    chain: int = site.tag[0]
    return onsite_0[chain]


def _bond(to: Any, origin: Any, hopping: dict[int, Complex]) -> Complex:
    # Bonds left of z = 0 are counted −1, −2, …, those right of it 0, 1, …
    return -hopping[min(to.tag[1], origin.tag[1])]


def _lead_site(site: Any, blocks: tuple[Complex, Complex]) -> Complex:
    return blocks[0]


def _lead_bond(to: Any, origin: Any, blocks: tuple[Complex, Complex]) -> Complex:
    return -blocks[1]


def _lead(outwards: int, end: int = 0, chains: int = 1) -> Any:
    """Return an unfinalised lead that continues the chains from site `end` outwards (∓1)."""
    kwant = _kwant()
    lattice = kwant.lattice.square(norbs=2)
    lead = kwant.Builder(kwant.TranslationalSymmetry((0, outwards)))
    for n in range(chains):
        lead[lattice(n, end)] = _lead_site
        lead[lattice(n, end), lattice(n, end + outwards)] = _lead_bond
    return lead


@cache
def _single_lead(outwards: int) -> Any:
    return _lead(outwards).finalized()


@cache
def _system(left: int, right: int, chains: int) -> tuple[Any, Any]:
    """Return a finalised bundle of chains −left … right, and its orbitals by site, chain and spin."""
    kwant = _kwant()
    lattice = kwant.lattice.square(norbs=2)
    region = kwant.Builder()
    for n in range(chains):
        for z in range(-left, right + 1):
            region[lattice(n, z)] = _site if z else _site_0
        for z in range(-left, right):
            region[lattice(n, z), lattice(n, z + 1)] = _bond
    region.attach_lead(_lead(-1, -left, chains))
    region.attach_lead(_lead(1, right, chains))
    system = region.finalized()
    orbitals = {
        z: 2 * np.array([system.id_by_site[lattice(n, z)] for n in range(chains)])[:, None] + np.arange(2)
        for z in range(-left, right + 1)
    }
    return system, orbitals


def _repeated(modes: tuple[Any, Any], chains: int) -> Any:
    """Return one chain's lead modes in every chain; an incoming mode comes in all of them at once."""
    kwant = _kwant()
    propagating, stabilized = modes
    n = stabilized.nmodes
    every = np.eye(chains)

    def columns(vectors: Complex) -> Complex:
        leaving = [np.kron(every, group) for group in np.split(vectors[:, n:], [n], axis=1)]
        return np.hstack([np.tile(vectors[:, :n], (chains, 1)), *leaving])

    bundled = kwant.physics.StabilizedModes(
        columns(stabilized.vecs), columns(stabilized.vecslmbdainv), n, np.kron(every, stabilized.sqrt_hop)
    )
    return kwant.system.PrecalculatedLead(modes=(propagating, bundled))


class LayeredKwant:
    """Kwant's scattering states of the chain."""

    name = "kwant"

    def solve(self, structure: Structure, k_perp: Array, kappa: Complex, incident: str) -> Solutions:
        """Solve for waves from "left" or "right", as `LayeredEngine` says.

        Raises
        ------
        EngineError
            If not both channels of the lead on that side are open.
        """
        shape = np.broadcast_shapes(np.shape(k_perp), kappa.shape[:-2])
        k = np.broadcast_to(k_perp, shape).ravel()
        kappas = np.broadcast_to(kappa, (*shape, 2, 2)).reshape(-1, 2, 2)
        behind = structure.right if incident == "left" else structure.left
        found = np.empty((3 + len(behind) - 1, len(k), 2, 2), dtype=complex)
        for value in np.unique(k):
            members = np.flatnonzero(k == value)
            for some in np.split(members, range(BUNDLE, len(members), BUNDLE)):
                # Bundles of 1, 2, 4, …: the last one is filled up with repetitions.
                size = 1 << (len(some) - 1).bit_length()
                solved = _solve(structure, float(value), kappas[np.resize(some, size)], incident)
                found[:, some] = solved[:, : len(some)]
        found = found.reshape(-1, *shape, 2, 2)
        return Solutions(found[0], found[1], found[2], found[3:])

    def stiffness(self, layers: tuple[Layer, ...], energy: float, k_perp: Array) -> Complex:
        """Return −(∂ψ outwards) ψ⁻¹ at z = 0 of a half-infinite layer, from Kwant's self-energy.

        Raises
        ------
        EngineError
            For more than one layer.
        """
        if len(layers) != 1:
            raise EngineError("Kwant's self-energy is used for one half-infinite layer only")
        found = []
        for value in np.ravel(k_perp):
            chain = arm(layers, energy, float(value))
            blocks = (chain.onsite[0], chain.hopping[0])
            found.append(blocks[0] / 2 + _single_lead(1).selfenergy(0.0, params={"blocks": blocks}))
        return np.stack(found).reshape(*np.shape(k_perp), 2, 2)


def _solve(structure: Structure, k_perp: float, kappas: Complex, incident: str) -> Complex:
    """Solve chains that differ in κ̂ only; return ψ, slopes and far ends, shape (3 + ends, n, 2, 2)."""
    kwant = _kwant()
    left, right = (arm(side, structure.energy, k_perp) for side in (structure.left, structure.right))
    onsite = {}
    for sign, side in ((-1, left), (1, right)):
        # The outermost site belongs to the lead: a whole cell of it.
        for n, (inner, outer) in enumerate(
            zip(side.onsite, (*side.onsite[1:], side.onsite[-1]), strict=True), 1
        ):
            onsite[sign * n] = (inner + outer) / 2
    params = {
        "onsite": onsite,
        "onsite_0": (left.onsite[0] + right.onsite[0]) / 2 + kappas,
        "hopping": dict(enumerate(right.hopping)) | {-1 - n: t for n, t in enumerate(left.hopping)},
    }
    bundle, orbitals = _system(len(left.onsite), len(right.onsite), len(kappas))
    bundle = copy(bundle)
    leads = [
        _single_lead(outwards).modes(0.0, params={"blocks": (side.onsite[-1], side.hopping[-1])})
        for outwards, side in ((-1, left), (1, right))
    ]
    bundle.leads = [_repeated(modes, len(kappas)) for modes in leads]
    number = 0 if incident == "left" else 1
    if leads[number][1].nmodes != 2:
        raise EngineError(f"{leads[number][1].nmodes} of two channels are open in the {incident} lead")

    # Coefficients in h_R are read off complex h_R, where κ̂ is not Hermitian.
    waves = kwant.wave_function(bundle, 0.0, check_hermiticity=False, params=params)(number)

    def psi(z: int) -> Complex:
        return np.moveaxis(waves[:, orbitals[z]], 0, -1)

    slope_minus = left.onsite[0] / 2 @ psi(0) - left.hopping[0] @ psi(-1)
    slope_plus = right.hopping[0] @ psi(1) - right.onsite[0] / 2 @ psi(0)
    ends = right.ends if incident == "left" else [-n for n in left.ends]
    return np.stack([psi(0), slope_minus, slope_plus, *(psi(n) for n in ends)])
