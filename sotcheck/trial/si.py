"""What experiments compare: torques in SI units, efficiencies, effective fields per current density.

*Torque.* A field E along x shifts the occupation of a source's states by −e E τ_s v_x δ(E − E_F), where
v_x = ħk_x/(M mₑ). A channel has dE/2πħ electrons a second, each with the spin ħσ/2. Per second and area the
magnetisation takes the spin T/A = −∫ d²k/(2π)² e E τ_s v_x (1/4π) Σ_in {Im[ψ†σ∂_zψ] − …}, which is

    T/A = (ħ e E τ_s/mₑ) t,  t in m⁻³, with −1/4π and k_x/M inside; τ_s = τ · the source's relative weight.

*Sign.* e > 0 is the elementary charge, so E > 0 is a (conventional) current density j > 0 along +x: electrons
drift along −x. T is a rate of angular momentum. The magnetisation's spin is against m (σ·m = −1 is majority),
so that m turns along −T, as in a field B: dm/dt = −γ m×B. For electrons that drift along +x, which is j < 0,
m turns along +T: this is how an occupation shifted by +e E τ_s v_x and a torque on m itself go together.

*Efficiency.* With n_s carriers in its half-space the Drude current of a source is j_s = n_s e² E τ_s/(M mₑ).
The spin taken per electron of it, in ħ/2, is ξ = (2e/ħ)(T/A)/j_s, or

    ξ = 2 M t/n_s,  n_s = k³/3π² (normal: both spins) or k³/6π² (majority, minority),  k² = M (E_F − edge).

Units, E and τ cancel; of `normal` with M = 1 it is 6π² t/k_F³.

*Effective field.* A field B on a magnet of magnetisation M_s and thickness d is the torque T/A = M_s d m×B,
so B/j_s = ħ ξ/(2 e M_s d): the fieldlike one is along ŷ, the dampinglike one along ŷ×m. (Majority electrons
at a Rashba interface, of energy −h_R k_x σ_y = h_R k_x m_y, turn m to +ŷ for k_x < 0: with j > 0, B/h_R > 0.)

*Measured.* What experiments found of a built-in stack stands beside the efficiencies of `normal`, from the
last engine asked for: the current that they count flows in the heavy metal.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from textwrap import fill
from typing import Any

import numpy as np

from sotcheck.numerics.estimate import Estimate
from sotcheck.run.tables import tabled
from sotcheck.system.model import SOURCES, System
from sotcheck.system.structure import SMALLEST_CIRCLE
from sotcheck.system.units import codata, length_in_m
from sotcheck.trial.experiments import Experiment, experiments, left_out
from sotcheck.trial.torque_table import HEAD, TorqueRow, TorqueTable, cells, named, weights

#: In the order of a row's parts.
COMPONENTS = ("fieldlike", "dampinglike")
#: What tables of ratios are called; sources without carriers, and components that are none, are "undefined".
RATIOS = {
    "efficiency": "efficiency xi = (2e/hbar)(T/A)/j of the source's own current density j",
    "effective_field": "effective field B/j in T per (A/m^2) of the source's own current density j",
}


@dataclass(frozen=True)
class Drive:
    """What drives the current: the field E along x in V/m, and the relaxation time τ in s of weight 1."""

    field: float
    relaxation_time: float

    @property
    def torque_per_area(self) -> float:
        """ħ e E τ/mₑ: the torque per area in N·m/m² of a t of 1 m⁻³."""
        return codata().hbar * codata().e / codata().m_e * self.field * self.relaxation_time


@dataclass(frozen=True)
class Magnet:
    """What the torque turns: saturation magnetisation M_s in A/m, thickness d in m."""

    saturation_magnetization: float
    thickness: float

    @property
    def field_per_current(self) -> float:
        """ħ/(2 e M_s d): B/j in T per (A/m²) of an efficiency of 1."""
        return codata().hbar / (2 * codata().e * self.saturation_magnetization * self.thickness)


def carrier_density(system: System, source: str) -> float | None:
    """Return n of a source's half-space, unit: wave vector³; None where no carriers are at E_F."""
    largest = max(map(system.k_perp2_max, SOURCES))
    k2 = system.k_perp2_max(source) if source in SOURCES else 0.0
    if k2 <= SMALLEST_CIRCLE * largest:
        return None
    spins = 2 if source == "normal" else 1
    return spins * k2**1.5 / (6 * np.pi**2)


def efficiency(system: System, row: TorqueRow) -> Estimate | None:
    """Return (ξ_FL, ξ_DL) = 2 M t/n; None without carriers, and where m ∥ ŷ leaves components undefined."""
    n = carrier_density(system, row.source)
    mass = system.masses[row.source != "normal"]
    return None if n is None or row.parts is None else row.parts * (2 * mass / n)


