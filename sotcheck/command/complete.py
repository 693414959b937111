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
    """KEY=VALUES, whose keys `known` has."""

    name = "key=values"

    def __init__(self, known: Callable[[], Iterable[str]]) -> None:
        self.known = known

    def shell_complete(self, ctx: Any, param: Any, incomplete: str) -> list[CompletionItem]:
        """Complete the key."""
        return _starting(incomplete, (f"{key}=" for key in self.known()))


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


def keys() -> list[str]:
    """Return what `--over` takes."""
    from sotcheck.sweep.grid import NAMES

    return list(NAMES)


def map_keys() -> list[str]:
    """Return what `--over` of a trust map takes."""
    from sotcheck.beyond.trust_map import PARAMETERS

    return list(PARAMETERS)


def system_argument(**settings: Any) -> Callable[[Command], Command]:
    """Return the argument SYSTEM, which a shell completes."""
    return click.argument("system", type=SystemName(), **settings)
