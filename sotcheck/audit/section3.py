"""Sec. III on trial."""

from __future__ import annotations

from sotcheck.audit.registry import Equation, register
from sotcheck.audit.samples import Measured, Solved
from sotcheck.theory import section3 as eq


def change_of_r(one: Solved) -> Measured:
    """∂r̂/∂h_R at h_R = 0 of the exact reflection matrix."""
    return one.linear(one.states.amplitudes()[0])


register(
    Equation(
        number="10c",
        says="First-order change of the reflection matrix from N.",
        quantity="dr/dh_R at h_R = 0, all elements",
        exact=change_of_r,
        transcribed=eq.eq10c,
        tex=r"\hat r_k = \hat r_k^0 + \frac{h_R}{2ik_z}(1+\hat r^0_{k,ex})\,"
        r"\hat\sigma\cdot(\mathbf k\times\mathbf z)(\hat 1_k+\hat r_k^0)",
        order="h_R^2",
    ),
)
