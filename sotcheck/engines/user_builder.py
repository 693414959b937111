"""The Hamiltonian of a user's own Kwant system.

H(k_x, k_y, h_R) is a finite scattering region between two leads, a metal N and a magnet F, two orbitals (spin
up, spin down) a site. All that is magnetic, and all that h_R multiplies, lies from the layer z = 0 on.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from sotcheck.errors import BuilderError, in_a_line
from sotcheck.numerics.arrays import Array, Complex, Index
from sotcheck.system.spin import PAULI, dot_sigma

#: Relative to the largest element of H: what counts as none.
NONE = 1e-10
#: Where in the cell of k a system is looked at before any other: a generic place.
GENERIC = np.array([0.137, -0.219])
#: Steps and weights of a central difference of eighth order.
STEPS, WEIGHTS = np.arange(1, 5), np.array([4 / 5, -1 / 5, 4 / 105, -1 / 280])
#: The step, as a part of the cell of k.
STEP = 0.003
N, F = 0, 1


@dataclass(frozen=True)
class UserSystem:
    """A finite Kwant system with two leads, and where z = 0 is.

    Attributes
    ----------
    name : str
    finite : kwant.system.FiniteSystem
    zero : array of int
        The sites of the layer z = 0.
    energy, h_R : float
        E_F, and the largest h_R tried.
    params : dict
        Of the other parameters, if there are any.
    cell : array (2,)
        Widths of the rectangle in k_x and k_y that the sum covers, its centre at k = 0.
    direction : array (3,) or None
        m where the right lead has no exchange that would tell.
    """

    name: str
    finite: Any
    zero: Index
    energy: float
    h_R: float
    params: dict[str, Any]
    cell: Array
    direction: Array | None

    def values(self, k: Array, h_R: float) -> dict[str, Any]:
        """Return the parameters as Kwant takes them."""
        return self.params | {"k_x": float(k[0]), "k_y": float(k[1]), "h_R": float(h_R)}

    def hamiltonian(self, k: Array, h_R: float) -> Complex:
        """Return H of the scattering region, spin being the last factor of every site."""
        return self._evaluated(self.finite.hamiltonian_submatrix, k, h_R)

    def lead(self, lead: int, k: Array, h_R: float = 0.0) -> tuple[Complex, Complex]:
        """Return H of a lead's unit cell, and its hopping from the cell before, nearer to the region."""
        one = self.finite.leads[lead]
        cell = self._evaluated(one.cell_hamiltonian, k, h_R)
        # Kwant gives the columns of those sites alone that the next cell touches, which come first.
        touched = self._evaluated(one.inter_cell_hopping, k, h_R)
        hop = np.zeros_like(cell)
        hop[:, : touched.shape[1]] = touched
        return cell, hop

    def _evaluated(self, what: Any, k: Array, h_R: float) -> Complex:
        try:
            found = np.asarray(what(params=self.values(k, h_R)), dtype=complex)
        except (Exception, SystemExit) as error:
            raise BuilderError(f"{self.name}: its Hamiltonian fails: {in_a_line(error)}") from error
        if not np.all(np.isfinite(found)):
            raise BuilderError(
                f"{self.name}: its Hamiltonian has a number that is not finite at k = {shown(k)}; "
                "its functions have to return finite numbers"
            )
        return found

    def rashba(self, k: Array) -> Complex:
        """Return V = ∂H/∂h_R, which is the same at every h_R as H is linear in it."""
        return (self.hamiltonian(k, self.h_R) - self.hamiltonian(k, -self.h_R)) / (2 * self.h_R)

    def by_k_x(self, lead: int, k: Array) -> tuple[Complex, Complex]:
        """Return ∂/∂k_x of a lead's cell and hopping."""
        step = np.array([STEP * self.cell[0], 0.0])
        found: list[Any] = [0.0, 0.0]
        for n, weight in zip(STEPS, WEIGHTS, strict=True):
            pairs = zip(self.lead(lead, k + n * step), self.lead(lead, k - n * step), strict=True)
            changes = [weight * (up - down) / step[0] for up, down in pairs]
            found = [one + change for one, change in zip(found, changes, strict=True)]
        return found[0], found[1]

    @cached_property
    def left(self) -> Index:
        """The sites of N, those next to the lead first."""
        seen = list(self.finite.lead_interfaces[N])
        for site in seen:
            seen += [s for s in self.finite.graph.out_neighbors(site) if s not in seen and s not in self.zero]
        return np.array(seen)

    @cached_property
    def right(self) -> Index:
        """The sites beyond z = 0."""
        every = np.arange(len(self.finite.sites))
        return np.setdiff1d(every, np.concatenate([self.left, self.zero]))

    @cached_property
    def m(self) -> Array:
        """The direction of the right lead's exchange (σ·m = +1 is minority), or the one given."""
        cell, _ = self.lead(F, GENERIC * self.cell)
        field = np.einsum("iaib,sba->s", cell.reshape(len(cell) // 2, 2, -1, 2), PAULI).real
        size = np.linalg.norm(field)
        if size > NONE * np.abs(cell).max():
            if self.direction is not None and self.direction @ field < (1 - NONE) * size:
                raise BuilderError(
                    f"{self.name}: 'magnetization' is not the direction of the right lead's exchange, along "
                    "which spin has the higher energy; leave it out"
                )
            return field / size
        if self.direction is None:
            raise BuilderError(
                f"{self.name}: the right lead has no exchange, so that m is unknown; say it: "
                "'magnetization': (x, y, z)"
            )
        return self.direction


def shown(k: Array) -> str:
    """Return k as text."""
    return f"({k[0]:g}, {k[1]:g})"


def orbitals(sites: Index | Sequence[int]) -> Index:
    """Return the rows of H that belong to sites."""
    return (2 * np.asarray(sites, dtype=int)[:, None] + np.arange(2)).ravel()


def turned(block: Complex, axis: Array) -> Complex:
    """Return the commutator i[B, σ·axis] of rows of H, whose last factor is spin."""
    rows, columns = (n // 2 for n in block.shape)
    spin = dot_sigma(axis)
    four = block.reshape(rows, 2, columns, 2)
    found = np.einsum("iajb,bc->iajc", four, spin) - np.einsum("ab,ibjc->iajc", spin, four)
    return 1j * found.reshape(block.shape)
