"""The machinery on trial: faults put into the code itself, each of which `check` has to flag.

A fault is a small change of one function's source, as in `power`: of the model, its fields, the engines, the
lattice, flows, quadrature, totals, units or budgets. A process forked for it has the function's code
replaced, wherever it was imported, reads the SYSTEMS, and checks one after the other, until a row does not
agree. Of what no row tells, the numbers of `torque` say whether it had any effect.
"""

from __future__ import annotations

import ast
import inspect
import json
import math
import os
import pickle
import resource
import sys
import tomllib
import warnings
from collections.abc import Callable, Iterator, Sequence
from copy import deepcopy
from dataclasses import dataclass, replace
from functools import cache, cached_property, partial
from importlib import import_module
from types import CodeType, FrameType, FunctionType
from typing import Any

import numpy as np

from sotcheck.system.files import from_document
from sotcheck.system.units import unit_of_torque
from sotcheck.trial import power

#: Modules on trial, by what they are.
ROOMS = {
    "model": ("system.model", "system.structure", "system.interface", "system.stack", "system.spin"),
    "reading and units": ("system.files", "system.units"),
    "engines": ("engines.matching", "engines.recursion", "engines.stack", "engines.base"),
    "lattice": ("engines.lattice", "engines.kwant_chain", "engines.kwant_private"),
    "flows": ("system.states", "engines.spin_flows", "engines.stack_flows", "exact.inside"),
    "quadrature": ("numerics.quadrature", "numerics.radial", "numerics.angles", "numerics.nearpoles"),
    "totals": ("exact.observables", "trial.torque", "trial.torque_table"),
    "first order": ("theory.sums", "theory.first_order", "theory.amplitudes", "theory.symbols"),
    "budgets": ("numerics.estimate", "numerics.convergence"),
}
#: Names that are easily taken for one another, besides those of formulas.
SWAPS = {
    **power.SWAPS, "left": ("right",), "right": ("left",), "cos": ("sin",), "sin": ("cos",), "minus": ("plus",),
    "plus": ("minus",), "c_up": ("c_down",), "c_down": ("c_up",), "d_up": ("d_down",), "K_up": ("K_down",),
    "K_down": ("K_up",), "barrier": ("exchange",), "exchange": ("barrier",), "psi_N": ("psi_F",),
    "before": ("after",), "after": ("before",), "upper": ("lower",), "lower": ("upper",), "up": ("down",),
    "down": ("up",), "first": ("second",), "tau_up": ("tau_down",), "tau_down": ("tau_up",),
}  # fmt: skip
#: What a factor is off by.
OFF = 1e-6
#: Relative change of a number of the contract from which on a fault has an effect.
EFFECT = 1e-9
#: Faults of one kind that a function gets at most.
OF_A_KIND = 1
#: Seconds of processor time, and bytes, that one fault may cost.
PATIENCE, MEMORY = 60, 8 * 2**30

#: Small, and seeing much: tilted m, barriers of either sign, all channel regimes, unequal relaxation, units.
SYSTEMS = {
    "generic": """
        fermi_energy = 1.3
        normal = {potential = 0.2}
        ferromagnet = {potential = -0.3, exchange = 0.7}
        interface = {barrier = 0.1, exchange = -0.07, rashba = 0.3, magnetization = [2, -1, 2]}
        relaxation = {normal = 1.0, majority = 0.7, minority = 0.4}
        units = {energy = "eV"}
    """,
    "half-metal": """
        fermi_energy = 0.8
        ferromagnet = {potential = 0.1, exchange = 1.1}
        interface = {barrier = -0.2, exchange = 0.1, rashba = 0.5, magnetization = [6, 2, 3]}
    """,
    "stack": """
        fermi_energy = 1.5
        normal = {mass = 1.2}
        ferromagnet = {potential = -0.1, exchange = 0.6, magnetization = [0, 1, 3]}
        interface = {barrier = 0.2, exchange = 0.1, rashba = 0.3, magnetization = [1, 0, 2]}
        [[layer]]
        thickness = 1.2
        potential = 0.3
        exchange = 0.5
        mass = 0.8
        rashba = 0.2
        interface = {barrier = 0.1, rashba = 0.1}
    """,
}
#: Those that Kwant solves as well.
BY_KWANT = ("half-metal", "stack")


