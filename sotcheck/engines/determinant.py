"""Poles of any stack's scattering states: zeros of the determinant of its equations, for every scale.

Between thresholds x = x₁ + (x₂ − x₁) sin²θ makes the wave numbers of the half-spaces analytic in θ; those of
layers come in even powers only, whatever their axis of spin.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Any

import numpy as np

from sotcheck.engines.layer import bands_of
from sotcheck.engines.poles import (
    FAR,
    NEAR,
    RHO,
    THINNEST,
    Segment,
    analytic_radius,
    kinks,
    poles,
    wave_number,
    x_of,
)  # fmt: skip
from sotcheck.engines.recursion import passed_through
from sotcheck.engines.stack import joined, outgoing
from sotcheck.errors import EngineError
from sotcheck.numerics.angles import separating
from sotcheck.numerics.arrays import Array, Complex, Index
from sotcheck.numerics.zeros import zeros_near
from sotcheck.system.interface import Interface
from sotcheck.system.model import System
from sotcheck.system.structure import NO_FIELD, Delta, Region, Structure

#: Harmonics of the determinant in the angle of k, and what of them is rounding.
HARMONICS, NOISE = 64, 1e-13
#: Angles at least at which that series is found, terms at either end that are rounding, and series kept.
FEWEST, LACKING, KEPT = 8, 1, 64
#: Amplified rounding beyond which a determinant is that of all equations at once.
LOST = 1e12
#: How far below a range in x, in its widths, the ellipses around it reach.
AROUND = 0.15
#: Phase of the waves in layers beyond which a range is searched by pieces.
PHASE = 6.0
#: Pieces that a range may have: minutes.
MOST_PIECES = 2000


def poles_near(system: System, segment: Segment, angle: Array, scale: Array, spacing: float) -> Complex:
    """Return the poles of any system's states, a bare interface's in closed form."""
    if isinstance(system, Interface):
        return poles(system, segment, angle, scale, spacing=spacing)
    return stack_poles(system.structure, segment, angle, scale, spacing=spacing, reach=FAR)


def kinks_of(system: System, scale: Array, spacing: float) -> Array:
    """Return the angles of k, modulo π, at which the k_⊥ integral of any system is not smooth."""
    if isinstance(system, Interface):
        return kinks(system, scale, spacing=spacing)
    return separating(stack_kinks(system.structure, scale))


def log_determinant(
    structure: Structure, k_perp: Complex, angle: Any, scale: Array, waves: Sequence[Complex]
) -> Complex:
    """Return the logarithm of the determinant of a stack's equations; waves are its half-spaces' (..., 2)."""
    left, right = (np.moveaxis(one, -1, 0) for one in waves)
    with np.errstate(all="ignore"):
        passed = passed_through(structure, (k_perp, angle, scale), (left, right))
        found = passed.log_determinant
        lost = np.broadcast_to(passed.lossy(LOST), found.shape) | ~np.isfinite(found)
        if lost.any():
            grid = (np.broadcast_to(one, found.shape)[lost] for one in (k_perp, angle, scale))
            outside = (np.broadcast_to(one, (*found.shape, 2))[lost] for one in waves)
            found[lost] = _of_all_equations(structure, *grid, *outside)
    return found


def _of_all_equations(
    structure: Structure, k_perp: Any, angle: Any, scale: Array, left: Complex, right: Complex
) -> Complex:
    """Return the same from all equations at once: those of a layer have as unknowns what its waves need.

    On the other sheet a half-space of a layer's own band reflects nothing of it: there the recursion divides
    by zero.
    """
    sign, size = np.linalg.slogdet(joined(structure, k_perp, angle, scale, (left, right)).matrix)
    log = size + np.log(sign)
    for layer in structure.layers:
        q = outgoing(layer.bands(structure.energy, k_perp, angle, scale)[0])
        iqd = 1j * q * layer.thickness
        waves = np.where(iqd.real < -1, np.log(-2j * q) + iqd, 0)
        log = log - (waves - np.log(layer.mass)).sum(axis=-1)
    return np.asarray(log)


def without_own_layers(structure: Structure) -> Structure:
    """Return a stack without the layers that are but a part of a half-space.

    On the other sheet of its square root a half-space has nothing but what is reflected in such a layer.
    """
    regions, interfaces = list(structure.regions), list(structure.interfaces)
    for half, layer, delta in ((-1, -2, -1), (0, 1, 0)):
        while len(regions) > 2 and _is_part(regions[layer], regions[half]) and _is_nothing(interfaces[delta]):
            del regions[layer], interfaces[delta]
    return Structure(structure.energy, tuple(regions), tuple(interfaces))


def _is_part(layer: Region, half: Region) -> bool:
    same = (layer.potential, layer.exchange, layer.mass) == (half.potential, half.exchange, half.mass)
    return same and layer.spin_orbit == NO_FIELD and (not half.exchange or layer.direction == half.direction)


def _is_nothing(delta: Delta) -> bool:
    return not delta.barrier and not delta.exchange and delta.spin_orbit == NO_FIELD


def _edges(structure: Structure, segment: Segment) -> list[list[float]]:
    """Return k_⊥² where the channels of either half-space close, a segment's ends as they are."""

    def snapped(edge: float) -> float:
        close = structure.same_threshold
        return next((end for end in segment if abs(edge - end) <= close), edge)

    leads: tuple[Region, ...] = structure.left, structure.right
    return [[snapped(float(x)) for x in lead.bands(structure.energy, np.zeros(()))[0]] for lead in leads]


