"""The other route to states bound in a stack: eigenvalues of Kwant's chain, all its sites at once.

On the exact-difference chain solutions are the continuum's, sampled on the sites: at an energy below the
continuum H − E, with Kwant's self-energies of both half-spaces, has as many negative eigenvalues as there are
states below. Bonds and sites are those of the engine `kwant`; `stiffness` counts without any of them.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from sotcheck.bound.kwant_states import closed_leads
from sotcheck.bound.stiffness import bottom
from sotcheck.engines.lattice import bonds, cells
from sotcheck.numerics.arrays import Array, Complex
from sotcheck.system.spin import in_spin_bands
from sotcheck.system.structure import Structure

#: p at which counts are compared, in units of k_max: Kwant's self-energies lose digits at the band edge.
NEAREST = 1e-5
#: Relative distance from a state's p at which its number is to change.
AROUND = 1e-7


def chain(structure: Structure, p: float, k_perp: float, angle: float, scale: float) -> Complex:
    """Return H − E on the sites from the first interface to the last, times their spacing, at bottom − p²."""
    where = np.array([k_perp]), np.array([angle]), np.array([scale])
    lowest = float(bottom(structure, k_perp))
    energy = lowest - p**2
    blocks, hops = [np.zeros((2, 2), dtype=complex)], []
    at = [0]
    for layer in structure.layers:
        q2, axis = layer.bands(energy, *where)
        number = int(cells(q2, layer.thickness, "exact-difference", 0.0)[0])
        bond = bonds(q2, axis, layer.thickness / number, "exact-difference", layer.mass)
        for _ in range(number):
            blocks[-1] = blocks[-1] + bond.onsite[0] / 2
            blocks.append(bond.onsite[0] / 2)
            hops.append(bond.hopping[0])
        at.append(len(blocks) - 1)
    for site, delta in zip(at, structure.interfaces, strict=True):
        blocks[site] = blocks[site] + delta.kappa(*where)[0]
    for site, lead in ((0, structure.left), (-1, structure.right)):
        # Spin along the direction first.
        above = np.array(lead.edges)[::-1] + k_perp**2 / lead.mass - lowest
        stiff = closed_leads(lead.mass * (p**2 + above)[:, None], None)[0][:, 0] / lead.mass
        blocks[site] = blocks[site] + in_spin_bands(stiff + 0j, np.array(lead.direction))
    return _joined(blocks, hops)


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
    return int(np.count_nonzero(np.linalg.eigvalsh(chain(structure, p, k_perp, angle, scale)) < 0))


def compare(structure: Structure, where: Array, p: Array) -> dict[str, Any]:
    """Compare states at p (n, most), NaN for none, of problems `where` (n, 3), k_⊥, angle and scale.

    A count differs if Kwant's at NEAREST is another one. An energy differs if Kwant's count does not change
    by as many states as lie there between p (1 ± AROUND).
    """
    near = NEAREST * float(np.sqrt(structure.thresholds()[-1]))
    counts, energies, states = 0, 0, 0
    for problem, row in zip(where.tolist(), p, strict=True):
        known = row[row > near]
        counts += number_by_kwant(structure, near, *problem) != len(known)
        for one in known[known * (1 - AROUND) > near]:
            inside, outside = (
                number_by_kwant(structure, one * (1 + by), *problem) for by in (-AROUND, AROUND)
            )
            energies += inside - outside != np.count_nonzero(np.abs(known / one - 1) < AROUND)
            states += 1
    return {
        "points": len(where), "different_counts": int(counts), "states": states,
        "different_energies": int(energies), "around": AROUND,
    }  # fmt: skip
