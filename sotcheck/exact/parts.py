"""Exact quantities of Sec. V: amplitudes by spin, one component of the torque at each k_⊥ and of all k_⊥."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from sotcheck.exact.currents import linear_torque_number
from sotcheck.exact.solved import Exact, Solved
from sotcheck.exact.totals import total
from sotcheck.numerics.arrays import Array, Complex
from sotcheck.numerics.estimate import Estimate
from sotcheck.numerics.quadrature import sample
from sotcheck.system.interface import SOURCES
from sotcheck.system.spin import projectors

#: Re, Im, or both, of fieldlike + i dampinglike.
Part = Callable[[Complex], Array | Complex]


@dataclass(frozen=True)
class Widened(Solved):
    """Exact states at k_⊥ larger by a quarter, some of them beyond k_F."""

    @cached_property
    def k_perp(self) -> Array:
        """The in-plane wave numbers, shape (n,)."""
        return 1.25 * sample(self.iface.thresholds(), self.nodes)


def by_spin(which: int) -> Exact:
    """Majority and minority elements of r̂ (0) or t̂' (3) at h_R = 0, shape (n, 6, 2)."""

    def exact(one: Solved) -> Estimate:
        minority, majority = projectors(one.iface.direction)
        matrix = one.states.amplitudes()[which]
        bands = [np.einsum("...ij,ji->...", matrix, band) for band in (majority, minority)]
        return one.unperturbed(np.stack(bands, axis=-1))

    return exact


def _part(found: Estimate, part: Part) -> Estimate:
    return Estimate(part(np.asarray(found.value, dtype=complex)), found.terms)


def component(source: str, part: Part) -> Exact:
    """One component of the torque of one source, k_⊥ by k_⊥, shape (n, 1)."""
    column = SOURCES.index(source)
    return lambda one: _part(linear_torque_number(one)[:, :, column], part)


def beyond(part: Part) -> Exact:
    """The same of electrons from N at k_⊥ on both sides of k_F."""
    exact = component("normal", part)
    return lambda one: exact(Widened(one.engine, one.iface))


def weighted(part: Part) -> Exact:
    """One component of the whole torque, all k_⊥, with the interface's relaxation times."""

    def exact(one: Solved) -> Estimate:
        i = one.iface
        found = total(one.engine, i)
        times = np.array([i.tau_N, i.tau_up, i.tau_down])
        return _part(found @ times, part)

    return exact
