"""All that is relied on of Kwant, documented or not: the only module that imports it.

Kwant's time goes into assembling matrices and finding lead modes, hardly any into solving. So one system of
Kwant's holds a bundle of independent chains, its Hamiltonian is handed over as a matrix, and the modes of a
lead are put together from those of its spin channels, which Kwant finds once each.
"""

from __future__ import annotations

import warnings
from functools import cache, lru_cache
from types import ModuleType
from typing import Any, NamedTuple

import numpy as np

from sotcheck.engines.lattice import Chain
from sotcheck.errors import EngineError
from sotcheck.numerics.arrays import Complex

#: Kwant's own default for telling propagating modes from others, in units of the rounding error.
TOLERANCE = 1e6


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
    """Let Kwant solve the lead −t(ψ_{n−1} + ψ_{n+1}) + h ψ_n = 0 of one spin; chains of equal k_⊥ share it.

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


def bundled_lead(modes: Complex, spinors: Complex) -> Any:
    """Return a lead for a bundle of chains from the modes (chains, 2, 6) of their spin channels.

    Outgoing and decaying modes are each chain's own. An incoming one comes in all chains at once: they do not
    touch, so one wave function solves all; they have the same channels open. Spinors (2, 2) are columns.
    """
    chains = len(modes)
    *vectors, root_hopping, incident = np.moveaxis(modes, -1, 0)
    is_open = np.flatnonzero(incident[0])

    def columns(incoming: Complex, outgoing: Complex) -> Complex:
        come_in = np.zeros((chains, 2, len(is_open)), dtype=complex)
        come_in[:, is_open, np.arange(len(is_open))] = incoming[:, is_open]
        return np.hstack([come_in.reshape(2 * chains, -1), np.diag(outgoing.ravel())])

    roots = np.zeros((chains, 2, chains, 2), dtype=complex)
    roots[np.arange(chains), :, np.arange(chains)] = root_hopping[:, None] * spinors
    empty = np.empty(0)
    return kwant().system.PrecalculatedLead(
        modes=(
            # What no one asks for when wave functions are wanted.
            kwant().physics.PropagatingModes(empty[None], empty, empty),
            kwant().physics.StabilizedModes(
                columns(vectors[0], vectors[2]),
                columns(vectors[1], vectors[3]),
                len(is_open),
                roots.reshape(2 * chains, 2 * chains),
            ),
        )
    )


@cache
def system_class() -> type:
    """Return Kwant's low-level system of chains whose Hamiltonian is a matrix, derived late from Kwant's."""
    from scipy import sparse

    class Chains(kwant().system.FiniteSystem):  # type: ignore[misc]
        """Chains side by side: the orbitals of all first sites, then those of all second ones, …."""

        def __init__(self, chain: Chain, leads: list[Any]) -> None:
            length, size = chain.sites.shape[:2]
            sites = np.arange(length * size).reshape(length, size)
            self.lead_interfaces = [sites[0], sites[-1]]
            self.leads = leads
            self._norbs = np.full(sites.size, 2)
            # A bond counts in both directions: with the same block even where that is not Hermitian.
            blocks = np.concatenate([chain.sites, -chain.hopping, -chain.hopping]).reshape(-1, 2, 2)
            rows = np.concatenate([sites, sites[:-1], sites[1:]]).ravel()
            columns = np.concatenate([sites, sites[1:], sites[:-1]]).ravel()
            spin = np.arange(2)
            row = np.broadcast_to(2 * rows[:, None, None] + spin[:, None], blocks.shape)
            column = np.broadcast_to(2 * columns[:, None, None] + spin, blocks.shape)
            self._matrix = sparse.coo_matrix(
                (blocks.ravel(), (row.ravel(), column.ravel())), shape=(2 * sites.size, 2 * sites.size)
            )

        def hamiltonian(self, i: int, j: int, *_: Any, **__: Any) -> Complex:
            """Return one block, as every system of Kwant's can."""
            block: Complex = self._matrix.tocsr()[2 * i : 2 * i + 2, 2 * j : 2 * j + 2].toarray()
            return block

        def hamiltonian_submatrix(self, *_: Any, **__: Any) -> Any:
            """Return what Kwant's solvers ask for: the matrix, and the orbitals of each site."""
            return self._matrix, self._norbs, self._norbs

    return Chains


def wave_functions(chain: Chain, leads: list[tuple[Complex, Complex]]) -> list[Complex]:
    """Return Kwant's waves from either lead (modes, spinors), two arrays (open channels, sites, chains, 2).

    Per unit Kwant current 2 Im[ψ†tψ'] = 1; or raise an EngineError.
    """
    system = system_class()(chain, [bundled_lead(*lead) for lead in leads])
    try:
        # κ̂ is Hermitian, and so are the blocks, unless a complex scale is wanted: Kwant need not look.
        found = kwant().wave_function(system, 0.0, check_hermiticity=False)
    except RuntimeError as error:
        raise EngineError(f"Kwant could not solve the chain ({error}): is h_R finite?") from error
    shape = *chain.sites.shape[:2], 2
    return [found(lead).reshape(-1, *shape) for lead in (0, 1)]
