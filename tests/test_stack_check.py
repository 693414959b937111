"""The cross-check of a stack: everything agrees, every row can disagree, claims apply where they may."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from layer_cases import PINNED

import sotcheck as sc
from sotcheck.engines import EXACT, FIRST_ORDER, Engine, Matching
from sotcheck.errors import EngineError, LatticeError
from sotcheck.exact import inside
from sotcheck.exact.apart import Summed, flows_beside
from sotcheck.numerics.arrays import Array
from sotcheck.run.progress import silent
from sotcheck.system.files import from_document
from sotcheck.system.stack import Junction, Layer, Stack
from sotcheck.system.states import States
from sotcheck.system.structure import Scale, Structure
from sotcheck.theory import distorted
from sotcheck.theory.distorted import Unperturbed
from sotcheck.theory.first_order import FirstOrder
from sotcheck.theory.sums import stack_torque
from sotcheck.trial.check import CheckResult, check_stack, try_claims
from sotcheck.trial.entries import Claim
from sotcheck.trial.evidence import RUNGS
from sotcheck.trial.paper import load
from sotcheck.trial.reach import refuse_beyond
from sotcheck.trial.stack_check import conserved, engines_agree, evidence_of, first_order, sums
from sotcheck.trial.stack_ladders import Exact, Ladders
from sotcheck.trial.verdict import Verdict

STACK = from_document(tomllib.loads(PINNED), "pinned")
#: Rashba coupling at z = 0 alone, all magnetism along one axis beneath it, in a layer too.
BENEATH = Stack(
    name="beneath", E_F=1.5, U_F=0.2, J=0.6, u_0=0.3, h_R=0.3, m=(1.0, 2.0, 2.0),
    layers=(Layer(name="spacer", thickness=0.8, potential=0.3, exchange=0.4, mass=0.8),),
)  # fmt: skip
OWN = {
    "first-order",
    "linearity",
    "engines",
    "ledger",
    "unitarity",
    "equations",
    "plain-sum",
    "file",
    "rotation",
    "sum-rule",
}
OF_PAPER = {"eq10c", "eq14", "eq15", "eq16c", "eq16d", "eq16-vector", "amplitudes"}
CONTINUUM = {"continuum": Matching()}
Patch = pytest.MonkeyPatch


def checked(stack: Stack, engines: dict[str, Engine] | None = None) -> CheckResult:
    """The check of a stack at its own scale, by engines that need no name of their own."""
    return check_stack(stack, engines or CONTINUUM, np.array([stack.scale]), 1e-9, None, silent)


def disagreeing(result: Any) -> set[str]:
    """The claims of which some row disagrees."""
    return {f.claim for f in result if f.verdict is Verdict.DISAGREES}


def test_all_agree() -> None:
    """By both engines, every source; (16) does not apply to a layer with a spin-orbit term."""
    result = sc.check(STACK)
    assert {finding.verdict for finding in result} == {Verdict.AGREES}
    assert {f.claim for f in result} == OWN
    assert {f.engine for f in result} == {*EXACT, FIRST_ORDER, None}
    reasons = {row["claim"]: row["reason"] for row in result.to_dict()["does_not_apply"]}
    assert reasons["eq16c"] == "layer 1 has a spin-orbit term of its own"
    assert reasons["lattice-order"] == "it is said of bare interfaces"
    assert "eq16c, eq16d" in result.summary()


# ---------------------------------------------------------------- what a paper says of whatever lies beneath


@pytest.mark.parametrize(
    "changes",
    [
        {},
        # Antiparallel on the right, N closes first, effective masses: velocities stand for wave numbers.
        {"m_F": (-1.0, -2.0, -2.0), "U_N": 0.9, "mass_N": 0.6, "mass_F": 1.7, "u_m": 0.2},
    ],
    ids=["equal", "opposite"],
)
def test_the_paper_holds_with_amplitudes_of_the_whole_stack(changes: dict[str, Any]) -> None:
    """(10c), (14) to (16) against exact solutions, every source, every range of k_z."""
    result = checked(BENEATH.with_(**changes))
    assert {finding.verdict for finding in result} == {Verdict.AGREES}
    rows = [f for f in result if f.claim in OF_PAPER]
    assert {f.claim for f in rows} == OF_PAPER
    assert {f.source for f in rows if f.claim in ("eq16c", "eq16d")} == {"normal", "majority", "minority"}
    assert {f.form for f in rows if f.claim == "eq15"} == {"corrected"}
    assert any("imaginary" in f.quantity for f in rows)


@pytest.mark.parametrize(
    ("changes", "reason", "left"),
    [
        ({"dresselhaus": 0.1}, "the delta at z = 0 has another spin-orbit term than that of Rashba", set()),
        ({"rashba": 0.1}, "spacer has a spin-orbit term of its own", set()),
        ({"interface": {"rashba": 0.1}}, "the delta at the far end of spacer has a spin-orbit term", set()),
        (
            {"magnetization": (0.0, 0.0, 1.0)},
            "the magnetization of spacer is not along that of the right half-space",
            {"eq10c", "eq14", "eq15"},
        ),
        (
            {"m_F": (0.0, 0.0, 1.0), "layers": (), "u_m": 0.1},
            "the magnetization of the delta at z = 0 is not along that of the right half-space",
            {"eq10c", "eq14", "eq15"},
        ),
        (
            {"magnetic": False, "J": 0.0},
            "the right half-space is not magnetic, and spin goes on into it",
            {"eq10c", "eq14", "eq15", "eq16-vector", "amplitudes"},
        ),
        ({"magnetic": False, "J": 0.0, "U_F": 2.0}, "", OF_PAPER),
    ],
)
def test_a_claim_says_which_premise_fails(changes: dict[str, Any], reason: str, left: set[str]) -> None:
    """By name of the part of the stack that is in the way."""
    of_layer = {"rashba", "interface", "magnetization"} & changes.keys()
    layer = BENEATH.layers[0].model_dump() | changes
    stack = BENEATH.with_(**({"layers": (layer,)} if of_layer else changes))
    claims = {claim.name: claim.but(stack) for claim in load().of_type(Claim)}
    assert claims["eq16c"] == reason
    assert {name for name, why in claims.items() if not why} == left


def off(theory: FirstOrder, part: str) -> FirstOrder:
    """The theory, a thousandth off."""
    original = getattr(theory, part)
    changes: dict[str, Any] = {part: lambda s: 1.001 * original(s)}
    return replace(theory, **changes)


def test_formulas_of_the_paper_can_be_wrong_of_a_stack() -> None:
    """A thousandth is seen, in the torque, in the current, in what the lattice adds."""
    scales, ladders = np.array([BENEATH.scale]), Ladders.of(BENEATH, CONTINUUM)
    for part, claims in {
        "torque": {"eq16c", "eq16d", "eq16-vector"}, "current": {"eq14"}, "lattice": {"eq15"}
    }.items():  # fmt: skip
        theory = off(load().first_order, part)
        evidence = evidence_of(BENEATH, CONTINUUM, scales, ladders, theory)
        assert claims <= disagreeing(try_claims(evidence, load())), part


# ------------------------------------------------------------- states bound among the other spin's channels

#: A well for the minority, beneath a normal metal that closes, in the continuum of the majority.
WELL: dict[str, Any] = {"name": "well", "E_F": 1.0, "U_N": 0.8, "J": 0.9, "h_R": 0.2, "m": (1.0, 2.0, 2.0)}
BOUND = Stack(**WELL, layers=(Layer(thickness=2.0, potential=-1.5),))
#: With another spin-orbit term, one at the layer's far end, masses, and m the other way on the right.
BOUND_OTHER = Stack(
    **WELL, mass_N=0.9, mass_F=1.3, m_F=(-1.0, -2.0, -2.0), dresselhaus=0.1,
    layers=(Layer(thickness=2.0, potential=-1.5, mass=0.8, interface=Junction(rashba=0.1)),),
)  # fmt: skip


@pytest.mark.parametrize("stack", [BOUND, BOUND_OTHER], ids=["rashba", "anything"])
def test_a_bound_state_adds_its_torque_to_first_order(stack: Stack) -> None:
    """It is all of the source of the other spin, and what is left is of third order."""
    found = Ladders.of(stack, CONTINUUM)
    assert found.expansion.kind == "embedded"
    assert abs(found.expansion.missing[1]) > 0.1 * np.abs(found.expected.value).max()
    assert {finding.verdict for finding in first_order(stack, found)} == {Verdict.AGREES}
    without = replace(found, expected=stack_torque(stack, rtol=1e-12))
    assert {f.source for f in first_order(stack, without) if f.verdict is not Verdict.AGREES} == {"majority"}
    if stack is BOUND:
        # (16d) as transcribed lacks that, and the corrected form has it: as at a bare interface.
        evidence = evidence_of(stack, CONTINUUM, np.array([1.0]), found, load().first_order)
        rows = [f for f in try_claims(evidence, load()) if f.claim == "eq16d" and "imaginary" in f.quantity]
        verdicts = {f.form: f.verdict for f in rows if "fieldlike" in f.quantity}
        assert verdicts == {"transcribed": Verdict.DISAGREES, "corrected": Verdict.AGREES}


def test_check_of_a_bound_state() -> None:
    """No plain rule sees it at small scales, and no row lacks flows but those of first order."""
    found = sc.check(BOUND, engine="continuum")
    assert disagreeing(found.findings) == {"eq16d"}
    verdicts = {
        claim: {f.verdict for f in found.findings if f.claim == claim} for claim in ("plain-sum", "file")
    }
    assert verdicts == {"plain-sum": {Verdict.INCONCLUSIVE}, "file": {Verdict.AGREES}}


def test_a_transparent_channel_has_no_first_order() -> None:
    """Nothing but the Rashba delta: t has a term in h_R|h_R|, and nothing is said to disagree."""
    result = checked(Stack(name="nothing", E_F=1.5, J=0.0, layers=(Layer(thickness=1.0),)))
    assert result.exit_status == 3
    assert "transparent" in result.note


# ------------------------------------------------------------------------------- every row can disagree


def scaled_theory(patch: Patch) -> None:
    """First order a thousandth too large."""
    original = distorted.torque
    patch.setattr(distorted, "torque", lambda *given: 1.001 * original(*given))


def layer_forgotten(patch: Patch) -> None:
    """First order without the spin-orbit field of the layer."""
    original = Unperturbed.sites
    patch.setattr(Unperturbed, "sites", lambda self: [one for one in original(self) if one[1] == 1.0])


def conjugated(patch: Patch) -> None:
    """The sign of the Born term."""
    original = Unperturbed.sites
    patch.setattr(Unperturbed, "sites", lambda self: [(-a, w, psi) for a, w, psi in original(self)])


def longer_layer(patch: Patch) -> None:
    """States inside layers integrated over a little more than the layer."""
    original = inside.spin_turned
    patch.setattr("sotcheck.trial.stack_check.spin_turned", lambda *given: 1.0001 * original(*given))


@pytest.mark.parametrize(
    ("fault", "claims", "stack"),
    [
        (scaled_theory, {"first-order", "linearity"}, BENEATH),
        (layer_forgotten, {"first-order", "linearity"}, STACK),
        (conjugated, {"first-order", "linearity"}, BENEATH),
        (longer_layer, {"ledger"}, BENEATH),
    ],
)
def test_every_claim_can_disagree(
    fault: Callable[[Patch], None], claims: set[str], stack: Any, monkeypatch: Patch
) -> None:
    """Faults in the theory, in the bookkeeping."""
    fault(monkeypatch)
    assert claims <= disagreeing(checked(stack))


class Faulty(Matching):
    """An engine that is wrong in one way."""

    def flows(self, structure: Structure, k_perp: Array, angle: Array, scale: Array) -> Array:
        return Engine.flows(self, structure, k_perp, angle, scale)

    def all_flows(self, structure: Structure, k_perp: Array, angle: Array, scale: Array) -> Array:
        return Engine.all_flows(self, structure, k_perp, angle, scale)


class NotLinear(Faulty):
    """The scale is not a factor of the spin-orbit terms."""

    def solve(self, structure: Structure, k_perp: Array, angle: Array, scale: Scale) -> States:
        return super().solve(structure, k_perp, angle, np.asarray(scale) + 0.1 * np.square(scale))


class Mirrored(Faulty):
    """k_y → −k_y: a sum over all k is none the wiser."""

    def solve(self, structure: Structure, k_perp: Array, angle: Array, scale: Scale) -> States:
        return super().solve(structure, k_perp, -np.asarray(angle), scale)


class Steeper(Faulty):
    """Slopes beyond interfaces off by 1e-4."""

    def solve(self, structure: Structure, k_perp: Array, angle: Array, scale: Scale) -> States:
        found = super().solve(structure, k_perp, angle, scale)
        return replace(
            found, slope=found.slope * np.array([1, 1.0001]).reshape(-1, *(1,) * (found.slope.ndim - 1))
        )


class Larger(Faulty):
    """States that are too large by 1e-6."""

    def solve(self, structure: Structure, k_perp: Array, angle: Array, scale: Scale) -> States:
        found = super().solve(structure, k_perp, angle, scale)
        return replace(found, psi=found.psi * (1 + 1e-6))


@pytest.mark.parametrize(
    ("engine", "claims"),
    [
        (NotLinear(), {"engines"}),
        (Mirrored(), {"engines"}),
        (Steeper(), {"engines", "ledger"}),
        (Larger(), {"engines", "ledger", "unitarity"}),
    ],
    ids=["not-linear", "mirrored", "steeper", "larger"],
)
def test_an_engine_can_be_wrong(engine: Engine, claims: set[str]) -> None:
    """A wrong engine is seen beside a right one, by what it is wrong in."""
    engines = {"right": Matching(), "wrong": engine}
    summed = sums(BENEATH, engines, np.array([0.3]), 1e-6)
    rows = [*engines_agree(BENEATH, summed, 1e-3), *conserved(BENEATH, engines, 0.3)]
    assert disagreeing(rows) == claims
    assert {f.engine for f in rows if f.verdict is not Verdict.AGREES} == {"wrong"}


def test_what_engines_differ_by_is_the_difference_of_their_sums() -> None:
    """A wrong engine's sum is the right one's and what it differs by, where both can be had."""
    scales = np.array([0.3, 0.15])
    right = Exact.of(Matching(), BENEATH, scales, 1e-10)
    wrong, beside = (Exact.of(Steeper(), BENEATH, scales, 1e-10, other) for other in (None, right))
    assert beside.apart is not None
    size = np.abs(wrong.over_scale.value).max()
    assert np.abs(beside.apart.value).max() > 1e-5 * size
    assert np.abs(beside.over_scale.value - wrong.over_scale.value).max() <= 1e-8 * size
    # As in `torque`, where the engine that is asked first sums alone.
    summed: Summed = {}
    _, rest = (
        flows_beside(one, BENEATH, 0.3, 1e-10, None, 0.0, summed).total for one in (Matching(), Steeper())
    )
    off = np.abs(rest.value[0] - wrong.flows.total.value[0])
    assert np.all(off <= rest.error[0] + wrong.flows.total.error[0])
    assert np.abs(summed[0.3][1].total.value[0] - rest.value[0]).max() > 1e-5 * size


class Endless(Steeper):
    """In a layer with a spin-orbit term its flows jump where another closed form takes over."""

    most_problems = 20_000


def test_a_sum_without_end_ends_and_says_so() -> None:
    """What nodes cannot resolve stays in the error, with its name, and no verdict is given on it."""
    found = Exact.of(Endless(), STACK, 0.5 * RUNGS, 1e-12)
    size, origin = found.over_scale.terms["quadrature"]
    assert "stopped after 20000 values" in origin
    assert np.max(size) > 1e-9
    assert "stopped after 20000 values" in found.linear.terms["rounding"][1]


def test_larger_scales_tell_what_small_ones_hide(monkeypatch: Patch) -> None:
    """Of a source of which first order leaves next to nothing the slope is told by a larger ladder."""
    monkeypatch.setattr("sotcheck.trial.stack_ladders.FIRST_RUNGS", (0.003,))
    found = Ladders.of(BENEATH, CONTINUUM)
    assert max(found.steepest.values()) > 0.003
    assert {f.verdict for f in first_order(BENEATH, found)} == {Verdict.AGREES}


@pytest.mark.parametrize(
    ("key", "value", "words"),
    [
        ("potential", 1e20, "potential = 1e+20 asks for more than 3000 cells of a lattice; give a smaller"),
        ("exchange", 1e9, "exchange = 1000000000.0 asks for more"),
        ("thickness", 1e9, "thickness = 1000000000.0 asks for more"),
        ("mass", 1e12, "mass = 1000000000000.0 asks for more"),
        ("rashba", 1e9, "rashba = 1000000000.0 asks for more"),
        ("thickness", 1e-9, "thickness = 1e-09 leaves a lattice no digits; expected at least 2e-06"),
    ],
)
def test_a_lattice_refuses_by_key(key: str, value: float, words: str) -> None:
    """At once, in one line, by torque and check alike; what has no lattice is not refused."""
    layer = BENEATH.layers[0].model_dump() | {key: value}
    stack = BENEATH.with_(layers=(layer,))
    for asked in (sc.torque, sc.check):
        with pytest.raises(LatticeError, match="spacer: " + re.escape(words)):
            asked(stack, engine="kwant")
    refuse_beyond(Matching(), stack)


@pytest.mark.parametrize("engine", ["first-order", "continuum"])
def test_poles_beyond_count_name_the_layer(engine: str) -> None:
    """With the key that stands out, in words of the file."""
    stack = BENEATH.with_(layers=(BENEATH.layers[0].model_dump() | {"thickness": 1e3},))
    words = "spacer: thickness = 1000.0: waves of .* wavelengths fit in; give a smaller one .*counted"
    with pytest.raises(EngineError, match=words):
        sc.torque(stack, engine=engine, tolerance=1e-3)


def test_first_order_sees_an_engine_that_is_not_linear(monkeypatch: Patch) -> None:
    """Half of the scale is not half of the field: t over the scale is no series of even powers."""
    # Smaller scales, which it would look at for long, do not make it one.
    monkeypatch.setattr("sotcheck.trial.stack_ladders.SMALLEST", 0.05)
    found = Ladders.of(BENEATH, {"wrong": NotLinear()})
    assert disagreeing(first_order(BENEATH, found)) == {"first-order", "linearity"}


def test_a_stack_without_magnetism() -> None:
    """No torque, and no verdict of how it vanishes: flows choose the ladder on which they are tried."""
    layers: Any = ({"thickness": 1.0, "potential": 0.3},)
    magnet: Any = {"m": (2, -1, 2), "magnetic": False, "J": 0.0}
    stack = Stack(name="no-magnet", E_F=1.5, u_0=0.2, h_R=0.1, layers=layers, **magnet)
    found = sc.check(stack, engine="continuum").findings
    assert {f.verdict for f in found} == {Verdict.AGREES}
    assert {"eq14", "eq15", "first-order", "linearity"} <= {f.claim for f in found}
