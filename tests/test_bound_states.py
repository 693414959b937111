"""Interface states: count, energies and threshold against cases solved by hand."""

from __future__ import annotations

import numpy as np
import pytest

from sotcheck.bound.fermi import Occurrence, occurrence
from sotcheck.bound.matching import matching_matrix
from sotcheck.bound.thresholds import interface_states
from sotcheck.engines.stack import outgoing
from sotcheck.numerics.arrays import Array
from sotcheck.system.interface import Interface, rashba
from sotcheck.system.spin import in_spin_bands


def plain(**values: object) -> Interface:
    return Interface(name="case", **{"E_F": 1.0, "J": 0.0, "m": (2.0, -1.0, 2.0)} | values)


def up_to(k_max: float, iface: Interface, h_R: float) -> Occurrence:
    """What h_R binds where the largest k_⊥ of an occupied state is k_max."""
    return occurrence(iface.with_(E_F=k_max**2 + min(iface.U_N, iface.U_F - iface.J)), h_R)


@pytest.mark.parametrize("k_perp", [0.0, 0.7, 3.0])
@pytest.mark.parametrize("u_0", [-0.5, -2.0])
def test_attractive_delta(u_0: float, k_perp: float) -> None:
    """J = 0: 2q = −u_0, a state at k² − u_0²/4 for every k_⊥ and both spins, and no other zero."""
    iface = plain(u_0=u_0)
    energy = k_perp**2 - u_0**2 / 4
    values = np.linalg.eigvalsh(matching_matrix(iface, np.array(energy), k_perp, 0.3, 0.0))
    assert np.abs(values).max() <= 1e-14
    above = np.linalg.eigvalsh(matching_matrix(iface, np.array(energy + 1e-3), k_perp, 0.3, 0.0))
    below = np.linalg.eigvalsh(matching_matrix(iface, np.array(energy - 1e-3), k_perp, 0.3, 0.0))
    assert np.all(above < 0)
    assert np.all(below > 0)
    # At the bottom of the continuum q = 0, so that the eigenvalue is u_0 itself.
    assert up_to(k_perp or 1.0, iface, 0.0).lowest == pytest.approx(u_0, abs=1e-14)


def test_repulsive_delta_binds_nothing() -> None:
    assert up_to(2.0, plain(u_0=0.4), 0.0).lowest == pytest.approx(0.4, abs=1e-14)
    assert interface_states(plain(u_0=0.4)) == []


def test_attractive_exchange_binds_one_spin() -> None:
    """u_m σ·m: minority feels u_0 + u_m, majority u_0 − u_m."""
    (state,) = interface_states(plain(u_0=0.2, u_m=0.7))
    assert state.spin == "majority"
    assert state.k_perp2 == pytest.approx(1.0 + 0.25**2, rel=1e-13)  # 2√(k² − E_F) = 0.5
    assert not state.inside_continuum
    (state,) = interface_states(plain(u_0=0.2, u_m=-0.7))
    assert state.spin == "minority"


def test_added_states() -> None:
    """Those of the interface itself do not count: J = 0, u_0 = −0.5 binds both spins, no other."""
    assert up_to(1.3, plain(u_0=-0.5), 0.3).added == 0
    assert up_to(1.3, plain(u_0=0.2), 0.3).added == 1
    assert up_to(1.3, plain(u_0=0.5), 0.3).added == 0


