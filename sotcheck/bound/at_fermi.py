"""The torque of bound states at E_F as a source of its own, and how much it is beside the scattering states'.

In a stationary bound state nothing arrives at z = −0, and what the lattice adds, w n×ψ†σψ, goes to the bulk's
exchange field (flow (3) of Fig. 2) and to the interface's (4).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from sotcheck.bound.contour import Arc, fermi_contour, k_max
from sotcheck.bound.fermi import CRITICAL, first_states, ground_state, limit_of_energy
from sotcheck.bound.lattice_contour import EPSILON, Chain, lattice_flows, unresolved
from sotcheck.bound.spin_density import NOTHING, bound_density
from sotcheck.bound.thresholds import in_plane, mean_and_split
from sotcheck.engines import Engine, Matching
from sotcheck.exact.observables import exact_flows, largest_torque, torque_from_flows
from sotcheck.numerics.arrays import Array
from sotcheck.system.interface import Interface

#: Relative errors of torques that only serve to say how much bound states carry.
ROUGHLY = 1e-2
#: Rounding error of the matching matrix by `continuum`, in units of ε times its largest wave number.
DIGITS = 4.0
#: Relative change of the interface by which that is carried on to the flows.
STEP = 1e-6


@dataclass(frozen=True)
class Sea:
    """What bound states do to the Fermi sea.

    Attributes
    ----------
    bound : bool
        Whether bound states lie at or below E_F.
    without_rashba : bool
        Whether the interface binds some of them without any h_R.
    ends : bool
        Whether the sea has an end, so that states can be filled up to E_F.
    why : str
        Why it has none, in words.
    """

    bound: bool
    without_rashba: bool
    ends: bool
    why: str

    @property
    def has_bound_edge(self) -> bool:
        """Whether bound states lie at E_F itself and carry a torque."""
        return self.bound and self.ends


def sea(iface: Interface, h_R: float) -> Sea:
    """Say whether bound states are filled at h_R, the interface's own h_R not used, and whether that ends."""
    A, B = mean_and_split(iface, 0.0)
    alone = bool(np.abs(B) > A)
    bound = alone or abs(h_R) > first_states(iface).h_R
    if not bound:
        return Sea(False, False, True, "")
    ground = ground_state(iface, h_R)
    why = ground.why if not ground.exists else ""
    level = iface.u_0 == abs(iface.u_m) * in_plane(iface)
    if abs(h_R) == CRITICAL and level and limit_of_energy(iface) < iface.E_F:
        why = f"bound states stay below E_F however large k_perp, at E = {limit_of_energy(iface):.4g}"
    return Sea(True, alone, not why, why)


@dataclass(frozen=True)
class BoundFlows:
    """Flows of Fig. 2 from bound states at E_F, with the prefactor of t, for a relaxation time of one.

    Attributes
    ----------
    flows : array (4, 3)
        In the order of `observables.FLOWS`; unit: wave vector³.
    quadrature, rounding : float
        Errors of any component.
    """

    flows: Array
    quadrature: float
    rounding: float


def bound_flows(engine: Engine, iface: Interface, h_R: float, rtol: float) -> BoundFlows:
    """Return the flows of bound states at E_F by an exact engine.

    Without a lattice: by integration along their contour E_b(k) = E_F. With one: from self-energies; finite
    differences have the engine's spacing, the exact-difference chain spacings of its own.

    Parameters
    ----------
    engine : Engine
    iface : Interface
        Its own h_R is not used.
    h_R : float
        With bound states at E_F, and a sea that ends.
    rtol : float
        Wanted quadrature error, relative to the largest component of each flow.

    Raises
    ------
    EngineError
        If there is no ground state at h_R, or Kwant cannot solve a chain.
    """
    arcs = fermi_contour(iface, h_R)
    scale = max(np.hypot(k_max(iface), arc.p[1]) for arc in arcs) + abs(iface.u_0) + abs(iface.u_m)
    if engine.scheme:
        chain = Chain(iface, h_R, engine.effective_spacing(iface.structure) or None)
        flows, error = lattice_flows(chain, rtol)
        rounding = chain.rounding
        left_out = _left_out(iface, h_R, arcs)
    else:
        flows, error = _continuum_flows(iface, h_R, rtol)
        rounding, left_out = DIGITS * EPSILON, 0.0
    rounding *= scale * _sensitivity(iface, h_R, STEP * scale)
    return BoundFlows(flows, float(error.max()) + left_out, rounding)


def _left_out(iface: Interface, h_R: float, arcs: list[Arc]) -> float:
    """Return how large flows of arcs that Kwant cannot resolve can be: |h_R k_x k_⊥| |ψ(0)|² a state.

    So near to the band edge most of a state is its slowest tail: |ψ(0)|² is about 2p.
    """
    p = max((arc.p[1] for arc in arcs if unresolved(iface, arc)), default=0.0)
    if p == 0.0:
        return 0.0
    states = abs(float(bound_density(iface, h_R, rtol=ROUGHLY).row("states")[0]))
    return abs(h_R) * float(k_max(iface) ** 2 + p**2) * 4 * p * states


def _continuum_flows(iface: Interface, h_R: float, rtol: float) -> tuple[Array, Array]:
    found = bound_density(iface, h_R, rtol=rtol)
    lattice, exchange, interface = (
        found.row(name) for name in ("torque", "exchange torque", "interface torque")
    )
    return np.stack([np.zeros(3), exchange - interface, lattice, interface]), found.errors[[1, 2, 6]]


def _sensitivity(iface: Interface, h_R: float, step: float) -> float:
    """Return how fast flows change with u_0: errors of decay constants act as those of u_0 do."""
    here, there = (
        _continuum_flows(iface.with_(u_0=iface.u_0 - by), h_R, ROUGHLY * STEP)[0] for by in (0.0, step)
    )
    return float(np.abs(there - here).max()) / step


def bound_share(iface: Interface, h_R: float, scattering: Array | None = None) -> float | None:
    """Return |t| of bound states over |t| of all scattering states, for equal relaxation times.

    Parameters
    ----------
    iface : Interface
        Its own h_R is not used.
    h_R : float
        With bound states at E_F, and a sea that ends.
    scattering : array (3,), optional
        Sum of the sources' t at h_R, where it is known.

    Returns
    -------
    float or None
        Infinite where scattering states give nothing but rounding, None where bound states do not either.

    Raises
    ------
    EngineError
        If there is no ground state at h_R, or the torque cannot be computed.
    """
    # The largest numbers of a system file would overflow when squared.
    bound = math.hypot(*bound_density(iface, h_R, rtol=ROUGHLY).row("torque"))
    if scattering is None:
        flows = exact_flows(Matching(), iface, np.array([h_R]), rtol=ROUGHLY)
        scattering = h_R * torque_from_flows(flows.total.value[0].sum(axis=0), iface.direction)
    size = math.hypot(*scattering)
    # Without magnetism there is no torque but rounding.
    nothing = NOTHING * largest_torque(iface) * abs(h_R)
    if bound <= nothing:
        return None
    return bound / size if size > nothing else np.inf
