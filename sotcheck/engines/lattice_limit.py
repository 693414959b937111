"""Finite differences in the limit of vanishing spacing: Richardson's table over a ladder of chains."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, fields
from typing import Any, ClassVar

import numpy as np

from sotcheck.engines.kwant_chain import KwantChain
from sotcheck.engines.lattice import Scheme
from sotcheck.numerics.arrays import Array
from sotcheck.numerics.convergence import richardson
from sotcheck.numerics.estimate import Estimate
from sotcheck.system.interface import Interface
from sotcheck.system.states import Errors, Scattering, flows

#: Spacings relative to the coarsest; error terms a², a⁴, a⁶ are removed.
LADDER = (1.0, 0.5, 0.25, 0.125)
LADDER_POWERS = (2, 4, 6)


@dataclass(frozen=True)
class LatticeLimit:
    """The `kwant` engine with the scheme "finite-difference", extrapolated.

    Attributes
    ----------
    spacing : float, optional
        The coarsest; by default one that suits the interface.
    """

    spacing: float | None = None
    name: ClassVar[str] = "kwant"
    accuracy: ClassVar[float] = 1e-9
    scheme: ClassVar[Scheme] = "finite-difference"

    def rungs(self, iface: Interface) -> list[KwantChain]:
        """Return the chains of the ladder, the coarsest first."""
        a = self.spacing_for(iface)
        return [KwantChain(self.scheme, a * part) for part in LADDER]

    def spacing_for(self, iface: Interface) -> float:
        """Return the coarsest spacing, unit: 1/wave vector."""
        return KwantChain(self.scheme, self.spacing).spacing_for(iface)

    def scatter(self, iface: Interface, k_perp: Array, angle: Array, h_R: Array) -> Scattering:
        """Solve at every broadcast combination of k_⊥, in-plane angle and h_R, as every engine."""
        solved = [chain.scatter(iface, k_perp, angle, h_R) for chain in self.rungs(iface)]
        limits: dict[str, Any] = {
            one.name: _limit([getattr(s, one.name) for s in solved]).value
            for one in fields(Scattering)
            if one.name != "m"
        }
        return Scattering(m=iface.direction, **limits)

    def flows(self, iface: Interface, k_perp: Array, angle: Array, h_R: Array) -> Array:
        """Return the four spin flows of Fig. 2 by source."""
        return _limit([chain.flows(iface, k_perp, angle, h_R) for chain in self.rungs(iface)]).value

    def errors(self, iface: Interface, k_perp: Array, angle: Array, h_R: Array) -> Errors:
        """Return bounds on what rounding and the last elimination leave open, problem by problem."""
        grid = np.broadcast_arrays(*np.atleast_1d(k_perp, angle, h_R))
        rungs = self.rungs(iface)
        solved, bounds = [r.scatter(iface, *grid) for r in rungs], [r.errors(iface, *grid) for r in rungs]

        def left(values: Callable[[Scattering], Any], axes: int) -> Array:
            error = _limit([values(one) for one in solved]).size("next order")
            return np.asarray(error.max(axis=tuple(range(-axes, 0))))

        def carried(name: str) -> Array:
            noise = np.stack([getattr(one, name) for one in bounds])
            return richardson(np.zeros_like(noise), LADDER_POWERS, noise).size("rounding")

        def by_source(from_N: Array, from_F: Array) -> Array:
            return np.stack([from_N, from_F, from_F], axis=-1)

        psi = by_source(left(lambda s: s.psi_N, 2), left(lambda s: s.psi_F, 2))
        leaving = left(lambda s: np.stack(s.amplitudes()[:2], -3), 3)
        from_F = left(lambda s: np.stack(s.amplitudes()[2:], -3), 3)
        return Errors(
            psi=psi + carried("psi"),
            amplitudes=by_source(leaving, from_F) + carried("amplitudes"),
            flows=left(lambda s: flows(s, iface, *grid), 2) + carried("flows"),
        )

    def rounding(self, iface: Interface) -> float:
        """Return the relative rounding error away from band edges, that of the finest chain."""
        return self.rungs(iface)[-1].rounding(iface)


def _limit(values: list[Any]) -> Estimate:
    return richardson(np.stack(values), LADDER_POWERS)
