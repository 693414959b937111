"""Stacks against what is known of them from elsewhere."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from sotcheck.engines import EXACT, Engine
from sotcheck.exact.inside import psi_inside, total_torque
from sotcheck.exact.observables import exact_flows
from sotcheck.numerics.arrays import Array, Complex
from sotcheck.numerics.convergence import observed_order, richardson
from sotcheck.numerics.quadrature import gauss
from sotcheck.system.spin import dagger, dot_sigma, pauli_vector
from sotcheck.system.stack import Layer, Stack
from sotcheck.system.states import States
from sotcheck.system.structure import RASHBA, Delta, Matrix, Region, Structure
from sotcheck.theory.distorted import Unperturbed, mean_field
from sotcheck.theory.sums import stack_torque

#: Potentials and thicknesses of five layers each, below a half-space where nothing propagates.
PROFILES = (
    ((0.3, -0.2, 0.5, 1.1, 2.0), (0.7, 1.1, 0.4, 0.9, 0.3), 3.0),
    ((-1.0, -0.5, 0.0, 0.6, 1.4), (0.3, 0.3, 0.3, 0.3, 0.3), 2.4),
    ((2.0, 0.1, 2.0, 0.1, 2.0), (0.5, 1.5, 0.5, 1.5, 0.5), 1.9),
    ((0.9, 0.8, 0.7, 0.6, 0.5), (1.0, 2.0, 1.0, 2.0, 1.0), 1.6),
    ((-0.4, 3.0, -0.4, 0.2, 5.0), (1.2, 0.4, 0.8, 1.9, 0.2), 4.0),
)
ENERGY = 1.5
K_PERP: Array = np.array([0.2, 0.7, 1.1])
ANGLE: Array = np.array([0.4, 2.9])


def stepped(potentials: tuple[float, ...], widths: tuple[float, ...], last: float) -> Structure:
    """Return a profile every step ΔU of which carries the spin-orbit delta ΔU k×ẑ, of scale λ."""
    layers = [Region(U, thickness=d) for U, d in zip(potentials, widths, strict=True)]
    steps = np.diff([0.0, *potentials, last])

    def of(step: float) -> Matrix:
        x, y, z = (tuple(row) for row in (step * np.array(RASHBA)).tolist())
        return x, y, z

    return Structure(
        ENERGY,
        (Region(), *layers, Region(last)),
        tuple(Delta(spin_orbit=of(step)) for step in steps.tolist()),
    )


def k_cross_z(k_perp: Array, angle: Array) -> Array:
    """k×ẑ on a grid, (..., 3)."""
    return np.stack(np.broadcast_arrays(k_perp * np.sin(angle), -k_perp * np.cos(angle), 0), -1)


def spin_summed_over_z(states: States) -> Array:
    """Σ_in ∫ψ†σψ dz (..., 3): of what oscillates for ever in the left half-space, the Abel sum.

    There 1 + r r† has none, and ∫(r e^{−2ikz} + h.c.) dz/k = −Im r/k²; beyond the last step ψ decays.
    """
    r, k, kappa = states.amplitudes()[0], states.left[..., 0].real, states.right[..., 0].imag
    nodes, weights = np.polynomial.legendre.leggauss(40)

    def spin(waves: Complex) -> Array:
        return np.asarray(pauli_vector(waves @ dagger(waves)).real)

    total: Array = -pauli_vector(r).imag / (k**2)[..., None]
    total += spin(states.psi[0, -1]) / (2 * kappa)[..., None]
    for n, layer in enumerate(states.structure.layers):
        inside = spin(psi_inside(states, n, (nodes + 1) / 2)[0][0])
        total += layer.thickness / 2 * np.einsum("p,...pi->...i", weights, inside)
    return total


def by_current(k_perp: Array, angle: Array) -> Array:
    """−(4/k_z) k×ẑ: each spin is shifted in or out, with a density of 2/k_z per unit flux."""
    return -4 / np.sqrt(ENERGY - k_perp**2)[..., None] * k_cross_z(k_perp, angle)


def spin_response(engine: Engine, structure: Structure, k_perp: Array, angle: Array) -> Array:
    """What λ makes of the spin summed over z, from odd differences of exact states, extrapolated."""

    def spin(scale: float) -> Array:
        return spin_summed_over_z(engine.solve(structure, k_perp, angle, np.array(scale)))

    steps = 0.02 * 0.5 ** np.arange(4)
    odd = np.stack([(spin(h) - spin(-h)) / (2 * h) for h in steps.tolist()])
    return np.asarray(richardson(odd, (2, 4, 6)).value)


def shifted(structure: Structure, r: Complex, field: Array) -> Complex:
    """dr/dλ of a profile that each spin sees shifted rigidly, −2ik_z σ·(k×ẑ) r."""
    k_z = np.sqrt(structure.energy - K_PERP**2)[:, None, None, None]
    shift: Complex = -2j * k_z * dot_sigma(field) @ r
    return shift


@pytest.mark.parametrize("profile", PROFILES)
@pytest.mark.parametrize("engine", EXACT.values(), ids=EXACT)
def test_a_profile_that_reflects_all_is_shifted_for_each_spin(
    engine: Engine, profile: tuple[tuple[float, ...], tuple[float, ...], float]
) -> None:
    """To first order spin along k×ẑ sees U(z + λ k_⊥), whatever U is (Tokatly, Krasovskii, Vignale 2014)."""
    structure = stepped(*profile)
    grid = K_PERP[:, None], ANGLE
    field = k_cross_z(*grid)

    def r(scale: float) -> Complex:
        return engine.solve(structure, *grid, np.array(scale)).amplitudes()[0]

    steps = 0.02 * 0.5 ** np.arange(4)
    slope = richardson(np.stack([(r(h) - r(-h)) / (2 * h) for h in steps.tolist()]), (2, 4, 6))
    expected = shifted(structure, r(0.0), field)
    assert np.abs(slope.value - expected).max() <= 1e-8 * np.abs(expected).max()


@pytest.mark.parametrize("profile", PROFILES)
def test_first_order_knows_of_the_shift(profile: tuple[tuple[float, ...], tuple[float, ...], float]) -> None:
    """S†δS = −(i/2) ∫ψ†Vψ, with the average k_⊥²/2 of the angle taken off."""
    structure = stepped(*profile)
    found = Unperturbed.of(structure, K_PERP**2)
    born = sum(weight * dagger(psi) @ dot_sigma(a) @ psi for a, weight, psi in found.sites())
    r = found.s_matrix[:, :2, :2]
    change = (-0.5j * found.s_matrix @ born)[:, :2, :2]
    along = mean_field(RASHBA)
    expected = shifted(structure, r[:, None], np.broadcast_to(along, (3, 1, 3)))[:, 0]
    assert np.abs(change - expected).max() <= 1e-12 * np.abs(expected).max()


@pytest.mark.parametrize("profile", PROFILES)
@pytest.mark.parametrize("engine", EXACT.values(), ids=EXACT)
def test_the_spin_summed_over_z_knows_of_the_current_alone(
    engine: Engine, profile: tuple[tuple[float, ...], tuple[float, ...], float]
) -> None:
    """Each spin's density is shifted rigidly, so that what all of it gains is what the half-space has."""
    grid = K_PERP[:, None], ANGLE
    expected = by_current(*grid)
    found = spin_response(engine, stepped(*profile), *grid)
    assert np.abs(found - expected).max() <= 1e-8 * np.abs(expected).max()


