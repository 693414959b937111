"""The k_⊥ sum: exactness of the rules, kinks and resonances, honest error estimates."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from scipy.special import gamma, i1, ive

from sotcheck.engines import Matching
from sotcheck.errors import EngineError
from sotcheck.exact import over_k
from sotcheck.exact.observables import exact_flows
from sotcheck.numerics import circle
from sotcheck.numerics.angles import CLOSE, FIRST_ANGLE, FIRST_ANGLES, MOST_ANGLES
from sotcheck.numerics.arrays import Array, Complex
from sotcheck.numerics.nearpoles import fejer, near_poles, rule
from sotcheck.numerics.nested import LEVELS, nested_error
from sotcheck.numerics.path import substitution
from sotcheck.numerics.quadrature import PolesOf, sample, sum_over_k
from sotcheck.numerics.tails import SAFETY, fejer_tails, period_tail
from sotcheck.system.files import load
from sotcheck.system.interface import Interface

#: (1/4π) ∫ dx is the unit of `sum_over_k`.
UNIT = 4 * np.pi
EPS = float(np.finfo(float).eps)


def radial_only(f: Callable[[Array], Array]) -> Callable[[Array, Array], Array]:
    return lambda x, angles: np.broadcast_to(f(x)[:, None], (len(x), len(angles)))


# ------------------------------------------------------------------------------------------------ the rules


@pytest.mark.parametrize("n", [1, 3, 7, *LEVELS])
def test_fejer_integrates_polynomials(n: int) -> None:
    """n points: exact up to degree n (n is odd: symmetry adds one), and not beyond n + 1."""
    nodes, weights = fejer(n)
    assert np.all(weights > 0)
    assert np.all(np.diff(nodes) > 0)
    assert nodes[0] > 0
    assert nodes[-1] < 1
    for degree in range(n + 1):
        # Centred powers, so that the test does not lose digits itself: ∫(2s − 1)^d ds.
        exact = 1 / (degree + 1) if degree % 2 == 0 else 0.0
        assert abs(weights @ (2 * nodes - 1) ** degree - exact) <= 4 * EPS
    if n <= 7:
        assert abs(weights @ (2 * nodes - 1) ** (n + 1) - 1 / (n + 2)) > 1e-6


def test_rules_are_nested() -> None:
    """Every level reuses all nodes of the level before, so that nothing is computed twice."""
    for coarse, fine in zip((3, 7, *LEVELS), (7, *LEVELS), strict=False):
        assert np.allclose(fejer(fine)[0][1::2], fejer(coarse)[0], rtol=0, atol=2 * EPS)


def test_substitution() -> None:
    """x = x₁ + (x₂ − x₁) sin²θ and its derivative, which vanishes at both thresholds."""
    theta = np.linspace(0, np.pi / 2, 9)
    x, slope = substitution(0.5, 2.0, theta)
    assert x[0] == pytest.approx(0.5, rel=1e-12)
    assert x[-1] == pytest.approx(2.0, rel=1e-12)
    step = 1e-5
    difference = (substitution(0.5, 2.0, theta + step)[0] - substitution(0.5, 2.0, theta - step)[0]) / (
        2 * step
    )
    assert np.allclose(slope, difference, atol=1e-9)
    assert abs(slope[0]) + abs(slope[-1]) <= 4 * EPS


# ------------------------------------------------------------------------------------------- threshold kinks

KINKS = {
    "sqrt(x - x1)": (lambda x: np.sqrt(x - 0.5), 2 / 3 * 1.5**1.5),
    "sqrt(x2 - x)": (lambda x: np.sqrt(2.0 - x), 2 / 3 * 1.5**1.5),
    "both": (lambda x: np.sqrt((x - 0.5) * (2.0 - x)), np.pi / 8 * 1.5**2),
    "1/sqrt(x2 - x)": (lambda x: 1 / np.sqrt(2.0 - x), 2 * 1.5**0.5),
    "1/both": (lambda x: 1 / np.sqrt((x - 0.5) * (2.0 - x)), np.pi),
    "flux": (lambda x: 4 * np.sqrt(2.0 - x) / (1 + np.sqrt(2.0 - x)) ** 2, None),
}


@pytest.mark.parametrize("name", KINKS)
def test_square_root_kinks_cost_nothing(name: str) -> None:
    """Thresholds as edges: 1e-12 with at most 63 nodes; without splitting, nothing of the kind."""
    f, exact = KINKS[name]
    if exact is None:
        # ∫ 4s/(1 + s)² 2s ds, s = √(2 − x) from 0 to √1.5.
        s = np.sqrt(1.5)
        exact = 8 * (s - 2 * np.log1p(s) + 1 - 1 / (1 + s))
    found = sum_over_k(radial_only(f), [0.5, 2.0], 1e-11, 0.0)
    # 1/√(2 − x) itself is computed with the rounding ε/(2 − x) of the last nodes.
    assert abs(found.total.value * UNIT - exact) <= 1e-12 * exact
    # 31 do; the safety factor in the error estimate asks for the rule after.
    assert found.nodes <= LEVELS[-1]
    assert found.angles == FIRST_ANGLES


def test_unsplit_kink_costs_many_nodes_but_is_resolved() -> None:
    """A threshold forgotten in the middle: adaptivity pays for it, and the error is still known."""
    x0 = 0.37

    def f(x: Array) -> Array:
        return np.sqrt(np.abs(x - x0))

    exact = 2 / 3 * (x0**1.5 + (1 - x0) ** 1.5)
    split = sum_over_k(radial_only(f), [0.0, x0, 1.0], 1e-10, 0.0)
    whole = sum_over_k(radial_only(f), [0.0, 1.0], 1e-10, 0.0)
    assert abs(split.total.value * UNIT - exact) <= 1e-13
    assert abs(whole.total.value * UNIT - exact) <= 1e-10
    assert whole.nodes > 4 * split.nodes


def test_segments_are_reported_one_by_one() -> None:
    """Values by segment add up to the total, in order."""
    found = sum_over_k(radial_only(lambda x: 3 * x**2), [0.0, 0.5, 1.0, 2.0], 1e-12, 0.0)
    assert found.segments == [(0.0, 0.5), (0.5, 1.0), (1.0, 2.0)]
    assert np.allclose(found.by_segment.value * UNIT, [0.125, 0.875, 7.0], rtol=1e-14)
    assert found.total.value * UNIT == pytest.approx(8.0, rel=1e-14)
    assert found.total.total == pytest.approx(float(found.by_segment.error.sum()))


def test_components_are_integrated_together() -> None:
    """Trailing axes are components; the tolerance is relative to the largest."""

    def f(x: Array, angles: Array) -> Array:
        values = np.stack([np.exp(x), 1e-14 * np.sin(300 * x)], axis=-1)
        return np.broadcast_to(values[:, None], (len(x), len(angles), 2))

    found = sum_over_k(f, [0.0, 1.0], 1e-9, 0.0)
    assert found.by_segment.shape == (1, 2)
    assert found.total.value[0] * UNIT == pytest.approx(np.expm1(1.0), rel=1e-9)
    assert found.nodes <= 63


# ---------------------------------------------------------------------------------------- error estimates


def lorentzian(x0: float, width: float) -> tuple[Callable[[Array], Array], float]:
    exact = width * (np.arctan((1 - x0) / width) + np.arctan(x0 / width))
    return lambda x: width**2 / ((x - x0) ** 2 + width**2), exact


FAMILY: dict[str, tuple[Any, float]] = {
    **{f"cos {c}x": ((lambda x, c=c: np.cos(c * x)), np.sin(c) / c) for c in (1, 10, 100)},
    **{f"exp {c}x": ((lambda x, c=c: np.exp(c * x)), (np.exp(c) - 1) / c) for c in (3, -30)},
    **{
        f"lorentzian {w:g} at {x0:g}": lorentzian(x0, w)
        for w in (1.0, 0.1, 0.01, 1e-3)
        for x0 in (0.3, 0.77, 1.2)
    },
    "x^-1/2": (lambda x: x**-0.5, 2.0),
}


@pytest.mark.parametrize("name", FAMILY)
@pytest.mark.parametrize("rtol", [1e-3, 1e-6, 1e-9, 1e-12])
def test_estimate_bounds_the_error(name: str, rtol: float) -> None:
    """Analytic integrands, poles close to the axis included: |error| ≤ estimate ≤ what was wanted."""
    f, exact = FAMILY[name]
    found = sum_over_k(radial_only(f), [0.0, 1.0], rtol, 0.0)
    error = abs(found.total.value * UNIT - exact)
    estimate = found.total.total * UNIT
    assert error <= estimate + 16 * EPS * max(abs(exact), 1.0)
    # The largest component of any interval is what the tolerance refers to, so cos 100x asks for more.
    assert estimate <= rtol * max(abs(exact), 1.0)


ALGEBRAIC: dict[str, tuple[Any, float]] = {
    **{
        f"|x - {x0:g}|^{p:g}": (
            (lambda x, p=p, x0=x0: np.abs(x - x0) ** p),
            (x0 ** (p + 1) + (1 - x0) ** (p + 1)) / (p + 1),
        )
        for p in (0.5, 1.5, 2.5)
        for x0 in (0.3, 0.5, 0.9)
    },
    "log x": (np.log, -1.0),
}


@pytest.mark.parametrize("name", ALGEBRAIC)
@pytest.mark.parametrize("rtol", [1e-6, 1e-9])
def test_estimate_of_kinks_inside_a_segment(name: str, rtol: float) -> None:
    """Kinks that no edge marks converge algebraically: two rules may agree by accident, never by much."""
    f, exact = ALGEBRAIC[name]
    found = sum_over_k(radial_only(f), [0.0, 1.0], rtol, 0.0)
    error = abs(found.total.value * UNIT - exact)
    assert error <= 50 * found.total.total * UNIT + 16 * EPS
    assert error <= rtol


def needle(width: float) -> tuple[Callable[[Array], Array], float]:
    """A resonance of area π on a background of 1, at x = 0.3141."""
    f, area = lorentzian(0.3141, width)
    return (lambda x: 1 + f(x) / width), 1 + area / width


def test_unmarked_needle_is_missed() -> None:
    """A resonance between the first nodes is invisible: this is what edges and splits are for."""
    f, exact = needle(1e-10)
    blind = sum_over_k(radial_only(f), [0.0, 1.0], 1e-6, 0.0)
    assert abs(blind.total.value * UNIT - exact) > 1.0


@pytest.mark.parametrize("width", [1e-2, 1e-4, 1e-6, 1e-7])
def test_needle_at_an_edge_is_found_or_confessed(width: float) -> None:
    """At an edge intervals shrink until they resolve it; if they do not, the estimate says so."""
    f, exact = needle(width)
    found = sum_over_k(radial_only(f), [0.0, 0.3141, 1.0], 1e-6, 0.0)
    error = abs(found.total.value * UNIT - exact)
    assert error <= found.total.total * UNIT + 1e-14
    assert error <= 1e-6 * exact


def in_theta(x: complex) -> list[complex]:
    """All θ near [0, π/2] with x = sin²θ; a scattering state's pole is one of them, on one sheet."""
    theta = complex(np.arcsin(np.sqrt(x)))
    return [theta, -theta, np.pi - theta]


