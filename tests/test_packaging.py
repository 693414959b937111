"""What is shipped: the wheel, the README's commands, a Kwant that fits or a message that says what to do."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import textwrap
import tomllib
import venv
import zipfile
from pathlib import Path

import pytest
import yaml

import sotcheck
from sotcheck.system.files import builtin_systems

ROOT = Path(__file__).resolve().parent.parent
REPORT = "pip install uv && uv run sotcheck report"
TESTS = "pip install uv && uv run python tests"


def tracked() -> list[Path]:
    """Return every file under version control."""
    # A checkout may belong to someone else than who runs the tests.
    command = ["git", "-c", "safe.directory=*", "ls-files", "-z"]
    listed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    return [ROOT / name for name in listed.stdout.split("\0") if name and (ROOT / name).is_file()]


def text_of(path: Path) -> str:
    """Return a tracked file's text, empty if it is none."""
    return path.read_bytes().decode("utf-8", errors="ignore")


# --------------------------------------------------------------------------------------- the repository


def test_no_lock_file() -> None:
    """It would hold download addresses."""
    locks = {"uv.lock", "poetry.lock", "pdm.lock", "Pipfile.lock", "package-lock.json", "yarn.lock"}
    assert not [path for path in tracked() if path.name in locks]


def test_no_machine_path_or_download_address() -> None:
    """Neither a home, nor this checkout's place, nor an index or an archive to download."""
    homes = "|".join(map(re.escape, {str(ROOT), str(ROOT.parent), str(Path.home())} - {"/"}))
    machine = re.compile(rf"(?<![\w./-])({homes}|/home/\w+|/Users/\w+)(?![\w.-])")
    address = re.compile(
        r"--(?:extra-)?index-url[ =]+http|https?://[^\s\"')>]+\.(?:whl|tar\.gz|tgz|deb|zip)\b"
        r"|https?://(?:files\.pythonhosted|pypi)\."
    )
    found = [
        f"{path.relative_to(ROOT)}: {hit.group()}"
        for path in tracked()
        for pattern in (machine, address)
        for hit in pattern.finditer(text_of(path))
    ]
    assert not found


def test_readme_gives_the_two_commands_and_ci_the_second() -> None:
    """Each is complete in itself, and stands in a block of its own."""
    blocks = re.findall(r"```(?:sh|bash|console)\n(.*?)```", text_of(ROOT / "README.md"), flags=re.DOTALL)
    lines = [block.strip() for block in blocks]
    assert REPORT in lines
    assert TESTS in lines
    script = text_of(ROOT / ".ci" / "run")
    assert script.startswith("#!")
    assert (ROOT / ".ci" / "run").stat().st_mode & 0o111
    commands = [line for line in script.splitlines() if line and not line.startswith("#")]
    assert commands == [
        "set -euo pipefail", 'cd "$(dirname "$0")/.."', "unset PYTHONDONTWRITEBYTECODE", TESTS
    ]  # fmt: skip


def test_readme_links_lead_somewhere() -> None:
    """Every relative link is a file of the repository."""
    for target in re.findall(r"\]\(([^)#]+)\)", text_of(ROOT / "README.md")):
        if "://" not in target:
            assert (ROOT / target).exists(), target


def test_metadata_agree() -> None:
    """One version, one licence, one year, the same requirements for pip and conda."""
    project = tomllib.loads(text_of(ROOT / "pyproject.toml"))["project"]
    citation = yaml.safe_load(text_of(ROOT / "CITATION.cff"))
    conda = yaml.safe_load(text_of(ROOT / "environment.yml"))
    assert project["version"] == citation["version"] == sotcheck.__version__
    assert project["license"] == citation["license"] == "BSD-2-Clause"
    assert "BSD 2-Clause License\n\nCopyright (c) 2026, the sotcheck developers" in text_of(ROOT / "LICENSE")
    assert citation["cff-version"] == "1.2.0"
    assert [reference["doi"] for reference in citation["references"]] == [
        "10.1103/PhysRevB.96.104438",
        "10.1088/1367-2630/16/6/063065",
    ]
    spelled = {item.replace("-base", "").replace("kwant=", "kwant==") for item in conda["dependencies"][:-1]}
    assert spelled >= set(project["dependencies"])
    assert conda["channels"] == ["conda-forge"]


