"""CONTRIBUTING.md: what it says of adding things is followed; its walk goes through files that exist."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import sotcheck as sc
from sotcheck.engines import EXACT
from sotcheck.trial.audit import audit

ROOT = Path(__file__).resolve().parent.parent
TEXT = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
ADDED = dict(re.findall(r"### an? (\w+)\n.*?```python\n(.*?)```", TEXT, flags=re.DOTALL))
WALK = re.findall(r"^(\d+)\. (.*?)(?=^\d+\. |^$)", TEXT, flags=re.DOTALL | re.MULTILINE)
#: The README's order, and the rooms of the walk in it.
ROOMS = ("run", "system", "theory", "engines", "exact", "bound", "beyond", "trial", "papers", "command")


def test_ten_lines_are_enough() -> None:
    for thing in ("equation", "paper", "observable", "engine"):
        assert 0 < len([line for line in ADDED[thing].splitlines() if line]) <= 10, thing


def test_a_paper_with_a_quantity_and_an_equation(tmp_path: Path) -> None:
    """Put together in a file, they are tried by every engine, and agree."""
    file = tmp_path / "mine.py"
    file.write_text(ADDED["paper"] + ADDED["observable"] + ADDED["equation"], encoding="utf-8")
    result = audit(str(file))
    assert [(row.equation, row.engine, row.verdict) for row in result] == [
        ("(1)", engine, "agrees") for engine in EXACT
    ]
    assert {row.title for row in result} == {"Reflection is that of either spin, added."}


def test_an_engine() -> None:
    """It has its rows in `torque`, which are those of the engine that it asks."""
    exec(ADDED["engine"], {})
    try:
        table = sc.torque(sc.load("bulk-magnetism"), ["continuum", "mine"], tolerance=1e-6)
        rows = {(row.engine, row.source): row.vector for row in table}
        for source in ("normal", "majority", "minority"):
            assert rows["mine", source] == pytest.approx(rows["continuum", source], abs=1e-15)
    finally:
        del EXACT["mine"]


def test_the_walk() -> None:
    """Twelve steps at most, through files that exist, never back to a room that was left."""
    assert [int(number) for number, _ in WALK] == list(range(1, len(WALK) + 1))
    assert 8 <= len(WALK) <= 12
    first = []
    for _, words in WALK:
        files = re.findall(r"`((\w+)/[\w/*]+\.py)`", words)
        assert files
        for file, _ in files:
            assert list((ROOT / "sotcheck").glob(file)), file
        first.append(ROOMS.index(files[0][1]))
    # Papers are content: they are found by name, and lie beside the judge.
    assert first == sorted(first)
