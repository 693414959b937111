"""The exact torque for all m on the sphere, in angular harmonics, against h_R.

With E ∥ x the torque is linear in Ê, and turning E, k and m together around z turns t: only M = 1 occurs. The
mirrors x → −x and y → −y (m is axial) then leave ∇f and m×∇f with f ∝ sin φ for odd l, f ∝ cos φ for even l.

This Hamiltonian allows less. Spin meets the crystal in n = k×ẑ/k_⊥ alone: turning m and n together, as spins,
turns the spin flows of one k_⊥. So [flow (3) + flow (4)]_⊥m = G′(c) n_⊥m + H′(c) m×n with c = m·n, and as
k_x = −k_⊥ n_y

    t = ∇F + m×∇F̃,   F(m) ∝ Σ_k k_⊥ ⟨n_y G(m·n)⟩_φ,

and the same with H for F̃. Of G = Σ G_l P_l the addition theorem leaves P_l^1(0) P_l^1(cosθ) sinφ/l(l+1), and
P_l^1(0) vanishes for even l: what mirrors allow with f ∝ cos φ this interface has not. The order h_R^n has n
factors n: its harmonics have l ≤ n, so that the coefficient of l starts with h_R^l.

    t = Σ_{l odd} D_l ∇f_l + F_l m×∇f_l,   f_l = sinθ p_l sinφ,   D_1: m×(ŷ×m),   F_1: m×ŷ.

As experiments fit it (Garello et al., Nat. Nanotechnol. 8, 587), even and odd in m, with
Σ D_l p_l = Σ B_2j sin^2jθ and Σ F_l p_l = Σ A_2j sin^2jθ:

    T∥ = Σ_j B_2j sin^2jθ [cosφ e_φ + (2j + 1) cosθ sinφ e_θ]
    T⊥ = Σ_j A_2j sin^2jθ [(2j + 1) cosθ sinφ e_φ − cosφ e_θ]

Their forms have B_0 alone with cosθ sinφ e_θ and A_0 alone with cosφ e_θ: in each torque two functions that
are free by symmetry. Here one fixes the other.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from sotcheck.beyond.torques import CHAIN, exact_torque, open_sources
from sotcheck.bound.fermi import first_states
from sotcheck.engines import Engine
from sotcheck.numerics.arrays import Array
from sotcheck.numerics.convergence import observed_order
from sotcheck.numerics.estimate import Estimate, side_by_side
from sotcheck.numerics.sphere import Directions, harmonics, powers_of_sine, product_rule, profile, project
from sotcheck.system.interface import Interface

#: Odd degrees reported, and nodes in θ from pole to equator: exact for products of degrees up to 4·NODES − 1.
DEGREES = np.array([1, 3, 5, 7])
NODES = 5
#: h_R of the coefficients: halved steps first, for exponents.
H_R = (0.02, 0.04, 0.08, 0.16, 0.32, 0.5, 0.7, 1.0)
LADDER = (0.16, 0.08, 0.04)
#: Quadrature error up to the last step that matters to exponents, and beyond.
FINE_UP_TO, FINE, COARSE = 0.2, 1e-8, 1e-5
#: The full sphere, nodes in θ and φ, on which everything forbidden is looked for; at an h_R so small that
#: harmonics beyond these nodes, which go as h_R⁸, are not taken for forbidden ones.
FULL, FULL_H_R, FULL_TOLERANCE, FULL_ORDERS, FULL_DEGREES = (6, 6), 0.05, 1e-11, 2, 4
#: Problems of one direction: there are dozens, and where a sum is hard its error may be larger than wanted.
MOST_PROBLEMS = 40_000
#: Directions (θ, φ) in degrees and h_R of the chain's spot checks.
TRIED_POINTS, TRIED_TOLERANCE = ((35.0, 20.0, 0.16), (70.0, 65.0, 0.08)), 1e-4


def torque_towards(
    iface: Interface, directions: Array, h_R: Array, *, rtol: float, engine: Engine | None = None
) -> Estimate:
    """Return t/h_R for many directions (d, 3) of m, shape (d, n, 3, 3): direction, h_R, source, x, y, z.

    The interface's own m and h_R are not used; the error is of any component.
    """
    towards = (iface.with_(m=m.tolist()) for m in directions)
    found = [exact_torque(one, h_R, rtol=rtol, engine=engine, most=MOST_PROBLEMS) for one in towards]
    return side_by_side([one.shared(-1)[None] for one in found])


def meridian(nodes: int = NODES) -> Directions:
    """Return Gauss's rule in cosθ, pole to equator, on φ = 0, where t_φ = Σ D_l p_l and t_θ = −Σ F_l p_l."""
    c, weight = np.polynomial.legendre.leggauss(2 * nodes)
    return Directions(np.arccos(c[nodes:]), np.zeros(nodes), weight[nodes:])


def coefficients(t: Array, at: Directions) -> Array:
    """Return F_l (of m×∇f_l) and D_l (of ∇f_l) of t (n, ..., 3) on the meridian, shape (2, l, ...).

    The p_l are orthogonal with the weight sin²θ dcosθ.
    """
    tangent = at.tangent(t)
    both = np.stack([-tangent[..., 0], tangent[..., 1]])
    p = np.stack([profile(int(degree), at.theta) for degree in DEGREES])
    weighted = at.weight * np.sin(at.theta) ** 2 * p
    return np.einsum("ln,kn...->kl...", weighted / (weighted * p).sum(axis=1, keepdims=True), both)


