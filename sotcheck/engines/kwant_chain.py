"""The chain solved by Kwant: the only module that imports it.

Chains that share k_⊥ share their leads, whatever their angle and h_R, so one finalised Kwant system holds
a bundle of independent chains, and Kwant computes the modes of one lead for the whole bundle.
"""

from __future__ import annotations

import warnings
from copy import copy
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from sotcheck.engines.conditioning import worst_condition
from sotcheck.engines.lattice import Chain, Scheme, chain, default_spacing
from sotcheck.errors import EngineError
from sotcheck.model import SOURCES, Interface, rashba
from sotcheck.scattering import Scattering
from sotcheck.spin import PAULI, Array, Complex, dot_sigma, spin_torque

if TYPE_CHECKING:
    from types import ModuleType

#: Below this (k_z a)² Kwant's modes lose their digits, or their number.
SMALLEST_PHASE2 = 1e-14
#: Most chains in one Kwant system: Kwant's dense lead blocks outweigh its overhead beyond.
BUNDLE = 32


@cache
def _kwant() -> ModuleType:
    """Import Kwant late (it takes a second), without its remark that MUMPS is missing.

    Raises
    ------
    EngineError
        If Kwant is missing or was built for another NumPy.
    """
    try:
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", "MUMPS is not available", RuntimeWarning)
            import kwant
            import kwant.solvers.default
    except ImportError as error:
        raise EngineError(
            f"Kwant cannot be imported ({error}); install it as the README's section 'Install' says, "
            "or choose another engine with --engine continuum"
        ) from error
    except ValueError as error:
        if "numpy.dtype size changed" not in str(error):
            raise
        raise EngineError(
            f"Kwant was built for another NumPy ({error}); rebuild it against the one installed: "
            "'uv sync --reinstall-package kwant --no-cache', or with plain pip "
            "'pip install --force-reinstall --no-deps --no-build-isolation --no-cache-dir "
            "-C--global-option=--cython kwant==1.5.0'"
        ) from error
    return kwant


def _onsite_N(site: Any, onsite_N: Complex) -> Complex:
    return onsite_N


def _onsite_F(site: Any, onsite_F: Complex) -> Complex:
    return onsite_F


def _onsite_0(site: Any, onsite_0: Complex) -> Complex:
    chain_number: int = site.tag[0]
    return onsite_0[chain_number]


def _hopping_N(to: Any, origin: Any, hopping_N: Complex) -> Complex:
    return -hopping_N


def _hopping_F(to: Any, origin: Any, hopping_F: Complex) -> Complex:
    return -hopping_F


_BULKS = {-1: (_onsite_N, _hopping_N), 1: (_onsite_F, _hopping_F)}


def _lead(z: int, chains: int, **conserved: Any) -> Any:
    """Return an unfinalised lead towards z = −∞ (z = −1) or +∞ (z = 1)."""
    kwant = _kwant()
    lattice = kwant.lattice.square(norbs=2)
    builder = kwant.Builder(kwant.TranslationalSymmetry((0, z)), **conserved)
    onsite, hopping = _BULKS[z]
    for n in range(chains):
        builder[lattice(n, z)] = onsite
        builder[lattice(n, z), lattice(n, 2 * z)] = hopping
    return builder


@dataclass(frozen=True)
class Modes:
    """One chain's lead: Kwant's mode objects, and the incident spinors carried on to z = 0.

    `incident` has shape (2, modes), each column of unit Kwant current.
    """

    propagating: Any
    stabilized: Any
    incident: Complex


@cache
def _single_leads() -> list[Any]:
    # In F, spin along m is declared conserved, so that J = 0 has majority and minority modes as well.
    law = {"conservation_law": lambda site, sigma_m: sigma_m}
    return [_lead(-1, 1).finalized(), _lead(1, 1, **law).finalized()]


@lru_cache(maxsize=4096)
def lead_modes(iface: Interface, k_perp: float, spacing: float, scheme: Scheme) -> tuple[Chain, list[Modes]]:
    """Let Kwant solve both leads at one k_⊥, and check the number of open channels.

    They depend on neither angle nor h_R nor barrier; the cache serves repeated requests.

    Raises
    ------
    EngineError
        If Kwant fails, or finds another number of propagating modes than the band edges say.
    LatticeError
        If the spacing does not suit the wave numbers.
    """
    blocks = chain(iface, k_perp, spacing, scheme)
    params = _parameters(blocks, None) | {"sigma_m": dot_sigma(iface.direction)}
    both = []
    for name, lead, k in zip("NF", _single_leads(), (np.repeat(blocks.kz, 2), blocks.Kz), strict=True):
        where = f"{name} lead at k_perp = {k_perp:g}, k_z^2 = {np.array2string((k**2).real, precision=3)}"
        try:
            propagating, stabilized = lead.modes(0.0, params=params)
        except (ValueError, np.linalg.LinAlgError) as error:
            raise EngineError(
                f"Kwant could not find the modes of the {where} ({error}): "
                "too close to a band edge, or not finite"
            ) from error
        found, expected = stabilized.nmodes, int(np.count_nonzero(k.real > 0))
        if np.any(np.abs(k * spacing) ** 2 < SMALLEST_PHASE2):
            raise EngineError(f"the {where} is too close to a band edge for Kwant's modes")
        if found != expected:
            raise EngineError(
                f"Kwant found {found} propagating modes in the {where}, where {expected} are open: "
                "too close to a band edge"
            )
        # Kwant gives a mode on the first site before the lead, here ±a, its momentum counted away from 0.
        carried = np.exp(-1j * propagating.momenta[:found])
        both.append(Modes(propagating, stabilized, propagating.wave_functions[:, :found] * carried))
    return blocks, both


