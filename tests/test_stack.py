"""Stacks of any layers: conservation, symmetries, limits, and engine against engine."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from conftest import relative

from sotcheck.engines import Engine, KwantChain, LatticeLimit, Matching
from sotcheck.engines.stack import joined
from sotcheck.errors import SotcheckError
from sotcheck.exact.observables import INTERFACE, LATTICE, MINUS, PLUS
from sotcheck.numerics.arrays import Array
from sotcheck.numerics.quadrature import sample
from sotcheck.system.interface import Interface, rashba
from sotcheck.system.spin import PAULI, dagger
from sotcheck.system.states import States
from sotcheck.system.structure import NO_FIELD, RASHBA, Delta, Matrix, Region, Scale, Structure, Vector

ENGINES = (Matching(), KwantChain())
ANGLE, SCALE = np.array([0.4, 2.1, 4.4])[:, None], np.array([-0.6, 0.3])


def unit(rng: np.random.Generator) -> Vector:
    v = rng.normal(size=3)
    return tuple((v / np.linalg.norm(v)).tolist())


def matrix(rng: np.random.Generator) -> Matrix:
    x, y, z = rng.uniform(-0.5, 0.5, (3, 2)).tolist()
    return (tuple(x), tuple(y), tuple(z))


def random_stack(seed: int, layers: int = 2, *, fields: bool = True) -> Structure:
    """A stack with everything in use: spin-orbit terms in layers and at interfaces, all directions apart."""
    rng = np.random.default_rng(seed)

    def region(thickness: float) -> Region:
        field = matrix(rng) if fields and math.isfinite(thickness) else NO_FIELD
        return Region(rng.uniform(-0.5, 1.5), rng.uniform(0, 0.8), unit(rng), thickness, field)

    left = Region(rng.uniform(-0.3, 0.3))
    inside = [region(float(rng.uniform(0.2, 2.0))) for _ in range(layers)]
    deltas = [
        Delta(rng.uniform(-0.3, 0.6), rng.uniform(-0.4, 0.4), unit(rng), matrix(rng) if fields else NO_FIELD)
        for _ in range(layers + 1)
    ]
    return Structure(1.7, (left, *inside, region(math.inf)), tuple(deltas))


@pytest.fixture(params=ENGINES, ids=lambda e: e.name)
def engine(request: pytest.FixtureRequest) -> Engine:
    return request.param


@pytest.fixture(params=range(6))
def structure(request: pytest.FixtureRequest) -> Structure:
    return random_stack(request.param)


def solved(engine: Engine, structure: Structure, nodes: int = 2, scale: Scale = SCALE) -> States:
    """Solve in every regime of the half-spaces."""
    return engine.solve(structure, sample(structure.thresholds(), nodes)[:, None, None], ANGLE, scale)


def every_flow(states: States) -> Array:
    return np.stack([states.at(n).flows for n in range(len(states.structure.interfaces))])


def off(found: States, expected: States) -> float:
    """Return how far off ψ and slopes are, relative to the largest."""
    return max(relative(found.psi, expected.psi), relative(found.slope, expected.slope))


def with_all(structure: Structure, change: Callable[[Any], Any]) -> Structure:
    """Change every region and interface."""
    regions, interfaces = (tuple(map(change, parts)) for parts in (structure.regions, structure.interfaces))
    return replace(structure, regions=regions, interfaces=interfaces)


def layered(structure: Structure, *layers: Region, **changes: Any) -> Structure:
    """The same half-spaces with other layers."""
    return replace(structure, regions=(structure.left, *layers, structure.right), **changes)


@pytest.mark.parametrize("layers", range(4))
@pytest.mark.parametrize("seed", range(6))
def test_conservation(engine: Engine, seed: int, layers: int) -> None:
    """S†S = 1, Im[ψ†∂_zψ] the same everywhere; spin: after = before + the field's − the magnetism's."""
    states = solved(engine, random_stack(seed, layers))
    assert states.unitarity_defect().max() <= 1e-12
    flux = [np.trace((dagger(states.psi) @ slope).imag, axis1=-2, axis2=-1) for slope in states.slope]
    size = max(1.0, np.abs(states.psi).max() ** 2)
    assert np.abs(flux[0] - flux[1]).max() <= 1e-12 * size
    assert np.abs(flux[0] - flux[0][:, :1]).max() <= 1e-12 * size
    assert np.abs(flux[0]).max() > 0.1
    found = every_flow(states)
    after = found[..., MINUS, :] + found[..., LATTICE, :] - found[..., INTERFACE, :]
    assert np.abs(found[..., PLUS, :] - after).max() <= 1e-12 * max(1.0, np.abs(found).max())
    assert all(np.abs(found[n][..., LATTICE, :]).max() > 0.01 for n in range(len(found)))


@pytest.mark.parametrize("seed", range(6))
def test_spin_along_the_axis_passes_a_layer(seed: int) -> None:
    """A layer's field takes no spin along itself; without any field it takes none at all."""
    structure = random_stack(seed, fields=False)
    states = solved(Matching(), structure)
    near, far = states.at(0).spin_plus, states.at(1).spin_minus
    size = max(1.0, np.abs(near).max())
    assert np.abs((far - near) @ structure.layers[0].direction).max() <= 1e-12 * size
    assert np.abs(far - near).max() > 0.01
    states = solved(Matching(), with_all(structure, lambda part: replace(part, exchange=0.0)))
    assert np.abs(states.at(1).spin_minus - states.at(0).spin_plus).max() <= 1e-12 * size


