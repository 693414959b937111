"""The cross-check of a stack: first order from unperturbed states, and exact solutions by themselves.

What a paper says of a bare interface is tried on it where its premises hold.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from itertools import pairwise
from typing import Any

import numpy as np

from sotcheck.beyond.torques import open_sources
from sotcheck.engines import Engine
from sotcheck.exact.inside import spin_turned
from sotcheck.exact.observables import largest_torque, ledger_residual
from sotcheck.numerics.angles import NESTED
from sotcheck.numerics.arrays import Array
from sotcheck.numerics.estimate import Estimate
from sotcheck.numerics.quadrature import sample
from sotcheck.system.model import System
from sotcheck.theory.first_order import FirstOrder
from sotcheck.theory.sums import first_order_flows, first_order_torque
from sotcheck.trial import evidence as evidences
from sotcheck.trial.evidence import FINE, LARGEST_RUNG, RUNG_FRACTION, RUNGS, Evidence
from sotcheck.trial.exact_rows import rows_of
from sotcheck.trial.stack_ladders import ORDER_TELL_APART, Exact, Ladders
from sotcheck.trial.torque import with_scales
from sotcheck.trial.torque_table import TorqueRow
from sotcheck.trial.verdict import Comparison, Finding, Trial, Verdict, compare

#: t departs from first order as scale³.
REMAINDER_ORDER = 3.0
#: Residuals of conservation laws are seen from here on, per unit flux.
RESIDUAL_TELL_APART = 1e-9
#: Where k_⊥ is resolved: nodes in each range between thresholds, and angles.
NODES, ANGLES = 4, np.array([0.4, 1.9, 3.1, 5.2])
FIRST = ("first-order", "The linear coefficient of the exact torque follows from unperturbed states alone")
LINEAR = ("linearity", "What first order leaves is of third order in the scale of all spin-orbit terms")
AGREE = ("engines", "Exact engines agree on the torque")
LEDGER = (
    "ledger",
    "Spin that arrives is what is taken and what goes on, at every interface and in every layer",
)
NO_DEPARTURE = "|t - first order| over the scale: no departure to fit a slope to"
UNITARY = ("unitarity", "The scattering matrix of open channels is unitary")


def first_order(system: System, found: Ladders) -> Iterator[Finding]:
    """Try first order as the limit of t over the scale, and how t departs from it."""
    expected, expansion = found.expected, found.expansion
    for name, ladders in found.ladders.items():
        best = ladders[found.best]
        for s, source in open_sources(system):
            linear = best.linear[s].and_("first order", expected.error[s], NESTED)
            if not expansion.exists:
                unknown = np.abs(linear.value) + np.abs(expected.value[s])
                linear = linear.and_("next order", unknown, expansion.why_not)
            said = compare(expected.value[s], linear, scale=found.scale)
            missed = np.any(expansion.missing[s])
            words = f"{best.words}; {expansion.words}, added here" if missed else best.words
            tried = Trial("t per scale, worst component", said, words, source, name, torque=True)
            yield tried.finding(*FIRST)
            steepest = ladders[found.steepest[s]]
            quantity, departs = _departs(steepest, expected, s, found)
            is_torque = quantity == NO_DEPARTURE
            yield Trial(quantity, departs, steepest.words, source, name, torque=is_torque).finding(*LINEAR)


def _departs(ladder: Exact, expected: Estimate, s: int, found: Ladders) -> tuple[str, Comparison]:
    """Return what was compared, and how: the slope of what first order leaves, or that it leaves nothing."""
    order, rest = ladder.order(expected, s), ladder.rest(expected, s)
    if not order.total <= ORDER_TELL_APART and np.all(rest.value <= rest.error):
        nothing = compare(0.0, rest, scale=found.scale)
        if nothing.verdict is Verdict.AGREES:
            return NO_DEPARTURE, nothing
    if found.expansion.why_not:
        order = order.and_("next order", np.inf, found.expansion.why_not)
    departs = compare(REMAINDER_ORDER, order, tell_apart=ORDER_TELL_APART)
    return "slope of |t - first order| against the scale", departs


def sums(system: System, engines: Mapping[str, Engine], scales: Array, rtol: float) -> dict[str, Exact]:
    """Sum the flows at these scales (n,) of every engine; of others as they differ from the first's."""
    (first, engine), *others = engines.items()
    found = {first: Exact.of(engine, system, scales, rtol)}
    return found | {name: Exact.of(one, system, scales, rtol, found[first]) for name, one in others}


def stack_rows(system: System, summed: Mapping[str, Exact]) -> list[TorqueRow]:
    """Return the rows of torques at every scale, of every engine."""
    rows = []
    for one in summed.values():
        for n, scale in enumerate(one.scales.tolist()):
            # Sums are over the scale.
            found = one.flows.total[n] * scale
            rows += rows_of(system, one.engine, scale, found, one.noise[n])
    return with_scales(system, rows)


