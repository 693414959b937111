"""Sec. IV on trial: currents at the interface and the torque. Its statements in words: `ledger`."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from sotcheck.exact.currents import current, imaginary, linear_torque, linear_torque_number, moment, slopes
from sotcheck.exact.finite import measured, states
from sotcheck.exact.solved import Exact, Solved
from sotcheck.numerics.arrays import Complex
from sotcheck.numerics.estimate import Estimate
from sotcheck.papers.kim2017 import ledger
from sotcheck.papers.kim2017 import section4 as eq
from sotcheck.papers.kim2017.models import TOPOLOGICAL
from sotcheck.papers.kim2017.old import Definition, Equation, register
from sotcheck.system.interface import Interface
from sotcheck.system.spin import dagger
from sotcheck.theory.symbols import Symbols
from sotcheck.trial import entries
from sotcheck.trial.grounds import FINITE, GENERAL

#: The text first ignores magnetism at the interface.
NO_INTERFACE_MAGNETISM = tuple(iface.with_(u_m=0.0) for iface in GENERAL)
#: Relaxation times that no source shares with another.
UNEQUAL = tuple(iface.with_(tau_N=0.7, tau_up=1.3, tau_down=0.4) for iface in GENERAL)

J_MINUS = r"\hat j_z|_{z=-0}"
UNIT_13 = r"\frac{e^2LE_x}{2\pi m_eV}"
UNIT_14 = r"h_R\frac{e^2LE_x}{4\pi m_eV}"
UNIT_16 = r"h_R\frac{\hbar eE_x}{8\pi m_e}"
DELTA_J = r"\Delta\hat j_z=" + UNIT_14 + r"\,Im\sum_{\mathbf k_\perp}\frac{k_\perp^2}{|k_z|}\hat\sigma_y"
LINE_13 = (
    r"-\frac{e^2L}{hV}\sum_{\mathbf k_\perp}[\Delta\hat\mu^N\hat 1_{\mathbf k}"
    r"-\hat r_{\mathbf k}\Delta\hat\mu^N\hat r_{\mathbf k}^\dagger"
    r"-\hat t'_{\mathbf k}\Delta\hat\mu^F\hat t_{\mathbf k}'^\dagger\hat 1_{\mathbf k}]"
)


def in_N(one: Solved) -> Complex:
    """The current at z = −0 at the interface's own h_R: its charge is that which arrives behind."""
    return current(states(one), "N", charge_from="F")


def polarized(one: Solved) -> Estimate:
    """The current at z = −0 of polarized electrons from N, by the slope at +0 and the jump there."""
    found = states(one)
    kappa = one.iface.kappa_0() + one.iface.h_R * one.rashba
    slope = slopes(found, "F")[0] - kappa @ found.psi_N
    return measured(one, -imaginary(slope @ eq.POLARIZED @ dagger(found.psi_N)))


def averaged(one: Solved) -> Estimate:
    """Angular average of k_x times the current at z = −0."""
    return moment(one, measured(one, in_N(one)))


def change(one: Solved) -> Estimate:
    """∂/∂h_R of the same."""
    return moment(one, one.linear(current(one.states, "N", charge_from="F")))


def jump(*which: int) -> Exact:
    """∂/∂h_R of the jump of the current from z = −0 to +0, for some sources."""

    def exact(one: Solved) -> Estimate:
        difference = current(one.states, "F") - current(one.states, "N")
        found = moment(one, one.linear(difference))
        return found[:, :, which[0] if len(which) == 1 else slice(1, 3)]

    return exact


def torque_of(source: int, N_open: bool) -> Exact:
    """Fieldlike + i dampinglike of one source, where k_z is real or where it is not."""

    def exact(one: Solved) -> Estimate:
        where = (one.states.kz[:, 0, 0].real > 0) == N_open
        return linear_torque_number(one)[:, :, source].where(where)

    return exact


def total(one: Solved) -> Estimate:
    """Fieldlike + i dampinglike with the interface's relaxation times."""
    found = linear_torque_number(one)
    tau = np.array([one.iface.tau_N, one.iface.tau_up, one.iface.tau_down])
    return Estimate(
        found.value @ tau,
        {name: (np.abs(size) @ tau, why) for name, (size, why) in found.terms.items()},
    )


