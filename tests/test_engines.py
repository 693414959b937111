"""Exact engines: conservation laws, symmetries, engine against engine, and what Kwant must not depend on."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from sotcheck_bench import naive_kwant

from sotcheck.engines import Engine, KwantChain, Matching, kwant_chain, kwant_private
from sotcheck.engines.kwant_chain import BUNDLE, lead_of
from sotcheck.engines.kwant_private import Modes, channel_modes
from sotcheck.engines.matching import match
from sotcheck.engines.stack import outgoing
from sotcheck.errors import EngineError
from sotcheck.exact.observables import LATTICE, MINUS, PLUS, ledger_residual, transverse
from sotcheck.numerics.arrays import Array, Complex
from sotcheck.numerics.convergence import observed_order, richardson
from sotcheck.numerics.quadrature import sample
from sotcheck.system.files import load
from sotcheck.system.interface import Interface, rashba
from sotcheck.system.spin import IDENTITY, PAULI, dagger, in_spin_bands
from sotcheck.system.states import States

#: The project's bar on residuals of conservation laws, and its aim for engine against engine.
BAR = 1e-12
#: Finite differences round as ε/(qa)²: a ≈ 0.3 and q ≈ 0.1 next to an edge leave 2e-13, times some steps.
FINITE_DIFFERENCE_BAR = 1e-11

CONTINUUM = Matching()

Grid = tuple[Array, Array, Array]
GridOf = Callable[..., Grid]
Relative = Callable[[Array, Array], float]


def bar(engine: Engine) -> float:
    return FINITE_DIFFERENCE_BAR if engine.scheme == "finite-difference" else BAR


def solve(engine: Engine, iface: Interface, grid: Grid) -> tuple[States, Array]:
    states = engine.solve(iface.structure, *grid)
    return states, states.flows


_KNOWN: dict[tuple[object, ...], tuple[States, Array]] = {}


def reference(engine: Engine, iface: Interface, grid: Grid) -> tuple[States, Array]:
    """`solve` of an unaltered engine, remembered: many tests start from these states. Do not alter them."""
    key = (engine, iface, *((g.shape, g.tobytes()) for g in grid))
    if key not in _KNOWN:
        _KNOWN[key] = solve(engine, iface, grid)
    return _KNOWN[key]


def turned(v: Array, angle: float) -> Array:
    """Rotate vectors about z."""
    c, s = np.cos(angle), np.sin(angle)
    return v @ np.array([[c, -s, 0], [s, c, 0], [0, 0, 1]]).T


def kappa_of(iface: Interface, grid: Grid) -> Complex:
    k_perp, angle, h_R = grid
    return iface.kappa_0() + h_R[..., None, None] * rashba(k_perp, angle)


# ------------------------------------------------------------------------------------- conservation laws


def test_unitarity_in_each_regime(any_iface: Interface, engine: Engine, grid_of: GridOf) -> None:
    """S†S = SS† = 1 between open channels, Eq. (B8), and the S-matrix has the rank the band edges say."""
    grid = grid_of(any_iface)
    states, _ = reference(engine, any_iface, grid)
    assert states.unitarity_defect().max() <= BAR
    x = grid[0] ** 2
    open_channels = 2 * (any_iface.kz_squared(x) > 0) + (any_iface.Kz_squared(x) > 0).sum(axis=-1)
    rank = np.linalg.matrix_rank(states.s_matrix(), tol=0.5)
    assert np.array_equal(rank, open_channels)
    assert set(np.unique(open_channels)) <= {1, 2, 3, 4}


def test_unitarity_can_fail(engine: Engine, grid_of: GridOf) -> None:
    """One amplitude off by a part in 10⁹ is seen."""
    iface = load("interface-magnetism")
    states, _ = solve(engine, iface, grid_of(iface))
    states.psi_N[...] *= 1 + 1e-9
    assert states.unitarity_defect().max() > 1e-10


def test_ledger(any_iface: Interface, engine: Engine, grid_of: GridOf) -> None:
    """(1) = (2) + (3) + (4) of Fig. 2 for each k_⊥, angle, h_R, source and spin component."""
    _, found = reference(engine, any_iface, grid_of(any_iface))
    # Unit flux: spin flows are at most of order one.
    assert np.abs(ledger_residual(found)).max() <= BAR * max(1.0, np.abs(found).max())
    assert np.abs(found[..., LATTICE, :]).max() > 0.1, "a ledger of zeros would prove nothing"


@pytest.mark.parametrize("system", ["bulk-magnetism", "ferromagnetic-insulator", "topological-insulator"])
def test_ledger_fails_on_one_sided_site(system: str, grid_of: GridOf) -> None:
    """The one-sided site carries half a cell of J σ·m too much, which takes spin: the ledger sees it."""
    iface = load(system)
    _, found = solve(KwantChain("one-sided"), iface, grid_of(iface))
    assert np.abs(ledger_residual(found)).max() > 0.01


def test_spin_along_m_is_carried_by_the_rashba_term_alone(
    any_iface: Interface, engine: Engine, grid_of: GridOf
) -> None:
    """Bulk and interface exchange conserve spin along m: its current only jumps by the lattice's flow."""
    _, found = reference(engine, any_iface, grid_of(any_iface))
    jump = (found[..., PLUS, :] - found[..., MINUS, :] - found[..., LATTICE, :]) @ any_iface.direction
    assert np.abs(jump).max() <= BAR * max(1.0, np.abs(found).max())


