"""The numbers behind reports/bound-states/: the built-in systems, and one interface for each effect."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

from sotcheck import __version__
from sotcheck.bound.continuum import bottom, bound
from sotcheck.bound.contour import contour_points, fermi_contour, k_max
from sotcheck.bound.fermi import CRITICAL, first_states, ground_state
from sotcheck.bound.maps import bound_state_map
from sotcheck.bound.spin_density import bound_spin_density
from sotcheck.bound.thresholds import (
    aligned_angles,
    alignment,
    in_plane,
    of_k,
    smallest_strength,
    threshold,
    unperturbed_plane,
)
from sotcheck.bound.words import on_fermi_energy, on_ground_state, on_threshold
from sotcheck.engines.embedded import embedded_states
from sotcheck.exact.observables import components
from sotcheck.numerics.arrays import Array
from sotcheck.run.progress import Progress, silent
from sotcheck.run.threads import single_threaded
from sotcheck.system.files import builtin_systems, load, to_document
from sotcheck.system.interface import Interface

TILTED = (2.0, -1.0, 2.0)
#: What each demonstration shows, beside the built-in systems.
EFFECTS = {
    "attractive": Interface(
        name="attractive",
        title="Attractive for the majority: bound without any h_R",
        E_F=1.0,
        J=0.0,
        u_0=-0.3,
        u_m=0.8,
        m=TILTED,
    ),
    "embedded": Interface(
        name="embedded",
        title="A minority state inside the majority's continuum",
        E_F=1.0,
        U_N=1.5,
        U_F=0.5,
        J=1.0,
        u_0=-0.6,
        u_m=-0.6,
        m=TILTED,
    ),
    "matched": Interface(
        name="matched",
        title="Equal wave vectors in N and for the majority: any h_R binds, although J = 1",
        E_F=1.0,
        U_N=-1.0,
        J=1.0,
        m=TILTED,
    ),
    "transparent": Interface(
        name="transparent", title="Nothing but the Rashba term: any h_R binds", E_F=1.0, J=0.0, m=TILTED
    ),
}
#: h_R of the curves of spin density; below 2, where a ground state exists.
CURVE_H_R = (0.05, 0.4, 0.7, 0.8, 1.0, 1.2)
#: Systems with such a curve: bound states at E_F from h_R = 0.70 on, from 0.57 on, and from 0 twice.
CURVES = ("bulk-magnetism", "interface-magnetism", "attractive", "transparent")
#: h_R of dispersions and contours.
LINES = (0.8, 1.2, 1.6, 1.9, 2.1)
#: J of the approach to J = 0, in units of E_F.
SMALL_J = 10.0 ** -np.arange(0, 9)


@single_threaded
def report_data(*, checks: int = 30, cases: tuple[int, int] = (1000, 50), progress: Progress = silent) -> Any:
    """Return everything that the pages on bound states show, ready for JSON.

    Parameters
    ----------
    checks : int
        Points of each map solved with Kwant as well.
    cases : (int, int)
        Random problems on which the three routes are compared: by all, and by the continuum's.
    progress : callable
    """
    interfaces = {name: load(name) for name in builtin_systems()} | EFFECTS
    from sotcheck.bound.agreement import agreement

    steps: dict[str, Callable[[], Any]] = {
        name: partial(one_interface, iface, checks) for name, iface in interfaces.items()
    }
    steps["agreement"] = partial(agreement, *cases, 20170915)
    found = {name: steps[name]() for name in progress(steps, "bound states")}
    return {
        "sotcheck": __version__,
        "interfaces": [found[name] for name in interfaces],
        "threshold": [by_angle(iface) for iface in interfaces.values() if iface.J > 0],
        "small_J": [
            {"J": float(J), "strength": threshold(Interface(name="small-J", E_F=1.0, J=J, m=TILTED)).strength}
            for J in SMALL_J
        ],
        "plane": unperturbed_plane(interfaces["interface-magnetism"]),
        "spin_density": [spin_density_curve(interfaces[name], CURVE_H_R) for name in CURVES],
        "marginal": [marginal(u_0) for u_0 in (-0.5, 0.3, 0.8)],
        "embedded": embedded_table(interfaces["embedded"]),
        "agreement": found["agreement"],
    }


def one_interface(iface: Interface, checks: int) -> dict[str, Any]:
    """Return one interface's map, dispersion and contours, and what they mean."""
    first = first_states(iface)
    return {
        "name": iface.name,
        "title": iface.title,
        "system": to_document(iface),
        "threshold": threshold(iface).to_dict(),
        "fermi_energy": {
            "first_h_R": first.h_R,
            "first_k_perp": first.k_perp,
            "critical_h_R": CRITICAL,
            "ground_state_at_critical_h_R": ground_state(iface, CRITICAL).exists,
        },
        "map": bound_state_map(iface, checks=checks),
        "dispersion": dispersion(iface),
        "contours": [contour(iface, h) for h in LINES if ground_state(iface, h).exists],
        "conclusions": [
            *on_threshold(threshold(iface)),
            *on_fermi_energy(iface),
            *(sentence for h in (0.8, 1.9) for sentence in on_ground_state(iface, h)),
        ],
    }


