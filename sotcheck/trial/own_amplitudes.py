"""The table of a system's own amplitudes, from an exact engine."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np

from sotcheck import __version__
from sotcheck.engines import EXACT, Engine, exact_engines, reference
from sotcheck.engines.determinant import poles_near
from sotcheck.errors import EngineError, SystemFileError
from sotcheck.numerics.arrays import Array, Mask
from sotcheck.numerics.path import substitution
from sotcheck.run.threads import single_threaded
from sotcheck.system.model import System
from sotcheck.system.spin import projectors
from sotcheck.system.structure import Delta, Region
from sotcheck.system.units import length_nm
from sotcheck.theory.table_files import write_table
from sotcheck.theory.table_formats import VALUES, Columns

#: Rows that are written for each range of k_⊥.
POINTS = 100
#: Steps around a resonance in the hyperbolic angle that its width sets; steps of a grid in a width.
COARSEST, WITHIN = 0.3, 2.0
#: The narrowest resonance, in θ, that rows can be put around; how far from narrower ones tails are looked at.
NARROWEST, NEAR = 1e-10, 1e-6
#: Poles this close to an end, in θ, are none.
AT_END = 1e-7
#: Rows that are closer, relative to the largest k_⊥, are one.
APART = 1e-14
#: How parallel directions are.
COLLINEAR = 1e-12
Segment = tuple[float, float]


@single_threaded
def own_amplitudes(
    system: System, *, points: int = POINTS, grid: tuple[int, int] | None = None, engine: str | None = None
) -> tuple[str, Columns]:
    """Return the engine's name, and the columns of a system's own r and t' without spin-orbit term.

    Rows are `points` in each range of k_⊥ between those where a channel closes, crowding there; or the points
    of a grid of k_x and k_y. A SystemFileError says what keeps the torque from following from them.
    """
    _refuse_other_premises(system)
    name = reference() if engine is None else engine
    solver = exact_engines([name], "exact-difference", None).get(name)
    if solver is None:
        raise EngineError(f"engine {name} solves nothing; choose from {', '.join(EXACT)}")
    k = _rows(system, points) if grid is None else _grid(system, *grid)
    unit = length_nm() if system.unit else 1.0
    columns: Columns = {axis: values / unit for axis, values in k.items()}
    columns |= _solved(solver, system, np.hypot.reduce(list(k.values())))
    return name, columns


def write_amplitudes(system: System, path: Path, **wanted: Any) -> int:
    """Write the table of `own_amplitudes`, and return how many rows it has."""
    name, columns = own_amplitudes(system, **wanted)
    write_table(path, system, columns, f"{name} of sotcheck {__version__}, h_R = 0")
    return len(columns["r_up_re"])


def _rows(system: System, points: int) -> dict[str, Array]:
    x = [_crowding(system, pair, points) for pair in pairwise(system.thresholds())]
    k_perp = np.sqrt(np.concatenate(x))
    # Doubles cannot tell all of them apart where they crowd.
    return {"k_perp": k_perp[np.diff(k_perp, prepend=-1.0) > APART * k_perp[-1]]}


def _grid(system: System, n_x: int, n_y: int) -> dict[str, Array]:
    k_max = system.thresholds()[-1] ** 0.5
    kx, ky = (k_max * ((2 * np.arange(n) + 1) / n - 1) for n in (n_x, n_y))
    _refuse_narrow(system, 2 * k_max / min(n_x, n_y) / WITHIN)
    return {"kx": np.repeat(kx, n_y), "ky": np.tile(ky, n_x)}


def _solved(solver: Engine, system: System, k_perp: Array) -> Columns:
    """Return r and t' of both spins, zeros for closed channels."""
    inside = k_perp**2 < system.thresholds()[-1]
    states = solver.solve(system.structure, k_perp[inside], np.zeros(1), np.zeros(1))
    r, _, _, t_prime = states.amplitudes()
    minority, majority = projectors(system.direction)
    # What rounding leaves of closed channels is none.
    of_N, (of_minority, of_majority) = states.kz.real > 0, np.moveaxis(states.Kz.real > 0, -1, 0)
    matrices = (r, majority, of_N), (r, minority, of_N), (t_prime, majority, of_majority)
    columns: Columns = {}
    for column, (matrix, spin, is_open) in zip(
        VALUES, (*matrices, (t_prime, minority, of_minority)), strict=True
    ):
        found = np.zeros(len(k_perp), dtype=complex)
        found[inside] = np.where(is_open, np.einsum("nij,ji->n", matrix, spin), 0)
        columns |= {f"{column}_re": found.real, f"{column}_im": found.imag}
    return columns


