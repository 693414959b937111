"""The straightforward Kwant script, from a checkout or an installed wheel alike."""

from __future__ import annotations

import importlib.util
from functools import cache
from pathlib import Path
from types import ModuleType

from sotcheck.engines.kwant_private import kwant
from sotcheck.errors import EngineError

SCRIPT = Path("benchmarks") / "naive_kwant.py"


@cache
def naive_kwant() -> ModuleType:
    """Load benchmarks/naive_kwant.py: public functions of Kwant's only, one k at a time.

    Raises
    ------
    EngineError
        If it is not there, or Kwant cannot be imported.
    """
    # With sotcheck's own words if Kwant is missing.
    kwant()
    package = Path(__file__).resolve().parent.parent
    for folder in (package, package.parent):
        spec = importlib.util.spec_from_file_location("naive_kwant", folder / SCRIPT)
        if (folder / SCRIPT).is_file() and spec is not None and spec.loader is not None:
            module = importlib.util.module_from_spec(spec)
            spec.loader.exec_module(module)
            return module
    raise EngineError(f"{SCRIPT} is neither in {package} nor beside it; install sotcheck again")
