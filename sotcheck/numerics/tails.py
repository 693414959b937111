"""How far rules are off, from the decay of their last coefficients: Fejér's, and the trapezoid's of a period.

What rules integrate wrongly are coefficients beyond those that their nodes resolve. Where these lie under a
geometric envelope, whose last half is known, it goes on: a bound of what is left out, decades below
differences of rules, the coarse ones of which resolve nothing.
"""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np

from sotcheck.numerics.arrays import Array, Complex

#: Windows of resolved coefficients, in each of which the largest counts: zeros of single ones tell nothing.
WINDOWS = 8
#: Relative to the largest, coefficients that need not decay any more: this small they are rounding.
ROUNDING = 1e-12
#: What an envelope may lie below what it stands for.
SAFETY = 6.0


@cache
def _sines(n: int) -> Array:
    """Return the matrix from samples at Fejér's n nodes to coefficients of sin kt, k = 0, …, n."""
    k = np.arange(n + 1)
    found: Array = 2 / (n + 1) * np.sin(np.pi / (n + 1) * np.outer(k, k)) * np.sin(np.pi * k / (n + 1))
    return found[:, 1:]


def fejer_tails(samples: Array, slowest: Any = 0.0) -> Array:
    """Return what Fejér's rule on [0, 1] leaves out of samples (many, n, some, ...), at worst; inf if flat.

    With s = (1 − cos t)/2 and f sin t = Σ b_k sin kt the rule integrates b_k/k; and it takes any beyond n for
    that of 2(n + 1) − k, hence b_k (1/k + 1/(2n + 2 − k)): about 2/n each. They fall off by a factor of
    `slowest` each, or by a larger one that broadcasts.
    """
    number, n, *rest = samples.shape
    b = np.abs(_sines(n) @ samples.reshape(number, n, -1))
    last, decay, noise = _envelope(b.reshape(number, -1, *rest[1:]))
    each = np.maximum(decay ** (WINDOWS / n), slowest)
    decay = each ** (n / WINDOWS)
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
    last, decay, noise = (one[0] for one in _envelope(c[None]))
    found: Array = 2 * np.minimum(np.where(decay < 1, SAFETY * last * decay**WINDOWS, np.inf), noise)
    return found


@cache
def circle(points: int) -> Complex:
    """Return points on the unit circle."""
    found: Complex = np.exp(2j * np.pi * np.arange(points) / points)
    return found


@cache
def last_harmonics(points: int, tail: int) -> Complex:
    """Return the matrix from values at points of a circle to the last of their harmonics at either end."""
    turns = np.outer(np.arange(points), points // 2 + np.arange(-tail, tail)) % points
    found: Complex = circle(points)[turns].conj() / points
    return found


def _envelope(sizes: Array) -> tuple[Array, Array, Array]:
    """Return where envelopes of coefficients (many, n, ...) end, their decay, and noise, inf if none."""
    largest = sizes.reshape(len(sizes), WINDOWS, -1, *sizes.shape[2:]).max(axis=2)
    envelope = np.moveaxis(np.maximum.accumulate(largest[:, ::-1], axis=1), 1, 0)[::-1]
    half, later, last = envelope[[WINDOWS // 2 - 1, 3 * WINDOWS // 4 - 1, WINDOWS - 1]]
    tiny = float(np.finfo(float).tiny)
    # The slower of its last two quarters stands for all that follow.
    decay = np.maximum(last / np.maximum(later, tiny), later / np.maximum(half, tiny)) ** (4 / WINDOWS)
    first = envelope[0].max(axis=tuple(range(1, last.ndim)), keepdims=True, initial=0.0)
    noise = np.where(last <= ROUNDING * first, last, np.inf)
    return last, decay, noise
