"""What a page is made of, whichever file it becomes: sections of sentences, tables and figures."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

Data = dict[str, Any]

#: How cells of a column may be written.
FORMS = ("number", "cell", "short", "sci", "verdict")


@dataclass(frozen=True)
class Picture:
    """One figure: file name, title, how it is drawn, and of which part of the JSON; a note below it.

    The title says what is drawn; `brief`: whether README.md shows it, and so a file of its own is written.
    """

    name: str
    title: str
    draw: Callable[[Any], Any]
    data: Any
    note: str = ""
    brief: bool = False

    kind = "picture"


@dataclass(frozen=True)
class Link:
    """A word that leads somewhere."""

    words: str
    to: str


@dataclass(frozen=True)
class Table:
    """A table: columns as "title" or "title|form of its numbers", rows of numbers, words, verdicts, links.

    Forms: "number" (ten digits), "cell" (three), "short" (two), "sci" (seven, with a power of ten), of all
    of which words are left as they are; "verdict".
    """

    columns: Sequence[str]
    rows: Sequence[Sequence[Any]]
    caption: str = ""
    note: str = ""

    kind = "table"

    @property
    def heads(self) -> list[tuple[str, str]]:
        """Title and form of each column, "" for words."""
        split = (column.rpartition("|") for column in self.columns)
        return [(title, form) if form in FORMS else (title + bar + form, "") for title, bar, form in split]

    @property
    def numbers(self) -> list[int]:
        """Columns of numbers, counted from one."""
        return [i for i, (_, form) in enumerate(self.heads, 1) if form not in ("", "verdict")]


@dataclass(frozen=True)
class Words:
    """A paragraph, or with several sentences a list of them; `code` is a command."""

    sentences: Sequence[str]
    listed: bool = False
    code: bool = False

    kind = "words"


@dataclass(frozen=True)
class Code:
    """Places of the project's code, which lead there where `to` is not empty."""

    links: Sequence[Link]

    kind = "code"


@dataclass(frozen=True)
class Formula:
    """A formula in LaTeX."""

    tex: str

    kind = "formula"


@dataclass(frozen=True)
class Scatter:
    """A plot of a formula's numbers against exact ones, both from −1 to 1."""

    sample: Data

    kind = "scatter"


Block = Picture | Table | Words | Code | Formula | Scatter


@dataclass(frozen=True)
class Section:
    """A part of a page, with a heading and an anchor; `brief`: also part of README.md; `full`: of the page.

    `entries` are parts of it that open one by one; `state` and `mark` are the verdict that an entry wears.
    """

    title: str
    blocks: Sequence[Block] = ()
    anchor: str = ""
    brief: bool = False
    full: bool = True
    entries: Sequence[Section] = ()
    state: str = ""
    mark: str = ""

    @property
    def id(self) -> str:
        """The anchor: the title in letters that an address has, unless another one is given."""
        return self.anchor or "-".join("".join(c if c.isalnum() else " " for c in self.title.lower()).split())


@dataclass(frozen=True)
class Page:
    """A whole page.

    `title`, `subtitle`; `verdict` (optional): the worst one, where the page is about any; `quote`: one
    sentence to be quoted, from the numbers; `facts`: what else was found, in sentences; `first`: what the
    first screen shows: a drawing, and the one picture that shows what was found; `board`: entries with a tile
    each that leads to them; `sections`; `files`: the JSON documents; `up`: where the way up leads, "" for
    nowhere.
    """

    title: str
    subtitle: str = ""
    verdict: str | None = None
    quote: str = ""
    facts: Sequence[str] = ()
    first: Sequence[Picture] = ()
    board: Sequence[Section] = ()
    sections: Sequence[Section] = ()
    files: Sequence[str] = ()
    up: str = "../index.html"
    colophon: str = ""
    pictures: list[Picture] = field(init=False, repr=False)
    columns: int = field(init=False, repr=False)

    def __post_init__(self) -> None:
        """Collect all figures, and count the columns of the widest table."""
        blocks = [*self.first, *_blocks(self.sections)]
        object.__setattr__(self, "pictures", [one for one in blocks if isinstance(one, Picture)])
        widths = (len(one.columns) for one in blocks if isinstance(one, Table))
        object.__setattr__(self, "columns", max(widths, default=0))


def _blocks(sections: Iterable[Section]) -> Iterable[Block]:
    for section in sections:
        yield from section.blocks
        yield from _blocks(section.entries)
