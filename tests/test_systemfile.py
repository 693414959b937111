"""System files: what is read, what is refused; every refusal says where, what, and what is accepted.

With faults put in at random they are refused in one message, or read as they stand and computed.
"""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Sized
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from sotcheck.errors import SotcheckError, SystemFileError
from sotcheck.exact.observables import transverse
from sotcheck.system.files import (
    KEYS,
    builtin_systems,
    from_document,
    load,
    load_bare,
    read_text,
    to_document,
)
from sotcheck.system.interface import Interface
from sotcheck.system.model import LARGEST
from sotcheck.trial import torque as torques

FOUR = ["bulk-magnetism", "ferromagnetic-insulator", "interface-magnetism", "topological-insulator"]
NUMBER, NOT_NEGATIVE = "a finite number, at most 1e+60 in size", "a finite number >= 0, at most 1e+60"
DIRECTION = "three finite numbers, not all zero"


def write(folder: Path, text: str | bytes) -> Path:
    """Write a system file and return its path."""
    path = folder / "my.toml"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def named(text: str) -> str:
    """Put the one required key in front."""
    return f'name = "x"\n{text}\n'


def refusal(path: Path | str) -> str:
    """Load what must be refused and return the message."""
    with pytest.raises(SystemFileError) as caught:
        load(path)
    return str(caught.value)


def test_every_key_sets_its_attribute() -> None:
    """Nothing is read and dropped, nothing goes to another attribute; the defaults are the contract's."""
    assert from_document({"name": "x"}, "here") == Interface(
        name="x", title="", reference="", E_F=2.0, U_N=0.0, U_F=0.0, J=1.0, u_0=0.0, u_m=0.0, h_R=0.05,
        m=(0.0, 0.0, 1.0), tau_N=1.0, tau_up=1.0, tau_down=1.0,
    )  # fmt: skip
    text = """
        name = "all"
        title = "t"
        reference = "r"
        fermi_energy = 3
        [normal]
        potential = 0.1
        [ferromagnet]
        potential = 0.2
        exchange = 0.3
        [interface]
        barrier = 0.4
        exchange = 0.5
        rashba = 0.6
        magnetization = [3, 0, 4]
        [relaxation]
        normal = 0.7
        majority = 0.8
        minority = 0.9
    """
    assert from_document(tomllib.loads(text), "here") == Interface(
        name="all", title="t", reference="r", E_F=3.0, U_N=0.1, U_F=0.2, J=0.3, u_0=0.4, u_m=0.5, h_R=0.6,
        m=(3.0, 0.0, 4.0), tau_N=0.7, tau_up=0.8, tau_down=0.9,
    )  # fmt: skip
    assert set(KEYS.values()) == set(Interface.model_fields)


def test_builtin_systems(tmp_path: Path) -> None:
    """Each is found by name and through its file, carries its own name, and survives a round trip."""
    assert list(builtin_systems("bare")) == FOUR
    for name in FOUR:
        iface, text = load(name), read_text(name)[1]
        assert iface.name == name
        assert iface.title
        assert iface.reference.startswith("Sec. V")
        assert from_document(to_document(iface), name) == iface
        # The file itself, comments included, also with the mark that editors on Windows write.
        assert "#" in text
        assert load(write(tmp_path, text)) == load(write(tmp_path, "\ufeff" + text)) == iface


