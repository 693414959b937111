"""Solves structures exactly, at any h_R: the only room with Kwant, and the one list of engines.

Others come by `register`, or, for every process, by an entry point of the group "sotcheck.engines".
"""

from __future__ import annotations

from collections import UserDict
from collections.abc import Sequence
from functools import cached_property
from importlib.metadata import entry_points

from sotcheck.engines.base import Engine, accepted
from sotcheck.engines.kwant_chain import SPACINGS, KwantChain, LatticeLimit
from sotcheck.engines.lattice import SCHEMES, Scheme
from sotcheck.engines.matching import Matching
from sotcheck.errors import EngineError, did_you_mean

__all__ = ["SCHEMES", "SPACINGS", "Engine", "KwantChain", "LatticeLimit", "Matching", "Scheme"]

#: The entry-point group of engines from other packages.
GROUP = "sotcheck.engines"
#: The perturbative formulas: a name for --engine, but no exact engine.
FIRST_ORDER = "first-order"


class _Engines(UserDict[str, Engine]):
    """Exact engines by name, those of other packages loaded when they are first asked for."""

    def __init__(self) -> None:
        # `data` is filled late.
        pass

    @cached_property
    def data(self) -> dict[str, Engine]:  # type: ignore[override]
        """The engines themselves, as they are unless options say otherwise."""
        found: dict[str, Engine] = {one.name: one for one in (Matching(), KwantChain())}
        for point in entry_points(group=GROUP):
            try:
                given = point.load()
                one = accepted(given() if isinstance(given, type) else given)
            except Exception as error:
                raise EngineError(
                    f"the engine {point.name} = {point.value} cannot be loaded: {error}"
                ) from error
            found.setdefault(one.name, one)
        return found


#: Exact engines by name.
EXACT = _Engines()


def register(engine: Engine) -> None:
    """Add an engine of a new name, in this process, to those of `torque`, `check` and the command line."""
    if accepted(engine).name in EXACT:
        raise EngineError(f"there is an engine {engine.name!r} already; choose another name")
    EXACT[engine.name] = engine


def reference() -> str:
    """Return the name of the first engine, which others are held against."""
    return next(iter(EXACT))


def engine_names() -> list[str]:
    """Return the names accepted by --engine: the perturbative formulas first, then the exact engines."""
    return [FIRST_ORDER, *EXACT]


def exact_engines(names: Sequence[str], scheme: Scheme, spacing: float | None) -> dict[str, Engine]:
    """Return the exact engines of these names, with the options of those that have a lattice.

    Raises
    ------
    EngineError
        For an unknown engine or scheme, or a spacing that is out of range or has no lattice to belong to.
    """
    known = engine_names()
    for name in names:
        if name not in known:
            raise EngineError(
                f"unknown engine {name!r}{did_you_mean(name, known)}; choose from {', '.join(known)}"
            )
    if scheme not in SCHEMES:
        raise EngineError(
            f"unknown scheme {scheme!r}{did_you_mean(scheme, SCHEMES)}; choose from {', '.join(SCHEMES)}"
        )
    found = {name: EXACT[name].with_options(scheme, spacing) for name in names if name != FIRST_ORDER}
    if spacing is not None and not any(one.scheme for one in found.values()):
        lattices = [name for name, one in EXACT.items() if one.scheme]
        raise EngineError(
            f"spacing = {spacing:g} is not accepted without the engine {' or '.join(lattices)}, "
            "which alone has a lattice"
        )
    return found
