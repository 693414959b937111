"""`sotcheck export`: what each program makes of the numbers, as it documents, is our torque."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import cache, partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from conftest import Command
from scipy.constants import e, hbar, mu_0

from sotcheck.command.export import TOOLS as CHOICES
from sotcheck.errors import SotcheckError
from sotcheck.numerics.arrays import Array
from sotcheck.system.stack import Layer, Stack
from sotcheck.trial.export import TOOLS, Export
from sotcheck.trial.si import Drive, Magnet, Measured
from sotcheck.trial.torque import torque
from sotcheck.trial.torque_table import TorqueTable

ALPHA, GAMMA = 0.3, 1.76e11
DRIVE, MAGNET = Drive(-2e5, 3e-14), Magnet(8e5, 1.5e-9)
DIRECTIONS = ((2.0, -1.0, 2.0), (0.3, 0.2, -1.0), (1.0, 0.5, 0.0))
SMALL = ("--saturation-magnetization", "8e5", "--thickness", "1.5e-9")
ASKED = (*SMALL, "--current-density", "1e11")
#: The same but for a file, whose every torque is allowed to differ by its own relaxation time.
STEP = Stack(
    name="step", E_F=5.0, mass_N=1.3, J=1.5, U_F=0.4, h_R=0.1, tau_N=0.5, tau_up=1.5, unit="eV",
    layers=(Layer(name="spacer", thickness=1.0, potential=0.3),),
)  # fmt: skip


@cache
def table(m: tuple[float, float, float]) -> TorqueTable:
    """Return the torque of both components, from both sides."""
    return torque(STEP.with_(m=m), "continuum", tolerance=1e-3)


def numbers(text: str) -> dict[str, Any]:
    """Return what a file sets, by the names it sets; without its comments."""
    lines = "\n".join(line for line in text.splitlines() if not line.startswith(("#", "//")))
    named = re.findall(
        r'"?(\w+)"?\]? ?= ?(?:state\.Constant|vector|mm\.\w+)?([^\s()\[\]]+|[(\[][^)\]]*[)\]])', lines
    )
    found = {}
    for name, value in named:
        parts = re.findall(r"[-+]?\d[\d.]*(?:e[-+]?\d+)?", value)
        found[name] = np.array(parts, dtype=float) if len(parts) != 1 else float(parts[0])
    return found


def explicit(a: Array, m: Array) -> Array:
    """Return dm/dt of dm/dt = a + α m×dm/dt."""
    return (a + ALPHA * np.cross(m, a)) / (1 + ALPHA**2)


def magnum(x: dict[str, Any], m: Array) -> Array:
    """SpinOrbitTorque's field h in A/m, in the Landau-Lifshitz form that LLGSolver has."""
    h = x["eta_damp"] * np.cross(m, x["p"]) + x["eta_field"] * x["p"]
    h = -h * x["je"] * hbar / (2 * e * x["Ms"] * mu_0 * x["d"])
    mxh = np.cross(m, h)
    return -mu_0 * GAMMA / (1 + ALPHA**2) * (mxh + ALPHA * np.cross(m, mxh))


def mumax3(x: dict[str, Any], m: Array) -> Array:
    """The kernel of version 3.10, in T, times γ."""
    p, beta = x["FixedLayer"], hbar / e * x["J"][2] / (x["FreeLayerThickness"] * x["Msat"])
    lambda2 = x["Lambda"] ** 2
    A = beta * x["Pol"] * lambda2 / (lambda2 + 1 + (lambda2 - 1) * (p @ m))
    B = beta * x["EpsilonPrime"]
    pxm = np.cross(p, m)
    torque = (A + ALPHA * B) * np.cross(m, pxm) + (B - ALPHA * A) * pxm
    return GAMMA * torque / (1 + ALPHA**2)


def ubermag(x: dict[str, Any], m: Array) -> Array:
    """Slonczewski's docstring, which is in the form of Gilbert, with γ₀ in m/(A s)."""
    mp, beta = x["mp"], hbar / (mu_0 * e) * x["J"] / (x["thickness"] * x["Ms"])
    epsilon, gamma_0 = x["P"] / 2, mu_0 * GAMMA
    a = epsilon * np.cross(np.cross(m, mp), m) - x["eps_prime"] * np.cross(m, mp)
    return explicit(gamma_0 * beta * a, m)


RIGHT_SIDES: dict[str, Callable[[dict[str, Any], Array], Array]] = {
    "magnum.np": magnum, "mumax3": mumax3, "ubermag": ubermag,
}  # fmt: skip

#: What changes its sign with the torque's, or a part of it.
SIGNED = {
    "magnum.np": ("eta_damp", "eta_field", "je", "p"),
    "mumax3": ("FixedLayer", "EpsilonPrime", "J"),
    "ubermag": ("J", "mp", "eps_prime"),
}


def ours(of: TorqueTable, source: str) -> tuple[Array, Array]:
    """Return m and dm/dt of the torque per area that `torque --si` has: the spin against m takes it."""
    rows = Measured(of, DRIVE).to_dict()["torque"]
    taken = np.sum([row["si"]["vector"] for row in rows if source in (row["source"], "total")], axis=0)
    m = of.iface.direction
    return m, explicit(-GAMMA * taken / (MAGNET.saturation_magnetization * MAGNET.thickness), m)


