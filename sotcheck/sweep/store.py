"""The journal beside the result: records appended as they arrive, so that nothing done is ever lost.

A record is one line: length and CRC-32 of its JSON, then the JSON. The first one says what determines the
data. Whatever is not a whole record (a torn last one, above all) is left out on reading.
"""

from __future__ import annotations

import fcntl
import json
import os
import re
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NoReturn

from sotcheck.errors import OutputError
from sotcheck.output import refuse_unwritable

Record = dict[str, Any]

#: What a first record may look like when the machine went down while it was written.
TORN_HEADER = rb"\d*( [0-9a-f]{0,8}( \{?[^\n]*)?)?"


def journal_path(result: Path) -> Path:
    """Return where the journal of a result lies."""
    return result.with_name(f"{result.name}.partial")


def encode(record: Record) -> bytes:
    """Return the line of a record."""
    payload = json.dumps(record, separators=(",", ":"), allow_nan=False).encode()
    return b"%d %08x " % (len(payload), zlib.crc32(payload)) + payload + b"\n"


def decode(line: bytes) -> Record | None:
    """Return the record of a line, or None if the line is not as it was written."""
    length, _, rest = line.partition(b" ")
    crc, _, payload = rest.partition(b" ")
    whole = payload.endswith(b"\n") and length == b"%d" % (len(payload) - 1)
    if not whole or crc != b"%08x" % zlib.crc32(payload[:-1]):
        return None
    return dict(json.loads(payload))


class Journal:
    """An open journal, locked against every other process; made by `open_journal`.

    Attributes
    ----------
    path : Path
    header : dict or None
        The first record; None while there is none.
    damaged : int
        Lines that could not be read and whose points are to be computed again.
    """

    def __init__(self, path: Path, descriptor: int) -> None:
        self.path = path
        self._descriptor = descriptor
        self.header: Record | None = None
        self.damaged = 0
        self._end = 0
        for position, record in self._lines():
            if record is None:
                self.damaged += 1
            else:
                self.header = self.header or record
                self._end = position
        torn = self.header is None and re.fullmatch(TORN_HEADER, path.read_bytes())
        if not torn and "plan" not in (self.header or {}):
            raise OutputError(f"{path}: is no journal of a sweep; move it away, or choose another --output")
        # A torn record must not be in front of the next one.
        os.ftruncate(descriptor, self._end)

    def append(self, record: Record) -> None:
        """Write a record as a whole, onto the disk, or not at all.

        Raises
        ------
        OutputError
            If the disk is full or fails; all earlier records are kept.
        """
        line = encode(record)
        try:
            rest = memoryview(line)
            while rest:
                rest = rest[os.write(self._descriptor, rest) :]
            os.fsync(self._descriptor)
        except OSError as error:
            self._undo(error)
        self._end += len(line)
        self.header = self.header or record

    def records(self) -> Iterator[Record]:
        """Yield all whole records after the header, in order of arrival."""
        whole = (record for _, record in self._lines() if record is not None)
        next(whole, None)
        yield from whole

    def remove(self) -> None:
        """Delete the file, still under the lock."""
        self.path.unlink()

    def _lines(self) -> Iterator[tuple[int, Record | None]]:
        """Yield the position after each line, and its record."""
        with self.path.open("rb") as file:
            position = 0
            for line in file:
                position += len(line)
                yield position, decode(line)

    def _undo(self, error: OSError) -> NoReturn:
        os.ftruncate(self._descriptor, self._end)
        raise OutputError(
            f"{self.path}: cannot be written ({error.strerror or error}); what is there is kept: "
            "make room, then go on with --resume"
        ) from None


@contextmanager
def open_journal(result: Path, *, resume: bool) -> Iterator[Journal]:
    """Open and lock the journal of a result, creating an empty one if there is none.

    Parameters
    ----------
    result : Path
        The NetCDF file that the sweep will become.
    resume : bool
        Whether a result or a journal may be there.

    Raises
    ------
    OutputError
        If another process is at it, or there is something that would be lost, or it cannot be written.
    """
    refuse_unwritable(result)
    path = journal_path(result)
    descriptor = _locked(path, result)
    try:
        journal = Journal(path, descriptor)
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
            if journal.header is None:
                path.unlink(missing_ok=True)
    finally:
        os.close(descriptor)


def _locked(path: Path, result: Path) -> int:
    """Return the descriptor of the journal, created if need be, with the lock on it."""
    while True:
        try:
            descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o666)
        except OSError as error:
            raise OutputError(
                f"{path}: cannot be written ({error.strerror}); choose another --output"
            ) from None
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            # The run before us may have finished, and deleted the file, between our two steps.
            if path.exists() and os.path.samestat(path.stat(), os.fstat(descriptor)):
                return descriptor
        except BlockingIOError:
            os.close(descriptor)
            raise OutputError(
                f"{result}: another sweep is writing it; wait for its end, or choose another --output"
            ) from None
        except OSError as error:
            os.close(descriptor)
            raise OutputError(
                f"{path}: cannot be locked ({error.strerror}); choose an --output on a file system with locks"
            ) from None
        os.close(descriptor)


def write_whole(path: Path, content: bytes) -> None:
    """Write a file aside, then rename it; under the journal's lock, so that the place aside is ours.

    Raises
    ------
    OutputError
        If the disk is full or fails; nothing is left behind then.
    """
    aside = path.with_name(f"{path.name}.aside")
    try:
        with aside.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.replace(aside, path)
        folder = os.open(path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
    except OSError as error:
        aside.unlink(missing_ok=True)
        raise OutputError(
            f"{path}: cannot be written ({error.strerror or error}); all points are kept beside it: "
            "make room, then go on with --resume"
        ) from None
