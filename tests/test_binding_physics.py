"""What bound states mean: thresholds, states at E_F, the ground state, and what they add to the torque."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from conftest import interface, random_interface
from scipy.optimize import brentq

from sotcheck.bound import portrait as report_module
from sotcheck.bound import spin_density as density_module
from sotcheck.bound.agreement import spot_check
from sotcheck.bound.contour import Contour
from sotcheck.bound.fermi import count_at_fermi, first_states, ground_state, limit_of_energy
from sotcheck.bound.portrait import EFFECTS, bound_state_map, embedded_table
from sotcheck.bound.spin_density import bound_density, bound_spin_density, scattering_density
from sotcheck.bound.states import aligned_angles, bottom, bound, decay_constants, k_max, of_cross, of_k
from sotcheck.bound.table import bound_states
from sotcheck.bound.thresholds import (
    bound_without_rashba,
    lowest_strength,
    smallest_strength,
    threshold,
    unperturbed_plane,
)
from sotcheck.engines.poles import along_m
from sotcheck.errors import EngineError
from sotcheck.exact.layers import stiffness
from sotcheck.exact.observables import components
from sotcheck.numerics.arrays import Array, Complex
from sotcheck.pages import publish, svg
from sotcheck.pages.bound_states import write_bound_states
from sotcheck.system.files import load, load_bare
from sotcheck.system.interface import Interface, rashba
from sotcheck.system.spin import PAULI, pauli_vector
from sotcheck.system.structure import Region

ATTRACTIVE = EFFECTS["attractive"]
BULK = load("bulk-magnetism")
#: An arc that encircles, one that meets the continuum, both at once, a pocket of few angles.
CONTOURS = (
    (interface(J=0.5, u_0=-0.3, u_m=0.8, U_N=0.2), -1.5),
    (interface(E_F=1.5, J=1.0), 0.8),
    (interface(J=0.3, u_0=-1.5, u_m=0.4, U_N=0.2, m=(2, -1, 0.3)), 0.8),
)
encircling = pytest.mark.parametrize(("iface", "h_R"), CONTOURS, ids=["encircles", "meets", "both"])


def across(angle: float) -> Array:
    """The unit vector along k×ẑ."""
    return np.array([np.sin(angle), -np.cos(angle), 0.0])


def spin_of(psi: Complex) -> Array:
    """ψ†σψ of a spinor."""
    return np.einsum("i,kij,j->k", psi.conj(), PAULI, psi).real


def test_threshold_is_where_states_appear(rng: np.random.Generator) -> None:
    """At every angle: nothing just below it, a state just above; no angle beats the one said to be best."""
    tried = 0
    for iface in (random_interface(rng) for _ in range(100)):
        angle = rng.uniform(0, 2 * np.pi, 20)
        strength = smallest_strength(iface, along_m(iface, angle))
        if bound_without_rashba(iface):
            assert np.all(strength == 0)
            continue
        tried += 1
        below, above = (bound(iface, 1.0, angle, factor * strength).count for factor in (1 - 1e-9, 1 + 1e-9))
        assert not np.any(below)
        assert np.all(above == 1)
        lowest = float(lowest_strength(iface))
        assert np.all(strength >= lowest * (1 - 1e-14))
        best = smallest_strength(iface, along_m(iface, aligned_angles(iface))).min()
        assert best == pytest.approx(lowest, rel=1e-12)
    assert tried > 20


def test_threshold_in_units_of_the_in_plane_one() -> None:
    """√J exactly for m ∥ k×ẑ; √(1 + √2) and 1 + √2 times that for m ⊥ and antiparallel."""
    in_plane = interface(E_F=1.5, J=0.7, m=(1, 0, 0))
    by_angle = smallest_strength(in_plane, np.array([1.0, 0.0, -1.0])) / np.sqrt(0.7)
    np.testing.assert_allclose(by_angle, [1.0, np.sqrt(1 + np.sqrt(2)), 1 + np.sqrt(2)], rtol=1e-14)
    found = threshold(in_plane)
    assert (found["ratio_to_C5"], found["angle"]) == pytest.approx((1.0, 0.0), rel=1e-14)
    # It is no lower bound where wave vectors are matched.
    assert EFFECTS["matched"].J == 1.0
    assert threshold(EFFECTS["matched"])["strength"] == pytest.approx(0.0, abs=1e-15)


@pytest.mark.parametrize("J", [0.0, 0.1, 1e-4, 1e-8])
def test_small_J_binds_at_small_strength(J: float) -> None:
    """The threshold is a fixed multiple of √J, and zero for J = 0."""
    bulk = interface(J=1.0)
    expected = float(lowest_strength(bulk)) * np.sqrt(J)
    assert float(lowest_strength(bulk.with_(J=J))) == pytest.approx(expected, rel=1e-12, abs=0)
    assert J or np.all(bound(bulk.with_(J=J), 1.0, np.linspace(0, 6, 7), 1e-6).count == 1)


def test_plane_of_barriers() -> None:
    """Three quarters of the plane bind without h_R: u_0 < |u_m|."""
    system = load("interface-magnetism")
    plane = unperturbed_plane(system, n=41)
    u_0, u_m = np.meshgrid(plane["u_0"], plane["u_m"], indexing="ij")
    A, B = plane["own"][0] + u_0, plane["own"][1] + u_m
    states = (A + B < 0).astype(int) + (A - B < 0)
    np.testing.assert_array_equal(states, (u_0 < u_m).astype(int) + (u_0 < -u_m))
    assert plane["fraction"] == pytest.approx([0.25, 0.5, 0.25], abs=0.02)
    for i, j in ((30, 22), (40, 20), (25, 3)):
        found = threshold(system.with_(u_0=plane["u_0"][i], u_m=plane["u_m"][j]))
        assert plane["strength"][i][j] == pytest.approx(found["strength"], abs=1e-6)


def test_first_states_at_fermi_energy(rng: np.random.Generator) -> None:
    """Brute force over k_⊥ and angles finds none below the h_R given, and some above."""
    kinds = set()
    for iface in (random_interface(rng) for _ in range(30)):
        first = first_states(iface)
        kinds.add((first.h_R == 0, first.k_perp is None))
        k = k_max(iface) * np.sort(np.append(np.geomspace(1e-2, 1e4, 2000), 1.0))[:, None]
        factors = (0.99, 1.01) if first.h_R else (0.0,)
        most = [
            count_at_fermi(iface, k, aligned_angles(iface), np.array(first.h_R * by)).max() for by in factors
        ]
        assert most[-1] > 0
        assert not any(most[:-1])
    assert len(kinds) == 3


def test_count_at_fermi_energy_is_that_of_the_energies(rng: np.random.Generator) -> None:
    """Inertia at E_F against the roots themselves, at random points."""
    for iface in (random_interface(rng) for _ in range(50)):
        where = rng.uniform(0, 5, 100), rng.uniform(0, 7, 100), rng.uniform(-2.5, 2.5, 100)
        expected = np.sum(bound(iface, *where).energy <= iface.E_F, axis=-1)
        np.testing.assert_array_equal(count_at_fermi(iface, *where), expected)


def test_ground_state(rng: np.random.Generator) -> None:
    """Never above, and hardly below, the lowest energy on a fine grid."""
    bound_ones = 0
    for iface in (random_interface(rng) for _ in range(15)):
        h_R, k = rng.uniform(-1.8, 1.8), np.linspace(0, 40, 2001)[:, None]
        angles = np.concatenate([aligned_angles(iface), np.linspace(0, 6, 3)])
        brute = np.nanmin(bound(iface, k, angles, h_R).energy, initial=float(bottom(iface, 0.0)))
        found = ground_state(iface, h_R)
        assert found.energy is not None
        # The grid's spacing squared, times a curvature of order one.
        assert brute - 1e-3 <= found.energy <= brute + 1e-12
        bound_ones += found.bound
        if found.bound and found.angle is not None:
            at = bound(iface, found.k_perp or 0.0, found.angle, h_R)
            assert float(np.nanmin(at.energy)) == pytest.approx(found.energy, abs=1e-9)
    assert bound_ones > 3


@pytest.mark.parametrize(("h_R", "slope"), [(1.9, -0.3), (2.0, -0.3), (2.0, 0.3), (2.1, 0.3)])
@pytest.mark.parametrize("u_m", [-0.6, 0.6])
def test_no_ground_state(h_R: float, slope: float, u_m: float) -> None:
    """Far out energies do what the expansion says; |h_R| = 2 is decided by u_0 − |u_m|s."""
    u_0 = abs(u_m) * np.sqrt(0.5) + slope
    iface = interface(U_N=0.2, J=0.4, u_0=u_0, u_m=u_m, m=(3, 4, 5))
    found = ground_state(iface, h_R)
    assert found.exists == (h_R < 2 or (h_R == 2 and slope > 0))
    k = np.array([[1e3], [2e3]])
    energy = np.nanmin(bound(iface, k, aligned_angles(iface), h_R).energy, axis=(-2, -1))
    expected = k[:, 0] ** 2 * (1 - h_R**2 / 4) + h_R * k[:, 0] * slope / 2
    assert np.abs(energy - expected).max() < 2.0
    assert (energy[1] < energy[0]) == (not found.exists)


@pytest.mark.parametrize("u_m", [0.0, 1.0, -1.0])
def test_marginal_case_has_a_limit(u_m: float) -> None:
    """|h_R| = 2 and u_0 = |u_m|s: the energy tends to a number, which the formula gives."""
    iface = interface(E_F=3.0, U_N=0.3, U_F=0.1, J=0.5, u_0=abs(u_m) * 0.6, u_m=u_m, m=(0.6, 0, 0.8))
    limit = limit_of_energy(iface)
    energy = np.nanmin(bound(iface, 1e4, aligned_angles(iface), 2.0).energy)
    assert energy == pytest.approx(limit, abs=1e-3)
    found = ground_state(iface, 2.0)
    assert found.exists
    assert found.energy is not None
    assert found.energy <= min(limit, float(bottom(iface, 0.0))) + 1e-9


@encircling
def test_contour_is_at_the_fermi_energy(iface: Interface, h_R: float) -> None:
    """Energies of `continuum` on its points; the ends meet k_max or lie where k×ẑ is along m."""
    contour = Contour(iface, h_R)
    assert contour.arcs()
    for arc in contour.arcs():
        points = contour.line(arc, 33)
        k, angle = np.hypot(*points.T), np.arctan2(points[:, 1], points[:, 0])
        inside = k > k_max(iface) * (1 + 1e-9)
        energy = bound(iface, k, angle, h_R).energy[inside]
        assert np.nanmin(np.abs(energy - iface.E_F), axis=-1).max() < 1e-9
        if arc.ends[0] == 0:
            assert k.min() == pytest.approx(k_max(iface), rel=1e-12)


def by_brute_force(iface: Interface, h_R: float, n: int = 32) -> Array:
    """Sum over angles of n directions: roots of E_b(k) = E_F from `continuum`, slopes by differences."""

    def energy(k: float, phi: float, state: int) -> float:
        return float(bound(iface, k, phi, h_R).energy[state]) - iface.E_F

    total, d = np.zeros((7, 3)), 1e-5
    k = np.hypot(k_max(iface), np.geomspace(1e-6, 40, 400))
    for phi in 2 * np.pi * (np.arange(n) + 0.5) / n:
        along_k = bound(iface, k, phi, h_R).energy - iface.E_F
        for i, state in np.argwhere(along_k[:-1] * along_k[1:] < 0):
            root = brentq(energy, k[i], k[i + 1], args=(phi, state), xtol=1e-13)
            slope = (energy(root + d, phi, state) - energy(root - d, phi, state)) / (2 * d)
            turn = (energy(root, phi + d, state) - energy(root, phi - d, state)) / (2 * d) / root
            spin = spin_of(bound(iface, root, phi, h_R).psi[:, state])
            lattice = h_R * root * np.cross(across(phi), spin)
            taken = -iface.u_m * np.cross(iface.direction, spin)
            k_x, v_x = root * np.cos(phi), (np.cos(phi) * slope - np.sin(phi) * turn) / 2
            rows = [k_x * spin, k_x * lattice, k_x * lattice, v_x * spin, v_x * lattice, [-1, 0, 0]]
            total -= root / abs(slope) / (2 * np.pi * n) * np.array([*rows, k_x * taken])
    return total


def test_contour_integral_by_brute_force() -> None:
    """All rows, group velocity included, where the trapezoid over angles converges fast: E_F all around."""
    iface, h_R = CONTOURS[0]
    found = bound_density(iface, h_R)
    expected = by_brute_force(iface, h_R)
    np.testing.assert_allclose([part.value for part in found.values()], expected, atol=1e-8)
    assert max(part.total for part in found.values()) < 1e-9


@encircling
def test_exchange_takes_what_the_lattice_adds(iface: Interface, h_R: float) -> None:
    """Torque by ψ(0) and h_R alone, and by −∫J m×ψ†σψ dz − u_m m×ψ†σψ(0)."""
    found = bound_density(iface, h_R)
    size = np.abs(found["torque"].value).max()
    assert size > 1e-5
    np.testing.assert_allclose(found["exchange torque"].value, found["torque"].value, atol=1e-12 * size)


@pytest.mark.parametrize(
    ("iface", "sign"),
    [(ATTRACTIVE, -1.0), (interface(U_N=0.4, J=0.5, u_0=-0.4, u_m=-2.0), 1.0)],
    ids=["majority", "minority"],
)
def test_first_order_in_closed_form(iface: Interface, sign: float) -> None:
    """h_R → 0: fieldlike/h_R = ∓(k_0²/4π) q_N q_s/(q_N + q_s), − for the minority; also away from J = 0."""
    edges = np.array([iface.U_N, iface.U_F + sign * iface.J]) - iface.E_F
    strength = iface.u_0 + sign * iface.u_m
    x = brentq(lambda x: np.sqrt(x + edges).sum() + strength, k_max(iface) ** 2, 20.0, xtol=1e-15)
    q_N, q_s = np.sqrt(x + edges)
    h_R = 1e-4
    found = components(bound_density(iface, h_R)["torque"].value / h_R, iface.direction)
    assert found is not None
    # The next order is h_R².
    assert float(found[0]) == pytest.approx(-sign * x / (4 * np.pi) * q_N * q_s / (q_N + q_s), rel=1e-5)
    assert abs(float(found[1])) < 1e-5 * abs(float(found[0]))


@pytest.mark.parametrize("h_R", [0.01, -0.7, 1.6])
def test_transparent_interface_in_closed_form(h_R: float) -> None:
    """Only the Rashba term: scattering states add up to nothing, bound to −h_R E_F/16π(1 − h_R²/4)² ŷ."""
    iface = EFFECTS["transparent"]
    expected = [0.0, -h_R * iface.E_F / (16 * np.pi * (1 - h_R**2 / 4) ** 2), 0.0]
    np.testing.assert_allclose(bound_density(iface, h_R)["spin"].value, expected, rtol=1e-12, atol=1e-14)
    by_source = scattering_density(iface, h_R).value
    assert np.abs(by_source).max() > 1e-5
    assert np.abs(by_source.sum(axis=0)).max() < 1e-14


@pytest.mark.parametrize(("h_R", "accuracy"), [(1.6, 1e-10), (0.8, 1e-4)])
def test_spin_density_is_along_y_with_bound_states(h_R: float, accuracy: float) -> None:
    """No delta potential, equal relaxation times: s ∥ ŷ, though neither scattering nor bound states' part is.

    At E_F and for k_⊥² < 0 each decay constant, and h_R k_⊥, is −i times a real number: turning the path of
    the k_⊥² integral there leaves nothing but its end at infinity, which is along ŷ. Twice or half the bound
    states' prefactor would show. At 0.8 the contour meets the continuum, where the sum over angles converges
    slowly.
    """
    scattering = scattering_density(BULK, h_R, rtol=1e-11 if accuracy < 1e-6 else 1e-7).value.sum(axis=0)
    bound_part = bound_density(BULK, h_R)["spin"].value
    both = scattering + bound_part
    assert np.abs(bound_part[[0, 2]]).min() > 4e-4
    assert np.abs(both[[0, 2]]).max() < accuracy * np.abs(bound_part[[0, 2]]).max()
    assert abs(both[1]) > 0.01


def test_sum_is_smooth_where_states_appear() -> None:
    """At the threshold both parts have a kink, of opposite signs: weight passes from one to the other."""
    iface, step = interface(E_F=1.5, J=1.0, u_0=0.3, u_m=0.2, m=(0, 0, 1)), 0.01
    h_R = first_states(iface).h_R + step * np.arange(-1, 2)
    scattering = [scattering_density(iface, h).value.sum(axis=0)[1] for h in h_R]
    bound_part = [bound_density(iface, h)["spin"].value[1] for h in h_R]
    kinks = np.diff([scattering, bound_part], 2)[:, 0] / step
    assert np.abs(kinks).min() > 0.02
    assert abs(kinks.sum()) < 0.1 * np.abs(kinks).min()


def test_slowly_closing_lead() -> None:
    """A metal behind a barrier of N: its states at E_F give what bound states give, the better the thicker.

    Their density of states at z = 0 is Im[M⁻¹]/π with the layers' stiffness in M, at k_⊥ where without the
    metal nothing propagates.
    """
    iface = interface(J=0.5, u_0=-0.4, u_m=0.9, m=(0, 0, 1))
    h_R = 0.5
    (arc,) = Contour(iface, h_R).arcs()
    center, q = float(np.hypot(k_max(iface), arc.p[0])), float(decay_constants(iface, arc.p[0])[0])
    expected = bound_density(iface, h_R)["spin"].value[1]
    metal, ferromagnet = iface.structure.regions
    errors = []
    for thickness in (1.0, 2.0, 5.0):
        behind = (replace(metal, thickness=thickness), Region(-20.0))
        # k = center + width · sinh v: dense at the resonance.
        width = np.exp(-2 * q * thickness)
        ends = np.arcsinh(np.array([k_max(iface) - center, 1.0]) * 0.999 / width)
        x, weights = np.polynomial.legendre.leggauss(200)
        v = ends.mean() + np.ptp(ends) / 2 * x
        k, dk = center + width * np.sinh(v), width * np.cosh(v) * np.ptp(ends) / 2 * weights
        matrix = sum(stiffness("continuum", some, iface.E_F, k) for some in (behind, (ferromagnet,)))
        inverse = np.linalg.inv(matrix + iface.kappa_0() + h_R * rashba(k, np.zeros_like(k)))
        spectral = (inverse - inverse.conj().swapaxes(-1, -2)) / (2j * np.pi)
        # m ∥ z: with k along x, times ∫cos²φ dφ = π.
        found = -np.sum(np.pi * k**2 * dk * pauli_vector(spectral.astype(complex)).real[:, 1]) / (
            4 * np.pi**2
        )
        errors.append(abs(float(found / expected) - 1))
    assert errors[0] > errors[1] > errors[2]
    assert errors[2] < 1e-4


def test_no_ratio_where_there_is_none() -> None:
    """Without a ground state, an error or nothing; without a spin-dependent wave number, no spin density."""
    with pytest.raises(EngineError, match="no ground state exists"):
        bound_density(BULK, 2.1)
    found = bound_spin_density(BULK, 2.1)
    assert found["bound"] is None
    assert found["ratio"] == {"spin": None, "torque": None}
    assert bound_spin_density(EFFECTS["transparent"], 0.3)["ratio"]["spin"] is None


@pytest.mark.parametrize("fault", ["stiffness", "norm"])
def test_seeded_faults_are_caught(monkeypatch: pytest.MonkeyPatch, fault: str) -> None:
    """A matching matrix or a norm off by 1 % misses the closed form, or the states' number."""
    iface = EFFECTS["transparent"]
    exact = bound_density(iface, 0.5)
    expected = -0.5 / (16 * np.pi * (1 - 0.25 / 4) ** 2)
    np.testing.assert_allclose(exact["spin"].value[1], expected, rtol=1e-12)
    place: Any = density_module.SpinDensity if fault == "stiffness" else density_module
    right = getattr(place, fault)
    monkeypatch.setattr(place, fault, lambda *args: 1.01 * right(*args))
    found = bound_density(iface, 0.5)
    wrong = "states" if fault == "norm" else "spin"
    off = found[wrong].value / np.where(exact[wrong].value, exact[wrong].value, np.inf)
    assert np.abs(off[off != 0] - 1).max() > 5e-3


