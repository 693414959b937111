"""Where disagreements come from: a kind for each, and what else in the paper asks for which form."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from sotcheck.trial.audit import judge_definition, judge_equation
from sotcheck.trial.entries import Consequence, Definition, Equation, Statement
from sotcheck.trial.grounds import GENERAL
from sotcheck.trial.paper import load
from sotcheck.trial.result import AuditResult

README = Path(__file__).parent.parent / "README.md"
PAPER = load("kim2017")
EQUATIONS, DEFINITIONS = PAPER.of_type(Equation), PAPER.of_type(Definition)
REFUTED = {entry.number for entry in EQUATIONS if entry.corrected is not None}


def places(number: str, form: str) -> list[str]:
    """Return where the paper says what follows from one form of an equation alone."""
    return [one.place for one in PAPER.consequences(f"({number})", form)]


def test_whatever_has_a_corrected_form_has_a_kind() -> None:
    """And nothing else: a factor, a sign, a missing term is content; a swapped symbol alone is marks."""
    starts = {
        "content": ("a factor", "a sign", "the sign", "a missing", "the structure"),
        "marks": ("a swapped symbol", "the name", "a star", "a lost star", "an index"),
    }
    for entry in EQUATIONS:
        assert (entry.kind is None) == (entry.corrected is None), entry.number
        assert all(entry.kind == kind or not entry.off_by.startswith(some) for kind, some in starts.items())
    assert all(map(PAPER.kind_of, REFUTED))
    assert PAPER.kind_of("A18a") == "content"  # a lost star below (A10b), and the structure
    assert (PAPER.kind_of("15"), PAPER.kind_of("14")) == ("marks", None)


@pytest.mark.parametrize("one", PAPER.of_type(Consequence), ids=lambda one: one.key)
def test_each_place_follows_from_one_form_alone(one: Consequence) -> None:
    """By numbers: evaluated from both forms of a disagreeing equation, it is what one of them gives."""
    assert one.form
    assert one.of in REFUTED


def test_places_that_ask_for_either_form() -> None:
    """What numbers decided, number by number."""
    assert sum(bool(places(number, "corrected")) for number in REFUTED) == 23
    kept = {number for number in REFUTED if places(number, "transcribed")}
    assert kept == {"28", "30", "A3", "A11"}
    assert places("47", "corrected") == ["(23)", "(31)"]
    assert places("28", "transcribed") == ["(29)", "(30)"]
    assert places("A11", "corrected") + places("A11", "transcribed") == ["(A13a)", "(A12)"]
    assert places("A22", "corrected") == places("14", "corrected") == []
    assert PAPER.consequences(None, "corrected") == []


def test_a_place_that_both_or_no_form_gives_says_nothing() -> None:
    """Neither a statement that is true anyway, nor one that is not, speaks for a form."""
    one = Consequence("15", "(0)", "", lambda s, corrected: (np.ones(2), np.ones(2)), GENERAL[:1])
    assert one.form is None
    assert replace(one, sides=lambda s, corrected: (np.ones(2), np.full(2, 1.1))).form is None
    assert replace(one, sides=lambda s, corrected: (np.ones(2) * corrected, np.ones(2))).form == "corrected"
    # Between 1 and 1.1 lies more than rounding on one interface of two.
    assert replace(one, tolerance=0.2, sides=lambda s, c: (np.ones(2) - c, np.ones(2))).form == "transcribed"


def test_rows_and_words_tell_where_disagreements_come_from() -> None:
    """Kind and places in every row of the JSON; the count in that light is the last line."""
    rows = [row for e in EQUATIONS if e.number in ("A3", "C4") for row in judge_equation(e)]
    result = AuditResult(PAPER, (*rows, *judge_definition(DEFINITIONS[0])))
    keys = ("kind", "needed_for", "kept_in")
    found = {row["equation"]: tuple(row[key] for key in keys) for row in result.to_dict()["verdicts"]}
    assert found == {
        "(A3)": ("content", [], ["(A4)"]),
        "(C4)": ("content", ["(C5)"], []),
        f"({DEFINITIONS[0].number})": (None, [], []),
    }
    assert "seeded" not in str(result)
    last = str(result).splitlines()[-1]
    assert last.startswith(
        "2 of 3 numbered equations disagree as transcribed, 2 of them with a corrected form"
    )
    assert "0 by marks that a machine reading loses, 2 by content. 1 of the corrected forms and 1 of" in last
    assert "look at the journal's page" in last


def test_readme_counts_are_the_registers() -> None:
    """The README's first screen gives the count in that light."""
    entries: list[Any] = [*EQUATIONS, *DEFINITIONS, *PAPER.of_type(Statement)]
    numbers = {entry.number for entry in entries} - {None}
    kinds = Counter(PAPER.kind_of(number) for number in REFUTED)
    text = " ".join(README.read_text(encoding="utf-8").split())[:3500]
    counts = re.search(
        r"(\d+) of (\d+) numbered equations disagree as transcribed, (\d+) by marks .*? and (\d+) by content"
        r".*?; (\d+) of these are what .*?, as are (\d+) of the transcribed",
        text,
    )
    assert counts
    assert [int(count) for count in counts.groups()] == [
        len(REFUTED),
        len(numbers),
        kinds["marks"],
        kinds["content"],
        sum(bool(places(number, "corrected")) for number in REFUTED),
        sum(bool(places(number, "transcribed")) for number in REFUTED),
    ]
    assert "Look at the journal's page" in text
