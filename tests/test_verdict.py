"""Verdicts: the truth table, what is not finite, the worst component, budgets that add up."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from sotcheck.numerics.estimate import Estimate
from sotcheck.trial.verdict import TELL_APART, Comparison, Finding, Trial, Verdict, compare, decide

BAD = (float("nan"), float("inf"), float("-inf"))


@pytest.mark.parametrize(
    ("difference", "budget", "tell_apart", "verdict"),
    [
        (0.0, 0.0, 0.0, "agrees"),
        (0.0, 1e-9, 1e-6, "agrees"),
        (1e-9, 1e-8, 1e-6, "agrees"),
        (-1e-9, 1e-8, 1e-6, "agrees"),
        (1e-6, 1e-6, 1e-6, "agrees"),  # at the limit of both
        (1e-8, 1e-9, 1e-6, "disagrees"),  # small, but more than the budget: a fault, or a budget too small
        (-1e-8, 1e-9, 1e-6, "disagrees"),
        (1e-3, 0.0, 1e-6, "disagrees"),
        (1e-3, 1e-4, 1e-6, "disagrees"),  # a poor budget, yet the difference is beyond it
        (0.0, 1e-5, 1e-6, "inconclusive"),  # a perfect match that proves nothing
        (1e-6, 1e-5, 1e-6, "inconclusive"),
    ],
)
def test_truth_table(difference: float, budget: float, tell_apart: float, verdict: str) -> None:
    """Beyond the budget: disagrees. Within it: agrees only if the budget could tell right from wrong."""
    assert decide(0.0, difference, budget, tell_apart) == verdict
    assert decide(difference, 0.0, budget, tell_apart) == verdict


@pytest.mark.parametrize("bad", BAD)
@pytest.mark.parametrize("place", [0, 1, 2])
def test_not_finite_is_inconclusive(bad: float, place: int) -> None:
    """Neither NaN nor infinity is ever a pass, nor a refutation."""
    numbers = [1.0, 1.0, 1e-9]
    numbers[place] = bad
    assert decide(*numbers, 1e-6) == "inconclusive"


def test_verdict_is_monotonic() -> None:
    """A larger budget never turns a doubt into a pass; a larger difference never improves a verdict."""
    rank = {"agrees": 0, "inconclusive": 1, "disagrees": 2}
    sizes = [0.0, *np.geomspace(1e-9, 1.0, 10)]
    for budget in sizes:
        found = [rank[decide(0.0, d, budget, 1e-6)] for d in sizes]
        assert found == sorted(found)
    for smaller, larger in itertools.pairwise(sizes):
        if decide(0.0, 0.0, smaller, 1e-6) == "inconclusive":
            assert decide(0.0, 0.0, larger, 1e-6) == "inconclusive"


def test_compare_reports_the_worst_component() -> None:
    """One component out of its budget makes the whole comparison disagree, and is the one shown."""
    expected = np.array([[1.0, 2.0], [3.0, 4.0]])
    measured = expected.copy()
    measured[1, 0] += 1e-3
    found = compare(expected, measured, {"rounding": (1e-8, "test")})
    assert found.verdict == "disagrees"
    assert found.index == (1, 0)
    assert found.expected == 3.0
    assert found.measured.value == 3.0 + 1e-3
    assert found.measured.total == 1e-8


def test_compare_shows_the_largest_difference_among_equal_verdicts() -> None:
    """Of those with the worst verdict, the component farthest off; a disagreement outranks any distance."""
    expected = np.ones(3)
    measured = expected + np.array([1e-9, 8e-9, -5e-9])
    found = compare(expected, measured, {"rounding": (1e-8, "test")})
    assert found.verdict == "agrees"
    assert found.index == (1,)
    found = compare(expected, measured, {"rounding": (np.array([1e-8, 1e-8, 1e-9]), "test")})
    assert found.verdict == "disagrees"
    assert found.index == (2,)


@pytest.mark.parametrize(
    ("others", "verdict"), [("nothing", "inconclusive"), ("a disagreement", "disagrees")]
)
@pytest.mark.parametrize("bad", BAD)
def test_compare_with_a_number_that_is_not_finite(others: str, verdict: str, bad: float) -> None:
    """A NaN hides neither itself nor a disagreement elsewhere."""
    expected, measured = np.ones(4), np.ones(4)
    measured[1] = bad
    if others != "nothing":
        measured[3] = 2.0
    found = compare(expected, measured, {"rounding": (1e-9, "test")}, scale=1.0)
    assert found.verdict == verdict
    assert found.index == ((1,) if others == "nothing" else (3,))


def test_compare_inconclusive_outranks_agreement() -> None:
    found = compare(np.ones(3), np.ones(3), {"next order": (np.array([0.0, 1.0, 0.0]), "test")})
    assert found.verdict == "inconclusive"
    assert found.index == (1,)


def test_compare_adds_terms_linearly() -> None:
    """Named terms add up; nothing is taken to be independent."""
    terms = {"lattice": (3e-9, "ladder"), "rounding": (np.array([4e-9, 0.0]), "ε")}
    found = compare(np.array([1.0, 1.0]), np.array([1.0 + 6e-9, 1.0]), terms)
    assert found.verdict == "agrees"
    assert found.index == (0,)
    assert found.measured.total == pytest.approx(7e-9)
    assert found.measured.terms == {"lattice": (3e-9, "ladder"), "rounding": (4e-9, "ε")}


def test_compare_scale() -> None:
    """What is worth telling apart is relative to the largest number, unless said otherwise."""
    terms = {"rounding": (1e-7, "test")}
    assert compare(np.array([1.0, 0.0]), np.array([1.0, 0.0]), terms).verdict == "agrees"
    assert compare(np.array([1e-3, 0.0]), np.array([1e-3, 0.0]), terms).verdict == "inconclusive"
    assert compare(1e-3, 1e-3, terms, scale=1.0).verdict == "agrees"
    assert compare(1.0, 1.0, terms, tell_apart=1e-8).verdict == "inconclusive"
    assert TELL_APART <= 1e-6


def test_compare_without_error_terms_is_exact() -> None:
    assert compare(0.0, 0.0, {}, tell_apart=0.5).verdict == "agrees"
    assert compare(0.0, 1.0, {}, tell_apart=0.5).verdict == "disagrees"


def test_compare_broadcasts_a_number_against_an_array() -> None:
    found = compare(0.0, np.array([0.0, 1e-12, 5e-12]), {"rounding": (1e-11, "test")}, tell_apart=1e-9)
    assert found.index == (2,)
    assert found.verdict == "agrees"


def finding(expected: float = 1.0, measured: float = 1.0, error: float = 1e-9) -> Finding:
    estimate = Estimate(measured, {"rounding": (error, "why")})
    comparison = Comparison(expected, estimate, Verdict.AGREES)
    return Trial("q", comparison, "e", None, "kwant", "transcribed").finding("c", "t", "(1)")


def test_relative_difference() -> None:
    assert finding(measured=1.1).comparison.relative_difference == pytest.approx(0.1 / 1.1)
    assert finding(expected=0.0, measured=0.0).comparison.relative_difference == 0.0
    assert finding(expected=0.0, measured=-2.0).comparison.relative_difference == 1.0


def test_finding_as_json() -> None:
    """The contract's keys; what is not finite becomes null, since JSON has no NaN."""
    document = finding().to_dict()
    assert {
        "claim", "title", "equation", "quantity", "source", "verdict", "expected", "measured", "uncertainty",
        "relative_difference", "form", "explanation",
    } <= set(document)  # fmt: skip
    assert document["uncertainty"] == 1e-9
    swamped = finding(measured=float("nan"), error=np.inf)
    assert swamped.to_dict()["measured"] is None
    assert swamped.to_dict()["uncertainty"] is None
    assert swamped.to_dict()["relative_difference"] is None
    assert swamped.to_dict()["budget"][0] == {"name": "rounding", "value": None, "origin": "why"}


