"""What is to be right about a table of amplitudes before a sum; what is not is named by row and column."""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from sotcheck.errors import TableError
from sotcheck.numerics.arrays import Array, Complex, Index
from sotcheck.theory.tables import Table, angle_of

#: Fewest rows between two k_⊥ at which a channel opens or closes: half of them still show a curve.
FEWEST = 6
#: Channels are closed for sure this far, relative to the largest k_⊥², from their threshold.
CLOSED = 1e-6
#: A distance between rows so many times the largest of the four next to it is a gap; none is this narrow,
#: relative to the largest k_⊥.
GAP, NO_GAP = 1.9, 1e-9
#: How far |r|² + |t'|² may be from 1: what rows are off by is in the torque's uncertainty.
UNITARY = 1e-3
#: How far r, or |t'|², may be from what the rows around it say; on a grid, next to an edge.
JUMP, JUMP_ON_GRID, JUMP_AT_EDGE = 0.25, 0.5, 1.0
#: How unequal the spacings of a grid may be, relative.
UNEQUAL = 1e-6
SPINS = ("up", "down")


def check(table: Table) -> None:
    """Refuse, by a TableError, what no sum over k_⊥ should be made of."""
    _closed(table)
    _unitary(table)
    if table.on_grid:
        grid_of(table)
    else:
        _gaps(table)
    for n, (start, end) in enumerate(pairwise(table.edges)):
        found = int((table.segment == n).sum())
        if found < FEWEST:
            raise TableError(
                f"{table.where}: {found} rows between k_perp = {start**0.5:.9g} and {end**0.5:.9g}, where a "
                f"channel opens or closes: too few; give at least {FEWEST} there, better 30"
            )
    _continuous(table)


def _closed(table: Table) -> None:
    """Refuse amplitudes of waves that do not exist."""
    margin = CLOSED * table.edges[-1]
    kz2 = table.iface.kz_squared(table.k_perp2)
    if table.known_F:
        bands, where = (
            table.iface.Kz_squared(table.k_perp2)[:, ::-1],
            "where F's band is closed; expected 0, or another [ferromagnet]",
        )
    else:
        bands = np.repeat(table.edges[-1] - table.k_perp2[:, None], 2, axis=1)
        where = "beyond the last of amplitudes.edges; expected 0, or another edge"
    for s, spin in enumerate(SPINS):
        wrong = np.flatnonzero((kz2 < -margin) & (np.abs(table.r[:, s]) ** 2 > UNITARY))
        if wrong.size:
            raise table.refused(
                wrong[0], f"r_{spin}", f"|r| = {abs(table.r[wrong[0], s]):.6g} where N has no open channel "
                f"(k_z^2 = {kz2[wrong[0]]:.6g} < 0); expected 0, or another fermi_energy or normal.potential",
            )  # fmt: skip
        wrong = np.flatnonzero((bands[:, s] < -margin) & (np.abs(table.t[:, s]) ** 2 > UNITARY))
        if wrong.size:
            raise table.refused(
                wrong[0], f"t_{spin}", f"|t'| = {abs(table.t[wrong[0], s]):.6g} {where}"
            )  # fmt: skip


def _unitary(table: Table) -> None:
    """Refuse rows that lose or gain electrons; on a threshold itself wave numbers vanish."""
    defect = np.where(table.segment[:, None] < 0, 0.0, table.defect)
    row, s = np.unravel_index(np.argmax(defect), defect.shape)
    if defect[row, s] <= UNITARY:
        return
    r2, t2 = np.abs(table.r[row, s]) ** 2, np.abs(table.t[row, s]) ** 2
    why = (
        "F is closed there, or t' is missing"
        if t2 == 0
        else "t' is in flux normalization, all of F's channels"
    )
    raise table.refused(
        int(row), f"r_{SPINS[s]} and t_{SPINS[s]}",
        f"|r|^2 + |t'|^2 = {r2:.6g} + {t2:.6g} = {r2 + t2:.6g}, which is not unitary; expected 1 within "
        f"{UNITARY:g} ({why}; amplitudes.normalization = \"wave\" is the other one accepted)",
    )  # fmt: skip


def _gaps(table: Table) -> None:
    """Refuse ranges of k_⊥ without rows: steps much longer than those around them."""
    k = table.k[:, 0]
    last = int(np.searchsorted(k, table.k_max))
    ends = np.concatenate([[0.0], k[:last], [table.k_max]])
    steps = np.diff(ends)
    for n, step in enumerate(steps):
        first = int(np.clip(n - 2, 0, max(len(steps) - 5, 0)))
        around = np.delete(steps[first : first + 5], n - first)
        if step > max(GAP * around.max(), NO_GAP * table.k_max):
            raise TableError(
                f"{table.where}: k_perp: no row between {ends[n]:.9g} and {ends[n + 1]:.9g}, a gap "
                f"{step / around.max():.3g} times as wide as those around it; the sum needs rows from 0 to "
                f"{table.k_max:.9g}: add some there"
            )


