"""The other route to states bound in a stack: eigenvalues of Kwant's chain, all its sites at once.

On the exact-difference chain solutions are the continuum's, sampled on the sites: at an energy below the
continuum H − E, with Kwant's self-energies of both half-spaces, has as many negative eigenvalues as there are
states below. Bonds and sites are those of the engine `kwant`; `stiffness` counts without any of them.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np

from sotcheck.bound.contour import EPSILON
from sotcheck.bound.flows import KWANT_DIGITS
from sotcheck.bound.kwant_states import closed_leads
from sotcheck.bound.stack_edge import BoundAtFermi, integrand
from sotcheck.bound.stack_fermi import Counted, depth_at_fermi
from sotcheck.bound.states import k_max
from sotcheck.bound.stiffness import bottom
from sotcheck.engines.lattice import bonds, cells
from sotcheck.errors import EngineError
from sotcheck.numerics.arrays import Array, Complex, Index
from sotcheck.system.spin import in_spin_bands
from sotcheck.system.structure import Structure

#: p at which counts are compared, in units of k_max: Kwant's self-energies lose digits at the band edge.
NEAREST = 1e-5
#: Relative distance from a state's p at which its number is to change.
AROUND = 1e-8
#: Longest layer, in radians, and most energies that are compared.
MOST_SITES, MOST_ENERGIES = 300.0, 200
#: Relative range of q in which a state at E_F is looked for; by how much self-energies are changed to tell
#: what their errors do.
BRACKET, STRETCH = 1e-4, 1e-9


@dataclass(frozen=True)
class Chain:
    """H − E on the sites from the first interface to the last, times their spacing, (2 sites, 2 sites).

    `at`: which sites are interfaces; `outside`: what Kwant's self-energies make of both half-spaces.
    """

    matrix: Complex
    at: list[int]
    outside: list[Complex]


def chain(
    structure: Structure, p: float, k_perp: float, angle: float, scale: float, *, stretch: float = 1.0
) -> Chain:
    """Return the chain at the energy bottom − p², its half-spaces' stiffness times `stretch`."""
    where = np.array([k_perp]), np.array([angle]), np.array([scale])
    lowest = float(bottom(structure, k_perp))
    blocks, hops, at = [np.zeros((2, 2), dtype=complex)], [], [0]
    for layer in structure.layers:
        q2, axis = layer.bands(lowest - p**2, *where)
        if (sites := float(np.sqrt(np.abs(q2).max())) * layer.thickness) > MOST_SITES:
            raise EngineError(
                f"a layer of {sites:.3g} radians is too thick for all sites of Kwant's chain at once"
            )
        number = int(cells(q2, layer.thickness, "exact-difference", 0.0)[0])
        bond = bonds(q2, axis, layer.thickness / number, "exact-difference", layer.mass)
        for _ in range(number):
            blocks[-1] = blocks[-1] + bond.onsite[0] / 2
            blocks.append(bond.onsite[0] / 2)
            hops.append(bond.hopping[0])
        at.append(len(blocks) - 1)
    for site, delta in zip(at, structure.interfaces, strict=True):
        blocks[site] = blocks[site] + delta.kappa(*where)[0]
    leads = structure.left, structure.right
    # Spin along the direction first.
    depth = [lead.mass * (p**2 + np.array(lead.edges)[::-1] - lowest) + k_perp**2 for lead in leads]
    stiff = stretch * closed_leads(np.stack(depth, axis=1), None)[0]
    outside = [
        in_spin_bands(one / lead.mass + 0j, np.array(lead.direction))
        for one, lead in zip(stiff.T, leads, strict=True)
    ]
    for site, one in zip((0, -1), outside, strict=True):
        blocks[site] = blocks[site] + one
    return Chain(_joined(blocks, hops), at, outside)


