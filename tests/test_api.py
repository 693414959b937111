"""The Python interface: objects that cannot go wrong silently, and print well."""

from __future__ import annotations

import importlib
import inspect
import json
import math
import pickle
import pydoc
import re
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import sotcheck as sc
from sotcheck.errors import SystemFileError
from sotcheck.system.files import to_document

BULK = sc.load("bulk-magnetism")


def refusal(**changes: Any) -> str:
    """Change what must be refused and return the message."""
    with pytest.raises(SystemFileError) as caught:
        BULK.with_(**changes)
    return str(caught.value)


def test_public_names() -> None:
    """All of `__all__` is there, nothing else pretends to be; `help` tells parameters and errors."""
    for name in sc.__all__:
        assert getattr(sc, name) is not None
    with pytest.raises(AttributeError, match="no attribute 'troque'"):
        sc.troque  # noqa: B018
    for function in (
        sc.torque,
        sc.check,
        sc.load,
        sc.spin_currents,
        sc.trust_limits,
        sc.sweep,
        sc.bound_states,
    ):
        assert {"Parameters", "Raises"} <= set((inspect.getdoc(function) or "").split())
    assert {*sc.__all__} <= {*dir(sc)}
    assert not [name for name in dir(sc) if name not in sc.__all__ and not name.startswith("__")]
    text = pydoc.plain(pydoc.render_doc(sc))
    assert not [name for name in sc.__all__ if name != "__version__" and not re.search(rf"\b{name}\b", text)]


def test_rooms_do_not_hide_functions() -> None:
    """`sotcheck.sweep` and `sotcheck.beyond` are folders as well: their import leaves the functions there."""
    for room in ("sotcheck.sweep.plan", "sotcheck.beyond.limits"):
        importlib.import_module(room)
    assert inspect.isfunction(sc.sweep)
    assert inspect.isfunction(sc.beyond)
    # Nor do functions hide what is in the rooms.
    assert sc.sweep.plan is sys.modules["sotcheck.sweep.plan"]  # type: ignore[attr-defined]
    assert (sc.sweep.__module__, sc.sweep.__name__) == ("sotcheck.api.sweeps", "sweep")
    assert "Parameters" in str(sc.sweep.__doc__)
    assert next(iter(inspect.signature(sc.sweep).parameters)) == "system"
    assert pickle.loads(pickle.dumps(sc.sweep)) is sc.sweep


