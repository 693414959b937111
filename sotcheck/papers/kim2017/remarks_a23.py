"""Appendices A 2 and A 3 in words: what is said of spin memory loss and of the current in the plane."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from itertools import product

import numpy as np

from sotcheck.exact import in_plane
from sotcheck.exact import second_order as ml
from sotcheck.exact.solved import solved
from sotcheck.numerics.arrays import Array, Complex
from sotcheck.numerics.estimate import Estimate
from sotcheck.papers.kim2017 import BULK, INSULATOR, INSULATOR_BARRIER, INTERFACE, paper
from sotcheck.papers.kim2017.appendix_a2 import A_1, A_2, UPRIGHT, UPRIGHT_FINITE
from sotcheck.papers.kim2017.appendix_a3 import MAGNETORESISTIVE, with_interference
from sotcheck.papers.kim2017.finite_rashba import projected, scalar
from sotcheck.system.spin import IDENTITY, PAULI, dagger
from sotcheck.theory.symbols import Symbols, mean_over_angles
from sotcheck.trial.entries import Statement
from sotcheck.trial.grounds import GENERAL
from sotcheck.trial.judge import balance, judge, relation
from sotcheck.trial.verdict import Trial, compare

#: Another m to compare a tilted one with.
OTHER = (-3.0, 1.0, 2.0)
#: A distance from the interface at which the in-plane current is looked at.
DEPTH = 0.8
INSULATORS = (*INSULATOR, *INSULATOR_BARRIER)
#: Of half-metal hardly any charge current along z depends on h_R.
ALONG_Z = GENERAL[:3]
NO_MAGNETISM = tuple(iface.with_(J=0.0, u_m=0.0) for iface in GENERAL[:2])
at_zero = partial(in_plane.magnetoresistance, density=in_plane.density_at(0.0))
#: (Spin, bias) of each lead's part of a response.
OF_N, OF_F = tuple(product((0, 1), (0, 1))), tuple(product((0, 1), (2, 3)))


def _tilted(s: Symbols) -> Complex:
    """h_R² k_⊥² [(a_1 + a_2)/2 − m_z σ_z (a_1 − a_2)/2] in the laboratory's frame: (A17) for any m."""
    h_R, m_z = s.iface.h_R, s.m[2]
    return h_R**2 * s.k2[..., None, None] * ((A_1 + A_2) / 2 * IDENTITY - (A_1 - A_2) / 2 * m_z * PAULI[2])


def _off_diagonal(s: Symbols) -> Complex:
    """h_R² k_⊥² m_z m_∥ (a_1 − a_2)/2, the σ_x part of that in the frame of m."""
    h_R, m_z, m_par = s.iface.h_R, s.m[2], np.hypot(s.m[0], s.m[1])
    return h_R**2 * s.k2 * m_z * m_par * (A_1 - A_2) / 2


def _reading(s: Symbols, spins: tuple[str, ...], sign: float) -> Array:
    """−2 Re G_Rr^{…} of the diagonal of (A18a), per h_R², for any three spins: the current's, or the other.

    The sign is that of the bias.
    """
    ratio = np.where(s.open_N, s.k2 / np.abs(s.kz) ** 2, 0)
    found = []
    for r in {"same": s.r_up, "other": s.r_down}, {"same": s.r_down, "other": s.r_up}:
        first, second, third = (r[spin] for spin in spins)
        found.append(sign * (ratio * (1 + first) * (1 + second) * third.conj()).real)
    return np.stack(found, axis=-1)[..., None, :]


def _at_depth(s: Symbols) -> Array:
    """−(k_x²/k_z) Tr[ψψ†] with ψ = e^{ik_z z} + e^{−ik_z z} r̂: with the interference, at z = −DEPTH."""
    psi = scalar(np.exp(-1j * s.kz * DEPTH)) @ s.one + scalar(np.exp(1j * s.kz * DEPTH)) @ projected(s).r
    weight = np.where(s.open_N, s.kx**2 / np.abs(s.kz), 0)
    return -mean_over_angles(weight * np.trace(psi @ dagger(psi), axis1=-2, axis2=-1).real)


