"""The chain solved by Kwant.

Kwant's time goes into assembling matrices and finding lead modes, hardly any into solving. So one system of
Kwant's holds a bundle of independent chains that are solved together; and since chains of equal k_⊥ have
equal leads, whatever their angle, h_R and barrier, Kwant finds the modes of each spin channel once.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from sotcheck.engines.conditioning import rounding_errors, worst_condition
from sotcheck.engines.kwant_modes import Modes, _kwant, lead_modes
from sotcheck.engines.lattice import Chain, Scheme, default_spacing
from sotcheck.errors import EngineError
from sotcheck.numerics.arrays import Array, Complex
from sotcheck.system.interface import SOURCES, Interface, rashba
from sotcheck.system.spin import IDENTITY, dagger, dot_sigma, pauli_vector
from sotcheck.system.states import Errors, Scattering, flows

if TYPE_CHECKING:
    pass

#: Most chains in one Kwant system: Kwant's dense lead blocks outweigh its overhead beyond.
BUNDLE = 64


@cache
def _system_class() -> type:
    """Return Kwant's low-level system of chains (−a, 0, a) whose Hamiltonian is given as a matrix.

    Made late, as it derives from Kwant's. A builder would call a Python function for every site and bond.
    """
    from scipy import sparse

    kwant = _kwant()

    class Chains(kwant.system.FiniteSystem):  # type: ignore[misc, name-defined]
        """`size` chains of three sites: their orbitals at −a first, then those at 0, then those at a."""

        def __init__(self, onsite: Complex, hopping_N: Complex, hopping_F: Complex, leads: list[Any]) -> None:
            size = onsite.shape[1]
            sites = np.arange(3 * size).reshape(3, size)
            self.lead_interfaces = [sites[0], sites[2]]
            self.leads = leads
            self._norbs = np.full(3 * size, 2)
            blocks, rows, columns = [onsite.reshape(-1, 2, 2)], [sites.ravel()], [sites.ravel()]
            for hopping, outer in ((hopping_N, sites[0]), (hopping_F, sites[2])):
                # A bond and its Hermitian conjugate.
                blocks += [-hopping, -dagger(hopping)]
                rows += [sites[1], outer]
                columns += [outer, sites[1]]
            spin = np.arange(2)
            row = 2 * np.concatenate(rows)[:, None, None] + spin[:, None] + 0 * spin
            column = 2 * np.concatenate(columns)[:, None, None] + 0 * spin[:, None] + spin
            self._matrix = sparse.coo_matrix(
                (np.concatenate(blocks).ravel(), (row.ravel(), column.ravel())), shape=(6 * size, 6 * size)
            )

        def hamiltonian(self, i: int, j: int, *_: Any, **__: Any) -> Complex:
            """Return one block, as every system of Kwant's can."""
            block: Complex = self._matrix.tocsr()[2 * i : 2 * i + 2, 2 * j : 2 * j + 2].toarray()
            return block

        def hamiltonian_submatrix(self, *_: Any, **__: Any) -> Any:
            """Return what Kwant's solvers ask for: the matrix, and the orbitals of each site."""
            return self._matrix, self._norbs, self._norbs

    return Chains


def _bundled(modes: list[Modes], spinors: Complex) -> Any:
    """Return a lead for a bundle of chains from the modes of each chain's two spin channels.

    Outgoing and decaying modes are each chain's own. An incoming one comes in all chains at once: they do not
    touch, so one wave function solves all of them.

    Parameters
    ----------
    modes : list
        Channel by channel: first spin of the first chain, second spin, first of the second chain, …; the same
        channels are open in every chain.
    spinors : array (2, 2)
        Of the channels, in columns.
    """
    kwant = _kwant()
    chains = len(modes) // 2
    incoming, outgoing = (np.array([getattr(m, way) for m in modes]) for way in ("incoming", "outgoing"))
    is_open = [s for s in range(2) if modes[s].is_open]

    def columns(which: int) -> Complex:
        come_in = np.zeros((2 * chains, len(is_open)), dtype=complex)
        for column, s in enumerate(is_open):
            come_in[s::2, column] = incoming[s::2, which]
        return np.hstack([come_in, np.diag(outgoing[:, which])])

    roots = np.array([m.root_hopping for m in modes]).reshape(chains, 1, 2) * spinors
    root_hopping = np.zeros((chains, 2, chains, 2), dtype=complex)
    root_hopping[np.arange(chains), :, np.arange(chains)] = roots
    empty = np.empty(0)
    return kwant.system.PrecalculatedLead(
        modes=(
            # What no one asks for when wave functions are wanted.
            kwant.physics.PropagatingModes(empty[None], empty, empty),
            kwant.physics.StabilizedModes(
                columns(0), columns(1), len(is_open), root_hopping.reshape(2 * chains, 2 * chains)
            ),
        )
    )