def test_result_follows_the_contract() -> None:
    """Rows, angles in degrees of k×ẑ, energies with k_⊥²; the text says what it means."""
    h_R, degrees = np.array([0.8, 1.0]), np.array([0.0, 30.0])
    found = bound_states(BULK, h_R=h_R, k_perp=2.0, angle=degrees, spin_density=False)
    document = json.loads(found.to_json())
    rows = document["bound_states"]
    assert [(row["h_R"], row["angle"]) for row in rows] == [(0.8, 0), (0.8, 30), (1, 0), (1, 30)]
    for row in rows:
        # k×ẑ = (k_y, −k_x): at 30 degrees of it, k is at 120.
        states = bound(BULK, 2.0, np.radians(row["angle"] + 90), row["h_R"])
        assert row["count"] == states.count == len(row["energies"])
        np.testing.assert_allclose(row["energies"], states.energy[: row["count"]], rtol=1e-13)
    assert document["threshold"]["strength"] == pytest.approx(1.1136826284)
    assert document["fermi_energy"]["first_h_R"] == pytest.approx(0.7043547393)
    assert "times the in-plane threshold sqrt(J) = 1" in str(found)
    assert "appear from |h_R| = 0.704355" in str(found)
    assert of_cross(0.3) == pytest.approx(np.degrees(np.arctan2(*across(0.3)[1::-1])) % 360)
    assert of_k(of_cross(0.3)) % (2 * np.pi) == pytest.approx(0.3)
    with pytest.raises(EngineError, match="k_perp = -1"):
        bound_states(BULK, k_perp=-1.0)


