"""First order against exact states: amplitudes and their changes, currents, torque, radius of convergence."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from sotcheck.engines import Engine, KwantChain, Matching
from sotcheck.engines.matching import match
from sotcheck.exact.observables import components, exact_flows, ledger_residual, torque_from_flows, transverse
from sotcheck.numerics.arrays import Array, Complex
from sotcheck.numerics.convergence import observed_order, richardson
from sotcheck.numerics.quadrature import sample
from sotcheck.papers.kim2017 import section3 as eq
from sotcheck.system.files import load
from sotcheck.system.interface import SOURCES, Interface, rashba
from sotcheck.system.spin import IDENTITY, dagger, in_spin_bands
from sotcheck.theory.all_orders import first_order as series
from sotcheck.theory.amplitudes import Amplitudes, closed_forms, from_scattering, wave_number
from sotcheck.theory.first_order import interface_exchange, torque_vector
from sotcheck.theory.sums import first_order_flows, first_order_torque
from sotcheck.theory.symbols import Symbols
from sotcheck.theory.validity import radius_by_k, radius_of_convergence
from sotcheck.trial.paper import load as load_paper

#: The paper's own first order: torque, current and what the lattice adds.
PAPER = load_paper().first_order
Relative = Callable[[Array, Array], float]
#: A dozen operations on numbers of order one, a hundredfold next to an edge.
ROUNDING = 1e-13
RUNGS = 0.5 ** np.arange(4)
POWERS = (2, 4, 6)


def x_of(iface: Interface, nodes: int = 4) -> Array:
    """k_⊥² in every channel regime."""
    return sample(iface.thresholds(), nodes) ** 2


def band_values(iface: Interface, x: Array) -> tuple[Complex, Complex, Array]:
    """Return k_z (n, 1), K_z (n, 2) and u_0 ± u_m (2,), computed here and not by the theory."""
    k = np.sqrt(iface.E_F - iface.U_N - x + 0j)[:, None]
    K = np.sqrt(iface.E_F - iface.U_F - np.array([1, -1]) * iface.J - x[:, None] + 0j)
    return k, K, iface.u_0 + np.array([1, -1]) * iface.u_m


def of_bands(a: Amplitudes, matrix: Complex) -> Complex:
    """Return the (minority, majority) elements of a spin-conserving matrix."""
    return np.stack([a.down(matrix), a.up(matrix)], axis=-1)


# -------------------------------------------------------------------------------------- Eqs. (6) and (7)


def test_wave_numbers() -> None:
    """√ with Re k ≥ 0 and Im k ≥ 0: outgoing or decaying."""
    found = wave_number(np.array([4.0, -4.0, 0.0]))
    assert np.array_equal(found[:2], [2.0, 2j])
    # At an edge itself a tiny one stands for zero, by which formulas divide.
    assert 0 < abs(found[2]) < 1e-150


def test_amplitudes_solve_the_matching_problem(any_iface: Interface) -> None:
    """Eqs. (6) by band: continuity and jump of e^{ikz} + r e^{−ikz} | √(|k|/|K|) t e^{iKz}, and from F."""
    x = x_of(any_iface)
    a = closed_forms(any_iface, x)
    k, K, u = band_values(any_iface, x)
    r, t = of_bands(a, a.r), of_bands(a, a.t)
    r_prime, t_prime = of_bands(a, a.r_prime), of_bands(a, a.t_prime)
    from_N = np.broadcast_to(k.real > 0, K.shape)
    psi = 1 + r
    assert np.abs((psi - np.sqrt(np.abs(k) / np.abs(K)) * t)[from_N]).max(initial=0) <= ROUNDING
    jump = 1j * K * psi - 1j * k * (1 - r) - u * psi
    assert np.abs(jump[from_N]).max(initial=0) <= ROUNDING
    from_F = K.real > 0
    psi = 1 + r_prime
    assert np.abs((psi - np.sqrt(np.abs(K) / np.abs(k)) * t_prime)[from_F]).max(initial=0) <= 10 * ROUNDING
    jump = -1j * K * (1 - r_prime) + 1j * k * psi - u * psi
    assert np.abs(jump[from_F]).max(initial=0) <= ROUNDING


def test_relations_below_equation_7(any_iface: Interface) -> None:
    """1 + r_ex = √(|k|/|K|) t_ex, and the third relation (1 + r_ex)/k = (1 + r'_ex)/K."""
    x = x_of(any_iface)
    a = closed_forms(any_iface, x)
    k, K, _ = band_values(any_iface, x)
    open_N = np.broadcast_to(k.real > 0, K.shape)
    t_ex = of_bands(a, a.t_ex)
    assert np.abs((t_ex - of_bands(a, a.t))[open_N]).max(initial=0) <= ROUNDING
    assert np.abs(1 + of_bands(a, a.r_ex) - np.sqrt(np.abs(k) / np.abs(K)) * t_ex).max() <= ROUNDING
    open_F = K.real > 0
    third = (1 + of_bands(a, a.r_ex)) / k - (1 + of_bands(a, a.r_prime)) / K
    # Both terms reach 1/K ~ 10 next to an edge.
    assert np.abs(third[open_F]).max(initial=0) <= 10 * ROUNDING


def test_projections(any_iface: Interface) -> None:
    """Eq. (7): r, t vanish where N is closed, r', t' for closed bands of F; t' lives on while N is closed."""
    x = x_of(any_iface)
    a = closed_forms(any_iface, x)
    k, K, _ = band_values(any_iface, x)
    closed_N = np.broadcast_to(k.real == 0, K.shape)
    closed_F = K.real == 0
    for matrix, closed in ((a.r, closed_N), (a.t, closed_N), (a.r_prime, closed_F), (a.t_prime, closed_F)):
        assert np.all(np.abs(of_bands(a, matrix)[closed]) <= 1e-15)
        assert np.all(np.abs(of_bands(a, matrix)[~closed]) > 0)
    assert np.array_equal(a.hilbert_N, np.where(closed_N[:, :1, None], 0, IDENTITY))
    if any_iface.name == "topological-insulator":
        assert closed_N.all()
        assert np.abs(a.t_prime).max() > 0.1


def test_closed_forms_are_unitary(any_iface: Interface) -> None:
    """Eqs. (B9): |r|² + |t|² = 1 between open channels, |r| = 1 where F is closed, and r*t' + t*r' = 0."""
    x = x_of(any_iface)
    a = closed_forms(any_iface, x)
    k, K, _ = band_values(any_iface, x)
    open_N, open_F = np.broadcast_to(k.real > 0, K.shape), K.real > 0
    r, t, r_prime, t_prime = (of_bands(a, v) for v in (a.r, a.t, a.r_prime, a.t_prime))
    transmitted = np.where(open_F, np.abs(t) ** 2, 0)
    assert np.abs((np.abs(r) ** 2 + transmitted - 1)[open_N]).max(initial=0) <= ROUNDING
    transmitted = np.where(open_N, np.abs(t_prime) ** 2, 0)
    assert np.abs((np.abs(r_prime) ** 2 + transmitted - 1)[open_F]).max(initial=0) <= ROUNDING
    both = open_N & open_F
    assert np.abs((r.conj() * t_prime + t.conj() * r_prime)[both]).max(initial=0) <= ROUNDING


@pytest.mark.parametrize("engine", [Matching(), KwantChain()], ids=lambda e: e.name)
def test_amplitudes_from_an_engine(any_iface: Interface, engine: Engine) -> None:
    """Amplitudes read off exact states at h_R = 0 are the closed forms; r_ex may be NaN."""
    x = x_of(any_iface)
    expected = closed_forms(any_iface, x)
    states = engine.solve(any_iface.structure, np.sqrt(x), np.array(0.0), np.array(0.0))
    found = from_scattering(any_iface, x, states)
    for name in ("r", "t", "r_prime", "t_prime"):
        reference = getattr(expected, name)
        size = max(1.0, float(np.abs(reference).max()))
        assert np.abs(getattr(found, name) - reference).max() <= 1e-12 * size, name
    k, K, _ = band_values(any_iface, x)
    known = (k.real > 0) | (K.real > 0)
    if known.all():
        assert np.abs(found.r_ex - expected.r_ex).max() <= 1e-12 * np.abs(expected.r_ex).max()
    for band in (0, 1):
        nodes = known.all(axis=1)
        values = of_bands(found, found.r_ex)[nodes, band] - of_bands(expected, expected.r_ex)[nodes, band]
        assert np.abs(values).max(initial=0) <= 1e-12 * np.abs(expected.r_ex).max()
    assert np.all(np.isnan(found.r_ex[~known.all(axis=1)]).any(axis=(-1, -2)))


# ------------------------------------------------------------------------------------------- Eq. (10)

CHANGES = {
    "10a": (1, eq.eq10a),
    "10b": (3, eq.eq10b),
    "10c": (0, eq.eq10c),
    "10d": (2, eq.eq10d),
}


def exact_change(iface: Interface, x: Array, angle: float, which: int) -> Array:
    """Odd part of the exact amplitude over h_R, extrapolated to 0: error h⁸, rounding ε/h."""
    h = 0.02 * RUNGS
    states = {
        sign: Matching().solve(iface.structure, np.sqrt(x)[:, None], np.array(angle), sign * h)
        for sign in (1, -1)
    }
    plus, minus = (states[s].amplitudes()[which] for s in (1, -1))
    quotient = np.moveaxis((plus - minus) / (2 * h[:, None, None]), 1, 0)
    parts = richardson(np.stack([quotient.real, quotient.imag], axis=-1), POWERS).value
    return parts[..., 0] + 1j * parts[..., 1]


@pytest.mark.parametrize("number", CHANGES)
def test_first_order_amplitudes(any_iface: Interface, number: str) -> None:
    """Eqs. (10a–d) are derivatives of the exact amplitudes, every element, in every regime."""
    which, formula = CHANGES[number]
    x = x_of(any_iface)
    for angle in (0.4, 2.9):
        expected = formula(Symbols(any_iface, np.sqrt(x), np.array([angle])))[:, 0]
        found = exact_change(any_iface, x, angle, which)
        scale = float(np.abs(expected).max())
        # (2.5e-3/radius)⁸ is below rounding, ε/2.5e-3 times the table's amplification ~ 2e-12 at most.
        assert np.abs(found - expected).max() <= 1e-10 * max(scale, 1.0)
        if any_iface.k_perp2_max("normal") > 0 or number in ("10b", "10d"):
            nothing_to_see = number in ("10b", "10d") and any_iface.k_perp2_max("majority") < 0
            assert nothing_to_see or scale > 0.01


def test_a_wrong_derivative_is_seen() -> None:
    """The comparison above can fail: the complex conjugate, or r for r_ex, is off by much more."""
    iface = load("bulk-magnetism")
    x = x_of(iface)
    a = closed_forms(iface, x)
    found = exact_change(iface, x, 0.4, 3)
    R = rashba(np.sqrt(x), np.full_like(x, 0.4))
    projected = (1 / (2j * a.kz))[:, None, None] * (a.hilbert_N + a.r) @ R @ a.t_prime
    assert np.abs(projected - found).max() > 0.01
    conjugated = eq.eq10b(Symbols(iface, np.sqrt(x), np.array([0.4])))[:, 0].conj()
    assert np.abs(conjugated - found).max() > 0.01


# ---------------------------------------------------------------------------------------- Eqs. (14)–(16)


def symbols_of(iface: Interface) -> Symbols:
    return Symbols.of(iface, closed_forms(iface, x_of(iface)))


def test_currents_make_the_torque(any_iface: Interface, relative: Relative) -> None:
    """(14) + (15), transverse to m, is (16a) with (16c, d): at each k_⊥, every source, every regime."""
    s, m = symbols_of(any_iface), any_iface.direction
    expected = torque_vector(PAPER.torque(s), m)
    assert relative(transverse(PAPER.current(s) + PAPER.lattice(s), m), expected) <= ROUNDING
    assert np.abs(expected).max() > 1e-3


def test_first_order_is_the_first_of_all_orders(any_iface: Interface, relative: Relative) -> None:
    """The tool's own series, which knows no closed form, says the same at each k_⊥."""
    s = symbols_of(any_iface)
    assert relative(series(s), PAPER.torque(s)) <= ROUNDING


def flows_of(iface: Interface) -> Array:
    """(14), (15) and the interface's flow at each k_⊥, with flow (3) from the ledger, shape (n, 3, 4, 3)."""
    s = symbols_of(iface)
    minus, lattice, exchange = (f(s)[:, 0] for f in (PAPER.current, PAPER.lattice, interface_exchange))
    return np.stack([minus, minus + lattice - exchange, lattice, exchange], axis=-2)


def test_interface_flow_vanishes_without_interface_magnetism(any_iface: Interface) -> None:
    """Flow (4) needs u_m."""
    flow = interface_exchange(symbols_of(any_iface))
    if any_iface.u_m == 0.0:
        assert np.all(flow == 0.0)
    else:
        assert np.abs(flow).max() > 1e-4


def test_first_order_flows_are_those_of_the_exact_states(any_iface: Interface) -> None:
    """(14), (15), flows (3) and (4) at each k_⊥ are linear coefficients of the exact flows."""
    x = x_of(any_iface)
    h = 0.02 * RUNGS
    angles = 2 * np.pi * (np.arange(4) + 0.5) / 4  # exact for the second harmonic of the linear term
    grid = np.broadcast_arrays(np.sqrt(x)[:, None, None], angles[:, None], h)
    exact = Matching().solve(any_iface.structure, *grid).flows
    weight = (-grid[0] * np.cos(grid[1]) / (4 * np.pi * h))[..., None, None, None]
    fit = richardson(np.moveaxis((weight * exact).mean(axis=1), 1, 0), POWERS)
    expected = flows_of(any_iface)
    assert np.abs(fit.value - expected).max() <= 1e-10 * np.abs(expected).max()


def summed(iface: Interface, rtol: float) -> Complex:
    """The paper's torque of all k_⊥ by source."""
    return np.asarray(first_order_torque(iface, PAPER.torque, rtol=rtol).total.value)


def test_flows_summed(any_iface: Interface, relative: Relative) -> None:
    """`first_order_flows` is the k_⊥ sum of these, and makes the torque of `first_order_torque`."""
    found = first_order_flows(any_iface, PAPER, rtol=1e-12)
    expected = torque_vector(summed(any_iface, 1e-12), any_iface.direction)
    assert found.shape == (3, 4, 3)
    assert found.total <= 1e-11 * np.abs(found.value).max()
    assert relative(torque_from_flows(found.value, any_iface.direction), expected) <= 1e-11
    assert np.abs(ledger_residual(found.value)).max() <= 1e-15


def test_torque_vector() -> None:
    """Eq. (16a): m×(ŷ×m) times the imaginary, m×ŷ times the real part; `components` undoes it."""
    m = np.array([2.0, -1.0, 2.0]) / 3
    y = np.array([0.0, 1.0, 0.0])
    t = np.array([0.3 - 0.2j, -1.1 + 0.7j])
    found = torque_vector(t, m)
    assert np.allclose(found[0], -0.2 * (y - m * m[1]) + 0.3 * np.cross(m, y), rtol=0, atol=1e-16)
    assert np.abs(found @ m).max() <= 1e-16
    fieldlike, dampinglike = components(found, m)
    assert np.allclose(fieldlike, t.real, rtol=1e-15)
    assert np.allclose(dampinglike, t.imag, rtol=1e-15)


PINS = {
    "normal": -2.19999333948e-3 - 3.78974822874e-3j,
    "majority": 1.75989442723e-2 + 3.78974822874e-3j,
    "minority": -4.02047688360e-5 + 0j,
}


def test_pins_of_the_contract() -> None:
    """E_F = 1.5, J = 1, no barriers: sign and normalisation of (16), to the contract's twelve digits."""
    iface = Interface(name="pin", E_F=1.5, J=1.0)
    found = summed(iface, 1e-13)
    for source, value in zip(SOURCES, found, strict=True):
        # The last printed digit, 12th, is within one unit.
        assert abs(value - PINS[source]) <= 2e-12 * abs(PINS[source])


def test_torque_of_first_order_does_not_depend_on_m(relative: Relative) -> None:
    """(16c), (16d) know no direction; the exact torque at finite h_R does."""
    iface = load("bulk-magnetism")
    other = iface.with_(m=(0.1, 0.5, -0.8))
    one, two = (summed(i, 1e-12) for i in (iface, other))
    assert np.abs(one - two).max() <= 1e-13
    exact = []
    for i in (iface, other):
        t = torque_from_flows(
            exact_flows(Matching(), i, np.array([0.5]), rtol=1e-8).total.value[0], i.direction
        )
        exact.append(np.array(components(t, i.direction)))
    assert relative(exact[0], exact[1]) > 1e-3


@pytest.fixture(scope="module")
def ladder() -> Callable[[Interface], tuple[Array, Array, Array]]:
    """Return (h_R, t/h_R by rung and source, (16)'s torque) of the continuum, once an interface."""
    known: dict[Interface, tuple[Array, Array, Array]] = {}

    def compute(iface: Interface) -> tuple[Array, Array, Array]:
        if iface not in known:
            h = min(0.1, radius_of_convergence(iface) / 8) * RUNGS
            exact = exact_flows(Matching(), iface, h, rtol=1e-12)
            theory = summed(iface, 1e-13)
            known[iface] = (h, torque_from_flows(exact.total.value, iface.direction), theory)
        return known[iface]

    return compute


def test_torque_is_the_linear_coefficient(any_iface: Interface, ladder: Callable[..., tuple]) -> None:
    """Bar: (16) against the linear coefficient of the exact torque, every source and component, 1e-8."""
    _, exact, theory = ladder(any_iface)
    fit = richardson(exact, POWERS)
    largest = np.abs(theory).max()
    assert largest > 1e-4
    for s, source in enumerate(SOURCES):
        fieldlike, dampinglike = components(fit.value[s], any_iface.direction)
        found = fieldlike + 1j * dampinglike
        # Relative to the source's own torque wherever it has one.
        scale = abs(theory[s]) if any_iface.k_perp2_max(source) > 0 else largest
        assert abs(found.real - theory[s].real) <= 1e-8 * scale, source
        assert abs(found.imag - theory[s].imag) <= 1e-8 * scale, source


def test_remainder_grows_as_the_cube(any_iface: Interface, ladder: Callable[..., tuple]) -> None:
    """|t − h_R (16)| ~ h_R³ for every source that carries current; a size of (h/radius)², no more."""
    h, exact, theory = ladder(any_iface)
    expected = torque_vector(theory, any_iface.direction)
    rest = np.linalg.norm(exact - expected, axis=-1)
    for s, source in enumerate(SOURCES):
        if any_iface.k_perp2_max(source) <= 0:
            assert np.all(rest[:, s] == 0.0)
            continue
        slope = observed_order(rest[:, s], np.full(len(h), 1e-14))
        assert slope.total < 0.05, source
        assert abs(1 + slope.value - 3.0) <= 0.05, source
        assert rest[0, s] < 0.2 * np.linalg.norm(expected).max()


def test_a_wrong_coefficient_leaves_slope_one(ladder: Callable[..., tuple]) -> None:
    """A part in a thousand off is enough for the remainder to be linear."""
    iface = load("bulk-magnetism")
    h, exact, theory = ladder(iface)
    expected = torque_vector(1.001 * theory, iface.direction)
    rest = np.linalg.norm(exact - expected, axis=-1)
    slope = observed_order(rest[:, 0], np.full(len(h), 1e-14))
    assert 1 + slope.value < 1.5


def test_hilbert_projector_matters() -> None:
    """Evanescent term of (16d): where N is closed the torque of F's electrons is purely fieldlike."""
    iface = load("bulk-magnetism")
    x = np.array([1.8])
    a = closed_forms(iface, x)
    found = PAPER.torque(Symbols.of(iface, a))[0, 0]
    assert found[0] == 0.0
    assert found[1].imag == 0.0
    assert found[1].real == pytest.approx(1.8 / np.sqrt(0.3) / (8 * np.pi) * abs(a.up(a.t_prime)[0]) ** 2)
    assert abs(found[2]) <= 1e-30, "the minority is closed; |t'|² is the square of a rounding error"


@pytest.mark.parametrize("engine", [Matching(), KwantChain()], ids=lambda e: e.name)
def test_sums_with_amplitudes_of_an_engine(iface: Interface, engine: Engine) -> None:
    """(16) with amplitudes from closed forms, continuum or Kwant: the same torque."""

    def amplitudes(iface: Interface, x: Array) -> Amplitudes:
        return from_scattering(
            iface, x, engine.solve(iface.structure, np.sqrt(x), np.array(0.0), np.array(0.0))
        )

    expected = first_order_torque(iface, PAPER.torque, rtol=1e-12)
    found = first_order_torque(iface, PAPER.torque, rtol=1e-10, amplitudes=amplitudes)
    scale, error = np.abs(expected.total.value).max(), found.total.total
    assert np.abs(found.by_segment.value - expected.by_segment.value).max() <= 1e-11 * scale + error
    assert error <= 1e-9 * scale


def test_sum_of_amplitudes_where_one_band_alone_is_open() -> None:
    """N and minority closed, majority open, u_m ≠ 0: no state tells the minority's r_ex, (16) needs none."""
    iface = Interface(name="half", E_F=1.0, U_N=1.5, U_F=0.5, J=1.0, u_0=0.5, u_m=0.3, m=(2.0, -1.0, 2.0))
    engine = Matching()

    def amplitudes(iface: Interface, x: Array) -> Amplitudes:
        return from_scattering(
            iface, x, engine.solve(iface.structure, np.sqrt(x), np.array(0.0), np.array(0.0))
        )

    expected = summed(iface, 1e-12)
    found = first_order_torque(iface, PAPER.torque, rtol=1e-12, amplitudes=amplitudes).total.value
    assert np.abs(found - expected).max() <= 1e-12 * np.abs(expected).max()


# --------------------------------------------------------------------------------------- convergence of (46)


@pytest.mark.parametrize("k_perp", [0.5, 1.1, 1.5])
def test_radius_is_where_the_series_stops_converging(k_perp: float) -> None:
    """Taylor coefficients of the exact ψ(0; h_R), by Cauchy's integral, grow as radius^−n."""
    iface = load("bulk-magnetism")
    angle = 0.8
    x = np.array([k_perp**2])
    radius = float(radius_by_k(iface, x, np.array([angle]))[0, 0])
    n = 256
    circle = 0.6 * radius * np.exp(2j * np.pi * np.arange(n) / n)
    kappa = iface.kappa_0() + circle[:, None, None] * rashba(np.array(k_perp), np.array(angle))
    kz = np.full(n, wave_number(iface.kz_squared(x))[0])
    Kz = np.broadcast_to(wave_number(iface.Kz_squared(x))[0], (n, 2))
    psi = match(kz, Kz, kappa, iface.direction).psi_F
    coefficients = np.linalg.norm(np.fft.fft(psi, axis=0).reshape(n, -1), axis=1) / n
    # (0.6)^n decays to rounding near n = 70; two coefficients a step apart cancel odd-even alternation.
    growth = (coefficients[60] / coefficients[20]) ** (1 / 40) / 0.6
    assert growth == pytest.approx(1.0, rel=0.03)
    # And the poles: det(iK̂ + ik − κ̂) vanishes at a complex h_R of this size.
    inverse = np.linalg.inv(match_matrix(iface, x[0], 0.0, k_perp, angle))
    poles = 1 / np.linalg.eigvals(inverse @ rashba(np.array(k_perp), np.array(angle)))
    assert np.abs(poles).min() == pytest.approx(radius, rel=1e-10)


def match_matrix(iface: Interface, x: float, h_R: float, k_perp: float, angle: float) -> Complex:
    k, K, _ = band_values(iface, np.array([x]))
    kappa = iface.kappa_0() + h_R * rashba(np.array(k_perp), np.array(angle))
    return 1j * in_spin_bands(K[0], iface.direction) + 1j * k[0] * IDENTITY - kappa


def test_radius_bounds_the_remainder(any_iface: Interface) -> None:
    """Half the radius: the series of Ĝ(κ̂_R Ĝ)ⁿ, Eq. (46), leaves at most 2⁻ⁿ/(1 − 1/2) of its first term."""
    x = x_of(any_iface)
    angle = np.full_like(x, 0.8)
    a = closed_forms(any_iface, x)
    G, R = a.G, rashba(np.sqrt(x), angle)
    h = radius_of_convergence(any_iface) / 2
    assert h < radius_by_k(any_iface, x, np.array([0.8])).min()
    exact = np.linalg.inv(np.linalg.inv(G) - h * R)
    term, total = G, G
    errors = []
    for _ in range(12):
        errors.append(np.linalg.norm(total - exact, axis=(-1, -2)))
        term = h * term @ R @ G
        total = total + term
    # Norms may grow before the spectral radius takes over: two steps at a time, averaged over ten.
    assert np.all(errors[10] <= errors[0] * 0.5**10 * 4)


def test_radius_of_convergence_is_the_smallest(any_iface: Interface, rng: np.random.Generator) -> None:
    """No random k_⊥ or angle has a radius smaller by more than the sampling's resolution."""
    smallest = radius_of_convergence(any_iface)
    edges = any_iface.thresholds()
    x = edges[-1] * rng.random(4000) ** 2
    found = radius_by_k(any_iface, x, rng.uniform(0, np.pi, 20)).min()
    assert 0.99 * smallest <= found <= 1.5 * smallest


def test_transparent_channel_has_no_radius() -> None:
    """u_0 = u_m with equal bulks: at grazing incidence G = 1/(2ik_z) diverges for the majority."""
    iface = Interface(name="clear", E_F=1.0, J=0.0, u_0=0.5, u_m=0.5, m=(2.0, -1.0, 2.0))
    assert radius_of_convergence(iface) < 1e-4
    # For m ∥ z the Rashba term only connects both spins: the radius vanishes as √k_z instead of k_z.
    assert radius_of_convergence(iface.with_(m=(0.0, 0.0, 1.0))) < 2e-3
    assert radius_of_convergence(iface.with_(u_m=0.2)) > 0.1


def test_dagger_of_a_density_is_itself(any_iface: Interface) -> None:
    """t't'† is hermitian, as Eqs. (14), (15) use it."""
    a = closed_forms(any_iface, x_of(any_iface))
    density = a.t_prime @ dagger(a.t_prime)
    assert np.abs(density - dagger(density)).max() <= ROUNDING
