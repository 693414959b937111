"""Appendices B, flux between the open channels at finite h_R, and C, bound states. In words: `remarks_bc`.

A relation of B is tried as the stack of its two sides, or, where one side is zero, of its first term and
minus its second: (B1) to (B6) with the extended matrices, (B7) to (B10) with those of (7). In C the matching
unit 2mₑ/ħ² = 1 makes mₑ/ħ² = 1/2, and the upper sign belongs to the minority band, +J.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import numpy as np

from sotcheck.exact.delta_states import bound, simple_thresholds
from sotcheck.exact.finite import measured, states
from sotcheck.exact.quantity import Quantity
from sotcheck.exact.solved import Solved
from sotcheck.numerics.arrays import Array, Complex, Mask
from sotcheck.numerics.estimate import Estimate
from sotcheck.papers.kim2017 import at_finite, paper
from sotcheck.papers.kim2017.finite_rashba import block, extended, projected
from sotcheck.system.interface import Interface
from sotcheck.system.spin import IDENTITY, dagger
from sotcheck.theory.symbols import Symbols
from sotcheck.trial.entries import Equation
from sotcheck.trial.grounds import FINITE

GENERIC, N_CLOSES, F_CLOSES, HALF_METAL = FINITE
ALL_OPEN = (GENERIC, N_CLOSES, F_CLOSES)
MINORITY_CLOSED = (GENERIC, F_CLOSES, HALF_METAL)
MAJORITY_ONLY = (GENERIC, N_CLOSES, HALF_METAL)
#: Whether N, the majority and the minority band are open: all, all but the minority, the majority alone.
OPEN, CLOSED, ONLY = (True, True, True), (True, True, False), (False, True, False)
N, F = slice(0, 2), slice(2, 4)
NONE: Complex = 0 * IDENTITY

S_PROJ = r"S^{proj}_{\mathbf k}"
PRODUCT = rf"({S_PROJ})^\dagger {S_PROJ}"
MATRIX = r"=\begin{pmatrix} %s & %s \\ %s & %s \end{pmatrix}"


def seen(words: str, values: Callable[[Complex], Complex] = lambda S: S) -> Quantity:
    """Return something seen in S between open channels, which has the shape (n, a, 4, 4)."""
    return Quantity(words, lambda one: measured(one, values(states(one).s_matrix())))


def sides(words: str, values: Callable[[Complex], Complex]) -> Quantity:
    """Return the same against both sides of a relation."""
    return seen(words, lambda S: np.stack([values(S)] * 2, axis=-3))


def where(of: Quantity, regime: tuple[bool, bool, bool]) -> Quantity:
    """Return the same at the k_⊥ of a regime, and zero elsewhere."""

    def kept(one: Solved, found: Estimate) -> Estimate:
        waves = states(one)
        is_open = np.stack([waves.kz, waves.Kz[..., 1], waves.Kz[..., 0]], axis=-1).real > 0
        return found.where((is_open == regime).all(axis=-1))

    return of.then(kept)


def by_source(S: Complex) -> Complex:
    """Overlaps of the outgoing waves of two incident spinors: the outgoing flux on the diagonal."""
    return dagger(S) @ S


def by_drain(S: Complex) -> Complex:
    """Overlaps of what two outgoing spinors receive from all incident waves."""
    return S @ dagger(S)


def equal(left: Complex, right: Array | Complex) -> Complex:
    """Return both sides of a relation."""
    return np.stack(np.broadcast_arrays(left, right), axis=-3)


def inside(s: Symbols, regime: tuple[bool, bool, bool]) -> Mask:
    """Where a regime is, shape (n, 1, 1, 1)."""
    found: Mask = np.all(np.stack([s.open_N, s.open_up, s.open_down], axis=-1) == regime, axis=-1)
    return found[..., None, None]


@paper.equation("B1", of=where(seen("S where all channels are open, all elements"), OPEN), on=ALL_OPEN,
    tex=r"S_{\mathbf k}" + MATRIX % (r"\hat r", r"\hat t'", r"\hat t", r"\hat r'"))  # fmt: skip
def eqB1(s: Symbols) -> Complex:
    """The scattering matrix where every wave propagates."""
    a = extended(s)
    return inside(s, OPEN) * block((a.r, a.t_prime), (a.t, a.r_prime))


paper.define("B2", "The scattering matrix takes incoming to outgoing amplitudes.", tex=r"\begin{pmatrix} "
    r"\psi^{N,out} \\ \psi^{F,out} \end{pmatrix}=S_{\mathbf k}\begin{pmatrix} \psi^{N,in} \\ \psi^{F,in} "
    r"\end{pmatrix}", why="it defines S")  # fmt: skip


@paper.equation("B3",
    of=where(seen("S between open channels where only the minority band is closed"), CLOSED),
    on=MINORITY_CLOSED,
    tex=S_PROJ + MATRIX % (r"\hat r", r"\hat t'u_-", r"u_-\hat t", r"u_-\hat r'u_-"))  # fmt: skip
def eqB3(s: Symbols) -> Complex:
    """The scattering matrix where only the minority band is evanescent."""
    a, u = extended(s), s.u_minus
    return inside(s, CLOSED) * block((a.r, a.t_prime @ u), (u @ a.t, u @ a.r_prime @ u))


@paper.equation("B5", of=where(seen("S between open channels where only the majority band is open"), ONLY),
    on=MAJORITY_ONLY, tex=S_PROJ + MATRIX % ("0", "0", "0", r"u_-\hat r'u_-"))  # fmt: skip
def eqB5(s: Symbols) -> Complex:
    """The scattering matrix where only the majority band propagates, N being closed."""
    u = s.u_minus
    return inside(s, ONLY) * block((NONE, NONE), (NONE, u @ extended(s).r_prime @ u))


def _unit(s: Symbols, regime: tuple[bool, bool, bool]) -> Complex:
    """The unit matrix of the open channels of a regime, there."""
    u = {OPEN: (IDENTITY, IDENTITY), CLOSED: (IDENTITY, s.u_minus), ONLY: (NONE, s.u_minus)}[regime]
    return inside(s, regime) * block((u[0], NONE), (NONE, u[1]))


def _unitary(s: Symbols, of: Equation, regime: tuple[bool, bool, bool]) -> Complex:
    S: Complex = of(s)
    return equal(dagger(S) @ S, _unit(s, regime))


#: Unitarity of (B1), (B3) and (B5).
unitary: dict[str, Equation] = {}
for number, key, of, regime, words, on, tex, says in (
    ("B1", "eqB1_unitary", eqB1, OPEN, "all channels are open, all elements", ALL_OPEN,
        r"S_{\mathbf k}^\dagger S_{\mathbf k}=1", "Below (B1): S is unitary where every wave propagates."),
    ("B4", "eqB4", eqB3, CLOSED, "only the minority band is closed", MINORITY_CLOSED,
        PRODUCT + MATRIX % ("1", "0", "0", "u_-"), "Unitarity of (B3)."),
    ("B6", "eqB6", eqB5, ONLY, "only the majority band is open", MAJORITY_ONLY,
        PRODUCT + MATRIX % ("0", "0", "0", "u_-"), "Unitarity of (B5)."),
):  # fmt: skip
    seen_there = where(sides(f"S^dagger S where {words}", by_source), regime)
    formula = partial(_unitary, of=of, regime=regime)
    unitary[number] = paper.equation(number, of=seen_there, on=on, tex=tex, key=key, says=says)(formula)


@at_finite("B7", of=seen("S between open channels, every regime, all elements"), tex=S_PROJ + MATRIX % (
    r"\hat 1\hat r", r"\hat 1\hat t'", r"\hat 1'\hat t", r"\hat 1'\hat r'"))  # fmt: skip
def eqB7(s: Symbols) -> Complex:
    """The scattering matrix in every regime, from the projected matrices of (7)."""
    a = projected(s)
    return block((s.one @ a.r, s.one @ a.t_prime), (s.one_prime @ a.t, s.one_prime @ a.r_prime))


@at_finite("B8", of=seen("S^dagger S and S S^dagger between open channels, every regime", lambda S: np.stack(
    [by_source(S), by_source(S), by_drain(S), by_drain(S)], axis=-3)),
    tex=PRODUCT + rf"={S_PROJ}({S_PROJ})^\dagger" + MATRIX % (r"\hat 1", "0", "0", r"\hat 1'"))  # fmt: skip
def eqB8(s: Symbols) -> Complex:
    """Unitarity in every regime, in either order."""
    S: Complex = eqB7(s)
    right = np.broadcast_to(block((s.one, NONE), (NONE, s.one_prime)), S.shape)
    return np.stack([dagger(S) @ S, right, S @ dagger(S), right], axis=-3)


@at_finite("B9a", of=sides("outgoing flux matrix of waves from N", lambda S: by_source(S)[..., N, N]),
    tex=r"\hat r^\dagger\hat 1\hat r+\hat t^\dagger\hat 1'\hat t=\hat 1")  # fmt: skip
def eqB9a(s: Symbols) -> Complex:
    """All flux incident from N leaves, for any spinor."""
    a = projected(s)
    return equal(dagger(a.r) @ s.one @ a.r + dagger(a.t) @ s.one_prime @ a.t, s.one)


@at_finite("B9b", of=sides("outgoing flux matrix of waves from F", lambda S: by_source(S)[..., F, F]),
    tex=r"\hat r'^\dagger\hat 1'\hat r'+\hat t'^\dagger\hat 1\hat t'=\hat 1'")  # fmt: skip
def eqB9b(s: Symbols) -> Complex:
    """All flux incident from F leaves, for any spinor."""
    a = projected(s)
    left = dagger(a.r_prime) @ s.one_prime @ a.r_prime + dagger(a.t_prime) @ s.one @ a.t_prime
    return equal(left, s.one_prime)


@at_finite("B9c", of=sides("overlap in N of waves from N and F: first term, and minus the second",
    lambda S: dagger(S[..., N, N]) @ S[..., N, F]),
    tex=r"\hat r^\dagger\hat 1\hat t'+\hat t^\dagger\hat 1'\hat r'=0")  # fmt: skip
def eqB9c(s: Symbols) -> Complex:
    """Waves incident from N and from F leave orthogonal to each other."""
    a = projected(s)
    return equal(dagger(a.r) @ s.one @ a.t_prime, -dagger(a.t) @ s.one_prime @ a.r_prime)


@at_finite("B10a", of=sides("what outgoing spinors in N receive", lambda S: by_drain(S)[..., N, N]),
    tex=r"\hat 1(\hat r\hat r^\dagger+\hat t'\hat t'^\dagger)\hat 1=\hat 1")  # fmt: skip
def eqB10a(s: Symbols) -> Complex:
    """Outgoing channels of N are filled by all sources together; lost primes of t' restored."""
    a = projected(s)
    return equal(s.one @ (a.r @ dagger(a.r) + a.t_prime @ dagger(a.t_prime)) @ s.one, s.one)


