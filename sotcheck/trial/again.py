"""States held against the contract's Hamiltonian, and summed once more by a plain rule.

A system's file is read by the referee. Jumps and boundary conditions are the contract's own, a layer is a
matrix exponential, and spin currents are written out: no formula of the engines, the model or the
quadrature is used, so that a fault that all of these share shows.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np

from sotcheck.engines import Engine
from sotcheck.engines.determinant import poles_near
from sotcheck.numerics.arrays import Array, Complex
from sotcheck.numerics.convergence import richardson
from sotcheck.numerics.estimate import Estimate
from sotcheck.referee.reading import Problem, read
from sotcheck.system.model import SOURCES, System
from sotcheck.system.states import States
from sotcheck.trial.stack_expansion import strength
from sotcheck.trial.verdict import Comparison, compare

SIGMA = np.array([[[0, 1], [1, 0]], [[0, -1j], [1j, 0]], [[1, 0], [0, -1]]])
ONE = np.eye(2)
#: Gauss–Legendre nodes in each range between thresholds, of the first rule and at most; equidistant angles.
NODES, MOST_NODES, ANGLES = 16, 128, 32
FIRST_ANGLE = 0.123
#: Nodes in a layer, where its spin is integrated.
INSIDE = 8
FLOWS = ("spin_current_minus", "spin_current_plus", "lattice", "interface")
#: Distance of a pole from the real axis, in θ and spacings of nodes, below which they may miss it; how lucky
#: they may be; and the error relative to the largest flow that is small enough.
NARROW, SAFETY, ENOUGH = 3.2, 4.0, 1e-3
#: Part of the scale at which flows are about linear in it.
SMALL = 0.02
#: Equidistant angles that suffice there.
FEW = 16
#: Where equations are tried, in each range and all round.
SOME_NODES, SOME_ANGLES = 4, 5
#: Rounding errors of a residual, in units of the largest error of ψ.
OPERATIONS = 8.0


@dataclass(frozen=True)
class Equations:
    """H of a stack in doubles, as the referee reads it; its spin-orbit terms are times the scale."""

    problem: Problem
    k_perp: Array
    angle: Array

    def spin(self, vector: Any) -> Complex:
        """Return σ·v of three balls."""
        return np.tensordot([float(one) for one in vector], SIGMA, axes=1)

    def field(self, part: Any) -> Array:
        """Return w = A k of a layer or an interface, (..., 3): where there is none it has no angle either."""
        rows = [[float(one) for one in row] for row in part.A]
        if not np.any(rows):
            return np.zeros((*self.k_perp.shape, 3))
        k_x, k_y = self.k_perp * np.cos(self.angle), self.k_perp * np.sin(self.angle)
        return np.stack([a * k_x + b * k_y for a, b in rows], axis=-1)

    def kappa(self, n: int) -> Complex:
        """Return u_0 + u_m σ·d + σ·w of an interface."""
        delta = self.problem.deltas[n]
        known = float(delta.u_0) * ONE + float(delta.u_m) * self.spin(delta.d)
        return known + np.tensordot(self.field(delta), SIGMA, axes=1)

    def through(self, n: int, part: float = 1.0) -> Complex:
        """Return the matrix that takes (ψ, ∂_zψ/M) through a part of a layer, (..., 4, 4)."""
        from scipy.linalg import expm

        layer = self.problem.regions[n]
        mass, E = float(layer.mass), float(self.problem.energy)
        H = float(layer.U) * ONE + float(layer.J) * self.spin(layer.d)
        H = H + np.tensordot(self.field(layer), SIGMA, axes=1)
        H = H + (self.k_perp**2 / mass - E)[..., None, None] * ONE
        zero = np.zeros_like(H)
        step = np.concatenate(
            [np.concatenate([zero, mass * ONE + zero], -1), np.concatenate([H, zero], -1)], axis=-2
        )
        return np.asarray(expm(step * float(layer.thickness) * part))

    def outside(self, n: int) -> tuple[Complex, Complex]:
        """Return the velocity of waves that leave into a half-space, and 2i√v of those that come in."""
        region, spin = self.problem.regions[n], self.spin(self.problem.regions[n].d)
        mass, velocity, coming = float(region.mass), 0.0, 0.0
        for sign in (1, -1):
            free = mass * (float(self.problem.energy - region.U) - sign * float(region.J)) - self.k_perp**2
            v = np.where(free > 0, 1, 1j) * np.sqrt(np.abs(free)) / mass
            band = (ONE + sign * spin) / 2
            velocity = velocity + v[..., None, None] * band
            coming = coming + 2j * np.sqrt(v.real)[..., None, None] * band
        return np.asarray(velocity), np.asarray(coming)

    def unsure(self, n: int) -> Array:
        """Return how far rounding of k_z² may take velocities in a half-space, and 2√v of what comes in."""
        region, found = self.problem.regions[n], np.zeros_like(self.k_perp)
        mass, E, U, J = (float(one) for one in (region.mass, self.problem.energy, region.U, region.J))
        rounding = float(np.finfo(float).eps) * (mass * (abs(E) + abs(U) + abs(J)) + self.k_perp**2)
        for sign in (1, -1):
            k_z = np.sqrt(np.maximum(np.abs(mass * (E - U - sign * J) - self.k_perp**2), rounding))
            found = np.maximum(found, rounding / k_z / mass * (1 + np.sqrt(mass / k_z)))
        return found

    def residuals(self, states: States) -> tuple[Array, Array]:
        """Return what the equations leave of states, by problem, and the size of what is subtracted."""
        left, right = (np.moveaxis(one, 1, 0) for one in states.slope)
        psi = np.moveaxis(states.psi, 1, 0)
        parts = [
            (after, before + self.kappa(n) @ here)
            for n, (here, before, after) in enumerate(zip(psi, left, right, strict=True))
        ]
        for n in range(1, len(psi)):
            there = self.through(n) @ np.concatenate([psi[n - 1], right[n - 1]], axis=-2)
            parts += [(psi[n], there[..., :2, :]), (left[n], there[..., 2:, :])]
        (v, come), (V, comes) = self.outside(0), self.outside(-1)
        parts.append((left[0] + 1j * v @ psi[0], np.stack([come, 0 * come])))
        parts.append((right[-1] - 1j * V @ psi[-1], np.stack([0 * comes, -comes])))
        off = np.max([np.abs(a - b).max(axis=(0, -2, -1)) for a, b in parts], axis=0)
        sizes = [np.abs(one).max(axis=(0, -2, -1)) for pair in parts for one in pair]
        return off, np.max(sizes, axis=0)

    def flows(self, states: States) -> Array:
        """Return spin flows by source, (..., 3, 4I + 2L, 3), of ψ and its slopes, in the order of JSON.

        A field b adds b × ψ†σψ; what magnetism takes is that of its own with the opposite sign.
        """
        axis: Complex = self.spin(self.problem.regions[-1].d)
        spins: list[Any] = [ONE, (ONE - axis) / 2, (ONE + axis) / 2]
        parts, weights = np.polynomial.legendre.leggauss(INSIDE)
        inside = [
            [
                (weight / 2, self.through(n, float(1 + part) / 2))
                for part, weight in zip(parts, weights, strict=True)
            ]
            for n in range(1, len(self.problem.regions) - 1)
        ]
        by_source = [self._of_source(states, inside, min(n, 1), spin) for n, spin in enumerate(spins)]
        return np.stack(by_source, axis=-3)

    def _of_source(self, states: States, inside: list[list[Any]], side: int, spin: Complex) -> Array:
        psi, before, after = (one[side] @ spin for one in (states.psi, states.slope[0], states.slope[1]))
        flows = []
        for n, delta in enumerate(self.problem.deltas):
            s = _sandwich(psi[n], psi[n]).real
            flows += [_sandwich(psi[n], before[n]).imag, _sandwich(psi[n], after[n]).imag]
            flows += [np.cross(self.field(delta), s), -np.cross(_times(delta.u_m, delta.d), s)]
        for n, layer in enumerate(self.problem.regions[1:-1]):
            start, s = np.concatenate([psi[n], after[n]], axis=-2), np.zeros(3)
            for weight, through in inside[n]:
                here = (through @ start)[..., :2, :]
                s = s + float(layer.thickness) * weight * _sandwich(here, here).real
            flows += [np.cross(self.field(layer), s), -np.cross(_times(layer.J, layer.d), s)]
        return np.stack(flows, axis=-2)


def _times(size: Any, vector: Any) -> list[float]:
    return [float(size) * float(one) for one in vector]


def _sandwich(bra: Complex, ket: Complex) -> Complex:
    """Return Σ φ†σψ over columns, (..., 3)."""
    return np.asarray(np.einsum("...ac,sab,...bc->...s", bra.conj(), SIGMA, ket))


def by_place(problem: Problem, flows: Array) -> dict[str, Array]:
    """Return flows of a source (4I + 2L, 3), and t, by the place of their numbers in JSON."""
    number, last = len(problem.deltas), problem.regions[-1]
    deltas, layers = flows[: 4 * number].reshape(-1, 4, 3), flows[4 * number :].reshape(-1, 2, 3)
    d, m = (np.array(_times(1, one)) for one in (last.d, problem.m))
    found = {f"interfaces {n} {FLOWS[i]}": deltas[n, i] for n in range(number) for i in range(4)}
    found |= {FLOWS[i]: deltas[0, i] for i in range(4)}
    found |= {
        f"layers {n} {('lattice', 'torque')[i]}": layers[n, i] for n in range(len(layers)) for i in (0, 1)
    }
    right = (deltas[-1, 1] - d * (d @ deltas[-1, 1])) * last.magnetic
    found |= {f"layers {len(layers)} torque": right}
    t = right + layers[:, 1].sum(axis=0) + deltas[:, 3].sum(axis=0)
    found["vector"] = t
    if not problem.along_y:
        axes = np.cross(m, [0, 1, 0]), np.cross(m, np.cross([0, 1, 0], m))
        size = axes[0] @ axes[0]
        found |= {
            name: np.array([t @ axis / size])
            for name, axis in zip(("fieldlike", "dampinglike"), axes, strict=True)
        }
    return found


def ranges(problem: Problem) -> list[tuple[float, float]]:
    """Return the ranges of k_⊥² between thresholds."""
    ends = {float(problem.edge(source)) for source in SOURCES}
    edges = [0.0, *sorted(end for end in ends if end > 0)]
    return list(pairwise(edges))


def nodes(problem: Problem, number: int) -> tuple[Array, Array]:
    """Return k_⊥ and weights of ∫dk_⊥²: x = x₁ + (x₂ − x₁) u²(3 − 2u) takes roots at both ends away."""
    u, w = np.polynomial.legendre.leggauss(number)
    u, w = (u + 1) / 2, w / 2
    parts = [(a + (b - a) * u**2 * (3 - 2 * u), (b - a) * 6 * u * (1 - u) * w) for a, b in ranges(problem)]
    x, weights = (np.concatenate(some) for some in zip(*parts, strict=True))
    return np.sqrt(x), weights


def summed(
    engine: Engine, system: System, tables: dict[str, Any], asked: dict[str, float], number: int, angles: int
) -> Array:
    """Return −(1/4π) ∫d²k_⊥/(2π)² k_x/M of all flows, (3, 4I + 2L, 3), by so many nodes."""
    problem, factor = read(tables, **asked)
    k_perp, weights = nodes(problem, number)
    phi = 2 * np.pi * (np.arange(angles) + FIRST_ANGLE) / angles
    grid = k_perp[:, None], phi
    states = engine.solve(system.structure, *grid, np.array(factor))
    found = Equations(problem, *grid).flows(states)
    by_k = (weights * k_perp)[:, None] * np.cos(phi) / angles
    masses = np.array([float(problem.regions[n].mass) for n in (0, -1, -1)])
    total = np.tensordot(by_k, found, axes=2)
    return np.asarray(total * float(problem.unit) / (-16 * np.pi**2 * masses[:, None, None]))


def solved(engine: Engine, system: System, tables: dict[str, Any], asked: dict[str, float]) -> Comparison:
    """Hold an engine's states against the equations at some k."""
    problem, factor = read(tables, **asked)
    k_perp = nodes(problem, SOME_NODES)[0]
    grid = np.broadcast_arrays(
        k_perp[:, None], FIRST_ANGLE + 2 * np.pi * np.arange(SOME_ANGLES) / SOME_ANGLES
    )
    states = engine.solve(system.structure, grid[0], grid[1], np.array(factor))
    equations = Equations(problem, *grid)
    off, size = equations.residuals(states)
    psi = engine.errors(system.structure, grid[0], grid[1], np.array(factor)).psi.max(axis=-1)
    grows = np.max(
        [np.abs(equations.kappa(n)).max(axis=(-2, -1)) for n in range(len(problem.deltas))], axis=0
    )
    for n in range(1, len(problem.regions) - 1):
        grows = np.maximum(grows, np.abs(equations.through(n)).max(axis=(-2, -1)))
    for n in (0, -1):
        grows = np.maximum(grows, np.abs(equations.outside(n)[0]).max(axis=(-2, -1)))
    waves = np.maximum(equations.unsure(0), equations.unsure(-1))
    largest = 1 + np.abs(states.psi).max(axis=(0, 1, -2, -1))
    error = OPERATIONS * ((1 + grows) * psi + float(np.finfo(float).eps) * size + waves * largest)
    terms = {"rounding": (error, "double precision, carried through the equations")}
    return compare(0.0, off, terms, tell_apart=math.inf)


