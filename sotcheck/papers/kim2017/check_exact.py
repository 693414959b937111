"""Claims about the exact solutions themselves, and faults put in on purpose, which have to be flagged."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from sotcheck.exact.observables import largest_torque, ledger_residual, summed_errors, torque_from_flows
from sotcheck.numerics.arrays import Array, Complex, Mask
from sotcheck.numerics.convergence import finest, observed_order
from sotcheck.numerics.estimate import Estimate, Terms, added
from sotcheck.papers.kim2017 import paper
from sotcheck.papers.kim2017.check_first_order import slope_trials, torque_trials
from sotcheck.papers.kim2017.section4 import by_source
from sotcheck.system.interface import SOURCES, Interface
from sotcheck.system.units import wave_vector
from sotcheck.theory.sums import first_order_torque
from sotcheck.theory.symbols import Symbols
from sotcheck.trial.coefficients import lattice_noise, natural_scale
from sotcheck.trial.evidence import FINE, SPACING_POWERS, Evidence, Resolved
from sotcheck.trial.judge import real
from sotcheck.trial.verdict import Comparison, Trial, compare

#: Residuals of conservation laws are seen from here on (per unit flux).
RESIDUAL_TELL_APART = 1e-9
#: One-sided interface sites lower the lattice's order from two to one.
LATTICE_ORDER, ORDER_TELL_APART = 2.0, 0.05
#: A resonance that the coarser lattices miss shows in local orders that differ by more.
ORDER_SETTLED = 0.1
#: An order takes so many steps, each so much above the rounding.
ORDER_STEPS, CLEAR = 3, 0.01
ROUNDING = "double precision, amplified by the lattice where there is one"
HIDDEN = ", which rounding next to a band edge hides"


def regimes(iface: Interface, k_perp: Array) -> dict[str, Mask]:
    """Return which nodes lie in each channel regime, by a description of the closed channels."""
    x = k_perp**2
    minority, majority = iface.Kz_squared(x).T <= 0
    closed = {"N closed": iface.kz_squared(x) <= 0, "minority closed": minority, "majority closed": majority}
    names = np.array([", ".join(n for n, c in closed.items() if c[i]) or "all open" for i in range(len(x))])
    return {str(name): names == name for name in dict.fromkeys(names)}


def but_for(words: str, found: Comparison, why: str = HIDDEN) -> str:
    """Add to the words about a sample how much of it was left out, and why."""
    return f"{words}; {found.left_out} numbers left out{why}" if found.left_out else words


def residual_trial(residual: Array, rounding: Array, tell_apart: float, sample: bool = True) -> Comparison:
    """Compare what has to vanish with zero."""
    found = Estimate(residual, {"rounding": (rounding, ROUNDING)})
    return compare(np.zeros_like(residual), found, tell_apart=tell_apart, sample=sample)


@paper.claim("unitarity", "The scattering matrix of open channels is unitary", "B8")
def unitarity(evidence: Evidence) -> Iterator[Trial]:
    """S†S = SS† = 1 between open channels at every h_R, in each channel regime."""
    for engine, resolved in evidence.resolved.items():
        defect = resolved.states.unitarity_defect()
        # Each element of S†S sums four products of two amplitudes.
        rounding = 4 * resolved.errors.amplitudes.max(axis=-1)
        for name, nodes in regimes(evidence.bare, resolved.k_perp).items():
            found = residual_trial(defect[nodes], rounding[nodes], RESIDUAL_TELL_APART)
            words = f"{defect[nodes].size} problems, h_R up to {resolved.h_R.max():g}"
            yield Trial(f"largest |S'S - 1|, {name}", found, but_for(words, found), engine=engine)


@paper.claim("ledger", "Incoming flow = lattice + bulk magnetism + interface magnetism", "Fig. 2")
def ledger(evidence: Evidence) -> Iterator[Trial]:
    """(1) = (2) + (3) + (4) of Fig. 2, each from its own expression, k_⊥ resolved and summed."""
    for engine, resolved in evidence.resolved.items():
        # The balance is between terms as large as this, whatever is left of them.
        rashba_term = resolved.h_R.max() * resolved.k_perp.max() * np.abs(resolved.states.density).max()
        tell_apart = RESIDUAL_TELL_APART * max(1.0, float(np.abs(resolved.flows).max()), float(rashba_term))
        residual = np.abs(ledger_residual(resolved.flows)).max(axis=-1)
        for s, source in evidence.open_sources:
            found = residual_trial(residual[..., s], 4 * resolved.errors.flows[..., s], tell_apart)
            words = but_for(f"{residual[..., s].size} problems, h_R up to {resolved.h_R.max():g}", found)
            yield Trial("largest residual, k_perp resolved, per unit flux", found, words, source, engine)
        if engine not in evidence.at_h_R:
            continue
        summed = np.abs(ledger_residual(evidence.at_h_R[engine].total.value)).max(axis=-1)
        rounding = 4 * summed_errors(evidence.engines[engine], evidence.iface, evidence.h_R).sum(axis=0)
        for s, source in evidence.open_sources:
            size, here = np.abs(evidence.h_R), tell_apart * largest_torque(evidence.iface)
            found = residual_trial(summed[:, s] * size, rounding[:, s], here, sample=False)
            words = f"h_R = {', '.join(f'{h:g}' for h in evidence.h_R)}"
            yield Trial("largest residual, k_perp summed", found, words, source, engine, torque=True)


@paper.claim("lattice-order", "Finite differences converge as a^2 to the continuum")
def lattice_order(evidence: Evidence) -> Iterator[Trial]:
    """The observed order over a ladder of spacings, and Richardson's limit against `continuum`."""
    if "finite-difference" not in evidence.lattice:
        return
    yield from order_trials(evidence, "finite-difference")
    exact = evidence.without_lattice
    if exact is None:
        return
    at = int(np.flatnonzero(exact.h_R == evidence.h_R[0])[0])
    fit = finest(
        evidence.lattice["finite-difference"], SPACING_POWERS, lattice_noise(evidence), (-1, -2, -3, -4),
        "lattice", "last elimination of Richardson's table in a, if a^2 is seen there",
    )  # fmt: skip
    rounding = fit.size("rounding") + exact.errors.flows[:, :, at, :, None, None]
    carried = {"rounding": (rounding, "grows as 1/a^2, carried through the table")}
    found = compare(exact.flows[:, :, at], Estimate(fit.value, fit.terms | carried), sample=True)
    words = f"{len(evidence.spacings)} spacings from a = {evidence.spacings[0]:.3g}"
    words = but_for(words, found, ": no spacing is both fine and coarse enough for them")
    quantity = "Richardson's limit of the spin flows against continuum, worst"
    yield Trial(quantity, found, words, engine=evidence.lattice_engine)


