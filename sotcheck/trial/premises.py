"""What claims take for granted of a system, and what of a stack is in the way."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from sotcheck.system.interface import Interface
from sotcheck.system.model import System
from sotcheck.system.structure import NO_FIELD, Vector

#: Sine of the angle between two directions that are one axis.
SAME_AXIS = 1e-12


@dataclass(frozen=True)
class Premise:
    """What a claim takes for granted: in words, and what of a system is in the way, "" where nothing is."""

    says: str
    but: Callable[[System], str]


def _parts(system: System) -> Iterator[tuple[str, str]]:
    """Yield the names of each layer and of the delta at its far end."""
    for name in system.names[:-1]:
        yield name, f"the delta at the far end of {name}"


def _other_spin_orbit(system: System) -> str:
    structure = system.structure
    for (layer, delta), region, far in zip(
        _parts(system), structure.layers, structure.interfaces[1:], strict=True
    ):
        if region.spin_orbit != NO_FIELD:
            return f"{layer} has a spin-orbit term of its own"
        if far.spin_orbit != NO_FIELD:
            return f"{delta} has a spin-orbit term"
    if not system.only_rashba:
        return "the delta at z = 0 has another spin-orbit term than that of Rashba"
    return ""


def _magnetism(system: System) -> Iterator[tuple[str, Vector]]:
    """Yield by name every direction that spin is told by."""
    structure = system.structure
    first, *others = structure.interfaces
    if first.exchange:
        yield "the delta at z = 0", first.direction
    for (layer, delta), region, far in zip(_parts(system), structure.layers, others, strict=True):
        if region.exchange:
            yield layer, region.direction
        if far.exchange:
            yield delta, far.direction


def _other_axis(system: System) -> str:
    axis = np.array(system.structure.right.direction)
    for name, direction in _magnetism(system):
        if np.linalg.norm(np.cross(direction, axis)) > SAME_AXIS:
            return f"the magnetization of {name} is not along that of the right half-space"
    return ""


def _lost(system: System) -> str:
    right = system.structure.right
    goes_on = right.magnetic or max(right.edges) >= system.E_F
    return "" if goes_on else "the right half-space is not magnetic, and spin goes on into it"


BARE = Premise(
    "a bare interface",
    lambda system: "" if isinstance(system, Interface) else "it is said of bare interfaces",
)
RASHBA_AT_ZERO = Premise("a Rashba delta at z = 0 alone couples spin and k", _other_spin_orbit)
ONE_AXIS = Premise("all magnetism lies along one axis", _other_axis)
ALL_TAKEN = Premise("the magnetism takes all spin across it that goes on", _lost)