WRONG: list[tuple[Callable[[], Any], str]] = [
    (lambda: sc.Interface(name="x", J=-1.0), "x: J = -1.0 is not accepted; expected a finite number >= 0"),
    (lambda: sc.Interface(name="a b"), "a b: name = 'a b' is not accepted; expected a text of letters"),
    (lambda: sc.Interface(E_F=1.0), "Interface: name is missing; expected a text of letters"),  # type: ignore[call-arg]
    (lambda: sc.Interface("x"), "Interface: values go by name; accepted: name, title"),  # type: ignore[call-arg]
    (lambda: sc.Interface(name="x", hR=1), "x: unknown key 'hR' (did you mean 'h_R'?)"),  # type: ignore[call-arg]
    (lambda: sc.Layer(thickness=-1.0), "Layer: thickness = -1.0 is not accepted; expected a finite"),
    (lambda: sc.Stack(name="x", layers=({"thickness": 0.0},)), "x: layer[1].thickness = 0.0 is not accepted"),  # type: ignore[arg-type]
    (lambda: sc.Junction().model_copy(update={"barrier": math.nan}), "Junction: barrier = nan is not"),
    (lambda: BULK.model_copy(update={"J": -1}), "bulk-magnetism: J = -1 is not accepted"),
    (lambda: BULK.model_copy(update={"E_F": -1.0}), "leaves no propagating state"),
    (lambda: sc.Interface.model_construct(name="x", u_0="high"), "x: u_0 = 'high' is not accepted"),
    (lambda: sc.Interface.model_validate({"name": "x", "m": 3}), "x: m = 3 is not accepted"),
    (lambda: sc.Interface.model_validate_json('{"name": "x", "m": 3}'), "x: m = 3 is not accepted"),
    (lambda: setattr(sc.Layer(), "thickness", 2.0), "Layer: thickness is frozen"),
    (lambda: sc.load({"name": "x", "fermi": 1}), "x: unknown key 'fermi'"),
    (lambda: BULK.with_(h_R=[]), "h_R = () has no value"),
    (lambda: BULK.with_(h_R=[0.1, -1e99]), "h_R = -1e+99 is not accepted"),
    (lambda: BULK.with_(theta="up"), "theta = 'up' is not accepted; expected a finite number of degrees"),
    (lambda: BULK.with_(theta=[0, 90], m=[(0, 0, 1)]), "theta and m are both given, of one quantity"),
    (lambda: BULK.with_({"theta": 30, "interface.magnetization": (1, 0, 0)}), "both given, of one quantity"),
    (lambda: BULK.with_(theta=[0, 90]).with_(m=(1, 0, 0)), "theta and m are both given, of one quantity"),
    (lambda: BULK.with_({"E_F": 1.0, "fermi_energy": 2.0}), "E_F and fermi_energy are both given"),
    (lambda: BULK.with_(h_R=np.ones((2, 3))), "h_R is an array of 2 dimensions; expected one value, or"),
    (lambda: sc.load("pt-co-alox").with_(thickness=2.0), "(did you mean 'layer[1].thickness'?)"),
    (lambda: sc.sweep("pt-co-alox", "x.nc", over="thickness=1,2"), "(did you mean 'layer[1].thickness'?)"),
    (lambda: BULK.with_(h_R=np.arange(1e3), E_F=np.arange(2, 1e3)), "are too many for one family"),
    (lambda: BULK.with_({"layer[1].thickness": 1}), "layer[1].thickness: it has 0 layers"),
    (lambda: BULK.with_({"interface.rasbha": 1}), "(did you mean 'interface.rashba'?)"),
    (lambda: BULK.with_({"interface.rashba": "x"}), "interface.rashba = \"x\" is not accepted"),
    (lambda: sc.torque(BULK, field=1e5), "field has no effect without si=True"),
    (lambda: sc.torque(BULK, si=True, field=1e5), "field needs relaxation_time as well"),
    (lambda: sc.torque(BULK, si=True, field=1e5, relaxation_time=1e-14), "units.energy is not given"),
    (lambda: sc.torque(), "give a system, or amplitudes=FILE"),
    (lambda: sc.torque(BULK.with_(h_R=[0.1]), h_R=[0.1]), "h_R is given twice"),
    (lambda: sc.torque("bulk-magnetsim"), "did you mean 'bulk-magnetism'?"),
    (lambda: sc.bound_states(BULK.with_(h_R=[0.1]), 0.2), "h_R is given twice"),
    (lambda: sc.trust_limits(BULK.with_(h_R=[0.1]), 0.05), "h_R is what is sought"),
    (lambda: sc.check(), "give a system, or builder=FUNCTION"),
    (lambda: sc.check(BULK, grid=8), "k and grid are for a builder"),
    (lambda: sc.beyond("pt-yig"), "of a stack, trust_limits(system, 0.05) tells"),
    (lambda: sc.beyond(BULK.with_(h_R=[0.1, 0.2])), "beyond takes one system"),
    (lambda: sc.trust_limits(BULK, 0.05, source="nromal"), "did you mean 'normal'?"),
    (lambda: sc.trust_limits(BULK, 0.05, engine="first-order"), "choose an exact one"),
    (lambda: sc.spin_density(BULK, z="0.3-0"), "there is no junction"),
    (lambda: sc.spin_density(BULK, z="here"), "z = 'here' is not accepted"),
    (lambda: sc.spin_currents(BULK.with_(h_R=[0.1]), by="k_perp"), "a family needs k_perp"),
    (lambda: sc.spin_density(BULK.with_(E_F=[1.2, 1.5]), points=2, tolerance=0.1), "give z, for all"),
    (lambda: sc.spin_currents(BULK, by="k_perp", source="nromal"), "did you mean 'normal'?"),
    (lambda: sc.spin_currents(BULK, by="k_perp", k_perp="x"), "k_perp = 'x' is not accepted"),
    (lambda: sc.bound_states(BULK, "x"), "h_R = 'x' is not accepted"),
    (lambda: sc.trust_limits(BULK, "x"), "limit = 'x' is not accepted"),
    (lambda: sc.torque(BULK, h_R="x"), "h_R = 'x' is not accepted"),
    (lambda: sc.torque(BULK, tolerance="x"), "tolerance = 'x' is not accepted"),  # type: ignore[arg-type]
    (lambda: sc.torque(3), "3 is no system"),  # type: ignore[arg-type]
    (lambda: sc.spin_currents(BULK, by="angel"), "did you mean 'angle'?"),
    (lambda: sc.spin_currents(BULK, by="k_perp", k_perp=[9.0]), "k_perp = 9 "),
    (lambda: sc.torque(BULK, engin="kwant"), "torque: unknown option 'engin' (did you mean 'engine'?)"),  # type: ignore[call-arg]
    (lambda: sc.sweep(BULK, "x.nc", engines="kwant"), "did you mean 'engine'?"),  # type: ignore[call-arg]
    (lambda: sc.load(), "load: missing a required argument: 'system'; accepted: system"),  # type: ignore[call-overload]
    (lambda: sc.amplitudes(BULK).plot(source="normal"), "plot: unknown option 'source'; accepted: ax"),  # type: ignore[call-arg]
    (lambda: sc.sweep(BULK, "x.csv", over="h_R=0:1:3"), "must end in .nc"),
    (lambda: sc.sweep(BULK, "x.nc"), "nothing to sweep over"),
    (lambda: sc.sweep(BULK, "x.nc", over={"h_R": [0.1]}, executor=3), "executor = 3 is not accepted"),
    (lambda: sc.sweep(BULK, "x.nc", over={"h_R": [0.1, "x"]}), "[0.1, 'x'] is no list of numbers"),
]  # fmt: skip


