"""Table I from exact numerics: which torques exist, and their ratio over the parameters of each system."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache, partial
from typing import Any

import numpy as np

from sotcheck.exact.solved import total
from sotcheck.exact.totals import FOR_FIGURES, Points, Rashba2D, linear_torque
from sotcheck.numerics.arrays import Array
from sotcheck.numerics.estimate import Estimate
from sotcheck.papers.kim2017 import BULK, INSULATOR, INTERFACE, TOPOLOGICAL, paper
from sotcheck.trial.entries import Statement
from sotcheck.trial.verdict import Trial, compare
from sotcheck.trial.words import equal, vanishes, whether

M = np.array([2.0, -1.0, 2.0]) / 3
#: Relaxation times of N, majority and minority that stand for a current.
NORMAL, EQUAL, MAJORITY, SPIN = (1, 0, 0), (0, 1, 1), (0, 1, 0), (0, 1, -1)
CURRENTS = {
    NORMAL: "j_N", EQUAL: "j_F, tau^up = tau^down", MAJORITY: "j_F, majority electrons only",
    SPIN: "j_F, spin current tau^up = -tau^down",
}  # fmt: skip
#: What the table's signs say at least, of |FLT|/|DLT| at more than half of the points.
MEANING = {"<~": (0.0, 1.0), ">~": (1.0, np.inf), ">>": (1.0, np.inf)}
#: And of the same order, or of another one.
ORDER = {"<~": (0.1, 1.0), ">~": (1.0, 10.0), ">>": (10.0, np.inf)}

U = np.linspace(-2, 2, 33)
ALPHA, BETA = np.linspace(0, 1, 22)[1:-1, None], np.linspace(0, 1, 11)[1:]
PART = np.linspace(0, 1, 12)[1:-1]
#: A name, parameters in words, and points over them.
SYSTEMS = {
    "bulk": ("bilayer, bulk magnetism", "0 < E_F/J <= 4",
        Points.of(E_F=np.linspace(0, 4, 81)[1:], J=1.0)),
    "interface": ("bilayer, interface magnetism", "|u_0|, |u_m| <= 2 k_F",
        Points.of(E_F=1.0, u_0=U[:, None], u_m=U)),
    "insulator": ("ferromagnetic insulator", "0 < J < U, 0 < E_F <= U - J",
        Points.of(E_F=BETA * (1 - ALPHA), U_F=1.0, J=ALPHA)),
    "topological": ("topological insulator", "0 < J < U, -J < E_F < U",
        Points.of(E_F=-PART[:, None] + PART * (1 + PART[:, None]), U_N=1.0, J=PART[:, None])),
}  # fmt: skip


@lru_cache
def plane(system: str) -> Estimate:
    """Return fieldlike + i dampinglike of a system by point and source."""
    return linear_torque(SYSTEMS[system][2])


@dataclass(frozen=True)
class Row:
    """A system and a current, and the paper's relation of FLT to DLT: empty where it has no DLT."""

    system: str
    current: tuple[int, int, int]
    relation: str = ""

    @property
    def words(self) -> str:
        """System and current."""
        return f"{SYSTEMS[self.system][0]}, {CURRENTS[self.current]}"

    @property
    def torque(self) -> Estimate:
        """Fieldlike + i dampinglike by point; what the current leaves of torques far larger is no torque."""
        return plane(self.system).each(lambda t: t @ np.array(self.current), lambda size: 4 * size[:, 0])

    @property
    def ratios(self) -> Array:
        """|FLT|/|DLT| at the points where there is a torque; empty where there is no DLT."""
        found = self.torque
        values = found.value[np.abs(found.value) > 1e3 * found.error]
        ratios = np.abs(values.real) / np.maximum(np.abs(values.imag), found.total)
        return ratios if exists(found)["dampinglike"] else ratios[:0]


def exists(torque: Estimate) -> dict[str, bool]:
    """Return whether each component is beyond its numerical error anywhere."""
    parts = {"fieldlike": torque.real, "dampinglike": torque.imag}
    return {name: bool(np.any(np.abs(part.value) > part.error)) for name, part in parts.items()}


ROWS = (
    Row("bulk", NORMAL, "<~"), Row("bulk", EQUAL, ">>"), Row("bulk", MAJORITY, ">>"),
    Row("interface", NORMAL, ">~"), Row("interface", EQUAL, ">~"), Row("interface", SPIN, ">~"),
    Row("insulator", NORMAL), Row("topological", EQUAL), Row("topological", MAJORITY),
)  # fmt: skip


@paper.table("table1", "Table I")
def table1() -> list[dict[str, Any]]:
    """Return the rows of Table I with the paper's entries and what exact numerics give over each plane.

    Ratios are of |FLT| to |DLT|; fractions are of the points where there is a torque.
    """
    reference = Rashba2D(1.5, 1.0, M).linear_torque().sum(axis=0)
    rows = [_columns("2D Rashba model", "E_F = 1.5 J", Row("", EQUAL), reference, np.array([]))]
    return rows + [_columns(*SYSTEMS[row.system][:2], row, row.torque, row.ratios) for row in ROWS]


def _columns(system: str, over: str, row: Row, torque: Estimate, ratios: Array) -> dict[str, Any]:
    some, there = len(ratios) > 0, exists(torque)
    quartiles = np.quantile(ratios, (0.25, 0.5, 0.75)).tolist() if some else [None] * 3
    return {
        "system": system,
        "current": CURRENTS[row.current],
        "over": over,
        "FLT": "yes" if there["fieldlike"] else "no",
        "DLT": "yes" if there["dampinglike"] else "no",
        "paper": f"FLT {row.relation} DLT" if row.relation else "FLT only",
        **dict(zip(("lower quartile", "median", "upper quartile"), quartiles, strict=True)),
        "FLT < DLT at": float((ratios < 1).mean()) if some else None,
        "FLT > 10 DLT at": float((ratios > 10).mean()) if some else None,
    }


