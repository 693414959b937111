"""First order of stacks with resonances: its own finder and integrals, against nodes and exact solutions."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from layer_cases import CONTINUUM, random_stack

import sotcheck as sc
from sotcheck.engines import narrow as engine_narrow
from sotcheck.engines.determinant import stack_poles
from sotcheck.engines.poles import x_of
from sotcheck.exact.inside import flows_of, total_torque
from sotcheck.exact.observables import exact_flows
from sotcheck.numerics.arrays import Array
from sotcheck.system.stack import Layer, Stack
from sotcheck.theory import narrow, resonances, sums
from sotcheck.theory.narrow import State, narrow_flows, torque_of
from sotcheck.theory.resonances import Places
from sotcheck.theory.sums import stack_flows, stack_torque
from sotcheck.trial import stack_expansion


@pytest.fixture(autouse=True)
def fresh() -> Iterator[None]:
    """Forget what other thresholds of narrowness have left."""
    for one in (resonances.resonances, narrow.unseen_flows):
        one.cache_clear()
    yield
    for one in (resonances.resonances, narrow.unseen_flows):
        one.cache_clear()


def well(thickness: float) -> Stack:
    """A magnetic well with a spin-orbit field between opaque layers."""
    inside: dict[str, Any] = {"thickness": 2.0, "potential": -0.5, "exchange": 0.4, "rashba": 0.2}
    opaque = [Layer(thickness=thickness, potential=potential) for potential in (2.2, 2.0)]
    layers = (opaque[0], Layer(**inside), opaque[1])
    return Stack(name="well", E_F=1.0, J=0.3, m=(1.0, 2.0, 2.0), h_R=0.1, layers=layers)


def leak(thickness: float) -> Stack:
    """A well that the majority passes, and out of which the minority leaks through an opaque layer."""
    opaque = Layer(thickness=thickness, potential=0.8, exchange=1.5)
    layers = (Layer(thickness=2.0, potential=-0.6), opaque)
    place: dict[str, Any] = {"E_F": 1.0, "U_N": 0.3, "U_F": -0.5, "J": 0.3, "m": (1.0, 2.0, 2.0)}
    return Stack(name="leak", h_R=0.2, layers=layers, **place)


def closed() -> Stack:
    """The same well where nothing of the minority is open behind it: the state is bound."""
    place: dict[str, Any] = {"E_F": 1.0, "U_N": 0.3, "U_F": 0.8, "J": 1.5, "m": (1.0, 2.0, 2.0)}
    return Stack(name="closed", h_R=0.2, layers=(Layer(thickness=2.0, potential=-0.6),), **place)


def exact(stack: Stack, scale: float) -> tuple[Array, float]:
    """Return t over the scale, with its error of second order eliminated, and what errors leave."""
    found = exact_flows(CONTINUUM, stack, np.array([scale, scale / 2]), rtol=1e-7).total
    one, half = (total_torque(stack.structure, flows) for flows in found.value)
    linear: Array = (4 * half - one) / 3
    return linear, 4 * float(found.error.max()) + float(np.abs(half - one).max()) * scale


def off(stack: Stack, scale: float, rtol: float = 1e-8) -> float:
    """How far first order is from the exact linear coefficient, in units of both errors."""
    found, (linear, error) = stack_torque(stack, rtol=rtol), exact(stack, scale)
    assert found.total + error <= 1e-4 * np.abs(linear).max()
    return float(np.abs(found.value - linear).max()) / (found.total + error)


@pytest.mark.parametrize("seed", [5, 7])
def test_states_are_the_poles_of_exact_solutions(seed: int) -> None:
    """By reflection matrices, and by the engines' determinant: widths down to 1e-10."""
    structure = random_stack(seed).structure
    mine = np.array([(one.k_perp2, one.width) for one in resonances.resonances(structure) if one.inside])
    for segment in pairwise(structure.thresholds()):
        theta = stack_poles(structure, segment, np.zeros((1, 1)), np.zeros((1, 1))).ravel()
        for x in x_of(segment, theta[(theta.real > 0) & (theta.real < np.pi / 2)]):
            apart = np.abs(mine - [x.real, abs(x.imag)]).max(axis=1)
            assert apart.min() <= 1e-9, x
    assert mine[:, 1].min() < 1e-6


