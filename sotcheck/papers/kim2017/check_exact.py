"""Claims about the exact solutions themselves: conservation laws, convergence, engine against engine."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from sotcheck.engines import KwantChain
from sotcheck.exact.observables import largest_torque, ledger_residual, summed_errors, torque_from_flows
from sotcheck.numerics.arrays import Array, Mask
from sotcheck.numerics.convergence import finest, observed_order
from sotcheck.numerics.estimate import Terms
from sotcheck.numerics.quadrature import sample
from sotcheck.papers.kim2017 import paper
from sotcheck.papers.kim2017.check_first_order import natural_scale
from sotcheck.system.interface import Interface
from sotcheck.trial.evidence import ANGLES, NODES, SPACING_POWERS, Evidence, Resolved
from sotcheck.trial.verdict import Comparison, Trial, compare

#: Residuals of conservation laws are seen from here on (per unit flux).
RESIDUAL_TELL_APART = 1e-9
#: One-sided interface sites lower the lattice's order from two to one.
LATTICE_ORDER, ORDER_TELL_APART = 2.0, 0.05
#: A resonance that the coarser lattices miss shows in local orders that differ by more.
ORDER_SETTLED = 0.1
#: Engines that are held against each other.
BOTH = frozenset({"continuum", "kwant"})
#: An order takes so many steps, each so much above the rounding.
ORDER_STEPS, CLEAR = 3, 0.01
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


@paper.claim("unitarity", "The scattering matrix of open channels is unitary", "B8")
def unitarity(evidence: Evidence) -> Iterator[Trial]:
    """S†S = SS† = 1 between open channels at every h_R, in each channel regime."""
    for engine, resolved in evidence.resolved.items():
        defect = resolved.states.unitarity_defect()
        # Each element of S†S sums four products of two amplitudes.
        rounding = 4 * resolved.errors.amplitudes.max(axis=-1)
        for name, nodes in regimes(evidence.iface, resolved.k_perp).items():
            found = compare(
                np.zeros_like(defect[nodes]),
                defect[nodes],
                {"rounding": (rounding[nodes], ROUNDING)},
                tell_apart=RESIDUAL_TELL_APART,
                sample=True,
            )
            words = f"{defect[nodes].size} problems, h_R up to {resolved.h_R.max():g}"
            yield Trial(f"largest |S'S - 1|, {name}", found, but_for(words, found), engine=engine)


def but_for(words: str, found: Comparison) -> str:
    """Add to the words about a sample how much of it was left out, and why."""
    if not found.left_out:
        return words
    return f"{words}; {found.left_out} numbers left out, which rounding next to a band edge hides"


@paper.claim("ledger", "Incoming flow = lattice + bulk magnetism + interface magnetism", "Fig. 2")
def ledger(evidence: Evidence) -> Iterator[Trial]:
    """(1) = (2) + (3) + (4) of Fig. 2, each from its own expression, k_⊥ resolved and summed."""
    for engine, resolved in evidence.resolved.items():
        # The balance is between terms as large as this, whatever is left of them.
        rashba_term = resolved.h_R.max() * resolved.k_perp.max() * np.abs(resolved.states.density).max()
        size = max(1.0, float(np.abs(resolved.flows).max()), float(rashba_term))
        residual = np.abs(ledger_residual(resolved.flows)).max(axis=-1)
        for s, source in evidence.open_sources:
            found = compare(
                np.zeros_like(residual[..., s]),
                residual[..., s],
                {"rounding": (4 * resolved.errors.flows[..., s], ROUNDING)},
                tell_apart=RESIDUAL_TELL_APART * size,
                sample=True,
            )
            yield Trial(
                "largest residual, k_perp resolved, per unit flux",
                found,
                but_for(f"{residual[..., s].size} problems, h_R up to {resolved.h_R.max():g}", found),
                source,
                engine,
            )
        if engine not in evidence.at_h_R:
            continue
        summed = np.abs(ledger_residual(evidence.at_h_R[engine].total.value)).max(axis=-1)
        rounding = 4 * summed_errors(evidence.engines[engine], evidence.iface, evidence.h_R).sum(axis=0)
        for s, source in evidence.open_sources:
            yield Trial(
                "largest residual, k_perp summed",
                compare(
                    np.zeros(len(evidence.h_R)),
                    summed[:, s] * np.abs(evidence.h_R),
                    {"rounding": (rounding[:, s], ROUNDING)},
                    tell_apart=RESIDUAL_TELL_APART * size * largest_torque(evidence.iface),
                ),
                f"h_R = {', '.join(f'{h:g}' for h in evidence.h_R)}",
                source,
                engine,
            )


@paper.claim("lattice-order", "Finite differences converge as a^2 to the continuum")
def lattice_order(evidence: Evidence) -> Iterator[Trial]:
    """The observed order over a ladder of spacings, and Richardson's limit against `continuum`."""
    if "finite-difference" not in evidence.lattice:
        return
    yield from order_trials(evidence, "finite-difference")
    if "continuum" not in evidence.resolved:
        return
    exact = evidence.resolved["continuum"]
    at = int(np.flatnonzero(exact.h_R == evidence.h_R[0])[0])
    noise = lattice_noise(evidence)
    fit = finest(evidence.lattice["finite-difference"], SPACING_POWERS, noise, (-1, -2, -3, -4))
    found = compare(
        exact.flows[:, :, at],
        fit.value,
        {
            "lattice": (
                fit.size("next order"),
                "last elimination of Richardson's table in a, if a^2 is seen there",
            ),
            "rounding": (
                fit.size("rounding") + exact.errors.flows[:, :, at, :, None, None],
                "grows as 1/a^2, carried through the table",
            ),
        },
        sample=True,
    )
    words = f"{len(evidence.spacings)} spacings from a = {evidence.spacings[0]:.3g}"
    if found.left_out:
        words += f"; {found.left_out} numbers left out: no spacing is both fine and coarse enough for them"
    yield Trial("Richardson's limit of the spin flows against continuum, worst", found, words, engine="kwant")


