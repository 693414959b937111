"""Claims about the exact solutions themselves: conservation laws, convergence, engine against engine."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from sotcheck.claims.evidence import ENGINES, SPACING_POWERS, Evidence, Resolved
from sotcheck.claims.first_order import natural_scale
from sotcheck.claims.registry import Trial, claim
from sotcheck.convergence import observed_order, richardson
from sotcheck.model import Interface
from sotcheck.observables import largest_torque, ledger_residual, torque_from_flows
from sotcheck.spin import Array, Mask
from sotcheck.verdict import Terms, compare

#: Residuals of conservation laws are seen from here on (per unit flux).
RESIDUAL_TELL_APART = 1e-9
#: One-sided interface sites lower the lattice's order from two to one.
LATTICE_ORDER, ORDER_TELL_APART = 2.0, 0.05
ROUNDING = "double precision, amplified by the lattice where there is one"


def regimes(iface: Interface, k_perp: Array) -> dict[str, Mask]:
    """Return which nodes lie in each channel regime, by a description of the closed channels."""
    x = k_perp**2
    closed = {
        "N closed": iface.kz_squared(x) <= 0,
        "minority closed": iface.Kz_squared(x)[:, 0] <= 0,
        "majority closed": iface.Kz_squared(x)[:, 1] <= 0,
    }
    names = np.array([", ".join(n for n, c in closed.items() if c[i]) or "all open" for i in range(len(x))])
    return {str(name): names == name for name in dict.fromkeys(names)}


@claim("unitarity", "The scattering matrix of open channels is unitary", "(B8)", "transcribed")
def unitarity(evidence: Evidence) -> Iterator[Trial]:
    """S†S = SS† = 1 between open channels at every h_R, in each channel regime."""
    for engine, resolved in evidence.resolved.items():
        defect = resolved.states.unitarity_defect()
        rounding = ENGINES[engine].rounding(evidence.iface)
        for name, nodes in regimes(evidence.iface, resolved.k_perp).items():
            found = compare(
                0.0,
                float(defect[nodes].max()),
                # Each element of S†S sums four products of two amplitudes.
                {"rounding": (4 * rounding, ROUNDING)},
                tell_apart=RESIDUAL_TELL_APART,
            )
            yield Trial(
                f"largest |S'S - 1|, {name}",
                found,
                f"{defect[nodes].size} problems, h_R up to {resolved.h_R.max():g}",
                engine=engine,
            )


@claim("ledger", "Incoming flow = lattice + bulk magnetism + interface magnetism", "(Fig. 2)")
def ledger(evidence: Evidence) -> Iterator[Trial]:
    """(1) = (2) + (3) + (4) of Fig. 2, each from its own expression, k_⊥ resolved and summed."""
    for engine, resolved in evidence.resolved.items():
        rounding = ENGINES[engine].rounding(evidence.iface)
        # The balance is between terms as large as this, whatever is left of them.
        rashba_term = resolved.h_R.max() * resolved.k_perp.max() * np.abs(resolved.states.density).max()
        size = max(1.0, float(np.abs(resolved.flows).max()), float(rashba_term))
        residual = ledger_residual(resolved.flows)
        for s, source in evidence.open_sources:
            yield Trial(
                "largest residual, k_perp resolved, per unit flux",
                compare(
                    0.0,
                    float(np.abs(residual[..., s, :]).max()),
                    {"rounding": (rounding * size, ROUNDING)},
                    tell_apart=RESIDUAL_TELL_APART * size,
                ),
                f"{residual[..., s, 0].size} problems, h_R up to {resolved.h_R.max():g}",
                source,
                engine,
            )
            if engine not in evidence.at_h_R:
                continue
            summed = ledger_residual(evidence.at_h_R[engine].total[:, s]) * evidence.h_R[:, None]
            yield Trial(
                "largest residual, k_perp summed",
                compare(
                    0.0,
                    float(np.abs(summed).max()),
                    {"rounding": (rounding * largest_torque(evidence.iface), ROUNDING)},
                    tell_apart=RESIDUAL_TELL_APART,
                ),
                f"h_R = {', '.join(f'{h:g}' for h in evidence.h_R)}",
                source,
                engine,
            )


@claim("lattice-order", "Finite differences converge as a^2 to the continuum", None)
def lattice_order(evidence: Evidence) -> Iterator[Trial]:
    """The observed order over a ladder of spacings, and Richardson's limit against `continuum`."""
    yield from order_trials(evidence, "finite-difference")
    exact = evidence.resolved["continuum"]
    at = int(np.flatnonzero(exact.h_R == evidence.h_R[0])[0])
    fit = richardson(evidence.lattice["finite-difference"], SPACING_POWERS, lattice_noise(evidence))
    # One component may escape the last elimination by accident: the largest of each k_⊥ stands for all.
    lattice = fit.error.max(axis=(1, 2, 3, 4), keepdims=True) + np.zeros_like(fit.error)
    found = compare(
        exact.flows[:, :, at],
        fit.limit,
        {
            "lattice": (lattice, "last elimination of Richardson's table in a"),
            "rounding": (fit.rounding, "grows as 1/a^2, carried through the table"),
        },
    )
    yield Trial(
        "Richardson's limit of the spin flows against continuum, worst",
        found,
        f"{len(evidence.spacings)} spacings from a = {evidence.spacings[0]:.3g}",
        engine="kwant",
    )


