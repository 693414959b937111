"""Equations of a paper in ball arithmetic: how far at most a formula is from the referee's states, proved."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from flint import acb, arb, ctx

from sotcheck.engines import EXACT
from sotcheck.errors import SotcheckError
from sotcheck.exact.solved import Solved, solved
from sotcheck.theory.symbols import Symbols
from sotcheck.trial.balls import Ball, Balls, BallSolved
from sotcheck.trial.entries import Equation, Formula
from sotcheck.trial.judge import evaluated

#: What is the same, relative to the largest number: constants of formulas such as π are doubles.
SAME = 1e-12
#: How far doubles of formulas may be from balls, relative to the largest number.
AS_DOUBLES = 1e-10
#: Binary digits, and terms of series in h_R.
DIGITS, TERMS = 192, 3


@dataclass(frozen=True)
class Proof:
    """What is proved of one form of an equation: `agrees` or not, None and why where nothing is.

    `apart`: the difference is at most that where both agree, at least that where not, relative to the largest
    number on each interface.
    """

    agrees: bool | None
    apart: float = 0.0
    why: str = ""

    def __str__(self) -> str:
        if self.agrees is None:
            return f"not proved: {self.why}"
        if self.agrees:
            return f"proved to agree to {self.apart:.1e}"
        return f"proved to disagree: enclosures {self.apart:.1e} apart"

    def to_dict(self) -> dict[str, Any]:
        """Return what JSON has of it."""
        if self.agrees is None:
            return {"certified": None, "not_certified": self.why}
        return {"certified": {"agrees": self.agrees, "radius" if self.agrees else "apart": self.apart}}


def proofs(equation: Equation) -> list[tuple[str, str, Proof]]:
    """Return number and quantity, form, and what is proved of it on all interfaces of the equation."""
    return [(f"({equation.number}) {equation.of.words}", form, proof(equation, f)) for form, f in equation.forms]


def proof(equation: Equation, formula: Formula) -> Proof:
    """Try one form on every interface: it agrees if it does on all, and disagrees if it does on one."""
    most, least = 0.0, 0.0
    try:
        for iface in equation.on:
            # A series begins with the values at h_R = 0.
            with ctx.workprec(DIGITS):
                cap, ctx.cap = ctx.cap, TERMS
                try:
                    far, near = difference(equation, formula, BallSolved("referee", iface))
                finally:
                    ctx.cap = cap
            most, least = max(most, far), max(least, near)
    except Exception as error:  # noqa: BLE001 (whatever NumPy says of arrays of objects)
        words = str(error) if isinstance(error, SotcheckError) else f"{type(error).__name__}: {error}"
        return Proof(None, why=words.splitlines()[0])
    if most <= SAME:
        return Proof(True, most)
    return Proof(False, least) if least > SAME else Proof(None, why="balls are too wide")


def difference(equation: Equation, formula: Formula, one: BallSolved) -> tuple[float, float]:
    """Return what formula and states are apart at most and at least, relative to the largest number."""
    exact = Balls.of(equation.of.measure(one).value)
    if not isinstance(exact, Balls):
        raise SotcheckError("what is measured is no sum or product of the states' numbers")
    said = np.broadcast_to(np.asarray(formula(Symbols(one.iface, one.k_perp, one.angles)), dtype=object), exact.shape)
    pairs = [(_number(a), _number(b)) for a, b in zip(said.ravel(), np.asarray(exact).ravel(), strict=True)]
    scale = max((abs(b).abs_upper() for _, b in pairs), key=float)
    scale = scale if scale > 0 else arb(1)
    for engine in EXACT:
        _held(equation, formula, solved(engine, one.iface), pairs, float(scale))
    gaps = [a - b for a, b in pairs]
    far, near = (max((getattr(gap, name)() for gap in gaps), key=float) for name in ("abs_upper", "abs_lower"))
    if not far.is_finite():
        raise SotcheckError("a number of the formula is not finite in balls")
    return float((far / scale).upper()), float((near / scale).lower())


def _held(
    equation: Equation, formula: Formula, one: Solved, pairs: list[tuple[acb, acb]], scale: float
) -> None:
    """Hold both sides against those of an engine: of arrays of objects NumPy may take parts wrongly.

    Raises
    ------
    SotcheckError
        If either is another number.
    """
    measured = equation.of.measure(one)
    sides = evaluated(formula, one, measured.shape), np.asarray(measured.value)
    error = 2 * measured.total + (AS_DOUBLES + 64 * one.rounding) * scale
    for side, values, words in zip(range(2), sides, ("formula", "quantity"), strict=True):
        middles = np.array([complex(pair[side].mid()) for pair in pairs]).reshape(values.shape)
        if not np.abs(middles - values).max() <= error:
            raise SotcheckError(f"the {words} in balls is not what it is in doubles by {one.engine}")


def _number(value: Any) -> acb:
    return value.term(0) if isinstance(value, Ball) else acb(complex(value))
