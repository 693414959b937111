"""Orders in h_R: the series and its coefficients against exact states; partial sums, Padé."""

from __future__ import annotations

import json

import numpy as np
import pytest
from conftest import GENERIC

from sotcheck.beyond.orders import contour_orders, difference_orders, orders_data
from sotcheck.beyond.torques import exact_torque
from sotcheck.engines import Matching
from sotcheck.errors import EngineError, TheoryError
from sotcheck.exact import continued
from sotcheck.exact.continued import resolved_orders
from sotcheck.numerics.estimate import Estimate
from sotcheck.numerics.quadrature import sample
from sotcheck.numerics.series import pade, partial_sum, reach
from sotcheck.papers.kim2017 import section4
from sotcheck.papers.kim2017.section3 import eq10a, eq10b, eq10c, eq10d
from sotcheck.system.files import load_bare
from sotcheck.system.interface import Interface, rashba
from sotcheck.system.spin import in_spin_bands
from sotcheck.theory import all_orders
from sotcheck.theory.all_orders import amplitude_orders, half_circle, torque_integrand, torque_orders
from sotcheck.theory.amplitudes import Amplitudes, closed_forms
from sotcheck.theory.first_order import torque_vector
from sotcheck.theory.sums import first_order_torque
from sotcheck.theory.symbols import Symbols
from sotcheck.theory.validity import radius_of_convergence

#: Bars of orders 1, 3, 5, relative to the larger component of the same source.
BARS = np.array([1e-8, 1e-6, 1e-4])


def by_source(found: Estimate, reference: Estimate) -> np.ndarray:
    """Largest difference by order, each source relative to its own largest component."""
    scale = np.abs(reference.value).max(axis=-1, keepdims=True)
    return (np.abs((found - reference).value) / np.where(scale > 0, scale, 1)).max(axis=(-1, -2))


def test_amplitudes_sum_to_the_exact_ones(any_iface: Interface) -> None:
    """Each of the four projected series converges to the engine's amplitude well inside the radius."""
    k = sample(any_iface.thresholds(), 3)
    h = 0.1 * radius_of_convergence(any_iface)
    a = closed_forms(any_iface, k**2)
    found = amplitude_orders(a, rashba(k, 0 * k + 0.4), 14).projected(a)
    exact = Matching().solve(any_iface.structure, k, np.array(0.4), np.array(h)).amplitudes()
    powers = h ** np.arange(15.0)
    for series, want in zip((found.r, found.t, found.r_prime, found.t_prime), exact, strict=True):
        np.testing.assert_allclose(np.tensordot(powers, series, axes=1), want, atol=2e-13)


def test_first_order_is_the_change_of_each_amplitude(any_iface: Interface) -> None:
    k = sample(any_iface.thresholds(), 3)
    a, R = closed_forms(any_iface, k**2), rashba(k, 0 * k + 1.9)
    found = amplitude_orders(a, R, 1).projected(a)
    for series, formula in (
        (found.r, eq10c), (found.t, eq10a), (found.r_prime, eq10d), (found.t_prime, eq10b)
    ):  # fmt: skip
        said = formula(Symbols(any_iface, k, np.array([1.9])))[:, 0]
        np.testing.assert_allclose(series[1], said, atol=1e-12)


def test_extended_amplitudes_obey_the_exact_matching(any_iface: Interface) -> None:
    """Where waves decay too: 1 + r̂_ex = √|k||K|⁻½ t̂_ex at every order, and the Green function is one."""
    k = sample(any_iface.thresholds(), 3)
    a = closed_forms(any_iface, k**2)
    found = amplitude_orders(a, rashba(k, 0 * k + 0.4), 5)
    identity = np.eye(2) * (np.arange(6) == 0)[:, None, None, None]
    psi = identity + found.r
    inverse_root = in_spin_bands((1 / np.sqrt(np.abs(a.Kz))).astype(complex), a.m)
    np.testing.assert_allclose(
        inverse_root @ found.t * np.sqrt(np.abs(a.kz))[:, None, None], psi, atol=1e-9, rtol=1e-9
    )
    # ψ from N per 2ik_z and ψ from F per 2iK̂_z are one Green function.
    green = psi / (2j * a.kz)[:, None, None]
    root = in_spin_bands(np.sqrt(np.abs(a.Kz)).astype(complex), a.m)
    other = inverse_root @ (found.r_prime + identity) @ root @ in_spin_bands(1 / (2j * a.Kz), a.m)
    np.testing.assert_allclose(other, green, atol=1e-9, rtol=1e-9)


def test_first_coefficient_is_first_order(any_iface: Interface) -> None:
    total = first_order_torque(any_iface, section4.by_source, rtol=1e-12).total.value
    want = torque_vector(total, any_iface.direction)
    found = torque_orders(any_iface, 3)[0]
    np.testing.assert_allclose(found.value, want, atol=1e-12 * np.abs(want).max())
    assert found.total < 1e-12 * np.abs(want).max()


