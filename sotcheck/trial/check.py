"""The cross-check of one system: evidence in, verdicts out."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from tabulate import tabulate

from sotcheck import __version__
from sotcheck.beyond.warnings import warnings
from sotcheck.engines import ENGINES, Scheme, exact_engines
from sotcheck.errors import EngineError, SystemFileError, in_range
from sotcheck.run.progress import Progress, silent
from sotcheck.run.threads import single_threaded
from sotcheck.system.files import to_document
from sotcheck.system.interface import Interface
from sotcheck.trial.evidence import gather
from sotcheck.trial.registry import judge_all
from sotcheck.trial.torque import TOLERANCE, TOLERANCES, rashba_parameters
from sotcheck.trial.verdict import Finding, Verdict

EXIT_STATUS: dict[Verdict, int] = {"agrees": 0, "disagrees": 1, "inconclusive": 3}


@dataclass(frozen=True)
class CheckResult(Sequence[Finding]):
    """All findings about one system; prints as a table, converts to the contract's JSON."""

    iface: Interface
    findings: tuple[Finding, ...]
    note: str = ""
    warnings: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.findings)

    def __iter__(self) -> Iterator[Finding]:
        return iter(self.findings)

    def __getitem__(self, index: Any) -> Any:
        return self.findings[index]

    @property
    def verdict(self) -> Verdict:
        """The overall verdict: a single disagreement or doubt is not outvoted."""
        verdicts = {finding.verdict for finding in self.findings}
        if "disagrees" in verdicts:
            return "disagrees"
        return "inconclusive" if "inconclusive" in verdicts else "agrees"

    @property
    def exit_status(self) -> int:
        """0 all agree, 1 something disagrees, 3 nothing disagrees but something is inconclusive."""
        return EXIT_STATUS[self.verdict]

    def to_dict(self) -> dict[str, Any]:
        """Return the JSON document of `sotcheck check`."""
        return {
            "sotcheck": __version__,
            "system": to_document(self.iface),
            "verdicts": [finding.to_dict() for finding in self.findings],
            "warnings": list(self.warnings),
        }

    def to_json(self) -> str:
        """Return `to_dict` as JSON text."""
        return json.dumps(self.to_dict(), indent=2, allow_nan=False) + "\n"

    def __str__(self) -> str:
        table = [
            [
                finding.verdict.upper() if finding.verdict != "agrees" else "agrees",
                finding.claim,
                finding.quantity,
                finding.source or "",
                finding.engine or "",
                f"{finding.expected:.9g}",
                f"{finding.measured:.9g}",
                f"{finding.budget.total:.1e}",
            ]
            for finding in self.findings
        ]
        head = ["verdict", "claim", "quantity", "source", "engine", "expected", "measured", "uncertainty"]
        return (
            f"{self.iface.name}: {self.iface.title}\n"
            + tabulate(table, head, disable_numparse=True)
            + f"\n{self.summary()}"
        )

    def summary(self) -> str:
        """Say in one sentence how many findings agree, and why any does not."""
        count = Counter(finding.verdict for finding in self.findings)
        words = [f"{count[v]} {v}" for v in ("agrees", "disagrees", "inconclusive") if count[v]]
        text = f"{len(self.findings)} findings: {', '.join(words)}."
        text = f"{text} Note: {self.note}." if self.note else text
        return "\n".join([text, *(f"Warning: {warning}." for warning in self.warnings)])


@single_threaded
def check(
    iface: Interface,
    *,
    engine: str | Sequence[str] = ENGINES,
    h_R: float | Sequence[float] | None = None,
    scheme: Scheme = "exact-difference",
    spacing: float | None = None,
    tolerance: float = TOLERANCE,
    progress: Progress = silent,
) -> CheckResult:
    """Try every claim on one interface.

    Parameters
    ----------
    iface : Interface
    engine : str or sequence of str
        Exact engines to try the theory with, "continuum" and "kwant"; "first-order" is what is tried.
    h_R : float or sequence, optional
        Rashba parameters to try besides the ladder for the linear coefficient; the interface's own by
        default. Zero has nothing to check and is refused.
    scheme, spacing : str, float, optional
        Of the kwant engine, as for `torque`.
    tolerance : float
        Relative quadrature error at these h_R.

    Returns
    -------
    CheckResult

    Raises
    ------
    SystemFileError
        If an h_R is zero, or not acceptable.
    EngineError, LatticeError
        When the tolerance or another option is out of range, or no exact engine is among those asked for. An
        engine that cannot solve a problem is a finding.
    """
    values = np.array(rashba_parameters(iface, h_R))
    in_range("tolerance", tolerance, *TOLERANCES)
    if np.any(values == 0):
        raise SystemFileError(
            f"{iface.name}: interface.rashba = 0: without spin-orbit coupling there is no torque to check; "
            "give another value in the file or with --h-r"
        )
    engines = exact_engines([engine] if isinstance(engine, str) else list(engine), scheme, spacing)
    if not engines:
        raise EngineError(
            "engine = 'first-order' alone has nothing to be checked against; add continuum or kwant"
        )
    evidence = gather(iface, values, tolerance, engines=engines, progress=progress)
    return CheckResult(
        iface,
        tuple(judge_all(evidence)),
        evidence.why_not_analytic,
        tuple(warnings(iface, values.tolist())),
    )
