"""Faults that can be put into the machinery: small changes of the source of its functions.

Beside those of `power`: factors of 1 ± OFF, other indices, transposes, branches, what a loop begins with.
"""

from __future__ import annotations

import ast
import inspect
import warnings
from collections.abc import Callable, Iterator, Sequence
from copy import deepcopy
from dataclasses import dataclass, replace
from functools import cache, partial
from importlib import import_module
from types import CodeType, FunctionType
from typing import Any
from zlib import crc32

from sotcheck.trial import power

#: Modules on trial, by what they are.
ROOMS = {
    "model": (
        "system.model", "system.structure", "system.interface", "system.many", "system.stack", "system.spin"
    ),
    "reading and units": ("system.files", "system.units"),
    "engines": tuple(
        f"engines.{name}"
        for name in ("matching", "aligned", "one_site", "recursion", "stack", "rounding", "base")
    ),
    "lattice": ("engines.lattice", "engines.kwant_chain", "engines.kwant_private"),
    "flows": ("system.states", "engines.spin_flows", "engines.stack_flows", "exact.inside"),
    "quadrature": (
        "exact.over_k", "exact.side_by_side", "numerics.circle", "numerics.ranges", "numerics.quadrature",
        "numerics.radial", "numerics.nested", "numerics.angles", "numerics.nearpoles"
    ),
    "totals": (
        "exact.observables", "trial.torque", "trial.exact_rows", "trial.bound_rows", "trial.plain",
        "trial.torque_table",
    ),
    "first order": ("theory.sums", "theory.first_order", "theory.amplitudes", "theory.symbols"),
    "budgets": ("numerics.estimate", "numerics.convergence"),
}  # fmt: skip
#: Names that are easily taken for one another, besides those of formulas.
SWAPS = {
    **power.SWAPS, "left": ("right",), "right": ("left",), "cos": ("sin",), "sin": ("cos",),
    "minus": ("plus",),
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
OF_A_KIND = 2


@dataclass(frozen=True)
class Fault:
    """A seeded fault in the machinery, and what became of it.

    `outcome` is "flagged", "raised" for an error, "missed", "budget" where uncertainties alone change and
    still cover, or "no effect"; `by` is the claim, or the error, that tells, or the reason why nothing does.
    `source` is the digest of the functions that it was put into.
    """

    room: str
    place: str
    kind: str
    change: str
    outcome: str = ""
    by: str = ""
    source: str = ""

    @property
    def planted(self) -> Fault:
        """The same before it was tried."""
        return replace(self, outcome="", by="")


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
        # What a function returns need not be a number.
        if kind not in ("symbol", "factor") and not isinstance(node, ast.Return):
            yield {"conjugation": "transpose", "range": "branch"}.get(kind, kind), found
    match node:
        case ast.BinOp(_, ast.Mult() | ast.Div() | ast.Pow()):
            yield "factor", ast.BinOp(ast.Constant(1 + OFF), ast.Mult(), node)
            yield "factor", ast.BinOp(ast.Constant(1 - OFF), ast.Mult(), node)
        case ast.Return(ast.BinOp() | ast.UnaryOp() | ast.Subscript() | ast.Attribute() as value):
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
    return ast.Subscript(
        ast.Call(ast.Name("list", ast.Load()), [of], []), ast.Slice(ast.Constant(1)), ast.Load()
    )


def _other_index(at: ast.expr) -> Iterator[ast.expr]:
    match at:
        case ast.Constant(0 | 1 as n) if type(n) is int:
            yield ast.Constant(1 - n)
        case ast.Tuple(elts, ctx):
            for n, one in enumerate(elts):
                yield from (ast.Tuple([*elts[:n], other, *elts[n + 1 :]], ctx) for other in _other_index(one))


#: Where properties, caches and decorators keep their function.
WRAPPERS = ("__wrapped__", "__func__", "fget", "func")


def _function(module: Any, name: str) -> FunctionType:
    """Return the function of this qualified name, out of properties, caches and decorators."""
    found: Any = module
    for part in name.split("."):
        found = vars(found)[part]
    while not isinstance(found, FunctionType) or hasattr(found, "__wrapped__"):
        inner = (getattr(found, wrapper, None) for wrapper in WRAPPERS)
        found = next(one for one in inner if one is not None)
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
def source_of(module: str) -> tuple[str, ast.Module]:
    """Return the file of a module, and its tree."""
    file = str(inspect.getsourcefile(import_module(module)))
    with open(file, encoding="utf-8") as source:
        return file, ast.parse(source.read())


@cache
def digest(places: str) -> str:
    """Return what tells whether functions, by module and name, have changed but for layout; "" for none."""
    found = []
    for place in places.split(", "):
        *module, name = place.split(".", 2)
        file, tree = source_of(".".join(["sotcheck", *module]))
        node = dict(_functions(tree.body)).get(name)
        if node is None:
            return ""
        with open(file, encoding="utf-8") as source:
            lines = source.read().splitlines()[node.lineno - 1 : node.end_lineno]
        found.append("".join("".join(lines).split()))
    return f"{crc32(chr(10).join(found).encode()):08x}"


def seeds(lines: set[tuple[str, int]] | None = None) -> Iterator[Seed]:
    """Yield the named faults, then the others: of every kind some in every function that runs."""
    for room, modules in ROOMS.items():
        for module in (f"sotcheck.{one}" for one in modules):
            for name, function in _functions(source_of(module)[1].body):
                yield from _in_function(
                    Fault(room, place := f"{module[9:]}.{name}", "", "", source=digest(place)),
                    module,
                    name,
                    function,
                    lines,
                )


def _in_function(
    fault: Fault, module: str, name: str, function: ast.FunctionDef, lines: set[tuple[str, int]] | None
) -> Iterator[Seed]:
    file, tree = source_of(module)
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
            file, tree = source_of(f"sotcheck.{module}")
            function = dict(_functions(tree.body))[name]
            text = ast.unparse(function)
            if old not in text:
                raise ValueError(f"{module}.{name} has no {old!r} any more")
            changed = ast.parse(text.replace(old, new)).body[0]
            codes.append((f"sotcheck.{module}", name, partial(_code, tree, file, name, function, changed)))
        place = ", ".join(dict.fromkeys(f"{module}.{name}" for module, name, *_ in edits))
        return Seed(Fault("named", place, "by hand", words, source=digest(place)), tuple(codes))

    return seed
