"""What commands print and write for people: tables that fit, colour, CSV, new files, pictures, completion."""

from __future__ import annotations

import csv
import io
import json
import os
import re
import resource
import subprocess
import sys
import tomllib
from itertools import pairwise
from pathlib import Path

import click
import numpy as np
import pytest
from click.shell_completion import ShellComplete
from conftest import Command

import sotcheck as sc
from sotcheck.command import doctor, output
from sotcheck.command.files import SHELLS
from sotcheck.command.main import COMMANDS, cli
from sotcheck.engines import Matching
from sotcheck.errors import EngineError
from sotcheck.exact.by_k import torque_by_k_perp, torque_density
from sotcheck.pages import against_z
from sotcheck.pages import curves as pages
from sotcheck.run.tables import fitting, tabled
from sotcheck.system.files import load
from sotcheck.system.interface import Interface
from sotcheck.system.reference import MEANINGS, template
from sotcheck.system.stack import Stack
from sotcheck.trial import against_z as trial_against_z
from sotcheck.trial import curves

HEAD = ["engine", "h_R", "source", "fieldlike", "+/-"]
ROWS = [
    ["kwant (exact-difference)", "0.2", "normal", "-4.3794619460e-04", "6.6e-14"],
    ["first-order", "0.2", "majority", " 3.5197888545e-03", "2.4e-15"],
]
FAST = ("bulk-magnetism", "--engine", "continuum", "--tolerance", "1e-3")


@pytest.mark.parametrize("width", [200, 69, 63, 57, 53, 50, 40, 30])
def test_tables_fit(width: int) -> None:
    """Words are wrapped, digits left out, a column stands below, rows are lists: nothing is lost."""
    with fitting(width):
        text = tabled(ROWS, HEAD)
    assert max(map(len, text.splitlines())) <= width
    numbers = [float(word) for word in re.findall(r"-?\d\.\d+e-0[34]", text)]
    assert numbers == pytest.approx([-4.379461946e-04, 3.5197888545e-03], rel=1e-3)
    for word in ("kwant", "(exact-difference)", "first-order", "majority", *HEAD):
        assert word in re.sub(r"\s", "", text)
    assert ("-4.3794619460e-04" in text) == (width >= 63 or width == 30)
    # Outside, a table is as wide as it is.
    assert tabled(ROWS, HEAD).splitlines()[2].endswith("6.6e-14")


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_colour_is_for_terminals_only(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("NO_COLOR", "TERM"):
        monkeypatch.delenv(name, raising=False)
    text = "verdict\n-------  ---\nagrees  a\nDISAGREES  b\nWarning: disagrees\n"
    shown = output.colored(text, Terminal())
    assert click.unstyle(shown) == text
    assert click.style("DISAGREES", fg="red", bold=True) in shown
    assert shown.count("\x1b[0m") == 4
    assert output.colored(text, io.StringIO()) == text
    for name, value in (("NO_COLOR", "1"), ("TERM", "dumb")):
        with monkeypatch.context() as patch:
            patch.setenv(name, value)
            assert output.colored(text, Terminal()) == text


def test_sentences_fit_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    """Warnings and verdicts in words; tables, which fit by themselves, CSV and its comments stay."""
    monkeypatch.setattr(output, "get_terminal_size", lambda: os.terminal_size((40, 20)))
    warning = "Warning: at h_R = 1.2 states bound to the interface lie at E_F, and carry 3.4 times as much"
    table = "normal  fieldlike  1.0000000000e-04  1.0e-14  and so on"
    rows = "# uncertainty of continuum, normal: 1e-3 of it\nengine,source,region,z,spin_density_x"
    text = f"{warning}\n{table}\n{rows}\n"
    shown = output.wrapped(text, Terminal())
    assert shown.endswith(f"{table}\n{rows}\n") and " ".join(shown.split()) == " ".join(text.split())
    assert [len(line) <= 40 for line in shown.split("\n")[:3]] == [True] * 3
    assert output.wrapped(text, io.StringIO()) == text


def rows_of(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text)))


def test_csv_has_what_json_has(sotcheck: Command, tmp_path: Path) -> None:
    """All digits, vectors by component; the table still goes to standard output."""
    file, other = tmp_path / "torque.csv", tmp_path / "torque.json"
    found = sotcheck("torque", *FAST, "--csv", str(file), "--json", str(other))
    assert (found.status, found.out.splitlines()[1].split()[0]) == (0, "engine")
    rows, document = rows_of(file.read_text()), json.loads(other.read_text())["torque"]
    assert len(rows) == len(document) == 3
    for row, expected in zip(rows, document, strict=True):
        assert float(row["fieldlike"]) == expected["fieldlike"]
        assert [float(row[f"vector_{axis}"]) for axis in "xyz"] == expected["vector"]
        assert float(row["uncertainty_total"]) == expected["uncertainty"]["total"]
    alone = sotcheck("torque", *FAST, "--csv", "-")
    assert alone.out == file.read_text()


