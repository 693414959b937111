"""States bound in stacks: counts and energies by independent routes, at E_F, and what is said of them."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from conftest import Command, interface
from layer_cases import PINNED, cut, pinned, random_stack

import sotcheck as sc
from sotcheck.bound import stack_fermi, stiffness
from sotcheck.bound.agreement import random_cases
from sotcheck.bound.contour import Contour
from sotcheck.bound.flows import bound_flows
from sotcheck.bound.stack_by_kwant import compare, flows_by_kwant, number_by_kwant
from sotcheck.bound.stack_edge import bound_at_fermi, flows_at, norms_and_slope
from sotcheck.bound.stack_fermi import counted, depth_at_fermi, empty_beyond, fermi_contours, no_end
from sotcheck.bound.stack_flows import Piece, by_matching, crossings, places, ranges, stack_bound_flows
from sotcheck.bound.stack_states import lowest_scale, stack_bound
from sotcheck.bound.stack_warnings import on_stack
from sotcheck.bound.states import bound, k_max
from sotcheck.bound.stiffness import number_below
from sotcheck.bound.thresholds import threshold
from sotcheck.engines import EXACT
from sotcheck.engines.recursion import passed_through
from sotcheck.errors import EngineError
from sotcheck.exact.inside import at_interfaces, in_layers
from sotcheck.numerics.arrays import Array, Complex
from sotcheck.numerics.zeros import ellipse
from sotcheck.system.files import load, load_bare
from sotcheck.system.stack import Stack
from sotcheck.system.structure import Structure

RNG = np.random.default_rng(20261126)
#: A stack with bound states at E_F: three rings and an arc that ends in the continuum.
LAYER: Any = {
    "thickness": 4.2, "potential": -2.9, "exchange": 0.5, "mass": 0.8, "rashba": 0.2,
    "interface": {"barrier": 0.1, "rashba": 0.1},
}  # fmt: skip
#: One with an arc only.
ARC: Stack = pinned(layers=({**LAYER, "potential": -0.9, "magnetization": (1.0, 0.0, 2.0)},))
WELL = Stack(name="well", E_F=1.5, U_F=0.2, J=0.6, u_0=0.2, h_R=0.3, m=(1.0, 0.0, 2.0), layers=(LAYER,))


def one(*where: float) -> tuple[Array, Array, Array]:
    k_perp, angle, scale = (np.array([value]) for value in where)
    return k_perp, angle, scale


def number(structure: Structure, p: float, *where: float) -> int:
    return int(number_below(structure, np.array([p]), one(*where))[0])


def test_counts_are_kwants() -> None:
    """By pivots from cell to cell, and by all eigenvalues of Kwant's chain at once."""
    counts = []
    for seed in range(25):
        structure = random_stack(seed).structure
        for p in (1e-4, 0.4):
            where = RNG.uniform([0.0, 0.0, -2.0], [2.0, 6.3, 2.0]).tolist()
            counts.append(number(structure, p, *where))
            assert counts[-1] == number_by_kwant(structure, np.array([p]), *where)[0], (seed, p)
    assert len(set(counts)) > 4


def test_a_layer_that_is_not_cut_miscounts(monkeypatch: pytest.MonkeyPatch) -> None:
    """The alarm rings: a cell of several half waves hides states of its own."""
    states = stack_bound(WELL.structure, 0.3, 0.5, 1.0)
    found = compare(WELL.structure, np.array([[0.3, 0.5, 1.0]]), states.p[None])
    assert found["different_counts"] == found["different_energies"] == 0 < found["states"]
    off = compare(WELL.structure, np.array([[0.3, 0.5, 1.0]]), states.p[None] * (1 + 1e-7))
    assert off["different_energies"] == off["states"]
    monkeypatch.setattr(stiffness, "PHASE", 1e3)
    with np.errstate(invalid="ignore"):
        p = stack_bound(WELL.structure, 0.3, 0.5, 1.0).p[None]
    assert compare(WELL.structure, np.array([[0.3, 0.5, 1.0]]), p)["different_counts"] == 1


def test_energies_are_a_bare_interfaces() -> None:
    for iface, *where in random_cases(40, 5):
        found, known = stack_bound(iface.structure, *where), bound(iface, *where)
        assert found.count == known.count
        np.testing.assert_allclose(found.p, known.p[: int(known.count)], rtol=1e-13)


