"""All flows of any structure, many problems at once: the kernel `reflected`, and what it is given."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from sotcheck.engines.compiled.interface import closed_form
from sotcheck.engines.compiled.interfaces import (
    arrive,
    begin,
    delta_passed,
    enter,
    go_through,
    layer_passed,
    numbers_of,
)  # fmt: skip
from sotcheck.engines.compiled.jit import kept, shared
from sotcheck.engines.compiled.ports import bands
from sotcheck.engines.compiled.rows import (
    ADDED,
    AFTER,
    BEFORE,
    FLOWS,
    INSIDE,
    K_PERP,
    K_X,
    K_Y,
    KEPT,
    LANES,
    ONWARD,
    ROWS,
    TRIG,
    copy,
    emit,
    gather,
    gathered,
)  # fmt: skip
from sotcheck.engines.spin_flows import spinors_along
from sotcheck.numerics.arrays import Array
from sotcheck.system.structure import Delta, Region, Structure

#: Problems whose sines are found at once.
BLOCK = 2048


@kept
def halves(turns: Array, start: int, stop: int, given: Any, layers: Array) -> None:
    """Write |q|d/2 of both spins in every layer, (L, 2, problems)."""
    w = np.zeros((ROWS, LANES))
    for first in range(start, stop, LANES):
        gather(w, first, min(LANES, stop - first), given)
        for n in range(len(layers)):
            (kinetic, mass, d), J, A = numbers_of(layers, n)
            for lane in range(LANES):
                x = w[K_PERP, lane] * w[K_PERP, lane]
                _, _, up, down = bands(kinetic - x, mass, J, A, w[K_X, lane], w[K_Y, lane])
                w[TRIG, lane], w[TRIG + 1, lane] = math.sqrt(abs(up)) * d / 2, math.sqrt(abs(down)) * d / 2
            emit(turns[n], 0, first - start, w, TRIG, 2, LANES)


@kept
def reflected(
    out: Array, start: int, stop: int, given: Any, trig: Array, layers: Array, deltas: Array,
    something: Array, left: Any, right: Any, nu: float,
) -> None:  # fmt: skip
    """Write the flows of problems from one on and up to another one, (rows, problems)."""
    number = len(deltas)
    w, sites = np.zeros((ROWS, LANES)), np.zeros((number, KEPT, LANES))
    for first in range(start, stop, LANES):
        many = min(LANES, stop - first)
        gather(w, first, many, given)
        begin(w, right, nu)
        for n in range(number - 1, 0, -1):
            if something[n]:
                delta_passed(w, numbers_of(deltas, n), nu)
            else:
                for row in range(BEFORE - AFTER):
                    for lane in range(LANES):
                        w[BEFORE + row, lane] = w[AFTER + row, lane]
            copy(sites[n], w, AFTER, ONWARD)
            for i in range(6):
                for lane in range(LANES):
                    w[TRIG + i, lane] = trig[i // 2, n - 1, i % 2, first - start + lane]
            layer_passed(w, numbers_of(layers, n - 1), nu)
            copy(sites[n - 1], w, ONWARD, KEPT)
        enter(w, left, numbers_of(deltas, 0), nu)
        emit(out, 0, first, w, FLOWS, 36, many)
        for n in range(1, number):
            copy(w, sites[n], AFTER, ONWARD)
            copy(w, sites[n - 1], ONWARD, KEPT)
            arrive(w, numbers_of(layers, n - 1))
            emit(out, 36 * number + 18 * (n - 1), first, w, INSIDE, 18, many)
            if something[n]:
                go_through(w, numbers_of(deltas, n), nu)
            else:
                for row in range(ADDED, FLOWS + 36):
                    for lane in range(LANES):
                        w[row, lane] = 0.0
            emit(out, 36 * n, first, w, FLOWS, 36, many)


def _part(first: tuple[float, float, float], one: Region | Delta) -> list[float]:
    return [*first, *(one.exchange * np.array(one.direction)), *np.ravel(one.spin_orbit)]


def _half_space(structure: Structure, region: Region) -> Any:
    kinetic = region.mass * (structure.energy - region.potential)
    spinors = spinors_along(np.array(region.direction))[:, ::-1].T.copy().view(float).ravel()
    numbers = kinetic, region.mass, region.exchange
    return tuple(map(float, numbers)), tuple(map(float, region.direction)), tuple(spinors.tolist())


def all_flows(structure: Structure, k_perp: Array, angle: Array, scale: Array) -> Array:
    """Return all flows, by flow, then by source, (4I + 2L, 3, 3, ...), as `stack_flows` does."""
    layers = [
        _part((one.mass * (structure.energy - one.potential), one.mass, one.thickness), one)
        for one in structure.layers
    ]
    deltas = np.array([_part((one.barrier, 0.0, 0.0), one) for one in structure.interfaces])
    own, something = np.array(layers).reshape(len(layers), deltas.shape[1]), np.any(deltas, axis=1)
    left, right = (_half_space(structure, one) for one in (structure.left, structure.right))
    nu = math.sqrt(structure.thresholds()[-1]) or 1.0
    given, flat, out = prepared(len(deltas), k_perp, angle, scale)

    def work(start: int, stop: int) -> None:
        trig = np.zeros((3, len(layers), 2, BLOCK))
        cos, sin, turns = trig
        for first in range(start, stop, BLOCK):
            last = min(first + BLOCK, stop)
            halves(turns, first, last, given, own)
            np.cos(turns, out=cos)
            np.sin(turns, out=sin)
            # Of waves that decay e^{−κd}.
            np.exp(np.multiply(turns, -2, out=turns), out=turns)
            reflected(flat, first, last, given, trig, own, deltas, something, left, right, nu)

    shared(work, flat.shape[1])
    return out


def flows(structure: Structure, axes: Array, k_perp: Array, angle: Array, scale: Array) -> Array:
    """Return the flows of one interface on a normal metal, (4, 3, 3, ...); `axes` are those of m's frame."""
    (delta,) = structure.interfaces
    (E_N, mass_N, _), (E_F, mass, J) = (_half_space(structure, one)[0] for one in structure.regions)
    A, frame = axes.T @ np.array(delta.spin_orbit), tuple(map(tuple, axes.tolist()))
    numbers = float(delta.barrier), float(delta.exchange), tuple(A.ravel().tolist())
    given, flat, out = prepared(1, k_perp, angle, scale)

    def work(start: int, stop: int) -> None:
        closed_form(flat, start, stop, given, (E_N, mass_N), (E_F, mass, mass * J), numbers, frame)

    shared(work, flat.shape[1])
    return out


def prepared(number: int, k_perp: Array, angle: Array, scale: Array) -> tuple[Any, Array, Array]:
    """Return what kernels are given of interfaces' problems, and all flows, first as they see them."""
    given = gathered(k_perp, np.cos(angle), np.sin(angle), scale)
    shape = np.broadcast_shapes(k_perp.shape, angle.shape, scale.shape)
    out = np.empty((6 * number - 2, 3, 3, *shape))
    return given, out.reshape(9 * len(out), -1), out