@dataclass(frozen=True)
class Fault:
    """A seeded fault in the machinery, and what became of it.

    `outcome` is "flagged", "missed", "budget" where uncertainties alone change and still cover, or "no
    effect"; `by` is the claim, or the error, that tells, or the reason why nothing does.
    """

    room: str
    place: str
    kind: str
    change: str
    outcome: str = ""
    by: str = ""


@dataclass(frozen=True)
class Seed:
    """A fault to be put in: the code that functions get, by module and qualified name."""

    fault: Fault
    codes: tuple[tuple[str, str, Callable[[], CodeType]], ...]

    def plant(self) -> None:
        """Replace the code, in this process, for everyone who has the functions already."""
        for module, name, code in self.codes:
            _function(import_module(module), name).__code__ = code()


def mutations(node: ast.AST) -> Iterator[power.Mutation]:
    """Yield (kind, replacement) of one node of the machinery."""
    for kind, found in power.mutations(node):
        if kind not in ("symbol", "factor"):
            yield {"conjugation": "transpose", "range": "branch"}.get(kind, kind), found
    match node:
        case ast.BinOp(_, ast.Mult() | ast.Div() | ast.Pow()):
            yield "factor", ast.BinOp(ast.Constant(1 + OFF), ast.Mult(), node)
            yield "factor", ast.BinOp(ast.Constant(1 - OFF), ast.Mult(), node)
        case ast.Return(value) if value is not None and not isinstance(value, ast.Call | ast.Tuple):
            yield "sign", ast.Return(ast.UnaryOp(ast.USub(), value))
        case ast.AugAssign(target, ast.Add() | ast.Sub() as sign, value):
            other = ast.Sub() if isinstance(sign, ast.Add) else ast.Add()
            yield "sign", ast.AugAssign(target, other, value)
            yield "term", ast.Pass()
        case ast.Attribute(value, "T"):
            yield "transpose", value
        case ast.Call(ast.Attribute(ast.Name("np"), "swapaxes") | ast.Name("transpose"), [value, *_]):
            yield "transpose", value
        case ast.Attribute(value, name, ast.Load()) if name in SWAPS:
            yield from (("symbol", ast.Attribute(value, other, ast.Load())) for other in SWAPS[name][:1])
        case ast.Name(name, ast.Load()) if name in SWAPS:
            yield from (("symbol", ast.Name(other, ast.Load())) for other in SWAPS[name][:1])
        case ast.Subscript(value, at, ctx):
            yield from (("index", ast.Subscript(value, other, ctx)) for other in _other_index(at))
        case ast.If(test, body, orelse):
            yield "branch", ast.If(ast.UnaryOp(ast.Not(), test), body, orelse)
        case ast.IfExp(test, yes, no):
            yield "branch", ast.IfExp(test, no, yes)
        case ast.For(target, of, body, orelse):
            yield "segment", ast.For(target, _but_the_first(of), body, orelse)
        case ast.comprehension(target, of, ifs, is_async):
            yield "segment", ast.comprehension(target, _but_the_first(of), ifs, is_async)


def _but_the_first(of: ast.expr) -> ast.expr:
    return ast.Subscript(ast.Call(ast.Name("list", ast.Load()), [of], []), ast.Slice(ast.Constant(1)), ast.Load())


def _other_index(at: ast.expr) -> Iterator[ast.expr]:
    match at:
        case ast.Constant(0 | 1 as n) if type(n) is int:
            yield ast.Constant(1 - n)
        case ast.Tuple(elts, ctx):
            for n, one in enumerate(elts):
                yield from (ast.Tuple([*elts[:n], other, *elts[n + 1 :]], ctx) for other in _other_index(one))


def _function(module: Any, name: str) -> FunctionType:
    """Return the function of this qualified name, out of properties, caches and decorators."""
    found = module
    for part in name.split("."):
        found = vars(found)[part]
    while not isinstance(found, FunctionType) or hasattr(found, "__wrapped__"):
        found = (
            getattr(found, "__wrapped__", None) or getattr(found, "__func__", None)
            or getattr(found, "fget", None) or found.func
        )  # fmt: skip
    return found


def _functions(body: Sequence[ast.stmt], inside: str = "") -> Iterator[tuple[str, ast.FunctionDef]]:
    """Yield functions and methods by qualified name."""
    for one in body:
        if isinstance(one, ast.ClassDef):
            yield from _functions(one.body, f"{inside}{one.name}.")
        elif isinstance(one, ast.FunctionDef) and not _abstract(one):
            yield inside + one.name, one


