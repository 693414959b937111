"""What the numbers about bound states mean, in plain sentences."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import numpy as np

from sotcheck.bound.fermi import CRITICAL, first_states, ground_state, sea
from sotcheck.bound.spin_density import bound_share
from sotcheck.bound.thresholds import threshold
from sotcheck.errors import SotcheckError
from sotcheck.numerics.arrays import Array
from sotcheck.system.interface import Interface

#: |bound|/|scattering| from which the bound states' spin density is not small.
SMALL = 0.01


def conclusions(iface: Interface, h_R: Iterable[float]) -> list[str]:
    """Say what it takes to bind states, when they reach E_F, and what the lowest state is at each h_R."""
    found = [*on_threshold(iface), *on_fermi_energy(iface)]
    return found + [sentence for h in h_R for sentence in on_ground_state(iface, h)]


def on_threshold(iface: Interface) -> Iterator[str]:
    """Say what it takes to bind a state."""
    found = threshold(iface)
    number = found["bound_without_rashba"]
    if number:
        yield (
            f"{number} state{'s are' if number > 1 else ' is'} bound to the interface at every k_perp "
            "without any h_R."
        )
        return
    if found["strength"] == 0:
        yield (
            "Any h_R binds a state at every k_perp > 0: for one spin nothing opposes it "
            "(q_N + q_s + u_s = 0 at the bottom of the continuum)."
        )
        return
    against = (
        f"{found['ratio_to_C5']:.3g} times the in-plane threshold sqrt(J) = {found['C5']:.4g}"
        if found["ratio_to_C5"] is not None
        else "the in-plane threshold sqrt(J) would be 0, for J = 0"
    )
    yield f"The least |h_R| k_perp that binds a state is {found['strength']:.6g} ({against})."


def on_fermi_energy(iface: Interface) -> Iterator[str]:
    """Say from which h_R there are bound states at or below E_F."""
    first = first_states(iface)
    if first.h_R == 0:
        yield "There are bound states at and below E_F at every h_R, however small."
    elif first.k_perp is None:
        yield f"Below |h_R| = {CRITICAL:g} no bound state lies at or below E_F."
    else:
        yield (
            f"Bound states at or below E_F appear from |h_R| = {first.h_R:.6g}, "
            f"at k_perp = {first.k_perp:.6g}."
        )


def on_ground_state(iface: Interface, h_R: float) -> Iterator[str]:
    """Say so if the lowest state is bound, or if there is none."""
    found = ground_state(iface, h_R)
    if not found.exists:
        yield f"At h_R = {h_R:g} no ground state exists: {found.why}, and k_perp is unbounded."
    elif found.bound:
        where = "k_perp without end" if found.k_perp is None else f"k_perp = {found.k_perp:.4g}"
        yield f"At h_R = {h_R:g} the lowest state of all is bound: E = {found.energy:.6g} at {where}."


def on_spin_density(found: dict[str, Any]) -> Iterator[str]:
    """Say whether what `bound_spin_density` found is small."""
    if found["bound"] is None:
        return
    if not found["bound"]["arcs"]:
        yield f"At h_R = {found['h_R']:g} no bound state is at E_F: the scattering formula misses nothing."
        return
    ratios = [found["ratio"][name] for name in ("spin", "torque")]
    known = [ratio for ratio in ratios if ratio is not None]
    spin, torque = (
        "something beside nothing for" if ratio is None else f"{ratio:.3g} times" for ratio in ratios
    )
    size = "small" if known and max(known) < SMALL else "not small"
    yield (
        f"At h_R = {found['h_R']:g} bound states at E_F, with a relaxation time of 1, give {spin} the "
        f"interface spin density and {torque} the torque of the scattering states: {size}."
    )


def on_bound_states(iface: Interface, h_R: list[float], scattering: Mapping[float, Array]) -> Iterator[str]:
    """Yield what is to be said of states bound to the interface at each h_R, or at all of them without any.

    `scattering`: the sum of the sources' t by h_R, where it is known.
    """
    if not h_R and sea(iface, 0.0).bound:
        yield (
            "the interface binds states at E_F by itself, at any h_R however small: the scattering formula "
            "leaves out their torque"
        )
    for h in h_R:
        there = sea(iface, h)
        if there.why:
            yield (
                f"at h_R = {h:g} there is no ground state ({there.why}): what scattering states carry is not "
                "the torque of any Fermi sea"
            )
        elif there.bound:
            cause = "which the interface binds by itself, " if there.without_rashba else ""
            yield (
                f"at h_R = {h:g} states bound to the interface lie at E_F, {cause}and the scattering formula "
                f"leaves them out{_share(iface, h, scattering.get(h))}"
            )


def _share(iface: Interface, h_R: float, scattering: Array | None) -> str:
    """Return what bound states at E_F would add to the torque of the scattering states."""
    try:
        share = bound_share(iface, h_R, scattering)
    except SotcheckError as error:
        return f"; how much they carry cannot be computed ({error})"
    if share is None:
        return "; they carry no torque"
    size = f"{share:.2g} times" if np.isfinite(share) else "all of"
    return f": for equal relaxation times they carry {size} its torque"
