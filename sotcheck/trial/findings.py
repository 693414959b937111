"""Sequences of findings: one verdict, one exit status, one JSON document."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from typing import Any

from tabulate import tabulate

from sotcheck import __version__
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
        return tabulate(rows, head, disable_numparse=True)


def _number(value: float) -> str:
    return f"{value:.9g}" if math.isfinite(value) else ""
