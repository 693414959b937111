"""The torque by (k_x, k_y) of each source, at a system's own spin-orbit terms, ready for JSON."""

from __future__ import annotations

from typing import Any

import numpy as np

from sotcheck.beyond.torques import MATCHING, component_axes, open_sources
from sotcheck.engines import Engine
from sotcheck.exact.by_k import torque_density
from sotcheck.numerics.quadrature import sample
from sotcheck.system.model import System
from sotcheck.system.units import wave_vector

#: k_⊥ of all ranges between thresholds together, and angles in half a turn: what a picture shows.
NODES, ANGLES = 48, 24
#: Of numbers that are kept for pictures: digits after the first of the largest number.
DECIMALS = 4


def torque_plane(system: System, engine: Engine = MATCHING) -> dict[str, Any]:
    """Return d²t/dk_x dk_y of sources with states at E_F, k and −k taken together, in the unit of the file.

    Without h_R each of the two alone has a torque that swamps what is summed. "k_perp" and "angle" (of k,
    half a turn) are the axes of "sources", by source and component: their integral over all directions is t.
    "thresholds" by source.
    """
    edges, unit = system.thresholds(), wave_vector(system)[0]
    k_perp, angle = sample(edges, NODES // (len(edges) - 1)), np.pi * (np.arange(ANGLES) + 0.5) / ANGLES
    mean = torque_density(engine, system, system.scale, k_perp, angle)
    axes = {name: axis for name, axis in component_axes(system.direction).items() if name != "y"}
    return {
        "k_perp": (unit * k_perp).round(6).tolist(),
        "angle": angle.tolist(),
        "thresholds": {
            source: unit * float(np.sqrt(system.k_perp2_max(source))) for _, source in open_sources(system)
        },
        "sources": {
            source: {name: rounded(unit * mean[:, :, s] @ axis) for name, axis in axes.items()}
            for s, source in open_sources(system)
        },
    }


def rounded(values: Any, decimals: int = DECIMALS) -> Any:
    """Return numbers with so many digits after the first of the largest."""
    largest = float(np.abs(values).max())
    places = decimals - int(np.floor(np.log10(largest))) if largest else 0
    return (np.round(values, places) + 0.0).tolist()
