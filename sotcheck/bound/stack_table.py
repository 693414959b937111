"""States bound in a stack on a grid of k_⊥, angles and scales, and at E_F: table, JSON, warnings."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from sotcheck import __version__
from sotcheck.bound.stack_by_kwant import compare
from sotcheck.bound.stack_fermi import FermiContour, fermi_contours, no_end
from sotcheck.bound.stack_states import StackBound, count_at_fermi, stack_bound, thresholds
from sotcheck.bound.states import k_max, of_k
from sotcheck.bound.table import ANGLES, K_PERP, axis, in_unit_of_file, rows_of, summary, units
from sotcheck.numerics.arrays import Array
from sotcheck.run.threads import single_threaded
from sotcheck.system.files import to_document
from sotcheck.system.stack import Stack
from sotcheck.system.units import wave_vector

#: Contours whose k_⊥ a sentence says.
MOST_SPANS = 6
#: What the JSON says of its thresholds.
MEANING = (
    "the smallest factor of all spin-orbit terms from which a state is below the continuum at that k_perp, "
    "at the best angle; 0 where one is without any, null where no spin-orbit term acts"
)


@dataclass(frozen=True)
class StackBoundResult:
    """What `bound_in_stack` found; prints as a table with conclusions, converts to the contract's JSON.

    `scale` (n,), `k_perp` (k,), `angle` (a,): the grid, k_⊥ in units of ħ²/2mₑ = 1 (the JSON has the file's),
    angles of k×ẑ from the x axis in degrees; `states` and `at_fermi`, how many are at or below E_F, (n, k,
    a); `contours` and `why`, for each scale: those at E_F, and why there is no end of them; `thresholds`: at
    k_max, then at each k_⊥; `agreement`: with Kwant's chain.
    """

    stack: Stack
    scale: Array
    k_perp: Array
    angle: Array
    states: StackBound
    at_fermi: Array
    contours: list[list[FermiContour]]
    why: list[str]
    thresholds: list[dict[str, Any]]
    agreement: dict[str, Any]

    @property
    def strengths(self) -> list[dict[str, float]]:
        """h_R, and the factor of all spin-orbit terms."""
        return [strength(self.stack, s) for s in self.scale.tolist()]

    def rows(self) -> Iterator[dict[str, Any]]:
        """Yield the contract's rows, with the factor of all spin-orbit terms."""
        yield from (in_unit_of_file(self.stack, row) for _, row in rows_of(self, self.strengths))

    def to_json(self) -> str:
        """Return the JSON text of `sotcheck bound-states`."""
        at_fermi = [
            {**strength(self.stack, s), "contours": [vars(one) for one in contours], "no_end": why or None}
            for s, contours, why in zip(self.scale.tolist(), self.contours, self.why, strict=True)
        ]
        first, *others = (self._threshold(one) for one in self.thresholds)
        document = {
            "sotcheck": __version__,
            "system": to_document(self.stack),
            "bound_states": list(self.rows()),
            **in_unit_of_file(self.stack, {
                "threshold": {**first, "by_k_perp": others, "meaning": MEANING},
                "fermi_energy": at_fermi,
            }),
            "kwant": self.agreement,
            "warnings": [self._by_kwant()] if self._differ else [],
        }  # fmt: skip
        return json.dumps(document, indent=2, allow_nan=False) + "\n"

    def _threshold(self, found: dict[str, Any]) -> dict[str, Any]:
        value = found["scale"]
        nothing = {"h_R": None, "scale": None}
        known = nothing if value is None else strength(self.stack, value)
        return {"k_perp": found["k_perp"], "angle": found["angle"], **known}

    def __str__(self) -> str:
        said = [f"- {sentence}" for sentence in self._conclusions()]
        table = summary(self, self.stack, self.strengths, {})
        note = (
            "binding: angles of k x z against the x axis, in degrees, that bind; energies include "
            "k_perp^2/mass\nA line is for all angles; CSV and JSON have a row for each, with every state's "
            f"energy{units(self.stack)}"
        )
        return "\n".join([str(self.stack), "", *said, "", table, note])

    def _conclusions(self) -> Iterator[str]:
        first, (one_k, unit) = self.thresholds[0], wave_vector(self.stack)
        where = f"At k_perp = {one_k * first['k_perp']:.4g}{unit}, where the last channel closes at E_F,"
        name = "|h_R|" if self.stack.only_rashba else "|scale|"
        if first["scale"] is None:
            yield f"{where} no state is bound, and no spin-orbit term acts."
        elif first["scale"] == 0:
            yield f"{where} a state is bound without any spin-orbit term."
        else:
            yield f"{where} the least {name} that binds a state is {first['scale']:.6g}."
        for s, contours, why in zip(self.scale.tolist(), self.contours, self.why, strict=True):
            yield f"At {name[1:-1]} = {s:g}: {in_words(contours, why, (one_k, unit))}."
        yield self._by_kwant()

    @property
    def _differ(self) -> int:
        """How often Kwant's chain counts otherwise."""
        return int(self.agreement["different_counts"] + self.agreement["different_energies"])

    def _by_kwant(self) -> str:
        found = self.agreement
        said = f"OTHERWISE ({self._differ} times)" if self._differ else "the same"
        return (
            f"Kwant's chain counts {said} at {found['points']} points and around {found['states']} energies "
            f"(p within {found['around']:g} of itself)."
        )


def strength(stack: Stack, value: float) -> dict[str, float]:
    """Return h_R and the factor of all spin-orbit terms, as rows of `torque` have them."""
    if stack.only_rashba:
        return {"h_R": value, "scale": value / stack.scale if stack.scale else 0.0}
    return {"h_R": value * stack.h_R, "scale": value}


@single_threaded
def bound_in_stack(
    stack: Stack,
    scale: Array | float | None = None,
    k_perp: Array | float | None = None,
    angle: Array | float | None = None,
) -> StackBoundResult:
    """Find the states of a stack below the whole continuum on a grid, and at E_F.

    `scale`: factors of all spin-orbit terms of the structure, that is h_R itself where nothing else couples
    spin and k; the system's own by default; `k_perp` and `angle` as in `bound_states`. A number out of range
    is an EngineError.
    """
    structure, largest = stack.structure, k_max(stack.structure)
    scale, own = axis("scale", scale, stack.scale), largest * np.array(K_PERP)
    k_perp = own if k_perp is None else axis("k_perp", k_perp, own) / wave_vector(stack)[0]
    angle = axis("angle", angle, ANGLES)
    grid = np.broadcast_arrays(k_perp[:, None], of_k(angle), scale[:, None, None])
    states = stack_bound(structure, *grid)
    why = [no_end(structure, s) for s in scale.tolist()]
    contours = [[] if w else fermi_contours(structure, s) for s, w in zip(scale.tolist(), why, strict=True)]
    agreement = compare(
        structure, np.stack([one.ravel() for one in grid], axis=1), states.p.reshape(grid[0].size, -1)
    )
    lowest = thresholds(structure, np.concatenate([[largest], k_perp]))
    at_fermi = count_at_fermi(structure, *grid)
    return StackBoundResult(stack, scale, k_perp, angle, states, at_fermi, contours, why, lowest, agreement)


def in_words(contours: Sequence[FermiContour], why: str, wave_vector: tuple[float, str] = (1.0, "")) -> str:
    """Return in words which states are bound at E_F; `wave_vector`: one in the unit wanted, its name."""
    if why:
        return f"states are bound at E_F at k_perp without end ({why})"
    if not contours:
        return "no bound state is at E_F outside both continua"
    closed = sum(one.closed for one in contours)
    kinds = [f"{n} {kind}" for n, kind in ((closed, "closed"), (len(contours) - closed, "open")) if n]
    one = len(contours) == 1
    one_k, unit = wave_vector
    ends = [tuple(f"{one_k * k:.6g}" for k in each.k_perp) for each in contours]
    spans = [lower if lower == upper else f"{lower} to {upper}" for lower, upper in ends]
    if len(spans) > MOST_SPANS:
        spans = [*spans[: MOST_SPANS - 1], "...", spans[-1]]
    return (
        f"{' and '.join(kinds)} Fermi contour{'' if one else 's'} of states bound in the stack "
        f"{'lies' if one else 'lie'} at E_F outside both continua (k_perp = {', '.join(spans)}{unit})"
    )
