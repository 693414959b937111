"""A second paper that comes along: the closed form of one metal cut by a delta function, at any h_R."""

from __future__ import annotations

from sotcheck.engines import EXACT
from sotcheck.trial.audit import audit
from sotcheck.trial.verdict import Verdict


def test_all_of_it_agrees_and_faults_are_seen() -> None:
    """With both engines, whose states know nothing of the conserved spin."""
    result = audit("scalar_delta", with_power=True, faults=0)
    assert {finding.verdict for finding in result} == {Verdict.AGREES}
    assert {(finding.equation, finding.engine) for finding in result} == {
        (f"({number})", engine) for number in range(1, 12) for engine in EXACT
    }
    outcomes = [fault["outcome"] for fault in result.to_dict()["power"]]
    assert outcomes.count("flagged") > 50
    assert "missed" not in outcomes
