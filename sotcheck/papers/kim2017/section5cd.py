"""Secs. V C and V D: insulating ferromagnets (25), (31), topological insulators (33). In words: `remarks5cd`.

Torques are in the unit ħeE_xτA/mₑ per h_R, as written out in UNIT; summands are those of (1/A) Σ_{k_⊥}.
"""

from __future__ import annotations

import numpy as np

from sotcheck.exact.quantities import beyond_k_F, r_by_spin, t_prime_by_spin, torque, whole_torque
from sotcheck.exact.quantity import Quantity
from sotcheck.exact.solved import Solved
from sotcheck.numerics.arrays import Array, Complex
from sotcheck.numerics.estimate import Estimate
from sotcheck.papers.kim2017 import INSULATOR, INSULATOR_BARRIER, TOPOLOGICAL, WEIGHTS, linear, paper
from sotcheck.papers.kim2017.section5b import TIMES, widened
from sotcheck.theory.symbols import Symbols
from sotcheck.trial.grounds import ground

#: ħ²/2mₑ = 1 with ħ = 1; e, E_x, A and relaxation times are one.
HBAR, MASS = 1.0, 0.5
UNIT = HBAR / MASS
#: √(2mₑ)/15π²ħ², in front of (28), (30) and (36), in the torque's unit.
FRONT = np.sqrt(2 * MASS) / (15 * np.pi**2 * HBAR**2) / UNIT
#: J = U/3 and E_F = U − J, where (29) has the maximum.
AT_MAXIMUM = tuple(ground(f"insulator-maximum-{U:g}", E_F=2 * U / 3, U_F=U, J=U / 3) for U in (1.8, 2.7))

K_PERP = r"k_\perp^2", r"k_\perp^2"
TEX_27 = r"T_R=h_R\frac{\hbar^3eE_x\tau}{2\pi m_e^2}\frac{J}{U^2-J^2}\sum_{%s<k_F^2}%s k_z"
UNIT_28 = r"\sqrt{2m_e}\,eE_x\tau A}{15\pi^2\hbar^2}"
TEX_28 = r"T_R=h_R\frac{%s" + UNIT_28 + r"\frac{JE_F^{5/2}}{U^2-J^2}"
TEX_29 = r"T_R\le h_R\frac{%s\sqrt{m_e}\,eE_x\tau A}{45\sqrt 3\pi^2\hbar^2}U^{3/2}"
TEX_30 = r"T_R=h_R\frac{%s" + UNIT_28 + r"%s\frac{\alpha(1-\alpha)^{3/2}}{1+\alpha}"
TEX_32 = (r"T_R=h_R\frac{\hbar eE_x\tau}{2\pi m_e}\sum_{\mathbf k_\perp}"
    r"\frac{k_\perp^2k_z(q_z^-+q_z^++2u_0)(%s)}{D_{\mathbf k}(u_0,u_m)}")  # fmt: skip
FOUR = "a factor 4, inherited from (28)"

BOTH = "fieldlike and dampinglike torque at each k_perp"
of_normal = torque.of("normal")
whole = whole_torque.fieldlike.named("fieldlike torque, all k_perp", "normal")

paper.define("25", "A ferromagnet that a spin-independent barrier U makes insulating.",
    tex=r"H=-\frac{\hbar^2}{2m_e}\nabla^2+(U+J\hat\sigma\cdot\mathbf m)\Theta(z)",
    why="a model; (26) to (32) are tried on it")  # fmt: skip


def _q(k_z: Complex) -> Complex:
    """q_z = −ik_z."""
    return -1j * k_z


def _reflection(s: Symbols, up: Complex, down: Complex) -> Complex:
    """(ik_z + q)/(ik_z − q) of both spins."""
    return np.stack([(1j * s.kz + up) / (1j * s.kz - up), (1j * s.kz + down) / (1j * s.kz - down)], -1)


@paper.equation("26", of=r_by_spin.named("r, majority and minority"), on=INSULATOR,
    tex=r"r_{\mathbf k}^{\uparrow\downarrow}=\frac{ik_z+q_z^\mp}{ik_z-q_z^\mp}")  # fmt: skip
def eq26(s: Symbols) -> Complex:
    """Reflection amplitudes of a ferromagnetic insulator."""
    return _reflection(s, _q(s.kz_up), _q(s.kz_down))


def _summand(s: Symbols, squared: Array | Complex) -> Complex:
    """What stands in the sum of (27), for k_z² or k_⊥² in it."""
    U, J = s.iface.U_F, s.iface.J
    return HBAR**3 / (2 * np.pi * MASS**2) * squared * s.kz * J / (U**2 - J**2) / UNIT


@linear("27", of=of_normal.named(f"{BOTH} < k_F"), on=INSULATOR, tex=TEX_27 % ("k_z^2", "k_z^2"),
    slip=("a swapped symbol: k_perp^2 k_z for k_z^2 k_z", "marks", TEX_27 % K_PERP))  # fmt: skip
