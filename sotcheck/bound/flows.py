"""The flows of bound states at E_F by either engine: a source of its own.

In a stationary bound state nothing arrives at z = −0, and what the lattice adds, w n×ψ†σψ, goes to the bulk's
exchange field and to the interface's.

By Kwant's self-energies: where all leads are closed at E_F, h/2 + Σ of N and of F is their stiffness. Only
where to look for an arc is taken from the matching condition; each point of it is Kwant's.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.polynomial.chebyshev import chebpts1

from sotcheck.bound.contour import DOUBLED, EPSILON, NARROW, Arc, Contour, Integral, Range, converged, room
from sotcheck.bound.kwant_states import SPINS, closed_leads
from sotcheck.bound.spin_density import ROUGHLY, along_contour, bound_density
from sotcheck.bound.states import depths, k_max, mean_and_split
from sotcheck.engines import Engine
from sotcheck.errors import EngineError
from sotcheck.numerics.arrays import Array, Complex
from sotcheck.numerics.estimate import Estimate
from sotcheck.system.interface import Interface
from sotcheck.system.spin import dot_sigma, in_spin_bands, pauli_vector

#: Degree of the polynomials in p that stand for Kwant's self-energies on a ring, and a lower one.
DEGREES = (30, 24)
#: Rounding error of Kwant's self-energies relative to the largest wave number, in units of ε (coarse chain).
KWANT_DIGITS = 256.0
#: Smallest √(k_⊥² − k_max²) at which Kwant is asked, in units of 1/spacing, or of k_max.
NEAREST = 1e-5
#: Most nodes on an arc: Kwant's self-energies cost half a millisecond each.
MOST_NODES = 256
#: Relative change of the interface by which rounding is carried on to the flows.
STEP = 1e-6


def bound_flows(engine: Engine, iface: Interface, h_R: float, rtol: float) -> Estimate:
    """Return the flows of bound states at E_F by an exact engine, with the prefactor of t, per τ_b, (4, 3).

    In the order of `observables.FLOWS`, with errors "quadrature" and "rounding" of any component; unit: wave
    vector³. By integration along the contour E_b(k) = E_F, with Kwant's self-energies where the engine has a
    lattice: finite differences have its spacing, the exact-difference chain spacings of its own.

    `h_R`: with bound states at E_F, and a sea that ends; the interface's own is not used. `rtol`: wanted
    quadrature error, relative to the largest component of each flow. An EngineError says that there is no
    ground state at h_R, or that Kwant cannot solve a chain.
    """
    contour: Contour = Contour(iface, h_R)
    arcs = contour.arcs()
    scale = max(np.hypot(k_max(iface), arc.p[1]) for arc in arcs) + abs(iface.u_0) + abs(iface.u_m)
    if engine.scheme:
        contour = chain = Chain(iface, h_R, engine.effective_spacing(iface.structure) or None)
        resolved = [i for i, arc in enumerate(arcs) if not unresolved(iface, arc)]
        found = sum((chain.integral(arcs, i, rtol) for i in resolved), Estimate(np.zeros(12)))
        value, error = found.value.reshape(4, 3), found.total + _left_out(iface, h_R, arcs)
    else:
        value, error = _continuum_flows(bound_density(iface, h_R, rtol=rtol))
    # Errors of decay constants act as those of u_0 do.
    step, enough = STEP * scale, ROUGHLY * STEP
    known = not engine.scheme and rtol <= enough
    here = value if known else _continuum_flows(bound_density(iface, h_R, rtol=enough))[0]
    moved = iface.with_(u_0=iface.u_0 - step)
    there = _continuum_flows(along_contour(moved, h_R, enough))[0]
    rounding = contour.rounding * scale * float(np.abs(there - here).max()) / step
    carried = (rounding, "double precision, carried on to the contour")
    return Estimate(value, {"quadrature": (error, DOUBLED), "rounding": carried})


def _continuum_flows(found: dict[str, Estimate]) -> tuple[Array, float]:
    lattice, exchange, interface = (found[name] for name in ("torque", "exchange torque", "interface torque"))
    values = [np.zeros(3), exchange.value - interface.value, lattice.value, interface.value]
    return np.stack(values), max(one.total for one in (lattice, exchange, interface))


def _left_out(iface: Interface, h_R: float, arcs: list[Arc]) -> float:
    """Return how large flows of arcs that Kwant cannot resolve can be: |h_R k_x k_⊥| |ψ(0)|² a state.

    So near to the band edge most of a state is its slowest tail: |ψ(0)|² is about 2p.
    """
    p = max((arc.p[1] for arc in arcs if unresolved(iface, arc)), default=0.0)
    if p == 0.0:
        return 0.0
    states = abs(float(bound_density(iface, h_R, rtol=ROUGHLY)["states"].value[0]))
    return abs(h_R) * float(k_max(iface) ** 2 + p**2) * 4 * p * states


def unresolved(iface: Interface, arc: Arc) -> bool:
    """Return whether an arc lies so near to the band edge that Kwant's self-energies tell nothing of it."""
    return arc.p[1] < (1e-3 if arc.p[0] == 0.0 else 1e-4) * k_max(iface)