def test_symmetries(engine: Engine, structure: Structure) -> None:
    """S(k, m) = σ_y S(−k, −m)ᵀ σ_y; a stack has the states of the reversed one, left and right changed.

    Splitting a layer changes nothing.
    """
    states = solved(engine, structure)
    opposite = with_all(structure, lambda part: replace(part, direction=tuple(-x for x in part.direction)))
    sigma_y = np.kron(np.eye(2), PAULI[1])
    back, same = (
        engine.solve(one, states.k_perp, states.angle + np.pi, SCALE).s_matrix()
        for one in (opposite, structure)
    )
    assert np.abs(states.s_matrix() - sigma_y @ np.swapaxes(back, -1, -2) @ sigma_y).max() <= 1e-12
    assert np.abs(states.s_matrix() - sigma_y @ np.swapaxes(same, -1, -2) @ sigma_y).max() > 0.01
    # Fields know no k_z.
    turned = replace(structure, regions=structure.regions[::-1], interfaces=structure.interfaces[::-1])
    mirrored = solved(engine, turned)
    assert relative(mirrored.psi, states.psi[::-1, ::-1]) <= 1e-12
    assert relative(mirrored.slope, -states.slope[::-1, ::-1, ::-1]) <= 1e-12
    first, second = structure.layers
    pieces = (replace(first, thickness=part * first.thickness) for part in (0.3, 0.7))
    before, *after = structure.interfaces
    split = solved(engine, layered(structure, *pieces, second, interfaces=(before, Delta(), *after)))
    assert relative(split.psi[:, [0, 2, 3]], states.psi) <= 1e-12
    assert relative(split.slope[:, :, [0, 2, 3]], states.slope) <= 1e-12


def test_magnetic_left_half_space_alone() -> None:
    """One interface between two magnets: both paths of amplitudes are there, and S is unitary."""
    structure = random_stack(3, layers=0)
    magnets = replace(structure, regions=(Region(0.1, 0.4, (0.6, 0.8, 0.0)), structure.right))
    states, chain = solved(Matching(), magnets), solved(KwantChain(), magnets)
    assert len(magnets.thresholds()) == 5
    assert states.unitarity_defect().max() <= 1e-13
    assert np.abs(states.psi - chain.psi).max() <= 1e-12 * np.abs(states.psi).max()


@pytest.mark.parametrize("seed", range(6))
def test_closed_form_is_the_general_path(any_iface: Interface, seed: int) -> None:
    """One interface: 2×2 in the frame of m, for ψ, slopes and flows, against the equations of a stack."""
    for structure in (any_iface.structure, random_stack(seed, layers=0)):
        fast = solved(Matching(), structure, nodes=3)
        waves = fast.left, fast.right
        psi, slope = joined(structure, fast.k_perp, fast.angle, fast.scale, waves).states()
        general = replace(fast, psi=psi, slope=slope)
        assert off(general, fast) <= 1e-13
        flows = Matching().flows(structure, fast.k_perp, fast.angle, SCALE)
        assert relative(flows[..., 0, :, :, :], general.flows) <= 1e-13


