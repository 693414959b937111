"""Digits of numbers that are kept for pictures."""

from __future__ import annotations

from typing import Any

import numpy as np

#: Digits after the first of the largest number.
DECIMALS = 4


def rounded(values: Any, decimals: int = DECIMALS) -> Any:
    """Return numbers with so many digits after the first of the largest."""
    largest = float(np.abs(values).max())
    places = decimals - int(np.floor(np.log10(largest))) if largest else 0
    return (np.round(values, places) + 0.0).tolist()
