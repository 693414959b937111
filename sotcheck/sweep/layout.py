"""What the labelled arrays of a sweep are: names, dimensions, words, and the numbers of some points."""

from __future__ import annotations

import json
from typing import Any

import numpy as np

from sotcheck.numerics.arrays import Array
from sotcheck.sweep.grid import MAGNETIZATION, SCALARS
from sotcheck.sweep.plan import Plan
from sotcheck.sweep.worker import NUMBERS, TERMS, floats
from sotcheck.system.family import ANGLES
from sotcheck.system.files import to_document
from sotcheck.system.interface import SOURCES
from sotcheck.system.model import System
from sotcheck.system.units import OF_SYSTEM

SPINS = ("x", "y", "z")
#: By the system file's unit of energy.
UNITS = {"": "wave vector^3", "eV": "nm^-3"}
#: What each of NUMBERS is.
LONG_NAMES = {
    "fieldlike": "component of t along m x y; NaN where m is parallel to y",
    "dampinglike": "component of t along m x (y x m); NaN where m is parallel to y",
    "vector": "torque t",
    "spin_current_minus": "k_perp-summed spin current at z = -0",
    "spin_current_plus": "k_perp-summed spin current at z = +0",
    "lattice": "what the Rashba term adds at z = 0",
    "interface": "what the interface exchange u_m takes at z = 0",
    "uncertainty": "error bound of each component of t",
}
#: Their dimensions besides those of the sweep.
INNER: dict[str, tuple[str, ...]] = {
    name: ("term",) if name == "uncertainty" else ("spin",) * NUMBERS[name].ndim for name in LONG_NAMES
}
#: Those of which there are totals.
SUMMED = ("fieldlike", "dampinglike", "vector")
UNITS_NOTE = (
    "hbar^2/2m_e = 1: energy = (wave vector)^2, torque = wave vector^3; of a system file in eV lengths are "
    "in nm, but those of u_0 and u_m. Torques t_s of the source s and all flows carry the prefactor of "
    "t_s = -(1/4 pi) int d^2k_perp/(2 pi)^2 k_x sum_in ..., at the given h_R and not divided by it; "
    "T = (hbar e E_x A tau_s/m_e) t_s"
)
BOUND_NOTE = ", of states bound to the interface; NaN where none is at E_F"
COMPLEX_NOTE = (
    "complex numbers are kept as pairs of real ones: of fieldlike + i dampinglike, `fieldlike` is the real "
    "part and `dampinglike` the imaginary part"
)
#: Prefix, dimension, further words and NUMBERS of the sources, of their total, and of bound states.
KINDS: tuple[tuple[str, tuple[str, ...], str, tuple[str, ...]], ...] = (
    ("", ("source",), "", tuple(LONG_NAMES)),
    ("total_", (), ", weighted with relaxation times", SUMMED),
    ("bound_", (), BOUND_NOTE, tuple(LONG_NAMES)),
)
#: Relaxation times of ROWS.
TIMES = ("tau_N", "tau_up", "tau_down", "tau_bound")
#: What is a text at each point.
TEXTS = {"error": "why the point failed; empty if it did not", "warning": "why to doubt the torque here"}


def inner_sizes() -> dict[str, int]:
    """Return the lengths of the dimensions besides the axes."""
    return {"source": len(SOURCES), "spin": len(SPINS), "term": len(TERMS)}


def variables(plan: Plan) -> dict[str, tuple[tuple[str, ...], dict[str, str]]]:
    """Return the dimensions and attributes of every variable that has the axes' dimensions."""
    of_numbers = {
        f"{prefix}{name}": (
            (*plan.dims, *before, *INNER[name]),
            {"units": UNITS[plan.iface.unit], "long_name": LONG_NAMES[name] + which},
        )
        for prefix, before, which, names in KINDS
        for name in names
    }
    return of_numbers | {name: (plan.dims, {"long_name": words}) for name, words in TEXTS.items()}


def numbers(rows: Any, tau: Array) -> dict[str, Array]:
    """Return the numbers of every variable at some points.

    `rows`, shape (n, ROWS), are their NUMBERS, and `tau`, shape (n, ROWS), relaxation times.
    """
    # Without a bound state at E_F there is nothing to add.
    counted, total = floats(rows).copy(), np.zeros(len(rows), NUMBERS)
    counted[:, -1] = np.nan_to_num(counted[:, -1])
    floats(total)[...] = np.einsum("...s,...sn->...n", tau, counted)
    by_kind = (rows[:, :-1], total, rows[:, -1])
    return {
        f"{prefix}{name}": found[name]
        for (prefix, _, _, names), found in zip(KINDS, by_kind, strict=True)
        for name in names
    }


def attributes(plan: Plan) -> dict[str, str]:
    """Return what the file says of itself."""
    return {
        "title": f"sotcheck sweep of {plan.system['name']}", "command": storable(plan.command),
        "sotcheck": plan.versions["sotcheck"], "system": to_toml(plan.iface),
        "units": UNITS_NOTE, "complex": COMPLEX_NOTE, "plan": json.dumps(plan.to_dict()),
    }  # fmt: skip


def coordinates(plan: Plan) -> dict[str, tuple[str, Any, dict[str, str]]]:
    """Return the dimension, values and attributes of every coordinate."""
    direction = {"long_name": "direction of the magnetization"}
    angle = {"long_name": "polar angles of the magnetization", "units": "degree"}
    keys = {name: SCALARS.get(name, name) for axis in plan.axes for name in axis.columns}
    described = {name: {"long_name": path, "key": path} for name, path in keys.items()}
    if plan.iface.unit:
        for name in {*OF_SYSTEM} & described.keys():
            described[name] = {"long_name": f"{SCALARS[name]}, in units of hbar^2/2m_e = 1 and 1 eV"}
    described |= dict.fromkeys(MAGNETIZATION, direction) | dict.fromkeys(ANGLES, angle)
    found = {
        name: (axis.name, np.asarray(values), described[name])
        for axis in plan.axes
        for name, values in axis.columns.items()
    }
    names: dict[str, Any] = {"source": SOURCES, "spin": SPINS, "term": TERMS}
    return found | {name: (name, np.array(texts, dtype=object), {}) for name, texts in names.items()}


def to_toml(system: System) -> str:
    """Return a system file that gives this system again."""
    document, text = to_document(system), ""

    def lines(table: dict[str, Any]) -> str:
        # JSON's strings and lists are TOML's, and its numbers have every digit.
        return "".join(f"{key} = {json.dumps(one, ensure_ascii=False)}\n" for key, one in table.items())

    layers = document.pop("layer", [])
    for name, value in document.items():
        text += f"\n[{name}]\n{lines(value)}" if isinstance(value, dict) else lines({name: value})
    for layer in layers:
        delta = layer.pop("interface")
        text += f"\n[[layer]]\n{lines(layer)}\n[layer.interface]\n{lines(delta)}"
    return text


def storable(text: str) -> str:
    """Return a text as HDF5 takes it: a file's name that is no UTF-8, and NUL, with backslashes."""
    return text.replace("\0", "\\0").encode("utf-8", "backslashreplace").decode()
