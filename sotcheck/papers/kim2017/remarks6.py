"""Sec. VI B in words: with layers beneath the same formulas hold, given what is measured of the layers."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from functools import lru_cache

import numpy as np

from sotcheck.engines import reference
from sotcheck.exact.layers import Local, angles_for
from sotcheck.exact.solved import ANGLES
from sotcheck.exact.transfer import split
from sotcheck.numerics.arrays import Array, Complex
from sotcheck.numerics.estimate import Estimate
from sotcheck.numerics.quadrature import sample
from sotcheck.papers.kim2017 import paper
from sotcheck.papers.kim2017 import section6 as eq
from sotcheck.papers.kim2017.finite_rashba import column
from sotcheck.system.interface import Interface
from sotcheck.system.spin import IDENTITY
from sotcheck.system.structure import Region
from sotcheck.theory.amplitudes import closed_forms
from sotcheck.theory.symbols import Symbols
from sotcheck.trial.grounds import GENERAL
from sotcheck.trial.judge import real
from sotcheck.trial.verdict import Trial, compare
from sotcheck.trial.words import whether

#: Another ferromagnet, its magnetization in no plane with m and z.
OTHER = Region(0.3, 0.5, (0.36, 0.48, -0.8))
INSULATING = GENERAL[0].with_(U_F=2.4, J=0.2)
#: By name: the interface with the first layer beneath, that layer's thickness, what follows.
STACKS: dict[str, tuple[Interface, float, tuple[Region, ...]]] = {
    "a ferromagnet on another": (GENERAL[0].with_(h_R=0.4), 0.9, (OTHER,)),
    "an insulating insertion on a ferromagnet": (INSULATING.with_(h_R=0.4), 0.7, (OTHER,)),
    "ferromagnet, spacer, ferromagnet, vacuum": (
        GENERAL[3].with_(h_R=0.4), 1.3,
        (Region(0.2, thickness=0.8), Region(0.3, 0.5, OTHER.direction, 1.1), Region(6.0)),
    ),
}  # fmt: skip


@lru_cache(maxsize=16)
def stack(name: str, engine: str) -> Local:
    """Return a stack's solutions at a few k_⊥."""
    iface, thickness, layers = STACKS[name]
    return Local(engine, iface, tuple(sample(iface.thresholds(), 2).tolist()), thickness, layers)


def tried(
    words: str, said: Array | Complex, found: Estimate, why: str, local: Local, inverted: Complex = IDENTITY
) -> Trial:
    """Return the trial of complex matrices, with rounding relative to the largest element."""
    size = local.rounding * float(np.linalg.cond(inverted).max()) * max(1.0, float(np.abs(found.value).max()))
    own = found.and_("rounding", size, "double precision, amplified by the inversions").parts
    return Trial(words, compare(real(np.broadcast_to(said, found.shape)), own), why)


@paper.statement("layers-series", number="46a")
def series_holds(engine: str) -> Iterator[Trial]:
    """Orders 1 to 5 of (46a) hold whatever lies beneath, given the unperturbed r_ex of all of it."""
    for name, (iface, _, _) in STACKS.items():
        local, angles = stack(name, engine), ANGLES[:2]
        found = local.coefficients(angles, len(eq.ORDERS))
        k_perp = np.array(local.k_perp)
        beneath = replace(closed_forms(iface, k_perp**2), r_ex=local.reflection(angles[:1], 0.0)[:, 0])
        symbols = Symbols(iface, k_perp, angles, given=beneath)
        why = "read off r_ex at complex h_R, against (46a) with r_ex of the stack at h_R = 0"
        for n in eq.ORDERS:
            words = f"coefficient of h_R^{n} in r_ex, {name}"
            yield tried(words, eq.order(symbols, n), found[n - 1], why, local)


@paper.statement("layers-transfer", number="45")
def transfer_holds(engine: str) -> Iterator[Trial]:
    """Equations (41) to (45) hold with the transfer matrix of other layers beneath."""
    for name, (iface, _, _) in STACKS.items():
        local = stack(name, engine)
        after, before = (local.from_above(angles_for(h_R), h_R) for h_R in (iface.h_R, 0.0))
        # M_{0→L} is told by the waves beneath, per wave e^{iK̂_z z} instead of per transmitted one.
        (right, left), (right_0, left_0) = local.below(after), local.below(before)
        m, m_0 = split(local, after, right), split(local, before, right_0)
        ratios = [column(IDENTITY, b @ np.linalg.inv(w)) for w, b in ((right, left), (right_0, left_0))]
        over, over_0 = (eq.Over(iface, np.array(local.k_perp), ANGLES, ratio) for ratio in ratios)
        incident, reflected = local.above(after)
        difference, total = (m_0[..., :2, :] + sign * m_0[..., 2:, :] for sign in (-1, 1))
        why = "the formula with the amplitudes measured beneath the interface"
        for what, expected, found in (
            ("(41): r_ex", eq.eq41(over)[..., :2, :], reflected @ np.linalg.inv(incident)),
            ("(43a): m at h_R = 0", eq.eq43a(over_0), m_0),
            ("(43b): change of m", eq.eq43b(over_0), m - m_0),
            ("(44): difference of m", eq.eq44_difference(over_0), difference),
            ("(44) corrected: sum of m", eq.eq44_sum.confirmed(over_0), total),
            ("(45): change of m", eq.eq45(over_0), m - m_0),
        ):
            yield tried(f"{what}, {name}", expected, Estimate(found), why, local, incident)


@paper.statement("layers-details")
def details_matter(engine: str) -> Iterator[Trial]:
    """The reflection matrix itself depends on what lies beneath; its expression does not."""
    for name, (iface, _, _) in STACKS.items():
        local = stack(name, engine)
        alone, at = Local(engine, iface, local.k_perp), (angles_for(0.0), 0.0)
        change = np.abs(local.reflection(*at) - alone.reflection(*at)).max()
        words = f"r_ex depends on what lies beneath the first layer (1: it does), {name}"
        yield whether(words, change > 1e-3, f"r_ex at h_R = 0 changes by up to {change:.2g}")


@paper.statement("layers-engines", asks="others")
def engines_agree(engine: str) -> Iterator[Trial]:
    """Both exact engines give the same reflection matrix of layered structures."""
    for name, (iface, _, _) in STACKS.items():
        found, expected = (stack(name, one).reflection(ANGLES, iface.h_R) for one in (engine, reference()))
        why = "a chain with cells in every layer against wave matrices"
        words = f"r_ex at h_R = {iface.h_R:g}, {name}"
        yield tried(words, expected, Estimate(found), why, stack(name, engine))