def test_no_torque_without_rashba(any_iface: Interface, engine: Engine, grid_of: GridOf) -> None:
    """At h_R = 0 every flow is along m: no torque, though spin currents flow."""
    _, found = solve(engine, any_iface, grid_of(any_iface, h_R=(0.0,)))
    assert np.abs(transverse(found, any_iface.direction)).max() <= BAR * max(1.0, np.abs(found).max())
    if min(any_iface.k_perp2_max("normal"), any_iface.k_perp2_max("majority")) > 0:
        assert np.abs(found[..., PLUS, :]).max() > 0.01


def test_closed_sources_carry_nothing(any_iface: Interface, engine: Engine, grid_of: GridOf) -> None:
    """A source without a propagating state at a k_⊥ has no wave function and no flow there."""
    grid = grid_of(any_iface)
    states, found = reference(engine, any_iface, grid)
    for s, source in enumerate(("normal", "majority", "minority")):
        closed = grid[0] ** 2 > any_iface.k_perp2_max(source)
        # Zero but for the rounding of the projection on spin along m.
        assert np.abs(found[closed][:, s]).max(initial=0.0) <= 1e-15
        assert np.abs(states.density[closed][:, s]).max(initial=0.0) <= 1e-15
        assert np.all(np.trace(states.density[~closed][:, s], axis1=-2, axis2=-1).real > 0.0)


# -------------------------------------------------------------------------------------------- symmetries


def test_rotation_about_z(any_iface: Interface, engine: Engine, grid_of: GridOf, relative: Relative) -> None:
    """Turning k and m together about z turns every spin flow."""
    alpha = 0.9
    k_perp, angle, h_R = grid_of(any_iface)
    _, expected = reference(engine, any_iface, (k_perp, angle, h_R))
    rotated = any_iface.with_(m=turned(any_iface.direction, alpha))
    _, found = solve(engine, rotated, (k_perp, angle + alpha, h_R))
    assert relative(found, turned(expected, alpha)) <= bar(engine)
    assert relative(found, expected) > 0.1


def test_opposite_rashba_is_opposite_in_plane_m(
    any_iface: Interface, engine: Engine, grid_of: GridOf, relative: Relative
) -> None:
    """Turning spin alone by π about z takes (h_R, m_x, m_y) to (−h_R, −m_x, −m_y) at fixed k."""
    k_perp, angle, h_R = grid_of(any_iface)
    _, expected = reference(engine, any_iface, (k_perp, angle, h_R))
    x, y, z = any_iface.m
    _, found = solve(engine, any_iface.with_(m=(-x, -y, z)), (k_perp, angle, -h_R))
    assert relative(found, expected * [-1, -1, 1]) <= bar(engine)
    _, one_half = solve(engine, any_iface, (k_perp, angle, -h_R))
    assert relative(one_half, expected * [-1, -1, 1]) > 0.1


def test_mirror(any_iface: Interface, engine: Engine, grid_of: GridOf, relative: Relative) -> None:
    """x → −x takes k_x to −k_x, but of axial vectors (m, spin) it turns the y and z components."""
    k_perp, angle, h_R = grid_of(any_iface)
    _, expected = reference(engine, any_iface, (k_perp, angle, h_R))
    x, y, z = any_iface.m
    _, found = solve(engine, any_iface.with_(m=(x, -y, -z)), (k_perp, np.pi - angle, h_R))
    assert relative(found, expected * [1, -1, -1]) <= bar(engine)


