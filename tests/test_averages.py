"""Exact averages over the angle, ranges of many systems at once, and torques side by side."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest
from conftest import random_interface

import sotcheck as sc
from sotcheck.engines import Matching, aligned
from sotcheck.engines.aligned import never_near, poles_aligned, turning
from sotcheck.engines.poles import along_m, determinant, poles
from sotcheck.exact import over_k
from sotcheck.exact.observables import exact_flows
from sotcheck.numerics import circle
from sotcheck.numerics.arrays import Array, Index
from sotcheck.numerics.ranges import Parts, integrate
from sotcheck.system.interface import SOURCES
from sotcheck.system.many import Many
from sotcheck.system.structure import Structure
from sotcheck.trial import plain

RNG = np.random.default_rng(20261127)

# ------------------------------------------------------------------------------------------- over a circle


def polynomial(coefficients: Array, psi: Array) -> Array:
    """Return Σ_m a_m cos mψ + b_m sin mψ of rows a_m, b_m."""
    orders = np.arange(len(coefficients))[:, None] * psi
    return np.asarray(coefficients[:, 0] @ np.cos(orders) + coefficients[:, 1] @ np.sin(orders))


@pytest.mark.parametrize(
    "t", [0.0, 1e-9, 0.3 + 0.2j, -0.9 + 1e-3j, 2 + 0.1j, 1 + 0.01j, -1.5 - 0.02j, 5j, 40 - 30j]
)
def test_averages_of_polynomials_over_a_determinant(t: complex) -> None:
    """Of the third degree, by eight angles, against the trapezoid of very many; a fourth one is told."""
    fine = 2 * np.pi * np.arange(20_000) / 20_000
    for degree in (3, 4):
        a = RNG.normal(size=(degree + 1, 2))
        average, beyond = (
            (weights[:, 0] * polynomial(a, circle.PSI) / np.abs(1 + t * np.cos(circle.PSI)) ** 2).sum()
            for weights in circle.weights(np.array([t + 0j]))
        )
        values = polynomial(a, fine) / np.abs(1 + t * np.cos(fine)) ** 2
        size = np.abs(values).mean()
        # Rounding is magnified as 1/(1 − |q|²) is.
        assert (abs(average - values.mean()) <= 1e-10 * size) == (degree == 3) or abs(t) < 1e-8
        assert (abs(beyond) <= 1e-10 * size) == (degree == 3)


def test_determinants_are_linear_in_c() -> None:
    """D₀ (1 + t cos ψ) against the determinant at other angles."""
    for _ in range(20):
        iface = random_interface(RNG).with_(h_R=float(RNG.uniform(0, 1)))
        many = Many.of([iface], np.array([[iface.h_R]]))
        x = np.sort(RNG.uniform(0, iface.thresholds()[-1], 5))
        k, majority, minority = (np.sqrt(iface.k_perp2_max(source) - x + 0j) for source in SOURCES)
        angle = float(many.axis[0]) + np.array([0.5 * np.pi, 0.3, 2.1])
        D = [
            determinant(iface, k, (minority, majority), iface.h_R * np.sqrt(x) + 0j, along_m(iface, phi))
            for phi in angle
        ]
        t = turning(many, x[None])[0, :, 0]
        for one, phi in zip(D[1:], angle[1:], strict=True):
            np.testing.assert_allclose(one / D[0], 1 + t * np.cos(phi - many.axis[0]), rtol=1e-9, atol=1e-12)


# ------------------------------------------------------------------------------------------- many ranges


def test_ranges_are_those_of_each_interface() -> None:
    some = [random_interface(RNG) for _ in range(100)] + [
        sc.load(name) for name in ("bulk-magnetism", "interface-magnetism")
    ]
    owner, x_1, x_2 = Many.of(some, np.zeros((len(some), 1))).ranges()
    for n, one in enumerate(some):
        ends = list(zip(x_1[owner == n].tolist(), x_2[owner == n].tolist(), strict=True))
        expected = list(itertools.pairwise(one.thresholds()))
        np.testing.assert_allclose(ends, expected, rtol=1e-14)


@pytest.mark.parametrize("beyond", [1.0, 1e-2, 1e-5, 1e-9])
@pytest.mark.parametrize("tolerance", [1e-4, 1e-8, 1e-11])
def test_integrals_next_to_singularities(beyond: float, tolerance: float) -> None:
    """√(b + 1 − x) next to the end of [0, 1], and 1/((x − ½)² + b²) with poles inside: within the error."""
    x_1, x_2 = np.array([0.0, 0.0, 0.5]), np.array([1.0, 0.5, 1.0])
    at = np.array([[1 + beyond + 0j, np.nan], [0.5 + 1j * beyond] * 2, [0.5 - 1j * beyond] * 2])

    def f(x: Array, ranges: Index) -> tuple[Array, Array]:
        root, peak = np.sqrt(beyond + 1 - x), beyond / ((x - 0.5) ** 2 + beyond**2)
        values = np.where(ranges[:, None] == 0, root, peak)[..., None, None]
        return values, np.zeros_like(values)

    value, error, own, nodes, resolved = integrate(
        f, Parts.of(x_1, x_2, at), lambda least: tolerance * np.maximum(least, 0.1)
    )
    root, arc = ((1 + beyond) ** 1.5 - beyond**1.5) * 2 / 3, np.arctan(0.5 / beyond)
    off = np.abs(value[:, 0, 0] - [root, arc, arc])
    assert np.all(off <= error[:, 0, 0])
    # Rounding of x over the peak's width is what no rule gets below.
    rounding = np.array([1e-13, *[2e-15 / beyond] * 2])
    assert np.all(error[:, 0, 0] <= 2 * tolerance * np.maximum(value[:, 0, 0], 0.1) + rounding)
    assert resolved.all()
    assert not own.any()
    assert nodes.max() <= 4 * 127


def test_what_is_not_resolved_stays_in_the_error() -> None:
    """Noise has no end: it stops, and what is left is confessed."""
    noise = np.random.default_rng(3)

    def f(x: Array, _: Index) -> tuple[Array, Array]:
        values = 1 + 0.1 * noise.standard_normal(x.shape)[..., None, None]
        return values, np.zeros_like(values)

    one = np.ones(1)
    parts = Parts.of(0 * one, one, np.full((1, 1), np.nan + 0j))
    values = 0

    def spent() -> bool:
        nonlocal values
        values += 1
        return values > 100

    value, error, *_ = integrate(f, parts, lambda least: 1e-6 + 0 * least, spent)
    assert abs(value - 1) < error < 1


def test_poles_at_the_extremes_are_those_of_each_angle() -> None:
    """And where `never_near` says so there are none at any angle."""
    angles, free, found = np.linspace(0, 2 * np.pi, 24, endpoint=False), 0, 0
    for _ in range(60):
        iface = random_interface(RNG).with_(h_R=float(RNG.uniform(0, 0.5)))
        many = Many.of([iface], np.array([[iface.h_R]]))
        owner, x_1, x_2 = many.ranges()
        extremes = float(many.axis[0]) + np.array([0.0, np.pi])
        theta, never = poles_aligned(many[owner], x_1, x_2), never_near(many[owner], x_1, x_2)
        for n, segment in enumerate(zip(x_1.tolist(), x_2.tolist(), strict=True)):
            expected = poles(iface, segment, extremes, np.array(iface.h_R))
            one, other = theta[n][~np.isnan(theta[n])], expected[~np.isnan(expected)]
            assert len(one) == len(other)
            assert np.all(np.abs(one[:, None] - other).min(axis=1, initial=9) <= 1e-9)
            found += len(one)
            if never[n]:
                free += 1
                assert not (~np.isnan(poles(iface, segment, angles, np.array(iface.h_R)))).any()
    assert min(free, found) >= 10


# ------------------------------------------------------------------------------------------- side by side


def test_torques_side_by_side_are_those_of_one_by_one() -> None:
    """To the last digit; and those known to be plain have no bound states and no warning."""
    some = [random_interface(RNG).with_(h_R=float(h)) for h in (0, 0.03, 0.3) for _ in range(40)]
    found = plain.torques(some, 1e-8)
    for n in np.flatnonzero(found.known):
        table = sc.torque(some[n], "continuum", tolerance=1e-8)
        assert not table.warnings
        assert len(table) == len(SOURCES)
        for s, row in enumerate(table):
            np.testing.assert_array_equal(row.vector, found.vector[n, s])
            np.testing.assert_array_equal(row.flows, found.flows[n, s])
            assert row.t.total == found.quadrature[n, s] + found.rounding[n, s]
            if row.parts is not None:
                np.testing.assert_array_equal(row.parts.value, found.parts[n, s])
    assert 20 <= found.known.sum() < len(some)


class Louder(Matching):
    """An engine of another model: its h_R is larger than it is told."""

    def all_flows(self, structure: Structure, k_perp: Array, angle: Array, scale: Array) -> Array:
        return super().all_flows(structure, k_perp, angle, 1.3 * scale)


@pytest.mark.parametrize("h_R", [0.2, 0.8])
def test_another_determinant_is_told(h_R: float) -> None:
    """What an engine solves is summed right even where the model's averages would be wrong."""
    iface = sc.load("bulk-magnetism").with_(m=(0.6, 0.3, 0.74))
    found = exact_flows(Louder(), iface, np.array([h_R]), rtol=1e-7).total
    expected = exact_flows(Matching(), iface, np.array([1.3 * h_R]), rtol=1e-10).total * 1.3
    assert np.all(np.abs(found.value - expected.value) <= found.error + expected.error)
    assert found.total <= 1e-3 * np.abs(expected.value).max()


