"""One metal, cut by a delta function with exchange and Rashba coupling: the closed form at any h_R.

With J = 0 and equal potentials on both sides only the delta acts on spin, so that spin along its whole field
v = u_m m + h_R k×ẑ is conserved: for either spin a scalar delta of strength u_0 ± |v|.
"""

from __future__ import annotations

from functools import partial

import numpy as np

from sotcheck.exact.finite import measured, states
from sotcheck.exact.observables import INTERFACE, LATTICE, MINUS, PLUS, torque_from_flows
from sotcheck.exact.quantities import at_finite_h_R, torque
from sotcheck.exact.quantity import Quantity
from sotcheck.numerics.arrays import Array, Complex
from sotcheck.system.spin import IDENTITY, dagger, in_spin_bands, pauli_vector, spin_torque
from sotcheck.theory.symbols import Symbols
from sotcheck.trial.grounds import ground
from sotcheck.trial.paper import Paper

paper = Paper("scalar_delta", "A scalar delta for each spin: one metal, cut by a spin-orbit interface")

PLACES = tuple(
    ground(f"cut-{n}", E_F=E_F, J=0.0, u_0=u_0, u_m=u_m, h_R=h_R, m=m)
    for n, (E_F, u_0, u_m, h_R, m) in enumerate(
        (
            (1.0, 0.9, 0.4, 0.5, (2.0, -1.0, 2.0)),
            (1.7, 1.3, -0.8, -0.9, (1.0, 2.0, -2.0)),
            (0.6, 1.2, 0.5, 0.3, (6.0, 2.0, 3.0)),
            (1.2, -1.4, 0.3, 0.6, (0.0, 3.0, 4.0)),
        )
    )
)
at_finite = partial(paper.equation, on=PLACES)
SPLIT = r"|t_+|^2-|t_-|^2"


def whole_field(s: Symbols) -> Array:
    """V = u_m m + h_R k×ẑ, shape (n, a, 3)."""
    across = np.stack([s.ky, -s.kx, np.zeros_like(s.kx)], axis=-1)
    return s.iface.u_m * s.m + s.iface.h_R * across


def of_delta(s: Symbols) -> tuple[Complex, Complex]:
    """r_± = (u_0 ± |v|)/(2ik_z − u_0 ∓ |v|), shape (n, a)."""
    size = np.linalg.norm(whole_field(s), axis=-1)
    plus, minus = (u / (2j * s.kz - u) for u in (s.iface.u_0 + size, s.iface.u_0 - size))
    return plus, minus


def along_field(s: Symbols, plus: Complex, minus: Complex) -> Complex:
    """Return a matrix with these eigenvalues for spin along and against v, shape (n, a, 2, 2)."""
    v = whole_field(s)
    return in_spin_bands(np.stack([plus, minus], axis=-1), v / np.linalg.norm(v, axis=-1, keepdims=True))


def incident(s: Symbols) -> tuple[Complex, Complex]:
    """The projectors on majority and minority."""
    return s.u_minus, s.u_plus


def psi_density(s: Symbols) -> Complex:
    """Σ_in ψψ† at z = 0 by source, t P t†/k_z, shape (n, a, 3, 2, 2)."""
    t = eq2(s)
    found = [t @ one @ dagger(t) for one in (IDENTITY, *incident(s))]
    return np.stack(found, axis=-3) / s.kz[..., None, None, None]


def as_flow(*currents: Complex) -> Array:
    """Return the spin of currents by source, shape (n, a, 3, 1, 3)."""
    return np.stack([pauli_vector(one).real for one in currents], axis=-2)[..., None, :]


def by_source(words: str, *flows: int) -> Quantity:
    """Return some flows of the interface at finite h_R, by source."""
    return Quantity(f"{words}, by source", lambda one: measured(one, states(one).flows[..., list(flows), :]))


@at_finite("1", of=at_finite_h_R("r"), tex=r"r=r_+P_++r_-P_-,\quad r_\pm=\frac{u_0\pm v}{2ik_z-u_0\mp v}")
def eq1(s: Symbols) -> Complex:
    """Reflection by a scalar delta for spin along, and against, the whole field v of the interface."""
    return along_field(s, *of_delta(s))


@at_finite("2", of=at_finite_h_R("t"), tex="t=1+r")
def eq2(s: Symbols) -> Complex:
    """The wave function is continuous."""
    return eq1(s) + IDENTITY


@at_finite("3", of=at_finite_h_R("r'"), tex="r'=r")
def eq3(s: Symbols) -> Complex:
    """Both sides are alike: what comes in from the right is reflected as what comes in from the left."""
    return eq1(s)


