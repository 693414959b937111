"""Lead modes by Kwant, one spin channel at a time: the only module that imports it.

Chains of equal k_⊥ have equal leads, whatever their angle, h_R and barrier: Kwant finds the modes of each
spin channel once.
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import TYPE_CHECKING

import numpy as np

from sotcheck.engines.lattice import Chain, Scheme, chain
from sotcheck.errors import EngineError
from sotcheck.numerics.arrays import Complex
from sotcheck.system.interface import Interface

if TYPE_CHECKING:
    from types import ModuleType

#: Below this (k_z a)² Kwant's modes lose their digits, or their number.
SMALLEST_PHASE2 = 1e-14
#: Of the leads, in the order of `Chain.bands`; both spins of N are alike.
CHANNELS = ("N lead's", "F lead's minority", "F lead's majority")
#: Kwant's own default for telling propagating modes from others, in units of the rounding error.
TOLERANCE = 1e6


@cache
def _kwant() -> ModuleType:
    """Import Kwant late (it takes a second), without its remark that MUMPS is missing.

    Raises
    ------
    EngineError
        If Kwant is missing or was built for another NumPy.
    """
    try:
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", "MUMPS is not available", RuntimeWarning)
            import kwant
            import kwant.solvers.default
    except ImportError as error:
        raise EngineError(
            f"Kwant cannot be imported ({error}); install it as the README's section 'Install' says, "
            "or choose another engine with --engine continuum"
        ) from error
    except ValueError as error:
        if "numpy.dtype size changed" not in str(error):
            raise
        raise EngineError(
            f"Kwant was built for another NumPy ({error}); rebuild it against the one installed: "
            "'uv sync --reinstall-package kwant --no-cache', or with plain pip "
            "'pip install --force-reinstall --no-deps --no-build-isolation --no-cache-dir "
            "-C--global-option=--cython kwant==1.5.0'"
        ) from error
    return kwant


@dataclass(frozen=True)
class Modes:
    """One spin channel of one lead, as Kwant finds its modes.

    Attributes
    ----------
    incoming, outgoing : array (2,)
        Kwant's stabilized vectors `vecs` and `vecslmbdainv` of the mode that comes in (zero if the channel is
        closed), and of the one that goes out or decays.
    root_hopping : complex
        Kwant's `sqrt_hop`.
    incident : complex
        The incoming wave of unit Kwant current, carried on to z = 0.
    """

    incoming: Complex
    outgoing: Complex
    root_hopping: complex
    incident: complex

    @property
    def is_open(self) -> bool:
        """Whether the channel carries current."""
        return self.incident != 0


def channel_modes(onsite: complex, hopping: complex) -> Modes:
    """Let Kwant solve the lead −t(ψ_{n−1} + ψ_{n+1}) + h ψ_n = 0 of one spin.

    `kwant.physics.modes` would do the same five times slower: it looks for symmetries first.
    """
    leads = _kwant().physics.leads
    waves, momenta, velocities, vecs, vecslmbdainv, root = leads.compute_block_modes(
        np.array([[onsite]]), np.array([[-hopping]]), TOLERANCE, None, None, None, None
    )
    both = np.stack([vecs[0], vecslmbdainv[0]])
    if len(velocities) == 0:
        return Modes(np.zeros(2, dtype=complex), both[:, 0], root[0, 0], 0.0)
    # Incoming modes come first. Kwant gives one on the first site before the lead, here ±a, its momentum
    # counted away from 0.
    return Modes(both[:, 0], both[:, 1], root[0, 0], waves[0, 0] * np.exp(-1j * momenta[0]))


@lru_cache(maxsize=16384)
def lead_modes(iface: Interface, k_perp: float, spacing: float, scheme: Scheme) -> tuple[Chain, list[Modes]]:
    """Let Kwant solve both leads at one k_⊥, channel by channel: N, minority, majority.

    They depend on neither angle nor h_R nor barrier; the cache serves repeated requests.

    Raises
    ------
    EngineError
        If Kwant fails, or finds another number of propagating modes than the band edges say.
    LatticeError
        If the spacing does not suit the wave numbers.
    """
    blocks = chain(iface, k_perp, spacing, scheme)
    found = []
    for name, k, (onsite, hopping) in zip(CHANNELS, (blocks.kz, *blocks.Kz), blocks.bands, strict=True):
        where = f"{name} channel at k_perp = {k_perp:g}, k_z^2 = {(k**2).real:.3g}"
        try:
            modes = channel_modes(onsite, hopping)
        except (ValueError, RuntimeError, np.linalg.LinAlgError) as error:
            raise EngineError(
                f"Kwant could not find the modes of the {where} ({error}): "
                "too close to a band edge, or not finite"
            ) from error
        if abs(k * spacing) ** 2 < SMALLEST_PHASE2:
            raise EngineError(f"the {where} is too close to a band edge for Kwant's modes")
        if modes.is_open != (k.real > 0):
            raise EngineError(
                f"Kwant found the {where} {'open' if modes.is_open else 'closed'}, which it is not: "
                "too close to a band edge"
            )
        found.append(modes)
    return blocks, found
