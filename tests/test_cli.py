"""The command line as a user runs it: output, JSON, exit statuses, bad input, progress, Ctrl-C."""

from __future__ import annotations

import codecs
import fcntl
import os
import pty
import re
import select
import shlex
import signal
import struct
import subprocess
import sys
import termios
import time
from contextlib import AbstractContextManager
from itertools import product
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from conftest import Command, strict

import sotcheck as sc
from sotcheck.command import main as cli
from sotcheck.command import output
from sotcheck.exact.observables import transverse
from sotcheck.numerics.estimate import Estimate
from sotcheck.run import progress
from sotcheck.run.plaintext import visible
from sotcheck.system.files import load
from sotcheck.system.interface import SOURCES
from sotcheck.trial import check as crosscheck
from sotcheck.trial.verdict import Comparison, Trial, Verdict

COMMAND = [sys.executable, "-m", "sotcheck"]
INTERRUPTED = 128 + signal.SIGINT
TORQUE_KEYS = {
    "engine", "scheme", "h_R", "magnetization", "source", "fieldlike", "dampinglike", "vector",
    "spin_current_minus", "spin_current_plus", "lattice", "interface", "layers", "interfaces",
    "uncertainty",
}  # fmt: skip
VERDICT_KEYS = {
    "claim", "title", "equation", "quantity", "source", "verdict", "expected", "measured", "uncertainty",
    "relative_difference", "form", "explanation",
}  # fmt: skip
FLOWS = ("spin_current_minus", "spin_current_plus", "lattice", "interface")


def run(*command: str, **options: Any) -> subprocess.CompletedProcess[str]:
    """Run a program to its end in a process of its own."""
    streams = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE} | options
    return subprocess.run(command, text=True, check=False, timeout=300, **streams)


def test_help_and_version(sotcheck: Command) -> None:
    """Every command documents itself; the exit statuses are in the main help."""
    overview = sotcheck("--help")
    assert overview.status == 0
    assert "Exit status: 0 all agree, 1 something disagrees, 2 bad usage or input" in overview.out
    assert "3 nothing disagrees but something is inconclusive" in overview.out
    for command in cli.cli.commands:
        assert f"  {command} " in overview.out
        assert sotcheck(command, "--help").out.startswith(f"Usage: sotcheck {command} ")
    assert sotcheck("--version").out == f"sotcheck, version {sc.__version__}\n"
    options = {"--engine", "--h-r", "--magnetization", "--fermi-energy", "--tolerance", "--json", "--scheme"}
    assert options <= set(sotcheck("torque", "--help").out.split())


def test_systems(sotcheck: Command, tmp_path: Path) -> None:
    """The list has every built-in system; a printed one is a file that loads to the same, or is refused."""
    listed = sotcheck("systems").out.splitlines()
    assert [line.split()[0] for line in listed] == list(sc.builtin_systems())
    path = tmp_path / "printed.toml"
    for name in sc.builtin_systems():
        path.write_text(sotcheck("systems", name).out)
        assert load(path) == load(name)
    path.write_text("name = 'x' # \x1b]0;evil\x07\r\n", newline="")
    assert sotcheck("systems", str(path)).out == "name = 'x' # \\u001b]0;evil\\u0007\r\n"
    assert "did you mean 'bulk-magnetism'" in sotcheck("systems", "bulk-magnetsm").err


def test_torque_against_the_contracts_numbers(sotcheck: Command) -> None:
    """Sign, prefactor and normalisation, to the last digit printed there but one."""
    args = ("--engine", "first-order,continuum", "--h-r", "0.3", "--tolerance", "1e-12", "--json", "-")
    rows = strict(sotcheck("torque", "bulk-magnetism", *args).out)["torque"]
    pins = np.array([
        -2.19999333948e-3 - 3.78974822874e-3j, 1.75989442723e-2 + 3.78974822874e-3j, -4.02047688360e-5
    ])  # fmt: skip
    first = np.array([row["fieldlike"] + 1j * row["dampinglike"] for row in rows[:3]]) / 0.3
    assert np.all(np.abs(first - pins) <= 2e-12 * np.abs(pins))
    exact = (1.913942782358e-4, -9.751462351375e-4, -6.789673958045e-4)
    assert rows[3]["vector"] == pytest.approx(exact, rel=2e-12)