register(
    Definition(
        number="11",
        says="The charge and spin current of electrons of charge -e, as a matrix in spin space.",
        tex=r"\hat j_z(\mathbf r)=-e\,Tr_{\mathbf k}Re[\rho\,\delta(\mathbf r_{op}-\mathbf r)v_z]",
        why="defines the current operator; (12) to (15) are measured with it",
    ),
    Equation(
        number="12",
        says="The current at z = -0 in terms of reflection and transmission, at any h_R.",
        quantity="charge and spin current at z = -0 per unit occupation, by source, finite h_R",
        exact=lambda one: measured(one, in_N(one)),
        transcribed=eq.eq12,
        tex=J_MINUS + r"=-\frac{eL}{hV}\sum_{\mathbf k_\perp}\int dE\,"
        r"(\hat f^N_{\mathbf k}\hat 1_{\mathbf k}"
        r"-\hat r_{\mathbf k}\hat f^N_{\mathbf k}\hat r_{\mathbf k}^\dagger"
        r"-\hat t'_{\mathbf k}\hat f^F_{\mathbf k}\hat t_{\mathbf k}'^\dagger\hat 1_{\mathbf k})",
        interfaces=FINITE,
    ),
    Equation(
        number="12",
        says="The same for spin-polarized electrons of the normal metal.",
        quantity="charge and spin current at z = -0 of a polarized f^N, finite h_R",
        exact=polarized,
        transcribed=eq.eq12_polarized,
        tex=J_MINUS + r"=-\frac{eL}{hV}\sum_{\mathbf k_\perp}\int dE\,"
        r"(\hat f^N_{\mathbf k}\hat 1_{\mathbf k}"
        r"-\hat r_{\mathbf k}\hat f^N_{\mathbf k}\hat r_{\mathbf k}^\dagger)",
        source="normal",
        interfaces=FINITE,
    ),
    Equation(
        number="13",
        says="The current at z = -0 with shifted distributions, first line; the shift is that of the text"
        " above, whose sign is tried apart.",
        quantity="charge and spin current at z = -0, by source, at each angle, finite h_R",
        exact=lambda one: measured(one, in_N(one)) * one.kx[..., None, None, None],
        transcribed=eq.eq13_first,
        tex=J_MINUS + "=" + LINE_13,
        interfaces=FINITE,
    ),
    Equation(
        number="13",
        says="The same with the shift put in, second line.",
        quantity="charge and spin current at z = -0, by source, averaged over angles, finite h_R",
        exact=averaged,
        transcribed=eq.eq13_second,
        tex=J_MINUS + "=" + UNIT_13 + r"\sum_{\mathbf k_\perp}"
        r"[k_x\hat r_{\mathbf k}\tau^N\hat r_{\mathbf k}^\dagger"
        r"+k_x\hat t'_{\mathbf k}\hat\tau^F\hat t_{\mathbf k}'^\dagger\hat 1_{\mathbf k}]",
        interfaces=FINITE,
    ),
    Equation(
        number="14",
        says="The current at z = -0 to first order in h_R.",
        quantity="charge and spin current at z = -0 by k_perp and source",
        exact=change,
        transcribed=eq.eq14,
        tex=J_MINUS + "=-" + UNIT_14 + r"\,Im\sum_{\mathbf k_\perp}\frac{k_\perp^2}{k_z}"
        r"(\hat 1_{\mathbf k}+\hat r^0_{\mathbf k})\hat\sigma_y\hat t'^0_{\mathbf k}"
        r"(\hat\tau^F-\tau^N)\hat t_{\mathbf k}'^{0\dagger}",
        order="h_R^3",
    ),
    Equation(
        number="15",
        says="What the lattice adds to the current of electrons from N.",
        quantity="jump of charge and spin current by k_perp, u_m = 0",
        exact=jump(0),
        transcribed=eq.eq15_normal,
        tex=DELTA_J + r"(\hat 1_{\mathbf k}+\hat r^0_{\mathbf k})\tau^N"
        r"(\hat 1_{\mathbf k}+\hat r^{0\dagger}_{\mathbf k})",
        source="normal",
        interfaces=NO_INTERFACE_MAGNETISM,
        order="h_R^3",
    ),
    Equation(
        number="15",
        says="What the lattice adds to the current of electrons from F.",
        quantity="jump of charge and spin current by k_perp, majority and minority, u_m = 0",
        exact=jump(1, 2),
        transcribed=eq.eq15_ferromagnet,
        tex=DELTA_J + r"\hat r^{0\dagger}_{\mathbf k}\hat\tau^F\hat r^0_{\mathbf k}",
        corrected=eq.eq15_ferromagnet_corrected,
        corrected_tex=DELTA_J + r"\hat t'^0_{\mathbf k}\hat\tau^F\hat t_{\mathbf k}'^{0\dagger}",
        kind="marks",
        off_by="a swapped symbol: waves from F are t' at the interface, not r",
        interfaces=NO_INTERFACE_MAGNETISM,
        order="h_R^3",
    ),
    Equation(
        number="16a",
        says="The torque is dampinglike along m x (y x m) and fieldlike along m x y.",
        quantity="torque vector by k_perp and source, with (16c) and (16d)",
        exact=linear_torque,
        transcribed=eq.eq16a,
        tex=r"\mathbf T_R=Im[\mathcal T_R]\,\mathbf m\times(\mathbf y\times\mathbf m)"
        r"+Re[\mathcal T_R]\,\mathbf m\times\mathbf y",
        order="h_R^3",
    ),
    Equation(
        number="16b",
        says="The torque is the sum of that from currents in N and in F.",
        quantity="torque by k_perp of all sources, unequal relaxation times",
        exact=total,
        transcribed=eq.eq16b,
        tex=r"\mathcal T_R=\mathcal T_R^N+\mathcal T_R^F",
        interfaces=UNEQUAL,
        order="h_R^3",
    ),
    Equation(
        number="16c",
        says="The torque of a current in the normal metal.",
        quantity="torque by k_perp",
        exact=lambda one: linear_torque_number(one)[:, :, 0],
        transcribed=eq.eq16c,
        tex=r"\mathcal T_R^N=h_R\frac{\hbar eE_x\tau}{8\pi m_e}\sum_{\mathbf k_\perp}\frac{k_\perp^2}{k_z}"
        r"(1-r^{\uparrow *}_{\mathbf k}r^\downarrow_{\mathbf k})"
        r"(r^\uparrow_{\mathbf k}-r^{\downarrow *}_{\mathbf k})",
        source="normal",
        order="h_R^3",
    ),
)


