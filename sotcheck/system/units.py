"""Units of system files: energies in eV and lengths in nm, against ħ²/2mₑ = 1 (CODATA constants)."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from types import ModuleType
from typing import Any, TypeVar

from sotcheck.errors import SystemFileError
from sotcheck.system.model import System

#: Keys of a length, or of an energy times a length; all others are energies in eV, or pure numbers.
OF_SYSTEM = ("u_0", "u_m")
OF_LAYER = ("thickness", "rashba", "dresselhaus", "weyl", "spin_orbit")
OF_JUNCTION = ("barrier", "exchange")
#: Keys and symbols of energies.
ENERGIES = ("E_F", "U_N", "U_F", "J", "fermi_energy", "potential", "exchange")
#: Digits that survive a change of units and back.
DIGITS = 14

Model = TypeVar("Model", bound=System)


def codata() -> ModuleType:
    """Return SciPy's constants: to import them takes as long as many a torque."""
    from scipy import constants

    return constants


@cache
def length_nm() -> float:
    """Return ħ/√(2mₑ · 1 eV) in nm: what lengths are measured in with the energy 1 eV."""
    of = codata()
    return float(of.hbar / (2 * of.m_e * of.electron_volt) ** 0.5 * 1e9)


def natural_units(system: Model) -> Model:
    """Return a system as its file has it in units of ħ²/2mₑ = 1 and 1 eV."""
    return _scaled(system, lambda value: value / length_nm()) if system.unit else system


def file_units(system: Model) -> Model:
    """Return a system in the units of its file."""
    return (
        _scaled(system, lambda value: float(f"{value * length_nm():.{DIGITS}g}")) if system.unit else system
    )


def unit_of_torque(system: System) -> float:
    """Return a wave vector³ of ħ²/2mₑ = 1 in the unit of the file: nm⁻³ for one in eV, or else 1."""
    return length_nm() ** -3 if system.unit else 1.0


def wave_vector(system: System) -> tuple[float, str]:
    """Return a wave vector of ħ²/2mₑ = 1 in the unit of the file, and how that is said behind a number."""
    return (1 / length_nm(), " nm^-1") if system.unit else (1.0, "")


def unit_of_key(key: str, in_eV: bool) -> str:
    """Return the unit in which a file has a key, such as `layer[1].thickness`; nothing of a pure number."""
    word = key.rpartition(".")[2]
    if word == "thickness":
        return "nm" if in_eV else "1/wave vector"
    if word in OF_JUNCTION and "interface" in key:
        return "eV nm" if in_eV else "wave vector"
    return ("eV" if in_eV else "wave vector²") if word in ENERGIES else ""


def told(system: System, value: float, power: int = 1) -> float:
    """Return a wave vector to a power, of ħ²/2mₑ = 1, in the unit of the file: what was given comes back."""
    return float(f"{value * wave_vector(system)[0] ** power:.{DIGITS}g}") if system.unit else value


def length_in_m(system: System) -> float:
    """Return the unit of length of ħ²/2mₑ = 1 in m, of a system whose file is in eV.

    Raises
    ------
    SystemFileError
        If the file has no unit of energy: then there are no SI units of anything.
    """
    if not system.unit:
        raise SystemFileError(
            f"{system.name}: units.energy is not given: energies are in a unit of one's choice (ħ²/2mₑ = 1) "
            'and nothing has SI units; add a table [units] with energy = "eV" to the system file, and give '
            "energies in eV, lengths in nm, barrier and exchange of a delta in eV nm "
            "(sotcheck systems NAME > FILE writes a built-in system to a file for that)"
        )
    return length_nm() * 1e-9


def _scaled(system: Model, change: Callable[[float], float]) -> Model:
    def times(value: Any) -> Any:
        if isinstance(value, list | tuple):
            return tuple(map(times, value))
        return change(value)

    def changed(values: dict[str, Any], names: tuple[str, ...]) -> dict[str, Any]:
        return values | {name: times(values[name]) for name in names}

    values = changed(system.model_dump(), OF_SYSTEM)
    if "layers" in values:
        values["layers"] = tuple(
            changed(layer, OF_LAYER) | {"interface": changed(layer["interface"], OF_JUNCTION)}
            for layer in values["layers"]
        )
    return type(system)(**values)
