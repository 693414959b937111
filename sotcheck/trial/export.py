"""The two torque coefficients for micromagnetic programs, in the form that each documents.

*From sotcheck.* All sources together, weighted with their relaxation times, or one alone, give per area (see
`si`)

    T/A = (ħj/2e) [ξ_FL m×ŷ + ξ_DL m×(ŷ×m)],  ξ = 2 M Σ_s τ_s t_s / Σ_s τ_s n_s,

where j is the Drude current density of one half-space, with the s of the lower sum and its mass M: of the
normal metal, or of the ferromagnet where the normal metal has no carriers, or of the one source; e > 0, and
j > 0 is a conventional current along +x. T is what the spin, which is against m, takes: S/A = −M_s d m/γ with
γ > 0. So

    dm/dt = −γ (T/A)/(M_s d) = −γ m×B,  B = b (ξ_FL ŷ + ξ_DL ŷ×m),  b = ħj/(2 e M_s d),

in the equation of Gilbert, next to −γ m×B_eff + α m×dm/dt. Every program takes the torque times its own γ, so
that none is exported. z is up: the normal metal at z < 0 lies below the magnet. (Where all sources have the
same τ_s/M every state at E_F is shifted alike, and ξ_DL of all together is zero.)

*magnum.np*, `SpinOrbitTorque`: a field h = −(j_e ħ/2e μ_0 M_s d) [η_damp m×p + η_field p] and
dm/dt = −γ m×h + …. With p = ŷ, j_e = j and μ_0 h = B:

    η_damp = ξ_DL,  η_field = −ξ_FL.

*mumax3*, Slonczewski torque (version 3.10 and later), in tesla, in the equation of Landau and Lifshitz:

    τ = [(β ε + α β ε') m×(p×m) + (β ε' − α β ε) p×m]/(1 + α²),  β = ħ J_z/(e M_s d),  ε = P/2 at Λ = 1,

dm/dt = γ τ with the fixed layer on top. That of B is −[m×B + α m×(m×B)]/(1 + α²), which is, with
B = b_F p + b_D p×m, [(α b_F − b_D) m×(p×m) + (b_F + α b_D) p×m]/(1 + α²). So β ε = −b_D and β ε' = b_F: with
p = sŷ, s = ±1, and J_z = j

    s P = −ξ_DL,  s ε' = ξ_FL/2,

where s is chosen so that P > 0, as ubermag wants it. P = 0 both programs refuse: without a dampinglike torque
the field b ξ_FL ŷ is added instead, by AddFieldTerm or as a Zeeman term. J_z is nothing but a number here: no
current flows along z, and the Zhang-Li torque, which would take it for one, is disabled.

*ubermag*, `Slonczewski`, which is Oxs_SpinXferEvolve of OOMMF: dm/dt = γ_0 β ε m×(m_p×m) − γ_0 β ε' m×m_p in
the equation of Gilbert, β = ħJ/(μ_0 e t M_s), ε as above: the same numbers with m_p = p. Its t is the
thickness of a cell, not of the magnet.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np

from sotcheck import __version__
from sotcheck.errors import SotcheckError
from sotcheck.numerics.estimate import Estimate
from sotcheck.system.model import SOURCES, System
from sotcheck.system.stack import Stack
from sotcheck.system.units import codata, file_units, length_in_m
from sotcheck.trial.si import Drive, Magnet, carrier_density
from sotcheck.trial.torque_table import TorqueRow, TorqueTable, weights

#: All sources together, as `TorqueTable.totals` calls them.
TOTAL = "total"


class Carriers(NamedTuple):
    """Those that a current density is counted by: where, their mass M, and Σ τ_s n_s in wave vector³."""

    where: str
    mass: float
    density: float


@dataclass(frozen=True)
class Export:
    """The torque of one system on one magnet, per current density and at one.

    `current` is the current density in A/m², or a field and a relaxation time that drive one; `source` is one
    source, or "total". A SystemFileError says that the system's file is not in eV, a SotcheckError that both
    components are undefined, for m ∥ ŷ, or that no carriers are there to count a current density by.
    """

    table: TorqueTable
    magnet: Magnet
    current: float | Drive
    source: str = TOTAL

    def __post_init__(self) -> None:
        length_in_m(self.system)
        if self.row.parts is None:
            raise SotcheckError(
                f"{self.system.name}: m is parallel to y, and both components are undefined; "
                "choose another direction, as with --magnetization"
            )
        if self.carriers.density == 0:
            raise SotcheckError(
                f"{self.system.name}: {self.source}: no carriers with a relaxation time; choose another "
                "source, or set its relaxation time above 0"
            )

    @property
    def system(self) -> System:
        """The system of the table."""
        return self.table.iface

    @cached_property
    def row(self) -> TorqueRow:
        """The torque of the source, or of all together."""
        rows = [*self.table.rows, *self.table.totals()]
        return next(row for row in reversed(rows) if row.source == self.source)

    @cached_property
    def carriers(self) -> Carriers:
        """Whose current density j is."""
        tau = weights(self.system)
        n = {source: tau[source] * (carrier_density(self.system, source) or 0.0) for source in SOURCES}
        of_N, of_F = self.system.masses
        normal = Carriers("normal metal", of_N, n[SOURCES[0]])
        if self.source == TOTAL:
            return normal if normal.density else Carriers("ferromagnet", of_F, n[SOURCES[1]] + n[SOURCES[2]])
        return normal if self.source == SOURCES[0] else Carriers(self.source, of_F, n[self.source])

    @cached_property
    def xi(self) -> Estimate:
        """(ξ_FL, ξ_DL)."""
        parts = self.row.parts or Estimate(np.zeros(2))
        share = weights(self.system).get(self.source, 1.0)
        return parts * (share * 2 * self.carriers.mass / self.carriers.density)

    @property
    def current_density(self) -> float:
        """The current density j in A/m²: e² E τ Σ τ_s n_s/(M mₑ) of a field."""
        if not isinstance(self.current, Drive):
            return self.current
        drift = codata().e ** 2 * self.current.field * self.current.relaxation_time / codata().m_e
        return drift / self.carriers.mass * self.carriers.density / length_in_m(self.system) ** 3

    def text(self, tool: str) -> str:
        """Return the file for one of `TOOLS`: what the numbers mean, in comments, and the numbers."""
        comment, write = TOOLS[tool]
        return "\n".join([*(f"{comment} {line}" for line in self._said(tool)), *write(self), ""])

    def _said(self, tool: str) -> list[str]:
        (fl, dl), (fl_error, dl_error) = self.xi.value, self.xi.error
        b, m = self.magnet.field_per_current, ", ".join(f"{c:.4g}" for c in self.row.magnetization)
        drive = ""
        if isinstance(self.current, Drive):
            drive = f", by E = {self.current.field:g} V/m, tau = {self.current.relaxation_time:g} s"
        return [
            f"sotcheck {__version__}, {self.row.engine}: {self.system.name}, {self.source}, for {tool}",
            f"xi_FL = {fl:.8e} +/- {fl_error:.1e}, xi_DL = {dl:.8e} +/- {dl_error:.1e}",
            f"They belong to m = ({m}): export again for another one.",
            "Torque per area that the spin of all magnetism, against m, takes:",
            "T/A = (hbar j/2e)[xi_FL m x y + xi_DL m x (y x m)];",
            "it turns m by dm/dt = -gamma T/(A M_s d), as a field B does that has",
            f"B_FL/j = {b * fl:.6e} T per (A/m^2) along y, B_DL/j = {b * dl:.6e} T per (A/m^2) along y x m.",
            f"Stacking, along +z, up: {stacking(self.system)}.",
            f"j = {self.current_density:.8e} A/m^2 of the {self.carriers.where}{drive};",
            "j > 0 is a conventional current along +x (electrons drift along -x); each has its gamma > 0.",
        ]

    @property
    def fieldlike_only(self) -> float | None:
        """The field b ξ_FL in T where there is no dampinglike torque within its error; or else None."""
        fl, dl = self.xi.value.tolist()
        b = self.magnet.field_per_current * self.current_density
        return b * fl if abs(dl) <= self.xi.error[1] else None

    @property
    def slonczewski(self) -> tuple[int, float, float]:
        """(s, P, ε') of a Slonczewski torque with p = sŷ, Λ = 1 and J = j."""
        fl, dl = self.xi.value.tolist()
        s = -1 if dl > 0 else 1
        return s, abs(dl), s * fl / 2


def stacking(system: System) -> str:
    """Return what lies on what, from z < 0 up."""
    parts = ["normal metal (z < 0)"]
    if isinstance(system, Stack):
        layers = file_units(system).layers
        parts += [f"{name} ({one.thickness:g} nm)" for name, one in zip(system.names, layers, strict=False)]
    last = "ferromagnet" if system.structure.regions[-1].magnetic else "substrate without magnetism"
    return ", ".join([*parts, last])


def _magnum(export: Export) -> list[str]:
    fl, dl = export.xi.value.tolist()
    return [
        "# Of SpinOrbitTorque: h = -(je hbar/(2 e mu_0 Ms d)) (eta_damp m x p + eta_field p).",
        "from magnumnp import SpinOrbitTorque",
        "",
        f'state.material["Ms"] = state.Constant([{export.magnet.saturation_magnetization!r}])',
        f'state.material["eta_damp"] = state.Constant([{dl!r}])',
        f'state.material["eta_field"] = state.Constant([{-fl!r}])',
        'state.material["p"] = state.Constant([0.0, 1.0, 0.0])',
        f'state.material["d"] = state.Constant([{export.magnet.thickness!r}])',
        f'state.material["je"] = state.Constant([{export.current_density!r}])',
        "torque = SpinOrbitTorque()",
    ]


def _mumax3(export: Export) -> list[str]:
    if (field := export.fieldlike_only) is not None:
        return [
            "// There is no dampinglike torque: a field in T.",
            f"AddFieldTerm(ConstVector(0, {field!r}, 0))",
        ]
    s, P, eps_prime = export.slonczewski
    return [
        "// A Slonczewski torque stands in (mumax3 3.10 or later; before, alpha came in with another sign):",
        "// J along z is a number, no current; add nothing else that reads J or FixedLayer.",
        f"Msat = {export.magnet.saturation_magnetization!r}",
        f"FreeLayerThickness = {export.magnet.thickness!r}",
        "FixedLayerPosition = FIXEDLAYER_TOP",
        f"FixedLayer = vector(0, {s}, 0)",
        "Lambda = 1",
        f"Pol = {P!r}",
        f"EpsilonPrime = {eps_prime!r}",
        "DisableZhangLiTorque = true",
        f"J = vector(0, 0, {export.current_density!r})",
    ]


def _ubermag(export: Export) -> list[str]:
    from scipy.constants import mu_0

    head = ["import micromagneticmodel as mm", ""]
    if (field := export.fieldlike_only) is not None:
        H = field / mu_0
        return [
            *head,
            "# There is no dampinglike torque: a field in A/m.",
            f"system.energy += mm.Zeeman(H=(0, {H!r}, 0))",
        ]
    s, P, eps_prime = export.slonczewski
    return [
        *head,
        "# A Slonczewski torque stands in; J is a number, no current along z. OOMMF divides by the thickness",
        "# of a cell: make the magnet one cell thick, or multiply J by (cell's thickness)/(magnet's).",
        f"Ms = {export.magnet.saturation_magnetization!r}",
        f"thickness = {export.magnet.thickness!r}",
        "system.dynamics += mm.Slonczewski(",
        f"    J={export.current_density!r}, mp=(0, {s}, 0), P={P!r}, Lambda=1, eps_prime={eps_prime!r}",
        ")",
    ]


#: What starts a comment, and what writes the numbers.
TOOLS: dict[str, tuple[str, Callable[[Export], list[str]]]] = {
    "magnum.np": ("#", _magnum),
    "mumax3": ("//", _mumax3),
    "ubermag": ("#", _ubermag),
}
