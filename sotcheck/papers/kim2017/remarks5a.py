"""Sec. V A in words: what is said of model (17) and of Fig. 4."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np

from sotcheck.exact.currents import linear_torque_number
from sotcheck.exact.quantities import torque as by_k
from sotcheck.exact.solved import Solved
from sotcheck.numerics.arrays import Array, Complex
from sotcheck.numerics.estimate import Estimate
from sotcheck.papers.kim2017 import BULK, paper
from sotcheck.papers.kim2017.section5a import MAJORITY, MINORITY, THIRD_TERM, N, interface, summed
from sotcheck.theory.symbols import Symbols
from sotcheck.trial.entries import Statement
from sotcheck.trial.judge import balance, relation
from sotcheck.trial.verdict import Trial
from sotcheck.trial.words import Judge, on_each, positive, within

#: E_F/J: far below, at, above and far above 1.
EQUAL = 1.0
RATIOS = (0.05, EQUAL, 3.0, 8.0)
#: How "around five times" and "approximately" are read: within 20 % and within 10 %.
AROUND, APPROXIMATELY = 0.2, 0.1

#: A number from the torques of all k_⊥, (2, 3) as `section5a.summed` has them.
Number = Callable[[Complex], float]


def exceeds(
    margin: Number, ratios: tuple[float, ...], quantity: str, why: str, steepness: float = 2.0
) -> Judge:
    """Return the judge of an inequality between torques, margin > 0, at each of some E_F/J.

    A margin's error is at most `steepness` times that of the torques, all smaller than one.
    """

    def judge(engine: str) -> Iterator[Trial]:
        for ratio in ratios:
            found = summed(engine, interface(ratio)).each(margin, lambda size: steepness * size.max())
            yield positive(f"{quantity}, E_F/J = {ratio:g}", found, why)

    return judge


def around(ratio_of: Number, said: float, by: float, quantity: str, why: str) -> Judge:
    """Return the judge of a number said in words, at E_F = J: a range about it."""

    def judge(engine: str) -> Iterator[Trial]:
        at = summed(engine, interface(EQUAL))
        # A quotient of sums, of which the smaller one is known worst.
        steepness = 2 * abs(ratio_of(at.value)) / abs(at.value[N].imag)
        found = at.each(ratio_of, lambda size: steepness * size.max())
        words = f"{why} '{said:g}' is read as within {by:.0%}. Found: {found.value:.4g}."
        yield within(quantity, found, (1 - by) * said, (1 + by) * said, words)

    return judge


def largest(torques: Complex) -> float:
    """Return the size of the largest torque besides the third term."""
    return float(np.abs([torques[0].real, torques[0].imag]).max())


def wave_numbers(one: Solved) -> Complex:
    """k_z, k_z^-, k_z^+ of exact states, shape (n, 1, 3)."""
    found = one.states
    return np.stack([found.kz, found.Kz[..., 1], found.Kz[..., 0]], axis=-1)[:, :1, 0]


def squares(one: Solved) -> Estimate:
    """Their squares."""
    return Estimate((wave_numbers(one) ** 2).real, {"rounding": (one.rounding * 4, "double precision")})


def reals(one: Solved) -> Estimate:
    """Whether they are real."""
    return Estimate((wave_numbers(one).real > 0).astype(float))


def _squares(s: Symbols) -> Array:
    """k_z², (k_z^-)², (k_z^+)² from k_⊥² + k_z² = k_F² and k_⊥² + (k_z^±)² ± Δ² = k_F², below Eq. (18)."""
    E_F, J = s.iface.E_F, s.iface.J
    return np.stack([E_F - s.k2, E_F - s.k2 + J, E_F - s.k2 - J], axis=-1)


def _regimes(s: Symbols) -> Array:
    """Whether k_z, k_z^-, k_z^+ are real, as the text below Eq. (20) has it, k_⊥² resolved.

    For E_F ≤ J k_z^+ is imaginary all over; for E_F > J it is imaginary in 0 < k_⊥² < k_F² − Δ² and real in
    k_F² − Δ² < k_⊥² < k_F²; k_z^- is real; k_z is imaginary for k_F² < k_⊥² < k_F² + Δ².
    """
    E_F, J = s.iface.E_F, s.iface.J
    minority = (E_F > J) & (s.k2 > E_F - J) & (s.k2 < E_F)
    return np.stack([s.k2 < E_F, s.k2 < E_F + J, minority], axis=-1).astype(float)


def _regimes_corrected(s: Symbols) -> Array:
    """The same with k_z^+ real in 0 < k_⊥² < k_F² − Δ² and imaginary beyond."""
    E_F, J = s.iface.E_F, s.iface.J
    return np.stack([s.k2 < E_F, s.k2 < E_F + J, s.k2 < E_F - J], axis=-1).astype(float)


@on_each(*BULK)
def same_sign(one: Solved) -> Iterator[Trial]:
    """Fieldlike times dampinglike torque of N at each k_⊥: never negative."""
    found = linear_torque_number(one)[..., 0]
    product = found.each(lambda t: t.real * t.imag, lambda size: 2 * np.abs(found.value) * size)
    yield positive(
        f"least product of both components by k_perp, {one.iface.name}",
        product[np.unravel_index(np.argmin(product.value), product.shape)],
        "Zero where k_z^+ is real: there is no dampinglike torque.",
        "normal",
        scale=float(np.abs(product.value).max()),
    )


ARE_REAL = "whether k_z, k_z^-, k_z^+ are real"

paper.add(
    Statement("wave-number-relations",
        "Below (18): k_perp^2 + k_z^2 = k_F^2 and k_perp^2 + (k_z^+-)^2 +- Delta^2 = k_F^2.",
        relation(squares, _squares, "squares of wave numbers", "As the engine has them.", BULK)),
    Statement("same-sign",
        "Below (19): fieldlike and dampinglike torque of a current in N have the same sign.", same_sign),
    Statement("regimes",
        "Below (20): for E_F > J, k_z^+ is imaginary for k_perp^2 < k_F^2 - Delta^2 and real beyond.",
        relation(reals, _regimes, ARE_REAL, "It is the other way round; the rest of the sentence holds.",
            BULK)),
    Statement("regimes-corrected",
        "The same with k_z^+ real for k_perp^2 < k_F^2 - Delta^2 and imaginary beyond.",
        relation(reals, _regimes_corrected, ARE_REAL, "With the two swapped.", BULK)),
    Statement("opposite-dampinglike",
        "Below (20): the dampinglike torque of a current in F is the opposite of that of one in N.",
        balance(by_k.of("normal").dampinglike, -by_k.of("majority", "minority").dampinglike,
            "dampinglike torque of N against minus that of F, by k_perp",
            "At each k_perp and of the same size.", BULK)),
    Statement("dampinglike-larger",
        "Of a current in N the dampinglike torque is comparable with the fieldlike one, and often larger.",
        exceeds(lambda t: abs(t[N].imag) - abs(t[N].real), RATIOS[:3],
            "dampinglike less fieldlike torque of N, sizes", "Far above J the fieldlike one is larger.")),
    Statement("fieldlike-minority", "The fieldlike torque of minority electrons has the sign of that of N's.",
        exceeds(lambda t: t[MINORITY].real * t[N].real, RATIOS[2:],
            "product of fieldlike torques, minority and N", "They exist for E_F > J only.")),
    Statement("fieldlike-majority",
        "The fieldlike torque of majority electrons, the evanescent term apart, has the sign of that of N's"
        " in a wide range of E_F/J: tried far above J.",
        exceeds(lambda t: t[MAJORITY].real * t[N].real, RATIOS[2:],
            "product of fieldlike torques, majority and N",
            "The signs are still opposite far above J, not only close to it.")),
    Statement("evanescent-largest", "The third term of (20a) is larger than every other contribution.",
        exceeds(lambda t: t[THIRD_TERM].real - largest(t), RATIOS,
            "third term less the largest other contribution", "Each for equal relaxation times.")),
    Statement("evanescent-five-times",
        "The third term of (20a) is around five times as large as the dampinglike torques at E_F = J.",
        around(lambda t: t[THIRD_TERM].real / abs(t[N].imag), 5.0, AROUND,
            "third term over dampinglike torque, E_F = J", "The words give no more than one digit.")),
    Statement("evanescent-dominates",
        "With currents in N and F alike the third term of (20a) approximates the torque, E_F = J.",
        around(lambda t: t[THIRD_TERM].real / t.sum().real, 1.0, APPROXIMATELY,
            "third term over total fieldlike torque, equal relaxation times, E_F = J",
            "The dampinglike torques cancel then."), "21"),
    Statement("evanescent-at-zero",
        "For E_F -> 0 the third term does not vanish, unlike the other contributions.",
        exceeds(lambda t: t[THIRD_TERM].real - 100 * largest(t), RATIOS[:1],
            "third term less a hundred times the largest other contribution",
            "All others vanish with E_F, faster than k_F^3.", 101.0)),
)  # fmt: skip
