"""The flows of bound states at E_F from Kwant's self-energies, along the contour of states at E_F.

Where all leads are closed at E_F, ψ_0 obeys M ψ_0 = 0 with M = (h_N/2 + Σ_N) + (h_F/2 + Σ_F) + κ̂, and
(h/2 + Σ) ψ_0 = −∂ψ outwards. The leads know nothing of the in-plane angle, so that with M = A + (V + w n)·σ,
n along k×ẑ and w = h_R k_⊥, the determinant A² − V² − w² − 2w V·n is linear in n. Each state counts with
δ(E_b − E_F)/∫|ψ|² = δ(λ) of the eigenvalue λ that vanishes, for ∂λ/∂E is minus the norm of the state whose
spinor at z = 0 is of length one; and δ(λ) = 2|A| δ(det M).

Only where to look for an arc is taken from the matching condition; each point of it is Kwant's.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import NoReturn

import numpy as np
from numpy.polynomial import chebyshev
from scipy.optimize import brentq
from scipy.special import roots_legendre

from sotcheck.bound.chains import Problems, difference_blocks, exact_blocks, self_energies
from sotcheck.bound.contour import Arc, fermi_contour, k_max
from sotcheck.bound.lattice import LEAK
from sotcheck.bound.spin_density import converged, summed
from sotcheck.errors import EngineError
from sotcheck.numerics.arrays import Array, Complex
from sotcheck.system.interface import Interface
from sotcheck.system.spin import dagger, dot_sigma, pauli_vector

#: Arcs around k = 0 narrower than this, relative to their p, are followed by angle instead of p.
NARROW = 0.2
#: Degree of the polynomials in p that stand for Kwant's self-energies beside such an arc, and a higher one.
DEGREES = (24, 30)
#: Their range reaches this factor beyond the arc on both sides, if no other arc comes first.
BEYOND = 1.5

#: Rounding error of Kwant's self-energies relative to the largest wave number, in units of ε (coarse chain).
KWANT_DIGITS, EPSILON = 32.0, float(np.finfo(float).eps)
#: Smallest √(k_⊥² − k_max²) at which Kwant is asked, in units of 1/spacing, or of k_max.
NEAREST = 1e-5
#: Most nodes on an arc: Kwant's self-energies cost half a millisecond each.
MOST_NODES = 256


@dataclass(frozen=True)
class Chain:
    """Bound states of one interface at one h_R on one kind of chain.

    Attributes
    ----------
    iface : Interface
        Its own h_R is not used.
    h_R : float
    spacing : float or None
        Of finite differences; None for the exact-difference chain, with spacings of its own.
    """

    iface: Interface
    h_R: float
    spacing: float | None

    def stiffness(self, p: Array) -> Array:
        """Return h/2 + Σ of N and of F in components 1, x, y, z, shape (n, 2, 4), from Kwant.

        p = √(k_⊥² − k_max²), shape (n,).

        Raises
        ------
        EngineError
            If Kwant's self-energy is not Hermitian: p is too close to a band edge.
        """
        n = len(p)
        # Closer to the band edge Kwant loses digits, and nothing is lost: the measure goes with p.
        p = np.maximum(p, NEAREST * (1 / self.spacing if self.spacing else k_max(self.iface)))
        problems = Problems.of([self.iface] * n, np.hypot(k_max(self.iface), p), np.zeros(n), np.zeros(n))
        if self.spacing is None:
            blocks, _ = exact_blocks(problems, p)
        else:
            depth = (p**2)[:, None] + problems.bands - problems.bands.min(axis=-1, keepdims=True)
            blocks = difference_blocks(problems, -depth, self.spacing)
        _, *sigma = self_energies(blocks)
        both = np.stack([h / 2 + s for h, s in zip(blocks.onsite, sigma, strict=True)], axis=1)
        leak = np.abs(both - dagger(both)).max(axis=(1, 2, 3)) / np.abs(both).max(axis=(1, 2, 3))
        if leak.max() > LEAK:
            raise EngineError(
                f"Kwant's self-energy is not Hermitian outside the bands ({leak.max():.1e} of it; accepted "
                f"{LEAK:g}): p = {p[leak.argmax()]:.3g} is too close to a band edge"
            )
        trace = np.trace(both, axis1=-2, axis2=-1)[..., None]
        return np.concatenate([trace, pauli_vector(both)], axis=-1).real / 2

    def refuse_arc(self, between: tuple[float, float]) -> NoReturn:
        """Raise that a state which the matching condition has is not there."""
        where = f"between sqrt(k_perp^2 - k_max^2) = {min(between):.4g} and {max(between):.4g}"
        remedy = "use exact differences" if self.spacing is None else f"use a spacing below {self.spacing:g}"
        raise EngineError(f"Kwant has no bound state at E_F {where}, where the continuum has; {remedy}")

    def w(self, p: Array) -> Array:
        """Return h_R k_⊥."""
        return self.h_R * np.hypot(k_max(self.iface), p)

    def parts(self, stiffness: Array, p: Array) -> tuple[Array, Array, Array]:
        """Return A, A² − V² − w², and 2w V·e, where e is the unit vector along m's in-plane part."""
        m = self.iface.direction
        total = stiffness.sum(axis=-2)
        A, V = total[..., 0] + self.iface.u_0, total[..., 1:] + self.iface.u_m * m
        w, along = self.w(p), V[..., :2] @ (np.cos(self.axis), np.sin(self.axis))
        length = np.linalg.norm(V, axis=-1)
        return A, (A - length) * (A + length) - w**2, 2 * w * along

    @property
    def rounding(self) -> float:
        """Relative rounding error of the self-energies, which grows as 1/(k_⊥a)² on a fine lattice."""
        phase = 1.0 if self.spacing is None else k_max(self.iface) * self.spacing
        return KWANT_DIGITS * EPSILON / min(1.0, phase**2)

    @property
    def axis(self) -> float:
        """Angle of m's in-plane part from x."""
        return float(np.arctan2(self.iface.m[1], self.iface.m[0]))

    def flows(self, stiffness: Array, p: Array, theta: Array) -> Array:
        """Return −k_x/4π² times the four flows per |ψ_0|² = 1 of the states at p and θ, shape (n, 4, 3).

        θ: angle of k×ẑ from m's in-plane part.
        """
        angle = self.axis + theta
        n = np.stack([np.cos(angle), np.sin(angle), 0 * angle], axis=-1)
        in_N, in_F = np.moveaxis(stiffness[..., :1, None] * np.eye(2) + dot_sigma(stiffness[..., 1:]), 1, 0)
        lattice = dot_sigma(self.w(p)[:, None] * n)
        matrix = in_N + in_F + self.iface.kappa_0() + lattice
        values, vectors = np.linalg.eigh(matrix)
        psi = vectors[np.arange(len(p)), :, np.abs(values).argmin(axis=-1)]
        density: Complex = psi[:, :, None] * psi[:, None, :].conj()
        taken = np.broadcast_to(-self.iface.interface_exchange(), in_N.shape)
        found = pauli_vector(np.stack([in_N, -in_F, lattice, taken], axis=1) @ density[:, None]).imag
        # k×ẑ is k turned by −90°: k_x = −k n_y.
        k_x = -np.hypot(k_max(self.iface), p) * n[:, 1]
        return np.asarray(-k_x[:, None, None] * found / (4 * np.pi**2))


