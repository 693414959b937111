"""Poles of any stack's scattering states: zeros of the determinant of its equations, for every scale."""

from __future__ import annotations

import itertools
from functools import lru_cache

import numpy as np

from sotcheck.engines.poles import FAR, NEAR, RHO, THINNEST, Segment, analytic_radius, poles  # fmt: skip
from sotcheck.engines.stack import outgoing
from sotcheck.engines.stack_determinant import (
    FEWEST,
    HARMONICS,
    NOISE,
    TOGETHER,
    Pieces,
    edges_of,
    extreme_angles,
    log_determinant,
    opaque_layers,
    series_at,
    without_own_layers,
)  # fmt: skip
from sotcheck.errors import EngineError
from sotcheck.numerics.angles import separating
from sotcheck.numerics.arrays import Array, Complex, Index
from sotcheck.numerics.zeros import zeros_near
from sotcheck.system.interface import Interface
from sotcheck.system.model import System
from sotcheck.system.structure import Structure

#: Phase of the waves in layers beyond which a range is searched by pieces.
PHASE = 6.0
#: Pieces that a range may have: minutes.
MOST_PIECES = 2000


def poles_near(system: System, segment: Segment, angle: Array, scale: Array, spacing: float) -> Complex:
    """Return the poles of any system's states, a bare interface's in closed form."""
    if isinstance(system, Interface):
        return poles(system, segment, angle, scale, spacing=spacing)
    structure = system.structure
    if segment not in itertools.pairwise(structure.thresholds()):
        return stack_poles(structure, segment, angle, scale, spacing=spacing, reach=FAR)
    angle, scale = np.asarray(angle, dtype=float), np.asarray(scale, dtype=float)
    shapes = angle.shape, scale.shape
    return _of_all_ranges(structure, angle.tobytes(), scale.tobytes(), shapes, spacing)[segment]


def kinks_of(structure: Structure, scale: Array) -> Array:
    """Return the angles of k, modulo π, at which the k_⊥ integral of a stack is not smooth."""
    return separating(stack_kinks(structure, scale))


def stack_poles(
    structure: Structure, segment: Segment, angle: Array, scale: Array, spacing: float = 0, reach: float = RHO
) -> Complex:
    """Return the poles in θ near one range between thresholds, as `poles` does for a bare interface.

    The spacing is that of finite differences in the half-spaces; the ellipse's ρ is up to `reach`, or to RHO
    around each piece of a range.
    """
    return _by_range(structure, [segment], angle, scale, spacing, reach)[segment]


@lru_cache(maxsize=1)
def _of_all_ranges(
    structure: Structure, angle: bytes, scale: bytes, shapes: tuple[tuple[int, ...], ...], spacing: float
) -> dict[Segment, Complex]:
    """Return the same of all ranges, which sums ask for one by one: together they cost little more."""
    phi, s = (np.frombuffer(one).reshape(shape) for one, shape in zip((angle, scale), shapes, strict=True))
    return _by_range(structure, list(itertools.pairwise(structure.thresholds())), phi, s, spacing, FAR)


def forget_poles() -> None:
    """Forget what is known of poles: for measurements as if for the first time."""
    series_at.cache_clear()
    _of_all_ranges.cache_clear()


def turning_points(structure: Structure, segments: list[Segment], scale: Array, spacing: float) -> Complex:
    """Return θ near ranges at which a pole turns as the angle of k does, (ranges, most), NaN where fewer.

    Of a stack with one spin-orbit term, `is_first_order`.
    """
    angles = extreme_angles(structure)
    angles = None if angles is None else angles[:, None]
    found = _by_range(structure, segments, angles, scale, spacing, RHO)
    rows = [one.ravel() for one in found.values()]
    most = max(map(len, rows))
    return np.array([np.pad(one, (0, most - len(one)), constant_values=np.nan) for one in rows])