def test_spin_density_in_words() -> None:
    """Not small for bulk-magnetism at h_R = 1; nothing at 0.1."""
    text = str(bound_states(BULK, h_R=np.array([0.1, 1.0])))
    assert "At h_R = 0.1 no bound state is at E_F" in text
    assert "times the torque of the scattering states: not small" in text


def test_map_with_kwant() -> None:
    """Points by Kwant's self-energies: as many states, and the same energies."""
    found = bound_state_map(load("topological-insulator"), checks=10)
    assert np.shape(found["radial"]["binding"]) == np.shape(found["angular"]["binding"]) == (60, 60)
    assert (found["kwant"]["points"], found["kwant"]["different_counts"]) == (10, 0)
    assert found["kwant"]["largest_energy_difference"] < 1e-9
    assert spot_check(BULK, 2.0, 0.3, 1.5)["different_counts"] == 0


@pytest.mark.parametrize("name", ["bulk-magnetism", "interface-magnetism"])
def test_borders_of_a_map_are_where_states_appear(name: str) -> None:
    """Smooth, and right to a hundredth of the map: on one side of every border there is a state more."""
    iface = load_bare(name)
    found = bound_state_map(iface, checks=0)
    aligned = aligned_angles(iface)
    counts: dict[str, Any] = {
        "bound": lambda *at: bound(iface, *at).count,
        "at_fermi": partial(count_at_fermi, iface),
    }
    for region, count in counts.items():
        for ring in (ring for polygon in found["radial"][region] for ring in polygon):
            k, h = np.array(ring).T
            inner = (k > 0.15) & (k < 0.98 * k.max()) & (h > 0.05) & (h < 2.45)
            assert inner.sum() > 20
            k, h = k[inner][:, None], h[inner][:, None]
            numbers = [count(k, aligned, h * factor).max(axis=-1) for factor in (0.985, 1.015)]
            sideways = [count(k * factor, aligned, h).max(axis=-1) for factor in (0.985, 1.015)]
            assert np.all((numbers[0] != numbers[1]) | (sideways[0] != sideways[1]))


