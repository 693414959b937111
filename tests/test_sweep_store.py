"""Nothing is lost: journals torn, damaged, locked, full, killed; and the same bytes after all of it."""

from __future__ import annotations

import errno
import json
import os
import random
import resource
import signal
import subprocess
import sys
import time
import zlib
from contextlib import suppress
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any
from unittest.mock import Mock

import numpy as np
import portalocker
import pytest
from sweep_cases import QUICK, TESTS, EnoughError, interrupted, quick_plan

from sotcheck.errors import OutputError, SystemFileError
from sotcheck.run.executors import Backend, backend
from sotcheck.sweep import journal as journals
from sotcheck.sweep import schedule
from sotcheck.sweep.dataset import open_sweep
from sotcheck.sweep.journal import Journal, checksum, decode, encode, journal_path, open_journal
from sotcheck.sweep.plan import sources
from sotcheck.sweep.runner import sweep

Record = dict[str, Any]

#: How a script begins that sweeps in another process, in chunks of so many seconds.
ELSEWHERE = """
import sys; sys.path.insert(0, sys.argv[1])
from functools import partial
from pathlib import Path
from sweep_cases import noted, quick_plan
from sotcheck.run.executors import backend
from sotcheck.sweep import runner, schedule
if __name__ == "__main__":
    schedule.SECONDS, path = {}, Path(sys.argv[2])
"""
HEADER: Record = {"plan": {}}
RECORDS: list[Record] = [{"points": [i], "text": "é\n\t" * i, "values": b"z=" * i} for i in range(5)]


def lines(records: list[Any]) -> list[bytes]:
    """Return what a journal has of its records, the header twice; and of what is none, with a checksum."""

    def line(record: Any, start: int = 0) -> bytes:
        if isinstance(record, dict):
            return encode(record, start)
        payload = json.dumps(record).encode() + b"\n"
        return b"%08x " % zlib.crc32(payload, start) + payload

    head = line(records[0])
    return [head + b"\n" + head, *(line(record, checksum(head)) for record in records[1:])]


def kept(journal: Journal) -> list[Record]:
    """Return all records, each of which is found again by its place."""
    found = list(journal.records())
    assert [journal.record(start) for start, _ in found] == [record for _, record in found]
    return [record for _, record in found]


def read(path: Path) -> list[Record]:
    with open_journal(path, resume=True) as journal:
        return kept(journal)


# --- records --------------------------------------------------------------------------------------


def test_records_come_back(tmp_path: Path) -> None:
    with open_journal(tmp_path / "r.nc", resume=False) as journal:
        for record in (HEADER, *RECORDS):
            journal.append(record)
        assert kept(journal) == RECORDS
    assert read(tmp_path / "r.nc") == RECORDS


def test_every_flipped_bit_is_seen(rng: np.random.Generator) -> None:
    """A line with any one bit changed is no record, and never another one."""
    line = encode(RECORDS[3])
    assert decode(line) == RECORDS[3]
    for position in range(len(line)):
        bit = 1 << int(rng.integers(8))
        assert decode(line[:position] + bytes([line[position] ^ bit]) + line[position + 1 :]) is None
    for cut in range(len(line)):
        assert decode(line[:cut]) is None


def test_bytes_are_kept_whatever_they_are(tmp_path: Path, rng: np.random.Generator) -> None:
    """Those that end lines as well; there is no record if places of these are none, or beyond the end."""
    record: Record = {"n": 1, "bytes": bytes(range(256)) * 2, "other": rng.bytes(5000), "none": b""}
    line = encode(record)
    assert line.count(b"\n") == 1
    assert decode(line) == record
    with open_journal(tmp_path / "r.nc", resume=False) as journal:
        for one in (HEADER, record, RECORDS[3]):
            journal.append(one)
        assert kept(journal) == [record, RECORDS[3]]
    for text, places in (
        (b"{}", b"/////w=="),
        (b"{}", b"AAAA"),
        (b"{}", b"?"),
        (b"{}", b"\xff"),
        (b"[1]", b""),
        (b"1", b""),
    ):
        payload = text + b"\tbytes %s abc\n" % places
        assert decode(b"%08x " % zlib.crc32(payload) + payload) is None


