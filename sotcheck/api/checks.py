"""`sc.check` and `sc.audit`: what is said of the torque, tried, with its verdicts."""

from __future__ import annotations

import html
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike

from sotcheck.api import draw
from sotcheck.api.result import (
    MOST_ROWS,
    Names,
    Result,
    SystemLike,
    along,
    chosen,
    documents,
    members,
    names,
    numbers,
    picture,
)
from sotcheck.engines import Scheme
from sotcheck.errors import SystemFileError, in_our_words
from sotcheck.run.executors import backend
from sotcheck.run.progress import Progress, silent
from sotcheck.trial import check as trial
from sotcheck.trial.audit import audit as audited
from sotcheck.trial.builder_check import GRID, check_builder
from sotcheck.trial.own_theory import check_theory, load_theory
from sotcheck.trial.paper import DEFAULT
from sotcheck.trial.result import Findings
from sotcheck.trial.torque import TOLERANCE
from sotcheck.trial.verdict import Finding

if TYPE_CHECKING:
    import pandas as pd
    import xarray as xr
    from matplotlib.axes import Axes

#: What tables have of a finding.
SAID = (
    "verdict", "claim", "equation", "form", "quantity", "source", "engine", "expected", "measured",
    "uncertainty", "relative_difference", "explanation",
)  # fmt: skip
HEAD = ("verdict", "claim", "quantity", "source", "engine", "expected", "measured", "uncertainty")
#: Differences are drawn down to this part of the smallest that matters.
FLOOR = 1e-11


