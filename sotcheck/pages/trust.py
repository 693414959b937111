"""Trust maps over two parameters: trust.json first; figures, README.md and index.html drawn from it alone."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Patch, Rectangle

from sotcheck.beyond.document import bound_at_limit, on_bound_states
from sotcheck.beyond.limits import CURRENTS
from sotcheck.numerics.arrays import Array, Mask
from sotcheck.numerics.crossing import LARGEST
from sotcheck.pages.contours import label_contours
from sotcheck.pages.figures import GREY, RED, SMALL, canvas, picture, symbol
from sotcheck.pages.layout import color_bar
from sotcheck.pages.page import Data, Page, Picture, Section, Words
from sotcheck.pages.publish import publish
from sotcheck.pages.svg import BLACK, WHITE

#: Cells of the background along each axis; over how many of them lines are smoothed.
CELLS, SMOOTH = 300, 6.0
#: Lines are drawn where a region fills this part of what they are smoothed over: half of it at a border.
NARROW = 0.45
#: Beyond so many points they are drawn small.
MANY = 400
#: Points closer than this, relative to the map, close in on a border, and have no dots: the border is seen.
CLOSE = 0.01
#: Keeps a quotient finite far from all that is meant.
TINY = 1e-9
LEVELS = (0.01, 0.02, 0.05, 0.1, 0.2, 0.3, 0.5, 0.7, 1.0, 1.5)
#: Regions without a limit: words, hatching.
REGIONS = {
    "beyond": (f"good up to h_R = {LARGEST:g} at least", ""),
    "embedded": ("an interface state at E_F: first order fails", "xxx"),
    "immediate": ("off however small h_R", "xx"),
    "vanishes": ("first order vanishes", "///"),
    "closed": ("nothing comes in from this source", "\\\\\\"),
    "undefined": ("m parallel to y", "|||"),
    "no state": ("no propagating state", "..."),
    "failed": ("could not be computed", "***"),
}

Region = tuple[str, int | None]


def draw_trust_map(data: Data) -> Figure:
    """Draw the h_R at which first order is off by the limit; regions without one hatched; samples as dots."""
    points = data["points"]
    over_x, over_y = data["over"]
    lower = np.array([over_x["lower"], over_y["lower"]])
    size = np.array([over_x["upper"], over_y["upper"]]) - lower
    at = (np.array([[p["x"], p["y"]] for p in points]) - lower) / size
    middle = (np.arange(CELLS) + 0.5) / CELLS
    grid = np.stack(np.meshgrid(middle, middle), axis=-1)
    regions = leads(at, [region_of(p) for p in points], grid)
    x, y = lower[0] + size[0] * middle, lower[1] + size[1] * middle
    figure, axes = canvas(5.2)
    values: dict[Region, Array] = {}
    for region in regions:
        if region[0] == "found":
            mine = [i for i, p in enumerate(points) if region_of(p) == region]
            values[region] = filled(at[mine], np.log10([points[i]["h_R"] for i in mine]), grid)
    if values:
        _draw_limits(axes, x, y, values, regions)
    handles: list[Any] = []
    for kind, (words, hatch) in REGIONS.items():
        if (kind, None) not in regions:
            continue
        face = "#bfe3f7" if kind == "beyond" else "#e6e6e6"
        look: Any = {"facecolor": face, "hatch": hatch, "edgecolor": GREY}
        if len(regions) == 1:
            axes.add_patch(Rectangle((0, 0), 1, 1, transform=axes.transAxes, **look))
        else:
            axes.contourf(x, y, regions[kind, None], levels=[0.0, 1.0], colors=[face], hatches=[hatch])
        handles.append(Patch(label=words, **look))
    small = 0.5 if len(points) > MANY else 1.0
    apart = alone(at)
    axes.plot(*(lower + size * at[apart]).T, ".", color=BLACK, ms=1.8 * small, alpha=0.7)
    for words, marked in bound_points(points).items():
        style: Any = {
            "color": RED,
            "mfc": RED if "any" in words else "none",
            "ms": 3.6 * small,
            "mew": 0.8 * small,
        }
        mine = [i for i in marked if apart[i]] or marked
        handles += axes.plot(*(lower + size * at[mine]).T, "o", label=words, **style)
    axes.set(
        xlim=(over_x["lower"], over_x["upper"]), ylim=(over_y["lower"], over_y["upper"]),
        xlabel=symbol(over_x["parameter"]), ylabel=symbol(over_y["parameter"]),
    )  # fmt: skip
    axes.grid(False)
    if handles:
        figure.legend(handles=handles, loc="outside lower center", fontsize=SMALL, ncols=1, markerscale=2.5)
    label_contours(figure, lambda v: f"{10**v:.2g}")
    return figure


def _draw_limits(
    axes: Axes, x: Array, y: Array, values: dict[Region, Array], regions: dict[Region, Array]
) -> None:
    """Draw log10 of the limit in colours and lines, each region by itself: between them it jumps."""
    from scipy.ndimage import gaussian_filter

    inside = {region: regions[region] > 0 for region in values}
    shown = np.ma.masked_invalid(np.select(list(inside.values()), list(values.values()), np.nan))
    mesh = picture(axes, x, y, shown, cmap="cividis")
    words = "$h_R$ up to which first order can be trusted"
    color_bar(axes.figure, axes, mesh, label=words, format=lambda v, _: f"{10**v:.2g}")
    white: Any = {"colors": WHITE, "linewidths": 0.9, "linestyles": "solid"}
    for region, mine in inside.items():
        # The mean of what is nearby and in the region.
        part = gaussian_filter(mine.astype(float), SMOOTH)
        even = gaussian_filter(np.where(mine, values[region], 0.0), SMOOTH) / np.maximum(part, TINY)
        # Of a band narrower than that lines would tell its samples only.
        even = np.ma.masked_where(~mine | (part < NARROW), even)
        if levels := [np.log10(v) for v in LEVELS if even.min() < np.log10(v) < even.max()]:
            axes.contour(x, y, even, levels=levels, **white)


def region_of(point: Data) -> Region:
    """Return what a point has in common with its neighbours up to a border."""
    return point["kind"], point.get("side")


def leads(at: Array, labels: list[Region], grid: Array) -> dict[Region, Array]:
    """Return by how much each label outweighs the others, linear between samples: positive where it holds."""
    weights = {
        one: filled(at, np.array([float(label == one) for label in labels]), grid)
        for one in dict.fromkeys(labels)
    }
    others = {one: [weights[other] for other in weights if other != one] for one in weights}
    return {one: own - np.max([np.zeros_like(own), *others[one]], axis=0) for one, own in weights.items()}


def filled(at: Array, values: Array, grid: Array) -> Array:
    """Interpolate linearly, and take the nearest sample's value outside."""
    from scipy.interpolate import LinearNDInterpolator, NearestNDInterpolator

    near = np.asarray(NearestNDInterpolator(at, values)(grid))
    # Three points, not on a line, span a plane.
    if np.linalg.matrix_rank(at - at[0]) < at.shape[1]:
        return near
    inside = np.asarray(LinearNDInterpolator(at, values)(grid))
    return np.where(np.isnan(inside), near, inside)


