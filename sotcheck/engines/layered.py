"""Layers on both sides of z = 0, solved exactly in the continuum, stable for waves that decay or grow."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np

from sotcheck.engines.continuum import outgoing
from sotcheck.errors import EngineError
from sotcheck.numerics.arrays import Array, Complex
from sotcheck.system.spin import IDENTITY, in_spin_bands

Vector = tuple[float, float, float]


@dataclass(frozen=True)
class Layer:
    """A homogeneous layer: −∂_z² + k_⊥² + potential + exchange σ·direction.

    Attributes
    ----------
    potential, exchange : float
    direction : tuple of three floats
        Unit vector.
    thickness : float
        Infinite for the outermost one.
    """

    potential: float
    exchange: float = 0.0
    direction: Vector = (0.0, 0.0, 1.0)
    thickness: float = np.inf

    def wave_numbers_squared(self, energy: float, k_perp: Array) -> Array:
        """Return k_z² for σ = +1 and −1, shape (..., 2)."""
        kinetic = np.asarray(energy - self.potential - np.square(k_perp))
        return kinetic[..., None] - self.exchange * np.array([1.0, -1.0])

    def matrix(self, bands: Complex) -> Complex:
        """Return the 2×2 matrix that has these values for σ = +1 and −1."""
        return in_spin_bands(bands, np.array(self.direction))


@dataclass(frozen=True)
class Structure:
    """Layers beside a delta function at z = 0, as seen from there.

    Attributes
    ----------
    energy : float
        Total energy.
    left, right : tuples of Layer
        Outwards from z = 0; the last one is half-infinite.
    """

    energy: float
    left: tuple[Layer, ...]
    right: tuple[Layer, ...]

    def __post_init__(self) -> None:
        for side in (self.left, self.right):
            infinite = [np.isinf(layer.thickness) for layer in side]
            if infinite != [False] * (len(side) - 1) + [True]:
                raise EngineError(
                    "of the layers on each side the outermost one, and no other, is half-infinite"
                )


@dataclass(frozen=True)
class Solutions:
    """Two states whose waves come in from one side only, up to a common invertible factor from the right.

    Attributes
    ----------
    psi, slope_minus, slope_plus : array (..., 2, 2)
        ψ(0), ∂_zψ(−0), ∂_zψ(+0); columns are states.
    beyond : array (layers, ..., 2, 2)
        ψ at the far ends of the finite layers on the other side, outwards.
    """

    psi: Complex
    slope_minus: Complex
    slope_plus: Complex
    beyond: Complex

    @property
    def log_minus(self) -> Complex:
        """∂_zψ(−0) ψ(0)⁻¹."""
        return self.slope_minus @ np.linalg.inv(self.psi)

    @property
    def log_plus(self) -> Complex:
        """∂_zψ(+0) ψ(0)⁻¹."""
        return self.slope_plus @ np.linalg.inv(self.psi)


class LayeredEngine(Protocol):
    """Anything that solves layered structures exactly."""

    name: str

    def solve(self, structure: Structure, k_perp: Array, kappa: Complex, incident: str) -> Solutions:
        """Solve for waves from "left" or "right"; κ̂ (..., 2, 2) is the delta at z = 0, k_⊥ (...)."""
        ...

    def stiffness(self, layers: tuple[Layer, ...], energy: float, k_perp: Array) -> Complex:
        """Return −(∂ψ outwards) ψ⁻¹ at z = 0 of what decays or leaves through `layers`, (..., 2, 2)."""
        ...


class LayeredContinuum:
    """Wave matrices: B A⁻¹ of returning and leaving waves, carried inwards, where both factors decay."""

    name = "continuum"

    def solve(self, structure: Structure, k_perp: Array, kappa: Complex, incident: str) -> Solutions:
        """Solve for waves from "left" or "right", as `LayeredEngine` says."""
        behind = structure.right if incident == "left" else structure.left
        psi, slope, beyond = _leaving(behind, structure.energy, k_perp)
        jump = kappa @ psi
        psi, slope, jump = np.broadcast_arrays(psi, slope, jump)
        beyond = np.broadcast_to(beyond, (len(beyond), *psi.shape))
        if incident == "left":
            return Solutions(psi, slope - jump, slope, beyond)
        return Solutions(psi, -slope, jump - slope, beyond)

    def stiffness(self, layers: tuple[Layer, ...], energy: float, k_perp: Array) -> Complex:
        """Return −(∂ψ outwards) ψ⁻¹ at z = 0, as `LayeredEngine` says."""
        psi, slope, _ = _leaving(layers, energy, k_perp)
        return -slope @ np.linalg.inv(psi)


def _leaving(layers: tuple[Layer, ...], energy: float, k_perp: Array) -> tuple[Complex, Complex, Complex]:
    """Return ψ and its outward slope at z = 0, and ψ at the far end of every finite layer."""
    *finite, last = layers
    k = last.matrix(outgoing(last.wave_numbers_squared(energy, k_perp)))
    psi, slope = IDENTITY + 0 * k, 1j * k
    ends: list[Complex] = []
    for layer in reversed(finite):
        q = outgoing(layer.wave_numbers_squared(energy, k_perp))
        inverse, wave = layer.matrix(-1j / q), layer.matrix(np.exp(1j * q * layer.thickness))
        forth, back = (psi + inverse @ slope) / 2, (psi - inverse @ slope) / 2
        # At the near end the leaving wave has amplitude one: what lies beyond is rescaled accordingly.
        onward = np.linalg.inv(forth) @ wave
        ends = [psi @ onward, *(end @ onward for end in ends)]
        returned = wave @ back @ onward
        psi, slope = IDENTITY + returned, 1j * layer.matrix(q) @ (IDENTITY - returned)
    return psi, slope, np.stack(ends) if ends else np.empty((0, *psi.shape), dtype=complex)
