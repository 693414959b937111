"""Bound states by three routes: matching, Kwant's self-energies, scattering states alone."""

from __future__ import annotations

import json
import time
from typing import Any

import numpy as np
import pytest
from conftest import interface, matching_matrix
from scipy.optimize import brentq

from sotcheck.bound import agreement as agreement_module
from sotcheck.bound import missing_weight as weight_module
from sotcheck.bound.agreement import agreement, compare_phases, compare_weights, random_cases, spot_check
from sotcheck.bound.kwant_states import Problems, Side, bound_states
from sotcheck.bound.levinson import levinson
from sotcheck.bound.missing_weight import missing_weight
from sotcheck.bound.states import bottom, bound, decay_constants
from sotcheck.engines import EXACT
from sotcheck.errors import EngineError, LatticeError
from sotcheck.numerics.arrays import Array, Complex
from sotcheck.numerics.convergence import observed_order
from sotcheck.system.interface import Interface
from sotcheck.system.spin import PAULI, dot_sigma, projectors

SEED = 20170915
#: Two states over much of the plane, every parameter in use.
GENERIC = interface(E_F=4.0, U_N=0.2, U_F=-0.3, J=0.7, u_0=-4.0, u_m=0.3)
#: k_⊥, angle, h_R at which it binds two.
THERE = (0.9, 0.4, 0.5)


def plain(**values: Any) -> Interface:
    return interface(E_F=4.0, **values)


def points(n: int) -> tuple[Array, Array, Array]:
    rng = np.random.default_rng(SEED)
    return rng.uniform(0, 2, n), rng.uniform(0, 2 * np.pi, n), rng.uniform(-1.5, 1.5, n)


def across(angle: float) -> Array:
    """The unit vector along k×ẑ."""
    return np.array([np.sin(angle), -np.cos(angle), 0.0])


# (a) the continuum


@pytest.mark.parametrize("u_0", [-1e-6, -0.5, -3.0])
def test_any_attractive_delta_binds_both_spins_without_exchange(u_0: float) -> None:
    """J = 0: 2q = −u_0, two states at k_⊥² − u_0²/4 with opposite spins and |ψ(0)|² = q."""
    found = bound(plain(u_0=u_0), np.array([0.0, 0.7]), 0.3, 0.0)
    assert np.array_equal(found.count, [2, 2])
    assert np.allclose(found.p, -u_0 / 2, rtol=1e-15)
    assert np.allclose(found.energy, [[-(u_0**2) / 4] * 2, [0.49 - u_0**2 / 4] * 2], rtol=1e-14)
    assert np.allclose(np.sum(np.abs(found.psi) ** 2, axis=-2), -u_0 / 2, rtol=1e-14)
    assert np.allclose(found.spin.sum(axis=-2), 0, atol=1e-14)
    assert np.allclose(np.linalg.norm(found.spin, axis=-1), 1, rtol=1e-14)


@pytest.mark.parametrize("h_R", [1e-9, -1e-3, 0.8])
def test_rashba_alone_binds_one_spin_without_exchange(h_R: float) -> None:
    """J = 0, no barrier: 2q = |h_R| k_⊥ for the spin against h_R k×ẑ, at any h_R; a barrier prevents it."""
    found = bound(plain(), 0.7, 1.1, h_R)
    assert found.count == 1
    assert found.p[0] == pytest.approx(abs(h_R) * 0.7 / 2, rel=1e-14)
    assert np.allclose(found.spin[0], -np.sign(h_R) * across(1.1), atol=1e-14)
    assert np.isnan(found.energy[1])
    assert np.all(np.isnan(found.psi[:, 1]))
    assert bound(plain(u_0=0.7), 0.7, 1.1, h_R).count == 0


