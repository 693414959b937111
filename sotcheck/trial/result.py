"""What the audit yields: its rows, as a table, as sentences, as JSON."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from tabulate import tabulate

from sotcheck import __version__
from sotcheck.papers.kim2017.consequences import kept_in, needed_for
from sotcheck.trial import power
from sotcheck.trial.check import EXIT_STATUS
from sotcheck.trial.registry import EQUATIONS, Kind, kind_of
from sotcheck.trial.verdict import Finding, Verdict


def paper_order(number: str | None) -> tuple[int, int, str]:
    """Return a key that sorts "(6a)", "(16c)", "(A13b)", "(B1)", None in the paper's order."""
    if number is None:
        return (9, 0, "")
    text = number.strip("()")
    part = "ABC".find(text[0]) + 1
    digits = "".join(c for c in text[bool(part) :] if c.isdigit())
    return (part, int(digits), text)


def _origin(finding: Finding) -> dict[str, Any]:
    """Return the kind of a row's disagreement, and the places of the paper that ask for either form."""
    kinds = {
        entry.kind
        for entry in EQUATIONS
        if (f"({entry.number})", entry.quantity) == (finding.equation, finding.quantity)
    }
    return {
        "kind": next((kind for kind in kinds if kind), None),
        "needed_for": [one.place for one in needed_for(finding.equation)],
        "kept_in": [one.place for one in kept_in(finding.equation)],
    }


@dataclass(frozen=True)
class AuditResult(Sequence[Finding]):
    """All rows of the audit; prints as a table, converts to the contract's JSON."""

    findings: tuple[Finding, ...]
    faults: tuple[power.Fault, ...] = ()
    samples: tuple[dict[str, Any], ...] = ()

    def __len__(self) -> int:
        return len(self.findings)

    def __iter__(self) -> Iterator[Finding]:
        return iter(self.findings)

    def __getitem__(self, index: Any) -> Any:
        return self.findings[index]

    @property
    def exit_status(self) -> int:
        """0 all agree, 1 something disagrees, 3 nothing disagrees but something is inconclusive."""
        verdicts = {finding.verdict for finding in self.findings}
        order: tuple[Verdict, ...] = ("disagrees", "inconclusive", "agrees")
        return EXIT_STATUS[next(v for v in order if v in verdicts)]

    def to_dict(self) -> dict[str, Any]:
        """Return the JSON document of `sotcheck audit`."""
        document = {
            "sotcheck": __version__,
            "system": None,
            "verdicts": [finding.to_dict() | _origin(finding) for finding in self.findings],
        }
        if self.faults:
            document["power"] = [vars(fault) for fault in self.faults]
        return document

    def to_json(self) -> str:
        """Return `to_dict` as JSON text."""
        return json.dumps(self.to_dict(), indent=2, allow_nan=False) + "\n"

    def __str__(self) -> str:
        table = [
            [
                finding.verdict.upper() if finding.verdict != "agrees" else "agrees",
                finding.equation or "",
                finding.form or "",
                finding.quantity,
                finding.engine or "",
                *(f"{v:.9g}" if np.isfinite(v) else "" for v in (finding.expected, finding.measured)),
                f"{finding.budget.total:.1e}" if finding.budget.terms else "",
            ]
            for finding in self.findings
        ]
        head = ["verdict", "equation", "form", "quantity", "engine", "expected", "measured", "uncertainty"]
        return tabulate(table, head, disable_numparse=True) + "\n" + self.summary()

    def summary(self) -> str:
        """Say how many equations agree, which do not and how, what speaks for either form; the count last."""
        lines = self.sources()
        if self.faults:
            lines.append(self.power_summary())
        return "\n".join([*lines, self.light()])

    @property
    def numbers(self) -> list[str]:
        """The numbers tried, each once."""
        return list(dict.fromkeys(f.equation for f in self.findings if f.equation))

    @property
    def refuted(self) -> list[str]:
        """The numbers that disagree as transcribed, in the paper's order."""
        rows = (f for f in self.findings if f.equation and f.form != "corrected")
        return sorted({str(f.equation) for f in rows if f.verdict == "disagrees"}, key=paper_order)

    def sources(self) -> list[str]:
        """Say which disagree by marks or content, and for which form other places of the paper ask."""
        lines = (
            ("By marks that a machine which reads print loses or swaps (names, primes, daggers, stars,"
             " indices, signs of superscripts, brackets)", self.of_kind("marks")),
            ("By content (a factor, a sign, a term, a structure)", self.of_kind("content")),
            ("Other places of the paper follow from the corrected form alone",
             [n for n in self.refuted if needed_for(n)]),
            ("Other places of the paper follow from the transcribed form alone",
             [n for n in self.refuted if kept_in(n)]),
        )  # fmt: skip
        return [f"{words}: {', '.join(numbers)}." for words, numbers in lines if numbers]

    def of_kind(self, kind: Kind) -> list[str]:
        """Return the refuted numbers of one kind."""
        return [number for number in self.refuted if kind_of(number) == kind]

    def light(self) -> str:
        """Return the count of what disagrees, and how far it can be told where that comes from."""
        corrected = {f.equation for f in self.findings if f.form == "corrected" and f.verdict == "agrees"}
        needed, kept = (sum(map(bool, map(f, self.refuted))) for f in (needed_for, kept_in))
        return (
            f"{len(self.refuted)} of {len(self.numbers)} numbered equations disagree as transcribed,"
            f" {len(corrected)} of them with a corrected form that exact numerics confirm:"
            f" {len(self.of_kind('marks'))} by marks that a machine reading loses,"
            f" {len(self.of_kind('content'))} by content. {needed} of the corrected forms and {kept} of the"
            " transcribed ones are what other equations, figures or sentences of the paper need. The"
            " transcription is machine-read: look at the journal's page before calling any of them the"
            " authors' error."
        )

    def power_summary(self) -> str:
        """Say how many seeded faults were flagged, and list those that were not."""
        count = Counter(fault.outcome for fault in self.faults)
        visible = count["flagged"] + count["missed"]
        lines = [
            f"power: {count['flagged']} of {visible} seeded faults flagged; "
            f"{count['no effect']} more change nothing on any parameter set."
        ]
        lines += [
            f"  missed: ({f.number}) {f.quantity}: {f.change}" for f in self.faults if f.outcome == "missed"
        ]
        return "\n".join(lines)
