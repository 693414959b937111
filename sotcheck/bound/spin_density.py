"""What bound states at E_F add to the spin density at the interface, and to the torque.

The density of states at z = 0 is ρ(E) = (1/4π) Σ_in ψψ† from scattering states of unit flux Im[ψ†∂_zψ] = 1
(velocity 2k_z, so that an energy interval holds dE/4πk_z of them), plus δ(E − E_b) ψ_bψ_b† from a bound state
with ∫|ψ_b|²dz = 1. The convention of t, −(1/4π) ∫d²k/(2π)² k_x Σ_in …, is −∫d²k/(2π)² k_x Tr[… ρ(E_F)]; a
bound state, whose distribution is shifted alike with a relaxation time τ_b of its own, adds

    s_b = −∫ d²k/(2π)² k_x δ(E_b(k) − E_F) ψ_b†σψ_b        (τ_b = 1).

With λ(E) the eigenvalue of q_N + Q̂_F + κ̂ that vanishes at E_b, |ψ_b(0)|² = 1/|∂λ/∂E|, since ∂λ/∂E =
−ψ̂†(1/2q_N + 1/2Q̂_F)ψ̂ is minus the norm of the state with the unit spinor ψ̂ at z = 0. Hence
δ(E_b − E_F)|ψ_b(0)|² = δ(λ(E_F, k)), and with 0 = A + v·σ on ψ̂, v = B m + w n (see `thresholds`):
ψ̂†σψ̂ = −v/A. In a stationary bound state no spin flows away: the torque on the magnetization, of the bulk
−J∫m×ψ†σψ dz and of the interface −u_m m×ψ†σψ(0), is what the lattice adds, w n×ψ†σψ(0).

The shift by k_x, as for the scattering states, takes k_x for half the velocity. That of a bound state is
½∂E_b/∂k_x = k_x − (h_R/2) ψ_b†σ_yψ_b; both are returned.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.special import roots_legendre

from sotcheck.bound.contour import Arc, along, at_angle, fermi_contour, k_max, slope
from sotcheck.bound.fermi import ground_state
from sotcheck.bound.thresholds import decay_constants, in_plane, mean_and_split
from sotcheck.engines import Engine, Matching
from sotcheck.errors import EngineError
from sotcheck.exact.observables import exact_flows, largest_torque, torque_from_flows
from sotcheck.numerics.arrays import Array
from sotcheck.numerics.quadrature import sum_over_k
from sotcheck.system.interface import SOURCES, Interface
from sotcheck.system.spin import pauli_vector

#: Rows of what is integrated along the contour.
QUANTITIES = (
    "spin", "torque", "exchange torque", "spin, velocity", "torque, velocity", "states", "interface torque",
)  # fmt: skip
#: Totals smaller than this, relative to the natural scale of t, are none.
NOTHING = 1e-12
#: Relative rounding error of a sum over nodes.
ROUNDING = 16 * float(np.finfo(float).eps)
#: Nodes of the rules tried on each arc, doubled until two agree.
FIRST_NODES, MOST_NODES = 16, 4096


@dataclass(frozen=True)
class ContourIntegral:
    """What the bound states at E_F add, per τ_b, in the unit and with the prefactor of t.

    Attributes
    ----------
    values, errors : array (7, 3)
        Rows as `QUANTITIES`: spin density at z = 0 (unit: wave vector²), torque from the Rashba term and from
        the exchange field (wave vector³), the first two with the velocity in place of k_x, in the first
        column of the next row ∫d²k/(2π)² δ(E_b − E_F), and what u_m takes of the torque from the exchange
        field. Errors: what the last doubling changed, and rounding.
    arcs : list of Arc
    """

    values: Array
    errors: Array
    arcs: list[Arc]

    def row(self, quantity: str) -> Array:
        """Return one of `QUANTITIES`, shape (3,)."""
        return self.values[QUANTITIES.index(quantity)]


def bound_density(iface: Interface, h_R: float, *, rtol: float = 1e-10) -> ContourIntegral:
    """Integrate along the contour E_b(k) = E_F.

    Parameters
    ----------
    iface : Interface
        Its own h_R is not used.
    h_R : float
    rtol : float
        Wanted change by the last doubling, relative to the largest component of each row.

    Raises
    ------
    EngineError
        If there is no ground state at h_R, and so no Fermi sea.
    """
    ground = ground_state(iface, h_R)
    if not ground.exists:
        raise EngineError(
            f"h_R = {h_R:g}: no ground state exists ({ground.why}), so no state can be filled up to E_F; "
            "choose |h_R| < 2"
        )
    arcs = fermi_contour(iface, h_R)
    parts = [converged(_rule(iface, h_R, arc), rtol) for arc in arcs]
    zero = np.zeros((len(QUANTITIES), 3))
    return ContourIntegral(
        sum((value for value, _ in parts), zero), sum((error for _, error in parts), zero), arcs
    )


def converged(rule: Callable[[int], Array], rtol: float, most_nodes: int = MOST_NODES) -> tuple[Array, Array]:
    """Double the nodes of a rule until it changes by less than `rtol`, or there are too many.

    Parameters
    ----------
    rule : callable
        Returns, for n nodes, the integrals and those of absolute values, shape (2, ..., components): how much
        cancels, and so what is rounding.
    rtol : float
        Relative to the largest component.
    most_nodes : int

    Returns
    -------
    value, error : arrays (..., components)
        Error: what the last doubling changed, and rounding.
    """
    n, (value, _) = FIRST_NODES, rule(FIRST_NODES)
    while True:
        n, before, (value, size) = 2 * n, value, rule(2 * n)
        change, rounding = np.abs(value - before), ROUNDING * size.max(axis=-1, keepdims=True)
        enough = np.maximum(rtol * np.abs(value).max(axis=-1, keepdims=True) - rounding, rounding)
        if np.all(change <= enough) or n >= most_nodes:
            return value, change + rounding


def summed(measure: Array, values: Array) -> Array:
    """Return Σ measure · values over nodes, and the same of absolute values, as `converged` wants them."""
    return np.stack([np.tensordot(measure, v, axes=1) for v in (values, np.abs(values))])


def _rule(iface: Interface, h_R: float, arc: Arc) -> Callable[[int], Array]:
    """Return the rule for one arc: over p, or over the angle where the arc is nearly a circle."""
    if arc.nearly_circular:
        return lambda n: _over_angle(iface, h_R, arc, n)
    return lambda n: _over_p(iface, h_R, arc, n)


def _over_p(iface: Interface, h_R: float, arc: Arc, n: int) -> Array:
    """Integrate over p = √(k_⊥² − k_max²): c follows, and both mirror images count.

    ∫k dk dφ δ(λ) = ∫p dp Σ 1/|∂λ/∂φ|, with ∂λ/∂φ = Bw s sin θ/A; inverse square roots at the ends of the arc
    are taken away by p = middle + half · sin u, with Gauss–Legendre in u.
    """
    x, weights = roots_legendre(n)
    u = x * np.pi / 2
    p, theta, root = along(iface, h_R, arc, u)
    A, _ = mean_and_split(iface, p)
    dp = (arc.p[1] - arc.p[0]) / 2 * np.cos(u) * weights * np.pi / 2
    measure = 2 * np.abs(A) * p * dp / root
    both = [_integrands(iface, h_R, p, side * theta) for side in (1, -1)]
    return summed(np.concatenate([measure, measure]), np.concatenate(both))


def _over_angle(iface: Interface, h_R: float, arc: Arc, n: int) -> Array:
    """Integrate over the angle θ from m's in-plane part to k×ẑ: ∫p dθ/|∂λ/∂p|."""
    theta = 2 * np.pi * np.arange(n) / n
    p, c = at_angle(iface, h_R, arc, theta), in_plane(iface) * np.cos(theta)
    A, _ = mean_and_split(iface, p)
    measure = 2 * np.abs(A) * p / np.abs(slope(iface, h_R, p, c)) * 2 * np.pi / n
    return summed(measure, _integrands(iface, h_R, p, theta))


