"""Claims about theory to first order in h_R, and how the exact torque departs from it as h_R³."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from sotcheck.beyond.radius import exponent_data
from sotcheck.engines import reference
from sotcheck.exact.observables import FLOWS, LATTICE, MINUS, components, transverse
from sotcheck.exact.quantities import AMPLITUDES
from sotcheck.exact.solved import POWERS, coefficient
from sotcheck.numerics.arrays import Array, Complex, Mask
from sotcheck.numerics.convergence import observed_order
from sotcheck.numerics.estimate import Estimate
from sotcheck.papers.kim2017 import paper
from sotcheck.papers.kim2017.section3 import eq10a, eq10b, eq10c, eq10d
from sotcheck.system.interface import SOURCES, Interface
from sotcheck.system.units import wave_vector
from sotcheck.theory.first_order import torque_vector
from sotcheck.theory.symbols import Symbols
from sotcheck.theory.validity import transparent_channels
from sotcheck.trial.coefficients import (
    amplitude_errors,
    explained,
    formula_error,
    formula_rounding,
    linear_flows,
    natural_scale,
    remainders,
    torque_of,
    tried,
)
from sotcheck.trial.entries import Claim, Equation
from sotcheck.trial.evidence import ANGLES, Evidence
from sotcheck.trial.judge import real
from sotcheck.trial.premises import ALL_TAKEN, BARE, ONE_AXIS, RASHBA_AT_ZERO
from sotcheck.trial.verdict import Comparison, Trial, Verdict, compare

#: Sec. VI B: whatever lies at z > 0; the torque is then what spin arrives, and what the lattice adds.
BENEATH = RASHBA_AT_ZERO, ONE_AXIS, ALL_TAKEN
#: |m×ŷ| below which the vector t is judged instead of its components, which are divided by it.
NEAR_Y = 0.1


def _change_of_amplitude(symbol: str, formula: Equation) -> Claim:
    """Return the claim that a formula is ∂/∂h_R of one of r̂, t̂, r̂', t̂' at h_R = 0.

    That of r̂ is said of any structure beneath (Sec. VI B); of a stack it is tried where N has open channels.
    """
    incident = SOURCES[:1] if symbol in ("r", "t") else SOURCES[1:]
    columns = [SOURCES.index(source) for source in incident]

    def judge(evidence: Evidence) -> Iterator[Trial]:
        iface, h_R = evidence.iface, evidence.rungs_by_k
        if not any(iface.k_perp2_max(source) > 0 for source in incident):
            return
        for engine, resolved in evidence.resolved.items():
            k_perp = resolved.k_perp
            expected = formula(Symbols(iface, k_perp, ANGLES))[:, ::2]
            rungs = np.searchsorted(-resolved.h_R, -h_R)
            exact: Complex = resolved.states.amplitudes()[AMPLITUDES.index(symbol)][:, :, rungs]
            # The opposite angle is −h_R: half the difference is the odd part.
            odd = np.moveaxis((exact[:, ::2] - exact[:, 1::2]) / (2 * h_R[:, None, None]), 2, 0)
            noise = resolved.errors.amplitudes[:, ::2, rungs][..., columns].max(axis=-1) / h_R
            noise = np.moveaxis(noise, 2, 0)[..., None, None, None]
            fit = coefficient(real(odd), POWERS, noise, (-3, -2, -1))
            known = np.isfinite(expected).all(axis=(1, 2, 3))
            k_perp, fit = k_perp[known], fit[known]
            found = compare(real(expected[known]), fit, sample=True)
            k, (one_k, unit) = k_perp[found.index[0]], wave_vector(iface)
            words = f"over {len(k_perp)} k_perp in every channel regime and {len(ANGLES)} angles"
            if found.left_out:
                words += f"; {found.left_out} numbers left out, which rounding over h_R hides"
            quantity = f"d{symbol}/dh_R at h_R = 0, worst element, k_perp = {one_k * k:.3g}{unit}"
            yield Trial(quantity, found, words, engine=engine)

    number = formula.number
    on = (RASHBA_AT_ZERO if symbol == "r" else BARE,)
    return Claim(f"eq{number}", f"First-order change of {symbol} in h_R", judge, number, on=on)


paper.add(*map(_change_of_amplitude, ("t", "t'", "r", "r'"), (eq10a, eq10b, eq10c, eq10d)))


def _current_trials(
    evidence: Evidence, flow: int, expected: Array, words: str, with_embedded: bool = False
) -> Iterator[Trial]:
    """Compare spin flows (3, 3), by source and component, with the exact linear coefficients."""
    scale = natural_scale(evidence, evidence.currents.value)
    for engine in evidence.ladder:
        measured = linear_flows(evidence, engine)
        for s, source in evidence.open_sources:
            found = tried(evidence, expected[s], measured[s, flow], scale)
            added = " + embedded state" if with_embedded and evidence.expansion.missing[s] != 0 else ""
            quantity = f"{FLOWS[flow]} per h_R, spin {'xyz'[found.index[0]]} (worst){added}"
            yield Trial(quantity, found, explained(evidence, words, s), source, engine, torque=True)


@paper.claim("eq14", "Spin current at z = -0 to first order", "14", on=(RASHBA_AT_ZERO,))
def spin_current_at_minus_zero(evidence: Evidence) -> Iterator[Trial]:
    """(14) against the linear coefficient of the exact current, by source and spin component."""
    words = "all three spin components, with the overall sign of (16)"
    yield from _current_trials(evidence, MINUS, evidence.currents.value[:, MINUS], words)


@paper.claim("eq15", "Angular momentum from the lattice to first order", "15", on=(RASHBA_AT_ZERO,))
def lattice_transfer(evidence: Evidence) -> Iterator[Trial]:
    """(15) against the linear coefficient of the exact transfer, evanescent states included.

    It is tried as corrected, with t' for the r of electrons from F, and with an embedded state's part.
    """
    words = "all three spin components, with the overall sign of (16); t' for r of electrons from F"
    yield from _current_trials(evidence, LATTICE, evidence.corrected_lattice, words, with_embedded=True)


def torque_trials(
    evidence: Evidence,
    sources: tuple[str, ...],
    expected: Complex,
    segments: Mask | None = None,
    part: str = "",
    form: str | None = None,
) -> Iterator[Trial]:
    """Compare a fieldlike + i dampinglike (segments, 3) with the exact linear coefficient, by source."""
    m = evidence.axis
    segments = np.ones(len(expected), dtype=bool) if segments is None else segments
    scale = natural_scale(evidence, evidence.formulas.total.value)
    # Components of t are divided by |m×ŷ|: where that is small, they say nothing.
    norm = float(np.hypot(m[0], m[2]))
    words = "linear coefficient of the exact torque, Richardson's limit of t/h_R"
    if norm <= NEAR_Y:
        words = "m is all but parallel to y: the vector is compared"
    for engine in evidence.ladder:
        flows = linear_flows(evidence, engine, segments)
        for s, source in evidence.open_sources:
            if source not in sources or not evidence.carries_current(source, segments):
                continue
            t, want = torque_of(evidence, flows[s]), expected[segments, s].sum()
            rows = [("t per h_R, worst component", torque_vector(want, m), t)]
            if norm > NEAR_Y:
                split = t.each(lambda value: np.array(components(value, m)), lambda size: size.max() / norm)
                rows = [("fieldlike per h_R", want.real, split[0])]
                rows += [("dampinglike per h_R", want.imag, split[1])]
            for name, target, found in rows:
                comparison = tried(evidence, target, found, scale)
                why = explained(evidence, words, s)
                yield Trial(f"{name}{part}", comparison, why, source, engine, form, torque=True)


@paper.claim("eq16c", "Torque from electrons incident from the normal metal", "16c", on=BENEATH)
def torque_from_normal(evidence: Evidence) -> Iterator[Trial]:
    """(16c) against the linear coefficient of the exact torque."""
    yield from torque_trials(evidence, ("normal",), evidence.formulas.by_segment.value)


@paper.claim("eq16d", "Torque from electrons incident from the ferromagnet", "16d", on=BENEATH)
def torque_from_ferromagnet(evidence: Evidence) -> Iterator[Trial]:
    """(16d), its evanescent term on its own, against the exact torque of the same k_⊥.

    Where an embedded state adds a torque of the same order, the evanescent term disagrees by just that, and
    the corrected form, with the state's torque, is tried as well.
    """
    expected, limit = evidence.formulas.by_segment.value, evidence.iface.k_perp2_max("normal")
    evanescent = np.array([x_1 >= limit for x_1, _ in evidence.formulas.segments])
    term = ", k_z imaginary: the evanescent term"
    if not evanescent.all():
        yield from torque_trials(evidence, SOURCES[1:], expected, ~evanescent, ", k_z real")
    if evanescent.any():
        yield from torque_trials(evidence, SOURCES[1:], expected, evanescent, term)
    if evidence.expansion.kind == "embedded":
        part, corrected = f"{term} + embedded state", evidence.corrected_torque
        yield from torque_trials(evidence, ("majority",), corrected, evanescent, part, "corrected")


@paper.claim("eq16-vector", "Eqs. (14) + (15), transverse to m, are the torque", "16a", on=BENEATH[:2])
def torque_from_currents(evidence: Evidence) -> Iterator[Trial]:
    """(16a) with (16c, d) against the sum of (14) and (15): formula against formula."""
    m, flows = evidence.axis, evidence.currents.value
    expected = torque_vector(evidence.formulas.total.value, m)
    measured = transverse(flows[:, MINUS] + flows[:, LATTICE], m)
    rounding = 2 * formula_rounding(evidence.iface)
    terms = {
        "quadrature": (2 * formula_error(evidence), "nested rules in k_perp"),
        "rounding": (rounding, "double precision of the amplitudes in the formulas, both sides"),
    }
    for s, source in evidence.open_sources:
        found = compare(expected[s], measured[s], terms, scale=natural_scale(evidence, expected))
        yield Trial("t per h_R, worst component", found, "both sides are formulas", source, torque=True)


@paper.claim("amplitudes", "Eq. (16) needs only unperturbed amplitudes, from anywhere", "16", on=BENEATH[:2])
def amplitudes_from_anywhere(evidence: Evidence) -> Iterator[Trial]:
    """(16) with amplitudes of closed forms against amplitudes found by each engine at h_R = 0."""
    reference, iface = evidence.formulas.total, evidence.iface
    for name in (name for name in evidence.engines if name in evidence.theory):
        other = evidence.theory[name].total
        rounding = amplitude_errors(evidence.engines[name], iface) + 2 * formula_rounding(iface)
        terms = {
            "quadrature": (reference.total + other.total, "nested rules in k_perp, both sides"),
            "rounding": (rounding, "double precision, amplified by the lattice"),
        }
        expected = real(reference.value)
        found = compare(expected, real(other.value), terms, scale=natural_scale(evidence, expected))
        of = "closed forms (6), (7)" if isinstance(iface, Interface) else "the whole stack's, layer by layer,"
        words = f"{of} against amplitudes of the engine at h_R = 0"
        source = SOURCES[found.index[0]]
        yield Trial("fieldlike and dampinglike per h_R, worst", found, words, source, name, torque=True)


#: The exact torque is odd in h_R, so it departs from its linear term as h_R³.
REMAINDER_ORDER = 3.0
#: A wrong linear coefficient leaves a slope of 1, a missing second order one of 2.
SLOPE_TELL_APART = 0.05


@paper.claim("linearity", "The exact torque departs from first order as h_R^3")
def linearity(evidence: Evidence) -> Iterator[Trial]:
    """Slope of |t − (16)| in h_R over the ladder, extrapolated to h_R → 0.

    Where (16) is not the limit of t/h_R, the slope is that of the departure from the limit. Where a spin
    channel is transparent, the departure is of second order, with a coefficient that theory knows.
    """
    if transparent_channels(evidence.bare):
        yield from transparent_trials(evidence)
    else:
        yield from slope_trials(evidence, evidence.corrected_torque.sum(axis=0))


def transparent_trials(evidence: Evidence) -> Iterator[Trial]:
    """Try the true exponents of a transparent channel, and the coefficient of h_R|h_R|, by source."""
    data, words = exponent_data(evidence.bare), evidence.expansion.words
    for source, row in data["sources"].items() if data else ():
        slope = "slope of |t - (16)| in h_R"
        if not row["measured"]:
            unknown = Estimate(np.nan, {"next order": (np.inf, row["why"])})
            yield Trial(slope, compare(3.0, unknown), f"{words}; {row['why']}", source, reference())
            continue
        log = ", apart from its logarithm" if row["logarithm"] else ""
        rows = [(f"{slope}{log}", row["expected_exponent"], "exponent", "of the local slopes")]
        if row["ratio"] is not None:
            rows += [("coefficient of h_R|h_R|, relative to theory's", 1.0, "ratio", "to h_R = 0")]
        for quantity, expected, name, what in rows:
            value, error, origin = row[name], row[f"{name}_error"], f"extrapolation {what}, and quadrature"
            # What could not be measured comes as None.
            size = np.inf if error is None else error
            found = Estimate(np.nan if value is None else value, {"next order": (size, origin)})
            comparison = compare(float(expected), found, tell_apart=SLOPE_TELL_APART)
            yield Trial(quantity, comparison, words, source, reference())


def slope_trials(evidence: Evidence, expected: Complex) -> Iterator[Trial]:
    """Fit the slope of the remainder that a formula (3,) leaves, for every source and engine."""
    limit = "(16) - embedded state" if evidence.expansion.kind == "embedded" else "(16)"
    scale = natural_scale(evidence, expected)
    for engine in evidence.ladder:
        rest = remainders(evidence, engine, expected)
        for s, source in evidence.open_sources:
            slope = observed_order(rest.value[:, s], rest.error[:, s])
            if not slope.total <= SLOPE_TELL_APART:
                found = _no_departure(evidence, expected[s], rest[:, s], scale)
                if found.verdict is Verdict.AGREES:
                    quantity = f"|t - {limit}| per h_R: no departure to fit a slope to"
                    why = "what departs is next to nothing, within the noise and"
                    why += " (h_R/radius)^2 of first order"
                    yield Trial(quantity, found, why, source, engine, torque=True)
                    continue
            words = f"h_R from {evidence.rungs[0]:.3g} to {evidence.rungs[-1]:.3g}"
            if not evidence.expansion.exists:
                words = evidence.expansion.why_not
                slope = Estimate(slope.value, {"next order": (np.inf, words)})
            found = compare(REMAINDER_ORDER, slope + 1, tell_apart=SLOPE_TELL_APART)
            words = explained(evidence, words, s)
            yield Trial(f"slope of |t - {limit}| in h_R", found, words, source, engine)


def _no_departure(evidence: Evidence, expected: complex, rest: Estimate, scale: float) -> Comparison:
    """Compare the departure with what the next order can amount to."""
    size = float(np.linalg.norm(torque_vector(np.array([expected]), evidence.iface.direction)))
    part = evidence.rungs[0] / evidence.expansion.radius if evidence.expansion.radius else np.inf
    next_order = size * part**2 if size else 0.0
    largest = rest.each(lambda array: float(array.max()))
    origin = "first order times (h_R/radius of convergence)^2"
    return compare(0.0, largest.and_("next order", next_order, origin), scale=scale)
