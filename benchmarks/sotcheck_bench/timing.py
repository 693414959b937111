"""Times of contestants that take turns, so that a busy machine favours none."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from sotcheck.numerics.arrays import Array
from sotcheck.system.interface import Interface
from sotcheck.system.states import Engine, Errors, Scattering


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
class Recorded:
    """An engine that counts the scattering problems it is asked to solve, and keeps the requests.

    Attributes
    ----------
    engine : Engine
    requests : list of tuples of arrays
        k_⊥, angle and h_R of every request, which broadcast.
    """

    engine: Engine
    requests: list[tuple[Array, Array, Array]] = field(default_factory=list)

    @property
    def name(self) -> str:
        """The engine's."""
        return self.engine.name

    @property
    def accuracy(self) -> float:
        """That of the engine behind."""
        return self.engine.accuracy

    @property
    def scheme(self) -> str | None:
        """The engine's."""
        return self.engine.scheme

    @property
    def problems(self) -> int:
        """How many scattering problems were solved so far."""
        return sum(int(np.prod(np.broadcast_shapes(*(a.shape for a in one)))) for one in self.requests)

    def flattened(self) -> tuple[Array, Array, Array]:
        """Return k_⊥, angle and h_R of all problems, in order."""
        each = [[a.ravel() for a in np.broadcast_arrays(*one)] for one in self.requests]
        k_perp, angle, h_R = (np.concatenate(parts) for parts in zip(*each, strict=True))
        return k_perp, angle, h_R

    def flows(self, iface: Interface, k_perp: Array, angle: Array, h_R: Array) -> Array:
        """Note the request, and pass it on."""
        self.requests.append((np.asarray(k_perp), np.asarray(angle), np.asarray(h_R)))
        return self.engine.flows(iface, k_perp, angle, h_R)

    def scatter(self, iface: Interface, k_perp: Array, angle: Array, h_R: Array) -> Scattering:
        """Note the request, and pass it on."""
        self.requests.append((np.asarray(k_perp), np.asarray(angle), np.asarray(h_R)))
        return self.engine.scatter(iface, k_perp, angle, h_R)

    def rounding(self, iface: Interface) -> float:
        """Return the engine's."""
        return self.engine.rounding(iface)

    def errors(self, iface: Interface, k_perp: Array, angle: Array, h_R: Array) -> Errors:
        """Return the engine's."""
        return self.engine.errors(iface, k_perp, angle, h_R)


def every(problems: tuple[Array, Array, Array], n: int) -> Iterator[tuple[float, float, float]]:
    """Yield n of the problems, evenly spread."""
    chosen = np.linspace(0, len(problems[0]) - 1, n).round().astype(int)
    for index in chosen:
        k_perp, angle, h_R = (float(values[index]) for values in problems)
        yield k_perp, angle, h_R


def largest(differences: Iterable[Array]) -> float:
    """Return the largest size of any element."""
    return max(float(np.abs(one).max()) for one in differences)