class Verdicts(Result[Findings], Findings):
    """Findings with their verdicts: in order, as a table, as a picture; `verdict` is the worst of all."""

    @property
    def findings(self) -> tuple[Finding, ...]:  # type: ignore[override]
        """All findings, system by system."""
        return tuple(finding for part in self.parts for finding in part.findings)

    def to_dict(self) -> dict[str, Any]:
        """Return the JSON document of `sotcheck check` or `audit`; of a family one for each system."""
        return documents(self.parts)

    def __str__(self) -> str:
        return "\n\n".join(map(str, self.parts))

    @property
    def note(self) -> str:
        """What a failing formula is off by, or why there is no expansion; else empty."""
        return "\n".join(filter(None, (getattr(part, "note", "") for part in self.parts)))

    def summary(self) -> str:
        """Say how many findings agree, and why any does not, system by system."""
        return "\n".join(
            part.summary() if isinstance(part, trial.CheckResult) else str(part).splitlines()[-1]
            for part in self.parts
        )

    def _in_short(self) -> str:
        count = {one: sum(finding.verdict == one for finding in self.findings) for one in draw.VERDICT_COLOR}
        return ": " + ", ".join(f"{number} {word}" for word, number in count.items() if number)

    def to_dataframe(self) -> pd.DataFrame:
        """Return a table of one row for each finding."""
        import pandas as pd

        rows = []
        for at, part in zip(along(self.family), self.parts, strict=True):
            said = part.to_dict()["verdicts"]
            rows += [at | {name: row[name] for name in SAID} | _proved(row) for row in said]
        return pd.DataFrame(rows)

    def to_xarray(self) -> xr.Dataset:
        """Return the table with the findings as dimension."""
        frame = self.to_dataframe().rename_axis("finding")
        words = frame.select_dtypes(exclude="number").columns
        return frame.astype(dict.fromkeys(words, object)).to_xarray()

    def _labelled(self, part: Findings) -> xr.Dataset:
        return self.to_xarray()

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw how far each finding is off, and could be told, over the smallest difference that matters."""
        ax = draw.axes_for(ax, 7.0, max(3.0, 1.2 + 0.16 * len(self.findings)) if len(self) < 60 else 7.0)
        matters = np.array([one.comparison.tell_apart or np.inf for one in self.findings])
        off = np.array([abs(one.expected - one.measured.value) for one in self.findings]) / matters
        known = np.array([one.measured.total for one in self.findings]) / matters
        order = np.arange(len(self.findings))
        ax.set_xscale("log")
        ax.hlines(order, FLOOR, np.maximum(known, FLOOR), color="#cccccc", lw=3, label="uncertainty")
        for word, color in draw.VERDICT_COLOR.items():
            here = np.array([one.verdict == word for one in self.findings])
            if here.any():
                ax.plot(np.maximum(off[here], FLOOR), order[here], "o", ms=4, color=color, label=word)
        claims = [one.claim for one in self.findings]
        first = [n for n in order.tolist() if n == 0 or claims[n] != claims[n - 1]]
        # As many words as there is room for.
        step = max(1, int(len(first) / (5 * ax.figure.bbox.height / ax.figure.dpi) + 1))
        ax.set_yticks(first[::step], [claims[n] for n in first[::step]], fontsize=7)
        ax.invert_yaxis()
        ax.legend(fontsize=8, frameon=False, loc="center left", bbox_to_anchor=(1.0, 0.5))
        return draw.finish(
            ax, f"{self.name}{self._in_short()}", "|difference|, 1 being the smallest that matters", "claim"
        )

    def _repr_html_(self) -> str:
        worst = sorted(self.findings, key=lambda one: -one.verdict.severity)[:MOST_ROWS]
        rows = []
        for finding in worst:
            row = finding.to_dict()
            color = draw.VERDICT_COLOR[row["verdict"]]
            cells = [f'<td style="color:{color};font-weight:bold">{row["verdict"]}</td>']
            cells += [f"<td>{_cell(row[name])}</td>" for name in HEAD[1:]]
            rows.append(f"<tr>{''.join(cells)}</tr>")
        head = "".join(f'<th scope="col">{name}</th>' for name in HEAD)
        more = f"<p>{len(self)} findings, the worst first: <code>to_dataframe()</code></p>"
        lines = [f"<p><b>{html.escape(repr(self).strip('<>'))}</b></p>", picture(self.plot)]
        lines += [f"<table><thead><tr>{head}</tr></thead><tbody>{''.join(rows)}</tbody></table>", more]
        lines += [f"<p>{html.escape(self.note)}</p>"] if self.note else []
        return "\n".join([*lines, *(f"<p>Warning: {html.escape(said)}</p>" for said in self.warnings)])


def _proved(row: dict[str, Any]) -> dict[str, Any]:
    """Return what is proved of a row of an audit, if that was asked for."""
    if "certified" not in row:
        return {}
    proved = row["certified"] or {"agrees": None}
    apart = proved.get("radius", proved.get("apart"))
    return {"proved": proved["agrees"], "apart": apart, "identity": proved.get("identity", False)}


def _cell(value: Any) -> str:
    return f"{value:.6g}" if isinstance(value, float) else html.escape(str(value or ""))


@in_our_words
def check(
    system: SystemLike | None = None,
    *,
    engine: Names = None,
    h_R: ArrayLike | None = None,
    magnetization: ArrayLike | None = None,
    fermi_energy: ArrayLike | None = None,
    theory: str | Callable[..., Any] | None = None,
    builder: str | Callable[[], Any] | None = None,
    k: Sequence[tuple[float, float]] = (),
    grid: int | None = None,
    scheme: Scheme = "exact-difference",
    spacing: float | None = None,
    tolerance: float = TOLERANCE,
    progress: Progress = silent,
) -> Verdicts:
    """Try every claim on a system with the exact engines, as `sotcheck check` does.

    Parameters
    ----------
    system : System, Family, str, Path or mapping, optional
        A bare interface: every claim of the paper. A stack: those whose premises hold, and first order from
        its unperturbed states. A path FILE.nc: a result of `sweep`. None with a `builder`.
    engine : str or sequence of str, optional
        Exact engines to try the theory with, all by default.
    h_R : float or sequence, optional
        Rashba parameters to try besides the ladder for the linear coefficient; with a `builder` the largest.
    magnetization, fermi_energy : optional
        m and E_F instead of the system's own.
    theory : callable or str, optional
        Your own formula in place of first order, ``f(amplitudes, iface)``, or "module:function".
    builder : callable or str, optional
        Your own Kwant system, or "module:function"; with `k`, some (k_x, k_y) alone, or `grid` points along
        either axis of the cell.
    scheme, spacing : str, float, optional
        Of the kwant engine, as for `torque`.
    tolerance : float
        Relative quadrature error.

    Returns
    -------
    Verdicts
        Findings, each with its verdict and error budget; `verdict`, `note`, `summary()`, `to_dataframe()`, …

    Raises
    ------
    SystemFileError, EngineError, LatticeError, TheoryError, BuilderError
        For what is not acceptable. An engine that cannot solve a problem is a finding.
    """
    if (system is None) == (builder is None):
        raise SystemFileError("check: give a system, or builder=FUNCTION in its place")
    given = numbers("h_R", h_R)
    values = None if given is None else given.tolist()
    if builder is not None:
        largest = None if values is None else max(values)
        found = check_builder(builder, k=k, grid=grid or GRID, h_R=largest, progress=progress)
        return Verdicts(found.system.name, None, [found])
    if isinstance(system, str | Path) and str(system).endswith(".nc"):
        from sotcheck.sweep.dataset import open_sweep
        from sotcheck.sweep.judgement import check_sweep

        return Verdicts(str(system), None, [check_sweep(open_sweep(system), progress=progress)])
    if k or grid:
        raise SystemFileError("k and grid are for a builder; a system is summed over all k")
    family, systems = members(chosen(system or {}, m=magnetization, E_F=fermi_energy))
    if theory is not None:
        from sotcheck.system.files import bare

        formula = load_theory(theory) if isinstance(theory, str) else theory
        results: list[Any] = [
            check_theory(bare(one, "check with a theory"), formula, tolerance=tolerance) for one in systems
        ]
    else:
        how: dict[str, Any] = {
            "scheme": scheme,
            "spacing": spacing,
            "tolerance": tolerance,
            "progress": progress,
        }
        results = [trial.check(one, engine=names(engine), h_R=values, **how) for one in systems]
    return Verdicts(systems[0].name, family, results)


@in_our_words
def audit(
    paper: str | Path = DEFAULT,
    *,
    power: bool = False,
    certify: bool = False,
    output: str | Path | None = None,
    executor: str | None = None,
    workers: int = 1,
    progress: Progress = silent,
) -> Verdicts:
    """Put every numbered equation of a paper on trial, as `sotcheck audit` does: about a minute.

    Parameters
    ----------
    paper : str or Path
        Its name, or a file that defines one.
    power : bool
        Also seed faults into every confirmed formula, and count those that are flagged.
    certify : bool
        Also prove in ball arithmetic that equations agree or disagree, and exactly that they agree for all
        parameters, where that can be done.
    output : str or Path, optional
        Write the pages there too.
    executor, workers : str, int, optional
        "processes", "dask://", "dask://HOST:PORT", "mpi"; in this process by default.

    Raises
    ------
    TheoryError
        If there is no such paper, or one of its formulas cannot be evaluated.
    """
    how: dict[str, Any] = {"with_power": power, "certify": certify, "progress": progress}
    how["with_pages"] = output is not None
    if executor is None:
        found = audited(str(paper), **how)
    else:
        with backend(executor, workers).open() as where:
            found = audited(str(paper), executor=where.executor, **how)
    if output is not None:
        from sotcheck.pages.audit import write_audit

        write_audit(found, Path(output))
    return Verdicts(found.paper.name, None, [found])
