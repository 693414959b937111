"""The cross-check of a user's own Kwant system: first order on any lattice against exact spin flows."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from sotcheck.engines.kwant_private import kwant
from sotcheck.engines.user_accepted import accepted
from sotcheck.engines.user_builder import GENERIC, NONE, F, N, UserSystem, shown
from sotcheck.errors import BuilderError, in_a_line
from sotcheck.exact.observables import components
from sotcheck.numerics.arrays import Array
from sotcheck.numerics.convergence import observed_order
from sotcheck.numerics.estimate import Estimate, side_by_side
from sotcheck.run.progress import Progress, silent
from sotcheck.run.tables import tabled
from sotcheck.run.threads import single_threaded
from sotcheck.system.interface import SOURCES
from sotcheck.trial.builder_evidence import (
    PLAIN,
    RUNGS,
    WEIGHTED,
    Point,
    area_of,
    grid_error,
    grid_of,
    open_points,
)
from sotcheck.trial.own_theory import load_function
from sotcheck.trial.result import Findings
from sotcheck.trial.verdict import Comparison, Finding, Trial, Verdict, compare

#: Points of the grid along either axis: by default, and the least of which half still tell an error.
GRID, SMALLEST_GRID = 12, 8
#: Slopes that differ by this much are told apart; residuals of conservation laws are seen from here on.
ORDER_TELL_APART, RESIDUAL_TELL_APART = 0.05, 1e-9
#: Torques per h_R and incident current of this size are told from none by their own.
SMALL_TORQUE = 1e-3
FIRST = ("first-order", "The linear coefficient of the exact torque follows from unperturbed states alone")
AMPLITUDES = ("amplitudes", "It follows from r and t' at z = 0 and the velocity in N alone")
LINEAR = ("linearity", "What first order leaves is of higher order in h_R")
LEDGER = ("ledger", "Spin that arrives is what is taken and what goes on")
UNITARY = ("unitarity", "The scattering matrix of open channels is unitary")
HERMITIAN = ("hermiticity", "The Hamiltonian is Hermitian")
SYMMETRY = ("symmetry", "Spin is conserved in N, and spin along m in the right lead")
#: What a point's residuals are, and of which law.
CONSERVED = {
    "spin that arrives less what is taken and goes on, at z = 0": LEDGER,
    "spin that arrives less what is taken and goes on, z = 0 to F's lead": LEDGER,
    "S†S - 1": UNITARY,
    "H - H†, relative": HERMITIAN,
    "spin through z = -0 by its current, less that of channels": SYMMETRY,
    "spin along m into F by its current, less that of channels": SYMMETRY,
}
BY_K, SUMMED = "at every k", "summed over the grid"


@dataclass(frozen=True)
class BuilderResult(Findings):
    """All findings about a user's own Kwant system, and its torques summed over the grid of k."""

    system: UserSystem
    findings: tuple[Finding, ...]
    tried: int
    torques: tuple[dict[str, Any], ...] = ()
    note: str = ""

    def to_dict(self) -> dict[str, Any]:
        """Return the JSON document of `sotcheck check --builder`."""
        about = {"builder": self.system.name, "energy": self.system.energy, "h_R": self.system.h_R}
        about |= {"magnetization": self.system.m.tolist(), "sites": len(self.system.finite.sites)}
        return super().to_dict() | {"system": about, "torque": list(self.torques), "warnings": []}

    def __str__(self) -> str:
        parts = [f"{self.system.name}: {self.tried} k at which channels are open"]
        parts.append(self.table("claim", "quantity", "source"))
        if self.torques:
            head = ["source", "t per h_R, first order: x", "y", "z", "grid +/-", "t at h_R: x", "y", "z"]
            rows = [
                [row["source"], *(f"{x: .5g}" for x in (*row["first_order"], row["grid"], *row["vector"]))]
                for row in self.torques
            ]
            parts.append(tabled(rows, head))
        count = Counter(finding.verdict for finding in self.findings)
        words = ", ".join(f"{count[verdict]} {verdict}" for verdict in Verdict if count[verdict])
        note = f" Note: {self.note}." if self.note else ""
        return "\n".join([*parts, f"{len(self.findings)} findings: {words}.{note}"])


