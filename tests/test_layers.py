"""Any interface, from system file to torque: the contract's numbers, limits, and each route against another."""

from __future__ import annotations

import itertools
import tomllib
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from conftest import Command, Run, random_interface, relative, strict

import sotcheck as sc
from sotcheck.engines import EXACT
from sotcheck.engines.determinant import stack_kinks, stack_poles
from sotcheck.engines.poles import kinks, poles
from sotcheck.engines.recursion import passed_through
from sotcheck.engines.stack import joined
from sotcheck.errors import SystemFileError
from sotcheck.exact.inside import at_interfaces, flows_of, in_layers, layer_flows, psi_inside, total_torque
from sotcheck.exact.observables import INTERFACE, LATTICE, MINUS, PLUS, ledger_residual
from sotcheck.numerics.arrays import Array, Complex
from sotcheck.numerics.quadrature import sample
from sotcheck.system.files import from_document, load, to_document
from sotcheck.system.interface import Interface
from sotcheck.system.spin import IDENTITY, dagger, dot_sigma, pauli_vector
from sotcheck.system.stack import Layer, Stack
from sotcheck.system.states import States, by_source
from sotcheck.system.structure import NO_FIELD, Delta, Region, Structure
from sotcheck.system.units import LENGTH_NM
from sotcheck.theory import distorted

CONTINUUM, KWANT = EXACT["continuum"], EXACT["kwant"]
ANGLES = 0.4 + np.pi * np.arange(4) / 2
GRID = np.array([0.4, 2.1, 4.4])[:, None], np.array([-0.6, 1.0])

PINNED = """
name = "pinned"
fermi_energy = 1.5
[ferromagnet]
potential = -0.1
exchange = 0.6
magnetization = [0, 1, 3]
[interface]
barrier = 0.2
exchange = 0.1
rashba = 0.3
magnetization = [1, 0, 2]
[[layer]]
thickness = 1.2
potential = 0.3
exchange = 0.5
mass = 0.8
rashba = 0.2
magnetization = [1, 0, 2]
[layer.interface]
barrier = 0.1
rashba = 0.1
"""
#: The contract's numbers, and how far from them an engine may be.
LAYERS = {
    "normal": [
        [-9.617513124761e-4, -5.942160930916e-4, 4.808756562380e-4],
        [5.698753066200e-4, -9.744817596202e-4, 3.248272532067e-4],
    ],
    "majority": [
        [-2.243343067755e-3, 8.967682795038e-4, 1.121671533877e-3],
        [-1.662591375843e-3, 6.469428336219e-4, -2.156476112073e-4],
    ],
}
INTERFACES: list[dict[str, Any]] = [
    {
        "z": 0.0,
        "spin_current_minus": [-5.480647365788e-4, -1.702399418747e-3, 3.326774363472e-5],
        "spin_current_plus": [-2.637654025271e-4, -1.618209908469e-3, 2.150412203083e-4],
        "lattice": [9.991016805710e-5, 7.487653680454e-7, 2.739680596709e-4],
        "interface": [-1.843891659946e-4, -8.344074491052e-5, 9.219458299728e-5],
    },
    {
        "z": 1.2,
        "spin_current_minus": [6.219657774285e-4, -1.023647145358e-3, 4.648761904622e-5],
        "spin_current_plus": [5.698753066200e-4, -1.023642783395e-3, 1.773441818826e-4],
    },
]
ACCURATE = {"continuum": 1e-13, "kwant": 1e-13}


def vector(rng: np.random.Generator) -> Any:
    return tuple(rng.normal(size=3).tolist())


def table(rng: np.random.Generator, size: float) -> Any:
    return rng.normal(scale=size, size=(3, 2)).tolist()


