"""Maps of a trust limit over two parameters: adaptive, on any executor, resumable from their own JSON."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import Executor
from dataclasses import dataclass
from itertools import islice
from operator import itemgetter
from typing import Any

import numpy as np

from sotcheck.beyond.limits import COMPONENTS, CURRENTS, LIMIT_RANGE, TrustLimit, known, trust_limits
from sotcheck.bound.fermi import first_states
from sotcheck.errors import EngineError, SotcheckError, SystemFileError, in_range
from sotcheck.numerics.crossing import LARGEST
from sotcheck.run.progress import Progress, silent
from sotcheck.run.threads import single_threaded
from sotcheck.system.files import to_document
from sotcheck.system.interface import Interface

#: Parameters of a map: attributes of the interface; a ratio at fixed J; the direction of m in degrees.
PARAMETERS = ("E_F", "U_N", "U_F", "J", "u_0", "u_m", "E_F/J", "theta", "phi")
#: "any": the smallest limit of all sources (the total apart), or of both components.
ANY = "any"
#: Relative accuracy of a point: more than a colour shows.
ACCURACY = 1e-2
#: The learner sees log10 of limits between these; regions without a limit lie flat at the upper end.
FLOOR, CEILING = 1e-3, LARGEST
#: Sides of the smallest and largest triangle, relative to the map: no crowding at jumps, no blank areas.
CLOSEST, FARTHEST = 0.02, 0.2


@dataclass(frozen=True)
class Axis:
    """One parameter of a map and its range.

    Attributes
    ----------
    parameter : str
        One of PARAMETERS.
    lower, upper : float
        Degrees for theta and phi.
    """

    parameter: str
    lower: float
    upper: float

    def __post_init__(self) -> None:
        """Refuse an unknown parameter, or an empty range."""
        known([self.parameter], PARAMETERS, "parameter")
        if not np.isfinite([self.lower, self.upper]).all() or self.lower >= self.upper:
            raise EngineError(
                f"{self.parameter} from {self.lower!r} to {self.upper!r} is no range; "
                "expected two finite numbers, the smaller first"
            )


def with_parameters(iface: Interface, values: dict[str, float]) -> Interface:
    """Return the interface with parameters of PARAMETERS set; E_F/J is a ratio to J, itself set first.

    Raises
    ------
    SystemFileError
        If the system is not acceptable, such as without a propagating state.
    """
    plain: dict[str, Any] = {
        name: value for name, value in values.items() if name in type(iface).model_fields
    }
    m = iface.direction
    theta = np.radians(values.get("theta", np.degrees(np.arccos(np.clip(m[2], -1, 1)))))
    phi = np.radians(values.get("phi", np.degrees(np.arctan2(m[1], m[0]))))
    if "theta" in values or "phi" in values:
        plain["m"] = (np.sin(theta) * np.cos(phi), np.sin(theta) * np.sin(phi), np.cos(theta))
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

    def __call__(self, point: tuple[float, float]) -> dict[str, Any]:
        """Return h_R, error, kind and reason of the limit; "value" is what the learner sees."""
        try:
            iface = self.interface_at(point)
        except SystemFileError:
            return _entry(None, None, "no state", "no propagating state at E_F")
        sources = CURRENTS[:-1] if self.source == ANY else (self.source,)
        parts = COMPONENTS if self.component == ANY else (self.component,)
        try:
            found = trust_limits(iface, limits=[self.limit], sources=sources, parts=parts, accuracy=ACCURACY)
        except SotcheckError as error:
            return _entry(None, None, "failed", str(error))
        worst = min(found, key=_rank)
        return _entry(worst.h_R, worst.error, worst.kind, worst.reason)


def _rank(found: TrustLimit) -> tuple[int, float]:
    """Sort limits first, the smallest first; then those beyond; then what has none."""
    if found.h_R is not None:
        return (0, found.h_R)
    return (1 if found.kind == "beyond" else 2, 0.0)


def _entry(h_R: float | None, error: float | None, kind: str, reason: str) -> dict[str, Any]:
    value = float(np.log10(np.clip(CEILING if h_R is None else h_R, FLOOR, CEILING)))
    return {"h_R": h_R, "error": error, "kind": kind, "reason": reason, "value": value}


@single_threaded
def trust_map(
    iface: Interface,
    over_x: Axis,
    over_y: Axis,
    *,
    limit: float = 0.1,
    source: str = "total",
    component: str = "fieldlike",
    points: int = 150,
    loss: float | None = None,
    resume: dict[str, Any] | None = None,
    executor: Executor | None = None,
    tasks: int | None = None,
    progress: Progress = silent,
) -> dict[str, Any]:
    """Sample a trust limit over two parameters, most where it changes most.

    Parameters
    ----------
    iface : Interface
        Everything that the axes do not set.
    over_x, over_y : Axis
    limit : float
        0.1 for 10 %.
    source, component : str
        Out of CURRENTS and COMPONENTS; "any" for the smallest limit of all.
    points : int
        Where sampling ends.
    loss : float, optional
        Where it ends earlier: adaptive's loss of the worst triangle.
    resume : dict, optional
        An earlier result of the same map: its points are kept.
    executor : Executor, optional
        Any of concurrent.futures' kind; this process by default.
    tasks : int, optional
        Points computed at once, for executors that do not tell how many workers they have.
    progress : callable

    Returns
    -------
    dict
        Ready for JSON, and for `resume`. Each point has the h_R from which bound states lie at E_F, which no
        torque here counts, as "bound_from".

    Raises
    ------
    EngineError
        For an unknown parameter, source or component, a limit out of range, or if `resume` is of another map.
    """
    import adaptive
    from adaptive.learner.learner2D import resolution_loss_function

    known([source], (*CURRENTS, ANY), "source")
    known([component], (*COMPONENTS, ANY), "component")
    in_range("limit", limit, *LIMIT_RANGE)
    if over_x.parameter == over_y.parameter:
        raise EngineError(f"both axes are {over_x.parameter}; expected two different parameters")
    axes = (over_x, over_y)
    question = {
        "system": to_document(iface),
        "over": [vars(axis) for axis in axes],
        "limit": limit,
        "source": source,
        "component": component,
    }
    function = LimitAt(iface, (over_x.parameter, over_y.parameter), limit, source, component)
    plane = adaptive.Learner2D(
        function,
        bounds=[(axis.lower, axis.upper) for axis in axes],
        loss_per_triangle=resolution_loss_function(CLOSEST, FARTHEST),
    )
    learner = adaptive.DataSaver(plane, arg_picker=itemgetter("value"))
    earlier = _points_of(resume, question)
    for point in earlier:
        entry = _entry(*(point[name] for name in ("h_R", "error", "kind", "reason")))
        learner.tell((point["x"], point["y"]), entry)
    bar = iter(progress(range(points), "trust map", points))
    shown = 0

    def goal(_: Any) -> bool:
        nonlocal shown
        while shown < min(plane.npoints, points):
            shown += 1
            next(bar, None)
        return plane.npoints >= points or (loss is not None and plane.npoints > 4 and plane.loss() <= loss)

    if executor is None:
        adaptive.runner.simple(learner, goal)
    else:
        try:
            adaptive.BlockingRunner(learner, goal, executor=executor, ntasks=tasks)
        except RuntimeError as error:
            # A worker that died, say: whoever has started it knows what to say of it.
            raise error.__cause__ or error from None
    # The rest of the bar, should the loss have ended it earlier.
    for _ in bar:
        pass
    reached = float(plane.loss())
    # Infinite as long as some triangle is larger than FARTHEST.
    return {
        **question,
        "loss": reached if np.isfinite(reached) else None,
        # Workers may have been at more than were wanted.
        "points": list(islice(_rows(learner.extra_data, function), max(points, len(earlier)))),
    }


def _points_of(resume: dict[str, Any] | None, question: dict[str, Any]) -> list[dict[str, Any]]:
    if resume is None:
        return []
    if different := [name for name, value in question.items() if resume.get(name) != value]:
        raise EngineError(
            f"the map to resume is another one: its {', '.join(different)} differs; "
            "start a new map, or ask for the same one"
        )
    points: list[dict[str, Any]] = resume["points"]
    return points


def _rows(found: dict[tuple[float, float], dict[str, Any]], of: LimitAt) -> Iterator[dict[str, Any]]:
    for point, entry in found.items():
        row = {"x": float(point[0]), "y": float(point[1]), **entry}
        del row["value"]
        start = None if entry["kind"] == "no state" else first_states(of.interface_at(point)).h_R
        yield {**row, "bound_from": start}
