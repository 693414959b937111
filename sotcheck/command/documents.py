"""What the JSON of commands about systems has: models that JSON Schemas, and the manual, are made of."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

Vector = Annotated[list[float], Field(min_length=3, max_length=3, description="x, y, z")]
Flow = Vector | None
Free = Annotated[dict[str, Any], Field(description="an object; its keys say what they are")]


def is_(words: str, **more: Any) -> Any:
    """Return a key with its meaning."""
    return Field(description=words, **more)


class Part(BaseModel):
    """An object with these keys and no others."""

    model_config = ConfigDict(extra="forbid")


class Components(Part):
    """Uncertainties of both components; null where they are undefined."""

    fieldlike: float | None
    dampinglike: float | None


class Uncertainty(Components):
    """Of a torque, by origin and in all."""

    quadrature: float = is_("of the sum over k")
    discretization: float = is_("of the lattice")
    rounding: float = is_("of double precision")
    total: float = is_("of any component of `vector`")


class LayerFlows(Part):
    """What happens to spin in a layer; the last one is the right half-space."""

    name: str
    torque: Vector = is_("on its magnetization")
    lattice: Vector = is_("what its own spin-orbit field adds")


class InterfaceFlows(Part):
    """Flows of spin at a delta: plus = minus + lattice − interface."""

    z: float
    spin_current_minus: Vector = is_("arrives from the left")
    spin_current_plus: Vector = is_("leaves to the right")
    lattice: Vector = is_("what spin-orbit coupling adds")
    interface: Vector = is_("what its magnetism takes")


class Flows(Part):
    """Torque and flows of spin of one source, in the unit of t."""

    fieldlike: float | None = is_("component along m×ŷ; null for m ∥ ŷ")
    dampinglike: float | None = is_("component along m×(ŷ×m); null for m ∥ ŷ")
    vector: Vector = is_("the torque t")
    spin_current_minus: Flow = is_("at z = −0; null where only t is known, as the other flows")
    spin_current_plus: Flow = is_("at z = +0")
    lattice: Flow = is_("what spin-orbit coupling at z = 0 adds")
    interface: Flow = is_("what u_m at z = 0 takes")
    layers: list[LayerFlows] | None
    interfaces: list[InterfaceFlows] | None = is_("from z = 0 on")
    uncertainty: Uncertainty


class InSI(Flows):
    """The same as torque per area, in N·m/m²; lengths in m."""

    relaxation_time: float = is_("of this source, in s")


class Ratio(Components):
    """A ratio to the source's own current density; null where it has none."""

    uncertainty: Components


class TorqueRow(Flows):
    """One engine, h_R and source."""

    engine: str
    scheme: str | None = is_("of an engine with a lattice")
    h_R: float
    scale: float = is_("factor of all spin-orbit terms, of a stack or with --scale", default=1.0)
    source: Literal["normal", "majority", "minority", "bound"]
    magnetization: Vector
    si: InSI | None = is_("with --si", default=None)
    efficiency: Ratio | None = is_("with --efficiency: ξ = (2e/ħ)(T/A)/j", default=None)
    effective_field: Ratio | None = is_("with a magnet: B/j in T per A/m²", default=None)


class Versioned(Part):
    """What every document begins with."""

    sotcheck: str = is_("version")


class Document(Versioned):
    """A document about a system."""

    system: Free | None = is_("the system file's tables; null where there is no single one")


class Warned(Document):
    """A document with warnings."""

    warnings: list[str] = is_("what keeps first order from being trusted")


class Torque(Warned):
    """What `sotcheck torque` writes."""

    torque: list[TorqueRow]
    si: Free | None = is_("with --si: field, relaxation_time, unit", default=None)
    magnet: Free | None = is_("with a magnet: saturation_magnetization, thickness", default=None)
    measured: Free | None = is_("of a built-in stack with --efficiency: experiments", default=None)


class BudgetTerm(Part):
    """A term of an error budget."""

    name: str
    value: float | None
    origin: str