def engines_agree(system: System, summed: Mapping[str, Exact], size: float) -> Iterator[Finding]:
    """Hold the exact torque of every engine against that of the first.

    Differences of t over the scale are relative to `size`, where t vanishes, or is smaller.
    """
    (first, reference), *others = summed.items()
    one, scales = reference.over_scale, reference.scales
    for name, found in others:
        apart = found.apart or found.over_scale.and_("other engine", one.error, NESTED) - one.value
        for s, source in open_sources(system):
            both = apart[:, s] + one.value[:, s]
            said = compare(one.value[:, s], both, scale=max(size, float(np.abs(both.value).max())))
            words = "what they differ by, summed; " if found.apart else ""
            words += "scale " + ", ".join(f"{scale:g}" for scale in scales)
            quantity = f"t, {name} against {first}, worst component"
            yield Trial(quantity, said, words, source, name, torque=True).finding(*AGREE)
        yield from _by_k(system, {first: reference.engine, name: found.engine}, float(scales[0]))


def _by_k(system: System, pair: Mapping[str, Engine], scale: float) -> Iterator[Finding]:
    """Compare two engines where k_⊥ is resolved: summed, k that is mirrored is as good as k."""
    grid = sample(system.thresholds(), NODES)[:, None], ANGLES, np.array(scale)
    one, other = (engine.flows(system.structure, *grid) for engine in pair.values())
    noise = sum(engine.errors(system.structure, *grid).flows for engine in pair.values())
    rounding = np.asarray(noise)[..., None, :, None, None], "double precision, both engines"
    said = compare(one, other, {"rounding": rounding}, tell_apart=RESIDUAL_TELL_APART, sample=True)
    first, name = pair
    quantity = f"spin flows, {name} against {first}, worst of k_perp and angles, per unit flux"
    yield Trial(quantity, said, f"scale {scale:g}", None, name).finding(*AGREE)


def conserved(system: System, engines: Mapping[str, Engine], scale: float) -> Iterator[Finding]:
    """Try conservation of spin and of particles where k_⊥ is resolved."""
    structure = system.structure
    grid = sample(system.thresholds(), NODES)[:, None], ANGLES, np.array(scale)
    for name, engine in engines.items():
        states, errors = engine.solve(structure, *grid), engine.errors(structure, *grid)
        at = [states.at(n) for n in range(len(structure.interfaces))]
        passed = [
            here.spin_plus + spin_turned(states, n) - there.spin_minus
            for n, (here, there) in enumerate(pairwise(at))
        ]
        # Four flows, or four products of two amplitudes, each known to so much.
        of_flows, worst = 4 * errors.flows[..., None], 8 * errors.amplitudes.max(axis=-1)
        residuals: dict[str, tuple[list[Any], Array, tuple[str, str]]] = {
            "at interfaces": ([ledger_residual(one.flows) for one in at], of_flows, LEDGER),
            "in layers": (passed, of_flows, LEDGER),
            "S†S - 1": ([states.unitarity_defect()], worst, UNITARY),
        }
        for quantity, (residual, error, claim) in residuals.items():
            if residual:
                rounding = {"rounding": (error, "double precision")}
                found = Estimate(np.stack(residual), rounding)
                said = compare(0.0, found, tell_apart=RESIDUAL_TELL_APART, sample=True)
                words = f"{quantity}, worst of k_perp and angles, per unit flux"
                yield Trial(words, said, f"scale {scale:g}", None, name).finding(*claim)


def evidence_of(
    system: System, engines: Mapping[str, Engine], scales: Array, found: Ladders, theory: FirstOrder
) -> Evidence:
    """Return what claims whose only spin-orbit term is that of Rashba at z = 0 are tried on."""
    expansion = found.expansion
    by_k = min(LARGEST_RUNG, RUNG_FRACTION * expansion.by_k) * RUNGS
    best = {name: ladders[found.best] for name, ladders in found.ladders.items()}
    sums = {"closed forms": first_order_torque(system, theory.torque, rtol=FINE)}
    for name, engine in engines.items():
        amplitudes, rounding = evidences.amplitudes_of(engine), engine.rounding(system.structure)
        found_by = first_order_torque(
            system, theory.torque, rtol=engine.accuracy, amplitudes=amplitudes, rounding=rounding
        )
        floor = rounding * largest_torque(system), "no digits are sought below the amplitudes' own"
        sums[name] = replace(found_by, by_segment=found_by.by_segment.and_("rounding", *floor))
    return Evidence(
        iface=system,
        h_R=scales,
        rungs=next(iter(best.values())).scales,
        rungs_by_k=by_k,
        expansion=expansion,
        bound_states=[],
        spacings=np.zeros(0),
        currents=first_order_flows(system, theory, rtol=FINE),
        theory=sums,
        ladder={name: one.flows for name, one in best.items()},
        resolved={name: evidences.resolve(engine, system, by_k) for name, engine in engines.items()},
        engines=engines,
    )
