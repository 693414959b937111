"""The physical system: a normal-metal/ferromagnet interface, immutable and validated.

Units: ħ²/2mₑ = 1, so energies are squared wave vectors and delta strengths are wave vectors.
This module states the Hamiltonian and nothing else: square-root branches, amplitudes and currents
belong to the theory and to the engines, which choose them independently.
"""

from __future__ import annotations

import math
from functools import cached_property
from typing import Annotated, Any

import numpy as np
from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationError,
    model_validator,
)

from sotcheck.errors import SystemFileError, did_you_mean
from sotcheck.numerics.arrays import Array, Complex
from sotcheck.run.plaintext import is_one_line
from sotcheck.system.spin import IDENTITY, dot_sigma
from sotcheck.system.structure import RASHBA, Delta, Region, Structure

SOURCES = ("normal", "majority", "minority")
#: States bound to the interface: they come in from nowhere, but those at E_F carry a torque as well.
BOUND = "bound"

#: Twice squared still a double: with no number beyond it, nothing overflows.
LARGEST = 1e60
#: The smallest energy of a propagating state above its band's edge: squares of it are doubles too.
SMALLEST = 1e-60


def _plain(value: Any) -> Any:
    """Return NumPy numbers and arrays as Python's, lists as tuples."""
    if isinstance(value, np.ndarray | np.generic):
        value = value.tolist()
    return tuple(map(_plain, value)) if isinstance(value, list | tuple) else value


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
Number = Annotated[
    float,
    BeforeValidator(_plain),
    Field(ge=-LARGEST, le=LARGEST, description=f"a finite number, at most {LARGEST:g} in size"),
]
Positive = Annotated[
    float,
    BeforeValidator(_plain),
    Field(ge=0.0, le=LARGEST, description=f"a finite number >= 0, at most {LARGEST:g}"),
]
Direction = Annotated[
    tuple[float, float, float],
    BeforeValidator(_plain),
    AfterValidator(_direction),
    Field(description="three finite numbers, not all zero"),
]
Name = Annotated[str, Field(pattern=r"^[A-Za-z0-9-]+$", description="a text of letters, digits and '-'")]
Line = Annotated[
    str,
    AfterValidator(_line),
    Field(description="a text of one line, without control characters or marks of direction"),
]


class Interface(BaseModel):
    """A normal metal (z < 0) and a ferromagnet (z > 0) with a spin-dependent delta at z = 0.

    H = −∂_z² + k_⊥² + U_N Θ(−z) + (U_F + J σ·m) Θ(z) + [u_0 + u_m σ·m + h_R σ·(k×ẑ)] δ(z)

    Energies E_F, U_N, U_F and J ≥ 0 have the unit wave vector², u_0 and u_m the unit wave vector; h_R has
    none. The direction m is normalised on reading. Relaxation times of the three sources are relative; that
    of states bound to the interface may be 0, which leaves them out of totals.
    """

    model_config = ConfigDict(
        frozen=True, extra="forbid", strict=True, allow_inf_nan=False, validate_default=True
    )

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

    @model_validator(mode="after")
    def _some_state_propagates(self) -> Interface:
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

    def with_(self, **changes: Any) -> Interface:
        """Return a copy with some attributes changed and validated, e.g. ``with_(h_R=0.1, m=(1, 0, 1))``.

        Raises
        ------
        SystemFileError
            If an attribute is unknown or its value is not acceptable.
        """
        known = type(self).model_fields
        for name in changes.keys() - known.keys():
            near = did_you_mean(name, known)
            accepted = ", ".join(known)
            raise SystemFileError(f"{self.name}: unknown attribute {name!r}{near}; accepted: {accepted}")
        try:
            return Interface(**{**self.model_dump(), **changes})
        except ValidationError as error:
            written = {name: f"{name} = {value!r}" for name, value in changes.items()}
            raise SystemFileError("\n".join(refused(error, self.name, written).values())) from None

    def __str__(self) -> str:
        m = ", ".join(f"{c:.4g}" for c in self.m)
        return (
            f"{self.name}: {self.title}\n"
            f"  E_F = {self.E_F:g}; z < 0: U_N = {self.U_N:g}; z > 0: U_F = {self.U_F:g}, J = {self.J:g}\n"
            f"  z = 0: u_0 = {self.u_0:g}, u_m = {self.u_m:g}, h_R = {self.h_R:g}, m = ({m})"
        )

    @property
    def direction(self) -> Array:
        """The unit vector m, shape (3,)."""
        return np.array(self.m)

    @property
    def bulks_differ(self) -> bool:
        """Whether N and F have different potentials for any spin."""
        return self.J != 0.0 or self.U_N != self.U_F

    def kz_squared(self, k_perp2: Array) -> Array:
        """Return k_z² in the normal metal at E_F, shape of `k_perp2` (= k_⊥²)."""
        return self.E_F - self.U_N - k_perp2

    def Kz_squared(self, k_perp2: Array) -> Array:
        """Return ((k_z^+)², (k_z^-)²) in the ferromagnet at E_F, shape (..., 2): minority, majority."""
        shifted = self.E_F - self.U_F - np.asarray(k_perp2)[..., None]
        return shifted - self.J * np.array([1.0, -1.0])

    def kappa_0(self) -> Complex:
        """Return κ̂_0 = u_0 + u_m σ·m, shape (2, 2)."""
        return self.u_0 * IDENTITY + self.interface_exchange()

    def interface_exchange(self) -> Complex:
        """Return u_m σ·m, shape (2, 2)."""
        return self.u_m * dot_sigma(self.direction)

    def k_perp2_max(self, source: str) -> float:
        """Return the largest k_⊥² at which `source` has a propagating state at E_F (negative if none)."""
        edge = {"normal": self.U_N, "majority": self.U_F - self.J, "minority": self.U_F + self.J}
        return self.E_F - edge[source]

    @cached_property
    def structure(self) -> Structure:
        """The stack without layers; its spin-orbit field is k×ẑ, so that its scale is h_R."""
        return Structure(
            self.E_F,
            (Region(self.U_N), Region(self.U_F, self.J, self.m)),
            (Delta(self.u_0, self.u_m, self.m, RASHBA),),
        )

    def thresholds(self) -> list[float]:
        """Return the sorted k_⊥² > 0 at which a channel closes, after a leading 0."""
        return self.structure.thresholds()

    @property
    def same_threshold(self) -> float:
        """The distance in k_⊥² below which two thresholds are one: energies are not known any better."""
        return self.structure.same_threshold


def refused(error: ValidationError, where: str, written: dict[str, str]) -> dict[str, str]:
    """Return a line for each attribute refused, as it was written; '' stands for the system as a whole."""
    found = {}
    for problem in error.errors():
        name = str(problem["loc"][0]) if problem["loc"] else ""
        whole = problem["msg"].removeprefix("Value error, ")
        expected = Interface.model_fields[name].description if name else ""
        line = f"{written[name]} is not accepted; expected {expected}" if name else whole
        found[name] = f"{where}: {line}"
    return found


def rashba(k_perp: Array, angle: Array) -> Complex:
    """Return σ·(k×ẑ) = k_y σ_x − k_x σ_y, shape (..., 2, 2), at k = k_⊥ (cos, sin)(angle)."""
    kx, ky = k_perp * np.cos(angle), k_perp * np.sin(angle)
    return dot_sigma(np.stack([ky, -kx, np.zeros_like(kx)], axis=-1))