def _joined(blocks: list[Complex], hops: list[Complex]) -> Complex:
    n = len(blocks)
    matrix = np.zeros((n, 2, n, 2), dtype=complex)
    for i, block in enumerate(blocks):
        matrix[i, :, i] = block
    for i, hop in enumerate(hops):
        matrix[i, :, i + 1] = matrix[i + 1, :, i] = -hop
    return matrix.reshape(2 * n, 2 * n)


def number_by_kwant(structure: Structure, p: float, k_perp: float, angle: float, scale: float) -> int:
    """Return how many states lie below bottom − p²."""
    return int(np.count_nonzero(np.linalg.eigvalsh(chain(structure, p, k_perp, angle, scale).matrix) < 0))


def compare(structure: Structure, where: Array, p: Array) -> dict[str, Any]:
    """Compare states at p (n, most), NaN for none, of problems `where` (n, 3), k_⊥, angle and scale.

    A count differs if Kwant's at NEAREST is another one. An energy differs if Kwant's count does not change
    by as many states as lie there between p (1 ± AROUND). Points with a layer too thick are left out.
    """
    near = NEAREST * float(np.sqrt(structure.thresholds()[-1]))
    counts, energies, states, points = 0, 0, 0, 0
    for problem, row in zip(where.tolist(), p, strict=True):
        known = row[row > near]
        try:
            counts += number_by_kwant(structure, near, *problem) != len(known)
        except EngineError:
            continue
        points += 1
        for one in known[known * (1 - AROUND) > near][: max(0, MOST_ENERGIES - states)]:
            inside, outside = (
                number_by_kwant(structure, one * (1 + by), *problem) for by in (-AROUND, AROUND)
            )
            energies += inside - outside != np.count_nonzero(np.abs(known / one - 1) < AROUND)
            states += 1
    return {
        "points": points, "different_counts": int(counts), "states": states,
        "different_energies": int(energies), "around": AROUND,
    }  # fmt: skip


def flows_by_kwant(grid: Counted, level: Index, q: Array, angle: Array, other: bool) -> Array:
    """Return what stands under the integral of `stack_bound_flows`, by eigenvectors of Kwant's chain.

    Only where to look for it is taken from the count. Of `other` equations: off by the digits of Kwant's
    self-energies.
    """
    values = np.stack([_flows(grid, *one, 1.0) for one in zip(level.tolist(), q, angle, strict=True)])
    if other:
        off = np.stack(
            [_flows(grid, *one, 1 + STRETCH) for one in zip(level.tolist(), q, angle, strict=True)]
        )
        values = values + (off - values) * KWANT_DIGITS * EPSILON / STRETCH
    return values


def _flows(grid: Counted, level: int, q: float, angle: float, stretch: float) -> Array:
    from scipy.optimize import brentq

    edge = k_max(grid.structure)

    # The root finder asks for both ends again, and its last point is the root.
    @cache
    def at(q: float) -> Chain:
        p = float(depth_at_fermi(grid.structure, np.array(q)))
        return chain(grid.structure, p, float(np.hypot(edge, q)), angle, grid.scale, stretch=stretch)

    def eigenvalue(q: float) -> float:
        return float(np.linalg.eigvalsh(at(q).matrix)[level - 1])

    lower, upper = q * (1 - BRACKET), q * (1 + BRACKET)
    if eigenvalue(lower) * eigenvalue(upper) > 0:
        raise EngineError(
            f"Kwant's chain has no bound state number {level} at E_F near k_perp = {np.hypot(edge, q):g}"
        )
    q = float(brentq(eigenvalue, lower, upper, xtol=1e-300, rtol=1e-14))
    found = at(q)
    psi = np.linalg.eigh(found.matrix)[1][:, level - 1].reshape(-1, 1, 2)
    outside = [one[:, :, None] for one in found.outside]
    where = np.array([q]), np.array([angle])
    return integrand(BoundAtFermi(grid.structure, grid.scale, *where, psi, found.at, outside))[0]