def test_torque_json(sotcheck: Command) -> None:
    """One row for each engine, h_R and source; nothing but JSON on standard output."""
    found = sotcheck(
        "torque", "interface-magnetism", "--engine", "kwant, first-order,kwant", "--h-r", "0.1,-0.05,0.1",
        "--tolerance", "1e-6", "--magnetization", "2,-1,2", "--fermi-energy", "1.1", "--json", "-",
    )  # fmt: skip
    assert (found.status, found.err) == (0, "")
    document = strict(found.out)
    assert list(document) == ["sotcheck", "system", "torque", "warnings"]
    assert document["sotcheck"] == sc.__version__
    assert document["system"]["fermi_energy"] == 1.1
    assert document["system"]["interface"]["rashba"] == 0.1
    rows = document["torque"]
    assert [(row["engine"], row["scheme"], row["h_R"]) for row in rows[::3]] == [
        ("kwant", "exact-difference", 0.1), ("kwant", "exact-difference", -0.05),
        ("first-order", None, 0.1), ("first-order", None, -0.05),
    ]  # fmt: skip
    for row, source in zip(rows, ["normal", "majority", "minority"] * 4, strict=True):
        assert row["source"] == source
        assert set(row) == TORQUE_KEYS
        assert set(row["uncertainty"]) >= {"quadrature", "discretization", "total"}
        m = np.array(row["magnetization"])
        assert m == pytest.approx(np.array([2, -1, 2]) / 3)
        minus, plus, lattice, interface = (np.array(row[name]) for name in FLOWS)
        noise = 1e-12
        assert plus == pytest.approx(minus + lattice - interface, abs=noise)
        t = np.array(row["vector"])
        assert t == pytest.approx(transverse(plus + interface, m), abs=noise)
        assert t == pytest.approx(transverse(minus + lattice, m), abs=noise)
        along = np.cross(m, [0, 1, 0])
        split = row["dampinglike"] * np.cross(m, -along) + row["fieldlike"] * along
        assert t == pytest.approx(split, abs=noise)


def test_magnetization_along_y(sotcheck: Command, tmp_path: Path) -> None:
    """Both components are undefined: null, with the vector itself.

    With JSON in a file, which is what '-' prints, the table still goes to standard output.
    """
    args = ("torque", "bulk-magnetism", "--engine", "first-order,continuum", "--magnetization", "0,-3,0")
    printed = sotcheck(*args, "--json", "-").out
    for row in strict(printed)["torque"]:
        assert row["fieldlike"] is row["dampinglike"] is None
        assert np.all(np.isfinite(row["vector"]))
    table = sotcheck(*args).out
    assert "undefined" in table
    path = tmp_path / "t.json"
    assert sotcheck(*args, "--json", str(path)).out == table
    assert path.read_text() == printed


def test_finite_differences(sotcheck: Command) -> None:
    """Their error is estimated from the ladder of spacings, and covers the true one."""
    args = ("torque", "ferromagnetic-insulator", "--tolerance", "1e-6", "--json", "-")
    exact = strict(sotcheck(*args, "--engine", "continuum").out)["torque"][0]
    found = strict(sotcheck(*args, "--engine", "kwant", "--scheme", "finite-difference").out)["torque"][0]
    assert found["scheme"] == "finite-difference"
    assert found["uncertainty"]["discretization"] > 0.0
    assert exact["uncertainty"]["discretization"] == 0.0
    error = np.abs(np.array(found["vector"]) - exact["vector"]).max()
    assert error <= found["uncertainty"]["total"] + exact["uncertainty"]["total"]
    assert error <= 1e-7 * np.linalg.norm(exact["vector"])


@pytest.mark.parametrize(
    ("option", "value"),
    [("--h-r", "1e6"), ("--h-r", "1e60"), ("--h-r", "-1e60"), ("--h-r", "1e-300"), ("--h-r", "0"),
     ("--fermi-energy", "1.0"), ("--fermi-energy", "0"), ("--fermi-energy", "-0.999999")],
)  # fmt: skip
def test_extreme_but_possible(sotcheck: Command, option: str, value: str) -> None:
    """Results, all finite, without a warning."""
    found = sotcheck("torque", "bulk-magnetism", "--engine", "continuum,kwant", option, value, "--json", "-")
    assert (found.status, found.err) == (0, "")
    assert len(strict(found.out)["torque"]) == 6


