"""Any interface: layers between two half-spaces, effective masses, every spin-orbit term linear in k."""

from __future__ import annotations

from functools import cached_property
from typing import Annotated, Self

import numpy as np
from pydantic import BeforeValidator, Field, model_validator

from sotcheck.system.model import LARGEST, Direction, Line, Number, Positive, System, plain
from sotcheck.system.structure import NO_FIELD, RASHBA, Delta, Matrix, Region, Structure
from sotcheck.system.validated import Validated

#: Layers that one system may have.
MOST_LAYERS = 64

AboveZero = Annotated[
    float,
    BeforeValidator(plain),
    Field(gt=0.0, le=LARGEST, description=f"a finite number > 0, at most {LARGEST:g}"),
]
Row = tuple[Number, Number]
SpinOrbit = Annotated[
    tuple[Row, Row, Row],
    BeforeValidator(plain),
    Field(description="three rows (spin x, y, z) of two finite numbers (k_x, k_y)"),
]
OwnDirection = Annotated[
    Direction | None, Field(description="three finite numbers, not all zero; that of [interface] by default")
]
Switch = Annotated[bool, Field(description="true or false")]
#: d (k_x σ_x − k_y σ_y).
DRESSELHAUS: Matrix = ((1.0, 0.0), (0.0, -1.0), (0.0, 0.0))
#: w (k_x σ_x + k_y σ_y).
WEYL: Matrix = ((1.0, 0.0), (0.0, 1.0), (0.0, 0.0))


def spin_orbit(rashba: float, dresselhaus: float, weyl: float, A: Matrix) -> Matrix:
    """Return A of all spin-orbit terms together, rows of spin, columns k_x, k_y."""
    named = rashba * np.array(RASHBA) + dresselhaus * np.array(DRESSELHAUS) + weyl * np.array(WEYL)
    one, two, three = (tuple(row) for row in (named + np.array(A) + 0.0).tolist())
    return one, two, three


class SpinOrbitTerms(Validated):
    """What couples spin and k in a layer or at a junction; each is a name for some A, which add up."""

    rashba: Number = 0.0
    dresselhaus: Number = 0.0
    weyl: Number = 0.0
    spin_orbit: SpinOrbit = NO_FIELD

    @property
    def A(self) -> Matrix:
        """All of them together."""
        return spin_orbit(self.rashba, self.dresselhaus, self.weyl, self.spin_orbit)


class Junction(SpinOrbitTerms):
    """The delta function at the far end of a layer; its magnetisation is the interface's by default."""

    barrier: Number = 0.0
    exchange: Number = 0.0
    magnetization: OwnDirection = None


class Layer(SpinOrbitTerms):
    """A homogeneous layer, and the delta function at its far end."""

    name: Line = ""
    thickness: AboveZero = 1.0
    potential: Number = 0.0
    exchange: Positive = 0.0
    magnetization: OwnDirection = None
    mass: AboveZero = 1.0
    interface: Annotated[Junction, Field(description="a table [layer.interface]")] = Junction()


Layers = Annotated[
    tuple[Layer, ...],
    BeforeValidator(plain),
    Field(max_length=MOST_LAYERS, description=f"at most {MOST_LAYERS} tables [[layer]]"),
]


class Stack(System):
    """A normal metal, any number of layers, and a ferromagnet or another substrate.

    The m of the delta at z = 0 is that of everything magnetic without a direction of its own.
    """

    mass_N: AboveZero = 1.0
    mass_F: AboveZero = 1.0
    m_F: OwnDirection = None
    magnetic: Switch = True
    dresselhaus: Number = 0.0
    weyl: Number = 0.0
    spin_orbit: SpinOrbit = NO_FIELD
    layers: Layers = ()

    @model_validator(mode="after")
    def _substrate(self) -> Self:
        if not self.magnetic and self.J:
            raise ValueError(
                f"ferromagnet.exchange = {self.J:g} with ferromagnet.magnetic = false: a substrate without "
                "magnetism has no exchange; expected exchange = 0"
            )
        return self

    @property
    def masses(self) -> tuple[float, float]:
        """Effective masses of both half-spaces."""
        return self.mass_N, self.mass_F

    @property
    def only_rashba(self) -> bool:
        """Whether the Rashba term at z = 0 is the only spin-orbit term, so that h_R is its scale."""
        parts = [one for layer in self.layers for one in (layer, layer.interface)]
        own = spin_orbit(0.0, self.dresselhaus, self.weyl, self.spin_orbit)
        return not np.any([own, *(part.A for part in parts)])

    @property
    def names(self) -> list[str]:
        """What the layers are called, and the right half-space, last."""
        return [layer.name or f"layer {n}" for n, layer in enumerate(self.layers, 1)] + ["right half-space"]

    @cached_property
    def structure(self) -> Structure:
        """The stack itself; where only h_R couples spin and k its field is k×ẑ."""
        terms = self.dresselhaus, self.weyl, self.spin_orbit
        here = RASHBA if self.only_rashba else spin_orbit(self.h_R, *terms)
        regions, deltas = [Region(self.U_N, mass=self.mass_N)], [Delta(self.u_0, self.u_m, self.m, here)]
        for layer in self.layers:
            direction = layer.magnetization or self.m
            magnetism = layer.potential, layer.exchange, direction
            regions.append(Region(*magnetism, layer.thickness, layer.A, layer.mass))
            end = layer.interface
            deltas.append(Delta(end.barrier, end.exchange, end.magnetization or self.m, end.A))
        last = Region(self.U_F, self.J, self.m_F or self.m, mass=self.mass_F, magnetic=self.magnetic)
        return Structure(self.E_F, (*regions, last), tuple(deltas))

    def _beyond(self) -> str:
        unit = " nm" if self.unit else ""
        named = zip(self.names, self.layers, strict=False)
        return " | ".join([*(f"{name} {layer.thickness:g}{unit}" for name, layer in named), "beyond"])


def of_layer(system: System, name: str) -> str:
    """Return " (did you mean 'layer[1].thickness'?)" for a name that layers alone have, or nothing."""
    if isinstance(system, Stack) and system.layers and name in Layer.model_fields:
        return f" (did you mean 'layer[1].{name}'?)"
    return ""
