"""All numbers of a report, computed once and kept as JSON: figures and pages are drawn from that alone."""

from __future__ import annotations

import platform
import shlex
from collections.abc import Iterable
from importlib.metadata import version
from typing import Any

import numpy as np

from sotcheck import __version__
from sotcheck.beyond.document import beyond_data
from sotcheck.beyond.limits import curve_data
from sotcheck.beyond.warnings import warnings
from sotcheck.engines import EXACT, Engine
from sotcheck.errors import EngineError
from sotcheck.exact.observables import components, ledger_residual, torque_from_flows
from sotcheck.numerics.arrays import Array, Complex
from sotcheck.numerics.quadrature import sample
from sotcheck.run.progress import Progress, silent
from sotcheck.run.threads import single_threaded
from sotcheck.system.interface import Interface
from sotcheck.theory.symbols import Symbols
from sotcheck.trial.check import CheckResult
from sotcheck.trial.claims import try_claims
from sotcheck.trial.coefficients import remainders
from sotcheck.trial.entries import Claim
from sotcheck.trial.evidence import SPACING_POWERS, Evidence, gather
from sotcheck.trial.paper import load
from sotcheck.trial.torque import TOLERANCE

#: k_⊥ nodes a range for the integrand: the formula's line, and Kwant's points on it.
LINE_NODES, POINT_NODES, POINT_ANGLES = 80, 7, 8
COMPONENTS = ("fieldlike", "dampinglike")


@single_threaded
def report_data(iface: Interface, argument: str, *, progress: Progress = silent) -> dict[str, Any]:
    """Compute everything that a report shows.

    Parameters
    ----------
    iface : Interface
    argument : str
        How the system was named on the command line, for the command that reproduces the report.

    Returns
    -------
    dict
        Ready for JSON; starts with the document of `sotcheck check`.

    Raises
    ------
    EngineError
        If an engine cannot solve what a report shows.
    """
    evidence = gather(
        iface, np.array([iface.h_R]), TOLERANCE, load().first_order, controls=True, progress=progress
    )
    for (_, engine), reason in evidence.refused.items():
        raise EngineError(
            f"{iface.name}: a report shows both exact engines, and {engine} refuses: {reason}. "
            "'sotcheck check' judges what can be had"
        )
    result = CheckResult(
        iface,
        tuple(try_claims(evidence, load())),
        evidence.expansion.why_not,
        tuple(warnings(iface, [iface.h_R])),
    )
    alarms = list(try_claims(evidence, load(), controls=True))
    return {
        **result.to_dict(),
        "verdict": str(result.verdict),
        "summary": result.summary(),
        "note": evidence.expansion.why_not or None,
        # Fieldlike and dampinglike are undefined for m ∥ y.
        "curve": None if components(np.zeros(3), iface.direction) is None else curve_data(iface),
        "beyond": beyond_data(iface),
        "integrand": resolved_integrand(evidence),
        "lattice": lattice_errors(evidence),
        "remainder": remainder_ladder(evidence),
        "ledger": ledger_table(evidence),
        "controls": [
            {
                "claim": control.name,
                "title": control.says,
                "words": control.judge.__doc__,
                "findings": [f.to_dict() for f in alarms if f.claim == control.name],
            }
            for control in load().of_type(Claim)
            if control.control
        ],
        "bound_states": [
            {
                "h_R": found.h_R,
                "lowest_eigenvalue": found.lowest,
                "k_perp": found.k_perp,
                "alone": found.alone,
                "added": found.added,
                "first_h_R_at_fermi_energy": found.first_h_R,
            }
            for found in evidence.bound_states
        ],
        "provenance": {
            "command": shlex.join(["sotcheck", "report", argument]),
            "python": platform.python_version(),
            "packages": {name: version(name) for name in ("kwant", "numpy", "scipy", "matplotlib")}
            | {"sotcheck": __version__},
            "settings": {
                "tolerance": TOLERANCE,
                "h_R ladder": evidence.rungs.tolist(),
                "radius of convergence in h_R": evidence.expansion.radius,
                "finite-difference spacings": evidence.spacings.tolist(),
                "exact-difference spacing": EXACT["kwant"].spacing_for(iface.structure),
                "k_perp values of the sum": evidence.at_h_R["kwant"].nodes,
                "angles of the sum": evidence.at_h_R["kwant"].angles,
            },
        },
    }


def split(t: Array, iface: Interface) -> Array:
    """Return (fieldlike, dampinglike), shape (2, ...); for m ∥ ŷ the components along x and z instead."""
    found = components(t, iface.direction)
    return np.stack(found if found is not None else (t[..., 0], t[..., 2]))


