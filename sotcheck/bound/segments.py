"""The continuum at fixed k_⊥, from one band edge to the next, and the resonances in it.

A state of one spin inside the continuum of the other is a resonance, perhaps a narrow one, and can be so only
where a single band of F is open. There the spinor at z = 0 has a closed part that dominates on resonance; its
ratio to the open part is a smooth function of the energy however narrow the resonance is, and betrays it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from sotcheck.numerics.arrays import Array, Complex
from sotcheck.system.spin import dagger, dot_sigma

#: How close to a segment's ends, in θ of E = E_1 + (E_2 − E_1) sin²θ, a resonance is looked for.
NEAR_END = 1e-3
#: Break points crowd around a resonance by this factor, from its width outwards, if that is below NARROW.
GRADING, NARROW = 30.0, 0.03
#: Below this part of the density the closed spin's share is rounding: spin is conserved.
CONSERVED = 1e-14

#: The density of states ρ = Σψψ†/2π at z = 0, (n, 2, 2), at θ (n,) of a segment.
Density = Callable[[Array], Complex]


class Segment(NamedTuple):
    """Energies between two neighbouring band edges, E = lower + width sin²θ, counted from k_⊥².

    `open` says which of the bands N, minority, majority propagate.
    """

    lower: float
    width: float
    open: tuple[bool, ...]

    @property
    def open_spin(self) -> float:
        """σ·m of the only open channel: 1 or −1, and 0 where there are none or several."""
        spins: dict[tuple[bool, ...], float] = {(False, True, False): 1.0, (False, False, True): -1.0}
        return spins.get(self.open, 0.0)

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
    if not segment.open_spin:
        return None
    from scipy.optimize import brentq, minimize_scalar

    axis = np.linalg.eigh(dot_sigma(segment.open_spin * m))[1][:, ::-1]

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
