"""How far rules are off, from the decay of their last coefficients: Fejér's, and the trapezoid's of a period.

What rules integrate wrongly are coefficients beyond those that their nodes resolve. Where these lie under a
geometric envelope, whose last half is known, it goes on: a bound of what is left out, decades below
differences of rules, the coarse ones of which resolve nothing.
"""

from __future__ import annotations

from functools import cache

import numpy as np

from sotcheck.numerics.arrays import Array

#: Windows of resolved coefficients, in each of which the largest counts: zeros of single ones tell nothing.
WINDOWS = 8
#: Relative to the largest, coefficients that need not decay any more: this small they are rounding.
ROUNDING = 1e-12
#: What an envelope may lie below what it stands for.
SAFETY = 4.0


@cache
def _sines(n: int) -> Array:
    """Return the matrix from samples at Fejér's n nodes to coefficients of sin kt, k = 1, …, n."""
    k = np.arange(1, n + 1)
    found: Array = 2 / (n + 1) * np.sin(np.pi / (n + 1) * np.outer(k, k)) * np.sin(np.pi * k / (n + 1))
    return found


def fejer_tail(samples: Array) -> float:
    """Return what Fejér's rule on [0, 1] leaves out of any component, of samples (n, ...); inf if unknown.

    With s = (1 − cos t)/2 and f sin t = Σ b_k sin kt the rule integrates b_k/k; and it takes any beyond n for
    that of 2(n + 1) − k, hence b_k (1/k + 1/(2n + 2 − k)): about 2/n each.
    """
    n = len(samples)
    b = np.abs(_sines(n) @ samples.reshape(n, -1)).max(axis=1)
    return float(_beyond(np.append(0.0, b), WINDOWS + 1)) * 2 / WINDOWS


def period_tail(samples: Array) -> float:
    """Return what equidistant nodes leave out of any mean over a period; samples (n, ...).

    With f = Σ c_m exp(imφ) these are c_n, c_2n, …, and c_−n, …, of which those up to n/2 are resolved.
    """
    n = len(samples)
    c = np.abs(np.fft.rfft(samples.reshape(n, -1), axis=0)).max(axis=1) / n
    return 2 * float(_beyond(c[1:], 2 * WINDOWS)) if n >= 2 * WINDOWS else np.inf


def _beyond(sizes: Array, window: int) -> float:
    """Return what an envelope of the coefficients sums up to from a window on, one for each; inf if flat."""
    largest = sizes.reshape(WINDOWS, -1).max(axis=1)
    envelope = np.maximum.accumulate(largest[::-1])[::-1]
    half, later, last = envelope[[WINDOWS // 2 - 1, 3 * WINDOWS // 4 - 1, WINDOWS - 1]]
    if last <= ROUNDING * envelope[0]:
        return SAFETY * float(last)
    # The slower of its last two quarters stands for all that follow.
    decay = max(last / later, later / half) ** (4 / WINDOWS)
    if decay >= 1:
        return np.inf
    return SAFETY * float(half * decay ** (window - WINDOWS // 2) / (1 - decay))
