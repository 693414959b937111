"""Inputs that took minutes, or for ever, or ended in a traceback: now seconds, a refusal, or words."""

from __future__ import annotations

import json
import threading
from pathlib import Path

import numpy as np
import pytest
from threadpoolctl import threadpool_info, threadpool_limits

import sotcheck as sc
from sotcheck.beyond import document
from sotcheck.beyond.harmonics import DEGREES, LADDER, exponents
from sotcheck.beyond.limits import trust_limits
from sotcheck.beyond.orders import contour_orders, orders_data
from sotcheck.beyond.trust_map import Axis, trust_map
from sotcheck.bound.table import bound_states
from sotcheck.engines import EXACT, Matching
from sotcheck.errors import EngineError, OutputError, SystemFileError
from sotcheck.exact.observables import exact_flows
from sotcheck.numerics.arrays import Array
from sotcheck.numerics.path import Path as Way
from sotcheck.numerics.quadrature import sample, sum_over_k
from sotcheck.run.output import write_texts
from sotcheck.run.threads import one_blas_thread
from sotcheck.system.interface import Interface
from sotcheck.system.structure import Structure
from sotcheck.theory.all_orders import torque_orders
from sotcheck.theory.validity import radius_of_convergence, why_not_expandable
from sotcheck.trial.expansion import expansion_of

DEFAULT = Interface(name="default")
MATCHED = Interface(name="matched", J=1.0, U_F=1.0, m=(2.0, -1.0, 2.0))


class Counting(Matching):
    """The continuum, which counts its problems."""

    problems = 0

    def flows(self, structure: Structure, k_perp: Array, angle: Array, scale: Array) -> Array:
        found = super().flows(structure, k_perp, angle, scale)
        Counting.problems += int(np.prod(found.shape[:-3]))
        return found


# --- thresholds that nearly coincide ---------------------------------------------------------------