def test_a_torn_record_is_left_out_and_written_over(tmp_path: Path) -> None:
    """Wherever the last record was cut: the ones before it are there, and the next one is readable."""
    path = tmp_path / "r.nc"
    *before, last = lines([HEADER, *RECORDS[:3]])
    whole = b"".join(before)
    for cut in range(len(last)):
        journal_path(path).write_bytes(whole + last[:cut])
        with open_journal(path, resume=True) as journal:
            assert kept(journal) == RECORDS[:2]
            assert journal.damaged == (cut > 0)
            # Until it is clear whose journal that is, not a byte of it is changed.
            assert journal_path(path).read_bytes() == whole + last[:cut]
            journal.append(RECORDS[3])
        assert read(path) == [*RECORDS[:2], RECORDS[3]]


def test_a_torn_header_is_a_new_beginning(tmp_path: Path) -> None:
    path = tmp_path / "r.nc"
    line = encode({"plan": {"x": 1}})
    for cut in range(len(line)):
        journal_path(path).write_bytes(line[:cut])
        with open_journal(path, resume=False) as journal:
            assert journal.header is None
            journal.append(HEADER)
            journal.append(RECORDS[0])
        assert read(path) == RECORDS[:1]
        journal_path(path).unlink()


def test_one_flipped_byte_of_a_header_takes_no_record_with_it(tmp_path: Path) -> None:
    """Wherever it is, line ends and the blank line between both copies included."""
    path = tmp_path / "r.nc"
    first, *rest = lines([HEADER, *RECORDS])
    for position in range(len(first)):
        for new in (b"\n", b"x", bytes([first[position] ^ 1])):
            flipped = first[:position] + new + first[position + 1 :]
            journal_path(path).write_bytes(b"".join([flipped, *rest]))
            # The end of the second copy is the beginning of the first record's line.
            lost = position == len(first) - 1 and new != b"\n"
            assert read(path) == RECORDS[lost:]


def test_records_of_another_journal_are_none(tmp_path: Path) -> None:
    path, other = tmp_path / "r.nc", {"plan": {"x": 1}}
    journal_path(path).write_bytes(b"".join([*lines([HEADER, *RECORDS]), *lines([other, *RECORDS])[1:]]))
    with open_journal(path, resume=True) as journal:
        assert (kept(journal), journal.damaged) == (RECORDS, len(RECORDS))


def test_a_damaged_record_in_the_middle_takes_no_other_with_it(tmp_path: Path) -> None:
    path = tmp_path / "r.nc"
    written = lines([HEADER, *RECORDS])
    written[2] = written[2][:-3] + b"x" + written[2][-2:]
    journal_path(path).write_bytes(b"".join(written))
    with open_journal(path, resume=True) as journal:
        assert (kept(journal), journal.damaged) == ([RECORDS[0], *RECORDS[2:]], 1)


