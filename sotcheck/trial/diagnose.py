"""What a wrong formula is off by, from numbers alone."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from sotcheck.numerics.arrays import Array, Complex, Mask

#: Relative to the largest number: what is the same. Errors of exact numerics are far below.
SAME = 1e-6
#: Ratios are only looked at where both numbers are above this fraction of the largest.
VISIBLE = 1e-3


def diagnose(expected: Array | Complex, measured: Array | Complex, *, where: Mapping[str, Mask]) -> str:
    """Say how a formula differs from exact numbers.

    Both are arrays (n, ...), fieldlike + i dampinglike for a torque; `where` has masks (n, ...) of regimes by
    words that go on with "where": "k_z is imaginary". The first that holds is said: no difference, a relation
    everywhere, one regime alone at fault, one component alone at fault, a constant term, no simple relation.
    """
    a, b = np.broadcast_arrays(np.asarray(expected, complex), np.asarray(measured, complex))
    tolerance = SAME * max(np.abs(a).max(initial=0.0), np.abs(b).max(initial=0.0))
    wrong = np.abs(b - a) > tolerance
    if not wrong.any():
        return "no difference"
    everywhere = _relation(a, b, tolerance)
    if everywhere:
        return everywhere
    words, inside = _regime(wrong, np.abs(b) > tolerance, where) or ("", ...)
    a, b = a[inside], b[inside]
    related = _relation(a, b, tolerance) if words else None
    found = related or _component(a, b, tolerance) or _unrelated(a, b)
    return f"wrong only where {words}: {found}" if words else found


def _relation(expected: Complex, measured: Complex, tolerance: float) -> str | None:
    """Return the relation that turns one into the other, or None."""
    if np.abs(expected).max() <= tolerance:
        return "a term is missing: the formula is zero there"
    if np.abs(measured).max() <= tolerance:
        return "a term too much: it should be zero there"
    swapped = 1j * expected.conj()
    for words, candidate in (
        ("", expected),
        ("fieldlike and dampinglike (real and imaginary part) swapped", swapped),
        ("conjugated", expected.conj()),
    ):
        # Least squares.
        ratio = complex(np.vdot(candidate, measured) / np.vdot(candidate, candidate))
        if np.abs(measured - ratio * candidate).max() > tolerance:
            continue
        if candidate is swapped and abs(ratio.imag) > SAME * abs(ratio):
            # With a phase between them, all that is left of it is the conjugation.
            continue
        return "; ".join(part for part in (words, _factor(ratio)) if part)
    return None


def _factor(ratio: complex) -> str:
    """Describe the constant by which a formula has to be multiplied."""
    parts = []
    size, turn = abs(ratio), ratio / abs(ratio)
    if abs(turn + 1) < SAME:
        parts.append("the sign is wrong")
    elif abs(turn - 1j) < SAME:
        parts.append("a factor i is missing")
    elif abs(turn - 1) >= SAME:
        parts.append(f"a phase of {np.degrees(np.angle(turn)):.3f} degrees")
    if abs(size - 1) >= SAME:
        change = f"a missing factor {size:.3f}" if size > 1 else f"a factor {1 / size:.3f} too much"
        parts.append(f"ratio constant {size:.3f}: {change}")
    return "; ".join(parts)


def _regime(wrong: Mask, seen: Mask, where: Mapping[str, Mask]) -> tuple[str, Mask] | None:
    """Return the smallest regime, or complement of one, with everything wrong but not everything seen."""
    found: list[tuple[int, str, Mask]] = []
    for words, mask in where.items():
        one_each = np.reshape(mask, np.shape(mask) + (1,) * (wrong.ndim - np.ndim(mask)))
        inside = np.broadcast_to(one_each, wrong.shape)
        for name, area in ((words, inside), (f"it is not true that {words}", ~inside)):
            if not (wrong & ~area).any() and ((seen & ~area).any()):
                found.append((int(area.sum()), name, area))
    return min(found, key=lambda entry: entry[0])[1:] if found else None


def _component(expected: Complex, measured: Complex, tolerance: float) -> str | None:
    """Say which component alone is wrong, or None if both are."""
    parts = {
        "the fieldlike (real) component": (expected.real, measured.real),
        "the dampinglike (imaginary) component": (expected.imag, measured.imag),
    }
    wrong = {name: pair for name, pair in parts.items() if np.abs(pair[0] - pair[1]).max() > tolerance}
    # A real quantity has one component only.
    if len(wrong) != 1 or min(np.abs(exact).max() for _, exact in parts.values()) <= tolerance:
        return None
    ((name, pair),) = wrong.items()
    a, b = (values.astype(complex) for values in pair)
    return f"only {name} is wrong: {_relation(a, b, tolerance) or _unrelated(a, b)}"


def _unrelated(expected: Complex, measured: Complex) -> str:
    """Describe what no relation describes."""
    difference = measured - expected
    spread = np.abs(difference - difference.mean()).max()
    if difference.size > 1 and spread <= SAME * np.abs(difference).max():
        mean = complex(difference.mean())
        return f"wrong by a constant term, {mean.real:.3g}{mean.imag:+.3g}i is missing"
    largest = max(np.abs(expected).max(), np.abs(measured).max())
    visible = (np.abs(expected) > VISIBLE * largest) & (np.abs(measured) > VISIBLE * largest)
    if not visible.any():
        return "no simple relation: where one is large the other is small"
    ratio = np.abs(measured[visible] / expected[visible])
    return f"wrong by a term, no simple relation (ratio from {ratio.min():.3g} to {ratio.max():.3g})"
