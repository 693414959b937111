"""Table I from exact numerics: which torques exist, and their ratio over the parameters of each system."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np

from sotcheck.exact.plane import STEPS, Points, linear_torque
from sotcheck.exact.rashba2d import Rashba2D
from sotcheck.exact.totals import point
from sotcheck.numerics.arrays import Array, Complex
from sotcheck.papers.kim2017.models import BULK, INSULATOR, INTERFACE, TOPOLOGICAL
from sotcheck.papers.kim2017.old import Statement, Trial, register
from sotcheck.system.interface import Interface
from sotcheck.trial.verdict import compare

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


@dataclass(frozen=True)
class System:
    """A row of Table I but for its current: a name, its parameters in words, and points over them."""

    name: str
    over: str
    points: Points


def _bulk() -> System:
    E_F = np.linspace(0, 4, 81)[1:]
    return System("bilayer, bulk magnetism", "0 < E_F/J <= 4", Points.of(E_F=E_F, J=1.0))


def _interface() -> System:
    u = np.linspace(-2, 2, 33)
    points = Points.of(E_F=1.0, u_0=u[:, None], u_m=u)
    return System("bilayer, interface magnetism", "|u_0|, |u_m| <= 2 k_F", points)


def _insulator() -> System:
    ratio, part = np.linspace(0, 1, 22)[1:-1, None], np.linspace(0, 1, 11)[1:]
    points = Points.of(E_F=part * (1 - ratio), U_F=1.0, J=ratio)
    return System("ferromagnetic insulator", "0 < J < U, 0 < E_F <= U - J", points)


def _topological() -> System:
    J, part = np.linspace(0, 1, 12)[1:-1, None], np.linspace(0, 1, 12)[1:-1]
    points = Points.of(E_F=-J + part * (1 + J), U_N=1.0, J=J)
    return System("topological insulator", "0 < J < U, -J < E_F < U", points)


SYSTEMS = {
    "bulk": _bulk(),
    "interface": _interface(),
    "insulator": _insulator(),
    "topological": _topological(),
}


@lru_cache
def plane(system: str) -> Complex:
    """Return fieldlike + i dampinglike of a system by point and source."""
    return linear_torque(SYSTEMS[system].points)


#: Rows: system, current, and what the paper's table has: FLT, DLT, magnitude.
ROWS = (
    ("bulk", NORMAL, True, True, "<~"),
    ("bulk", EQUAL, True, True, ">>"),
    ("bulk", MAJORITY, True, True, ">>"),
    ("interface", NORMAL, True, True, ">~"),
    ("interface", EQUAL, True, True, ">~"),
    ("interface", SPIN, True, True, ">~"),
    ("insulator", NORMAL, True, False, ""),
    ("topological", EQUAL, True, False, ""),
    ("topological", MAJORITY, True, False, ""),
)


@dataclass(frozen=True)
class Row:
    """What exact numerics say of one system and current.

    Attributes
    ----------
    fieldlike, dampinglike : bool
        Whether the component is beyond its numerical error anywhere.
    ratios : array (n,)
        |FLT|/|DLT| at the points where there is a torque; empty where there is no DLT.
    """

    fieldlike: bool
    dampinglike: bool
    ratios: Array

    def share(self, lower: float, upper: float) -> float:
        """Return the fraction of points whose ratio is between two numbers."""
        return float(((self.ratios > lower) & (self.ratios <= upper)).mean())


def row(system: str, current: tuple[int, int, int]) -> Row:
    """Return what exact numerics say of one row, over the system's points."""
    torque = plane(system)
    # What the current leaves of torques far larger is no torque.
    error = 4 * STEPS * float(np.abs(torque).max())
    values = torque @ np.array(current)
    some = np.abs(values) > 1e3 * error
    dampinglike = bool(np.any(np.abs(values.imag) > error))
    chosen = values[some] if dampinglike else values[:0]
    ratios = np.abs(chosen.real) / np.maximum(np.abs(chosen.imag), error)
    return Row(bool(np.any(np.abs(values.real) > error)), dampinglike, ratios)


def _sign(exists: bool) -> str:
    return "yes" if exists else "no"


