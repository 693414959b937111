"""Equations as identities in all parameters: what is one is seen to be, and no fault is taken for one."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product
from typing import Any, cast

import numpy as np
import pytest

from sotcheck.errors import SotcheckError
from sotcheck.exact.solved import NODES
from sotcheck.numerics.quadrature import sample
from sotcheck.referee.ball import series
from sotcheck.referee.field import Field, Quotient
from sotcheck.referee.rational import Rational
from sotcheck.system.interface import Interface
from sotcheck.theory.symbols import Symbols
from sotcheck.trial import proved
from sotcheck.trial.entries import Equation, Formula
from sotcheck.trial.identities import identity, symbolic
from sotcheck.trial.paper import load

PAPER = load("kim2017")
#: Values of the variables, which obey relations that all systems have.
VALUES = {
    "pi": np.pi, "x": 0.6, "y": 0.8, "mx": 2 / 7, "my": -3 / 7, "mz": 6 / 7, "u_0": 0.4, "u_m": -0.3,
    "U_N": 0.2, "h_R": 0.7, "a": 0.9, "b": 0.8, "c": 1.1, "k": 0.5,
}  # fmt: skip
#: Of bulk magnetism 2k_z² = (k_z^+)² + (k_z^-)².
BULK = ("U_N", "U_F", "u_0", "u_m")


def equation(key: str) -> Equation:
    found = PAPER.entries[key]
    assert isinstance(found, Equation)
    return found


@pytest.fixture(autouse=True)
def _two_terms() -> Iterator[None]:
    with series(192, 2):
        yield


def valued(one: Quotient, at: dict[str, float]) -> complex:
    """Return what a quotient is where its variables have some values."""
    values = np.array([1j if name == "i" else at[name] for name in one.field.variables])

    def of(polynomial: Any) -> complex:
        terms = polynomial.to_dict().items()
        return sum(float(c) * complex(np.prod(values ** np.array(list(map(int, n))))) for n, c in terms)

    return of(one.top) / complex(np.prod([of(one.field.factors[n]) ** p for n, p in one.factors.items()]))


@pytest.mark.parametrize(
    "key", ["eq6a", "eq10a", "eq16c", "eq18a", "eq20a_evanescent", "eq20b", "eq24a_minority", "eq32", "eqB8"]
)
def test_the_confirmed_form_is_an_identity(key: str) -> None:
    one = equation(key)
    assert identity(one, one.confirmed)
    if one.corrected:
        assert not identity(one, one.transcribed)


def with_a_sign(one: Equation, s: Symbols) -> Any:
    said = one.confirmed(s)
    return np.where(s.open_down, said, -said)


def with_a_bump(one: Equation, s: Symbols) -> Any:
    """Return what is right at all k_⊥ where balls are tried, and nowhere else."""
    zero = 1
    for node in sample(one.on[0].thresholds(), NODES):
        zero = zero * (s.k_perp[:, None] - node)
    return one.confirmed(s) * (1 + zero)


@pytest.mark.parametrize("fault", [
    lambda one, s: one.confirmed(s) * (1 + 1 / 999), with_a_sign,
    lambda one, s: one.confirmed(s) + s.kz_up - s.kz_down, lambda one, s: s.r_up, lambda one, s: 0,
])  # fmt: skip
def test_no_fault_is_an_identity(fault: Any) -> None:
    one = equation("eq16c")
    assert not identity(one, lambda s: fault(one, s))


def test_what_makes_bulk_magnetism_is_not_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the relation between wave numbers the third term of (20a) is no identity."""
    one = equation("eq20a_evanescent")
    symbolic.cache_clear()
    relate = Field.relate
    monkeypatch.setattr(Field, "relate", lambda self, zero: zero.total_degree() > 2 or relate(self, zero))
    found = proved.proof(one, one.confirmed)
    symbolic.cache_clear()
    assert found.agrees
    assert not found.identity


