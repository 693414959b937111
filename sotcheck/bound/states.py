"""Bound states of the continuum model, by the matching condition: the first of three routes.

The n-th state below the continuum is where the n-th eigenvalue of the matching matrix vanishes; it is there
if that is negative at the bottom.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from sotcheck.bound.matching import bottom, decay_constants, eigenvalue, field, mean_and_split, norm
from sotcheck.numerics.arrays import Array, Complex
from sotcheck.system.interface import Interface
from sotcheck.system.spin import PAULI, dot_sigma

#: Signs of ±|v| in the two eigenvalues s ± |v| of s + v·σ, in ascending order.
ORDER = np.array([-1.0, 1.0])


@dataclass(frozen=True)
class Bound:
    """States below the whole continuum; axes (...) are those of the request, NaN is where a state is absent.

    `angle` (...): of k from the x axis; `count` (...): how many, 0 … 2; `energy` (..., 2): total, k_⊥²
    included, ascending; `p` (..., 2): √(bottom − E), with more digits than the difference of energies; `psi`
    (..., 2, 2): ψ(0), last axis the state, normalised to ∫|ψ|²dz = 1; `spin` (..., 2, 3): ∫ψ†σψ dz; `q_N`
    (..., 2) and `q_F` (..., 2, 2): decay constants (1/length) of each state in N, and in the minority and
    majority band of F; `at_bottom` (..., 2): eigenvalues of the matching matrix at the bottom of the
    continuum, ascending.
    """

    k_perp: Array
    angle: Array
    h_R: Array
    count: Array
    energy: Array
    p: Array
    psi: Complex
    spin: Array
    q_N: Array
    q_F: Array
    at_bottom: Array

    @property
    def margin(self) -> Array:
        """How far the nearest threshold is: the smallest |eigenvalue| at the bottom, shape (...)."""
        return np.abs(self.at_bottom).min(axis=-1)


def bound(iface: Interface, k_perp: Array | float, angle: Array | float, h_R: Array | float) -> Bound:
    """Find every state below the continuum; arrays broadcast, the interface's own h_R is not used."""
    k_perp, angle, h_R = (np.array(a, dtype=float) for a in np.broadcast_arrays(k_perp, angle, h_R))
    parts = (part[..., None] for part in field(iface, h_R * k_perp, angle))
    along, across, order = np.broadcast_arrays(*parts, ORDER)
    at_bottom = eigenvalue(iface, np.zeros(along.shape), along, across, order)
    there = at_bottom < 0
    # Absent states are carried along as any numbers, and struck out at the end.
    p = np.ones(along.shape)
    p[there] = _roots(iface, along[there], across[there], order[there])

    m, q = iface.direction, decay_constants(iface, p)
    n = np.stack([np.sin(angle), -np.cos(angle), 0 * angle], axis=-1)
    v = mean_and_split(iface, p)[1][..., None] * m + ((h_R * k_perp)[..., None] * n)[..., None, :]
    # The first state belongs to the lower eigenvalue, the second to the upper one.
    psi = np.einsum("...siS,sS->...si", np.linalg.eigh(dot_sigma(v))[1], np.eye(2))
    at_0 = np.einsum("...i,kij,...j->...k", psi.conj(), PAULI, psi).real
    size = norm(q, at_0 @ m)
    found = {
        "energy": bottom(iface, k_perp)[..., None] - p**2,
        "p": p,
        "psi": psi / np.sqrt(size)[..., None],
        "spin": _spin(at_0, q, m) / size[..., None],
        "q_N": q[0],
        "q_F": np.stack(list(q[1:]), axis=-1),
    }
    for array in found.values():
        array[~there] = np.nan
    found["psi"] = np.swapaxes(found["psi"], -1, -2)
    count = np.asarray(np.count_nonzero(there, axis=-1))
    return Bound(k_perp=k_perp, angle=angle, h_R=h_R, count=count, at_bottom=at_bottom, **found)


def _roots(iface: Interface, along: Array, across: Array, order: Array) -> Array:
    """Return p where the eigenvalue vanishes, all shapes (n,); each is negative at p = 0."""
    if along.size == 0:
        return np.empty(0)
    from scipy.optimize.elementwise import find_root

    # Every decay constant is at least p, so that no eigenvalue is below 2p + u_0 − |u|; twice that is enough.
    highest = np.hypot(iface.u_m + along, across) - iface.u_0
    found = find_root(
        lambda p, *args: eigenvalue(iface, p, *args),
        (np.zeros_like(highest), highest),
        args=(along, across, order),
        tolerances={"xatol": 0.0, "xrtol": 4 * np.finfo(float).eps, "fatol": 0.0, "frtol": 0.0},
    )
    # What a bracket's ends leave open is a rounding error; where f(0) < 0 none can be missing.
    if not np.all(found.success):
        raise AssertionError("a bracketed root of the monotone matching matrix was not found")
    return found.x


def _spin(at_0: Array, q: Array, m: Array) -> Array:
    """Return ∫ψ†σψ dz of unit spinors with the spin (..., 3) at z = 0, where q is (3, ...).

    In N all of it decays with 2q_N; in F the part across m, between the bands, with q_↓ + q_↑.
    """
    q_N, q_down, q_up = q[..., None]
    along = (at_0 @ m)[..., None]
    in_bands = (1 + along) / (4 * q_down) - (1 - along) / (4 * q_up)
    return at_0 / (2 * q_N) + in_bands * m + (at_0 - along * m) / (q_down + q_up)
