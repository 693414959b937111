"""Bound states of one system on a grid of k_⊥, angles and h_R: a table, and the JSON document."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from tabulate import tabulate

from sotcheck import __version__
from sotcheck.bound.conclusions import conclusions, on_spin_density
from sotcheck.bound.fermi import count_at_fermi, fermi_energy, ground_state
from sotcheck.bound.spin_density import bound_spin_density
from sotcheck.bound.states import Bound, aligned_angles, bound, k_max, of_cross, of_k
from sotcheck.bound.thresholds import threshold
from sotcheck.errors import in_range
from sotcheck.numerics.arrays import Array
from sotcheck.run.threads import single_threaded
from sotcheck.system.files import to_document
from sotcheck.system.interface import Interface

#: Defaults: k_⊥ in units of the largest one with an open channel at E_F; angles of k×ẑ in degrees.
K_PERP = (0.25, 0.5, 0.75, 1.0, 1.25, 1.5, 2.0)
ANGLES = (0.0, 45.0, 90.0, 135.0, 180.0, 225.0, 270.0, 315.0)
#: The order of decay constants.
BANDS = ("normal", "minority", "majority")
#: What is accepted, angles in degrees.
RANGES = {"h_R": (-1e3, 1e3), "k_perp": (0.0, 1e32), "angle": (-1e6, 1e6)}


@dataclass(frozen=True)
class BoundStatesResult:
    """What `bound_states` found; prints as a table with conclusions, converts to the contract's JSON.

    `h_R` (n,), `k_perp` (k,), `angle` (a,): the grid, angles of k×ẑ from the x axis in degrees; `states` and
    `at_fermi`, how many are at or below E_F, (n, k, a); `spin_density`: from `bound_spin_density`, one each
    h_R, or none if not asked for.
    """

    iface: Interface
    h_R: Array
    k_perp: Array
    angle: Array
    states: Bound
    at_fermi: Array
    spin_density: list[dict[str, Any]]

    def rows(self) -> Iterator[dict[str, Any]]:
        """Yield the contract's rows, with decay lengths and spins beside the energies."""
        states = self.states
        for at in np.ndindex(states.count.shape):
            count = int(states.count[at])
            there = (*at, slice(count))
            lengths = np.column_stack([1 / states.q_N[there], 1 / states.q_F[there]])
            yield {
                "k_perp": float(self.k_perp[at[1]]),
                "angle": float(self.angle[at[2]]),
                "h_R": float(self.h_R[at[0]]),
                "count": count,
                "energies": states.energy[there].tolist(),
                "binding_energies": (states.p[there] ** 2).tolist(),
                "decay_lengths": [dict(zip(BANDS, state, strict=True)) for state in lengths.tolist()],
                "spins": states.spin[there].tolist(),
                "at_or_below_E_F": int(self.at_fermi[at]),
            }

    def to_dict(self, warnings: Sequence[str] = ()) -> dict[str, Any]:
        """Return the JSON document of `sotcheck bound-states`, with warnings that the caller knows of."""
        ground_states = [{"h_R": h, **ground_state(self.iface, h).to_dict()} for h in self.h_R.tolist()]
        return {
            "sotcheck": __version__,
            "system": to_document(self.iface),
            "bound_states": list(self.rows()),
            "threshold": threshold(self.iface),
            "fermi_energy": {**fermi_energy(self.iface), "ground_states": ground_states},
            "spin_density": self.spin_density,
            "warnings": list(warnings),
        }

    def to_json(self, warnings: Sequence[str] = ()) -> str:
        """Return `to_dict` as JSON text."""
        return json.dumps(self.to_dict(warnings), indent=2, allow_nan=False) + "\n"

    def conclusions(self) -> list[str]:
        """Say in plain sentences what the numbers mean."""
        added = [sentence for found in self.spin_density for sentence in on_spin_density(found)]
        return conclusions(self.iface, self.h_R.tolist()) + added

    def __str__(self) -> str:
        headers = ("h_R", "k_perp", "binding", "states", "lowest energy", "at angle", "length in N", "<= E_F")
        table = tabulate(list(self._summary()), headers, disable_numparse=True)
        note = (
            "binding: angles of k x z against the x axis, in degrees, that bind; energies include k_perp^2\n"
            "All angles, with every state's energy, spin and decay lengths: --json FILE"
        )
        said = [f"- {sentence}" for sentence in self.conclusions()]
        return "\n".join([str(self.iface), "", *said, "", table, note])

    def _summary(self) -> Iterator[tuple[str, ...]]:
        """Yield a line each h_R and k_⊥: the angles that bind, and the lowest state of all angles."""
        for i, j in np.ndindex(self.states.count.shape[:2]):
            count = self.states.count[i, j]
            binding = f"{np.count_nonzero(count)} of {count.size}"
            where = f"{self.h_R[i]:.4g}", f"{self.k_perp[j]:.4g}", binding
            if not count.any():
                yield (*where, "0", "-", "-", "-", "0")
                continue
            lowest = int(np.nanargmin(self.states.energy[i, j, :, 0]))
            yield (
                *where,
                str(count.max()),
                f"{self.states.energy[i, j, lowest, 0]:.10g}",
                f"{self.angle[lowest]:.4g}",
                f"{1 / self.states.q_N[i, j, lowest, 0]:.3g}",
                str(self.at_fermi[i, j].max()),
            )


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

    `h_R`: the system's own by default; `k_perp`: by default `K_PERP` in units of the largest one with an open
    channel at E_F; `angle`: of k×ẑ from the x axis, in degrees, by default `ANGLES` and those along m's
    in-plane part; `spin_density`: whether to compute what bound states at E_F add to the interface spin
    density, a second each h_R. A number out of range is an EngineError.
    """
    angles = np.unique([*ANGLES, *np.round(of_cross(aligned_angles(iface)), 10)])

    def axis(name: str, given: Array | float | None, default: Any) -> Array:
        values = np.atleast_1d(np.asarray(default if given is None else given, dtype=float))
        for value in values.tolist():
            in_range(name, value, *RANGES[name])
        return values

    h_R, k_perp = axis("h_R", h_R, iface.h_R), axis("k_perp", k_perp, k_max(iface) * np.array(K_PERP))
    angle = axis("angle", angle, angles)
    grid = (k_perp[:, None], of_k(angle), h_R[:, None, None])
    added = [bound_spin_density(iface, float(h)) for h in h_R] if spin_density else []
    return BoundStatesResult(
        iface, h_R, k_perp, angle, bound(iface, *grid), count_at_fermi(iface, *grid), added
    )