def resolved_integrand(evidence: Evidence) -> dict[str, Any]:
    """Return d(torque per h_R)/dk_⊥: the formula's line, and Kwant's points at the smallest rung."""
    iface = evidence.iface
    h = float(evidence.rungs[-1])
    edges = iface.thresholds()
    line_k, point_k = sample(edges, LINE_NODES), sample(edges, POINT_NODES)
    # (1/4π) ∫ dx f = ∫ dk_⊥ (k_⊥/2π) f.
    formula = load().first_order.torque(Symbols(iface, line_k, np.zeros(1)))[:, 0]
    line = formula * (line_k / (2 * np.pi))[:, None]
    angles = 2 * np.pi * (np.arange(POINT_ANGLES) + 0.5) / POINT_ANGLES
    points = {name: _angular_mean(evidence, engine, point_k, angles, h) for name, engine in EXACT.items()}
    return {
        "h_R": h,
        "line_k_perp": line_k.tolist(),
        "point_k_perp": point_k.tolist(),
        "thresholds": {
            source: float(np.sqrt(iface.k_perp2_max(source))) for _, source in evidence.open_sources
        },
        "sources": {
            source: {
                name: {
                    "formula": (line.real, line.imag)[c][:, s].tolist(),
                    **{engine: points[engine][c, :, s].tolist() for engine in EXACT},
                }
                for c, name in enumerate(COMPONENTS)
            }
            for s, source in evidence.open_sources
        },
    }


def _angular_mean(evidence: Evidence, engine: Engine, k_perp: Array, angles: Array, h: float) -> Array:
    iface = evidence.iface
    grid = np.broadcast_arrays(k_perp[:, None], angles, h)
    kx = (grid[0] * np.cos(grid[1]))[..., None, None, None]
    values = -kx * engine.solve(iface.structure, *grid).flows / (4 * np.pi * h)
    mean = values.mean(axis=1) * (k_perp / (2 * np.pi))[:, None, None, None]
    return split(torque_from_flows(mean, iface.direction), iface)


def lattice_errors(evidence: Evidence) -> dict[str, Any]:
    """Return the k_⊥-resolved flows' error against spacing, and after Richardson's eliminations."""
    exact = evidence.resolved["continuum"]
    at = int(np.flatnonzero(exact.h_R == evidence.h_R[0])[0])
    reference = exact.flows[:, :, at]

    def error(values: Iterable[Array]) -> list[float]:
        return [float(np.abs(v - reference).max()) for v in values]

    # Finer ones show nothing but rounding beyond the first elimination.
    shown = len(SPACING_POWERS) + 1
    level = evidence.lattice["finite-difference"][:shown]
    levels = [error(level)]
    for power in SPACING_POWERS:
        level = (2.0**power * level[1:] - level[:-1]) / (2.0**power - 1)
        levels.append(error(level))
    return {
        "h_R": float(evidence.h_R[0]),
        "spacing": evidence.spacings[:shown].tolist(),
        "finite-difference": levels[0],
        "richardson": levels[1:],
        "one-sided": error(evidence.lattice["one-sided"][:shown]) if evidence.iface.bulks_differ else None,
        "exact-difference": {
            "spacing": EXACT["kwant"].spacing_for(evidence.iface.structure),
            "error": error([evidence.resolved["kwant"].flows[:, :, at]])[0],
        },
    }


def remainder_ladder(evidence: Evidence) -> dict[str, Any]:
    """Return |t − (16)| on the ladder of h_R by source, and with the sign of (16) flipped."""
    torque = evidence.formulas.total.value
    h = evidence.rungs

    def table(expected: Complex) -> dict[str, list[float]]:
        rest = remainders(evidence, "kwant", expected).value * h[:, None]
        return {source: rest[:, s].tolist() for s, source in evidence.open_sources}

    return {"h_R": h.tolist(), "right": table(torque), "flipped sign": table(-torque)}


def ledger_table(evidence: Evidence) -> dict[str, Any]:
    """Return the four flows of Fig. 2 at the first h_R, by engine and source, and their residual."""
    iface, h = evidence.iface, float(evidence.h_R[0])
    rows = []
    for engine in EXACT:
        summed = evidence.at_h_R[engine].total.value[0] * h
        for s, source in evidence.open_sources:
            minus, plus, lattice, interface = summed[s]
            parts = {
                "incoming (1)": minus,
                "to the lattice (2)": -lattice,
                "to bulk magnetism (3)": plus,
                "to interface magnetism (4)": interface,
            }
            rows.append(
                {
                    "engine": engine,
                    "source": source,
                    "flows": {name: flow.tolist() for name, flow in parts.items()},
                    "split": {name: split(flow, iface).tolist() for name, flow in parts.items()},
                    "residual": float(np.abs(ledger_residual(summed[s])).max()),
                }
            )
    return {"h_R": h, "rows": rows}
