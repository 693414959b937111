"""From scattering states to spin flows at the interface, and from k_⊥ sums to the torque."""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache

import numpy as np

from sotcheck.engines import Engine
from sotcheck.engines.determinant import kinks_of
from sotcheck.engines.matching import Matching
from sotcheck.engines.narrow import narrow_flows
from sotcheck.engines.poles import x_of
from sotcheck.exact.inside import flows_of
from sotcheck.exact.over_k import sum_over_k_and_angle
from sotcheck.exact.side_by_side import ERROR_ANGLES, ERROR_NODES, FLOOR, matched_errors, matched_flows
from sotcheck.numerics.angles import NESTED, Sum
from sotcheck.numerics.arrays import Array, Complex, Mask
from sotcheck.numerics.convergence import richardson
from sotcheck.numerics.estimate import Estimate, side_by_side
from sotcheck.numerics.quadrature import gauss
from sotcheck.system.interface import Interface
from sotcheck.system.many import Many
from sotcheck.system.model import System

#: Flows of spin in the order of the `flow` axis: (1) arrives at z = −0, (3) leaves at +0, the lattice adds,
#: which is minus (2), what it takes; and (4) goes to the magnetism of the interface.
FLOWS = ("spin_current_minus", "spin_current_plus", "lattice", "interface")
MINUS, PLUS, LATTICE, INTERFACE = range(4)
#: How the error of an extrapolation over spacings is found.
LAST_STEP = "last step of Richardson's table"