def grid_of(table: Table) -> tuple[Array, Array, Index]:
    """Return the k_x and the k_y of a grid, and the row at each of its points, (n_x, n_y)."""
    axes: list[Array] = []
    places: list[Index] = []
    for name, k in zip(("kx", "ky"), table.k.T, strict=True):
        order = np.argsort(k, kind="stable")
        new = np.diff(k[order], prepend=-np.inf) > UNEQUAL * table.k_max
        place = np.empty(len(k), dtype=int)
        place[order] = np.cumsum(new) - 1
        axes.append(_axis(table, name, k[order][new]))
        places.append(place)
    rows = np.full((len(axes[0]), len(axes[1])), -1)
    rows[places[0], places[1]] = np.arange(len(table.k))
    if (rows < 0).any():
        i, j = np.argwhere(rows < 0)[0]
        raise TableError(
            f"{table.where}: kx, ky: {(rows < 0).sum()} of {rows.size} points of the grid are missing, the "
            f"first one at kx = {axes[0][i]:.9g}, ky = {axes[1][j]:.9g}; give every kx with every ky"
        )
    return axes[0], axes[1], rows


def _axis(table: Table, name: str, k: Array) -> Array:
    """Return one axis of a grid: equal steps, from −k_max to k_max."""
    if len(k) < 2 * FEWEST:
        raise TableError(
            f"{table.where}: {name}: {len(k)} values, too few; give at least {2 * FEWEST} from "
            f"{-table.k_max:.9g} to {table.k_max:.9g}, better 100"
        )
    step = float(np.median(np.diff(k)))
    wide = int(np.argmax(np.abs(np.diff(k) - step)))
    if abs(k[wide + 1] - k[wide] - step) > UNEQUAL * table.k_max:
        raise TableError(
            f"{table.where}: {name}: a step of {k[wide + 1] - k[wide]:.9g} from {k[wide]:.9g} to "
            f"{k[wide + 1]:.9g} among steps of {step:.9g}; give equal steps, with the values that are missing"
        )
    if k[0] - step > -table.k_max or k[-1] + step < table.k_max:
        raise TableError(
            f"{table.where}: {name}: from {k[0]:.9g} to {k[-1]:.9g} only; channels are open from "
            f"{-table.k_max:.9g} to {table.k_max:.9g}: add the rest, zeros where all are closed"
        )
    return k


def _continuous(table: Table) -> None:
    """Refuse rows that are far from what those around them say."""
    quantities = {"r": table.r, "t": np.abs(table.t) ** 2 + 0j}
    for name, values in quantities.items():
        for s, spin in enumerate(SPINS):
            off = (_off_grid if table.on_grid else _off_line)(table, values[:, s])
            # |t'|² may be large where N is closed.
            off = off / np.maximum(1.0, np.abs(values[:, s]))
            worst = int(np.argmax(off))
            if off[worst] > 1:
                column, value = (f"r_{spin}", table.r) if name == "r" else (f"t_{spin}", table.t)
                raise table.refused(
                    worst, column, f"{value[worst, s]:.4g} is off what the rows around say, and no channel "
                    "opens or closes there; mend it, or give more rows around it if it is a resonance",
                )  # fmt: skip


def _off_line(table: Table, values: Complex) -> Array:
    """Return how far values are from the cubic through four rows around, in what is allowed, (n,)."""
    off = np.zeros(len(values))
    for n, edges in enumerate(pairwise(table.edges)):
        rows = np.flatnonzero(table.segment == n)
        theta = angle_of(table.k_perp2[rows], *edges)
        i = np.arange(1, len(rows) - 1)[:, None]
        first = np.clip(i - 2, 0, len(rows) - 5)
        near = first + np.arange(4) + (first + np.arange(4) >= i)
        apart = theta[near][:, :, None] - theta[near][:, None, :] + np.eye(4)
        ratios = np.where(np.eye(4), 1.0, (theta[i] - theta[near])[:, None, :] / apart)
        said = (ratios.prod(axis=-1) * values[rows[near]]).sum(axis=-1)
        off[rows[i[:, 0]]] = np.abs(values[rows[i[:, 0]]] - said) / JUMP
    return off


def _off_grid(table: Table, values: Complex) -> Array:
    """Return how far values are from the cubic through two rows on either side, along kx and ky, likewise.

    Where those are not all of one range, from the mean of the next two: less of what square roots do there.
    """
    off = np.zeros(len(values))
    rows = grid_of(table)[2]
    for lines in (rows, rows.T):
        for ends, weights, allowed in ((2, [-1, 4, 4, -1], JUMP_ON_GRID), (1, [1, 1], JUMP_AT_EDGE)):
            here = lines[ends:-ends].ravel()
            steps = [step for step in range(-ends, ends + 1) if step]
            near = np.stack([lines[ends + step : len(lines) - ends + step].ravel() for step in steps])
            inside = (table.segment[near] == table.segment[here]).all(axis=0) & (table.segment[here] >= 0)
            found = np.abs(values[here] - np.array(weights) @ values[near] / sum(weights))
            off[here] = np.maximum(off[here], np.where(inside, found / allowed, 0.0))
    return off
