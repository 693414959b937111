"""The commands beyond, bound-states and trust-map, as users call them; test_cli has what they refuse."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from conftest import Command, strict

from sotcheck.bound.states import bound, of_k
from sotcheck.bound.table import bound_states
from sotcheck.system.files import load


def test_bound_states_json(sotcheck: Command) -> None:
    """The contract's rows; angles are those of k×ẑ in degrees."""
    args = ("bound-states", "bulk-magnetism", "--json", "-")
    found = sotcheck(*args, "--h-r", "0.5,1.2", "--k-perp", "1,2", "--angle", "0,90")
    assert found.status == 0
    document = strict(found.out)
    assert list(document)[:4] == ["sotcheck", "system", "bound_states", "threshold"]
    rows = document["bound_states"]
    assert [(r["h_R"], r["k_perp"], r["angle"]) for r in rows] == [
        (h, k, a) for h in (0.5, 1.2) for k in (1.0, 2.0) for a in (0.0, 90.0)
    ]
    iface = load("bulk-magnetism")
    for row in rows:
        states = bound(iface, row["k_perp"], float(of_k(row["angle"])), row["h_R"])
        assert row["count"] == len(row["energies"]) == int(states.count)
        assert np.allclose(row["energies"], states.energy[: row["count"]], rtol=1e-13)
    # k×ẑ along +m's in-plane part attracts the majority: 0° binds where 180° needs more.
    other = sotcheck(*args, "--h-r", "1.2", "--k-perp", "1", "--angle", "180")
    assert strict(other.out)["bound_states"][0]["count"] == 0
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
        expected = ("-", "-", "-")
        if bound_at:
            lowest = min(bound_at, key=lambda r: r["energies"][0])
            expected = (
                f"{lowest['energies'][0]:.10g}", f"{lowest['angle']:.4g}",
                f"{lowest['decay_lengths'][0]['normal']:.3g}",
            )  # fmt: skip
        assert (energy, angle, length) == expected
    assert {int(row[2]) for row in shown} > {0}


def test_bound_states_writes_its_map(sotcheck: Command, tmp_path: Path) -> None:
    """The map and the dispersion, and the numbers in them with Kwant's share."""
    args = ("--k-perp", "1", "--output", str(tmp_path))
    assert sotcheck("bound-states", "ferromagnetic-insulator", *args).status == 0
    kwant = strict((tmp_path / "bound-states.json").read_text())["map"]["kwant"]
    assert kwant["points"] > 0 == kwant["different_counts"]
    for name in ("map", "dispersion"):
        assert (tmp_path / f"{name}.svg").read_text().lstrip().startswith("<?xml")


def test_embedded_state_is_warned_of(sotcheck: Command, tmp_path: Path) -> None:
    """On standard error, so that JSON on standard output stays JSON."""
    path = tmp_path / "embedded.toml"
    path.write_text(
        'name = "embedded"\nfermi_energy = 1.1\n[normal]\npotential = 0.6\n[ferromagnet]\npotential = -0.2\n'
        "exchange = 0.3\n[interface]\nbarrier = -1.5\nexchange = 0.25\nmagnetization = [6, -2, 3]\n"
    )
    found = sotcheck("bound-states", str(path), "--k-perp", "1", "--json", "-")
    assert "first order misses its torque" in found.err
    strict(found.out)


def test_beyond_json(sotcheck: Command) -> None:
    """All parts are there, as JSON, with sentences made from them."""
    found = sotcheck("beyond", "ferromagnetic-insulator", "--json", "-")
    assert found.status == 0
    document = strict(found.out)
    assert set(document["beyond"]) == {"orders", "radius", "exponent", "limits", "harmonics", "bound_states"}
    text = " ".join(document["conclusions"])
    for words in ("off by 1% from h_R =", "h_R^3, h_R^5, h_R^7", "converges up to h_R =", "symmetry forbids"):
        assert words in text
    limits = {(r["source"], r["component"], r["limit"]): r["h_R"] for r in document["beyond"]["limits"]}
    assert 0.1 < limits["normal", "fieldlike", 0.01] < limits["normal", "fieldlike", 0.1]
    assert limits["majority", "fieldlike", 0.01] is None


MAP = ("trust-map", "ferromagnetic-insulator", "--source", "normal", "--over", "J=0.2:1")


def test_trust_map_and_resume(sotcheck: Command, tmp_path: Path) -> None:
    """A few points, then more of the same map, with a figure; another map is refused."""
    file, picture = str(tmp_path / "map.json"), tmp_path / "map.svg"

    def points(*args: str) -> list[object]:
        over = ("--over", "u_0=-0.5:1", "--workers", "1", "--json", file)
        assert sotcheck(*MAP, *over, *args).status == 0
        return list(strict(Path(file).read_text())["points"])

    few = points("--points", "6")
    more = points("--points", "10", "--resume", file, "--svg", str(picture))
    assert len(few) < 10 <= len(more)
    assert all(point in more for point in few)
    assert "<svg" in picture.read_text()
    other = sotcheck(*MAP, "--over", "u_0=-0.5:2", "--points", "12", "--resume", file, "--workers", "1")
    assert "its over differs" in other.err
    # Not those besides that workers were at when it had enough.
    found = sotcheck(*MAP, "--over", "u_0=0:1", "--points", "4", "--workers", "2", "--json", "-")
    assert len(strict(found.out)["points"]) == 4


@pytest.mark.parametrize(
    "content",
    [
        "", "[]", "{}", "[" * 10_000, "\x00", '{"points": 1}', '{"points": [1]}', '{"points": [{"x": 1}]}',
        '{"points": [{"x": 1, "y": NaN, "h_R": 1, "error": 1, "kind": "found", "reason": ""}]}',
        '{"points": [{"x": 1, "y": 1, "h_R": "", "error": 1, "kind": "found", "reason": ""}]}',
        '{"points": [{"x": 1, "y": 1, "h_R": null, "error": null, "kind": 1, "reason": ""}]}',
    ],
)  # fmt: skip
def test_trust_map_resumes_from_maps_only(sotcheck: Command, tmp_path: Path, content: str) -> None:
    file = tmp_path / "map.json"
    file.write_text(content, encoding="utf-8")
    found = sotcheck(*MAP, "--over", "u_0=0:1", "--workers", "1", "--resume", str(file))
    assert found.status == 2
    assert found.err.startswith(f"sotcheck: {file}: not a trust map that can be resumed (")