def exact_flows(engine: Engine, system: System, h_R: Array, *, rtol: float, most: int | None = None) -> Sum:
    """Return the k_⊥-summed flows divided by h_R, in the unit of t: −(1/4π) ∫ d²k_⊥/(2π)² k_x Σ_in ….

    Shape (segments, n, 3, 4, 3): segment, h_R, source, flow, spin; of a stack the flow axis goes on as in
    `flows_of`, and k_x is that over the mass of the source. h_R (n,), or the scale of all spin-orbit terms of
    a stack, is used instead of the system's; zero gives zero torque and is not divided by. The quadrature
    error wanted is relative to the largest component; after `most` problems, by default what suits the
    engine, nothing is refined any more.
    """
    h_R = np.asarray(h_R, dtype=float)
    structure = system.structure
    rungs = engine.rungs(structure)
    if len(rungs) > 1:
        return _extrapolated([exact_flows(rung, system, h_R, rtol=rtol) for rung in rungs])
    divisor = np.where(h_R == 0, 1.0, h_R)[:, None, None, None]
    masses = np.array(system.masses)[[0, 1, 1], None, None]

    factor = -1 / (4 * np.pi * divisor * masses)
    most = engine.most_problems if most is None else most
    floor = FLOOR * largest_torque(system) / np.abs(divisor).min()
    # The finite-difference chain is a continuum problem too, of other wave numbers: its poles lie elsewhere.
    spacing = engine.effective_spacing(structure)
    each: list[Sum] = []
    if isinstance(system, Interface) and type(engine) is Matching:
        found = matched_flows(Many.of([system] * len(h_R), h_R[:, None]), rtol, most)
        if len(h_R) == 1 and found.exact[0]:
            return found.sum_of(0)
        if len(h_R) > 1:
            each = [
                found.sum_of(n) if good else exact_flows(engine, system, h_R[n : n + 1], rtol=rtol, most=most)
                for n, good in enumerate(found.exact)
            ]
    elif len(h_R) > 1 and kinks_of(structure, h_R).size:
        # Each h_R has kinks at angles of its own: those of one would cost the others time.
        each = [exact_flows(engine, system, h, rtol=rtol, most=most) for h in h_R[:, None]]
    if each:
        most_of = {name: max(getattr(one, name) for one in each) for name in ("angles", "nodes")}
        return replace(each[0], by_segment=side_by_side([one.by_segment for one in each], axis=1), **most_of)

    def flows(k_perp: Array, angles: Array) -> Array:
        return flows_of(engine, structure, k_perp, angles, h_R)

    def narrow(segment: tuple[float, float], angles: Array, poles: Complex) -> tuple[Array, Array, Mask]:
        some = np.argwhere(~np.isnan(poles))
        x, (at, lane) = x_of(segment, poles[tuple(some.T)]), some[:, :2].T
        # At θ = 0 but for rounding: still a place, if one beyond doubles.
        x = np.maximum(x.real, np.finfo(float).tiny) + 1j * x.imag
        flows, off = narrow_flows(structure, x, angles[at], h_R[lane])
        by_itself = np.isfinite(off).all(axis=(1, 2, 3))
        alone = np.zeros(poles.shape, dtype=bool)
        alone[tuple(some[by_itself].T)] = True
        weight = (np.sqrt(x.real) * np.cos(angles[at]))[:, None, None, None] * factor[lane] / 2
        values = np.zeros((2, len(angles), len(h_R), *flows.shape[1:]))
        at, lane = at[by_itself], lane[by_itself]
        np.add.at(values[0], (at, lane), (weight * flows)[by_itself])
        np.add.at(values[1], (at, lane), np.abs(weight * off)[by_itself])
        # Of opposite angles together.
        values, errors = values[:, : len(angles) // 2] + values[:, len(angles) // 2 :]
        return values, errors, alone

    return sum_over_k_and_angle(
        system, h_R, flows, factor, spacing=spacing, rtol=rtol, floor=floor, most=most, narrow=narrow
    )


def _extrapolated(rungs: list[Sum]) -> Sum:
    """Return the limit of sums on a ladder of lattice spacings, each of them halved."""
    values, errors = (
        np.stack([getattr(one.by_segment, part) for one in rungs]) for part in ("value", "error")
    )
    fit = richardson(values, tuple(range(2, 2 * len(rungs), 2)), errors, "lattice", LAST_STEP)
    # One component may escape the last elimination by accident: the largest of a source stands for all.
    lattice = fit.size("lattice").max(axis=(-1, -2), keepdims=True)
    terms = {"quadrature": (fit.size("rounding"), NESTED), "lattice": (lattice, LAST_STEP)}
    return replace(rungs[-1], by_segment=Estimate(fit.value, terms))


def parts_of(t: Estimate, m: Array) -> Estimate | None:
    """Return (fieldlike, dampinglike) of a t with errors along x, y, z; None for m ∥ ŷ.

    Both axes are transverse to m, so that what t loses along m does not matter: |t·f|/|f|² with |f| = |m×ŷ|.
    """
    axes = _axes(tuple(m.tolist()))
    return None if axes is None else t @ axes


@lru_cache(maxsize=64)
def _axes(m: tuple[float, ...]) -> Array | None:
    """Return what t is multiplied by from the right to give (fieldlike, dampinglike), shape (3, 2)."""
    axes = components(np.eye(3), np.array(m))
    return None if axes is None else np.stack(axes, axis=-1)


def summed_errors(engine: Engine, system: System, h_R: Array) -> Array:
    """Return how far states' own errors may move any k_⊥-summed flow, in the unit of t, not over h_R (n,).

    Shape (segments, n, 3): by range between thresholds, h_R and source.
    """
    *coarser, finest = engine.rungs(system.structure)
    if coarser:
        # What the extrapolation leaves is known from the sums; it doubles the rounding of the finest.
        return 2 * summed_errors(finest, system, h_R)
    h_R, structure = np.asarray(h_R, dtype=float), system.structure
    if isinstance(system, Interface) and type(engine).errors is Engine.errors:
        many, spacing = Many.of([system], h_R[None]), engine.spacing_for(structure)
        return matched_errors(many, spacing, engine.independent)
    x, weights = gauss(system.thresholds(), ERROR_NODES[0])
    k_perp = np.sqrt(x)
    errors = engine.errors(structure, k_perp[..., None, None], ERROR_ANGLES[:, None], h_R)
    by_k = (weights * k_perp)[..., None, None] * errors.flows.mean(axis=-3)
    # Errors at different angles may have that of one k_z in common.
    total = np.linalg.norm(by_k, axis=1) if engine.independent else by_k.sum(axis=1)
    return np.asarray(total / (16 * np.pi**2 * np.array(system.masses)[[0, 1, 1]]))


def largest_torque(system: System) -> float:
    """Return (1/4π)∫d²k_⊥/(2π)² k_⊥, the natural scale of t: every incident spin turned over."""
    return float(system.thresholds()[-1] ** 1.5 / (24 * np.pi**2) / min(system.masses))


def transverse(v: Array, m: Array) -> Array:
    """Return v − m (m·v), shape (..., 3)."""
    return v - (v @ m)[..., None] * m


def torque_from_flows(values: Array, m: Array) -> Array:
    """Return t = [flow (3) + flow (4)]_⊥m; flows (..., 4, 3) give (..., 3)."""
    return transverse(values[..., PLUS, :] + values[..., INTERFACE, :], m)


def complex_torque(spin: Array, m: Array) -> Complex:
    """Return fieldlike + i dampinglike of vectors (..., 3), the part along m left out; m not along y."""
    fieldlike = np.cross(m, np.array([0.0, 1.0, 0.0]))
    dampinglike = np.cross(m, -fieldlike)
    # Both directions have the same length and are transverse to m.
    number: Complex = spin @ (fieldlike + 1j * dampinglike) / (fieldlike @ fieldlike)
    return number


def torque_of(flows: Estimate, m: Array) -> Estimate:
    """Return t of flows (4, 3); its error is that of the sum of two flows along any direction."""
    return flows.each(
        lambda value: torque_from_flows(value, m),
        lambda size: float(np.linalg.norm(size[PLUS] + size[INTERFACE])),
    )


def ledger_residual(values: Array) -> Array:
    """Return (1) − (2) − (3) − (4) of flows (..., 4, 3), zero by conservation of angular momentum."""
    return values[..., MINUS, :] + values[..., LATTICE, :] - values[..., PLUS, :] - values[..., INTERFACE, :]


def components(t: Array, m: Array) -> tuple[Array, Array] | None:
    """Return (fieldlike, dampinglike) of t = dampinglike m×(ŷ×m) + fieldlike m×ŷ; None when m ∥ ŷ."""
    fieldlike = np.cross(m, np.array([0.0, 1.0, 0.0]))
    norm2 = float(fieldlike @ fieldlike)
    if norm2 < 1e-24:
        return None
    dampinglike = np.cross(m, -fieldlike)
    return t @ fieldlike / norm2, t @ dampinglike / norm2
