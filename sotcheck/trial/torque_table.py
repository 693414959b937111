"""Rows and tables of torques: how they print, and the contract's JSON."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from sotcheck import __version__
from sotcheck.engines import FIRST_ORDER
from sotcheck.exact.inside import at_interfaces, in_layers
from sotcheck.exact.observables import FLOWS
from sotcheck.numerics.arrays import Array
from sotcheck.numerics.estimate import Estimate
from sotcheck.run.tables import tabled
from sotcheck.system.files import to_document
from sotcheck.system.model import BOUND, SOURCES, System
from sotcheck.system.structure import NO_FIELD
from sotcheck.system.units import unit_of_torque, wave_vector

if TYPE_CHECKING:
    from sotcheck.referee.certificate import Certificate

#: Of the columns that `cells` fills.
HEAD = ["engine", "h_R", "source", "fieldlike", "+/-", "dampinglike", "+/-"]


@dataclass(frozen=True)
class TorqueRow:
    """The torque of one source at one h_R from one engine.

    `engine`, `scheme`: ``scheme`` is None for engines without a lattice; `h_R`; `magnetization`; `source`:
    "normal", "majority" or "minority"; "bound" where states bound to the interface lie at E_F; `t` (3,): the
    torque t, unit: wave vector³ (see the manual's conventions); its terms are those of any component; `parts`
    (2,): components along m×ŷ and m×(ŷ×m), errors larger than those of t by up to 1/|m×ŷ|; None when m ∥ ŷ;
    `flows` (4I + 2L, 3): spin current at z = −0 and +0, what the lattice adds, what the interface magnetism
    takes; the same of further interfaces; for each layer what its spin-orbit field adds, and the torque on
    it. NaN where only t is known; `scale`: factor of the system's spin-orbit terms; None where h_R says it;
    `certificate`: what the referee proves, if it was asked.
    """

    engine: str
    scheme: str | None
    h_R: float
    magnetization: tuple[float, float, float]
    source: str
    t: Estimate
    parts: Estimate | None
    flows: Array = field(repr=False)
    scale: float | None = None
    certificate: Certificate | None = field(default=None, repr=False)

    @property
    def fieldlike(self) -> float | None:
        """The component along m×ŷ; None when m ∥ ŷ."""
        return None if self.parts is None else float(self.parts.value[0])

    @property
    def dampinglike(self) -> float | None:
        """The component along m×(ŷ×m); None when m ∥ ŷ."""
        return None if self.parts is None else float(self.parts.value[1])

    @property
    def vector(self) -> Array:
        """The value of t, shape (3,)."""
        vector: Array = self.t.value
        return vector

    @property
    def knows_flows(self) -> bool:
        """Whether more than t is known."""
        return not np.isnan(self.flows).any()

    def to_dict(self, system: System, unit: float = 1.0) -> dict[str, Any]:
        """Return the row as the JSON contract has it, wave vectors³ in multiples of `unit`."""
        said = ("engine", "scheme", "h_R", "source", *(["scale"] if self.scale is not None else []))
        return {
            **{name: getattr(self, name) for name in said},
            "magnetization": list(self.magnetization),
            **self.numbers(system, unit, unit ** (-1 / 3)),
            **({} if self.certificate is None else self.certificate.to_dict()),
        }

    def numbers(self, system: System, unit: float, length: float) -> dict[str, Any]:
        """Return the row's torques and flows in multiples of `unit`, positions in those of `length`."""
        size = {name: float(np.max(value)) for name, (value, _) in self.t.terms.items()}
        values, errors = named(None if self.parts is None else self.parts * unit)
        terms = {"quadrature": "quadrature", "discretization": "lattice", "rounding": "rounding"}
        return {
            **values,
            "vector": (unit * self.vector).tolist(),
            **self._flows(system, unit, length),
            "uncertainty": {
                **{name: abs(unit) * size.get(term, 0.0) for name, term in terms.items()},
                "total": abs(unit) * self.t.total,
                **errors,
            },
        }

    def _flows(self, system: System, unit: float, length: float) -> dict[str, Any]:
        """Return who gives and takes what spin: at z = 0, at every interface, in every layer."""
        structure = system.structure
        if not self.knows_flows:
            return dict.fromkeys((*FLOWS, "layers", "interfaces"))
        deltas = at_interfaces(structure, self.flows) * unit
        interfaces = [
            {"z": z * length, **dict(zip(FLOWS, flows.tolist(), strict=True))}
            for z, flows in zip(structure.positions, deltas, strict=True)
        ]
        layers = [
            {"name": name, "torque": torque, "lattice": added}
            for name, (added, torque) in zip(
                system.names, (unit * in_layers(structure, self.flows)).tolist(), strict=True
            )
        ]
        here = {name: interfaces[0][name] for name in FLOWS}
        return {**here, "layers": layers, "interfaces": interfaces}


@dataclass(frozen=True)
class TorqueTable(Sequence[TorqueRow]):
    """Rows of `torque`; prints as a table, converts to the contract's JSON."""

    iface: System
    rows: tuple[TorqueRow, ...]
    warnings: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.rows)

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
            "torque": [row.to_dict(self.iface, unit_of_torque(self.iface)) for row in self.rows],
            "warnings": list(self.warnings),
        }

    def to_json(self) -> str:
        """Return `to_dict` as JSON text."""
        return json.dumps(self.to_dict(), indent=2, allow_nan=False) + "\n"

    def totals(self) -> list[TorqueRow]:
        """Return one row an engine, h_R and scale: the sources weighted with their relaxation times."""
        tau = weights(self.iface)
        groups: dict[tuple[str, float, float | None], list[TorqueRow]] = {}
        for row in self.rows:
            groups.setdefault((row.engine, row.h_R, row.scale), []).append(row)
        return [_total(group, tau) for group in groups.values()]

    def __str__(self) -> str:
        m = "(" + ", ".join(f"{c:.4g}" for c in self.iface.m) + ")"
        unit = unit_of_torque(self.iface)
        table = [cells(row, unit) for row in (*self.rows, *self.totals())]
        notes = ["+/-: uncertainty; total: the sources weighted with their relaxation times"]
        if any(row.source == BOUND for row in self.rows):
            notes.append(
                "bound: states bound to the interface, for a relaxation time of their own "
                f"(relaxation.bound = {self.iface.tau_bound:g} in totals)"
            )
        if any(row.parts is None for row in self.rows):
            notes.append(
                "m is parallel to y: both components are undefined; the JSON has the vector t itself"
            )
        notes += [f"Warning: {warning}" for warning in self.warnings]
        shown = tabled(table, HEAD)
        head = f"{self.iface.name}: torque t{' in nm^-3' if self.iface.unit else ''} for m = {m}"
        return "\n".join([head, shown, *notes, *self._proved(), *self._ledger()])

    def _proved(self) -> list[str]:
        """Return the lines of what the referee proves: the same of all exact engines."""
        lines = [
            (
                "first order" if row.engine == FIRST_ORDER else "exact",
                f"{row.h_R:g}",
                row.source,
                *row.certificate.cells(),
            )
            for row in self.rows
            if row.certificate is not None
        ]
        once = list(dict.fromkeys(lines))
        heads = ["formula", "h_R", "source", "fieldlike, proved", "dampinglike, proved"]
        return ["proved in ball arithmetic:", tabled(once, heads)] if once else []

    def _ledger(self) -> list[str]:
        """Return the lines of who gives and takes spin in a stack: one engine and scale, all sources."""
        rows = [row for row in self.totals() if row.knows_flows]
        if not self.iface.structure.layers or not rows:
            return []
        # What is exact rather than first order, which comes first.
        row = next((one for one in rows if one.engine != rows[0].engine), rows[0])
        unit = unit_of_torque(self.iface)
        lines = [
            # What its uncertainty could be all of is none.
            [who, *(f"{value * unit: .4e}" if abs(value) > row.t.total else " 0" for value in flow)]
            for who, flow in ledger(self.iface, row.flows)
        ]
        said = f"total of {row.engine}, {'h_R' if row.scale is None else 'scale'} = "
        said += f"{row.h_R if row.scale is None else row.scale:g}; the JSON has every source's"
        return [f"who gives and who takes spin: {said}", tabled(lines, ["", *"xyz"])]


