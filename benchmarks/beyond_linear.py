"""How long a bound-state map and a sweep over h_R take: `uv run python benchmarks/beyond_linear.py`."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import numpy as np

from sotcheck.beyond.limits import torque_curve
from sotcheck.bound.portrait import bound_state_map
from sotcheck.system.files import builtin_systems, load_bare

#: 50 values, as in the reports.
H_R = np.concatenate([np.geomspace(0.01, 0.1, 10)[:-1], np.linspace(0.1, 2.0, 41)])


def seconds(work: Callable[..., Any], *args: Any, **options: Any) -> float:
    """Return how long a function takes."""
    start = time.perf_counter()
    work(*args, **options)
    return time.perf_counter() - start


if __name__ == "__main__":
    for name in builtin_systems("bare"):
        system = load_bare(name)
        print(
            f"{name:24s}",
            f"100 x 100 map {seconds(bound_state_map, system, n=100, checks=0):5.2f} s,",
            f"{len(H_R)} h_R up to 1 {seconds(torque_curve, system, H_R / 2):5.2f} s,",
            f"up to 2 {seconds(torque_curve, system, H_R):5.2f} s",
        )
