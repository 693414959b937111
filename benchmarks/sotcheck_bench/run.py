"""Everything that `sotcheck bench` measures, in one run."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import sotcheck
from sotcheck.run.progress import Progress, silent
from sotcheck.system.files import load_bare
from sotcheck.system.interface import Interface
from sotcheck_bench import costs, problems, processes, sweeps, torques
from sotcheck_bench.costs import Curve
from sotcheck_bench.machine import load_average, machine
from sotcheck_bench.native import native_times
from sotcheck_bench.result import BenchResult, Row

#: The built-in system on which speed is measured: magnetism of the bulk, tilted m, three thresholds.
SYSTEM = "bulk-magnetism"


@dataclass(frozen=True)
class Size:
    """How much work each measurement does.

    Attributes
    ----------
    side : int
        The continuum's grid has side² problems; so has that of the memory, of `memory` a side.
    looped, naive : int
        Problems solved one a call by boundary matching, and by the naive script.
    rounds : int
        Turns of each contestant (for Kwant a third of it, for workers a quarter).
    n_k : int
        Values of k_⊥ of the naive script's torque.
    target : float
        True error at which scattering problems are counted.
    scaling, sweep, points : int
        Points of the sweeps: over workers (over Dask twice as many), with its engine, without.
    drawn : int
        Values of h_R at which costs are drawn.
    commands : int or None
        How many commands are timed, in the order of `COMMANDS`; all of them if None.
    judged : bool
        Whether that is as much work as the bars on quadrature, workers and sweeps speak of.
    """

    side: int
    looped: int
    naive: int
    rounds: int
    n_k: int
    target: float
    scaling: int
    sweep: int
    points: int = 10**6
    memory: int = 1000
    drawn: int = 24
    judged: bool = True
    commands: int | None = None


FULL = Size(1000, 1000, 124, 8, 64, 1e-8, 1600, 10_000)
QUICK = Size(500, 200, 24, 5, 16, 1e-5, 324, 324, 10_000, drawn=4, judged=False, commands=3)

#: What people wait for, and the processor seconds that it may take; help beyond Python's own start.
COMMANDS = {
    "--help": ("--help", 0.1),
    "import sotcheck": ("import", 0.15),
    f"torque {SYSTEM}": ("torque", 0.7),
    f"check {SYSTEM}": ("check", 2),
    f"beyond {SYSTEM}": ("beyond", 2.5),
    f"report {SYSTEM} --output {{folder}} --workers 1": ("report", 6),
    "audit --workers 1": ("audit", 15),
    "report --output {folder} --workers 2": ("reports", 25),
}

#: Most problems of a uniform grid that is being refined.
MOST = 2**24


def bench(quick: bool = False, progress: Progress = silent) -> BenchResult:
    """Measure speed, accuracy for the effort, scaling, memory and overhead.

    Parameters
    ----------
    quick : bool
        In less than a minute, with less work, and problems counted at 1e-5 instead of 1e-8.
    progress : callable

    Returns
    -------
    BenchResult
    """
    size = QUICK if quick else FULL
    iface = load_bare(SYSTEM)
    curves: list[Curve] = []
    parts: list[Callable[[], Iterator[Row]]] = [
        lambda: _problems(iface, size),
        lambda: _native(iface, size),
        lambda: _stack(iface, size),
        lambda: _torque(iface, size),
        lambda: _cost(iface, size, curves),
        lambda: _quadrature(iface, size),
        lambda: sweeps.workers(size),
        lambda: sweeps.dask(size),
        lambda: _memory(size),
        lambda: sweeps.sweep(size),
        lambda: sweeps.scale(size),
        lambda: _commands(size),
    ]
    idle = load_average()
    rows = [row for part in progress(parts, "bench", len(parts)) for row in part()]
    command = "sotcheck bench --quick" if quick else "sotcheck bench"
    return BenchResult(rows, {**machine(), **idle}, quick, command, curves)


def _problems(iface: Interface, size: Size) -> Iterator[Row]:
    """Measure a scattering problem by each path."""
    fast = problems.continuum_times(iface, side=size.side, looped=size.looped, rounds=size.rounds)
    kwant = problems.kwant_times(iface, naive=size.naive, rounds=max(2, size.rounds // 3))
    one = f"{1e3 * kwant['naive']:.3g} ms a problem"
    grid = f"{size.side**2:,} problems in one request"
    part = "continuum"
    yield Row("continuum", part, "a problem on a grid", 1e6 * fast["grid"], "µs", at_most=0.25, note=grid)
    yield Row("continuum_different", part, "a problem, all different", 1e6 * fast["different"], "µs")
    yield Row("continuum_loop", part, "a problem in a plain loop", 1e6 * fast["loop"], "µs")
    yield Row("continuum_over_loop", part, "faster than the plain loop", fast["loop"] / fast["grid"], "×")
    yield Row("continuum_over_kwant", part, "faster than our Kwant path", kwant["ours"] / fast["grid"], "×")
    yield Row(
        "continuum_over_naive", part, "faster than naive Kwant", kwant["naive"] / fast["grid"], "×",
        at_least=30_000, aim=100_000, note=f"smatrix and wave_function: {one}",
    )  # fmt: skip
    part = "kwant"
    shared = kwant["problems"] / kwant["k_perp"]
    yield Row("kwant", part, "a problem of a torque", 1e3 * kwant["ours"], "ms",
              note=f"{kwant['problems']:.0f} problems, {shared:.3g} a k_perp, modes found anew")  # fmt: skip
    yield Row("kwant_cached", part, "the same with modes known", 1e3 * kwant["cached"], "ms",
              note="another h_R or barrier of the same leads")  # fmt: skip
    yield Row("kwant_own_k", part, "a problem, each its own k_perp", 1e3 * kwant["own k_perp"], "ms")
    yield Row("lean", part, "lean: wave_function alone", 1e3 * kwant["lean"], "ms",
              note="the least of Kwant's public interface that has every flow")  # fmt: skip
    yield Row("naive", part, "naive: smatrix and wave_function", 1e3 * kwant["naive"], "ms")
    yield Row("naive_script", part, "naive: the whole script", 1e3 * kwant["naive script"], "ms",
              note="its matrices and current operators besides")  # fmt: skip
    yield Row("kwant_over_lean", part, "faster than lean", kwant["lean"] / kwant["ours"], "×", at_least=80)
    yield Row("kwant_over_lean_own_k", part, "the same, each its own k_perp",
              kwant["lean own k_perp"] / kwant["own k_perp"], "×", at_least=25)  # fmt: skip
    yield Row(
        "kwant_over_naive", part, "faster than naive", kwant["naive"] / kwant["ours"], "×",
        at_least=25, aim=80, note="against smatrix and wave_function alone",
    )  # fmt: skip
    yield Row(
        "kwant_over_naive_cached", part, "the same with modes known", kwant["naive"] / kwant["cached"], "×"
    )
    yield Row("kwant_over_naive_own_k", part, "the same, each its own k_perp",
              kwant["naive"] / kwant["own k_perp"], "×")  # fmt: skip
    yield Row(
        "kwant_difference", part, "largest difference of results", kwant["difference"], at_most=1e-13,
        note=f"spin currents and densities per unit flux, {kwant['resolved']:.0f} problems with "
        f"(k_z a)² ≥ {problems.EDGE:g}",
    )  # fmt: skip
    yield Row(
        "kwant_difference_edges", part, "the same at band edges too", kwant["difference at edges"],
        note=f"all {kwant['compared']:.0f} problems; Kwant's modes round as ε/(k_z a)², in either path",
    )  # fmt: skip


def _native(iface: Interface, size: Size) -> Iterator[Row]:
    """Measure the closed form against C."""
    found = native_times(iface, side=size.side // 2, rounds=size.rounds)
    part, c = "native", found.get("c")
    for name, what in (
        ("fill", "a problem's 36 numbers written, no more"), ("c", "a problem in C"), ("numpy", "by NumPy"),
        ("numba", "by numba"),
    ):  # fmt: skip
        if name in found:
            apart = found.get(f"{name} apart")
            note = "" if apart is None else f"{apart:.1e} from NumPy's at most"
            yield Row(f"native_{name}", part, what, 1e9 * found[name], "ns", note=note)
    if c is not None:
        yield Row("numpy_over_c", part, "NumPy takes as long as C", found["numpy"] / c, "×")
    if "numba" in found:
        if c is not None:
            yield Row("numba_over_c", part, "numba takes as long as C", found["numba"] / c, "×", at_most=2)
        yield Row("numba_threads", part, "two threads are faster", found["numba"] / found["threads"], "×",
                  at_least=1.6 if size.judged else None)  # fmt: skip


def _stack(iface: Interface, size: Size) -> Iterator[Row]:
    """Measure three layers against the bare interface."""
    found = problems.stack_times(iface, side=size.side // 8, rounds=max(2, size.rounds // 2))
    for name, what in (("plain", "three layers"), ("coupled", "with Rashba terms in all")):
        yield Row(f"stack_{name}", "stack", f"{what}: a problem on a grid", found[name], "×",
                  at_most=5 if size.judged else None)  # fmt: skip
        torque, more = found[f"{name} torque"], found[f"{name} problems"]
        yield Row(f"stack_{name}_torque", "stack", f"{what}: a torque", torque, "×",
                  note=f"{more:.3g} times as many problems: {torque / more:.3g} × a problem")  # fmt: skip
    if "coupled both" in found:
        yield Row("stack_compiled", "stack", "the latter compiled", found["coupled compiled"], "×",
                  note="by numba, against the bare one by NumPy")  # fmt: skip
        yield Row("stack_both_compiled", "stack", "the same, both compiled", found["coupled both"], "×")


def _torque(iface: Interface, size: Size) -> Iterator[Row]:
    """Measure a torque of equal accuracy, Kwant both ways."""
    n_angle = torques.angles_needed(iface, 1e-6)
    found = torques.equal_accuracy(iface, n_k=size.n_k, n_angle=n_angle)
    part = "torque"
    yield Row("torque_naive", part, "naive script", found["naive"], "s",
              note=f"{size.n_k} × {n_angle} problems, error {found['naive error']:.1e}")  # fmt: skip
    yield Row("torque_ours", part, "ours, by Kwant", found["ours"], "s",
              note=f"{found['our problems']:.0f} problems, error {found['our error']:.1e}")  # fmt: skip
    whole = problems.torque_times(iface, rounds=size.rounds)
    yield Row("torque_over_kernel", part, "as long as its problems in the kernel",
              whole["torque"] / whole["kernel"], "×", at_most=8 if size.judged else None,
              note=f"{whole['problems']:.0f} problems in {1e3 * whole['kernel']:.3g} ms")  # fmt: skip
    yield Row("torque_ratio", part, "faster at equal or better accuracy", found["naive"] / found["ours"], "×")


def _cost(iface: Interface, size: Size, curves: list[Curve]) -> Iterator[Row]:
    """Measure whole torques, and leave the curves behind."""
    curves += costs.curves(iface, size.drawn, max(1, size.rounds // 4))
    for curve in curves:
        if curve.against == "h_R":
            value = max(curve.seconds) / min(curve.seconds)
            yield Row(f"cost_{curve.label}", "cost", f"{curve.label}: dearest h_R over cheapest", value, "×",
                      at_most=4 if size.judged else None)  # fmt: skip


def _quadrature(iface: Interface, size: Size) -> Iterator[Row]:
    """Count scattering problems for a torque to the target."""
    target, part = size.target, "quadrature"
    ours = torques.ours(iface, target)
    cautious = torques.asked_for(iface, target)
    # One step looser than any rule here was found to need, and it is seen to fail.
    first = (1e3 if size.judged else 1e2) * target
    vec = torques.by_quad_vec(iface, target, first=first)
    split = torques.by_quad_vec(iface, target, first=vec.asked or first, thresholds=True)
    single = torques.by_dblquad(iface, target, first=1e2 * target)
    *_, grid = torques.refined(iface, target, torques.angles_needed(iface, target), MOST)

    def row(key: str, quantity: str, count: torques.Count) -> Row:
        asked = "" if count.asked is None else f"asked for {count.asked:.0e}, "
        return Row(key, part, quantity, float(count.problems), note=f"{asked}true error {count.error:.1e}")

    yield row("problems_asked", f"ours, asked for {target:.0e}", cautious)
    yield row("problems_ours", f"ours, truly {target:.0e}", ours)
    yield row("problems_quad_vec", "quad_vec", vec)
    yield row("problems_quad_vec_split", "quad_vec, thresholds given", split)
    yield row("problems_dblquad", "dblquad, largest component only", single)
    more = "" if grid.error <= target else ", more than"
    yield row("problems_grid", f"uniform grid{more}", grid)
    yield Row(
        "fewer_than_quad_vec", part, "fewer than quad_vec", vec.problems / cautious.problems, "×",
        at_least=50 if size.judged else None,
        note="ours as asked for, quad_vec with the tolerance that suits it best",
    )  # fmt: skip
    yield Row("fewer_than_quad_vec_truly", part, "the same, both truly", vec.problems / ours.problems, "×")
    yield Row("fewer_than_grid", part, "fewer than the uniform grid", grid.problems / cautious.problems, "×")


def _memory(size: Size) -> Iterator[Row]:
    """Measure the memory of many problems at once."""
    imports, all_in_all = processes.memory(size.memory)
    part = "memory"
    yield Row("memory_imports", part, "imports alone", imports, "MB")
    yield Row("memory", part, f"with {size.memory**2:,} problems", all_in_all, "MB", at_most=500)


def _commands(size: Size) -> Iterator[Row]:
    """Measure commands as a shell starts them; all reports by the clock, as two processes make them."""
    # As after the first use of an installed package, be Python told to keep what it compiles or not.
    processes.processor_seconds(["-m", "compileall", "-q", str(Path(sotcheck.__file__).parent)])
    start = min(processes.processor_seconds(["-c", "pass"])[0] for _ in range(size.rounds))
    for command, (key, bar) in list(COMMANDS.items())[: size.commands]:
        given = ["-c", command] if key == "import" else ["-m", "sotcheck", *command.split()]
        # What takes seconds is measured once.
        rounds = size.rounds if bar < 1 else 1
        used, wall = map(min, zip(*(processes.processor_seconds(given) for _ in range(rounds)), strict=True))
        value = wall if key == "reports" else used - start * (key in ("--help", "import"))
        yield Row(f"command_{key.strip('-')}", "commands", command.partition(" --o")[0], value, "s",
                  at_most=bar if size.judged else None)  # fmt: skip
