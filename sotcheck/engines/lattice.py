"""Two discretisations of the z-direction Hamiltonian as data: on-site and hopping blocks, no solver.

A bulk with wave number q is the chain −t(ψ_{n−1} + ψ_{n+1}) + h ψ_n = 0. The interface site carries
κ̂ + (h_N + h_F)/2. With these, ∂_zψ(+0) ↔ t_F ψ_1 − (h_F/2) ψ_0 and ∂_zψ(−0) ↔ (h_N/2) ψ_0 − t_N ψ_{−1}
for both schemes, and fluxes Im[ψ_0† t ψ_1] have the continuum's normalisation.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from sotcheck.errors import LatticeError
from sotcheck.numerics.arrays import Array, Complex
from sotcheck.system.interface import Interface
from sotcheck.system.spin import in_spin_bands

Scheme = Literal["exact-difference", "finite-difference", "one-sided"]
SCHEMES: tuple[Scheme, ...] = ("exact-difference", "finite-difference")

#: Below this |sin(qa)| the exact-difference hopping q/sin(qa) amplifies rounding a hundredfold.
SMALLEST_SINE = 0.01
#: Beyond this decay |q|a, e^{-|q|a} is lost beside one and sinh is near the end of its use.
LARGEST_DECAY = 30.0


@dataclass(frozen=True)
class Chain:
    """Blocks of one chain; every matrix is 2×2 in the laboratory spin frame.

    Attributes
    ----------
    onsite_N, onsite_F, hopping_N, hopping_F : array (2, 2)
        h and t of the bulks, unit: wave vector.
    onsite_interface : array (2, 2)
        What the interface site carries besides κ̂.
    kz, Kz : arrays () and (2,)
        Effective wave numbers: the continuum problem with these is solved exactly by the chain.
    bands : array (3, 2)
        h and t of N, and of F's minority and majority: what the blocks are made of.
    """

    onsite_N: Complex
    onsite_F: Complex
    hopping_N: Complex
    hopping_F: Complex
    onsite_interface: Complex
    kz: Complex
    Kz: Complex
    bands: Complex


def exact_difference(q2: Array, a: float) -> tuple[Complex, Complex, Complex]:
    """Return (h, t, effective q) of the scheme whose solutions on the sites are the continuum's.

    t = q/sin(qa), h = 2q cot(qa), real for q² of either sign.

    Raises
    ------
    LatticeError
        Near sin(qa) = 0, or when an evanescent wave decays below rounding within one spacing.
    """
    q = np.sqrt(q2.astype(complex))
    qa = q * a
    if np.any(qa.imag > LARGEST_DECAY):
        raise LatticeError(
            f"spacing a = {a:g}: an evanescent wave decays by e^-{qa.imag.max():.0f} within it; "
            f"use a spacing below {LARGEST_DECAY / q.imag.max():.3g}"
        )
    sine = np.sin(qa)
    propagating = q2 > 0
    if np.any(propagating & (np.abs(sine) < SMALLEST_SINE) & (qa.real > 1)):
        raise LatticeError(
            f"spacing a = {a:g}: sin(qa) vanishes near q = {q.real.max():g}, where the exact-difference "
            f"hopping q/sin(qa) diverges; use a spacing below {2 / q.real.max():.3g}"
        )
    if np.any(qa.real > np.pi):
        raise LatticeError(
            f"spacing a = {a:g}: q = {q.real.max():g} lies beyond the first Brillouin zone (qa > π); "
            f"use a spacing below {2 / q.real.max():.3g}"
        )
    at_edge = np.abs(qa) < 1e-150
    t = np.where(at_edge, 1 / a, q / np.where(at_edge, 1, sine))
    return 2 * t * np.cos(qa), t, q


def finite_difference(q2: Array, a: float) -> tuple[Complex, Complex, Complex]:
    """Return (h, t, effective q) of second-order finite differences, multiplied by a.

    t = 1/a, h = 2/a − q²a; the chain is the continuum with q̃ = q √(1 − (qa)²/4).

    Raises
    ------
    LatticeError
        When the lattice band ends below q: (qa)² ≥ 4.
    """
    if np.any(q2 * a**2 >= 4):
        raise LatticeError(
            f"spacing a = {a:g}: the finite-difference band ends below k_z = {np.sqrt(q2.max()):g}; "
            f"use a spacing well below {2 / np.sqrt(q2.max()):.3g}"
        )
    t = np.full(q2.shape, 1 / a, dtype=complex)
    effective = np.sqrt(q2.astype(complex)) * np.sqrt(1 - q2 * a**2 / 4)
    return 2 * t - q2 * a, t, effective


def chain(iface: Interface, k_perp: float, a: float, scheme: Scheme) -> Chain:
    """Return the blocks of the chain at one k_⊥.

    Parameters
    ----------
    iface : Interface
    k_perp : float
    a : float
        Lattice spacing, unit: 1/wave vector.
    scheme : str
        "exact-difference", "finite-difference", or "one-sided": the latter's negative control, whose
        interface site carries the ferromagnet's value instead of the mean, so that its order is one.

    Raises
    ------
    LatticeError
        If the spacing does not suit the wave numbers.
    """
    bulk = exact_difference if scheme == "exact-difference" else finite_difference
    x = np.array(k_perp) ** 2
    h_N, t_N, kz = bulk(np.atleast_1d(iface.kz_squared(x)), a)
    h_F, t_F, Kz = bulk(iface.Kz_squared(x), a)
    m = iface.direction
    onsite_N, hopping_N = (in_spin_bands(np.repeat(v, 2), m) for v in (h_N, t_N))
    onsite_F, hopping_F = (in_spin_bands(v, m) for v in (h_F, t_F))
    onsite_interface = onsite_F if scheme == "one-sided" else (onsite_N + onsite_F) / 2
    bands = np.stack([np.concatenate([h_N, h_F]), np.concatenate([t_N, t_F])], axis=1)
    return Chain(onsite_N, onsite_F, hopping_N, hopping_F, onsite_interface, kz[0], Kz, bands)


def default_spacing(iface: Interface, scheme: Scheme) -> float:
    """Return a spacing that suits all k_⊥ that carry current.

    exact-difference: its error grows as ε/(qa)², so q_max a = 1.5, unless evanescent waves would decay by
    more than e^-20 within a spacing. finite-difference: q_max a = 0.4, the start of the ladder.
    """
    edges = np.array([iface.U_N, iface.U_F + iface.J, iface.U_F - iface.J])
    x_max = iface.thresholds()[-1]
    q_real = np.sqrt((iface.E_F - edges).clip(min=0).max())
    q_decay = np.sqrt((edges - iface.E_F + x_max).clip(min=0).max())
    if scheme == "exact-difference":
        return float(min(1.5 / q_real, 20.0 / q_decay if q_decay > 0 else np.inf))
    return float(0.4 / max(q_real, q_decay / 2))
