"""Equations in ball arithmetic: what agrees is proved to, a seeded fault is proved to disagree."""

from __future__ import annotations

from typing import Any

import pytest

from sotcheck.numerics.estimate import Estimate
from sotcheck.trial import proved
from sotcheck.trial.balls import BallSolved, coefficient_of
from sotcheck.trial.entries import Equation
from sotcheck.trial.paper import load

PAPER = load("kim2017")


def equation(key: str) -> Equation:
    found = PAPER.entries[key]
    assert isinstance(found, Equation)
    return found


@pytest.mark.parametrize("key", ["eq6a", "eq10a", "eq16c", "eq30"])
def test_the_confirmed_form_is_proved_and_a_millionth_more_refuted(key: str) -> None:
    one = equation(key)
    found = proved.proof(one, one.confirmed)
    assert found.agrees
    assert found.apart < 1e-13
    wrong = proved.proof(one, lambda s: one.confirmed(s) * (1 + 1e-6))
    assert wrong.agrees is False
    assert wrong.apart > 1e-7


def test_what_balls_and_doubles_say_differently_proves_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    one = equation("eq16c")

    def turned(self: Any, values: Any) -> Any:
        return Estimate(-coefficient_of(values[:, :, 0], 1))

    monkeypatch.setattr(BallSolved, "linear", turned)
    found = proved.proof(one, one.confirmed)
    assert found.agrees is None
    assert "the quantity in balls is not" in found.why


def test_rows_of_an_audit_say_why_nothing_is_proved() -> None:
    ((_, found),) = proved.proofs(equation("eq46b"))
    assert found.to_dict() == {"certified": None, "not_certified": proved.NOT_IN_BALLS}


def test_a_fault_of_ours_is_no_missing_proof(monkeypatch: pytest.MonkeyPatch) -> None:
    """Only what balls cannot do is a reason to prove nothing; any other error is raised."""

    def broken(self: Any) -> Any:
        raise IndexError("too far")

    monkeypatch.setattr(BallSolved, "states", property(broken))
    one = equation("eq16c")
    with pytest.raises(IndexError, match="too far"):
        proved.proof(one, one.confirmed)
