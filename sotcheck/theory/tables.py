"""Unperturbed amplitudes from elsewhere, row by row.

What columns mean. Electrons of spin ↑ (majority of F, σ·m = −1) and ↓ come in from N as e^{ik_z z} and go
back as r e^{−ik_z z}, with the phase that this has at z = 0, where the Rashba term is; times go as e^{−iωt}.
Waves from F's majority and minority come into N as t', of unit flux: |t'|² is the flux that is transmitted,
and |k_z||ψ(0)|² per unit incident flux where N is closed. Of several open channels in F it is the sum. Of t'
only the modulus counts. Closed channels have zeros.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from sotcheck.errors import TableError
from sotcheck.numerics.arrays import Array, Complex, Mask
from sotcheck.system.interface import Interface
from sotcheck.system.spin import in_spin_bands
from sotcheck.theory.amplitudes import Amplitudes, wave_number

#: Rows this close to a threshold, relative to the range of k_⊥², are on it.
ON_EDGE = 1e-10


@dataclass(frozen=True)
class Table:
    """Amplitudes by row, sorted by k_⊥.

    `where`: the file, for errors; `iface`: E_F, the half-spaces' potentials, m, h_R and relaxation times;
    what the interface itself does, the amplitudes say; `edges`: sorted k_⊥² > 0 at which a channel opens or
    closes, after a leading 0; `known_F`: whether the bands of F are those of `iface`; else `edges` alone tell
    of them; `has_h_R`: whether the h_R of `iface` is the file's; `k` (n, 1) or (n, 2): k_⊥, or k_x and k_y;
    `r`, `t` (n, 2): r and t' of majority and minority; `rows` (n,): how a row is called in errors: its line,
    or its number.
    """

    where: str
    iface: Interface
    edges: list[float]
    known_F: bool
    has_h_R: bool
    k: Array
    r: Complex
    t: Complex
    rows: list[str]

    @cached_property
    def k_perp2(self) -> Array:
        """k_⊥², shape (n,)."""
        return (self.k**2).sum(axis=1)

    @property
    def on_grid(self) -> bool:
        """Whether k_x and k_y are given."""
        return self.k.shape[1] == 2

    @cached_property
    def k_max(self) -> float:
        """The largest k_⊥ at which any channel is open."""
        return float(np.sqrt(self.edges[-1]))

    @cached_property
    def open_N(self) -> Mask:
        """Where N has an open channel, (n,)."""
        return self.iface.kz_squared(self.k_perp2) > 0

    @cached_property
    def segment(self) -> Array:
        """In which range between edges a row lies, (n,); −1 on an edge and beyond the last."""
        edges, x = np.array(self.edges), self.k_perp2
        n = np.clip(np.searchsorted(edges, x, side="right") - 1, 0, len(edges) - 2)
        close = ON_EDGE * np.diff(edges)[n]
        # The middle, k_⊥ = 0, is no edge.
        near = (x - edges[n] <= close) & (n > 0) | (edges[n + 1] - x <= close)
        return np.where(near, -1, n)

    @cached_property
    def defect(self) -> Array:
        """||r|² + |t'|² − 1| where N is open, (n, 2); 0 elsewhere."""
        off = np.abs(np.abs(self.r) ** 2 + np.abs(self.t) ** 2 - 1)
        return np.where(self.open_N[:, None], off, 0.0)

    def amplitudes(self, rows: Mask) -> Amplitudes:
        """Return r and t' of some rows; what the table does not tell is NaN."""
        x, m = self.k_perp2[rows], self.iface.direction
        kz, unknown = wave_number(self.iface.kz_squared(x)), np.full((len(x), 2, 2), np.nan + 0j)
        # Of 2×2 matrices minority comes first.
        r, t_prime = (in_spin_bands(values[rows][:, ::-1], m) for values in (self.r, self.t))
        Kz = np.full((len(x), 2), np.nan + 0j)
        return Amplitudes(x, kz, Kz, m, r, unknown, unknown, t_prime, unknown)

    def refused(self, row: int, column: str, words: str) -> TableError:
        """Return an error that names the file, the row, where it is and the column."""
        names = ("kx", "ky") if self.on_grid else ("k_perp",)
        at = ", ".join(f"{name} = {k:.9g}" for name, k in zip(names, self.k[row], strict=True))
        return TableError(f"{self.where}: {self.rows[row]} ({at}), {column}: {words}")


def angle_of(k_perp2: Array, start: float, end: float) -> Array:
    """Return θ of k_⊥² = start + (end − start) sin²θ, in which square roots at both ends are smooth."""
    return np.arcsin(np.sqrt(np.clip((k_perp2 - start) / (end - start), 0.0, 1.0)))
