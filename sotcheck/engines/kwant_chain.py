"""Any stack as a chain solved by Kwant: each region has bonds, and layers a spacing, of its own.

Finite differences come in the limit of vanishing spacing: Richardson's table over a ladder of chains.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from sotcheck.engines.base import Engine
from sotcheck.engines.kwant_private import kwant, lead_modes, wave_functions
from sotcheck.engines.lattice import Bonds, Chain, Scheme, assemble, bonds, cells, default_spacing
from sotcheck.errors import EngineError, in_range
from sotcheck.numerics.arrays import Array, Complex, Index
from sotcheck.numerics.convergence import richardson
from sotcheck.numerics.estimate import Estimate
from sotcheck.system.spin import dot_sigma
from sotcheck.system.states import Errors, States
from sotcheck.system.structure import Region, Scale, Structure

#: Most chains that are solved at once.
BUNDLE = 512
#: Below this (k_z a)² Kwant's modes lose their digits, or their number.
SMALLEST_PHASE2 = 1e-14
#: Accepted lattice spacings; most of them will not suit an interface.
SPACINGS = (1e-30, 1e30)


@dataclass(frozen=True)
class Lead:
    """One half-space at all problems of a request: Kwant's `Modes` of both spin channels, (n, 2, 6).

    The channels' spinors are columns (2, 2): along the region's direction, and against it.
    """

    bonds: Bonds
    modes: Complex
    spinors: Complex

    @property
    def is_open(self) -> Array:
        """Which channels carry current, shape (n, 2)."""
        return self.modes[..., -1] != 0


def lead_of(name: str, region: Region, energy: float, k_perp: Array, a: float, scheme: Scheme) -> Lead:
    """Let Kwant find a half-space's modes: an EngineError if it fails, or opens others than band edges do."""
    q2, axis = region.bands(energy, k_perp)
    found = bonds(q2, axis, a, scheme, region.mass)
    _, first, inverse = np.unique(q2.ravel(), return_index=True, return_inverse=True)
    onsite, hopping = found.bands.reshape(2, -1).real[:, first]
    k = found.wave_numbers.ravel()[first]

    def where(one: int) -> str:
        spin = ("minority", "majority")[first[one] % 2] if region.exchange else "channel"
        where = f"{k_perp[first[one] // 2]:g}, k_z^2 = {(k[one] ** 2).real:.3g}"
        return f"the {name} lead's {spin} at k_perp = {where}"

    modes = lead_modes(onsite, hopping, where)
    is_open = modes[:, -1] != 0
    if (near := np.abs(k * a) ** 2 < SMALLEST_PHASE2).any():
        raise EngineError(f"{where(int(near.argmax()))} is too close to a band edge for Kwant's modes")
    if (wrong := is_open != (k.real > 0)).any():
        one = int(wrong.argmax())
        raise EngineError(
            f"Kwant found {where(one)} {'open' if is_open[one] else 'closed'}, which it is not: "
            "too close to a band edge"
        )
    # Ascending eigenvalues of σ·d: the minority (+1) is to come first. Without exchange any basis will do.
    spinors = np.linalg.eigh(dot_sigma(axis))[1][:, ::-1]
    return Lead(found, modes[inverse].reshape(-1, 2, 6), spinors)


@dataclass(frozen=True)
class KwantChain(Engine):
    """The `kwant` engine with half-spaces of this spacing; "one-sided" is its schemes' negative control."""

    scheme: Scheme = "exact-difference"
    spacing: float | None = None
    name = "kwant"
    accuracy = 1e-9
    #: Half a minute of Kwant's.
    most_problems = 200_000
    operations = 4

    def spacing_for(self, structure: Structure) -> float:
        """Return the spacing in use, unit: 1/wave vector."""
        return self.spacing if self.spacing is not None else default_spacing(structure, self.scheme)

    def effective_spacing(self, structure: Structure) -> float:
        """Return the spacing of finite differences, whose wave numbers are k √(1 − (ka)²/4)."""
        return self.spacing_for(structure) if self.scheme == "finite-difference" else 0.0

    def with_options(self, scheme: Scheme, spacing: float | None) -> Engine:
        """Return the chain of this scheme, finite differences in the limit of a ladder of spacings."""
        if spacing is not None:
            in_range("spacing", spacing, *SPACINGS)
        return LatticeLimit(spacing) if scheme == "finite-difference" else KwantChain(scheme, spacing)

    def prepare(self) -> None:
        """Import Kwant."""
        kwant()

    def solve(self, structure: Structure, k_perp: Array, angle: Array, scale: Scale) -> States:
        """Solve as every engine, or say in an EngineError or LatticeError why Kwant or the spacing cannot."""
        k_perp, angle, scale = np.broadcast_arrays(*np.atleast_1d(k_perp, angle, scale))
        shape = k_perp.shape
        problems = k, phi, s = k_perp.ravel(), angle.ravel(), scale.ravel()
        a, energy = self.spacing_for(structure), structure.energy
        left = lead_of("N", structure.left, energy, k, a, self.scheme)
        right = lead_of("F", structure.right, energy, k, a, self.scheme)
        layers = [(layer, *layer.bands(energy, *problems)) for layer in structure.layers]
        numbers = [cells(q2, layer.thickness, self.scheme, a) for layer, q2, _ in layers]
        kappas = np.stack([delta.kappa(k, phi, s) for delta in structure.interfaces])
        psi = np.zeros((2, *kappas.shape), dtype=complex)
        slope = np.zeros((2, *psi.shape), dtype=complex)
        for some in alike(np.column_stack([np.zeros(len(k)), *numbers])):
            counts = [int(number[some[0]]) for number in numbers]
            between = [
                bonds(
                    q2[some],
                    axis if axis.ndim == 1 else axis[some],
                    layer.thickness / n,
                    self.scheme,
                    layer.mass,
                )
                for (layer, q2, axis), n in zip(layers, counts, strict=True)
            ]
            regions = [left.bonds[some], *between, right.bonds[some]]
            chain = assemble(regions, [1, *counts, 1], kappas[:, some], self.scheme)
            leads = [(lead.modes[some], lead.spinors) for lead in (left, right)]
            for side, found in enumerate(wave_functions(chain, leads)):
                psi[side][:, some], slope[:, side, :, some] = at_interfaces(chain, found, *leads[side])
        k_left, k_right = (lead.bonds.wave_numbers.reshape(*shape, 2) for lead in (left, right))
        psi, slope = psi.reshape(2, -1, *shape, 2, 2), slope.reshape(2, 2, -1, *shape, 2, 2)
        return States(structure, k_perp, angle, scale, k_left, k_right, psi, slope)


