"""reports/bound-states/: JSON first, then Markdown and one self-contained HTML file rendered from it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

from sotcheck.pages.bound_figures import (
    draw_dispersion,
    draw_map,
    draw_plane,
    draw_spin_density,
    draw_threshold,
)
from sotcheck.pages.page import Data, Link, Page, Picture, Section, Table, Words
from sotcheck.pages.publish import publish
from sotcheck.pages.svg import svg
from sotcheck.run.output import make_folder, write_text

#: The interface that shows how little it can take.
EXCEPTIONS = ("matched",)
#: File name, title, how it is drawn, and a note, of the figures of the whole report; those of each interface.
FIGURES = (
    ("threshold", "The threshold against the angle, and for small J", draw_threshold, ""),
    ("plane", "What binds without any Rashba term, in the plane of (u_0, u_m)", draw_plane, ""),
    ("spin-density", "What bound states add to the spin density and the torque", draw_spin_density, ""),
)
OF_EACH = (
    ("map", "States below the continuum", draw_map),
    ("dispersion", "Energy against k_perp, and the contours at E_F", draw_dispersion),
)


def conclusions(data: Data) -> list[str]:
    """Say what the whole report found, in plain sentences."""
    with_J = [row for row in data["threshold"] if row["name"] not in EXCEPTIONS]
    lowest = min(min(row["ratio_to_C5"]) for row in with_J)
    highest = max(max(row["ratio_to_C5"]) for row in with_J)
    checked = [entry["map"]["kwant"] for entry in data["interfaces"] if entry["map"]["kwant"]]
    apart = max((found["largest_energy_difference"] or 0.0 for found in checked), default=0.0)
    first = ", ".join(
        f"{entry['fermi_energy']['first_h_R']:.3g} ({entry['name']})" for entry in data["interfaces"]
    )
    share = data["plane"]["fraction"]
    curves = {curve["name"]: curve for curve in data["spin_density"]}
    attractive = curves["attractive"]["rows"][0]
    bulk = curves["bulk-magnetism"]["rows"][-1]
    return [
        "The least h_R k_perp that binds a state is no universal √J: the systems with J > 0 here need "
        f"{lowest:.3g} to {highest:.3g} times as much, depending on the angle, and nothing at all where wave "
        "vectors are matched.",
        "√J is the threshold for m in the plane and parallel to k × ẑ, without barriers and with "
        "equal potentials, and a lower bound for other angles then. For J → 0 the threshold vanishes as √J: "
        "any attractive delta binds.",
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
        f"most {apart:.0e}.",
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


def write_bound_states(data: Data, output: Path) -> Path:
    """Write the pages of `bound.portrait.report_data` into a folder, and return the one to open first."""
    maps = {entry["name"]: entry["map"] for entry in data["interfaces"]}
    interfaces = [{key: entry[key] for key in entry if key != "map"} for entry in data["interfaces"]]
    files = {"bound-states.json": {**data, "interfaces": interfaces}, "maps.json": maps}
    return publish(output, files, shown)


def shown(data: Data, maps: Data) -> Page:
    """Return the page, from the JSON."""
    for entry in data["interfaces"]:
        entry["map"] = maps[entry["name"]]
    first, *others = conclusions(data)
    pictures = {
        name: Picture(name, title, draw, data, note, name != "plane") for name, title, draw, note in FIGURES
    }
    return Page(
        "Bound states: what they are, and what they do",
        "States bound to the interface, below the whole continuum, at any h_R. The torque of the paper "
        "counts scattering states only.",
        quote=first,
        facts=others,
        first=[pictures["threshold"]],
        sections=[
            Section("By interface", [_by_interface(data)], "by-interface", brief=True),
            Section("Without any Rashba term", [pictures["plane"], _marginal(data)], "without"),
            Section("What they add", [pictures["spin-density"], _added(data)], "added", brief=True),
            Section("Inside the other spin's continuum", [_embedded(data)], "embedded-states"),
            *([Section("Three ways that share no code", [_three(data["agreement"])], "ways")]
              if data["agreement"] else []),
            *(Section(entry["name"], list(_of_one(entry)), entry["name"]) for entry in data["interfaces"]),
        ],
        files=["bound-states.json", "maps.json"],
    )  # fmt: skip


def _by_interface(data: Data) -> Table:
    return Table(
        ("interface", "what it is", "least |h_R| k_perp that binds|cell", "over √J|cell",
         "states at or below E_F from h_R =|cell", "ground state at |h_R| = 2"),
        [
            (
                Link(entry["name"], f"#{entry['name']}"), entry["title"], entry["threshold"]["strength"],
                entry["threshold"]["ratio_to_C5"], entry["fermi_energy"]["first_h_R"],
                "yes" if entry["fermi_energy"]["ground_state_at_critical_h_R"] else "no",
            )
            for entry in data["interfaces"]
        ],
    )  # fmt: skip


def _added(data: Data) -> Table:
    return Table(
        ("interface", "h_R|cell", "spin density: bound/scattering|cell", "torque: bound/scattering|cell",
         "quadrature error|short"),
        [
            (curve["name"], row["h_R"], row["ratio"]["spin"], row["ratio"]["torque"], row["bound"]["error"])
            for curve in data["spin_density"]
            for row in curve["rows"]
            if row["bound"]["arcs"]
        ],
        "Bound states at E_F beside scattering states, all relaxation times 1",
        'Where a system is missing at an h_R, no bound state is at E_F there. "–": the scattering states '
        'give '
        "nothing to compare with. Spin density: −∫d²k/(2π)² k_x δ(E_b − E_F) ψ†σψ at z = 0, with the "
        "prefactor and the shift by k_x of the scattering states; with the group velocity in place of k_x "
        "the numbers are in the JSON as spin_velocity and torque_velocity.",
    )  # fmt: skip


def _marginal(data: Data) -> Table:
    return Table(
        ("u_0|cell", "|u_m| in plane|cell", "ground state", "why"),
        [
            (row["u_0"], row["u_m"] * row["in_plane"], "yes" if row["exists"] else "no", row["why"])
            for row in data["marginal"]
        ],
        "|h_R| = 2 itself: u_0 against |u_m| times the length of m's in-plane part decides",
    )


def _embedded(data: Data) -> Table:
    return Table(
        ("m", "angle of k × ẑ to m in the plane|cell", "h_R|cell", "kind", "energy|cell", "width|short"),
        [
            (", ".join(f"{c:.3g}" for c in row["m"]), row["angle"], row["h_R"], row["kind"], row["energy"],
             row["width"])
            for row in data["embedded"]
        ],
        note="A state of the minority inside the majority's continuum is bound where spin is conserved (m "
        "parallel to k × ẑ, or h_R = 0), and elsewhere a resonance of a width that grows as h_R^2. Here at "
        "the "
        'largest k_perp with an open channel at E_F, interface "embedded"; angles in degrees.',
    )  # fmt: skip


def _three(found: Data) -> Table:
    energies, weight = found["self_energies"], found["weight"]
    phases = [
        (f"phase of det S ({phase['engine']}), Levinson's theorem; difference: from an integer",
         *(phase[key] for key in ("points", "disagree", "unresolved", "largest_defect")))
        for phase in (found["phase"], found["phase_kwant"])
    ]  # fmt: skip
    return Table(
        ("against roots of the matching matrix", "problems|number", "numbers of states differ|number",
         "cannot tell|number", "largest difference|short"),
        [
            ("eigenvalues of H + Σ(E) − E with Kwant's leads; difference: energies",
             *(energies[key] for key in
               ("points", "different_counts", "near_threshold", "largest_energy_difference"))),
            ("weight at z = 0 missing from all bands of a lattice, by Kwant, against the states found on it "
             f"({weight['below']} below, {weight['above']} above the bands)",
             *(weight[key] for key in ("points", "disagree", "unresolved", "largest_difference"))),
            *phases,
        ],
    )  # fmt: skip


def _of_one(entry: Data) -> Iterator[Words | Picture]:
    """Yield what the page shows of one interface."""
    system = entry["system"]
    numbers = ", ".join(
        f"{symbol} = {system[part][key]:.3g}"
        for symbol, part, key in (
            ("U_N", "normal", "potential"), ("U_F", "ferromagnet", "potential"),
            ("J", "ferromagnet", "exchange"),
            ("u_0", "interface", "barrier"), ("u_m", "interface", "exchange"),
        )
    )  # fmt: skip
    yield Words([f"{entry['title']}: E_F = {system['fermi_energy']:.3g}, {numbers}."])
    said = list(entry["conclusions"])
    if found := entry["map"]["kwant"]:
        said.append(
            f"{found['points']} points of the map solved with Kwant as well: {found['different_counts']} "
            f"numbers of states differ, energies by at most {found['largest_energy_difference'] or 0.0:.2g}."
        )
    yield Words(said, listed=True)
    for name, title, draw in OF_EACH:
        yield Picture(f"{name}-{entry['name']}", title, draw, entry)


def write_system(entry: Data, output: Path) -> None:
    """Write one system's `bound.portrait` as bound-states.json, and its map and dispersion as figures."""
    make_folder(output)
    write_text(output / "bound-states.json", json.dumps(entry, allow_nan=False) + "\n")
    for name, _, draw in OF_EACH:
        write_text(output / f"{name}.svg", svg(draw, entry))
