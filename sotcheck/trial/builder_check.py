"""The cross-check of a user's own Kwant system: first order on any lattice against exact spin flows."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from tabulate import tabulate

from sotcheck.engines.kwant_private import kwant
from sotcheck.engines.user_accepted import accepted
from sotcheck.engines.user_builder import NONE, F, N, UserSystem, in_a_line, shown
from sotcheck.errors import BuilderError
from sotcheck.exact.observables import components
from sotcheck.numerics.arrays import Array
from sotcheck.numerics.convergence import observed_order
from sotcheck.numerics.estimate import Estimate
from sotcheck.run.progress import Progress, silent
from sotcheck.run.threads import single_threaded
from sotcheck.system.interface import SOURCES
from sotcheck.trial.builder_evidence import RUNGS, Point, grid_of, open_points
from sotcheck.trial.own_theory import load_function
from sotcheck.trial.result import Findings
from sotcheck.trial.verdict import Comparison, Finding, Trial, Verdict, compare

#: Points of the grid along either axis.
GRID = 12
#: Slopes that differ by this much are told apart; residuals of conservation laws are seen from here on.
ORDER_TELL_APART, RESIDUAL_TELL_APART = 0.05, 1e-9
PLAIN, WEIGHTED = 0, 1
FIRST = ("first-order", "The linear coefficient of the exact torque follows from unperturbed states alone")
AMPLITUDES = ("amplitudes", "It follows from r and t' at z = 0 and the velocity in N alone")
LINEAR = ("linearity", "What first order leaves is of higher order in h_R")
LEDGER = ("ledger", "Spin that arrives at z = 0 is what is taken there and what goes on")
UNITARY = ("unitarity", "The scattering matrix of open channels is unitary")
HERMITIAN = ("hermiticity", "The Hamiltonian is Hermitian")
SYMMETRY = ("symmetry", "Spin is conserved in N, and spin along m in the right lead")
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
            rows = [[row["source"], *row["first_order"], row["grid"], *row["vector"]] for row in self.torques]
            parts.append(tabulate(rows, head, floatfmt=".5g"))
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

    Parameters
    ----------
    spec : str or callable
        "module:function", or the function itself. It returns a dictionary: "builder", a finite
        `kwant.Builder` with two leads, N and F, whose values are functions of k_x, k_y and h_R; "zero", its
        site z = 0 or all sites of that layer; "energy", E_F. Optional: "params" of other parameters; "h_R",
        the largest that is tried (0.1); "magnetization" of a right lead without exchange; "cell", the widths
        of the cell of k (2π, 2π).
    k : sequence of (k_x, k_y), optional
        Try these alone, and sum nothing.
    grid : int
        Otherwise, points along either axis of a grid over the cell of k: an even number.
    h_R : float, optional
        Instead of the system's own.

    Raises
    ------
    BuilderError
        If the function fails, or what it returns cannot be checked; the message says what to do.
    """
    if grid < 4 or grid % 2:
        raise BuilderError(f"grid = {grid} is not accepted; expected an even number from 4 on")
    name, made = _called(spec)
    if h_R is not None and isinstance(made, dict):
        made = made | {"h_R": h_R}
    system = accepted(name, made)
    ks = np.array(k, dtype=float) if len(k) else grid_of(system.cell, grid)
    found = list(progress(open_points(system, ks, system.h_R * RUNGS), "k", len(ks)))
    _refuse_closed(system, ks, [n for n, _ in found], given=bool(len(k)))
    points = [point for _, point in found]
    findings = [*_by_k(points), *_conserved(points)]
    if len(k):
        return BuilderResult(system, tuple(findings), len(points), note=_note(points))
    area = float(np.prod(system.cell)) / (len(ks) * (2 * np.pi) ** 2)
    _refuse_cut_off(system, grid)
    findings += _summed(points, area)
    torques = _torques(points, [n for n, _ in found], grid, area)
    return BuilderResult(system, tuple(findings), len(points), tuple(torques), _note(points))


