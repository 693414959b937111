"""What bound states at or below E_F take from a torque that counts scattering states only."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np

from sotcheck.bound.at_fermi import bound_share
from sotcheck.bound.fermi import Sea, sea
from sotcheck.errors import SotcheckError
from sotcheck.numerics.arrays import Array
from sotcheck.system.interface import Interface


def on_bound_states(iface: Interface, h_R: list[float], scattering: Mapping[float, Array]) -> Iterator[str]:
    """Yield what is to be said of states bound to the interface at each h_R, or at all of them without any.

    `scattering`: the sum of the sources' t by h_R, where it is known.
    """
    if not h_R and sea(iface, 0.0).bound:
        yield (
            "the interface binds states at E_F by itself, at any h_R however small: the scattering formula "
            "leaves out their torque"
        )
    for h in h_R:
        there = sea(iface, h)
        if there.why:
            yield (
                f"at h_R = {h:g} there is no ground state ({there.why}): what scattering states carry is not "
                "the torque of any Fermi sea"
            )
        elif there.bound:
            yield _on_share(iface, h, there, scattering.get(h))


def _on_share(iface: Interface, h_R: float, there: Sea, scattering: Array | None) -> str:
    """Return what bound states at E_F would add to the torque of the scattering states."""
    cause = "which the interface binds by itself, " if there.without_rashba else ""
    words = (
        f"at h_R = {h_R:g} states bound to the interface lie at E_F, {cause}"
        "and the scattering formula leaves them out"
    )
    try:
        share = bound_share(iface, h_R, scattering)
    except SotcheckError as error:
        return f"{words}; how much they carry cannot be computed ({error})"
    if share is None:
        return f"{words}; they carry no torque"
    size = f"{share:.2g} times" if np.isfinite(share) else "all of"
    return f"{words}: for equal relaxation times they carry {size} its torque"
