"""sotcheck: tries perturbative spin-orbit-torque formulas against exact scattering solutions.

>>> import sotcheck as sc
>>> iface = sc.load("bulk-magnetism").with_(h_R=0.1, m=(1, 0, 1))
>>> print(sc.torque(iface, engine="continuum"))  # doctest: +SKIP
>>> print(sc.check(iface))  # doctest: +SKIP
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

if TYPE_CHECKING:
    from sotcheck.errors import SotcheckError
    from sotcheck.system.files import builtin_systems, load
    from sotcheck.system.interface import Interface
    from sotcheck.system.stack import Junction, Layer, Stack
    from sotcheck.trial.check import check
    from sotcheck.trial.torque import torque

__all__ = [
    "Interface", "Junction", "Layer", "SotcheckError", "Stack", "__version__", "builtin_systems", "check",
    "load", "torque",
]  # fmt: skip

_HOMES = {
    "Interface": "sotcheck.system.interface",
    "Junction": "sotcheck.system.stack",
    "Layer": "sotcheck.system.stack",
    "Stack": "sotcheck.system.stack",
    "SotcheckError": "sotcheck.errors",
    "builtin_systems": "sotcheck.system.files",
    "check": "sotcheck.trial.check",
    "load": "sotcheck.system.files",
    "torque": "sotcheck.trial.torque",
}


def __getattr__(name: str) -> Any:
    # Late, so that `sotcheck --help` does not wait for NumPy and SciPy.
    if name in _HOMES:
        return getattr(import_module(_HOMES[name]), name)
    raise AttributeError(f"module 'sotcheck' has no attribute {name!r}")
