"""A folder of reports: the overview lists all, none is overwritten by another, no text acts on a page."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

import sotcheck as sc
from sotcheck.command.main import cli
from sotcheck.pages.overview import write_overview
from sotcheck.pages.publish import render
from sotcheck.pages.report import shown
from sotcheck.pages.sweep import listed
from sotcheck.run.plaintext import is_one_line, markdown, markdown_code, one_line, visible
from sotcheck.system.files import read_text, to_document

COMMITTED = Path(__file__).resolve().parent.parent / "reports"
#: Escapes, overrides and marks of direction, line breaks of Unicode, half a character, an invisible tag.
HOSTILE = [
    "\x00", "\x07", "\x1b[31m", "\x7f", "\x9b2J", "\u061c", "\u200e", "\u200f", "\u2028", "\u2029",
    *map(chr, range(0x202A, 0x202F)), *map(chr, range(0x2066, 0x206A)), "\ufeff", "\udcff", "\U000e0041",
]  # fmt: skip


def report(*args: str) -> Result:
    return CliRunner().invoke(cli, ["report", *args, "--workers", "1"])


def committed(name: str) -> dict[str, Any]:
    data: dict[str, Any] = json.loads((COMMITTED / name / "report.json").read_text(encoding="utf-8"))
    return data


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with the committed report of one system, where another is written without the work.

    It has the committed numbers of another system under the new system's name, and no figures.
    """
    (tmp_path / "bulk-magnetism").mkdir()
    shutil.copy(COMMITTED / "bulk-magnetism" / "report.json", tmp_path / "bulk-magnetism")
    data = committed("topological-insulator")

    def fake(iface: sc.Interface, argument: str) -> dict[str, Any]:
        provenance = {**data["provenance"], "command": f"sotcheck report {argument}"}
        return {**data, "system": to_document(iface), "provenance": provenance}

    monkeypatch.setattr("sotcheck.pages.report.report_data", fake)
    monkeypatch.setattr("sotcheck.pages.publish.svg", lambda draw, data: "<svg></svg>")
    return tmp_path


# --------------------------------------------------------------------------------------- the overview


def test_a_later_report_keeps_the_earlier_ones_listed(folder: Path) -> None:
    """`report mine.toml` adds a line; its title and reference are text, whatever is in them."""
    mine = folder / "mine.toml"
    mine.write_text("name = 'mine'\ntitle = '# <b>*x*</b> | [a](b)'\nreference = '_r_ $y$ `z`'\n")
    found = report(str(mine), "--output", str(folder))
    assert found.exit_code == 0, found.output
    page = (folder / "README.md").read_text()
    for name in ("bulk-magnetism", "mine"):
        assert f"| [{name}]({name}/README.md) | ✓ agrees |" in page
    shown = r"\# \<b\>\*x\*\</b\> \| \[a\](b) (\_r\_ \$y\$ \`z\`)"
    assert f"\n{shown}.\n" in page
    assert f"\n{shown}\n" in (folder / "mine" / "README.md").read_text()
    assert "# &lt;b&gt;*x*&lt;/b&gt; | [a](b) (_r_ $y$ `z`)" in (folder / "index.html").read_text()


def test_unreadable_reports_are_listed_as_such(folder: Path) -> None:
    """Cut, of another version, with nonsense in it, or with a name that would be markup."""
    nonsense = json.dumps(committed("bulk-magnetism") | {"verdict": "<b>"})
    broken = {"cut": nonsense[:1000], "old": '{"system": {}}', "list": "[]", "nonsense": nonsense}
    for name, content in (broken | {"a](b) <i>": "{}"}).items():
        (folder / name).mkdir()
        (folder / name / "report.json").write_text(content)
    (folder / "swept").mkdir()
    (folder / "swept" / "sweep.json").write_text("{}")
    write_overview(folder, listed(folder))
    page = (folder / "README.md").read_text()
    assert "| [bulk-magnetism](bulk-magnetism/README.md) |" in page
    for name in broken:
        words = f"{name}: a report that this version of sotcheck cannot read; write it again"
        assert f"| [{name}]({name}/README.md) | {words} |" in page
    words = "a sweep's page that cannot be read; write it again"
    assert f"| [swept](swept/README.md) | swept: {words} |" in page
    assert r"| a\](b) \<i\>: a report" in page
    assert "](a%5D%28b%29%20%3Ci%3E/README.md)" in page
    assert "<i>: a report" not in (folder / "index.html").read_text()


# ----------------------------------------------------------------------------- another system's report


def test_another_system_of_the_same_name_is_refused(folder: Path) -> None:
    """`systems NAME > mine.toml` keeps the name: refused first, with what differs and what to do."""
    earlier = (folder / "bulk-magnetism" / "report.json").read_bytes()
    mine = folder / "mine.toml"
    mine.write_text(read_text("bulk-magnetism")[1].replace("fermi_energy = 1.5", "fermi_energy = 1.75"))
    words = str(report(str(mine), "--output", str(folder)).exception)
    assert "has the report of another system of that name (fermi_energy = 1.5, and not 1.75)" in words
    assert "another name, remove that folder, or choose another --output" in words
    assert (folder / "bulk-magnetism" / "report.json").read_bytes() == earlier
    assert not (folder / "README.md").exists()


