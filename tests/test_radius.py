"""Radius of convergence, why it is what it is, and interfaces where it vanishes."""

from __future__ import annotations

import json

import numpy as np
import pytest

from sotcheck.beyond import radius as exponent_module
from sotcheck.beyond.radius import classify, exponent_data, radius_data, remainders, smallest
from sotcheck.engines import Matching
from sotcheck.errors import EngineError, SystemFileError
from sotcheck.exact.continued import poles_in_h
from sotcheck.numerics.convergence import limit_at_zero, power_law
from sotcheck.numerics.estimate import Estimate
from sotcheck.numerics.quadrature import sample
from sotcheck.numerics.series import radius_from_terms
from sotcheck.system.files import load
from sotcheck.system.interface import Interface
from sotcheck.theory.embedded import embedded_state
from sotcheck.theory.validity import (
    radius_by_k,
    radius_of_convergence,
    transparent_channels,
    transparent_term,
    why_not_expandable,
)

M = (2.0, -1.0, 2.0)
#: Equal bands; minority matched below the majority's edge; majority matched, the minority closing first.
TRANSPARENT = [
    Interface(name="equal-bands", E_F=1.0, J=0.0, u_0=0.5, u_m=0.5, m=M),
    Interface(name="matched-minority", E_F=1.3, U_N=0.5, U_F=0.2, J=0.3, u_0=-0.4, u_m=0.4, m=M),
    Interface(
        name="matched-majority", E_F=1.3, U_N=0.2, U_F=0.5, J=0.3, u_0=0.4, u_m=0.4, m=(-3.0, 1.0, 2.0)
    ),
    Interface(name="no-delta", E_F=1.3, U_N=0.2, U_F=0.5, J=0.3, m=(1.0, 2.0, 0.5)),
]
EMBEDDED = Interface(name="embedded", E_F=1.4, U_N=2.2, U_F=0.5, J=0.6, u_0=-1.0, u_m=-0.1, m=M)


@pytest.mark.parametrize("engine", ["continuum", "kwant"])
def test_poles_of_exact_states(engine: str, any_iface: Interface) -> None:
    """ψ(0) of either engine diverges in complex h_R where 1/ρ of the series says."""
    k, angles = sample(any_iface.thresholds(), 2), np.array([0.4, 1.9])
    exact = np.abs(poles_in_h(engine, any_iface, k, angles)).min(axis=-1)
    np.testing.assert_allclose(exact, radius_by_k(any_iface, k**2, angles), rtol=1e-11)


def test_states_really_diverge_at_a_real_pole() -> None:
    """Independently of any determinant: with N and F closed but one band, ψ(0) grows as 1/|h − h_p|."""
    system = load("topological-insulator")
    k = np.array([1.2247])
    phi = np.arctan2(system.m[1], system.m[0]) + np.pi / 2
    pole = poles_in_h("continuum", system, k, np.array([phi]))[0, 0]
    nearest = pole[np.argmin(np.abs(pole))]
    h = nearest.real + np.array([1e-2, 5e-3])
    psi = np.abs(Matching().solve(system.structure, k, np.array([phi]), h).psi_F).max(axis=(-1, -2))
    distance = np.abs(h - nearest)
    np.testing.assert_allclose(psi[1] / psi[0], distance[0] / distance[1], rtol=0.1)


def test_smallest_is_smallest(any_iface: Interface, rng: np.random.Generator) -> None:
    """No random k_⊥ and angle has a smaller radius, and the check's own estimate is near."""
    rho, x, angle = smallest(any_iface)
    random_x = rng.uniform(0, any_iface.thresholds()[-1], 2000)
    assert rho <= radius_by_k(any_iface, random_x, rng.uniform(0, np.pi, 20)).min() * (1 + 1e-9)
    np.testing.assert_allclose(radius_by_k(any_iface, np.array([x]), np.array([angle])), rho, rtol=1e-9)
    np.testing.assert_allclose(radius_of_convergence(any_iface), rho, rtol=2e-2)


@pytest.mark.parametrize(
    ("system", "kind"),
    [
        (load("ferromagnetic-insulator"), "grazing incidence"),
        (load("interface-magnetism"), "grazing incidence"),
        (load("topological-insulator"), "band edge"),
        (load("bulk-magnetism"), "band edge"),
        # Almost a state of the majority in a range that has no channel of the other spin.
        (Interface(name="r", E_F=1.0, U_N=2.0, U_F=0.4, J=0.8, u_0=-0.8, u_m=-0.6, m=M), "resonance"),
        (EMBEDDED, "interface state"),
        (TRANSPARENT[0], "transparent channel"),
    ],
    ids=lambda value: value.name if isinstance(value, Interface) else value,
)
def test_why(system: Interface, kind: str) -> None:
    found = classify(system)
    assert found["kind"] == kind, found
    assert found["vanishes"] == (kind in ("interface state", "transparent channel"))
    assert f"{found['k_perp']:.4g}" in found["why"]


