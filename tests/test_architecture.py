"""Who may import whom: theory and engines know nothing of each other, heavy packages are imported late."""

from __future__ import annotations

import ast
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


#: From the ground up.
ROOMS = (
    "errors", "run", "numerics", "system", "theory", "engines", "exact", "bound", "beyond", "trial", "sweep",
    "pages", "papers", "bench", "command",
)  # fmt: skip
CLIMBS: set[tuple[str, str]] = set()


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


def test_theory_and_engines_are_strangers() -> None:
    """Two witnesses that share no formula: neither imports the other, not even for a type."""
    for module in FILES:
        if within(module, "sotcheck.theory"):
            assert not any(within(name, "sotcheck.engines") for name in imports(module)), module
        if within(module, "sotcheck.engines"):
            assert not any(within(name, "sotcheck.theory") for name in imports(module)), module


def test_theory_and_engines_do_not_meet_through_others() -> None:
    """Nothing that theory imports, however indirectly, imports engines, and the other way round."""
    for start, forbidden in (
        ("sotcheck.theory", "sotcheck.engines"),
        ("sotcheck.engines", "sotcheck.theory"),
    ):
        seen: set[str] = set()
        waiting = [module for module in FILES if within(module, start)]
        while waiting:
            module = waiting.pop()
            if module in seen:
                continue
            seen.add(module)
            waiting += [name for name in imports(module) if name in FILES and name != "sotcheck"]
        assert not any(within(module, forbidden) for module in seen), sorted(seen)


def test_only_the_judges_know_both() -> None:
    """Claims compare; the dispatcher and the report show both; nobody else holds both in hand."""
    both = importers("sotcheck.theory") & importers("sotcheck.engines")
    judges = (
        "sotcheck.trial",
        "sotcheck.beyond",
        "sotcheck.papers",
    )
    for module in both:
        assert any(within(module, judge) for judge in judges), module
    assert "sotcheck.trial.torque" in both


def test_only_one_module_imports_kwant() -> None:
    assert importers("kwant") == {"sotcheck.engines.kwant_private"}


def test_only_figures_import_matplotlib() -> None:
    found = importers("matplotlib")
    assert found >= {"sotcheck.pages.figures", "sotcheck.pages.audit_plots"}
    assert all(within(module, "sotcheck.pages") for module in found), found


def test_imports_run_downwards() -> None:
    """A room imports from those below it only; what still climbs is listed, and must not grow."""
    found = set()
    for module in FILES:
        room = module.split(".")[1] if "." in module else ""
        if room not in ROOMS:
            continue
        for name in imports(module):
            other = name.split(".")[1] if within(name, "sotcheck") and "." in name else ""
            if name in FILES and other in ROOMS and ROOMS.index(other) > ROOMS.index(room):
                found.add((module, name))
    assert found == CLIMBS, found ^ CLIMBS


def test_nobody_imports_the_command_line() -> None:
    assert importers("sotcheck.command.main") <= {"sotcheck.__main__"}


@pytest.mark.parametrize("package", ["click", "jinja2", "tqdm"])
def test_presentation_stays_outside(package: str) -> None:
    """Physics modules print nothing, draw nothing, and ask nothing of a terminal."""
    inner = ("sotcheck.theory", "sotcheck.engines", "sotcheck.exact", "sotcheck.numerics", "sotcheck.system")
    for module in importers(package):
        assert not any(within(module, name) for name in inner), module
        assert module not in (
            "sotcheck.system.interface",
            "sotcheck.exact.observables",
            "sotcheck.numerics.quadrature",
            "sotcheck.numerics.radial",
            "sotcheck.trial.torque",
        )


@pytest.mark.parametrize(
    ("module", "allowed"),
    [
        ("sotcheck.errors", set()),
        ("sotcheck.numerics.estimate", set()),
        ("sotcheck.numerics.arrays", set()),
        ("sotcheck.system.spin", {"sotcheck.numerics.arrays"}),
        ("sotcheck.numerics.convergence", {"sotcheck.numerics.arrays"}),
        ("sotcheck.numerics.zeros", {"sotcheck.numerics.arrays", "sotcheck.errors"}),
        ("sotcheck.numerics.nearpoles", {"sotcheck.numerics.arrays"}),
        (
            "sotcheck.numerics.radial",
            {"sotcheck.numerics.arrays", "sotcheck.errors", "sotcheck.numerics.nearpoles"},
        ),
        (
            "sotcheck.numerics.quadrature",
            {"sotcheck.numerics.arrays", "sotcheck.numerics.nearpoles", "sotcheck.numerics.radial"},
        ),
        ("sotcheck.trial.verdict", {"sotcheck.numerics.arrays", "sotcheck.numerics.estimate"}),
        ("sotcheck.run.plaintext", set()),
        (
            "sotcheck.system.interface",
            {
                "sotcheck.system.spin",
                "sotcheck.system.structure",
                "sotcheck.numerics.arrays",
                "sotcheck.errors",
                "sotcheck.run.plaintext",
            },
        ),
        (
            "sotcheck.system.states",
            {"sotcheck.system.spin", "sotcheck.numerics.arrays", "sotcheck.system.structure"},
        ),
        (
            "sotcheck.system.structure",
            {"sotcheck.system.spin", "sotcheck.numerics.arrays", "sotcheck.errors"},
        ),
    ],
)
def test_foundations_rest_on_little(module: str, allowed: set[str]) -> None:
    """Mathematics knows no physics, the model no engine."""
    found = {name for name in imports(module) if name in FILES}
    assert found <= allowed


def test_engines_share_no_formula() -> None:
    """Boundary matching and the chain are independent: neither imports the other."""
    for modules, allowed in (
        (("matching", "stack"), ("base", "stack")),
        (("kwant_chain", "kwant_private", "lattice", "lattice_limit"), ("base", "kwant_", "lattice")),
    ):
        for module in modules:
            found = [name for name in imports(f"sotcheck.engines.{module}") if name in FILES]
            for name in found:
                inside = name.removeprefix("sotcheck.engines.")
                assert not within(name, "sotcheck.engines") or inside.startswith(allowed), (module, name)


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
