"""Stacks with one spin-orbit term, whose averages over the angle are exact, and rules next to many poles."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from layer_cases import random_stack
from test_averages import polynomial

from sotcheck.engines import Matching
from sotcheck.engines.determinant import poles_near
from sotcheck.engines.one_site import OneSite
from sotcheck.engines.stack_determinant import extreme_angles, is_first_order
from sotcheck.exact import over_k
from sotcheck.exact.observables import exact_flows
from sotcheck.numerics import circle
from sotcheck.numerics.arrays import Array, Index
from sotcheck.numerics.nearpoles import near_poles, rule
from sotcheck.numerics.ranges import MOST_PARTS, Parts, integrate
from sotcheck.system.stack import Stack

RNG = np.random.default_rng(20261128)
NOTHING = [[0.0, 0.0]] * 3


def one_site(seed: int, kind: str = "any") -> Stack:
    """A random stack with one spin-orbit term, at z = 0 or `deep` beneath; all axes along one, or along z."""
    rng, stack = np.random.default_rng(10_000 + seed), random_stack(seed, 3).model_dump()
    m: Any = (0.0, 0.0, 1.0) if kind == "z" else tuple(rng.normal(size=3))
    at = rng.integers(1, len(stack["layers"]) + 1) if kind == "deep" else 0
    aligned = {"magnetization": m} if kind in ("z", "collinear") else {}
    layers = []
    for n, layer in enumerate(stack["layers"], 1):
        site = {"rashba": 0.3} if n == at else {}
        delta = {**layer["interface"], "spin_orbit": NOTHING, **aligned, **site}
        layers.append({**layer, "spin_orbit": NOTHING, **aligned, "interface": delta})
    more: Any = {"m": m, "m_F": m} if aligned else {}
    more |= {"spin_orbit": NOTHING, "layers": tuple(layers)} | ({"h_R": 0.0} if at else {})
    return Stack(**{**stack, **more})


def sampled(monkeypatch: pytest.MonkeyPatch) -> None:
    """Sum over angles one by one, as for stacks with more terms."""
    monkeypatch.setattr(over_k, "determinants_of", lambda *_: None)


@pytest.mark.parametrize("degree", [3, 4])
def test_averages_over_any_determinant_of_the_first_order(degree: int) -> None:
    """By eight angles, against the trapezoid of very many; a fourth harmonic is told."""
    fine = 2 * np.pi * np.arange(20_000) / 20_000
    for _ in range(50):
        d = (RNG.normal(size=3) + 1j * RNG.normal(size=3)) * 10.0 ** RNG.uniform(-1.5, 1, 3)
        a = RNG.normal(size=(degree + 1, 2))

        def over_d2(phi: Array, a: Array = a, d: Any = d) -> Array:
            return polynomial(a, phi) / np.abs(d[0] * np.exp(-1j * phi) + d[1] + d[2] * np.exp(1j * phi)) ** 2

        there, values = over_d2(fine), over_d2(circle.PSI)
        average, beyond = (w[:, 0] @ values for w in circle.weights_of(*d[:, None]))
        size = np.abs(there).mean()
        assert (abs(beyond) <= 1e-10 * size) == (degree == 3)
        if degree == 3:
            assert abs(average - there.mean()) <= 1e-10 * size


def test_the_closed_form_of_bare_interfaces_is_a_special_case() -> None:
    t = RNG.normal(size=20) * 10.0 ** RNG.uniform(-3, 1, 20) * np.exp(2j * np.pi * RNG.random(20))
    for one, other in zip(circle.weights(t), circle.weights_of(t / 2, 1 + 0 * t, t / 2), strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-9, atol=1e-12 * np.abs(one).max())


@pytest.mark.parametrize("kind", ["z", "collinear", "any", "deep"])
def test_averages_are_those_of_sampled_angles(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """All flows of random stacks, within both budgets, and what is asked for."""
    for seed in (0, 6, 8):
        stack = one_site(seed, kind)
        assert is_first_order(stack.structure)
        scale = np.array([stack.scale, 0.5 * stack.scale])
        exact = exact_flows(Matching(), stack, scale, rtol=1e-9)
        assert exact.angles == circle.ANGLES
        with monkeypatch.context() as patch:
            sampled(patch)
            other = exact_flows(Matching(), stack, scale, rtol=1e-9).total
        size, off = np.abs(other.value).max(), np.abs(exact.total.value - other.value)
        # States' own rounding is no part of these budgets.
        assert np.all(off <= exact.total.error + other.error + 1e-13 * size)
        assert exact.total.error.max() <= 1e-8 * size


@pytest.mark.parametrize("off", [1e-3, 1e-6, 1e-8, None])
def test_another_determinant_is_told(off: float | None, monkeypatch: pytest.MonkeyPatch) -> None:
    """Flows over it are no polynomials: angles are sampled, or the error says it. None: that of -φ."""
    stack = one_site(8)
    scale, right = np.array([stack.scale]), circle.weights_of
    exact = exact_flows(Matching(), stack, scale, rtol=1e-10).total

    def wrong(lower: Any, middle: Any, upper: Any) -> Any:
        return right(upper, middle, lower) if off is None else right(lower, middle * (1 + off), upper)

    monkeypatch.setattr(circle, "weights_of", wrong)
    found = exact_flows(Matching(), stack, scale, rtol=1e-6).total
    size = np.abs(exact.value).max()
    assert np.all(np.abs(found.value - exact.value) <= found.error + exact.error + 1e-13 * size)


def test_where_poles_turn() -> None:
    """Along one axis: at its two angles. Of several: two poles of neighbouring angles are one there."""
    stack = one_site(5, "collinear")
    scale, angles = np.array([stack.scale]), extreme_angles(stack.structure)
    assert angles is not None
    owner, x_1, x_2 = OneSite(stack.structure, scale).ranges()
    found = OneSite(stack.structure, scale).singular(owner, x_1, x_2)
    there = poles_near(stack, (x_1[0], x_2[0]), angles[:, None], scale, 0.0).ravel()
    some = found[0][~np.isnan(found[0])]
    assert len(some)
    assert all(np.abs(there - one).min() < 1e-9 for one in some)
    stack = one_site(8)
    assert extreme_angles(stack.structure) is None
    site = OneSite(stack.structure, scale)
    points = site.singular(*site.ranges())[0]
    turns = 2 * np.pi * np.arange(720) / 720
    loops = poles_near(stack, tuple(np.array(site.ranges()[1:])[:, 0]), turns[:, None], scale, 0.0)
    # None of real angles: all poles of these lie around such points, not far away.
    nearest = np.abs(loops.reshape(-1, 1) - points[~np.isnan(points)]).min(axis=1)
    assert np.nanmax(nearest) < 0.2


def test_only_one_isotropic_term_is_of_the_first_order() -> None:
    stack = one_site(5)
    assert is_first_order(stack.structure)
    assert is_first_order(stack.with_(spin_orbit=[[0.2, 0.0], [0.0, -0.2], [0.0, 0.0]], h_R=0.0).structure)
    assert not is_first_order(stack.with_(spin_orbit=[[0.2, 0.0], [0.0, 0.1], [0.0, 0.0]]).structure)
    assert not is_first_order(random_stack(5).structure)


@pytest.mark.parametrize("seed", [5, 8])
def test_rules_next_to_many_poles_know_what_they_leave_out(
    seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where weights would be large they are exact for fewer polynomials: sums were off by 10 to 60 errors."""
    stack = one_site(seed)
    scale = np.array([stack.scale])
    right = exact_flows(Matching(), stack, scale, rtol=1e-12).total
    sampled(monkeypatch)
    for rtol in (1e-3, 1e-4, 1e-6):
        found = exact_flows(Matching(), stack, scale, rtol=rtol).total
        assert np.all(np.abs(found.value - right.value) <= found.error + right.error)


