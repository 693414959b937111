"""System files (TOML): the only reader of them, and the finder of the built-in ones."""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Literal, overload

from sotcheck.errors import SystemFileError, did_you_mean, in_our_words
from sotcheck.run.inputs import read_bytes
from sotcheck.system.interface import Interface
from sotcheck.system.model import System
from sotcheck.system.stack import Layer, SpinOrbitTerms, Stack
from sotcheck.system.units import file_units, natural_units
from sotcheck.system.validated import shown

#: Keys of a system file, table and key, and the attribute of every system that each one sets.
KEYS = {
    "name": "name",
    "title": "title",
    "reference": "reference",
    "fermi_energy": "E_F",
    "normal.potential": "U_N",
    "ferromagnet.potential": "U_F",
    "ferromagnet.exchange": "J",
    "interface.barrier": "u_0",
    "interface.exchange": "u_m",
    "interface.rashba": "h_R",
    "interface.magnetization": "m",
    "relaxation.normal": "tau_N",
    "relaxation.majority": "tau_up",
    "relaxation.minority": "tau_down",
    "relaxation.bound": "tau_bound",
    "units.energy": "unit",
}
#: Those of a `Stack` alone; layers are tables of their own.
STACK_KEYS = {
    "normal.mass": "mass_N",
    "ferromagnet.mass": "mass_F",
    "ferromagnet.magnetization": "m_F",
    "ferromagnet.magnetic": "magnetic",
    "interface.dresselhaus": "dresselhaus",
    "interface.weyl": "weyl",
    "interface.spin_orbit": "spin_orbit",
    "layer": "layers",
}
ALL_KEYS = {**KEYS, **STACK_KEYS}
_BY_ATTRIBUTE = {attribute: key for key, attribute in ALL_KEYS.items()}
#: A matrix of spin-orbit coupling that is none.
NOTHING = [[0.0, 0.0]] * 3
#: Tables of what is infinite.
HALF_SPACES = ("normal", "ferromagnet")
_TABLES = {key.partition(".")[0] for key in ALL_KEYS if "." in key}


@in_our_words
def builtin_systems(kind: Literal["any", "bare"] = "any") -> dict[str, Path]:
    """Return the built-in system files by name, from a checkout or an installed wheel alike.

    `kind`: "any", or "bare" for what takes a bare `Interface` only.
    """
    folder = _folder()
    files = [f for f in folder.iterdir() if f.name.endswith(".toml")] if folder.is_dir() else []
    found = {f.name.removesuffix(".toml"): f for f in sorted(files, key=lambda f: f.name)}
    if kind == "any":
        return found
    return {name: file for name, file in found.items() if isinstance(load(name), Interface)}


def _folder() -> Path:
    """Return the folder of the built-in files and their schema, of a wheel or a checkout."""
    installed = Path(__file__).resolve().parents[1] / "systems"
    return installed if installed.is_dir() else installed.parents[1] / "systems"


def schema_file() -> Path:
    """Return the JSON Schema of system files that comes along."""
    return _folder() / "system.schema.json"


def read_text(system: str | Path) -> tuple[str, str]:
    """Return (where, text) of a built-in system's name or of a path to a system file in UTF-8."""
    builtin = builtin_systems()
    if not isinstance(system, str | Path):
        raise SystemFileError(
            f"system = {system!r} is not accepted; expected a built-in name, a path, or what a file would say"
        )
    where = str(system)
    names = f"built-in: {', '.join(builtin)}"
    try:
        if where == "":
            raise FileNotFoundError
        # Editors on Windows put a byte order mark in front.
        content = builtin[where].read_bytes() if where in builtin else read_bytes(Path(system))
        return where, content.decode("utf-8-sig")
    except FileNotFoundError:
        near = did_you_mean(where, builtin)
        raise SystemFileError(f"{where!r}: no such file, nor a built-in system{near}; {names}") from None
    except IsADirectoryError:
        raise SystemFileError(
            f"{where}: is a folder; give a system file (*.toml) in it, or a built-in name; {names}"
        ) from None
    except UnicodeDecodeError as error:
        if Path(where).suffix == ".nc":
            raise SystemFileError(
                f"{where}: the result of a sweep, for check, report and open_sweep; expected a system"
            ) from None
        raise SystemFileError(
            f"{where}: not UTF-8 text (byte {error.start} is 0x{error.object[error.start]:02x}); "
            "a system file is TOML in UTF-8"
        ) from None
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise SystemFileError(f"{where}: cannot be read ({reason})") from None


Bare = Literal["bulk-magnetism", "interface-magnetism", "ferromagnetic-insulator", "topological-insulator"]


