"""The referee: pinned numbers and engines lie in its intervals, precisions nest, and faults are seen."""

from __future__ import annotations

import json
import math
import tomllib
from dataclasses import replace
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from flint import acb, acb_mat, acb_poly, arb, ctx
from referee_cases import decay, random_tables, tables
from test_one_site import one_site

import sotcheck as sc
from sotcheck.bound.table import bound_states as bound_table
from sotcheck.command.main import main
from sotcheck.errors import SystemFileError
from sotcheck.exact import apart
from sotcheck.exact.observables import FLOWS, exact_flows
from sotcheck.numerics.estimate import Estimate
from sotcheck.referee import angles, certificate, interface, layered, panel, quadrature, stack, sums
from sotcheck.referee.bound import certified as certified_states
from sotcheck.referee.bound import first_change
from sotcheck.referee.certificate import outward, prove
from sotcheck.referee.layered import stack_torque
from sotcheck.referee.margin import largest
from sotcheck.referee.one_site import Branch, Form, closed_form, square_of_root, wronskians
from sotcheck.referee.panel import Panel
from sotcheck.referee.quadrature import UnprovedError
from sotcheck.referee.reading import read
from sotcheck.referee.sums import Enclosure, bare_torque
from sotcheck.system.files import from_document, to_document
from sotcheck.system.interface import Interface
from sotcheck.trial import exact_rows
from sotcheck.trial.certified import covered

#: Half a unit of the last digit that the contract prints.
DIGIT = 6e-13
#: t is enclosed to this part of its largest component.
RADIUS = 1e-12
#: Of t where nothing turns spins.
TINY = 1e-6


TILTED = tables(rashba=0.3, magnetization=[2.0, -1.0, 2.0])
#: At some angles a state is bound as electrons cease to propagate; of one source alone.
STRONG = tables(1.0, 0.0, rashba=1.5, barrier=0.3, exchange=0.4, magnetization=[2.0, -1.0, 2.0])
STRONG["normal"] = {"potential": 2.0}


def near(ball: arb, number: float, error: float) -> bool:
    """Whether a number lies in a ball, give or take its own error."""
    return (ball + arb(0, error)).contains(arb(number))


def test_pinned_numbers() -> None:
    """First order, and exact at h_R = 0.3 with tilted m, as printed elsewhere; narrowly enclosed."""
    pinned = {
        "normal": (-2.19999333948e-3, -3.78974822874e-3),
        "majority": (1.75989442723e-2, 3.78974822874e-3),
        "minority": (-4.02047688360e-5, 0.0),
    }
    for source, found in prove(tables(rashba=1.0), first_order=True).items():
        assert found.parts is not None
        for ball, number in zip(found.parts, pinned[source], strict=True):
            assert near(ball, number, DIGIT * 10 ** math.ceil(math.log10(abs(number) or 1.0)) * 10)
            assert float(ball.rad()) < 1e-18
    exact = prove(TILTED)["normal"]
    for ball, number in zip(
        exact.vector, (1.913942782358e-4, -9.751462351375e-4, -6.789673958045e-4), strict=True
    ):
        assert near(ball, number, DIGIT * 1e-3)
    assert exact.radius < RADIUS * 1e-3


@pytest.mark.parametrize("seed", range(3))
def test_engines_lie_within(seed: int) -> None:
    """Within their uncertainties, on random interfaces, at any h_R up to 1; flows at z = 0 as well."""
    document = random_tables(seed)
    proved = prove(document)
    largest = max(abs(float(one)) for found in proved.values() for one in found.vector)
    for row in sc.torque(from_document(document, "x"), "continuum"):
        if row.source == "bound":
            continue
        found = proved[row.source]
        assert found.radius <= RADIUS * max(largest, TINY)
        assert all(near(ball, x, row.t.total) for ball, x in zip(found.vector, row.vector, strict=True))
        for balls, numbers in zip(found.interfaces[0], row.flows, strict=True):
            assert all(near(ball, x, row.t.total) for ball, x in zip(balls, numbers, strict=True))


