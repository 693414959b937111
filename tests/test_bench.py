"""What `sotcheck bench` counts and compares is right; how long anything takes is no test's business."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import pytest
from conftest import GENERIC, Command, relative
from jsonschema import Draft202012Validator
from sotcheck_bench import many, naive_kwant, problems, processes, run, sweeps, torques
from sotcheck_bench.machine import machine
from sotcheck_bench.native import has_numba, in_c
from sotcheck_bench.result import HOW, BenchResult, Row
from sotcheck_bench.timing import Recorded, best_of, every

from sotcheck.command.main import cli
from sotcheck.command.schemas import schemas
from sotcheck.engines import KwantChain, Matching
from sotcheck.errors import EngineError
from sotcheck.exact.observables import exact_flows
from sotcheck.system.files import builtin_systems, load_bare
from sotcheck.system.interface import Interface

BULK = load_bare("bulk-magnetism")


def test_problems_are_counted() -> None:
    """Broadcast, not summed: 3 × 4 × 2 are 24 problems; an engine that is looked at gives the same torque."""
    recorded = Recorded(Matching())
    k_perp, angle, h_R = np.array([0.1, 0.2, 0.3])[:, None, None], np.arange(4.0)[:, None], [0.1, 0.2]
    recorded.flows(BULK.structure, k_perp, angle, np.array(h_R))
    recorded.flows(BULK.structure, np.array(0.5), np.array(0.1), np.array(0.3))
    flat = recorded.flattened()
    assert [recorded.problems, *map(len, flat)] == [25] * 4
    assert tuple(one[-1] for one in flat) == (0.5, 0.1, 0.3)
    assert list(every(flat, 2)) == [(0.1, 0.0, 0.1), (0.5, 0.1, 0.3)]
    recorded = Recorded(KwantChain())
    found, same = (exact_flows(one, BULK, np.array([0.1]), rtol=1e-4) for one in (recorded, KwantChain()))
    assert np.array_equal(found.total.value, same.total.value)
    # At least those of its final rule.
    assert recorded.problems >= found.nodes
    assert (recorded.name, recorded.scheme) == ("kwant", "exact-difference")


def test_contestants_take_turns() -> None:
    """Each once a round, in order; times are those of the shortest round."""
    calls: list[str] = []
    times = best_of({"a": lambda: calls.append("a"), "b": lambda: calls.append("b")}, 3)
    assert calls == ["a", "b"] * 3
    assert set(times) == {"a", "b"}
    assert min(times.values()) >= 0


@pytest.mark.parametrize("iface", [BULK, GENERIC["generic"]], ids=lambda i: i.name)
def test_naive_torque_is_ours_on_its_grid(iface: Interface) -> None:
    """Kwant from the tutorial, our Kwant path and boundary matching, summed over one grid: 1e-13."""
    spacing = KwantChain().spacing_for(iface.structure)
    tutorial: Any = naive_kwant  # untyped, as a tutorial's
    naive = tutorial.torque(iface, iface.h_R, spacing, problems.k_max(iface), 5, 4)
    assert np.abs(naive).max() > 1e-5
    for engine in (KwantChain(), Matching()):
        assert relative(torques.by_uniform_grid(iface, 5, 4, engine), naive) <= 1e-13
    # A torque without what u_m takes is another one, where there is u_m.
    assert (relative(torques.by_uniform_grid(iface.with_(u_m=0.0), 5, 4), naive) > 1e-3) == (iface.u_m != 0)


@pytest.mark.parametrize("iface", [BULK, GENERIC["generic"]], ids=lambda i: i.name)
def test_the_lean_script_has_every_flow(iface: Interface) -> None:
    """One wave function a problem: the same numbers as with Kwant's spinors, whichever channels are open."""
    script: Any = naive_kwant
    chain, bonds = script.make_chain()
    spacing = KwantChain().spacing_for(iface.structure)
    for k_perp in np.linspace(0.1, 0.99, 12) * problems.k_max(iface):
        at = chain, bonds, iface, *problems.in_plane(k_perp, 0.7), 0.2, spacing
        assert relative(script.lean_flows(*at), script.spin_flows(*at)[1]) <= 1e-12


