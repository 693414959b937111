"""Claims of Secs. III and IV: amplitudes, spin currents and torque are exact to first order in h_R."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from sotcheck.engines import Matching
from sotcheck.exact.observables import (
    FLOWS,
    INTERFACE,
    LATTICE,
    MINUS,
    PLUS,
    components,
    largest_torque,
    summed_errors,
    torque_from_flows,
    transverse,
)
from sotcheck.numerics.arrays import Array, Complex, Mask
from sotcheck.numerics.convergence import richardson
from sotcheck.numerics.estimate import Estimate, Terms
from sotcheck.papers.kim2017 import paper
from sotcheck.system.interface import SOURCES
from sotcheck.theory import amplitudes as eq
from sotcheck.theory.first_order import torque_vector
from sotcheck.trial.evidence import ANGLES, Evidence, amplitude_errors
from sotcheck.trial.verdict import Trial, compare

#: Powers of h_R in the odd part of an amplitude over h_R, at one k_⊥, after its limit.
AMPLITUDE_POWERS = (2, 4, 6)
#: Part of the natural scale of t below which a torque counts as none.
SMALL_TORQUE = 1e-3
#: Part of it that is rounding.
NO_TORQUE = 1e-12
#: |m×ŷ| below which the vector t is judged instead of its components, which are divided by it.
NEAR_Y = 0.03


def natural_scale(evidence: Evidence, values: Complex | Array) -> float:
    """Return what differences of torques are relative to: the largest, or else a SMALL_TORQUE."""
    largest, natural = float(np.abs(values).max()), largest_torque(evidence.iface)
    # Where there is to be none at all, any that is not next to nothing is a fault.
    return natural if largest < NO_TORQUE * natural else max(largest, SMALL_TORQUE * natural)


def expansion_error(fit: Estimate, vector_axes: tuple[int, ...], why_not: str = "") -> dict[str, Any]:
    """Return the error terms of a linear coefficient read off the ladder of h_R.

    The last elimination may leave one component alone by accident: every component gets the largest of its
    vector, whose axes are `vector_axes`. `why_not` says why there is no expansion, if there is none.
    """
    next_order = fit.shared(vector_axes).size("next order")
    origin = "last elimination of Richardson's table in h_R"
    if why_not:
        # Without an expansion the ladder's own limit means nothing: as uncertain as it is large.
        next_order, origin = next_order + np.abs(fit.value), why_not
    return {
        "next order": (next_order, origin),
        "rounding": (fit.size("rounding"), "double precision over h_R, carried through the table"),
    }


def printed_error(evidence: Evidence) -> float:
    """Return the quadrature error of the currents that are printed: at −0 and of the lattice."""
    return float(evidence.currents.error[:, [MINUS, LATTICE]].max())


def linear_flows(
    evidence: Evidence, engine: str, segments: Mask | None = None
) -> tuple[Array, dict[str, Any]]:
    """Return the exact flows' linear coefficient in h_R, shape (3, 4, 3), and its error terms.

    `segments` (bool) restricts the k_⊥ sum.
    """
    found = evidence.ladder[engine].by_segment
    chosen = slice(None) if segments is None else segments
    noise = summed_errors(evidence.engines[engine], evidence.iface, evidence.rungs)[chosen].sum(axis=0)
    fit = richardson(
        found.value[chosen].sum(axis=0),
        evidence.expansion.powers,
        (noise / evidence.rungs[:, None])[..., None, None],
    )
    terms = expansion_error(fit, (-2, -1), evidence.why_not_analytic)
    theory = evidence.theory["closed forms"].total.total + printed_error(evidence)
    quadrature = found.error[chosen].sum(axis=0).max() + theory
    terms["quadrature"] = (float(quadrature), "nested rules in k_perp and angle, both sides")
    return fit.value, terms


def _amplitude_claim(number: str, which: int, formula: Callable[[eq.Amplitudes, Complex], Complex]) -> None:
    symbol = ("r", "t", "r'", "t'")[which]

    @paper.claim(
        f"eq{number}",
        f"First-order change of {symbol} in h_R",
        number,
    )
    def judge(evidence: Evidence) -> Iterator[Trial]:
        incident = ("normal",) if symbol in ("r", "t") else ("majority", "minority")
        if not any(evidence.iface.k_perp2_max(source) > 0 for source in incident):
            return
        for engine, resolved in evidence.resolved.items():
            x = resolved.k_perp**2
            unperturbed = eq.closed_forms(evidence.iface, x)
            R = resolved.rashba
            expected = np.stack([formula(unperturbed, R[:, i]) for i in range(len(ANGLES))], axis=1)
            ladder = evidence.rungs_by_k
            rungs = np.searchsorted(-resolved.h_R, -ladder)
            exact: Complex = resolved.states.amplitudes()[which][:, :, rungs]
            # The opposite angle is −h_R: half the difference is the odd part.
            odd = (exact[:, ::2] - exact[:, 1::2]) / (2 * ladder[:, None, None])
            by_rung = _real(np.moveaxis(odd, 2, 0))
            chosen = [SOURCES.index(source) for source in incident]
            noise = resolved.errors.amplitudes[:, ::2, rungs][..., chosen].max(axis=-1) / ladder
            fit = richardson(by_rung, AMPLITUDE_POWERS, np.moveaxis(noise, 2, 0)[..., None, None, None])
            found = compare(
                _real(expected[:, ::2]), fit.value, expansion_error(fit, (-3, -2, -1)), sample=True
            )
            k = resolved.k_perp[found.index[0]]
            words = f"over {len(x)} k_perp in every channel regime and {len(ANGLES)} angles"
            if found.left_out:
                words += f"; {found.left_out} numbers left out, which rounding over h_R hides"
            yield Trial(
                f"d{symbol}/dh_R at h_R = 0, worst element, k_perp = {k:.3g}", found, words, engine=engine
            )


def _real(values: Complex) -> Array:
    return np.stack([values.real, values.imag], axis=-1)


for _number, _which, _formula in (
    ("10a", 1, eq.change_of_t),
    ("10b", 3, eq.change_of_t_prime),
    ("10c", 0, eq.change_of_r),
    ("10d", 2, eq.change_of_r_prime),
):
    _amplitude_claim(_number, _which, _formula)


def _current_trials(
    evidence: Evidence, flow: int, expected: Array, words: str, with_embedded: bool = False
) -> Iterator[Trial]:
    """Compare spin flows (3, 3), by source and component, with the exact linear coefficients."""
    scale = natural_scale(evidence, evidence.currents.value)
    for engine in evidence.ladder:
        measured, terms = linear_flows(evidence, engine)
        for s, source in evidence.open_sources:
            errors = doubted(evidence, _at(terms, s, flow), expected[s])
            found = compare(expected[s], measured[s, flow], errors, scale=scale)
            added = " + embedded state" if with_embedded and evidence.expansion.missing[s] != 0 else ""
            yield Trial(
                f"{FLOWS[flow]} per h_R, spin {'xyz'[found.index[0]]} (worst){added}",
                found,
                explained(evidence, words, s),
                source,
                engine,
            )


def doubted(evidence: Evidence, terms: Terms, expected: Array | float) -> Terms:
    """Let a coefficient that no expansion defines be told by nothing, unless there is to be none."""
    if evidence.analytic:
        return terms
    size, why = terms["next order"]
    return terms | {"next order": (size + np.abs(expected), why)}


def explained(evidence: Evidence, words: str, s: int) -> str:
    """Add what is unusual about the interface to the words about a source that it concerns."""
    return f"{words}; {evidence.expansion.words}" if evidence.expansion.missing[s] != 0 else words


def _at(terms: Terms, *index: int) -> Terms:
    """Pick the entries of error terms that belong to a part of the array they were made for."""
    return {
        name: (size[index] if isinstance(size, np.ndarray) and size.ndim >= len(index) else size, why)
        for name, (size, why) in terms.items()
    }


@paper.claim("eq14", "Spin current at z = -0 to first order", "14")
def spin_current_at_minus_zero(evidence: Evidence) -> Iterator[Trial]:
    """Eq. (14) against the linear coefficient of the exact current, by source and spin component."""
    words = "all three spin components, with the overall sign of (16)"
    yield from _current_trials(evidence, MINUS, evidence.currents.value[:, MINUS], words)


@paper.claim("eq15", "Angular momentum from the lattice to first order", "15")
def lattice_transfer(evidence: Evidence) -> Iterator[Trial]:
    """Eq. (15) against the linear coefficient of the exact transfer, evanescent states included.

    It is tried as corrected, with t' for the r of electrons from F, and with an embedded state's part.
    """
    words = "all three spin components, with the overall sign of (16); t' for r of electrons from F"
    yield from _current_trials(evidence, LATTICE, evidence.corrected_lattice, words, with_embedded=True)


def torque_trials(
    evidence: Evidence,
    sources: tuple[str, ...],
    expected: Complex,
    segments: Mask,
    part: str,
    form: str | None = None,
) -> Iterator[Trial]:
    """Compare (16)'s fieldlike + i dampinglike (segments, 3) with the exact linear coefficient."""
    m = evidence.iface.direction
    scale = natural_scale(evidence, evidence.theory["closed forms"].total.value)
    for engine in evidence.ladder:
        flows, terms = linear_flows(evidence, engine, segments)
        # Components of t are sums of two flows, divided by |m×ŷ|: where that is small, they say nothing.
        norm = float(np.hypot(m[0], m[2]))
        for s, source in evidence.open_sources:
            if source not in sources or not evidence.carries_current(source, segments):
                continue
            want = expected[segments, s].sum()
            vector = torque_from_flows(flows[s], m)
            split = components(vector, m) if norm > NEAR_Y else None
            errors: Terms = {
                name: (
                    (_sum_of_two(size, s) if isinstance(size, np.ndarray) else 2 * size)
                    / (norm if split is not None else 1.0),
                    why,
                )
                for name, (size, why) in terms.items()
            }
            if split is None:
                yield Trial(
                    f"t per h_R, worst component{part}",
                    compare(
                        torque_vector(want, m),
                        vector,
                        doubted(evidence, errors, torque_vector(want, m)),
                        scale=scale,
                    ),
                    explained(evidence, "m is all but parallel to y: the vector is compared", s),
                    source,
                    engine,
                    form,
                )
                continue
            for name, target, value in zip(
                ("fieldlike", "dampinglike"), (want.real, want.imag), split, strict=True
            ):
                yield Trial(
                    f"{name} per h_R{part}",
                    compare(target, value, doubted(evidence, errors, target), scale=scale),
                    explained(
                        evidence, "linear coefficient of the exact torque, Richardson's limit of t/h_R", s
                    ),
                    source,
                    engine,
                    form,
                )


