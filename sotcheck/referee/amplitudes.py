"""Reflection and transmission of a bare interface at one k, spin-orbit term included, as balls."""

from __future__ import annotations

from typing import Any

from flint import acb, acb_mat, arb, ctx

from sotcheck.referee.certificate import DIGITS
from sotcheck.referee.interface import I
from sotcheck.referee.quadrature import UnprovedError
from sotcheck.referee.reading import exact, read
from sotcheck.referee.stack import NONE, ONE, spin

#: Elements of a 2×2 matrix in the basis of σ_z, up first.
SPINS = ("uu", "ud", "du", "dd")


def amplitudes(document: dict[str, Any], k_x: float, k_y: float) -> dict[str, arb]:
    """Enclose real and imaginary parts of r and t', matrices in spin, by name (`r_ud_re`: of d into u).

    ψ(0) = D⁻¹ 2ik ψ_in from N and D⁻¹ 2iK̂ ψ_in from F, D = i(K̂ + k) - κ̂: r = 2ik D⁻¹ - 1, and of unit
    flux t' = 2i √|k| D⁻¹ √K̂ of F's open channels. Without open channel in N r = 0.

    Raises
    ------
    UnprovedError
        For a stack, and where a channel opens or closes at that k.
    """
    with ctx.workprec(DIGITS[-1]):
        problem, _ = read(document)
        if not problem.bare:
            raise UnprovedError("amplitudes of stacks are not proved")
        delta, right = problem.deltas[0], problem.regions[-1]
        k = arb(k_x), arb(k_y)
        inside = exact(problem.energy) - k[0] * k[0] - k[1] * k[1]
        of_N = inside - exact(problem.regions[0].U)
        of_F = [inside - exact(right.U + sign * right.J) for sign in (1, -1)]
        if not all(square > 0 or square < 0 for square in (of_N, *of_F)):
            raise UnprovedError("a channel opens or closes at that k")
        k_N, K = acb(of_N).sqrt(), [acb(square).sqrt() for square in of_F]
        flux = [wave.sqrt() if square > 0 else acb(0) for wave, square in zip(K, of_F, strict=True)]

        def of_bands(plus: acb, minus: acb) -> acb_mat:
            return spin((plus + minus) / 2, [(plus - minus) / 2 * part for part in problem.m])

        kappa = spin(
            delta.u_0,
            [acb(delta.u_m * d + a * k[0] + b * k[1]) for d, (a, b) in zip(delta.d, delta.A, strict=True)],
        )
        inverse = ((of_bands(*K) + ONE * k_N) * I - kappa).inv()
        r = inverse * (2 * I * k_N) - ONE if of_N > 0 else NONE
        t = inverse * of_bands(*flux) * (2 * I * abs(k_N).sqrt())
        numbers = {
            f"{name}_{spins}": number
            for name, matrix in (("r", r), ("t", t))
            for spins, number in zip(SPINS, matrix.entries(), strict=True)
        }
        parts = {name: (number.real, number.imag) for name, number in numbers.items()}
        return {f"{name}_{part}": parts[name][n] for name in parts for n, part in enumerate(("re", "im"))}
