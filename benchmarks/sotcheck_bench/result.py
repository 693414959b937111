"""The table of `sotcheck bench`: what was measured, against which bar, and whether it is met."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from tabulate import tabulate

from sotcheck import __version__
from sotcheck.run.tables import tabled
from sotcheck_bench.costs import Curve, figure


@dataclass(frozen=True)
class Row:
    """One number and its bar.

    Attributes
    ----------
    key : str
        For programs.
    section : str
        What it belongs to; a key of `HOW`.
    quantity : str
        What was measured.
    value : float
    unit : str
        "" for a count, "×" for a ratio.
    at_least, at_most : float, optional
        The bar; at most one of them.
    aim : float, optional
        What would be better still; judged nowhere.
    note : str
    """

    key: str
    section: str
    quantity: str
    value: float
    unit: str = ""
    at_least: float | None = None
    at_most: float | None = None
    aim: float | None = None
    note: str = ""

    @property
    def met(self) -> bool | None:
        """Whether the bar is met; None where there is none."""
        if self.at_least is not None:
            return self.value >= self.at_least
        return self.value <= self.at_most if self.at_most is not None else None

    @property
    def bar(self) -> str:
        """The bar in words."""
        if self.at_least is None and self.at_most is None:
            return ""
        sign, bound = ("≥", self.at_least) if self.at_least is not None else ("≤", self.at_most)
        aim = f", aim {_number(self.aim, self.unit)}" if self.aim is not None else ""
        return f"{sign} {_number(bound, self.unit)}{aim}"

    @property
    def verdict(self) -> str:
        """Whether the bar is met, in words."""
        return {True: "met", False: "NOT MET", None: ""}[self.met]

    def cells(self) -> list[str]:
        """Return the row of a table."""
        return [self.quantity, _number(self.value, self.unit), self.bar, self.verdict, self.note]

    def to_dict(self) -> dict[str, Any]:
        """Return JSON-ready data."""
        return {**asdict(self), "met": self.met}


#: Name of the figure's file.
FIGURE = "cost.svg"
HEADERS = ("measured", "value", "bar", "", "note")

#: How each section is measured.
HOW = {
    "continuum": "Boundary matching, in closed form: all four spin flows of all three sources. The grid is "
    "that of a sum over k_perp and angle; `all different` has a k_perp, angle and h_R of its own for every "
    "problem. The plain loop calls the same engine with one problem at a time.",
    "native": "The same closed form by NumPy, by numba (the extra `fast`) and in C "
    "(`benchmarks/sotcheck_bench/closed_form.c`, one thread), into new memory each time.",
    "stack": "An interface with three layers behind it, two of them magnetic, against the bare one in closed "
    "form: all flows at four interfaces and in three layers, five and a half times as many numbers, in "
    "requests whose memory the process keeps; and a torque at a tolerance of 1e-8, poles and all.",
    "kwant": "The problems are those that `exact_flows` asks for at a tolerance of 1e-8 (eight angles share "
    "a k_perp), modes found anew. The naive script (`benchmarks/sotcheck_bench/naive_kwant.py`) finalises "
    "its builder once, then calls `kwant.smatrix` and `kwant.wave_function`, evenly spread over the same "
    "problems; the lean one calls `kwant.wave_function` alone. `Own k_perp`: no two problems share a lead, "
    "so that there is nothing to share.",
    "torque": "The naive script sums over the midpoints of a uniform grid in k_perp and angle; ours is "
    "`exact_flows` with Kwant, builder, modes and all, at the loosest power of ten of a tolerance "
    "whose true error is no larger than the naive script's. Errors are relative to the largest "
    "component, against a reference by boundary matching at 1e-12.",
    "cost": "Whole torques by boundary matching, as if for the first time: against h_R for every built-in "
    "bare interface with tilted m at 1e-9, against the tolerance at its own h_R, and against the number of "
    "layers at 1e-8, with and without Rashba terms in them.",
    "quadrature": "Scattering problems for the torque vectors of all sources. All are given the loosest "
    "tolerance, a power of ten, whose true error is no larger than the target (for SciPy's, of those from a "
    "thousand times the target down, a hundred for `dblquad` and in a quick run), and ours also the "
    "target itself, as "
    "one would who knows no truth. The reference is a pair of Gauss–Legendre rules that agree to "
    "1e-12. Raw integrand: k_perp from 0 to the last threshold, angle from 0 to 2π, no substitution, "
    "no threshold given unless said. `quad_vec` is nested, vector-valued, its norm the maximum.",
    "workers": "`sotcheck sweep` in this process, against the same on its own executor of two processes that "
    "are running already; the two take turns.",
    "dask": "The same sweep over a Dask cluster on the loopback device, of one worker process and of two, "
    "which stand for nodes, run already and take turns; scheduler and command share their cores.",
    "memory": "A fresh process solves 10^6 problems in one request and keeps all 36 numbers of each "
    "(288 MB): the largest resident memory it ever had.",
    "sweep": "A sweep written to its NetCDF file, journal and all: what its wall time has beyond the time "
    "that its chunks spent in the engine.",
    "scale": "A fresh process plans, journals, assembles and opens a sweep over two axes, with constants for "
    "an engine: the largest resident memory it ever had, imports included, and its "
    "time without that of the engine.",
    "commands": "Seconds of processor time of a whole command, started anew, its package compiled, "
    "Python's own start taken off from the first two; all reports by the clock, by two processes.",
}


@dataclass(frozen=True)
class BenchResult:
    """Everything measured in one run.

    Attributes
    ----------
    rows : sequence of Row
    machine : dict
        Of `machine.machine`.
    quick : bool
    command : str
        What made it.
    curves : sequence of Curve
    """

    rows: Sequence[Row]
    machine: dict[str, Any]
    quick: bool
    command: str = "sotcheck bench"
    curves: Sequence[Curve] = ()

    @property
    def missed(self) -> list[Row]:
        """The rows whose bar is not met."""
        return [row for row in self.rows if row.met is False]

    def __str__(self) -> str:
        table = tabled([row.cells() for row in self.rows], HEADERS)
        return f"{table}\n\n{self.summary}\n\n{_machine_words(self.machine)}"

    @property
    def summary(self) -> str:
        """How many bars are met, and which are not."""
        judged = [row for row in self.rows if row.met is not None]
        words = f"{len(judged) - len(self.missed)} of {len(judged)} bars are met"
        missed = "; ".join(
            f"{row.quantity}: {_number(row.value, row.unit)}, bar {row.bar}" for row in self.missed
        )
        return f"{words}." if not missed else f"{words}; not met: {missed}."

    def to_json(self) -> str:
        """Return the whole result as JSON."""
        data = {
            "sotcheck": __version__,
            "quick": self.quick,
            "machine": self.machine,
            "benchmarks": [row.to_dict() for row in self.rows],
            "curves": [asdict(curve) for curve in self.curves],
        }
        return json.dumps(data, indent=2, ensure_ascii=False, allow_nan=False) + "\n"

    def to_svg(self) -> str:
        """Return the figure of the curves."""
        from sotcheck.pages.svg import svg

        return svg(figure, self.curves)

    def to_markdown(self) -> str:
        """Return benchmarks/README.md, beside which the figure lies."""
        parts = [
            "# Benchmarks",
            f"Made by `{self.command}`; every ratio is one of times, or counts, of a single run in which the "
            "contestants took turns. Times are the shortest of several, the naive torque and the sweep's "
            "overhead excepted.",
            self.summary,
            f"Machine: {_machine_words(self.machine)}.",
        ]
        if self.quick:
            parts.append("A quick run: bars that speak of more work than it does are not judged.")
        for section, how in HOW.items():
            rows = [row.cells() for row in self.rows if row.section == section]
            if rows:
                table = tabulate(rows, headers=HEADERS, tablefmt="pipe", disable_numparse=True)
                parts += [f"## {section.capitalize()}", how, table]
            if section == "cost" and self.curves:
                parts.append(f"![Time of a torque against h_R, tolerance and number of layers]({FIGURE})")
        parts += [
            "## The pieces by themselves",
            "`uv run pytest benchmarks` times them with pytest-benchmark: flows of the continuum, a "
            "bundle of chains and the modes of a channel by Kwant, a problem of the naive script, "
            "torques by every engine, a record of the sweep's journal. `uv run python "
            "benchmarks/beyond_linear.py` times a bound-state map and a sweep over h_R.",
        ]
        return "\n\n".join(parts) + "\n"


def _number(value: float | None, unit: str) -> str:
    """Return a number with the digits that a measurement of this kind has."""
    if value is None:
        return ""
    if unit == "" and float(value).is_integer():
        return f"{value:,.0f}"
    text = f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"
    return f"{text} {unit}".strip()


def _machine_words(machine: dict[str, Any]) -> str:
    return ", ".join(f"{name} {value}" if name != "processor" else value for name, value in machine.items())
