"""Exact quantities at z = 0: waves, transfer matrix, reflection matrix and its series."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import lru_cache

import numpy as np

from sotcheck.exact.layers import SLAB, Local, Solutions, angles_for, half_space, measured, solutions
from sotcheck.exact.solved import ANGLES, Solved
from sotcheck.numerics.arrays import Array, Complex
from sotcheck.numerics.estimate import Estimate
from sotcheck.system.spin import projectors
from sotcheck.system.structure import Delta, Region

#: Orders in h_R that are measured.
ORDERS = 5
#: Distance over which waves are followed, and a film's thickness: those of theory.section6, not imported, as
#: what measures knows no formula.
STEP, FILM = 0.45, 0.8


def followed(one: Solved, side: str) -> Estimate:
    """[ψ(z + d) + ψ(z − d)] ψ(z)⁻¹ inside N or F, of waves partly reflected beyond."""
    local = half_space(one)
    inside, other = (local.normal, local.first) if side == "left" else (local.first, local.normal)
    step, slab = replace(inside, thickness=STEP), replace(other, thickness=SLAB)
    # Some other bulk beyond, none of whose bands ends at a k_⊥ in use, so that waves run both ways.
    behind = step, step, Region(inside.potential - 0.43, 0.3, (0.0, 0.6, -0.8))
    source = slab, local.outside
    sides, incident = ((behind[::-1], source), 1) if side == "left" else ((source[::-1], behind), 0)
    problems = local.k, np.zeros(1), np.zeros(1)
    states = solutions(one.engine, one.iface.E_F, sides, local.at_zero, problems, incident)
    near, far = states.beyond
    return measured(one, (far + states.psi) @ np.linalg.inv(near), near)


def in_normal_metal(one: Solved) -> Estimate:
    """Waves followed in N."""
    return followed(one, "left")


def in_ferromagnet(one: Solved) -> Estimate:
    """Waves followed in F."""
    return followed(one, "right")


@lru_cache(maxsize=256)
def from_above(one: Solved, h_R: float) -> Solutions:
    """Return the states that come in through N."""
    return half_space(one).from_above(angles_for(h_R), h_R)


@lru_cache(maxsize=256)
def from_beneath(one: Solved, h_R: float) -> Solutions:
    """Return the states that come in through F."""
    return half_space(one).from_beneath(angles_for(h_R), h_R)


def transfer(one: Solved) -> Estimate:
    """The matrix that takes amplitudes at z = +0 to those at z = −0, from four independent states."""
    local = half_space(one)
    states = from_above(one, one.iface.h_R), from_beneath(one, one.iface.h_R)
    above, below = (
        np.concatenate([np.concatenate(at(each), axis=-2) for each in states], axis=-1)
        for at in (local.above, local.below)
    )
    return measured(one, above @ np.linalg.inv(below), below)


@lru_cache(maxsize=256)
def film(one: Solved) -> Local:
    """Return the solutions of N, a film of F, and N."""
    return Local(one.engine, one.iface, tuple(one.k_perp.tolist()), FILM, (one.iface.structure.left,))


@lru_cache(maxsize=256)
def film_states(one: Solved, h_R: float) -> Solutions:
    """Return the states that come in through N, with a film of F beneath."""
    return film(one).from_above(angles_for(h_R), h_R)


def through_film(one: Solved) -> Estimate:
    """(r̂_ex, ψ beyond the film) per incident amplitude at the interface's own h_R."""
    states = film_states(one, one.iface.h_R)
    incident, reflected = film(one).above(states)
    value = np.concatenate([reflected, states.beyond[-1]], axis=-2) @ np.linalg.inv(incident)
    return measured(one, value, incident)


def reflection_of(one: Solved, h_R: float) -> Estimate:
    """r̂_ex at this h_R."""
    incident, reflected = half_space(one).above(from_above(one, h_R))
    return measured(one, reflected @ np.linalg.inv(incident), incident)


def reflection_at_zero(one: Solved) -> Estimate:
    """r̂_ex at h_R = 0."""
    return reflection_of(one, 0.0)


def rashba_potential(one: Solved) -> Estimate:
    """The jump of ∂_zψ at z = 0 per ψ(0) that comes with h_R, between spin states along ±m."""
    after, before = from_above(one, one.iface.h_R), from_above(one, 0.0)
    jump = after.log_plus - after.log_minus - before.log_plus + before.log_minus
    rows = [[u @ jump @ v for v in projectors(one.iface.direction)] for u in projectors(one.iface.direction)]
    return measured(one, np.block(rows), after.psi, before.psi)


