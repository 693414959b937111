"""Spin against z, or resolved in k_⊥ and its angle: labelled arrays, tables and pictures of it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from sotcheck.api import draw
from sotcheck.api.result import SPINS, Names, Result, documents
from sotcheck.errors import SystemFileError, one_of
from sotcheck.numerics.estimate import Estimate
from sotcheck.system.model import System
from sotcheck.system.places import Places
from sotcheck.system.units import told, unit_of_torque
from sotcheck.trial import against_z as trial

if TYPE_CHECKING:
    import pandas as pd
    import xarray as xr
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

#: What by itself is no function of z: what the spin-orbit term adds at z = 0, and what u_m takes there.
AT_ZERO = ("lattice", "interface")
WORDS = {
    "spin_density": "spin density", "spin_current": "spin current",
    "lattice": "what $h_R$ adds at z = 0", "interface": "what $u_m$ takes at z = 0",
}  # fmt: skip
BOTH_SIDES = ("-0", "+0")


@dataclass(frozen=True)
class Profile:
    """Spin of one system: by engine density and current at places, and what is added and taken at z = 0.

    `spin` by engine: (p, sources, 2, 3), or of states resolved in k_⊥ (p, sources, 2, 3, k) and so on;
    `at_zero` by engine: (sources, 2, 3, …). `table`: what `sotcheck profile` writes, of what is summed.
    """

    system: System
    places: Places
    sources: tuple[str, ...]
    spin: dict[str, Estimate]
    at_zero: dict[str, Estimate]
    grid: dict[str, Any]
    table: trial.AgainstZ | None = None

    @property
    def warnings(self) -> tuple[str, ...]:
        """What to know of states that are left out."""
        return () if self.table is None else self.table.warnings


#: Columns of spin density and spin current.
SPIN = tuple(f"{part}_{axis}" for part in trial.PARTS for axis in SPINS)


class Spins(Result[Profile]):
    """Spin density and spin current, with the sign and prefactor of the torque t, in the unit of the file.

    Both sides of z = 0 and of every junction are places of their own; `region` says which. Summed over k_⊥,
    or as integrands: of (1/4π) ∫ d(k_⊥²) against k_⊥, of ∫ d²k_⊥/(2π)² against k_⊥ and angle, each the mean
    with −k, without which most of it is what the sum cancels.
    """

    brief = ("engine", "source", "z", "side", "k_perp", "angle", *SPIN)

    def __init__(self, *of: Any, what: str) -> None:
        super().__init__(*of)
        self.what = what
        if not all(np.array_equal(one.places.z, self.parts[0].places.z) for one in self.parts):
            raise SystemFileError(f"{self.family!r}: its z differ from system to system; give z, for all")

    def _in_short(self) -> str:
        part = self.parts[0]
        over = " and ".join(part.grid) or "summed over k_perp"
        size = abs(self.to_xarray()[self.what]).max().item()
        return f" at {len(part.places)} z, {over}, by {', '.join(part.spin)}: {self.what} up to {size:.3g}"

    def _short(self) -> pd.DataFrame:
        """Leave out sources that do not come in."""
        frame = super()._short()
        return frame[frame[list(SPIN)].any(axis=1)]

    def _tables(self) -> list[trial.AgainstZ]:
        found = [part.table for part in self.parts if part.table is not None]
        if not found:
            raise SystemFileError("resolved in k_perp there is no such document; to_xarray() has all")
        return found

    def to_dict(self) -> dict[str, Any]:
        """Return the JSON document of `sotcheck profile`, of what is summed; of a family one for each."""
        return documents(self._tables())

    def to_json(self) -> str:
        """Return `to_dict` as JSON text."""
        return json.dumps(self.to_dict(), allow_nan=False) + "\n"

    def __str__(self) -> str:
        return repr(self) if self.parts[0].grid else "\n\n".join(map(str, self._tables()))

    def _labelled(self, part: Profile) -> xr.Dataset:
        import xarray as xr

        length = unit_of_torque(part.system) ** (-1 / 3)
        # Integrands have the unit of the sum over that of k_⊥².
        per = length**2 if part.grid else 1.0
        inner = (*part.grid, "spin")
        found: dict[str, Any] = {}
        power = -2 if part.grid else 0
        for n, name in enumerate(trial.PARTS):
            unit = per * length ** (-2 - n)
            dims, say = ("engine", "z", "source", *inner), {"units": _unit(part.system, 2 + n + power)}
            found |= _both(name, dims, [one[:, :, n] * unit for one in part.spin.values()], say)
        for n, name in enumerate(AT_ZERO):
            dims, say = ("engine", "source", *inner), {"units": _unit(part.system, 3 + power)}
            found |= _both(name, dims, [one[:, n] * (per * length**-3) for one in part.at_zero.values()], say)
        regions = ["left half-space", *part.system.names]
        coordinates = {
            "engine": list(part.spin), "source": list(part.sources), "spin": list(SPINS),
            "z": part.places.z * length, "region": ("z", [regions[n] for n in part.places.region]),
            "side": ("z", _sides(part.places)),
        }  # fmt: skip
        grid = {
            name: [told(part.system, k) for k in values.tolist()] if name == "k_perp" else values
            for name, values in part.grid.items()
        }
        return xr.Dataset(found, {**coordinates, **grid})

    def plot(
        self,
        ax: Axes | None = None,
        *,
        what: str | None = None,
        source: str | None = None,
        component: Names = None,
        engine: Names = None,
    ) -> Axes:
        """Draw spin against z, or against k_⊥ with what h_R adds at z = 0, or as a map of k_x and k_y.

        Parameters
        ----------
        what : str, optional
            "spin_density" or "spin_current".
        source : str, optional
            That with the largest one by default.
        component, engine : str or sequence of str, optional
            Which; by default "x", "y", "z" against z, or that in which all is seen, and all engines.
        """
        what = what or self.what
        one_of(what, trial.PARTS, "quantity")
        draw.dimensions(self.family, ("z",)) if self.family else None
        if self.family:
            raise SystemFileError(
                "of a family no picture is drawn: there is one for each; to_xarray().sel(...) selects some"
            )
        data, dims = self.to_xarray(), list(self.parts[0].grid)
        engines = draw.some(data, "engine", engine)
        size = abs(data[what]).max({*map(str, data[what].dims)} - {"source", "spin"})
        (source,) = draw.some(data, "source", source or str(size.max("spin").idxmax("source").values))
        data, ax = data.sel(source=source), draw.axes_for(ax)
        added = [name for name in AT_ZERO if what != "spin_density" and np.any(data[name])]
        # That in which the faintest of all that is drawn is seen best.
        sizes = [abs(data[name]).max({*data[name].dims} - {"spin"}) for name in (what, *added)]
        seen = np.min([one / one.max() for one in sizes], axis=0)
        best = str(data["spin"].values[np.argmax(seen)])
        wanted = draw.some(data, "spin", component or (best if dims else None))
        unit = draw.power(data[what].attrs["units"])
        title = f"{self.name}: {WORDS[what]}, source {source}"
        if len(dims) == 2:
            return _map(ax, data.sel(spin=wanted[0], engine=engines[-1]), what, f"{title}, {wanted[0]}")
        legend = draw.Legend()
        if dims:
            lines = {
                f"{WORDS[what]} at z = {_place(data, n)}": data[what].isel(z=n)
                for n in range(data.sizes["z"])
            }
            lines |= {WORDS[name]: data[name] for name in added}
            errors = {words: 0 * one for words, one in lines.items()}
        else:
            lines = {axis: data[what].sel(spin=axis) for axis in wanted}
            errors = {axis: data[f"{what}_error"].sel(spin=axis) for axis in wanted}
        for words, one in lines.items():
            color = legend.color(words, None if dims else draw.SPIN_COLOR)
            # Equal currents, as on both sides of z = 0, would hide each other.
            dashes = legend.dash(words, list(lines)) if dims else "-"
            for name in engines:
                y = one.sel({"engine": name, **({"spin": wanted[0]} if dims else {})})
                style = {"color": color, "ls": dashes, **legend.mark(name, engines)}
                if dims:
                    draw.line(ax, data["k_perp"].values, y.values, **style)
                else:
                    error = errors[words].sel(engine=name).values
                    _along_z(ax, data, y.values, error, what == "spin_current", style)
        legend.put(ax)
        if dims:
            ylabel = f"d({WORDS[what]}, {wanted[0]}) / d($k_\\perp^2$/4π)  ({unit})"
            return draw.finish(ax, title, draw.wave_vectors(self.parts[0].system), ylabel)
        system, places = self.parts[0].system, self.parts[0].places
        for junction in places.structure.positions:
            if places.z[0] <= junction <= places.z[-1]:
                ax.axvline(junction * unit_of_torque(system) ** (-1 / 3), color="#bbbbbb", lw=0.8, ls=":")
        return draw.finish(
            ax, title, f"z ({'nm' if system.unit else '1/wave vector'})", f"{WORDS[what]} ({unit})"
        )


def by_source(spins: Spins, sources: Sequence[str]) -> Figure:
    """Return a figure with a panel for each source, named once or more."""
    from matplotlib.figure import Figure

    wanted = list(dict.fromkeys(sources))
    figure = Figure(figsize=(8.0, 3.2 * len(wanted)), layout="constrained")
    for source, (axes,) in zip(wanted, figure.subplots(len(wanted), 1, squeeze=False), strict=True):
        spins.plot(axes, source=source)
    return figure


def _unit(system: System, power: int) -> str:
    name, power = ("nm", -power) if system.unit else ("wave vector", power)
    return f"{name}^{power}" if power not in (0, 1) else name if power else "1"


def _both(
    name: str, dims: tuple[str, ...], by_engine: Sequence[Estimate], say: dict[str, str]
) -> dict[str, Any]:
    """Return a variable, and its error as another one."""
    values = (np.stack([getattr(one, what) for one in by_engine]) for what in ("value", "error"))
    return {
        f"{name}{suffix}": (dims, array, say) for suffix, array in zip(("", "_error"), values, strict=True)
    }


def _sides(places: Places) -> list[str]:
    """Return "-" and "+" at junctions, beyond which and before which a place lies; "" elsewhere."""
    positions = places.structure.positions
    found = []
    for region, z in zip(places.region.tolist(), places.z.tolist(), strict=True):
        before = region < len(positions) and z == positions[region]
        found.append("-" if before else "+" if region and z == positions[region - 1] else "")
    return found


def _place(data: xr.Dataset, n: int) -> str:
    z, side = float(data["z"][n]), str(data["side"].values[n])
    return f"{side}0".replace("-", "−") if z == 0 and side else f"{z:.4g}{f' {side} 0' if side else ''}"


def _along_z(ax: Axes, data: xr.Dataset, y: Any, error: Any, jumps: bool, style: dict[str, Any]) -> None:
    """Draw a line, of currents one for each region: they jump where a junction gives or takes spin."""
    regions, z = data["region"].values, data["z"].values
    for here in [regions == one for one in dict.fromkeys(regions.tolist())] if jumps else [regions != ""]:
        draw.line(ax, z[here], y[here], error[here], **style)


def _map(ax: Axes, data: xr.Dataset, what: str, title: str) -> Axes:
    """Draw a map of k_x and k_y at the first place."""
    k, angle = data["k_perp"].values[:, None], np.radians(data["angle"].values)
    values = data[what].isel(z=0).transpose("k_perp", "angle").values
    size = float(np.abs(values).max()) or 1.0
    # Closed, so that no slice is missing.
    turn = np.append(angle, angle[0] + 2 * np.pi)
    mesh = ax.pcolormesh(
        k * np.cos(turn), k * np.sin(turn), np.column_stack([values, values[:, 0]]), cmap="RdBu_r",
        vmin=-size, vmax=size, shading="gouraud",
    )  # fmt: skip
    ax.figure.colorbar(mesh, ax=ax, label=f"per d²k/(2π)² ({draw.power(data[what].attrs['units'])})")
    ax.set_aspect("equal")
    return draw.finish(ax, f"{title}, z = {_place(data, 0)}", "$k_x$", "$k_y$")
