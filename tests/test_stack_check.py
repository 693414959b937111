"""The cross-check of a stack: everything agrees, and claims can disagree."""

from __future__ import annotations

import tomllib
from collections.abc import Callable
from typing import Any

import pytest
from layer_cases import PINNED

import sotcheck as sc
from sotcheck.engines import EXACT
from sotcheck.exact import inside
from sotcheck.system.files import from_document
from sotcheck.theory import distorted
from sotcheck.theory.distorted import Unperturbed
from sotcheck.trial.verdict import Verdict

STACK = from_document(tomllib.loads(PINNED), "pinned")
Patch = pytest.MonkeyPatch


def disagreeing(**options: Any) -> set[str]:
    """Return the claims of which some row disagrees."""
    return {f.claim for f in sc.check(STACK, **options) if f.verdict is Verdict.DISAGREES}


def test_all_agree() -> None:
    """By both engines, every source."""
    result = sc.check(STACK)
    assert {finding.verdict for finding in result} == {Verdict.AGREES}
    assert {f.claim for f in result} == {"first-order", "linearity", "engines", "ledger", "unitarity"}
    assert {f.engine for f in result} == set(EXACT)


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
    ("fault", "claims"),
    [
        (scaled_theory, {"first-order", "linearity"}),
        (layer_forgotten, {"first-order", "linearity"}),
        (conjugated, {"first-order", "linearity"}),
        (longer_layer, {"ledger"}),
    ],
)
def test_every_claim_can_disagree(
    fault: Callable[[Patch], None], claims: set[str], monkeypatch: Patch
) -> None:
    """Faults in the theory, in an engine, in the bookkeeping."""
    fault(monkeypatch)
    engines = None if claims == {"engines"} else "continuum"
    assert claims <= disagreeing(engine=engines)
