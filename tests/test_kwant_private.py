"""What is relied on of Kwant beyond its documentation: each with one test that says what."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from sotcheck.engines.kwant_private import ROUNDING, TRIED, channel_modes, kwant, lead_modes, wave_functions
from sotcheck.engines.lattice import Chain
from sotcheck.errors import EngineError
from sotcheck.system.spin import IDENTITY

#: On-site term and hopping of a wave that travels with qa = 0.9, and of one that decays.
OPEN, CLOSED = (2 * np.cos(0.9), 1.0), (2 * np.cosh(0.7), 1.0)


def of_lead(onsite: float, hopping: float) -> tuple[Any, Any]:
    modes: tuple[Any, Any] = kwant().physics.modes(np.array([[onsite + 0j]]), np.array([[-hopping + 0j]]))
    return modes


@pytest.mark.parametrize(("band", "is_open"), [(OPEN, True), (CLOSED, False)])
def test_modes_of_one_channel(band: tuple[float, float], is_open: bool) -> None:
    """`compute_block_modes` gives what `kwant.physics.modes` does: incoming first, then the other."""
    found = channel_modes(*band)
    waves, stabilized = of_lead(*band)
    assert bool(found.incident) == is_open == (stabilized.nmodes == 1)
    expected = np.stack([stabilized.vecs[0], stabilized.vecslmbdainv[0]], axis=-1)[-1]
    ratio = np.array(found[2:4]) / expected
    assert np.abs(ratio / ratio[0] - 1).max() < 1e-13
    assert abs(abs(found.root_hopping) ** 2 - abs(band[1])) < 1e-14
    if is_open:
        # Unit current 2 t sin(qa) |ψ|² = 1, and the phase at the site beyond the lead.
        assert abs(2 * np.sin(0.9) * abs(found.incident) ** 2 - 1) < 1e-13
        assert abs(found.incident - waves.wave_functions[0, 0] * np.exp(-1j * waves.momenta[0])) < 1e-13


def test_stabilized_modes_give_the_self_energy() -> None:
    """Σ = v vecs vecslmbdainv⁻¹ v† of what leaves: −t e^{−κa} if it decays."""
    *vectors, root, _ = channel_modes(*CLOSED)
    modes = kwant().physics.StabilizedModes(*(np.array([[v]]) for v in vectors[2:]), 0, np.array([[root]]))
    assert abs(modes.selfenergy()[0, 0] + np.exp(-0.7)) < 1e-13


def free(chains: int, sites: int = 4) -> Chain:
    """Chains of one material, so that waves pass unhindered."""
    one = np.broadcast_to(np.eye(2), (sites, chains, 2, 2)) + 0j
    return Chain(OPEN[0] * one, OPEN[0] * one[1:] / 2, OPEN[1] * one[1:], [1])


def test_a_wave_comes_in_all_chains_at_once() -> None:
    """Kwant's solver needs the equations, no more; a closed channel's wave is zero."""
    modes = np.array([[channel_modes(*OPEN)] * 2] * 3)
    waves = wave_functions(free(3), [(modes, IDENTITY), (modes, IDENTITY)])
    for side in (0, 1):
        assert waves[side].shape == (2, 4, 3, 2)
        wave = waves[side][0, :, :, 0]
        assert np.abs(wave - wave[:, :1]).max() < 1e-13, "the same in all chains"
        step = np.exp(0.9j if side == 0 else -0.9j)
        assert np.abs(wave[1:] / wave[:-1] - step).max() < 1e-13
        assert np.abs(waves[side][0, :, :, 1]).max() < 1e-13, "one spin at a time"
    half = np.array([[channel_modes(*OPEN), channel_modes(*CLOSED)]])
    from_left, from_right = wave_functions(free(1), [(half, IDENTITY), (modes[:1], IDENTITY)])
    assert np.abs(from_left[1]).max() == 0 < np.abs(from_left[0]).max()
    assert np.abs(from_right).max(axis=(1, 2, 3)).min() > 0.1


def nowhere(one: int) -> str:
    return f"channel {one}"


def phaseless(modes: Any) -> Any:
    return modes * modes[..., [1, 1, 3, 3, 4, 1]].conj()


def test_modes_of_many_channels_are_kwants(rng: np.random.Generator) -> None:
    """Also those at which Kwant is not asked, of both signs of the hopping, in the band and far from it."""
    cosine = np.concatenate(
        [rng.uniform(-1, 1, 40), np.cosh(rng.uniform(0.01, 20, 40)) * rng.choice([-1, 1], 40)]
    )
    hopping = rng.uniform(0.3, 3, 80) * rng.choice([-1, 1], 80)
    onsite = 2 * hopping * cosine
    found = lead_modes(onsite, hopping, nowhere)
    kwants = np.array([channel_modes(*band) for band in zip(onsite.tolist(), hopping.tolist(), strict=True)])
    ours, theirs = phaseless(found), phaseless(kwants)
    rounding = np.finfo(float).eps * (1 / np.abs(1 - cosine**2) + np.abs(cosine))
    assert np.all(np.abs(ours - theirs) <= ROUNDING * rounding[:, None] * np.abs(theirs))
    assert np.array_equal(found[:, -1] != 0, np.abs(cosine) < 1)


def test_modes_that_are_not_kwants_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    onsite, hopping = np.linspace(-1.9, 5, 3 * TRIED), np.ones(3 * TRIED)
    lead_modes(onsite, hopping, nowhere)
    real = np.linalg.eigvals
    monkeypatch.setattr(np.linalg, "eigvals", lambda transfer: real(transfer) * (1 + 1e-9))
    with pytest.raises(EngineError, match=r"the modes of channel \d+ are not Kwant's"):
        lead_modes(onsite, hopping, nowhere)
    monkeypatch.undo()
    with pytest.raises(EngineError, match="channel 2: not finite"):
        lead_modes(np.array([1.0, 1.0, np.nan]), np.ones(3), nowhere)
