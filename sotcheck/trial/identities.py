"""Equations of a paper as identities: formula and states as rational functions of all parameters at once.

Variables are √k_z and √k_z^± (of closed channels √q), k_⊥, cosine and sine of the angle of k, m, u_0, u_m,
U_N and h_R, of which E_F, U_F and J are polynomials.
"""

from __future__ import annotations

from functools import cached_property, lru_cache, partial
from itertools import pairwise
from types import SimpleNamespace
from typing import Any

import numpy as np

from sotcheck.numerics.arrays import Array
from sotcheck.referee.ball import series
from sotcheck.referee.field import Field, Quotient
from sotcheck.referee.rational import Angle, Rational
from sotcheck.system.interface import Interface
from sotcheck.system.structure import RASHBA, Region, spin_orbit_field
from sotcheck.theory.amplitudes import unperturbed
from sotcheck.theory.symbols import Symbols
from sotcheck.trial.balls import DIGITS, TERMS, BallSolved, balls
from sotcheck.trial.entries import Equation, Formula

#: What an equation may take for granted: that these are zero.
MAY_BE_ZERO = ("U_N", "U_F", "J", "u_0", "u_m")
TIMES = ("tau_N", "tau_up", "tau_down")


class Symbolic(Interface):
    """An interface whose parameters are variables: validated by nobody, and like no other."""

    __hash__ = object.__hash__
    __eq__ = object.__eq__

    @classmethod
    def of(cls, **values: Any) -> Symbolic:
        """Return the one with some values."""
        found = cls.__new__(cls)
        vars(found).update(values)
        return found

    @property
    def direction(self) -> Array:
        """The unit vector m, shape (3,)."""
        return balls(self.m)

    @cached_property
    def structure(self) -> Any:
        """What states read of theirs."""
        field = partial(spin_orbit_field, RASHBA)
        delta = SimpleNamespace(exchange_term=self.interface_exchange(), field=field)
        right = SimpleNamespace(direction=self.m, mass=1.0)
        return SimpleNamespace(interfaces=(delta,), left=Region(), right=right, layers=())


class SymbolicSolved(BallSolved):
    """States at any k_⊥, and any four angles by quarters of a turn.

    Where an average over these is the same whatever the first one is, it is that over all angles.
    """

    def _variable(self, name: Any) -> Rational:
        return Rational.of(vars(self.iface)["variables"], name)

    @cached_property
    def k_perp(self) -> Array:
        """The variable k_⊥, shape (1,)."""
        return balls([self._variable("k") * self.stretch])

    @cached_property
    def angles(self) -> Array:
        """Four angles, shape (4,)."""
        x, y = map(self._variable, "xy")
        return balls([Angle(x, y), Angle(-y, x), Angle(-x, -y), Angle(y, -x)])

    @property
    def h_R(self) -> Array:
        """The variable of the series, shape (1, 1, 1)."""
        return balls([[[Rational([self._variable(n).terms[0] for n in (0, 1)])]]])


def identity(equation: Equation, formula: Formula) -> bool:
    """Return whether a form holds for all parameters in the regimes of channels where it is tried.

    Of parameters stay what they are those that are zero on all its interfaces, an m that lies in a plane of
    the axes, and relaxation times.
    """
    zero = tuple(name for name in MAY_BE_ZERO if not any(getattr(iface, name) for iface in equation.on))
    tried = {
        (zero, iface.m if 0 in iface.m else None, tuple(getattr(iface, name) for name in TIMES), signs)
        for iface in equation.on
        for signs in regimes(iface)
    }
    with series(DIGITS, TERMS):
        return all(_vanishes(equation, formula, symbolic(*one)) for one in tried)


def regimes(iface: Interface) -> list[tuple[int, ...]]:
    """Return the signs of k_z², (k_z^+)² and (k_z^-)² in all ranges between thresholds."""
    middles = [np.array((a + b) / 2) for a, b in pairwise(iface.thresholds())]
    squares = [(iface.kz_squared(x), *iface.Kz_squared(x)) for x in middles]
    return [tuple(1 if one > 0 else -1 for one in some) for some in squares]


def _vanishes(equation: Equation, formula: Formula, one: SymbolicSolved) -> bool:
    said = np.asarray(formula(Symbols(one.iface, one.k_perp, one.angles)), dtype=object)
    apart = np.asarray(equation.of.measure(one).value - said)
    return all(one._variable(value).is_zero() for value in apart.ravel())


@lru_cache(maxsize=64)
def symbolic(
    zero: tuple[str, ...], m: tuple[float, ...] | None, times: tuple[float, ...], signs: tuple[int, ...]
) -> SymbolicSolved:
    """Return states of an interface of which all is free but what is zero, or given."""
    field = Field("y mz x mx my u_0 u_m U_N h_R", "a b c k")
    of = SimpleNamespace(**field.variables)
    field.relate(of.y**2 + of.x**2 - 1)
    field.relate(of.mz**2 + of.mx**2 + of.my**2 - 1)
    nowhere = {"U_N", "U_F"} <= {*zero}
    if nowhere and "J" not in zero:
        # 2k_z² = (k_z^+)² + (k_z^-)².
        field.relate(2 * signs[0] * of.a**4 - signs[1] * of.b**4 - signs[2] * of.c**4)
    roots = [of.a, of.b, of.c] if "J" not in zero else [of.c if nowhere else of.a, of.c, of.c]
    N, minority, majority = (sign * field.square(root**2) for sign, root in zip(signs, roots, strict=True))
    free = {
        name: 0 * of.k if name in zero else field.variables[name] for name in ("u_0", "u_m", "U_N", "h_R")
    }
    mean = (minority + majority) / 2
    U_N = mean - N if "U_F" in zero else free["U_N"]
    E_F = U_N + N + of.k**2
    free |= {"E_F": E_F, "U_N": U_N, "U_F": E_F - of.k**2 - mean, "J": (majority - minority) / 2}
    known: dict[str, Any] = {name: Rational([Quotient(field, value)]) for name, value in free.items()}
    known["m"] = m or tuple(Rational([Quotient(field, one)]) for one in (of.mx, of.my, of.mz))
    iface = Symbolic.of(variables=field, **known, **dict(zip(TIMES, times, strict=True)))
    found = SymbolicSolved("referee", iface)
    # These have what denominators consist of, which is seen in later ones then.
    unperturbed(iface, found.k_perp**2)
    return found
