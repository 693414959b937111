"""Richardson extrapolation and observed orders on series whose limit and order are known."""

from __future__ import annotations

import numpy as np
import pytest

from sotcheck.numerics.convergence import finest, observed_order, richardson

EPS = float(np.finfo(float).eps)
STEPS = 0.5 ** np.arange(5)


def even_series(s: np.ndarray) -> np.ndarray:
    """π + s² + 3s⁴ − 2s⁶ + …: the cosine-like series of a second-order lattice."""
    return np.pi + np.sin(s) * s + 3 * s**4 / (1 + s**2)


def test_richardson_is_exact_on_a_polynomial() -> None:
    """As many powers as terms: nothing but rounding is left."""
    values = 2.0 - 3 * STEPS[:4] ** 2 + 5 * STEPS[:4] ** 4 - 7 * STEPS[:4] ** 6
    found = richardson(values, (2, 4, 6))
    assert found.value == pytest.approx(2.0, abs=100 * EPS)
    # The last elimination still changed something: 7 s⁶ of the two finest steps.
    assert found.total > 1e-5


def test_richardson_converges_level_by_level() -> None:
    """Every elimination gains a power of the step squared, and `error` bounds the true error."""
    errors = []
    for n in range(1, 6):
        found = richardson(even_series(STEPS[:n] / 4), tuple(range(2, 2 * n, 2)))
        errors.append(abs(float(found.value) - np.pi))
        if n > 1:
            assert errors[-1] <= found.total
    # In the order of the remaining term, s^(2n): 1/4, 1/16, … of one another and smaller still.
    assert np.all(np.divide(errors[1:], errors[:-1]) < 0.25)
    assert errors[-1] < 1e-4 * errors[0]


def test_richardson_of_the_wrong_powers_does_not_converge() -> None:
    """Removing s², s⁴ from a series in s leaves the first order, and `error` admits it."""
    values = 1.0 + STEPS[:3]
    found = richardson(values, (2, 4))
    assert abs(float(found.value) - 1.0) > 0.1
    assert found.total > 0.01


def test_richardson_of_arrays() -> None:
    """Trailing axes are extrapolated element by element."""
    values = np.stack([even_series(STEPS * c) for c in (1.0, 0.5)], axis=-1)[:, None]
    found = richardson(values, (2, 4, 6, 8))
    assert found.shape == (1, 2)
    assert np.allclose(found.value, np.pi, atol=1e-3)


def test_noise_is_carried_through_the_table() -> None:
    """`rounding` is the worst case over signs of the values' errors: (4ε + ε)/3 at the first level."""
    noise = np.array([1e-9, 1e-9])
    found = richardson(np.array([1.0, 1.0]), (2,), noise)
    assert found.size("rounding") == pytest.approx(5e-9 / 3)
    # Growing noise, as ε/a² of a lattice: the bound holds for any signs.
    values = np.full(4, 2.0)
    noise = 1e-10 * 4.0 ** np.arange(4)
    bound = float(richardson(values, (2, 4, 6), noise).size("rounding"))
    worst = 0.0
    for signs in range(16):
        flipped = np.array([1 if signs >> i & 1 else -1 for i in range(4)])
        found = richardson(values + flipped * noise, (2, 4, 6))
        worst = max(worst, abs(float(found.value) - 2.0))
    assert worst == pytest.approx(bound, rel=1e-5)


def test_scalar_noise_broadcasts() -> None:
    """One number for all values, as the default 0."""
    assert richardson(even_series(STEPS), (2, 4, 6, 8), 1e-12).size("rounding") > 1e-12
    assert richardson(even_series(STEPS), (2, 4, 6, 8)).size("rounding") == 0.0


@pytest.mark.parametrize("order", [1, 2, 3])
def test_observed_order(order: int) -> None:
    """Errors c s^p (1 + O(s²)): the order to a few thousandths, within the stated error."""
    errors = 0.3 * STEPS**order * (1 + 0.4 * STEPS**2)
    found = observed_order(errors, np.zeros(5))
    assert abs(found.value - order) <= 0.005
    assert abs(found.value - order) <= found.total
    assert found.total < 0.02
    # Extrapolation of the local slopes is what makes it this good.
    assert abs(np.log2(errors[-2] / errors[-1]) - order) > 5 * abs(found.value - order)


