"""The torque of any stack: flows summed over k_⊥ and angle, and who takes what."""

from __future__ import annotations

from dataclasses import dataclass, replace

from flint import acb, arb, ctx

from sotcheck.referee.angles import Fraction2, by_points
from sotcheck.referee.interface import I, Waves
from sotcheck.referee.margin import no_zeros
from sotcheck.referee.one_site import closed_form
from sotcheck.referee.panel import Panel
from sotcheck.referee.quadrature import UnprovedError, integral
from sotcheck.referee.reading import SOURCES, Problem, Vector, exact
from sotcheck.referee.stack import ALL, States, Transfers, flows, without_turns
from sotcheck.referee.sums import Enclosure, Range, cross, dot, enclose, ranges, rough, summed

#: Circle of scales on which what is linear in the spin-orbit terms is read off.
CIRCLE = 0.01
#: How often a range of k_⊥ is halved at most: each takes seconds.
HALVINGS = 9
#: What a part of a range may be off by, in units of the goal; if by more, parts of it would be, too.
LOST = 100
#: How far into the complex plane paths may go, what is tried first.
BENDS = (-0.5, -0.2)


@dataclass(frozen=True)
class Flows:
    """What is integrated over a range of k_⊥ and an angle, of some sources: flows times k_⊥ cos φ.

    What is linear in a scale s of spin-orbit terms is linear in w = k_⊥ (A_x cos φ + A_y sin φ) too: the mean
    of k_x times it is half k_⊥ times it at φ = 0, and it is the mean over a circle |s| = r of the flows
    times exp(-iθ)/r, s = r exp(iθ): then θ is the angle. u runs from 0 to 1 along t + i bend t (1 - t).
    """

    problem: Problem
    part: Range
    sources: list[str]
    first_order: bool
    bend: float = 0.0

    def common(self, u: acb) -> acb:
        """Return what all open waves have in common; no number where one might not be analytic."""
        jacobian, k_perp, waves = self.part.at(u)
        known = all(one.is_finite() for one in (jacobian, k_perp, *waves.k, *waves.plus, *waves.minus))
        return waves.common if known else acb("nan")

    def all_around(self, u: acb, angles: int) -> tuple[list[list[acb]], list[acb], list[acb]]:
        """Return numbers over `common`, det G and its twin's conjugate at equidistant angles."""
        _, k_perp, _ = self.part.at(u)
        known = without_turns(self.problem, k_perp), without_turns(self.problem, k_perp.conjugate())
        turns = [acb(2 * n * arb.pi() / angles) for n in range(angles)]
        numbers, dets, twins = zip(*(self.over_common(u, turn, *known) for turn in turns), strict=True)
        return list(numbers), list(dets), list(twins)

    def states(
        self, u: acb, angle: acb, known: Transfers = None, *, inside: bool = True
    ) -> tuple[States, Waves, acb]:
        """Return the states, and what the flows are to be multiplied by."""
        jacobian, k_perp, waves = self.part.at(u)
        weight = jacobian * k_perp
        if self.first_order:
            turn = (I * angle).exp()
            scale = CIRCLE * turn
            return (
                States(self.problem, k_perp, waves, acb(0), scale, inside=inside, known=known),
                waves,
                weight / (2 * CIRCLE * turn),
            )
        states = States(self.problem, k_perp, waves, angle, acb(1), inside=inside, known=known)
        return states, waves, weight * angle.cos()

    def along(self, t: acb) -> tuple[acb, acb]:
        """Return u and du/dt."""
        return t + I * self.bend * t * (1 - t), 1 + I * self.bend * (1 - 2 * t)

    def over_common(
        self, t: acb, angle: acb, known: Transfers = None, conjugate: Transfers = None
    ) -> tuple[list[acb], acb, acb]:
        """Return numbers without poles, over `common`, det G and its conjugate, of all sources together 1."""
        u, speed = self.along(t)
        one, waves, weight = self.states(u, angle, known)
        # The scale's conjugate lies on the circle at minus the angle.
        other_angle = (-angle if self.first_order else angle).conjugate()
        same = u.imag.is_zero() and angle.imag.is_zero() and not self.first_order
        other = one if same else self.states(u.conjugate(), other_angle, conjugate)[0]
        weight = speed * weight
        numbers = [weight * number for number in flows(self.problem, one, other, waves, self.sources)]
        return numbers, one.det, acb(1) if self.sources == [ALL] else other.det.conjugate()

    def parts(self, t: acb, angle: acb) -> tuple[list[acb], acb, acb]:
        """Return the same, numbers as they are."""
        numbers, det, other = self.over_common(t, angle)
        factor = acb(1) if self.sources == [ALL] else self.part.at(self.along(t)[0])[2].common
        return [factor * number for number in numbers], det, other

    def fraction(self) -> Fraction2:
        """Return all this as `by_points` takes it."""
        return Fraction2(
            self.parts,
            lambda t, angle: self.states(self.along(t)[0], angle, inside=False)[0].det,
            1 if self.sources == [ALL] else 2,
        )


