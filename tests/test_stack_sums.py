"""k_⊥ sums of stacks: narrow resonances by themselves, budgets that hold; of 200 with SOTCHECK_STACKS=200."""

from __future__ import annotations

import os
from typing import Any

import numpy as np
import pytest
from conftest import strict
from layer_cases import CONTINUUM, random_stack

import sotcheck as sc
from sotcheck.engines import narrow as narrow_resonances
from sotcheck.engines.determinant import stack_poles
from sotcheck.engines.narrow import narrow_flows
from sotcheck.engines.poles import x_of
from sotcheck.errors import EngineError
from sotcheck.exact.inside import errors_of_t, flows_of, in_layers, total_torque
from sotcheck.exact.observables import exact_flows
from sotcheck.numerics import quadrature
from sotcheck.numerics.angles import ByAngle, Sum, separating
from sotcheck.numerics.estimate import Estimate
from sotcheck.numerics.nearpoles import fejer
from sotcheck.system.files import to_document
from sotcheck.system.stack import Stack
from sotcheck.system.structure import Structure
from sotcheck.trial import again

#: Random stacks whose budgets are tried.
SEEDS = range(int(os.environ.get("SOTCHECK_STACKS", "0"))) or [11, 14]
#: Torques by source of random stacks full of needles, to 1e-10: by panels, graded towards poles and kinks, in
#: doubles, and where a needle is narrower than 1e-9 by the referee's equations in 160 bits.
NEEDLES = {
    64: [
        [-0.0033384761620, -0.0014687719279, 0.0009828176194],
        [0.0020308475742, -0.0002821465523, -0.0009366231604],
        [-0.0007247083611, -0.0003664162266, -0.0003132269193],
    ],
    143: [
        [-0.0016553720602, -0.0012628080020, 0.0003774049057],
        [0.0096320536626, -0.0045492612286, -0.0030455524633],
        [-0.0001224697128, -0.0005200089228, 0.0015499037953],
    ],
}
#: So of two stacks at some angles with weights, to 4e-11 and 1e-14: at Fejér's between two kinks; and at one
#: and its opposite, next to needles in θ of half widths 7e-23 and 1e-25, in 600 bits.
BY_ANGLE = {
    64: (0.2051673 + (0.40604824 - 0.2051673) * fejer(15)[0], fejer(15)[1], 4e-11, [
        [-0.018416679422, 0.012772607329, 0.009478833346],
        [0.003721950802, 0.002430431188, -0.002577667153],
        [-0.001240086596, 0.001107592547, 0.000677805869],
    ]),
    80: (np.array([0.3]), np.ones(1), 1e-14, [
        [5.314103312858138e-3, 9.106659412646509e-4, 4.828707791902068e-3],
        [1.221761645857031e-3, 3.005737399363542e-2, -3.650727761624101e-2],
        [2.815245992101641e-3, -3.418770242189146e-5, 6.080632452107338e-3],
    ]),
}  # fmt: skip


def well(thickness: float) -> Stack:
    """A well with everything in it between two barriers."""
    barrier = {"potential": 4.0, "exchange": 0.3, "magnetization": (1, 0, 0)}
    inside = {
        "thickness": 2.0, "potential": 0.1, "exchange": 0.4, "magnetization": (0.6, 0, 0.8), "mass": 0.9,
        "spin_orbit": ((0.1, 0.2), (-0.3, 0), (0, 0.1)), "interface": {"exchange": 0.1, "barrier": 0.1},
    }  # fmt: skip
    ends = {"thickness": thickness, "interface": {"exchange": 0.2, "magnetization": (0, 1, 0)}}
    layers: Any = ({**barrier, **ends}, inside, {**barrier, "thickness": 0.9 * thickness})
    return Stack(
        name="well", E_F=1.5, U_N=0.1, U_F=-0.1, J=0.5, m=(0, 0.6, 0.8), u_0=0.1, h_R=0.3, layers=layers
    )


