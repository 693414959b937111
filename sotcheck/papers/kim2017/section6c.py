"""Sec. VI C: the reflection matrix with interface magnetism from the one without."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from sotcheck.exact import transfer
from sotcheck.exact.quantity import Quantity
from sotcheck.numerics.arrays import Complex
from sotcheck.papers.kim2017.finite_rashba import block, scalar
from sotcheck.papers.kim2017.models import at_finite
from sotcheck.system.spin import IDENTITY
from sotcheck.theory.symbols import Symbols

EQ_47 = (
    r"\hat r_{ex} = \hat r_{ex}^{u_m=0} %s \frac{1 + \hat r_{ex}^{u_m=0}}"
    r"{2ik_z u_m^{-1} \hat\sigma_z (1 + \hat r_{ex}^{u_m=0})^{-1} %s 1}"
)
EQ_47_ORDERS = (
    r"\hat r_{ex}^{(n)} = %s2ik_z \hat G (u_m \hat\sigma_z \hat G)^n,\quad"
    r" \hat G = %s\frac{1}{2ik_z} (1 + \hat r_{ex}^{u_m=0})"
)


def _without_u_m(s: Symbols) -> Complex:
    """r̂_ex without interface magnetism."""
    return replace(s, iface=s.iface.with_(u_m=0.0)).r_ex


def _growth(s: Symbols, r: Complex) -> Complex:
    """2ik_z u_m⁻¹ σ̂_z (1 + r̂)⁻¹."""
    return scalar(2j * s.kz) / s.iface.u_m @ (s.u_plus - s.u_minus) @ np.linalg.inv(IDENTITY + r)


@at_finite("47", of=Quantity("r_ex, h_R = 0, all elements", transfer.reflection), tex=EQ_47 % ("-", "+"))
def eq47(s: Symbols) -> Complex:
    """The reflection matrix with interface magnetism from the one without, to all orders in u_m."""
    r = _without_u_m(s)
    return r - (IDENTITY + r) @ np.linalg.inv(_growth(s, r) + IDENTITY)


@eq47.correction("the sign of u_m: two signs, before the fraction and of the 1 beneath; so printed it is not"
    " consistent with (23) and (31)", kind="content", tex=EQ_47 % ("+", "-"))  # fmt: skip
def _(s: Symbols) -> Complex:
    """With −1 instead of +1 in the denominator, and the second term added."""
    r = _without_u_m(s)
    return r + (IDENTITY + r) @ np.linalg.inv(_growth(s, r) - IDENTITY)


def _orders_in_u_m(s: Symbols, G: Complex) -> Complex:
    """2ik_z Ĝ (σ̂_z Ĝ)^n, n = 1, 2."""
    step = (s.u_plus - s.u_minus) @ G
    return (2j * s.kz)[..., None, None] * block((G @ step, G @ step @ step))


@at_finite("47", of=Quantity("coefficients of u_m and u_m^2 in r_ex, h_R = 0", transfer.orders_in_u_m),
    tex=EQ_47_ORDERS % ("-", "-"))  # fmt: skip
def eq47_orders(s: Symbols) -> Complex:
    """The orders in u_m that (47) sums up, with the sign of G printed there."""
    return -_orders_in_u_m(s, -1 / (2j * s.kz)[..., None, None] * (IDENTITY + _without_u_m(s)))


@eq47_orders.correction("the sign of odd orders: G has the opposite sign of (46b)", kind="content",
    tex=EQ_47_ORDERS % ("", ""))  # fmt: skip
def _(s: Symbols) -> Complex:
    return _orders_in_u_m(s, 1 / (2j * s.kz)[..., None, None] * (IDENTITY + _without_u_m(s)))