@single_threaded
def check_builder(
    spec: str | Callable[[], Any],
    *,
    k: Sequence[tuple[float, float]] = (),
    grid: int = GRID,
    h_R: float | None = None,
    progress: Progress = silent,
) -> BuilderResult:
    """Try first order, and conservation laws, on a user's own Kwant system.

    `spec`, "module:function" or the function itself, returns a dictionary: "builder", a finite
    `kwant.Builder` with two leads, N and F, whose values are functions of k_x, k_y and h_R; "zero", its site
    z = 0 or all sites of that layer; "energy", E_F. Optional: "params" of other parameters; "h_R", the
    largest that is tried (0.1), unless `h_R` is given; "magnetization" of a right lead without exchange;
    "cell", the widths of the cell of k (2π, 2π). Some (k_x, k_y) alone are tried, and nothing summed, or else
    an even number of `grid` points along either axis. A BuilderError says what to do where any of it cannot
    be checked.
    """
    if grid < SMALLEST_GRID or grid % 2:
        raise BuilderError(f"grid = {grid} is not accepted; expected an even number from {SMALLEST_GRID} on")
    name, made = _called(spec)
    if h_R is not None and isinstance(made, dict):
        made = made | {"h_R": h_R}
    system = accepted(name, made)
    ks = np.array(k, dtype=float) if len(k) else grid_of(system.cell, grid)
    if not len(k):
        _refuse_cut_off(system, grid)
    found = []
    every = open_points(system, ks, system.h_R * RUNGS, exactly=bool(len(k)))
    for n, point in progress(every, f"{name}: open k"):
        # Here, where its time shows.
        _ = point.linear
        found.append((n, point))
    _refuse_closed(system, ks, [n for n, _ in found], given=bool(len(k)))
    points = [point for _, point in found]
    findings = [*_by_k(points), *_conserved(points)]
    if len(k):
        return BuilderResult(system, tuple(findings), len(points), note=_note(points))
    area = area_of(system, ks)
    findings += _summed(points, area)
    torques = _torques(points, area, grid)
    return BuilderResult(system, tuple(findings), len(points), tuple(torques), _note(points))


def _called(spec: str | Callable[[], Any]) -> tuple[str, Any]:
    # Before the user's module does: this import keeps Kwant's remark on MUMPS to itself.
    kwant()
    if isinstance(spec, str):
        name, function = spec, load_function("--builder", spec, "mysystem:layers", BuilderError)
    else:
        name, function = getattr(spec, "__name__", "builder"), spec
    try:
        return name, function()
    except (Exception, SystemExit) as error:
        raise BuilderError(f"{name}: the function fails: {in_a_line(error)}") from error


def _refuse_closed(system: UserSystem, ks: Array, found: list[int], *, given: bool) -> None:
    closed = sorted(set(range(len(ks))) - set(found))
    if given and closed:
        raise BuilderError(
            f"{system.name}: no channel is open at k = {shown(ks[closed[0]])}, E_F = {system.energy:g}; "
            "give another k by --k"
        )
    if not found:
        raise BuilderError(
            f"{system.name}: no channel of either lead is open at E_F = {system.energy:g} anywhere on "
            "the grid; give another 'energy', within the bands of a lead"
        )


def _refuse_cut_off(system: UserSystem, grid: int) -> None:
    """Refuse a cell that is no period of the leads, unless nothing propagates at its edges."""
    generic = GENERIC * system.cell
    for axis in np.eye(2):
        blocks = ([*system.lead(N, k), *system.lead(F, k)] for k in (generic, generic + axis * system.cell))
        if all(np.abs(a - b).max() <= NONE * np.abs(a).max() for a, b in zip(*blocks, strict=True)):
            continue
        sides = [axis / 2 + along * axis[::-1] for along in np.linspace(-0.5, 0.5, grid + 1)]
        edge = np.array([sign * side for side in sides for sign in (1, -1)]) * system.cell
        for n, _ in open_points(system, edge, RUNGS):
            raise BuilderError(
                f"{system.name}: the cell of k cuts off open channels, as at k = {shown(edge[n])}, and is no "
                "period of H; give its widths, 'cell': (K_x, K_y)"
            )


def _note(points: list[Point]) -> str:
    if any(point.from_amplitudes is not None for point in points):
        return ""
    return (
        "r and t' alone are not tried: for these N has to be one uniform chain of sites up to z = 0, open at "
        "some k, h_R has to act on that site only, and all exchange to be along m"
    )


def _open_sources(points: list[Point]) -> Iterator[tuple[int, str, list[Point]]]:
    for s, source in enumerate(SOURCES):
        some = [point for point in points if point.sources[:, s].any()]
        if some:
            yield s, source, some


def _by_k(points: list[Point]) -> Iterator[Finding]:
    """Yield first order, and what departs from it, k by k."""
    for s, source, some in _open_sources(points):
        found = _stacked([point.linear[PLAIN, s] for point in some])
        expected = np.array([point.first_order[PLAIN, s] for point in some])
        scale = float(max(np.abs(expected).max(), np.abs(found.value).max(), SMALL_TORQUE))
        said = compare(expected, found, scale=scale, sample=True)
        quantity, words = "t per h_R and incident current, worst component", _words(some)
        yield Trial(f"{quantity}, {BY_K}", said, words, source, "kwant").finding(*FIRST)
        by_r = [
            (one[PLAIN, s], found[n]) for n, p in enumerate(some) if (one := p.from_amplitudes) is not None
        ]
        if by_r:
            at_zero, exact = zip(*by_r, strict=True)
            said = compare(np.array(at_zero), _stacked(exact), scale=scale, sample=True)
            yield Trial(f"{quantity}, where N is open", said, words, source, "kwant").finding(*AMPLITUDES)
        rungs, noise = some[0].rungs.tolist(), _noise(some, PLAIN)
        rest = np.array([[p.odd(h)[PLAIN, s] / h - p.first_order[PLAIN, s] for p in some] for h in rungs])
        quantity = f"slope of |t - first order| in h_R, odd part, {BY_K}"
        yield Trial(quantity, _slope(3.0, rest, noise), words, source, "kwant").finding(*LINEAR)
        even = np.array([[point.even(h)[PLAIN, s] / h for point in some] for h in rungs])
        if np.any(np.abs(even) > 4 * noise):
            quantity = f"slope of t in h_R, even part, {BY_K}"
            yield Trial(quantity, _slope(2.0, even, noise), words, source, "kwant").finding(*LINEAR)


