"""The commands beyond, bound-states and trust-map, as users call them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner, Result

from sotcheck.bound.states import bound, of_k
from sotcheck.bound.table import bound_states
from sotcheck.command.main import cli
from sotcheck.errors import EngineError
from sotcheck.system.files import load


def run(*args: str) -> Result:
    return CliRunner().invoke(cli, args)


def strict(text: str) -> Any:
    """JSON without NaN or infinity."""

    def refuse(name: str) -> None:
        raise ValueError(name)

    return json.loads(text, parse_constant=refuse)


EMBEDDED = """
name = "embedded"
fermi_energy = 1.1
[normal]
potential = 0.6
[ferromagnet]
potential = -0.2
exchange = 0.3
[interface]
barrier = -1.5
exchange = 0.25
magnetization = [6, -2, 3]
"""


# ------------------------------------------------------------------------------------------- bound-states


def test_bound_states_json() -> None:
    """The contract's rows; angles are those of k×ẑ in degrees."""
    found = run(
        "bound-states",
        "bulk-magnetism",
        "--h-r",
        "0.5,1.2",
        "--k-perp",
        "1,2",
        "--angle",
        "0,90",
        "--json",
        "-",
    )
    assert found.exit_code == 0, found.output
    document = strict(found.stdout)
    assert list(document)[:4] == ["sotcheck", "system", "bound_states", "threshold"]
    rows = document["bound_states"]
    assert [(r["h_R"], r["k_perp"], r["angle"]) for r in rows] == [
        (h, k, a) for h in (0.5, 1.2) for k in (1.0, 2.0) for a in (0.0, 90.0)
    ]
    iface = load("bulk-magnetism")
    for row in rows:
        assert row["count"] == len(row["energies"])
        states = bound(iface, row["k_perp"], float(of_k(row["angle"])), row["h_R"])
        assert row["count"] == int(states.count)
        assert np.allclose(row["energies"], states.energy[: row["count"]], rtol=1e-13)
    # k×ẑ along +m's in-plane part attracts the majority: 0° binds where 180° needs more.
    other = run(
        "bound-states", "bulk-magnetism", "--h-r", "1.2", "--k-perp", "1", "--angle", "180", "--json", "-"
    )
    assert strict(other.stdout)["bound_states"][0]["count"] == 0
    assert rows[4]["count"] == 1


def test_bound_states_table() -> None:
    """Conclusions first; then a line each h_R and k_perp, with the angle of the lowest state."""
    h_R, k_perp = np.array([0.9, 1.2]), np.array([1.0, 2.0])
    result = bound_states(load("bulk-magnetism"), h_R, k_perp, spin_density=False)
    text, rows = str(result), list(result.rows())
    shown = [line.split() for line in text.splitlines() if " of " in line and line[0].isdigit()]
    assert len(shown) == 4
    assert text.index("Bound states at or below E_F appear") < text.index("binding")
    for h, k, binding, _, angles, states, energy, angle, length, at_fermi in shown:
        there = [r for r in rows if (r["h_R"], r["k_perp"]) == (float(h), float(k))]
        bound_at = [r for r in there if r["count"]]
        assert (int(binding), int(angles)) == (len(bound_at), len(there))
        assert int(states) == max(r["count"] for r in there)
        assert int(at_fermi) == max(r["at_or_below_E_F"] for r in there)
        if bound_at:
            lowest = min(bound_at, key=lambda r: r["energies"][0])
            assert (energy, angle) == (f"{lowest['energies'][0]:.10g}", f"{lowest['angle']:.4g}")
            assert length == f"{lowest['decay_lengths'][0]['normal']:.3g}"
        else:
            assert (energy, angle, length) == ("-", "-", "-")
    assert {int(row[2]) for row in shown} > {0}


def test_bound_states_writes_its_map(tmp_path: Path) -> None:
    """The map and the dispersion, and the numbers in them with Kwant's share."""
    found = run("bound-states", "ferromagnetic-insulator", "--k-perp", "1", "--output", str(tmp_path))
    assert found.exit_code == 0, found.output
    data = strict((tmp_path / "bound-states.json").read_text())
    assert data["map"]["kwant"]["points"] > 0
    assert data["map"]["kwant"]["different_counts"] == 0
    for name in ("map", "dispersion"):
        assert (tmp_path / f"{name}.svg").read_text().lstrip().startswith("<?xml")


@pytest.mark.parametrize(
    ("args", "words"),
    [
        ((), "give a SYSTEM"),
        (("--output", "x", "--h-r", "1"), "--h-r belongs to a SYSTEM"),
        (("bulk-magnetism", "--k-perp", "-1"), "k_perp = -1.0 is not accepted"),
        (("bulk-magnetism", "--angle", "east"), "not a comma-separated list"),
    ],
)
def test_bound_states_refuses(args: tuple[str, ...], words: str) -> None:
    found = run("bound-states", *args)
    assert found.exit_code != 0
    assert words in found.output + str(found.exception)