@at_finite("B10b", of=sides("what outgoing spinors in F receive", lambda S: by_drain(S)[..., F, F]),
    tex=r"\hat 1'(\hat r'\hat r'^\dagger+\hat t'\hat t'^\dagger)\hat 1'=\hat 1'", slip=("a swapped symbol: t"
    " t^dagger, not t' t'^dagger, from the lower right block of (B8)", "marks", r"\hat 1'(\hat r'"
    r"\hat r'^\dagger+\hat t\hat t^\dagger)\hat 1'=\hat 1'"))  # fmt: skip
def eqB10b(s: Symbols, slip: bool) -> Complex:
    """Outgoing channels of F are filled by all sources together."""
    a = projected(s)
    t = a.t_prime if slip else a.t
    filled = a.r_prime @ dagger(a.r_prime) + t @ dagger(t)
    return equal(s.one_prime @ filled @ s.one_prime, s.one_prime)


@at_finite("B10c", of=sides("overlap of what spinors in N and F receive from N: first term, and minus the"
    " second", lambda S: S[..., N, N] @ dagger(S[..., F, N])),
    tex=r"\hat 1(\hat r\hat t^\dagger+\hat t'\hat r'^\dagger)\hat 1'=0")  # fmt: skip
def eqB10c(s: Symbols) -> Complex:
    """Outgoing channels of N and F are independent; lost primes of t', r' and the last 1' restored."""
    a = projected(s)
    first = s.one @ a.r @ dagger(a.t) @ s.one_prime
    return equal(first, -s.one @ a.t_prime @ dagger(a.r_prime) @ s.one_prime)


