"""A user's own Kwant system: the example passes, every verdict can disagree, mistakes are explained."""

from __future__ import annotations

import importlib.util
import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from conftest import Command

from sotcheck.engines import EXACT
from sotcheck.engines.kwant_private import kwant
from sotcheck.engines.user_accepted import accepted
from sotcheck.engines.user_builder import UserSystem
from sotcheck.engines.user_states import At
from sotcheck.errors import BuilderError
from sotcheck.exact.observables import torque_from_flows
from sotcheck.numerics.arrays import Array, Complex
from sotcheck.system.interface import Interface
from sotcheck.system.spin import IDENTITY, PAULI, dot_sigma, projectors
from sotcheck.theory import distorted, on_lattice
from sotcheck.trial.builder_check import _summed, check_builder
from sotcheck.trial.builder_evidence import (
    PLAIN,
    RUNGS,
    WEIGHTED,
    Point,
    first_order_sum,
    grid_error,
    grid_of,
    open_points,
)

EXAMPLES = Path(__file__).resolve().parent.parent / "examples"
Made = dict[str, Any]
Patch = pytest.MonkeyPatch
#: In the middle of the band, and where N is closed.
OPEN, CLOSED = (0.7, -0.4), (1.6, 1.1)


def example() -> Any:
    # Imported first by sotcheck, which keeps Kwant's remark on MUMPS to itself.
    kwant()
    spec = importlib.util.spec_from_file_location("sd_cubic", EXAMPLES / "sd_cubic.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def layers() -> Made:
    made: Made = example().layers()
    return made


def disagreeing(make: Callable[[], Made] = layers, **how: Any) -> set[str]:
    """Return the claims of which some row disagrees."""
    return {
        f.claim for f in check_builder(make, **(how or {"k": [OPEN, CLOSED]})) if f.verdict == "disagrees"
    }


def coarse_points() -> list[Point]:
    """Return the open points of a grid of 4 × 4."""
    system = accepted("example", layers())
    return [point for _, point in open_points(system, grid_of(system.cell, 4), system.h_R * RUNGS)]


def test_the_example_agrees() -> None:
    """At every k and summed, all claims, all sources; k and −k leave the third order."""
    result = check_builder(layers, k=[OPEN, CLOSED])
    found = [*result, *_summed(coarse_points(), 1.0)]
    assert {f.verdict for f in found} == {"agrees"}
    assert {f.claim for f in result} == {
        "first-order", "amplitudes", "linearity", "ledger", "unitarity", "hermiticity", "symmetry"
    }  # fmt: skip
    assert {f.source for f in found} == {"normal", "majority", "minority", None}
    slopes = {f.quantity.partition(" in h_R, ")[2]: f.expected for f in found if f.claim == "linearity"}
    assert slopes == {"odd part, at every k": 3, "even part, at every k": 2, "summed over the grid": 3}


#: First order summed over a grid of 48 × 48, by source: errors below 2e-3.
FINE = np.array(
    [
        [0.004323838105, -0.006582572010, -0.007615124111],
        [-0.003329352821, 0.004615235895, 0.005636970768],
        [0.001039272596, 0.001967336115, -0.000055604538],
    ]
)


def test_the_error_of_a_grid() -> None:
    """It covers what a grid of a sixth of the spacing changes, and is not much larger."""
    system = accepted("example", layers())
    total = first_order_sum(system, grid_of(system.cell, 8))
    off, error = np.abs(total - FINE).max(axis=1), grid_error(system, total, 8)
    assert np.all(off <= error)
    assert error.max() <= 10 * off.max()


def test_the_shift_is_that_of_the_band() -> None:
    """½ ∂ε/∂k_x of ε = −2 (cos k_x + …) at fixed k_z."""
    at = At(accepted("example", layers()), np.array(OPEN))
    for channels in at.channels:
        assert channels.shift == pytest.approx([np.sin(OPEN[0])] * 2, abs=1e-12)


def wrong_sign(patch: Patch) -> None:
    """V of the opposite sign in the Born term."""
    original = on_lattice.torque_of_states
    patch.setattr(
        "sotcheck.trial.builder_evidence.torque_of_states", lambda S, psi, V, *a: original(S, psi, -V, *a)
    )


def a_thousandth(patch: Patch) -> None:
    original = on_lattice.torque_of_states
    patch.setattr("sotcheck.trial.builder_evidence.torque_of_states", lambda *given: 1.001 * original(*given))


def turned_reflection(patch: Patch) -> None:
    """r with another phase: referred to another site than z = 0."""
    original = on_lattice.torque_of_amplitudes
    phase = np.exp(0.01j)
    patch.setattr(
        "sotcheck.trial.builder_evidence.torque_of_amplitudes", lambda r, *a: original(phase * r, *a)
    )


def wrong_velocity(patch: Patch) -> None:
    """That of a parabola."""
    original = on_lattice.torque_of_amplitudes
    patch.setattr(
        "sotcheck.trial.builder_evidence.torque_of_amplitudes",
        lambda r, t, v, *a: original(r, t, 1.1 * v, *a),
    )


def mirrored(patch: Patch) -> None:
    """V at (k_x, −k_y)."""
    original = At.__init__

    def init(self: At, system: UserSystem, k: Array) -> None:
        original(self, system, k)
        self.V = system.rashba(k * [1, -1])

    patch.setattr(At, "__init__", init)


def lossy(patch: Patch) -> None:
    original = At.s_matrix
    patch.setattr(At, "s_matrix", lambda self, h: 1.00001 * original(self, h))


def taken_once_more(patch: Patch) -> None:
    """Exchange between z = 0 and the lead of F takes a little more than there is."""
    original = At.flows

    def more(self: At, h: float) -> Any:
        flows = original(self, h)
        flows.taken[:] += 1e-6
        return flows

    patch.setattr(At, "flows", more)


def hidden_current(patch: Patch) -> None:
    """Spin that a current operator does not see."""
    original = At.flows

    def less(self: At, h: float) -> Any:
        flows = original(self, h)
        flows.onward[:] *= 1.00001
        return flows

    patch.setattr(At, "flows", less)


def first_order_in_the_even_part(patch: Patch) -> None:
    original = Point.even
    patch.setattr(Point, "even", lambda self, h: original(self, h) + 0.01 * h)


@pytest.mark.parametrize(
    ("fault", "claims"),
    [
        (wrong_sign, {"first-order", "linearity"}),
        (a_thousandth, {"first-order", "linearity"}),
        (turned_reflection, {"amplitudes"}),
        (wrong_velocity, {"amplitudes"}),
        (mirrored, {"first-order", "amplitudes", "linearity", "ledger"}),
        (taken_once_more, {"ledger"}),
        (lossy, {"unitarity"}),
        (hidden_current, {"symmetry"}),
        (first_order_in_the_even_part, {"linearity"}),
    ],
)
def test_every_verdict_can_disagree(
    fault: Callable[[Patch], None], claims: set[str], monkeypatch: Patch
) -> None:
    fault(monkeypatch)
    found = disagreeing()
    assert claims <= found
    if claims == {"amplitudes"}:
        assert found == claims


def test_the_sums_can_disagree(monkeypatch: Patch) -> None:
    """A fault at one k of the grid shows in the sum."""
    original = Point.first_order.func  # type: ignore[attr-defined]
    faulty = property(lambda self: original(self) * (1.001 if self.at.k[0] > 0 else 1))
    monkeypatch.setattr(Point, "first_order", faulty)
    found = list(_summed(coarse_points(), 1.0))
    assert {f.claim for f in found if f.verdict == "disagrees"} == {"first-order", "linearity"}


def test_a_loss_at_some_k_disagrees() -> None:
    """What is not Hermitian at the k that is looked at first is refused; elsewhere, it is a verdict."""
    found = example()

    def loss(site: Any, k_x: float, k_y: float, h_R: float) -> Complex:
        lost: Complex = found.interface(site, k_x, k_y, h_R) - 1e-3j * (k_x < 0.5) * IDENTITY
        return lost

    assert {"hermiticity", "unitarity"} <= disagreeing(lambda: with_onsite(found, loss), k=[(0.4, 0.3)])


def with_onsite(module: Any, onsite: Any) -> Made:
    made: Made = module.layers()
    made["builder"][made["zero"]] = onsite
    return made


def test_the_form_of_the_paper() -> None:
    """That of Eq. (16), with the lattice's velocity v = 2 sin k_z in place of 2k_z."""
    point = Point(At(accepted("example", layers()), np.array(OPEN)), np.ones(1))
    assert point.reflection is not None
    r, t_prime, velocity = point.reflection
    k_z = np.arccos((3 - 2 * np.cos(OPEN).sum()) / 2)
    assert velocity == pytest.approx(2 * np.sin(k_z), abs=1e-13)
    m, n = point.at.system.m, np.array([np.sin(OPEN[1]), -np.sin(OPEN[0]), 0.0])
    down, up = (np.trace(p @ r) for p in projectors(m))
    majority, minority = (np.abs(t_prime) ** 2).sum(axis=0)
    forms = (1 - up.conj() * down) * (up - down.conj()), -down * majority, up.conj() * minority
    for form, found in zip(forms, point.first_order[PLAIN], strict=True):
        expected = form.real * np.cross(m, n) + form.imag * np.cross(m, np.cross(n, m))
        assert found == pytest.approx(2 / velocity * expected, abs=1e-13)


def in_real_space() -> Made:
    """Return the example as a cubic lattice, with Rashba hoppings in the plane, by kwant.wraparound."""
    import kwant.wraparound

    wrap, symmetry, module = kwant.wraparound.wraparound, kwant.TranslationalSymmetry, example()
    lattice = kwant.lattice.cubic(norbs=2)
    fields = {-1: 0 * IDENTITY, 0: 0.3 * IDENTITY, 1: 0.8 * module.SIGMA_M}
    layered = kwant.Builder(symmetry((1, 0, 0), (0, 1, 0)))
    for z, field in fields.items():
        layered[lattice(0, 0, z)] = field
    layered[lattice.neighbors()] = -IDENTITY
    layered[lattice(1, 0, 0), lattice(0, 0, 0)] = lambda a, b, h_R: -IDENTITY - 0.5j * h_R * PAULI[1]
    layered[lattice(0, 1, 0), lattice(0, 0, 0)] = lambda a, b, h_R: -IDENTITY + 0.5j * h_R * PAULI[0]
    builder = wrap(layered, coordinate_names="xyz")
    for z in (-1, 1):
        lead = kwant.Builder(symmetry((1, 0, 0), (0, 1, 0), (0, 0, z)))
        lead[lattice(0, 0, 0)], lead[lattice.neighbors()] = fields[z], -IDENTITY
        builder.attach_lead(wrap(lead, keep=2, coordinate_names="xyz"))
    return {"builder": builder, "zero": lattice(0, 0, 0), "energy": -3.0}


def test_a_lattice_in_real_space() -> None:
    """Kwant's own momenta in the plane are ours; nor do conservation laws of the leads change anything."""
    conserving = layers()
    for lead in conserving["builder"].leads:
        lead.builder.conservation_law = example().SIGMA_M
    found = []
    for made in (layers(), in_real_space(), conserving):
        point = Point(At(accepted("example", made), np.array(OPEN)), np.array([0.1]))
        found.append(np.array([point.first_order, point.exact(0.1)]))
    for other in found[1:]:
        assert np.abs(other - found[0]).max() <= 1e-13


def two_orbitals(sites: int = 2) -> Made:
    """Two orbitals a layer, exchange of two directions, spin-orbit coupling of two layers and of a bond."""
    lattice = kwant().lattice.general([(1, 0), (0, 1)], norbs=2)
    m, tilted = np.array([0.6, 0.0, 0.8]), np.array([0.0, 0.8, 0.6])

    def layer(orbital: int, field: Any, A: Any = None) -> Any:
        def onsite(site: Any, k_x: float, k_y: float) -> Complex:
            band = (0.3 * orbital - 2 * (1 - 0.4 * orbital) * (np.cos(k_x) + np.cos(k_y))) * IDENTITY
            return band + dot_sigma(np.array(field))

        def coupled(site: Any, k_x: float, k_y: float, h_R: float) -> Complex:
            return onsite(site, k_x, k_y) + h_R * dot_sigma(A @ np.sin([k_x, k_y]))

        return onsite if A is None else coupled

    def bond(a: Any, b: Any, k_x: float, k_y: float, h_R: float) -> Complex:
        return -IDENTITY + 1j * h_R * (np.cos(k_x) * PAULI[0] + np.sin(k_y) * PAULI[2])

    A = np.array([[0.2, 1.0], [-1.0, 0.3], [0.4, 0.1]])
    fields = {-1: 0 * m, 0: 0.5 * tilted, 1: 0.4 * m, 2: 0.6 * m}
    builder = kwant().Builder()
    for z, field in fields.items():
        for o in (0, 1):
            builder[lattice(z, o)] = layer(o, field, A * (1 - 0.3 * z + o) if z in (0, 1) else None)
        builder[lattice(z, 0), lattice(z, 1)] = 0.4 * IDENTITY
    for o in (0, 1):
        for z in (0, 1, 2):
            builder[lattice(z, o), lattice(z - 1, o)] = bond if z == 1 else -(1 - 0.3 * o) * IDENTITY
    for direction, field in ((-1, 0 * m), (1, 0.6 * m)):
        lead = kwant().Builder(kwant().TranslationalSymmetry((direction, 0)))
        for o in (0, 1):
            lead[lattice(0, o)] = layer(o, field)
            lead[lattice(1, o), lattice(0, o)] = -(1 - 0.3 * o) * IDENTITY
        lead[lattice(0, 0), lattice(0, 1)] = 0.4 * IDENTITY
        builder.attach_lead(lead)
    return {"builder": builder, "zero": [lattice(0, o) for o in (0, 1)][:sites], "energy": -2.0}


def test_unit_cells_of_several_sites() -> None:
    """N of two kinds of atoms and F of three, of which the next cell touches one."""
    module, made = example(), layers()
    chain, builder = made["zero"].family, made["builder"]

    def atom(onsite: Any, more: float) -> Any:
        return lambda site, k_x, k_y: onsite(site, k_x, k_y) + more * IDENTITY

    N, F = [atom(module.metal, u) for u in (0.1, 0.0)], [atom(module.magnet, u) for u in (0.0, 0.3, -0.2)]
    builder.leads.clear()
    for z in (*range(-4, 0), *range(1, 6)):
        builder[chain(z)] = N[z % 2] if z < 0 else F[z % 3]
    builder[chain.neighbors()] = -IDENTITY
    for period, atoms in ((-2, N), (3, F)):
        lead = kwant().Builder(kwant().TranslationalSymmetry((period,)))
        for z, onsite in enumerate(atoms):
            lead[chain(z)] = onsite
        lead[chain.neighbors()] = -IDENTITY
        builder.attach_lead(lead)
    result = check_builder(lambda: made, k=[OPEN])
    assert {f.verdict for f in result} == {"agrees"}
    assert {"normal", "minority"} <= {f.source for f in result}


def test_any_lattice() -> None:
    """Where r and t' do not tell first order, unperturbed states do; the note says what is not tried."""
    result = check_builder(two_orbitals, k=[(0.7, -0.4), (1.2, 0.9)])
    assert {f.verdict for f in result} == {"agrees"}
    assert "amplitudes" not in {f.claim for f in result}
    assert "one uniform chain" in str(result)
    point = Point(At(accepted("two", two_orbitals()), np.array([0.7, -0.4])), np.ones(1))
    assert not point.is_odd_in_k
    assert point.at.open == (4, 3)
    # By another way: ε(k_x) at the k_z of each channel.
    for lead, channels in enumerate(point.at.channels):
        momenta = point.at.modes[lead].momenta[: len(channels.spin)]
        for c in range(len(channels.spin)):
            k_z = float(momenta @ np.abs(channels.incoming[:, c]) ** 2)

            def energies(k_x: float, lead: int = lead, k_z: float = k_z) -> Array:
                cell, hop = point.at.system.lead(lead, np.array([k_x, -0.4]))
                half = hop * np.exp(-1j * k_z)
                return np.linalg.eigvalsh(cell + half + half.conj().T)

            band = np.argmin(np.abs(energies(0.7) + 2.0))
            slope = (energies(0.7001) - energies(0.6999))[band] / 0.0002
            assert channels.shift[c] == pytest.approx(slope / 2, abs=1e-6)


IFACE = Interface(name="continuum", E_F=1.5, U_F=-0.2, J=0.6, u_0=0.3, u_m=0.2, m=(2.0, -1.0, 2.0), h_R=0.3)


def discretised(a: float) -> Made:
    """Return IFACE by finite differences of that spacing; half of each side's potential is at z = 0."""
    sigma_m, t = dot_sigma(IFACE.direction), 1 / a**2
    chain = kwant().lattice.chain(norbs=2)
    F = IFACE.U_F * IDENTITY + IFACE.J * sigma_m

    def onsite(potential: Any) -> Any:
        return lambda site, k_x, k_y: (2 * t + k_x**2 + k_y**2) * IDENTITY + potential

    def delta(site: Any, k_x: float, k_y: float, h_R: float) -> Complex:
        kappa = IFACE.u_0 * IDENTITY + IFACE.u_m * sigma_m + h_R * (k_y * PAULI[0] - k_x * PAULI[1])
        return onsite(F / 2)(site, k_x, k_y) + kappa / a

    builder = kwant().Builder()
    builder[chain(-1)], builder[chain(0)], builder[chain(1)] = onsite(0 * F), delta, onsite(F)
    builder[chain.neighbors()] = -t * IDENTITY
    for direction, potential in ((-1, 0 * F), (1, F)):
        lead = kwant().Builder(kwant().TranslationalSymmetry((direction,)))
        lead[chain(0)], lead[chain.neighbors()] = onsite(potential), -t * IDENTITY
        builder.attach_lead(lead)
    return {"builder": builder, "zero": chain(0), "energy": IFACE.E_F, "h_R": 0.3, "cell": (4.0, 4.0)}


def test_the_continuum_is_its_limit() -> None:
    """First order against that of stacks, the exact torque against boundary matching: errors go as a²."""
    k_perp, angle = 0.8, 0.6
    k = k_perp * np.array([np.cos(angle), np.sin(angle)])
    stack = distorted.torque(IFACE.structure, np.array([k_perp**2]))[0]
    states = EXACT["continuum"].solve(IFACE.structure, np.array(k_perp), np.array(angle), np.array(0.3))
    exact = torque_from_flows(states.flows, IFACE.direction)
    errors = []
    for a in (0.1, 0.05, 0.025):
        system = accepted("discretised", discretised(a))
        point = Point(At(system, k), np.array([0.3]))
        # Of k×ẑ, the average over the angle keeps half of what k along x has.
        along_x = Point(At(system, np.array([k_perp, 0.0])), np.array([0.3]))
        errors.append(
            [
                np.abs(along_x.first_order[WEIGHTED] / 2 - stack).max() / np.abs(stack).max(),
                np.abs(point.exact(0.3)[PLAIN] - exact).max() / np.abs(exact).max(),
                np.abs(along_x.from_amplitudes[WEIGHTED] / 2 - stack).max() / np.abs(stack).max(),  # type: ignore[index]
            ]
        )
        assert np.concatenate([c.shift for c in point.at.channels]) == pytest.approx([k[0]] * 4, abs=1e-9)
    orders = np.log2(np.array(errors[:-1]) / np.array(errors[1:]))
    assert np.abs(orders[-1] - 2).max() <= 0.02, orders
    assert np.max(errors[-1]) <= 1e-3


def change(**keys: Any) -> Callable[[], Any]:
    return lambda: {k: v for k, v in (layers() | keys).items() if v is not ...}


def onsite(function: Any) -> Callable[[], Any]:
    return lambda: with_onsite(example(), function)


def leadless() -> Made:
    made = layers()
    made["builder"].leads.clear()
    return made


def infinite() -> Made:
    chain = kwant().lattice.chain(norbs=2)
    builder = kwant().Builder(kwant().TranslationalSymmetry((1,)))
    builder[chain(0)] = IDENTITY
    return layers() | {"builder": builder}


def spinless() -> Made:
    chain = kwant().lattice.chain(norbs=1)
    builder = kwant().Builder()
    builder[chain(0)], builder[chain(1)] = 1.0, 1.0
    builder[chain.neighbors()] = -1.0
    for direction in (-1, 1):
        lead = kwant().Builder(kwant().TranslationalSymmetry((direction,)))
        lead[chain(0)], lead[chain.neighbors()] = 1.0, -1.0
        builder.attach_lead(lead)
    return layers() | {"builder": builder}


def backwards() -> Made:
    made = layers()
    made["builder"].leads.reverse()
    return made


def without_k() -> Made:
    made = layers()
    made["builder"][list(made["builder"].sites())] = lambda site, h_R: h_R * PAULI[0]
    return made


def raising() -> Any:
    raise ValueError("no such lattice")


SD = example()
RASHBA = SD.interface


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (raising, "the function fails: ValueError: no such lattice"),
        (lambda: sys.exit(0), "the function fails: SystemExit: 0"),
        (lambda: None, "returned NoneType; expected a dictionary"),
        (change(zero=...), "the key 'zero' is missing; needed: builder, zero, energy"),
        (change(zeros=1), "unknown key 'zeros' (did you mean 'zero'?)"),
        (change(builder=3), "'builder' is int; expected a kwant.Builder"),
        (change(energy="high"), "'energy' = 'high' is not accepted; expected a finite number"),
        (change(energy=9.0), "no channel of either lead is open at E_F = 9"),
        (change(h_R=0.0), "'h_R' must not be zero"),
        (change(cell=(2.0, 2.0)), "the cell of k cuts off open channels"),
        (
            change(magnetization=(0, 0, 1)),
            "'magnetization' is not the direction of the right lead's exchange",
        ),
        (leadless, "the builder has 0 leads; attach two"),
        (infinite, "'builder' is infinite; expected a finite one"),
        (spinless, "a site has norbs = 1; expected norbs = 2"),
        (backwards, "spin is not conserved in N"),
        (lambda: layers() | {"zero": kwant().lattice.chain(norbs=2)(7)}, "is no site of the builder"),
        (change(zero=[]), "'zero' = [] is no site of the builder; give the site at z = 0"),
        (lambda: layers() | {"zero": kwant().lattice.chain(norbs=2)(1)}, "z = 0 touches the right lead"),
        (lambda: two_orbitals(1), "'zero' does not cut the system in two"),
        (onsite(SD.metal), "has the parameter h_R"),
        (without_k, "has the parameter k_x"),
        (onsite(lambda site, k_x, k_y, h_R, u: IDENTITY), "the parameter u has no value; give it: 'params'"),
        (onsite(lambda site, k_x, k_y, h_R=1: IDENTITY), "Kwant does not take"),
        (onsite(lambda site, k_x, k_y, h_R: k_x * PAULI[0]), "h_R has no effect"),
        (onsite(lambda site, k_x, k_y, h_R: h_R**2 * PAULI[0]), "H is not linear in h_R"),
        (onsite(lambda site, k_x, k_y, h_R: 1j * h_R * PAULI[0]), "H is not Hermitian"),
        (onsite(lambda site, k_x, k_y, h_R: h_R / 0), "its Hamiltonian fails: ZeroDivisionError"),
        (onsite(lambda site, k_x, k_y, h_R: np.nan * PAULI[0]), "a number that is not finite"),
    ],
)
def test_mistakes_are_explained(make: Callable[[], Any], words: str) -> None:
    """In one line that says what is wrong, and what to do."""
    with pytest.raises(BuilderError) as error:
        check_builder(make, grid=8)
    assert words in str(error.value)
    assert "\n" not in str(error.value)


