"""Kim, Lee, Sinova, Lee, Stiles, Phys. Rev. B 96, 104438 (2017): all that the paper says under a number.

Rule: a file a section. Each formula beside its words, TeX and correction, and the name of the quantity that
it is about. Knows no engine.
"""

from __future__ import annotations

from functools import partial

from sotcheck.trial.grounds import FINITE, ground
from sotcheck.trial.paper import Paper

paper = Paper(
    "kim2017",
    "Spin-orbit torques from interfacial spin-orbit coupling for various interfaces",
    reference="Phys. Rev. B 96, 104438",
    machine_read=True,
    sections=(
        "check_first_order", "check_exact", "finite_rashba", "section3", "remarks34", "section4", "section5a",
        "remarks5a", "section5b", "section5cd", "remarks5cd", "table1", "figures", "section6",
        "remarks6", "appendix_a1_normal", "appendix_a1_ferromagnet", "appendix_a1_matrices",
        "appendix_a1_in_plane", "remarks_a1", "appendix_a2", "appendix_a3", "remarks_a23",
        "appendix_bc", "remarks_bc", "consequences",
    ),
)  # fmt: skip

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
