"""The numbers that claims are tried on, computed once a system: arrays in, arrays out, no verdicts."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import numpy as np

from sotcheck.beyond.torques import open_sources
from sotcheck.bound.fermi import Occurrence, occurrence
from sotcheck.engines import EXACT, Engine, KwantChain
from sotcheck.errors import EngineError, LatticeError
from sotcheck.exact.observables import LATTICE, exact_flows
from sotcheck.numerics.angles import Sum
from sotcheck.numerics.arrays import Array, Complex, Mask
from sotcheck.numerics.estimate import Estimate
from sotcheck.numerics.quadrature import sample
from sotcheck.system.interface import Interface
from sotcheck.system.model import System
from sotcheck.system.states import Errors, States
from sotcheck.theory.amplitudes import Amplitudes, from_scattering
from sotcheck.theory.embedded import missing_lattice
from sotcheck.theory.first_order import FirstOrder, torque_vector
from sotcheck.theory.sums import first_order_flows, first_order_torque
from sotcheck.theory.validity import without_interface
from sotcheck.trial.expansion import Expansion, expansion_of
from sotcheck.trial.verdict import Finding

#: k_⊥ nodes in each range between thresholds for k_⊥-resolved claims.
NODES = 8
#: In-plane angles of those, each with the opposite one (which is h_R → −h_R), none of them symmetric.
ANGLES = np.array([0.4, 0.4 + np.pi, 1.9, 1.9 + np.pi])
#: A direction without symmetry, tried besides the system's own.
TILTED = (0.48, -0.6, 0.64)
#: Large h_R at which exact engines are held against each other.
LARGE_H_R = (0.3, 1.0)
#: Four h_R, halved each time; the first three powers of t/h_R are removed by Richardson's table.
RUNGS = 0.5 ** np.arange(4)
#: The first rung: this part of the radius of convergence leaves a remainder below 1e-11.
RUNG_FRACTION = 1 / 12
#: Where there is no expansion; and no h_R is larger, however opaque the interface.
FIRST_RUNG, LARGEST_RUNG = 0.05, 1e12
#: Finite-difference spacings relative to the coarsest, more than the powers of a in their error ask for: each
#: number is read from those that suit it.
SPACINGS = 0.5 ** np.arange(6)
SPACING_POWERS = (2, 4, 6)
#: Quadrature errors of formulas' sums, and of exact ones where there is no expansion to read from them.
FINE, COARSE = 1e-12, 1e-4


@dataclass(frozen=True)
class Resolved:
    """k_⊥-resolved exact states of one engine: axes k_⊥ node, angle (as ANGLES), h_R."""

    iface: System
    k_perp: Array
    h_R: Array
    states: States
    flows: Array
    errors: Errors


@dataclass(frozen=True)
class Evidence:
    """All numbers about one system; of a stack, those that claims ask for whose premises it may meet.

    `iface`; `h_R`, `rungs`, `rungs_by_k`: the values asked for; ladders (4,) from the largest: for k_⊥ sums,
    and where k_⊥ is resolved; `expansion`: what the torque's expansion in h_R should look like;
    `bound_states`: per h_R asked for: what spin-orbit coupling binds; `theory`: the torque to first order
    with unperturbed amplitudes from "closed forms", and from engines by name; `currents`: flows to first
    order, from closed forms; `ladder`, `at_h_R`: exact flows per h_R by engine: on the rungs, and at the h_R
    asked for; `resolved`, `resolved_tilted`: by engine; h_R: rungs, those asked for, LARGE_H_R; for the
    system's m and for TILTED; `lattice` (n, nodes, angles, 3, 4, 3): k_⊥-resolved flows on the `spacings`
    (n,) by scheme, at the first h_R asked for; `engines`, `refused`: the exact engines asked; by what was
    asked of which engine: why it could not be had.
    """

    iface: System
    h_R: Array
    rungs: Array
    rungs_by_k: Array
    expansion: Expansion
    bound_states: list[Occurrence]
    spacings: Array
    currents: Estimate
    theory: dict[str, Sum] = field(default_factory=dict)
    ladder: dict[str, Sum] = field(default_factory=dict)
    at_h_R: dict[str, Sum] = field(default_factory=dict)
    resolved: dict[str, Resolved] = field(default_factory=dict)
    resolved_tilted: dict[str, Resolved] = field(default_factory=dict)
    lattice: dict[str, Array] = field(default_factory=dict)
    engines: Mapping[str, Engine] = field(default_factory=lambda: EXACT)
    refused: dict[tuple[str, str], str] = field(default_factory=dict)

    @property
    def formulas(self) -> Sum:
        """The torque to first order from closed forms."""
        return self.theory["closed forms"]

    @property
    def lattice_engine(self) -> str | None:
        """The name of the engine that has a lattice, if there is one."""
        return next((name for name, engine in self.engines.items() if engine.scheme is not None), None)

    @property
    def without_lattice(self) -> Resolved | None:
        """The states of the first engine that has no lattice."""
        some = (self.resolved[name] for name in self.resolved if self.engines[name].scheme is None)
        return next(some, None)

    @property
    def bare(self) -> Interface:
        """The system of claims that are about a bare interface."""
        if not isinstance(self.iface, Interface):
            raise TypeError(f"{self.iface.name} is no bare interface")
        return self.iface

    @property
    def axis(self) -> Array:
        """The direction that majority and minority are told by, shape (3,): that of the right half-space."""
        return np.array(self.iface.structure.right.direction)

    @property
    def open_sources(self) -> list[tuple[int, str]]:
        """(index, name) of the sources with propagating states at E_F."""
        return list(open_sources(self.iface))

    def carries_current(self, source: str, segments: Mask) -> bool:
        """Whether a source has propagating states in any of the chosen (bool) segments of the k_⊥ sum."""
        lowest = [x_1 for x_1, _ in self.formulas.segments]
        return bool(np.any(np.array(lowest)[segments] < self.iface.k_perp2_max(source)))

    @property
    def corrected_torque(self) -> Complex:
        """First order and the embedded state's torque, by segment and source, shape (segments, 3)."""
        x = np.nan if self.expansion.k_perp2 is None else self.expansion.k_perp2
        where = np.array([[float(x_1 < x < x_2)] for x_1, x_2 in self.formulas.segments])
        return np.asarray(self.formulas.by_segment.value + where * self.expansion.missing)

    @property
    def corrected_lattice(self) -> Array:
        """What the lattice adds and the embedded state's part, by source and spin, shape (3, 3)."""
        of_bare = isinstance(self.iface, Interface)
        state = missing_lattice(self.bare) if of_bare else torque_vector(self.expansion.missing, self.axis)
        return np.asarray(self.currents.value[:, LATTICE] + state)


