"""README and manual: every console line shows what it shows, every snippet works, or it is said why not.

The manual builds without a warning. Its paper of three equations is audited; what is no paper is refused.
"""

from __future__ import annotations

import contextlib
import io
import json
import os
import re
import shlex
import subprocess
import sys
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import matplotlib as mpl
import pytest
from click.testing import CliRunner
from conftest import Command, Run

from sotcheck.command.main import cli
from sotcheck.engines import EXACT
from sotcheck.system.files import load
from sotcheck.system.interface import Interface
from sotcheck.system.reference import template
from sotcheck.system.stack import Junction, Layer, Stack

ROOT = Path(__file__).resolve().parent.parent
#: Pages by name; those of the Python interface have tests of their own.
PAGES = {
    path.relative_to(ROOT).as_posix(): path.read_text(encoding="utf-8")
    for path in (ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md")))
    if path.stem != "python"
}

#: Lines that are parsed by their command and not run, with the reason.
ONLY_PARSED = {
    "sotcheck report mine.toml --output my-reports": "half a minute; test_report_folder writes such reports",
    "sotcheck audit": "a minute; test_audit runs it",
    "sotcheck audit --power": "several minutes; test_audit runs parts of it",
    "sotcheck audit --output reports/audit": "two minutes; test_audit_pages writes such pages",
    "sotcheck beyond bulk-magnetism": "five seconds; test_cli_beyond runs it",
    "sotcheck bench": "four minutes; test_bench runs it with less work",
    "sotcheck reference -o torques.csv": "a minute; test_reference_tables proves parts of it",
    "sotcheck sweep mine.toml --over u_0=0:2:200 --over u_m=0:1:100 --engine kwant -o result.nc "
    "--executor dask://HOST:8786": "no such host; test_executors starts clusters",
    "sotcheck sweep mine.toml --over u_0=0:2:200 --over u_m=0:1:100 --engine kwant "
    "-o result.nc --executor dask://$ADDRESS --resume": "in a job; test_executors starts clusters",
    "srun python -m mpi4py.futures -m sotcheck sweep mine.toml --over u_0=0:2:200 --over u_m=0:1:100 "
    "--engine kwant -o result.nc --executor mpi --resume": "in a job; test_executors runs MPI",
}
#: Lines of other programs, which are not run, with the reason.
NOT_OURS = {
    "pip install uv && uv run sotcheck check interface-magnetism": "the first steps show what it prints",
    "pip install uv && uv run python tests": "these tests; .ci/run runs it",
    'pip install "setuptools>=77" "numpy>=2" scipy "cython>=3.1"': "installs; minutes",
    "pip install --no-build-isolation -C--global-option=--cython --no-cache-dir kwant==1.5.0": "compiles",
    "pip install .": "installs; test_packaging installs the wheel",
    "uv sync --reinstall-package kwant --no-cache": "compiles",
    "pip install --force-reinstall --no-deps --no-build-isolation --no-cache-dir "
    "-C--global-option=--cython kwant==1.5.0": "compiles",
    "docker build -t sotcheck .": "needs Docker; test_packaging reads the Dockerfile",
    "docker run --rm sotcheck torque bulk-magnetism": "needs Docker",
    "dask scheduler --port 8786": "a server; test_executors starts one",
    "dask worker tcp://HOST:8786 --nworkers 8 --nthreads 1": "no such host; test_executors starts workers",
    "uv run pytest benchmarks": "timings; minutes",
}
#: Lines that run with less to do.
SMALLER = {
    ":50 ": ":4 ",
    ":40 ": ":3 ",
    "--workers 8": "--workers 1",
    "--svg map.svg": "--svg map.svg --points 4",
    # By Kwant, test_bound_torque has them.
    "--engine continuum,kwant --h-r 1.2": "--engine continuum --h-r 1.2",
}
#: Exit statuses other than 0.
STATUS = {
    "sotcheck reference --compare mine.csv --tolerance 1e-11": 1,
    "sotcheck check bulk-magnetism --theory mytheory:torque": 1,
    "sotcheck audit --paper mypaper.py --power --output mypaper --workers 1": 1,
}
#: What has been tried on another page already.
TRIED: set[str] = set()


class Block(NamedTuple):
    """A fenced block of a page, and the line before it."""

    before: str
    language: str
    text: str


class Line(NamedTuple):
    """A command and what a page shows of its output."""

    command: str
    shown: list[str]


def blocks(page: str, *languages: str) -> list[Block]:
    """Return the fenced blocks of some languages, all by default."""
    found = re.findall(r"([^\n]*)\n+^```(\w*)\n(.*?)^```$", PAGES[page], flags=re.DOTALL | re.MULTILINE)
    return [Block(*parts) for parts in found if not languages or parts[1] in languages]


def lines_of(block: Block) -> Iterator[Line]:
    """Yield the commands of a console block; without a prompt, each line is one."""
    if "$ " in block.text:
        for part in re.split(r"^\$ ", block.text, flags=re.MULTILINE)[1:]:
            command, *shown = part.strip().splitlines()
            yield Line(command, shown)
    else:
        for command in block.text.splitlines():
            yield Line(command.partition("   #")[0].strip(), [])


def console() -> Iterator[Line]:
    """Yield the commands of all pages."""
    for page in PAGES:
        for block in blocks(page, "console", "sh"):
            yield from lines_of(block)


def code_with(words: str, page: str) -> str:
    """Return the only block of Python in which, or before which, the words stand."""
    (found,) = [block.text for block in blocks(page, "python") if words in block.before + block.text]
    return found


def like(shown: str, found: str) -> bool:
    """Return whether two lines are the same but for spaces, rules of tables, and rounding.

    Values agree to eight digits, or are both nothing beside the others of their table. Two-digit numbers are
    error estimates, which differ from processor to processor.
    """
    words, others = ([word for word in line.split() if word.strip("-")] for line in (shown, found))
    return len(words) == len(others) and all(map(_same, words, others))


def _same(word: str, other: str) -> bool:
    try:
        one, two = float(word), float(other)
    except ValueError:
        return word == other
    if re.fullmatch(r"\d\.\de-\d\d", word):
        return one / 3 <= two <= 3 * one
    return one == pytest.approx(two, rel=1e-8, abs=1e-13)


def parse(command: str) -> None:
    """Have a command's own parser read its line."""
    name, *args = shlex.split(command)[shlex.split(command).index("sotcheck") + 1 :]
    cli.commands[name].make_context(name, args)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A working folder; no windows, and no engines that stay."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setitem(mpl.rcParams, "backend", "Agg")
    monkeypatch.syspath_prepend(tmp_path)
    engines = set(EXACT)
    yield tmp_path
    for name in set(EXACT) - engines:
        del EXACT[name]


@pytest.mark.parametrize("page", [page for page in PAGES if blocks(page, "console", "sh", "python")])
def test_a_page(folder: Path, page: str) -> None:
    """Everything in it, in its order, in a folder of its own; Python is written to files or run."""
    for name in ("mine", "my-stack"):
        if f"new {name}.toml" not in PAGES[page]:
            Path(f"{name}.toml").write_text(template(name, stack=name == "my-stack"), encoding="utf-8")
    names: dict[str, Any] = {}
    found, last = blocks(page), 0
    for n, block in enumerate(found):
        if block.language in ("console", "sh"):
            for line in lines_of(block):
                if line.command == "echo $?":
                    assert line.shown == [str(last)]
                else:
                    last = run(line, last)
        elif block.language == "python":
            file = re.findall(r"`(?:[\w/]+/)?(\w+\.py)`", block.before)
            if file and block.before.rstrip().endswith(":"):
                Path(file[-1]).write_text(block.text, encoding="utf-8")
                continue
            with contextlib.redirect_stdout(io.StringIO()) as output:
                exec(block.text, names)
            if n + 1 < len(found) and found[n + 1].before == "prints":
                assert output.getvalue().split() == found[n + 1].text.split()


def run(line: Line, last: int) -> int:
    """Run a line as a shell would; what the page shows of its output has to be there, in that order."""
    if line.command in NOT_OURS or (line.command in TRIED and not line.shown):
        return last
    if line.command in ONLY_PARSED:
        parse(line.command)
        return last
    TRIED.add(line.command)
    command, _, file = line.command.partition(" > ")
    for much, less in SMALLER.items():
        command = f"{command} ".replace(much, less).strip()
    program, *args = shlex.split(command)
    assert program == "sotcheck", f"{line.command}: neither ours nor in a table of this test"
    found = CliRunner().invoke(cli, args, catch_exceptions=False)
    assert found.exit_code == STATUS.get(line.command, 0), found.output
    if file:
        Path(file).write_text(found.stdout)
    rest = iter(found.stdout.splitlines())
    for shown in line.shown:
        assert any(like(shown, other) for other in rest), f"{line.command} does not show: {shown}"
    return found.exit_code


def test_nothing_is_left_out() -> None:
    """A block in a new language needs a test of its own; no reason outlives its line."""
    languages = {block.language for page in PAGES for block in blocks(page)}
    assert languages == {"sh", "console", "python", "text", "bash", "toml"}
    for page, text in PAGES.items():
        assert len(blocks(page)) == text.count("\n```") / 2, page
    known = {line.command for line in console()} | set(jobs())
    assert set(ONLY_PARSED) | set(NOT_OURS) | set(STATUS) <= known


def test_lines_are_compared() -> None:
    """A wrong digit, a wrong word, a missing column and another size of error are seen."""
    assert like("a  1.2345678901e-03 ------------ 5.3e-15", "a 1.2345678902e-03   5.1e-15")
    for other in ("b 1.2345678901e-03 5.3e-15", "a 1.2345670e-03 5.3e-15", "a 1.2345678901e-03 1.0e-13", "a"):
        assert not like("a  1.2345678901e-03  5.3e-15", other)


def test_system_files_are_complete(tmp_path: Path) -> None:
    """With the default values, as is said."""

    def keys(text: str) -> int:
        return len(re.findall(r"^(?:# )?\w+ = ", text, flags=re.MULTILINE))

    bare, stack = template("my-system"), template("my-stack", stack=True)
    for name, text in (("bare", bare), ("stack", stack)):
        (tmp_path / f"{name}.toml").write_text(text)
    assert load(tmp_path / "bare.toml") == Interface(name="my-system")
    # The unit of energy is a table that only a file in eV has.
    assert keys(bare) + 1 == len(Interface.model_fields)
    loaded = load(tmp_path / "stack.toml")
    assert isinstance(loaded, Stack)
    # A layer like N would be none.
    assert loaded == Stack(name="my-stack", layers=(Layer(potential=0.5),))
    # But for the unit and the tables of layers and their interfaces.
    assert keys(stack) == len(Stack.model_fields) - 2 + len(Layer.model_fields) - 1 + len(
        Junction.model_fields
    )


CLUSTER = "docs/how-to/cluster.md"


def jobs() -> list[str]:
    """Return the sotcheck lines of the job scripts."""
    lines = "".join(block.text for block in blocks(CLUSTER, "bash")).replace("\\\n", " ").splitlines()
    return [" ".join(line.split()) for line in lines if "sotcheck sweep" in line]


def test_job_scripts() -> None:
    """A shell can read them, and the command its options."""
    assert len(jobs()) == len(blocks(CLUSTER, "bash")) == 2
    for block in blocks(CLUSTER, "bash"):
        subprocess.run(["bash", "-n"], input=block.text, text=True, check=True)
    for command in jobs():
        assert command in ONLY_PARSED
        parse(command)
    program = re.findall(r'python -c "(.*?)" "\$FILE"', PAGES[CLUSTER])[0]
    found = subprocess.run(
        [sys.executable, "-c", program, "/dev/stdin"], input=json.dumps({"address": "tcp://10.0.0.1:8786"}),
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert found.stdout == "10.0.0.1:8786\n"


@pytest.fixture(scope="module")
def manual(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build the manual; a warning, such as a link that leads nowhere, is an error."""
    folder = tmp_path_factory.mktemp("manual")
    environment = {**os.environ, "NO_MKDOCS_2_WARNING": "1"}
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", str(folder)]
    found = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    # With --quiet, warnings would not count.
    assert found.returncode == 0, found.stdout + found.stderr
    assert "WARNING" not in found.stdout + found.stderr
    return folder


def test_the_manual_builds(manual: Path) -> None:
    """Every page is there, and in the reference every command, key and name of the package."""
    for page in PAGES:
        if page.startswith("docs/"):
            assert (manual / page.removeprefix("docs/")).with_suffix(".html").is_file(), page
    reference = {
        path.stem: path.read_text(encoding="utf-8") for path in (manual / "reference").glob("*.html")
    }
    assert not any("generated:" in text for text in reference.values())
    for name in cli.commands:
        assert f'<h2 id="{name}">' in reference["commands"], name
    for name in ("relaxation.bound", "layer.interface.spin_orbit", "units.energy"):
        assert f"<code>{name}</code>" in reference["system-file"], name
    for name in ("torque", "check", "load", "Interface", "Result", "TrustLimits", "Torque.bound_share"):
        assert re.search(rf'id="sotcheck[\w.]*\.{re.escape(name)}"', reference["python"]), name
    assert "spin_current_minus" in reference["json"]
    front = (manual / "index.html").read_text(encoding="utf-8")
    for page in PAGES:
        if page.startswith("docs/") and page != "docs/index.md":
            assert f'href="{page[5:-3]}.html"' in front, page
    # Indices stay what they are.
    assert "−∂_z² + k_⊥²" in (manual / "explanation" / "conventions.html").read_text(encoding="utf-8")


def test_a_link_that_leads_nowhere_is_seen(tmp_path: Path) -> None:
    """So that the manual's building without a warning means something."""
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "index.md").write_text("[nowhere](nowhere.md)\n")
    (tmp_path / "mkdocs.yml").write_text(
        "site_name: x\ntheme: {name: mkdocs}\nvalidation: {unrecognized_links: warn}\n"
    )
    command = [sys.executable, "-m", "mkdocs", "build", "--strict"]
    found = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert found.returncode == 1 and "nowhere.md" in found.stdout + found.stderr


PAPER = "docs/how-to/paper.md"
HEAD = "from sotcheck.trial.paper import Paper\n\npaper = Paper('mine', 'Mine')\n"


Audit = Callable[..., Run]


@pytest.fixture
def audit(sotcheck: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Audit:
    """Audit the manual's paper in a working folder of its own."""
    monkeypatch.chdir(tmp_path)
    Path("mypaper.py").write_text(code_with("mypaper.py", PAPER), encoding="utf-8")
    return partial(sotcheck, "audit", "--paper", "mypaper.py")


def test_a_wrong_sign_is_found_and_shown(audit: Audit) -> None:
    """The rows, the seeded faults, pages that speak of this paper and no other; the same by processes."""
    found = audit("--workers", "1", "--power", "--faults", "0", "--output", "pages", "--json", "-")
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
        page = Path("pages", name).read_text(encoding="utf-8")
        title = "Torque of a spin-dependent barrier"
        assert f"Every numbered equation of “{title}”, as it is written down" in page
        assert "1 of 3 numbered equations disagree as transcribed." in page
        assert not re.search(r"Kim|Phys\. Rev|machine|journal|Table I|Figures|Claims in words", page)
    assert "from the numbers alone: the sign is wrong" in page
    assert page.count("<figure class=scatter>") == 3
    # Workers load it from the same file, in whatever folder they are.
    assert audit("--workers", "2", "--power", "--faults", "0", "--json", "-").out == found.out


def test_figures_and_tables_of_ones_own(audit: Audit) -> None:
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
    Path("mypaper.py").write_text(code_with("mypaper.py", PAPER) + more, encoding="utf-8")
    assert audit("--workers", "1", "--output", "pages").status == 1
    page = Path("pages", "README.md").read_text(encoding="utf-8")
    assert "## Figures and Table of two from exact numerics" in page
    assert "![A sine](figures/sine.svg)" in page
    assert "| one | 1.5 |" in page
    assert Path("pages", "figures", "sine.svg").read_text(encoding="utf-8").startswith("<?xml")


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
