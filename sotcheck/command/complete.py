"""What a shell completes: systems, engines, keys."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, TypeVar

import click
from click.shell_completion import CompletionItem

Command = TypeVar("Command", bound=Callable[..., Any])


def _starting(incomplete: str, words: Iterable[str], before: str = "") -> list[CompletionItem]:
    return [CompletionItem(before + word) for word in words if word.startswith(incomplete)]


class SystemName(click.ParamType):  # type: ignore[type-arg]  # generic only since click 8.3
    """A built-in system, or a file."""

    name = "system"

    def shell_complete(self, ctx: Any, param: Any, incomplete: str) -> list[CompletionItem]:
        """Complete built-in names, and files."""
        from sotcheck.system.files import builtin_systems

        return [*_starting(incomplete, builtin_systems()), CompletionItem(incomplete, type="file")]


class Listed(click.ParamType):  # type: ignore[type-arg]
    """Names separated by commas; `known` has them all."""

    name = "names"

    def __init__(self, known: Callable[[], Iterable[str]]) -> None:
        self.known = known

    def shell_complete(self, ctx: Any, param: Any, incomplete: str) -> list[CompletionItem]:
        """Complete the last name, but for those that are there already."""
        before, comma, last = incomplete.rpartition(",")
        left = [name for name in self.known() if name not in before.split(",")]
        return _starting(last, left, before + comma)


class KeyValues(click.ParamType):  # type: ignore[type-arg]
    """KEY=VALUES, whose keys of a system `known` has."""

    name = "key=values"

    def __init__(self, known: Callable[[str | None], Iterable[str]]) -> None:
        self.known = known

    def shell_complete(self, ctx: Any, param: Any, incomplete: str) -> list[CompletionItem]:
        """Complete the key."""
        # An option without its value ends click's parsing; SYSTEM is among what is left.
        system = ctx.params.get("system") or next(iter(ctx.args), None)
        return _starting(incomplete, (f"{key}=" for key in self.known(system)))


def engines() -> list[str]:
    """Return the names of all engines."""
    from sotcheck.engines import engine_names

    return engine_names()


def exact_engines() -> list[str]:
    """Return the names of those that solve exactly."""
    return engines()[1:]


def sources() -> list[str]:
    """Return the names of what a torque may be of."""
    from sotcheck.system.model import SOURCES

    return [*SOURCES, "total"]


def keys(system: str | None) -> list[str]:
    """Return what `--over` takes of a system, if it can be read, its layers' numbers included."""
    from sotcheck.errors import SotcheckError
    from sotcheck.sweep.grid import NAMES, names_of
    from sotcheck.system.files import load
    from sotcheck.system.stack import Junction, Layer

    try:
        found = load(system or "")
    except SotcheckError:
        return list(NAMES)
    at_its_end = {f"interface.{name}": field for name, field in Junction.model_fields.items()}
    fields = {**Layer.model_fields, **at_its_end}
    numbers = [name for name, field in fields.items() if isinstance(field.default, float)]
    layers = range(1, len(found.names))
    return [*names_of(found), *(f"layer[{n}].{name}" for n in layers for name in numbers)]


def map_keys(_: str | None) -> list[str]:
    """Return what `--over` of a trust map takes."""
    from sotcheck.beyond.trust_map import PARAMETERS

    return list(PARAMETERS)


def system_argument(**settings: Any) -> Callable[[Command], Command]:
    """Return the argument SYSTEM, which a shell completes."""
    return click.argument("system", type=SystemName(), **settings)
