"""The exact t of a stack on ladders of the scale of all its spin-orbit terms, and which of them tell most."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import numpy as np

from sotcheck.beyond.torques import open_sources
from sotcheck.engines import Engine
from sotcheck.engines.determinant import kinks_of
from sotcheck.exact.apart import apart
from sotcheck.exact.inside import errors_of_t, total_torque
from sotcheck.exact.observables import exact_flows, largest_torque, summed_errors
from sotcheck.exact.side_by_side import FLOOR
from sotcheck.numerics.angles import NESTED, Sum
from sotcheck.numerics.arrays import Array
from sotcheck.numerics.convergence import observed_order, richardson
from sotcheck.numerics.estimate import Estimate
from sotcheck.system.model import System
from sotcheck.theory.sums import stack_torque
from sotcheck.trial.evidence import RUNGS
from sotcheck.trial.expansion import Expansion
from sotcheck.trial.reach import most_problems, naming_layers
from sotcheck.trial.stack_expansion import expansion_of, strength
from sotcheck.trial.verdict import TELL_APART

#: Largest scales of the ladders that are tried, by how far spin-orbit terms turn spin; then smaller ones.
FIRST_RUNGS, FARTHER, SMALLEST, TINY = (1.0, 0.2, 0.05), 5.0, 1e-6, 1e-60
#: Larger ones, where what first order leaves is but so many times its error.
LARGEST, HIDDEN = 25.0, 1e4
#: t/scale is even in it.
POWERS = (2, 4, 6)
#: Flows at z = 0.
FLOWS = 4
#: Part of the natural scale of t below which no torque counts as large.
SMALL_TORQUE = 1e-3
#: How uncertain a slope may be.
ORDER_TELL_APART = 0.05


@dataclass(frozen=True)
class Exact:
    """An engine's flows over these scales (n,), and t over them (n, 3, 3): scale, source, x, y, z.

    `noise` (n, 3) is what rounding makes of t, not over the scale; `apart` is what t over the scale differs
    by from another engine's, where that was summed.
    """

    engine: Engine
    scales: Array
    noise: Array
    flows: Sum
    over_scale: Estimate
    apart: Estimate | None = None

    @classmethod
    def of(
        cls, engine: Engine, system: System, scales: Array, rtol: float, beside: Exact | None = None
    ) -> Exact:
        """Sum over k_⊥: all flows, or, `beside` another engine, what they differ by from that one's."""
        structure, most = system.structure, most_problems(engine, system)
        # No sum is refined below FLOOR of the largest torque there can be.
        noise = summed_errors(engine, system, scales).sum(axis=0) + FLOOR * largest_torque(system)

        def over_scale(found: Estimate, noise: Array) -> Estimate:
            errors = np.stack([[errors_of_t(structure, one) for one in each] for each in found.error])
            rounding = noise[..., None] / np.abs(scales)[:, None, None]
            _, origin = found.terms.get("quadrature", (0.0, NESTED))
            terms = {
                "quadrature": (errors, origin),
                "rounding": (rounding, "double precision over the scale"),
            }
            return Estimate(total_torque(structure, found.value), terms)

        if beside and len(engine.rungs(structure)) == 1:
            more = apart(engine, beside.engine, system, scales, float(noise.max()), most)
            flows = replace(beside.flows, by_segment=beside.flows.by_segment + more)
            departs = over_scale(more.sum(axis=0), noise + beside.noise)
            # In a difference that both make, nodes see rounding as they see all else that is not smooth.
            noise = np.maximum(noise, beside.noise)
            return cls(engine, scales, noise, flows, over_scale(flows.total, noise), departs)
        if most and kinks_of(structure, scales).size:
            # Each scale is then summed by itself; ladders have many, half a sum's problems each.
            most //= 2 * len(scales)
        flows = exact_flows(engine, system, scales, rtol=rtol, most=most)
        return cls(engine, scales, noise, flows, over_scale(flows.total, noise))

    @property
    def linear(self) -> Estimate:
        """The linear coefficient, (3, 3), of scales each of which is half the one before."""
        over = self.over_scale
        _, origin = over.terms["quadrature"]
        fit = richardson(over.value, POWERS, over.error)
        carried, why = fit.terms["rounding"]
        return Estimate(fit.value, fit.terms | {"rounding": (carried, f"{why}; {origin}")})

    @property
    def linear_flows(self) -> Estimate:
        """The linear coefficient of the flows at z = 0, (3, 4, 3), of which the paper's claims are."""
        found = self.flows.total
        return richardson(found.value[..., :FLOWS, :], POWERS, found.error[..., :FLOWS, :])

    def rest(self, expected: Estimate, source: int) -> Estimate:
        """Return how far t over the scale is from its first order, (n,)."""
        rest = np.linalg.norm(self.over_scale.value - expected.value, axis=-1)
        noise = np.linalg.norm(self.over_scale.error + expected.error, axis=-1)
        return Estimate(rest[:, source], {"quadrature": (noise[:, source], NESTED)})

    def order(self, expected: Estimate, source: int) -> Estimate:
        """Return with which power of the scale t departs from its first order."""
        rest = self.rest(expected, source)
        return observed_order(rest.value, rest.error) + 1

    @property
    def words(self) -> str:
        """Which scales they are."""
        return f"scales from {self.scales[0]:.3g} to {self.scales[-1]:.3g}"


