"""Appendices B and C in words: what is said of flux, and of states bound to the interface."""

from __future__ import annotations

from sotcheck.numerics.arrays import Complex
from sotcheck.papers.kim2017 import appendix_b as b
from sotcheck.papers.kim2017 import paper
from sotcheck.papers.kim2017.finite_rashba import block, extended
from sotcheck.system.spin import IDENTITY
from sotcheck.theory.symbols import Symbols
from sotcheck.trial.entries import Statement
from sotcheck.trial.judge import relation


def _minority_closed(s: Symbols) -> Complex:
    """S^proj S^proj† = ((1, 0), (0, u_-)), the reverse of (B4)."""
    right = b.inside(s, b.CLOSED) * block((IDENTITY, b.NONE), (b.NONE, s.u_minus))
    return b.equal(b.by_drain(b.eqB3(s)), right)


def _majority_only(s: Symbols) -> Complex:
    """S^proj S^proj† = ((0, 0), (0, u_-)), the reverse of (B6)."""
    right = b.inside(s, b.ONLY) * block((b.NONE, b.NONE), (b.NONE, s.u_minus))
    return b.equal(b.by_drain(b.eqB5(s)), right)


def _of_extended(s: Symbols) -> Complex:
    """(B7) of the extended matrices, if the subscript "ex" is left out there as well."""
    a = extended(s)
    return block((s.one @ a.r, s.one @ a.t_prime), (s.one_prime @ a.t, s.one_prime @ a.r_prime))


paper.add(
    Statement(
        "unitarity-minority-closed-reversed",
        "Below (B6): (B4) holds in reversed order.",
        relation(
            b.where(b.sides("", b.by_drain), b.CLOSED).measure,
            _minority_closed,
            "S S^dagger where only the minority band is closed",
            "Every outgoing channel is filled.",
            b.MINORITY_CLOSED,
        ),
    ),
    Statement(
        "unitarity-majority-only-reversed",
        "Below (B6): (B6) holds in reversed order.",
        relation(
            b.where(b.sides("", b.by_drain), b.ONLY).measure,
            _majority_only,
            "S S^dagger where only the majority band is open",
            "Every outgoing channel is filled.",
            b.MAJORITY_ONLY,
        ),
    ),
    Statement(
        "unitarity-of-extended-matrices",
        'Above (B2): the appendix leaves out the subscript "ex"; (B7) would hold of the extended matrices.',
        relation(
            b.eqB7.of.measure,
            _of_extended,
            "S between open channels, every regime, all elements",
            "(B7) to (B10) hold of the projected matrices (7): its projectors act on outgoing channels only.",
        ),
    ),
)
