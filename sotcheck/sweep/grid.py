"""Axes of a sweep: `--over KEY=…` and tables read, every value tried against the model before any work.

Columns of an axis are attributes of the system (h_R, E_F, …), in units of ħ²/2mₑ = 1; keys of its file, in
that file's units, where there is no such attribute; the components m_x, m_y, m_z of the magnetization, or its
polar angles theta and phi in degrees. A SystemFileError says what was found, where, and what is accepted.
"""

from __future__ import annotations

import csv
import hashlib
import io
import math
import re
from array import array
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
from pydantic import TypeAdapter

from sotcheck.errors import SystemFileError, did_you_mean
from sotcheck.run.inputs import read_bytes
from sotcheck.system.family import ANGLES, direction
from sotcheck.system.files import ALL_KEYS
from sotcheck.system.model import Direction, System
from sotcheck.system.stack import Stack, of_layer
from sotcheck.system.units import OF_SYSTEM
from sotcheck.system.validated import RefusedError

Point = dict[str, float]
T = TypeVar("T")

MAGNETIZATION = ("m_x", "m_y", "m_z")
#: Attributes that are one number, and their keys.
SCALARS = {
    attribute: key
    for key, attribute in ALL_KEYS.items()
    if isinstance(Stack.model_fields[attribute].default, float)
}
#: A number of a layer, or of the delta at its end: keys that are no attributes.
OF_LAYER = re.compile(r"layer\[\d+\]\.(interface\.)?\w+")
#: More would be no sweep.
MOST_POINTS = 10**7
FORMS = "start:stop:count, start:stop:count:log, or values separated by commas"


@dataclass(frozen=True)
class Axis:
    """One dimension of a sweep: its name, and parameters that change along it together, of one length."""

    name: str
    #: An array of doubles for each: there may be millions.
    columns: dict[str, Any]

    def __len__(self) -> int:
        return len(next(iter(self.columns.values())))

    def at(self, index: int) -> Point:
        """Return the parameters at one place of the axis."""
        return {name: values[index] for name, values in self.columns.items()}

    def described(self) -> dict[str, Any]:
        """Return its name, and of each column what tells it from all others, JSON-ready and short."""
        return {"name": self.name, "columns": {name: _described(one) for name, one in self.columns.items()}}


def _described(values: Any) -> dict[str, Any]:
    digest = hashlib.sha256(np.asarray(values, "<f8").tobytes()).hexdigest()
    return {"count": len(values), "first": values[0], "last": values[-1], "sha256": digest}


def _names() -> dict[str, str]:
    """Return the parameter of every accepted name: symbol, angle, key, and last part of the key if unique."""
    paths = {**SCALARS, "m": "interface.magnetization"}
    tables = {path.split(".")[0] for path in paths.values() if "." in path}
    last = Counter(path.rpartition(".")[2] for path in paths.values())
    names = {name: name for name in (*paths, *ANGLES)}
    for attribute, path in paths.items():
        part = path.rpartition(".")[2]
        names |= dict.fromkeys([path, part] if last[part] == 1 and part not in tables else [path], attribute)
    return names


NAMES = _names()


def names_of(system: System) -> dict[str, str]:
    """Return those of one system; in eV, keys stay whose attributes have numbers in another unit."""
    known = {*type(system).model_fields, *ANGLES}
    keys = {SCALARS[name] for name in OF_SYSTEM} if system.unit else set()
    keys |= {key.rpartition(".")[2] for key in keys}
    return {
        name: SCALARS[parameter] if name in keys else parameter
        for name, parameter in NAMES.items()
        if parameter in known
    }


