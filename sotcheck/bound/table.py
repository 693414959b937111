"""Bound states of one system on a grid of k_⊥, angles and h_R: table, JSON, and what the numbers mean."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any

import numpy as np

from sotcheck import __version__
from sotcheck.bound.fermi import (
    CRITICAL,
    count_at_fermi,
    fermi_energy,
    first_states,
    ground_state,
    occurrence,
)
from sotcheck.bound.spin_density import bound_share, bound_spin_density
from sotcheck.bound.states import Bound, aligned_angles, bound, k_max, of_cross, of_k
from sotcheck.bound.thresholds import threshold
from sotcheck.errors import SotcheckError, in_range
from sotcheck.numerics.arrays import Array
from sotcheck.run.tables import tabled
from sotcheck.run.threads import single_threaded
from sotcheck.system.files import to_document
from sotcheck.system.interface import Interface
from sotcheck.system.model import System
from sotcheck.system.units import told, wave_vector

#: Defaults: k_⊥ in units of the largest one with an open channel at E_F; angles of k×ẑ in degrees.
K_PERP = (0.25, 0.5, 0.75, 1.0, 1.25, 1.5, 2.0)
ANGLES = (0.0, 45.0, 90.0, 135.0, 180.0, 225.0, 270.0, 315.0)
#: The order of decay constants.
BANDS = ("normal", "minority", "majority")
#: What is accepted, angles in degrees.
RANGES = {"h_R": (-1e3, 1e3), "scale": (-1e3, 1e3), "k_perp": (0.0, 1e32), "angle": (-1e6, 1e6)}
#: Numbers of the JSON that are a power of a wave vector, in the unit of the file.
POWERS = {
    "k_perp": 1, "k_perp_max": 1, "first_k_perp": 1, "strength": 1, "C5": 1, "decay_lengths": -1
}  # fmt: skip
#: |bound|/|scattering| from which the bound states' spin density is not small.
SMALL = 0.01


@dataclass(frozen=True)
class BoundStatesResult:
    """What `bound_states` found; prints as a table with conclusions, converts to the contract's JSON.

    `h_R` (n,), `k_perp` (k,), `angle` (a,): the grid, k_⊥ in units of ħ²/2mₑ = 1 (the JSON has the file's),
    angles of k×ẑ from the x axis in degrees; `states` and `at_fermi`, how many are at or below E_F, (n, k,
    a); `spin_density`: from `bound_spin_density`, one each h_R, or none if not asked for.
    """

    iface: Interface
    h_R: Array
    k_perp: Array
    angle: Array
    states: Bound
    at_fermi: Array
    spin_density: list[dict[str, Any]]

    def places(self) -> Iterator[dict[str, float]]:
        """Yield the grid in the order of the rows, k_⊥ in units of ħ²/2mₑ = 1."""
        for h, k, angle in product(self.h_R.tolist(), self.k_perp.tolist(), self.angle.tolist()):
            yield {"k_perp": k, "angle": angle, "h_R": h}

    def rows(self) -> Iterator[dict[str, Any]]:
        """Yield the contract's rows, with decay lengths and spins beside the energies."""
        for there, row in rows_of(self, [{"h_R": h} for h in self.h_R.tolist()]):
            lengths = np.column_stack([1 / self.states.q_N[there], 1 / self.states.q_F[there]])
            at_fermi = row.pop("at_or_below_E_F")
            row |= {
                "decay_lengths": [dict(zip(BANDS, state, strict=True)) for state in lengths.tolist()],
                "spins": self.states.spin[there].tolist(),
                "at_or_below_E_F": at_fermi,
            }
            yield in_unit_of_file(self.iface, row)

    def to_json(self, warnings: Sequence[str] = ()) -> str:
        """Return the JSON text of `sotcheck bound-states`, with warnings that the caller knows of."""
        ground_states = [{"h_R": h, **ground_state(self.iface, h).to_dict()} for h in self.h_R.tolist()]
        document = {
            "sotcheck": __version__,
            "system": to_document(self.iface),
            "bound_states": list(self.rows()),
            **in_unit_of_file(self.iface, {
                "threshold": threshold(self.iface),
                "fermi_energy": {**fermi_energy(self.iface), "ground_states": ground_states},
            }),
            "spin_density": self.spin_density,
            "warnings": list(warnings),
        }  # fmt: skip
        return json.dumps(document, indent=2, allow_nan=False) + "\n"

    def __str__(self) -> str:
        added = [sentence for found in self.spin_density for sentence in on_spin_density(found)]
        said = [f"- {sentence}" for sentence in [*conclusions(self.iface, self.h_R.tolist()), *added]]
        length = wave_vector(self.iface)[0] * self.states.q_N[..., 0]
        more = {"length in N": np.array([f"{1 / one:.3g}" for one in length.flat]).reshape(length.shape)}
        table = summary(self, self.iface, [{"h_R": h} for h in self.h_R.tolist()], more)
        note = (
            "binding: angles of k x z against the x axis, in degrees, that bind; energies include k_perp^2\n"
            "A line is for all angles; CSV and JSON have a row for each, with every state's energy, JSON "
            f"with spins and decay lengths{units(self.iface)}"
        )
        return "\n".join([str(self.iface), "", *said, "", table, note])


def rows_of(
    found: Any, strengths: list[dict[str, float]]
) -> Iterator[tuple[tuple[Any, ...], dict[str, Any]]]:
    """Yield which states, and the contract's row, of a result on a grid; `strengths`: as rows call them."""
    states = found.states
    for at in np.ndindex(states.count.shape):
        there = (*at, slice(int(states.count[at])))
        yield (
            there,
            {
                "k_perp": float(found.k_perp[at[1]]),
                "angle": float(found.angle[at[2]]),
                **strengths[at[0]],
                "count": int(states.count[at]),
                "energies": states.energy[there].tolist(),
                "binding_energies": (states.p[there] ** 2).tolist(),
                "at_or_below_E_F": int(found.at_fermi[at]),
            },
        )


def summary(found: Any, system: System, strengths: list[dict[str, float]], more: dict[str, Any]) -> str:
    """Return a table with a line each strength and k_⊥: the angles that bind, the lowest state of all angles.

    `more`: what else is said of the lowest state at each point.
    """
    (one_k, _), energy, lines = wave_vector(system), found.states.energy, []
    for i, j in np.ndindex(found.states.count.shape[:2]):
        count, where = found.states.count[i, j], [*strengths[i].values(), one_k * found.k_perp[j]]
        line = [*(f"{one:.4g}" for one in where), f"{np.count_nonzero(count)} of {count.size}"]
        if count.any():
            at = i, j, int(np.nanargmin(energy[i, j, :, 0]))
            line += [str(count.max()), f"{energy[*at, 0]:.10g}", f"{found.angle[at[-1]]:.4g}"]
            lines.append([*line, *(one[at] for one in more.values()), str(found.at_fermi[i, j].max())])
        else:
            lines.append([*line, "0", "-", "-", *("-" for _ in more), "0"])
    head = *strengths[0], "k_perp", "binding", "states", "lowest energy", "at angle", *more, "<= E_F"
    return tabled(lines, head)


def axis(name: str, given: Array | float | None, default: Any) -> Array:
    """Return an axis of a grid, the default where none is given, or refuse by an EngineError its numbers."""
    values = np.atleast_1d(np.asarray(default if given is None else given, dtype=float))
    for value in values.tolist():
        in_range(name, value, *RANGES[name])
    return values


@single_threaded
def bound_states(
    iface: Interface,
    h_R: Array | float | None = None,
    k_perp: Array | float | None = None,
    angle: Array | float | None = None,
    *,
    spin_density: bool = True,
) -> BoundStatesResult:
    """Find the states below the whole continuum on a grid, and say what they mean.

    `h_R`: the system's own by default; `k_perp`: in the unit of the file, by default `K_PERP` in units of the
    largest one with an open channel at E_F; `angle`: of k×ẑ from the x axis, in degrees, by default `ANGLES`
    and those along m's in-plane part; `spin_density`: whether to compute what bound states at E_F add to the
    interface spin density, a second each h_R. A number out of range is an EngineError.
    """
    angles = np.unique([*ANGLES, *np.round(of_cross(aligned_angles(iface)), 10)])

    h_R, own = axis("h_R", h_R, iface.h_R), k_max(iface) * np.array(K_PERP)
    k_perp = own if k_perp is None else axis("k_perp", k_perp, own) / wave_vector(iface)[0]
    angle = axis("angle", angle, angles)
    grid = (k_perp[:, None], of_k(angle), h_R[:, None, None])
    added = [bound_spin_density(iface, float(h)) for h in h_R] if spin_density else []
    return BoundStatesResult(
        iface, h_R, k_perp, angle, bound(iface, *grid), count_at_fermi(iface, *grid), added
    )


def units(system: System) -> str:
    """Return the line below a table that says its units, of a system in eV."""
    return "\nk_perp in nm^-1, energies in eV, lengths in nm, given or told" if system.unit else ""


def in_unit_of_file(system: System, found: Any, power: int = 0) -> Any:
    """Return a part of the JSON with its wave vectors and lengths (`POWERS`) in the unit of the file."""
    if isinstance(found, dict):
        return {name: in_unit_of_file(system, one, POWERS.get(name, power)) for name, one in found.items()}
    if isinstance(found, list | tuple):
        return [in_unit_of_file(system, one, power) for one in found]
    return told(system, found, power) if power and found is not None else found


def conclusions(iface: Interface, h_R: Iterable[float]) -> Iterator[str]:
    """Say what it takes to bind states, when they reach E_F, and what the lowest state is at each h_R."""
    found, first, (one_k, unit) = threshold(iface), first_states(iface), wave_vector(iface)
    number, ratio = found["bound_without_rashba"], found["ratio_to_C5"]
    if number:
        states = "states are" if number > 1 else "state is"
        yield f"{number} {states} bound to the interface at every k_perp without any h_R."
    elif found["strength"] == 0:
        yield (
            "Any h_R binds a state at every k_perp > 0: for one spin nothing opposes it "
            "(q_N + q_s + u_s = 0 at the bottom of the continuum)."
        )
    else:
        against = "the in-plane threshold sqrt(J) would be 0, for J = 0"
        if ratio is not None:
            against = f"{ratio:.3g} times the in-plane threshold sqrt(J) = {one_k * found['C5']:.4g}{unit}"
        least = f"{one_k * found['strength']:.6g}{unit}"
        yield f"The least |h_R| k_perp that binds a state is {least} ({against})."
    if first.h_R == 0:
        yield "There are bound states at and below E_F at every h_R, however small."
    elif first.k_perp is None:
        yield f"Below |h_R| = {CRITICAL:g} no bound state lies at or below E_F."
    else:
        yield (
            f"Bound states at or below E_F appear from |h_R| = {first.h_R:.6g}, "
            f"at k_perp = {one_k * first.k_perp:.6g}{unit}."
        )
    for h in h_R:
        ground = ground_state(iface, h)
        if not ground.exists:
            yield f"At h_R = {h:g} no ground state exists: {ground.why}, and k_perp is unbounded."
        elif ground.bound:
            k_perp = None if ground.k_perp is None else f"k_perp = {one_k * ground.k_perp:.4g}{unit}"
            energy = f"{ground.energy:.6g}{unit and ' eV'}"
            yield (
                f"At h_R = {h:g} the lowest state of all is bound: E = {energy} at "
                f"{k_perp or 'k_perp without end'}."
            )


def on_spin_density(found: dict[str, Any]) -> Iterator[str]:
    """Say whether what `bound_spin_density` found is small."""
    if found["bound"] is None:
        return
    if not found["bound"]["arcs"]:
        yield f"At h_R = {found['h_R']:g} no bound state is at E_F: the scattering formula misses nothing."
        return
    ratios = [found["ratio"][name] for name in ("spin", "torque")]
    known = [ratio for ratio in ratios if ratio is not None]
    spin, torque = (
        "something beside nothing for" if ratio is None else f"{ratio:.3g} times" for ratio in ratios
    )
    size = "small" if known and max(known) < SMALL else "not small"
    yield (
        f"At h_R = {found['h_R']:g} bound states at E_F, with a relaxation time of 1, give {spin} the "
        f"interface spin density and {torque} the torque of the scattering states: {size}."
    )


def on_bound_states(
    iface: Interface, h_R: list[float], scattering: Mapping[float, Array], bound: Mapping[float, Array]
) -> Iterator[str]:
    """Yield what is to be said of states bound to the interface at each h_R, or at all of them without any.

    `scattering`, `bound`: the sum of the sources' t, and that of bound states, by h_R, where they are known.
    """
    if not h_R and occurrence(iface, 0.0).bound:
        yield (
            "the interface binds states at E_F by itself, at any h_R however small: the scattering formula "
            "leaves out their torque"
        )
    for h in h_R:
        there = occurrence(iface, h)
        if there.why:
            yield (
                f"at h_R = {h:g} there is no ground state ({there.why}): what scattering states carry is not "
                "the torque of any Fermi sea"
            )
        elif there.bound:
            cause = "which the interface binds by itself, " if there.alone else ""
            yield (
                f"at h_R = {h:g} states bound to the interface lie at E_F, {cause}and the scattering formula "
                f"leaves them out{_share(iface, h, scattering.get(h), bound.get(h))}"
            )


def _share(iface: Interface, h_R: float, scattering: Array | None, bound: Array | None) -> str:
    """Return what bound states at E_F would add to the torque of the scattering states."""
    try:
        share = bound_share(iface, h_R, scattering, bound)
    except SotcheckError as error:
        return f"; how much they carry cannot be computed ({error})"
    if share is None:
        return "; they carry no torque"
    size = f"{share:.2g} times" if np.isfinite(share) else "all of"
    return f": for equal relaxation times they carry {size} its torque"
