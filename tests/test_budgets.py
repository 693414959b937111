"""No false word: budgets hold where band edges nearly coincide, interfaces are opaque or m is near ŷ."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import sotcheck as sc
from sotcheck.engines import KwantChain, Matching
from sotcheck.errors import EngineError
from sotcheck.exact.observables import summed_errors
from sotcheck.numerics.arrays import Array
from sotcheck.numerics.quadrature import sample
from sotcheck.system.interface import Interface
from sotcheck.system.states import Errors
from sotcheck.system.structure import Structure

BULK = sc.load("bulk-magnetism")
M = (0.48, -0.6, 0.64)


def made(**changes: Any) -> Interface:
    return BULK.with_(**{"name": "tried", "title": "", "reference": "", "m": M, **changes})


def doubtful(rng: np.random.Generator) -> Interface:
    """Edges that nearly coincide with others or with E_F, exchanges and deltas of any size."""
    while True:
        near = float(10 ** rng.uniform(-9, -1)) * rng.choice([0, 1])
        E_F, J = rng.uniform(0.5, 3), float(rng.choice([0, 1e-6, 0.3, 1, 3, 50]))
        u_0 = float(rng.choice([0, rng.uniform(-2, 2), 100, 1e4]))
        try:
            return made(
                E_F=E_F,
                J=J,
                U_N=float(rng.choice([0, E_F - near, rng.uniform(-2, 2)])),
                U_F=float(rng.choice([0, J, -J, E_F - J - near, E_F + J - near, rng.uniform(-2, 2)])),
                u_0=u_0,
                u_m=float(rng.choice([0, u_0, -u_0, rng.uniform(-2, 2), 1e3])),
                m=tuple(rng.normal(size=3)),
            )
        except sc.SotcheckError:
            continue


@pytest.mark.parametrize("seed", range(4))
def test_engines_differ_by_less_than_their_errors_at_every_node(seed: int) -> None:
    """Not by orders of magnitude less at the worst one, or the bound would be worth nothing."""
    rng = np.random.default_rng(seed)
    continuum, kwant = Matching(), KwantChain()
    closest = 0.0
    for _ in range(12):
        iface = doubtful(rng)
        grid = np.broadcast_arrays(
            sample(iface.thresholds(), 8)[:, None, None],
            np.array([0.4, 0.4 + np.pi, 1.9])[:, None],
            np.array([1e-3, 0.1, 1.0, 5.0]),
        )
        try:
            other = kwant.solve(iface.structure, *grid)
        except EngineError:
            continue  # too near an edge for Kwant's modes: it says so
        one = continuum.solve(iface.structure, *grid)
        bounds = [e.errors(iface.structure, *grid) for e in (continuum, kwant)]
        bound_psi = bounds[0].psi + bounds[1].psi
        psi_F = np.abs(one.psi_F - other.psi_F).max(axis=(-1, -2))
        for off, bound in (
            (np.abs(one.flows - other.flows).max(axis=(-1, -2)), bounds[0].flows + bounds[1].flows),
            (np.abs(one.psi_N - other.psi_N).max(axis=(-1, -2)), bound_psi[..., 0]),
            (psi_F, bound_psi[..., 1:].max(axis=-1)),
        ):
            assert np.all(off <= bound), iface
            closest = max(closest, float((off[bound > 0] / bound[bound > 0]).max(initial=0.0)))
        for states, errors in ((one, bounds[0]), (other, bounds[1])):
            assert np.all(states.unitarity_defect() <= 4 * errors.amplitudes.max(axis=-1)), iface
    assert closest > 1e-3


#: Interfaces on which the budgets of one typical node were too small, and verdicts wrong.
NEAR_EDGES: dict[str, dict[str, Any]] = {
    "U_F just above J": {"E_F": 1.5, "U_F": 1.003, "J": 1.0, "u_0": 0.4, "u_m": 0.3},
    "E_F just above an edge": {"E_F": 1 + 1e-5},
    "E_F at an edge": {"E_F": 1 + 1e-9, "U_F": 1 + 1e-9, "J": 1e-9},
    "opaque": {"u_m": 1e3},
    "huge exchange": {"J": 1e4},
    "m next to y": {"m": (1e-7, 1.0, 0.0)},
    "a channel matched to 1e-12": {"E_F": 1.5, "U_F": -1.000000000001, "m": (0.0, -1.0, 1.0)},
    # Local orders of 3.7, 1.93, 1.70, 1.93: nothing that a fit of three of them is to call an order.
    "a resonance that coarse lattices miss": {
        "E_F": 2.0132624911506913, "U_N": -0.9050008838804704, "U_F": 1.5570880501992361,
        "J": 0.9021685899191475, "u_0": 0.9160729873923343, "u_m": -0.1508924299141865,
        "h_R": 1.5091498119437252, "m": (0.02161206220729548, -0.11063522406501289, 0.0687923704514405),
    },
}  # fmt: skip


@pytest.mark.parametrize("name", NEAR_EDGES)
def test_no_wrong_disagreement(name: str) -> None:
    """What disagrees is wrong; what cannot be told says why, and is little."""
    found = sc.check(made(**NEAR_EDGES[name]))
    assert not [f for f in found if f.verdict == "disagrees"]
    # Beyond (C5) the paper itself expects bound states: nothing to be sure of.
    doubts = [f for f in found if f.verdict == "inconclusive" and f.claim != "bound-states"]
    assert all("inconclusive: " in f.explanation or "not to be had" in f.explanation for f in doubts)
    # Next to no radius of convergence first order is told by nothing, and that is said.
    most = {"E_F at an edge": 0.15, "a channel matched to 1e-12": 0.5}
    assert len(doubts) <= most.get(name, 0.05) * len(found)


def test_a_refusal_is_a_finding_and_the_rest_is_judged() -> None:
    """Kwant has no modes that near an edge: `continuum` goes on, and the row says what is missing."""
    found = sc.check(made(E_F=1.5 + 1e-11, J=1.0, U_F=0.5))
    refused = [f for f in found if f.claim == "solvable"]
    assert {(f.engine, f.verdict) for f in refused} == {("kwant", "inconclusive")}
    assert "too close to a band edge" in refused[0].explanation
    assert {f.verdict for f in found if f.claim == "eq16c"} == {"agrees"}
    assert found.exit_status == 3


def test_without_magnetism_no_torque_agrees_with_none() -> None:
    """J = 0, u_m = 0: a torque that is zero by symmetry is no doubt."""
    found = sc.check(made(J=0.0, u_0=0.4), engine="continuum")
    assert {f.verdict for f in found if f.claim in ("eq16c", "linearity") and f.source == "normal"} == {
        "agrees"
    }
    assert not any(np.isnan(f.measured.value) for f in found)


@pytest.mark.parametrize("unit", [1e-6, 7e2, 1e6])
def test_verdicts_do_not_depend_on_the_unit_of_energy(unit: float) -> None:
    """The same three interfaces in other units: the same claims, the same verdicts."""
    for seed in range(3):
        rng = np.random.default_rng(seed)
        energies = dict(E_F=rng.uniform(1, 3), U_N=rng.uniform(-1, 0.5), U_F=rng.uniform(-1, 2), J=0.7)
        deltas = dict(u_0=rng.uniform(-0.5, 2), u_m=rng.uniform(-1, 1))
        rows = []
        for e in (1.0, unit):
            scaled = {key: e * value for key, value in energies.items()}
            iface = made(**scaled, **{key: e**0.5 * value for key, value in deltas.items()})
            rows.append(sorted((f.claim, f.verdict) for f in sc.check(iface, engine="continuum")))
        assert rows[0] == rows[1]


def test_components_next_to_y_have_budgets_of_their_own() -> None:
    """Within |m×ŷ| < 0.03 they cover what a tighter sum finds; the vector's own would not."""
    rng = np.random.default_rng(5)
    vectors_would = []
    for _ in range(25):
        tilt, turn = 10 ** rng.uniform(-9, np.log10(0.03)), rng.uniform(0, 2 * np.pi)
        m = (tilt * np.cos(turn), rng.choice([-1.0, 1.0]), tilt * np.sin(turn))
        iface = BULK.with_(m=m, h_R=float(rng.choice([0.05, 0.3, 1.0])))
        rough, fine = (sc.torque(iface, "continuum", tolerance=t).scattering() for t in (1e-4, 1e-12))
        for row, reference in zip(rough, fine, strict=True):
            assert row.parts is not None
            assert reference.parts is not None
            off = np.abs(row.parts.value - reference.parts.value)
            assert np.all(off <= row.parts.error)
            vectors_would.extend(off <= row.t.total)
    assert np.mean(vectors_would) < 0.97


