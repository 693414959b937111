"""How many states a bare interface binds below all that propagates, and their energies, proved.

At an energy p² below the continuum's edge a state decays with q_N in N and q_± in F: it solves A(p) ψ(0)
= 0 with A = q_N + q_+ (1 + σ·m)/2 + q_- (1 - σ·m)/2 + u_0 + u_m σ·m + σ·w, w = h k×ẑ. A grows with p, so
that as many states are bound deeper than p as A(p) has negative eigenvalues: det and trace tell. At the
edge det A is c_0 + c_1 k_⊥ s - h²k_⊥², with s the sine of the angle between k and m's own in the plane.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from flint import arb, ctx

from sotcheck.errors import SotcheckError
from sotcheck.referee.certificate import outward
from sotcheck.referee.quadrature import UnprovedError
from sotcheck.referee.reading import Problem, exact, read

#: Binary digits of balls, and of energies relative to the largest depth.
DIGITS, WANTED = 192, 80
BARE_ONLY = "states bound in stacks are not proved"


@dataclass(frozen=True)
class Levels:
    """A(p) at one k_⊥ and direction of k×ẑ: squares of decay constants at the edge, κ̂ along m and across."""

    edges: tuple[arb, arb, arb]
    u_0: arb
    along: arb
    across2: arb
    deepest: arb

    def deeper(self, p: arb) -> int:
        """Return how many states lie deeper than p².

        Raises
        ------
        UnprovedError
            If one lies too near.
        """
        q_N, q_plus, q_minus = ((edge + p * p).sqrt() for edge in self.edges)
        up, down = q_N + q_plus + self.u_0 + self.along, q_N + q_minus + self.u_0 - self.along
        det = up * down - self.across2
        if det < 0:
            return 1
        if det > 0 and not (up + down).contains(0):
            return 0 if up + down > 0 else 2
        raise UnprovedError("a state lies at the edge of the continuum, as near as digits go")

    def depths(self) -> list[arb]:
        """Enclose p² of every state, the deepest first, by halving."""
        found = []
        for state in range(self.deeper(arb(0))):
            low, high = arb(0), self.deepest
            for _ in range(WANTED):
                middle = ((low + high) / 2).mid()
                try:
                    low, high = (middle, high) if self.deeper(middle) > state else (low, middle)
                except UnprovedError:
                    break
            found.append((low * low).union(high * high))
        return found


def levels(problem: Problem, k_perp: arb, cosine: arb, sine: arb) -> Levels:
    """Return A(p) at k×ẑ = k_⊥ (cosine, sine)."""
    delta, m = problem.deltas[0], problem.m
    h = delta.A[0][1] * k_perp
    along = h * (m[0] * cosine + m[1] * sine)
    size = abs(delta.u_0) + abs(delta.u_m) + abs(h)
    deepest = (size / 2 + 1).upper()
    return Levels(_edges(problem), delta.u_0, delta.u_m + along, h * h - along * along, deepest)


def _edges(problem: Problem) -> tuple[arb, arb, arb]:
    """Return q_N², q_+² and q_-² at the edge of the continuum, the same at every k_⊥."""
    left, right = problem.regions[0], problem.regions[-1]
    bands = left.U, right.U + right.J, right.U - right.J
    one, two, three = (exact(band - min(bands)) for band in bands)
    return one, two, three


def first_change(problem: Problem) -> tuple[int, arb | None]:
    """Return how many states are bound at small k_⊥, at every angle, and the k_⊥ up to which that holds.

    None: at all k_⊥.

    Raises
    ------
    UnprovedError
        If a state lies at the edge of the continuum at k_⊥ = 0.
    """
    count = levels(problem, arb(0), arb(1), arb(0)).deeper(arb(0))
    delta, m = problem.deltas[0], problem.m
    q_N, q_plus, q_minus = (edge.sqrt() for edge in _edges(problem))
    up, down = q_N + q_plus + delta.u_0 + delta.u_m, q_N + q_minus + delta.u_0 - delta.u_m
    h = delta.A[0][1]
    c_0, c_1 = up * down, abs((down - up) * h) * (m[0] ** 2 + m[1] ** 2).sqrt()
    square = c_1 * c_1 + 4 * h * h * c_0
    if square < 0 or h.is_zero():
        return count, None
    if not square > 0:
        raise UnprovedError("the angle at which another state is bound all but exists")
    # The least k at which det vanishes, where |s| = 1 and c_1 s has the sign that c_0 has not.
    return count, 2 * abs(c_0) / (c_1 + square.sqrt())


def certified(tables: dict[str, Any], rows: list[dict[str, Any]]) -> dict[str, Any]:
    """Return what is proved of rows of bound states (k_perp, angle in degrees, h_R), and for all k_⊥.

    `rows`: a list in their order, each with count, energies and the number at or below E_F, or null and a
    reason; `below`: by h_R, the count at every angle below some k_perp, an interval (null: at all).
    """
    below = []
    for h in dict.fromkeys(row["h_R"] for row in rows):
        with ctx.workprec(DIGITS):
            try:
                count, k = first_change(_bare(tables, h))
                found: dict[str, Any] = {"count": count, "k_perp": None if k is None else outward(k)}
            except SotcheckError as error:
                found = {"count": None, "not_certified": str(error)}
            below.append({"h_R": h, **found})
    return {"rows": [_row(tables, row) for row in rows], "below": below}


def _bare(tables: dict[str, Any], h_R: float) -> Problem:
    problem, _ = read(tables, h_R=h_R)
    if not problem.bare:
        raise UnprovedError(BARE_ONLY)
    return problem


def _row(tables: dict[str, Any], row: dict[str, Any]) -> dict[str, Any]:
    with ctx.workprec(DIGITS):
        try:
            problem = _bare(tables, row["h_R"])
            k = arb(row["k_perp"])
            sine, cosine = (arb(row["angle"]) * arb.pi() / 180).sin_cos()
            found = levels(problem, k, cosine, sine)
            left, right = problem.regions[0], problem.regions[-1]
            edge = k * k + exact(min(left.U, right.U - right.J, right.U + right.J))
            depths = found.depths()
            below = edge - exact(problem.energy)
            at_E_F = found.deeper(below.sqrt()) if below > 0 else len(depths)
            energies = [outward(edge - depth) for depth in depths]
            return {"certified": {"count": len(depths), "energies": energies, "at_or_below_E_F": at_E_F}}
        except SotcheckError as error:
            return {"certified": None, "not_certified": str(error)}