def _abstract(function: ast.FunctionDef) -> bool:
    return any(ast.unparse(one) in ("abstractmethod", "overload") for one in function.decorator_list)


def _nodes(function: ast.FunctionDef) -> Iterator[ast.AST]:
    """Yield what a function computes: neither words nor types."""
    waiting: list[ast.AST] = list(function.body)
    while waiting:
        node = waiting.pop(0)
        if isinstance(node, ast.JoinedStr | ast.Raise | ast.Assert | ast.AnnAssign):
            continue
        if isinstance(node, ast.FunctionDef):
            waiting += node.body
            continue
        yield node
        waiting += ast.iter_child_nodes(node)


def _code(tree: ast.Module, file: str, name: str, node: ast.AST, replacement: ast.AST) -> CodeType:
    """Compile a module with one node replaced, and return the code of one of its functions."""
    # A copy in which the node is already copied, as its replacement.
    changed = ast.fix_missing_locations(deepcopy(tree, {id(node): deepcopy(replacement)}))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", SyntaxWarning)
        code = compile(changed, file, "exec", dont_inherit=True)
    for part in name.split("."):
        inner = [one for one in code.co_consts if isinstance(one, CodeType) and one.co_name == part]
        code = inner[-1]
    return code


@cache
def _tree(module: str) -> tuple[str, ast.Module]:
    file = str(inspect.getsourcefile(import_module(module)))
    with open(file, encoding="utf-8") as source:
        return file, ast.parse(source.read())


def seeds(lines: set[tuple[str, int]] | None = None) -> Iterator[Seed]:
    """Yield the named faults, then the others: of every kind some in every function that runs."""
    yield from named_faults()
    for room, modules in ROOMS.items():
        for module in (f"sotcheck.{one}" for one in modules):
            file, tree = _tree(module)
            for name, function in _functions(tree.body):
                yield from _in_function(Fault(room, f"{module[9:]}.{name}", "", ""), module, name, function, lines)


