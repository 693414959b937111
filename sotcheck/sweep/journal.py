"""The journal beside the result: records appended as they arrive, so that nothing done is ever lost.

A record is one line: the CRC-32 of the rest, JSON, and after it what is bytes, each with its name after a
tab: as texts they would cost more than all else. Those of them that would end a line are others there, with
their places told. The first record says what determines the data. It is written twice, as no other record
can be read without it: their checksums go on from its own, so that records of another journal are none of
this one. Whatever is not a whole record (a torn last one, above all) is left out on reading.
"""

from __future__ import annotations

import base64
import errno
import json
import os
import re
import zlib
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from io import FileIO
from pathlib import Path
from typing import Any

import numpy as np

from sotcheck.errors import OutputError
from sotcheck.numerics.arrays import Index
from sotcheck.run.inputs import open_regular
from sotcheck.run.output import refuse_unwritable

Record = dict[str, Any]

#: What a first record may look like when the machine went down while it was written.
TORN_HEADER = rb"[0-9a-f]{0,8}( (\{[^\n]*)?)?"
#: Between the two copies of the header: one damaged byte at the end of a line must not join them.
BETWEEN = b"\n"
#: What ends a part of a line and a line, and the bit that turns these bytes into others.
TAB, END, BIT = *b"\t\n", 0x80
#: Bytes read at once; a record of thousands of points has some millions.
BUFFER = 1 << 20


def journal_path(result: Path) -> Path:
    """Return where the journal of a result lies."""
    return result.with_name(f"{result.name}.partial")


def encode(record: Record, start: int = 0) -> bytes:
    """Return the line of a record, its checksum going on from another one."""
    plain = {name: value for name, value in record.items() if not isinstance(value, bytes)}
    parts: list[bytes | bytearray] = [json.dumps(plain, separators=(",", ":"), allow_nan=False).encode()]
    for name, value in record.items():
        if isinstance(value, bytes):
            parts += [b"\t%s " % name.encode(), *_without_ends(value)]
    parts.append(b"\n")
    for part in parts:
        start = zlib.crc32(part, start)
    return b"".join([b"%08x " % start, *parts])


def decode(line: bytes, start: int = 0) -> Record | None:
    """Return the record of a line, or None if the line is not as it was written."""
    # Of megabytes there are to be few copies.
    if line[-1:] != b"\n" or line[:9] != b"%08x " % zlib.crc32(memoryview(line)[9:], start):
        return None
    text, _, rest = line[9:-1].partition(b"\t")
    with suppress(ValueError, IndexError, RecursionError):
        record = json.loads(text)
        while rest and isinstance(record, dict):
            part, _, rest = rest.partition(b"\t")
            name, places, content = part.split(b" ", 2)
            record[name.decode()] = _with_ends(places, content)
        return record if isinstance(record, dict) else None
    return None


def _without_ends(value: bytes) -> tuple[bytes, bytes | bytearray]:
    """Return where bytes would end a part or a line, as text and a space, and all, those with another bit."""
    found = np.frombuffer(value, np.uint8)
    places = np.flatnonzero((found == TAB) | (found == END)).astype("<u4")
    return base64.b64encode(places.tobytes()) + b" ", _switched(value, places)


def _with_ends(places: bytes, content: bytes) -> bytes:
    """Return the bytes of which `_without_ends` made these two."""
    return bytes(_switched(content, np.frombuffer(base64.b64decode(places, validate=True), "<u4")))


def _switched(content: bytes, places: Index) -> bytes | bytearray:
    """Return bytes some of which have another bit."""
    if not places.size:
        return content
    found = bytearray(content)
    np.frombuffer(found, np.uint8)[places] ^= BIT
    return found


def checksum(line: bytes) -> int:
    """Return the checksum of a whole line."""
    return int(line[:8], 16)