@pytest.mark.parametrize("off", [1e-3, 1e-6, 1e-8, 1e-10])
def test_a_wrong_determinant_is_told(off: float, monkeypatch: pytest.MonkeyPatch) -> None:
    """Averages with another t are not those of polynomials: angles are sampled, or the error says it."""
    iface, h_R = sc.load("bulk-magnetism").with_(m=(0.6, 0.3, 0.74)), np.array([0.3])
    right = exact_flows(Matching(), iface, h_R, rtol=1e-12).total
    monkeypatch.setattr(aligned, "turning", lambda *how: turning(*how) * (1 + off))
    wrong = exact_flows(Matching(), iface, h_R, rtol=1e-9)
    assert (wrong.angles > circle.ANGLES) == (off > 1e-7)
    assert np.all(np.abs(wrong.total.value - right.value) <= wrong.total.error + right.error)
    assert wrong.total.total <= 1e-9 * np.abs(right.value).max()


@pytest.mark.parametrize("m", [(0.6, 0.3, 0.74), (0.0, 0.0, 1.0), (1.0, 0.0, 1e-3)])
@pytest.mark.parametrize("h_R", [1e-6, 1e-4, 1e-2])
def test_averages_over_a_needle(h_R: float, m: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """A state let go by h_R alone, of a width h_R²: as sampled angle by angle, within both errors."""
    trap = sc.Interface(name="trap", E_F=1.0, J=0.6, u_m=-1.25, m=m)
    found = exact_flows(Matching(), trap, np.array([h_R]), rtol=1e-6).total
    monkeypatch.setattr(over_k, "LOST", -1.0)
    monkeypatch.setattr(over_k, "ROUNDING", -1.0)
    sampled = exact_flows(Matching(), trap, np.array([h_R]), rtol=1e-6).total
    size = np.abs(found.value).max()
    assert np.all(np.abs(found.value - sampled.value) <= found.error + sampled.error + 1e-15 * size / h_R)
    assert found.total <= max(1e-5, 1e-13 / h_R**2) * np.abs(found.value).max()
