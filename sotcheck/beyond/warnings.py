"""What to warn of before a torque is believed: states and channels that formulas for it do not know of."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import numpy as np

from sotcheck.bound.stack_warnings import on_stack
from sotcheck.bound.table import on_bound_states
from sotcheck.engines.poles import resonances_at_fermi_energy
from sotcheck.numerics.arrays import Array
from sotcheck.system.interface import Interface
from sotcheck.system.model import System
from sotcheck.system.stack import Stack
from sotcheck.system.units import unit_of_torque, wave_vector
from sotcheck.theory.embedded import embedded_state, missing_torque
from sotcheck.theory.validity import transparent_channels

#: Resonances wider than this part of the largest k_⊥² are no states.
NARROW = 0.05
#: In-plane angles at which resonances at finite h_R are looked for.
ANGLES = 2 * np.pi * (np.arange(24) + 0.3) / 24


def warnings(
    iface: System,
    h_R: Iterable[float] = (),
    scattering: Mapping[float, Array] | None = None,
    bound: Mapping[float, Array] | None = None,
) -> list[str]:
    """Return one sentence for each reason not to trust a torque on this system, none if there is none.

    `h_R`: Rashba parameters, or scales of a stack, in use, as states may enter a continuum, or reach E_F,
    only there; without any, what holds for all. `scattering`: the sum of the sources' t by h_R, where it is
    known and need not be computed. `bound`: that of bound states, where they have a row of their own.
    """
    h_R, (one_k, unit) = list(h_R), wave_vector(iface)
    if not isinstance(iface, Interface):
        return list(on_stack(iface, h_R, scattering or (), bound or ())) if isinstance(iface, Stack) else []
    found = list(on_bound_states(iface, h_R, scattering or {}, bound or {}))
    if (state := embedded_state(iface)) is not None:
        missing = missing_torque(iface)[1].real * unit_of_torque(iface)
        found.append(
            "a minority interface state lies at E_F inside the majority's continuum (k_perp = "
            f"{one_k * state.k_perp2**0.5:.4g}{unit}): first order misses its torque, fieldlike "
            f"{missing:.4g} h_R{' nm^-3' if unit else ''} of the source majority; exact engines integrate "
            "its resonance, of width h_R^2"
        )
    else:
        found += [
            f"at h_R = {h:g} an interface state lies at E_F inside the majority's continuum (k_perp = "
            f"{one_k * k:.4g}{unit}, at some in-plane angles) though there is none without h_R: "
            "first order does not know of its torque"
            for h, k in _entered(iface, h_R)
        ]
    found += [
        f"the {channel.spin} channel is transparent (no delta, equal wave numbers on both sides): the "
        "expansion in h_R has no radius of convergence at grazing incidence, and the torque departs from "
        "first order sooner than as h_R^3"
        for channel in transparent_channels(iface)
    ]
    return found


def at_smallest(system: System, limits: Iterable[float | None]) -> list[str]:
    """Return what to know of the torque at the smallest limit; without any, at the own h_R or scale."""
    known = [limit for limit in limits if limit]
    return warnings(system, [min(known, default=system.scale)])


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
