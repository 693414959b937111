"""How stacks are solved: states inside layers, the recursion and where it gives way, poles and kinks."""

from __future__ import annotations

import itertools
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from conftest import random_interface, relative
from layer_cases import CONTINUUM, GRID, KWANT, cut, k_of, random_stack, solved

from sotcheck.engines import stack_flows
from sotcheck.engines.aligned import turning
from sotcheck.engines.determinant import poles_near, stack_kinks, stack_poles
from sotcheck.engines.poles import FAR, NEAR, poles, wave_number
from sotcheck.engines.recursion import passed_through
from sotcheck.engines.spin_flows import layer_flows
from sotcheck.engines.stack import joined
from sotcheck.exact.inside import psi_inside
from sotcheck.exact.observables import MINUS, PLUS
from sotcheck.numerics.arrays import Array, Complex
from sotcheck.numerics.turns import inwards
from sotcheck.numerics.zeros import ellipse
from sotcheck.system.interface import Interface
from sotcheck.system.many import Many
from sotcheck.system.spin import IDENTITY, dot_sigma, pauli_vector
from sotcheck.system.states import by_source
from sotcheck.system.structure import NO_FIELD, RASHBA, Delta, Region, Structure


@pytest.fixture(params=[1e-6, 1e-2, 0.5, 0.8, 1.0, 1.3, 3.0, 60.0], ids="|q|d={:g}".format)
def of_thickness(request: pytest.FixtureRequest) -> Structure:
    """One layer after another: opaque, and one in which waves travel, as thick as the wave numbers say."""

    def scaled(layer: Region, potential: float) -> Region:
        size = np.sqrt(layer.mass * abs(1.5 - potential))
        return replace(layer, potential=potential, thickness=float(request.param / size))

    stack = random_stack(11, most=1).structure
    (layer,) = stack.layers
    one = replace(layer, exchange=0.4, mass=0.7, spin_orbit=((0.1, -0.2), (0.3, 0.1), (-0.1, 0.2)))
    other = replace(one, exchange=0.0, mass=1.6, spin_orbit=((0.0, 0.2), (-0.2, 0.0), (0.0, 0.0)))
    third = replace(one, spin_orbit=NO_FIELD)
    pieces = [scaled(one, 3.5), scaled(other, 0.1), scaled(third, 0.4)]
    return cut(stack, 1, *pieces, deltas=(Delta(0.2, 0.1), Delta(-0.1)))


def test_torque_of_a_layer_is_an_integral(of_thickness: Structure) -> None:
    """w × ∫ψ†σψ dz and J ∫ψ†σψ dz × d, by Gauss and Legendre from the states inside."""
    states = solved(of_thickness)
    nodes, weights = np.polynomial.legendre.leggauss(160)
    closed = layer_flows(states)
    for n, layer in enumerate(of_thickness.layers):
        psi, _ = psi_inside(states, n, (nodes + 1) / 2)
        density = pauli_vector(by_source(psi, psi, states.m)).real
        spin = np.einsum("p,...psi->...si", weights * layer.thickness / 2, density)
        field = layer.field(states.k_perp, states.angle, states.scale)[..., None, :]
        torque = layer.exchange * np.cross(spin, layer.direction)
        expected = np.stack([np.cross(field, spin), torque], axis=-2)
        assert np.abs(expected).max() > 1e-9
        size = max(1.0, float(np.abs(expected).max()))
        assert np.abs(closed[..., n, :, :, :] - expected).max() <= 1e-12 * size