def test_states_solve_the_matching_problem() -> None:
    """(q_N + Q̂_F + κ̂)ψ = 0 at energies below the continuum, ascending, as many as negative eigenvalues."""
    k_perp, angle, h_R = points(300)
    counts: set[int] = set()
    for iface in (GENERIC, GENERIC.with_(u_0=-0.6, U_N=-0.5), GENERIC.with_(J=0.0, u_m=0.0)):
        found = bound(iface, k_perp, angle, h_R)
        counts |= set(found.count.tolist())
        at_bottom = np.linalg.eigvalsh(matching_matrix(iface, bottom(iface, k_perp), k_perp, angle, h_R))
        assert np.allclose(found.at_bottom, at_bottom, atol=1e-13)
        assert np.array_equal(found.count, np.count_nonzero(at_bottom < 0, axis=-1))
        for state in (0, 1):
            there = found.count > state
            where = (k_perp[there], angle[there], h_R[there])
            matrix = matching_matrix(iface, found.energy[there, state], *where)
            residual = np.einsum("nij,nj->ni", matrix, found.psi[there][..., state])
            assert np.abs(residual).max(initial=0) <= 1e-12
            assert np.all(found.energy[there, state] < bottom(iface, where[0]))
        both = found.count == 2
        assert np.all(found.energy[both, 0] <= found.energy[both, 1])
    assert counts == {0, 1, 2}


@pytest.mark.parametrize("state", [0, 1])
def test_normalisation_and_spin_by_quadrature(state: int) -> None:
    """∫|ψ|² dz = 1 and ∫ψ†σψ dz, of waves that decay by each spin's own constant on either side."""
    found = bound(GENERIC, *THERE)
    u, w = np.polynomial.legendre.leggauss(400)
    depth, weight = 20 / found.p[state] * (u + 1), w * 20 / found.p[state]
    left = np.exp(-found.q_N[state] * depth)[:, None] * found.psi[:, state]
    bands = projectors(GENERIC.direction) @ found.psi[:, state]
    right = np.einsum("zs,si->zi", np.exp(-depth[:, None] * found.q_F[state]), bands)
    norm = sum(weight @ np.sum(np.abs(side) ** 2, axis=1) for side in (left, right))
    assert norm == pytest.approx(1, rel=1e-9)
    spin = sum(np.einsum("z,zi,kij,zj->k", weight, side.conj(), PAULI, side).real for side in (left, right))
    assert np.allclose(spin, found.spin[state], atol=1e-9)
    assert np.linalg.norm(spin) < 1 - 1e-4, "a state whose spin turns is not fully polarised"


@pytest.mark.parametrize("state", [0, 1])
def test_energies_follow_hellmann_and_feynman(state: int) -> None:
    """∂E/∂u_0 = |ψ(0)|², ∂E/∂h_R = ψ†σ·(k×ẑ)ψ(0), ∂E/∂U_N = ∫_N|ψ|²: slopes know states."""
    k_perp, angle, h_R = THERE
    found = bound(GENERIC, *THERE)
    psi = found.psi[:, state]

    def slope(name: str, step: float = 1e-4) -> float:
        here = GENERIC.with_(h_R=h_R)
        ends = (here.with_(**{name: getattr(here, name) + by}) for by in (step, -step))
        above, below = (bound(one, k_perp, angle, one.h_R).energy[state] for one in ends)
        return float(above - below) / (2 * step)

    size = np.vdot(psi, psi).real
    assert slope("u_0") == pytest.approx(size, rel=1e-6)
    assert slope("U_N") == pytest.approx(size / (2 * found.q_N[state]), rel=1e-6)
    field = np.vdot(psi, dot_sigma(k_perp * across(angle)) @ psi).real
    assert slope("h_R") == pytest.approx(field, rel=1e-6)


def test_shallow_and_degenerate_states_keep_their_digits() -> None:
    """Just below the bottom the spinor is that of the bottom; with w n = −B m both states have one energy."""
    iface, k_perp, angle = plain(J=0.6, m=(1.0, 0.0, 1.0)), 1.3, 0.4
    w = brentq(lambda w: bound(iface, k_perp, angle, w / k_perp).at_bottom[0], 0.1, 3.0, xtol=1e-15)
    found = bound(iface, k_perp, angle, (w + 1e-7) / k_perp)
    assert 0 < found.p[0] < 1e-6
    _, minority, majority = decay_constants(iface, found.p[0])
    v = (minority - majority) / 2 * iface.direction + (w + 1e-7) * across(angle)
    psi = found.psi[:, 0]
    spin = (psi.conj() @ PAULI @ psi).real / np.vdot(psi, psi).real
    np.testing.assert_allclose(spin, -v / np.linalg.norm(v), atol=1e-14)
    twins = bound(plain(u_0=-3.0, u_m=0.7, m=(1.0, 0.0, 0.0)), 1.0, -np.pi / 2, 0.7)
    assert twins.count == 2
    assert np.ptp(twins.energy) < 1e-15


