"""First order of every spin flow of a stack: what its spin-orbit terms make of the states themselves.

With V = (k_⊥²/2) Σ σ·a, as in `distorted`, the unperturbed states ψ change by δψ = G V ψ, which goes out to
both sides. Just beyond a junction, as seen from the left, that is slope = Ŷ δψ + b̂: Ŷ is the admittance of
waves that go on to the right, and b̂ says what V makes of ψ there. For a row R of waves that go on, with R = 1
at the junction, ∂_z[R ∂_zδψ/M − (∂_zR/M) δψ] = R V ψ, so that

    b̂ = −∫ R V ψ dz    over all that lies beyond,

and layer by layer b̂ = R(d) (b̂' − V'ψ') − ∫_layer R V ψ dz with b̂' and V' of the next junction. Through a
layer, with ρ̂ = (X̂ − Ŷ')(X̂ + Ŷ')⁻¹ at its far end and its own X̂ = iQ̂/M,

    R(z) = (1 + e^{iQ̂d} ρ̂ e^{iQ̂d})⁻¹ (e^{iQ̂z} + e^{iQ̂d} ρ̂ e^{iQ̂(d−z)}),

in which nothing grows. From the right the same holds of −slope, and at every junction

    (Ŷ_right + Ŷ_left − κ̂) δψ = V ψ − b̂_right − b̂_left.

Flows are bilinear: Im δ(ψ†σ∂_zψ)/M, a × ψ†σψ, −Im δ(ψ†σ u_m σ·d ψ). What a layer's magnetism takes needs no
δψ within it: its torque is what arrives, and what its spin-orbit field adds, less what goes on.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from sotcheck.numerics.arrays import Array, Complex
from sotcheck.system.spin import IDENTITY, dagger, dot_sigma, pauli_vector
from sotcheck.system.structure import NO_FIELD, Structure
from sotcheck.theory.distorted import Medium, Unperturbed, by_source, kappas_of, mean_field

#: What V makes of ψ at nodes of a layer: parts of its thickness (p,), and weights times Vψ, (p, n, 2, 4).
Inside = tuple[Array, Complex] | None


def _answers(
    media: list[Medium],
    kappas: list[Complex],
    admittances: list[Complex],
    jumps: list[Complex],
    inside: list[Inside],
) -> list[Complex]:
    """Return b̂ (n, 2, 4) just beyond every junction, for V ψ = `jumps` there and what is inside layers."""
    found = [np.zeros_like(jumps[-1])]
    for n in reversed(range(len(media) - 2)):
        medium, beyond = media[n + 1], admittances[n + 1] - kappas[n + 1]
        own, through = medium.admittance, medium.through
        back = through @ (own - beyond) @ np.linalg.inv(own + beyond)
        answer = (through + back) @ (found[0] - jumps[n + 1])
        if (made := inside[n]) is not None:
            parts, sources = made
            answer = answer - ((medium.phase(parts) + back @ medium.phase(1 - parts)) @ sources).sum(axis=0)
        found.insert(0, np.linalg.solve(IDENTITY + back @ through, answer))
    return found


@dataclass(frozen=True)
class Response:
    """Unperturbed states of a stack, and their change by V without its factor k_⊥²/2, at k_⊥² (n,).

    Columns are those of `Unperturbed`; shapes (junctions, n, 2, 4).
    """

    states: Unperturbed

    @classmethod
    def of(cls, structure: Structure, k_perp2: Array) -> Response:
        """Solve without spin-orbit terms."""
        return cls(Unperturbed.of(structure, np.asarray(k_perp2)))

    @property
    def structure(self) -> Structure:
        """The stack."""
        return self.states.structure

    @cached_property
    def kappas(self) -> Complex:
        """κ̂ of every junction, (junctions, 1, 2, 2)."""
        return np.stack(kappas_of(self.structure))[:, None]

    @cached_property
    def admittances(self) -> tuple[Complex, Complex]:
        """Ŷ of what goes on to the right, and to the left, (junctions, n, 2, 2) each."""
        return np.stack(self.states.from_left.admittance), np.stack(self.states.from_right.admittance)

    @cached_property
    def psi(self) -> Complex:
        """ψ at every junction."""
        return np.stack([self.states.at(n) for n in range(len(self.structure.interfaces))])

    @cached_property
    def slopes(self) -> tuple[Complex, Complex]:
        """∂_zψ/M on the left and on the right of every junction."""
        right, left = self.admittances
        one, other = self.psi[..., :2], self.psi[..., 2:]
        minus = (right - self.kappas) @ one, -left @ other
        plus = right @ one, (self.kappas - left) @ other
        return np.concatenate(minus, axis=-1), np.concatenate(plus, axis=-1)

    @cached_property
    def fields(self) -> Array:
        """What of spin-orbit fields the average over the angle leaves, a, (junctions, 3)."""
        return np.stack([mean_field(delta.spin_orbit) for delta in self.structure.interfaces])

    @cached_property
    def inside(self) -> list[Inside]:
        """V ψ at nodes of every layer that has a spin-orbit field."""
        found: list[Inside] = []
        for n, layer in enumerate(self.structure.layers):
            if layer.spin_orbit == NO_FIELD:
                found.append(None)
                continue
            parts, weights = self.states.media[n + 1].nodes()
            field = weights[:, None, None, None] * dot_sigma(mean_field(layer.spin_orbit))
            found.append((parts, field @ self.states.inside(n, parts)))
        return found

    @cached_property
    def change(self) -> tuple[Complex, Complex, Complex]:
        """δψ at every junction, δ∂_zψ/M on its left and on its right."""
        right, left = self.admittances
        media, kappas = self.states.media, kappas_of(self.structure)
        jumps = dot_sigma(self.fields)[:, None] @ self.psi
        turned: list[Inside] = [None if one is None else (1 - one[0], one[1]) for one in self.inside]
        from_right = np.stack(_answers(media, kappas, list(right), list(jumps), self.inside))
        from_left = np.stack(
            _answers(media[::-1], kappas[::-1], list(left[::-1]), list(jumps[::-1]), turned[::-1])[::-1]
        )
        psi = np.linalg.solve(right + left - self.kappas, jumps - from_right - from_left)
        return psi, -left @ psi - from_left, right @ psi + from_right

    def _summed(self, ket: Complex, bra: Complex) -> Complex:
        """Return Σ_in bra†σ ket by source, (junctions, n, 3, 3)."""
        sources = by_source(self.structure)
        return pauli_vector((ket[..., None, :, :] @ sources) @ dagger(bra)[..., None, :, :])

    @cached_property
    def density(self) -> Array:
        """δ Σ_in ψ†σψ at every junction, (junctions, n, 3, 3): source, spin component."""
        return 2 * self._summed(self.change[0], self.psi).real

    def current(self, side: int) -> Array:
        """Return δ Σ_in Im ψ†σ∂_zψ/M on the left (0) or right (1) of every junction, (junctions, n, 3, 3)."""
        new = self._summed(self.change[1 + side], self.psi)
        return (new + self._summed(self.slopes[side], self.change[0])).imag

    @cached_property
    def flows(self) -> Array:
        """Four flows of every junction, then what is added in every layer, and taken, (4I + 2L, n, 3, 3)."""
        minus, plus = self.current(0), self.current(1)
        unperturbed = self._summed(self.psi, self.psi).real
        exchange = np.array(
            [delta.exchange * np.array(delta.direction) for delta in self.structure.interfaces]
        )
        lattice = np.cross(self.fields[:, None, None], unperturbed)
        taken = np.cross(self.density, exchange[:, None, None])
        found = list(np.stack([minus, plus, lattice, taken], axis=1).reshape(-1, *minus.shape[1:]))
        for n, (layer, made) in enumerate(zip(self.structure.layers, self.inside, strict=True)):
            added = np.zeros_like(minus[0])
            if made is not None:
                # Im ψ†σ Vψ.
                added = self._summed(made[1], self.states.inside(n, made[0])).imag.sum(axis=0)
            found += [added, (plus[n] + added - minus[n + 1]) * bool(layer.exchange)]
        return np.stack(found)


def weighted(response: Response, values: Array) -> Array:
    """Return integrands of (1/4π) ∫ d(k_⊥²), source axis first after k_⊥²: (n, 3, any, 3) of (any, n, 3, 3).

    Prefactor and sign are those of t: −(1/4π) k_x over the mass of the source.
    """
    left, right = response.structure.left.mass, response.structure.right.mass
    k_perp2 = response.states.k_perp2[:, None, None, None]
    masses = np.array([left, right, right])[:, None, None]
    return -np.moveaxis(values, 0, 2) * k_perp2 / 2 / (4 * np.pi * masses)


def flows(structure: Structure, k_perp2: Array) -> Array:
    """Return all spin flows to first order in the scale, (n, 3, 4I + 2L, 3), averaged over the angle of k.

    Source, flow, spin component; integrands of (1/4π) ∫ d(k_⊥²). A layer without exchange takes nothing.
    """
    response = Response.of(structure, k_perp2)
    return weighted(response, response.flows)
