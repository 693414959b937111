"""All that is relied on of Kwant, documented or not: the only module that imports it.

Kwant's time goes into assembling matrices and finding lead modes, hardly any into solving. So its solver
gets the equations of a bundle of independent chains at once, and the modes of a lead are put together from
those of its spin channels, found all at once and held against Kwant's own.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from functools import cache, lru_cache
from types import ModuleType
from typing import NamedTuple

import numpy as np

from sotcheck.engines.lattice import Chain
from sotcheck.errors import EngineError
from sotcheck.numerics.arrays import Array, Complex

#: Kwant's own default for telling propagating modes from others, in units of the rounding error.
TOLERANCE = 1e6
#: Of lead modes Kwant itself finds one in so many, and all with |sin² qa| below.
TRIED, EDGE = 10, 1e-6
#: Others may differ from Kwant's by so much, relatively, times ε/|sin² qa|, or ε e^|qa| far from the band.
ROUNDING = 1e3


@cache
def kwant() -> ModuleType:
    """Import Kwant late (it takes a second), without its remark on MUMPS; an EngineError if that fails."""
    try:
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", "MUMPS is not available", RuntimeWarning)
            import kwant
            import kwant.solvers.default
    except ImportError as error:
        raise EngineError(
            f"Kwant cannot be imported ({error}); install it as docs/how-to/install.md says, "
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


def build() -> str:
    """Return Kwant's version and what solves its sparse systems, or raise an EngineError."""
    solver = "MUMPS" if hasattr(kwant().solvers, "mumps") else "SciPy"
    return f"{kwant().__version__}, solver {solver}"


class Modes(NamedTuple):
    """One spin channel of one lead, as Kwant finds its modes.

    Stabilized vectors `vecs` and `vecslmbdainv` of the incoming mode, zero if closed, and of the outgoing or
    decaying one; `sqrt_hop`; the incoming wave of unit Kwant current on the first site beyond the lead's.
    """

    incoming: complex
    incoming_next: complex
    outgoing: complex
    outgoing_next: complex
    root_hopping: complex
    incident: complex


@lru_cache(maxsize=65536)
def channel_modes(onsite: float, hopping: float) -> Modes:
    """Let Kwant solve the lead −t(ψ_{n−1} + ψ_{n+1}) + h ψ_n = 0 of one spin.

    `kwant.physics.modes` would do the same five times slower: it looks for symmetries first.
    """
    cell, bond = (np.array([[number]], dtype=complex) for number in (onsite, -hopping))
    waves, momenta, velocities, vecs, vecslmbdainv, root = kwant().physics.leads.compute_block_modes(
        cell, bond, TOLERANCE, None, None, None, None
    )
    pairs = list(zip(vecs[0], vecslmbdainv[0], strict=True))
    if len(velocities) == 0:
        return Modes(0, 0, *pairs[0], root[0, 0], 0)
    # Incoming modes come first. Kwant gives one on the first site before the lead, its momentum counted away
    # from the scattering region.
    return Modes(*pairs[0], *pairs[1], root[0, 0], waves[0, 0] * np.exp(-1j * momenta[0]))


