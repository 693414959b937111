"""What is shipped: the wheel, the README's commands, a Kwant that fits or a message that says what to do."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tomllib
import venv
import zipfile
from pathlib import Path

import click
import pytest
import yaml

import sotcheck
from sotcheck.system.files import builtin_systems

ROOT = Path(__file__).resolve().parent.parent
FIRST = "pip install uv && uv run sotcheck check interface-magnetism"
TESTS = "pip install uv && uv run python tests"


def tracked() -> list[Path]:
    """Return every file under version control."""
    # A checkout may belong to someone else than who runs the tests.
    command = ["git", "-c", "safe.directory=*", "ls-files", "-z"]
    listed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    return [ROOT / name for name in listed.stdout.split("\0") if name and (ROOT / name).is_file()]


def text_of(path: Path) -> str:
    """Return a tracked file's text, without what is none."""
    return path.read_bytes().decode("utf-8", errors="ignore")


def test_no_machine_path_or_download_address() -> None:
    """Neither a home, this checkout's place, an index nor an archive to download, nor a lock file of such."""
    locks = {"uv.lock", "poetry.lock", "pdm.lock", "Pipfile.lock", "package-lock.json", "yarn.lock"}
    assert not [path for path in tracked() if path.name in locks]
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
    """Each is complete in itself, and stands in a block of its own; every relative link leads to a file."""
    readme = text_of(ROOT / "README.md")
    blocks = re.findall(r"```(?:sh|bash|console)\n(.*?)```", readme, flags=re.DOTALL)
    assert {FIRST, TESTS} <= {block.strip() for block in blocks}
    for target in re.findall(r"\]\(([^)#]+)\)", readme):
        assert "://" in target or (ROOT / target).exists(), target
    script = text_of(ROOT / ".ci" / "run")
    assert script.startswith("#!")
    assert (ROOT / ".ci" / "run").stat().st_mode & 0o111
    commands = [line for line in script.splitlines() if line and not line.startswith("#")]
    *before, last = commands
    assert last == TESTS
    # Besides, nothing but a browser for the tests of pages.
    assert before[:2] == ["set -euo pipefail", 'cd "$(dirname "$0")/.."']
    assert before[2:4] == ["unset PYTHONDONTWRITEBYTECODE", "export CI=true"]
    assert len(before) == 7
    assert "chromium" in before[4]


def test_metadata_agree() -> None:
    """One version, one licence, one year, the same requirements for pip and conda."""
    project = tomllib.loads(text_of(ROOT / "pyproject.toml"))["project"]
    citation = yaml.safe_load(text_of(ROOT / "CITATION.cff"))
    conda = yaml.safe_load(text_of(ROOT / "environment.yml"))
    assert project["version"] == citation["version"] == sotcheck.__version__
    assert project["license"] == citation["license"] == "BSD-2-Clause"
    assert "BSD 2-Clause License\n\nCopyright (c) 2026, the sotcheck developers" in text_of(ROOT / "LICENSE")
    assert citation["cff-version"] == "1.2.0"
    assert citation["type"] == "software" and citation["title"] == project["name"]
    assert citation["abstract"] == project["description"]
    assert set(citation["keywords"]) < set(project["keywords"])
    assert [author["name"] for author in citation["authors"]] == [one["name"] for one in project["authors"]]
    paper, kwant = citation["references"]
    assert f"Phys. Rev. B **{paper['volume']}**, {paper['start']} ({paper['year']})" in text_of(
        ROOT / "README.md"
    )
    assert paper["title"] in " ".join(text_of(ROOT / "README.md").split())
    assert kwant["title"].startswith("Kwant")
    assert [reference["doi"] for reference in citation["references"]] == [
        "10.1103/PhysRevB.96.104438",
        "10.1088/1367-2630/16/6/063065",
    ]
    spelled = {item.replace("-base", "").replace("kwant=", "kwant==") for item in conda["dependencies"][:-1]}
    assert spelled >= set(project["dependencies"])
    assert conda["channels"] == ["conda-forge"]


def uv(*args: str) -> None:
    """Run the uv that `uv run pytest` was started with, or the one on the path."""
    found = shutil.which("uv")
    assert found is not None, "uv builds the wheel: run the tests by 'uv run pytest'"
    subprocess.run([found, *args, "--quiet"], check=True, timeout=300)