@pytest.mark.parametrize(("thickness", "scale"), [(4.0, 1e-4), (14.0, 1e-2), (40.0, 1e-2)])
def test_wells_of_any_width(thickness: float, scale: float) -> None:
    """From half-widths of 1e-5 to 1e-49: nodes crowd to the state, or it is integrated by itself."""
    assert off(well(thickness), scale) <= 1


def test_both_ways() -> None:
    """A resonance that nodes see, and by its own integral: all flows are the same."""
    by_nodes = stack_flows(well(7.0), rtol=1e-8)
    widths = [one.width for one in resonances.resonances(well(7.0).structure) if one.inside]
    assert min(widths) > resonances.NARROW
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(resonances, "NARROW", 1e-6)
        resonances.resonances.cache_clear()
        narrow.unseen_flows.cache_clear()
        alone = stack_flows(well(7.0), rtol=1e-8)
    size = np.abs(by_nodes.value).max()
    assert by_nodes.total + alone.total <= 1e-4 * size
    np.testing.assert_allclose(alone.value, by_nodes.value, rtol=0, atol=by_nodes.total + alone.total)
    np.testing.assert_allclose(alone.value, by_nodes.value, rtol=0, atol=1e-7 * size)


def test_t_is_what_its_flows_make() -> None:
    """Also of a state that no node sees, which tells most of it."""
    stack = well(20.0)
    t, flows = stack_torque(stack, rtol=1e-8), stack_flows(stack, rtol=1e-8)
    np.testing.assert_allclose(torque_of(stack.structure, flows.value), t.value, rtol=0, atol=1e-15)


@pytest.mark.parametrize("seed", [41])
def test_random_stacks_with_opaque_layers(seed: int) -> None:
    """No two axes alike, a half-width of 1e-52; at both tolerances the budget holds."""
    stack = random_stack(seed, most=2)
    linear, error = exact(stack, 4e-3)
    for rtol in (1e-4, 1e-8):
        found = stack_torque(stack, rtol=rtol)
        assert np.abs(found.value - linear).max() <= found.total + error
    assert found.total + error <= 1e-3 * np.abs(linear).max()


def test_from_a_leaking_state_to_a_bound_one() -> None:
    """With the width the torque of the open channels tends to that of a bound state, added by hand."""
    bound = {row.source: row for row in sc.torque(closed(), engine="first-order", h_R=1.0)}
    assert "bound in the stack" in " ".join(sc.torque(closed(), engine="first-order").warnings)
    said = " ".join(sc.torque(leak(12.0), engine="first-order").warnings)
    assert "narrowest at k_perp = 0.971079, half-width 2.2e-17" in said
    found = exact_flows(CONTINUUM, leak(12.0), np.array([1e-3]), rtol=1e-4).total[0]
    rows = {row.source: row for row in sc.torque(leak(12.0), engine="first-order", h_R=1.0)}
    for source, flows, error in zip(rows, found.value, found.error, strict=True):
        other, room = total_torque(leak(12.0).structure, flows), 1e-6 + 2 * error.max()
        np.testing.assert_allclose(rows[source].vector, other, rtol=0, atol=room)
    # What is left of the difference is that of the stacks.
    assert abs(rows["majority"].vector[0] / bound["majority"].vector[0] - 1) < 0.01


def test_the_exact_torque_of_a_bound_state_at_any_scale() -> None:
    """Waves of the open spin pass a resonance that no node sees, and interfere with it."""
    for scale in (1e-3, 1e-5):
        rows = sc.torque(closed(), engine=["first-order", "continuum"], h_R=[scale], tolerance=1e-6)
        first, found = (row for row in rows if row.source == "majority")
        size = np.abs(first.vector).max()
        assert np.abs(first.vector - found.vector).max() <= 1e-4 * size
        assert found.t.total <= 1e-3 * size


# ------------------------------------------------------------------------------------- alarms ring


def nothing_found(patch: pytest.MonkeyPatch) -> None:
    """Nodes without a hint of where states are."""
    patch.setattr(Places, "of", classmethod(lambda cls, structure: cls([], [], [])))


def left_out(patch: pytest.MonkeyPatch) -> None:
    """The integrals of states that no node sees."""
    original = narrow.narrow_flows
    patch.setattr(narrow, "narrow_flows", lambda *given: original(*given) * 0.0)