def test_opposite_k_is_opposite_rashba(
    any_iface: Interface, engine: Engine, grid_of: GridOf, relative: Relative
) -> None:
    """Only h_R k and k² enter."""
    k_perp, angle, h_R = grid_of(any_iface)
    _, expected = reference(engine, any_iface, (k_perp, angle, -h_R))
    _, found = solve(engine, any_iface, (k_perp, angle + np.pi, h_R))
    assert relative(found, expected) <= bar(engine)
    _, unchanged = solve(engine, any_iface, (k_perp, angle, h_R))
    assert relative(unchanged, expected) > 0.01


def test_reciprocity(any_iface: Interface, engine: Engine, grid_of: GridOf) -> None:
    """Time reversal takes (k, m) to (−k, −m) and turns the direction of motion: S → σ_y Sᵀ σ_y.

    It exchanges incoming and outgoing states, so that it says nothing about the torque at −m.
    """
    k_perp, angle, h_R = grid_of(any_iface)
    states, _ = reference(engine, any_iface, (k_perp, angle, h_R))
    reversed_m = any_iface.with_(m=tuple(-c for c in any_iface.m))
    back, _ = solve(engine, reversed_m, (k_perp, angle + np.pi, h_R))
    sigma_y = np.kron(IDENTITY, PAULI[1])
    expected = sigma_y @ np.swapaxes(states.s_matrix(), -1, -2) @ sigma_y
    assert np.abs(back.s_matrix() - expected).max() <= bar(engine)
    same_m, _ = solve(engine, any_iface, (k_perp, angle + np.pi, h_R))
    assert np.abs(same_m.s_matrix() - expected).max() > 0.01


def test_common_energy_shift(
    any_iface: Interface, engine: Engine, grid_of: GridOf, relative: Relative
) -> None:
    """Only differences of E_F, U_N and U_F matter."""
    grid = grid_of(any_iface)
    _, expected = reference(engine, any_iface, grid)
    raised = {name: getattr(any_iface, name) + 0.625 for name in ("E_F", "U_N", "U_F")}
    _, found = solve(engine, any_iface.with_(**raised), grid)
    assert relative(found, expected) <= bar(engine)
    _, half = solve(engine, any_iface.with_(E_F=raised["E_F"], U_N=raised["U_N"]), grid)
    assert relative(half, expected) > 0.01


# -------------------------------------------------------------------------------- the continuum, directly


def test_matching_conditions(any_iface: Interface, grid_of: GridOf) -> None:
    """ψ and its slopes, rebuilt from the amplitudes, are continuous and jump by the whole κ̂ψ(0)."""
    grid = grid_of(any_iface)
    states = Matching().solve(any_iface.structure, *grid)
    r, t, r_prime, t_prime = states.amplitudes()
    kappa = kappa_of(any_iface, grid)
    k = outgoing(any_iface.kz_squared(grid[0] ** 2))[..., None, None]
    root_k = np.sqrt(np.abs(k))
    minority, majority = (
        outgoing(any_iface.Kz_squared(grid[0] ** 2)[..., band])[..., None, None] for band in (0, 1)
    )
    u_plus = (IDENTITY + np.einsum("i,ijk->jk", any_iface.direction, PAULI)) / 2
    u_minus = IDENTITY - u_plus

    def of_F(power: float) -> Complex:
        return np.abs(minority) ** power * u_plus + np.abs(majority) ** power * u_minus

    K = minority * u_plus + majority * u_minus
    one, one_prime = states.open_N, states.open_F
    for psi_minus, psi_plus, slope_minus, slope_plus in (
        ((one + r) / root_k, of_F(-0.5) @ t, 1j * k * (one - r) / root_k, 1j * K @ of_F(-0.5) @ t),
        (
            t_prime / root_k,
            of_F(-0.5) @ (one_prime + r_prime),
            -1j * k * t_prime / root_k,
            1j * K @ of_F(-0.5) @ (r_prime - one_prime),
        ),
    ):
        size = 1 + np.abs(psi_minus).max()
        # A dozen operations on numbers of this size.
        assert np.abs(psi_plus - psi_minus).max() <= 1e-13 * size
        assert np.abs(slope_plus - slope_minus - kappa @ psi_minus).max() <= 1e-13 * size


