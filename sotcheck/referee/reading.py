"""What a system file says, read once more: numbers as the balls that doubles are, energies as fractions.

Nothing is taken from the package's own reader: keys, defaults and units are those of the README's `System
files`.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from flint import arb

from sotcheck.errors import SystemFileError

SOURCES = ("normal", "majority", "minority")
Vector = list[arb]
#: Spin-orbit terms by name: rows x, y, z of spin, columns k_x, k_y.
TERMS = {
    "rashba": ((0, 1), (-1, 0), (0, 0)),
    "dresselhaus": ((1, 0), (0, -1), (0, 0)),
    "weyl": ((1, 0), (0, 1), (0, 0)),
}
NO_TERM = ((0, 0), (0, 0), (0, 0))
#: CODATA 2022, in J s, C and kg, as the doubles nearest to them: exact from here on.
HBAR, CHARGE, MASS = 1.0545718176461565e-34, 1.602176634e-19, 9.1093837139e-31
#: Keys of every table; None: no default.
FIELD: dict[str, Any] = {
    "exchange": 0.0, "magnetization": None, "spin_orbit": NO_TERM, **dict.fromkeys(TERMS, 0.0)
}  # fmt: skip
DELTA = {"barrier": 0.0, **FIELD}
KEYS: dict[str, dict[str, Any]] = {
    "": {"name": None, "title": "", "reference": "", "fermi_energy": 2.0},
    "normal": {"potential": 0.0, "mass": 1.0},
    "ferromagnet": {"potential": 0.0, "exchange": 1.0, "magnetization": None, "mass": 1.0, "magnetic": True},
    "interface": {**DELTA, "rashba": 0.05, "magnetization": (0.0, 0.0, 1.0)},
    "relaxation": {"normal": 1.0, "majority": 1.0, "minority": 1.0, "bound": 0.0},
    "units": {"energy": ""},
    "layer": {**FIELD, "name": "", "thickness": 1.0, "potential": 0.0, "mass": 1.0, "interface": {}},
    "layer.interface": DELTA,
}


@dataclass(frozen=True)
class Delta:
    """u_0 + u_m σ·d + σ·(A k) at one z: d of length 1, A as rows x, y, z."""

    u_0: arb
    u_m: arb
    d: Vector
    A: list[list[arb]]


@dataclass(frozen=True)
class Region:
    """A half-space (of thickness 0) or a layer: U and J and the mass exactly, d of length 1, A as rows."""

    U: Fraction
    J: Fraction
    mass: Fraction
    d: Vector
    thickness: arb
    A: list[list[arb]]
    magnetic: bool = True

    @property
    def twofold(self) -> bool:
        """Whether both magnetism and a spin-orbit term turn spins in it."""
        return self.J != 0 and not all(number.is_zero() for row in self.A for number in row)

    def threshold(self, energy: Fraction, spin: int) -> Fraction:
        """Return the k_⊥² at which spin along (1) or against d (-1) becomes a closed channel."""
        return self.mass * (energy - self.U - spin * self.J)


@dataclass(frozen=True)
class Problem:
    """A system: half-space, deltas with layers between them, half-space; m is that of [interface]."""

    energy: Fraction
    regions: list[Region]
    deltas: list[Delta]
    m: Vector
    along_y: bool
    unit: arb

    @property
    def bare(self) -> bool:
        """Whether it is the interface of the closed form: a Rashba term at z = 0, unit masses, one m."""
        left, right = self.regions[0], self.regions[-1]
        h = self.deltas[0].A[0][1]
        rashba = [[arb(0), h], [-h, arb(0)], [arb(0), arb(0)]]
        one = len(self.deltas) == 1 and right.d is self.m and right.magnetic
        return one and same(self.deltas[0].A, rashba) and left.mass == right.mass == 1

    def edge(self, source: str) -> Fraction:
        """Return the k_⊥² up to which a source has waves."""
        if source == "normal":
            return self.regions[0].threshold(self.energy, 0)
        return self.regions[-1].threshold(self.energy, 1 if source == "minority" else -1)


def exact(value: Fraction) -> arb:
    """Return a fraction as a ball."""
    return arb(value.numerator) / value.denominator


def same(one: list[list[arb]], other: list[list[arb]]) -> bool:
    """Return whether matrices are equal for certain."""
    return all(a == b for row, line in zip(one, other, strict=True) for a, b in zip(row, line, strict=True))


def read(
    document: dict[str, Any], *, h_R: float | None = None, scale: float | None = None
) -> tuple[Problem, float]:
    """Read the tables of a system file; `h_R` or `scale` as the options --h-r and --scale have them.

    Returns
    -------
    Problem, float
        With all spin-orbit terms times the scale, and that scale: h_R where that is the only spin-orbit term.

    Raises
    ------
    SystemFileError
        For a key or value that the referee does not know.
    """
    top = _table({k: v for k, v in document.items() if k not in KEYS}, "")
    normal, magnet, interface, units = (
        _table(document.get(name, {}), name) for name in ("normal", "ferromagnet", "interface", "units")
    )
    _table(document.get("relaxation", {}), "relaxation")
    layers = [
        (_table(one, "layer"), _table(one.get("interface", {}), "layer.interface"))
        for one in document.get("layer", [])
    ]
    if units["energy"] not in ("", "eV"):
        raise SystemFileError(f"units.energy = {units['energy']!r} is unknown to the referee; expected eV")
    length = _length() if units["energy"] else arb(1)
    m = _direction(interface["magnetization"])
    tables = [interface, *(end for _, end in layers)]
    others = [one for pair in layers for one in pair]
    only_rashba = not any(_coupled(one) for one in [interface | {"rashba": 0.0}, *others])
    if only_rashba:
        factor = interface["rashba"] * (1.0 if scale is None else scale) if h_R is None else h_R
        interface = interface | {"rashba": 1.0}
        tables[0] = interface
    else:
        factor = 1.0 if scale is None else scale
    deltas = [
        Delta(arb(t["barrier"]) / length, arb(t["exchange"]) / length, _own(t, m), _matrix(t, arb(factor)))
        for t in tables
    ]
    regions = [Region(Fraction(normal["potential"]), Fraction(0), Fraction(normal["mass"]), m, arb(0), [])]
    for t, _ in layers:
        A = _matrix(t, arb(factor) / length)
        regions.append(Region(*_energies(t), _own(t, m), arb(t["thickness"]) / length, A))
    regions.append(Region(*_energies(magnet), _own(magnet, m), arb(0), [], magnet["magnetic"]))
    along_y = not any(interface["magnetization"][::2])
    energy = Fraction(top["fermi_energy"])
    return Problem(energy, regions, deltas, m, along_y, length**-3), factor


def _table(given: dict[str, Any], name: str) -> dict[str, Any]:
    """Return a table with its defaults; refuse what is not known."""
    known = KEYS[name]
    if not isinstance(given, dict):
        raise SystemFileError(f"[{name}] is no table")
    for key, value in given.items():
        where = f"{name}.{key}" if name else key
        if key not in known:
            raise SystemFileError(f"the referee does not know the key {where}")
        if isinstance(known[key], float) and (isinstance(value, bool) or not _finite([value])):
            raise SystemFileError(f"{where} = {value!r}: the referee expected a finite number")
    return known | {key: value for key, value in given.items() if value is not None}


def _energies(table: dict[str, Any]) -> tuple[Fraction, Fraction, Fraction]:
    """Return potential, exchange and mass."""
    return Fraction(table["potential"]), Fraction(table["exchange"]), Fraction(table["mass"])


def _finite(values: Iterable[Any]) -> bool:
    return all(isinstance(v, int | float) and math.isfinite(v) for v in values)


def _direction(d: Sequence[float]) -> Vector:
    if len(d) != 3 or not _finite(d) or not any(d):
        raise SystemFileError(f"magnetization = {d!r}: the referee expected three numbers, not all zero")
    length = sum((arb(c) ** 2 for c in d), arb(0)).sqrt()
    return [arb(c) / length for c in d]


def _own(table: dict[str, Any], m: Vector) -> Vector:
    """Return a table's direction, that of [interface] by default (the same object)."""
    return m if table["magnetization"] is None else _direction(table["magnetization"])


def _coupled(table: dict[str, Any]) -> bool:
    return any(table[name] for name in TERMS) or any(any(row) for row in table["spin_orbit"])


def _matrix(table: dict[str, Any], factor: arb) -> list[list[arb]]:
    """Return A of all spin-orbit terms of a table together, times a factor."""
    named = [[[arb(table[name]) * n for n in row] for row in term] for name, term in TERMS.items()]
    named.append([[arb(number) for number in row] for row in table["spin_orbit"]])
    return [[factor * sum((term[i][j] for term in named), arb(0)) for j in (0, 1)] for i in (0, 1, 2)]


def _length() -> arb:
    """Return ħ/√(2mₑ · 1 eV) in nm."""
    return arb(HBAR) / (2 * arb(MASS) * arb(CHARGE)).sqrt() * 10**9
