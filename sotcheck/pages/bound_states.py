"""reports/bound-states/: JSON first, then Markdown and one self-contained HTML file rendered from it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from sotcheck.pages.bound_states_plots import FIGURES, OF_EACH
from sotcheck.pages.figures import svg
from sotcheck.pages.publish import Picture, publish
from sotcheck.run.output import make_folder, write_text

Data = dict[str, Any]

#: The interface that shows how little it can take.
EXCEPTIONS = ("matched",)


def conclusions(data: Data) -> list[str]:
    """Say what the whole report found, in plain sentences."""
    with_J = [row for row in data["threshold"] if row["name"] not in EXCEPTIONS]
    lowest = min(min(row["ratio_to_C5"]) for row in with_J)
    highest = max(max(row["ratio_to_C5"]) for row in with_J)
    checked = [entry["map"]["kwant"] for entry in data["interfaces"] if entry["map"]["kwant"]]
    first = ", ".join(
        f"{entry['fermi_energy']['first_h_R']:.3g} ({entry['name']})" for entry in data["interfaces"]
    )
    share = data["plane"]["fraction"]
    curves = {curve["name"]: curve for curve in data["spin_density"]}
    attractive = curves["attractive"]["rows"][0]
    bulk = curves["bulk-magnetism"]["rows"][-1]
    return [
        "√J is the threshold for m in the plane and parallel to k × ẑ, without barriers and with "
        "equal potentials, and a lower bound for other angles then. In general it is neither: the systems "
        f"with J > 0 here need {lowest:.3g} to {highest:.3g} times as much, depending on the angle, and "
        "nothing at all where wave vectors are matched. For J → 0 the threshold vanishes as √J: any "
        "attractive delta binds.",
        f"Bound states at or below E_F appear from h_R = {first}.",
        "Beyond |h_R| = 2 no ground state exists for any interface: the energy of bound states falls without "
        "end as k_perp grows. At |h_R| = 2 itself there is none if u_0 < |u_m| × (length of m's in-plane "
        "part).",
        f"In the plane of (u_0, u_m), {share[1] + share[2]:.0%} of the interfaces (those with u_0 < |u_m|) "
        "have bound states without any h_R, and these reach E_F.",
        f"What bound states at E_F add is not small: {attractive['ratio']['torque']:.3g} times the torque of "
        f"the scattering states at h_R = {attractive['h_R']:g} for the attractive interface, at first order "
        "in h_R already. It has to be counted with a relaxation time of its own.",
        "Without a delta potential and with equal relaxation times the spin density is along ŷ, but only "
        f"with the bound states: at h_R = {bulk['h_R']:g} of bulk-magnetism, scattering states give s_z = "
        f"{bulk['total']['spin'][2]:.3g}, bound states {bulk['bound']['spin'][2]:.3g}.",
        three_ways(data["agreement"]),
        f"{sum(found['points'] for found in checked)} points of the maps were solved with Kwant as well: "
        f"{sum(found['different_counts'] for found in checked)} numbers of states differ, and energies by at "
        f"most {_largest(checked):.0e}.",
    ]


def three_ways(found: Data) -> str:
    """Say how three independent counts of bound states compare."""
    energies, weight, phase = found["self_energies"], found["weight"], found["phase"]
    wrong = energies["different_counts"] + weight["disagree"] + phase["disagree"]
    unknown = energies["near_threshold"] + weight["unresolved"] + phase["unresolved"]
    return (
        "Three routes that share no code count the same states: the matching condition and Kwant's "
        f"self-energies on {energies['points']} random problems (energies to "
        f"{energies['largest_energy_difference']:.0e} of the energy scale), the weight missing from Kwant's "
        f"continuum at z = 0 on {weight['points']} of them and Levinson's theorem on {phase['points']}: "
        f"{wrong} disagree, {unknown} could not be decided."
    )


def _largest(checked: list[Data]) -> float:
    return max((found["largest_energy_difference"] or 0.0 for found in checked), default=0.0)


def write_bound_states(data: Data, output: Path) -> Path:
    """Write bound-states.json, maps.json, README.md, index.html, figures; return the page to open first.

    Parameters
    ----------
    data : dict
        From `bound.portrait.report_data`.
    output : Path
        The folder, e.g. reports/bound-states.

    Raises
    ------
    OutputError
        If a file cannot be written.
    """
    maps = {entry["name"]: entry["map"] for entry in data["interfaces"]}
    interfaces = [{key: entry[key] for key in entry if key != "map"} for entry in data["interfaces"]]
    files = {"bound-states.json": {**data, "interfaces": interfaces}, "maps.json": maps}
    return publish(output, files, "bound_states", _shown, indent=None)


def _shown(data: Data, maps: Data) -> tuple[list[Picture], Data]:
    """Return the figures, and what the page says, from the JSON."""
    for entry in data["interfaces"]:
        entry["map"] = maps[entry["name"]]
    pictures = [Picture(name, title, draw, data) for name, title, draw in FIGURES]
    of_each = [
        Picture(f"{name}-{entry['name']}", title, draw, entry)
        for entry in data["interfaces"]
        for name, title, draw in OF_EACH
    ]
    context = {
        "data": data,
        "conclusions": conclusions(data),
        "figures": {name: title for name, title, _ in FIGURES},
        "of_each": {name: title for name, title, _ in OF_EACH},
    }
    return pictures + of_each, context


def write_system(entry: Data, output: Path) -> None:
    """Write one system's `bound.portrait` as bound-states.json, and its map and dispersion as figures.

    Raises
    ------
    OutputError
        If a file cannot be written.
    """
    make_folder(output)
    write_text(output / "bound-states.json", json.dumps(entry, allow_nan=False) + "\n")
    for name, _, draw in OF_EACH:
        write_text(output / f"{name}.svg", svg(draw, entry))
