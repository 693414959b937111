"""Damaged and crafted files: refused in one line or right, never a traceback, never other numbers.

SOTCHECK_MUTATIONS=500 tries as many of each kind.
"""

from __future__ import annotations

import os
import random
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from sweep_cases import EnoughError, acting, enough, interrupted, quick_plan, write_sealed
from test_sweep_store import killed_when_grown, lines

import sotcheck
from sotcheck.command import main as cli
from sotcheck.errors import OutputError, SotcheckError, SystemFileError
from sotcheck.run.output import replace
from sotcheck.sweep import netcdf, runner, schedule
from sotcheck.sweep import plan as plans
from sotcheck.sweep.dataset import open_sweep
from sotcheck.sweep.journal import checksum, decode, journal_path
from sotcheck.sweep.runner import sweep
from sotcheck.sweep.seal import LENGTH
from sotcheck.sweep.worker import Chunk, compute, floats, unknown

MUTATIONS = int(os.environ.get("SOTCHECK_MUTATIONS", "15"))
#: Points of `quick_plan()`.
POINTS = 24


def mutated(content: bytes, chance: random.Random) -> bytes:
    """Return the content after one accident."""
    start, other = chance.randrange(len(content)), chance.randrange(len(content))
    end = min(len(content), start + chance.choice([1, 7, 64, 512, 4096]))
    before, block, after = content[:start], content[start:end], content[end:]
    return chance.choice(
        [
            before + bytes([content[start] ^ 1 << chance.randrange(8)]) + content[start + 1 :],
            before,
            before + after,
            before + chance.randbytes(len(block)) + block + after,
            before + block + block + after,
            before + bytes(len(block)) + after,
            content[:other] + block + content[other + len(block) :],
        ]
    )


@pytest.fixture(scope="module")
def known(tmp_path_factory: pytest.TempPathFactory) -> dict[int, Chunk]:
    """Return each point's chunk, computed once."""
    plan = quick_plan()
    return {index: compute(plan, plan.points([index])) for index in range(POINTS)}


@pytest.fixture
def quick(known: dict[int, Chunk], monkeypatch: pytest.MonkeyPatch) -> None:
    """Have every point at hand: what is tried here is files."""

    def at_hand(task: Any, points: Any) -> Chunk:
        (index,) = points
        return known[index]

    monkeypatch.setattr(runner, "compute", at_hand)
    # No power fails here.
    monkeypatch.setattr(os, "fsync", lambda descriptor: None)
    monkeypatch.setattr(schedule, "MOST", 1)


@pytest.fixture
def begun(tmp_path: Path, quick: None) -> tuple[Path, bytes, bytes]:
    """Return a result's path, the journal of half of it, and the whole result's bytes."""
    path = tmp_path / "r.nc"
    interrupted(quick_plan(), path, after=18)
    journal = journal_path(path).read_bytes()
    sweep(quick_plan(), path, resume=True)
    whole = path.read_bytes()
    path.unlink()
    return path, journal, whole


def refused_or_right(path: Path, whole: bytes) -> str:
    """Go on with what lies there; return "right" or the refusal."""
    before = journal_path(path).read_bytes()
    try:
        sweep(quick_plan(), path, resume=True)
    except SotcheckError as error:
        assert str(error).startswith(f"{journal_path(path)}: ")
        # What is refused is left as it is.
        assert journal_path(path).read_bytes() == before
        journal_path(path).unlink()
        return str(error)
    assert path.read_bytes() == whole
    assert not journal_path(path).exists()
    path.unlink()
    return "right"


def test_a_damaged_journal_is_refused_or_gone_on_with(begun: tuple[Path, bytes, bytes]) -> None:
    path, journal, whole = begun
    chance, right = random.Random(14), 0
    for _ in range(MUTATIONS):
        journal_path(path).write_bytes(mutated(journal, chance))
        outcome = refused_or_right(path, whole)
        right += outcome == "right"
        assert outcome == "right" or "both copies" in outcome
    # Hardly any accident reaches both copies of the plan.
    assert right > 0.8 * MUTATIONS


