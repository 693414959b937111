"""Do proved intervals hold the engines' torques? A line of JSON for each system and order, resumable.

`PYTHONPATH=tests uv run python benchmarks/certified.py proofs.jsonl --shard 3/16` adds what the file lacks of
that share of 500 bare interfaces, 50 stacks without an opaque layer and 50 with one spin-orbit term, exact
and to first order, then says of all files named how many are proved, how narrowly, how fast, and whether
every engine's torque, give or take its budget, lies within. `--summary` only reads.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from layer_cases import random_stack
from referee_cases import clear_stacks, decay, random_tables
from test_one_site import one_site

import sotcheck as sc
from sotcheck.errors import SotcheckError
from sotcheck.referee.certificate import prove
from sotcheck.system.files import from_document, to_document

Line = dict[str, Any]
#: Engines that are held against what is proved, by order.
ENGINES = {"exact": ("continuum", "kwant"), "first-order": ("first-order",)}
#: Kinds of random stacks with one spin-orbit term, in turn.
ONE_SITE = ("any", "deep", "collinear", "z")
#: Random systems by kind.
DOCUMENTS: dict[str, Callable[[int], dict[str, Any]]] = {
    "bare": random_tables,
    "stack": lambda seed: to_document(random_stack(seed)),
    "one-site": lambda seed: to_document(one_site(seed, ONE_SITE[seed % 4])),
}


def tried(kind: str, seed: int, order: str, seconds: float) -> Line:
    """Prove the torques of one system, and hold engines against them."""
    document = DOCUMENTS[kind](seed)
    line: Line = {"kind": kind, "seed": seed, "order": order}
    start = time.process_time()
    try:
        proved = prove(document, first_order=order == "first-order", seconds=seconds)
    except SotcheckError as error:
        return line | {"cpu_s": time.process_time() - start, "not_certified": str(error)}
    line["cpu_s"] = time.process_time() - start
    middles = {source: [float(one.mid()) for one in found.vector] for source, found in proved.items()}
    line["largest"] = max(abs(x) for middle in middles.values() for x in middle)
    line["radius"] = max(found.radius for found in proved.values())
    line["engines"] = {}
    for engine in ENGINES[order]:
        try:
            table = sc.torque(from_document(document, "x"), engine)
        except SotcheckError as error:
            line["engines"][engine] = {"failed": str(error)}
            continue
        rows = [row for row in table if row.source in proved]
        # The nearest double to a middle is off by that much.
        rounding = float(np.finfo(float).eps) * line["largest"]
        off = [float(np.abs(row.vector - middles[row.source]).max()) for row in rows]
        allowed = [row.t.total + proved[row.source].radius + rounding for row in rows]
        line["engines"][engine] = {
            "off": max(off),
            "budget": max(row.t.total for row in rows),
            "held": all(one <= most for one, most in zip(off, allowed, strict=True)),
        }
    return line


def summary(lines: list[Line]) -> None:
    """Print the table of containments."""
    for kind in DOCUMENTS:
        for order in ENGINES:
            some = [one for one in lines if (one["kind"], one["order"]) == (kind, order)]
            if not some:
                continue
            done = [one for one in some if "radius" in one]
            times = np.array([one["cpu_s"] for one in some])
            radii = np.array([one["radius"] / (one["largest"] or 1.0) for one in done] or [np.nan])
            print(
                f"{kind}, {order}: {len(done)} of {len(some)} proved; CPU s: median {np.median(times):.2g}, "
                f"90 % {np.quantile(times, 0.9):.3g}, all {times.sum():.4g}; radius over the largest "
                f"component: median {np.median(radii):.1e}, worst {radii.max():.1e}"
            )
            for engine in ENGINES[order]:
                held = [one["engines"][engine] for one in done]
                well = sum(one.get("held", False) for one in held)
                failed = sum("failed" in one for one in held)
                print(f"  {engine}: {well} of {len(held)} within, {failed} failed")
            for one in some:
                why = one.get("not_certified") or ", ".join(
                    f"{name}: {found}" for name, found in one["engines"].items() if not found.get("held")
                )
                if why:
                    print(f"  seed {one['seed']}: {why}")


def main() -> None:
    """Prove what is asked for and is not there; print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("stores", type=Path, nargs="+", help="the first is added to")
    parser.add_argument("--shard", default="0/1", help="which share, of how many")
    parser.add_argument("--bare", type=int, default=500)
    parser.add_argument("--stacks", type=int, default=50)
    parser.add_argument("--seconds", type=float, default=120.0, help="for each proof")
    parser.add_argument("--summary", action="store_true", help="prove nothing")
    options = parser.parse_args()
    options.stores[0].touch()
    lines = [json.loads(text) for store in options.stores for text in store.read_text().splitlines()]
    there = {(one["kind"], one["seed"], one["order"]) for one in lines}
    # Stacks first, which take longest; those without an opaque layer first.
    clear = sorted(range(options.stacks), key=lambda seed: decay(one_site(seed, ONE_SITE[seed % 4])))
    wanted = [("one-site", seed, order) for order in ENGINES for seed in clear]
    wanted += [("stack", seed, order) for order in ENGINES for seed in clear_stacks(options.stacks)]
    wanted += [("bare", seed, order) for order in ENGINES for seed in range(options.bare)]
    share, shares = map(int, options.shard.split("/"))
    for key in [] if options.summary else wanted[share::shares]:
        if key not in there:
            line = tried(*key, options.seconds)
            lines.append(line)
            with options.stores[0].open("a") as file:
                file.write(json.dumps(line) + "\n")
    summary(lines)


if __name__ == "__main__":
    main()
