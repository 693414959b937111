"""App. A 1 in words: what is symmetric, what vanishes, and how much is left out near the interface."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from sotcheck.exact.conductances import charge, conductance, in_plane, spin
from sotcheck.exact.finite import measured
from sotcheck.exact.profiles import at_position, diagonal, far_from, over_angles, weighted
from sotcheck.exact.solved import Exact, Solved, solved
from sotcheck.numerics.arrays import Array, Complex
from sotcheck.numerics.estimate import Estimate
from sotcheck.papers.kim2017 import appendix_a1 as eq
from sotcheck.papers.kim2017 import appendix_a1_conductances as conductances
from sotcheck.papers.kim2017 import appendix_a1_plane as plane
from sotcheck.papers.kim2017.near_interface import near_and_far
from sotcheck.papers.kim2017.old import Statement
from sotcheck.trial.grounds import FINITE, GENERAL
from sotcheck.trial.judge import balance, relation

X: Array = np.array([1.0, 0.0, 0.0])
#: Another magnetization, with another m_y.
OTHER = (1.0, 3.0, -1.0)


def changed(exact: Exact, what: Callable[[Array | Complex], Array | Complex]) -> Exact:
    """Rearrange a quantity, and its errors with it."""

    def rearranged(one: Solved) -> Estimate:
        found = exact(one)
        terms = {
            # A sign is none of an error's.
            name: (np.abs(what(np.broadcast_to(size, found.value.shape))), why)
            for name, (size, why) in found.terms.items()
        }
        return Estimate(what(found.value), terms)

    return rearranged


def part(exact: Exact, what: Callable[[Complex], Array | Complex]) -> Exact:
    """A part of a current matrix at finite h_R."""
    return lambda one: measured(one, what(exact(one).value))


def band_by_band(exact: Exact) -> Exact:
    """The diagonal part of a current matrix at finite h_R."""
    return lambda one: measured(one, diagonal(one, exact(one).value))


def along_m(exact: Exact) -> Exact:
    """The spin current along m at finite h_R."""
    return lambda one: measured(one, spin(exact(one).value) @ one.iface.direction)


def averaged(exact: Exact) -> Exact:
    """The average over angles."""
    return lambda one: over_angles(exact(one))


def of_bias(exact: Exact, which: int, sign: int = 1) -> Exact:
    """What one bias drives, with a sign."""
    return changed(exact, lambda values: sign * values[:, :, which])


def swapped(values: Array | Complex) -> Array | Complex:
    """Exchange the first two of three indices ↑, ↓."""
    return values.reshape(*values.shape[:2], 2, 2, 2).swapaxes(2, 3).reshape(values.shape)


def same_index(values: Array | Complex) -> Array | Complex:
    """Those with three equal indices, ↑↑↑ and ↓↓↓."""
    return values[..., [0, -1]]


def imaginary_part(which: int, sign: int) -> Exact:
    """Im G^{sss}, with a sign."""

    def exact(one: Solved) -> Estimate:
        found = changed(conductance(which), same_index)(one)
        return Estimate(sign * found.value.imag, found.terms)

    return exact


def total(one: Solved) -> Estimate:
    """G_Rr^{sss} + G_Rt^{sss}."""
    first, second = (changed(conductance(which), same_index)(one) for which in (0, 3))
    terms = {name: (size + second.terms[name][0], why) for name, (size, why) in first.terms.items()}
    return Estimate(first.value + second.value, terms)


def at_equilibrium(one: Solved) -> Estimate:
    """−Tr[σ ĵ_u] in N far from the interface with equal charge biases of N and F."""
    found = in_plane(spin, eq.PLANE)(one)
    terms = {name: (size[:, :, 0] + size[:, :, 4], why) for name, (size, why) in found.terms.items()}
    return Estimate(found.value[:, :, 0] + found.value[:, :, 4], terms)


def over_m_y(m: tuple[float, float, float] | None) -> Exact:
    """Collinear charge current along x over m_y, for the interface's own m or for another."""

    def exact(one: Solved) -> Estimate:
        there = one if m is None else solved(one.engine, one.iface.with_(m=m), one.nodes)
        found = in_plane(charge, X, collinear=True)(there)
        return weighted(found, np.full(found.value.shape[:2], 1 / there.iface.direction[1]))

    return exact


