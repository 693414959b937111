"""The diagnosis of a wrong formula: each kind of fault is told from the numbers."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from sotcheck.numerics.arrays import Complex
from sotcheck.trial.judge import diagnose

X = np.linspace(0.1, 2.0, 24)
RIGHT: Complex = (1 + 0.3j * X) * np.exp(1j * X**2)
IMAGINARY = X > 1.3
COLUMNS = np.stack([RIGHT, 2j * RIGHT])
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
    (lambda t: t / (1 + X**2), "wrong by a term, no simple relation (ratio from 1.01 to 5)"),
]


@pytest.mark.parametrize(("fault", "words"), FAULTS)
def test_faults_are_told(fault: Callable[[Complex], Complex], words: str) -> None:
    assert diagnose(fault(RIGHT), RIGHT, where=WHERE) == words


@pytest.mark.parametrize(
    ("found", "exact", "words"),
    [
        (
            RIGHT,
            np.where(IMAGINARY, 0, RIGHT),
            "wrong only where k_z is imaginary: a term too much: it should be",
        ),
        # Masks by k_⊥ hold for all further axes.
        (
            np.where(IMAGINARY, -COLUMNS, COLUMNS).T,
            COLUMNS.T,
            "wrong only where k_z is imaginary: the sign is wrong",
        ),
        # Real numbers have no phase.
        (-X, X, "the sign is wrong"),
        (0 * X, 0 * X + 1, "a term is missing: the formula is zero there"),
        (1.0 * (X < 0.2), 1.0 * (X > 0.2), "where one is large the other is small"),
        # Whatever the unit, and with noise far below the largest number.
        *[
            (u * 2 * RIGHT, u * (RIGHT + 1e-9 * np.cos(40 * X)), "ratio constant 0.500")
            for u in (1e-12, 1, 1e9)
        ],
    ],
)
def test_other_shapes_and_sizes(found: Complex, exact: Complex, words: str) -> None:
    assert words in diagnose(found, exact, where=WHERE)
