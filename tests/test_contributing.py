"""CONTRIBUTING.md: what it says of adding things is followed; its walk goes through files that exist.

An engine from outside: what it has to write, and that everything finds it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from importlib.metadata import EntryPoint
from pathlib import Path

import numpy as np
import pytest

import sotcheck as sc
from sotcheck.engines import EXACT, Engine, KwantChain, Matching, engine_names, register
from sotcheck.errors import EngineError
from sotcheck.exact.observables import exact_flows
from sotcheck.numerics.arrays import Array, Complex
from sotcheck.system.spin import IDENTITY, in_spin_bands
from sotcheck.system.states import States
from sotcheck.system.structure import Region, Scale, Structure
from sotcheck.trial.audit import audit

ROOT = Path(__file__).resolve().parent.parent
TEXT = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
ADDED = dict(re.findall(r"### an? (\w+)\n.*?```python\n(.*?)```", TEXT, flags=re.DOTALL))
WALK = re.findall(r"^(\d+)\. (.*?)(?=^\d+\. |^$)", TEXT, flags=re.DOTALL | re.MULTILINE)
#: The manual's order, and the rooms of the walk in it.
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


class TransferMatrix(Engine):
    """(ψ, ∂_zψ) carried from left to right by 4×4 matrices: exact, though not for thick layers."""

    name = "transfer-matrix"
    accuracy = 1e-10

    def solve(self, structure: Structure, k_perp: Array, angle: Array, scale: Scale) -> States:
        k, phi, s = np.broadcast_arrays(*np.atleast_1d(k_perp, angle, scale))
        zero, one = np.zeros((*k.shape, 2, 2)), IDENTITY + np.zeros((*k.shape, 2, 2))

        def outside(region: Region) -> tuple[Complex, Array]:
            q2, axis = region.bands(structure.energy, k)
            return np.sqrt(q2 + 0j), axis

        (left, d), (right, m) = outside(structure.left), outside(structure.right)
        ik, iK = 1j * in_spin_bands(left, d), 1j * in_spin_bands(right, m)
        jump, carry = [], [np.block([[one, zero], [zero, one]])]
        for delta in structure.interfaces:
            jump.append(np.block([[one, zero], [delta.kappa(k, phi, s), one]]))
        for layer in structure.layers:
            q2, axis = layer.bands(structure.energy, k, phi, s)
            q, z = np.sqrt(q2 + 0j), layer.thickness
            parts = (np.cos(q * z), z * np.sinc(q * z / np.pi), -q * np.sin(q * z))
            cos, sin, down = (in_spin_bands(part, axis) for part in parts)
            carry.append(np.block([[cos, sin], [down, cos]]))
        # ψ and slope on the left of each interface per (ψ, slope) on the left of the first.
        before = [carry[0]]
        for n, onward in enumerate(carry[1:]):
            before.append(onward @ jump[n] @ before[n])
        last = jump[-1] @ before[-1]
        # slope = −ik ψ + in_left at z = −0, and iK ψ − in_right beyond the last interface.
        row = np.concatenate([-iK, one], axis=-1) @ last
        matrix = row[..., :2] - row[..., 2:] @ ik
        in_left, in_right = (2j * in_spin_bands(np.sqrt(q.real) + 0j, v) for q, v in ((left, d), (right, m)))
        psi_0 = np.linalg.solve(matrix, np.stack([-row[..., 2:] @ in_left, -in_right]))
        start = np.concatenate([psi_0, -ik @ psi_0 + np.stack([in_left, 0 * in_left])], axis=-2)
        minus = np.stack([each @ start for each in before], axis=1)
        plus = np.stack([jump[n] @ minus[:, n] for n in range(len(jump))], axis=1)
        slope = np.stack([minus[..., 2:, :], plus[..., 2:, :]])
        return States(structure, k, phi, s, left, right, minus[..., :2, :], slope)


@pytest.fixture
def third() -> Iterator[TransferMatrix]:
    engine = TransferMatrix()
    register(engine)
    yield engine
    del EXACT[engine.name]


IFACE = sc.load("bulk-magnetism").with_(u_0=0.2, u_m=0.1, h_R=0.3)


def test_its_states_are_exact() -> None:
    layer = Region(0.3, 0.5, (0.6, 0.0, 0.8), 1.2, ((0.0, 0.2), (-0.2, 0.1), (0.0, 0.0)))
    bare = IFACE.structure
    structure = Structure(1.7, (bare.left, layer, bare.right), bare.interfaces * 2)
    grid = np.array([0.4, 1.1])[:, None, None], np.array([0.3, 2.0])[:, None], np.array([-0.4, 0.7])
    for one in (bare, structure):
        found, expected = (e.solve(one, *grid) for e in (TransferMatrix(), Matching()))
        assert np.abs(found.psi - expected.psi).max() <= 1e-13
        assert np.abs(found.slope - expected.slope).max() <= 1e-13


def test_torque_shows_its_rows(third: TransferMatrix) -> None:
    """Without any word of it in the package, in Python and on the command line alike."""
    names = engine_names()
    assert (names[0], names[-1]) == ("first-order", third.name)
    rows = {(row.engine, row.source): row for row in sc.torque(IFACE, tolerance=1e-8)}
    assert {engine for engine, _ in rows} == set(names)
    for source in ("normal", "majority", "minority"):
        mine, exact = rows[third.name, source], rows["continuum", source]
        assert np.abs(mine.vector - exact.vector).max() <= mine.t.total + exact.t.total
        assert mine.scheme is None
    found = exact_flows(third, IFACE, np.array([0.3]), rtol=third.accuracy)
    assert found.total.error.max() <= 3e-10 * np.abs(found.total.value).max()
    # Options of a lattice are not its business.
    assert third.with_options("finite-difference", 0.1) is third
    with pytest.raises(EngineError, match="without the engine kwant, which alone has a lattice"):
        sc.torque(IFACE, third.name, spacing=0.2)


def test_check_tries_the_theory_with_it(third: TransferMatrix) -> None:
    """Every claim that `continuum` has a row of, and that both are the same; each row agrees.

    Copies of the system are solved by the first engine alone.
    """
    result = sc.check(IFACE, engine=("continuum", third.name))
    ours, mine = ({row.claim for row in result if row.engine == name} for name in ("continuum", third.name))
    assert mine == (ours - {"rotation", "sum-rule"}) | {"kwant-continuum"}
    assert {"ledger", "eq10a", "eq14", "eq15", "eq16c", "eq16d", "amplitudes", "linearity"} <= mine
    assert {(row.source, row.engine) for row in result} >= {
        (source, name) for source in ("normal", "majority", "minority") for name in ("continuum", third.name)
    }
    assert {row.verdict for row in result} == {"agrees"}


def test_what_is_no_engine_is_refused() -> None:
    for one, words in (
        (type("Nameless", (TransferMatrix,), {"name": "first order"})(), "an engine's name 'first order' is"),
        (type("Careless", (TransferMatrix,), {"accuracy": 0.0})(), "transfer-matrix: accuracy is not"),
        (KwantChain(), "there is an engine 'kwant' already"),
        (object(), "is no engine"),
    ):
        with pytest.raises(EngineError, match=words):
            register(one)  # type: ignore[arg-type]


def test_entry_points_are_loaded_at_first_use(monkeypatch: pytest.MonkeyPatch) -> None:
    """A class or an instance; one that fails is named."""

    def points(value: str) -> list[EntryPoint]:
        return [EntryPoint("mine", value, "sotcheck.engines")]

    registry = type(EXACT)
    monkeypatch.setattr("sotcheck.engines.entry_points", lambda group: points(f"{__name__}:TransferMatrix"))
    assert list(registry()) == ["continuum", "kwant", "transfer-matrix"]
    monkeypatch.setattr("sotcheck.engines.entry_points", lambda group: points("nowhere.at:all"))
    with pytest.raises(EngineError, match=r"the engine mine = nowhere\.at:all cannot be loaded: No module"):
        registry()["continuum"]
