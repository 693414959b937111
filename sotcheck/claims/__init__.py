"""The registry of claims: what the paper says, tried on evidence by one function each."""

from __future__ import annotations

from sotcheck.claims import first_order  # registered first: the paper's order

# isort: split
from sotcheck.claims import linearity

# isort: split
from sotcheck.claims import exact
from sotcheck.claims.registry import CLAIMS, Claim, judge_all

__all__ = ["CLAIMS", "Claim", "exact", "first_order", "judge_all", "linearity"]
