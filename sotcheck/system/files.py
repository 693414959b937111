"""System files (TOML): the only reader of them, and the finder of the built-in ones."""

from __future__ import annotations

import json
import re
import tomllib
from importlib import resources
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from sotcheck.errors import SystemFileError, did_you_mean
from sotcheck.run.inputs import read_bytes
from sotcheck.system.interface import Interface, refused

#: Keys of a system file, table and key, and the attribute of `Interface` that each one sets.
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
}
_BY_ATTRIBUTE = {attribute: key for key, attribute in KEYS.items()}
_TABLES = {key.partition(".")[0] for key in KEYS if "." in key}


def builtin_systems() -> dict[str, Traversable]:
    """Return the built-in system files by name, from a checkout or an installed wheel alike."""
    installed = resources.files("sotcheck") / "systems"
    checkout = Path(__file__).resolve().parents[2] / "systems"
    folder: Traversable = installed if installed.is_dir() else checkout
    files = [f for f in folder.iterdir() if f.name.endswith(".toml")] if folder.is_dir() else []
    return {f.name.removesuffix(".toml"): f for f in sorted(files, key=lambda f: f.name)}


def read_text(system: str | Path) -> tuple[str, str]:
    """Return (where, text) of a built-in system's name or of a path to a system file in UTF-8."""
    builtin = builtin_systems()
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
        raise SystemFileError(
            f"{where}: not UTF-8 text (byte {error.start} is 0x{error.object[error.start]:02x}); "
            "a system file is TOML in UTF-8"
        ) from None
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise SystemFileError(f"{where}: cannot be read ({reason})") from None


def load(system: str | Path) -> Interface:
    """Load a system.

    Parameters
    ----------
    system : str or Path
        A built-in name or a path: "bulk-magnetism" or "my/system.toml".

    Raises
    ------
    SystemFileError
        Naming the file, the key, what was found and what is accepted.
    """
    where, text = read_text(system)
    try:
        document = tomllib.loads(text)
    except (ValueError, RecursionError) as error:
        # Besides its own ValueError, tomllib lets out Python's for integers of over 4300 digits.
        raise SystemFileError(f"{where}: not a TOML file that can be read: {error}") from None
    return from_document(document, where)


def from_document(document: dict[str, Any], where: str) -> Interface:
    """Return the validated model of a parsed system file; `where` names it in errors, as in `load`."""
    values: dict[str, Any] = {}
    for name, value in document.items():
        if name not in _TABLES:
            values[_attribute(where, name)] = value
        elif not isinstance(value, dict):
            raise SystemFileError(
                f"{where}: {name} = {_as_toml(value)} is not accepted; "
                f"expected a table, written [{name}] with keys below it"
            )
        else:
            for inner, inner_value in value.items():
                values[_attribute(where, name, inner)] = inner_value
    if "name" not in values:
        raise SystemFileError(f'{where}: the key name is missing; expected a line such as name = "my-system"')
    try:
        return Interface(**values)
    except ValidationError as error:
        written = {name: f"{_BY_ATTRIBUTE[name]} = {_as_toml(value)}" for name, value in values.items()}
        raise SystemFileError("\n".join(refused(error, where, written).values())) from None


def to_document(iface: Interface) -> dict[str, Any]:
    """Return the system as nested tables, the structure of a system file."""
    document: dict[str, Any] = {}
    for key, attribute in KEYS.items():
        *tables, last = key.split(".")
        value = getattr(iface, attribute)
        table = document.setdefault(tables[0], {}) if tables else document
        table[last] = list(value) if attribute == "m" else value
    return document


def _attribute(where: str, *path: str) -> str:
    """Return the attribute that a key, with its table, sets."""
    written = ".".join(part if re.fullmatch(r"[\w-]+", part) else json.dumps(part) for part in path)
    if written in KEYS:
        return KEYS[written]
    # A right key in the wrong table, or the attribute's name, is nearer than any likeness of letters.
    same = [key for key, attribute in KEYS.items() if path[-1] in (key.split(".")[-1], attribute)]
    near = f" (did you mean {same[0]!r}?)" if same else did_you_mean(written, [*KEYS, *_TABLES])
    raise SystemFileError(f"{where}: unknown key {written!r}{near}; accepted: {', '.join(KEYS)}")


def _as_toml(value: Any) -> str:
    """Return a value about as the file has it, in one line of at most 60 characters."""
    if isinstance(value, list):
        text = f"[{', '.join(map(_as_toml, value))}]"
    else:
        # JSON spells nan and inf in its own way.
        text = repr(value) if isinstance(value, float) else json.dumps(value, default=str)
    return text if len(text) <= 60 else f"{text[:60]}..."
