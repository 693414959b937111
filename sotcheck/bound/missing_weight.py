"""Bound states seen from the continuum alone: the weight that scattering states lack at z = 0.

On a finite-difference lattice the eigenstates are complete on every site, so that 1 − ∫ρ(E)dE over all bands,
with the 2×2 density of states ρ = Σψψ†/2π of scattering states at z = 0, is Σψψ† of the bound states: those
below the bands, those above them, and, where spin is conserved, those of one spin inside the other's bands.

A state of one spin inside the continuum of the other is a resonance, perhaps a narrow one, and can be so only
where a single band of F is open. There the spinor at z = 0 has a closed part that dominates on resonance; its
ratio to the open part is a smooth function of the energy however narrow the resonance is, and betrays it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from sotcheck.bound.kwant_states import Problems, density
from sotcheck.errors import LatticeError
from sotcheck.numerics.arrays import Array, Complex
from sotcheck.numerics.estimate import Estimate
from sotcheck.system.interface import Interface
from sotcheck.system.spin import IDENTITY, dagger, dot_sigma, pauli_vector

#: Most subdivisions of one integral; what is unresolved then stays in its error.
MOST_SUBDIVISIONS = 400
#: How close to a segment's ends, in θ of E = E_1 + (E_2 − E_1) sin²θ, a resonance is looked for.
NEAR_END = 1e-3
#: Break points crowd around a resonance by this factor, from its width outwards, if that is below NARROW.
GRADING, NARROW = 30.0, 0.03
#: Below this part of the density the closed spin's share is rounding: spin is conserved.
CONSERVED = 1e-14

#: The density of states ρ at z = 0, (n, 2, 2), at θ (n,) of a segment.
Density = Callable[[Array], Complex]


class Segment(NamedTuple):
    """Energies between two neighbouring band edges, E = lower + width sin²θ, counted from k_⊥².

    `open` says which of the bands N, minority, majority propagate.
    """

    lower: float
    width: float
    open: tuple[bool, ...]

    def kinetic(self, theta: Array, bands: Array) -> Array:
        """Return E − V of every band without cancellation at the lower edge, shape (n, 3)."""
        return (self.lower - bands) + (self.width * np.sin(theta) ** 2)[:, None]


def segments(bands: Array, bandwidth: float) -> list[Segment]:
    """Return the segments between all edges of bands (3,) that are `bandwidth` wide, in ascending order."""
    edges = np.unique([bands, bands + bandwidth] if np.isfinite(bandwidth) else bands)
    inside = ((edges[:-1] + edges[1:]) / 2)[:, None] - bands
    is_open = (inside > 0) & (inside < bandwidth)
    rows = zip(edges.tolist(), np.diff(edges).tolist(), is_open.tolist(), strict=False)
    return [Segment(lower, width, tuple(which)) for lower, width, which in rows]


class Resonance(NamedTuple):
    """A resonance in a segment: where its peak is, and how wide, in θ and in energy.

    The width is that of a Lorentzian of unit area as high as the closed spin's density of states at z = 0,
    which is that of the resonance divided by its weight |ψ(0)|² there.
    """

    theta: float
    width_theta: float
    width: float


def resonance(segment: Segment, m: Array, density_at: Density) -> Resonance | None:
    """Find the resonance of a segment where a single band of F is open; there is one at most.

    With open spin s, ψ_s/ψ_-s = −a(E)/b with a real monotone a and constant b: a changes sign at the closed
    spin's own level. 1/ρ_-s-s is smooth as well and has its minimum at the peak.
    """
    in_N, *in_F = segment.open
    if in_N or sum(in_F) != 1:
        return None
    from scipy.optimize import brentq, minimize_scalar

    # The open spin first: σ·m = 1 is the minority.
    axis = np.linalg.eigh(dot_sigma(m if in_F[0] else -m))[1][:, ::-1]

    def in_spins(theta: float) -> Complex:
        return dagger(axis) @ density_at(np.array([theta]))[0] @ axis

    def width(theta: float) -> float:
        """Return the full width in θ of a Lorentzian of unit area as high as ρ: 2/π over the height."""
        return float(4 / in_spins(theta)[1, 1].real / (segment.width * np.sin(2 * theta)))

    ends = (NEAR_END, np.pi / 2 - NEAR_END)
    first = in_spins(ends[0])
    if abs(first[0, 1]) <= CONSERVED * abs(first[0, 0]):
        return None

    def ratio(theta: float) -> float:
        rho = in_spins(theta)
        return float((rho[0, 1] * np.conj(first[0, 1])).real / rho[1, 1].real)

    if ratio(ends[1]) > 0:
        return None
    level = float(brentq(ratio, *ends, xtol=1e-13))

    def inverse(shift: float) -> float:
        return float(1 / in_spins(level + shift)[1, 1].real)

    # The shift is comparable to the width, perhaps tiny: counted from the level it keeps its digits.
    reach = min(level - ends[0], ends[1] - level) / 2
    accuracy = min(width(level), reach) / 1000
    shift = minimize_scalar(inverse, bounds=(-reach, reach), method="bounded", options={"xatol": accuracy}).x
    peak = level + float(shift) if inverse(float(shift)) < inverse(0.0) else level
    width_theta = width(peak)
    return Resonance(peak, width_theta, float(width_theta * segment.width * np.sin(2 * peak)))


def graded(peak: Resonance | None, narrow: float = NARROW) -> list[float]:
    """Return break points in θ that crowd around a resonance narrower than `narrow`."""
    if peak is None or peak.width_theta > narrow:
        return []
    # A small |ψ(0)|² makes the resonance itself narrower than its width says: two steps inwards.
    outermost = np.ceil(np.log(1 / peak.width_theta) / np.log(GRADING))
    steps = peak.width_theta * GRADING ** np.arange(-2, max(outermost, 0) + 1)
    near = peak.theta + np.concatenate([[0.0], -steps, steps])
    return sorted(near[(near > 0) & (near < np.pi / 2)].tolist())


class MissingWeight(NamedTuple):
    """1 − ∫ρ(E)dE on the interface site of a finite-difference lattice.

    `weight`: Σψψ† of all states outside the bands, (2, 2), in the laboratory spin frame, its error that of
    any Pauli component; `converged`: whether that is as small as wanted; `evaluations`: energies solved.
    """

    weight: Estimate
    converged: bool
    evaluations: int
    resonances: list[Resonance]


def missing_weight(
    iface: Interface, k_perp: float, angle: float, h_R: float, spacing: float, tolerance: float = 1e-5
) -> MissingWeight:
    """Return what the scattering states lack at z = 0, from Kwant's wave functions at all energies.

    A LatticeError says that the lattice bands are so narrow that there is a gap between them.
    """
    one = Problems.of([iface], k_perp, angle, h_R)
    bandwidth = 4 / spacing**2
    if np.ptp(one.bands) >= bandwidth:
        raise LatticeError(
            f"spacing a = {spacing:g}: the bands, 4/a^2 = {bandwidth:g} wide, do not overlap; "
            f"use a spacing below {2 / np.sqrt(np.ptp(one.bands)):.3g}"
        )
    found, solved = segments(one.bands[0], bandwidth), 0
    total, error, converged, peaks = np.zeros(4), 0.0, True, []
    for segment in found:

        def rho(theta: Array, segment: Segment = segment) -> Complex:
            nonlocal solved
            solved += len(theta)
            return spacing / (2 * np.pi) * density(one, segment.kinetic(theta, one.bands), spacing)

        peak = resonance(segment, one.m[0], rho)
        peaks += [peak] if peak else []
        done = _integral(segment, rho, graded(peak), tolerance / len(found))
        total, error = total + done.estimate, error + float(done.error.max())
        converged = converged and done.status == "converged"
    matrix = IDENTITY - (total[0] * IDENTITY + dot_sigma(total[1:])) / 2
    weight = Estimate(matrix, {"quadrature": (error, "nested rules in the energy")})
    return MissingWeight(weight, converged, solved, peaks)


def _integral(segment: Segment, rho: Density, splits: list[float], tolerance: float) -> Any:
    """Return SciPy's result for ∫dE of ρ's Pauli components (1, x, y, z)."""
    from scipy.integrate import cubature

    known: dict[float, Array] = {}

    def integrand(theta: Array) -> Array:
        # The rule for the error asks for the same nodes again, up to rounding.
        keys = np.round(theta[:, 0], 15).tolist()
        new = np.array([key for key in dict.fromkeys(keys) if key not in known])
        if new.size:
            matrix = rho(new)
            parts = np.column_stack([np.trace(matrix, axis1=1, axis2=2), pauli_vector(matrix)]).real
            known.update(zip(new.tolist(), parts * segment.width * np.sin(2 * new)[:, None], strict=True))
        return np.stack([known[key] for key in keys])

    options = {"rule": "gk21", "rtol": 0.0, "atol": tolerance, "max_subdivisions": MOST_SUBDIVISIONS}
    return cubature(integrand, [0.0], [np.pi / 2], points=[[split] for split in splits], **options)
