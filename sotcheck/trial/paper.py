r"""A paper on trial: everything that it says under a number, and the register that it is kept in.

A paper is a module with a `Paper` called `paper` in it, and functions that are decorated with its methods:

    paper = Paper("mine", "My paper")

    @paper.equation("1", of=torque.of("normal"), tex=r"\mathcal T=...")
    def first(s):
        "The torque of a current in the normal metal."
        return ...

The function's first sentence is what the equation says, its name is the key of the register. A formula reads
unperturbed symbols (`sotcheck.theory.symbols.Symbols`) and returns what its quantity measures, or broadcasts
to it.
"""

from __future__ import annotations

import importlib
import importlib.util
import inspect
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cache, partial
from pathlib import Path
from typing import Any, TypeVar

from sotcheck.errors import TheoryError
from sotcheck.exact.quantity import Quantity
from sotcheck.theory.first_order import FirstOrder
from sotcheck.trial.entries import (
    Asked,
    Claim,
    Consequence,
    Definition,
    Entry,
    Equation,
    Figure,
    Kind,
    Statement,
    Table,
)

#: The paper that is tried unless another one is named.
DEFAULT = "kim2017"
J = TypeVar("J", bound=Callable[..., Any])
E = TypeVar("E")


@dataclass
class Paper:
    """The register of what one paper says, by key, in its order.

    `name`, `title`; `sections`: submodules that fill the register, for a paper that is a package;
    `reference`: where it is published; `machine_read`: whether formulas are as a machine read them, whose
    misreadings are no errors of the authors; `first_order`: what `torque` and `check` take for the theory to
    first order in h_R; a section sets it.
    """

    name: str
    title: str
    sections: tuple[str, ...] = ()
    reference: str = ""
    machine_read: bool = False
    entries: dict[str, Entry] = field(default_factory=dict)
    first_order: FirstOrder = field(init=False, repr=False, compare=False)

    def add(self, *entries: Entry) -> None:
        """Add entries; a key that is taken is a TheoryError."""
        for entry in entries:
            if entry.key in self.entries:
                words = f"two entries have the key {entry.key!r}; give one another name"
                raise TheoryError(f"{self.name}: {words}")
            self.entries[entry.key] = entry

    def equation(
        self,
        number: str,
        *,
        of: Quantity,
        tex: str = "",
        says: str = "",
        key: str = "",
        slip: tuple[str, Kind, str] | None = None,
        **rest: Any,
    ) -> Callable[[Callable[..., Any]], Equation]:
        """Return a decorator that makes a formula an `Equation`; `rest` are its other attributes.

        `slip` says what the transcribed form is off by, its kind, and the corrected TeX of a formula that has
        both forms: it takes whether to make the slip as its second argument, of that name.
        """

        def register(formula: Callable[..., Any]) -> Equation:
            name = key or str(getattr(formula, "__name__", number))
            transcribed = partial(formula, slip=True) if slip else formula
            entry = Equation(name, number, says or _sentence(formula), of, transcribed, tex, **rest)
            if slip:
                entry.correction(slip[0], kind=slip[1], tex=slip[2])(partial(formula, slip=False))
            self.add(entry)
            return entry

        return register

    def define(self, number: str, says: str, *, tex: str, why: str) -> None:
        """Register an equation with nothing to test."""
        self.add(Definition(f"definition-{number}", number, says, tex, why))

    def statement(
        self, key: str, says: str = "", number: str | None = None, *, asks: Asked = "all"
    ) -> Callable[[J], J]:
        """Return a decorator that makes a judge a `Statement`, said by its docstring or `says`."""
        return self._adds(lambda judge: Statement(key, says or _sentence(judge), judge, number, asks))

    def claim(self, key: str, says: str, number: str | None = None, **rest: Any) -> Callable[[J], J]:
        """Return a decorator that makes a judge of evidence a `Claim`; `rest` are its other attributes."""
        return self._adds(lambda judge: Claim(key, says, judge, number, **rest))

    def figure(
        self, key: str, title: str, *, size: tuple[float, float] = (6.0, 4.0)
    ) -> Callable[[Callable[[Any, dict[str, Any]], None]], Figure]:
        """Return a decorator that makes a function draw a `Figure`."""

        def register(draw: Callable[[Any, dict[str, Any]], None]) -> Figure:
            figure = Figure(key, title, draw, size)
            self.add(figure)
            return figure

        return register

    def table(self, key: str, title: str) -> Callable[[J], J]:
        """Return a decorator that makes a function return the rows of a `Table`."""
        return self._adds(lambda rows: Table(key, title, rows))

    def _adds(self, entry: Callable[[J], Entry]) -> Callable[[J], J]:
        """Return a decorator that adds the entry of a function, and leaves the function as it is."""

        def register(function: J) -> J:
            self.add(entry(function))
            return function

        return register

    def of_type(self, kind: type[E]) -> list[E]:
        """Return the entries of one type."""
        return [entry for entry in self.entries.values() if isinstance(entry, kind)]

    def consequences(self, number: str | None, form: str) -> list[Consequence]:
        """Return the places that follow from one form of an equation alone."""
        some = (one for one in self.of_type(Consequence) if f"({one.of})" == number)
        return [one for one in some if one.form == form]

    def parts_of(self, number: str) -> list[Equation]:
        """Return the entries of an equation; "16" stands for all of (16a) to (16d)."""
        return [e for e in self.of_type(Equation) if number in (e.number, e.number.rstrip("abcd"))]

    def form_of(self, number: str | None) -> str | None:
        """Return which form stands for an equation: "corrected" where any part of it has such a form.

        None for what is no equation of the register.
        """
        forms = [bool(part.corrected) for part in self.parts_of(number)] if number else []
        return ("corrected" if any(forms) else "transcribed") if forms else None

    def kind_of(self, number: str) -> Kind | None:
        """Return the kind of an equation's disagreement: content if any of its entries has that."""
        kinds = {part.kind for part in self.parts_of(number)}
        return "content" if "content" in kinds else "marks" if "marks" in kinds else None


