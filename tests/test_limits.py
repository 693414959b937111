"""Trust limits: against brute force and made-up functions with known crossings, every reason for None."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from conftest import GENERIC

from sotcheck.beyond import limits as limits_module
from sotcheck.beyond.limits import (
    COMPONENTS,
    CURRENTS,
    TrustLimit,
    exact_per_h,
    first_order,
    torque_curve,
    trust_limits,
)
from sotcheck.engines import KwantChain
from sotcheck.errors import EngineError
from sotcheck.numerics.crossing import ACCURACY, LARGEST, SMALLEST, Target, search
from sotcheck.numerics.estimate import Estimate
from sotcheck.system.files import load_bare
from sotcheck.system.interface import Interface
from sotcheck.trial.torque import torque


def deviation_of(iface: Interface, h_R: list[float], row: TrustLimit) -> np.ndarray:
    """Return |exact/first order − 1| by a route of its own: the table of `sotcheck torque`."""
    tables = [torque(iface, name, h_R=h_R, tolerance=1e-9) for name in ("continuum", "first-order")]
    both = [
        [getattr(r, row.component) for r in (*table, *table.totals()) if r.source == row.source]
        for table in tables
    ]
    return np.abs(np.array(both[0]) / np.array(both[1]) - 1)


@pytest.mark.parametrize("name", ["bulk-magnetism", "ferromagnetic-insulator", "topological-insulator"])
def test_first_order_is_off_by_exactly_the_limit_there(name: str) -> None:
    """At the limit the deviation is the limit, within the bracket given; below it is smaller."""
    iface = load_bare(name)
    found = [row for row in trust_limits(iface, largest=0.6) if row.kind == "found"]
    assert len(found) >= 4
    for row in found:
        assert row.h_R is not None and row.error is not None
        assert row.error <= 2 * ACCURACY * row.h_R
        ends = [row.h_R - 2 * row.error - 1e-9, row.h_R + 2 * row.error + 1e-9]
        low, high = deviation_of(iface, ends, row)
        assert low < row.limit < high, row


def test_no_earlier_crossing_hides() -> None:
    """A deviation that turns round: 1.4 % at h_R = 0.5, zero at 0.55, −15 % at 1.

    The first crossing counts, not any.
    """
    iface = load_bare("interface-magnetism")
    (row,) = trust_limits(
        iface, limits=[0.01], sources=["minority"], parts=["dampinglike"], largest=0.6, accuracy=1e-3
    )
    assert row.h_R is not None
    h_R = np.linspace(0.02, row.h_R * 0.999, 12)
    assert deviation_of(iface, h_R.tolist(), row).max() < 0.01
    assert deviation_of(iface, [row.h_R * 1.005], row)[0] > 0.01


def made_up(f: Callable[[np.ndarray], np.ndarray]) -> Callable[[np.ndarray], Estimate]:
    def deviation(h_R: np.ndarray) -> Estimate:
        return Estimate(f(h_R)[:, None, None], {"quadrature": (1e-12, "made up")})

    return deviation


@pytest.mark.parametrize(
    ("f", "limit", "expected"),
    [
        (lambda h: h**2, 0.01, 0.1),
        (lambda h: -(h**2) + h**4, 0.1, np.sqrt((1 - np.sqrt(0.6)) / 2)),
        # An excursion over the limit and back: the first crossing, though the last is at 0.9.
        (lambda h: 0.12 * np.sin(np.pi * h) ** 2, 0.1, np.arcsin(np.sqrt(1 / 1.2)) / np.pi),
        # Linear, as next to a transparent channel; a kink, as where a state enters the Fermi circle.
        (lambda h: 0.3 * h, 0.1, 1 / 3),
        (lambda h: 0.05 * h + np.maximum(h - 0.7, 0.0), 0.1, 0.7 + 0.065 / 1.05),
        # A radius of convergence of 0.003.
        (lambda h: 1 / (1 + (h / 0.003) ** 2) - 1, 0.1, 0.003 / 3),
    ],
)
def test_known_crossings(f, limit: float, expected: float) -> None:  # type: ignore[no-untyped-def]
    """The bracket holds the true crossing and is as narrow as promised."""
    target = Target((0, 0), limit)
    search(made_up(f), [target], LARGEST, ACCURACY)
    assert target.lower is not None and target.upper is not None
    assert target.lower <= expected * (1 + 1e-9) and expected * (1 - 1e-9) <= target.upper
    assert target.upper - target.lower <= 2.1 * ACCURACY * expected


def test_no_crossing() -> None:
    """What touches 0.0999 never crosses 0.1, and is not said to."""
    target = Target((0, 0), 0.1)
    search(made_up(lambda h: 0.0999 * np.sin(np.pi * h) ** 2), [target], LARGEST, ACCURACY)
    assert target.upper is None


def test_limit_below_everything_tried() -> None:
    """A leading-order failure: off at the smallest h_R already."""
    target = Target((0, 0), 0.1)
    search(made_up(lambda h: 0.2 + h), [target], LARGEST, ACCURACY)
    assert target.upper == SMALLEST


def test_embedded_state_gives_limit_zero() -> None:
    """First order fails at leading order, and the reason is said; what it leaves alone keeps its limit."""
    iface = Interface(
        name="embedded", E_F=1.2, U_N=1.5, U_F=0.0, J=0.9, u_0=-1.6, u_m=0.2, m=(2.0, -1.0, 2.0)
    )
    rows = trust_limits(iface, limits=[0.1], sources=["majority"], largest=0.3, accuracy=5e-3)
    assert any(row.kind == "embedded" for row in rows)
    for row in rows:
        if row.kind == "embedded":
            assert row.h_R == 0.0 and "interface state" in row.reason
            exact = exact_per_h(iface, np.array([1e-3]), rtol=1e-5).value
            at = (0, COMPONENTS.index(row.component), CURRENTS.index("majority"))
            assert abs(exact[at] / first_order(iface).value[at[1:]] - 1) > 0.1


def test_every_reason_for_none() -> None:
    """Closed, vanishing, undefined, beyond: named, not left out."""
    insulator = load_bare("ferromagnetic-insulator")
    kinds = {(r.source, r.component): r.kind for r in trust_limits(insulator, limits=[0.1], largest=0.3)}
    assert len(kinds) == len(CURRENTS) * len(COMPONENTS)
    assert kinds["normal", "fieldlike"] == "beyond"
    assert kinds["normal", "dampinglike"] == "vanishes"
    assert kinds["majority", "fieldlike"] == "closed"
    along_y = trust_limits(insulator.with_(m=(0.0, 1.0, 0.0)), limits=[0.1])
    assert {row.kind for row in along_y} == {"undefined"}
    assert all(row.reason for row in along_y)


def test_limits_do_not_depend_on_h_R_or_engine() -> None:
    """The interface's own h_R is not used, and Kwant finds the same limit."""
    iface = load_bare("ferromagnetic-insulator")
    ask = {"limits": [0.01], "sources": ["normal"], "parts": ["fieldlike"], "accuracy": 5e-3}
    (one,), (two,) = (trust_limits(iface.with_(h_R=h), **ask) for h in (0.01, 0.9))  # type: ignore[arg-type]
    (three,) = trust_limits(iface, engine=KwantChain(), **ask)  # type: ignore[arg-type]
    assert one == two
    assert one.h_R is not None and three.h_R is not None
    assert three.h_R == pytest.approx(one.h_R, rel=1e-6)