def harmonics_data(iface: Interface, h_R: Sequence[float] = H_R) -> dict[str, Any]:
    """Return coefficients against h_R, what is forbidden, and the chain's checks, ready for JSON.

    The interface's own m and h_R are not used.
    """
    at, h = meridian(), np.array(h_R, dtype=float)
    found, error = np.empty((2, len(DEGREES), len(h), 3)), np.empty((len(h), 3))
    fine = np.flatnonzero(h <= FINE_UP_TO)
    # Beyond, each h_R needs nodes of its own.
    groups = [(fine, FINE)] * bool(fine.size) + [([i], COARSE) for i in np.flatnonzero(h > FINE_UP_TO)]
    for some, rtol in groups:
        t = torque_towards(iface, at.m, h[some], rtol=rtol) * h[some][:, None, None]
        found[:, :, some], error[some] = coefficients(t.value, at), t.error.max(axis=(0, -1))
    return {
        "h_R": h.tolist(),
        "degrees": DEGREES.tolist(),
        # Of all m, one in the plane lets bound states reach E_F first.
        "bound_from": first_states(iface.with_(m=(1.0, 0.0, 0.0))).h_R,
        "sources": {
            name: {
                "fieldlike": found[0, :, :, s].T.tolist(),
                "dampinglike": found[1, :, :, s].T.tolist(),
                "error": error[:, s].tolist(),
                "as experiments fit it": [experimental(pair) for pair in np.moveaxis(found[..., s], -1, 0)],
                "exponents": exponents(found[:, :, :, s], error[:, s], h),
            }
            for s, name in open_sources(iface)
        },
        # What the last degree still has says how much those beyond may have.
        "last_degree": (np.abs(found[:, -1]).max(axis=(0, -1)) / np.abs(found).max(axis=(0, 1, -1))).tolist(),
        "forbidden": forbidden(iface),
        CHAIN.name: chain_checks(iface),
    }


def experimental(pair: Array) -> dict[str, list[float]]:
    """Return A_0, A_2, … (fieldlike) and B_0, B_2, … (dampinglike) of coefficients (2, l)."""
    return {"A": powers_of_sine(pair[0], DEGREES).tolist(), "B": powers_of_sine(pair[1], DEGREES).tolist()}


def exponents(found: Array, error: Array, h_R: Array) -> list[dict[str, Any]]:
    """Return the power of h_R with which the larger of F_l and D_l (2, l, n) starts, l = 3 and 5, if seen."""
    rows = []
    where = [int(i) for h in LADDER for i in np.flatnonzero(np.isclose(h_R, h))]
    for i, degree in list(enumerate(DEGREES.tolist()))[1:-1] if len(where) == len(LADDER) else []:
        which = int(np.argmax(np.abs(found[:, i, where[0]])))
        slope = observed_order(np.abs(found[which, i, where]), error[where])
        if np.isfinite(slope.total):
            part = ("fieldlike", "dampinglike")[which]
            rows.append({"degree": degree, "component": part, "exponent": slope.value, "error": slope.total})
    return rows


def forbidden(iface: Interface) -> dict[str, Any]:
    """Return the largest coefficient of each kind that symmetry forbids, relative to the largest allowed.

    Nothing is assumed here: m goes over the whole sphere.
    """
    at = product_rule(*FULL)
    t = torque_towards(iface, at.m, np.array([FULL_H_R]), rtol=FULL_TOLERANCE)
    size: dict[str, float] = {}
    for degree, order, azimuth in harmonics(FULL_DEGREES, FULL_ORDERS):
        kind = "allowed" if degree % 2 else "spin rotations"
        if order != 1:
            kind = "rotations around z"
        elif (degree % 2 == 1) != (azimuth == "sin"):
            kind = "mirrors"
        found = float(np.abs(project(t.value, at, degree, order, azimuth)).max())
        size[kind] = max(size.get(kind, 0.0), found)
    allowed = size.pop("allowed")
    relative = {kind: value / allowed for kind, value in size.items()}
    return {"h_R": FULL_H_R, "directions": len(at.theta), "quadrature": t.total / allowed, **relative}


def chain_checks(iface: Interface) -> list[dict[str, float]]:
    """Return the largest difference between Kwant and the continuum, relative, for a few m and h_R."""
    rows = []
    for theta, phi, h in TRIED_POINTS:
        m = Directions(np.radians([theta]), np.radians([phi]), np.ones(1)).m
        ask: Any = {"h_R": np.array([h]), "rtol": TRIED_TOLERANCE}
        exact, lattice = (torque_towards(iface, m, engine=engine, **ask) for engine in (None, CHAIN))
        size = float(np.abs(exact.value).max())
        off = exact - lattice
        numbers = {"difference": float(np.abs(off.value).max()) / size, "quadrature": off.total / size}
        rows.append({"theta": theta, "phi": phi, "h_R": h, **numbers})
    return rows
