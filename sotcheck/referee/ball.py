"""A number for arrays of objects: a power series in one real variable, whose coefficients are balls."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from flint import acb, acb_series, arb, ctx

from sotcheck.errors import SotcheckError


@contextmanager
def series(digits: int, terms: int) -> Iterator[None]:
    """Compute with so many binary digits, and so many terms of series."""
    before, ctx.cap = ctx.cap, terms
    try:
        with ctx.workprec(digits):
            yield
    finally:
        ctx.cap = before


class Ball:
    """A power series in h_R, of as many terms as `series` says; its first is what is compared."""

    def __init__(self, value: Any) -> None:
        self.series = value if isinstance(value, acb_series) else acb_series([_plain(value)])

    def term(self, power: int) -> acb:
        """Return a coefficient."""
        return self.series[power]

    def coefficient(self, power: int) -> Ball:
        """Return a coefficient, as a number of its own."""
        return Ball(self.term(power))

    def _each(self, change: Callable[[acb], acb]) -> Ball:
        return Ball(acb_series([change(one) for one in self.series.coeffs()]))

    def conjugate(self) -> Ball:
        """Return the conjugate at real h_R."""
        return self._each(lambda one: one.conjugate())

    @property
    def real(self) -> Ball:
        """The real part at real h_R."""
        return self._each(lambda one: acb(one.real))

    @property
    def imag(self) -> Ball:
        """The imaginary part at real h_R."""
        return self._each(lambda one: acb(one.imag))

    def sqrt(self) -> Ball:
        """Return the principal root."""
        return Ball(self.series.sqrt()) if self.series.length() else self

    def cos(self) -> Ball:
        """Return the cosine."""
        return Ball(self.series.cos())

    def sin(self) -> Ball:
        """Return the sine."""
        return Ball(self.series.sin())

    def exp(self) -> Ball:
        """Return the exponential."""
        return Ball(self.series.exp())

    def __add__(self, other: Any) -> Ball:
        return Ball(self.series + _series(other))

    def __mul__(self, other: Any) -> Ball:
        return Ball(self.series * _series(other))

    __radd__, __rmul__ = __add__, __mul__

    def __neg__(self) -> Ball:
        return Ball(-self.series)

    def __sub__(self, other: Any) -> Ball:
        return Ball(self.series - _series(other))

    def __rsub__(self, other: Any) -> Ball:
        return Ball(_series(other) - self.series)

    def __truediv__(self, other: Any) -> Ball:
        return Ball(self.series / _series(other))

    def __rtruediv__(self, other: Any) -> Ball:
        return Ball(_series(other) / self.series)

    def __pow__(self, power: int) -> Ball:
        if int(power) != power:
            raise TypeError("a power of a ball is a whole number")
        found = Ball(1)
        for _ in range(abs(int(power))):
            found = found * self
        return found if power >= 0 else 1 / found

    def __abs__(self) -> Ball:
        # Whichever it is on the real or imaginary axis, its root has no branch point.
        if all(one.imag.is_zero() for one in self.series.coeffs()):
            return -self if self < 0 else self
        return (self * self.conjugate()).real.sqrt()

    def __complex__(self) -> complex:
        return complex(self.term(0).mid())

    def __float__(self) -> float:
        return float(self.term(0).real.mid())

    def _compared(self, other: Any) -> int:
        """Return the sign of what it is more than another.

        Raises
        ------
        SotcheckError
            If that is not certain.
        """
        left, right = self.term(0), _series(other)[0]
        apart = left.real - right.real
        if not (left.imag.is_zero() and right.imag.is_zero()):
            return 1 if not (left - right).contains(0) else self._unknown()
        return 1 if apart > 0 else -1 if apart < 0 else 0 if apart.is_zero() else self._unknown()

    @staticmethod
    def _unknown() -> int:
        raise SotcheckError("balls overlap that decide between two cases")

    def __lt__(self, other: Any) -> bool:
        return self._compared(other) < 0

    def __le__(self, other: Any) -> bool:
        return self._compared(other) <= 0

    def __gt__(self, other: Any) -> bool:
        return self._compared(other) > 0

    def __ge__(self, other: Any) -> bool:
        return self._compared(other) >= 0

    def __eq__(self, other: object) -> bool:
        return self._compared(other) == 0

    def __ne__(self, other: object) -> bool:
        return self._compared(other) != 0

    __hash__ = None  # type: ignore[assignment]


def _plain(value: Any) -> Any:
    return value if isinstance(value, acb | arb) else complex(value)


def _series(value: Any) -> acb_series:
    return value.series if isinstance(value, Ball) else acb_series([_plain(value)])


def variable() -> Ball:
    """Return the variable of the series."""
    return Ball(acb_series([0, 1]))


def turns(start: float, number: int) -> list[Ball]:
    """Return equidistant angles all around."""
    return [Ball(arb(start) + 2 * n * arb.pi() / number) for n in range(number)]


def largest(values: list[Ball]) -> float:
    """Return what no value exceeds in size; infinite where one is no number."""
    sizes = [one.term(0).abs_upper() for one in values]
    # Of the next double, nothing is lost.
    return max((math.nextafter(float(one), math.inf) if one.is_finite() else math.inf) for one in sizes)


def farthest(values: list[Ball]) -> float:
    """Return what some value exceeds in size for certain."""
    return max(max(0.0, math.nextafter(float(one.term(0).abs_lower()), 0.0)) for one in values)
