"""First order of resonances that no node sees: what each adds to the integral of all flows over k_⊥².

A state all but bound at x₀ of x = k_⊥² decays through open channels, as φ, in which waves only leave, and is
filled through them, as χ, in which waves only arrive: both are the bound state, but for how much there is
outside. Green's theorem for χ and the wave ψ_j of unit flux that comes in through channel j,
(x − x_χ*) ⟨χ|1/M|ψ_j⟩ = 2i √v_j a_j*, with the velocity v_j = k/M and the amplitude a_j of what arrives in χ,
gives

    ψ_j = φ 2i √v_j a_j*/(⟨χ|1/M|φ⟩ (x − x₀ ∓ iw)),

and for χ itself the flux through which it is filled, Σ v_j |a_j|² = w ⟨χ|1/M|χ⟩. Hence, however narrow,

    ∫dx ψ_jψ_j† = φφ† (4π/N) v_j |a_j|²/Σ v|a|²,    N = ⟨φ|1/M|φ⟩,

by the norm of the wave and by its tails in the leads alone: neither the residue of a Green function, nor what
arrives where the state is at home, is asked for.

To first order the spin-orbit terms act as a static field, h Σ σ·a: in it all of that is found again, at the
state's new place. The integrand (x/2) ∂_h flow has the integral

    d/dh [(x₀/2) flow(∫dx ψψ†)]    at h = 0,

by differences over steps h so small that no other state is near. Where channels of the other spin are open
it is the coefficient at scales beyond the root of the width, when these fill the state.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

import numpy as np

from sotcheck.numerics.arrays import Array, Complex
from sotcheck.numerics.convergence import richardson
from sotcheck.numerics.estimate import Estimate
from sotcheck.system.spin import dagger, dot_sigma, pauli_vector
from sotcheck.system.structure import NO_FIELD, Structure
from sotcheck.theory.carried import Carried, filled
from sotcheck.theory.distorted import Unperturbed, by_source, kappas_of, mean_field
from sotcheck.theory.resonances import Resonance, resonances

#: Steps of the field, in units of what moves a state about as far as the next one; those of derivatives in x.
FIELDS, STEP = 0.02 * 0.5 ** np.arange(3), 1e-3
#: How often the place of a state is improved, and how far off it, in steps, it is looked at from.
IMPROVED, OFF = 4, 1e-9
#: Places around it, in steps.
AROUND = (1.0, -1.0)
TINY = 1e-300


def in_field(structure: Structure, h: float) -> Structure:
    """Return a stack in the static field h a of every spin-orbit term."""

    def turned(part: Any) -> Any:
        if part.spin_orbit == NO_FIELD:
            return part
        total = part.exchange * np.array(part.direction) + h * mean_field(part.spin_orbit)
        size = float(np.linalg.norm(total))
        return replace(part, exchange=size, direction=tuple((total / size).tolist())) if size else part

    left, *layers, right = structure.regions
    regions = (left, *map(turned, layers), right)
    return Structure(structure.energy, regions, tuple(map(turned, structure.interfaces)))


@dataclass(frozen=True)
class State:
    """A state all but bound at x, with the spinor R at its home, and N as D.

    `arriving` are N c_j of ψ_j = c_j φ/(x − x₀ ∓ iw), (4,); `wave` is φ.
    """

    x: float
    home: int
    R: Complex
    D: float
    arriving: Complex
    width: float
    step: float
    waves: Unperturbed
    wave: Carried

    @classmethod
    def of(cls, structure: Structure, x: float, room: float, like: State | None = None) -> State:
        """Follow a state from near x, with no other one within `room`; it is that which is `like` another."""
        kappas, step = kappas_of(structure), STEP * room
        home = -1 if like is None else like.home
        R = np.zeros(2, dtype=complex) if like is None else like.R
        for _ in range(IMPROVED):
            waves = Unperturbed.of(structure, x + step * np.array([OFF, *AROUND]))
            sides = zip(waves.from_left.admittance, waves.from_right.admittance, kappas, strict=True)
            inverse = np.stack([one + other - kappa for one, other, kappa in sides])
            if home < 0:
                # It is at home where it is seen best.
                seen = np.linalg.svd(inverse[:, 1:], compute_uv=False)[..., -1]
                home = int(seen.sum(axis=-1).argmin())
            there = inverse[home, 0]
            left, sizes, right = np.linalg.svd(there)
            own = np.abs(right @ R).argmax() if R.any() else sizes.argmin()
            L, R = left[:, own], right[own].conj()
            leaves = Carried.of(waves.media, kappas, (waves.from_left, waves.from_right), home, R)
            # The null vector of Ĝ⁻¹† is the spinor at home of the wave that only arrives.
            arrives = Carried.of(waves.media, kappas, filled(structure, waves.media), home, L)
            overlap = arrives.overlap(leaves, waves.media)
            # By Hellmann and Feynman the slope of L†Ĝ⁻¹R is −⟨χ|1/M|φ⟩.
            x += OFF * step + float((L.conj() @ there @ R / overlap).real)
        # With the phase of R both are one and the same wave.
        turn, D = np.exp(-1j * np.angle(overlap)), abs(overlap)
        leaves = Carried.of(waves.media, kappas, (waves.from_left, waves.from_right), home, R * turn)
        tails = [
            medium.root_velocity[0] @ psi
            for medium, psi in ((waves.media[0], arrives.psi[0]), (waves.media[-1], arrives.psi[-1]))
        ]
        arriving = 2j * np.concatenate(tails).conj()
        width = float((np.abs(arriving) ** 2).sum()) / 4 / D
        return cls(x, home, R * turn, D, arriving, width, step, waves, leaves)

    def flows(self, unperturbed: Structure, h: float, within: float = 1.0) -> Array:
        """Return (x/2) times all flows of ∫dx ψψ† in the field h, (3, 4I + 2L, 3).

        Besides the part `within` its window of φφ† there is ∫ψ_j = −iπ c_j φ beside what passes it by.
        """
        own = self._carried()
        # Either side of the state its own part all but cancels: iw is left.
        rest = -1j * self.width / self.D / (self.step**2 + self.width**2) * self.arriving
        others = [all_ - one[..., None] * rest for all_, one in zip(self._around(), own, strict=True)]
        size = float(np.linalg.norm(self.arriving)) or 1.0
        alone = [one[..., None] * self.arriving / size for one in own]
        beside = [one[..., None] * self.arriving * (-1j * np.pi / self.D) for one in own]
        both = [one + other for one, other in zip(beside, others, strict=True)]

        def of(waves: Sequence[Complex]) -> Any:
            return self._flows_of(waves, unperturbed, h)

        return self.x / 2 * (within * 4 * np.pi / self.D * of(alone) + of(both) - of(beside) - of(others))

    def _flows_of(self, waves: Sequence[Complex], unperturbed: Structure, h: float) -> Array:
        """Return all flows of waves: ψ, slopes before and beyond junctions, √weight ψ at nodes of layers."""
        psi, minus, plus, *inside = waves
        sources = by_source(unperturbed)

        def spin(ket: Complex, bra: Complex) -> Complex:
            return pauli_vector((ket[:, None] @ sources) @ dagger(bra)[:, None])

        fields = np.stack([mean_field(delta.spin_orbit) for delta in unperturbed.interfaces])[:, None]
        exchange = np.stack([one.exchange * np.array(one.direction) for one in unperturbed.interfaces])[
            :, None
        ]
        density, before, beyond = spin(psi, psi).real, spin(minus, psi).imag, spin(plus, psi).imag
        four = before, beyond, h * np.cross(fields, density), np.cross(density, exchange)
        found = list(np.stack(four, axis=1).reshape(-1, 3, 3))
        for n, layer in enumerate(unperturbed.layers):
            a = mean_field(layer.spin_orbit)
            added = h * np.cross(a, spin(inside[n], inside[n]).real.sum(axis=0))
            found += [added, (beyond[n] + added - before[n + 1]) * bool(layer.exchange)]
        return np.stack(found, axis=1)

    def _nodes(self, layer: int) -> tuple[Array, Array]:
        """Return nodes in a layer, and the roots of their weights; none without spin-orbit field."""
        if self.waves.structure.layers[layer].spin_orbit == NO_FIELD:
            return np.zeros(0), np.zeros(0)
        parts, weights = self.waves.media[layer + 1].nodes()
        return parts, np.sqrt(weights)

    def _around(self) -> list[Complex]:
        """Return the mean of states of unit flux on either side of it, as `_flows_of` takes them."""
        psi = np.stack(
            [self.waves.at(n)[1:3].mean(axis=0) for n in range(len(self.waves.structure.interfaces))]
        )
        minus, plus = np.zeros_like(psi), np.zeros_like(psi)
        for n, kappa in enumerate(kappas_of(self.waves.structure)):
            right, left = (side.admittance[n] for side in (self.waves.from_left, self.waves.from_right))
            one, other = self.waves.at(n)[1:3, :, :2], self.waves.at(n)[1:3, :, 2:]
            right, left = (np.broadcast_to(y, (3, 2, 2))[1:3] for y in (right, left))
            minus[n] = np.concatenate([(right - kappa) @ one, -left @ other], axis=-1).mean(axis=0)
            plus[n] = np.concatenate([right @ one, (kappa - left) @ other], axis=-1).mean(axis=0)
        found = [psi, minus, plus]
        for layer in range(len(self.waves.structure.layers)):
            parts, roots = self._nodes(layer)
            inside = self.waves.inside(layer, parts)[:, 1:3].mean(axis=1)
            found.append(roots[:, None, None] * inside)
        return found

    def sites(self) -> list[tuple[Array, Complex]]:
        """Return a and ψ, (..., 2) where it has a weight, wherever there is a spin-orbit term."""
        psi, _, _, *inside = self._carried()
        structure = self.waves.structure
        parts: list[Any] = [*zip(structure.interfaces, psi, strict=True)]
        parts += zip(structure.layers, inside, strict=True)
        return [(mean_field(part.spin_orbit), np.atleast_2d(wave)) for part, wave in parts]

    def reach(self) -> float:
        """Return (x/2) (4π/|D|) Σ |a| ψ†ψ, how much all spin-orbit terms may add."""
        size = sum(np.linalg.norm(a) * np.linalg.norm(wave) ** 2 for a, wave in self.sites())
        return float(self.x / 2 * 4 * np.pi / self.D * size)

    def _carried(self) -> list[Complex]:
        """Return φ as `_flows_of` takes waves, without columns."""
        inside = []
        for layer, (a, b, ahead) in enumerate(self.wave.inside):
            (parts, roots), medium = self._nodes(layer), self.waves.media[layer + 1]
            near = parts if ahead > 0 else 1 - parts
            psi = medium.phase(near)[:, 0] @ a + medium.phase(1 - near)[:, 0] @ b
            inside.append(psi * roots[:, None])
        return [self.wave.psi, self.wave.minus, self.wave.plus, *inside]


#: Errors relative to the largest flow: per width over the distance of the next state, of derivatives in x.
ROUGH, OF_SLOPE = 8.0, 1e-10
#: States closer to another one than this (relative) are filled together.
TOGETHER = 1e-7
HOW = "resonances between nodes, by their own integral"
NOT_DIVIDED = "two states between nodes, too close to one another for doubles to tell what divides them"


def together(one: Resonance) -> bool:
    """Whether a state that no node sees is so close to another one that it is not told who fills which."""
    return one.unseen and one.room <= TOGETHER * one.k_perp2


def narrow_flows(structure: Structure, one: Resonance) -> Estimate:
    """Return what a state adds to first order of all flows summed over k_⊥, (3, 4I + 2L, 3)."""
    masses = np.array([structure.left.mass, structure.right.mass, structure.right.mass])[:, None, None]
    terms = [np.abs(delta.spin_orbit).max() for delta in structure.interfaces]
    terms += [layer.mass * layer.thickness * np.abs(layer.spin_orbit).max() for layer in structure.layers]
    apart = not together(one)
    room = one.room if apart else TOGETHER * one.k_perp2
    unit = room / max(float(sum(terms)) * np.sqrt(one.k_perp2), TINY)
    unperturbed = State.of(structure, one.k_perp2, room)

    def rise(h: float) -> Array:
        up, down = (State.of(in_field(structure, s), unperturbed.x, room, unperturbed) for s in (h, -h))
        # Flanks beyond the window are seen, and within it what they are at its ends.
        widths = np.maximum(one.width + (up.width - down.width) / 2 * np.array([1.0, -1.0]), 0.0)
        seen = widths * one.window / (widths**2 + one.window**2)
        within = 2 / np.pi * (np.arctan2(one.window, widths) - seen)
        change: Array = up.flows(structure, h, within[0]) - down.flows(structure, -h, within[1])
        return change / (2 * h)

    if apart:
        slopes = np.stack([rise(h) for h in (unit * FIELDS).tolist()])
        found = richardson(slopes, (2, 4)) / (-((4 * np.pi) ** 2) * masses)
        off = ROUGH * (one.width / room + (one.width / one.window) ** 2) + OF_SLOPE
        error = float(found.error.max()) + off * float(np.abs(found.value).max())
        return Estimate(found.value, {"resonance": (error, HOW)})
    # How fields divide what fills two states so close is beyond doubles: as much as both may take is error.
    shape = 3, 4 * len(structure.interfaces) + 2 * len(structure.layers), 3
    largest = unperturbed.reach() / float((4 * np.pi) ** 2 * masses.min())
    return Estimate(np.zeros(shape), {"resonances together": (largest, NOT_DIVIDED)})


def bound_torque(structure: Structure, one: Resonance) -> Estimate:
    """Return the t per scale, (3,), of a state bound at x₀ among open channels of the other spin.

    Spin-orbit terms make it a resonance as narrow as the square of the scale, through which those channels
    fill it: with φ normalised, m the axis of all magnetism, and M the mass of the right half-space,

        t = −(x₀/8πM) Q×m,    Q = Σ a φ†σ·m φ / ⟨1/M⟩.

    φ†φ/⟨1/M⟩ is ψ†ψ/D of the wave ψ that is R at home.
    """
    state, m = State.of(structure, one.k_perp2, one.room), np.array(structure.right.direction)
    along = dot_sigma(m)
    Q = sum(
        (a * np.einsum("ni,ij,nj->", wave.conj(), along, wave).real for a, wave in state.sites()), np.zeros(3)
    )
    t = -state.x / (8 * np.pi * structure.right.mass) * np.cross(Q / state.D, m)
    return Estimate(t, {"bound state": (OF_SLOPE * float(np.abs(t).max()), "derivative of what binds it")})


@lru_cache(maxsize=16)
def unseen_flows(structure: Structure) -> Estimate:
    """Return what all states too narrow for nodes add to first order, (3, 4I + 2L, 3)."""
    total = Estimate(np.zeros((3, 4 * len(structure.interfaces) + 2 * len(structure.layers), 3)))
    for one in resonances(structure):
        if one.unseen:
            total += narrow_flows(structure, one)
    return total


def torque_of(structure: Structure, flows: Array) -> Array:
    """Return t of flows: what arrives at z = −0 and is added, less what leaves through the right."""
    number = len(structure.interfaces)
    added = flows[:, 2 : 4 * number : 4].sum(axis=1) + flows[:, 4 * number :: 2].sum(axis=1)
    leaves = flows[:, 4 * number - 3]
    if structure.right.magnetic:
        m = np.array(structure.right.direction)
        leaves = (leaves @ m)[:, None] * m
    total: Array = flows[:, 0] + added - leaves
    return total
