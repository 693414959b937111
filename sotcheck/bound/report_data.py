"""The numbers behind reports/bound-states/: the built-in systems, and one interface for each effect."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np

from sotcheck import __version__
from sotcheck.bound.fermi import CRITICAL, ground_state
from sotcheck.bound.matching import in_plane, k_max, m_angle, of_k
from sotcheck.bound.portrait import CHECKS, one_interface
from sotcheck.bound.spin_density import bound_spin_density
from sotcheck.bound.thresholds import lowest_strength, smallest_strength, unperturbed_plane
from sotcheck.engines.poles import along_m, embedded_states
from sotcheck.exact.observables import components
from sotcheck.run.progress import Progress, silent
from sotcheck.run.threads import single_threaded
from sotcheck.system.files import builtin_systems, load
from sotcheck.system.interface import Interface

TILTED = (2.0, -1.0, 2.0)
PLAIN = Interface(name="plain", E_F=1.0, m=TILTED)
#: What each demonstration shows, beside the built-in systems.
EFFECTS = {
    iface.name: iface
    for iface in (
        PLAIN.with_(
            name="attractive", title="Attractive for the majority: bound without any h_R",
            J=0.0, u_0=-0.3, u_m=0.8,
        ),
        PLAIN.with_(
            name="embedded", title="A minority state inside the majority's continuum",
            U_N=1.5, U_F=0.5, u_0=-0.6, u_m=-0.6,
        ),
        PLAIN.with_(
            name="matched", U_N=-1.0,
            title="Equal wave vectors in N and for the majority: any h_R binds, although J = 1",
        ),
        PLAIN.with_(name="transparent", title="Nothing but the Rashba term: any h_R binds", J=0.0),
    )
}  # fmt: skip
#: h_R of the curves of spin density; below 2, where a ground state exists.
CURVE_H_R = (0.05, 0.4, 0.7, 0.8, 1.0, 1.2)
#: Systems with such a curve: bound states at E_F from h_R = 0.70 on, from 0.57 on, and from 0 twice.
CURVES = ("bulk-magnetism", "interface-magnetism", "attractive", "transparent")
#: J of the approach to J = 0, in units of E_F.
SMALL_J = 10.0 ** -np.arange(0, 9)


@single_threaded
def report_data(
    *, checks: int = CHECKS, cases: tuple[int, int] = (1000, 50), progress: Progress = silent
) -> Any:
    """Return everything that the pages on bound states show, ready for JSON.

    `checks`: points of each map solved with Kwant as well; `cases`: random problems on which the three routes
    are compared, the first two, and all of them.
    """
    from sotcheck.bound.agreement import agreement

    interfaces = {name: load(name) for name in builtin_systems()} | EFFECTS
    steps: dict[str, Any] = {name: partial(one_interface, one, checks) for name, one in interfaces.items()}
    steps["agreement"] = partial(agreement, *cases)
    found = {name: steps[name]() for name in progress(steps, "bound states")}
    return {
        "sotcheck": __version__,
        "interfaces": [found[name] for name in interfaces],
        "threshold": [by_angle(iface) for iface in interfaces.values() if iface.J > 0],
        "small_J": [
            {"J": float(J), "strength": float(lowest_strength(PLAIN.with_(J=float(J))))} for J in SMALL_J
        ],
        "plane": unperturbed_plane(interfaces["interface-magnetism"]),
        "spin_density": [spin_density_curve(interfaces[name], CURVE_H_R) for name in CURVES],
        "marginal": [marginal(u_0) for u_0 in (-0.5, 0.3, 0.8)],
        "embedded": embedded_table(interfaces["embedded"]),
        "agreement": found["agreement"],
    }


def by_angle(iface: Interface) -> dict[str, Any]:
    """Return the smallest h_R k_⊥ that binds, over the in-plane threshold √J, by the angle of k×ẑ to m."""
    degrees = np.linspace(0.0, 360.0, 181)
    strength = smallest_strength(iface, along_m(iface, of_k(degrees + np.degrees(m_angle(iface)))))
    return {
        "name": iface.name,
        "in_plane": in_plane(iface),
        "angle": degrees.tolist(),
        "ratio_to_C5": (strength / np.sqrt(iface.J)).tolist(),
    }


def spin_density_curve(iface: Interface, h_R: tuple[float, ...]) -> dict[str, Any]:
    """Return what bound states add to spin density and torque against h_R, all relaxation times one."""
    iface = iface.with_(tau_N=1.0, tau_up=1.0, tau_down=1.0)
    rows = [bound_spin_density(iface, h) for h in h_R]

    def split(found: dict[str, Any]) -> list[float | None]:
        parts = components(np.array(found["torque"]), iface.direction)
        return [None, None] if parts is None else [float(part) for part in parts]

    parts = [
        {"h_R": row["h_R"], "bound": split(row["bound"]), "scattering": split(row["total"])} for row in rows
    ]
    return {"name": iface.name, "rows": rows, "components": parts}


def marginal(u_0: float) -> dict[str, Any]:
    """Return the ground state at |h_R| = 2 itself, which u_0 − |u_m| × m's in-plane part decides."""
    iface = PLAIN.with_(J=0.0, u_0=u_0, u_m=0.6)
    found = ground_state(iface, CRITICAL).to_dict()
    return {"u_0": u_0, "u_m": iface.u_m, "in_plane": in_plane(iface), **found}


def embedded_table(iface: Interface) -> list[dict[str, Any]]:
    """Return the minority's states inside the majority's continuum: bound for m ∥ k×ẑ, else resonances.

    Two h_R each: away from m ∥ k×ẑ the width grows as h_R².
    """
    flat, h_R = iface.with_(m=(iface.m[0], iface.m[1], 0.0)), np.array([0.05, 0.1])
    rows = []
    for system, degrees in ((flat, 0.0), (flat, 45.0), (flat, 90.0), (iface, 0.0), (iface, 90.0)):
        angle = of_k(degrees + np.degrees(m_angle(iface)))
        found = embedded_states(system, np.array(k_max(iface)), angle, h_R)
        for h, kind, *numbers in zip(h_R, found.kind, found.energy, found.width, strict=True):
            energy, width = (None if kind == "none" else float(number) for number in numbers)
            row = {"h_R": float(h), "kind": str(kind), "energy": energy, "width": width}
            rows.append({"m": list(system.m), "angle": degrees} | row)
    return rows
