"""What is relied on of Kwant beyond its documentation: each with one test that says what."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from sotcheck.engines.kwant_private import bundled_lead, channel_modes, kwant, system_class, wave_functions
from sotcheck.engines.lattice import Chain
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


def test_bundled_leads_and_matrices_as_systems() -> None:
    """A `FiniteSystem` needs a matrix, norbs and leads, no more; a wave may come in all chains at once."""
    modes = np.array([[channel_modes(*OPEN)] * 2] * 3)
    waves = wave_functions(free(3), [(modes, IDENTITY), (modes, IDENTITY)])
    for side in (0, 1):
        assert waves[side].shape == (2, 4, 3, 2)
        wave = waves[side][0, :, :, 0]
        assert np.abs(wave - wave[:, :1]).max() < 1e-13, "the same in all chains"
        step = np.exp(0.9j if side == 0 else -0.9j)
        assert np.abs(wave[1:] / wave[:-1] - step).max() < 1e-13
        assert np.abs(waves[side][0, :, :, 1]).max() < 1e-13, "one spin at a time"
    # Closed channels have no incoming wave.
    stabilized = bundled_lead(np.array([[channel_modes(*OPEN), channel_modes(*CLOSED)]]), IDENTITY).modes()[1]
    assert stabilized.nmodes == 1
    assert stabilized.vecs.shape == stabilized.vecslmbdainv.shape == (2, 3)


def test_a_system_gives_its_hamiltonian_block_by_block() -> None:
    chain = free(2)
    system = system_class()(chain, [])
    matrix, norbs, _ = system.hamiltonian_submatrix()
    assert np.array_equal(norbs, np.full(8, 2))
    assert np.abs(matrix.toarray() - matrix.toarray().conj().T).max() == 0
    assert np.array_equal(system.hamiltonian(0, 0), chain.sites[0, 0])
    assert np.array_equal(system.hamiltonian(0, 2), -chain.hopping[0, 0])
    assert np.abs(system.hamiltonian(0, 1)).max() == 0, "chains do not touch"
