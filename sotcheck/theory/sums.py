"""The first-order formulas summed over k_⊥."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from sotcheck.model import Interface
from sotcheck.quadrature import Sum, sum_over_k
from sotcheck.spin import Array, Complex
from sotcheck.theory import first_order
from sotcheck.theory.amplitudes import Amplitudes, closed_forms

AmplitudeSource = Callable[[Interface, Array], Amplitudes]
Formula = Callable[[Amplitudes, Interface], Array]


@dataclass(frozen=True)
class FirstOrderSums:
    """Eqs. (14), (15), (16) per unit h_R, by segment of k_⊥².

    Attributes
    ----------
    torque : array (segments, 3)
        fieldlike + i dampinglike of Eqs. (16c), (16d), by source.
    flows : array (segments, 3, 4, 3)
        Axes: segment, source, flow (spin current at −0 (14) and +0, lattice (15), interface), spin.
    error : float
        Quadrature error of the worst component.
    segments : list of (float, float)
        Ranges of k_⊥².
    nodes : int
        Values of k_⊥ in use.
    """

    torque: Complex
    flows: Array
    error: float
    segments: list[tuple[float, float]]
    nodes: int


def integrand(a: Amplitudes, iface: Interface) -> Array:
    """Return the flows (36) and Re, Im of the torque (6) at each k_⊥ side by side, shape (n, 42)."""
    minus, lattice = first_order.spin_current_minus(a), first_order.lattice(a)
    exchange = first_order.interface_exchange(a, iface)
    flows = np.stack([minus, minus + lattice - exchange, lattice, exchange], axis=-2)
    torque = first_order.torque(a)
    n = len(a.k_perp2)
    return np.concatenate([flows.reshape(n, -1), torque.real, torque.imag], axis=1)


def first_order_sums(
    iface: Interface,
    *,
    rtol: float,
    amplitudes: AmplitudeSource = closed_forms,
    formula: Formula = integrand,
) -> FirstOrderSums:
    """Sum the first-order formulas over k_⊥ with unperturbed amplitudes from `amplitudes`.

    Parameters
    ----------
    iface : Interface
    rtol : float
    amplitudes : callable
        ``amplitudes(iface, k_perp2)``: closed forms, or an engine's at h_R = 0.
    formula : callable
        The integrand; another one is how a seeded fault is tried.

    Returns
    -------
    FirstOrderSums
    """

    def f(x: Array, angles: Array) -> Array:
        # The angular average is already taken: every angle gets the same value.
        values = formula(amplitudes(iface, x), iface)
        return np.broadcast_to(values[:, None], (len(x), len(angles), values.shape[1]))

    found: Sum = sum_over_k(f, iface.thresholds(), rtol, 1e-18)
    n = len(found.segments)
    return FirstOrderSums(
        torque=found.values[:, 36:39] + 1j * found.values[:, 39:42],
        flows=found.values[:, :36].reshape(n, 3, 4, 3),
        error=float(found.total_error.max()),
        segments=found.segments,
        nodes=found.nodes,
    )
