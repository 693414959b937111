"""The cross-check of a stack: first order from unperturbed states, and exact solutions by themselves.

What a paper says of a bare interface is not tried on it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np

from sotcheck.beyond.torques import open_sources
from sotcheck.engines import Engine
from sotcheck.exact.inside import errors_of_t, spin_turned, total_torque
from sotcheck.exact.observables import exact_flows, largest_torque, ledger_residual, summed_errors
from sotcheck.numerics.arrays import Array
from sotcheck.numerics.convergence import observed_order, richardson
from sotcheck.numerics.estimate import Estimate
from sotcheck.numerics.quadrature import NESTED, sample
from sotcheck.run.progress import Progress
from sotcheck.system.model import System
from sotcheck.theory.sums import stack_torque
from sotcheck.trial.verdict import Finding, Trial, compare

#: Largest scales of the ladders that are tried, in units of the system's own.
FIRST_RUNGS = (1.0, 0.2, 0.05)
RUNGS = 0.5 ** np.arange(4)
#: t/scale is even in it.
POWERS = (2, 4, 6)
#: t departs from first order as scale³.
REMAINDER_ORDER, ORDER_TELL_APART = 3.0, 0.05
#: Residuals of conservation laws are seen from here on, per unit flux.
RESIDUAL_TELL_APART = 1e-9
#: Where k_⊥ is resolved: nodes in each range between thresholds, and angles.
NODES, ANGLES = 4, np.array([0.4, 1.9, 3.1, 5.2])
FIRST = ("first-order", "The linear coefficient of the exact torque follows from unperturbed states alone")
LINEAR = ("linearity", "What first order leaves is of third order in the scale of all spin-orbit terms")
AGREE = ("engines", "Exact engines agree on the torque")
LEDGER = (
    "ledger",
    "Spin that arrives is what is taken and what goes on, at every interface and in every layer",
)
UNITARY = ("unitarity", "The scattering matrix of open channels is unitary")


def exact_torque(engine: Engine, system: System, scales: Array, rtol: float) -> Estimate:
    """Return the exact t over its scale (n,), summed over k_⊥, (n, 3, 3): scale, source, x, y, z."""
    structure = system.structure
    found = exact_flows(engine, system, scales, rtol=rtol).total
    errors = np.stack([[errors_of_t(structure, one) for one in each] for each in found.error])
    rounding = summed_errors(engine, system, scales).sum(axis=0)[..., None] / np.abs(scales)[:, None, None]
    terms = {"quadrature": (errors, NESTED), "rounding": (rounding, "double precision over the scale")}
    return Estimate(total_torque(structure, found.value), terms)


@dataclass(frozen=True)
class Ladder:
    """Scales (4,), each half the one before, and the exact t over them, (4, 3, 3)."""

    rungs: Array
    over_scale: Estimate

    @property
    def linear(self) -> Estimate:
        """The linear coefficient, (3, 3)."""
        return richardson(self.over_scale.value, POWERS, self.over_scale.error)

    def order(self, expected: Estimate, source: int) -> Estimate:
        """Return with which power of the scale t departs from its first order."""
        rest = np.linalg.norm(self.over_scale.value - expected.value, axis=-1)
        noise = np.linalg.norm(self.over_scale.error + expected.error, axis=-1)
        return observed_order(rest[:, source], noise[:, source]) + 1

    @property
    def words(self) -> str:
        """Which scales they are."""
        return f"scales from {self.rungs[0]:.3g} to {self.rungs[-1]:.3g}"


def climbed(engine: Engine, system: System, first: float) -> Ladder:
    """Return the exact torque on the ladder whose largest scale is this part of the system's own."""
    rungs = first * system.scale * RUNGS
    return Ladder(rungs, exact_torque(engine, system, rungs, engine.accuracy))


def _first_order(system: System, engines: Mapping[str, Engine]) -> Iterator[Finding]:
    expected = stack_torque(system, rtol=1e-12)
    scale = max(float(np.abs(expected.value).max()), 1e-3 * largest_torque(system))
    sources = list(open_sources(system))
    # Which ladders tell most, one engine says for all.
    tried = {first: climbed(next(iter(engines.values())), system, first) for first in FIRST_RUNGS}
    best = min(tried, key=lambda first: tried[first].linear.total)
    steepest = min(tried, key=lambda first: max(tried[first].order(expected, s).total for s, _ in sources))
    for name, engine in engines.items():
        own = {first: climbed(engine, system, first) for first in {best, steepest}}
        for s, source in sources:
            linear = own[best].linear[s].and_("first order", expected.error[s], NESTED)
            said = compare(expected.value[s], linear, scale=scale)
            quantity = "t per scale, worst component"
            yield Trial(quantity, said, own[best].words, source, name).finding(*FIRST)
            order = own[steepest].order(expected, s)
            departs = compare(REMAINDER_ORDER, order, tell_apart=ORDER_TELL_APART)
            quantity = "slope of |t - first order| against the scale"
            yield Trial(quantity, departs, own[steepest].words, source, name).finding(*LINEAR)


def _engines(system: System, engines: Mapping[str, Engine], scales: Array, rtol: float) -> Iterator[Finding]:
    found = {name: exact_torque(engine, system, scales, rtol) for name, engine in engines.items()}
    (first, one), *others = found.items()
    for name, other in others:
        for s, source in open_sources(system):
            said = compare(one.value[:, s], other[:, s].and_("other engine", one.error[:, s], NESTED))
            words = "scale " + ", ".join(f"{scale:g}" for scale in scales)
            quantity = f"t, {name} against {first}, worst component"
            yield Trial(quantity, said, words, source, name).finding(*AGREE)


def _conserved(system: System, engines: Mapping[str, Engine], scale: float) -> Iterator[Finding]:
    structure = system.structure
    grid = sample(system.thresholds(), NODES)[:, None], ANGLES, np.array(scale)
    for name, engine in engines.items():
        states, errors = engine.solve(structure, *grid), engine.errors(structure, *grid)
        at = [states.at(n) for n in range(len(structure.interfaces))]
        passed = [
            here.spin_plus + spin_turned(states, n) - there.spin_minus
            for n, (here, there) in enumerate(pairwise(at))
        ]
        residuals: dict[str, tuple[list[Any], Array, tuple[str, str]]] = {
            "at interfaces": ([ledger_residual(one.flows) for one in at], errors.flows, LEDGER),
            "in layers": (passed, errors.flows, LEDGER),
            "S†S - 1": ([states.unitarity_defect()], errors.amplitudes, UNITARY),
        }
        for quantity, (residual, error, claim) in residuals.items():
            if residual:
                rounding = {"rounding": (4 * float(error.max()), "double precision")}
                found = Estimate(np.stack(residual), rounding)
                said = compare(0.0, found, tell_apart=RESIDUAL_TELL_APART, sample=True)
                words = f"{quantity}, worst of k_perp and angles, per unit flux"
                yield Trial(words, said, f"scale {scale:g}", None, name).finding(*claim)


def try_stack(
    system: System, engines: Mapping[str, Engine], scales: Array, tolerance: float, progress: Progress
) -> list[Finding]:
    """Return what can be said of a stack at these scales (n,), by these exact engines."""
    steps = {
        "first order": lambda: list(_first_order(system, engines)),
        "engines": lambda: list(_engines(system, engines, scales, tolerance)) if len(engines) > 1 else [],
        "conservation": lambda: list(_conserved(system, engines, float(scales[0]))),
    }
    return [finding for step in progress(steps, system.name) for finding in steps[step]()]