def _modes(s: Symbols) -> Array:
    """−2k_⊥²/k_z: the current if every mode is reflected, two spins, averaged over directions."""
    return np.where(s.open_N, -2 * s.k2 / np.abs(s.kz), 0)


def any_reading(engine: str) -> Iterator[Trial]:
    """The diagonal of (A18a) against the exact response to either bias, with every G_Rr of three spins."""
    tried = []
    for lead, which, sign in (("N", ((0, 0), (1, 1)), -1.0), ("F", ((0, 2), (1, 3)), 1.0)):
        for spins in product(("same", "other"), repeat=3):
            formula = partial(_reading, spins=spins, sign=sign)
            iface, found = judge(ml.response("N", *which), formula, UPRIGHT, engine)
            why = f"Even the best, spins {', '.join(spins)} with a bias of {lead}, fails on {iface.name}."
            tried.append((abs(found.expected - found.measured.value), found, why))
    _, found, why = min(tried, key=lambda t: t[0])
    yield Trial("diagonal of (A18a), second order at z = -0, the best of all readings of G_Rr", found, why)


def both_signs(engine: str) -> Iterator[Trial]:
    """The sign of the largest and the smallest summand of j_MR with magnetism at the interface alone."""
    found = in_plane.magnetoresistance(solved(engine, INTERFACE[0])).each(np.ravel)
    extremes = found[[found.value.argmax(), found.value.argmin()]]
    # A sign is certain or unknown.
    doubt = np.where(np.abs(extremes.value) > extremes.error, 0.0, np.inf)
    signs = Estimate(np.sign(extremes.value), {"sign": (doubt, "error of j_MR against its size")})
    words = "signs of the largest and smallest j_MR by k_perp"
    why = f"With complex r on {INTERFACE[0].name} j_MR takes both signs."
    yield Trial(words, compare(np.array([1.0, -1.0]), signs), why)


