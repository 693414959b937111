"""Maps of a trust limit over two parameters: adaptive, on any executor, resumable from their own JSON."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import Executor
from dataclasses import dataclass
from functools import partial
from itertools import islice
from typing import Any

import numpy as np

from sotcheck.beyond.limits import (
    COMPONENTS,
    CURRENTS,
    LIMIT_RANGE,
    TrustLimit,
    exact_per_h,
    first_order,
    trust_limits,
)
from sotcheck.bound.fermi import first_states
from sotcheck.errors import EngineError, SotcheckError, SystemFileError, in_range, one_of
from sotcheck.numerics.arrays import Array
from sotcheck.numerics.crossing import LARGEST
from sotcheck.run.progress import Progress, silent
from sotcheck.run.threads import single_threaded
from sotcheck.system.files import load, to_document
from sotcheck.system.interface import Interface

Data = dict[str, Any]
Place = tuple[float, float]

#: Parameters of a map: attributes of the interface; a ratio at fixed J; the direction of m in degrees.
PARAMETERS = ("E_F", "U_N", "U_F", "J", "u_0", "u_m", "E_F/J", "theta", "phi")
#: "any": the smallest limit of all sources (the total apart), or of both components.
ANY = "any"
#: Points of a map; the report, whose borders are to be smooth, has thirteen times as many.
POINTS = 150
#: Relative accuracy of a point: more than a colour shows.
ACCURACY = 1e-2
#: The learner sees log10 of limits between these; regions without a limit lie flat at the upper end.
FLOOR, CEILING = 1e-3, LARGEST
#: Sides of the smallest and largest triangle, relative to the map: no crowding at jumps, no blank areas.
CLOSEST, FARTHEST = 0.02, 0.2
#: Borders, where kind or side changes, get this part of the points, until they are known to this, relative
#: to the map.
FOR_BORDERS, SHARP = 0.3, 0.006
#: What is known of a point besides its place. The side is 1 where the exact torque is more than first order
#: at the limit, −1 where it is less: where a limit jumps to a later crossing it nearly always changes.
ENTRY = ("h_R", "error", "kind", "reason", "side")


@dataclass(frozen=True)
class Axis:
    """One parameter of a map, of PARAMETERS, and its range; degrees for theta and phi."""

    parameter: str
    lower: float
    upper: float

    def __post_init__(self) -> None:
        """Refuse an unknown parameter, or an empty range."""
        one_of(self.parameter, PARAMETERS, "parameter")
        if not np.isfinite([self.lower, self.upper]).all() or self.lower >= self.upper:
            raise EngineError(
                f"{self.parameter} from {self.lower!r} to {self.upper!r} is no range; "
                "expected two finite numbers, the smaller first"
            )


def with_parameters(iface: Interface, values: dict[str, float]) -> Interface:
    """Return the interface with parameters of PARAMETERS set; E_F/J is a ratio to J, itself set first."""
    plain = {name: value for name, value in values.items() if name != "E_F/J"}
    if "E_F/J" in values:
        plain["E_F"] = values["E_F/J"] * plain.get("J", iface.J)
    return iface.with_(**plain)


@dataclass(frozen=True)
class LimitAt:
    """The function of a map, picklable: the limit at one point, with its reason if there is none."""

    iface: Interface
    over: tuple[str, str]
    limit: float
    source: str
    component: str

    def interface_at(self, point: Place) -> Interface:
        """Return the interface that a point stands for."""
        return with_parameters(self.iface, dict(zip(self.over, map(float, point), strict=True)))

    def __call__(self, point: Place) -> Data:
        """Return h_R, error, kind, reason and side of the limit."""
        sources = CURRENTS[:-1] if self.source == ANY else (self.source,)
        parts = COMPONENTS if self.component == ANY else (self.component,)
        ask: Data = {"limits": [self.limit], "sources": sources, "parts": parts, "accuracy": ACCURACY}
        try:
            rows = trust_limits(self.interface_at(point), **ask)
            # Limits first, the smallest first; then those beyond; then what has none.
            found = min(rows, key=lambda row: (row.h_R is None, row.kind != "beyond", row.h_R or 0.0))
            return {name: getattr(found, name) for name in ENTRY[:-1]} | {"side": self._side(point, found)}
        except SystemFileError:
            none = ("no state", "no propagating state at E_F")
        except SotcheckError as error:
            none = ("failed", str(error))
        return dict(zip(ENTRY, (None, None, *none, None), strict=True))

    def _side(self, point: Place, found: TrustLimit) -> int | None:
        if found.kind != "found":
            return None
        iface = self.interface_at(point)
        at = COMPONENTS.index(found.component), CURRENTS.index(found.source)
        exact = exact_per_h(iface, np.array([found.h_R]), rtol=ACCURACY * self.limit).value[0, *at]
        return 1 if exact / first_order(iface).value[at] > 1 else -1


def _height(entry: Data) -> float:
    """Return what the learner sees."""
    return float(np.log10(np.clip(CEILING if entry["h_R"] is None else entry["h_R"], FLOOR, CEILING)))


def bisected(known: dict[Place, Data], size: Array, room: int) -> Iterator[list[Place]]:
    """Yield points that close in on borders, round by round, `room` at most; `known` gets them.

    A triangle of neighbours with a corner of its own on the other side of a border knows the border as well
    as this corner is near the other two: where it is farthest the shorter edge to them is halved first, so
    that every stretch has its turn. Edges along a border may be long.
    """
    from scipy.spatial import Delaunay

    def across(a: Place, b: Place) -> bool:
        return any(known[a][name] != known[b][name] for name in ("kind", "side"))

    def length(a: Place, b: Place) -> float:
        return float(np.linalg.norm(np.subtract(a, b) / size))

    while room:
        places = list(known)
        wide: list[tuple[float, Place, Place]] = []
        for triangle in Delaunay(np.array(places) / size).simplices:
            corners = [places[i] for i in triangle]
            area = abs(np.linalg.det([np.subtract(one, corners[0]) / size for one in corners[1:]]))
            for n, one in enumerate(corners):
                two = [other for m, other in enumerate(corners) if m != n]
                if all(across(one, other) for other in two) and (far := area / length(*two)) > SHARP:
                    wide.append((-far, one, min(two, key=partial(length, one))))
        middles: list[Place] = []
        taken: set[Place] = set()
        # Neighbouring triangles would ask for much the same.
        for _, a, b in sorted(wide):
            if not taken & {a, b} and len(middles) < room:
                taken |= {a, b}
                middles.append(((a[0] + b[0]) / 2, (a[1] + b[1]) / 2))
        if not middles:
            return
        yield middles
        room -= len(middles)


@single_threaded
def trust_map(
    iface: Interface,
    over_x: Axis,
    over_y: Axis,
    *,
    limit: float = 0.1,
    source: str = "total",
    component: str = "fieldlike",
    points: int = POINTS,
    resume: Data | None = None,
    executor: Executor | None = None,
    tasks: int | None = None,
    progress: Progress = silent,
) -> Data:
    """Sample a trust limit over two parameters, most where it changes most, and where borders are.

    The interface sets all that the axes do not; the limit is 0.1 for 10 %; source and component are "any" for
    the smallest limit of all. The points of an earlier result of the same map, `resume`, are kept. Executors
    that do not tell how many workers they have need `tasks`, the points computed at once. Each point has the
    h_R from which bound states lie at E_F, which no torque here counts, as "bound_from". What is unknown or
    out of range, or a `resume` of another map, is an EngineError.
    """
    import adaptive
    from adaptive.learner.learner2D import resolution_loss_function

    one_of(source, (*CURRENTS, ANY), "source")
    one_of(component, (*COMPONENTS, ANY), "component")
    in_range("limit", limit, *LIMIT_RANGE, ": 0.05 for 5 %")
    if over_x.parameter == over_y.parameter:
        raise EngineError(f"both axes are {over_x.parameter}; expected two different parameters")
    asked: Data = {"limit": limit, "source": source, "component": component}
    question = {"system": to_document(iface), "over": [vars(over_x), vars(over_y)], **asked}
    known = question if resume is None else resume
    if different := [name for name, value in question.items() if known.get(name) != value]:
        raise EngineError(
            f"the map to resume is another one: its {', '.join(different)} differs; "
            "start a new map, or ask for the same one"
        )
    earlier: list[Data] = known.get("points", [])
    function = LimitAt(iface, (over_x.parameter, over_y.parameter), **asked)
    bounds = [(axis.lower, axis.upper) for axis in (over_x, over_y)]
    plane = adaptive.Learner2D(function, bounds, resolution_loss_function(CLOSEST, FARTHEST))
    learner = adaptive.DataSaver(plane, arg_picker=_height)
    for point in earlier:
        learner.tell((point["x"], point["y"]), {name: point.get(name) for name in ENTRY})
    bar, shown = iter(progress(range(points), "trust map", points)), 0

    def until(number: int) -> None:
        def goal(_: Any) -> bool:
            nonlocal shown
            while shown < min(plane.npoints, points):
                shown += 1
                next(bar, None)
            return bool(plane.npoints >= number)

        if executor is None:
            adaptive.runner.simple(learner, goal)
            return
        try:
            adaptive.BlockingRunner(learner, goal, executor=executor, ntasks=tasks)
        except RuntimeError as error:
            # A worker that died, say: whoever has started it knows what to say of it.
            raise error.__cause__ or error from None

    until(points - int(FOR_BORDERS * points))
    room = max(0, points - plane.npoints)
    for some in bisected(learner.extra_data, np.diff(bounds)[:, 0], room) if room else ():
        calls: list[Callable[[], Data]] = [partial(function, place) for place in some]
        if executor is not None:
            calls = [executor.submit(call).result for call in calls]
        for place, call in zip(some, calls, strict=True):
            learner.tell(place, call())
    # What borders do not need.
    until(points)
    # So that the bar ends.
    next(bar, None)
    loss = float(plane.loss())
    rows = []
    # Workers may have been at more than were wanted.
    for (x, y), entry in islice(learner.extra_data.items(), max(points, len(earlier))):
        start = None if entry["kind"] == "no state" else first_states(function.interface_at((x, y))).h_R
        rows.append({"x": float(x), "y": float(y), **entry, "bound_from": start})
    # The loss is infinite as long as some triangle is larger than FARTHEST.
    return {**question, "loss": loss if np.isfinite(loss) else None, "points": rows}


#: Maps of the report by name: the built-in system, two axes, source and component.
MAPS = {
    "bulk": ("bulk-magnetism", Axis("E_F/J", 0.2, 4.0), Axis("U_N", -1.0, 1.0), "total", "fieldlike"),
    # Off the lines u_0 = 0 and u_m = 0, on which first order vanishes.
    "interface": (
        "interface-magnetism", Axis("u_0", -1.6, 3.0), Axis("u_m", 0.05, 2.0), "total", "fieldlike"
    ),
    "insulator": (
        "ferromagnetic-insulator", Axis("J", 0.05, 1.5), Axis("u_0", -2.0, 2.0), "normal", "fieldlike"
    ),
}  # fmt: skip


def report_maps(maps: dict[str, Any] = MAPS, *, resume: Data | None = None, **options: Any) -> Data:
    """Compute maps with options of `trust_map`, or go on with those of an earlier `trust.json`."""
    known, found = {} if resume is None else resume["maps"], {}
    for name, (system, *over, source, part) in maps.items():
        asked: Data = {"source": source, "component": part, "resume": known.get(name), **options}
        found[name] = trust_map(load(system), *over, **asked)
    return {"maps": found}
