"""Two discretisations of the z-direction Hamiltonian as data: on-site and hopping blocks, no solver.

A bulk with wave number q is the chain −t(ψ_{n−1} + ψ_{n+1}) + h ψ_n = 0. An interface site carries
κ̂ + (h_left + h_right)/2. With these, ∂_zψ(+0) ↔ t_right ψ_1 − (h_right/2) ψ_0 and
∂_zψ(−0) ↔ (h_left/2) ψ_0 − t_left ψ_{−1} for both schemes, and fluxes Im[ψ_0† t ψ_1] have the continuum's
normalisation. With an effective mass both h and t are divided by it, and slopes are ∂_zψ/M.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from sotcheck.errors import LatticeError
from sotcheck.numerics.arrays import Array, Complex, Index
from sotcheck.system.spin import in_spin_bands
from sotcheck.system.structure import Structure

Scheme = Literal["exact-difference", "finite-difference", "one-sided"]
SCHEMES: tuple[Scheme, ...] = ("exact-difference", "finite-difference")

#: Below this |sin(qa)| the exact-difference hopping q/sin(qa) amplifies rounding a hundredfold.
SMALLEST_SINE = 0.01
#: Beyond this decay |q|a, e^{-|q|a} is lost beside one and sinh is near the end of its use.
LARGEST_DECAY = 30.0
#: Largest |q|a within a layer.
LARGEST_PHASE = 1.2


def exact_difference(q2: Array, a: float) -> tuple[Complex, Complex, Complex]:
    """Return (h, t, effective q), t = q/sin(qa), h = 2q cot(qa): on the sites solutions are the continuum's.

    Refused are spacings with sin(qa) near 0, or within which an evanescent wave decays below rounding.
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
    """Return (h, t, effective q) of second-order finite differences times a: t = 1/a, h = 2/a − q²a.

    The chain is the continuum with q̃ = q √(1 − (qa)²/4). Its band has to reach up to q.
    """
    if np.any(q2 * a**2 >= 4):
        raise LatticeError(
            f"spacing a = {a:g}: the finite-difference band ends below k_z = {np.sqrt(q2.max()):g}; "
            f"use a spacing well below {2 / np.sqrt(q2.max()):.3g}"
        )
    t = np.full(q2.shape, 1 / a, dtype=complex)
    effective = np.sqrt(q2.astype(complex)) * np.sqrt(1 - q2 * a**2 / 4)
    return 2 * t - q2 * a, t, effective


@dataclass(frozen=True)
class Bonds:
    """The bonds of one region at n problems: h and t, unit: wave vector.

    In the laboratory spin frame, (n, 2, 2); `bands` for spin along and against the region's axis, (2, n, 2).
    With the effective wave numbers (n, 2) the continuum problem is solved exactly by the chain.
    """

    onsite: Complex
    hopping: Complex
    bands: Complex
    wave_numbers: Complex

    @classmethod
    def of(cls, bands: Complex, wave_numbers: Complex, axis: Array) -> Bonds:
        """Return the bonds made of these bands."""
        return cls(in_spin_bands(bands[0], axis), in_spin_bands(bands[1], axis), bands, wave_numbers)

    def __getitem__(self, some: Index) -> Bonds:
        return Bonds(self.onsite[some], self.hopping[some], self.bands[:, some], self.wave_numbers[some])


def bonds(q2: Array, axis: Array, a: float, scheme: Scheme, mass: float = 1.0) -> Bonds:
    """Return the bonds of a region with these squared wave numbers (n, 2), this spin axis and this mass."""
    h, t, q = (exact_difference if scheme == "exact-difference" else finite_difference)(q2, a)
    return Bonds.of(np.stack([h, t]) / mass, q, axis)


def cells(q2: Array, thickness: float, scheme: Scheme, a: float) -> Array:
    """Return how many cells of its own spacing a layer has, at every problem (n,).

    exact-difference: |q| times the cell stays below LARGEST_PHASE. Otherwise about thickness/a, a power of
    two: where a is halved the cells double, so that errors stay a series in a².
    """
    if scheme == "exact-difference":
        phase = np.sqrt(np.abs(q2).max(axis=-1)) * thickness
        return np.ceil(phase / LARGEST_PHASE).astype(int) + 1
    return np.full(len(q2), 2 ** max(0, int(np.ceil(np.log2(thickness / a)))))


@dataclass(frozen=True)
class Chain:
    """Chains of equal length: a site of the left lead, one at each interface, one of the right lead.

    On-site terms (sites, n, 2, 2) with κ̂; h/2 and t of bonds (sites − 1, n, 2, 2); the interfaces' sites.
    """

    sites: Complex
    half_cells: Complex
    hopping: Complex
    at: list[int]


def assemble(regions: list[Bonds], numbers: list[int], kappas: Complex, scheme: Scheme) -> Chain:
    """Put chains together from the bonds of regions, their numbers, and κ̂ between them (interfaces, n, 2, 2).

    A site holds half a cell of each neighbouring bond, so that an interface site carries the mean of two
    bulks, and κ̂. With "one-sided", the negative control, it carries the right one's alone: of order one.
    """
    each = [region for region, count in zip(regions, numbers, strict=True) for _ in range(count)]
    half = np.stack([bond.onsite for bond in each]) / 2
    # The outermost sites belong to the leads: a whole cell of them.
    sites = np.concatenate([half[:1], half]) + np.concatenate([half, half[-1:]])
    at = np.cumsum(numbers)[:-1].tolist()
    for site, kappa in zip(at, kappas, strict=True):
        if scheme == "one-sided":
            sites[site] = 2 * half[site]
        sites[site] += kappa
    return Chain(sites, half, np.stack([bond.hopping for bond in each]), at)


def default_spacing(structure: Structure, scheme: Scheme) -> float:
    """Return a spacing of the leads that suits all k_⊥ that carry current.

    exact-difference: its error grows as ε/(qa)², so q_max a = 1.5, unless evanescent waves would decay by
    more than e^-20 within a spacing. finite-difference: q_max a = 0.4, the start of the ladder.
    """
    x_max = structure.thresholds()[-1]
    leads = structure.left, structure.right
    q2 = np.array([lead.mass * (structure.energy - edge) for lead in leads for edge in lead.edges])
    q_real, q_decay = np.sqrt(q2.clip(min=0).max()), np.sqrt((x_max - q2).clip(min=0).max())
    if scheme == "exact-difference":
        return float(min(1.5 / q_real, 20.0 / q_decay if q_decay > 0 else np.inf))
    return float(0.4 / max(q_real, q_decay / 2))
