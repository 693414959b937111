"""What a torque costs against h_R, tolerance and number of layers, and a figure of it."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from sotcheck.engines.determinant import forget_poles
from sotcheck.system.files import builtin_systems, load_bare
from sotcheck.system.interface import Interface
from sotcheck.system.model import System
from sotcheck.trial.torque import torque
from sotcheck_bench.problems import TOLERANCE, layered
from sotcheck_bench.timing import best_of

#: A direction of m without symmetry.
TILTED = (2.0, -1.0, 2.0)
#: Ranges, and the tolerance at which h_R varies.
H_R, TOLERANCES, LAYERS, STRICT = (1e-3, 1.9), (1e-3, 1e-12), 8, 1e-9
#: What stands below the panels.
WORDS = {"h_R": "$h_R$", "tolerance": "tolerance", "layers": "layers"}


@dataclass(frozen=True)
class Curve:
    """Seconds of a torque by boundary matching.

    Attributes
    ----------
    against : str
        A key of `WORDS`.
    label : str
        Of which system.
    x, seconds : sequence of float
    """

    against: str
    label: str
    x: Sequence[float]
    seconds: Sequence[float]


def curves(iface: Interface, points: int, rounds: int) -> Iterator[Curve]:
    """Yield costs of every built-in bare interface with tilted m, and of layers behind one.

    Parameters
    ----------
    iface : Interface
    points : int
        Values of h_R; of the others a half and a third.
    rounds : int
    """
    tilted = {name: load_bare(name).with_(m=TILTED) for name in builtin_systems("bare")}
    h_R = np.geomspace(*H_R, points).tolist()
    for name, system in tilted.items():
        yield _curve("h_R", name, {h: (system.with_(h_R=h), STRICT) for h in h_R}, rounds)
    for name, system in tilted.items():
        asked = np.geomspace(*TOLERANCES, max(2, points // 2)).tolist()
        yield _curve("tolerance", name, {one: (system, one) for one in asked}, rounds)
    numbers = np.unique(np.linspace(0, LAYERS, max(2, points // 3)).round()).astype(int).tolist()
    for name, rashba in (("layers", 0.0), ("layers with Rashba terms", 0.1)):
        stacks = {float(n): (layered(iface, n, rashba) if n else iface, TOLERANCE) for n in numbers}
        yield _curve("layers", name, stacks, rounds)


def _curve(against: str, label: str, points: Mapping[float, tuple[System, float]], rounds: int) -> Curve:
    once_more = itertools.count()

    def work(system: System, tolerance: float) -> None:
        # As if for the first time: another h_R, so that nothing is known from the last.
        forget_poles()
        other = system.with_(h_R=system.h_R * (1 + 1e-9 * next(once_more)))
        torque(other, "continuum", tolerance=tolerance)

    contestants: dict[str, Callable[[], Any]] = {repr(x): partial(work, *one) for x, one in points.items()}
    times = best_of(contestants, rounds)
    return Curve(against, label, list(points), [times[repr(x)] for x in points])


def figure(found: Sequence[Curve]) -> Any:
    """Draw a panel for each of what costs are against."""
    from sotcheck.pages.figures import BLUE, GREEN, GREY, ORANGE, PURPLE, RED, SMALL, canvas

    drawn, grid = canvas(2.9, 1, len(WORDS), sharey=True)
    labels = dict.fromkeys(curve.label for curve in found)
    colors = dict(zip(labels, itertools.cycle((BLUE, RED, GREEN, ORANGE, PURPLE, GREY))))
    for (against, words), axes in zip(WORDS.items(), grid, strict=True):
        for curve in (one for one in found if one.against == against):
            ms = 1e3 * np.array(curve.seconds)
            axes.plot(curve.x, ms, "o-", ms=3, color=colors[curve.label], label=curve.label)
        axes.set(xlabel=words, yscale="log", xscale="linear" if against == "layers" else "log")
        if against == "layers":
            axes.xaxis.get_major_locator().set_params(integer=True)
    grid[1].invert_xaxis()
    grid[0].set_ylabel("a torque  (ms)")
    handles = {line.get_label(): line for axes in grid for line in axes.lines}
    drawn.legend(handles.values(), handles, loc="outside lower center", fontsize=SMALL, ncols=3)
    return drawn
