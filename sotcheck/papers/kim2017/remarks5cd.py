"""Secs. V C and V D in words: what is said of models (25) and (33), of (29) and of Fig. 8."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

import numpy as np

from sotcheck.exact.finite import measured
from sotcheck.exact.observables import complex_torque
from sotcheck.exact.solved import Solved, solved, total
from sotcheck.exact.totals import Points, averaged, linear_torque
from sotcheck.numerics.arrays import Array
from sotcheck.numerics.convergence import richardson
from sotcheck.numerics.estimate import Estimate
from sotcheck.papers.kim2017 import BULK, INSULATOR, INSULATOR_BARRIER, TOPOLOGICAL, paper
from sotcheck.papers.kim2017.section5b import FINITE, TAU, TAU_C, by_source
from sotcheck.papers.kim2017.section5cd import FRONT, eq29, fig8
from sotcheck.system.interface import SOURCES, Interface
from sotcheck.trial.entries import Statement
from sotcheck.trial.grounds import symbols
from sotcheck.trial.verdict import Trial, compare
from sotcheck.trial.words import Judge, on_each, span, vanishes, whether

#: Model (25), with and without an interface potential.
INSULATORS = INSULATOR + INSULATOR_BARRIER
#: Model (33), with and without an interface potential, which (33) does not have.
TOPOLOGICALS = TOPOLOGICAL + tuple(
    iface.with_(name=f"{iface.name}-barrier", u_0=0.5, u_m=-0.3) for iface in TOPOLOGICAL
)
DAMPINGLIKE = "dampinglike torque"
OF_F = ("majority", "minority")


def no_torque(interfaces: tuple[Interface, ...], sources: tuple[str, ...], name: str) -> Judge:
    """Return the judge of a first-order torque, or its dampinglike component, that is zero at each k_⊥."""

    @on_each(*interfaces)
    def judge(one: Solved) -> Iterator[Trial]:
        found = by_source(one)[:, [SOURCES.index(source) for source in sources]]
        found = found.imag if name == DAMPINGLIKE else found.each(np.abs)
        words = f"{name} at each k_perp, {', '.join(sources)}, {one.iface.name}"
        scale = float(np.abs(by_source(one).value).max())
        yield vanishes(words, found, f"against a torque of {scale:.3g}", scale=scale)

    return judge


def fieldlike(**parameters: Array | float) -> Estimate:
    """Return the fieldlike torque of electrons from N, all k_⊥, at points of a plane."""
    return linear_torque(Points.of(**parameters))[:, 0].real


paper.add(
    Statement("insulator-from-N-only",
        "Sec. V C: with both bands of F evanescent, only electrons from N have a torque.",
        no_torque(INSULATORS, OF_F, "torque per relaxation time of F")),
    Statement("insulator-no-dampinglike",
        "Sec. V C: to first order, no dampinglike torque on a ferromagnetic insulator, whatever u_0 and u_m.",
        no_torque(INSULATORS, ("normal",), DAMPINGLIKE)),
)  # fmt: skip


@paper.statement("insulator-no-dampinglike-plane", asks="first")
def dampinglike_plane(engine: str) -> Iterator[Trial]:
    """Sec. V C: the same, all k_perp, for interface potentials of either sign."""
    u = np.linspace(-2, 2, 9)
    found = linear_torque(Points.of(E_F=0.9, U_F=2.0, J=0.8, u_0=u[:, None], u_m=u))[:, 0]
    scale = float(np.abs(found.value).max())
    words = "dampinglike torque, 9 x 9 values of u_0 and u_m from -2 to 2"
    yield vanishes(words, found.imag, f"against fieldlike torques up to {scale:.3g}", scale=scale)


def _odd_in_m(one: Solved, times: Array, what: str) -> Iterator[Trial]:
    """Yield that a torque is odd in m at any h_R, but not along m × ŷ alone."""
    m, name = one.iface.direction, one.iface.name
    # Majority and minority, and all else, are those of the opposite magnetization.
    plus, minus = (averaged(solved(one.engine, one.iface.with_(h_R=FINITE, m=tuple(s * m)))) for s in (1, -1))
    both = plus + minus, plus - minus
    even, odd = (found.each(lambda array: np.einsum("nsi,s->ni", array, times) / 2) for found in both)
    words = f"part even in m at each k_perp, {what}, h_R = {FINITE:g}, {name}"
    why = "time reversal turns every state into one of -k and -m"
    yield vanishes(words, even, why, scale=float(np.abs(odd.value).max()))
    number = complex_torque(odd.value, m)
    words = f"component along m x (y x m), {what}, is not zero at h_R = {FINITE:g} (1), {name}"
    why = f"up to {np.abs(number.imag / number.real).max():.2g} of that along m x y; odd in m"
    yield whether(words, np.abs(number.imag).max() > 1e3 * one.rounding, why)


paper.add(Statement("insulator-odd-in-m",
    "Beyond (27): at any h_R the torque on a ferromagnetic insulator is odd in m, but not along m x y alone.",
    on_each(INSULATOR_BARRIER[0])(partial(_odd_in_m, times=TAU, what="electrons from N"))))  # fmt: skip


@paper.statement("dampinglike-evanescent-in-N")
@on_each(*BULK)
def evanescent_in_N(one: Solved) -> Iterator[Trial]:
    """Sec. V C, of Sec. V A: waves evanescent in the normal metal are what gives a dampinglike torque."""
    found, N_open = by_source(one).imag, one.states.kz[:, 0, 0].real > 0
    size = np.abs(found.value)
    words = f"dampinglike torque where k_z is imaginary (1: at every k_perp), {one.iface.name}"
    why = f"at most {size[~N_open].max():.2g}, with k_z real up to {size[N_open].max():.2g}"
    yield whether(words, np.all(size[~N_open].max(axis=-1) > found.total), why)


@paper.statement("dampinglike-evanescent-in-F")
@on_each(*BULK)
def evanescent_in_F(one: Solved) -> Iterator[Trial]:
    """Corrected: waves that propagate in N and are evanescent in the minority band of F do."""
    found = by_source(one).imag
    region = (one.states.kz[:, 0, 0].real > 0) & (one.states.Kz[:, 0, 0, 0].real == 0)
    inside, outside = np.abs(found.value[region]), np.abs(found.value[~region])
    words = f"dampinglike torque for real k_z, imaginary k_z^+, and only there (1), {one.iface.name}"
    holds = np.all(inside.max(axis=-1) > 1e3 * found.total) and np.all(outside < found.total)
    yield whether(words, holds, f"up to {inside.max():.3g} there, {outside.max():.1g} elsewhere")


@paper.statement("insulator-maximum", asks="first")
def maximum_in_J(engine: str) -> Iterator[Trial]:
    """Below (28): at E_F = U - J the torque has its maximum at J = U/3."""
    U, steps = 1.8, 0.1 * 0.5 ** np.arange(4)
    J = U / 3 + np.concatenate([steps, -steps, [0.0, 0.3, -0.3]])
    found = fieldlike(E_F=U - J, U_F=U, J=J)
    above, below, (top, *beside) = np.split(found.value, (4, 8))
    slope = richardson((above - below) / (2 * steps), (2, 4, 6))
    slope = slope.and_("differences", found.total / steps[-1], "rounding over the step in J")
    comparison = compare(0.0, slope, scale=float(top / J[8]))
    yield Trial("d torque / dJ at E_F = U - J, J = U/3", comparison, "central differences")
    why = f"{top:.4g} against {beside[0]:.4g} and {beside[1]:.4g}"
    yield whether("torque at J = U/3 is above that at J = U/3 +- 0.3 (1)", top > max(beside), why)


@paper.statement("insulator-grows", asks="first")
def grows_with_E_F(engine: str) -> Iterator[Trial]:
    """Below (28): the torque vanishes with E_F and grows with it up to E_F = U - J."""
    found = fieldlike(E_F=np.linspace(0, 1.2, 13)[1:], U_F=1.8, J=0.6).value
    why = f"from {found[0]:.3g} at E_F = 0.1 to {found[-1]:.3g}"
    yield whether("torque grows with E_F up to U - J (1), U = 1.8, J = 0.6", np.all(np.diff(found) > 0), why)
    small = fieldlike(E_F=np.array([1e-4, 4e-4]), U_F=1.8, J=0.6)
    first, second = small.value.tolist()
    ratio = Estimate(second / first, {"plane": (64 * small.total / second, "rounding")})
    words = "torque at E_F = 4e-4 over that at 1e-4: 4^(5/2)"
    yield Trial(words, compare(32.0, ratio), "vanishes as E_F^(5/2)")


@paper.statement("insulator-bound", asks="first")
def bound(engine: str) -> Iterator[Trial]:
    """(29) as an inequality: no torque is larger."""
    U, alpha, beta = 1.8, np.linspace(0, 1, 22)[1:-1, None], np.linspace(0, 1, 11)[1:]
    found = fieldlike(E_F=beta * (1 - alpha) * U, U_F=U, J=alpha * U).value.max()
    limit = float(eq29(symbols(solved(engine, INSULATOR[0].with_(U_F=U)))))
    words = "torque over the plane of J/U and E_F/(U - J) stays below the bound (1)"
    yield whether(words, found <= limit, f"at most {found / limit:.4f} of the bound: it is never reached")


def _fig8(one: Solved, number: float, power: float) -> Iterator[Trial]:
    """Yield the torque in the unit of Fig. 8, with a number for its 8 and a power of U."""
    U, J, E_F = one.iface.U_F, one.iface.J, one.iface.E_F
    unit = number * FRONT * (E_F / (U - J)) ** 2.5 * U**power
    words = f"torque in the unit of Fig. 8 at J/U = {J / U:.3g}, {one.iface.name}"
    comparison = compare(fig8(np.array(J / U)), total(one.engine, one.iface)[0].real / unit)
    yield Trial(words, comparison, "the curve is the last factor of (30)", "normal")


paper.add(
    Statement("fig8-unit",
        "Caption of Fig. 8: in a unit with 8 and 1/U^(3/2) the torque is the last factor of (30).",
        on_each(*INSULATOR)(partial(_fig8, number=8, power=-1.5))),
    Statement("fig8-unit-corrected",
        "In a unit with 2 and U^(3/2), and the charge e that the caption lacks, it is.",
        on_each(*INSULATOR)(partial(_fig8, number=2, power=1.5))),
)  # fmt: skip


@paper.statement("topological-no-reflection")
@on_each(*TOPOLOGICAL)
def no_reflection(one: Solved) -> Iterator[Trial]:
    """Below (34): r vanishes where N is insulating."""
    r = measured(one, np.abs(one.states.amplitudes()[0][:, :, 0]))
    yield vanishes(f"r, all elements, {one.iface.name}", r, "no wave arrives from N", scale=1.0)


@on_each(*TOPOLOGICAL)
def equal_times(one: Solved) -> Iterator[Trial]:
    """That the torque at equal relaxation times is nowhere zero."""
    found = by_source(one) @ TAU_C
    words = f"fieldlike torque at tau^up = tau^down is not zero (1: at every k_perp), {one.iface.name}"
    yield whether(words, np.all(np.abs(found.value) > 1e3 * found.total), span(found.value))


paper.add(
    Statement("topological-minority-closed",
        "Below (36): minority electrons do not contribute where E_F < J.",
        no_torque(TOPOLOGICAL[:1], ("minority",), "torque per tau^down")),
    Statement("topological-no-dampinglike",
        "Below (36): to first order, no dampinglike torque where N is insulating, whatever the interface.",
        no_torque(TOPOLOGICALS, OF_F, DAMPINGLIKE)),
    Statement("topological-equal-times", "Below (36): there is a torque even if tau^up = tau^down.",
        equal_times),
    Statement("topological-odd-in-m",
        "Beyond (36): with tau^up = tau^down the torque is odd in m at any h_R, but not along m x y alone.",
        on_each(TOPOLOGICAL[1])(partial(_odd_in_m, times=TAU_C, what="tau^up = tau^down"))),
)  # fmt: skip
