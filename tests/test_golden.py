"""Against golden numbers, 50 digits by mpmath without the package (tests/golden/README.md)."""

from __future__ import annotations

import json
from collections.abc import Iterator
from fractions import Fraction
from functools import reduce
from operator import getitem
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from conftest import relative

from sotcheck.bound.thresholds import interface_states
from sotcheck.engines import KwantChain, Matching
from sotcheck.exact.observables import components, exact_flows, torque_from_flows
from sotcheck.numerics.arrays import Array
from sotcheck.numerics.convergence import richardson
from sotcheck.system.interface import SOURCES, Interface
from sotcheck.theory.sums import first_order_torque
from sotcheck.trial.paper import load

Row = dict[str, Any]

GOLDEN: dict[str, Any] = json.loads((Path(__file__).parent / "golden" / "golden.json").read_text())
#: Decimal parameters such as E_F − U_N = 1.3 − 0.2 round to ε(E_F); next to an edge q² is a tenth of that.
ROUNDING = 1e-12
NAMES = {"E_F": "E_F", "U_N": "U_N", "U_F": "U_F", "J": "J", "u_0": "u0", "u_m": "um"}
KWANT_FAST = ("interface-magnetism", "topological-insulator")
RAW_FLOWS = ("spin_current_minus", "spin_current_plus", "rashba", "exchange")


def number(text: str) -> float:
    return float(Fraction(text))


def interface(row: Row) -> Interface:
    values: dict[str, Any] = {ours: number(row[theirs]) for ours, theirs in NAMES.items()}
    return Interface(name=row["interface"], **values | {"m": tuple(map(number, row["m"]))})


def label(row: Row) -> str:
    return f"{row['interface']}-{row.get('h_R', '')}"


def resonant(row: Row) -> bool:
    return any(state.inside_continuum for state in interface_states(interface(row)))


def vectors(row: Row) -> Array:
    return np.array([row[source]["t"] for source in SOURCES], dtype=float)


def pairs(row: Row, *keys: str) -> Array:
    """Return fieldlike and dampinglike by source, shape (3, 2)."""
    rows = [reduce(getitem, keys, row[source]) for source in SOURCES]
    return np.array([[found["fieldlike"], found["dampinglike"]] for found in rows], dtype=float)


def exact_torque(engine: Any, row: Row, rtol: float) -> tuple[Array, float]:
    """Return t by source at the row's h_R, and its quadrature error."""
    iface, h = interface(row), number(row["h_R"])
    found = exact_flows(engine, iface, np.array([h]), rtol=rtol)
    # t is the sum of two flows, each with this error.
    return h * torque_from_flows(found.total.value[0], iface.direction), 2 * h * found.total.total


def split_of(found: Array, row: Row) -> Array:
    """Return fieldlike and dampinglike of torques by source, shape (3, 2)."""
    return np.stack([components(t, interface(row).direction) or () for t in found])


@pytest.mark.parametrize("engine", [Matching(), KwantChain()], ids=lambda e: e.name)
@pytest.mark.parametrize("name", list(dict.fromkeys(row["interface"] for row in GOLDEN["resolved"])))
def test_k_resolved_flows(name: str, engine: Any) -> None:
    """All four flows, every source and component, in every channel regime, h_R up to 1."""
    rows = [row for row in GOLDEN["resolved"] if row["interface"] == name]
    assert max(number(row["h_R"]) for row in rows) == 1.0
    for row in rows:
        iface = interface(row)
        kx, ky = map(number, row["k"])
        grid = np.broadcast_arrays(np.array([np.hypot(kx, ky)]), np.arctan2(ky, kx), number(row["h_R"]))
        found = engine.solve(iface.structure, *grid).flows[0]
        expected = np.array([[row[source][flow] for flow in RAW_FLOWS] for source in SOURCES], dtype=float)
        # The golden "exchange" is what u_m adds; the ledger's flow (4) is what it takes.
        expected[:, 3] *= -1
        assert relative(found, expected) <= ROUNDING, row["k"]


@pytest.mark.parametrize("row", GOLDEN["torque"]["first_order"], ids=label)
def test_first_order_torque(row: Row) -> None:
    """Eqs. (16c), (16d) summed over k_⊥."""
    iface = interface(row)
    found = first_order_torque(iface, load().first_order.torque, rtol=1e-13).total.value
    assert relative(np.stack([found.real, found.imag], axis=-1), pairs(row)) <= ROUNDING


