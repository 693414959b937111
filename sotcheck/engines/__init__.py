"""Exact engines: the one list of them."""

from __future__ import annotations

from sotcheck.engines.continuum import Continuum
from sotcheck.engines.kwant_chain import KwantChain
from sotcheck.engines.lattice import SCHEMES, Scheme
from sotcheck.scattering import Engine

#: Names accepted by --engine: the perturbative formulas first, then the exact engines.
ENGINES = ("first-order", "continuum", "kwant")

__all__ = ["ENGINES", "SCHEMES", "Continuum", "Engine", "KwantChain", "Scheme"]
