"""Exact torques of all k_⊥ by source: of one interface, planes of parameters, a model in two dimensions."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from sotcheck.engines import EXACT
from sotcheck.engines.matching import match
from sotcheck.engines.stack import outgoing
from sotcheck.exact.finite import measured
from sotcheck.exact.observables import complex_torque, torque_from_flows
from sotcheck.exact.solved import Solved
from sotcheck.numerics.arrays import Array, Complex
from sotcheck.numerics.convergence import richardson
from sotcheck.numerics.estimate import Estimate
from sotcheck.system.spin import IDENTITY, PAULI, dot_sigma, pauli_vector, spin_torque
from sotcheck.system.states import by_source

#: Relative quadrature error of points in figures.
FOR_FIGURES = 1e-8
#: Directions of k, each with the opposite one, that average harmonics up to the 23rd away.
DIRECTIONS = 0.3 + np.arange(24) * np.pi / 12
#: Nodes of the k_⊥ rule of a plane in each range between thresholds.
NODES = 53
#: The largest of two steps in h_R k_⊥, in units of the smallest eigenvalue of the matching matrix.
STEP = 1 / 256
#: Relative error of a slope from two steps: the next order, of which the extrapolation leaves a quarter.
STEPS = STEP**4
#: Problems solved at once.
BLOCK = 16384
#: A direction without symmetry: to first order the two components do not depend on it.
M = np.array([2.0, -1.0, 2.0]) / 3


def averaged(one: Solved) -> Estimate:
    """Return k_x t at the interface's own h_R, averaged over directions of k, (n, source, 3)."""
    iface = one.iface
    k_perp, angle, h_R = np.broadcast_arrays(one.k_perp[:, None], DIRECTIONS, iface.h_R)
    found = EXACT[one.engine].solve(iface.structure, k_perp, angle, h_R).flows
    weighted = (k_perp * np.cos(angle))[..., None, None, None] * found
    return measured(one, torque_from_flows(weighted.mean(axis=1), iface.direction))


class Points(NamedTuple):
    """Interfaces by parameter, arrays of one shape (p,); the model's names and units."""

    E_F: Array
    U_N: Array
    U_F: Array
    J: Array
    u_0: Array
    u_m: Array

    @classmethod
    def of(cls, **values: Array | float) -> Points:
        """Return points from arrays and numbers that broadcast; what is not given is zero."""
        arrays = np.broadcast_arrays(*(np.asarray(values.get(name, 0.0), float) for name in cls._fields))
        return cls(*(array.ravel() for array in arrays))

    @property
    def edges(self) -> Array:
        """k_⊥² at which N, the minority and the majority band close, shape (p, 3)."""
        bands = (self.U_N, self.U_F + self.J, self.U_F - self.J)
        return np.stack([self.E_F - edge for edge in bands], axis=-1)


def double_exponential(nodes: int) -> tuple[Array, Array, Array]:
    """Return s, 1 − s and weights on [0, 1], crowding at both ends down to 1e-18, both distances accurate.

    A delta of strength u changes states in a layer k_z ~ u: nodes on a logarithmic scale see all of them.
    """
    y, step = np.linspace(-3.3, 3.3, nodes, retstep=True)
    lower, upper = 1 / (1 + np.exp(-np.pi * np.sinh(y))), 1 / (1 + np.exp(np.pi * np.sinh(y)))
    return lower, upper, np.pi * np.cosh(y) * lower * upper * step


