"""All about the bound states of one interface, and of those in reports/bound-states/, ready for JSON.

Maps, dispersion, contours at E_F and conclusions, of the built-in systems and one interface for each effect.
"""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np

from sotcheck import __version__
from sotcheck.bound.contour import Contour
from sotcheck.bound.fermi import CRITICAL, fermi_energy, ground_state
from sotcheck.bound.spin_density import bound_spin_density
from sotcheck.bound.states import (
    ORDER,
    Bound,
    aligned_angles,
    bottom,
    bound,
    eigenvalue,
    field,
    in_plane,
    k_max,
    m_angle,
    of_k,
)
from sotcheck.bound.table import conclusions
from sotcheck.bound.thresholds import lowest_strength, smallest_strength, threshold, unperturbed_plane
from sotcheck.engines.poles import along_m, embedded_states
from sotcheck.errors import EngineError
from sotcheck.exact.observables import components
from sotcheck.numerics.arrays import Array
from sotcheck.run.progress import Progress, silent
from sotcheck.run.threads import single_threaded
from sotcheck.system.files import builtin_systems, load_bare, to_document
from sotcheck.system.interface import Interface

#: Points of a map that Kwant solves as well.
CHECKS, SEED = 30, 20170915
#: Points along each axis of what borders are drawn through.
FINE = 61
#: h_R of dispersions and contours.
LINES = (0.8, 1.2, 1.6, 1.9, 2.1)
PLAIN = Interface(name="plain", E_F=1.0, m=(2.0, -1.0, 2.0))
#: What each demonstration shows, beside the built-in systems.
EFFECTS = {
    name: PLAIN.with_(name=name, title=title, **values)
    for name, title, values in (
        ("attractive", "Attractive for the majority: bound without any h_R",
         {"J": 0.0, "u_0": -0.3, "u_m": 0.8}),
        ("embedded", "A minority state inside the majority's continuum",
         {"U_N": 1.5, "U_F": 0.5, "u_0": -0.6, "u_m": -0.6}),
        ("matched", "Equal wave vectors in N and for the majority: any h_R binds, although J = 1",
         {"U_N": -1.0}),
        ("transparent", "Nothing but the Rashba term: any h_R binds", {"J": 0.0}),
    )
}  # fmt: skip
#: h_R of the curves of spin density; below 2, where a ground state exists.
CURVE_H_R = (0.05, 0.4, 0.7, 0.8, 1.0, 1.2)
#: Systems with such a curve: bound states at E_F from h_R = 0.70 on, from 0.57 on, and from 0 twice.
CURVES = ("bulk-magnetism", "interface-magnetism", "attractive", "transparent")
#: J of the approach to J = 0, in units of E_F.
SMALL_J = 10.0 ** -np.arange(0, 9)


def one_interface(iface: Interface, checks: int = CHECKS) -> dict[str, Any]:
    """Return one interface's map with some points by Kwant, dispersion and contours, and what they mean."""
    contours = [Contour(iface, h) for h in LINES if ground_state(iface, h).exists]
    return {
        "name": iface.name,
        "title": iface.title,
        "system": to_document(iface),
        "threshold": threshold(iface),
        "fermi_energy": fermi_energy(iface),
        "map": bound_state_map(iface, checks=checks),
        "dispersion": dispersion(iface),
        "contours": [
            {"h_R": one.h_R, "k_perp_max": k_max(iface), "lines": [one.line(a).tolist() for a in one.arcs()]}
            for one in contours
        ],
        "conclusions": list(conclusions(iface, (0.8, 1.9))),
    }


def bound_state_map(iface: Interface, n: int = 60, checks: int = CHECKS) -> dict[str, Any]:
    """Map the states below the continuum over (k_⊥, h_R) at the most attractive angle, and over angles.

    Axes of n points: "k_perp", "h_R", "angle" (of k×ẑ, degrees). "radial": by (h_R, k_⊥), "angular": by (h_R,
    angle) at the largest k_⊥ with an open channel; each with "binding" (bottom − E of the lowest state, None
    where there is none), and regions as in `_regions`: "bound", where a state is; "two", where two are;
    "at_fermi", where one is at or below E_F. "kwant": how some of the points, chosen at random, compare;
    None, with "kwant_refused" saying why, where Kwant could not solve them.
    """
    edge = k_max(iface)
    h_R, k_perp, degrees = _axes(edge, n)
    # Of k×ẑ parallel and antiparallel to m's in-plane part, that with the lower state.
    aligned = aligned_angles(iface)
    both = bound(iface, k_perp[:, None], aligned, h_R[:, None, None])
    first = np.nan_to_num(both.p[..., 0], nan=-1.0).argmax(axis=-1)
    radial = bound(iface, k_perp, aligned[first], h_R[:, None])
    angular = bound(iface, edge, of_k(degrees), h_R[:, None])
    fine_h, fine_k, fine_degrees = _axes(edge, FINE)
    document: dict[str, Any] = {
        "system": to_document(iface),
        "k_perp": k_perp.round(5).tolist(),
        "h_R": h_R.round(5).tolist(),
        "angle": degrees.tolist(),
        "k_perp_max": edge,
        "bottom": float(bottom(iface, 0.0)),
        "E_F": iface.E_F,
        "radial": _binding(radial) | _regions(iface, fine_k, fine_h, fine_k, aligned),
        "angular": _binding(angular)
        | _regions(iface, fine_degrees, fine_h, edge, of_k(fine_degrees)[:, None]),
        "kwant": None,
    }
    if checks:
        from sotcheck.bound.agreement import spot_check

        rng = np.random.default_rng(SEED)
        i, j = rng.integers(n, size=(2, checks))
        try:
            document["kwant"] = spot_check(iface, k_perp[j], radial.angle[i, j], h_R[i])
        except EngineError as error:
            document["kwant_refused"] = str(error)
    return document