def test_uniform_grid_converges_to_the_torque() -> None:
    """To first order and a half, as square roots at thresholds have it; a wrong weight would not."""
    errors = [torques.error_of(BULK, torques.by_uniform_grid(BULK, n, 8)) for n in (64, 1024, 16384)]
    assert errors[0] > 5 * errors[1] > 25 * errors[2]
    assert errors[2] < 1e-6
    counts = list(torques.refined(BULK, 1e-4, 8, 2**20))
    assert [one.problems for one in counts] == [512 * 2**i for i in range(len(counts))]
    assert counts[-1].error <= 1e-4 < counts[-2].error
    # A target out of reach is not reached silently: the count at the end has a larger error.
    *_, last = torques.refined(BULK, 1e-12, 8, 4096)
    assert last.problems == 4096
    assert last.error > 1e-12


def test_angles_needed_are_the_fewest() -> None:
    """With two fewer, the grid is off by more."""
    fine = torques.by_uniform_grid(BULK, 64, 128)
    n = torques.angles_needed(BULK, 1e-6)
    assert relative(torques.by_uniform_grid(BULK, 64, n), fine) <= 1e-6
    assert relative(torques.by_uniform_grid(BULK, 64, n - 2), fine) > 0.25e-6


@pytest.mark.parametrize("system", ["bulk-magnetism", "interface-magnetism", "topological-insulator"])
def test_reference_is_the_torque(system: str) -> None:
    """Fixed Gauss–Legendre rules and our own adaptive ones share no node, and agree.

    At a narrow resonance two fixed rules differ, and it says so.
    """
    iface = load_bare(system)
    assert torques.error_of(iface, torques.torque_at(Matching(), iface, 1e-12)) <= 1e-12
    assert torques.error_of(iface, 1.01 * torques.reference(iface)) > 1e-3
    narrow = BULK.with_(u_0=-0.6, u_m=0.4, h_R=0.02)
    with pytest.raises(EngineError, match="two reference rules differ by"):
        torques.reference(narrow)


def test_ours_and_scipys_agree() -> None:
    """quad_vec and dblquad integrate the raw integrand to the same torque, with more problems."""
    ours = torques.ours(BULK, 0.02)
    for count in (torques.by_quad_vec(BULK, 0.02, first=0.1), torques.by_dblquad(BULK, 0.02, first=0.1)):
        assert count.error <= 0.02
        assert count.problems > ours.problems
        assert count.asked == 0.1
    assert torques.asked_for(BULK, 1e-8).problems >= ours.problems


def test_loosest_tolerance_is_truly_enough() -> None:
    """It goes on until the truth is good enough, and gives up with words."""
    scale = np.abs(torques.reference(BULK)).max()
    tried: list[float] = []

    def rule(rtol: float) -> tuple[np.ndarray, int]:
        tried.append(rtol)
        # Ten times worse than it was asked for.
        return torques.reference(BULK) + 10 * rtol * scale, 7

    found = torques.loosest(BULK, rule, 1.5e-3)
    assert tried == [0.1, 0.01, 0.001, 0.0001]
    assert (found.problems, found.asked) == (7, 0.0001)
    with pytest.raises(EngineError, match=r"no tolerance from 0\.01 to 1e-12"):
        torques.loosest(BULK, lambda rtol: (2 * torques.reference(BULK), 1), 1e-3, first=0.01)


def test_comparisons() -> None:
    """At equal accuracy ours is no worse; both Kwant paths solve the same problems, all of them.

    They are equal to 1e-13 off the band edges.
    """
    found = torques.equal_accuracy(BULK, n_k=6, n_angle=4)
    assert found["naive problems"] == 24
    assert 0 < found["our error"] <= found["naive error"]
    assert found["naive"] > 0 < found["ours"]
    found = problems.kwant_times(BULK, naive=7, rounds=1)
    assert 0 < found["difference"] <= 1e-13
    assert found["difference"] <= found["difference at edges"] < 1e-11
    assert 0 < found["resolved"] <= found["compared"] == 7
    assert found["k_perp"] < found["problems"]