class Bundle:
    """`size` chains of three sites (−a, 0, a), finalised once, and the current operators around z = 0."""

    def __init__(self, size: int) -> None:
        kwant = _kwant()
        lattice = kwant.lattice.square(norbs=2)
        self.size = size
        region = kwant.Builder()
        for n in range(size):
            region[lattice(n, 0)] = _onsite_0
            for z, (onsite, hopping) in _BULKS.items():
                region[lattice(n, z)] = onsite
                region[lattice(n, 0), lattice(n, z)] = hopping
        for z in _BULKS:
            region.attach_lead(_lead(z, size))
        self.system = region.finalized()
        interface = [self.system.id_by_site[lattice(n, 0)] for n in range(size)]
        self.orbitals = 2 * np.array(interface)[:, None] + np.arange(2)
        # Kwant's operator acts at the first site of a bond, here z = 0, and counts flow towards it.
        self.currents = [
            [
                kwant.operator.Current(
                    self.system, sigma, where=[(lattice(n, 0), lattice(n, z)) for n in range(size)]
                )
                for sigma in PAULI
            ]
            for z in _BULKS
        ]

    def repeated(self, modes: Modes) -> Any:
        """Return a lead for the whole bundle: the modes of one chain in every chain.

        Outgoing and evanescent modes are each chain's own. An incoming mode comes in all chains at once:
        they do not touch, so one wave function solves, and one operator measures, all of them.
        """
        kwant = _kwant()
        stab, n = modes.stabilized, modes.stabilized.nmodes

        def columns(vectors: Complex) -> Complex:
            outgoing = [np.kron(np.eye(self.size), group) for group in np.split(vectors[:, n:], [n], axis=1)]
            return np.hstack([np.tile(vectors[:, :n], (self.size, 1)), *outgoing])

        return kwant.system.PrecalculatedLead(
            modes=(
                modes.propagating,
                kwant.physics.StabilizedModes(
                    columns(stab.vecs),
                    columns(stab.vecslmbdainv),
                    n,
                    np.kron(np.eye(self.size), stab.sqrt_hop),
                ),
            )
        )

    def solve(self, blocks: Chain, leads: list[Modes], kappa: Complex, m: Array) -> tuple[Complex, Array]:
        """Solve chains that differ in κ̂ only.

        Parameters
        ----------
        blocks : Chain
        leads : list of Modes
            Of N and F.
        kappa : array (size, 2, 2)
        m : array (3,)

        Returns
        -------
        psi : array (2, size, 2, 2)
            ψ(0) per unit flux incident from N and from F, as in `Scattering`.
        flow : array (2, size, 3, 3)
            Σ_in Im[ψ†σ∂_zψ] at z = −0 and z = +0, by source and spin component.
        """
        kwant = _kwant()
        params = _parameters(blocks, blocks.onsite_interface + kappa)
        bundle = copy(self.system)
        bundle.leads = [self.repeated(lead) for lead in leads]
        try:
            states = kwant.wave_function(bundle, 0.0, params=params)
        except RuntimeError as error:
            raise EngineError(f"Kwant could not solve the chain ({error}): is h_R finite?") from error
        currents = [[sigma.bind(params=params) for sigma in bond] for bond in self.currents]

        half_cells = ((blocks.onsite_N / 2, 1), (blocks.onsite_F / 2, -1))

        psi = np.zeros((2, self.size, 2, 2), dtype=complex)
        flow = np.zeros((2, self.size, len(SOURCES), 3))
        for side, lead in enumerate(leads):
            if lead.incident.size == 0:
                continue
            spinors = lead.incident / np.linalg.norm(lead.incident, axis=0)
            for wave, spinor in zip(states(side), spinors.T, strict=True):
                # Kwant's unit current 2 Im[ψ†tψ'] = 1 is our unit of flux for ψ/√2.
                at_zero = np.sqrt(2) * wave[self.orbitals]
                psi[side] += at_zero[:, :, None] * spinor.conj()
                density = at_zero[:, :, None] * at_zero[:, None, :].conj()
                source = 0 if side == 0 else _band(spinor, m)
                for bond, (half_cell, sign) in enumerate(half_cells):
                    # Spin balance of the half cell between the bond and z = ±0: exact, not to O(a).
                    flow[bond, :, source] += sign * spin_torque(half_cell, density)
                    for axis, current in enumerate(currents[bond]):
                        flow[bond, :, source, axis] += sign * current(wave)
        return psi, flow