@pytest.mark.parametrize(("wrong", "words"), WRONG)
def test_errors_are_ours(wrong: Callable[[], Any], words: str, tmp_path: Path, monkeypatch: Any) -> None:
    """Whatever is tried: a `SotcheckError` that names what was found, never pydantic's with its address."""
    monkeypatch.chdir(tmp_path)
    with pytest.raises(sc.SotcheckError, match=re.escape(words)) as caught:
        wrong()
    assert not re.search("pydantic|https?:", str(caught.value))


def test_families() -> None:
    """Arrays make the outer product; members are what single changes give."""
    family = BULK.with_(h_R=np.linspace(0, 0.2, 3), m=[(0, 0, 1), (1, 0, 1)])
    assert (len(family), family.shape, list(family.axes)) == (6, (3, 2), ["h_R", "m"])
    assert list(family)[3] == BULK.with_(h_R=0.1, m=(1, 0, 1))
    assert family.with_(E_F=[1.2, 1.8]).shape == (3, 2, 2)
    assert family.with_(m=(1, 0, 1)).shape == (3,)
    assert BULK.with_(h_R=[0.1, 0.2]).with_(h_R=0.3) == BULK.with_(h_R=0.3)
    assert next(iter(family.with_(J=0.3))) == BULK.with_(h_R=0.0, m=(0, 0, 1), J=0.3)
    (tilted,) = BULK.with_(theta=[30.0], phi=90.0)
    assert tilted.m == pytest.approx((0, 0.5, 0.75**0.5), abs=1e-15)
    assert BULK.with_(theta=np.float64(90)).m == pytest.approx((2 / 5**0.5, -1 / 5**0.5, 0), abs=1e-15)


def test_keys_of_the_file_are_in_its_units() -> None:
    """Attributes are in units of ħ²/2mₑ = 1; what a file says can be changed, and loaded, as it says it."""
    film = sc.load("pt-co-alox")
    assert isinstance(film, sc.Stack)
    thicker = film.with_({"layer[1].thickness": 0.8, "interface.barrier": 0.1})
    document = to_document(film)
    document["layer"][0]["thickness"], document["interface"]["barrier"] = 0.8, 0.1
    assert thicker == sc.load(document)
    assert thicker.layers[0].thickness == pytest.approx(film.layers[0].thickness * 8 / 6)
    assert [one.layers[0].thickness for one in film.with_({"layer[1].thickness": [0.6, 0.8]})] == [
        film.layers[0].thickness, thicker.layers[0].thickness,
    ]  # fmt: skip
    assert isinstance(BULK.with_({"normal.mass": 1.2}), sc.Stack)


def test_any_sequence_is_a_direction_and_any_number_a_number() -> None:
    """Also NumPy's, which become Python's, so that JSON and hashes do not depend on where they came from."""
    for m in ((1, 0, 1), [1, 0, 1], np.array([1, 0, 1]), (np.int64(1), 0, np.float32(1.0))):
        assert BULK.with_(m=m).m == pytest.approx((0.5**0.5, 0, 0.5**0.5), abs=1e-15)
    for h_R in (2, np.float64(2), np.int32(2), np.array(2.0)):
        changed = BULK.with_(h_R=h_R)
        assert changed == BULK.with_(h_R=2.0)
        assert json.dumps(changed.model_dump(mode="json"))