def _resonances(system: System, segment: Segment) -> tuple[Array, Array]:
    """Return the θ of resonances without spin-orbit term in a range of k_⊥², and their half-widths.

    A state that no channel feeds, bound for its own spin, has no width and is none.
    """
    found = poles_near(system, segment, np.zeros(1), np.zeros(1), 0.0).ravel()
    at, width = found[np.isfinite(found)].real, np.abs(found[np.isfinite(found)].imag)
    narrow = (width < NARROWEST) & _inside(at)
    if not narrow.any():
        return at, width
    if segment[1] > system.E_F - system.U_N:
        # Next to one that is fed |t'|² goes as the inverse square of the distance, wide ones divided out.
        others = at[~narrow], width[~narrow]
        near, far = (_transmitted(system, segment, at + d, *others) for d in (NEAR, 2 * NEAR))
        narrow &= (near <= 2 * far).all(axis=0)
        at, width = at[~narrow], width[~narrow]
    return at, width


def _inside(at: Array) -> Mask:
    """Say which θ are not upon an end, where flux vanishes with the wave number."""
    return (at > AT_END) & (at < np.pi / 2 - AT_END)


def _transmitted(system: System, segment: Segment, theta: Array, at: Array, width: Array) -> Array:
    """Return |t'|² into both spins of N without the peaks of some resonances, (2, n)."""
    k_perp = np.sqrt(substitution(*segment, theta)[0])
    states = EXACT[reference()].solve(system.structure, k_perp, np.zeros(1), np.zeros(1))
    t_prime = np.einsum("nij,sji->sn", states.amplitudes()[3], projectors(system.direction))
    return np.asarray(np.abs(t_prime) ** 2 * ((theta[:, None] - at) ** 2 + width**2).prod(axis=1))


def _too_narrow(system: System, segment: Segment, theta: float, remedy: str) -> SystemFileError:
    k_perp = substitution(*segment, np.array(theta))[0] ** 0.5
    return SystemFileError(
        f"{system.name}: a resonance at k_perp = {k_perp:.9g} is too narrow for these rows; {remedy}"
    )


def _refuse_narrow(system: System, width: float) -> None:
    """Refuse resonances that are narrower than this in k_⊥."""
    for segment in pairwise(system.thresholds()):
        at, widths = _resonances(system, segment)
        x, slope = substitution(*segment, at)
        narrow = _inside(at) & (widths * slope < 2 * np.sqrt(x) * width)
        if narrow.any():
            remedy = "take more k_x and k_y, or rows against k_perp: leave --grid out"
            raise _too_narrow(system, segment, at[narrow][0], remedy)


def _crowding(system: System, segment: Segment, points: int) -> Array:
    """Return k_⊥² in a range: `points` equidistant in θ, more around resonances, as narrow as they are."""
    at, width = _resonances(system, segment)
    if (inside := (width < NARROWEST) & _inside(at)).any():
        remedy = "the exact engines of sotcheck torque find it"
        raise _too_narrow(system, segment, at[inside][0], remedy)
    # Those beyond an end are as wide as they are far from it.
    here = np.clip(at, 0.0, np.pi / 2)
    width = np.hypot(width, at - here)
    counts = _inside(at) | (width > AT_END)
    at, width = here[counts], width[counts]
    step = min(COARSEST, 15 / points)

    def count(theta: Array) -> Array:
        return theta * points * 2 / np.pi + np.arcsinh((theta[:, None] - at) / width).sum(axis=1) / step

    first, last = count(np.array([0.0, np.pi / 2]))
    wanted = first + np.arange(0.5, max(last - first, 1.0))
    lower, upper = np.zeros(len(wanted)), np.full(len(wanted), np.pi / 2)
    for _ in range(60):
        middle = (lower + upper) / 2
        below = count(middle) < wanted
        lower, upper = np.where(below, middle, lower), np.where(below, upper, middle)
    return substitution(*segment, (lower + upper) / 2)[0]


def _refuse_other_premises(system: System) -> None:
    """Refuse systems whose torque does not follow from r and t' of unit masses and one axis of spin."""
    structure, m = system.structure, system.direction

    def along(direction: tuple[float, float, float]) -> bool:
        return bool(np.linalg.norm(np.cross(direction, m)) < COLLINEAR)

    parts: list[Region | Delta] = [*structure.layers, *structure.interfaces]
    wrong = {
        "normal.mass and ferromagnet.mass other than 1": system.masses != (1.0, 1.0),
        "a spin-orbit term other than interface.rashba": not system.only_rashba,
        "ferromagnet.magnetic = false": not structure.right.magnetic,
        "ferromagnet.magnetization other than that of [interface]": np.dot(structure.right.direction, m)
        < 1 - COLLINEAR,
        "a magnetization of a layer that is not along that of [interface]": not all(
            along(part.direction) for part in parts if part.exchange
        ),
    }
    for what in (what for what, found in wrong.items() if found):
        raise SystemFileError(
            f"{system.name}: {what}: its torque does not follow from r and t' alone, and amplitudes are "
            "for those whose does: one Rashba term at z = 0, all magnetism beneath it along one axis, unit "
            "masses outside; sotcheck torque takes any system"
        )
