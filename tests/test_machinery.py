"""Faults in the machinery: those put in by hand once, and a sample of the others, are flagged by `check`."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from sotcheck.engines import Matching
from sotcheck.numerics.arrays import Array
from sotcheck.system.model import BOUND, SOURCES
from sotcheck.system.states import States
from sotcheck.system.structure import Scale, Structure
from sotcheck.trial import fault_store, faults, machinery, torque_table
from sotcheck.trial.certified import certified, covered, once_more
from sotcheck.trial.named_faults import ASKED, NAMED
from sotcheck.trial.stack_check import stack_rows, sums
from sotcheck.trial.torque import torque
from sotcheck.trial.torque_table import TorqueRow

Patch = pytest.MonkeyPatch


@pytest.fixture(scope="module")
def base() -> Iterator[list[machinery.Numbers]]:
    """Without Kwant, which takes longer."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(machinery, "ASKED", ASKED[:3:2])
        yield machinery.base()


def outcome(seed: faults.Seed | None, base: list[machinery.Numbers]) -> str:
    """What becomes of a fault in a process of its own."""
    found: tuple[str, str] = machinery.in_a_fork(lambda: machinery.try_one(seed, base))
    return found[0]


@pytest.mark.parametrize("named", NAMED, ids=lambda named: named().fault.change[:30])
def test_faults_that_were_missed_once(named: Any, base: list[machinery.Numbers]) -> None:
    assert outcome(named(), base) == "flagged"


@pytest.mark.parametrize(
    ("place", "right", "wrong"),
    [
        ("torque.torque", "if certify:", "if not certify:"),
        ("torque.torque", "(engines.get(name))", "(engines.get(name))[1:]"),
        ("torque._stack_rows", "if flows else np", "if not flows else np"),
        ("torque_table.TorqueRow.to_dict", "for name in said}", "for name in said[1:]}"),
    ],
)
def test_rows_are_those_of_torque(place: str, right: str, wrong: str, base: list[machinery.Numbers]) -> None:
    """Neither is there another path to rows, nor one to their proofs, flows and words in JSON."""
    module, name = place.split(".", 1)
    assert outcome(faults.edited(wrong, (f"trial.{module}", name, right, wrong))(), base) == "flagged"


def test_a_sample_of_the_others(base: list[machinery.Numbers]) -> None:
    """Of all that are seeded without looking at what runs, a few: whatever has an effect is flagged."""
    seeded = list(faults.seeds())
    assert len(seeded) >= 300
    places = ("exact.observables.transverse", "system.units.natural_units", "system.spin.spin_torque")
    some = [one for one in seeded if one.fault.place in places][::2]
    assert len(some) >= 4 and {outcome(one, base) for one in some} <= {"flagged", "raised", "no effect"}
    kinds = {"sign", "factor", "term", "index", "segment", "transpose", "branch", "symbol"}
    assert kinds <= {one.fault.kind for one in seeded}


def test_faults_of_functions_that_have_changed_are_tried_again(monkeypatch: Patch) -> None:
    """A fault carries the digest of its function, by which a store knows it; layout alone changes nothing."""
    seed = next(one for one in faults.seeds() if one.fault.place == "system.spin.spin_torque")
    assert seed.fault.source == faults.digest(seed.fault.place) != faults.digest("system.spin.dot_sigma")
    assert faults.digest("system.spin.gone") == ""
    found = fault_store.recorded()
    tried = sum(room[name] for room in found["rooms"] for name in fault_store.OUTCOMES)
    assert tried >= 300 and found["changed"] < tried
    monkeypatch.setattr(fault_store, "digest", lambda place: "another")
    assert fault_store.recorded()["changed"] == tried


def test_what_has_an_effect_and_is_not_seen_is_missed(
    base: list[machinery.Numbers], monkeypatch: Patch
) -> None:
    """Without its alarm a check sees nothing; what then changes numbers is said to be missed."""
    monkeypatch.setattr(machinery, "flagged", lambda *_: "")
    assert outcome(NAMED[0](), base) == "missed"
    missed = faults.Fault("model", "here", "sign", "a -> b", "missed", "t")
    assert "0 of 1 faults" in "\n".join(fault_store.table(fault_store.counted([missed])))


class Steeper(Matching):
    """Solves with spin-orbit terms that are a little larger."""

    def solve(self, structure: Structure, k_perp: Array, angle: Array, scale: Scale) -> States:
        """Solve as the right one does."""
        return super().solve(structure, k_perp, angle, np.asarray(scale) * 1.0001)


@pytest.mark.parametrize("name", ["half-metal", "stack"])
def test_states_of_other_equations_are_seen(name: str) -> None:
    system, path = machinery.systems()[name], machinery.paths()[name]
    summed = sums(system, {"it": Matching()}, np.array([system.scale]), 1e-9)
    for engine, verdict in ((Matching(), "agrees"), (Steeper(), "disagrees")):
        found = list(once_more(system, stack_rows(system, summed), {"it": engine}, path))
        assert {row.verdict for row in found if row.claim == "equations"} == {verdict}
        # Of a bare interface all numbers are proved: no other sum is needed.
        plain = {row.verdict for row in found if row.claim == "plain-sum"}
        assert plain == ({verdict} if name == "stack" else set())


def test_totals_and_every_number_of_the_json_are_proved(monkeypatch: Patch) -> None:
    """A total with other relaxation times than the file's, and any flow that is off, disagrees."""
    path, system = machinery.paths()["generic"], machinery.systems()["generic"]
    rows = list(torque(system, engine=["first-order", "continuum"]).rows)

    def disagreeing(rows: list[TorqueRow]) -> set[tuple[str | None, str | None]]:
        found, unproved = covered(system, certified(system, rows, path), path)
        assert len(found) == 8 and not unproved
        return {(row.engine, row.source) for row in found if row.verdict != "agrees"}

    assert disagreeing(rows) == set()
    for flow in range(4):
        off = rows[4].flows.copy()
        off[flow, 0] *= 1 + 1e-6
        wrong = [*rows[:4], replace(rows[4], flows=off), rows[5]]
        assert ("continuum", "majority") in disagreeing(wrong)
    assert ("continuum", "majority") in disagreeing([*rows[:4], replace(rows[4], parts=None), rows[5]])
    monkeypatch.setattr(torque_table, "weights", lambda system: dict.fromkeys((*SOURCES, BOUND), 1.0))
    assert disagreeing(rows) == {("first-order", "total"), ("continuum", "total")}