def _part_of_16d(
    source: str,
    formula: Callable[[Symbols], Complex],
    term: str,
    interfaces: tuple[Interface, ...],
    N_open: bool = True,
) -> entries.Equation:
    where = "N open" if N_open else "N closed"
    waves = "propagating" if N_open else "evanescent"
    return Equation(
        number="16d",
        says=f"The torque of {source} electrons that are {waves} in the normal metal.",
        quantity=f"torque by k_perp, {where}",
        exact=torque_of(1 if source == "majority" else 2, N_open),
        transcribed=formula,
        tex=r"\mathcal T_R^F=" + term,
        source=source,
        interfaces=interfaces,
        order="h_R^3",
    )


SUM = r"\sum_{\mathbf k_\perp}\frac{k_\perp^2}{k_z}"
EVANESCENT_SUM = r"\sum_{\mathbf k_\perp,k_z^2<0}\frac{k_\perp^2}{|k_z|}"

register(
    _part_of_16d(
        "majority",
        eq.eq16d_majority,
        "-" + UNIT_16 + SUM + r"r^\downarrow_{\mathbf k}|t'^\uparrow_{\mathbf k}|^2\tau^\uparrow",
        GENERAL,
    ),
    _part_of_16d(
        "minority",
        eq.eq16d_minority,
        UNIT_16 + SUM + r"r^{\uparrow *}_{\mathbf k}|t'^\downarrow_{\mathbf k}|^2\tau^\downarrow",
        GENERAL[:3],
    ),
    _part_of_16d(
        "majority",
        eq.eq16d_majority_evanescent,
        UNIT_16 + EVANESCENT_SUM + r"|t'^\uparrow_{\mathbf k}|^2\tau^\uparrow",
        (*GENERAL[:2], GENERAL[3], *TOPOLOGICAL),
        N_open=False,
    ),
    _part_of_16d(
        "minority",
        eq.eq16d_minority_evanescent,
        "-" + UNIT_16 + EVANESCENT_SUM + r"|t'^\downarrow_{\mathbf k}|^2\tau^\downarrow",
        (GENERAL[1], *TOPOLOGICAL[1:]),
        N_open=False,
    ),
    *ledger.STATEMENTS,
)
