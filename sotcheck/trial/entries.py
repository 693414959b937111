"""What a register holds: equations, definitions, statements, claims, what follows from them, exhibits."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Literal, TypeVar

import numpy as np

from sotcheck.engines import reference
from sotcheck.exact.quantity import Quantity
from sotcheck.exact.solved import Solved
from sotcheck.numerics.arrays import Array, Complex
from sotcheck.system.interface import Interface
from sotcheck.system.model import System
from sotcheck.theory.symbols import Symbols
from sotcheck.trial.evidence import Evidence
from sotcheck.trial.grounds import GENERAL, symbols
from sotcheck.trial.premises import BARE, Premise
from sotcheck.trial.verdict import Trial

Formula = Callable[[Symbols], Array | Complex]
F = TypeVar("F", bound=Formula)
Part = Callable[[], Any]
P = TypeVar("P", bound=Part)
#: What sets the transcribed form of an equation apart from the one that numbers confirm, as far as the text
#: alone tells. "marks": names, primes, daggers, stars, indices, signs of a superscript or brackets, each of
#: which a machine that reads print loses or swaps. "content": a factor, a sign, a term, a structure.
Kind = Literal["marks", "content"]
Asked = Literal["all", "first", "others"]
#: Both sides are formulas: their difference is rounding.
ROUNDING = 1e-9
#: What follows from a form of an equation, and what the other place of the paper says.
Sides = tuple[Array | Complex, Array | Complex]


@dataclass
class Equation:
    """A formula of the paper on trial; calling it evaluates the transcribed form.

    `key`: the function's name, unless another one is given; `number`, `says`: the paper's, without
    parentheses; what it says, in one sentence; `of`: what exact numerics hold against it; `transcribed`,
    `corrected`: the formula as the transcription has it; the form that numbers confirm, where that is another
    one; `tex`, `corrected_tex`: both in LaTeX; `on`: where it is tried; `order`: "exact", or the order in h_R
    of what the formula leaves out: "h_R^2", "h_R^3"; `invisible`: seeded faults that no parameter set can
    see, by the name that the power test gives them: the reason; `off_by`, `kind`: what the transcribed form
    is off by: a factor, a sign, a swapped symbol, a missing term, and why; which kind of difference that is,
    given whenever there is a corrected form.
    """

    key: str
    number: str
    says: str
    of: Quantity
    transcribed: Formula
    tex: str
    on: tuple[Interface, ...] = GENERAL
    order: str = "exact"
    invisible: Mapping[str, str] = field(default_factory=dict)
    corrected: Formula | None = None
    corrected_tex: str = ""
    off_by: str = ""
    kind: Kind | None = None

    def __call__(self, s: Symbols) -> Any:
        """Evaluate the transcribed form."""
        return self.transcribed(s)

    def correction(self, off_by: str, *, kind: Kind, tex: str) -> Callable[[F], F]:
        """Return a decorator that makes a function the corrected form."""

        def register(formula: F) -> F:
            self.corrected, self.corrected_tex, self.off_by, self.kind = formula, tex, off_by, kind
            return formula

        return register

    @property
    def confirmed(self) -> Formula:
        """The form that exact numerics confirm."""
        return self.corrected or self.transcribed

    @property
    def forms(self) -> list[tuple[str, Formula]]:
        """(form, formula): as transcribed, and corrected where there is one."""
        both = ("transcribed", self.transcribed), ("corrected", self.corrected)
        return [(form, formula) for form, formula in both if formula]


@dataclass(frozen=True)
class Definition:
    """A numbered equation with nothing to test: a definition, a model, a notation."""

    key: str
    number: str
    says: str
    tex: str
    why: str


@dataclass(frozen=True)
class Statement:
    """A claim in words, or about sums, that numbers can test.

    `key`, `says`, `number`: the `claim` of rows, the statement, and the paper's number if it belongs to one;
    `judge`: yields trials from the name of an exact engine, each on interfaces of the paper's own; `asks`:
    which engines: "all"; "first", where nothing of what is tried depends on the engine; "others", where they
    are held against the first.
    """

    key: str
    says: str
    judge: Callable[[str], Iterable[Trial]]
    number: str | None = None
    asks: Asked = "all"


@dataclass(frozen=True)
class Claim:
    """What the paper says of any system that meets its premises: tried by `check` on that of the user.

    `name`, `says`, `number`: as of a statement; `judge`: yields trials from the evidence; none where the
    claim says nothing about a system; `control`: whether it is wrong on purpose: then the alarm has to ring;
    `on`: what it takes for granted of the system.
    """

    name: str
    says: str
    judge: Callable[[Evidence], Iterable[Trial]]
    number: str | None = None
    control: bool = False
    on: tuple[Premise, ...] = (BARE,)

    def but(self, system: System) -> str:
        """Return what of a system is in the way of the claim, "" where every premise holds."""
        return next(filter(None, (premise.but(system) for premise in self.on)), "")

    @property
    def key(self) -> str:
        """The name, apart from those of equations and statements."""
        return f"check {self.name}"


@dataclass(frozen=True)
class Consequence:
    """A place of the paper that says what can be had from an equation which disagrees as transcribed.

    `of`, `place`, `says`: the number of the equation, without parentheses; where the other thing is said: an
    equation in parentheses, a figure, a place in the text; how the two hang together; `sides`:
    ``sides(symbols, corrected)``: what follows from the equation in that form, and what the place says;
    `interfaces`, `tolerance`: where both are evaluated; the largest relative difference of two sides that are
    the same.
    """

    of: str
    place: str
    says: str
    sides: Callable[[Symbols, bool], Sides]
    interfaces: tuple[Interface, ...]
    tolerance: float = ROUNDING

    def holds(self, corrected: bool) -> bool:
        """Return whether the place follows from the corrected, or the transcribed, form everywhere."""
        return all(self._same(symbols(Solved(reference(), iface)), corrected) for iface in self.interfaces)

    def _same(self, symbols: Symbols, corrected: bool) -> bool:
        followed, said = np.broadcast_arrays(*self.sides(symbols, corrected))
        size = max(float(np.abs(followed).max()), float(np.abs(said).max()))
        return bool(np.abs(followed - said).max() <= self.tolerance * size)

    @property
    def key(self) -> str:
        """Where it is said, and of which equation."""
        return f"{self.of} in {self.place}"

    @cached_property
    def form(self) -> Literal["transcribed", "corrected"] | None:
        """The form that the place follows from; None if it follows from both or neither."""
        corrected, transcribed = self.holds(True), self.holds(False)
        if corrected == transcribed:
            return None
        return "corrected" if corrected else "transcribed"


@dataclass
class Figure:
    """A figure: parts of its data, each computed wherever a process is free, and how it is drawn.

    `key`, `title`: the key is that of its data in figures.json, and the name of its file; `draw`:
    ``draw(figure, data)`` fills an empty Matplotlib figure from the parts by name, as JSON has them; `size`,
    `parts`: width and height in inches; by name, what computes a part.
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


Entry = Equation | Definition | Statement | Claim | Consequence | Figure | Table
