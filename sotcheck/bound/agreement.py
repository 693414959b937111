"""Do the three routes to the bound states agree? Random problems, and points of a map.

(a) `continuum`: roots of the matching matrix. (b) `lattice`: eigenvalues of H + Σ(E) − E with Kwant's
self-energies. (c) the continuum of scattering states alone: `spectrum`, the weight missing at z = 0 on a
finite-difference lattice, by Kwant; `levinson`, the phase of det S.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from sotcheck.bound.chains import Problems
from sotcheck.bound.continuum import Bound, bound
from sotcheck.bound.lattice import LatticeStates, bound_states
from sotcheck.bound.levinson import levinson
from sotcheck.bound.spectrum import missing_weight
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

Case = tuple[Interface, float, float, float]


def random_cases(n: int, seed: int) -> list[Case]:
    """Return n random (interface, k_⊥, angle, h_R)."""
    rng = np.random.default_rng(seed)
    found = []
    for _ in range(n):
        iface = Interface(
            name="random",
            E_F=POTENTIAL + EXCHANGE + 1.0,
            U_N=rng.uniform(-POTENTIAL, POTENTIAL),
            U_F=rng.uniform(-POTENTIAL, POTENTIAL),
            J=rng.uniform(0.0, EXCHANGE),
            u_0=rng.uniform(-STRENGTH, STRENGTH),
            u_m=rng.uniform(-STRENGTH, STRENGTH),
            m=tuple(rng.normal(size=3)),
        )
        k_perp, angle = rng.uniform(0.0, K_PERP), rng.uniform(0.0, 2 * np.pi)
        found.append((iface, k_perp, angle, rng.uniform(-RASHBA, RASHBA)))
    return found


def spot_check(
    iface: Interface, k_perp: Array | float, angle: Array | float, h_R: Array | float
) -> dict[str, Any]:
    """Compare (a) and (b) at the given points of one interface; arrays broadcast.

    Returns
    -------
    dict
        JSON-ready; see `_compared`.
    """
    flat = [np.ravel(a).astype(float) for a in np.broadcast_arrays(k_perp, angle, h_R)]
    problems = Problems.of([iface] * len(flat[0]), *flat)
    return _compared(problems, _Found.of([bound(iface, *flat)]), bound_states(problems))


def agreement(n: int = 1000, n_c: int = 50, seed: int = 20170915) -> dict[str, Any]:
    """Compare (a) with (b) on n random problems, and (c) with both on the first n_c of them.

    Returns
    -------
    dict
        JSON-ready: `self_energies` as `spot_check`; `weight`, `phase` and `phase_kwant` with the number of
        problems each was tried on, of those on which it disagrees, and of those it cannot resolve.
    """
    cases = random_cases(n, seed)
    problems = _problems(cases)
    found = _Found.of([bound(*case) for case in cases])
    return {
        "seed": seed,
        "self_energies": _compared(problems, found, bound_states(problems)),
        "weight": compare_weights(cases[:n_c]),
        "phase": compare_phases(cases[:n_c], Matching()),
        "phase_kwant": compare_phases(cases[: n_c // 8], KwantChain("exact-difference")),
    }


class _Found:
    """What (a) found, problem by problem."""

    def __init__(self, count: Array, energy: Array, p: Array, margin: Array) -> None:
        self.count, self.energy, self.p, self.margin = count, energy, p, margin

    @classmethod
    def of(cls, parts: list[Bound]) -> _Found:
        return cls(
            np.concatenate([np.ravel(part.count) for part in parts]),
            np.concatenate([part.energy.reshape(-1, 2) for part in parts]),
            np.concatenate([part.p.reshape(-1, 2) for part in parts]),
            np.concatenate([np.ravel(part.margin) for part in parts]),
        )


def _compared(problems: Problems, found: _Found, chain: LatticeStates) -> dict[str, Any]:
    """Return how (a) and (b) compare.

    Returns
    -------
    dict
        `points`; `states`: how many points have 0, 1, 2; `different_counts`; `near_threshold`: points where
        either cannot tell, counted as different if they differ; `nearest_threshold`: the smallest distance
        met, as part of the largest wave number; `largest_energy_difference`: relative to that wave number
        squared; `largest_binding_difference`: relative to the binding energy itself; null without states.
    """
    scale = problems.wave_number
    margin = found.margin / scale
    both = np.isfinite(found.energy) & np.isfinite(chain.energy)
    energy = (np.abs(found.energy - chain.energy) / scale[:, None] ** 2)[both]
    binding = np.abs(found.p**2 - chain.p**2)[both] / found.p[both] ** 2
    return {
        "points": len(problems),
        "states": [int(np.count_nonzero(found.count == number)) for number in range(3)],
        "different_counts": int(np.count_nonzero(found.count != chain.count)),
        "near_threshold": int(np.count_nonzero((margin < NEAR) | (chain.undecided > 0))),
        "nearest_threshold": float(margin.min()) if margin.size else None,
        "largest_energy_difference": float(energy.max()) if energy.size else None,
        "largest_binding_difference": float(binding.max()) if binding.size else None,
    }


def compare_weights(cases: list[Case]) -> dict[str, Any]:
    """Compare the weight missing at z = 0 with the states (b) finds below and above the lattice's bands.

    A problem disagrees if any component of Σψψ† differs by more than the quadrature's error; it is unresolved
    if the quadrature did not converge or some state's weight is not RESOLVED times its error, so that
    the state might as well be absent. `different_counts`: problems with another number of states below the
    lattice's bands than in the continuum, at the finest of SPACINGS.
    """
    rows: list[dict[str, Any]] = []
    for case in cases:
        problem = _problems([case])
        continuum = int(bound(*case).count)
        for fraction in SPACINGS:
            spacing = fraction / float(problem.wave_number[0])
            below = bound_states(problem, spacing, "below")
            if below.count[0] == continuum:
                break
        above = bound_states(problem, spacing, "above")
        missing = missing_weight(*case, spacing, TOLERANCE)
        expected = (below.weight + above.weight)[0].sum(axis=0)
        difference = float(np.abs(missing.matrix - expected).max())
        counts = int(below.count[0]), int(above.count[0])
        weights = np.trace(np.concatenate([below.weight[0], above.weight[0]]), axis1=1, axis2=2).real
        smallest = float(weights[weights > 0].min()) if sum(counts) else None
        resolved = missing.converged and (smallest is None or smallest > RESOLVED * missing.error)
        rows.append(
            {
                "below": counts[0],
                "above": counts[1],
                "continuum": continuum,
                "spacing": spacing,
                "difference": difference,
                "error": missing.error,
                "agrees": difference <= missing.error + ROUNDING,
                "resolved": resolved and not (below.undecided[0] or above.undecided[0]),
                "smallest_weight": smallest,
                "energies": missing.evaluations,
                "resonances": len(missing.resonances),
                "narrowest": min((float(peak.width) for peak in missing.resonances), default=None),
            }
        )
    return {
        "points": len(rows),
        "below": sum(row["below"] for row in rows),
        "above": sum(row["above"] for row in rows),
        "disagree": sum(not row["agrees"] for row in rows),
        "unresolved": sum(not row["resolved"] for row in rows),
        "different_counts": sum(row["below"] != row["continuum"] for row in rows),
        "largest_difference": max((row["difference"] for row in rows), default=None),
        "largest_error": max((row["error"] for row in rows), default=None),
        "smallest_weight": min(
            (w for row in rows if (w := row["smallest_weight"]) is not None), default=None
        ),
        "resonances": sum(row["resonances"] for row in rows),
        "narrowest": min((w for row in rows if (w := row["narrowest"]) is not None), default=None),
        "cases": rows,
    }


def compare_phases(cases: list[Case], engine: Engine) -> dict[str, Any]:
    """Compare the number of states from the phase of det S with that of (a).

    A problem is unresolved as `Winding.resolved` says.
    """
    rows: list[dict[str, Any]] = []
    for case in cases:
        winding, count = levinson(engine, *case), int(bound(*case).count)
        rows.append(
            {
                "number": winding.number,
                "count": count,
                "agrees": winding.count == count,
                "resolved": winding.resolved,
                "beyond": winding.beyond,
                "energies": winding.energies,
                "resonances": len(winding.resonances),
            }
        )
    return {
        "engine": engine.name,
        "points": len(rows),
        "states": sum(row["count"] for row in rows),
        "disagree": sum(not row["agrees"] for row in rows),
        "unresolved": sum(not row["resolved"] for row in rows),
        "largest_defect": max((abs(row["number"] - row["count"]) for row in rows), default=None),
        "cases": rows,
    }


def _problems(cases: list[Case]) -> Problems:
    ifaces, *numbers = zip(*cases, strict=True)
    return Problems.of(list(ifaces), *(np.array(column) for column in numbers))