def with_poles(
    f: Callable[[Array], Array], *poles: complex, lanes: int = 1
) -> tuple[Callable[[Array, Array], Array], PolesOf]:
    """An integrand of x alone with one axis of lanes, and its poles in θ."""

    def integrand(x: Array, angles: Array) -> Array:
        by_angle = x if x.ndim == 2 else np.broadcast_to(x[:, None], (len(x), len(angles)))
        return np.repeat(f(by_angle)[..., None], lanes, axis=-1)

    def near(segment: tuple[float, float], angles: Array) -> Complex:
        there = np.array([t for p in poles for t in in_theta(p)], dtype=complex)
        return np.broadcast_to(there, (len(angles), lanes, len(there)))

    return integrand, near


@pytest.mark.parametrize("width", [0.1, 1e-2, 1e-4, 1e-6, 1e-8, 1e-10, 1e-12])
@pytest.mark.parametrize("x0", [1e-4, 0.3141, 0.5, 0.98])
def test_known_pole_of_any_width(width: float, x0: float) -> None:
    """A few dozen nodes, whatever the width; rounding of x itself, ε over the width, is in the estimate."""
    peak, area = lorentzian(x0, width)
    f, near = with_poles(lambda x: 1 + np.sqrt(x * (1 - x)) + peak(x) / width, complex(x0, width))
    found = sum_over_k(f, [0.0, 1.0], 1e-9, 0.0, near)
    exact = 1 + np.pi / 8 + area / width
    error = abs(found.total.value[0] * UNIT - exact)
    assert error <= found.total[0].total * UNIT + 1e-13
    assert error <= max(1e-9, 10 * EPS / width) * exact
    # The rule with 63 nodes certifies that with 31; broad ones are left to Fejér.
    assert found.nodes <= (127 if width > 0.01 else 69)