def random_layer(rng: np.random.Generator) -> Layer:
    """A layer that may be opaque or without spin-orbit term, and a delta with everything."""
    opaque, field = rng.random() < 0.25, rng.random() < 0.5
    delta = {
        "barrier": rng.normal(scale=0.5), "exchange": rng.normal(scale=0.3),
        "magnetization": vector(rng), "spin_orbit": table(rng, 0.3),
    }  # fmt: skip
    return Layer(
        thickness=rng.uniform(1, 30) if opaque else rng.uniform(0.2, 4),
        potential=rng.uniform(2, 6) if opaque else rng.uniform(-1, 1),
        exchange=rng.uniform(0, 0.8) * (rng.random() < 0.7),
        magnetization=vector(rng),
        mass=rng.uniform(0.3, 3),
        spin_orbit=table(rng, 0.2 * field),
        interface=delta,  # type: ignore[arg-type]
    )


def random_stack(seed: int, most: int = 5, **changes: Any) -> Stack:
    """One to five layers, masses from 0.3 to 3, all directions apart, opaque layers up to κd = 60 or so."""
    rng = np.random.default_rng(seed)
    layers = tuple(random_layer(rng).model_dump() for _ in range(rng.integers(1, most + 1)))
    values = {
        "E_F": 1.5, "U_F": rng.uniform(-0.5, 1.2), "J": rng.uniform(0, 0.9), "m": vector(rng),
        "m_F": vector(rng), "u_0": rng.normal(scale=0.5), "u_m": rng.normal(scale=0.3),
        "h_R": rng.normal(scale=0.3), "mass_N": rng.uniform(0.3, 3), "mass_F": rng.uniform(0.3, 3),
        "spin_orbit": table(rng, 0.1), "layers": layers,
    }  # fmt: skip
    return Stack(name="random", **{**values, **changes})


def k_of(structure: Structure, nodes: int = 3) -> Array:
    """k_⊥ in every regime of the half-spaces."""
    return sample(structure.thresholds(), nodes)


def flows(structure: Structure, engine: Any = CONTINUUM, scale: float = 1.0) -> Array:
    return flows_of(engine, structure, k_of(structure)[:, None], ANGLES, np.array(scale))


def solved(structure: Structure) -> States:
    return CONTINUUM.solve(structure, k_of(structure)[:, None, None], *GRID)


def cut(structure: Structure, layer: int, *pieces: Region, deltas: tuple[Delta, ...] = ()) -> Structure:
    """Put other regions in the place of a layer (0 is the left half-space), without delta fields between."""
    regions, interfaces = structure.regions, structure.interfaces
    between = deltas or (Delta(),) * (len(pieces) - 1)
    return replace(
        structure,
        regions=(*regions[:layer], *pieces, *regions[layer + 1 :]),
        interfaces=(*interfaces[:layer], *between, *interfaces[layer:]),
    )


@pytest.mark.parametrize("name", ["continuum", "kwant"])
def test_the_contracts_stack(sotcheck: Command, tmp_path: Path, name: str) -> None:
    """All printed numbers, in memory and as JSON; the ledger of the summed flows, at interfaces and between."""
    path = tmp_path / "pinned.toml"
    path.write_text(PINNED)
    run = sotcheck("torque", str(path), "--engine", name, "--tolerance", "1e-12", "--json", "-")
    rows = {row["source"]: row for row in strict(run.out)["torque"]}
    table = sc.torque(load(path), engine=name, tolerance=1e-12)
    for source, expected in LAYERS.items():
        found = [layer["torque"] for layer in rows[source]["layers"]]
        np.testing.assert_allclose(found, expected, rtol=0, atol=ACCURATE[name])
        memory = next(row for row in table if row.source == source)
        inside = in_layers(load(path).structure, memory.flows)
        np.testing.assert_allclose(inside[:, 1], expected, rtol=0, atol=ACCURATE[name])
    for part, wanted in zip(rows["normal"]["interfaces"], INTERFACES, strict=True):
        for key, numbers in wanted.items():
            np.testing.assert_allclose(part[key], numbers, rtol=0, atol=ACCURATE[name], err_msg=key)
    for source, row in rows.items():
        first, second = row["interfaces"]
        (layer, right) = row["layers"]
        assert right["name"] == "right half-space"
        balance = np.array(first["spin_current_plus"]) + layer["lattice"] - np.array(layer["torque"])
        np.testing.assert_allclose(balance, second["spin_current_minus"], rtol=0, atol=1e-15, err_msg=source)
        parts = [layer["torque"], right["torque"], first["interface"], second["interface"]]
        np.testing.assert_allclose(row["vector"], np.sum(parts, axis=0), rtol=0, atol=1e-15)
        assert {key: row[key] for key in ("lattice", "interface")} == {
            key: first[key] for key in ("lattice", "interface")
        }


