"""The torque of a bare interface at one k_⊥, from the contract's formula: the angle in closed form.

At the interface ψ(0) = D⁻¹ 2iK̂ ψ_in with D = i(K̂ + k) - κ̂ (from F; k for K̂ in front from N), K̂ and k
being the wave numbers of F and N, κ̂ = u_0 + u_m σ·m + σ·w and w = h k×ẑ. All flows follow from ρ = Σ ψψ†
= D⁻¹ V D⁻†, with V = 4k of `normal`, and 4K_s times the projector of spin s of the others. With D = d_0 +
d·σ, d = βm - w and β = i(K_+ - K_-)/2 - u_m: det D = P + Q sin θ, θ being the angle between k and m's own
in the plane. Spins are taken along (m, f, e), where e = ẑ×m/m_∥ lies in the plane and f = e×m; there w =
h k_⊥ (m_∥ sin θ, m_z sin θ, -cos θ).

On real k_⊥ a conjugate is that of an analytic function: every wave number's is itself where it is real,
and minus itself where it is a decay constant times i. That function is the `twin`, the second of each
pair.
"""

from __future__ import annotations

from dataclasses import dataclass

from flint import acb, arb

I = acb(0, 1)  # noqa: E741 (as in the formulas)
Pair = tuple[acb, acb]
#: Of `_root`, for a determinant and its twin.
Signs = tuple[int, int]
#: Numbers of each source in what `flows` returns: spin density, what the Rashba term adds, spin current.
NUMBERS = 9


@dataclass(frozen=True)
class Waves:
    """Wave numbers over masses, each with its twin: k of N, K_+ (minority) and K_- (majority) of F.

    `speeds` are those of open channels over `common`, and 0 of others: where all open channels close at
    the same k_⊥ `common` is their wave number without mass, elsewhere 1.
    """

    k: Pair
    plus: Pair
    minus: Pair
    common: acb
    speeds: tuple[acb, acb, acb]


@dataclass(frozen=True)
class Bare:
    """u_0, u_m, h, and of m: m_∥, m_z, cosine and sine of its angle in the plane."""

    u_0: arb
    u_m: arb
    h: arb
    m_par: arb
    m_z: arb
    cos_m: arb
    sin_m: arb


def moments(P: Pair, Q: Pair, common: acb, wronskian: acb, signs: Signs) -> tuple[acb, acb, acb, acb]:
    """Return `common` times the means over θ of sinⁿθ / (det · twin), n = 0 … 3, det = P + Q sin θ.

    det = c (1 - iαζ)(1 + iα/ζ) with ζ = exp iθ, c = (P + S)/2, α = Q/(P + S) and S = √(P² - Q²) = P√(1 -
    (Q/P)²): the principal root, which has its cut where det vanishes for some real θ, and only there, so
    that |α| < 1. With h_n the coefficients of 1/((1 - αx)(1 - α'x)) the means of ζ^m are (-i)^|m| Σ h_n
    h_{n+|m|} / cc': the first in closed form, others by the recurrence of h_n. The first is also (QS' -
    Q'S)/SS'(QP' - Q'P), by partial fractions; `wronskian` is (QP' - Q'P)/`common`, a number where all
    channels close.
    """
    S = [p * _root(1 - (q / p) ** 2, sign) for p, q, sign in zip(P, Q, signs, strict=True)]
    c = (P[0] + S[0]) * (P[1] + S[1]) / 4
    alpha = [q / (p + s) for p, q, s in zip(P, Q, S, strict=True)]
    e1, e2 = alpha[0] + alpha[1], alpha[0] * alpha[1]
    R0 = common * (1 + e2) / (c * (1 - alpha[0] ** 2) * (1 - alpha[1] ** 2) * (1 - e2))
    if not R0.is_finite():
        R0 = (Q[0] * S[1] - Q[1] * S[0]) / (S[0] * S[1] * wronskian)
    R1 = e1 * R0 / (1 + e2)
    R2 = e1 * R1 - e2 * R0
    R3 = e1 * R2 - e2 * R1
    return R0, -R1, (R0 + R2) / 2, -(3 * R1 + R3) / 4


def _root(square: acb, sign: int) -> acb:
    """Return the root with its cut along negative numbers, or (sign ±1) along positive ones."""
    return square.sqrt(analytic=True) if sign == 0 else sign * I * (-square).sqrt(analytic=True)


def signs_of(P: Pair, Q: Pair) -> Signs:
    """Return the signs with which `_root` is the principal one, at a real k_⊥."""
    found = [-(((q / p) ** 2 - 1).sqrt().imag) for p, q in zip(P, Q, strict=True)]
    one, other = (1 if part > 0 else -1 if part < 0 else 0 for part in found)
    return one, other


def linear_moments(P: Pair, Q: Pair, common: acb) -> tuple[acb, acb, acb, acb]:
    """Return the same to first order in Q."""
    R0 = common / (P[0] * P[1])
    return R0, -(Q[0] / P[0] + Q[1] / P[1]) * R0 / 2, R0 / 2, acb(0)