@pytest.mark.parametrize(
    ("args", "column", "number"),
    [
        (("systems",), "name", 7),
        (("bound-states", "bulk-magnetism", "--h-r", "1.2", "--k-perp", "2"), "energies", None),
        (("beyond", "pt-yig", "--limit", "0.05"), "h_R", 8),
        (("profile", *FAST, "--points", "5"), "spin_density_x", None),
        (("doctor",), "state", None),
    ],
)
def test_csv_everywhere(sotcheck: Command, args: tuple[str, ...], column: str, number: int | None) -> None:
    found = sotcheck(*args, "--csv", "-")
    assert found.status == 0
    lines = [line for line in found.out.splitlines(keepends=True) if not line.startswith("#")]
    rows = rows_of("".join(lines))
    assert column in rows[0]
    assert len(rows) == (number or len(rows))


def test_help_has_every_command_once() -> None:
    names = " ".join(COMMANDS.values()).split()
    assert sorted(names) == sorted(cli.commands)


def test_help_is_whole(sotcheck: Command) -> None:
    """No sentence is cut short, no line is too long for a terminal, and no range is told that is none."""
    assert "..." not in sotcheck("--help").out.split("Options:")[1]
    for name, command in cli.commands.items():
        text = command.get_help(click.Context(command, info_name=name))
        assert "<=None" not in text and "00000.0" not in text and " FLOAT" not in text, name
        assert max(map(len, text.splitlines())) <= 80, name


def test_a_stack_in_its_own_unit(sotcheck: Command, tmp_path: Path) -> None:
    """Keys of its layers are axes of pictures; errors and tables say in which unit z and k_perp are."""
    file, table = tmp_path / "film.toml", tmp_path / "film.csv"
    sotcheck("new", str(file), "--stack", "--ev")
    over = ("plot", str(file), "--engine", "first-order", "-o", str(tmp_path / "film.svg"), "--over")
    assert sotcheck(*over, "layer[1].thickness=0.5,1.0", "--csv", str(table)).status == 0
    rows = list(csv.DictReader(io.StringIO(table.read_text())))
    thin = sc.torque(sc.load(file).with_({"layer[1].thickness": 0.5}), "first-order", tolerance=1e-4)
    first = next(row for row in rows if row["source"] == "normal" and row["layer[1].thickness"] == "0.5")
    assert float(first["fieldlike"]) == pytest.approx(thin.to_dict()["torque"][0]["fieldlike"], rel=1e-9)
    wrong = sotcheck(*over, "layer[2].thickness=1,2")
    assert wrong.status == 2 and "layer[2].thickness: it has 1 layer," in wrong.err
    wrong = sotcheck("profile", str(file), "--from", "3", "--to", "1")
    assert wrong.status == 2 and "z from 3 to 1 is not accepted" in wrong.err
    assert "k_perp in nm^-1" in sotcheck("bound-states", str(file), "--k-perp", "1", "--angle", "0").out


def test_pictures_show_what_there_is(tmp_path: Path) -> None:
    """No panel for a source that does not come in; no line hidden by an equal one; no label cut off."""
    zero, one = ({"fieldlike": x, "dampinglike": 0.0, "engine": "continuum", "h_R": 0.1} for x in (0.0, 1.0))
    rows = [{**one, "source": "normal"}, {**zero, "source": "majority"}]
    data = {"system": {"name": "film"}, "axis": "h_R", "torque": rows}
    assert [axes.get_title() for axes in pages.torque_curve(data).axes][:2] == [
        "normal: fieldlike",
        "normal: dampinglike",
    ]
    insulated = sc.Interface(name="film", E_F=1.5, U_F=5.0, J=0.5)
    profile = trial_against_z.against_z(insulated, "continuum", z=[-1.0, 1.0], tolerance=1e-3).to_dict()
    titles = [axes.get_title() for axes in against_z.draw(profile).axes]
    assert set(titles) - {""} == {"normal", "total"}
    drawn = sc.spin_currents("bulk-magnetism", by="k_perp", k_perp=[0.5, 0.9, 1.1]).plot(source="normal")
    dashes = [line.get_linestyle() for line in drawn.lines if line.get_linewidth() == 1.6]
    assert dashes == ["-", "--", ":"]
    legend = drawn.get_legend()
    assert legend is not None
    assert [line.get_linestyle() for line in legend.get_lines()][:3] == dashes


