"""The modules that register what the audit tries."""

from __future__ import annotations

import importlib

#: In the paper's order.
SECTIONS = (
    "section3", "section4", "section5a", "section5b", "section5cd", "table1", "section6",
    "appendix_a1", "appendix_a23", "appendix_b", "appendix_c",
)  # fmt: skip


def register_all() -> None:
    """Import every module that registers entries."""
    for name in SECTIONS:
        importlib.import_module(f"sotcheck.audit.{name}")
