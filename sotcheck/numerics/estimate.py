"""Numbers with named errors: nothing is reported without saying how sure it is and why."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field


def joined(origins: Iterable[str]) -> str:
    """Return origins of errors as one, each part of them once."""
    return "; ".join(dict.fromkeys(part for origin in origins for part in origin.split("; ")))


@dataclass(frozen=True)
class ErrorTerm:
    """One contribution to an error budget.

    Attributes
    ----------
    name : str
        One of "lattice", "quadrature", "rounding", "next order".
    value : float
        Absolute size, in the unit of the quantity it belongs to.
    origin : str
        How the size was found.
    """

    name: str
    value: float
    origin: str


@dataclass(frozen=True)
class ErrorBudget:
    """Named error terms; they add up linearly, since nothing says that they are independent.

    Terms of one name are one term.
    """

    terms: tuple[ErrorTerm, ...] = field(default_factory=tuple)

    def __post_init__(self) -> None:
        """Add up terms of one name."""
        groups: dict[str, list[ErrorTerm]] = {}
        for term in self.terms:
            groups.setdefault(term.name, []).append(term)
        merged = (
            ErrorTerm(name, sum(one.value for one in same), joined(one.origin for one in same))
            for name, same in groups.items()
        )
        object.__setattr__(self, "terms", tuple(merged))

    @property
    def total(self) -> float:
        """The sum of all terms."""
        return float(sum(term.value for term in self.terms))

    def __str__(self) -> str:
        return ", ".join(f"{term.name} {term.value:.1e}" for term in self.terms) or "exact"
