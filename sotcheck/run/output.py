"""Writing results: aside first, then renamed, so that nothing is ever half-written."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import BinaryIO

from sotcheck.errors import OutputError


@contextmanager
def _told(path: Path, what: str = "cannot be written ({}); choose another place") -> Iterator[None]:
    """Tell of a failure by the name of the file."""
    try:
        yield
    except OSError as error:
        raise OutputError(f"{path}: {what.format(error.strerror or error)}") from None


def refuse_unwritable(path: Path) -> None:
    """Refuse by an OutputError, before the work, a folder, and a file whose folder cannot be written."""
    with _told(path):
        if path.is_dir():
            raise OutputError(f"{path}: is a folder; give the name of a file")
        # Of a link, what it leads to is written.
        folder = Path(os.path.realpath(path)).parent
        if not path.exists() and not (folder.is_dir() and os.access(folder, os.W_OK)):
            raise OutputError(f"{path}: its folder does not exist or cannot be written; choose another place")


def write_text(path: Path, text: str) -> None:
    """Write a file as `write_texts` does."""
    write_texts({path: text})


def write_texts(texts: dict[Path, str]) -> None:
    """Write files that belong together: none is there before all have been written aside.

    Each as a whole or not at all; into a device or a pipe, directly. An OutputError says that a folder does
    not exist or cannot be written.
    """
    with ExitStack() as stack:
        aside = {}
        for path, text in texts.items():
            with _told(path):
                if path.exists() and not path.is_file():
                    # Renaming onto /dev/null, a terminal or a named pipe would replace it by a file.
                    path.write_text(text, encoding="utf-8")
                else:
                    aside[path] = _written_aside(path, text.encode(), stack)
        for path, written in aside.items():
            with _told(path):
                _put(written, path)


def replace(path: Path, content: bytes | Callable[[BinaryIO], None]) -> None:
    """Write a file aside under a fresh name, onto the disk, then rename it; of a link, what it leads to.

    `content` is what is in it, or writes that into a file that is open for both. After an OSError the file is
    what it was, and nothing is left aside.
    """
    with ExitStack() as stack:
        _put(_written_aside(path, content, stack), path)


def _written_aside(path: Path, content: bytes | Callable[[BinaryIO], None], stack: ExitStack) -> Path:
    """Write a file under another name in the same folder, which has gone in the end, whatever happens."""
    descriptor, name = tempfile.mkstemp(dir=Path(os.path.realpath(path)).parent, prefix=".sotcheck-")
    stack.callback(Path(name).unlink, missing_ok=True)
    with os.fdopen(descriptor, "w+b") as file:
        if isinstance(content, bytes):
            file.write(content)
        else:
            content(file)
        file.flush()
        os.fsync(file.fileno())
    umask = os.umask(0)
    os.umask(umask)
    os.chmod(name, 0o666 & ~umask)
    return Path(name)


def _put(written: Path, path: Path) -> None:
    """Give what was written aside its name, on the disk too where folders can be opened (not on Windows)."""
    target = os.path.realpath(path)
    os.replace(written, target)
    if os.name == "posix":
        descriptor = os.open(os.path.dirname(target), os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def make_folder(path: Path) -> None:
    """Create a folder with its parents, or say in an OutputError why not."""
    with _told(path, "no folder can be made there ({}); choose another with --output"):
        path.mkdir(parents=True, exist_ok=True)
