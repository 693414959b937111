"""JSON Schemas by command: of what `documents` has, of maps and pictures, of this machine."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import ConfigDict

from sotcheck.command.documents import (
    Audit,
    Beyond,
    BoundStates,
    Check,
    Document,
    Free,
    Part,
    Profile,
    ProfileRow,
    Torque,
    TorqueRow,
    VerdictRow,
    Versioned,
    is_,
)
from sotcheck.system.reference import schema as of_system_file

Components = dict[Literal["fieldlike", "dampinglike", "x", "z"], list[list[float]]]


class MapAxis(Part):
    """A parameter of a map, and its range."""

    parameter: str
    lower: float
    upper: float


class MapPoint(Part):
    """One interface of a map."""

    x: float
    y: float
    h_R: float | None = is_("the limit; null where there is none")
    error: float | None
    kind: str
    reason: str
    side: int | None = is_("1 where the exact torque is more than first order at the limit, -1 where less")
    bound_from: float | None = is_("the h_R from which bound states lie at E_F")


class TrustMap(Document):
    """What `sotcheck trust-map` writes."""

    over: list[MapAxis]
    limit: float = is_("0.1 for 10 %")
    source: str
    component: str
    loss: float | None = is_("of the sampling; null as long as some triangle is large")
    points: list[MapPoint]


class WidthRow(Part):
    """How the torque of a layer goes to that of the delta, by engine, component and source."""

    engine: str
    component: str
    source: str
    at: list[int] = is_("component and source, counted")
    delta: float = is_("t of the delta")
    slope: float
    slope_error: float
    order: float | None = is_("observed order in the width; null where it cannot be told")
    order_error: float | None
    limits: dict[str, float | None] = is_("w k_F from which it is off by so much")
    limit_errors: dict[str, float | None]
    why: dict[str, str] = is_("why there is no limit")


class WidthSide(Part):
    """A layer on one side of z = 0, or on both."""

    side: str
    engine: str
    chain: str
    w_k_F: list[float]
    same_w_k_F: list[float] = is_("those of the chain")
    off: dict[str, list[list[list[float]]]] = is_("t(w)/t(0) − 1 by engine: component, source, width")
    difference: float
    difference_at_limits: float
    rows: list[WidthRow]


class WidthSystem(Part):
    """One system."""

    system: Free = is_("the system file's tables")
    k_F: float
    warnings: list[str]
    sides: list[WidthSide]


class FiniteWidth(Versioned):
    """What `sotcheck finite-width` writes."""

    systems: list[WidthSystem]


class BenchRow(Part):
    """One number."""

    key: str
    section: str
    quantity: str
    value: float
    unit: str
    at_least: float | None
    at_most: float | None
    aim: float | None
    note: str
    met: bool | None = is_("null where there is no bar")


class BenchCurve(Part):
    """Seconds of a torque against something."""

    against: Literal["h_R", "tolerance", "layers"]
    label: str
    x: list[float]
    seconds: list[float]


class Bench(Versioned):
    """What `sotcheck bench` writes."""

    quick: bool
    machine: Free
    benchmarks: list[BenchRow]
    curves: list[BenchCurve]


class DoctorRow(Part):
    """One thing that is, or is not, installed."""

    what: str
    state: Literal["ok", "missing", "broken"]
    found: str
    needed: bool


class Doctor(Versioned):
    """What `sotcheck doctor` writes."""

    rows: list[DoctorRow]


class SystemRow(Part):
    """A built-in system."""

    name: str
    kind: Literal["interface", "stack"]
    title: str
    reference: str


class Systems(Versioned):
    """What `sotcheck systems` writes."""

    systems: list[SystemRow]


class Written(Part):
    """A table that was written."""

    file: str
    of: str
    rows: int


class Reference(Versioned):
    """What `sotcheck reference` writes: of a table that was written, or verdicts on one to compare."""

    written: list[Written] = is_("without --compare", default=[])
    system: None = None
    verdicts: list[VerdictRow] = is_("with --compare", default=[])


class CurvePoint(TorqueRow):
    """A row of `torque`, with the value of the key that varies, under its name."""

    model_config = ConfigDict(extra="allow")


class IntegrandPoint(Part):
    """dt/dk_⊥ of an engine and source, in k² of the file."""

    engine: str
    source: str
    k_perp: float
    fieldlike: float
    dampinglike: float


class Plot(Document):
    """What `sotcheck plot` writes: which keys there are goes by --what; of spin it is that of `profile`."""

    axis: str = is_("of torque: the key that varies", default="")
    torque: list[CurvePoint] = is_("of torque", default=[])
    failed: list[Free] = is_("of torque: points without one, and why", default=[])
    integrand: list[IntegrandPoint] = is_("of integrand", default=[])
    thresholds: dict[str, float] = is_("where channels close, by source", default={})
    currents: list[Free] = is_("of currents: by engine, z, source and k_perp", default=[])
    engine: str = is_("of a map", default="")
    k_perp: list[float] = is_("of a map", default=[])
    angle: list[float] = is_("of k, in half a turn: the opposite k has the same torque", default=[])
    sources: dict[str, Components] = is_("of a map, by source and component: by k_perp, angle", default={})
    scale: float = 1.0
    h_R: float = 0.0
    unit: Free = is_("of spin, as the following", default={})
    regions: list[Free] = is_("of spin", default=[])
    z: list[float] = is_("of spin", default=[])
    region: list[str] = is_("of spin", default=[])
    profiles: list[ProfileRow] = is_("of spin", default=[])
    warnings: list[str] = is_("of spin", default=[])


#: By the name of the command that writes them.
DOCUMENTS: dict[str, type[Versioned]] = {
    "torque": Torque,
    "check": Check,
    "audit": Audit,
    "bound-states": BoundStates,
    "profile": Profile,
    "beyond": Beyond,
    "trust-map": TrustMap,
    "finite-width": FiniteWidth,
    "plot": Plot,
    "reference": Reference,
    "systems": Systems,
    "doctor": Doctor,
    "bench": Bench,
}


def schemas() -> dict[str, dict[str, Any]]:
    """Return the JSON Schema of system files, and of what each command writes, by name."""
    dialect = {"$schema": "https://json-schema.org/draft/2020-12/schema"}
    found = {name: {**dialect, **model.model_json_schema()} for name, model in DOCUMENTS.items()}
    return {"system": of_system_file(), **found}
