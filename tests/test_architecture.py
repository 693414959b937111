"""Who may import whom: theory and engines know nothing of each other, heavy packages are imported late."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest

import sotcheck

ROOT = Path(sotcheck.__file__).parent
FILES = {
    ".".join(("sotcheck", *path.relative_to(ROOT).with_suffix("").parts)).removesuffix(".__init__"): path
    for path in sorted(ROOT.rglob("*.py"))
}


#: From the ground up: a room imports from those before it only, and says its rule in its `__init__.py`.
ROOMS = (
    "run", "numerics", "system", "theory", "engines", "exact", "bound", "beyond", "trial", "sweep", "pages",
    "papers", "command",
)  # fmt: skip
#: What every room may import.
GROUND = ("sotcheck", "sotcheck.errors")
#: Rooms that are strangers to theory: two witnesses that never confer.
EXACT = ("engines", "exact", "bound")
#: The longest file, in lines.
LONGEST = 300


def imports(module: str, *, top_level_only: bool = False) -> set[str]:
    """Return all modules imported, `from a import b` counting as a and a.b, TYPE_CHECKING blocks included."""
    tree = ast.parse(FILES[module].read_text(encoding="utf-8"))
    package = module if FILES[module].name == "__init__.py" else module.rpartition(".")[0]
    found: set[str] = set()
    inside = (
        {
            n
            for f in ast.walk(tree)
            if isinstance(f, ast.FunctionDef | ast.AsyncFunctionDef)
            for n in ast.walk(f)
        }
        if top_level_only
        else set()
    )
    for node in ast.walk(tree):
        if node in inside:
            continue
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            if node.level:
                parts = package.split(".")[: len(package.split(".")) - node.level + 1]
                base = ".".join([*parts, base]).rstrip(".")
            found |= {base} | {f"{base}.{alias.name}" for alias in node.names}
        elif (
            isinstance(node, ast.Call)
            and getattr(node.func, "id", getattr(node.func, "attr", "")) in ("import_module", "__import__")
            and node.args
            and isinstance(node.args[0], ast.Constant)
        ):
            found.add(str(node.args[0].value))
    return found


def within(module: str, package: str) -> bool:
    return module == package or module.startswith(package + ".")


def importers(package: str) -> set[str]:
    """Return the modules outside `package` that import from it."""
    return {
        module
        for module in FILES
        if not within(module, package) and any(within(name, package) for name in imports(module))
    }


def test_the_parser_sees_imports() -> None:
    """The rules below can fail: known imports, inside functions and under TYPE_CHECKING too, are found."""
    assert "kwant" in imports("sotcheck.engines.kwant_private")
    assert "kwant" not in imports("sotcheck.engines.kwant_private", top_level_only=True)
    assert "types" in imports("sotcheck.engines.kwant_private")
    assert "sotcheck.system.spin" in imports("sotcheck.theory.first_order")
    assert len(FILES) > 25


def room(module: str) -> str:
    """Return the folder that a module lies in."""
    return module.split(".")[1] if module.startswith("sotcheck.") else ""


def rule(name: str) -> str:
    """Return what a room says of itself, first of all."""
    doc = ast.get_docstring(ast.parse(FILES[f"sotcheck.{name}"].read_text(encoding="utf-8")))
    return str(doc).split("\n\n")[0]


def reached(starts: set[str]) -> set[str]:
    """Return all modules that these lead to, however indirectly."""
    seen: set[str] = set()
    waiting = list(starts)
    while waiting:
        module = waiting.pop()
        if module not in seen:
            seen.add(module)
            waiting += [name for name in imports(module) if name in FILES and name not in GROUND]
    return seen


def inside(name: str) -> set[str]:
    return {module for module in FILES if within(module, f"sotcheck.{name}")}


def test_every_folder_is_a_room() -> None:
    """With a rule of its own in three lines at most, which stands in the README as well."""
    folders = {path.name for path in ROOT.iterdir() if path.is_dir() and (path / "__init__.py").exists()}
    assert folders == set(ROOMS)
    readme = (ROOT.parent / "README.md").read_text(encoding="utf-8")
    for name in ROOMS:
        assert 0 < len(rule(name).splitlines()) <= 3, name
        assert f"| `{name}/` | {' '.join(rule(name).split())} |" in readme, name


def test_imports_run_downwards() -> None:
    """Inside functions and for types as well, so that no two rooms import each other."""
    climbs = {
        (module, name)
        for module in FILES
        for name in imports(module)
        if room(module) in ROOMS and name in FILES and room(name) in ROOMS
        and ROOMS.index(room(name)) > ROOMS.index(room(module))
    }  # fmt: skip
    assert not climbs


def test_two_witnesses() -> None:
    """Theory leads to no engine, and engines, exact quantities and bound states to no theory."""
    assert not {room(module) for module in reached(inside("theory"))} & set(EXACT)
    for name in EXACT:
        assert "theory" not in {room(module) for module in reached(inside(name))}, name


def test_the_tool_knows_no_paper() -> None:
    """Nothing imports a paper, or names one of its equations: in code, in words or in templates."""
    assert not importers("sotcheck.papers")
    files = [path for path in ROOT.rglob("*") if path.suffix in (".py", ".j2")]
    number = re.compile(
        r"\bEqs?\. ?\(|\"\(?[A-C]?\d+[a-d]\)?\"|\bApp(\.|endix) [A-C]\b|\bSecs?\. [IV]+\b|\beq\d"
    )
    found = {
        f"{path.relative_to(ROOT)}: {match.group()}"
        for path in files
        if "papers" not in path.parts
        for match in number.finditer(path.read_text(encoding="utf-8"))
    }
    assert not found


def test_no_engine_is_picked_by_its_name() -> None:
    """What an engine can do it says itself: no comparison has a name of one on either side."""
    for module, path in FILES.items():
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Compare):
                sides = [node.left, *node.comparators]
                values = [
                    v
                    for s in sides
                    for v in (s.elts if isinstance(s, ast.Tuple | ast.List | ast.Set) else [s])
                ]
                names = {v.value for v in values if isinstance(v, ast.Constant)} & {"kwant", "continuum"}
                assert not names, f"{module}:{node.lineno}: {ast.unparse(node)}"


def test_files_fit_in_the_head() -> None:
    long = {
        module: lines
        for module, path in FILES.items()
        if (lines := len(path.read_text(encoding="utf-8").splitlines())) > LONGEST
    }
    assert not long


def test_only_one_module_imports_kwant() -> None:
    (module,) = importers("kwant")
    assert room(module) == "engines"


def test_only_drawing_imports_matplotlib() -> None:
    """Pages, and a paper's own figures."""
    assert {room(module) for module in importers("matplotlib")} <= {"pages", "papers"}


