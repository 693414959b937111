"""App. A 1 in words: symmetries, what vanishes, what is left out near the interface, Onsager reciprocity."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from sotcheck.engines import EXACT
from sotcheck.exact import profiles as flows
from sotcheck.exact.currents import moment
from sotcheck.exact.finite import measured, states
from sotcheck.exact.observables import INTERFACE, PLUS, transverse
from sotcheck.exact.profiles import IN_N, NONE, along, at_own_h_R, charge
from sotcheck.exact.quantities import change_of
from sotcheck.exact.second_order import averaged, turned
from sotcheck.exact.solved import Exact, Solved
from sotcheck.numerics.arrays import Array, Complex
from sotcheck.numerics.estimate import Estimate
from sotcheck.numerics.quadrature import sum_over_k
from sotcheck.papers.kim2017 import paper
from sotcheck.papers.kim2017.appendix_a1_ferromagnet import Z_F
from sotcheck.papers.kim2017.appendix_a1_in_plane import eqA13a, eqA13b
from sotcheck.papers.kim2017.appendix_a1_matrices import sum_of_conductances
from sotcheck.papers.kim2017.appendix_a1_normal import PLANE, Z_N, Z
from sotcheck.system.interface import rashba
from sotcheck.system.model import System
from sotcheck.system.spin import IDENTITY, PAULI, dot_sigma
from sotcheck.theory.symbols import Symbols
from sotcheck.trial.entries import Statement
from sotcheck.trial.grounds import FINITE, GENERAL
from sotcheck.trial.judge import balance, relation
from sotcheck.trial.verdict import Trial, compare

X: Array = np.array([1.0, 0.0, 0.0])
#: Another magnetization, with another m_y.
OTHER = (1.0, 3.0, -1.0)
#: Equal charge biases of N and F, among all biases.
NORMAL, FERROMAGNET = 0, 4

NEAR = flows.at_position("N", Z_N, flows.of_both, PLANE)
DEEP = flows.at_position("F", Z_F, flows.of_both, Z)
ARRIVING = flows.at_position("N", Z_N, flows.of_both, Z)
G_Rr, G_Rt = flows.conductance("r"), flows.conductance("t'")
FAR_IN_N, FAR_IN_F = (flows.far_from("N", flows.of_both, PLANE), flows.far_from("F", flows.of_both, Z))


def with_t(s: Symbols, left: Complex) -> Complex:
    """(1/2ik_z) left σ·(k×ẑ) (t̂ + r̂)."""
    return 1 / (2j * s.kz)[..., None, None] * left @ s.rashba @ (s.t + s.r)


def part(exact: Exact, what: flows.Part) -> Exact:
    """A part of a current matrix at finite h_R."""
    return lambda one: measured(one, what(one, exact(one).value))


def mean(exact: Exact) -> Exact:
    """The average over angles."""
    return lambda one: averaged(exact(one))


def driven(exact: Exact, by: int, sign: int = 1) -> Exact:
    """What one bias drives, with a sign."""
    return lambda one: sign * exact(one)[:, :, by]


def same(conductances: Exact) -> Exact:
    """G^{sss}: ↑↑↑ and ↓↓↓ of eight."""
    return lambda one: conductances(one)[..., [0, -1]]


def exchanged(conductances: Exact) -> Exact:
    """G^{s'ss''} for G^{ss's''}."""
    return lambda one: conductances(one)[..., [0, 1, 4, 5, 2, 3, 6, 7]]


def at_equilibrium(by_bias: Any) -> Any:
    """What equal charge biases of N and F drive together."""
    return by_bias[:, :, NORMAL] + by_bias[:, :, FERROMAGNET]


def over_m_y(one: Solved) -> Estimate:
    """Collinear charge current along x over m_y."""
    return flows.in_plane(flows.charge, X, flows.collinear)(one) / one.iface.direction[1]


def amplitudes(one: Solved) -> Estimate:
    """r̂, t̂, r̂', t̂' at h_R = 0."""
    return one.unperturbed(np.stack(one.states.amplitudes(), axis=3))


#: What is tried near the interface: on which one,
IFACE = GENERAL[0].with_(h_R=0.1)
#: at which positions, with which thicknesses of layers beside it, in units of 1/k_F.
POSITIONS = (0.0, -1.0, -5.0)
LAYERS = (5.0, 15.0)
#: Points across a layer: an interference pattern of 2k_F has five periods in the thicker one.
ACROSS = 20
RTOL = 1e-4


def profile(engine: str, k_F: float) -> Estimate:
    """Current along x far away, at POSITIONS and over LAYERS, by bias: of N along y, and of F along m."""
    biases = flows.IN_N[[2]], -dot_sigma(IFACE.direction)[None]
    node, weight = np.polynomial.legendre.leggauss(ACROSS)

    def integrand(x: Array, angles: Array) -> Array:
        k_perp, angle = np.broadcast_arrays(np.sqrt(x)[:, None], angles)
        found = EXACT[engine].solve(IFACE.structure, k_perp, angle, np.array(IFACE.h_R))
        waves = flows.continued(found, IFACE.kappa_0() + IFACE.h_R * rashba(k_perp, angle), "N")
        density = [waves.mean(biases).density, *(waves.at(z / k_F, biases).density for z in POSITIONS)]
        for depth in LAYERS:
            inside = [waves.at(z, biases).density for z in depth / k_F * (node - 1) / 2]
            density.append(np.tensordot(weight / 2, inside, axes=1))
        charge = np.trace(np.stack(density, axis=2), axis1=-2, axis2=-1).real
        values = -(k_perp * np.cos(angle))[..., None, None] * charge
        # Opposite k first: at each angle alone what cancels would swamp the rest.
        paired: Array = (values + np.roll(values, len(angles) // 2, axis=1)) / 2
        return paired

    return sum_over_k(integrand, IFACE.thresholds(), RTOL, 0.0).total


def near_and_far(engine: str) -> Iterator[Trial]:
    """Compare the current along x per bias, far from the interface, with that at several positions."""
    k_F = float(np.sqrt(IFACE.E_F - IFACE.U_N))
    found = profile(engine, k_F)
    rounding = EXACT[engine].rounding(IFACE.structure) * k_F**2
    for bias, name in enumerate(("N along y", "F along m")):
        ratio = found.value[:, bias] / found.value[0, bias]
        layers = " and ".join(f"{mean:.3g}" for mean in ratio[-len(LAYERS) :])
        for position, z in enumerate(POSITIONS, 1):
            far, near = found[0, bias], found[position, bias]
            sides = Estimate(near.value, (near - far).terms).and_("rounding", rounding, "double precision")
            words = f"charge current along x at z = {z:g}/k_F per spin bias of {name}, summed over k_perp"
            why = f"On {IFACE.name}, h_R = {IFACE.h_R:g}: {ratio[position]:.3g} times what (A8a) gives;"
            why += (
                f" averaged over the {LAYERS[0]:g}/k_F and {LAYERS[1]:g}/k_F next to the interface {layers}"
            )
            yield Trial(words, compare(float(far.value), sides), f"{why} times.")


paper.add(
    *(Statement(f"a1{letter}-letter-t",
        f"(A1{letter}) with the letter t that the transcription has for 1, in its last factor.",
        relation(change_of(name), formula, change_of(name).words,
            f"The letter is a slip: (10{letter}) has 1 there.", GENERAL))
        for letter, name, formula in (("a", "t", lambda s: with_t(s, s.t_ex)),
            ("c", "r", lambda s: with_t(s, IDENTITY + s.r_ex)))),
    Statement("no-spin-orbit-even-in-k",
        "Above (A1): without spin-orbit coupling amplitudes are even in k: no in-plane current flows.",
        balance(amplitudes, lambda one: amplitudes(one).each(lambda values: np.roll(values, 3, axis=1)),
            "r, t, r', t' at k and -k, h_R = 0", "Rotational symmetry about z.")),
    Statement("perpendicular-by-band",
        "Note 10: for perpendicular currents (A8b) is exact, at any distance: the diagonal part.",
        balance(FAR_IN_F, part(DEEP, flows.diagonal),
            "diagonal current along z in F: averaged over z, and at a z",
            "Charge and spin along m are conserved in F.", FINITE)),
    Statement("perpendicular-whole",
        "Note 10: for perpendicular currents (A8b) is exact, at any distance: all of the spin current.",
        balance(FAR_IN_F, DEEP, "current along z in F: averaged over z, and at a z",
            "Near the interface a transverse spin current precesses: Diag leaves it out.", FINITE)),
    Statement("continuity-of-charge",
        "Below (A9): the charge current along z is the same on both sides, at any h_R.",
        balance(part(ARRIVING, flows.charge), part(DEEP, flows.charge),
            "charge current along z at z < 0 and z > 0, all biases, finite h_R",
            "Charge is conserved at every k.", FINITE)),
    Statement("continuity-along-m-unperturbed",
        "Below (A9): j_z(z > 0) = Diag j_z(z < 0), without spin-orbit coupling.",
        balance(part(ARRIVING, flows.diagonal), part(DEEP, flows.diagonal),
            "diagonal current along z at z < 0 and z > 0, all biases, h_R = 0",
            "Spin along m is conserved by the interface's own potential.",
            tuple(iface.with_(h_R=0.0) for iface in FINITE))),
    Statement("continuity-along-m",
        "Below (A9): j_z(z > 0) = Diag j_z(z < 0), as said of (A8), with spin-orbit coupling.",
        balance(mean(part(ARRIVING, flows.along_m)), mean(part(DEEP, flows.along_m)),
            "spin current along m and along z at z < 0 and z > 0, averaged over angles, finite h_R",
            "The lattice takes spin along m in second order: unitarity conserves charge alone.", FINITE)),
    Statement("symmetry-of-G_Rr", "Below (A14): G_Rr is symmetric under exchange of s and s'.",
        balance(G_Rr, exchanged(G_Rr), "G_Rr^{ss's''} and G_Rr^{s'ss''}", "Both factors are 1 + r.")),
    Statement("symmetry-of-G_Rt", "Below (A14): G_Rt is symmetric under exchange of s and s'.",
        balance(G_Rt, exchanged(G_Rt), "G_Rt^{ss's''} and G_Rt^{s'ss''}",
            "1 + r of one band and t' of the other differ by the root of K_z/k_z of that band.")),
    Statement("unitarity-of-conductances", "Below (A14): Im G_Rr^{sss} + Im G_Rt^{sss} = 0.",
        balance(lambda one: same(G_Rr)(one).imag, lambda one: -same(G_Rt)(one).imag,
            "Im G_Rr^{sss} and -Im G_Rt^{sss} by k_perp", "At each k_perp, by unitarity.")),
    Statement("sum-of-conductances",
        "Below (A14): G_Rr^{sss} + G_Rt^{sss} = -(h_R e^2/2h) sum E_perp/(E_F - E_perp) |1 + r^s|^2.",
        relation(lambda one: same(G_Rr)(one) + same(G_Rt)(one), sum_of_conductances,
            "G_Rr^{sss} + G_Rt^{sss} by k_perp", "By |r^s|^2 + |t'^s|^2 = 1, both of one band.", GENERAL)),
    Statement("equilibrium-far",
        "Below (A14): equal chemical potentials drive no in-plane charge current, nor spin current, far from"
        " the interface, at any h_R.",
        balance(mean(driven(FAR_IN_N, NORMAL)), mean(driven(FAR_IN_N, FERROMAGNET, -1)),
            "current in the plane, mean over z < 0, over angles: from N, and minus that from F",
            "Unitarity: r r^dagger + t' t'^dagger = 1.", FINITE)),
    Statement("equilibrium-near", "The same near the interface, where interference and decaying waves count.",
        balance(mean(driven(part(NEAR, flows.charge), NORMAL)),
            mean(driven(part(NEAR, flows.charge), FERROMAGNET, -1)),
            "charge current in the plane at a z < 0, over angles: from N, and minus that from F",
            "Unitarity forbids it in the mean over z only: beside the interface each k_perp at E_F drives a"
            " current that is odd in m and in h_R.", FINITE)),
    Statement("equilibrium-spin-transcribed",
        "(A13b) as transcribed at equal chemical potentials: a spin current at equilibrium.",
        relation(lambda one: at_equilibrium(flows.in_plane(flows.spin, PLANE)(one)),
            lambda s: at_equilibrium(eqA13b(s)),
            "spin current in the plane, mean over z < 0, N and F at equal potentials",
            "Without the stars of the corrected form, (A13b) violates unitarity.", GENERAL)),
    Statement("collinear-charge-current",
        "Below (A14): with s = m the charge current along x is proportional to m_y.",
        balance(over_m_y, lambda one: over_m_y(turned(one, OTHER)),
            "charge current along x over m_y, mean over z < 0, collinear biases, for two magnetizations",
            "The only direction of collinear transport is m.")),
    Statement("near-the-interface",
        "Below (A7): in the plane too, oscillating and decaying terms may be left out of the current near"
        " the interface, as (A8a) and (A11) to (A13) do.", near_and_far),
)  # fmt: skip


SPINS = slice(1, 4)


def _opposite(iface: System) -> tuple[float, float, float]:
    x, y, z = iface.m
    return -x, -y, -z


def backward(one: Solved) -> Estimate:
    """σ_y Sᵀ(−k, −m) σ_y; −k is half-way round the angles."""
    found = np.roll(states(turned(one, _opposite(one.iface))).s_matrix(), 3, axis=1)
    sigma_y = np.kron(np.eye(2), PAULI[1])
    return measured(one, sigma_y @ found.swapaxes(-1, -2) @ sigma_y)


def charge_by_spin_bias(one: Solved) -> Estimate:
    """Charge current along x at −m per spin bias of N: in N, and in each band of F, far from the interface.

    Each times its own wave number along z: a mean free path along z is that times the relaxation time.
    """
    there = turned(one, _opposite(one.iface))
    biases = IN_N[SPINS], NONE
    down, up = at_own_h_R(there, "F").mean_by_band(biases)
    found = states(there)
    wave_numbers = found.kz, found.Kz[..., 1], found.Kz[..., 0]
    flowing = at_own_h_R(there, "N").mean(biases), up, down
    both = zip(wave_numbers, flowing, strict=True)
    by_source = [-k.real[..., None] * charge(there, flow.density) for k, flow in both]
    return averaged(measured(there, np.stack(by_source, axis=2)), along(there, X))


def torque_by_field(one: Solved) -> Estimate:
    """Minus the torque, flows (3) + (4) of Fig. 2, by a field on electrons from N, averaged over angles."""
    found = states(one).flows[..., 0, :, :]
    torque = transverse(found[..., PLUS, :] + found[..., INTERFACE, :], one.iface.direction)
    return -moment(one, measured(one, torque))


def from_A13a(s: Symbols) -> Array | Complex:
    """k_z times corrected (A13a) at −m, per spin bias of N."""
    there = Symbols(s.iface.with_(m=_opposite(s.iface)), s.k_perp, s.angles)
    return np.where(s.open_N, s.kz, 0)[..., None] * eqA13a.confirmed(there)[..., SPINS]


paper.add(
    Statement("time-reversal", "S(k, m) = sigma_y S^T(-k, -m) sigma_y between open channels, at any h_R.",
        balance(lambda one: measured(one, states(one).s_matrix()), backward,
            "S at k and m, and its reciprocal, finite h_R",
            "Time reversal turns k, m and the spin, and exchanges incoming and outgoing waves.", FINITE)),
    Statement("onsager-spin-current",
        "App. A 1: the in-plane charge current by a spin bias is the Onsager counterpart of the spin current"
        " by an in-plane field, at any h_R: that at z = -0 by source.",
        balance(lambda one: -moment(one, measured(one, states(one).spin_minus)), charge_by_spin_bias,
            "spin current at z = -0 per field, and k_z times the charge current per spin bias at -m",
            "N's current in N, each band's in F, averaged over z, as mean free paths in a field ask.",
            FINITE)),
    Statement("onsager-first-order",
        "The same to first order: (A13a) corrected, at -m and times k_z, is the spin current (14) of"
        " electrons from N.",
        relation(lambda one: -averaged(one.linear(one.states.spin_minus[..., 0, :]), along(one, PLANE)),
            from_A13a, "spin current at z = -0 of electrons from N by k_perp, per field and h_R",
            "G_Rr^{udd} - G_Rr^{duu*} is what (14) is made of.", GENERAL)),
    Statement("onsager-torque",
        "App. A 1: the in-plane charge current by a spin bias is the Onsager counterpart of the torque.",
        balance(torque_by_field, lambda one: measured(one, transverse(
                charge_by_spin_bias(one).value[:, :, 0], one.iface.direction)),
            "torque of electrons from N per field, and k_z times the charge current per spin bias at -m",
            "Not of the torque, which differs from the spin current at z = -0 by what the lattice adds; its"
            " own counterpart is the current that a moving magnetization drives.", FINITE)),
)  # fmt: skip