def test_whole_processes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Imports take tens of MB, 250,000 problems at least the 72 MB of their results on top.

    A sweep's wall time is longer than its engine's, and both are there.
    """
    imports, solved = processes.memory(500)
    assert 20 < imports < 300
    assert 72 * 0.9 < solved - imports < 300
    monkeypatch.setattr(processes, "MEMORY", "raise SystemExit('no memory')")
    with pytest.raises(EngineError, match="no memory"):
        processes.memory(2)
    wall, engine = processes.overhead(9)
    assert 0 < engine < wall


def test_a_sweep_without_its_engine(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its numbers are all in the file; and what a fresh process takes is told."""
    found = many.without_engine(900)
    # 89 numbers of eight bytes a point.
    assert found["file"] > 900 * 89 * 8e-6
    assert 60 < found["MB"] < 300
    assert 0 < found["seconds"] < 60
    monkeypatch.setattr(many, "__name__", "sotcheck_bench.nothing")
    with pytest.raises(EngineError, match=r"sotcheck_bench\.nothing"):
        many.without_engine(4)


@pytest.mark.slow
def test_a_cluster_on_this_machine() -> None:
    """Both clusters do the whole sweep, two workers in several tasks each."""
    found = many.loopback(100, 1)
    assert min(found["one"], found["two"]) > 0
    assert found["tasks"] >= 2


def test_processors_of_a_command() -> None:
    """What it uses itself, not what it waits for; a command that fails has no time."""
    # More than is asked for: two readings of a clock differ by a rounding, or by its tick.
    burn = "import time\nwhile time.process_time() < 0.22: pass\ntime.sleep(0.2)"
    used, wall = processes.processor_seconds(["-c", burn])
    assert 0.2 <= used < 0.35 <= wall
    with pytest.raises(EngineError, match="NoSystem"):
        processes.processor_seconds(["-m", "sotcheck", "torque", "NoSystem"])
    for command in run.COMMANDS:
        assert command.split()[0] in {"import", "--help", *cli.commands}


def test_the_table() -> None:
    """A bar that is not met is said so everywhere; Markdown has the parts there are, with explanations."""
    rows = (
        Row("a", "continuum", "a time", 0.2134, "µs", at_most=0.25),
        Row("b", "kwant", "a ratio", 24.9, "×", at_least=25, aim=80, note="why"),
        Row("c", "quadrature", "a count", 94059.0),
    )
    result = BenchResult(rows, machine(), quick=False)
    assert [row.met for row in rows] == [True, False, None]
    assert "1 of 2 bars are met; not met: a ratio: 24.9 ×, bar ≥ 25 ×, aim 80 ×" in str(result)
    assert re.search(r"a ratio +24\.9 × +≥ 25 ×, aim 80 × +NOT MET +why", str(result))
    assert [row["met"] for row in json.loads(result.to_json())["benchmarks"]] == [True, False, None]
    better = replace(result, rows=[rows[0], replace(rows[1], value=25.0)])
    assert better.summary == "2 of 2 bars are met."
    text = result.to_markdown()
    assert text.startswith("# Benchmarks\n\nMade by `sotcheck bench`")
    for section in ("continuum", "kwant", "quadrature"):
        assert f"## {section.capitalize()}\n\n{HOW[section]}\n\n| measured" in text
    assert all(words in text for words in ("BLAS threads", "94,059", "NOT MET"))
    assert not any(words in text for words in ("## Memory", "A quick run"))
    assert "A quick run" in replace(result, quick=True).to_markdown()


