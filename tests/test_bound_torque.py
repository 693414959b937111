"""The torque of bound states at E_F: both engines, the ledger, when there is a row, and who warns of it."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

import numpy as np
import pytest
from conftest import interface, random_interface
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

import sotcheck as sc
from sotcheck.beyond.document import bound_at_limit, on_bound_states
from sotcheck.beyond.warnings import warnings
from sotcheck.bound.contour import Arc, Contour
from sotcheck.bound.fermi import first_states, occurrence
from sotcheck.bound.flows import Chain, bound_flows
from sotcheck.bound.portrait import EFFECTS
from sotcheck.bound.spin_density import bound_share
from sotcheck.bound.states import decay_constants, k_max
from sotcheck.engines import EXACT, KwantChain
from sotcheck.exact.observables import components, ledger_residual, torque_from_flows
from sotcheck.numerics.convergence import richardson
from sotcheck.pages.figures import mark_bound_states
from sotcheck.pages.sentences import on_bound_states as reported
from sotcheck.system.files import from_document, load, to_document
from sotcheck.system.interface import Interface
from sotcheck.trial.paper import load as load_paper

EXACTLY, BY_KWANT = EXACT["continuum"], EXACT["kwant"]
#: From the issue that asked for this: bound states carry 4.5 times the torque of the scattering states.
ATTRACTIVE = interface(u_0=-0.5, u_m=0.3, h_R=0.05)
BULK = load("bulk-magnetism")
#: Narrow rings around k = 0, wide ones, arcs that meet the continuum and that turn back; m out of the plane.
CASES = (
    (ATTRACTIVE, 0.05),
    (ATTRACTIVE, 1.2),
    (ATTRACTIVE.with_(m=(0.0, 0.0, 1.0)), -0.3),
    (BULK, 1.2),
    (BULK, -1.8),
    (interface(E_F=2.47, U_N=-0.24, U_F=-0.09, J=0.27, u_0=-1.03, u_m=-0.71, m=(-1, 5, 4)), 0.05),
)


def random_case(seed: int) -> tuple[Interface, float]:
    """An interface with bound states at E_F, at some h_R."""
    rng = np.random.default_rng([20170915, seed])
    tried = ((random_interface(rng), rng.uniform(-1.5, 1.5)) for _ in range(1000))
    return next(case for case in tried if occurrence(*case).has_bound_edge)


@pytest.mark.parametrize(("iface", "h_R"), [*CASES, *map(random_case, range(4))])
def test_both_engines_agree(iface: Interface, h_R: float) -> None:
    """Within their budgets, which are small; angular momentum is conserved, and t = (3) + (4)."""
    exact, kwant = (bound_flows(engine, iface, h_R, 1e-9) for engine in (EXACTLY, BY_KWANT))
    size = np.abs(exact.value).max()
    budget = exact.total + kwant.total
    assert np.abs(exact.value - kwant.value).max() <= budget < 1e-7 * size
    for found in (exact, kwant):
        assert np.abs(ledger_residual(found.value)).max() < 1e-13 * size
        t = torque_from_flows(found.value, iface.direction)
        np.testing.assert_allclose(t, found.value[2], atol=1e-9 * size)


@pytest.mark.parametrize("above", [1e-4, 1e-8])
def test_next_to_the_threshold_kwant_says_what_it_leaves_out(above: float) -> None:
    """Where a state hardly leaves the band edge its self-energies have no digits: the budget is as large."""
    h_R = first_states(BULK).h_R * (1 + above)
    exact, kwant = (bound_flows(engine, BULK, h_R, 1e-9) for engine in (EXACTLY, BY_KWANT))
    assert 0 < np.abs(exact.value).max() < kwant.size("quadrature").max() < 1e-2 * above


def test_nothing_by_symmetry_takes_no_time() -> None:
    """m ∥ ŷ: no flow at all, but rounding."""
    iface = ATTRACTIVE.with_(m=(0.0, 1.0, 0.0))
    for engine in (EXACTLY, BY_KWANT):
        found = bound_flows(engine, iface, 0.5, 1e-9)
        assert np.abs(found.value).max() <= found.size("quadrature").max() < 1e-13


def test_budgets_hold_on_random_interfaces() -> None:
    """Just beyond the h_R that binds, where arcs are short and Kwant rounds most."""
    rng, tried = np.random.default_rng(1), 0
    while tried < 30:
        numbers = [rng.uniform(*ends) for ends in ((0.5, 3), (-0.5, 1), (0, 1), (-1, 0.2), (-0.5, 0.5))]
        changes = dict(zip(("E_F", "U_F", "J", "u_0", "u_m"), numbers, strict=True))
        iface = BULK.with_(m=tuple(rng.normal(size=3)), **changes)
        first = first_states(iface).h_R
        h_R = first * (1 + 10 ** rng.uniform(-4, -1)) if first > 0 else 0.03
        if not 0 < h_R < 1.9 or not occurrence(iface, h_R).has_bound_edge:
            continue
        exact, kwant = (bound_flows(engine, iface, h_R, 1e-9) for engine in (EXACTLY, BY_KWANT))
        assert np.all(np.abs(exact.value - kwant.value) <= exact.error + kwant.error), (iface, h_R)
        tried += 1


def test_kwant_finds_its_own_contour(monkeypatch: pytest.MonkeyPatch) -> None:
    """A hint 2 % off changes nothing; self-energies 2 % off are seen."""
    iface, h_R = CASES[3]
    right = bound_flows(BY_KWANT, iface, h_R, 1e-9)
    arcs, by_kwant = Contour.arcs, Chain.by_kwant

    def shifted(self: Contour) -> list[Arc]:
        return [arc._replace(p=(0.98 * arc.p[0], 0.98 * arc.p[1])) for arc in arcs(self)]

    monkeypatch.setattr(Contour, "arcs", shifted)
    again = bound_flows(BY_KWANT, iface, h_R, 1e-9)
    np.testing.assert_allclose(again.value, right.value, atol=1e-9 * np.abs(right.value).max())
    monkeypatch.setattr(Chain, "by_kwant", lambda self, p: 1.02 * by_kwant(self, p))
    off = np.abs(bound_flows(BY_KWANT, iface, h_R, 1e-9).value - right.value).max()
    assert off > 0.01 * np.abs(right.value).max()


def test_stiffness_is_that_of_decaying_waves() -> None:
    """q_N and Q̂_F on the exact chain, q √(1 + (qa)²/4) on finite differences; p = 0 is at k_max."""
    p = np.array([1e-3, 0.3, 4.0])
    q = decay_constants(BULK, p)
    for spacing in (None, 0.1):
        expected = q * np.sqrt(1 + (q * (spacing or 0.0)) ** 2 / 4)
        found = Chain(BULK, 1.0, spacing).stiffness(p)
        np.testing.assert_allclose(found[0], expected[0], rtol=1e-9)
        np.testing.assert_allclose(found[1:].mean(axis=0), expected[1:].mean(axis=0), rtol=1e-9)
        np.testing.assert_allclose(found[1] - found[2], expected[1] - expected[2], rtol=1e-9)
    assert Chain(BULK, 0.5, None).w(np.array([0.0])) == pytest.approx(0.5 * k_max(BULK))


def test_finite_differences_by_their_ladder() -> None:
    """Of second order in the spacing; their limit is the continuum's."""
    iface, h_R = CASES[2]
    exact = bound_flows(EXACTLY, iface, h_R, 1e-9).value
    rungs = [bound_flows(KwantChain("finite-difference", a), iface, h_R, 1e-6).value for a in (0.4, 0.2, 0.1)]
    fit = richardson(np.array(rungs), (2, 4))
    off = [np.abs(flows - exact).max() for flows in rungs]
    assert 1.9 < np.log2(off[1] / off[2]) < 2.1
    assert np.abs(fit.value - exact).max() <= fit.error.max() < 1e-4 * np.abs(exact).max()


