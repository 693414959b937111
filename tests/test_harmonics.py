"""Angular harmonics: the basis, what symmetry forbids, covariance, growth with h_R, experiments' form."""

from __future__ import annotations

import numpy as np
import pytest
from conftest import GENERIC

from sotcheck.beyond.harmonics import (
    DEGREES,
    chain_checks,
    coefficients,
    experimental,
    forbidden,
    harmonics_data,
    meridian,
    torque_towards,
)
from sotcheck.engines import KwantChain, Matching
from sotcheck.exact.observables import torque_from_flows
from sotcheck.numerics.estimate import Estimate
from sotcheck.numerics.sphere import (
    Azimuth,
    Directions,
    gradient,
    harmonics,
    product_rule,
    profile,
    project,
    turned,
)
from sotcheck.papers.kim2017.section4 import by_source
from sotcheck.system.files import load_bare
from sotcheck.system.interface import Interface
from sotcheck.theory.sums import first_order_torque

Y = np.array([0.0, 1.0, 0.0])


def test_first_harmonics_are_the_two_torques() -> None:
    """∇f_1 = m×(ŷ×m) and m×∇f_1 = m×ŷ."""
    at = product_rule(4, 7)
    field = gradient(1, 1, "sin", at)
    assert np.allclose(np.einsum("na,nai->ni", field, at.axes), np.cross(at.m, np.cross(Y, at.m)), atol=1e-15)
    assert np.allclose(np.einsum("na,nai->ni", turned(field), at.axes), np.cross(at.m, Y), atol=1e-15)


def test_gradient_is_the_gradient() -> None:
    """Against differences of f = sin^Mθ P_l^(M)(cosθ) trig(Mφ), up to one factor for each (l, M)."""
    rng = np.random.default_rng(1)
    theta, phi = np.arccos(rng.uniform(-0.9, 0.9, 20)), rng.uniform(0, 2 * np.pi, 20)
    step = 1e-5
    for degree, order, azimuth in ((2, 1, "cos"), (3, 2, "sin"), (4, 0, "cos"), (4, 3, "cos")):
        p = (
            np.polynomial.Legendre.basis(degree).deriv(order)
            if order
            else np.polynomial.Legendre.basis(degree)
        )
        turn = np.cos if azimuth == "cos" else np.sin

        def f(t: np.ndarray, u: np.ndarray, p=p, order=order, turn=turn) -> np.ndarray:  # type: ignore[no-untyped-def]
            return np.sin(t) ** order * p(np.cos(t)) * turn(order * u)

        along = (f(theta + step, phi) - f(theta - step, phi)) / (2 * step)
        across = (f(theta, phi + step) - f(theta, phi - step)) / (2 * step) / np.sin(theta)
        numeric = np.stack([along, across], axis=-1)
        exact = gradient(degree, order, azimuth, Directions(theta, phi, np.ones(20)))  # type: ignore[arg-type]
        factor = (numeric * exact).sum() / (exact**2).sum()
        assert np.abs(numeric - factor * exact).max() < 1e-8 * np.abs(numeric).max()


def test_harmonics_are_orthogonal() -> None:
    """Each field has its own coefficient and no other, both families, all orders."""
    at = product_rule(8, 12)
    names = list(harmonics(5, 5))
    assert len(names) == 3 + 5 + 7 + 9 + 11
    for one in names:
        field = np.einsum("na,nai->ni", turned(gradient(*one, at)), at.axes)
        for other in names:
            expected = [0.0, 1.0] if one == other else [0.0, 0.0]
            assert project(field, at, *other) == pytest.approx(expected, abs=1e-12)