def weights(system: System) -> dict[str, float]:
    """Return the relative relaxation time of every source."""
    times = (system.tau_N, system.tau_up, system.tau_down, system.tau_bound)
    return dict(zip((*SOURCES, BOUND), times, strict=True))


def named(parts: Estimate | None) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return both components by name, and their errors; None of each where there are none."""
    names = ("fieldlike", "dampinglike")
    if parts is None:
        return dict.fromkeys(names), dict.fromkeys(names)
    values, errors = (dict(zip(names, some.tolist(), strict=True)) for some in (parts.value, parts.error))
    return values, errors


def _total(rows: list[TorqueRow], tau: dict[str, float]) -> TorqueRow:
    """Return the sum of rows, weighted."""
    parts = [row.parts * tau[row.source] for row in rows if row.parts is not None]
    return replace(
        rows[0],
        source="total",
        t=sum((row.t * tau[row.source] for row in rows), Estimate(np.zeros(3))),
        parts=sum(parts, Estimate(np.zeros(2))) if parts else None,
        flows=np.sum([tau[row.source] * row.flows for row in rows], axis=0),
    )


def ledger(system: System, flows: Array) -> list[tuple[str, Array]]:
    """Return who gives spin, and who takes it, from left to right, of flows (4I + 2L, 3), and what is left.

    Who can do neither is not listed; places are in the unit of the file.
    """
    structure = system.structure
    deltas, layers = at_interfaces(structure, flows), in_layers(structure, flows)
    one_k, unit = wave_vector(system)
    places = [f"z = {z / one_k:.4g}{unit and ' nm'}" for z in structure.positions]
    given, taken = [], [("leaves to the left", -deltas[0, 0])]
    parts = places, structure.interfaces, deltas, system.names, structure.regions[1:], layers
    for place, delta, flow, name, layer, (added, torque) in zip(*parts, strict=True):
        given += [(f"spin-orbit at {place}", flow[2])] * (delta.spin_orbit != NO_FIELD)
        given += [(f"spin-orbit in {name}", added)] * (layer.spin_orbit != NO_FIELD)
        taken += [(f"magnetism at {place}", flow[3])] * bool(delta.exchange)
        taken += [(f"magnetism of {name}", torque)] * bool(layer.exchange)
    if structure.right.magnetic and not structure.right.exchange:
        # It takes what is across m all the same.
        taken.append((f"magnetism of {system.names[-1]}", layers[-1, 1]))
    taken.append(("leaves to the right", deltas[-1, 1] - layers[-1, 1]))
    rest = np.sum([flow for _, flow in given], axis=0) - np.sum([flow for _, flow in taken], axis=0)
    return (
        [(f"+ {who}", flow) for who, flow in given]
        + [(f"- {who}", flow) for who, flow in taken]
        + [("= unaccounted for", rest)]
    )


def cells(row: TorqueRow, unit: float = 1.0) -> list[str]:
    """Return the cells of a row: engine, h_R, source, both components with their errors; times `unit`."""
    engine = row.engine if row.scheme is None else f"{row.engine} ({row.scheme})"
    parts = ["undefined", ""] * 2
    if row.parts is not None:
        pairs = zip((row.parts * unit).value, (row.parts * unit).error, strict=True)
        parts = [text for value, error in pairs for text in (f"{value: .10e}", f"{error:.1e}")]
    return [engine, f"{row.h_R:g}", row.source, *parts]
