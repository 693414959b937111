"""Reading what a user names: regular files of a sensible size, everything else refused at once."""

from __future__ import annotations

import errno
import os
import stat
from pathlib import Path

DEVICES = (stat.S_IFCHR, stat.S_IFBLK)
#: System files and tables have kilobytes, maps of trust limits megabytes.
MOST_BYTES = 100_000_000
KINDS = {stat.S_IFIFO: "a named pipe", stat.S_IFSOCK: "a socket", **dict.fromkeys(DEVICES, "a device")}


def open_regular(path: str | os.PathLike[str], flags: int = os.O_RDONLY) -> int:
    """Return the descriptor of a regular file; a pipe or a device is not waited for.

    The `strerror` of an OSError says what was found and is accepted.
    """
    # On Windows, lines would be translated without O_BINARY, and the other two do not exist.
    for name in ("O_BINARY", "O_NONBLOCK", "O_CLOEXEC"):
        flags |= getattr(os, name, 0)
    descriptor = os.open(path, flags, 0o666)
    kind = stat.S_IFMT(os.fstat(descriptor).st_mode)
    if kind == stat.S_IFREG:
        return descriptor
    os.close(descriptor)
    if kind == stat.S_IFDIR:
        # Python makes an IsADirectoryError of it.
        raise OSError(errno.EISDIR, "is a folder; expected a file", str(path))
    raise OSError(errno.EINVAL, f"is {KINDS.get(kind, 'no file')}; expected a regular file", str(path))


def read_bytes(path: Path, most: int = MOST_BYTES) -> bytes:
    """Return the content of a regular file of at most so many bytes; OSErrors are those of `open_regular`."""
    with os.fdopen(open_regular(path), "rb") as file:
        # Files of /proc have no size, and some of them no end.
        large = os.fstat(file.fileno()).st_size > most
        content = b"" if large else file.read(most + 1)
    if large or len(content) > most:
        raise OSError(errno.EFBIG, f"is larger than the {most:,} bytes that are accepted", str(path))
    return content