def test_command(sotcheck: Command, monkeypatch: Patch) -> None:
    """As a user runs it: a module in the working folder; what it cannot do ends with status 2."""
    monkeypatch.chdir(EXAMPLES)
    found = sotcheck(
        "check", "--builder", "sd_cubic:layers", "--k", "0.7,-0.4", "--h-r", "0.2", "--json", "-"
    )
    document = json.loads(found.out)
    assert found.status == 0
    assert document["system"]["h_R"] == 0.2
    assert {row["verdict"] for row in document["verdicts"]} == {"agrees"}
    for words, *args in (
        ("has no function 'layer' (did you mean 'layers'?)", "--builder", "sd_cubic:layer"),
        ("expected module:function, such as mysystem:layers", "--builder", "sd_cubic"),
        ("cannot be imported", "--builder", "nowhere:layers"),
        ("no channel is open at k = (3, 3)", "--builder", "sd_cubic:layers", "--k", "3,3"),
        ("expected an even number from 8 on", "--builder", "sd_cubic:layers", "--grid", "9"),
        ("give one of them", "bulk-magnetism", "--builder", "sd_cubic:layers"),
        ("--engine belongs to a system", "--builder", "sd_cubic:layers", "--engine", "kwant"),
        ("one number, the largest h_R", "--builder", "sd_cubic:layers", "--h-r", "0.1,0.2"),
        ("give single k, or a grid", "--builder", "sd_cubic:layers", "--k", "1,1", "--grid", "8"),
        ("--k is for --builder", "bulk-magnetism", "--k", "1,1"),
        ("Missing argument 'SYSTEM'",),
    ):
        refused = sotcheck("check", *args)
        assert refused.status == 2
        assert words in refused.err


def test_the_manual_shows_the_example() -> None:
    page = EXAMPLES.parent / "docs" / "how-to" / "kwant-system.md"
    assert f"```python\n{(EXAMPLES / 'sd_cubic.py').read_text(encoding='utf-8')}```\n" in page.read_text(
        encoding="utf-8"
    )
