"""Options, arguments and output that commands share."""

from __future__ import annotations

import math
import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn, TypeVar

import click
from click.core import ParameterSource

from sotcheck.errors import OutputError, SystemFileError
from sotcheck.run.output import make_folder, refuse_unwritable, write_text
from sotcheck.run.plaintext import visible
from sotcheck.run.progress import bar

if TYPE_CHECKING:
    from sotcheck.system.interface import Interface
    from sotcheck.system.model import System
    from sotcheck.trial.result import Findings

Command = TypeVar("Command", bound=Callable[..., Any])

#: Processes for independent pieces of a check or report.
DEFAULT_WORKERS = min(2, os.cpu_count() or 1)
#: 13 is SIGPIPE, which Windows does not have.
BROKEN_PIPE = 128 + 13


class Numbers(click.ParamType):  # type: ignore[type-arg]  # generic only since click 8.3
    """A comma-separated list of finite numbers."""

    name = "numbers"

    def __init__(self, count: int | None = None) -> None:
        self.count = count

    def convert(self, value: Any, param: Any, ctx: Any) -> tuple[float, ...]:
        """Parse and check."""
        try:
            numbers = tuple(float(part) for part in value.split(","))
        except ValueError:
            self.fail(f"{value!r} is not a comma-separated list of numbers, such as 0.05,0.1", param, ctx)
        if not all(map(math.isfinite, numbers)):
            self.fail(f"{value!r} has a number that is not finite", param, ctx)
        if self.count is not None and len(numbers) != self.count:
            self.fail(f"{value!r} has {len(numbers)} numbers; {self.count} are needed", param, ctx)
        return numbers


class Number(click.FloatRange):
    """A finite number in a range; `click.FloatRange` lets NaN through."""

    name = "number"

    def convert(self, value: Any, param: Any, ctx: Any) -> float:
        """Parse and check."""
        number: float = super().convert(value, param, ctx)
        if math.isnan(number):
            self.fail(f"{value!r} is not a number", param, ctx)
        return number


class Place(click.Path):
    """The name of a file or folder; `click.Path` takes an empty one for the working folder."""

    def convert(self, value: Any, param: Any, ctx: Any) -> Any:
        """Refuse nothing as a name."""
        if value == "":
            self.fail("an empty name is no place", param, ctx)
        return super().convert(value, param, ctx)


fermi_energy_option = click.option("--fermi-energy", type=float, help="E_F instead of the system's own.")
magnetization_option = click.option(
    "--magnetization",
    type=Numbers(3),
    metavar="X,Y,Z",
    help="Direction m instead of the system's own; need not be normalised.",
)
rashba_option = click.option(
    "--h-r",
    "h_R",
    type=Numbers(),
    metavar="H,H,...",
    help="One or several Rashba parameters instead of the system's own.",
)
tolerance_option = click.option(
    "--tolerance",
    type=Number(1e-12, 0.1),
    default=1e-9,
    show_default=True,
    help="Relative error to aim at in the k_perp sum.",
)
engine_option = click.option(
    "--engine",
    metavar="NAME,NAME,...",
    show_default="all",
    help="One or several engines: first-order, and exact ones that are installed; a wrong name lists them.",
)
scheme_option = click.option(
    "--scheme",
    type=click.Choice(["exact-difference", "finite-difference"]),
    default="exact-difference",
    show_default=True,
    help="Discretisation of the kwant engine; finite differences are extrapolated to spacing 0.",
)
spacing_option = click.option(
    "--spacing",
    type=Number(1e-30, 1e30),
    help="Lattice spacing of the kwant engine (coarsest of the ladder for finite differences).",
)
certify_option = click.option("--certify", is_flag=True, help="Add intervals that are proved to contain it.")
json_option = click.option(
    "--json",
    "json_file",
    metavar="FILE",
    help="Write JSON to FILE; '-' is standard output, and then nothing else goes there.",
)
executor_option = click.option(
    "--executor",
    default="processes",
    show_default=True,
    metavar="WHERE",
    help="Where to compute: 'processes' on this machine, 'dask://' (a Dask cluster started here), "
    "'dask://HOST:PORT' or 'tls://HOST:PORT' (a Dask scheduler), 'mpi' "
    "(mpiexec -n N python -m mpi4py.futures -m sotcheck ...).",
)
workers_option = click.option(
    "--workers",
    type=click.IntRange(1, 256),
    default=DEFAULT_WORKERS,
    show_default=True,
    help="Processes to start, where they are started here.",
)


def together(*options: Callable[[Command], Command]) -> Callable[[Command], Command]:
    """Return several options as one, in the order of the help text."""

    def decorate(command: Command) -> Command:
        for option in reversed(options):
            command = option(command)
        return command

    return decorate


