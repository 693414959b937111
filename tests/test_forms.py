"""One register of forms: what `check` calls transcribed or corrected has the audit's verdict."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from sotcheck.exact.solved import Solved
from sotcheck.system.interface import Interface
from sotcheck.trial.audit import judge_statement
from sotcheck.trial.check import findings_of
from sotcheck.trial.entries import Asked, Claim, Equation, Statement
from sotcheck.trial.evidence import Evidence
from sotcheck.trial.judge import try_formula
from sotcheck.trial.paper import load
from sotcheck.trial.verdict import Trial, Verdict, unknown

PAPER = load()
CLAIMS = [claim for claim in PAPER.of_type(Claim) if not claim.control]

#: Without magnetism at the interface, as (15) assumes; channels close on either side.
COMMON = Interface(name="common", E_F=1.4, U_N=0.9, U_F=0.1, J=0.5, u_0=0.3, m=(2.0, -1.0, 2.0), h_R=0.2)
#: Model (C1), h_R below the threshold (C5).
MODEL_C = Interface(name="model-c", E_F=1.5, J=1.0, h_R=0.2, m=(2.0, -1.0, 2.0))
FORMS = ("transcribed", "corrected", None)
#: All but the one that asks both engines for amplitudes: (16) is tried by its parts.
TRIED = [claim for claim in CLAIMS if PAPER.form_of(claim.number) and claim.name != "amplitudes"]


def by_audit(number: str, iface: Interface = COMMON) -> dict[str, Verdict]:
    """Return the worst verdict of each form that the audit tries of an equation."""
    one = Solved("continuum", iface)
    found: dict[str, list[Verdict]] = {}
    for entry in PAPER.parts_of(number):
        for form, formula in entry.forms:
            verdict = try_formula(formula, one, entry.of.measure(one)).verdict
            found.setdefault(form, []).append(verdict)
    return {form: Verdict.worst(verdicts) for form, verdicts in found.items()}


@pytest.mark.parametrize("claim", TRIED, ids=lambda claim: claim.name)
def test_check_and_audit_say_the_same(claim: Claim, continuum_only: Callable[[Interface], Evidence]) -> None:
    """The same form of the same equation has the same verdict on the same interface."""
    number = str(claim.number)
    iface = MODEL_C if number == "C5" else COMMON
    rows = {(f.form, f.verdict) for f in findings_of(claim, continuum_only(iface), PAPER)}
    assert rows
    audited = by_audit(number, iface)
    assert rows == {(form, audited[str(form)]) for form, _ in rows}


def test_no_claim_passes_for_a_transcribed_form_that_the_audit_refutes() -> None:
    """Whatever has a corrected form is tried as such, and every number is one of the register's."""
    refuted = {e.number for e in PAPER.of_type(Equation) if e.corrected is not None}
    tried = {form: {c.number for c in CLAIMS if PAPER.form_of(c.number) == form} for form in FORMS}
    assert tried["transcribed"] & refuted == set()
    assert tried["corrected"] == {"15"} <= refuted
    assert tried[None] == {None, "Fig. 2"}
    # A number without letters stands for all of them.
    assert {n: PAPER.form_of(n) for n in ("16", "24")} == {"16": "transcribed", "24": "corrected"}


def test_the_common_interface_tells_forms_apart() -> None:
    """(15) as transcribed disagrees there, and corrected it does not."""
    assert by_audit("15") == {"transcribed": "disagrees", "corrected": "agrees"}


@pytest.mark.parametrize(
    ("asks", "asked"), [("first", ["continuum"]), ("others", ["kwant"]), ("all", ["continuum", "kwant"])]
)
def test_a_statement_asks_the_engines_that_it_says(asks: Asked, asked: list[str]) -> None:
    """What no engine has a part in is said once, by the first of them."""
    statement = Statement("s", "It is so.", lambda engine: [Trial("q", unknown(), "why")], asks=asks)
    assert [row.engine for row in judge_statement(statement)] == asked
