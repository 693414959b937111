"""Spin density and spin current against z to first order: every place is made a junction with nothing in it.

A layer cut in pieces is the same layer, and so is a half-space of which a part counts as a layer, but for
phases of the waves that come in, which no product ψψ† has.
"""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from typing import Any

import numpy as np

from sotcheck.numerics.arrays import Array
from sotcheck.numerics.estimate import Estimate, side_by_side
from sotcheck.system.model import System
from sotcheck.system.places import Places
from sotcheck.system.structure import Delta, Region, Structure
from sotcheck.theory.response import Response, weighted
from sotcheck.theory.sums import EPS, sum_of_averages

#: Places summed at once.
AT_ONCE = 48
LEFT, RIGHT = range(2)


def cut(places: Places) -> tuple[Structure, Any, Any]:
    """Return the structure with a junction at every place, which one it is, and which side, (p,) each."""
    structure, within = places.structure, dict(places.by_region())
    edges: list[list[float]] = [[], *([z] for z in structure.positions), []]
    regions: list[Region] = []
    deltas: list[Delta] = []
    junction, side = np.zeros(len(places), dtype=int), np.full(len(places), LEFT)
    for n, (region, lower, upper) in enumerate(zip(structure.regions, edges[:-1], edges[1:], strict=True)):
        some = within.get(n, slice(0, 0))
        inner = sorted({*places.z[some].tolist()} - {*lower, *upper})
        ends = [*lower, *inner, *upper]
        # The junction at the lower end is the last one so far.
        numbers = {z: len(deltas) - len(lower) + at for at, z in enumerate(ends)}
        junction[some] = [numbers[z] for z in places.z[some].tolist()]
        side[some] = np.where(places.z[some] == [*lower, -np.inf][0], RIGHT, LEFT)
        slices = [replace(region, thickness=b - a) for a, b in pairwise(ends)]
        regions += [region, *slices] if not lower else [*slices, region] if not upper else slices
        deltas += [Delta()] * len(inner) + list(structure.interfaces[n : n + 1])
    return Structure(structure.energy, tuple(regions), tuple(deltas)), junction, side


def spin_at(places: Places, k_perp2: Array) -> Array:
    """Return integrands (n, p, 3, 2, 3) of density and current at places to first order in the scale.

    Place, source, density or current, x, y, z; averaged over the angle of k, of (1/4π) ∫ d(k_⊥²).
    """
    structure, junction, side = cut(places)
    response = Response.of(structure, k_perp2)
    currents = np.stack([response.current(LEFT), response.current(RIGHT)])[side, junction]
    both = (weighted(response, values) for values in (response.density[junction], currents))
    return np.moveaxis(np.stack(list(both), axis=-2), 2, 1)


def against_z(system: System, places: Places, *, rtol: float) -> Estimate:
    """Return the linear coefficients of spin density and current summed over k_⊥, (p, 3, 2, 3).

    Place, source, density (unit: wave vector²) or current (wave vector³), x, y, z; prefactor and sign of t.
    """
    # Densities weigh as much as currents.
    units = np.array([system.thresholds()[-1] ** 0.5, 1.0])[:, None]

    def summed(some: Places) -> Estimate:
        found = sum_of_averages(lambda x: spin_at(some, x) * units, system, rtol, EPS).total
        return found.each(lambda values: values / units)

    return side_by_side([summed(some) for _, some in places.chunks(AT_ONCE)])
