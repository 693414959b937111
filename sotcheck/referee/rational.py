"""A number for arrays of objects that is exact: a power series in h_R of rational functions."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import reduce
from itertools import starmap, zip_longest
from operator import add, mul
from typing import Any

from flint import ctx

from sotcheck.errors import SotcheckError
from sotcheck.referee.ball import Ball
from sotcheck.referee.field import Field, Quotient

#: Who asks whether something is larger than less asks whether it is larger than zero.
TINY = 1e-300


class Rational(Ball):
    """A power series in h_R of quotients, of as many terms as `series` says.

    What arrays do with it they do themselves, element by element.
    """

    def __init__(self, terms: list[Quotient]) -> None:
        self.terms = terms[: ctx.cap]

    @classmethod
    def of(cls, field: Field, value: Any) -> Rational:
        """Return a variable by its name, or a constant."""
        if isinstance(value, Rational):
            return value
        if isinstance(value, str):
            return cls([Quotient(field, field.variables[value])])
        number = complex(value)
        i = Quotient(field, field.i)
        return cls([field.constant(number.real) + i * field.constant(number.imag)])

    def _like(self, other: Any) -> Rational:
        return Rational.of(self.terms[0].field, other)

    def coefficient(self, power: int) -> Rational:
        """Return a coefficient."""
        return Rational([self.terms[power]]) if power < len(self.terms) else self._like(0)

    def is_zero(self) -> bool:
        """Return whether it is zero everywhere."""
        return not any(self.terms)

    def _each(self, change: Callable[[Any], Any]) -> Rational:
        return Rational([change(one) for one in self.terms])

    def conjugate(self) -> Rational:
        """Return the conjugate at real h_R."""
        return self._each(Quotient.conjugate)

    @property
    def real(self) -> Rational:
        """The real part at real h_R."""
        return (self + self.conjugate()) * 0.5

    @property
    def imag(self) -> Rational:
        """The imaginary part at real h_R."""
        return (self - self.conjugate()) * -0.5j

    def sqrt(self) -> Rational:
        """Return the positive root."""
        if len(self.terms) > 1:
            raise SotcheckError("a root of a series")
        return self if self.is_zero() else self._each(Quotient.root)

    def inverse(self) -> Rational:
        """Return the inverse."""
        first = Rational([self.terms[0].inverse()])
        # 1/(a + b), b of first order and higher, as a geometric series.
        rest = (self - Rational(self.terms[:1])) * first
        found = power = first
        for _ in range(1, ctx.cap if len(self.terms) > 1 else 1):
            power = -power * rest
            found = found + power
        return found

    def __add__(self, other: Any) -> Any:
        if isinstance(other, Iterable):
            return NotImplemented
        pairs = zip_longest(self.terms, self._like(other).terms)
        return Rational([b if a is None else a if b is None else a + b for a, b in pairs])

    def __mul__(self, other: Any) -> Any:
        if isinstance(other, Iterable):
            return NotImplemented
        one, two = self.terms, self._like(other).terms
        few = range(min(ctx.cap, len(one) + len(two) - 1))
        pairs = (
            [(one[j], two[n - j]) for j in range(n + 1) if j < len(one) and n - j < len(two)] for n in few
        )
        return Rational([reduce(add, starmap(mul, some)) for some in pairs])

    __radd__, __rmul__ = __add__, __mul__

    def __neg__(self) -> Rational:
        return self._each(lambda one: Quotient(one.field, -one.top, one.factors))

    def __sub__(self, other: Any) -> Any:
        return NotImplemented if isinstance(other, Iterable) else self + -self._like(other)

    def __rsub__(self, other: Any) -> Any:
        return -self + other

    def __truediv__(self, other: Any) -> Any:
        return NotImplemented if isinstance(other, Iterable) else self * self._like(other).inverse()

    def __rtruediv__(self, other: Any) -> Any:
        return self.inverse() * other

    def __abs__(self) -> Any:
        for part in (self, self * -1j):
            if part.imag.is_zero() and (sign := part.terms[0].sign()) is not None:
                return part if sign >= 0 else -part
        return Modulus((self * self.conjugate()).real)

    def __bool__(self) -> bool:
        return self != 0

    def _compared(self, other: Any) -> int:
        apart = self if isinstance(other, float) and abs(other) < TINY else self - other
        sign = apart.terms[0].sign()
        return self._unknown() if sign is None else sign


class Modulus(Ball):
    """A modulus that is no rational function: its even powers are."""

    def __init__(self, square: Rational) -> None:
        self.square = square

    def __pow__(self, power: int) -> Ball:
        if power % 2:
            raise SotcheckError("a modulus that is no rational function")
        return self.square ** (power // 2)


class Angle(Ball):
    """An angle by its cosine and sine."""

    def __init__(self, cosine: Rational, sine: Rational) -> None:
        self.parts = cosine, sine

    def cos(self) -> Rational:
        """Return the cosine."""
        return self.parts[0]

    def sin(self) -> Rational:
        """Return the sine."""
        return self.parts[1]
