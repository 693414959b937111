"""The Python interface: objects that cannot go wrong silently, and print well."""

from __future__ import annotations

import inspect
import json
import math
import pickle
import re
from typing import Any

import numpy as np
import pytest

import sotcheck as sc
from sotcheck.errors import SystemFileError

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
    for function in (sc.torque, sc.check, sc.load):
        assert {"Parameters", "Raises"} <= set((inspect.getdoc(function) or "").split())


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