def lead_modes(onsite: Array, hopping: Array, where: Callable[[int], str]) -> Complex:
    """Return the `Modes` of channels (n,), shape (n, 6); an EngineError tells where Kwant has none.

    By Kwant's eigenproblem, ψ_n = λ ψ_{n+1} with λ² − (h/t)λ + 1 = 0, for all channels at once. Kwant itself
    finds one in `TRIED`, and all next to band edges: the others have to be the same but for phases.
    """
    sign, root = -np.sign(hopping), np.sqrt(np.abs(hopping))
    cosine = onsite / (2 * hopping)
    transfer = np.zeros((len(cosine), 2, 2))
    transfer[:, 0, 0], transfer[:, 0, 1], transfer[:, 1, 0] = 2 * cosine, -sign, sign
    try:
        found = np.linalg.eigvals(transfer).astype(complex)
    except np.linalg.LinAlgError as error:
        bad = int(np.argmin(np.isfinite(cosine)))
        raise EngineError(f"Kwant could not find the modes of {where(bad)}: not finite") from error
    is_open = np.abs(cosine) < 1
    # The velocity has the sign of sign · Im λ; what decays away from the scattering region has |λ| > 1.
    order = np.argsort(np.where(is_open[:, None], sign[:, None] * found.imag, np.abs(found)), axis=1)
    coming, going = np.take_along_axis(found, order, axis=1).T
    # Of unit current, or of unit length.
    size = 1 / np.sqrt(np.where(is_open, 2 * np.abs(going.imag), 1 + np.abs(going) ** -2.0))
    incoming = is_open * size
    waves = incoming * sign / coming, incoming, size * sign / going, size, root, incoming * coming / root
    modes = np.stack(waves, axis=-1)
    sine2 = np.abs(1 - cosine**2)
    for one in np.flatnonzero((sine2 < EDGE) | (np.arange(len(sine2)) % TRIED == 0)).tolist():
        try:
            kwants = np.array(channel_modes(float(onsite[one]), float(hopping[one])))
        except (ValueError, RuntimeError, np.linalg.LinAlgError) as error:
            raise EngineError(
                f"Kwant could not find the modes of {where(one)} ({error}): "
                "too close to a band edge, or not finite"
            ) from error
        # Products in which phases drop out.
        ours, theirs = (those * those[[1, 1, 3, 3, 4, 1]].conj() for those in (modes[one], kwants))
        rounding = ROUNDING * np.finfo(float).eps * (1 / max(sine2[one], EDGE) + abs(cosine[one]))
        if sine2[one] > EDGE and np.any(np.abs(ours - theirs) > rounding * np.abs(theirs)):
            raise EngineError(f"the modes of {where(one)} are not Kwant's")
        modes[one] = kwants
    return modes


def wave_functions(chain: Chain, leads: list[tuple[Complex, Complex]]) -> list[Complex]:
    """Return waves from either lead (modes (chains, 2, 6), spinors), two arrays (channels, sites, chains, 2).

    Per unit Kwant current 2 Im[ψ†tψ'] = 1, zero from a closed channel; or raise an EngineError. The equations
    are those of `kwant.wave_function`, for ψ and the amplitudes of what leaves, all chains' side by side.
    """
    from scipy import sparse

    sites, chains = chain.sites.shape[:2]
    # Blocks (chains, 2, 2) by row and column: the sites, then the outgoing waves of either lead. A bond
    # counts in both directions: with the same block even where that is not Hermitian.
    blocks = {(n, n): site for n, site in enumerate(chain.sites)}
    for n, bond in enumerate(chain.hopping):
        blocks[n, n + 1] = blocks[n + 1, n] = -bond
    comes_in = np.zeros((2, sites + 2, chains, 2, 2), dtype=complex)
    for lead, end in ((0, 0), (1, sites - 1)):
        modes, spinors = leads[lead]
        incoming, incoming_next, outgoing, outgoing_next, root, _ = np.moveaxis(modes[:, None], -1, 0)
        velocity, out = root * spinors, sites + lead
        blocks[end, out] = velocity * outgoing
        blocks[out, end] = velocity.conj().swapaxes(-1, -2)
        blocks[out, out] = -outgoing_next * np.eye(2)
        comes_in[lead, end], comes_in[lead, out] = -velocity * incoming, incoming_next * np.eye(2)
    place = 2 * np.arange(chains)[:, None] + np.arange(2)
    rows, columns = (2 * chains * np.array(side)[:, None, None] + place for side in zip(*blocks, strict=True))
    matrix = np.stack(list(blocks.values()))
    row, column = np.broadcast_arrays(rows[..., None], columns[:, :, None])
    solver = kwant().solvers.default.hidden_instance
    shape = 2 * (comes_in[0, ..., 0].size,)
    equations = sparse.coo_matrix((matrix.ravel(), (row.ravel(), column.ravel())), shape)
    given = sparse.csc_matrix(np.moveaxis(comes_in, 0, -2).reshape(-1, 4))
    try:
        factors = solver._factorized(equations.asformat(solver.lhsformat))
        found = solver._solve_linear_sys(factors, given.asformat(solver.rhsformat), slice(2 * sites * chains))
    except RuntimeError as error:
        raise EngineError(f"Kwant could not solve the chain ({error}): is h_R finite?") from error
    waves = np.moveaxis(found.reshape(sites, chains, 2, 2, 2), (3, 4), (0, 1))
    return list(waves)
