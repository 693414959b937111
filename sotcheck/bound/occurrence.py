"""Whether spin-orbit coupling binds states at an interface: what the verdict on Appendix C rests on."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from sotcheck.bound.continuum import bottom, matching_matrix
from sotcheck.bound.contour import k_max
from sotcheck.bound.fermi import first_states
from sotcheck.bound.thresholds import aligned_angles, alignment, count, threshold
from sotcheck.numerics.arrays import Array
from sotcheck.system.interface import Interface

#: k_⊥ at which states are counted, up to the largest of an occupied state; angles besides the extreme ones.
NODES, ANGLES = 33, 73


@dataclass(frozen=True)
class Occurrence:
    """Bound states at one h_R.

    Attributes
    ----------
    h_R : float
    lowest : float
        Smallest eigenvalue of q_N + Q̂_F + κ̂ at the bottom of the continuum, for k_⊥ up to the largest of an
        occupied state: negative if anything is bound there. Unit: wave vector.
    k_perp, angle : float
        Where.
    alone : int
        How many states below the continuum the interface binds by itself, without h_R, at every k_⊥.
    added : int
        How many states below the continuum h_R adds to those without it, at any of these k_⊥.
    first_h_R : float
        The |h_R| from which there are states at or below E_F, at any k_⊥.
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
    edge = k_max(iface)
    angles = np.concatenate([np.linspace(0, 2 * np.pi, ANGLES), aligned_angles(iface)])
    ends = np.array([[0.0], [edge]])
    values = np.linalg.eigvalsh(matching_matrix(iface, bottom(iface, ends), ends, angles, h_R))[..., 0]
    end, at = np.unravel_index(np.argmin(values), values.shape)
    k_perp: Array = np.linspace(0.0, edge, NODES)[:, None]
    c = alignment(iface, angles)
    alone = threshold(iface).bound_without_rashba
    added = count(iface, h_R * k_perp, c) - alone
    return Occurrence(
        h_R,
        float(values[end, at]),
        float(ends[end, 0]),
        float(angles[at]),
        alone,
        max(int(added.max()), 0),
        first_states(iface).h_R,
    )