def test_spin_flows_are_those_of_the_wave_function(any_iface: Interface, grid_of: GridOf) -> None:
    """Im[ψ†σ∂_zψ] by numerical differentiation of ψ(z) on the side of F, for incidence from N."""
    grid = grid_of(any_iface)
    states = Matching().solve(any_iface.structure, *grid)
    K = outgoing(any_iface.Kz_squared(grid[0] ** 2))
    u_plus = (IDENTITY + np.einsum("i,ijk->jk", any_iface.direction, PAULI)) / 2
    # The transmitted wave e^{iK̂z}ψ(0), differentiated numerically, to fourth order in a step of 1e-3.
    s = 1e-3

    def wave(z: float) -> Complex:
        factor = np.exp(1j * K * z)[..., None, None]
        return (factor[..., 0, :, :] * u_plus + factor[..., 1, :, :] * (IDENTITY - u_plus)) @ states.psi_N

    slope = (8 * (wave(s) - wave(-s)) - (wave(2 * s) - wave(-2 * s))) / (12 * s)
    expected = np.einsum("...ia,kij,...ja->...k", states.psi_N.conj(), PAULI, slope).imag
    # Fourth-order difference: s⁴K⁵/30 ≈ 1e-13, rounding ε/s ≈ 2e-13, times |ψ|² of a few.
    assert np.abs(states.spin_plus[..., 0, :] - expected).max() <= 1e-11 * (1 + np.abs(expected).max())


# ---------------------------------------------------------------------------------------- Kwant against it


def test_exact_difference_is_the_continuum(any_iface: Interface, grid_of: GridOf, relative: Relative) -> None:
    """k_⊥ resolved, tilted m, h_R up to 1: wave functions and flows, within the aim of 1e-12."""
    grid = grid_of(any_iface, nodes=5)
    expected, expected_flows = reference(CONTINUUM, any_iface, grid)
    found, found_flows = solve(KwantChain(), any_iface, grid)
    assert relative(found_flows, expected_flows) <= BAR
    assert relative(found.psi_N, expected.psi_N) <= BAR
    assert relative(found.psi_F, expected.psi_F) <= BAR
    for s in range(3):
        assert relative(found_flows[..., s, :, :], expected_flows[..., s, :, :]) <= BAR


def test_exact_difference_does_not_depend_on_the_spacing(
    iface: Interface, grid_of: GridOf, relative: Relative
) -> None:
    """No discretisation error: spacings a factor of 4 apart agree to rounding, ε/(qa)²."""
    grid = grid_of(iface)
    coarse = KwantChain().spacing_for(iface.structure)
    _, expected = reference(KwantChain(spacing=coarse), iface, grid)
    _, found = solve(KwantChain(spacing=coarse / 4), iface, grid)
    assert relative(found, expected) <= FINITE_DIFFERENCE_BAR


def test_finite_difference_is_its_own_closed_form(
    any_iface: Interface, grid_of: GridOf, relative: Relative
) -> None:
    """At finite a the chain is the continuum problem with k → k √(1 − (ka)²/4); far from the true one."""
    grid = grid_of(any_iface, nodes=5)
    engine = KwantChain("finite-difference")
    found, found_flows = solve(engine, any_iface, grid)
    a = engine.spacing_for(any_iface.structure)
    q2 = any_iface.kz_squared(grid[0] ** 2)
    assert relative(found.kz**2, (q2 * (1 - q2 * a**2 / 4)).astype(complex)) <= BAR
    psi, slope = match(found.kz, found.Kz, kappa_of(any_iface, grid), any_iface.direction)
    own = replace(found, psi=psi[:, None], slope=slope[:, :, None])
    assert relative(found_flows, own.flows) <= FINITE_DIFFERENCE_BAR
    assert relative(found.psi_N, own.psi_N) <= FINITE_DIFFERENCE_BAR
    assert relative(found.psi_F, own.psi_F) <= FINITE_DIFFERENCE_BAR
    _, exact_flows = solve(Matching(), any_iface, grid)
    # The error at a is of order (qa)²/24 > 1e-3: the closed form is not simply the limit.
    assert relative(found_flows, exact_flows) > 1e-3


def spacing_ladder(iface: Interface, scheme: str, grid: Grid) -> tuple[Array, Array]:
    """Return the flows on five spacings and their rounding error, ε/(qa)² with the smallest q of the grid."""
    spacings = KwantChain("finite-difference").spacing_for(iface.structure) / 2.0 ** np.arange(5)
    values = np.stack([solve(KwantChain(scheme, a), iface, grid)[1] for a in spacings])
    x = grid[0] ** 2
    smallest = min(np.abs(iface.kz_squared(x)).min(), np.abs(iface.Kz_squared(x)).min())
    return values, 32 * np.finfo(float).eps * np.abs(values).max() / (smallest * spacings**2)