ODD: tuple[Any, ...] = (
    None, True, -1, 0, 1, 10**30, 1e300, "", "x", "AAAA", "\ud800", [], [0], [[]], {}, {"": 0},
)  # fmt: skip


def crafted(tree: Any, chance: random.Random) -> Any:
    """Return JSON-like data with one place of it changed, removed, doubled or renamed."""
    if isinstance(tree, dict) and tree and chance.random() < 0.8:
        name, how = chance.choice(list(tree)), chance.randrange(8)
        if how == 0:
            return {k: v for k, v in tree.items() if k != name}
        return {**tree, "another": tree[name]} if how == 1 else {**tree, name: crafted(tree[name], chance)}
    if isinstance(tree, list) and tree and chance.random() < 0.8:
        place = chance.randrange(len(tree))
        how = chance.randrange(4)
        middle = {0: [], 1: [tree[place]] * 2}.get(how, [crafted(tree[place], chance)])
        return [*tree[:place], *middle, *tree[place + 1 :]]
    return chance.choice(ODD)


def test_a_crafted_journal_is_refused_or_gone_on_with(begun: tuple[Path, bytes, bytes]) -> None:
    """Right checksums around something that no sweep writes: no traceback, and no point left out."""
    path, journal, _ = begun
    raw = journal.split(b"\n")
    header = decode(raw[0] + b"\n")
    assert header is not None
    start = checksum(raw[0])
    records = [record for line in raw[3:-1] if (record := decode(line + b"\n", start)) is not None]
    chance, refused = random.Random(41), 0
    for _ in range(MUTATIONS):
        made = [header, *records]
        place = 0 if chance.random() < 0.5 else chance.randrange(len(made))
        made[place] = crafted(made[place], chance)
        journal_path(path).write_bytes(b"".join(lines(made)))
        try:
            dataset = sweep(quick_plan(), path, resume=True)
        except SotcheckError as error:
            refused += 1
            assert str(error).startswith(f"{journal_path(path)}: ")
            journal_path(path).unlink()
        else:
            failed = dataset["error"] != ""
            assert (dataset["vector"].notnull().all(["source", "spin"]) | failed).all()
            path.unlink()
    assert refused > 0.2 * MUTATIONS


def test_a_changed_result_is_refused(begun: tuple[Path, bytes, bytes]) -> None:
    path, _, whole = begun
    chance = random.Random(300)
    for _ in range(MUTATIONS):
        path.write_bytes(changed := mutated(whole, chance))
        if changed == whole:
            open_sweep(path)
            continue
        with pytest.raises(SystemFileError) as refusal:
            open_sweep(path)
        assert str(refusal.value).startswith(f"{path}: ")
        assert "\n" not in str(refusal.value)


