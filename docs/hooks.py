"""What MkDocs makes by itself: the order of pages, and reference pages that are generated from the code."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Callable, Iterator
from inspect import isfunction, signature
from pathlib import Path
from typing import Any

import click
from markdown import Markdown
from markdown.extensions import Extension
from pydantic import BaseModel

import sotcheck
from sotcheck.api.result import Result
from sotcheck.command.main import cli
from sotcheck.command.schemas import DOCUMENTS
from sotcheck.system.reference import schema, template

DOCS = Path(__file__).parent
#: Folders in the order of the menu, and the pages that come first in each.
SECTIONS = {
    "Tutorials": ("tutorials", ["first-steps"]),
    "How to": ("how-to", ["install", "command-line", "python", "materials", "beyond", "cluster", "theory"]),
    "Explanation": ("explanation", ["conventions", "verdicts", "limits", "bound-states", "how-it-works"]),
    "Reference": ("reference", ["commands", "system-file", "json", "python"]),
}


class Underscores(Extension):  # type: ignore[misc]
    """Underscores are indices (k_⊥, ∂_zψ), and stars alone stress words."""

    def extendMarkdown(self, md: Markdown) -> None:
        """Take out what reads them as stress."""
        md.delimiters.remove("_")


def on_config(config: Any) -> Any:
    """Put the pages that there are in order: a notebook or a page more needs no line anywhere."""
    config.markdown_extensions.append(Underscores())
    config.nav = ["index.md", *({title: _pages(*where)} for title, where in SECTIONS.items())]
    return config


def _pages(folder: str, first: list[str]) -> list[str]:
    found = sorted(p for p in (DOCS / folder).iterdir() if p.suffix in (".md", ".ipynb"))
    found.sort(key=lambda path: first.index(path.stem) if path.stem in first else len(first))
    return [path.relative_to(DOCS).as_posix() for path in found]


def on_page_markdown(markdown: str, **_: Any) -> str:
    """Put what is generated in the place of its marker, <!-- generated: NAME --> and words that follow.

    They say to those who read the file itself where to find the same.
    """
    for marker, name in re.findall(r"^(<!-- generated: (.*?) -->.*)$", markdown, flags=re.MULTILINE):
        markdown = markdown.replace(marker, GENERATED[name]())
    return markdown


def pages() -> str:
    """Return a line for each section, with links to its pages by their titles."""
    lines = []
    for title, where in SECTIONS.items():
        links = (f"[{_title(DOCS / page)}]({page})" for page in _pages(*where))
        lines.append(f"- **{title}**: {' · '.join(links)}")
    return "\n".join(lines)


def _title(page: Path) -> str:
    """Return the first heading of a page, or of a notebook."""
    text = page.read_text(encoding="utf-8")
    if page.suffix == ".ipynb":
        text = "\n".join("".join(cell["source"]) for cell in json.loads(text)["cells"])
    return re.findall(r"^# (.*)", text, flags=re.MULTILINE)[0]


def commands() -> str:
    """Return what `--help` says, command by command."""
    return "\n".join(_commands())


def _commands() -> Iterator[str]:
    with click.Context(cli, info_name="sotcheck") as top:
        yield f"```text\n{cli.get_help(top)}\n```\n"
        for name, command in sorted(cli.commands.items()):
            context = click.Context(command, info_name=name, parent=top, max_content_width=100)
            yield f"## {name}\n\n```text\n{command.get_help(context)}\n```\n"


def bare_file() -> str:
    """Return a complete system file of a bare interface."""
    return f"```toml\n{template('my-system')}```"


def stack_file() -> str:
    """Return a complete system file with all that any interface may have."""
    return f"```toml\n{template('my-stack', stack=True)}```"


def keys() -> str:
    """Return every key of a system file, with its type, default and meaning."""
    rows = ["| key | type | default | meaning |", "|---|---|---|---|", *_keys(schema()["properties"], "")]
    return "\n".join(rows)


def _keys(properties: dict[str, Any], before: str) -> Iterator[str]:
    for name, one in properties.items():
        inner = one.get("properties") or one.get("items", {}).get("properties")
        default = f"`{one['default']!r}`" if "default" in one else ""
        if not inner:
            words = one["description"].replace("|", "\\|")
            yield f"| `{before}{name}` | {one['type']} | {default} | {words} |"
        else:
            yield f"| `[{before}{name}]` | table | | {one['description']} |"
            yield from _keys(inner, f"{before}{name}.")


def documents() -> str:
    """Return the keys of what each command writes as JSON."""
    return "\n".join(line for name, model in DOCUMENTS.items() for line in _document(name, model))


def _document(name: str, model: type[BaseModel]) -> Iterator[str]:
    found = model.model_json_schema()
    yield f"## {name}\n\n`sotcheck schema {name}` prints its JSON Schema.\n"
    yield from _fields(found)
    for part, one in found.get("$defs", {}).items():
        yield f"\n**{part}.** {one.get('description', '')}\n"
        yield from _fields(one)
    yield ""


def _fields(one: dict[str, Any]) -> Iterator[str]:
    yield from ("| key | type | meaning |", "|---|---|---|")
    for key, field in one["properties"].items():
        optional = "" if key in one.get("required", []) else " (optional)"
        yield f"| `{key}`{optional} | {_type(field)} | {_words(field)} |"


def _words(field: dict[str, Any]) -> str:
    return str(field.get("description", "")).replace("|", "\\|")


def _type(field: dict[str, Any]) -> str:
    if "$ref" in field:
        return str(field["$ref"].rpartition("/")[2])
    if "anyOf" in field:
        return " or ".join(map(_type, field["anyOf"]))
    if "enum" in field:
        return ", ".join(f"`{value}`" for value in field["enum"])
    if field.get("type") == "array":
        return f"list of {_type(field.get('items', {}))}"
    return str(field.get("type", "any"))


def api() -> str:
    """Return directives for all that `import sotcheck` has, where it is defined, and for results."""
    found = [getattr(sotcheck, name) for name in sotcheck.__all__ if not name.startswith("_")]
    directives = [f"::: {one.__module__}.{one.__name__}" for one in [*found, Result, *_returned(found)]]
    directives.insert(len(found), "## Results\n\nWhat functions return: each has what the first one has.")
    return "\n\n".join(directives)


def _returned(found: list[Any]) -> list[type]:
    """Return the classes of results, each once."""
    functions = [one for one in found if isfunction(one)]
    named = [(sys.modules[one.__module__], str(signature(one).return_annotation)) for one in functions]
    classes = [getattr(module, name, None) for module, name in named]
    return list(dict.fromkeys(one for one in classes if isinstance(one, type) and issubclass(one, Result)))


GENERATED: dict[str, Callable[[], str]] = {
    "pages": pages,
    "commands": commands,
    "bare system file": bare_file,
    "stack": stack_file,
    "keys": keys,
    "documents": documents,
    "api": api,
}
