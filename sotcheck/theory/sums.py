"""The first-order formulas summed over k_⊥."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from sotcheck.numerics.arrays import Array, Complex
from sotcheck.numerics.quadrature import Sum, sum_over_k
from sotcheck.numerics.radial import CLEARANCE
from sotcheck.system.interface import Interface
from sotcheck.theory import first_order
from sotcheck.theory.amplitudes import Amplitudes, closed_forms
from sotcheck.theory.validity import radius_at_thresholds

#: Features this many times wider than what nodes leave out are seen; and this narrow is none.
NEAREST, NOTHING = 16.0, 1e-12
AmplitudeSource = Callable[[Interface, Array], Amplitudes]
TorqueFormula = Callable[[Amplitudes], Complex]


@dataclass(frozen=True)
class FirstOrderTorque:
    """Eq. (16) per unit h_R, by segment of k_⊥².

    Attributes
    ----------
    torque : array (segments, 3)
        fieldlike + i dampinglike by source.
    error : float
        Quadrature error of the worst component.
    segments : list of (float, float)
        Ranges of k_⊥².
    """

    torque: Complex
    error: float
    segments: list[tuple[float, float]]

    @property
    def total(self) -> Complex:
        """Fieldlike + i dampinglike by source, all k_⊥, shape (3,)."""
        total: Complex = self.torque.sum(axis=0)
        return total


@dataclass(frozen=True)
class FirstOrderFlows:
    """Eqs. (14), (15) per unit h_R, all k_⊥.

    Attributes
    ----------
    flows : array (3, 4, 3)
        Axes: source, flow (spin current at −0 (14) and at +0, lattice (15), interface), spin component.
    errors : array (4,)
        Quadrature error of each flow's worst component. Next to an interface state inside a continuum the
        flows at +0 and of u_m diverge as 1/(k_⊥² − k_0²), those of (14) and (15) do not.
    """

    flows: Array
    errors: Array

    @property
    def error(self) -> float:
        """The largest error of any flow."""
        return float(self.errors.max())

    @property
    def printed_error(self) -> float:
        """The error of Eq. (14) or (15), whichever is larger."""
        return float(max(self.errors[0], self.errors[2]))


def first_order_torque(
    iface: Interface,
    *,
    rtol: float,
    amplitudes: AmplitudeSource = closed_forms,
    rounding: float = float(np.finfo(float).eps),
    formula: TorqueFormula = first_order.torque,
) -> FirstOrderTorque:
    """Sum Eq. (16) over k_⊥ with unperturbed amplitudes from `amplitudes`.

    Parameters
    ----------
    iface : Interface
    rtol : float
    amplitudes : callable
        ``amplitudes(iface, k_perp2)``: closed forms, or an engine's at h_R = 0.
    rounding : float
        Relative error of these amplitudes: no digits are sought below.
    formula : callable
        The integrand by source, shape (n, 3); another one is how a fault, or another theory, is tried.

    Returns
    -------
    FirstOrderTorque
    """

    def integrand(k_perp2: Array) -> Array:
        torque = formula(amplitudes(iface, k_perp2))
        return np.stack([torque.real, torque.imag], axis=-1)

    found = _sum(integrand, iface, rtol, rounding)
    error = float(found.total_error.max()) + _beyond_reach(iface)
    return FirstOrderTorque(found.values[..., 0] + 1j * found.values[..., 1], error, found.segments)


def first_order_flows(iface: Interface, *, rtol: float) -> FirstOrderFlows:
    """Sum Eqs. (14) and (15), and what they imply at z = +0, over k_⊥.

    Only with closed forms: the first-order wave function at z = 0 needs the extended r̂_ex of Eq. (6), which
    scattering states do not tell where a band is closed on both sides.
    """

    def printed(k_perp2: Array) -> Array:
        a = closed_forms(iface, k_perp2)
        return np.stack([first_order.spin_current_minus(a), first_order.lattice(a)], axis=-2)

    def exchange(k_perp2: Array) -> Array:
        return first_order.interface_exchange(closed_forms(iface, k_perp2), iface)

    # Apart, as the second one may diverge where the first does not.
    sums = _sum(printed, iface, rtol), _sum(exchange, iface, rtol)
    minus, lattice, taken = sums[0].total[:, 0], sums[0].total[:, 1], sums[1].total
    certain, other = (float(found.total_error.max()) + _beyond_reach(iface) for found in sums)
    return FirstOrderFlows(
        np.stack([minus, minus + lattice - taken, lattice, taken], axis=-2),
        np.array([certain, 2 * certain + other, certain, other]),
    )


def _beyond_reach(iface: Interface) -> float:
    """Return what a feature nearer to a threshold than nodes come may hide, if the interface has one.

    Nodes keep CLEARANCE k_⊥² off thresholds, so that k_z/k_⊥ below its root is not seen. Where nothing is as
    narrow the integrand is smooth there, and that matters to a rounding error only.
    """
    unseen = NEAREST * CLEARANCE**0.5
    # A channel that reflects nothing at all has nothing narrow.
    hidden = NOTHING < radius_at_thresholds(iface) < unseen
    return unseen * _size(iface) / (4 * np.pi) if hidden else 0.0


def _size(iface: Interface) -> float:
    """Return ∫ d²k_⊥/(2π)² k_⊥ over the largest Fermi circle: the size of what cancels."""
    return float(iface.thresholds()[-1] ** 1.5 / (6 * np.pi))


def _sum(
    integrand: Callable[[Array], Array],
    iface: Interface,
    rtol: float,
    rounding: float = float(np.finfo(float).eps),
) -> Sum:
    def f(x: Array, angles: Array) -> Array:
        # The angular average is already taken: every angle gets the same value.
        values = integrand(x)
        return np.broadcast_to(values[:, None], (len(x), len(angles), *values.shape[1:]))

    return sum_over_k(f, iface.thresholds(), rtol, rounding * _size(iface) / (4 * np.pi))