@pytest.mark.parametrize("m", DIRECTIONS)
@pytest.mark.parametrize("source", ["total", "normal", "majority"])
@pytest.mark.parametrize("tool", TOOLS)
def test_each_program_turns_m_as_the_torque_does(
    tool: str, source: str, m: tuple[float, float, float]
) -> None:
    """Direction and size, damped precession included; and any wrong sign in what is exported is seen."""
    found = numbers(Export(table(m), MAGNET, DRIVE, source).text(tool))
    where, expected = ours(table(m), source)
    close = partial(np.allclose, b=expected, rtol=1e-9, atol=1e-9 * float(np.abs(expected).max()))
    assert close(RIGHT_SIDES[tool](found, where))
    for name in SIGNED[tool]:
        assert not close(RIGHT_SIDES[tool]({**found, name: -found[name]}, where)), name
    assert found.get("P", found.get("Pol", 1.0)) > 0


def test_both_components_count() -> None:
    """So that the comparison above is about both: neither is small beside the other."""
    for m in DIRECTIONS:
        for source in ("total", "normal", "majority"):
            fl, dl = Export(table(m), MAGNET, DRIVE, source).xi.value
            assert 0.01 < abs(dl / fl) < 100


def test_one_relaxation_time_leaves_no_dampinglike_torque() -> None:
    """And one mass: then all states at E_F are shifted alike, whatever each source does, and t is odd in m.

    Off the mirror planes a part with m_x m_y m_z is, too: of third order in h_R.
    """
    one = STEP.with_(tau_N=1.0, tau_up=1.0, mass_N=1.0, m=(2.0, 0.0, 1.0))
    alike = torque(one, "continuum", tolerance=1e-7)
    (fl, dl), errors = (Export(alike, MAGNET, DRIVE).xi.value, Export(alike, MAGNET, DRIVE).xi.error)
    assert abs(dl) <= errors[1] < 1e-5 * abs(fl)
    for source in ("normal", "majority"):
        assert Export(alike, MAGNET, DRIVE, source).fieldlike_only is None


def test_without_a_dampinglike_torque(sotcheck: Command) -> None:
    """Where all is reflected there is none; P = 0 is refused by both, and a field in T or A/m stands in."""
    quick = ("--tolerance", "1e-4", *ASKED)
    damp = numbers(sotcheck("export", "pt-yig", "--to", "magnum.np", "--magnetization", "0,0,1", *quick).out)
    B = -damp["eta_field"] * hbar * 1e11 / (2 * e * damp["Ms"] * damp["d"])
    assert abs(damp["eta_damp"]) < 1e-6 * abs(damp["eta_field"])
    for tool, words, field in (("mumax3", "AddFieldTerm", B), ("ubermag", "Zeeman", B / mu_0)):
        text = sotcheck("export", "pt-yig", "--to", tool, "--magnetization", "0,0,1", *quick).out
        assert "Slonczewski" not in text
        (found,) = re.findall(rf"{words}\(.*?0, ([-\d.e]+), 0\)", text)
        assert float(found) == pytest.approx(B if tool == "mumax3" else field, rel=1e-9)


def test_what_is_said(sotcheck: Command, tmp_path: Path) -> None:
    """Sign, stacking order, whose current and where to; to a file as to standard output."""
    asked = ("export", "pt-cu-co-pt", "--to", "ubermag", "--tolerance", "1e-3", "--source", "normal", *ASKED)
    found = sotcheck(*asked)
    assert found.status == 0
    assert "warning: pt-cu-co-pt: " in found.err
    for words in (
        "# They belong to m = (0, 0, 1)",
        "dm/dt = -gamma T/(A M_s d)",
        "normal metal (z < 0), Cu (2 nm), Co (0.6 nm), substrate without magnetism",
        "j = 1.00000000e+11 A/m^2 of the normal metal",
        "j > 0 is a conventional current along +x (electrons drift along -x)",
    ):
        assert words in found.out
    place = tmp_path / "torque.py"
    assert sotcheck(*asked, "--output", str(place)).out == ""
    assert place.read_text() == found.out
    compile(found.out, "torque.py", "exec")
    insulating = torque(STEP.with_(U_N=9.0), "continuum", tolerance=0.1)
    assert "of the ferromagnet" in Export(insulating, MAGNET, 1e11).text("magnum.np")
    assert set(CHOICES) == set(TOOLS)


def test_refusals(sotcheck: Command) -> None:
    """With what to do; a system without units by name."""

    def refused(*args: str) -> str:
        found = sotcheck("export", *args)
        assert (found.status, found.out) == (2, "")
        return found.err

    one = "give --current-density, or --field and --relaxation-time instead"
    field, time = ("--field", "1"), ("--relaxation-time", "1e-14")
    for given in (SMALL, (*ASKED, *field, *time), (*SMALL, *field), (*ASKED, *field), (*SMALL, *time)):
        assert one in refused("pt-yig", "--to", "mumax3", *given)
    for words in ("bulk-magnetism: units.energy is not given", 'add a table [units] with energy = "eV"'):
        assert words in refused("bulk-magnetism", "--to", "mumax3", *ASKED)
    along_y = ("--magnetization", "0,1,0", "--tolerance", "0.1")
    assert "both components are undefined" in refused("pt-yig", "--to", "mumax3", *along_y, *ASKED)
    assert "'oommf' is not one of" in refused("pt-yig", "--to", "oommf", *ASKED)
    with pytest.raises(SotcheckError, match="majority: no carriers with a relaxation time"):
        Export(torque(STEP.with_(U_F=9.0), "continuum", tolerance=0.1), MAGNET, 1.0, "majority")
