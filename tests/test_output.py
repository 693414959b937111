"""Writing: whole files or none, no device or link replaced, errors before the work where they can be seen."""

from __future__ import annotations

import os
import stat
import threading
from pathlib import Path
from unittest.mock import Mock

import pytest

from sotcheck.errors import OutputError
from sotcheck.run.output import make_folder, refuse_unwritable, write_text


def test_writes_and_overwrites(tmp_path: Path) -> None:
    """UTF-8, the usual permissions, nothing left beside it."""
    path = tmp_path / "a.json"
    write_text(path, "old")
    write_text(path, "ħ²/2mₑ = 1\n")
    assert path.read_bytes() == "ħ²/2mₑ = 1\n".encode()
    umask = os.umask(0)
    os.umask(umask)
    assert stat.S_IMODE(path.stat().st_mode) == 0o666 & ~umask
    assert os.listdir(tmp_path) == ["a.json"]


@pytest.mark.parametrize("failing", ["fsync", "replace"])
def test_interrupted_writing_leaves_the_old_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, failing: str
) -> None:
    """A full disk is a message, Ctrl-C stays Ctrl-C; neither leaves half a file, or a file aside."""
    path = tmp_path / "a.json"
    write_text(path, "old")
    for raised, expected in (
        (OSError(28, "disk full"), OutputError),
        (KeyboardInterrupt(), KeyboardInterrupt),
    ):
        monkeypatch.setattr(os, failing, Mock(side_effect=raised))
        with pytest.raises(expected):
            write_text(path, "new")
        assert path.read_text() == "old"
        assert os.listdir(tmp_path) == ["a.json"]


def test_a_pipe_is_written_to_not_replaced(tmp_path: Path) -> None:
    """As any device: renaming a file onto /dev/null would take it from everyone on the machine."""
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    heard: list[str] = []
    reader = threading.Thread(target=lambda: heard.append(pipe.read_text()))
    reader.start()
    refuse_unwritable(pipe)
    write_text(pipe, "text")
    reader.join(timeout=10)
    assert heard == ["text"]
    assert stat.S_ISFIFO(pipe.stat().st_mode)
    assert os.listdir(tmp_path) == ["pipe"]


def test_a_link_stays_a_link(tmp_path: Path) -> None:
    """The file it leads to is written, whether it exists or not."""
    (tmp_path / "there").mkdir()
    link = tmp_path / "link"
    link.symlink_to("there/a.json")
    for text in ("new", "newer"):
        refuse_unwritable(link)
        write_text(link, text)
        assert link.is_symlink()
        assert (tmp_path / "there" / "a.json").read_text() == text


def test_unwritable_places(tmp_path: Path) -> None:
    """A folder, a missing folder, below a file, too long a name: refused beforehand and when writing."""
    file = tmp_path / "file"
    file.write_text("")
    places = {
        tmp_path: "is a folder",
        tmp_path / "missing" / "a.json": "its folder does not exist",
        file / "a.json": "",
        tmp_path / ("a" * 300): "File name too long",
    }
    for place, reason in places.items():
        with pytest.raises(OutputError) as early:
            refuse_unwritable(place)
        assert str(early.value).startswith(f"{place}: ")
        assert reason in str(early.value)
        with pytest.raises(OutputError) as late:
            write_text(place, "text")
        assert str(late.value).startswith(f"{place}: cannot be written (")
    assert os.listdir(tmp_path) == ["file"]


def test_folders(tmp_path: Path) -> None:
    """Made with their parents; not below a file."""
    make_folder(tmp_path / "a" / "b")
    make_folder(tmp_path / "a" / "b")
    assert (tmp_path / "a" / "b").is_dir()
    file = tmp_path / "file"
    file.write_text("")
    for place in (file, file / "below"):
        with pytest.raises(OutputError, match=r"no folder can be made there .*--output"):
            make_folder(place)
