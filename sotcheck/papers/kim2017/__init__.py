"""Kim, Lee, Sinova, Lee, Stiles, Phys. Rev. B 96, 104438 (2017): all that the paper says under a number.

Rule: a file a section. Each formula beside its words, TeX and correction, and the name of the quantity that
it is about. Knows no engine.
"""

from __future__ import annotations

from sotcheck.trial.paper import Paper

paper = Paper(
    "kim2017",
    "Spin-orbit torques from interfacial spin-orbit coupling for various interfaces",
    reference="Phys. Rev. B 96, 104438",
    machine_read=True,
    sections=(
        "check_first_order", "check_linearity", "check_exact", "check_controls",
        "finite_rashba", "section3", "remarks3", "section4", "remarks4",
        "section5a", "remarks5a", "section5b", "remarks5b", "section5c", "section5d", "remarks5cd",
        "table1", "figure6", "figure8", "section6b", "section6c", "remarks6",
        "appendix_a1_normal", "appendix_a1_ferromagnet", "appendix_a1_first_order",
        "appendix_a1_conductances", "appendix_a1_in_plane", "remarks_a1", "reciprocity",
        "appendix_a2", "appendix_a3", "remarks_a23", "appendix_b", "appendix_c", "remarks_bc",
        "consequences",
    ),
)  # fmt: skip
