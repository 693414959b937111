"""Poles of any stack's scattering states: zeros of the determinant of its equations, for every scale.

Between thresholds x = x₁ + (x₂ − x₁) sin²θ makes the wave numbers of the half-spaces analytic in θ; those of
layers come in even powers only, whatever their axis of spin.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from sotcheck.engines.poles import NEAR, THINNEST, Segment, analytic_radius, kinks, poles, wave_number, x_of
from sotcheck.engines.recursion import passed_through
from sotcheck.engines.stack import outgoing
from sotcheck.numerics.arrays import Array, Complex, Index
from sotcheck.numerics.zeros import zeros_near
from sotcheck.system.interface import Interface
from sotcheck.system.model import System
from sotcheck.system.structure import Region, Structure

#: Harmonics of the determinant in the angle of k, and what of them is rounding.
HARMONICS, NOISE = 64, 1e-13


def poles_near(system: System, segment: Segment, angle: Array, scale: Array, spacing: float) -> Complex:
    """Return the poles of any system's states, a bare interface's in closed form."""
    if isinstance(system, Interface):
        return poles(system, segment, angle, scale, spacing=spacing)
    return stack_poles(system.structure, segment, angle, scale, spacing=spacing)


def kinks_of(system: System, scale: Array, spacing: float) -> Array:
    """Return the angles of k, modulo π, at which the k_⊥ integral of any system is not smooth."""
    if isinstance(system, Interface):
        return kinks(system, scale, spacing=spacing)
    return stack_kinks(system.structure, scale)


def log_determinant(
    structure: Structure, k_perp: Complex, angle: Any, scale: Array, waves: Sequence[Complex]
) -> Complex:
    """Return the logarithm of the determinant of a stack's equations; waves are its half-spaces' (..., 2)."""
    left, right = (np.moveaxis(one, -1, 0) for one in waves)
    with np.errstate(divide="ignore", invalid="ignore"):
        return passed_through(structure, (k_perp, angle, scale), (left, right)).log_determinant


def _edges(structure: Structure, segment: Segment) -> list[list[float]]:
    """Return k_⊥² where the channels of either half-space close, a segment's ends as they are."""

    def snapped(edge: float) -> float:
        close = structure.same_threshold
        return next((end for end in segment if abs(edge - end) <= close), edge)

    leads: tuple[Region, ...] = structure.left, structure.right
    return [[snapped(float(x)) for x in lead.bands(structure.energy, np.zeros(()))[0]] for lead in leads]


def stack_poles(
    structure: Structure, segment: Segment, angle: Array, scale: Array, *, spacing: float = 0.0
) -> Complex:
    """Return the poles in θ near one range between thresholds, as `poles` does for a bare interface.

    The spacing is that of finite differences in the half-spaces.
    """
    angle, scale = np.broadcast_arrays(np.asarray(angle, dtype=float), np.asarray(scale, dtype=float))
    lower, upper = segment
    if upper - lower <= THINNEST * upper:
        return np.zeros((*angle.shape, 0), dtype=complex)
    edges, (phi, s) = _edges(structure, segment), (angle.reshape(-1, 1), scale.reshape(-1, 1))
    reference: dict[str, float] = {}

    def f(theta: Complex, rows: Index) -> Complex:
        k_perp = np.sqrt(upper) * np.sin(theta) if lower == 0 else np.sqrt(x_of(segment, theta))
        left, right = (
            np.stack([wave_number(edge, segment, theta, spacing) for edge in pair], axis=-1) for pair in edges
        )
        found = log_determinant(structure, k_perp, phi[rows], s[rows], (left, right))
        # One size for all: it may be beyond doubles, and zeros do not depend on it.
        size = reference.setdefault("size", float(np.nanmedian(found.real)))
        return np.asarray(np.exp(np.clip((found - size).real, -300, 300) + 1j * found.imag))

    radius = analytic_radius(segment, [0.0, *edges[0], *edges[1]])
    found = zeros_near(f, phi.size, 0.0, np.pi / 2, radius)
    return found.reshape(*angle.shape, found.shape[1])


def stack_kinks(structure: Structure, scale: Array) -> Array:
    """Return the angles of k, modulo π, at which a pole passes a threshold, or comes close to it.

    At a threshold the determinant is a Laurent series in e^{iφ}: its zeros next to the unit circle count.
    """
    found = [np.zeros(0)]
    leads = structure.left, structure.right
    turn = 2 * np.pi * np.arange(HARMONICS) / HARMONICS + 0j
    for x in structure.thresholds()[1:]:
        k_perp = np.sqrt(np.array(x))
        q2 = [lead.bands(structure.energy, k_perp)[0] for lead in leads]
        left, right = (outgoing(np.where(np.abs(one) <= structure.same_threshold, 0.0, one)) for one in q2)
        for s in scale[scale != 0]:
            waves = [np.broadcast_to(one, (HARMONICS, 2)) for one in (left, right)]
            logs = log_determinant(structure, k_perp + 0 * turn, turn, np.full(1, s), waves)
            series = np.fft.fftshift(np.fft.fft(np.exp(logs - logs.real.max())))[::-1] / HARMONICS
            series[np.abs(series) < NOISE * np.abs(series).max()] = 0
            zeros = np.roots(np.trim_zeros(series))
            found.append(np.angle(zeros[np.abs(np.log(np.abs(zeros))) < NEAR]))
    angles: Array = np.unique(np.mod(np.concatenate(found), np.pi))
    return angles
