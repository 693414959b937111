"""The closed form by NumPy, by numba and in C, one grid and one run for all."""

from __future__ import annotations

import ctypes
import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

from sotcheck.engines import Matching, blocks
from sotcheck.engines.matching import frame_of
from sotcheck.numerics.arrays import Array
from sotcheck.system.interface import Interface
from sotcheck_bench.timing import best_of

SOURCE = Path(__file__).with_name("closed_form.c")
#: Complex numbers multiply as on paper, without a case for infinities: NumPy's and numba's do so as well.
FLAGS = ("-O3", "-march=native", "-fcx-limited-range", "-shared", "-fPIC")


@contextmanager
def kernels(compiled: bool, threads: int = 1) -> Iterator[None]:
    """Let all requests take compiled kernels, or none, with so many threads."""
    before, many = os.environ.get("NUMBA_NUM_THREADS"), blocks.MANY_FOR_NUMBA
    os.environ["NUMBA_NUM_THREADS"], blocks.MANY_FOR_NUMBA = str(threads), 0 if compiled else 10**12
    try:
        yield
    finally:
        blocks.MANY_FOR_NUMBA = many
        os.environ.pop("NUMBA_NUM_THREADS")
        if before is not None:
            os.environ["NUMBA_NUM_THREADS"] = before


def has_numba() -> bool:
    """Whether there are compiled kernels."""
    with kernels(compiled=True):
        return blocks.compiled(np.zeros(1)) is not None


def in_c(iface: Interface, k_perp: Array, angle: Array, folder: str) -> Callable[[], Array] | None:
    """Return the same in C, (k_⊥, angle, source, flow, spin), for masses of one; None without a compiler."""
    compiler = shutil.which(os.environ.get("CC", "cc"))
    if compiler is None:
        return None
    library = Path(folder) / "closed_form.so"
    subprocess.run([compiler, *FLAGS, "-o", library, SOURCE, "-lm"], check=True)
    grid, real = ctypes.CDLL(str(library)).grid, ctypes.POINTER(ctypes.c_double)
    structure, (delta,) = iface.structure, iface.structure.interfaces
    left, right = structure.left, structure.right
    axes = frame_of(right.direction)
    kinetic = structure.energy - left.potential, structure.energy - right.potential
    numbers = np.array([*kinetic, right.exchange, delta.barrier, delta.exchange, iface.h_R])
    given = [
        np.ascontiguousarray(one)
        for one in (k_perp, angle, numbers, axes.T @ np.array(delta.spin_orbit), axes)
    ]

    def work() -> Array:
        out = np.empty((k_perp.size, angle.size, 3, 4, 3))
        sizes = (ctypes.c_long(one.size) for one in (k_perp, angle))
        grid(*sizes, *(one.ctypes.data_as(real) for one in (*given, out)))
        return out

    return work


def native_times(iface: Interface, *, side: int, rounds: int) -> dict[str, float]:
    """Return seconds a problem on a grid of side², and how far results are apart.

    Returns
    -------
    dict
        "numpy"; "fill" (the numbers written, nothing computed); "c" and "numba" where there are any, with
        "c apart" and "numba apart", the largest differences from NumPy's; "threads": numba with two.
    """
    engine, structure = Matching(), iface.structure
    k_perp = (np.arange(side) + 0.5) * float(np.sqrt(iface.thresholds()[-1])) / side
    angle = (np.arange(side) + 0.5) * 2 * np.pi / side

    def by(compiled: bool, threads: int = 1) -> Callable[[], Any]:
        def work() -> Array:
            with kernels(compiled, threads):
                return engine.flows(structure, k_perp[:, None], angle, np.array(iface.h_R))[..., 0, :, :, :]

        return work

    with TemporaryDirectory() as folder:
        contestants: dict[str, Callable[[], Array]] = {
            "numpy": by(False),
            "fill": lambda: np.full((side, side, 36), 1.0),
        }
        if (c := in_c(iface, k_perp, angle, folder)) is not None:
            contestants["c"] = c
        if has_numba():
            contestants |= {"numba": by(True), "threads": by(True, 2)}
        expected = contestants["numpy"]()
        apart = {
            f"{name} apart": float(np.abs(contestants[name]() - expected).max())
            for name in ("c", "numba")
            if name in contestants
        }
        found = best_of(contestants, rounds)
    return {name: one / side**2 for name, one in found.items()} | apart
