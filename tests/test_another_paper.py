"""`sotcheck audit --paper`: the README's example, its page, its workers; what is no paper is refused."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest
from conftest import Command, Run

README = (Path(__file__).resolve().parent.parent / "README.md").read_text(encoding="utf-8")
(EXAMPLE,) = re.findall(r"^```python\n((?:(?!```).)*Paper\(.*?)^```$", README, re.DOTALL | re.MULTILINE)
HEAD = "from sotcheck.trial.paper import Paper\n\npaper = Paper('mine', 'Mine')\n"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working folder with the README's paper in it."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "mypaper.py").write_text(EXAMPLE, encoding="utf-8")
    return tmp_path


@pytest.fixture
def audit(sotcheck: Command) -> Callable[..., Run]:
    return partial(sotcheck, "audit", "--paper", "mypaper.py")


def test_a_wrong_sign_is_found_and_shown(folder: Path, audit: Callable[..., Run]) -> None:
    """The rows, the seeded faults, pages that speak of this paper and no other; the same by processes."""
    found = audit("--workers", "1", "--power", "--output", "pages", "--json", "-")
    assert found.status == 1
    document = json.loads(found.out)
    verdicts = {(row["equation"], row["engine"]): row["verdict"] for row in document["verdicts"]}
    assert verdicts == {
        (f"({number})", engine): "disagrees" if number == 3 else "agrees"
        for number in (1, 2, 3)
        for engine in ("continuum", "kwant")
    }
    assert {fault["outcome"] for fault in document["power"]} == {"flagged", "no effect"}
    for name in ("README.md", "index.html"):
        page = (folder / "pages" / name).read_text(encoding="utf-8")
        title = "Torque of a spin-dependent barrier"
        assert f"Every numbered equation of “{title}”, as it is written down" in page
        assert "1 of 3 numbered equations disagree as transcribed." in page
        assert not re.search(r"Kim|Phys\. Rev|machine|journal|Table I|Figures|Claims in words", page)
    assert "from the numbers alone: the sign is wrong" in page
    assert page.count('class="scatter"') == 3
    # Workers load it from the same file, in whatever folder they are.
    assert audit("--workers", "2", "--power", "--json", "-").out == found.out


def test_figures_and_tables_of_ones_own(folder: Path, audit: Callable[..., Run]) -> None:
    """A paper draws on an empty figure, from data as JSON has them."""
    more = """

@paper.figure("sine", "A sine", size=(3, 2))
def draw(figure, data):
    figure.subplots().plot(data["curve"]["x"], data["curve"]["y"])


@draw.part("curve")
def curve():
    x = np.linspace(0, 6, 20)
    return {"x": x, "y": np.sin(x)}


@paper.table("both", "Table of two")
def both():
    return [{"what": "one", "value": 1.5}, {"what": "none", "value": None}]
"""
    (folder / "mypaper.py").write_text(EXAMPLE + more, encoding="utf-8")
    assert audit("--workers", "1", "--output", "pages").status == 1
    page = (folder / "pages" / "README.md").read_text(encoding="utf-8")
    assert "## Figures and Table of two from exact numerics" in page
    assert "![A sine](figures/sine.svg)" in page
    assert "| one | 1.5 |" in page
    assert (folder / "pages" / "figures" / "sine.svg").read_text(encoding="utf-8").startswith("<?xml")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (None, r"mine\.py: there is no such file"),
        ("x = 1", r"mine\.py: it defines no `paper = Paper\(...\)`"),
        ("1 / 0", r"mine\.py: cannot be read \(ZeroDivisionError: division by zero\)"),
        ("def f(:", r"mine\.py: cannot be read \(SyntaxError"),
        (HEAD + "paper.define('1', '', tex='', why='')\n" * 2, "two entries have the key 'definition-1'"),
        (
            HEAD + "from sotcheck.exact.quantities import torque\n"
            "@paper.equation('1', of=torque.of('normal'))\ndef eq1(s):\n    return s.nothing\n",
            "eq1 fails on generic: AttributeError: .*nothing",
        ),
    ],
)
def test_what_is_no_paper_is_refused(sotcheck: Command, text: str | None, words: str, tmp_path: Path) -> None:
    """With status 2 and one line that says what is wrong with which file."""
    if text is not None:
        (tmp_path / "mine.py").write_text(text, encoding="utf-8")
    found = sotcheck("audit", "--paper", str(tmp_path / "mine.py"), "--workers", "1")
    (line,) = found.err.splitlines()
    assert found.status == 2
    assert re.search(words, line)
