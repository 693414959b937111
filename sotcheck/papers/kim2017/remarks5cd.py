"""Remarks of Secs. V C and V D in words, tried on exact numbers."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np

from sotcheck.engines import EXACT
from sotcheck.exact.currents import linear_torque_number
from sotcheck.exact.observables import components, torque_from_flows
from sotcheck.exact.plane import STEPS, Points, linear_torque
from sotcheck.exact.solved import Solved, solved
from sotcheck.exact.totals import total
from sotcheck.numerics.arrays import Array, Complex, Mask
from sotcheck.numerics.convergence import richardson
from sotcheck.papers.kim2017 import section5cd as eq
from sotcheck.papers.kim2017.models import BULK, INSULATOR, INSULATOR_BARRIER, TOPOLOGICAL
from sotcheck.papers.kim2017.old import Trial
from sotcheck.system.interface import SOURCES, Interface
from sotcheck.trial.grounds import symbols
from sotcheck.trial.verdict import compare

Judge = Callable[[str], Iterator[Trial]]
#: Not small: what holds at this h_R is no matter of first order.
FINITE = 0.4
#: Model (33) with an interface potential that (33) does not have.
TOPOLOGICAL_BARRIER = tuple(
    iface.with_(name=f"{iface.name}-barrier", u_0=0.5, u_m=-0.3) for iface in TOPOLOGICAL
)


def _linear(one: Solved) -> tuple[Complex, float]:
    """Return fieldlike + i dampinglike at each k_⊥ by source, (n, 3), and the largest error."""
    found = linear_torque_number(one)
    error = sum(float(np.max(size)) for size, _ in found.terms.values())
    return np.asarray(found.value, dtype=complex)[:, 0], error


def _zero(quantity: str, values: Array, error: float, scale: float, why: str) -> Trial:
    return Trial(
        quantity=quantity,
        comparison=compare(
            0 * values, values, {"differences": (error, "Richardson's table in h_R, rounding")}, scale=scale
        ),
        explanation=why,
    )


def vanishes(
    interfaces: tuple[Interface, ...], sources: tuple[str, ...], part: Callable[[Complex], Array], name: str
) -> Judge:
    """Return the judge of a first-order torque that is zero, at each k_⊥."""

    def judge(engine: str) -> Iterator[Trial]:
        for iface in interfaces:
            value, error = _linear(solved(engine, iface))
            chosen = part(value[:, [SOURCES.index(source) for source in sources]])
            scale = float(np.abs(value).max())
            yield _zero(
                f"{name} at each k_perp, {', '.join(sources)}, {iface.name}",
                chosen,
                error,
                scale,
                f"against a torque of {scale:.3g}",
            )

    return judge


insulator_no_dampinglike = vanishes(INSULATOR + INSULATOR_BARRIER, ("normal",), np.imag, "dampinglike torque")
insulator_no_source = vanishes(
    INSULATOR + INSULATOR_BARRIER, ("majority", "minority"), np.abs, "torque per relaxation time of F"
)
topological_no_dampinglike = vanishes(
    TOPOLOGICAL + TOPOLOGICAL_BARRIER, ("majority", "minority"), np.imag, "dampinglike torque"
)
minority_closed = vanishes(TOPOLOGICAL[:1], ("minority",), np.abs, "torque per tau^down")


def dampinglike_plane(engine: str) -> Iterator[Trial]:
    """Yield the dampinglike torque of an insulator, all k_⊥, over a plane of (u_0, u_m) of either sign."""
    if engine != "continuum":
        return
    u = np.linspace(-2, 2, 9)
    found = linear_torque(Points.of(E_F=0.9, U_F=2.0, J=0.8, u_0=u[:, None], u_m=u))[:, 0]
    scale = float(np.abs(found).max())
    yield _zero(
        "dampinglike torque, 9 x 9 values of u_0 and u_m from -2 to 2",
        found.imag,
        STEPS * scale,
        scale,
        f"against fieldlike torques up to {scale:.3g}",
    )


def _finite(engine: str, iface: Interface, m: Array) -> Array:
    """Return the angular average of k_x times the torque at h_R = FINITE, each k_⊥ and source, (n, 3, 3)."""
    turned = iface.with_(m=tuple(m))
    k_perp, angle, h_R = np.broadcast_arrays(
        solved(engine, iface).k_perp[:, None], 0.3 + np.arange(24) * np.pi / 12, FINITE
    )
    found = EXACT[engine].solve(turned.structure, k_perp, angle, h_R).flows
    weighted = (k_perp * np.cos(angle))[..., None, None, None] * found
    return torque_from_flows(weighted.mean(axis=1), turned.direction)


def _odd_in_m(engine: str, iface: Interface, times: Array, what: str) -> Iterator[Trial]:
    m = iface.direction
    plus, minus = (_finite(engine, iface, sign * m) for sign in (1, -1))
    # Majority and minority, and all else, are those of the opposite magnetization.
    even = np.einsum("nsi,s->ni", plus + minus, times) / 2
    odd = np.einsum("nsi,s->ni", plus - minus, times) / 2
    rounding = solved(engine, iface).rounding
    scale = float(np.abs(odd).max())
    yield _zero(
        f"part even in m at each k_perp, {what}, h_R = {FINITE:g}, {iface.name}",
        even,
        rounding * max(1.0, scale),
        scale,
        "time reversal turns every state into one of -k and -m",
    )
    parts = components(odd, m)
    assert parts is not None
    yield Trial(
        quantity=f"component along m x (y x m), {what}, is not zero at h_R = {FINITE:g} (1), {iface.name}",
        comparison=compare(1.0, float(np.abs(parts[1]).max() > 1e3 * rounding), {}),
        explanation=f"up to {np.abs(parts[1] / parts[0]).max():.2g} of that along m x y; odd in m",
    )


def insulator_odd(engine: str) -> Iterator[Trial]:
    """Yield that the torque on an insulator is odd in m at any h_R, but not along m × ŷ alone."""
    yield from _odd_in_m(engine, INSULATOR_BARRIER[0], np.array([1.0, 0.0, 0.0]), "electrons from N")


def topological_odd(engine: str) -> Iterator[Trial]:
    """Yield the same of a topological insulator with equal relaxation times."""
    yield from _odd_in_m(engine, TOPOLOGICAL[1], np.array([0.0, 1.0, 1.0]), "tau^up = tau^down")


def _bulk_regions(engine: str) -> Iterator[tuple[Interface, Array, Mask, Mask, float]]:
    for iface in BULK:
        one = solved(engine, iface)
        value, error = _linear(one)
        N = one.states.kz[:, 0, 0].real > 0
        minority = one.states.Kz[:, 0, 0, 0].real > 0
        yield iface, value.imag, N, minority, error


def evanescent_in_N(engine: str) -> Iterator[Trial]:
    """Yield whether waves evanescent in N give a dampinglike torque, as Sec. V C words it."""
    for iface, dampinglike, N, _, error in _bulk_regions(engine):
        yield Trial(
            quantity=f"dampinglike torque where k_z is imaginary (1: at every k_perp), {iface.name}",
            comparison=compare(1.0, float(np.all(np.abs(dampinglike[~N]).max(axis=-1) > error)), {}),
            explanation=f"at most {np.abs(dampinglike[~N]).max():.2g}, with k_z real up to "
            f"{np.abs(dampinglike[N]).max():.2g}",
        )


def evanescent_in_F(engine: str) -> Iterator[Trial]:
    """Yield that the dampinglike torque comes from waves propagating in N and evanescent in a band of F."""
    for iface, dampinglike, N, minority, error in _bulk_regions(engine):
        region = N & ~minority
        inside, outside = np.abs(dampinglike[region]), np.abs(dampinglike[~region])
        yield Trial(
            quantity=f"dampinglike torque for real k_z, imaginary k_z^+, and only there (1), {iface.name}",
            comparison=compare(
                1.0, float(np.all(inside.max(axis=-1) > 1e3 * error) and np.all(outside < error)), {}
            ),
            explanation=f"up to {inside.max():.3g} there, {outside.max():.1g} elsewhere",
        )


def maximum_in_J(engine: str) -> Iterator[Trial]:
    """Yield the slope of the torque in J at E_F = U − J, J = U/3, and neighbours on both sides."""
    if engine != "continuum":
        return
    U, steps = 1.8, 0.1 * 0.5 ** np.arange(4)
    J = U / 3 + np.concatenate([steps, -steps, [0.0, 0.3, -0.3]])
    found = linear_torque(Points.of(E_F=U - J, U_F=U, J=J))[:, 0].real
    slope = richardson((found[:4] - found[4:8]) / (2 * steps), (2, 4, 6))
    noise = STEPS * found[8] / steps[-1]
    yield Trial(
        quantity="d torque / dJ at E_F = U - J, J = U/3",
        comparison=compare(
            0.0,
            float(slope.value),
            {
                "next order": (slope.total, "last elimination of Richardson's table in J"),
                "differences": (float(noise), "rounding over the step in J"),
            },
            scale=float(found[8] / J[8]),
        ),
        explanation="central differences",
    )
    yield Trial(
        quantity="torque at J = U/3 is above that at J = U/3 +- 0.3 (1)",
        comparison=compare(1.0, float(found[8] > found[9:].max()), {}),
        explanation=f"{found[8]:.4g} against {found[9]:.4g} and {found[10]:.4g}",
    )


def grows_with_E_F(engine: str) -> Iterator[Trial]:
    """Yield that the torque grows with E_F all the way to U − J, from nothing."""
    if engine != "continuum":
        return
    E_F = np.linspace(0, 1.2, 13)[1:]
    found = linear_torque(Points.of(E_F=E_F, U_F=1.8, J=0.6))[:, 0].real
    yield Trial(
        quantity="torque grows with E_F up to U - J (1), U = 1.8, J = 0.6",
        comparison=compare(1.0, float(np.all(np.diff(found) > 0)), {}),
        explanation=f"from {found[0]:.3g} at E_F = 0.1 to {found[-1]:.3g}",
    )
    small = linear_torque(Points.of(E_F=np.array([1e-4, 4e-4]), U_F=1.8, J=0.6))[:, 0].real
    yield Trial(
        quantity="torque at E_F = 4e-4 over that at 1e-4: 4^(5/2)",
        comparison=compare(32.0, float(small[1] / small[0]), {"plane": (64 * STEPS, "rounding")}),
        explanation="vanishes as E_F^(5/2)",
    )


def bound(engine: str) -> Iterator[Trial]:
    """Yield whether (29) holds as an inequality over the plane of (J/U, E_F/(U − J))."""
    if engine != "continuum":
        return
    U, alpha, beta = 1.8, np.linspace(0, 1, 22)[1:-1, None], np.linspace(0, 1, 11)[1:]
    found = linear_torque(Points.of(E_F=beta * (1 - alpha) * U, U_F=U, J=alpha * U))[:, 0].real
    limit = float(eq.eq29(symbols(solved(engine, INSULATOR[0].with_(U_F=U)))))
    yield Trial(
        quantity="torque over the plane of J/U and E_F/(U - J) stays below the bound (1)",
        comparison=compare(1.0, float(found.max() <= limit), {}),
        explanation=f"at most {found.max() / limit:.4f} of the bound: it is never reached",
    )


def fig8_unit(corrected: bool) -> Judge:
    """Return the judge of the torque in the unit of Fig. 8, as transcribed or corrected."""

    def judge(engine: str) -> Iterator[Trial]:
        for iface in INSULATOR:
            U, J, E_F = iface.U_F, iface.J, iface.E_F
            number, power = (2, 1.5) if corrected else (8, -1.5)
            unit = number * np.sqrt(2 * eq.MASS) / (15 * np.pi**2 * eq.HBAR**2) / eq.UNIT
            unit *= (E_F / (U - J)) ** 2.5 * U**power
            found = total(engine, iface)
            value, error = found.value, found.error
            yield Trial(
                quantity=f"torque in the unit of Fig. 8 at J/U = {J / U:.3g}, {iface.name}",
                comparison=compare(
                    float(eq.fig8(np.array(J / U))),
                    float(value[0].real / unit),
                    {"k_perp sum": (float(error[0] / unit), "quadrature and Richardson's table in h_R")},
                ),
                explanation="the curve is the last factor of (30)",
                source="normal",
            )

    return judge


def equal_times(engine: str) -> Iterator[Trial]:
    """Yield the torque of a topological insulator at τ↑ = τ↓."""
    for iface in TOPOLOGICAL:
        value, error = _linear(solved(engine, iface))
        both = np.abs(value[:, 1] + value[:, 2])
        yield Trial(
            quantity=f"fieldlike torque at tau^up = tau^down is not zero (1: at every k_perp), {iface.name}",
            comparison=compare(1.0, float(np.all(both > 1e3 * error)), {}),
            explanation=f"between {both.min():.3g} and {both.max():.3g}",
        )


def no_reflection(engine: str) -> Iterator[Trial]:
    """Yield r̂, projected to the Hilbert space, where N is insulating."""
    for iface in TOPOLOGICAL:
        one = solved(engine, iface)
        r = one.states.amplitudes()[0][:, :, 0]
        yield _zero(f"r, all elements, {iface.name}", np.abs(r), one.rounding, 1.0, "no wave arrives from N")
