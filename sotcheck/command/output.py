"""What commands print and write: the one place where results leave, as text, JSON or CSV."""

from __future__ import annotations

import csv
import io
import json
import os
import re
import sys
import textwrap
from collections.abc import Callable, Iterable
from operator import itemgetter
from pathlib import Path
from shutil import get_terminal_size
from typing import TYPE_CHECKING, Any, NoReturn, TextIO

import click

from sotcheck.errors import OutputError
from sotcheck.run.output import make_folder, refuse_unwritable, write_text
from sotcheck.run.plaintext import visible

if TYPE_CHECKING:
    from sotcheck.trial.result import Findings

#: 13 is SIGPIPE, which Windows does not have.
BROKEN_PIPE = 128 + 13
#: Where the file of --csv is kept for `emit`, in click's context.
CSV = "sotcheck.csv"
#: Six words or more with one space between them, no comment of a CSV file; and how it is wrapped.
SENTENCE = re.compile(r"(?!#)\S+( \S+){5,}")
WHOLE: dict[str, Any] = {"break_long_words": False, "break_on_hyphens": False}
#: How words look on a terminal: what is wrong stands out.
COLORS: dict[str, dict[str, Any]] = {
    r"^agrees\b": {"fg": "green"},
    r"^DISAGREES\b": {"fg": "red", "bold": True},
    r"^INCONCLUSIVE\b": {"fg": "yellow", "bold": True},
    r"^(Warning|sotcheck: warning):": {"fg": "yellow"},
    r"^(?=.*--)[- ]+$": {"dim": True},
}


def _keep_csv(context: click.Context, _: click.Parameter, file: str | None) -> None:
    refuse_unwritable_file(file, "--csv")
    context.meta[CSV] = file


def json_option(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add --json, an argument of the command, and --csv, which `emit` looks after by itself."""
    places = "'-' is standard output, and then nothing else goes there."
    for option in (
        click.option(
            "--csv", "csv_file", metavar="FILE", expose_value=False, callback=_keep_csv,
            help=f"Write the rows of the table to FILE, as CSV with all digits; {places}",
        ),
        click.option("--json", "json_file", metavar="FILE", help=f"Write JSON to FILE; {places}"),
    ):  # fmt: skip
        command = option(command)
    return command


def refuse_unwritable_json(json_file: str | None) -> None:
    """Refuse an output place before the work, not after it."""
    refuse_unwritable_file(json_file, "--json")
    if json_file == "-" and click.get_current_context().meta.get(CSV) == "-":
        raise click.UsageError("--json - and --csv -: only one of them can have standard output")


def refuse_unwritable_file(file: str | None, option: str) -> None:
    """Refuse what is no place for a file; "-" is standard output, None none at all."""
    if file is None or file == "-":
        return
    if file == "" or file.endswith(os.sep):
        raise click.BadParameter(f"{file!r} is not the name of a file", param_hint=option)
    refuse_unwritable(Path(file))


def refuse_unwritable_svg(svg_file: Path | None) -> None:
    """Refuse a place for a figure before the work, and a name that promises another format."""
    if svg_file is None:
        return
    if svg_file.suffix.lower() != ".svg":
        raise click.BadParameter(f"{str(svg_file)!r}: figures are SVG; end it in .svg", param_hint="--svg")
    refuse_unwritable(svg_file)


def refuse_unwritable_folder(folder: Path | None) -> None:
    """Make a folder for pages before the work, and refuse one that cannot be written."""
    if folder is None:
        return
    make_folder(folder)
    refuse_unwritable(folder / "index.html")


def to_stdout(json_file: str | None) -> bool:
    """Whether JSON or CSV have standard output for themselves."""
    return "-" in (json_file, click.get_current_context().meta.get(CSV))


def emit(result: object, json_text: str, json_file: str | None, rows: Callable[[Any], Any]) -> None:
    """Print a result, its tables as wide as the terminal; write its JSON, and its rows as CSV, if wanted.

    `result`: what prints, or a function that returns the text. `rows` takes the rows out of the JSON
    document: a list of dictionaries, or the text of the CSV itself.
    """
    csv_file = click.get_current_context().meta.get(CSV)
    wanted = {json_file: json_text}
    if csv_file is not None:
        found = rows(json.loads(json_text))
        wanted[csv_file] = found if isinstance(found, str) else as_csv(found)
    for file, text in wanted.items():
        if file == "-":
            print_out(text)
        elif file is not None:
            write_text(Path(file), text)
    if "-" not in wanted:
        show(result)


def show(result: object) -> None:
    """Print a result, its tables as wide as the terminal."""
    from sotcheck.run.tables import fitting

    with fitting(get_terminal_size().columns if sys.stdout.isatty() else None):
        print_out(wrapped(f"{result() if callable(result) else result}\n", sys.stdout))


def as_csv(rows: Iterable[dict[str, Any]]) -> str:
    """Return rows as CSV: names of what is nested are joined by '_', vectors have x, y and z."""
    from sotcheck.run.tables import flat

    found = [flat(row) for row in rows]
    columns = dict.fromkeys(name for row in found for name in row)
    text = io.StringIO()
    writer = csv.DictWriter(text, list(columns), lineterminator="\n")
    writer.writeheader()
    writer.writerows(found)
    return text.getvalue()


def conclude(result: Findings, json_file: str | None) -> NoReturn:
    """Print findings, write their JSON, and end with their exit status."""
    emit(result, result.to_json(), json_file, itemgetter("verdicts"))
    raise SystemExit(result.exit_status)


def wrapped(text: str, stream: TextIO) -> str:
    """Return a text whose sentences are no longer than the lines of a terminal; tables and CSV stay."""
    if not stream.isatty():
        return text
    width, lines = get_terminal_size().columns, []
    for line in text.split("\n"):
        told = len(line) > width and SENTENCE.fullmatch(line)
        lines.append(textwrap.fill(line, width, subsequent_indent="  ", **WHOLE) if told else line)
    return "\n".join(lines)


def colored(text: str, stream: TextIO) -> str:
    """Return a text with verdicts and warnings in colour, where a terminal shows it and no one minds.

    NO_COLOR, whatever it says, and a terminal that calls itself dumb mind.
    """
    if not stream.isatty() or os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb":
        return text
    for words, look in COLORS.items():

        def styled(match: re.Match[str], look: dict[str, Any] = look) -> str:
            return click.style(match.group(), **look)

        text = re.sub(words, styled, text, flags=re.MULTILINE)
    return text


def print_out(text: str) -> None:
    """Write to standard output; a reader that went away or a full disk is no verdict."""
    try:
        click.echo(colored(visible(text), sys.stdout), nl=False)
    except OSError as error:
        # What is still in the buffer must not fail again at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        if isinstance(error, BrokenPipeError):
            raise SystemExit(BROKEN_PIPE) from None
        raise OutputError(f"standard output cannot be written ({error.strerror})") from None


def tell(text: str) -> None:
    """Write a message to standard error, where nothing in it may act on the terminal."""
    click.echo(colored(visible(wrapped(text, sys.stderr)), sys.stderr), err=True)
