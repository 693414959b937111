"""System files (TOML): the only reader of them, and the finder of the built-in ones."""

from __future__ import annotations

import difflib
import tomllib
from dataclasses import dataclass
from importlib import resources
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from sotcheck.errors import SystemFileError
from sotcheck.model import Interface


@dataclass(frozen=True)
class Key:
    """A key of the system file and the attribute of `Interface` it sets."""

    path: tuple[str, ...]
    attribute: str

    def __str__(self) -> str:
        return ".".join(self.path)


KEYS = (
    Key(("name",), "name"),
    Key(("title",), "title"),
    Key(("reference",), "reference"),
    Key(("fermi_energy",), "E_F"),
    Key(("normal", "potential"), "U_N"),
    Key(("ferromagnet", "potential"), "U_F"),
    Key(("ferromagnet", "exchange"), "J"),
    Key(("interface", "barrier"), "u_0"),
    Key(("interface", "exchange"), "u_m"),
    Key(("interface", "rashba"), "h_R"),
    Key(("interface", "magnetization"), "m"),
    Key(("relaxation", "normal"), "tau_N"),
    Key(("relaxation", "majority"), "tau_up"),
    Key(("relaxation", "minority"), "tau_down"),
)
_BY_PATH = {key.path: key for key in KEYS}
_BY_ATTRIBUTE = {key.attribute: key for key in KEYS}
_TABLES = {key.path[0] for key in KEYS if len(key.path) == 2}


def builtin_systems() -> dict[str, Traversable]:
    """Return the built-in system files by name, from a checkout or an installed wheel alike."""
    installed = resources.files("sotcheck") / "systems"
    checkout = Path(__file__).resolve().parent.parent / "systems"
    folder: Traversable = installed if installed.is_dir() else checkout
    files = [f for f in folder.iterdir() if f.name.endswith(".toml")] if folder.is_dir() else []
    return {f.name.removesuffix(".toml"): f for f in sorted(files, key=lambda f: f.name)}


def read_text(system: str | Path) -> tuple[str, str]:
    """Return (where, text) of a built-in system's name or of a path to a system file.

    Raises
    ------
    SystemFileError
        If there is no such system or file, or it cannot be read as UTF-8 text.
    """
    builtin = builtin_systems()
    source: Traversable = builtin[str(system)] if str(system) in builtin else Path(system)
    where = str(system)
    try:
        return where, source.read_bytes().decode("utf-8")
    except FileNotFoundError:
        raise SystemFileError(
            f"{where}: no such file, nor a built-in system{_near(where, list(builtin))}; "
            f"built-in: {', '.join(builtin)}"
        ) from None
    except IsADirectoryError:
        raise SystemFileError(
            f"{where}: is a folder; give a system file (*.toml) in it, or a built-in name: "
            f"{', '.join(builtin)}"
        ) from None
    except UnicodeDecodeError as error:
        raise SystemFileError(
            f"{where}: not UTF-8 text (byte {error.start} is 0x{error.object[error.start]:02x}); "
            "a system file is TOML in UTF-8"
        ) from None
    except (OSError, ValueError) as error:
        raise SystemFileError(f"{where}: cannot be read ({error})") from None


def load(system: str | Path) -> Interface:
    """Load a system by built-in name or path.

    Parameters
    ----------
    system : str or path
        E.g. "bulk-magnetism" or "my/system.toml".

    Returns
    -------
    Interface

    Raises
    ------
    SystemFileError
        Naming the file, the key, what was found and what is accepted.
    """
    where, text = read_text(system)
    try:
        document = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise SystemFileError(f"{where}: not a TOML file: {error}") from None
    return from_document(document, where)


def from_document(document: dict[str, Any], where: str) -> Interface:
    """Return the validated model of a parsed system file; `where` names it in errors.

    Raises
    ------
    SystemFileError
        Naming the file, the key, what was found and what is accepted.
    """
    values: dict[str, Any] = {}
    for name, value in document.items():
        if name not in _TABLES:
            values[_key((name,), where).attribute] = value
        elif not isinstance(value, dict):
            raise SystemFileError(
                f"{where}: {name} = {value!r}: expected a table, written [{name}] with keys below it"
            )
        else:
            for inner, inner_value in value.items():
                values[_key((name, inner), where).attribute] = inner_value
    if "name" not in values:
        raise SystemFileError(f'{where}: the key name is missing; add a line such as name = "my-system"')
    if isinstance(values.get("m"), list):
        values["m"] = tuple(values["m"])
    try:
        return Interface(**values)
    except ValidationError as error:
        raise SystemFileError("\n".join(_explain(e, values, where) for e in error.errors())) from None


def to_document(iface: Interface) -> dict[str, Any]:
    """Return the system as nested tables, the structure of a system file."""
    document: dict[str, Any] = {}
    for key in KEYS:
        table = document
        for name in key.path[:-1]:
            table = table.setdefault(name, {})
        value = getattr(iface, key.attribute)
        table[key.path[-1]] = list(value) if key.attribute == "m" else value
    return document


def _key(path: tuple[str, ...], where: str) -> Key:
    if path in _BY_PATH:
        return _BY_PATH[path]
    known = [".".join(k) for k in _BY_PATH] + sorted(_TABLES)
    raise SystemFileError(
        f"{where}: unknown key {'.'.join(path)!r}{_near('.'.join(path), known)}; "
        f"accepted: {', '.join(map(str, KEYS))}"
    )


def _near(found: str, known: list[str]) -> str:
    close = difflib.get_close_matches(found, known, n=1, cutoff=0.5)
    if not close:
        # A right key in the wrong table: compare the last parts.
        close = [k for k in known if k.split(".")[-1] == found.split(".")[-1]][:1]
    return f" (did you mean {close[0]!r}?)" if close else ""


def _explain(error: Any, values: dict[str, Any], where: str) -> str:
    if not error["loc"]:
        return f"{where}: {error['msg'].removeprefix('Value error, ')}"
    key = _BY_ATTRIBUTE[str(error["loc"][0])]
    found = values.get(key.attribute)
    return f"{where}: {key} = {found!r} is not accepted; expected {key.accepted}"
