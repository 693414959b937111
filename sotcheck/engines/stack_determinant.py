"""The determinant of a stack's equations in θ, on ranges between thresholds, and its series in the angle.

Between thresholds x = x₁ + (x₂ − x₁) sin²θ makes the wave numbers of the half-spaces analytic in θ; those of
layers come in even powers only, whatever their axis of spin.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np

from sotcheck.engines.layer import bands_of
from sotcheck.engines.poles import Segment, wave_number, x_of
from sotcheck.engines.recursion import passed_through
from sotcheck.engines.stack import joined, outgoing
from sotcheck.numerics.arrays import Array, Complex, Index
from sotcheck.system.structure import NO_FIELD, Delta, Region, Structure, Z

#: Harmonics of the determinant in the angle of k, and what of them is rounding.
HARMONICS, NOISE = 64, 1e-13
#: Angles at least at which that series is found, terms at either end that are rounding, and series kept.
FEWEST, LACKING, KEPT = 8, 1, 64
#: Rounding of matrices and directions.
ISOTROPIC = 1e-14
#: Angles that tell a series of the first order.
THIRDS: Array = 2 * np.pi * np.arange(3) / 3
#: Points of pieces that are looked at together.
TOGETHER = 1024
#: Amplified rounding beyond which a determinant is that of all equations at once.
LOST = 1e12
#: How far below a range in x, in its widths, the ellipses around it reach.
AROUND = 0.15


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


def edges_of(structure: Structure, segment: Segment) -> list[list[float]]:
    """Return k_⊥² where the channels of either half-space close, a segment's ends as they are."""

    def snapped(edge: float) -> float:
        close = structure.same_threshold
        return next((end for end in segment if abs(edge - end) <= close), edge)

    leads: tuple[Region, ...] = structure.left, structure.right
    return [[snapped(float(x)) for x in lead.bands(structure.energy, np.zeros(()))[0]] for lead in leads]


def is_first_order(structure: Structure) -> bool:
    """Whether determinants are of the first order in e^{iφ}, e^{−iφ}: of one spin-orbit term, isotropic.

    Of w = s A k at an interface the second order is that of w·w: none where A is alike in all directions.
    """
    sites = [np.array(one.spin_orbit) for one in structure.interfaces if one.spin_orbit != NO_FIELD]
    if len(sites) != 1 or any(layer.spin_orbit != NO_FIELD for layer in structure.layers):
        return False
    (xx, xy), (_, yy) = sites[0].T @ sites[0]
    return bool(np.hypot(xx - yy, 2 * xy) <= ISOTROPIC * (xx + yy))


def extreme_angles(structure: Structure) -> Array | None:
    """Return the angles of k at which w is along the axis of all magnetism, (2,); one if it is always across.

    None where there are several such axes.
    """
    parts: list[Region | Delta] = [*structure.regions, *structure.interfaces]
    axes = np.array([part.direction for part in parts if part.exchange] or [Z])
    if np.abs(np.cross(axes, axes[0])).max() > ISOTROPIC:
        return None
    (A,) = (np.array(one.spin_orbit) for one in structure.interfaces if one.spin_orbit != NO_FIELD)
    x, y = axes[0] @ A
    turns = np.hypot(x, y) > ISOTROPIC * np.abs(A).max()
    return np.arctan2(y, x) + np.pi * np.arange(2 if turns else 1)


def opaque_layers(structure: Structure, segment: Segment, largest: float) -> list[Region]:
    """Return the layers in which no wave travels, at scales up to the largest."""
    scale = np.array(largest)
    return [one for one in structure.layers if is_opaque(one, structure.energy, segment, scale)]


def is_opaque(layer: Region, energy: float, segment: Segment, scale: Array) -> bool:
    """Whether no wave travels in a layer, in all of a range and around it."""
    lower, upper = segment
    field = np.abs(scale).max(initial=0) * np.linalg.norm(layer.spin_orbit) * np.sqrt(upper)
    highest = layer.mass * (energy - layer.potential + layer.exchange + field)
    return bool(highest < lower - AROUND * (upper - lower))