def test_torque_has_a_row_where_bound_states_lie_at_fermi_energy() -> None:
    """From the first h_R on, up to where there is no Fermi sea; in totals only with a relaxation time."""
    h_R = [0.5, 1.2, 2.0, 2.5]
    iface = BULK.with_(tau_bound=0.5, tau_up=2.0)
    table = sc.torque(iface, ["first-order", "continuum"], h_R=h_R, tolerance=1e-3)
    (row,) = (row for row in table if row.source == "bound")
    assert (row.engine, row.h_R) == ("continuum", 1.2)
    document = row.to_dict(iface)
    np.testing.assert_array_equal(document["spin_current_minus"], np.zeros(3))
    split = document["fieldlike"], document["dampinglike"]
    assert split == pytest.approx(components(row.vector, iface.direction), rel=1e-13)
    assert 0 < document["uncertainty"]["total"] < 1e-9 * np.linalg.norm(row.vector)
    (total,) = (t for t in table.totals() if t.engine == "continuum" and t.h_R == 1.2)
    parts = {r.source: r.vector for r in table if r.engine == "continuum" and r.h_R == 1.2}
    expected = parts["normal"] + 2 * parts["majority"] + parts["minority"] + 0.5 * parts["bound"]
    np.testing.assert_allclose(total.vector, expected, rtol=1e-13)
    assert len(table.scattering()) == 2 * 3 * len(h_R)
    assert "for a relaxation time of their own (relaxation.bound = 0.5 in totals)" in str(table)


