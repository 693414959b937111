"""What every engine is: three things to write, and the rest derived from them."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence

import numpy as np

from sotcheck.engines.lattice import Scheme
from sotcheck.engines.rounding import rounding_errors
from sotcheck.engines.spin_flows import layer_flows
from sotcheck.engines.stack import worst_condition
from sotcheck.errors import EngineError
from sotcheck.numerics.arrays import Array
from sotcheck.numerics.quadrature import MOST_VALUES
from sotcheck.system.states import MINUS, PLUS, Errors, States
from sotcheck.system.structure import NO_FIELD, Scale, Structure


class Engine(ABC):
    """Anything that solves the scattering problem exactly, at any scale of the spin-orbit terms.

    `name`, `accuracy` and `solve` are an engine's own; all else has a default.

    Attributes
    ----------
    name : str
        On the command line.
    accuracy : float
        Relative error that sums of its states can be brought to: what it promises.
    scheme : str, optional
        The discretisation; None for an engine without a lattice.
    most_problems, operations : int
        Scattering problems that a sum may take; rounding errors of one, in ε times the condition number.
    independent : bool
        Whether errors of states at different k_⊥ are, as those of rounding; else all of them may add up.
    """

    name: str
    accuracy: float
    scheme: str | None = None
    most_problems: int = MOST_VALUES
    operations: int = 16
    independent: bool = True

    @abstractmethod
    def solve(self, structure: Structure, k_perp: Array, angle: Array, scale: Scale) -> States:
        """Solve at every broadcast combination of k_⊥, angle of k from the x axis, and scale.

        The scale is a factor of all spin-orbit terms: h_R of a bare interface. Numbers are axes of one.
        """

    def flows(self, structure: Structure, k_perp: Array, angle: Array, scale: Array) -> Array:
        """Return `States.flows` of every interface, (..., interfaces, 3, 4, 3), in the fastest way."""
        states = self.solve(structure, k_perp, angle, scale)
        return np.stack([states.at(n).flows for n in range(len(structure.interfaces))], axis=-4)

    def all_flows(self, structure: Structure, k_perp: Array, angle: Array, scale: Array) -> Array:
        """Return all spin flows of a stack by source, (..., 3, 4I + 2L, 3), per unit incident flux.

        Four for each of the I interfaces, as `States.flows`, then two for each of the L layers, as
        `layer_flows`.
        """
        if all(layer.spin_orbit == NO_FIELD for layer in structure.layers):
            # Nothing is added in any layer: its torque is what does not go on.
            deltas = np.moveaxis(self.flows(structure, k_perp, angle, scale), -4, 0)
            taken = deltas[:-1, ..., PLUS, :] - deltas[1:, ..., MINUS, :]
            layers = np.stack([np.zeros_like(taken), taken], axis=-2)
            return np.concatenate([*deltas, *layers], axis=-2)
        states = self.solve(structure, k_perp, angle, scale)
        parts = [states.at(n).flows for n in range(len(structure.interfaces))]
        return np.concatenate([*parts, *np.moveaxis(layer_flows(states), -4, 0)], axis=-2)

    def spacing_for(self, structure: Structure) -> float:
        """Return the lattice spacing in use, unit: 1/wave vector; infinite without a lattice."""
        return np.inf

    def effective_spacing(self, structure: Structure) -> float:
        """Return the spacing of a lattice whose wave numbers are not the continuum's; 0 without one."""
        return 0.0

    def rungs(self, structure: Structure) -> Sequence[Engine]:
        """Return the engines of which this one is the limit, the coarsest first; itself if of none."""
        return [self]

    def with_options(self, scheme: Scheme, spacing: float | None) -> Engine:
        """Return this engine with another scheme and spacing; itself without a lattice."""
        return self

    def prepare(self) -> None:
        """Load what takes long to import, or say in an EngineError why it cannot be."""
        return

    def rounding(self, structure: Structure) -> float:
        """Return the relative rounding error of amplitudes and currents away from band edges.

        A lattice's wave numbers are known to ε/(qa)²; where q is small next to an edge, more is lost.
        """
        qa2 = 1e-3 * structure.thresholds()[-1] * self.spacing_for(structure) ** 2
        epsilon = float(np.finfo(float).eps)
        return self.operations * epsilon * worst_condition(structure) / min(1.0, qa2)

    def errors(self, structure: Structure, k_perp: Array, angle: Array, scale: Array) -> Errors:
        """Return bounds on the errors of these states, problem by problem."""
        return rounding_errors(structure, k_perp, angle, scale, self.spacing_for(structure))


def accepted(engine: Engine) -> Engine:
    """Return an engine that has what every one needs: a name for the command line, an accuracy promised."""
    if not isinstance(engine, Engine):
        raise EngineError(f"{engine!r} is no engine; derive its class from sotcheck.engines.Engine")
    name = getattr(engine, "name", "")
    if not name or not name.replace("-", "").isalnum() or name == "first-order":
        raise EngineError(f"an engine's name {name!r} is not accepted; expected letters, digits and '-'")
    if not 0 < getattr(engine, "accuracy", 0) < 1:
        raise EngineError(f"{name}: accuracy is not accepted; expected a number between 0 and 1")
    return engine
