"""The torque to first order from a table of amplitudes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from sotcheck.engines import FIRST_ORDER
from sotcheck.errors import TableError
from sotcheck.exact.observables import components, parts_of
from sotcheck.numerics.estimate import Estimate
from sotcheck.run.threads import single_threaded
from sotcheck.system.interface import SOURCES, Interface
from sotcheck.theory.first_order import Y, torque_vector
from sotcheck.theory.table_files import read_table
from sotcheck.theory.table_sums import first_order_of
from sotcheck.theory.tables import Table
from sotcheck.trial.paper import first_order
from sotcheck.trial.torque_table import TorqueRow, TorqueTable

X = np.array([1.0, 0.0, 0.0])
#: What no table of amplitudes tells.
NOT_TOLD = (
    "amplitudes of scattering states do not tell of bound states: those at E_F, and one inside the other "
    "spin's continuum, carry torques that are left out"
)


@dataclass(frozen=True)
class Tabulated(TorqueTable):
    """Rows of `torque` whose amplitudes come from a file."""

    table: Table = field(kw_only=True)

    def to_dict(self) -> dict[str, Any]:
        """Return the JSON document; of the interface only what the table knows."""
        document = super().to_dict()
        known = document["system"]
        known["interface"] = {key: known["interface"][key] for key in ("rashba", "magnetization")}
        if not self.table.known_F:
            del known["ferromagnet"]
        known["amplitudes"] = {"file": self.table.where, "rows": len(self.table.k)}
        return document


@single_threaded
def tabulated(
    path: str | Path, *, h_R: Sequence[float] | None = None, magnetization: Sequence[float] | None = None
) -> Tabulated:
    """Compute the torque to first order from a file of amplitudes, which is read and checked.

    A TableError or a SystemFileError says that the table, an h_R or a direction is not acceptable.
    """
    table = read_table(path)
    iface = table.iface if magnetization is None else table.iface.with_(m=magnetization)
    if h_R is None and not table.has_h_R:
        raise TableError(f"{path}: its header has no interface.rashba; give it there, or h_R by --h-r")
    values = [iface.h_R] if h_R is None else [iface.with_(h_R=h).h_R for h in h_R]
    rows = _rows(first_order_of(table, first_order().torque), iface, values)
    return Tabulated(iface.with_(h_R=values[0]), tuple(rows), (NOT_TOLD,), table=table)


def _rows(found: Estimate, iface: Interface, values: Sequence[float]) -> list[TorqueRow]:
    m, isotropic = iface.direction, not found.value[:, 0].any()
    vectors = torque_vector(found.value[:, 0], m, X) + torque_vector(found.value[:, 1], m)
    # The real and the imaginary part may be off, along either axis.
    reach = np.stack([np.abs(torque_vector(np.array([1, 1j]), m, axis)).sum(axis=0) for axis in (X, Y)])
    defined = components(np.zeros(3), m) is not None
    rows = []
    for h in values:
        for s, source in enumerate(SOURCES):
            sizes = {name: (found.size(name)[s] @ reach, why) for name, (_, why) in found.terms.items()}
            t = Estimate(vectors[s], sizes) * h
            parts = (found[s, 1].parts * h if isotropic else parts_of(t, m)) if defined else None
            rows.append(TorqueRow(FIRST_ORDER, None, h, iface.m, source, t, parts, np.full((4, 3), np.nan)))
    return rows