def parse_axis(iface: System, text: str) -> Axis:
    """Return the axis of one `--over` text, e.g. "h_R=0.01:1:50", "u_0=0.1:10:9:log" or "m=0,0,1;1,0,1".

    Each value by itself must suit the system.
    """
    where = f"--over {text!r}"
    name, equals, values = text.partition("=")
    if not equals:
        raise SystemFileError(f"{where}: expected KEY=VALUES, with values as {FORMS}")
    parameter = parameter_of(iface, name.strip(), where)
    if parameter == "m":
        rows = [_numbers(part.split(","), where) for part in values.split(";")]
        for row in (row for row in rows if len(row) != 3):
            raise SystemFileError(
                f"{where}: {row} is no direction; expected x,y,z, and ';' between directions"
            )
        columns: Mapping[str, Sequence[float]] = dict(
            zip(MAGNETIZATION, zip(*rows, strict=True), strict=True)
        )
    else:
        columns = {parameter: values_of(values, where)}
    axis = accepted_axis(iface, parameter, columns, where)
    places, counts = np.unique(np.stack(list(axis.columns.values()), axis=-1), axis=0, return_counts=True)
    for place in places[counts > 1].tolist():
        shown = place[0] if len(place) == 1 else tuple(place)
        raise SystemFileError(f"{where}: {shown} is there twice; each value labels one place")
    return axis


def read_table(iface: System, path: Path) -> Axis:
    """Return the dimension "point" of a CSV file: a row of keys, then one row of numbers a point."""
    where = f"--table {path}"
    try:
        content = io.TextIOWrapper(io.BytesIO(read_bytes(path)), "utf-8-sig", newline="")
        reader = csv.reader(content)
        filled = (row for row in reader if any(cell.strip() for cell in row))
        cells = next(filled, [])
        head = [parameter_of(iface, cell.strip(), where, of_table=True) for cell in cells]
        for name in _twice(head):
            raise SystemFileError(f"{where}: the column {name} is there twice")
        missing = ", ".join(name for name in MAGNETIZATION if name not in head)
        if missing and set(MAGNETIZATION) & set(head):
            raise SystemFileError(f"{where}: {missing} is missing; a direction needs all three")
        columns = {name: array("d") for name in head}
        for row in filled:
            line = f"{where}, line {reader.line_num}"
            if len(row) != len(head):
                raise SystemFileError(f"{line}: {len(row)} cells; expected {len(head)}")
            for values, number in zip(columns.values(), _numbers(row, line), strict=True):
                values.append(number)
    except (OSError, UnicodeError, csv.Error) as error:
        why = getattr(error, "strerror", None) or error
        raise SystemFileError(f"{where}: cannot be read as CSV in UTF-8 ({why})") from None
    if not any(columns.values()):
        raise SystemFileError(f"{where}: expected a row of keys and at least one row of numbers")
    return accepted_axis(iface, "point", columns, where)


def grid(axes: Sequence[Axis]) -> tuple[int, ...]:
    """Return the shape of the outer product of all axes, once they are found to go together."""
    if not axes:
        raise SystemFileError("nothing to sweep over; give --over KEY=VALUES or --table FILE.csv")
    kinds: list[str] = []
    for axis in axes:
        named = ("magnetization" if c in MAGNETIZATION else ALL_KEYS.get(c, c) for c in axis.columns)
        kinds += dict.fromkeys(named)
    if "magnetization" in kinds and set(ANGLES) & set(kinds):
        raise SystemFileError("magnetization and its angles (theta, phi) are both swept; give one of them")
    for kind in _twice(kinds):
        raise SystemFileError(f"{kind} is swept twice; give one axis for it")
    shape = tuple(map(len, axes))
    if math.prod(shape) > MOST_POINTS:
        raise SystemFileError(
            f"{math.prod(shape)} points are too many for one sweep; at most {MOST_POINTS}: split an axis"
        )
    return shape


def changes(iface: System, point: Point) -> dict[str, Any]:
    """Return what a point changes, as `System.with_` takes it: angles and components become m."""
    others = (*MAGNETIZATION, *ANGLES)
    changed: dict[str, Any] = {name: value for name, value in point.items() if name not in others}
    if MAGNETIZATION[0] in point:
        changed["m"] = tuple(point[name] for name in MAGNETIZATION)
    elif set(ANGLES) & set(point):
        changed["m"] = direction(iface, {name: point[name] for name in ANGLES if name in point})
    return changed


def in_words(point: Point) -> str:
    """Return the parameters of a point in words."""
    return ", ".join(f"{name} = {value:.4g}" for name, value in point.items()) or "the system's own values"


def _twice(items: Iterable[T]) -> list[T]:
    """Return what is there more than once."""
    return [item for item, count in Counter(items).items() if count > 1]