def table1() -> list[dict[str, Any]]:
    """Return the rows of Table I with the paper's entries and what exact numerics give over each plane.

    Ratios are of |FLT| to |DLT|; fractions are of the points where there is a torque.
    """
    reference = Rashba2D(1.5, 1.0, M)
    slope = reference.linear_torque()
    values, error = slope.value, slope.error
    rows: list[dict[str, Any]] = [
        {
            "system": "2D Rashba model",
            "current": CURRENTS[EQUAL],
            "over": "E_F = 1.5 J",
            "FLT": _sign(bool(abs(values.real.sum()) > error.sum())),
            "DLT": _sign(bool(abs(values.imag.sum()) > error.sum())),
            "paper": "FLT only",
            **_ratios(np.array([])),
        }
    ]
    for system, current, _, paper_dampinglike, magnitude in ROWS:
        found = row(system, current)
        rows.append(
            {
                "system": SYSTEMS[system].name,
                "current": CURRENTS[current],
                "over": SYSTEMS[system].over,
                "FLT": _sign(found.fieldlike),
                "DLT": _sign(found.dampinglike),
                "paper": f"FLT {magnitude} DLT" if paper_dampinglike else "FLT only",
                **_ratios(found.ratios),
            }
        )
    return rows


def _ratios(ratios: Array) -> dict[str, float | None]:
    names = ("lower quartile", "median", "upper quartile")
    if not len(ratios):
        return dict.fromkeys((*names, "FLT < DLT at", "FLT > 10 DLT at"))
    quartiles = np.quantile(ratios, (0.25, 0.5, 0.75))
    return {
        **{name: float(value) for name, value in zip(names, quartiles, strict=True)},
        "FLT < DLT at": float((ratios < 1).mean()),
        "FLT > 10 DLT at": float((ratios > 10).mean()),
    }


def exists(engine: str) -> Iterator[Trial]:
    """Yield which components exist, over every plane; nothing for Kwant, see `points`."""
    if engine != "continuum":
        return
    for system, current, fieldlike, dampinglike, _ in ROWS:
        found = row(system, current)
        for name, says, has in (
            ("fieldlike", fieldlike, found.fieldlike),
            ("dampinglike", dampinglike, found.dampinglike),
        ):
            yield Trial(
                quantity=f"{name} torque exists (1) or not (0): {SYSTEMS[system].name}, {CURRENTS[current]}",
                comparison=compare(float(says), float(has), {}, scale=1.0),
                explanation=f"over {SYSTEMS[system].over}",
                engine=engine,
            )


def compared(meaning: dict[str, tuple[float, float]]) -> Callable[[str], Iterator[Trial]]:
    """Return the judge of the table's relations, in one of their meanings."""

    def judge(engine: str) -> Iterator[Trial]:
        if engine != "continuum":
            return
        for system, current, _, _, relation in ROWS:
            if not relation:
                continue
            found, (lower, upper) = row(system, current), meaning[relation]
            share, median = found.share(lower, upper), float(np.median(found.ratios))
            yield Trial(
                quantity=f"{lower:g} < |FLT/DLT| <= {upper:g} at most points (1):"
                f" {SYSTEMS[system].name}, {CURRENTS[current]}",
                comparison=compare(1.0, float(share > 0.5), {}),
                explanation=f"FLT {relation} DLT: at {share:.0%} of {SYSTEMS[system].over};"
                f" median {median:.3g}",
                engine=engine,
            )

    return judge


def points(engine: str) -> Iterator[Trial]:
    """Yield Kwant's torque of one interface of each kind against that of the planes."""
    if engine == "continuum":
        return
    for iface in (BULK[2], INTERFACE[0], INSULATOR[0], TOPOLOGICAL[1]):
        found = point(engine, iface)
        value, error = found.value, found.error
        expected = linear_torque(_point(iface))[0]
        scale = float(np.abs(expected).max())
        terms = {
            "k_perp sum": (float(error.sum()), "quadrature and Richardson's table in h_R"),
            "plane": (4 * STEPS * scale, "two steps in h_R"),
        }
        yield Trial(
            quantity=f"fieldlike and dampinglike torque by source, {iface.name}",
            comparison=compare(
                np.stack([expected.real, expected.imag]), np.stack([value.real, value.imag]), terms
            ),
            explanation="Kwant against boundary matching as it is used over the planes",
            engine=engine,
        )


def _point(iface: Interface) -> Points:
    i = iface
    return Points.of(E_F=i.E_F, U_N=i.U_N, U_F=i.U_F, J=i.J, u_0=i.u_0, u_m=i.u_m)


