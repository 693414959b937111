"""Bound states seen from the continuum alone: the weight that scattering states lack at z = 0.

On a finite-difference lattice the eigenstates are complete on every site, so that 1 − ∫ρ(E)dE over all bands,
with the 2×2 density of states ρ = Σψψ†/2π of scattering states at z = 0, is Σψψ† of the bound states: those
below the bands, those above them, and, where spin is conserved, those of one spin inside the other's bands.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from sotcheck.bound.kwant_chains import Problems, density
from sotcheck.bound.segments import Density, Resonance, Segment, graded, resonance, segments
from sotcheck.errors import LatticeError
from sotcheck.numerics.arrays import Array, Complex
from sotcheck.numerics.estimate import Estimate
from sotcheck.system.interface import Interface
from sotcheck.system.spin import IDENTITY, dot_sigma, pauli_vector

#: Most subdivisions of one integral; what is unresolved then stays in its error.
MOST_SUBDIVISIONS = 400


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
    one = Problems.one(iface, k_perp, angle, h_R)
    bandwidth = 4 / spacing**2
    if np.ptp(one.bands) >= bandwidth:
        raise LatticeError(
            f"spacing a = {spacing:g}: the bands, 4/a^2 = {bandwidth:g} wide, do not overlap; "
            f"use a spacing below {2 / np.sqrt(np.ptp(one.bands)):.3g}"
        )
    solved = 0

    def density_in(segment: Segment) -> Density:
        def at(theta: Array) -> Complex:
            nonlocal solved
            solved += len(theta)
            return spacing / (2 * np.pi) * density(one, segment.kinetic(theta, one.bands), spacing)

        return at

    found = segments(one.bands[0], bandwidth)
    total, error, converged, peaks = np.zeros(4), 0.0, True, []
    for segment in found:
        rho = density_in(segment)
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
