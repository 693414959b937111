"""Spinors, vectors and 2×2 matrices M_0 + M·σ as tuples of numbers: the words of compiled formulas.

Two columns are four numbers: up and down of the one, then of the other.
"""

from __future__ import annotations

import math
from typing import Any

from sotcheck.engines.compiled.jit import part


@part
def velocity(q2: float, mass: float) -> complex:
    """Return √q²/M, with either sign of q²."""
    size = math.sqrt(abs(q2)) / mass
    return complex(size if q2 > 0 else 0.0, 0.0 if q2 > 0 else size)


@part
def reciprocal(z: complex) -> complex:
    """Return 1/z."""
    return z.conjugate() * (1 / (z.real * z.real + z.imag * z.imag))


@part
def pauli(up: complex, down: complex, n: Any) -> Any:
    """Return what has these values for spin along n and against it."""
    half = 0.5 * (up - down)
    return 0.5 * (up + down), half * n[0], half * n[1], half * n[2]


@part
def plus_i(M: Any, factor: complex, v: Any) -> Any:
    """Return M + i factor v·σ."""
    turn = complex(-factor.imag, factor.real)
    return M[0], M[1] + turn * v[0], M[2] + turn * v[1], M[3] + turn * v[2]


@part
def times(M: Any, up: complex, down: complex) -> Any:
    """Return a matrix M_0 + M·σ times a spinor."""
    across = complex(-M[2].imag, M[2].real)
    return (M[0] + M[3]) * up + (M[1] - across) * down, (M[1] + across) * up + (M[0] - M[3]) * down


@part
def both_times(M: Any, a: Any) -> Any:
    """Return a matrix times two columns."""
    up, down = times(M, a[0], a[1])
    other_up, other_down = times(M, a[2], a[3])
    return up, down, other_up, other_down


@part
def add(a: Any, b: Any) -> Any:
    """Return the sum of two pairs of columns."""
    return a[0] + b[0], a[1] + b[1], a[2] + b[2], a[3] + b[3]


@part
def cross(a: Any, b: Any) -> Any:
    """Return a × b."""
    return a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]


@part
def difference(a: Any, b: Any) -> Any:
    """Return a − b."""
    return a[0] - b[0], a[1] - b[1], a[2] - b[2]


@part
def less(a: Any, b: Any) -> Any:
    """Return a − b of what `spin` returns, its vector alone."""
    return a[1] - b[1], a[2] - b[2], a[3] - b[3]


@part
def spin(up: complex, down: complex) -> Any:
    """Return a†a and a†σa."""
    uu, dd = up.real * up.real + up.imag * up.imag, down.real * down.real + down.imag * down.imag
    across = up.conjugate() * down
    return uu + dd, 2 * across.real, 2 * across.imag, uu - dd


@part
def mutual(a_up: complex, a_down: complex, b_up: complex, b_down: complex) -> Any:
    """Return 2 Re a†b and 2 Re a†σb."""
    uu = a_up.real * b_up.real + a_up.imag * b_up.imag
    dd = a_down.real * b_down.real + a_down.imag * b_down.imag
    x = a_up.real * b_down.real + a_up.imag * b_down.imag + a_down.real * b_up.real + a_down.imag * b_up.imag
    y = a_up.real * b_down.imag - a_up.imag * b_down.real - a_down.real * b_up.imag + a_down.imag * b_up.real
    return 2 * (uu + dd), 2 * x, 2 * y, 2 * (uu - dd)


@part
def plus(a: Any, b: Any) -> Any:
    """Return a + b of what `spin` returns."""
    return a[0] + b[0], a[1] + b[1], a[2] + b[2], a[3] + b[3]


@part
def all_spins(a: Any, b: Any) -> Any:
    """Return what `spin` returns by source, of columns from the left (a) and from the right (b)."""
    return plus(spin(a[0], a[1]), spin(a[2], a[3])), spin(b[0], b[1]), spin(b[2], b[3])


@part
def all_mutual(a: Any, b: Any, c: Any, d: Any) -> Any:
    """Return what `mutual` returns by source, of columns from the left a, c and from the right b, d."""
    left = plus(mutual(a[0], a[1], c[0], c[1]), mutual(a[2], a[3], c[2], c[3]))
    return left, mutual(b[0], b[1], d[0], d[1]), mutual(b[2], b[3], d[2], d[3])
