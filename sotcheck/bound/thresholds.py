"""How strong the Rashba term has to be to bind a state below the continuum, exactly, at every angle.

With n the unit vector along k×ẑ, w = h_R k_⊥ and c = m·n, the matching matrix of Eq. (C3) is

    q_N + Q̂_F + κ̂ = A + (B m + w n)·σ,   A = q_N + (q_↓ + q_↑)/2 + u_0,   B = (q_↓ − q_↑)/2 + u_m,

with the eigenvalues A ± |B m + w n| and the determinant A² − B² − w² − 2Bcw, quadratic in w: its roots are
w_∓ = −Bc ∓ √(A² − B²(1 − c²)). At the bottom of the continuum A and B do not depend on k_⊥. A determinant
below zero means one state; above zero, none for A > 0 and two for A < 0. Hence between the roots there is
none (A > 0) or there are two (A < 0), everywhere else one.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from sotcheck.bound.continuum import bottom
from sotcheck.numerics.arrays import Array
from sotcheck.system.interface import Interface


def in_plane(iface: Interface) -> float:
    """Return the length of m's part in the plane of the interface, the largest c = m·(k×ẑ)/k_⊥."""
    return float(np.hypot(iface.m[0], iface.m[1]))


def alignment(iface: Interface, angle: Array | float) -> Array:
    """Return c = m·(k×ẑ)/k_⊥, shape of `angle`, the angle of k from the x axis."""
    angle = np.asarray(angle, dtype=float)
    return iface.m[0] * np.sin(angle) - iface.m[1] * np.cos(angle)


def aligned_angles(iface: Interface) -> Array:
    """Return the angles of k at which k×ẑ is parallel and antiparallel to m's in-plane part, shape (2,).

    One of them is the most attractive one for h_R > 0, the other for h_R < 0.
    """
    return np.arctan2(iface.m[1], iface.m[0]) + np.array([0.5, -0.5]) * np.pi


def of_k(degrees: Array | float) -> Array:
    """Return the angle of k in radians from that of k×ẑ in degrees: k×ẑ is k turned by −90°."""
    return np.radians(np.asarray(degrees, dtype=float)) + np.pi / 2


def of_cross(angle: Array | float) -> Array:
    """Return the angle of k×ẑ in degrees, from 0 to 360, from that of k in radians."""
    return np.degrees(np.asarray(angle, dtype=float) - np.pi / 2) % 360.0


def decay_constants(iface: Interface, p: Array | float) -> Array:
    """Return q_N, q_↓ and q_↑ at p = √(bottom − E), shape (3, ...)."""
    lowest = float(bottom(iface, 0.0))
    bands = (iface.U_N, iface.U_F + iface.J, iface.U_F - iface.J)
    return np.stack([np.sqrt(np.square(p) + (band - lowest)) for band in bands])


def mean_and_split(iface: Interface, p: Array | float) -> tuple[Array, Array]:
    """Return A and B of the matching matrix at p = √(bottom − E); unit: wave vector, shapes of `p`."""
    q_N, q_down, q_up = decay_constants(iface, p)
    return q_N + (q_down + q_up) / 2 + iface.u_0, (q_down - q_up) / 2 + iface.u_m


def matching_roots(iface: Interface, c: Array | float, p: Array | float = 0.0) -> tuple[Array, Array]:
    """Return w_- ≤ w_+, the strengths h_R k_⊥ at which a state has its energy at bottom − p².

    Parameters
    ----------
    iface : Interface
        Its own h_R is not used.
    c : array (...)
        m·(k×ẑ)/k_⊥.
    p : array (...)
        Unit: wave vector.

    Returns
    -------
    w_minus, w_plus : arrays (...)
        NaN where no strength does it. Unit: wave vector.
    """
    A, B = mean_and_split(iface, p)
    across = B * np.sqrt(np.clip(1 - np.asarray(c) ** 2, 0.0, None))
    # (A − ·)(A + ·) keeps the digits of two nearly equal squares.
    root = np.sqrt(_none_below_zero((A - across) * (A + across)))
    # The larger root in size first; the smaller one from their product B² − A², without cancellation.
    big = -B * c - np.copysign(root, B * c)
    product = (B - A) * (B + A)
    small = np.divide(product, big, out=np.zeros_like(product + big), where=big != 0)
    return np.minimum(big, small), np.maximum(big, small)


def _none_below_zero(squares: Array) -> Array:
    return np.where(squares < 0, np.nan, squares)


def count(iface: Interface, w: Array | float, c: Array | float) -> Array:
    """Return the number of states below the continuum at w = h_R k_⊥, from the roots alone, shape (...)."""
    lower, upper = matching_roots(iface, c)
    A, _ = mean_and_split(iface, 0.0)
    inside = (np.asarray(w) > lower) & (np.asarray(w) < upper)
    # On a root itself one eigenvalue is zero: that state has an infinite length, and is none.
    on_root = (np.asarray(w) == lower) | (np.asarray(w) == upper)
    return np.where(inside, np.where(A < 0, 2, 0), np.where(on_root & (A >= 0), 0, 1))


