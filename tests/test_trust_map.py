"""Trust maps: any two parameters, any executor, resumable, nothing left out; drawn from JSON alone."""

from __future__ import annotations

import json
import pickle
from concurrent.futures import Future, ThreadPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy.interpolate import LinearNDInterpolator
from scipy.optimize import brentq

from sotcheck.beyond.limits import first_order, trust_limits
from sotcheck.beyond.trust_map import (
    PARAMETERS,
    SHARP,
    Axis,
    LimitAt,
    bisected,
    report_maps,
    trust_map,
    with_parameters,
)
from sotcheck.errors import EngineError, SystemFileError
from sotcheck.pages.trust import REGIONS, bound_points, draw_trust_map, write_trust
from sotcheck.system.files import load

INSULATOR = load("ferromagnetic-insulator")
AXES = (Axis("J", 0.1, 0.9), Axis("u_0", 0.0, 1.0))


def insulator_map(**changes: Any) -> dict[str, Any]:
    return trust_map(INSULATOR, *AXES, **{"source": "normal", "points": 9, **changes})


@pytest.fixture(scope="module")
def nine() -> dict[str, Any]:
    return insulator_map()


def test_points_are_trust_limits(nine: dict[str, Any]) -> None:
    """Each point is what `trust_limits` says for that interface; enough of them, inside the map."""
    assert len(nine["points"]) == 9
    for point in nine["points"]:
        assert 0.1 <= point["x"] <= 0.9 and 0.0 <= point["y"] <= 1.0
        iface = INSULATOR.with_(J=point["x"], u_0=point["y"])
        (row,) = trust_limits(iface, limits=[0.1], sources=["normal"], parts=["fieldlike"], accuracy=1e-3)
        assert (point["h_R"] is None) == (row.h_R is None)
        if row.h_R is not None:
            assert point["h_R"] == pytest.approx(row.h_R, rel=0.02)


def test_limits_vanish_where_first_order_changes_sign() -> None:
    """The thin band of the insulator's map: relative to nothing, a limit goes as the root of the distance."""
    at = LimitAt(INSULATOR, ("J", "u_0"), 0.1, "normal", "fieldlike")

    def slope(u_0: float) -> float:
        return float(first_order(at.interface_at((1.15, u_0))).value[0, 0])

    zero = float(brentq(slope, -1.3, -1.2))
    assert zero == pytest.approx(-1.238, abs=1e-3)
    near, far = ([at((1.15, zero + side * off)) for side in (1, -1)] for off in (2.5e-4, 1e-3))
    assert [point["side"] for point in near] == [point["side"] for point in far] == [-1, 1]
    for one, other in zip(near, far, strict=True):
        assert other["h_R"] / one["h_R"] == pytest.approx(2.0, rel=0.03)


def test_map_is_json(nine: dict[str, Any]) -> None:
    assert json.loads(json.dumps(nine, allow_nan=False)) == nine


def test_resumed_map_keeps_its_points(nine: dict[str, Any]) -> None:
    """From the JSON: the old points come first and are not computed again."""
    more = insulator_map(points=12, resume=json.loads(json.dumps(nine)))
    assert more["points"][:9] == nine["points"]
    assert len(more["points"]) == 12
    assert len({(p["x"], p["y"]) for p in more["points"]}) == 12


