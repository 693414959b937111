"""System files with faults put in at random: refused in one message, or read as they stand and computed."""

from __future__ import annotations

import tomllib
from collections import Counter
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from sotcheck.errors import SotcheckError
from sotcheck.exact.observables import transverse
from sotcheck.system.files import KEYS, builtin_systems, load, read_text
from sotcheck.system.interface import Interface
from sotcheck.trial import torque as torques

#: Seeds of the mutations that are kept; `mutants` has as many as one likes.
NUMBER = 150
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


Generator = np.random.Generator


def flip_a_byte(data: bytes, rng: Generator) -> bytes:
    at = int(rng.integers(len(data)))
    return data[:at] + bytes([data[at] ^ (1 << int(rng.integers(8)))]) + data[at + 1 :]


def cut(data: bytes, rng: Generator) -> bytes:
    return data[: int(rng.integers(len(data)))]


def a_line(how: str, data: bytes, rng: Generator) -> bytes:
    lines = data.splitlines(keepends=True)
    at, to = int(rng.integers(len(lines))), int(rng.integers(len(lines) + 1))
    if how == "dropped":
        del lines[at]
    else:
        lines.insert(to, lines[at] if how == "repeated" else f"{rng.choice(LINES)}\n".encode())
    return b"".join(lines)


def another_value(data: bytes, rng: Generator) -> bytes:
    lines = data.decode("latin-1").splitlines()
    at = rng.choice([i for i, line in enumerate(lines) if " = " in line])
    value = f"{10 ** rng.uniform(-6, 4):.3g}" if rng.random() < 0.7 else str(rng.choice(VALUES))
    lines[at] = f"{lines[at].partition(' = ')[0]} = {value}"
    return "\n".join(lines).encode("latin-1")


LINE_CHANGES = (partial(a_line, how) for how in ("dropped", "repeated", "foreign"))
MUTATIONS: tuple[Callable[[bytes, Generator], bytes], ...] = (
    flip_a_byte, cut, *LINE_CHANGES, *[another_value] * 6
)  # fmt: skip


def mutant(seed: int) -> bytes:
    """Return a built-in system's file with one to three faults."""
    rng = np.random.default_rng(seed)
    data = read_text(str(rng.choice(list(builtin_systems()))))[1].encode()
    for _ in range(int(rng.integers(1, 3))):
        data = MUTATIONS[int(rng.integers(len(MUTATIONS)))](data, rng) or b"\n"
    return data


def outcome(path: Path) -> str:
    """Return how loading and computing end, having seen that the end is a good one."""
    try:
        iface = load(path)
        assert as_written(path, iface)
        found = torques.torque(iface, ["first-order", "continuum"], tolerance=1e-3)
    except SotcheckError as error:
        message = str(error)
        assert str(path) in message or iface.name in message or "h_R" in message
        assert len(message) < 2000
        return "refused"
    for row in found:
        minus, plus, lattice, interface = row.flows
        assert np.isfinite([*row.flows.ravel(), *row.vector]).all()
        unbalanced = plus - (minus + lattice - interface)
        other_torque = row.vector - transverse(plus + interface, iface.direction)
        assert np.abs([unbalanced, other_torque]).max() <= row.t.total
    return "computed"


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


@pytest.mark.parametrize("decade", range(NUMBER // 10))
def test_a_mutated_file_is_refused_or_computed(tmp_path: Path, decade: int) -> None:
    """No exception of another kind, no warning; what is computed balances."""
    ends: Counter[str] = Counter()
    for seed in range(10 * decade, 10 * decade + 10):
        path = tmp_path / f"{seed}.toml"
        path.write_bytes(mutant(seed))
        ends[outcome(path)] += 1
    assert ends.total() == 10
