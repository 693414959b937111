"""Tables of other codes against what is proved, row by row."""

from __future__ import annotations

import io
import math
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from sotcheck.errors import TableError, did_you_mean
from sotcheck.numerics.arrays import Array
from sotcheck.numerics.estimate import Estimate
from sotcheck.run.inputs import read_bytes
from sotcheck.run.progress import Progress, silent
from sotcheck.trial.reference_tables import KEYS, RADIUS, WHY, ending, systems, table
from sotcheck.trial.result import Findings
from sotcheck.trial.verdict import Finding, Trial, Verdict, compare

if TYPE_CHECKING:
    import pandas as pd

#: Columns that are no numbers.
TEXTS = ("system", "order", "source", WHY)


def read(path: Path) -> tuple[str, pd.DataFrame]:
    """Return the kind of a table of another code, and the table."""
    import pandas as pd

    is_csv = ending(path) == ".csv"
    try:
        content = io.BytesIO(read_bytes(path))
        # As text, of which Python makes the doubles nearest to it.
        how: dict[str, Any] = {"comment": "#", "skipinitialspace": True, "dtype": str}
        found = pd.read_csv(content, **how) if is_csv else pd.read_parquet(content)
        numbers = {name: float for name in found if name not in TEXTS}
        found = found.astype(numbers)
    except Exception as error:
        # pandas, and what it reads with, raise whatever they like.
        why = str(getattr(error, "strerror", None) or error).partition("\n")[0]
        raise TableError(f"{path}: cannot be read ({why})") from None
    kind = next((kind for kind, keys in KEYS.items() if {"system", *keys} <= set(found)), None)
    if kind is None:
        accepted = " or ".join(", ".join(("system", *keys)) for keys in KEYS.values())
        raise TableError(f"{path}: its columns are {', '.join(map(str, found))}; expected {accepted}")
    return kind, found


@dataclass(frozen=True)
class Departures(Findings):
    """A finding for each row of a table that has a number, and how many numbers were compared."""

    findings: tuple[Finding, ...]
    compared: int

    def __str__(self) -> str:
        wrong = tuple(one for one in self.findings if one.verdict is Verdict.DISAGREES)
        shown = [Departures(wrong, 0).table("quantity", "explanation")] if wrong else []
        count = f"{len(wrong)} of {len(self.findings)} rows depart from what is proved"
        return "\n".join([*shown, f"{count}; {self.compared} numbers were compared."])


def departures(path: Path, tolerance: float, progress: Progress = silent) -> Departures:
    """Hold a table of another code, with the columns of one of ours or fewer, against what is proved.

    A number may be off by both radii together; where theirs has no NAME_radius, by ours and `tolerance` times
    the largest number of the row. The interface and counts have to be the same. Empty cells are passed over.
    A TableError names unknown columns or rows, what is no number or cannot be read, or says that nothing is
    left.
    """
    (kind, theirs), known = read(path), systems()
    keys, own_systems = ["system", *KEYS[kind]], theirs["system"].unique()
    for name in own_systems:
        if name not in known:
            raise TableError(f"{path}: no system is called {name!r}{did_you_mean(str(name), known)}")
    ours = table(kind, own_systems, progress)
    for column in theirs:
        if column not in ours:
            raise TableError(f"{path}: unknown column {column!r}{did_you_mean(str(column), ours)}")
    at = {key: n for n, key in enumerate(ours[keys].itertuples(index=False, name=None))}
    wanted = list(theirs[keys].itertuples(index=False, name=None))
    for n, key in enumerate(wanted, 1):
        if key not in at:
            raise TableError(f"{path}: row {n}, {key}: there is no such row of {kind}")
    ours = ours.iloc[[at[key] for key in wanted]]
    names = np.array([one for one in theirs if one not in (*keys, WHY) and not one.endswith(RADIUS)])
    radii = [f"{name}{RADIUS}" for name in names]
    found, own = (theirs.reindex(columns=some).to_numpy(float) for some in (names, radii))
    if np.isinf(found).any():
        raise TableError(f"{path}: something in it is infinite; leave it empty")
    proved, radius = (ours.reindex(columns=some).to_numpy(float) for some in (names, radii))
    measured = [name in ours for name in radii]
    largest = np.nanmax(np.where(measured, np.abs(proved), 0.0), axis=1, keepdims=True, initial=0.0)
    own = np.where(measured, np.where(np.isnan(own), tolerance * largest, own), 0.0)
    both = ~np.isnan(found) & ~np.isnan(proved)
    if not both.any():
        raise TableError(f"{path}: there is no number in it to compare")
    said = Estimate(found, {"proof": (np.nan_to_num(radius), "ball arithmetic"), "own": (own, "the table's")})
    findings = [
        _finding(
            f"row {n + 1}: {', '.join(map(str, wanted[n]))}", names[some], proved[n, some], said[n, some]
        )
        for n, some in enumerate(both)
        if some.any()
    ]
    return Departures(tuple(findings), int(both.sum()))


def _finding(row: str, names: Any, proved: Array, said: Estimate) -> Finding:
    # However wide its own radii are, they may be right.
    worst = compare(proved, said, tell_apart=math.inf)
    off = abs(proved - said.value)
    others = ", ".join(names[off > said.total])
    words = f"{names[worst.index[0]]} is off by {off[worst.index]:.1e}, may be by {worst.measured.total:.1e}"
    words += f"; departing: {others}" if others else ""
    return Trial(row, worst, words).finding("reference", "A number lies in the interval that is proved")
