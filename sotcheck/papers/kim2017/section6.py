"""Secs. VI B and VI C: transfer matrices, the series in h_R, and interface magnetism. In words: `remarks6`.

κ̂ has the interface's own h_R. Matrices keep the laboratory's spin frame: 2×2 blocks of κ̂_R in the frame of
ξ_± differ by a rotation that cancels from every product.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial

import numpy as np

from sotcheck.exact import transfer
from sotcheck.exact.quantities import change_of
from sotcheck.exact.quantity import Quantity
from sotcheck.numerics.arrays import Complex
from sotcheck.papers.kim2017 import at_finite, paper
from sotcheck.papers.kim2017.finite_rashba import block, column, scalar
from sotcheck.system.spin import IDENTITY
from sotcheck.theory.symbols import Symbols

#: Distance over which the waves of (37) are followed, and the film's thickness L.
STEP, FILM = 0.45, 0.8
ORDERS = range(1, 6)

WAVE = r"\psi^0(%s) = \frac{e^{ik_x x + ik_y y}}{\sqrt V} "
RUNNING = r"\sum_\sigma (e^{i%s z} %s_\sigma^R \xi_\sigma + e^{-i%s z} %s_\sigma^L \xi_\sigma)"
PAIR = r"\begin{pmatrix} %s \\ %s \end{pmatrix}"
BLOCKS = PAIR % (r"ik_z + i\hat K_z - \hat\kappa & ik_z - i\hat K_z - \hat\kappa",
    r"ik_z - i\hat K_z + \hat\kappa & ik_z + i\hat K_z + \hat\kappa")  # fmt: skip
BLOCKS_0 = PAIR % (r"ik_z + i\hat K_z - \hat\kappa_0 & ik_z - i\hat K_z - \hat\kappa_0",
    r"-ik_z + i\hat K_z - \hat\kappa_0 & -ik_z - i\hat K_z - \hat\kappa_0") + " "  # fmt: skip
ONES = PAIR % ("1 & 1", "1 & 1") + " "
BELOW = r"M_{0\to %s}^{-1} \begin{pmatrix} 1 \\ 0 \end{pmatrix}"
M_0 = PAIR % (r"\hat m_i^{(0)}", r"\hat m_r^{(0)}")
M_1 = PAIR % (r"\hat m_i^{(1)}", r"\hat m_r^{(1)}")
EQ_44 = r"\begin{pmatrix} 1 & -1 \\ 1 & 1 \end{pmatrix}" + M_0 + " = 2ik_z " + ONES + BELOW % "d"


@dataclass(frozen=True)
class Over(Symbols):
    """The symbols of N and F over something else than the film.

    `below` (..., 4, 2): M_{0→L}⁻¹ (1, 0)ᵀ, amplitudes e^{±iK̂_z z} at z = +0 per transmitted one.
    """

    below: Complex


def film(s: Symbols) -> Complex:
    """M_{0→L} of a film of F on N, with amplitudes e^{±ik_z(z − L)} in N, shape (n, 1, 4, 4)."""
    forth = s.bands(np.exp(1j * s.kz_down * FILM), np.exp(1j * s.kz_up * FILM))
    back = s.bands(np.exp(-1j * s.kz_down * FILM), np.exp(-1j * s.kz_up * FILM))
    ratio = s.Kz / s.kz[..., None, None]
    same, other = (IDENTITY + ratio) / 2, (IDENTITY - ratio) / 2
    return block((same @ forth, other @ back), (other @ forth, same @ back))


def below(s: Symbols) -> Complex:
    """M_{0→L}⁻¹ (1, 0)ᵀ, of the film by default: a half-infinite F hides half of every matrix."""
    return s.below if isinstance(s, Over) else np.linalg.inv(film(s))[..., :2]


def _matched(s: Symbols) -> Complex:
    """2ik_z M_0⁻¹."""
    k, K, kappa = scalar(1j * s.kz), 1j * s.Kz, s.kappa_0 + s.iface.h_R * s.rashba
    return block((k + K - kappa, k - K - kappa), (k - K + kappa, k + K + kappa))


@at_finite("37a", of=Quantity("[psi(z+d) + psi(z-d)] / psi(z) at z < 0", transfer.followed("N")),
    tex=WAVE % "z<0" + RUNNING % ("k_z", "a", "k_z", "a"))  # fmt: skip
def eq37a(s: Symbols) -> Complex:
    """Waves in the normal metal run with wave number k_z both ways."""
    return scalar(np.exp(1j * s.kz * STEP) + np.exp(-1j * s.kz * STEP))


@at_finite("37b", of=Quantity("[psi(z+d) + psi(z-d)] / psi(z) at z > 0", transfer.followed("F")),
    tex=WAVE % "z>0" + RUNNING % ("k_z", "b", "k_z", "b"),
    slip=("a swapped symbol: k_z for k_z^sigma, the wave numbers beneath, as (38b) has them", "marks",
    WAVE % "z>0" + RUNNING % (r"k_z^\sigma", "b", r"k_z^\sigma", "b")))  # fmt: skip
def eq37b(s: Symbols, slip: bool) -> Complex:
    """Waves beneath the interface run with wave number k_z both ways."""
    if slip:
        return eq37a(s)
    up = np.exp(1j * s.kz_up * STEP) + np.exp(-1j * s.kz_up * STEP)
    down = np.exp(1j * s.kz_down * STEP) + np.exp(-1j * s.kz_down * STEP)
    return s.bands(down, up)


paper.define("38a", "The transfer matrix M_0 takes the amplitudes above the interface to those beneath.",
    tex=PAIR % (r"\hat b^R", r"\hat b^L") + " = M_0 " + PAIR % (r"\hat a^R", r"\hat a^L"),
    why="defines M_0; (38b) is what can be tried")  # fmt: skip


@at_finite("38b",
    of=Quantity("amplitudes at z = -0 per amplitude at z = +0, all elements, finite h_R", transfer.transfer),
    tex=r"M_0^{-1} = \frac{1}{2ik_z} " + BLOCKS)  # fmt: skip
def eq38b(s: Symbols) -> Complex:
    """The inverse of the interface's transfer matrix."""
    return _matched(s) / (2j * s.kz)[..., None, None]


