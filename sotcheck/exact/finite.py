"""Exact states at an interface's own finite h_R, and what they tell: for equations that hold at any h_R."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache

import numpy as np

from sotcheck.exact.quantity import Quantity
from sotcheck.exact.solved import Exact, Solved
from sotcheck.numerics.arrays import Array, Complex
from sotcheck.numerics.estimate import Estimate
from sotcheck.system.spin import in_spin_bands
from sotcheck.system.states import States


@lru_cache(maxsize=64)
def states(one: Solved) -> States:
    """Return exact states at the interface's own h_R, axes (k_⊥, angle)."""
    return one.at(one.iface.h_R)


def measured(one: Solved, values: Array | Complex, *inverted: Complex) -> Estimate:
    """Return a quantity that is exact but for rounding, amplified by matrices inverted on the way."""
    if not one.rounding:
        return Estimate(values)
    worst = max([1.0, *(float(np.linalg.cond(matrix).max()) for matrix in inverted)])
    size = one.rounding * worst * max(1.0, float(np.abs(values).max()))
    amplified = ", amplified by the inversions" if inverted else ""
    return Estimate(values, {"rounding": (size, f"double precision{amplified}")})


def amplitude(found: States) -> tuple[Complex, Complex]:
    """Return ψ(0) for waves of unit amplitude, not flux, incident from N and from F; zero if closed."""
    root_k = np.sqrt(found.kz.real)[..., None, None]
    root_K = in_spin_bands(np.sqrt(found.Kz.real).astype(complex), found.m)
    return root_k * found.psi_N, found.psi_F @ root_K


def wave(incident: str, side: str) -> Quantity:
    """ψ(0), ∂²ψ(0) by one side's Schrödinger equation, and the spin current there, of waves from "N" or "F".

    That of waves from F is by band of incidence.
    """
    from_N, here = incident == "N", "NF".index(side)
    sources = slice(0, 1) if from_N else slice(1, 3)

    def measure(one: Solved) -> Estimate:
        found = states(one)
        psi = amplitude(found)["NF".index(incident)]
        q2, axis = one.iface.structure.regions[here].bands(one.iface.E_F, found.k_perp)
        curvature = -in_spin_bands(q2 + 0j, axis) @ psi
        # Sources are normal, majority, minority; wave numbers of F minority, majority.
        q = np.concatenate([found.kz[..., None], found.Kz[..., ::-1]], axis=-1).real
        currents = (q[..., None] * found.spin_current(here))[..., sources, :]
        seen = psi, curvature, currents + 0j
        return measured(one, np.concatenate([each.reshape(*q.shape[:-1], -1) for each in seen], axis=-1))

    at = ("z = -0", "z = +0")[here]
    words = f"psi and its second derivative at {at}, spin current at {at}"
    if from_N:
        return Quantity(words, measure, "normal")
    return Quantity(f"{words} by band of incidence", measure)


def channels(which: str) -> Quantity:
    """Projector on the incident spinors for which the engine finds a state."""

    def measure(one: Solved) -> Estimate:
        found = states(one)
        psi = found.psi_N if which == "N" else found.psi_F
        return measured(one, np.linalg.pinv(psi) @ psi)

    return Quantity(f"projector on the spinors that arrive from {which} in an exact state", measure)


def twice(values: Callable[[Solved], Complex]) -> Exact:
    """One exact quantity against both sides of a relation."""
    return lambda one: measured(one, np.stack([values(one)] * 2, axis=-3))
