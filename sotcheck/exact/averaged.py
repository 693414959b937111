"""k_⊥ sums of bare interfaces, the average over the angle of k exact.

Amplitudes are those of adj M/D: their numerators are of the first degree in cos φ, sin φ, and the determinant
D = D₀ (1 + t cos ψ), with ψ the angle from where m·(k×ẑ) is largest. What is quadratic in amplitudes, times
k_x, is a polynomial of the third degree over |D|², which `circle` averages by eight angles.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise

import numpy as np

from sotcheck.engines.poles import axis, poles_aligned, turning
from sotcheck.numerics import circle
from sotcheck.numerics.angles import NESTED, Spent, Sum
from sotcheck.numerics.arrays import Array, Complex, Index
from sotcheck.numerics.estimate import Estimate
from sotcheck.numerics.ranges import Parts, integrate
from sotcheck.system.interface import SOURCES, Interface

#: ``f(k_perp, angles)`` at k_⊥ (rows, n, 1, 1) and angles (a, 1), shape (rows, n, a, lanes, ...).
ByAngle = Callable[[Array, Array], Array]

#: What is no such polynomial leaves more than this of the largest, and rounding does not.
FOREIGN = 1e-8


def sum_over_turns(
    iface: Interface,
    h_R: Array,
    f: ByAngle,
    factor: Array,
    *,
    spacing: float,
    rtol: float,
    floor: float,
    most: int,
) -> Sum | None:
    """Return factor/4π ∫dk_⊥² ⟨k_x f⟩ by segment between thresholds, (segments, lanes, ...), lanes as h_R.

    The error wanted is relative to the largest component, but not below `floor`; after `most` values nothing
    is refined any more. The spacing is that of `poles`. None if f is not what amplitudes of such a determinant
    make: those of an engine that solves something else.
    """
    edges = iface.thresholds()
    ends, singular = _places(iface, edges, h_R, spacing)
    angles, spent, foreign = (axis(iface) + circle.PSI)[:, None], Spent(most), 0.0

    def averaged(x: Array, _: Index) -> tuple[Array, Array]:
        nonlocal foreign
        k_perp = np.sqrt(x)[..., None, None]
        values = f(k_perp, angles)
        spent.values += x.size * len(angles) * len(h_R)
        kx = k_perp * np.cos(angles)
        average, beyond = (
            np.einsum("rnal,rnal...->rnl...", kx * np.moveaxis(weights, 0, -2), values)
            for weights in circle.weights(turning(iface, x[..., None], h_R, spacing))
        )
        largest = float(np.abs(average).max())
        foreign = max(foreign, float(np.abs(beyond).max()) / largest if largest else 0.0)
        return factor * average, factor * beyond

    def tolerance(least: Array) -> Array:
        return np.full_like(least, max(rtol * least.max(), 4 * np.pi * floor) / len(least))

    x_1, x_2 = np.array(ends[:-1]), np.array(ends[1:])
    parts = Parts.of(x_1, x_2, np.broadcast_to(singular, (len(x_1), len(singular))))
    value, error, nodes = integrate(averaged, parts, tolerance, spent)
    if foreign > FOREIGN:
        return None
    first = np.searchsorted(ends, edges[:-1])
    value, error = (np.add.reduceat(one, first, axis=0) / (4 * np.pi) for one in (value, error))
    how = f"{NESTED}; stopped after {most} values" if spent() else NESTED
    by_segment = Estimate(value, {"quadrature": (error, how)})
    return Sum(list(pairwise(edges)), by_segment, len(angles), int(nodes.sum()))


def _places(iface: Interface, edges: list[float], h_R: Array, spacing: float) -> tuple[list[float], Complex]:
    """Return the ends of ranges in k_⊥², and where the average is singular.

    It branches at the poles of the angles at which c is largest, and smallest, and where channels close.
    """
    ends, singular = list(edges), [0.0, *map(iface.k_perp2_max, SOURCES)]
    x, thin = poles_aligned(iface, h_R, spacing)
    ends += x.real[thin].tolist()
    return sorted(set(ends)), np.concatenate([singular, x, x.conj()])