def _by_range(
    structure: Structure,
    segments: list[Segment],
    angle: Array | None,
    scale: Array,
    spacing: float,
    reach: float,
) -> dict[Segment, Complex]:
    """Return the poles near ranges, each in pieces, the first and the last of which have what is beyond.

    Or else, of no angle, where they turn.
    """
    turning = angle is None
    angle, scale = np.broadcast_arrays(
        np.asarray(0.0 if angle is None else angle, dtype=float), np.asarray(scale, dtype=float)
    )
    structure, phi, s = without_own_layers(structure), angle.ravel(), scale.ravel()
    ends, of, rho = list[Segment](), list[Segment](), list[float]()
    for segment in segments:
        if segment[1] - segment[0] <= THINNEST * segment[1]:
            continue
        branch_points = [0.0, *itertools.chain(*edges_of(structure, segment))]
        parts = list(itertools.pairwise(np.linspace(0, np.pi / 2, _pieces(structure, segment, s) + 1)))
        ends, of = ends + parts, of + [segment] * len(parts)
        around = reach if len(parts) == 1 else RHO
        rho += [analytic_radius(segment, branch_points, part, around) for part in parts]
    at = Pieces(structure, tuple(of), tuple(ends), spacing, float(np.abs(s).max(initial=0)))
    if not ends:
        return {segment: np.zeros((*angle.shape, 0), dtype=complex) for segment in segments}
    # One size for all of a piece: it may be beyond doubles, and zeros do not depend on it.
    reference = np.full(len(ends), np.nan)

    def f(u: Complex, rows: Index) -> Complex:
        u = np.broadcast_to(u, (len(rows), u.shape[1]))
        # Some pieces at once: many would take much memory.
        group = rows // len(phi) // max(1, TOGETHER // u.shape[1])
        cuts = np.flatnonzero(np.diff(group)) + 1
        parts = zip(np.split(u, cuts), np.split(rows, cuts), strict=True)
        return np.concatenate([of_some(*part) for part in parts])

    def of_some(u: Complex, rows: Index) -> Complex:
        piece, one = np.divmod(rows, len(phi))
        which, first, back = np.unique(piece, return_index=True, return_inverse=True)
        series, own = None, s[one]
        if (
            not turning
            and len(rows) >= FEWEST * len(which)
            and np.ptp(own) == 0
            and np.array_equal(u, u[first][back])
        ):
            series = series_at(at, u[first].tobytes(), tuple(which.tolist()), float(own[0]))
        if series is None:
            if turning:
                log = at.log_turning(u, piece, own[:, None])
            else:
                log = at.log_determinant(u, piece, phi[one][None, :, None], own[None, :, None])[0]
            size, value = log.real, np.exp(1j * log.imag)
        else:
            order = np.arange(series[1].shape[1]) - series[1].shape[1] // 2
            size = series[0][back]
            value = (np.exp(1j * np.outer(phi[one], order))[:, None] @ series[1][back])[:, 0]
        for p in which[np.isnan(reference[which])]:
            # The median, what is no number coming last.
            sizes = np.sort(size[piece == p], axis=None)
            reference[p] = sizes[(~np.isnan(sizes)).sum() // 2]
        return np.asarray(value * np.exp(np.clip(size - reference[piece][:, None], -300, 300)))

    found = zeros_near(f, len(ends) * len(phi), -1.0, 1.0, np.repeat(rho, len(phi)))
    theta = at.theta(found, np.repeat(np.arange(len(ends)), len(phi)))
    theta = theta.reshape(len(ends), len(phi), found.shape[1])
    poles = dict[Segment, Complex]()
    for segment in segments:
        together = [np.zeros((len(phi), 0), dtype=complex)]
        for (a, b), own, there in zip(ends, of, theta, strict=True):
            if own == segment:
                mine = ((there.real >= a) | (a == 0)) & ((there.real < b) | (b == np.pi / 2))
                together.append(np.where(mine, there, np.nan))
        there = np.concatenate(together, axis=1)
        there = np.take_along_axis(there, np.argsort(np.isnan(there), axis=1, kind="stable"), axis=1)
        most = int((~np.isnan(there)).sum(axis=1).max(initial=0))
        poles[segment] = there[:, :most].reshape(*angle.shape, most)
        poles[segment].flags.writeable = False
    return poles


def _pieces(structure: Structure, segment: Segment, scale: Array) -> int:
    """Return in how many pieces a range is searched: waves turn by PHASE in each, where they may travel."""
    k_perp, turned = np.sqrt(np.array(segment)), 0.0
    opaque = opaque_layers(structure, segment, float(np.abs(scale).max(initial=0)))
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
