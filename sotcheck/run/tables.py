"""Tables in text: as wide as they are, or fitted to the lines of a terminal."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from itertools import product, zip_longest
from textwrap import fill, wrap
from typing import Any

#: Characters that a line may have; None for as many as a table takes.
_width: ContextVar[int | None] = ContextVar("width", default=None)
#: Between columns, and before what stands under a row.
GAP, INDENT = "  ", "    "
#: Digits behind the point that numbers are cut to by turns, where words are as narrow as they get.
DIGITS = (8, 6, 5, 4, 3)
#: Lists of three numbers, which are three columns x, y, z.
VECTORS = {
    "vector", "magnetization", "spin_current_minus", "spin_current_plus", "lattice", "interface",
    "first_order",
}  # fmt: skip
_SCIENTIFIC = re.compile(r" ?-?\d\.\d+e[+-]\d+")
_DECIMAL = re.compile(r" ?-?\d+\.\d{4,}")


def flat(row: dict[str, Any]) -> dict[str, Any]:
    """Return a row of JSON by the columns of CSV and data frames: nested names joined, vectors as x, y, z."""
    return dict(_flat(row, ""))


def _flat(row: dict[str, Any], before: str) -> Iterator[tuple[str, Any]]:
    for key, value in row.items():
        name = before + key
        if isinstance(value, dict):
            yield from _flat(value, f"{name}_")
        elif isinstance(value, list) and key in VECTORS:
            yield from zip((f"{name}_{axis}" for axis in "xyz"), value, strict=False)
        elif not isinstance(value, list):
            yield name, value
        elif not any(isinstance(one, dict | list) for one in value):
            yield name, " ".join(map(str, value))


@contextmanager
def fitting(width: int | None) -> Iterator[None]:
    """Have tables made meanwhile fit lines of so many characters."""
    before = _width.set(width)
    try:
        yield
    finally:
        _width.reset(before)


def tabled(rows: Sequence[Sequence[Any]], head: Sequence[str] = ()) -> str:
    """Return a table, without a rule where it has no head.

    Where it has to be narrower than it is, words are wrapped, and digits left out; if that is not enough the
    widest column stands under its row; in the end each row is a list of its own.
    """
    from tabulate import tabulate

    cells = [[str(cell) for cell in row] for row in rows]
    text = tabulate(cells, head, "simple" if head else "plain", disable_numparse=True)
    width = _width.get()
    if width is None or not cells or max(map(len, text.splitlines()), default=0) <= width:
        return text
    widest = max(range(len(cells[0])), key=lambda n: max(len(row[n]) for row in cells))
    ways = product((None, widest), (False, True), (None, *DIGITS))
    narrow = (_narrow(cells, head, width, *way) for way in ways)
    return next((text for text in narrow if text is not None), _listed(cells, head, width))


def _narrow(
    cells: list[list[str]],
    head: Sequence[str],
    width: int,
    under: int | None,
    hyphens: bool,
    digits: int | None,
) -> str | None:
    """Return a table of that width, or None where it takes more.

    `under`: the column that stands under its row; `hyphens`: whether words may be broken there; `digits`: how
    many numbers keep behind the point.
    """
    kept = [n for n in range(len(cells[0])) if n != under]
    some = [[_shortened(row[n], digits) for n in kept] for row in cells]
    titles = [head[n] for n in kept] if head else []
    columns = _widths(some, titles, width, hyphens)
    if columns is None:
        return None
    lines = [*_line(titles, columns, False)] if head else []
    if head and under is not None:
        lines.append(INDENT + head[under])
    lines += _line(["-" * column for column in columns], columns, False) if head else []
    for row, whole in zip(some, cells, strict=True):
        lines += _line(row, columns, hyphens)
        if under is not None and whole[under]:
            lines += wrap(whole[under], width, initial_indent=INDENT, subsequent_indent=INDENT)
    return "\n".join(lines)


def _widths(cells: list[list[str]], head: list[str], width: int, hyphens: bool) -> list[int] | None:
    """Return widths of columns, those of words narrowed as far as needed; None where words are too long."""
    parts = re.compile(r"\s+|(?<=[a-z]-)(?=[a-z])" if hyphens else r"\s+")
    columns = list(zip(*([head] if head else []), *cells, strict=True))
    least = [max(len(part) for cell in column for part in parts.split(cell.strip())) for column in columns]
    found = [max(len(cell.strip()) for cell in column) for column in columns]
    room = width - len(GAP) * (len(columns) - 1)
    if sum(least) > room:
        return None
    while sum(found) > room:
        found[max((wide, n) for n, wide in enumerate(found) if wide > least[n])[1]] -= 1
    return found


def _line(row: Sequence[str], columns: list[int], hyphens: bool) -> Iterator[str]:
    """Yield the lines of a row whose cells are wrapped."""
    how: Any = {"break_long_words": False, "break_on_hyphens": hyphens}
    cells = [wrap(cell, column, **how) for cell, column in zip(row, columns, strict=True)]
    for parts in zip_longest(*cells, fillvalue=""):
        yield GAP.join(f"{part:{column}}" for part, column in zip(parts, columns, strict=True)).rstrip()


def _shortened(cell: str, digits: int | None) -> str:
    """Return a number with fewer digits; any other text as it is."""
    if digits is None:
        return cell
    if _SCIENTIFIC.fullmatch(cell):
        shorter = f"{float(cell):{' ' if cell[0] == ' ' else ''}.{digits}e}"
    elif _DECIMAL.fullmatch(cell):
        shorter = f"{float(cell):.{digits + 1}g}"
    else:
        return cell
    return min(cell, shorter, key=len)


def _listed(cells: list[list[str]], head: Sequence[str], width: int) -> str:
    """Return a table with a line for each cell, or as many as it takes."""
    names = list(head) or [""] * len(cells[0])
    wide = max(map(len, names)) + len(GAP)

    def line(name: str, cell: str) -> str:
        how: Any = {"initial_indent": f"{name:{wide}}", "subsequent_indent": " " * wide}
        return fill(cell.strip(), width, break_long_words=False, break_on_hyphens=False, **how)

    rows = ([line(*one) for one in zip(names, row, strict=True) if one[1]] for row in cells)
    return "\n\n".join("\n".join(row) for row in rows)
