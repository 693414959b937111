"""The end of a result: the SHA-256 of all before it.

HDF5 does not look beyond the end that it has noted itself, so that any program opens the file as it is. And a
file that was changed is told before HDF5 gets to see it: it would crash on some of them, and read others.
"""

from __future__ import annotations

import hashlib
import os
import re
from pathlib import Path
from typing import BinaryIO

from sotcheck.errors import SystemFileError
from sotcheck.run.inputs import open_regular

#: How every HDF5 file begins.
HDF5 = b"\x89HDF\r\n\x1a\n"
SEAL = "\nsotcheck sha256 {}\n"
LENGTH = len(SEAL.format("0" * 64))
REMEDY = "have it from where it was written, or compute it again"


def seal(file: BinaryIO) -> None:
    """Put the seal at the end of an open file."""
    size = file.seek(0, os.SEEK_END)
    file.write(_of(file, size))


def _of(file: BinaryIO, size: int) -> bytes:
    """Return the seal of so many bytes, and stay behind them."""
    file.seek(0)
    digest = hashlib.sha256()
    while size > 0 and (block := file.read(min(size, 1 << 20))):
        digest.update(block)
        size -= len(block)
    return SEAL.format(digest.hexdigest()).encode()


def refuse_changed(path: str | Path) -> None:
    """Refuse a file that does not end with the seal of what is before it."""
    with os.fdopen(open_regular(path), "rb") as file:
        is_hdf5 = file.read(len(HDF5)) == HDF5
        right = _of(file, max(os.fstat(file.fileno()).st_size - LENGTH, 0))
        end = file.read(LENGTH + 1)
    if end == right:
        return
    if re.fullmatch(SEAL.format("[0-9a-f]{64}").encode(), end):
        raise SystemFileError(f"{path}: was changed after 'sotcheck sweep' wrote it; {REMEDY}")
    if is_hdf5:
        raise SystemFileError(
            f"{path}: is a NetCDF file, but no result of 'sotcheck sweep', or cut short or changed since: "
            f"it does not end with a checksum; {REMEDY}"
        )
    raise SystemFileError(f"{path}: is not a NetCDF file that can be read; expected one of 'sotcheck sweep'")
