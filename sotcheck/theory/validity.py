"""Where the expansion in h_R converges, where it does not, and what takes its place.

The series converges for |h_R| < 1/ρ(Ĝ σ·(k×ẑ)) with Ĝ = (1 + r̂_ex)/2ik_z = (iK̂_z + ik_z − κ̂_0)⁻¹.
Ĝ of spin s diverges in two cases only, as Re(K_z^s + k_z) and Im(K_z^s + k_z) + u_s have to vanish:

- u_s < 0 binds an interface state, q_N + q_s = −u_s, at a k_⊥ where something carries current;
- u_s = 0 and both wave numbers vanish at one k_⊥: a transparent channel, see `TransparentChannel`.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from sotcheck.numerics.arrays import Array, Complex
from sotcheck.numerics.path import substitution
from sotcheck.system.interface import SOURCES, Interface, rashba
from sotcheck.system.model import System
from sotcheck.system.spin import in_spin_bands
from sotcheck.theory.amplitudes import unperturbed
from sotcheck.theory.embedded import embedded_state

#: A matching parameter this small, relative to what it is a difference of, is zero.
MATCHED = 1e-12
#: Below this radius of convergence the expansion in h_R is not worth the name: terms h_R^n are further apart
#: than double precision reaches.
SMALLEST_RADIUS = 1e-2
#: Angles at which radii are looked at: half a turn, as the other half is h_R → −h_R.
ANGLES = np.linspace(0, np.pi, 25)


def radius_by_k(iface: System, k_perp2: Array, angles: Array) -> Array:
    """Return 1/ρ(Ĝ σ·(k×ẑ)) with the spectral radius ρ, shape (n, angles)."""
    a = unperturbed(iface, k_perp2)
    R = rashba(*np.broadcast_arrays(np.sqrt(k_perp2)[:, None], angles))
    spectral = np.abs(np.linalg.eigvals(a.G[:, None] @ R)).max(axis=-1)
    return 1 / np.maximum(spectral, np.finfo(float).tiny)


def radius_of_convergence(iface: Interface) -> float:
    """Return the smallest radius over all k_⊥ that carry current, closely sampled towards thresholds."""
    edges = iface.thresholds()
    # sin² sampling down to 1e-12 of a range: where a radius vanishes, it does so at a threshold.
    theta = np.concatenate([[1e-6], np.linspace(0, np.pi / 2, 62)[1:-1], [np.pi / 2 - 1e-6]])
    x = np.concatenate([substitution(*pair, theta)[0] for pair in itertools.pairwise(edges)])
    return float(radius_by_k(iface, x, ANGLES).min())


def _at_thresholds(iface: Interface) -> Iterator[tuple[float, Complex]]:
    """Yield each threshold x and i(K_z^s + k_z) − u_s there, without h_R, of minority and majority."""
    for x in iface.thresholds()[1:]:
        k, majority, minority = np.sqrt(np.array([iface.k_perp2_max(s) for s in SOURCES]) - x + 0j)
        yield x, 1j * (k + np.array([minority, majority])) - iface.u_0 - iface.u_m * np.array([1.0, -1.0])


def radius_at_thresholds(iface: Interface) -> float:
    """Return the smallest radius of convergence at the thresholds themselves, where Ĝ may diverge.

    1/ρ(ĜR) is the smallest eigenvalue of R⁻¹Ĝ⁻¹, which always exists, and R⁻¹ = R/k_⊥².
    """
    found = [np.inf]
    for x, both in _at_thresholds(iface):
        R = rashba(np.sqrt(x) + 0 * ANGLES, ANGLES)
        eigenvalues = np.linalg.eigvals(R @ in_spin_bands(both, iface.direction)) / x
        found.append(float(np.abs(eigenvalues).min()))
    return min(found)


def threshold_states(iface: Interface) -> list[float]:
    """Return how far in x = k_⊥² states without h_R lie from each threshold, on either side of it.

    A small c = u_s − i(k_z + K_z^s) at a threshold means a state, bound or virtual, at wave number c: 1/c is
    as large as sums next to it become, |c|² as close as they have to look.
    """
    return [
        x + side * float(distance)
        for x, both in _at_thresholds(iface)
        for distance in np.abs(both) ** 2
        for side in (-1, 1)
    ]


def why_not_expandable(iface: Interface) -> str:
    """Say why coefficients beyond first order do not exist, or cannot be had; empty if they can.

    Ĝ has to be finite at all k_⊥ that carry current, and not so large that nothing but h_R ≈ 0 is expanded.
    """
    for channel in transparent_channels(iface):
        return f"the {channel.spin} channel is transparent at grazing incidence"
    if embedded_state(iface):
        return "a minority interface state lies at E_F inside the other spin's continuum"
    radius = min(radius_of_convergence(iface), radius_at_thresholds(iface))
    if radius < SMALLEST_RADIUS:
        return (
            f"its radius of convergence is {radius:.2g}: without h_R a channel is all but transparent, or a "
            "bound state all but lies, at a threshold of the k_perp sum"
        )
    return ""


@dataclass(frozen=True)
class TransparentChannel:
    """A spin channel with matched wave vectors and no delta: K_z^s = k_z, r_s = 0, Ĝ_s = 1/2ik_z.

    Its spin ("majority" or "minority"), σ·m, and k_⊥² = E_F − U_N at grazing incidence, where Ĝ_s diverges.
    """

    spin: str
    sign: int
    k_perp2: float


def transparent_channels(iface: Interface) -> list[TransparentChannel]:
    """Return the spins with u_0 ± u_m = 0 and U_N = U_F ± J whose circle is open at E_F.

    With one such spin the remainder of first order is no h_R³; with both there is no interface at all, nor
    any magnetism, and the torque is zero.
    """
    found = _matched_spins(iface)
    return found if len(found) == 1 else []


def without_interface(iface: Interface) -> bool:
    """Whether both spins meet nothing at z = 0 without h_R: matched wave vectors, no delta."""
    return len(_matched_spins(iface)) == 2


def _matched_spins(iface: Interface) -> list[TransparentChannel]:
    found = []
    x = iface.k_perp2_max("normal")
    for spin, sign in (("minority", 1), ("majority", -1)):
        strength, step = iface.u_0 + sign * iface.u_m, iface.U_F + sign * iface.J - iface.U_N
        of_strength = MATCHED * max(abs(iface.u_0), abs(iface.u_m))
        of_step = MATCHED * max(abs(iface.U_N), abs(iface.U_F), iface.J, abs(iface.E_F))
        if x > iface.same_threshold and abs(strength) <= of_strength and abs(step) <= of_step:
            found.append(TransparentChannel(spin, sign, x))
    return found


def transparent_term(iface: Interface) -> Array:
    """Return the coefficient of h_R|h_R| that a transparent channel adds to t, by source, (3, 3).

    Let spin s be transparent and o the other. Near grazing incidence, k_z = |h_R| κ, the matching matrix has
    the small element iK_s + ik_z − h_R R_ss = |h_R| (2iκ ∓ a) with R_ss = k_⊥ c σ_s = a, c = m·(k×ẑ)/k_⊥,
    and the large one d_o = iK_o − u_o with u_o = −2σ_s u_m. Waves from N, and those from F with spin s,
    reach z = 0 with

        Σ ψψ†|_so = 4k_z Ĝ_ss Ĝ_os* = ±4κ R_so / [d_o* (4κ² + a²)],

    and [flow (3) + flow (4)]_so = (1/2i)(iK_o* − 2σ_s u_m) Σψψ†|_so, where the bracket is −d_o*: barrier
    and band of the other spin drop out. First order is 1/4κ² for 1/(4κ² + a²). With d(k_⊥²) = 2h_R² κ dκ

        ∫ 2κ² dκ [1/(4κ² + a²) − 1/4κ²] = −π|a|/8

    the torque departs from first order by −(σ_s k_*³/32π) h_R|h_R| m × ⟨cos φ |c| n⟩_φ with k_*² = E_F − U_N
    and n = (sin φ, −cos φ, 0): of second order, and the same for every material. Waves of the other
    spin come in with a weight k_z of their own (equal bands), not at all (closed), or retarded on both sides
    of the threshold, where ∫ dk_⊥² of 1/(2ik_z − h_R a) less its first order closes in the upper half-plane:
    no such term.
    """
    term = np.zeros((len(SOURCES), 3))
    for channel in transparent_channels(iface):
        m_x, m_y = iface.m[:2]
        in_plane, phi = np.hypot(m_x, m_y), np.arctan2(m_y, m_x)
        # ⟨|sin θ|⟩ = 2/π and ⟨cos 2θ |sin θ|⟩ = −2/3π with θ = φ − φ_m, c = |m_∥| sin θ.
        average = -in_plane / np.pi * np.array([np.sin(2 * phi) / 3, 1 - np.cos(2 * phi) / 3, 0.0])
        vector = -channel.sign * channel.k_perp2**1.5 / (32 * np.pi) * np.cross(iface.direction, average)
        term[0] = term[SOURCES.index(channel.spin)] = vector
    return term
