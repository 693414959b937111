"""Stacks that the tests of any interface share: the contract's, one with every key, random ones."""

from __future__ import annotations

import itertools
import tomllib
from dataclasses import replace
from typing import Any

import numpy as np

from sotcheck.engines import EXACT
from sotcheck.exact.inside import flows_of, total_torque
from sotcheck.numerics.arrays import Array
from sotcheck.numerics.quadrature import sample
from sotcheck.system.files import from_document
from sotcheck.system.stack import Layer, Stack
from sotcheck.system.states import States
from sotcheck.system.structure import Delta, Region, Structure

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
weyl = 0.04
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
weyl = 0.02
spin_orbit = [[0, 0], [0, 0], [0.1, 0]]
[layer.interface]
barrier = 0.35
exchange = 0.45
magnetization = [1, 0, 0]
rashba = 0.01
dresselhaus = 0.02
weyl = 0.03
spin_orbit = [[0, 0.03], [0, 0], [0, 0]]
"""


def pinned(**changes: Any) -> Any:
    found = from_document(tomllib.loads(PINNED), "pinned")
    return found.with_(**changes)


def every_key(unit: str = "", *, magnetic: bool = True) -> Stack:
    text = EVERY_KEY.format(exchange=0.6 if magnetic else 0, magnetic=str(magnetic).lower())
    found = from_document(tomllib.loads(text + unit), "here")
    assert isinstance(found, Stack)
    return found


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


def linear_flows(structure: Structure, k_perp: Array) -> Array:
    """Integrands of all flows to first order in the scale, from odd differences of exact ones, extrapolated.

    Narrow resonances need small steps: at each k_⊥ those whose last elimination changes least.
    """
    angle = 0.3 + np.arange(12) * np.pi / 6
    weight = (k_perp[:, None] * np.cos(angle))[..., None, None, None]
    masses = np.array([structure.left.mass, structure.right.mass, structure.right.mass])[:, None, None]

    def flows(scale: float) -> Array:
        found = flows_of(CONTINUUM, structure, k_perp[:, None], angle, np.array(scale))
        mean: Array = -(weight * found).mean(axis=1) / (4 * np.pi * masses)
        return mean

    best, smallest = np.zeros(0), np.full((len(k_perp), 1, 1, 1), np.inf)
    for step in (2e-3, 2e-4, 2e-5):
        table = [(flows(h) - flows(-h)) / (2 * h) for h in step * 0.5 ** np.arange(4)]
        for power in (4, 16, 64):
            before = table[-1]
            table = [(power * b - a) / (power - 1) for a, b in itertools.pairwise(table)]
        change = np.abs(table[0] - before).max(axis=(1, 2, 3), keepdims=True)
        best = np.where(change < smallest, table[0], best if best.size else table[0])
        smallest = np.minimum(change, smallest)
    return best


def linear(structure: Structure, k_perp: Array) -> Array:
    """The integrand of t to first order in the scale, from exact solutions."""
    return total_torque(structure, linear_flows(structure, k_perp))
