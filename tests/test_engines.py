"""Exact engines: conservation laws, symmetries, engine against engine, and what Kwant must not depend on."""

from __future__ import annotations

import builtins
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from functools import cache
from typing import Any

import numpy as np
import pytest
import sotcheck_bench.naive_kwant
from conftest import Grid, grid_of, relative

from sotcheck.engines import Engine, KwantChain, Matching, kwant_chain, kwant_private
from sotcheck.engines.kwant_chain import lead_of
from sotcheck.engines.kwant_private import lead_modes
from sotcheck.engines.lattice import SCHEMES, Scheme
from sotcheck.engines.matching import match
from sotcheck.engines.stack import outgoing
from sotcheck.errors import EngineError
from sotcheck.exact.observables import LATTICE, MINUS, PLUS, ledger_residual, transverse
from sotcheck.numerics.arrays import Array, Complex
from sotcheck.numerics.convergence import observed_order, richardson
from sotcheck.system.files import load
from sotcheck.system.interface import SOURCES, Interface, rashba
from sotcheck.system.spin import IDENTITY, PAULI, projectors
from sotcheck.system.states import States

#: The project's bar on residuals of conservation laws, and its aim for engine against engine.
BAR = 1e-12
#: Finite differences round as ε/(qa)²: a ≈ 0.3 and q ≈ 0.1 next to an edge leave 2e-13, times some steps.
FINITE_DIFFERENCE_BAR = 1e-11
#: Kwant's own interface, untyped as a tutorial's.
naive_kwant: Any = sotcheck_bench.naive_kwant
BULK = load("bulk-magnetism")


def bar(engine: Engine) -> float:
    return FINITE_DIFFERENCE_BAR if engine.scheme == "finite-difference" else BAR


def solve(engine: Engine, iface: Interface, grid: Grid) -> States:
    return engine.solve(iface.structure, *grid)


@cache
def known(engine: Engine, iface: Interface) -> tuple[Grid, States, Array]:
    """The grid, the states and their flows, remembered: many tests start from them. Do not alter them."""
    grid = grid_of(iface)
    states = solve(engine, iface, grid)
    return grid, states, states.flows


def turned(v: Array, angle: float) -> Array:
    """Rotate vectors about z."""
    c, s = np.cos(angle), np.sin(angle)
    return v @ np.array([[c, -s, 0], [s, c, 0], [0, 0, 1]]).T


def kappa_of(iface: Interface, grid: Grid) -> Complex:
    k_perp, angle, h_R = grid
    return iface.kappa_0() + h_R[..., None, None] * rashba(k_perp, angle)


# ------------------------------------------------------------------------------------- conservation laws


def test_unitarity_in_each_regime(any_iface: Interface, engine: Engine) -> None:
    """S†S = SS† = 1 between open channels, and the S-matrix has the rank the band edges say."""
    grid, states, _ = known(engine, any_iface)
    assert states.unitarity_defect().max() <= BAR
    x = grid[0] ** 2
    open_channels = 2 * (any_iface.kz_squared(x) > 0) + (any_iface.Kz_squared(x) > 0).sum(axis=-1)
    assert np.array_equal(np.linalg.matrix_rank(states.s_matrix(), tol=0.5), open_channels)
    # Three nodes in every range between thresholds.
    assert np.all(np.histogram(x[:, 0, 0], any_iface.thresholds())[0] == 3)
    # One part in 10⁹ is seen.
    assert replace(states, psi=states.psi * (1 + 1e-9)).unitarity_defect().max() > 1e-10


def test_ledger(any_iface: Interface, engine: Engine) -> None:
    """(1) = (2) + (3) + (4) of the flows for each k_⊥, angle, h_R, source and spin component.

    Bulk and interface exchange conserve spin along m: its current only jumps by the lattice's flow.
    """
    _, _, found = known(engine, any_iface)
    # Unit flux: spin flows are at most of order one.
    size = max(1.0, np.abs(found).max())
    assert np.abs(ledger_residual(found)).max() <= BAR * size
    assert np.abs(found[..., LATTICE, :]).max() > 0.1, "a ledger of zeros would prove nothing"
    jump = (found[..., PLUS, :] - found[..., MINUS, :] - found[..., LATTICE, :]) @ any_iface.direction
    assert np.abs(jump).max() <= BAR * size


