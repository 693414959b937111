"""Appendix C on trial: states bound to the interface, and what binds them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import lru_cache, partial

import numpy as np
from scipy import constants
from scipy.optimize import brentq

from sotcheck.exact.layers import stiffness
from sotcheck.exact.solved import Solved
from sotcheck.numerics.arrays import Array, Complex
from sotcheck.numerics.convergence import richardson
from sotcheck.numerics.estimate import Estimate
from sotcheck.papers.kim2017 import appendix_c as eq
from sotcheck.papers.kim2017.old import Definition, Equation, Statement, Trial, register
from sotcheck.system.interface import Interface, rashba
from sotcheck.system.spin import projectors
from sotcheck.trial.verdict import compare

#: No barriers; h_R k_max binds a state of either spin. The first has J = 1, an eV in what follows.
INTERFACES = tuple(
    Interface(name=f"bound-{number}", E_F=E_F, J=J, h_R=h_R, m=(2.0, -1.0, 2.0))
    for number, (E_F, J, h_R) in enumerate(((1.5, 1.0, 0.8), (0.9, 0.4, 0.9), (2.0, 1.6, 0.9)), 1)
)
#: Decay constants below a continuum, from which its bottom is extrapolated; unit: √J.
LADDER = 0.4 * 0.5 ** np.arange(8)
POWERS = tuple(range(1, 8))
#: Absolute error allowed to a bound state's energy.
ROOT = 1e-15
#: Half a dozen operations on each decay constant.
ROUNDING = 64 * float(np.finfo(float).eps)


@lru_cache(maxsize=4096)
def decay(engine: str, iface: Interface, energy: float) -> tuple[Complex, Complex]:
    """Return the decay constants in N and F as matrices, at an energy less k_⊥²."""
    in_N, in_F = (stiffness(engine, (region,), energy, np.zeros(1))[0] for region in iface.structure.regions)
    return in_N, in_F


def by_band(engine: str, iface: Interface, energy: float) -> Array:
    """Return the decay constants (band, side) of both spins: minority and majority, N and F."""
    both = decay(engine, iface, energy)
    return np.array([[np.trace(u @ q).real for q in both] for u in projectors(iface.direction)])


def bottoms(iface: Interface) -> Array:
    """Return where each band's own continuum begins, less k_⊥²: minority, majority."""
    return np.minimum(iface.U_N, iface.U_F + iface.J * np.array([1.0, -1.0]))


@lru_cache(maxsize=64)
def bound(one: Solved) -> Array:
    """Return the decay constants (band, side) of the states that an attractive delta h_R k_max binds."""
    strength = one.iface.h_R * np.sqrt(one.iface.thresholds()[-1])
    found = []
    for band, bottom in enumerate(bottoms(one.iface)):

        def excess(energy: float, band: int = band) -> float:
            return float(by_band(one.engine, one.iface, energy)[band].sum() - strength)

        energy = float(brentq(excess, bottom - strength**2, bottom - 1e-9 * strength**2, xtol=ROOT))
        found.append(by_band(one.engine, one.iface, energy)[band])
    return np.array(found)


def exact(value: Array) -> Estimate:
    """Return a function of decay constants with its error."""
    return Estimate(
        value,
        {"rounding": (ROUNDING * float(np.abs(value).max()), "double precision, and of the root found")},
    )


def product(one: Solved) -> Estimate:
    """(q_2 − q_1)(q_2 + q_1), by band."""
    q_1, q_2 = bound(one).T
    return exact((q_2 - q_1) * (q_2 + q_1))


def total(one: Solved) -> Estimate:
    """q_2 + q_1, by band."""
    return exact(bound(one).sum(axis=1))


def both(one: Solved) -> Estimate:
    """2q_{1/2}, by band: the smaller, the larger."""
    return exact(2 * np.sort(bound(one), axis=1))


def at_bottom(thresholds: list[Array]) -> Estimate:
    """Return the limit of thresholds found for the decay constants LADDER √J below the bottom."""
    rows = np.array(thresholds)
    # A decay constant q is found from q², so with an error ε/q.
    return richardson(rows, POWERS, ROUNDING * np.abs(rows).max() / LADDER[:, None] + 0 * rows)


@lru_cache(maxsize=64)
def simple_thresholds(one: Solved) -> Estimate:
    """Return the least strength of an attractive delta that binds a state of each spin."""
    bands = list(enumerate(bottoms(one.iface)))

    def strengths(q: float) -> Array:
        found = [by_band(one.engine, one.iface, float(bottom) - q**2)[band] for band, bottom in bands]
        return np.array(found).sum(axis=1)

    return at_bottom([strengths(float(q)) for q in LADDER * np.sqrt(one.iface.J)])