def _called(spec: str | Callable[[], Any]) -> tuple[str, Any]:
    # Before the user's module does: this import keeps Kwant's remark on MUMPS to itself.
    kwant()
    function = (
        load_function("--builder", spec, "mysystem:layers", BuilderError) if isinstance(spec, str) else spec
    )
    name = spec if isinstance(spec, str) else getattr(spec, "__name__", "builder")
    try:
        return name, function()
    except Exception as error:
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
    """Refuse a cell that is no period of H, unless nothing propagates at its edges."""
    for axis in np.eye(2):
        for along in np.linspace(-0.5, 0.5, grid + 1):
            up, down = ((sign * axis / 2 + along * axis[::-1]) * system.cell for sign in (1, -1))
            if not _same_leads(system, up, down) and list(open_points(system, np.array([up, down]), RUNGS)):
                raise BuilderError(
                    f"{system.name}: the cell of k cuts off open channels, as at k = {shown(up)}, and is no "
                    "period of H; give its widths, 'cell': (K_x, K_y)"
                )


def _same_leads(system: UserSystem, one: Array, other: Array) -> bool:
    blocks = [[*system.lead(N, k), *system.lead(F, k)] for k in (one, other)]
    return all(np.abs(a - b).max() <= NONE * np.abs(a).max() for a, b in zip(*blocks, strict=True))


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
        exact = [point.odd()[PLAIN, s] for point in some]
        found = _stacked(exact)
        expected = np.array([point.first_order[PLAIN, s] for point in some])
        scale = float(max(np.abs(expected).max(), np.abs(found.value).max(), 1e-3))
        words = f"{len(some)} k, h_R from {some[0].rungs[0]:.3g} to {some[0].rungs[-1]:.3g}"
        said = compare(expected, found, scale=scale, sample=True)
        quantity = "t per h_R and incident current, worst component"
        yield Trial(f"{quantity}, {BY_K}", said, words, source, "kwant").finding(*FIRST)
        pairs = [(one.from_amplitudes, exact[n]) for n, one in enumerate(some)]
        by_r = [(one[PLAIN, s], other) for one, other in pairs if one is not None]
        if by_r:
            said = compare(
                np.array([one for one, _ in by_r]), _stacked([o for _, o in by_r]), scale=scale, sample=True
            )
            yield Trial(f"{quantity}, where N is open", said, words, source, "kwant").finding(*AMPLITUDES)
        yield Trial(
            f"slope of |t - first order| in h_R, {BY_K}", *_slope(some, s, PLAIN, expected), source, "kwant"
        ).finding(*LINEAR)


def _stacked(some: list[Estimate]) -> Estimate:
    terms = {
        name: (np.array([one.size(name) for one in some]), why) for name, (_, why) in some[0].terms.items()
    }
    return Estimate(np.array([one.value for one in some]), terms)


def _remainders(points: list[Point], s: int, kind: int) -> tuple[Array, Array, Array]:
    """Return [t(h) − t(0)]/h by rung and point, its even part in h, and its noise."""
    rungs = points[0].rungs
    zero = np.array([point.exact(0.0)[kind, s] for point in points])
    up, down = (
        np.array([[p.exact(sign * h)[kind, s] for p in points] for h in rungs.tolist()]) for sign in (1, -1)
    )
    size = np.array([point.noise * (np.abs(point.shift).max() if kind else 1.0) for point in points])
    over = rungs[:, None, None]
    return (up - zero) / over, (up + down - 2 * zero) / (2 * over), 2 * size[None, :, None] / over


def _slope(points: list[Point], s: int, kind: int, expected: Array) -> tuple[Comparison, str]:
    """Compare with which power of h_R t departs from first order: 2, or 3 where t is odd in h_R."""
    rest, even, noise = _remainders(points, s, kind)
    noise = np.broadcast_to(noise, rest.shape)
    rest = rest - expected
    if kind == WEIGHTED:
        rest, even, noise = (one.sum(axis=1, keepdims=True) for one in (rest, even, noise))
    is_odd = bool(np.all(np.abs(even) <= 4 * noise))
    size, error = (np.linalg.norm(one, axis=(1, 2)) for one in (rest, noise))
    order = observed_order(size, error, power=2 if is_odd else 1) + 1
    words = "t is odd in h_R" if is_odd else "t has a part that is even in h_R"
    said = compare(3.0 if is_odd else 2.0, order, tell_apart=ORDER_TELL_APART)
    return said, f"h_R from {points[0].rungs[0]:.3g} on; {words}"