def test_a_map_is_vectorised() -> None:
    """10⁴ points in well under a second, as one by one; axes broadcast; opposite k is opposite h_R."""
    k_perp, angle, h_R = points(10_000)
    bound(GENERIC, k_perp[:2], angle[:2], h_R[:2])
    start = time.process_time()
    found = bound(GENERIC, k_perp, angle, h_R)
    assert time.process_time() - start < 1.0
    assert bound(GENERIC, k_perp[:3, None], 0.1, h_R[:4]).psi.shape == (3, 4, 2, 2)
    opposite = bound(GENERIC, k_perp, angle + np.pi, -h_R)
    for some in (0, 17, 9_999, slice(None)):
        one = opposite if some == slice(None) else bound(GENERIC, k_perp[some], angle[some], h_R[some])
        assert np.array_equal(one.count, found.count[some])
        assert np.allclose(one.energy, found.energy[some], rtol=1e-13, equal_nan=True)


# (b) the lattice


def test_continuum_and_self_energies_agree() -> None:
    """100 of the 1,000 random problems: the same number of states, energies to 1e-9."""
    result = agreement(n=100, n_c=0, seed=SEED)["self_energies"]
    assert result["points"] == sum(result["states"]) == 100
    assert min(result["states"]) > 0
    assert result["different_counts"] == result["near_threshold"] == 0
    assert result["largest_energy_difference"] <= 1e-12
    assert result["largest_binding_difference"] <= 1e-9


