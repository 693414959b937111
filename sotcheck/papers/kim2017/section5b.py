"""Sec. V B: magnetic bilayers with interface magnetism, model (22), what is said of them, and Fig. 6's unit.

Torques are in the unit ħeE_xτA/mₑ per h_R; summands are those of (1/A) Σ_{k_⊥}, by relaxation time. Only
u_0, u_m and k_F enter.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from types import SimpleNamespace
from typing import Any

import numpy as np

from sotcheck.exact.currents import flow_number, linear_torque_number
from sotcheck.exact.finite import measured
from sotcheck.exact.observables import INTERFACE as ON_INTERFACE
from sotcheck.exact.quantities import WIDER, beyond_k_F, r_by_spin, t_prime_by_spin, torque, whole_torque
from sotcheck.exact.solved import Solved, solved
from sotcheck.exact.totals import averaged
from sotcheck.numerics.arrays import Array, Complex
from sotcheck.numerics.estimate import Estimate
from sotcheck.papers.kim2017 import INTERFACE, WEIGHTS, linear, paper
from sotcheck.theory.symbols import Symbols
from sotcheck.trial.entries import Equation, Statement
from sotcheck.trial.grounds import ground
from sotcheck.trial.verdict import Trial
from sotcheck.trial.words import equal, on_each, same, span, vanishes, whether

#: Where sums over k_⊥ are tried.
SUMMED = (INTERFACE[0].with_(**WEIGHTS),)
#: Ends of the panels of a sum over k_z/k_F: D_k changes at k_z ~ u, however small.
PANELS = np.concatenate([[0.0], 4.0 ** np.arange(-12, 1)])

A = (r"Re[T_R]=h_R\frac{\hbar eE_x}{\pi m_e}\sum_{k_\perp^2<k_F^2}"
    r"\frac{2u_0u_m(\tau+\tau_F^{c})+(u_0^2+u_m^2)\tau_F^{%s}}{D_{\mathbf k}(u_0,u_m)}")  # fmt: skip
B = (r"Im[T_R]=-h_R\frac{\hbar eE_x}{\pi m_e}\sum_{%s<k_F^2}k_z"
    r"\frac{2u_0(\tau-\tau_F^{c})-2u_m\tau_F^{s}}{D_{\mathbf k}(u_0,u_m)}")  # fmt: skip
OFF_A = "an index: the last term belongs to the spin current, tau_F^s, not to the charge current again"
OFF_RANGE = ("a swapped symbol: the range of the sum is k_perp^2 < k_F^2; k_z^2 < k_F^2 holds at every"
    " k_perp, closed channels included, where the sum diverges")  # fmt: skip

TIMES = "relaxation times 0.7, 1.3, 0.4"

paper.define("22", "A delta function with a spin-independent and a spin-dependent strength.",
    tex=r"H=-\frac{\hbar^2}{2m_e}\nabla^2+\frac{\hbar^2}{2m_e}(u_0+u_m\hat\sigma\cdot\mathbf m)\delta(z)",
    why="a model; (23) and (24) are tried on it")  # fmt: skip


@paper.equation("23", of=r_by_spin.named("r, majority and minority"), on=INTERFACE,
    tex=r"r_{\mathbf k}^{\uparrow\downarrow}=\frac{u_0\mp u_m}{2ik_z-(u_0\mp u_m)}")  # fmt: skip
def eq23_r(s: Symbols) -> Complex:
    """Reflection amplitudes of a spin-dependent delta function."""
    i = s.iface
    up, down = i.u_0 - i.u_m, i.u_0 + i.u_m
    return np.stack([up / (2j * s.kz - up), down / (2j * s.kz - down)], axis=-1)


@paper.equation("23", of=t_prime_by_spin.named("t', majority and minority"), on=INTERFACE,
    tex=r"t_{\mathbf k}'^{\uparrow\downarrow}=1+r_{\mathbf k}^{\uparrow\downarrow}")  # fmt: skip
def eq23_t_prime(s: Symbols) -> Complex:
    """Transmission amplitudes of a spin-dependent delta function."""
    return np.stack([1 + s.r_up, 1 + s.r_down], axis=-1)


def _d(s: Symbols) -> Complex:
    """D_k = [4k_z² + (u_0 − u_m)²][4k_z² + (u_0 + u_m)²] / k_⊥² k_z, below Eq. (24b)."""
    i = s.iface
    return (4 * s.kz**2 + (i.u_0 - i.u_m) ** 2) * (4 * s.kz**2 + (i.u_0 + i.u_m) ** 2) / (s.k2 * s.kz)


def _charge(up: float, down: float) -> float:
    """τ_F^c of the charge current."""
    return (up + down) / 2


def _spin(up: float, down: float) -> float:
    """τ_F^s of the spin current."""
    return (up - down) / 2


def _a(s: Symbols, tau: float, up: float, down: float, slip: bool = True) -> Complex:
    """Summand of (24a), with τ_F^c in the last term, as transcribed, or τ_F^s."""
    i, tau_c, last = s.iface, _charge(up, down), _charge(up, down) if slip else _spin(up, down)
    return (2 * i.u_0 * i.u_m * (tau + tau_c) + (i.u_0**2 + i.u_m**2) * last) / (np.pi * _d(s))


def _b(s: Symbols, tau: float, up: float, down: float) -> Complex:
    """Summand of (24b)."""
    i, tau_c, tau_s = s.iface, _charge(up, down), _spin(up, down)
    return -s.kz * (2 * i.u_0 * (tau - tau_c) - 2 * i.u_m * tau_s) / (np.pi * _d(s))


#: The parts of each source's torque, by relaxation time.
eq24a: dict[str, Equation] = {}
for source, time, tau, up, down in (
    ("normal", "tau", 1, 0, 0), ("majority", "tau^up", 0, 1, 0), ("minority", "tau^down", 0, 0, 1),
):  # fmt: skip
    of, at = torque.of(source), f"torque at each k_perp%s per {time}"
    end = f"torque with interface magnetism: coefficient of {time}."
    eq24a[source] = linear("24a", of=of.fieldlike.named(f"fieldlike {at % ''}"), on=INTERFACE, tex=A % "c",
        key=f"eq24a_{source}", says=f"Fieldlike {end}")(partial(_a, tau=tau, up=up, down=down))  # fmt: skip
    linear("24b", of=of.dampinglike.named(f"dampinglike {at % ' < k_F'}"), on=INTERFACE, tex=B % "k_z^2",
        key=f"eq24b_{source}", says=f"Dampinglike {end}")(partial(_b, tau=tau, up=up, down=down))  # fmt: skip
eq24a["minority"].correction(OFF_A, kind="marks", tex=A % "s")(partial(_a, tau=0, up=0, down=1, slip=False))


def widened(s: Symbols) -> Symbols:
    """Return the symbols at larger k_⊥, some of them beyond k_F."""
    return replace(s, k_perp=WIDER * s.k_perp)


@linear("24a", of=beyond_k_F(torque.of("normal").fieldlike).named("fieldlike torque per tau at k_perp on both"
    " sides of k_F"), on=INTERFACE, tex=A % "c")  # fmt: skip
def eq24a_range(s: Symbols) -> Complex:
    """The sum of the fieldlike torque runs over open channels."""
    wide = widened(s)
    return np.where(wide.k2 < s.iface.E_F, _a(wide, 1, 0, 0), 0)


@linear("24b", of=beyond_k_F(torque.of("normal").dampinglike).named("dampinglike torque per tau at k_perp on"
    " both sides of k_F"), on=INTERFACE, tex=B % "k_z^2",
    slip=(OFF_RANGE, "marks", B % r"k_\perp^2"))  # fmt: skip
def eq24b_range(s: Symbols, slip: bool) -> Complex:
    """The sum of the dampinglike torque runs over open channels."""
    wide = widened(s)
    return np.where(((wide.kz**2).real if slip else wide.k2) < s.iface.E_F, _b(wide, 1, 0, 0), 0)


def _channels(k_F: float, u_0: Array | float, u_m: Array | float) -> tuple[Any, Array]:
    """Return what (24) reads at nodes of k_z, a further axis, and the weights of the sum (1/A) Σ."""
    nodes, weights = np.polynomial.legendre.leggauss(16)
    widths = np.diff(PANELS)[:, None]
    k_z = k_F * (PANELS[:-1, None] + widths * (nodes + 1) / 2).ravel()
    # d(k_⊥²)/4π = k_z dk_z/2π.
    weight = k_F * (widths * weights / 2).ravel() * k_z / (2 * np.pi)
    strengths = SimpleNamespace(u_0=np.asarray(u_0)[..., None], u_m=np.asarray(u_m)[..., None])
    return SimpleNamespace(kz=k_z, k2=k_F**2 - k_z**2, iface=strengths), weight


def _summed(s: Symbols, summand: Callable[..., Complex]) -> Complex:
    i = s.iface
    grid, weights = _channels(np.sqrt(i.E_F), i.u_0, i.u_m)
    return summand(grid, i.tau_N, i.tau_up, i.tau_down) @ weights


@linear("24a", of=whole_torque.fieldlike.named(f"fieldlike torque, all k_perp, {TIMES}"), on=SUMMED,
    tex=A % "c", slip=(OFF_A, "marks", A % "s"))  # fmt: skip
def eq24a_sum(s: Symbols, slip: bool) -> Complex:
    """Fieldlike torque with interface magnetism, summed."""
    return _summed(s, partial(_a, slip=slip))


@linear("24b", of=whole_torque.dampinglike.named(f"dampinglike torque, all k_perp < k_F, {TIMES}"), on=SUMMED,
    tex=B % r"k_\perp^2")  # fmt: skip
def eq24b_sum(s: Symbols) -> Complex:
    """Dampinglike torque with interface magnetism, summed over open channels (the range: see there)."""
    return _summed(s, _b)


def summed(u_0: Array, u_m: Array) -> Complex:
    """Return (24) corrected, summed, for k_F = 1: fieldlike + i dampinglike by (u_0, u_m) and source."""
    grid, weights = _channels(1.0, u_0, u_m)
    each = [_a(grid, *tau, False) + 1j * _b(grid, *tau) for tau in ((1, 0, 0), (0, 1, 0), (0, 0, 1))]
    return np.stack([torque @ weights for torque in each], axis=-1)


#: Not small: what holds at this h_R is no matter of first order.
FINITE = 0.4
#: No barrier, and no magnetism, at the interface.
NO_BARRIER = ground("no-barrier", E_F=1.0, J=0.0, u_m=0.6, h_R=FINITE)
NO_MAGNETISM = ground("no-magnetism", E_F=1.0, J=0.0, u_0=0.6)
#: Torques of normal, majority, minority electrons that make that of a current: per τ, per τ_F^c, per τ_F^s.
TAU, TAU_C, TAU_S = np.array([1, 0, 0]), np.array([0, 1, 1]), np.array([0, 1, -1])


def by_source(one: Solved) -> Estimate:
    """Fieldlike + i dampinglike to first order, by k_⊥ and source, (n, 3)."""
    return linear_torque_number(one)[:, 0]


def components(found: Estimate) -> dict[str, Estimate]:
    """Return both components by name."""
    return {"fieldlike": found.real, "dampinglike": found.imag}


paper.add(
    Statement("interface-fieldlike-adds",
        "Charge currents on both sides have the same fieldlike torque: it goes with tau + tau_F^c.",
        same(INTERFACE, lambda one: (by_source(one) @ TAU).real, lambda one: (by_source(one) @ TAU_C).real,
            "fieldlike torque per tau_F^c at each k_perp, against that per tau",
            "equal currents in majority and minority electrons act as the same current in N")),
    Statement("interface-dampinglike-subtracts",
        "Charge currents on both sides have opposite dampinglike torques: it goes with tau - tau_F^c.",
        same(INTERFACE, lambda one: -(by_source(one) @ TAU).imag, lambda one: (by_source(one) @ TAU_C).imag,
            "dampinglike torque per tau_F^c at each k_perp, minus that per tau",
            "what crosses the interface one way in N crosses it the other way in F")),
)  # fmt: skip


@paper.statement("interface-no-barrier")
@on_each(NO_BARRIER)
def no_barrier(one: Solved) -> Iterator[Trial]:
    """Charge currents have no torque where u_0 = 0."""
    charge, per = np.stack([TAU, TAU_C], axis=-1), "torque per tau and per tau_F^c at each k_perp, u_0 = 0"
    scale = float(np.abs(by_source(one).value).max())
    for name, found in components(by_source(one) @ charge).items():
        yield vanishes(f"{name} {per}", found, f"against {scale:.3g} of single spins", scale=scale)
    found = averaged(one).each(lambda array: np.swapaxes(array, 1, 2))
    scale, why = float(np.abs(found.value).max()), "averaged over directions of k; beyond first order"
    yield vanishes(f"{per}, h_R = {FINITE:g}", found @ charge, why, scale=scale)


@paper.statement("interface-no-magnetism")
@on_each(NO_MAGNETISM)
def no_magnetism(one: Solved) -> Iterator[Trial]:
    """There is a torque even where u_m = 0."""
    parts = (("fieldlike", "tau_F^s", TAU_S), ("dampinglike", "tau", TAU), ("dampinglike", "tau_F^c", TAU_C))
    for name, per, weights in parts:
        found = components(by_source(one) @ weights)[name]
        words = f"{name} torque per {per} is not zero at u_m = 0 (1: at every k_perp)"
        holds = np.all(np.abs(found.value) > 1e3 * found.total)
        yield whether(words, holds, f"{span(found.value)} at each k_perp")


def _shares(
    one: Solved, per: str, weights: Array, terms: tuple[float, float], times: float
) -> Iterator[Trial]:
    """Yield the torque on the interface magnetism against a multiple of the terms of (24) with u_m.

    Those terms are fractions of the fieldlike and of the dampinglike torque.
    """
    whole = by_source(one) @ weights
    part = components(flow_number(one, ON_INTERFACE)[:, 0] @ weights)
    why = f"flow (4) of Fig. 2 against {times:g} times the terms with u_m; {one.iface.name}"
    scale = float(np.abs(whole.value).max())
    for (name, found), fraction in zip(components(whole).items(), terms, strict=True):
        words = f"{name} torque on the interface per {per} at each k_perp"
        yield equal(words, times * fraction * found, part[name], why, scale=scale)


@paper.statement("interface-share-charge")
@on_each(INTERFACE[0])
def charge_shares(one: Solved) -> Iterator[Trial]:
    """Charge currents: terms with u_m in the numerators of (24) are the torque on the interface."""
    # All of the fieldlike torque, and none of the dampinglike.
    yield from _shares(one, "tau", TAU, (1.0, 0.0), 1.0)
    yield from _shares(one, "tau_F^c", TAU_C, (1.0, 0.0), 1.0)


def _spin_shares(one: Solved, times: float) -> Iterator[Trial]:
    u_0, u_m = one.iface.u_0, one.iface.u_m
    return _shares(one, "tau_F^s", TAU_S, (u_m**2 / (u_0**2 + u_m**2), 1.0), times)


paper.add(
    Statement("interface-share-spin",
        "Spin current: terms with u_m in the numerators of (24) are the torque on the interface.",
        on_each(INTERFACE[0])(partial(_spin_shares, times=1.0))),
    Statement("interface-share-spin-corrected",
        "Spin current: the interface gets twice the terms with u_m in (24), the bulk the rest.",
        on_each(INTERFACE[0])(partial(_spin_shares, times=2.0))),
)  # fmt: skip


@paper.statement("interface-no-evanescent")
@on_each(*INTERFACE)
def no_evanescent(one: Solved) -> Iterator[Trial]:
    """All wave vectors are the same: no state at the Fermi energy has an evanescent part."""
    waves = np.concatenate([one.states.kz[..., None], one.states.Kz], axis=-1)
    words = f"imaginary parts of k_z, k_z^+, k_z^-, {one.iface.name}"
    yield vanishes(words, measured(one, waves.imag), "wave numbers of the exact states", scale=1.0)


def _fig6(one: Solved, power: int) -> Iterator[Trial]:
    """Yield the torque times k_F^power at twice the k_F, with the same u_0/k_F, u_m/k_F and k_⊥/k_F."""
    base = one.iface
    double = base.with_(name="interface-doubled", E_F=4 * base.E_F, u_0=2 * base.u_0, u_m=2 * base.u_m)
    # The sum over k_⊥ has k_F² times as many terms.
    doubled = components(2.0 ** (2 + power) * by_source(solved(one.engine, double)))
    why = "u_0/k_F = 0.9, u_m/k_F = 0.4 in both; the torque goes as k_F^3"
    for name, found in components(by_source(one)).items():
        words = f"{name} torque times k_F^{power} at k_F = 1 (expected) and 2, by k_perp/k_F and source"
        yield equal(words, found, doubled[name], why)


paper.add(
    Statement("interface-fig6-unit",
        "The unit of Fig. 6, proportional to 1/k_F, makes its panels functions of u_0/k_F and u_m/k_F alone.",
        on_each(INTERFACE[0])(partial(_fig6, power=1))),
    Statement("interface-fig6-unit-corrected", "A unit proportional to k_F^3 does.",
        on_each(INTERFACE[0])(partial(_fig6, power=-3))),
)  # fmt: skip
