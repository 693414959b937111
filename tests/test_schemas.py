"""JSON Schemas: the shipped one is up to date; files and what commands write are valid, faults are not."""

from __future__ import annotations

import copy
import json
import re
import tomllib
from collections.abc import Callable
from itertools import product
from pathlib import Path
from typing import Any

import pytest
from conftest import Command
from jsonschema import Draft7Validator, Draft202012Validator

from sotcheck.command.files import schema_text
from sotcheck.command.schemas import schemas
from sotcheck.errors import SystemFileError
from sotcheck.system.files import builtin_systems, from_document, schema_file
from sotcheck.system.reference import schema

FILE = Draft7Validator(schema())
FAST = ("--engine", "continuum", "--tolerance", "1e-3")


def test_the_shipped_schema_is_up_to_date() -> None:
    """After a change of keys: `sotcheck schema system > systems/system.schema.json`."""
    assert schema_file().read_text(encoding="utf-8") == schema_text(schema())
    FILE.check_schema(FILE.schema)


@pytest.mark.parametrize("name", builtin_systems())
def test_built_in_files_are_valid_and_name_their_schema(sotcheck: Command, name: str) -> None:
    """The link leads from the file to the schema, and from a printed one to the same."""
    file = builtin_systems()[name]
    text = file.read_text(encoding="utf-8")
    FILE.validate(tomllib.loads(text))
    (link,) = re.findall(r"\A#:schema (\S+)\n", text)
    assert (file.parent / link).resolve() == schema_file()
    printed = sotcheck("systems", name).out
    assert printed == text.replace(link, schema_file().as_uri(), 1)


@pytest.mark.parametrize(
    "text",
    [
        "fermi_energy = 1.0",
        "name = 'no such name'",
        "name = 'x'\nfermi = 1.0",
        "name = 'x'\nfermi_energy = '1'",
        "name = 'x'\n[normal]\nmass = 0.0",
        "name = 'x'\n[ferromagnet]\nexchange = -1.0",
        "name = 'x'\n[ferromagnet]\nmagnetic = 1",
        "name = 'x'\n[interface]\nmagnetization = [1.0, 0.0]",
        "name = 'x'\n[interface]\nmagnetization = [1.0, 0.0, '1']",
        "name = 'x'\n[interface]\nspin_orbit = [[0.0, 0.0], [0.0, 0.0], [0.0]]",
        "name = 'x'\n[units]\nenergy = 'J'",
        "name = 'x'\n[[layer]]\nthickness = -1.0",
        "name = 'x'\n[[layer]]\n[layer.interface]\nrahsba = 1.0",
        "name = 'x'\nnormal = 1.0",
        "name = 'x'\nlayer = 1.0",
    ],
)
def test_bad_files_are_not_valid(text: str) -> None:
    """What the reader refuses by one key the schema refuses, too."""
    document = tomllib.loads(text)
    assert not FILE.is_valid(document)
    with pytest.raises(SystemFileError):
        from_document(document, "file")


def test_every_key_says_what_it_means_and_has_its_default() -> None:
    def described(one: dict[str, Any]) -> None:
        for name, inner in one.get("properties", {}).items():
            assert inner["description"], name
            described(inner)
            described(inner.get("items", {}))

    described(schema())
    layer = schema()["properties"]["layer"]["items"]["properties"]
    assert layer["mass"]["default"] == 1.0 and layer["interface"]["properties"]["barrier"]["default"] == 0.0


WRITTEN = {
    "torque": ("torque", "bulk-magnetism", *FAST, "--h-r", "0.1,1.2", "--efficiency"),
    "torque of a stack": (
        "torque", "pt-co-alox", *FAST, "--si", "--field", "1e5", "--relaxation-time", "1e-14", "--efficiency",
        "--saturation-magnetization", "1e6", "--thickness", "1e-9",
    ),
    "torque along y": ("torque", "bulk-magnetism", *FAST, "--magnetization", "0,1,0"),
    "check": ("check", "topological-insulator"),
    "check of a stack": ("check", "pt-yig"),
    "audit": ("audit", "--paper", "scalar_delta", "--workers", "1", "--power"),
    "bound-states": ("bound-states", "bulk-magnetism", "--h-r", "1.2", "--k-perp", "1,2"),
    "bound-states of a stack": ("bound-states", "pt-co-alox", "--k-perp", "2.5"),
    "profile": ("profile", "pt-yig", "--points", "5", *FAST),
    "beyond": ("beyond", "pt-yig", "--limit", "0.05"),
    "trust-map": ("trust-map", "bulk-magnetism", "--over", "E_F=0.6:2", "--over", "U_N=-0.5:0.5",
                  "--points", "4", "--workers", "1"),
    "plot": ("plot", "bulk-magnetism", "--over", "theta=10:80:2", "--engine", "first-order", "-o", "x.svg"),
    "plot of spin": ("plot", "pt-yig", "--what", "spin", "--points", "5", *FAST[2:], "-o", "x.svg"),
    "plot of integrand": ("plot", "bulk-magnetism", "--what", "integrand", "--engine", "first-order",
                          "-o", "x.svg"),
    "plot of currents": ("plot", "bulk-magnetism", "--what", "currents", "--engine", "first-order",
                         "-o", "x.svg"),
    "plot of map": ("plot", "bulk-magnetism", "--what", "map", "-o", "x.svg"),
    "systems": ("systems",),
    "doctor": ("doctor",),
}  # fmt: skip


@pytest.mark.parametrize("what", WRITTEN)
def test_what_commands_write_is_valid(
    sotcheck: Command, what: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of each kind of system; and a key too many, a key too few or a word for a number is not."""
    monkeypatch.chdir(tmp_path)
    validator = Draft202012Validator(schemas()[what.split()[0]])
    validator.check_schema(validator.schema)
    document = json.loads(sotcheck(*WRITTEN[what], "--json", "-").out)
    assert [error.message for error in validator.iter_errors(document)] == []
    # A key that varies is one more in the rows of a curve.
    free = FREE | ({"torque"} if what == "plot" else set())
    lists = [name for name, value in document.items() if isinstance(value, list) and name not in free]
    for name, spoil in product(lists, FAULTS):
        other = copy.deepcopy(document)
        if other[name] and isinstance(other[name][0], dict) and spoil(other[name][0]):
            assert not validator.is_valid(other), (name, spoil)
    for spoil in FAULTS[:2]:
        other = copy.deepcopy(document)
        assert spoil(other) and not validator.is_valid(other)


def _more(row: dict[str, Any]) -> bool:
    row["nonsense"] = 1
    return True


def _less(row: dict[str, Any]) -> bool:
    del row[next(iter(row))]
    return True


def _word(row: dict[str, Any]) -> bool:
    numbers = [name for name, value in row.items() if isinstance(value, float)]
    row.update(dict.fromkeys(numbers, "one"))
    return bool(numbers)


#: Lists of objects whose keys the schema leaves open.
FREE = {"does_not_apply", "spin_density", "fermi_energy", "power", "regions", "currents"}
FAULTS: tuple[Callable[[dict[str, Any]], bool], ...] = (_more, _less, _word)


def test_the_command(sotcheck: Command, tmp_path: Path) -> None:
    """It lists schemas, prints one, and knows no other."""
    names = sotcheck("schema").out.split()
    assert names == list(schemas())
    for name in names:
        assert json.loads(sotcheck("schema", name).out) == json.loads(json.dumps(schemas()[name]))
    found = sotcheck("schema", "torqe")
    assert (found.status, "did you mean 'torque'" in found.err) == (2, True)
