"""Kim, Lee, Sinova, Lee, Stiles, Phys. Rev. B 96, 104438 (2017): all that the paper says under a number.

Rule: a file a section. Each formula beside its words, TeX and correction, and the name of the quantity that
it is about. Knows no engine.
"""

from __future__ import annotations

from sotcheck.trial.paper import Paper

paper = Paper(
    "kim2017",
    "Spin-orbit torques from interfacial spin-orbit coupling for various interfaces",
    sections=(
        "check_first_order", "check_linearity", "check_exact", "check_controls",
        "finite_rashba", "section3", "remarks3", "section4", "remarks4", "section5a", "remarks5a",
        "entries_section5b", "entries_section5cd",
        "table1", "entries_section6", "entries_appendix_a1", "entries_appendix_a23", "entries_appendix_b",
        "entries_appendix_c", "consequences_text", "consequences_appendix",
    ),
)  # fmt: skip
