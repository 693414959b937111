"""Systems that differ from one another along axes: what arrays in `with_` make."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from html import escape
from typing import Any

from sotcheck.errors import SystemFileError, did_you_mean
from sotcheck.system.model import System, in_short, plain

#: The direction of m in degrees: from z, and of its in-plane part from x.
ANGLES = ("theta", "phi")
#: Dimensions of one value, by the last word of its name; of all others it is a number, or a word.
OWN_DIMENSIONS = {"m": 1, "m_F": 1, "magnetization": 1, "spin_orbit": 2, "layers": 9}
#: Systems of one family: as many as computed one by one still are seconds.
MOST = 100_000


@dataclass(frozen=True)
class Family:
    """Systems on a grid: the outer product of all axes, the last one running fastest.

    Attributes
    ----------
    system : System
        What they have in common.
    axes : dict
        Values by name, in the order of the dimensions.
    """

    system: System
    axes: dict[str, tuple[Any, ...]]

    @property
    def shape(self) -> tuple[int, ...]:
        """Lengths of the axes."""
        return tuple(map(len, self.axes.values()))

    def __len__(self) -> int:
        return math.prod(self.shape)

    def __iter__(self) -> Iterator[System]:
        return (self[n] for n in range(len(self)))

    def __getitem__(self, number: int) -> System:
        """Return one of the systems, counted as they are iterated over."""
        left, values = range(len(self))[number], dict[str, Any]()
        for name, along in reversed(self.axes.items()):
            left, place = divmod(left, len(along))
            values[name] = along[place]
        return self.system.with_(values)

    def with_(self, changes: Mapping[str, Any] | None = None, /, **more: Any) -> System | Family:
        """Return the family with some attributes changed for all, or with other axes; as of a system."""
        given = {**(changes or {}), **more}
        _refuse_twice(self.system.name, [*self.axes, *(name for name in given if name not in self.axes)])
        found = self.system.with_(given)
        base, new = (found, {}) if isinstance(found, System) else (found.system, found.axes)
        axes = {name: values for name, values in self.axes.items() if name in new or name not in given} | new
        return _family(base, axes) if axes else base

    def _repr_html_(self) -> str:
        """What is varied, and what they have in common."""
        rows = (
            f'<tr><th scope="row">{escape(name)}</th><td>{len(values)}, from '
            f"{escape(in_short(values[0]))} to {escape(in_short(values[-1]))}</td></tr>"
            for name, values in self.axes.items()
        )
        said = f"<p><b>{escape(repr(self))}</b></p>\n<table>{''.join(rows)}</table>"
        return f"{said}\n{self.system._repr_html_()}"

    def __repr__(self) -> str:
        words = (f"{name} ({len(values)})" for name, values in self.axes.items())
        return f"Family of {len(self)} systems: {self.system.name} over {', '.join(words)}"


def direction(system: System, angles: Mapping[str, float]) -> tuple[float, float, float]:
    """Return the unit vector of polar angles in degrees; one that is not given is m's own."""
    x, y, z = system.m
    theta = math.radians(angles["theta"]) if "theta" in angles else math.atan2(math.hypot(x, y), z)
    phi = math.radians(angles["phi"]) if "phi" in angles else math.atan2(y, x)
    across = math.sin(theta)
    return across * math.cos(phi), across * math.sin(phi), math.cos(theta)


def changed(system: System, changes: Mapping[str, Any]) -> System | Family:
    """Return what `System.with_` does."""
    _refuse_twice(system.name, changes)
    one = {name: plain(value) for name, value in changes.items()}
    axes = {name: value for name, value in one.items() if _several(name, value)}
    for name, values in axes.items():
        if _depth(values) > _own(name) + 1:
            flat = "" if _own(name) else f", such as {name}.ravel()"
            raise SystemFileError(
                f"{system.name}: {name} is an array of {_depth(values)} dimensions; expected one value, or a "
                f"list of them{flat}"
            )
        if not values:
            raise SystemFileError(f"{system.name}: {name} = {values!r} has no value; expected one or several")
        for value in values:
            # Each by itself, so that an error names it.
            _one(system, {name: value})
    found = _one(system, {name: changes[name] for name in one if name not in axes})
    return _family(found, axes) if axes else found


