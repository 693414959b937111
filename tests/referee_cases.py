"""Systems that the referee is tried on: bare interfaces of every kind, stacks without an opaque layer."""

from __future__ import annotations

import random
from itertools import count, islice
from typing import Any

import numpy as np
from layer_cases import random_stack

from sotcheck.system.stack import Stack

#: Waves that decay in a layer do so by less than exp of this, at every k_⊥ that is summed over.
CLEAR = 8.0


def tables(E_F: float = 1.5, J: float = 1.0, **interface: Any) -> dict[str, Any]:
    return {"name": "x", "fermi_energy": E_F, "ferromagnet": {"exchange": J}, "interface": interface}


def random_tables(seed: int) -> dict[str, Any]:
    """Return any bare interface: both half-spaces open or closed, resonant or not."""
    some = random.Random(seed)
    J, U_F, U_N = (some.choice((0.0, some.uniform(*ends))) for ends in ((0, 2), (-1, 3), (-0.5, 1)))
    m = [some.gauss(0, 1) for _ in range(3)]
    found = tables(min(U_N, U_F - J) + some.uniform(0.3, 3), J, magnetization=m, rashba=some.uniform(0, 1))
    found["interface"] |= {
        "barrier": some.uniform(-1, 1.5),
        "exchange": some.choice((0.0, some.uniform(-1, 1))),
    }
    found["normal"], found["ferromagnet"]["potential"] = {"potential": U_N}, U_F
    return found


def decay(stack: Stack) -> float:
    """Return the largest κd of any layer where the last channel closes."""
    edge = max(stack.mass_N * stack.E_F, stack.mass_F * (stack.E_F - stack.U_F + stack.J))
    squares = [edge + one.mass * (one.potential + one.exchange - stack.E_F) for one in stack.layers]
    return max(
        one.thickness * float(np.sqrt(max(0.0, s))) for one, s in zip(stack.layers, squares, strict=True)
    )


def clear_stacks(number: int) -> list[int]:
    """Return the seeds of the first random stacks without an opaque layer."""
    return list(islice((seed for seed in count() if decay(random_stack(seed)) < CLEAR), number))
