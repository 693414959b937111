"""Where equations are tried: at finite h_R or to first order, and on the models of Sec. V as interfaces."""

from __future__ import annotations

from functools import partial

from sotcheck.papers.kim2017 import paper
from sotcheck.trial.grounds import FINITE, ground

#: What holds at any h_R: tried where it is not small.
at_finite = partial(paper.equation, on=FINITE)
#: What is of first order: the torque is odd in h_R where it is analytic, so h_R³ is left out.
linear = partial(paper.equation, order="h_R^3")

#: Model (17), with E_F below, near and above J.
BULK = tuple(ground(f"bulk-{E_F:g}", E_F=E_F, J=1.0) for E_F in (0.6, 1.1, 1.5, 3.0))
#: Model (22), repulsive for both spins.
INTERFACE = tuple(
    ground(f"interface-{u_0:g}-{u_m:g}", E_F=1.0, J=0.0, u_0=u_0, u_m=u_m)
    for u_0, u_m in ((0.9, 0.4), (1.3, -0.8), (0.5, 0.45))
)
#: Model (25), and with an interface potential (31).
INSULATOR = tuple(
    ground(f"insulator-{U_F:g}-{J:g}", E_F=E_F, U_F=U_F, J=J)
    for E_F, U_F, J in ((0.6, 2.0, 0.5), (1.3, 2.0, 0.66), (0.2, 1.5, 1.2))
)
INSULATOR_BARRIER = tuple(
    ground(f"insulator-barrier-{u_0:g}-{u_m:g}", E_F=0.9, U_F=2.0, J=0.8, u_0=u_0, u_m=u_m)
    for u_0, u_m in ((0.5, 0.3), (0.7, -0.4))
)
#: Model (33), with the minority band open and closed at E_F.
TOPOLOGICAL = tuple(ground(f"topological-{E_F:g}", E_F=E_F, U_N=2.2, J=0.7) for E_F in (0.4, 1.1, 1.9))
#: Relaxation times that no source shares with another.
WEIGHTS = {"tau_N": 0.7, "tau_up": 1.3, "tau_down": 0.4}
