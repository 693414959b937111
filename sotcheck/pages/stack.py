"""What only the report of a stack has: its figures and sentences, from the report's JSON alone."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from matplotlib.figure import Figure

from sotcheck.pages import figures
from sotcheck.pages.page import Data, Picture, Section, Table
from sotcheck.system.model import BOUND, SOURCES
from sotcheck.trial.against_z import TOTAL

#: What is smaller than this part of the largest is left out of the ledger's bars, and of sentences.
NOTHING = 1e-9


def is_stack(data: Data) -> bool:
    """Say whether a report is one of a stack."""
    return "totals" in data


def layers_words(data: Data) -> str:
    """Return a stack in one line: its layers with their thicknesses, between half-spaces."""
    regions = data["geometry"]["regions"]
    unit = " nm" if data["geometry"]["unit"] else ""
    inner = [f"{one['name']} {one['to'] - one['from']:.4g}{unit}" for one in regions[1:-1]]
    return " | ".join(["…", *(inner or ["no layer"]), "…"])


def ledger(data: Data) -> Figure:
    """Who takes what, by source: the bars that matter to any."""
    rows = data["ledger"]["rows"]
    size = {name: np.abs([row["split"][name] for row in rows]).max() for name in rows[0]["split"]}
    noise = max(_noise(data, row) for row in rows)
    seen = [name for name in size if size[name] > noise]
    rows = [{**row, "split": {name: row["split"][name] for name in seen}} for row in rows]
    return figures.ledger({**data, "ledger": {"rows": rows}})


def curve(data: Data) -> Figure:
    """The torque against the scale: of each source, and of all where there are several."""
    return figures.torque({**data, "curve": data["curve"] | {"sources": curves(data)}})


def curves(data: Data) -> Data:
    """Return the curves of sources; the total of one alone is no other."""
    sources = dict(data["curve"]["sources"])
    if len(sources) == 2:
        sources.pop(TOTAL)
    return sources


def quote(data: Data) -> str:
    """Say in one sentence what the torque of the stack is, who takes it, and how far first order holds."""
    row = max(
        (row for row in data["ledger"]["rows"] if row["engine"] == data["lattice"]["engine"]),
        key=lambda row: np.abs(row["parts"][-1]["split"]["taken"]).max(),
        default=None,
    )
    if row is None or np.abs(row["parts"][-1]["split"]["taken"]).max() <= _noise(data, row):
        return "No current of scattering states exerts a torque on this stack."
    first = first_limits(data)
    far = (
        f"first order gives it to 10 % up to {first['10%']:.2g} times the file's spin-orbit terms"
        if first["10%"]
        else f"first order gives it to 10 % up to {data['curve']['h_R'][-1]:g} times the file's at least"
        if data["curve"]
        else "fieldlike and dampinglike are undefined"
    )
    _, _, words = _who(row, unit_of(data), _noise(data, row)).rstrip(".").partition(": ")
    return f"A current of {row['source']} electrons exerts a {words.replace('; ', ', and a ', 1)}; {far}."


def sections(data: Data) -> list[Section]:
    """Return what the page of a stack shows besides what all reports do."""
    taken = list(_taken(data))
    found = [Section("The torque of each source, by every engine", [_torques(data)], "torques", brief=True)]
    if data["measured"]:
        found.append(Section("What was measured", [_measured(data)], "measured", brief=True))
    drawn: list[Picture | Table] = []
    if any(any(line["flows"]) for line in taken):
        drawn.append(Picture("ledger", "The ledger of angular momentum, part by part", ledger, data,
                             "Incoming (1) = to the lattice (2) + to the magnetism of layers (3) and of "
                             "interfaces "
                             f"(4) + what goes on beyond. Unit: {unit_of(data)}."))  # fmt: skip
    found.append(Section("Who takes what", [*drawn, _ledger_table(data, taken)], "who", brief=True))
    if data["curve"]:
        found.append(Section("How far first order holds", [_limits(data)], "limits", brief=True))
    return found


def _torques(data: Data) -> Table:
    """Return the table of torques, those of all sources with it where there are several."""
    order = (*SOURCES, BOUND, TOTAL)
    rows = [_certain(row) for row in data["torque"] if any(row["vector"])]
    if len({row["source"] for row in rows}) > 1:
        rows += map(_certain, data["totals"])
    return Table(
        ("source", "engine", "fieldlike|number", "dampinglike|number", *(f"t_{axis}|cell" for axis in "xyz"),
         "uncertainty|short", "ξ_FL|cell", "ξ_DL|cell"),
        [
            (row["source"], row["engine"], row["fieldlike"], row["dampinglike"], *row["vector"],
             row["uncertainty"]["total"], row["efficiency"]["fieldlike"], row["efficiency"]["dampinglike"])
            for row in sorted(rows, key=lambda row: order.index(row["source"]))
        ],
        note=f"In {unit_of(data)}, at the file's own spin-orbit terms; first order is linear in them. "
        "ξ = (2e/ħ)(torque/area)/j, j the current density that the source itself carries, without unit. 0: "
        "not told from zero. A source without rows has no states at E_F. The total is weighted with "
        "relaxation times; that of bound states is relaxation.bound, 0 unless the file says so: it is "
        f"{data['system']['relaxation']['bound']:g}.",
    )  # fmt: skip


def _measured(data: Data) -> Table:
    """Return what experiments found, beside what is computed."""

    def number(one: Data) -> str:
        low, high = one["low"], one["high"]
        return "see there" if low is None else f"{low:g}" if low == high else f"{low:g} to {high:g}"

    left_out = data["measured"]["left_out"].replace("computed: ", "Computed from ", 1)
    return Table(
        ("stack", "quantity", "measured", "computed|cell", "source"),
        [
            (one["stack"], one["quantity"] + ("" if one["component"] == "both" else f", {one['component']}"),
             number(one), one["computed"], f"{one['source']}: {one['remark']}; {one['sign']}")
            for one in data["measured"]["experiments"]
        ],
        note='Computed: efficiencies of the source normal; "–" where the model has no such number. Effective '
        "fields in T per (A/m²): sotcheck torque --efficiency computes them for a given magnet. " + left_out,
    )  # fmt: skip


def _ledger_table(data: Data, taken: list[Data]) -> Table:
    residual = max((row["residual"] for row in data["ledger"]["rows"]), default=0.0)
    return Table(
        ("source", "part", "component", "arrives|cell", "to the lattice|cell", "taken: its torque|cell",
         "goes on|cell"),
        [(row["source"], row["part"], row["component"], *row["flows"]) for row in taken],
        note="Of the spin that arrives at a part, its spin-orbit term gives some to the lattice, its "
        f"magnetism takes some (its torque), and the rest goes on: {unit_of(data)}, by "
        f"{data['lattice']['engine']}. "
        "Parts that neither give nor take spin are left out. At interfaces the four flows come from "
        f"expressions of their own, and leave at most {residual:.1e} (any engine and source). What a layer "
        "takes is what does "
        'not go on in it; the claim "ledger" tries that by another route.',
    )  # fmt: skip


def _limits(data: Data) -> Table:
    rows = [(source, name, part) for source, parts in curves(data).items() for name, part in parts.items()]
    return Table(
        ("source", "component", "off by 1 % at|short", "by 10 % at|short", "remark"),
        [
            (source, name, *((None, None) if part["first_order_vanishes"] else part["limits"].values()),
             "first order is zero" if part["first_order_vanishes"] else "")
            for source, name, part in rows
        ],
        "First scale of all spin-orbit terms at which the exact torque departs from first order",
        f'A scale of 1 is the file\'s own. "–": not up to a scale of {data["curve"]["h_R"][-1]:g}. Of '
        'scattering '
        "states: curves and total have no bound states.",
    )  # fmt: skip


def unit_of(data: Data) -> str:
    """Return the unit of torques."""
    return "nm⁻³" if data["geometry"]["unit"] else "wave vector³"


def _certain(row: Data) -> Data:
    """Return a row of torques without the digits of what may as well be nothing."""

    def cut(value: float | None, error: float) -> float | None:
        return 0.0 if value is not None and abs(value) <= error else value

    errors = row["uncertainty"]
    parts = {name: cut(row[name], errors["total"]) for name in figures.COMPONENTS}
    ratio = row.get("efficiency") or {}
    xi = {name: cut(ratio.get(name), (ratio.get("uncertainty") or {}).get(name) or 0.0) for name in parts}
    return {**row, **parts, "vector": [cut(t, errors["total"]) for t in row["vector"]], "efficiency": xi}


def _taken(data: Data) -> Iterator[Data]:
    """Yield the flows of each source, of parts that give or take any, and component, without noise."""
    for row in data["ledger"]["rows"]:
        if row["engine"] != data["lattice"]["engine"]:
            continue
        for part in row["parts"]:
            flows = np.array(list(part["split"].values()))
            flows[np.abs(flows) <= _noise(data, row)] = 0.0
            if flows[1:3].any() or part is row["parts"][-1]:
                for name, values in zip(row["components"], flows.T.tolist(), strict=True):
                    yield {"source": row["source"], "part": part["part"], "component": name, "flows": values}


def _noise(data: Data, row: Data) -> float:
    """Return how large a flow of a source's ledger may be and yet be nothing."""
    size = max(np.abs(list(part["split"].values())).max() for part in row["parts"])
    same = (one for one in data["torque"] if all(one[key] == row[key] for key in ("engine", "source")))
    return max([NOTHING * size, *(one["uncertainty"]["total"] for one in same)])


