"""The torque per source from any engine: what `sotcheck torque` prints and writes."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from tabulate import tabulate

from sotcheck import __version__
from sotcheck.binding.at_fermi import bound_flows, sea
from sotcheck.convergence import richardson
from sotcheck.engines import ENGINES, Engine, Scheme, exact_engines
from sotcheck.errors import in_range
from sotcheck.estimate import ErrorBudget, ErrorTerm
from sotcheck.model import BOUND, SOURCES, Interface
from sotcheck.observables import (
    FLOWS,
    INTERFACE,
    PLUS,
    component_errors,
    components,
    exact_flows,
    summed_errors,
    torque_from_flows,
)
from sotcheck.progress import Progress, silent
from sotcheck.spin import Array
from sotcheck.systemfile import to_document
from sotcheck.theory.first_order import torque_vector
from sotcheck.theory.sums import first_order_flows, first_order_torque
from sotcheck.threads import single_threaded
from sotcheck.validity_warnings import warnings

#: Default relative quadrature error, and the range accepted.
TOLERANCE, TOLERANCES = 1e-9, (1e-12, 0.1)


@dataclass(frozen=True)
class TorqueRow:
    """The torque of one source at one h_R from one engine.

    Attributes
    ----------
    engine, scheme : str
        ``scheme`` is None for engines without a lattice.
    h_R : float
    magnetization : tuple of float
    source : str
        "normal", "majority" or "minority"; "bound" where states bound to the interface lie at E_F.
    vector : array (3,)
        t, unit: wave vector³ (see the README's conventions).
    fieldlike, dampinglike : float or None
        Components along m×ŷ and m×(ŷ×m); None when m ∥ ŷ.
    flows : array (4, 3)
        Spin current at z = −0 and +0, what the lattice adds, what the interface magnetism takes.
    budget : ErrorBudget
        Of any component of `vector`.
    component_errors : (float, float) or None
        Uncertainties of `fieldlike` and `dampinglike`, larger by up to 1/|m×ŷ|; None when m ∥ ŷ.
    """

    engine: str
    scheme: str | None
    h_R: float
    magnetization: tuple[float, float, float]
    source: str
    vector: Array
    fieldlike: float | None
    dampinglike: float | None
    flows: Array
    budget: ErrorBudget
    component_errors: tuple[float, float] | None

    def to_dict(self) -> dict[str, Any]:
        """Return the row as the JSON contract has it."""
        by_name: dict[str, float] = {}
        for term in self.budget.terms:
            by_name[term.name] = by_name.get(term.name, 0.0) + term.value
        fieldlike, dampinglike = self.component_errors or (None, None)
        return {
            "engine": self.engine,
            "scheme": self.scheme,
            "h_R": self.h_R,
            "magnetization": list(self.magnetization),
            "source": self.source,
            "fieldlike": self.fieldlike,
            "dampinglike": self.dampinglike,
            "vector": self.vector.tolist(),
            **{name: flow.tolist() for name, flow in zip(FLOWS, self.flows, strict=True)},
            "uncertainty": {
                "quadrature": by_name.get("quadrature", 0.0),
                "discretization": by_name.get("lattice", 0.0),
                "rounding": by_name.get("rounding", 0.0),
                "total": self.budget.total,
                "fieldlike": fieldlike,
                "dampinglike": dampinglike,
            },
        }


@dataclass(frozen=True)
class TorqueTable(Sequence[TorqueRow]):
    """Rows of `torque`; prints as a table, converts to the contract's JSON."""

    iface: Interface
    rows: tuple[TorqueRow, ...]
    warnings: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.rows)

    def __iter__(self) -> Iterator[TorqueRow]:
        return iter(self.rows)

    def __getitem__(self, index: Any) -> Any:
        return self.rows[index]

    def scattering(self) -> list[TorqueRow]:
        """Return the rows of scattering states: as many for every engine and h_R."""
        return [row for row in self.rows if row.source in SOURCES]

    def to_dict(self) -> dict[str, Any]:
        """Return the JSON document of `sotcheck torque`."""
        return {
            "sotcheck": __version__,
            "system": to_document(self.iface),
            "torque": [row.to_dict() for row in self.rows],
            "warnings": list(self.warnings),
        }

    def to_json(self) -> str:
        """Return `to_dict` as JSON text."""
        return json.dumps(self.to_dict(), indent=2, allow_nan=False) + "\n"

    def totals(self) -> list[TorqueRow]:
        """Return one row an engine and h_R: the sources' torques weighted with their relaxation times."""
        iface = self.iface
        times = (iface.tau_N, iface.tau_up, iface.tau_down, iface.tau_bound)
        tau = dict(zip((*SOURCES, BOUND), times, strict=True))
        groups: dict[tuple[str, float], list[TorqueRow]] = {}
        for row in self.rows:
            groups.setdefault((row.engine, row.h_R), []).append(row)
        return [
            _row(
                self.iface,
                (group[0].engine, group[0].scheme),
                group[0].h_R,
                "total",
                sum((tau[row.source] * row.vector for row in group), np.zeros(3)),
                sum((tau[row.source] * row.flows for row in group), np.zeros((4, 3))),
                ErrorBudget(
                    tuple(
                        ErrorTerm(term.name, tau[row.source] * term.value, term.origin)
                        for row in group
                        for term in row.budget.terms
                    )
                ),
                _weighted(group, tau),
            )
            for group in groups.values()
        ]

    def __str__(self) -> str:
        m = "(" + ", ".join(f"{c:.4g}" for c in self.iface.m) + ")"
        table = [
            [
                row.engine if row.scheme is None else f"{row.engine} ({row.scheme})",
                f"{row.h_R:g}",
                row.source,
                *_shown(row),
            ]
            for row in (*self.rows, *self.totals())
        ]
        head = ["engine", "h_R", "source", "fieldlike", "+/-", "dampinglike", "+/-"]
        notes = ["+/-: uncertainty; total: the sources weighted with their relaxation times"]
        if any(row.source == BOUND for row in self.rows):
            notes.append(
                "bound: states bound to the interface, for a relaxation time of their own "
                f"(relaxation.bound = {self.iface.tau_bound:g} in totals)"
            )
        if any(row.fieldlike is None for row in self.rows):
            notes.append(
                "m is parallel to y: both components are undefined; the JSON has the vector t itself"
            )
        notes += [f"Warning: {warning}" for warning in self.warnings]
        return "\n".join(
            [f"{self.iface.name}: torque t for m = {m}", tabulate(table, head, disable_numparse=True), *notes]
        )