def _refuse_twice(where: str, names: Iterable[str]) -> None:
    """Refuse names two of which say the same: an attribute and its key, m and its angles."""
    from sotcheck.system.files import ALL_KEYS

    said: dict[str, str] = {}
    for name in names:
        other = said.setdefault("m" if name in ANGLES else ALL_KEYS.get(name, name), name)
        if other != name and not {name, other} <= set(ANGLES):
            raise SystemFileError(
                f"{where}: {other} and {name} are both given, of one quantity; give one of them"
            )


def _family(system: System, axes: dict[str, tuple[Any, ...]]) -> Family:
    family = Family(system, axes)
    if len(family) > MOST:
        raise SystemFileError(
            f"{system.name}: {len(family)} systems are too many for one family; at most {MOST}: "
            "sc.sweep keeps what it has computed"
        )
    return family


def _several(name: str, value: Any) -> bool:
    """Say whether a value stands for several."""
    return _depth(value) > _own(name)


def _own(name: str) -> int:
    """Return how many dimensions one value has."""
    return OWN_DIMENSIONS.get(name.rpartition(".")[2], 0)


def _depth(value: Any) -> int:
    """Return how many dimensions a value has."""
    depth = 0
    while isinstance(value, tuple) and value:
        depth, value = depth + 1, value[0]
    return depth + (value == ())


def _one(system: System, changes: Mapping[str, Any]) -> System:
    """Return a system with changes that stand for one value each."""
    known = type(system).model_fields
    angles = {name: changes[name] for name in ANGLES if name in changes}
    own = {name: value for name, value in changes.items() if name in known}
    keys = {name: value for name, value in changes.items() if name not in (*known, *ANGLES)}
    for name, angle in angles.items():
        if isinstance(angle, bool) or not isinstance(plain(angle), int | float) or not math.isfinite(angle):
            raise SystemFileError(
                f"{system.name}: {name} = {angle!r} is not accepted; expected a finite number of degrees"
            )
    if angles:
        own["m"] = direction(system, angles)
    if keys:
        system = _with_keys(system, keys)
    return type(system).checked({**system.values, **own}, system.name) if own else system


def _with_keys(system: System, changes: Mapping[str, Any]) -> System:
    """Return a system with keys of its file changed, in the units of that file."""
    from sotcheck.system.files import ALL_KEYS, from_document, to_document
    from sotcheck.system.stack import of_layer

    document = to_document(system)
    for name, value in changes.items():
        key, layer = name, re.fullmatch(r"layer\[(\d+)\]\.(interface\.)?(\w+)", name)
        if layer is None and name not in ALL_KEYS:
            known = [*type(system).model_fields, *ANGLES]
            near = of_layer(system, name) or did_you_mean(name, [*known, *ALL_KEYS])
            raise SystemFileError(
                f"{system.name}: unknown attribute {name!r}{near}; accepted: {', '.join(known)}, and keys of "
                "the system file, such as interface.barrier or layer[1].thickness"
            )
        table = document
        if layer is not None:
            layers, number = document.get("layer", []), int(layer[1])
            if not 1 <= number <= len(layers):
                some = f"{len(layers)} layer{'' if len(layers) == 1 else 's'}"
                raise SystemFileError(f"{system.name}: {name}: it has {some}, counted from 1")
            table, key = layers[number - 1], layer[3]
            table = table.setdefault("interface", {}) if layer[2] else table
        elif "." in name:
            first, key = name.split(".")
            table = document.setdefault(first, {})
        table[key] = list(value) if isinstance(value := plain(value), tuple) else value
    return from_document(document, system.name)