@overload
def load(system: Bare) -> Interface: ...
@overload
def load(system: str | Path | Mapping[str, Any]) -> System: ...
@in_our_words
def load(system: str | Path | Mapping[str, Any]) -> System:
    """Load a system: a bare `Interface`, or a `Stack` if it has layers, masses or other spin-orbit terms.

    Parameters
    ----------
    system : str, Path or mapping
        A built-in name or a path: "bulk-magnetism" or "my/system.toml". Or what a file would say, as nested
        tables: ``{"name": "mine", "fermi_energy": 7.0, "units": {"energy": "eV"}, "layer": [...]}``.

    Raises
    ------
    SystemFileError
        Naming the file, the key, what was found and what is accepted.
    """
    if isinstance(system, Mapping):
        return from_document(dict(system), str(system.get("name", "the system")))
    where, text = read_text(system)
    try:
        document = tomllib.loads(text)
    except (ValueError, RecursionError) as error:
        # Besides its own ValueError, tomllib lets out Python's for integers of over 4300 digits.
        remedy = "; write [[layer]] for each layer" if "'layer'" in str(error) else ""
        raise SystemFileError(f"{where}: not a TOML file that can be read: {error}{remedy}") from None
    return from_document(document, where)


def load_bare(system: str | Path, what: str = "this") -> Interface:
    """Load a bare interface; a stack is a SystemFileError that says that it is not for `what`."""
    return bare(load(system), what)


def bare(system: System, what: str) -> Interface:
    """Return a system that is a bare interface, and refuse any other for `what`."""
    if isinstance(system, Interface):
        return system
    raise SystemFileError(
        f"{system.name}: {what} takes a bare interface, without the keys {', '.join(STACK_KEYS)}; "
        "torque, check, plot, sweep, beyond, bound-states, profile, export, report and finite-width take any "
        "system"
    )


def from_document(document: dict[str, Any], where: str) -> System:
    """Return the validated model of a parsed system file; `where` names it in errors, as in `load`."""
    values: dict[str, Any] = {}
    for name, value in document.items():
        if name == "layer" and isinstance(value, dict):
            raise SystemFileError(
                f"{where}: layer = {shown(value)} is not accepted; expected tables [[layer]], one a layer"
            )
        if name not in _TABLES:
            values[_attribute(where, value, name)] = value
        elif not isinstance(value, dict):
            raise SystemFileError(
                f"{where}: {name} = {shown(value)} is not accepted; "
                f"expected a table, written [{name}] with keys below it"
            )
        else:
            for inner, inner_value in value.items():
                values[_attribute(where, inner_value, name, inner)] = inner_value
    if "name" not in values:
        raise SystemFileError(f'{where}: the key name is missing; expected a line such as name = "my-system"')
    model = Stack if values.keys() & set(STACK_KEYS.values()) else Interface
    written = {name: f"{_BY_ATTRIBUTE[name]} = {shown(value)}" for name, value in values.items()}
    return natural_units(model.checked(values, where, written))


def to_document(system: System) -> dict[str, Any]:
    """Return the system as nested tables, the structure of a system file, in the file's own units."""
    document: dict[str, Any] = {}
    values = file_units(system).model_dump(mode="json", exclude_none=True)
    keys = ALL_KEYS if isinstance(system, Stack) else KEYS
    for key, attribute in keys.items():
        if attribute not in values or (attribute == "unit" and not values[attribute]):
            continue
        *tables, last = key.split(".")
        table = document.setdefault(tables[0], {}) if tables else document
        table[last] = values[attribute]
    return document


def keys_told(document: Mapping[str, Any], before: str = "") -> Iterator[tuple[str, Any]]:
    """Yield the keys of a document and what they say, of tables within tables as well, but for nothing."""
    for key, value in document.items():
        if isinstance(value, dict):
            yield from keys_told(value, f"{before}{key}.")
        elif key == "layer":
            for n, layer in enumerate(value, 1):
                yield from keys_told(layer, f"layer[{n}].")
        elif value and value != NOTHING:
            yield before + key, value


def _attribute(where: str, value: Any, *path: str) -> str:
    """Return the attribute that a key, with its table, sets; `value` is what errors show."""
    written = ".".join(part if re.fullmatch(r"[\w-]+", part) else json.dumps(part) for part in path)
    if written in ALL_KEYS:
        return ALL_KEYS[written]
    if path[0] in HALF_SPACES and path[-1] in SpinOrbitTerms.model_fields:
        raise SystemFileError(
            f"{where}: {written} = {shown(value)} is not accepted: a half-space has no spin-orbit coupling; "
            f"expected {path[-1]} in a table [[layer]] of some thickness, or in [interface]"
        )
    # A right key in the wrong table, or the attribute's name, is nearer than any likeness of letters.
    same = [key for key, attribute in ALL_KEYS.items() if path[-1] in (key.split(".")[-1], attribute)]
    same += [f"[[layer]] {path[-1]}"] if path[-1] in Layer.model_fields else []
    near = f" (did you mean {same[0]!r}?)" if same else did_you_mean(written, [*ALL_KEYS, *_TABLES])
    raise SystemFileError(f"{where}: unknown key {written!r}{near}; accepted: {', '.join(ALL_KEYS)}")