@paper.statement("table1-exists", asks="first")
def which_exist(engine: str) -> Iterator[Trial]:
    """Table I: which components of the torque exist."""
    for row in ROWS:
        found = exists(row.torque)
        for name, says in (("fieldlike", True), ("dampinglike", bool(row.relation))):
            words = f"{name} torque exists (1) or not (0): {row.words}"
            comparison = compare(float(says), float(found[name]), scale=1.0)
            yield Trial(words, comparison, f"over {SYSTEMS[row.system][1]}")


def _compared(engine: str, meaning: dict[str, tuple[float, float]]) -> Iterator[Trial]:
    """Yield the table's relations, in one of their meanings."""
    for row in ROWS:
        if row.relation:
            ratios, (lower, upper) = row.ratios, meaning[row.relation]
            share = float(((ratios > lower) & (ratios <= upper)).mean())
            words = f"{lower:g} < |FLT/DLT| <= {upper:g} at most points (1): {row.words}"
            over = SYSTEMS[row.system][1]
            why = f"FLT {row.relation} DLT: at {share:.0%} of {over}; median {np.median(ratios):.3g}"
            yield whether(words, share > 0.5, why)


paper.add(
    Statement("table1-larger", "Table I: which of both torques is larger.",
        partial(_compared, meaning=MEANING), asks="first"),
    Statement("table1-order", "Table I: <~ and >~ as the same order of magnitude, >> as another one.",
        partial(_compared, meaning=ORDER), asks="first"),
)  # fmt: skip


@paper.statement("table1-kwant", asks="others")
def points(engine: str) -> Iterator[Trial]:
    """Torques of Table I by Kwant."""
    for iface in (BULK[2], INTERFACE[0], INSULATOR[0], TOPOLOGICAL[1]):
        matched = linear_torque(Points.of(**{name: getattr(iface, name) for name in Points._fields}))[0].parts
        words = f"fieldlike and dampinglike torque by source, {iface.name}"
        why = "Kwant against boundary matching as it is used over the planes"
        yield equal(words, matched, total(engine, iface, FOR_FIGURES).parts, why)


@paper.statement("fig6-spin-fieldlike", asks="first")
def spin_fieldlike_largest(engine: str) -> Iterator[Trial]:
    """Sec. V B: the fieldlike torque of a spin current is the largest of Fig. 6."""
    found, (_, over, _) = plane("interface"), SYSTEMS["interface"]
    charge, spin = found.value @ np.array(NORMAL), found.value @ np.array(SPIN)
    # At u_0 = ±u_m the two fieldlike torques are equal.
    above = np.abs(spin.real) + 1e3 * found.total >= np.abs(charge.real)
    largest = above & (np.abs(spin.real) >= np.maximum(np.abs(charge.imag), np.abs(spin.imag)))
    per = "fieldlike torque per tau_F^s is"
    words = f"{per} not below that per charge current, at any point (1)"
    yield whether(words, above.all(), f"equal at u_0 = +-u_m; {over}")
    words = f"{per} the largest of the four panels, at most points (1)"
    yield whether(words, largest.mean() > 0.5, f"at {largest.mean():.0%} of {over}")


#: Relaxation times, up and down, that the 2D Rashba model is tried with.
TIMES = np.array([(1.0, 1.0), (1.3, 0.4), (0.5, 1.0)])
MODELS = tuple(Rashba2D(E_F, 1.0, M) for E_F in (1.5, 3.0))


def _polarized(model: Rashba2D, polarization: Array) -> Trial:
    """Return the trial of a fieldlike torque that goes with a polarization of the current."""
    slope = model.linear_torque()
    fieldlike = TIMES[:, ::-1] @ slope.value.real
    said = polarization * (TIMES @ np.array([model.E_F + 1, model.E_F - 1]))
    steps = {"steps": (8 * slope.total, "Richardson's table")}
    found = compare(said * fieldlike[1] / said[1], fieldlike, steps)
    words = f"fieldlike torque of the 2D Rashba model, three sets of times, E_F = {model.E_F:g} J"
    why = "relative to that at tau^up = 1.3, tau^down = 0.4; exact in k, first order in alpha"
    return Trial(words, found, why)


@paper.statement("rashba2d", asks="first")
def rashba2d(engine: str) -> Iterator[Trial]:
    """Table I: the 2D Rashba model has a fieldlike torque only; it goes with the current's polarization."""
    for model in MODELS:
        slope, why = model.linear_torque(), "exact in k, first order in alpha"
        words = f"dampinglike torque of the 2D Rashba model by band, E_F = {model.E_F:g} J"
        yield vanishes(words, slope.imag, why, scale=float(np.abs(slope.value).max()))
    for model in MODELS:
        yield _polarized(model, np.array([model.polarization(up, down) for up, down in TIMES]))


@paper.statement("rashba2d-times", asks="first")
def rashba2d_times(engine: str) -> Iterator[Trial]:
    """Sec. VI A: in the 2D Rashba model it goes with (tau^up - tau^down)/(tau^up + tau^down)."""
    for model in MODELS:
        yield _polarized(model, (TIMES[:, 0] - TIMES[:, 1]) / TIMES.sum(axis=1))