def test_what_vanishes_at_all_points_is_no_identity(monkeypatch: pytest.MonkeyPatch) -> None:
    one = equation("eq16c")
    monkeypatch.setattr(one, "on", one.on[:1])
    form: Formula = lambda s: with_a_bump(one, s)  # noqa: E731
    found = proved.proof(one, form)
    assert found.agrees
    assert not found.identity
    assert proved.proof(one, one.confirmed).identity
    assert not proved.proof(one, lambda s: one.confirmed(s) * (1 + 1e-6)).identity


@pytest.mark.parametrize(("key", "zero", "signs"), [
    *product(("eq9", "eq16c", "eq16d_majority"), [()], [(1, 1, 1), (1, -1, 1), (-1, -1, 1)]),
    *product(("eq18a", "eq19a"), [BULK], [(1, 1, 1), (1, -1, 1)]),
])  # fmt: skip
def test_functions_have_the_values_of_doubles(
    key: str, zero: tuple[str, ...], signs: tuple[int, ...]
) -> None:
    """A formula in variables, and states in variables, are at a point what a formula of doubles is."""
    one, solved = equation(key), symbolic(zero, None, (1.0, 1.0, 1.0), signs)
    minority, majority = (sign * VALUES[name] ** 4 for sign, name in zip(signs[1:], "bc", strict=True))
    mean = (minority + majority) / 2
    at = VALUES | dict.fromkeys(zero, 0.0) | ({"a": abs(mean) ** 0.25} if zero else {})
    E_F = at["U_N"] + signs[0] * at["a"] ** 4 + at["k"] ** 2
    iface = Interface(
        name="point", E_F=E_F, U_F=E_F - at["k"] ** 2 - mean, J=(majority - minority) / 2, U_N=at["U_N"],
        u_0=at["u_0"], u_m=at["u_m"], h_R=at["h_R"], m=(at["mx"], at["my"], at["mz"]),
    )  # fmt: skip
    angles = np.arctan2(at["y"], at["x"]) + np.arange(4) * np.pi / 2
    expected = np.asarray(one.confirmed(Symbols(iface, np.array([at["k"]]), angles)))
    said = np.asarray(one.confirmed(Symbols(solved.iface, solved.k_perp, solved.angles)))
    field = vars(solved.iface)["variables"]
    for values in (said, one.of.measure(solved).value):
        found = [valued(Rational.of(field, value).terms[0], at) for value in values.ravel()]
        assert np.allclose(np.reshape(found, values.shape), expected, rtol=1e-12, atol=1e-14)


def test_a_field_knows_its_relations_and_no_other() -> None:
    field = Field("y x", "a b")
    field.relate(field.variables["y"] ** 2 + field.variables["x"] ** 2 - 1)
    x, y, a, b = (cast(Any, Rational.of(field, name)) for name in "xyab")
    z = (x + 1j * y) / (a + 2j * b)
    assert (abs(x + 1j * y) ** 2 - 1).is_zero()
    assert not (x * x - y * y).is_zero()
    assert (z * (1 / z) - 1).is_zero()
    assert (z - z.conjugate() - 2j * z.imag).is_zero()
    assert (np.sqrt(a**4 / b**2) - a * a / b).is_zero()
    assert abs(-2j * a) > 0
    assert ((1 / (8 * np.pi) - 1 / (4 * np.pi) / 2) * a).is_zero()
    with pytest.raises(SotcheckError, match="overlap"):
        _ = a > b
    with pytest.raises(SotcheckError, match="overlap"):
        _ = bool(x)
    assert not x - x
    with pytest.raises(SotcheckError, match="no square"):
        _ = (a + b).sqrt()
    with pytest.raises(SotcheckError, match="unknown sign"):
        _ = np.sqrt(1 / (x * x))
    with pytest.raises(SotcheckError, match="no simple number"):
        _ = a * 1.000001