def _axes(edge: float, n: int) -> tuple[Array, Array, Array]:
    """Return h_R, k_⊥ and degrees of a map with n points each."""
    part = np.arange(n) / (n - 1)
    return 2.5 * part, 2 * edge * (1 / n + (1 - 1 / n) * part), 360.0 * part


def _binding(states: Bound) -> dict[str, Any]:
    # More digits than a colour shows.
    binding = np.round(states.p[..., 0] ** 2, 5)
    return {"binding": [[None if np.isnan(b) else b for b in row] for row in binding.tolist()]}


def _regions(iface: Interface, x: Array, h_R: Array, k_perp: Array | float, angle: Array) -> dict[str, Any]:
    """Return regions of (x, h_R) as polygons of rings of places, each a contour of an eigenvalue's zero.

    Eigenvalues of the matching matrix vary smoothly where numbers of states jump. `angle` (x, candidates): of
    several angles the one with the lowest eigenvalue counts.
    """
    import contourpy

    k_perp = np.broadcast_to(k_perp, x.shape)
    parts = field(
        iface,
        (h_R[:, None] * k_perp)[..., None, None],
        np.broadcast_to(angle, (len(x), angle.shape[-1]))[..., None],
    )

    def lowest(p: Array | float) -> Array:
        found = eigenvalue(iface, np.asarray(p), *parts, ORDER)
        at = found[..., :1].argmin(axis=-2, keepdims=True)
        return np.take_along_axis(found, at, axis=-2)[..., 0, :]

    p = np.sqrt(np.clip(np.square(k_perp) - k_max(iface) ** 2, 0.0, None))
    at_bottom, at_fermi = lowest(0.0), lowest(p[:, None, None])

    def where_negative(values: Array) -> list[Any]:
        outlines = contourpy.contour_generator(x, h_R, values, fill_type="OuterOffset").filled(-np.inf, 0.0)
        return [
            [ring.round(3).tolist() for ring in np.split(points, offsets[1:-1])]
            for points, offsets in zip(*outlines, strict=True)
        ]

    return {
        "bound": where_negative(at_bottom[..., 0]),
        "two": where_negative(at_bottom[..., 1]),
        "at_fermi": where_negative(at_fermi[..., 0]),
    }


def dispersion(iface: Interface) -> dict[str, Any]:
    """Return the lowest bound state's energy against k_⊥ along the most attractive angle, by h_R."""
    k_perp = 3 * k_max(iface) * np.arange(161) / 160
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


@single_threaded
def report_data(
    *, checks: int = CHECKS, cases: tuple[int, int] = (1000, 50), progress: Progress = silent
) -> Any:
    """Return everything that the pages on bound states show, ready for JSON.

    `checks`: points of each map solved with Kwant as well; `cases`: random problems on which the three routes
    are compared, the first two, and all of them.
    """
    from sotcheck.bound.agreement import agreement

    interfaces = {name: load_bare(name) for name in builtin_systems("bare")} | EFFECTS
    steps: dict[str, Any] = {name: partial(one_interface, one, checks) for name, one in interfaces.items()}
    steps["agreement"] = partial(agreement, *cases)
    found = {name: steps[name]() for name in progress(steps, "bound states")}
    degrees = np.linspace(0.0, 360.0, 181)

    def by_angle(iface: Interface) -> dict[str, Any]:
        """Return the smallest h_R k_⊥ that binds over the in-plane threshold √J, by the angle of k×ẑ to m."""
        angle = of_k(degrees + np.degrees(m_angle(iface)))
        ratio = smallest_strength(iface, along_m(iface, angle)) / np.sqrt(iface.J)
        row = {"angle": degrees.tolist(), "ratio_to_C5": ratio.tolist()}
        return {"name": iface.name, "in_plane": in_plane(iface), **row}

    # At |h_R| = 2 itself u_0 − |u_m| × m's in-plane part decides.
    marginal = [PLAIN.with_(J=0.0, u_0=u_0, u_m=0.6) for u_0 in (-0.5, 0.3, 0.8)]
    return {
        "sotcheck": __version__,
        "interfaces": [found[name] for name in interfaces],
        "threshold": [by_angle(iface) for iface in interfaces.values() if iface.J > 0],
        "small_J": [
            {"J": float(J), "strength": float(lowest_strength(PLAIN.with_(J=float(J))))} for J in SMALL_J
        ],
        "plane": unperturbed_plane(interfaces["interface-magnetism"]),
        "spin_density": [spin_density_curve(interfaces[name], CURVE_H_R) for name in CURVES],
        "marginal": [
            {"u_0": one.u_0, "u_m": one.u_m, "in_plane": in_plane(one)}
            | ground_state(one, CRITICAL).to_dict()
            for one in marginal
        ],
        "embedded": embedded_table(interfaces["embedded"]),
        "agreement": found["agreement"],
    }


def spin_density_curve(iface: Interface, h_R: tuple[float, ...]) -> dict[str, Any]:
    """Return what bound states add to spin density and torque against h_R, all relaxation times one."""
    iface = iface.with_(tau_N=1.0, tau_up=1.0, tau_down=1.0)
    rows = [bound_spin_density(iface, h) for h in h_R]

    def split(found: dict[str, Any]) -> list[float | None]:
        parts = components(np.array(found["torque"]), iface.direction)
        return [None, None] if parts is None else [*map(float, parts)]

    parts = [
        {"h_R": row["h_R"], "bound": split(row["bound"]), "scattering": split(row["total"])} for row in rows
    ]
    return {"name": iface.name, "rows": rows, "components": parts}


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
