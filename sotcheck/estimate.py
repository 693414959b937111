"""Numbers with named errors: nothing is reported without saying how sure it is and why."""

from __future__ import annotations

from dataclasses import dataclass, field


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
    """Named error terms; they add up linearly, since nothing says that they are independent."""

    terms: tuple[ErrorTerm, ...] = field(default_factory=tuple)

    @property
    def total(self) -> float:
        """The sum of all terms."""
        return float(sum(term.value for term in self.terms))

    def __str__(self) -> str:
        return ", ".join(f"{term.name} {term.value:.1e}" for term in self.terms) or "exact"
