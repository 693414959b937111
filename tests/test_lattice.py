"""The two discretisations as data: their exact solutions, hermiticity, orders, refused spacings."""

from __future__ import annotations

import re

import numpy as np
import pytest

from sotcheck.engines.lattice import (
    LARGEST_DECAY,
    SCHEMES,
    SMALLEST_SINE,
    Chain,
    Scheme,
    assemble,
    bonds,
    cells,
    default_spacing,
    exact_difference,
    finite_difference,
)
from sotcheck.errors import LatticeError
from sotcheck.numerics.quadrature import sample
from sotcheck.system.files import load
from sotcheck.system.interface import SOURCES, Interface
from sotcheck.system.spin import dagger, dot_sigma
from sotcheck.system.structure import Region, Structure

BULKS = {"exact-difference": exact_difference, "finite-difference": finite_difference}
ALL_SCHEMES: tuple[Scheme, ...] = (*SCHEMES, "one-sided")
#: q² of propagating and evanescent waves, from next to a band edge to deep in the band or gap.
Q2 = np.array([1e-8, 0.01, 0.3, 1.7, -1e-8, -0.2, -3.0])
#: Sums of three terms of size 1/a, rounded: a few dozen ε.
ROUNDING = 64 * np.finfo(float).eps
BARE = Interface(name="bare")


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize("a", [1.0, 0.5, 0.1])
def test_blocks_are_hermitian(scheme: Scheme, a: float) -> None:
    """On-site and hopping terms are real for q² of either sign; at q = 0 of the free chain, 2/a, 1/a."""
    onsite, hopping, q = BULKS[scheme](np.append(Q2, 0.0), a)
    assert not (onsite.imag.any() or hopping.imag.any())
    assert np.all(hopping.real > 0.0)
    assert np.allclose([onsite[-1], hopping[-1], q[-1]], [2 / a, 1 / a, 0.0], rtol=ROUNDING, atol=0)


@pytest.mark.parametrize("a", [1.0, 0.5, 0.1])
def test_exact_difference_has_the_continuum_solutions(a: float) -> None:
    """−t(ψ_{n−1} + ψ_{n+1}) + hψ_n = 0 for ψ_n = e^{±iqna}: plane waves and decaying exponentials alike."""
    onsite, hopping, q = exact_difference(Q2, a)
    assert np.allclose(q**2, Q2, rtol=ROUNDING, atol=0)
    assert np.all((q.real > 0) == (Q2 > 0))
    assert np.all((q.imag > 0) == (Q2 < 0))
    for sign in (1, -1):
        before, here, after = (np.exp(sign * 1j * q * n * a) for n in (4, 5, 6))
        residual = np.abs(-hopping * (before + after) + onsite * here)
        assert np.all(residual <= ROUNDING * np.abs(hopping) * np.maximum(np.abs(before), np.abs(after)))


@pytest.mark.parametrize("a", [0.5, 0.1])
def test_finite_difference_has_the_effective_solutions(a: float) -> None:
    """Solutions e^{iθn} with 2 − 2 cos θ = (qa)², and slope iq̃ψ with q̃ = sin θ/a = q √(1 − (qa)²/4)."""
    onsite, hopping, q = finite_difference(Q2, a)
    theta = 2 * np.arcsin(np.sqrt(Q2.astype(complex)) * a / 2)
    before, here, after = (np.exp(1j * theta * n) for n in (-1, 0, 1))
    assert np.all(np.abs(-hopping * (before + after) + onsite * here) <= ROUNDING * np.abs(hopping))
    # The rounding of 2/a − q²a limits q̃ next to an edge.
    assert np.allclose(q, np.sin(theta) / a, rtol=1e-12, atol=0)
    # It is not the continuum's q: that would be the order of the scheme lost.
    assert np.abs(q**2 / Q2 - (1 - Q2 * a**2 / 4)).max() <= 1e-12
    assert np.abs(q[3] / np.sqrt(Q2[3]) - 1) > 0.1 * Q2[3] * a**2


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize("a", [0.5, 0.1])
def test_slopes_and_flux_at_the_interface(scheme: Scheme, a: float) -> None:
    """∂ψ(+0) = tψ_1 − (h/2)ψ_0 and ∂ψ(−0) = (h/2)ψ_0 − tψ_{−1} are iqψ_0, with the scheme's own q."""
    onsite, hopping, q = BULKS[scheme](Q2, a)
    step = np.exp(1j * q * a if scheme == "exact-difference" else 2j * np.arcsin(np.sqrt(Q2 + 0j) * a / 2))
    tolerance = ROUNDING * np.abs(hopping)
    assert np.all(np.abs(hopping * step - onsite / 2 - 1j * q) <= tolerance)
    assert np.all(np.abs(onsite / 2 - hopping / step - 1j * q) <= tolerance)
    # The bond's flux Im[ψ_0* t ψ_1] is Re q: unit flux means e^{iqz}/√q as in the continuum.
    assert np.all(np.abs((hopping * step).imag - q.real) <= tolerance)


