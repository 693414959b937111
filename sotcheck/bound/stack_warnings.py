"""What a stack's torque is warned of: states at E_F of which the sum over scattering states knows nothing."""

from __future__ import annotations

import itertools
from collections.abc import Container, Iterator, Sequence

import numpy as np

from sotcheck.bound.stack_fermi import counted, fermi_contours, no_end
from sotcheck.bound.stack_flows import ranges
from sotcheck.bound.stack_table import in_words, strength
from sotcheck.engines.determinant import stack_poles
from sotcheck.engines.poles import x_of
from sotcheck.errors import EngineError
from sotcheck.system.stack import Stack
from sotcheck.system.structure import Structure
from sotcheck.system.units import wave_vector

#: Resonances narrower than this part of k_⊥² are known to ε/width only.
NARROWEST = 1e-12
#: Angles of k at which resonances are looked for.
ANGLES = (0.3 + np.arange(4)) * np.pi / 2


def on_stack(
    stack: Stack, scales: Sequence[float], summed: Container[float] = (), told: Container[float] = ()
) -> Iterator[str]:
    """Yield what is to be said of states bound in a stack at E_F, and of those that are all but bound.

    `summed`: the scales at which scattering states were summed; `told`: those at which theirs has a row too.
    """
    structure, (one_k, unit) = stack.structure, wave_vector(stack)
    for s in scales:
        name = "h_R" if stack.only_rashba else "scale"
        at = f"at {name} = {strength(stack, s)[name]:g}"
        try:
            why = no_end(structure, s)
            contours = [] if why else fermi_contours(structure, s)
            if why or contours:
                row = "the row 'bound' has theirs"
                theirs = row if s in told else _why_not(structure, s, why, tried=s in summed)
                left_out = "the scattering states' torque leaves them out"
                yield f"{at}, {in_words(contours, why, (one_k, unit))}: {left_out}; {theirs}"
            if (found := narrowest(structure, s)) is not None:
                k_perp, width = one_k * found[0], one_k * found[1]
                yield (
                    f"{at} the stack has resonances within the continuum that double precision cannot "
                    f"resolve (the narrowest at k_perp = {k_perp:.6g}, half-width {width:.2g}{unit}): "
                    "their torque is known to rounding over width only, and the error says so"
                )
        except EngineError as error:
            yield f"{at} states bound in the stack, or all but bound, cannot be told ({error})"


def _why_not(structure: Structure, scale: float, why: str, *, tried: bool) -> str:
    """Return why the torque of states bound at E_F is not told, `tried` or not; `why` they have no end."""
    if why:
        return "theirs is not told"
    try:
        ranges(counted(structure, scale))
    except EngineError as error:
        return f"theirs is left out, for {error}"
    if tried:
        return "theirs is left out, for a contour could not be followed between the angles of its grid"
    return "theirs is the row 'bound' of boundary matching (torque)"


def narrowest(structure: Structure, scale: float) -> tuple[float, float] | None:
    """Return k_⊥ and the width |Im k_⊥| of the narrowest resonance, if it is too narrow for doubles."""
    found = [np.zeros(0, dtype=complex)]
    for segment in itertools.pairwise(structure.thresholds()):
        x = x_of(segment, stack_poles(structure, segment, ANGLES, np.full(len(ANGLES), scale)))
        found.append(x[(x.real > segment[0]) & (x.real < segment[1])])
    x = np.concatenate(found)
    x = x[np.abs(x.imag) < NARROWEST * np.abs(x.real)]
    if not x.size:
        return None
    root = np.sqrt(x[np.argmin(np.abs(x.imag))])
    return float(root.real), float(abs(root.imag))