@pytest.mark.parametrize("detuning", [0.0, 1e-12, 3e-13, 1e-9, 1e-6, 1e-3])
@pytest.mark.parametrize("side", [1, -1])
def test_nearly_matched_channels_take_no_more_than_matched_ones(
    detuning: float, side: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The sum is resolved to what is asked for, at a cost that does not grow with 1/detuning."""
    monkeypatch.setattr(Counting, "problems", 0)
    found = exact_flows(Counting(), MATCHED.with_(U_F=1.0 + side * detuning), np.array([0.05]), rtol=1e-9)
    # Where k_perp^2 is rounded to a millionth of a thin segment, 1e-9 is not to be had: the error says so.
    assert found.total.total < 3e-8 * np.abs(found.total.value).max()
    assert Counting.problems < 150_000


def test_the_sum_is_continuous_in_the_detuning() -> None:
    """What nearly coincident thresholds give tends to what coincident ones give."""
    none, *some = (
        exact_flows(Matching(), MATCHED.with_(U_F=1.0 + d), np.array([0.05]), rtol=1e-10).total.value
        for d in (0.0, 1e-6, 2e-6)
    )
    one, two = (np.abs(found - none).max() for found in some)
    assert 0 < one < two < 1e-3 * np.abs(none).max()


@pytest.mark.parametrize("gap", [1e-12, 1e-9, 1e-5, 1e-3])
@pytest.mark.parametrize("below", [True, False])
def test_square_roots_just_beyond_an_end(gap: float, below: bool) -> None:
    """∫₀¹ √(x + g) and ∫₀¹ √(1 + g − x), to rounding, in two halves of one path."""
    edge = -gap if below else 1 + gap

    def f(x: Array, angles: Array) -> Array:
        return np.sqrt(np.abs(x - edge))[:, None, None] + 0 * angles[None, :, None]

    # Shifted by one, as thresholds are positive.
    found = sum_over_k(lambda x, a: f(x - 1, a), [1.0, 2.0], 1e-13, 1e-16, crowds=[1 + edge])
    expected = ((1 + gap) ** 1.5 - gap**1.5) * 2 / 3 / (4 * np.pi)
    assert found.total.value[0] == pytest.approx(expected, rel=1e-12)
    assert found.nodes <= 2 * 127


@pytest.mark.parametrize("half", [0, 1])
def test_a_path_and_its_inverse(half: int) -> None:
    way = Way.of((1.0, 2.0), [1 - 1e-8, 2 + 1e-10, 0.0, 5.0])
    assert way.deltas == pytest.approx((1e-4, 1e-5), rel=1e-6)
    s = half / 2 + np.linspace(0.01, 0.49, 9)
    theta, rate = way.theta(half, s)
    assert way.s(half, theta.astype(complex)).real == pytest.approx(s, abs=1e-11)
    step = 1e-6
    difference = (way.theta(half, s + step)[0] - way.theta(half, s - step)[0]) / (2 * step)
    assert rate == pytest.approx(difference, rel=1e-6)


def test_a_sum_that_has_spent_all_says_what_is_unresolved() -> None:
    """A peak that no rule resolves in time: few values, and an error that covers what is missing."""

    def peak(x: Array, angles: Array) -> Array:
        return (1e-3 / ((x - 0.7123) ** 2 + 1e-6))[:, None, None] + 0 * angles[None, :, None]

    exact = (np.arctan(0.2877e3) + np.arctan(0.7123e3)) / (4 * np.pi)
    thorough = sum_over_k(peak, [0.0, 1.0], 1e-10, 1e-14)
    hasty = sum_over_k(peak, [0.0, 1.0], 1e-10, 1e-14, most=3000)
    assert thorough.total.value[0] == pytest.approx(exact, rel=1e-9)
    assert hasty.nodes < thorough.nodes
    assert abs(hasty.total.value[0] - exact) <= hasty.total.total
    assert hasty.total.total > 1e3 * thorough.total.total
    assert hasty.nodes < 8000


# --- without a radius of convergence worth the name ------------------------------------------------


@pytest.mark.parametrize("u_0", [-1.0, -0.9999])
def test_a_state_at_a_threshold_leaves_no_expansion(u_0: float) -> None:
    iface = DEFAULT.with_(u_0=u_0)
    assert "radius of convergence" in why_not_expandable(iface)
    data = orders_data(iface)
    assert not data["expandable"]
    assert "all but" in data["why"]
    with pytest.raises(sc.SotcheckError, match="do not exist"):
        torque_orders(iface, 3)
    at, near = (expansion_of(DEFAULT.with_(u_0=u), sample(iface.thresholds(), 8) ** 2) for u in (-1.0, -0.99))
    assert (at.kind, at.exists, near.kind, near.exists) == ("threshold", False, "analytic", True)
    assert "threshold" in at.words


def test_orders_close_to_a_threshold_state_are_found() -> None:
    """With a radius of 0.02 the tenth coefficient still comes within its error, in reasonable time."""
    series = torque_orders(DEFAULT.with_(u_0=-0.999), 19)
    size = np.abs(series.value).max(axis=(1, 2))
    assert np.all(series.error.max(axis=(1, 2)) < 1e-6 * size)


@pytest.mark.parametrize("u_0", [0.0, 0.5])
def test_without_magnetism_there_is_no_number_to_be_relative_to(
    u_0: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Pure Rashba interfaces, transparent or not: every part is there, and all of it is JSON."""
    iface = Interface(name="rashba", E_F=1.0, J=0.0, u_0=u_0)
    monkeypatch.setattr(document, "harmonics_data", lambda _: json.loads(json.dumps(None)))
    data = document.beyond_data(iface)
    json.dumps(data, allow_nan=False)


# --- numbers out of range --------------------------------------------------------------------------


@pytest.mark.parametrize("limit", [float("nan"), float("inf"), 0.0, -1.0, 5.0, 1e-7])
def test_trust_limits_out_of_range_are_refused(limit: float) -> None:
    with pytest.raises(EngineError, match="limit = "):
        trust_limits(DEFAULT, limits=[limit])
    with pytest.raises(EngineError, match="limit = "):
        trust_map(DEFAULT, Axis("E_F", 1.0, 2.0), Axis("U_N", 0.0, 0.5), limit=limit)


def test_energies_too_small_are_refused_and_circles_too_small_left_out() -> None:
    with pytest.raises(SystemFileError, match="another unit of energy"):
        DEFAULT.with_(E_F=1e-300, J=0.0)
    tiny = DEFAULT.with_(E_F=1e-300)
    assert tiny.thresholds() == [0.0, 1.0]
    normal = sc.torque(tiny)[0]
    assert np.abs(normal.vector).max() < 1e-12


@pytest.mark.parametrize("scale", [1e-60, 1e-20, 1e20, 1e59])
def test_bound_states_of_any_scale(scale: float) -> None:
    root = scale**0.5
    iface = Interface(name="scaled", E_F=1.5 * scale, J=0.5 * scale, u_0=-0.3 * root)
    reference = Interface(name="one", E_F=1.5, J=0.5, u_0=-0.3)
    found, expected = (bound_states(one, spin_density=False).states.count for one in (iface, reference))
    assert np.array_equal(found, expected)


# --- files and threads -----------------------------------------------------------------------------


def test_files_that_belong_together_are_written_together(tmp_path: Path) -> None:
    def there() -> dict[str, str]:
        return {path.name: path.read_text(encoding="utf-8") for path in tmp_path.iterdir()}

    (tmp_path / "a").write_text("old", encoding="utf-8")
    with pytest.raises(OutputError, match="nowhere"):
        write_texts({tmp_path / "a": "new", tmp_path / "b": "new", tmp_path / "nowhere" / "c": "new"})
    assert there() == {"a": "old"}
    write_texts({tmp_path / "a": "new", tmp_path / "b": "new"})
    assert there() == {"a": "new", "b": "new"}


def blas_threads() -> set[int]:
    return {pool["num_threads"] for pool in threadpool_info() if pool["user_api"] == "blas"}


def test_python_s_torque_keeps_to_one_blas_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: set[int] = set()

    class Spying(Matching):
        def flows(self, structure: Structure, k_perp: Array, angle: Array, scale: Array) -> Array:
            seen.update(blas_threads())
            return super().flows(structure, k_perp, angle, scale)

    monkeypatch.setitem(EXACT, "continuum", Spying())
    with threadpool_limits(limits=2):
        before = blas_threads()
        sc.torque(DEFAULT, "continuum")
        assert blas_threads() == before
    assert seen == {1}


def test_overlapping_calls_of_two_threads_leave_no_limit_behind() -> None:
    inside, may_leave = threading.Event(), threading.Event()

    def other() -> None:
        with one_blas_thread():
            inside.set()
            may_leave.wait(10)

    with threadpool_limits(limits=2):
        before = blas_threads()
        with one_blas_thread():
            thread = threading.Thread(target=other)
            thread.start()
            assert inside.wait(10)
            assert blas_threads() == {1}
        assert blas_threads() == before
        may_leave.set()
        thread.join()
        assert blas_threads() == before


def test_what_lies_beyond_is_json_where_no_order_settles() -> None:
    """An interface about to bind: harmonics whose powers of h_R are not seen are left out, not infinite."""
    found = np.zeros((2, len(DEGREES), len(LADDER)))
    found[0, 1] = 1.0, 0.3, 0.2
    assert exponents(found, np.zeros(3), np.array(LADDER)) == []
    found[0, 1] = np.array(LADDER) ** 3
    (row,) = exponents(found, np.zeros(3), np.array(LADDER))
    assert row["exponent"] == pytest.approx(3.0)
    assert np.isfinite(row["error"])


def test_orders_next_to_a_band_edge_are_right_or_refused() -> None:
    """A Fermi circle next to nothing: contour integrals and series agree, or one line says why not."""
    bent = DEFAULT.with_(m=(1.0, 0.0, 0.5))
    system = bent.with_(E_F=1.5 + 1e-11, U_F=0.5)
    left = contour_orders(system, 5, radius_of_convergence(system)) - torque_orders(system, 5)
    assert np.all(np.abs(left.value) <= left.error)
    with pytest.raises(EngineError, match="too close to a band edge"):
        orders_data(bent.with_(U_N=2.0, U_F=2.5 - 1e-15, J=0.5))