def lattice_noise(evidence: Evidence) -> Array:
    """Return the rounding error of the finite-difference flows on each spacing, broadcastable."""
    size = float(np.abs(evidence.lattice["finite-difference"]).max())
    smallest_q2 = float(np.abs(evidence.resolved["continuum"].states.kz ** 2).min())
    amplified = np.minimum(1.0, smallest_q2 * evidence.spacings**2)
    noise = 32 * np.finfo(float).eps * size / amplified
    return noise.reshape(-1, *(1,) * 5)


def order_trials(evidence: Evidence, scheme: str) -> Iterator[Trial]:
    """Fit the order of convergence of one scheme from its own values alone."""
    values = evidence.lattice[scheme]
    steps = np.diff(values, axis=0).reshape(len(values) - 1, -1)
    noise = lattice_noise(evidence)[1:].reshape(-1) * np.sqrt(steps.shape[1])
    order = observed_order(np.linalg.norm(steps, axis=1), noise)
    found = compare(
        LATTICE_ORDER,
        order.value,
        {"lattice": (order.error, "change of the local order at the last spacing, and noise")},
        tell_apart=ORDER_TELL_APART,
    )
    yield Trial(
        f"observed order, {scheme}",
        found,
        f"a from {evidence.spacings[0]:.3g} to {evidence.spacings[-1]:.3g}, all k_perp-resolved flows",
        engine="kwant",
    )


@claim("kwant-continuum", "Kwant's exact-difference chain solves the continuum problem", None)
def kwant_against_continuum(evidence: Evidence) -> Iterator[Trial]:
    """Two exact engines that share no code, k_⊥ resolved for two directions of m, and summed."""
    for words, pair in (("m of the system", evidence.resolved), ("m tilted", evidence.resolved_tilted)):
        continuum, kwant = pair["continuum"], pair["kwant"]
        rounding = sum(ENGINES[name].rounding(evidence.iface) for name in ENGINES)
        for quantity, values in (
            ("spin flows", lambda r: r.flows),
            ("wave function at z = 0", _wave_function),
        ):
            expected = values(continuum)
            size = float(np.abs(expected).max())
            found = compare(expected, values(kwant), {"rounding": (rounding * size, ROUNDING)}, scale=size)
            yield Trial(
                f"{quantity}, {words}, worst of {expected.size} numbers",
                found,
                f"k_perp resolved, h_R from {continuum.h_R.min():.3g} to {continuum.h_R.max():g}",
                engine="kwant",
            )
    if "kwant" not in evidence.at_h_R:
        return
    m = evidence.iface.direction
    exact, lattice = evidence.at_h_R["continuum"], evidence.at_h_R["kwant"]
    scale = natural_scale(evidence, torque_from_flows(exact.total, m)) * float(np.abs(evidence.h_R).max())
    for s, source in evidence.open_sources:
        found = compare(
            torque_from_flows(exact.total[:, s], m) * evidence.h_R[:, None],
            torque_from_flows(lattice.total[:, s], m) * evidence.h_R[:, None],
            {
                "quadrature": (
                    4 * float((exact.total_error + lattice.total_error).max() * np.abs(evidence.h_R).max()),
                    "nested rules in k_perp and angle, both sides",
                ),
                "rounding": (rounding * largest_torque(evidence.iface), ROUNDING),
            },
            scale=scale,
        )
        yield Trial("t, worst component", found, "k_perp summed", source, "kwant")


def _wave_function(resolved: Resolved) -> Array:
    psi = np.stack([resolved.states.psi_N, resolved.states.psi_F])
    return np.stack([psi.real, psi.imag], axis=-1)


@claim("bound-states", "Spin-orbit coupling adds no bound state", "(C5)")
def no_bound_state(evidence: Evidence) -> Iterator[Trial]:
    """States that h_R adds below the continuum for k_⊥ of occupied states, and at or below E_F for any.

    That it adds none does not say that there is none: the interface may bind states by itself. These reach
    E_F without h_R, so that nothing is left to say of h_R there.
    """
    iface = evidence.iface
    k_max = iface.thresholds()[-1] ** 0.5
    for found in evidence.bound_states:
        terms: Terms = {}
        strength = abs(found.h_R) * k_max
        words = (
            f"smallest eigenvalue of q_N + Q_F + kappa: {found.lowest:.4g}, at k_perp = {found.k_perp:.3g}, "
            f"angle {np.degrees(found.angle) % 360:.0f} deg"
        )
        if found.added > 0 and strength > np.sqrt(iface.J):
            terms["next order"] = (np.inf, "beyond the threshold (C5), where the paper expects states")
            words += f"; |h_R| k_max = {strength:.3g} exceeds sqrt(J) = {np.sqrt(iface.J):.3g} of (C5)"
        beside = ""
        if found.alone:
            beside = f" to {found.alone} that the interface binds by itself"
            words += "; they reach E_F without h_R: whether it adds any is asked, not whether there are any"
        yield Trial(
            f"states added{beside} at any k_perp of an occupied state, h_R = {found.h_R:g}",
            compare(0.0, float(found.added), terms, tell_apart=0.5),
            words,
        )
        if found.alone:
            continue
        yield Trial(
            f"h_R brings states to E_F or below, any k_perp, h_R = {found.h_R:g}",
            compare(
                0.0, float(found.at_fermi_energy), terms if found.at_fermi_energy else {}, tell_apart=0.5
            ),
            f"there are such states from |h_R| = {found.first_h_R:.4g} on",
        )
