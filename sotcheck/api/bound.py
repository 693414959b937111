"""`sc.bound_states`: states bound to the interface or in a stack, and what they carry at E_F."""

from __future__ import annotations

from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike

from sotcheck.api import draw
from sotcheck.api.result import Result, SystemLike, chosen, joined, members, numbers, refuse_twice
from sotcheck.api.torques import torque
from sotcheck.beyond.warnings import warnings
from sotcheck.bound.stack_table import StackBoundResult, bound_in_stack, strength
from sotcheck.bound.stack_warnings import on_stack
from sotcheck.bound.table import BoundStatesResult
from sotcheck.bound.table import bound_states as found_bound
from sotcheck.errors import SystemFileError, in_our_words, one_of
from sotcheck.run.progress import Progress, silent
from sotcheck.system.files import bare
from sotcheck.system.model import System
from sotcheck.system.stack import Stack
from sotcheck.system.units import told
from sotcheck.trial.reach import naming_layers
from sotcheck.trial.torque import TOLERANCE, asked

if TYPE_CHECKING:
    import pandas as pd
    import xarray as xr
    from matplotlib.axes import Axes

    from sotcheck.trial.certified_states import ProvedStates

Found = BoundStatesResult | StackBoundResult


class BoundStates(Result[Found]):
    """States below the whole continuum against h_R (or the scale), k_⊥ and the angle of k×ẑ.

    Energies include k_⊥²; they and wave vectors are in the unit of the file: eV and nm⁻¹ of a system in eV.
    """

    def __init__(
        self, *of: Any, systems: list[System], proved: tuple[ProvedStates, ...] | None = None
    ) -> None:
        super().__init__(*of)
        self.systems, self.proved = systems, proved

    @property
    def share(self) -> xr.DataArray:
        """|t| of bound states at E_F over that of scattering states, for equal relaxation times."""
        shares = []
        for system, part in zip(self.systems, self.parts, strict=True):
            values, name = _strengths(part)
            given: dict[str, Any] = {name: [one[name] for one in values]}
            found = torque(system, "continuum", **given).bound_share.squeeze("engine", drop=True)
            shares.append(found.to_dataset(name="share"))
        return joined(shares, self.family)["share"]

    @cached_property
    def warnings(self) -> tuple[str, ...]:
        """What to know before a torque is believed."""
        said = dict.fromkeys(
            one for system, part in zip(self.systems, self.parts, strict=True) for one in _on(system, part)
        )
        return tuple(said)

    def __str__(self) -> str:
        if self.proved is None:
            return "\n\n".join(map(str, self.parts))
        return "\n\n".join(f"{one}\n{proved}" for one, proved in zip(self.parts, self.proved, strict=True))

    def to_json(self) -> str:
        """Return the JSON text of `sotcheck bound-states`, of the first system of a family."""
        part = self.parts[0]
        text = part.to_json() if isinstance(part, StackBoundResult) else part.to_json(self.warnings)
        return text if self.proved is None else self.proved[0].beside(text)

    def _short(self) -> pd.DataFrame:
        """Leave out places without a state."""
        return super()._short().dropna(subset="energy")

    def _in_short(self) -> str:
        most = max(int(part.states.count.max()) for part in self.parts)
        if not most:
            return ": none on this grid"
        lowest = min(np.nanmin(part.states.energy) for part in self.parts if part.states.count.any())
        number = sum(int(np.count_nonzero(part.at_fermi)) for part in self.parts)
        return f": up to {most} at a k, energies from {lowest:.4g} on, at or below E_F at {number} k"

    def _labelled(self, part: Found) -> xr.Dataset:
        import xarray as xr

        values, name = _strengths(part)
        dims = (name, "k_perp", "angle")
        states = part.states
        data: dict[str, Any] = {
            "count": (dims, states.count),
            "at_or_below_E_F": (dims, part.at_fermi),
            "energy": ((*dims, "state"), states.energy),
            "binding_energy": ((*dims, "state"), states.p**2),
        }
        for one, proved in zip(self.parts, self.proved or (), strict=False):
            if one is part:
                data |= _enclosed(proved, dims, states.energy.shape)
        labels = {name: [one[name] for one in values], "angle": part.angle}
        labels["k_perp"] = [told(self.systems[0], k) for k in part.k_perp.tolist()]
        return xr.Dataset(data, labels)

    def plot(self, ax: Axes | None = None, *, what: str = "energy") -> Axes:
        """Draw what binds the lowest state of all angles against k_⊥, by h_R or scale; or their share.

        Parameters
        ----------
        ax : Axes, optional
            Where to draw; a new figure by default.
        what : str
            "energy", the binding energy, or "share", what those at E_F carry, against h_R or scale.
        """
        one_of(what, ("energy", "share"), "quantity")
        if what == "share":
            return self._plot_share(ax)
        if self.family:
            raise SystemFileError("of a family no picture is drawn: there is one for each system")
        data, ax = self.to_xarray(), draw.axes_for(ax)
        name = str(data["count"].dims[0])
        binding = data["binding_energy"].max(["state", "angle"])
        at_fermi = data["at_or_below_E_F"].max("angle") > 0
        for color, value in zip(draw.CYCLE * len(data[name]), data[name].values, strict=False):
            one, here = binding.sel({name: value}), at_fermi.sel({name: value}).values
            k = data["k_perp"].values
            draw.line(
                ax,
                k,
                one.values,
                color=color,
                marker="o",
                mfc="white",
                label=f"{draw.symbol(name)} = {value:g}",
            )
            ax.plot(k[here], one.values[here], "o", color=color, ms=5)
        ax.plot([], [], "o", color=draw.GREY, ms=5, label="at or below $E_F$")
        ax.legend(fontsize=8, frameon=False, loc="center left", bbox_to_anchor=(1.0, 0.5))
        unit = self.systems[0].unit or "wave vector^2"
        title = f"{self.name}: states bound below the continuum"
        words = f"binding energy ({draw.power(unit)})"
        return draw.finish(ax, title, draw.wave_vectors(self.systems[0]), words)

    def _plot_share(self, ax: Axes | None) -> Axes:
        name = _strengths(self.parts[0])[1]
        dims, words = draw.dimensions(self.family, (name,)), "torque of bound states / of scattering states"
        ax, title = draw.axes_for(ax), f"{self.name}: share of bound states at E_F"
        if len(dims) == 2:
            return draw.plane(ax, self.share.transpose(*dims[::-1]), title, words, self.systems[0])
        draw.line(ax, self.share[name].values, self.share.values, color=draw.BLUE)
        return draw.finish(ax, title, draw.symbol(name), words)


