"""The pieces by themselves, timed by pytest-benchmark: `uv run pytest benchmarks`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sotcheck_bench import naive_kwant

from sotcheck.engines import Engine, KwantChain, Matching
from sotcheck.engines.kwant_private import channel_modes
from sotcheck.exact.observables import exact_flows
from sotcheck.numerics.angles import Sum
from sotcheck.sweep.journal import open_journal
from sotcheck.system.files import load
from sotcheck.trial.torque import torque

IFACE = load("bulk-magnetism")
H_R = np.array(IFACE.h_R)


@pytest.mark.parametrize("problems", [1, 64, 4096, 262144])
def test_continuum_flows(benchmark: Any, problems: int) -> None:
    """Flows of so many problems by boundary matching."""
    side = int(problems**0.5)
    k_perp = np.linspace(0.01, 1.5, side)[:, None]
    angle = np.linspace(0.1, 6.2, side)
    assert benchmark(Matching().flows, IFACE.structure, k_perp, angle, H_R).shape[:2] == (side, side)


@pytest.mark.parametrize("chains", [1, 16, 256])
def test_kwant_bundle(benchmark: Any, chains: int) -> None:
    """One bundle of chains of equal k_⊥, modes known."""
    angle = np.linspace(0.1, 6.2, chains)
    KwantChain().flows(IFACE.structure, np.array(0.4), angle, H_R)
    assert benchmark(KwantChain().flows, IFACE.structure, np.array(0.4), angle, H_R).shape[0] == chains


def test_channel_modes(benchmark: Any) -> None:
    """One spin channel of one lead."""
    assert benchmark(channel_modes.__wrapped__, 1.0, 0.9).incident


@pytest.mark.parametrize("part", ["scattering_states", "spin_flows"])
def test_naive_kwant(benchmark: Any, part: str) -> None:
    """One problem from Kwant's tutorial: `smatrix` and `wave_function`, and with everything around them."""
    script = naive_kwant
    chain, bonds = script.make_chain()
    if part == "spin_flows":
        benchmark(script.spin_flows, chain, bonds, IFACE, 0.3, 0.2, IFACE.h_R, 0.9)
    else:
        benchmark(script.scattering_states, chain, script.parameters(IFACE, 0.3, 0.2, IFACE.h_R, 0.9))


@pytest.mark.parametrize("engine", [Matching(), KwantChain()], ids=lambda engine: engine.name)
def test_exact_flows(benchmark: Any, engine: Engine) -> None:
    """The k_⊥ sum at 1e-8."""

    def cold() -> Sum:
        channel_modes.cache_clear()
        return exact_flows(engine, IFACE, H_R[None], rtol=1e-8)

    found = benchmark(cold)
    assert found.total.total <= 1e-8 * np.abs(found.total.value).max()


@pytest.mark.parametrize("engine", ["first-order", "continuum"])
def test_torque(benchmark: Any, engine: str) -> None:
    """A point of a sweep, whole: the torque of every source with its error budget."""
    assert len(benchmark(torque, IFACE, engine).rows) == 3


def test_journal_append(benchmark: Any, tmp_path: Path) -> None:
    """A record of 256 points onto the disk."""
    with open_journal(tmp_path / "result.nc", resume=False) as journal:
        journal.append({"plan": {}})
        benchmark(journal.append, {"points": list(range(256)), "values": "x" * 256 * 3 * 21 * 11})
        assert sum(1 for _ in journal.records()) >= 1
