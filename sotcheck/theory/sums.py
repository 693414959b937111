"""Integrands to first order in h_R summed over k_⊥."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import pairwise
from typing import Any

import numpy as np

from sotcheck.numerics.angles import Sum
from sotcheck.numerics.arrays import Array, Complex
from sotcheck.numerics.estimate import Estimate
from sotcheck.numerics.path import CLEARANCE
from sotcheck.numerics.quadrature import sum_over_k
from sotcheck.numerics.radial import Integrand
from sotcheck.system.interface import Interface
from sotcheck.system.model import SOURCES, System
from sotcheck.theory import distorted, response
from sotcheck.theory.amplitudes import Amplitudes, unperturbed
from sotcheck.theory.first_order import FirstOrder, interface_exchange
from sotcheck.theory.narrow import torque_of, unseen_flows
from sotcheck.theory.resonances import Places
from sotcheck.theory.symbols import Symbols
from sotcheck.theory.validity import radius_at_thresholds

#: Features this many times wider than what nodes leave out are seen; and this narrow is none.
NEAREST, NOTHING = 16.0, 1e-12
#: Edges this close, relative, are told apart by doubles that have lost digits which matter.
CLOSE = 1e-4
#: How quadrature errors are found: the angular average is exact.
NESTED = "nested rules in k_perp"
EPS = float(np.finfo(float).eps)
AmplitudeSource = Callable[[System, Array], Amplitudes]


def first_order_torque(
    iface: System,
    formula: Callable[[Symbols], Complex],
    *,
    rtol: float,
    amplitudes: AmplitudeSource = unperturbed,
    rounding: float = EPS,
) -> Sum:
    """Sum a formula for the torque per unit h_R over k_⊥.

    The formula is an integrand, fieldlike + i dampinglike by source, shape (n, 1, 3); the sum has it by range
    of k_⊥² and source, (segments, 3). Unperturbed ``amplitudes(iface, k_perp2)`` are closed forms, or those
    of an engine with a relative error `rounding`, below which no digits are sought. What is shifted is k_x
    over the mass of the source.
    """

    def integrand(s: Symbols) -> Array:
        torque = formula(s)
        return np.stack([torque.real, torque.imag], axis=-1)

    found = _sum(integrand, iface, rtol, amplitudes, rounding)
    value = found.by_segment.value
    # The worse component's error of a source stands for both, in each range.
    share = (found.total.error.max(axis=-1) + _beyond_reach(iface)) / len(found.segments)
    torque = Estimate(value[..., 0] + 1j * value[..., 1], {"quadrature": (share, NESTED)})
    return Sum(found.segments, torque, found.angles, found.nodes)


def first_order_flows(iface: System, theory: FirstOrder, *, rtol: float) -> Estimate:
    """Sum the four flows to first order per unit h_R over k_⊥, shape (3, 4, 3): source, flow, spin component.

    Next to an interface state inside a continuum the flows at +0 and of u_m diverge as 1/(k_⊥² − k_0²), those
    at −0 and of the lattice do not: each flow has an error of its own.

    Those at +0 and of u_m only with closed forms: the first-order wave function at z = 0 needs the extended
    r̂_ex, which scattering states do not tell where a band is closed on both sides. Of a stack they are NaN.
    """
    hidden = _beyond_reach(iface)
    known = _sum(lambda s: np.stack([theory.current(s), theory.lattice(s)], axis=-2), iface, rtol).total
    minus, lattice, certain = known.value[:, 0], known.value[:, 1], known.error.max(axis=(1, 2)) + hidden
    taken, other = np.full_like(minus, np.nan), np.zeros(len(minus))
    if isinstance(iface, Interface):
        # Apart, as it may diverge where the others do not.
        exchange = _sum(interface_exchange, iface, rtol).total
        taken, other = exchange.value, exchange.error.max(axis=1) + hidden
    errors = np.stack([certain, 2 * certain + other, certain, other], axis=-1)[..., None]
    flows = np.stack([minus, minus + lattice - taken, lattice, taken], axis=-2)
    return Estimate(flows, {"quadrature": (errors, NESTED)})


def _beyond_reach(iface: System) -> float:
    """Return what a feature nearer to a threshold than nodes come may hide, if the interface has one.

    Nodes keep CLEARANCE k_⊥² off thresholds, so that k_z/k_⊥ below its root is not seen. Where nothing is as
    narrow the integrand is smooth there, and that matters to a rounding error only.
    """
    if not isinstance(iface, Interface):
        return 0.0
    unseen = NEAREST * CLEARANCE**0.5
    # A channel that reflects nothing at all has nothing narrow.
    hidden = NOTHING < radius_at_thresholds(iface) < unseen
    return unseen * iface.thresholds()[-1] ** 1.5 / (24 * np.pi**2) if hidden else 0.0


def _sum(
    integrand: Callable[[Symbols], Array],
    iface: System,
    rtol: float,
    amplitudes: AmplitudeSource = unperturbed,
    rounding: float = EPS,
    *,
    nudge: bool = True,
) -> Sum:
    masses = np.array(iface.masses)[[0, 1, 1]]

    def average(x: Array) -> Array:
        values = integrand(Symbols.of(iface, amplitudes(iface, x)))[:, 0]
        return values / masses.reshape(-1, *(1,) * (values.ndim - 2))

    found = sum_of_averages(average, iface, rtol, rounding)
    for other in _nudged(iface) if nudge else ():
        moved = _sum(integrand, other, rtol, amplitudes, rounding, nudge=False)
        off = np.abs(moved.total.value - found.total.value)
        off = off.max(axis=tuple(range(1, off.ndim)), keepdims=True) / len(found.segments)
        found = replace(found, by_segment=found.by_segment.and_("quadrature", off, NESTED))
    return found


def _nudged(iface: System) -> Iterator[System]:
    """Yield what rounding of band edges may make of a system two of whose edges are next to each other."""
    edges = np.sort([0.0, *(iface.k_perp2_max(source) for source in SOURCES)])
    gaps = np.diff(edges)
    if np.any((gaps > 0) & (gaps < CLOSE * edges[-1])):
        least = 4 * EPS * max(map(abs, (iface.E_F, iface.U_N, iface.U_F, iface.J)))
        yield iface.with_(U_F=iface.U_F + least)
        yield iface.with_(J=iface.J + least)


def sum_of_averages(
    average: Callable[[Array], Array],
    iface: System,
    rtol: float,
    rounding: float,
    told: bool = False,
    **how: Any,
) -> Sum:
    """Sum what is averaged over the angle already, (n, ...) at k_⊥² (n,), over k_⊥.

    `rounding` is relative to a torque that turns every incident spin over; `how` goes on to `sum_over_k`.
    What resonances of a stack too narrow for nodes would add to torques is in the error, unless the caller
    has `told` it.
    """
    edges = iface.thresholds()
    smallest = rounding * edges[-1] ** 1.5 / (24 * np.pi**2)
    if isinstance(iface, Interface):
        found = sum_over_k(_all_round(average), edges, rtol, smallest, **how)
        terms = found.by_segment.and_("quadrature", smallest / len(edges[1:]), NESTED)
        return replace(found, by_segment=terms)
    places = Places.of(iface.structure)
    ends = sorted({*edges, *places.edges})
    crowds = [*places.crowds, *how.pop("crowds", ())]
    f = _all_round(lambda x: average(places.seen(x)))
    found = sum_over_k(f, ends, rtol, smallest, crowds=crowds, **how)
    first = np.searchsorted(ends, edges[:-1])
    joined = found.by_segment.each(lambda part: np.add.reduceat(part, first, axis=0))
    if not told:
        left_out = unseen_flows(iface.structure)
        size = (float(np.abs(left_out.value).max()) + left_out.total) / len(joined.value)
        joined = joined.and_("resonance", size, "resonances too narrow for nodes, left out")
    return replace(found, segments=list(pairwise(edges)), by_segment=joined)


def _all_round(average: Callable[[Array], Array]) -> Integrand:
    """Return an integrand that has the same value at every angle."""

    def f(x: Array, angles: Array) -> Array:
        values = average(x)
        return np.broadcast_to(values[:, None], (len(x), len(angles), *values.shape[1:]))

    return f


def stack_torque(system: System, *, rtol: float) -> Estimate:
    """Sum t to first order in the scale of all spin-orbit terms over k_⊥, (3, 3): source, x, y, z."""
    structure, narrow = system.structure, unseen_flows(system.structure)
    seen = sum_of_averages(lambda x: distorted.torque(structure, x), system, rtol, EPS, told=True).total
    parts = 2 + len(structure.interfaces) + len(structure.layers)
    return seen + narrow.each(lambda flows: torque_of(structure, flows), lambda size: parts * size[:, 0])


def stack_flows(system: System, *, rtol: float) -> Estimate:
    """Sum all spin flows to first order in the scale over k_⊥, (3, 4I + 2L, 3): source, flow, x, y, z.

    Unlike t they diverge where a state is bound inside a continuum that it does not couple to.
    """
    structure = system.structure
    seen = sum_of_averages(lambda x: response.flows(structure, x), system, rtol, EPS, told=True).total
    return seen + unseen_flows(structure)
