"""Integrals over ranges of k_⊥² between thresholds, of many systems at once: nested rules, rows of nodes.

Along θ of `path`, Fejér's second rule with 7, 15, …, 127 nodes, each containing the one before. All ranges
that need finer rules get them together; those that 127 nodes do not resolve are halved.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import combinations
from typing import Any

import numpy as np

from sotcheck.numerics.arrays import Array, Complex, Index, Mask
from sotcheck.numerics.nearpoles import fejer
from sotcheck.numerics.nested import LEVELS, alike, nested, nested_error
from sotcheck.numerics.path import CROWDED, substitution, weighed
from sotcheck.numerics.tails import fejer_tails
from sotcheck.numerics.zeros import parameter

#: ``f(x, ranges)`` at x (rows, n) of ranges numbered so: values (rows, n, ...), and errors, which broadcast.
Integrand = Callable[[Array, Index], tuple[Array, Array]]

#: The smallest part of a range, and most parts of one: what is unresolved then stays in the error.
SMALLEST, MOST_PARTS = 2.0**-20, 40
#: The ellipse beyond which singularities are not known.
UNKNOWN = 1.5
#: The ellipse through a singularity that is close, and what an error is then trusted less by.
CLOSE, AMPLIFIED = 1.3, 2.0
#: Rounding of values, and of k_⊥², in ε.
NOISE, TINY = float(np.finfo(float).eps), float(np.finfo(float).tiny)


@dataclass(frozen=True, eq=False)
class Parts:
    """Parts of ranges [x_1, x_2], each from `lower` to `upper` of a way from 0 to 1; all of shape (rows,).

    The way is θ = πs/2 from the range's lower end or, where `far`, from its upper end; where a singularity is
    as close to that end as δ, it goes half as far, by θ = δ sinh u. `singular` (rows, most) is where θ is
    that of a singularity.
    """

    owner: Index
    x_1: Array
    x_2: Array
    far: Mask
    delta: Array
    singular: Complex
    lower: Array
    upper: Array

    @classmethod
    def of(cls, x_1: Array, x_2: Array, singular: Complex) -> Parts:
        """Return whole ranges (ranges,), or halves where a singularity in x, (ranges, most), is near an end.

        Those at the ends themselves are square roots that θ takes care of.
        """
        away = np.stack([singular - x_1[:, None], x_2[:, None] - singular])
        theta = np.arcsin(np.sqrt(away / (x_2 - x_1)[:, None] + 0j))
        theta[:, (away == 0).any(axis=0)] = np.nan
        nearest = np.nanmin(np.abs(theta), axis=-1, initial=np.inf)
        delta = np.where(nearest < CROWDED, nearest, 0.0)
        split = delta.any(axis=0)
        owner = np.concatenate([np.arange(len(x_1)), np.flatnonzero(split)])
        end = (np.arange(len(owner)) >= len(x_1)) * 1
        upper = np.where(split, 0.5, 1.0)[owner]
        where = delta[end, owner], theta[end, owner]
        return cls(owner, x_1[owner], x_2[owner], end == 1, *where, np.zeros(len(owner)), upper)

    def __getitem__(self, some: Any) -> Parts:
        return Parts(*(getattr(self, name)[some] for name in self.__dataclass_fields__))

    def halves(self) -> Parts:
        """Return both halves of each."""
        twice = self[np.repeat(np.arange(len(self.owner)), 2)]
        middle, first = (twice.lower + twice.upper) / 2, np.arange(len(twice.owner)) % 2 == 0
        lower, upper = np.where(first, twice.lower, middle), np.where(first, middle, twice.upper)
        return replace(twice, lower=lower, upper=upper)

    @property
    def width(self) -> Array:
        """Of the way."""
        return self.upper - self.lower

    @property
    def slowest(self) -> Array:
        """The factor at which coefficients decay at worst: 1/ρ of the nearest singularity's ellipse."""
        delta = np.where(self.delta > 0, self.delta, 1.0)[:, None]
        crowded = np.arcsinh(self.singular / delta) / (2 * np.arcsinh(np.pi / 4 / delta))
        s = np.where(self.delta[:, None] > 0, crowded, self.singular * 2 / np.pi)
        rho = parameter(0.0, 1.0, np.asarray((s - self.lower[:, None]) / self.width[:, None], dtype=complex))
        return 1 / np.fmin.reduce(rho, axis=-1, initial=UNKNOWN)

    def at(self, nodes: Array) -> tuple[Array, Array]:
        """Return x and dx/dnode at nodes of [0, 1] in each part, (rows, n) each."""
        s = self.lower[:, None] + self.width[:, None] * nodes
        theta, rate = np.pi / 2 * s, np.full_like(s, np.pi / 2)
        if (crowded := self.delta > 0).any():
            delta = self.delta[crowded, None]
            turn = 2 * np.arcsinh(np.pi / 4 / delta)
            theta[crowded] = delta * np.sinh(turn * s[crowded])
            rate[crowded] = delta * turn * np.cosh(turn * s[crowded])
        theta = np.where(self.far[:, None], np.pi / 2 - theta, theta)
        x, slope = substitution(self.x_1[:, None], self.x_2[:, None], theta)
        return x, slope * rate * self.width[:, None]


