"""Compiled kernels against NumPy's path, which is the reference; skipped where numba is not installed."""

from __future__ import annotations

from dataclasses import replace
from importlib.util import find_spec

import numpy as np
import pytest
from conftest import SYSTEMS, random_interface, relative
from layer_cases import CONTINUUM, GRID, k_of, random_stack

from sotcheck.engines import blocks
from sotcheck.numerics.arrays import Array
from sotcheck.system.files import load
from sotcheck.system.structure import Structure

pytestmark = pytest.mark.skipif(
    find_spec("numba") is None, reason="compiled kernels need numba: the extra `fast` is not installed"
)
#: From how many problems on kernels are compiled: NumPy's path alone, and no other.
NEVER, ALWAYS = 10**12, 0


def both(structure: Structure, monkeypatch: pytest.MonkeyPatch, *grid: Array) -> tuple[Array, Array]:
    """Return all flows compiled and by NumPy."""
    found = []
    for many in (ALWAYS, NEVER):
        monkeypatch.setattr(blocks, "MANY_FOR_NUMBA", many)
        found.append(CONTINUUM.all_flows(structure, *grid))
    return found[0], found[1]


@pytest.mark.parametrize("name", SYSTEMS)
def test_bare_interfaces(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """To 1e-14, with evanescent and grazing waves, at any scale."""
    structure = load(name).structure
    grid = k_of(structure)[:, None, None], *GRID
    assert relative(*both(structure, monkeypatch, *grid)) <= 1e-14


def test_random_bare_interfaces(rng: np.random.Generator, monkeypatch: pytest.MonkeyPatch) -> None:
    """To 1e-14 again, or as far as NumPy's path knows itself; a barrier that is off by 1e-12 is seen."""
    seen = 0
    for _ in range(60):
        structure = random_interface(rng).structure
        grid = k_of(structure)[:, None, None], *GRID
        found, expected = both(structure, monkeypatch, *grid)
        apart, known = np.abs(found - expected).max(axis=(-1, -2)), CONTINUUM.errors(structure, *grid).flows
        assert np.all(apart <= np.maximum(known, 1e-14 * np.abs(expected).max()))
        (delta,) = structure.interfaces
        off = replace(structure, interfaces=(replace(delta, barrier=delta.barrier + 1e-12),))
        seen += relative(both(off, monkeypatch, *grid)[0], expected) > 1e-14
    assert seen >= 50


@pytest.mark.parametrize("seed", range(30))
def test_stacks(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Another algorithm than NumPy's, opaque layers and all; what goes in comes out again in each part."""
    structure = random_stack(seed, most=5).structure
    grid = k_of(structure)[:, None, None], *GRID
    found, expected = both(structure, monkeypatch, *grid)
    assert relative(found, expected) <= 1e-13
    number = len(structure.interfaces)
    minus, plus, added, taken = (found[..., n : 4 * number : 4, :] for n in range(4))
    assert np.abs(minus + added - taken - plus).max() <= 1e-12
    assert np.abs(added).max() > 1e-3 or np.abs(taken).max() > 1e-3


def test_axes_that_broadcast(monkeypatch: pytest.MonkeyPatch, rng: np.random.Generator) -> None:
    """None to four axes, more problems than a block, two threads: the same numbers."""
    structure = random_stack(3, most=3).structure
    k_max = np.sqrt(structure.thresholds()[-1])
    shapes: list[list[tuple[int, ...]]] = [
        [(3,), (3,), (3,)], [(5, 1), (7,), ()],
        [(2, 1, 1), (1, 3, 1), (2,)], [(2, 1, 1, 1), (3, 1, 1), (5, 2)],
    ]  # fmt: skip
    for axes in shapes:
        k_perp, angle, scale = (np.asarray(rng.random(shape)) for shape in axes)
        assert relative(*both(structure, monkeypatch, k_max * k_perp, 6 * angle, scale)) <= 1e-13
    many = k_max * rng.random(5000), 6 * rng.random(5000), rng.random(5000)
    found, expected = both(structure, monkeypatch, *many)
    # Next to a resonance as far as any path knows them.
    apart, known = np.abs(found - expected).max(axis=(-1, -2)), CONTINUUM.errors(structure, *many).flows
    assert np.all(apart <= np.maximum(known, 1e-13))
    assert relative(found, expected) <= 1e-12
    monkeypatch.setenv("NUMBA_NUM_THREADS", "2")
    np.testing.assert_array_equal(both(structure, monkeypatch, *many)[0], found)


def test_who_is_compiled(monkeypatch: pytest.MonkeyPatch) -> None:
    """Only how many problems there are decides; without numba nothing changes but time."""
    few, many = np.zeros(blocks.MANY_FOR_NUMBA - 1), np.zeros((blocks.MANY_FOR_NUMBA // 16, 16))
    assert blocks.compiled(few, few, np.array(1.0)) is None
    assert blocks.compiled(many, many[:, :1], np.array(1.0)) is not None
    monkeypatch.setattr(blocks, "_kernels", lambda: None)
    assert blocks.compiled(many, many, many) is None
