"""Do error budgets of random stacks hold? A line of JSON for each torque summed, resumable.

`PYTHONPATH=tests uv run python benchmarks/stack_budgets.py sums.jsonl --tolerance 1e-4 1e-8` adds what the
file lacks of 200 seeds, then says of every tolerance in it how far its sums are from those of the finest one.
"""

from __future__ import annotations

import argparse
import json
import signal
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
from layer_cases import random_stack

import sotcheck as sc

Line = dict[str, Any]


def summed(seed: int, tolerance: float, limit: int) -> Line:
    """Return the torque of a random stack with its errors, and its time, at most `limit` s of a CPU."""

    def late(*_: object) -> None:
        raise TimeoutError(f"stopped after {limit} s")

    signal.signal(signal.SIGPROF, late)
    signal.setitimer(signal.ITIMER_PROF, limit)
    wall, cpu = time.perf_counter(), time.process_time()
    found: Line = {"seed": seed, "tolerance": tolerance}
    try:
        rows = sc.torque(random_stack(seed), engine="continuum", tolerance=tolerance)
        found["vector"] = [row.vector.tolist() for row in rows]
        found["error"] = [row.t.total for row in rows]
        found["parts"] = [row.parts.value.tolist() for row in rows if row.parts is not None]
        found["parts_error"] = [row.parts.error.tolist() for row in rows if row.parts is not None]
    except Exception as reason:  # the next one may be well
        found["failed"] = f"{type(reason).__name__}: {reason}"
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
    return {**found, "wall_s": time.perf_counter() - wall, "cpu_s": time.process_time() - cpu}


def apart(line: Line, reference: Line) -> Line:
    """Return how far a sum is from a finer one, over its budget: all of it, and beyond the finer one's."""
    size = np.abs(np.array(line["vector"])).max()
    both = [("vector", "error"), ("parts", "parts_error")]
    off = [np.abs(np.array(line[value]) - reference[value]) for value, _ in both]
    budgets, others = ([np.array(one[error]) for _, error in both] for one in (line, reference))
    off[0] = off[0].max(axis=-1)
    smallest = np.finfo(float).tiny

    def worst(parts: Iterable[Any]) -> float:
        return max(float(np.max(one)) for one in parts)

    return {
        "seed": line["seed"],
        "used": worst(o / np.maximum(b, smallest) for o, b in zip(off, budgets, strict=True)),
        "surely": worst(
            (o - c) / np.maximum(b, smallest) for o, b, c in zip(off, budgets, others, strict=True)
        ),
        "budget": float(max(line["error"]) / size),
        "off": float(off[0].max() / size),
    }


def main() -> None:
    """Sum what is asked for and is not there; print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("store", type=Path)
    parser.add_argument("--tolerance", type=float, nargs="*", default=[])
    parser.add_argument("--seeds", type=int, nargs="*", default=[0, 200], help="first and last but one")
    parser.add_argument("--limit", type=int, default=300, help="CPU seconds for each")
    options = parser.parse_args()
    options.store.touch()
    lines = [json.loads(text) for text in options.store.read_text().splitlines()]
    there = {(one["seed"], one["tolerance"]): one for one in lines}
    for tolerance in options.tolerance:
        for seed in range(*options.seeds):
            if (seed, tolerance) not in there:
                there[seed, tolerance] = found = summed(seed, tolerance, options.limit)
                with options.store.open("a") as file:
                    file.write(json.dumps(found) + "\n")
    table(there)


def table(there: dict[tuple[int, float], Line]) -> None:
    """Print, by tolerance, how many hold, the worst, and the times; and each that is broken or coarse."""
    for tolerance in sorted({tolerance for _, tolerance in there}, reverse=True):
        every = [one for (_, t), one in there.items() if t == tolerance]
        done, failed = ([one for one in every if ("failed" in one) == bad] for bad in (False, True))
        times = [one["cpu_s"] for one in every]
        print(
            f"{tolerance:g}: {len(every)} summed, {len(failed)} not; CPU seconds: median "
            f"{np.median(times):.2g}, 90 % {np.quantile(times, 0.9):.2g}, worst {max(times):.3g}, "
            f"all {sum(times):.4g}"
        )
        for one in failed:
            print(f"  seed {one['seed']}: {one['failed']}")
        finest = {
            seed: min(t for s, t in there if s == seed and "failed" not in there[s, t])
            for seed in [one["seed"] for one in done]
        }
        tried = [
            apart(one, there[one["seed"], finest[one["seed"]]])
            for one in done
            if finest[one["seed"]] < tolerance
        ]
        if tried:
            worst = max(tried, key=lambda one: one["used"])
            print(
                f"  against a finer one: {len(tried)}; beyond the budget "
                f"{sum(one['used'] > 1 for one in tried)}, surely {sum(one['surely'] > 1 for one in tried)}; "
                f"worst {worst['used']:.3g} (seed {worst['seed']})"
            )
        for one in tried:
            if one["used"] > 1:
                print("  beyond:", json.dumps(one))
        coarse = [
            f"{one['seed']}: {max(one['error']) / np.abs(np.array(one['vector'])).max():.1e}"
            for one in done
            if max(one["error"]) > 30 * tolerance * np.abs(np.array(one["vector"])).max()
        ]
        print(f"  errors beyond 30 x tolerance: {', '.join(coarse) or 'none'}")


if __name__ == "__main__":
    main()