@pytest.mark.parametrize("table", ["[interface]\nbarrier", "[interface]\nexchange", "[normal]\npotential"])
@pytest.mark.parametrize("value", ["1e6", "-1e6", "1e60"])
def test_huge_barriers_and_potentials(sotcheck: Command, tmp_path: Path, table: str, value: str) -> None:
    """A result from boundary matching; from Kwant a result or one line that says why not."""
    path = tmp_path / "huge.toml"
    path.write_text(f'name = "huge"\n{table} = {value}\n')
    exact = sotcheck("torque", str(path), "--engine", "continuum", "--json", "-")
    assert exact.status == 0
    rows = [row["source"] for row in strict(exact.out)["torque"]]
    # Any exchange at the interface as large as that attracts one spin.
    attracts = "exchange" in table or (value.startswith("-") and "barrier" in table)
    assert rows == [*SOURCES, *["bound"] * attracts]
    lattice = sotcheck("torque", str(path), "--engine", "kwant")
    assert lattice.status in (0, 2)
    if lattice.status == 2:
        assert lattice.err.startswith("sotcheck: Kwant ")
        assert lattice.err.count("\n") == 1


#: Names, options, values and paths from outside never move a terminal's cursor: they are shown as they are.
ESCAPES, SHOWN = "\x1b[31m\u202e\u2066\x9b\udcff", r"1b[31m\u202e\u2066"
#: A command, with B for bulk-magnetism and X for escape sequences, and what is said.
BAD_USAGE = [
    ("", "Usage: sotcheck"),
    ("chek", "No such command 'chek'"),
    ("torque", "Missing argument 'SYSTEM'"),
    ("torque B more", "unexpected extra argument"),
    ("torque B --engin kwant", "Did you mean '--engine'?"),
    ("torque B --engine kwnat", "unknown engine 'kwnat' (did you mean 'kwant'?); choose from first-order, "),
    ("torque B --scheme one-sided", "'exact-difference', 'finite-difference'"),
    ("torque B --spacing nan", "'--spacing': 'nan' is not a number"),
    ("torque B --engine kwant --spacing 3", "use a spacing below"),
    ("torque B --engine continuum --spacing 1", "--spacing is for the"),
    ("torque B --engine first-order --scheme exact-difference", "--scheme is for the kwant engine, and "),
    ("torque B --h-r ''", "'--h-r': '' is not a comma-separated list"),
    ("torque B --h-r 0.1,,0.2", "'--h-r': '0.1,,0.2' is not"),
    ("torque B --h-r 0.1,inf", "'--h-r': '0.1,inf' has a number that is not finite"),
    ("torque B --h-r 0.1,1e150", "--h-r: bulk-magnetism: h_R = 1e+150 is not accepted; expected"),
    ("torque B --magnetization 1,2", "'--magnetization': '1,2' has 2 numbers; 3"),
    ("torque B --magnetization 0,0,0", "--magnetization: bulk-magnetism: m = "),
    ("torque B --fermi-energy x", "--fermi-energy"),
    ("torque B --fermi-energy nan", "--fermi-energy: bulk-magnetism: E_F = nan"),
    ("torque B --fermi-energy -1", "--fermi-energy: bulk-magnetism: fermi"),
    ("torque B --tolerance 1", "--tolerance"),
    ("check B --tolerance nan", "'--tolerance': 'nan' is not a number"),
    ("check no-such", "'no-such': no such file, nor a built-in system; built-in: bulk-magnetism"),
    ("report no-such", "'no-such': no such file"),
    ("systems no-such", "'no-such': no such file"),
    ("bound-states", "give a SYSTEM"),
    ("bound-states --output x --h-r 1", "--h-r belongs to a SYSTEM"),
    ("bound-states B --k-perp -1", "k_perp = -1.0 is not accepted"),
    ("bound-states B --angle east", "not a comma-separated list"),
    ("trust-map B --over J=0.2:1", "a map has two axes"),
    ("trust-map B --over J=0.2:1 --over u_0", "is not NAME=FROM:TO"),
    ("trust-map B --over J=0.2:1 --over U_0=0:1", "unknown parameter 'U_0' (did you mean"),
    ("trust-map B --over J=1:0.2 --over u_0=0:1", "is no range"),
    ("trust-map B --over J=1:2 --over u_0=0:1 --svg x.png", "'x.png': figures are SVG; end it in .svg"),
    ("trust-map B --over J=1:2 --over u_0=0:1 --svg missing/x.svg", "its folder does not exist"),
    ("trust-map B --source all", "'total', 'any'"),
    ("trust-map B --component all", "'dampinglike', 'any'"),
    ("sweep B --over J=1,2 -o x.nc --spacing 1", "--spacing is for"),
    ("bench --output missing/README.md", "its folder does not exist"),
    ("audit --output ''", "'--output': an empty name is no place"),
    *(
        (f"{command} --output /dev/null/x", "no folder can be made there")
        for command in ("audit", "bound-states", "bound-states B", "report B", "trust-map")
    ),
    *(
        (line, SHOWN)
        for line in (
            "X", "torque X", "torque B --X", "torque B --engine X", "torque B --h-r X", "torque B --scheme X",
            "torque B --json none/X", "check X.nc", "check B --theory X:f", "report X",
            "report B --executor X", "trust-map B --over X --over J=1:2", "trust-map B --svg X --over J=1:2",
            "sweep B --over X=1:2 -o x.nc", "sweep B --over J=1,2 -o X",
        )
    ),
]  # fmt: skip


