"""The torque of bound states at E_F as a source of its own, and what a torque without them leaves out.

In a stationary bound state nothing arrives at z = −0, and what the lattice adds, w n×ψ†σψ, goes to the bulk's
exchange field and to the interface's.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping

import numpy as np

from sotcheck.bound.contour import DOUBLED, Arc, Contour
from sotcheck.bound.fermi import Sea, sea
from sotcheck.bound.kwant_contour import Chain, lattice_flows, unresolved
from sotcheck.bound.matching import k_max
from sotcheck.bound.spin_density import NOTHING, bound_density
from sotcheck.engines import Engine, Matching
from sotcheck.errors import SotcheckError
from sotcheck.exact.observables import exact_flows, largest_torque, torque_from_flows
from sotcheck.numerics.arrays import Array
from sotcheck.numerics.estimate import Estimate
from sotcheck.system.interface import Interface

#: Relative errors of torques that only serve to say how much bound states carry.
ROUGHLY = 1e-2
#: Relative change of the interface by which that is carried on to the flows.
STEP = 1e-6


def bound_flows(engine: Engine, iface: Interface, h_R: float, rtol: float) -> Estimate:
    """Return the flows of bound states at E_F by an exact engine, with the prefactor of t, per τ_b, (4, 3).

    In the order of `observables.FLOWS`, with errors "quadrature" and "rounding" of any component; unit: wave
    vector³. By integration along the contour E_b(k) = E_F, with Kwant's self-energies where the engine has a
    lattice: finite differences have its spacing, the exact-difference chain spacings of its own.

    `h_R`: with bound states at E_F, and a sea that ends; the interface's own is not used. `rtol`: wanted
    quadrature error, relative to the largest component of each flow. An EngineError says that there is no
    ground state at h_R, or that Kwant cannot solve a chain.
    """
    contour: Contour = Contour(iface, h_R)
    arcs = contour.arcs()
    scale = max(np.hypot(k_max(iface), arc.p[1]) for arc in arcs) + abs(iface.u_0) + abs(iface.u_m)
    if engine.scheme:
        spacing = engine.effective_spacing(iface.structure) or None
        contour = Chain(iface, h_R, spacing)
        found, left_out = lattice_flows(contour, rtol), _left_out(iface, h_R, arcs)
    else:
        found, left_out = _continuum_flows(iface, h_R, rtol), 0.0
    rounding = contour.rounding * scale * _sensitivity(iface, h_R, STEP * scale)
    carried = (rounding, "double precision, carried on to the contour")
    return Estimate(found.value, {"quadrature": (found.total + left_out, DOUBLED), "rounding": carried})


def _left_out(iface: Interface, h_R: float, arcs: list[Arc]) -> float:
    """Return how large flows of arcs that Kwant cannot resolve can be: |h_R k_x k_⊥| |ψ(0)|² a state.

    So near to the band edge most of a state is its slowest tail: |ψ(0)|² is about 2p.
    """
    p = max((arc.p[1] for arc in arcs if unresolved(iface, arc)), default=0.0)
    if p == 0.0:
        return 0.0
    states = abs(float(bound_density(iface, h_R, rtol=ROUGHLY)["states"].value[0]))
    return abs(h_R) * float(k_max(iface) ** 2 + p**2) * 4 * p * states


def _continuum_flows(iface: Interface, h_R: float, rtol: float) -> Estimate:
    found = bound_density(iface, h_R, rtol=rtol)
    lattice, exchange, interface = (found[name] for name in ("torque", "exchange torque", "interface torque"))
    values = [np.zeros(3), exchange.value - interface.value, lattice.value, interface.value]
    error = max(one.total for one in (lattice, exchange, interface))
    return Estimate(np.stack(values), {"quadrature": (error, DOUBLED)})


def _sensitivity(iface: Interface, h_R: float, step: float) -> float:
    """Return how fast flows change with u_0: errors of decay constants act as those of u_0 do."""
    here, there = (
        _continuum_flows(iface.with_(u_0=iface.u_0 - by), h_R, ROUGHLY * STEP).value for by in (0.0, step)
    )
    return float(np.abs(there - here).max()) / step


def bound_share(iface: Interface, h_R: float, scattering: Array | None = None) -> float | None:
    """Return |t| of bound states over |t| of all scattering states, for equal relaxation times.

    Infinite where scattering states give nothing but rounding, None where bound states do not either; an
    EngineError if there is no ground state. `scattering`: the sum of the sources' t (3,), where it is known.
    """
    # The largest numbers of a system file would overflow when squared.
    bound = math.hypot(*bound_density(iface, h_R, rtol=ROUGHLY)["torque"].value)
    if scattering is None:
        flows = exact_flows(Matching(), iface, np.array([h_R]), rtol=ROUGHLY)
        scattering = h_R * torque_from_flows(flows.total.value[0].sum(axis=0), iface.direction)
    size = math.hypot(*scattering)
    # Without magnetism there is no torque but rounding.
    nothing = NOTHING * largest_torque(iface) * abs(h_R)
    if bound <= nothing:
        return None
    return bound / size if size > nothing else np.inf


def on_bound_states(iface: Interface, h_R: list[float], scattering: Mapping[float, Array]) -> Iterator[str]:
    """Yield what is to be said of states bound to the interface at each h_R, or at all of them without any.

    `scattering`: the sum of the sources' t by h_R, where it is known.
    """
    if not h_R and sea(iface, 0.0).bound:
        yield (
            "the interface binds states at E_F by itself, at any h_R however small: the scattering formula "
            "leaves out their torque"
        )
    for h in h_R:
        there = sea(iface, h)
        if there.why:
            yield (
                f"at h_R = {h:g} there is no ground state ({there.why}): what scattering states carry is not "
                "the torque of any Fermi sea"
            )
        elif there.bound:
            yield _on_share(iface, h, there, scattering.get(h))


def _on_share(iface: Interface, h_R: float, there: Sea, scattering: Array | None) -> str:
    """Return what bound states at E_F would add to the torque of the scattering states."""
    cause = "which the interface binds by itself, " if there.without_rashba else ""
    words = (
        f"at h_R = {h_R:g} states bound to the interface lie at E_F, {cause}"
        "and the scattering formula leaves them out"
    )
    try:
        share = bound_share(iface, h_R, scattering)
    except SotcheckError as error:
        return f"{words}; how much they carry cannot be computed ({error})"
    if share is None:
        return f"{words}; they carry no torque"
    size = f"{share:.2g} times" if np.isfinite(share) else "all of"
    return f"{words}: for equal relaxation times they carry {size} its torque"
