"""Rational functions over Q(i) of many real variables, exactly: what is zero is so for all values at once."""

from __future__ import annotations

import math
from collections import Counter
from fractions import Fraction

from flint import Ordering, fmpq, fmpq_mpoly, fmpq_mpoly_ctx
from flint.utils.flint_exceptions import DomainError

from sotcheck.errors import SotcheckError

#: Products of polynomials with more pairs of terms take too long.
MOST_PAIRS = 3 * 10**5
#: A double is read as the fraction, with so small a denominator, times a power of π that is so close to it.
DENOMINATOR, ROUNDED, POWERS_OF_PI = 1000, 4e-16, (0, 1, -1, 2, -2)


class Field:
    """Variables, some of them positive, their relations, and factors that denominators are made of.

    A function stands for its values where no denominator vanishes: there all that is done here is true.
    """

    def __init__(self, names: str, positive: str) -> None:
        every = ["i", *names.split(), *positive.split(), "pi"]
        self.context = fmpq_mpoly_ctx.get(every, Ordering.lex)
        self.variables = dict(zip(every, self.context.gens(), strict=True))
        self.i, self.signed = self.variables["i"], len(names.split()) + 1
        self.relations = [(0, 2, self.i**2 + 1)]
        self.factors: list[fmpq_mpoly] = []
        self.twins: dict[int, int] = {}
        self.known: dict[str, tuple[fmpq_mpoly, Counter[int]]] = {}
        self.roots: dict[str, fmpq_mpoly] = {}
        self.constants: dict[float, Quotient] = {}

    def relate(self, zero: fmpq_mpoly) -> None:
        """Let a polynomial vanish: a power of its first variable is made of later ones."""
        index, power = next((n, int(power)) for n, power in enumerate(zero.monoms()[0]) if power)
        self.relations.append((index, power, zero))

    def square(self, root: fmpq_mpoly) -> fmpq_mpoly:
        """Return the square of something positive, whose root is known from now on."""
        found = self.product(root, root)
        self.roots[str(found)] = root
        return found

    def constant(self, value: float) -> Quotient:
        """Return the simple number that a double is.

        Raises
        ------
        SotcheckError
            If it is none.
        """
        if value not in self.constants:
            self.constants[value] = self._simple(value)
        return self.constants[value]

    def _simple(self, value: float) -> Quotient:
        for power in POWERS_OF_PI if math.isfinite(value) else ():
            found = Fraction(value / math.pi**power).limit_denominator(DENOMINATOR)
            if abs(float(found) * math.pi**power - value) <= ROUNDED * abs(value):
                number = Quotient(self, self.context.constant(fmpq(found.numerator, found.denominator)))
                pi = Quotient(self, self.variables["pi"] ** abs(power))
                return number * (pi if power >= 0 else pi.inverse())
        raise SotcheckError(f"{value:g} is no simple number")

    def product(self, one: fmpq_mpoly, other: fmpq_mpoly) -> fmpq_mpoly:
        """Return a product's normal form."""
        if len(one) * len(other) > MOST_PAIRS:
            raise SotcheckError("polynomials have too many terms")
        found = one * other
        degrees = found.degrees()
        for index, power, relation in self.relations:
            if degrees[index] >= power:
                found = found % relation
        return found

    def raised(self, one: fmpq_mpoly, powers: Counter[int]) -> fmpq_mpoly:
        """Return a polynomial times powers of factors."""
        for number in powers.elements():
            one = self.product(one, self.factors[number])
        return one

    def conjugate(self, one: fmpq_mpoly) -> fmpq_mpoly:
        """Return a polynomial with -i for i."""
        return one - 2 * self.i * one.derivative(0)

    def number(self, factor: fmpq_mpoly) -> int:
        """Return the number of a factor."""
        if factor not in self.factors:
            self.factors.append(factor)
        return self.factors.index(factor)

    def twin(self, number: int) -> int:
        """Return the number of a factor's conjugate."""
        if number not in self.twins:
            self.twins[number] = self.number(self.conjugate(self.factors[number]))
        return self.twins[number]

    def factorized(self, one: fmpq_mpoly) -> tuple[fmpq_mpoly, Counter[int]]:
        """Return a polynomial as a constant, real or imaginary, times powers of factors, known ones first."""
        if len(one) ** 2 > MOST_PAIRS:
            raise SotcheckError("polynomials have too many terms")
        if (key := str(one)) not in self.known:
            self.known[key] = self._factorized(one)
        return self.known[key]

    def _factorized(self, one: fmpq_mpoly) -> tuple[fmpq_mpoly, Counter[int]]:
        powers: Counter[int] = Counter()
        for number, factor in enumerate(self.factors):
            # It is a factor if |factor|² is one of the product with its conjugate.
            other = self.conjugate(factor)
            real = other == factor
            divisor = factor if real else self.product(factor, other)
            while not (one.is_constant() or divisor.is_constant()):
                rest, left = divmod(one if real else self.product(one, other), divisor)
                if not left.is_zero():
                    break
                one, powers[number] = rest, powers[number] + 1
        imaginary = one.derivative(0)
        turned = one == self.i * imaginary
        constant, parts = (imaginary if turned else one).factor()
        for part, power in parts:
            powers[self.number(part)] += int(power)
        return constant * (self.i if turned else self.context.constant(1)), powers

    def sign(self, one: fmpq_mpoly) -> int | None:
        """Return the sign of a polynomial where the positive variables are; None where it is unknown."""
        if one.is_zero():
            return 0
        plain = not any(any(powers[: self.signed]) for powers in one.monoms())
        for sign in (1, -1):
            if (plain and all(sign * c > 0 for c in one.coeffs())) or str(sign * one) in self.roots:
                return sign
        return None

    def root(self, one: fmpq_mpoly) -> fmpq_mpoly:
        """Return a root of a polynomial.

        Raises
        ------
        SotcheckError
            If it is no polynomial.
        """
        try:
            return self.roots.get(str(one)) or one.sqrt()
        except DomainError:
            raise SotcheckError("a root of what is no square") from None