def at_interfaces(chain: Chain, waves: Complex, modes: Complex, spinors: Complex) -> tuple[Complex, Complex]:
    """Return a bundle's ψ from one lead (interfaces, n, 2, 2) and its slopes (n, 2, interfaces, 2, 2)."""
    # Kwant's unit current is our unit of flux for ψ/√2; its phase is taken off.
    phases = np.sqrt(2) * np.exp(-1j * np.angle(modes[..., -1]))
    psi = np.einsum("csni,nc,jc->snij", waves, phases, spinors.conj())
    at = np.array(chain.at)
    # That of the bond and half a cell's on-site term: exact, not to O(a).
    before = chain.half_cells[at - 1] @ psi[at] - chain.hopping[at - 1] @ psi[at - 1]
    after = chain.hopping[at] @ psi[at + 1] - chain.half_cells[at] @ psi[at]
    return psi[at], np.moveaxis(np.stack([before, after]), 2, 0)


def alike(kinds: Array) -> Iterator[Index]:
    """Yield the members of bundles: problems of the same numbers of cells."""
    _, inverse = np.unique(kinds, axis=0, return_inverse=True)
    for kind in range(inverse.max() + 1):
        members = np.flatnonzero(inverse.ravel() == kind)
        yield from np.split(members, range(BUNDLE, len(members), BUNDLE))


#: Spacings relative to the coarsest; error terms a², a⁴, a⁶ are removed.
LADDER = (1.0, 0.5, 0.25, 0.125)
LADDER_POWERS = (2, 4, 6)


@dataclass(frozen=True)
class LatticeLimit(KwantChain):
    """The `kwant` engine with the scheme "finite-difference", extrapolated from this coarsest spacing."""

    scheme: Scheme = field(default="finite-difference", init=False)
    #: The limit's wave numbers are the continuum's.
    effective_spacing = Engine.effective_spacing

    def rungs(self, structure: Structure) -> list[KwantChain]:
        """Return the chains of the ladder, the coarsest first."""
        a = self.spacing_for(structure)
        return [KwantChain(self.scheme, a * part) for part in LADDER]

    def solve(self, structure: Structure, k_perp: Array, angle: Array, scale: Scale) -> States:
        """Solve at every broadcast combination of k_⊥, in-plane angle and scale, as every engine."""
        solved = [chain.solve(structure, k_perp, angle, scale) for chain in self.rungs(structure)]
        seen = {name: [getattr(one, name) for one in solved] for name in ("left", "right", "psi", "slope")}
        return replace(solved[-1], **{name: _limit(each).value for name, each in seen.items()})

    def flows(self, structure: Structure, k_perp: Array, angle: Array, scale: Array) -> Array:
        """Return the limit of the flows of every interface."""
        return _limit([one.flows(structure, k_perp, angle, scale) for one in self.rungs(structure)]).value

    def errors(self, structure: Structure, k_perp: Array, angle: Array, scale: Array) -> Errors:
        """Return bounds on what rounding and the last elimination leave open, problem by problem."""
        rungs = self.rungs(structure)
        solved = [one.solve(structure, k_perp, angle, scale) for one in rungs]
        bounds = [one.errors(structure, k_perp, angle, scale) for one in rungs]

        def error(name: str, seen: Callable[[States], Any]) -> Array:
            """Return bounds from what is seen, (from N and F or by source, any, ..., two axes more)."""
            noise = np.stack([getattr(one, name) for one in bounds])
            carried = richardson(np.zeros_like(noise), LADDER_POWERS, noise).size("rounding")
            left = _limit([np.asarray(seen(one)) for one in solved]).size("next order").max(axis=(1, -2, -1))
            return np.moveaxis(left if len(left) == 3 else left[[0, 1, 1]], 0, -1) + carried

        def flows(found: States) -> Array:
            return np.stack(
                [np.moveaxis(found.at(n).flows, -3, 0) for n, _ in enumerate(found.psi[0])], axis=1
            )

        def amplitudes(found: States) -> Complex:
            return np.reshape(found.amplitudes(), (2, 2, *found.psi.shape[2:]))

        return Errors(
            error("psi", lambda found: found.psi), error("amplitudes", amplitudes), error("flows", flows)
        )

    def rounding(self, structure: Structure) -> float:
        """Return the relative rounding error away from band edges, that of the finest chain."""
        return self.rungs(structure)[-1].rounding(structure)


def _limit(values: list[Any]) -> Estimate:
    return richardson(np.stack(values), LADDER_POWERS)
