"""The benchmark of error budgets: it tells those that do not hold, and the committed run says that all do."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import budgets
import pytest

from sotcheck.pages.budgets import quote, write_budgets

#: What budgets are held to: covered interfaces, and decades of budget over true error in the median.
COVERED, MOST = 0.995, 3.0


@pytest.fixture(scope="module")
def lines() -> list[dict[str, Any]]:
    return [line for seed in (1, 3) for line in budgets.tried(seed)]


def test_budgets_hold(lines: list[dict[str, Any]]) -> None:
    """Of two interfaces at all tolerances; ratios are counted once each."""
    data = budgets.summary(lines)
    assert len(data["results"]) == len(budgets.ENGINES) * len(budgets.TOLERANCES)
    for one in data["results"]:
        assert one["beyond"] == []
        assert one["torques"] == 6
        assert sum(one["counts"]) == one["torques"] - one["zeros"]
        assert 0 < one["median"] < 8


def test_budget_too_small_is_told(lines: list[dict[str, Any]], tmp_path: Path) -> None:
    """A millionth of what they are: the summary names the interface, the page too."""
    changed = json.loads(json.dumps(lines))
    for line in changed:
        if line["name"] == "strong-1":
            for torque in line["torques"]:
                torque["budget"] *= 1e-6
    data = budgets.summary(changed)
    assert all(one["beyond"] == ["strong-1"] for one in data["results"] if one["tolerance"] == 1e-4)
    assert "all but 1 of 2 interfaces" in quote(data)
    page = write_budgets(data, tmp_path)
    assert "strong-1" in page.read_text()
    assert json.loads((tmp_path / "budgets.json").read_text()) == data


def test_committed_run() -> None:
    """Of five hundred interfaces nearly all are proved and covered; no median is beyond what is held to."""
    data = json.loads(budgets.SUMMARY.read_text())
    assert sum(data["interfaces"].values()) >= 500
    for one in data["results"]:
        assert one["interfaces"] >= 450
        assert len(one["beyond"]) <= (1 - COVERED) * one["interfaces"]
        assert one["median"] <= MOST