def eq27(s: Symbols, slip: bool) -> Complex:
    """Torque on a ferromagnetic insulator: the summand."""
    return _summand(s, s.kz**2 if slip else s.k2)


@linear("27", of=beyond_k_F(of_normal).named("torque at k_perp on both sides of k_F"), on=INSULATOR,
    tex=TEX_27 % ("k_z^2", r"k_\perp^2"), slip=("a swapped symbol: the range is k_perp^2 < k_F^2; k_z^2 <"
    " k_F^2 holds at every k_perp", "marks", TEX_27 % (r"k_\perp^2", r"k_\perp^2")))  # fmt: skip
def eq27_range(s: Symbols, slip: bool) -> Complex:
    """Torque on a ferromagnetic insulator: the range of the sum."""
    wide = widened(s)
    return np.where(((wide.kz**2).real if slip else wide.k2) < s.iface.E_F, _summand(wide, wide.k2), 0)


@linear("28", of=whole, on=INSULATOR, tex=TEX_28 % "8", slip=("a factor 4 too large, from the sum of (27):"
    " sum k_perp^2 k_z = A k_F^5/(15 pi)", "content", TEX_28 % "2"))  # fmt: skip
def eq28(s: Symbols, slip: bool) -> Array:
    """Torque on a ferromagnetic insulator, summed."""
    U, J = s.iface.U_F, s.iface.J
    return (8 if slip else 2) * np.asarray(FRONT * J * s.iface.E_F**2.5 / (U**2 - J**2))


@linear("29", of=whole.named("fieldlike torque, all k_perp, at E_F = U - J and J = U/3"), on=AT_MAXIMUM,
    tex=TEX_29 % "8", slip=(f"{FOUR}: as an inequality it holds, but is never reached", "content",
    TEX_29 % "2"))  # fmt: skip
def eq29(s: Symbols, slip: bool) -> Array:
    """The largest torque that a ferromagnetic insulator can have, at E_F = U - J and J = U/3."""
    number = np.sqrt(MASS) / (45 * np.sqrt(3) * np.pi**2 * HBAR**2) / UNIT
    return (8 if slip else 2) * np.asarray(number * s.iface.U_F**1.5)


def _last_factor(alpha: Array) -> Array:
    """α (1 − α)^{3/2}/(1 + α), the last factor of (30) and the curve of Fig. 8 against J/U."""
    return alpha * (1 - alpha) ** 1.5 / (1 + alpha)


fig8 = _last_factor


@linear("30", of=whole, on=INSULATOR, tex=TEX_30 % ("8", r"\times\frac{\beta^{5/2}}{U^{3/2}}\times"),
    slip=(f"{FOUR}, and U^(3/2), which belongs in the numerator: 4/U^3 in all", "content",
    TEX_30 % ("2", r"\times\beta^{5/2}U^{3/2}\times")))  # fmt: skip
def eq30(s: Symbols, slip: bool) -> Array:
    """Torque on a ferromagnetic insulator by J/U and E_F/(U - J)."""
    # α = J/U, β = E_F/(U − J).
    E_F, U, J = s.iface.E_F, s.iface.U_F, s.iface.J
    number, power = (8, -1.5) if slip else (2, 1.5)
    return number * FRONT * (E_F / (U - J)) ** 2.5 * U**power * _last_factor(np.divide(J, U))


def _up(s: Symbols) -> Complex:
    """q_z^- + u_0 − u_m, of the majority band."""
    return _q(s.kz_up) + s.iface.u_0 - s.iface.u_m


def _down(s: Symbols) -> Complex:
    """q_z^+ + u_0 + u_m, of the minority band."""
    return _q(s.kz_down) + s.iface.u_0 + s.iface.u_m


@paper.equation("31", of=r_by_spin.named("r, majority and minority"), on=INSULATOR_BARRIER,
    tex=r"r_{\mathbf k}^{\uparrow\downarrow}="
    r"\frac{ik_z+(q_z^\mp+u_0\mp u_m)}{ik_z-(q_z^\mp+u_0\mp u_m)}")  # fmt: skip
def eq31(s: Symbols) -> Complex:
    """Reflection amplitudes of a ferromagnetic insulator with an interface potential."""
    return _reflection(s, _up(s), _down(s))


@linear("32", of=of_normal.named(BOTH), on=INSULATOR_BARRIER, tex=TEX_32 % "q_z^--q_z^+-2u_m",
    slip=("a sign: so printed it is minus (27) at u_0 = u_m = 0", "content",
    TEX_32 % "q_z^+-q_z^-+2u_m"))  # fmt: skip
