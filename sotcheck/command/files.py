"""Commands about files: the built-in systems, a new system file, JSON Schemas, completion in a shell."""

from __future__ import annotations

import json
import re
from functools import partial
from operator import itemgetter
from pathlib import Path

import click

from sotcheck import __version__
from sotcheck.command.options import Place
from sotcheck.command.output import emit, json_option, print_out, refuse_unwritable_json
from sotcheck.run.output import refuse_unwritable, write_text

#: What a shell's own file is called, and the line in it that installs completion.
SHELLS = {
    "bash": ("~/.bashrc", 'eval "$(_SOTCHECK_COMPLETE=bash_source sotcheck)"'),
    "zsh": ("~/.zshrc", 'eval "$(_SOTCHECK_COMPLETE=zsh_source sotcheck)"'),
    "fish": ("~/.config/fish/completions/sotcheck.fish", "_SOTCHECK_COMPLETE=fish_source sotcheck | source"),
}


@click.command()
@click.argument("name", required=False)
@json_option
def systems(name: str | None, json_file: str | None) -> None:
    """List the built-in systems, or print one as a file that can be edited."""
    from sotcheck.run.tables import tabled
    from sotcheck.system.files import builtin_systems, load, read_text
    from sotcheck.system.interface import Interface

    refuse_unwritable_json(json_file)
    if name is not None:
        print_out(_with_schema(read_text(name)[1]))
        return
    found = {builtin: load(builtin) for builtin in builtin_systems()}
    rows = [
        {
            "name": name,
            "kind": "interface" if isinstance(one, Interface) else "stack",
            "title": one.title,
            "reference": one.reference,
        }
        for name, one in found.items()
    ]
    text = partial(tabled, [[row["name"], f"{row['title']} ({row['reference']})"] for row in rows])
    emit(
        text,
        json.dumps({"sotcheck": __version__, "systems": rows}, indent=2, ensure_ascii=False) + "\n",
        json_file,
        itemgetter("systems"),
    )


def schema_address() -> str:
    """Return where an editor finds the schema of system files: the address of the shipped file."""
    from sotcheck.system.files import schema_file

    return schema_file().as_uri()


def _with_schema(text: str) -> str:
    """Return a built-in file with its schema where it lies on this machine."""
    return re.sub(r"\A#:schema .*", lambda _: f"#:schema {schema_address()}", text)


@click.command()
@click.argument("file", type=Place(path_type=Path, dir_okay=False))
@click.option("--stack", is_flag=True, help="With the keys that any interface may have, and a layer.")
@click.option("--ev", is_flag=True, help="In eV and nm instead of units in which hbar^2/2m_e = 1.")
@click.option("--force", is_flag=True, help="Write over a file that is there.")
def new(file: Path, stack: bool, ev: bool, force: bool) -> None:
    """Write a system file to begin with: FILE.toml, every key with its default and its meaning.

    \b
    Examples:
      sotcheck new mine.toml
      sotcheck new film.toml --stack --ev
    """  # noqa: D301 (click reads the \b)
    from sotcheck.system.reference import template

    name = re.sub(r"[^A-Za-z0-9-]+", "-", file.stem).strip("-")
    if file.suffix != ".toml" or not name:
        raise click.BadParameter(f"{file}: expected a name such as mine.toml", param_hint="FILE")
    if file.exists() and not force:
        raise click.UsageError(f"{file} is there already; choose another name, or --force to write over it")
    refuse_unwritable(file)
    write_text(file, template(name, stack=stack, unit="eV" if ev else "", schema=schema_address()))
    print_out(f"{file} written: edit it, then: sotcheck check {file}\n")
    if not (stack and ev):
        print_out("(--stack: with layers and the keys of any interface; --ev: in eV and nm; --force: anew)\n")


@click.command()
@click.argument("name", required=False)
def schema(name: str | None) -> None:
    """Print the JSON Schema of system files, or of what a command writes by --json.

    Without NAME, their names. Of 'system' there is a file that comes along; 'sotcheck new' links to it, and
    editors that know TOML complete and check keys by it.
    """
    from sotcheck.command.schemas import schemas

    known = schemas()
    if name is None:
        print_out("".join(f"{one}\n" for one in known))
        return
    if name not in known:
        from sotcheck.errors import did_you_mean

        near = did_you_mean(name, known)
        raise click.UsageError(f"there is no schema {name!r}{near}; choose from {', '.join(known)}")
    print_out(schema_text(known[name]))


def schema_text(one: dict[str, object]) -> str:
    """Return a schema as its file has it."""
    return json.dumps(one, indent=1, ensure_ascii=False) + "\n"


@click.command()
@click.argument("shell", type=click.Choice(list(SHELLS)))
def completion(shell: str) -> None:
    """Say which line makes a shell complete commands, options, systems, engines and keys."""
    file, line = SHELLS[shell]
    print_out(f"# in {file}:\n{line}\n")