paper.add(
    Statement("A17-tilted",
        "Below (A18b): for m other than z (A17) fails; its place is taken by h_R^2 k_perp^2 [(a_1 + a_2)/2 -"
        " (a_1 - a_2)/2 m_z sigma_z], with sigma_z of the laboratory.",
        relation(ml.sandwich(A_1, A_2), _tilted, "average of kappa_R A kappa_R for tilted m, finite h_R",
            "For m = z it is (A17).")),
    Statement("A17-off-diagonal",
        "Below (A18b): the average is not even diagonal between spins along m; it goes with m_z m_parallel.",
        relation(ml.component(ml.sandwich(A_1, A_2), 1), _off_diagonal,
            "part of sigma_x of the average in the frame of m, finite h_R",
            "It vanishes for m in the plane as well.")),
    Statement("A18-any-reading", "G_Rr^ss of (A18a) is one of the G_Rr of (A14a) with three spins.",
        any_reading, "A18a"),
    Statement("A18-difference", "(A18a) depends on the differences of biases only.",
        balance(lambda one: -ml.response("N", *OF_N)(one), ml.response("N", *OF_F),
            "response at z = -0 to biases of N, with a minus, and of F, second order, m = z",
            "A bias of the other spin in N and one in F both drive a current into N.", UPRIGHT), "A18a"),
    Statement("A18-equilibrium",
        "Equal biases of both spins on both sides drive no current of either spin, at any h_R.",
        balance(ml.at_finite("N", 0, 1), lambda one: -ml.at_finite("N", 2, 3)(one),
            "currents of both spins at z = -0 from N and minus those from F, finite h_R, m = z",
            "By unitarity: it is all that remains of the differences in (A18a).", UPRIGHT_FINITE)),
    Statement("A18-charge",
        "The charge current of each bias is the same on both sides of the interface, at any h_R.",
        balance(ml.charge("N"), ml.charge("F"),
            "charge current by bias at z = -0 and at z = +0, finite h_R, m = z", "Charge is conserved.",
            UPRIGHT_FINITE)),
    Statement("A18-sides", "Above (A10): the current at z = +0 is that at z = -0, spin by spin along m.",
        balance(ml.at_finite("N"), ml.at_finite("F"),
            "current of each spin by bias at z = -0 and at z = +0, finite h_R, m = z",
            "Only the charge is: the Rashba term turns spins at the interface.", UPRIGHT_FINITE)),
    Statement("A18-flips-at-N",
        "Spin memory loss: every bias drives a current of the other spin, away from the interface at z = -0.",
        balance(ml.size_of(ml.response("N", *ml.FLIPS)), ml.response("N", *ml.FLIPS),
            "size and value of the flipped currents at z = -0, second order, m = z",
            "Charge -e that leaves into N is a positive current.", UPRIGHT)),
    Statement("A18-flips-at-F", "The same at z = +0, with the opposite sign.",
        balance(ml.size_of(ml.response("F", *ml.FLIPS), -1.0), ml.response("F", *ml.FLIPS),
            "minus the size and value of the flipped currents at z = +0, second order, m = z",
            "So (A18a) has the same sign on both sides by mistake.", UPRIGHT)),
    Statement("collinear-torque",
        "Below (A18b): collinear injection makes a torque of second order for tilted m; it goes with m_z"
        " m_parallel, and is zero for m along z and in the plane.",
        balance(ml.torque_per_unit(), ml.torque_per_unit(OTHER),
            "torque per m_z m_parallel for two magnetizations, by source and k_perp",
            "In the frame of m the number is the same for every m.")),
    Statement("perpendicular-magnetoresistance",
        "Above (A17): the current along z depends on m at second order; it goes with m_z^2.",
        balance(ml.second_order_charge, ml.predicted_charge,
            "coefficient of h_R^2 in the charge current for tilted m, from m = x and m = z, by source",
            "No formula for the coefficients enters.", ALONG_Z)),
    Statement("magnetoresistance-form", "Below (A20): the current of second order goes with m_x^2 + 3 m_y^2.",
        balance(in_plane.second_order, in_plane.predicted,
            "coefficient of h_R^2 for a tilted m against that from m = y and m = z, by k_perp",
            "No formula for the coefficients enters.")),
    Statement("magnetoresistance-needs-spin",
        "Below (A20): without a spin-dependent r there is no magnetoresistance.",
        balance(in_plane.second_order, in_plane.perpendicular,
            "coefficient of h_R^2 for a tilted m against m = z, J = u_m = 0",
            "For r_up = r_down (A21d) is zero.", NO_MAGNETISM)),
    Statement("magnetoresistance-negative",
        "By (A22) the current grows with m_x^2 if bulk magnetism is all there is, at each k_perp.",
        balance(ml.size_of(in_plane.magnetoresistance, -1.0), in_plane.magnetoresistance,
            "j_MR against minus its absolute value, by k_perp",
            "Both j_conv and j_MR are negative in this unit.", BULK), "A22"),
    Statement("magnetoresistance-sign", "Below (A22): for complex r the sign of j_MR is not fixed.",
        both_signs),
    Statement("insulator-magnetoresistance",
        "Below (A22): for ferromagnetic insulators the current counts modes, whatever m and h_R.",
        relation(in_plane.at_finite(), _modes, "current along x by k_perp, finite h_R",
            "r is unitary at any h_R.", tuple(iface.with_(h_R=0.4) for iface in INSULATORS))),
    Statement("interference",
        "(A4) and (A19) leave out the interference of incident and reflected waves: at a distance d from the"
        " interface the current has e^{2ik_z d} r + h.c. besides 1 + r r^dagger.",
        relation(in_plane.at_finite(in_plane.density_at(DEPTH)), _at_depth,
            "current along x by k_perp at a depth, finite h_R", "With k_x^2 for k_perp^2.")),
    Statement("interference-magnetoresistance",
        "At z = -0 the interference turns r* in (A21d), corrected, into 1 + r*; it is left in insulators.",
        relation(at_zero, with_interference, "magnetoresistance by k_perp at z = -0",
            "What is neglected is of the size of what is kept.", (*MAGNETORESISTIVE, *INSULATORS))),
    Statement("interference-neglected",
        "The magnetoresistance of the current at z = -0 is that without the interference.",
        balance(in_plane.magnetoresistance, at_zero,
            "magnetoresistance by k_perp beyond the interference against z = -0",
            "It is not: (A21d) is for distances beyond many wavelengths.", MAGNETORESISTIVE)),
)  # fmt: skip