def test_two_poles_however_close() -> None:
    """Opposite angles have poles of their own, equal for m ∥ z, close for small h_R."""
    x0, width = 0.3141, 1e-6
    for apart in (0.0, 1e-15, 1e-12, 1e-9, 1e-7, 1e-6, 1e-4, 1e-2):
        peaks = [lorentzian(x, width) for x in (x0, x0 + apart)]
        f, near = with_poles(
            lambda x: np.exp(x) + sum(peak(x) for peak, _ in peaks) / width,  # noqa: B023 (used at once)
            complex(x0, width),
            complex(x0 + apart, width),
        )
        found = sum_over_k(f, [0.0, 1.0], 1e-8, 0.0, near)
        exact = np.expm1(1.0) + sum(area for _, area in peaks) / width
        assert abs(found.total.value[0] * UNIT - exact) <= found.total[0].total * UNIT + 1e-12
        assert abs(found.total.value[0] * UNIT - exact) <= 1e-8 * exact
        assert found.nodes <= 80


def test_wrong_pole_is_confessed() -> None:
    """A pole said to be where it is not helps nothing, and the estimate does not take it for granted."""
    peak, area = lorentzian(0.3141, 1e-3)
    f, near = with_poles(lambda x: 1 + peak(x) / 1e-3, complex(0.35, 1e-3))
    found = sum_over_k(f, [0.0, 1.0], 1e-6, 0.0, near)
    exact = 1 + area / 1e-3
    assert abs(found.total.value[0] * UNIT - exact) <= found.total[0].total * UNIT
    assert abs(found.total.value[0] * UNIT - exact) <= 1e-6 * exact
    assert found.nodes > 127