@dataclass(frozen=True)
class Climb:
    """The ladders of one engine, by the part of all that the spin-orbit terms can turn at the largest scale.

    `unit` is the scale at which they turn spin by about a radian, or less where less is the limit. Flows that
    have a linear coefficient are `regular`; t may vanish where they do not. `beside`: that of the engine
    whose sums this one's are held against.
    """

    engine: Engine
    system: System
    unit: float
    expected: Estimate
    regular: bool
    beside: Climb | None = None
    tried: dict[float, Exact] = field(default_factory=dict)

    def at(self, *parts: float) -> dict[float, Exact]:
        """Return ladders, which are climbed once."""
        for part in parts:
            if part not in self.tried:
                scales = part * self.unit * RUNGS
                other = self.beside.at(part)[part] if self.beside else None
                self.tried[part] = Exact.of(self.engine, self.system, scales, self.engine.accuracy, other)
        return {part: self.tried[part] for part in parts}

    def doubt(self, part: float, source: int) -> float:
        """Return how uncertain the power is with which t departs from first order."""
        order = self.tried[part].order(self.expected, source)
        return float(np.nan_to_num(order.total, nan=np.inf))

    def told(self, part: float) -> list[Estimate]:
        """Return the linear coefficients that a ladder tells."""
        ladder = self.tried[part]
        return [ladder.linear, *([ladder.linear_flows] if self.regular else [])]

    def error(self, part: float) -> float:
        """Return how uncertain the linear coefficients are."""
        return max(float(np.nan_to_num(one.total, nan=np.inf)) for one in self.told(part))

    def borne_out(self, part: float) -> bool:
        """Whether smaller scales agree: outside the radius of convergence a table may settle by accident."""
        smaller = [self.told(other) for other in self.tried if other < part]
        pairs = [pair for others in smaller for pair in zip(self.told(part), others, strict=True)]
        return not any(np.any(np.abs(here.value - one.value) > here.error + one.error) for here, one in pairs)

    @property
    def best(self) -> float:
        """Which ladder tells most of the linear coefficient."""
        return min(filter(self.borne_out, self.tried), key=self.error)

    @property
    def steepest(self) -> dict[int, float]:
        """Which ladder tells most of what first order leaves, by source."""
        found = {}
        for s, _ in open_sources(self.system):
            doubts = {part: self.doubt(part, s) for part in self.tried}
            # A larger one that tells no power tells nothing else either.
            some = [one for one in doubts if one <= max(FIRST_RUNGS) or doubts[one] <= ORDER_TELL_APART]
            found[s] = min(some, key=lambda part, doubts=doubts: (doubts[part], -part))  # type: ignore[misc]
        return found

    def hidden(self) -> bool:
        """Whether what first order leaves of a source is seen, and so little that larger scales tell more."""
        part, steepest = max(self.tried), self.steepest
        found = []
        for s, best in steepest.items():
            top = self.tried[part].rest(self.expected, s)[0]
            seen = top.total < top.value < HIDDEN * top.total
            found.append(seen and self.doubt(best, s) > ORDER_TELL_APART)
        return any(found) and part < LARGEST

    def enough(self, scale: float) -> bool:
        """Whether a smaller scale would tell no more, or what is told suffices."""
        unsure = [part for s, part in self.steepest.items() if self.doubt(part, s) > ORDER_TELL_APART]
        unsure += [self.best] if self.error(self.best) > TELL_APART * scale else []
        return min(self.tried) not in unsure or min(self.tried) < FARTHER * SMALLEST


@dataclass(frozen=True)
class Ladders:
    """First order (3, 3), and by engine the exact t on ladders of the scale, by the largest of each.

    `scale`: what differences of t are relative to; `expansion`: whether there is a first order at all;
    `ladders`: by engine, as of a `Climb`; `best`, `steepest`: which ladder tells most of the linear
    coefficient, and, by source, of what it leaves.
    """

    expected: Estimate
    scale: float
    expansion: Expansion
    ladders: dict[str, dict[float, Exact]]
    best: float
    steepest: dict[int, float]

    @classmethod
    def of(cls, system: System, engines: Mapping[str, Engine]) -> Ladders:
        """Climb: which ladders tell most, the first engine says for all."""
        with naming_layers(system):
            return cls._of(system, engines)

    @classmethod
    def _of(cls, system: System, engines: Mapping[str, Engine]) -> Ladders:
        expansion, missing = expansion_of(system)
        expected = stack_torque(system, rtol=1e-12) + missing
        scale = max(float(np.abs(expected.value).max()), SMALL_TORQUE * largest_torque(system))
        unit = (expansion.radius or 1.0) / max(strength(system.structure), TINY)
        regular = expansion.kind == "analytic"
        name, *others = engines
        first = Climb(engines[name], system, unit, expected, regular)
        climbs = {name: first} | {
            other: Climb(engines[other], system, unit, expected, regular, first) for other in others
        }
        first.at(*FIRST_RUNGS)
        # A resonance may be narrow, and what first order leaves too large.
        while expansion.exists and not first.enough(scale):
            first.at(min(first.tried) / FARTHER)
        while expansion.exists and first.hidden():
            first.at(max(first.tried) * FARTHER)
        best, steepest = first.best, first.steepest
        ladders = {name: climb.at(best, *steepest.values()) for name, climb in climbs.items()}
        return cls(expected, scale, expansion, ladders, best, steepest)