def test_embedded_state_is_warned_of(tmp_path: Path) -> None:
    """On standard error, so that JSON on standard output stays JSON."""
    path = tmp_path / "embedded.toml"
    path.write_text(EMBEDDED)
    found = run("bound-states", str(path), "--k-perp", "1", "--json", "-")
    assert "first order misses its torque" in found.stderr
    strict(found.stdout)


# ------------------------------------------------------------------------------------------------- beyond


def test_beyond_json() -> None:
    """All parts are there, as JSON, with sentences made from them."""
    found = run("beyond", "ferromagnetic-insulator", "--json", "-")
    assert found.exit_code == 0, found.output
    document = strict(found.stdout)
    assert set(document["beyond"]) == {"orders", "radius", "exponent", "limits", "harmonics", "bound_states"}
    text = " ".join(document["conclusions"])
    for words in ("off by 1% from h_R =", "h_R^3, h_R^5, h_R^7", "converges up to h_R =", "symmetry forbids"):
        assert words in text
    limits = {(r["source"], r["component"], r["limit"]): r["h_R"] for r in document["beyond"]["limits"]}
    assert 0.1 < limits["normal", "fieldlike", 0.01] < limits["normal", "fieldlike", 0.1]
    assert limits["majority", "fieldlike", 0.01] is None


# ---------------------------------------------------------------------------------------------- trust-map


def test_trust_map_and_resume(tmp_path: Path) -> None:
    """A few points, then more of the same map, with a figure; another map is refused."""
    file, picture = tmp_path / "map.json", tmp_path / "map.svg"
    ask = [
        "trust-map",
        "ferromagnetic-insulator",
        "--source",
        "normal",
        "--over",
        "J=0.2:1",
        "--workers",
        "1",
    ]
    over = ["--over", "u_0=-0.5:1"]
    first = run(*ask, *over, "--points", "6", "--json", str(file))
    assert first.exit_code == 0, first.output
    few = strict(file.read_text())["points"]
    again = run(
        *ask, *over, "--points", "10", "--resume", str(file), "--json", str(file), "--svg", str(picture)
    )
    assert again.exit_code == 0, again.output
    more = strict(file.read_text())["points"]
    assert len(few) < 10 <= len(more)
    assert all(point in more for point in few)
    assert "<svg" in picture.read_text()
    other = run(*ask, "--over", "u_0=-0.5:2", "--points", "12", "--resume", str(file))
    assert "its over differs" in str(other.exception)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--svg", "x.png"], "'x.png': figures are SVG; end it in .svg"),
        (["--svg", "missing/x.svg"], "its folder does not exist"),
        (["--source", "all"], "'total', 'any'"),
        (["--component", "all"], "'dampinglike', 'any'"),
    ],
)
def test_trust_map_refuses_before_the_work(
    monkeypatch: pytest.MonkeyPatch, options: list[str], words: str
) -> None:
    monkeypatch.setattr("sotcheck.beyond.trust_map.trust_map", None)
    over = ["--over", "J=0.2:1", "--over", "u_0=0:1"]
    found = run("trust-map", "bulk-magnetism", *over, *options, "--workers", "1")
    assert words in found.output + str(found.exception)


def test_trust_map_has_so_many_points() -> None:
    """Not those besides that workers were at when it had enough."""
    over = ["--over", "J=0.2:1", "--over", "u_0=0:1", "--source", "normal"]
    found = run(
        "trust-map", "ferromagnetic-insulator", *over, "--points", "4", "--workers", "2", "--json", "-"
    )
    assert len(strict(found.stdout)["points"]) == 4


@pytest.mark.parametrize(
    ("over", "words"),
    [
        (["J=0.2:1"], "a map has two axes"),
        (["J=0.2:1", "u_0"], "is not NAME=FROM:TO"),
        (["J=0.2:1", "U_0=0:1"], "unknown parameter 'U_0' (did you mean"),
        (["J=1:0.2", "u_0=0:1"], "is no range"),
    ],
)
def test_trust_map_refuses(over: list[str], words: str) -> None:
    options = [part for axis in over for part in ("--over", axis)]
    found = run("trust-map", "bulk-magnetism", *options, "--workers", "1")
    assert words in str(found.exception)


@pytest.mark.parametrize(
    "content",
    [
        "", "[]", "{}", "[" * 10_000, "\x00", '{"points": 1}', '{"points": [1]}', '{"points": [{"x": 1}]}',
        '{"points": [{"x": 1, "y": NaN, "h_R": 1, "error": 1, "kind": "found", "reason": ""}]}',
        '{"points": [{"x": 1, "y": 1, "h_R": "", "error": 1, "kind": "found", "reason": ""}]}',
        '{"points": [{"x": 1, "y": 1, "h_R": null, "error": null, "kind": 1, "reason": ""}]}',
    ],
)  # fmt: skip
def test_trust_map_resumes_from_maps_only(tmp_path: Path, content: str) -> None:
    file = tmp_path / "map.json"
    file.write_text(content, encoding="utf-8")
    over = ["--over", "J=0.2:1", "--over", "u_0=0:1"]
    found = run("trust-map", "bulk-magnetism", *over, "--workers", "1", "--resume", str(file))
    assert isinstance(found.exception, EngineError)
    assert str(found.exception).startswith(f"{file}: not a trust map that can be resumed (")
