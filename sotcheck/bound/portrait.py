"""All about the bound states of one interface, for pages: maps, dispersion, contours at E_F, conclusions."""

from __future__ import annotations

from typing import Any

import numpy as np

from sotcheck.bound.conclusions import conclusions
from sotcheck.bound.contour import Contour
from sotcheck.bound.fermi import count_at_fermi, fermi_energy, ground_state
from sotcheck.bound.matching import aligned_angles, bottom, k_max, of_k
from sotcheck.bound.states import Bound, bound
from sotcheck.bound.thresholds import threshold
from sotcheck.errors import EngineError
from sotcheck.system.files import to_document
from sotcheck.system.interface import Interface

#: Points of a map that Kwant solves as well.
CHECKS, SEED = 30, 20170915
#: h_R of dispersions and contours.
LINES = (0.8, 1.2, 1.6, 1.9, 2.1)


def one_interface(iface: Interface, checks: int = CHECKS) -> dict[str, Any]:
    """Return one interface's map with some points by Kwant, dispersion and contours, and what they mean."""
    return {
        "name": iface.name,
        "title": iface.title,
        "system": to_document(iface),
        "threshold": threshold(iface),
        "fermi_energy": fermi_energy(iface),
        "map": bound_state_map(iface, checks=checks),
        "dispersion": dispersion(iface),
        "contours": [contour(iface, h) for h in LINES if ground_state(iface, h).exists],
        "conclusions": conclusions(iface, (0.8, 1.9)),
    }


def bound_state_map(iface: Interface, n: int = 100, checks: int = CHECKS) -> dict[str, Any]:
    """Map the states below the continuum over (k_⊥, h_R) at the most attractive angle, and over angles.

    The lowest state is at k×ẑ parallel or antiparallel to m's in-plane part; of these, the lower one counts.

    Axes of n points: "k_perp", "h_R", "angle" (of k×ẑ, degrees). "radial": by (h_R, k_⊥), "angular": by (h_R,
    angle) at the largest k_⊥ with an open channel; each with "count", "binding" (bottom − E of the lowest
    state, None where there is none) and "at_fermi". "kwant": how some of the points, chosen at random,
    compare; None, with "kwant_refused" saying why, where Kwant could not solve them.
    """
    edge = k_max(iface)
    h_R, k_perp = 2.5 * np.arange(n) / (n - 1), 2 * edge * np.arange(1, n + 1) / n
    degrees = 360.0 * np.arange(n) / n
    aligned = aligned_angles(iface)
    both = bound(iface, k_perp[:, None], aligned, h_R[:, None, None])
    first = np.nan_to_num(both.p[..., 0], nan=-1.0).argmax(axis=-1)
    radial = bound(iface, k_perp, aligned[first], h_R[:, None])
    angular = bound(iface, edge, of_k(degrees), h_R[:, None])
    document: dict[str, Any] = {
        "system": to_document(iface),
        "k_perp": k_perp.tolist(),
        "h_R": h_R.tolist(),
        "angle": degrees.tolist(),
        "k_perp_max": edge,
        "bottom": float(bottom(iface, 0.0)),
        "E_F": iface.E_F,
        "radial": _panel(iface, radial),
        "angular": _panel(iface, angular),
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


def _panel(iface: Interface, states: Bound) -> dict[str, Any]:
    # Six decimals: more than a colour shows, and a third less to keep.
    binding = np.round(states.p[..., 0] ** 2, 6)
    return {
        "count": states.count.tolist(),
        "binding": [[None if np.isnan(b) else b for b in row] for row in binding.tolist()],
        "at_fermi": count_at_fermi(iface, states.k_perp, states.angle, states.h_R).tolist(),
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


def contour(iface: Interface, h_R: float) -> dict[str, Any]:
    """Return the contour E_b(k) = E_F as lines in the plane of k."""
    found = Contour(iface, h_R)
    lines = [found.line(arc).tolist() for arc in found.arcs()]
    return {"h_R": h_R, "k_perp_max": k_max(iface), "lines": lines}