@dataclass(frozen=True)
class Chain(Integral):
    """The contour on one kind of chain, of finite differences where a `spacing` is given.

    Without one it is the exact-difference chain, with spacings of its own. `on_ring`: polynomials in p that
    stand for the stiffness.
    """

    spacing: float | None = None
    on_ring: Any = None

    def stiffness(self, p: Array) -> Array:
        """Return h/2 + Σ, or what stands for it."""
        return np.asarray(self.on_ring(p)) if self.on_ring else self.by_kwant(p)

    def slope(self, p: Array) -> Array:
        """Return the derivative of the polynomials that stand for the stiffness."""
        return np.asarray(self.on_ring.derivative(p))

    def by_kwant(self, p: Array) -> Array:
        """Return h/2 + Σ from Kwant."""
        # Closer to the band edge Kwant loses digits, and nothing is lost: the measure goes with p.
        p = np.maximum(p, NEAREST * (1 / self.spacing if self.spacing else k_max(self.iface)))
        return closed_leads(depths(self.iface, p), self.spacing)[0]

    def squared(self, arc: Arc, u: Array, p: Array, stiffness: Array) -> tuple[Array, Array]:
        """Return (along sin θ)² and its rounding error: at an end it is a difference of what Kwant rounds."""
        (A, _), (level, along) = mean_and_split(self.iface, stiffness), self.determinant(stiffness, p)
        rounded = self.rounding * (2 * A**2 + 2 * self.w(p) ** 2) * 2 * np.abs(along)
        squared = np.maximum((along - level) * (along + level), rounded)
        return squared, rounded / squared

    def integrands(self, stiffness: Array, p: Array, theta: Array) -> Array:
        """Return −k_x/4π² times the four flows per |ψ_0|² = 1, shape (n, 12)."""
        # N's is the same for both spins.
        in_N, in_F = (in_spin_bands(stiffness.T[:, s] + 0j, self.iface.direction) for s in SPINS)
        lattice = dot_sigma(self.w(p)[:, None] * self.n(theta))
        values, vectors = np.linalg.eigh(in_N + in_F + self.iface.kappa_0() + lattice)
        psi = vectors[np.arange(len(p)), :, np.abs(values).argmin(axis=-1)]
        density: Complex = psi[:, :, None] * psi[:, None, :].conj()
        taken = np.broadcast_to(-self.iface.interface_exchange(), in_N.shape)
        found = pauli_vector(np.stack([in_N, -in_F, lattice, taken], axis=1) @ density[:, None]).imag
        return -self.k_x(p, theta)[:, None] * found.reshape(-1, 12) / (4 * np.pi**2)

    @property
    def rounding(self) -> float:
        """Relative rounding error of the self-energies, which grows as 1/(k_⊥a)² on a fine lattice."""
        phase = 1.0 if self.spacing is None else k_max(self.iface) * self.spacing
        return KWANT_DIGITS * EPSILON / min(1.0, phase**2)

    def integral(self, arcs: list[Arc], i: int, rtol: float) -> Estimate:
        """Integrate along one arc of several; on a ring, polynomials of two degrees tell their error."""
        arc, between = arcs[i], room(arcs, i)
        if arc.narrow_ring(NARROW):
            fine, coarse = (
                converged(self.interpolated(between, degree).around(between), rtol) for degree in DEGREES
            )
            return fine.and_("quadrature", np.abs(fine.value - coarse.value), DOUBLED)
        # Kwant's own ends lie between two p around the arc.
        middle = (arc.p[0] + arc.p[1]) / 2
        lower, upper = (
            self.end(side, (middle, beyond)) if side else at
            for side, beyond, at in zip(arc.ends, between, arc.p, strict=True)
        )
        return converged(self.across(Arc((lower, upper), arc.ends)), rtol, MOST_NODES)

    def interpolated(self, between: Range, degree: int) -> Chain:
        """Return a chain with polynomials in p between two others for Kwant's values."""
        from scipy.interpolate import BarycentricInterpolator

        p = (between[0] + between[1]) / 2 + (between[1] - between[0]) / 2 * chebpts1(degree + 1)
        return replace(self, on_ring=BarycentricInterpolator(p, self.by_kwant(p), axis=-1))

    def end(self, side: int, between: Range) -> float:
        """Return p at which a state with k×ẑ (anti)parallel to m's in-plane part is at E_F."""
        from scipy.optimize import brentq

        determinant = self.at(side)
        if determinant(np.array(between)).prod() > 0:
            raise self.nothing_there(between)
        return float(brentq(determinant, *between, xtol=1e-300, rtol=1e-15))

    def nothing_there(self, between: Range) -> EngineError:
        """Return the error that a state which the matching condition has is not there."""
        remedy = "use exact differences" if self.spacing is None else f"use a spacing below {self.spacing:g}"
        found = super().nothing_there(between)
        return EngineError(f"Kwant has {found}, where the continuum has; {remedy}")