def test_half_a_circle_averages_exactly(iface: Interface) -> None:
    """Twice the angles change nothing, at the highest order in use; one angle fewer than needed would."""
    x = sample(iface.thresholds(), 3) ** 2
    exact = torque_integrand(iface, x, np.pi * (np.arange(40) + 0.1) / 40, [7]).mean(axis=1)
    few = torque_integrand(iface, x, half_circle(7), [7]).mean(axis=1)
    np.testing.assert_allclose(few, exact, atol=1e-13 * np.abs(exact).max())
    short = torque_integrand(iface, x, half_circle(3), [7]).mean(axis=1)
    assert np.abs(short - exact).max() > 1e-3 * np.abs(exact).max()


@pytest.mark.parametrize("name", ["bulk-magnetism", "interface-magnetism", "ferromagnetic-insulator",
                                  "topological-insulator", *GENERIC])  # fmt: skip
def test_coefficients_agree_with_contour_integrals(name: str) -> None:
    """Orders 1 to 9 of the k_⊥ sum, from the series and from exact states at complex h_R, below the bars."""
    system = GENERIC[name] if name in GENERIC else load_bare(name)
    series = torque_orders(system, 9)
    exact = contour_orders(system, 9, radius_of_convergence(system))
    off = by_source(exact, series)
    assert np.all(off[:3] < np.array([1e-12, 1e-10, 1e-9]))
    assert off[4] < 1e-6
    left = exact - series
    assert np.all(np.linalg.norm(left.value, axis=-1) <= 10 * np.linalg.norm(left.error, axis=-1))


@pytest.mark.parametrize("name", ["ferromagnetic-insulator", "topological-insulator"])
def test_coefficients_agree_with_differences(name: str) -> None:
    """Real h_R only: the interpolating polynomial's coefficients meet the bars, and their own errors."""
    system = load_bare(name)
    series = torque_orders(system, 5)
    found = difference_orders(Matching(), system, 0.4 * radius_of_convergence(system))
    assert np.all(by_source(found, series) < BARS)
    assert np.all(np.abs((found - series).value) <= (found - series).error)


def test_kwant_at_complex_h_r(any_iface: Interface) -> None:
    """Kwant's own states at complex h_R give the same coefficients, k_⊥ by k_⊥."""
    k, angles = sample(any_iface.thresholds(), 1), np.array([0.4])
    formula = torque_integrand(any_iface, k**2, angles, [1, 3, 5])
    left = resolved_orders("kwant", any_iface, k, angles, 5, points=24, radius=0.25) - formula
    scale = np.abs(formula).max(axis=(-1, -2), keepdims=True)
    off = (np.abs(left.value) / scale).max(axis=(0, 1, 3, 4))
    assert np.all(off < np.array([1e-11, 1e-10, 1e-8]))
    assert np.all(np.abs(left.value) <= 100 * left.error)


