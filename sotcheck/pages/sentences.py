"""What a report says in sentences, from its JSON alone."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Iterator

from sotcheck.bound.fermi import CRITICAL
from sotcheck.pages import stack
from sotcheck.pages.page import Data
from sotcheck.trial.verdict import Verdict


def quote(data: Data) -> str:
    """Say in one sentence how far first order holds for an interface, and what ends it."""
    first, state = stack.first_limits(data), data["bound_states"][0]
    far = (
        f"first order gives the torque to 1 % up to h_R = {first['1%']:.2g} and to 10 % up to h_R = "
        f"{first['10%']:.2g}"
        if all(first.values())
        else "first order fails at any h_R"
        if data["note"]
        else "no component of the torque leaves first order"
    )
    start = state["first_h_R_at_fermi_energy"]
    bound = (
        "bound states at E_F, whose torque comes besides, are there at any h_R"
        if state["alone"]
        else f"from h_R = {start:.2g} on bound states at E_F have a torque besides"
        if start < CRITICAL
        else "no bound state comes to E_F"
    )
    return f"For {data['system']['name']}, {far}; {bound}."


def conclusion(data: Data) -> Iterator[str]:
    """Say what was found, in plain sentences."""
    rows = data["verdicts"]
    count = Counter(row["verdict"] for row in rows)
    if data["verdict"] == "agrees":
        this = "stack" if stack.is_stack(data) else "interface"
        yield f"The first-order theory holds for this {this}: all {len(rows)} findings agree."
    else:
        worst = sorted({row["claim"] for row in rows if row["verdict"] == data["verdict"]})
        yield (
            f"{count['disagrees']} of {len(rows)} findings disagree and {count['inconclusive']} are "
            f"inconclusive ({', '.join(worst)})."
        )
    if data["note"]:
        yield f"The expansion in h_R fails here: {data['note']}."
    for warning in data["warnings"]:
        yield f"Warning: {warning}."
    yield from stack.conclusion(data) if stack.is_stack(data) else _of_interface(data)


def _of_interface(data: Data) -> Iterator[str]:
    """Say what was found of a bare interface besides."""
    # Of exact engines, not of other formulas.
    torque = [row for row in data["verdicts"] if row["claim"] in data["first_order"] and row["engine"]]
    torque = [row for row in torque if row["verdict"] == "agrees"]
    scale = max((abs(row["expected"]) for row in torque), default=0.0)
    if scale > 0:
        every = "for every source" if data["verdict"] == "agrees" else f"in {len(torque)} findings that agree"
        part = max(map(off, torque)) / scale
        yield (
            f"First order is the linear coefficient of the exact torque to {part:.0e} of its largest "
            f"component, {every}, by Kwant and by boundary matching."
        )
    first = stack.first_limits(data)
    if all(first.values()):
        yield (
            f"Every component is good to 1 % up to h_R = {first['1%']:.2g} and to 10 % up to "
            f"h_R = {first['10%']:.2g}."
        )
    if (curve := data["curve"]) is not None:
        yield (
            f"The torque was computed at {len(curve['h_R'])} h_R up to {curve['h_R'][-1]:g}, and by "
            f"Kwant at {curve['kwant_points']}: the largest relative difference is "
            f"{curve['kwant_difference']:.0e}."
        )
    yield on_bound_states(data["bound_states"][0], " nm⁻¹" if data["geometry"]["unit"] else "")


def on_bound_states(state: Data, unit: str = "") -> str:
    """Say what is bound at the h_R in use, and from which h_R on states at E_F are left out.

    `unit`: how that of a wave vector is said behind a number.
    """
    first = state["first_h_R_at_fermi_energy"]
    if state["alone"]:
        many = state["alone"] > 1
        number, reach = f"{state['alone']} state{'s' * many}", "reach" if many else "reaches"
        return (
            f"The interface binds {number} by itself, which {reach} E_F at any h_R: curves of the exact "
            "torque are those of the scattering states."
        )
    lies = (
        f"there is no bound state (smallest eigenvalue {state['lowest_eigenvalue']:.2g} > 0)"
        if state["lowest_eigenvalue"] >= 0
        else f"there is a bound state below the continuum at k_perp = {state['k_perp']:.3g}{unit}"
    )
    if first >= CRITICAL:
        return f"At h_R = {state['h_R']:g} {lies}, and none lies at E_F below |h_R| = {CRITICAL:g}."
    return (
        f"At h_R = {state['h_R']:g} {lies}; from |h_R| = {first:.3g} on bound states lie at E_F, and curves "
        "of the exact torque are those of the scattering states."
    )


def off(row: Data) -> float:
    """Return how far a finding is off."""
    none = row["measured"] is None or row["expected"] is None
    return math.inf if none else float(abs(row["measured"] - row["expected"]))


def claims(rows: Iterable[Data]) -> list[Data]:
    """Return one row a claim: the number of its findings, and of the worst ones the one farthest off."""
    groups: dict[str, list[Data]] = {}
    for row in rows:
        groups.setdefault(row["claim"], []).append(row)
    return [max(some, key=_badness) | {"findings": len(some)} for some in groups.values()]


def _badness(row: Data) -> tuple[int, float]:
    return Verdict(row["verdict"]).severity, off(row)