@dataclass(frozen=True)
class Range:
    """A stack's determinant in θ of one range between thresholds; scales up to the largest."""

    structure: Structure
    segment: Segment
    spacing: float
    largest: float

    @cached_property
    def edges(self) -> list[list[float]]:
        """The k_⊥² where the channels of either half-space close."""
        return _edges(self.structure, self.segment)

    @property
    def opaque(self) -> list[Region]:
        """The layers in which no wave travels."""
        largest, energy = np.array(self.largest), self.structure.energy
        return [one for one in self.structure.layers if is_opaque(one, energy, self.segment, largest)]

    def log_determinant(self, theta: Complex, angle: Any, scale: Any) -> Complex:
        """Return its logarithm but for what grows in opaque layers."""
        (lower, upper), spacing = self.segment, self.spacing
        k_perp = np.sqrt(upper) * np.sin(theta) if lower == 0 else np.sqrt(x_of(self.segment, theta))
        left, right = (
            np.stack([wave_number(edge, self.segment, theta, spacing) for edge in pair], axis=-1)
            for pair in self.edges
        )
        found = log_determinant(self.structure, k_perp, angle, scale, (left, right))
        for layer in self.opaque:
            # It grows by e^{κd} of either spin, analytically: what is left has the same zeros.
            q = outgoing(bands_of([layer], self.structure.energy, (k_perp, angle, scale))[0])
            found = found + 1j * layer.thickness * q.sum(axis=(0, 1))
        return found

    def by_harmonics(self, theta: bytes, scale: float, angle: Array) -> tuple[Array, Complex] | None:
        """Return the same's real part, about, and what its exponential is to be multiplied by; or None.

        They are (n,) and (angles, n) at angles (angles, 1), from a series in e^{iφ}.
        """
        found = series_at(self, theta, scale)
        if found is None:
            return None
        size, harmonics = found
        order = np.arange(len(harmonics)) - len(harmonics) // 2
        return size, np.exp(1j * order * angle) @ harmonics


@lru_cache(maxsize=KEPT)
def series_at(at: Range, theta: bytes, scale: float) -> tuple[Array, Complex] | None:
    """Return a determinant's size (n,) at θ (n,), and its series in e^{iφ} (harmonics, n); None if long."""
    there = np.frombuffer(theta, dtype=complex)[None]
    turns = FEWEST
    while turns <= HARMONICS:
        turn = 2 * np.pi * np.arange(turns)[:, None] / turns
        logs = at.log_determinant(there, turn, np.full((1, 1), scale))
        size = logs.real.max(axis=0)
        series = np.fft.fftshift(np.fft.fft(np.exp(logs - size), axis=0), axes=0) / turns
        lacks = np.abs(series[np.arange(-LACKING, LACKING)]).max(axis=0)
        if np.all(lacks < NOISE * np.abs(series).max(axis=0)):
            return size, series
        turns *= 2
    return None


