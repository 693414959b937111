"""The scattering problem as one would write it from Kwant's tutorial: public functions, one k at a time.

It is what sotcheck's own Kwant path is held against, for speed and for its numbers; the torque is summed on a
uniform grid. It knows the same chain
(hoppings q/sin(qa), so that the lattice has the continuum's solutions) and nothing else of sotcheck's.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from sotcheck.engines.kwant_private import kwant as imported

# With sotcheck's own words if Kwant is missing, and without its remark about MUMPS. Here, and not where it
# would be loaded by processes whose memory is measured, none of which needs it.
kwant = imported()
SIGMA = np.array([[[0, 1], [1, 0]], [[0, -1j], [1j, 0]], [[1, 0], [0, -1]]])


def make_chain() -> tuple[Any, Any]:
    """Return the finalised chain −a, 0, a between two leads, and spin-current operators of its two bonds."""
    lattice = kwant.lattice.chain(norbs=2)
    chain = kwant.Builder()
    chain[lattice(-1)] = lambda site, onsite_N: onsite_N
    chain[lattice(0)] = lambda site, onsite_0: onsite_0
    chain[lattice(1)] = lambda site, onsite_F: onsite_F
    chain[lattice(-1), lattice(0)] = lambda to, origin, hopping_N: -hopping_N
    chain[lattice(0), lattice(1)] = lambda to, origin, hopping_F: -hopping_F

    left = kwant.Builder(kwant.TranslationalSymmetry((-1,)))
    left[lattice(0)] = lambda site, onsite_N: onsite_N
    left[lattice(0), lattice(1)] = lambda to, origin, hopping_N: -hopping_N
    # The magnetization is a conservation law of F: its modes then are majority and minority.
    right = kwant.Builder(
        kwant.TranslationalSymmetry((1,)), conservation_law=lambda site, sigma_m: np.asarray(sigma_m)
    )
    right[lattice(0)] = lambda site, onsite_F: onsite_F
    right[lattice(0), lattice(1)] = lambda to, origin, hopping_F: -hopping_F
    chain.attach_lead(left)
    chain.attach_lead(right)
    chain = chain.finalized()
    bonds = [
        [kwant.operator.Current(chain, sigma, where=[(lattice(0), lattice(z))]) for sigma in SIGMA]
        for z in (-1, 1)
    ]
    return chain, bonds


def parameters(system: Any, k_x: float, k_y: float, h_R: float, spacing: float) -> dict[str, Any]:
    """Return the blocks of the exact-difference chain at one k."""
    m = np.array(system.m)
    sigma_m = np.einsum("i,ijk", m, SIGMA)
    one = np.eye(2)

    def bulk(energy_z: float) -> tuple[Any, Any]:
        q = np.emath.sqrt(energy_z)
        t = q / np.sin(q * spacing)
        return 2 * t * np.cos(q * spacing), t

    in_z = system.E_F - k_x**2 - k_y**2
    h_N, t_N = bulk(in_z - system.U_N)
    (h_down, t_down), (h_up, t_up) = (bulk(in_z - system.U_F - s * system.J) for s in (1, -1))
    onsite_N, hopping_N = h_N * one, t_N * one
    onsite_F = (h_down * (one + sigma_m) + h_up * (one - sigma_m)) / 2
    hopping_F = (t_down * (one + sigma_m) + t_up * (one - sigma_m)) / 2
    delta = system.u_0 * one + system.u_m * sigma_m + h_R * (k_y * SIGMA[0] - k_x * SIGMA[1])
    return {
        "onsite_N": onsite_N,
        "onsite_F": onsite_F,
        "onsite_0": (onsite_N + onsite_F) / 2 + delta,
        "hopping_N": hopping_N,
        "hopping_F": hopping_F,
        "sigma_m": sigma_m,
    }


def lean_states(chain: Any, params: dict[str, Any]) -> tuple[Any, Any]:
    """Return Kwant's wave functions of what comes in from N and from F: the least that has every flow."""
    waves = kwant.wave_function(chain, params=params)
    return waves(0), waves(1)


def scattering_states(chain: Any, params: dict[str, Any]) -> tuple[Any, Any]:
    """Return Kwant's scattering matrix, and the wave functions of what comes in from N and from F."""
    return kwant.smatrix(chain, params=params), lean_states(chain, params)