def test_total_is_weighted_with_relaxation_times() -> None:
    """With one source alone in the total, its limit is the total's."""
    iface = load_bare("bulk-magnetism").with_(tau_N=0.0, tau_up=0.0, tau_down=2.0)
    rows = trust_limits(iface, limits=[0.01], sources=["minority", "total"], parts=["fieldlike"])
    assert rows[0].h_R == pytest.approx(rows[1].h_R, rel=1e-3)


def test_a_seeded_fault_shows(monkeypatch: pytest.MonkeyPatch) -> None:
    """First order off by 5 % is off by more than 1 % at any h_R, without a state to blame."""
    iface = GENERIC["generic"]
    wrong = 1.05 * first_order(iface)
    monkeypatch.setattr(limits_module, "first_order", lambda _: wrong)
    rows = trust_limits(iface, limits=[0.01], sources=["normal"], largest=0.2)
    assert {row.kind for row in rows} == {"immediate"}


@pytest.mark.parametrize(
    ("ask", "words"),
    [
        ({"sources": ["normla"]}, "did you mean 'normal'"),
        ({"parts": ["torque"]}, "unknown component"),
        ({"accuracy": 0.5}, "accuracy = 0.5"),
    ],
)
def test_bad_requests(ask, words: str) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(EngineError, match=words):
        trust_limits(load_bare("bulk-magnetism"), **ask)


def test_the_curve_is_the_torque_at_each_h_R() -> None:
    """Whatever is summed together: any order, zero and negative h_R, the table's numbers."""
    iface = GENERIC["generic"]
    h_R = np.array([0.2, -0.05, 0.0, 0.11, 0.05, 0.3])
    curve = torque_curve(iface, h_R, rtol=1e-8).value
    for row in torque(iface, "continuum", h_R=h_R.tolist(), tolerance=1e-9):
        found = curve[np.flatnonzero(h_R == row.h_R)[0], :, CURRENTS.index(row.source)]
        assert np.abs(found - [row.fieldlike, row.dampinglike]).max() <= 1e-9 * np.abs(curve).max()
    assert np.abs(curve[2]).max() < 1e-14
    assert np.allclose(curve[1], -curve[4], rtol=0, atol=1e-12)


def test_components_are_undefined_for_m_along_y() -> None:
    with pytest.raises(EngineError, match="parallel to y"):
        torque_curve(load_bare("bulk-magnetism").with_(m=(0.0, 1.0, 0.0)), np.array([0.1]))


def test_a_peak_near_the_limit_is_not_jumped_over() -> None:
    """A kink that rises to 0.102 at the first bound states at E_F, hidden by a coarse quadrature's error."""
    iface = load_bare("bulk-magnetism")
    iface = iface.with_(E_F=3.0 * iface.J, U_N=-0.1187)
    (row,) = trust_limits(iface, limits=[0.1], sources=["total"], parts=["fieldlike"], accuracy=1e-2)
    assert row.h_R == pytest.approx(0.5242, rel=0.01)
    ends = deviation_of(iface, [0.521, 0.528], row)
    assert ends[0] < 0.1 < ends[1]
