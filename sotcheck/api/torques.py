"""`sc.torque`: the torque of each source."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from sotcheck.api.result import Names, SystemLike, chosen, members, names, numbers, refuse_twice
from sotcheck.api.torque_result import Torque
from sotcheck.engines import Scheme
from sotcheck.errors import SystemFileError, in_our_words
from sotcheck.run.progress import Progress, silent
from sotcheck.system.units import length_in_m
from sotcheck.trial import torque as trial
from sotcheck.trial.si import Drive, Magnet, Measured
from sotcheck.trial.torque_table import TorqueTable


@in_our_words
def torque(
    system: SystemLike | None = None,
    engine: Names = None,
    *,
    h_R: ArrayLike | None = None,
    scale: ArrayLike | None = None,
    magnetization: ArrayLike | None = None,
    fermi_energy: ArrayLike | None = None,
    amplitudes: str | Path | None = None,
    scheme: Scheme = "exact-difference",
    spacing: float | None = None,
    tolerance: float = trial.TOLERANCE,
    certify: bool | str = False,
    certify_within: float = math.inf,
    si: bool = False,
    field: float | None = None,
    relaxation_time: float | None = None,
    efficiency: bool = False,
    saturation_magnetization: float | None = None,
    thickness: float | None = None,
    progress: Progress = silent,
) -> Torque:
    """Compute the torque of every source, as `sotcheck torque` does.

    Parameters
    ----------
    system : System, Family, str, Path or mapping, optional
        A system, a family of them, a built-in name, or a system file; none if `amplitudes` are given.
    engine : str or sequence of str, optional
        "first-order", "continuum", "kwant", and what is registered besides; all by default.
    h_R, scale : float or sequence, optional
        Rashba parameters instead of the system's own, where nothing else couples spin and k; factors of all
        spin-orbit terms.
    magnetization, fermi_energy : optional
        m and E_F instead of the system's own; several make a family.
    amplitudes : str or Path, optional
        In place of a system: a table of r and t' from elsewhere, of which there is first order.
    scheme, spacing : str, float, optional
        Of the kwant engine: "exact-difference", or "finite-difference"; lattice spacing.
    tolerance : float
        Relative quadrature error to aim at.
    certify : bool or str
        Whether to add what is proved in ball arithmetic; a file whose numbers are read exactly for that.
    certify_within : float
        Seconds after which a proof is given up.
    si, field, relaxation_time : bool, float (V/m), float (s)
        Whether to give the torque per area in N·m/m² as well, of a system in eV, for a field and a time.
    efficiency, saturation_magnetization, thickness : bool, float (A/m), float (m)
        Whether to give efficiencies ξ as well, and with a magnet effective fields per current density.

    Returns
    -------
    Torque
        Its rows, `to_xarray()`, `to_dataframe()`, `plot()`, `complex`, `bound_share`.

    Raises
    ------
    SystemFileError
        For a system or an h_R that is not acceptable.
    EngineError
        For an unknown engine or scheme, a tolerance or spacing out of range, or when an engine fails.
    LatticeError
        If the spacing does not suit the wave numbers.
    TableError
        For a table of amplitudes that is not acceptable.
    """
    beside = Beside(si, field, relaxation_time, efficiency, saturation_magnetization, thickness)
    over = _over(h_R, scale)
    if (system is None) == (amplitudes is None):
        raise SystemFileError("torque: give a system, or amplitudes=FILE in its place")
    if system is None:
        from sotcheck.trial.amplitudes import tabulated

        m: Any = magnetization
        table = tabulated(str(amplitudes), h_R=_plain("h_R", h_R), magnetization=m)
        if si:
            length_in_m(table.iface)
        if efficiency and not table.table.known_F:
            raise SystemFileError(
                f"efficiency needs the carriers of F: {amplitudes} has amplitudes.edges, but no "
                "ferromagnet.potential and ferromagnet.exchange in its header"
            )
        return Torque(table.iface.name, None, [beside.of(table)], over=over)
    found = chosen(system, m=magnetization, E_F=fermi_energy)
    family, systems = members(found)
    refuse_twice(found, h_R=h_R)
    for one in systems[:1] if si else ():
        length_in_m(one)
    proof = str(system) if certify is True and isinstance(system, str | Path) else certify
    how: dict[str, Any] = {"scheme": scheme, "spacing": spacing, "tolerance": tolerance, "certify": proof}
    how["certify_within"] = certify_within
    wanted: dict[str, Any] = {"h_R": _plain("h_R", h_R), "scale": _plain("scale", scale)}
    several = progress(systems, "torque") if family else systems
    tables = [
        trial.torque(one, names(engine), **wanted, **how, progress=silent if family else progress)
        for one in several
    ]
    return Torque(systems[0].name, family, [beside.of(table) for table in tables], over=over)


def _plain(name: str, given: ArrayLike | None) -> Any:
    values = numbers(name, given)
    return None if values is None else values.tolist()


def _over(h_R: ArrayLike | None, scale: ArrayLike | None) -> str | None:
    """Return the dimension that options make, if any."""
    several = {
        "h_R": np.ndim(h_R if h_R is not None else 0),
        "scale": np.ndim(scale if scale is not None else 0),
    }
    dims = [name for name, ndim in several.items() if ndim]
    return "h_R" if len(dims) == 2 else dims[0] if dims else None


class Beside:
    """What of SI units and ratios is asked for beside torques; half of it is refused."""

    def __init__(
        self, si: bool, field: Any, relaxation_time: Any, efficiency: bool, magnet: Any, thickness: Any
    ) -> None:
        drive = {"field": field, "relaxation_time": relaxation_time}
        of_magnet = {"saturation_magnetization": magnet, "thickness": thickness}
        for wanted, whole, given in (("si", si, drive), ("efficiency", efficiency, of_magnet)):
            some = [name for name, value in given.items() if value is not None]
            missing = [name for name in given if name not in some]
            if some and not whole:
                raise SystemFileError(
                    f"{some[0]} has no effect without {wanted}=True; leave it out, or add that"
                )
            if missing and (some or wanted == "si") and whole:
                raise SystemFileError(f"{(some or [wanted])[0]} needs {' and '.join(missing)} as well")
        self.drive = Drive(field, relaxation_time) if si else None
        self.magnet = Magnet(magnet, thickness) if magnet is not None else None
        self.efficiency = efficiency

    def of(self, table: TorqueTable) -> TorqueTable | Measured:
        """Return a table with what is asked for beside it."""
        if self.drive is None and not self.efficiency:
            return table
        return Measured(table, self.drive, self.efficiency, self.magnet)