@pytest.mark.parametrize(
    ("text", "read", "expected"),
    [
        # However short or long the vector is.
        ("[interface]\nmagnetization = [0, 0, 5]", lambda i: i.m, (0.0, 0.0, 1.0)),
        ("[interface]\nmagnetization = [3.0, 0, -4.0]", lambda i: i.m, (0.6, 0.0, -0.8)),
        ("[interface]\nmagnetization = [0, 5e-324, 0]", lambda i: i.m, (0.0, 1.0, 0.0)),
        ("[interface]\nmagnetization = [-1e308, 0, 0]", lambda i: i.m, (-1.0, 0.0, 0.0)),
        # Fermi energies at the edge of N, of the minority, of the majority: while another channel is open.
        ("fermi_energy = 0.5\n[normal]\npotential = 0.5", Interface.thresholds, [0.0, 1.5]),
        ("fermi_energy = 1.0", Interface.thresholds, [0.0, 1.0, 2.0]),
        ("fermi_energy = 1.0\n[ferromagnet]\npotential = 2.0", Interface.thresholds, [0.0, 1.0]),
        # The limit itself is inside.
        (f"[interface]\nrashba = {LARGEST!r}", lambda i: i.h_R, LARGEST),
        (f"[interface]\nbarrier = {-LARGEST!r}", lambda i: i.u_0, -LARGEST),
    ],
)
def test_accepted(tmp_path: Path, text: str, read: Callable[[Interface], Any], expected: Any) -> None:
    assert read(load_bare(write(tmp_path, named(text)))) == pytest.approx(expected, rel=0, abs=1e-15)


#: What stands in a file, how the message calls it, and what is accepted instead.
WRONG = [
    *((f"fermi_energy = {x}", f"fermi_energy = {x}", NUMBER) for x in ('"2"', "true", "nan", "-inf")),
    ("fermi_energy = 1e300", "fermi_energy = 1e+300", NUMBER),
    ("fermi_energy = 2020-01-01", 'fermi_energy = "2020-01-01"', NUMBER),
    ("[fermi_energy]\nvalue = 1", 'fermi_energy = {"value": 1}', NUMBER),
    ("[interface]\nrashba = [0.1]", "interface.rashba = [0.1]", NUMBER),
    ("[interface]\nbarrier = " + "9" * 400, "interface.barrier = " + "9" * 60 + "...", NUMBER),
    ("[ferromagnet]\nexchange = -1.0", "ferromagnet.exchange = -1.0", NOT_NEGATIVE),
    ("[relaxation]\nminority = -1", "relaxation.minority = -1", NOT_NEGATIVE),
    *(
        (f"[interface]\nmagnetization = {m}", f"interface.magnetization = {m}", DIRECTION)
        for m in ("[0, 0, 0]", "[1.0, 2.0]", "[1, 2, 3, 4]", "[]", "[nan, 0, 1]", "[inf, 0, 1]",
                  "[true, 0, 1]", '"z"', "1.0")
    ),
    ("normal = 3", "normal = 3", "a table, written [normal] with keys below it"),
    ("[[normal]]\npotential = 3", 'normal = [{"potential": 3}]', "a table, written [normal]"),
    ("title = 3", "title = 3", "a text of one line"),
    (r'title = "two\nlines"', r'title = "two\nlines"', "a text of one line"),
]  # fmt: skip
#: An unknown key, and the nearest that is known.
UNKNOWN = [
    ("fermi_enrgy = 1", "fermi_enrgy", "fermi_energy"),
    ("[interface]\nrashbaa = 1", "interface.rashbaa", "interface.rashba"),
    ("[interfaces]\nrashba = 1", "interfaces", "interface"),
    # A right key in the wrong table, or in none.
    ("[normal]\nexchange = 1", "normal.exchange", "ferromagnet.exchange"),
    ("magnetization = [0, 0, 1]", "magnetization", "interface.magnetization"),
    # The name it has in Python and in the paper.
    ("[interface]\nh_R = 1", "interface.h_R", "interface.rashba"),
    ("E_F = 1", "E_F", "fermi_energy"),
    ('"interface.rashba" = 1', '"interface.rashba"', "interface.rashba"),
]
NAMELESS = ("", "fermi_energy = 1.0\n", "# nothing\n")
#: Names become folders of reports.
NO_NAMES = ('""', '"a b"', '"a/b"', r'"\u00e9"', r'"a\n"', "3")
#: No value, NUL, a key twice, nested too deep, too many digits: also what makes the parser itself give up.
NOT_TOML = (
    "name = ", "\0", named(named("")), named("a = " + "[" * 3000), named("fermi_energy = " + "9" * 5000)
)  # fmt: skip
EDGE = "leaves no propagating state: the lowest band edge is"
EDGE_OF_N = "fermi_energy = 1.0\n[normal]\npotential = 1.0\n[ferromagnet]\npotential = 5.0"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        *((named(text), f"{found} is not accepted; expected {wanted}") for text, found, wanted in WRONG),
        *((named(text), f"unknown key {key!r} (did you mean {near!r}?); accepted: {', '.join(KEYS)}")
          for text, key, near in UNKNOWN),
        *((f"name = {name}", f"name = {name} is not accepted; expected a text of letters, digits and '-'")
          for name in NO_NAMES),
        *((text, "the key name is missing; expected a line such as name = ") for text in NAMELESS),
        *((text, "not a TOML file that can be read: ") for text in NOT_TOML),
        (b'name = "\xff"', "not UTF-8 text (byte 8 is 0xff); "),
        (named("").encode("utf-16"), "not UTF-8 text (byte 0 is 0xff); "),
        (named("[layer]"), "layer = {} is not accepted; expected tables [[layer]], one a layer"),
        # A wild guess would only mislead.
        (named("[layers]"), "unknown key 'layers' (did you mean 'layer'?); accepted"),
        # Exactly at the lowest edge, of F and of N, nothing propagates either.
        (named("fermi_energy = -1.5"), f"fermi_energy = -1.5 {EDGE} -1 (the smaller of U_N and U_F - J); "),
        (named("fermi_energy = -1.0"), f"fermi_energy = -1 {EDGE} -1 "),
        (named(EDGE_OF_N), f"fermi_energy = 1 {EDGE} 1 "),
    ],
)  # fmt: skip
def test_refused(tmp_path: Path, text: str | bytes, words: str) -> None:
    """File, key, what was found, what is accepted: in one line."""
    path = write(tmp_path, text)
    message = refusal(path)
    assert message.startswith(f"{path}: {words}")
    assert "\n" not in message


