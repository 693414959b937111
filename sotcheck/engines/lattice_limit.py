"""Finite differences in the limit of vanishing spacing: Richardson's table over a ladder of chains."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, ClassVar

import numpy as np

from sotcheck.engines.base import Engine
from sotcheck.engines.kwant_chain import KwantChain
from sotcheck.engines.lattice import Scheme
from sotcheck.numerics.arrays import Array
from sotcheck.numerics.convergence import richardson
from sotcheck.numerics.estimate import Estimate
from sotcheck.system.states import Errors, States
from sotcheck.system.structure import Scale, Structure

#: Spacings relative to the coarsest; error terms a², a⁴, a⁶ are removed.
LADDER = (1.0, 0.5, 0.25, 0.125)
LADDER_POWERS = (2, 4, 6)


@dataclass(frozen=True)
class LatticeLimit(Engine):
    """The `kwant` engine with the scheme "finite-difference", extrapolated.

    Attributes
    ----------
    spacing : float, optional
        The coarsest; by default one that suits the interface.
    """

    spacing: float | None = None
    name = KwantChain.name
    accuracy = KwantChain.accuracy
    most_problems = KwantChain.most_problems
    scheme: ClassVar[Scheme] = "finite-difference"  # type: ignore[misc]

    def rungs(self, structure: Structure) -> list[KwantChain]:
        """Return the chains of the ladder, the coarsest first."""
        a = self.spacing_for(structure)
        return [KwantChain(self.scheme, a * part) for part in LADDER]

    def spacing_for(self, structure: Structure) -> float:
        """Return the coarsest spacing, unit: 1/wave vector."""
        return KwantChain(self.scheme, self.spacing).spacing_for(structure)

    def solve(self, structure: Structure, k_perp: Array, angle: Array, scale: Scale) -> States:
        """Solve at every broadcast combination of k_⊥, in-plane angle and scale, as every engine."""
        solved = [chain.solve(structure, k_perp, angle, scale) for chain in self.rungs(structure)]
        limits: dict[str, Any] = {
            name: _limit([getattr(s, name) for s in solved]).value
            for name in ("left", "right", "psi", "slope")
        }
        return replace(solved[-1], **limits)

    def flows(self, structure: Structure, k_perp: Array, angle: Array, scale: Array) -> Array:
        """Return the limit of the flows of every interface."""
        return _limit([one.flows(structure, k_perp, angle, scale) for one in self.rungs(structure)]).value

    def errors(self, structure: Structure, k_perp: Array, angle: Array, scale: Array) -> Errors:
        """Return bounds on what rounding and the last elimination leave open, problem by problem."""
        rungs = self.rungs(structure)
        solved = [one.solve(structure, k_perp, angle, scale) for one in rungs]
        bounds = [one.errors(structure, k_perp, angle, scale) for one in rungs]

        def left(values: Callable[[States], Any], axes: tuple[int, ...]) -> Array:
            return np.asarray(_limit([values(one) for one in solved]).size("next order").max(axis=axes))

        def carried(name: str) -> Array:
            noise = np.stack([getattr(one, name) for one in bounds])
            return richardson(np.zeros_like(noise), LADDER_POWERS, noise).size("rounding")

        def by_source(from_N: Array, from_F: Array) -> Array:
            return np.stack([from_N, from_F, from_F], axis=-1)

        psi = left(lambda s: s.psi, (1, -2, -1))
        leaving = left(lambda s: np.stack(s.amplitudes()[:2]), (0, -2, -1))
        from_F = left(lambda s: np.stack(s.amplitudes()[2:]), (0, -2, -1))
        numbers = range(len(structure.interfaces))
        return Errors(
            psi=by_source(*psi) + carried("psi"),
            amplitudes=by_source(leaving, from_F) + carried("amplitudes"),
            flows=left(lambda s: np.stack([s.at(n).flows for n in numbers]), (0, -2, -1)) + carried("flows"),
        )

    def rounding(self, structure: Structure) -> float:
        """Return the relative rounding error away from band edges, that of the finest chain."""
        return self.rungs(structure)[-1].rounding(structure)


def _limit(values: list[Any]) -> Estimate:
    return richardson(np.stack(values), LADDER_POWERS)