def test_layer_of_the_half_spaces_own_material(engine: Engine) -> None:
    """Nothing changes at z = 0 when part of a half-space is called a layer."""
    structure = random_stack(1, layers=0)
    alone = solved(engine, structure)
    # A lattice's cell a loses ε/(qa)².
    thin, bar = (1e-3, 1e-9) if engine.scheme else (1e-9, 1e-12)
    for thickness in (thin, 0.7, 30.0):
        extra = replace(structure.right, thickness=thickness)
        found = solved(engine, layered(structure, extra, interfaces=(*structure.interfaces, Delta())))
        assert relative(found.psi[0, 0], alone.psi[0, 0]) <= bar
        assert relative(found.slope[:, 0, 0], alone.slope[:, 0, 0]) <= bar


def test_vanishing_layer_joins_its_interfaces() -> None:
    """As its thickness tends to 0 the two deltas add up: with an error of first order."""
    structure = random_stack(2, layers=1)
    first, second = structure.interfaces
    # What is added is the second one's κ̂: as barrier, field, and exchange along the same direction.
    aligned = replace(second, direction=first.direction)
    thin = layered(structure, replace(structure.layers[0], thickness=1e-7), interfaces=(first, aligned))
    x, y, z = (np.array(first.spin_orbit) + second.spin_orbit).tolist()
    field = (tuple(x), tuple(y), tuple(z))
    joint = Delta(first.barrier + second.barrier, first.exchange + second.exchange, first.direction, field)
    found, expected = solved(Matching(), thin), solved(Matching(), layered(structure, interfaces=(joint,)))
    assert relative(found.psi[0, 0], expected.psi[0, 0]) <= 1e-5
    assert relative(found.psi[1, 1], expected.psi[1, 0]) <= 1e-5


@pytest.mark.parametrize("lengths", [1.0, 30.0, 300.0, 700.0, 1000.0])
def test_thick_evanescent_layers_keep_their_digits(lengths: float) -> None:
    """Tunnelling falls as e^(−κd) with all its relative digits, until it is below what a double holds."""
    structure = Structure(1.0, (Region(), Region(2.5, thickness=lengths), Region()), (Delta(), Delta()))
    k_perp = 0.5
    k, decay = math.sqrt(1.0 - 0.25), math.sqrt(2.5 + 0.25 - 1.0)
    states = Matching().solve(structure, np.array(k_perp), np.array(0.0), np.array(1.0))
    r, t, _, back = (one[0] for one in states.amplitudes())
    # The textbook's barrier, multiplied by e^{−κd} above and below.
    shrunk = math.exp(-2 * decay * lengths)
    denominator = (k + 1j * decay) ** 2 - (k - 1j * decay) ** 2 * shrunk
    expected_t = 4j * k * decay * math.exp(-decay * lengths) / denominator
    expected_r = (k**2 + decay**2) * (1 - shrunk) / denominator
    assert np.abs(r - expected_r * np.eye(2)).max() <= 1e-13
    for through in (t, back):
        assert np.abs(through - expected_t * np.eye(2)).max() <= 1e-13 * abs(expected_t)


def test_behind_a_thick_layer_nothing_matters() -> None:
    """A thousand decay lengths: in front as if the layer had no end, for spin-orbit fields too."""
    structure = random_stack(4, layers=1)
    thick = replace(structure.layers[0], potential=4.0, thickness=1000.0, spin_orbit=NO_FIELD)
    endless = replace(thick, thickness=math.inf)
    half = Structure(structure.energy, (structure.left, endless), structure.interfaces[:1])
    grid = sample(structure.thresholds(), 3)[:, None, None], ANGLE, SCALE
    found, expected = (Matching().solve(one, *grid) for one in (layered(structure, thick), half))
    assert relative(found.psi[0, 0], expected.psi[0, 0]) <= 1e-13
    with_field = layered(structure, replace(thick, spin_orbit=RASHBA))
    assert Matching().solve(with_field, *grid).unitarity_defect().max() <= 1e-12


def test_layer_at_its_own_band_edge() -> None:
    """k_z = 0 within a layer is an ordinary place: waves 1 and z."""
    here = np.array(0.5), np.array(0.0), np.array(0.0)
    layers = [Region(0.75 + off, thickness=2.0) for off in (0.0, 1e-9, -1e-9, 1e-5)]
    stacks = [Structure(1.0, (Region(), layer, Region()), (Delta(),) * 2) for layer in layers]
    edge, *others = (Matching().solve(one, *here).s_matrix() for one in stacks)
    near, nearer, far = (np.abs(one - edge).max() for one in others)
    assert max(near, nearer) < 1e-8
    assert 1e-7 < far < 1e-4


