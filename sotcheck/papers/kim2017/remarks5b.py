"""Sec. V B in words: what is said of model (22), of (24) and of Fig. 6's unit."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

import numpy as np

from sotcheck.exact.currents import flow_number, linear_torque_number
from sotcheck.exact.finite import measured
from sotcheck.exact.observables import INTERFACE as ON_INTERFACE
from sotcheck.exact.solved import Solved, solved
from sotcheck.exact.totals import averaged
from sotcheck.numerics.arrays import Array
from sotcheck.numerics.estimate import Estimate
from sotcheck.papers.kim2017 import INTERFACE, paper
from sotcheck.trial.entries import Statement
from sotcheck.trial.grounds import ground
from sotcheck.trial.verdict import Trial
from sotcheck.trial.words import equal, on_each, same, span, vanishes, whether

#: Not small: what holds at this h_R is no matter of first order.
FINITE = 0.4
#: No barrier, and no magnetism, at the interface.
NO_BARRIER = ground("no-barrier", E_F=1.0, J=0.0, u_m=0.6, h_R=FINITE)
NO_MAGNETISM = ground("no-magnetism", E_F=1.0, J=0.0, u_0=0.6)
#: Torques of normal, majority, minority electrons that make that of a current: per τ, per τ_F^c, per τ_F^s.
TAU, TAU_C, TAU_S = np.array([1, 0, 0]), np.array([0, 1, 1]), np.array([0, 1, -1])


def torque(one: Solved) -> Estimate:
    """Fieldlike + i dampinglike to first order, by k_⊥ and source, (n, 3)."""
    return linear_torque_number(one)[:, 0]


def components(found: Estimate) -> dict[str, Estimate]:
    """Return both components by name."""
    return {"fieldlike": found.real, "dampinglike": found.imag}


paper.add(
    Statement("interface-fieldlike-adds",
        "Charge currents on both sides have the same fieldlike torque: it goes with tau + tau_F^c.",
        same(INTERFACE, lambda one: (torque(one) @ TAU).real, lambda one: (torque(one) @ TAU_C).real,
            "fieldlike torque per tau_F^c at each k_perp, against that per tau",
            "equal currents in majority and minority electrons act as the same current in N")),
    Statement("interface-dampinglike-subtracts",
        "Charge currents on both sides have opposite dampinglike torques: it goes with tau - tau_F^c.",
        same(INTERFACE, lambda one: -(torque(one) @ TAU).imag, lambda one: (torque(one) @ TAU_C).imag,
            "dampinglike torque per tau_F^c at each k_perp, minus that per tau",
            "what crosses the interface one way in N crosses it the other way in F")),
)  # fmt: skip


@paper.statement("interface-no-barrier")
@on_each(NO_BARRIER)
def no_barrier(one: Solved) -> Iterator[Trial]:
    """Charge currents have no torque where u_0 = 0."""
    charge, per = np.stack([TAU, TAU_C], axis=-1), "torque per tau and per tau_F^c at each k_perp, u_0 = 0"
    scale = float(np.abs(torque(one).value).max())
    for name, found in components(torque(one) @ charge).items():
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
        found = components(torque(one) @ weights)[name]
        yield whether(
            f"{name} torque per {per} is not zero at u_m = 0 (1: at every k_perp)",
            np.all(np.abs(found.value) > 1e3 * found.total),
            f"{span(found.value)} at each k_perp",
        )


def _shares(
    one: Solved, per: str, weights: Array, terms: tuple[float, float], times: float
) -> Iterator[Trial]:
    """Yield the torque on the interface magnetism against a multiple of the terms of (24) with u_m.

    Those terms are fractions of the fieldlike and of the dampinglike torque.
    """
    whole = torque(one) @ weights
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
    doubled = components(2.0 ** (2 + power) * torque(solved(one.engine, double)))
    why = "u_0/k_F = 0.9, u_m/k_F = 0.4 in both; the torque goes as k_F^3"
    for name, found in components(torque(one)).items():
        words = f"{name} torque times k_F^{power} at k_F = 1 (expected) and 2, by k_perp/k_F and source"
        yield equal(words, found, doubled[name], why)


paper.add(
    Statement("interface-fig6-unit",
        "The unit of Fig. 6, proportional to 1/k_F, makes its panels functions of u_0/k_F and u_m/k_F alone.",
        on_each(INTERFACE[0])(partial(_fig6, power=1))),
    Statement("interface-fig6-unit-corrected", "A unit proportional to k_F^3 does.",
        on_each(INTERFACE[0])(partial(_fig6, power=-3))),
)  # fmt: skip
