"""Any stack: a half-space, interfaces with layers between them, a half-space.

H = −∂_z (1/M(z)) ∂_z + k_⊥²/M(z) + U(z) + J(z) σ·d(z) + σ·w(z, k) + Σ_n [u_0 + u_m σ·d + σ·w(k)]_n δ(z − z_n)

Effective masses M are in units of the electron's. Spin-orbit fields w = s A k are linear in k = (k_x, k_y);
the scale s multiplies all of them. What a slope or a wave number is matched by is that of the velocity,
∂_zψ/M and k/M.
"""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from sotcheck.errors import SotcheckError
from sotcheck.numerics.arrays import Array, Complex
from sotcheck.system.spin import IDENTITY, dot_sigma

Vector = tuple[float, float, float]
#: Factors of all spin-orbit terms; complex where coefficients are read off.
Scale = Array | Complex
#: A of a spin-orbit field: rows x, y, z of spin, columns k_x, k_y.
Matrix = tuple[tuple[float, float], tuple[float, float], tuple[float, float]]
NO_FIELD: Matrix = ((0.0, 0.0), (0.0, 0.0), (0.0, 0.0))
#: w = k×ẑ.
RASHBA: Matrix = ((0.0, 1.0), (-1.0, 0.0), (0.0, 0.0))
Z: Vector = (0.0, 0.0, 1.0)

#: Thresholds this close (relative to the energies that they are differences of) are one.
SAME_THRESHOLD = 1e-12
#: A circle of open states smaller than this part of the largest one (in k_⊥²) is no threshold.
SMALLEST_CIRCLE = 1e-13
#: How far from 1 the length of a direction may be.
UNIT = 1e-12


def in_plane(k_perp: Array, angle: Array | float) -> Array:
    """Return (k_x, k_y), shape (..., 2)."""
    return np.stack(np.broadcast_arrays(k_perp * np.cos(angle), k_perp * np.sin(angle)), axis=-1)


def spin_orbit_field(A: Matrix, k_perp: Array, angle: Array | float, scale: Scale | float) -> Array:
    """Return w = s A k, shape (..., 3)."""
    return np.asanyarray(scale)[..., None] * (in_plane(k_perp, angle) @ np.transpose(A))


def _checked(part: Any, what: str) -> None:
    """Refuse numbers that are not finite, and directions and matrices that are none."""
    for name in ("potential", "barrier", "exchange"):
        if not math.isfinite(value := getattr(part, name, 0.0)):
            raise SotcheckError(f"{what}: {name} = {value} is not accepted; expected a finite number")
    if len(part.direction) != 3 or not abs(math.hypot(*part.direction) - 1) < UNIT:
        raise SotcheckError(f"{what}: direction = {part.direction} is not accepted; expected a unit vector")
    if np.shape(part.spin_orbit) != (3, 2) or not np.all(np.isfinite(part.spin_orbit)):
        raise SotcheckError(
            f"{what}: spin_orbit = {part.spin_orbit} is not accepted; "
            "expected three rows (spin x, y, z) of two finite numbers (k_x, k_y)"
        )


@dataclass(frozen=True)
class Region:
    """A homogeneous half-space or layer.

    Potential U and exchange J ≥ 0 are energies; spin along the unit vector `direction` has the higher one.
    The effective mass is that along z and in the plane. The thickness of a half-space is infinite. A layer
    may have a spin-orbit field w = s A k, unit of A: wave vector. A region that is not `magnetic` takes no
    torque: what spin enters it is lost.
    """

    potential: float = 0.0
    exchange: float = 0.0
    direction: Vector = Z
    thickness: float = math.inf
    spin_orbit: Matrix = NO_FIELD
    mass: float = 1.0
    magnetic: bool = True

    def __post_init__(self) -> None:
        _checked(self, "a region")
        if self.exchange < 0:
            raise SotcheckError(
                f"a region: exchange = {self.exchange:g} is not accepted; expected a number >= 0, "
                "and the opposite direction"
            )
        for name in ("thickness", "mass"):
            if not (value := getattr(self, name)) > 0:
                raise SotcheckError(f"a region: {name} = {value:g} is not accepted; expected > 0")
        if self.exchange and not self.magnetic:
            raise SotcheckError("a region: exchange is not accepted where it is not magnetic; expected 0")
        if math.isinf(self.thickness) and self.spin_orbit != NO_FIELD:
            raise SotcheckError("a half-space: spin_orbit is not accepted; give a finite thickness, or none")

    @property
    def edges(self) -> tuple[float, float]:
        """Energies of the band edges without spin-orbit field: spin against `direction`, and along it."""
        return self.potential - self.exchange, self.potential + self.exchange

    def field(self, k_perp: Array, angle: Array | float, scale: Scale | float) -> Array:
        """Return w, shape (..., 3)."""
        return spin_orbit_field(self.spin_orbit, k_perp, angle, scale)

    def bands(
        self, energy: float, k_perp: Array, angle: Array | float = 0.0, scale: Scale | float = 0.0
    ) -> tuple[Array, Array]:
        """Return k_z² for spin along and against an axis, (..., 2), and that axis, (3,) or (..., 3).

        With a complex scale both are complex; then "along" is the eigenvalue +1 of σ·axis all the same.
        """
        kinetic = np.asanyarray(self.mass * (energy - self.potential) - np.square(k_perp))[..., None]
        axis = np.array(self.direction)
        if self.spin_orbit == NO_FIELD:
            return kinetic - self.mass * self.exchange * np.array([1.0, -1.0]), axis
        total = self.exchange * axis + self.field(k_perp, angle, scale)
        size = np.sqrt((total**2).sum(axis=-1, keepdims=True))
        split = kinetic - self.mass * size * np.array([1.0, -1.0])
        return split, np.where(size == 0, axis, total / np.where(size == 0, 1, size))