#: No barriers; h_R k_max binds a state of either spin. The first has J = 1, an eV in what follows.
INTERFACES = tuple(
    Interface(name=f"bound-{number}", E_F=E_F, J=J, h_R=h_R, m=(2.0, -1.0, 2.0))
    for number, (E_F, J, h_R) in enumerate(((1.5, 1.0, 0.8), (0.9, 0.4, 0.9), (2.0, 1.6, 0.9)), 1)
)
tried = partial(paper.equation, on=INTERFACES)

K_MAX = r"k_\perp^{max}"
EQ_C4 = rf"2q_{{1/2}} = h_R {K_MAX} \pm \frac{{%s m_e}}{{\hbar^2 {K_MAX} h_R}}"

paper.define("C1", "The simplified model: an attractive delta of the largest strength, for both spins.",
    tex=r"H = -\frac{\hbar^2 \nabla^2}{2m_e} \pm J \Theta(z)"
    rf" - \frac{{\hbar^2}}{{2m_e}} h_R {K_MAX} \delta(z)",
    why="a model; the exact threshold of the Rashba term itself is tried beside (C5)")  # fmt: skip


@tried("C2",
    of=Quantity("(q_2 - q_1)(q_2 + q_1), by band", bound(lambda q: (q[:, 1] - q[:, 0]) * q.sum(axis=1))),
    tex=r"(q_2 - q_1)(q_2 + q_1) = \pm \frac{2 m_e J}{\hbar^2}")  # fmt: skip
