"""Any stack, compiled, by what it reflects: all flows from real energies alone, and no wave that grows.

At every place, whatever is there, let

    ψ = (a + b)/√ν    and    ∂_zψ/M = i√ν (a − b),

with the same ν > 0 everywhere: waves to the right and to the left in a medium of velocity ν and no thickness.
Spin currents Im ψ†σ∂_zψ/M are a†σa − b†σb, and where ψ and ∂_zψ/M are continuous nothing is to be done. A
layer, or a delta, reflects r̂ and lets t̂ through, both diagonal along its axis of spin n. With b = R̂a + β
behind it, β what comes in from the right, and D, Δ the determinants of R̂ and 1 − r̂R̂, before it

    R̂ ← r̂ + t̂Ĝt̂,    β ← (t̂ + t̂Ĝr̂)β,    a = (t̂ + r̂Ĝt̂) a_before + (r̂ + r̂Ĝr̂)β behind it,

where Ĝ = R̂(1 − r̂R̂)⁻¹ = (R̂ − D adj r̂)/Δ. Nothing in this is large but Ĝ, next to a resonance. Along n all
factors of Ĝ are numbers; across it x_+ = Ĝ_+−, x_− = Ĝ_−+ are multiplied by those of either spin, which makes
of a vector G the vectors e G and o iG × n, e and o half the sum and the difference of both products.

In a layer with k_z² = q² let c = cos qd/2, s = sin(qd/2)/q, C = c² − q²s², F and G = cs (νM ± q²/νM); then

    t = 1/(C − iF)    and    r = −iGt;

where waves decay c and s are taken with e^{−κd/2}, t with e^{−κd}. Of a delta t = 1/(1 + iκ/2ν), r = t − 1.
What is even about the middle of a layer has no part in what is odd: of a at its near end and b at its far one

    4ν ∫|ψ|² dz = E|a + b|² + O|a − b|²,    E = 2 (d + 2cs)/(c² + (q²s/νM)²),
                                            O = 2 (d − 2cs)/q²/(s² + (c/νM)²).

At z = 0 [ν(1 − R̂) + K̂(1 + R̂)] a = 2√(νV)χ + (ν − K̂)β with K̂ = V̂ + iκ̂, V̂ the velocities on the left.
"""

from __future__ import annotations

import math
from typing import Any

from sotcheck.engines.compiled.jit import part
from sotcheck.engines.compiled.spinors import cross, plus_i, reciprocal

#: |qd/2|² up to which sin x/x and (1 − sin 2x/2x)/x² are summed, and their coefficients by powers of −x².
SLOW = 0.25
SINE = tuple(1 / math.factorial(2 * n + 1) for n in range(8))
CUBIC = tuple(4**n / math.factorial(2 * n + 3) for n in range(9))


@part
def straight(v: Any, along: complex, up: complex, down: complex, across: complex, n: Any) -> Any:
    """Return a matrix with `up` and `down` along n, and across it as many times v."""
    half = 0.5 * (up - down) - across * along
    return (
        0.5 * (up + down),
        half * n[0] + across * v[1],
        half * n[1] + across * v[2],
        half * n[2] + across * v[3],
    )


@part
def passed(n: Any, r_up: complex, r_down: complex, t_up: complex, t_down: complex, R: Any) -> Any:
    """Return R̂ before something, and what multiplies a, β on its way and β into a."""
    along = n[0] * R[1] + n[1] * R[2] + n[2] * R[3]
    D = R[0] * R[0] - R[1] * R[1] - R[2] * R[2] - R[3] * R[3]
    up, down = R[0] + along - r_down * D, R[0] - along - r_up * D
    over = reciprocal(1 - r_up * up - r_down * (R[0] - along))
    up, down = up * over, down * over
    t_over, tr, rt = t_up * over, t_up * r_down, r_up * t_down
    near = straight(R, along, r_up + t_up * t_up * up, r_down + t_down * t_down * down, t_over * t_down, n)
    half = 0.5 * over
    one, other = t_up + t_up * r_up * up, t_down + t_down * r_down * down
    both = straight(R, along, one, other, half * (tr + rt), n)
    # Across the axis Ĝ_+− takes t_+ r_− on the one side, r_+ t_− on the other.
    odd, turned = half * (tr - rt), cross((R[1], R[2], R[3]), n)
    one, other = r_up + r_up * r_up * up, r_down + r_down * r_down * down
    into = straight(R, along, one, other, over * r_up * r_down, n)
    return near, plus_i(both, odd, turned), plus_i(both, -odd, turned), into