def true_thresholds(one: Solved, m: tuple[float, float, float]) -> Estimate:
    """Return the least h_R k_⊥ for which the Rashba term binds a state below the continuum, by angle.

    The angles of k are those for which k×ẑ is along and against the in-plane part of m, and others.
    """
    iface = one.iface.with_(m=m)
    angles = np.arctan2(m[1], m[0]) + np.pi / 2 + np.arange(12) * np.pi / 6
    term = rashba(np.ones(12), angles)
    bottom = float(bottoms(iface).min())
    rows = []
    for q in LADDER * np.sqrt(iface.J):
        stiffness = sum(decay(one.engine, iface, bottom - float(q) ** 2))
        # The least w > 0 for which stiffness + w term is singular.
        rows.append(1 / np.linalg.eigvals(np.linalg.solve(-stiffness, term)).real.max(axis=-1))
    return at_bottom(rows)


def threshold(one: Solved) -> Estimate:
    """The least strength of an attractive delta that binds a state, by band."""
    fit = simple_thresholds(one)
    return Estimate(
        fit.value,
        {
            "next order": (
                fit.size("next order"),
                "last elimination of Richardson's table in the decay constant",
            ),
            "rounding": (fit.size("rounding"), "double precision, carried through the table"),
        },
    )


def length_at_1_eV(one: Solved) -> tuple[float, float]:
    """Return the inverse of the threshold in nm, with the energy unit such that J = 1 eV, and its error."""
    fit = simple_thresholds(one)
    unit = 1e9 * constants.hbar / np.sqrt(2 * constants.m_e * constants.electron_volt / one.iface.J)
    length = unit / fit.value.max()
    return length, length * float((fit.error).max() / fit.value.max())


def length_is(said: float) -> Callable[[str], Iterator[Trial]]:
    """Return the judge of a length in nm, the inverse of the threshold at J = 1 eV."""

    def judge(engine: str) -> Iterator[Trial]:
        length, error = length_at_1_eV(solved_here(engine)[0])
        yield Trial(
            quantity="length in nm",
            comparison=compare(said, length, {"rounding": (error, "of the threshold")}),
            explanation="0.14 nm belongs to 2J, the splitting of the bands; h_R > 1 is needed anyway",
            engine=engine,
        )

    return judge


def solved_here(engine: str) -> list[Solved]:
    """Return what this appendix is tried on."""
    return [Solved(engine, iface) for iface in INTERFACES]


def rashba_binds_later(engine: str) -> Iterator[Trial]:
    """Yield the exact threshold of the Rashba term for m in, tilted from and normal to the plane."""
    for name, m in (
        ("in the plane", (0.6, -0.8, 0.0)),
        ("tilted", (0.6, 0.0, 0.8)),
        ("normal", (0.0, 0.0, 1.0)),
    ):
        for one in solved_here(engine):
            fit = true_thresholds(one, m)
            least = int(np.argmin(fit.value))
            expected = eq.rashba_threshold(one.iface.J, float(np.hypot(m[0], m[1])))
            ratio = fit.value[least] / simple_thresholds(one).value.max()
            yield Trial(
                quantity=f"least h_R k_perp that binds, m {name}, J = {one.iface.J:g}",
                comparison=compare(
                    expected,
                    fit.value[least],
                    {
                        "next order": (
                            fit.size("next order")[least],
                            "last elimination in the decay constant",
                        ),
                        "rounding": (fit.size("rounding")[least], "double precision"),
                    },
                ),
                explanation=f"{ratio:.4f} times the bound (C5)",
                engine=engine,
            )


def bound_is_necessary(engine: str) -> Iterator[Trial]:
    """Yield the smallest exact threshold over m and k, which is that of (C5), met by m in the plane."""
    directions = ((0.6, -0.8, 0.0), (0.6, 0.0, 0.8), (0.36, 0.48, 0.8), (0.0, 0.0, 1.0))
    for one in solved_here(engine):
        fits = [true_thresholds(one, m) for m in directions]
        least = min(float(fit.value.min()) for fit in fits)
        error = max(float((fit.error).max()) for fit in fits)
        yield Trial(
            quantity=f"smallest h_R k_perp that binds, over m and k, J = {one.iface.J:g}",
            comparison=compare(
                float(np.sqrt(one.iface.J)), least, {"next order": (error, "extrapolation to the bottom")}
            ),
            explanation="no direction of m and k binds below (C5)",
            engine=engine,
        )