@pytest.mark.parametrize(("line", "words"), BAD_USAGE)
def test_bad_usage(sotcheck: Command, monkeypatch: pytest.MonkeyPatch, line: str, words: str) -> None:
    """Before the work: status 2, nothing on standard output, the reason on standard error."""
    for work in ("beyond.trust_map.trust_map", "trial.check.planned"):
        monkeypatch.setattr(f"sotcheck.{work}", None)
    typed = [re.sub("^B$", "bulk-magnetism", word).replace("X", ESCAPES) for word in shlex.split(line)]
    found = sotcheck(*typed)
    assert (found.status, found.out) == (2, "")
    assert words in found.err
    assert visible(found.err) == found.err


@pytest.mark.parametrize(
    ("command", "text", "words"),
    [
        ("torque", r'"\u001b\u202e" = 1', "unknown key "),
        ("check", r'title = "\u001b\u202e"', r'title = "\u001b\u202e" is not accepted; expected a text'),
        ("report", "[interface]\nrashba = '\u202e'", r'interface.rashba = "\u202e" is not accepted;'),
        ("beyond", "fermi_enrgy = 1", "unknown key 'fermi_enrgy' (did you mean 'fermi_energy'?)"),
        ("bound-states", "name = ", "not a TOML file that can be read"),
    ],
)
def test_bad_file(sotcheck: Command, tmp_path: Path, command: str, text: str, words: str) -> None:
    """One line, with keys and values as they are; tests/test_systemfile.py has the rest."""
    path = tmp_path / "x.toml"
    path.write_text(f"name = 'x'\n{text}")
    found = sotcheck(command, str(path))
    assert (found.status, found.out) == (2, "")
    assert found.err.startswith(f"sotcheck: {path}: {words}")
    assert found.err.count("\n") == 1
    assert visible(found.err) == found.err


def test_a_terminal_of_few_characters(tmp_path: Path) -> None:
    """Gets escape sequences for what it lacks."""
    (tmp_path / "x.toml").write_text("name = 'x'\ntitle = 'ŷ'", encoding="utf-8")
    few = os.environ | {"PYTHONIOENCODING": "latin-1"}
    found = run(*COMMAND, "bound-states", "x.toml", "--k-perp", "1", cwd=tmp_path, env=few)
    assert (found.returncode, found.stderr) == (0, "")
    assert found.stdout.startswith(r"x: \u0177")


def test_unwritable_json(sotcheck: Command, tmp_path: Path) -> None:
    """Refused before the work; below a file nobody can write, not even root."""
    file, missing = tmp_path / "file", tmp_path / "missing" / "x.json"
    file.write_text("")
    start = time.monotonic()
    for place in map(str, (file / "x.json", tmp_path, missing, "", f"{tmp_path}/new/", "x" * 300)):
        found = sotcheck("check", "bulk-magnetism", "--json", place)
        assert (found.status, found.out) == (2, "")
        assert place in found.err
    assert time.monotonic() - start < 5.0
    assert os.listdir(tmp_path) == ["file"]


def test_console_script_and_module_agree(tmp_path: Path) -> None:
    """Both ways to start it, from another folder, with the statuses of real processes."""
    script = [str(Path(sys.executable).parent / "sotcheck")]
    for command, (name, status) in product((script, COMMAND), (("bulk-magnetism", 0), ("none", 2))):
        found = run(*command, "systems", name, cwd=tmp_path)
        assert found.returncode == status
        assert "Traceback" not in found.stderr