def by_angle(iface: Interface, n: int = 181) -> dict[str, Any]:
    """Return the smallest h_R k_⊥ that binds, in units of Eq. (C5)'s √J, against the angle of k×ẑ to m."""
    degrees = np.linspace(0.0, 360.0, n)
    along = np.degrees(np.arctan2(iface.m[1], iface.m[0]))
    strength = smallest_strength(iface, alignment(iface, of_k(degrees + along)))
    return {
        "name": iface.name,
        "in_plane": in_plane(iface),
        "angle": degrees.tolist(),
        "ratio_to_C5": (strength / np.sqrt(iface.J)).tolist(),
    }


def dispersion(iface: Interface, n: int = 161) -> dict[str, Any]:
    """Return the lowest bound state's energy against k_⊥ along the most attractive angle, by h_R."""
    k_perp = 3 * k_max(iface) * np.arange(n) / (n - 1)
    h_R = np.array(LINES)[:, None, None]
    states = bound(iface, k_perp[:, None], aligned_angles(iface), h_R)
    # Where a direction has no state, it cannot have the lowest.
    lowest = np.where(states.count > 0, states.energy[..., 0], np.inf).min(axis=-1)
    return {
        "k_perp": k_perp.tolist(),
        "continuum": bottom(iface, k_perp).tolist(),
        "E_F": iface.E_F,
        "lines": [
            {"h_R": h, "energy": [float(e) if np.isfinite(e) else None for e in energies]}
            for h, energies in zip(LINES, lowest, strict=True)
        ],
    }


def contour(iface: Interface, h_R: float) -> dict[str, Any]:
    """Return the contour E_b(k) = E_F as lines in the plane of k."""
    return {
        "h_R": h_R,
        "k_perp_max": k_max(iface),
        "lines": [contour_points(iface, h_R, arc).tolist() for arc in fermi_contour(iface, h_R)],
    }


def spin_density_curve(iface: Interface, h_R: tuple[float, ...]) -> dict[str, Any]:
    """Return what bound states add to spin density and torque against h_R, all relaxation times one."""
    iface = iface.with_(tau_N=1.0, tau_up=1.0, tau_down=1.0)
    rows = [bound_spin_density(iface, h) for h in h_R]

    def split(vector: Array) -> list[float | None]:
        found = components(np.array(vector), iface.direction)
        return [None, None] if found is None else [float(part) for part in found]

    return {
        "name": iface.name,
        "rows": rows,
        "components": [
            {
                "h_R": row["h_R"],
                "bound": split(row["bound"]["torque"]),
                "scattering": split(row["total"]["torque"]),
            }
            for row in rows
        ],
    }


def marginal(u_0: float) -> dict[str, Any]:
    """Return the ground state at |h_R| = 2 itself, which u_0 − |u_m| × m's in-plane part decides."""
    iface = Interface(name="marginal", E_F=1.0, J=0.0, u_0=u_0, u_m=0.6, m=TILTED)
    return {
        "u_0": u_0,
        "u_m": 0.6,
        "in_plane": in_plane(iface),
        **ground_state(iface, CRITICAL).to_dict(),
    }


def embedded_table(iface: Interface) -> list[dict[str, Any]]:
    """Return the minority's states inside the majority's continuum: bound for m ∥ k×ẑ, else resonances.

    Two h_R each: away from m ∥ k×ẑ the width grows as h_R².
    """
    flat = iface.with_(m=(iface.m[0], iface.m[1], 0.0))
    rows = []
    for system, degrees in ((flat, 0.0), (flat, 45.0), (flat, 90.0), (iface, 0.0), (iface, 90.0)):
        along = np.degrees(np.arctan2(iface.m[1], iface.m[0]))
        for h in (0.05, 0.1):
            found = embedded_states(
                system, np.array(k_max(iface)), np.array(of_k(degrees + along)), np.array(h)
            )
            there = bool(found.kind != "none")
            rows.append(
                {
                    "m": list(system.m),
                    "angle": degrees,
                    "h_R": h,
                    "kind": str(found.kind),
                    "energy": float(found.energy) if there else None,
                    "width": float(found.width) if there else None,
                }
            )
    return rows
