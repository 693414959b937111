"""Torque against any key of a system, against k_⊥ and over (k_x, k_y): numbers for pictures."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from sotcheck import __version__
from sotcheck.engines import FIRST_ORDER, exact_engines, reference
from sotcheck.errors import EngineError, SotcheckError
from sotcheck.exact.by_k import torque_by_k_perp
from sotcheck.exact.observables import components
from sotcheck.numerics.arrays import Array
from sotcheck.numerics.quadrature import sample
from sotcheck.run.progress import Progress, silent
from sotcheck.run.threads import single_threaded
from sotcheck.system.files import to_document
from sotcheck.system.interface import Interface
from sotcheck.system.model import SOURCES, System
from sotcheck.system.units import unit_of_torque
from sotcheck.theory.symbols import Symbols
from sotcheck.trial.paper import first_order
from sotcheck.trial.plane import torque_plane
from sotcheck.trial.torque import torque

Data = dict[str, Any]

#: Of a picture; nodes in each range of k_⊥ between thresholds.
TOLERANCE, NODES = 1e-4, 60
COMPONENTS = ("fieldlike", "dampinglike")
UNDEFINED = "m is parallel to y, where fieldlike and dampinglike are undefined; choose another magnetization"


def _document(system: System, **more: Any) -> Data:
    return {"sotcheck": __version__, "system": to_document(system), **more}


@single_threaded
def torque_curve(
    system: System,
    name: str,
    points: Sequence[tuple[float, Data]],
    engine: Sequence[str] | None = None,
    *,
    tolerance: float = TOLERANCE,
    progress: Progress = silent,
) -> Data:
    """Return the torque of every source at some points, ready for JSON: a row a point, engine and source.

    Each point is what stands on the axis `name`, and the attributes that it changes; "scale" is the factor of
    all spin-orbit terms. A point that is no system, or fails, is among "failed", with the reason.
    """
    engines = list(engine or (FIRST_ORDER, reference()))
    rows: list[Data] = []
    failed: list[Data] = []
    for x, changes in progress(points, f"{system.name}: points"):
        scale = changes.get("scale")
        try:
            changed = system.with_({key: value for key, value in changes.items() if key != "scale"})
            found = torque(changed, engines, scale=scale, tolerance=tolerance)
        except SotcheckError as error:
            failed.append({name: x, "error": str(error)})
            continue
        rows += [{name: x, **row} for row in found.to_dict()["torque"]]
    if not rows:
        raise EngineError(f"{system.name}: no point has a torque; the first: {failed[0]['error']}")
    if all(row["fieldlike"] is None for row in rows):
        raise EngineError(UNDEFINED)
    return _document(system, axis=name, torque=rows, failed=failed)


def split(t: Array, system: System) -> Array:
    """Return (fieldlike, dampinglike) of t (..., 3), shape (2, ...); there are none for m ∥ ŷ."""
    found = components(t, system.direction)
    if found is None:
        raise EngineError(UNDEFINED)
    return np.stack(found)


def thresholds(system: System) -> dict[str, float]:
    """Return the k_⊥ of every source at which its channel closes, in the unit of the file."""
    found = {source: system.k_perp2_max(source) for source in SOURCES}
    return {source: k2**0.5 * _wave_vector(system) for source, k2 in found.items() if k2 > 0}


def _wave_vector(system: System) -> float:
    return float(unit_of_torque(system) ** (1 / 3))


@single_threaded
def integrand(system: System, engine: Sequence[str] | None = None) -> Data:
    """Return dt/dk_⊥ of every source, ready for JSON, in k² of the file: a row an engine, source and k_⊥.

    First order is that of a bare interface.
    """
    first = (FIRST_ORDER,) if isinstance(system, Interface) else ()
    names = list(engine or (*first, reference()))
    k_perp = np.sort(sample(system.thresholds(), NODES))
    unit = _wave_vector(system)
    rows = []
    for name in names:
        if name == FIRST_ORDER:
            if not isinstance(system, Interface):
                raise EngineError(f"{system.name}: first-order by k_perp is there for bare interfaces only")
            formula = first_order().torque(Symbols(system, k_perp, np.zeros(1)))[:, 0]
            by_k = formula * (system.h_R * k_perp / (2 * np.pi))[:, None]
            parts = np.stack([by_k.real, by_k.imag])
        else:
            solver = exact_engines([name], "exact-difference", None)[name]
            parts = split(torque_by_k_perp(solver, system, system.scale, k_perp), system)
        rows += [
            {"engine": name, "source": source, "k_perp": k * unit}
            | {part: parts[c, n, s] * unit**2 for c, part in enumerate(COMPONENTS)}
            for s, source in enumerate(SOURCES)
            if source in thresholds(system)
            for n, k in enumerate(k_perp.tolist())
        ]
    return _document(system, thresholds=thresholds(system), integrand=rows)


@single_threaded
def k_map(system: System, engine: str | None = None) -> Data:
    """Return the torque per d²k of every source over (k_x, k_y), by an engine, ready for JSON."""
    name = engine or reference()
    solver = exact_engines([name], "exact-difference", None)[name]
    return _document(system, engine=name, **torque_plane(system, solver))


def map_rows(data: Data) -> list[Data]:
    """Return a map as rows of k_x, k_y and the torques there, which are those of the opposite k as well."""
    return [
        {"source": source, "k_x": k * np.cos(phi + turn), "k_y": k * np.sin(phi + turn)}
        | {part: values[n][i] for part, values in parts.items()}
        for source, parts in data["sources"].items()
        for n, k in enumerate(data["k_perp"])
        for turn in (0.0, np.pi)
        for i, phi in enumerate(data["angle"])
    ]
