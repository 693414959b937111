"""Table I from exact numerics: which torques exist, and their ratio over the parameters of each system."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache, partial
from typing import Any

import numpy as np

from sotcheck.exact.plane import Points, linear_torque
from sotcheck.exact.rashba2d import Rashba2D
from sotcheck.exact.totals import FOR_FIGURES, total
from sotcheck.numerics.arrays import Array
from sotcheck.numerics.estimate import Estimate
from sotcheck.papers.kim2017 import paper
from sotcheck.papers.kim2017.models import BULK, INSULATOR, INTERFACE, TOPOLOGICAL
from sotcheck.trial.verdict import Trial, compare
from sotcheck.trial.words import equal, vanishes, whether

M = np.array([2.0, -1.0, 2.0]) / 3
#: Relaxation times of N, majority and minority that stand for a current.
NORMAL, EQUAL, MAJORITY, SPIN = (1, 0, 0), (0, 1, 1), (0, 1, 0), (0, 1, -1)
CURRENTS = {
    NORMAL: "j_N",
    EQUAL: "j_F, tau^up = tau^down",
    MAJORITY: "j_F, majority electrons only",
    SPIN: "j_F, spin current tau^up = -tau^down",
}
#: What the table's signs say at least, of |FLT|/|DLT| at more than half of the points.
MEANING = {"<~": (0.0, 1.0), ">~": (1.0, np.inf), ">>": (1.0, np.inf)}
#: And of the same order, or of another one.
ORDER = {"<~": (0.1, 1.0), ">~": (1.0, 10.0), ">>": (10.0, np.inf)}

U = np.linspace(-2, 2, 33)
ALPHA, BETA = np.linspace(0, 1, 22)[1:-1, None], np.linspace(0, 1, 11)[1:]
PART = np.linspace(0, 1, 12)[1:-1]
#: A name, parameters in words, and points over them.
SYSTEMS = {
    "bulk": ("bilayer, bulk magnetism", "0 < E_F/J <= 4", Points.of(E_F=np.linspace(0, 4, 81)[1:], J=1.0)),
    "interface": (
        "bilayer, interface magnetism",
        "|u_0|, |u_m| <= 2 k_F",
        Points.of(E_F=1.0, u_0=U[:, None], u_m=U),
    ),
    "insulator": (
        "ferromagnetic insulator",
        "0 < J < U, 0 < E_F <= U - J",
        Points.of(E_F=BETA * (1 - ALPHA), U_F=1.0, J=ALPHA),
    ),
    "topological": (
        "topological insulator",
        "0 < J < U, -J < E_F < U",
        Points.of(E_F=-PART[:, None] + PART * (1 + PART[:, None]), U_N=1.0, J=PART[:, None]),
    ),
}


@lru_cache
def plane(system: str) -> Estimate:
    """Return fieldlike + i dampinglike of a system by point and source."""
    return linear_torque(SYSTEMS[system][2])


@dataclass(frozen=True)
class Row:
    """A system, a current, what the paper's table has of them, and what exact numerics say.

    Attributes
    ----------
    system : str
    current : tuple of int
    dampinglike : bool
        Whether the paper has a dampinglike torque besides the fieldlike one.
    relation : str
        The paper's, of FLT to DLT.
    """

    system: str
    current: tuple[int, int, int]
    dampinglike: bool = False
    relation: str = ""

    @property
    def words(self) -> str:
        """System and current."""
        return f"{SYSTEMS[self.system][0]}, {CURRENTS[self.current]}"

    @property
    def over(self) -> str:
        """The parameters in words."""
        return SYSTEMS[self.system][1]

    @property
    def torque(self) -> Estimate:
        """Fieldlike + i dampinglike by point; what the current leaves of torques far larger is no torque."""
        return plane(self.system).each(lambda t: t @ np.array(self.current), lambda size: 4 * size[:, 0])

    @property
    def exist(self) -> dict[str, bool]:
        """Whether each component is beyond its numerical error anywhere."""
        found = self.torque
        parts = {"fieldlike": found.real, "dampinglike": found.imag}
        return {name: bool(np.any(np.abs(part.value) > found.error)) for name, part in parts.items()}

    @property
    def ratios(self) -> Array:
        """|FLT|/|DLT| at the points where there is a torque; empty where there is no DLT."""
        found = self.torque
        values = found.value[np.abs(found.value) > 1e3 * found.error]
        if not self.exist["dampinglike"]:
            return np.array([])
        return np.abs(values.real) / np.maximum(np.abs(values.imag), found.total)


ROWS = (
    Row("bulk", NORMAL, True, "<~"),
    Row("bulk", EQUAL, True, ">>"),
    Row("bulk", MAJORITY, True, ">>"),
    Row("interface", NORMAL, True, ">~"),
    Row("interface", EQUAL, True, ">~"),
    Row("interface", SPIN, True, ">~"),
    Row("insulator", NORMAL),
    Row("topological", EQUAL),
    Row("topological", MAJORITY),
)


@paper.table("table1", "Table I")
def table1() -> list[dict[str, Any]]:
    """Return the rows of Table I with the paper's entries and what exact numerics give over each plane.

    Ratios are of |FLT| to |DLT|; fractions are of the points where there is a torque.
    """
    slope = Rashba2D(1.5, 1.0, M).linear_torque().sum(axis=0)
    reference = {
        "fieldlike": abs(slope.value.real) > slope.total,
        "dampinglike": abs(slope.value.imag) > slope.total,
    }
    rows = [_row("2D Rashba model", EQUAL, "E_F = 1.5 J", reference, "FLT only", np.array([]))]
    for row in ROWS:
        said = f"FLT {row.relation} DLT" if row.dampinglike else "FLT only"
        rows.append(_row(SYSTEMS[row.system][0], row.current, row.over, row.exist, said, row.ratios))
    return rows


def _row(
    system: str, current: tuple[int, int, int], over: str, exist: dict[str, bool], said: str, ratios: Array
) -> dict[str, Any]:
    some = len(ratios) > 0
    quartiles = np.quantile(ratios, (0.25, 0.5, 0.75)).tolist() if some else [None] * 3
    return {
        "system": system,
        "current": CURRENTS[current],
        "over": over,
        "FLT": "yes" if exist["fieldlike"] else "no",
        "DLT": "yes" if exist["dampinglike"] else "no",
        "paper": said,
        **dict(zip(("lower quartile", "median", "upper quartile"), quartiles, strict=True)),
        "FLT < DLT at": float((ratios < 1).mean()) if some else None,
        "FLT > 10 DLT at": float((ratios > 10).mean()) if some else None,
    }


@paper.statement("table1-exists", "Table I: which components of the torque exist.")
def exists(engine: str) -> Iterator[Trial]:
    """Which components exist, over every plane; nothing for Kwant, see `points`."""
    if engine != "continuum":
        return
    for row in ROWS:
        for name, says in (("fieldlike", True), ("dampinglike", row.dampinglike)):
            yield Trial(
                f"{name} torque exists (1) or not (0): {row.words}",
                compare(float(says), float(row.exist[name]), scale=1.0),
                f"over {row.over}",
            )


def compared(engine: str, meaning: dict[str, tuple[float, float]]) -> Iterator[Trial]:
    """Yield the table's relations, in one of their meanings."""
    if engine != "continuum":
        return
    for row in ROWS:
        if row.relation:
            ratios, (lower, upper) = row.ratios, meaning[row.relation]
            share = float(((ratios > lower) & (ratios <= upper)).mean())
            yield whether(
                f"{lower:g} < |FLT/DLT| <= {upper:g} at most points (1): {row.words}",
                share > 0.5,
                f"FLT {row.relation} DLT: at {share:.0%} of {row.over}; median {np.median(ratios):.3g}",
            )


