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
from sotcheck.engines import ENGINES, SCHEMES, Continuum, Engine, KwantChain, Scheme
from sotcheck.errors import EngineError, in_range
from sotcheck.estimate import ErrorBudget, ErrorTerm
from sotcheck.model import BOUND, SOURCES, Interface
from sotcheck.observables import FLOWS, components, exact_flows, largest_torque, torque_from_flows
from sotcheck.progress import Progress, silent
from sotcheck.spin import Array
from sotcheck.systemfile import to_document
from sotcheck.theory.first_order import torque_vector
from sotcheck.theory.sums import first_order_flows, first_order_torque
from sotcheck.validity_warnings import warnings

#: Default relative quadrature error, and the range accepted.
TOLERANCE, TOLERANCES = 1e-9, (1e-12, 0.1)
#: Accepted lattice spacings; most of them will not suit an interface.
SPACINGS = (1e-30, 1e30)
#: Spacings of a finite-difference ladder, relative to the coarsest; error terms a², a⁴, a⁶ are removed.
LADDER = (1.0, 0.5, 0.25, 0.125)
LADDER_POWERS = (2, 4, 6)


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

    def to_dict(self) -> dict[str, Any]:
        """Return the row as the JSON contract has it."""
        by_name = {term.name: term.value for term in self.budget.terms}
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
                "undefined" if row.fieldlike is None else f"{row.fieldlike: .10e}",
                "undefined" if row.dampinglike is None else f"{row.dampinglike: .10e}",
                f"{row.budget.total:.1e}",
            ]
            for row in (*self.rows, *self.totals())
        ]
        head = ["engine", "h_R", "source", "fieldlike", "dampinglike", "uncertainty"]
        notes = ["total: the sources weighted with their relaxation times"]
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
    if spacing is not None:
        in_range("spacing", spacing, *SPACINGS)
    for name in names:
        if name not in ENGINES:
            raise EngineError(f"unknown engine {name!r}; choose from {', '.join(ENGINES)}")
    if scheme not in SCHEMES:
        raise EngineError(f"unknown scheme {scheme!r}; choose from {', '.join(SCHEMES)}")
    rows: list[TorqueRow] = []
    for name in progress(names, "torque"):
        if name == "first-order":
            rows += _first_order_rows(iface, values, tolerance)
        elif name == "continuum":
            rows += _exact_rows(iface, Continuum(), values, tolerance)
        elif scheme == "exact-difference":
            rows += _exact_rows(iface, KwantChain(scheme, spacing), values, tolerance)
        else:
            rows += _ladder_rows(iface, KwantChain(scheme, spacing), values, tolerance)
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
    vector: Array, flows: Array, budget: ErrorBudget,
) -> TorqueRow:  # fmt: skip
    split = components(vector, iface.direction)
    fieldlike, dampinglike = (None, None) if split is None else (float(split[0]), float(split[1]))
    return TorqueRow(*engine, h_R, iface.m, source, vector, fieldlike, dampinglike, flows, budget)


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
        )
        for h in h_R
        for s, source in enumerate(SOURCES)
    ]


def _exact_rows(iface: Interface, engine: Engine, h_R: list[float], tolerance: float) -> list[TorqueRow]:
    rows = []
    rounding = engine.rounding(iface) * largest_torque(iface)
    for h in h_R:
        found = exact_flows(engine, iface, np.array([h]), rtol=tolerance)
        flows = (h or 1.0) * found.total[0]
        vectors = torque_from_flows(flows, iface.direction)
        for s, source in enumerate(SOURCES):
            quadrature = abs(h or 1.0) * float(found.total_error[0, s].max())
            budget = ErrorBudget(
                (
                    ErrorTerm("quadrature", quadrature, "nested rules in k_perp and angle"),
                    ErrorTerm("rounding", rounding, "double precision, amplified by the lattice"),
                )
            )
            rows.append(_row(iface, (engine.name, engine.scheme), h, source, vectors[s], flows[s], budget))
        if sea(iface, h).has_bound_edge:
            rows.append(_bound_row(iface, engine, h, tolerance))
    return rows


def _bound_row(iface: Interface, engine: Engine, h_R: float, tolerance: float) -> TorqueRow:
    found = bound_flows(engine, iface, h_R, tolerance)
    budget = ErrorBudget(
        (
            ErrorTerm("quadrature", found.quadrature, "doubled nodes along the contour E_b(k) = E_F"),
            ErrorTerm("rounding", found.rounding, "double precision, carried on to the contour"),
        )
    )
    vector = torque_from_flows(found.flows, iface.direction)
    return _row(iface, (engine.name, engine.scheme), h_R, BOUND, vector, found.flows, budget)


def _ladder_rows(
    iface: Interface, coarsest: KwantChain, h_R: list[float], tolerance: float
) -> list[TorqueRow]:
    a = coarsest.spacing_for(iface)
    rungs = [_exact_rows(iface, KwantChain(coarsest.scheme, a * f), h_R, tolerance) for f in LADDER]
    rows = []
    for same in zip(*rungs, strict=True):
        fine = same[-1]
        flows = richardson(np.array([row.flows for row in same]), LADDER_POWERS)
        vector = richardson(np.array([row.vector for row in same]), LADDER_POWERS)
        budget = ErrorBudget(
            (
                *fine.budget.terms,
                ErrorTerm("lattice", float(vector.error.max()), "last step of Richardson's table"),
            )
        )
        rows.append(
            _row(
                iface, (fine.engine, fine.scheme), fine.h_R, fine.source,
                vector.limit, flows.limit, budget,
            )
        )  # fmt: skip
    return rows