def test_other_messages(tmp_path: Path) -> None:
    """Several faults are told at once, one line each; where nothing can be read, what there is is listed."""
    message = refusal(write(tmp_path, named("fermi_energy = nan\n[ferromagnet]\nexchange = -1")))
    first, second = message.splitlines()
    assert "my.toml: fermi_energy = nan" in first
    assert "my.toml: ferromagnet.exchange = -1" in second
    missing = refusal(tmp_path / "no.toml")
    assert (
        "no.toml': no such file, nor a built-in system; built-in: " + ", ".join(builtin_systems()) in missing
    )
    assert "(did you mean 'bulk-magnetism'?)" in refusal("bulk-magnetisme")
    assert refusal(tmp_path).startswith(f"{tmp_path}: is a folder; ")
    assert refusal("").startswith("'': no such file")
    swept = tmp_path / "swept.nc"
    swept.write_bytes(b"\x89HDF")
    assert refusal(swept).startswith(f"{swept}: the result of a sweep, for check, report and open_sweep; ")
    twice = refusal(write(tmp_path, named("[layer]\nthickness = 1.0\n[layer]")))
    assert twice.endswith("; write [[layer]] for each layer")
    assert "cannot be read (Not a directory)" in refusal(write(tmp_path, "") / "below.toml")
    assert "cannot be read (File name too long)" in refusal("a" * 300)
    assert "cannot be read (embedded null byte)" in refusal("a\0b")