def first_limits(data: Data) -> dict[str, float | None]:
    """Return the first h_R, or scale, at which any component is off by 1 % and by 10 %, None if none is."""
    if data["curve"] is None:
        return dict.fromkeys(("1%", "10%"))
    sources = data["curve"]["sources"]
    rows = [part["limits"] for name, parts in sources.items() if name != TOTAL for part in parts.values()]
    return {
        limit: min((row[limit] for row in rows if row[limit] is not None), default=None) for limit in rows[0]
    }


def conclusion(data: Data) -> Iterator[str]:
    """Say what was found of a stack besides the verdicts."""
    for row in data["ledger"]["rows"]:
        if row["engine"] == data["lattice"]["engine"]:
            yield _who(row, unit_of(data), _noise(data, row))
    yield from _bound(data)
    if (curve := data["curve"]) is not None and any(any(_certain(row)["vector"]) for row in data["torque"]):
        far = [
            f"to {limit.replace('%', ' %')} up to {scale:.2g} times the file's spin-orbit terms"
            if scale
            else f"to {limit.replace('%', ' %')} up to the largest scale tried, {curve['h_R'][-1]:g}"
            for limit, scale in first_limits(data).items()
        ]
        yield f"First order is good for every component {', and '.join(far)}."
        yield (
            f"The torque was computed at {len(curve['h_R'])} scales of all spin-orbit terms, up to "
            f"{curve['h_R'][-1]:g} times those of the file, with Kwant at {curve['kwant_points']} of them: "
            f"the largest relative difference is {curve['kwant_difference']:.0e}."
        )


