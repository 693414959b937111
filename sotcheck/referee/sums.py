"""The sum over k_⊥: ranges between thresholds, wave numbers without square roots, what is proved."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise

from flint import acb, arb, ctx

from sotcheck.referee.interface import NUMBERS, Bare, I, Pair, Waves, determinant, flows, signs_of
from sotcheck.referee.quadrature import by_nodes, integral, rule
from sotcheck.referee.reading import SOURCES, Problem, Vector, exact


@dataclass(frozen=True)
class Range:
    """k_⊥² between two neighbouring thresholds: at low + width sin²(πu/2), u from 0 to 1.

    `closing` tells of k², K_+² and K_-² what is left of them, in size, at the end of the range where they are
    smallest, whether that is nothing, whether they are positive, and one over the mass. In the last range all
    that is open closes at its end.
    """

    low: arb
    width: arb
    is_last: bool
    closing: list[tuple[arb, bool, bool, arb]]

    def at(self, u: acb) -> tuple[acb, acb, Waves]:
        """Return d(k_⊥²)/du, k_⊥ and wave numbers over masses.

        Those that vanish at an end are sines and cosines; others have roots, no numbers on a branch cut.
        """
        sine, cosine = (u * arb.pi() / 2).sin_cos()
        root = self.width.sqrt()
        x = self.low + self.width * sine * sine
        k_perp = root * sine if self.low == 0 else x.sqrt(analytic=True)
        found: list[Pair] = []
        speeds: list[acb] = []
        for left, is_end, is_open, velocity in self.closing:
            # Not from x: a threshold next to that at an end would lose its digits.
            if is_open:
                rest = left + self.width * cosine * cosine
                k = velocity * (root * cosine if is_end else rest.sqrt(analytic=True))
                found.append((k, k))
                speeds.append(acb(velocity) if self.is_last else k)
            else:
                rest = left + self.width * sine * sine
                q = I * velocity * (root * sine if is_end else rest.sqrt(analytic=True))
                found.append((q, -q))
                speeds.append(acb(0))
        common = root * cosine if self.is_last else acb(1)
        waves = Waves(found[0], found[1], found[2], common, (speeds[0], speeds[1], speeds[2]))
        return arb.pi() * self.width * sine * cosine, k_perp, waves

    def place(self, u: arb) -> str:
        """Say which k_⊥ that is."""
        x = self.low + self.width * (u * arb.pi() / 2).sin() ** 2
        return f"k_perp^2 = {float(x):.10g}"


def ranges(problem: Problem) -> list[tuple[Range, list[str]]]:
    """Return the ranges of k_⊥² that have open channels, and the sources that are open in each."""
    edges = {source: problem.edge(source) for source in SOURCES}
    order = "normal", "minority", "majority"
    masses = [problem.regions[-(source != "normal")].mass for source in order]
    marks = [Fraction(0), *sorted({edge for edge in edges.values() if edge > 0})]
    found = []
    for low, high in pairwise(marks):
        closing = []
        for source, mass in zip(order, masses, strict=True):
            is_open = edges[source] >= high
            left = edges[source] - high if is_open else low - edges[source]
            closing.append((exact(left), left == 0, is_open, exact(1 / mass)))
        part = Range(exact(low), exact(high - low), high == marks[-1], closing)
        found.append((part, [source for source in SOURCES if edges[source] >= high]))
    return found


#: Flows of each source in one range at one u: as many numbers a source.
Integrand = Callable[[acb, acb | None, Range, list[str]], list[acb]]
#: Their integral between two u; None where there is no enclosure.
Piece = Callable[[arb, arb, Range, list[str]], list[arb] | None]


def summed(problem: Problem, piece: Piece, numbers: int, deepest: int | None = None) -> dict[str, list[arb]]:
    """Enclose -(1/4π) ∫ d²k_⊥/(2π)² of means over the angle, for every source."""
    totals = {source: [arb(0)] * numbers for source in SOURCES}
    for part, sources in ranges(problem):
        found = integral(lambda a, b: piece(a, b, part, sources), part.place, deepest)  # noqa: B023
        for n, source in enumerate(sources):
            own = found[numbers * n : numbers * (n + 1)]
            totals[source] = [one + other for one, other in zip(totals[source], own, strict=True)]
    factor = -1 / (16 * arb.pi() ** 2)
    return {source: [factor * number for number in own] for source, own in totals.items()}


#: What is left of sources behind opaque layers is not to be known to as many digits as others.
LEAST = 1e-12


def rough(problem: Problem, integrand: Integrand, numbers: int) -> arb:
    """Return about how large the smallest source's largest number is: nothing is proved by it.

    Or `LEAST` of that of the largest source, where what is behind opaque layers is smaller.
    """
    largest = {source: arb(0) for source in SOURCES}
    for part, sources in ranges(problem):
        points = [((x + 1) / 2, weight / 2) for x, weight in rule(8, ctx.prec)]
        values = [[weight * v.real for v in integrand(acb(u), None, part, sources)] for u, weight in points]
        sums = [abs(sum(column, arb(0))) for column in zip(*values, strict=True)]
        for n, source in enumerate(sources):
            own = sums[numbers * n : numbers * (n + 1)]
            largest[source] = max([largest[source], *own], key=lambda one: float(one.mid()))
    some = [one.mid() for one in largest.values() if one.is_finite() and one > 0]
    return max(min(some, key=float), LEAST * max(some, key=float), key=float) if some else arb(1)


#: Flows at an interface, as JSON has them.
FLOWS = ("spin_current_minus", "spin_current_plus", "lattice", "interface")


@dataclass(frozen=True)
class Enclosure:
    """What is proved of one source, as balls, unit: wave vector³ (×1 of the file's unit).

    Attributes
    ----------
    vector : three balls
        t.
    parts : two balls or None
        Components along m×ŷ and m×(ŷ×m); None when m ∥ ŷ.
    layers : one vector for each layer and the right half-space
    interfaces : four vectors (minus, plus, lattice, interface) for each delta
    """

    vector: Vector
    parts: tuple[arb, arb] | None
    layers: list[Vector]
    interfaces: list[list[Vector]]

    def times(self, factor: arb) -> Enclosure:
        """Return all of it times a factor."""
        return Enclosure(
            [factor * n for n in self.vector],
            None if self.parts is None else (factor * self.parts[0], factor * self.parts[1]),
            [[factor * n for n in one] for one in self.layers],
            [[[factor * n for n in one] for one in four] for four in self.interfaces],
        )

    def numbers(self) -> dict[str, list[arb]]:
        """Return all balls by the place of their numbers in JSON."""
        parts = {} if self.parts is None else {"fieldlike": [self.parts[0]], "dampinglike": [self.parts[1]]}
        of_layers = {f"layers {n} torque": one for n, one in enumerate(self.layers)}
        of_deltas = {
            f"interfaces {n} {flow}": one
            for n, four in enumerate(self.interfaces)
            for flow, one in zip(FLOWS, four, strict=True)
        }
        here = {flow: self.interfaces[0][n] for n, flow in enumerate(FLOWS)}
        return {"vector": self.vector, **parts, **of_layers, **of_deltas, **here}

    @property
    def radius(self) -> float:
        """How much is not known of any component of t."""
        return max(float(one.rad()) for one in self.vector)


def weighted(found: list[Enclosure], weights: list[float]) -> Enclosure:
    """Return the sum of what is proved of several sources, each times a weight."""
    shares = [one.times(arb(weight)) for one, weight in zip(found, weights, strict=True)]

    def total(parts: Iterable[Sequence[arb]]) -> list[arb]:
        return [sum(column, arb(0)) for column in zip(*parts, strict=True)]

    parts = [one.parts for one in shares if one.parts is not None]
    both = total(parts)
    return Enclosure(
        total(one.vector for one in shares),
        (both[0], both[1]) if parts else None,
        [total(some) for some in zip(*(one.layers for one in shares), strict=True)],
        [
            [total(flow) for flow in zip(*some, strict=True)]
            for some in zip(*(one.interfaces for one in shares), strict=True)
        ],
    )


def enclose(problem: Problem, layers: list[Vector], interfaces: list[list[Vector]]) -> Enclosure:
    """Return t, all torques together, and its components."""
    unit = problem.unit
    layers = [[unit * n for n in one] for one in layers]
    interfaces = [[[unit * n for n in one] for one in four] for four in interfaces]
    taken = [*layers, *(four[3] for four in interfaces)]
    vector = [sum(column, arb(0)) for column in zip(*taken, strict=True)]
    if problem.along_y:
        return Enclosure(vector, None, layers, interfaces)
    y = [arb(0), arb(1), arb(0)]
    field = cross(problem.m, y)
    damping = cross(problem.m, cross(y, problem.m))
    length2 = dot(field, field)
    parts = dot(vector, field) / length2, dot(vector, damping) / length2
    return Enclosure(vector, parts, layers, interfaces)


def dot(a: Vector, b: Vector) -> arb:
    """Return a·b."""
    return sum((x * y for x, y in zip(a, b, strict=True)), arb(0))


def cross(a: Vector, b: Vector) -> Vector:
    """Return a×b."""
    return [a[n - 2] * b[n - 1] - a[n - 1] * b[n - 2] for n in range(3)]


def bare_torque(problem: Problem, goal: arb, *, first_order: bool) -> dict[str, Enclosure]:
    """Enclose the torque of every source of a bare interface, or what of it is linear in h."""
    delta, m = problem.deltas[0], problem.m
    m_par = (m[0] ** 2 + m[1] ** 2).sqrt()
    upright = m[0].is_zero() and m[1].is_zero()
    cos_m, sin_m = (arb(1), arb(0)) if upright else (m[0] / m_par, m[1] / m_par)
    iface = Bare(delta.u_0, delta.u_m, delta.A[0][1], arb(0) if upright else m_par, m[2], cos_m, sin_m)
    e = [-sin_m, cos_m, arb(0)]
    frame = [m, cross(e, m), e]

    def integrand(u: acb, at: acb | None, part: Range, sources: list[str]) -> list[acb]:
        jacobian, k_perp, waves = part.at(u)
        signs = (
            (0, 0)
            if at is None
            else signs_of(*determinant(iface, *part.at(at)[1:], first_order=first_order)[2:])
        )
        found = flows(iface, k_perp, waves, sources, first_order=first_order, signs=signs)
        return [jacobian * one for one in found]

    size = goal * rough(problem, integrand, NUMBERS)

    def piece(a: arb, b: arb, part: Range, sources: list[str]) -> list[arb] | None:
        return by_nodes(lambda u, at: integrand(u, at, part, sources), a, b, size)

    numbers = summed(problem, piece, NUMBERS)
    found = {}
    for source, numbers_of_h in numbers.items():
        own = [iface.h * number for number in numbers_of_h] if first_order else numbers_of_h
        spin, lattice, current = own[:3], own[3:6], own[6:]
        # Im ψ†σ(u_m σ·m)ψ = u_m m×s.
        taken = [arb(0), iface.u_m * spin[2], -iface.u_m * spin[1]]
        balance = [a - b for a, b in zip(lattice, taken, strict=True)]
        sign = -1 if source == "normal" else 1
        other = [c + sign * b for c, b in zip(current, balance, strict=True)]
        minus, plus = (other, current) if source == "normal" else (current, other)
        across = [arb(0), plus[1], plus[2]]
        four = [_in_the_lab(frame, one) for one in (minus, plus, lattice, taken)]
        found[source] = enclose(problem, [_in_the_lab(frame, across)], [four])
    return found


def _in_the_lab(frame: list[Vector], v: Vector) -> Vector:
    return [sum((part * axis[n] for part, axis in zip(v, frame, strict=True)), arb(0)) for n in range(3)]