@at_finite("4", of=at_finite_h_R("t'"), tex="t'=t")
def eq4(s: Symbols) -> Complex:
    """Both sides are alike: what comes in from the right is transmitted as what comes in from the left."""
    return eq2(s)


@at_finite(
    "5",
    of=by_source("spin current at z = -0", MINUS),
    tex=r"\mathbf j^N_-=-\mathrm{Tr}\,\sigma rr^\dagger,\quad "
    r"\mathbf j^\pm_-=-\mathrm{Tr}\,\sigma tP_\pm t^\dagger",
)
def eq5(s: Symbols) -> Array:
    """The spin current at z = -0 is that of what is reflected, or has come through."""
    r, t = eq1(s), eq2(s)
    return as_flow(-r @ dagger(r), *(-t @ one @ dagger(t) for one in incident(s)))


@at_finite(
    "6",
    of=by_source("spin current at z = +0", PLUS),
    tex=r"\mathbf j^N_+=\mathrm{Tr}\,\sigma tt^\dagger,\quad "
    r"\mathbf j^\pm_+=\mathrm{Tr}\,\sigma(rP_\pm r^\dagger-P_\pm)",
)
def eq6(s: Symbols) -> Array:
    """The spin current at z = +0 is that of what has come through, or comes in and is reflected."""
    r, t = eq1(s), eq2(s)
    return as_flow(t @ dagger(t), *(r @ one @ dagger(r) - one for one in incident(s)))


@at_finite(
    "7",
    of=Quantity(
        "spin current at z = +0, electrons from the left",
        lambda one: measured(one, states(one).spin_plus[..., 0, :]),
        "normal",
    ),
    tex=r"\mathbf j^N_+=\left(" + SPLIT + r"\right)\mathbf v/v",
)
def eq7(s: Symbols) -> Array:
    """Unpolarised electrons leave with spin along the whole field."""
    plus, minus = (np.abs(1 + r) ** 2 for r in of_delta(s))
    v = whole_field(s)
    return (plus - minus)[..., None] * v / np.linalg.norm(v, axis=-1, keepdims=True)


@at_finite(
    "8",
    of=by_source("what the lattice adds", LATTICE),
    tex=r"h_R(\mathbf k\times\mathbf z)\times\mathrm{Tr}\,\sigma tPt^\dagger/k_z",
)
def eq8(s: Symbols) -> Array:
    """The lattice adds the torque of the Rashba field on the spin at z = 0."""
    w = whole_field(s) - s.iface.u_m * s.m
    return np.cross(w[..., None, :], pauli_vector(psi_density(s)).real)[..., None, :]


@at_finite(
    "9",
    of=by_source("what the interface's magnetism takes", INTERFACE),
    tex=r"-u_m\mathbf m\times\mathrm{Tr}\,\sigma tPt^\dagger/k_z",
)
def eq9(s: Symbols) -> Array:
    """The magnetism of the interface takes the torque of its exchange field on the spin at z = 0."""
    return -spin_torque(s.iface.interface_exchange(), psi_density(s))[..., None, :]


@at_finite(
    "10",
    of=Quantity(
        "t by source at finite h_R",
        lambda one: measured(one, torque_from_flows(states(one).flows, one.iface.direction)),
    ),
    tex=r"\mathbf t=\left(\mathbf j_+-u_m\mathbf m\times\mathbf s\right)_{\perp\mathbf m}",
)
def eq10(s: Symbols) -> Array:
    """The torque is what leaves, and what the interface takes, across m."""
    total = (eq6(s) + eq9(s))[..., 0, :]
    along: Array = total - (total @ s.m)[..., None] * s.m
    return along


@paper.equation(
    "11",
    of=torque.of("normal"),
    on=PLACES,
    order="h_R^3",
    tex=r"\frac{k_\perp^2}{8\pi}\,\frac{" + SPLIT + r"}{u_m}\left(i-\frac{u_m}{k_z}\right)",
)
def eq11(s: Symbols) -> Complex:
    """To first order fieldlike and dampinglike torque of electrons from the left are as u_m to -k_z."""
    u_0, u_m = s.iface.u_0, s.iface.u_m
    plus, minus = (4 * s.kz**2 / (4 * s.kz**2 + u**2) for u in (u_0 + u_m, u_0 - u_m))
    return s.k2 / (8 * np.pi) * (plus - minus) / u_m * (1j - u_m / s.kz)