class Quotient:
    """A polynomial over powers of factors."""

    __slots__ = ("factors", "field", "top")

    def __init__(self, field: Field, top: fmpq_mpoly, factors: Counter[int] | None = None) -> None:
        self.field, self.top = field, top
        self.factors = factors if factors and not top.is_zero() else Counter()

    def __bool__(self) -> bool:
        return not self.top.is_zero()

    def __add__(self, other: Quotient) -> Quotient:
        if not (self and other):
            return self or other
        if self.factors == other.factors:
            return Quotient(self.field, self.top + other.top, self.factors)
        both, of = self.factors | other.factors, self.field.raised
        top = of(self.top, both - self.factors) + of(other.top, both - other.factors)
        return Quotient(self.field, top, both)

    def __mul__(self, other: Quotient) -> Quotient:
        if not (self and other):
            return other if self else self
        return Quotient(self.field, self.field.product(self.top, other.top), self.factors + other.factors)

    def conjugate(self) -> Quotient:
        """Return the conjugate."""
        factors = Counter({self.field.twin(number): power for number, power in self.factors.items()})
        return Quotient(self.field, self.field.conjugate(self.top), factors)

    def inverse(self) -> Quotient:
        """Return the inverse."""
        if not self:
            raise ZeroDivisionError
        field = self.field
        constant, factors = field.factorized(self.top)
        bar = field.conjugate(constant)
        top = bar * (1 / field.product(constant, bar).leading_coefficient())
        return Quotient(field, field.raised(top, self.factors - factors), factors - self.factors)

    def root(self) -> Quotient:
        """Return the positive root."""
        odd = Counter({number: power % 2 for number, power in self.factors.items()})
        halves = Counter({number: (power + 1) // 2 for number, power in self.factors.items()})
        found = Quotient(self.field, self.field.root(self.field.raised(self.top, odd)), halves)
        sign = found.sign()
        if sign is None:
            raise SotcheckError("a root of unknown sign")
        return Quotient(self.field, sign * found.top, halves)

    def sign(self) -> int | None:
        """Return the sign where it is known everywhere, or None."""
        sign = self.field.sign(self.top)
        for number, power in self.factors.items():
            other = self.field.sign(self.field.factors[number])
            sign = None if sign is None or other is None else sign * other**power
        return sign