def test_finite_difference_order_and_limit(iface: Interface, grid_of: GridOf, relative: Relative) -> None:
    """Errors against the continuum fall as a²; Richardson's limit is the continuum."""
    grid = grid_of(iface, h_R=(0.1, 1.0))
    values, rounding = spacing_ladder(iface, "finite-difference", grid)
    _, exact = solve(Matching(), iface, grid)
    errors = np.linalg.norm((values - exact).reshape(len(values), -1), axis=1)
    order = observed_order(errors, rounding)
    assert order.error < 0.05
    assert abs(order.value - 2.0) <= 0.05
    # Size, too: the coarsest error is (q_max a)²/24 = 0.7 % times a factor of order one to thirty.
    assert 1e-4 < errors[0] / np.linalg.norm(exact) < 0.3
    limit = richardson(values, (2, 4, 6, 8), rounding.reshape(-1, *(1,) * (values.ndim - 1)))
    assert relative(limit.value, exact) <= 1e-7
    assert np.abs(limit.value - exact).max() <= limit.size("next order").max() + limit.size("rounding").max()


@pytest.mark.parametrize("system", ["bulk-magnetism", "ferromagnetic-insulator", "topological-insulator"])
def test_one_sided_site_lowers_the_order_to_one(system: str, grid_of: GridOf) -> None:
    """Negative control. (Where N and F are equal, U_N = U_F and J = 0, one side's value is the mean.)"""
    iface = load(system)
    grid = grid_of(iface, h_R=(0.1,))
    values, rounding = spacing_ladder(iface, "one-sided", grid)
    _, exact = solve(Matching(), iface, grid)
    errors = np.linalg.norm((values - exact).reshape(len(values), -1), axis=1)
    order = observed_order(errors, rounding, power=1)
    assert abs(order.value - 1.0) <= 0.05


def test_one_sided_site_is_no_control_for_equal_bulks(grid_of: GridOf, relative: Relative) -> None:
    """With U_N = U_F and J = 0 both schemes are the same chain: a control there would be vacuous."""
    iface = load("interface-magnetism")
    grid = grid_of(iface)
    _, mean = solve(KwantChain("finite-difference"), iface, grid)
    _, one_sided = solve(KwantChain("one-sided"), iface, grid)
    assert relative(one_sided, mean) <= BAR


# -------------------------------------------------------------------- what Kwant's answer must not depend on


def rephased(modes: Modes, comes: complex, goes: complex) -> Modes:
    """The same channel with other phases of its modes."""
    return Modes(*np.array(modes) * [comes, comes, goes, goes, 1, comes])


