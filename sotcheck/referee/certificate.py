"""What is proved of a system file, as intervals rounded outwards, or why nothing is."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from flint import arb, ctx

from sotcheck.errors import SotcheckError
from sotcheck.referee.layered import stack_torque
from sotcheck.referee.one_site import closed_form
from sotcheck.referee.quadrature import UnprovedError, within
from sotcheck.referee.reading import read
from sotcheck.referee.sums import Enclosure, bare_torque

#: Binary digits that balls are computed with: at first, and after that, where those prove nothing or too
#: little. More of them for stacks: a polynomial of high degree loses some in its powers, and a state behind
#: an opaque layer is as narrow as that is opaque.
DIGITS, STACK_DIGITS = (128, 256), (192, 384, 768, 1536)
#: What every range's rule may be wrong by, relative to the flows: of a bare interface, and of a stack.
GOAL, STACK_GOAL = 1e-17, 1e-14
#: The radius sought, relative to the largest component of any source's t.
RADIUS = 1e-12
#: With more digits a goal is so much finer.
FINER = 1e-4


def prove(
    document: dict[str, Any],
    *,
    h_R: float | None = None,
    scale: float | None = None,
    first_order: bool = False,
    seconds: float = math.inf,
    steps: float = math.inf,
) -> dict[str, Enclosure]:
    """Enclose the torque of every source of the system that a file's tables describe, to `RADIUS` if it can.

    Parameters
    ----------
    document : dict
        As `tomllib` reads a system file.
    h_R, scale : float, optional
        As the options --h-r and --scale have them.
    first_order : bool
        What is linear in the spin-orbit terms, rather than the whole torque.
    seconds : float
        How long it may take.
    steps : float
        How many steps, of some milliseconds: then of stacks only those whose means over the angle are closed
        forms are tried, which take seconds, not minutes.

    Raises
    ------
    UnprovedError
        Where nothing can be enclosed, and why.
    SystemFileError
        For a key or value that the referee does not know.
    """
    found: dict[str, Enclosure] = {}
    why = UnprovedError("nothing was tried")
    bare = read(document, h_R=h_R, scale=scale)[0].bare
    method, goal = (bare_torque, GOAL) if bare else (stack_torque, STACK_GOAL)
    with within(seconds, steps):
        for n, digits in enumerate(DIGITS if bare else STACK_DIGITS):
            with ctx.workprec(digits):
                problem, _ = read(document, h_R=h_R, scale=scale)
                form = None if bare else closed_form(problem, first_order=first_order)
                if steps < math.inf and not bare and form is None:
                    raise UnprovedError(
                        "not tried, as means over the angle are no closed form and take minutes"
                    )
                try:
                    found = method(problem, arb(goal) * FINER**n, first_order=first_order)
                except UnprovedError as error:
                    why = error
                    if not bare and not (form and form.by_residues):
                        # Of what is not told by residues parts of ranges took too long: no digits help.
                        break
            if found and _narrow(found):
                break
    if not found:
        raise why
    return found


def _narrow(found: dict[str, Enclosure]) -> bool:
    """Return whether all radii are as small as sought; nothing is sought where nothing turns spins."""
    largest = max(abs(float(part.mid())) for one in found.values() for part in one.vector)
    flow = max(abs(float(part.mid())) for one in found.values() for part in one.interfaces[0][0])
    return all(one.radius <= RADIUS * max(largest, FINER * flow) for one in found.values())


def outward(ball: arb) -> list[float]:
    """Return an interval around a ball, of doubles and of the decimals that they are printed as."""
    ends = []
    for end, sign, away in ((ball.lower(), 1, -math.inf), (ball.upper(), -1, math.inf)):
        number = float(end)
        while not all(sign * written <= sign * end for written in (arb(number), arb(repr(number)))):
            number = math.nextafter(number, away)
        ends.append(number)
    return ends


def rounded(ball: arb) -> tuple[float, float]:
    """Return the double nearest to a ball's middle, and a radius of two digits that holds it all."""
    number = float(ball.mid())
    with ctx.workprec(4 * DIGITS[-1]):
        return number, two_digits(outward(abs(ball - arb(number)))[1])


def two_digits(radius: float) -> float:
    """Return a number of two digits that is not less."""
    return float(f"{1.06 * radius:.1e}")


@dataclass(frozen=True)
class Certificate:
    """What is proved of the torque of one source; None and a reason where nothing is."""

    proved: Enclosure | None
    reason: str = ""

    def to_dict(self) -> dict[str, Any]:
        """Return what the contract adds to a row of torques."""
        if self.proved is None:
            return {"certified": None, "not_certified": self.reason}
        parts = self.proved.parts or (None, None)
        components = zip(("fieldlike", "dampinglike"), parts, strict=True)
        return {
            "certified": {
                "vector": [outward(one) for one in self.proved.vector],
                **{name: None if part is None else outward(part) for name, part in components},
            }
        }

    def cells(self, digits: int = 18) -> list[str]:
        """Return both components as balls in decimals, which contain what is proved."""
        if self.proved is None:
            return [f"not proved: {self.reason}", ""]
        if self.proved.parts is None:
            return ["undefined"] * 2
        return [part.str(digits) for part in self.proved.parts]


def certificates(find: Callable[[], dict[str, Enclosure]], sources: list[str]) -> dict[str, Certificate]:
    """Return what `find` proves of each source, or why it proves nothing."""
    try:
        return {source: Certificate(one) for source, one in find().items()}
    except SotcheckError as error:
        return {source: Certificate(None, str(error)) for source in sources}
