"""What bound states at E_F add to the spin density at the interface, and to the torque.

The density of states at z = 0 is ρ(E) = (1/4π) Σ_in ψψ† from scattering states of unit flux Im[ψ†∂_zψ] = 1
(velocity 2k_z, so that an energy interval holds dE/4πk_z of them), plus δ(E − E_b) ψ_bψ_b† from a bound state
with ∫|ψ_b|²dz = 1. The convention of t, −(1/4π) ∫d²k/(2π)² k_x Σ_in …, is −∫d²k/(2π)² k_x Tr[… ρ(E_F)]; a
bound state, whose distribution is shifted alike with a relaxation time τ_b of its own, adds

    s_b = −∫ d²k/(2π)² k_x δ(E_b(k) − E_F) ψ_b†σψ_b        (τ_b = 1).

With δ(E_b − E_F)|ψ_b(0)|² = δ(λ) (see `contour`) and 0 = A + v·σ on the unit spinor ψ̂, v = B m + w n:
ψ̂†σψ̂ = −v/A. In a stationary bound state no spin flows away: the torque on the magnetization, of the bulk
−J∫m×ψ†σψ dz and of the interface −u_m m×ψ†σψ(0), is what the lattice adds, w n×ψ†σψ(0).

The shift by k_x, as for the scattering states, takes k_x for half the velocity. That of a bound state is
½∂E_b/∂k_x = k_x − (h_R/2) ψ_b†σ_yψ_b; both are returned.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from sotcheck.bound.contour import Contour, Integral
from sotcheck.bound.fermi import ground_state, why_unbounded
from sotcheck.bound.states import mean_and_split, norm
from sotcheck.engines import Matching
from sotcheck.errors import EngineError
from sotcheck.exact.observables import exact_flows, largest_torque, torque_from_flows
from sotcheck.numerics.arrays import Array
from sotcheck.numerics.estimate import Estimate
from sotcheck.numerics.quadrature import sum_over_k
from sotcheck.numerics.two_by_two import cross
from sotcheck.system.interface import SOURCES, Interface
from sotcheck.system.spin import pauli_vector

#: What is integrated along the contour, in the unit and with the prefactor of t, per τ_b: the spin density at
#: z = 0 (unit: wave vector²), the torque from the Rashba term and from the exchange field (wave vector³), the
#: first two with the velocity in place of k_x, ∫d²k/(2π)² δ(E_b − E_F) in the first component, and what u_m
#: takes of the torque from the exchange field.
QUANTITIES = (
    "spin", "torque", "exchange torque", "spin, velocity", "torque, velocity", "states", "interface torque",
)  # fmt: skip
#: Totals smaller than this, relative to the natural scale of t, are none.
NOTHING = 1e-12
#: Relative errors of torques that only serve to say how much bound states carry.
ROUGHLY = 1e-2


class SpinDensity(Integral):
    """What bound states along the contour carry."""

    def integrands(self, stiffness: Array, p: Array, theta: Array) -> Array:
        """Return the rows of `QUANTITIES`."""
        m, u_m, n, k_x = self.iface.direction, self.iface.u_m, self.n(theta), self.k_x(p, theta)
        A, B = (one[:, None] for one in mean_and_split(self.iface, stiffness))
        w, across = self.w(p)[:, None], cross(m, n.T).T
        spin = -(B * m + w * n) / A
        size = norm(stiffness, spin @ m)
        velocity = k_x - self.h_R / 2 * spin[:, 1] / size
        # w n×s and m×s without n×n and m×m, which would be rounding where all spin is along one of them.
        lattice, precession = w * B / A * across, -w / A * across
        exchange = -(self.iface.J / (stiffness[1] + stiffness[2]) + u_m)[:, None] * precession
        rows = [k_x[:, None] * row for row in (spin, lattice, exchange)]
        rows += [velocity[:, None] * row for row in (spin, lattice)]
        rows += [np.outer(-size, [1, 0, 0]), -u_m * k_x[:, None] * precession]
        return -np.stack(rows, axis=1) / (4 * np.pi**2)


def bound_density(iface: Interface, h_R: float, *, rtol: float = 1e-10) -> dict[str, Estimate]:
    """Integrate along the contour E_b(k) = E_F: `QUANTITIES` by name, shape (3,) each.

    `rtol`: wanted change by the last doubling of nodes, relative to the largest component of each quantity.
    An EngineError says that there is no ground state at h_R, and so no Fermi sea.
    """
    if why := why_unbounded(iface, h_R):
        raise EngineError(
            f"h_R = {h_R:g}: no ground state exists ({why}), so no state can be filled up to E_F; "
            "choose |h_R| < 2"
        )
    return along_contour(iface, h_R, rtol)


def along_contour(iface: Interface, h_R: float, rtol: float) -> dict[str, Estimate]:
    """Return the same where there is a ground state."""
    contour = SpinDensity(iface, h_R)
    arcs = contour.arcs()
    zero = Estimate(np.zeros((len(QUANTITIES), 3)))
    found = sum((contour.integral(arcs, i, rtol) for i in range(len(arcs))), zero)
    return {name: found[i] for i, name in enumerate(QUANTITIES)}


def scattering_density(iface: Interface, h_R: float, *, rtol: float = 1e-8) -> Estimate:
    """Return −(1/4π) ∫d²k/(2π)² k_x Σ_in ψ†σψ at z = 0 by source, shape (3, 3)."""
    solver = Matching()

    def integrand(x: Array, angles: Array) -> Array:
        k_perp, angle, h = np.broadcast_arrays(np.sqrt(x)[:, None], angles, np.array(h_R))
        spin = pauli_vector(solver.solve(iface.structure, k_perp, angle, h).density).real
        values = -(k_perp * np.cos(angle))[..., None, None] * spin / (4 * np.pi)
        paired: Array = (values + np.roll(values, len(angles) // 2, axis=1)) / 2
        return paired

    floor = 8 * float(np.finfo(float).eps) * largest_torque(iface)
    return sum_over_k(integrand, iface.thresholds(), rtol, floor).total


def bound_share(
    iface: Interface, h_R: float, scattering: Array | None = None, bound: Array | None = None
) -> float | None:
    """Return |t| of bound states over |t| of all scattering states, for equal relaxation times.

    Infinite where scattering states give nothing but rounding, None where bound states do not either; an
    EngineError if there is no ground state. `scattering`, `bound`: the sum of the sources' t, and that of
    bound states, (3,), where they are known.
    """
    if bound is None:
        bound = bound_density(iface, h_R, rtol=ROUGHLY)["torque"].value
    # The largest numbers of a system file would overflow when squared.
    carried = math.hypot(*bound)
    if scattering is None:
        flows = exact_flows(Matching(), iface, np.array([h_R]), rtol=ROUGHLY)
        scattering = h_R * torque_from_flows(flows.total.value[0].sum(axis=0), iface.direction)
    size = math.hypot(*scattering)
    # Without magnetism there is no torque but rounding.
    nothing = NOTHING * largest_torque(iface) * abs(h_R)
    if carried <= nothing:
        return None
    return carried / size if size > nothing else np.inf


def bound_spin_density(iface: Interface, h_R: float) -> dict[str, Any]:
    """Return what bound states at E_F add, beside what the scattering states give, as JSON.

    "bound", per τ_b = 1: None without a ground state. "scattering": by source, and "total" weighted with the
    relaxation times. "ratio": |bound|/|total| of spin density and torque, None where the total is nothing but
    rounding or there is no ground state.
    """
    ground = ground_state(iface, h_R)
    found = bound_density(iface, h_R) if ground.exists else None
    spin = scattering_density(iface, h_R)
    flows = exact_flows(Matching(), iface, np.array([h_R]), rtol=1e-8).total[0]
    torque = torque_from_flows(flows.value, iface.direction) * h_R
    torque_error = flows.error.max(axis=(-2, -1)) * 2 * abs(h_R)
    tau = np.array([iface.tau_N, iface.tau_up, iface.tau_down])
    total = {"spin": tau @ spin.value, "torque": tau @ torque}
    bound, ratio = None, dict.fromkeys(total)
    if found:
        some = {name.replace(", ", "_").replace(" ", "_"): found[name] for name in QUANTITIES[:5]}
        bound = {name: one.value.tolist() for name, one in some.items()} | {
            "states": float(found["states"].value[0]),
            "error": max(one.total for one in some.values()),
            "arcs": [arc._asdict() for arc in Contour(iface, h_R).arcs()],
        }
        sizes = {name: float(np.linalg.norm(vector)) for name, vector in total.items()}
        # Below that it is rounding: without magnetism there is no torque, without a spin-dependent wave
        # number no spin density of the scattering states.
        nothing = NOTHING * largest_torque(iface)
        ratio = {
            name: float(np.linalg.norm(found[name].value)) / size if size > nothing else None
            for name, size in sizes.items()
        }
    return {
        "h_R": h_R,
        "ground_state": ground.exists,
        "why": ground.why,
        "bound": bound,
        "scattering": {
            source: {
                "spin": spin.value[i].tolist(),
                "spin_error": spin[i].total,
                "torque": torque[i].tolist(),
                "torque_error": float(torque_error[i]),
            }
            for i, source in enumerate(SOURCES)
        },
        "total": {name: vector.tolist() for name, vector in total.items()},
        "ratio": ratio,
    }
