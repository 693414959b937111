"""Exact quantities at z = 0: waves, transfer matrix, reflection matrix and its series."""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache

import numpy as np

from sotcheck.exact.finite import measured
from sotcheck.exact.layers import SLAB, Local, Solutions, angles_for, solutions
from sotcheck.exact.solved import ANGLES, Exact, Solved
from sotcheck.numerics.arrays import Array, Complex
from sotcheck.numerics.estimate import Estimate
from sotcheck.system.spin import projectors
from sotcheck.system.structure import Delta, Region

#: Orders in h_R that are measured.
ORDERS = 5
#: Distance over which waves are followed, and a film's thickness: those of theory.section6, not imported, as
#: what measures knows no formula.
STEP, FILM = 0.45, 0.8


@lru_cache(maxsize=256)
def half_space(one: Solved) -> Local:
    """Return the solutions of N/F at the k_⊥ of `one`."""
    return Local(one.engine, one.iface, tuple(one.k_perp.tolist()))


@lru_cache(maxsize=256)
def film(one: Solved) -> Local:
    """Return the solutions of N, a film of F, and N."""
    return replace(half_space(one), thickness=FILM, beneath=(one.iface.structure.left,))


@lru_cache(maxsize=256)
def from_above(local: Local, h_R: float) -> Solutions:
    """Return the states that come in through N."""
    return local.from_above(angles_for(h_R), h_R)


def followed(side: str) -> Exact:
    """[ψ(z + d) + ψ(z − d)] ψ(z)⁻¹ inside "N" or "F", of waves partly reflected beyond."""

    def exact(one: Solved) -> Estimate:
        local = half_space(one)
        inside, other = (local.normal, local.first) if side == "N" else (local.first, local.normal)
        step, slab = replace(inside, thickness=STEP), replace(other, thickness=SLAB)
        # Some other bulk beyond, none of whose bands ends at a k_⊥ in use, so that waves run both ways.
        behind = step, step, Region(inside.potential - 0.43, 0.3, (0.0, 0.6, -0.8))
        source = slab, local.outside
        sides, incident = ((behind[::-1], source), 1) if side == "N" else ((source[::-1], behind), 0)
        problems = local.k, np.zeros(1), np.zeros(1)
        states = solutions(one.engine, one.iface.E_F, sides, local.at_zero, problems, incident)
        near, far = states.beyond
        return measured(one, (far + states.psi) @ np.linalg.inv(near), near)

    return exact


def transfer(one: Solved) -> Estimate:
    """The matrix that takes amplitudes at z = +0 to those at z = −0, from four independent states."""
    local, h_R = half_space(one), one.iface.h_R
    states = from_above(local, h_R), local.from_beneath(angles_for(h_R), h_R)
    above, below = (
        np.concatenate([np.concatenate(at(each), axis=-2) for each in states], axis=-1)
        for at in (local.above, local.below)
    )
    return measured(one, above @ np.linalg.inv(below), below)


def through_film(one: Solved) -> Estimate:
    """(r̂_ex, ψ beyond the film) per incident amplitude at the interface's own h_R."""
    states = from_above(film(one), one.iface.h_R)
    incident, reflected = film(one).above(states)
    value = np.concatenate([reflected, states.beyond[-1]], axis=-2) @ np.linalg.inv(incident)
    return measured(one, value, incident)


def reflection(one: Solved) -> Estimate:
    """r̂_ex at h_R = 0."""
    incident, reflected = half_space(one).above(from_above(half_space(one), 0.0))
    return measured(one, reflected @ np.linalg.inv(incident), incident)


def rashba_jump(one: Solved) -> tuple[Complex, Solutions, Solutions]:
    """Return the jump of ∂_zψ at z = 0 per ψ(0) that comes with h_R, and the states with and without."""
    after, before = (from_above(half_space(one), h_R) for h_R in (one.iface.h_R, 0.0))
    return after.jump - before.jump, after, before


def rashba_potential(one: Solved) -> Estimate:
    """That jump between spin states along ±m."""
    (jump, after, before), bands = rashba_jump(one), projectors(one.iface.direction)
    return measured(one, np.block([[u @ jump @ v for v in bands] for u in bands]), after.psi, before.psi)


def split(local: Local, states: Solutions, transmitted: Complex) -> Complex:
    """Return m̂_i and m̂_r above each other, (..., 4, 2): ψ_i = m̂_i ψ_t/2ik_z, ψ_r = −m̂_r ψ_t/2ik_z."""
    incident, reflected = local.above(states)
    twice = 2 * local.ik[..., :1, :1]
    return twice * np.concatenate([incident, -reflected], axis=-2) @ np.linalg.inv(transmitted)


def _film_m(one: Solved, h_R: float) -> tuple[Complex, Complex]:
    """Return m̂_i and m̂_r of the film, and what is inverted on the way."""
    states = from_above(film(one), h_R)
    return split(film(one), states, states.beyond[-1]), states.beyond[-1]


def unperturbed_m(one: Solved) -> Estimate:
    """(m̂_i, m̂_r) at h_R = 0."""
    return measured(one, *_film_m(one, 0.0))


def change_of_m(one: Solved) -> Estimate:
    """(m̂_i, m̂_r) at the interface's own h_R less those at h_R = 0."""
    (m, beyond), (m_0, _) = _film_m(one, one.iface.h_R), _film_m(one, 0.0)
    return Estimate(m - m_0, measured(one, m, beyond).terms)


def combined_m(sign: int) -> Exact:
    """m̂_i ± m̂_r at h_R = 0."""

    def exact(one: Solved) -> Estimate:
        m_i, m_r = np.split(_film_m(one, 0.0)[0], 2, axis=-2)
        return measured(one, m_i + sign * m_r)

    return exact


@lru_cache(maxsize=64)
def _series(one: Solved) -> Estimate:
    found = half_space(one).coefficients(ANGLES[:3], ORDERS)
    # The other three angles are the opposite ones, where h_R counts the other way.
    sign = (-1.0) ** np.arange(1, ORDERS + 1).reshape(-1, 1, 1, 1, 1)
    return found.each(
        lambda value: np.concatenate([value, sign * value], axis=2),
        lambda size: np.concatenate([size, size], axis=2),
    )


def order(n: int) -> Exact:
    """The coefficient of h_R^n in r̂_ex, shape (n, 6, 2, 2)."""
    return lambda one: _series(one)[n - 1]


def green(one: Solved) -> Estimate:
    """The retarded Green function at z = 0 and h_R = 0."""
    value = half_space(one).green(angles_for(0.0), 0.0)
    return measured(one, value, value)


def orders_in_u_m(one: Solved) -> Estimate:
    """Coefficients of u_m and u_m² in r̂_ex at h_R = 0, beside each other."""
    # u_m σ·m is the scale times k_⊥ of a spin-orbit term σ·m k_x, for k along x.
    (x, y, z), local = one.iface.m, half_space(one)
    delta = Delta(one.iface.u_0, spin_orbit=((x, 0.0), (y, 0.0), (z, 0.0)))
    found = replace(local, delta=delta).coefficients(np.zeros(1), 2)
    per_u_m: Array = local.k[..., None, None] ** np.array([1, 2]).reshape(2, 1, 1, 1, 1)
    return (found / per_u_m).each(lambda parts: np.concatenate(list(parts), axis=-1))