def test_states_inside_solve_the_equation(of_thickness: Structure) -> None:
    """ψ' = M slope and slope' = (k²/M + U + σ·v − E) ψ, by differences; both ends are the interfaces'."""
    states = solved(of_thickness)
    for n, layer in enumerate(of_thickness.layers):
        psi, slope = psi_inside(states, n, np.array([0.0, 1.0]))
        for end, side in enumerate((PLUS, MINUS)):
            assert relative(psi[..., end, :, :], states.psi[:, n + end]) <= 1e-12
            assert relative(slope[..., end, :, :], states.slope[side, :, n + end]) <= 1e-12
        # Derivatives from a circle of complex z, on which nothing turns by more than 1.
        q2, _ = layer.bands(of_thickness.energy, states.k_perp, states.angle, states.scale)
        radius, turn = 1 / float(np.sqrt(np.abs(q2).max())), np.exp(2j * np.pi * np.arange(16) / 16)
        field = layer.field(states.k_perp, states.angle, states.scale) + layer.exchange * np.array(
            layer.direction
        )
        above = (states.k_perp**2 / layer.mass + layer.potential - of_thickness.energy)[..., None, None]
        for part in (0.1, 0.5, 0.9):
            around: Any = np.append(part + radius / layer.thickness * turn, part)
            psi, slope = psi_inside(states, n, around)
            steps = [
                np.einsum("p,...pij->...ij", turn.conj() / 16, one[..., :-1, :, :]) for one in (psi, slope)
            ]
            here, there = (one[..., -1, :, :] for one in (psi, slope))
            noise = 1e-12 * float(np.abs(psi).max())
            assert np.abs(steps[0] - radius * layer.mass * there).max() <= noise
            expected = radius * (above * IDENTITY + dot_sigma(field)) @ here
            assert np.abs(steps[1] - expected).max() <= noise


@pytest.mark.parametrize("seed", range(30))
def test_recursion_against_all_equations(seed: int) -> None:
    """Layer by layer and all at once: states, and the flows that the recursion writes at once."""
    structure = random_stack(seed).structure
    states = solved(structure)
    psi, slope = joined(structure, states.k_perp, states.angle, states.scale).states()
    assert relative(states.psi, psi) <= 1e-11
    assert relative(states.slope, slope) <= 1e-11
    expected = np.stack([states.at(n).flows for n in range(len(structure.interfaces))], axis=-4)
    assert relative(CONTINUUM.flows(structure, k_of(structure)[:, None, None], *GRID), expected) <= 1e-12


def without_fields(structure: Structure, last: int) -> Structure:
    """Return a stack without spin-orbit terms beyond one of its interfaces."""

    def kept(parts: tuple[Any, ...]) -> tuple[Any, ...]:
        return parts[: last + 1] + tuple(replace(one, spin_orbit=NO_FIELD) for one in parts[last + 1 :])

    return replace(structure, regions=kept(structure.regions), interfaces=kept(structure.interfaces))


