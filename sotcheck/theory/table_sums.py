"""A formula to first order in h_R summed over the rows of a table, with an error from their own density.

Along k_⊥ the integrand is that of θ, k_⊥² = x₁ + (x₂ − x₁) sin²θ between the k_⊥ at which channels open:
smooth, and zero at both ends. On a grid of k_x and k_y it is the sum over its points; k_x k×ẑ, of which
isotropic amplitudes leave −(k_⊥²/2) ŷ, is −k_x² ŷ + k_x k_y x̂ there, so that amplitudes need no symmetry.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise

import numpy as np

from sotcheck.numerics.arrays import Array, Complex, Mask
from sotcheck.numerics.estimate import Estimate
from sotcheck.numerics.tabulated import LEFT_OUT, integral, weights
from sotcheck.theory.symbols import Symbols
from sotcheck.theory.table_checks import grid_of
from sotcheck.theory.tables import Table, angle_of

Formula = Callable[[Symbols], Complex]
#: Next to N's edge |1 + r| goes to zero: below this it is seen to.
OPAQUE = 0.5
#: Of (1 − r↑*r↓)(r↑ − r↓*) and of r|t'|²: their largest moduli; and how many times one is off by the error of
#: an amplitude.
LARGEST, SENSITIVE = np.array([4.0, 1.0, 1.0]), np.array([8.0, 3.0, 3.0])
#: Steps of the coarser grids within one; those of a symmetric one may be each other's mirror images.
COARSER = (2, 3)
#: Amplitudes are off by a few ε at least.
ROUNDING = 16 * float(np.finfo(float).eps)
NOT_UNITARY = "how far rows are from |r|^2 + |t'|^2 = 1"


def first_order_of(table: Table, formula: Formula) -> Estimate:
    """Return fieldlike + i dampinglike per h_R by source, along x̂ and ŷ in the place of ŷ: shape (3, 2)."""
    return _over_grid(table, formula) if table.on_grid else _over_k(table, formula)


def _integrand(table: Table, formula: Formula, rows: Mask) -> Complex:
    """Return the integrand of (1/4π) ∫ dk_⊥², (n, 3)."""
    found: Complex = formula(Symbols.of(table.iface, table.amplitudes(rows)))[:, 0]
    return found


def _weight(table: Table, rows: Mask) -> Array:
    """k_⊥²/(8π|k_z|), by which amplitudes come in, (n,)."""
    kz2 = table.iface.kz_squared(table.k_perp2[rows])
    return table.k_perp2[rows] / (8 * np.pi * np.sqrt(np.abs(kz2)))


def _wrong(table: Table, rows: Mask) -> Array:
    """Return how far the integrand may be off by errors of the amplitudes, (n, 3)."""
    defect = max(float(table.defect[table.segment >= 0].max(initial=0.0)), ROUNDING)
    # Where N is closed nothing has to be 1: there decimals tell.
    sizes = np.abs(table.t[rows])
    evanescent = np.pad(2 * sizes * max(defect, _decimals(table.t[~table.open_N])), [(0, 0), (1, 0)])
    off = np.where(table.open_N[rows, None], SENSITIVE * defect, evanescent)
    return np.asarray(off * _weight(table, rows)[:, None])


def _decimals(values: Complex) -> float:
    """Return half a unit in the last decimal that any of the values has, or what single precision leaves."""
    parts = np.stack([values.real, values.imag])
    for digits in range(2, 13):
        if np.array_equal(np.round(parts, digits), parts):
            return float(0.5 * 10.0**-digits)
    single = np.array_equal(parts.astype(np.float32), parts)
    return float(np.finfo(np.float32).eps * np.abs(parts).max(initial=0.0)) if single else 0.0


def _over_k(table: Table, formula: Formula) -> Estimate:
    total, quadrature, rounding = np.zeros(3, dtype=complex), np.zeros(3), np.zeros(3)
    for n, (start, end) in enumerate(pairwise(table.edges)):
        rows = table.segment == n
        x = table.k_perp2[rows]
        theta = angle_of(x, start, end)
        slope = (end - start) * np.sin(2 * theta)[:, None] / (4 * np.pi)
        found = _integrand(table, formula, rows) * slope
        done = integral(np.stack([found.real, found.imag], axis=-1), theta, 0.0, np.pi / 2)
        total += done.value @ np.array([1, 1j])
        # One source, or one component, may escape by accident; one that carries nothing does not.
        quadrature += np.where(np.any(found != 0, axis=0), done.total, 0.0)
        quadrature += _hidden(table, rows, slope[:, 0], theta)
        rounding += weights(theta, 0.0, np.pi / 2, 1) @ (_wrong(table, rows) * slope)
    # Nothing along x̂, and no error.
    along = np.array([0.0, 1.0])
    terms = {
        "quadrature": (np.outer(quadrature, along), LEFT_OUT),
        "rounding": (np.outer(rounding, along), NOT_UNITARY),
    }
    return Estimate(np.outer(total, along), terms)


def _hidden(table: Table, rows: Mask, slope: Array, theta: Array) -> Array:
    """Return what may lie between N's edge and the nearest row, where r is not seen to go to −1, (3,).

    A state at the threshold, or a channel that reflects nothing, has its r turn there, however near to it.
    """
    edge = table.iface.E_F - table.iface.U_N
    nearest = np.flatnonzero(table.open_N & (table.segment >= 0))[-1:]
    if not nearest.size or np.abs(1 + table.r[nearest]).max() < OPAQUE:
        return np.zeros(3)
    x, at_end = table.k_perp2[rows], bool(table.open_N[rows][0])
    last = -1 if at_end else 0
    ends = table.edges[table.segment[rows][0] + int(at_end)]
    if abs(ends - edge) > 1e-9 * table.edges[-1] or x[last] == edge:
        return np.zeros(3)
    gap = np.pi / 2 - theta[-1] if at_end else theta[0]
    largest = LARGEST if at_end else np.pad(np.maximum(np.abs(table.t[rows][0]) ** 2, 1.0), (1, 0))
    bound: Array = gap * slope[last] * _weight(table, rows)[last] * largest
    # A source without any waves hides none.
    carries = np.append(True, (np.abs(table.t) > 0).any(axis=0))
    return np.where(carries, bound, 0.0)


def _over_grid(table: Table, formula: Formula) -> Estimate:
    kx, ky, place = grid_of(table)
    rows = table.segment >= 0
    cell = (kx[1] - kx[0]) * (ky[1] - ky[0]) / (4 * np.pi**2)
    k_x, k_y = table.k[rows].T
    # −k_x k×ẑ over k_⊥²/2; 0/0 in the middle, where there is nothing.
    twice = 2 * k_x / np.where(table.k_perp2[rows] == 0, 1.0, table.k_perp2[rows])
    axis = np.stack([-twice * k_y, twice * k_x], axis=-1)
    values = np.zeros((len(table.k), 3, 2), dtype=complex)
    values[rows] = _integrand(table, formula, rows)[:, :, None] * axis[:, None]
    on_grid = values[place] * cell
    whole = on_grid.sum(axis=(0, 1))
    coarse = [
        step**2 * on_grid[i::step, j::step].sum(axis=(0, 1)) - whole
        for step in COARSER
        for i in range(step)
        for j in range(step)
    ]
    off = np.maximum(np.abs(np.real(coarse)), np.abs(np.imag(coarse))).max(axis=0)
    quadrature = np.where(np.any(values != 0, axis=(0, 2)), off.max(), 0.0)
    rounding = _wrong(table, rows).sum(axis=0) * 2 * cell
    terms = {"quadrature": (quadrature[:, None], LEFT_OUT), "rounding": (rounding[:, None], NOT_UNITARY)}
    return Estimate(whole, terms)
