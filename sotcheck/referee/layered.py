"""The torque of any stack: flows summed over k_⊥ and angle, and who takes what."""

from __future__ import annotations

from flint import acb, arb

from sotcheck.referee.angles import Fraction2, by_points
from sotcheck.referee.interface import I, Waves
from sotcheck.referee.reading import SOURCES, Problem, Vector, exact
from sotcheck.referee.stack import States, flows
from sotcheck.referee.sums import Enclosure, Range, cross, dot, enclose, rough, summed

#: Circle of scales on which what is linear in the spin-orbit terms is read off.
CIRCLE = 0.1
#: How often a range of k_⊥ is halved at most: each takes seconds.
HALVINGS = 9


def stack_torque(problem: Problem, goal: arb, *, first_order: bool) -> dict[str, Enclosure]:
    """Enclose the torque of every source of a stack; to first order its coefficient of the scale.

    What is linear in the scale s is linear in w = k_⊥ (A_x cos φ + A_y sin φ) too: the mean of k_x times
    it is half k_⊥ times it at φ = 0, and it is the mean over a circle |s| = r of the flows times
    exp(-iθ)/r, s = r exp(iθ).
    """

    def states(u: acb, angle: acb, part: Range, *, inside: bool = True) -> tuple[States, Waves]:
        _, k_perp, waves = part.at(u)
        where, scale = (acb(0), CIRCLE * (I * angle).exp()) if first_order else (angle, acb(1))
        return States(problem, k_perp, waves, where, scale, inside=inside), waves

    def factor(u: acb, angle: acb, part: Range) -> acb:
        jacobian, k_perp, _ = part.at(u)
        weight = (-I * angle).exp() / (2 * CIRCLE) if first_order else angle.cos()
        return jacobian * k_perp * weight

    def numerators(u: acb, angle: acb, part: Range, sources: list[str]) -> list[acb]:
        one, waves = states(u, angle, part)
        # The scale's conjugate lies on the circle at minus the angle.
        other, _ = states(u.conjugate(), -angle.conjugate() if first_order else angle.conjugate(), part)
        return [factor(u, angle, part) * number for number in flows(problem, one, other, waves, sources)]

    def values(u: acb, angle: acb, part: Range, sources: list[str]) -> list[acb]:
        one, waves = states(u, angle, part)
        other = states(u, -angle, part)[0] if first_order else one
        weight = factor(u, angle, part) / (one.det * other.det.conjugate())
        return [weight * number for number in flows(problem, one, other, waves, sources)]

    numbers = 9 * len(problem.deltas) + 3 * sum(layer.twofold for layer in problem.regions[1:-1])
    size = goal * rough(problem, lambda u, _, part, sources: values(u, acb(0.7), part, sources), numbers)

    def piece(a: float, b: float, part: Range, sources: list[str]) -> list[arb] | None:
        fraction = Fraction2(
            lambda u, angle: values(u, angle, part, sources),
            lambda u, angle: numerators(u, angle, part, sources),
            lambda u, angle: states(u, angle, part, inside=False)[0].det,
        )
        return by_points(fraction, a, b, size)

    found = summed(problem, piece, numbers, HALVINGS)
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