#: How many of the mutants are kept; `mutant` has as many as one likes.
MUTANTS = 150
VALUES = (
    "nan", "inf", "-inf", "1e400", "1e308", "-1e308", "1e60", "1e-308", "0", "-0.0", "9" * 400, '"2"', "true",
    "[1]", "[]", "{}", "2020-01-01", '"\\u202e"', "0x1F", "1_0", "+1.5", ".5", "1e", "'''", "[nan, 0, 1]",
    "[0, 0, 0]", "[1e-300, 0, 0]", "[1e308, -1e308, 1e308]", "-1",
)  # fmt: skip
LINES = (
    "fermi_enrgy = 1", "[normal]", "[[layers]]", "name = 3", 'name = ""', 'title = "\x1b[31m"', "a.b.c = 1",
    '"" = 1', "normal = 3", "E_F = 1", "[interface.x]", 'reference = "\u202e"', "=", "\x00",
    "\u2028", "é = 1",
)  # fmt: skip


def mutated(data: bytes, rng: np.random.Generator) -> bytes:
    """Put one fault in: a flipped bit, an end, a line dropped, repeated or foreign, most often a value."""

    def any_of(items: Sized) -> int:
        return int(rng.integers(len(items)))

    kind = int(rng.integers(11))
    if kind < 2:
        at = any_of(data)
        return data[:at] + (b"" if kind else bytes([data[at] ^ (1 << any_of(range(8)))]) + data[at + 1 :])
    lines = data.splitlines(keepends=True)
    if kind < 5:
        at, to = any_of(lines), any_of([*lines, b""])
        new = [[], [lines[at]], [f"{rng.choice(LINES)}\n".encode()]][kind - 2]
        lines[to:to] = new
        del lines[at : at + (not new)]
    else:
        at = int(rng.choice([i for i, line in enumerate(lines) if b" = " in line]))
        value = f"{10 ** rng.uniform(-6, 4):.3g}" if rng.random() < 0.7 else str(rng.choice(VALUES))
        lines[at] = lines[at].partition(b" = ")[0] + f" = {value}\n".encode()
    return b"".join(lines)


def mutant(seed: int) -> bytes:
    """Return a built-in system's file with one or two faults."""
    rng = np.random.default_rng(seed)
    data = read_text(str(rng.choice(FOUR)))[1].encode()
    for _ in range(int(rng.integers(1, 3))):
        data = mutated(data, rng) or b"\n"
    return data


def refused_or_computed(path: Path) -> None:
    """Fail unless a file is refused in a message that says what, or computed as it is written."""
    try:
        iface = load_bare(path)
        assert as_written(path, iface)
        found = torques.torque(iface, ["first-order", "continuum"], tolerance=1e-3)
    except SotcheckError as error:
        message = str(error)
        assert str(path) in message or iface.name in message or "h_R" in message
        assert len(message) < 2000
        return
    for row in found:
        minus, plus, lattice, interface = row.flows
        assert np.isfinite([*row.flows.ravel(), *row.vector]).all()
        unbalanced = plus - (minus + lattice - interface)
        other_torque = row.vector - transverse(plus + interface, iface.direction)
        assert np.abs([unbalanced, other_torque]).max() <= row.t.total


def as_written(path: Path, iface: Interface) -> bool:
    """Return whether every value of the file, read by another way, is the system's, and nothing else is."""
    document: dict[str, Any] = tomllib.loads(path.read_bytes().decode())
    left = 0
    for key, attribute in KEYS.items():
        value: Any = document
        for name in key.split("."):
            value = value.get(name) if isinstance(value, dict) else None
        if value is not None and attribute != "m":
            assert getattr(iface, attribute) == value
        left += value is not None
    written = sum(len(value) if isinstance(value, dict) else 1 for value in document.values())
    return left == written


@pytest.mark.parametrize("decade", range(MUTANTS // 10))
def test_a_mutated_file_is_refused_or_computed(tmp_path: Path, decade: int) -> None:
    """No exception of another kind, no warning; what is computed balances."""
    for seed in range(10 * decade, 10 * decade + 10):
        path = tmp_path / f"{seed}.toml"
        path.write_bytes(mutant(seed))
        refused_or_computed(path)
