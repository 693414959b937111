"""Do error budgets of bare interfaces hold, and how much too large are they? Resumable, against proofs.

`uv run python benchmarks/budgets.py budgets.jsonl --seeds 0 500` adds what the file lacks: random interfaces,
resonant ones and those beyond the expansion's radius among them, at every tolerance, held against what the
referee proves in ball arithmetic; one line of JSON each. Files of several processes, one for each range of
seeds, go together: `budgets.py a.jsonl b.jsonl --summary benchmarks/budgets.json`. From that summary alone
`budgets.py --page reports/budgets` draws the page.
"""

from __future__ import annotations

import argparse
import json
import math
import random
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
from flint import arb

import sotcheck as sc
from sotcheck.pages.budgets import write_budgets
from sotcheck.referee.certificate import prove
from sotcheck.referee.quadrature import UnprovedError
from sotcheck.referee.sums import Enclosure
from sotcheck.run.tables import tabled
from sotcheck.system.files import from_document
from sotcheck.system.interface import BOUND
from sotcheck.trial.torque_table import TorqueRow

Line = dict[str, Any]

TOLERANCES = (1e-4, 1e-6, 1e-9)
ENGINES = ("continuum", "first-order")
KINDS = ("any", "strong", "resonant", "binding")
#: Ratios of budget and error are counted in bins of these decades; what is beyond in the last ones.
BINS = np.arange(-1.0, 12.5, 0.5)
#: No double is closer to a number than this part of it.
HALF = 2.0**-53
SUMMARY = Path(__file__).with_suffix(".json")


def tables(seed: int) -> Line:
    """Return the tables of a random bare interface of the kind that is the seed's turn."""
    some, kind = random.Random(seed), KINDS[seed % len(KINDS)]
    J, U_F, U_N = (some.choice((0.0, some.uniform(*ends))) for ends in ((0, 2), (-1, 3), (-0.5, 1)))
    h_R, u_0, u_m = some.uniform(0, 1), some.uniform(-1, 1.5), some.choice((0.0, some.uniform(-1, 1)))
    if kind == "strong":
        h_R = some.uniform(0.5, 2)
    if kind == "resonant":
        # Electrons of one spin are bound where those of the other propagate, and let go by a weak term.
        J, h_R = some.uniform(0.5, 2), 10 ** some.uniform(-3, -0.5)
        u_0, u_m = some.uniform(-1, 0.5), some.choice((-1, 1)) * some.uniform(0.3, 1.5)
    if kind == "binding":
        # A level leaves the last band near E_F for some h_R next to this one.
        J, u_0, u_m, h_R = some.choice((0.0, J / 4)), some.uniform(-0.6, 0.1), 0.0, some.uniform(0, 0.6)
    return {
        "name": f"{kind}-{seed}",
        "fermi_energy": min(U_N, U_F - J) + some.uniform(0.3, 3),
        "normal": {"potential": U_N},
        "ferromagnet": {"potential": U_F, "exchange": J},
        "interface": {
            "barrier": u_0, "exchange": u_m, "rashba": h_R,
            "magnetization": [some.gauss(0, 1) for _ in range(3)],
        },
    }  # fmt: skip


def against(row: TorqueRow, proved: Enclosure) -> Line:
    """Return how far a torque is from what is proved, its budget and the budget's terms."""
    off = [abs(arb(x) - ball) for x, ball in zip(row.vector.tolist(), proved.vector, strict=True)]
    return {
        "engine": row.engine,
        "source": row.source,
        "size": float(np.linalg.norm(row.vector)),
        "error": math.hypot(*(float(one.mid()) for one in off)),
        "radius": math.hypot(*(float(one.rad()) for one in off)),
        "budget": row.t.total,
        "terms": {name: float(np.max(size)) for name, (size, _) in row.t.terms.items()},
    }


def tried(seed: int) -> list[Line]:
    """Return lines of a random interface, one for each tolerance."""
    document, lines, proofs = tables(seed), list[Line](), dict[str, Any]()
    system = from_document(document, document["name"])
    for engine in ENGINES:
        try:
            proofs[engine] = prove(document, first_order=engine == "first-order")
        except UnprovedError as why:
            proofs[engine] = str(why)
    for tolerance in TOLERANCES:
        line: Line = {"seed": seed, "name": system.name, "tolerance": tolerance}
        began = time.process_time()
        rows = sc.torque(system, list(ENGINES), tolerance=tolerance)
        line["cpu_s"] = time.process_time() - began
        line["unproved"] = {engine: why for engine, why in proofs.items() if isinstance(why, str)}
        line["torques"] = [
            against(row, proofs[row.engine][row.source])
            for row in rows
            if row.source != BOUND and row.engine not in line["unproved"]
        ]
        lines.append(line)
    return lines


