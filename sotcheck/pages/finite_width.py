"""The page of Rashba layers of finite width: finite-width.json first, all else drawn from it alone."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from sotcheck.engines import FIRST_ORDER
from sotcheck.pages import figures
from sotcheck.pages.page import Data, Page, Picture, Section, Table, Words
from sotcheck.pages.publish import publish

#: Where the layer lies, in words, and the colour of its curves.
SIDES = {
    "N": ("N's side", figures.BLUE),
    "F": ("F's side", figures.RED),
    "both": ("both sides, half on each", figures.GREEN),
}
#: Deviations below this are not drawn.
FLOOR = 1e-6
#: An order this well known is told in words.
KNOWN = 0.1
LIMITS = {"1%": 0.01, "10%": 0.1}


def draw(data: Data) -> Figure:
    """Draw how far the layer's torque is off the delta's, against its width, on log axes."""
    sides = data["sides"]
    sources = list(dict.fromkeys(row["source"] for row in rows_of(data)))
    at = {(row["source"], row["component"]): row["at"] for row in rows_of(data)}
    figure, grid = figures.panels(
        sources, figures.COMPONENTS, r"width of the layer  $w\,k_F$", "|t(w)/t(0) − 1|", sharey=True
    )
    for one, axes in grid.items():
        if one not in at:
            axes.text(0.5, 0.5, "no such torque", ha="center", transform=axes.transAxes, color=figures.GREY)
            continue
        c, s = at[one]
        for side in sides:
            words, color = SIDES[side["side"]]
            for name, off in side["off"].items():
                x = side["w_k_F"] if len(off[c][s]) == len(side["w_k_F"]) else side["same_w_k_F"]
                style: Any = {"color": color, "label": words}
                if name == FIRST_ORDER:
                    style = {"color": color, "ls": "--", "lw": 1.0, "label": f"{words}, first order"}
                elif x is side["same_w_k_F"]:
                    style = {
                        "color": color,
                        "ls": "",
                        "marker": "o",
                        "ms": 3.5,
                        "mfc": "white",
                        "label": "Kwant",
                    }
                axes.loglog(x, np.maximum(np.abs(off[c][s]), FLOOR), **style)
        for limit, dash in figures.LIMIT_STYLE.items():
            axes.axhline(LIMITS[limit], color=figures.ORANGE, ls=dash, lw=1)
    figure.axes[0].set_ylim(FLOOR, 10)
    return figures.one_legend(figure, 2)


def rows_of(data: Data) -> list[Data]:
    """Return all rows of one system, with their limits in words."""
    return [
        row | {"side": side["side"], "words": {limit: _width(row, side, limit) for limit in LIMITS}}
        for side in data["sides"]
        for row in side["rows"]
    ]


def _width(row: Data, side: Data, limit: str) -> str:
    """Say at which w k_F a component is off by a limit, or that it is below or beyond all that were tried."""
    if (width := row["limits"][limit]) is not None:
        return f"{width:.3g}"
    c, s = row["at"]
    widths = side["w_k_F"]
    above = abs(side["off"][row["engine"]][c][s][0]) >= LIMITS[limit]
    return f"< {widths[0]:.2g}" if above else f"> {widths[-1]:.2g}"


def table(data: Data) -> list[Data]:
    """Return a row for each source, component and side: exact and first order side by side."""
    rows = {(r["side"], r["source"], r["component"], r["engine"]): r for r in rows_of(data)}
    exact, chain = (data["sides"][0][name] for name in ("engine", "chain"))
    found = []
    for (side, source, component, engine), row in rows.items():
        if engine == exact:
            first = rows.get((side, source, component, FIRST_ORDER))
            other = rows.get((side, source, component, chain))
            found.append({**row, "side": SIDES[side][0], "chain": other, "first": first})
    return found


def conclusion(data: Data) -> list[str]:
    """Say in sentences how thin a layer has to be, which order was seen, and whether engines agree."""
    said = []
    for side in data["sides"]:
        of_side = [row for row in rows_of(data) if row["side"] == side["side"] and row["source"] != "total"]
        exact = [row for row in of_side if row["engine"] == side["engine"]]
        known = [row for row in exact if row["order"] is not None and row["order_error"] <= KNOWN]
        orders = sorted({f"{row['order']:.1f}" for row in known})
        said.append(
            f"Layer on {SIDES[side['side']][0]}: the first component is off by 1 % at {_first(exact, '1%')}, "
            f"by 10 % at {_first(exact, '10%')}; orders seen to {KNOWN:g}: {', '.join(orders) or 'none'}; "
            f"engines agree on |t(w)/t(0) - 1| to {side['difference']:.0e}, and to "
            f"{side['difference_at_limits']:.0e} where it is 1 % and 10 %."
        )
    return said


def _first(rows: list[Data], limit: str) -> str:
    """Say at which width the first component reaches a limit, and which one it is."""
    row = min(rows, key=lambda row: _rank(row, limit))
    words = row["words"][limit]
    return f"w k_F {words if words[0] in '<>' else f'= {words}'} ({row['source']}, {row['component']})"


def _rank(row: Data, limit: str) -> tuple[int, float]:
    return "<=>".index(row["words"][limit][0]) if row["limits"][limit] is None else 1, row["limits"][
        limit
    ] or 0.0


def write_finite_width(data: Data, output: Path) -> Path:
    """Write finite-width.json and what is drawn from it; return the page to open first."""
    return publish(output, {"finite-width.json": data}, shown)


ABOUT = (
    "The theory has its Rashba term in a delta function at z = 0, of strength h_R. A layer of width w in "
    "which it is h_R/w, σ·(k×ẑ) h_R/w, tends to that delta as w → 0. How fast depends on where the layer "
    "lies, because of what its material is there: on N's side (just before z = 0, with N's potential and no "
    "exchange), on F's side (just after z = 0, with F's potential and exchange), or half on either side. "
    "Barrier and exchange of the delta stay at z = 0. The torque is that on all magnetism, of scattering "
    "states, at the file's h_R; states bound in the layer are not looked for. Widths are in units of 1/k_F, "
    "k_F being the largest in-plane wave number of a state at E_F.",
    '"Slope" is the relative change of the torque per w k_F as w → 0 (Richardson), "order" the power of w '
    "with which it "
    "goes to zero, from widths w k_F from 0.1 down to 0.0008, with the change of the last extrapolation and "
    "noise as its "
    'uncertainty ("–": not seen yet). The last columns: the first w k_F at which the torque is off by so '
    'much, exact and (in parentheses) to first order. "<": off by more at the thinnest layer tried; ">": '
    "not at the thickest. A component "
    "below 10⁻⁴ of the largest is left out.",
)


def shown(data: Data) -> Page:
    """Return the page, with a section for each system."""
    systems = data["systems"]
    drawn = [
        Picture(
            one["system"]["name"],
            f"{one['system']['name']}: how far the torque is off",
            draw,
            one,
            brief=True,
        )
        for one in systems
    ]
    return Page(
        "Rashba layers of finite width against the delta",
        quote=quote(systems),
        first=drawn[:1],
        sections=[
            Section("What is compared", [Words(ABOUT)], "about", brief=True),
            *(
                Section(one["system"]["name"], list(_of_one(one, picture)), one["system"]["name"], brief=True)
                for one, picture in zip(systems, [None, *drawn[1:]], strict=True)
            ),
        ],
        files=["finite-width.json"],
    )


def quote(systems: list[Data]) -> str:
    """Say in one sentence how thin a layer has to be, for the component that asks most."""
    rows = [
        (row, one["system"]["name"])
        for one in systems
        for row in rows_of(one)
        if row["source"] != "total" and row["engine"] == one["sides"][0]["engine"]
    ]
    row, name = min(rows, key=lambda pair: _rank(pair[0], "1%"))
    words = row["words"]["1%"]
    return (
        "A Rashba layer stands for a delta to 1 % only where w k_F "
        f"{words if words[0] in '<>' else f'< {words}'}: so it is for {name} with the layer on "
        f"{SIDES[row['side']][0]} ({row['source']}, {row['component']}), the most exacting here."
    )


def _of_one(one: Data, picture: Picture | None) -> Iterator[Words | Picture | Table]:
    """Yield what is shown of one system."""
    known = f"{one['system']['title']}. " if one["system"]["title"] else ""
    yield Words([f"{known}h_R = {one['system']['interface']['rashba']:.3g}, k_F = {one['k_F']:.3g}."])
    yield Words([*conclusion(one), *(f"Warning: {warning}." for warning in one["warnings"])], listed=True)
    if picture:
        yield picture

    def order(row: Data | None) -> str:
        known = row is not None and row["order"] is not None
        return f"{row['order']:.3f} ± {row['order_error']:.2g}" if row and known else "–"

    def limit(row: Data, name: str) -> str:
        return row["words"][name] + (f" ({row['first']['words'][name]})" if row["first"] else "")

    yield Table(
        ("layer on", "source", "component", "slope|cell", "order, exact|cell", "order, Kwant|cell",
         "order, first order|cell",
         "1 % at w k_F|cell", "10 % at w k_F|cell"),
        [
            (row["side"], row["source"], row["component"], f"{row['slope']:.4f} ± {row['slope_error']:.2g}",
             *(order(other) for other in (row, row["chain"], row["first"])), limit(row, "1%"),
             limit(row, "10%"))
            for row in table(one)
        ],
    )  # fmt: skip