paper.define("39", "The transfer matrix through whatever lies beneath.",
    tex=PAIR % (r"\hat c^R", r"\hat c^L") + r" = M_{0\to L} " + PAIR % (r"\hat b^R", r"\hat b^L"),
    why="defines M_{0->L}, in a basis that is left open")  # fmt: skip

THROUGH = "reflected and transmitted amplitudes, a film of F on N, finite h_R"
through_film = Quantity(THROUGH, transfer.through_film)


@at_finite("40", of=through_film, tex=PAIR % (r"\hat\psi_t", "0") + r" = M_{0\to L} M_0 " + PAIR % (
    r"\hat\psi_i", r"\hat\psi_r"))  # fmt: skip
def eq40(s: Symbols) -> Complex:
    """An incident and a reflected wave become a transmitted one, with nothing coming from beneath."""
    through = film(s) @ np.linalg.inv(_matched(s) / (2j * s.kz)[..., None, None])
    transmitted, returned = np.split(through, 2, axis=-2)
    r = -np.linalg.solve(returned[..., 2:], returned[..., :2])
    return column(r, transmitted @ column(IDENTITY, r))


@at_finite("41", of=through_film, tex=PAIR % (r"\hat\psi_i", r"\hat\psi_r") + r" = \frac{1}{2ik_z} " + BLOCKS
    + BELOW % "L" + r" \hat\psi_t \equiv \frac{1}{2ik_z} " + PAIR % (r"\hat m_i", r"-\hat m_r")
    + r" \hat\psi_t")  # fmt: skip
def eq41(s: Symbols) -> Complex:
    """The inverse relation defines m_i and m_r, and the reflection matrix is -m_r / m_i."""
    m_i, minus_m_r = np.split(_matched(s) @ below(s), 2, axis=-2)
    return column(minus_m_r @ np.linalg.inv(m_i), scalar(2j * s.kz) @ np.linalg.inv(m_i))


