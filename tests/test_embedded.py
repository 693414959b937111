"""States of the minority inside the majority's continuum: poles, widths, missing torque, warnings."""

from __future__ import annotations

import itertools
import json

import numpy as np
import pytest
from numpy.typing import ArrayLike

from sotcheck.beyond.warnings import warnings
from sotcheck.bound.thresholds import interface_states
from sotcheck.engines import KwantChain, Matching
from sotcheck.engines.poles import (
    EmbeddedStates,
    Segment,
    along_m,
    determinant,
    embedded_states,
    poles,
    resonances_at_fermi_energy,
    wave_number,
    x_of,
)
from sotcheck.engines.stack import outgoing
from sotcheck.errors import SystemFileError
from sotcheck.exact.observables import components, exact_flows, torque_from_flows
from sotcheck.numerics.arrays import Array, Complex, Index
from sotcheck.numerics.convergence import observed_order, richardson
from sotcheck.numerics.zeros import parameter, zeros_near
from sotcheck.system.files import builtin_systems, load_bare
from sotcheck.system.interface import SOURCES, Interface, rashba
from sotcheck.system.spin import in_spin_bands
from sotcheck.theory.embedded import embedded_state, missing_lattice, missing_torque
from sotcheck.theory.first_order import torque_vector
from sotcheck.theory.sums import first_order_torque
from sotcheck.trial.check import CheckResult
from sotcheck.trial.paper import load as load_paper
from sotcheck.trial.torque import torque

TRAP = Interface(
    name="trap", E_F=1.1, U_N=0.6, U_F=-0.2, J=0.3, u_0=-1.5, u_m=0.25, m=(6.0, -2.0, 3.0), h_R=0.05
)
#: As TRAP, but bound only where h_R m·(k×ẑ) helps.
NEARLY = TRAP.with_(name="nearly", u_0=-0.94)


SYSTEMS = [load_bare(name) for name in builtin_systems("bare")]


def random_interface(rng: np.random.Generator) -> Interface | None:
    x, y, z = rng.normal(size=3)
    try:
        return Interface(
            name="random", E_F=rng.uniform(0.3, 3), U_N=rng.uniform(-1, 3), U_F=rng.uniform(-1, 2),
            J=rng.choice([0.0, rng.uniform(0, 2)]), u_0=rng.uniform(-3, 1),
            u_m=rng.choice([0.0, rng.uniform(-1, 1)]), m=(x, y, z),
        )  # fmt: skip
    except SystemFileError:
        return None


def found_at(iface: Interface, *request: ArrayLike) -> EmbeddedStates:
    """The states at k_⊥, angle and h_R."""
    k_perp, angle, h_R = map(np.asarray, request)
    return embedded_states(iface, k_perp, angle, h_R)


def determinant_of(iface: Interface, segment: Segment, theta: Complex, angle: Array, h_R: Array) -> Complex:
    k, majority, minority = (wave_number(iface.k_perp2_max(s), segment, theta) for s in SOURCES)
    w = h_R * np.sqrt(x_of(segment, theta))
    return determinant(iface, k, (minority, majority), w + 0j, along_m(iface, angle))


# ------------------------------------------------------------------------------------------- zeros and poles


def test_zeros_of_known_functions() -> None:
    """Each function's own zeros in the ellipse: simple, double, none; those outside are not reported."""
    inside = [[0.2 + 0.1j, 0.7 - 1e-9j], [0.5 + 0j, 0.5 + 0j], []]

    def f(z: Complex, rows: Index) -> Complex:
        ends = np.array([pair or (3.0, 3.0) for pair in inside])[rows]
        return np.exp(z) * (z - ends[:, :1]) * (z - ends[:, 1:]) * (z - 5j)

    found = zeros_near(f, 3, 0.0, 1.0, 1.6)
    for row, expected in zip(found, inside, strict=True):
        some = row[np.isfinite(row)]
        assert len(some) == len(set(expected))
        for zero in expected:
            assert np.abs(some - zero).min() <= (1e-13 if len(set(expected)) == 2 else 1e-7)
    assert parameter(0.0, 1.0, np.array([0.3 + 0j]))[0] == pytest.approx(1.0)
    assert parameter(0.0, 2.0, np.array([3.0 + 0j]))[0] == pytest.approx(2 + np.sqrt(3))


