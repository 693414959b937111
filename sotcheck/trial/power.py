"""Detection power: faults are put into every formula, and the judge has to flag each of them.

A fault is a small change of the formula's own source: a sign flipped, a factor 2, a conjugation dropped,
one symbol taken for another, a term left out, a range reversed.
"""

from __future__ import annotations

import ast
import inspect
import textwrap
import warnings
from collections.abc import Callable, Iterator
from copy import deepcopy
from dataclasses import dataclass
from functools import partial
from types import CodeType, FunctionType
from typing import Any

import numpy as np

from sotcheck.engines import reference
from sotcheck.exact.solved import solved
from sotcheck.trial.entries import Equation, Formula
from sotcheck.trial.grounds import symbols
from sotcheck.trial.judge import try_formula

#: Symbols that are easily taken for one another.
SWAPS = {
    "r_up": ("r_down",), "r_down": ("r_up",), "r": ("r_prime", "t"), "r_prime": ("r",),
    "t": ("t_prime", "r"), "t_prime": ("t",),
    "t_prime_up": ("t_prime_down",), "t_prime_down": ("t_prime_up",),
    "kz": ("kz_up", "kz_down"), "kz_up": ("kz_down", "kz"), "kz_down": ("kz_up", "kz"),
    "open_N": ("open_up",), "open_up": ("open_down", "open_N"), "open_down": ("open_up", "open_N"),
    "one": ("one_prime",), "one_prime": ("one",), "u_plus": ("u_minus",), "u_minus": ("u_plus",),
    "r_ex": ("r",), "t_ex": ("t",), "kx": ("ky",), "ky": ("kx",), "real": ("imag",), "imag": ("real",),
    "u_0": ("u_m",), "u_m": ("u_0",), "U_F": ("U_N", "J"), "U_N": ("U_F",), "J": ("E_F",),
}  # fmt: skip
#: Why a fault can have no effect, by its kind; a formula's entry may know better.
NO_EFFECT = {
    "sign": "the term is zero, or both signs give the same, on every parameter set",
    "factor": "what is multiplied is zero on every parameter set",
    "conjugation": "what was conjugated is real, or Hermitian, wherever the formula is not zero",
    "symbol": "both symbols have the same value wherever the formula is not zero",
    "term": "the term is zero on every parameter set",
    "range": "the values outside the range are zero anyway",
    "absolute": "what stands between the bars is real and positive wherever the formula is not zero",
}
#: Relative change below which a fault has changed nothing.
UNCHANGED = 1e-13


@dataclass(frozen=True)
class Fault:
    """A seeded fault in an equation, and what became of it.

    Its kind is one of NO_EFFECT, its change the part of the source before and after, its outcome "flagged",
    "missed", or "no effect", with the reason.
    """

    number: str
    quantity: str
    kind: str
    change: str
    outcome: str
    reason: str = ""


Mutation = tuple[str, ast.AST]


def mutations(node: ast.AST) -> Iterator[Mutation]:
    """Yield (kind, replacement) of one node of a formula."""
    match node:
        case ast.BinOp(left, ast.Add() | ast.Sub() as sign, right):
            plus = isinstance(sign, ast.Add)
            yield "sign", ast.BinOp(left, ast.Sub() if plus else ast.Add(), right)
            yield "term", left
            yield "term", right if plus else ast.UnaryOp(ast.USub(), right)
        case ast.UnaryOp(ast.USub(), operand):
            yield "sign", operand
        case ast.Return(value) if value is not None and not isinstance(value, ast.Call | ast.Tuple):
            yield "factor", ast.Return(ast.BinOp(ast.Constant(2), ast.Mult(), value))
            yield "sign", ast.Return(ast.UnaryOp(ast.USub(), value))
        case ast.Call(ast.Attribute(value, "conj"), []):
            yield "conjugation", value
        case ast.Call(ast.Attribute(ast.Name("np"), "conj") | ast.Name("dagger"), [value]):
            yield "conjugation", value
        case ast.Call(ast.Attribute(ast.Name("np"), "abs"), [value]):
            yield "absolute", value
        case ast.Call(ast.Attribute(ast.Name("np"), "where"), [condition, yes, no]):
            yield "range", yes
            yield "range", ast.Call(node.func, [condition, no, yes], [])
        case ast.Compare(left, [ast.Lt() | ast.Gt() as than], right):
            yield "range", ast.Compare(left, [ast.Gt() if isinstance(than, ast.Lt) else ast.Lt()], right)
        case ast.Attribute(value, name, ctx) if name in SWAPS and not isinstance(ctx, ast.Store):
            for other in SWAPS[name]:
                yield "symbol", ast.Attribute(value, other, ctx)