def spin_flows(
    chain: Any,
    bonds: Any,
    system: Any,
    k_x: float,
    k_y: float,
    h_R: float,
    spacing: float,
    half_cell: float = 0.5,
) -> tuple[Any, Any]:  # fmt: skip
    """Return Kwant's scattering matrix, and the `flows`."""
    params = parameters(system, k_x, k_y, h_R, spacing)
    scattering, waves = scattering_states(chain, params)
    spinors = scattering.lead_info[1].wave_functions[:, : len(waves[1])].T
    spins = [np.vdot(spinor, params["sigma_m"] @ spinor).real for spinor in spinors]
    return scattering, flows(chain, bonds, params, waves, [2 if one > 0 else 1 for one in spins], half_cell)


def lean_flows(
    chain: Any, bonds: Any, system: Any, k_x: float, k_y: float, h_R: float, spacing: float
) -> Any:
    """Return the `flows` without a scattering matrix: one wave function a problem."""
    params = parameters(system, k_x, k_y, h_R, spacing)
    # Modes come in the order of the conservation law's eigenvalues.
    return flows(chain, bonds, params, lean_states(chain, params), (1, 2))


def flows(
    chain: Any, bonds: Any, params: dict[str, Any], waves: Any, of_F: Any, half_cell: float = 0.5
) -> Any:
    """Return by source the spin currents and the spin density at z = 0.

    They are Σ_in Im[ψ†σ∂_zψ] at z = −0, at z = +0, and Σ_in ψ†σψ, per unit flux, shape (3, 3, 3); sources
    (second axis): N, majority, minority of F; `of_F` are those of F's modes.
    `half_cell` is the part of a cell between the bonds and z = 0; without it they are off by O(spacing).
    """
    bound = [[sigma.bind(params=params) for sigma in bond] for bond in bonds]
    found = np.zeros((3, 3, 3))
    for lead in (0, 1):
        for number, wave in enumerate(waves[lead]):
            psi = wave.reshape(-1, 2)[chain.id_by_site[chain.sites[0].family(0)]]
            source = of_F[number] if lead == 1 else 0
            for side, (sign, onsite) in enumerate(((1, params["onsite_N"]), (-1, params["onsite_F"]))):
                for axis, sigma in enumerate(SIGMA):
                    # Kwant's current of the bond, and the torque of the half cell between it and z = 0.
                    # Per unit flux, that is 2 Im[ψ†tψ'], it counts twice.
                    torque = 2 * np.imag(np.vdot(psi, sigma @ onsite @ psi))
                    found[side, source, axis] += sign * (bound[side][axis](wave)[0] + half_cell * torque)
            for axis, sigma in enumerate(SIGMA):
                found[2, source, axis] += 2 * np.vdot(psi, sigma @ psi).real
    return found


def solve(
    chain: Any,
    bonds: Any,
    system: Any,
    k_x: float,
    k_y: float,
    h_R: float,
    spacing: float,
    half_cell: float = 0.5,
) -> tuple[Any, Any]:  # fmt: skip
    """Return Kwant's scattering matrix, and the spin currents (2, 3, 3) at z = −0 and z = +0 by source."""
    scattering, found = spin_flows(chain, bonds, system, k_x, k_y, h_R, spacing, half_cell)
    return scattering, found[:2]


def uniform_grid(k_max: float, n_k: int, n_angle: int) -> tuple[Any, Any, Any]:
    """Return k_x, k_y and weight d²k/(2π)² at the midpoints of a uniform grid in k_perp and angle."""
    k = (np.arange(n_k) + 0.5) * k_max / n_k
    angle = (np.arange(n_angle) + 0.5) * 2 * np.pi / n_angle
    k, angle = (axis.ravel() for axis in np.meshgrid(k, angle, indexing="ij"))
    weight = k * (k_max / n_k) * (2 * np.pi / n_angle) / (2 * np.pi) ** 2
    return k * np.cos(angle), k * np.sin(angle), weight


def torque(system: Any, h_R: float, spacing: float, k_max: float, n_k: int, n_angle: int) -> Any:
    """Return the torque t by source (normal, majority, minority), shape (3, 3), by a uniform grid.

    t = −(1/4π) ∫ d²k/(2π)² k_x (spin current at z = +0, minus what u_m takes) without its part along m.
    """
    chain, bonds = make_chain()
    m = np.array(system.m)
    total = np.zeros((3, 3))
    for k_x, k_y, weight in zip(*uniform_grid(k_max, n_k, n_angle), strict=True):
        _, (_, current, density) = spin_flows(chain, bonds, system, k_x, k_y, h_R, spacing)
        total -= weight * k_x / (4 * np.pi) * (current - np.cross(system.u_m * m, density))
    return total - np.outer(total @ m, m)
