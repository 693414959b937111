"""How strong the Rashba term has to be to bind a state below the continuum, exactly, at every angle.

A, B, w, c as in `states`. At the bottom of the continuum A and B do not depend on k_⊥. Where nothing is
bound without h_R, |B| < A, the determinant is positive between its roots w = −Bc ∓ √(A² − B²(1 − c²)) and
one state is bound beyond them.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from sotcheck.bound.states import at_depth, in_plane, k_max, m_angle, number_below, of_k
from sotcheck.engines.poles import along_m
from sotcheck.numerics.arrays import Array
from sotcheck.system.interface import Interface


def _strength(A: Array, B: Array, c: Array) -> Array:
    """Return the smallest w ≥ 0 at which an eigenvalue vanishes, and zero where one is negative anyhow."""
    product, side = (A - B) * (A + B), B * c
    root = np.sqrt(np.clip(product + side**2, 0.0, None))
    # Two nearly equal numbers are not subtracted: the product of both roots is B² − A².
    least = np.where(side > 0, product / np.where(side > 0, root + side, 1.0), root - side)
    return np.where(np.abs(B) < A, least, 0.0)


def smallest_strength(iface: Interface, c: Array | float) -> Array:
    """Return the w = h_R k_⊥ ≥ 0 beyond which a state is below the continuum, shape of c; unit: wave vector.

    Zero where there is one without any h_R. For h_R < 0 take −c.
    """
    return _strength(*at_depth(iface, 0.0), np.asarray(c))


def lowest_strength(iface: Interface, p: Array | float = 0.0) -> Array:
    """Return the smallest |h_R| k_⊥ with a state at or below bottom − p² at the best angle, shape of `p`.

    |B m + w n| is largest for |c| = in_plane and the sign of B.
    """
    A, B = at_depth(iface, p)
    return _strength(A, B, np.copysign(in_plane(iface), B))


def bound_without_rashba(iface: Interface) -> int:
    """Return the number of states below the continuum at h_R = 0, at every k_⊥."""
    return int(number_below(iface, 0.0, 0.0, 0.0))


def threshold(iface: Interface) -> dict[str, Any]:
    """Return the smallest Rashba strength with a state below the continuum, as JSON; its own h_R is not used.

    "strength": smallest |h_R| k_⊥ over all angles, zero if there is a state without any h_R, or if the least
    h_R binds (unit: wave vector); "angle": of k×ẑ from the x axis, in degrees, at which that is for h_R > 0,
    None if any will do; "C5": √J, the in-plane threshold, that of m ∥ k×ẑ without barriers and with equal
    potentials; "by_angle": the dependence on the angle of k×ẑ in degrees.
    """
    _, B = at_depth(iface, 0.0)
    strength, number = float(lowest_strength(iface)), bound_without_rashba(iface)
    sqrt_J = float(np.sqrt(iface.J))
    # Without an in-plane m, or without a preferred spin, every direction is as good.
    isotropic = in_plane(iface) == 0 or B == 0 or strength == 0
    degrees = np.linspace(0.0, 360.0, 73)
    by_angle = smallest_strength(iface, along_m(iface, of_k(degrees)))
    return {
        "strength": strength,
        "angle": None if isotropic else float(np.degrees(m_angle(iface)) + (180.0 if B < 0 else 0.0)) % 360.0,
        "C5": sqrt_J,
        "ratio_to_C5": strength / sqrt_J if sqrt_J > 0 else None,
        "bound_without_rashba": number,
        "k_perp_max": k_max(iface),
        "h_R_at_k_perp_max": 0.0 if number else strength / k_max(iface),
        "by_angle": {"angle": degrees.tolist(), "strength": by_angle.tolist()},
    }


def unperturbed_plane(iface: Interface, n: int = 60) -> dict[str, Any]:
    """Return what binds without any h_R over the plane of (u_0, u_m), n cells from −2 to 2 on each axis.

    Such a state's energy at k_⊥ is k_⊥² less a constant, so that it also meets E_F, at one k_⊥ beyond the
    continuum's. "u_0", "u_m": midpoints of the cells. "own": A and B of nothing but the materials,
    with states where A + u_0 ± (B + u_m) < 0. By (u_0, u_m): "strength", the smallest |h_R| k_⊥ that binds.
    "fraction": share of cells with 0, 1 and 2 states at h_R = 0.
    """
    axis = 2.0 * (2 * (np.arange(n) + 0.5) / n - 1)
    own = at_depth(iface.with_(u_0=0.0, u_m=0.0), 0.0)
    A, B = np.array(own)[:, None, None] + np.meshgrid(axis, axis, indexing="ij")
    states = (A + B < 0).astype(int) + (A - B < 0).astype(int)
    return {
        "u_0": axis.tolist(),
        "u_m": axis.tolist(),
        "own": [float(value) for value in own],
        "strength": _strength(A, B, np.copysign(in_plane(iface), B)).round(6).tolist(),
        "fraction": [float(np.mean(states == number)) for number in (0, 1, 2)],
    }


class InterfaceState(NamedTuple):
    """An unperturbed state bound to the interface, of one spin, at E_F."""

    spin: str
    k_perp2: float
    inside_continuum: bool


def interface_states(iface: Interface) -> list[InterfaceState]:
    """Return the h_R = 0 interface states at E_F: q_N + q_s + u_s = 0 and q_N² − q_s² = U_N − U_s for spin s.

    States inside the other spin's continuum become resonances of width ~ h_R².
    """
    found = []
    for spin, sign in (("minority", 1.0), ("majority", -1.0)):
        if (attraction := -(iface.u_0 + sign * iface.u_m)) > 0:
            difference = (iface.U_N - iface.U_F - sign * iface.J) / attraction
            q_N, q_s = (attraction + difference) / 2, (attraction - difference) / 2
            x = float(iface.E_F - iface.U_N + np.square(q_N))
            if min(q_N, q_s) > 0 and x > 0:
                found.append(InterfaceState(spin, x, inside_continuum=x < iface.thresholds()[-1]))
    return found