def test_every_output_has_its_letter() -> None:
    """-o is --output wherever there is one."""
    for name, command in cli.commands.items():
        for option in command.params:
            assert ("-o" in option.opts) == ("--output" in option.opts), name


def test_every_table_has_both_options() -> None:
    without = {"amplitudes", "completion", "export", "new", "report", "schema", "sweep"}
    for name, command in cli.commands.items():
        options = {option for one in command.params for option in one.opts}
        assert ({"--json", "--csv"} <= options) == (name not in without), name


def test_one_of_them_has_standard_output(sotcheck: Command) -> None:
    found = sotcheck("torque", *FAST, "--csv", "-", "--json", "-")
    assert (found.status, "only one of them" in found.err) == (2, True)
    assert sotcheck("torque", *FAST, "--csv", "no/such/folder.csv").status == 2


def test_off_by_five_per_cent(sotcheck: Command) -> None:
    """Of a stack as well, whose first order is off by just that there."""
    found = sotcheck("beyond", "pt-co-alox", "--limit", "0.05", "--json", "-")
    document = json.loads(found.out)
    row = document["beyond"]["limits"][0]
    assert (row["limit"], row["source"], row["kind"]) == (0.05, "normal", "found")
    table = sc.torque(load("pt-co-alox"), ["first-order", "continuum"], h_R=row["h_R"], tolerance=1e-5)
    first, exact = (
        next(row.parts for row in table if (row.engine, row.source) == (engine, "normal"))
        for engine in ("first-order", "continuum")
    )
    assert first is not None and exact is not None
    assert abs(exact.value[0] / first.value[0] - 1) == pytest.approx(0.05, abs=1e-4)
    assert "First order is off by 5% from h_R = 0.335" in document["conclusions"][0]
    assert sotcheck("beyond", "pt-co-alox", "--limit", "2").status == 2


@pytest.mark.parametrize("unit", ["", "eV"])
@pytest.mark.parametrize("stack", [False, True])
def test_new_files(
    sotcheck: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, stack: bool, unit: str
) -> None:
    """They can be loaded, are complete, and have the defaults, but for numbers in eV."""
    monkeypatch.chdir(tmp_path)
    options = ["--stack"] * stack + ["--ev"] * bool(unit)
    found = sotcheck("new", "my film_2.toml", *options)
    assert (found.status, found.err) == (0, "")
    text = Path("my film_2.toml").read_text(encoding="utf-8")
    assert text == template("my-film-2", stack=stack, unit=unit, schema=text.split()[1])
    loaded = load("my film_2.toml")
    assert isinstance(loaded, Stack if stack else Interface)
    keys = set(re.findall(r"^(?:# )?(\w+) = ", text, flags=re.MULTILINE))
    known = {key.rpartition(".")[2] for key in MEANINGS if key.count(".") == 1 and stack}
    assert keys >= known - {"interface"} - ({"energy"} if not unit else set())
    if not unit:
        assert loaded.E_F == 2.0 and loaded.J == 1.0
        assert stack or loaded == Interface(name="my-film-2")
    assert sotcheck("new", "my film_2.toml").status == 2
    assert sotcheck("new", "my film_2.toml", "--force").status == 0
    assert sotcheck("new", "film.txt").status == 2


PICTURES = {
    "torque": ("--over", "theta=10:80:3", "--source", "normal"),
    "integrand": (),
    "map": ("--source", "majority", "--h-r", "0.3"),
    "spin": ("--points", "10"),
    "currents": ("--engine", "first-order", "--source", "normal"),
}


@pytest.mark.parametrize(
    ("what", "kind"), list(zip(PICTURES, ("svg", "png", "pdf", "svg", "png"), strict=True))
)
def test_pictures(sotcheck: Command, tmp_path: Path, what: str, kind: str) -> None:
    """Of each kind, in each format, and the numbers of which they are made."""
    file = tmp_path / f"picture.{kind}"
    args = ("bulk-magnetism", "--what", what, *PICTURES[what], "--tolerance", "1e-3")
    found = sotcheck("plot", *args, "-o", str(file), "--csv", str(tmp_path / "data.csv"))
    assert (found.status, found.out) == (0, f"{file} written\n"), found.err
    start = {"svg": b"<?xml", "png": b"\x89PNG", "pdf": b"%PDF"}[kind]
    assert file.read_bytes().startswith(start) and file.stat().st_size > 5000
    text = (tmp_path / "data.csv").read_text()
    rows = rows_of("".join(line for line in text.splitlines(keepends=True) if not line.startswith("#")))
    sources = {row["source"] for row in rows}
    own = {"torque": {"normal"}, "currents": {"normal"}, "map": {"majority"}}
    expected = own.get(what, sources | {"minority"})
    assert sources == expected and len(rows) > 5