def determinant(
    iface: Bare, k_perp: acb, waves: Waves, *, first_order: bool
) -> tuple[Pair, Pair, Pair, Pair]:
    """Return d_0, β, P and Q, each with its twin; to first order without w² in P, and with h = 1."""
    hk = k_perp if first_order else iface.h * k_perp
    w2 = acb(0) if first_order else hk * hk
    d_0, beta = [], []
    for n, i in enumerate((I, -I)):
        d_0.append(i * ((waves.plus[n] + waves.minus[n]) / 2 + waves.k[n]) - iface.u_0)
        beta.append(i * (waves.plus[n] - waves.minus[n]) / 2 - iface.u_m)
    P = [(d - b) * (d + b) - w2 for d, b in zip(d_0, beta, strict=True)]
    Q = [2 * hk * iface.m_par * b for b in beta]
    return (d_0[0], d_0[1]), (beta[0], beta[1]), (P[0], P[1]), (Q[0], Q[1])


def flows(
    iface: Bare, k_perp: acb, waves: Waves, sources: list[str], *, first_order: bool = False,
    signs: Signs = (0, 0),
) -> list[acb]:  # fmt: skip
    """Return means over the angle of k_x times flows, in the frame (m, f, e), nine numbers a source.

    Spin density s at z = 0; w×s, what the Rashba term adds; the spin current at z = +0 of `normal`, at z
    = -0 of others, where no wave comes in. To first order their coefficients of h.
    """
    hk = k_perp if first_order else iface.h * k_perp
    # w², which is of second order in h.
    w2 = acb(0) if first_order else hk * hk
    d_0, beta, P, Q = determinant(iface, k_perp, waves, first_order=first_order)
    if first_order:
        mean = linear_moments(P, Q, waves.common)
    else:
        # Of A = d_0 + β and B = d_0 - β, det D being AB - w² + h k_⊥ m_∥ (A - B) sin θ, without cancellation:
        # they differ from their twins by waves that are open.
        A, B = ([d + s * b for d, b in zip(d_0, beta, strict=True)] for s in (1, -1))
        k, plus, minus = waves.speeds
        apart = (plus + k) * (B[0] * B[1] - w2) - (minus + k) * (A[0] * A[1] - w2)
        wronskian = 2 * I * hk * iface.m_par * apart
        mean = moments(P, Q, waves.common, wronskian, signs)
    # k_x = k_⊥ (cos_m cos θ - sin_m sin θ): means of k_x, k_x w and k_x (w·m) w; odd powers of cos θ have
    # none.
    tilted = iface.m_par, iface.m_z
    along, across = -k_perp * iface.sin_m, -k_perp * iface.cos_m
    kx = along * mean[1]
    kx_w = [hk * along * part * mean[2] for part in tilted] + [hk * across * (mean[0] - mean[2])]
    kx_wm_w = [acb(0)] * 3
    if not first_order:
        factor = w2 * iface.m_par
        kx_wm_w = [factor * along * part * mean[3] for part in tilted]
        kx_wm_w.append(factor * across * (mean[1] - mean[3]))
    found: list[acb] = []
    for source in sources:
        # V/`common` = v_0 + v σ·m; a factor 2 is that of Tr σσ.
        v_0, v = {
            "normal": (8 * waves.speeds[0], acb(0)),
            "majority": (4 * waves.speeds[2], -4 * waves.speeds[2]),
            "minority": (4 * waves.speeds[1], 4 * waves.speeds[1]),
        }[source]
        # adj D V adj D†, in powers of w: (d_0 - βσ·m + σ·w)(v_0 + vσ·m)(twin).
        c_0 = [v_0 * d - v * b for d, b in zip(d_0, beta, strict=True)]
        c_1 = [v * d - v_0 * b for d, b in zip(d_0, beta, strict=True)]
        scalar = c_0[0] * d_0[1] - c_1[0] * beta[1] + v_0 * w2
        axial = c_1[0] * d_0[1] - c_0[0] * beta[1] - v * w2
        turned, both = I * (c_1[0] - c_1[1]), c_0[0] + c_0[1]
        density = scalar * kx + (c_1[0] + c_1[1]) * kx_w[0]
        spin = [both * one + 2 * v * other for one, other in zip(kx_w, kx_wm_w, strict=True)]
        # Along m, and m × w.
        spin = [spin[0] + axial * kx, spin[1] - turned * kx_w[2], spin[2] + turned * kx_w[1]]
        # w × m, and w × (m × w) = m w² - w (w·m).
        added = [
            turned * (w2 * kx - kx_wm_w[0]),
            axial * kx_w[2] - turned * kx_wm_w[1],
            -axial * kx_w[1] - turned * kx_wm_w[2],
        ]
        found += [*spin, *added, *current(waves, source, spin, density)]
    return found


def current(waves: Waves, source: str, spin: list[acb], density: acb) -> list[acb]:
    """Return Im ψ†σ∂ψ of outgoing waves alone: of K̂ at z = +0, or of k at z = -0, in the frame (m, f, e)."""
    if source != "normal":
        k = (waves.k[0] + waves.k[1]) / 2
        return [-k * part for part in spin]
    # K̂ = mean + half σ·m: its real part acts on ψ, its imaginary part turns the spin, m×s = (0, -s_e, s_f).
    mean, half = (
        [(p + sign * q) / 2 for p, q in zip(waves.plus, waves.minus, strict=True)] for sign in (1, -1)
    )
    k, real, imaginary = (mean[0] + mean[1]) / 2, (half[0] + half[1]) / 2, (half[0] - half[1]) / (2 * I)
    return [
        k * spin[0] + real * density,
        k * spin[1] + imaginary * spin[2],
        k * spin[2] - imaginary * spin[1],
    ]
