"""Rotated, mirrored and reversed copies: what breaks a symmetry rings, even where engines agree."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from sotcheck.engines import Matching
from sotcheck.system import interface as bare
from sotcheck.system import stack as stacks
from sotcheck.system.model import System
from sotcheck.system.structure import Matrix
from sotcheck.trial import machinery
from sotcheck.trial.certified import certified, once_more
from sotcheck.trial.symmetries import symmetric
from sotcheck.trial.torque import rows_by, with_scales
from sotcheck.trial.torque_table import TorqueRow

ENGINES = {"continuum": Matching()}


def rows_of(system: System) -> list[TorqueRow]:
    return with_scales(system, rows_by(ENGINES["continuum"], system, [system.scale], 1e-6, {}))


def verdicts(system: System, rows: list[TorqueRow]) -> dict[str, set[str]]:
    found = list(symmetric(system, rows, ENGINES))
    return {
        name: {str(one.verdict) for one in found if one.claim == name} for name in ("rotation", "sum-rule")
    }


@pytest.mark.parametrize("name", ["generic", "half-metal", "stack"])
def test_symmetries_are_kept(name: str) -> None:
    system = machinery.systems()[name]
    assert verdicts(system, rows_of(system)) == {"rotation": {"agrees"}, "sum-rule": {"agrees"}}


@pytest.mark.parametrize(
    "A",
    [((0.0, 1.1), (-1.0, 0.0), (0.0, 0.0)), ((0.1, 1.0), (-1.0, 0.1), (0.0, 0.0))],
    ids=["turn", "mirror"],
)
def test_another_rashba_field_everywhere_breaks_a_symmetry(
    A: Matrix, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In all systems alike, and of a bare interface where no other claim has another field to compare."""
    for module in (bare, stacks):
        monkeypatch.setattr(module, "RASHBA", A)
    for name in ("generic", "stack"):
        system = machinery.systems()[name]
        assert verdicts(system, rows_of(system))["rotation"] == {"disagrees"}


def test_the_sum_of_all_sources_is_odd_in_m() -> None:
    """What one source alone gets more, turned with m, breaks the sum rule and no rotation."""
    system = machinery.systems()["generic"]
    rows = rows_of(system)
    off = [replace(rows[0], t=rows[0].t + 1e-4 * np.cross(system.m, (0, 0, 1))), *rows[1:]]
    assert verdicts(system, off)["sum-rule"] == {"disagrees"}


def test_a_row_that_is_missing_or_another_system_is_seen() -> None:
    system, path = machinery.systems()["generic"], machinery.paths()["generic"]
    rows = certified(system, rows_of(system), path)

    def filed(system: System, rows: list[TorqueRow]) -> str:
        found = once_more(system, rows, ENGINES, path, wanted=ENGINES)
        return next(str(one.verdict) for one in found if one.claim == "file")

    assert filed(system, rows) == "agrees"
    # Nor does any lack the proof that was asked for.
    assert filed(system, rows_of(system)) == "disagrees"
    assert filed(system, rows[1:]) == filed(system, []) == "disagrees"
    assert filed(system, [replace(row, h_R=-row.h_R) for row in rows]) == "disagrees"