def split(local: Local, states: Solutions, transmitted: Complex) -> Complex:
    """Return m̂_i and m̂_r above each other, shape (..., 4, 2).

    They are defined by ψ_i = m̂_i ψ_t/2ik_z, ψ_r = −m̂_r ψ_t/2ik_z.
    """
    incident, reflected = local.above(states)
    twice = 2 * local.ik[..., :1, :1]
    return twice * np.concatenate([incident, -reflected], axis=-2) @ np.linalg.inv(transmitted)


def film_m(one: Solved, h_R: float) -> Complex:
    """Return m̂_i and m̂_r of the film."""
    states = film_states(one, h_R)
    return split(film(one), states, states.beyond[-1])


def unperturbed_m(one: Solved) -> Estimate:
    """(m̂_i, m̂_r) at h_R = 0."""
    return measured(one, film_m(one, 0.0), film_states(one, 0.0).beyond[-1])


def change_of_m(one: Solved) -> Estimate:
    """(m̂_i, m̂_r) at the interface's own h_R less those at h_R = 0."""
    m = film_m(one, one.iface.h_R)
    change = measured(one, m - film_m(one, 0.0), film_states(one, one.iface.h_R).beyond[-1])
    return Estimate(change.value, change.terms | measured(one, m).terms)


def difference_of_m(one: Solved) -> Estimate:
    """m̂_i − m̂_r at h_R = 0."""
    m_i, m_r = np.split(unperturbed_m(one).value, 2, axis=-2)
    return measured(one, m_i - m_r)


def sum_of_m(one: Solved) -> Estimate:
    """m̂_i + m̂_r at h_R = 0."""
    m_i, m_r = np.split(unperturbed_m(one).value, 2, axis=-2)
    return measured(one, m_i + m_r)


@lru_cache(maxsize=64)
def series(one: Solved) -> tuple[Complex, Array, Array]:
    """Return the coefficients of h_R^n in r̂_ex, n = 1 … ORDERS, shape (ORDERS, n, 6, 2, 2), and errors."""
    values, error, radius = half_space(one).coefficients(ANGLES[:3], ORDERS)
    # The other three angles are the opposite ones, where h_R counts the other way.
    sign = (-1.0) ** np.arange(1, ORDERS + 1).reshape(-1, 1, 1, 1, 1)
    return (
        np.concatenate([values, sign * values], axis=2),
        np.concatenate([error, error], axis=2),
        np.concatenate([radius, radius], axis=1),
    )


def order(n: int) -> Callable[[Solved], Estimate]:
    """Return the function that measures the coefficient of h_R^n in r̂_ex."""

    def coefficient(one: Solved) -> Estimate:
        values, error, radius = series(one)
        size = max(1.0, float(np.abs(reflection_of(one, one.iface.h_R).value).max()))
        return Estimate(
            values[n - 1],
            {
                "next order": (error[n - 1], "last Fourier coefficient on a circle of complex h_R"),
                "rounding": (one.rounding * size / radius**n, "double precision over the circle's radius^n"),
            },
        )

    return coefficient


def projected(one: Solved) -> Estimate:
    """∂r̂/∂h_R at h_R = 0 of the scattering matrix."""
    return one.linear(one.states.amplitudes()[0])


def green(one: Solved) -> Estimate:
    """The retarded Green function at z = 0 and h_R = 0."""
    value = np.linalg.inv(from_above(one, 0.0).log_plus - from_beneath(one, 0.0).log_plus)
    return measured(one, value, value)


def orders_in_u_m(one: Solved) -> Estimate:
    """Coefficients of u_m and u_m² in r̂_ex at h_R = 0, beside each other."""
    # u_m σ·m is the scale times k_⊥ of a spin-orbit term σ·m k_x, for k along x.
    (x, y, z), local = one.iface.m, half_space(one)
    delta = Delta(one.iface.u_0, spin_orbit=((x, 0.0), (y, 0.0), (z, 0.0)))
    values, error, radius = replace(local, delta=delta).coefficients(np.zeros(1), 2)
    per_u_m = local.k[..., None, None] ** np.array([1, 2]).reshape(2, 1, 1, 1, 1)
    values, error, radius = values / per_u_m, error / per_u_m, radius * local.k[..., None, None]
    noise = np.stack([one.rounding * max(1.0, float(np.abs(values).max())) / radius**n for n in (1, 2)])
    like = np.ones((2, 2))

    def beside(parts: Complex | Array) -> Complex | Array:
        return np.concatenate(list(parts * like), axis=-1)

    return Estimate(
        beside(values),
        {
            "next order": (beside(error), "last Fourier coefficient on a circle of complex u_m"),
            "rounding": (beside(noise), "double precision over the circle's radius^n"),
        },
    )
