"""The other route to states bound in a stack: eigenvalues of Kwant's chain, all its sites at once.

On the exact-difference chain solutions are the continuum's, sampled on the sites: at an energy below the
continuum H − E, with Kwant's self-energies of both half-spaces, has as many negative eigenvalues as there are
states below. Bonds and sites are those of the engine `kwant`; `stiffness` counts without any of them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from sotcheck.bound.contour import EPSILON
from sotcheck.bound.flows import KWANT_DIGITS
from sotcheck.bound.kwant_states import closed_leads
from sotcheck.bound.stack_edge import BoundAtFermi, integrand, joined, level_of
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
    """H − E on the sites from the first interface to the last, times their spacing, (n, 2 sites, 2 sites).

    `at`: which sites are interfaces; `outside`: what Kwant's self-energies make of both half-spaces.
    """

    matrix: Complex
    at: list[int]
    outside: list[Complex]


def chain(
    structure: Structure, p: Array, k_perp: Array, angle: Array, scale: float, *, stretch: float = 1.0
) -> Chain:
    """Return chains at the energies bottom − p², half-spaces' stiffness times `stretch`: all points (n,)."""
    where = k_perp, angle, np.full(p.shape, scale)
    lowest = bottom(structure, k_perp)
    blocks, hops, at = [np.zeros((len(p), 2, 2), dtype=complex)], [], [0]
    for layer in structure.layers:
        q2, axis = layer.bands(lowest - p**2, *where)  # type: ignore[arg-type]
        if (sites := float(np.sqrt(np.abs(q2).max())) * layer.thickness) > MOST_SITES:
            raise EngineError(
                f"a layer of {sites:.3g} radians is too thick for all sites of Kwant's chain at once"
            )
        number = int(cells(q2, layer.thickness, "exact-difference", 0.0).max())
        bond = bonds(q2, axis, layer.thickness / number, "exact-difference", layer.mass)
        for _ in range(number):
            blocks[-1] = blocks[-1] + bond.onsite / 2
            blocks.append(bond.onsite / 2)
            hops.append(bond.hopping)
        at.append(len(blocks) - 1)
    for site, delta in zip(at, structure.interfaces, strict=True):
        blocks[site] = blocks[site] + delta.kappa(*where)
    leads = structure.left, structure.right
    # Spin along the direction first.
    depth = [lead.mass * (p**2 + np.array(lead.edges)[::-1, None] - lowest) + k_perp**2 for lead in leads]
    stiff = stretch * closed_leads(np.stack(depth, axis=1), None)[0]
    outside = [
        in_spin_bands(one.T / lead.mass + 0j, np.array(lead.direction))
        for one, lead in zip(np.moveaxis(stiff, 1, 0), leads, strict=True)
    ]
    for site, one in zip((0, -1), outside, strict=True):
        blocks[site] = blocks[site] + one
    return Chain(joined(blocks, hops), at, outside)


def number_by_kwant(structure: Structure, p: Array, k_perp: float, angle: float, scale: float) -> Array:
    """Return how many states lie below bottom − p², (n,)."""
    where = np.full(p.shape, k_perp), np.full(p.shape, angle)
    return np.count_nonzero(np.linalg.eigvalsh(chain(structure, p, *where, scale).matrix) < 0, axis=-1)


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
            counts += number_by_kwant(structure, np.array([near]), *problem)[0] != len(known)
        except EngineError:
            continue
        points += 1
        for one in known[known * (1 - AROUND) > near][: max(0, MOST_ENERGIES - states)]:
            ends = one * (1 + AROUND * np.array([-1, 1]))
            inside, outside = number_by_kwant(structure, ends, *problem)
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
    values = _flows(grid, level, q, angle, 1.0)
    if other:
        off = _flows(grid, level, q, angle, 1 + STRETCH)
        values = values + (off - values) * KWANT_DIGITS * EPSILON / STRETCH
    return values


def _flows(grid: Counted, level: Index, q: Array, angle: Array, stretch: float) -> Array:
    from scipy.optimize.elementwise import find_root

    structure, scale = grid.structure, grid.scale

    def chains(q: Array, angle: Array) -> Chain:
        k_perp = np.hypot(k_max(structure), q)
        return chain(structure, depth_at_fermi(structure, q), k_perp, angle, scale, stretch=stretch)

    def eigenvalue(q: Array, member: Array) -> Array:
        i = member.astype(int)
        values = np.linalg.eigvalsh(chains(q, angle[i]).matrix)
        return values[np.arange(len(i)), level[i] - 1]

    ends, member = (q * (1 - BRACKET), q * (1 + BRACKET)), np.arange(len(q), dtype=float)
    found = find_root(eigenvalue, ends, args=(member,), tolerances={"xrtol": 1e-14})
    if not np.all(found.success):
        bad = int(np.argmin(found.success))
        raise EngineError(
            f"Kwant's chain has no bound state number {level[bad]} at E_F near "
            f"k_perp = {np.hypot(k_max(structure), q[bad]):g}"
        )
    there = chains(found.x, angle)
    psi = level_of(there.matrix, level)
    outside = [np.moveaxis(one, 0, -1) for one in there.outside]
    return integrand(BoundAtFermi(structure, scale, found.x, angle, psi, there.at, outside))