def _sentence(formula: Callable[..., Any]) -> str:
    """Return the first paragraph of a function's docstring on one line."""
    return " ".join((inspect.getdoc(formula) or "").split("\n\n")[0].split())


def spec_of(name: str) -> str:
    """Return a paper's name, or the path of its file, as it is understood in any working folder."""
    return str(Path(name).resolve()) if name.endswith(".py") else name


@cache
def load(spec: str = DEFAULT) -> Paper:
    """Return a paper by its name, or by the path of a file that defines one, or raise a TheoryError."""
    *_, paper = _reading(spec)
    return paper


def first_order() -> FirstOrder:
    """Return the default paper's theory to first order, read as far as to where it is set."""
    return next(paper.first_order for paper in _reading(DEFAULT) if hasattr(paper, "first_order"))


def _reading(spec: str) -> Iterator[Paper]:
    """Yield a paper before its first section is read, and after each."""
    try:
        of_file = spec.endswith(".py")
        module = _from_file(Path(spec)) if of_file else importlib.import_module(f"sotcheck.papers.{spec}")
        paper = getattr(module, "paper", None)
        if not isinstance(paper, Paper):
            raise TheoryError(f"paper {spec}: it defines no `paper = Paper(...)`")
        yield paper
        for section in paper.sections:
            importlib.import_module(f"{module.__name__}.{section}")
            yield paper
    except TheoryError:
        raise
    except (Exception, SystemExit) as error:
        raise TheoryError(
            f"paper {spec}: cannot be read ({type(error).__name__}: {error}); expected the name of a "
            "paper that comes with sotcheck, or a path to a file *.py that defines one"
        ) from error


def _from_file(path: Path) -> Any:
    name = f"sotcheck_paper_{path.stem}"
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None or spec.loader is None or not path.is_file():
        raise TheoryError(f"paper {path}: there is no such file")
    module = importlib.util.module_from_spec(spec)
    # Formulas' sources are looked up by their module.
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


def paper_order(number: str | None) -> tuple[str, int, str]:
    """Return a key that sorts numbers in parentheses as a paper has them: appendices later, None last."""
    if number is None:
        return ("~", 0, "")
    text = number.strip("()")
    letters = text.rstrip("abcdefghijklmnopqrstuvwxyz")
    appendix = letters.rstrip("0123456789.")
    digits = "".join(c for c in letters[len(appendix) :] if c.isdigit())
    return (appendix, int(digits or 0), text)