def test_embedded_states_are_those_of_appendix_c(rng: np.random.Generator) -> None:
    """The theory's condition against the root search on the matching matrix, on random interfaces."""
    from sotcheck.bound.thresholds import interface_states

    hits = 0
    for _ in range(300):
        U_N, U_F, J, u_0, u_m = rng.uniform((-0.5, -0.5, 0, -2, -1), (3, 1.5, 1, 0.5, 1))
        try:
            system = Interface(name="random", E_F=1.0, U_N=U_N, U_F=U_F, J=J, u_0=u_0, u_m=u_m)
        except SystemFileError:
            continue
        want = {state.spin for state in interface_states(system) if state.inside_continuum}
        assert want == ({"minority"} if embedded_state(system) else set()), system
        hits += len(want)
    assert hits > 10


def test_radius_from_known_terms() -> None:
    """One singularity in h² (Domb and Sykes), a complex pair (Mercer and Roberts), and too few terms."""
    j = np.arange(21)
    binomial = np.cumprod(np.concatenate([[1.0], -(0.5 - j[:-1]) / (j[:-1] + 1)]))
    one = radius_from_terms(binomial / 4.0**j, 1.8)
    assert one is not None
    assert one.method == "ratio"
    assert abs(one.radius.value - 2) < one.radius.total + 1e-3
    pair = radius_from_terms(2.0 / np.sqrt(j + 1.0) * 0.25**j * np.cos(0.7 * j), 1.8)
    assert pair is not None
    assert abs(pair.radius.value - 2) < max(pair.radius.total, 0.1)
    assert radius_from_terms(binomial[:5], 1.0) is None


def test_radius_data() -> None:
    data = radius_data(load("ferromagnetic-insulator"))
    assert json.loads(json.dumps(data, allow_nan=False)) == data
    assert max(data["tried"]["worst"].values()) < 1e-11
    assert set(data["tried"]["worst"]) == {"continuum", "kwant"}
    # The sum converges far beyond the radius by k_⊥, and its error is small enough to say so.
    found = data["sum"]["normal"]
    assert found["radius"] - found["error"] > 1.5 * data["smallest"]["radius"]
    assert np.array(data["map"]).shape == (len(data["k_perp"]), len(data["angle"]))


def test_transparent_channels_are_all_found(rng: np.random.Generator) -> None:
    """Ĝ vanishes at no threshold but where matched wave vectors meet no delta; a near miss is none."""
    for system in TRANSPARENT:
        (channel,) = transparent_channels(system)
        assert why_not_expandable(system)
        x = np.array([channel.k_perp2 * (1 - 1e-12)])
        assert radius_by_k(system, x, np.linspace(0, 3, 7)).min() < 1e-4
        near = system.with_(u_0=system.u_0 + 1e-3)
        assert transparent_channels(near) == []
        assert radius_by_k(near, x, np.linspace(0, 3, 7)).min() > 1e-4
        assert transparent_channels(system.with_(U_F=system.U_F + 1e-6)) == []
    # Nothing magnetic: both spins transparent, no torque, nothing to warn of.
    assert transparent_channels(Interface(name="nothing", E_F=1.0, J=0.0)) == []


@pytest.mark.parametrize("system", [TRANSPARENT[0], TRANSPARENT[2]], ids=lambda s: s.name)
def test_true_exponent_and_coefficient(system: Interface) -> None:
    """First order leaves ~ h_R², coefficient included, where the transparent spin takes part; else h_R³."""
    data = exponent_data(system)
    assert data is not None
    json.dumps(data, allow_nan=False)
    for source, row in data["sources"].items():
        expected = 3 if source == "minority" else 2
        assert row["expected_exponent"] == expected
        assert abs(row["exponent"] - expected) < row["exponent_error"]
        assert row["exponent_error"] < 0.05
        if expected == 2:
            assert abs(row["ratio"] - 1) < row["ratio_error"] < 0.03
            assert abs(row["ratio"] - 1) < 1e-3


