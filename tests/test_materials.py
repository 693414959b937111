"""Built-in stacks of real materials, and what was measured of them: a source for every number."""

from __future__ import annotations

import re

import pytest
from conftest import Command, strict
from scipy.constants import electron_mass, elementary_charge, hbar

import sotcheck as sc
from sotcheck.system.files import builtin_systems, load, read_text
from sotcheck.system.stack import Stack
from sotcheck.system.units import file_units
from sotcheck.trial.experiments import all_experiments, experiments, left_out
from sotcheck.trial.verdict import Verdict

STACKS = [name for name in builtin_systems() if name not in builtin_systems("bare")]
#: A key, its number or list of numbers, and its comment, which goes on below.
NUMBER = re.compile(r"^(\w+) = ([-\d.]+|\[.*?\])(?: +(#.*(?:\n {9,}#.*)*))?$", re.MULTILINE)
SOURCE = re.compile(r"\((?:\w+ )?(?:19|20)\d\d\)|Kittel|Miron 2010|choice|upper bound")


def test_kinds() -> None:
    """Both kinds together are all; a stack is in eV and loads as one."""
    assert STACKS == ["pt-co-alox", "pt-cu-co-pt", "pt-yig"]
    assert not set(STACKS) & set(builtin_systems("bare"))
    for name in STACKS:
        system = load(name)
        assert isinstance(system, Stack)
        assert (system.name, system.unit) == (name, "eV")


def unsourced(text: str) -> list[str]:
    """Return the keys of numbers without a source here or where pt-co-alox has the same; 0 is nothing."""
    first = NUMBER.findall(read_text("pt-co-alox")[1])
    found = NUMBER.findall(text)
    assert len(found) == len(re.findall(r'^\w+ = (?!"|true|false)', text, re.MULTILINE))
    keys = []
    for key, value, comment in found:
        there = [said for other, number, said in first if (other, number) == (key, value.lstrip("-"))]
        if value != "0.0" and not any(map(SOURCE.search, (comment, *there))):
            keys.append(key)
    return keys


@pytest.mark.parametrize("name", STACKS)
def test_every_number_has_a_source(name: str) -> None:
    """Cited, or named a choice; a number without one is seen."""
    text = read_text(name)[1]
    assert "Left out: d bands, the spin Hall effect of bulk Pt" in " ".join(text.replace("#", " ").split())
    assert unsourced(text) == []
    assert unsourced(f"{text}normal = 0.75 # by guess\n") == ["normal"]


def test_rashba_strengths() -> None:
    """h_R of a delta from α_R and the extent of the state: α_R w/(ħ²/2mₑ), both in eV and Å."""
    unit = hbar**2 / (2 * electron_mass * elementary_charge) * 1e20
    platinum, copper = 3.92 / 3**0.5, 3.61 / 3**0.5
    assert load("pt-co-alox").h_R == pytest.approx(0.1 * platinum / unit, rel=2e-3)
    # Of the surface Cu(111): α_R = ħ² Δk/2m.
    of_copper = unit * 0.006 / 0.412
    spacer, magnet = file_units(load("pt-cu-co-pt")).layers  # type: ignore[attr-defined]
    assert spacer.interface.rashba == pytest.approx(of_copper * copper / unit, rel=2e-3)
    assert magnet.interface.rashba == -load("pt-co-alox").h_R


@pytest.mark.parametrize("name", STACKS)
def test_check_agrees(name: str) -> None:
    """By one engine here; both take 5, 12 and 2 s."""
    result = sc.check(load(name), engine="continuum", tolerance=1e-6)
    assert {finding.verdict for finding in result.findings} == {Verdict.AGREES}


def test_experiments() -> None:
    """Each has a source with a year, a system that is built in, and a range that is one, or none."""
    assert left_out().startswith("computed: interfaces alone")
    assert "spin Hall effect of the bulk" in left_out()
    assert {name for one in all_experiments() for name in one.systems} == set(STACKS)
    for one in all_experiments():
        assert re.search(r"\(\d{4}\)$", one.source)
        assert one.component in ("fieldlike", "dampinglike", "both")
        assert one.sign and one.remark
        assert (one.low is None) == (one.high is None)
        assert one.low is None or one.high is None or 0 < one.low <= one.high
    assert experiments("bulk-magnetism") == []


def test_measured_beside_computed(sotcheck: Command) -> None:
    """What an experiment counts, of the current in the heavy metal; nothing where nobody measured."""
    magnet = ("--saturation-magnetization", "1e6", "--thickness", "6e-10")
    asked = ("--engine", "continuum", "--tolerance", "1e-3", "--efficiency")
    document = strict(sotcheck("torque", "pt-co-alox", *asked, *magnet, "--json", "-").out)
    first, *others = document["measured"]["experiments"]
    row = document["torque"][0]
    assert row["source"] == "normal"
    assert (first["quantity"], first["low"]) == ("effective field", 1e-12)
    assert first["computed"] == row["effective_field"]["fieldlike"] != 0
    # Nothing is let through: a Rashba delta alone gives no dampinglike torque, and 0.12 is of something else.
    assert {one["computed"] for one in others if one["component"] == "dampinglike"} == {0.0}
    shown = sotcheck("torque", "pt-co-alox", *asked).out
    assert "Nguyen, Ralph, Buhrman" in shown
    assert "Left out is the spin Hall effect of the bulk" in " ".join(shown.split())
    assert "measured" not in strict(sotcheck("torque", "bulk-magnetism", *asked, "--json", "-").out)