@pytest.mark.parametrize("layers", [1, 2, 3])
@pytest.mark.parametrize("seed", range(6))
def test_matching_against_kwant(seed: int, layers: int) -> None:
    """With spin-orbit terms in layers and at every interface: ψ, slopes, flows; ψ within the errors."""
    structure = random_stack(seed, layers)
    exact, chain = (solved(engine, structure) for engine in ENGINES)
    assert off(chain, exact) <= 1e-11
    assert relative(every_flow(chain), every_flow(exact)) <= 1e-11
    bounds = [engine.errors(structure, exact.k_perp, exact.angle, SCALE).psi for engine in ENGINES]
    apart = np.abs(exact.psi - chain.psi).max(axis=(1, -2, -1))
    assert np.all(apart[0] <= bounds[0][..., 0] + bounds[1][..., 0])
    assert np.all(apart[1] <= sum(one[..., 1:].max(axis=-1) for one in bounds))
    assert max(float(one.max()) for one in bounds) < 1e-6


def test_complex_scales() -> None:
    """Off the real axis, where coefficients in the scale are read off: engines, and Cauchy's integral."""
    structure = random_stack(5)
    circle = 0.2 * np.exp(2j * np.pi * np.arange(16) / 16)
    exact, chain = (solved(engine, structure, 1, circle) for engine in ENGINES)
    assert relative(chain.psi, exact.psi) <= 1e-11
    step = 1e-4
    both = solved(Matching(), structure, 1, np.array([step, -step])).psi
    first = np.fft.fft(exact.psi, axis=-3)[..., 1, :, :] / 16 / 0.2
    assert relative((both[..., 0, :, :] - both[..., 1, :, :]) / (2 * step), first) <= 1e-5


def test_finite_differences_tend_to_the_stack() -> None:
    """Second order where layers have spacings of their own; the ladder's limit is the exact stack."""
    structure = random_stack(6, layers=1)
    exact = solved(Matching(), structure, 1)
    ladder = [solved(KwantChain("finite-difference", a), structure, 1) for a in (0.2, 0.1, 0.05)]
    errors = [np.linalg.norm(one.psi - exact.psi) for one in ladder]
    assert np.allclose(np.divide(errors[:-1], errors[1:]), 4.0, rtol=0.1)
    assert relative(solved(LatticeLimit(0.2), structure, 1).psi, exact.psi) <= 1e-6


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: Region(exchange=-1.0), "exchange = -1 is not accepted; expected a number >= 0"),
        (lambda: Region(math.nan), "potential = nan is not accepted; expected a finite number"),
        (lambda: Region(thickness=0.0), "thickness = 0 is not accepted; expected > 0"),
        (lambda: Region(direction=(1.0, 1.0, 0.0)), "expected a unit vector"),
        (lambda: Region(spin_orbit=RASHBA), "a half-space: spin_orbit is not accepted"),
        (lambda: Delta(spin_orbit=((1.0, 0.0),)), "expected three rows"),  # type: ignore[arg-type]
        (lambda: Structure(1.0, (Region(),), ()), "the first and the last region, and no other"),
        (lambda: Structure(1.0, (Region(),) * 3, (Delta(),) * 2), "thicknesses inf, inf, inf"),
        (lambda: Structure(1.0, (Region(),) * 2, ()), "2 regions have 1 interfaces between them; found 0"),
    ],
)
def test_refused(make: Callable[[], object], words: str) -> None:
    with pytest.raises(SotcheckError, match=re.escape(words)):
        make()


def test_bare_interface_is_a_structure() -> None:
    """Hashable, without layers, with the same κ̂, the Rashba term at unit strength."""
    iface = Interface(name="any", U_N=0.1, U_F=0.2, J=0.3, u_0=0.4, u_m=0.5, m=(0.0, 0.6, 0.8))
    structure = iface.structure
    assert hash(structure) == hash(Interface(**{**iface.model_dump(), "h_R": 0.7}).structure)
    assert (structure.layers, structure.positions) == ((), [0.0])
    (delta,) = structure.interfaces
    kappa = delta.kappa(np.array(0.7), np.array(0.4), np.array(0.3))
    expected = iface.kappa_0() + 0.3 * rashba(np.array(0.7), np.array(0.4))
    assert np.abs(kappa - expected).max() <= 1e-15
    stack = random_stack(1)
    assert stack.positions[1:] == np.cumsum([one.thickness for one in stack.layers]).tolist()
