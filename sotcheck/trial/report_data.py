"""All numbers of a report, computed once and kept as JSON: figures and pages are drawn from that alone."""

from __future__ import annotations

import platform
import shlex
from collections.abc import Iterable
from importlib.metadata import version
from itertools import product
from typing import Any, cast

import numpy as np

from sotcheck import __version__
from sotcheck.beyond.document import beyond_data
from sotcheck.beyond.limits import COMPONENTS, curve_data
from sotcheck.engines import EXACT, FIRST_ORDER, Engine
from sotcheck.errors import EngineError
from sotcheck.exact.observables import (
    INTERFACE,
    LATTICE,
    MINUS,
    PLUS,
    components,
    ledger_residual,
    torque_from_flows,
)
from sotcheck.numerics.arrays import Array, Complex
from sotcheck.numerics.quadrature import sample
from sotcheck.run.progress import Progress, silent
from sotcheck.run.threads import single_threaded
from sotcheck.system.interface import Interface
from sotcheck.system.model import System
from sotcheck.system.units import unit_of_torque, wave_vector
from sotcheck.theory.symbols import Symbols
from sotcheck.trial.check import CheckResult, check_interface, in_file_units, try_claims
from sotcheck.trial.coefficients import remainders
from sotcheck.trial.entries import Claim
from sotcheck.trial.evidence import SPACING_POWERS, Evidence, Resolved
from sotcheck.trial.paper import load
from sotcheck.trial.plane import torque_plane
from sotcheck.trial.stack_data import geometry, profiles, stack_data
from sotcheck.trial.torque import TOLERANCE

#: k_⊥ nodes a range for the integrand: the formula's line, and Kwant's points on it.
LINE_NODES, POINT_NODES, POINT_ANGLES = 80, 7, 8
#: Flows by what they do, those to the lattice with the sign that they leave with.
LEDGER = {
    "incoming (1)": (1, MINUS),
    "to the lattice (2)": (-1, LATTICE),
    "to bulk magnetism (3)": (1, PLUS),
    "to interface magnetism (4)": (1, INTERFACE),
}


@single_threaded
def report_data(system: System, argument: str, *, progress: Progress = silent) -> dict[str, Any]:
    """Compute everything that a report shows, ready for JSON, first the document of `sotcheck check`.

    `argument`: how the system was named on the command line, for the command that reproduces the report. An
    EngineError says that an engine cannot solve what a report shows.
    """
    result, shown, settings = (
        interface_data(system, progress) if isinstance(system, Interface) else stack_data(system)
    )
    return {
        **result.to_dict(),
        "verdict": str(result.verdict),
        "summary": result.summary(),
        "note": result.note or None,
        **shown,
        "provenance": provenance(argument, settings),
    }


def interface_data(
    iface: Interface, progress: Progress
) -> tuple[CheckResult, dict[str, Any], dict[str, Any]]:
    """Return the cross-check, what else a bare interface's report shows, and the settings of it all."""
    paper, h = load(), np.array([iface.h_R])
    names = [FIRST_ORDER, *EXACT]
    result, evidence = check_interface(iface, names, EXACT, h, controls=True, progress=progress)
    for (_, engine), reason in evidence.refused.items():
        raise EngineError(
            f"{iface.name}: a report shows both exact engines, and {engine} refuses: {reason}. "
            "'sotcheck check' judges what can be had"
        )
    alarms = in_file_units(iface, try_claims(evidence, paper, controls=True))
    number = paper.first_order.number
    claims, lattice = paper.of_type(Claim), lattice_errors(evidence)
    shown = {
        # Claims about parts of the torque to first order.
        "first_order": [c.name for c in claims if c.number != number and str(c.number).startswith(number)],
        # Fieldlike and dampinglike are undefined for m ∥ y.
        "curve": None
        if components(np.zeros(3), iface.direction) is None
        else curve_data(iface, unit=unit_of_torque(iface)),
        "geometry": geometry(iface),
        "against_z": profiles(iface),
        "plane": torque_plane(iface),
        "beyond": beyond_data(iface),
        "integrand": resolved_integrand(evidence),
        "lattice": lattice,
        "remainder": remainder_ladder(evidence),
        "ledger": ledger_table(evidence),
        "controls": [
            {
                "claim": control.name,
                "title": control.says,
                "words": control.judge.__doc__,
                "findings": [f.to_dict() for f in alarms if f.claim == control.name],
            }
            for control in claims
            if control.control
        ],
        "bound_states": [
            {
                "h_R": found.h_R,
                "lowest_eigenvalue": found.lowest,
                "k_perp": wave_vector(iface)[0] * found.k_perp,
                "alone": found.alone,
                "added": found.added,
                "first_h_R_at_fermi_energy": found.first_h_R,
            }
            for found in evidence.bound_states
        ],
    }
    return result, shown, settings_of(evidence, lattice)


def provenance(argument: str, settings: dict[str, Any]) -> dict[str, Any]:
    """Return by which command, with which versions and settings a report was computed."""
    packages = {name: version(name) for name in ("kwant", "numpy", "scipy", "matplotlib")}
    return {
        "command": shlex.join(["sotcheck", "report", argument]),
        "python": platform.python_version(),
        "packages": packages | {"sotcheck": __version__},
        "settings": settings,
    }


def settings_of(evidence: Evidence, lattice: dict[str, Any]) -> dict[str, Any]:
    """Return the settings of a bare interface's report."""
    summed = evidence.at_h_R[lattice["engine"]]
    return {
        "tolerance": TOLERANCE,
        "h_R ladder": evidence.rungs.tolist(),
        "radius of convergence in h_R": evidence.expansion.radius,
        "finite-difference spacings": (evidence.spacings / wave_vector(evidence.iface)[0]).tolist(),
        "exact-difference spacing": lattice["exact-difference"]["spacing"],
        "k_perp values of the sum": summed.nodes,
        "angles of the sum": summed.angles,
    }