def test_experimental_form_is_the_same_field() -> None:
    """A_2j, B_2j and the harmonics describe one torque, components along e_θ and e_φ alike."""
    rng = np.random.default_rng(2)
    F, D = rng.normal(size=(2, len(DEGREES)))
    at = product_rule(5, 9)
    t = sum(
        d * gradient(int(n), 1, "sin", at) + f * turned(gradient(int(n), 1, "sin", at))
        for f, d, n in zip(F, D, DEGREES, strict=True)
    )
    form = experimental(np.stack([F, D]))
    s, c = np.sin(at.theta), np.cos(at.theta)
    cos, sin = np.cos(at.phi), np.sin(at.phi)
    expected = np.zeros((len(s), 2))
    for j, (A, B) in enumerate(zip(form["A"], form["B"], strict=True)):
        power = s ** (2 * j)
        expected[:, 0] += power * (B * (2 * j + 1) * c * sin - A * cos)
        expected[:, 1] += power * (B * cos + A * (2 * j + 1) * c * sin)
    assert np.abs(t - expected).max() < 1e-12 * np.abs(expected).max()


@pytest.mark.parametrize("name", ["generic", "topological-insulator", "interface-magnetism"])
def test_forbidden_parts_are_zero(name: str) -> None:
    """To rounding by rotations and mirrors; to the quadrature error by spin rotations."""
    iface = GENERIC[name] if name in GENERIC else load_bare(name)
    found = forbidden(iface)
    assert found["rotations around z"] < 1e-13
    assert found["mirrors"] < 1e-13
    assert found["spin rotations"] < 1e-11 + found["quadrature"]


def test_forbidden_can_fail(monkeypatch: pytest.MonkeyPatch) -> None:
    """A field that breaks each symmetry is seen in the place that is named for it."""
    rest: dict[str, tuple[int, int, Azimuth]] = {
        "rotations around z": (2, 2, "sin"),
        "mirrors": (2, 1, "sin"),
        "spin rotations": (2, 1, "cos"),
    }

    for kind, harmonic in rest.items():

        def faulty(iface, directions, h_R, *, rtol, harmonic=harmonic):  # type: ignore[no-untyped-def]
            at = Directions(
                np.arccos(directions[:, 2]),
                np.arctan2(directions[:, 1], directions[:, 0]),
                np.ones(len(directions)),
            )
            degree, order, azimuth = harmonic
            field = gradient(1, 1, "sin", at) + 1e-3 * gradient(degree, order, azimuth, at)
            t = np.einsum("na,nai->ni", field, at.axes)
            return Estimate(np.broadcast_to(t[:, None, None], (len(t), 1, 3, 3)))

        monkeypatch.setattr("sotcheck.beyond.harmonics.torque_towards", faulty)
        found = forbidden(load_bare("bulk-magnetism"))
        assert found[kind] == pytest.approx(1e-3, rel=0.01)
        assert all(found[other] < 1e-12 for other in rest if other != kind)


def test_spin_flows_depend_on_the_angle_between_m_and_n_alone() -> None:
    """[flow (3) + flow (4)]_⊥ = G′(c) n_⊥ + H′(c) m×n at one k_⊥: the same G′, H′ for any m and n."""
    rng = np.random.default_rng(3)
    k_perp, h, c = np.array([0.6]), np.array([0.7]), 0.35
    for engine in (Matching(), KwantChain()):
        found = []
        for angle in rng.uniform(0, 2 * np.pi, 3):
            n = np.array([np.sin(angle), -np.cos(angle), 0.0])
            side = np.cross(n, rng.normal(size=3))
            m = c * n + np.sqrt(1 - c**2) * side / np.linalg.norm(side)
            iface = GENERIC["generic"].with_(m=m.tolist())
            t = torque_from_flows(engine.flows(iface.structure, k_perp, np.array([angle]), h)[0, 0], m)
            found.append([t @ n / (1 - c**2), t @ np.cross(m, n) / (1 - c**2)])
        assert np.abs(found[0]).max() > 1e-3
        assert np.abs(np.array(found) - found[0]).max() < 1e-11


def test_rotating_field_and_magnetization_together() -> None:
    """m at azimuth φ is m at 0 seen from a field at −φ: two field directions give every azimuth."""
    iface, theta, turn, h = GENERIC["generic"], 1.1, 0.8, np.array([0.3])
    at = Directions(np.full(3, theta), np.array([0.0, np.pi / 2, turn]), np.ones(3))
    t = torque_towards(iface, at.m, h, rtol=1e-9).value[:, 0]
    # Seen from m at azimuth φ, the field x is x cos φ − y sin φ, and −y is what m at 90° sees.
    local = at.tangent(t)
    assert np.abs(local[2] - np.cos(turn) * local[0] - np.sin(turn) * local[1]).max() < 1e-8 * np.abs(t).max()