def test_determinant_is_that_of_the_matching_matrix(any_iface: Interface) -> None:
    """On the real axis: det(iK̂ + ik − κ̂) with the engine's own wave numbers, in every range."""
    theta, angle, h_R = np.linspace(0.1, 1.5, 7) + 0j, np.full(7, 0.7), np.array(0.3)
    for segment in itertools.pairwise(any_iface.thresholds()):
        x = x_of(segment, theta).real
        k, K = outgoing(any_iface.kz_squared(x)), outgoing(any_iface.Kz_squared(x))
        kappa = any_iface.kappa_0() + h_R * rashba(np.sqrt(x), angle)
        matrix = 1j * (in_spin_bands(K, any_iface.direction) + k[:, None, None] * np.eye(2)) - kappa
        found = determinant_of(any_iface, segment, theta, angle, h_R)
        assert np.abs(found - np.linalg.det(matrix)).max() <= 1e-13


def test_poles_of_random_interfaces(rng: np.random.Generator) -> None:
    """As many as the argument principle counts, each a zero; no bound state at h_R = 0 is missed."""
    tried = found_states = 0
    while tried < 150:
        iface = random_interface(rng)
        if iface is None:
            continue
        tried += 1
        angle, h_R = rng.uniform(0, 2 * np.pi, 5), np.array([0.0, 1e-3, 0.05, 0.4, 1.5])
        for segment in itertools.pairwise(iface.thresholds()):
            if segment[1] - segment[0] < 1e-6:
                continue
            theta = poles(iface, segment, angle, h_R)
            numbers = [wave_number(iface.k_perp2_max(source), segment, theta) for source in SOURCES]
            w2 = np.abs(h_R[:, None] ** 2 * x_of(segment, theta))
            size = 1 + sum(np.abs(n) for n in numbers) ** 2 + w2 + iface.u_0**2 + iface.u_m**2
            off = determinant_of(iface, segment, theta, angle[:, None], h_R[:, None])
            residual = np.abs(off) / size
            # Left of θ = 0 the sign of √x, which is analytic in θ where x₁ = 0, is another.
            assert not np.any(residual[theta.real > 0] > 1e-9)
        for state in interface_states(iface):
            if state.inside_continuum:
                x = resonances_at_fermi_energy(iface, angle[:1], np.array([0.0]))
                assert np.nanmin(np.abs(x - state.k_perp2)) <= 1e-9
                found_states += 1
    assert found_states >= 3


def test_finite_difference_poles_converge() -> None:
    """The chain's own poles: off by O(a²), as everything else on that lattice."""
    segment = (1.0, 1.6)
    exact = poles(TRAP, segment, np.array(0.4), np.array(0.1))[0]
    off = [abs(poles(TRAP, segment, np.array(0.4), np.array(0.1), spacing=a)[0] - exact) for a in (0.2, 0.1)]
    assert off[0] / off[1] == pytest.approx(4.0, rel=0.05)


# ----------------------------------------------------------------------------------- states at any energy


def test_embedded_states_by_hand() -> None:
    """Without h_R at the k_⊥ of the state at E_F: E_F itself, truly bound, all minority."""
    state = found_at(TRAP, np.sqrt(1.180625), 0.3, 0.0)
    assert state.kind == "bound"
    assert [state.width, state.energy, state.minority] == pytest.approx([0.0, 1.1, 1.0], abs=1e-12)


def test_width_is_h_R_squared_times_sine_squared() -> None:
    """Γ → 4 h_R² k_⊥² sin²χ K_↑/[(1/q_N + 1/q_↓)|D_↑|²], and corrections are O(h_R)."""
    k_perp = np.sqrt(1.180625)
    angle = np.array([0.1, 0.9, 2.0, 3.3, 5.0])
    q_N, q_minority, K = 0.825, 0.425, np.sqrt(1.6 - 1.180625)
    D = 1j * K - q_N + 1.5 + 0.25
    sine2 = 1 - along_m(TRAP, angle) ** 2
    rule = 4 * k_perp**2 * sine2 * K / abs(D) ** 2 / (1 / q_N + 1 / q_minority)
    h_R = 0.02 * 0.5 ** np.arange(5)
    # Even part in h_R, from the opposite angle, so that corrections are O(h_R²).
    width = [found_at(TRAP, k_perp, angle + turn, h_R[:, None]).width for turn in (0, np.pi)]
    measured = (width[0] + width[1]) / 2 / h_R[:, None] ** 2
    fit = richardson(measured, (2, 4, 6, 8))
    assert np.abs(fit.value / rule - 1).max() <= 1e-6


