"""States of a user's own Kwant system at one k, with every h_R: channels, S-matrix, spin flows.

All per unit particle current of what comes in. Channels that come in have a definite wave number and, as spin
along m is conserved in both leads, a definite spin along m.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from sotcheck.engines.kwant_private import kwant
from sotcheck.engines.user_builder import NONE, F, N, UserSystem, orbitals, shown, turned
from sotcheck.errors import BuilderError, in_a_line
from sotcheck.numerics.arrays import Array, Complex
from sotcheck.system.spin import IDENTITY, PAULI, dagger, dot_sigma

EPS = float(np.finfo(float).eps)
AXES = np.eye(3)
#: Spin counts this much more than a wave number where channels are told apart by both.
APART = 100.0


@dataclass(frozen=True)
class Channels:
    """Open channels of one lead.

    Attributes
    ----------
    incoming : array (n, n)
        Unitary: its columns are the channels in Kwant's.
    spin : array (n,)
        ±1, along m.
    shift : array (n,)
        ½ ∂ε/∂k_x of each: by how much an applied field along x shifts its distribution.
    leaving : array (4, n, n)
        What outgoing waves, as Kwant has them, carry away of σ_x, σ_y, σ_z and σ·m.
    at_zero : tuple of arrays (2, n) or None
        Incoming and outgoing waves continued to the site z = 0, in N if that is one uniform chain.
    rounding : float
        How far Kwant's waves are from independent ones of unit current: wave numbers may lie close together.
    """

    incoming: Complex
    spin: Array
    shift: Array
    leaving: Complex
    at_zero: tuple[Complex, Complex] | None
    rounding: float


@dataclass(frozen=True)
class Flows:
    """Spin flows of every incoming channel at one h_R, all to the right, (n, 3).

    Attributes
    ----------
    minus, plus, last : array
        Through the bonds before and after z = 0, and before the right lead.
    lattice, interface : array
        What h_R's term adds on z = 0, and what exchange takes there.
    added, taken : array
        The same from z = 0 to the right lead.
    onward : array (n,)
        What goes on into the right lead of spin along m.
    """

    minus: Array
    plus: Array
    last: Array
    lattice: Array
    interface: Array
    added: Array
    taken: Array
    onward: Array


class At:
    """A user's system at one k: Kwant finds the leads' modes once for all h_R."""

    def __init__(self, system: UserSystem, k: Array) -> None:
        self.system, self.k = system, k
        self.solved = self._by_kwant(
            lambda: system.finite.precalculate(system.energy, params=system.values(k, 0.0), what="modes")
        )
        self.modes = [lead.modes()[0] for lead in self.solved.leads]
        self.V = system.rashba(k)

    def _by_kwant(self, call: Any) -> Any:
        try:
            return call()
        except (Exception, SystemExit) as error:
            words = f"{self.system.name}: Kwant fails at k = {shown(self.k)}: {in_a_line(error)}"
            if error.__cause__ is None:
                words += "; at the very edge of a band it does: give another k or energy"
            raise BuilderError(words) from error

    @property
    def open(self) -> tuple[int, int]:
        """How many channels are open in N and in F."""
        left, right = (len(modes.momenta) // 2 for modes in self.modes)
        return left, right

    @cached_property
    def channels(self) -> list[Channels]:
        """Those of N and of F."""
        return [self._channels(lead) for lead in (N, F)]

    def _channels(self, lead: int) -> Channels:
        waves, momenta = self.modes[lead].wave_functions, self.modes[lead].momenta
        n = len(momenta) // 2
        _, hop = self.system.lead(lead, self.k)
        cells = len(hop) // 2

        def carried(spin: Complex, some: slice) -> Complex:
            """Return the current of some spin away from the scattering region, between waves."""
            w, half = waves[:, some], -1j * np.kron(np.eye(cells), spin) @ hop
            flow = dagger(w) @ half @ w * np.exp(-1j * momenta[some])
            return flow + dagger(flow)

        along = dot_sigma(self.system.m)
        into, out = slice(0, n), slice(n, None)
        # Both commute: spin along m and the wave number.
        both = -APART * carried(along, into) + np.diag(momenta[into])
        incoming = np.linalg.eigh(both)[1] if n else np.zeros((0, 0), complex)
        spin = np.sign(np.einsum("ab,ac,cb->b", incoming.conj(), both, incoming).real)
        cell_by, hop_by = self.system.by_k_x(lead, self.k)
        shift = np.zeros(n)
        for b in range(n):
            mode = waves[:, into] @ incoming[:, b]
            momentum = momenta[into] @ np.abs(incoming[:, b]) ** 2
            half = hop_by * np.exp(-1j * momentum)
            shift[b] = (
                np.vdot(mode, (cell_by + half + dagger(half)) @ mode).real / np.vdot(mode, mode).real / 2
            )
        leaving = np.array([carried(one, out) for one in (*PAULI, along)])
        steps = self.uniform_chain if lead == N else None
        at_zero = None
        if steps is not None:
            far = waves * np.exp(-1j * momenta * steps)
            at_zero = far[:, into] @ incoming, far[:, out]
        unit = [carried(IDENTITY, some) - sign * np.eye(n) for some, sign in ((into, -1), (out, 1))]
        return Channels(incoming, spin, shift, leaving, at_zero, float(np.abs(unit).max(initial=0.0)))

    @cached_property
    def along_m(self) -> bool:
        """Whether all exchange is along one axis: then t is transverse to it."""
        H = self.system.hamiltonian(self.k, 0.0)
        return float(np.abs(turned(H, self.system.m)).max()) <= NONE * float(np.abs(H).max())

    @cached_property
    def uniform_chain(self) -> int | None:
        """The sites of N from the lead to z = 0, if it is one chain like the lead itself; None if not."""
        system = self.system
        cell, hop = system.lead(N, self.k)
        if len(cell) != 2 or len(system.zero) != 1:
            return None
        steps = len(system.left)
        H = system.hamiltonian(self.k, 0.0)
        order = orbitals([*system.left.tolist(), *system.zero.tolist()])
        chain = np.kron(np.eye(steps + 1), cell) + np.kron(np.eye(steps + 1, k=1), hop)
        chain += np.kron(np.eye(steps + 1, k=-1), dagger(hop))
        rows, beyond = orbitals(range(steps)), orbitals(system.right)
        same = np.abs(H[np.ix_(order, order)] - chain)[rows].max() <= EPS * 16 * np.abs(H).max()
        return steps if same and not np.any(H[order[rows]][:, beyond]) else None

    def _asked(self, h_R: float) -> dict[str, Any]:
        # Whether H is Hermitian is a verdict of its own.
        params = self.system.values(self.k, h_R)
        return {"energy": self.system.energy, "params": params, "check_hermiticity": False}

    def states(self, h_R: float) -> Complex:
        """Return ψ of every incoming channel, those of N first, (n, orbitals)."""
        waves = self._by_kwant(lambda: kwant().wave_function(self.solved, **self._asked(h_R)))
        found = [
            channels.incoming.T @ waves(lead)
            for lead, channels in enumerate(self.channels)
            if self.open[lead]
        ]
        return np.concatenate(found)

    def s_matrix(self, h_R: float) -> Complex:
        """Return S: rows are outgoing waves as Kwant has them, columns incoming channels, N before F."""
        found = self._by_kwant(lambda: kwant().smatrix(self.solved, **self._asked(h_R)))
        left, right = (channels.incoming for channels in self.channels)
        n, _ = self.open
        return np.concatenate([found.data[:, :n] @ left, found.data[:, n:] @ right], axis=1)

    @cached_property
    def _operators(self) -> dict[str, list[Any]]:
        """Kwant's operators of currents through bonds, of σ or of σ·m."""
        finite, system, of = self.system.finite, self.system, kwant().operator
        sites = finite.sites

        def bonds(here: Any, there: Any) -> list[tuple[Any, Any]]:
            beyond = set(map(int, there))
            found = [(i, j) for i in map(int, here) for j in finite.graph.out_neighbors(i) if j in beyond]
            return [(sites[i], sites[j]) for i, j in found]

        last = finite.lead_interfaces[F]
        before = np.setdiff1d(np.arange(len(sites)), last)

        def current(spin: Complex, here: Any, there: Any) -> Any:
            """Return the current to here from there, of the spin here."""
            return of.Current(
                finite, onsite=spin, where=bonds(here, there), check_hermiticity=False, sum=True
            )

        return {
            "minus": [current(s, system.zero, system.left) for s in PAULI],
            "plus": [current(-s, system.zero, system.right) for s in PAULI],
            "last": [current(-s, before, last) for s in PAULI],
            "onward": [current(dot_sigma(system.m), last, before)],
        }

    def flows(self, h_R: float) -> Flows:
        """Return the spin flows of every incoming channel."""
        psi, H = self.states(h_R), self.system.hamiltonian(self.k, 0.0)
        values = self.system.values(self.k, h_R)

        def current(name: str) -> Array:
            bound = [one.bind(params=values) for one in self._operators[name]]
            return np.array([[np.real(one(np.ascontiguousarray(wave))) for one in bound] for wave in psi])

        def turns(term: Complex, sites: Any) -> Array:
            """Return what a term of H within sites adds to their spin."""
            some = orbitals(sites)
            return added(term[np.ix_(some, some)], psi[:, some])

        zero = self.system.zero
        inside = np.setdiff1d(np.append(zero, self.system.right), self.system.finite.lead_interfaces[F])
        return Flows(
            **{name: current(name) for name in ("minus", "plus", "last")},
            lattice=h_R * turns(self.V, zero),
            interface=-turns(H, zero),
            added=h_R * turns(self.V, inside),
            taken=-turns(H, inside),
            onward=current("onward")[:, 0],
        )

    def rounding(self, psi: Complex) -> float:
        """Return the rounding error of flows of these states: ε, amplified as H is by them, and of modes."""
        H = self.system.hamiltonian(self.k, 0.0)
        solved = 4 * EPS * float(1 + (np.abs(H).sum(axis=1).max() * np.abs(psi).max() ** 2) ** 2)
        return solved + sum(channels.rounding for channels in self.channels)


def added(V: Complex, psi: Complex) -> Array:
    """Return what a term V of H adds to the spin of states (n, orbitals), (n, 3)."""
    found = [np.einsum("na,ab,nb->n", psi.conj(), turned(V, axis), psi).real for axis in AXES]
    return np.stack(found, axis=-1)
