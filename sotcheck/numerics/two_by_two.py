"""2×2 matrices as arrays (2, 2, ...): many small products without a call for each."""

from __future__ import annotations

from typing import Any

import numpy as np

from sotcheck.numerics.arrays import Complex


def product(a: Complex, b: Complex, out: Complex | None = None) -> Complex:
    """Return a @ b; all other axes broadcast, and are as many."""
    found: Complex = np.multiply(a[:, 0, None], b[0], out=out)
    found += a[:, 1, None] * b[1]
    return found


def determinant(a: Complex) -> Complex:
    """Return the determinant."""
    found: Complex = a[0, 0] * a[1, 1] - a[0, 1] * a[1, 0]
    return found


def inverse(a: Complex, reciprocal: Complex | None = None) -> Complex:
    """Return the inverse, by the adjugate; `reciprocal` is one over the determinant, if known."""
    factor = 1 / determinant(a) if reciprocal is None else reciprocal
    out = np.empty_like(a)
    np.multiply(a[1, 1], factor, out=out[0, 0])
    np.multiply(a[0, 0], factor, out=out[1, 1])
    factor = -factor
    np.multiply(a[0, 1], factor, out=out[0, 1])
    np.multiply(a[1, 0], factor, out=out[1, 0])
    return out


def along(values: Any, axis: Any) -> Complex:
    """Return what has the eigenvalues `values` (2, ...) for spin along and against an axis (3, ...)."""
    half = 0.5 * (values[0] - values[1])
    mean, field = 0.5 * (values[0] + values[1]), half * axis
    up = mean + field[2]
    out = np.empty((2, 2, *up.shape), dtype=complex)
    out[0, 0] = up
    np.subtract(mean, field[2], out=out[1, 1])
    if np.iscomplexobj(field):
        across = 1j * field[1]
        np.subtract(field[0], across, out=out[0, 1])
        np.add(field[0], across, out=out[1, 0])
    else:
        out[0, 1].real = out[1, 0].real = field[0]
        out[1, 0].imag = field[1]
        np.negative(field[1], out=out[0, 1].imag)
    return out


def vector_along(values: Any, axis: Any) -> Complex:
    """Return the same as a + v·σ, (4, ...) of a and v."""
    half = 0.5 * (values[0] - values[1])
    out = np.empty((4, *np.broadcast_shapes(half.shape, axis.shape[1:])), dtype=complex)
    np.add(values[0], values[1], out=out[0])
    out[0] *= 0.5
    np.multiply(half, axis, out=out[1:])
    return out


def matrix_of(scalar: Any, vector: Any) -> Complex:
    """Return a + v·σ as matrices."""
    out = np.empty((2, 2, *vector.shape[1:]), dtype=complex)
    across = 1j * vector[1]
    np.add(scalar, vector[2], out=out[0, 0])
    np.subtract(scalar, vector[2], out=out[1, 1])
    np.subtract(vector[0], across, out=out[0, 1])
    np.add(vector[0], across, out=out[1, 0])
    return out


def dot(a: Any, b: Any) -> Any:
    """Return a·b of vectors (3, ...)."""
    found = a[0] * b[0]
    found += a[1] * b[1]
    found += a[2] * b[2]
    return found


def cross(a: Any, b: Any) -> Any:
    """Return a × b of vectors (3, ...)."""
    first = a[1] * b[2]
    found = np.empty((3, *first.shape), dtype=first.dtype)
    np.subtract(first, a[2] * b[1], out=found[0])
    np.subtract(a[2] * b[0], a[0] * b[2], out=found[1])
    np.subtract(a[0] * b[1], a[1] * b[0], out=found[2])
    return found