def others() -> list[Path]:
    """Return the other Pythons of this machine that are to work as well, from 3.11 to 3.14."""
    found: dict[str, Path] = {}
    for minor in range(11, 15):
        name = f"python3.{minor}"
        on_path = shutil.which(name)
        places = [Path(on_path)] if on_path else []
        for place in [*places, *Path.home().glob(f".pyenv/versions/3.{minor}.*/bin/{name}")]:
            tried = subprocess.run([place, "-c", "import venv"], capture_output=True, check=False)
            if tried.returncode == 0 and minor != sys.version_info.minor:
                found[name] = place
    return list(found.values())


def starts(python: Path, wheel: Path, folder: Path) -> None:
    """Try that another Python can read every file of the wheel, and starts it; packages are not its own."""
    place = folder / python.name
    zipfile.ZipFile(wheel).extractall(place)
    # Pure Python, which any version can take.
    (place / "click").symlink_to(Path(click.__file__).parent)
    clean = {**os.environ, "PYTHONPATH": str(place)}

    def run(*args: str) -> str:
        command = [str(python), "-W", "error", *args]
        found = subprocess.run(command, cwd=place, env=clean, capture_output=True, text=True, check=False)
        assert found.returncode == 0, found.stdout + found.stderr
        return found.stdout

    run("-m", "compileall", "-q", "sotcheck", "sotcheck_bench")
    assert "Can I trust this formula?" in run("-m", "sotcheck", "--help")
    assert "sotcheck_COMPLETE".casefold() in run("-m", "sotcheck", "completion", "bash").casefold()


def test_it_says_on_which_pythons_it_works() -> None:
    """From the least to the newest that was tried, in words and in classifiers."""
    project = tomllib.loads(text_of(ROOT / "pyproject.toml"))["project"]
    assert project["requires-python"] == ">=3.11.5"
    said = [line.rpartition(" :: ")[2] for line in project["classifiers"] if " :: Python :: 3." in line]
    assert said == [f"3.{minor}" for minor in range(11, 15)]
    assert {"dask", "mpi", "notebook", "parquet"} <= set(project["optional-dependencies"])


def test_the_dockerfile_builds_what_pyproject_says() -> None:
    """Its commands are uv's own, its extras exist, its Python is one that is supported."""
    project = tomllib.loads(text_of(ROOT / "pyproject.toml"))["project"]
    lines = text_of(ROOT / "Dockerfile").splitlines()
    pythons = {line.split()[1] for line in lines if line.startswith("FROM")}
    assert all(f"Programming Language :: Python :: {one[7:-5]}" in project["classifiers"] for one in pythons)
    (sync,) = [line for line in lines if "uv sync" in line]
    assert set(re.findall(r"--extra (\w+)", sync)) <= set(project["optional-dependencies"])
    assert 'ENTRYPOINT ["sotcheck"]' in lines and "sotcheck" in project["scripts"]
    ignored = text_of(ROOT / ".dockerignore").split()
    assert not {"sotcheck", "systems", "benchmarks", "pyproject.toml", "README.md", "LICENSE"} & set(ignored)


