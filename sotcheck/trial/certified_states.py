"""Bound states with what the referee proves of them."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from sotcheck.referee import bound
from sotcheck.system.files import to_document
from sotcheck.system.model import System
from sotcheck.system.units import wave_vector
from sotcheck.trial.certified import tables_of


@dataclass(frozen=True)
class ProvedStates:
    """What is proved of bound states: of every row of a result, and of all k_⊥ for each h_R.

    Of a system in eV each row has the k_⊥ for which that is proved, in units of ħ²/2mₑ = 1: to change units
    is to round.
    """

    system: System
    rows: list[dict[str, Any]]
    below: list[dict[str, Any]]

    @classmethod
    def of(cls, system: System, places: list[dict[str, Any]], path: str | None = None) -> ProvedStates:
        """Prove counts and energies at some k_⊥, angles and h_R of a bare interface.

        `places` have k_⊥ in units of ħ²/2mₑ = 1; the interface is that of its tables, or of the file.
        """
        tables = to_document(system) if path is None else tables_of(system, path)
        found = bound.certified(tables, places)
        if system.unit:
            for row, place in zip(found["rows"], places, strict=True):
                row["certified_k_perp"] = place["k_perp"]
            for one in found["below"]:
                one |= {"k_perp": one.get("k_perp") and _outward(system, *one["k_perp"])}
        return cls(system, **found)

    def beside(self, json_text: str) -> str:
        """Return the JSON of `sotcheck bound-states` with what is proved in it."""
        document = json.loads(json_text)
        rows = [row | more for row, more in zip(document["bound_states"], self.rows, strict=True)]
        document |= {"bound_states": rows, "certified": self.below}
        return json.dumps(document, indent=2, allow_nan=False) + "\n"

    def __str__(self) -> str:
        said = []
        for one in self.below:
            if one["count"] is None:
                said.append(f"h_R = {one['h_R']:g}: not proved: {one['not_certified']}")
            else:
                unit = wave_vector(self.system)[1]
                until = f"k_perp < {one['k_perp'][0]!r}{unit}" if one["k_perp"] else "any k_perp"
                said.append(f"h_R = {one['h_R']:g}: {one['count']} at {until} and any angle")
        some = sum(row["certified"] is not None for row in self.rows)
        said.append(f"count and energies of {some} of {len(self.rows)} k: in the JSON")
        return "\n".join(["proved in ball arithmetic, states below the continuum:", *said])


def _outward(system: System, lower: float, upper: float) -> list[float]:
    """Return an interval of k_⊥ in the unit of the file, wider by more than rounding."""
    one_k, wider = wave_vector(system)[0], 1e-15
    return [lower * one_k * (1 - wider), upper * one_k * (1 + wider)]
