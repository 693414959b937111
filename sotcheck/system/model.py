"""What every system has, immutable and validated: keys, what they accept, and how errors name them.

Units: ħ²/2mₑ = 1, so energies are squared wave vectors and delta strengths are wave vectors.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Mapping
from html import escape
from typing import Annotated, Any, Literal, Self, overload

import numpy as np
from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from sotcheck.numerics.arrays import Array, Complex
from sotcheck.run.plaintext import is_one_line
from sotcheck.system.spin import IDENTITY, dot_sigma
from sotcheck.system.structure import Structure
from sotcheck.system.validated import Validated

SOURCES = ("normal", "majority", "minority")
#: States bound to the interface: they come in from nowhere, but those at E_F carry a torque as well.
BOUND = "bound"

#: Twice squared still a double: with no number beyond it, nothing overflows.
LARGEST = 1e60
#: The smallest energy of a propagating state above its band's edge: squares of it are doubles too.
SMALLEST = 1e-60


def plain(value: Any) -> Any:
    """Return NumPy numbers and arrays as Python's, lists as tuples."""
    if isinstance(value, np.ndarray | np.generic):
        value = value.tolist()
    return tuple(map(plain, value)) if isinstance(value, list | tuple | range) else value


def in_short(value: Any) -> str:
    """Return a value with as many digits as one reads."""
    if isinstance(value, list | tuple):
        return f"({', '.join(map(in_short, value))})"
    return f"{value:.6g}" if isinstance(value, float) else str(value)


def _direction(m: tuple[float, float, float]) -> tuple[float, float, float]:
    largest = max(abs(c) for c in m)
    if largest == 0.0:
        raise ValueError("the zero vector has no direction")
    if abs(math.hypot(*m) - 1) < 1e-15:
        # Normalised already: a copy of a system must not drift.
        return m
    # Dividing by the largest component first keeps tiny and huge vectors from under- or overflowing.
    scaled = np.array(m) / largest
    x, y, z = (scaled / np.linalg.norm(scaled)).tolist()
    return (x, y, z)


def _line(text: str) -> str:
    if not is_one_line(text):
        raise ValueError("no text of one line")
    return text


# A description says what is accepted, for error messages.
Unit = Annotated[Literal["", "eV"], Field(description="eV, or no table [units] at all")]
Number = Annotated[
    float,
    BeforeValidator(plain),
    Field(ge=-LARGEST, le=LARGEST, description=f"a finite number, at most {LARGEST:g} in size"),
]
Positive = Annotated[
    float,
    BeforeValidator(plain),
    Field(ge=0.0, le=LARGEST, description=f"a finite number >= 0, at most {LARGEST:g}"),
]
Direction = Annotated[
    tuple[float, float, float],
    BeforeValidator(plain),
    AfterValidator(_direction),
    Field(description="three finite numbers, not all zero"),
]
Name = Annotated[str, Field(pattern=r"^[A-Za-z0-9-]+$", description="a text of letters, digits and '-'")]
Line = Annotated[
    str,
    AfterValidator(_line),
    Field(description="a text of one line, without control characters or marks of direction"),
]


