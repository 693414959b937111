"""Faults in the machinery: those put in by hand once, and a sample of the others, are flagged by `check`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from sotcheck.trial import faults, machinery
from sotcheck.trial.named_faults import NAMED


@pytest.fixture(scope="module")
def base() -> Iterator[dict[str, Any]]:
    yield machinery.base()


def outcome(seed: faults.Seed | None, base: dict[str, Any]) -> str:
    """What becomes of a fault in a process of its own."""
    found: tuple[str, str] = machinery.in_a_fork(lambda: machinery.try_one(seed, base))
    return found[0]


@pytest.mark.parametrize("named", NAMED, ids=lambda named: named().fault.change[:30])
def test_faults_that_were_missed_once(named: Any, base: dict[str, Any]) -> None:
    assert outcome(named(), base) == "flagged"


def test_a_sample_of_the_others(base: dict[str, Any]) -> None:
    """Of all that are seeded without looking at what runs, a few: whatever has an effect is flagged."""
    seeded = list(faults.seeds())
    assert len(seeded) >= 300
    some = [
        one
        for one in seeded
        if one.fault.place.startswith(("engines.matching.flows", "exact.observables.tr"))
    ]
    found = [outcome(one, base) for one in some[::2]]
    assert len(found) >= 4 and "missed" not in found and found.count("flagged") >= len(found) - 2
