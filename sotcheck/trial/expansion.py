"""What the exact torque's expansion in h_R should look like, by kind of interface."""

from __future__ import annotations

import itertools
from dataclasses import dataclass, field
from typing import Literal

import numpy as np

from sotcheck.numerics.arrays import Array, Complex
from sotcheck.numerics.path import substitution
from sotcheck.system.interface import SOURCES, Interface
from sotcheck.system.units import wave_vector
from sotcheck.theory.embedded import embedded_state, missing_torque
from sotcheck.theory.validity import (
    ANGLES,
    radius_at_thresholds,
    radius_by_k,
    radius_of_convergence,
    transparent_channels,
    without_interface,
)

Kind = Literal["analytic", "embedded", "transparent", "threshold"]

#: Below this radius a ladder of h_R inside it would measure rounding: the torque is divided by h_R.
SMALLEST_RADIUS = 1e-6


@dataclass(frozen=True)
class Expansion:
    """How t depends on small h_R.

    `kind`: "analytic"; "embedded": with a resonance as narrow as h_R², whose torque first order misses;
    "transparent": without a radius of convergence; "threshold": with none that double precision can use;
    `radius`: the scale of h_R up to which the k_⊥ sum may be expanded; `by_k`: the same where k_⊥ is
    resolved; `missing` (3,): what the limit of t/h_R has besides the formula: fieldlike + i dampinglike by
    source; `k_perp2`: where in the k_⊥ sum that comes from; `words`: what is unusual, empty if nothing.
    """

    kind: Kind
    radius: float
    by_k: float
    missing: Complex = field(default_factory=lambda: np.zeros(len(SOURCES), dtype=complex))
    k_perp2: float | None = None
    words: str = ""

    @property
    def exists(self) -> bool:
        """Whether the limit of t/h_R and the remainder's exponent can be told apart from others."""
        return self.kind in ("analytic", "embedded")

    @property
    def why_not(self) -> str:
        """What keeps the torque from having an expansion in h_R, if anything does."""
        return "" if self.exists else self.words


def expansion_of(iface: Interface, k_perp2: Array) -> Expansion:
    """Say what kind of expansion an interface has; `k_perp2` (n,) is where k_⊥-resolved claims are tried."""
    by_k = float(radius_by_k(iface, k_perp2, ANGLES).min())
    one_k, unit = wave_vector(iface)
    state = embedded_state(iface)
    if state is not None:
        radius = min(state.reach, _radius_elsewhere(iface, state.k_perp2))
        words = (
            "a minority interface state lies at E_F inside the majority's continuum "
            f"(k_perp = {one_k * state.k_perp2**0.5:.4g}{unit}): first order misses its torque"
        )
        if radius >= SMALLEST_RADIUS:
            return Expansion("embedded", radius, by_k, missing_torque(iface), state.k_perp2, words=words)
        return Expansion("threshold", radius, by_k, words=f"{words}, and {_too_near(radius)}")
    radius = radius_of_convergence(iface)
    for channel in transparent_channels(iface):
        words = (
            f"the {channel.spin} channel is transparent (matched wave vectors): at grazing incidence "
            f"(k_perp = {one_k * channel.k_perp2**0.5:.4g}{unit}) the expansion in h_R has no radius of "
            "convergence, and the torque a term in h_R|h_R|"
        )
        return Expansion("transparent", radius, by_k, words=words)
    if without_interface(iface):
        words = (
            "there is no interface without h_R (no delta, equal wave numbers on both sides): the expansion "
            "in h_R has no radius of convergence at grazing incidence"
        )
        return Expansion("transparent", radius, by_k, words=words)
    at_thresholds = radius_at_thresholds(iface)
    if at_thresholds < SMALLEST_RADIUS:
        return Expansion("threshold", at_thresholds, by_k, words=_too_near(at_thresholds))
    return Expansion("analytic", radius, by_k)


def _too_near(radius: float) -> str:
    return (
        "without h_R a channel is all but transparent, or a state all but bound, at a threshold: the "
        f"expansion in h_R holds up to {radius:.1g} only, where rounding hides what is to be seen"
    )


def _radius_elsewhere(iface: Interface, k_perp2: float) -> float:
    """Return the smallest radius over all ranges between thresholds but the one with k_⊥² = `k_perp2`."""
    theta = np.linspace(0, np.pi / 2, 62)[1:-1]
    others = [pair for pair in itertools.pairwise(iface.thresholds()) if not pair[0] < k_perp2 < pair[1]]
    radii = (radius_by_k(iface, substitution(*pair, theta)[0], ANGLES).min() for pair in others)
    return float(min(radii, default=np.inf))