def order_trials(evidence: Evidence, scheme: str) -> Iterator[Trial]:
    """Fit the order of convergence of one scheme from its own values alone.

    k_⊥ whose steps rounding reaches before the ladder ends would tell nothing but noise: they are left out.
    """
    values = evidence.lattice[scheme]
    shape = (*values.shape[:2], -1)
    steps = np.linalg.norm(np.diff(values, axis=0).reshape(len(values) - 1, shape[1], -1), axis=-1)
    noise = np.linalg.norm(np.broadcast_to(lattice_noise(evidence), values.shape).reshape(shape), axis=-1)
    clear = np.all(noise[1 : 1 + ORDER_STEPS] < CLEAR * steps[:ORDER_STEPS], axis=0)
    seen = (np.linalg.norm(steps[:, clear], axis=1), 2 * np.linalg.norm(noise[1:, clear], axis=1))
    order = observed_order(*seen, settled=ORDER_SETTLED)
    terms: Terms = {"lattice": (order.total, "change of the local order between spacings, and noise")}
    found = compare(LATTICE_ORDER, order.value, terms, tell_apart=ORDER_TELL_APART)
    words = (
        f"a from {evidence.spacings[0]:.3g} to {evidence.spacings[-1]:.3g}, flows resolved at "
        f"{np.count_nonzero(clear)} of {len(clear)} k_perp, the others hidden by rounding"
    )
    yield Trial(f"observed order, {scheme}", found, words, engine=evidence.lattice_engine)


@paper.claim("kwant-continuum", "Kwant's exact-difference chain solves the continuum problem")
def engines_against_the_first(evidence: Evidence) -> Iterator[Trial]:
    """Exact engines that share no code, k_⊥ resolved for two directions of m, and summed."""
    first, *others = evidence.engines
    for other in others:
        both = (("m of the system", evidence.resolved), ("m tilted", evidence.resolved_tilted))
        for words, by_engine in both:
            if {first, other} <= by_engine.keys():
                yield from _resolved_trials(by_engine[first], by_engine[other], words, other)
        if {first, other} <= evidence.at_h_R.keys():
            yield from _summed_trials(evidence, first, other)


def _resolved_trials(one: Resolved, other: Resolved, words: str, engine: str) -> Iterator[Trial]:
    for quantity, values in (("spin flows", _flows), ("wave function at z = 0", _wave_function)):
        expected, found = values(one), values(other)
        both = Estimate(found.value, added(expected.terms, found.terms))
        comparison = compare(expected.value, both, sample=True)
        why = but_for(f"k_perp resolved, h_R from {one.h_R.min():.3g} to {one.h_R.max():g}", comparison)
        name = f"{quantity}, {words}, worst of {expected.value.size} numbers"
        yield Trial(name, comparison, why, engine=engine)


def _flows(resolved: Resolved) -> Estimate:
    return Estimate(resolved.flows, {"rounding": (resolved.errors.flows[..., None, None], ROUNDING)})


def _wave_function(resolved: Resolved) -> Estimate:
    from_N, *from_F = np.moveaxis(resolved.errors.psi, -1, 0)
    errors = np.stack([from_N, np.maximum(*from_F)])[..., None, None, None]
    psi = np.stack([resolved.states.psi_N, resolved.states.psi_F])
    return Estimate(real(psi), {"rounding": (errors, ROUNDING)})


