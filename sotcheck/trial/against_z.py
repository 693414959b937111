"""Spin density and spin current against z by source and engine: as arrays, as a table, as JSON."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from sotcheck import __version__
from sotcheck.beyond.warnings import warnings
from sotcheck.engines import FIRST_ORDER, exact_engines
from sotcheck.errors import SystemFileError, did_you_mean, in_range
from sotcheck.exact import against_z as exact
from sotcheck.numerics.estimate import Estimate
from sotcheck.run.progress import Progress, silent
from sotcheck.run.threads import single_threaded
from sotcheck.system.files import to_document
from sotcheck.system.model import LARGEST, SOURCES, System
from sotcheck.system.places import Places, Where, default_range
from sotcheck.system.units import unit_of_torque
from sotcheck.theory import against_z as theory
from sotcheck.trial.reach import naming_layers
from sotcheck.trial.torque import TOLERANCES
from sotcheck.trial.torque_table import weights

#: What a row may be of: a source, or all of them weighted with their relaxation times.
TOTAL = "total"
OF = (*SOURCES, TOTAL)
PARTS = ("spin_density", "spin_current")
#: Columns of the table.
HEAD = ("engine", "source", "region", "z", *(f"{part}_{axis}" for part in PARTS for axis in "xyz"))
#: For a picture six digits do.
TOLERANCE, POINTS, MOST_POINTS = 1e-6, 200, 5000


@dataclass(frozen=True)
class Row:
    """Spin density (which = 0) and current (1) of a source from an engine, at places: (p, 2, 3)."""

    engine: str
    scheme: str | None
    source: str
    spin: Estimate


@dataclass(frozen=True)
class AgainstZ:
    """Spin density and current of a system against z; units are those of its file.

    `system`; `scale`: factor of its spin-orbit terms; `places`: in wave vectors⁻¹ of ħ²/2mₑ = 1, as `rows`
    are in powers of wave vectors; `rows`.
    """

    system: System
    scale: float
    places: Places
    rows: tuple[Row, ...]
    warnings: tuple[str, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """Return plain numbers, in the units of the file, of which JSON and pictures are made."""
        length = unit_of_torque(self.system) ** (-1 / 3)
        edges = [None, *(z * length for z in self.places.structure.positions), None]
        names = ["left half-space", *self.system.names]
        regions = [
            {"name": name, "from": lower, "to": upper, "exchange": region.exchange}
            for name, lower, upper, region in zip(
                names, edges, edges[1:], self.places.structure.regions, strict=False
            )
        ]
        return {
            "sotcheck": __version__,
            "system": to_document(self.system),
            "scale": self.scale,
            "h_R": self.system.h_R * self.scale,
            "unit": {"z": "nm", "spin_density": "nm^-2", "spin_current": "nm^-3"}
            if self.system.unit
            else {"z": "1/k", "spin_density": "k^2", "spin_current": "k^3"},
            "regions": regions,
            "z": (self.places.z * length).tolist(),
            "region": [names[n] for n in self.places.region],
            "profiles": [_numbers(row, length) for row in self.rows],
            "warnings": list(self.warnings),
        }

    def to_json(self) -> str:
        """Return `to_dict` as JSON text."""
        return json.dumps(self.to_dict(), allow_nan=False) + "\n"

    def __str__(self) -> str:
        return "\n".join(self._lines())

    def _lines(self) -> Iterator[str]:
        found = self.to_dict()
        unit = ", ".join(f"{name} in {unit}" for name, unit in found["unit"].items())
        yield f"# {self.system.name}: {unit}; scale {self.scale:g}"
        for row in found["profiles"]:
            sizes = ", ".join(f"{size:.1e} of {part}" for part, size in row["uncertainty"].items())
            yield f"# uncertainty of {row['engine']}, {row['source']}: {sizes}"
        for warning in self.warnings:
            yield f"# Warning: {warning}"
        yield ",".join(HEAD)
        for row in found["profiles"]:
            numbers = np.concatenate([row[part] for part in PARTS], axis=1)
            for z, region, values in zip(found["z"], found["region"], numbers.tolist(), strict=True):
                quoted = '"' + region.replace('"', '""') + '"'
                words = [row["engine"], row["source"], quoted, f"{z:.8g}", *(f"{v:.8e}" for v in values)]
                yield ",".join(words)


def _numbers(row: Row, length: float) -> dict[str, Any]:
    units = {"spin_density": length**-2, "spin_current": length**-3}
    values = {part: (row.spin.value[:, n] * units[part]).tolist() for n, part in enumerate(PARTS)}
    errors = {part: float(row.spin.error[:, n].max()) * units[part] for n, part in enumerate(PARTS)}
    said = {"engine": row.engine, "scheme": row.scheme, "source": row.source}
    return {**said, **values, "uncertainty": errors}


@single_threaded
def against_z(
    system: System,
    engine: str | Sequence[str] = "continuum",
    *,
    source: str | Sequence[str] | None = None,
    scale: float = 1.0,
    z: Where | None = None,
    start: float | None = None,
    stop: float | None = None,
    points: int = POINTS,
    tolerance: float = TOLERANCE,
    progress: Progress = silent,
) -> AgainstZ:
    """Compute spin density and spin current against z; `to_dict` has them as plain numbers.

    Parameters and errors are those of `sotcheck.spin_density`.
    """
    names = [engine] if isinstance(engine, str) else list(engine)
    wanted = [source] if isinstance(source, str) else list(source or (*SOURCES, TOTAL))
    for name in wanted:
        if name not in (*SOURCES, TOTAL):
            near = did_you_mean(name, (*SOURCES, TOTAL))
            raise SystemFileError(
                f"unknown source {name!r}{near}; choose from {', '.join((*SOURCES, TOTAL))}"
            )
    in_range("tolerance", tolerance, *TOLERANCES)
    in_range("points", points, 2, MOST_POINTS)
    in_range("scale", scale, -LARGEST, LARGEST)
    engines = exact_engines(names, "exact-difference", None)
    length = unit_of_torque(system) ** (-1 / 3)
    if z is not None:
        places = Places.at(system.structure, z, length)
    else:
        ends = zip((start, stop), default_range(system.structure), strict=True)
        first, last = (own if end is None else end / length for end, own in ends)
        places = Places.between(system.structure, first, last, points, length)
    rows: list[Row] = []
    for name in progress(names, "profile"):
        with naming_layers(system):
            if name == FIRST_ORDER:
                found = theory.against_z(system, places, rtol=tolerance) * (system.scale * scale)
            else:
                found = exact.against_z(engines[name], system, system.scale * scale, places, rtol=tolerance)
        scheme = None if name == FIRST_ORDER else engines[name].scheme
        rows += _rows(system, Row(name, scheme, TOTAL, found), wanted)
    return AgainstZ(system, scale, places, tuple(rows), tuple(warnings(system, [system.scale * scale])))


def _rows(system: System, of_all: Row, wanted: Sequence[str]) -> Iterator[Row]:
    """Yield the rows of an engine: of sources, or of their sum weighted with relaxation times."""
    tau = weights(system)
    each = {source: of_all.spin[:, s] for s, source in enumerate(SOURCES)}
    for source in wanted:
        if source == TOTAL:
            spin = sum((each[one] * tau[one] for one in SOURCES), Estimate(0.0))
        else:
            spin = each[source]
        yield replace(of_all, source=source, spin=spin)
