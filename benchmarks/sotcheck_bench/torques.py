"""A torque to a wanted accuracy: how many scattering problems it takes, and how long."""

from __future__ import annotations

import itertools
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache

import numpy as np

from sotcheck.engines import Engine, KwantChain, Matching
from sotcheck.engines.kwant_private import channel_modes
from sotcheck.errors import EngineError
from sotcheck.exact.observables import exact_flows, torque_from_flows
from sotcheck.numerics.arrays import Array
from sotcheck.numerics.path import substitution
from sotcheck.system.interface import SOURCES, Interface
from sotcheck_bench import naive_kwant
from sotcheck_bench.problems import k_max
from sotcheck_bench.timing import Recorded, best_of

#: Accuracy of the reference, and its two rules: nodes a segment, and angles.
REFERENCE = 1e-12
RULES = ((96, 40), (128, 64))
#: Problems solved together in a uniform grid.
PIECE = 2**18


@dataclass(frozen=True)
class Count:
    """Scattering problems that a rule needed.

    Attributes
    ----------
    problems : int
    error : float
        True error relative to the largest component.
    asked : float, optional
        The tolerance that it was given.
    """

    problems: int
    error: float
    asked: float | None = None


def torque_at(engine: Engine, iface: Interface, rtol: float) -> Array:
    """Return t by source at the interface's own h_R, shape (3, 3)."""
    total = exact_flows(engine, iface, np.array([iface.h_R]), rtol=rtol).total.value[0]
    return iface.h_R * torque_from_flows(total, iface.direction)


@cache
def reference(iface: Interface) -> Array:
    """Return t by boundary matching and Gauss–Legendre rules, which share no node with any contestant's.

    Raises
    ------
    EngineError
        If two rules differ by more than REFERENCE, as next to a resonance.
    """
    coarse, fine = (_gauss(iface, *rule) for rule in RULES)
    difference = float(np.abs(fine - coarse).max() / np.abs(fine).max())
    if difference > REFERENCE:
        raise EngineError(
            f"{iface.name}: two reference rules differ by {difference:.1e}, more than {REFERENCE:g}; "
            "choose an interface without a resonance"
        )
    return fine


def _gauss(iface: Interface, nodes: int, n_angle: int) -> Array:
    """Return t by a fixed rule, split at the thresholds, in x = x₁ + (x₂ − x₁) sin²θ."""
    points, weights = np.polynomial.legendre.leggauss(nodes)
    angle = (np.arange(n_angle) + 0.25) * 2 * np.pi / n_angle
    total = np.zeros((len(SOURCES), 4, 3))
    for pair in itertools.pairwise(iface.thresholds()):
        x, slope = substitution(*pair, (points + 1) * np.pi / 4)
        k_perp = np.sqrt(x)[:, None]
        # (1/4π) ∫ dx, and a mean over angles, of −k_x/4π times the flows.
        factor = -(weights * slope * np.pi / 4)[:, None] * k_perp * np.cos(angle) / (16 * np.pi**2 * n_angle)
        flows = Matching().flows(iface.structure, k_perp, angle, np.array(iface.h_R))
        total += np.tensordot(factor, flows[..., 0, :, :, :], 2)
    return torque_from_flows(total, iface.direction)


def error_of(iface: Interface, t: Array) -> float:
    """Return the largest error of any component relative to the largest component."""
    exact = reference(iface)
    return float(np.abs(t - exact).max() / np.abs(exact).max())


def asked_for(iface: Interface, rtol: float) -> Count:
    """Count our own problems at a tolerance as it is given."""
    recorded = Recorded(Matching())
    return Count(
        error=error_of(iface, torque_at(recorded, iface, rtol)), problems=recorded.problems, asked=rtol
    )


def ours(iface: Interface, target: float) -> Count:
    """Count our own problems at the loosest tolerance that gets to the target."""

    def rule(rtol: float) -> tuple[Array, int]:
        recorded = Recorded(Matching())
        return torque_at(recorded, iface, rtol), recorded.problems

    return loosest(iface, rule, target)


def loosest(
    iface: Interface,
    rule: Callable[[float], tuple[Array, int]],
    target: float,
    wanted: Callable[[Array], Array] = lambda t: t,
    first: float = 0.1,
) -> Count:
    """Return the count at the loosest tolerance, of 0.1, 0.01, …, that gets to the target.

    Parameters
    ----------
    iface : Interface
    rule : callable
        Takes a tolerance; returns the result, and the scattering problems it took.
    target : float
        Largest true error, relative to the largest component of t.
    wanted : callable
        Takes t to what the rule computes; the whole of it by default.
    first : float
        Tolerance to begin with.

    Raises
    ------
    EngineError
        If no tolerance down to the reference's own does.
    """
    exact = wanted(reference(iface))
    scale = float(np.abs(reference(iface)).max())
    asked = first
    while asked > 0.5 * REFERENCE:
        found, problems = rule(asked)
        error = float(np.abs(found - exact).max()) / scale
        if error <= target:
            return Count(problems, error, asked)
        asked = float(f"{asked / 10:.0e}")
    raise EngineError(
        f"no tolerance from {first:g} to {REFERENCE:g} gives a true error of {target:g}; "
        f"the last gave {error:.1e}"
    )