@pytest.mark.parametrize("J", [0.3, 1.0])
def test_in_plane_threshold(J: float) -> None:
    """No barriers, m ∥ k×ẑ: a bound state as soon as |h_R| k_⊥ > √J."""
    iface = plain(J=J, m=(1.0, 0.0, 0.0))
    k_perp = 1.3
    critical = np.sqrt(J) / k_perp
    below = up_to(k_perp, iface, 0.999 * critical)
    above = up_to(k_perp, iface, 1.001 * critical)
    assert 0 < below.lowest < 0.01
    assert -0.01 < above.lowest < 0
    assert above.k_perp == pytest.approx(k_perp, rel=1e-14)
    assert (below.added, above.added) == (0, 1)
    # σ·m = −1 (majority) is attracted where k×ẑ = (k_y, −k_x, 0) is along +m = x: k along +y.
    assert np.cos(above.angle) == pytest.approx(0.0, abs=1e-12)
    assert np.sin(above.angle) == pytest.approx(1.0)
    # The opposite sign of h_R binds at the opposite k.
    opposite = up_to(k_perp, iface, -1.001 * critical)
    assert opposite.lowest == pytest.approx(above.lowest, rel=1e-12)
    assert np.sin(opposite.angle) == pytest.approx(-1.0)


def test_m_out_of_plane_needs_more_rashba() -> None:
    """m ∥ z: q_N + (q_↑ + q_↓)/2 ± √(((q_↓ − q_↑)/2)² + (h_R k)²), by hand."""
    J, k_perp, h_R = 1.0, 1.3, 0.9
    iface = plain(J=J, m=(0.0, 0.0, 1.0))
    q_N, q_minority, q_majority = np.sqrt(J), np.sqrt(2 * J), 0.0
    mean, half = q_N + (q_minority + q_majority) / 2, (q_minority - q_majority) / 2
    expected = mean - np.hypot(half, h_R * k_perp)
    assert up_to(k_perp, iface, h_R).lowest == pytest.approx(expected, rel=1e-13)
    assert expected > up_to(k_perp, iface.with_(m=(1.0, 0.0, 0.0)), h_R).lowest


def test_matching_matrix_is_the_scattering_problems() -> None:
    """q_N + Q̂_F + κ̂ is −(iK̂ + ik − κ̂) continued to imaginary k, K: a bound state is a pole of ψ(0)."""
    iface = plain(u_0=-0.8, u_m=0.2, J=0.3)
    k_perp, angle, h_R = 0.6, 0.4, 0.5
    bottom = k_perp**2 - 0.3
    for energy in (bottom - 0.05, bottom - 1.0):
        k = outgoing(np.array(energy - k_perp**2))
        K = outgoing(energy - k_perp**2 - np.array([0.3, -0.3]))
        kappa = iface.kappa_0() + h_R * rashba(np.array(k_perp), np.array(angle))
        matching = 1j * in_spin_bands(K, iface.direction) + 1j * k * np.eye(2) - kappa
        found = matching_matrix(iface, np.array(energy), k_perp, angle, h_R)
        assert np.abs(found + matching).max() <= 1e-15 * 10
    # The number of negative eigenvalues at the bottom is the number of zeros of the determinant below it.
    energies = bottom - np.geomspace(1e-9, 2.0, 4001)
    determinant = np.linalg.det(matching_matrix(iface, energies, k_perp, angle, h_R)).real
    zeros = np.count_nonzero(np.diff(np.sign(determinant)))
    at_bottom = np.linalg.eigvalsh(matching_matrix(iface, np.array(bottom), k_perp, angle, h_R))
    assert zeros == np.count_nonzero(at_bottom < 0) == 1


def test_smallest_eigenvalue_is_concave_in_k() -> None:
    """At the bottom of the continuum the matrix is affine in k_⊥, so its smallest eigenvalue is concave."""
    iface = plain(J=0.7, u_0=0.1, u_m=-0.4)
    k = np.linspace(0.0, 2.0, 41)
    for h_R in (0.3, 1.5):
        for angle in np.linspace(0, 2 * np.pi, 13):
            lowest = np.linalg.eigvalsh(matching_matrix(iface, k**2 - 0.7, k, angle, h_R))[:, 0]
            assert np.all(np.diff(lowest, 2) <= 1e-13)
            assert np.all(lowest >= min(lowest[0], lowest[-1]) - 1e-13)


