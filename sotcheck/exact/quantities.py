"""The quantities that most formulas are about: amplitudes by spin, the torque by k_⊥, and of all k_⊥."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from sotcheck.exact.currents import linear_torque_number
from sotcheck.exact.quantity import Quantity
from sotcheck.exact.solved import Solved
from sotcheck.exact.totals import total
from sotcheck.numerics.estimate import Estimate
from sotcheck.system.spin import projectors

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
    which = AMPLITUDES.index(symbol)
    return Quantity(
        f"d{symbol}/dh_R at h_R = 0, all elements", lambda one: one.linear(one.states.amplitudes()[which])
    )


def beyond_k_F(quantity: Quantity) -> Quantity:
    """Return the quantity at k_⊥ larger by a quarter, some of them beyond all thresholds."""
    return replace(quantity, measure=lambda one: quantity.measure(replace(one, stretch=WIDER)))


def _whole(one: Solved) -> Estimate:
    iface = one.iface
    return total(one.engine, iface) @ np.array([iface.tau_N, iface.tau_up, iface.tau_down])


#: Majority and minority elements at h_R = 0, axes (k_⊥, angle, 2).
r_by_spin, t_prime_by_spin = _by_spin("r"), _by_spin("t'")
#: Fieldlike + i dampinglike per h_R, axes (k_⊥, 1, source).
torque = Quantity("torque by k_perp", linear_torque_number)
#: The same of all k_⊥ with the interface's relaxation times, one number.
whole_torque = Quantity("torque, all k_perp", _whole)
