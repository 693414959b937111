"""First order of resonances that no node sees: what each adds to the integral of all flows over k_⊥².

At home a state has Ĝ⁻¹ = D (x − x₀) + iw in the direction R of its null vector, see `resonances`. What arrives
there fills it, a source with the share s of Σ_in |R†b̂|² = 4w, so that

    ∫dx ψψ† = R R† (4π/|D|) s,

however narrow it is. To first order the spin-orbit terms act as a static field, h Σ σ·a: in it all of that is
found again, at the state's new place. The integrand (x/2) ∂_h flow has the integral

    d/dh [(x₀/2) flow(∫dx ψψ†)]    at h = 0,

by differences over steps h so small that no other state is near. Where channels of the other spin are open
it is the coefficient at scales beyond the root of the width, when these fill the state.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

import numpy as np

from sotcheck.numerics.arrays import Array, Complex
from sotcheck.numerics.convergence import richardson
from sotcheck.numerics.estimate import Estimate
from sotcheck.system.spin import pauli_vector
from sotcheck.system.structure import NO_FIELD, Structure
from sotcheck.theory.distorted import Unperturbed, by_source, kappas_of, mean_field
from sotcheck.theory.resonances import Resonance, resonances

#: Steps of the field, in units of what moves a state about as far as the next one; those of derivatives in x.
FIELDS, STEP = 0.02 * 0.5 ** np.arange(3), 1e-3
#: How often the place of a state is improved, and how far off it, in steps, it is looked at from.
IMPROVED, OFF = 4, 1e-9
#: Places around it, in steps, and the weights of a value and a slope there.
AROUND, CENTRE, SLOPE = (1.0, -1.0, 2.0, -2.0), np.array([4, 4, -1, -1]) / 6, np.array([8, -8, -1, 1]) / 12
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


def _spin(ket: Complex, bra: Complex) -> Complex:
    """Return bra†σ ket, (..., 3)."""
    return pauli_vector(ket[..., :, None] @ bra.conj()[..., None, :])


@dataclass(frozen=True)
class State:
    """A state all but bound at x, with the spinor R at its home, D, and 4w by source (3,)."""

    x: float
    home: int
    R: Complex
    D: float
    filling: Array
    waves: Unperturbed

    @classmethod
    def of(cls, structure: Structure, x: float, room: float, like: State | None = None) -> State:
        """Follow a state from near x, with no other one within `room`; it is that which is `like` another."""
        kappas, step = kappas_of(structure), STEP * room
        home, R = (-1, None) if like is None else (like.home, like.R)
        for _ in range(IMPROVED):
            waves = Unperturbed.of(structure, x + step * np.array([OFF, *AROUND]))
            sides = zip(waves.from_left.admittance, waves.from_right.admittance, kappas, strict=True)
            inverse = np.stack([one + other - kappa for one, other, kappa in sides])
            if home < 0:
                # It is at home where it is seen best.
                seen = np.linalg.svd(inverse[:, 1:], compute_uv=False)[..., -1]
                home = int(seen.sum(axis=-1).argmin())
            there = np.tensordot(CENTRE, inverse[home, 1:], 1)
            left, sizes, right = np.linalg.svd(there)
            own = sizes.argmin() if R is None else np.abs(right @ R).argmax()
            L, R = left[:, own], right[own].conj()
            slope = np.tensordot(SLOPE, inverse[home, 1:], 1) / step
            x += float((-(L.conj() @ there @ R) / (L.conj() @ slope @ R)).real)
        # What arrives is smooth in x, and known where ψ is not large.
        arriving = L.conj() @ (inverse[home, 1:] @ waves.at(home)[1:])
        filling = np.einsum("n,nc,scd,nd->s", CENTRE, arriving, by_source(structure), arriving.conj()).real
        D = abs(float((R.conj() @ slope @ R).real))
        return cls(x, home, R, D, filling, waves)

    @property
    def width(self) -> float:
        """The half-width w/|D| in x."""
        return float(self.filling.sum()) / 4 / self.D

    def flows(self, unperturbed: Structure, h: float) -> Array:
        """Return (x/2) times all flows of ∫dx ψψ† in the field h, (3, 4I + 2L, 3)."""
        psi, minus, plus, inside = self._carried()
        fields = [mean_field(delta.spin_orbit) for delta in unperturbed.interfaces]
        exchange = [delta.exchange * np.array(delta.direction) for delta in unperturbed.interfaces]
        spin, before, beyond = _spin(psi, psi).real, _spin(minus, psi).imag, _spin(plus, psi).imag
        four = before, beyond, h * np.cross(fields, spin), np.cross(spin, exchange)
        found = list(np.stack(four, axis=1).reshape(-1, 3))
        for n, layer in enumerate(unperturbed.layers):
            added = h * np.cross(mean_field(layer.spin_orbit), inside[n])
            found += [added, (beyond[n] + added - before[n + 1]) * bool(layer.exchange)]
        each: Array = self.x / 2 * 4 * np.pi / self.D * np.stack(found)
        return (self.filling / max(float(self.filling.sum()), TINY))[:, None, None] * each

    def reach(self) -> float:
        """Return (x/2) (4π/|D|) Σ |a| ψ†ψ, how much all spin-orbit terms may add."""
        psi, _, _, inside = self._carried()
        sites = [*zip(self.waves.structure.interfaces, _spin(psi, psi).real, strict=True)]
        sites += [*zip(self.waves.structure.layers, inside, strict=True)]  # type: ignore[arg-type]
        sizes = [np.linalg.norm(mean_field(one.spin_orbit)) * np.linalg.norm(spin) for one, spin in sites]
        return float(self.x / 2 * 4 * np.pi / self.D * sum(sizes))

    def _carried(self) -> tuple[Complex, Complex, Complex, list[Array]]:
        """Return ψ and slopes on either side of all junctions (junctions, 2), and ∫ψ†σψ dz in layers."""
        structure = self.waves.structure
        kappas, number = kappas_of(structure), len(structure.interfaces)
        psi, minus, plus = (np.zeros((number, 2), dtype=complex) for _ in range(3))
        inside = [np.zeros(3)] * (number - 1)
        ways = (self.waves.from_left, 1, minus, plus), (self.waves.from_right, -1, plus, minus)
        for side, ahead, before, beyond in ways:
            wave, n = self.R, self.home
            while True:
                psi[n], beyond[n] = wave, ahead * side.admittance[n].reshape(-1, 2, 2)[0] @ wave
                if n != self.home:
                    before[n] = beyond[n] - ahead * kappas[n] @ wave
                layer, n = min(n, n + ahead), n + ahead
                if not 0 <= n < number:
                    break
                medium, (entered, rho) = self.waves.media[layer + 1], side.onward[layer]
                a = entered[0] @ wave
                b = rho[0] @ medium.phase()[0] @ a
                wave = medium.phase()[0] @ a + b
                if structure.layers[layer].spin_orbit != NO_FIELD:
                    parts, weights = medium.nodes()
                    there = medium.phase(parts)[:, 0] @ a + medium.phase(1 - parts)[:, 0] @ b
                    inside[layer] = weights @ _spin(there, there).real
        return psi, minus, plus, inside


#: Errors relative to the largest flow: per width over the distance of the next state, of derivatives in x.
ROUGH, OF_SLOPE = 8.0, 1e-10
#: States closer to another one than this (relative) are filled together.
TOGETHER = 1e-7
HOW = "resonances between nodes, by their own integral"


def narrow_flows(structure: Structure, one: Resonance) -> Estimate:
    """Return what a state adds to first order of all flows summed over k_⊥, (3, 4I + 2L, 3)."""
    masses = np.array([structure.left.mass, structure.right.mass, structure.right.mass])[:, None, None]
    terms = [np.abs(delta.spin_orbit).max() for delta in structure.interfaces]
    terms += [layer.mass * layer.thickness * np.abs(layer.spin_orbit).max() for layer in structure.layers]
    apart = one.room > TOGETHER * one.k_perp2
    room = one.room if apart else TOGETHER * one.k_perp2
    unit = room / max(float(sum(terms)) * np.sqrt(one.k_perp2), TINY)
    unperturbed = State.of(structure, one.k_perp2, room)

    def rise(h: float) -> Array:
        up, down = (State.of(in_field(structure, s), unperturbed.x, room, unperturbed) for s in (h, -h))
        # Flanks beyond the window are seen, and within it what they are at its ends.
        widths = np.maximum(one.width + (up.width - down.width) / 2 * np.array([1.0, -1.0]), 0.0)
        seen = widths * one.window / (widths**2 + one.window**2)
        within = 2 / np.pi * (np.arctan2(one.window, widths) - seen)
        change: Array = within[0] * up.flows(structure, h) - within[1] * down.flows(structure, -h)
        return change / (2 * h)

    if apart:
        slopes = np.stack([rise(h) for h in (unit * FIELDS).tolist()])
        found = richardson(slopes, (2, 4)) / (-((4 * np.pi) ** 2) * masses)
        off = ROUGH * (one.width / room + (one.width / one.window) ** 2) + OF_SLOPE
        error = float(found.error.max()) + off * float(np.abs(found.value).max())
        return Estimate(found.value, {"resonance": (error, HOW)})
    # How fields divide what fills two states so close is beyond doubles.
    shape = unperturbed.flows(structure, 0.0).shape
    largest = unperturbed.reach() / float((4 * np.pi) ** 2 * masses.min())
    return Estimate(np.zeros(shape), {"resonance": (largest, HOW)})


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