@dataclass(frozen=True)
class Delta:
    """A delta function between two regions: u_0 + u_m σ·d + σ·w, unit: wave vector; w = s A k.

    Barrier u_0 and exchange u_m have either sign; `direction` is the unit vector d.
    """

    barrier: float = 0.0
    exchange: float = 0.0
    direction: Vector = Z
    spin_orbit: Matrix = NO_FIELD

    def __post_init__(self) -> None:
        _checked(self, "an interface")

    @property
    def exchange_term(self) -> Complex:
        """u_m σ·d, shape (2, 2)."""
        return self.exchange * dot_sigma(np.array(self.direction))

    def field(self, k_perp: Array, angle: Array, scale: Scale) -> Array:
        """Return w, shape (..., 3)."""
        return spin_orbit_field(self.spin_orbit, k_perp, angle, scale)

    def kappa(self, k_perp: Array, angle: Array, scale: Scale) -> Complex:
        """Return κ̂, shape (..., 2, 2)."""
        return self.barrier * IDENTITY + self.exchange_term + dot_sigma(self.field(k_perp, angle, scale))


@dataclass(frozen=True)
class Structure:
    """A half-space, layers, a half-space, and the interfaces between them, the first one at z = 0.

    The energy is the total one, of the same zero as the potentials.
    """

    energy: float
    regions: tuple[Region, ...]
    interfaces: tuple[Delta, ...]

    def __post_init__(self) -> None:
        infinite = [n for n, region in enumerate(self.regions) if math.isinf(region.thickness)]
        if len(self.regions) < 2 or infinite != [0, len(self.regions) - 1]:
            raise SotcheckError(
                "a structure: the first and the last region, and no other, are half-infinite; found "
                f"thicknesses {', '.join(f'{region.thickness:g}' for region in self.regions) or 'none'}"
            )
        if len(self.interfaces) != len(self.regions) - 1:
            raise SotcheckError(
                f"a structure: {len(self.regions)} regions have {len(self.regions) - 1} interfaces between "
                f"them; found {len(self.interfaces)}"
            )

    @property
    def left(self) -> Region:
        """The half-space z < 0."""
        return self.regions[0]

    @property
    def right(self) -> Region:
        """The last half-space."""
        return self.regions[-1]

    @property
    def layers(self) -> tuple[Region, ...]:
        """What lies between the half-spaces."""
        return self.regions[1:-1]

    @property
    def positions(self) -> list[float]:
        """Where each interface lies: its z."""
        return list(itertools.accumulate((layer.thickness for layer in self.layers), initial=0.0))

    def thresholds(self) -> list[float]:
        """Return the sorted k_⊥² > 0 at which a channel of a half-space closes, after a leading 0."""
        return list(self._thresholds)

    @cached_property
    def _thresholds(self) -> tuple[float, ...]:
        # A circle too small for nodes of its own is none.
        edges = sorted(
            lead.mass * (self.energy - edge)
            for lead in (self.left, self.right)
            for edge in lead.edges
            if edge < self.energy
        )
        edges = [x for x in edges if x > SMALLEST_CIRCLE * edges[-1]]
        later = [*edges[1:], math.inf]
        close = self.same_threshold
        return 0.0, *(x for x, after in zip(edges, later, strict=True) if after - x > close)

    @property
    def same_threshold(self) -> float:
        """The distance in k_⊥² below which two thresholds are one: energies are not known any better."""
        leads = self.left, self.right
        energies = (one.mass * abs(e) for one in leads for e in (self.energy, one.potential, one.exchange))
        return SAME_THRESHOLD * max(energies)