@pytest.mark.parametrize("scheme", ["exact-difference", "finite-difference"])
def test_phase_of_lead_modes_does_not_matter(
    any_iface: Interface,
    scheme: str,
    grid_of: GridOf,
    relative: Relative,
    rng: np.random.Generator,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Kwant may give the modes of any channel any phase."""
    grid = grid_of(any_iface)
    engine = KwantChain(scheme)
    states, expected = reference(engine, any_iface, grid)

    def arbitrary(*band: float) -> Modes:
        return rephased(channel_modes(*band), *np.exp(2j * np.pi * rng.random(2)))

    monkeypatch.setattr(kwant_chain, "channel_modes", arbitrary)
    other, found = solve(engine, any_iface, grid)
    assert relative(found, expected) <= bar(engine)
    assert relative(other.psi_N, states.psi_N) <= bar(engine)
    assert relative(other.psi_F, states.psi_F) <= bar(engine)


def test_inconsistent_phase_would_be_seen(
    grid_of: GridOf, relative: Relative, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The test above can fail: a wave that comes in with another phase than it is said to changes ψ."""
    iface = load("bulk-magnetism")
    grid = grid_of(iface)
    states, _ = solve(KwantChain(), iface, grid)

    def wrong(*band: float) -> Modes:
        return rephased(channel_modes(*band), 1j, 1)._replace(incident=channel_modes(*band).incident)

    monkeypatch.setattr(kwant_chain, "channel_modes", wrong)
    other, _ = solve(KwantChain(), iface, grid)
    assert relative(other.psi_N, states.psi_N) > 0.1


def test_bundled_channels_are_kwants_own_answer(any_iface: Interface, grid_of: GridOf) -> None:
    """A builder, leads with spin, smatrix, wave_function, Current: all of Kwant's own, one k at a time."""
    chain, bonds = naive_kwant.make_chain()
    grid = tuple(g[:, ::2].reshape(-1)[::2] for g in grid_of(any_iface))
    engine = KwantChain()
    states = engine.solve(any_iface.structure, *grid)
    a = engine.spacing_for(any_iface.structure)
    for i, (k_perp, angle, h_R) in enumerate(zip(*grid, strict=True)):
        scattering, currents = naive_kwant.solve(
            chain, bonds, any_iface, k_perp * np.cos(angle), k_perp * np.sin(angle), h_R, a
        )
        # Per unit flux.
        assert np.abs(states.spin_minus[i] - currents[0]).max() <= 1e-13
        assert np.abs(states.spin_plus[i] - currents[1]).max() <= 1e-13
        # The basis of Kwant's degenerate modes is its own: singular values and transmissions are not.
        r, t, r_prime, t_prime = states.amplitudes()
        one, one_prime = states.open_N, states.open_F
        for ours, out, into in (
            (one @ r, 0, 0),
            (one_prime @ t, 1, 0),
            (one_prime @ r_prime, 1, 1),
            (one @ t_prime, 0, 1),
        ):
            theirs = scattering.submatrix(out, into)
            assert np.linalg.norm(ours[i]) == pytest.approx(np.linalg.norm(theirs), abs=1e-13)


def test_majority_and_minority_without_exchange(grid_of: GridOf, relative: Relative) -> None:
    """J = 0: modes of F are degenerate, and are told apart by spin along m, for any m."""
    for m in ((2.0, -1.0, 2.0), (0.0, 0.0, -1.0), (0.3, 0.9, 0.0)):
        iface = load("interface-magnetism").with_(m=m)
        assert iface.J == 0.0
        grid = grid_of(iface)
        _, expected = solve(Matching(), iface, grid)
        _, found = solve(KwantChain(), iface, grid)
        for source in (1, 2):
            assert relative(found[..., source, :, :], expected[..., source, :, :]) <= BAR
        assert relative(found[..., 1, :, :], found[..., 2, :, :]) > 0.1


def test_sources_from_F_while_N_is_closed(grid_of: GridOf, relative: Relative) -> None:
    """Topological insulator: nothing flows at z = −0, and the lattice's flow is the whole torque."""
    iface = load("topological-insulator")
    grid = grid_of(iface)
    states, found = solve(KwantChain(), iface, grid)
    assert np.all(states.psi_N == 0.0)
    assert np.abs(states.psi_F).max() > 0.1
    assert np.abs(found[..., MINUS, :]).max() <= BAR
    torque = transverse(found[..., PLUS, :], iface.direction)
    assert relative(torque, transverse(found[..., LATTICE, :], iface.direction)) <= BAR
    assert np.abs(torque).max() > 0.1


def test_bond_current_alone_is_off_by_the_half_cell(grid_of: GridOf, relative: Relative) -> None:
    """Kwant's current on the bond into F alone is off by O(a); with the half cell's torque, by nothing."""
    iface = load("bulk-magnetism")
    grid = tuple(g[1::3, 1].ravel() for g in grid_of(iface, h_R=(0.3,)))
    _, exact = solve(Matching(), iface, grid)
    errors = []
    for a in (0.2, 0.1, 0.05):
        chain, bonds = naive_kwant.make_chain()
        whole, bare = (np.empty((2, *exact[..., PLUS, :].shape)) for _ in range(2))
        for i, (k_perp, angle, h_R) in enumerate(zip(*grid, strict=True)):
            k = (k_perp * np.cos(angle), k_perp * np.sin(angle), h_R, a)
            whole[:, i] = naive_kwant.solve(chain, bonds, iface, *k)[1]
            bare[:, i] = naive_kwant.solve(chain, bonds, iface, *k, half_cell=0.0)[1]
        # Rounding grows as ε/(qa)²: at a = 0.05 next to an edge up to 1e-11.
        assert relative(whole[1], exact[..., PLUS, :]) <= 1e-10
        assert relative(bare[0], exact[..., MINUS, :]) <= 1e-10, "N's blocks are scalars: no correction there"
        errors.append(np.linalg.norm(bare[1] - exact[..., PLUS, :]))
    assert errors[1] > 0.01 * np.linalg.norm(exact[..., PLUS, :])
    assert np.allclose(np.divide(errors[:-1], errors[1:]), 2.0, atol=0.1), "first order in a"


# ----------------------------------------------------------------------------------- bundles and requests


@pytest.mark.parametrize("size", [1, 3, 16, 17, BUNDLE, BUNDLE + 1])
def test_result_does_not_depend_on_grouping(size: int, relative: Relative, rng: np.random.Generator) -> None:
    """Any number of problems of one k_⊥ at a time give what each gives alone."""
    iface = load("bulk-magnetism")
    k_perp = np.full(size, 0.9)
    angle, h_R = rng.uniform(0, 2 * np.pi, size), rng.uniform(-1, 1, size)
    engine = KwantChain()
    states, together = solve(engine, iface, (k_perp, angle, h_R))
    alone = [solve(engine, iface, (k_perp[i : i + 1], angle[i : i + 1], h_R[i : i + 1])) for i in range(size)]
    assert relative(together, np.concatenate([f for _, f in alone])) <= 1e-14 * 10  # a few ε of a 4×4 solve
    assert relative(states.psi_F, np.concatenate([s.psi_F for s, _ in alone])) <= 1e-14 * 10


def test_order_of_the_request_does_not_matter(
    engine: Engine, grid_of: GridOf, relative: Relative, rng: np.random.Generator
) -> None:
    """A shuffled request with several k_⊥ comes back shuffled."""
    iface = load("bulk-magnetism")
    flat = tuple(g.ravel() for g in grid_of(iface))
    _, expected = reference(engine, iface, flat)
    order = rng.permutation(flat[0].size)
    _, found = solve(engine, iface, tuple(g[order] for g in flat))
    assert relative(found, expected[order]) <= 1e-13


def test_shapes(engine: Engine) -> None:
    """Leading axes are those of the broadcast request; a scalar is a request of length one."""
    iface = load("bulk-magnetism")
    states = engine.solve(
        iface.structure, np.array([0.3, 0.8])[:, None], np.array([0.1, 0.2, 0.3]), np.array(0.1)
    )
    assert states.kz.shape == (2, 3)
    assert states.Kz.shape == (2, 3, 2)
    assert states.psi_N.shape == states.psi_F.shape == (2, 3, 2, 2)
    assert states.spin_minus.shape == states.spin_plus.shape == (2, 3, 3, 3)
    assert states.density.shape == (2, 3, 3, 2, 2)
    assert states.s_matrix().shape == (2, 3, 4, 4)
    single = engine.solve(iface.structure, np.array(0.8), np.array(0.2), np.array(0.1))
    assert single.psi_N.shape == (1, 2, 2)
    assert np.abs(single.psi_N[0] - states.psi_N[1, 1]).max() <= 1e-13


# -------------------------------------------------------------------------------------------- refusals


@pytest.mark.parametrize("spacing", [1.0, 0.1])
@pytest.mark.parametrize(("edge", "lead"), [(1.5, "N"), (0.5, "F"), (2.5, "F")])
def test_node_near_a_band_edge_is_right_or_refused(
    edge: float, lead: str, spacing: float, relative: Relative
) -> None:
    """Up to a threshold the error is ε/(qa)²; where Kwant fails or miscounts, an error names the lead.

    Never a number that silently lacks a channel: that would be far off where ε/(qa)² is small.
    """
    iface = load("bulk-magnetism")
    engine = KwantChain(spacing=spacing)
    refused = 0
    for distance in (1e-4, 1e-6, 1e-8, *np.geomspace(1e-10, 1e-17, 29), *-np.geomspace(1e-10, 1e-17, 15)):
        k_perp = np.sqrt(np.array([edge - distance]))
        grid = np.broadcast_arrays(k_perp, 0.3, 0.1)
        q2 = max(float(abs(edge - k_perp[0] ** 2)), np.finfo(float).tiny)
        try:
            _, found = solve(engine, iface, grid)
        except EngineError as error:
            assert f"{lead} lead" in str(error)
            assert "too close to a band edge" in str(error)
            # Only next to an edge: within a few thousand ε of it, in units of 1/a².
            assert q2 * spacing**2 < 1e-12
            refused += 1
            continue
        _, expected = solve(Matching(), iface, grid)
        assert relative(found, expected) <= 100 * np.finfo(float).eps / (q2 * spacing**2)
    if spacing == 0.1:
        assert refused > 0, "Kwant has never managed all of these"


def test_number_of_modes_is_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    """A channel that Kwant silently drops, as it does in a spin-split lead at an edge, is an error."""
    iface = load("bulk-magnetism")
    # On-site term and hopping of a wave that decays.
    monkeypatch.setattr(kwant_chain, "channel_modes", lambda *band: channel_modes(2.5, 1.0))
    with pytest.raises(EngineError, match=r"found the N lead's channel .* closed, which it is not"):
        lead_of("N", iface.structure.left, iface.E_F, np.array([0.3]), 0.5, "exact-difference")


def test_no_open_channel_at_all(engine: Engine) -> None:
    """Beyond the last threshold nothing is incident: zeros, no error."""
    iface = load("bulk-magnetism")
    states = engine.solve(iface.structure, np.array(2.0), np.array(0.3), np.array(0.1))
    assert np.all(states.psi_N == 0.0)
    assert np.all(states.psi_F == 0.0)
    assert np.all(states.spin_plus == 0.0)


def test_kwant_missing_says_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "kwant", None)
    with pytest.raises(EngineError, match="--engine continuum"):
        kwant_private.kwant.__wrapped__()