paper.statement("table1-larger", "Table I: which of both torques is larger.")(
    partial(compared, meaning=MEANING)
)
paper.statement("table1-order", "Table I: <~ and >~ as the same order of magnitude, >> as another one.")(
    partial(compared, meaning=ORDER)
)


@paper.statement("table1-kwant", "Torques of Table I by Kwant.")
def points(engine: str) -> Iterator[Trial]:
    """Kwant's torque of one interface of each kind against that of the planes."""
    if engine == "continuum":
        return
    for iface in (BULK[2], INTERFACE[0], INSULATOR[0], TOPOLOGICAL[1]):
        values = {name: getattr(iface, name) for name in ("E_F", "U_N", "U_F", "J", "u_0", "u_m")}
        yield equal(
            f"fieldlike and dampinglike torque by source, {iface.name}",
            linear_torque(Points.of(**values))[0].parts,
            total(engine, iface, FOR_FIGURES).parts,
            "Kwant against boundary matching as it is used over the planes",
        )


@paper.statement(
    "fig6-spin-fieldlike", "Sec. V B: the fieldlike torque of a spin current is the largest of Fig. 6."
)
def spin_fieldlike_largest(engine: str) -> Iterator[Trial]:
    """Whether the fieldlike torque of a spin current is the largest of the four of Fig. 6."""
    if engine != "continuum":
        return
    found, over = plane("interface"), SYSTEMS["interface"][1]
    charge, spin = found.value @ np.array(NORMAL), found.value @ np.array(SPIN)
    # At u_0 = ±u_m the two fieldlike torques are equal.
    above = np.abs(spin.real) + 1e3 * found.total >= np.abs(charge.real)
    largest = above & (np.abs(spin.real) >= np.maximum(np.abs(charge.imag), np.abs(spin.imag)))
    yield whether(
        "fieldlike torque per tau_F^s is not below that per charge current, at any point (1)",
        above.all(),
        f"equal at u_0 = +-u_m; {over}",
    )
    yield whether(
        "fieldlike torque per tau_F^s is the largest of the four panels, at most points (1)",
        largest.mean() > 0.5,
        f"at {largest.mean():.0%} of {over}",
    )