def integrate(
    f: Integrand,
    parts: Parts,
    tolerance: Callable[[Array], Array],
    spent: Callable[[], bool] = lambda: False,
    coarsest: int = LEVELS[0],
) -> tuple[Array, Array, Array, Index, Mask]:
    """Return integrals over ranges (ranges, ...), their errors, f's own at most, nodes, which are resolved.

    `tolerance` of how large the integral over each range is at least, (ranges,), is the error wanted of each.
    Rules begin with `coarsest`, one of LEVELS.
    """
    number = int(parts.owner.max()) + 1
    nodes, count = np.zeros(number, dtype=int), np.zeros(number, dtype=int)
    given, resolved = np.zeros(number), np.ones(number, dtype=bool)
    total: Any = None
    errors: Any = None
    samples: Array
    own: Array
    slopes: Array

    def settle(which: Mask, found: _Found, error: Array) -> None:
        nonlocal total, errors
        if total is None:
            total, errors = (np.zeros((number, *found.value.shape[1:])) for _ in range(2))
        at = parts.owner[which]
        np.add.at(total, at, found.value[which])
        np.add.at(errors, at, error)
        np.add.at(given, at, found.given[which])
        np.add.at(nodes, at, n)
        np.add.at(count, at, 1)

    def known() -> Array:
        return np.zeros(number) if total is None else _largest(np.abs(total) - errors)

    while len(parts.owner):
        short = list[Parts]()
        samples = own = slopes = np.zeros(0)
        for n in LEVELS[LEVELS.index(coarsest) :]:
            first, at = n == coarsest, fejer(n)[0]
            x, jacobian = parts.at(at if first else at[::2])
            new = *(weighed(each, x, jacobian) for each in f(x, parts.owner)), jacobian
            samples, own, slopes = new if first else map(_between, new, (samples, own, slopes))
            found = _Found.of(samples, own, slopes, parts)
            least = np.maximum(known(), 0.0)
            np.maximum.at(least, parts.owner, _largest(np.abs(found.value) - found.error))
            enough = tolerance(least)[parts.owner] * parts.width
            good = found.unresolved <= np.maximum(enough, found.noise)
            # Twice the nodes square what is left of an error: where the last rule would not do either, halve.
            size = np.maximum(_largest(np.abs(found.value)) + found.unresolved, TINY)
            hopeless = ~good & ((found.unresolved / size) ** ((LEVELS[-1] + 1) / (n + 1)) > enough / size)
            if good.any():
                settle(good, found, found.error[good])
            there = count + np.bincount(
                np.concatenate([one.owner for one in (parts, *short)]), minlength=number
            )
            last = (parts.width <= SMALLEST) | (there[parts.owner] >= MOST_PARTS) | spent()
            given_up = ~good & last & (hopeless | spent())
            if given_up.any():
                settle(given_up, found, found.at_worst(given_up))
                resolved[parts.owner[given_up]] = False
            if (halved := hopeless & ~given_up).any():
                short.append(parts[halved].halves())
            left = ~(good | hopeless | given_up)
            parts, samples, own, slopes = parts[left], samples[left], own[left], slopes[left]
            if not len(parts.owner):
                break
        parts = _joined(short) if short else parts[:0]
    return total, errors, given, nodes, resolved