class System(Validated, ABC):
    """What a bare interface and a stack have in common: two half-spaces, and a delta at z = 0.

    Energies E_F, U_N, U_F and J ≥ 0 have the unit wave vector², u_0 and u_m the unit wave vector; h_R has
    none. The direction m is normalised on reading. Relaxation times of the three sources are relative; that
    of states bound to the interface may be 0, which leaves them out of totals. `unit` is that of the system
    file: "" for ħ²/2mₑ = 1.
    """

    name: Name
    title: Line = ""
    reference: Line = ""
    E_F: Number = 2.0
    U_N: Number = 0.0
    U_F: Number = 0.0
    J: Positive = 1.0
    u_0: Number = 0.0
    u_m: Number = 0.0
    h_R: Number = 0.05
    m: Direction = (0.0, 0.0, 1.0)
    tau_N: Positive = 1.0
    tau_up: Positive = 1.0
    tau_down: Positive = 1.0
    tau_bound: Positive = 0.0
    unit: Unit = ""

    @model_validator(mode="after")
    def _some_state_propagates(self) -> Self:
        highest = max(self.k_perp2_max(source) for source in SOURCES)
        lowest = min(self.U_N, self.U_F - self.J)
        if highest <= 0.0:
            raise ValueError(
                f"fermi_energy = {self.E_F:g} leaves no propagating state: the lowest band edge is "
                f"{lowest:g} (the smaller of U_N and U_F - J); expected a number above it"
            )
        if highest < SMALLEST:
            raise ValueError(
                f"fermi_energy = {self.E_F:g} lies {highest:g} above the lowest band edge: too little for "
                f"double precision; expected at least {SMALLEST:g}, as in another unit of energy"
            )
        return self

    @overload
    def with_(self, changes: None = None, /, **more: float | str | bool | tuple[Any, ...] | None) -> Self: ...
    @overload
    def with_(self, changes: Mapping[str, Any] | None = None, /, **more: Any) -> Any: ...
    def with_(self, changes: Mapping[str, Any] | None = None, /, **more: Any) -> Any:
        """Return a copy with some attributes changed and validated, e.g. ``with_(h_R=0.1, m=(1, 0, 1))``.

        Parameters
        ----------
        changes, **more
            Attributes, in units of ħ²/2mₑ = 1 as they are; ``theta`` and ``phi``, the direction of m in
            degrees; and keys of the system file, in its own units, in a mapping: e.g.
            ``{"layer[1].thickness": 0.8}``. Where several numbers stand for one, as in
            ``with_(h_R=np.linspace(0, 1, 21))``, or several directions for m, a `Family` of systems is
            returned, with a dimension for each.

        Raises
        ------
        SystemFileError
            If an attribute is unknown or its value is not acceptable.
        """
        from sotcheck.system.family import changed

        return changed(self, {**(changes or {}), **more})

    @property
    def heading(self) -> str:
        """Its name, and its title if it has one."""
        return f"{self.name}: {self.title}" if self.title else self.name

    def _beyond(self) -> str:
        """Say what is at z > 0."""
        return "z > 0"

    def __repr__(self) -> str:
        """As it is made by hand; of a system in eV with what its numbers are in."""
        from sotcheck.system.units import length_nm

        return super().__repr__() + (
            f"  # energies in eV, lengths in {length_nm():.6g} nm; print() has the units of the file"
            if self.unit
            else ""
        )

    def __str__(self) -> str:
        """In the units of its file."""
        from sotcheck.system.units import file_units

        own, m = file_units(self), ", ".join(f"{c:.4g}" for c in self.m)
        energy, strength = (" eV", " eV nm") if self.unit else ("", "")
        return (
            f"{self.heading}\n"
            f"  E_F = {own.E_F:g}{energy}; z < 0: U_N = {own.U_N:g}{energy}; {own._beyond()}: "
            f"U_F = {own.U_F:g}{energy}, J = {own.J:g}{energy}\n"
            f"  z = 0: u_0 = {own.u_0:g}{strength}, u_m = {own.u_m:g}{strength}, h_R = {own.h_R:g}, m = ({m})"
        )

    def _repr_html_(self) -> str:
        """As its file has it, without what is zero."""
        from sotcheck.system.files import keys_told, to_document

        rows = (
            f'<tr><th scope="row">{escape(key)}</th><td>{escape(in_short(value))}</td></tr>'
            for key, value in keys_told(to_document(self))
            if key not in ("name", "title")
        )
        return f"<p><b>{escape(self.heading)}</b></p>\n<table>{''.join(rows)}</table>"

    @property
    def direction(self) -> Array:
        """The unit vector m, shape (3,)."""
        return np.array(self.m)

    def kappa_0(self) -> Complex:
        """Return κ̂_0 = u_0 + u_m σ·m of the delta at z = 0, shape (2, 2)."""
        return self.u_0 * IDENTITY + self.interface_exchange()

    def interface_exchange(self) -> Complex:
        """Return u_m σ·m, shape (2, 2)."""
        return self.u_m * dot_sigma(self.direction)

    @property
    def names(self) -> list[str]:
        """What the layers are called, and the right half-space, last."""
        return ["right half-space"]

    @property
    def masses(self) -> tuple[float, float]:
        """Effective masses of both half-spaces."""
        return 1.0, 1.0

    def k_perp2_max(self, source: str) -> float:
        """Return the largest k_⊥² at which `source` has a propagating state at E_F (negative if none)."""
        edge = {"normal": self.U_N, "majority": self.U_F - self.J, "minority": self.U_F + self.J}
        return self.masses[source != "normal"] * (self.E_F - edge[source])

    @property
    def only_rashba(self) -> bool:
        """Whether the Rashba term at z = 0 is the only spin-orbit term, so that h_R is its scale."""
        return True

    @property
    @abstractmethod
    def structure(self) -> Structure:
        """The stack that this is."""

    @property
    def scale(self) -> float:
        """The factor of the structure's spin-orbit terms: h_R where nothing else couples spin and k; or 1."""
        return self.h_R if self.only_rashba else 1.0

    def thresholds(self) -> list[float]:
        """Return the sorted k_⊥² > 0 at which a channel closes, after a leading 0."""
        return self.structure.thresholds()

    @property
    def same_threshold(self) -> float:
        """The distance in k_⊥² below which two thresholds are one: energies are not known any better."""
        return self.structure.same_threshold