#: How the scattering problem is solved, and how well the k_perp sum.
lattice_options = together(scheme_option, spacing_option, tolerance_option)
#: What is asked of a system: the arguments of `request`.
request_options = together(
    engine_option, lattice_options, rashba_option, magnetization_option, fermi_energy_option, json_option
)
#: Where to compute.
executor_options = together(executor_option, workers_option)


def request(
    system: str,
    json_file: str | None,
    *,
    engine: str | None,
    scheme: str,
    spacing: float | None,
    tolerance: float,
    **changes: Any,
) -> tuple[System, dict[str, Any]]:
    """Return the system, and what is asked of it, once all that can be refused at once has been."""
    engines = names_of(engine)
    iface, h_R = chosen_system(system, **changes)
    refuse_unwritable_json(json_file)
    refuse_without_effect(engines)
    settings = {"scheme": scheme, "spacing": spacing, "tolerance": tolerance}
    return iface, {"engine": engines, "h_R": h_R, "progress": bar, **settings}


def chosen_system(
    system: str,
    *,
    fermi_energy: float | None = None,
    magnetization: tuple[float, ...] | None = None,
    h_R: tuple[float, ...] | None = None,
) -> tuple[System, tuple[float, ...] | None]:
    """Load a system, apply the options that change it, and return it with the h_R asked for, if any."""
    from sotcheck.system.files import load

    iface = load(system)
    # The first h_R last, so that it is the system's.
    wanted: list[tuple[str, str, Any]] = [("--h-r", "h_R", h) for h in reversed(h_R or ())]
    wanted += [("--magnetization", "m", magnetization), ("--fermi-energy", "E_F", fermi_energy)]
    for option, attribute, value in wanted:
        try:
            iface = iface if value is None else iface.with_(**{attribute: value})
        except SystemFileError as error:
            raise click.BadParameter(str(error), param_hint=option) from None
    return iface, tuple(dict.fromkeys(h_R)) if h_R is not None else None


def chosen_interface(system: str, what: str, **changes: Any) -> tuple[Interface, tuple[float, ...] | None]:
    """Do the same for a command that takes a bare interface only."""
    from sotcheck.system.files import bare

    found, h_R = chosen_system(system, **changes)
    return bare(found, what), h_R


def names_of(engine: str | None) -> list[str]:
    """Return the names in a comma-separated list, each once; all that there are, of none."""
    from sotcheck.engines import engine_names

    return engine_names() if engine is None else list(dict.fromkeys(map(str.strip, engine.split(","))))


def refuse_without_effect(engines: Sequence[str]) -> None:
    """Refuse options of a lattice, given on the command line, where none of the engines has one."""
    from sotcheck.engines import EXACT

    context = click.get_current_context()
    lattices = [name for name, engine in EXACT.items() if engine.scheme]
    for name in ("scheme", "spacing") if not set(engines) & set(lattices) else ():
        if context.get_parameter_source(name) is ParameterSource.COMMANDLINE:
            words = " or ".join(lattices)
            raise click.UsageError(
                f"--{name} is for the {words} engine, and --engine {','.join(engines)} has no use for it; "
                f"leave it out, or add {words} to --engine"
            )


def refuse_unwritable_json(json_file: str | None) -> None:
    """Refuse an output place before the work, not after it."""
    if json_file is None or json_file == "-":
        return
    if json_file == "" or json_file.endswith(os.sep):
        raise click.BadParameter(f"{json_file!r} is not the name of a file", param_hint="--json")
    refuse_unwritable(Path(json_file))


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


def emit(text: str, json_text: str, json_file: str | None) -> None:
    """Print a result, and write its JSON where it is wanted."""
    if json_file == "-":
        print_out(json_text)
        return
    if json_file is not None:
        write_text(Path(json_file), json_text)
    print_out(text + "\n")


def conclude(result: Findings, json_file: str | None) -> NoReturn:
    """Print findings, write their JSON, and end with their exit status."""
    emit(str(result), result.to_json(), json_file)
    raise SystemExit(result.exit_status)


def print_out(text: str) -> None:
    """Write to standard output; a reader that went away or a full disk is no verdict."""
    try:
        click.echo(visible(text), nl=False)
    except OSError as error:
        # What is still in the buffer must not fail again at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        if isinstance(error, BrokenPipeError):
            raise SystemExit(BROKEN_PIPE) from None
        raise OutputError(f"standard output cannot be written ({error.strerror})") from None


def tell(text: str) -> None:
    """Write a message to standard error, where nothing in it may act on the terminal."""
    click.echo(visible(text), err=True)


def warn(iface: Interface, h_R: tuple[float, ...] | None) -> list[str]:
    """Print to standard error what keeps first order from being trusted on an interface, and return it."""
    from sotcheck.beyond.warnings import warnings

    found = warnings(iface, h_R or (iface.h_R,))
    for warning in found:
        tell(f"sotcheck: warning: {iface.name}: {warning}")
    return found