@pytest.mark.slow
@pytest.mark.parametrize("system", [TRANSPARENT[1], TRANSPARENT[3]], ids=lambda s: s.name)
def test_true_exponents_of_the_others(system: Interface) -> None:
    data = exponent_data(system)
    assert data is not None
    measured = {s: row for s, row in data["sources"].items() if row["measured"]}
    assert set(measured) >= {"normal", data["spin"]}
    for row in measured.values():
        assert abs(row["exponent"] - row["expected_exponent"]) < row["exponent_error"] < 0.06
        if row["ratio"] is not None:
            assert abs(row["ratio"] - 1) < 1e-3
    unmeasured = {s for s, row in data["sources"].items() if not row["measured"]}
    assert unmeasured == ({"majority"} if system.name == "matched-minority" else set())


@pytest.mark.slow
def test_out_of_plane_there_is_a_logarithm_or_nothing() -> None:
    """m ∥ z: third order, with a logarithm where the other spin is open at grazing incidence."""
    plain = exponent_data(TRANSPARENT[0].with_(m=(0, 0, 1)))
    logarithmic = exponent_data(TRANSPARENT[1].with_(m=(0, 0, 1)))
    assert plain is not None
    assert logarithmic is not None
    for data, log in ((plain, False), (logarithmic, True)):
        for row in data["sources"].values():
            if row["measured"]:
                assert row["logarithm"] is log
                assert abs(row["exponent"] - 3) < row["exponent_error"]
    # Without the logarithm in the model the slopes of the second miss 3 by far.
    rest = np.array(logarithmic["sources"]["normal"]["remainder"])
    assert np.all(np.log2(rest[:-1] / rest[1:]) < 2.8)


def test_transparent_term_symmetries() -> None:
    """None without an in-plane m, nor along y; it is transverse to m and turns over with the spin."""
    equal = TRANSPARENT[0]
    assert np.all(transparent_term(equal.with_(m=(0, 0, 1))) == 0)
    assert np.abs(transparent_term(equal.with_(m=(0, 1, 0)))).max() < 1e-17
    term = transparent_term(equal)
    assert np.abs(term @ equal.direction).max() < 1e-17
    assert np.all(term[2] == 0)
    other = transparent_term(equal.with_(u_m=-0.5))
    np.testing.assert_allclose(other[[0, 2]], -term[[0, 1]])
    # The other spin's barrier drops out.
    np.testing.assert_allclose(transparent_term(equal.with_(u_0=2.0, u_m=2.0)), term)
    assert np.all(transparent_term(load("bulk-magnetism")) == 0)


def test_the_angular_average_in_closed_form() -> None:
    """⟨cos φ |c| n⟩ against a fine mean over angles."""
    system = TRANSPARENT[2]
    phi = 2 * np.pi * (np.arange(200000) + 0.5) / 200000
    n = np.stack([np.sin(phi), -np.cos(phi), 0 * phi], axis=-1)
    average = (np.cos(phi) * np.abs(n @ system.direction))[:, None] * n
    (channel,) = transparent_channels(system)
    want = (
        -channel.sign * channel.k_perp2**1.5 / (32 * np.pi) * np.cross(system.direction, average.mean(axis=0))
    )
    np.testing.assert_allclose(transparent_term(system)[0], want, rtol=1e-8)


def test_a_wrong_coefficient_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    """Five percent off, and the measured ratio no longer is one."""
    monkeypatch.setattr(exponent_module, "transparent_term", lambda iface: 1.05 * transparent_term(iface))
    data = exponent_data(TRANSPARENT[0])
    assert data is not None
    row = data["sources"]["normal"]
    assert abs(row["ratio"] - 1) > row["ratio_error"]


def test_remainders_refuse_ordinary_interfaces() -> None:
    with pytest.raises(EngineError, match="no transparent spin channel"):
        remainders(load("bulk-magnetism"), np.array([0.1]))
    assert exponent_data(load("bulk-magnetism")) is None


def test_power_law_and_limit() -> None:
    h = 0.1 * 0.5 ** np.arange(6)

    def known(values: np.ndarray, error: float) -> Estimate:
        return Estimate(values[:, None] * [1.0, -2.0, 0.5], {"quadrature": (error, "made up")})

    plain = power_law(known(h**2.5 * (1 + h), 1e-16))
    assert abs(plain.value - 2.5) < plain.total < 0.02
    log = power_law(known(h**3 * (np.log(h) - 2 + h), 1e-16), logarithm=True)
    assert abs(log.value - 3) < log.total < 0.05
    assert power_law(known(np.full(6, 1e-9), 1e-8)).total == np.inf
    limit = limit_at_zero(h, Estimate(2 + h * (3 - np.log(h))))
    assert abs(limit.value - 2) < 1e-12
    assert limit.total < 1e-12
