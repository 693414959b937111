"""The diagnosis of a wrong formula: each kind of fault is told from the numbers."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from sotcheck.numerics.arrays import Complex
from sotcheck.trial.diagnose import diagnose

X = np.linspace(0.1, 2.0, 24)
RIGHT: Complex = (1 + 0.3j * X) * np.exp(1j * X**2)
IMAGINARY = X > 1.3
WHERE = {"k_z is imaginary": IMAGINARY, "k_z^+ is imaginary": X > 0.8}

FAULTS: list[tuple[Callable[[Complex], Complex], str]] = [
    (lambda t: t + 0, "no difference"),
    (lambda t: t * (1 + 1e-9), "no difference"),
    (lambda t: t / 2, "ratio constant 2.000: a missing factor 2.000"),
    (lambda t: 2 * t, "ratio constant 0.500: a factor 2.000 too much"),
    (lambda t: -t, "the sign is wrong"),
    (lambda t: -t / np.pi, "the sign is wrong; ratio constant 3.142: a missing factor 3.142"),
    (lambda t: -1j * t, "a factor i is missing"),
    (lambda t: t * np.exp(-0.5j), "a phase of 28.648 degrees"),
    (lambda t: t.conj(), "conjugated"),
    (lambda t: -t.conj(), "conjugated; the sign is wrong"),
    (lambda t: t.imag + 1j * t.real, "fieldlike and dampinglike (real and imaginary part) swapped"),
    (
        lambda t: np.where(IMAGINARY, 0, t),
        "wrong only where k_z is imaginary: a term is missing: the formula is zero there",
    ),
    (lambda t: np.where(IMAGINARY, -t, t), "wrong only where k_z is imaginary: the sign is wrong"),
    (
        lambda t: np.where(X > 1.0, 3 * t, t),
        "wrong only where k_z^+ is imaginary: wrong by a term, no simple relation (ratio from 0.333 to 1)",
    ),
    (
        lambda t: np.where(IMAGINARY, t, t.conj()),
        "wrong only where it is not true that k_z is imaginary: conjugated",
    ),
    (
        lambda t: t.real + 0.5j * t.imag,
        "only the dampinglike (imaginary) component is wrong: ratio constant 2.000: a missing factor 2.000",
    ),
    (lambda t: -t.real + 1j * t.imag, "conjugated; the sign is wrong"),
    (lambda t: t - (0.25 - 1j), "wrong by a constant term, 0.25-1i is missing"),
    (
        lambda t: t / (1 + X**2),
        "wrong by a term, no simple relation (ratio from 1.01 to 5)",
    ),
]


@pytest.mark.parametrize(("fault", "words"), FAULTS)
def test_faults_are_told(fault: Callable[[Complex], Complex], words: str) -> None:
    assert diagnose(fault(RIGHT), RIGHT, where=WHERE) == words


def test_too_much() -> None:
    """A formula that should be zero in one regime."""
    exact = np.where(IMAGINARY, 0, RIGHT)
    assert (
        diagnose(RIGHT, exact, where=WHERE)
        == "wrong only where k_z is imaginary: a term too much: it should be zero there"
    )


def test_several_columns() -> None:
    """Masks by k_⊥ hold for all further axes."""
    exact = np.stack([RIGHT, 2j * RIGHT], axis=-1)
    wrong = np.where(IMAGINARY[:, None], -exact, exact)
    assert diagnose(wrong, exact, where=WHERE) == "wrong only where k_z is imaginary: the sign is wrong"


def test_small_numbers_do_not_matter() -> None:
    """Whatever the unit, and with noise far below the largest number."""
    noise = 1e-9 * np.cos(40 * X)
    for unit in (1e-12, 1.0, 1e9):
        assert diagnose(unit * 2 * RIGHT, unit * (RIGHT + noise), where={}).startswith("ratio constant 0.500")


def test_real_numbers_have_no_phase() -> None:
    assert diagnose(-X, X, where={}) == "the sign is wrong"
    assert diagnose(np.zeros(3), np.ones(3), where={}) == "a term is missing: the formula is zero there"


def test_where_one_is_large_the_other_is_small() -> None:
    assert "where one is large the other is small" in diagnose(
        np.array([1.0, 0.0, 0.0]), np.array([0.0, 1.0, 0.3]), where={}
    )
