"""Waves of an unperturbed stack that are told at one junction, and go on to both sides; what they hold."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from sotcheck.numerics.arrays import Complex
from sotcheck.system.structure import Structure
from sotcheck.theory.distorted import Medium, Side, come_in, kappas_of


@dataclass(frozen=True)
class Carried:
    """A wave that is a given spinor at its home and goes on to both sides.

    ψ, slopes before and beyond junctions, (junctions, 2) each; in every layer a and b of ψ = e^{iQ̂z} a +
    e^{iQ̂(d−z)} b, with z away from the home, which is along z (1) or against it (−1).
    """

    psi: Complex
    minus: Complex
    plus: Complex
    inside: list[tuple[Complex, Complex, int]]

    @classmethod
    def of(
        cls, media: list[Medium], kappas: list[Complex], sides: Sequence[Side], home: int, R: Complex
    ) -> Carried:
        """Carry R on by the admittances of what goes on to the right and to the left."""
        number = len(kappas)
        psi, minus, plus = (np.zeros((number, 2), dtype=complex) for _ in range(3))
        inside = [(R, R, 1)] * (number - 1)
        for side, ahead, before, beyond in ((sides[0], 1, minus, plus), (sides[1], -1, plus, minus)):
            wave, n = R, home
            while True:
                psi[n], beyond[n] = wave, ahead * side.admittance[n].reshape(-1, 2, 2)[0] @ wave
                if n != home:
                    before[n] = beyond[n] - ahead * kappas[n] @ wave
                layer, n = min(n, n + ahead), n + ahead
                if not 0 <= n < number:
                    break
                through, (entered, rho) = media[layer + 1].through[0], side.onward[layer]
                a = entered[0] @ wave
                b = rho[0] @ through @ a
                wave, inside[layer] = through @ a + b, (a, b, ahead)
        return cls(psi, minus, plus, inside)

    def overlap(self, other: Carried, media: list[Medium]) -> complex:
        """Return ⟨this|1/M|other⟩, without what travels in the half-spaces."""
        found = 0j
        for medium, psi, its in (
            (media[0], self.psi[0], other.psi[0]),
            (media[-1], self.psi[-1], other.psi[-1]),
        ):
            kappa = medium.q.imag
            tail = medium.matrix(np.where(kappa > 0, 0.5 / np.where(kappa > 0, kappa, 1.0), 0.0))[0]
            found += psi.conj() @ tail @ its / medium.region.mass
        for medium, (a, b, _), (c, d, _) in zip(media[1:-1], self.inside, other.inside, strict=True):
            q, thickness = medium.q, medium.region.thickness
            kappa = np.where(q.imag > 0, q.imag, 1.0)
            own = np.where(q.imag > 0, -np.expm1(-2 * kappa * thickness) / (2 * kappa), thickness)
            crossed = thickness * np.where(
                q.imag > 0, np.exp(-kappa * thickness), np.sinc(q.real * thickness / np.pi)
            )
            one, both = medium.matrix(own)[0], medium.matrix(crossed)[0]
            inner = a.conj() @ one @ c + b.conj() @ one @ d + a.conj() @ both @ d + b.conj() @ both @ c
            found += inner / medium.region.mass
        return complex(found)


def filled(structure: Structure, media: list[Medium]) -> tuple[Side, Side]:
    """Return what goes on to the right, and to the left, where open half-spaces only bring waves."""
    kappas, ways = kappas_of(structure), (slice(None), slice(None, None, -1))
    right, left = (
        come_in([*one[:-1], Medium(one[-1].region, -one[-1].q.conj())], kappas[way])
        for way, one in ((way, media[way]) for way in ways)
    )
    return right, left.turned
