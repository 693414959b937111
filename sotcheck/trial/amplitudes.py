"""First order from a table of amplitudes, and the table of a system's own."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np

from sotcheck import __version__
from sotcheck.engines import FIRST_ORDER, exact_engines, reference
from sotcheck.errors import SystemFileError, TableError
from sotcheck.exact.observables import components, parts_of
from sotcheck.numerics.arrays import Array
from sotcheck.numerics.estimate import Estimate
from sotcheck.numerics.radial import substitution
from sotcheck.run.threads import single_threaded
from sotcheck.system.interface import SOURCES, Interface
from sotcheck.system.model import System
from sotcheck.system.spin import projectors
from sotcheck.system.stack import Stack
from sotcheck.system.units import LENGTH_NM
from sotcheck.theory.first_order import Y, torque_vector
from sotcheck.theory.table_files import VALUES, read_table, write_table
from sotcheck.theory.table_sums import first_order_of
from sotcheck.theory.tables import Table
from sotcheck.trial.paper import load
from sotcheck.trial.torque_table import TorqueRow, TorqueTable

X = np.array([1.0, 0.0, 0.0])
#: Rows that are written for each range of k_⊥.
POINTS = 100
#: How parallel directions are.
COLLINEAR = 1e-12
#: What no table of amplitudes tells.
NOT_TOLD = (
    "amplitudes of scattering states do not tell of bound states: those at E_F, and one inside the other spin's "
    "continuum, carry torques that are left out"
)


@dataclass(frozen=True)
class Tabulated(TorqueTable):
    """Rows of `torque` whose amplitudes come from a file."""

    table: Table | None = None

    def to_dict(self) -> dict[str, Any]:
        """Return the JSON document; of the interface only what the table knows."""
        document = super().to_dict()
        assert self.table is not None
        known = document["system"]
        known["interface"] = {key: known["interface"][key] for key in ("rashba", "magnetization")}
        if not self.table.known_F:
            del known["ferromagnet"]
        known["amplitudes"] = {"file": self.table.where, "rows": len(self.table.k)}
        return document


def tabulated(
    path: str | Path, *, h_R: Sequence[float] | None = None, magnetization: Sequence[float] | None = None
) -> Tabulated:
    """Compute the torque to first order from a file of amplitudes, which is read and checked.

    Raises
    ------
    TableError, SystemFileError
        For a table that is not acceptable, or an h_R or a direction that is not.
    """
    table = read_table(path)
    iface = table.iface if magnetization is None else table.iface.with_(m=magnetization)
    if h_R is None and not table.has_h_R:
        raise TableError(f"{path}: its header has no interface.rashba; give it there, or h_R by --h-r")
    values = [iface.h_R] if h_R is None else [iface.with_(h_R=h).h_R for h in h_R]
    rows = _rows(first_order_of(table, load().first_order.torque), iface, values)
    return Tabulated(iface.with_(h_R=values[0]), tuple(rows), (NOT_TOLD,), table)


def _rows(found: Estimate, iface: Interface, values: Sequence[float]) -> list[TorqueRow]:
    m, isotropic = iface.direction, not found.value[:, 0].any()
    vectors = torque_vector(found.value[:, 0], m, X) + torque_vector(found.value[:, 1], m)
    # The real and the imaginary part may be off, along either axis.
    reach = np.stack([np.abs(torque_vector(np.array([1, 1j]), m, axis)).sum(axis=0) for axis in (X, Y)])
    defined = components(np.zeros(3), m) is not None
    rows = []
    for h in values:
        for s, source in enumerate(SOURCES):
            t = found[s].each(lambda _, s=s: vectors[s], lambda size: size @ reach) * h
            parts = (found[s, 1].parts * h if isotropic else parts_of(t, m)) if defined else None
            rows.append(TorqueRow(FIRST_ORDER, None, h, iface.m, source, t, parts, np.full((4, 3), np.nan)))
    return rows


def write_amplitudes(
    system: System,
    path: Path,
    *,
    points: int = POINTS,
    grid: tuple[int, int] | None = None,
    engine: str | None = None,
) -> int:
    """Write a system's own r and t' without spin-orbit term, from an exact engine, and return how many rows.

    Rows are `points` in each range of k_⊥ between those where a channel closes, crowding there; or the points
    of a grid of k_x and k_y.

    Raises
    ------
    SystemFileError
        If the torque does not follow from them, naming what keeps it from that.
    """
    _refuse_other_premises(system)
    name = reference() if engine is None else engine
    solver = exact_engines([name], "exact-difference", None)[name]
    edges = system.thresholds()
    if grid is None:
        theta = (np.arange(points) + 0.5) * np.pi / (2 * points)
        k_perp = np.sqrt(np.concatenate([substitution(*pair, theta)[0] for pair in pairwise(edges)]))
        k = {"k_perp": k_perp}
    else:
        kx, ky = (edges[-1] ** 0.5 * ((2 * np.arange(n) + 1) / n - 1) for n in grid)
        k = {"kx": np.repeat(kx, len(ky)), "ky": np.tile(ky, len(kx))}
        k_perp = np.hypot(*k.values())
    inside = k_perp**2 < edges[-1]
    states = solver.solve(system.structure, k_perp[inside], np.zeros(1), np.zeros(1))
    r, _, _, t_prime = states.amplitudes()
    unit = LENGTH_NM if system.unit else 1.0
    columns: dict[str, Array] = {axis: values / unit for axis, values in k.items()}
    minority, majority = projectors(system.direction)
    # What rounding leaves of closed channels is none.
    open_N, (open_down, open_up) = states.kz.real > 0, np.moveaxis(states.Kz.real > 0, -1, 0)
    each = (r, majority, open_N), (r, minority, open_N), (t_prime, majority, open_up), (t_prime, minority, open_down)
    for column, (matrix, spin, is_open) in zip(VALUES, each, strict=True):
        found = np.zeros(len(k_perp), dtype=complex)
        found[inside] = np.where(is_open, np.einsum("nij,ji->n", matrix, spin), 0)
        columns |= {f"{column}_re": found.real, f"{column}_im": found.imag}
    write_table(path, system, columns, f"{name} of sotcheck {__version__}, h_R = 0")
    return len(k_perp)


def _refuse_other_premises(system: System) -> None:
    """Refuse systems whose torque does not follow from r and t' of unit masses and one axis of spin."""
    structure, m = system.structure, system.direction

    def along(direction: tuple[float, float, float]) -> bool:
        return bool(np.linalg.norm(np.cross(direction, m)) < COLLINEAR)

    magnetism = [part for part in (*structure.layers, *structure.interfaces) if part.exchange]
    wrong = {
        "normal.mass and ferromagnet.mass other than 1": system.masses != (1.0, 1.0),
        "a spin-orbit term other than interface.rashba": isinstance(system, Stack) and not system.only_rashba,
        "ferromagnet.magnetic = false": not structure.right.magnetic,
        "ferromagnet.magnetization other than that of [interface]": np.dot(structure.right.direction, m)
        < 1 - COLLINEAR,
        "a magnetization of a layer that is not along that of [interface]": not all(
            along(part.direction) for part in magnetism
        ),
    }
    for what in (what for what, found in wrong.items() if found):
        raise SystemFileError(
            f"{system.name}: {what}: its torque does not follow from r and t' alone, and amplitudes are for those "
            "whose does: one Rashba term at z = 0, all magnetism beneath it along one axis, unit masses outside; "
            "sotcheck torque takes any system"
        )
