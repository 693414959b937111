"""All flows of any structure at once, as `ports` says: from the far end to the near one, then back."""

from __future__ import annotations

import math
from typing import Any

from sotcheck.engines.compiled.jit import part
from sotcheck.engines.compiled.ports import bands, channel, passed, shared_out, weighed
from sotcheck.engines.compiled.rows import (
    ADDED,
    AFTER,
    ARRIVING,
    AXIS,
    BEFORE,
    BETA,
    COLUMNS,
    CURRENT,
    EXTRA,
    FLOWS,
    INSIDE,
    K_PERP,
    K_X,
    K_Y,
    LANES,
    MORE,
    ONWARD,
    SIZE,
    TAKEN,
    THROUGH,
    TRIG,
    WEIGHTS,
    get,
    get_vectors,
    put,
    put_vectors,
)  # fmt: skip
from sotcheck.engines.compiled.spinors import (
    add,
    all_mutual,
    all_spins,
    both_times,
    cross,
    difference,
    less,
    pauli,
    plus,
    plus_i,
    reciprocal,
    velocity,
)  # fmt: skip
from sotcheck.numerics.arrays import Array


@part
def numbers_of(parts: Array, n: int) -> Any:
    """Return energies or lengths, exchange vector and spin-orbit matrix of a layer or an interface."""
    p = parts[n]
    return (p[0], p[1], p[2]), (p[3], p[4], p[5]), (p[6], p[7], p[8], p[9], p[10], p[11])


@part
def half_space(region: Any, k_perp: float, nu: float) -> Any:
    """Return the velocities of both bands, and 2√(νV)χ of both columns, the majority's first."""
    (kinetic, mass, J), _, (a, b, c, d, e, f, g, h) = region
    x = k_perp * k_perp
    up, down = velocity(kinetic - mass * J - x, mass), velocity(kinetic + mass * J - x, mass)
    one, other = 2 * math.sqrt(nu * down.real), 2 * math.sqrt(nu * up.real)
    columns = complex(a, b) * one, complex(c, d) * one, complex(e, f) * other, complex(g, h) * other
    return up, down, columns


@part
def begin(w: Array, right: Any, nu: float) -> None:
    """Write what is behind the last interface."""
    for lane in range(LANES):
        up, down, columns = half_space(right, w[K_PERP, lane], nu)
        over_up, over_down = reciprocal(nu + up), reciprocal(nu + down)
        put(w, AFTER, lane, pauli((nu - up) * over_up, (nu - down) * over_down, right[1]))
        a, b, c, d = columns
        put(w, BETA, lane, (a * over_down, b * over_down, c * over_up, d * over_up))


@part
def delta_passed(w: Array, delta: Any, nu: float) -> None:
    """Go from behind an interface to before it."""
    (u_0, _, _), u, A = delta
    for lane in range(LANES):
        axis, size, _, _ = bands(0.0, 1.0, u, A, w[K_X, lane], w[K_Y, lane])
        up, down = (u_0 + size) / (2 * nu), (u_0 - size) / (2 * nu)
        over, other = 1 / (1 + up * up), 1 / (1 + down * down)
        r_up, t_up = complex(-up * up * over, -up * over), complex(over, -up * over)
        r_down, t_down = complex(-down * down * other, -down * other), complex(other, -down * other)
        beta = get(w, BETA, lane)
        near, onward, back, into = passed(axis, r_up, r_down, t_up, t_down, get(w, AFTER, lane))
        put(w, BEFORE, lane, near)
        put(w, ARRIVING, lane, both_times(back, beta))
        put(w, THROUGH, lane, onward)
        put(w, MORE, lane, both_times(into, beta))