@dataclass(frozen=True)
class Measured:
    """A table of torques with what experiments compare beside it.

    Prints as that table and one more for each of these; the JSON is that of `torque` and, in each row,

    - with a `drive`, "si": {"relaxation_time": τ_s in s, "fieldlike", "dampinglike", "vector", the flows,
      "layers", "interfaces", "uncertainty"}, as in the row itself but as torque per area in N·m/m² with the
      source's own τ_s, and "z" in m; the document has "si": {"field", "relaxation_time", "unit"};
    - with `efficiencies`, "efficiency": {"fieldlike": ξ_FL, "dampinglike": ξ_DL, "uncertainty": {"fieldlike",
      "dampinglike"}}, null where the source has no carriers or a component is undefined;
    - with a `magnet`, "effective_field": the same of B/j in T per (A/m²), j the source's own; the document
      has "magnet": {"saturation_magnetization", "thickness"};
    - with `efficiencies` of a built-in stack, the document has "measured": {"left_out", "experiments":
      [{"systems", "stack", "quantity", "component", "low", "high", "sign", "source", "remark", "computed"}]}.

    With a `drive`, a file that is not in eV is a SystemFileError.
    """

    table: TorqueTable
    drive: Drive | None = None
    efficiencies: bool = False
    magnet: Magnet | None = None

    def __post_init__(self) -> None:
        if self.drive is not None:
            length_in_m(self.system)

    @property
    def system(self) -> System:
        """The system of the table."""
        return self.table.iface

    def to_dict(self) -> dict[str, Any]:
        """Return the JSON document."""
        document = self.table.to_dict()
        for row, written in zip(self.table.rows, document["torque"], strict=True):
            written.update(self._of(row))
        if self.drive is not None:
            document["si"] = {**vars(self.drive), "unit": "N m/m^2"}
        if self.magnet is not None:
            document["magnet"] = vars(self.magnet)
        if found := self._experiments():
            said = [{**vars(one), "computed": computed} for one, computed in found]
            document["measured"] = {"left_out": left_out(), "experiments": said}
        return document

    def to_json(self) -> str:
        """Return `to_dict` as JSON text."""
        return json.dumps(self.to_dict(), indent=2, allow_nan=False) + "\n"

    def _of(self, row: TorqueRow) -> dict[str, Any]:
        """Return what a row's JSON has besides."""
        found: dict[str, Any] = {}
        if self.drive is not None:
            length, weight = length_in_m(self.system), weights(self.system)[row.source]
            numbers = row.numbers(self.system, weight * _per_wave_vector3(self.system, self.drive), length)
            found["si"] = {"relaxation_time": weight * self.drive.relaxation_time, **numbers}
        for name, parts in self._ratios(row).items():
            values, errors = named(parts)
            found[name] = {**values, "uncertainty": errors}
        return found

    def _ratios(self, row: TorqueRow) -> dict[str, Estimate | None]:
        """Return ξ and B/j, as far as they are wanted."""
        xi = efficiency(self.system, row)
        found = {"efficiency": xi} if self.efficiencies else {}
        if self.magnet is not None:
            found["effective_field"] = None if xi is None else xi * self.magnet.field_per_current
        return found

    def _experiments(self) -> list[tuple[Experiment, float | None]]:
        """Return what was measured of this system, and what is computed in its place."""
        wanted = experiments(self.system.name) if self.efficiencies else []
        row = next(row for row in reversed(self.table.rows) if row.source == SOURCES[0])
        return [(one, _computed(one, self._ratios(row))) for one in wanted]

    def __str__(self) -> str:
        return "\n".join([str(self.table), *self._tables()])

    def _tables(self) -> Iterator[str]:
        if self.drive is not None:
            unit, tau = _per_wave_vector3(self.system, self.drive), weights(self.system)
            rows = [_multiple(row, unit * tau[row.source]) for row in self.table.rows]
            rows += [_multiple(row, unit) for row in self.table.totals()]
            yield (
                f"torque per area in N m/m^2 for E = {self.drive.field:g} V/m and a relaxation time of "
                f"{self.drive.relaxation_time:g} s times the source's weight"
            )
            yield tabled(list(map(cells, rows)), HEAD)
        rows = self.table.scattering()
        for name in self._ratios(rows[0]):
            yield RATIOS[name]
            found = (replace(row, parts=self._ratios(row)[name]) for row in rows)
            yield tabled(list(map(cells, found)), HEAD)
        yield from self._beside_experiments()

    def _beside_experiments(self) -> Iterator[str]:
        """Yield what was measured, what is computed in its place, and where it is from."""
        if found := self._experiments():
            last = f"{SOURCES[0]} by the last engine above; effective fields in T per (A/m^2)"
            yield f"measured, and computed of {last}"
            head = ["", "stack", "quantity", "measured", "computed"]
            lines = [
                [f"[{n}]", one.stack, f"{one.quantity}, {one.component}", one.measured, _brief(computed)]
                for n, (one, computed) in enumerate(found, 1)
            ]
            yield tabled(lines, head)
            notes = [f"[{n}] {one.source}: {one.remark}; {one.sign}" for n, (one, _) in enumerate(found, 1)]
            yield from (fill(note, 110, subsequent_indent="    ") for note in (*notes, left_out()))


def _per_wave_vector3(system: System, drive: Drive) -> float:
    """Return the torque per area of a t of one wave vector³."""
    return drive.torque_per_area / length_in_m(system) ** 3


def _multiple(row: TorqueRow, factor: float) -> TorqueRow:
    """Return a row with its torque in another unit."""
    return replace(row, t=row.t * factor, parts=None if row.parts is None else row.parts * factor)


def _brief(value: float | None) -> str:
    return "-" if value is None else f"{value:.2g}"


def _computed(one: Experiment, ratios: dict[str, Estimate | None]) -> float | None:
    """Return what an experiment measured, as computed: 0 within its error; None where there is nothing."""
    xi = ratios.get(one.quantity.replace(" ", "_"))
    if xi is None or one.component not in COMPONENTS:
        return None
    n = COMPONENTS.index(one.component)
    return float(xi.value[n]) if abs(xi.value[n]) > xi.error[n] else 0.0
