"""A sweep as JSON-ready data: what a page says of it and what its figures are drawn from."""

from __future__ import annotations

import re
from collections import Counter
from typing import TYPE_CHECKING, Any

import numpy as np

from sotcheck.sweep.dataset import plan_of
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


def sweep_summary(dataset: xr.Dataset) -> Data:
    """Return what there is to tell of a sweep.

    Parameters
    ----------
    dataset : xarray.Dataset
        Of `open_sweep`.

    Returns
    -------
    dict
        JSON-ready: "system", "command", "engine", "versions", "axes", "points", "failed", "errors" and
        "warnings" (text and count), "extremes" of each source and component, the largest "uncertainty",
        "curves" along the longest axis, and "map" over two axes, or None with fewer.
    """
    plan = plan_of(dataset)
    failed = int((dataset["error"] != "").sum())
    return {
        "system": plan.system,
        "command": dataset.attrs["command"],
        "engine": plan.engine,
        "scheme": plan.scheme,
        "tolerance": plan.tolerance,
        "versions": plan.versions,
        "axes": [
            {"name": axis.name, "count": len(axis), "columns": {c: list(v) for c, v in axis.columns.items()}}
            for axis in plan.axes
        ],
        "points": plan.size,
        "failed": failed,
        "errors": counted(dataset["error"].values),
        "warnings": counted(dataset["warning"].values),
        "uncertainty": _number(_largest(dataset["uncertainty"].values[..., -1])),
        "extremes": [_extremes(dataset, plan, s, name) for s in range(len(SOURCES)) for name in COMPONENTS],
        "curves": _curves(dataset, plan),
        "map": _map(dataset, plan),
    }


def counted(texts: Any) -> list[Data]:
    """Return each kind of text, alike but for numbers, by its first, and how many there are; most first."""
    given = [text for text in texts.ravel().tolist() if text]
    kinds = [NUMBER.sub("", text) for text in given]
    first = dict(zip(reversed(kinds), reversed(given), strict=True))
    return [{"text": first[kind], "points": count} for kind, count in Counter(kinds).most_common()]


def _largest(values: Any) -> float:
    finite = values[np.isfinite(values)]
    return float(finite.max()) if finite.size else float("nan")


def _extremes(dataset: xr.Dataset, plan: Plan, s: int, component: str) -> Data:
    """Return the smallest and largest value of one component of one source, and where they are."""
    values = dataset[component].values[..., s].ravel()
    known = np.flatnonzero(np.isfinite(values))
    found: Data = {"source": SOURCES[s], "component": component}
    for name, choose in (("smallest", np.argmin), ("largest", np.argmax)):
        index = int(known[choose(values[known])]) if known.size else None
        found[name] = None if index is None else float(values[index])
        found[f"{name}_at"] = None if index is None else plan.point(index)
    return found


def _curves(dataset: xr.Dataset, plan: Plan) -> Data:
    """Return curves along the longest axis, for some values of the next, at the middle of all others."""
    order = sorted(range(len(plan.axes)), key=lambda i: -len(plan.axes[i]))
    along, *rest = order
    middle = [len(axis) // 2 for axis in plan.axes]
    second = rest[0] if rest else None
    chosen: list[int | None] = [None]
    if second is not None:
        count = len(plan.axes[second])
        chosen = list(dict.fromkeys(np.linspace(0, count - 1, min(count, MOST_CURVES)).astype(int).tolist()))
    curves = []
    for place in chosen:
        at: list[Any] = list(middle)
        at[along] = slice(None)
        if second is not None:
            at[second] = place
        indices = np.arange(plan.size).reshape(plan.shape)[tuple(at)].tolist()
        curves.append(
            {
                "at": {} if second is None or place is None else plan.axes[second].at(place),
                "exact": _by_source(dataset, tuple(at)),
                "first_order": None if plan.engine == "first-order" else _first_order(plan, indices),
            }
        )
    return {
        "name": _label(plan, along),
        "x": _ticks(plan, along),
        "fixed": {k: v for i in rest[1:] for k, v in plan.axes[i].at(middle[i]).items()},
        "curves": curves,
    }


def _by_source(dataset: xr.Dataset, at: tuple[Any, ...]) -> Data:
    return {
        source: {name: _numbers(dataset[name].values[(*at, ..., s)]) for name in COMPONENTS}
        for s, source in enumerate(SOURCES)
    }


def _first_order(plan: Plan, indices: list[int]) -> Data:
    """Return Eq. (16) at the points of a curve, None where it has none."""
    found: Data = {source: {name: [] for name in COMPONENTS} for source in SOURCES}
    for index in indices:
        try:
            rows = {
                row.source: (row.fieldlike, row.dampinglike)
                for row in torque(plan.interface(index), "first-order", tolerance=1e-6)
            }
        except Exception:
            # Whatever happens at one point: the sweep, or its check, says why.
            rows = {}
        for source in SOURCES:
            for name, value in zip(COMPONENTS, rows.get(source, (None, None)), strict=True):
                found[source][name].append(value)
    return found


def _map(dataset: xr.Dataset, plan: Plan) -> Data | None:
    """Return values over the two longest axes that are numbers, at the middle of all others."""
    numeric = [i for i, axis in enumerate(plan.axes) if len(axis.columns) == 1 and len(axis) > 2]
    if len(numeric) < 2:
        return None
    chosen = sorted(sorted(numeric, key=lambda i: -len(plan.axes[i]))[:2])
    at: list[Any] = [len(axis) // 2 for axis in plan.axes]
    at[chosen[0]] = at[chosen[1]] = slice(None)
    values = {
        source: {name: [_numbers(row) for row in dataset[name].values[(*at, ..., s)]] for name in COMPONENTS}
        for s, source in enumerate(SOURCES)
    }
    return {
        "x_name": plan.axes[chosen[0]].name,
        "y_name": plan.axes[chosen[1]].name,
        "x": _ticks(plan, chosen[0]),
        "y": _ticks(plan, chosen[1]),
        "fixed": {
            k: v for i, axis in enumerate(plan.axes) if i not in chosen for k, v in axis.at(at[i]).items()
        },
        "values": values,
    }


def _label(plan: Plan, i: int) -> str:
    axis = plan.axes[i]
    return axis.name if len(axis.columns) == 1 else f"place along {axis.name}"


def _ticks(plan: Plan, i: int) -> list[float]:
    axis = plan.axes[i]
    (first, *others) = axis.columns.values()
    return [float(k) for k in range(len(axis))] if others else list(first)


def _numbers(values: Any) -> list[float | None]:
    return [_number(value) for value in values.tolist()]


def _number(value: float) -> float | None:
    return value if np.isfinite(value) else None