def _sum_of_two(size: Array, s: int) -> float:
    """Return the error of flow (3) + flow (4) in any direction."""
    return float(np.linalg.norm(size[s, PLUS] + size[s, INTERFACE]))


def _evanescent(evidence: Evidence) -> Mask:
    """Return which segments of the k_⊥ sum have imaginary k_z in N."""
    limit = evidence.iface.k_perp2_max("normal")
    return np.array([x_1 >= limit for x_1, _ in evidence.theory["closed forms"].segments])


@paper.claim("eq16c", "Torque from electrons incident from the normal metal", "16c")
def torque_from_normal(evidence: Evidence) -> Iterator[Trial]:
    """Eq. (16c) against the linear coefficient of the exact torque."""
    expected = evidence.theory["closed forms"].by_segment.value
    everywhere = np.ones(len(expected), dtype=bool)
    yield from torque_trials(evidence, ("normal",), expected, everywhere, "")


@paper.claim("eq16d", "Torque from electrons incident from the ferromagnet", "16d")
def torque_from_ferromagnet(evidence: Evidence) -> Iterator[Trial]:
    """Eq. (16d), its evanescent term on its own, against the exact torque of the same k_⊥.

    Where an embedded state adds a torque of the same order, the evanescent term disagrees by just that, and
    the corrected form, with the state's torque, is tried as well.
    """
    expected = evidence.theory["closed forms"].by_segment.value
    evanescent = _evanescent(evidence)
    sources = ("majority", "minority")
    if not evanescent.all():
        yield from torque_trials(evidence, sources, expected, ~evanescent, ", k_z real")
    if evanescent.any():
        yield from torque_trials(
            evidence, sources, expected, evanescent, ", k_z imaginary: the evanescent term"
        )
    if evidence.expansion.kind == "embedded":
        part = ", k_z imaginary: the evanescent term + embedded state"
        corrected = evidence.corrected_torque
        yield from torque_trials(evidence, ("majority",), corrected, evanescent, part, "corrected")