def stack_torque(problem: Problem, goal: arb, *, first_order: bool) -> dict[str, Enclosure]:
    """Enclose the torque of every source of a stack, or what of it is linear in the spin-orbit terms.

    Where one source alone is open its flows have poles on one side of the real axis only: the path may go
    round them.
    """
    numbers = 9 * len(problem.deltas) + 3 * sum(layer.twofold for layer in problem.regions[1:-1])

    def sample(u: acb, _: acb | None, part: Range, sources: list[str]) -> list[acb]:
        found, det, other = Flows(problem, part, sources, first_order).parts(u, acb(0.7))
        return [number / (det * other) for number in found]

    # Of first order the circle's numbers are mostly those of order 0, over its radius.
    size = goal * rough(problem, sample, numbers) * (CIRCLE if first_order else 1)

    def path(part: Range, sources: list[str]) -> Flows:
        if len(sources) > 1:
            return Flows(problem, part, sources, first_order)
        straight = Flows(problem, part, [ALL], first_order)
        # A state that decays has poles at smaller E, at larger k_⊥²: the path goes below.
        some = (bend for bend in BENDS if no_zeros(straight.fraction().D, bend))
        return replace(straight, bend=next(some, 0.0))

    form = closed_form(problem, first_order=first_order)
    if form is not None:

        def in_panels(a: arb, b: arb, part: Range, sources: list[str]) -> list[arb] | None:
            own = Flows(problem, part, sources, first_order)
            panel = Panel.of(form, own, (a + b) / 2, (b - a) / 2, ends=part.is_last and b == 1)
            if panel is None:
                return None

            def known(x: arb, y: arb) -> list[arb] | None:
                found = panel.piece(2 * x - 1, 2 * y - 1, size)
                if found is not None and not all(one.rad() < LOST * size for one in found):
                    raise UnprovedError(f"a state is too nearly bound for {ctx.prec} binary digits")
                return found

            return integral(known, lambda x: part.place(a + (b - a) * x))

        return _of_sources(problem, summed(problem, in_panels, numbers))
    paths = {tuple(sources): path(part, sources) for part, sources in ranges(problem)}

    def piece(a: arb, b: arb, _: Range, sources: list[str]) -> list[arb] | None:
        return by_points(paths[tuple(sources)].fraction(), a, b, size)

    return _of_sources(problem, summed(problem, piece, numbers, HALVINGS))


def _of_sources(problem: Problem, found: dict[str, list[arb]]) -> dict[str, Enclosure]:
    """Return what is proved of every source of sums over k_⊥."""
    # A source is shifted by its half-space's velocity, k_x over the mass.
    masses = {source: exact(problem.regions[-(source != "normal")].mass) for source in SOURCES}
    return {s: _shared(problem, [number / masses[s] for number in found[s]]) for s in SOURCES}


def _shared(problem: Problem, numbers: list[arb]) -> Enclosure:
    """Return who takes what of the flows of one source."""
    interfaces: list[list[Vector]] = []
    for n, delta in enumerate(problem.deltas):
        minus, s, lattice = (numbers[9 * n + i : 9 * n + i + 3] for i in (0, 3, 6))
        # Im ψ†σ(u_m σ·d)ψ = u_m d×s.
        taken = [-delta.u_m * part for part in cross(delta.d, s)]
        plus = [a + b - c for a, b, c in zip(minus, lattice, taken, strict=True)]
        interfaces.append([minus, plus, lattice, taken])
    rest = iter(range(9 * len(problem.deltas), len(numbers), 3))
    layers: list[Vector] = []
    for n, layer in enumerate(problem.regions[1:-1]):
        near, far = interfaces[n][1], interfaces[n + 1][0]
        added = [arb(0)] * 3
        if layer.twofold:
            at = next(rest)
            added = numbers[at : at + 3]
        torque = [a - b + c for a, b, c in zip(near, far, added, strict=True)]
        layers.append(torque if layer.J else [arb(0)] * 3)
    right, last = problem.regions[-1], interfaces[-1][1]
    across = [part - dot(last, right.d) * d for part, d in zip(last, right.d, strict=True)]
    layers.append(across if right.magnetic else [arb(0)] * 3)
    return enclose(problem, layers, interfaces)
