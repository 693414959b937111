"""Tables in text: as wide as they are, or fitted to the lines of a terminal."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from textwrap import fill
from typing import Any

#: Characters that a line may have; None for as many as a table takes.
_width: ContextVar[int | None] = ContextVar("width", default=None)
#: Blanks between columns.
GAP = 2
#: Digits behind the point that numbers are cut to by turns, where words are as narrow as they get.
DIGITS = (8, 6, 5, 4, 3)
_SCIENTIFIC = re.compile(r" ?-?\d\.\d+e[+-]\d+")
_DECIMAL = re.compile(r" ?-?\d+\.\d{4,}")


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

    Where it has to be narrower than it is, words are wrapped, then digits left out, and in the end each row
    is a list of its own.
    """
    cells = [[str(cell) for cell in row] for row in rows]
    width = _width.get()
    # The last column has no gap behind it.
    if width is None or sum(_widths(cells, head)) <= width + GAP:
        return _plain(cells, head)
    for digits in (None, *DIGITS):
        shorter = cells if digits is None else [[_shortened(cell, digits) for cell in row] for row in cells]
        columns = _wrapped(shorter, head, width)
        if sum(columns) <= width + GAP:
            wrapped = ([_wrap(*one) for one in zip(row, columns, strict=True)] for row in shorter)
            return _plain(list(wrapped), head)
    return _listed(cells, head, width)


def _plain(cells: list[list[str]], head: Sequence[str]) -> str:
    from tabulate import tabulate

    return tabulate(cells, head, "simple" if head else "plain", disable_numparse=True)


def _wrap(cell: str, column: int) -> str:
    if len(cell) <= column - GAP:
        return cell
    return fill(cell, column - GAP, break_long_words=False, break_on_hyphens=False)


def _widths(cells: list[list[str]], head: Sequence[str]) -> list[int]:
    """Return the widths of columns, each with the gap behind it; a head has as much again around it."""
    return [max(map(len, column)) + GAP for column in _columns(cells, head)]


def _columns(cells: list[list[str]], head: Sequence[str]) -> list[tuple[str, ...]]:
    padded = [[name + " " * GAP for name in head]] if head else []
    return list(zip(*padded, *cells, strict=True))


def _wrapped(cells: list[list[str]], head: Sequence[str], width: int) -> list[int]:
    """Return widths of columns, those of words narrowed as far as needed and as words are long."""
    widest = _widths(cells, head)
    heads = [len(name) + GAP for name in head] or [0] * len(widest)
    words = [
        max((len(word) for row in cells for word in row[n].split()), default=0) for n in range(len(heads))
    ]
    narrowest = [max(pair) + GAP for pair in zip(heads, words, strict=True)]
    while sum(widest) > width + GAP:
        widths = [(wide, n) for n, wide in enumerate(widest) if wide > narrowest[n]]
        if not widths:
            break
        widest[max(widths)[1]] -= 1
    return widest


def _shortened(cell: str, digits: int) -> str:
    """Return a number with fewer digits; any other text as it is."""
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
    wide = max(map(len, names))
    after = " " * (wide + GAP)

    def line(name: str, cell: str) -> str:
        how: Any = {"initial_indent": f"{name:{wide + GAP}}", "subsequent_indent": after}
        return fill(cell.strip(), width, break_long_words=False, break_on_hyphens=False, **how)

    rows = ([line(*one) for one in zip(names, row, strict=True) if one[1]] for row in cells)
    return "\n\n".join("\n".join(row) for row in rows)
