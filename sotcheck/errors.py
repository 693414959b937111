"""Exceptions of sotcheck: each message says what was found, where, what is accepted and what to do."""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import wraps
from inspect import Parameter, signature
from numbers import Real
from typing import ParamSpec, TypeVar

Options = ParamSpec("Options")
Returned = TypeVar("Returned")
#: Options by the symbols that systems have for them.
SYMBOLS = {"m": "magnetization", "E_F": "fermi_energy"}


class SotcheckError(Exception):
    """Base class: the command line prints the message, as of a shell, and exits with status 2."""

    @property
    def in_a_shell(self) -> str:
        """The message with options as the command line has them."""
        return str(self.__dict__.get("_in_a_shell", self))

    def name_arguments(self, known: Mapping[str, Parameter]) -> None:
        """Name options that a function has as its arguments: resume=True instead of --resume."""

        def named(option: re.Match[str]) -> str:
            name = option[1].replace("h-r", "h_R").replace("-", "_")
            if name not in known:
                return option[0]
            return f"{name}=True" if known[name].default is False else name

        self._in_a_shell = self.in_a_shell
        self.args = (re.sub(r"--([a-z][a-z-]*)", named, str(self)), *self.args[1:])


class SystemFileError(SotcheckError):
    """A system file, or one value of a system, is not acceptable."""


class LatticeError(SotcheckError):
    """A lattice spacing does not resolve, or destroys, the problem at hand."""


class EngineError(SotcheckError):
    """An engine is missing, or could not solve the problem it was given."""


class TableError(SotcheckError):
    """A table of amplitudes cannot be read, or is not what a sum over k_⊥ needs."""


class TheoryError(SotcheckError):
    """A user's own formula could not be found, or does not return what is needed."""


class BuilderError(SotcheckError):
    """A user's own Kwant system could not be found, or is not one that can be checked."""


class OutputError(SotcheckError):
    """A result could not be written."""


def did_you_mean(found: str, known: Iterable[str]) -> str:
    """Return " (did you mean 'x'?)" for the known name nearest to the one found, or nothing."""
    near = difflib.get_close_matches(found, list(known), n=1, cutoff=0.6)
    return f" (did you mean {near[0]!r}?)" if near else ""


def in_range(name: str, value: float, lowest: float, highest: float, meaning: str = "") -> None:
    """Refuse, by an EngineError that may say what is meant, a number outside a range, or none at all."""
    if not (isinstance(value, Real) and lowest <= value <= highest):
        raise EngineError(
            f"{name} = {value!r} is not accepted; expected a number from {lowest:g} to {highest:g}{meaning}"
        )


def one_of(name: str, accepted: Sequence[str], what: str) -> None:
    """Refuse, by an EngineError, a name that is not among those accepted."""
    if name not in accepted:
        raise EngineError(
            f"unknown {what} {name!r}{did_you_mean(name, accepted)}; choose from {', '.join(accepted)}"
        )


def in_our_words(function: Callable[Options, Returned]) -> Callable[Options, Returned]:
    """Return a function that refuses what it does not take as everything else is, its arguments by name."""
    known = signature(function)

    @wraps(function)
    def called(*args: Options.args, **options: Options.kwargs) -> Returned:
        try:
            known.bind(*args, **options)
        except TypeError as error:
            accepted = [name for name in known.parameters if name != "self"]
            unknown = [name for name in options if name not in accepted]
            near = [did_you_mean(SYMBOLS.get(name, name), accepted) for name in unknown]
            wrong = f"unknown option {unknown[0]!r}{near[0]}" if unknown else error
            raise SotcheckError(f"{function.__name__}: {wrong}; accepted: {', '.join(accepted)}") from None
        if not callable(shown := options.get("progress", print)):
            raise SotcheckError(
                f"progress = {shown!r} is not accepted; expected what draws a bar, such as tqdm.auto.tqdm"
            )
        try:
            return function(*args, **options)
        except SotcheckError as error:
            error.name_arguments(known.parameters)
            raise

    return called


def in_a_line(error: BaseException) -> str:
    """Return what an error says, and what Kwant's wrapping of it hides, in one line."""
    inner = error.__cause__ or error
    return " ".join(f"{type(inner).__name__}: {inner}".split())
