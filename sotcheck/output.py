"""Writing results: aside first, then renamed, so that nothing is ever half-written."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from sotcheck.errors import OutputError


def write_text(path: Path, text: str) -> None:
    """Write a file as a whole or not at all.

    Raises
    ------
    OutputError
        If the folder does not exist or cannot be written.
    """
    aside: str | None = None
    try:
        descriptor, aside = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        umask = os.umask(0)
        os.umask(umask)
        os.chmod(aside, 0o666 & ~umask)
        os.replace(aside, path)
    except OSError as error:
        if aside is not None:
            Path(aside).unlink(missing_ok=True)
        raise OutputError(
            f"{path}: cannot be written ({error.strerror or error}); choose another place with --json or --output"
        ) from None


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