def linear_torque(points: Points, nodes: int = NODES) -> Estimate:
    """Return fieldlike + i dampinglike per h_R of every point by source, (p, 3)."""
    edges = points.edges
    bounds = np.sort(np.concatenate([np.zeros((len(edges), 1)), edges.clip(min=0)], axis=1), axis=1)
    lower, upper, weights = double_exponential(nodes)
    total = np.zeros((len(edges), 3), dtype=complex)
    for i in range(3):
        widths = bounds[:, i + 1] - bounds[:, i]
        chosen = np.flatnonzero(widths > 1e-12 * bounds[:, -1])
        for some in np.array_split(chosen, max(1, len(chosen) * nodes * 4 // BLOCK)):
            first, last, width = bounds[some, i], bounds[some, i + 1], widths[some]
            x = first[:, None] + width[:, None] * lower
            edge = edges[some][:, None]
            # Distances to a threshold at either end without cancellation.
            below = (edge - last[:, None, None]) + (width[:, None] * upper)[..., None]
            above = (edge - first[:, None, None]) - (width[:, None] * lower)[..., None]
            squares = np.where(edge >= last[:, None, None], below, above)
            found = _integrand(Points(*(array[some] for array in points)), np.sqrt(x), squares)
            total[some] += np.einsum("pns,n,p->ps", found, weights, width) / (4 * np.pi)
    return Estimate(total, {"steps": (STEPS * float(np.abs(total).max()), "two steps in h_R")})


def _integrand(points: Points, k_perp: Array, squares: Array) -> Complex:
    """Return −(1/4π)⟨k_x flow⟩ per h_R of flows (3) + (4) by source, shape (p, n, 3)."""
    wave = outgoing(squares)
    kz, Kz = wave[..., 0], wave[..., 1:]
    u_0, u_m = points.u_0[:, None], points.u_m[:, None]
    # Matching matrix without the Rashba term: minority and majority. It sets the scale of the steps.
    bands = 1j * (Kz + kz[..., None]) - np.stack([u_0 + u_m, u_0 - u_m], axis=-1)
    step = STEP * np.abs(bands).min(axis=-1)
    exchange = u_m[..., None, None] * dot_sigma(M)
    kappa_0 = u_0[..., None, None] * IDENTITY + exchange
    odd = []
    for strength in (step, step / 2):
        # k along x, where σ·(k×ẑ) = −k_⊥ σ_y; −h_R is the opposite k.
        sides = []
        for sign in (1.0, -1.0):
            kappa = kappa_0 - sign * strength[..., None, None] * PAULI[1]
            psi, (_, plus) = match(kz, Kz, kappa, M)
            taken = -spin_torque(exchange[..., None, :, :], by_source(psi, psi, M))
            sides.append(complex_torque(pauli_vector(by_source(plus, psi, M)).imag + taken, M))
        odd.append((sides[0] - sides[1]) / (2 * strength[..., None]))
    slope = (4 * odd[1] - odd[0]) / 3
    # The coefficient is linear in k: its average with k_x is half of k_⊥ times that at k along x.
    return -(k_perp**2)[..., None] * slope / (8 * np.pi)


#: Equidistant angles of k: the integrand is periodic and analytic.
CIRCLE = 2 * np.pi * (np.arange(48) + 0.3) / 48
ACROSS = np.stack([np.sin(CIRCLE), -np.cos(CIRCLE), 0 * CIRCLE], axis=-1)
#: α in units of √J, and the powers that its odd differences leave.
RUNGS = np.array([1.0, 0.5, 0.25, 0.125]) / 24
POWERS = (2, 4, 6)


@dataclass(frozen=True)
class Rashba2D:
    """The two-dimensional Rashba model, exactly in k: both bands occupied, E_F > J > 0, m not ∥ ŷ.

    H = k² + J σ·m + α σ·(k×ẑ). The current shifts each Fermi line, δf = τ k_x δ(E_F − E), and the torque is
    what the exchange field exerts on the spins of the shifted electrons.
    """

    E_F: float
    J: float
    m: Array

    def _fermi_line(self, alpha: float, band: int) -> tuple[Array, Array]:
        """Return k (angles,) and the direction of the total field (angles, 3) at E_F; band +1 is minority."""
        k = np.full(len(CIRCLE), np.sqrt(self.E_F - band * self.J))
        # k² = E_F ∓ |J m + α k n|, solved for k by iteration: the right-hand side hardly depends on k.
        for _ in range(60):
            field = self.J * self.m + alpha * k[:, None] * ACROSS
            k = np.sqrt(self.E_F - band * np.linalg.norm(field, axis=-1))
        field = self.J * self.m + alpha * k[:, None] * ACROSS
        return k, field / np.linalg.norm(field, axis=-1)[:, None]

    def torque(self, alpha: float) -> Complex:
        """Return fieldlike + i dampinglike per relaxation time of minority and majority, shape (2,)."""
        torques = []
        for band in (1, -1):
            k, direction = self._fermi_line(alpha, band)
            slope = 2 * k + band * alpha * np.einsum("ai,ai->a", ACROSS, direction)
            weight = k * np.cos(CIRCLE) * k / slope
            spin = (weight[:, None] * band * direction).mean(axis=0) / (2 * np.pi)
            torques.append(self.J * np.cross(self.m, spin))
        return complex_torque(np.array(torques), self.m)

    def linear_torque(self) -> Estimate:
        """Return the coefficient of α in `torque`, shape (2,)."""
        steps = RUNGS * np.sqrt(self.J)
        odd = np.array([(self.torque(a) - self.torque(-a)) / (2 * a) for a in steps])
        return richardson(odd, POWERS, 1e-15 * self.E_F / steps[:, None]).shared(0)

    def polarization(self, tau_up: float, tau_down: float) -> float:
        """Return (j↑ − j↓)/(j↑ + j↓) of the charge current at α = 0, from the same shifted Fermi lines."""
        down, up = (
            tau * float((k**2 * np.cos(CIRCLE) ** 2).mean())
            for tau, k in ((tau_down, self._fermi_line(0.0, 1)[0]), (tau_up, self._fermi_line(0.0, -1)[0]))
        )
        return (up - down) / (up + down)