def reflection(one: Solved) -> Estimate:
    """r̂, t̂, r̂', t̂' at h_R = 0."""
    return one.unperturbed(np.stack(one.states.amplitudes(), axis=3))


NEAR, DEEP = at_position("N", eq.Z_N, "NF", eq.PLANE), at_position("F", eq.Z_F, "NF", eq.Z)
ARRIVING = at_position("N", eq.Z_N, "NF", eq.Z)
FAR_IN_N, FAR_IN_F = far_from("N", "NF", eq.PLANE), far_from("F", "NF", eq.Z)


STATEMENTS = (
    Statement(
        "a1a-letter-t",
        "(A1a) with the letter t that the transcription has for 1, in its last factor.",
        relation(
            lambda one: one.linear(one.states.amplitudes()[1]),
            eq.eqA1a_letter,
            "dt/dh_R at h_R = 0, all elements",
            "The letter is a slip: (10a) has 1 there.",
            GENERAL,
        ),
    ),
    Statement(
        "a1c-letter-t",
        "(A1c) with the letter t that the transcription has for 1, in its last factor.",
        relation(
            lambda one: one.linear(one.states.amplitudes()[0]),
            eq.eqA1c_letter,
            "dr/dh_R at h_R = 0, all elements",
            "The letter is a slip: (10c) has 1 there.",
            GENERAL,
        ),
    ),
    Statement(
        "no-spin-orbit-even-in-k",
        "Above (A1): without spin-orbit coupling amplitudes are even in k: no in-plane current flows.",
        balance(
            reflection,
            changed(reflection, lambda values: np.roll(values, 3, axis=1)),
            "r, t, r', t' at k and -k, h_R = 0",
            "Rotational symmetry about z.",
        ),
    ),
    Statement(
        "perpendicular-by-band",
        "Note 10: for perpendicular currents (A8b) is exact, at any distance: the diagonal part.",
        balance(
            FAR_IN_F,
            band_by_band(DEEP),
            "diagonal current along z in F: averaged over z, and at a z",
            "Charge and spin along m are conserved in F.",
            FINITE,
        ),
    ),
    Statement(
        "perpendicular-whole",
        "Note 10: for perpendicular currents (A8b) is exact, at any distance: all of the spin current.",
        balance(
            FAR_IN_F,
            DEEP,
            "current along z in F: averaged over z, and at a z",
            "Near the interface a transverse spin current precesses: Diag leaves it out.",
            FINITE,
        ),
    ),
    Statement(
        "continuity-of-charge",
        "Below (A9): the charge current along z is the same on both sides, at any h_R.",
        balance(
            part(ARRIVING, charge),
            part(DEEP, charge),
            "charge current along z at z < 0 and z > 0, all biases, finite h_R",
            "Charge is conserved at every k.",
            FINITE,
        ),
    ),
    Statement(
        "continuity-along-m-unperturbed",
        "Below (A9): j_z(z > 0) = Diag j_z(z < 0), without spin-orbit coupling.",
        balance(
            band_by_band(ARRIVING),
            band_by_band(DEEP),
            "diagonal current along z at z < 0 and z > 0, all biases, h_R = 0",
            "Spin along m is conserved by the interface's own potential.",
            tuple(iface.with_(h_R=0.0) for iface in FINITE),
        ),
    ),
    Statement(
        "continuity-along-m",
        "Below (A9): j_z(z > 0) = Diag j_z(z < 0), as said of (A8), with spin-orbit coupling.",
        balance(
            averaged(along_m(ARRIVING)),
            averaged(along_m(DEEP)),
            "spin current along m and along z at z < 0 and z > 0, averaged over angles, finite h_R",
            "The lattice takes spin along m in second order: unitarity conserves charge alone.",
            FINITE,
        ),
    ),
    Statement(
        "symmetry-of-G_Rr",
        "Below (A14): G_Rr is symmetric under exchange of s and s'.",
        balance(
            conductance(0),
            changed(conductance(0), swapped),
            "G_Rr^{ss's''} and G_Rr^{s'ss''}",
            "Both factors are 1 + r.",
        ),
    ),
    Statement(
        "symmetry-of-G_Rt",
        "Below (A14): G_Rt is symmetric under exchange of s and s'.",
        balance(
            conductance(3),
            changed(conductance(3), swapped),
            "G_Rt^{ss's''} and G_Rt^{s'ss''}",
            "1 + r of one band and t' of the other differ by the root of K_z/k_z of that band.",
        ),
    ),
    Statement(
        "unitarity-of-conductances",
        "Below (A14): Im G_Rr^{sss} + Im G_Rt^{sss} = 0.",
        balance(
            imaginary_part(0, 1),
            imaginary_part(3, -1),
            "Im G_Rr^{sss} and -Im G_Rt^{sss} by k_perp",
            "At each k_perp, by unitarity.",
        ),
    ),
    Statement(
        "sum-of-conductances",
        "Below (A14): G_Rr^{sss} + G_Rt^{sss} = -(h_R e^2/2h) sum E_perp/(E_F - E_perp) |1 + r^s|^2.",
        relation(
            total,
            conductances.sum_of_conductances,
            "G_Rr^{sss} + G_Rt^{sss} by k_perp",
            "By |r^s|^2 + |t'^s|^2 = 1, both of one band.",
            GENERAL,
        ),
    ),
    Statement(
        "equilibrium-far",
        "Below (A14): equal chemical potentials drive no in-plane charge current, nor spin current, far from"
        " the interface, at any h_R.",
        balance(
            averaged(of_bias(FAR_IN_N, 0)),
            averaged(of_bias(FAR_IN_N, 4, -1)),
            "current in the plane, mean over z < 0, over angles: from N, and minus that from F",
            "Unitarity: r r^dagger + t' t'^dagger = 1.",
            FINITE,
        ),
    ),
    Statement(
        "equilibrium-near",
        "The same near the interface, where interference and decaying waves count.",
        balance(
            averaged(part(of_bias(NEAR, 0), charge)),
            averaged(part(of_bias(NEAR, 4, -1), charge)),
            "charge current in the plane at a z < 0, over angles: from N, and minus that from F",
            "Unitarity forbids it in the mean over z only: beside the interface each k_perp at E_F drives a"
            " current that is odd in m and in h_R.",
            FINITE,
        ),
    ),
    Statement(
        "equilibrium-spin-transcribed",
        "(A13b) as transcribed at equal chemical potentials: a spin current at equilibrium.",
        relation(
            at_equilibrium,
            plane.at_equilibrium,
            "spin current in the plane, mean over z < 0, N and F at equal potentials",
            "Without the stars of the corrected form, (A13b) violates unitarity.",
            GENERAL,
        ),
    ),
    Statement(
        "collinear-charge-current",
        "Below (A14): with s = m the charge current along x is proportional to m_y.",
        balance(
            over_m_y(None),
            over_m_y(OTHER),
            "charge current along x over m_y, mean over z < 0, collinear biases, for two magnetizations",
            "The only direction of collinear transport is m.",
        ),
    ),
    Statement(
        "near-the-interface",
        "Below (A7): in the plane too, oscillating and decaying terms may be left out of the current near the"
        " interface, as (A8a) and (A11) to (A13) do.",
        near_and_far,
    ),
)