@dataclass(frozen=True, eq=False)
class _Found:
    """Integrals over parts (rows, ...) by nested rules, with errors; the largest of each row."""

    rules: Array
    error: Array
    unresolved: Array
    noise: Array
    given: Array

    @classmethod
    def of(cls, samples: Array, own: Array, slopes: Array, parts: Parts) -> _Found:
        rows, n, *rest = samples.shape
        flat = samples.reshape(rows, n, -1)
        rules = (nested(n) @ flat).swapaxes(0, 1).reshape(-1, rows, *rest)
        weights = fejer(n)[1]
        rounding = NOISE * alike((weights @ np.abs(flat)).reshape(rows, *rest))
        given = (weights @ own.reshape(rows, n, -1)).reshape(rows, *own.shape[2:])
        noise = rounding + given + alike(_moved(samples, slopes, parts.x_2))
        slowest = parts.slowest.reshape(-1, *(1,) * (samples.ndim - 2))
        by_rules = nested_error(list(rules), slowest ** (n / 2))
        unresolved = alike(np.fmin(by_rules, fejer_tails(samples[:, :, None], slowest)))
        unresolved = unresolved * np.where(slowest > 1 / CLOSE, AMPLIFIED, 1.0)
        error = np.broadcast_to(unresolved + noise, rules.shape[1:])
        return cls(rules, error, _largest(unresolved), _largest(noise), _largest(given))

    @property
    def value(self) -> Array:
        """By the finest rule."""
        return self.rules[-1]

    def at_worst(self, some: Mask) -> Array:
        """Return errors of those of which any two rules are far apart, as if they miss a needle."""
        each = [_largest(np.abs(one - other)[some]) for one, other in combinations(self.rules[1:], 2)]
        apart = np.max(each, axis=0).reshape(-1, *(1,) * (self.value.ndim - 1))
        return np.asarray(self.error[some] + apart)


def _moved(samples: Array, slopes: Array, x_2: Array) -> Array:
    """Return what rounding of k_⊥² makes of integrals: ε x₂ for each rise and fall of the integrand."""

    def along(rows: Array) -> Array:
        return rows.reshape(*rows.shape, *(1,) * (samples.ndim - rows.ndim))

    # That counts on a range so thin that doubles lie wide apart on it, and at a needle.
    plain = samples / along(np.maximum(slopes, TINY))
    return along(NOISE * x_2)[:, 0] * np.abs(plain[:, 1:] - plain[:, :-1]).sum(axis=1)


def _largest(values: Array) -> Array:
    found: Array = values.max(axis=tuple(range(1, values.ndim)), initial=-np.inf)
    return found


def _between(new: Array, coarse: Array) -> Array:
    """Return the samples (rows, n, ...) of a rule from those that its coarser one lacks and has."""
    finer = np.empty((len(new), new.shape[1] + coarse.shape[1], *new.shape[2:]))
    finer[:, ::2], finer[:, 1::2] = new, coarse
    return finer


def _joined(some: Sequence[Parts]) -> Parts:
    return Parts(
        *(np.concatenate([getattr(one, name) for one in some]) for name in Parts.__dataclass_fields__)
    )