def lattice_flows(chain: Chain, rtol: float) -> tuple[Array, Array]:
    """Return the flows of bound states at E_F by Kwant, and their errors.

    Parameters
    ----------
    chain : Chain
        Of an interface with bound states at E_F, and a sea that ends.
    rtol : float
        Wanted change by the last doubling of nodes, relative to the largest component of all flows.

    Returns
    -------
    flows, errors : array (4, 3)
        Without arcs that are `unresolved`.

    Raises
    ------
    EngineError
        If Kwant cannot solve a chain, or an arc of the contour is not there.
    """
    arcs = fermi_contour(chain.iface, chain.h_R)
    value, error = np.zeros(12), np.zeros(12)
    for i, arc in enumerate(arcs):
        if unresolved(chain.iface, arc):
            continue
        before = arcs[i - 1].p[1] if i else 0.0
        after = arcs[i + 1].p[0] if i + 1 < len(arcs) else np.inf
        ends = (
            max((before + arc.p[0]) / 2, arc.p[0] / BEYOND),
            min((arc.p[1] + after) / 2, arc.p[1] * BEYOND),
        )
        part = _around(chain, ends, rtol) if _narrow_ring(arc) else _across(chain, arc, ends, rtol)
        value, error = value + part[0], error + part[1]
    return value.reshape(4, 3), error.reshape(4, 3)


def unresolved(iface: Interface, arc: Arc) -> bool:
    """Return whether an arc lies so near to the band edge that Kwant's self-energies tell nothing of it."""
    return arc.p[1] < (1e-3 if arc.p[0] == 0.0 else 1e-4) * k_max(iface)


