"""How long a scattering problem takes: boundary matching, stacks, our Kwant path, the naive Kwant script."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import numpy as np

from sotcheck.engines import KwantChain, Matching
from sotcheck.engines.determinant import forget_poles
from sotcheck.engines.kwant_private import channel_modes
from sotcheck.exact.observables import exact_flows
from sotcheck.numerics.arrays import Array
from sotcheck.system.interface import Interface
from sotcheck.system.model import System
from sotcheck.system.spin import pauli_vector
from sotcheck.system.stack import Stack
from sotcheck.system.states import States
from sotcheck.trial.torque import torque
from sotcheck_bench import naive_kwant
from sotcheck_bench.native import has_numba, kernels
from sotcheck_bench.timing import Recorded, best_of, every, largest

#: Tolerance of the torque whose scattering problems are used.
TOLERANCE = 1e-8

#: Nearer to a band edge, (k_z a)², rounding of Kwant's lead modes grows as its inverse, in either path.
EDGE = 1e-3

Problems = tuple[Array, Array, Array]


def k_max(iface: Interface) -> float:
    """Return the k_⊥ of the last threshold."""
    return float(np.sqrt(iface.thresholds()[-1]))


def continuum_times(iface: Interface, *, side: int, looped: int, rounds: int) -> dict[str, float]:
    """Return seconds a problem by boundary matching: on a grid, all different, and one problem a call.

    Parameters
    ----------
    iface : Interface
    side : int
        The grid has side² problems.
    looped : int
        Problems solved one a call.
    rounds : int
    """
    engine = Matching()
    rng = np.random.default_rng(5)
    # Midpoints: off every threshold by chance only, which is all the same to the clock.
    k_perp = (np.arange(side) + 0.5)[:, None] * k_max(iface) / side
    angle = (np.arange(side) + 0.5) * 2 * np.pi / side
    h_R = np.array(iface.h_R)
    n = side**2 // 4
    different = (k_max(iface) * rng.random(n), 2 * np.pi * rng.random(n), rng.random(n))
    singly = list(every(different, looped))

    def loop() -> None:
        for problem in singly:
            engine.flows(iface.structure, *map(np.array, problem))

    with kernels(compiled=False):
        found = best_of(
            {
                "grid": lambda: engine.flows(iface.structure, k_perp, angle, h_R),
                "different": lambda: engine.flows(iface.structure, *different),
                "loop": loop,
            },
            rounds,
        )
    return {
        "grid": found["grid"] / side**2,
        "different": found["different"] / len(different[0]),
        "loop": found["loop"] / looped,
    }


def layered(iface: Interface, number: int, rashba: float) -> Stack:
    """Return an interface with layers behind it, two of three magnetic, and Rashba terms in all."""
    layers: Any = (
        {"thickness": 1.0, "potential": 0.3, "exchange": 0.4, "magnetization": (1, 0, 1), "mass": 1.2},
        {"thickness": 0.8, "potential": -0.2, "mass": 0.8, "interface": {"barrier": 0.2}},
        {"thickness": 0.6, "potential": 0.1, "exchange": 0.3, "magnetization": (0, 1, 2)},
    )
    layers = tuple({**one, "rashba": rashba} for one in itertools.islice(itertools.cycle(layers), number))
    return Stack(**{**iface.model_dump(), "name": "layers", "layers": layers})


def stack_times(iface: Interface, *, side: int, rounds: int) -> dict[str, float]:
    """Return how many times longer three layers take than a bare interface, without and with Rashba terms.

    Returns
    -------
    dict
        "plain" and "coupled": a problem on a grid of side², by NumPy; with " torque", one at TOLERANCE; with
        " problems", how many more problems that asks for; with " compiled", by numba, and with " both",
        the bare interface by numba as well.
    """
    engine = Matching()
    k_perp = (np.arange(side) + 0.5)[:, None, None] * k_max(iface) / side
    angle = ((np.arange(side) + 0.5) * 2 * np.pi / side)[:, None]
    systems: dict[str, System] = {
        "bare": iface, "plain": layered(iface, 3, 0.0), "coupled": layered(iface, 3, 0.1)
    }  # fmt: skip
    work: dict[str, Callable[[], Any]] = {}
    found = {}
    for name, system in systems.items():
        scale = np.array([system.scale])
        request = system.structure, k_perp, angle, scale
        work[name] = partial(_flows, engine, False, *request)
        if has_numba():
            work[f"{name} compiled"] = partial(_flows, engine, True, *request)
        work[f"{name} torque"] = partial(_torque, engine, system, scale)
        recorded = Recorded(engine)
        exact_flows(recorded, system, scale, rtol=TOLERANCE)
        found[f"{name} problems"] = float(recorded.problems)
    for one in work.values():
        one()
    found |= best_of(work, rounds)
    ratios = {
        name + what: found[name + what] / found["bare" + what]
        for name in ("plain", "coupled")
        for what in ("", " torque", " problems")
    }
    if has_numba():
        ratios["coupled compiled"] = found["coupled compiled"] / found["bare"]
        ratios["coupled both"] = found["coupled compiled"] / found["bare compiled"]
    return ratios


def _flows(engine: Matching, compiled: bool, *request: Any) -> Array:
    """Solve by NumPy, or compiled."""
    with kernels(compiled):
        return engine.all_flows(*request)


def _torque(engine: Matching, system: System, scale: Array) -> None:
    """Find a torque as if for the first time."""
    forget_poles()
    exact_flows(engine, system, scale, rtol=TOLERANCE)


def problems_of_a_torque(iface: Interface) -> tuple[Recorded, Problems]:
    """Return the requests that a torque at TOLERANCE makes, and all its problems in order."""
    recorded = Recorded(Matching())
    exact_flows(recorded, iface, np.array([iface.h_R]), rtol=TOLERANCE)
    return recorded, recorded.flattened()


def torque_times(iface: Interface, *, rounds: int) -> dict[str, float]:
    """Return seconds of a "torque" at TOLERANCE, of its problems in the "kernel", and how many "problems"."""
    recorded, (k_perp, angle, h_R) = problems_of_a_torque(iface)
    once_more = itertools.count()

    def whole() -> None:
        # Another h_R each time: nothing is known from the last.
        torque(iface, "continuum", h_R=iface.h_R * (1 + 1e-9 * next(once_more)), tolerance=TOLERANCE)

    kernel = partial(_flows, Matching(), False, iface.structure, k_perp, angle, h_R)
    work: dict[str, Callable[[], Any]] = {"torque": whole, "kernel": kernel}
    for one in work.values():
        one()
    return {**best_of(work, rounds), "problems": float(recorded.problems)}


def kwant_times(iface: Interface, *, naive: int, rounds: int) -> dict[str, float]:
    """Return seconds a problem by Kwant, and how far the two paths are apart.

    Returns
    -------
    dict
        "ours", "cached" (modes known), "own k_perp"; "lean" (`kwant.wave_function` alone), "lean own k_perp"
        (the same at those k_⊥), "naive" (`kwant.smatrix` besides), "naive script" (with its matrices and
        current operators); "difference": the largest of any spin current or density, per unit flux, at the
        "resolved" problems off the band edges, "difference at edges" at all that were "compared"; "problems",
        "k_perp": counts of ours.
    """
    engine, script = KwantChain(), naive_kwant
    recorded, problems = problems_of_a_torque(iface)
    some = list(every(problems, naive))
    spacing = engine.spacing_for(iface.structure)
    chain, bonds = script.make_chain()
    parameters = [script.parameters(iface, *in_plane(k, angle), h, spacing) for k, angle, h in some]
    # As many as a bundle has, each with a k_⊥ of its own.
    apart = (np.arange(128) + 0.5) * k_max(iface) / 128
    chosen = apart[:: max(1, len(apart) // naive)]
    parameters_apart = [
        script.parameters(iface, *in_plane(k, 0.3), iface.h_R, spacing) for k in chosen.tolist()
    ]
    answers: list[Array] = []

    def ours() -> None:
        for request in recorded.requests:
            engine.flows(iface.structure, *request)

    def cold() -> None:
        channel_modes.cache_clear()
        ours()

    def own_k() -> None:
        channel_modes.cache_clear()
        engine.flows(iface.structure, apart, np.array(0.3), np.array(iface.h_R))

    def lean(problems: list[Any]) -> None:
        for params in problems:
            script.lean_states(chain, params)

    def bare() -> None:
        for params in parameters:
            script.scattering_states(chain, params)

    def whole() -> None:
        answers[:] = [
            script.spin_flows(chain, bonds, iface, *in_plane(k, angle), h, spacing)[1] for k, angle, h in some
        ]

    # "cached" follows "cold": the modes are those that it has left.
    times = best_of(
        {
            "cold": cold, "cached": ours, "own k_perp": own_k, "lean": partial(lean, parameters),
            "lean own k_perp": partial(lean, parameters_apart), "naive": bare, "naive script": whole,
        },
        rounds,
    )  # fmt: skip
    columns = k_perp, *_ = [np.array(column) for column in zip(*some, strict=True)]
    apart_by = np.array(
        [largest(one) for one in _differences(engine.solve(iface.structure, *columns), answers)]
    )
    bands = np.concatenate([iface.kz_squared(k_perp**2)[:, None], iface.Kz_squared(k_perp**2)], axis=1)
    resolved = np.abs(bands).min(axis=1) * spacing**2 >= EDGE
    return {
        "ours": times["cold"] / recorded.problems,
        "cached": times["cached"] / recorded.problems,
        "own k_perp": times["own k_perp"] / len(apart),
        "lean": times["lean"] / naive,
        "lean own k_perp": times["lean own k_perp"] / len(chosen),
        "naive": times["naive"] / naive,
        "naive script": times["naive script"] / naive,
        "difference": float(apart_by[resolved].max()),
        "difference at edges": float(apart_by.max()),
        "resolved": float(resolved.sum()),
        "problems": float(recorded.problems),
        "compared": float(naive),
        "k_perp": float(len(np.unique(problems[0]))),
    }


def _differences(states: States, answers: list[Array]) -> Iterator[list[Array]]:
    """Yield for each problem what lies between our spin currents and density and the naive script's."""
    density = pauli_vector(states.density).real
    for i, (minus, plus, theirs) in enumerate(answers):
        yield [states.spin_minus[i] - minus, states.spin_plus[i] - plus, density[i] - theirs]


def in_plane(k_perp: float, angle: float) -> tuple[float, float]:
    """Return (k_x, k_y)."""
    return float(k_perp * np.cos(angle)), float(k_perp * np.sin(angle))
