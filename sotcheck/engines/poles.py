"""Poles of the exact scattering states: zeros of det(iK̂_z + ik_z − κ̂) off the real axis, for every h_R.

In the basis of σ·m, with u_± = u_0 ± u_m, w = h_R k_⊥ and c = m·(k×ẑ)/k_⊥, the determinant is
(iK_+ + ik − u_+ − wc)(iK_− + ik − u_− + wc) − w²(1 − c²). With x = x₁ + (x₂ − x₁) sin²θ between thresholds
every wave number is an analytic function of θ, and so is the determinant, on whichever sheet of the square
roots: bound and virtual states, which differ in the sheet, are zeros on either side of θ = 0 or π/2.

A minority state that h_R = 0 binds at the interface, at an energy where the majority propagates, is a real
zero; h_R moves it by O(h_R²) into the complex plane, unless m ∥ k×ẑ conserves spin. Nothing else can be
embedded: where N is open both spins leave through it, and J ≥ 0 closes the minority first.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from sotcheck.numerics.arrays import Array, Complex, Index
from sotcheck.numerics.zeros import parameter, zeros_near
from sotcheck.system.interface import SOURCES, Interface

#: Poles are looked for in the ellipse of this parameter around a segment: those beyond harm no sum, but
#: nodes are saved if those of stacks are known as far as the second.
RHO, FAR = 1.5, 2.0
#: Part of the way to the nearest branch point that the ellipse may go.
CLEAR_OF_BRANCH_POINTS = 0.9
#: Segments thinner than this (relative) are nothing but the rounding of two band edges.
THINNEST = 1e-9
#: Imaginary part of an angle up to which a kink is felt.
NEAR = 0.25

#: Where |w sin χ| is below this part of the wave numbers, spin is conserved.
CONSERVED = 1e-12

Segment = tuple[float, float]
#: The range of θ.
WHOLE = (0.0, np.pi / 2)


def wave_number(edge: float, segment: Segment, theta: Complex, spacing: float = 0.0) -> Complex:
    """Return √(edge − x) at x = x₁ + (x₂ − x₁) sin²θ, analytic in θ: outgoing or decaying for real θ.

    With a spacing a, the effective one of the finite-difference chain, k √(1 − (ka)²/4).
    """
    lower, upper = segment
    root = np.sqrt(upper - lower)
    if edge == upper:
        k = root * np.cos(theta)
    elif edge == lower:
        k = 1j * root * np.sin(theta)
    else:
        x = lower + (upper - lower) * np.sin(theta) ** 2
        k = np.sqrt(edge - x) if edge > upper else 1j * np.sqrt(x - edge)
    return k * np.sqrt(1 - (k * spacing) ** 2 / 4) if spacing else k


def along_m(iface: Interface, angle: Array) -> Array:
    """Return c = m·(k×ẑ)/k_⊥ at in-plane angles of k, shape of `angle`."""
    return iface.m[0] * np.sin(angle) - iface.m[1] * np.cos(angle)


def diagonal(
    iface: Interface, k: Complex, K: tuple[Complex, Complex], w: Complex | Array, c: Array
) -> tuple[Complex, Complex]:
    """Return iK̂_z + ik_z − κ̂ of either spin from wave numbers of N and of F (minority, majority)."""
    u = iface.u_m + w * c
    return 1j * (K[0] + k) - iface.u_0 - u, 1j * (K[1] + k) - iface.u_0 + u


def determinant(iface: Interface, k: Complex, K: tuple[Complex, Complex], w: Complex, c: Array) -> Complex:
    """Return det(iK̂_z + ik_z − κ̂); shapes broadcast."""
    minority, majority = diagonal(iface, k, K, w, c)
    return minority * majority - w**2 * (1 - c**2)


def _snapped(edge: float, segment: Segment, close: float) -> float:
    """Return the segment's end that an edge is but for rounding (see `Interface.thresholds`), or the edge."""
    return next((end for end in segment if abs(edge - end) <= close), edge)


