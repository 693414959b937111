"""Where equations are tried unless they say otherwise, and what formulas read there."""

from __future__ import annotations

from functools import lru_cache

from sotcheck.exact.solved import ANGLES, Solved
from sotcheck.system.interface import Interface
from sotcheck.theory.symbols import Symbols


def ground(name: str, **values: object) -> Interface:
    """Return an interface to try equations on; m has no symmetry unless it is given."""
    # A name has no points: bulk-1.5 becomes bulk-1-5.
    return Interface(name=name.replace(".", "-"), **({"m": (2.0, -1.0, 2.0)} | values))  # type: ignore[arg-type]


#: Interfaces without further assumptions: every channel regime, barriers of either sign, m without symmetry.
GENERAL = (
    ground("generic", E_F=1.3, U_N=0.2, U_F=-0.3, J=0.7, u_0=0.4, u_m=-0.3),
    ground("n-closes-first", E_F=1.4, U_N=0.9, U_F=0.1, J=0.5, u_0=0.3, u_m=0.2, m=(-3.0, 6.0, 2.0)),
    ground("f-closes-first", E_F=1.0, U_N=-0.6, U_F=0.4, J=0.3, u_0=0.6, u_m=-0.5, m=(1.0, 2.0, -2.0)),
    ground("half-metal", E_F=0.8, U_F=0.1, J=1.1, u_0=-0.2, u_m=0.1, m=(6.0, 2.0, 3.0)),
)
#: Far from small: κ̂ and K̂_z do not nearly commute.
FINITE = tuple(iface.with_(h_R=0.4) for iface in GENERAL)


@lru_cache(maxsize=256)
def symbols(one: Solved) -> Symbols:
    """Return what formulas read, on the grid of the exact states."""
    return Symbols(one.iface, one.k_perp, ANGLES)