@pytest.mark.parametrize("command", ["check", "report", "sweep"])
def test_commands_refuse_a_changed_result(
    begun: tuple[Path, bytes, bytes], command: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One bit of one number, which any program would read."""
    path, _, whole = begun
    monkeypatch.chdir(path.parent)
    middle = len(whole) // 2
    path.write_bytes(whole[:middle] + bytes([whole[middle] ^ 1]) + whole[middle + 1 :])
    arguments = {
        "check": ["check", path.name],
        "report": ["report", path.name, "--output", "pages", "--workers", "1"],
        "sweep": ["sweep", "bulk-magnetism", "--over", "h_R=1,2", "-o", path.name, "--resume"],
    }
    done = CliRunner().invoke(cli.cli, arguments[command])
    assert isinstance(done.exception, SystemFileError)
    assert str(done.exception).startswith("r.nc: was changed after 'sotcheck sweep' wrote it; ")


@pytest.mark.parametrize(
    ("damage", "words"),
    [
        (lambda data: data.drop_vars("vector"), "variable vector is missing"),
        (lambda data: data.isel(u_0=slice(3)), "coordinates are not those of its plan"),
        (lambda data: data.assign_attrs(plan="{}"), "plan is none of this version's"),
        (lambda data: data.assign_attrs(plan="x"), "Expecting value"),
        (lambda data: data.drop_attrs(), "it has no plan"),
    ],
)
def test_a_sealed_file_that_is_no_sweep_is_refused(
    begun: tuple[Path, bytes, bytes], damage: Callable[[Any], Any], words: str
) -> None:
    path, _, whole = begun
    path.write_bytes(whole)
    with open_sweep(path) as data:
        content = bytes(damage(data).to_netcdf(engine="h5netcdf"))
    write_sealed(path, content)
    with pytest.raises(SystemFileError, match=words):
        open_sweep(path)
    write_sealed(path, whole[: len(whole) // 2])
    with pytest.raises(SystemFileError, match="not a NetCDF file that can be read"):
        open_sweep(path)


def test_any_program_reads_a_sealed_result(begun: tuple[Path, bytes, bytes]) -> None:
    import xarray as xr

    path, _, whole = begun
    path.write_bytes(whole)
    with open_sweep(path) as opened:
        sealed_data = opened.load()
    with xr.open_dataset(path) as opened:
        assert sealed_data.identical(opened.load())
    path.write_bytes(whole[:-LENGTH])
    with xr.open_dataset(path) as opened:
        assert sealed_data.identical(opened.load())


# --- damaged while it runs ------------------------------------------------------------------------


def damaging(path: Path, monkeypatch: pytest.MonkeyPatch, times: int) -> None:
    """Flip a bit of the latest record once all points are computed, so many times."""
    write = netcdf.write
    done: list[Path] = []

    def damaged(*arguments: Any) -> None:
        content = bytearray(journal_path(path).read_bytes())
        if len(done) < times:
            content[-10] ^= 1
            journal_path(path).write_bytes(content)
        done.append(path)
        write(*arguments)

    monkeypatch.setattr(runner, "write", damaged)


def test_a_record_damaged_while_the_sweep_runs_is_computed_again(
    begun: tuple[Path, bytes, bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    path, _, whole = begun
    said: list[str] = []
    damaging(path, monkeypatch, 1)
    sweep(quick_plan(), path, say=said.append)
    assert path.read_bytes() == whole
    assert said == [f"{journal_path(path)}: was damaged while the sweep ran; computing 1 of 24 points again"]


@pytest.mark.parametrize("left", [0, 300, 3000])
def test_a_journal_cut_short_while_the_sweep_runs_is_mended(
    begun: tuple[Path, bytes, bytes], monkeypatch: pytest.MonkeyPatch, left: int
) -> None:
    """Even of its plan: then another run can still go on with what came afterwards."""
    path, _, whole = begun
    with monkeypatch.context() as patch, pytest.raises(EnoughError):
        acting(patch, {16: lambda journal: os.truncate(journal.path, left), 20: enough})
        sweep(quick_plan(), path)
    said: list[str] = []
    sweep(quick_plan(), path, resume=True, say=said.append)
    assert path.read_bytes() == whole
    assert "going on with" in said[0]


def test_a_sweep_that_lost_points_is_not_complete(
    begun: tuple[Path, bytes, bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The points are named, the journal is kept, nothing is written; and --resume ends it."""
    path, _, whole = begun
    with monkeypatch.context() as patch:
        damaging(path, patch, runner.ROUNDS)
        with pytest.raises(
            OutputError, match=r"lost 1 of 24 points, 3 times in a row \(E_F = 1.1, u_0 = 1\)"
        ):
            sweep(quick_plan(), path)
    assert not path.exists()
    sweep(quick_plan(), path, resume=True)
    assert path.read_bytes() == whole


def test_a_journal_removed_while_the_sweep_runs_is_said(
    begun: tuple[Path, bytes, bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    path, _, _ = begun
    acting(monkeypatch, {3: lambda journal: journal.path.unlink()})
    with pytest.raises(OutputError, match=r"r\.nc\.partial: was removed or replaced while the sweep ran"):
        sweep(quick_plan(), path)
    assert list(path.parent.iterdir()) == []


def cut_short(path: Path, content: Any) -> None:
    """Write a file that loses its last byte."""
    replace(path, content)
    os.truncate(path, path.stat().st_size - 1)


def test_the_journal_is_kept_until_the_result_is_read_back(
    begun: tuple[Path, bytes, bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    path, _, whole = begun
    with monkeypatch.context() as patch:
        patch.setattr(netcdf, "replace", cut_short)
        with pytest.raises(OutputError, match="reads otherwise than it was written"):
            sweep(quick_plan(), path)
    assert journal_path(path).exists()
    sweep(quick_plan(), path, resume=True)
    assert path.read_bytes() == whole


def test_sources_are_the_package_as_it_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An edit of any file is another hash, wherever the package lies."""
    found = []
    for place, content in (("a", "4 * pi"), ("b", "4 * pi"), ("b", "5 * pi")):
        (tmp_path / place / "inner").mkdir(parents=True, exist_ok=True)
        (tmp_path / place / "__init__.py").touch()
        (tmp_path / place / "inner" / "x.py").write_text(content, encoding="utf-8")
        monkeypatch.setattr(sotcheck, "__file__", str(tmp_path / place / "__init__.py"))
        found.append(plans.sources.__wrapped__())
    assert found[0] == found[1] != found[2]


# --- killed and damaged ---------------------------------------------------------------------------


@pytest.mark.slow
def test_kill_9_and_a_flipped_byte_lose_nothing_unsaid(tmp_path: Path) -> None:
    """After each kill -9 a byte of the journal is another: the same result, or a line says why not.

    SOTCHECK_KILLS=100 tries as often.
    """
    reference, path = tmp_path / "reference.nc", tmp_path / "r.nc"
    sweep(quick_plan(100), reference)
    chance, kills = random.Random(6), 0
    while kills < int(os.environ.get("SOTCHECK_KILLS", "2")):
        if not killed_when_grown(path, chance.randint(1, 40_000), chance.uniform(0, 0.03), 1 + kills % 2):
            assert path.read_bytes() == reference.read_bytes()
            path.unlink()
            continue
        kills += 1
        content = bytearray(journal_path(path).read_bytes())
        content[chance.randrange(len(content))] ^= chance.randrange(1, 256)
        journal_path(path).write_bytes(content)
    sweep(quick_plan(100), path, resume=True)
    assert path.read_bytes() == reference.read_bytes()


# --- places that are no files of ours -------------------------------------------------------------


def test_what_a_link_leads_to_is_written(begun: tuple[Path, bytes, bytes]) -> None:
    """The link stays; nobody's file of a name that could be guessed is touched."""
    path, _, whole = begun
    (path.parent / "there").mkdir()
    path.symlink_to("there/a.nc")
    mine = path.with_name("r.nc.aside")
    mine.write_text("mine", encoding="utf-8")
    sweep(quick_plan(), path)
    assert path.is_symlink()
    assert (path.parent / "there" / "a.nc").read_bytes() == whole
    assert mine.read_text(encoding="utf-8") == "mine"
    assert sorted(p.name for p in path.parent.iterdir()) == ["r.nc", "r.nc.aside", "there"]
    assert [p.name for p in (path.parent / "there").iterdir()] == ["a.nc"]


def test_a_journal_that_is_a_link_or_a_pipe_is_refused(begun: tuple[Path, bytes, bytes]) -> None:
    path, _, _ = begun
    victim = path.with_name("victim")
    victim.touch()
    journal_path(path).symlink_to(victim)
    with pytest.raises(OutputError, match="is a link"):
        sweep(quick_plan(), path, resume=True)
    assert victim.read_bytes() == b""
    journal_path(path).unlink()
    os.mkfifo(journal_path(path))
    with pytest.raises(OutputError, match="is a named pipe"):
        sweep(quick_plan(), path, resume=True)


def test_inputs_that_are_no_files_are_refused_at_once(tmp_path: Path) -> None:
    """As system file, table, map to go on with, or result: by name, and before a pipe is waited for."""
    pipe, large = tmp_path / "pipe", tmp_path / "large"
    os.mkfifo(pipe)
    with large.open("wb") as file:
        file.truncate(100_000_001)
    over = ["--over", "E_F=1:2", "--over", "J=0:1"]
    for place, words in ((pipe, "named pipe"), (large, "larger than"), (Path("/dev/zero"), "device")):
        result = tmp_path / f"{place.name}.nc"
        result.symlink_to(place)
        commands = {
            "system": ["torque", str(place)],
            "table": ["sweep", "bulk-magnetism", "--table", str(place), "-o", str(tmp_path / "o.nc")],
            "map": ["trust-map", "bulk-magnetism", *over, "--resume", str(place)],
            "result": ["check", str(result)],
        }
        for name, arguments in commands.items():
            done = CliRunner().invoke(cli.cli, arguments)
            assert isinstance(done.exception, SotcheckError), (name, place, done.exception)
            assert str(place if name != "result" else result) in str(done.exception)
            # A result may be large: this one is no NetCDF file.
            expected = "not a NetCDF file" if name == "result" and place == large else words
            assert expected in str(done.exception)


# --- other systems --------------------------------------------------------------------------------

#: A Python without what only POSIX has.
ELSEWHERE = """
import os, signal, sys
for name in ("fcntl", "resource", "termios", "pty", "pwd", "grp"):
    sys.modules[name] = None
for name in ("SIGHUP", "SIGPIPE", "SIGALRM", "ITIMER_REAL", "setitimer", "pthread_sigmask", "SIGKILL"):
    if hasattr(signal, name):
        delattr(signal, name)
for name in ("O_NOFOLLOW", "O_NONBLOCK", "O_CLOEXEC", "fork", "getloadavg", "sched_getaffinity"):
    if hasattr(os, name):
        delattr(os, name)
"""


def test_nothing_needs_what_only_posix_has(tmp_path: Path) -> None:
    """Every module is imported and commands run; sweeps, which need locks, say so by name."""
    script = ELSEWHERE + (
        "import importlib, pkgutil, sotcheck\n"
        "for module in pkgutil.walk_packages(sotcheck.__path__, 'sotcheck.'):\n"
        "    if not module.name.endswith('__main__'):\n"
        "        importlib.import_module(module.name)\n"
        "from sotcheck.command.main import main\n"
        "main(sys.argv[1:])\n"
    )
    for arguments, status, words in (
        (["torque", "bulk-magnetism", "--engine", "first-order"], 0, "first-order"),
        (["sweep", "bulk-magnetism", "--over", "h_R=1,2", "-o", "o.nc"], 2, "cannot be locked"),
    ):
        done = subprocess.run(
            [sys.executable, "-c", script, *arguments], capture_output=True, text=True, cwd=tmp_path
        )
        assert done.returncode == status, done.stderr
        assert words in done.stdout + done.stderr
        assert "Traceback" not in done.stderr


def test_a_crafted_record_is_none() -> None:
    values = unknown(1)
    floats(values)[...] = 0.0
    good = Chunk([3], values, [""], [""]).to_record()
    assert Chunk.from_record(good, 4).indices == [3]
    change: dict[str, Any]
    for change in ({"points": [4]}, {"points": [-1]}, {"points": [3, 3]}, {"points": []}, {"values": b"AAAA"},
                   {"errors": ["x"]}, {"warnings": []}, {"points": [3.0]}, {"more": 1}):  # fmt: skip
        with pytest.raises(ValueError):
            Chunk.from_record({**good, **change}, 4)