def grouped(structure: Structure, values: Array, interfaces: list[int], owners: list[int]) -> list[Array]:
    """Return flows at some interfaces, what each owner's layers add and take together, and t."""
    inside = in_layers(structure, values)
    together = [sum(inside[..., n, :, :] for n in which) for which in group(owners)]
    at = at_interfaces(structure, values)[..., interfaces, :, :]
    return [at, np.stack(together, axis=-3), total_torque(structure, values)]


def group(owners: list[int]) -> list[list[int]]:
    return [[n for n, owner in enumerate(owners) if owner == one] for one in sorted(set(owners))]


@pytest.mark.parametrize("seed", range(8))
def test_what_changes_nothing(seed: int) -> None:
    """A vanishing layer, either half-space's own material, ten pieces of a layer: same flows, same torque."""
    structure = random_stack(seed, most=3).structure
    last, here, right = len(structure.layers), structure.layers[-1], structure.right
    first, inner = list(range(last + 1)), list(range(last))
    vanishing = replace(here, potential=here.potential + 1, mass=2.0, thickness=1e-14)
    tenths = [replace(here, thickness=here.thickness / 10)] * 10
    others = (
        (cut(structure, last, here, vanishing), [*inner, last + 1], [*inner, last - 1, last]),
        (cut(structure, last + 1, replace(right, thickness=0.7), right), first, [*first, last]),
        (cut(structure, 0, structure.left, replace(structure.left, thickness=2.0)), first, [0, *first]),
        (cut(structure, last, *tenths), [*inner, last + 9], [*inner, *[last - 1] * 9, last]),
    )
    expected = grouped(structure, flows(structure), first, first)
    for n, (other, interfaces, owners) in enumerate(others):
        kept = [one + 1 for one in interfaces] if n == 2 else interfaces
        found = grouped(other, flows(other), kept, owners)
        assert max(map(relative, found, expected)) <= 1e-12, n


def pinned(**changes: Any) -> Any:
    found = from_document(tomllib.loads(PINNED), "pinned")
    return found.with_(**changes)


def test_what_changes_no_torque() -> None:
    """The same of the k_⊥ sums: a vanishing layer, and ten pieces of one."""
    (layer,) = pinned().layers
    whole = layer.model_dump()
    part = {**whole, "thickness": 0.12, "interface": {}}
    vanishing = {"thickness": 1e-14, "potential": 0.7, "mass": 2.0}
    expected = sc.torque(pinned(), engine="continuum", tolerance=1e-12)
    for layers in ([vanishing, whole], [*[part] * 9, {**part, "interface": whole["interface"]}]):
        found = sc.torque(pinned(layers=layers), engine="continuum", tolerance=1e-12)
        for one, other in zip(found, expected, strict=True):
            np.testing.assert_allclose(one.vector, other.vector, rtol=0, atol=1e-12)


