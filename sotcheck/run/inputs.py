"""Reading what a user names: regular files of a sensible size, everything else refused at once."""

from __future__ import annotations

import errno
import os
import stat
from pathlib import Path

#: System files and tables have kilobytes, maps of trust limits megabytes.
MOST_BYTES = 100_000_000
KINDS = {
    stat.S_IFDIR: "a folder; expected a file",
    stat.S_IFIFO: "a named pipe; expected a regular file",
    stat.S_IFSOCK: "a socket; expected a regular file",
    stat.S_IFCHR: "a device; expected a regular file",
    stat.S_IFBLK: "a device; expected a regular file",
}


def open_regular(path: str | os.PathLike[str], flags: int = os.O_RDONLY) -> int:
    """Return the descriptor of a regular file; a pipe or a device is not waited for.

    Raises
    ------
    OSError
        If it cannot be opened or is no regular file; `strerror` says what was found and is accepted.
    """
    # On Windows, lines would be translated without O_BINARY, and the other two do not exist.
    for name in ("O_BINARY", "O_NONBLOCK", "O_CLOEXEC"):
        flags |= getattr(os, name, 0)
    descriptor = os.open(path, flags, 0o666)
    kind = stat.S_IFMT(os.fstat(descriptor).st_mode)
    if kind == stat.S_IFREG:
        return descriptor
    os.close(descriptor)
    # Python makes an IsADirectoryError of the first.
    number = errno.EISDIR if kind == stat.S_IFDIR else errno.EINVAL
    raise OSError(number, f"is {KINDS.get(kind, 'no file; expected a regular file')}", str(path))


def read_bytes(path: Path, most: int = MOST_BYTES) -> bytes:
    """Return the content of a regular file of at most so many bytes.

    Raises
    ------
    OSError
        If it cannot be read, is no regular file, or is larger; `strerror` says which.
    """
    with os.fdopen(open_regular(path), "rb") as file:
        # Files of /proc have no size, and some of them no end.
        large = os.fstat(file.fileno()).st_size > most
        content = b"" if large else file.read(most + 1)
    if large or len(content) > most:
        raise OSError(errno.EFBIG, f"is larger than the {most:,} bytes that are accepted", str(path))
    return content