def test_an_estimate_prints_its_terms() -> None:
    """Terms add up and keep their names."""
    found = Estimate(1.0, {"lattice": (1e-9, ""), "quadrature": (2e-9, "")})
    assert found.total == pytest.approx(3e-9)
    assert str(found) == "lattice 1.0e-09, quadrature 2.0e-09"
    assert (str(Estimate(1.0)), Estimate(1.0).total) == ("exact", 0.0)


def test_an_estimate_names_each_term_and_origin_once() -> None:
    """Terms of one name add up: no word twice, and no part of the sum lost to another of its name."""
    one = Estimate(1.0, {"quadrature": (1e-9, "nested rules; both sides"), "rounding": (4e-9, "ε")})
    found = one.and_("quadrature", 2e-9, "nested rules")
    assert str(found) == "quadrature 3.0e-09, rounding 4.0e-09"
    assert found.terms["quadrature"][1] == "nested rules; both sides"
    assert found.total == pytest.approx(7e-9)


def test_verdicts_are_ordered() -> None:
    """The worst stands for all; a doubt is no pass."""
    assert [verdict.exit_status for verdict in Verdict] == [0, 3, 1]
    assert Verdict.worst([Verdict.AGREES, Verdict.DISAGREES, Verdict.INCONCLUSIVE]) is Verdict.DISAGREES
    assert Verdict.worst([Verdict.INCONCLUSIVE, Verdict.AGREES]) is Verdict.INCONCLUSIVE
    assert Verdict.worst([]) is Verdict.AGREES


def test_comparison_is_a_plain_record() -> None:
    found = compare(1.0, 1.0, {})
    assert isinstance(found, Comparison)
    assert isinstance(found.expected, float)
    assert found.index == (0,)