def test_schemes_meet_as_the_spacing_shrinks() -> None:
    """Their blocks differ by (qa)² relative to q: order two, for each q² of either sign."""
    q2 = np.array([0.5, 2.0, -1.0])
    spacings = (0.1, 0.05, 0.025)
    differences = [np.abs(exact_difference(q2, a)[2] - finite_difference(q2, a)[2]) for a in spacings]
    assert np.allclose(np.divide(differences[:-1], differences[1:]), 4.0, rtol=2e-3)
    # q − q̃ = q (qa)²/8 + …: the size, not only the order.
    assert np.allclose(differences[0], np.abs(q2) ** 1.5 * 0.1**2 / 8, rtol=2e-2)


def chain(structure: Structure, k_perp: float, a: float, scheme: Scheme) -> Chain:
    """Return the chain of one problem without κ̂, its leads' spacing also that of layers."""
    regions, numbers = [], []
    for region in structure.regions:
        q2, axis = region.bands(structure.energy, np.array([k_perp]))
        finite = np.isfinite(region.thickness)
        numbers.append(int(cells(q2, region.thickness, scheme, a)[0]) if finite else 1)
        regions.append(bonds(q2, axis, region.thickness / numbers[-1] if finite else a, scheme))
    kappas = np.zeros((len(structure.interfaces), 1, 2, 2), dtype=complex)
    return assemble(regions, numbers, kappas, scheme)


@pytest.mark.parametrize("scheme", ALL_SCHEMES)
def test_chain_blocks(any_iface: Interface, scheme: Scheme) -> None:
    """Hermitian 2×2 blocks, diagonal in spin along m; the interface site carries the mean of both bulks."""
    m = dot_sigma(any_iface.direction)
    a = default_spacing(any_iface.structure, scheme)
    for k_perp in sample(any_iface.thresholds(), 3):
        blocks = chain(any_iface.structure, float(k_perp), a, scheme)
        onsite_N, onsite_0, onsite_F = blocks.sites[:, 0]
        for block in (onsite_N, onsite_F, *blocks.hopping[:, 0]):
            assert np.abs(block - dagger(block)).max() <= ROUNDING / a
            assert np.abs(block @ m - m @ block).max() <= ROUNDING / a
        # N knows no spin.
        assert np.abs(onsite_N - onsite_N[0, 0] * np.eye(2)).max() <= ROUNDING / a
        expected = onsite_F if scheme == "one-sided" else (onsite_N + onsite_F) / 2
        assert np.abs(onsite_0 - expected).max() <= ROUNDING / a
        # Minority (σ·m = +1) first: its wave number is the smaller one.
        q2, axis = any_iface.structure.right.bands(any_iface.E_F, np.array([k_perp]))
        waves = bonds(q2, axis, a, scheme).wave_numbers[0]
        assert np.all(np.sign((waves**2).real) == np.sign(any_iface.Kz_squared(k_perp**2)))


def test_layers_have_cells_of_their_own() -> None:
    """Sites between bonds carry the mean of them; |q| times a cell stays small; finite differences double."""
    layer = Region(0.4, 0.7, (0.6, 0.0, 0.8), thickness=3.0)
    structure = Structure(2.0, (Region(), layer, Region(0.1)), BARE.structure.interfaces * 2)
    blocks = chain(structure, 0.3, 0.5, "exact-difference")
    n = len(blocks.hopping) - 2
    assert n == 1 + np.ceil(3.0 * np.sqrt(2.0 - 0.4 - 0.09 + 0.7) / 1.2)
    assert blocks.at == [1, 1 + n]
    assert np.abs(blocks.sites[2:-2] - 2 * blocks.half_cells[1]).max() == 0
    assert np.abs(blocks.sites[1] - blocks.half_cells[0] - blocks.half_cells[1]).max() == 0
    counts = [len(chain(structure, 0.3, a, "finite-difference").hopping) - 2 for a in (0.4, 0.2, 0.1)]
    assert counts == [8, 16, 32]


