"""The paper on trial: every number has its entry, right forms agree, wrong ones and seeded faults do not."""

from __future__ import annotations

import json
import math
from collections import Counter
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from sotcheck.bound.thresholds import interface_states
from sotcheck.errors import TheoryError
from sotcheck.exact.quantities import torque
from sotcheck.exact.solved import ANGLES, Solved, solved
from sotcheck.system.interface import Interface
from sotcheck.theory.validity import radius_by_k
from sotcheck.trial import power
from sotcheck.trial.audit import judge_definition, judge_equation
from sotcheck.trial.entries import Definition, Equation, Statement
from sotcheck.trial.grounds import GENERAL
from sotcheck.trial.judge import judge, try_formula
from sotcheck.trial.paper import load, paper_order
from sotcheck.trial.result import AuditResult

PAPER = load()
EQUATIONS, DEFINITIONS, STATEMENTS = map(PAPER.of_type, (Equation, Definition, Statement))

NUMBERS = """
1a 1b 2a 2b 3a 3b 4a 4b 5 6a 6b 6c 6d 7 8 9 10a 10b 10c 10d
11 12 13 14 15 16a 16b 16c 16d 17 18a 18b 19a 19b 20a 20b 21 22 23 24a 24b 25 26 27 28 29 30 31 32 33 34 35 36
37a 37b 38a 38b 39 40 41 42 43a 43b 44 45 46a 46b 47
A1a A1b A1c A1d A2 A3 A4 A5 A6 A7a A7b A7c A8a A8b A9 A10a A10b A11 A12 A13a A13b A14a A14b A15a A15b A16
A17 A18a A18b A19 A20 A21a A21b A21c A21d A22
B1 B2 B3 B4 B5 B6 B7 B8 B9a B9b B9c B10a B10b B10c C1 C2 C3 C4 C5
""".split()  # noqa: SIM905


def name_of(equation: Equation) -> str:
    return f"{equation.number}: {equation.of.words}"[:60]


def test_every_number_has_an_entry() -> None:
    """A verdict, or a definition with nothing to test."""
    found = {entry.number for entry in (*EQUATIONS, *DEFINITIONS)}
    found |= {statement.number for statement in STATEMENTS if statement.number}
    assert found == set(NUMBERS)


def test_paper_order() -> None:
    """Sections before appendices, numbers as numbers, letters last, words after all."""
    assert sorted([None, "(A2)", "(16d)", "(B10a)", "(16c)", "(A13b)", "(9)", "(C1)"], key=paper_order) == [
        "(9)", "(16c)", "(16d)", "(A2)", "(A13b)", "(B10a)", "(C1)", None
    ]  # fmt: skip


@pytest.mark.parametrize("equation", EQUATIONS, ids=name_of)
def test_verdicts_by_continuum(equation: Equation) -> None:
    """Right as transcribed; or wrong beyond its budget, with a corrected form that is right, and words."""
    verdicts = {
        form: judge(equation.of, formula, equation.on, "continuum")[1].verdict
        for form, formula in equation.forms
    }
    if equation.corrected is None:
        assert verdicts == {"transcribed": "agrees"}
    else:
        assert verdicts == {"transcribed": "disagrees", "corrected": "agrees"}
        assert equation.off_by
        assert equation.corrected_tex


@pytest.mark.parametrize("equation", EQUATIONS, ids=name_of)
def test_detection_power(equation: Equation) -> None:
    """Every fault that changes a value is flagged."""
    faults = list(power.seed(equation))
    assert [fault for fault in faults if fault.outcome == "missed"] == []
    assert all(fault.reason for fault in faults if fault.outcome == "no effect")


def test_power_counts_enough_faults() -> None:
    """Some hundred of them, of every kind; most can be seen."""
    equations = [equation for equation in EQUATIONS if equation.number in ("10c", "16c", "16d")]
    faults = [fault for equation in equations for fault in power.seed(equation)]
    count = Counter(fault.kind for fault in faults)
    assert {"sign", "conjugation", "symbol", "term"} <= set(count)
    assert sum(fault.outcome == "flagged" for fault in faults) > 0.7 * len(faults) > 20


