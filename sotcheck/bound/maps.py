"""Maps of the states below the continuum, some of their points solved with Kwant as well."""

from __future__ import annotations

from typing import Any

import numpy as np

from sotcheck.bound.continuum import Bound, bottom, bound
from sotcheck.bound.contour import k_max
from sotcheck.bound.fermi import count_at_fermi
from sotcheck.bound.thresholds import aligned_angles, of_k
from sotcheck.errors import EngineError
from sotcheck.system.files import to_document
from sotcheck.system.interface import Interface


def bound_state_map(
    iface: Interface, n: int = 100, *, largest_h_R: float = 2.5, checks: int = 30, seed: int = 20170915
) -> dict[str, Any]:
    """Map the states below the continuum over (k_⊥, h_R) at the most attractive angle, and over angles.

    The lowest state is at k×ẑ parallel or antiparallel to m's in-plane part; of these, the lower one counts.

    Parameters
    ----------
    iface : Interface
    n : int
        Points on each axis.
    largest_h_R : float
    checks : int
        Points solved with Kwant as well; 0 for none.
    seed : int
        Of the choice of those points.

    Returns
    -------
    dict
        "k_perp", "h_R", "angle" (of k×ẑ, degrees): axes. "radial": by (h_R, k_⊥), "angular": by (h_R, angle)
        at the largest k_⊥ with an open channel; each with "count", "binding" (bottom − E of the lowest state,
        None where there is none) and "at_fermi". "kwant": number of points checked, differing counts, those
        undecided, and the largest difference of energies; None, with "kwant_refused" saying why, where Kwant
        could not solve them.
    """
    edge = k_max(iface)
    h_R, k_perp = largest_h_R * np.arange(n) / (n - 1), 2 * edge * np.arange(1, n + 1) / n
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

        rng = np.random.default_rng(seed)
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