def lattice_noise(evidence: Evidence) -> Array:
    """Return the rounding error of the finite-difference flows by spacing, (n, nodes, angles, 3, 1, 1)."""
    k_perp = sample(evidence.iface.thresholds(), NODES)[:, None]
    noise = [
        KwantChain("finite-difference", float(a)).errors(
            evidence.iface.structure, k_perp, ANGLES, evidence.h_R[0]
        )
        for a in evidence.spacings
    ]
    return np.stack([one.flows for one in noise])[..., None, None]


def order_trials(evidence: Evidence, scheme: str) -> Iterator[Trial]:
    """Fit the order of convergence of one scheme from its own values alone.

    k_⊥ whose steps rounding reaches before the ladder ends would tell nothing but noise: they are left out.
    """
    values = evidence.lattice[scheme]
    shape = (*values.shape[:2], -1)
    steps = np.linalg.norm(np.diff(values, axis=0).reshape(len(values) - 1, shape[1], -1), axis=-1)
    noise = np.linalg.norm(np.broadcast_to(lattice_noise(evidence), values.shape).reshape(shape), axis=-1)
    clear = np.all(noise[1 : 1 + ORDER_STEPS] < CLEAR * steps[:ORDER_STEPS], axis=0)
    order = observed_order(
        np.linalg.norm(steps[:, clear], axis=1),
        2 * np.linalg.norm(noise[1:, clear], axis=1),
        settled=ORDER_SETTLED,
    )
    found = compare(
        LATTICE_ORDER,
        order.value,
        {"lattice": (order.total, "change of the local order between spacings, and noise")},
        tell_apart=ORDER_TELL_APART,
    )
    yield Trial(
        f"observed order, {scheme}",
        found,
        f"a from {evidence.spacings[0]:.3g} to {evidence.spacings[-1]:.3g}, flows resolved at "
        f"{np.count_nonzero(clear)} of {len(clear)} k_perp, the others hidden by rounding",
        engine="kwant",
    )


@paper.claim("kwant-continuum", "Kwant's exact-difference chain solves the continuum problem")
def kwant_against_continuum(evidence: Evidence) -> Iterator[Trial]:
    """Two exact engines that share no code, k_⊥ resolved for two directions of m, and summed."""
    for words, pair in (("m of the system", evidence.resolved), ("m tilted", evidence.resolved_tilted)):
        if not set(pair) >= BOTH:
            continue
        continuum, kwant = pair["continuum"], pair["kwant"]
        for quantity, values, errors in (
            ("spin flows", lambda r: r.flows, lambda r: r.errors.flows[..., None, None]),
            ("wave function at z = 0", _wave_function, _wave_function_errors),
        ):
            found = compare(
                values(continuum),
                values(kwant),
                {"rounding": (errors(continuum) + errors(kwant), ROUNDING)},
                sample=True,
            )
            yield Trial(
                f"{quantity}, {words}, worst of {values(continuum).size} numbers",
                found,
                but_for(
                    f"k_perp resolved, h_R from {continuum.h_R.min():.3g} to {continuum.h_R.max():g}", found
                ),
                engine="kwant",
            )
    if not set(evidence.at_h_R) >= BOTH:
        return
    m = evidence.iface.direction
    exact, lattice = evidence.at_h_R["continuum"], evidence.at_h_R["kwant"]
    scale = natural_scale(evidence, torque_from_flows(exact.total.value, m)) * float(
        np.abs(evidence.h_R).max()
    )
    # t is a sum of two flows.
    rounding = np.sum(
        [2 * summed_errors(evidence.engines[name], evidence.iface, evidence.h_R) for name in BOTH], axis=0
    )
    for s, source in evidence.open_sources:
        found = compare(
            torque_from_flows(exact.total.value[:, s], m) * evidence.h_R[:, None],
            torque_from_flows(lattice.total.value[:, s], m) * evidence.h_R[:, None],
            {
                "quadrature": (
                    4 * float((exact.total.error + lattice.total.error).max() * np.abs(evidence.h_R).max()),
                    "nested rules in k_perp and angle, both sides",
                ),
                "rounding": (rounding.sum(axis=0)[:, s, None], ROUNDING),
            },
            scale=scale,
        )
        yield Trial("t, worst component", found, "k_perp summed", source, "kwant")


def _wave_function(resolved: Resolved) -> Array:
    psi = np.stack([resolved.states.psi_N, resolved.states.psi_F])
    return np.stack([psi.real, psi.imag], axis=-1)


def _wave_function_errors(resolved: Resolved) -> Array:
    from_N, *from_F = np.moveaxis(resolved.errors.psi, -1, 0)
    return np.stack([from_N, np.maximum(*from_F)])[..., None, None, None]


@paper.claim("bound-states", "Spin-orbit coupling adds no bound state", "C5")
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
        elif found.added > 0 and (iface.U_N != iface.U_F or iface.u_0 < abs(iface.u_m)):
            words += "; the model behind (C5) has equal potentials and nothing attractive at z = 0"
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
