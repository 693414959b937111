"""Sec. III of the paper, equation by equation; `_corrected` where exact numerics confirm another form."""

from __future__ import annotations

from sotcheck.spin import IDENTITY, Complex
from sotcheck.theory.symbols import Symbols


def eq10c(s: Symbols) -> Complex:
    """∂r̂/∂h_R = (1/2ik_z)(1 + r̂_ex) σ·(k×ẑ) (1̂ + r̂), Eq. (10c)."""
    return 1 / (2j * s.kz)[..., None, None] * (IDENTITY + s.r_ex) @ s.rashba @ (s.one + s.r)