@part
def bands(kinetic: float, mass: float, J: Any, A: Any, kx: float, ky: float) -> Any:
    """Return the axis and the size of the field J + A k, and q² along it and against it."""
    v_0, v_1, v_2 = J[0] + A[0] * kx + A[1] * ky, J[1] + A[2] * kx + A[3] * ky, J[2] + A[4] * kx + A[5] * ky
    size = math.sqrt(v_0 * v_0 + v_1 * v_1 + v_2 * v_2)
    over = 1 / size if size > 0 else 0.0
    return (v_0 * over, v_1 * over, v_2 * over), size, kinetic - mass * size, kinetic + mass * size


@part
def channel(q2: float, cos: float, sin: float, decayed: float, d: float, rate: float) -> Any:
    """Return r and t of a layer for one spin, and E/2 and O/2; e^{−κd} has `decayed` to where waves decay."""
    decays, x = q2 < 0, q2 * d * d / 4
    E = decayed if decays else 1.0
    series = SINE[5] - x * (SINE[6] - x * SINE[7])
    series = SINE[0] - x * (SINE[1] - x * (SINE[2] - x * (SINE[3] - x * (SINE[4] - x * series))))
    s = (0.5 * (1 - decayed) if decays else sin) / math.sqrt(abs(q2))
    c, s = 0.5 * (1 + decayed) if decays else cos, math.sqrt(E) * d / 2 * series if abs(x) < SLOW else s
    cs, part_ = c * s, q2 / rate
    C, F, G = c * c - q2 * s * s, cs * (rate + part_), cs * (rate - part_)
    over = 1 / (C * C + F * F)
    C, F = C * over, F * over
    cubic = CUBIC[5] - x * (CUBIC[6] - x * (CUBIC[7] - x * CUBIC[8]))
    cubic = CUBIC[0] - x * (CUBIC[1] - x * (CUBIC[2] - x * (CUBIC[3] - x * (CUBIC[4] - x * cubic))))
    odd = d * d * d * E * cubic if abs(x) < SLOW else (d * E - 2 * cs) / q2
    even = (d * E + 2 * cs) / (c * c + part_ * part_ * s * s)
    return complex(G * F, -G * C), complex(C * E, F * E), even, odd / (s * s + c * c / (rate * rate))


@part
def weighed(n: Any, weights: Any, own: Any, mutual_: Any) -> float:
    """Return ∫ψ†(σ·n)ψ dz."""
    along = weights[0] * (n[0] * own[1] + n[1] * own[2] + n[2] * own[3]) + weights[1] * own[0]
    across = n[0] * mutual_[1] + n[1] * mutual_[2] + n[2] * mutual_[3]
    return along + weights[2] * across + weights[3] * mutual_[0]


@part
def shared_out(n: Any, over: float, J: Any, gained: Any, S: float) -> Any:
    """Return what a layer's spin-orbit field adds and the torque on it, of what is gained and of S·n."""
    along = (J[0] * gained[0] + J[1] * gained[1] + J[2] * gained[2]) * over
    axial, turned = (J[0] * n[0] + J[1] * n[1] + J[2] * n[2]) * over, cross(n, J)
    torque = (
        n[0] * along - axial * gained[0] + turned[0] * S,
        n[1] * along - axial * gained[1] + turned[1] * S,
        n[2] * along - axial * gained[2] + turned[2] * S,
    )
    return (gained[0] + torque[0], gained[1] + torque[1], gained[2] + torque[2]), torque