@part
def layer_passed(w: Array, layer: Any, nu: float) -> None:
    """Go from before an interface through the layer to behind the one before it."""
    (kinetic, mass, d), J, A = layer
    for lane in range(LANES):
        x = w[K_PERP, lane] * w[K_PERP, lane]
        axis, size, q2, p2 = bands(kinetic - x, mass, J, A, w[K_X, lane], w[K_Y, lane])
        up, down = (TRIG, TRIG + 2, TRIG + 4), (TRIG + 1, TRIG + 3, TRIG + 5)
        r_up, t_up, E_up, O_up = channel(q2, w[up[0], lane], w[up[1], lane], w[up[2], lane], d, nu * mass)
        r_down, t_down, E_down, O_down = channel(
            p2, w[down[0], lane], w[down[1], lane], w[down[2], lane], d, nu * mass
        )
        beta = get(w, ARRIVING, lane)
        near, onward, back, into = passed(axis, r_up, r_down, t_up, t_down, get(w, BEFORE, lane))
        put(w, AFTER, lane, near)
        put(w, BETA, lane, both_times(back, beta))
        put(w, ONWARD, lane, onward)
        put(w, EXTRA, lane, both_times(into, beta))
        w[AXIS, lane], w[AXIS + 1, lane], w[AXIS + 2, lane] = axis
        w[SIZE, lane] = size
        own_up, own_down, mixed_up, mixed_down = E_up + O_up, E_down + O_down, E_up - O_up, E_down - O_down
        w[WEIGHTS, lane], w[WEIGHTS + 1, lane] = (
            (own_up + own_down) / (4 * nu),
            (own_up - own_down) / (4 * nu),
        )
        w[WEIGHTS + 2, lane] = (mixed_up + mixed_down) / (4 * nu)
        w[WEIGHTS + 3, lane] = (mixed_up - mixed_down) / (4 * nu)


@part
def beyond(a: Any, a_right: Any, b: Any, b_right: Any, field: Any, u: Any, nu: float) -> Any:
    """Return the spin currents behind an interface, and what its field adds and its magnetism takes."""
    A, B = all_spins(a, a_right), all_spins(b, b_right)
    current = less(A[0], B[0]), less(A[1], B[1]), less(A[2], B[2])
    psi = all_spins(add(a, b), add(a_right, b_right))
    w, v = (field[0] / nu, field[1] / nu, field[2] / nu), (-u[0] / nu, -u[1] / nu, -u[2] / nu)
    s, S, T = (
        (psi[0][1], psi[0][2], psi[0][3]),
        (psi[1][1], psi[1][2], psi[1][3]),
        (psi[2][1], psi[2][2], psi[2][3]),
    )
    return current, (cross(w, s), cross(w, S), cross(w, T)), (cross(v, s), cross(v, S), cross(v, T))


@part
def enter(w: Array, left: Any, delta: Any, nu: float) -> None:
    """Write the columns behind the first interface, and its flows."""
    (u_0, _, _), u, A = delta
    for lane in range(LANES):
        kx, ky = w[K_X, lane], w[K_Y, lane]
        field = (A[0] * kx + A[1] * ky, A[2] * kx + A[3] * ky, A[4] * kx + A[5] * ky)
        up, down, given = half_space(left, w[K_PERP, lane], nu)
        V = pauli(up, down, left[1])
        K = (
            V[0] + complex(0.0, u_0),
            V[1] + complex(0.0, u[0] + field[0]),
            V[2] + complex(0.0, u[1] + field[1]),
            V[3] + complex(0.0, u[2] + field[2]),
        )
        R, beta, less_nu = get(w, AFTER, lane), get(w, BETA, lane), K[0] - nu
        P = (
            nu + K[0] + less_nu * R[0] + K[1] * R[1] + K[2] * R[2] + K[3] * R[3],
            K[1] + less_nu * R[1] + R[0] * K[1],
            K[2] + less_nu * R[2] + R[0] * K[2],
            K[3] + less_nu * R[3] + R[0] * K[3],
        )
        P = plus_i(P, complex(1.0, 0.0), cross((K[1], K[2], K[3]), (R[1], R[2], R[3])))
        over = reciprocal(P[0] * P[0] - P[1] * P[1] - P[2] * P[2] - P[3] * P[3])
        inverse = (P[0] * over, -P[1] * over, -P[2] * over, -P[3] * over)
        a = both_times(inverse, given)
        a_right = both_times(inverse, both_times((-less_nu, -K[1], -K[2], -K[3]), beta))
        b, b_right = both_times(R, a), add(both_times(R, a_right), beta)
        # Before it the slope is that of what comes in and of what leaves.
        psi, psi_right, leaves = add(a, b), add(a_right, b_right), (-V[0], -V[1], -V[2], -V[3])
        slope, slope_right = add(given, both_times(leaves, psi)), both_times(leaves, psi_right)
        N, U, D = all_mutual(psi, psi_right, slope, slope_right)
        half = 0.5 / nu
        before = (
            (half * N[1], half * N[2], half * N[3]),
            (half * U[1], half * U[2], half * U[3]),
            (half * D[1], half * D[2], half * D[3]),
        )
        current, gained, taken = beyond(a, a_right, b, b_right, field, u, nu)
        put(w, COLUMNS, lane, a)
        put(w, COLUMNS + 8, lane, a_right)
        put_vectors(w, FLOWS, lane, before)
        put_vectors(w, CURRENT, lane, current)
        put_vectors(w, ADDED, lane, gained)
        put_vectors(w, TAKEN, lane, taken)


