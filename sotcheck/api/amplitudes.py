"""`sc.amplitudes`: reflection and transmission without spin-orbit coupling."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike

from sotcheck.api import draw
from sotcheck.api.result import Result, SystemLike, chosen, extent, single
from sotcheck.errors import SystemFileError, in_our_words
from sotcheck.system.model import System
from sotcheck.theory.table_formats import Columns
from sotcheck.trial.own_amplitudes import POINTS, own_amplitudes, write_amplitudes

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.axes import Axes

#: The amplitudes of a table, and what they are.
SYMBOLS = {
    "r_up": "$r$, majority",
    "r_down": "$r$, minority",
    "t_up": "$t'$, majority",
    "t_down": "$t'$, minority",
}


class Amplitudes(Result[Columns]):
    """Complex r and t' (unit flux) of majority (up) and minority (down), against k_⊥, or k_x and k_y."""

    def __init__(self, system: System, columns: Columns) -> None:
        super().__init__(system.name, None, [columns])
        self.system = system

    def _in_short(self) -> str:
        (part,) = self.parts
        along = "k_perp" if "k_perp" in part else "kx"
        return f": {len(part[along])} rows, {along} {extent(part[along])}"

    def _labelled(self, part: Columns) -> xr.Dataset:
        import xarray as xr

        along = "k_perp" if "k_perp" in part else "point"
        places = {name: (along, part[name]) for name in ("k_perp", "kx", "ky") if name in part}
        values = {name: (along, part[f"{name}_re"] + 1j * part[f"{name}_im"]) for name in SYMBOLS}
        return xr.Dataset(values, places, {"units of k": "nm^-1" if self.system.unit else "wave vector"})

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw |r|² and |t'|² against k_⊥: what is reflected, and what goes through."""
        data, ax = self.to_xarray(), draw.axes_for(ax)
        if "k_perp" not in data:
            raise SystemFileError("of a grid no picture is drawn; leave grid out")
        # Where N is closed nothing is transmitted, and t' says how much arrives.
        open_N = np.abs(data["r_up"].values) > 0
        for color, (name, words) in zip(draw.CYCLE, SYMBOLS.items(), strict=False):
            style = {"color": color, "ls": "-" if name.endswith("up") else "--", "label": f"|{words}|²"}
            draw.line(
                ax, data["k_perp"].values, np.where(open_N, np.abs(data[name].values) ** 2, np.nan), **style
            )
        ax.legend(fontsize=8, frameon=False, loc="center left", bbox_to_anchor=(1.0, 0.5))
        title = f"{self.name}: without spin-orbit coupling"
        return draw.finish(ax, title, draw.wave_vectors(self.system), "part of the flux")


@in_our_words
def amplitudes(
    system: SystemLike,
    output: str | Path | None = None,
    *,
    points: int = POINTS,
    grid: tuple[int, int] | None = None,
    engine: str | None = None,
    magnetization: ArrayLike | None = None,
    fermi_energy: ArrayLike | None = None,
) -> Amplitudes:
    """Return a system's r and t' at h_R = 0, as `sotcheck amplitudes` writes them.

    Parameters
    ----------
    system : System, str, Path or mapping
    output : str or Path, optional
        Write them there too: FILE.csv, FILE.nc or FILE.parquet, which ``torque(amplitudes=FILE)`` reads.
    points, grid : int, pair of int
        Rows in each range of k_⊥ between those at which a channel closes; or so many k_x and k_y instead.
    engine : str, optional
        The exact engine; continuum by default.

    Raises
    ------
    SystemFileError
        If the torque does not follow from them, naming what keeps it from that.
    EngineError
        For an unknown engine.
    """
    found = single(chosen(system, m=magnetization, E_F=fermi_energy), "amplitudes")
    wanted: dict[str, Any] = {"points": points, "grid": grid, "engine": engine}
    if output is not None:
        write_amplitudes(found, Path(output), **wanted)
    return Amplitudes(found, own_amplitudes(found, **wanted)[1])