def analytic_radius(
    segment: Segment, branch_points: Iterable[float], part: Segment = WHOLE, rho: float = RHO
) -> float:
    """Return ρ of the largest ellipse around a part of θ clear of branch points in x, at most that given."""
    lower, upper = segment
    for x in branch_points:
        if x not in segment:
            theta = np.arcsin(np.sqrt(complex((x - lower) / (upper - lower))))
            there = float(parameter(*part, np.array(theta)))
            rho = min(rho, 1 + CLEAR_OF_BRANCH_POINTS * (there - 1))
    return rho


def poles(iface: Interface, segment: Segment, angle: Array, h_R: Array, *, spacing: float = 0.0) -> Complex:
    """Return the poles at E_F in θ near one range between neighbours of ``iface.thresholds()``.

    The range is that of x = k_⊥² = x₁ + (x₂ − x₁) sin²θ; the spacing that of a finite-difference chain, or 0.
    Shape (..., most), NaN where fewer; an EngineError if not as many as the argument principle counts.
    """
    angle, h_R = np.broadcast_arrays(np.asarray(angle, dtype=float), np.asarray(h_R, dtype=float))
    lower, upper = segment
    if upper - lower <= THINNEST * upper:
        return np.zeros((*angle.shape, 0), dtype=complex)
    edges = [_snapped(iface.k_perp2_max(source), segment, iface.same_threshold) for source in SOURCES]
    c, h = along_m(iface, angle).reshape(-1, 1), h_R.reshape(-1, 1)
    if c.size > 1 and not any(iface.m[:2]) and np.ptp(h) == 0:
        # For m along z all angles are alike.
        one = _at_any_angle(iface, segment, float(h_R.flat[0]), spacing)
        return np.broadcast_to(one, (*angle.shape, *one.shape))

    def f(theta: Complex, rows: Index) -> Complex:
        k, majority, minority = (wave_number(edge, segment, theta, spacing) for edge in edges)
        root = np.sqrt(upper) * np.sin(theta) if lower == 0 else np.sqrt(x_of(segment, theta))
        return determinant(iface, k, (minority, majority), h[rows] * root + 0j, c[rows])

    radius = analytic_radius(segment, [0.0, *edges])
    found = zeros_near(f, c.size, 0.0, np.pi / 2, radius)
    return found.reshape(*angle.shape, found.shape[1])


@lru_cache(maxsize=64)
def _at_any_angle(iface: Interface, segment: Segment, h_R: float, spacing: float) -> Complex:
    """Return the poles (most,) where the angle makes no difference: sums and warnings ask for them again."""
    return poles(iface, segment, np.zeros(()), np.array(h_R), spacing=spacing)


def x_of(segment: Segment, theta: Complex) -> Complex:
    """Return x = x₁ + (x₂ − x₁) sin²θ."""
    lower, upper = segment
    x: Complex = np.asarray(lower + (upper - lower) * np.sin(theta) ** 2)
    return x


def resonances_at_fermi_energy(iface: Interface, angle: Array, h_R: Array, above: float = 0.0) -> Complex:
    """Return poles x_r + i x_i in k_⊥² with x_r where something propagates, (..., most), NaN where fewer.

    |x_i| is the half width in k_⊥². Ranges between thresholds that end `above`, or before, are left out.
    """
    found = [np.zeros((*np.broadcast_shapes(np.shape(angle), np.shape(h_R)), 0), dtype=complex)]
    for segment in itertools.pairwise(iface.thresholds()):
        if segment[1] <= above:
            continue
        theta = poles(iface, segment, angle, h_R)
        inside = (theta.real > 0) & (theta.real < np.pi / 2)
        found.append(np.where(inside, x_of(segment, theta), np.nan))
    joined: Complex = np.concatenate(found, axis=-1)
    return joined


