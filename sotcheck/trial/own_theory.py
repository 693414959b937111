"""A user's own formula in place of a paper's: k_⊥ resolved and summed, with a diagnosis where it fails."""

from __future__ import annotations

import importlib
import os
import sys
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from sotcheck.beyond.torques import open_sources
from sotcheck.beyond.warnings import warnings
from sotcheck.engines import EXACT
from sotcheck.errors import SotcheckError, TheoryError, did_you_mean, in_a_line
from sotcheck.exact.currents import linear_torque
from sotcheck.exact.observables import components, largest_torque, torque_from_flows
from sotcheck.exact.solved import linear_flows, solved
from sotcheck.numerics.arrays import Complex
from sotcheck.numerics.estimate import Estimate
from sotcheck.run.threads import single_threaded
from sotcheck.system.interface import SOURCES, Interface
from sotcheck.theory.amplitudes import Amplitudes
from sotcheck.theory.first_order import torque_vector
from sotcheck.theory.sums import first_order_torque
from sotcheck.theory.symbols import Symbols
from sotcheck.trial.check import CheckResult, in_file_units
from sotcheck.trial.judge import diagnose
from sotcheck.trial.verdict import Trial, Verdict, compare

#: A theory: unperturbed amplitudes at n k_⊥, and the interface, to fieldlike + i dampinglike (n, 3).
Theory = Callable[[Amplitudes, Interface], Complex]
Formula = Callable[[Symbols], Complex]
#: Torques per h_R are at least this part of the natural scale, unless they vanish.
TYPICAL_TORQUE = 1e-2
#: k_⊥ nodes in each range between thresholds: enough to see where a formula fails.
NODES = 12


def load_function(option: str, spec: str, example: str, refused: type[SotcheckError]) -> Callable[..., Any]:
    """Import the function that "module:function" names, from the working folder too, or raise `refused`."""
    module_name, colon, name = spec.partition(":")
    if not (module_name and colon and name):
        raise refused(f"{option} {spec}: expected module:function, such as {example}")
    sys.path.insert(0, os.getcwd())
    try:
        module = importlib.import_module(module_name)
    except (Exception, SystemExit) as error:
        raise refused(
            f"{option} {spec}: the module {module_name!r} cannot be imported ({in_a_line(error)}); "
            "it is looked for in the working folder and among installed packages"
        ) from error
    finally:
        sys.path.pop(0)
    function = getattr(module, name, None)
    if not callable(function):
        near = did_you_mean(name, [n for n, value in vars(module).items() if callable(value)])
        raise refused(f"{option} {spec}: {module_name} has no function {name!r}{near}")
    found: Callable[..., Any] = function
    return found


def load_theory(spec: str) -> Theory:
    """Import a user's formula, "module:function", or raise a TheoryError."""
    return load_function("--theory", spec, "mytheory:torque", TheoryError)


@single_threaded
def check_theory(iface: Interface, theory: Theory, *, tolerance: float) -> CheckResult:
    """Try a user's formula for the torque's integrand on one interface.

    ``theory(amplitudes, iface)`` returns fieldlike + i dampinglike per h_R by source (normal, majority,
    minority) at every k_⊥, shape (n, 3): the integrand of (1/4π) ∫ d(k_⊥²), summed with a relative error
    `tolerance`. A TheoryError says that it fails, or returns something else.
    """

    def formula(s: Symbols) -> Complex:
        return _called(theory, s.amplitudes, iface)[:, None]

    trials = [*_resolved(iface, formula), *_summed(iface, formula, tolerance)]
    findings = [trial.finding("theory", "A formula for the torque, linear in h_R") for trial in trials]
    wrong = [finding for finding in findings if finding.verdict is Verdict.DISAGREES]
    failed = dict.fromkeys(f"{finding.source}: {finding.explanation}" for finding in wrong)
    warned = tuple(warnings(iface, [iface.h_R]))
    return CheckResult(iface, in_file_units(iface, findings), "\n".join(failed), warned)


def _called(theory: Theory, amplitudes: Amplitudes, iface: Interface) -> Complex:
    name = getattr(theory, "__name__", "theory")
    try:
        found = np.asarray(theory(amplitudes, iface), dtype=complex)
    except (Exception, SystemExit) as error:
        raise TheoryError(f"{name}: {in_a_line(error)}") from error
    shape = (len(amplitudes.k_perp2), len(SOURCES))
    if found.shape != shape:
        raise TheoryError(
            f"{name}: returned an array of shape {found.shape}; expected {shape}: one row for each k_perp, "
            f"one column for each source ({', '.join(SOURCES)})"
        )
    if not np.all(np.isfinite(found)):
        raise TheoryError(f"{name}: returned a number that is not finite")
    return found


def _resolved(iface: Interface, formula: Formula) -> Iterator[Trial]:
    """Compare at single k_⊥, in every channel regime."""
    m = iface.direction
    for engine in EXACT:
        one = solved(engine, iface, NODES)
        x = one.k_perp**2
        expected = formula(Symbols(iface, one.k_perp, np.zeros(1)))[:, 0]
        found = linear_torque(one)[:, 0]
        scale = float(max(np.abs(found.value).max(), np.abs(expected).max()))
        squared = zip(("k_z", "k_z^+", "k_z^-"), (iface.kz_squared(x), *iface.Kz_squared(x).T), strict=True)
        where = {f"{k} is imaginary": k2 < 0 for k, k2 in squared}
        for s, source in open_sources(iface):
            comparison = compare(torque_vector(expected[:, s], m), found[:, s], scale=scale)
            split = components(found.value[:, s], m)
            words = "at every k_perp, in every channel regime"
            if comparison.verdict is Verdict.DISAGREES and split is not None:
                words = diagnose(expected[:, s], split[0] + 1j * split[1], where=where)
            yield Trial("t per h_R, k_perp resolved, worst component", comparison, words, source, engine)


def _summed(iface: Interface, formula: Formula, tolerance: float) -> Iterator[Trial]:
    """Compare the sum over k_⊥."""
    m = iface.direction
    sums = first_order_torque(iface, formula, rtol=tolerance).total
    expected = torque_vector(sums.value, m)
    for engine in EXACT:
        flows = linear_flows(engine, iface).sum(axis=0)
        # A component of t is a sum of two flows.
        error = {"quadrature": (2 * flows.total + sums.total, "nested rules, and the ladder in h_R")}
        exact = Estimate(torque_from_flows(flows.value, m), error)
        # Where m is parallel to y there is no torque, nor any flow: relative to a torque as others are.
        typical = TYPICAL_TORQUE * largest_torque(iface)
        scale = float(max(np.abs(expected).max(), np.abs(exact.value).max(), typical))
        for s, source in open_sources(iface):
            found, quantity = compare(expected[s], exact[s], scale=scale), "t per h_R, k_perp summed"
            words = "summed over k_perp"
            yield Trial(f"{quantity}, worst component", found, words, source, engine, torque=True)