def test_embedded_states_are_told_apart() -> None:
    """Bound where m ∥ k×ẑ; elsewhere resonances whose width is four times as large at twice the h_R."""
    rows = embedded_table(EFFECTS["embedded"])
    assert [row["kind"] for row in rows[:2]] == ["bound", "bound"]
    for narrow, wide in zip(rows[2::2], rows[3::2], strict=True):
        assert narrow["kind"] == "resonance"
        assert wide["width"] / narrow["width"] == pytest.approx(4.0, rel=0.03)


def test_pages(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Everything from the JSON, self-contained, each interface with its figures."""
    monkeypatch.setattr(report_module, "CURVE_H_R", (0.05, 1.2))
    monkeypatch.setattr(
        report_module, "builtin_systems", lambda kind: ("bulk-magnetism", "interface-magnetism")
    )
    monkeypatch.setattr(publish, "svg", each_kind_once(svg.svg))
    data = report_module.report_data(checks=2, cases=(8, 1))
    index = write_bound_states(data, tmp_path)
    page = index.read_text(encoding="utf-8")
    links = set(re.findall(r"""(?:src|href)=["']?([^"'#\s>]+)""", page))
    assert {"../index.html", "bound-states.json"} <= links
    assert not any(link.startswith("http") for link in links)
    for entry in data["interfaces"]:
        assert f"<section id={entry['name']} " in page
        assert 'aria-label="States below the continuum"' in page
    assert {path.stem for path in (tmp_path / "figures").iterdir()} == {"threshold", "spin-density"}
    assert "0 numbers of states differ" in (tmp_path / "README.md").read_text(encoding="utf-8")
    assert set(EFFECTS) <= {entry["name"] for entry in data["interfaces"]}
    attractive = next(entry for entry in data["interfaces"] if entry["name"] == "attractive")
    assert attractive["fermi_energy"]["first_h_R"] == 0.0


def each_kind_once(svg: Any) -> Any:
    """Let each function draw a whole SVG once, which takes most of the time, and else a figure unseen."""
    done = set()

    def cheaper(draw: Any, data: Any) -> str:
        if draw in done:
            return "<svg/>" if draw(data) else ""
        done.add(draw)
        return str(svg(draw, data))

    return cheaper
