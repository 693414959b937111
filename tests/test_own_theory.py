"""Bring your own theory: the right one passes, faults are told apart, mistakes are explained."""

from __future__ import annotations

import json
import re
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from sotcheck.command.main import cli
from sotcheck.errors import TheoryError
from sotcheck.numerics.arrays import Complex
from sotcheck.system.files import load
from sotcheck.system.interface import Interface
from sotcheck.theory.amplitudes import Amplitudes
from sotcheck.theory.symbols import Symbols
from sotcheck.trial.own_theory import check_theory, load_theory
from sotcheck.trial.paper import load as load_paper

BULK = load("bulk-magnetism")


def right(a: Amplitudes, iface: Interface) -> Complex:
    return load_paper().first_order.torque(Symbols.of(iface, a))[:, 0]


@pytest.mark.parametrize("m", [BULK.m, (0.0, 0.0, 1.0), (0.0, 1.0, 0.0)])
def test_first_order_passes(m: tuple[float, float, float]) -> None:
    """Also where fieldlike and dampinglike are undefined."""
    result = check_theory(BULK.with_(m=m), right, tolerance=1e-9)
    assert result.exit_status == 0
    tried = {(finding.source, finding.engine) for finding in result}
    assert tried >= {("normal", "kwant"), ("minority", "continuum")}


FAULTS = {
    "2.000": lambda a, iface: 2 * right(a, iface),
    "sign": lambda a, iface: -right(a, iface),
    "conjugated": lambda a, iface: right(a, iface).conj(),
    "k_z is imaginary": lambda a, iface: np.where((a.kz.imag > 0)[:, None], 0.5, 1.0) * right(a, iface),
}


@pytest.mark.parametrize("words", FAULTS)
def test_diagnosis(words: str) -> None:
    """What it is off by, from the numbers alone."""
    result = check_theory(BULK, FAULTS[words], tolerance=1e-9)
    assert result.exit_status == 1
    told = [f.explanation for f in result if f.verdict == "disagrees" and "resolved" in f.quantity]
    assert any(words in text for text in told), told


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ("def torque(a, iface): return a.kz", "returned an array of shape"),
        ("def torque(a, iface): return a.kzz", "AttributeError"),
        ("def torque(a, iface): return [[float('nan')] * 3] * len(a.kz)", "not finite"),
        ("def torgue(a, iface): pass", "has no function 'torque' (did you mean 'torgue'?)"),
        ("1 +", "cannot be imported"),
        ("import sys; sys.exit(0)", "cannot be imported (SystemExit: 0)"),
        ("def torque(a, iface): raise SystemExit(0)", "torque: SystemExit: 0"),
    ],
)
def test_mistakes_are_explained(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, body: str, words: str
) -> None:
    name = f"mistake{abs(hash(body))}"
    (tmp_path / f"{name}.py").write_text(body + "\n")
    monkeypatch.chdir(tmp_path)
    with pytest.raises(TheoryError, match="(?s).*" + re.escape(words)):
        check_theory(BULK, load_theory(f"{name}:torque"), tolerance=1e-6)


def test_command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As a user runs it: a module in the working folder."""
    (tmp_path / "half.py").write_text(
        "from test_own_theory import right\n\n\ndef mine(a, iface):\n    return right(a, iface) / 2\n"
    )
    monkeypatch.chdir(tmp_path)
    found = CliRunner().invoke(cli, ["check", "bulk-magnetism", "--theory", "half:mine", "--json", "-"])
    assert found.exit_code == 1
    rows = json.loads(found.stdout)["verdicts"]
    assert {row["claim"] for row in rows} == {"theory"}
    assert any("2.000" in row["explanation"] for row in rows)


def test_the_manuals_example(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It says what it leaves out, and is told so: wrong where k_z is imaginary, for the sources in F."""
    page = Path(__file__).parent.parent / "docs" / "how-to" / "theory.md"
    section = page.read_text(encoding="utf-8")
    code = section[section.index("```python\n") + len("```python\n") :].partition("```")[0]
    assert len([line for line in code.splitlines() if line.strip()]) <= 15
    (tmp_path / "manualtheory.py").write_text(code)
    monkeypatch.chdir(tmp_path)
    result = check_theory(BULK, load_theory("manualtheory:torque"), tolerance=1e-9)
    by_source = {f.source: f for f in result if "resolved" in f.quantity and f.engine == "kwant"}
    assert by_source["normal"].verdict == "agrees"
    assert by_source["majority"].verdict == "disagrees"
    assert "k_z is imaginary" in by_source["majority"].explanation