@at_finite("42", of=Quantity("jump of the slope at z = 0 that comes with h_R, between spins along m",
    transfer.rashba_potential), tex=r"(\hat\kappa_R)_{\sigma\sigma'} = h_R\,\xi_\sigma^\dagger \hat\sigma"
    r"\cdot(\mathbf k\times\mathbf z) \xi_{\sigma'}")  # fmt: skip
def eq42(s: Symbols) -> Complex:
    """The Rashba term between spin states along the magnetization."""
    kappa_R, bands = s.iface.h_R * s.rashba, (s.u_plus, s.u_minus)
    return block(*(tuple(u @ kappa_R @ v for v in bands) for u in bands))


def _unperturbed(s: Symbols) -> Complex:
    k, K, kappa = scalar(1j * s.kz), 1j * s.Kz, s.kappa_0
    return block((k + K - kappa, k - K - kappa), (-k + K - kappa, -k - K - kappa)) @ below(s)


@at_finite("43a", of=Quantity("m_i and m_r, a film of F on N, h_R = 0", transfer.unperturbed_m),
    tex=M_0 + " = " + BLOCKS_0 + BELOW % "L")  # fmt: skip
def eq43a(s: Symbols) -> Complex:
    """m_i and m_r without the Rashba term."""
    return _unperturbed(s)


@at_finite("43b", of=Quantity("change of m_i and m_r, a film of F on N, finite h_R", transfer.change_of_m),
    tex=M_1 + r" = -\hat\kappa_R " + ONES + BELOW % "L")  # fmt: skip
def eq43b(s: Symbols) -> Complex:
    """What the Rashba term adds to m_i and m_r."""
    kappa_R = s.iface.h_R * s.rashba
    return -block((kappa_R, kappa_R), (kappa_R, kappa_R)) @ below(s)


@at_finite("44", of=Quantity("m_i - m_r, a film of F on N, h_R = 0", transfer.combined_m(-1)), tex=EQ_44)
def eq44_difference(s: Symbols) -> Complex:
    """A combination of m_i and m_r: the difference, first row."""
    return scalar(2j * s.kz) @ block((IDENTITY, IDENTITY)) @ below(s)


@at_finite("44", of=Quantity("m_i + m_r, a film of F on N, h_R = 0", transfer.combined_m(1)), tex=EQ_44,
    slip=("a sign: with -1 for the lower right 1 on the left both rows are the difference, which (45) needs"
    " and the right-hand side is; the sum is another quantity, from (43a)", "content", r"\hat m_i^{(0)} + "
    r"\hat m_r^{(0)} = 2 \begin{pmatrix} i\hat K_z - \hat\kappa_0 & -i\hat K_z - \hat\kappa_0 \end{pmatrix} "
    + BELOW % "L"))  # fmt: skip
def eq44_sum(s: Symbols, slip: bool) -> Complex:
    """A combination of m_i and m_r: the sum, second row."""
    if slip:
        return eq44_difference(s)
    return 2 * block((1j * s.Kz - s.kappa_0, -1j * s.Kz - s.kappa_0)) @ below(s)


@at_finite("45", of=Quantity("change of m_i and of m_r, a film of F on N, finite h_R", transfer.change_of_m),
    tex=r"\hat m_i^{(1)} = \hat m_r^{(1)} = -\frac{1}{2ik_z} \hat\kappa_R (\hat m_i^{(0)} - "
    r"\hat m_r^{(0)})")  # fmt: skip
def eq45(s: Symbols) -> Complex:
    """The changes of m_i and m_r are equal and follow from the unperturbed difference."""
    m_i, m_r = np.split(_unperturbed(s), 2, axis=-2)
    change = -1 / (2j * s.kz)[..., None, None] * (s.iface.h_R * s.rashba) @ (m_i - m_r)
    return column(change, change)


@at_finite("46b",
    of=Quantity("psi(0) per unit jump of the slope at z = 0, h_R = 0, all elements", transfer.green),
    tex=r"\hat G = \frac{1}{2ik_z} (1 + \hat r_{ex}^{(0)})")  # fmt: skip
def eq46b(s: Symbols) -> Complex:
    """G is the Green function at the interface, by which the order n = 0 of (46a) is 1 + r_ex."""
    return 1 / (2j * s.kz)[..., None, None] * (IDENTITY + s.r_ex)


