"""Sec. IV in words: the ledger of Fig. 2, what vanishes, and where a sign is lost."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from sotcheck.exact.currents import complex_torque, current, flow_number, linear_torque_number, moment
from sotcheck.exact.finite import measured, states
from sotcheck.exact.observables import INTERFACE, LATTICE, MINUS, PLUS
from sotcheck.exact.solved import ANGLES, Exact, Solved
from sotcheck.numerics.arrays import Array
from sotcheck.numerics.estimate import Estimate
from sotcheck.papers.kim2017 import section4 as eq
from sotcheck.papers.kim2017.old import Statement, Trial
from sotcheck.system.spin import pauli_vector
from sotcheck.trial.grounds import FINITE, GENERAL
from sotcheck.trial.judge import balance, relation
from sotcheck.trial.verdict import compare

#: Where the spin current at z = +0 is all of the torque.
NO_INTERFACE_MAGNETISM = tuple(iface.with_(u_m=0.0) for iface in GENERAL)


def _spin_flows(one: Solved) -> Array:
    return states(one).flows


def incoming(one: Solved) -> Estimate:
    """Flow (1) of Fig. 2 at the interface's own h_R."""
    return measured(one, _spin_flows(one)[..., MINUS, :])


def drains(one: Solved) -> Estimate:
    """Flows (2) + (3) + (4)."""
    found = _spin_flows(one)
    return measured(one, found[..., PLUS, :] + found[..., INTERFACE, :] - found[..., LATTICE, :])


def arriving(*sources: int) -> Exact:
    """Spin current at z = −0 of some sources at the interface's own h_R, all three components."""
    return lambda one: measured(one, states(one).spin_minus[..., sources, :].sum(axis=-2))


def component(part: str, *sources: int) -> Exact:
    """The fieldlike or dampinglike component of some sources' torque to first order."""

    def exact(one: Solved) -> Estimate:
        found = linear_torque_number(one)
        value = found.value[..., sources].sum(axis=-1)
        return Estimate(
            getattr(value, part),
            {
                name: (np.asarray(size)[..., sources].sum(axis=-1), why)
                for name, (size, why) in found.terms.items()
            },
        )

    return exact


def negative(exact: Exact) -> Exact:
    """The same with the opposite sign."""
    return lambda one: -exact(one)


def behind(one: Solved) -> Estimate:
    """−(ħV/2eL) Tr[σ_⊥ ĵ_z(+0)] of (11), with the shift of the text above (13): fieldlike + i dampinglike."""
    number = complex_torque(pauli_vector(current(one.states, "F")).real, one.iface.direction)
    # (13)'s e²LE_xτ/2πmₑV times ħV/2eL is 1/4π in the torque's unit.
    return moment(one, one.linear(number)) / (-4 * np.pi)


def angular_average(one: Solved) -> Estimate:
    """Average of (k·u) σ·(k×z) over angles, with u in the plane but along no axis."""
    along = one.k_perp[:, None] * (np.cos(ANGLES) * eq.IN_PLANE[0] + np.sin(ANGLES) * eq.IN_PLANE[1])
    return measured(one, (along[..., None, None] * one.rashba).mean(axis=1, keepdims=True))


def drude(engine: str) -> Iterator[Trial]:
    """The in-plane current of the shifted electrons of (13) against that stated below (16d)."""
    iface = GENERAL[0]
    k_F = np.sqrt(iface.E_F - iface.U_N)
    kz, weight = np.polynomial.legendre.leggauss(24)
    k_perp2, dkz = k_F**2 * (1 - kz**2), k_F * weight / (2 * np.pi) ** 3
    # Both spins; ∫d²k_⊥ of the occupation, and of 2k_x² δ(k² − k_F²), the product of v_x and the shift.
    density = float(2 * np.sum(dkz * np.pi * k_perp2))
    flow = float(2 * np.sum(dkz * np.pi * 2 * k_perp2 / 2))
    found = compare(density, -flow, {"rounding": (1e-14 * density, "double precision")})
    yield Trial(
        "current along x over e^2 E_x tau / m_e",
        found,
        "With the charge -e of (11) and the shift +e E_x tau v_x of (13) the current runs against the field.",
        source="normal",
        engine=engine,
    )


