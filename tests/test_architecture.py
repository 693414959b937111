"""Who may import whom: theory and engines know nothing of each other, heavy packages are imported late."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

import sotcheck

ROOT = Path(sotcheck.__file__).parent
FILES = {
    ".".join(("sotcheck", *path.relative_to(ROOT).with_suffix("").parts)).removesuffix(".__init__"): path
    for path in sorted(ROOT.rglob("*.py"))
}
TREES = {module: ast.parse(path.read_text(encoding="utf-8")) for module, path in FILES.items()}
#: From the ground up: a room imports from those before it only, and says its rule in its `__init__.py`.
ROOMS = (
    "run", "numerics", "system", "theory", "referee", "engines", "exact", "bound", "beyond", "trial",
    "sweep", "pages", "papers", "command",
)  # fmt: skip
#: What every room may import.
GROUND = ("sotcheck", "sotcheck.errors")
#: Rooms that are strangers to theory: two witnesses that never confer.
EXACT = ("engines", "exact", "bound")
#: The longest file, in lines.
LONGEST = 300
#: Who alone may import what: physics modules print nothing, draw nothing, and ask nothing of a terminal.
ONLY = {
    "kwant": {"engines"},
    "flint": {"referee"},
    # Pages, and a paper's own figures.
    "matplotlib": {"pages", "papers"},
    "sotcheck.papers": set(),
    "sotcheck.command": {"__main__"},
    **{name: {"run", "pages", "command"} for name in ("click", "jinja2", "tqdm")},
}


def nodes(tree: ast.AST, functions: bool) -> Iterator[ast.AST]:
    """Yield all below a node, what is inside functions as well or not."""
    for child in ast.iter_child_nodes(tree):
        if functions or not isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef):
            yield child
            yield from nodes(child, functions)


def imports(module: str, *, functions: bool = True) -> set[str]:
    """Return all modules imported, `from a import b` counting as a and a.b, TYPE_CHECKING blocks included."""
    found: set[str] = set()
    for node in nodes(TREES[module], functions):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{module}:{node.lineno}: a relative import"
            found |= {str(node.module), *(f"{node.module}.{alias.name}" for alias in node.names)}
        elif isinstance(node, ast.Call) and re.search(
            r"\b(import_module|__import__)$", ast.unparse(node.func)
        ):
            found |= {str(arg.value) for arg in node.args[:1] if isinstance(arg, ast.Constant)}
    return found


def within(module: str, package: str) -> bool:
    return f"{module}.".startswith(f"{package}.")


def importers(package: str) -> set[str]:
    """Return the modules outside `package` that import from it."""
    return {
        module
        for module in FILES
        if not within(module, package) and any(within(name, package) for name in imports(module))
    }


def room(module: str) -> str:
    """Return the folder that a module lies in."""
    return module.split(".")[1] if module.startswith("sotcheck.") else ""


def reached(*starts: str) -> set[str]:
    """Return all modules that those within these lead to, however indirectly."""
    seen: set[str] = set()
    waiting = [module for module in FILES if any(within(module, f"sotcheck.{start}") for start in starts)]
    while waiting:
        module = waiting.pop()
        if module not in seen:
            seen.add(module)
            waiting += [name for name in imports(module) if name in FILES and name not in GROUND]
    return seen


def test_the_parser_sees_imports() -> None:
    """The rules below can fail: known imports, inside functions and under TYPE_CHECKING too, are found."""
    private = "sotcheck.engines.kwant_private"
    assert {"kwant", "types"} <= imports(private)
    assert "kwant" not in imports(private, functions=False)
    assert "sotcheck.system.spin" in imports("sotcheck.theory.first_order")
    assert len(FILES) > 25


def test_every_folder_is_a_room() -> None:
    """With a rule of its own in three lines at most, which stands in the README as well."""
    folders = {path.name for path in ROOT.iterdir() if path.is_dir() and (path / "__init__.py").exists()}
    assert folders == set(ROOMS)
    readme = (ROOT.parent / "README.md").read_text(encoding="utf-8")
    for name in ROOMS:
        rule = str(ast.get_docstring(TREES[f"sotcheck.{name}"])).split("\n\n")[0]
        assert 0 < len(rule.splitlines()) <= 3, name
        assert f"| `{name}/` | {' '.join(rule.split())} |" in readme, name


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


def test_witnesses_never_confer() -> None:
    """Theory leads to no engine, what is exact to no theory; boundary matching and Kwant share no formula."""
    assert not {room(module) for module in reached("theory")} & set(EXACT)
    for name in EXACT:
        assert "theory" not in {room(module) for module in reached(name)}, name
    assert "sotcheck.engines.kwant_chain" not in reached("engines.matching")
    assert "sotcheck.engines.matching" not in reached("engines.kwant_chain")


def test_the_referee_knows_nobody() -> None:
    """It solves and sums for itself, with ball arithmetic and errors alone, and few lean on it."""
    found = {name for module in reached("referee") for name in imports(module)}
    own = {name for name in found if within(name, "sotcheck") and not within(name, "sotcheck.referee")}
    assert own and all(within(name, "sotcheck.errors") for name in own)
    assert {name.split(".")[0] for name in found} - sys.stdlib_module_names == {"sotcheck", "flint"}
    assert {room(module) for module in importers("sotcheck.referee")} <= {"trial", "command"}


@pytest.mark.parametrize("package", ONLY)
def test_who_alone_may_import(package: str) -> None:
    assert {room(module) for module in importers(package)} <= ONLY[package]
    assert len(importers("kwant")) == 1


def test_the_tool_knows_no_paper() -> None:
    """Nothing names an equation of one: in code, in words or in templates."""
    number = re.compile(
        r"\bEqs?\. ?\(|\"\(?[A-C]?\d+[a-d]\)?\"|\bApp(\.|endix) [A-C]\b|\bSecs?\. [IV]+\b|\beq\d"
    )
    found = {
        f"{path.relative_to(ROOT)}: {match.group()}"
        for path in ROOT.rglob("*")
        if path.suffix in (".py", ".j2") and "papers" not in path.parts
        for match in number.finditer(path.read_text(encoding="utf-8"))
    }
    assert not found


def test_no_engine_is_picked_by_its_name() -> None:
    """What an engine can do it says itself: no comparison has a name of one on either side."""
    for module, tree in TREES.items():
        for node in ast.walk(tree):
            if isinstance(node, ast.Compare):
                sides = [[s, *getattr(s, "elts", [])] for s in (node.left, *node.comparators)]
                names = {v.value for side in sides for v in side if isinstance(v, ast.Constant)}
                assert not names & {"kwant", "continuum"}, f"{module}:{node.lineno}: {ast.unparse(node)}"


def test_files_fit_in_the_head() -> None:
    lengths = {module: path.read_text(encoding="utf-8").count("\n") for module, path in FILES.items()}
    assert {module: lines for module, lines in lengths.items() if lines > LONGEST} == {}


def test_no_import_cycles() -> None:
    """At the top level (that is, at import time) modules form no circle."""
    graph = {
        module: {
            name
            for name in imports(module, functions=False) & set(FILES)
            if not within(module, name) and not within(name, module)
        }
        for module in FILES
        # What it imports for types only never runs.
        if module != "sotcheck"
    }
    TopologicalSorter(graph).prepare()


HEAVY = ("kwant", "matplotlib", "numpy", "scipy", "pydantic", "jinja2", "tabulate", "tqdm", "flint")
TORQUE = "import sotcheck as s; s.torque(s.load('topological-insulator'), ['first-order', 'continuum'])"


@pytest.mark.parametrize(
    ("code", "late"),
    [
        ("import sotcheck", HEAVY),
        # On the screen in 0.3 s.
        ("from sotcheck.command.main import main; main(['--help'])", HEAVY),
        # The continuum and the theory run without Kwant.
        (TORQUE, HEAVY[:2]),
    ],
)
def test_heavy_packages_are_imported_when_first_used(code: str, late: tuple[str, ...]) -> None:
    script = (
        f"import sys; {code}; print(*{{name.partition('.')[0] for name in sys.modules}}, file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert "sotcheck" in done.stderr.split()
    assert not set(late) & set(done.stderr.split())
