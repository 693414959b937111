"""Appendix C of the paper, equation by equation; `_corrected` where exact numerics confirm another form.

In the matching unit 2mₑ/ħ² = 1, so mₑ/ħ² = 1/2. The upper sign belongs to the minority band, +J.
"""

from __future__ import annotations

import numpy as np
from scipy import constants

from sotcheck.numerics.arrays import Array
from sotcheck.theory.symbols import Symbols


def eqC2(s: Symbols) -> Array:
    """(q_2 − q_1)(q_2 + q_1) = ±2mₑJ/ħ², Eq. (C2), by band: minority, majority."""
    return np.array([1.0, -1.0]) * s.iface.J


def eqC3(s: Symbols) -> Array:
    """q_2 + q_1 = h_R k_⊥^max, Eq. (C3)."""
    k_max = np.sqrt(s.iface.thresholds()[-1])
    return s.iface.h_R * k_max


def eqC4(s: Symbols) -> Array:
    """2q_{1/2} = h_R k_⊥^max ± J mₑ/(ħ² k_⊥^max h_R), as printed in Eq. (C4): the smaller, the larger."""
    strength = s.iface.h_R * np.sqrt(s.iface.thresholds()[-1])
    return strength + np.array([-1.0, 1.0]) * s.iface.J / 2 / strength


def eqC4_corrected(s: Symbols) -> Array:
    """The same with 2J mₑ."""
    strength = s.iface.h_R * np.sqrt(s.iface.thresholds()[-1])
    return strength + np.array([-1.0, 1.0]) * s.iface.J / strength


def eqC5(s: Symbols) -> Array:
    """√(2mₑJ/ħ²), the smallest |h_R k_⊥^max| with a bound state, Eq. (C5)."""
    return np.sqrt(s.iface.J)


#: The length in nm of which √(2mₑJ/ħ²) is the inverse at J = 1 eV, as printed below Eq. (C5).
LENGTH_AT_1_EV = 0.14


def length_at_1_eV() -> float:
    """Return the same from the CODATA constants."""
    wave_number = np.sqrt(2 * constants.m_e * constants.electron_volt) / constants.hbar
    return float(1e9 / wave_number)


def rashba_threshold(J: float, in_plane: float) -> float:
    """Return the smallest h_R k_⊥ with a state below the continuum, for the Rashba term itself.

    At the bottom of the continuum q_N = √J, q_↑ = 0 and q_↓ = √(2J); the determinant of q_N + Q̂_F + h_R
    σ·(k×ẑ) vanishes when w² + √(2J) c w − (1 + √2)J = 0, with w = h_R k_⊥ and c = m·(k×ẑ)/k_⊥, at most the
    length of m's in-plane part.

    Parameters
    ----------
    J : float
    in_plane : float
        Length of the component of m in the plane of the interface.
    """
    half = np.sqrt(J / 2) * in_plane
    return float(np.sqrt(half**2 + (1 + np.sqrt(2)) * J) - half)