class Journal:
    """An open journal, locked against every other process; made by `open_journal`."""

    def __init__(self, path: Path, file: FileIO) -> None:
        self.path = path
        self._file, self._descriptor = file, file.fileno()
        #: The first record; None while there is none.
        self.header: Record | None = None
        #: Lines that could not be read when last looked at, and whose points are to be computed again.
        self.damaged = 0
        self._start = 0
        #: A line that is to be written again before the next one.
        self._again = b""
        self._find_header()
        # Until something is appended nothing is changed: the journal may turn out to be another sweep's.
        self._end = max((end for _, end, record in self._lines() if record is not None), default=0)

    def append(self, record: Record) -> int:
        """Write a record as a whole, onto the disk, or not at all; return where it begins.

        An OutputError says that the disk is full or fails, all earlier records being kept; or that the file
        has gone.
        """
        line = encode(record, self._start)
        if self.header is None:
            self.header, self._start, self._again = record, checksum(line), line + BETWEEN
        size = os.fstat(self._descriptor).st_size
        if size < self._end:
            # Someone has cut it short: after what is left of a line, the plan comes again.
            self._end, self._again = size, BETWEEN + encode(self.header) + BETWEEN
        start, line = self._end + len(self._again), self._again + line
        if not same_file(self.path, self._descriptor):
            raise OutputError(
                f"{self.path}: was removed or replaced while the sweep ran, and with it what was computed; "
                "run the sweep again, and leave this file alone"
            )
        try:
            # A torn record must not be in front of the next one.
            os.ftruncate(self._descriptor, self._end)
            rest = memoryview(line)
            while rest:
                rest = rest[os.write(self._descriptor, rest) :]
            os.fsync(self._descriptor)
        except OSError as error:
            with suppress(OSError):
                os.ftruncate(self._descriptor, self._end)
            raise OutputError(
                f"{self.path}: cannot be written ({error.strerror or error}); what is there is kept: "
                "make room, then go on with --resume"
            ) from None
        self._end += len(line)
        self._again = b""
        return start

    def records(self) -> Iterator[tuple[int, Record]]:
        """Yield all whole records after the header and where each begins, in order; count the others."""
        self.damaged = 0
        for start, _, record in self._lines():
            if record is None:
                self.damaged += 1
            elif record != self.header:
                yield start, record

    def record(self, start: int) -> Record | None:
        """Return the record that begins there, or None if there is none as it was written."""
        return decode(next(self._raw(start), b""), self._start)

    def remove(self) -> None:
        """Delete the file, if it is there: under the lock, but on Windows, which deletes no open file."""
        if os.name == "nt":
            self._file.close()
        with suppress(FileNotFoundError, PermissionError):
            self.path.unlink()

    def _find_header(self) -> None:
        """Find a whole copy of the header, refusing a file in which there is none though there should be."""
        copies = [line for line in self._raw() if line[8:].startswith(b' {"plan":') and decode(line)]
        if copies:
            self.header, self._start = decode(copies[0]), checksum(copies[0])
            # One of the two is damaged: before the other one is as well.
            self._again = copies[0] + BETWEEN if copies.count(copies[0]) == 1 else b""
        elif not re.fullmatch(TORN_HEADER, b"".join(self._raw())):
            raise OutputError(
                f"{self.path}: is no journal of a sweep, or its plan is damaged, both copies; move it away, "
                "or choose another --output"
            )

    def _lines(self) -> Iterator[tuple[int, int, Record | None]]:
        """Yield where each line that is not blank begins and ends, and its record."""
        start = end = 0
        for line in self._raw():
            start, end = end, end + len(line)
            if line != BETWEEN:
                record = decode(line, self._start)
                # Later copies of the header go on from nothing, as the first one.
                yield start, end, self.header if record is None and decode(line) == self.header else record

    def _raw(self, start: int = 0) -> Iterator[bytes]:
        """Yield the lines from some place on."""
        # By our own descriptor: the lock of another one would end ours on some systems, forbid it on others.
        with os.fdopen(os.dup(self._descriptor), "rb", BUFFER) as file:
            file.seek(start)
            yield from file


def same_file(path: Path, descriptor: int) -> bool:
    """Say whether what has been opened is what has that name now."""
    with suppress(FileNotFoundError):
        return os.path.samestat(path.stat(), os.fstat(descriptor))
    return False


@contextmanager
def open_journal(result: Path, *, resume: bool) -> Iterator[Journal]:
    """Open and lock the journal of a result, creating an empty one if there is none.

    `resume` says whether a result or a journal may be there. An OutputError says that another process is at
    it, or that something would be lost, or that it cannot be written.
    """
    refuse_unwritable(result)
    path = journal_path(result)
    with FileIO(_locked(path, result), "r+") as file:
        journal = Journal(path, file)
        try:
            # Looked at under the lock: a run that has just ended leaves a result, and no journal.
            if not resume and result.exists():
                raise OutputError(f"{result}: is there already; remove it, or choose another --output")
            if not resume and journal.header is not None:
                raise OutputError(
                    f"{path}: an unfinished sweep is there; go on with --resume, or remove it to start anew"
                )
            yield journal
        finally:
            # A plan without a point: nothing is lost.
            nothing = journal.header is None or not (any(journal.records()) or journal.damaged)
            if nothing and same_file(path, file.fileno()):
                journal.remove()


def _locked(path: Path, result: Path) -> int:
    """Return the descriptor of the journal, created if need be, with the lock on it."""
    try:
        # Not every system has locks; it is needed by sweeps alone.
        import portalocker
    except ImportError as error:
        raise OutputError(
            f"{path}: cannot be locked against other sweeps on this system ({error}); sweep on another one"
        ) from None
    # A regular file, and no link to someone else's.
    flags = os.O_RDWR | os.O_CREAT | os.O_APPEND | getattr(os, "O_NOFOLLOW", 0)
    while True:
        try:
            descriptor = open_regular(path, flags)
        except OSError as error:
            why = "is a link" if error.errno == errno.ELOOP else error.strerror
            raise OutputError(f"{path}: cannot be written ({why}); choose another --output") from None
        try:
            portalocker.lock(descriptor, portalocker.LockFlags.EXCLUSIVE | portalocker.LockFlags.NON_BLOCKING)
            # The run before us may have finished, and deleted the file, between our two steps.
            if same_file(path, descriptor):
                return descriptor
            refusal = None
        except portalocker.AlreadyLocked:
            refusal = f"{result}: another sweep is writing it; wait for its end, or choose another --output"
        except (portalocker.LockException, OSError) as error:
            refusal = f"{path}: cannot be locked ({error}); choose an --output on a file system with locks"
        os.close(descriptor)
        if refusal:
            raise OutputError(refusal)