def _integrands(iface: Interface, h_R: float, p: Array, theta: Array) -> Array:
    """Return what stands beside δ(λ) at points of the contour, shape (n, 7, 3)."""
    m = iface.direction
    A, B = mean_and_split(iface, p)
    q_N, q_down, q_up = decay_constants(iface, p)
    k = np.hypot(k_max(iface), p)
    across = np.arctan2(m[1], m[0]) + theta
    n = np.stack([np.cos(across), np.sin(across), np.zeros_like(across)], axis=-1)
    w = (h_R * k)[:, None]
    # k×ẑ is k turned by −90°: k_x = −k n_y.
    k_x = -k * n[:, 1]
    spin = -(B[:, None] * m + w * n) / A[:, None]
    minority = (1 + spin @ m) / 2
    norm = (1 / q_N + minority / q_down + (1 - minority) / q_up) / 2
    velocity = k_x - h_R / 2 * spin[:, 1] / norm
    lattice = w * np.cross(n, spin)
    precession = np.cross(m, spin)
    exchange = -(iface.J / (q_down + q_up) + iface.u_m)[:, None] * precession
    states = np.stack([-norm, 0 * norm, 0 * norm], axis=-1)
    rows = [k_x[:, None] * row for row in (spin, lattice, exchange)]
    rows += [velocity[:, None] * row for row in (spin, lattice)]
    taken = -iface.u_m * k_x[:, None] * precession
    return -np.stack([*rows, states, taken], axis=1) / (4 * np.pi**2)


