"""sotcheck: tries perturbative spin-orbit-torque formulas against exact scattering solutions.

>>> import sotcheck as sc
>>> sc.builtin_systems()  # doctest: +SKIP
>>> mine = sc.load("bulk-magnetism").with_(h_R=0.1, m=(1, 0, 1))
>>> print(sc.torque(mine, engine="continuum"))  # doctest: +SKIP
>>> sc.torque(mine.with_(theta=range(0, 181, 5))).plot()  # doctest: +SKIP

Systems: `load` (a name, a file, what a file would say), `Interface`, `Stack` of `Layer` and `Junction`,
`builtin_systems`. What is asked of them: `torque`, `check`, `spin_currents`, `spin_density`, `amplitudes`,
`bound_states`, `trust_limits`, `beyond`, `sweep`; of a paper, `audit`. Wherever a system is accepted, so is
its name or file, and a family of systems, which arrays in `with_` make. Every result has `to_xarray()`,
`to_dataframe()` and `plot(ax=None)`. With `progress=tqdm.auto.tqdm` what takes long
shows how far it is. What is wrong is a `SotcheckError` that says what is accepted.
"""

from __future__ import annotations

import sys
from importlib import import_module
from types import ModuleType
from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

if TYPE_CHECKING:
    from sotcheck.api.amplitudes import amplitudes
    from sotcheck.api.bound import bound_states
    from sotcheck.api.checks import audit, check
    from sotcheck.api.limits import beyond, trust_limits
    from sotcheck.api.spins import spin_currents, spin_density
    from sotcheck.api.sweeps import open_sweep, sweep
    from sotcheck.api.torques import torque
    from sotcheck.errors import SotcheckError
    from sotcheck.system.family import Family
    from sotcheck.system.files import builtin_systems, load
    from sotcheck.system.interface import Interface
    from sotcheck.system.stack import Junction, Layer, Stack

#: Where each name lives: loaded when first asked for, so that `sotcheck --help` does not wait for NumPy.
_HOMES = {
    **dict.fromkeys(["torque"], "sotcheck.api.torques"),
    **dict.fromkeys(["audit", "check"], "sotcheck.api.checks"),
    **dict.fromkeys(["spin_currents", "spin_density"], "sotcheck.api.spins"),
    **dict.fromkeys(["beyond", "trust_limits"], "sotcheck.api.limits"),
    **dict.fromkeys(["open_sweep", "sweep"], "sotcheck.api.sweeps"),
    "amplitudes": "sotcheck.api.amplitudes",
    "bound_states": "sotcheck.api.bound",
    "SotcheckError": "sotcheck.errors",
    "Family": "sotcheck.system.family",
    **dict.fromkeys(["builtin_systems", "load"], "sotcheck.system.files"),
    "Interface": "sotcheck.system.interface",
    **dict.fromkeys(["Junction", "Layer", "Stack"], "sotcheck.system.stack"),
}

__all__ = [
    "Family", "Interface", "Junction", "Layer", "SotcheckError", "Stack", "__version__", "amplitudes",
    "audit", "beyond", "bound_states", "builtin_systems", "check", "load", "open_sweep", "spin_currents",
    "spin_density", "sweep", "torque", "trust_limits",
]  # fmt: skip


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        found = getattr(import_module(_HOMES[name]), name)
        if (room := sys.modules.get(f"sotcheck.{name}")) is not None:
            # `sotcheck.sweep.plan` is there as well.
            # It keeps what it wraps, of which its signature is read.
            vars(room)["__wrapped__"] = vars(found)["__wrapped__"]
            found.__dict__ = vars(room)
        return found
    raise AttributeError(
        f"module 'sotcheck' has no attribute {name!r}; dir(sotcheck) lists what there is in Python, "
        "'sotcheck --help' what a shell has besides: reports, files, maps"
    )


def __dir__() -> list[str]:
    return sorted({*__all__, *(name for name in globals() if name.startswith("__"))})


class _Package(ModuleType):
    """The functions `sweep` and `beyond` have the names of rooms, whose import would otherwise hide them."""

    def __setattr__(self, name: str, value: Any) -> None:
        if not (name in _HOMES and isinstance(value, ModuleType)):
            super().__setattr__(name, value)


sys.modules[__name__].__class__ = _Package