def linear(structure: Structure, k_perp: Array) -> Array:
    """The integrand of t to first order in the scale, from odd differences of the exact one, extrapolated.

    Narrow resonances need small steps: at each k_⊥ those whose last elimination changes least.
    """
    angle = 0.3 + np.arange(12) * np.pi / 6
    weight = (k_perp[:, None] * np.cos(angle))[..., None, None]
    masses = np.array([structure.left.mass, structure.right.mass, structure.right.mass])[:, None]

    def t(scale: float) -> Array:
        found = flows_of(CONTINUUM, structure, k_perp[:, None], angle, np.array(scale))
        return -(weight * total_torque(structure, found)).mean(axis=1) / (4 * np.pi * masses)

    best = np.full((len(k_perp), 3, 3), np.inf)
    smallest = np.full((len(k_perp), 1, 1), np.inf)
    for step in (2e-3, 2e-4, 2e-5):
        table = [(t(h) - t(-h)) / (2 * h) for h in step * 0.5 ** np.arange(4)]
        for power in (4, 16, 64):
            before = table[-1]
            table = [(power * b - a) / (power - 1) for a, b in itertools.pairwise(table)]
        change = np.abs(table[0] - before).max(axis=(1, 2), keepdims=True)
        best, smallest = np.where(change < smallest, table[0], best), np.minimum(change, smallest)
    return best


@pytest.mark.parametrize("first", range(0, 40, 10))
def test_every_route_to_random_stacks(first: int) -> None:
    """Kwant, first order, the ledger at interfaces and in layers, unitarity."""
    for seed in range(first, first + 10):
        structure = random_stack(seed).structure
        k_perp, found = k_of(structure), flows(structure)
        size = max(1.0, float(np.abs(found).max()))
        assert relative(flows(structure, KWANT), found) <= 1e-9, seed
        at, inside = at_interfaces(structure, found), in_layers(structure, found)[..., :-1, :, :]
        between = at[..., :-1, PLUS, :] + inside[..., 0, :] - inside[..., 1, :] - at[..., 1:, MINUS, :]
        assert np.abs(ledger_residual(at)).max() <= 1e-12 * size, seed
        assert np.abs(between).max() <= 1e-12 * size, seed
        assert np.abs(at[..., LATTICE, :]).max() > 1e-2
        assert CONTINUUM.solve(structure, k_perp, 0.4, 1.0).unitarity_defect().max() <= 1e-12, seed
        expected = distorted.torque(structure, k_perp**2)
        assert relative(linear(structure, k_perp), expected) <= 1e-8, seed


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
        q2, axis = layer.bands(of_thickness.energy, states.k_perp, states.angle, states.scale)
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
    assert raw.lossy.all()
    psi, _ = joined(structure, *grid).states()
    assert relative(states.psi, psi) <= 1e-14
    assert relative(KWANT.solve(structure, *grid).psi, psi) <= 1e-12
    assert states.unitarity_defect().max() <= 1e-13
    assert relative(CONTINUUM.flows(structure, *grid)[:, 0], states.flows) <= 1e-13
    # The alarm is no false one.
    alone = np.stack(raw.states(0)[0])[..., 0]
    assert off == 1e-6 or relative(alone, psi[0, :, 0]) > 1e-10


def same_poles(found: Complex, expected: Complex) -> float:
    """Return how far apart the poles of either list are at most; as many of each problem."""
    apart = [0.0]
    for one, other in zip(found, expected, strict=True):
        one, other = one[~np.isnan(one)], other[~np.isnan(other)]
        assert len(one) == len(other)
        apart += np.abs(one[:, None] - other).min(axis=1, initial=9).tolist()
    return max(apart)


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
        wanted = np.sort(kinks(bare, h_R[::2]))
        turns += len(wanted)
        for one in (structure, *split):
            np.testing.assert_allclose(np.sort(stack_kinks(one, h_R[::2])), wanted, rtol=0, atol=1e-7)
    assert count >= 10
    assert closest < 1e-2
    assert turns >= 10


EVERY_KEY = """
name = "every-key"
fermi_energy = 1.9
[normal]
potential = 0.1
mass = 1.2
[ferromagnet]
potential = 0.2
exchange = {exchange}
mass = 0.9
magnetization = [0, 3, 4]
magnetic = {magnetic}
[interface]
barrier = 0.3
exchange = 0.4
rashba = 0.05
dresselhaus = 0.06
spin_orbit = [[0.1, 0.2], [0.3, 0.4], [0.5, 0.6]]
magnetization = [2, -1, 2]
[[layer]]
name = "heavy metal"
thickness = 0.7
potential = 0.15
mass = 1.1
dresselhaus = 0.08
[[layer]]
thickness = 0.5
exchange = 0.25
magnetization = [0, 0, -2]
rashba = 0.07
spin_orbit = [[0, 0], [0, 0], [0.1, 0]]
[layer.interface]
barrier = 0.35
exchange = 0.45
magnetization = [1, 0, 0]
rashba = 0.01
dresselhaus = 0.02
spin_orbit = [[0, 0.03], [0, 0], [0, 0]]
"""


