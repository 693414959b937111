"""First order read off the evidence: linear coefficients of exact numbers in h_R, what departs, errors."""

from __future__ import annotations

import numpy as np

from sotcheck.engines import Engine, KwantChain, Matching
from sotcheck.exact.inside import errors_of_t, total_torque
from sotcheck.exact.observables import LATTICE, MINUS, largest_torque, summed_errors, torque_from_flows
from sotcheck.exact.solved import POWERS, coefficient
from sotcheck.numerics.arrays import Array, Complex, Mask
from sotcheck.numerics.estimate import Estimate
from sotcheck.numerics.quadrature import gauss, sample
from sotcheck.system.model import System
from sotcheck.theory.first_order import torque_vector
from sotcheck.trial.evidence import ANGLES, NODES, Evidence
from sotcheck.trial.verdict import Comparison, compare

#: Part of the natural scale of t below which a torque counts as none.
SMALL_TORQUE = 1e-3
#: Part of it that is rounding.
NO_TORQUE = 1e-12


def natural_scale(evidence: Evidence, values: Complex | Array) -> float:
    """Return what differences of torques are relative to: the largest, or else a SMALL_TORQUE."""
    largest, natural = float(np.abs(values).max()), largest_torque(evidence.iface)
    # Where there is to be none at all, any that is not next to nothing is a fault.
    return natural if largest < NO_TORQUE * natural else max(largest, SMALL_TORQUE * natural)


def formula_error(evidence: Evidence) -> float:
    """Return the quadrature errors of first-order formulas: of the torque, and of the currents."""
    printed = evidence.currents.error[:, [MINUS, LATTICE]]
    return evidence.formulas.total.total + float(printed.max())


def linear_flows(evidence: Evidence, engine: str, segments: Mask | slice = slice(None)) -> Estimate:
    """Return the exact flows' linear coefficient in h_R, shape (3, 4, 3): source, flow, spin.

    `segments` (bool) restricts the k_⊥ sum. Without an expansion the ladder's own limit means nothing: it is
    as uncertain as it is large.
    """
    found = evidence.ladder[engine].by_segment[segments].sum(axis=0)
    fit = coefficient(found.value, POWERS, _noise(evidence, engine, segments)[..., None, None], (-2, -1))
    if not evidence.expansion.exists:
        unknown = fit.size("next order") + np.abs(fit.value)
        fit = Estimate(fit.value, fit.terms | {"next order": (unknown, evidence.expansion.why_not)})
    error = found.total + formula_error(evidence)
    return fit.and_("quadrature", error, "nested rules in k_perp and angle, both sides")


def torque_of(evidence: Evidence, flows: Estimate) -> Estimate:
    """Return t (3,) of all flows of a source; its error is that of a sum of flows along any direction."""
    structure = evidence.iface.structure
    return flows.each(
        lambda value: total_torque(structure, value),
        lambda size: float(np.linalg.norm(errors_of_t(structure, size))),
    )


def remainders(evidence: Evidence, engine: str, expected: Complex) -> Estimate:
    """Return |t/h_R − first order| on the rungs, shape (4, 3): rung, source.

    `expected` is a formula's fieldlike + i dampinglike, shape (3,).
    """
    m = evidence.iface.direction
    found = evidence.ladder[engine].total
    rest = np.linalg.norm(torque_from_flows(found.value, m) - torque_vector(expected, m), axis=-1)
    quadrature = found.error.max(axis=(-1, -2)) + evidence.formulas.total.total
    noise = quadrature + 2 * _noise(evidence, engine, slice(None))
    return Estimate(rest, {"quadrature": (noise, "nested rules, and rounding over h_R")})


def _noise(evidence: Evidence, engine: str, segments: Mask | slice) -> Array:
    """Return the rounding of flows over h_R by rung and source, (4, 3)."""
    errors = summed_errors(evidence.engines[engine], evidence.iface, evidence.rungs)[segments]
    return np.asarray(errors.sum(axis=0) / evidence.rungs[:, None])


def tried(evidence: Evidence, expected: Array | float, found: Estimate, scale: float) -> Comparison:
    """Compare a formula with a coefficient, which nothing tells without an expansion, unless it is zero."""
    if not evidence.expansion.exists:
        found = found.and_("next order", np.abs(expected), evidence.expansion.why_not)
    return compare(expected, found, scale=scale)


def explained(evidence: Evidence, words: str, s: int) -> str:
    """Add what is unusual about the interface to the words about a source that it concerns."""
    return f"{words}; {evidence.expansion.words}" if evidence.expansion.missing[s] != 0 else words


def amplitude_errors(engine: Engine, iface: System) -> float:
    """Return how far errors of an engine's unperturbed amplitudes may move first order, per h_R."""
    x, weights = gauss(iface.thresholds(), NODES)
    errors = engine.errors(iface.structure, np.sqrt(x), np.array(0.0), np.array(0.0)).amplitudes.max(axis=-1)
    # It is k_⊥²/(8π k_z) times products of up to four amplitudes, none larger than one where k_z is real.
    mass, _ = iface.masses
    weight = x * mass / np.sqrt(np.abs(mass * (iface.E_F - iface.U_N) - x))
    return float((weights * weight * 4 * errors).sum() / (32 * np.pi**2))


def formula_rounding(iface: System) -> float:
    """Return the same for closed forms, which round as `continuum` does."""
    return amplitude_errors(Matching(), iface)


def lattice_noise(evidence: Evidence) -> Array:
    """Return the rounding error of the finite-difference flows by spacing, (n, nodes, angles, 3, 1, 1)."""
    problems = sample(evidence.iface.thresholds(), NODES)[:, None], ANGLES, evidence.h_R[0]
    chains = [KwantChain("finite-difference", float(a)) for a in evidence.spacings]
    noise = [chain.errors(evidence.iface.structure, *problems).flows for chain in chains]
    return np.stack(noise)[..., None, None]