@single_threaded
def torque(
    iface: Interface,
    engine: str | Sequence[str] = ENGINES,
    *,
    h_R: float | Sequence[float] | None = None,
    scheme: Scheme = "exact-difference",
    spacing: float | None = None,
    tolerance: float = TOLERANCE,
    progress: Progress = silent,
) -> TorqueTable:
    """Compute the torque of every source.

    Parameters
    ----------
    iface : Interface
    engine : str or sequence of str
        "first-order", "continuum", "kwant"; all by default.
    h_R : float or sequence, optional
        Rashba parameters instead of the interface's own.
    scheme : str
        Of the kwant engine: "exact-difference", or "finite-difference" (Richardson's limit of a ladder).
    spacing : float, optional
        Lattice spacing of the kwant engine, the coarsest of the ladder for finite differences.
    tolerance : float
        Relative quadrature error to aim at.

    Returns
    -------
    TorqueTable

    Raises
    ------
    SystemFileError
        For an h_R that is not acceptable.
    EngineError
        For an unknown engine or scheme, a tolerance or spacing out of range, or when an engine fails.
    LatticeError
        If the spacing does not suit the wave numbers.
    """
    names = [engine] if isinstance(engine, str) else list(engine)
    values = rashba_parameters(iface, h_R)
    in_range("tolerance", tolerance, *TOLERANCES)
    engines = exact_engines(names, scheme, spacing)
    rows: list[TorqueRow] = []
    for name in progress(names, "torque"):
        if name == "first-order":
            rows += _first_order_rows(iface, values, tolerance)
        else:
            rows += _exact_rows(iface, engines[name], values, tolerance)
    return TorqueTable(iface, tuple(rows), tuple(warnings(iface, values, _summed(rows))))


def rashba_parameters(iface: Interface, h_R: float | Sequence[float] | None) -> list[float]:
    """Return the h_R to try, the interface's own by default.

    Raises
    ------
    SystemFileError
        If one is not acceptable.
    """
    if h_R is None:
        return [iface.h_R]
    return [iface.with_(h_R=h).h_R for h in np.atleast_1d(np.asarray(h_R, dtype=float)).tolist()]


def _summed(rows: list[TorqueRow]) -> dict[float, Array]:
    """Return the sum of the sources' t by h_R from one exact engine, if any was asked."""
    exact = [row for row in rows if row.engine != "first-order" and row.source in SOURCES]
    found: dict[float, Array] = {}
    for row in exact:
        if row.engine == exact[0].engine:
            found[row.h_R] = found.get(row.h_R, np.zeros(3)) + row.vector
    return found


