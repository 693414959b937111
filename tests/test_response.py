"""First order of every spin flow of a stack: against exact solutions, the paper's theory, and itself."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from conftest import relative
from layer_cases import k_of, linear_flows, pinned, random_stack

import sotcheck as sc
from sotcheck.exact.inside import at_interfaces, in_layers, total_torque
from sotcheck.numerics.arrays import Array
from sotcheck.system.files import builtin_systems, load_bare
from sotcheck.system.structure import Structure
from sotcheck.theory import distorted, response
from sotcheck.theory.response import Response
from sotcheck.theory.sums import first_order_flows, stack_flows, stack_torque
from sotcheck.trial.paper import load
from sotcheck.trial.torque_table import ledger

Patch = pytest.MonkeyPatch


def difference(structure: Structure) -> float:
    """How far all flows are from the exact linear coefficient."""
    k_perp = k_of(structure)
    return relative(response.flows(structure, k_perp**2), linear_flows(structure, k_perp))


def unbalanced(structure: Structure, flows: Array) -> float:
    """What no one accounts for: at junctions, in layers, along a layer's magnetisation, of the whole."""
    at, inside = at_interfaces(structure, flows), in_layers(structure, flows)
    minus, plus, lattice, taken = np.moveaxis(at, -2, 0)
    added, torque = np.moveaxis(inside[..., :-1, :, :], -2, 0)
    between = plus[..., :-1, :] + added - torque - minus[..., 1:, :]
    along = (torque * [layer.direction for layer in structure.layers]).sum(axis=-1)
    rests = (minus + lattice - taken - plus, between, along)
    return max(float(np.abs(rest).max()) for rest in rests) / float(np.abs(flows).max())


@pytest.mark.parametrize("first", [0, 2])
def test_random_stacks(first: int) -> None:
    """The linear coefficient of exact flows; the ledger of every part; the sum is the Born series' torque."""
    for seed in range(first, first + 2):
        structure = random_stack(seed, most=4).structure
        found, t = (of(structure, k_of(structure) ** 2) for of in (response.flows, distorted.torque))
        assert difference(structure) <= 1e-8, seed
        assert unbalanced(structure, found) <= 1e-12, seed
        assert relative(total_torque(structure, found), t) <= 1e-12, seed


def opposite(patch: Patch) -> None:
    """The sign of what V makes further on."""
    original = response._answers
    patch.setattr(response, "_answers", lambda *given: [-one for one in original(*given)])


def left_out(patch: Patch) -> None:
    """Spin-orbit fields of layers."""
    patch.setattr(Response, "inside", property(lambda self: [None for _ in self.structure.layers]))


def mirrored(patch: Patch) -> None:
    """Nodes of layers, as seen from the right, in the wrong places."""
    original: Any = response._answers

    def answers(*given: Any) -> Any:
        *others, inside = given
        return original(*others, [None if one is None else (1 - one[0], one[1]) for one in inside])

    patch.setattr(response, "_answers", answers)


@pytest.mark.parametrize("fault", [opposite, left_out, mirrored])
def test_faults_are_seen(fault: Callable[[Patch], None], monkeypatch: Patch) -> None:
    """Against exact flows, and, where they belong to no Hamiltonian, along a layer's magnetisation."""
    structure = pinned().structure
    assert difference(structure) <= 1e-10
    fault(monkeypatch)
    assert difference(structure) > 1e-3
    rest = unbalanced(structure, response.flows(structure, k_of(structure) ** 2))
    assert rest > 1e-5 or fault is left_out


@pytest.mark.parametrize("name", builtin_systems("bare"))
def test_a_bare_interface(name: str) -> None:
    """All four flows are those of the paper's own first order."""
    iface = load_bare(name, "here").with_(m=(1, 2, 2), u_m=0.2)
    found = stack_flows(iface, rtol=1e-10)
    expected = first_order_flows(iface, load().first_order, rtol=1e-10)
    bound = found.total + expected.total + 1e-14
    np.testing.assert_allclose(found.value, expected.value, rtol=0, atol=bound)
    assert bound <= 1e-8 * np.abs(expected.value).max()


def test_rows_of_torque() -> None:
    """First order tells who takes what, as exact engines do; t is the sum, and stays what it was."""
    stack = pinned()
    rows = {row.source: row for row in sc.torque(stack, engine="first-order", scale=2.0)}
    expected = stack_torque(stack, rtol=1e-9)
    for s, row in enumerate(rows.values()):
        document = row.to_dict(stack)
        taken = [part["torque"] for part in document["layers"]]
        taken += [part["interface"] for part in document["interfaces"]]
        np.testing.assert_allclose(np.sum(taken, axis=0), row.vector, rtol=0, atol=1e-15)
        np.testing.assert_allclose(row.vector, 2 * expected.value[s], rtol=0, atol=1e-15)
        assert document["spin_current_plus"] == document["interfaces"][0]["spin_current_plus"]
    exact = {row.source: row for row in sc.torque(stack, engine="continuum", scale=1e-4)}
    for source, row in rows.items():
        assert relative(row.flows / 2, exact[source].flows / 1e-4) <= 1e-6


def test_the_printed_ledger() -> None:
    """Every spin-orbit term gives, every magnetism takes; nothing is left, and a wrong entry would be."""
    stack = pinned()
    (row,) = sc.torque(stack, engine="continuum", tolerance=1e-6).totals()
    entries = ledger(stack, row.flows)
    assert [who for who, _ in entries] == [
        "+ spin-orbit at z = 0", "+ spin-orbit in layer 1", "+ spin-orbit at z = 1.2",
        "- leaves to the left", "- magnetism at z = 0", "- magnetism of layer 1",
        "- magnetism of right half-space", "- leaves to the right", "= unaccounted for",
    ]  # fmt: skip
    taken = [flow for who, flow in entries if "magnetism" in who]
    np.testing.assert_allclose(np.sum(taken, axis=0), row.vector, rtol=0, atol=1e-15)
    assert np.abs(entries[-1][1]).max() <= 1e-15
    wrong = row.flows.copy()
    wrong[2] *= 1.01
    assert np.abs(ledger(stack, wrong)[-1][1]).max() > 1e-6
    text = str(sc.torque(stack, engine=["first-order", "continuum"], tolerance=1e-6))
    assert "total of continuum, scale = 1" in text
    assert "- magnetism of layer 1           -3.0707e-03" in text
    assert "takes spin" not in str(sc.torque(load_bare("bulk-magnetism", "here"), engine="first-order"))