def test_lowest_eigenvalue_is_the_lowest(any_iface: Interface, rng: np.random.Generator) -> None:
    """No k_⊥ below the limit and no angle has a smaller one; some come close."""
    k_max = any_iface.thresholds()[-1] ** 0.5
    bottom = min(any_iface.U_N, any_iface.U_F - any_iface.J)
    for h_R in (0.05, 0.8, -1.7):
        occurring = occurrence(any_iface, h_R)
        lowest, k_found, angle_found = occurring.lowest, occurring.k_perp, occurring.angle
        k = np.concatenate([k_max * rng.random(3000), np.full(3000, k_max)])
        angle = 2 * np.pi * rng.random(6000)
        found = np.linalg.eigvalsh(matching_matrix(any_iface, k**2 + bottom, k, angle, h_R))[:, 0]
        assert lowest <= found.min() + 1e-12
        assert found.min() <= lowest + 0.01
        at = matching_matrix(any_iface, np.array(k_found**2 + bottom), k_found, angle_found, h_R)
        assert np.linalg.eigvalsh(at)[0] == pytest.approx(lowest, abs=1e-13)


def brute_force(iface: Interface, sign: float) -> Array:
    """Zeros of q_N + q_s + u_s in k_⊥² at E_F by sign changes on a fine grid."""
    strength = iface.u_0 + sign * iface.u_m
    edges = (iface.E_F - iface.U_N, iface.E_F - iface.U_F - sign * iface.J)
    start = max(*edges, 0.0)
    x = start + np.linspace(0.0, strength**2 + 1.0, 200001)
    values = sum(np.sqrt((x - edge).clip(min=0)) for edge in edges) + strength
    (i,) = np.nonzero((values[:-1] < 0) & (values[1:] >= 0))
    return (x[i] + x[i + 1]) / 2


@pytest.mark.parametrize("u_0", [-1.5, -0.6, 0.0, 0.5])
@pytest.mark.parametrize("u_m", [-0.8, 0.0, 0.25, 0.9])
@pytest.mark.parametrize(("U_N", "U_F", "J"), [(0.0, 0.0, 0.0), (0.6, -0.2, 0.3), (2.0, 0.0, 0.9)])
def test_interface_states_solve_their_equation(
    u_0: float, u_m: float, U_N: float, U_F: float, J: float
) -> None:
    """Every root of q_N + q_s + u_s = 0 at E_F, none invented, each a null vector of the matching matrix."""
    iface = plain(u_0=u_0, u_m=u_m, U_N=U_N, U_F=U_F, J=J)
    found = interface_states(iface)
    for spin, sign in (("minority", 1.0), ("majority", -1.0)):
        expected = brute_force(iface, sign)
        roots = [state.k_perp2 for state in found if state.spin == spin]
        assert len(roots) == len(expected)
        assert np.allclose(roots, expected, atol=1e-4)
    last = iface.thresholds()[-1]
    for state in found:
        assert state.inside_continuum == (state.k_perp2 < last)
        sign = 1.0 if state.spin == "minority" else -1.0
        residual = (
            np.sqrt(state.k_perp2 - iface.E_F + U_N)
            + np.sqrt(state.k_perp2 - iface.E_F + U_F + sign * J)
            + u_0
            + sign * u_m
        )
        # √ near its own edge turns the root's rounding of 1e-15 into 3e-8 at worst; here edges are distinct.
        assert abs(residual) <= 1e-7


def test_state_inside_the_other_spins_continuum() -> None:
    """E_F = 1.1, minority bound at k_⊥² = 1.180625 while the majority propagates up to 1.6: by hand."""
    iface = Interface(name="trap", E_F=1.1, U_N=0.6, U_F=-0.2, J=0.3, u_0=-1.5, u_m=0.25)
    (state,) = [s for s in interface_states(iface) if s.inside_continuum]
    assert state.spin == "minority"
    # q_N = √0.680625 = 0.825, q_↓ = √0.180625 = 0.425, together 1.25 = −(u_0 + u_m).
    assert state.k_perp2 == pytest.approx(1.180625, rel=1e-14)
