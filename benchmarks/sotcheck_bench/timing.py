"""Times of contestants that take turns, so that a busy machine favours none."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from sotcheck.engines import Engine
from sotcheck.numerics.arrays import Array
from sotcheck.system.states import States
from sotcheck.system.structure import Scale, Structure


def seconds(work: Callable[[], Any]) -> float:
    """Return how long a call takes."""
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def best_of(contestants: Mapping[str, Callable[[], Any]], rounds: int) -> dict[str, float]:
    """Return the shortest time of each in so many rounds; in each round all take their turn.

    What else the machine does only ever makes a time longer: the shortest is the least disturbed.
    """
    found = [{name: seconds(work) for name, work in contestants.items()} for _ in range(rounds)]
    return {name: min(one[name] for one in found) for name in contestants}


@dataclass
class Recorded(Engine):
    """An engine that counts the scattering problems it is asked to solve, and keeps the requests.

    Attributes
    ----------
    engine : Engine
    requests : list of tuples of arrays
        k_⊥, angle and h_R of every request, which broadcast.
    """

    engine: Engine
    requests: list[tuple[Array, Array, Array]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.name, self.scheme = self.engine.name, self.engine.scheme
        self.accuracy, self.most_problems = self.engine.accuracy, self.engine.most_problems

    @property
    def problems(self) -> int:
        """How many scattering problems were solved so far."""
        return sum(int(np.prod(np.broadcast_shapes(*(a.shape for a in one)))) for one in self.requests)

    def flattened(self) -> tuple[Array, Array, Array]:
        """Return k_⊥, angle and h_R of all problems, in order."""
        each = [[a.ravel() for a in np.broadcast_arrays(*one)] for one in self.requests]
        k_perp, angle, h_R = (np.concatenate(parts) for parts in zip(*each, strict=True))
        return k_perp, angle, h_R

    def flows(self, structure: Structure, k_perp: Array, angle: Array, scale: Array) -> Array:
        """Note the request, and pass it on."""
        self.requests.append((np.asarray(k_perp), np.asarray(angle), np.asarray(scale)))
        return self.engine.flows(structure, k_perp, angle, scale)

    def all_flows(self, structure: Structure, k_perp: Array, angle: Array, scale: Array) -> Array:
        """Note the request, and pass it on."""
        self.requests.append((np.asarray(k_perp), np.asarray(angle), np.asarray(scale)))
        return self.engine.all_flows(structure, k_perp, angle, scale)

    def solve(self, structure: Structure, k_perp: Array, angle: Array, scale: Scale) -> States:
        """Note the request, and pass it on."""
        self.requests.append((np.asarray(k_perp), np.asarray(angle), np.asarray(scale)))
        return self.engine.solve(structure, k_perp, angle, scale)

    def spacing_for(self, structure: Structure) -> float:
        """Return the engine's."""
        return self.engine.spacing_for(structure)


def every(problems: tuple[Array, Array, Array], n: int) -> Iterator[tuple[float, float, float]]:
    """Yield n of the problems, evenly spread."""
    chosen = np.linspace(0, len(problems[0]) - 1, n).round().astype(int)
    for index in chosen:
        k_perp, angle, h_R = (float(values[index]) for values in problems)
        yield k_perp, angle, h_R


def largest(differences: Iterable[Array]) -> float:
    """Return the largest size of any element."""
    return max(float(np.abs(one).max()) for one in differences)
