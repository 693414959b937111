"""One way to write pages: JSON first, and from the JSON alone figures, Markdown and one offline HTML file."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from sotcheck.pages.figures import svg
from sotcheck.run.output import make_folder, write_texts
from sotcheck.run.plaintext import markdown, markdown_code, visible

Data = dict[str, Any]


@dataclass(frozen=True)
class Picture:
    """One figure: file name, title, how it is drawn, and of which part of the JSON."""

    name: str
    title: str
    draw: Callable[[Any], Any]
    data: Any


def publish(
    folder: Path,
    documents: dict[str, Data],
    template: str,
    shown: Callable[..., tuple[Sequence[Picture], Data]],
    *,
    indent: int | None = 1,
) -> Path:
    """Write JSON documents, by file name, and their page into a folder, all or none; return what to open.

    `shown` is called with the documents as they are read back, in their order, and returns the figures, and
    what the pair of templates is filled with besides: nothing on a page can know more than the JSON. No
    `indent` leaves documents of thousands of numbers without a line for each. An OutputError says that a file
    cannot be written.
    """
    separators = (",", ":") if indent is None else None
    texts = {
        name: json.dumps(content, indent=indent, separators=separators, allow_nan=False) + "\n"
        for name, content in documents.items()
    }
    pictures, context = shown(*map(json.loads, texts.values()))
    drawn = {one.name: svg(one.draw, one.data) for one in pictures}
    context = {
        "figures": {one.name: one.title for one in pictures},
        "svg": {name: Markup(picture[picture.index("<svg") :]) for name, picture in drawn.items()},
        **context,
    }
    pages = {"README.md": f"{template}.md", "index.html": f"{template}.html"}
    pages = {name: render(page, context) for name, page in pages.items()}
    make_folder(folder / "figures" if drawn else folder)
    figures = {f"figures/{name}.svg": picture for name, picture in drawn.items()}
    write_texts({folder / name: text for name, text in (texts | pages | figures).items()})
    return folder / "index.html"


def render(name: str, context: Data) -> str:
    """Return a page: the template of that name filled in."""
    environment = Environment(
        loader=PackageLoader("sotcheck.pages"), autoescape=name.endswith(".html"), finalize=_shown,
        undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True, keep_trailing_newline=True,
    )  # fmt: skip
    numbers = {"number": _number, "cell": _cell, "short": "{:.2g}".format}
    environment.filters |= {key: _or_dash(form) for key, form in numbers.items()}
    environment.filters |= {"text": markdown, "code": markdown_code}
    return environment.get_template(f"{name}.j2").render(context)


def _shown(value: Any) -> Any:
    """Let nothing of a user's text act on a page unseen; what is markup already is ours."""
    return visible(value) if isinstance(value, str) and not isinstance(value, Markup) else value


def _or_dash(form: Callable[[Any], Any]) -> Callable[[Any], Any]:
    return lambda value: "–" if value is None else form(value)


def _cell(value: Any) -> Any:
    """Return three significant digits of a number, words as they are."""
    return f"{value:.3g}" if isinstance(value, float) else value


def _number(value: float) -> str:
    """Return ten significant digits; whole numbers as such."""
    return f"{value:.0f}" if value == int(value) and abs(value) < 1e6 else f"{value:.10g}"
