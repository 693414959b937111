"""App. A 1 on trial from (A10) on: conductances, and in-plane currents from a perpendicular bias."""

from __future__ import annotations

from sotcheck.exact.conductances import (  # fmt: skip
    along_m,
    charge,
    conductance,
    discontinuity,
    gain,
    in_plane,
    perpendicular,
    spin,
    whole,
)
from sotcheck.exact.solved import Exact
from sotcheck.papers.kim2017 import appendix_a1_conductances as eq
from sotcheck.papers.kim2017 import appendix_a1_plane as plane
from sotcheck.papers.kim2017 import appendix_a1_tex as tex
from sotcheck.papers.kim2017.appendix_a1 import PLANE
from sotcheck.papers.kim2017.old import Equation
from sotcheck.trial import entries
from sotcheck.trial.entries import Formula, Kind
from sotcheck.trial.grounds import GENERAL

SWAPPED = "a swapped symbol: t' Delta-mu^F t'^dagger from (A8a), not r Delta-mu^F t'^dagger"


def _entry(
    number: str,
    says: str,
    quantity: str,
    exact: Exact,
    transcribed: Formula,
    corrected: Formula | None = None,
    off_by: str = "",
    kind: Kind | None = None,
    order: str = "h_R^3",
) -> entries.Equation:
    return Equation(
        number=number,
        says=says,
        quantity=quantity,
        exact=exact,
        transcribed=transcribed,
        tex=tex.TRANSCRIBED[number],
        corrected=corrected,
        corrected_tex=tex.CORRECTED[number] if corrected else "",
        kind=kind,
        off_by=off_by,
        interfaces=GENERAL,
        order=order,
    )


FAR = "in the plane, mean over z < 0"
JUMP = "jump of the {} current in the plane from N to F, means over z"
OPEN_ONLY = "a missing projection: of a closed band of F the current is all in N, and F's bias drives none"
NO_DIRECTION = "a missing direction: the right-hand side is the component along m, as in (A13b)"

ENTRIES: tuple[entries.Equation, ...] = (
    _entry(
        "A10a",
        "The charge current along z, by charge and spin biases.",
        "charge current along z at h_R = 0, every bias",
        perpendicular(charge),
        eq.eqA10a,
        eq.eqA10a_corrected,
        "a star in the conductance below it: 1 - r^s r^s'*",
        "marks",
        "h_R^2",
    ),
    _entry(
        "A10b",
        "The spin current along z; its transverse part defines the spin-mixing conductance.",
        "spin current along z at h_R = 0, every bias",
        perpendicular(spin),
        eq.eqA10b,
        eq.eqA10b_corrected,
        "a star in the conductance below it: 1 - r^s r^s'*",
        "marks",
        "h_R^2",
    ),
    _entry(
        "A11",
        "The in-plane current in N to first order, before the average over angles: biases of N.",
        f"charge and spin current {FAR}, at each angle, biases of N",
        in_plane(whole, PLANE, slice(0, 4), averaged=False),
        eq.eqA11_normal,
    ),
    _entry(
        "A11",
        "The same for biases of F.",
        f"charge and spin current {FAR}, at each angle, biases of F",
        in_plane(whole, PLANE, slice(4, 6), averaged=False),
        eq.eqA11_ferromagnet,
        eq.eqA11_ferromagnet_corrected,
        SWAPPED,
        "marks",
    ),
    _entry(
        "A12",
        "The in-plane current in N to first order, averaged over angles: biases of N.",
        f"charge and spin current {FAR}, by k_perp, biases of N",
        in_plane(whole, PLANE, slice(0, 4)),
        eq.eqA12_normal,
    ),
    _entry(
        "A12",
        "The same for biases of F.",
        f"charge and spin current {FAR}, by k_perp, biases of F",
        in_plane(whole, PLANE, slice(4, 6)),
        eq.eqA12_ferromagnet,
        eq.eqA12_ferromagnet_corrected,
        SWAPPED,
        "marks",
    ),
    _entry(
        "A13a",
        "In-plane charge current in N of charge and collinear spin biases.",
        f"charge current {FAR}, s = m",
        in_plane(charge, PLANE, collinear=True),
        plane.eqA13a_collinear,
    ),
    _entry(
        "A13a",
        "In-plane charge current in N of all biases, spins in any direction.",
        f"charge current {FAR}, every bias",
        in_plane(charge, PLANE),
        plane.eqA13a,
        plane.eqA13a_corrected,
        "indices and a star before the transverse bias: G^udd - G^duu* (u up, d down), not G^uud - G^ddu",
        "marks",
    ),
    _entry(
        "A13b",
        "In-plane spin current in N along m, of charge and collinear spin biases.",
        f"spin current along m {FAR}, s = m",
        lambda one: in_plane(along_m(one), PLANE, collinear=True)(one),
        plane.eqA13b_along,
    ),
    _entry(
        "A13b",
        "In-plane spin current in N of all biases, spins in any direction.",
        f"spin current {FAR}, every bias",
        in_plane(spin, PLANE),
        plane.eqA13b,
        plane.eqA13b_corrected,
        "stars: every second conductance off the diagonal is conjugated, G^duu*; and swapped indices: udd,"
        " duu before [...] along m, and uud, ddu in the last term (u up, d down)",
        "marks",
    ),
    _entry(
        "A14a",
        "Conductances of reflection, Rashba scattering s' to s: what r gains, times its own conjugate.",
        "G_Rr by k_perp, all eight",
        conductance(0),
        eq.eqA14a,
        order="h_R^2",
    ),
    _entry(
        "A14b",
        "Conductances of transmission from F, lost primes restored, over the range of (A12).",
        "G_Rt by k_perp, all eight",
        conductance(3),
        eq.eqA14b,
        order="h_R^2",
    ),
    _entry(
        "A15a",
        "The jump of the in-plane charge current, every channel open; a stray Delta before G is left out.",
        JUMP.format("charge") + ", every bias, all channels open",
        discontinuity(charge, PLANE, open_only=True),
        plane.eqA15a_open,
    ),
    _entry(
        "A15a",
        "The same over the whole range k_perp < k_F, bands of F closed or not.",
        JUMP.format("charge") + ", every bias",
        discontinuity(charge, PLANE, open_only=False),
        plane.eqA15a,
        plane.eqA15a_corrected,
        OPEN_ONLY,
        "content",
    ),
    _entry(
        "A15b",
        "The jump of the in-plane spin current at the interface, every channel open.",
        JUMP.format("spin") + ", every bias, all channels open",
        discontinuity(spin, PLANE, open_only=True),
        plane.eqA15b_open,
        plane.eqA15b_open_corrected,
        NO_DIRECTION,
        "content",
    ),
    _entry(
        "A15b",
        "The same over the whole range k_perp < k_F, bands of F closed or not.",
        JUMP.format("spin") + ", every bias",
        discontinuity(spin, PLANE, open_only=False),
        plane.eqA15b,
        plane.eqA15b_corrected,
        f"{NO_DIRECTION}; and {OPEN_ONLY}",
        "content",
    ),
    _entry(
        "A16",
        "Conductances of the jump: what r gains by Rashba scattering s' to s.",
        "G_RDelta by k_perp, all four",
        gain,
        eq.eqA16,
        order="h_R^2",
    ),
)