#: Promised: at least, or at most.
BARS: dict[str, tuple[float | None, float | None]] = {
    "continuum": (None, 0.25), "continuum_over_naive": (30_000, None), "kwant_over_naive": (25, None),
    "kwant_over_lean": (80, None), "kwant_over_lean_own_k": (25, None),
    "kwant_difference": (None, 1e-13), "fewer_than_quad_vec": (50, None), "workers_ratio": (1.8, None),
    "torque_over_kernel": (None, 8), **{f"cost_{name}": (None, 4) for name in builtin_systems("bare")},
    "memory": (None, 500), "sweep_overhead": (None, 5),
    "dask_efficiency": (0.9, None), "scale_memory": (None, 300), "scale_point": (None, 20),
    "stack_plain": (None, 5), "stack_coupled": (None, 5), "command_help": (None, 0.1),
    "command_import": (None, 0.15),
}  # fmt: skip
if has_numba():
    BARS |= {"numba_over_c": (None, 2), "numba_threads": (1.6, None)}


def test_the_limit_in_c_is_the_same_closed_form() -> None:
    """Its numbers are the engine's, to rounding; not so with another scale."""
    k_perp, angle = np.array([0.2, 1.1, 1.5]), np.array([0.3, 2.0])
    with TemporaryDirectory() as folder:
        work = in_c(BULK, k_perp, angle, folder)
        assert work is not None
        expected = Matching().flows(BULK.structure, k_perp[:, None], angle, np.array(BULK.h_R))[
            ..., 0, :, :, :
        ]
        assert relative(work(), expected) <= 1e-14
        other = Matching().flows(BULK.structure, k_perp[:, None], angle, np.array(0.2))[..., 0, :, :, :]
        assert relative(work(), other) > 1e-3


def test_a_whole_run(sotcheck: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of the smallest size, through the command: table, Markdown and JSON with every promise in them."""
    tiny = run.Size(8, 2, 2, 2, 4, 0.05, 4, 4, 4, memory=8, drawn=2, commands=2)
    monkeypatch.setattr(run, "QUICK", tiny)
    monkeypatch.setattr(processes, "scaling", lambda *_: {"one": 1.7, "two": 1.0, "start": 0.5})
    monkeypatch.setattr(many, "loopback", lambda *_: {"one": 1.9, "two": 1.0, "tasks": 8.0})
    files = [str(tmp_path / name) for name in ("README.md", "bench.json")]
    found = sotcheck("bench", "--quick", "--output", files[0], "--json", files[1])
    assert found.status == 0
    data = json.loads(Path(files[1]).read_text(encoding="utf-8"))
    Draft202012Validator(schemas()["bench"]).validate(data)
    rows = {row["key"]: row for row in data["benchmarks"]}
    assert len(rows) == len(data["benchmarks"]) > 30
    assert {row["section"] for row in rows.values()} == set(HOW)
    assert all(np.isfinite(row["value"]) for row in rows.values())
    bars = {key: (row["at_least"], row["at_most"]) for key, row in rows.items() if row["met"] is not None}
    assert bars == BARS
    assert rows["workers_ratio"]["met"] is False
    (*_, ratio) = sweeps.workers(run.Size(**{**vars(tiny), "judged": False}))
    assert (ratio.value, ratio.met) == (1.7, None)
    assert data["quick"] is True
    assert "Made by `sotcheck bench --quick --output" in Path(files[0]).read_text(encoding="utf-8")
    assert "bars are met" in found.out
    assert "](cost.svg)" in Path(files[0]).read_text(encoding="utf-8")
    drawn = (tmp_path / "cost.svg").read_text(encoding="utf-8")
    assert all(f">{curve['label']}<" in drawn for curve in data["curves"])
    assert [len(curve["x"]) for curve in data["curves"]] == [2] * 10
    dearest = [rows[f"cost_{name}"]["value"] for name in builtin_systems("bare")]
    assert dearest == [max(one["seconds"]) / min(one["seconds"]) for one in data["curves"][:4]]


def test_a_full_run_is_what_the_bars_speak_of() -> None:
    assert (run.FULL.judged, run.QUICK.judged) == (True, False)
    assert (run.FULL.target, run.FULL.memory**2, run.FULL.sweep) == (1e-8, 10**6, 10_000)
    for points in (run.FULL.sweep, run.FULL.scaling, run.FULL.points):
        assert processes.plan_of(points).size == points
