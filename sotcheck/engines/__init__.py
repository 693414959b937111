"""Exact engines: the one list of them."""

from __future__ import annotations

from collections.abc import Sequence

from sotcheck.engines.continuum import Continuum
from sotcheck.engines.kwant_chain import KwantChain
from sotcheck.engines.lattice import SCHEMES, Scheme
from sotcheck.engines.lattice_limit import LatticeLimit
from sotcheck.errors import EngineError, did_you_mean, in_range
from sotcheck.system.states import Engine

#: Accepted lattice spacings; most of them will not suit an interface.
SPACINGS = (1e-30, 1e30)
#: Exact engines by name, as they are unless options say otherwise.
EXACT: dict[str, Engine] = {"continuum": Continuum(), "kwant": KwantChain()}
#: Names accepted by --engine: the perturbative formulas first, then the exact engines.
ENGINES = ("first-order", "continuum", "kwant")

__all__ = [
    "ENGINES",
    "EXACT",
    "SCHEMES",
    "SPACINGS",
    "Continuum",
    "Engine",
    "KwantChain",
    "LatticeLimit",
    "Scheme",
    "exact_engines",
]


def exact_engines(names: Sequence[str], scheme: Scheme, spacing: float | None) -> dict[str, Engine]:
    """Return the exact engines of these names, the options of `kwant` applied.

    Raises
    ------
    EngineError
        For an unknown engine or scheme, or a spacing that is out of range or has no lattice to belong to.
    """
    for name in names:
        if name not in ENGINES:
            raise EngineError(
                f"unknown engine {name!r}{did_you_mean(name, ENGINES)}; choose from {', '.join(ENGINES)}"
            )
    if scheme not in SCHEMES:
        raise EngineError(
            f"unknown scheme {scheme!r}{did_you_mean(scheme, SCHEMES)}; choose from {', '.join(SCHEMES)}"
        )
    if spacing is not None:
        in_range("spacing", spacing, *SPACINGS)
        if "kwant" not in names:
            raise EngineError(
                f"spacing = {spacing:g} is not accepted without the engine kwant, which alone has a lattice"
            )
    chain = LatticeLimit(spacing) if scheme == "finite-difference" else KwantChain(scheme, spacing)
    known: dict[str, Engine] = {"continuum": Continuum(), "kwant": chain}
    return {name: known[name] for name in names if name in known}