def width_doubled(patch: pytest.MonkeyPatch) -> None:
    """States that hold twice as much."""
    original = State.of.__func__  # type: ignore[attr-defined]

    def of(cls: type, *given: Any) -> State:
        found: State = original(cls, *given)
        return replace(found, D=found.D / 2)

    patch.setattr(State, "of", classmethod(of))


@pytest.mark.parametrize(
    ("fault", "thickness"), [(nothing_found, 7.0), (left_out, 14.0), (width_doubled, 14.0)]
)
def test_faults_are_seen(fault: Any, thickness: float, monkeypatch: pytest.MonkeyPatch) -> None:
    """By orders of magnitude more than the errors said, in what wells of any width agree upon."""
    right = stack_torque(well(thickness), rtol=1e-8)
    for one in (resonances.resonances, narrow.unseen_flows):
        one.cache_clear()
    fault(monkeypatch)
    found = stack_torque(well(thickness), rtol=1e-8)
    lost = np.abs(found.value - right.value).max()
    # Nodes that meet a state unawares do not get over it, and say so.
    assert lost > 100 * (found.total + right.total) or found.total > lost > 1e5 * right.total


def test_what_others_leave_out_is_in_their_error() -> None:
    """Sums of formulas that know no such integral."""
    stack = well(14.0)
    found = sums.sum_of_averages(lambda x: np.ones((len(x), 1)), stack, 1e-6, 1e-16).total
    (size, _) = found.terms["resonance"]
    most = max(
        (one for one in resonances.resonances(stack.structure) if one.unseen), key=lambda one: one.room
    )
    assert np.max(size) >= np.abs(narrow_flows(stack.structure, most).value).max() > 1e-5


# ---------------------------------------------------------------------------- two witnesses, and a third


@pytest.mark.parametrize("seed", [5, 7, 18])
def test_the_integral_of_a_state_by_norm_and_by_residue(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Theory's wave that only arrives, the engine's residue, and nodes: flows without spin-orbit terms."""
    structure, none = random_stack(seed).structure, np.zeros(1)
    monkeypatch.setattr(engine_narrow, "WORST", 0.0)
    tried = 0
    for one in resonances.resonances(structure):
        if not one.inside or not 0 < one.width < 1e-5 * one.room:
            continue
        theory = State.of(structure, one.k_perp2, one.room).flows(structure, 0.0) * 2 / one.k_perp2
        pole = np.array([one.k_perp2 - 1j * one.width])
        engine, off = engine_narrow.narrow_flows(structure, pole, none, none)
        size, rough = np.abs(engine).max(), 8 * one.width / one.room + 1e-9
        assert size > 1e-2
        assert np.abs(theory - engine[0]).max() <= rough * size + off.max()
        if one.width > 1e-9:
            far = 1e-3 * one.room
            nodes, weights = np.polynomial.legendre.leggauss(200)
            reach = np.arcsinh(far / one.width)
            k_perp = np.sqrt(one.k_perp2 + one.width * np.sinh(nodes * reach))
            values = flows_of(CONTINUUM, structure, k_perp[:, None], none, none[0])[:, 0]
            direct = np.tensordot(weights * one.width * reach * np.cosh(nodes * reach), values, 1)
            # Beyond lies 2/π of the width over the distance; what else is there is as large as it is wide.
            assert np.abs(theory - direct).max() <= (one.width / far + 10 * far) * size
        tried += 1
    assert tried


def test_two_states_too_close_to_one_another_are_named() -> None:
    """Wells that 14 κ⁻¹ of a barrier keep apart: who fills which is beyond doubles."""
    inside = Layer(thickness=2.0, potential=-0.5, exchange=0.4, rashba=0.2)
    opaque = Layer(thickness=14.0, potential=2.2)
    stack = Stack(name="pair", E_F=1.0, J=0.3, m=(1.0, 2.0, 2.0), layers=(opaque, inside) * 2 + (opaque,))
    t = stack_torque(stack, rtol=1e-6)
    size, origin = t.terms["resonances together"]
    assert "too close to one another" in origin
    assert np.max(size) > np.abs(t.value).max()
    assert stack_expansion._narrowest(stack).endswith("who fills which it is in the error")
