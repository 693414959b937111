"""Fixtures: every system file, every exact engine, a grid of k_⊥ in every regime; the command line."""

from __future__ import annotations

import json
import signal
from collections.abc import Callable
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np
import pytest
from numpy.typing import ArrayLike

from sotcheck.bound.states import bottom, decay_constants
from sotcheck.command.main import main
from sotcheck.engines import Engine, KwantChain, Matching
from sotcheck.numerics.arrays import Array, Complex
from sotcheck.numerics.quadrature import sample
from sotcheck.system.files import builtin_systems, load_bare
from sotcheck.system.interface import Interface, rashba
from sotcheck.system.spin import IDENTITY, in_spin_bands
from sotcheck.trial.evidence import FINE, NODES, Evidence, ladders, planned
from sotcheck.trial.expansion import expansion_of
from sotcheck.trial.paper import load as load_paper

SYSTEMS = list(builtin_systems("bare"))
EXACT_ENGINES: list[Engine] = [Matching(), KwantChain("exact-difference"), KwantChain("finite-difference")]
GENERIC = {
    # Every parameter in use; N closes between the minority and the majority band of F.
    "generic": Interface(
        name="generic", E_F=1.3, U_N=0.2, U_F=-0.3, J=0.7, u_0=0.4, u_m=-0.3, m=(2.0, -1.0, 2.0), h_R=0.1
    ),
    # A repulsive barrier whose exchange is strong enough to attract one spin, though not to bind it at E_F.
    "strong exchange": Interface(
        name="strong", E_F=1.4, U_N=0.5, U_F=0.1, J=0.6, u_0=0.6, u_m=0.8, m=(-3.0, 6.0, 2.0), h_R=0.1
    ),
}

Grid = tuple[Array, Array, Array]


def interface(**values: Any) -> Interface:
    """Return an interface without exchange or barriers and with a tilted m, but for the values given."""
    return Interface(**{"name": "case", "E_F": 1.0, "J": 0.0, "m": (2.0, -1.0, 2.0), **values})


def random_interface(rng: np.random.Generator) -> Interface:
    """Return an interface with every parameter at random, J = 0 in half the cases."""
    U_N, U_F = rng.uniform(-1, 1, 2)
    J = float(rng.choice([0.0, rng.uniform(0, 2)]))
    u_0, u_m = rng.uniform(-2, 2, 2)
    E_F = min(U_N, U_F - J) + rng.uniform(0.3, 3)
    return interface(E_F=E_F, U_N=U_N, U_F=U_F, J=J, u_0=u_0, u_m=u_m, m=tuple(rng.normal(size=3)))


def matching_matrix(
    iface: Interface, energy: Array, k_perp: Array | float, angle: Array | float, h_R: Array | float
) -> Complex:
    """Return q_N + Q̂_F + κ̂ at a total energy at or below the continuum, shape (..., 2, 2)."""
    q_N, *q_F = decay_constants(iface, np.sqrt((bottom(iface, k_perp) - energy).clip(min=0)))
    k_perp, angle, h_R = np.broadcast_arrays(*(np.asarray(a, dtype=float) for a in (k_perp, angle, h_R)))
    kappa = iface.kappa_0() + h_R[..., None, None] * rashba(k_perp, angle)
    in_F = in_spin_bands(np.stack(q_F, axis=-1).astype(complex), iface.direction)
    return q_N[..., None, None] * IDENTITY + in_F + kappa


@pytest.fixture(params=SYSTEMS)
def iface(request: pytest.FixtureRequest) -> Interface:
    """Every bare system file; the built-in ones have a tilted m."""
    found = load_bare(request.param)
    assert min(abs(c) for c in found.m) > 0.1, "a symmetric m would hide errors"
    return found


@pytest.fixture(params=[*SYSTEMS, *GENERIC])
def any_iface(request: pytest.FixtureRequest) -> Interface:
    """Every bare system file, and interfaces with every parameter in use."""
    return GENERIC[request.param] if request.param in GENERIC else load_bare(request.param)


@pytest.fixture(params=EXACT_ENGINES, ids=lambda e: e.scheme or e.name)
def engine(request: pytest.FixtureRequest) -> Engine:
    """Every exact engine; first-order formulas obey none of the nonlinear invariants."""
    return request.param


@pytest.fixture(scope="session")
def rng() -> np.random.Generator:
    """Random numbers that are the same in every run."""
    return np.random.default_rng(20170915)


def grid_of(iface: Interface, nodes: int = 3, h_R: tuple[float, ...] = (-0.7, 0.05, 1.0)) -> Grid:
    """Return (k_⊥, angle, h_R) in every channel regime, at asymmetric angles, h_R of both signs up to 1."""
    k_perp = sample(iface.thresholds(), nodes)[:, None, None]
    k_perp, angle, scale = np.broadcast_arrays(k_perp, np.array([0.4, 2.1, 4.4])[:, None], np.array(h_R))
    return k_perp, angle, scale


def relative(found: ArrayLike, reference: ArrayLike) -> float:
    """Return the largest difference relative to the largest reference value (0 if both vanish)."""
    found, reference = np.asarray(found), np.asarray(reference)
    assert found.shape == reference.shape
    assert np.all(np.isfinite(found))
    scale = float(np.abs(reference).max())
    return float(np.abs(found - reference).max()) / (scale or 1.0)


@pytest.fixture(scope="session")
def continuum_only() -> Callable[[Interface], Evidence]:
    """Return a maker of evidence from `continuum` alone: a tenth of a second instead of ten.

    The same ladders and tolerances as `gather`; claims about single engines then try this one only.
    """
    return lru_cache(maxsize=8)(evidence_of_continuum)


def gather(*of: Any, **options: Any) -> Evidence:
    """Return evidence with everything that claims ask for; arguments are those of `planned`."""
    evidence, steps = planned(*of, **options)
    for step in steps.values():
        step()
    return evidence


def evidence_of_continuum(iface: Interface) -> Evidence:
    """Gather what `continuum` alone can tell."""
    expansion = expansion_of(iface, sample(iface.thresholds(), NODES) ** 2)
    # Without an expansion, digits only cost time.
    return gather(
        iface,
        ladders(expansion)[0][:1],
        FINE if expansion.exists else 1e-3,
        load_paper().first_order,
        engines={"continuum": Matching()},
    )


class Run(NamedTuple):
    """How a command ended."""

    status: int
    out: str
    err: str


Command = Callable[..., Run]


@pytest.fixture
def sotcheck(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Command:
    """Run a command in this process: a warning would be an error here, and starting up costs nothing."""
    monkeypatch.setattr(signal, "signal", lambda number, action: action)
    monkeypatch.setattr(signal, "setitimer", lambda *_: (0.0, 0.0))

    def run(*args: str) -> Run:
        status: Any = 0
        try:
            main(args)
        except SystemExit as end:
            status = end.code
        out, err = capsys.readouterr()
        assert "Traceback" not in err
        return Run(status, out, err)

    return run


def strict(text: str) -> Any:
    """Parse JSON, which knows no NaN or Infinity."""

    def refuse(word: str) -> None:
        raise AssertionError(f"{word} is no JSON")

    return json.loads(text, parse_constant=refuse)
