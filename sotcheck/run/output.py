"""Writing results: aside first, then renamed, so that nothing is ever half-written."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from sotcheck.errors import OutputError


def refuse_unwritable(path: Path) -> None:
    """Say before the work, not after it, that a file cannot be written there.

    Raises
    ------
    OutputError
        If the path is a folder, or its folder does not exist or cannot be written.
    """
    try:
        if path.is_dir():
            raise OutputError(f"{path}: is a folder; give the name of a file")
        # Of a link, what it leads to is written.
        folder = Path(os.path.realpath(path)).parent
        if not path.exists() and not (folder.is_dir() and os.access(folder, os.W_OK)):
            raise OutputError(f"{path}: its folder does not exist or cannot be written; choose another place")
    except OSError as error:
        raise _cannot(path, error) from None


def write_text(path: Path, text: str) -> None:
    """Write a file as a whole or not at all; into a device or a pipe, write directly.

    Raises
    ------
    OutputError
        If the folder does not exist or cannot be written.
    """
    write_texts({path: text})


def write_texts(texts: dict[Path, str]) -> None:
    """Write files that belong together: none is there before all have been written aside.

    Raises
    ------
    OutputError
        As `write_text`, which says how each is written.
    """
    aside: dict[Path, Path] = {}
    try:
        for path, text in texts.items():
            try:
                if path.exists() and not path.is_file():
                    # Renaming onto /dev/null, a terminal or a named pipe would replace it by a file.
                    path.write_text(text, encoding="utf-8")
                else:
                    _write_aside(path, text.encode(), aside)
            except OSError as error:
                raise _cannot(path, error) from None
        for path in list(aside):
            try:
                _put(path, aside)
            except OSError as error:
                raise _cannot(path, error) from None
    finally:
        for left in aside.values():
            left.unlink(missing_ok=True)


def replace(path: Path, content: bytes) -> None:
    """Write a file aside under a fresh name, onto the disk, then rename it; of a link, what it leads to.

    Raises
    ------
    OSError
        If that fails; the file is then what it was, and nothing is left aside.
    """
    aside: dict[Path, Path] = {}
    try:
        _write_aside(path, content, aside)
        _put(path, aside)
    finally:
        for left in aside.values():
            left.unlink(missing_ok=True)


def _write_aside(path: Path, content: bytes, aside: dict[Path, Path]) -> None:
    """Write a file under another name in the same folder, and keep record of it from the beginning."""
    descriptor, name = tempfile.mkstemp(dir=Path(os.path.realpath(path)).parent, prefix=".sotcheck-")
    aside[path] = Path(name)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    umask = os.umask(0)
    os.umask(umask)
    os.chmod(name, 0o666 & ~umask)


def _put(path: Path, aside: dict[Path, Path]) -> None:
    """Give what was written aside its name."""
    target = Path(os.path.realpath(path))
    os.replace(aside[path], target)
    del aside[path]
    _sync_folder(target.parent)


def _sync_folder(folder: Path) -> None:
    """Have the new name on the disk as well, where a folder can be opened (on Windows it cannot)."""
    if os.name == "posix":
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def make_folder(path: Path) -> None:
    """Create a folder with its parents.

    Raises
    ------
    OutputError
        If that is not possible.
    """
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutputError(
            f"{path}: no folder can be made there ({error.strerror or error}); choose another with --output"
        ) from None


def _cannot(path: Path, error: OSError) -> OutputError:
    return OutputError(f"{path}: cannot be written ({error.strerror or error}); choose another place")
