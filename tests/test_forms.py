"""One register of forms: what `check` calls transcribed or corrected has the audit's verdict."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from sotcheck.trial.registry import CLAIMS, EQUATIONS, Claim, form_of, parts_of

from sotcheck.exact.solved import Solved
from sotcheck.papers.kim2017.check_controls import CONTROLS
from sotcheck.system.interface import Interface
from sotcheck.trial.audit import forms
from sotcheck.trial.evidence import Evidence
from sotcheck.trial.judge import SEVERITY, try_formula

#: Without magnetism at the interface, as (15) assumes; channels close on either side.
COMMON = Interface(name="common", E_F=1.4, U_N=0.9, U_F=0.1, J=0.5, u_0=0.3, m=(2.0, -1.0, 2.0), h_R=0.2)


#: Model (C1), h_R below the threshold (C5).
MODEL_C = Interface(name="model-c", E_F=1.5, J=1.0, h_R=0.2, m=(2.0, -1.0, 2.0))
#: All but the one that asks both engines for amplitudes: (16) is tried by its parts.
TRIED = [claim for claim in CLAIMS if claim.form and claim.name != "amplitudes"]


def by_audit(number: str, iface: Interface = COMMON) -> dict[str, str]:
    """Return the worst verdict of each form that the audit tries of an equation."""
    one, found = Solved("continuum", iface), {}
    for entry in parts_of(number):
        for form, formula in forms(entry):
            verdict = try_formula(formula, one, entry.exact(one)).verdict
            found[form] = max(found.get(form, "agrees"), verdict, key=SEVERITY.__getitem__)
    return found


@pytest.mark.parametrize("claim", TRIED, ids=lambda claim: claim.name)
def test_check_and_audit_say_the_same(claim: Claim, continuum_only: Callable[[Interface], Evidence]) -> None:
    """The same form of the same equation has the same verdict on the same interface."""
    iface = MODEL_C if claim.equation == "(C5)" else COMMON
    rows = {(f.form, f.verdict) for f in claim.findings(continuum_only(iface))}
    assert rows
    audited = by_audit(str(claim.equation).strip("()"), iface)
    assert rows == {(form, audited[form]) for form, _ in rows}


def test_no_claim_passes_for_a_transcribed_form_that_the_audit_refutes() -> None:
    """Whatever has a corrected form is tried as such, and every number is one of the register's."""
    refuted = {f"({e.number})" for e in EQUATIONS if e.corrected is not None}
    assert {c.equation for c in CLAIMS if c.form == "transcribed"} & refuted == set()
    assert {c.equation for c in CLAIMS if c.form == "corrected"} == {"(15)"} <= refuted
    assert {c.equation for c in CLAIMS if c.form is None} == {None, "(Fig. 2)"}


def test_forms() -> None:
    """A number without letters stands for all of them; what is wrong on purpose has no form."""
    assert form_of("(16)") == form_of("(C5)") == "transcribed"
    assert form_of("(15)") == form_of("(24)") == form_of("(A10)") == "corrected"
    assert form_of("(Fig. 2)") is form_of(None) is None
    assert {control.form for control in CONTROLS} == {None}


def test_the_common_interface_tells_forms_apart() -> None:
    """(15) as transcribed disagrees there, and corrected it does not."""
    assert by_audit("15") == {"transcribed": "disagrees", "corrected": "agrees"}