def nested(document: dict[str, Any], digits: int, goal: float) -> bool:
    """Whether what is proved with few digits and short ranges fits what is proved with many and long ones."""
    found: list[dict[str, Enclosure]] = []
    for prec, missed, nodes in ((digits, goal, 16), (128, 1e-20, 60)):
        with ctx.workprec(prec), pytest.MonkeyPatch.context() as patch:
            patch.setattr(quadrature, "MOST_NODES", nodes)
            found.append(bare_torque(read(document)[0], arb(missed), first_order=False))
    return all(
        wide.overlaps(narrow) and wide.rad() > 100 * narrow.rad()
        for wide, narrow in zip(*(one["majority"].vector for one in found), strict=True)
    )


#: Digits and goals of the wider one.
ROUGH, FINER = (64, 1e-10), (80, 1e-14)


@pytest.mark.parametrize("wide", [ROUGH, FINER])
def test_precisions_nest(wide: tuple[int, float]) -> None:
    assert nested(STRONG, *wide)


def small_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    size = quadrature.size
    monkeypatch.setattr(quadrature, "size", lambda values: size(values) * 1e-17)


def wrong_sign(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of the roots with their cut elsewhere, which some ranges have that depend on the goal."""
    right = interface.signs_of
    monkeypatch.setattr(sums, "signs_of", lambda P, Q: (-right(P, Q)[0], -right(P, Q)[1]))


@pytest.mark.parametrize(("fault", "wide"), [(small_bound, FINER), (wrong_sign, ROUGH)])
def test_faults_are_seen(monkeypatch: pytest.MonkeyPatch, fault: Any, wide: tuple[int, float]) -> None:
    """A bound that is too small, a sign: then precisions do not nest."""
    fault(monkeypatch)
    assert not nested(STRONG, *wide)


#: Thresholds of two or three channels next to each other: U_N, U_F, J at E_F = 1.5.
COINCIDENT = [(0.0, -1 - 1e-12, 1.0), (1e-14, 2.1e-5, 1e-9), (0.0, 0.7 + 6e-10, 0.7)]


@pytest.mark.parametrize(("U_N", "U_F", "J"), COINCIDENT)
def test_thresholds_next_to_each_other(U_N: float, U_F: float, J: float) -> None:
    """What is left of a wave number squared keeps its digits; to first order and exactly."""
    document = tables(rashba=0.4, magnetization=[2.0, -1.0, 2.0])
    document |= {"normal": {"potential": U_N}, "ferromagnet": {"potential": U_F, "exchange": J}}
    proved = {"first-order": prove(document, first_order=True), "continuum": prove(document)}
    for row in sc.torque(from_document(document, "x"), ["first-order", "continuum"]):
        if row.source == "bound":
            continue
        found = proved[row.engine]
        largest = max(abs(float(x)) for one in found.values() for x in one.vector)
        assert found[row.source].radius <= RADIUS * max(largest, TINY)
        pairs = zip(found[row.source].vector, row.vector, strict=True)
        assert all(near(ball, x, row.t.total) for ball, x in pairs)


def test_another_sign_is_no_engines_number(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is in the intervals by their width: a sign in the referee, and the engine is outside."""
    current = interface.current
    monkeypatch.setattr(interface, "current", lambda *args: [-one for one in current(*args)])
    row = next(iter(sc.torque(from_document(TILTED, "x"), "continuum")))
    balls = prove(TILTED)[row.source].vector
    assert not all(near(ball, x, row.t.total) for ball, x in zip(balls, row.vector, strict=True))


def test_intervals_are_rounded_outwards() -> None:
    """As doubles, and as the decimals that JSON prints."""
    with ctx.workprec(128):
        for ball in (arb(1) / 3, -arb(2).sqrt() / 10**5, arb(0.1), arb(0, 1e-20)):
            lower, upper = outward(ball)
            for end in (arb(lower), arb(json.dumps(lower))):
                assert end <= ball.lower()
            for end in (arb(upper), arb(json.dumps(upper))):
                assert end >= ball.upper()
            assert upper - lower <= 1e-15


def test_units_and_reading() -> None:
    """In eV the referee's own constants lead to the engine's numbers; it refuses what it does not know."""
    document = tables(rashba=0.2, barrier=0.1, magnetization=[1, 0, 1]) | {"units": {"energy": "eV"}}
    system = from_document(tomllib.loads('name = "x"\n[units]\nenergy = "eV"\n'), "x")
    assert system.unit == "eV"
    table = sc.torque(from_document(document, "x"), "continuum")
    proved = prove(document)
    for row in table.to_dict()["torque"]:
        for ball, x in zip(proved[row["source"]].vector, row["vector"], strict=True):
            assert near(ball, x, row["uncertainty"]["total"] + 1e-13 * abs(x))
    assert read(document)[0].edge("normal") == Fraction(1.5)
    for wrong in ({"gap": 1.0}, {"barrier": "high"}, {"barrier": math.nan}, {"magnetization": [0, 0, 0]}):
        with pytest.raises(SystemFileError):
            read(tables(**wrong))


def test_what_cannot_be_proved_has_a_reason(monkeypatch: pytest.MonkeyPatch) -> None:
    """With a state bound among open channels of the other spin first order is no integral."""
    monkeypatch.setattr(certificate, "DIGITS", (64,))
    embedded = tables(1.0, 1.0, barrier=-1.5, magnetization=[0, 0, 1]) | {"normal": {"potential": 1.5}}
    with pytest.raises(UnprovedError, match="k_perp"):
        prove(embedded, first_order=True)
    assert prove(embedded | {"interface": embedded["interface"] | {"magnetization": [1.0, 0.0, 1.0]}})


def test_command(capsys: pytest.CaptureFixture[str]) -> None:
    main_args = [
        "torque",
        "bulk-magnetism",
        "--engine",
        "continuum",
        "--certify",
        "--magnetization",
        "2,-1,2",
    ]
    main([*main_args, "--json", "-"])
    rows = json.loads(capsys.readouterr().out)["torque"]
    for row in rows:
        for (lower, upper), x in zip(row["certified"]["vector"], row["vector"], strict=True):
            assert (
                lower <= upper and abs(x - (lower + upper) / 2) <= row["uncertainty"]["total"] + upper - lower
            )
        for name in ("fieldlike", "dampinglike"):
            assert len(row["certified"][name]) == 2
    main(main_args)
    assert "fieldlike, proved" in capsys.readouterr().out


def test_a_fault_of_both_engines_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    """Another h_R in every exact sum, which only a number from elsewhere tells; and a small budget."""
    system = from_document(TILTED, "x")
    rows = list(sc.torque(system, "continuum", certify=True))
    assert all(one.verdict == "agrees" for one in covered(system, rows)[0])
    off = [replace(row, t=Estimate(row.t.value * (1 + 1e-7), row.t.terms)) for row in rows]
    assert any(one.verdict == "disagrees" for one in covered(system, off)[0])

    right = exact_flows
    monkeypatch.setattr(
        apart, "exact_flows",
        lambda engine, system, h, **how: right(engine, system, h * (1 + 1e-6 * h**2), **how),
    )  # fmt: skip
    findings, unproved = covered(system, list(sc.torque(system, "continuum", certify=True)))
    assert not unproved
    assert sum(one.verdict == "disagrees" for one in findings) >= 2


@pytest.mark.parametrize("seed", range(2))
def test_bound_states(seed: int) -> None:
    """Counts are the engine's, its energies lie within; below the k_perp that is proved there is no other."""
    document = random_tables(seed)
    document["interface"]["rashba"] = 1.5
    system = from_document(document, "x")
    assert isinstance(system, Interface)
    count, first = first_change(read(document)[0])
    assert first is not None
    around = float(first) * np.array([0.5, 0.999999, 1.000001, 2.0])
    found = list(bound_table(system, None, around, np.linspace(0.0, 360.0, 25) + aligned(system)).rows())
    for row, proved in zip(found, certified_states(document, found)["rows"], strict=True):
        ball = proved["certified"]
        assert ball["count"] == row["count"] and ball["at_or_below_E_F"] == row["at_or_below_E_F"]
        for (lower, upper), energy in zip(ball["energies"], sorted(row["energies"]), strict=True):
            assert lower - 1e-9 < energy < upper + 1e-9 and upper - lower < 1e-12
    counts = [{row["count"] for row in found if row["k_perp"] == k} for k in around.tolist()]
    assert counts[0] == counts[1] == {count}
    assert counts[2] != {count}


def aligned(system: Interface) -> float:
    """Return the angle of m in the plane, in degrees: states come up first at k x z along or against it."""
    return float(np.degrees(np.arctan2(system.m[1], system.m[0])))


def test_bound_states_command(capsys: pytest.CaptureFixture[str]) -> None:
    args = [
        "bound-states",
        "bulk-magnetism",
        "--h-r",
        "1.2",
        "--k-perp",
        "0.5,4",
        "--angle",
        "0",
        "--certify",
    ]
    main([*args, "--json", "-"])
    document = json.loads(capsys.readouterr().out)
    assert [row["certified"]["count"] for row in document["bound_states"]] == [0, 1]
    assert document["certified"][0]["count"] == 0
    main(args)
    assert "0 at k_perp < 0.928" in capsys.readouterr().out


def test_bound_states_in_python() -> None:
    """Every energy is enclosed, also of a family; what is proved is said; a stack is refused."""
    found = sc.bound_states("bulk-magnetism", [1.2, 1.5], [0.5, 4.0], 0.0, certify=True)
    data = found.to_xarray()
    assert np.array_equal(data["certified_count"], data["count"])
    low, high = data["certified_energy"].transpose("end", ...).values
    energy = np.where(np.isfinite(low), data["energy"].values, np.nan)
    assert np.isfinite(energy).sum() == 2
    assert np.nanmax(high - low) < 1e-12 and np.nanmax(np.abs(energy - low)) < 1e-9
    assert "h_R = 1.5: 0 at k_perp < 0.742" in str(found)
    with pytest.raises(SystemFileError, match="stack"):
        sc.bound_states("pt-co-alox", certify=True)


#: One layer with magnetism and a spin-orbit term, magnetisations that differ; one source alone.
LAYERED = {
    **tables(0.5, 0.7, barrier=0.6, exchange=0.1, rashba=0.1, magnetization=[1.0, 0.0, 2.0]),
    "normal": {"potential": 2.0},
    "layer": [
        {
            **{"thickness": 0.3, "potential": 0.3, "exchange": 0.5, "mass": 0.8, "rashba": 0.2},
            "magnetization": [1.0, 0.5, 2.0],
            "interface": {"barrier": 0.1, "rashba": 0.1},
        }
    ],
}
LAYERED["ferromagnet"] |= {"magnetization": [0.0, 1.0, 3.0], "mass": 0.7}


def test_all_sources_have_green_s_function(monkeypatch: pytest.MonkeyPatch) -> None:
    """All open sources together: their flows, added, are those of one side's poles; not so with a sign."""
    with ctx.workprec(128):
        problem, _ = read(LAYERED | {"normal": {"potential": 0.0}})
        part, sources = sums.ranges(problem)[0]
        assert len(sources) == 2

        def difference() -> float:
            _, k_perp, waves = part.at(acb(0.4))
            one = stack.States(problem, k_perp, waves, acb(0.7), acb(1))
            each = stack.flows(problem, one, one, waves, sources)
            every = stack.flows(problem, one, one, waves, [stack.ALL])
            size = abs(one.det) ** 2
            added = [sum(each[n :: len(every)], acb(0)).real / size for n in range(len(every))]
            return max(float(abs(a - (b / one.det).real)) for a, b in zip(added, every, strict=True))

        assert difference() < 1e-30
        right = stack.States.green
        monkeypatch.setattr(stack.States, "green", lambda states: right(states) * acb(1, 1e-12))
        assert difference() > 1e-14


def mean_of_fraction(goal: float) -> arb:
    """Enclose the mean over φ, summed over u from 0 to 1, of (2 + cos φ)/|u + 1 + i(1 - cos φ/2)|²."""

    def D(u: acb, angle: acb) -> acb:
        return u + 1 + acb(0, 1) * (1 - angle.cos() / 2)

    def parts(u: acb, angle: acb) -> tuple[list[acb], acb, acb]:
        return [2 + angle.cos()], D(u, angle), D(u.conjugate(), angle.conjugate()).conjugate()

    found = angles.by_points(angles.Fraction2(parts, D, 2), arb(0), arb(1), arb(goal))
    assert found is not None
    return found[0]


@pytest.mark.parametrize(("factor", "nest"), [(1.0, True), (1e-8, False)])
def test_sums_over_angles_nest(monkeypatch: pytest.MonkeyPatch, factor: float, nest: bool) -> None:
    """A wide interval holds the narrow one; not so if bounds in the complex plane are too small."""
    with ctx.workprec(128):
        narrow = mean_of_fraction(1e-20)
        monkeypatch.setattr(
            "sotcheck.referee.angles.largest", lambda *args, **how: largest(*args, **how) * factor
        )
        wide = mean_of_fraction(1e-6)
        assert wide.overlaps(narrow) == nest
        assert narrow.rad() < 1e-18 and (not nest or wide.rad() > 100 * narrow.rad())


def test_no_more_time_than_asked_for() -> None:
    with pytest.raises(UnprovedError, match=r"not proved within 0\.05 s"):
        prove(LAYERED, seconds=0.05)


def hold(found: Enclosure, said: dict[str, Any], error: float) -> bool:
    """Whether t, all layers' torques and all flows of a row lie in what is proved of its source."""
    pairs = [(found.vector, said["vector"])]
    pairs += zip(found.layers, (one["torque"] for one in said["layers"]), strict=True)
    for four, one in zip(found.interfaces, said["interfaces"], strict=True):
        pairs += zip(four, [one[name] for name in FLOWS], strict=True)
    return all(
        near(ball, x, error) for balls, numbers in pairs for ball, x in zip(balls, numbers, strict=True)
    )


@pytest.mark.parametrize("engine", ["continuum", "first-order"])
def test_stacks(engine: str) -> None:
    """Every layer's torque and every flow of a stack, exact and to first order, lie within."""
    with ctx.workprec(96):
        problem, scale = read(LAYERED, scale=0.5)
        found = stack_torque(problem, arb(3e-5), first_order=engine == "first-order")["majority"]
    assert scale == 0.5
    table = sc.torque(from_document(LAYERED, "x"), engine, scale=0.5)
    row = next(row for row in table if row.source == "majority")
    assert hold(found, row.to_dict(from_document(LAYERED, "x")), row.t.total)
    assert 0 < found.radius < 0.1 * max(abs(float(one)) for one in found.vector)


#: The same with one spin-orbit term, at the first interface: it has closed forms.
ONE_SITE = {**LAYERED, "layer": [{**LAYERED["layer"][0], "rashba": 0.0, "interface": {"barrier": 0.1}}]}
#: With a term at each interface, which has one to first order.
TWO_SITES = {**LAYERED, "layer": [{**LAYERED["layer"][0], "rashba": 0.0}]}


@pytest.mark.parametrize("seed", [2, 4, 6, 8, 7, 9, 11])
def test_means_in_closed_form(seed: int) -> None:
    """Of ζ^m/|det G|², against very many angles; c times them, where states are bound at c = 0."""
    rng = np.random.default_rng(seed)
    (e, o), c = rng.normal(size=(2, 3)) + 1j * rng.normal(size=(2, 3)), 0.3
    # Real at real angles for imaginary c, and as small at some angles.
    e, o = e + e[::-1].conj() * [1, 0, 1], o - o[::-1].conj()
    e[1] = 0.5 * abs(e[0])
    d = e + c * o if seed % 2 else np.array([0.7, 1.0, 0.2]) * (rng.normal(size=3) + 1j * rng.normal(size=3))
    zeta = np.exp(2j * np.pi * np.arange(20_000) / 20_000)
    over = 1 / np.abs(d[0] / zeta + d[1] + d[2] * zeta) ** 2
    det, twin = ([acb(one) for one in some] for some in (d, d[::-1].conj()))
    squares = [square_of_root(one) for one in (det, twin)]
    branch = Branch.of(det, squares)
    assert branch is not None
    o = [one / (2 * c) for one in wronskians(det, twin)]
    for factor, some, pivot in ((1.0, [], 0), (c, o, 0), (c, o, 1), (c, o, 2)):
        found = replace(branch, pivot=pivot).weights(
            det, twin, squares, some, branch.gaps(det, twin, squares)
        )
        for m, weight in zip(range(-4, 5), found, strict=True):
            assert complex(weight) == pytest.approx(factor * (zeta**m * over).mean(), rel=1e-9, abs=1e-12)


def panel_of_a_stack() -> Panel:
    """Return one of what is summed where all channels are open."""
    problem, _ = read(ONE_SITE)
    form = closed_form(problem, first_order=False)
    assert form is not None
    part, sources = sums.ranges(problem)[0]
    found = Panel.of(form, layered.Flows(problem, part, sources, False), arb(0.3), arb(0.05), ends=False)
    assert found is not None
    return found


def some_panel(known: float, goal: float, monkeypatch: pytest.MonkeyPatch) -> list[arb] | None:
    """Enclose flows of some k_perp, of what is known so well."""
    monkeypatch.setattr(panel, "KNOWN", known)
    with ctx.workprec(192):
        return panel_of_a_stack().piece(arb(-1), arb(1), arb(goal))


@pytest.mark.parametrize(
    ("fault", "wide"),
    [(None, (0.08, 1e-18)), (None, (0.42, 1e3)), ("off", (0.08, 1e-18)), ("bound_in", (0.42, 1e3))],
)
def test_panels_nest(fault: str | None, wide: tuple[float, float], monkeypatch: pytest.MonkeyPatch) -> None:
    """What is known little of, or summed roughly, holds what is known well; not if bounds are too small."""
    narrow = some_panel(0.55, 1e-20, monkeypatch)
    where = Panel if fault == "off" else panel
    if fault is not None:
        right = getattr(where, fault)
        monkeypatch.setattr(where, fault, lambda *args: right(*args) * 1e-20)
    found = some_panel(*wide, monkeypatch)
    assert narrow is not None and found is not None
    pairs = list(zip(found, narrow, strict=True))
    assert all(one.overlaps(other) for one, other in pairs) == (fault is None)
    assert fault is not None or max(one.rad() for one, _ in pairs) > 1e4 * max(one.rad() for _, one in pairs)


def test_residues_say_the_same_as_products(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where states decay as well, so that both know as much."""
    monkeypatch.setattr(panel, "NARROW", math.inf)
    with ctx.workprec(192):
        one = panel_of_a_stack()
        products, residues = (
            one._by_nodes(arb(-1), arb(1), arb(1e-20), by_residues=way) for way in (False, True)
        )
    assert products is not None and residues is not None
    assert all(one.overlaps(other) for one, other in zip(products, residues, strict=True))
    assert max(one.rad() for one in products + residues) < 1e-15 * max(abs(one) for one in products)


def test_a_weak_term_next_to_a_bound_state() -> None:
    """Of minority electrons, among channels of the others: their resonance is as narrow as h_R² = 2e-6."""
    document = tables(1.2, 0.8, barrier=-0.9, exchange=0.6, rashba=0.0015, magnetization=[0.5, 0.6, 0.4])
    document["normal"] = {"potential": 0.8}
    proved = prove(document)
    largest = max(abs(float(one)) for found in proved.values() for one in found.vector)
    rows = {row.source: row for row in sc.torque(from_document(document, "x"), "continuum")}
    for source, found in proved.items():
        row = rows[source]
        assert found.radius <= RADIUS * largest
        assert hold(found, row.to_dict(from_document(document, "x")), row.t.total)


def test_a_stack_behind_an_opaque_layer() -> None:
    """Waves lose seventeen digits in it, which sources on either side are enclosed in spite of."""
    document = to_document(one_site(38, "collinear"))
    assert decay(one_site(38, "collinear")) > 40
    proved = prove(document)
    largest = max(abs(float(one)) for found in proved.values() for one in found.vector)
    for row in sc.torque(from_document(document, "x"), "continuum"):
        found = proved[row.source]
        assert found.radius <= RADIUS * largest
        assert hold(found, row.to_dict(from_document(document, "x")), row.t.total)


class Plain:
    """What a panel is made of where all waves stay open."""

    def common(self, u: acb) -> acb:
        return acb(1)


@pytest.mark.parametrize("drop", [False, True])
@pytest.mark.parametrize("of", [0, 1, 2])
def test_what_nodes_do_not_see_is_allowed_for(of: int, drop: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """Eight nodes take 1 + c T_8 for 1: numerators, det G or r² are so. No rest makes up for another's."""
    along, rho, c, s = 8, 32.0, 1e-4, 0.2
    form = Form((-1, 0, 1), range(-4, 5), 9, Branch.of, by_residues=False)
    det, squares = [acb(s), acb(1), acb(s)], [acb(1 - 4 * s * s)] * 2
    seen = [[acb_poly([one]) for one in some] for some in (det, det, squares)]
    bounds = [arb(1 + n / 10 + (c * rho**along if n == of else 0)) for n in range(3)]
    ones = acb_mat([[1]] * (along * form.angles))
    one = Panel(form, Plain(), arb(0), arb(1), False, rho, [*bounds, arb(0)], ones, [*seen, []])  # type: ignore[arg-type]
    if drop:
        right = Panel.off
        monkeypatch.setattr(Panel, "off", lambda p, bound, r: right(p, bound * (bound != bounds[of]), r))
    branch = Branch.of(det, squares)
    assert branch is not None

    def mean(x: arb) -> arb:
        """Return that of the numerator 1 and all this, one of which is not what it was seen to be."""
        more = [1 + c * x.chebyshev_t(along) if n == of else arb(1) for n in range(3)]
        own, two = [one * more[1] for one in det], [one * more[2] for one in squares]
        return (more[0] * branch.weights(own, own, two, [], branch.gaps(own, own, two))[4]).real

    with ctx.workprec(192):
        found = one.piece(arb(-1), arb(1), arb(1e-9))
        true = sum((weight * mean(x) for x, weight in quadrature.rule(40, 192)), arb(0))
    assert found is not None
    assert found[0].overlaps(true) != drop


@pytest.mark.parametrize(
    ("engine", "document"), [("continuum", ONE_SITE), ("first-order", ONE_SITE), ("first-order", TWO_SITES)]
)
def test_closed_forms_of_stacks(engine: str, document: dict[str, Any]) -> None:
    """Every flow of a stack with few spin-orbit terms lies within, narrowly enclosed."""
    proved = prove(document, first_order=engine == "first-order")
    largest = max(abs(float(one)) for found in proved.values() for one in found.vector)
    for row in sc.torque(from_document(document, "x"), engine):
        found = proved[row.source]
        assert found.radius <= RADIUS * largest
        assert hold(found, row.to_dict(from_document(document, "x")), row.t.total)


def test_check_of_a_stack_holds_it_against_what_is_proved() -> None:
    """With one term all engines; with two first order, and it is said why not others. No verdict is worse."""
    for document, engines in (
        (ONE_SITE, {"first-order", "continuum", "kwant"}),
        (TWO_SITES, {"first-order"}),
    ):
        result = sc.check(from_document(document, "x"))
        assert {one.engine for one in result if one.claim == "proved"} == engines
        assert ("no exact torque is proved" in str(result.warnings)) == (document is TWO_SITES)
        assert result.exit_status == 0


def test_a_torque_a_millionth_off_departs_from_what_is_proved(monkeypatch: pytest.MonkeyPatch) -> None:
    """In the rows themselves, after all sums; a plain sum sees it where it is as sure."""
    right = exact_rows.rows_of

    def off(*given: Any) -> Any:
        return [replace(row, t=row.t * (1 + 1e-6)) for row in right(*given)]

    monkeypatch.setattr(exact_rows, "rows_of", off)
    result = sc.check(from_document(ONE_SITE, "x"), engine="continuum")
    assert {one.claim for one in result if one.verdict == "disagrees"} == {"proved", "plain-sum"}