def alone(at: Array) -> Mask:
    """Return which points (n, 2), of a map of size one, have no other next to them."""
    from scipy.spatial import KDTree

    found: Mask = KDTree(at).query(at, k=2)[0][:, 1] > CLOSE
    return found


def bound_points(points: list[Data]) -> dict[str, list[int]]:
    """Return which points leave out bound states at E_F, by from where on."""
    found: dict[str, list[int]] = {}
    for i, point in enumerate(points):
        if bound_at_limit(point):
            where = "at any $h_R$" if point["bound_from"] == 0.0 else "below the limit"
            found.setdefault(f"bound states at $E_F$ {where}, left out", []).append(i)
    return dict(sorted(found.items(), reverse=True))


def title(data: Data) -> str:
    """Say what a map shows."""
    source = "all sources" if data["source"] not in CURRENTS else f"{data['source']} current"
    part = "both components" if data["component"] == "any" else f"{data['component']} torque"
    return f"{data['system']['name']}, {source}, {part}: off by {100 * data['limit']:g} %"


def write_trust(data: Data, output: Path) -> Path:
    """Write trust.json, and from it the figures, README.md and index.html; return the page to open first."""
    return publish(output, {"trust.json": data}, shown)


def shown(data: Data) -> Page:
    """Return the page: each map, and what is said of it."""
    maps = data["maps"]
    drawn = {name: Picture(name, title(one), draw_trust_map, one, brief=True) for name, one in maps.items()}
    said = [f"{one['system']['name']}: {' '.join(summary(one))}" for one in maps.values()]
    return Page(
        "How far first order can be trusted",
        "Each map shows the h_R at which first order is off by the given part of the exact torque for the "
        "first time. It jumps where the exact torque, more than first order by that part on one side, is "
        "less on the other, and falls to zero, as the root of the distance, along lines on which first order "
        "itself, to which it is relative, changes sign: thin bands of small limits. Points were chosen by "
        "adaptive sampling, and by bisection of such borders (dots, but for those next to each other there; "
        "lines are smoothed over a fiftieth of the map, and not drawn in bands narrower than that); hatched "
        "regions have no limit, for the reason given. Exact is the torque of scattering states: where bound "
        "states lie at E_F below the limit, points are marked red.",
        quote=quote(maps),
        facts=said,
        first=list(drawn.values())[:1],
        sections=[
            Section(title(one), [*([drawn[name]] if n else []), Words(summary(one))], name, brief=True)
            for n, (name, one) in enumerate(maps.items())
        ],
        files=["trust.json"],
    )


def quote(maps: Data) -> str:
    """Say in one sentence between which limits first order can be trusted."""
    found = [p["h_R"] for one in maps.values() for p in one["points"] if p["kind"] == "found"]
    if not found:
        return "Nowhere on these maps first order has a limit."
    low, middle, high = np.quantile(found, (0.0, 0.5, 1.0))
    return (
        f"Where first order stops to be trusted depends on the interface by a factor of {high / low:.0f}: "
        f"from h_R = {low:.2g} to {high:.2g}, and {middle:.2g} in the middle of {len(found)} interfaces."
    )


def summary(data: Data) -> list[str]:
    """Return what is said of a map in words: the range of its limits, how many points, what they lack."""
    points = data["points"]
    limits = [p["h_R"] for p in points if p["kind"] == "found"]
    count = Counter(p["kind"] for p in points)
    return [
        f"Limits from {min(limits):.2g} to {max(limits):.2g} at {len(points)} points."
        if limits
        else f"No limit at any of {len(points)} points.",
        *(f"{n} points: {REGIONS[kind][0]}." for kind, n in count.items() if kind != "found"),
        *(f"{sentence}." for sentence in on_bound_states(points)),
    ]