STATEMENTS = (
    Statement(
        "ledger",
        "Fig. 2: what arrives is what lattice, bulk and interface magnetism take, (1) = (2) + (3) + (4).",
        balance(incoming, drains, "flow (1), finite h_R", "Each flow has its own expression.", FINITE),
    ),
    Statement(
        "drains",
        "Eq. (16) is (3) + (4) of Fig. 2, whatever the interface magnetism u_m.",
        relation(
            lambda one: flow_number(one, PLUS, INTERFACE),
            eq.by_source,
            "torque on bulk and interface magnetism by k_perp and source",
            "First order in h_R.",
            GENERAL,
        ),
        equation="16b",
    ),
    Statement(
        "supplies",
        "Eq. (16) is (1) - (2) of Fig. 2, whatever the interface magnetism u_m.",
        relation(
            lambda one: flow_number(one, MINUS, LATTICE),
            eq.by_source,
            "what arrives less what the lattice takes by k_perp and source",
            "First order in h_R.",
            GENERAL,
        ),
        equation="16b",
    ),
    Statement(
        "no-rashba-no-torque",
        "Below (13): without spin-orbit coupling no current arrives, since r and t' are even in k_perp.",
        balance(
            lambda one: one.unperturbed(current(one.states, "N")),
            lambda one: one.unperturbed(np.roll(current(one.states, "N"), 3, axis=1)),
            "charge and spin current at z = -0 at k_perp and at -k_perp, h_R = 0",
            "k_x times it averages to zero.",
        ),
    ),
    Statement(
        "angular-average",
        "Below (14): (k.u) sigma.(k x z) averages to (k_perp^2 / 2) sigma.(u x z).",
        relation(
            angular_average,
            eq.angular_average,
            "average over directions of k_perp",
            "For u = x it is -k_perp^2 sigma_y / 2.",
            GENERAL,
        ),
    ),
    Statement(
        "sum-of-14-and-15",
        "Below (15): the current at z = +0 is the sum of (14) and (15), the latter corrected.",
        relation(
            behind,
            eq.flow_after,
            "transverse spin current at z = +0 by k_perp and source, u_m = 0",
            "Both with the shift of the text above (13).",
            NO_INTERFACE_MAGNETISM,
        ),
    ),
    Statement(
        "sign-of-16",
        "Below (15): minus (hbar V / 2eL) times the sum of (14) and (15) is Eq. (16).",
        relation(
            behind,
            eq.by_source,
            "torque by k_perp and source, u_m = 0",
            "The overall sign is the opposite: (16) has the shift of electrons in the field, -e E_x tau v_x.",
            NO_INTERFACE_MAGNETISM,
        ),
    ),
    Statement(
        "sign-of-16-corrected",
        "The same with the shift -(E_x / m_e) hbar k_x tau, that of charge -e, is Eq. (16).",
        relation(
            negative(behind),
            eq.by_source,
            "torque by k_perp and source, u_m = 0",
            "The sign is lost in the shift above (13).",
            NO_INTERFACE_MAGNETISM,
        ),
    ),
    Statement(
        "drude",
        "Below (16d): the shift of the text above (13) makes a current n e^2 E_x tau / m_e.",
        drude,
    ),
    Statement(
        "equal-times-current",
        "With equal relaxation times no spin current arrives at z = -0, at each k_perp and at any h_R.",
        balance(
            arriving(0),
            negative(arriving(1, 2)),
            "spin current at z = -0 of N against minus that of F, all components, finite h_R",
            "By unitarity; in (14) it goes with the difference of relaxation times.",
            FINITE,
        ),
    ),
    Statement(
        "equal-times-dampinglike",
        "With equal relaxation times the dampinglike torque vanishes at each k_perp, to first order only.",
        balance(
            component("imag", 0),
            negative(component("imag", 1, 2)),
            "dampinglike torque of N against minus that of F, by k_perp",
            "All torque is then from the lattice, and that is fieldlike.",
        ),
    ),
    Statement(
        "equal-times-fieldlike",
        "With equal relaxation times the fieldlike torque is (k_perp^2 / 4 pi k_z) Re(r_up - r_down) where N"
        " is open, and the evanescent terms of (16d) elsewhere: it does not vanish.",
        relation(
            component("real", 0, 1, 2),
            eq.equal_times,
            "fieldlike torque of all sources by k_perp",
            "By unitarity of the scattering matrix.",
            GENERAL,
        ),
    ),
)
