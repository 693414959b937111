"""Whether spin-orbit coupling binds states at an interface: what a verdict on their absence rests on."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from sotcheck.bound.fermi import first_states
from sotcheck.bound.matching import aligned_angles, eigenvalue, field, k_max, number_below
from sotcheck.bound.thresholds import bound_without_rashba
from sotcheck.numerics.arrays import Array
from sotcheck.system.interface import Interface

#: k_⊥ at which states are counted, up to the largest of an occupied state; angles besides the extreme ones.
NODES, ANGLES = 33, 73


@dataclass(frozen=True)
class Occurrence:
    """Bound states at one h_R.

    `lowest`: smallest eigenvalue of the matching matrix at the bottom of the continuum, for `k_perp` up to
    the largest of an occupied state, negative if anything is bound there (unit: wave vector); `alone`: how
    many states below the continuum the interface binds by itself, without h_R, at every k_⊥; `added`: how
    many h_R adds to these, at any of these k_⊥; `first_h_R`: the |h_R| from which states are at or below E_F,
    at any k_⊥.
    """

    h_R: float
    lowest: float
    k_perp: float
    angle: float
    alone: int
    added: int
    first_h_R: float

    @property
    def at_fermi_energy(self) -> bool:
        """Whether h_R itself brings states to E_F or below, where without it there are none."""
        return not self.alone and self.first_h_R < abs(self.h_R)


def occurrence(iface: Interface, h_R: float) -> Occurrence:
    """Find whether h_R binds states.

    The matching matrix at the bottom of the continuum is affine in k_⊥, so that its smallest eigenvalue is
    concave: only k_⊥ = 0 and the largest one can hold the minimum.
    """
    k_perp: Array = np.linspace(0.0, k_max(iface), NODES)[:, None]
    angles = np.concatenate([np.linspace(0, 2 * np.pi, ANGLES), aligned_angles(iface)])
    w = h_R * k_perp
    values = eigenvalue(iface, np.zeros(1), *field(iface, w[[0, -1]], angles), -1.0)
    end, at = np.unravel_index(np.argmin(values), values.shape)
    alone = bound_without_rashba(iface)
    return Occurrence(
        h_R=h_R,
        lowest=float(values[end, at]),
        k_perp=float(k_perp[[0, -1]][end, 0]),
        angle=float(angles[at]),
        alone=alone,
        added=max(int(number_below(iface, 0.0, w, angles).max()) - alone, 0),
        first_h_R=first_states(iface).h_R,
    )