def spin_fieldlike_largest(engine: str) -> Iterator[Trial]:
    """Yield whether the fieldlike torque of a spin current is the largest of the four of Fig. 6."""
    if engine != "continuum":
        return
    torque = plane("interface")
    charge, spin = torque[:, 0], torque[:, 1] - torque[:, 2]
    # At u_0 = ±u_m the two fieldlike torques are equal.
    slack = 1e3 * STEPS * float(np.abs(torque).max())
    above = np.abs(spin.real) + slack >= np.abs(charge.real)
    largest = above & (np.abs(spin.real) >= np.maximum(np.abs(charge.imag), np.abs(spin.imag)))
    yield Trial(
        quantity="fieldlike torque per tau_F^s is not below that per charge current, at any point (1)",
        comparison=compare(1.0, float(above.all()), {}),
        explanation=f"equal at u_0 = +-u_m; {SYSTEMS['interface'].over}",
        engine=engine,
    )
    yield Trial(
        quantity="fieldlike torque per tau_F^s is the largest of the four panels, at most points (1)",
        comparison=compare(1.0, float(largest.mean() > 0.5), {}),
        explanation=f"at {largest.mean():.0%} of {SYSTEMS['interface'].over}",
        engine=engine,
    )


def _reference(times_alone: bool) -> Iterator[Trial]:
    for E_F in (1.5, 3.0):
        model = Rashba2D(E_F, 1.0, M)
        slope = model.linear_torque()
        values, error = slope.value, slope.error
        times = np.array([(1.0, 1.0), (1.3, 0.4), (0.5, 1.0)])
        fieldlike = np.array([values.real @ (down, up) for up, down in times])
        current = times @ np.array([E_F + 1, E_F - 1])
        if times_alone:
            polarization = (times[:, 0] - times[:, 1]) / times.sum(axis=1)
        else:
            polarization = np.array([model.polarization(up, down) for up, down in times])
        ratio = fieldlike[1] / (polarization[1] * current[1])
        yield Trial(
            quantity=f"fieldlike torque of the 2D Rashba model, three sets of times, E_F = {E_F:g} J",
            comparison=compare(
                ratio * polarization * current,
                fieldlike,
                {"steps": (8 * float(error.max()), "Richardson's table")},
            ),
            explanation="relative to that at tau^up = 1.3, tau^down = 0.4; exact in k, first order in alpha",
        )


def rashba2d(engine: str) -> Iterator[Trial]:
    """Yield that the reference has a fieldlike torque only, proportional to the current's polarization."""
    if engine != "continuum":
        return
    for E_F in (1.5, 3.0):
        slope = Rashba2D(E_F, 1.0, M).linear_torque()
        values, error = slope.value, slope.error
        yield Trial(
            quantity=f"dampinglike torque of the 2D Rashba model by band, E_F = {E_F:g} J",
            comparison=compare(
                0 * values.imag,
                values.imag,
                {"steps": (error, "Richardson's table in alpha")},
                scale=float(np.abs(values).max()),
            ),
            explanation="exact in k, first order in alpha",
        )
    yield from _reference(times_alone=False)


def rashba2d_times(engine: str) -> Iterator[Trial]:
    """Yield the same with the relaxation times alone for a polarization, as Sec. VI A writes it."""
    if engine == "continuum":
        yield from _reference(times_alone=True)


register(
    Statement("table1-exists", "Table I: which components of the torque exist.", exists),
    Statement("table1-larger", "Table I: which of both torques is larger.", compared(MEANING)),
    Statement(
        "table1-order",
        "Table I: <~ and >~ as the same order of magnitude, >> as another one.",
        compared(ORDER),
    ),
    Statement("table1-kwant", "Torques of Table I by Kwant.", points),
    Statement(
        "fig6-spin-fieldlike",
        "Sec. V B: the fieldlike torque of a spin current is the largest of Fig. 6.",
        spin_fieldlike_largest,
    ),
    Statement(
        "rashba2d",
        "Table I: the 2D Rashba model has a fieldlike torque only; it goes with the current's polarization.",
        rashba2d,
    ),
    Statement(
        "rashba2d-times",
        "Sec. VI A: in the 2D Rashba model it goes with (tau^up - tau^down)/(tau^up + tau^down).",
        rashba2d_times,
    ),
)