def raw_integrand(iface: Interface, engine: Engine) -> Callable[[float, float], Array]:
    """Return what a user would integrate over k_⊥ and angle, one problem a call: t = ∫∫ dk dφ, (3, 3)."""
    h_R, m = np.array(iface.h_R), iface.direction

    def integrand(k_perp: float, angle: float) -> Array:
        flows = engine.flows(iface.structure, np.array(k_perp), np.array(angle), h_R)[0, 0]
        factor = -(k_perp**2) * np.cos(angle) / (4 * np.pi * (2 * np.pi) ** 2)
        return factor * torque_from_flows(flows, m)

    return integrand


def by_quad_vec(iface: Interface, target: float, *, first: float, thresholds: bool = False) -> Count:
    """Count the problems of nested `scipy.integrate.quad_vec`; with `thresholds` as its break points.

    Its tolerances are tried from `first` on.
    """
    from scipy.integrate import quad_vec

    points = np.sqrt(iface.thresholds()[1:-1]) if thresholds else None
    scale = float(np.abs(reference(iface)).max())

    def rule(rtol: float) -> tuple[Array, int]:
        recorded = Recorded(Matching())
        f = raw_integrand(iface, recorded)
        options = {"epsabs": rtol * scale, "epsrel": rtol, "norm": "max"}

        def over_k(angle: float) -> Array:
            return quad_vec(lambda k: f(k, angle), 0.0, k_max(iface), points=points, **options)[0]

        return quad_vec(over_k, 0.0, 2 * np.pi, **options)[0], recorded.problems

    return loosest(iface, rule, target, first=first)


def by_dblquad(iface: Interface, target: float, *, first: float) -> Count:
    """Count the problems of `scipy.integrate.dblquad` for the largest component: it knows numbers only."""
    from scipy.integrate import IntegrationWarning, dblquad

    exact = reference(iface)
    place = np.unravel_index(int(np.abs(exact).argmax()), exact.shape)
    scale = float(np.abs(exact).max())

    def rule(rtol: float) -> tuple[Array, int]:
        recorded = Recorded(Matching())
        f = raw_integrand(iface, recorded)
        with warnings.catch_warnings():
            # That it may not get there is what is looked at: in truth, by its error.
            warnings.simplefilter("ignore", IntegrationWarning)
            value, _ = dblquad(
                lambda k, angle: f(k, angle)[place], 0.0, 2 * np.pi, 0.0, k_max(iface), epsabs=rtol * scale,
                epsrel=rtol,
            )  # fmt: skip
        return np.array(value), recorded.problems

    return loosest(iface, rule, target, lambda t: t[place], first)


def by_uniform_grid(iface: Interface, n_k: int, n_angle: int, engine: Engine | None = None) -> Array:
    """Return t by the midpoints of a uniform grid in k_⊥ and angle, shape (3, 3)."""
    engine = engine or Matching()
    angle = (np.arange(n_angle) + 0.5) * 2 * np.pi / n_angle
    steps = 2 * np.pi / n_angle * k_max(iface) / n_k
    rows = max(1, PIECE // n_angle)
    total = np.zeros((len(SOURCES), 4, 3))
    for first in range(0, n_k, rows):
        k_perp = (np.arange(first, min(first + rows, n_k)) + 0.5) * k_max(iface) / n_k
        flows = engine.flows(iface.structure, k_perp[:, None], angle, np.array(iface.h_R))[..., 0, :, :, :]
        factor = -(k_perp[:, None] ** 2) * np.cos(angle) / (4 * np.pi * (2 * np.pi) ** 2)
        total += steps * np.tensordot(factor, flows, 2)
    return torque_from_flows(total, iface.direction)


def refined(iface: Interface, target: float, n_angle: int, most: int) -> Iterator[Count]:
    """Yield counts of the uniform grid, doubled until its error is no larger than the target, or `most`."""
    n_k = 64
    while True:
        found = Count(n_k * n_angle, error_of(iface, by_uniform_grid(iface, n_k, n_angle)))
        yield found
        if found.error <= target or 2 * found.problems > most:
            return
        n_k *= 2


def angles_needed(iface: Interface, target: float) -> int:
    """Return the fewest angles, of 4, 6, 8, …, with which the angular part of the grid is below the target.

    Grids of few k_⊥ tell: their angular error is that of the sum.
    """
    fine = by_uniform_grid(iface, 64, 128)
    scale = np.abs(fine).max()
    for n_angle in range(4, 128, 2):
        if np.abs(by_uniform_grid(iface, 64, n_angle) - fine).max() <= target * scale / 4:
            return n_angle
    raise EngineError("128 angles are too few for this interface")


def equal_accuracy(iface: Interface, *, n_k: int, n_angle: int) -> dict[str, float]:
    """Time the naive script's torque, and ours by Kwant at an error no larger.

    Returns
    -------
    dict
        "naive" and "ours" in seconds, "naive error", "our error", "naive problems", "our problems", "asked".
    """
    script, engine = naive_kwant, KwantChain()
    found: dict[str, Array] = {}

    def naive() -> None:
        spacing = engine.spacing_for(iface.structure)
        found["naive"] = script.torque(iface, iface.h_R, spacing, k_max(iface), n_k, n_angle)

    times = best_of({"naive": naive}, 1)
    naive_error = error_of(iface, found["naive"])
    count = ours(iface, naive_error)
    assert count.asked is not None
    asked = count.asked

    def by_kwant() -> None:
        channel_modes.cache_clear()
        found["ours"] = torque_at(engine, iface, asked)

    times |= best_of({"ours": by_kwant}, 3)
    return {
        **times,
        "naive error": naive_error,
        "our error": error_of(iface, found["ours"]),
        "naive problems": float(n_k * n_angle),
        "our problems": float(count.problems),
        "asked": asked,
    }
