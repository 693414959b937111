"""Do the three routes to the bound states agree? Random problems, and points of a map.

(a) `states`: roots of the matching matrix. (b) `kwant_states`: eigenvalues of H + Σ(E) − E with Kwant's
self-energies. (c) the continuum of scattering states alone: `missing_weight`, the weight missing at z = 0 on
a finite-difference lattice, by Kwant; `levinson`, the phase of det S.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from sotcheck.bound.kwant_states import Problems, bound_states
from sotcheck.bound.levinson import levinson
from sotcheck.bound.missing_weight import missing_weight
from sotcheck.bound.states import bound
from sotcheck.engines import Engine, KwantChain, Matching
from sotcheck.numerics.arrays import Array
from sotcheck.system.interface import Interface

#: Ranges of random problems: U_N, U_F; J; u_0, u_m; k_⊥; |h_R|.
POTENTIAL, EXCHANGE, STRENGTH, K_PERP, RASHBA = 1.0, 2.0, 2.0, 2.0, 1.5
#: A threshold closer than this, relative to the largest wave number, is reported as too near to tell.
NEAR = 1e-9
#: Spacings of the finite-difference lattice in units of 1/(largest wave number): the first one with as many
#: states below the bands as the continuum, for a shallow one may be lost to the spacing.
SPACINGS = (0.5, 0.25, 0.125, 0.0625)
#: Wanted quadrature error of the missing weight.
TOLERANCE = 1e-4
#: Weights are resolved if this many times the quadrature's error.
RESOLVED = 10.0
#: Rounding of weights beyond the quadrature's error.
ROUNDING = 1e-9

#: Interface, k_⊥, angle, h_R.
Case = tuple[Interface, float, float, float]
Row = dict[str, Any]


def random_cases(n: int, seed: int) -> list[Case]:
    """Return n random problems."""
    rng = np.random.default_rng(seed)

    def case() -> Case:
        U_N, U_F = rng.uniform(-POTENTIAL, POTENTIAL, 2)
        J, (u_0, u_m) = rng.uniform(0.0, EXCHANGE), rng.uniform(-STRENGTH, STRENGTH, 2)
        values = {"U_N": U_N, "U_F": U_F, "J": J, "u_0": u_0, "u_m": u_m, "m": rng.normal(size=3)}
        iface = Interface(name="random", E_F=POTENTIAL + EXCHANGE + 1.0, **values)
        k_perp, angle, h_R = rng.uniform([0.0, 0.0, -RASHBA], [K_PERP, 2 * np.pi, RASHBA]).tolist()
        return iface, k_perp, angle, h_R

    return [case() for _ in range(n)]


def spot_check(
    iface: Interface, k_perp: Array | float, angle: Array | float, h_R: Array | float
) -> dict[str, Any]:
    """Compare (a) and (b) at points of one interface, as `compare_states` says; arrays broadcast."""
    flat = [np.ravel(a).tolist() for a in np.broadcast_arrays(k_perp, angle, h_R)]
    return compare_states([(iface, *where) for where in zip(*flat, strict=True)])


def agreement(n: int = 1000, n_c: int = 50, seed: int = 20170915) -> dict[str, Any]:
    """Compare (a) with (b) on n random problems, and (c) with both on the first n_c of them.

    `weight`, `phase` and `phase_kwant` with the number of problems each was tried on, of those on which it
    disagrees, and of those it cannot resolve.
    """
    cases = random_cases(n, seed)
    return {
        "seed": seed,
        "self_energies": compare_states(cases),
        "weight": compare_weights(cases[:n_c]),
        "phase": compare_phases(cases[:n_c], Matching()),
        "phase_kwant": compare_phases(cases[: n_c // 8], KwantChain("exact-difference")),
    }


def compare_states(cases: list[Case]) -> dict[str, Any]:
    """Return how (a) and (b) compare.

    `states`: how many points have 0, 1, 2; `near_threshold`: points where either cannot tell, counted as
    different if they differ; `nearest_threshold`: the smallest distance met over the largest wave number;
    differences are relative to that squared, or to the binding energy itself; null without states.
    """
    ifaces, *where = zip(*cases, strict=True)
    problems, found = Problems.of(ifaces, *map(np.array, where)), [bound(*case) for case in cases]
    chain, scale = bound_states(problems), problems.wave_number
    count, p, energy, at_bottom = (
        np.stack([getattr(one, name) for one in found]) for name in ("count", "p", "energy", "at_bottom")
    )
    margin = np.abs(at_bottom).min(axis=-1) / scale
    off, binding = np.abs(energy - chain.energy) / scale[:, None] ** 2, np.abs(p**2 - chain.p**2) / p**2
    return {
        "points": len(problems),
        "states": [int(np.count_nonzero(count == number)) for number in range(3)],
        "different_counts": int(np.count_nonzero(count != chain.count)),
        "near_threshold": int(np.count_nonzero((margin < NEAR) | (chain.undecided > 0))),
        "nearest_threshold": min(margin.tolist(), default=None),
        # NaN where either has no state.
        "largest_energy_difference": max(off[np.isfinite(off)].tolist(), default=None),
        "largest_binding_difference": max(binding[np.isfinite(binding)].tolist(), default=None),
    }


def _tally(rows: list[Row]) -> dict[str, Any]:
    return {
        "points": len(rows),
        "disagree": sum(not row["agrees"] for row in rows),
        "unresolved": sum(not row["resolved"] for row in rows),
        "cases": rows,
    }


def compare_weights(cases: list[Case]) -> dict[str, Any]:
    """Compare the weight missing at z = 0 with the states (b) finds below and above the lattice's bands.

    A problem disagrees if any component of Σψψ† differs by more than the quadrature's error; it is unresolved
    if that did not converge, or hides some state's weight. `different_counts`: problems with another number
    of states below the lattice's bands than in the continuum, at the finest of SPACINGS.
    """
    rows = [_weights(case) for case in cases]

    def known(name: str) -> list[float]:
        return [row[name] for row in rows if row[name] is not None]

    return _tally(rows) | {
        **{name: sum(known(name)) for name in ("below", "above", "resonances")},
        "different_counts": sum(row["below"] != row["continuum"] for row in rows),
        **{f"largest_{name}": max(known(name), default=None) for name in ("difference", "error")},
        **{name: min(known(name), default=None) for name in ("smallest_weight", "narrowest")},
    }


def _weights(case: Case) -> Row:
    problem, continuum = Problems.of(case[:1], *case[1:]), int(bound(*case).count)
    for fraction in SPACINGS:
        spacing = fraction / float(problem.wave_number[0])
        below = bound_states(problem, spacing, "below")
        if below.count[0] == continuum:
            break
    above = bound_states(problem, spacing, "above")
    missing = missing_weight(*case, spacing, TOLERANCE)
    weight = np.concatenate([below.weight[0], above.weight[0]])
    difference, error = float(np.abs(missing.weight.value - weight.sum(axis=0)).max()), missing.weight.total
    sizes = np.trace(weight, axis1=1, axis2=2).real
    smallest = min(sizes[sizes > 0].tolist(), default=None)
    resolved = missing.converged and (smallest is None or smallest > RESOLVED * error)
    return {
        "below": int(below.count[0]),
        "above": int(above.count[0]),
        "continuum": continuum,
        "spacing": spacing,
        "difference": difference,
        "error": error,
        "agrees": difference <= error + ROUNDING,
        "resolved": resolved and not (below.undecided[0] or above.undecided[0]),
        "smallest_weight": smallest,
        "energies": missing.evaluations,
        "resonances": len(missing.resonances),
        "narrowest": min((peak.width for peak in missing.resonances), default=None),
    }


def compare_phases(cases: list[Case], engine: Engine) -> dict[str, Any]:
    """Compare the number of states from the phase of det S with that of (a); see `Winding.resolved`."""
    rows: list[Row] = [
        {
            "number": float(winding.number.value),
            "count": count,
            "agrees": winding.count == count,
            "resolved": winding.resolved,
            "beyond": winding.number.total,
            "energies": winding.energies,
            "resonances": len(winding.resonances),
        }
        for case in cases
        for winding, count in [(levinson(engine, *case), int(bound(*case).count))]
    ]
    return _tally(rows) | {
        "engine": engine.name,
        "states": sum(row["count"] for row in rows),
        "largest_defect": max((abs(row["number"] - row["count"]) for row in rows), default=None),
    }