#: Relaxation times, up and down, that the 2D Rashba model is tried with; E_F/J.
TIMES = np.array([(1.0, 1.0), (1.3, 0.4), (0.5, 1.0)])
RASHBA_E_F = (1.5, 3.0)


def _reference(times_alone: bool) -> Iterator[Trial]:
    """Yield that the fieldlike torque goes with a current's polarization, or with that of its times alone."""
    for E_F in RASHBA_E_F:
        model = Rashba2D(E_F, 1.0, M)
        slope = model.linear_torque()
        fieldlike = TIMES[:, ::-1] @ slope.value.real
        current = TIMES @ np.array([E_F + 1, E_F - 1])
        polarization = np.array([model.polarization(up, down) for up, down in TIMES])
        if times_alone:
            polarization = (TIMES[:, 0] - TIMES[:, 1]) / TIMES.sum(axis=1)
        said = polarization * current
        yield Trial(
            f"fieldlike torque of the 2D Rashba model, three sets of times, E_F = {E_F:g} J",
            compare(
                said * fieldlike[1] / said[1], fieldlike, {"steps": (8 * slope.total, "Richardson's table")}
            ),
            "relative to that at tau^up = 1.3, tau^down = 0.4; exact in k, first order in alpha",
        )


@paper.statement(
    "rashba2d",
    "Table I: the 2D Rashba model has a fieldlike torque only; it goes with the current's polarization.",
)
def rashba2d(engine: str) -> Iterator[Trial]:
    """That the reference has a fieldlike torque only, proportional to the current's polarization."""
    if engine != "continuum":
        return
    for E_F in RASHBA_E_F:
        slope = Rashba2D(E_F, 1.0, M).linear_torque()
        yield vanishes(
            f"dampinglike torque of the 2D Rashba model by band, E_F = {E_F:g} J",
            slope.imag,
            "exact in k, first order in alpha",
            scale=float(np.abs(slope.value).max()),
        )
    yield from _reference(times_alone=False)


@paper.statement(
    "rashba2d-times",
    "Sec. VI A: in the 2D Rashba model it goes with (tau^up - tau^down)/(tau^up + tau^down).",
)
def rashba2d_times(engine: str) -> Iterator[Trial]:
    """The same with the relaxation times alone for a polarization, as Sec. VI A writes it."""
    if engine == "continuum":
        yield from _reference(times_alone=True)
