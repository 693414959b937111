"""Coefficients of h_R², opposite k_⊥ paired; those of currents along z that a perpendicular bias drives."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from sotcheck.exact.currents import charge_flow, slopes
from sotcheck.exact.finite import measured, states
from sotcheck.exact.solved import Exact, Solved
from sotcheck.exact.transfer import rashba_jump
from sotcheck.numerics.arrays import Array
from sotcheck.numerics.estimate import Estimate
from sotcheck.system.spin import IDENTITY, dot_sigma, projectors, spin_torque
from sotcheck.system.states import States


def averaged(found: Estimate, weight: Array | float = 1.0) -> Estimate:
    """Return the average over angles of a quantity with axes (k_⊥, angle, ...); one angle is left."""
    shaped = np.reshape(weight, (*np.shape(weight), *(1,) * (len(found.shape) - np.ndim(weight))))
    return (found * shaped).mean(axis=1, keepdims=True)


def turned(one: Solved, m: tuple[float, float, float]) -> Solved:
    """Return the same interface with another magnetization."""
    return replace(one, iface=one.iface.with_(m=m))


#: Minority before majority in exact states, ↑ (majority) first here.
UP_FIRST = [1, 0]
#: (Spin, bias) of a current of the spin that is not biased.
FLIPS = ((1, 0), (0, 1), (1, 2), (0, 3))


def currents_by_spin(found: States, side: str) -> Array:
    """Return −Im[ψ_s*∂_zψ_s], the current of charge −e, of spin s by incident spin, m = z; (..., 2, 4).

    Rows ↑, ↓; columns N↑, N↓, F↑, F↓.
    """
    flux = [
        -(psi.conj() * slope).imag[..., UP_FIRST, :][..., UP_FIRST]
        for psi, slope in zip((found.psi_N, found.psi_F), slopes(found, side), strict=True)
    ]
    return np.concatenate(flux, axis=-1)


def chosen(found: Estimate, *which: tuple[int, int]) -> Estimate:
    """Return some (spin, bias) of currents, shape (n, 1, 1, len(which))."""
    rows, columns = np.array(which).T
    return found[..., None, rows, columns]


def response(side: str, *which: tuple[int, int]) -> Exact:
    """Coefficient of h_R² in the currents of both spins by bias, (n, 1, 2, 4), or in some of them."""

    def exact(one: Solved) -> Estimate:
        found = averaged(one.quadratic(lambda found: currents_by_spin(found, side)))
        return chosen(found, *which) if which else found

    return exact


def unperturbed(one: Solved) -> Estimate:
    """Current at z = −0 of each spin per bias of that spin in F, h_R = 0, shape (n, 1, 1, 2)."""
    return chosen(averaged(one.unperturbed(currents_by_spin(one.states, "N"))), (0, 2), (1, 3))


def at_finite(side: str, *columns: int) -> Exact:
    """Currents ↑, ↓ by bias at the interface's own h_R; summed over some biases if given."""

    def exact(one: Solved) -> Estimate:
        found = currents_by_spin(states(one), side)
        return averaged(measured(one, found[..., columns].sum(axis=-1) if columns else found))

    return exact


def charge(side: str) -> Exact:
    """Charge current by bias at the interface's own h_R."""
    return lambda one: averaged(measured(one, currents_by_spin(states(one), side).sum(axis=-2)))


def size_of(exact: Exact, sign: float = 1.0) -> Exact:
    """The absolute value of a quantity, with a sign."""
    return lambda one: exact(one).each(lambda value: sign * np.abs(value), lambda size: size)


def sandwich(a_1: complex, a_2: complex, power_of_kx: int = 0) -> Exact:
    """Angular average of k_x^p κ̂_R Â κ̂_R with Â = a_1 u_+ + a_2 u_-; κ̂_R from the jump of ∂_zψ."""

    def exact(one: Solved) -> Estimate:
        jump, after, before = rashba_jump(one)
        u_plus, u_minus = projectors(one.iface.direction)
        size = max(float(np.linalg.cond(psi).max()) for psi in (after.psi, before.psi))
        size *= max(1.0, float(np.abs(after.log_plus).max())) * max(1.0, float(np.abs(jump).max()))
        found = jump @ (a_1 * u_plus + a_2 * u_minus) @ jump
        noise = 4 * one.rounding * size, "double precision of the jump"
        return averaged(Estimate(found, {"rounding": noise}), one.kx**power_of_kx)

    return exact


def frame(m: Array) -> Array:
    """Return x', y', z' as rows: z' is m, x' is along increasing polar angle; m must not be along z."""
    around = np.cross([0.0, 0.0, 1.0], m)
    y = around / np.linalg.norm(around)
    return np.stack([np.cross(y, m), y, m])


def component(exact: Exact, which: int) -> Exact:
    """Pauli component of a matrix in the frame of m: 0 the unit matrix, 1 to 3 σ_x', σ_y', σ_z'."""

    def part(one: Solved) -> Estimate:
        # Of the unit matrix there is half the trace, with σ as with 1.
        sigma = dot_sigma(frame(one.iface.direction)[which - 1]) if which else IDENTITY
        return exact(one).each(
            lambda matrix: np.trace(sigma @ matrix, axis1=-2, axis2=-1) / 2,
            lambda size: size.max(axis=(-1, -2)),
        )

    return part


def torque_per_unit(m: tuple[float, float, float] | None = None) -> Exact:
    """Coefficient of h_R² in the torque of a perpendicular bias by source, x' and y', over m_z m_∥; any m."""

    def exact(one: Solved) -> Estimate:
        there = turned(one, m) if m else one
        m_x, m_y, m_z = direction = there.iface.direction
        exchange = there.iface.interface_exchange()
        found = there.quadratic(lambda found: found.spin_plus - spin_torque(exchange, found.density))
        return averaged(found) @ (frame(direction)[:2] / (m_z * np.hypot(m_x, m_y))).T

    return exact


def second_order_charge(one: Solved) -> Estimate:
    """Coefficient of h_R² in the charge current by source, (n, 1, 3)."""
    return averaged(one.quadratic(lambda found: -charge_flow(found, "F")))


def predicted_charge(one: Solved) -> Estimate:
    """The same from m in the plane and m along z, weighted with 1 − m_z² and m_z²."""
    share = one.iface.direction[2] ** 2
    in_plane, along = (second_order_charge(turned(one, m)) for m in ((1.0, 0.0, 0.0), (0.0, 0.0, 1.0)))
    return in_plane * (1 - share) + along * share
