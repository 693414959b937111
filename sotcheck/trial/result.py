"""What a check or an audit yields: one verdict, one exit status, one JSON document, a table, sentences."""

from __future__ import annotations

import json
import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sotcheck import __version__
from sotcheck.run.tables import tabled
from sotcheck.trial.entries import Kind
from sotcheck.trial.fault_store import counted, recorded, table
from sotcheck.trial.faults import Fault as Planted
from sotcheck.trial.paper import DEFAULT, Paper, paper_order
from sotcheck.trial.power import Fault
from sotcheck.trial.proved import Key, Proof, proof_of
from sotcheck.trial.verdict import Finding, Verdict


class Findings(Sequence[Finding]):
    """What a check or an audit yields; subclasses say what it is about."""

    findings: tuple[Finding, ...]

    def __len__(self) -> int:
        return len(self.findings)

    def __getitem__(self, index: Any) -> Any:
        return self.findings[index]

    @property
    def verdict(self) -> Verdict:
        """The worst of all: a single disagreement or doubt is not outvoted."""
        return Verdict.worst(finding.verdict for finding in self.findings)

    @property
    def exit_status(self) -> int:
        """0 all agree, 1 something disagrees, 3 nothing disagrees but something is inconclusive."""
        return self.verdict.exit_status

    def to_dict(self) -> dict[str, Any]:
        """Return the JSON document of the contract."""
        return {
            "sotcheck": __version__,
            "system": None,
            "verdicts": [finding.to_dict() for finding in self.findings],
        }

    def to_json(self) -> str:
        """Return `to_dict` as JSON text."""
        return json.dumps(self.to_dict(), indent=2, allow_nan=False) + "\n"

    def table(self, *columns: str) -> str:
        """Return a table: the verdict, columns of words, the numbers."""
        rows = [
            [
                row["verdict"] if row["verdict"] == Verdict.AGREES else row["verdict"].upper(),
                *(row[name] or "" for name in columns),
                *(_number(finding.expected), _number(finding.measured.value)),
                f"{finding.measured.total:.1e}" if finding.measured.terms else "",
            ]
            for finding in self.findings
            for row in (finding.to_dict(),)
        ]
        head = ["verdict", *columns, "expected", "measured", "uncertainty"]
        return tabled(rows, head)


def _number(value: float) -> str:
    return f"{value:.9g}" if math.isfinite(value) else ""


