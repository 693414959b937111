"""Bound states with what the referee proves of them."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from sotcheck.referee import bound
from sotcheck.system.files import to_document
from sotcheck.system.model import System
from sotcheck.trial.certified import tables_of


@dataclass(frozen=True)
class ProvedStates:
    """What is proved of bound states: of every row of a result, and of all k_⊥ for each h_R."""

    rows: list[dict[str, Any]]
    below: list[dict[str, Any]]

    @classmethod
    def of(cls, system: System, rows: list[dict[str, Any]], path: str | None = None) -> ProvedStates:
        """Prove what rows say of a bare interface: of its tables, or of the file that it is from."""
        return cls(**bound.certified(to_document(system) if path is None else tables_of(system, path), rows))

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
                until = f"k_perp < {one['k_perp'][0]!r}" if one["k_perp"] else "any k_perp"
                said.append(f"h_R = {one['h_R']:g}: {one['count']} at {until} and any angle")
        some = sum(row["certified"] is not None for row in self.rows)
        said.append(f"count and energies of {some} of {len(self.rows)} k: --json FILE")
        return "\n".join(["proved in ball arithmetic, states below the continuum:", *said])