def test_complete_map_computes_nothing(nine: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    def never(*_: Any, **__: Any) -> None:
        raise AssertionError("computed again")

    monkeypatch.setattr("sotcheck.beyond.trust_map.trust_limits", never)
    assert insulator_map(resume=nine)["points"] == nine["points"]


def test_another_map_is_not_resumed(nine: dict[str, Any]) -> None:
    with pytest.raises(EngineError, match="its limit differs"):
        insulator_map(limit=0.01, resume=nine)


def test_any_executor(nine: dict[str, Any]) -> None:
    """Threads here; the same function goes to processes, as it can be pickled."""
    with ThreadPoolExecutor(2) as executor:
        found = insulator_map(executor=executor, tasks=2)
    by_place = {(p["x"], p["y"]): p for p in nine["points"]}
    same = [(p, by_place[p["x"], p["y"]]) for p in found["points"] if (p["x"], p["y"]) in by_place]
    assert len(same) >= 4
    assert all(one == other for one, other in same)
    function = LimitAt(INSULATOR, ("J", "u_0"), 0.1, "normal", "fieldlike")
    again = pickle.loads(pickle.dumps(function))
    assert again((0.5, 0.5)) == function((0.5, 0.5))


def test_a_worker_that_died_is_told_as_such() -> None:
    """By its own exception, which whoever has started the workers turns into words, and not adaptive's."""

    class Dying(ThreadPoolExecutor):
        def submit(self, *args: Any, **options: Any) -> Any:
            future: Any = Future()
            future.set_exception(BrokenProcessPool("gone"))
            return future

    axes = Axis("J", 0.2, 1.0), Axis("u_0", -0.5, 1.0)
    with Dying(1) as executor, pytest.raises(BrokenProcessPool, match="gone"):
        trust_map(load("ferromagnetic-insulator"), *axes, points=4, executor=executor, tasks=1)


def test_sampling_is_adaptive() -> None:
    """Equal strips of the map get unequal numbers of points: more where the limit changes more."""
    found = trust_map(INSULATOR, Axis("J", 0.05, 0.9), Axis("u_0", -3.0, 3.0), source="normal", points=50)
    y = np.array([p["y"] for p in found["points"]])
    counts = np.histogram(y, bins=6, range=(-3.0, 3.0))[0]
    assert counts.max() >= 2 * counts.min()
    assert found["loss"] is None or found["loss"] > 0


def two_jumps(place: tuple[float, float]) -> dict[str, Any]:
    """Return a curved jump by 0.12 in log10 that crosses one by 0.8, and a steep valley beside it."""
    x, y = place
    weak, strong = y > weak_border(x), x + 0.2 * y > 0.9
    valley = np.exp(-(((y - 0.1 * x - 0.05) / 0.03) ** 2))
    h_R = 10 ** (-1.0 + 0.12 * weak + 0.8 * strong - valley)
    return {"h_R": float(h_R), "kind": "found", "side": 1 if weak != strong else -1}


def weak_border(x: Any) -> Any:
    return 0.3 + 0.25 * np.sin(3 * x)


def closed_in(room: int) -> tuple[dict[tuple[float, float], dict[str, Any]], int]:
    """Return samples after bisection, and how many there were before."""
    places = [*np.random.default_rng(1).uniform(0, 1, (300, 2)).tolist(), *product((0.0, 1.0), repeat=2)]
    known = {(float(x), float(y)): two_jumps((x, y)) for x, y in places}
    coarse = len(known)
    for some in bisected(known, np.ones(2), room):
        assert not known.keys() & set(some)
        known |= {place: two_jumps(place) for place in some}
    return known, coarse


def test_every_stretch_of_a_border_is_bracketed() -> None:
    """A weak jump beside a strong one and a steep slope: between samples it is where it should be."""
    known, coarse = closed_in(10_000)
    assert len(known) - coarse < 700
    side = LinearNDInterpolator(list(known), [entry["side"] for entry in known.values()])
    x = np.linspace(0.01, 0.99, 300)
    x = x[np.abs(x + 0.2 * weak_border(x) - 0.9) > 4 * SHARP]
    off = [side(x, weak_border(x) + sign * 1.5 * SHARP) for sign in (-1, 1)]
    assert (off[0] * off[1] < 0).all()
    # The slope has no border: nothing is spent there.
    x, y = np.array(list(known)[coarse:]).T
    valley = np.abs(y - 0.1 * x - 0.05) < 0.06
    assert (np.abs(x + 0.2 * y - 0.9)[valley] < 0.15).all()


def test_a_border_that_is_short_of_points_is_even() -> None:
    """What room there is goes to where least is known, not to the larger jump."""
    known, coarse = closed_in(200)
    assert len(known) - coarse == 200
    x, y = np.array(list(known)[coarse:]).T
    near = np.sort(x[np.abs(y - weak_border(x)) < 3 * SHARP])
    assert np.diff([0.0, *near[near < 0.8]]).max() < 0.1


def test_progress_counts_points() -> None:
    """The bar's total is the points wanted, and it ends."""
    seen: list[Any] = []

    def progress(items, title, total=None):  # type: ignore[no-untyped-def]
        for item in items:
            yield item
            seen.append((title, total))
        seen.append("end")

    insulator_map(points=5, progress=progress)
    assert seen == [("trust map", 5)] * 5 + ["end"]


def test_regions_without_a_limit_are_named() -> None:
    """No state, nothing incoming, first order zero: each point has its reason, and the figure its region."""
    found = trust_map(
        load("bulk-magnetism"), Axis("E_F/J", -2.0, 2.0), Axis("u_m", -1.0, 1.0), source="normal", points=16
    )
    kinds = {p["kind"] for p in found["points"]}
    assert {"no state", "closed", "found"} <= kinds
    assert all((p["kind"] == "found") == (p["reason"] == "") for p in found["points"])
    figure = draw_trust_map(found)
    words = [text.get_text() for text in figure.legends[0].get_texts()]
    assert set(words) == {REGIONS[kind][0] for kind in kinds - {"found"}} | set(bound_points(found["points"]))


def test_a_failing_point_is_recorded(monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(*_: Any, **__: Any) -> None:
        raise EngineError("no luck")

    monkeypatch.setattr("sotcheck.beyond.trust_map.trust_limits", fails)
    points = insulator_map(points=4)["points"]
    assert {(p["kind"], p["reason"]) for p in points} == {("failed", "no luck")}


@pytest.mark.parametrize("kind", REGIONS)
def test_every_region_can_be_drawn(kind: str) -> None:
    """A whole map of it, and half a map."""
    corners = [(x, y) for x in (0.0, 0.5, 1.0) for y in (0.0, 0.5, 1.0)]
    for found in (0, 5):
        points = [
            {
                "x": x,
                "y": y,
                "h_R": 0.1 + i / 20 if i < found else None,
                "kind": "found" if i < found else kind,
                "bound_from": 0.7,
            }
            for i, (x, y) in enumerate(corners)
        ]
        data = {
            "system": {"name": "test"},
            "over": [{"parameter": p, "lower": 0.0, "upper": 1.0} for p in ("u_0", "u_m")],
            "limit": 0.1, "source": "any", "component": "any", "points": points,
        }  # fmt: skip
        assert REGIONS[kind][0] in [t.get_text() for t in draw_trust_map(data).legends[0].get_texts()]


def test_every_parameter_is_set() -> None:
    iface = load("bulk-magnetism")
    for name in PARAMETERS[:6]:
        assert getattr(with_parameters(iface, {name: 0.77}), name) == 0.77
    assert with_parameters(iface, {"J": 0.5, "E_F/J": 3.0}).E_F == 1.5
    m = with_parameters(iface, {"theta": 60.0, "phi": 30.0}).m
    assert m == pytest.approx((0.75, np.sqrt(3) / 4, 0.5))
    turned = with_parameters(iface, {"phi": 90.0})
    assert turned.m[2] == pytest.approx(iface.m[2]) and turned.m[0] == pytest.approx(0.0, abs=1e-15)
    with pytest.raises(SystemFileError):
        with_parameters(iface, {"E_F": -5.0})


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: Axis("u0", 0, 1), "did you mean 'u_0'"),
        (lambda: Axis("u_0", 1, 0), "is no range"),
        (lambda: Axis("u_0", 0, np.nan), "is no range"),
        (lambda: trust_map(INSULATOR, AXES[0], AXES[0]), "two different parameters"),
        (lambda: insulator_map(source="all"), "unknown source"),
        (lambda: insulator_map(component="z"), "unknown component"),
    ],
)
def test_bad_requests(call, words: str) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(EngineError, match=words):
        call()