def _narrow_ring(arc: Arc) -> bool:
    return arc.encircles and arc.p[1] - arc.p[0] < NARROW * arc.p[1]


def _around(chain: Chain, ends: tuple[float, float], rtol: float) -> tuple[Array, Array]:
    """Integrate over the angle: ∫p dθ 2|A|/|∂det/∂p|, with polynomials in p from Kwant's values."""
    fine, coarse = (converged(_ring(chain, ends, degree), rtol) for degree in DEGREES[::-1])
    return fine[0], fine[1] + np.abs(fine[0] - coarse[0])


def _ring(chain: Chain, ends: tuple[float, float], degree: int) -> Callable[[int], Array]:
    """Return the rule over n angles; p is the root between `ends` at each."""
    from scipy.optimize.elementwise import find_root

    middle, half = (ends[0] + ends[1]) / 2, (ends[1] - ends[0]) / 2
    x = chebyshev.chebpts1(degree + 1)
    p = middle + half * x
    stiffness = chain.stiffness(p)
    columns = [stiffness.reshape(-1, 8), *(part[:, None] for part in chain.parts(stiffness, p))]
    series = chebyshev.chebfit(x, np.concatenate(columns, axis=1), degree)
    slopes = chebyshev.chebder(series[:, 9:]) / half

    def determinant(x: Array, c: Array) -> Array:
        level, along = chebyshev.chebval(x, series[:, 9:])
        return np.asarray(level - along * c)

    def rule(n: int) -> Array:
        theta = 2 * np.pi * np.arange(n) / n
        c = np.cos(theta)
        root = find_root(determinant, (np.full(n, -1.0), np.full(n, 1.0)), args=(c,))
        if not np.all(root.success):
            chain.refuse_arc(ends)
        *values, A = chebyshev.chebval(root.x, series[:, :9])
        level, along = chebyshev.chebval(root.x, slopes)
        p = middle + half * root.x
        measure = 2 * np.abs(A) * p / np.abs(level - along * c) * 2 * np.pi / n
        flows = chain.flows(np.moveaxis(np.array(values).reshape(2, 4, n), -1, 0), p, theta)
        return summed(measure, flows.reshape(n, 12))

    return rule


def _across(chain: Chain, arc: Arc, ends: tuple[float, float], rtol: float) -> tuple[Array, Array]:
    """Integrate over p, where both mirror images count: ∫p dp 2|A|/|2w V·e sin θ| at each.

    Inverse square roots at the ends are taken away by p = middle + half · sin u. There the determinants at
    θ = 0 and π, whose product is −(2w V·e sin θ)², are differences of what Kwant rounds.
    """
    noises: list[float] = []
    middle = (arc.p[0] + arc.p[1]) / 2
    lower, upper = (
        _end(chain, side, (middle, end)) if side else at
        for side, end, at in zip(arc.ends, ends, arc.p, strict=True)
    )

    def rule(n: int) -> Array:
        x, weights = roots_legendre(n)
        u = x * np.pi / 2
        p = (lower + upper) / 2 + (upper - lower) / 2 * np.sin(u)
        stiffness = chain.stiffness(p)
        A, level, along = chain.parts(stiffness, p)
        # The determinant vanishes at cos θ = level/along.
        rounded = chain.rounding * (2 * A**2 + 2 * chain.w(p) ** 2) * 2 * np.abs(along)
        squared = np.maximum((along - level) * (along + level), rounded)
        root = np.sqrt(squared)
        theta = np.arctan2(root, level * np.sign(along))
        measure = 2 * np.abs(A) * p / root * (upper - lower) / 2 * np.cos(u) * weights * np.pi / 2
        flows = np.stack([chain.flows(stiffness, p, side * theta).reshape(n, 12) for side in (1, -1)])
        noises.append(float((measure * rounded / squared * np.abs(flows).max(axis=(0, 2))).sum()))
        return summed(np.concatenate([measure, measure]), flows.reshape(2 * n, 12))

    value, error = converged(rule, rtol, MOST_NODES)
    return value, error + noises[-1]


def _end(chain: Chain, side: int, between: tuple[float, float]) -> float:
    """Return p at which a state with k×ẑ (anti)parallel to m's in-plane part is at E_F."""

    def determinant(p: float) -> float:
        _, level, along = chain.parts(chain.stiffness(np.array([p])), np.array([p]))
        return float((level - side * along)[0])

    if determinant(between[0]) * determinant(between[1]) > 0:
        chain.refuse_arc(between)
    return float(brentq(determinant, *between, xtol=1e-300, rtol=1e-15))