def eq32(s: Symbols, slip: bool) -> Complex:
    """Torque on a ferromagnetic insulator with an interface potential: the summand."""
    # D_k = [k_z² + (q_z^- + u_0 − u_m)²][k_z² + (q_z^+ + u_0 + u_m)²], below Eq. (32).
    first = _q(s.kz_up) + _q(s.kz_down) + 2 * s.iface.u_0
    second = (1 if slip else -1) * (_q(s.kz_up) - _q(s.kz_down) - 2 * s.iface.u_m)
    d = (s.kz**2 + _up(s) ** 2) * (s.kz**2 + _down(s) ** 2)
    return HBAR / (2 * np.pi * MASS) * s.k2 * s.kz * first * second / d / UNIT


#: The minority band closed, and open, at E_F.
WEIGHTED = tuple(iface.with_(**WEIGHTS) for iface in TOPOLOGICAL[:2])

TEX_35 = (r"T_R=h_R\frac{\hbar^3eE_x}{4\pi m_e^2}\sum_{\mathbf k_\perp}k_\perp^2\left(\frac{Re[k_z^-]}{U+J}"
    r"\tau^\uparrow-\frac{Re[k_z^+]}{U-J}\tau^\downarrow\right)")  # fmt: skip


def _sums_of_squares(one: Solved) -> Estimate:
    """q_z² + (k_z^±)² of the waves in exact states: minority, majority; shape (n, 6, 2)."""
    q: Complex = (-1j * one.states.kz)[..., None]
    return one.unperturbed(q**2 + one.states.Kz**2)


paper.define("33", "A normal metal that a barrier U makes insulating, on a ferromagnet.",
    tex=r"H=-\frac{\hbar^2}{2m_e}\nabla^2+U\Theta(-z)+J\hat\sigma\cdot\mathbf m\Theta(z)",
    why="a model; (34) to (36) are tried on it")  # fmt: skip


@paper.equation("33", of=Quantity("q_z^2 + (k_z^+-)^2, minority and majority", _sums_of_squares),
    on=TOPOLOGICAL, tex=r"q_z^2+(k_z^\pm)^2=2m_e(U\mp J)/\hbar^2")  # fmt: skip
def below33(s: Symbols) -> Array:
    """Below (33): wave numbers on both sides."""
    U, J = s.iface.U_N, s.iface.J
    return 2 * MASS / HBAR**2 * np.array([U - J, U + J])


@paper.equation("34", of=t_prime_by_spin.named("t', majority and minority"), on=TOPOLOGICAL,
    tex=r"t_{\mathbf k}'^{\uparrow\downarrow}=\frac{2i\sqrt{Re[k_z^\mp]q_z}}{ik_z^\mp-q_z}")  # fmt: skip
def eq34(s: Symbols) -> Complex:
    """Transmission amplitudes into an insulating normal metal."""
    q = -1j * s.kz
    up = 2j * np.sqrt(s.kz_up.real * q) / (1j * s.kz_up - q)
    down = 2j * np.sqrt(s.kz_down.real * q) / (1j * s.kz_down - q)
    return np.stack([up, down], axis=-1)


@linear("35", of=torque.of("majority").named(f"{BOTH} per tau^up"), on=TOPOLOGICAL, tex=TEX_35)
def eq35_majority(s: Symbols) -> Array:
    """Torque at a topological insulator: coefficient of tau^up."""
    U, J = s.iface.U_N, s.iface.J
    return HBAR**3 / (4 * np.pi * MASS**2) * s.k2 * s.kz_up.real / (U + J) / UNIT


@linear("35", of=torque.of("minority").named(f"{BOTH} per tau^down"), on=TOPOLOGICAL[1:], tex=TEX_35)
def eq35_minority(s: Symbols) -> Array:
    """Torque at a topological insulator: coefficient of tau^down."""
    U, J = s.iface.U_N, s.iface.J
    return -(HBAR**3) / (4 * np.pi * MASS**2) * s.k2 * s.kz_down.real / (U - J) / UNIT


@linear("36", of=whole_torque.fieldlike.named(f"fieldlike torque, all k_perp, {TIMES}"), on=WEIGHTED,
    tex=r"T_R=\frac{h_R\sqrt{2m_e}\,eE_xA}{15\pi^2\hbar^2}Re"
    r"\left[\frac{(E_F+J)^{5/2}\tau^\uparrow}{U+J}-\frac{(E_F-J)^{5/2}\tau^\downarrow}{U-J}"
    r"\right]")  # fmt: skip
def eq36(s: Symbols) -> Array:
    """Torque at a topological insulator, summed."""
    i = s.iface
    up = np.divide(complex(i.E_F + i.J) ** 2.5 * i.tau_up, i.U_N + i.J)
    down = np.divide(complex(i.E_F - i.J) ** 2.5 * i.tau_down, i.U_N - i.J)
    return FRONT * (up - down).real
