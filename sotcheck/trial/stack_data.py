"""All numbers of a stack's report: where what lies, who takes which spin, the torque against the scale."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from sotcheck.beyond.limits import curve_data
from sotcheck.beyond.torques import CHAIN, component_axes, open_sources
from sotcheck.engines import EXACT, FIRST_ORDER
from sotcheck.exact.inside import at_interfaces, in_layers, total_torque
from sotcheck.exact.observables import components, ledger_residual
from sotcheck.numerics.arrays import Array
from sotcheck.system.model import System
from sotcheck.system.structure import NO_FIELD
from sotcheck.system.units import file_units, unit_of_torque, wave_vector
from sotcheck.trial.against_z import PARTS, against_z
from sotcheck.trial.check import CheckResult, check
from sotcheck.trial.plane import rounded, torque_plane
from sotcheck.trial.si import Measured
from sotcheck.trial.torque import TOLERANCE, torque
from sotcheck.trial.torque_table import TorqueRow

#: Scales of the curve, those at which Kwant is asked as well, and relative accuracy of the limits; all in
#: units of the system's own.
CURVE, SAME = np.concatenate([[0.05], np.linspace(0.1, 4.0, 40)]), np.array([0.5, 1.0, 2.0])
LIMIT_ACCURACY = 5e-3
#: Spin against z: by which engines, at about how many places, to which relative accuracy of the sums.
PROFILED, PLACES, ACCURACY = ("continuum", FIRST_ORDER), 120, 1e-4
#: The four flows of a part: what arrives = what it gives to the lattice + what it takes + what goes on.
FLOWS = ("arriving", "lattice", "taken", "on")
#: What a whole stack is called among its parts.
WHOLE = "whole stack"


def stack_data(system: System) -> tuple[CheckResult, dict[str, Any], dict[str, Any]]:
    """Return the cross-check, what else a stack's report shows, ready for JSON, and the settings."""
    result, table = check(system), torque(system)
    has_parts = components(np.zeros(3), system.direction) is not None
    scales: dict[str, Any] = {"per": system.scale, "unit": unit_of_torque(system)}
    search: dict[str, Any] = {"largest": float(CURVE[-1]) * system.scale, "accuracy": LIMIT_ACCURACY}
    measured = Measured(table, efficiencies=True).to_dict()
    shown = {
        "geometry": geometry(system),
        "torque": measured["torque"],
        "totals": [row.to_dict(system, unit_of_torque(system)) for row in table.totals()],
        "measured": measured.get("measured"),
        "against_z": profiles(system),
        "plane": torque_plane(system),
        "curve": curve_data(system, CURVE, SAME, **scales, **search) if has_parts else None,
        "lattice": {"engine": CHAIN.name},
        "ledger": {"rows": [ledger(system, row) for row in table.scattering() if _shown(system, row)]},
    }
    settings = {
        "tolerance": TOLERANCE,
        "exact-difference spacing": CHAIN.spacing_for(system.structure) / wave_vector(system)[0],
    }
    return result, shown, settings


def _shown(system: System, row: TorqueRow) -> bool:
    return row.engine in EXACT and row.source in dict(map(reversed, open_sources(system)))  # type: ignore[arg-type]


# --- where what lies ------------------------------------------------------------------------


def geometry(system: System) -> dict[str, Any]:
    """Return regions and deltas from left to right, in the units of the file."""
    own = file_units(system)
    structure = own.structure
    ends = [None, *structure.positions, None]
    names = ["left half-space", *system.names]
    return {
        "energy": structure.energy,
        "unit": own.unit,
        "regions": [
            {
                "name": name,
                "from": start,
                "to": end,
                **{key: getattr(region, key) for key in ("potential", "exchange", "direction", "mass")},
                "spin_orbit": _field(region.spin_orbit, own.scale),
            }
            for name, region, start, end in zip(names, structure.regions, ends, ends[1:], strict=False)
        ],
        "interfaces": [
            {
                "z": z,
                **{key: getattr(delta, key) for key in ("barrier", "exchange", "direction")},
                "spin_orbit": _field(delta.spin_orbit, own.scale),
            }
            for z, delta in zip(structure.positions, structure.interfaces, strict=True)
        ],
    }


