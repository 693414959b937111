"""The cross-check of one system: a paper's claims tried on its evidence."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np

from sotcheck.beyond.warnings import warnings
from sotcheck.engines import EXACT, FIRST_ORDER, Engine, Scheme, exact_engines
from sotcheck.errors import EngineError, SystemFileError
from sotcheck.exact.observables import summed_errors
from sotcheck.numerics.arrays import Array
from sotcheck.run.progress import Progress, silent
from sotcheck.run.threads import single_threaded
from sotcheck.system.files import to_document
from sotcheck.system.interface import Interface
from sotcheck.system.model import System
from sotcheck.system.units import unit_of_torque
from sotcheck.trial.certified import certified, covered, once_more
from sotcheck.trial.entries import Claim
from sotcheck.trial.evidence import Evidence, Steps, planned
from sotcheck.trial.exact_rows import rows_of
from sotcheck.trial.paper import Paper, load
from sotcheck.trial.reach import refuse_beyond
from sotcheck.trial.result import Findings
from sotcheck.trial.stack_check import conserved, engines_agree, evidence_of, first_order, stack_rows, sums
from sotcheck.trial.stack_ladders import Ladders
from sotcheck.trial.symmetries import symmetric
from sotcheck.trial.torque import TOLERANCE, asked, torque
from sotcheck.trial.torque_table import TorqueRow, TorqueTable
from sotcheck.trial.verdict import Finding, Trial, Verdict, unknown

#: What engines are asked for, in words.
ASKED = {
    "ladder": "flows on the ladder of h_R, k_perp summed",
    "at_h_R": "flows at the h_R asked for, k_perp summed",
    "resolved": "states resolved in k_perp, m of the system",
    "resolved_tilted": "states resolved in k_perp, m tilted",
    "lattice": "states on a ladder of lattice spacings",
    "theory": "amplitudes at h_R = 0 for first order",
}
#: How many steps each proof of a stack with layers may take, about 5 s: the same on every machine.
PROOF_STEPS = 600


@dataclass(frozen=True)
class CheckResult(Findings):
    """All findings about one system; prints as a table, converts to the contract's JSON."""

    iface: System
    findings: tuple[Finding, ...]
    note: str = ""
    warnings: tuple[str, ...] = ()
    untried: tuple[tuple[Claim, str], ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """Return the JSON document of `sotcheck check`, with the claims that do not apply to a stack."""
        found = super().to_dict() | {"system": to_document(self.iface), "warnings": list(self.warnings)}
        if self.untried:
            found["does_not_apply"] = [
                {"claim": claim.name, "title": claim.says, "equation": equation_of(claim), "reason": why}
                for claim, why in self.untried
            ]
        return found

    def __str__(self) -> str:
        table = self.table("claim", "quantity", "source", "engine")
        unit = "; torques in nm^-3" if self.iface.unit else ""
        return f"{self.iface.heading}{unit}\n{table}\n{self.summary()}"

    def summary(self) -> str:
        """Say in one sentence how many findings agree, and why any does not."""
        count = Counter(finding.verdict for finding in self.findings)
        order = (Verdict.AGREES, Verdict.DISAGREES, Verdict.INCONCLUSIVE)
        words = [f"{count[verdict]} {verdict}" for verdict in order if count[verdict]]
        note = f" Note: {self.note}." if self.note else ""
        text = f"{len(self.findings)} findings: {', '.join(words)}.{note}"
        reasons = {why: [c.name for c, but in self.untried if but == why] for _, why in self.untried}
        lines = [f"{', '.join(names)}: does not apply: {why}." for why, names in reasons.items()]
        return "\n".join([text, *lines, *(f"Warning: {warning}." for warning in self.warnings)])


def equation_of(claim: Claim) -> str | None:
    """Return the number of a claim's equation in parentheses, if it has one."""
    return f"({claim.number})" if claim.number else None


def findings_of(claim: Claim, evidence: Evidence, paper: Paper) -> Iterator[Finding]:
    """Yield the findings of one claim."""
    # A control is wrong on purpose: no form of an equation is on trial.
    form = None if claim.control else paper.form_of(claim.number)
    equation = equation_of(claim)
    for trial in claim.judge(evidence):
        yield trial.finding(claim.name, claim.says, equation, form=form)


def try_claims(evidence: Evidence, paper: Paper, *, controls: bool = False) -> Iterator[Finding]:
    """Yield the findings of a paper's claims, or of its controls; what an engine refused is one as well.

    Claims of which a premise does not hold are passed over.
    """
    for claim in paper.of_type(Claim):
        if claim.control == controls and not claim.but(evidence.iface):
            yield from findings_of(claim, evidence, paper)
    if not controls:
        for (asked, name), reason in evidence.refused.items():
            words = f"not to be had, and claims that need it are not tried with this engine: {reason}"
            engine = evidence.lattice_engine if asked == "lattice" else name
            trial = Trial(ASKED[asked], unknown(), words, engine=engine)
            yield trial.finding("solvable", "An engine solves what the claims need")


def tried(system: System, steps: Steps, progress: Progress) -> tuple[Finding, ...]:
    """Return what steps find, under one bar, with torques in the unit of the system's file."""
    return in_file_units(system, (one for step in progress(steps, system.name) for one in steps[step]()))


def in_file_units(system: System, findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """Return findings with torques in the unit of the system's file."""
    unit = unit_of_torque(system)
    return tuple(finding.in_unit(unit) for finding in findings)


def check_stack(
    system: System,
    engines: Mapping[str, Engine],
    scales: Array,
    tolerance: float,
    path: str | None,
    progress: Progress,
    h_R: float | Sequence[float] | None = None,
) -> CheckResult:
    """Try what can be said of a stack at these scales (n,), or the h_R asked for, by these exact engines."""
    paper, ladders = load(), cache(lambda: Ladders.of(system, engines))
    summed = cache(lambda: sums(system, engines, scales, tolerance))
    claims = [(claim, claim.but(system)) for claim in paper.of_type(Claim) if not claim.control]
    said = warnings(system, scales.tolist())

    def of_paper() -> Iterator[Finding]:
        if not all(why for _, why in claims):
            yield from try_claims(evidence_of(system, engines, scales, ladders(), paper.first_order), paper)

    def of_rows() -> Iterator[Finding]:
        # As `torque` has them, but for a lattice's own, which would take longer than their difference.
        names, numbers = [FIRST_ORDER, *engines], scales.tolist()
        without = [name for name in names if name not in engines or engines[name].scheme is None]
        rows = list(torque(system, without, h_R=h_R, tolerance=tolerance))
        rows += [row for row in stack_rows(system, summed()) if engines[row.engine].scheme]
        rows = certified(system, rows, path, steps=PROOF_STEPS if system.structure.layers else math.inf)
        kind = ladders().expansion.kind
        # With a bound state's own torque first order knows t alone, and no plain rule sees its resonance.
        wanted = dict.fromkeys(names, True) | {FIRST_ORDER: kind != "embedded"}
        options: dict[str, Any] = {"first_order": kind == "analytic", "wanted": wanted, "numbers": numbers}
        yield from once_more(system, rows, engines, path, **options)
        yield from symmetric(system, rows, engines)
        findings, unproved = covered(system, rows, path)
        said.extend(unproved)
        yield from findings

    steps: Steps = {
        "first order": lambda: first_order(system, ladders()),
        "claims": of_paper,
        "engines": lambda: engines_agree(system, summed(), ladders().scale),
        "sums": of_rows,
        "conservation": lambda: conserved(system, engines, float(scales[0])),
    }
    found = tried(system, steps, progress)
    # Some are tried of a stack in its own way.
    in_its_own = {finding.claim for finding in found}
    untried = tuple((claim, why) for claim, why in claims if why and claim.name not in in_its_own)
    return CheckResult(system, found, ladders().expansion.why_not, tuple(said), untried)


def check_interface(
    iface: Interface,
    names: Sequence[str],
    engines: Mapping[str, Engine],
    h: Array,
    h_R: float | Sequence[float] | None = None,
    *,
    scheme: Scheme = "exact-difference",
    spacing: float | None = None,
    tolerance: float = TOLERANCE,
    path: str | None = None,
    controls: bool = False,
    progress: Progress = silent,
) -> tuple[CheckResult, Evidence]:
    """Try every claim on a bare interface at these h_R (n,), its own or those asked for; also on what.

    `names` are of all engines asked for, `engines` the exact ones; with `controls` the evidence has what only
    negative controls need.
    """
    paper = load()
    evidence, steps = planned(iface, h, tolerance, paper.first_order, engines=engines, controls=controls)
    numbers = None if h_R is None else h.tolist()
    said: list[str] = []

    @cache
    def asked_of() -> list[str]:
        return [name for name in names if name not in engines or name in evidence.at_h_R]

    @cache
    def table() -> TorqueTable:
        # Without a lattice no spacing is accepted.
        a = spacing if evidence.lattice_engine in asked_of() else None
        options: dict[str, Any] = {"scheme": scheme, "spacing": a, "tolerance": tolerance}
        return torque(iface, asked_of(), h_R=h_R, **options, certify=path or True)

    def on_ladder() -> list[TorqueRow]:
        # Sums on the ladder are over h_R.
        rows = [
            row
            for name, summed in evidence.ladder.items()
            for n, rounding in enumerate(summed_errors(engines[name], iface, evidence.rungs).sum(axis=0))
            for h in [float(evidence.rungs[n])]
            for row in rows_of(iface, engines[name], h, summed.total[n] * h, rounding)
        ]
        return certified(iface, rows, path)

    def proved(some: Sequence[TorqueRow], worst: str = "") -> list[Finding]:
        found, unproved = covered(iface, some, path, worst)
        said.extend(unproved)
        return found

    steps |= {
        "claims": lambda: try_claims(evidence, paper),
        "proofs": lambda: proved(table()),
        "proofs of the ladder": lambda: proved(on_ladder(), "ladder"),
        "states": lambda: once_more(
            iface, table(), engines, path, wanted=dict.fromkeys(asked_of(), True), numbers=numbers
        ),
        "symmetries": lambda: symmetric(iface, table(), engines),
    }
    found = tried(iface, steps, progress)
    said = [*table().warnings, *dict.fromkeys(said)]
    return CheckResult(iface, found, evidence.expansion.why_not, tuple(said)), evidence


@single_threaded
def check(
    iface: System,
    *,
    engine: str | Sequence[str] | None = None,
    h_R: float | Sequence[float] | None = None,
    scheme: Scheme = "exact-difference",
    spacing: float | None = None,
    tolerance: float = TOLERANCE,
    path: str | None = None,
    progress: Progress = silent,
) -> CheckResult:
    """Try every claim whose premises a system meets; of a stack, first order in its own way as well.

    Parameters and errors are those of `sotcheck.check`. h_R = 0 has nothing to check and is refused, and so
    is "first-order" alone, which is what is tried. `path`: the file, or built-in name, that the system was
    read from: what is proved is that of the file.
    """
    names, values = asked(iface, engine, h_R, tolerance)
    if 0 in values:
        raise SystemFileError(
            f"{iface.name}: interface.rashba = 0: without spin-orbit coupling there is no torque to check; "
            "give another value in the file or with --h-r"
        )
    engines = exact_engines(names, scheme, spacing)
    if not engines:
        raise EngineError(
            f"engine = 'first-order' alone has nothing to be checked against; add {' or '.join(EXACT)}"
        )
    h = np.array(values)
    if not isinstance(iface, Interface):
        for one in engines.values():
            refuse_beyond(one, iface)
        return check_stack(iface, engines, h, tolerance, path, progress, h_R)
    how: dict[str, Any] = {"scheme": scheme, "spacing": spacing, "tolerance": tolerance, "path": path}
    return check_interface(iface, names, engines, h, h_R, **how, progress=progress)[0]