def test_nobody_imports_the_command_line() -> None:
    assert importers("sotcheck.command.main") <= {"sotcheck.__main__"}


@pytest.mark.parametrize("package", ["click", "jinja2", "tqdm"])
def test_presentation_stays_outside(package: str) -> None:
    """Physics modules print nothing, draw nothing, and ask nothing of a terminal."""
    assert {room(module) for module in importers(package)} <= {"run", "pages", "command"}


def test_engines_share_no_formula() -> None:
    """Boundary matching and Kwant's chain are independent: neither leads to the other."""
    matching, kwant = (reached({f"sotcheck.engines.{name}"}) for name in ("matching", "kwant_chain"))
    assert "sotcheck.engines.kwant_chain" not in matching
    assert "sotcheck.engines.matching" not in kwant


def test_no_import_cycles() -> None:
    """At the top level (that is, at import time) modules form no circle."""
    graph = {
        module: {
            name
            for name in imports(module, top_level_only=True)
            if name in FILES and name not in ("sotcheck", module)
        }
        for module in FILES
    }
    # What is imported for types only never runs.
    graph["sotcheck"] = set()
    done: set[str] = set()

    def visit(module: str, path: tuple[str, ...]) -> None:
        assert module not in path, " -> ".join((*path, module))
        if module not in done:
            for name in graph[module]:
                if not module.startswith(name + ".") and not name.startswith(module + "."):
                    visit(name, (*path, module))
            done.add(module)

    for module in graph:
        visit(module, ())


def run(code: str) -> str:
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


HEAVY = "print(sorted(n for n in ('kwant', 'matplotlib', 'numpy', 'scipy', 'jinja2') if n in sys.modules))"


@pytest.mark.parametrize("module", ["sotcheck", "sotcheck.command.main"])
def test_import_is_light(module: str) -> None:
    """`import sotcheck`, and the command line's --help, wait for none of the heavy packages."""
    assert run(f"import sys, {module}; {HEAVY}") == "[]"


def test_kwant_is_imported_when_first_used() -> None:
    """The continuum and the theory run without Kwant and without matplotlib."""
    code = (
        "import sys, sotcheck as sc; "
        "sc.torque(sc.load('topological-insulator'), ['first-order', 'continuum']);"
        "print(sorted(n for n in ('kwant', 'matplotlib') if n in sys.modules))"
    )
    assert run(code) == "[]"


def test_public_names_exist() -> None:
    """Everything in __all__ can be had, and nothing else by accident."""
    for name in sotcheck.__all__:
        assert getattr(sotcheck, name) is not None
    with pytest.raises(AttributeError, match="nonsense"):
        sotcheck.nonsense  # noqa: B018
