"""Resonances of an unperturbed stack: where in k_⊥² they lie, and how narrow they are.

Junction by junction the equations for the waves that go out have the determinant

    det(X̂_left + Ŷ_0 − κ̂_0) ∏ det(X̂ + Ŷ') det(1 + e^{iQ̂d} ρ̂ e^{iQ̂d}) / det(2X̂ e^{iQ̂d})

over all layers, with the admittances of `distorted`. In x = x₁ + (x₂ − x₁) sin²θ between thresholds it is
analytic, and its zeros are the resonances. Where all magnetism has one axis every spin has its own.

At x₀ the matrix Ĝ⁻¹ = Ŷ_right + Ŷ_left − κ̂ of the junction where a state is at home is D (x − x₀) + iw in the
direction R of its null vector. As no flux is lost w = Σ_in |R†b̂|²/4 with b̂ = Ĝ⁻¹ψ of what comes in: the width
w/|D| is known however small it is, and is zero where every channel of a state's spin is closed.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import pairwise

import numpy as np

from sotcheck.errors import EngineError
from sotcheck.numerics.arrays import Array, Complex, Index
from sotcheck.numerics.zeros import parameter, zeros_near
from sotcheck.system.spin import IDENTITY, dagger, projectors
from sotcheck.system.structure import NO_FIELD, Delta, Region, Structure
from sotcheck.theory.distorted import Medium, Unperturbed, kappas_of

Segment = tuple[float, float]

#: Zeros are looked for in the ellipse of this parameter, and no farther than this part towards a threshold.
RHO, CLEAR = 1.5, 0.9
#: Phase of waves in layers beyond which a range is searched by pieces; how often one is cut in two at most.
PHASE, CUTS = 6.0, 4
#: Ranges thinner than this (relative) are rounding of two band edges.
THINNEST = 1e-9
#: Widths in x, relative to it, below which no node sees a state; the part of its room that is its window.
NARROW, WINDOW = 1e-9, 5e-4
#: States less wide than this in θ have nodes of their own.
WIDE = 0.03
#: Zeros this close to the axis of θ get their width from the flux.
CLOSE = 1e-5
#: Step in x, in units of the range, of derivatives there, and how far off, in steps, a state is looked at
#: from; axes this close to parallel are parallel.
STEP, OFF, PARALLEL = 1e-4, 1e-9, 1e-14


@dataclass(frozen=True)
class Resonance:
    """A state at x = k_⊥² whose square falls to a half at x ± width; zero width: it is bound.

    `room` is how far away in x the next state is, or the end of its range. Next to a range, not `inside` it,
    states are on the other side of a threshold's square root: images of some, or virtual ones.
    """

    segment: Segment
    k_perp2: float
    width: float
    inside: bool
    room: float = 0.0

    @property
    def window(self) -> float:
        """How far in x from it nodes keep, where it is unseen."""
        return WINDOW * max(self.room, NARROW * self.segment[1])

    @property
    def unseen(self) -> bool:
        """Whether it is too narrow for nodes, of which there are no more than doubles, and not bound."""
        return self.inside and 0 < self.width < NARROW * self.segment[1]


def common_axis(structure: Structure) -> Array | None:
    """Return the axis along which all magnetism lies, z for none; None if there is no such axis."""
    parts: list[Region | Delta] = [*structure.regions, *structure.interfaces]
    magnetic = [one for one in parts if one.exchange]
    axes = [np.array(one.direction) for one in magnetic] or [np.array([0.0, 0.0, 1.0])]
    aligned = all(np.linalg.norm(np.cross(one, axes[0])) <= PARALLEL for one in axes)
    return axes[0] if aligned else None


def trimmed(structure: Structure) -> Structure:
    """Return a stack without layers that are a part of a half-space: they would reflect nothing at all."""
    regions, deltas = list(structure.regions), list(structure.interfaces)
    for half, layer, delta in ((0, 1, 0), (-1, -2, -1)):
        while len(regions) > 2 and _same(regions[half], regions[layer]):
            here = deltas[delta]
            if here.barrier or here.exchange:
                break
            del regions[layer], deltas[delta]
    return Structure(structure.energy, tuple(regions), tuple(deltas))


def _same(half: Region, layer: Region) -> bool:
    aside = {"thickness": 1.0, "spin_orbit": NO_FIELD, "magnetic": True}
    if not half.exchange:
        aside["direction"] = layer.direction
    return replace(half, **aside) == replace(layer, **aside)  # type: ignore[arg-type]


def _outside(region: Region, structure: Structure, segment: Segment, theta: Complex) -> Medium:
    """Return a half-space at complex θ: as analytic as √(gap + W cos²θ), and iκ beyond its threshold."""
    lower, upper = segment
    width, close = upper - lower, structure.same_threshold
    waves = []
    for sign in (1.0, -1.0):
        edge = region.mass * (structure.energy - region.potential - sign * region.exchange)
        is_open = edge >= upper - close
        gap, part = (edge - upper, np.cos(theta)) if is_open else (lower - edge, np.sin(theta))
        root = np.sqrt(width) * part if abs(gap) <= close else np.sqrt(gap + width * part**2)
        waves.append(root if is_open else 1j * root)
    return Medium(region, np.stack(waves, axis=-1))


def _within(region: Region, energy: float, x: Complex) -> Medium:
    """Return a layer at complex x = k_⊥²: of its waves even functions are left."""
    split = region.exchange * np.array([1.0, -1.0])
    q2 = region.mass * (energy - region.potential - split) - x[..., None]
    return Medium(region, 1j * np.sqrt(-q2 + 0j))


def _opaque(layer: Region, energy: float, segment: Segment) -> bool:
    """Whether no wave travels in a layer in all of a range, and around it."""
    lower, upper = segment
    return layer.mass * (energy - layer.potential + layer.exchange) < lower - 0.15 * (upper - lower)


def log_determinants(structure: Structure, segment: Segment, theta: Complex) -> Complex:
    """Return the logarithm of the determinant at θ (n,), or of both spins', (1 or 2, n)."""
    axis, (lower, upper) = common_axis(structure), segment
    x: Complex = np.asarray(lower + (upper - lower) * np.sin(theta) ** 2, dtype=complex)

    def parts(matrix: Complex) -> Complex:
        if axis is None:
            return np.linalg.det(matrix)[None]
        return np.einsum("sij,...ji->s...", projectors(axis), matrix)

    def logs(matrix: Complex) -> Complex:
        return np.log(parts(matrix))

    media = [_within(layer, structure.energy, x) for layer in structure.layers]
    kappas, total = kappas_of(structure), np.zeros(1, dtype=complex)
    admittance = _outside(structure.right, structure, segment, theta).admittance
    for medium, kappa in zip(media[::-1], kappas[:0:-1], strict=True):
        own, through, beyond = medium.admittance, medium.through, admittance - kappa
        back = through @ np.linalg.solve(own + beyond, own - beyond) @ through
        total = total + logs(own + beyond) + logs(IDENTITY + back) - logs(2 * own)
        if not _opaque(medium.region, structure.energy, segment):
            total = total - logs(through)
        admittance = own @ (IDENTITY - back) @ np.linalg.inv(IDENTITY + back)
    first = _outside(structure.left, structure, segment, theta).admittance
    return np.asarray(total + logs(first + admittance - kappas[0]))


