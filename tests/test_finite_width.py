"""Rashba layers of finite width: what is spread, with which order the delta is reached, and the page."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner
from jsonschema import Draft202012Validator
from layer_cases import pinned

import sotcheck as sc
from sotcheck.beyond import finite_width as layers
from sotcheck.beyond.finite_width import LADDER, WIDTHS, Widths, finite_width, first_width, spread
from sotcheck.beyond.torques import CHAIN, MATCHING
from sotcheck.command.finite_width import as_text
from sotcheck.command.main import cli
from sotcheck.command.schemas import schemas
from sotcheck.numerics.convergence import observed_order
from sotcheck.numerics.estimate import Estimate
from sotcheck.system.structure import RASHBA, Structure

BULK, BARRIER = sc.load("bulk-magnetism"), sc.load("interface-magnetism")
Patch = pytest.MonkeyPatch


def strength(structure: Structure) -> float:
    """∫ dz of all Rashba terms."""
    fields = [np.array(layer.spin_orbit) * layer.thickness for layer in structure.layers]
    fields += [np.array(delta.spin_orbit) for delta in structure.interfaces]
    total = np.sum(fields, axis=0)
    np.testing.assert_allclose(total, total[0, 1] * np.array(RASHBA), atol=1e-15)
    return float(total[0, 1])


@pytest.mark.parametrize("side", layers.SIDES)
def test_what_is_spread(side: str) -> None:
    """The same strength in all, barrier and exchange between the same materials, layers as thick together."""
    iface = BARRIER.with_(U_N=0.2, U_F=-0.1, J=0.3)
    structure = spread(iface, 0.4, side).structure
    assert strength(structure) == pytest.approx(iface.h_R, rel=1e-14)
    (n,) = (n for n, delta in enumerate(structure.interfaces) if delta.barrier)
    around = structure.regions[n : n + 2]
    assert [(one.potential, one.exchange) for one in around] == [(0.2, 0.0), (-0.1, 0.3)]
    assert structure.interfaces[n].exchange == iface.u_m
    assert sum(one.thickness for one in structure.layers) == pytest.approx(0.4)


@pytest.mark.parametrize("side", layers.SIDES)
def test_what_is_spread_in_a_stack(side: str) -> None:
    """The first layer makes room; all other spin-orbit terms stay."""
    stack = pinned()
    before, after = stack.structure, spread(stack, 0.2, side).structure
    inside = after.layers[bool(layers.SIDES[side][0]) :]
    assert sum(one.thickness for one in inside) == pytest.approx(1.2)
    assert {one.mass for one in inside} == {0.8}
    total = sum(one.spin_orbit[0][1] * one.thickness for one in after.layers)
    assert total == pytest.approx(0.2 * 1.2 + stack.h_R)
    assert after.interfaces[-1] == before.interfaces[-1]
    assert layers.largest_width(stack, "F") < 1.2 * layers.wave_number(stack)


def order(system: Any, side: str, source: int) -> float:
    """With which power of w the fieldlike torque of a source tends to the delta's, to first order."""
    x = WIDTHS[LADDER][::-1]
    off = Widths(system, side, None)(x)[:, 0, source]
    found = observed_order(np.abs(off.value), off.error, power=1)
    assert found.total <= 0.01
    return float(found.value)


@pytest.mark.parametrize(
    ("system", "side", "expected"),
    # Half on either side ψ is as large on average as at z = 0, but for what the barrier bends it.
    [(BULK, "N", 1), (BULK, "F", 1), (BULK, "both", 2), (BARRIER, "both", 1)],
)
def test_observed_orders(system: Any, side: str, expected: float) -> None:
    assert order(system, side, 0) == pytest.approx(expected, abs=0.005)


def test_a_layer_of_another_strength_is_seen(monkeypatch: Patch) -> None:
    """A per cent too strong: it does not tend to the delta."""
    original = spread
    monkeypatch.setattr(
        layers,
        "spread",
        lambda system, width, side: original(system.with_(h_R=1.01 * system.h_R), width, side),
    )
    x = WIDTHS[LADDER][::-1]
    off = Widths(BULK, "both", None)(x)[:, 0, 0]
    found = observed_order(np.abs(off.value), off.error, power=1)
    assert not abs(found.value - 2) <= 0.5


def test_engines_agree() -> None:
    """On what a layer does, by any source, exactly; and first order is near."""
    x = np.array([0.05, 0.4])
    exact, chain, first = (Widths(BULK, "F", engine)(x) for engine in (MATCHING, CHAIN, None))
    assert np.abs(exact.value - chain.value).max() <= 1e-9
    assert 0 < np.abs(exact.value - first.value)[:, 0].max() <= 0.02


def test_first_width() -> None:
    """The root of 3x − x² = ±1 %, known to its error; none, or too soon, in words."""
    off = -(3 * WIDTHS - WIDTHS**2)
    found, error, _ = first_width(WIDTHS, off, 0.01)
    assert found is not None
    assert error is not None
    assert abs(found - (3 - np.sqrt(9 - 0.04)) / 2) <= error <= 1e-4
    assert first_width(WIDTHS, 1e-5 * off, 0.01)[2] == "not up to w k_F = 3.2"
    assert first_width(WIDTHS, 10 * off, 0.01)[2] == "off by more at w k_F = 0.00078 already"


def test_page(monkeypatch: Patch, tmp_path: Path) -> None:
    """From torques of a formula: orders, widths and words of a page, figures included."""

    def formula(system: Any, engine: Any) -> Estimate:
        x = sum(one.thickness for one in system.structure.layers) * layers.wave_number(BULK)
        slopes = np.array([[1.0, 0.5, 0.25, 0.1], [-1.0, 0.0, -2.0, 0.2]])
        parts = np.where(slopes == 0, 0.0, 2.0)
        return Estimate(parts * (1 + slopes * x), {"quadrature": (1e-14, "")})

    monkeypatch.setattr(layers, "torque_of", formula)
    to = ["--output", str(tmp_path), "--json", "-", "--workers", "1"]
    run = CliRunner().invoke(cli, ["finite-width", "bulk-magnetism", *to])
    assert run.exit_code == 0, run.output
    data, text = json.loads(run.stdout), (tmp_path / "README.md").read_text()
    assert data == json.loads((tmp_path / "finite-width.json").read_text())
    Draft202012Validator(schemas()["finite-width"]).validate(data)
    assert (tmp_path / "figures" / "bulk-magnetism.svg").exists()
    assert "| N's side | normal | fieldlike | 1.0000 ± " in text
    assert "1 % at w k_F = 0.005 (minority, dampinglike), by 10 % at w k_F = 0.05 (" in text
    # A component that is none has no row.
    assert "| majority | dampinglike |" not in text
    assert "| F's side | total | fieldlike |" in text
    assert "majority  fieldlike    1.0000" in as_text(data)


@pytest.mark.parametrize(
    ("changes", "words"), [({"h_R": 0.0}, "no delta"), ({"m": (0, 1, 0)}, "parallel to y")]
)
def test_what_is_refused(changes: dict[str, Any], words: str) -> None:
    with pytest.raises(sc.SotcheckError, match=words):
        finite_width([BULK.with_(**changes)])