def test_no_torque_without_rashba(any_iface: Interface, engine: Engine) -> None:
    """At h_R = 0 every flow is along m: no torque, though spin currents flow."""
    found = solve(engine, any_iface, grid_of(any_iface, h_R=(0.0,))).flows
    assert np.abs(transverse(found, any_iface.direction)).max() <= BAR * max(1.0, np.abs(found).max())
    if min(any_iface.k_perp2_max("normal"), any_iface.k_perp2_max("majority")) > 0:
        assert np.abs(found[..., PLUS, :]).max() > 0.01


def test_closed_sources_carry_nothing(any_iface: Interface, engine: Engine) -> None:
    """A source without a propagating state at a k_⊥ has no wave function and no flow there."""
    grid, states, found = known(engine, any_iface)
    for s, source in enumerate(SOURCES):
        closed = grid[0] ** 2 > any_iface.k_perp2_max(source)
        # Zero but for the rounding of the projection on spin along m.
        assert np.abs(found[closed][:, s]).max(initial=0.0) <= 1e-15
        assert np.abs(states.density[closed][:, s]).max(initial=0.0) <= 1e-15
        assert np.all(np.trace(states.density[~closed][:, s], axis1=-2, axis2=-1).real > 0.0)
    # Beyond the last threshold nothing is incident: zeros, no error.
    beyond = np.sqrt(any_iface.thresholds()[-1]) + 0.5
    states = engine.solve(any_iface.structure, np.array(beyond), np.array(0.3), np.array(0.1))
    assert not (states.psi.any() or states.spin_plus.any())


# -------------------------------------------------------------------------------------------- symmetries

Problem = tuple[Interface, Array, Array, Array]
Move = Callable[[Interface, Array, Array, Array], Problem]


def with_m(iface: Interface, *signs: float) -> Interface:
    return iface.with_(m=tuple(np.array(iface.m) * signs))


def raised(iface: Interface, *names: str) -> Interface:
    return iface.with_(**{name: getattr(iface, name) + 0.625 for name in names})


#: What is done to a problem, what that does to its flows, and something near it that does not.
SYMMETRIES: dict[str, tuple[Move, Callable[[Array], Array], Move]] = {
    "k and m turned about z": (
        lambda i, k, angle, h: (i.with_(m=turned(i.direction, 0.9)), k, angle + 0.9, h),
        lambda flows: turned(flows, 0.9),
        lambda i, k, angle, h: (i, k, angle + 0.9, h),
    ),
    "spin alone turned by π about z: (h_R, m_x, m_y) to (−h_R, −m_x, −m_y)": (
        lambda i, k, angle, h: (with_m(i, -1, -1, 1), k, angle, -h),
        lambda flows: flows * [-1, -1, 1],
        lambda i, k, angle, h: (i, k, angle, -h),
    ),
    "x → −x, which turns y and z of axial vectors": (
        lambda i, k, angle, h: (with_m(i, 1, -1, -1), k, np.pi - angle, h),
        lambda flows: flows * [1, -1, -1],
        lambda i, k, angle, h: (i, k, np.pi - angle, h),
    ),
    "only h_R k and k² enter": (
        lambda i, k, angle, h: (i, k, angle + np.pi, -h),
        lambda flows: flows,
        lambda i, k, angle, h: (i, k, angle + np.pi, h),
    ),
    "only differences of E_F, U_N and U_F matter": (
        lambda i, k, angle, h: (raised(i, "E_F", "U_N", "U_F"), k, angle, h),
        lambda flows: flows,
        lambda i, k, angle, h: (raised(i, "E_F", "U_N"), k, angle, h),
    ),
}


