"""How many problems a sum may take, and what of a stack is beyond a lattice: refused by key and value."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np

from sotcheck.engines import Engine, KwantChain, LatticeLimit
from sotcheck.engines.lattice import cells
from sotcheck.errors import EngineError, LatticeError
from sotcheck.numerics.arrays import Array
from sotcheck.system.model import System
from sotcheck.system.stack import Layer, Stack
from sotcheck.system.units import file_units, wave_vector
from sotcheck.system.validated import shown

#: Problems that a sum over one layer's states may take, even by a fast engine: half a minute.
MOST_OF_STACKS = 4_000_000
#: Of more layers, sums take their time: with fewer problems they would tell nothing.
MANY = 8
#: Cells of a lattice in all problems of a sum, half a minute of Kwant's; and in one problem, of which a sum
#: has to have some hundreds.
MOST_SITES, MOST_CELLS = 3_000_000, 3000
#: What both kinds of error say that tell of poles.
COUNTED = "counted"
#: A layer thinner than this, in wavelengths over 2π: on-site terms of 1/thickness leave no digits of slopes.
THINNEST = 3e-6


def most_problems(engine: Engine, system: System) -> int | None:
    """Return how many problems a sum over k_⊥ may take; None for what suits the engine and a bare interface.

    Each layer takes as long as the most that a problem of a bare interface does; on a lattice, each cell.
    """
    layers = min(len(system.structure.layers), MANY)
    if not layers:
        return None
    most = min(engine.most_problems, MOST_OF_STACKS) // layers
    if isinstance(engine, KwantChain):
        most = min(most, int(MOST_SITES / _cells(engine, system).sum()))
    return most


def _cells(engine: KwantChain, system: System) -> Array:
    """Return in how many cells a lattice cuts each layer, at most."""
    structure = system.structure
    finest = engine.rungs(structure)[-1] if isinstance(engine, LatticeLimit) else engine
    k_perp, strengths = np.array([0.0, structure.thresholds()[-1] ** 0.5]), system.scale * np.array([1, -1])
    found = []
    for layer in structure.layers:
        q2, _ = layer.bands(structure.energy, k_perp, np.full(2, 0.3), strengths[:, None])
        if np.sqrt(np.abs(q2).max()) * layer.thickness > MOST_CELLS:
            # More than integers may hold.
            found.append(np.inf)
        else:
            q2, spacing = q2.reshape(-1, 2), finest.spacing_for(structure)
            found.append(float(cells(q2, layer.thickness, finest.scheme, spacing).max()))
    return np.array(found)


@contextmanager
def naming_layers(system: System) -> Iterator[None]:
    """Say in an EngineError that poles cannot be counted of which layer they are, and what to do.

    It is the layer that the most waves fit in, and the key whose value stands out; of a system in eV with the
    unit of the engine's wave vectors.
    """
    try:
        yield
    except EngineError as error:
        one_k, unit = wave_vector(system)
        if unit and "k_perp" in str(error) and unit not in str(error):
            raise EngineError(f"{error} (wave vectors are in multiples of {one_k:.6g}{unit})") from error
        if not isinstance(system, Stack) or not system.layers or COUNTED not in str(error):
            raise
        radians = _radians(system)
        n = int(np.argmax(radians))
        said, key = file_units(system).layers[n], _standing_out(system.layers[n], system)
        raise EngineError(
            f"{system.name}: {system.names[n]}: {key} = {shown(getattr(said, key))}: waves of "
            f"{radians[n] / (2 * np.pi):.0f} wavelengths fit in; give a smaller one ({error})"
        ) from error


def _radians(system: Stack) -> Array:
    """Return the largest phase that electrons at E_F gather in each layer."""
    k_perp, strengths = np.array([0.0, system.structure.thresholds()[-1] ** 0.5]), system.scale
    found = []
    for layer in system.structure.layers:
        q2, _ = layer.bands(system.structure.energy, k_perp, np.array([0.3, 1.9]), strengths)
        found.append(float(np.sqrt(np.maximum(q2, 0.0)).max()) * layer.thickness)
    return np.array(found)


def refuse_beyond(engine: Engine, system: System) -> None:
    """Refuse a layer that a lattice has too many cells for, or that is too thin for one.

    A LatticeError names the layer, the key whose value stands out, and what to do.
    """
    if not isinstance(engine, KwantChain) or not isinstance(system, Stack):
        return
    shortest = THINNEST / system.structure.thresholds()[-1] ** 0.5
    parts = zip(file_units(system).layers, system.layers, _cells(engine, system), strict=True)
    for name, (said, layer, number) in zip(system.names, parts, strict=False):
        if layer.thickness < shortest:
            least = f"{shortest * said.thickness / layer.thickness:.1g}{' nm' if system.unit else ''}"
            why, remedy = f"leaves a lattice no digits; expected at least {least}", "leave the layer out"
            key = "thickness"
        elif number > MOST_CELLS:
            key = _standing_out(layer, system)
            why, remedy = f"asks for more than {MOST_CELLS} cells of a lattice", "give a smaller one"
        else:
            continue
        raise LatticeError(
            f"{system.name}: {name}: {key} = {shown(getattr(said, key))} {why}; {remedy}, or leave "
            f"the engine {engine.name} out"
        )


def _standing_out(layer: Layer, system: System) -> str:
    """Return the key of a layer whose value is largest against those of electrons at E_F."""
    E_F, k_F = system.structure.energy, system.structure.thresholds()[-1] ** 0.5
    units = {"thickness": 1 / k_F, "mass": 1.0, "exchange": E_F, "potential": E_F}
    units |= dict.fromkeys(("rashba", "dresselhaus", "weyl", "spin_orbit"), E_F / k_F)
    return max(units, key=lambda key: float(np.abs(getattr(layer, key)).max()) / units[key])
