"""Verdicts: the truth table, what is not finite, the worst component, budgets that add up."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from sotcheck.numerics.estimate import Estimate
from sotcheck.trial.verdict import TELL_APART, VERDICTS, Comparison, Finding, Trial, Verdict, compare, decide

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
    assert VERDICTS[decide(0.0, difference, budget, tell_apart)] == verdict
    assert VERDICTS[decide(difference, 0.0, budget, tell_apart)] == verdict


@pytest.mark.parametrize("bad", BAD)
@pytest.mark.parametrize("place", [0, 1, 2])
def test_not_finite_is_inconclusive(bad: float, place: int) -> None:
    """Neither NaN nor infinity is ever a pass, nor a refutation."""
    expected, measured, budget = (bad if n == place else fine for n, fine in enumerate((1.0, 1.0, 1e-9)))
    assert VERDICTS[decide(expected, measured, budget, 1e-6)] == "inconclusive"


def test_verdict_is_monotonic() -> None:
    """A larger budget never turns a doubt into a pass; a larger difference never improves a verdict."""
    sizes = [0.0, *np.geomspace(1e-9, 1.0, 10)]
    for budget in sizes:
        found = decide(0.0, sizes, budget, 1e-6)
        assert np.all(np.diff(found) >= 0)
    for smaller, larger in itertools.pairwise(sizes):
        if VERDICTS[decide(0.0, 0.0, smaller, 1e-6)] == "inconclusive":
            assert VERDICTS[decide(0.0, 0.0, larger, 1e-6)] == "inconclusive"


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
    for sizes, verdict, index in ((1e-8, "agrees", 1), (np.array([1e-8, 1e-8, 1e-9]), "disagrees", 2)):
        found = compare(expected, measured, {"rounding": (sizes, "test")})
        assert (found.verdict, found.index) == (verdict, (index,))
    found = compare(np.ones(3), np.ones(3), {"next order": (np.array([0.0, 1.0, 0.0]), "test")})
    assert (found.verdict, found.index) == ("inconclusive", (1,))


def test_compare_shows_the_first_of_equals() -> None:
    """Rounding does not choose the component: the largest of those as far off, and the first as large."""
    said = np.array([0.5, 1.0, 1.0, 0.1])
    for rounding in ([0.0, 1e-15, 0.0, 3e-15], [1e-15, 0.0, 2e-15, 0.0]):
        assert compare(said, said + rounding, {"rounding": (1e-14, "test")}).index == (1,)


@pytest.mark.parametrize(("other", "verdict", "index"), [(1.0, "inconclusive", 1), (2.0, "disagrees", 3)])
@pytest.mark.parametrize("bad", BAD)
def test_compare_with_a_number_that_is_not_finite(other: float, verdict: str, index: int, bad: float) -> None:
    """A NaN hides neither itself nor a disagreement elsewhere."""
    found = compare(np.ones(4), np.array([1.0, bad, 1.0, other]), {"rounding": (1e-9, "test")}, scale=1.0)
    assert (found.verdict, found.index) == (verdict, (index,))


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


def test_compare_numbers_with_arrays() -> None:
    """A number is held against every component; without error terms it is exact; what is shown is plain."""
    found = compare(0.0, np.array([0.0, 1e-12, 5e-12]), {"rounding": (1e-11, "test")}, tell_apart=1e-9)
    assert (found.verdict, found.index) == ("agrees", (2,))
    for measured, verdict in ((0.0, "agrees"), (1.0, "disagrees")):
        found = compare(0.0, measured, tell_apart=0.5)
        assert (found.verdict, found.index, type(found.expected)) == (verdict, (0,), float)


def finding(expected: float = 1.0, measured: float = 1.0, error: float = 1e-9) -> Finding:
    estimate = Estimate(measured, {"rounding": (error, "why")})
    comparison = Comparison(expected, estimate, Verdict.AGREES)
    return Trial("q", comparison, "e", None, "kwant", "transcribed").finding("c", "t", "(1)")


def test_relative_difference() -> None:
    for expected, measured, off in ((1.0, 1.1, 0.1 / 1.1), (0.0, 0.0, 0.0), (0.0, -2.0, 1.0)):
        assert finding(expected, measured).comparison.relative_difference == pytest.approx(off)


def test_finding_as_json() -> None:
    """The contract's keys; what is not finite becomes null, since JSON has no NaN."""
    document = finding().to_dict()
    assert {
        "claim", "title", "equation", "quantity", "source", "verdict", "expected", "measured", "uncertainty",
        "relative_difference", "form", "explanation",
    } <= set(document)  # fmt: skip
    assert document["uncertainty"] == 1e-9
    swamped = finding(measured=float("nan"), error=np.inf).to_dict()
    assert {swamped[key] for key in ("measured", "uncertainty", "relative_difference")} == {None}
    assert swamped["budget"] == [{"name": "rounding", "value": None, "origin": "why"}]


def test_an_estimate_names_each_term_and_origin_once() -> None:
    """Terms of one name add up: no word twice, and no part of the sum lost to another of its name."""
    one = Estimate(1.0, {"quadrature": (1e-9, "nested rules; both sides"), "rounding": (4e-9, "ε")})
    found = one.and_("quadrature", 2e-9, "nested rules")
    assert str(found) == "quadrature 3.0e-09, rounding 4.0e-09"
    assert found.terms["quadrature"][1] == "nested rules; both sides"
    assert found.total == pytest.approx(7e-9)
    assert (str(Estimate(1.0)), Estimate(1.0).total) == ("exact", 0.0)


def test_verdicts_are_ordered() -> None:
    """The worst stands for all; a doubt is no pass."""
    assert [verdict.exit_status for verdict in Verdict] == [0, 3, 1]
    assert Verdict.worst([Verdict.AGREES, Verdict.DISAGREES, Verdict.INCONCLUSIVE]) is Verdict.DISAGREES
    assert Verdict.worst([Verdict.INCONCLUSIVE, Verdict.AGREES]) is Verdict.INCONCLUSIVE
    assert Verdict.worst([]) is Verdict.AGREES