def test_a_rule_doubts_what_is_exact_for_fewer_polynomials() -> None:
    """Two clusters: 31 nodes would have large weights."""
    theta = [0.61 + 0.03j, 0.615 + 0.034j, 0.567 + 0.09j, 0.38 + 0.1j, 0.379 + 0.106j, 0.544 + 0.114j]
    poles = np.array([*theta, 0.793 + 0.0287j, 0.79 + 0.0396j]) * (2 / np.pi + 0j)
    near = near_poles(poles[None, None])
    assert near is not None
    alone = near_poles(poles[None, None, :1])
    assert alone is not None
    many, few = rule(31, near.nodes[0], poles), rule(31, alone.nodes[0], poles[:1])
    assert not few.doubt.any()
    assert many.doubt.any()
    assert many.rounding < 1e-12


def test_parts_that_wait_count_too() -> None:
    """What nothing resolves is not halved for ever: at most so many parts, each with all rules."""
    asked = 0

    def f(x: Array, _: Index) -> tuple[Array, Array]:
        nonlocal asked
        asked += x.size
        noise = np.random.default_rng(asked).standard_normal(x.shape)[..., None, None]
        return noise, np.zeros_like(noise)

    one = np.ones(1)
    parts = Parts.of(0 * one, one, np.full((1, 1), np.nan + 0j))
    *_, resolved = integrate(f, parts, lambda least: 1e-6 + 0 * least)
    assert not resolved.any()
    assert asked <= 4 * MOST_PARTS * 127