def test_without_spin_orbit_coupling_bound_states_carry_nothing() -> None:
    for engine in ("continuum", "kwant"):
        (row,) = (row for row in sc.torque(ATTRACTIVE, engine, h_R=0.0) if row.source == "bound")
        assert np.abs(row.vector).max() < 1e-20


def test_relaxation_time_is_a_key_of_the_system_file() -> None:
    document = to_document(BULK)
    assert document["relaxation"].pop("bound") == 0.0
    assert from_document({**document, "relaxation": {"bound": 0.25}}, "test").tau_bound == 0.25


@pytest.mark.parametrize(
    ("iface", "h_R", "words"),
    [
        (ATTRACTIVE, 0.05, "which the interface binds by itself, and the scattering formula leaves them out: "
         "for equal relaxation times they carry 4.5 times its torque"),
        (ATTRACTIVE.with_(u_m=0.0), 0.1, "leaves them out; they carry no torque"),
        (ATTRACTIVE, 0.0, "they carry no torque"),
        (ATTRACTIVE, -2.0, "there is no ground state (the energy of bound states falls as"),
        (BULK, 1.2, "at h_R = 1.2 states bound to the interface lie at E_F, and the scattering formula "
         "leaves them out: for equal relaxation times they carry 3.4 times its torque"),
        (BULK, 2.0, "there is no ground state (bound states stay below E_F however large k_perp"),
        (BULK, 2.5, "there is no ground state (the energy of bound states falls as k_perp^2 (1 - h_R^2/4))"),
    ],
)  # fmt: skip
def test_warnings_say_how_much_bound_states_carry(iface: Interface, h_R: float, words: str) -> None:
    (warning,) = warnings(iface, [h_R])
    assert words in warning
    assert sc.torque(iface, "continuum", h_R=h_R, tolerance=1e-3).warnings == (warning,)


def test_no_warning_without_bound_states() -> None:
    assert warnings(BULK, [0.05, 0.7]) == []
    assert warnings(BULK) == []
    (always,) = warnings(ATTRACTIVE)
    assert "binds states at E_F by itself, at any h_R" in always


