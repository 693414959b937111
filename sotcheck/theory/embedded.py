"""The torque that first order misses where an interface state lies inside the other spin's continuum.

Which channels: a state of spin s at E_F, q_N + q_s + u_s = 0, needs N closed, for both spins, and the band s
of F closed, while the other band is open. With J ≥ 0 that is the minority among majority electrons, at
max(E_F − U_N, E_F − U_F − J) < k_⊥² < E_F − U_F + J, whatever u_0, u_m; and q_N + q_↓ grows with k_⊥², so
that there is one such state or none.

Derivation. With b = k×ẑ, g(x) = q_N + q_↓ + u_0 + u_m + h_R m·b and D_↑ = iK_↑ − q_N − u_0 + u_m + h_R m·b,
a majority electron of unit flux meets the 2×2 problem

    −g ψ_↓ − h_R β* ψ_↑ = 0,    −h_R β ψ_↓ + D_↑ ψ_↑ = 2i√K_↑,    |β|² = b² − (m·b)²,

whose solution is, with γ = h_R²|β|² K_↑/|D_↑|², up to a shift of g by O(h_R²),

    |ψ_↓|² = 4γ/(g² + γ²),    ∫dx |ψ_↓|² = 4π/g'(x_0),    g' = (1/q_N + 1/q_↓)/2.

The resonance narrows as h_R² and grows as 1/h_R², so its area depends neither on h_R nor on β, and the
first order of ψ, which is h_R β 2i√K_↑/(g D_↑), has no integrable square. N is closed, so that no spin
current comes through z = −0: the torque is what the Rashba term adds, ψ†(h_R b×σ)ψ with ψ†σψ → 4πδ(g) m.
(ψ_↓*ψ_↑ is O(1/h_R) over a width of h_R²: transverse spin comes at O(h_R), its torque at O(h_R²), of which
the sum over opposite angles leaves O(h_R³).) The average of k_x b over angles is −(k_⊥²/2) ŷ, so that

    t = −(1/4π) (1/4π)∫dx ⟨k_x h_R b×m⟩ 4πδ(g) = −h_R (k_0²/4π) q_N q_↓/(q_N + q_↓) m×ŷ,

all fieldlike, all of the source `majority`, for any direction of m, besides the first-order formula, whose
integrand |t'_↑|² is that of the majority alone. The position of the resonance is analytic in h_R, and so is
its residue: what is left is h_R³ again.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from sotcheck.numerics.arrays import Array, Complex
from sotcheck.system.interface import SOURCES, Interface
from sotcheck.theory.first_order import torque_vector


@dataclass(frozen=True)
class EmbeddedState:
    """The minority state bound at E_F among propagating majority states, without h_R: k_0², q_N, q_↓.

    `reach` is the h_R at which the shift h_R m·(k×ẑ) may carry the resonance out of the range it lives in:
    the scale on which the torque departs from its linear term.
    """

    k_perp2: float
    q_N: float
    q_minority: float
    reach: float


def embedded_state(iface: Interface) -> EmbeddedState | None:
    """Return the state with q_N + q_↓ + u_0 + u_m = 0 at E_F inside the majority's continuum, if any.

    From q_N + q_↓ = −u and q_N² − q_↓² = U_N − U_F − J, hence q_N − q_↓ = (U_N − U_F − J)/(−u).
    """
    strength = -(iface.u_0 + iface.u_m)
    if strength <= 0:
        return None
    difference = (iface.U_N - iface.U_F - iface.J) / strength
    q_N, q_minority = (strength + difference) / 2, (strength - difference) / 2
    if q_N <= 0 or q_minority <= 0:
        return None
    normal, majority, minority = (iface.k_perp2_max(source) for source in SOURCES)
    x = normal + q_N**2
    if not 0 < x < majority:
        return None
    lowest = max(normal, minority, 0.0)
    reach = min(
        abs(np.sqrt(end - normal) + np.sqrt(end - minority) - strength) / np.sqrt(end)
        for end in (lowest, majority)
        if end > 0
    )
    return EmbeddedState(float(x), float(q_N), float(q_minority), float(reach))


def missing_torque(iface: Interface) -> Complex:
    """Return what t/h_R tends to besides first order, fieldlike + i dampinglike by source, shape (3,).

    −(k_0²/4π) q_N q_↓/(q_N + q_↓) for `majority`, fieldlike; zero without an embedded state. Unit: wave
    vector³.
    """
    missing = np.zeros(len(SOURCES), dtype=complex)
    state = embedded_state(iface)
    if state is not None:
        harmonic = state.q_N * state.q_minority / (state.q_N + state.q_minority)
        missing[SOURCES.index("majority")] = -state.k_perp2 * harmonic / (4 * np.pi)
    return missing


def missing_lattice(iface: Interface) -> Array:
    """Return what first order of the lattice flow misses, shape (3, 3), source by spin: `missing_torque`."""
    return torque_vector(missing_torque(iface), iface.direction)