@pytest.mark.parametrize("fault", ["sign", "order", "projection"])
def test_seeded_faults_are_caught(fault: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A wrong sign of Ĝ, K̂ and R exchanged, a missing projection: the bars notice each of them."""
    system = GENERIC["generic"]
    right = amplitude_orders

    def wrong(a: Amplitudes, R: np.ndarray, n: int) -> all_orders.Series:
        return right(a, -R if fault == "sign" else np.swapaxes(R, -1, -2), n)

    k = sample(system.thresholds(), 2)
    values = resolved_orders("continuum", system, k, np.array([0.4]), 5).value
    if fault == "projection":
        monkeypatch.setattr(all_orders.Series, "projected", lambda series, a: series)
    else:
        monkeypatch.setattr(all_orders, "amplitude_orders", wrong)
    formula = torque_integrand(system, k**2, np.array([0.4]), [1, 3, 5])
    assert np.abs(formula - values).max() > 1e-3 * np.abs(values).max()


def test_a_contour_too_short_says_so() -> None:
    """Too few points: the error estimate grows with what aliases, and bounds it."""
    system = load_bare("bulk-magnetism")
    k = sample(system.thresholds(), 2)
    exact = torque_integrand(system, k**2, np.array([0.4]), [1, 3, 5])
    left = resolved_orders("continuum", system, k, np.array([0.4]), 5, points=12) - exact
    assert np.abs(left.value).max() > 1e-6 * np.abs(exact).max()
    assert np.all(np.abs(left.value).max(axis=(-1, -2)) <= 10 * left.error.max(axis=(-1, -2)))


def test_orders_are_odd_and_exist() -> None:
    with pytest.raises(TheoryError, match="odd orders only: found 4"):
        torque_orders(load_bare("bulk-magnetism"), 4)
    transparent = Interface(name="transparent", E_F=1.0, J=0.0, u_0=0.5, u_m=0.5)
    with pytest.raises(TheoryError, match="do not exist"):
        torque_orders(transparent, 3)
    assert torque_orders(transparent, 1).shape == (1, 3, 3)
    with pytest.raises(EngineError, match="at least 5"):
        difference_orders(Matching(), load_bare("bulk-magnetism"), 0.1, steps=3)


def test_pade_of_known_functions() -> None:
    """A rational function is reproduced; tan beyond its radius and pole; a truncated series is not."""
    j = np.arange(6)
    geometric = 0.5**j
    h = np.array([0.3, 1.0, 2.5, 4.0])
    found = pade(geometric, np.sqrt(2.0), 1)
    np.testing.assert_allclose(found(h), h / (1 - h**2 / 2), rtol=1e-11)
    np.testing.assert_allclose(found.real_poles(3.0), [np.sqrt(2.0)], rtol=1e-11)
    assert np.abs(partial_sum(geometric, h) - found(h))[2] > 1
    tan = np.array([1, 1 / 3, 2 / 15, 17 / 315, 62 / 2835, 1382 / 155925])
    approximant = pade(tan, np.pi / 2, 2)
    np.testing.assert_allclose(approximant(np.array([2.0])), np.tan([2.0]), rtol=1e-3)
    np.testing.assert_allclose(approximant.poles()[0], np.pi / 2, rtol=1e-4)
    assert found.name == "[4/1]"
    with pytest.raises(EngineError, match="expected 1 to 5"):
        pade(tan, 1.0, 6)


def test_pade_refuses_what_it_cannot_determine() -> None:
    with pytest.raises(EngineError, match="smaller denominator"):
        pade(np.array([1.0, 0.0, 0.0, 0.0]), 1.0, 2)


def test_reach() -> None:
    h = np.array([0.1, 0.2, 0.3])
    assert reach(h, np.array([0.0, 0.02, 0.0]), 0.01) == 0.1
    assert reach(h, np.array([0.0, 0.0, np.nan]), 0.01) == 0.2
    assert reach(h, np.zeros(3), 0.01) == 0.3
    assert reach(h, np.ones(3), 0.01) == 0.0


def test_orders_data() -> None:
    """Coefficients within the bars, slopes 3, 5, 7 within their errors, everything ready for JSON."""
    system = load_bare("ferromagnetic-insulator")
    data = orders_data(system)
    assert json.loads(json.dumps(data, allow_nan=False)) == data
    assert data["expandable"]
    for row in data["coefficients"]:
        if row["contour_off"] is not None and row["order"] <= 5:
            assert row["contour_off"] < BARS[row["order"] // 2]
            assert row["differences_off"] < BARS[row["order"] // 2]
    slopes = data["remainders"]["rows"]
    assert [row["through_order"] for row in slopes] == [1, 3, 5]
    for row in slopes:
        assert abs(row["slope"] - row["through_order"] - 2) < 2 * row["slope_error"]
        assert row["slope_error"] < 0.05
    part = data["curves"]["sources"]["normal"]["fieldlike"]
    reaches = part["reach"]
    assert reaches["1"] < reaches["3"] < reaches["5"] < reaches["11"]
    assert max(data["kwant"]["off"]) < 1e-8


def test_without_an_expansion_the_data_say_so() -> None:
    data = orders_data(Interface(name="transparent", E_F=1.0, J=0.0, u_0=0.5, u_m=0.5, m=(2.0, -1.0, 2.0)))
    assert not data["expandable"]
    assert {row["order"] for row in data["coefficients"]} == {1}
    json.dumps(data, allow_nan=False)


def test_the_sum_s_series_leaves_the_torque_at_the_radius_by_k() -> None:
    """Inside 1/ρ the series is the torque; beyond, it goes on converging, to its own continuation instead.

    There a pole of ψ(0) has crossed k_z = 0: |h_R − h_0| is (h_0 − h_R) for the series, on both sides.
    """
    system = load_bare("ferromagnetic-insulator")
    radius = radius_of_convergence(system)
    series = torque_orders(system, 41)
    h = radius * np.array([0.9, 1.4])
    exact = exact_torque(system, h, rtol=1e-5)[:, 0] * h[:, None]
    sums, shorter = (partial_sum(series.value[:last, 0], h) for last in (None, -4))
    size = np.abs(exact.value).max(axis=-1)
    settled = np.abs(sums - shorter).max(axis=-1) / size
    off = np.abs(sums - exact.value).max(axis=-1) / size
    error = exact.error.max(axis=-1) / size
    assert off[0] < 1e-5
    assert off[1] > 30 * (settled[1] + error[1])


@pytest.mark.slow
def test_kwant_s_sums() -> None:
    """Kwant's k_⊥-summed torque at real h_R alone gives orders 1, 3, 5 within the bars."""
    from sotcheck.engines import KwantChain

    system = load_bare("ferromagnetic-insulator")
    found = difference_orders(KwantChain(), system, 0.4 * radius_of_convergence(system), rtol=1e-10)
    assert np.all(by_source(found, torque_orders(system, 5)) < BARS)


def test_points_divide() -> None:
    """The module's own contour leaves an aliasing error below rounding."""
    assert continued.RADIUS**continued.POINTS < 1e-14