@pytest.mark.parametrize("name", SYMMETRIES)
def test_symmetry(any_iface: Interface, engine: Engine, name: str) -> None:
    """The flows of a changed problem are those of the problem, changed; near it they are not."""
    right, change, wrong = SYMMETRIES[name]
    grid, _, flows = known(engine, any_iface)
    iface, *moved = right(any_iface, *grid)
    assert relative(engine.solve(iface.structure, *moved).flows, change(flows)) <= bar(engine)
    iface, *moved = wrong(any_iface, *grid)
    assert relative(engine.solve(iface.structure, *moved).flows, change(flows)) > 0.01


def test_reciprocity(any_iface: Interface, engine: Engine) -> None:
    """Time reversal takes (k, m) to (−k, −m) and turns the direction of motion: S → σ_y Sᵀ σ_y.

    It exchanges incoming and outgoing states, so that it says nothing about the torque at −m.
    """
    (k_perp, angle, h_R), states, _ = known(engine, any_iface)
    back = solve(engine, with_m(any_iface, -1, -1, -1), (k_perp, angle + np.pi, h_R))
    sigma_y = np.kron(IDENTITY, PAULI[1])
    expected = sigma_y @ np.swapaxes(states.s_matrix(), -1, -2) @ sigma_y
    assert np.abs(back.s_matrix() - expected).max() <= bar(engine)
    same_m = solve(engine, any_iface, (k_perp, angle + np.pi, h_R))
    assert np.abs(same_m.s_matrix() - expected).max() > 0.01


# -------------------------------------------------------------------------------- the continuum, directly


def test_matching_conditions(any_iface: Interface) -> None:
    """ψ and its slopes, rebuilt from the amplitudes, are continuous and jump by the whole κ̂ψ(0)."""
    grid = grid_of(any_iface)
    states = solve(Matching(), any_iface, grid)
    r, t, r_prime, t_prime = states.amplitudes()
    k = outgoing(any_iface.kz_squared(grid[0] ** 2))[..., None, None]
    waves = outgoing(any_iface.Kz_squared(grid[0] ** 2))
    bands = projectors(any_iface.direction)
    K, root_K = (np.einsum("...n,nij->...ij", v, bands) for v in (waves, np.abs(waves) ** -0.5))
    one, one_prime, root_k = states.open_N, states.open_F, np.sqrt(np.abs(k))
    for psi_minus, psi_plus, slope_minus, slope_plus in (
        ((one + r) / root_k, root_K @ t, 1j * k * (one - r) / root_k, 1j * K @ root_K @ t),
        (
            t_prime / root_k,
            root_K @ (one_prime + r_prime),
            -1j * k * t_prime / root_k,
            1j * K @ root_K @ (r_prime - one_prime),
        ),
    ):
        size = 1 + np.abs(psi_minus).max()
        # A dozen operations on numbers of this size.
        assert np.abs(psi_plus - psi_minus).max() <= 1e-13 * size
        assert np.abs(slope_plus - slope_minus - kappa_of(any_iface, grid) @ psi_minus).max() <= 1e-13 * size


# ---------------------------------------------------------------------------------------- Kwant against it


def test_exact_difference_is_the_continuum(any_iface: Interface) -> None:
    """k_⊥ resolved, tilted m, h_R up to 1: wave functions and flows of each source, within 1e-12."""
    grid = grid_of(any_iface, nodes=5)
    expected, found = (solve(engine, any_iface, grid) for engine in (Matching(), KwantChain()))
    assert relative(found.psi, expected.psi) <= BAR
    for s in range(3):
        assert relative(found.flows[..., s, :, :], expected.flows[..., s, :, :]) <= BAR


def test_exact_difference_does_not_depend_on_the_spacing(iface: Interface) -> None:
    """No discretisation error: spacings a factor of 4 apart agree to rounding, ε/(qa)²."""
    grid, coarse = grid_of(iface), KwantChain().spacing_for(iface.structure)
    one, other = (solve(KwantChain(spacing=a), iface, grid).flows for a in (coarse, coarse / 4))
    assert relative(other, one) <= FINITE_DIFFERENCE_BAR