def test_the_same_system_is_written_again(folder: Path) -> None:
    """Also with another title, over what an interrupted run has left, and over a report with fewer keys."""
    mine = folder / "mine.toml"
    mine.write_text(read_text("bulk-magnetism")[1].replace("Magnetic bilayer", "My bilayer"))
    assert report(str(mine), "--output", str(folder)).exit_code == 0
    (folder / "topological-insulator" / "figures").mkdir(parents=True)
    assert report("topological-insulator", "--output", str(folder)).exit_code == 0
    data = json.loads((folder / "bulk-magnetism" / "report.json").read_text())
    del data["system"]["relaxation"]
    (folder / "bulk-magnetism" / "report.json").write_text(json.dumps(data))
    assert report("bulk-magnetism", "--output", str(folder)).exit_code == 0


@pytest.mark.parametrize(
    ("name", "text", "words"),
    [("notes.txt", "mine", "is there, and no report of a system"), ("report.json", "{", "cannot be read"),
     ("report.json", '{"system": {"name": "x", "E_F": 1}}', "cannot be read as that of a report")],
)  # fmt: skip
def test_what_is_no_report_is_kept(tmp_path: Path, name: str, text: str, words: str) -> None:
    """A folder of someone's own, or a report that tells nothing."""
    (tmp_path / "bulk-magnetism").mkdir()
    (tmp_path / "bulk-magnetism" / name).write_text(text)
    assert words in str(report("bulk-magnetism", "--output", str(tmp_path)).exception)


def test_names_that_differ_in_capitals_only(tmp_path: Path) -> None:
    """One folder, on some file systems."""
    (tmp_path / "mine.toml").write_text('name = "Bulk-Magnetism"')
    assert "two reports have the name" in report("bulk-magnetism", str(tmp_path / "mine.toml")).output


# ------------------------------------------------------------------------------------------ plain text


def test_hidden_characters_are_shown() -> None:
    """As escape sequences that TOML, JSON and Python read as the same character."""
    for hidden in HOSTILE:
        for text in (visible(f"a{hidden}b"), one_line(f"a{hidden}b")):
            assert text.isprintable()
            assert text.startswith("a\\")
            if not "\ud800" <= hidden <= "\udfff":
                assert text.encode().decode("unicode-escape") == f"a{hidden}b"
        assert not is_one_line(f"a{hidden}b")


def test_ordinary_text_is_untouched() -> None:
    """Lines, tabs, the ends of lines of Windows, scripts from right to left, joiners in scripts and emoji."""
    for text in ("a\nb\tc\r\n", "σ·m ħ²/2mₑ → ŷ", "שלום", "سلام", "می\u200cخواهم", "👩\u200d🔬"):
        assert visible(text) == text
    assert is_one_line("می\u200cخواهم")
    assert visible("a\rb") == r"a\u000db"
    assert not any(map(is_one_line, ("a\nb", "a\tb", "a\rb", "a\r\nb")))
    assert markdown("J_F, h_R and u_0 of bulk-magnetism") == "J_F, h_R and u_0 of bulk-magnetism"
    assert [markdown(text) for text in ("1. x", "- x", "## x")] == [r"1\. x", r"\- x", r"\## x"]
    assert [markdown_code(text) for text in ("x", "a`b", "`a``")] == ["`x`", "``a`b``", "``` `a`` ```"]


@pytest.mark.parametrize("key", ["title", "reference"])
def test_a_line_of_a_system_has_no_hidden_characters(tmp_path: Path, key: str) -> None:
    """Refused, and shown as it is in the message."""
    path = tmp_path / "x.toml"
    for hidden in HOSTILE:
        if hidden != "\udcff":
            text = "".join(f"\\U{ord(c):08x}" for c in f"a{hidden}")
            path.write_text(f"name = 'x'\n{key} = \"{text}\"")
            with pytest.raises(sc.SotcheckError, match="of one line, without control characters") as caught:
                sc.load(path)
            assert visible(str(caught.value)) == str(caught.value)


def test_pages_show_hidden_characters() -> None:
    """Those of a file's name in the command, and of anything else that is not the pages' own."""
    data = committed("topological-insulator") | {"note": "\u2066\udcff"}
    data["provenance"]["command"] = "sotcheck report '\u202e`x`\x1b.toml'"
    page = shown(data)
    readme = render("readme.md", page)
    assert r"``sotcheck report '\u202e`x`\u001b.toml'``" in readme
    for text in (readme, render("page.html", page, {one.name: "<svg/>" for one in page.pictures})):
        assert visible(text) == text
        assert r"\u2066\udcff" in text.replace(r"\\", "\\")
