"""One interface on a normal metal: the closed form of `matching`, in the frame whose third spin axis is m.

There K̂_z is diagonal, κ̂ = u_0 + v·σ with v = u_m ẑ + w, and ψ(0) is 2i√k_z c or d of waves from N, 2i√K_+ c
of a minority, 2i√K_− d of a majority wave, c and d the columns of M⁻¹ = (iK̂_z + ik_z − κ̂)⁻¹,

    M⁻¹ = ⎛ B            v_1 − i v_2 ⎞ / (AB − v_1² − v_2²)    A = i(k_z + K_+) − u_0 − v_3
          ⎝ v_1 + i v_2            A ⎠                         B = i(k_z + K_−) − u_0 + v_3.

Spin currents are those of each column, s = ψ†σψ and j = Re ψ†σK̂ψ, and of what comes in against it; w × s is
added by the spin-orbit field, −u_m m × s taken by magnetism.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from sotcheck.engines.compiled.jit import kept, part
from sotcheck.engines.compiled.rows import (
    ADDED,
    CURRENT,
    FLOWS,
    K_PERP,
    K_X,
    K_Y,
    LANES,
    ROWS,
    TAKEN,
    emit,
    gather,
    put_vectors,
)  # fmt: skip
from sotcheck.engines.compiled.spinors import cross, reciprocal, velocity
from sotcheck.numerics.arrays import Array


@part
def column(down: complex, up: complex, K_down: complex, K_up: complex) -> Any:
    """Return ψ†σψ and Re ψ†σK̂ψ of a column."""
    across = down * up.conjugate()
    carried = (K_down + K_up.conjugate()) * across
    dd, uu = down.real * down.real + down.imag * down.imag, up.real * up.real + up.imag * up.imag
    s = 2 * across.real, -2 * across.imag, dd - uu
    return s, (carried.real, -carried.imag, K_down.real * dd - K_up.real * uu)


@part
def turned(axes: Any, a: Any, b: Any, c: Any) -> Any:
    """Return vectors in the frame of m along x, y and z."""
    x, y, z = axes
    return (
        (dot(x, a), dot(y, a), dot(z, a)),
        (dot(x, b), dot(y, b), dot(z, b)),
        (dot(x, c), dot(y, c), dot(z, c)),
    )


@part
def dot(a: Any, b: Any) -> float:
    """Return a·b."""
    return a[0] * b[0] + a[1] * b[1] + a[2] * b[2]


@part
def times(a: float, b: Any) -> Any:
    """Return a vector, a times as long."""
    return a * b[0], a * b[1], a * b[2]


@part
def summed(a: Any, b: Any) -> Any:
    """Return a + b."""
    return a[0] + b[0], a[1] + b[1], a[2] + b[2]


@kept
def closed_form(
    out: Array, start: int, stop: int, given: Any, left: Any, right: Any, delta: Any, axes: Any
) -> None:
    """Write the flows of problems from one on and up to another one, (36, problems)."""
    (E_N, mass_N), (E_F, mass, J), (u_0, u_m, A) = left, right, delta
    w = np.zeros((ROWS, LANES))
    for first in range(start, stop, LANES):
        many = min(LANES, stop - first)
        gather(w, first, many, given)
        for lane in range(LANES):
            x, kx, ky = w[K_PERP, lane] * w[K_PERP, lane], w[K_X, lane], w[K_Y, lane]
            k, K_down, K_up = (
                velocity(E_N - x, mass_N),
                velocity(E_F - J - x, mass),
                velocity(E_F + J - x, mass),
            )
            field = A[0] * kx + A[1] * ky, A[2] * kx + A[3] * ky, A[4] * kx + A[5] * ky
            v_1, v_2, v_3 = field[0], field[1], field[2] + u_m
            M_A, M_B = 1j * (k + K_down) - (u_0 + v_3), 1j * (k + K_up) - (u_0 - v_3)
            inverse = reciprocal(M_A * M_B - (v_1 * v_1 + v_2 * v_2))
            c_down, c_up = M_B * inverse, complex(v_1, v_2) * inverse
            d_down, d_up = complex(v_1, -v_2) * inverse, M_A * inverse
            s_c, j_c = column(c_down, c_up, K_down, K_up)
            s_d, j_d = column(d_down, d_up, K_down, K_up)
            from_N, from_up, from_down = 4 * k.real, 4 * K_up.real, 4 * K_down.real
            N, U, D = times(from_N, summed(s_c, s_d)), times(from_up, s_d), times(from_down, s_c)
            trace = (c_up + d_down).imag, (d_down - c_up).real, (c_down - d_up).imag
            into_up = d_down.imag, d_down.real, -d_up.imag
            into_down = c_up.imag, -c_up.real, c_down.imag
            before = summed(times(-from_N, trace), times(-k.real, N)), times(-k.real, U), times(-k.real, D)
            put_vectors(w, FLOWS, lane, turned(axes, before[0], before[1], before[2]))
            plus = times(from_N, summed(j_c, j_d))
            plus_up, plus_down = (
                times(from_up, summed(j_d, into_up)),
                times(from_down, summed(j_c, into_down)),
            )
            put_vectors(w, CURRENT, lane, turned(axes, plus, plus_up, plus_down))
            put_vectors(w, ADDED, lane, turned(axes, cross(field, N), cross(field, U), cross(field, D)))
            m = 0.0, 0.0, -u_m
            put_vectors(w, TAKEN, lane, turned(axes, cross(m, N), cross(m, U), cross(m, D)))
        emit(out, 0, first, w, FLOWS, 36, many)