def ladders(expansion: Expansion) -> tuple[Array, Array]:
    """Return the h_R from which expansions are read, for k_⊥ sums and where k_⊥ is resolved, (4,) each."""

    def ladder(radius: float) -> Array:
        return min(LARGEST_RUNG, RUNG_FRACTION * radius) * RUNGS

    # Without an expansion of the sum smaller steps gain nothing; at one k_⊥ there always is one.
    summed = ladder(expansion.radius) if expansion.exists else FIRST_RUNG * RUNGS
    return summed, summed if expansion.kind == "analytic" else ladder(expansion.by_k)


def amplitudes_of(engine: Engine) -> Callable[[System, Array], Amplitudes]:
    """Return a source of unperturbed amplitudes that asks an exact engine at h_R = 0."""

    def source(iface: System, k_perp2: Array) -> Amplitudes:
        states = engine.solve(iface.structure, np.sqrt(k_perp2), np.array(0.0), np.array(0.0))
        return from_scattering(iface, k_perp2, states)

    return source


def resolve(engine: Engine, iface: System, h_R: Array) -> Resolved:
    """Solve at NODES k_⊥ a range, ANGLES, and every h_R."""
    k_perp = sample(iface.thresholds(), NODES)
    grid = np.broadcast_arrays(k_perp[:, None, None], ANGLES[:, None], h_R)
    states = engine.solve(iface.structure, *grid)
    return Resolved(iface, k_perp, h_R, states, states.flows, engine.errors(iface.structure, *grid))


