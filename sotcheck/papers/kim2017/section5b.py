"""Sec. V B: magnetic bilayers with interface magnetism, model (22). Its statements in words: `remarks5b`.

Torques are in the unit ħeE_xτA/mₑ per h_R; summands are those of (1/A) Σ_{k_⊥}, by relaxation time. Only
u_0, u_m and k_F enter.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from types import SimpleNamespace
from typing import Any

import numpy as np

from sotcheck.exact.quantities import WIDER, beyond_k_F, r_by_spin, t_prime_by_spin, torque, whole_torque
from sotcheck.numerics.arrays import Array, Complex
from sotcheck.papers.kim2017 import INTERFACE, WEIGHTS, linear, paper
from sotcheck.theory.symbols import Symbols
from sotcheck.trial.entries import Equation

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