def test_spin_conserved_is_bound() -> None:
    """m ∥ k×ẑ: no width at any h_R; a small angle off, sin² of it."""
    iface = TRAP.with_(m=(1.0, 0.0, 0.0))
    found = found_at(iface, 1.05, np.pi / 2 + np.array([0.0, 1e-3, 2e-3]), 0.1)
    assert found.kind.tolist() == ["bound", "resonance", "resonance"]
    assert found.width[0] == 0.0
    assert found.width[2] / found.width[1] == pytest.approx(4.0, rel=1e-3)
    assert np.all(np.isfinite(found.energy))
    # No state without attraction or exchange.
    for other in (TRAP.with_(u_0=0.3), TRAP.with_(J=0.0), load_bare("bulk-magnetism")):
        found = found_at(other, [0.3, 1.0], 0.2, 0.1)
        assert found.kind.tolist() == ["none", "none"]
        assert np.all(np.isnan(found.energy))


# ----------------------------------------------------------------------------------------- the missing torque


def test_embedded_state_of_theory_and_of_exact_numerics(rng: np.random.Generator) -> None:
    """The closed form finds what the search finds: at most one, always the minority."""
    yes = 0
    for _ in range(3000):
        iface = random_interface(rng)
        if iface is None:
            continue
        exact = [s for s in interface_states(iface) if s.inside_continuum]
        ours = embedded_state(iface)
        assert (ours is not None) == bool(exact), iface
        if ours is not None:
            assert [s.spin for s in exact] == ["minority"]
            assert ours.k_perp2 == pytest.approx(exact[0].k_perp2, rel=1e-7)
            assert iface.kz_squared(np.array(ours.k_perp2)) < 0
            yes += 1
    assert yes > 50


MORE = {
    "trap": TRAP,
    "high N": Interface(name="high-N", E_F=1.0, U_N=2.1, J=1.1, u_0=-1.4, m=(2.0, -1.0, 2.0)),
    "exchange alone": Interface(name="um", E_F=1.2, U_N=0.9, J=0.8, u_m=-1.2, m=(0.3, 0.5, -0.8)),
    "out of plane": TRAP.with_(m=(0.0, 0.0, 1.0)),
    "in plane": TRAP.with_(m=(0.8, 0.6, 0.0)),
}


@pytest.mark.parametrize("name", MORE)
def test_first_order_and_missing_torque_are_the_limit(name: str) -> None:
    """Exact t/h_R → (16) + the state's term, h_R² after that; (16) alone is off by it."""
    iface = MORE[name]
    state = embedded_state(iface)
    assert state is not None
    rungs = min(0.05, state.reach / 8) * 0.5 ** np.arange(4)
    found = exact_flows(Matching(), iface, rungs, rtol=1e-11)
    values = torque_from_flows(found.total.value, iface.direction)
    formula = first_order_torque(iface, load_paper().first_order.torque, rtol=1e-12).total.value
    limit = torque_vector(formula + missing_torque(iface), iface.direction)
    fit = richardson(values, (2, 4, 6))
    scale = np.abs(limit).max()
    assert np.abs(fit.value - limit).max() <= 1e-8 * scale
    assert np.abs(fit.value - torque_vector(formula, iface.direction)).max() > 1e-3 * scale
    rest = np.linalg.norm(values - limit, axis=-1)
    slope = observed_order(rest[:, 1], 4 * found.total.error[:, 1].max(axis=(-1, -2)))
    assert slope.total < 0.05
    assert 1 + slope.value == pytest.approx(3.0, abs=0.01 + slope.total)


def test_missing_torque_by_hand() -> None:
    """−(k_0²/4π) q q_↓/(q + q_↓) = −1.180625 · 0.2805/4π: fieldlike, of the majority alone."""
    expected = -1.180625 / (4 * np.pi) * 0.825 * 0.425 / 1.25
    assert missing_torque(TRAP) == pytest.approx([0, expected, 0], rel=1e-13)
    t = missing_lattice(TRAP)[1]
    assert components(t, TRAP.direction) == pytest.approx((expected, 0.0), abs=1e-15)
    assert not any(missing_torque(iface).any() for iface in SYSTEMS)


