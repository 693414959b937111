"""What determines the data of a sweep, and how two such plans differ."""

from __future__ import annotations

import hashlib
import math
import platform
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field, replace
from functools import cache, cached_property
from importlib import metadata
from pathlib import Path
from typing import Any

import numpy as np
from pydantic import ConfigDict, TypeAdapter, ValidationError

import sotcheck
from sotcheck import __version__
from sotcheck.engines import EXACT, Scheme, exact_engines
from sotcheck.errors import SystemFileError, in_range
from sotcheck.numerics.arrays import Array
from sotcheck.sweep.grid import Axis, Point, changes, grid
from sotcheck.system.files import from_document, to_document
from sotcheck.system.model import System
from sotcheck.trial.torque import TOLERANCE, TOLERANCES

#: Packages whose version may change a digit.
PACKAGES = ("numpy", "scipy", "kwant")
#: Of a SHA-256: enough to tell sources apart, and short enough to be read.
HASH_DIGITS = 16


@cache
def versions() -> dict[str, str]:
    """Return the versions of everything that computes here."""
    packages = {name: metadata.version(name) for name in PACKAGES}
    return {"sotcheck": __version__, "python": platform.python_version(), **packages}


@cache
def sources() -> str:
    """Return a hash of the package's own source files: edited physics may keep its version."""
    found = hashlib.sha256()
    root = Path(sotcheck.__file__).parent
    for path in sorted(root.rglob("*.py")):
        content = path.read_bytes()
        found.update(f"{path.relative_to(root).as_posix()} {len(content)}\n".encode() + content)
    return found.hexdigest()[:HASH_DIGITS]


@dataclass(frozen=True)
class Plan:
    """A sweep before any work."""

    #: Document of the system file (`to_document`).
    system: dict[str, Any]
    #: Workers get a plan without any.
    axes: tuple[Axis, ...]
    engine: str
    #: None for engines without a lattice.
    scheme: Scheme | None
    spacing: float | None
    tolerance: float
    versions: dict[str, str] = field(default_factory=versions)
    sources: str = field(default_factory=sources)
    #: How the sweep was asked for; the one part that may differ between runs of it.
    command: str = ""

    # What is in a file must not be more than we know of.
    __pydantic_config__ = ConfigDict(extra="forbid", allow_inf_nan=False)

    @cached_property
    def shape(self) -> tuple[int, ...]:
        """Lengths of the axes."""
        return grid(self.axes)

    @property
    def dims(self) -> tuple[str, ...]:
        """Names of the axes."""
        return tuple(axis.name for axis in self.axes)

    @property
    def size(self) -> int:
        """Number of points."""
        return math.prod(self.shape)

    @property
    def exact(self) -> bool:
        """Whether the engine is an exact one."""
        return self.engine in EXACT

    def exact_engine(self, ahead: int = 0) -> str:
        """Return the engine, the first exact one for formulas; or the exact one so far ahead of it."""
        names = list(EXACT)
        here = names.index(self.engine) if self.exact else 0
        return names[(here + ahead) % len(names)]

    @cached_property
    def iface(self) -> System:
        """The system that is swept."""
        return from_document(self.system, str(self.system["name"]))

    def point(self, index: int) -> Point:
        """Return the parameters of a point; the last axis runs fastest."""
        return self.points([index])[index]

    def points(self, indices: Sequence[int]) -> dict[int, Point]:
        """Return the parameters of several points by index."""
        places = np.unravel_index(np.asarray(indices), self.shape)
        columns = {
            name: np.asarray(values)[place].tolist()
            for axis, place in zip(self.axes, places, strict=True)
            for name, values in axis.columns.items()
        }
        rows = zip(*columns.values(), strict=True)
        return {index: dict(zip(columns, row, strict=True)) for index, row in zip(indices, rows, strict=True)}

    def interface(self, point: Point) -> System:
        """Return the system at a point, or raise a SystemFileError if that is none."""
        found: System = self.iface.with_(changes(self.iface, point))
        return found

    def everywhere(self, attribute: str) -> Array:
        """Return an attribute of the system at every point, of the sweep's shape."""
        values = np.array(getattr(self.iface, attribute))
        for i, axis in enumerate(self.axes):
            if attribute in axis.columns:
                values = np.asarray(axis.columns[attribute]).reshape(-1, *[1] * len(self.axes[i + 1 :]))
        return np.broadcast_to(values, self.shape)

    def to_dict(self) -> dict[str, Any]:
        """Return the plan as JSON-ready tables; of axes, what tells them from all others."""
        return asdict(replace(self, axes=())) | {"axes": [axis.described() for axis in self.axes]}

    @classmethod
    def from_dict(cls, tables: dict[str, Any], axes: Sequence[Axis]) -> Plan:
        """Return the plan that `to_dict` wrote, perhaps through JSON, of some axes.

        A SystemFileError, if it is none, has no file's name.
        """
        try:
            # Nothing is to be filled in with what is at work now.
            given = {"versions": {}, "sources": "", **tables, "axes": tuple(axes)}
            plan = _validated().validate_python(given)
            _ = plan.iface, plan.shape
        except ValidationError as error:
            first = error.errors()[0]
            why = f"{'.'.join(map(str, first['loc']))}: {first['msg']}"
        except (SystemFileError, KeyError, TypeError) as error:
            why = (str(error) or type(error).__name__).splitlines()[0]
        else:
            return plan
        raise SystemFileError(f"its plan is none of this version's ({why})")

    def differences(self, tables: dict[str, Any]) -> list[str]:
        """Return one line for each thing that was different in the tables of an earlier plan."""
        mine, theirs = _leaves(self.to_dict()), _leaves(tables)
        return [
            f"{name}: {_short(theirs.get(name))} then, {_short(mine.get(name))} now"
            for name in {**theirs, **mine}
            if name != "command" and theirs.get(name) != mine.get(name)
        ]