def stack_poles(
    structure: Structure, segment: Segment, angle: Array, scale: Array, spacing: float = 0, reach: float = RHO
) -> Complex:
    """Return the poles in θ near one range between thresholds, as `poles` does for a bare interface.

    The spacing is that of finite differences in the half-spaces; the ellipse's ρ is up to `reach`, or to RHO
    around each piece of a range.
    """
    angle, scale = np.broadcast_arrays(np.asarray(angle, dtype=float), np.asarray(scale, dtype=float))
    lower, upper = segment
    if upper - lower <= THINNEST * upper:
        return np.zeros((*angle.shape, 0), dtype=complex)
    structure = without_own_layers(structure)
    phi, s = angle.reshape(-1, 1), scale.reshape(-1, 1)
    at = Range(structure, segment, spacing, float(np.abs(scale).max(initial=0)))
    reference: dict[str, float] = {}

    def f(theta: Complex, rows: Index) -> Complex:
        alike = len(theta) == 1 and len(phi) >= FEWEST and np.ptp(s[rows]) == 0
        found = at.by_harmonics(theta.tobytes(), float(s[rows[0], 0]), phi[rows]) if alike else None
        if found is None:
            log = at.log_determinant(theta, phi[rows], s[rows])
            found = log.real, np.exp(1j * log.imag)
        size, value = found
        # One size for all of a piece: it may be beyond doubles, and zeros do not depend on it.
        whole = reference.setdefault("size", float(np.nanmedian(size)))
        return np.asarray(value * np.exp(np.clip(size - whole, -300, 300)))

    branch_points = [0.0, *itertools.chain(*at.edges)]
    found = [np.zeros((phi.size, 0), dtype=complex)]
    # By pieces, the first and the last of which have what lies beyond.
    ends = np.linspace(0, np.pi / 2, _pieces(structure, at.opaque, segment, scale) + 1)
    for a, b in itertools.pairwise(ends):
        reference.clear()
        rho = analytic_radius(segment, branch_points, (a, b), reach if len(ends) == 2 else RHO)
        there = zeros_near(f, phi.size, a, b, rho)
        mine = ((there.real >= a) | (a == 0)) & ((there.real < b) | (b == ends[-1]))
        found.append(np.where(mine, there, np.nan))
    together = np.concatenate(found, axis=1)
    together = np.take_along_axis(together, np.argsort(np.isnan(together), axis=1, kind="stable"), axis=1)
    most = int((~np.isnan(together)).sum(axis=1).max(initial=0))
    return together[:, :most].reshape(*angle.shape, most)


def is_opaque(layer: Region, energy: float, segment: Segment, scale: Array) -> bool:
    """Whether no wave travels in a layer, in all of a range and around it."""
    lower, upper = segment
    field = np.abs(scale).max(initial=0) * np.linalg.norm(layer.spin_orbit) * np.sqrt(upper)
    highest = layer.mass * (energy - layer.potential + layer.exchange + field)
    return bool(highest < lower - AROUND * (upper - lower))


def _pieces(structure: Structure, opaque: list[Region], segment: Segment, scale: Array) -> int:
    """Return in how many pieces a range is searched: waves turn by PHASE in each, where they may travel."""
    k_perp, turned = np.sqrt(np.array(segment)), 0.0
    strengths = np.abs(scale).max(initial=0) * np.array([1, -1])[:, None]
    for layer in structure.layers:
        if layer not in opaque:
            q = outgoing(layer.bands(structure.energy, k_perp, 0.3, strengths)[0])
            turned += layer.thickness * float(np.abs(q[..., 1, :] - q[..., 0, :]).max())
    if not turned / PHASE < MOST_PIECES:
        raise EngineError(
            f"waves turn by {turned:.3g} radians in the layers: a thickness, mass, energy or spin-orbit term "
            f"is too large; expected at most {PHASE * MOST_PIECES:g}"
        )
    return max(1, round(turned / PHASE))


def stack_kinks(structure: Structure, scale: Array) -> Complex:
    """Return the complex angles of k, real parts modulo π, at which a pole is at a threshold.

    There the determinant is a Laurent series in e^{iφ}: its zeros next to the unit circle count.
    """
    found, structure = [np.zeros(0, dtype=complex)], without_own_layers(structure)
    leads, some = (structure.left, structure.right), scale[scale != 0]
    turn = 2 * np.pi * np.arange(HARMONICS) / HARMONICS + 0j
    k_perp = np.sqrt(np.array(structure.thresholds()[1:]))[:, None]
    q2 = [lead.bands(structure.energy, k_perp)[0] for lead in leads]
    waves = [outgoing(np.where(np.abs(one) <= structure.same_threshold, 0.0, one))[None] for one in q2]
    logs = log_determinant(structure, k_perp[None], turn[None, None], some[:, None, None], waves)
    for log in logs.reshape(-1, HARMONICS):
        series = np.fft.fftshift(np.fft.fft(np.exp(log - log.real.max())))[::-1] / HARMONICS
        series[np.abs(series) < NOISE * np.abs(series).max()] = 0
        zeros = np.roots(np.trim_zeros(series))
        angles = -1j * np.log(zeros[zeros != 0])
        found.append(angles[np.abs(angles.imag) < NEAR])
    kinks = np.concatenate(found)
    return np.unique(np.mod(kinks.real, np.pi) + 1j * np.abs(kinks.imag))
