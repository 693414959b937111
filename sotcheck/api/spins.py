"""`sc.spin_density` and `sc.spin_currents`: spin against z, or resolved in k_⊥ and its angle."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from sotcheck.api.profiles import Profile, Spins
from sotcheck.api.result import Names, SystemLike, chosen, members, names, numbers
from sotcheck.errors import SystemFileError, in_our_words, one_of
from sotcheck.numerics.estimate import Estimate
from sotcheck.run.progress import Progress, silent
from sotcheck.system.model import SOURCES, System
from sotcheck.system.places import Places, Where
from sotcheck.system.units import unit_of_torque
from sotcheck.trial import against_z as trial
from sotcheck.trial.reach import naming_layers
from sotcheck.trial.resolved import Resolved, resolved
from sotcheck.trial.torque import torque
from sotcheck.trial.torque_table import weights

#: Either side of the interface.
BOTH_SIDES = ("-0", "+0")


@in_our_words
def spin_density(
    system: SystemLike,
    z: Where | None = None,
    engine: Names = "continuum",
    *,
    source: Names = None,
    scale: float = 1.0,
    start: float | None = None,
    stop: float | None = None,
    points: int = trial.POINTS,
    tolerance: float = trial.TOLERANCE,
    magnetization: ArrayLike | None = None,
    fermi_energy: ArrayLike | None = None,
    progress: Progress = silent,
) -> Spins:
    """Compute spin density and spin current against z, as `sotcheck profile` does.

    Parameters
    ----------
    system : System, Family, str, Path or mapping
    z : sequence, optional
        Where, in the file's unit: numbers, and for either side of a junction "-0", "+0", "0.6-0", "0.6+0".
        By default all layers and some wavelengths around them, or from `start` to `stop`, with about so many
        `points`.
    engine, source : str or sequence of str, optional
        "continuum", "kwant", "first-order" (the linear coefficient times the scale); "normal", "majority",
        "minority", "total", all by default.
    scale : float
        Factor of all spin-orbit terms.
    tolerance : float
        Relative quadrature error to aim at.
    magnetization, fermi_energy : optional
        m and E_F instead of the system's own.

    Raises
    ------
    SystemFileError, EngineError
        For what is not accepted, or if an engine fails.
    """
    where = {"start": start, "stop": stop, "points": points}
    found = chosen(system, m=magnetization, E_F=fermi_energy)
    return _summed(found, z, engine, source, scale, tolerance, progress, "spin_density", where)


def _summed(
    found: Any, z: Any, engine: Names, source: Names, scale: float, tolerance: float, progress: Progress,
    what: str, where: dict[str, Any],
) -> Spins:  # fmt: skip
    family, systems = members(found)
    parts = []
    for one in progress(systems, "profile") if family else systems:
        profile = trial.against_z(
            one, names(engine) or [], source=names(source), scale=scale, z=z, tolerance=tolerance,
            progress=silent if family else progress, **where,
        )  # fmt: skip
        sources = tuple(dict.fromkeys(row.source for row in profile.rows))
        engines = dict.fromkeys(row.engine for row in profile.rows)
        spin = {name: _stacked([row.spin for row in profile.rows if row.engine == name]) for name in engines}
        at_zero = _flows(one, list(engines), sources, scale, tolerance)
        parts.append(Profile(one, profile.places, sources, spin, at_zero, {}, profile))
    return Spins(systems[0].name, family, parts, what=what)


def _stacked(by_source: Sequence[Estimate]) -> Estimate:
    """Return (p, sources, 2, 3) of estimates (p, 2, 3)."""
    values, errors = (
        np.stack([getattr(one, what) for one in by_source], axis=1) for what in ("value", "error")
    )
    return Estimate(values, {"quadrature": (errors, "nested rules")})


def _flows(
    system: System, engines: list[str], sources: Sequence[str], scale: float, tolerance: float
) -> dict[str, Estimate]:
    """Return what is added and taken at z = 0 by engine, (sources, 2, 3)."""
    table = torque(system, engines, scale=scale, tolerance=tolerance)
    tau = weights(system)
    found = {}
    for name in engines:
        rows = {row.source: row for row in table.rows if row.engine == name and row.source in SOURCES}
        each = {
            source: Estimate(row.flows[2:4], {"sum": (row.t.total, "of flows")})
            for source, row in rows.items()
        }
        each["total"] = sum((each[one] * tau[one] for one in SOURCES), Estimate(0.0))
        values, errors = (np.stack([getattr(each[s], what) for s in sources]) for what in ("value", "error"))
        found[name] = Estimate(values, {"quadrature": (errors, "nested rules")})
    return found


@in_our_words
def spin_currents(
    system: SystemLike,
    z: Where | None = BOTH_SIDES,
    engine: Names = ("first-order", "continuum"),
    *,
    by: str | None = None,
    k_perp: ArrayLike | None = None,
    angle: ArrayLike | None = None,
    source: Names = None,
    scale: float = 1.0,
    tolerance: float = trial.TOLERANCE,
    magnetization: ArrayLike | None = None,
    fermi_energy: ArrayLike | None = None,
    progress: Progress = silent,
) -> Spins:
    """Compute spin currents, at z = −0 and +0 or any z, exact beside first order; and what h_R adds at z = 0.

    Parameters
    ----------
    system : System, Family, str, Path or mapping
    z : sequence
        Where, in the file's unit: numbers, and for either side of a junction "-0", "+0", "0.6-0", "0.6+0".
    engine, source : str or sequence of str
        "first-order" (a paper's formulas at z = ±0, all of them linear in the scale), "continuum", "kwant".
    by : str, optional
        None: summed over k_⊥. "k_perp": resolved, and averaged over the angle of k. "angle": in both.
    k_perp, angle : sequence, optional
        Where to resolve, in the file's unit and in degrees from the x axis.
    scale : float
        Factor of all spin-orbit terms.
    tolerance : float
        Relative error to aim at in the sum, or in the average over the angle.

    Raises
    ------
    SystemFileError, EngineError
        For what is not accepted, or if an engine fails.
    """
    found = chosen(system, m=magnetization, E_F=fermi_energy)
    if by is None:
        if k_perp is not None or angle is not None:
            raise SystemFileError('k_perp and angle say where to resolve; give by="k_perp" or by="angle" too')
        return _summed(found, z, engine, source, scale, tolerance, progress, "spin_current", {})
    one_of(by, ("k_perp", "angle"), "resolution")
    engines = names(engine) or []
    family, systems = members(found)
    if family and k_perp is None:
        raise SystemFileError(f"{family!r}: resolved, a family needs k_perp, which all of it have in common")
    wanted, angles = names(source) or list(trial.OF), numbers("angle", angle)
    for name in wanted:
        one_of(name, trial.OF, "source")
    nodes = numbers("k_perp", k_perp)
    parts = []
    for one in progress(systems, "spin currents"):
        length = unit_of_torque(one) ** (-1 / 3)
        own = Places.at(one.structure, BOTH_SIDES if z is None else z, length)
        k = None if nodes is None else nodes * length
        asked: dict[str, Any] = {"scale": scale, "angle": angles, "by_angle": by == "angle"}
        with naming_layers(one):
            states = resolved(one, own, engines, k_perp=k, tolerance=tolerance, **asked)
        parts.append(_resolved(states, wanted))
    return Spins(systems[0].name, family, parts, what="spin_current")


def _resolved(states: Resolved, wanted: Sequence[str]) -> Profile:
    """Return what is wanted of the sources, and their sum weighted with relaxation times."""
    tau = weights(states.system)
    weight = np.array(
        [[tau[one] if name == trial.TOTAL else one == name for one in SOURCES] for name in wanted]
    )

    def of_sources(found: Estimate, axis: int) -> Estimate:
        def pick(array: Any, by: Any) -> Any:
            return np.moveaxis(np.tensordot(by, array, axes=(1, axis)), 0, axis)

        return found.each(lambda value: pick(value, weight), lambda size: pick(size, np.abs(weight)))

    grid = {"k_perp": states.k_perp} | ({} if states.angle is None else {"angle": states.angle})
    spin = {name: of_sources(one, 1) for name, one in states.spin.items()}
    at_zero = {name: of_sources(one, 0) for name, one in states.at_zero.items()}
    return Profile(states.system, states.places, tuple(wanted), spin, at_zero, grid)
