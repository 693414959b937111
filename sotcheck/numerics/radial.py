"""The integral over one range of k_⊥² between thresholds: kinks substituted away, nested error estimates.

Along the path of `path`, Fejér's second rule with 7, 15, …, 127 nodes, each containing the one before, made
exact for poles next to the real axis.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import numpy as np

from sotcheck.numerics.arrays import Array, Complex
from sotcheck.numerics.nearpoles import NearPoles, fejer, near_poles
from sotcheck.numerics.nested import LEVELS, STEPS, alike, interleaved, largest, nested, nested_error, sure
from sotcheck.numerics.path import Path, substitution, weighed
from sotcheck.numerics.tails import fejer_tails

Integrand = Callable[[Array, Array], Array]
#: The error wanted of an integral that is known to be so large at least.
Tolerance = Callable[[float], float]

#: Smallest θ interval, as a fraction of a segment; what is unresolved there stays in the error estimate.
SMALLEST = 2.0**-20
#: Most intervals of a segment: noise has no end. What is unresolved then stays in the error estimate as well.
MOST_INTERVALS = 1000
#: Rounding of k_⊥² in units of ε, its own and that of a resonance's position.
NOISE = 4.0
#: Next to poles weights are larger than Fejér's: by how much what they leave out may be.
AMPLIFIED = 4.0


@dataclass(eq=False)
class _Interval:
    """A piece of a segment, in s, with the integrand's values on its finest rule so far, and the integral.

    By four rules, each with twice the nodes of the one before; `sure` is how large its average over the angle
    is at least, `unresolved` and `noise` the largest errors of quadrature, and of rounding next to poles.
    """

    f: Integrand
    angles: Array
    poles: Complex | None
    path: Path
    number: int
    lower: float
    upper: float
    samples: Array | None = None
    level: int = 0
    rules: Array = field(init=False)
    value: Array = field(init=False)
    error: Array = field(init=False)
    sure: float = field(init=False)
    unresolved: float = field(init=False)
    noise: float = field(init=False)

    @property
    def half(self) -> int:
        """Which half of the path this is in; 0 for all of it."""
        return int(self.lower >= 0.5)

    @property
    def width(self) -> float:
        """The part of the path that this is."""
        return self.upper - self.lower

    def asked(self) -> Array:
        """Return the nodes of the next rule that the one before lacks."""
        nodes = fejer(LEVELS[self.level])[0]
        return nodes if self.samples is None else nodes[::2]

    def take(self, values: Array) -> None:
        """Take the integrand there."""
        self.samples = values if self.samples is None else interleaved(values, self.samples)

    def settled(self, tolerance: float) -> bool:
        """Whether the error is within a tolerance of the whole; no rule, however fine, is below the noise."""
        self.enough = max(tolerance * self.width, self.noise)
        return self.unresolved <= self.enough or self.unresolved <= self._rounding()

    @property
    def nodes(self) -> int:
        """How many there are, those next to poles included."""
        assert self.samples is not None
        return len(self.samples) + (self.near.nodes.shape[1] if self.near else 0)

    @property
    def apart(self) -> float:
        """How far any two rules are apart: those that are far off, as if they miss a needle, are as far."""
        pairs = itertools.combinations(self.rules[1:], 2)
        return max(float(np.abs(one - other).max()) for one, other in pairs)

    @property
    def exhausted(self) -> bool:
        """Whether the last rule could not do either: twice the nodes square what is left of an error."""
        size = float(np.abs(self.value).max()) + self.unresolved
        power = (LEVELS[-1] + 1) / (LEVELS[self.level] + 1)
        return (self.unresolved / size) ** power > self.enough / size

    def halves(self) -> list[_Interval]:
        middle = (self.lower + self.upper) / 2
        whole = replace(self, samples=None, level=0)
        return [replace(whole, upper=middle), replace(whole, lower=middle)]

    @cached_property
    def near(self) -> NearPoles | None:
        """The poles that matter here, seen from this interval as [0, 1], by pair of angles."""
        if self.poles is None:
            return None
        half = len(self.poles) // 2
        # Opposite angles are averaged before they are integrated: a pair has the poles of both.
        pairs = self.path.s(self.half, np.concatenate([self.poles[:half], self.poles[half:]], axis=-1))
        return near_poles(np.asarray((pairs - self.lower) / self.width, dtype=complex))

    def _at(self, nodes: Array) -> tuple[Array, Array]:
        """Return x and dx/ds at nodes of [0, 1] in this interval."""
        theta, rate = self.path.theta(self.half, self.lower + self.width * nodes)
        x, jacobian = substitution(*self.path.segment, theta)
        return x, jacobian * rate

    def _rounding(self) -> float:
        """Return what rounding of k_⊥² makes of the integral: ε x₂ for each rise and fall of f."""
        assert self.samples is not None
        # That counts on a segment so thin that doubles lie wide apart on it.
        jacobian = np.maximum(self._at(fejer(len(self.samples))[0])[1], np.finfo(float).tiny)
        of_one = NOISE * float(np.finfo(float).eps) * self.path.segment[1]
        most = len(self.samples) * float(np.ptp(self.samples)) / float(jacobian.min())
        if of_one * most < self.unresolved:
            return 0.0
        plain = self.samples / jacobian.reshape(-1, *(1,) * (self.samples.ndim - 1))
        return of_one * float(np.abs(np.diff(plain, axis=0)).sum(axis=0).max())

    @cached_property
    def extra(self) -> Array:
        """The integrand at the nodes next to poles, shape (extra, angles, ...); zero where none."""
        some = (
            np.flatnonzero(np.isfinite(self.near.nodes).any(axis=1)) if self.near else np.zeros(0, dtype=int)
        )
        if not self.near or not some.size:
            return np.zeros((0,))
        both = np.concatenate([some, some + len(self.angles) // 2])
        nodes = np.where(np.isfinite(self.near.nodes), self.near.nodes, self.near.nodes[:, :1])[some].T
        x, jacobian = self._at(np.concatenate([nodes, nodes], axis=1))
        values = self.f(x, self.angles[both])
        values = weighed(values, x, jacobian[:, : values.shape[1]])
        by_pair = values.reshape(len(nodes), -1, len(some), *values.shape[2:])
        extra = np.zeros((len(nodes), by_pair.shape[1], len(self.angles) // 2, *values.shape[2:]))
        extra[:, :, some] = by_pair
        return extra.reshape(len(nodes), -1, *values.shape[2:])

    def beside(self, near: NearPoles) -> tuple[Array, Array, Any]:
        """Return the integral by four rules exact for poles, smooth samples for its tail, and its noise."""
        assert self.samples is not None
        coarser = [self.samples[step - 1 :: step] for step in STEPS]
        rules = np.stack([self._apply(near.weights(len(one)), one) for one in coarser])
        return rules, self._smooth(near, self.samples), self._noise(near, len(self.samples))

    def _apply(self, both: tuple[Array, Array], samples: Array) -> Array:
        weights, more = both
        value = _weighted(weights, samples) + (_weighted(more, self.extra) if self.extra.size else 0.0)
        return self.width * value.reshape(samples.shape[1:])

    def _smooth(self, near: NearPoles, samples: Array) -> Array:
        """Return samples without the poles that the rule is exact for: it interpolates what is left."""
        factors = near.factors(len(samples))[:, None]
        by_pair = samples.reshape(len(samples), -1, *factors.shape[2:3], *samples.shape[2:])
        smooth = by_pair * factors.reshape(*factors.shape, *(1,) * (by_pair.ndim - factors.ndim))
        return smooth.reshape(samples.shape)

    def _noise(self, near: NearPoles, n: int) -> Any:
        """Return the error, by angle and component, of rounding: of weights, and of k_⊥² next to a pole."""
        assert self.samples is not None
        more, off = near.weights(n)[1], near.rounding(n)
        by_pair = np.abs(self.samples).reshape(n, -1, len(off), *self.samples.shape[2:]).max(axis=0)
        of_weights = self.width * by_pair * off.reshape(*off.shape, *(1,) * (by_pair.ndim - off.ndim - 1))
        of_weights = of_weights.reshape(self.samples.shape[1:])
        if not self.extra.size:
            return of_weights
        lower, upper = self.path.segment
        theta, rate = self.path.theta(self.half, self.lower + self.width * near.nodes)
        slope = (upper - lower) * rate * np.maximum(np.sin(2 * theta), np.finfo(float).eps ** 0.5)
        moved = NOISE * np.finfo(float).eps * upper / slope / self.width * near.steepness
        more = np.abs(more) * np.nan_to_num(moved).T[:, :, None]
        noise: Array = self.width * _weighted(more, np.abs(self.extra))
        return noise.reshape(self.extra.shape[1:]) + of_weights


def _integrate(some: Sequence[_Interval]) -> None:
    """Integrate what intervals have sampled, all those with as many nodes at once."""
    samples = np.stack([one.samples for one in some if one.samples is not None])
    number, n, *rest = samples.shape
    flat = samples.reshape(number, n, -1)
    width = np.reshape([one.width for one in some], (-1, *(1,) * len(rest)))
    rules = width * (nested(n)[:, None, None] @ flat).reshape(-1, number, *rest)
    noise, amplified = np.zeros((number, *rest)), np.ones((number, *rest[1:]))
    doubts = np.zeros((number, *rest))
    # NOISE ε of each value: opposite angles, and components, alike.
    rounding = alike((fejer(n)[1] @ np.abs(flat)).reshape(-1, *rest[1:]))
    rounding = NOISE * np.finfo(float).eps * width * rounding.reshape(number, -1, *rounding.shape[1:])
    for i, one in enumerate(some):
        if one.near is not None:
            doubts[i] = np.abs(one._apply(one.near.doubt(n), samples[i]))
            rules[:, i], samples[i], noise[i] = one.beside(one.near)
            # A rule for poles may leave out more than Fejér's, by lane.
            worst = one.near.amplified.max(axis=0)
            amplified[i] = AMPLIFIED * worst.reshape(-1, *(1,) * (len(rest) - 2))
    by_rules = alike(nested_error(list(rules)).max(axis=1))
    # Weights exact for fewer polynomials leave out more than a tail tells, and need not gain on coarser ones.
    doubt = alike(doubts.max(axis=1))
    tails = np.maximum(width[:, 0] * fejer_tails(samples) * amplified, doubt)
    unresolved = np.where((doubt > 0) & ~np.isnan(tails), tails, np.fmin(by_rules, tails))
    errors = unresolved[:, None] + noise + rounding
    by_interval = some, sure(rules[-1], errors), largest(unresolved), largest(noise)
    for i, (one, one.sure, one.unresolved, one.noise) in enumerate(zip(*by_interval, strict=True)):
        one.rules, one.value, one.error = rules[:, i], rules[-1, i], errors[i]


def _weighted(weights: Array, samples: Array) -> Array:
    """Return sums over the nodes (n, angles, lanes, ...): (1 | 2 opposite angles, pairs, lanes, ...)."""
    by_pair = samples.reshape(len(samples), -1, weights.shape[1], *samples.shape[2:])
    return np.einsum("npl,nspl...->spl...", weights, by_pair)


#: By number of the segment and piece of it, the level of rules that it needed.
Reached = dict[tuple[int, float, float], int]


def radial(
    f: Integrand,
    segments: Sequence[tuple[float, float]],
    angles: Array,
    tolerance: Tolerance,
    poles: Sequence[Complex | None],
    *,
    crowds: Sequence[float] = (),
    spent: Callable[[], bool] = lambda: False,
    reached: Reached,
) -> tuple[Array, Array, int]:
    """Integrate f over segments at every angle, until `spent`, all of them together.

    Begins a level below those `reached` elsewhere. Returns values (segments, angles, ...), errors and nodes.
    """
    waiting: list[_Interval] = []
    for number, (segment, near) in enumerate(zip(segments, poles, strict=True)):
        path = Path.of(segment, crowds)
        breaks = [0.0, 0.5, 1.0] if any(path.deltas) else [0.0, 1.0]
        for pair in itertools.pairwise(breaks):
            level = max(reached.get((number, *pair), 0) - 1, 0)
            waiting.append(_Interval(f, angles, near, path, number, *pair, level=level))
    # Of what is settled of each segment: values, errors, nodes, and how many intervals.
    done: list[tuple[Array, Array, int, int]] = [(np.zeros(()), np.zeros(()), 0, 0) for _ in segments]
    # Levels are raised together; then the worst of what they leave is halved, and so on.
    short: list[_Interval] = []
    enough = 0.0

    def settle(one: _Interval) -> None:
        nonlocal enough
        value, error, nodes, intervals = done[one.number]
        value, error = value + one.value, error + one.error
        done[one.number] = value, error, nodes + one.nodes, intervals + 1
        reached[one.number, one.lower, one.upper] = one.level
        # What is settled of one segment is a measure for all.
        enough = max(enough, tolerance(sure(value[None], error[None])[0] if intervals else one.sure))

    while waiting or (short and not spent()):
        if not waiting:
            worst = max(short, key=lambda one: one.unresolved)
            short.remove(worst)
            waiting = worst.halves()
        now, waiting = waiting, []
        at = [one._at(one.asked()) for one in now]
        x, jacobian = (np.concatenate(parts) for parts in zip(*at, strict=True))
        values, start = weighed(f(x, angles), x, jacobian), 0
        by_level: dict[int, list[_Interval]] = {}
        for one, (taken, _) in zip(now, at, strict=True):
            one.take(values[start : start + len(taken)])
            start += len(taken)
            by_level.setdefault(one.level, []).append(one)
        for some in by_level.values():
            _integrate(some)
        for one in now:
            if one.settled(max(enough, tolerance(one.sure))) or (
                one.exhausted
                and (one.width <= SMALLEST or done[one.number][-1] + len(short) >= MOST_INTERVALS)
            ):
                settle(one)
            elif one.exhausted or spent():
                short.append(one)
            else:
                one.level += 1
                waiting.append(one)
    for one in short:
        one.error, one.sure = one.error + one.apart, one.sure - one.apart
        settle(one)
    values, errors = (np.stack([one[which] for one in done]) for which in (0, 1))
    return values, errors, sum(nodes for *_, nodes, _ in done)
