"""What each key of a system file means: for new files, for editors (JSON Schema), for the manual."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

from pydantic import BaseModel

from sotcheck.system.files import ALL_KEYS, KEYS
from sotcheck.system.stack import Junction, Layer, Stack

#: By key, `layer.KEY` and `layer.interface.KEY`. Tables have meanings, too; {ħ²/2mₑ = 1|eV} by unit.
MEANINGS = {
    "name": "what results are called",
    "title": "one line for reports",
    "reference": "where it is from, for reports",
    "fermi_energy": "E_F",
    "units": "of the numbers in the file; without it ħ²/2mₑ = 1, energies being squared wave vectors",
    "units.energy": "energies in eV, lengths in nm, strengths of a delta in eV nm; h_R has no unit",
    "normal": "the metal N at z < 0",
    "normal.potential": "U_N",
    "normal.mass": "effective mass M: H = -d/dz (1/M) d/dz + k_perp^2/M + ...",
    "ferromagnet": "the ferromagnet F, or another substrate, beyond z = 0 and all layers",
    "ferromagnet.potential": "U_F",
    "ferromagnet.exchange": "J: majority electrons have U_F - J, minority electrons U_F + J",
    "ferromagnet.mass": "effective mass",
    "ferromagnet.magnetization": "direction of its own",
    "ferromagnet.magnetic": "false: a substrate that takes no torque; then exchange = 0",
    "interface": "the delta function at z = 0",
    "interface.barrier": "u_0",
    "interface.exchange": "u_m, adds u_m sigma.m: + for minority, - for majority electrons",
    "interface.rashba": "h_R, adds h_R sigma.(k x z): Rashba spin-orbit coupling",
    "interface.magnetization": "direction m of all that has none of its own; any length but zero",
    "interface.dresselhaus": "d, adds d (k_x sigma_x - k_y sigma_y)",
    "interface.weyl": "w, adds w (k_x sigma_x + k_y sigma_y)",
    "interface.spin_orbit": "A, adds sigma.(A k): rows x, y, z of spin, columns k_x, k_y",
    "relaxation": "relative relaxation times: weights of the sources in totals and figures",
    "relaxation.normal": "of electrons that come in from N",
    "relaxation.majority": "of majority electrons that come in from F",
    "relaxation.minority": "of minority electrons that come in from F",
    "relaxation.bound": "of states bound to the interface, where such lie at E_F",
    "layer": "between z = 0 and the right half-space, in the order of z; any number",
    "layer.name": "for reports; layer 1 and so on by default",
    "layer.thickness": "in {inverse wave vectors|nm}",
    "layer.potential": "of both spins",
    "layer.exchange": "its majority electrons have potential - exchange",
    "layer.magnetization": "direction of its own",
    "layer.mass": "effective mass",
    "layer.rashba": "in the whole layer: adds rashba sigma.(k x z); unit: {wave vector|eV nm}",
    "layer.dresselhaus": "adds d (k_x sigma_x - k_y sigma_y)",
    "layer.weyl": "adds w (k_x sigma_x + k_y sigma_y)",
    "layer.spin_orbit": "adds sigma.(A k): rows x, y, z of spin, columns k_x, k_y",
    "layer.interface": "the delta function at this layer's far end",
    **{
        f"layer.interface.{name}": f"as in [interface]{end}"
        for name, end in {**dict.fromkeys(Junction.model_fields, ""), "magnetization": ", of its own"}.items()
    },
}
#: Numbers to begin with by unit, where the defaults will not do: a layer that is not the same as N, at which
#: nothing reflects; in eV and nm, metals that are like copper.
BEGINNINGS: dict[str, dict[str, Any]] = {
    "": {"layer.potential": 0.5},
    "eV": {"fermi_energy": 7.0, "ferromagnet.exchange": 0.5, "layer.potential": 1.0},
}
#: Width of a line up to its comment.
COMMENT = 33
#: What pydantic calls limits, and JSON Schema does.
LIMITS = {"ge": "minimum", "gt": "exclusiveMinimum", "le": "maximum"}


def template(name: str, *, stack: bool = False, unit: str = "", schema: str = "") -> str:
    """Return a system file with every key, its default (or another number to begin with) and its meaning.

    Directions that are that of [interface] by default stand in comments: who changes that one means all.
    `stack`: with the keys that any interface may have, and a layer. `schema`: where editors find its schema.
    """
    lines = [f"#:schema {schema}"] if schema else []
    left_out = {"--stack": ("layers and any interface", stack), "--ev": ("eV and nm", unit)}
    more = [f"{option} for {what}" for option, (what, there) in left_out.items() if not there]
    lines += [f"# With 'sotcheck new': {', '.join(more)}."] * bool(more)
    keys = [key for key in (ALL_KEYS if stack else KEYS) if key not in ("layer", "units.energy")]
    tables = dict.fromkeys(key.rpartition(".")[0] for key in keys)
    for table in tables:
        own = {key: _default(key, name, unit) for key in keys if key.rpartition(".")[0] == table}
        lines += [] if not table else ["", _line(f"[{table}]", table, unit)]
        lines += [_entry(key, value, unit) for key, value in own.items()]
        if table == "" and unit:
            lines += ["", "[units]", _line(f"energy = {json.dumps(unit)}", "units.energy", unit)]
    if stack:
        lines += _layer(unit)
    return "\n".join(lines) + "\n"


def _default(key: str, name: str, unit: str) -> Any:
    value = BEGINNINGS[unit].get(key)
    if value is None:
        value = name if key == "name" else Stack.model_fields[ALL_KEYS[key]].default
    return value


def _entry(key: str, value: Any, unit: str) -> str:
    """Return a key's line, in a comment where its value is that of another key."""
    text = f"{key.rpartition('.')[2]} = {_toml([0.0, 0.0, 1.0] if value is None else value)}"
    return _line(f"# {text}" if value is None else text, key, unit)