@pytest.mark.parametrize("fault", ["rashba", "exchange", "band", "frame"])
def test_faults_are_caught(fault: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A wrong sign, a lost term, another spin frame in one route: different energies or counts."""
    faulty = {
        "rashba": lambda iface, k, angle, h_R: bound(iface, k, angle, -h_R),
        "exchange": lambda iface, k, angle, h_R: bound(iface.with_(u_m=0.0), k, angle, h_R),
        "band": lambda iface, k, angle, h_R: bound(iface.with_(U_N=iface.U_F), k, angle, h_R),
        "frame": lambda iface, k, angle, h_R: bound(iface, k, angle + 1e-6, h_R),
    }[fault]
    monkeypatch.setattr(agreement_module, "bound", faulty)
    result = agreement(n=30, n_c=0, seed=SEED)["self_energies"]
    assert result["largest_energy_difference"] > 1e-9
    assert fault == "frame" or result["different_counts"] > 0


def test_threshold_is_reported_not_hidden() -> None:
    """On the in-plane threshold itself neither route can tell, and both say so."""
    iface = plain(J=0.64, m=(1.0, 0.0, 0.0))
    result = spot_check(iface, 1.0, np.pi / 2, np.array([0.5, 0.8 + 1e-13, 1.2]))
    assert result["near_threshold"] == 1
    assert result["nearest_threshold"] <= 1e-12
    assert json.dumps(result, allow_nan=False)


def test_spot_check_of_degenerate_interfaces() -> None:
    """J = 0, equal bulks: both states at one energy, and Kwant finds two."""
    result = spot_check(plain(u_0=-0.5), np.array([0.0, 0.5]), 0.2, 0.0)
    assert result["states"] == [0, 0, 2]
    assert result["different_counts"] == 0
    assert result["largest_energy_difference"] <= 1e-13


def whole_lattice(problem: Problems, spacing: float, sites: int) -> Complex:
    """A finite piece of the finite-difference lattice with `sites` sites on either side, as a matrix."""
    (V_N, V_plus, V_minus), m = problem.bands[0], problem.m[0]
    F = np.tensordot([V_plus, V_minus], projectors(m), 1)
    N = V_N * np.eye(2)
    blocks = [N] * sites + [(N + F) / 2 + problem.kappa[0] / spacing] + [F] * sites
    n = len(blocks)
    H = np.kron(2 * np.eye(n) - np.eye(n, k=1) - np.eye(n, k=-1), np.eye(2)) / spacing**2 + 0j
    for i, block in enumerate(blocks):
        H[2 * i : 2 * i + 2, 2 * i : 2 * i + 2] += block + problem.k_perp[0] ** 2 * np.eye(2)
    return H


@pytest.mark.parametrize(
    ("u_0", "u_m", "h_R", "below", "above"),
    [(-4.0, 0.3, 0.5, 2, 0), (4.0, 0.4, 0.9, 0, 2), (0.3, 2.4, -0.6, 1, 1), (0.2, 0.0, 1.9, 1, 1)],
)
def test_inertia_counts_the_eigenvalues_of_a_lattice(
    u_0: float, u_m: float, h_R: float, below: int, above: int
) -> None:
    """Against the diagonalised matrix of a long piece of lattice: counts, energies, weights at z = 0."""
    problem, spacing, sites = Problems.of([GENERIC.with_(u_0=u_0, u_m=u_m)], 1.1, 0.7, h_R), 0.6, 150
    values, vectors = np.linalg.eigh(whole_lattice(problem, spacing, sites))
    lowest, highest = 1.21 + problem.bands.min(), 1.21 + problem.bands.max() + 4 / spacing**2
    outside: dict[Side, Any] = {
        "below": np.flatnonzero(values < lowest),
        "above": np.flatnonzero(values > highest)[::-1],
    }
    for (side, indices), count in zip(outside.items(), (below, above), strict=True):
        found = bound_states(problem, spacing, side)
        assert found.undecided[0] == 0
        assert len(indices) == found.count[0] == count
        assert np.allclose(found.energy[0, :count], values[indices], rtol=1e-9)
        psi = vectors[2 * sites : 2 * sites + 2, indices].T
        assert np.allclose(found.weight[0, :count], psi[:, :, None] * psi[:, None].conj(), atol=1e-8)


def test_finite_differences_converge_with_order_two() -> None:
    """Energies of 20 random problems: slope 2.00, and away from thresholds the same number of states."""
    cases = random_cases(20, SEED)
    ifaces, *numbers = zip(*cases, strict=True)
    problems = Problems.of(ifaces, *map(np.array, numbers))
    exact = np.stack([bound(*case).energy for case in cases])
    ladder = [bound_states(problems, spacing) for spacing in (0.2, 0.1, 0.05)]
    assert all(np.array_equal(rung.count, np.isfinite(exact).sum(axis=-1)) for rung in ladder)
    errors = np.stack([np.nanmax(np.abs(rung.energy - exact)) for rung in ladder])
    slope = observed_order(errors, np.full(3, 1e-11))
    assert slope.value == pytest.approx(2.0, abs=0.02)


def test_sides_and_spacings_are_checked() -> None:
    with pytest.raises(EngineError, match="give a spacing > 0"):
        bound_states(Problems.of([GENERIC], 1.0, 0.0, 0.1), side="above")
    with pytest.raises(LatticeError, match="use a spacing below"):
        missing_weight(GENERIC, 1.0, 0.0, 0.1, spacing=3.0)


# (c) the continuum of scattering states alone


def test_missing_weight_is_that_of_the_bound_states() -> None:
    """States below and above the lattice's bands, both found and weighed by (b)."""
    result = compare_weights(random_cases(6, SEED)[4:])
    assert result["disagree"] == result["unresolved"] == result["different_counts"] == 0
    assert result["below"] > 0
    assert result["above"] > 0
    assert result["largest_difference"] <= 1e-6
    assert result["largest_error"] <= 1e-4


def test_a_lost_state_is_missed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Were (b) to overlook the states above the bands, the weight would not fit."""
    forgetful = lambda problem, spacing, side: bound_states(problem, spacing)  # noqa: E731
    monkeypatch.setattr(agreement_module, "bound_states", forgetful)
    assert compare_weights([(GENERIC.with_(u_0=2.0), 1.1, 0.7, 0.9)])["disagree"] == 1


#: A state inside the other spin's continuum, on a finite-difference lattice, at k_⊥ and the angle of k.
TRAP = interface(E_F=1.1, U_N=0.6, U_F=-0.2, J=0.3, u_0=-1.6, u_m=0.6, m=(0.0, 0.0, 1.0))
SPACING, AT = 0.5, (0.8, 0.3)


def off(h_R: float, more: Any = 0.0, tolerance: float = 1e-5) -> tuple[float, Any]:
    """How far the missing weight is from that of the states below the bands and more; and the former."""
    found = missing_weight(TRAP, *AT, h_R, SPACING, tolerance)
    below = bound_states(Problems.of([TRAP], *AT, h_R), SPACING)
    assert below.count[0] == 1
    return float(np.abs(found.weight.value - below.weight[0, 0] - more).max()), found


def test_a_state_inside_the_other_spins_continuum_is_missing_when_spin_is_conserved() -> None:
    """h_R = 0: the minority state in the majority's continuum is truly bound, and lacks in the continuum."""
    # Alone, the minority is an interface without exchange at U_F + J and u_0 + u_m.
    alone = TRAP.with_(J=0.0, u_m=0.0, U_F=TRAP.U_F + TRAP.J, u_0=TRAP.u_0 + TRAP.u_m)
    minority = bound_states(Problems.of([alone], *AT, 0.0), SPACING)
    assert minority.energy[0, 0] > 0.64 + TRAP.U_F - TRAP.J
    weight = np.trace(minority.weight[0, 0]).real
    assert weight > 0.1
    difference, missing = off(0.0, weight * projectors(TRAP.direction)[0])
    assert difference <= missing.weight.total + 1e-9 <= 1e-5


@pytest.mark.parametrize("h_R", [0.1, 1e-3])
def test_narrow_resonances_are_found(h_R: float) -> None:
    """With a little h_R it becomes a resonance of width ~ h_R², and its weight returns to the continuum."""
    difference, missing = off(h_R, tolerance=1e-4)
    assert len(missing.resonances) == 1
    assert 0.01 * h_R**2 < missing.resonances[0].width < 10 * h_R**2
    assert difference <= missing.weight.total + 1e-9
    winding = levinson(EXACT["continuum"], TRAP, *AT, h_R)
    assert len(winding.resonances) == 1
    assert winding.count == bound(TRAP, *AT, h_R).count == 1
    assert winding.resolved
    assert abs(winding.number.value - winding.count) < 0.05


def test_a_resonance_too_narrow_is_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of width 1e-14: the phase turns unseen, and the function says so instead of counting a state more.

    Without splits at a resonance the quadrature passes it by: the machinery above is needed.
    """
    assert not levinson(EXACT["continuum"], TRAP, *AT, 1e-7).resolved
    assert off(1e-5, tolerance=1e-3)[0] < 1e-3
    monkeypatch.setattr(weight_module, "resonance", lambda *_: None)
    assert off(1e-5, tolerance=1e-3)[0] > 0.1


@pytest.mark.parametrize(
    ("u_0", "h_R", "number"),
    # Nothing at all: both spins are half bound at the bottom, and count one half each.
    [(0.4, 0.0, 0), (-0.4, 0.0, 2), (0.0, 0.6, 1), (0.1, 0.6, 1), (0.0, 0.0, 1)],
)
def test_levinson_by_hand(u_0: float, h_R: float, number: int) -> None:
    winding = levinson(EXACT["continuum"], plain(u_0=u_0), *AT, h_R)
    assert winding.number.value == pytest.approx(number, abs=0.02)


def test_phases_of_both_engines_count_the_states() -> None:
    cases = [(GENERIC, *THERE), *random_cases(60, SEED + 1)]
    for engine, some in (("continuum", cases), ("kwant", cases[1:2])):
        result = compare_phases(some, EXACT[engine])
        assert result["disagree"] == result["unresolved"] == 0
        assert result["largest_defect"] < 0.05
        assert engine == "kwant" or result["cases"][0]["count"] == 2


@pytest.mark.slow
def test_agreement_in_full() -> None:
    """1,000 problems by (a) and (b), 16 of them by (c), both ways (the report has 50); none left out."""
    result = agreement(n_c=16)
    assert json.dumps(result, allow_nan=False)
    pairs = result["self_energies"]
    assert pairs["points"] == sum(pairs["states"]) == 1000
    assert pairs["different_counts"] == pairs["near_threshold"] == 0
    assert pairs["largest_energy_difference"] <= 1e-9
    for name, tried in (("weight", 16), ("phase", 16), ("phase_kwant", 2)):
        assert result[name]["points"] == len(result[name]["cases"]) == tried
        assert result[name]["disagree"] == result[name]["unresolved"] == 0
    assert result["weight"]["different_counts"] == 0
    assert result["weight"]["resonances"] > 0
    assert result["weight"]["largest_difference"] <= 1e-6