class VerdictRow(Part):
    """One claim, tried on one quantity."""

    claim: str
    title: str = is_("what the claim says")
    equation: str | None = is_("the paper's number, in parentheses")
    quantity: str
    source: str | None
    engine: str | None
    verdict: Literal["agrees", "disagrees", "inconclusive"]
    expected: float | None = is_("what the claim says")
    measured: float | None = is_("what exact numerics give")
    uncertainty: float | None = is_("of their difference: the sum of the budget")
    relative_difference: float | None
    form: Literal["transcribed", "corrected", "definition"] | None
    explanation: str
    budget: list[BudgetTerm]


class Check(Warned):
    """What `sotcheck check` writes."""

    verdicts: list[VerdictRow]
    does_not_apply: list[Free] = is_(
        "claims whose premises a stack does not meet, with the reason", default=[]
    )
    torque: list[Free] = is_("with --builder: sums over the grid of k", default=[])


class AuditRow(VerdictRow):
    """A row of an audit."""

    kind: Literal["marks", "content"] | None = is_("of a disagreement as transcribed")
    needed_for: list[str] = is_("places of the paper that follow from the corrected form alone")
    kept_in: list[str] = is_("places of the paper that follow from the transcribed form alone")
    certified: Free | None = is_("whether both agree, how far apart, if for all parameters", default=None)
    not_certified: str | None = is_("why nothing is proved", default=None)


class Audit(Document):
    """What `sotcheck audit` writes."""

    verdicts: list[AuditRow]
    power: list[Free] = is_("with --power: seeded faults, and whether they were flagged", default=[])
    machinery: list[Free] = is_("with --faults: the same of faults in the code itself", default=[])


class BoundRow(Part):
    """The bound states at one k_⊥, angle and h_R or scale."""

    k_perp: float = is_("in the unit of the system's file")
    angle: float = is_("between k×ẑ and the x axis, in degrees")
    h_R: float | None = None
    scale: float | None = None
    count: int
    energies: list[float] = is_("k_⊥² included")
    binding_energies: list[float] = is_("below the continuum")
    decay_lengths: list[Free] = is_("of a bare interface", default=[])
    spins: list[Vector] = is_("of a bare interface", default=[])
    at_or_below_E_F: int
    certified_k_perp: float | None = is_(
        "with --certify, of a system in eV: the k_⊥ of the proof, in units of ħ²/2mₑ = 1", default=None
    )


class BoundStates(Warned):
    """What `sotcheck bound-states` writes."""

    bound_states: list[BoundRow]
    threshold: Free = is_("the least h_R, or scale, that binds a state")
    fermi_energy: Free | list[Free] = is_("which states lie at E_F")
    spin_density: list[Free] = is_("of a bare interface: what those at E_F add", default=[])
    kwant: Free | None = is_("of a stack: how far Kwant's chain agrees", default=None)


class ProfileRow(Part):
    """One engine and source against z."""

    engine: str
    scheme: str | None
    source: Literal["normal", "majority", "minority", "total"]
    spin_density: list[Vector]
    spin_current: list[Vector]
    uncertainty: Free


class Profile(Warned):
    """What `sotcheck profile` writes."""

    scale: float
    h_R: float
    unit: Free
    regions: list[Free] = is_("name, from, to, exchange")
    z: list[float]
    region: list[str] = is_("that each z lies in")
    profiles: list[ProfileRow]


class LimitRow(Part):
    """Where first order is off by so much for the first time."""

    source: str
    component: str
    limit: float = is_("0.1 for 10 %")
    h_R: float | None = is_("or the scale of a stack; null where there is none")
    error: float | None
    kind: str
    reason: str


class BeyondData(BaseModel):
    """Limits, and of a bare interface all else."""

    limits: list[LimitRow]


class Beyond(Warned):
    """What `sotcheck beyond` writes."""

    conclusions: list[str]
    beyond: BeyondData