def test_energies_of_a_square_well() -> None:
    """Of depth V and width d between vacua: q tan(qd/2 − nπ/2) = κ, each level for either spin."""
    d, V, M = 5.3, 2.0, 0.7
    well = Stack(
        name="well", J=0.0, h_R=0.0, E_F=0.1,
        layers=({"thickness": d, "potential": -V, "mass": M},),  # type: ignore[arg-type]
    )  # fmt: skip
    found = stack_bound(well.structure, 0.0, 0.0, 0.0)
    q, kappa = np.sqrt(M * (found.energy + V)), np.sqrt(-found.energy)
    assert found.count == 2 * (1 + np.floor(d * np.sqrt(M * V) / np.pi))
    phase = q * d / 2 - np.repeat(np.arange(len(q) // 2), 2) * np.pi / 2
    np.testing.assert_allclose(q * np.tan(phase) / M, kappa, rtol=1e-12)


def test_counts_are_zeros_of_the_engines_determinant() -> None:
    """By the argument principle around a range of p: the recursion of the scattering states, continued."""
    for seed in (3, 14, 37):
        structure, (k_perp, angle) = random_stack(seed).structure, (0.4, 0.7)
        p = stack_bound(structure, k_perp, angle, 1.0).p
        lower, upper = 0.3, 1.5 * p.max()

        def f(z: Complex) -> Complex:
            flat = z.ravel()
            energy = stiffness.bottom(structure, k_perp) - flat**2  # noqa: B023
            leads = structure.left, structure.right  # noqa: B023
            waves = [1j * np.sqrt(-lead.bands(energy, k_perp)[0]).T for lead in leads]  # type: ignore[arg-type]  # noqa: B023
            at = replace(structure, energy=energy)  # type: ignore[arg-type]  # noqa: B023
            grid = flat * 0 + k_perp, flat.real * 0 + angle, flat.real * 0 + 1.0  # noqa: B023
            log = passed_through(at, grid, (waves[0], waves[1])).log_determinant
            return np.exp(log - log.real.mean()).reshape(z.shape)

        # The ellipse reaches a little beyond both ends.
        around = f(ellipse(lower, upper, np.array([1.05]), 4096))[0]
        steps = np.angle(np.roll(around, -1) / around)
        assert np.abs(steps).max() < 0.5
        assert round(steps.sum() / (2 * np.pi)) == np.count_nonzero(p > lower), seed
        assert np.abs(p - lower).min() > 0.05


@pytest.mark.parametrize("name", ["bulk-magnetism", "ferromagnetic-insulator"])
def test_lowest_scale_is_a_bare_interfaces_threshold(name: str) -> None:
    iface, k_perp = load_bare(name).with_(m=(1.0, 0.4, 0.5)), 1.3
    found, known = lowest_scale(iface.structure, k_perp), threshold(iface)
    assert found[0] == pytest.approx(known["strength"] / k_perp, rel=1e-9)
    assert np.degrees(found[1] or 0) - 90 == pytest.approx(known["angle"], abs=0.1)
    assert lowest_scale(iface.structure, 0.0) == (None, None)


def test_lowest_scale_of_a_stack() -> None:
    """No state just before it, at any angle; one just after it, at its own."""
    structure = pinned().structure
    scale, angle = lowest_scale(structure, 1.6)
    assert scale is not None
    assert angle is not None
    before = [number(structure, 0.0, 1.6, phi, scale * (1 - 1e-6)) for phi in np.linspace(0, 6.28, 200)]
    assert (max(before), number(structure, 0.0, 1.6, angle, scale * (1 + 1e-9))) == (0, 1)


@pytest.mark.parametrize(("h_R", "closed"), [(1.2, False), (1.5, True)])
def test_contours_are_a_bare_interfaces(h_R: float, closed: bool) -> None:
    iface = load("bulk-magnetism").with_(m=(1.0, 0.0, 0.5))
    (found,), (arc,) = fermi_contours(iface.structure, h_R), Contour(iface, h_R).arcs()
    assert (found.closed, found.around, found.number) == (closed, closed, 1)
    np.testing.assert_allclose(found.k_perp, np.hypot(k_max(iface.structure), arc.p), rtol=2e-3)


def test_no_state_beyond_the_grid(monkeypatch: pytest.MonkeyPatch) -> None:
    """The sea ends where it is said to, by Kwant's count as well; or it is said that it does not end."""
    for seed in (10, 36):
        structure = random_stack(seed).structure
        assert not no_end(structure, 1.0)
        grid = counted(structure, 1.0)
        assert grid.number[-1].max() == 0 < grid.number.max()
        for i, j in ((1, 7), (len(grid.q) // 2, 40), (-1, 3)):
            k_perp, p = np.hypot(k_max(structure), grid.q[i]), depth_at_fermi(structure, grid.q[i])
            found = number_by_kwant(structure, p[None], float(k_perp), float(grid.angle[j]), 1.0)
            assert grid.number[i, j] == found[0]
    monkeypatch.setattr(stack_fermi, "empty_beyond", lambda *_: 1.001 * k_max(WELL.structure))
    counted.cache_clear()
    with pytest.raises(EngineError, match="where none can be"):
        counted(WELL.structure, 1.0)
    bare = interface(E_F=1.0).structure
    assert empty_beyond(bare, 1.99) > 1
    assert "interface 1 is 2.01 k_perp" in no_end(bare, 2.01)


@pytest.mark.parametrize("h_R", [1.2, 1.5])
def test_flows_are_a_bare_interfaces(h_R: float) -> None:
    """Of an arc that ends in the continuum, and of a ring; and where the magnet has a layer of its own."""
    iface = load("bulk-magnetism").with_(m=(1.0, 0.3, 0.5))
    known = bound_flows(EXACT["continuum"], iface, h_R, 1e-10).value
    found = stack_bound_flows(iface.structure, h_R, 1e-10)
    assert found is not None
    np.testing.assert_allclose(found.value, known, atol=found.total)
    F = iface.structure.right
    layered = cut(iface.structure, 1, replace(F, thickness=1.7), F)
    sliced = stack_bound_flows(layered, h_R, 1e-6)
    assert sliced is not None
    np.testing.assert_allclose(sliced.value[:4], known, atol=sliced.total)
    torque = known[1] - (known[1] @ iface.direction) * iface.direction
    np.testing.assert_allclose(in_layers(layered, sliced.value)[:, 1].sum(axis=0), torque, atol=sliced.total)


def test_a_state_at_E_F() -> None:
    """Its velocity ∂E_b/∂k from energies at other k, its spin currents into and out of every layer."""
    structure = random_stack(14).structure
    grid, angle = counted(structure, 1.0), np.array([0.4, 2.2])
    column, level, q = places(grid, angle)
    state = bound_at_fermi(grid, level, q, angle[column], finer=False)
    norms, slope = norms_and_slope(state)
    step, k_perp = 1e-5, np.hypot(k_max(structure), q)
    beside = [
        stack_bound(structure, k_perp + by, angle[column], 1.0).energy[np.arange(len(q)), level - 1]
        for by in (-step, step)
    ]
    np.testing.assert_allclose(slope / norms.sum(axis=0), (beside[1] - beside[0]) / (2 * step), rtol=1e-6)
    flows = flows_at(state)
    deltas, layers = at_interfaces(structure, flows), in_layers(structure, flows)
    minus, plus, added, taken = np.moveaxis(deltas, -2, 0)
    np.testing.assert_allclose(plus, minus + added - taken, atol=1e-13)
    inside = plus[:, :-1] + layers[:, :-1, 0] - layers[:, :-1, 1]
    np.testing.assert_allclose(inside, minus[:, 1:], atol=1e-13)
    np.testing.assert_allclose(minus[:, 0], 0, atol=1e-13)


def two_wells(barrier: float) -> Structure:
    """Levels of two wells, of other masses, that all but cross at two angles of k."""
    layers: Any = (
        {"thickness": 2.0, "potential": -1.0, "mass": 0.5},
        {"thickness": barrier, "potential": 2.5},
        {
            "thickness": 2.2, "potential": -0.7, "mass": 0.8, "rashba": 0.25,
            "exchange": 0.5, "magnetization": (1.0, 0.2, 0.3),
        },
    )  # fmt: skip
    return Stack(name="two-wells", E_F=1.0, U_N=0.8, U_F=0.9, J=0.1, h_R=1.0, layers=layers).structure


def test_levels_that_all_but_cross() -> None:
    """They exchange ⟨1/M⟩, and their sum has a peak: as by the trapezoid of 512 angles."""
    structure = two_wells(3.0)
    grid, turn = counted(structure, 1.0), Piece(turn=True)
    found = crossings(grid, turn.nodes)
    np.testing.assert_allclose([one[0] for one in found], [3.8113, 6.0083], atol=3e-3)
    np.testing.assert_allclose([one[1] for one in found], 0.06, rtol=0.05)
    angle, weights = turn.rule(512)
    column, level, q = places(grid, angle)
    values = weights[column, None, None] * by_matching(grid, level, q, angle[column], False)
    by_trapezoid = values.sum(axis=0)
    coarse, fine = (stack_bound_flows(structure, 1.0, rtol) for rtol in (1e-4, 1e-10))
    assert coarse is not None
    assert fine is not None
    for flows in (coarse, fine):
        assert np.all(np.abs(flows.value - by_trapezoid) <= flows.total)
    assert np.max(fine.total) <= 1e-9 * np.abs(by_trapezoid).max()


@pytest.mark.parametrize("barrier", [8.0, 40.0])
def test_narrow_crossings_leave_no_error_untold(barrier: float) -> None:
    """The thicker the barrier the narrower the peak; at last it is nothing."""
    coarse, fine = (stack_bound_flows(two_wells(barrier), 1.0, rtol) for rtol in (1e-4, 1e-8))
    assert coarse is not None
    assert fine is not None
    assert np.all(np.abs(coarse.value - fine.value) <= coarse.total + fine.total)
    assert np.max(fine.total) <= 1e-8 * np.abs(fine.value).max()


def test_flows_are_kwants() -> None:
    """Each state an eigenvector of Kwant's chain, of an arc that ends in the continuum."""
    matched, by_kwant = (
        stack_bound_flows(ARC.structure, 1.0, 1e-3, *more) for more in ((), (flows_by_kwant, 1))
    )
    assert matched is not None
    assert by_kwant is not None
    # The same nodes.
    apart = np.abs(matched.value - by_kwant.value).max()
    assert apart <= 1e-11 * np.abs(matched.value).max()
    assert apart <= matched.terms["rounding"][0].max() + by_kwant.terms["rounding"][0].max()


def said(stack: Stack) -> list[str]:
    return list(on_stack(stack, [stack.scale]))


def test_what_a_torque_is_warned_of() -> None:
    assert said(pinned()) == []
    (found,) = said(WELL)
    assert "3 closed and 1 open Fermi contours" in found
    assert "k_perp = 1.9011 to 1.96329, 1.68628 to 1.72755" in found
    (found,) = said(pinned(h_R=2.5))
    assert "k_perp without end" in found
    (found,) = on_stack(WELL, [WELL.scale], summed=[WELL.scale])
    assert "theirs is left out, for a contour could not be followed" in found


def test_a_short_gap_of_a_contour() -> None:
    """One that ends in the continuum for 0.05 of a turn in between: less than the grid's angles are apart."""
    structure = random_stack(178).structure
    fine, coarse = (stack_bound_flows(structure, 1.0, rtol) for rtol in (1e-8, 1e-4))
    assert fine is not None
    assert coarse is not None
    assert len(ranges(counted(structure, 1.0))) == 4
    assert fine.error.max() < 1e-9
    assert (np.abs(coarse.value - fine.value) <= coarse.error + fine.error).all()


def test_narrow_resonances_are_named() -> None:
    """Behind barriers that are too thick for doubles; not behind thinner ones."""

    def behind(d: float) -> list[str]:
        wall = {"thickness": d, "potential": 3.5, "interface": {"rashba": 0.1}}
        well = {"thickness": 2.5, "exchange": 0.3, "magnetization": (1.0, 0.0, 1.0)}
        layers: Any = (wall, well, wall)
        return said(Stack(name="wall", E_F=1.5, U_F=-0.2, J=0.5, m=(0, 1, 2), h_R=0.1, layers=layers))

    (found,) = behind(9.0)
    assert "cannot resolve" in found
    # All angles have one about as narrow.
    assert "half-width 7" in found
    assert behind(3.0) == []


def test_torque_has_a_row_of_them() -> None:
    table = sc.torque(ARC, "continuum", tolerance=1e-3)
    (row,) = (row for row in table if row.source == "bound")
    flows = stack_bound_flows(ARC.structure, 1.0, 1e-3)
    assert flows is not None
    assert row.scale == 1.0
    np.testing.assert_array_equal(row.flows, flows.value)
    assert "the row 'bound' has theirs" in table.warnings[0]


def test_the_command(sotcheck: Command, tmp_path: Path) -> None:
    path = tmp_path / "pinned.toml"
    path.write_text(PINNED)
    more = ("--k-perp", "0.5,1.6", "--angle", "0,90", "--scale", "1,2", "--json", "-")
    document = json.loads(sotcheck("bound-states", str(path), *more).out)
    assert [row["scale"] for row in document["bound_states"]] == [1.0] * 4 + [2.0] * 4
    row = document["bound_states"][-1]
    state = stack_bound(pinned().structure, 1.6, np.pi, 2.0)
    assert (row["k_perp"], row["angle"], row["h_R"]) == (1.6, 90.0, 0.6)
    assert row["count"] == state.count
    assert row["energies"] == state.energy.tolist()
    assert document["threshold"]["by_k_perp"][1]["scale"] == lowest_scale(pinned().structure, 1.6)[0]
    assert document["kwant"]["different_counts"] == document["kwant"]["different_energies"] == 0
    assert document["kwant"]["points"] == 8
    refused = sotcheck("bound-states", str(path), "--h-r", "0.2")
    assert refused.status == 2
    assert "--scale" in refused.err
