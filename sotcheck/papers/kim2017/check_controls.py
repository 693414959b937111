"""Negative controls: faults put in on purpose, judged by the same machinery, which has to flag them."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from sotcheck.numerics.arrays import Complex
from sotcheck.papers.kim2017 import paper
from sotcheck.papers.kim2017.check_exact import order_trials
from sotcheck.papers.kim2017.check_first_order import torque_trials
from sotcheck.papers.kim2017.check_linearity import slope_trials
from sotcheck.papers.kim2017.section4 import by_source
from sotcheck.system.interface import SOURCES
from sotcheck.theory.sums import first_order_torque
from sotcheck.theory.symbols import Symbols
from sotcheck.trial.evidence import FINE, Evidence
from sotcheck.trial.verdict import Trial


@paper.claim("one-sided", "Interface site with one side's value: order 1 instead of 2", None, control=True)
def one_sided_site(evidence: Evidence) -> Iterator[Trial]:
    """The interface site carries the ferromagnet's on-site value instead of the mean of both sides."""
    # Where both bulks are the same, one side's value is the mean.
    if evidence.iface.bulks_differ:
        yield from order_trials(evidence, "one-sided")


@paper.claim("flipped-sign", "A sign of Eq. (16) flipped", "16", control=True)
def flipped_sign(evidence: Evidence) -> Iterator[Trial]:
    """Eq. (16c) with 1 + r↑*r↓ for 1 − r↑*r↓, and Eq. (16d) with the opposite sign."""
    expected = first_order_torque(evidence.iface, _flipped, rtol=FINE).by_segment.value
    yield from torque_trials(evidence, SOURCES, expected)
    yield from slope_trials(evidence, expected.sum(axis=0))


@paper.claim("no-evanescent", "Eq. (16) without evanescent states", "16", control=True)
def evanescent_dropped(evidence: Evidence) -> Iterator[Trial]:
    """Eq. (16) summed only over k_⊥ at which every channel is open."""
    limit = min(evidence.iface.k_perp2_max(source) for source in SOURCES)
    dropped = np.array([x_1 >= limit for x_1, _ in evidence.formulas.segments])
    if dropped.any():
        expected = np.where(dropped[:, None], 0.0, evidence.formulas.by_segment.value)
        yield from torque_trials(evidence, SOURCES, expected)


def _flipped(s: Symbols) -> Complex:
    normal = s.k2 / s.kz * (1 + s.r_up.conj() * s.r_down) * (s.r_up - s.r_down.conj()) / (8 * np.pi)
    return np.concatenate([normal[..., None], -by_source(s)[..., 1:]], axis=-1)
