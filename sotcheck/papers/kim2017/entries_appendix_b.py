"""Appendix B on trial: flux is conserved between the open channels of exact states."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from sotcheck.exact.finite import measured, states, twice
from sotcheck.exact.solved import Exact, Solved
from sotcheck.numerics.arrays import Complex
from sotcheck.numerics.estimate import Estimate
from sotcheck.papers.kim2017 import appendix_b as eq
from sotcheck.papers.kim2017.old import Definition, Equation, Statement, register
from sotcheck.system.spin import dagger
from sotcheck.trial.grounds import FINITE
from sotcheck.trial.judge import relation

GENERIC, N_CLOSES, F_CLOSES, HALF_METAL = FINITE
ALL_OPEN = (GENERIC, N_CLOSES, F_CLOSES)
MINORITY_CLOSED = (GENERIC, F_CLOSES, HALF_METAL)
MAJORITY_ONLY = (GENERIC, N_CLOSES, HALF_METAL)
N, F = slice(0, 2), slice(2, 4)

Matrix = Callable[[Solved], Complex]


def s_matrix(one: Solved) -> Complex:
    """S between open channels, shape (n, a, 4, 4)."""
    return states(one).s_matrix()


def by_source(one: Solved) -> Complex:
    """Overlaps of the outgoing waves of two incident spinors: the outgoing flux on the diagonal."""
    return dagger(s_matrix(one)) @ s_matrix(one)


def by_drain(one: Solved) -> Complex:
    """Overlaps of what two outgoing spinors receive from all incident waves."""
    return s_matrix(one) @ dagger(s_matrix(one))


def where(regime: tuple[bool, bool, bool], values: Matrix) -> Matrix:
    """Keep k_⊥ at which (N, majority, minority) are open or closed as asked."""

    def kept(one: Solved) -> Complex:
        found = states(one)
        is_open = np.stack([found.kz.real > 0, found.Kz[..., 1].real > 0, found.Kz[..., 0].real > 0], axis=-1)
        return np.where((is_open == regime).all(axis=-1)[..., None, None], values(one), 0)

    return kept


def once(values: Matrix) -> Exact:
    """One exact quantity against one formula."""
    return lambda one: measured(one, values(one))


def part(values: Matrix, rows: slice, columns: slice) -> Matrix:
    """One 2×2 block."""
    return lambda one: values(one)[..., rows, columns]


def both_orders(one: Solved) -> Estimate:
    """S†S twice, then SS† twice."""
    return measured(one, np.stack([by_source(one), by_source(one), by_drain(one), by_drain(one)], axis=-3))


def overlap_in_N(one: Solved) -> Complex:
    """Overlap in N of the outgoing waves of electrons incident from N and from F."""
    S = s_matrix(one)
    return dagger(S[..., N, N]) @ S[..., N, F]


def received_from_N(one: Solved) -> Complex:
    """Overlap of what outgoing spinors in N and in F receive from N."""
    S = s_matrix(one)
    return S[..., N, N] @ dagger(S[..., F, N])


OPEN, CLOSED, ONLY = (True, True, True), (True, True, False), (False, True, False)
S_PROJ = r"S^{proj}_{\mathbf k}"
PRODUCT = rf"({S_PROJ})^\dagger {S_PROJ}"


def matrix(*entries: str) -> str:
    """Return a 2×2 matrix in LaTeX."""
    a, b, c, d = entries
    return rf"\begin{{pmatrix}} {a} & {b} \\ {c} & {d} \end{{pmatrix}}"


register(
    Equation(
        number="B1",
        says="The scattering matrix where every wave propagates.",
        quantity="S where all channels are open, all elements",
        exact=once(where(OPEN, s_matrix)),
        transcribed=eq.eqB1,
        tex=r"S_{\mathbf k}=" + matrix(r"\hat r", r"\hat t'", r"\hat t", r"\hat r'"),
        interfaces=ALL_OPEN,
    ),
    Equation(
        number="B1",
        says="Below (B1): S is unitary where every wave propagates.",
        quantity="S^dagger S where all channels are open, all elements",
        exact=twice(where(OPEN, by_source)),
        transcribed=eq.eqB1_unitary,
        tex=r"S_{\mathbf k}^\dagger S_{\mathbf k}=1",
        interfaces=ALL_OPEN,
    ),
    Definition(
        number="B2",
        says="The scattering matrix takes incoming to outgoing amplitudes.",
        tex=r"\begin{pmatrix} \psi^{N,out} \\ \psi^{F,out} \end{pmatrix}=S_{\mathbf k}"
        r"\begin{pmatrix} \psi^{N,in} \\ \psi^{F,in} \end{pmatrix}",
        why="it defines S",
    ),
    Equation(
        number="B3",
        says="The scattering matrix where only the minority band is evanescent.",
        quantity="S between open channels where only the minority band is closed",
        exact=once(where(CLOSED, s_matrix)),
        transcribed=eq.eqB3,
        tex=S_PROJ + "=" + matrix(r"\hat r", r"\hat t'u_-", r"u_-\hat t", r"u_-\hat r'u_-"),
        interfaces=MINORITY_CLOSED,
    ),
    Equation(
        number="B4",
        says="Unitarity of (B3).",
        quantity="S^dagger S where only the minority band is closed",
        exact=twice(where(CLOSED, by_source)),
        transcribed=eq.eqB4,
        tex=PRODUCT + "=" + matrix("1", "0", "0", "u_-"),
        interfaces=MINORITY_CLOSED,
    ),
    Equation(
        number="B5",
        says="The scattering matrix where only the majority band propagates, N being closed.",
        quantity="S between open channels where only the majority band is open",
        exact=once(where(ONLY, s_matrix)),
        transcribed=eq.eqB5,
        tex=S_PROJ + "=" + matrix("0", "0", "0", r"u_-\hat r'u_-"),
        interfaces=MAJORITY_ONLY,
    ),
    Equation(
        number="B6",
        says="Unitarity of (B5).",
        quantity="S^dagger S where only the majority band is open",
        exact=twice(where(ONLY, by_source)),
        transcribed=eq.eqB6,
        tex=PRODUCT + "=" + matrix("0", "0", "0", "u_-"),
        interfaces=MAJORITY_ONLY,
    ),
    Equation(
        number="B7",
        says="The scattering matrix in every regime, from the projected matrices of (7).",
        quantity="S between open channels, every regime, all elements",
        exact=once(s_matrix),
        transcribed=eq.eqB7,
        tex=S_PROJ + "=" + matrix(r"\hat 1\hat r", r"\hat 1\hat t'", r"\hat 1'\hat t", r"\hat 1'\hat r'"),
        interfaces=FINITE,
    ),
    Equation(
        number="B8",
        says="Unitarity in every regime, in either order.",
        quantity="S^dagger S and S S^dagger between open channels, every regime",
        exact=both_orders,
        transcribed=eq.eqB8,
        tex=PRODUCT + rf"={S_PROJ}({S_PROJ})^\dagger=" + matrix(r"\hat 1", "0", "0", r"\hat 1'"),
        interfaces=FINITE,
    ),
    Equation(
        number="B9a",
        says="All flux incident from N leaves, for any spinor.",
        quantity="outgoing flux matrix of waves from N",
        exact=twice(part(by_source, N, N)),
        transcribed=eq.eqB9a,
        tex=r"\hat r^\dagger\hat 1\hat r+\hat t^\dagger\hat 1'\hat t=\hat 1",
        interfaces=FINITE,
    ),
    Equation(
        number="B9b",
        says="All flux incident from F leaves, for any spinor.",
        quantity="outgoing flux matrix of waves from F",
        exact=twice(part(by_source, F, F)),
        transcribed=eq.eqB9b,
        tex=r"\hat r'^\dagger\hat 1'\hat r'+\hat t'^\dagger\hat 1\hat t'=\hat 1'",
        interfaces=FINITE,
    ),
    Equation(
        number="B9c",
        says="Waves incident from N and from F leave orthogonal to each other.",
        quantity="overlap in N of waves from N and F: first term, and minus the second",
        exact=twice(overlap_in_N),
        transcribed=eq.eqB9c,
        tex=r"\hat r^\dagger\hat 1\hat t'+\hat t^\dagger\hat 1'\hat r'=0",
        interfaces=FINITE,
    ),
    Equation(
        number="B10a",
        says="Outgoing channels of N are filled by all sources together; lost primes of t' restored.",
        quantity="what outgoing spinors in N receive",
        exact=twice(part(by_drain, N, N)),
        transcribed=eq.eqB10a,
        tex=r"\hat 1(\hat r\hat r^\dagger+\hat t'\hat t'^\dagger)\hat 1=\hat 1",
        interfaces=FINITE,
    ),
    Equation(
        number="B10b",
        says="Outgoing channels of F are filled by all sources together.",
        quantity="what outgoing spinors in F receive",
        exact=twice(part(by_drain, F, F)),
        transcribed=eq.eqB10b,
        tex=r"\hat 1'(\hat r'\hat r'^\dagger+\hat t'\hat t'^\dagger)\hat 1'=\hat 1'",
        corrected=eq.eqB10b_corrected,
        corrected_tex=r"\hat 1'(\hat r'\hat r'^\dagger+\hat t\hat t^\dagger)\hat 1'=\hat 1'",
        kind="marks",
        off_by="a swapped symbol: t t^dagger, not t' t'^dagger, from the lower right block of (B8)",
        interfaces=FINITE,
    ),
    Equation(
        number="B10c",
        says="Outgoing channels of N and F are independent; lost primes of t', r' and the last 1' restored.",
        quantity="overlap of what spinors in N and F receive from N: first term, and minus the second",
        exact=twice(received_from_N),
        transcribed=eq.eqB10c,
        tex=r"\hat 1(\hat r\hat t^\dagger+\hat t'\hat r'^\dagger)\hat 1'=0",
        interfaces=FINITE,
    ),
    Statement(
        "unitarity-minority-closed-reversed",
        "Below (B6): (B4) holds in reversed order.",
        relation(
            twice(where(CLOSED, by_drain)),
            eq.eqB4_reversed,
            "S S^dagger where only the minority band is closed",
            "Every outgoing channel is filled.",
            MINORITY_CLOSED,
        ),
    ),
    Statement(
        "unitarity-majority-only-reversed",
        "Below (B6): (B6) holds in reversed order.",
        relation(
            twice(where(ONLY, by_drain)),
            eq.eqB6_reversed,
            "S S^dagger where only the majority band is open",
            "Every outgoing channel is filled.",
            MAJORITY_ONLY,
        ),
    ),
    Statement(
        "unitarity-of-extended-matrices",
        'Above (B2): the appendix leaves out the subscript "ex"; (B7) would hold of the extended matrices.',
        relation(
            once(s_matrix),
            eq.eqB7_extended,
            "S between open channels, every regime, all elements",
            "(B7) to (B10) hold of the projected matrices (7): its projectors act on outgoing channels only.",
        ),
    ),
)
