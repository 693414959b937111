"""Bare interfaces side by side: their parameters as arrays."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from sotcheck.numerics.arrays import Array, Index
from sotcheck.system.interface import Interface
from sotcheck.system.structure import SAME_THRESHOLD, SMALLEST_CIRCLE, Matrix


@dataclass(frozen=True, eq=False)
class Many:
    """Parameters of bare interfaces, (n,) each; m (n, 3); h_R (n, lanes).

    `edges` (n, 3) are the k_⊥² at which the normal, the majority's and the minority's channel close;
    `same_threshold` as of an interface; `spin_orbit` is the field's matrix, the same for all.
    """

    edges: Array
    u_0: Array
    u_m: Array
    m: Array
    h_R: Array
    same_threshold: Array
    spin_orbit: Matrix

    @classmethod
    def of(cls, some: Sequence[Interface], h_R: Array) -> Many:
        """Put interfaces side by side."""
        E_F, U_N, U_F, J, u_0, u_m = np.array(
            [(one.E_F, one.U_N, one.U_F, one.J, one.u_0, one.u_m) for one in some]
        ).T
        edges = np.stack([E_F - U_N, E_F - (U_F - J), E_F - (U_F + J)], axis=-1)
        close = SAME_THRESHOLD * np.abs([E_F, U_N, U_F, J]).max(axis=0)
        (delta,) = some[0].structure.interfaces
        m = np.array([one.direction for one in some])
        return cls(edges, u_0, u_m, m, h_R, close, delta.spin_orbit)

    def __getitem__(self, some: Any) -> Many:
        names = ("edges", "u_0", "u_m", "m", "h_R", "same_threshold")
        return replace(self, **{name: getattr(self, name)[some] for name in names})

    def __len__(self) -> int:
        return len(self.u_0)

    @property
    def in_plane(self) -> Array:
        """The largest c = m·(k×ẑ)/k_⊥."""
        return np.hypot(self.m[:, 0], self.m[:, 1])

    @property
    def axis(self) -> Array:
        """The angle of k at which it is that."""
        return np.arctan2(self.m[:, 0], -self.m[:, 1])

    @property
    def largest_torque(self) -> Array:
        """(1/4π)∫d²k_⊥/(2π)² k_⊥, every incident spin turned over."""
        return self.edges.max(axis=1) ** 1.5 / (24 * np.pi**2)

    def ranges(self) -> tuple[Index, Array, Array]:
        """Return whose each range between thresholds is, in order, and its ends in k_⊥²; (ranges,) each."""
        x = np.sort(np.maximum(self.edges, 0.0), axis=1)
        ends = x > SMALLEST_CIRCLE * x[:, -1:]
        ends[:, :-1] &= x[:, 1:] - x[:, :-1] > self.same_threshold[:, None]
        owner, x_2 = np.nonzero(ends)[0], x[ends]
        x_1 = np.zeros_like(x_2)
        x_1[1:] = np.where(owner[1:] == owner[:-1], x_2[:-1], 0.0)
        return owner, x_1, x_2