@pytest.mark.parametrize(
    "options", [{"engine": "kwant"}, {"engine": ["kwant"], "scheme": "finite-difference"}]
)
def test_check_with_one_engine(options: dict[str, Any]) -> None:
    """Each exact engine can try the theory alone, the finite-difference lattice by its limit."""
    found = sc.check(BULK, **options)
    assert {f.engine for f in found} <= {"kwant", None}
    assert {f.verdict for f in found if f.claim.startswith("eq")} == {"agrees"}


def test_check_refuses_options_without_effect() -> None:
    with pytest.raises(EngineError, match="nothing to be checked against; add continuum or kwant"):
        sc.check(BULK, engine="first-order")
    with pytest.raises(EngineError, match="without the engine kwant, which alone has a lattice"):
        sc.check(BULK, engine="continuum", spacing=0.5)


class OffByOne(Matching):
    """Says of every flow that it may be off by one, whatever the source, and all of them alike."""

    independent = False

    def errors(self, structure: Structure, k_perp: Array, angle: Array, scale: Array) -> Errors:
        one = np.ones((*np.broadcast_shapes(*map(np.shape, (k_perp, angle, scale))), 3))
        return Errors(one, one, one)


def test_errors_of_states_are_summed_like_the_states(any_iface: Interface) -> None:
    """Errors of one give (1/4π)∫d²k/(2π)² k = (1/16π²)∫dx √x over each range, by hand."""
    found = summed_errors(OffByOne(), any_iface, np.array([0.1, 0.7]))
    x = np.array(any_iface.thresholds())
    expected = np.diff(x**1.5) * 2 / 3 / (16 * np.pi**2)
    assert found.shape == (len(x) - 1, 2, 3)
    np.testing.assert_allclose(found, expected[:, None, None] * np.ones((2, 3)), rtol=1e-12)


def test_errors_of_rounding_average_out(any_iface: Interface, monkeypatch: pytest.MonkeyPatch) -> None:
    """Those of n states add up to √n of one, at least: a third, with sixteen k_⊥."""
    h_R = np.array([0.3])
    alike = summed_errors(OffByOne(), any_iface, h_R)
    monkeypatch.setattr(OffByOne, "independent", True)
    some = summed_errors(OffByOne(), any_iface, h_R)
    assert np.all((some > alike / 4) & (some < alike / 2.5))