@dataclass(frozen=True)
class EmbeddedStates:
    """Minority states among propagating majority states, one or none at each point of the request.

    Energy, k_⊥² included, and full width Γ of the pole E − iΓ/2, NaN where there is none; the part of |ψ(0)|²
    with the spin of the minority, 1 less O(h_R²); whether spin is conserved (m ∥ k×ẑ, or no h_R k_⊥), so that
    the state is truly bound: zero width.
    """

    energy: Array
    width: Array
    minority: Array
    bound: Array

    @property
    def kind(self) -> Array:
        """In words: "bound", "resonance", or "none", shape (...)."""
        return np.where(np.isnan(self.energy), "none", np.where(self.bound, "bound", "resonance"))


def embedded_states(iface: Interface, k_perp: Array, angle: Array, h_R: Array) -> EmbeddedStates:
    """Find the minority's states inside the majority's continuum, at any energy, for fixed k_⊥ and h_R.

    They lie between the bottom of the majority's continuum and the lower bottom of N's and the minority's.
    """
    k_perp, angle, h_R = np.broadcast_arrays(*(np.asarray(a, dtype=float) for a in (k_perp, angle, h_R)))
    c, w = along_m(iface, angle).reshape(-1, 1), (h_R * k_perp).reshape(-1, 1)
    # x = k_⊥² − E now, so that k_z² = −U − x as above with E_F = 0.
    edges = {"normal": -iface.U_N, "minority": -iface.U_F - iface.J, "majority": -iface.U_F + iface.J}
    segment = (max(edges["normal"], edges["minority"]), edges["majority"])
    theta, part = np.full(c.size, np.nan, dtype=complex), np.full(c.size, np.nan)
    width, thinnest = segment[1] - segment[0], THINNEST * max(map(abs, segment))
    if width > thinnest:

        def f(theta: Complex, rows: Index) -> Complex:
            k, minority, majority = (wave_number(edge, segment, theta) for edge in edges.values())
            return determinant(iface, k, (minority, majority), w[rows] + 0j, c[rows])

        found = zeros_near(f, c.size, 0.0, np.pi / 2, analytic_radius(segment, edges.values()))
        inside = (found.real > 0) & (found.real < np.pi / 2)
        # The narrowest is the state; others are broad structures of the majority's own.
        distance = np.where(inside, np.abs(found.imag), np.inf)
        if found.shape[1]:
            nearest = np.argmin(distance, axis=1)[:, None]
            there = np.take_along_axis(np.where(inside, found, np.nan), nearest, axis=1)
            part = _minority_part(iface, edges, segment, there, w, c)[:, 0]
            # A state of the minority; elsewhere it is a shape resonance of the majority.
            theta = np.where(part > 0.5, there[:, 0], np.nan)
            part = np.where(part > 0.5, part, np.nan)
    x, shape, scale = x_of(segment, theta), k_perp.shape, max(abs(width), thinnest)
    bound = (np.abs(w) * np.sqrt(np.maximum(1 - c**2, 0)) <= CONSERVED * np.sqrt(scale))[:, 0]
    return EmbeddedStates(
        energy=k_perp**2 - x.real.reshape(shape),
        width=np.where(bound, np.where(np.isnan(x.real), np.nan, 0.0), 2 * np.abs(x.imag)).reshape(shape),
        minority=part.reshape(shape),
        bound=(bound & ~np.isnan(x.real)).reshape(shape),
    )


def _minority_part(
    iface: Interface, edges: dict[str, float], segment: Segment, theta: Complex, w: Array, c: Array
) -> Array:
    """Return |ψ_minority|²/|ψ|² at z = 0 of the null vector of iK̂ + ik − κ̂ at a zero."""
    k, minority, majority = (wave_number(edge, segment, theta) for edge in edges.values())
    coupling = np.abs(w) ** 2 * (1 - c**2)
    # D_− ψ_− = w β ψ_+ and D_+ ψ_+ = w β* ψ_−, |β|² = 1 − c².
    other, one = (np.abs(d) ** 2 for d in diagonal(iface, k, (minority, majority), w, c))
    ratio = np.where(one >= other, one / (one + coupling), coupling / np.maximum(other + coupling, 1e-300))
    return np.asarray(ratio)
