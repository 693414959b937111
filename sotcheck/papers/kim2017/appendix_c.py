"""Appendix C: states bound to the interface. Its statements in words: `remarks_bc`.

In the matching unit 2mₑ/ħ² = 1, so mₑ/ħ² = 1/2. The upper sign belongs to the minority band, +J.
"""

from __future__ import annotations

from functools import partial

import numpy as np

from sotcheck.exact.delta_states import bound, simple_thresholds
from sotcheck.exact.quantity import Quantity
from sotcheck.numerics.arrays import Array
from sotcheck.papers.kim2017 import paper
from sotcheck.system.interface import Interface
from sotcheck.theory.symbols import Symbols

#: No barriers; h_R k_max binds a state of either spin. The first has J = 1, an eV in what follows.
INTERFACES = tuple(
    Interface(name=f"bound-{number}", E_F=E_F, J=J, h_R=h_R, m=(2.0, -1.0, 2.0))
    for number, (E_F, J, h_R) in enumerate(((1.5, 1.0, 0.8), (0.9, 0.4, 0.9), (2.0, 1.6, 0.9)), 1)
)
tried = partial(paper.equation, on=INTERFACES)

K_MAX = r"k_\perp^{max}"
EQ_C4 = rf"2q_{{1/2}} = h_R {K_MAX} \pm \frac{{%s m_e}}{{\hbar^2 {K_MAX} h_R}}"

paper.define(
    "C1",
    "The simplified model: an attractive delta of the largest strength, for both spins.",
    tex=r"H = -\frac{\hbar^2 \nabla^2}{2m_e} \pm J \Theta(z)"
    rf" - \frac{{\hbar^2}}{{2m_e}} h_R {K_MAX} \delta(z)",
    why="a model; the exact threshold of the Rashba term itself is tried beside (C5)",
)


@tried("C2",
    of=Quantity("(q_2 - q_1)(q_2 + q_1), by band", bound(lambda q: (q[:, 1] - q[:, 0]) * q.sum(axis=1))),
    tex=r"(q_2 - q_1)(q_2 + q_1) = \pm \frac{2 m_e J}{\hbar^2}")  # fmt: skip
def eqC2(s: Symbols) -> Array:
    """The decay constants on the two sides differ by the exchange splitting."""
    return np.array([1.0, -1.0]) * s.iface.J


@tried("C3", of=Quantity("q_2 + q_1, by band", bound(lambda q: q.sum(axis=1))),
    tex=rf"\frac{{\hbar^2}}{{2m_e}} (q_2 + q_1) = \frac{{\hbar^2}}{{2m_e}} h_R {K_MAX}")  # fmt: skip
def eqC3(s: Symbols) -> Array:
    """The delta makes the slope jump by the sum of the decay constants."""
    k_max = np.sqrt(s.iface.thresholds()[-1])
    return s.iface.h_R * k_max


@tried("C4", of=Quantity("2q, the smaller and the larger, by band", bound(lambda q: 2 * np.sort(q, axis=1))),
    tex=EQ_C4 % "J")  # fmt: skip
def eqC4(s: Symbols, number: int = 1) -> Array:
    """The decay constants of the bound state."""
    strength = s.iface.h_R * np.sqrt(s.iface.thresholds()[-1])
    return strength + np.array([-1.0, 1.0]) * number * s.iface.J / 2 / strength


eqC4.correction("a factor 2 in the second term, from (C2) over (C3); (C5) follows from the right one",
    kind="content", tex=EQ_C4 % "2 J")(partial(eqC4.transcribed, number=2))  # fmt: skip


@tried("C5", of=Quantity("least strength that binds, by band", simple_thresholds),
    tex=rf"|h_R {K_MAX}| > \sqrt{{\frac{{2 m_e J}}{{\hbar^2}}}}")  # fmt: skip
def eqC5(s: Symbols) -> Array:
    """No state is bound in the simplified model unless the delta is stronger than this."""
    return np.sqrt(s.iface.J)