def _words(points: list[Point]) -> str:
    rungs = points[0].rungs
    return f"{len(points)} k, h_R from {rungs[0]:.3g} to {rungs[-1]:.3g}"


def _stacked(some: Sequence[Estimate]) -> Estimate:
    return side_by_side([one[None] for one in some])


def _noise(points: list[Point], kind: int) -> Array:
    """Return the rounding error of a torque over h_R, (rungs, points, 1)."""
    size = np.array([p.noise * (np.abs(p.shift).max() if kind == WEIGHTED else 1.0) for p in points])
    return 2 * size[:, None] / points[0].rungs[:, None, None]


def _slope(expected: float, over_h: Array, noise: Array) -> Comparison:
    """Compare with which power of h_R vanishes what is given over h_R, (rungs, points, 3)."""
    size, error = (np.linalg.norm(one, axis=(1, 2)) for one in (over_h, np.broadcast_to(noise, over_h.shape)))
    return compare(expected, observed_order(size, error) + 1, tell_apart=ORDER_TELL_APART)


def _summed(points: list[Point], area: float) -> Iterator[Finding]:
    """Yield the same, summed over the grid with ½ ∂ε/∂k_x of each channel."""
    exact = _stacked([point.linear for point in points])[:, WEIGHTED].sum(axis=0) * area
    first = np.array([point.first_order[WEIGHTED] for point in points])
    expected = first.sum(axis=0) * area
    scale = max(float(np.abs(expected).max()), float(np.abs(exact.value).max()))
    is_odd = all(point.is_odd_in_k for point in points)
    part = "k and -k at both signs of h_R are alike" if is_odd else "of what is odd in h_R: k and -k differ"
    noise = _noise(points, WEIGHTED).sum(axis=1, keepdims=True)
    for s, source, _ in _open_sources(points):
        said, words = compare(expected[s], exact[s], scale=scale), "both sides on the same grid"
        yield Trial(f"t per h_R, worst component, {SUMMED}", said, words, source, "kwant").finding(*FIRST)
        change = [
            sum(p.odd(h)[WEIGHTED, s] + (p.even(h)[WEIGHTED, s] if is_odd else 0) for p in points) / h
            for h in points[0].rungs.tolist()
        ]
        slope = _slope(3.0, (np.array(change) - first[:, s].sum(axis=0))[:, None], noise)
        quantity = f"slope of |t - first order| in h_R, {SUMMED}"
        yield Trial(quantity, slope, f"{_words(points)}; {part}", source, "kwant").finding(*LINEAR)


def _conserved(points: list[Point]) -> Iterator[Finding]:
    """Yield the conservation laws, at the largest h_R, worst of all k and channels."""
    residuals = np.array([point.residuals() for point in points])
    noise = np.array([4 * point.noise for point in points])
    for sizes, (quantity, claim) in zip(residuals.T, CONSERVED.items(), strict=True):
        found = Estimate(sizes, {"rounding": (noise, "double precision")})
        said = compare(0.0, found, tell_apart=RESIDUAL_TELL_APART, sample=True)
        words = f"h_R = {points[0].rungs[0]:g}"
        yield Trial(f"{quantity}, worst", said, words, None, "kwant").finding(*claim)


def _torques(points: list[Point], area: float, grid: int) -> Iterator[dict[str, Any]]:
    """Yield sums by source: first order, the exact torque at h_R, how far coarser grids differ."""
    system, top = points[0].at.system, float(points[0].rungs[0])
    first = np.sum([point.first_order[WEIGHTED] for point in points], axis=0) * area
    exact = np.sum([point.exact(top)[WEIGHTED] for point in points], axis=0) * area
    error = grid_error(system, first, grid)
    for s, source, _ in _open_sources(points):
        along = components(first[s], system.m)
        fieldlike, dampinglike = (None, None) if along is None else map(float, along)
        summed = {"first_order": first[s].tolist(), "grid": float(error[s]), "vector": exact[s].tolist()}
        yield {"source": source, "h_R": top, "fieldlike": fieldlike, "dampinglike": dampinglike, **summed}
