"""Averages over an angle that are exact: of P(ψ)/|1 + t cos ψ|² with a trigonometric polynomial P.

With t = −2q/(1 + q²), |q| ≤ 1, 1/(1 + t cos ψ) = (1/√(1 − t²)) Σ_m q^|m| e^{imψ}. Hence 1/|1 + t cos ψ|² is a
Fourier series whose coefficients are geometric sums,

    g_m = [(q^m + q*^m)/(1 − |q|²) + Σ_{0<l<m} q^l q*^(m−l)] / |1 − t²| .

Equidistant angles tell all coefficients of a P of a degree less than half their number; what P has at just
half of it is to be nothing but rounding, which tells whether it is such a polynomial at all.
"""

from __future__ import annotations

from itertools import accumulate
from operator import mul

import numpy as np

from sotcheck.numerics.arrays import Array, Complex

#: Angles all round: enough for polynomials of the third degree.
ANGLES = 8
#: The first of them in units of their spacing: a generic one, so that no harmonic vanishes on all.
FIRST = 0.3
PSI = 2 * np.pi * (np.arange(ANGLES) + FIRST) / ANGLES
NOISE = float(np.finfo(float).eps)
_ORDERS = np.arange(1, ANGLES // 2)
#: From g_0, g_1, … to weights of the angles, and the sign of each in the harmonic that is to vanish.
_TO_WEIGHTS = np.concatenate([np.ones((1, ANGLES)), 2 * np.cos(_ORDERS[:, None] * PSI)]) / ANGLES
_PHASES = np.exp(1j * _ORDERS[:, None] * PSI)
_ALTERNATING = (-1.0) ** np.arange(ANGLES) / ANGLES


def weights(t: Complex) -> tuple[Array, Array]:
    """Return what values at the angles PSI from the axis of t are to be multiplied by, (ANGLES, ...) each.

    Sums with the first are averages over the angle; with the second, what polynomials of a higher degree
    would have added, in size.
    """
    root = np.sqrt((1 - t) * (1 + t))
    q = -t / (1 + root)
    size2, t2 = np.abs(q) ** 2, np.abs(t) ** 2
    # 1 − |q|² = (|1 + √(1 − t²)|² − |t|²)/|1 + √(1 − t²)|², free of differences of what is alike.
    beyond = np.abs(root) ** 2 - (t2 - 1)
    inside = np.where(t2 > 1, 4 * t.imag**2 / np.where(t2 > 1, np.abs(root) ** 2 + (t2 - 1), 1), beyond)
    left = (inside + 2 * root.real) / np.abs(1 + root) ** 2
    powers = list(accumulate([q] * len(_ORDERS), mul, initial=np.ones_like(q)))
    g = [(1 + size2) / left]
    for m in _ORDERS:
        between = sum(powers[n] * powers[m - n].conj() for n in range(1, m))
        g.append(2 * powers[m].real / left + np.real(between))
    over = np.stack(g) / np.abs(root) ** 2
    shape = (ANGLES, *(1,) * t.ndim)
    back = np.abs(1 + t * np.cos(PSI).reshape(shape)) ** 2
    # Term by term: no digit of one is to depend on how many there are.
    found = back * sum(factor.reshape(shape) * each for factor, each in zip(_TO_WEIGHTS, over, strict=True))
    return found, 2 * over[0] * back * _ALTERNATING.reshape(shape)


def weights_of(lower: Complex, middle: Complex, upper: Complex) -> tuple[Array, Array]:
    """Return the same for D = lower e^{−iφ} + middle + upper e^{iφ}, angles being those from 0."""
    root = np.sqrt(middle**2 - 4 * lower * upper)
    root = np.where((root * middle.conj()).real < 0, -root, root)
    whole = middle + root
    alpha, beta = -2 * upper / whole, -2 * lower / whole
    shape = (ANGLES, *(1,) * middle.ndim)
    phases = _PHASES.reshape(len(_ORDERS), *shape)
    over = (1 - alpha * phases[0]) * (1 - beta * phases[0].conj())
    back = over.real**2 + over.imag**2
    # 1 − αβ, free of differences of what is alike.
    apart, outside = 2 * root / whole, [np.abs(one) > 1 for one in (alpha, beta)]
    p_1, p_2 = (
        np.where(out, 1 / np.where(out, one.conj(), 1), one)
        for one, out in zip((alpha, beta.conj()), outside, strict=True)
    )
    back = back / np.where(outside[0], np.abs(alpha) ** 2, np.where(outside[1], np.abs(beta) ** 2, 1))
    cross = np.where(outside[0] | outside[1], 1 - p_1 * p_2.conj(), apart)
    both = p_1 * p_2
    # Upon the circle but for rounding: weights that magnify it are told by what is no polynomial.
    inside = [np.maximum(1 - np.abs(one) ** 2, NOISE) for one in (p_1, p_2, both)]
    g = [inside[2] / (inside[0] * inside[1] * np.maximum(np.abs(cross), NOISE) ** 2) + 0j]
    g.append((p_1 + p_2 - both * (p_1 + p_2).conj()) / inside[2] * g[0])
    for _ in _ORDERS[1:]:
        g.append((p_1 + p_2) * g[-1] - both * g[-2])
    series = g[0].real + 2 * sum((phase * each).real for phase, each in zip(phases, g[1:], strict=True))
    found = back * series / ANGLES
    return found, 2 * g[0].real * back * _ALTERNATING.reshape(shape)