def decades(torque: Line) -> float:
    """Return log10 of budget over error; an error below the proof's radius, or a digit, counts as that."""
    error = max(torque["error"], torque["radius"], HALF * torque["size"])
    return math.log10(torque["budget"] / error)


def summary(lines: list[Line]) -> Line:
    """Return what the page needs: coverage and ratios by engine and tolerance, and what is in the way."""
    names = {line["name"] for line in lines}
    found = [_summed(lines, engine, tolerance) for engine in ENGINES for tolerance in TOLERANCES]
    return {
        "sotcheck": sc.__version__,
        "interfaces": {kind: sum(name.startswith(kind) for name in names) for kind in KINDS},
        "unproved": sorted({line["name"] for line in lines if line["unproved"]}),
        "bins": BINS.tolist(),
        "results": found,
    }


def _summed(lines: list[Line], engine: str, tolerance: float) -> Line:
    every = [
        (line["name"], one)
        for line in lines
        if line["tolerance"] == tolerance
        for one in line["torques"]
        if one["engine"] == engine
    ]
    beyond = sorted({name for name, one in every if one["error"] > one["budget"] + one["radius"]})
    # There is no ratio where both are zero, or what is proved is, of which a last digit may be left.
    some = [
        (name.split("-")[0], one)
        for name, one in every
        if one["error"] and (one["radius"] or one["error"] != one["size"])
    ]
    ratios = np.array([decades(one) for _, one in some])
    terms = [max(one["terms"], key=one["terms"].__getitem__) for _, one in some]
    counts = np.histogram(np.clip(ratios, BINS[0], BINS[-1]), BINS)[0]
    return {
        "engine": engine,
        "tolerance": tolerance,
        "interfaces": len({name for name, _ in every}),
        "torques": len(every),
        "zeros": len(every) - len(some),
        "beyond": beyond,
        "median": float(np.median(ratios)),
        "most": float(np.quantile(ratios, 0.9)),
        "counts": counts.tolist(),
        "by_term": _medians(terms, ratios),
        "by_kind": _medians([kind for kind, _ in some], ratios),
    }


def _medians(labels: Iterable[str], ratios: np.ndarray) -> Line:
    given = np.array(list(labels))
    return {
        str(label): {
            "torques": int((given == label).sum()),
            "median": float(np.median(ratios[given == label])),
        }
        for label in dict.fromkeys(given.tolist())
    }


def as_text(data: Line) -> str:
    """Return the summary as a table."""
    rows = [
        [one["engine"], f"{one['tolerance']:g}", f"{one['interfaces']}", f"{len(one['beyond'])}",
         f"{one['median']:.2f}", f"{one['most']:.2f}",
         *("; ".join(f"{name} {each['median']:.1f} ({each['torques']})" for name, each in one[by].items())
           for by in ("by_term", "by_kind"))]
        for one in data["results"]
    ]  # fmt: skip
    head = ["engine", "tolerance", "interfaces", "beyond", "median", "90 %", "by largest term", "by kind"]
    said = [f"{one['engine']}, {one['tolerance']:g}, beyond: {', '.join(one['beyond'])}"
            for one in data["results"] if one["beyond"]]  # fmt: skip
    return "\n".join([tabled(rows, head), *said, f"unproved: {', '.join(data['unproved']) or 'none'}"])


def main() -> None:
    """Try what is asked for and is not there; print the table; write summary and page."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "store", type=Path, nargs="*", help="lines of JSON; the first one gets what they lack"
    )
    parser.add_argument("--seeds", type=int, nargs=2, default=[0, 0], help="first and last but one")
    parser.add_argument("--summary", type=Path, help="write the summary there, as JSON")
    parser.add_argument("--page", type=Path, help="write the page of the summary into that folder")
    options = parser.parse_args()
    if options.store:
        options.store[0].touch()
        lines = [json.loads(text) for one in options.store for text in one.read_text().splitlines()]
        # Files may overlap.
        lines = list({(one["seed"], one["tolerance"]): one for one in lines}.values())
        there = {one["seed"] for one in lines}
        for seed in sorted({*range(*options.seeds)} - there):
            found = tried(seed)
            lines += found
            with options.store[0].open("a") as file:
                file.write("".join(json.dumps(line) + "\n" for line in found))
        data = summary(lines)
    else:
        data = json.loads(SUMMARY.read_text())
    print(as_text(data))
    if options.summary:
        options.summary.write_text(json.dumps(data, indent=1) + "\n")
    if options.page:
        print(f"page written: open {write_budgets(data, options.page)}")


if __name__ == "__main__":
    main()