def scattering_density(
    iface: Interface, h_R: float, *, rtol: float = 1e-8, engine: Engine | None = None
) -> tuple[Array, Array]:
    """Return −(1/4π) ∫d²k/(2π)² k_x Σ_in ψ†σψ at z = 0 by source, with errors, each (3, 3)."""
    solver = engine or Matching()

    def integrand(x: Array, angles: Array) -> Array:
        k_perp, angle, h = np.broadcast_arrays(np.sqrt(x)[:, None], angles, np.array(h_R))
        spin = pauli_vector(solver.solve(iface.structure, k_perp, angle, h).density).real
        values = -(k_perp * np.cos(angle))[..., None, None] * spin / (4 * np.pi)
        paired: Array = (values + np.roll(values, len(angles) // 2, axis=1)) / 2
        return paired

    floor = 8 * float(np.finfo(float).eps) * largest_torque(iface)
    found = sum_over_k(integrand, iface.thresholds(), rtol, floor)
    return found.total.value, found.total.error


def bound_spin_density(iface: Interface, h_R: float) -> dict[str, Any]:
    """Return what bound states at E_F add, beside what the scattering states give, as JSON.

    Parameters
    ----------
    iface : Interface
        Its own h_R is not used; its relaxation times weight the sources.
    h_R : float

    Returns
    -------
    dict
        "bound", per τ_b = 1: None without a ground state. "scattering": by source, and "total" weighted with
        the relaxation times. "ratio": |bound|/|total| of spin density and torque, None where the total is
        nothing but rounding or there is no ground state.
    """
    ground = ground_state(iface, h_R)
    spin, spin_error = scattering_density(iface, h_R)
    flows = exact_flows(Matching(), iface, np.array([h_R]), rtol=1e-8)
    torque = torque_from_flows(flows.total.value[0], iface.direction) * h_R
    torque_error = flows.total.error[0].max(axis=(-2, -1)) * 2 * abs(h_R)
    tau = np.array([iface.tau_N, iface.tau_up, iface.tau_down])
    total = {"spin": tau @ spin, "torque": tau @ torque}
    document: dict[str, Any] = {
        "h_R": h_R,
        "ground_state": ground.exists,
        "why": ground.why,
        "bound": None,
        "scattering": {
            source: {
                "spin": spin[i].tolist(),
                "spin_error": float(spin_error[i].max()),
                "torque": torque[i].tolist(),
                "torque_error": float(torque_error[i]),
            }
            for i, source in enumerate(SOURCES)
        },
        "total": {name: vector.tolist() for name, vector in total.items()},
        "ratio": {"spin": None, "torque": None},
    }
    if ground.exists:
        found = bound_density(iface, h_R)
        document["bound"] = {
            **{
                name.replace(", ", "_").replace(" ", "_"): found.row(name).tolist() for name in QUANTITIES[:5]
            },
            "states": float(found.values[5, 0]),
            "error": float(found.errors[:5].max()),
            "arcs": [{"p": list(arc.p), "ends": list(arc.ends)} for arc in found.arcs],
        }
        for name, vector in total.items():
            size = float(np.linalg.norm(vector))
            # Below that it is rounding: without magnetism there is no torque, without a spin-dependent wave
            # number no spin density of the scattering states.
            if size > NOTHING * largest_torque(iface):
                document["ratio"][name] = float(np.linalg.norm(found.row(name))) / size
    return document
