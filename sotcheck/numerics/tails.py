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
SAFETY = 6.0


@cache
def _sines(n: int) -> Array:
    """Return the matrix from samples at Fejér's n nodes to coefficients of sin kt, k = 1, …, n."""
    k = np.arange(1, n + 1)
    found: Array = 2 / (n + 1) * np.sin(np.pi / (n + 1) * np.outer(k, k)) * np.sin(np.pi * k / (n + 1))
    return found


def fejer_tail(samples: Array) -> Array:
    """Return what Fejér's rule on [0, 1] leaves out of samples (n, some, ...), at worst; inf if flat.

    With s = (1 − cos t)/2 and f sin t = Σ b_k sin kt the rule integrates b_k/k; and it takes any beyond n for
    that of 2(n + 1) − k, hence b_k (1/k + 1/(2n + 2 − k)): about 2/n each.
    """
    n = len(samples)
    b = np.abs(np.tensordot(_sines(n), samples, 1)).max(axis=1)
    last, decay, noise = _envelope(np.concatenate([0 * b[:1], b]))
    each = decay ** (WINDOWS / n)
    left = np.full_like(last, np.inf)
    np.divide(2 / n * last * decay, 1 - each, out=left, where=each < 1)
    found: Array = np.minimum(SAFETY * left, noise)
    return found


def period_tail(samples: Array) -> Array:
    """Return what equidistant nodes leave out of the mean over a period, of samples (n, ...).

    With f = Σ c_m exp(imφ) these are c_n, c_2n, …, and c_−n, …, of which those up to n/2 are resolved.
    """
    c = np.abs(np.fft.rfft(samples, axis=0, norm="forward"))[1:]
    if len(c) < WINDOWS:
        return np.full(samples.shape[1:], np.inf)
    last, decay, noise = _envelope(c)
    found: Array = 2 * np.minimum(np.where(decay < 1, SAFETY * last * decay**WINDOWS, np.inf), noise)
    return found


def _envelope(sizes: Array) -> tuple[Array, Array, Array]:
    """Return where an envelope of coefficients (n, ...) ends, its decay a window; and, inf if none, noise."""
    largest = sizes.reshape(WINDOWS, -1, *sizes.shape[1:]).max(axis=1)
    envelope = np.maximum.accumulate(largest[::-1])[::-1]
    half, later, last = envelope[[WINDOWS // 2 - 1, 3 * WINDOWS // 4 - 1, WINDOWS - 1]]
    tiny = float(np.finfo(float).tiny)
    # The slower of its last two quarters stands for all that follow.
    decay = np.maximum(last / np.maximum(later, tiny), later / np.maximum(half, tiny)) ** (4 / WINDOWS)
    noise = np.where(last <= ROUNDING * envelope[0].max(initial=0.0), last, np.inf)
    return last, decay, noise