def plainly(
    engine: Engine, system: System, tables: dict[str, Any], asked: dict[str, float], around: int = ANGLES
) -> Estimate:
    """Return the flows of all k_⊥ by a plain rule, (3, 4I + 2L, 3), its nodes doubled until they are enough.

    A resonance that they may miss makes it as uncertain as it is large.
    """
    problem, factor = read(tables, **asked)
    angles = np.arange(SOME_ANGLES) * 2 * np.pi / SOME_ANGLES + FIRST_ANGLE
    poles = (poles_near(system, one, angles[:, None], np.array([factor]), 0.0) for one in ranges(problem))
    nearest = min(float(np.abs(one.imag).min(initial=np.inf, where=~np.isnan(one))) for one in poles)

    def by(nodes: int, angles: int) -> Array:
        return summed(engine, system, tables, asked, nodes, angles)

    number, fine = NODES, by(NODES, around)
    turned = float(np.abs(fine - by(NODES, around // 2)).max())
    while True:
        number, coarse, fine = 2 * number, fine, by(2 * number, around)
        size, missed = float(np.abs(fine).max()), nearest < NARROW / number
        error = SAFETY * (float(np.abs(fine - coarse).max()) + turned) + missed * size
        if error <= ENOUGH * size or number >= MOST_NODES:
            return Estimate(fine, {"plain rule": (error, f"{number} nodes a range, twice those before")})


def linear(engine: Engine, system: System, tables: dict[str, Any], asked: dict[str, float]) -> Estimate:
    """Return what of these flows is linear in the scale, at the scale asked for: all are odd in it."""
    (name, number), turned = next(iter(asked.items())), strength(system.structure)
    parts = [SMALL * half / max(1.0, abs(number) * turned) for half in (1.0, 0.5, 0.25)]
    # What is linear in k and flows with k_x is cos² φ.
    sums = [plainly(engine, system, tables, {name: number * one}, FEW) * (1 / one) for one in parts]
    noise = np.stack([np.broadcast_to(one.error, one.value.shape) for one in sums])
    return richardson(np.stack([one.value for one in sums]), (2, 4), noise)