def test_check_json(sotcheck: Command) -> None:
    """Every row has every key of the contract; all agree, so the status is 0; standard error is silent."""
    found = sotcheck("check", "topological-insulator", "--json", "-")
    assert (found.status, found.err) == (0, "")
    document = strict(found.out)
    assert list(document) == ["sotcheck", "system", "verdicts", "warnings"]
    assert document["system"]["name"] == "topological-insulator"
    rows = document["verdicts"]
    for row in rows:
        assert set(row) >= VERDICT_KEYS
        assert row["verdict"] == "agrees"
        assert row["form"] in ("transcribed", "corrected", "definition", None)
        # N is insulating here: what electrons from N would tell is not there, and not claimed.
        assert row["source"] in ("majority", "minority", "total", None)
        assert row["equation"] is None or row["equation"].startswith("(")
        assert all(isinstance(row[key], float) for key in ("expected", "measured", "uncertainty"))
        assert row["uncertainty"] == pytest.approx(sum(term["value"] for term in row["budget"]))
        assert all(term["name"] and term["origin"] for term in row["budget"])
        assert abs(row["expected"] - row["measured"]) <= row["uncertainty"]
    claims = {row["claim"] for row in rows}
    assert claims >= {"eq10b", "eq10d", "eq14", "eq15", "eq16d", "unitarity", "ledger", "linearity",
                      "lattice-order", "kwant-continuum", "bound-states"}  # fmt: skip
    assert not claims & {"eq10a", "eq10c", "eq16c"}


@pytest.mark.parametrize(
    ("verdicts", "status"),
    [("agrees agrees", 0), ("agrees disagrees", 1), ("inconclusive agrees", 3),
     ("inconclusive disagrees", 1)],
)  # fmt: skip
def test_exit_status(sotcheck: Command, monkeypatch: pytest.MonkeyPatch, verdicts: str, status: int) -> None:
    """A disagreement is never outvoted, a doubt is never a pass, and what is not finite is null in JSON."""
    nothing = Estimate(float("nan"), {"next order": (float("inf"), "none known")})
    trials = [Trial("q", Comparison(1.0, nothing, Verdict(verdict)), "why") for verdict in verdicts.split()]
    findings = [trial.finding("claim", "title", "(1)") for trial in trials]
    evidence = SimpleNamespace(
        expansion=SimpleNamespace(why_not=""), at_h_R={}, ladder={}, lattice_engine=None
    )
    monkeypatch.setattr(crosscheck, "planned", lambda *_, **__: (evidence, {}))
    monkeypatch.setattr(crosscheck, "try_claims", lambda *_: findings)
    assert sotcheck("check", "bulk-magnetism").status == status
    found = sotcheck("check", "bulk-magnetism", "--json", "-")
    assert found.status == status
    row = strict(found.out)["verdicts"][0]
    assert (row["measured"], row["uncertainty"], row["relative_difference"]) == (None, None, None)


def test_check_says_what_disagrees(sotcheck: Command, tmp_path: Path) -> None:
    """An interface about to bind does so far below the in-plane threshold: a claim is refuted, status 1."""
    path = tmp_path / "binding.toml"
    path.write_text(
        'name = "binding"\nfermi_energy = 1.5\n[interface]\nbarrier = -0.7\nrashba = 0.25\n'
        "magnetization = [1, 0, 0]\n"
    )
    found = sotcheck("check", str(path), "--tolerance", "1e-6")
    assert (found.status, found.err) == (1, "")
    rows = [line for line in found.out.splitlines() if line.startswith("DISAGREES")]
    # It adds a state below the continuum, and one at or below E_F.
    assert len(rows) == 2
    assert all("bound-states" in row for row in rows)
    assert ", 2 disagrees" in found.out


def test_output_that_nobody_takes() -> None:
    """`sotcheck torque … | head -0`: no traceback, no status that could pass for a verdict; a full disk."""
    read, write = os.pipe()
    os.close(read)
    found = run(*COMMAND, "torque", "bulk-magnetism", "--engine", "first-order", stdout=write)
    os.close(write)
    assert (found.returncode, found.stderr) == (output.BROKEN_PIPE, "")
    with open("/dev/full", "w") as full:
        found = run(*COMMAND, "systems", stdout=full)
    said = "sotcheck: standard output cannot be written (No space left on device)\n"
    assert (found.returncode, found.stderr) == (2, said)


