"""Interface states: count, energies and threshold against cases solved by hand."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from conftest import interface, matching_matrix

from sotcheck.bound.fermi import Occurrence, occurrence
from sotcheck.bound.states import bottom
from sotcheck.bound.thresholds import interface_states
from sotcheck.engines.stack import outgoing
from sotcheck.numerics.arrays import Array
from sotcheck.system.interface import Interface, rashba
from sotcheck.system.spin import in_spin_bands


def up_to(k_max: float, iface: Interface, h_R: float) -> Occurrence:
    """What h_R binds where the largest k_⊥ of an occupied state is k_max."""
    return occurrence(iface.with_(E_F=k_max**2 + min(iface.U_N, iface.U_F - iface.J)), h_R)


@pytest.mark.parametrize(
    ("u_0", "h_R", "added"),
    [(-0.5, 0.0, 0), (0.4, 0.0, 0), (-0.5, 0.3, 0), (0.2, 0.3, 1), (0.5, 0.3, 0), (0.2, -0.3, 1)],
)
def test_without_exchange(u_0: float, h_R: float, added: int) -> None:
    """At the bottom q = 0: u_0 − |h_R| k_⊥ is left; states of the interface itself are not added ones."""
    found = up_to(1.3, interface(u_0=u_0), h_R)
    assert found.lowest == pytest.approx(u_0 - 1.3 * abs(h_R), abs=1e-14)
    assert (found.added, found.alone) == (added, 2 * (u_0 < 0))


@pytest.mark.parametrize("sign", [1, -1])
@pytest.mark.parametrize("J", [0.3, 1.0])
def test_in_plane_threshold(J: float, sign: int) -> None:
    """No barriers, m ∥ k×ẑ: a bound state as soon as |h_R| k_⊥ > √J, at opposite k for opposite h_R."""
    iface, k_perp = interface(J=J, m=(1.0, 0.0, 0.0)), 1.3
    below, above = (up_to(k_perp, iface, sign * part * np.sqrt(J) / k_perp) for part in (0.999, 1.001))
    assert -0.01 < above.lowest < 0 < below.lowest < 0.01
    assert (below.added, above.added) == (0, 1)
    # σ·m = −1 (majority) is attracted where h_R k×ẑ = h_R (k_y, −k_x, 0) is along +m = x.
    k = above.k_perp * np.array([np.cos(above.angle), np.sin(above.angle)])
    assert k == pytest.approx([0.0, sign * k_perp], abs=1e-12)


def test_m_out_of_plane_needs_more_rashba() -> None:
    """m ∥ z: q_N + (q_↑ + q_↓)/2 ± √(((q_↓ − q_↑)/2)² + (h_R k)²), by hand."""
    J, k_perp, h_R = 1.0, 1.3, 0.9
    iface = interface(J=J, m=(0.0, 0.0, 1.0))
    half = np.sqrt(2 * J) / 2  # q_↑ = 0
    expected = np.sqrt(J) + half - np.hypot(half, h_R * k_perp)
    assert up_to(k_perp, iface, h_R).lowest == pytest.approx(expected, rel=1e-13)
    assert expected > up_to(k_perp, iface.with_(m=(1.0, 0.0, 0.0)), h_R).lowest


def test_matching_matrix_is_the_scattering_problems() -> None:
    """q_N + Q̂_F + κ̂ is −(iK̂ + ik − κ̂) continued to imaginary k, K: a bound state is a pole of ψ(0)."""
    iface = interface(u_0=-0.8, u_m=0.2, J=0.3)
    k_perp, angle, h_R = 0.6, 0.4, 0.5
    lowest = k_perp**2 - 0.3
    for energy in (lowest - 0.05, lowest - 1.0):
        k = outgoing(np.array(energy - k_perp**2))
        K = outgoing(energy - k_perp**2 - np.array([0.3, -0.3]))
        kappa = iface.kappa_0() + h_R * rashba(np.array(k_perp), np.array(angle))
        matching = 1j * in_spin_bands(K, iface.direction) + 1j * k * np.eye(2) - kappa
        found = matching_matrix(iface, np.array(energy), k_perp, angle, h_R)
        assert np.abs(found + matching).max() <= 1e-14
    # The number of negative eigenvalues at the bottom is the number of zeros of the determinant below it.
    energies = lowest - np.geomspace(1e-9, 2.0, 4001)
    determinant = np.linalg.det(matching_matrix(iface, energies, k_perp, angle, h_R)).real
    zeros = np.count_nonzero(np.diff(np.sign(determinant)))
    at_bottom = np.linalg.eigvalsh(matching_matrix(iface, np.array(lowest), k_perp, angle, h_R))
    assert zeros == np.count_nonzero(at_bottom < 0) == 1


def lowest_eigenvalue(iface: Interface, k_perp: Array, angle: Array | float, h_R: float) -> Array:
    """The smaller eigenvalue of the matching matrix at the bottom of the continuum."""
    return np.linalg.eigvalsh(matching_matrix(iface, bottom(iface, k_perp), k_perp, angle, h_R))[..., 0]


@pytest.mark.parametrize("h_R", [0.3, 1.5])
def test_smallest_eigenvalue_is_concave_in_k(h_R: float) -> None:
    """At the bottom of the continuum the matrix is affine in k_⊥, so its smallest eigenvalue is concave."""
    angle = np.linspace(0, 2 * np.pi, 13)[:, None]
    lowest = lowest_eigenvalue(interface(J=0.7, u_0=0.1, u_m=-0.4), np.linspace(0.0, 2.0, 41), angle, h_R)
    assert np.all(np.diff(lowest, 2) <= 1e-13)


def test_lowest_eigenvalue_is_the_lowest(any_iface: Interface, rng: np.random.Generator) -> None:
    """No k_⊥ below the limit and no angle has a smaller one; some come close."""
    k_max = any_iface.thresholds()[-1] ** 0.5
    for h_R in (0.05, 0.8, -1.7):
        found = occurrence(any_iface, h_R)
        k = np.concatenate([k_max * rng.random(3000), np.full(3000, k_max)])
        some = lowest_eigenvalue(any_iface, k, 2 * np.pi * rng.random(6000), h_R)
        assert found.lowest - 1e-12 <= some.min() <= found.lowest + 0.01
        at = lowest_eigenvalue(any_iface, np.array(found.k_perp), found.angle, h_R)
        assert float(at) == pytest.approx(found.lowest, abs=1e-13)


def matched(iface: Interface, spin: str, k_perp2: Array | float) -> Array:
    """q_N + q_s + u_s at E_F: zero at a state of this spin."""
    sign = 1.0 if spin == "minority" else -1.0
    edges = np.array([iface.U_N, iface.U_F + sign * iface.J]) - iface.E_F
    return np.sqrt(np.add.outer(edges, k_perp2).clip(min=0)).sum(axis=0) + iface.u_0 + sign * iface.u_m


@pytest.mark.parametrize("u_0", [-1.5, -0.6, 0.0, 0.5])
@pytest.mark.parametrize("u_m", [-0.8, 0.0, 0.25, 0.9])
@pytest.mark.parametrize(("U_N", "U_F", "J"), [(0.0, 0.0, 0.0), (0.6, -0.2, 0.3), (2.0, 0.0, 0.9)])
def test_interface_states_solve_their_equation(
    u_0: float, u_m: float, U_N: float, U_F: float, J: float
) -> None:
    """Every root of q_N + q_s + u_s = 0 at E_F by sign changes on a fine grid, none invented."""
    iface = interface(u_0=u_0, u_m=u_m, U_N=U_N, U_F=U_F, J=J)
    for spin, sign in (("minority", 1.0), ("majority", -1.0)):
        roots = [state.k_perp2 for state in interface_states(iface) if state.spin == spin]
        start = max(1.0 - U_N, 1.0 - U_F - sign * J, 0.0)
        x = start + np.linspace(0.0, (u_0 + sign * u_m) ** 2 + 1.0, 200001)
        i = np.flatnonzero(np.diff(matched(iface, spin, x) >= 0))
        assert np.shape(roots) == np.shape(i)
        np.testing.assert_allclose(roots, (x[i] + x[i + 1]) / 2, atol=1e-4)
        # √ near its own edge turns the root's rounding of 1e-15 into 3e-8 at worst; here edges are distinct.
        assert np.abs(matched(iface, spin, np.array(roots))).max(initial=0) <= 1e-7


TRAP = {"E_F": 1.1, "U_N": 0.6, "U_F": -0.2, "J": 0.3, "u_0": -1.5, "u_m": 0.25}


@pytest.mark.parametrize(
    ("values", "spin", "k_perp2", "inside"),
    [
        # u_m σ·m: minority feels u_0 + u_m, majority u_0 − u_m; 2√(k² − E_F) = 0.5.
        ({"u_0": 0.2, "u_m": 0.7}, "majority", 1.0625, False),
        ({"u_0": 0.2, "u_m": -0.7}, "minority", 1.0625, False),
        # q_N = √0.680625 = 0.825, q_↓ = √0.180625 = 0.425, together 1.25 = −(u_0 + u_m), while the majority
        # propagates up to 1.6 and has a state beyond.
        (TRAP, "minority", 1.180625, True),
    ],
)
def test_interface_states_by_hand(values: dict[str, Any], spin: str, k_perp2: float, inside: bool) -> None:
    (state,) = [one for one in interface_states(interface(**values)) if one.spin == spin]
    assert state.k_perp2 == pytest.approx(k_perp2, rel=1e-13)
    assert state.inside_continuum == inside
    others = [one for one in interface_states(interface(**values)) if one.spin != spin]
    assert [one.inside_continuum for one in others] == [False] * inside