def eqC2(s: Symbols) -> Array:
    """The decay constants on the two sides differ by the exchange splitting."""
    return np.array([1.0, -1.0]) * s.iface.J


@tried("C3", of=Quantity("q_2 + q_1, by band", bound(lambda q: q.sum(axis=1))),
    tex=rf"\frac{{\hbar^2}}{{2m_e}} (q_2 + q_1) = \frac{{\hbar^2}}{{2m_e}} h_R {K_MAX}")  # fmt: skip
def eqC3(s: Symbols) -> Array:
    """The delta makes the slope jump by the sum of the decay constants."""
    k_max = np.sqrt(s.iface.thresholds()[-1])
    return s.iface.h_R * k_max


@tried("C4", of=Quantity("2q, the smaller and the larger, by band", bound(lambda q: 2 * np.sort(q, axis=1))),
    tex=EQ_C4 % "J", slip=("a factor 2 in the second term, from (C2) over (C3); (C5) follows from the right"
    " one", "content", EQ_C4 % "2 J"))  # fmt: skip
def eqC4(s: Symbols, slip: bool) -> Array:
    """The decay constants of the bound state."""
    strength = s.iface.h_R * np.sqrt(s.iface.thresholds()[-1])
    return strength + np.array([-1.0, 1.0]) * (s.iface.J / 2 if slip else s.iface.J) / strength


@tried("C5", of=Quantity("least strength that binds, by band", simple_thresholds),
    tex=rf"|h_R {K_MAX}| > \sqrt{{\frac{{2 m_e J}}{{\hbar^2}}}}")  # fmt: skip
def eqC5(s: Symbols) -> Array:
    """No state is bound in the simplified model unless the delta is stronger than this."""
    return np.sqrt(s.iface.J)
