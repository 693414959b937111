"""What the documentation shows of Python runs and prints what it says; notebooks run from end to end."""

from __future__ import annotations

import io
import json
import re
from contextlib import redirect_stdout
from pathlib import Path
from typing import Any

import matplotlib.pyplot as plt
import notebooks
import pytest

PAGE = Path(__file__).resolve().parent.parent / "docs" / "how-to" / "python.md"
#: Headings of what has to be short, and the longest.
BARS = (
    "Torque against the angle of m", "Equations (14) and (15) against exact spin currents",
    "The h_R at which first order is off by 5 %", "Spin density against z", "What bound states carry",
    "A sweep on a Dask cluster",
)  # fmt: skip
LONGEST = 5
#: What runs with less to do.
SMALLER = {
    "workers=2": "workers=1",
    "np.linspace(0.1, 1.0, 10), E_F=[1.2, 1.5, 2.0]": "[0.1, 0.2], E_F=[1.2, 1.5]",
}


def pieces() -> list[tuple[str, str, str]]:
    """Return (heading, language, text) of every block of the page."""
    found, heading = [], ""
    for part in re.split(r"^(?=## )|^(?=```)", PAGE.read_text(encoding="utf-8"), flags=re.MULTILINE):
        if part.startswith("## "):
            heading = part.splitlines()[0][3:]
        elif match := re.match(r"```(\w+)\n(.*)", part, flags=re.DOTALL):
            found.append((heading, match[1], match[2]))
    return found


def test_every_snippet_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In their order, each with what was named before; texts below them are what they print."""
    monkeypatch.chdir(tmp_path)
    names: dict[str, Any] = {}
    printed = ""
    for heading, language, text in pieces():
        if language == "text":
            assert printed.split() == text.split(), heading
            continue
        for much, less in SMALLER.items():
            text = text.replace(much, less)
        with redirect_stdout(io.StringIO()) as out:
            exec(text, names)
        printed = out.getvalue()
        plt.close("all")
    told = [name for name in names["frame"].columns[:10] if not name.startswith("magnetization")]
    assert told == ["theta", "engine", "scheme", "h_R", "source", "fieldlike", "dampinglike"]
    assert Path("result.nc").exists()


def test_what_has_to_be_short_is() -> None:
    """Every question of these takes five lines, imports apart; a sixth would be seen."""
    first = {heading: text for heading, language, text in reversed(pieces()) if language == "python"}
    for heading in BARS:
        assert len(first[heading].strip().splitlines()) <= LONGEST, heading


@pytest.mark.parametrize("path", notebooks.TUTORIALS, ids=lambda path: str(path.stem))
@pytest.mark.filterwarnings("ignore:MUMPS is not available:RuntimeWarning")
def test_notebooks(path: Path) -> None:
    """Each runs, and what is kept of it is as much as it shows now, pictures and tables."""
    kept, now = json.loads(path.read_text(encoding="utf-8")), notebooks.execute(path)
    for before, after in zip(kept["cells"], now["cells"], strict=True):
        kinds = [
            [sorted(one.get("data", {"text": None})) for one in cell.get("outputs", [])]
            for cell in (before, after)
        ]
        assert kinds[0] == kinds[1], "".join(after["source"])
    shown = [one.get("data", {}) for cell in now["cells"] for one in cell.get("outputs", [])]
    assert sum("image/png" in data for data in shown) >= 1


def test_a_cell_that_fails_is_seen() -> None:
    with pytest.raises(ZeroDivisionError):
        notebooks.run("x = 1\nx / 0", {})
    assert notebooks.run("print(1)\n2", {})[1]["data"] == {"text/plain": ["2"]}