def test_immutable_hashable_picklable() -> None:
    """What caches and workers need. A copy changes nothing else, the last digit of m included."""
    before = BULK.model_dump()
    assert BULK.with_(h_R=0.7).model_dump() == before | {"h_R": 0.7}
    assert BULK.model_dump() == before
    for m in np.random.default_rng(1).normal(size=(100, 3)):
        tilted = BULK.with_(m=m)
        assert tilted.with_(h_R=BULK.h_R) == tilted
    with pytest.raises(SystemFileError, match="h_R is frozen"):
        BULK.h_R = 1.0
    with pytest.raises(SystemFileError, match="h_R is frozen"):
        del BULK.h_R
    assert len({BULK, sc.load("bulk-magnetism"), BULK.with_(h_R=0.2)}) == 2
    assert pickle.loads(pickle.dumps(BULK)) == BULK


REFUSED: list[tuple[str, str, list[Any]]] = [
    ("h_R", "a finite number", ["0.1", None, True, float("nan"), 1j]),
    ("h_R", "a finite number, at most 1e+60", [1e300]),
    ("J", "a finite number >= 0", [-1]),
    ("m", "three finite numbers", [(1, 2), 3, "xyz"]),
    ("m", "three finite numbers, not all zero", [(0, 0, 0)]),
    ("name", "a text of letters, digits and '-'", ["a b"]),
]


def test_wrong_changes() -> None:
    """Which system, which attribute, what was found, what is accepted; the nearest attribute is suggested."""
    for name, expected, values in REFUSED:
        for wrong in values:
            words = f"bulk-magnetism: {name} = {wrong!r} is not accepted; expected {expected}"
            assert refusal(**{name: wrong}).startswith(words)
    words = "bulk-magnetism: fermi_energy = -1 leaves no propagating state: the lowest band edge is -1"
    assert refusal(E_F=-1.0).startswith(words)
    for wrong, near in (("hR", "h_R"), ("tau_n", "tau_N"), ("u0", "u_0"), ("E_f", "E_F")):
        words = f"unknown attribute {wrong!r} (did you mean {near!r}?); accepted: name, title, "
        assert words in refusal(**{wrong: 1.0})


def test_objects_print_well() -> None:
    """Each `str` fits a screen; what they say, the README shows."""
    assert repr(BULK).startswith("Interface(name='bulk-magnetism', ")
    lines = str(sc.torque(BULK, engine=["first-order", "continuum"], h_R=[0.1, 0.2])).splitlines()
    # Two engines at two h_R: three sources and their weighted total each, and a note on the total.
    assert len(lines) == 3 + 2 * 2 * (3 + 1) + 1
    assert max(map(len, [*lines, *str(BULK).splitlines()])) < 100


def test_help_is_ours() -> None:
    """`help(sc)` and completion have names, types and defaults, and nothing of pydantic's or of memory."""
    text = pydoc.plain(pydoc.render_doc(sc))
    assert "Interface(*, name: str, title: str = '', reference: str = '', E_F: float = 2.0" in text
    for function in (sc.torque, sc.sweep, sc.audit):
        text += pydoc.plain(pydoc.render_doc(function))
    assert " 0x" not in text and "model_validate" not in text and "__pydantic" not in text
    iface = sc.load("bulk-magnetism")
    assert {"E_F", "h_R", "with_", "model_copy", "__str__"} <= set(dir(iface))
    assert not {"model_dump", "parse_raw", "json"} & set(dir(iface))


def test_what_a_newcomer_tries() -> None:
    """A range is several numbers; a system without a title prints as its name; a stack has no series."""
    tilted = sc.load("bulk-magnetism").with_(theta=range(0, 181, 60))
    assert [round(one.m[2], 9) for one in tilted] == [1.0, 0.5, -0.5, -1.0]
    assert str(sc.Interface(name="bare")).splitlines()[0] == "bare"
    stack = sc.Stack(name="film", layers=(sc.Layer(thickness=1.0),))
    assert str(stack).startswith("film\n") and "; layer 1 1 | beyond: " in str(stack)
    film = sc.load({"name": "film", "units": {"energy": "eV"}, "interface": {"barrier": 0.5}, "layer": [{}]})
    assert "E_F = 2 eV; " in str(film) and "layer 1 1 nm | beyond" in str(film)
    assert "u_0 = 0.5 eV nm" in str(film)
    with pytest.raises(sc.SotcheckError, match=r"of a stack, trust_limits\(system, 0.05\) tells"):
        sc.beyond(stack)


