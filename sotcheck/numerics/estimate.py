"""Numbers with named errors: nothing is reported without saying how sure it is and why."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from sotcheck.numerics.arrays import Array

#: Error terms by name: size (scalar, or broadcasting to the value) and how it was found.
Terms = dict[str, tuple[Any, str]]
Axes = int | tuple[int, ...]


def joined(origins: Iterable[str]) -> str:
    """Return origins of errors as one, each part of them once."""
    return "; ".join(dict.fromkeys(part for origin in origins for part in origin.split("; ")))


def added(*some: Terms) -> Terms:
    """Return the terms of a sum: those of one name add up, since nothing says that they are independent."""
    names = dict.fromkeys(name for terms in some for name in terms)
    same = {name: [terms[name] for terms in some if name in terms] for name in names}
    return {
        name: (sum(size for size, _ in each), joined(why for _, why in each)) for name, each in same.items()
    }


def side_by_side(some: Sequence[Estimate], axis: int = 0) -> Estimate:
    """Join estimates that have terms of the same names along an axis."""

    def join(arrays: Iterable[Any]) -> Array:
        return np.concatenate(list(arrays), axis)

    terms = {name: (join(one.size(name) for one in some), why) for name, (_, why) in some[0].terms.items()}
    return Estimate(join(one.value for one in some), terms)


@dataclass(frozen=True)
class Estimate:
    """A value of any shape and its error, a sum of named terms that broadcast to it.

    Sums, multiples and parts carry both: sizes add up linearly, whatever the signs of the values. The size of
    a complex number's error is that of its real and of its imaginary part.

    `terms` by name, e.g. "quadrature", "lattice", "next order", "rounding": (size, origin).
    """

    value: Any
    terms: Terms = field(default_factory=dict)

    def __repr__(self) -> str:
        return f"<{self.value} ± {self.total:.1e}>"

    @property
    def shape(self) -> tuple[int, ...]:
        """The value's."""
        return np.shape(self.value)

    @property
    def error(self) -> Array:
        """The sum of all terms, of the value's shape."""
        return (
            np.sum([self.size(name) for name in self.terms], axis=0) if self.terms else np.zeros(self.shape)
        )

    @property
    def total(self) -> float:
        """The largest error of any component."""
        return float(np.max(self.error, initial=0.0))

    def size(self, name: str) -> Array:
        """Return one term's size, of the value's shape; zero if there is no such term."""
        return np.broadcast_to(self.terms.get(name, (0.0, ""))[0], self.shape)

    def each(self, value: Callable[[Any], Any], size: Callable[[Any], Any] | None = None) -> Estimate:
        """Return the estimate with functions applied to the value and to every term's full-shaped size."""
        change = size or value
        return Estimate(
            value(self.value), {name: (change(self.size(name)), why) for name, (_, why) in self.terms.items()}
        )

    def and_(self, name: str, size: Any, origin: str) -> Estimate:
        """Return the same value with another error term, added to one of that name."""
        return Estimate(self.value, added(self.terms, {name: (size, origin)}))

    def shared(self, axes: Axes) -> Estimate:
        """Give all components along some axes the largest error of any: one may escape by accident."""
        return self.each(
            lambda value: value, lambda size: np.broadcast_to(size.max(axis=axes, keepdims=True), self.shape)
        )

    def __add__(self, other: Any) -> Estimate:
        if isinstance(other, Estimate):
            return Estimate(self.value + other.value, added(self.terms, other.terms))
        return Estimate(self.value + other, self.terms)

    def __neg__(self) -> Estimate:
        return Estimate(-self.value, self.terms)

    def __sub__(self, other: Any) -> Estimate:
        return self + (-other)

    def __mul__(self, factor: Any) -> Estimate:
        """Return a multiple; of a complex factor both parts count."""
        factor = np.asanyarray(factor)
        return self.each(
            lambda value: factor * value, lambda size: (np.abs(factor.real) + np.abs(factor.imag)) * size
        )

    __rmul__ = __mul__

    def __truediv__(self, divisor: Any) -> Estimate:
        return self * (1 / np.asanyarray(divisor))

    def __matmul__(self, weights: Array) -> Estimate:
        """Return the real weighted sums over the last axis."""
        return self.each(lambda value: value @ weights, lambda size: size @ np.abs(weights))

    def __getitem__(self, index: Any) -> Estimate:
        return self.each(lambda array: np.asanyarray(array)[index])

    @property
    def real(self) -> Estimate:
        """The real part."""
        return Estimate(np.real(self.value), self.terms)

    @property
    def imag(self) -> Estimate:
        """The imaginary part."""
        return Estimate(np.imag(self.value), self.terms)

    @property
    def parts(self) -> Estimate:
        """Real and imaginary part as a last axis."""
        return self.each(
            lambda value: np.stack([np.real(value), np.imag(value)], axis=-1), lambda size: size[..., None]
        )

    def sum(self, axis: Axes) -> Estimate:
        """Return the sum along axes."""
        return self.each(lambda array: array.sum(axis=axis))

    def mean(self, axis: Axes, keepdims: bool = False) -> Estimate:
        """Return the mean along axes."""
        return self.each(lambda array: array.mean(axis=axis, keepdims=keepdims))

    def where(self, mask: Any) -> Estimate:
        """Return the estimate where a mask (of the leading axes) is set, and an exact zero elsewhere."""
        mask = np.asarray(mask).reshape(np.shape(mask) + (1,) * (len(self.shape) - np.ndim(mask)))
        return self.each(lambda array: np.where(mask, array, 0))

    def __str__(self) -> str:
        return ", ".join(f"{name} {float(size):.1e}" for name, (size, _) in self.terms.items()) or "exact"