def split(t: Array, iface: Interface) -> Array:
    """Return (fieldlike, dampinglike), shape (2, ...); for m ∥ ŷ the components along x and z instead."""
    found = components(t, iface.direction)
    return np.stack(found if found is not None else (t[..., 0], t[..., 2]))


def resolved_integrand(evidence: Evidence) -> dict[str, Any]:
    """Return d(torque per h_R)/dk_⊥: the formula's line, and engines' points at the smallest rung."""
    iface = evidence.bare
    h = float(evidence.rungs[-1])
    line_k, point_k = (sample(iface.thresholds(), nodes) for nodes in (LINE_NODES, POINT_NODES))
    # (1/4π) ∫ dx f = ∫ dk_⊥ (k_⊥/2π) f.
    formula = load().first_order.torque(Symbols(iface, line_k, np.zeros(1)))[:, 0]
    line = formula * (line_k / (2 * np.pi))[:, None]
    unit = wave_vector(iface)[0]
    shown = {"formula": np.stack([line.real, line.imag])}
    shown |= {name: angular_mean(iface, engine, point_k, h) for name, engine in EXACT.items()}
    return {
        "h_R": h,
        "line_k_perp": (unit * line_k).tolist(),
        "point_k_perp": (unit * point_k).tolist(),
        "thresholds": {
            source: unit * float(np.sqrt(iface.k_perp2_max(source))) for _, source in evidence.open_sources
        },
        "sources": {
            source: {
                part: {name: (unit**2 * values[c, :, s]).tolist() for name, values in shown.items()}
                for c, part in enumerate(COMPONENTS)
            }
            for s, source in evidence.open_sources
        },
    }


def angular_mean(iface: Interface, engine: Engine, k_perp: Array, h: float) -> Array:
    """Return an engine's torque per h_R and k_⊥, shape (2, n, 3): component, k_⊥, source."""
    angles = 2 * np.pi * (np.arange(POINT_ANGLES) + 0.5) / POINT_ANGLES
    grid = np.broadcast_arrays(k_perp[:, None], angles, h)
    kx = (grid[0] * np.cos(grid[1]))[..., None, None, None]
    values = -kx * engine.solve(iface.structure, *grid).flows / (4 * np.pi * h)
    mean = values.mean(axis=1) * (k_perp / (2 * np.pi))[:, None, None, None]
    return split(torque_from_flows(mean, iface.direction), iface)


def lattice_errors(evidence: Evidence) -> dict[str, Any]:
    """Return the k_⊥-resolved flows' error against spacing, and after Richardson's eliminations."""
    # A report has both engines.
    exact, name = cast(Resolved, evidence.without_lattice), str(evidence.lattice_engine)
    length = 1 / wave_vector(evidence.iface)[0]
    chain: Any = evidence.engines[name]
    at = int(np.flatnonzero(exact.h_R == evidence.h_R[0])[0])
    # Finer ones show nothing but rounding beyond the first elimination.
    shown = len(SPACING_POWERS) + 1

    def error(values: Iterable[Array]) -> list[float]:
        return [float(np.abs(v - exact.flows[:, :, at]).max()) for v in values]

    levels = [evidence.lattice["finite-difference"][:shown]]
    for power in SPACING_POWERS:
        levels.append((2.0**power * levels[-1][1:] - levels[-1][:-1]) / (2.0**power - 1))
    return {
        "engine": name,
        "h_R": float(evidence.h_R[0]),
        "spacing": (length * evidence.spacings[:shown]).tolist(),
        "finite-difference": error(levels[0]),
        "richardson": [error(level) for level in levels[1:]],
        "one-sided": error(evidence.lattice["one-sided"][:shown]) if evidence.bare.bulks_differ else None,
        "exact-difference": {
            "spacing": length * float(chain.spacing_for(evidence.iface.structure)),
            "error": error([evidence.resolved[name].flows[:, :, at]])[0],
        },
    }


def remainder_ladder(evidence: Evidence) -> dict[str, Any]:
    """Return what first order leaves on the ladder of h_R by source, and with its sign flipped."""
    torque = evidence.formulas.total.value
    h, engine = evidence.rungs, str(evidence.lattice_engine)

    def table(expected: Complex) -> dict[str, list[float]]:
        rest = unit_of_torque(evidence.iface) * remainders(evidence, engine, expected).value * h[:, None]
        return {source: rest[:, s].tolist() for s, source in evidence.open_sources}

    return {"h_R": h.tolist(), "right": table(torque), "flipped sign": table(-torque)}


def ledger_table(evidence: Evidence) -> dict[str, Any]:
    """Return the four flows of angular momentum at the first h_R by engine and source, and their residual."""
    h = float(evidence.h_R[0])
    rows = []
    for engine, (s, source) in product(EXACT, evidence.open_sources):
        flows = unit_of_torque(evidence.iface) * evidence.at_h_R[engine].total.value[0, s] * h
        parts = {name: sign * flows[flow] for name, (sign, flow) in LEDGER.items()}
        rows.append(
            {
                "engine": engine,
                "source": source,
                "flows": {name: part.tolist() for name, part in parts.items()},
                "split": {name: split(part, evidence.bare).tolist() for name, part in parts.items()},
                "residual": float(np.abs(ledger_residual(flows)).max()),
            }
        )
    return {"h_R": h, "rows": rows}
