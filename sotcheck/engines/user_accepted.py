"""What is accepted as a user's own Kwant system; what is not is refused in one line that says what to do."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from sotcheck.engines.kwant_private import kwant
from sotcheck.engines.user_builder import GENERIC, NONE, F, N, UserSystem, orbitals, shown, turned
from sotcheck.errors import BuilderError, did_you_mean, in_a_line
from sotcheck.numerics.arrays import Array, Index
from sotcheck.system.spin import dagger

REQUIRED = ("builder", "zero", "energy")
OPTIONAL = ("params", "h_R", "magnetization", "cell")
ASKED = ("k_x", "k_y", "h_R")
#: At which h_R a system is looked at, relative to its own.
TRIED = np.array([1.0, -0.7, 0.31])


def accepted(name: str, found: Any) -> UserSystem:
    """Return the system that a user's function returned.

    Raises
    ------
    BuilderError
        If it is not one: the message says what is wrong, and what to do.
    """
    if not isinstance(found, Mapping):
        raise BuilderError(
            f"{name}: returned {type(found).__name__}; expected a dictionary "
            "{'builder': ..., 'zero': site, 'energy': E_F}"
        )
    keys = (*REQUIRED, *OPTIONAL)
    for key in found.keys() - set(keys):
        near = did_you_mean(str(key), keys)
        raise BuilderError(f"{name}: unknown key {key!r}{near}; accepted: {', '.join(keys)}")
    for key in REQUIRED:
        if key not in found:
            raise BuilderError(f"{name}: the key {key!r} is missing; needed: {', '.join(REQUIRED)}")
    finite = _finite(name, found["builder"])
    params = found.get("params", {})
    if not isinstance(params, Mapping):
        raise BuilderError(f"{name}: 'params' = {params!r} is not accepted; expected a dictionary of values")
    _parameters(name, finite, params)
    direction = None
    if found.get("magnetization") is not None:
        direction = _numbers(name, found, "magnetization", (3,))
        if not np.any(direction):
            raise BuilderError(f"{name}: 'magnetization' is the zero vector, which has no direction")
        direction /= np.linalg.norm(direction)
    system = UserSystem(
        name,
        finite,
        _zero(name, finite, found["zero"]),
        float(_numbers(name, found, "energy", ())),
        float(_numbers(name, found, "h_R", (), 0.1)),
        dict(params),
        _numbers(name, found, "cell", (2,), (2 * np.pi, 2 * np.pi)),
        direction,
    )
    if system.h_R == 0 or np.any(system.cell <= 0):
        raise BuilderError(f"{name}: 'h_R' must not be zero, and both widths of 'cell' have to be > 0")
    _laid_out(system)
    _hamiltonian(system)
    _spin(system)
    return system


def _numbers(
    name: str, found: Mapping[str, Any], key: str, shape: tuple[int, ...], default: Any = None
) -> Array:
    value = found.get(key, default)
    try:
        numbers = np.array(value, dtype=float)
    except (TypeError, ValueError):
        numbers = np.array(np.nan)
    if numbers.shape != shape or not np.all(np.isfinite(numbers)):
        words = f"{shape[0]} finite numbers" if shape else "a finite number"
        raise BuilderError(f"{name}: {key!r} = {value!r} is not accepted; expected {words}")
    return numbers


def _finite(name: str, builder: Any) -> Any:
    """Return Kwant's finalized system of a finite builder with two leads of spinful sites."""
    if not isinstance(builder, kwant().Builder):
        raise BuilderError(f"{name}: 'builder' is {type(builder).__name__}; expected a kwant.Builder")
    if builder.symmetry.num_directions:
        raise BuilderError(
            f"{name}: 'builder' is infinite; expected a finite one, with N and F attached to it as leads"
        )
    if len(builder.leads) != 2:
        raise BuilderError(
            f"{name}: the builder has {len(builder.leads)} leads; attach two, first N (the left one), "
            "then F (the right one), by builder.attach_lead(lead)"
        )
    sites = [*builder.sites()]
    for lead in builder.leads:
        if not isinstance(lead, kwant().builder.BuilderLead):
            raise BuilderError(
                f"{name}: a lead is {type(lead).__name__}; expected a kwant.Builder with a translational "
                "symmetry"
            )
        sites += lead.builder.sites()
    for norbs in {site.family.norbs for site in sites} - {2}:
        raise BuilderError(
            f"{name}: a site has norbs = {norbs}; expected norbs = 2 (spin up, spin down), as by "
            "kwant.lattice.chain(norbs=2), and a site for each orbital"
        )
    try:
        return builder.finalized()
    except (Exception, SystemExit) as error:
        raise BuilderError(f"{name}: Kwant cannot finalize it: {in_a_line(error)}") from error