def test_power_reports_what_is_missed() -> None:
    """A judge that lets everything pass would be found out."""
    faults = (
        power.Fault("16c", "t", "sign", "a + b -> a - b", "missed"),
        power.Fault("9", "t", "sign", "", "flagged"),
    )
    text = "\n".join(AuditResult(PAPER, (), faults).power())
    assert "1 of 2 seeded faults flagged" in text
    assert "missed: (16c) t: a + b -> a - b" in text


def test_no_faults_are_seeded_into_what_is_wrong() -> None:
    """Else those that happen to mend it would be missed."""
    wrong = Equation("wrong", "1", "", torque.of("normal"), lambda s: 0 * s.k2 + 1, "")
    assert list(power.seed(wrong)) == []


def test_formulas_that_cannot_be_evaluated_are_refused() -> None:
    """In one line that names the formula, what is wrong, and where."""

    def other_shape(s: Any) -> Any:
        return np.ones(7)

    def divided(s: Any) -> Any:
        return [s.k2[0] // 0, None]

    one = solved("continuum", GENERAL[0])
    measured = torque.of("normal").measure(one)
    with pytest.raises(
        TheoryError, match=r"other_shape returns the shape \(7,\), but its quantity has \(.*generic"
    ):
        try_formula(other_shape, one, measured)
    with pytest.raises(TheoryError, match="divided fails on generic: "):
        try_formula(divided, one, measured)


@st.composite
def interfaces(draw: st.DrawFn) -> Interface:
    """Any interface for which the paper's premises hold."""
    number = st.floats(-1.0, 1.0).map(lambda x: round(x, 3))
    E_F = draw(st.floats(0.3, 3.0))
    U_N, U_F = draw(number), draw(number)
    J = draw(st.floats(0.0, 2.0).map(lambda x: round(x, 3)))
    m = draw(st.tuples(number, number, number))
    assume(math.hypot(*m) > 0.1)
    # Fieldlike and dampinglike are undefined for m along y, single elements of (A14) for m along z.
    m = m[0] / math.hypot(*m), m[1] / math.hypot(*m), m[2] / math.hypot(*m)
    assume(max(abs(m[1]), abs(m[2])) < 0.99)
    assume(min(U_N, U_F - J) < E_F - 0.1)
    return Interface(name="any", E_F=E_F, U_N=U_N, U_F=U_F, J=J, u_0=draw(number), u_m=draw(number), m=m)


CORRECT = [e for e in EQUATIONS if e.on == GENERAL]


@pytest.mark.slow
@settings(max_examples=500, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True)
@given(iface=interfaces())
def test_no_false_alarm(iface: Interface) -> None:
    """Right forms never disagree, whatever the interface."""
    one = Solved("continuum", iface, 1)
    assume(not any(state.inside_continuum for state in interface_states(iface)))
    assume(radius_by_k(iface, one.k_perp**2, ANGLES).min() > 1e-2)
    for equation in CORRECT:
        found = try_formula(equation.confirmed, one, equation.of.measure(one))
        assert found.verdict != "disagrees", (equation.number, found)


def test_rows_keep_the_contract() -> None:
    """Both engines, both forms, the keys of a verdict; a definition has no numbers."""
    equation = next(equation for equation in EQUATIONS if equation.corrected is not None)
    rows = [finding.to_dict() for finding in judge_equation(equation)]
    assert [(row["form"], row["engine"]) for row in rows] == [
        (form, engine) for form, _ in equation.forms for engine in ("continuum", "kwant")
    ]
    assert rows[0]["equation"] == f"({equation.number})"
    assert {row["verdict"] for row in rows} == {"agrees", "disagrees"}
    (definition,) = judge_definition(DEFINITIONS[0])
    assert definition.to_dict()["form"] == "definition"
    assert definition.to_dict()["expected"] is None
    document = AuditResult(PAPER, (definition,)).to_dict()
    assert document["system"] is None
    json.dumps(document, allow_nan=False)


def test_statements_yield_finite_verdicts() -> None:
    """Each statement says something with numbers, by the engine that it is asked of."""
    for statement in STATEMENTS:
        trials = list(statement.judge("continuum"))
        assert all(np.isfinite(trial.comparison.measured.value) for trial in trials)
        assert all(trial.comparison.verdict != "inconclusive" for trial in trials), statement.key