def faulty(formula: Formula) -> Iterator[tuple[str, str, Formula]]:
    """Yield (kind, change, formula with one fault), for the function and the private ones it calls."""
    if isinstance(formula, partial):
        for kind, change, mutant in faulty(formula.func):
            yield kind, change, partial(mutant, *formula.args, **formula.keywords)
        return
    parts = _with_helpers(formula)
    for target in parts:
        tree = _tree(target)
        for node in ast.walk(tree):
            for kind, replacement in mutations(node):
                # A copy of the tree in which the node is already copied, as its replacement.
                changed = deepcopy(tree, {id(node): deepcopy(replacement)})
                words = f"{_words(node)} -> {_words(replacement)}"
                yield kind, words, _rebuilt(formula, parts, target, ast.fix_missing_locations(changed))


class Confirmed(ast.NodeTransformer):
    """Leaves of a formula with both forms the one that numbers confirm: no `if slip: ...`, no `x if slip`."""

    def visit_If(self, node: ast.IfExp | ast.If) -> Any:  # noqa: D102
        self.generic_visit(node)
        return node.orelse if ast.unparse(node.test) == "slip" else node

    visit_IfExp = visit_If


def _tree(function: Callable[..., Any]) -> ast.Module:
    tree = ast.parse(textwrap.dedent(inspect.getsource(function)))
    definition = tree.body[0]
    assert isinstance(definition, ast.FunctionDef)
    # Annotations and decorators are no part of the formula.
    definition.decorator_list = []
    return Confirmed().visit(tree)


def _with_helpers(formula: Callable[..., Any]) -> list[FunctionType]:
    assert isinstance(formula, FunctionType)
    found = [formula]
    # It grows while it is walked.
    for function in found:
        for name in sorted(_names(compile(_tree(function), function.__name__, "exec"))):
            helper = function.__globals__.get(name)
            if isinstance(helper, FunctionType) and name.startswith("_") and helper not in found:
                found += [helper] if helper.__module__ == formula.__module__ else []
    return found


def _names(code: CodeType) -> set[str]:
    """Return the global names in use, inside comprehensions and nested functions too."""
    inner = (constant for constant in code.co_consts if isinstance(constant, CodeType))
    return set(code.co_names).union(*map(_names, inner))


def _rebuilt(
    formula: Formula, parts: list[FunctionType], target: FunctionType, changed: ast.Module
) -> Formula:
    scope = dict(target.__globals__)
    for part in parts:
        tree = changed if part is target else _tree(part)
        with warnings.catch_warnings():
            # A fault that makes no sense, such as an element of a number, fails when it is called.
            warnings.simplefilter("ignore", SyntaxWarning)
            code = compile(tree, f"<fault in {part.__name__}>", "exec")
        exec(code, scope)
    result: Formula = scope[formula.__name__]
    return result


def _words(node: ast.AST) -> str:
    return ast.unparse(ast.fix_missing_locations(deepcopy(node))).removeprefix("return ")


def seed(equation: Equation) -> Iterator[Fault]:
    """Put every fault into the confirmed formula, and judge it on the equation's interfaces.

    One that breaks the formula altogether (shapes, types) is no fault that anyone could make unnoticed, and
    is not counted; nor are faults in a formula that is wrong as it is.
    """
    formula = equation.confirmed
    grounds = [solved(reference(), iface) for iface in equation.on]
    exact = [equation.of.measure(one) for one in grounds]
    if any(try_formula(formula, *pair).verdict != "agrees" for pair in zip(grounds, exact, strict=True)):
        return
    right = [np.asarray(formula(symbols(one))) for one in grounds]
    for kind, change, mutant in faulty(formula):
        outcome, reason = "no effect", equation.invisible.get(change, NO_EFFECT[kind])
        try:
            with np.errstate(all="ignore"):
                for one, measured, value in zip(grounds, exact, right, strict=True):
                    found = np.asarray(mutant(symbols(one)))
                    if np.shape(np.broadcast_arrays(found, measured.value)[0]) != np.shape(measured.value):
                        raise ValueError("another shape")
                    size = float(np.abs(value).max())
                    if not np.all(np.abs(found - value) <= UNCHANGED * size):
                        outcome = "missed"
                        if try_formula(mutant, one, measured).verdict != "agrees":
                            outcome = "flagged"
                            break
        except (ValueError, TypeError, AttributeError, IndexError, ArithmeticError, np.linalg.LinAlgError):
            continue
        reason = reason if outcome == "no effect" else ""
        yield Fault(equation.number, equation.of.words, kind, change, outcome, reason)