@part
def arrive(w: Array, layer: Any) -> None:
    """Write columns and currents before an interface, and what the layer before it adds and takes."""
    _, J, _ = layer
    for lane in range(LANES):
        T, R = get(w, ONWARD, lane), get(w, BEFORE, lane)
        last, last_right = get(w, COLUMNS, lane), get(w, COLUMNS + 8, lane)
        a, a_right = both_times(T, last), add(both_times(T, last_right), get(w, EXTRA, lane))
        b, b_right = both_times(R, a), add(both_times(R, a_right), get(w, ARRIVING, lane))
        A, B = all_spins(a, a_right), all_spins(b, b_right)
        N, U, D = less(A[0], B[0]), less(A[1], B[1]), less(A[2], B[2])
        before = get_vectors(w, CURRENT, lane)
        A, X = all_spins(last, last_right), all_mutual(last, last_right, b, b_right)
        n, over = (w[AXIS, lane], w[AXIS + 1, lane], w[AXIS + 2, lane]), w[SIZE, lane]
        over = 1 / over if over > 0 else 0.0
        W = w[WEIGHTS, lane], w[WEIGHTS + 1, lane], w[WEIGHTS + 2, lane], w[WEIGHTS + 3, lane]
        S = weighed(n, W, plus(A[0], B[0]), X[0])
        N_added, N_taken = shared_out(n, over, J, difference(N, before[0]), S)
        S = weighed(n, W, plus(A[1], B[1]), X[1])
        U_added, U_taken = shared_out(n, over, J, difference(U, before[1]), S)
        S = weighed(n, W, plus(A[2], B[2]), X[2])
        D_added, D_taken = shared_out(n, over, J, difference(D, before[2]), S)
        put(w, COLUMNS, lane, a)
        put(w, COLUMNS + 8, lane, a_right)
        put_vectors(w, FLOWS, lane, (N, U, D))
        put_vectors(w, CURRENT, lane, (N, U, D))
        put_vectors(w, INSIDE, lane, (N_added, U_added, D_added))
        put_vectors(w, INSIDE + 9, lane, (N_taken, U_taken, D_taken))


@part
def go_through(w: Array, delta: Any, nu: float) -> None:
    """Write the columns behind an interface, and its flows but the current before it."""
    _, u, A = delta
    for lane in range(LANES):
        kx, ky = w[K_X, lane], w[K_Y, lane]
        field = (A[0] * kx + A[1] * ky, A[2] * kx + A[3] * ky, A[4] * kx + A[5] * ky)
        T, R = get(w, THROUGH, lane), get(w, AFTER, lane)
        a = both_times(T, get(w, COLUMNS, lane))
        a_right = add(both_times(T, get(w, COLUMNS + 8, lane)), get(w, MORE, lane))
        b, b_right = both_times(R, a), add(both_times(R, a_right), get(w, BETA, lane))
        current, gained, taken = beyond(a, a_right, b, b_right, field, u, nu)
        put(w, COLUMNS, lane, a)
        put(w, COLUMNS + 8, lane, a_right)
        put_vectors(w, CURRENT, lane, current)
        put_vectors(w, ADDED, lane, gained)
        put_vectors(w, TAKEN, lane, taken)
