"""The integral over one range of k_⊥² between thresholds: kinks substituted away, nested error estimates.

Along the path of `path`, Fejér's second rule with 7, 15, …, 127 nodes, each containing the one before, made
exact for poles next to the real axis.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np

from sotcheck.errors import EngineError
from sotcheck.numerics.arrays import Array, Complex
from sotcheck.numerics.nearpoles import NearPoles, fejer, near_poles
from sotcheck.numerics.nested import LEVELS, STEPS, alike, interleaved, nested, nested_error
from sotcheck.numerics.path import Path, substitution
from sotcheck.numerics.tails import fejer_tail

Integrand = Callable[[Array, Array], Array]
#: The error wanted of an integral whose value by angle, and error, are known so far.
Tolerance = Callable[[Array, Array], float]

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
    """A piece of a segment, in s, with the integrand's values on its finest rule so far."""

    f: Integrand
    angles: Array
    poles: Complex | None
    path: Path
    number: int
    lower: float
    upper: float
    samples: Array | None = None
    level: int = 0

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
        """Take the integrand there, and integrate."""
        self.samples = values if self.samples is None else interleaved(values, self.samples)
        rules = self._rules()
        self.value = rules[-1]
        by_rules, noise = alike(nested_error(rules).max(axis=0)[None]), self._noise(len(self.samples))
        tail = self.width * fejer_tail(self._smooth(self.samples)) * self._amplified
        unresolved = np.fmin(by_rules, tail)
        self.unresolved, self.noise = float(unresolved.max()), float(noise.max())
        rounding = np.tensordot(fejer(len(self.samples))[1], np.abs(self.samples), 1)
        self.error = unresolved + noise + alike(NOISE * np.finfo(float).eps * self.width * rounding)
        # Rules that are still far off, as those that miss a needle, are as far as any two of them are apart.
        apart = itertools.combinations(rules[1:], 2)
        self.apart = max(float(np.abs(one - other).max()) for one, other in apart)
        self.nodes = len(self.samples) + (self.near.nodes.shape[1] if self.near else 0)

    def settled(self, tolerance: float) -> bool:
        """Whether the error is within a tolerance of the whole; no rule, however fine, is below the noise."""
        self.enough = max(tolerance * self.width, self.noise)
        return self.unresolved <= self.enough or self.unresolved <= self._rounding()

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
        values = _weighed(self.f(x, self.angles[both]), x, jacobian)
        extra = np.zeros((len(nodes), len(self.angles), *values.shape[2:]))
        extra[:, both] = values
        return extra

    def _rules(self) -> Sequence[Array]:
        """Return the integral by four rules, each with twice the nodes of the one before."""
        assert self.samples is not None
        if self.near is None:
            by_rule: Array = self.width * np.tensordot(nested(len(self.samples)), self.samples, axes=1)
            return list(by_rule)
        return [self._apply(self.near, self.samples[step - 1 :: step]) for step in STEPS]

    def _apply(self, near: NearPoles, samples: Array) -> Array:
        weights, more = near.weights(len(samples))
        value = _weighted(weights, samples) + (_weighted(more, self.extra) if self.extra.size else 0.0)
        return self.width * value.reshape(samples.shape[1:])

    def _smooth(self, samples: Array) -> Array:
        """Return samples without the poles that the rule is exact for: it interpolates what is left."""
        if self.near is None:
            return samples
        by_pair = samples.reshape(len(samples), 2, samples.shape[1] // 2, *samples.shape[2:])
        factors = self.near.factors(len(samples))[:, None]
        smooth = by_pair * factors.reshape(*factors.shape, *(1,) * (by_pair.ndim - factors.ndim))
        return smooth.reshape(samples.shape)

    @cached_property
    def _amplified(self) -> Any:
        """By how much more than Fejér's a rule for poles may leave out, (lanes, ...)."""
        if self.near is None:
            return 1.0
        worst = self.near.amplified.max(axis=0)
        return AMPLIFIED * worst.reshape(-1, *(1,) * (self.value.ndim - 2))

    def _noise(self, n: int) -> Array:
        """Return the error, by angle and component, of rounding of k_⊥² next to a pole."""
        if self.near is None or not self.extra.size:
            return np.zeros(self.value.shape)
        lower, upper = self.path.segment
        theta, rate = self.path.theta(self.half, self.lower + self.width * self.near.nodes)
        slope = (upper - lower) * rate * np.maximum(np.sin(2 * theta), np.finfo(float).eps ** 0.5)
        moved = NOISE * np.finfo(float).eps * upper / slope / self.width * self.near.steepness
        more = np.abs(self.near.weights(n)[1]) * np.nan_to_num(moved).T[:, :, None]
        noise: Array = self.width * _weighted(more, np.abs(self.extra))
        return noise.reshape(self.value.shape)


def _weighted(weights: Array, samples: Array) -> Array:
    """Return sums over the nodes (n, angles, lanes, ...), the angles split in two: opposite ones, pairs."""
    by_pair = samples.reshape(len(samples), 2, samples.shape[1] // 2, *samples.shape[2:])
    return np.einsum("npl,nspl...->spl...", weights, by_pair)


def _weighed(values: Array, x: Array, jacobian: Array) -> Array:
    """Return values of the integrand times dx/ds, all of them numbers."""
    if not np.all(np.isfinite(values)):
        raise EngineError(
            f"the integrand is not finite near k_perp^2 = {x.flat[0]:g}: "
            "a parameter is too large for double precision"
        )
    return np.asarray(values * jacobian.reshape(*jacobian.shape, *(1,) * (values.ndim - jacobian.ndim)))


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
    done: list[list[_Interval]] = [[] for _ in segments]
    # Levels are raised together; then the worst of what they leave is halved, and so on.
    short: list[_Interval] = []
    enough = 0.0

    def settle(one: _Interval) -> None:
        nonlocal enough
        done[one.number].append(one)
        reached[one.number, one.lower, one.upper] = one.level
        # What is settled of one segment is a measure for all.
        sums = (sum(getattr(part, name) for part in done[one.number]) for name in ("value", "error"))
        enough = max(enough, tolerance(*sums))

    while waiting or (short and not spent()):
        if not waiting:
            worst = max(short, key=lambda one: one.unresolved)
            short.remove(worst)
            waiting = worst.halves()
        now, waiting = waiting, []
        at = [one._at(one.asked()) for one in now]
        x, jacobian = (np.concatenate(parts) for parts in zip(*at, strict=True))
        values = _weighed(f(x, angles), x, jacobian)
        ends = np.cumsum([len(one) for one, _ in at])[:-1]
        for one, some in zip(now, np.split(values, ends), strict=True):
            one.take(some)
        for one in now:
            if one.settled(max(enough, tolerance(one.value, one.error))) or (
                one.exhausted
                and (one.width <= SMALLEST or len(done[one.number]) + len(short) >= MOST_INTERVALS)
            ):
                settle(one)
            elif one.exhausted or spent():
                short.append(one)
            else:
                one.level += 1
                waiting.append(one)
    for one in short:
        one.error = one.error + one.apart
        settle(one)
    sums = [
        (np.sum([one.value for one in some], axis=0), np.sum([one.error for one in some], axis=0))
        for some in done
    ]
    values, errors = (np.stack(parts) for parts in zip(*sums, strict=True))
    return values, errors, sum(one.nodes for some in done for one in some)
