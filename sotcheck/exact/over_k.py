"""Sums over k_⊥ and its angle of what is quadratic in scattering amplitudes, of any system.

Of a bare interface the average over the angle is exact. Amplitudes are those of adj M/D: numerators of the
first degree in cos φ, sin φ, and the determinant D = D₀ (1 + t cos ψ), with ψ the angle from where m·(k×ẑ) is
largest. What is quadratic in them, times k_x, is a polynomial of the third degree over |D|², which `circle`
averages by eight angles. Of stacks angles are sampled, between kinks, with the poles at each.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from typing import Any

import numpy as np

from sotcheck.engines.determinant import kinks_of, poles_near
from sotcheck.engines.poles import axis, poles_aligned, turning
from sotcheck.numerics import circle
from sotcheck.numerics.angles import FIRST_ANGLES, NESTED, Spent, Sum
from sotcheck.numerics.arrays import Array, Complex, Index
from sotcheck.numerics.estimate import Estimate
from sotcheck.numerics.quadrature import Narrow, sum_over_k
from sotcheck.numerics.ranges import Parts, integrate
from sotcheck.system.interface import SOURCES, Interface
from sotcheck.system.model import System

#: ``f(k_perp, angles)`` at k_⊥ (n, 1 or angles, 1) and angles (angles, 1): shape (n, angles, lanes, ...).
ByAngle = Callable[[Array, Array], Array]

#: What is no such polynomial leaves more than this of the largest, and rounding does not.
FOREIGN = 1e-8


def sum_over_k_and_angle(
    system: System,
    scale: Array,
    f: ByAngle,
    factor: Array,
    *,
    spacing: float,
    rtol: float,
    floor: float,
    most: int,
    narrow: Narrow | None = None,
) -> Sum:
    """Return factor/4π ∫dk_⊥² ⟨k_x f⟩ by segment between thresholds, (segments, lanes, ...), lanes as scale.

    The error wanted is relative to the largest component, but not below `floor`; after `most` values nothing
    is refined any more. The spacing is that of `poles`; `narrow` is as of `sum_over_k`, for stacks.
    """

    def paired(x: Array, angles: Array) -> Array:
        k_perp, angles = np.sqrt(x if x.ndim == 2 else x[:, None])[..., None], angles[:, None]
        values = f(k_perp, angles)
        kx = (k_perp * np.cos(angles)).reshape(*values.shape[:2], *(1,) * (values.ndim - 2))
        # The opposite k first: at each angle alone what there is without spin-orbit terms would swamp it.
        first, second = np.split(kx * factor * values, 2, axis=1)
        both: Array = (first + second) / 2
        return both

    if isinstance(system, Interface):
        found = _averaged(system, scale, f, factor, spacing, rtol, floor, most)
        # Of another determinant than the model's no poles are known either.
        return found or sum_over_k(paired, system.thresholds(), rtol, floor, most=most)

    turns = kinks_of(system.structure, scale).tolist()
    known: dict[tuple[tuple[float, float], bytes], Complex] = {}

    def near(segment: tuple[float, float], angles: Array) -> Complex:
        if len(angles) == FIRST_ANGLES and not turns and (segment, angles.tobytes()) not in known:
            # The angles halfway between come next, and cost little beside these.
            both = np.stack([angles, angles + np.pi / len(angles)])
            found = poles_near(system, segment, both[..., None], scale, spacing)
            known.update({(segment, at.tobytes()): some for at, some in zip(both, found, strict=True)})
        at = known.get((segment, angles.tobytes()))
        return poles_near(system, segment, angles[:, None], scale, spacing) if at is None else at

    return sum_over_k(paired, system.thresholds(), rtol, floor, near, turns, most=most, narrow=narrow)


def _averaged(
    iface: Interface,
    h_R: Array,
    f: ByAngle,
    factor: Array,
    spacing: float,
    rtol: float,
    floor: float,
    most: int,
) -> Sum | None:
    """Return the same with exact averages, or None: f is not what amplitudes of such a determinant make."""
    edges = iface.thresholds()
    ends, singular = _places(iface, edges, h_R, spacing)
    angles, spent, foreign = (axis(iface) + circle.PSI)[:, None], Spent(most), 0.0

    def averaged(x: Array, _: Index) -> tuple[Array, Array]:
        nonlocal foreign
        k_perp = np.sqrt(x).reshape(-1, 1, 1)
        values = f(k_perp, angles)
        spent.values += x.size * len(angles) * len(h_R)
        kx, t = k_perp * np.cos(angles), turning(iface, x.reshape(-1, 1), h_R, spacing)
        average, beyond = (
            factor * np.einsum("anl,nal...->nl...", weights * np.moveaxis(kx, 1, 0), values)
            for weights in circle.weights(t)
        )
        largest = float(np.abs(average).max())
        foreign = max(foreign, float(np.abs(beyond).max()) / largest if largest else 0.0)
        return tuple(one.reshape(*x.shape, *one.shape[1:]) for one in (average, beyond))

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


def _places(iface: Interface, edges: list[float], h_R: Array, spacing: float) -> tuple[list[float], Any]:
    """Return the ends of ranges in k_⊥², and where the average is singular.

    It branches at the poles of the angles at which c is largest, and smallest, and where channels close.
    """
    x, thin = poles_aligned(iface, h_R, spacing)
    closing = [0.0, *map(iface.k_perp2_max, SOURCES)]
    return sorted({*edges, *x.real[thin].tolist()}), np.concatenate([closing, x, x.conj()])
