"""Built-in stacks of real materials, and what was measured of them: a source for every number."""

from __future__ import annotations

import re
import tomllib
from typing import Any

import pytest
from conftest import Command, strict
from layer_cases import PINNED
from scipy.constants import electron_mass, elementary_charge, hbar

import sotcheck as sc
from sotcheck.system.files import builtin_systems, from_document, load, read_text
from sotcheck.system.model import System
from sotcheck.system.stack import Stack
from sotcheck.system.units import file_units, length_nm
from sotcheck.trial.experiments import all_experiments, experiments, left_out
from sotcheck.trial.verdict import Trial, Verdict, compare

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


def finer(system: System) -> System:
    """The same at half of all lengths: energies are four times as large, wave vectors twice."""
    keys = {"E_F": 4, "U_N": 4, "U_F": 4, "J": 4, "u_0": 2, "u_m": 2}
    changed: dict[str, Any] = {key: times * getattr(system, key) for key, times in keys.items()}
    if isinstance(system, Stack):
        of_layer = {"thickness": 0.5, "potential": 4, "exchange": 4, "rashba": 2}
        changed["layers"] = tuple(
            layer.model_copy(
                update={key: times * getattr(layer, key) for key, times in of_layer.items()}
                | {"interface": layer.interface.model_copy(update={"barrier": 2 * layer.interface.barrier})}
            )
            for layer in system.layers
        )
    return system.with_(**changed)


@pytest.mark.parametrize("name", ["bulk-magnetism", "pinned", "pt-yig"])
def test_every_torque_of_a_check_is_known_as_one(name: str) -> None:
    """Eight times as large at half of all lengths, and nothing else is: a unit would change no other."""
    system = from_document(tomllib.loads(PINNED), "pinned") if name == "pinned" else load(name)
    engines = ["continuum", "kwant"] if name == "pt-yig" else ["continuum"]
    found, other = (sc.check(one, engine=engines) for one in (system, finer(system)))
    assert len(found) == len(other)
    for one, another in zip(found, other, strict=True):
        if one.claim == "file":  # h_R and z have units of their own
            continue
        # Of components that rounding alone makes differ any may be the worst.
        said, also = (
            re.sub(r", k_perp = .*|, spin [xyz] \(worst\)", "", it.quantity) for it in (one, another)
        )
        assert said == also
        ratio = 8 if one.torque else 1
        scale = 1e-7 * max(abs(one.expected), 1e-5)
        assert another.expected == pytest.approx(ratio * one.expected, rel=1e-6, abs=scale), one.quantity
        # Of what is expected to vanish, the smallest difference that matters tells.
        before, after = one.comparison.tell_apart, another.comparison.tell_apart
        assert after == pytest.approx(ratio * before, rel=1e-3, nan_ok=True), one.quantity
    assert {finding.torque for finding in found} == {True, False}


def test_check_is_in_the_unit_of_torque() -> None:
    """In nm⁻³ as `torque`, budgets and words too, of a stack and of a bare interface in eV."""
    for system in (load("pt-yig"), load("bulk-magnetism").with_(unit="eV")):
        found = sc.check(system, engine="continuum")
        table = sc.torque(system, "first-order", tolerance=1e-9).to_dict()["torque"]
        (told,) = (f for f in found if f.claim == "eq16c" and f.quantity.startswith("fieldlike"))
        assert told.expected * system.h_R == pytest.approx(table[0]["fieldlike"], rel=1e-9)
        natural = sc.check(system.with_(unit=""), engine="continuum")
        for one, plain in zip(found, natural, strict=True):
            unit = length_nm() ** -3 if one.torque else 1.0
            assert one.measured.total == pytest.approx(unit * plain.measured.total, rel=1e-9)
            assert one.comparison.tell_apart == pytest.approx(unit * plain.comparison.tell_apart, nan_ok=True)
    doubt = compare(1.0, 1.0, {"rounding": (0.5, "a guess")})
    why = Trial("t", doubt, "", torque=True).finding("a", "b").in_unit(100.0).to_dict()
    assert why["explanation"].startswith("inconclusive: rounding (a guess), 5.0e+01, hides")


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