def solve_bundle(
    blocks: list[Chain], modes: list[list[Modes]], kappa: Complex, m: Array
) -> tuple[Complex, Array]:
    """Solve chains with the same open channels together.

    Parameters
    ----------
    blocks : list of Chain
    modes : list of lists of Modes
        As `lead_modes` returns them.
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
    size = len(blocks)
    onsite_N, onsite_F, hopping_N, hopping_F, interface = (
        np.stack([getattr(block, name) for block in blocks])
        for name in ("onsite_N", "onsite_F", "hopping_N", "hopping_F", "onsite_interface")
    )
    # Ascending eigenvalues of σ·m: the minority (+1) is to come first.
    along_m = np.linalg.eigh(dot_sigma(m))[1][:, ::-1]
    channels = (
        ([N for N, *_ in modes for _spin in range(2)], IDENTITY),
        ([band for _, *F in modes for band in F], along_m),
    )
    system = _system_class()(
        np.stack([onsite_N, interface + kappa, onsite_F]),
        hopping_N,
        hopping_F,
        [_bundled(*lead) for lead in channels],
    )
    try:
        # κ̂ is Hermitian, and so are the blocks: Kwant need not look again.
        states = kwant.wave_function(system, 0.0, check_hermiticity=False)
    except RuntimeError as error:
        raise EngineError(f"Kwant could not solve the chain ({error}): is h_R finite?") from error

    psi = np.zeros((2, size, 2, 2), dtype=complex)
    flow = np.zeros((2, size, len(SOURCES), 3))
    for side, (lead, spinors) in enumerate(channels):
        is_open = [s for s in range(2) if lead[s].is_open]
        if not is_open:
            continue
        for s, wave in zip(is_open, states(side), strict=True):
            incident = np.array([one.incident for one in lead[s::2]])
            # Kwant's unit current 2 Im[ψ†tψ'] = 1 is our unit of flux for ψ/√2; its phase is taken off.
            scaled = np.sqrt(2) * wave.reshape(3, size, 2) * (incident.conj() / np.abs(incident))[:, None]
            before, at_zero, after = scaled[..., None]
            psi[side] += at_zero * spinors[:, s].conj()
            # ∂_zψ at z = ∓0 is that of the bond and half a cell's on-site term: exact, not to O(a).
            slopes = (
                onsite_N @ at_zero / 2 - hopping_N @ before,
                hopping_F @ after - onsite_F @ at_zero / 2,
            )
            source = SOURCES.index("normal" if side == 0 else ("minority", "majority")[s])
            for bond, slope in enumerate(slopes):
                flow[bond, :, source] += pauli_vector(slope @ dagger(at_zero)).imag
    return psi, flow


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
    accuracy: ClassVar[float] = 1e-9

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
        # Chains of a bundle have the same open channels.
        regimes: dict[tuple[bool, ...], list[int]] = {}
        for index in np.argsort(inverse, kind="stable"):
            regimes.setdefault(tuple(one.is_open for one in solved[inverse[index]][1]), []).append(index)
        for members in regimes.values():
            for some in np.split(np.array(members), range(BUNDLE, len(members), BUNDLE)):
                chains = [solved[inverse[index]] for index in some]
                psi[:, some], flow[:, some] = solve_bundle(
                    [block for block, _ in chains], [modes for _, modes in chains], kappa[some], m
                )

        return Scattering(
            kz=np.array([block.kz for block in blocks])[inverse].reshape(shape),
            Kz=np.array([block.Kz for block in blocks])[inverse].reshape(*shape, 2),
            m=m,
            psi_N=psi[0].reshape(*shape, 2, 2),
            psi_F=psi[1].reshape(*shape, 2, 2),
            spin_minus=flow[0].reshape(*shape, 3, 3),
            spin_plus=flow[1].reshape(*shape, 3, 3),
        )

    def flows(self, iface: Interface, k_perp: Array, angle: Array, h_R: Array) -> Array:
        """Return the four spin flows of Fig. 2 by source, as `scattering.flows` does, from `scatter`."""
        k_perp, angle, h_R = np.broadcast_arrays(*np.atleast_1d(k_perp, angle, h_R))
        return flows(self.scatter(iface, k_perp, angle, h_R), iface, k_perp, angle, h_R)

    def rounding(self, iface: Interface) -> float:
        """Return the relative rounding error: ε/(qa)² of lead modes, times that of the matching problem."""
        q2 = 1e-3 * iface.thresholds()[-1]
        amplified = worst_condition(iface) / min(1.0, q2 * self.spacing_for(iface) ** 2)
        return 4 * float(np.finfo(float).eps) * amplified

    def errors(self, iface: Interface, k_perp: Array, angle: Array, h_R: Array) -> Errors:
        """Return bounds on the rounding errors, problem by problem."""
        return rounding_errors(iface, k_perp, angle, h_R, self.spacing_for(iface))