def _field(A: Any, scale: float) -> Any:
    """Return A at the system's own scale, None where there is nothing."""
    return None if A == NO_FIELD or not scale else (scale * np.array(A)).tolist()


def profiles(system: System) -> dict[str, Any]:
    """Return spin density and spin current against z of sources with states at E_F, as in a picture."""
    sources = [source for _, source in open_sources(system)]
    found = against_z(system, PROFILED, source=sources, points=PLACES, tolerance=ACCURACY).to_dict()
    for row in found["profiles"]:
        for part in PARTS:
            row[part] = rounded(row[part])
    found["z"] = rounded(found["z"])
    return {key: found[key] for key in ("unit", "regions", "z", "region", "profiles")}


# --- who takes what -------------------------------------------------------------------------


def parts(system: System, flows: Array) -> Iterator[tuple[str, Array]]:
    """Yield each part of a stack, from left to right, and what arrives, is given, taken, and goes on, (4, 3).

    Flows (4I + 2L, 3) are those of a row. What a layer's spin-orbit field adds is minus what it gives.
    """
    structure, lengths = system.structure, file_units(system).structure.positions
    deltas, layers = at_interfaces(structure, flows), in_layers(structure, flows)
    for n, (z, delta) in enumerate(zip(lengths, deltas, strict=True)):
        minus, plus, lattice, taken = delta
        yield f"z = {z:.6g}{' nm' if system.unit else ''}", np.stack([minus, -lattice, taken, plus])
        added, torque_on = layers[n]
        last = n + 1 == len(deltas)
        yield (
            system.names[n],
            np.stack([plus, -added, torque_on, plus - torque_on if last else deltas[n + 1][0]]),
        )
    given = -deltas[:, 2].sum(axis=0) - layers[:, 0].sum(axis=0)
    taken = total_torque(structure, flows)
    yield WHOLE, np.stack([deltas[0, 0], given, taken, deltas[-1, 1] - layers[-1, 1]])


def ledger(system: System, row: TorqueRow) -> dict[str, Any]:
    """Return who takes what of one source's spin by one engine, and what interfaces leave of it."""
    unit = unit_of_torque(system)
    # For m ∥ ŷ the two across it.
    axes = {name: axis for name, axis in component_axes(system.direction).items() if name != "y"}
    across = np.stack(list(axes.values()), axis=-1)
    found = [(part, unit * four) for part, four in parts(system, row.flows)]
    arriving = found[-1][1][0] @ across
    bars = {"incoming (1)": arriving, **{name: four @ across for name, four in _bars(found)}}
    return {
        "engine": row.engine,
        "source": row.source,
        "components": list(axes),
        "parts": [
            {
                "part": part,
                "flows": dict(zip(FLOWS, four.tolist(), strict=True)),
                "split": dict(zip(FLOWS, (four @ across).tolist(), strict=True)),
            }
            for part, four in found
        ],
        "split": {name: value.tolist() for name, value in bars.items()},
        # Inside a layer the torque is what does not go on: what `check` tries by another route.
        "residual": unit * float(np.abs(ledger_residual(at_interfaces(system.structure, row.flows))).max()),
    }


def _bars(found: list[tuple[str, Array]]) -> Iterator[tuple[str, Array]]:
    """Yield what the incoming spin goes to, part by part: vectors by name."""
    for n, (part, four) in enumerate(found[:-1]):
        yield f"lattice, {part} (2)", four[1]
        yield f"{part} ({3 if n % 2 else 4})", four[2]
    yield "goes on beyond", found[-1][1][3]
