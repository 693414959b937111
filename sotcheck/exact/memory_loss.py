"""Exact quantities for Appendix A 2: currents along z of a perpendicular bias, to second order in h_R."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from sotcheck.exact.currents import charge_flow, slopes
from sotcheck.exact.finite import measured, states
from sotcheck.exact.second_order import averaged, combined, quadratic, turned
from sotcheck.exact.solved import Exact, Solved
from sotcheck.exact.transfer import from_above
from sotcheck.numerics.arrays import Array, Complex
from sotcheck.numerics.estimate import Estimate
from sotcheck.system.spin import projectors, spin_torque
from sotcheck.system.states import States

#: Minority before majority in exact states, ↑ (majority) first here.
UP_FIRST = [1, 0]


def frame(m: Array) -> Array:
    """Return x', y', z' as rows: z' is m, x' is along increasing polar angle; m must not be along z."""
    around = np.cross([0.0, 0.0, 1.0], m)
    y = around / np.linalg.norm(around)
    return np.stack([np.cross(y, m), y, m])


def currents_by_spin(found: States, side: str) -> Array:
    """Return −Im[ψ_s*∂_zψ_s], the current of charge −e, of spin s by incident spin, m = z; (..., 2, 4).

    Rows ↑, ↓; columns N↑, N↓, F↑, F↓.
    """
    flux = [
        -(psi.conj() * slope).imag[..., UP_FIRST, :][..., UP_FIRST]
        for psi, slope in zip((found.psi_N, found.psi_F), slopes(found, side), strict=True)
    ]
    return np.concatenate(flux, axis=-1)


def response(side: str) -> Exact:
    """Coefficient of h_R² in the currents of both spins by bias, averaged over angles, (n, 1, 2, 4)."""
    return lambda one: averaged(quadratic(one, lambda found: currents_by_spin(found, side)))


def part_of_response(lead: int) -> Exact:
    """The response at z = −0 to biases of N (0) or F (1), (n, 1, 1, 4)."""
    return elements(response("N"), *((row, 2 * lead + column) for row in (0, 1) for column in (0, 1)))


def elements(exact: Exact, *which: tuple[int, int]) -> Exact:
    """Some elements of a response, (n, 1, 1, len(which))."""
    rows, columns = [w[0] for w in which], [w[1] for w in which]

    def chosen(one: Solved) -> Estimate:
        found = exact(one)
        return Estimate(
            found.value[..., None, rows, columns],
            {
                name: (np.broadcast_to(size, found.value.shape)[..., None, rows, columns], why)
                for name, (size, why) in found.terms.items()
            },
        )

    return chosen


def conductances(one: Solved) -> Estimate:
    """Current at z = −0 of each spin per bias of that spin in F, h_R = 0, shape (n, 1, 1, 2)."""
    found = averaged(one.unperturbed(currents_by_spin(one.states, "N")))
    return elements(lambda _: found, (0, 2), (1, 3))(one)


def at_finite(side: str, *columns: int) -> Exact:
    """Currents ↑, ↓ by bias at the interface's own h_R; summed over some biases if given."""

    def exact(one: Solved) -> Estimate:
        found = currents_by_spin(states(one), side)
        return averaged(measured(one, found[..., columns].sum(axis=-1) if columns else found))

    return exact


def charge(side: str) -> Exact:
    """Charge current by bias at the interface's own h_R."""
    return lambda one: averaged(measured(one, currents_by_spin(states(one), side).sum(axis=-2)))


def flips(side: str) -> Exact:
    """Currents of the spin that is not biased, by bias, to second order in h_R."""
    return elements(response(side), (1, 0), (0, 1), (1, 2), (0, 3))


def size_of(exact: Exact, sign: float = 1.0) -> Exact:
    """The absolute value of a quantity, with a sign."""

    def exactly(one: Solved) -> Estimate:
        found = exact(one)
        return Estimate(sign * np.abs(found.value), found.terms)

    return exactly


def sandwich(elements_of_A: tuple[complex, complex], power_of_kx: int = 0) -> Exact:
    """Angular average of k_x^p κ̂_R Â κ̂_R with Â = a_1 u_+ + a_2 u_-; κ̂_R from the jump of ∂_zψ."""

    def exact(one: Solved) -> Estimate:
        after, before = from_above(one, one.iface.h_R), from_above(one, 0.0)
        jump = after.log_plus - after.log_minus - before.log_plus + before.log_minus
        u_plus, u_minus = projectors(one.iface.direction)
        A = elements_of_A[0] * u_plus + elements_of_A[1] * u_minus
        size = max(float(np.linalg.cond(psi).max()) for psi in (after.psi, before.psi))
        size *= max(1.0, float(np.abs(after.log_plus).max())) * max(1.0, float(np.abs(jump).max()))
        found = Estimate(
            jump @ A @ jump, {"rounding": (4 * one.rounding * size, "double precision of the jump")}
        )
        return averaged(found, one.kx**power_of_kx)

    return exact


def component(exact: Exact, which: int) -> Exact:
    """Pauli component of a matrix in the frame of m: 0 the unit matrix, 1 to 3 σ_x', σ_y', σ_z'."""

    def part(one: Solved) -> Estimate:
        found = exact(one)
        if which == 0:
            value: Complex = np.trace(found.value, axis1=-2, axis2=-1) / 2
        else:
            u_plus, u_minus = projectors(frame(one.iface.direction)[which - 1])
            value = np.trace((u_plus - u_minus) @ found.value, axis1=-2, axis2=-1) / 2
        return Estimate(
            value, {name: (np.max(size, axis=(-1, -2)), why) for name, (size, why) in found.terms.items()}
        )

    return part


def per_unit(torque_of: Callable[[Solved], Estimate], m: tuple[float, float, float] | None = None) -> Exact:
    """A transverse vector in the frame of m, x' and y', over m_z m_∥; for another magnetization if given."""

    def exact(one: Solved) -> Estimate:
        there = one if m is None else turned(one, m)
        direction = there.iface.direction
        found = torque_of(there)
        scale = direction[2] * np.hypot(direction[0], direction[1])
        axes = frame(direction)[:2] / scale
        return Estimate(
            found.value @ axes.T,
            {name: (size @ np.abs(axes).T, why) for name, (size, why) in found.terms.items()},
        )

    return exact


def second_order_torque(one: Solved) -> Estimate:
    """Coefficient of h_R² in the torque of a perpendicular bias: flows (3) + (4) by source, (n, 1, 3, 3)."""
    return averaged(
        quadratic(
            one,
            lambda found: found.spin_plus - spin_torque(one.iface.interface_exchange(), found.density),
        )
    )


def second_order_charge(one: Solved) -> Estimate:
    """Coefficient of h_R² in the charge current by source, (n, 1, 3)."""
    return averaged(quadratic(one, lambda found: -charge_flow(found, "F")))


def predicted_charge(one: Solved) -> Estimate:
    """The same from m in the plane and m along z, weighted with 1 − m_z² and m_z²."""
    share = one.iface.direction[2] ** 2
    in_plane, along = turned(one, (1.0, 0.0, 0.0)), turned(one, (0.0, 0.0, 1.0))
    return combined((1 - share, second_order_charge(in_plane)), (share, second_order_charge(along)))
