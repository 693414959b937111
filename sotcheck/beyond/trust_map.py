"""Maps of a trust limit over two parameters: adaptive, on any executor, resumable from their own JSON."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import Executor
from dataclasses import dataclass
from functools import partial
from itertools import combinations, islice
from typing import Any

import numpy as np

from sotcheck.beyond.limits import COMPONENTS, CURRENTS, LIMIT_RANGE, trust_limits
from sotcheck.bound.fermi import first_states
from sotcheck.errors import EngineError, SotcheckError, SystemFileError, in_range, one_of
from sotcheck.numerics.arrays import Array
from sotcheck.numerics.crossing import LARGEST
from sotcheck.run.progress import Progress, silent
from sotcheck.run.threads import single_threaded
from sotcheck.system.files import load, to_document
from sotcheck.system.interface import Interface

Data = dict[str, Any]

#: Parameters of a map: attributes of the interface; a ratio at fixed J; the direction of m in degrees.
PARAMETERS = ("E_F", "U_N", "U_F", "J", "u_0", "u_m", "E_F/J", "theta", "phi")
#: "any": the smallest limit of all sources (the total apart), or of both components.
ANY = "any"
#: Points of a map; the report, whose borders are to be smooth, has nine times as many.
POINTS = 150
#: Relative accuracy of a point: more than a colour shows.
ACCURACY = 1e-2
#: The learner sees log10 of limits between these; regions without a limit lie flat at the upper end.
FLOOR, CEILING = 1e-3, LARGEST
#: Sides of the smallest and largest triangle, relative to the map: no crowding at jumps, no blank areas.
CLOSEST, FARTHEST = 0.02, 0.2
#: Borders get this part of the points: where the kind, or log10 of the limit, jumps by as much between
#: neighbours, who are bisected down to this distance, relative to the map, in some rounds.
FOR_BORDERS, JUMP, SHARP, ROUNDS = 1 / 4, 0.1, 0.006, 4
#: What is known of a point besides its place.
ENTRY = ("h_R", "error", "kind", "reason")


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

    def interface_at(self, point: tuple[float, float]) -> Interface:
        """Return the interface that a point stands for."""
        return with_parameters(self.iface, dict(zip(self.over, map(float, point), strict=True)))

    def __call__(self, point: tuple[float, float]) -> Data:
        """Return h_R, error, kind and reason of the limit."""
        sources = CURRENTS[:-1] if self.source == ANY else (self.source,)
        parts = COMPONENTS if self.component == ANY else (self.component,)
        ask: Data = {"limits": [self.limit], "sources": sources, "parts": parts, "accuracy": ACCURACY}
        try:
            rows = trust_limits(self.interface_at(point), **ask)
            # Limits first, the smallest first; then those beyond; then what has none.
            found = min(rows, key=lambda row: (row.h_R is None, row.kind != "beyond", row.h_R or 0.0))
            return {name: getattr(found, name) for name in ENTRY}
        except SystemFileError:
            none = ("no state", "no propagating state at E_F")
        except SotcheckError as error:
            none = ("failed", str(error))
        return dict(zip(ENTRY, (None, None, *none), strict=True))


def _height(entry: Data) -> float:
    """Return what the learner sees."""
    return float(np.log10(np.clip(CEILING if entry["h_R"] is None else entry["h_R"], FLOOR, CEILING)))


Place = tuple[float, float]


def _jump(one: Data, other: Data) -> float:
    return abs(_height(one) - _height(other)) + (one["kind"] != other["kind"])


def bisected(known: dict[Place, Data], size: Array, room: int) -> Iterator[list[Place]]:
    """Yield points between neighbours across a border, round by round, `room` at most; `known` gets them.

    Of the halves of a pair that with the larger jump goes on; a slope, however steep, is soon none.
    """
    from scipy.spatial import Delaunay

    def far(pair: tuple[Place, Place]) -> bool:
        apart = float(np.linalg.norm(np.subtract(*pair) / size))
        return apart > SHARP and _jump(*map(known.__getitem__, pair)) > JUMP

    places = list(known)
    corners = Delaunay(np.array(places) / size).simplices
    edges = {tuple(sorted(edge)) for corner in corners.tolist() for edge in combinations(corner, 2)}
    pairs = [(places[i], places[j]) for i, j in sorted(edges)]
    while room and (pairs := [pair for pair in pairs if far(pair)]):
        # The largest jumps first, and round by round: what a slope has is halved.
        pairs = sorted(pairs, key=lambda pair: -_jump(*map(known.__getitem__, pair)))
        some = -(-room // ROUNDS)
        middles = [((a[0] + b[0]) / 2, (a[1] + b[1]) / 2) for a, b in pairs[:some]]
        yield middles
        room -= len(middles)
        halves = [((a, m), (m, b)) for (a, b), m in zip(pairs, middles, strict=False)]
        nearer = [max(two, key=lambda half: _jump(*map(known.__getitem__, half))) for two in halves]
        pairs = nearer + pairs[some:]


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
    in_range("limit", limit, *LIMIT_RANGE)
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
        learner.tell((point["x"], point["y"]), {name: point[name] for name in ENTRY})
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