def test_coefficients_from_one_meridian_and_from_the_sphere() -> None:
    """Two routes: symmetry used for all it is worth, and not at all; elsewhere the field is what they say."""
    iface, h = GENERIC["generic"], np.array([0.25])
    one = meridian()
    on_meridian = coefficients(torque_towards(iface, one.m, h, rtol=1e-9).value, one)[..., 0, :]
    at = product_rule(8, 4)
    t = torque_towards(iface, at.m, h, rtol=1e-9).value[:, 0]
    size = np.abs(on_meridian).max()
    for i, degree in enumerate(DEGREES[:3]):
        both = project(t, at, int(degree), 1, "sin")[::-1]
        assert np.abs(both - on_meridian[:, i]).max() < 1e-7 * size
    there = Directions(np.array([0.4]), np.array([2.0]), np.ones(1))
    exact = there.tangent(torque_towards(iface, there.m, h, rtol=1e-9).value[:, 0])[0]
    F, D = on_meridian
    fields = [gradient(int(n), 1, "sin", there)[0] for n in DEGREES]
    summed = sum(np.outer(D[i], f) + np.outer(F[i], turned(f)) for i, f in enumerate(fields))
    assert np.abs(summed - exact).max() < 1e-6 * size


def test_small_h_R_leaves_the_first_order_torque() -> None:
    """D_1 and F_1 per h_R tend to first order, the same for every m; higher ones vanish with h_R^(l−1)."""
    iface = GENERIC["generic"]
    one, h = meridian(), np.array([4e-3, 2e-3])
    found = coefficients(torque_towards(iface, one.m, h, rtol=1e-10).value, one)
    expected = first_order_torque(iface, by_source, rtol=1e-10).total.parts.value.T
    error = np.abs(found[:, 0] - expected[:, None]).max(axis=(0, 2))
    assert error[1] < 1e-4 * np.abs(expected).max()
    assert error[0] / error[1] == pytest.approx(4, rel=0.02)
    third = np.abs(found[:, 1]).max(axis=(0, 2))
    assert third[0] / third[1] == pytest.approx(4, rel=0.02)


@pytest.mark.parametrize("name", ["ferromagnetic-insulator", "bulk-magnetism"])
def test_data_is_complete(name: str) -> None:
    """Exponents are l within their errors, sources those that are open, JSON without NaN."""
    import json

    iface = load_bare(name)
    data = harmonics_data(iface, (0.04, 0.08, 0.16))
    json.dumps(data, allow_nan=False)
    rows = [row for part in data["sources"].values() for row in part["exponents"]]
    assert any(row["degree"] == 3 for row in rows)
    for row in rows:
        assert row["exponent"] == pytest.approx(row["degree"], abs=max(3 * row["error"], 0.01))
        assert row["error"] < 0.5
    for check in data["kwant"]:
        assert check["difference"] < 1e-10


def test_kwant_checks_can_fail(monkeypatch: pytest.MonkeyPatch) -> None:
    """A wrong lattice spacing scheme is seen."""
    monkeypatch.setattr("sotcheck.beyond.harmonics.CHAIN", KwantChain("finite-difference", 0.2))
    assert max(row["difference"] for row in chain_checks(load_bare("ferromagnetic-insulator"))) > 1e-6


def test_profile_is_one_at_the_pole() -> None:
    assert [profile(int(n), np.array([0.0]))[0] for n in DEGREES] == pytest.approx([1.0] * len(DEGREES))


def test_own_m_is_not_used() -> None:
    iface: Interface = load_bare("ferromagnetic-insulator")
    one = meridian(2)
    both = [
        torque_towards(iface.with_(m=m, h_R=h), one.m, np.array([0.2]), rtol=1e-6).value
        for m, h in (((0.0, 0.0, 1.0), 0.1), ((1.0, 2.0, 3.0), 0.7))
    ]
    assert np.array_equal(both[0], both[1])