def test_kwant_integrates_the_resonance() -> None:
    """The lattice's sum through a resonance of width 1e-4, in a second or two, as the continuum's."""
    h_R = np.array([0.02])
    exact = exact_flows(Matching(), TRAP, h_R, rtol=1e-8)
    lattice = exact_flows(KwantChain(), TRAP, h_R, rtol=1e-5)
    scale = np.abs(exact.total.value).max()
    off = np.abs(lattice.total.value - exact.total.value)
    assert np.all(off <= exact.total.error + lattice.total.error + 1e-9 * scale)
    assert off.max() <= 1e-5 * scale


@pytest.mark.parametrize("h_R", [1e-4, 1e-3, 0.02, 0.3])
def test_a_resonance_costs_little(h_R: float) -> None:
    """No more than a few dozen nodes a range whatever the width, h_R², and no error beyond the estimate."""
    coarse, fine = (exact_flows(Matching(), TRAP, np.array([h_R]), rtol=rtol) for rtol in (1e-4, 1e-10))
    assert coarse.nodes <= 3 * 72
    assert np.all(np.abs(coarse.total.value - fine.total.value) <= coarse.total.error + fine.total.error)
    # Rounding of k_⊥² over the width, 0.1 h_R² and less at some angles, is what no rule gets below.
    assert fine.total.total <= max(1e-9, 2e-14 / h_R**2) * np.abs(fine.total.value).max()


def test_a_state_that_only_rashba_binds_is_integrated() -> None:
    """NEARLY has no state without h_R: at finite h_R the sum still meets resonances, at some angles."""
    assert embedded_state(NEARLY) is None
    h_R = np.array([0.1])
    assert np.isfinite(resonances_at_fermi_energy(NEARLY, np.linspace(0, 6, 13), h_R).real).any()
    coarse, fine = (exact_flows(Matching(), NEARLY, h_R, rtol=rtol) for rtol in (1e-3, 1e-6))
    assert np.all(np.abs(coarse.total.value - fine.total.value) <= coarse.total.error + fine.total.error)


# ------------------------------------------------------------------------------------------------- warnings


def test_warnings_name_the_state() -> None:
    bound, found = warnings(TRAP, [0.05])
    assert "which the interface binds by itself" in bound
    assert "minority interface state" in found
    assert f"{missing_torque(TRAP)[1].real:.4g}" in found
    (bound,) = warnings(NEARLY)
    assert "binds states at E_F by itself" in bound
    *more, found = warnings(NEARLY, [1e-4, 0.1])
    assert all("bound to the interface lie at E_F" in words for words in more)
    assert "h_R = 0.1 an interface state lies at E_F inside" in found
    (found,) = warnings(Interface(name="glass", E_F=1.0, J=0.0, u_0=0.5, u_m=0.5))
    assert "majority channel is transparent" in found
    # None without reason.
    assert not any(warnings(iface, [0.01, 0.05, 0.2]) for iface in SYSTEMS)


def test_warnings_are_shown_and_written() -> None:
    table = torque(TRAP, "continuum", tolerance=1e-4)
    assert table.warnings == tuple(warnings(TRAP, [TRAP.h_R]))
    for shown in (table, CheckResult(TRAP, (), "", table.warnings)):
        assert json.loads(shown.to_json())["warnings"] == list(table.warnings)
        assert "Warning: a minority interface state" in str(shown)


def test_pole_upon_the_end_of_a_range() -> None:
    """U_N = E_F, J = E_F: nothing but the majority propagates, and the minority's pole lies at k_⊥ = 0."""
    iface = Interface(name="end", E_F=1.0, U_N=1.0, J=1.0, m=(0.0, 0.0, 1.0))
    both = iface, iface.with_(U_N=1.0 + 1e-7)
    found, nearby = (exact_flows(Matching(), one, np.array([0.05]), rtol=1e-9) for one in both)
    size = np.abs(found.total.value).max()
    assert found.total.total <= 1e-8 * size
    assert np.abs(found.total.value - nearby.total.value).max() <= 1e-4 * size