def _zeros(structure: Structure, segment: Segment, ends: tuple[float, float], cuts: int = CUTS) -> Complex:
    """Return the zeros next to a piece of a range, by spin where it has an axis, (1 or 2, most)."""
    number, (lower, upper) = 1 if common_axis(structure) is None else 2, segment
    size: list[float] = []

    def f(theta: Complex, rows: Index) -> Complex:
        theta = np.broadcast_to(theta, (len(rows), theta.shape[-1]))
        with np.errstate(all="ignore"):
            logs = log_determinants(structure, segment, theta.ravel()).reshape(number, *theta.shape)
            logs = logs[rows, np.arange(len(rows))]
            if not size:
                size.append(float(np.nanmedian(logs.real)))
            # Beyond doubles there is no value: whoever counts zeros says so.
            return np.asarray(np.exp(np.clip(logs.real - size[0], -300, 300) + 1j * logs.imag))

    rho = RHO
    for half in (structure.left, structure.right):
        for edge in half.mass * (structure.energy - np.array(half.edges)):
            if min(abs(edge - lower), abs(edge - upper)) > structure.same_threshold:
                branch = np.arcsin(np.sqrt(complex((edge - lower) / (upper - lower))))
                rho = min(rho, 1 + CLEAR * (float(parameter(*ends, np.array(branch))) - 1))
    try:
        return zeros_near(f, number, *ends, rho)
    except EngineError:
        if not cuts:
            raise
    middle = (ends[0] + ends[1]) / 2
    halves = (ends[0], middle), (middle, ends[1])
    return np.concatenate([_zeros(structure, segment, one, cuts - 1) for one in halves], axis=1)


def _pieces(structure: Structure, segment: Segment) -> list[tuple[float, float]]:
    """Return pieces of θ in each of which waves in layers turn, or decay, by PHASE at most."""
    turned = 0.0
    for layer in structure.layers:
        if not _opaque(layer, structure.energy, segment):
            q = _within(layer, structure.energy, np.array(segment, dtype=complex)).q
            turned += layer.thickness * float(np.abs(q[1] - q[0]).max())
    return list(pairwise(np.linspace(0, np.pi / 2, max(1, round(turned / PHASE)) + 1).tolist()))


def _home(structure: Structure, x: Array) -> tuple[Complex, Complex]:
    """Return Ĝ⁻¹ (junctions, n, 2, 2) and b̂ (junctions, n, 2, 4) at x (n,)."""
    found = Unperturbed.of(structure, x)
    sides = zip(found.from_left.admittance, found.from_right.admittance, kappas_of(structure), strict=True)
    inverse = np.stack([one + other - kappa for one, other, kappa in sides])
    psi = np.stack([found.at(n) for n in range(len(inverse))])
    return inverse, inverse @ psi