def _parameters(name: str, finite: Any, params: Mapping[str, Any]) -> None:
    """Refuse a system that lacks a parameter, or has one that no one knows."""
    if any(one.parameters is None for one in (finite, *finite.leads)):
        raise BuilderError(
            f"{name}: a value function has arguments by default or by keyword, which Kwant does not take; "
            "give each parameter by its name alone, such as onsite(site, k_x, k_y, h_R)"
        )
    in_leads = set().union(*(lead.parameters for lead in finite.leads))
    for parameter in ASKED:
        if parameter not in finite.parameters:
            raise BuilderError(
                f"{name}: no on-site or hopping function of the scattering region has the parameter "
                f"{parameter}; write functions of k_x, k_y and h_R, such as onsite(site, k_x, k_y, h_R)"
            )
    if "h_R" in in_leads:
        raise BuilderError(f"{name}: a lead depends on h_R; only the scattering region may")
    for parameter in sorted((set(finite.parameters) | in_leads) - {*ASKED, *params}):
        raise BuilderError(
            f"{name}: the parameter {parameter} has no value; give it: 'params': {{{parameter!r}: ...}}"
        )


def _zero(name: str, finite: Any, given: Any) -> Index:
    """Return the numbers of the sites z = 0, a site or several."""
    sites = [given] if isinstance(given, kwant().builder.Site) else given
    try:
        if numbers := [finite.id_by_site[site] for site in sites]:
            return np.array(numbers, dtype=int)
    except (KeyError, TypeError):
        pass
    raise BuilderError(
        f"{name}: 'zero' = {given!r} is no site of the builder; give the site at z = 0, such as "
        "lattice(0), or a list of all sites of that layer"
    )


def _laid_out(system: UserSystem) -> None:
    """Refuse a layer z = 0 that does not lie between the two leads."""
    ends = [set(map(int, ends)) for ends in system.finite.lead_interfaces]
    zero = set(map(int, system.zero))
    for end, side in zip(ends, ("left", "right"), strict=True):
        if end & zero:
            raise BuilderError(
                f"{system.name}: z = 0 touches the {side} lead; currents are measured on either side of it: "
                "put a site or more between them, as by builder.attach_lead(lead, add_cells=1)"
            )
    if ends[F] & set(map(int, system.left)):
        raise BuilderError(
            f"{system.name}: 'zero' does not cut the system in two; give a list of all sites of that layer"
        )


def _hamiltonian(system: UserSystem) -> None:
    """Refuse what is not Hermitian, or not linear in h_R, and an h_R without effect."""
    k, name = GENERIC * system.cell, system.name
    H, V = system.hamiltonian(k, 0.0), system.rashba(k)
    size = NONE * float(np.abs(H).max())
    tried = {h: system.hamiltonian(k, h) for h in system.h_R * TRIED}
    cells = [system.lead(lead, k)[0] for lead in (N, F)]
    if max(np.abs(one - dagger(one)).max() for one in (*tried.values(), *cells)) > size:
        raise BuilderError(
            f"{name}: H is not Hermitian at k = {shown(k)}; on-site functions have to return Hermitian "
            "matrices"
        )
    if max(np.abs(one - H - h * V).max() for h, one in tried.items()) > size:
        raise BuilderError(f"{name}: H is not linear in h_R; let it multiply the spin-orbit term")
    if np.abs(V).max() * abs(system.h_R) <= size:
        raise BuilderError(
            f"{name}: h_R has no effect on H at k = {shown(k)}; let it multiply a term on the sites z = 0"
        )


def _spin(system: UserSystem) -> None:
    """Refuse spin-orbit coupling and exchange where the leads, and N, may have none."""
    k, name = GENERIC * system.cell, system.name
    H, V = system.hamiltonian(k, 0.0), system.rashba(k)
    size = NONE * float(np.abs(H).max())
    last = system.finite.lead_interfaces[F]
    if np.abs(V[orbitals([*system.left, *last])]).max() * abs(system.h_R) > size:
        raise BuilderError(
            f"{name}: h_R acts to the left of z = 0, or on sites of the right lead's own; move z = 0 to the "
            "first site that it acts on, or attach the right lead by builder.attach_lead(lead, add_cells=1)"
        )
    metal = [H[orbitals(system.left)], *system.lead(N, k)]
    if max(np.abs(turned(one, axis)).max() for one in metal for axis in np.eye(3)) > size:
        raise BuilderError(
            f"{name}: spin is not conserved in N, at z < 0; attach N before F, let it be without exchange "
            "and spin-orbit coupling, and move z = 0 to the first site that has any"
        )
    magnet = [H[orbitals(last)], *system.lead(F, k)]
    if max(np.abs(turned(one, system.m)).max() for one in magnet) > size:
        raise BuilderError(
            f"{name}: spin along m is not conserved in the right lead, or on the sites next to it; let its "
            "exchange have one direction, and attach it by builder.attach_lead(lead, add_cells=1)"
        )
