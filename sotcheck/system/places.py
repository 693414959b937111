"""Places along z: points in the half-spaces and layers of a stack, on either side of every junction."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from sotcheck.errors import SotcheckError
from sotcheck.numerics.arrays import Array
from sotcheck.system.structure import Structure

#: Places as `Places.at` takes them.
Where = ArrayLike | Sequence[float | str]
#: Fewest places in a region; wavelengths of the fastest electrons that are shown of half-spaces.
FEWEST, WAVELENGTHS = 5, 2.0
#: Wavelengths that it may go on: e^{2ik_z z} asks for as many k_⊥.
FARTHEST = 1000.0
#: A z this close to a junction, relative to all lengths, is at it.
SAME = 1e-12


@dataclass(frozen=True)
class Places:
    """Regions (p,), 0 for the left half-space, and z (p,) in or at the edge of each, in ascending order."""

    structure: Structure
    region: Any
    z: Array

    def __len__(self) -> int:
        return len(self.z)

    @classmethod
    def between(
        cls, structure: Structure, start: float, stop: float, points: int, length: float = 1.0
    ) -> Places:
        """Return about so many places from one z to another: in every region equidistant, edges included.

        `length`: the unit in which an error tells z.
        """
        far = FARTHEST * 2 * math.pi / structure.thresholds()[-1] ** 0.5
        if not -far <= start < stop <= structure.positions[-1] + far:
            raise SotcheckError(
                f"z from {start * length:g} to {stop * length:g} is not accepted; expected a range, from "
                f"{-far * length:.4g} to {(structure.positions[-1] + far) * length:.4g} at most "
                f"({FARTHEST:g} wavelengths beyond all layers)"
            )
        edges = [-math.inf, *structure.positions, math.inf]
        regions, places = [], []
        for region, (lower, upper) in enumerate(pairwise(edges)):
            first, last = max(lower, start), min(upper, stop)
            if first < last:
                number = max(FEWEST, round(points * (last - first) / (stop - start)))
                places.append(np.linspace(first, last, number))
                regions.append(np.full(number, region))
        return cls(structure, np.concatenate(regions), np.concatenate(places))

    @classmethod
    def at(cls, structure: Structure, z: Where, length: float = 1.0) -> Places:
        """Return places at some z, in multiples of `length`, in ascending order.

        At a junction a number, and a text such as "+0" or "0.6+0", is its far side; "-0" or "0.6-0", and the
        number -0.0, its near side.
        """
        given = [z] if isinstance(z, str) else np.atleast_1d(np.asarray(z, dtype=object)).tolist()
        found = sorted({_place(structure, one, length) for one in given})
        far = FARTHEST * 2 * math.pi / structure.thresholds()[-1] ** 0.5
        if not found or not -far <= found[0][1] <= found[-1][1] <= structure.positions[-1] + far:
            raise SotcheckError(
                f"z = {given!r} is not accepted; expected one or several z, at most {FARTHEST:g} wavelengths "
                "beyond all layers"
            )
        region, places = zip(*found, strict=True)
        return cls(structure, np.array(region), np.array(places))

    @classmethod
    def around(cls, structure: Structure, points: int) -> Places:
        """Return places in all layers, and a few wavelengths into both half-spaces."""
        return cls.between(structure, *default_range(structure), points)

    def by_region(self) -> Iterator[tuple[int, slice]]:
        """Yield the regions that have places, and which these are."""
        for region in np.unique(self.region).tolist():
            first, last = np.searchsorted(self.region, [region, region + 1]).tolist()
            yield region, slice(first, last)

    def chunks(self, most: int) -> Iterator[tuple[slice, Places]]:
        """Yield places by region, at most so many at once."""
        for _, some in self.by_region():
            for first in range(some.start, some.stop, most):
                part = slice(first, min(first + most, some.stop))
                yield part, Places(self.structure, self.region[part], self.z[part])


def _place(structure: Structure, given: Any, length: float) -> tuple[int, float]:
    """Return region and z of one place, as `Places.at` takes it."""
    text = str(given).strip().replace("−", "-")
    head, sign = (text[:-2], text[-2]) if text[-2:] in ("-0", "+0") else (text, "")
    try:
        z = float(head or 0.0) / length
        if not math.isfinite(z) or isinstance(given, bool):
            raise ValueError
    except ValueError:
        raise SotcheckError(
            f"z = {given!r} is not accepted; expected a number, or either side of a junction: '-0', '0.6-0'"
        ) from None
    near = min(structure.positions, key=lambda position: abs(position - z))
    if abs(near - z) > SAME * max(abs(near), structure.positions[-1], length):
        if sign:
            raise SotcheckError(f"z = {given!r} is not accepted: there is no junction; leave out {sign}0")
        return int(np.searchsorted(structure.positions, z)), z
    before = sign == "-" or (not sign and math.copysign(1.0, z) < 0 and near == 0)
    return structure.positions.index(near) + (not before), near


def default_range(structure: Structure) -> tuple[float, float]:
    """Return from where to where a picture goes that is not told otherwise."""
    margin = WAVELENGTHS * 2 * math.pi / structure.thresholds()[-1] ** 0.5
    return -margin, structure.positions[-1] + margin