def test_lanes_have_poles_of_their_own() -> None:
    """Two integrands side by side, one with a needle: both come out, with one set of weights each."""
    peak, area = lorentzian(0.3141, 1e-7)

    def f(x: Array, angles: Array) -> Array:
        by_angle = x if x.ndim == 2 else np.broadcast_to(x[:, None], (len(x), len(angles)))
        return np.stack([np.exp(by_angle), peak(by_angle) / 1e-7], axis=-1)

    def near(segment: tuple[float, float], angles: Array) -> Complex:
        lanes = np.array([3 * [np.nan], in_theta(complex(0.3141, 1e-7))], dtype=complex)
        return np.broadcast_to(lanes, (len(angles), 2, 3))

    found = sum_over_k(f, [0.0, 1.0], 1e-8, 0.0, near)
    assert found.total.value[0] * UNIT == pytest.approx(np.expm1(1.0), rel=1e-13)
    assert found.total.value[1] * UNIT == pytest.approx(area / 1e-7, rel=1e-7)
    # Noise of the needle is the needle's.
    assert found.total[0].total < found.total[1].total / 10


POLES = {
    "inside": 0.3 + 1e-5j,
    "at an end": 1e-7 + 1e-8j,
    "outside": -0.004 + 1e-5j,
    "on the axis outside": 1.003 + 0j,
    "broad": 0.5 + 0.05j,
}


@pytest.mark.parametrize("name", POLES)
def test_rule_is_exact_for_its_pole(name: str) -> None:
    """(1 + s)/|s − p|² in closed form; weights stay small, so that rounding does not grow."""
    p = POLES[name]
    near = near_poles(np.array([[[p]]]))
    assert near is not None
    extra = near.nodes[0]
    a, width = p.real, p.imag
    lorentzian_part = (
        (np.arctan((1 - a) / width) + np.arctan(a / width)) / width if width else 1 / (a - 1) - 1 / a
    )
    log_part = np.log(abs(1 - p) / abs(p))
    size = abs(p - np.clip(a, 0, 1))
    for n in (7, 15, 31):
        weights = rule(n, extra, np.array([p])).weights
        nodes = np.concatenate([fejer(n)[0], extra])
        values = (1 + nodes) / np.abs(nodes - p) ** 2
        exact = (1 + a) * lorentzian_part + log_part
        # p itself is known to ε: on the flanks of a narrow pole that is a relative ε/size.
        assert weights @ values == pytest.approx(exact, rel=1e-11 + 8 * EPS / size)
        assert np.abs(weights).sum() <= 10
        for degree in range(n - 1):
            assert weights @ nodes**degree == pytest.approx(1 / (degree + 1), abs=1e-11)


@pytest.mark.parametrize("width", [1e-4, 1e-7, 1e-10, 1e-13])
def test_peak_left_out_of_a_pole_in_the_lower_half_plane(width: float) -> None:
    """All but π/|Im p|, without nodes on its flanks, although one of the rule's is three widths from it.

    Taken for a pole upon the axis, it had errors of the size of its peak, which were told.
    """
    a = float(fejer(31)[0][12]) + 3 * width
    p = complex(a, -width)
    near = near_poles(np.array([[[p]]]))
    assert near is not None
    assert not near.nodes.size
    exact = -(1 + a) * (np.arctan(width / a) + np.arctan(width / (1 - a))) / width + np.log(abs((1 - p) / p))
    for n in (15, 31):
        s = fejer(n)[0]
        values = (1 + s) / np.abs(s - p) ** 2
        assert near.weights(n)[0][:, 0, 0] @ values == pytest.approx(exact, rel=1e-10)


@pytest.mark.parametrize("width", [1e-8, 1e-9])
@pytest.mark.parametrize("away", [1e-7, 1e-6, 1e-5, 4e-3])
def test_a_needle_by_itself_beside_a_node_of_all_rules(width: float, away: float) -> None:
    """Nodes see what is left of it: taken for one of no width it was off by up to 10⁴ budgets."""
    theta = (0.5 + away) * np.pi / 2 + 1j * width
    at = complex(np.sin(theta) ** 2)
    root = np.sqrt(at.imag)

    def narrow(_: Any, angles: Array, poles: Complex) -> tuple[Array, Array, Any]:
        return np.full((len(angles), 1), np.pi), np.zeros((len(angles), 1)), ~np.isnan(poles.real)

    f, _ = with_poles(
        lambda x: np.cos(7 * x) + (at.imag + root * (x - at.real)) / ((x - at.real) ** 2 + at.imag**2)
    )
    exact = np.sin(7.0) / 7 + np.arctan((1 - at.real) / at.imag) + np.arctan(at.real / at.imag)
    exact += root * np.log(abs(1 - at) / abs(at))
    for rtol in (1e-8, 1e-11):
        found = sum_over_k(
            f, [0.0, 1.0], rtol, 0.0, lambda _, angles: np.full((len(angles), 1, 1), theta), narrow=narrow
        ).total
        assert abs(found.value[0] * UNIT - exact) <= found.total * UNIT + 1e-13