def test_exact_difference_interface_site() -> None:
    """What the issue states: q_N cot(q_N a) + Q̂_F cot(Q̂_F a) on the interface site, hopping q/sin(qa)."""
    iface = load("bulk-magnetism")
    a, k_perp = 0.7, 0.9
    blocks = chain(iface.structure, k_perp, a, "exact-difference")
    bands = [(np.eye(2) + sign * dot_sigma(iface.direction)) / 2 for sign in (1, -1)]
    q, *Q = np.sqrt(
        np.append(iface.kz_squared(np.array(k_perp**2)), iface.Kz_squared(np.array(k_perp**2))) + 0j
    )
    site = sum(p / np.tan(p * a) * band for p, band in zip(Q, bands, strict=True))
    assert np.abs(blocks.sites[1, 0] - q / np.tan(q * a) * np.eye(2) - site).max() <= ROUNDING / a
    hopping = sum(p / np.sin(p * a) * band for p, band in zip(Q, bands, strict=True))
    assert np.abs(blocks.hopping[1, 0] - hopping).max() <= ROUNDING / a


# ----------------------------------------------------------------------------------------- refused spacings


def advised(error: LatticeError) -> float:
    """Return the spacing that the message recommends."""
    found = re.search(r"use a spacing (?:well )?below ([0-9.e+-]+)", str(error))
    assert found is not None, str(error)
    return float(found.group(1))


@pytest.mark.parametrize(
    ("q2", "a", "word"),
    [
        ([4.0], np.pi / 2, "sin"),  # sin(qa) = 0
        ([4.0], np.pi / 2 * (1 + 0.9 * SMALLEST_SINE / np.pi), "sin"),  # just beyond it
        ([4.0], np.pi / 2 * (1 - 0.9 * SMALLEST_SINE / np.pi), "sin"),  # just below it
        ([4.0, 0.1], np.pi, "sin"),  # 2π: the other wave would do
        ([4.0], 2.0, "Brillouin"),  # qa = 4 > π: an aliased wave, silently of another q
        ([0.5, -4.0], 1.01 * LARGEST_DECAY / 2, "decays"),  # evanescent wave lost within one spacing
    ],
)
def test_exact_difference_refuses(q2: list[float], a: float, word: str) -> None:
    """Near sin(qa) = 0, beyond the zone, beyond decay; the advice in the message is right."""
    with pytest.raises(LatticeError, match=word) as refused:
        exact_difference(np.array(q2), a)
    assert f"a = {a:g}" in str(refused.value)
    # Not refused: just outside the guards, and tiny q, where qa → 0 but q/sin(qa) → 1/a.
    exact_difference(np.array([4.0]), np.pi / 2 * (1 - 1.1 * SMALLEST_SINE / np.pi))
    exact_difference(np.array([1e-14, -1e-14]), 1.0)
    exact_difference(np.array([-4.0]), 0.99 * LARGEST_DECAY / 2)
    # Advice against decay may need a second one against aliasing.
    better = 0.99 * advised(refused.value)
    try:
        exact_difference(np.array(q2), better)
    except LatticeError as again:
        exact_difference(np.array(q2), 0.99 * advised(again))


@pytest.mark.parametrize("factor", [1.0, 1.5])
def test_finite_difference_refuses_beyond_its_band(factor: float) -> None:
    """(qa)² ≥ 4 lies above the cosine band: the wave would decay instead of propagate."""
    a = factor * 2 / np.sqrt(3.0)
    with pytest.raises(LatticeError, match="band ends below") as refused:
        finite_difference(np.array([0.1, 3.0]), a)
    finite_difference(np.array([0.1, 3.0]), 0.99 * advised(refused.value))
    finite_difference(np.array([-100.0]), a)  # evanescent waves have no such limit


def every_k_is_accepted(iface: Interface, a: float, scheme: Scheme) -> None:
    for k_perp in sample(iface.thresholds(), 8):
        chain(iface.structure, float(k_perp), a, scheme)


@pytest.mark.parametrize("scheme", ALL_SCHEMES)
def test_default_spacing_suits_every_k(any_iface: Interface, scheme: Scheme) -> None:
    """Neither refused anywhere nor needlessly small: q_max a near 1.5, or 0.4 for finite differences."""
    a = default_spacing(any_iface.structure, scheme)
    every_k_is_accepted(any_iface, a, scheme)
    largest_q = np.sqrt(max(any_iface.k_perp2_max(s) for s in SOURCES))
    limit = 1.5 if scheme == "exact-difference" else 0.4
    assert 0.2 * limit < largest_q * a <= limit * (1 + ROUNDING)


def test_default_spacing_shrinks_for_deep_gaps() -> None:
    """A gap of 10⁴ E_F: waves decay by e⁻²⁰ at most within one spacing, so the chain is still accepted."""
    iface = Interface(name="deep", E_F=1.0, U_N=0.0, U_F=1e4, J=1.0)
    a = default_spacing(iface.structure, "exact-difference")
    assert a < 0.3
    every_k_is_accepted(iface, a, "exact-difference")
