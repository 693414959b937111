"""A sweep as JSON-ready data: what a page says of it and what its figures are drawn from."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from sotcheck.engines import FIRST_ORDER
from sotcheck.sweep.dataset import flat, plan_of
from sotcheck.sweep.plan import Plan
from sotcheck.system.interface import SOURCES
from sotcheck.trial.torque import torque

if TYPE_CHECKING:
    import xarray as xr

Data = dict[str, Any]

COMPONENTS = ("fieldlike", "dampinglike")
NUMBER = re.compile(r"-?\d+(\.\d*)?(e[-+]?\d+)?")
#: Most curves in a panel, one for each value of the second axis.
MOST_CURVES = 5
#: Relative error of first order that a figure may have.
DRAWN = 1e-6


def sweep_summary(dataset: xr.Dataset) -> Data:
    """Return what there is to tell of a sweep, JSON-ready.

    Besides what determines it: how many points failed and why, the warnings, the largest "uncertainty",
    "extremes" of each source and component, "curves" along the longest axis, and a "map" over two, or None.
    """
    plan = plan_of(dataset)
    errors, totals = flat(dataset, "error"), flat(dataset, "uncertainty")[..., -1]
    return {
        "system": plan.system, "command": dataset.attrs["command"], "engine": plan.engine,
        "scheme": plan.scheme, "tolerance": plan.tolerance, "versions": plan.versions,
        "axes": [
            {"name": axis.name, "count": len(axis), "columns": {c: list(v) for c, v in axis.columns.items()}}
            for axis in plan.axes
        ],
        "points": plan.size, "failed": int((errors != "").sum()),
        "errors": counted(errors), "warnings": warnings(dataset),
        "uncertainty": max(totals[np.isfinite(totals)].tolist(), default=None),
        "extremes": [_extremes(dataset, plan, s, name) for s in range(len(SOURCES)) for name in COMPONENTS],
        "curves": _curves(dataset, plan),
        "map": _map(dataset, plan),
    }  # fmt: skip


def counted(texts: Any, gravity: Any = 0.0) -> list[Data]:
    """Return each kind of text, alike but for numbers, by its gravest, the first of several, and how many.

    That of most points comes first.
    """
    heavy = np.broadcast_to(gravity, np.shape(texts)).tolist()
    given = [(text, weight) for text, weight in zip(texts.tolist(), heavy, strict=True) if text]
    kinds = [NUMBER.sub("", text) for text, _ in given]
    worst: dict[str, tuple[str, float]] = {}
    for kind, (text, weight) in zip(kinds, given, strict=True):
        if kind not in worst or weight > worst[kind][1]:
            worst[kind] = text, weight
    return [{"text": worst[kind][0], "points": count} for kind, count in Counter(kinds).most_common()]


def warnings(dataset: xr.Dataset) -> list[Data]:
    """Return each kind of warning by the point at which bound states have the largest part of the torque."""
    bound, scattering = (
        np.linalg.norm(np.nan_to_num(t), axis=-1)
        for t in (flat(dataset, "bound_vector"), flat(dataset, "vector").sum(axis=1))
    )
    return counted(flat(dataset, "warning"), bound / np.maximum(scattering, np.finfo(float).tiny))


def warned(dataset: xr.Dataset) -> tuple[str, ...]:
    """Return what points of a sweep are warned of, each kind once."""
    return tuple(
        f"{one['points']} point{'s' * (one['points'] > 1)}, such as: {one['text']}"
        for one in warnings(dataset)
    )


def _extremes(dataset: xr.Dataset, plan: Plan, s: int, component: str) -> Data:
    """Return the smallest and largest value of one component of one source, and where they are."""
    values = flat(dataset, component)[:, s]
    found: Data = {"source": SOURCES[s], "component": component}
    for name, choose in (("smallest", np.nanargmin), ("largest", np.nanargmax)):
        index = int(choose(values)) if np.isfinite(values).any() else None
        found[name] = None if index is None else float(values[index])
        found[f"{name}_at"] = None if index is None else plan.point(index)
    return found


def _curves(dataset: xr.Dataset, plan: Plan) -> Data:
    """Return curves along the longest axis, for some values of the next, at the middle of all others."""
    along, *second = _longest(plan, range(len(plan.axes)))[:2]
    count = len(plan.axes[second[0]]) if second else 1
    chosen = dict.fromkeys(np.linspace(0, count - 1, min(count, MOST_CURVES)).astype(int).tolist())
    cuts = [(place, _cut(plan, [along], dict.fromkeys(second, place))[0]) for place in chosen]
    axis = plan.axes[along]
    return {
        "name": axis.name if len(axis.columns) == 1 else f"place along {axis.name}",
        "x": _ticks(plan, along),
        "fixed": _cut(plan, [along, *second])[1],
        "curves": [
            {
                "at": plan.axes[second[0]].at(place) if second else {},
                "exact": _by_source(dataset, at),
                "first_order": _first_order(plan, at) if plan.exact else None,
                "uncertainty": _uncertainty(dataset, at),
            }
            for place, at in cuts
        ],
    }


def _map(dataset: xr.Dataset, plan: Plan) -> Data | None:
    """Return values over the two longest axes that are numbers, at the middle of all others."""
    numeric = [i for i, axis in enumerate(plan.axes) if len(axis.columns) == 1 and len(axis) > 2]
    if len(numeric) < 2:
        return None
    x, y = sorted(_longest(plan, numeric)[:2])
    at, fixed = _cut(plan, [x, y])
    return {
        "x_name": plan.axes[x].name, "y_name": plan.axes[y].name,
        "x": _ticks(plan, x), "y": _ticks(plan, y),
        "fixed": fixed, "values": _by_source(dataset, at), "uncertainty": _uncertainty(dataset, at),
    }  # fmt: skip


def _longest(plan: Plan, axes: Sequence[int]) -> list[int]:
    return sorted(axes, key=lambda i: -len(plan.axes[i]))


def _cut(plan: Plan, free: Sequence[int], at: dict[int, int] | None = None) -> tuple[tuple[Any, ...], Data]:
    """Return the index of a cut along some axes, and the others' parameters: at their middle, or `at`."""
    places = {i: len(axis) // 2 for i, axis in enumerate(plan.axes) if i not in free} | (at or {})
    fixed = {k: v for i, place in places.items() for k, v in plan.axes[i].at(place).items()}
    return tuple(places.get(i, slice(None)) for i in range(len(plan.axes))), fixed


def _by_source(dataset: xr.Dataset, at: tuple[Any, ...]) -> Data:
    """Return the numbers of a cut as lists of them, None where there is none."""
    values = {name: dataset[name].values[at] for name in COMPONENTS}
    known: Data = {name: np.where(np.isfinite(found), found, None) for name, found in values.items()}
    return {
        source: {name: known[name][..., s].tolist() for name in COMPONENTS}
        for s, source in enumerate(SOURCES)
    }


def _uncertainty(dataset: xr.Dataset, at: tuple[Any, ...]) -> dict[str, float]:
    """Return the largest uncertainty of a cut by source."""
    totals = dataset["uncertainty"].sel(term="total").values[at]
    return {source: float(np.nanmax(totals[..., s], initial=0.0)) for s, source in enumerate(SOURCES)}


def _first_order(plan: Plan, at: tuple[Any, ...]) -> Data:
    """Return first order at the points of a curve, None where it has none."""
    tables: list[Any] = []
    indices: Any = np.arange(plan.size).reshape(plan.shape)[at]
    for index in indices.tolist():
        try:
            found = torque(plan.interface(plan.point(index)), FIRST_ORDER, tolerance=DRAWN)
            tables.append(found.to_dict()["torque"])
        except Exception:
            # Whatever happens at one point: the sweep, or its check, says why.
            tables.append([{}] * len(SOURCES))
    return {
        source: {name: [table[s].get(name) for table in tables] for name in COMPONENTS}
        for s, source in enumerate(SOURCES)
    }


def _ticks(plan: Plan, i: int) -> list[float]:
    (first, *others) = plan.axes[i].columns.values()
    return np.arange(float(len(first))).tolist() if others else list(first)
