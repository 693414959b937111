"""What a paper shows besides formulas: figures and tables from exact numbers, ready for JSON."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, TypeVar

import numpy as np

Part = Callable[[], Any]
P = TypeVar("P", bound=Part)


@dataclass
class Figure:
    """A figure: parts of its data, each computed wherever a process is free, and how it is drawn.

    Attributes
    ----------
    key, title : str
        The key is that of its data in figures.json, and the name of its file.
    draw : callable
        ``draw(figure, data)`` fills an empty Matplotlib figure from the parts by name, as JSON has them.
    size, parts
        Width and height in inches; by name, what computes a part.
    """

    key: str
    title: str
    draw: Callable[[Any, dict[str, Any]], None]
    size: tuple[float, float]
    parts: dict[str, Part] = field(default_factory=dict)

    def part(self, name: str) -> Callable[[P], P]:
        """Return a decorator that makes a function compute a part of the data."""

        def register(compute: P) -> P:
            self.parts[name] = compute
            return compute

        return register


@dataclass(frozen=True)
class Table:
    """A table: its rows, by column."""

    key: str
    title: str
    rows: Callable[[], list[dict[str, Any]]]

    @property
    def parts(self) -> dict[str, Part]:
        """The rows are computed at once."""
        return {"rows": self.rows}


def plain(value: Any) -> Any:
    """Return NumPy arrays as lists, for JSON, with digits to spare for a figure."""
    if isinstance(value, np.ndarray):
        return [plain(v) for v in value] if value.ndim > 1 else [float(f"{v:.5g}") for v in value]
    if isinstance(value, dict):
        return {key: plain(v) for key, v in value.items()}
    return [plain(v) for v in value] if isinstance(value, list | tuple) else value