def exact_cases() -> Iterator[Any]:
    """Yield rows with engines, tolerances, how far off t may be, and by how much beyond its stated error."""
    for row in GOLDEN["torque"]["exact"]:
        if resonant(row):
            # A minority state bound inside the majority continuum, a resonance of width h_R²: missing it
            # would cost a fifth of the torque and more.
            yield pytest.param(row, Matching(), 1e-7, 1e-6, 1e-15, id=label(row))
            continue
        yield pytest.param(row, Matching(), 1e-11, ROUNDING, 1e-15, id=f"{label(row)}-continuum")
        # A looser quadrature, of the same nodes as any other tolerance would take.
        marks = [] if row["interface"] in KWANT_FAST else [pytest.mark.slow]
        yield pytest.param(row, KwantChain(), 1e-7, 1e-9, ROUNDING, id=f"{label(row)}-kwant", marks=marks)


@pytest.mark.parametrize(("row", "engine", "rtol", "bar", "rounding"), list(exact_cases()))
def test_exact_torque(row: Row, engine: Any, rtol: float, bar: float, rounding: float) -> None:
    """t at finite h_R, its components too, within the stated quadrature error, which is small."""
    found, error = exact_torque(engine, row, rtol)
    scale = np.abs(vectors(row)).max()
    off = np.abs(found - vectors(row)).max()
    assert off <= min(bar * scale, error + rounding * scale)
    assert error <= 10 * rtol * scale
    assert np.abs(split_of(found, row) - pairs(row)).max() <= bar * scale


@pytest.mark.parametrize(
    ("h_R", "rtol"), [(5e-3, 1e-5), (1e-3, 1e-7), pytest.param(1e-5, 1e-5, marks=pytest.mark.slow)]
)
def test_narrow_resonance(h_R: float, rtol: float) -> None:
    """Its width shrinks as h_R², its part of t/h_R does not: found, or a large error confessed."""
    (row,) = [r for r in GOLDEN["linear"] if resonant(r)]
    found, error = exact_torque(Matching(), {**row, "h_R": str(h_R)}, rtol)
    split = split_of(found / h_R, row)
    limit = pairs(row, "limit")
    # t/h_R departs from its limit by (h_R/0.01)² of 2e-4, as the golden t at 0.01 shows.
    assert np.abs(split - limit).max() <= error / h_R + 1e-3 * np.abs(limit).max()


@pytest.mark.parametrize("row", [r for r in GOLDEN["linear"] if not resonant(r)], ids=label)
def test_linear_coefficient(row: Row) -> None:
    """Richardson's limit of t/h_R is the golden limit, which is Eq. (16): 1e-8 is the bar."""
    iface = interface(row)
    rungs = 0.05 * 0.5 ** np.arange(4)
    found = exact_flows(Matching(), iface, rungs, rtol=1e-12)
    fit = richardson(torque_from_flows(found.total.value, iface.direction), (2, 4, 6))
    split = split_of(fit.value, row)
    assert relative(split, pairs(row, "limit")) <= 1e-9
    assert relative(split, pairs(row, "eq16")) <= 1e-9
    assert max(map(relative, split, pairs(row, "eq16"))) <= 1e-8


def test_the_pins_of_the_contract() -> None:
    """The golden numbers are those of the contract, to all digits printed there but the last."""
    for pin in GOLDEN["pins"]:
        expected = number(pin["contract"])
        assert abs(float(pin["value"]) - expected) <= 5e-12 * max(abs(expected), 1e-30), pin["what"]


def test_first_order_misses_a_resonance() -> None:
    """Where a bound state lies inside a continuum, (16) is not the limit: the check must not say it is."""
    (row,) = [r for r in GOLDEN["linear"] if r["embedded_bound_state"] is not None]
    assert resonant(row)
    state = next(s for s in interface_states(interface(row)) if s.inside_continuum)
    known = row["embedded_bound_state"]
    assert state.spin == "minority"
    assert state.k_perp2 == pytest.approx(number(known["k_perp_squared"]), rel=1e-13)
    first, limit = pairs(row, "eq16")[1, 0], pairs(row, "limit")[1, 0]
    assert limit - first == pytest.approx(number(known["majority_fieldlike"]), rel=1e-5)
    assert abs(limit - first) > abs(first)