def _summed(points: list[Point], area: float) -> Iterator[Finding]:
    """Yield the same, summed over the grid with ½ ∂ε/∂k_x of each channel."""
    exact = _stacked([point.odd() for point in points])[:, WEIGHTED].sum(axis=0) * area
    first = np.array([point.first_order[WEIGHTED] for point in points])
    expected = first.sum(axis=0) * area
    scale = max(float(np.abs(expected).max()), float(np.abs(exact.value).max()))
    for s, source, _ in _open_sources(points):
        said = compare(expected[s], exact[s], scale=scale)
        words = "both sides on the same grid"
        yield Trial(f"t per h_R, worst component, {SUMMED}", said, words, source, "kwant").finding(*FIRST)
        trial = _slope(points, s, WEIGHTED, first[:, s])
        quantity = f"slope of |t - first order| in h_R, {SUMMED}"
        yield Trial(quantity, *trial, source, "kwant").finding(*LINEAR)


def _conserved(points: list[Point]) -> Iterator[Finding]:
    """Yield the conservation laws, at the largest h_R, worst of all k and channels."""
    top = float(points[0].rungs[0])
    by_channels = [point.passed_by_channels() for point in points]
    flows = [point.flows[top] for point in points]
    minus = [np.abs(one.minus - by_S).max() for one, (by_S, _) in zip(flows, by_channels, strict=True)]
    onward = [np.abs(one.onward - by_S).max() for one, (_, by_S) in zip(flows, by_channels, strict=True)]
    residuals: dict[str, tuple[list[float], tuple[str, str]]] = {
        "minus + lattice - interface - plus at z = 0": ([np.abs(p.ledger()).max() for p in points], LEDGER),
        "S†S - 1": ([point.unitarity() for point in points], UNITARY),
        "H - H†, relative": ([point.hermiticity() for point in points], HERMITIAN),
        "spin through z = -0 by its current, less that of channels": (minus, SYMMETRY),
        "spin along m into F by its current, less that of channels": (onward, SYMMETRY),
    }
    noise = np.array([4 * point.noise for point in points])
    for quantity, (sizes, claim) in residuals.items():
        found = Estimate(np.array(sizes), {"rounding": (noise, "double precision")})
        said = compare(0.0, found, tell_apart=RESIDUAL_TELL_APART, sample=True)
        yield Trial(f"{quantity}, worst", said, f"h_R = {top:g}", None, "kwant").finding(*claim)


def _torques(points: list[Point], where: list[int], grid: int, area: float) -> Iterator[dict[str, Any]]:
    """Yield sums by source: first order, the exact torque at h_R, how far parts of the grid differ."""
    first = np.zeros((grid * grid, 3, 3))
    first[where] = [point.first_order[WEIGHTED] for point in points]
    first *= area
    exact = np.sum([point.exact(float(point.rungs[0]))[WEIGHTED] for point in points], axis=0) * area
    # Every other point along either axis: four grids of twice the spacing.
    parts = first.reshape(grid // 2, 2, grid // 2, 2, 3, 3).sum(axis=(0, 2)) * 4
    total = first.sum(axis=0)
    grids = np.abs(parts - total).max(axis=(0, 1))
    m = points[0].at.system.m
    for s, source, _ in _open_sources(points):
        along = components(total[s], m)
        fieldlike, dampinglike = (None, None) if along is None else map(float, along)
        yield {
            "source": source, "fieldlike": fieldlike, "dampinglike": dampinglike,
            "first_order": total[s].tolist(), "grid": float(grids[s].max()), "h_R": float(points[0].rungs[0]),
            "vector": exact[s].tolist(),
        }  # fmt: skip