def _row(
    iface: Interface, engine: tuple[str, str | None], h_R: float, source: str,
    vector: Array, flows: Array, budget: ErrorBudget, errors: tuple[float, float] | None,
) -> TorqueRow:  # fmt: skip
    split = components(vector, iface.direction)
    fieldlike, dampinglike = (None, None) if split is None else (float(split[0]), float(split[1]))
    return TorqueRow(*engine, h_R, iface.m, source, vector, fieldlike, dampinglike, flows, budget, errors)


def _weighted(rows: list[TorqueRow], tau: dict[str, float]) -> tuple[float, float] | None:
    """Return the errors of the weighted sum's components."""
    known = [(tau[row.source], row.component_errors) for row in rows if row.component_errors is not None]
    if not known:
        return None
    return sum(w * one[0] for w, one in known), sum(w * one[1] for w, one in known)


def _shown(row: TorqueRow) -> list[str]:
    """Return both components with their errors, as a table shows them."""
    if row.fieldlike is None or row.dampinglike is None or row.component_errors is None:
        return ["undefined", "", "undefined", ""]
    pairs = zip((row.fieldlike, row.dampinglike), row.component_errors, strict=True)
    return [text for value, error in pairs for text in (f"{value: .10e}", f"{error:.1e}")]


def _first_order_rows(iface: Interface, h_R: list[float], tolerance: float) -> list[TorqueRow]:
    sums, currents = first_order_torque(iface, rtol=tolerance), first_order_flows(iface, rtol=tolerance)
    vectors, error = torque_vector(sums.total, iface.direction), sums.error + currents.error
    return [
        _row(
            iface,
            ("first-order", None),
            h,
            source,
            h * vectors[s],
            h * currents.flows[s],
            ErrorBudget((ErrorTerm("quadrature", abs(h) * error, "nested rules in k_perp"),)),
            (abs(h) * sums.error, abs(h) * sums.error),
        )
        for h in h_R
        for s, source in enumerate(SOURCES)
    ]


def _exact_rows(iface: Interface, engine: Engine, h_R: list[float], tolerance: float) -> list[TorqueRow]:
    rows = []
    roundings = summed_errors(engine, iface, np.array(h_R)).sum(axis=0)
    for h, rounding in zip(h_R, roundings, strict=True):
        found = exact_flows(engine, iface, np.array([h]), rtol=tolerance)
        size = abs(h or 1.0)
        flows, errors = (h or 1.0) * found.total[0], size * found.total_error[0]
        lattice = size * np.broadcast_to(np.sum(found.lattice, axis=0), found.total.shape)[0].max(
            axis=(-1, -2)
        )
        vectors = torque_from_flows(flows, iface.direction)
        for s, source in enumerate(SOURCES):
            # t is the part across m of a sum of two flows.
            of_t, twice = errors[s, PLUS] + errors[s, INTERFACE], 2 * float(rounding[s])
            largest = max(float(np.linalg.norm(of_t)), float(errors[s].max()))
            budget = ErrorBudget(
                (
                    ErrorTerm("quadrature", largest - lattice[s], "nested rules in k_perp and angle"),
                    ErrorTerm("lattice", float(lattice[s]), "last step of Richardson's table"),
                    ErrorTerm("rounding", twice, "double precision, amplified by the lattice"),
                )
            )
            rows.append(
                _row(
                    iface, (engine.name, engine.scheme), h, source, vectors[s], flows[s], budget,
                    component_errors(of_t + twice, iface.direction),
                )
            )  # fmt: skip
        if sea(iface, h).has_bound_edge:
            rows.append(_bound_row(iface, engine, h, tolerance))
    return rows


def _bound_row(iface: Interface, engine: Engine, h_R: float, tolerance: float) -> TorqueRow:
    rungs = getattr(engine, "rungs", None)
    found = [bound_flows(one, iface, h_R, tolerance) for one in (rungs(iface) if rungs else [engine])]
    powers = tuple(2 * n for n in range(1, len(found)))
    fit = richardson(np.stack([one.flows for one in found]), powers)
    noise = np.array([[one.quadrature, one.rounding] for one in found])
    quadrature, rounding = richardson(0 * noise, powers, noise).rounding
    lattice = float(fit.error.max()) if powers else 0.0
    budget = ErrorBudget(
        (
            ErrorTerm("quadrature", float(quadrature), "doubled nodes along the contour E_b(k) = E_F"),
            ErrorTerm("lattice", lattice, "last step of Richardson's table"),
            ErrorTerm("rounding", float(rounding), "double precision, carried on to the contour"),
        )
    )
    vector = torque_from_flows(fit.limit, iface.direction)
    # t is the part across m of a sum of two flows.
    errors = component_errors(np.full(3, 2 * budget.total), iface.direction)
    return _row(iface, (engine.name, engine.scheme), h_R, BOUND, vector, fit.limit, budget, errors)
