"""Appendices B and C in words: what is said of flux, and of states bound to the interface."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np

from sotcheck.exact.delta_states import rashba_thresholds, simple_thresholds, states_bound
from sotcheck.exact.solved import Solved, solved
from sotcheck.numerics.arrays import Complex
from sotcheck.numerics.estimate import Estimate
from sotcheck.papers.kim2017 import appendix_bc as b
from sotcheck.papers.kim2017 import paper
from sotcheck.papers.kim2017.appendix_bc import INTERFACES
from sotcheck.papers.kim2017.finite_rashba import block, extended
from sotcheck.system.units import length_nm
from sotcheck.theory.symbols import Symbols
from sotcheck.trial.entries import Statement
from sotcheck.trial.judge import relation
from sotcheck.trial.verdict import Trial, compare
from sotcheck.trial.words import whether

NORMAL, IN_PLANE = (0.0, 0.0, 1.0), (0.6, -0.8, 0.0)


def _of_extended(s: Symbols) -> Complex:
    """(B7) of the extended matrices, if the subscript "ex" is left out there as well."""
    a = extended(s)
    return block((s.one @ a.r, s.one @ a.t_prime), (s.one_prime @ a.t, s.one_prime @ a.r_prime))


paper.add(
    Statement("unitarity-minority-closed-reversed", "Below (B6): (B4) holds in reversed order.",
        relation(b.where(b.sides("", b.by_drain), b.CLOSED).measure,
            lambda s: b.equal(b.by_drain(b.eqB3(s)), b.unitary["B4"](s)[..., 1, :, :]),
            "S S^dagger where only the minority band is closed", "Every outgoing channel is filled.",
            b.MINORITY_CLOSED)),
    Statement("unitarity-majority-only-reversed", "Below (B6): (B6) holds in reversed order.",
        relation(b.where(b.sides("", b.by_drain), b.ONLY).measure,
            lambda s: b.equal(b.by_drain(b.eqB5(s)), b.unitary["B6"](s)[..., 1, :, :]),
            "S S^dagger where only the majority band is open", "Every outgoing channel is filled.",
            b.MAJORITY_ONLY)),
    Statement("unitarity-of-extended-matrices",
        'Above (B2): the appendix leaves out the subscript "ex"; (B7) would hold of the extended matrices.',
        relation(b.eqB7.of.measure, _of_extended, "S between open channels, every regime, all elements",
            "(B7) to (B10) hold of the projected matrices (7): its projectors act on outgoing channels only."
        )),
)  # fmt: skip


def _turned(engine: str, m: tuple[float, float, float]) -> Iterator[Solved]:
    yield from (solved(engine, iface.with_(m=m)) for iface in INTERFACES)


def _threshold(J: float, in_plane: float) -> float:
    """Return the smallest h_R k_⊥ with a state below the continuum, for the Rashba term itself.

    At the bottom of the continuum q_N = √J, q_↑ = 0 and q_↓ = √(2J); the determinant of q_N + Q̂_F + h_R
    σ·(k×ẑ) vanishes when w² + √(2J) c w − (1 + √2)J = 0, with w = h_R k_⊥ and c = m·(k×ẑ)/k_⊥, at most the
    length of m's in-plane part.
    """
    half = np.sqrt(J / 2) * in_plane
    return float(np.sqrt(half**2 + (1 + np.sqrt(2)) * J) - half)


def _length(engine: str) -> Estimate:
    """Return the inverse of the threshold in nm, with the energy unit such that J = 1 eV."""
    one = solved(engine, INTERFACES[0])
    fit = simple_thresholds(one)
    length = np.sqrt(one.iface.J) * length_nm() / fit.value.max()
    return Estimate(length, {"rounding": (length * fit.total / fit.value.max(), "of the threshold")})


def length_is(said: Callable[[], float]) -> Callable[[str], Iterator[Trial]]:
    """Return the judge of a length in nm, the inverse of the threshold at J = 1 eV."""

    def judge(engine: str) -> Iterator[Trial]:
        why = "0.14 nm belongs to 2J, the splitting of the bands; h_R > 1 is needed anyway"
        yield Trial("length in nm", compare(said(), _length(engine)), why)

    return judge


@paper.statement("bound-state-necessary", number="C5")
def bound_is_necessary(engine: str) -> Iterator[Trial]:
    """The bound (C5) is necessary for the Rashba term itself, for every direction of m and k."""
    directions = IN_PLANE, (0.6, 0.0, 0.8), (0.36, 0.48, 0.8), NORMAL
    for each in zip(*(_turned(engine, m) for m in directions), strict=True):
        fits, J = [rashba_thresholds(one) for one in each], each[0].iface.J
        error = max(fit.total for fit in fits)
        smallest = min(float(fit.value.min()) for fit in fits)
        least = Estimate(smallest, {"next order": (error, "extrapolation to the bottom")})
        words = f"smallest h_R k_perp that binds, over m and k, J = {J:g}"
        yield Trial(words, compare(float(np.sqrt(J)), least), "no direction of m and k binds below (C5)")


paper.add(
    Statement("bound-state-length", "Below (C5): its right-hand side at J = 1 eV is 1/(0.14 nm).",
        length_is(lambda: 0.14)),
    Statement("bound-state-length-corrected", "The right-hand side of (C5) at J = 1 eV is 1/(0.195 nm).",
        length_is(length_nm)),
)  # fmt: skip


@paper.statement("bound-state-rashba", "The Rashba term binds at (C5) when m lies in the plane, and up to"
    " sqrt(1 + sqrt 2) times later otherwise.")  # fmt: skip
def rashba_binds_later(engine: str) -> Iterator[Trial]:
    """Yield the exact threshold of the Rashba term for m in, tilted from and normal to the plane."""
    for name, m in (("in the plane", IN_PLANE), ("tilted", (0.6, 0.0, 0.8)), ("normal", NORMAL)):
        for one in _turned(engine, m):
            fit, J = rashba_thresholds(one), one.iface.J
            least = fit[int(np.argmin(fit.value))]
            found = compare(_threshold(J, float(np.hypot(m[0], m[1]))), least)
            times = least.value / simple_thresholds(one).value.max()
            words = f"least h_R k_perp that binds, m {name}, J = {J:g}"
            yield Trial(words, found, f"{times:.4f} times the bound (C5)")


@paper.statement("bound-state-count")
def counted(engine: str) -> Iterator[Trial]:
    """Counted, one state appears where the Rashba term's threshold is passed."""
    why = "negative eigenvalues of the matching problem at the bottom of the continuum"
    for one in _turned(engine, NORMAL):
        J = one.iface.J
        for factor, expected in ((0.99, 0.0), (1.01, 1.0)):
            number = states_bound(one, factor * _threshold(J, 0.0), 0.3)
            words = f"states at h_R k_perp = {factor:g} of the threshold, m normal, J = {J:g}"
            yield Trial(words, compare(expected, float(number)), why)


@paper.statement("bound-state-h-r")
def h_R_above_one(engine: str) -> Iterator[Trial]:
    """At J = 1 eV, h_R must exceed one to bind a state with k_perp below 1/(0.3 nm)."""
    needed = 0.3 / _length(engine).value
    why = f"h_R = {needed:.3f} at k_perp = 1/(0.3 nm), with the length that J = 1 eV has"
    yield whether("h_R needed to bind a state at J = 1 eV exceeds one (1: it does)", needed > 1, why)