def parameter_of(iface: System, name: str, where: str, *, of_table: bool = False) -> str:
    """Return the parameter that a name stands for; a table has a direction's components, in place of it."""
    known = names_of(iface)
    if of_table:
        known = {one: parameter for one, parameter in known.items() if parameter != "m"}
        known |= {one: one for one in MAGNETIZATION}
    if name in known or (isinstance(iface, Stack) and OF_LAYER.fullmatch(name)):
        return known.get(name, name)
    paths = [path for path in SCALARS.values() if path.endswith(f".{name}") and path in known]
    near = f" (did you mean {' or '.join(map(repr, paths))}?)" if paths else of_layer(iface, name)
    near = near or did_you_mean(name, known)
    layers = ", layer[1].thickness and so on" if isinstance(iface, Stack) else ""
    raise SystemFileError(f"{where}: unknown key {name!r}{near}; accepted: {', '.join(known)}{layers}")


def values_of(text: str, where: str) -> list[float]:
    """Return the numbers of a range or a list, as FORMS has them; `where` names them in errors."""
    return _range(text, where) if ":" in text else _numbers(text.split(","), where)


def _numbers(parts: Sequence[str], where: str) -> list[float]:
    try:
        numbers = [float(part) for part in parts]
    except ValueError:
        text = ",".join(parts)
        raise SystemFileError(f"{where}: {text!r} is not a list of numbers; expected {FORMS}") from None
    if not all(map(math.isfinite, numbers)):
        raise SystemFileError(f"{where}: {','.join(parts)!r} has a number that is not finite")
    return numbers


def _range(text: str, where: str) -> list[float]:
    """Return the values of start:stop:count or start:stop:count:log, both ends included."""
    parts = [part.strip() for part in text.split(":")]
    logarithmic = parts[3:] == ["log"]
    if not (len(parts) == 3 or logarithmic):
        raise SystemFileError(f"{where}: {text!r} is no range; expected {FORMS}")
    start, stop = _numbers(parts[:2], where)
    count = int(parts[2]) if parts[2].isdecimal() else 0
    if not 2 <= count <= MOST_POINTS:
        raise SystemFileError(f"{where}: count = {parts[2]!r} is not accepted; expected 2 to {MOST_POINTS}")
    if logarithmic and not start * stop > 0:
        raise SystemFileError(f"{where}: a log range needs two ends of one sign, neither zero")
    return (np.geomspace if logarithmic else np.linspace)(start, stop, count).tolist()


def accepted_axis(iface: System, name: str, columns: Mapping[str, Iterable[float]], where: str) -> Axis:
    """Return an axis with m normalised, once the model accepts each of its values by itself.

    Whether values go together, e.g. whether any state is left at E_F, is a question for each point.
    """
    axis = Axis(name, {column: array("d", values) for column, values in columns.items()})
    for place in _extremes(axis.columns):
        try:
            iface.with_(changes(iface, place))
        except RefusedError as error:
            for attribute, line in error.lines.items():
                if attribute:
                    raise SystemFileError(f"{where}{line.removeprefix(iface.name)}") from None
        except SystemFileError as error:
            raise SystemFileError(f"{where}: {error}") from None
    if MAGNETIZATION[0] not in axis.columns:
        return axis
    rows = zip(*(axis.columns[component] for component in MAGNETIZATION), strict=True)
    units = zip(*map(TypeAdapter(Direction).validate_python, rows), strict=True)
    unit = {one: array("d", values) for one, values in zip(MAGNETIZATION, units, strict=True)}
    return replace(axis, columns=axis.columns | unit)


def _extremes(columns: Mapping[str, Any]) -> Iterator[Point]:
    """Yield the smallest and the largest value of each column, and direction.

    What the model accepts of a number is an interval, of a direction a range of sizes: these two speak for
    all between. What is no number at all is the smallest.
    """
    groups = [[name] for name in columns if name not in MAGNETIZATION]
    groups += [list(MAGNETIZATION)] if MAGNETIZATION[0] in columns else []
    for group in groups:
        values = np.stack([columns[name] for name in group])
        sizes = values[0] if len(group) == 1 else np.abs(values).max(axis=0)
        for place in dict.fromkeys([int(sizes.argmin()), int(sizes.argmax())]):
            yield {name: columns[name][place] for name in group}