@pytest.mark.slow
def test_wheel(tmp_path: Path) -> None:
    """From a copy of the tracked files: the package, its data and benchmarks, no tests.

    It works in an environment that sees the packages of this one, Kwant among them, but not this checkout.
    """
    for path in tracked():
        copy = tmp_path / "source" / path.relative_to(ROOT)
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(path, copy)
    # The source distribution, and from that the wheel.
    uv("build", "--out-dir", str(tmp_path), str(tmp_path / "source"))
    (wheel,), (source,) = tmp_path.glob("*.whl"), tmp_path.glob("*.tar.gz")
    assert source.stat().st_size < 2e6
    names = set(zipfile.ZipFile(wheel).namelist())
    about = f"sotcheck-{sotcheck.__version__}.dist-info"
    assert {name.split("/")[0] for name in names} == {"sotcheck", "sotcheck_bench", about}
    packages = {"sotcheck": ROOT / "sotcheck", "sotcheck_bench": ROOT / "benchmarks" / "sotcheck_bench"}
    expected = {
        f"{name}/{path.relative_to(folder).as_posix()}"
        for name, folder in packages.items()
        for path in tracked()
        if path.is_relative_to(folder)
    }
    assert expected | {"sotcheck/py.typed", f"{about}/licenses/LICENSE"} <= names
    systems = {f"sotcheck/systems/{name}.toml" for name in builtin_systems()}
    systems.add("sotcheck/systems/system.schema.json")
    assert systems == {name for name in names if name.startswith("sotcheck/systems/")}
    for python in others():
        starts(python, wheel, tmp_path)

    home, work = tmp_path / "venv", tmp_path / "work"
    work.mkdir()
    venv.create(home, symlinks=True)
    uv("pip", "install", "--no-deps", "--python", str(home / "bin" / "python"), str(wheel))
    (site,) = home.glob("lib/python*/site-packages")
    shared = next(path for path in sys.path if path.endswith("site-packages"))
    # A bare path: its own .pth files, which would bring this checkout back, are not read.
    (site / "shared.pth").write_text(f"{shared}\n")
    # Nor is a path to this checkout handed on.
    clean = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}

    def run(program: str, *args: str) -> str:
        return subprocess.run(
            [home / "bin" / program, *args],
            cwd=work, env=clean, capture_output=True, text=True, check=True, timeout=300,
        ).stdout  # fmt: skip

    for name in packages:
        where = run("python", "-c", f"import {name}; print({name}.__file__)")
        assert Path(where.strip()).is_relative_to(home)
    assert [line.split()[0] for line in run("sotcheck", "systems").splitlines()] == list(builtin_systems())
    for name in builtin_systems():
        link, rest = run("sotcheck", "systems", name).split("\n", 1)
        assert rest == text_of(ROOT / "systems" / f"{name}.toml").split("\n", 1)[1]
        assert link == f"#:schema {(site / 'sotcheck' / 'systems' / 'system.schema.json').as_uri()}"
    assert "kwant (exact-difference)" in run("sotcheck", "torque", "topological-insulator")
    assert "All that is needed is here." in run("sotcheck", "doctor")
    run("sotcheck", "report", "topological-insulator", "--workers", "1")
    pages = {path.name for path in (work / "reports" / "topological-insulator").iterdir()}
    assert pages == {"README.md", "figures", "index.html", "report.json"}


def with_kwant(folder: Path, code: str, *args: str) -> subprocess.CompletedProcess[str]:
    """Run `sotcheck torque` with a `kwant` package of that code instead of the real one."""
    (folder / "kwant").mkdir(exist_ok=True)
    (folder / "kwant" / "__init__.py").write_text(code)
    start = (
        f"import sys; sys.path.insert(0, {str(folder)!r})\n"
        f"from sotcheck.command.main import main; main({['torque', 'bulk-magnetism', *args]})"
    )
    return subprocess.run([sys.executable, "-c", start], capture_output=True, text=True, check=False)


def test_kwant_that_cannot_be_imported(tmp_path: Path) -> None:
    """What happened; commands for uv and pip that put it right, as in the manual; what works still."""
    words = "numpy.dtype size changed, may indicate binary incompatibility. Expected 96, got 88"
    found = with_kwant(tmp_path, f"raise ValueError({words!r})")
    assert (found.returncode, found.stdout) == (2, "")
    assert found.stderr.startswith(f"sotcheck: Kwant was built for another NumPy ({words}")
    commands = re.findall(r"'((?:uv|pip) [^']+)'", found.stderr)
    assert [command.split()[0] for command in commands] == ["uv", "pip"]
    assert all(command in text_of(ROOT / "docs/how-to/install.md") for command in commands)
    found = with_kwant(tmp_path, "raise ImportError('no kwant here')")
    assert found.returncode == 2
    assert found.stderr.startswith("sotcheck: Kwant cannot be imported (no kwant here)")
    assert "--engine continuum" in found.stderr
    other = with_kwant(tmp_path, "raise ImportError('no kwant here')", "--engine", "continuum")
    assert other.returncode == 0


@pytest.mark.parametrize(
    ("category", "words", "heard"),
    [
        ("RuntimeWarning", "MUMPS is not available, SciPy built-in solver will be used as default.", False),
        ("RuntimeWarning", "MUMPS is here, but something else is wrong.", True),
        ("UserWarning", "MUMPS is not available, says another warning.", True),
    ],
)
def test_only_the_remark_on_mumps_is_silenced(tmp_path: Path, category: str, words: str, heard: bool) -> None:
    """Any other warning of Kwant's reaches the user; the real one has no other."""
    code = f"import warnings\nwarnings.warn({words!r}, {category}, stacklevel=2)\nraise ImportError('enough')"
    found = with_kwant(tmp_path, code, "--engine", "kwant")
    assert (words in found.stderr) == heard
    if not heard:
        command = [sys.executable, "-W", "error", "-m", "sotcheck", "torque", "topological-insulator"]
        real = subprocess.run([*command, "--engine", "kwant"], capture_output=True, text=True, check=False)
        assert (real.returncode, real.stderr) == (0, "")
