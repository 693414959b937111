"""Trials of what is said in words: what is wrong disagrees, what cannot be told is inconclusive."""

from __future__ import annotations

import numpy as np
import pytest

from sotcheck.numerics.estimate import Estimate
from sotcheck.trial.verdict import Trial
from sotcheck.trial.words import equal, positive, vanishes, whether, within


def about(value: object, error: float = 1e-9) -> Estimate:
    return Estimate(np.asarray(value, dtype=float), {"some": (error, "")})


@pytest.mark.parametrize(
    ("trial", "verdict"),
    [
        (whether("q", np.bool_(True), ""), "agrees"),
        (whether("q", False, ""), "disagrees"),
        (vanishes("q", about([1e-10, -1e-10]), "", scale=1.0), "agrees"),
        (vanishes("q", about([1e-10, 1e-3]), "", scale=1.0), "disagrees"),
        (vanishes("q", about([1e-10, 1e-3], 1e-2), "", scale=1.0), "inconclusive"),
        (equal("q", about([1.0, 2.0]), about([1.0, 2.0 + 1.5e-9]), ""), "agrees"),
        (equal("q", about([1.0, 2.0]), about([1.0, 2.0 + 2.5e-9]), ""), "disagrees"),
        (within("q", about(4.5), 4.0, 6.0, ""), "agrees"),
        (within("q", about(6.5), 4.0, 6.0, ""), "disagrees"),
        (positive("q", about(0.3, 0.2), ""), "agrees"),
        (positive("q", about(0.3, 0.4), ""), "inconclusive"),
        (positive("q", about(-0.3, 0.2), ""), "disagrees"),
        (positive("q", about(0.0), "", scale=1.0), "agrees"),
    ],
)
def test_verdicts(trial: Trial, verdict: str) -> None:
    assert trial.comparison.verdict == verdict