def resonances(structure: Structure, angle: float) -> list[complex]:
    """Return poles in x with their width, of the first range."""
    segment = (0.0, structure.thresholds()[1])
    theta = stack_poles(structure, segment, np.array(angle), np.array(1.0))
    inside = theta[(theta.real > 0) & (theta.real < np.pi / 2) & (np.abs(theta.imag) < 1e-4)]
    return [complex(x) for x in x_of(segment, inside)]


@pytest.mark.parametrize("thickness", [4.0, 5.0])
@pytest.mark.parametrize("angle", [0.4, 0.4 + np.pi])
def test_integral_over_a_narrow_resonance(
    thickness: float, angle: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All that a layer adds and takes, by source, against Gauss and Legendre's rule in arsinh (x/width)."""
    monkeypatch.setattr(narrow_resonances, "WORST", 0.0)
    structure, one = well(thickness).structure, np.array([1.0])
    for pole in resonances(structure, angle):
        width, far = abs(pole.imag), 0.02
        found, off = narrow_flows(structure, np.array([pole]), np.array([angle]), one)
        nodes, weights = np.polynomial.legendre.leggauss(200)
        reach = np.arcsinh(far / width)
        k_perp = np.sqrt(pole.real + width * np.sinh(nodes * reach))
        values = flows_of(CONTINUUM, structure, k_perp[:, None], np.array(angle), one[0])[:, 0]
        slope = width * reach * np.cosh(nodes * reach)
        # What lies beyond is 2/π of the width over the distance.
        direct = np.tensordot(weights * slope, values, 1) / (1 - 2 * width / (np.pi * far))
        inside = slice(4 * len(structure.interfaces) + 2, 4 * len(structure.interfaces) + 4)
        size = np.abs(found[0][:, inside]).max()
        assert size > 1e-2
        apart = np.abs(found[0][:, inside] - direct[:, inside])
        assert np.all(apart <= np.maximum(off[0], 4 * width * size))
        assert off.max() <= 1e3 * np.sqrt(width)


def test_a_state_that_spin_orbit_terms_alone_let_go() -> None:
    """What arrives interferes with it: all is of first order, and dampinglike torques of all sources cancel.

    Where N is closed the majority's has to vanish. Below √ε of the scale nothing is known, and it says so.
    """
    layers: Any = ({"thickness": 5.0, "potential": 0.3},)
    stack = Stack(name="embedded", E_F=1.5, U_N=3.0, J=0.5, m=(2, -1, 2), u_0=1.0, layers=layers)
    for h_R, relative in ((1e-3, 1e-3), (1e-5, np.inf)):
        rows = sc.torque(stack, "continuum", h_R=h_R, tolerance=1e-4)
        for row in rows:
            assert row.parts is not None
            assert abs(row.parts.value[1]) <= row.parts.error[1]
        assert rows[1].t.total <= relative * abs(rows[1].fieldlike)
    # To first order only the whole is known: nothing, rather than zero, of who takes what.
    table = sc.torque(stack, "first-order")
    assert [row["layers"] for row in strict(table.to_json())["torque"]] == [None] * 3
    assert table.warnings[0].endswith("first order misses its torque, added here")
    assert "who gives" not in str(table)


def test_a_level_where_another_state_has_a_node() -> None:
    """Ĝ⁻¹ has a pole next to a level whose home all but is another state's node: nothing happens there."""
    structure = random_stack(22).structure
    segment, angles = (structure.thresholds()[2], structure.thresholds()[3]), np.linspace(0.3393, 0.3399, 25)
    theta = stack_poles(structure, segment, angles, np.ones(1))
    at = np.nanargmax(np.where(np.abs(theta.imag) < 1e-7, theta.real, np.nan), axis=-1)
    x = x_of(segment, np.take_along_axis(theta, at[:, None], axis=-1)[:, 0])
    flows, off = narrow_flows(structure, x, angles, np.ones(25))
    assert np.abs(flows).max() > 1
    assert np.abs(np.diff(flows, 2, axis=0)).max() <= 1e-6 * np.abs(flows).max()
    assert off.max() <= 1e-10


def test_kinks_that_no_rule_feels() -> None:
    """Real ones divide; of complex ones all round those near the axis, and later those near a piece."""
    assert not separating(np.array([0.5 + 0.2j, 1.0 + 0.15j])).size
    np.testing.assert_allclose(separating(np.array([2.0, 0.5 + 0.2j, 1.0])), [0.5, 1.0, 2.0])
    np.testing.assert_allclose(separating(np.array([1.0, 1.5, 1.25 + 0.2j])), [1.0, 1.5])
    np.testing.assert_allclose(separating(np.array([3.1, 0.04 + 0.05j])), [0.04, 3.1])


@pytest.mark.parametrize("beyond", [0.0, 1e-5, 1e-3, 1e-1])
def test_a_branch_point_just_beyond_a_kink(beyond: float) -> None:
    """√(φ + b) from one kink to the next, a turn by π: to the tolerance, in few angles, within the budget."""
    found = quadrature.sum_over_k(
        lambda x, angles: np.sqrt(np.mod(angles, np.pi) + beyond) + 0 * x[:, None],
        [0.0, 1.0], 1e-8, 0.0, kinks=[0.0],
    )  # fmt: skip
    exact = ((np.pi + beyond) ** 1.5 - beyond**1.5) / (6 * np.pi**2)
    assert found.total.error <= 1e-8 * exact
    assert abs(found.total.value - exact) <= found.total.error + 1e-15 * exact
    assert found.angles <= 254


def test_a_resonance_counts_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """By nodes on its flanks or by itself: the same sums within both errors, which are small."""
    stack, sums = well(4.6), []
    for narrow in (1e-9, 1e-6):
        monkeypatch.setattr(quadrature, "NARROW", narrow)
        sums.append(exact_flows(CONTINUUM, stack, np.array([1.0]), rtol=1e-6).total)
    flanks, alone = sums
    size = np.abs(flanks.value).max()
    assert np.all(np.abs(flanks.value - alone.value) <= flanks.error + alone.error)
    assert max(flanks.total, alone.total) <= 1e-4 * size


def test_a_well_without_leaks_has_its_torque() -> None:
    """However thick the barriers are, a level takes what its couplings say, by their ratio."""
    rows = [sc.torque(well(d), engine="continuum", tolerance=1e-6) for d in (12.0, 24.0)]
    for table in rows:
        size = max(np.abs(row.vector).max() for row in table)
        assert size > 1e-4
        assert max(row.t.total for row in table) <= 1e-5 * size
        # That on the well itself, which nothing else reaches.
        torques = [in_layers(table.iface.structure, row.flows)[1, 1] for row in table]
        assert np.abs(torques).max() > 1e-5


def test_a_plain_rule_knows_what_it_may_miss() -> None:
    """Beside a resonance that no node sees it is as uncertain as it is large, however close its rules are."""
    stack = well(5.0)
    plain = again.plainly(CONTINUUM, stack, to_document(stack), {"scale": 1.0})
    assert plain.total >= np.abs(plain.value).max() > 0


def test_couplings_beyond_doubles_are_not_told() -> None:
    """From which side a level behind κd = 400 is filled: the budget is as large as what it would take."""
    rows = sc.torque(well(300.0), engine="continuum", tolerance=1e-4)
    assert min(row.t.total for row in rows[:2]) > 1e-5


@pytest.mark.parametrize(
    ("changes", "scale", "words"),
    [
        ({"rashba": 0.05}, 1e60, "equations are singular: a number is beyond double precision"),
        ({"thickness": 1e60}, 1.0, r"waves turn by 2\.59e\+59 radians in the layers"),
    ],
)
def test_numbers_beyond_doubles(changes: Any, scale: float, words: str) -> None:
    """Told by name, without a warning of NumPy's."""
    layers: Any = ({"thickness": 1.0, "potential": 0.3, **changes},)
    stack = Stack(name="beyond", E_F=1.5, u_0=0.2, h_R=0.1, m=(2, -1, 2), layers=layers)
    with pytest.raises(EngineError, match=words):
        sc.torque(stack, "continuum", scale=scale)


@pytest.mark.parametrize("seed", SEEDS)
def test_budgets_of_random_stacks(seed: int) -> None:
    """At 1e-4 and 1e-8 both say how far they are from 1e-11, vector and components."""
    stack = random_stack(seed)
    fine = sc.torque(stack, engine="continuum", tolerance=1e-11)
    for tolerance in (1e-4, 1e-8):
        for row, reference in zip(
            sc.torque(stack, engine="continuum", tolerance=tolerance), fine, strict=True
        ):
            assert np.abs(row.vector - reference.vector).max() <= row.t.total, tolerance
            assert row.parts is not None
            assert reference.parts is not None
            assert np.all(np.abs(row.parts.value - reference.parts.value) <= row.parts.error), tolerance


@pytest.mark.parametrize("seed", [58, 151])
def test_several_resonances_leave_no_error_untold(seed: int) -> None:
    """Weights of 10⁶ next to their poles once made sums at 1e-9 wrong by 12,000 budgets."""
    coarse, fine = (sc.torque(random_stack(seed), "continuum", tolerance=rtol) for rtol in (1e-6, 1e-9))
    for one, other in zip(coarse, fine, strict=True):
        assert np.abs(one.vector - other.vector).max() <= one.t.total + other.t.total
        assert other.t.total < 1e-11


@pytest.mark.parametrize("seed", NEEDLES)
def test_budgets_next_to_needles(seed: int) -> None:
    """At 1e-4, and at 1e-8 if there is time, both say how far they are from the right torque."""
    structure = random_stack(seed).structure
    for rtol in (1e-4, 1e-8) if "SOTCHECK_STACKS" in os.environ else (1e-4,):
        found = exact_flows(CONTINUUM, random_stack(seed), np.array([1.0]), rtol=rtol).total
        t, budget = total_torque(structure, found.value[0]), errors_of_t(structure, found.error[0])
        assert np.all(np.abs(t - NEEDLES[seed]) <= budget + 1e-10)
        assert budget.max() <= 3e-3 * np.abs(t).max()


@pytest.mark.parametrize("seed", BY_ANGLE)
def test_a_finer_tolerance_next_to_needles(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """At 1e-11 integrals over k_⊥ once had errors as large as a needle is, at 1e-8 of 1e-7 of it."""
    angles, weights, known, torque = BY_ANGLE[seed]

    def at_some(evaluate: ByAngle, *_: Any, **__: Any) -> Sum:
        found = evaluate(np.concatenate([angles, angles + np.pi]))
        both = np.stack(found[:2]).reshape(2, len(found[0]), 2, len(angles), *found[0].shape[2:]).mean(axis=2)
        value, error = np.einsum("vsa...,a->vs...", both, weights)
        return Sum([], Estimate(value, {"quadrature": (error, "radial")}), 2 * len(angles), found[2])

    monkeypatch.setattr(quadrature, "piecewise", at_some)
    stack, before = random_stack(seed), np.inf
    for rtol in (1e-4, 1e-8, 1e-11):
        found = exact_flows(CONTINUUM, stack, np.array([1.0]), rtol=rtol).total
        t = total_torque(stack.structure, found.value[0])
        assert np.all(np.abs(t - torque) <= errors_of_t(stack.structure, found.error[0]) + known)
        assert found.total <= 1.1 * before
        before = found.total
    assert before <= 1e-8


def test_halves_that_are_less_sure_than_the_whole() -> None:
    """Next to a kink a level is all but at a threshold: more angles there need not make a sum surer."""
    stack = random_stack(48)
    coarse, fine = (exact_flows(CONTINUUM, stack, np.array([1.0]), rtol=rtol).total for rtol in (1e-8, 1e-11))
    assert np.all(np.abs(coarse.value - fine.value) <= coarse.error + fine.error)
    assert fine.total <= coarse.total