def test_pictures_that_cannot_be(sotcheck: Command, tmp_path: Path) -> None:
    """No window without a display, no other format, no axis where there is none, no such source."""
    for args, words in (
        (("-o", "figure.jpg"), "end it in .svg"),
        (("--what", "map", "--over", "h_R=0:1:3"), "--over is for --what torque"),
        (("--what", "map", "--source", "total"), "unknown source 'total'"),
        (("--over", "E_F=-9,-8", "-o", str(tmp_path / "a.svg")), "no point has a torque"),
        (("--over", "fermi=1,2"), "unknown key 'fermi'"),
        (("--h-r", "0.1,0.2"), "one number"),
    ):
        found = sotcheck("plot", "bulk-magnetism", *args)
        assert (found.status, words in found.err) == (2, True), found.err


def test_a_window(monkeypatch: pytest.MonkeyPatch) -> None:
    """It shows the figure that was drawn; none can be had where no backend has a display."""
    data = curves.integrand(load("bulk-magnetism"), ["first-order"])
    monkeypatch.setattr(pages, "WINDOWS", ("TkAgg", "agg"))
    shown: list[str] = []
    from matplotlib import pyplot as plt

    monkeypatch.setattr(plt, "show", lambda: shown.extend(axes.get_title() for axes in plt.gcf().axes))
    monkeypatch.delenv("DISPLAY", raising=False)
    before = plt.get_backend()
    try:
        pages.in_a_window(pages.integrand, data)
        assert "normal: fieldlike" in shown
        monkeypatch.setattr(pages, "WINDOWS", ("TkAgg",))
        with pytest.raises(Exception, match="no window can be opened here; give --output"):
            pages.in_a_window(pages.integrand, data)
    finally:
        plt.close("all")
        plt.switch_backend(before)


@pytest.mark.parametrize("name", ["bulk-magnetism", "pt-yig"])
def test_the_plane_of_k_adds_up(name: str) -> None:
    """The density over d²k, and by k_⊥, sum up to the torque, of a bare interface and of a stack."""
    system, engine = load(name), Matching()
    scale = system.scale
    edges = np.sqrt(system.thresholds())
    nodes, weights = np.polynomial.legendre.leggauss(60)
    total, other = np.zeros((3, 3)), np.zeros((3, 3))
    angle = 2 * np.pi * (np.arange(32) + 0.5) / 32
    for lower, upper in pairwise(edges):
        # As in the sum itself, what kinks as a root at either end is smooth in θ.
        theta, w = np.pi / 4 * (nodes + 1), np.pi / 4 * weights
        x = lower**2 + (upper**2 - lower**2) * np.sin(theta) ** 2
        k = np.sqrt(x)
        dk = w * (upper**2 - lower**2) * np.sin(2 * theta) / (2 * k)
        total += np.einsum("n,nsi->si", dk, torque_by_k_perp(engine, system, scale, k))
        density = torque_density(engine, system, scale, k, angle)
        # What is odd in k, and larger than the torque, is left out.
        assert np.abs(density[:, :16] - density[:, 16:]).max() <= 1e-12 * np.abs(density).max()
        other += 2 * np.pi * np.einsum("n,nasi->si", dk * k, density) / len(angle)
    table = sc.torque(system, "continuum", tolerance=1e-7)
    for row in table.scattering():
        source = ("normal", "majority", "minority").index(row.source)
        size = np.abs(row.vector).max()
        assert total[source] == pytest.approx(row.vector, abs=1e-5 * size)
        assert other[source] == pytest.approx(total[source], abs=1e-12)


def test_first_order_of_the_integrand_is_the_exact_one_at_small_h_R() -> None:
    data = curves.integrand(load("topological-insulator").with_(h_R=1e-4))
    by: dict[tuple[str, str], list[float]] = {}
    for row in data["integrand"]:
        by.setdefault((row["engine"], row["source"]), []).append(row["fieldlike"])
    for source in ("majority", "minority"):
        first, exact = by["first-order", source], by["continuum", source]
        assert np.abs(np.subtract(first, exact)).max() <= 1e-6 * np.abs(first).max()
    with pytest.raises(EngineError, match="bare interfaces only"):
        curves.integrand(load("pt-yig"), ["first-order"])
    with pytest.raises(EngineError, match="parallel to y"):
        curves.integrand(load("bulk-magnetism").with_(m=(0, 1, 0)))