def test_rows() -> None:
    """Engine by engine, h_R by h_R, source by source; totals are weighted with relaxation times."""
    iface = BULK.with_(h_R=0.1, m=(1, 0, 1))
    assert [row.h_R for row in sc.torque(iface, engine="continuum")] == [0.1] * 3
    table = sc.torque(iface, engine=["continuum", "first-order"], h_R=[0.2, 0.1])
    assert [(row.engine, row.h_R, row.source, row.scheme, row.vector.shape) for row in table] == [
        (engine, h_R, source, None, (3,))
        for engine in ("continuum", "first-order")
        for h_R in (0.2, 0.1)
        for source in ("normal", "majority", "minority")
    ]
    table = sc.torque(BULK.with_(tau_N=2.0, tau_up=3.0, tau_down=5.0), engine="continuum")
    (total,) = table.totals()
    assert total.vector == pytest.approx(np.array([2.0, 3.0, 5.0]) @ [row.vector for row in table], rel=1e-12)


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"spacing": 0.0}, "spacing = 0.0 is not accepted; expected a number from"),
        ({"spacing": -0.1}, "spacing = -0.1 is not accepted"),
        ({"spacing": math.nan}, "spacing = nan is not accepted"),
        ({"tolerance": math.nan}, "tolerance = nan is not accepted; expected a number from 1e-12 to 0.1"),
        ({"tolerance": 0.0}, "tolerance = 0.0 is not accepted"),
        ({"h_R": math.nan}, "h_R = nan is not accepted"),
        ({"h_R": [0.1, math.inf]}, "h_R = inf is not accepted"),
        ({"scheme": "one-sided"}, "unknown scheme 'one-sided'"),
        ({"engine": "kwnat"}, "unknown engine 'kwnat' (did you mean 'kwant'?); choose from first-order, con"),
    ],
)
def test_numbers_and_names_out_of_range(wrong: dict[str, Any], words: str) -> None:
    """Refused before any work, by name, with what is accepted."""
    with pytest.raises(sc.SotcheckError, match=re.escape(words)):
        sc.torque(BULK, **{"engine": "kwant", **wrong})
    if wrong.keys() & {"tolerance", "h_R"}:
        with pytest.raises(sc.SotcheckError, match=re.escape(words)):
            sc.check(BULK, **wrong)


def test_thresholds_that_only_rounding_tells_apart_are_one() -> None:
    """U_N off by ε must not make a range of k_⊥² in which no node fits."""
    iface = sc.Interface(name="eps", E_F=1.0, J=0.0, u_0=0.4, u_m=0.2, U_N=2.220446049250313e-16)
    assert iface.thresholds() == [0.0, 1.0]
    assert iface.with_(U_N=1e-9).thresholds() == [0.0, 1.0 - 1e-9, 1.0]
    expected = sc.torque(iface.with_(U_N=0.0), ["first-order", "continuum"])
    for row, same in zip(sc.torque(iface, ["first-order", "continuum"]), expected, strict=True):
        assert np.abs(row.vector - same.vector).max() <= 1e-15


wrong: Any = 3


@pytest.mark.parametrize(
    ("ask", "words"),
    [
        (lambda: sc.load(wrong), "system = 3 is not accepted; expected a built-in name"),
        (lambda: sc.check(wrong), "3 is no system"),
        (lambda: sc.torque("bulk-magnetism", engine=["continuum", wrong]), "3 in .* expected names"),
        (lambda: sc.torque("bulk-magnetism", "first-order").plot(wrong), "ax = 3 is not accepted"),
        (
            lambda: sc.sweep("bulk-magnetism", "x.nc", over="h_R=0:1:3", workers=0),
            "workers = 0 is not accepted",
        ),
        (lambda: sc.spin_currents("bulk-magnetism", k_perp=[1.0]), "give by="),
    ],
)
def test_what_is_no_argument_is_refused_in_our_words(ask: Callable[[], object], words: str) -> None:
    with pytest.raises(SystemFileError, match=words):
        ask()