def test_observed_order_with_odd_corrections() -> None:
    """power = 1: errors s (1 + O(s)), as those of a one-sided lattice."""
    errors = STEPS * (1 + 0.5 * STEPS)
    found = observed_order(errors, np.zeros(5), power=1)
    assert abs(found.value - 1.0) <= found.total
    assert found.total < 0.05


def test_noise_enters_the_order() -> None:
    """Relative noise of both errors, over ln 2, and amplified by the extrapolation."""
    errors = STEPS**2
    quiet, noisy = (observed_order(errors, level * errors) for level in (0.0, 1e-3))
    assert quiet.total <= 100 * EPS
    assert 2e-3 / np.log(2) <= noisy.total <= 2e-2
    shaken = errors * (1 + 1e-3 * np.array([1, -1, 1, -1, 1]))
    assert abs(observed_order(shaken, 1e-3 * errors).value - 2.0) <= 1.01 * noisy.total


@pytest.mark.parametrize("level", [1.0, 100.0])
def test_order_swamped_by_noise(level: float) -> None:
    """Errors no larger than their noise tell no order: infinite uncertainty, not a number."""
    errors = STEPS**2
    found = observed_order(errors, level * np.array([0, 0, *errors[2:]]))
    assert np.isnan(found.value)
    assert found.total == np.inf


def test_an_order_is_read_where_it_is_clear() -> None:
    """Coarse steps of another order, and a fine one lost in noise: those between tell."""
    steps = 0.5 ** np.arange(7)
    errors = steps**2 + 40 * steps**6
    found = observed_order(errors, np.array([0, 0, 0, 0, 0, 0, 2 * errors[-1]]), power=4)
    assert abs(found.value - 2.0) <= found.total <= 0.05


def test_no_order_before_the_slopes_settle() -> None:
    """A resonance narrower than the steps: local slopes of any value, and no small error beside them."""
    assert observed_order(np.array([1.0, 0.8, 0.1]), np.zeros(3)).total == np.inf


def test_finest_takes_the_steps_that_suit_each_number() -> None:
    """Rounding that grows as 1/a² ends the ladder sooner for one number than for the other."""
    steps = 0.5 ** np.arange(6)
    noise = np.stack([1e-16 / steps**2, 1e-9 / steps**2], axis=1)
    signs = np.array([1, -1, 1, -1, 1, -1])[:, None]
    values = (
        np.pi + (0.3 * steps**2 + 0.1 * steps**4 - 0.2 * steps**6 + 0.1 * steps**8)[:, None] + signs * noise
    )
    found = finest(values, (2, 4, 6), noise, ())
    assert np.all(np.abs(found.value - np.pi) <= found.error)
    assert found.size("rounding")[0] < 1e-11
    assert found.size("rounding")[1] < 1e-6


def test_a_limit_whose_order_is_not_seen_has_no_error_bar() -> None:
    """Values that do not settle, or in the wrong order: infinite error, not a small last step."""
    steps = 0.5 ** np.arange(6)
    wild = np.cos(7 / steps)
    assert np.isinf(finest(wild[:, None], (2, 4, 6), np.zeros((6, 1)), (-1,)).error).all()
    first_order = 1 + steps + 0.1 * steps**2
    assert np.isinf(finest((first_order**3)[:, None], (4, 6, 8), np.zeros((6, 1)), (-1,)).error).all()


def test_order_of_vanishing_errors() -> None:
    """Zeros (a scheme without error) have no order either, and raise no warning."""
    assert observed_order(np.zeros(4), np.zeros(4)).total == np.inf


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_order_of_values_that_are_not_finite(bad: float) -> None:
    """NaN is not an order of convergence: it must never come out as a finite one with a finite error."""
    errors = STEPS**2
    errors[2] = bad
    found = observed_order(errors, np.zeros(5))
    assert not (np.isfinite(found.value) and np.isfinite(found.total))