def test_far_poles_change_nothing() -> None:
    """Outside the ellipse Fejér's rule needs no help, and gets none."""
    assert near_poles(np.array([[[0.5 + 0.4j, np.nan]]])) is None
    plain = sum_over_k(with_poles(np.exp)[0], [0.0, 1.0], 1e-9, 0.0)
    f, near = with_poles(np.exp, 0.5 + 2j)
    assert np.array_equal(sum_over_k(f, [0.0, 1.0], 1e-9, 0.0, near).by_segment.value, plain.by_segment.value)


def test_noise_alone_ends() -> None:
    """No digits to be had, none claimed, and no million intervals in search of them."""
    noise = np.random.default_rng(8)
    calls = 0

    def f(x: Array, angles: Array) -> Array:
        nonlocal calls
        calls += 1
        return noise.standard_normal((len(x), len(angles)))

    found = sum_over_k(f, [0.0, 1.0], 1e-6, 0.0)
    assert calls < 1e5
    assert found.total.total > 0.1 * abs(found.total.value)


def test_noise_does_not_shrink_the_estimate() -> None:
    """Values at the level of rounding never certify more digits than they have."""
    noise = np.random.default_rng(7)

    def f(x: Array, angles: Array) -> Array:
        return 1 + 1e-9 * noise.standard_normal((len(x), len(angles)))

    found = sum_over_k(f, [0.0, 1.0], 1e-6, 0.0)
    assert abs(found.total.value * UNIT - 1) <= 1e-8
    assert found.total.total * UNIT >= 1e-11


def test_nested_error_of_geometric_sequences() -> None:
    """Rules with errors q^n, n doubling, converge faster than their differences shrink: the bound holds."""
    for q in (0.3, 0.7, 0.9, 0.97):
        rules = [np.array(q**n) for n in (7, 15, 31, 63)]
        assert q**63 <= nested_error(rules) <= np.abs(rules[-1] - rules[-2])
    # No convergence: the last difference itself.
    assert nested_error([np.array(v) for v in (0.0, 1.0, 0.0, 1.0)]) == 1.0
    # One accidental agreement does not hide the rest.
    assert nested_error([np.array(v) for v in (0.0, 1.0, 1.0, 1.5)]) == 0.5


@pytest.mark.parametrize("distance", [0.2, 0.3, 0.5, 0.8])
def test_tails_bound_what_is_left_out_and_little_more(distance: float) -> None:
    """Poles all along an ellipse, and in a strip, around the nodes; above 1e-11 within three decades."""
    turn = np.linspace(0, np.pi, 41)
    p = (1 + np.cos(turn) * np.cosh(distance) + 1j * np.sin(turn) * np.sinh(distance)) / 2
    exact = np.log((1 - p) / -p).real
    for n in LEVELS:
        f = (1 / (fejer(n)[0][:, None] - p)).real
        error, bound = np.abs(fejer(n)[1] @ f - exact), fejer_tails(f[None, :, None])
        assert np.all(error <= bound + 4 * EPS * np.abs(f).max(axis=0))
        if np.exp(-distance * n) < 1e-2:
            assert np.median(bound) <= 1e3 * np.median(error) + 1e-11
    for n in (16, 32, 64, 128):
        angles = 2 * np.pi * (np.arange(n) + FIRST_ANGLE) / n
        f = np.sinh(distance) / (np.cosh(distance) - np.cos(angles - 1))
        error = abs(f.mean() - 1)
        assert error <= period_tail(f) + 4 * EPS * f.max()


@pytest.mark.parametrize("width", [0.045, 0.05, 0.06])
@pytest.mark.parametrize("waves", [6, 12, 18])
def test_tails_count_what_poles_make_of_them(width: float, waves: int) -> None:
    """Two poles just beyond an end: what is left out is divided by their distances, and so is its bound."""
    poles = 1.0004 + 1j * width * np.array([1, 1.05])
    near = near_poles(poles[None, None])
    assert near is not None
    assert not near.nodes.size

    def f(s: Array) -> Array:
        return np.cos(waves * s + 0.3) / (np.abs(s[:, None] - poles) ** 2).prod(axis=1)

    (fine, plain), s = fejer(255), fejer(15)[0]
    error = abs(near.weights(15)[0][:, 0, 0] @ f(s) - plain @ f(fine))
    tail = fejer_tails((f(s) * near.factors(15)[:, 0, 0])[None, :, None]).item()
    assert tail < error <= tail * near.amplified[0, 0]


