"""The quantities that most formulas are about: amplitudes, currents and the torque by k_⊥, and of all k_⊥."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from sotcheck.exact.currents import current, imaginary, linear_torque_number, moment, slopes
from sotcheck.exact.finite import measured, states
from sotcheck.exact.quantity import Quantity
from sotcheck.exact.solved import Solved
from sotcheck.numerics.arrays import Complex
from sotcheck.numerics.estimate import Estimate
from sotcheck.system.spin import dagger, projectors

#: How much larger k_⊥ are that reach beyond all thresholds.
WIDER = 1.25
#: In the order of `Scattering.amplitudes`.
AMPLITUDES = ("r", "t", "r'", "t'")


def _by_spin(symbol: str) -> Quantity:
    which = AMPLITUDES.index(symbol)

    def measure(one: Solved) -> Estimate:
        minority, majority = projectors(one.iface.direction)
        matrix = one.states.amplitudes()[which]
        bands = [np.einsum("...ij,ji->...", matrix, band) for band in (majority, minority)]
        return one.unperturbed(np.stack(bands, axis=-1))

    return Quantity(f"{symbol}, majority and minority, h_R = 0", measure)


def change_of(symbol: str) -> Quantity:
    """Return ∂/∂h_R at h_R = 0 of one of r, t, r', t', all elements."""
    which, words = AMPLITUDES.index(symbol), f"d{symbol}/dh_R at h_R = 0, all elements"
    return Quantity(words, lambda one: one.linear(one.states.amplitudes()[which]))


def beyond_k_F(quantity: Quantity) -> Quantity:
    """Return the quantity at k_⊥ larger by a quarter, some of them beyond all thresholds."""
    return replace(quantity, measure=lambda one: quantity.measure(replace(one, stretch=WIDER)))


def _whole(one: Solved) -> Estimate:
    iface = one.iface
    return one.total @ np.array([iface.tau_N, iface.tau_up, iface.tau_down])


def at_finite_h_R(*symbols: str) -> Quantity:
    """Return some of r, t, r', t' at the interface's own h_R, all elements."""

    def measure(one: Solved) -> Estimate:
        found = states(one).amplitudes()
        values = [found[AMPLITUDES.index(symbol)] for symbol in symbols]
        return measured(one, values[0] if len(values) == 1 else np.stack(values, axis=-3))

    return Quantity(f"{', '.join(symbols)} at finite h_R, all elements", measure)


def _jump(one: Solved) -> Estimate:
    return moment(one, one.linear(current(one.states, "F") - current(one.states, "N")))


def polarized_current(density: Complex) -> Quantity:
    """Return the current at z = −0 of N's electrons with a spin density (2, 2), at finite h_R."""

    def measure(one: Solved) -> Estimate:
        found = states(one)
        kappa = one.iface.kappa_0() + one.iface.h_R * one.rashba
        # The slope at −0 is that at +0 less the jump there.
        slope = slopes(found, "F")[0] - kappa @ found.psi_N
        return measured(one, -imaginary(slope @ density @ dagger(found.psi_N)))

    return Quantity(f"{_CURRENT} of a polarized f^N, finite h_R", measure, "normal")


_CURRENT = "charge and spin current at z = -0"
#: The matrix (j^e + σ·j^s)/2 at z = −0, axes (k_⊥, angle, source, 2, 2); its charge is what arrives behind.
current_minus = Quantity(
    f"{_CURRENT} per unit occupation, by source, finite h_R",
    lambda one: measured(one, current(states(one), "N", charge_from="F")),
)
#: ∂/∂h_R of the same, and of its jump from z = −0 to +0, with k_x averaged over angles.
current_change = Quantity(
    f"{_CURRENT} by k_perp and source",
    lambda one: moment(one, one.linear(current(one.states, "N", charge_from="F"))),
)
current_jump = Quantity("jump of charge and spin current by k_perp, u_m = 0", _jump)
#: Majority and minority elements at h_R = 0, axes (k_⊥, angle, 2).
r_by_spin, t_prime_by_spin = _by_spin("r"), _by_spin("t'")
#: Fieldlike + i dampinglike per h_R, axes (k_⊥, 1, source).
torque = Quantity("torque by k_perp", linear_torque_number)
#: The same of all k_⊥ with the interface's relaxation times, one number.
whole_torque = Quantity("torque, all k_perp", _whole)