@dataclass(frozen=True)
class Pieces:
    """A stack's determinant on pieces of ranges between thresholds; each is −1 ≤ u ≤ 1, linear in θ.

    `ends` are those in θ, of each piece's own range; scales are up to the largest.
    """

    structure: Structure
    segments: tuple[Segment, ...]
    ends: tuple[Segment, ...]
    spacing: float
    largest: float

    def theta(self, u: Complex, piece: Index) -> Complex:
        """Return θ (rows, n) at u of pieces (rows,)."""
        start, end = np.array(self.ends)[piece].T[:, :, None]
        return (start + end) / 2 + (end - start) / 2 * u

    def log_determinant(self, u: Complex, piece: Index, angle: Array, scale: Array) -> Complex:
        """Return its logarithm but for what grows in opaque layers, (..., rows, n).

        At u (rows, n) of pieces (rows,), angles (..., rows or 1, 1) and scales of as many axes.
        """
        theta = self.theta(u, piece)
        k_perp = np.empty_like(theta)
        left, right = (np.empty((*theta.shape, 2), dtype=complex) for _ in range(2))
        ranges: dict[Segment, list[int]] = {}
        for row, which in enumerate(piece.tolist()):
            ranges.setdefault(self.segments[which], []).append(row)
        for segment, rows in ranges.items():
            at, (lower, upper) = theta[rows], segment
            k_perp[rows] = np.sqrt(upper) * np.sin(at) if lower == 0 else np.sqrt(x_of(segment, at))
            for waves, edges in zip((left, right), edges_of(self.structure, segment), strict=True):
                for spin, edge in enumerate(edges):
                    waves[rows, :, spin] = wave_number(edge, segment, at, self.spacing)
        grid = k_perp[None], angle, scale
        found = log_determinant(self.structure, *grid, (left[None], right[None]))
        for segment, rows in ranges.items():
            for layer in opaque_layers(self.structure, segment, self.largest):
                # It grows by e^{κd} of either spin, analytically: what is left has the same zeros.
                some = [np.broadcast_to(one, (*one.shape[:-2], *theta.shape))[..., rows, :] for one in grid]
                q = outgoing(bands_of([layer], self.structure.energy, (some[0], some[1], some[2]))[0])
                found[..., rows, :] += 1j * layer.thickness * q.sum(axis=(0, 1))
        return found

    def log_turning(self, u: Complex, piece: Index, scale: Array) -> Complex:
        """Return the logarithm of where poles turn as the angle does, of a `first_order` determinant.

        That is of d₀² − 4 d₋d₊, which two poles of different angles share; (rows, n), scales (rows, 1).
        """
        size, series = first_harmonics(self.log_determinant(u, piece, THIRDS[:, None, None], scale[None]))
        return np.asarray(2 * size + np.log(series[0] ** 2 - 4 * series[1] * series[2]))


def first_harmonics(logs: Complex) -> tuple[Array, Complex]:
    """Return (d₀, d₊, d₋) (3, ...) of d₋e^{−iφ} + d₀ + d₊e^{iφ} over its size, from logarithms at THIRDS."""
    size = logs.real.max(axis=0)
    return size, np.fft.fft(np.exp(logs - size), axis=0) / len(THIRDS)


@lru_cache(maxsize=KEPT)
def series_at(at: Pieces, u: bytes, piece: tuple[int, ...], scale: float) -> tuple[Array, Complex] | None:
    """Return a determinant's size (pieces, n) at u, and its series in e^{iφ} (pieces, harmonics, n), or None.

    There is none if one is too long.
    """
    here = np.frombuffer(u, dtype=complex).reshape(len(piece), -1)
    turn, turns = 2 * np.pi * np.arange(FEWEST)[:, None, None] / FEWEST, FEWEST
    logs = np.zeros((0, *here.shape), dtype=complex)
    while turns <= HARMONICS:
        more = at.log_determinant(here, np.array(piece), turn, np.full((1, 1, 1), scale))
        # The angles halfway between the others come next.
        logs = np.stack([logs, more], axis=1).reshape(turns, *here.shape) if len(logs) else more
        size = logs.real.max(axis=0)
        series = np.fft.fftshift(np.fft.fft(np.exp(logs - size), axis=0), axes=0) / turns
        lacks = np.abs(series[np.arange(-LACKING, LACKING)]).max(axis=0)
        if np.all(lacks < NOISE * np.abs(series).max(axis=0)):
            return size, np.moveaxis(series, 0, 1)
        turn = np.pi * (2 * np.arange(turns)[:, None, None] + 1) / turns
        turns *= 2
    return None