def _toml(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)


def _line(text: str, key: str, unit: str) -> str:
    return f"{text:{COMMENT - 2}}  # {_meaning(key, unit)}"


def _meaning(key: str, unit: str | None = None) -> str:
    """Return what a key means, in files of one unit, or of any."""
    which = {None: r"\1, or \2", "": r"\1"}.get(unit, r"\2")
    return re.sub(r"\{(.*?)\|(.*?)\}", which, MEANINGS[key])


def _layer(unit: str) -> Iterator[str]:
    for title, path, model in (
        ("[[layer]]", "layer", Layer),
        ("[layer.interface]", "layer.interface", Junction),
    ):
        yield from ("", _line(title, path, unit))
        for key, field in sorted(model.model_fields.items(), key=lambda one: _order(model, one[0])):
            if key != "interface":
                value = BEGINNINGS[unit].get(f"{path}.{key}", field.default)
                yield _entry(f"{path}.{key}", value, unit)


def _order(model: type[BaseModel], key: str) -> int:
    """Return the place of a key: spin-orbit terms, which a base class has, come last."""
    return list(model.__annotations__).index(key) if key in model.__annotations__ else len(model.model_fields)


def schema() -> dict[str, Any]:
    """Return the JSON Schema of a system file: every key with its type, range, default and meaning.

    What keys have to be together, such as a state at E_F, it does not say.
    """
    own = Stack.model_json_schema()
    document: dict[str, Any] = {
        "$schema": "http://json-schema.org/draft-07/schema#",
        "title": "System file of sotcheck",
        "type": "object",
        "required": ["name"],
        "additionalProperties": False,
        "properties": {},
    }
    for key, attribute in ALL_KEYS.items():
        table, _, last = key.rpartition(".")
        place = document["properties"]
        if table:
            empty = {"type": "object", "description": _meaning(table), "additionalProperties": False}
            place = place.setdefault(table, {**empty, "properties": {}})["properties"]
        place[last] = _of_toml(own["properties"][attribute], own["$defs"], key)
    return document


def _of_toml(one: dict[str, Any], defs: dict[str, Any], key: str) -> dict[str, Any]:
    """Return a schema of pydantic's for TOML: no null, no references, meanings added, tuples as lists."""
    if "$ref" in one:
        one = {**defs[one["$ref"].rpartition("/")[2]], **{k: v for k, v in one.items() if k != "$ref"}}
    if "anyOf" in one:
        kept = next(option for option in one["anyOf"] if option.get("type") != "null")
        one = {**kept, **{k: v for k, v in one.items() if k not in ("anyOf", "default")}}
    left_out = ("title", "description", "prefixItems", "default")
    said = {LIMITS.get(name, name): value for name, value in one.items() if name not in left_out}
    accepted = one.get("description", "").partition(", at most 1e")[0]
    if "properties" in one:
        accepted = ""
        said["properties"] = {
            name: _of_toml(inner, defs, f"{key}.{name}") for name, inner in one["properties"].items()
        }
    for items in [*one.get("prefixItems", [])[:1], *([one["items"]] if "items" in one else [])]:
        said["items"] = _of_toml(items, defs, key)
    plain = one.get("default") if not isinstance(one.get("default"), dict | list) else None
    default = {} if plain is None else {"default": plain}
    return {**said, "description": _meaning(key) + (f"; {accepted}" if accepted else ""), **default}