def width_of(structure: Structure, x: float, step: float, spin: Complex | None) -> float:
    """Return the half-width in x of a narrow state at x; `spin` projects on its spin, if that is known."""
    inverse, arriving = _home(structure, x + step * np.array([OFF, 1.0, -1.0]))
    through = inverse if spin is None else spin @ inverse @ spin + (IDENTITY - spin) * np.abs(inverse).max()
    home = int(np.argmin(np.linalg.svd(through[:, 1:], compute_uv=False)[..., -1].sum(axis=-1)))
    values, vectors = np.linalg.eigh((through[home, 0] + dagger(through[home, 0])) / 2)
    R = vectors[:, np.abs(values).argmin()]
    slope = float(np.abs(R.conj() @ (inverse[home, 1] - inverse[home, 2]) @ R)) / (2 * step)
    b = arriving[home, 1:] if spin is None else spin @ arriving[home, 1:]
    return float((np.abs(R.conj() @ b) ** 2).sum(axis=-1).mean()) / 4 / slope


def _closed(structure: Structure, upper: float, spin: Array) -> bool:
    """Whether neither half-space has waves of a spin in the range up to `upper`."""
    below = upper - structure.same_threshold
    halves = structure.left, structure.right
    signs = (float(np.sign(spin @ half.direction)) for half in halves)
    highest = (
        half.mass * (structure.energy - half.potential - sign * half.exchange)
        for half, sign in zip(halves, signs, strict=True)
    )
    return all(edge < below for edge in highest)


def _in_range(structure: Structure, segment: Segment) -> Iterator[Resonance]:
    lower, upper = segment
    axis = common_axis(structure)
    spins = [None] if axis is None else list(projectors(axis))
    bound = [False] if axis is None else [_closed(structure, upper, sign * axis) for sign in (1, -1)]
    for a, b in _pieces(structure, segment):
        for spin, closed, zeros in zip(spins, bound, _zeros(structure, segment, (a, b)), strict=True):
            for theta in zeros[~np.isnan(zeros)].tolist():
                # The first piece and the last have what lies beyond.
                if (theta.real < a and a > 0) or (theta.real >= b and b < np.pi / 2):
                    continue
                at = lower + (upper - lower) * np.sin(theta) ** 2
                width, room = abs(at.imag), min(at.real - lower, upper - at.real)
                inside = bool(0 < theta.real < np.pi / 2 and room > 0)
                if inside and abs(theta.imag) < CLOSE:
                    width = 0.0 if closed else width_of(structure, at.real, STEP * room, spin)
                yield Resonance(segment, float(at.real), float(width), inside)


@lru_cache(maxsize=32)
def resonances(structure: Structure) -> tuple[Resonance, ...]:
    """Return the states of an unperturbed stack next to the ranges between its thresholds."""
    structure, found = trimmed(structure), []
    for segment in pairwise(structure.thresholds()):
        if segment[1] - segment[0] > THINNEST * segment[1]:
            found += list(_in_range(structure, segment))

    def room(one: Resonance) -> float:
        others = [abs(a.k_perp2 - one.k_perp2) + a.width for a in found if a is not one and a.inside]
        return min([abs(end - one.k_perp2) for end in one.segment] + others)

    return tuple(replace(one, room=room(one)) for one in found)


@dataclass(frozen=True)
class Places:
    """Where a sum over k_⊥ has to look: `edges` besides thresholds, `crowds` as of `sum_over_k`.

    Within `windows`, (x, half-width), lie states that it is not to look at.
    """

    edges: list[float]
    crowds: list[float]
    windows: list[tuple[float, float]]

    @classmethod
    def of(cls, structure: Structure) -> Places:
        """Return them for an unperturbed stack: narrow states are ends of ranges, to which nodes crowd."""
        edges, crowds, windows = [], [], []
        for one in sorted(resonances(structure), key=lambda one: one.width):
            (lower, upper), x, width = one.segment, one.k_perp2, one.width
            slope = 2 * np.sqrt(max((x - lower) * (upper - x), 0.0))
            if one.unseen:
                windows.append((x, one.window))
                edges += [x - one.window, x, x + one.window]
            elif not one.inside:
                crowds += [end + side * abs(end - x) for end, side in ((lower, -1), (upper, 1)) if x != end]
            elif 0 < width < WIDE * slope and all(abs(x - edge) > width for edge in edges):
                edges.append(x)
                crowds += [x - width, x + width]
        return cls(edges, crowds, windows)

    def seen(self, x: Array) -> Array:
        """Return x, within windows the nearer end of them."""
        for at, half in self.windows:
            near = np.abs(x - at) < half
            x = np.where(near, np.where(x < at, at - half, at + half), x)
        return x