def _band(spinor: Complex, m: Array) -> int:
    """Return the source index of a mode of F: majority (σ·m = −1) or minority."""
    polarization = np.vdot(spinor, dot_sigma(m) @ spinor).real
    return SOURCES.index("minority" if polarization > 0 else "majority")


def _parameters(blocks: Chain, onsite_0: Complex | None) -> dict[str, Any]:
    return {
        "onsite_N": blocks.onsite_N,
        "onsite_F": blocks.onsite_F,
        "onsite_0": onsite_0,
        "hopping_N": blocks.hopping_N,
        "hopping_F": blocks.hopping_F,
    }


@cache
def _bundle(size: int) -> Bundle:
    return Bundle(size)


@dataclass(frozen=True)
class KwantChain:
    """The `kwant` engine.

    Attributes
    ----------
    scheme : str
        "exact-difference", "finite-difference" (second order), or its negative control "one-sided".
    spacing : float, optional
        Lattice spacing a; by default one that suits the interface.
    """

    scheme: Scheme = "exact-difference"
    spacing: float | None = None
    name: ClassVar[str] = "kwant"

    def spacing_for(self, iface: Interface) -> float:
        """Return the spacing in use, unit: 1/wave vector."""
        return self.spacing if self.spacing is not None else default_spacing(iface, self.scheme)

    def scatter(self, iface: Interface, k_perp: Array, angle: Array, h_R: Array) -> Scattering:
        """Solve at every broadcast combination of k_⊥, in-plane angle and h_R.

        Parameters
        ----------
        iface : Interface
            Its own h_R is not used.
        k_perp, angle, h_R : arrays that broadcast
            In-plane wave number, angle of k from the x axis, Rashba parameter. Problems of equal k_⊥
            share the leads' modes, so order requests by k_⊥.

        Returns
        -------
        Scattering
            With the broadcast shape in front; wave numbers are the lattice's effective ones.

        Raises
        ------
        EngineError, LatticeError
            If Kwant cannot solve a problem, or the spacing does not suit it.
        """
        k_perp, angle, h_R = np.broadcast_arrays(*np.atleast_1d(k_perp, angle, h_R))
        shape = k_perp.shape
        m = iface.direction
        a = self.spacing_for(iface)
        kappa = (iface.kappa_0() + h_R[..., None, None] * rashba(k_perp, angle)).reshape(-1, 2, 2)

        values, inverse = np.unique(k_perp.ravel(), return_inverse=True)
        bulks = iface.with_(name="bulks", title="", reference="", u_0=0.0, u_m=0.0, h_R=0.0)
        solved = [lead_modes(bulks, float(value), a, self.scheme) for value in values]
        blocks = [block for block, _ in solved]
        psi = np.empty((2, k_perp.size, 2, 2), dtype=complex)
        flow = np.empty((2, k_perp.size, len(SOURCES), 3))
        for index, (block, leads) in enumerate(solved):
            members = np.flatnonzero(inverse == index)
            for some in np.split(members, range(BUNDLE, len(members), BUNDLE)):
                # Bundles of 1, 2, 4, …: the last one is filled up with repetitions.
                size = 1 << (len(some) - 1).bit_length()
                found = _bundle(size).solve(block, leads, kappa[np.resize(some, size)], m)
                psi[:, some], flow[:, some] = (array[:, : len(some)] for array in found)

        return Scattering(
            kz=np.array([block.kz for block in blocks])[inverse].reshape(shape),
            Kz=np.array([block.Kz for block in blocks])[inverse].reshape(*shape, 2),
            m=m,
            psi_N=psi[0].reshape(*shape, 2, 2),
            psi_F=psi[1].reshape(*shape, 2, 2),
            spin_minus=flow[0].reshape(*shape, 3, 3),
            spin_plus=flow[1].reshape(*shape, 3, 3),
        )

    def rounding(self, iface: Interface) -> float:
        """Return the relative rounding error: ε/(qa)² of lead modes, times that of the matching problem."""
        q2 = 1e-3 * iface.thresholds()[-1]
        amplified = worst_condition(iface) / min(1.0, q2 * self.spacing_for(iface) ** 2)
        return 4 * float(np.finfo(float).eps) * amplified