@pytest.mark.parametrize("content", [b"my notes\n", b"my notes", encode(RECORDS[0]), b"\x00\x01\n"])
def test_a_file_of_someone_else_is_left_alone(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "r.nc"
    journal_path(path).write_bytes(content)
    with pytest.raises(OutputError, match="no journal"), open_journal(path, resume=True):
        pass
    assert journal_path(path).read_bytes() == content


# --- whose file it is -----------------------------------------------------------------------------


def test_the_second_run_on_one_file_is_told(tmp_path: Path) -> None:
    """Another process, with and without --resume; and once the first has gone, the way is free."""
    path = tmp_path / "r.nc"
    with open_journal(path, resume=False) as journal:
        journal.append(HEADER)
        for resume in (False, True):
            code = (
                "from pathlib import Path\nfrom sotcheck.sweep.journal import open_journal\n"
                f"with open_journal(Path({str(path)!r}), resume={resume}): pass"
            )
            other = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
            assert "OutputError" in other.stderr
            assert "another sweep is writing it" in other.stderr
    assert read(path) == []


def test_what_is_there_is_not_overwritten(tmp_path: Path) -> None:
    path = tmp_path / "r.nc"
    journal_path(path).write_bytes(b"".join(lines([HEADER, *RECORDS])))
    with pytest.raises(OutputError, match="--resume"), open_journal(path, resume=False):
        pass
    assert read(path) == RECORDS
    journal_path(path).unlink()
    path.write_text("a result", encoding="utf-8")
    with pytest.raises(OutputError, match="is there already"), open_journal(path, resume=False):
        pass
    # A refusal leaves nothing behind.
    assert [p.name for p in tmp_path.iterdir()] == ["r.nc"]


def test_a_journal_deleted_under_us_is_not_written_to(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The run before us ends between our opening the file and our locking it: we start a new file."""
    path, lock = tmp_path / "r.nc", portalocker.lock
    calls: list[int] = []

    def late(descriptor: int, how: Any) -> None:
        if not calls:
            journal_path(path).unlink()
        calls.append(descriptor)
        lock(descriptor, how)

    monkeypatch.setattr(portalocker, "lock", late)
    with open_journal(path, resume=False) as journal:
        journal.append(HEADER)
        journal.append(RECORDS[0])
    assert len(calls) == 2
    assert journal_path(path).exists()


def test_a_plan_without_a_point_is_not_kept(tmp_path: Path) -> None:
    """But what someone else has put in its place meanwhile is, and damaged records are."""
    path = tmp_path / "r.nc"
    with open_journal(path, resume=False) as journal:
        journal.append(HEADER)
    assert not journal_path(path).exists()
    with open_journal(path, resume=False) as journal:
        journal.append(HEADER)
        journal_path(path).unlink()
        journal_path(path).write_text("another's")
    assert journal_path(path).read_text() == "another's"
    first, second, *_ = lines([HEADER, RECORDS[0]])
    journal_path(path).write_bytes(first + second[:-2] + b"x\n")
    with open_journal(path, resume=True):
        pass
    assert journal_path(path).exists()


# --- full disks -----------------------------------------------------------------------------------


def test_a_full_disk_keeps_whole_records(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Half a record gets onto the disk before it is full: it is taken back, and --resume goes on."""
    path, write = tmp_path / "r.nc", os.write

    def half(descriptor: int, content: Any) -> int:
        if len(content) < 10:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return write(descriptor, content[: len(content) // 2])

    with open_journal(path, resume=False) as journal:
        journal.append(HEADER)
        journal.append(RECORDS[0])
        monkeypatch.setattr(os, "write", half)
        with pytest.raises(OutputError, match=r"No space left on device.*--resume"):
            journal.append(RECORDS[1])
        monkeypatch.undo()
        journal.append(RECORDS[2])
    assert journal_path(path).read_bytes() == b"".join(lines([HEADER, RECORDS[0], RECORDS[2]]))


def test_a_real_limit_on_file_size_is_survived(tmp_path: Path) -> None:
    """The kernel refuses to let the journal, then the result, grow: one message, and --resume ends it."""
    reference = tmp_path / "reference.nc"
    sweep(quick_plan(), reference)
    path = tmp_path / "r.nc"
    size = reference.stat().st_size
    code = ELSEWHERE.format(0.01) + "    runner.sweep(quick_plan(), path, resume=True)"
    # Without bytecode: cut to the limit as well, it would stay for whoever imports the modules next.
    arguments = [sys.executable, "-B", "-c", code, str(TESTS), str(path)]
    kept = []
    for limit in (5000, size // 2, size - 1):
        limited = subprocess.run(
            arguments, capture_output=True, text=True, check=False,
            preexec_fn=partial(resource.setrlimit, resource.RLIMIT_FSIZE, (limit, limit)),
        )  # fmt: skip
        assert limited.returncode == 1
        assert "OutputError" in limited.stderr
        assert "go on with --resume" in limited.stderr
        assert not path.exists()
        kept.append(len(read(path)))
    assert 0 < kept[0] < kept[1] == kept[2]
    sweep(quick_plan(), path, resume=True)
    assert path.read_bytes() == reference.read_bytes()
    assert sorted(p.name for p in tmp_path.iterdir()) == ["r.nc", "reference.nc"]


# --- interrupted and gone on with -----------------------------------------------------------------


def test_going_on_gives_the_same_bytes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Stopped again and again, at one worker and at two: every bit of the file is the same."""
    monkeypatch.setattr(schedule, "SECONDS", 0.01)
    sweep(quick_plan(24), tmp_path / "reference.nc")
    path = tmp_path / "r.nc"
    said: list[str] = []
    for _ in range(3):
        interrupted(quick_plan(24), path, after=2, resume=True, say=said.append)
        assert not path.exists()
    sweep(quick_plan(24), path, resume=True, where=backend("processes", 2), say=said.append)
    assert path.read_bytes() == (tmp_path / "reference.nc").read_bytes()
    assert not journal_path(path).exists()
    assert len(said) == 3
    assert "of 48 points" in said[-1]
    # Complete already: nothing to do, and nothing is done.
    nowhere = Backend(Mock(side_effect=AssertionError("computed again")))
    before = path.stat().st_mtime_ns
    sweep(quick_plan(24), path, resume=True, where=nowhere, say=said.append)
    assert path.stat().st_mtime_ns == before
    assert "complete already" in said[-1]


def test_an_end_before_the_journal_is_gone_is_gone_on_with(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Killed after the result was written and before its journal was deleted."""
    path = tmp_path / "r.nc"
    with monkeypatch.context() as patch, pytest.raises(EnoughError):
        patch.setattr(journals.Journal, "remove", Mock(side_effect=EnoughError))
        sweep(quick_plan(), path)
    assert path.exists()
    assert journal_path(path).exists()
    content = path.read_bytes()
    sweep(quick_plan(), path, resume=True)
    assert path.read_bytes() == content
    assert not journal_path(path).exists()


@pytest.mark.parametrize("finished", [False, True])
def test_something_else_is_refused_with_the_difference_named(tmp_path: Path, finished: bool) -> None:
    path = tmp_path / "r.nc"
    sweep(quick_plan(), path) if finished else interrupted(quick_plan(), path, after=13)
    content = {p.name: p.read_bytes() for p in tmp_path.iterdir()}
    for plan, words in (
        (quick_plan(iface=QUICK.with_(J=0.4)), "system.ferromagnet.exchange: 0.3 then, 0.4 now"),
        (quick_plan(13), "axis u_0.count: 12 then, 13 now"),
        (replace(quick_plan(), tolerance=1e-6), "tolerance: 1e-09 then, 1e-06 now"),
        # Edited physics.
        (replace(quick_plan(), sources="0" * 16), f"sources: '{sources()}' then, '{'0' * 16}' now"),
        (
            replace(quick_plan(), versions={**quick_plan().versions, "kwant": "2"}),
            f"versions.kwant: '{quick_plan().versions['kwant']}' then, '2' now",
        ),
    ):
        with pytest.raises(SystemFileError) as refusal:
            sweep(plan, path, resume=True)
        assert words in str(refusal.value)
    assert {p.name: p.read_bytes() for p in tmp_path.iterdir()} == content


def killed_when_grown(path: Path, growth: int, delay: float, workers: int) -> bool:
    """Run a sweep, kill -9 it and its workers once the journal has grown; say whether.

    Beside the result, the file "begun" then has the first point of every chunk that a worker began with.
    """
    code = ELSEWHERE.format(0.001) + (
        "    runner.compute = partial(noted, str(path.with_name('begun')))\n"
        "    where = backend('processes', int(sys.argv[3]))\n"
        "    runner.sweep(quick_plan(100), path, resume=True, where=where)"
    )
    path.with_name("begun").unlink(missing_ok=True)
    journal = journal_path(path)
    enough = growth + (journal.stat().st_size if journal.exists() else 0)
    arguments = [sys.executable, "-c", code, str(TESTS), str(path), str(workers)]
    process = subprocess.Popen(arguments, start_new_session=True)
    while process.poll() is None:
        grown = False
        with suppress(FileNotFoundError):
            grown = journal.stat().st_size >= enough
        if grown:
            time.sleep(delay)
            os.killpg(process.pid, signal.SIGKILL)
            break
        time.sleep(0.001)
    return process.wait() == -signal.SIGKILL


@pytest.mark.slow
def test_kill_9_and_resume_gives_the_same_bytes(tmp_path: Path) -> None:
    """Killed at random moments of the work, by one and by two workers; what was there stays there."""
    reference, path = tmp_path / "reference.nc", tmp_path / "r.nc"
    sweep(quick_plan(100), reference)
    moments, kills, last = random.Random(5), 0, -1
    while killed_when_grown(path, moments.randint(1, 40_000), moments.uniform(0, 0.03), 1 + kills % 2):
        kills += 1
        records = read(path)
        # Whatever was there before is there still.
        assert len(records) >= last
        last = len(records)
        # Of what was begun only chunks in flight are lost: that of the process itself, or what two workers
        # are at or have just handed over.
        begun = {int(first) for first in path.with_name("begun").read_text(encoding="utf-8").split()}
        kept = {point for record in records for point in record["points"]}
        assert len(begun - kept) <= (1 if kills % 2 else schedule.AHEAD * 2)
        assert kills < 30
    assert kills >= 2
    assert path.read_bytes() == reference.read_bytes()
    assert open_sweep(path).identical(open_sweep(reference))
    assert not journal_path(path).exists()


def test_the_header_is_the_plan(tmp_path: Path) -> None:
    interrupted(quick_plan(), tmp_path / "r.nc", after=12)
    first = journal_path(tmp_path / "r.nc").read_bytes().split(b"\n")[0]
    assert json.loads(first.split(b" ", 1)[1])["plan"] == json.loads(json.dumps(quick_plan().to_dict()))