def every_key(unit: str = "", *, magnetic: bool = True) -> Stack:
    text = EVERY_KEY.format(exchange=0.6 if magnetic else 0, magnetic=str(magnetic).lower())
    found = from_document(tomllib.loads(text + unit), "here")
    assert isinstance(found, Stack)
    return found


def test_every_key_reaches_the_hamiltonian() -> None:
    """Defaults are the interface's direction, no delta, no field, mass 1; A sums up what is given."""
    m, z = np.array([2, -1, 2]) / 3, (0.0, 0.0, 1.0)
    structure = every_key().structure
    left, first, second, right = structure.regions
    assert (left.potential, left.mass, left.exchange) == (0.1, 1.2, 0.0)
    assert (right.potential, right.exchange, right.mass, right.magnetic) == (0.2, 0.6, 0.9, True)
    assert (first.thickness, first.potential, first.mass, first.exchange) == (0.7, 0.15, 1.1, 0.0)
    assert (second.thickness, second.potential, second.mass, second.exchange) == (0.5, 0.0, 1.0, 0.25)
    directions = [
        right.direction,
        first.direction,
        second.direction,
        *(one.direction for one in structure.interfaces),
    ]
    np.testing.assert_allclose(directions, [(0, 0.6, 0.8), m, (0, 0, -1), m, m, (1, 0, 0)], atol=1e-15)
    fields = [one.spin_orbit for one in (first, second, *structure.interfaces)]
    expected = [
        [(0.08, 0), (0, -0.08), (0, 0)],
        [(0, 0.07), (-0.07, 0), (0.1, 0)],
        [(0.16, 0.25), (0.25, 0.34), (0.5, 0.6)],
        np.zeros((3, 2)),
        [(0.02, 0.04), (-0.01, -0.02), (0, 0)],
    ]
    np.testing.assert_allclose(fields, expected, atol=1e-15)
    assert [one.barrier for one in structure.interfaces] == [0.3, 0.0, 0.35]
    assert [one.exchange for one in structure.interfaces] == [0.4, 0.0, 0.45]
    assert every_key().names == ["heavy metal", "layer 2", "right half-space"]
    assert structure.positions == pytest.approx([0.0, 0.7, 1.2])
    assert Layer().model_dump()["thickness"] == 1.0
    assert z == Region().direction


@pytest.mark.parametrize("unit", ["", '[units]\nenergy = "eV"'])
@pytest.mark.parametrize("magnetic", [True, False])
def test_a_document_is_read_back(unit: str, magnetic: bool) -> None:
    stack = every_key(unit, magnetic=magnetic)
    document = to_document(stack)
    assert to_document(from_document(document, "here")) == document
    assert document["layer"][0]["thickness"] == 0.7
    assert document["layer"][1]["interface"]["barrier"] == 0.35
    assert document["ferromagnet"]["magnetic"] is magnetic
    assert document.get("units") == ({"energy": "eV"} if unit else None)
    assert (
        from_document(document, "here").structure.regions[1].thickness == stack.structure.regions[1].thickness
    )