@paper.claim("eq16-vector", "Eqs. (14) + (15), transverse to m, are the torque", "16a")
def torque_from_currents(evidence: Evidence) -> Iterator[Trial]:
    """Eq. (16a) with (16c, d) against the sum of (14) and (15): formula against formula."""
    theory = evidence.theory["closed forms"]
    m = evidence.iface.direction
    flows = evidence.currents.value
    expected = torque_vector(theory.total.value, m)
    measured = transverse(flows[:, MINUS] + flows[:, LATTICE], m)
    for s, source in evidence.open_sources:
        found = compare(
            expected[s],
            measured[s],
            {
                "quadrature": (
                    2 * (theory.total.total + printed_error(evidence)),
                    "nested rules in k_perp",
                ),
                "rounding": _rounding(evidence),
            },
            scale=natural_scale(evidence, expected),
        )
        yield Trial("t per h_R, worst component", found, "both sides are formulas", source)


def _rounding(evidence: Evidence) -> tuple[float, str]:
    return (
        2 * amplitude_errors(Matching(), evidence.iface),
        "double precision of the amplitudes in the formulas, both sides",
    )


@paper.claim("amplitudes", "Eq. (16) needs only unperturbed amplitudes, from anywhere", "16")
def amplitudes_from_anywhere(evidence: Evidence) -> Iterator[Trial]:
    """Eq. (16) with amplitudes of closed forms against amplitudes found by each engine at h_R = 0."""
    reference = evidence.theory["closed forms"]
    want = _real(reference.total.value)
    for engine in (name for name in evidence.engines if name in evidence.theory):
        other = evidence.theory[engine]
        rounding = amplitude_errors(evidence.engines[engine], evidence.iface) + _rounding(evidence)[0]
        found = compare(
            want,
            _real(other.total.value),
            {
                "quadrature": (
                    reference.total.total + other.total.total,
                    "nested rules in k_perp, both sides",
                ),
                "rounding": (rounding, "double precision, amplified by the lattice"),
            },
            scale=natural_scale(evidence, want),
        )
        yield Trial(
            "fieldlike and dampinglike per h_R, worst",
            found,
            "closed forms (6), (7) against amplitudes of the engine at h_R = 0",
            SOURCES[found.index[0]],
            engine,
        )