@dataclass(frozen=True)
class AuditResult(Findings):
    """All rows of the audit of a paper; prints as a table, converts to the contract's JSON.

    For the pages alone: `samples` of formulas against exact numbers, and `shown`, the data of figures and
    tables by key and part.
    """

    paper: Paper
    findings: tuple[Finding, ...]
    faults: tuple[Fault, ...] = ()
    samples: tuple[dict[str, Any], ...] = ()
    shown: Mapping[str, dict[str, Any]] = field(default_factory=dict)
    planted: tuple[Planted, ...] = ()
    proofs: Mapping[Key, Proof] = field(default_factory=dict)

    def _origin(self, finding: Finding) -> dict[str, Any]:
        """Return the kind of a row's disagreement, and the places of the paper that ask for either form."""
        number = (finding.equation or "").strip("()")
        parts = [one for one in self.paper.parts_of(number) if one.number == number]
        kinds = {one.kind for one in parts if one.of.words == finding.quantity}
        return {
            "kind": next((kind for kind in kinds if kind), None),
            "needed_for": [one.place for one in self.paper.consequences(finding.equation, "corrected")],
            "kept_in": [one.place for one in self.paper.consequences(finding.equation, "transcribed")],
        }

    def to_dict(self) -> dict[str, Any]:
        """Return the JSON document of `sotcheck audit`."""
        document = super().to_dict()
        rows = zip(document["verdicts"], self.findings, strict=True)
        document["verdicts"] = [row | self._origin(finding) for row, finding in rows]
        if self.proofs:
            for row, finding in zip(document["verdicts"], self.findings, strict=True):
                row |= proof_of(finding, self.proofs).to_dict()
        if self.faults:
            document["power"] = [vars(fault) for fault in self.faults]
        if self.planted:
            document["machinery"] = [vars(fault) for fault in self.planted]
        return document

    def __str__(self) -> str:
        return self.table("equation", "form", "quantity", "engine") + "\n" + self.summary()

    def summary(self) -> str:
        """Say how many equations agree, which do not and how, what speaks for either form; the count last."""
        return "\n".join([*self.proved(), *self.sources(), *self.power(), *self.machinery(), self.light()])

    @property
    def numbers(self) -> list[str]:
        """The numbers tried, each once."""
        return list(dict.fromkeys(f.equation for f in self.findings if f.equation))

    @property
    def refuted(self) -> list[str]:
        """The numbers that disagree as transcribed, in the paper's order."""
        rows = (f for f in self.findings if f.equation and f.form != "corrected")
        return sorted({str(f.equation) for f in rows if f.verdict == "disagrees"}, key=paper_order)

    def of_kind(self, kind: Kind) -> list[str]:
        """Return the refuted numbers of one kind."""
        return [number for number in self.refuted if self.paper.kind_of(number.strip("()")) == kind]

    def asked_for(self, form: str) -> list[str]:
        """Return the refuted numbers of which some other place of the paper follows from one form alone."""
        return [number for number in self.refuted if self.paper.consequences(number, form)]

    def sources(self) -> list[str]:
        """Say which disagree by marks or content, and for which form other places of the paper ask."""
        lines = {
            "By marks that a machine which reads print loses or swaps (names, primes, daggers, stars,"
            " indices, signs of superscripts, brackets)": self.of_kind("marks"),
            "By content (a factor, a sign, a term, a structure)": self.of_kind("content"),
            "Other places of the paper follow from the corrected form alone": self.asked_for("corrected"),
            "Other places of the paper follow from the transcribed form alone": self.asked_for("transcribed"),
        }
        return [f"{words}: {', '.join(numbers)}." for words, numbers in lines.items() if numbers]

    def proved(self) -> list[str]:
        """Say of every form what is proved of it, or why nothing is, and how many of each there are."""
        lines = [f"{number} {form}, {words}: {one}" for (number, _, words, form), one in self.proofs.items()]
        count = Counter(one.agrees for one in self.proofs.values())
        exactly = f"{sum(one.identity for one in self.proofs.values())} of them for all parameters exactly"
        total = f"proved in ball arithmetic: {count[True]} forms agree, {exactly}, {count[False]} disagree; "
        return [*lines, f"{total}{count[None]} not proved."] if lines else []

    def light(self) -> str:
        """Return the count of what disagrees, and how far it can be told where that comes from."""
        right = {f.equation for f in self.findings if f.form == "corrected" and f.verdict == "agrees"}
        count = f"{len(self.refuted)} of {len(self.numbers)} numbered equations disagree as transcribed"
        if right or self.paper.machine_read:
            count += f", {len(right)} of them with a corrected form that exact numerics confirm"
        if not self.paper.machine_read:
            return f"{count}."
        needed, kept = (len(self.asked_for(form)) for form in ("corrected", "transcribed"))
        return (
            f"{count}: {len(self.of_kind('marks'))} by marks that a machine reading loses,"
            f" {len(self.of_kind('content'))} by content. {needed} of the corrected forms and {kept} of the"
            " transcribed ones are what other equations, figures or sentences of the paper need. The"
            " transcription is machine-read: look at the journal's page before calling any of them the"
            " authors' error."
        )

    def power(self) -> list[str]:
        """Say how many seeded faults were flagged, and list those that were not."""
        if not self.faults:
            return []
        count = Counter(fault.outcome for fault in self.faults)
        missed = [
            f"  missed: ({f.number}) {f.quantity}: {f.change}" for f in self.faults if f.outcome == "missed"
        ]
        return [
            f"power: {count['flagged']} of {count['flagged'] + count['missed']} seeded faults flagged; "
            f"{count['no effect']} more change nothing on any parameter set.",
            *missed,
        ]

    def machinery(self) -> list[str]:
        """Say how many faults in the code were flagged: of those tried now, or when all were tried."""
        if self.planted:
            return table(counted(self.planted))
        return table(recorded()) if self.faults and self.paper.name == DEFAULT else []