def test_a_file_in_electronvolts_and_nanometres(sotcheck: Command, tmp_path: Path) -> None:
    """The same stack: ħ²/2mₑ = 0.0380998212 eV nm²; torques in nm⁻³, z in nm."""
    assert pytest.approx(0.0380998212**0.5, rel=1e-8) == LENGTH_NM
    path = tmp_path / "ev.toml"
    lengths = {
        "thickness = 1.2": 1.2, "barrier = 0.2": 0.2, "exchange = 0.1": 0.1, "rashba = 0.2": 0.2,
        "barrier = 0.1": 0.1,
    }  # fmt: skip
    text = PINNED
    for line, value in lengths.items():
        assert text.count(line + "\n") == 1
        text = text.replace(line, f"{line.split()[0]} = {value * LENGTH_NM!r}")
    path.write_text(text + '[units]\nenergy = "eV"\n')
    run = sotcheck("torque", str(path), "--engine", "continuum", "--tolerance", "1e-12", "--json", "-")
    document = strict(run.out)
    assert document["system"]["layer"][0]["thickness"] == pytest.approx(1.2 * LENGTH_NM, rel=1e-13)
    row = document["torque"][0]
    found = np.array([layer["torque"] for layer in row["layers"]])
    np.testing.assert_allclose(found * LENGTH_NM**3, LAYERS["normal"], rtol=0, atol=1e-13)
    second = row["interfaces"][1]
    assert second["z"] == pytest.approx(1.2 * LENGTH_NM, rel=1e-13)
    wanted = INTERFACES[1]["spin_current_plus"]
    np.testing.assert_allclose(
        np.array(second["spin_current_plus"]) * LENGTH_NM**3, wanted, rtol=0, atol=1e-13
    )


@pytest.mark.parametrize(
    ("lines", "key", "found", "remedy"),
    [
        ("[[layer]]\nthickness = -1.0", "layer[1].thickness", "-1.0", "a finite number > 0"),
        ("[[layer]]\n[[layer]]\nthickness = nan", "layer[2].thickness", "nan", "a finite number > 0"),
        ("[[layer]]\nmass = 0.0", "layer[1].mass", "0.0", "a finite number > 0"),
        ("[[layer]]\nexchange = -0.5", "layer[1].exchange", "-0.5", "a finite number >= 0"),
        ("[[layer]]\npotential = inf", "layer[1].potential", "inf", "a finite number"),
        ("[[layer]]\nspin_orbit = [[0, 1], [1, 0]]", "layer[1].spin_orbit", "[[0, 1], [1, 0]]", "three rows"),
        ("[[layer]]\nspin_orbit = [[0, 0], [0, nan], [0, 0]]", "layer[1].spin_orbit", "nan", "three rows"),
        ("[[layer]]\nmagnetization = [0, 0, 0]", "layer[1].magnetization", "[0, 0, 0]", "not all zero"),
        ("[[layer]]\nmagnetization = [0, 1]", "layer[1].magnetization", "[0, 1]", "three finite numbers"),
        ("[[layer]]\ninterface = 3", "layer[1].interface", "3", "a table"),
        ("[[layer]]\n[layer.interface]\nbarrier = inf", "layer[1].interface.barrier", "inf", "a finite number"),
        (
            "[[layer]]\n[layer.interface]\nmagnetization = [0, 0, 0]",
            "layer[1].interface.magnetization", "[0, 0, 0]", "not all zero",
        ),
        ("[[layer]]\nthicknes = 2.0", "'layer[1].thicknes'", "unknown key", "(did you mean 'thickness'?)"),
        (
            "[[layer]]\n[layer.interface]\nbarier = 2.0",
            "'layer[1].interface.barier'", "unknown key", "(did you mean 'barrier'?)",
        ),
        ("layer = 3", "layer", "3", "tables [[layer]]"),
        ("layer = [1]", "layer[1]", "1", "tables [[layer]]"),
        ("[layer]\nthickness = 1.0", "layer", "thickness", "tables [[layer]]"),
        ("[layers]\nthickness = 1.0", "'layers'", "unknown key", "(did you mean 'layer'?)"),
        ("[normal]\nspin_orbit = [[0, 1], [0, 0], [0, 0]]", "'normal.spin_orbit'", "unknown key", "'interface.spin_orbit'"),
        ("[ferromagnet]\nrashba = 0.1", "'ferromagnet.rashba'", "unknown key", "'interface.rashba'"),
        ("[ferromagnet]\nmass = -1.0", "ferromagnet.mass", "-1.0", "a finite number > 0"),
        ("[ferromagnet]\nmagnetic = 1", "ferromagnet.magnetic", "1", "true or false"),
        ("[ferromagnet]\nmagnetic = false", "ferromagnet.exchange", "1", "expected exchange = 0"),
        ("[ferromagnet]\nmagnetization = [0, 0, 0]", "ferromagnet.magnetization", "[0, 0, 0]", "not all zero"),
        ("[interface]\nspin_orbit = 3", "interface.spin_orbit", "3", "three rows"),
        ('[units]\nenergy = "meV"', "units.energy", '"meV"', "expected eV"),
        ('[units]\nlength = "nm"', "'units.length'", "unknown key", "'units.energy'"),
        ("[[layer]]\n" * 65, "layer", "{}", "at most 64"),
    ],
)  # fmt: skip
def test_refusals(sotcheck: Command, tmp_path: Path, lines: str, key: str, found: str, remedy: str) -> None:
    """File, key, what was found, what to write instead; exit status 2."""
    path = tmp_path / "bad.toml"
    path.write_text(f'name = "bad"\n{lines}\n')
    with pytest.raises(SystemFileError) as caught:
        load(path)
    message = str(caught.value)
    assert all(word in message for word in (str(path), key, found, remedy)), message
    run = sotcheck("torque", str(path))
    assert (run.status, run.out) == (2, "")
    assert message.splitlines()[0] in run.err