def test_share_needs_no_torque_that_is_known() -> None:
    rows = sc.torque(BULK, "continuum", h_R=1.2, tolerance=1e-3).scattering()
    scattering = np.sum([row.vector for row in rows], axis=0)
    share = bound_share(BULK, 1.2, scattering)
    assert share is not None
    assert share == pytest.approx(bound_share(BULK, 1.2), rel=1e-2)
    assert bound_share(BULK, 1.2, 2 * scattering) == pytest.approx(share / 2)
    assert bound_share(BULK, 1.2, np.zeros(3)) == np.inf


@pytest.mark.parametrize(
    ("iface", "h_R", "rows"),
    [
        (BULK, 0.05, [("states added at any", "agrees"), ("h_R brings", "agrees")]),
        (BULK, 0.8, [("states added at any", "inconclusive"), ("h_R brings", "inconclusive")]),
        (ATTRACTIVE, 0.05, [("states added to 2 that the interface binds by itself at any", "agrees")]),
        (EFFECTS["attractive"], 0.05, [("states added to 1 that the interface binds by itself", "agrees")]),
        # Nothing is bound without h_R, and any h_R binds.
        (EFFECTS["transparent"], 0.05, [("states added at", "inconclusive"), ("h_R brings", "inconclusive")]),
    ],
)  # fmt: skip
def test_claim_tells_adds_none_from_there_is_none(iface: Interface, h_R: float, rows: list[Any]) -> None:
    claim = cast(Any, load_paper("kim2017").entries["check bound-states"])
    found = list(claim.judge(SimpleNamespace(iface=iface, bound_states=[occurrence(iface, h_R)])))
    assert [trial.comparison.verdict for trial in found] == [verdict for _, verdict in rows]
    assert all(trial.quantity.startswith(words) for trial, (words, _) in zip(found, rows, strict=True))


@pytest.mark.parametrize(
    ("iface", "words"),
    [
        (ATTRACTIVE, "binds 2 states by itself, which reach E_F at any h_R"),
        (BULK, "from |h_R| = 0.704 on bound states lie at E_F"),
        (BULK.with_(u_0=10.0), "none lies at E_F below |h_R| = 2"),
    ],
)
def test_report_says_what_its_curves_leave_out(iface: Interface, words: str) -> None:
    found = occurrence(iface, 0.05)
    state = {"lowest_eigenvalue": found.lowest, "first_h_R_at_fermi_energy": found.first_h_R}
    assert words in reported({"h_R": 0.05, "k_perp": found.k_perp, "alone": found.alone, **state})
    assert "binds 1 state by itself, which reaches" in reported({"alone": 1, **state})


@pytest.mark.parametrize(("start", "shown"), [(0.0, [(0.01, 2.0)]), (0.7, [(0.7, 2.0)]), (2.0, [])])
def test_figures_shade_where_bound_states_are_left_out(start: float, shown: list[Any]) -> None:
    axes = Figure().subplots()
    mark_bound_states(axes, start, np.array([0.01, 0.5, 2.0]))
    spans = [cast(Rectangle, patch).get_bbox().intervalx for patch in axes.patches]
    np.testing.assert_allclose(np.ravel(spans), np.ravel(shown))


def test_trust_maps_say_where_bound_states_are_left_out() -> None:
    def point(start: float | None, limit: float | None, kind: str = "found") -> dict[str, Any]:
        return {"bound_from": start, "h_R": limit, "kind": kind}

    marked = [point(0.0, None, "vanishes"), point(0.0, 0.1), point(0.3, 0.4), point(0.7, None, "beyond")]
    free = [point(0.5, 0.4), point(None, None, "no state"), point(0.5, None, "vanishes")]
    assert all(map(bound_at_limit, marked))
    assert not any(map(bound_at_limit, free))
    (sentence,) = on_bound_states([*marked, *free])
    assert sentence.startswith("Warning: at 4 of 7 points bound states lie at E_F below the limit (at 2 of")
    assert list(on_bound_states(free)) == []