def started(command: list[str], **options: Any) -> subprocess.Popen[str]:
    """Start a program that hears Ctrl-C, in a session of its own."""

    def listen() -> None:
        # In a background job a shell makes its children deaf to SIGINT; a user's terminal does not.
        signal.signal(signal.SIGINT, signal.SIG_DFL)

    streams = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE} | options
    return subprocess.Popen(command, text=True, start_new_session=True, preexec_fn=listen, **streams)


class Terminal(AbstractContextManager["Terminal"]):
    """A process whose standard error is a terminal; nothing of it is left to the next test."""

    def __init__(self, command: list[str], size: tuple[int, int] = (24, 80)) -> None:
        self.master, slave = pty.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", *size, 0, 0))
        self.process = started(command, stderr=slave)
        os.close(slave)
        self.seen, self.decoder = "", codecs.getincrementaldecoder("utf-8")()

    def read(self, until: str = "\0", timeout: float = 120.0) -> str:
        """Read standard error until a text appears or the process ends."""
        end = time.monotonic() + timeout
        while until not in self.seen and time.monotonic() < end:
            if select.select([self.master], [], [], 0.1)[0]:
                try:
                    # A bar's blocks have three bytes each, not all of which need to be there yet.
                    self.seen += self.decoder.decode(os.read(self.master, 4096))
                except OSError:
                    # The other end is closed: the process has ended.
                    break
        return self.seen

    def close(self) -> int:
        """Wait for the end; return the exit status."""
        self.read()
        os.close(self.master)
        self.process.communicate(timeout=60)
        return self.process.returncode

    def __exit__(self, *_: object) -> None:
        if self.process.returncode is None:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.close()


#: Work whose bar appears after half a second.
WORK = """
import time
from sotcheck.run import progress
progress.DELAY = 0.5
for number in progress.bar({items}, "work"):
    time.sleep({seconds})
"""


def work(items: str, seconds: str) -> list[str]:
    return [sys.executable, "-c", WORK.format(items=items, seconds=seconds)]


@pytest.mark.parametrize("size", [(24, 80), (0, 0)])
def test_bar_after_a_while(size: tuple[int, int]) -> None:
    """It shows before the first item is done, and is gone afterwards."""
    assert progress.DELAY == 2.0
    with Terminal(work("range(2)", "1.2"), size) as terminal:
        start = time.monotonic()
        assert "0/2" in terminal.read("work:   0%|")
        assert time.monotonic() - start > 0.5
        assert "| 1/2 [" in terminal.read("| 1/2 [")
        assert terminal.close() == 0
    assert terminal.seen.split("\r")[-2].strip() == ""


def test_what_is_left_is_told_by_the_mean() -> None:
    """Items that arrive many at once, as points of a sweep do, are no sign that the rest takes no time."""
    with Terminal(work("range(100)", "1.5 if number in (0, 35) else 0")) as terminal:
        shown = terminal.read(" 36/100 [")
    found = re.search(r" 36/100 \[00:0(\d)<00:0(\d)\]", shown)
    assert found is not None, shown
    assert 1 <= int(found[1]) <= int(found[2])


def test_no_bar_for_short_work_or_without_a_terminal() -> None:
    """Silence where a bar would be in the way."""
    with Terminal(work("range(4)", "0.1")) as terminal:
        assert (terminal.close(), terminal.seen) == (0, "")
    quiet = run(*work("[1]", "1.2"))
    assert (quiet.returncode, quiet.stdout, quiet.stderr) == (0, "", "")


HEARTBEAT = """
import sotcheck.run.progress
sotcheck.run.progress.HEARTBEAT = 0.2
from sotcheck.command.main import main
main({args})
"""


@pytest.mark.parametrize(
    ("args", "said"),
    [
        (["check", "bulk-magnetism"], "sotcheck check: bulk-magnetism: "),
        (["torque", "bulk-magnetism", "--scheme", "finite-difference"], " of 3 done, now kwant ("),
        (["bound-states", "bulk-magnetism", "--h-r", "0.5,0.7,0.9"], "sotcheck bound-states: "),
    ],
)
def test_long_work_says_what_it_does_without_a_terminal(args: list[str], said: str) -> None:
    """A line on standard error again and again, nothing of it on standard output."""
    done = run(sys.executable, "-c", HEARTBEAT.format(args=args))
    assert said in done.stderr
    assert " s so far)" in done.stderr
    assert " s so far)" not in done.stdout


