"""Rules of which each contains the one before: their weights, and the error that differences of them tell."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from functools import cache
from typing import Any

import numpy as np

from sotcheck.numerics.arrays import Array
from sotcheck.numerics.nearpoles import fejer

#: Nodes in θ: tried in this order, then the interval is halved.
LEVELS = (15, 31, 63, 127)
#: Of a rule's nodes the coarser ones, down to four, have every eighth, fourth, second.
STEPS = (8, 4, 2, 1)
#: Errors near complex poles oscillate under their geometric envelope: how much a lucky rule may hide.
SAFETY = 4.0


def interleaved(new: Array, coarse: Array) -> Array:
    """Return the samples of a rule from those that its coarser one lacks and has."""
    finer = np.empty((len(new) + len(coarse), *new.shape[1:]))
    finer[::2], finer[1::2] = new, coarse
    return finer


@cache
def nested(n: int) -> Array:
    """Return the weights of Fejér's n nodes in four rules, each with twice the nodes of the one before."""
    weights = np.zeros((len(STEPS), n))
    for row, step in zip(weights, STEPS, strict=True):
        row[step - 1 :: step] = fejer(n // step)[1]
    return weights


def alike(errors: Array) -> Array:
    """Return the largest errors along the last two axes, the first excepted: one may be small by accident."""
    largest: Array = errors.max(axis=tuple(range(max(1, errors.ndim - 2), errors.ndim)), keepdims=True)
    return largest


def largest(values: Array) -> list[float]:
    """Return the largest of each of values (n, ...)."""
    found: list[float] = values.reshape(len(values), -1).max(axis=1).tolist()
    return found


def sure(values: Array, errors: Array) -> list[float]:
    """Return how large the largest average over the angle is at least, of each of values (n, angles, ...)."""
    return largest((np.abs(values.sum(axis=1)) - errors.sum(axis=1)) / values.shape[1])


def nested_error(rules: Sequence[Array], slowest: Any = 0.0) -> Array:
    """Return an error bound of the last of four rules, each with twice the nodes of the one before.

    The difference of the last two bounds the error of the last but one. That of the last is smaller by at
    least the factor by which differences have been shrinking: the worse of the last two factors, no less than
    `slowest`, and no gain at all where they have not, as near a resonance that the rules do not resolve.
    """
    d_1, d_2, d_3 = (np.abs(fine - coarse) for coarse, fine in itertools.pairwise(rules))

    def ratio(fine: Array, coarse: Array) -> Array:
        return np.divide(fine, coarse, out=np.ones_like(fine), where=coarse > fine)

    shrinking = ratio(d_2, d_1)
    gain = np.minimum(SAFETY * np.maximum(ratio(d_3, d_2), shrinking), 1.0)
    return d_3 * np.maximum(gain, slowest)
