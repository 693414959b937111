"""Observed orders and Richardson extrapolation of sequences; knows arrays, no physics."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from sotcheck.spin import Array


@dataclass(frozen=True)
class Extrapolation:
    """The limit of a sequence whose error is a power series in the step.

    Attributes
    ----------
    limit : array (...)
    error : array (...)
        What the last elimination changed: a bound on what the next one would; infinite without any.
    rounding : array (...)
        The values' rounding errors, amplified by the eliminations.
    """

    limit: Array
    error: Array
    rounding: Array


def richardson(values: Array, powers: tuple[int, ...], noise: Array | float = 0.0) -> Extrapolation:
    """Extrapolate values at steps s, s/2, s/4, … to step 0.

    Parameters
    ----------
    values : array (n, ...)
        From the coarsest to the finest step.
    powers : tuple of n − 1 ints
        Powers of the step in the error series, one eliminated at each level.
    noise : array (n, ...) or float
        Rounding error of the values, carried through the table.

    Returns
    -------
    Extrapolation
    """
    column = np.asarray(values, dtype=float)
    rounding = np.broadcast_to(np.asarray(noise, dtype=float), column.shape)
    previous = np.full_like(column[-1], np.inf)
    for power in powers:
        factor = 2.0**power
        previous = column[-1]
        column = (factor * column[1:] - column[:-1]) / (factor - 1)
        rounding = (factor * rounding[1:] + rounding[:-1]) / (factor - 1)
    return Extrapolation(column[-1], np.abs(column[-1] - previous), rounding[-1])


@dataclass(frozen=True)
class Slope:
    """An order of convergence with its uncertainty."""

    value: float
    error: float


def observed_order(errors: Array, noise: Array, power: int = 2) -> Slope:
    """Return the order p of errors ~ s^p (1 + O(s^power)) at steps s, s/2, s/4, ….

    The local slopes log2(e_i / e_{i+1}) are themselves extrapolated to s → 0.

    Parameters
    ----------
    errors : array (n,), n ≥ 3
        Positive, from the coarsest to the finest step.
    noise : array (n,)
        Rounding error of each.
    power : int
        Next power in the series.

    Returns
    -------
    Slope
        Its error is what the last extrapolation changed, plus the rounding carried through the logarithm;
        infinite when rounding swamps an error.
    """
    errors, noise = np.asarray(errors, dtype=float), np.asarray(noise, dtype=float)
    if np.any(errors <= noise):
        return Slope(float("nan"), float("inf"))
    local = np.log2(errors[:-1] / errors[1:])
    local_noise = (noise[:-1] / errors[:-1] + noise[1:] / errors[1:]) / np.log(2)
    fit = richardson(local[-2:], (power,), local_noise[-2:])
    return Slope(float(fit.limit), float(fit.error + fit.rounding))