def test_any_is_the_smallest_limit() -> None:
    iface = load("bulk-magnetism")
    point = (1.5, 0.0)
    of = {
        (s, c): LimitAt(iface, ("E_F", "u_0"), 0.1, s, c)(point)["h_R"]
        for s in ("normal", "majority", "minority", "any")
        for c in ("fieldlike", "dampinglike", "any")
    }
    single = [h for (s, c), h in of.items() if "any" not in (s, c) and h is not None]
    assert of["any", "any"] == pytest.approx(min(single), rel=0.02)


def test_pages(tmp_path: Path) -> None:
    """JSON, figures and both pages; nothing on them that the JSON does not say; resumed from trust.json."""
    maps = {"one": ("ferromagnetic-insulator", *AXES, "normal", "fieldlike")}
    index = write_trust(report_maps(maps, points=9), tmp_path)
    data = json.loads((tmp_path / "trust.json").read_text(encoding="utf-8"))
    assert len(data["maps"]["one"]["points"]) == 9
    assert "<svg" in index.read_text(encoding="utf-8")
    readme = (tmp_path / "README.md").read_text(encoding="utf-8")
    assert "at 9 points" in readme and "figures/one.svg" in readme
    assert (tmp_path / "figures" / "one.svg").exists()
    again = report_maps(maps, points=9, resume=data)
    assert again == data
