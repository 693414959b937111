"""Equations of a paper in ball arithmetic: how far at most a formula is from the referee's states, proved."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from sotcheck.engines import EXACT
from sotcheck.errors import SotcheckError
from sotcheck.exact.solved import Solved, solved
from sotcheck.referee.ball import Ball, farthest, largest, series
from sotcheck.theory.symbols import Symbols
from sotcheck.trial.balls import DIGITS, TERMS, Balls, BallSolved
from sotcheck.trial.entries import Equation, Formula
from sotcheck.trial.identities import identity
from sotcheck.trial.judge import evaluated
from sotcheck.trial.verdict import Finding

#: What is the same, relative to the largest number: constants of formulas such as π are doubles.
SAME = 1e-12
#: How far doubles of formulas may be from balls, relative to the largest number.
AS_DOUBLES = 1e-10
NOT_IN_BALLS = "needs states elsewhere (layers, other energies, part of a sum), or linear algebra of doubles"
#: What says so: NumPy, balls and rational functions of operations they lack, the table of engines, and
#: quotients by zero.
WITHOUT_BALLS = (SotcheckError, TypeError, AttributeError, KeyError, ValueError, ZeroDivisionError)


@dataclass(frozen=True)
class Proof:
    """What is proved of one form of an equation: `agrees` or not, None and why where nothing is.

    `apart`: the difference is at most that where both agree, at least that where not, relative to the largest
    number on each interface. `identity`: both agree exactly, for all parameters.
    """

    agrees: bool | None
    apart: float = 0.0
    why: str = ""
    identity: bool = False

    def __str__(self) -> str:
        if self.agrees is None:
            return f"not proved: {self.why}"
        if self.agrees:
            return f"proved to agree to {self.apart:.1e}" + ", for all parameters exactly" * self.identity
        return f"proved to disagree: enclosures {self.apart:.1e} apart"

    def to_dict(self) -> dict[str, Any]:
        """Return what JSON has of it."""
        if self.agrees is None:
            return {"certified": None, "not_certified": self.why}
        how_far = {"radius" if self.agrees else "apart": self.apart}
        return {"certified": {"agrees": self.agrees, **how_far, "identity": self.identity}}


#: Number, title, quantity and form, as rows of an audit have them.
Key = tuple[str | None, str, str, str | None]


def proofs(equation: Equation) -> list[tuple[Key, Proof]]:
    """Return what is proved of every form on all interfaces of the equation."""
    return [
        ((f"({equation.number})", equation.says, equation.of.words, form), proof(equation, formula))
        for form, formula in equation.forms
    ]


def proof_of(finding: Finding, proofs: Mapping[Key, Proof]) -> Proof:
    """Return what is proved of a row of an audit."""
    key = finding.equation, finding.title, finding.quantity, finding.form
    return proofs.get(key, Proof(None, why="no formula for a quantity of one interface"))


def proof(equation: Equation, formula: Formula) -> Proof:
    """Try one form on every interface: it agrees if it does on all, and disagrees if it does on one."""
    most, least = 0.0, 0.0
    try:
        for iface in equation.on:
            # A series begins with the values at h_R = 0.
            with series(DIGITS, TERMS):
                far, near = difference(equation, formula, BallSolved("referee", iface))
            most, least = max(most, far), max(least, near)
    except WITHOUT_BALLS as error:
        return Proof(None, why=str(error) if isinstance(error, SotcheckError) else NOT_IN_BALLS)
    if most <= SAME:
        return Proof(True, most, identity=_identity(equation, formula))
    return Proof(False, least) if least > SAME else Proof(None, why="balls are too wide")


def _identity(equation: Equation, formula: Formula) -> bool:
    try:
        return identity(equation, formula)
    except WITHOUT_BALLS:
        return False


def difference(equation: Equation, formula: Formula, one: BallSolved) -> tuple[float, float]:
    """Return what formula and states are apart at most and at least, relative to the largest number."""
    exact = Balls.of(equation.of.measure(one).value)
    if not isinstance(exact, Balls):
        raise SotcheckError("what is measured is no sum or product of the states' numbers")
    formula_s = np.asarray(formula(Symbols(one.iface, one.k_perp, one.angles)), dtype=object)
    said = np.broadcast_to(formula_s, exact.shape)
    sides = [[_ball(value) for value in np.asarray(side).ravel()] for side in (said, exact)]
    scale = largest(sides[1]) or 1.0
    for engine in EXACT:
        _held(equation, formula, solved(engine, one.iface), sides, scale)
    gaps = [a - b for a, b in zip(*sides, strict=True)]
    far = largest(gaps)
    if not np.isfinite(far):
        raise SotcheckError("a number of the formula is not finite in balls")
    # Quotients of doubles: a last digit to spare.
    return far / scale * (1 + 1e-15), farthest(gaps) / scale * (1 - 1e-15)


def _held(equation: Equation, formula: Formula, one: Solved, sides: list[list[Ball]], scale: float) -> None:
    """Raise a SotcheckError if either side is another number by an engine.

    Of arrays of objects NumPy may take parts wrongly.
    """
    measured = equation.of.measure(one)
    doubles = evaluated(formula, one, measured.shape), np.asarray(measured.value)
    error = 2 * measured.total + (AS_DOUBLES + 64 * one.rounding) * scale
    for balls, values, words in zip(sides, doubles, ("formula", "quantity"), strict=True):
        middles = np.array([complex(ball) for ball in balls]).reshape(values.shape)
        if not np.abs(middles - values).max() <= error:
            raise SotcheckError(f"the {words} in balls is not what it is in doubles by {one.engine}")


def _ball(value: Any) -> Ball:
    return value if isinstance(value, Ball) else Ball(value)