def lattice_ladder(iface: Interface, scheme: str, spacings: Array, h_R: float) -> Array:
    """Return k_⊥-resolved flows on every spacing, shape (spacings, nodes, angles, 3, 4, 3)."""
    chains = [KwantChain(scheme, float(a)) for a in spacings]  # type: ignore[arg-type]
    return np.stack([resolve(chain, iface, np.array([h_R])).flows[:, :, 0] for chain in chains])


#: Pieces of work under one bar, by their names: each returns the findings it leads to.
Steps = dict[Any, Callable[[], Iterable[Finding]]]


def planned(
    iface: Interface,
    h_R: Array,
    tolerance: float,
    first_order: FirstOrder,
    *,
    controls: bool = False,
    engines: Mapping[str, Engine] | None = None,
) -> tuple[Evidence, Steps]:
    """Return evidence that the steps fill, with `controls` also with what only negative controls need.

    Besides the h_R (n,) asked for, summed with a relative error `tolerance`, expansions in h_R use a ladder
    of their own. Exact engines by name are EXACT by default; `first_order` is the theory on trial.
    """
    engines = EXACT if engines is None else engines
    expansion = expansion_of(iface, sample(iface.thresholds(), NODES) ** 2)
    rungs, rungs_by_k = ladders(expansion)
    all_h = np.unique(np.concatenate([rungs, rungs_by_k, h_R, LARGE_H_R]))[::-1]
    tilted = iface.with_(m=TILTED)
    spacings = KwantChain("finite-difference").spacing_for(iface.structure) * SPACINGS

    # What has no expansion needs no digits, unless it is nothing at all.
    digits = expansion.exists or without_interface(iface)
    torque = partial(first_order_torque, iface, first_order.torque)
    schemes = ("finite-difference", "one-sided") if controls else ("finite-difference",)
    with_lattice = any(engine.scheme for engine in engines.values())

    tasks: dict[tuple[str, str], Callable[[], object]] = {}
    for name, engine in engines.items():
        fine = engine.accuracy if digits else COARSE
        tasks["ladder", name] = partial(exact_flows, engine, iface, rungs, rtol=fine)
        tasks["at_h_R", name] = partial(exact_flows, engine, iface, h_R, rtol=tolerance)
        tasks["resolved", name] = partial(resolve, engine, iface, all_h)
        tasks["resolved_tilted", name] = partial(resolve, engine, tilted, np.array(LARGE_H_R))
    for scheme in schemes if with_lattice else ():
        tasks["lattice", scheme] = partial(lattice_ladder, iface, scheme, spacings, float(h_R[0]))
    tasks["theory", "closed forms"] = partial(torque, rtol=FINE)
    for name, engine in engines.items():
        amplitudes, rounding = amplitudes_of(engine), engine.rounding(iface.structure)
        tasks["theory", name] = partial(
            torque, rtol=engine.accuracy, amplitudes=amplitudes, rounding=rounding
        )

    evidence = Evidence(
        iface=iface,
        h_R=h_R,
        rungs=rungs,
        rungs_by_k=rungs_by_k,
        expansion=expansion,
        bound_states=[occurrence(iface, float(h)) for h in h_R],
        spacings=spacings,
        currents=first_order_flows(iface, first_order, rtol=FINE),
        engines=engines,
    )

    def step(group: str, name: str) -> tuple[()]:
        try:
            getattr(evidence, group)[name] = tasks[group, name]()
        except (EngineError, LatticeError) as error:
            if name == "closed forms":
                # Without the theory there is nothing to try.
                raise
            evidence.refused[group, name] = str(error)
        return ()

    return evidence, {task: partial(step, *task) for task in tasks}