def test_finite_difference_is_its_own_closed_form(any_iface: Interface) -> None:
    """At finite a the chain is the continuum problem with k → k √(1 − (ka)²/4); far from the true one."""
    grid = grid_of(any_iface, nodes=5)
    engine = KwantChain("finite-difference")
    found = solve(engine, any_iface, grid)
    a = engine.spacing_for(any_iface.structure)
    q2 = any_iface.kz_squared(grid[0] ** 2)
    assert relative(found.kz**2, (q2 * (1 - q2 * a**2 / 4)).astype(complex)) <= BAR
    psi, slope = match(found.kz, found.Kz, kappa_of(any_iface, grid), any_iface.direction)
    own = replace(found, psi=psi[:, None], slope=slope[:, :, None])
    assert relative(found.flows, own.flows) <= FINITE_DIFFERENCE_BAR
    assert relative(found.psi, own.psi) <= FINITE_DIFFERENCE_BAR
    # The error at a is of order (qa)²/24 > 1e-3: the closed form is not simply the limit.
    assert relative(found.flows, solve(Matching(), any_iface, grid).flows) > 1e-3


def spacing_ladder(iface: Interface, scheme: Scheme, grid: Grid) -> tuple[Array, Array, Array]:
    """Return flows on five spacings, their rounding ε/(qa)² with the smallest q, and the continuum's."""
    spacings = KwantChain("finite-difference").spacing_for(iface.structure) / 2.0 ** np.arange(5)
    values = np.stack([solve(KwantChain(scheme, a), iface, grid).flows for a in spacings])
    x = grid[0] ** 2
    smallest = min(np.abs(iface.kz_squared(x)).min(), np.abs(iface.Kz_squared(x)).min())
    rounding = 32 * np.finfo(float).eps * np.abs(values).max() / (smallest * spacings**2)
    return values, rounding, solve(Matching(), iface, grid).flows


def test_finite_difference_order_and_limit(iface: Interface) -> None:
    """Errors against the continuum fall as a²; Richardson's limit is the continuum."""
    values, rounding, exact = spacing_ladder(iface, "finite-difference", grid_of(iface, h_R=(0.1, 1.0)))
    errors = np.linalg.norm((values - exact).reshape(len(values), -1), axis=1)
    order = observed_order(errors, rounding)
    assert order.error < 0.05
    assert abs(order.value - 2.0) <= 0.05
    # Size, too: the coarsest error is (q_max a)²/24 = 0.7 % times a factor of order one to thirty.
    assert 1e-4 < errors[0] / np.linalg.norm(exact) < 0.3
    limit = richardson(values, (2, 4, 6, 8), rounding.reshape(-1, *(1,) * (values.ndim - 1)))
    assert relative(limit.value, exact) <= 1e-7
    assert np.abs(limit.value - exact).max() <= limit.size("next order").max() + limit.size("rounding").max()


def test_one_sided_site_is_a_negative_control(iface: Interface) -> None:
    """It carries half a cell of J σ·m too much: order one, and the ledger sees the spin that this takes.

    Where N and F are equal, U_N = U_F and J = 0, one side's value is the mean: no control there.
    """
    values, rounding, exact = spacing_ladder(iface, "one-sided", grid_of(iface, h_R=(0.1,)))
    errors = np.linalg.norm((values - exact).reshape(len(values), -1), axis=1)
    if iface.name == "interface-magnetism":
        assert abs(observed_order(errors, rounding).value - 2.0) <= 0.05
    else:
        assert abs(observed_order(errors, rounding, power=1).value - 1.0) <= 0.05
        assert np.abs(ledger_residual(values[0])).max() > 0.01


# -------------------------------------------------------------------- what Kwant's answer must not depend on


