"""States bound in any stack, counted exactly by the inertia of its dynamic stiffness.

A state below the continuum is told by ψ at the nodes z_n: K(E) ψ = 0, where K joins what every region asks
for, outwards ∂_zψ/M at its ends, and κ̂ at every interface. −ψ†(∂K/∂E)ψ is ∫|ψ|²dz, so that K has as many
negative eigenvalues as there are states below E, besides those of layers clamped at both ends; layers are cut
into cells too thin to have any (W. H. Wittrick and F. W. Williams, Q. J. Mech. Appl. Math. 24, 263 (1971)).
From node to node, with L̂ outwards of all that lies to the left, C = cos Q̂a, S = M sin Q̂a/Q̂ and
B = Q̂ sin Q̂a/M of a cell,

    K has the negative eigenvalues of L̂ + S⁻¹C beside those of what is left:  L̂' = (CL̂ − B)(C + SL̂)⁻¹.

Energies are told by p = √(bottom − E), as in `states`: those close to the bottom keep their digits.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from sotcheck.errors import EngineError
from sotcheck.numerics.arrays import Array, Complex, Index
from sotcheck.numerics.two_by_two import along, determinant, inverse, product
from sotcheck.system.structure import Region, Structure

#: Largest phase in a cell: below π no cell clamped at both ends has a state.
PHASE = 2.0
#: Most cells of one layer.
MOST_CELLS = 2000
#: Decay κa up to which C and S are used: digits suffer by e^{2κa}.
SHALLOW = 1.0
#: Relative steps at which a bisection ends, and its most steps: p over 18 decades.
SAME, STEPS = 4 * float(np.finfo(float).eps), 120

#: k_⊥, angle and scale, of one shape.
Grid = tuple[Array, Array, Array]


def bottom(structure: Structure, k_perp: Array | float) -> Array:
    """Return the bottom of the whole continuum of both half-spaces, shape of `k_perp`."""
    x = np.square(np.asarray(k_perp, dtype=float))
    lowest: Array = np.min([x / one.mass + one.edges[0] for one in (structure.left, structure.right)], axis=0)
    return lowest


def lead_stiffness(lead: Region, above: Array, p2: Array) -> Complex:
    """Return Q̂/M of a half-space whose lower band lies `above` the bottom of the continuum, (2, 2, ...)."""
    depth = p2 + above + (np.array(lead.edges)[::-1] - lead.edges[0]).reshape(2, *(1,) * p2.ndim)
    axis = np.reshape(lead.direction, (3, *(1,) * p2.ndim))
    return along(np.sqrt(lead.mass * depth) / lead.mass, axis)


def both_leads(structure: Structure, k_perp: Array, p2: Array) -> list[Complex]:
    """Return Q̂/M of both half-spaces."""
    x = np.square(k_perp)
    edges = [x / lead.mass + lead.edges[0] for lead in (structure.left, structure.right)]
    above = edges[0] - edges[1]
    # The difference of the two edges itself, so that the lower one has none.
    aboves = np.maximum(above, 0), np.maximum(-above, 0)
    leads = structure.left, structure.right
    return [lead_stiffness(lead, one, p2) for lead, one in zip(leads, aboves, strict=True)]


def kappas(structure: Structure, grid: Grid) -> list[Complex]:
    """Return κ̂ of every interface, (2, 2, ...)."""
    return [np.moveaxis(delta.kappa(*grid), (-2, -1), (0, 1)) for delta in structure.interfaces]


def cells(q2: Array, thickness: float) -> int:
    """Return in how many cells a layer is cut, for k_z² (2, ...)."""
    number = int(np.ceil(thickness * np.sqrt(np.maximum(q2, 0).max(initial=0)) / PHASE))
    if number > MOST_CELLS:
        raise EngineError(
            f"a layer of thickness {thickness:g} holds {number * PHASE:.3g} radians of a wave: too many for "
            f"bound states to be counted; expected at most {MOST_CELLS * PHASE:g}"
        )
    return max(1, number)


def negatives(matrix: Complex) -> Any:
    """Return how many negative eigenvalues Hermitian matrices (2, 2, ...) have, shape (...)."""
    trace, product_of_both = (matrix[0, 0] + matrix[1, 1]).real, determinant(matrix).real
    return np.where(product_of_both < 0, 1, np.where(trace < 0, 2, 0))


def _hermitian(matrix: Complex) -> Complex:
    found: Complex = (matrix + np.swapaxes(matrix, 0, 1).conj()) / 2
    return found


def passed(region: Region, q2: Array, axis: Array, L: Complex) -> tuple[Complex, Any]:
    """Return L̂ at the far end of a layer, and how many negative eigenvalues its inner nodes have."""
    number = cells(q2, region.thickness)
    a, M = region.thickness / number, region.mass
    q = np.sqrt(q2.astype(complex))
    deep = q.imag.max(axis=0) * a > SHALLOW
    # Where it grows in a cell C and S are not used.
    safe = np.where(deep, 0, q)
    sine = (a * np.sinc(safe * (a / np.pi))).real
    cos, S, B = np.cos(safe * a).real, M * sine, (safe * safe).real * sine / M
    C, BM, SM, root = (along(one, axis) for one in (cos, B, S, np.sqrt(S)))
    own, across = (along(one, axis) for one in stiffness(q2, a, M))
    count: Any = 0
    for _ in range(number):
        with np.errstate(all="ignore"):
            thin = product(product(C, L) - BM, inverse(C + product(SM, L)))
            pivot = own + L
            thick = own - product(across, product(inverse(pivot), across))
        count = count + negatives(np.where(deep, pivot, product(product(root, L), root) + C))
        L = _hermitian(np.where(deep, thick, thin))
    return L, count


def stiffness(q2: Any, a: float, mass: float) -> tuple[Any, Any]:
    """Return Q cot Qa/M and Q/(M sin Qa) of cells: what ∂_zψ/M at an end is of ψ there, and at the other.

    Of k_z² with a small imaginary part as well, which comes out with all its digits.
    """
    decays, slow = q2.real < 0, np.abs(q2) * a**2 < SLOW
    kappa = np.sqrt(np.where(decays & ~slow, -q2, 1 / a**2))
    # e^{-2κa} stands beside one.
    wave = np.exp(-kappa * a)
    beside = 1 - wave * wave
    q = np.sqrt(np.where(decays | slow, 1 / a**2, q2))
    series = np.where(slow, q2 * a**2, 0)
    own = np.where(decays, kappa * (1 + wave * wave) / beside, q * np.cos(q * a) / np.sin(q * a))
    across = np.where(decays, 2 * kappa * wave / beside, q / np.sin(q * a))
    polynomial = np.polynomial.polynomial.polyval
    own = np.where(slow, polynomial(series, COTANGENT) / a, own)
    across = np.where(slow, 1 / (polynomial(series, SINE) * a), across)
    return own / mass, across / mass


#: (Qa)² below which series are used: x cot x and sin x / x in x².
SLOW = 0.01
COTANGENT = (1.0, -1 / 3, -1 / 45, -2 / 945, -1 / 4725, -2 / 93555)
SINE = (1.0, -1 / 6, 1 / 120, -1 / 5040, 1 / 362880, -1 / 39916800)


def layers(structure: Structure, energy: Array, grid: Grid) -> Iterator[tuple[Region, Array, Array]]:
    """Yield every layer with k_z² for spin along and against its axis (2, ...), and that axis (3, ...)."""
    for layer in structure.layers:
        q2, axis = layer.bands(energy, *grid)  # type: ignore[arg-type]
        yield layer, np.moveaxis(q2, -1, 0), np.moveaxis(np.broadcast_to(axis, (*q2.shape[:-1], 3)), -1, 0)


def number_below(structure: Structure, p: Array, grid: Grid) -> Array:
    """Return how many states lie below bottom − p², shape of p and the grid; the energy is not used."""
    p2, energy = np.square(p), bottom(structure, grid[0]) - np.square(p)
    left, right = both_leads(structure, grid[0], p2)
    here, *others = kappas(structure, grid)
    L: Complex = left + here
    count = np.zeros(p.shape, dtype=int)
    for (layer, q2, axis), kappa in zip(layers(structure, energy, grid), others, strict=True):
        L, inside = passed(layer, q2, axis, L)
        L, count = L + kappa, count + inside
    return np.asarray(count + negatives(L + right))


def depths(structure: Structure, grid: Grid, first: Index, start: Array) -> Array:
    """Return p of the states number `first` (0 is the lowest) of each problem, by bisecting the count.

    All shapes (n,); `start` is where to begin, of the size of the answer at best.
    """
    low, high = np.zeros(first.shape), np.array(start, dtype=float)
    k_perp, angle, scale = grid

    def bound_more(p: Array, some: Any) -> Any:
        return number_below(structure, p, (k_perp[some], angle[some], scale[some])) > first[some]

    some = np.arange(len(first))
    while some.size:
        more = bound_more(high[some], some)
        some = some[more]
        low[some], high[some] = high[some], 2 * high[some]
    some = np.arange(len(first))
    for _ in range(STEPS):
        some = some[high[some] - low[some] > SAME * high[some]]
        if not some.size:
            break
        middle = (low[some] + high[some]) / 2
        more = bound_more(middle, some)
        low[some], high[some] = np.where(more, middle, low[some]), np.where(more, high[some], middle)
    found: Array = (low + high) / 2
    return found
