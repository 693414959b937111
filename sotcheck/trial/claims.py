"""A paper's claims about any system, tried on the evidence of one."""

from __future__ import annotations

from collections.abc import Iterator

from sotcheck.trial.entries import Claim
from sotcheck.trial.evidence import Evidence
from sotcheck.trial.paper import Paper
from sotcheck.trial.verdict import Finding, Trial, unknown

#: What engines are asked for, in words.
ASKED = {
    "ladder": "flows on the ladder of h_R, k_perp summed",
    "at_h_R": "flows at the h_R asked for, k_perp summed",
    "resolved": "states resolved in k_perp, m of the system",
    "resolved_tilted": "states resolved in k_perp, m tilted",
    "lattice": "states on a ladder of lattice spacings",
    "theory": "amplitudes at h_R = 0 for first order",
}


def findings_of(claim: Claim, evidence: Evidence, paper: Paper) -> Iterator[Finding]:
    """Yield the findings of one claim."""
    # A control is wrong on purpose: no form of an equation is on trial.
    form = None if claim.control else paper.form_of(claim.number)
    equation = f"({claim.number})" if claim.number else None
    for trial in claim.judge(evidence):
        yield trial.finding(claim.name, claim.says, equation, form=form)


def try_claims(evidence: Evidence, paper: Paper, *, controls: bool = False) -> Iterator[Finding]:
    """Yield the findings of a paper's claims, or of its controls; what an engine refused is one as well."""
    for claim in paper.of_type(Claim):
        if claim.control == controls:
            yield from findings_of(claim, evidence, paper)
    if not controls:
        for (asked, name), reason in evidence.refused.items():
            words = f"not to be had, and claims that need it are not tried with this engine: {reason}"
            engine = evidence.lattice_engine if asked == "lattice" else name
            trial = Trial(ASKED[asked], unknown(), words, engine=engine)
            yield trial.finding("solvable", "An engine solves what the claims need")