@pytest.mark.parametrize("scheme", SCHEMES)
def test_phase_of_lead_modes_does_not_matter(
    any_iface: Interface, scheme: Scheme, rng: np.random.Generator, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Kwant may give the modes of any channel any phase, though the one that it says."""
    engine = KwantChain(scheme)
    grid = grid_of(any_iface)
    states = solve(engine, any_iface, grid)

    def arbitrary(*asked: Any) -> Complex:
        modes = lead_modes(*asked)
        comes, goes = np.exp(2j * np.pi * rng.random((2, len(modes))))
        return modes * np.stack([comes, comes, goes, goes, comes**0, comes], axis=-1)

    def wrong(*asked: Any) -> Complex:
        return lead_modes(*asked) * [1j, 1j, 1, 1, 1, 1]

    monkeypatch.setattr(kwant_chain, "lead_modes", arbitrary)
    found = solve(engine, any_iface, grid)
    assert relative(found.flows, states.flows) <= bar(engine)
    assert relative(found.psi, states.psi) <= bar(engine)
    monkeypatch.setattr(kwant_chain, "lead_modes", wrong)
    assert relative(solve(engine, any_iface, grid).psi, states.psi) > 0.1


def test_bundled_channels_are_kwants_own_answer(any_iface: Interface) -> None:
    """A builder, leads with spin, smatrix, wave_function, Current: all of Kwant's own, one k at a time."""
    chain, bonds = naive_kwant.make_chain()
    grid = [g[:, ::2].reshape(-1)[::2] for g in grid_of(any_iface)]
    engine = KwantChain()
    states = engine.solve(any_iface.structure, *grid)
    a = engine.spacing_for(any_iface.structure)
    r, t, r_prime, t_prime = states.amplitudes()
    one, one_prime = states.open_N, states.open_F
    for i, (k_perp, angle, h_R) in enumerate(zip(*grid, strict=True)):
        scattering, currents = naive_kwant.solve(
            chain, bonds, any_iface, k_perp * np.cos(angle), k_perp * np.sin(angle), h_R, a
        )
        # Per unit flux.
        assert np.abs(states.spin_minus[i] - currents[0]).max() <= 1e-13
        assert np.abs(states.spin_plus[i] - currents[1]).max() <= 1e-13
        # The basis of Kwant's degenerate modes is its own: singular values and transmissions are not.
        ours = {(0, 0): one @ r, (1, 0): one_prime @ t, (1, 1): one_prime @ r_prime, (0, 1): one @ t_prime}
        for where, amplitude in ours.items():
            theirs = np.linalg.norm(scattering.submatrix(*where))
            assert np.linalg.norm(amplitude[i]) == pytest.approx(theirs, abs=1e-13)


def test_sources_from_F_while_N_is_closed() -> None:
    """Topological insulator: nothing flows at z = −0, and the lattice's flow is the whole torque."""
    iface = load("topological-insulator")
    _, states, found = known(KwantChain(), iface)
    assert np.all(states.psi_N == 0.0)
    assert np.abs(states.psi_F).max() > 0.1
    assert np.abs(found[..., MINUS, :]).max() <= BAR
    torque, lattice = (transverse(found[..., flow, :], iface.direction) for flow in (PLUS, LATTICE))
    assert relative(torque, lattice) <= BAR
    assert np.abs(torque).max() > 0.1


# ----------------------------------------------------------------------------------- bundles and requests


@pytest.mark.parametrize("size", [1, 17, 32, 33])
def test_result_does_not_depend_on_grouping(
    size: int, rng: np.random.Generator, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Any number of problems of one k_⊥ at a time give what each gives alone."""
    monkeypatch.setattr(kwant_chain, "BUNDLE", 32)
    grid = np.full(size, 0.9), rng.uniform(0, 2 * np.pi, size), rng.uniform(-1, 1, size)
    together = solve(KwantChain(), BULK, grid)
    alone = [KwantChain().solve(BULK.structure, *one) for one in zip(*grid, strict=True)]
    # A few ε of a 4×4 solve.
    assert relative(together.flows, np.concatenate([one.flows for one in alone])) <= 1e-13
    assert relative(together.psi_F, np.concatenate([one.psi_F for one in alone])) <= 1e-13


def test_order_and_shape_of_the_request(engine: Engine, rng: np.random.Generator) -> None:
    """A shuffled request comes back shuffled, one that broadcasts broadcast; a scalar has length one."""
    grid, states, flows = known(engine, BULK)
    order = rng.permutation(grid[0].size)
    shuffled = engine.solve(BULK.structure, *(g.ravel()[order] for g in grid)).flows
    assert relative(shuffled, flows.reshape(-1, *flows.shape[3:])[order]) <= 1e-13
    sparse = engine.solve(BULK.structure, grid[0][:, :1, :1], grid[1][0, :, :1], grid[2][0, 0])
    assert relative(sparse.flows, flows) <= 1e-13
    assert (sparse.kz.shape, sparse.Kz.shape) == (states.kz.shape, states.Kz.shape)
    single = engine.solve(BULK.structure, *(g[-1, 0, 1] for g in grid))
    assert np.abs(single.psi_N - states.psi_N[-1:, 0, 1]).max() <= 1e-13


# -------------------------------------------------------------------------------------------- refusals


@pytest.mark.parametrize("spacing", [1.0, 0.1])
@pytest.mark.parametrize(("edge", "lead"), [(1.5, "N"), (0.5, "F"), (2.5, "F")])
def test_node_near_a_band_edge_is_right_or_refused(edge: float, lead: str, spacing: float) -> None:
    """Up to a threshold the error is ε/(qa)²; where Kwant fails or miscounts, an error names the lead.

    Never a number that silently lacks a channel: that would be far off where ε/(qa)² is small.
    """
    refused = 0
    for distance in (1e-4, 1e-6, 1e-8, *np.geomspace(1e-10, 1e-17, 29), *-np.geomspace(1e-10, 1e-17, 15)):
        grid = np.sqrt(np.array([edge - distance])), np.array([0.3]), np.array([0.1])
        q2 = max(float(abs(edge - grid[0][0] ** 2)), np.finfo(float).tiny)
        try:
            found = solve(KwantChain(spacing=spacing), BULK, grid).flows
        except EngineError as error:
            assert f"{lead} lead" in str(error)
            assert "too close to a band edge" in str(error)
            # Only next to an edge: within a few thousand ε of it, in units of 1/a².
            assert q2 * spacing**2 < 1e-12
            refused += 1
            continue
        expected = solve(Matching(), BULK, grid).flows
        assert relative(found, expected) <= 100 * np.finfo(float).eps / (q2 * spacing**2)
    assert refused > 0 or spacing == 1.0, "Kwant has never managed all of these"


def test_number_of_modes_is_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    """A channel that Kwant silently drops, as it does in a spin-split lead at an edge, is an error."""
    # On-site term and hopping of a wave that decays.
    monkeypatch.setattr(kwant_chain, "lead_modes", lambda h, t, where: lead_modes(2.5 * t / t, t / t, where))
    with pytest.raises(EngineError, match=r"found the N lead's channel .* closed, which it is not"):
        lead_of("N", BULK.structure.left, BULK.E_F, np.array([0.3]), 0.5, "exact-difference")


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (ImportError("No module named 'kwant'"), "--engine continuum"),
        (ValueError("numpy.dtype size changed, may indicate binary"), "rebuild it against the one installed"),
    ],
)
def test_kwant_that_cannot_be_imported_says_what_to_do(
    monkeypatch: pytest.MonkeyPatch, error: Exception, words: str
) -> None:
    real: Any = builtins.__import__

    def broken(name: str, *args: Any, **kwargs: Any) -> Any:
        if name.startswith("kwant"):
            raise error
        return real(name, *args, **kwargs)

    monkeypatch.setattr(builtins, "__import__", broken)
    with pytest.raises(EngineError, match=words):
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
    assert (done.returncode, done.stdout.strip(), done.stderr) == (0, "heard", "")