def test_weights_next_to_many_poles_magnify_little(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two pairs upon the axis, as of a stack: exact for all polynomials weights add up to 10⁵ and more."""
    poles, none = np.array([0.19976445, 0.0610651, 0.2203201, 0.07953483], dtype=complex), np.zeros(0)
    small = [np.abs(rule(n, none, poles).weights).sum() for n in LEVELS[1:]]
    monkeypatch.setattr("sotcheck.numerics.nearpoles.PARTS", (1.0,))
    assert all(
        one < 1e-4 * np.abs(rule(n, none, poles).weights).sum()
        for n, one in zip(LEVELS[1:], small, strict=True)
    )


def test_tails_that_are_flat_bound_nothing() -> None:
    """Noise is no decay, and bounds no less than itself: nested rules are left alone. Rounding is none."""
    noise = np.random.default_rng(3).standard_normal((63, 1))
    assert fejer_tails((1 + 1e-9 * noise)[None]) > 1e-10
    assert period_tail(1 + 1e-9 * noise[:32]) > 1e-10
    assert fejer_tails((1 + EPS * noise)[None]) <= SAFETY * 4 * EPS


@pytest.mark.parametrize("rtol", [1e-3, 1e-6, 1e-9])
def test_estimate_bounds_the_error_of_torques(any_iface: Interface, rtol: float) -> None:
    """The integrand that matters, angle and all, inside the radius of convergence: error ≤ estimate.

    (Where h_R binds a state at some angle, kinks move with the angle: see the next test.)
    """
    h_R = np.array([0.05, 0.3])
    reference = exact_flows(Matching(), any_iface, h_R, rtol=1e-12)
    found = exact_flows(Matching(), any_iface, h_R, rtol=rtol)
    scale = np.abs(reference.by_segment.value).max()
    error = np.abs((found.total - reference.total).value)
    assert np.all(error <= (found.total - reference.total).error + 1e-14 * scale)
    # Radius and angle each get the tolerance, and angles are added in two sets.
    assert found.total.total <= 4 * rtol * scale


@pytest.mark.parametrize("rtol", [1e-3, 1e-6, 1e-9])
@pytest.mark.parametrize(
    ("system", "h"), [("bulk-magnetism", 1.0), ("interface-magnetism", 0.6), ("topological-insulator", 1.5)]
)
def test_estimate_bounds_the_error_where_rashba_binds_a_state(system: str, h: float, rtol: float) -> None:
    """Beyond the expansion's radius: a pole leaves at some angles, where the integral over k_⊥ has kinks."""
    iface, h_R = load(system), np.array([h])
    reference = exact_flows(Matching(), iface, h_R, rtol=1e-11)
    found = exact_flows(Matching(), iface, h_R, rtol=rtol)
    error = np.abs((found.total - reference.total).value)
    assert np.all(error <= (found.total - reference.total).error)
    assert found.total.total <= 2 * rtol * np.abs(found.by_segment.value).max()


def test_exact_averages_are_those_of_many_angles(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where a pole leaves at some angles: as sampled between kinks; without these 256 are not enough."""
    iface, h_R = load("bulk-magnetism"), np.array([1.0])
    found = exact_flows(Matching(), iface, h_R, rtol=1e-9)
    assert found.angles == circle.ANGLES
    monkeypatch.setattr(over_k, "LOST", -1.0)
    monkeypatch.setattr(over_k, "ROUNDING", -1.0)
    size = np.abs(found.by_segment.value).max()
    sampled = exact_flows(Matching(), iface, h_R, rtol=1e-9)
    assert sampled.angles > 100
    off = (found.total - sampled.total).each(np.abs)
    assert np.all(off.value <= off.error + 1e-14 * size)
    assert off.value.max() <= 1e-9 * size
    monkeypatch.setattr(over_k, "kinks_of", lambda *_: np.zeros(0))
    ignorant = exact_flows(Matching(), iface, h_R, rtol=1e-9)
    assert ignorant.angles == MOST_ANGLES
    assert np.abs((found.total - ignorant.total).value).max() > 1e-6 * size


# ------------------------------------------------------------------------------------------------ the angle


@pytest.mark.parametrize("b", [0.1, 1.0, 5.0, 20.0])
def test_trapezoid_in_the_angle(b: float) -> None:
    """⟨e^{b cos 2φ}⟩ = I_0(b) to rounding; sharper peaks take more angles."""

    def f(x: Array, angles: Array) -> Array:
        return np.broadcast_to(np.exp(b * (np.cos(2 * angles + 0.7) - 1)), (len(x), len(angles)))

    found = sum_over_k(f, [0.0, 1.0], 1e-9, 0.0)
    error = abs(found.total.value * UNIT - ive(0, b))
    assert error <= 1e-12
    assert error <= found.total.total * UNIT + 4 * EPS
    assert found.angles <= MOST_ANGLES
    if b >= 5:
        assert found.angles > FIRST_ANGLES


def test_angles_of_low_harmonics() -> None:
    """Harmonics up to the fourth average to zero with the first rule: enough for m ∥ z."""

    def f(x: Array, angles: Array) -> Array:
        return np.broadcast_to(
            1 + np.cos(angles) + np.sin(2 * angles) + np.cos(3 * angles), (len(x), len(angles))
        )

    found = sum_over_k(f, [0.0, 1.0], 1e-10, 0.0)
    assert found.total.value * UNIT == pytest.approx(1.0, abs=1e-14)


def test_kinks_in_the_angle_are_confessed() -> None:
    """⟨√|sin φ|⟩ converges algebraically: the last rule is not enough, and the error estimate says so."""

    def f(x: Array, angles: Array) -> Array:
        return np.broadcast_to(np.sqrt(np.abs(np.sin(angles - 0.3))), (len(x), len(angles)))

    exact = gamma(0.75) / (np.sqrt(np.pi) * gamma(1.25))
    found = sum_over_k(f, [0.0, 1.0], 1e-10, 0.0)
    assert found.angles == MOST_ANGLES
    error = abs(found.total.value * UNIT - exact)
    assert error > 1e-6
    # Kinks at the nodes' mercy: see test_estimate_of_kinks_inside_a_segment.
    assert 50 * found.total.total * UNIT >= error


@pytest.mark.parametrize(
    "phase",
    [
        0.3,
        # At angles 2π(j + 1/2)/8 a nested rule would be blind to cos 4φ, and stop at eight.
        0.0,
    ],
)
def test_angle_and_radius_together(phase: float) -> None:
    """∫dx ⟨e^{√x cos φ}⟩ = ∫dx I_0(√x) = 2 I_1(1): a product of both rules."""

    def f(x: Array, angles: Array) -> Array:
        return np.exp(np.sqrt(x)[:, None] * np.cos(angles - phase))

    found = sum_over_k(f, [0.0, 1.0], 1e-10, 0.0)
    assert found.total.value * UNIT == pytest.approx(2 * i1(1.0), rel=1e-10)


# -------------------------------------------------------------------------------------------------- refusals


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_integrand_that_is_not_finite(bad: float) -> None:
    """NaN and infinity are errors that say where, never part of a sum."""

    def f(x: Array, angles: Array) -> Array:
        return np.where(np.arange(len(x))[:, None] == 3, bad, 1.0) + 0 * angles

    with pytest.raises(EngineError, match="not finite near k_perp"):
        sum_over_k(f, [0.0, 1.0], 1e-6, 0.0)


def test_absolute_tolerance_ends_the_chase() -> None:
    """An integrand below the absolute tolerance is not refined."""
    f, _ = lorentzian(0.3, 1e-3)
    fine = sum_over_k(radial_only(f), [0.0, 1.0], 1e-9, 0.0)
    coarse = sum_over_k(radial_only(f), [0.0, 1.0], 1e-9, 1.0)
    assert coarse.nodes == LEVELS[0] < fine.nodes


def test_sample_crowds_near_thresholds() -> None:
    """Nodes in k_⊥, sorted, closest to the edges, never on them."""
    k_perp = sample([0.0, 0.5, 1.5, 2.5], 8)
    x = k_perp**2
    assert np.all(np.diff(x) > 0)
    for lower, upper in ((0.0, 0.5), (0.5, 1.5), (1.5, 2.5)):
        inside = x[(x > lower) & (x < upper)]
        assert len(inside) == 8
        gaps = np.diff(inside)
        assert gaps[0] < gaps[3] > gaps[-1]
        assert 1e-6 < inside[0] - lower < 0.01
        assert 1e-6 < upper - inside[-1] < 0.01


def test_sum_of_a_threshold_system_splits_where_channels_close() -> None:
    """Edges are k_⊥² = 0 and every E_F minus band edge above it."""
    assert load("bulk-magnetism").thresholds() == pytest.approx([0.0, 0.5, 1.5, 2.5])
    assert load("interface-magnetism").thresholds() == [0.0, 1.0]
    assert load("ferromagnetic-insulator").thresholds() == [0.0, 1.0]
    assert load("topological-insulator").thresholds() == pytest.approx([0.0, 0.5, 1.5])


@pytest.mark.parametrize("m", [(1.0, 0.0, 0.0), (0.0, 1.0, 0.0), (1.0, 1.0, 0.0)])
def test_m_in_the_plane_beyond_the_radius(m: tuple[float, float, float]) -> None:
    """Kinks lie symmetrically around m ∥ k×ẑ, where states are truly bound: not an angle to be sampled."""
    iface = Interface(name="plane", E_F=1.04, J=0.8, u_m=0.73, m=m)
    h_R = np.array([2.0])
    reference = exact_flows(Matching(), iface, h_R, rtol=1e-10)
    found = exact_flows(Matching(), iface, h_R, rtol=1e-5)
    assert np.all(np.abs((found.total - reference.total).value) <= (found.total - reference.total).error)
    assert reference.total.total <= 1e-7 * np.abs(reference.by_segment.value).max()
    # Tilted m has the same torque in the limit, reached linearly or faster.
    tilts = [exact_flows(Matching(), iface.with_(m=(*m[:2], z)), h_R, rtol=1e-9) for z in (4e-4, 2e-4)]
    off = [np.abs((tilted.total - reference.total).value).max() for tilted in tilts]
    assert off[1] <= 0.02 * np.abs(reference.total.value).max()
    assert off[0] / off[1] > 1.98


def test_a_coarse_rule_upon_a_peak_is_no_measure() -> None:
    """Its first rule has a node on a peak of 1e-6: what that makes of the integral loosens no tolerance."""
    at, width = float(substitution(0.0, 1.0, fejer(15)[0] * np.pi / 2)[0][7]), 1e-6

    def f(x: Array) -> Array:
        return np.where(x < 1, width**2 / ((x - at) ** 2 + width**2), width / (1.01 + np.cos(25 * x)))

    peak = width * (np.arctan((1 - at) / width) + np.arctan(at / width))
    fine, weights = np.polynomial.legendre.leggauss(2000)
    exact = peak + float(weights @ f((fine + 3) / 2)) / 2
    found = sum_over_k(radial_only(f), [0.0, 1.0, 2.0], 1e-5, 0.0)
    assert found.total.error * UNIT <= 1e-4 * exact
    assert abs(found.total.value * UNIT - exact) <= found.total.error * UNIT


@pytest.mark.parametrize("width", [1e-2, 3e-3])
def test_two_levels_that_all_but_meet_between_kinks(width: float) -> None:
    """A peak at an angle that no kink tells, wide enough to be met: its range is halved, no other."""

    def f(x: Array, angles: Array) -> Array:
        turn = np.mod(angles - 0.2, np.pi)
        return np.exp(np.cos(turn)) + width**2 / ((turn - 0.4567) ** 2 + width**2) + 0 * x[:, None]

    peak = width * (np.arctan((np.pi - 0.4567) / width) + np.arctan(0.4567 / width))
    turn, weights = np.polynomial.legendre.leggauss(60)
    exact = (peak + np.pi / 2 * float(weights @ np.exp(np.cos((turn + 1) * np.pi / 2)))) / np.pi
    found = sum_over_k(f, [0.0, 1.0], 1e-8, 0.0, kinks=[0.2, 1.3, 2.0])
    # Relative to the largest that angles have, and no halves where the last rule is CLOSE: that may be noise.
    assert found.total.error * UNIT <= CLOSE * 1e-8 * (np.exp(1) + 1)
    assert abs(found.total.value * UNIT - exact) <= found.total.error * UNIT
    assert found.angles < 2 * 127 * (2 if width == 1e-2 else 12)


def test_every_range_of_angles_has_its_share() -> None:
    """Where little may be spent the first of four ranges, of no weight but hard, does not get it all."""

    def f(x: Array, angles: Array) -> Array:
        turn = np.mod(angles, np.pi)
        hard = 1e-9 / ((x[:, None] - 0.1 - 0.2 * turn) ** 2 + 1e-6)
        return np.where(turn < 0.8, hard, 1 / (1.2 + np.cos(9 * x[:, None] + turn)))

    found = sum_over_k(f, [0.0, 1.0], 1e-10, 0.0, kinks=[0.0, 0.8, 1.6, 2.4], most=80_000)
    assert "stopped after 80000 values" in found.total.terms["quadrature"][1]
    assert found.total.error <= 1e-4 * found.total.value


def test_a_finer_tolerance_that_is_stopped_is_no_less_sure() -> None:
    """What is unresolved when the limit is reached may be anything: the coarser sum is the better one."""

    def f(x: Array, angles: Array) -> Array:
        return (1 + np.cos(2 * angles) / 9) / ((x[:, None] - 0.3) ** 2 + 1e-8)

    coarse, fine = (sum_over_k(f, [0.0, 1.0], rtol, 0.0, most=4000) for rtol in (1e-4, 1e-8))
    exact = 1e4 * (np.arctan(0.7e4) + np.arctan(0.3e4))
    for found in (coarse, fine):
        assert abs(found.total.value * UNIT - exact) <= found.total.error * UNIT
        assert found.total.error * UNIT <= 1e-4 * exact
    assert "stopped after" in fine.total.terms["quadrature"][1]
    assert fine.total.error <= coarse.total.error
