"""The page of error budgets: how far above proved errors they are; drawn from budgets.json alone."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from matplotlib.figure import Figure

from sotcheck.pages import figures
from sotcheck.pages.page import Data, Page, Picture, Section, Table, Words
from sotcheck.pages.publish import publish

COLORS = (figures.BLUE, figures.GREEN, figures.RED)

ABOUT = (
    "Every torque comes with a budget, which is to cover its true error and to be not much larger. Here true "
    "errors are known: random bare interfaces of four kinds are summed at three tolerances, and the referee "
    "encloses the same torques in ball arithmetic. Any: potentials, exchange, barrier, direction of m and "
    "h_R up to 1 by chance. Strong: h_R from 0.5 to 2, beyond the radius of the expansion for many. "
    "Resonant: electrons of one spin are bound by the delta where those of the other propagate. Binding: an "
    "attractive delta, with a level that leaves the last band near E_F.",
    "The ratio is that of the budget to the length of the error vector, in decades. An error below the "
    "proof's radius or half the last digit of a double counts as that; torques that are exactly zero, and "
    "said to be, have no ratio. Torques of bound states are not proved, and not here.",
)


def draw(data: Data) -> Figure:
    """Draw how many torques have which ratio, by engine; and the medians."""
    engines = list(dict.fromkeys(one["engine"] for one in data["results"]))
    figure, grid = figures.canvas(2.1 * len(engines) + 0.6, len(engines), 1, squeeze=False, sharex=True)
    bins = np.array(data["bins"])
    for axes, engine in zip(grid[:, 0], engines, strict=True):
        of_one = [one for one in data["results"] if one["engine"] == engine]
        for one, color in zip(of_one, COLORS, strict=False):
            axes.stairs(one["counts"], bins, color=color, lw=1.4, label=f"tolerance {one['tolerance']:g}")
            axes.axvline(one["median"], color=color, ls=":", lw=1)
        axes.axvline(0, color=figures.GREY, lw=1)
        axes.set(title=engine, ylabel="torques")
    grid[-1, 0].set_xlabel("decades of budget over true error; dotted: medians")
    return figures.one_legend(figure, 3)


def quote(data: Data) -> str:
    """Say in one sentence whether budgets hold, and how idle they are."""
    tried = sum(one["torques"] for one in data["results"])
    beyond = len({name for one in data["results"] for name in one["beyond"]})
    number = max(one["interfaces"] for one in data["results"])
    worst = max(one["median"] for one in data["results"])
    held = "all" if not beyond else f"all but {beyond} of"
    return (
        f"Budgets cover the proved error of {held} {number} interfaces ({tried:,} torques), and are "
        f"{worst:.2f} decades above it in the median, at most."
    )


def shown(data: Data) -> Page:
    """Return the page."""
    picture = Picture("budgets", "Budget over true error", draw, data, brief=True)
    rows = [
        (one["engine"], one["tolerance"], one["torques"], one["zeros"], len(one["beyond"]), one["median"],
         one["most"], _parts(one["by_term"]), _parts(one["by_kind"]))
        for one in data["results"]
    ]  # fmt: skip
    table = Table(
        ("engine", "tolerance|short", "torques|number", "exact zeros|number", "not covered|number",
         "median|cell", "90 % below|cell", "by largest term", "by kind"),
        rows,
        caption="decades of budget over true error; in parentheses the number of torques",
    )  # fmt: skip
    kinds = ", ".join(f"{number} {kind}" for kind, number in data["interfaces"].items())
    missing = [*data["unproved"], *(name for one in data["results"] for name in one["beyond"])]
    said = [f"Interfaces: {kinds}; of {len(data['unproved'])} not all is proved."]
    said += [f"Not covered or not proved: {', '.join(dict.fromkeys(missing))}."] if missing else []
    return Page(
        "Error budgets against proved torques",
        quote=quote(data),
        first=[picture],
        sections=[
            Section("What is compared", [Words(ABOUT)], "about", brief=True),
            Section("By engine and tolerance", [Words(said, listed=True), table], "table", brief=True),
        ],
        files=["budgets.json"],
    )


def _parts(some: Data) -> str:
    return "; ".join(f"{name} {one['median']:.1f} ({one['torques']})" for name, one in some.items())


def write_budgets(data: Data, output: Path) -> Path:
    """Write budgets.json and what is drawn from it; return the page to open first."""
    return publish(output, {"budgets.json": data}, shown)
