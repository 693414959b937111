"""Progress on standard error: a bar for work over two seconds, nothing when that is no terminal."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Protocol, TypeVar

T = TypeVar("T")


class Progress(Protocol):
    """Wraps an iterable of known length and shows how far it is."""

    def __call__(self, items: Iterable[T], title: str, total: int | None = None) -> Iterable[T]:
        """Return the items, with a bar of that title."""
        ...


def silent(items: Iterable[T], title: str, total: int | None = None) -> Iterable[T]:
    """Show nothing."""
    return items


def bar(items: Iterable[T], title: str, total: int | None = None) -> Iterable[T]:
    """Show a bar on standard error after two seconds, if that is a terminal."""
    from tqdm import tqdm

    shown: Any = tqdm(items, desc=title, total=total, delay=2.0, disable=None, leave=False)
    return shown  # type: ignore[no-any-return]