def order(s: Symbols, n: int) -> Complex:
    """r̂_ex^(n) per h_R^n, (46a)."""
    G: Complex = eq46b(s)
    return (2j * s.kz)[..., None, None] * G @ np.linalg.matrix_power(s.rashba @ G, n)


for _n in ORDERS:
    at_finite("46a", of=Quantity(f"coefficient of h_R^{_n} in r_ex, all elements", transfer.order(_n)),
        tex=r"\hat r_{ex}^{(n)} = 2ik_z \hat G (\hat\kappa_R \hat G)^n", key=f"eq46a_{_n}",
        says=f"The contribution of order {_n} in h_R to the extended reflection matrix.")(
        partial(order, n=_n))  # fmt: skip


@at_finite("46a", of=change_of("r").named("dr/dh_R at h_R = 0, projected, all elements"), order="h_R^2",
    tex=r"\hat r^{(1)} = 2ik_z \hat G \hat\kappa_R \hat G \hat 1")  # fmt: skip
def eq46a_projected(s: Symbols) -> Complex:
    """The first order projected to open channels is that of the scattering matrix."""
    G: Complex = eq46b(s)
    return (2j * s.kz)[..., None, None] * G @ s.rashba @ G @ s.one


EQ_47 = (
    r"\hat r_{ex} = \hat r_{ex}^{u_m=0} %s \frac{1 + \hat r_{ex}^{u_m=0}}"
    r"{2ik_z u_m^{-1} \hat\sigma_z (1 + \hat r_{ex}^{u_m=0})^{-1} %s 1}"
)
EQ_47_ORDERS = (r"\hat r_{ex}^{(n)} = %s2ik_z \hat G (u_m \hat\sigma_z \hat G)^n,\quad \hat G = %s"
    r"\frac{1}{2ik_z} (1 + \hat r_{ex}^{u_m=0})")  # fmt: skip


def _without_u_m(s: Symbols) -> Complex:
    """r̂_ex without interface magnetism."""
    return replace(s, iface=s.iface.with_(u_m=0.0)).r_ex


def _growth(s: Symbols, r: Complex) -> Complex:
    """2ik_z u_m⁻¹ σ̂_z (1 + r̂)⁻¹."""
    return scalar(2j * s.kz) / s.iface.u_m @ (s.u_plus - s.u_minus) @ np.linalg.inv(IDENTITY + r)


@at_finite("47", of=Quantity("r_ex, h_R = 0, all elements", transfer.reflection), tex=EQ_47 % ("-", "+"),
    slip=("the sign of u_m: two signs, before the fraction and of the 1 beneath; so printed it is not"
    " consistent with (23) and (31)", "content", EQ_47 % ("+", "-")))  # fmt: skip
def eq47(s: Symbols, slip: bool) -> Complex:
    """The reflection matrix with interface magnetism from the one without, to all orders in u_m."""
    r = _without_u_m(s)
    sign = -1 if slip else 1
    return r + sign * (IDENTITY + r) @ np.linalg.inv(_growth(s, r) - sign * IDENTITY)


def _orders_in_u_m(s: Symbols, G: Complex) -> Complex:
    """2ik_z Ĝ (σ̂_z Ĝ)^n, n = 1, 2."""
    step = (s.u_plus - s.u_minus) @ G
    return (2j * s.kz)[..., None, None] * block((G @ step, G @ step @ step))


@at_finite("47", of=Quantity("coefficients of u_m and u_m^2 in r_ex, h_R = 0", transfer.orders_in_u_m),
    tex=EQ_47_ORDERS % ("-", "-"), slip=("the sign of odd orders: G has the opposite sign of (46b)",
    "content", EQ_47_ORDERS % ("", "")))  # fmt: skip
def eq47_orders(s: Symbols, slip: bool) -> Complex:
    """The orders in u_m that (47) sums up, with the sign of G printed there."""
    sign = -1 if slip else 1
    return sign * _orders_in_u_m(s, sign / (2j * s.kz)[..., None, None] * (IDENTITY + _without_u_m(s)))
