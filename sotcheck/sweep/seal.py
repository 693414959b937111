"""The result's file, written as a whole; its end is the SHA-256 of all before it.

HDF5 does not look beyond the end that it has noted itself, so that any program opens the file as it is. And a
file that was changed is told before HDF5 gets to see it: it would crash on some of them, and read others.
"""

from __future__ import annotations

import hashlib
import os
import re
from pathlib import Path

from sotcheck.errors import OutputError, SystemFileError
from sotcheck.run.inputs import open_regular
from sotcheck.run.output import replace

#: How every HDF5 file begins.
HDF5 = b"\x89HDF\r\n\x1a\n"
SEAL = "\nsotcheck sha256 {}\n"
LENGTH = len(SEAL.format("0" * 64))
#: Bytes read at a time.
BLOCK = 1 << 20
REMEDY = "have it from where it was written, or compute it again"


def sealed(content: bytes) -> bytes:
    """Return a file's content with its seal."""
    return content + SEAL.format(hashlib.sha256(content).hexdigest()).encode()


def refuse_changed(path: str | Path) -> None:
    """Refuse a file that does not end with the seal of what is before it.

    Raises
    ------
    SystemFileError
        Saying whether it was changed, or has no seal, or is no NetCDF file at all.
    OSError
        If it cannot be read, or is no regular file.
    """
    with os.fdopen(open_regular(path), "rb") as file:
        is_hdf5 = file.read(len(HDF5)) == HDF5
        left = max(os.fstat(file.fileno()).st_size - LENGTH, 0)
        file.seek(0)
        digest = hashlib.sha256()
        while left > 0 and (block := file.read(min(left, BLOCK))):
            digest.update(block)
            left -= len(block)
        end = file.read(LENGTH + 1)
    if end == SEAL.format(digest.hexdigest()).encode():
        return
    if re.fullmatch(SEAL.format("[0-9a-f]{64}").encode(), end):
        raise SystemFileError(f"{path}: was changed after 'sotcheck sweep' wrote it; {REMEDY}")
    if is_hdf5:
        raise SystemFileError(
            f"{path}: is a NetCDF file, but no result of 'sotcheck sweep', or cut short or changed since: "
            f"it does not end with a checksum; {REMEDY}"
        )
    raise SystemFileError(f"{path}: is not a NetCDF file that can be read; expected one of 'sotcheck sweep'")


def write_whole(path: Path, content: bytes) -> None:
    """Write the result as a whole and look at what is there then.

    Raises
    ------
    OutputError
        If the disk is full or fails; the journal is to be kept then.
    """
    try:
        replace(path, content)
        good = path.read_bytes() == content
    except OSError as error:
        raise OutputError(
            f"{path}: cannot be written ({error.strerror or error}); all points are kept beside it: "
            "make room, then go on with --resume"
        ) from None
    if not good:
        raise OutputError(
            f"{path}: reads otherwise than it was written; all points are kept beside it: choose another disk"
        )