def completed(*words: str) -> list[str]:
    """Return what a shell would be offered for the last of these words."""
    shell = ShellComplete(cli, {}, "sotcheck", "_SOTCHECK_COMPLETE")
    return [item.value for item in shell.get_completions(list(words[:-1]), words[-1]) if item.type == "plain"]


def test_completion() -> None:
    """Of commands, systems, engines (those that are there already left out) and keys."""
    assert completed("tor") == ["torque"]
    assert completed("torque", "pt-") == ["pt-co-alox", "pt-cu-co-pt", "pt-yig"]
    assert completed("check", "pt-yig", "--engine", "continuum,") == [
        "continuum,first-order",
        "continuum,kwant",
    ]
    assert completed("plot", "pt-yig", "--source", "normal,m") == ["normal,majority", "normal,minority"]
    assert completed("profile", "pt-yig", "--source", "t") == ["total"]
    assert completed("sweep", "pt-yig", "--over", "interface.b") == ["interface.barrier="]
    assert completed("plot", "pt-cu-co-pt", "--over", "layer[2].t") == ["layer[2].thickness="]
    assert completed("plot", "missing.toml", "--over", "h") == completed("plot", "--over", "h") == ["h_R="]
    assert completed("trust-map", "pt-yig", "--over", "U_") == ["U_N=", "U_F="]


@pytest.mark.parametrize("shell", SHELLS)
def test_the_line_that_installs_completion(sotcheck: Command, shell: str) -> None:
    """It stands after the name of a file; what it has a shell read is click's own for that shell."""
    file, line = sotcheck("completion", shell).out.splitlines()
    assert file.startswith("# in ~/.")
    (asked,) = re.findall(r"_SOTCHECK_COMPLETE=(\w+)", line)
    environment = {**os.environ, "_SOTCHECK_COMPLETE": asked}
    command = [sys.executable, "-c", "from sotcheck.command.main import main; main()"]
    found = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert "_SOTCHECK_COMPLETE" in found.stdout and not found.stderr
    if shell == "bash":
        subprocess.run(["bash", "-n"], input=found.stdout, text=True, check=True)


def test_doctor(sotcheck: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    """It looks at all that pyproject.toml asks for, and says what is missing or broken, with status 2."""
    found = json.loads(sotcheck("doctor", "--json", "-").out)["rows"]
    state = {row["what"]: row for row in found}
    project = tomllib.loads((Path(__file__).parent.parent / "pyproject.toml").read_text(encoding="utf-8"))
    needed = {re.split(r"[^\w-]", one)[0] for one in project["project"]["dependencies"]}
    assert needed <= set(state)
    assert {f"extra {name}" for name in project["project"]["optional-dependencies"]} <= set(state)
    assert {row["state"] for row in found if row["needed"]} == {"ok"}
    assert "solver" in state["kwant runs"]["found"]
    version = doctor.metadata_version
    monkeypatch.setattr(doctor, "metadata_version", lambda name: None if name == "xarray" else version(name))

    def broken() -> str:
        raise EngineError("Kwant was built for another NumPy (…); rebuild it")

    monkeypatch.setattr("sotcheck.engines.kwant_private.build", broken)
    ill = sotcheck("doctor")
    assert ill.status == 2
    assert "Not in order: xarray, kwant runs." in ill.out and "rebuild it" in ill.out


def test_doctor_comes_where_packages_are_missing(tmp_path: Path) -> None:
    """It needs nothing but click, and says what is missing instead of failing over it."""
    root = Path(sc.__file__).parents[1]
    (tmp_path / "sotcheck").symlink_to(root / "sotcheck")
    (tmp_path / "systems").symlink_to(root / "systems")
    (tmp_path / "click").symlink_to(Path(click.__file__).parent)
    code = "import sys; from sotcheck.command.main import main; main(['doctor'])"
    command = [sys.executable, "-S", "-c", code]
    environment = {**os.environ, "PYTHONPATH": str(tmp_path)}
    found = subprocess.run(
        command, env=environment, cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert (found.returncode, found.stderr) == (2, "")
    assert "Not in order: sotcheck, click, kwant runs, systems." in found.stdout
    assert "No module named" in found.stdout


def test_help_is_quick() -> None:
    """Within 0.15 s of bare Python, by the processor's time: whatever else the machine does."""

    def seconds(*args: str) -> float:
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        subprocess.run([sys.executable, *args], capture_output=True, check=True)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        return after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime

    helped, bare = (
        min(seconds(*args) for _ in range(5)) for args in (("-m", "sotcheck", "--help"), ("-c", ""))
    )
    assert helped - bare <= 0.15