def test_kwant_of_another_numpy_says_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    import builtins

    real = builtins.__import__

    def broken(name: str, *args: object, **kwargs: object) -> object:
        if name.startswith("kwant"):
            raise ValueError("numpy.dtype size changed, may indicate binary incompatibility")
        return real(name, *args, **kwargs)

    monkeypatch.setattr(builtins, "__import__", broken)
    with pytest.raises(EngineError, match="rebuild it against the one installed"):
        kwant_private.kwant.__wrapped__()


def test_only_the_mumps_warning_is_silenced() -> None:
    """Kwant imports without a word, and other warnings still get through."""
    code = (
        "import warnings; warnings.simplefilter('error')\n"
        "from sotcheck.engines.kwant_private import kwant; kwant()\n"
        "try: warnings.warn('another', RuntimeWarning)\n"
        "except RuntimeWarning: print('heard')"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == "heard"
    assert done.stderr == ""


def test_dagger_is_an_involution(rng: np.random.Generator) -> None:
    matrix = rng.normal(size=(4, 2, 2)) + 1j * rng.normal(size=(4, 2, 2))
    assert np.array_equal(dagger(dagger(matrix)), matrix)
    assert np.array_equal(dagger(matrix)[1], matrix[1].conj().T)


def test_sample_visits_every_regime(any_iface: Interface) -> None:
    """The grid used here has nodes in every range between thresholds, none on a threshold."""
    edges = any_iface.thresholds()
    x = sample(edges, 3) ** 2
    assert len(x) == 3 * (len(edges) - 1)
    for lower, upper in pairwise(edges):
        assert np.count_nonzero((x > lower) & (x < upper)) == 3


def test_flows_are_those_of_the_states(
    any_iface: Interface, engine: Engine, grid_of: GridOf, relative: Relative
) -> None:
    """An engine's fast flows against the four expressions in ψ(0) and the currents."""
    grid = grid_of(any_iface)
    _, expected = reference(engine, any_iface, grid)
    # Axes of the request may also be left to be broadcast.
    sparse = (grid[0][:, :1, :1], grid[1][:1, :, :1], grid[2][:1, :1, :])
    assert relative(engine.flows(any_iface.structure, *sparse)[..., 0, :, :, :], expected) <= 1e-13


def test_closed_form_solves_the_matching_problem(any_iface: Interface, grid_of: GridOf) -> None:
    """Against a general solver of linear equations, for ψ of every channel."""
    grid = grid_of(any_iface)
    states, _ = solve(Matching(), any_iface, grid)
    k, K = states.kz[..., None, None] * IDENTITY, in_spin_bands(states.Kz, any_iface.direction)
    matching = 1j * (K + k) - kappa_of(any_iface, grid)
    root = np.sqrt(np.where(states.Kz.real > 0, states.Kz, 0))
    from_N = np.linalg.solve(matching, 2j * np.sqrt(states.kz.real)[..., None, None] * IDENTITY)
    from_F = np.linalg.solve(matching, 2j * in_spin_bands(root, any_iface.direction))
    size = max(1.0, np.abs(from_N).max(), np.abs(from_F).max())
    assert np.abs(states.psi_N - from_N).max() <= 1e-13 * size
    assert np.abs(states.psi_F - from_F).max() <= 1e-13 * size