def smallest_strength(iface: Interface, c: Array | float, p: Array | float = 0.0) -> Array:
    """Return the smallest w = h_R k_⊥ ≥ 0 with a state at or below bottom − p², shape (...).

    Zero where there is one without any h_R. At p = 0 the value is an infimum: the state detaches beyond it.
    For h_R < 0 take −c.
    """
    A, B = mean_and_split(iface, p)
    return np.where(np.abs(B) < A, matching_roots(iface, c, p)[1], 0.0)


def lowest_strength(iface: Interface, p: Array | float = 0.0) -> Array:
    """Return the smallest |h_R| k_⊥ at the most attractive angle, shape of `p`.

    |B m + w n| is largest for |c| = in_plane and the sign of B: w = √(A² − B²(1 − c²)) − |B| |c|.
    """
    _, B = mean_and_split(iface, p)
    return smallest_strength(iface, np.copysign(in_plane(iface), B), p)


@dataclass(frozen=True)
class Threshold:
    """The smallest Rashba strength with a state below the continuum, for one system.

    Attributes
    ----------
    strength : float
        Smallest |h_R| k_⊥ over all angles; unit: wave vector. Zero if there is a state without any h_R, or if
        the least h_R binds.
    angle : float or None
        Angle of k×ẑ from the x axis, in degrees, at which that is for h_R > 0; None if any will do.
    bound_without_rashba : int
        Number of states below the continuum at h_R = 0.
    C5 : float
        √J, Eq. (C5).
    """

    iface: Interface
    strength: float
    angle: float | None
    bound_without_rashba: int
    C5: float

    @property
    def ratio(self) -> float | None:
        """The threshold relative to Eq. (C5), None for J = 0."""
        return self.strength / self.C5 if self.C5 > 0 else None

    def h_R(self, k_perp: float) -> float | None:
        """Return the |h_R| from which a state is bound at k_⊥; None if none ever is (k_⊥ = 0)."""
        if self.bound_without_rashba:
            return 0.0
        return self.strength / k_perp if k_perp > 0 else None

    def to_dict(self, angles: int = 73) -> dict[str, Any]:
        """Return the threshold as JSON, with its dependence on the angle of k×ẑ in degrees."""
        k_max = float(np.sqrt(self.iface.thresholds()[-1]))
        degrees = np.linspace(0.0, 360.0, angles)
        by_angle = smallest_strength(self.iface, alignment(self.iface, np.radians(degrees) + np.pi / 2))
        return {
            "strength": self.strength,
            "angle": self.angle,
            "C5": self.C5,
            "ratio_to_C5": self.ratio,
            "bound_without_rashba": self.bound_without_rashba,
            "k_perp_max": k_max,
            "h_R_at_k_perp_max": self.h_R(k_max),
            "by_angle": {"angle": degrees.tolist(), "strength": by_angle.tolist()},
        }


def threshold(iface: Interface) -> Threshold:
    """Return the smallest Rashba strength that binds; the system's own h_R is not used."""
    A, B = mean_and_split(iface, 0.0)
    s = in_plane(iface)
    strength = float(lowest_strength(iface))
    direction = np.degrees(np.arctan2(iface.m[1], iface.m[0])) + (180.0 if B < 0 else 0.0)
    # Without an in-plane m, or without a preferred spin, every direction is as good.
    isotropic = s == 0 or B == 0 or strength == 0
    return Threshold(
        iface=iface,
        strength=strength,
        angle=None if isotropic else float(direction % 360.0),
        bound_without_rashba=int(A - B < 0) + int(A + B < 0),
        C5=float(np.sqrt(iface.J)),
    )


def unperturbed_plane(iface: Interface, half: float = 2.0, n: int = 100) -> dict[str, Any]:
    """Return what binds without any h_R over the plane of (u_0, u_m), each from −half to half.

    At the bottom of the continuum A ± B = q_N + q_s + u_s of the two spins s: spin s is bound if that is
    negative. Its energy at k_⊥ is k_⊥² less a constant, so that every such state also meets E_F, at one k_⊥
    beyond the continuum's.

    Parameters
    ----------
    iface : Interface
        Its own u_0 and u_m are not used.
    half : float
        Unit: wave vector.
    n : int
        Cells on each axis.

    Returns
    -------
    dict
        "u_0", "u_m": midpoints of the cells. "count" at h_R = 0 and "strength", the smallest |h_R| k_⊥ that
        binds, both by (u_0, u_m). "fraction": share of the plane's cells with 0, 1 and 2 states at h_R = 0.
    """
    axis = half * (2 * (np.arange(n) + 0.5) / n - 1)
    u_0, u_m = np.meshgrid(axis, axis, indexing="ij")
    A, B = mean_and_split(iface.with_(u_0=0.0, u_m=0.0), 0.0)
    A, B = A + u_0, B + u_m
    s = in_plane(iface)
    states = (A + B < 0).astype(int) + (A - B < 0).astype(int)
    strength = np.sqrt(np.clip(A**2 - B**2 * (1 - s**2), 0.0, None)) - np.abs(B) * s
    return {
        "u_0": axis.tolist(),
        "u_m": axis.tolist(),
        "count": states.tolist(),
        "strength": np.where(states > 0, 0.0, strength).tolist(),
        "fraction": [float(np.mean(states == number)) for number in (0, 1, 2)],
    }