# --------------------------------------------------------------------------------------------- the wheel


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build the wheel from a copy of the tracked files and install it alone: return the new `python`.

    The environment sees the packages of this one, Kwant among them, but not this checkout.
    """
    folder = tmp_path_factory.mktemp("wheel")
    source = folder / "source"
    for path in tracked():
        copy = source / path.relative_to(ROOT)
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(path, copy)
    build = [uv(), "build", "--quiet", "--wheel", "--out-dir", str(folder), str(source)]
    subprocess.run(build, check=True, timeout=300)
    (wheel,) = folder.glob("*.whl")
    home = folder / "venv"
    venv.create(home, symlinks=True)
    python = home / "bin" / "python"
    install = [uv(), "pip", "install", "--quiet", "--no-deps", "--python", str(python), str(wheel)]
    subprocess.run(install, check=True, timeout=300)
    (packages,) = home.glob("lib/python*/site-packages")
    shared = next(path for path in sys.path if path.endswith("site-packages"))
    # A bare path: its own .pth files, which would bring this checkout back, are not read.
    (packages / "shared.pth").write_text(shared + "\n")
    return python


def uv() -> str:
    """Return the uv that `uv run pytest` was started with, or the one on the path."""
    found = shutil.which("uv")
    assert found is not None, "uv builds the wheel: run the tests by 'uv run pytest'"
    return found


@pytest.mark.slow
def test_wheel_works_elsewhere(installed: Path, tmp_path: Path) -> None:
    """From another folder: the built-in systems are found, torque and report work; not this checkout."""
    where = subprocess.run(
        [installed, "-c", "import sotcheck; print(sotcheck.__file__)"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=True,
    )
    assert Path(where.stdout.strip()).is_relative_to(installed.parent.parent)

    def run(*args: str) -> str:
        command = [str(installed.parent / "sotcheck"), *args]
        return subprocess.run(
            command, cwd=tmp_path, capture_output=True, text=True, check=True, timeout=300
        ).stdout

    assert [line.split()[0] for line in run("systems").splitlines()] == list(builtin_systems())
    for name in builtin_systems():
        assert run("systems", name) == text_of(ROOT / "systems" / f"{name}.toml")
    table = run("torque", "topological-insulator")
    assert "kwant (exact-difference)" in table
    run("report", "topological-insulator", "--workers", "1")
    report = tmp_path / "reports" / "topological-insulator"
    assert {path.name for path in report.iterdir()} >= {"README.md", "index.html", "report.json"}


@pytest.mark.slow
def test_wheel_contents(installed: Path) -> None:
    """The package with its systems and templates, type hints marked as such, the licence; no tests."""
    (wheel,) = installed.parent.parent.parent.glob("*.whl")
    names = zipfile.ZipFile(wheel).namelist()
    assert {name.split("/")[0] for name in names} == {
        "sotcheck",
        f"sotcheck-{sotcheck.__version__}.dist-info",
    }
    systems = {f"sotcheck/systems/{name}.toml" for name in builtin_systems()}
    assert systems == {name for name in names if name.endswith(".toml")}
    modules = {str(path.relative_to(ROOT)) for path in tracked() if path.is_relative_to(ROOT / "sotcheck")}
    assert modules <= set(names)
    assert "sotcheck/py.typed" in names
    assert any(name.endswith("licenses/LICENSE") for name in names)


# ----------------------------------------------------------------------------------------------- Kwant


def with_kwant(folder: Path, code: str, *args: str) -> subprocess.CompletedProcess[str]:
    """Run sotcheck with a `kwant` package of that code instead of the real one."""
    package = folder / "kwant"
    package.mkdir()
    (package / "__init__.py").write_text(textwrap.dedent(code))
    start = (
        f"import sys; sys.path.insert(0, {str(folder)!r})\n"
        f"from sotcheck.command.main import main; main({list(args)})"
    )
    return subprocess.run([sys.executable, "-c", start], capture_output=True, text=True, check=False)


def test_kwant_for_another_numpy(tmp_path: Path) -> None:
    """What happened, and a command for uv and one for plain pip that put it right."""
    words = "numpy.dtype size changed, may indicate binary incompatibility. Expected 96, got 88"
    found = with_kwant(tmp_path, f"raise ValueError({words!r})", "torque", "bulk-magnetism")
    assert found.returncode == 2
    assert found.stdout == ""
    assert found.stderr.startswith(f"sotcheck: Kwant was built for another NumPy ({words}")
    assert "uv sync --reinstall-package kwant --no-cache" in found.stderr
    assert "--no-build-isolation" in found.stderr
    assert "-C--global-option=--cython" in found.stderr
    assert "--no-cache-dir" in found.stderr
    readme = text_of(ROOT / "README.md")
    for command in re.findall(r"'((?:uv|pip) [^']+)'", found.stderr):
        assert command in readme


def test_kwant_missing(tmp_path: Path) -> None:
    """Boundary matching still works, and the message says so."""
    found = with_kwant(tmp_path, "raise ImportError('no kwant here')", "torque", "bulk-magnetism")
    assert found.returncode == 2
    assert found.stderr.startswith("sotcheck: Kwant cannot be imported (no kwant here)")
    assert "--engine continuum" in found.stderr
    other = [sys.executable, "-m", "sotcheck", "torque", "bulk-magnetism", "--engine", "continuum"]
    assert subprocess.run(other, capture_output=True, check=False).returncode == 0


@pytest.mark.parametrize(
    ("category", "words", "heard"),
    [
        ("RuntimeWarning", "MUMPS is not available, SciPy built-in solver will be used as default.", False),
        ("RuntimeWarning", "MUMPS is here, but something else is wrong.", True),
        ("UserWarning", "MUMPS is not available, says another warning.", True),
    ],
)
def test_only_the_remark_on_mumps_is_silenced(tmp_path: Path, category: str, words: str, heard: bool) -> None:
    """Any other warning of Kwant's reaches the user."""
    code = f"""
        import warnings
        warnings.warn({words!r}, {category}, stacklevel=2)
        raise ImportError("enough")
    """
    found = with_kwant(tmp_path, code, "torque", "bulk-magnetism", "--engine", "kwant")
    assert (words in found.stderr) == heard


def test_real_kwant_is_quiet() -> None:
    """With every warning an error, but for that remark."""
    command = [sys.executable, "-W", "error", "-m", "sotcheck", "torque", "topological-insulator"]
    found = subprocess.run([*command, "--engine", "kwant"], capture_output=True, text=True, check=False)
    assert (found.returncode, found.stderr) == (0, "")