def _summed_trials(evidence: Evidence, *names: str) -> Iterator[Trial]:
    """Compare t of two engines, k_⊥ summed, at the h_R asked for."""
    iface, h_R = evidence.iface, evidence.h_R[:, None]
    sums = [evidence.at_h_R[name].total for name in names]
    one, other = (torque_from_flows(found.value, iface.direction) for found in sums)
    largest = float(np.abs(evidence.h_R).max())
    # t is a sum of two flows.
    rounding = sum(2 * summed_errors(evidence.engines[n], iface, evidence.h_R).sum(axis=0) for n in names)
    quadrature = 4 * largest * float((sums[0].error + sums[1].error).max())
    scale = natural_scale(evidence, one) * largest
    for s, source in evidence.open_sources:
        terms: Terms = {"quadrature": (quadrature, "nested rules in k_perp and angle, both sides")}
        terms["rounding"] = rounding[:, s, None], ROUNDING
        found = compare(one[:, s] * h_R, other[:, s] * h_R, terms, scale=scale)
        yield Trial("t, worst component", found, "k_perp summed", source, names[1], torque=True)


@paper.claim("bound-states", "Spin-orbit coupling adds no bound state", "C5")
def no_bound_state(evidence: Evidence) -> Iterator[Trial]:
    """States that h_R adds below the continuum for k_⊥ of occupied states, and at or below E_F for any.

    That it adds none does not say that there is none: the interface may bind states by itself. These reach
    E_F without h_R, so that nothing is left to say of h_R there.
    """
    iface = evidence.iface
    k_max, (one_k, unit) = iface.thresholds()[-1] ** 0.5, wave_vector(iface)
    for found in evidence.bound_states:
        terms: Terms = {}
        strength = abs(found.h_R) * k_max
        words = (
            f"smallest eigenvalue of q_N + Q_F + kappa: {found.lowest:.4g}, "
            f"at k_perp = {one_k * found.k_perp:.3g}{unit}, "
            f"angle {np.degrees(found.angle) % 360:.0f} deg"
        )
        if found.added > 0 and strength > np.sqrt(iface.J):
            terms["next order"] = (np.inf, "beyond the threshold (C5), where the paper expects states")
            words += f"; |h_R| k_max = {strength:.3g} exceeds sqrt(J) = {np.sqrt(iface.J):.3g} of (C5)"
        elif found.added > 0 and (iface.U_N != iface.U_F or iface.u_0 < abs(iface.u_m)):
            words += "; the model behind (C5) has equal potentials and nothing attractive at z = 0"
        beside = ""
        if found.alone:
            beside = f" to {found.alone} that the interface binds by itself"
            words += "; they reach E_F without h_R: whether it adds any is asked, not whether there are any"
        quantity = f"states added{beside} at any k_perp of an occupied state, h_R = {found.h_R:g}"
        yield Trial(quantity, compare(0.0, float(found.added), terms, tell_apart=0.5), words)
        if not found.alone:
            number = float(found.at_fermi_energy)
            quantity = f"h_R brings states to E_F or below, any k_perp, h_R = {found.h_R:g}"
            words = f"there are such states from |h_R| = {found.first_h_R:.4g} on"
            yield Trial(quantity, compare(0.0, number, terms if number else {}, tell_apart=0.5), words)


@paper.claim("one-sided", "Interface site with one side's value: order 1 instead of 2", None, control=True)
def one_sided_site(evidence: Evidence) -> Iterator[Trial]:
    """The interface site carries the ferromagnet's on-site value instead of the mean of both sides."""
    # Where both bulks are the same, one side's value is the mean.
    if evidence.bare.bulks_differ:
        yield from order_trials(evidence, "one-sided")


@paper.claim("flipped-sign", "A sign of Eq. (16) flipped", "16", control=True)
def flipped_sign(evidence: Evidence) -> Iterator[Trial]:
    """Eq. (16c) with 1 + r↑*r↓ for 1 − r↑*r↓, and Eq. (16d) with the opposite sign."""
    expected = first_order_torque(evidence.iface, _flipped, rtol=FINE).by_segment.value
    yield from torque_trials(evidence, SOURCES, expected)
    yield from slope_trials(evidence, expected.sum(axis=0))


@paper.claim("no-evanescent", "Eq. (16) without evanescent states", "16", control=True)
def evanescent_dropped(evidence: Evidence) -> Iterator[Trial]:
    """Eq. (16) summed only over k_⊥ at which every channel is open."""
    limit = min(evidence.iface.k_perp2_max(source) for source in SOURCES)
    dropped = np.array([x_1 >= limit for x_1, _ in evidence.formulas.segments])
    if dropped.any():
        expected = np.where(dropped[:, None], 0.0, evidence.formulas.by_segment.value)
        yield from torque_trials(evidence, SOURCES, expected)


def _flipped(s: Symbols) -> Complex:
    normal = s.k2 / s.kz * (1 + s.r_up.conj() * s.r_down) * (s.r_up - s.r_down.conj()) / (8 * np.pi)
    return np.concatenate([normal[..., None], -by_source(s)[..., 1:]], axis=-1)