def _in_function(
    fault: Fault, module: str, name: str, function: ast.FunctionDef, lines: set[tuple[str, int]] | None
) -> Iterator[Seed]:
    file, tree = _tree(module)
    count: dict[str, list[tuple[ast.AST, ast.AST]]] = {}
    for node in _nodes(function):
        here = getattr(node, "lineno", None) or getattr(getattr(node, "iter", None), "lineno", 0)
        if lines is None or (file, here) in lines:
            for kind, replacement in mutations(node):
                count.setdefault(kind, []).append((node, replacement))
    for kind, found in sorted(count.items()):
        # As different from each other as there are.
        for node, replacement in found[:: max(1, -(-len(found) // OF_A_KIND))]:
            words = f"{_words(node)} -> {_words(replacement)}"
            code = partial(_code, tree, file, name, node, replacement)
            yield Seed(replace(fault, kind=kind, change=words), ((module, name, code),))


def _words(node: ast.AST) -> str:
    text = ast.unparse(ast.fix_missing_locations(deepcopy(node))).split("\n")[0]
    return text if len(text) <= 60 else f"{text[:57]}..."


def edited(words: str, *edits: tuple[str, str, str, str]) -> Callable[[], Seed]:
    """Return a fault by hand: (module, function, text of it, what stands there instead), all at once."""

    def seed() -> Seed:
        codes = []
        for module, name, old, new in edits:
            file, tree = _tree(f"sotcheck.{module}")
            function = dict(_functions(tree.body))[name]
            text = ast.unparse(function)
            if old not in text:
                raise ValueError(f"{module}.{name} has no {old!r} any more")
            changed = ast.parse(text.replace(old, new)).body[0]
            codes.append((f"sotcheck.{module}", name, partial(_code, tree, file, name, function, changed)))
        place = ", ".join(dict.fromkeys(f"{module}.{name}" for module, name, *_ in edits))
        return Seed(Fault("named", place, "by hand", words), tuple(codes))

    return seed


def systems() -> dict[str, Any]:
    """Return the systems as their files are read."""
    return {
        name: from_document({"name": name} | tomllib.loads(inspect.cleandoc(text)), name)
        for name, text in SYSTEMS.items()
    }


def named_faults() -> list[Seed]:
    """Return the faults put in by hand."""
    return [one() for one in NAMED]


_J = "1.001 * self.J"
#: Faults that theory and engines share, each of which was once missed; all edits of one at once.
NAMED = (
    edited(
        "J scaled by 1.001 in the model, for theory and engines",
        ("system.interface", "Interface.structure", "self.J", _J),
        ("system.interface", "Interface.Kz_squared", "self.J", _J),
        ("system.model", "System.k_perp2_max", "self.J", _J),
        ("system.stack", "Stack.structure", "self.J", _J),
    ),
    edited(
        "a segment of the k_perp sum dropped",
        ("numerics.quadrature", "sum_over_k", "list(pairwise(edges))", "list(pairwise(edges))[:2]"),
    ),
    edited(
        "k_y sigma_x of the Rashba field scaled by 1.1",
        ("system.structure", "spin_orbit_field", "np.transpose(A)", "(np.transpose(A) * [[1, 1, 1], [1.1, 1, 1]])"),
        ("engines.matching", "flows", "np.array(delta.spin_orbit)",
         "(np.array(delta.spin_orbit) * [[1, 1.1], [1, 1], [1, 1]])"),
        ("engines.layer", "_columns", "np.array(spin_orbit)",
         "(np.array(spin_orbit) * [[1, 1.1], [1, 1], [1, 1]])"),
    ),
    edited(
        "k_y sigma_y added to the Rashba field",
        ("system.structure", "spin_orbit_field", "np.transpose(A)",
         "np.transpose(np.array(A) + np.array([[0, 0], [0, 0.1], [0, 0]]) * np.any(A))"),
        ("engines.matching", "flows", "np.array(delta.spin_orbit)",
         "(np.array(delta.spin_orbit) + np.array([[0, 0], [0, 0.1], [0, 0]]) * np.any(delta.spin_orbit))"),
        ("engines.layer", "_columns", "np.array(spin_orbit)",
         "(np.array(spin_orbit) + np.array([[0, 0], [0, 0.1], [0, 0]]) * np.any(spin_orbit))"),
    ),
    edited(
        "h_R (1 + 0.1 h_R^2) for h_R in exact sums",
        ("exact.inside", "flows_of", "angle, scale)", "angle, scale * (1 + 0.1 * scale ** 2))"),
    ),
    edited(
        "all prefactors doubled, of theory and exact sums",
        ("numerics.quadrature", "sum_over_k", "/ (4 * np.pi)", "/ (2 * np.pi)"),
    ),
    edited(
        "m_y mirrored wherever spin meets it",
        ("system.spin", "dot_sigma", "v @", "v * np.array([1, -1, 1]) @"),
    ),
    edited("nested_error returns 0", ("numerics.radial", "nested_error", "d_3 * gain", "0 * d_3")),
    edited(
        "decay constants of closed bands 1e-4 off, of theory and engines",
        ("engines.stack", "outgoing", "-k, k)", "-k, k) * np.where(k.real == 0, 1.0001, 1)"),
        ("engines.matching", "flows", "np.sqrt(q2.astype(complex))",
         "np.sqrt(q2.astype(complex)) * np.where(q2 < 0, 1.0001, 1)"),
        ("engines.lattice", "exact_difference", "np.sqrt(q2.astype(complex))",
         "np.sqrt(q2.astype(complex)) * np.where(q2 < 0, 1.0001, 1)"),
        ("theory.amplitudes", "wave_number", "1j * q", "1.0001j * q"),
    ),
    edited(
        "tau_up and tau_down exchanged in the totals",
        ("trial.torque_table", "weights", "system.tau_up, system.tau_down", "system.tau_down, system.tau_up"),
    ),
    edited(
        "errors of states' rounding are 0",
        ("engines.stack", "rounding_errors", "OPERATIONS *", "0 * OPERATIONS *"),
    ),
)  # fmt: skip


Outcome = tuple[str, str]


def flagged(system: Any, engine: str | None) -> str:
    """Return the first row of a check that does not agree, or the error raised; "" if there is none."""
    from sotcheck.trial.check import check

    for finding in check(system, engine=engine).findings:
        if finding.verdict != "agrees":
            return f"{finding.claim}: {finding.verdict}"
    return ""


def all_numbers(read: dict[str, Any]) -> dict[str, dict[Any, Any]]:
    """Return the numbers of `torque` and its totals: those said, and those of their uncertainty."""
    from sotcheck.trial.torque import torque

    said: dict[Any, Any] = {}
    unsure: dict[Any, Any] = {}
    for system in read.values():
        table = torque(system, engine=None if system.name in BY_KWANT else ["first-order", "continuum"])
        unit = unit_of_torque(system)
        for source, row in [(row.source, row) for row in table] + [("total", row) for row in table.totals()]:
            key, found = (system.name, row.engine, source), row.to_dict(system, unit)
            unsure[key] = list(found.pop("uncertainty").values())
            parts = {f"{part} {n}": one for part in ("layers", "interfaces") for n, one in enumerate(found.pop(part) or [])}
            found |= {f"{part} {name}": value for part, one in parts.items() for name, value in one.items()}
            said |= {(*key, name): value for name, value in found.items()}
    return {"said": said, "unsure": unsure}


def differ(one: dict[Any, Any], other: dict[Any, Any]) -> str:
    """Return the name of a number that is another by more than EFFECT, of the largest of its kind; or ""."""
    if one.keys() != other.keys():
        return "rows"
    arrays = {key: (_array(value), _array(other[key])) for key, value in one.items()}
    sizes: dict[Any, float] = {}
    for (system, engine, _, *kind), (a, _) in arrays.items():
        key = system, engine, *kind
        sizes[key] = max(sizes.get(key, 0.0), float(np.max(np.abs(a), initial=0.0)))
    for (system, engine, source, *kind), (a, b) in arrays.items():
        if a.shape != b.shape or not np.all(np.abs(a - b) <= EFFECT * sizes[system, engine, *kind]):
            return ", ".join((system, engine, source, *kind))
    return ""


def _array(value: Any) -> Any:
    """Return the numbers among what JSON holds; words as something that they alone are."""
    return np.atleast_1d([0.0 if one is None else one for one in value] if isinstance(value, list) else [
        float(sum(map(ord, value))) if isinstance(value, str) else 0.0 if value is None else float(value)
    ][0])


def try_one(seed: Seed | None, base: dict[str, Any]) -> Outcome:
    """Plant a fault in this process, which is for nothing else, and return (outcome, by)."""
    if seed is not None:
        seed.plant()
    try:
        read = systems()
        # Kwant takes longer; faults of its own engine show with it alone.
        runs = [(name, "continuum") for name in SYSTEMS] + [(name, None) for name in BY_KWANT]
        if seed and seed.fault.room == "lattice":
            runs = [(name, "kwant") for name in BY_KWANT] + runs[len(SYSTEMS) :]
        for name, engine in runs:
            if told := flagged(read[name], engine):
                return "flagged", f"{name}, {told}"
        found = all_numbers(read)
        if what := differ(base["said"], found["said"]):
            return "missed", what
        if differ(base["unsure"], found["unsure"]):
            return "budget", "uncertainties alone are others, and cover what they should"
    except Exception as error:
        return "flagged", f"{type(error).__name__}: {str(error)[:80]}"
    return "no effect", ""


def in_a_fork(work: Callable[[], Any]) -> Any:
    """Return what `work` returns in a process of its own; (flagged, why) if it dies."""
    read, write = os.pipe()
    child = os.fork()
    if not child:
        code = 1
        try:
            os.close(read)
            resource.setrlimit(resource.RLIMIT_CPU, (PATIENCE, PATIENCE))
            resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
            with os.fdopen(write, "wb") as pipe:
                pickle.dump(work(), pipe)
            code = 0
        finally:
            os._exit(code)
    os.close(write)
    with os.fdopen(read, "rb") as pipe:
        answer = pipe.read()
    _, status = os.waitpid(child, 0)
    if status:
        signal = os.WTERMSIG(status)
        return "flagged", f"no end after {PATIENCE} s" if signal else "died"
    return pickle.loads(answer)


def lines_run() -> set[tuple[str, int]]:
    """Return the lines (file, number) of what is on trial that checks of the systems run."""
    files = {_tree(f"sotcheck.{one}")[0] for modules in ROOMS.values() for one in modules}
    seen: set[tuple[str, int]] = set()

    def local(frame: FrameType, event: str, _: Any) -> Any:
        seen.add((frame.f_code.co_filename, frame.f_lineno))
        return local

    def trace(frame: FrameType, event: str, _: Any) -> Any:
        return local(frame, event, None) if frame.f_code.co_filename in files else None

    sys.settrace(trace)
    try:
        for system in systems().values():
            flagged(system, None)
        all_numbers(systems())
    finally:
        sys.settrace(None)
    return seen


@cache
def base() -> dict[str, Any]:
    """Return the numbers of every system without a fault; none of them may be flagged."""
    found: dict[str, Any] = in_a_fork(lambda: all_numbers(systems()))
    return found
