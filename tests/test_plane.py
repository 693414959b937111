"""The torque by (k_x, k_y): what a map shows adds up to the torque."""

from __future__ import annotations

import numpy as np
import pytest

import sotcheck as sc
from sotcheck.exact.by_k import torque_density
from sotcheck.numerics.quadrature import gauss
from sotcheck.system.units import wave_vector
from sotcheck.trial import plane
from sotcheck.trial.plane import NODES, torque_plane


def off(name: str) -> float:
    """Return how far the sum over a map is off the torque, relative to the largest component."""
    system = sc.load(name)
    found, rows = (
        torque_plane(system),
        [row for row in sc.torque(system, "continuum") if row.source != "bound"],
    )
    edges, unit = system.thresholds(), wave_vector(system)[0]
    weights = gauss(edges, NODES // (len(edges) - 1))[1].ravel()
    differences, size = [], 0.0
    for row in rows:
        parts = found["sources"].get(row.source, {})
        for part, values in parts.items():
            # ∫d²k f = π ∫d(k²) of f's mean over all directions.
            total = np.pi * float(weights @ np.mean(values, axis=1)) / unit
            size = max(size, abs(getattr(row, part)))
            differences.append(abs(total - getattr(row, part)))
    assert size > 0
    return max(differences) / size


@pytest.mark.parametrize("name", ["bulk-magnetism", "interface-magnetism", "pt-co-alox"])
def test_a_map_adds_up_to_the_torque(name: str) -> None:
    """Of each source and component, of an interface and a stack."""
    assert off(name) < 1e-4


def test_a_wrong_factor_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    """As half of each pair of directions, or one mass too many, would be."""
    monkeypatch.setattr(plane, "torque_density", lambda *args: 0.99 * torque_density(*args))
    assert off("bulk-magnetism") > 5e-3
