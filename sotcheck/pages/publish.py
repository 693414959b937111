"""One way to write pages: JSON first, from it alone figures, README.md and one offline HTML file."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

from jinja2 import Environment, PackageLoader, StrictUndefined
from latex2mathml.converter import convert
from markupsafe import Markup

from sotcheck.pages.page import Data, Page
from sotcheck.pages.svg import THEME, class_rules, inline, svg
from sotcheck.pages.typeset import typeset
from sotcheck.run.output import make_folder, write_texts
from sotcheck.run.plaintext import markdown, markdown_code, visible

#: Files of a folder, by the template that makes them.
TEMPLATES = {"README.md": "readme.md", "index.html": "page.html"}
#: In bytes: what a page may weigh.
MOST_OF_A_PAGE = 600_000
#: What HTML does not need: some end tags, and quotation marks around a word.
_IMPLIED = re.compile(r"</(?:td|th|tr|li|thead|tbody)>\n?")
_TAG = re.compile(r'<[a-z](?:[^"<>]|"[^"]*")*>', re.I)
_QUOTED = re.compile(r'="([\w#.,:()%+;-]+)"(?!/)')
_FORMS: dict[str, Callable[[float], str]] = {
    # Whole numbers as such.
    "number": lambda v: f"{v:.0f}" if v == int(v) and abs(v) < 1e6 else f"{v:.10g}",
    "cell": lambda v: f"{v:.3g}",
    "short": lambda v: f"{v:.2g}",
    "sci": lambda v: f"{v:.6e}",
    "": str,
}
_BRACKETS = {"(": ")", "[": "]", "{": "}"}
MARKS = {"agrees": "✓ agrees", "disagrees": "✗ disagrees", "inconclusive": "? inconclusive"}


def publish(folder: Path, documents: dict[str, Data], shown: Callable[..., Page]) -> Path:
    """Write JSON documents, by file name, and their page into a folder, all or none; return what to open.

    An OutputError says that a file cannot be written. `shown` is that of `texts_of`.
    """
    return put(folder, texts_of(documents, shown))


def put(folder: Path, files: dict[str, str]) -> Path:
    """Write texts by their path in a folder, all or none, or raise an OutputError; return what to open."""
    make_folder(folder / "figures" if any(name.startswith("figures/") for name in files) else folder)
    write_texts({folder / name: text for name, text in files.items()})
    return folder / "index.html"


def texts_of(documents: dict[str, Data], shown: Callable[..., Page]) -> dict[str, str]:
    """Return JSON documents, by file name, and their page, as texts by their path in its folder.

    `shown` is called with the documents as they are read back, in their order, and returns the page: nothing
    on it can know more than the JSON. Figures that README.md shows become files.
    """
    texts = {
        name: json.dumps(content, separators=(",", ":"), allow_nan=False) + "\n"
        for name, content in documents.items()
    }
    page = shown(*map(json.loads, texts.values()))
    drawn = {one.name: svg(one.draw, one.data) for one in page.pictures}
    pages = {name: render(template, page, drawn) for name, template in TEMPLATES.items()}
    figures = {f"figures/{one.name}.svg": drawn[one.name] for one in page.pictures if one.brief}
    return texts | pages | figures


def render(name: str, page: Page, drawn: dict[str, str] | None = None) -> str:
    """Return a page as Markdown or HTML, figures, by name, inside the latter."""
    environment = Environment(
        loader=PackageLoader("sotcheck.pages"), autoescape=name.endswith(".html"), finalize=_shown,
        undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True, keep_trailing_newline=True,
    )  # fmt: skip
    titles = {one.name: one.title for one in page.pictures}
    environment.filters |= {"text": markdown, "code": markdown_code, "typeset": typeset, "form": form}
    text = environment.get_template(f"{name}.j2").render(
        page=page,
        marks=MARKS,
        theme=THEME,
        class_rules=Markup(class_rules()),
        math=mathml,
        svg={key: Markup(inline(text, key, titles[key])) for key, text in (drawn or {}).items()},
    )
    return _brief(text) if name.endswith(".html") else text


def _brief(page: str) -> str:
    """Return a page without what a browser need not be told; scripts and styles are left as they are."""
    parts = re.split(r"(<(?:script|style)>.*?</(?:script|style)>)", page, flags=re.S)
    for i in range(0, len(parts), 2):
        parts[i] = _TAG.sub(lambda tag: _QUOTED.sub(r"=\1", tag[0]), _IMPLIED.sub("", parts[i]))
    return "".join(parts)


def mathml(tex: str) -> Markup:
    """Return a formula as MathML, without what a page need not be told."""
    plain = convert(tex, display="block").replace(' xmlns="http://www.w3.org/1998/Math/MathML"', "")
    root = ET.fromstring(plain)
    for row in [one for one in root.iter() if one.tag in ("math", "mrow")]:
        _group(row)
    found = ET.tostring(root, encoding="unicode")
    found = found.replace(' stretchy="false"', "").replace('<mspace width="0.167em" />', "")
    # What brackets are anyway.
    found = re.sub(r' stretchy="true" fence="true" form="\w+">(?=[][()])', ">", found)
    # Bold letters have a code of their own.
    found = re.sub(
        r'<mi mathvariant="bold">([a-z])</mi>',
        lambda match: f"<mi>{chr(0x1D41A - 97 + ord(match[1]))}</mi>",
        found,
    )
    found = re.sub(r"^(<math[^>]*>)<mrow>(.*)</mrow></math>$", r"\1\2</math>", found)
    # A row of one thing is that thing.
    found = re.sub(r"<mrow>(<(m\w+)\b[^>]*>(?:(?!</?\2\b).)*</\2>)</mrow>", r"\1", found)
    return Markup(re.sub(r"<mrow>(<m[ion]>[^<]*</m[ion]>)</mrow>", r"\1", found))


def _group(row: ET.Element) -> None:
    """Put what is in brackets, in place, in a row of its own: they are as high as that."""
    opened: list[int] = []
    n = 0
    while n < len(row):
        # With a power it is one with its bracket.
        one = row[n][0] if row[n].tag in ("msup", "msub", "msubsup") else row[n]
        letter = one.text if one.tag == "mo" else None
        if letter in _BRACKETS:
            opened.append(n)
        elif opened and letter == _BRACKETS[str(row[opened[-1]].text)]:
            start = opened.pop()
            inner = ET.Element("mrow")
            inner[:] = row[start : n + 1]
            row[start : n + 1] = [inner]
            n = start
        n += 1


def form(value: Any, how: str) -> str:
    """Return a value of a table as text: numbers as it says there, "–" for None."""
    if value is None:
        return "–"
    if isinstance(value, str):
        return MARKS.get(value, value)
    # Zero has no sign.
    return _FORMS[how](value or abs(value))


def _shown(value: Any) -> Any:
    """Let nothing of a user's text act on a page unseen; what is markup already is ours."""
    return visible(value) if isinstance(value, str) and not isinstance(value, Markup) else value