def _enclosed(proved: ProvedStates, dims: tuple[str, ...], shape: tuple[int, ...]) -> dict[str, Any]:
    """Return the counts proved, -1 where none is, and energies' enclosures, their ends along "end"."""
    known = [row["certified"] or {"count": -1, "energies": []} for row in proved.rows]
    energies = np.full((len(known), shape[-1], 2), np.nan)
    for row, one in zip(energies, known, strict=True):
        for n, ends in enumerate(one["energies"]):
            row[n] = ends
    count = np.array([one["count"] for one in known]).reshape(shape[:-1])
    ends = ((*dims, "state", "end"), energies.reshape(*shape, 2))
    return {"certified_count": (dims, count), "certified_energy": ends}


def _strengths(part: Found) -> tuple[list[dict[str, float]], str]:
    """Return h_R and scale of what was looked at, and which of them tells it."""
    if isinstance(part, BoundStatesResult):
        return [{"h_R": h} for h in part.h_R.tolist()], "h_R"
    return [
        strength(part.stack, s) for s in part.scale.tolist()
    ], "h_R" if part.stack.only_rashba else "scale"


def _on(system: System, part: Found) -> list[str]:
    if isinstance(part, BoundStatesResult):
        return warnings(part.iface, part.h_R.tolist())
    return list(on_stack(part.stack, part.scale.tolist()))


@in_our_words
def bound_states(
    system: SystemLike,
    h_R: ArrayLike | None = None,
    k_perp: ArrayLike | None = None,
    angle: ArrayLike | None = None,
    *,
    scale: ArrayLike | None = None,
    magnetization: ArrayLike | None = None,
    fermi_energy: ArrayLike | None = None,
    certify: bool | str = False,
    progress: Progress = silent,
) -> BoundStates:
    """Find the states bound to the interface or in a stack, as `sotcheck bound-states` does.

    Parameters
    ----------
    system : System, Family, str, Path or mapping
    h_R, scale : float or sequence, optional
        Rashba parameters instead of the system's own; factors of all spin-orbit terms.
    k_perp, angle : float or sequence, optional
        In-plane wave numbers in the unit of the file, nm⁻¹ of a system in eV, and angles of k×ẑ against the x
        axis in degrees.
    certify : bool or str
        Prove counts and energies in ball arithmetic: of the file that `system` names, or of this one. Bare
        interfaces only.

    Returns
    -------
    BoundStates
        With `share`, what those at E_F carry of the torque, and `proved`, what is proved of each system.

    Raises
    ------
    SystemFileError, EngineError
        For what is not accepted.
    """
    found = chosen(system, m=magnetization, E_F=fermi_energy)
    refuse_twice(found, h_R=h_R)
    family, systems = members(found)
    several = progress(systems, "bound states") if family else systems
    if certify and any(isinstance(one, Stack) for one in systems):
        raise SystemFileError("certify is for bare interfaces: states bound in a stack are not proved")
    parts = [bound_in(one, h_R, k_perp, angle, scale) for one in several]
    proved = None
    if certify:
        from sotcheck.trial.certified_states import ProvedStates

        path = str(system) if certify is True and isinstance(system, str | Path) else certify
        named = path if isinstance(path, str) else None
        bare_ones = [part for part in parts if isinstance(part, BoundStatesResult)]
        proved = tuple(ProvedStates.of(part.iface, list(part.places()), named) for part in bare_ones)
    return BoundStates(systems[0].name, family, parts, systems=systems, proved=proved)


def bound_in(
    system: System,
    h_R: ArrayLike | None = None,
    k_perp: ArrayLike | None = None,
    angle: ArrayLike | None = None,
    scale: ArrayLike | None = None,
) -> Found:
    """Return what is found of one system."""
    values, factors = numbers("h_R", h_R), numbers("scale", scale)
    grid = numbers("k_perp", k_perp), numbers("angle", angle)
    # Refuses an h_R where it is not all that couples spin and k.
    if factors is not None or isinstance(system, Stack):
        own = asked(system, None, None if values is None else values.tolist(), TOLERANCE)[1]
        values = np.multiply.outer(own, 1.0 if factors is None else factors).ravel()
    with naming_layers(system):
        if isinstance(system, Stack):
            return bound_in_stack(system, values, *grid)
        return found_bound(bare(system, "bound-states"), values, *grid)