@pytest.mark.parametrize("command", ["bound-states", "beyond", "trust-map", "sweep", "report"])
def test_other_commands_refuse_a_stack(sotcheck: Command, tmp_path: Path, command: str) -> None:
    path = tmp_path / "pinned.toml"
    path.write_text(PINNED)
    run = sotcheck(command, str(path))
    assert (run.status, run.out) == (2, "")
    assert all(word in run.err for word in ("pinned", "bare interface", "torque takes any system"))


def test_options_that_a_stack_has_no_use_for(sotcheck: Command, tmp_path: Path) -> None:
    """h_R where it is not the only spin-orbit term; totals are of one scale each."""
    path = tmp_path / "pinned.toml"
    path.write_text(PINNED)
    run = sotcheck("torque", str(path), "--h-r", "0.1")
    assert run.status == 2
    assert "--scale" in run.err
    found = sc.torque(pinned(h_R=0.0), engine="continuum", scale=(0.5, 1.0))
    assert [one.scale for one in found.totals()] == [0.5, 1.0]
    one, other = (sum(row.vector for row in found if row.scale == s) for s in (0.5, 1.0))
    np.testing.assert_allclose([t.vector for t in found.totals()], [one, other], rtol=1e-12)


def test_a_substrate_without_magnetism() -> None:
    """No torque on it, whatever spin enters; the whole is what layers and interfaces take."""
    stack = every_key(magnetic=False)
    found = flows(stack.structure)
    parts = in_layers(stack.structure, found)[..., 1, :]
    interfaces = at_interfaces(stack.structure, found)
    assert not parts[..., -1, :].any()
    assert np.abs(interfaces[..., -1, PLUS, :]).max() > 0.01
    expected = parts.sum(axis=-2) + interfaces[..., INTERFACE, :].sum(axis=-2)
    assert relative(total_torque(stack.structure, found), expected) <= 1e-14
    assert (
        relative(
            linear(stack.structure, k_of(stack.structure)),
            distorted.torque(stack.structure, k_of(stack.structure) ** 2),
        )
        <= 1e-8
    )
    for row in sc.torque(stack, engine="continuum").to_dict()["torque"]:
        layers, deltas = (
            [one[key] for one in row[part]]
            for part, key in (("layers", "torque"), ("interfaces", "interface"))
        )
        assert layers[-1] == [0.0, 0.0, 0.0]
        np.testing.assert_allclose(row["vector"], np.sum([*layers, *deltas], axis=0), rtol=0, atol=1e-16)
