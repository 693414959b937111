"""What to warn of before a torque is believed: states and channels that formulas for it do not know of."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

import numpy as np

from sotcheck.bound.at_fermi import Sea, bound_share, sea
from sotcheck.engines.poles import resonances_at_fermi_energy
from sotcheck.errors import SotcheckError
from sotcheck.numerics.arrays import Array
from sotcheck.system.interface import Interface
from sotcheck.theory.embedded import embedded_state, missing_torque
from sotcheck.theory.validity import transparent_channels

#: Resonances wider than this part of the largest k_⊥² are no states.
NARROW = 0.05
#: In-plane angles at which resonances at finite h_R are looked for.
ANGLES = 2 * np.pi * (np.arange(24) + 0.3) / 24


def warnings(
    iface: Interface, h_R: Iterable[float] = (), scattering: Mapping[float, Array] | None = None
) -> list[str]:
    """Return one sentence for each reason not to trust a torque on this interface, none if there is none.

    Parameters
    ----------
    iface : Interface
    h_R : iterable of float
        Rashba parameters in use: states may enter a continuum, or reach E_F, only there. Without any, what
        holds for all.
    scattering : mapping of float to array (3,), optional
        Sum of the sources' t by h_R, where it is known: it need not be computed then.
    """
    h_R = list(h_R)
    found = list(_on_bound_states(iface, h_R, scattering or {}))
    state = embedded_state(iface)
    if state is not None:
        missing = missing_torque(iface)[1].real
        found.append(
            "a minority interface state lies at E_F inside the majority's continuum (k_perp = "
            f"{state.k_perp2**0.5:.4g}): first order misses its torque, fieldlike "
            f"{missing:.4g} h_R of the source majority; exact engines integrate its resonance, of width h_R^2"
        )
    else:
        found += [
            f"at h_R = {h:g} an interface state lies at E_F inside the majority's continuum (k_perp = "
            f"{k:.4g}, at some in-plane angles) though there is none without h_R: first order does not know "
            "of its torque"
            for h, k in _entered(iface, h_R)
        ]
    found += [
        f"the {channel.spin} channel is transparent (no delta, equal wave numbers on both sides): the "
        "expansion in h_R has no radius of convergence at grazing incidence, and the torque departs from "
        "first order sooner than as h_R^3"
        for channel in transparent_channels(iface)
    ]
    return found


def _entered(iface: Interface, h_R: Iterable[float]) -> list[tuple[float, float]]:
    """Return (h_R, k_⊥) of the narrowest resonance at each h_R that has one as narrow as a state."""
    found = []
    # Where N is open both spins leave through it, so that no pole gets near the axis for long.
    above = max(iface.k_perp2_max("normal"), iface.k_perp2_max("minority"), 0.0)
    for h in h_R:
        poles = resonances_at_fermi_energy(iface, ANGLES, np.array(h), above).ravel()
        poles = poles[poles.real > above]
        if poles.size:
            x = poles[np.argmin(np.abs(poles.imag))]
            if abs(x.imag) < NARROW * iface.thresholds()[-1]:
                found.append((float(h), float(np.sqrt(x.real))))
    return found


def _on_bound_states(iface: Interface, h_R: list[float], scattering: Mapping[float, Array]) -> Iterator[str]:
    """Yield what is to be said of states bound to the interface at or below E_F."""
    if not h_R and sea(iface, 0.0).bound:
        yield (
            "the interface binds states at E_F by itself, at any h_R however small: the scattering formula "
            "leaves out their torque"
        )
    for h in h_R:
        there = sea(iface, h)
        if not there.ends:
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
