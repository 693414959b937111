"""Remarks of Sec. V B in words, tried on exact numbers."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from sotcheck.engines import EXACT
from sotcheck.exact.currents import flow_number, linear_torque_number
from sotcheck.exact.observables import INTERFACE as ON_INTERFACE
from sotcheck.exact.observables import torque_from_flows
from sotcheck.exact.solved import ANGLES, solved
from sotcheck.numerics.arrays import Array, Complex
from sotcheck.numerics.estimate import Estimate
from sotcheck.papers.kim2017.models import INTERFACE
from sotcheck.papers.kim2017.old import Trial
from sotcheck.system.interface import Interface
from sotcheck.trial.verdict import compare

Terms = dict[str, tuple[Array | float, str]]

#: Where sums over k_⊥ are tried; relaxation times that no source shares with another.
SUMMED = (INTERFACE[0].with_(tau_N=0.7, tau_up=1.3, tau_down=0.4),)
#: No barrier, and no magnetism, at the interface.
NO_BARRIER = Interface(name="no-barrier", E_F=1.0, J=0.0, u_m=0.6, m=(2.0, -1.0, 2.0))
NO_MAGNETISM = Interface(name="no-magnetism", E_F=1.0, J=0.0, u_0=0.6, m=(2.0, -1.0, 2.0))
#: Not small: what holds at this h_R is no matter of first order.
FINITE = 0.4


def _by_source(found: Estimate) -> tuple[Complex, Terms]:
    """Return values by source (n, 3), and error terms of their size."""
    terms: Terms = {
        name: (np.broadcast_to(size, found.value.shape)[:, 0], why)
        for name, (size, why) in found.terms.items()
    }
    return np.asarray(found.value, dtype=complex)[:, 0], terms


def _combined(terms: Terms) -> Terms:
    # Three sources enter a difference; each has at most the largest error of the three.
    return {name: (3 * np.max(size, axis=-1), why) for name, (size, why) in terms.items()}


def fieldlike_adds(engine: str) -> Iterator[Trial]:
    """Yield the fieldlike torque per τ_F^c, majority plus minority, against that per τ."""
    for iface in INTERFACE:
        value, terms = _by_source(linear_torque_number(solved(engine, iface)))
        yield Trial(
            quantity=f"fieldlike torque per tau_F^c at each k_perp, against that per tau, {iface.name}",
            comparison=compare(value[:, 0].real, (value[:, 1] + value[:, 2]).real, _combined(terms)),
            explanation="equal currents in majority and minority electrons act as the same current in N",
        )


def dampinglike_subtracts(engine: str) -> Iterator[Trial]:
    """Yield the dampinglike torque per τ_F^c against minus that per τ."""
    for iface in INTERFACE:
        value, terms = _by_source(linear_torque_number(solved(engine, iface)))
        yield Trial(
            quantity=f"dampinglike torque per tau_F^c at each k_perp, minus that per tau, {iface.name}",
            comparison=compare(-value[:, 0].imag, (value[:, 1] + value[:, 2]).imag, _combined(terms)),
            explanation="what crosses the interface one way in N crosses it the other way in F",
        )


def no_barrier(engine: str) -> Iterator[Trial]:
    """Yield the torque of charge currents where u_0 = 0: to first order, and at finite h_R."""
    one = solved(engine, NO_BARRIER)
    value, terms = _by_source(linear_torque_number(one))
    scale = float(np.abs(value).max())
    for part, name in ((np.real, "fieldlike"), (np.imag, "dampinglike")):
        charge = np.stack([part(value[:, 0]), part(value[:, 1] + value[:, 2])])
        yield Trial(
            quantity=f"{name} torque per tau and per tau_F^c at each k_perp, u_0 = 0",
            comparison=compare(0 * charge, charge, _combined(terms), scale=scale),
            explanation=f"against {scale:.3g} of single spins",
        )
    k_perp, angle, h_R = np.broadcast_arrays(one.k_perp[:, None], ANGLES, FINITE)
    found = EXACT[engine].solve(NO_BARRIER.structure, k_perp, angle, h_R).flows
    torque = torque_from_flows((one.kx[..., None, None, None] * found).mean(axis=1), NO_BARRIER.direction)
    charge = np.stack([torque[:, 0], torque[:, 1] + torque[:, 2]])
    size = float(np.abs(torque).max())
    yield Trial(
        quantity=f"torque per tau and per tau_F^c at each k_perp, u_0 = 0, h_R = {FINITE:g}",
        comparison=compare(
            0 * charge, charge, {"rounding": (one.rounding * max(1.0, size), "double precision")}, scale=size
        ),
        explanation="six angles of k; beyond first order",
    )


def no_magnetism(engine: str) -> Iterator[Trial]:
    """Yield whether there is a torque where u_m = 0, by source and component."""
    value, terms = _by_source(linear_torque_number(solved(engine, NO_MAGNETISM)))
    error = max(float(np.max(size)) for size, _ in terms.values())
    combinations = {
        ("fieldlike", "tau_F^s"): (value[:, 1] - value[:, 2]).real,
        ("dampinglike", "tau"): value[:, 0].imag,
        ("dampinglike", "tau_F^c"): (value[:, 1] + value[:, 2]).imag,
    }
    for (name, per), torque in combinations.items():
        yield Trial(
            quantity=f"{name} torque per {per} is not zero at u_m = 0 (1: at every k_perp)",
            comparison=compare(1.0, float(np.all(np.abs(torque) > 1e3 * error)), {}),
            explanation=f"between {np.abs(torque).min():.3g} and {np.abs(torque).max():.3g} at each k_perp",
        )


def _shares(engine: str, per: str, signs: tuple[int, int, int], times: float) -> Iterator[Trial]:
    """Yield the torque on the interface magnetism against a multiple of the terms of Eq. (24) with u_m.

    Those of charge currents are all of their fieldlike torque and none of the dampinglike; those of a spin
    current a share u_m²/(u_0² + u_m²) of the fieldlike torque and all of the dampinglike.
    """
    one = solved(engine, INTERFACE[0])
    (value, terms), (on_interface, more) = map(
        _by_source, (linear_torque_number(one), flow_number(one, ON_INTERFACE))
    )
    errors = _combined(terms | {f"{name} of the flow": entry for name, entry in more.items()})
    errors = {name: (times * np.asarray(size), why) for name, (size, why) in errors.items()}
    u_0, u_m = one.iface.u_0, one.iface.u_m
    charge = per != "tau_F^s"
    whole, part = value @ np.array(signs), on_interface @ np.array(signs)
    rows = (
        ("fieldlike", times * (1.0 if charge else u_m**2 / (u_0**2 + u_m**2)) * whole.real, part.real),
        ("dampinglike", times * (0.0 if charge else 1.0) * whole.imag, part.imag),
    )
    for name, expected, found in rows:
        yield Trial(
            quantity=f"{name} torque on the interface per {per} at each k_perp",
            comparison=compare(expected, found, errors, scale=float(np.abs(whole).max())),
            explanation=f"flow (4) of Fig. 2 against {times:g} times the terms with u_m; {one.iface.name}",
        )


def charge_shares(engine: str) -> Iterator[Trial]:
    """Yield what charge currents exert on the interface."""
    yield from _shares(engine, "tau", (1, 0, 0), 1.0)
    yield from _shares(engine, "tau_F^c", (0, 1, 1), 1.0)


def spin_share(engine: str) -> Iterator[Trial]:
    """Yield what a spin current exerts on the interface, as the text has it."""
    yield from _shares(engine, "tau_F^s", (0, 1, -1), 1.0)


def spin_share_corrected(engine: str) -> Iterator[Trial]:
    """Yield the same as the numbers have it: twice the terms with u_m."""
    yield from _shares(engine, "tau_F^s", (0, 1, -1), 2.0)


def no_evanescent(engine: str) -> Iterator[Trial]:
    """Yield the imaginary part of every wave number at the Fermi energy, at all k_⊥ that carry current."""
    for iface in INTERFACE:
        one = solved(engine, iface)
        waves = np.concatenate([one.states.kz[..., None], one.states.Kz], axis=-1)
        yield Trial(
            quantity=f"imaginary parts of k_z, k_z^+, k_z^-, {iface.name}",
            comparison=compare(
                0 * waves.imag, waves.imag, {"rounding": (one.rounding, "double precision")}, scale=1.0
            ),
            explanation="wave numbers of the exact states",
        )


def _fig6(engine: str, power: int) -> Iterator[Trial]:
    """Yield the torque times k_F^power at twice the k_F, with the same u_0/k_F, u_m/k_F and k_⊥/k_F."""
    base = INTERFACE[0]
    double = base.with_(name="interface-doubled", E_F=4 * base.E_F, u_0=2 * base.u_0, u_m=2 * base.u_m)
    (value, terms), (doubled, more) = (
        _by_source(linear_torque_number(solved(engine, iface))) for iface in (base, double)
    )
    # The sum over k_⊥ has k_F² times as many terms.
    factor = 2.0 ** (2 + power)
    errors = {name: (2 * np.max(size, axis=-1, keepdims=True), why) for name, (size, why) in terms.items()}
    errors |= {
        f"{name} at 2 k_F": (2 * factor * np.max(size, axis=-1, keepdims=True), why)
        for name, (size, why) in more.items()
    }
    for part, name in ((np.real, "fieldlike"), (np.imag, "dampinglike")):
        yield Trial(
            quantity=f"{name} torque times k_F^{power} at k_F = 1 (expected) and 2, by k_perp/k_F and source",
            comparison=compare(part(value), factor * part(doubled), errors),
            explanation="u_0/k_F = 0.9, u_m/k_F = 0.4 in both; the torque goes as k_F^3",
        )


def fig6_unit(engine: str) -> Iterator[Trial]:
    """Yield the torque in the caption's unit, which has 1/k_F."""
    yield from _fig6(engine, 1)


def fig6_unit_corrected(engine: str) -> Iterator[Trial]:
    """Yield the torque in the unit with k_F³."""
    yield from _fig6(engine, -3)