@cache
def _validated() -> TypeAdapter[Plan]:
    """Return what makes plans of tables: to build it takes as long as to open a small result."""
    return TypeAdapter(Plan)


def make_plan(
    iface: System,
    axes: Sequence[Axis],
    *,
    engine: str = "continuum",
    scheme: Scheme = "exact-difference",
    spacing: float | None = None,
    tolerance: float = TOLERANCE,
    command: str = "",
) -> Plan:
    """Return the plan of a sweep, once its settings are acceptable.

    An EngineError tells of an unknown engine or scheme, a number out of range, or a spacing without a
    lattice; a SystemFileError of axes that do not go together.
    """
    solver = exact_engines([engine], scheme, spacing).get(engine)
    in_range("tolerance", tolerance, *TOLERANCES)
    grid(axes)
    on_lattice = scheme if solver and solver.scheme else None
    return Plan(to_document(iface), tuple(axes), engine, on_lattice, spacing, tolerance, command=command)


def _leaves(tables: dict[str, Any]) -> dict[str, Any]:
    """Return everything by name, without tables in it."""
    columns = {
        f"axis {' '.join(dict.fromkeys([axis['name'], column]))}": described
        for axis in tables["axes"]
        for column, described in axis["columns"].items()
    }
    return dict(flat({**tables, "axes": [axis["name"] for axis in tables["axes"]], **columns}))


def flat(tables: dict[str, Any], path: str = "") -> Iterator[tuple[str, Any]]:
    """Yield everything in nested tables, and its dotted name."""
    for name, value in tables.items():
        inner = isinstance(value, dict)
        yield from flat(value, f"{path}{name}.") if inner else [(f"{path}{name}", value)]


def _short(value: Any) -> str:
    """Return a value in a few words: of a long list its length and ends."""
    if isinstance(value, list) and len(value) > 4:
        return f"{len(value)} values from {value[0]!r} to {value[-1]!r}"
    return "nothing" if value is None else repr(value)