def test_ctrl_c_during_a_check() -> None:
    """Once its bar is on the screen: one message on a line of its own, status 130."""
    with Terminal([*COMMAND, "check", "bulk-magnetism", "--h-r", "0.2,0.6,0.8,1"]) as terminal:
        assert "bulk-magnetism: " in terminal.read("%|")
        os.killpg(terminal.process.pid, signal.SIGINT)
        assert terminal.close() == INTERRUPTED
    assert "Traceback" not in terminal.seen
    # The bar's line is wiped: only spaces between its last two carriage returns.
    before, *after = terminal.seen.split("sotcheck: interrupted")
    assert re.search(r"\r *\r+$", before)
    assert [text.strip() for text in after] == [""]


@pytest.mark.parametrize("delay", [0.1, 0.4, 1.0])
def test_ctrl_c_at_any_time(delay: float) -> None:
    """Also while modules are being imported."""
    command = [
        *COMMAND,
        "torque",
        "bulk-magnetism",
        "--scheme",
        "finite-difference",
        "--h-r",
        "0.5,0.6,0.7,0.8,0.9,1",
    ]
    process = started(command, env=os.environ | {"PYTHONPROFILEIMPORTTIME": "1"})
    assert process.stderr is not None
    seen = ""
    while "sotcheck.command.main" not in seen:
        seen += process.stderr.readline()
    time.sleep(delay)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=30)
    assert (process.returncode, out) == (INTERRUPTED, "")
    assert "Traceback" not in err
    assert err.endswith("sotcheck: interrupted\n")


LOCK = """
import time
from sotcheck.command import main as cli

@cli.cli.command("work")
def work():
    print("ready", flush=True)
    try:
        time.sleep(60)
    finally:
        raise RuntimeError("cannot release un-acquired lock")

cli.main(["work"])
"""


def test_interruption_lost_in_an_error_of_a_lock() -> None:
    """Raised while Python takes a lock, it comes out as whatever the lock makes of it."""
    process = started([sys.executable, "-c", LOCK])
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    process.terminate()
    _, err = process.communicate(timeout=30)
    assert (process.returncode, err) == (128 + signal.SIGTERM, "sotcheck: interrupted\n")


WORKERS = """
import os, time
from sotcheck.command import main as cli
from sotcheck.run.processes import process_pool

@cli.cli.command("work")
def work():
    with process_pool(2) as executor:
        futures = [executor.submit({task}) for _ in range(4)]
        print(*executor._processes, flush=True)
        for future in futures:
            future.result()

if __name__ == "__main__":
    cli.main(["work"])
"""


#: What ends a command with two workers (a worker that dies, for lack of memory, say), its status and message.
ENDS = [
    (signal.SIGINT, INTERRUPTED, "sotcheck: interrupted"),
    # `kill`, `timeout` and batch systems ask the parent only; `kill -9` does not even ask.
    (signal.SIGTERM, 128 + signal.SIGTERM, "sotcheck: interrupted"),
    (signal.SIGKILL, -signal.SIGKILL, ""),
    (None, 2, "sotcheck: a worker process died, perhaps for lack of memory; try --workers 1"),
]


@pytest.mark.parametrize("delay", [0.0, 0.5])
@pytest.mark.parametrize(("sent", "status", "said"), ENDS)
def test_workers_end_with_their_parent(
    tmp_path: Path, sent: signal.Signals | None, status: int, said: str, delay: float
) -> None:
    """The parent alone answers, and leaves no orphan; nor does Python's tracker of semaphores say a word."""
    script = tmp_path / "work.py"
    script.write_text(WORKERS.format(task="time.sleep, 60" if sent else "os._exit, 1"))
    process = started([sys.executable, str(script)])
    assert process.stdout is not None
    pids = [int(pid) for pid in process.stdout.readline().split()]
    assert len(pids) == 2
    time.sleep(delay)
    if sent == signal.SIGINT:
        # From the terminal it reaches every process.
        os.killpg(process.pid, sent)
    elif sent:
        process.send_signal(sent)
    _, err = process.communicate(timeout=30)
    assert (process.returncode, err.strip()) == (status, said)
    end = time.monotonic() + 5.0
    while (left := [pid for pid in pids if Path(f"/proc/{pid}").exists()]) and time.monotonic() < end:
        time.sleep(0.05)
    assert not left