@pytest.mark.parametrize("seed", range(40))
def test_matrices_of_many_angles(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where spin-orbit terms end, flows are matrices times products of ψ: as from interface to interface."""
    random = random_stack(seed, most=5).structure
    structure = without_fields(random, seed % len(random.interfaces))
    head, tail = stack_flows.parts_of(structure)
    assert head.interfaces + tail.interfaces[1:] == structure.interfaces
    assert head.regions[:-1] + tail.regions[1:] == structure.regions
    assert len(tail.layers) == len(random.interfaces) - 1 - seed % len(random.interfaces)
    grid = k_of(structure)[:, None, None], *GRID
    found = {}
    for many in (1, 10**9):
        monkeypatch.setattr(stack_flows, "MANY", (1, many))
        found[many] = CONTINUUM.all_flows(structure, *grid)
    assert relative(found[1], found[10**9]) <= 1e-13


@pytest.mark.parametrize("depth", [1.5, 20.0, 60.0])
def test_digits_behind_an_opaque_layer(depth: float, monkeypatch: pytest.MonkeyPatch) -> None:
    """What little comes through either way is known to its own size, by matrices and without them."""
    magnet = Region(0.2, 0.3, (0.0, 1.0, 0.0), 0.9)
    barrier = Region(3.0, 0.4, (0.6, 0.0, 0.8), thickness=depth / np.sqrt(1.5), mass=0.8)
    deltas = Delta(0.1, spin_orbit=RASHBA), Delta(0.2), Delta(0.3, 0.1), Delta(-0.1)
    structure = Structure(1.5, (Region(0.1), magnet, barrier, Region(0.3, thickness=1.1), Region()), deltas)
    grid = np.array([0.2, 0.5, 0.8])[:, None, None], *GRID

    def through(flows: Array) -> Array:
        """Spin currents of waves from the left behind the barrier, and from the right before it."""
        from_left, from_right = flows[..., 2:, :1, :2, :], flows[..., :2, 1:, :2, :]
        return np.concatenate([one.reshape(3, 3, 2, -1, 3) for one in (from_left, from_right)], axis=3)

    states = CONTINUUM.solve(structure, *grid)
    expected = through(np.stack([states.at(n).flows for n in range(4)], axis=-4))
    size = np.linalg.norm(expected, axis=-1).max(axis=(1, 2))
    assert np.all(size > 0)
    assert size.max() < 10 * np.exp(-1.5 * depth)

    def off() -> float:
        apart = np.abs(through(CONTINUUM.flows(structure, *grid)) - expected).max(axis=(1, 2, -1))
        return float((apart / size).max())

    for many in (10**9, 1):
        monkeypatch.setattr(stack_flows, "MANY", (1, many))
        assert off() <= 1e-12
    numbers = stack_flows._numbers
    monkeypatch.setattr(stack_flows, "_numbers", lambda x: numbers([np.conj(one) for one in x]))
    assert off() > 1e-3


@pytest.mark.parametrize("exchange", [0.5, 1.5])
@pytest.mark.parametrize("off", [0.0, 1e-12, 1e-9, 1e-6])
def test_where_the_recursion_loses_digits(exchange: float, off: float) -> None:
    """One spin of a layer stands on a node at its near end, behind it a mirror: all equations at once."""
    k_perp, (mass, beyond) = 0.6, (1.3, 0.7)
    decay = np.sqrt(k_perp**2 + beyond * (3.5 + exchange))
    q = np.sqrt(1.5 * mass - k_perp**2)
    thickness = float((np.pi - np.arctan(q * beyond / (decay * mass))) / q)
    mirror = Region(5.0, exchange, (0.6, 0.0, 0.8), float(60 / decay), mass=beyond)
    structure = Structure(
        1.5,
        (
            Region(0.1, 0.2, (0.6, 0.8, 0.0)),
            Region(0.0, thickness=thickness, mass=mass),
            mirror,
            Region(-0.2),
        ),
        (Delta(0.2, 0.1, spin_orbit=((0.0, 0.3), (-0.3, 0.0), (0.1, 0.0))), Delta(), Delta(0.1, 0.2)),
    )
    grid = np.array([k_perp + off]), np.array([0.4]), np.array([1.0])
    states = CONTINUUM.solve(structure, *grid)
    raw = passed_through(structure, grid, (states.left.T, states.right.T))
    assert raw.lossy().all()
    psi, _ = joined(structure, *grid).states()
    assert relative(states.psi, psi) <= 1e-14
    assert relative(KWANT.solve(structure, *grid).psi, psi) <= 1e-12
    assert states.unitarity_defect().max() <= 1e-13
    assert relative(CONTINUUM.flows(structure, *grid)[:, 0], states.flows) <= 1e-13
    # The alarm is no false one.
    alone = np.moveaxis(raw.waves().psi[:, :2], 2, 0)[..., 0]
    assert off == 1e-6 or relative(alone, psi[0, :, 0]) > 1e-10


def same_poles(found: Complex, expected: Complex) -> float:
    """Return how far apart the poles of either list are at most; as many of each problem."""
    apart = [0.0]
    for one, other in zip(found, expected, strict=True):
        one, other = one[~np.isnan(one)], other[~np.isnan(other)]
        assert len(one) == len(other)
        apart += np.abs(one[:, None] - other).min(axis=1, initial=9).tolist()
    return max(apart)


def closed_kinks(bare: Interface, h_R: Array) -> Array:
    """Return the angles of k, modulo π, at which 1 + t cos ψ vanishes, or nearly, at a threshold."""
    many = Many.of([bare], h_R[None])
    t = turning(many, np.array([bare.thresholds()[1:]]))
    psi = np.arccos(-1 / t[np.abs(t) > 1e-9])
    near = psi[np.abs(psi.imag) < NEAR].real
    return np.sort(np.mod(many.axis + np.concatenate([near, -near]), np.pi))


def test_poles_and_kinks_of_bare_interfaces(rng: np.random.Generator) -> None:
    """Zeros of a stack's determinant against the closed forms, near the axis too; and with F cut in two."""
    angle, h_R = np.array([0.3, 1.1, 2.0]), np.array([0.1, -0.4, 0.9])
    count, closest, turns = 0, 1.0, 0
    for _ in range(60):
        bare = random_interface(rng)
        structure = bare.structure
        split = [
            cut(structure, 1, replace(structure.right, thickness=d), structure.right) for d in (0.2, 3.0)
        ]
        split.append(cut(structure, 0, structure.left, replace(structure.left, thickness=3.0)))
        for segment in itertools.pairwise(bare.thresholds()):
            expected = poles(bare, segment, angle, h_R)
            for one in (structure, *split):
                assert same_poles(stack_poles(one, segment, angle, h_R), expected) <= 1e-9
            count += int((~np.isnan(expected)).sum())
            closest = min(closest, float(np.nanmin(np.abs(expected.imag), initial=1.0)))
        wanted = closed_kinks(bare, h_R[::2])
        turns += len(wanted)
        for one in (structure, *split):
            np.testing.assert_allclose(stack_kinks(one, h_R[::2]).real, wanted, rtol=0, atol=1e-7)
    assert count >= 10
    assert closest < 1e-2
    assert turns >= 10


@pytest.mark.parametrize("seed", range(8))
def test_poles_of_all_ranges_at_once(seed: int) -> None:
    """What sums ask for is found for all ranges together: as for each of them alone."""
    stack, angle, scale = random_stack(seed, most=3), np.linspace(0.1, 3.0, 9)[:, None], np.array([1.0])
    for segment in itertools.pairwise(stack.thresholds()):
        found = poles_near(stack, segment, angle, scale, 0.0)
        alone = stack_poles(stack.structure, segment, angle, scale, reach=FAR)
        assert same_poles(found[:, 0], alone[:, 0]) <= 1e-9


def test_values_on_a_smaller_ellipse() -> None:
    """An analytic function's values on one ellipse tell those on a smaller one."""

    def f(z: Complex) -> Complex:
        return np.exp(z) * (z - 0.3j) / (z - 4)

    rho, smaller = np.array([2.0, 1.9]), np.array([1.8, 1.6])
    outer, inner = (f(ellipse(-1.0, 1.0, one, 96)) for one in (rho, smaller))
    assert np.abs(inwards(outer, rho, smaller) - inner).max() <= 1e-14


@pytest.mark.parametrize(("band", "barrier"), [(0.0, 4.0), (0.0, 0.0), (-0.15, 0.0)])
@pytest.mark.parametrize("thickness", [3.0, 10.0, 40.0])
def test_poles_of_thick_layers(band: float, barrier: float, thickness: float) -> None:
    """As many as a well has levels, if they are sharp; each where waves leave without any that come in.

    On the other sheet a half-space with a band of the layer's own reflects nothing: no division by zero.
    """
    layer = Region(band, thickness=thickness)
    right = Region(0.15, 0.3, (0.6, 0.0, 0.8))
    deltas = Delta(0.5 + barrier, 0.2, spin_orbit=RASHBA), Delta(barrier)
    structure = Structure(1.5, (Region(0.6), layer, right), deltas)
    angle, scale, segment = np.array([0.3, 1.1, 2.0]), np.array(0.3), (0.0, structure.thresholds()[1])
    found = stack_poles(structure, segment, angle, scale)
    levels = thickness * (np.sqrt(1.5 - band) - np.sqrt(1.5 - band - segment[1])) / np.pi
    assert not barrier or np.abs(np.sum(~np.isnan(found), axis=1) - 2 * levels).max() <= 3
    for row, phi in zip(found, angle, strict=True):
        theta = row[~np.isnan(row)]
        edges = [[0.9, 0.9], [1.05, 1.65]]
        pairs = [np.stack([wave_number(e, segment, theta) for e in pair], axis=-1) for pair in edges]
        k_perp: Any = np.sqrt(segment[1]) * np.sin(theta)
        matrix = joined(structure, k_perp, phi, 0.3, (pairs[0], pairs[1])).matrix
        singular = np.linalg.svd(matrix, compute_uv=False)
        assert np.all(singular[:, -1] <= 1e-6 * singular[:, 0])
