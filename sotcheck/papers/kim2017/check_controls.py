"""Negative controls: faults put in on purpose, judged by the same machinery, which has to flag them."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from sotcheck.numerics.arrays import Complex
from sotcheck.papers.kim2017 import paper
from sotcheck.papers.kim2017.check_exact import order_trials
from sotcheck.papers.kim2017.check_first_order import torque_trials
from sotcheck.papers.kim2017.check_linearity import slope_trials
from sotcheck.system.interface import SOURCES
from sotcheck.theory import first_order
from sotcheck.theory.amplitudes import Amplitudes
from sotcheck.theory.sums import first_order_torque
from sotcheck.trial.evidence import FINE, Evidence
from sotcheck.trial.verdict import Trial


@paper.claim("one-sided", "Interface site with one side's value: order 1 instead of 2", None, control=True)
def one_sided_site(evidence: Evidence) -> Iterator[Trial]:
    """The interface site carries the ferromagnet's on-site value instead of the mean of both sides."""
    if not evidence.iface.bulks_differ:
        # One side's value is the mean.
        return
    yield from order_trials(evidence, "one-sided")


@paper.claim("flipped-sign", "A sign of Eq. (16) flipped", "16", control=True)
def flipped_sign(evidence: Evidence) -> Iterator[Trial]:
    """Eq. (16c) with 1 + r↑*r↓ for 1 − r↑*r↓, and Eq. (16d) with the opposite sign."""
    expected = first_order_torque(evidence.iface, rtol=FINE, formula=_flipped).by_segment.value
    everywhere = np.ones(len(expected), dtype=bool)
    yield from torque_trials(evidence, SOURCES, expected, everywhere, "")
    yield from slope_trials(evidence, expected.sum(axis=0))


@paper.claim("no-evanescent", "Eq. (16) without evanescent states", "16", control=True)
def evanescent_dropped(evidence: Evidence) -> Iterator[Trial]:
    """Eq. (16) summed only over k_⊥ at which every channel is open."""
    theory = evidence.theory["closed forms"]
    limit = min(evidence.iface.k_perp2_max(source) for source in SOURCES)
    dropped = np.array([x_1 >= limit for x_1, _ in theory.segments])
    if not dropped.any():
        return
    expected = np.where(dropped[:, None], 0.0, theory.by_segment.value)
    everywhere = np.ones(len(expected), dtype=bool)
    yield from torque_trials(evidence, SOURCES, expected, everywhere, "")


def _flipped(a: Amplitudes) -> Complex:
    r_up, r_down = a.up(a.r), a.down(a.r)
    weight = np.where(a.kz.imag == 0, a.k_perp2 / np.abs(a.kz), 0.0) / (8 * np.pi)
    torque = -first_order.torque(a)
    torque[:, 0] = weight * (1 + r_up.conj() * r_down) * (r_up - r_down.conj())
    return torque