def counted(engine: str) -> Iterator[Trial]:
    """Yield how many states lie below the continuum a little below and above the threshold for m normal."""
    m = (0.0, 0.0, 1.0)
    for one in solved_here(engine):
        iface, J = one.iface.with_(m=m), one.iface.J
        stiffness = sum(decay(engine, iface, float(bottoms(iface).min()) - LADDER[-1] ** 4 * J))
        for factor, states in ((0.99, 0), (1.01, 1)):
            strength = factor * eq.rashba_threshold(J, 0.0)
            matching = stiffness + strength * rashba(np.array(1.0), np.array(0.3))
            number = int(np.count_nonzero(np.linalg.eigvalsh(matching) < 0))
            yield Trial(
                quantity=f"states at h_R k_perp = {factor:g} of the threshold, m normal, J = {J:g}",
                comparison=compare(float(states), float(number), {}),
                explanation="negative eigenvalues of the matching problem at the bottom of the continuum",
                engine=engine,
            )


def h_R_above_one(engine: str) -> Iterator[Trial]:
    """Yield whether h_R must exceed one to bind, at J = 1 eV and k_max = 1/(0.3 nm)."""
    one = solved_here(engine)[0]
    needed = 0.3 / length_at_1_eV(one)[0]
    yield Trial(
        quantity="h_R needed to bind a state at J = 1 eV exceeds one (1: it does)",
        comparison=compare(1.0, float(needed > 1), {}),
        explanation=f"h_R = {needed:.3f} at k_perp = 1/(0.3 nm), with the length that J = 1 eV has",
        engine=engine,
    )


Tried = partial(Equation, interfaces=INTERFACES)
K_MAX = r"k_\perp^{max}"

register(
    Definition(
        number="C1",
        says="The simplified model: an attractive delta of the largest strength, for both spins.",
        tex=r"H = -\frac{\hbar^2 \nabla^2}{2m_e} \pm J \Theta(z)"
        rf" - \frac{{\hbar^2}}{{2m_e}} h_R {K_MAX} \delta(z)",
        why="a model; the exact threshold of the Rashba term itself is tried beside (C5)",
    ),
    Tried(
        number="C2",
        says="The decay constants on the two sides differ by the exchange splitting.",
        quantity="(q_2 - q_1)(q_2 + q_1), by band",
        exact=product,
        transcribed=eq.eqC2,
        tex=r"(q_2 - q_1)(q_2 + q_1) = \pm \frac{2 m_e J}{\hbar^2}",
    ),
    Tried(
        number="C3",
        says="The delta makes the slope jump by the sum of the decay constants.",
        quantity="q_2 + q_1, by band",
        exact=total,
        transcribed=eq.eqC3,
        tex=rf"\frac{{\hbar^2}}{{2m_e}} (q_2 + q_1) = \frac{{\hbar^2}}{{2m_e}} h_R {K_MAX}",
    ),
    Tried(
        number="C4",
        says="The decay constants of the bound state.",
        quantity="2q, the smaller and the larger, by band",
        exact=both,
        transcribed=eq.eqC4,
        tex=rf"2q_{{1/2}} = h_R {K_MAX} \pm \frac{{J m_e}}{{\hbar^2 {K_MAX} h_R}}",
        corrected=eq.eqC4_corrected,
        corrected_tex=rf"2q_{{1/2}} = h_R {K_MAX} \pm \frac{{2 J m_e}}{{\hbar^2 {K_MAX} h_R}}",
        kind="content",
        off_by="a factor 2 in the second term, from (C2) over (C3); (C5) follows from the right one",
    ),
    Tried(
        number="C5",
        says="No state is bound in the simplified model unless the delta is stronger than this.",
        quantity="least strength that binds, by band",
        exact=threshold,
        transcribed=eq.eqC5,
        tex=rf"|h_R {K_MAX}| > \sqrt{{\frac{{2 m_e J}}{{\hbar^2}}}}",
    ),
    Statement(
        name="bound-state-necessary",
        says="The bound (C5) is necessary for the Rashba term itself, for every direction of m and k.",
        judge=bound_is_necessary,
        equation="C5",
    ),
    Statement(
        name="bound-state-length",
        says="Below (C5): its right-hand side at J = 1 eV is 1/(0.14 nm).",
        judge=length_is(eq.LENGTH_AT_1_EV),
    ),
    Statement(
        name="bound-state-length-corrected",
        says="The right-hand side of (C5) at J = 1 eV is 1/(0.195 nm).",
        judge=length_is(eq.length_at_1_eV()),
    ),
    Statement(
        name="bound-state-rashba",
        says="The Rashba term binds at (C5) when m lies in the plane, and up to sqrt(1 + sqrt 2) times later"
        " otherwise.",
        judge=rashba_binds_later,
    ),
    Statement(
        name="bound-state-count",
        says="Counted, one state appears where the Rashba term's threshold is passed.",
        judge=counted,
    ),
    Statement(
        name="bound-state-h-r",
        says="At J = 1 eV, h_R must exceed one to bind a state with k_perp below 1/(0.3 nm).",
        judge=h_R_above_one,
    ),
)