def _bound(data: Data) -> Iterator[str]:
    """Say what states bound in the stack add, which is in no curve."""
    engine = data["lattice"]["engine"]
    for row in data["torque"]:
        if row["source"] == BOUND and row["engine"] == engine and row["fieldlike"] is not None:
            total = next(one for one in data["totals"] if one["engine"] == engine)
            named = " and ".join(f"{name} {_certain(row)[name]:.3g}" for name in figures.COMPONENTS)
            whole = " and ".join(f"{name} {_certain(total)[name]:.3g}" for name in figures.COMPONENTS)
            time = data["system"]["relaxation"]["bound"]
            counted = (
                f"with it (relaxation.bound = {time:g})" if time else "without it (relaxation.bound = 0)"
            )
            yield (
                f"States bound in the stack at E_F have a torque of their own, for a relaxation time of 1 "
                f"{named} {unit_of(data)}, which figures, limits and the ledger leave out. The torque of all "
                f"sources {counted} is {whole}."
            )


def _who(row: Data, unit: str, noise: float) -> str:
    """Say which part takes most of one source's spin, of either component."""
    *some, whole = row["parts"]
    words = []
    for n, name in enumerate(row["components"]):
        total = whole["split"]["taken"][n]
        most = max(some, key=lambda part: abs(part["split"]["taken"][n]))
        own = most["split"]["taken"][n]
        if abs(own) > noise:
            all_of_it = abs(own - total) <= noise
            share = "all of it" if all_of_it else f"of any part the most ({own:.3g})"
            words.append(f"{name} torque {total:.3g} {unit}, {share} on {most['part']}")
    return f"Source {row['source']}: {'; '.join(words) or 'no torque'}."