def test_a_step_without_its_delta_is_seen() -> None:
    """The profile is no longer shifted as a whole."""
    structure, grid = stepped(*PROFILES[0]), (K_PERP[:, None], ANGLE)
    first, *others = structure.interfaces
    found = spin_response(EXACT["continuum"], replace(structure, interfaces=(Delta(), *others)), *grid)
    assert first != Delta() and np.abs(found - by_current(*grid)).max() > 0.01


@pytest.mark.parametrize("profile", PROFILES)
def test_first_order_knows_of_the_spin_summed_over_z(
    profile: tuple[tuple[float, ...], tuple[float, ...], float],
) -> None:
    """What a field along spin shifts is a phase: ∫ψ†σψ dz = 2 dδ/dE of δ, by which λ moves it as −⟨V⟩/2."""
    structure = stepped(*profile)

    def phase(energy: float) -> Array:
        found = Unperturbed.of(replace(structure, energy=energy), K_PERP**2)
        # Of a spin along a, with the average k_⊥²/2 of the angle taken off.
        born = [weight * dagger(psi) @ dot_sigma(a) @ psi for a, weight, psi in found.sites()]
        reflected = np.sum(born, axis=0)[:, :2, :2]
        return np.asarray(-np.trace(reflected @ dot_sigma(mean_field(RASHBA)), axis1=-2, axis2=-1).real / 2)

    steps = 0.02 * 0.5 ** np.arange(4)
    odd = np.stack([(phase(ENERGY + h) - phase(ENERGY - h)) / (2 * h) for h in steps.tolist()])
    expected = -4 / np.sqrt(ENERGY - K_PERP**2)
    assert np.abs(2 * richardson(odd, (2, 4, 6)).value / expected - 1).max() <= 1e-8


@pytest.mark.parametrize("engine", EXACT.values(), ids=EXACT)
def test_the_spin_of_a_current_along_x_is_the_same_under_any_profile(engine: Engine) -> None:
    """∫d²k_⊥/(2π)² k_x Σ_in ∫ψ†σψ dz = λ (2/3π) E_F^{3/2} ŷ."""
    x, weights = (one[0] for one in gauss([0.0, ENERGY], 10))
    k_perp, angle = np.sqrt(x)[:, None], 0.3 + np.pi * np.arange(4) / 2
    kx = (k_perp * np.cos(angle))[..., None]
    for profile in PROFILES[:2]:
        found = (kx * spin_response(engine, stepped(*profile), k_perp, angle)).mean(axis=1)
        total = weights @ found / (4 * np.pi)
        assert np.abs(total - np.array([0, 2 / (3 * np.pi) * ENERGY**1.5, 0])).max() <= 1e-8


def test_a_thin_rashba_layer_is_a_delta() -> None:
    """Of width w and strength h_R/w it differs from a delta of strength h_R as w, to first order as well."""
    h_R, widths = 0.3, 0.1 * 0.5 ** np.arange(5)
    bare = Stack(name="delta", E_F=1.5, m=(1.0, 2.0, 2.0), h_R=h_R)

    def layered(width: float) -> Stack:
        return bare.with_(h_R=0.0, layers=(Layer(thickness=width, rashba=h_R / width),))

    def exact(stack: Stack) -> Array:
        found = exact_flows(EXACT["continuum"], stack, np.array([stack.scale]), rtol=1e-10).total.value[0]
        return total_torque(stack.structure, found * stack.scale)

    def first_order(stack: Stack) -> Array:
        return np.asarray(stack.scale * stack_torque(stack, rtol=1e-11).value)

    for torque in (first_order, exact):
        limit = torque(bare)
        off = np.array([np.abs(torque(layered(width)) - limit).max() for width in widths.tolist()])
        order = observed_order(off, 1e-9 * off, power=1)
        assert abs(order.value - 1) <= 0.01 and order.total <= 0.05
        # A twentieth of 1/k_F is off by some per cent.
        assert 0.01 < off[1] / np.abs(limit).max() < 0.1
