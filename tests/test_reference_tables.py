"""Committed tables of proved numbers: what is proved now, engines lie within, departures are told."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from conftest import Command

import sotcheck as sc
from sotcheck.bound.states import bound, of_k
from sotcheck.engines import EXACT
from sotcheck.errors import TableError
from sotcheck.referee import amplitudes as referee
from sotcheck.referee.quadrature import UnprovedError
from sotcheck.system.files import from_document
from sotcheck.system.interface import Interface
from sotcheck.theory.table_formats import ATTRIBUTE
from sotcheck.trial.departures import departures, read
from sotcheck.trial.reference_tables import FLOWS, KEYS, ORDERS, RADIUS, ROWS, systems, table, write

TABLES = Path(__file__).resolve().parent.parent / "reference"
#: All channels open, h_R beyond 1 with J = 0 and with a strong barrier (4, 29), and what else regimes have.
SAMPLE = ["pinned-tilted", "seed-4", "seed-25", "seed-26", "seed-29", "seed-30", "seed-31"]
MOST_BYTES = 2 * 2**20
ROUNDING = 1e-15


@cache
def committed(kind: str, end: str = "csv") -> pd.DataFrame:
    return read(TABLES / f"{kind}.{end}")[1]


def row_of(kind: str, name: str) -> list[dict[str, Any]]:
    found = committed(kind)
    return found[found["system"] == name].to_dict("records")


@pytest.mark.parametrize("kind", ROWS)
def test_tables_are_complete(kind: str) -> None:
    """Both formats are the same, of all systems, with every number or a reason, and say what they are."""
    one, other = committed(kind), committed(kind, "parquet")
    header = other.attrs[ATTRIBUTE]
    other = other.assign(not_certified=other["not_certified"].replace("", None))
    pd.testing.assert_frame_equal(one, other, check_dtype=False, rtol=0, atol=0)
    assert list(one["system"].unique()) == list(systems()) and len(systems()) == 200
    assert not one.duplicated(["system", *KEYS[kind]]).any()
    assert header == table(kind, ["seed-4"]).attrs[ATTRIBUTE]
    text = (TABLES / f"{kind}.csv").read_text(encoding="utf-8")
    assert text.startswith("".join(f"# {line}\n" for line in header.splitlines()))
    # m along y has no components, and a system not always two bound states.
    some = [name for name in one if f"{name}{RADIUS}" in one or name == "count"]
    numbers = [name for name in some if not name.startswith(("fieldlike", "dampinglike", "energy"))]
    proved = one["not_certified"].isna()
    assert (one[numbers].notna().all(axis=1) == proved).all() and (
        one[numbers].isna().all(axis=1) != proved
    ).all()
    # To first order not where a state is bound among open channels.
    least = {"torques": 0.94}.get(kind, 1.0)
    assert proved.mean() >= least
    if least < 1:
        assert proved[one["order"] == ORDERS[1]].mean() > 0.98
    assert sum(path.stat().st_size for path in TABLES.iterdir()) < MOST_BYTES


def test_regimes() -> None:
    """Channels open and closed in every way, h_R from 0 on and beyond 1, m along axes and tilted."""
    found = [from_document(one, name) for name, one in systems().items()]
    channels = {
        tuple(one.k_perp2_max(source) > 0 for source in ("normal", "majority", "minority")) for one in found
    }
    assert len(channels) >= 5
    h_R = np.array([one.h_R for one in found])
    assert h_R.min() < 0.05 and ((h_R > 1).sum() >= 30) and ((h_R <= 1).sum() >= 150)
    assert sum(isinstance(one, Interface) and one.J == 0 != one.u_m for one in found) >= 20
    assert sum(0 in one.m for one in found) >= 20
    assert committed("bound-states")["count"].value_counts().min() >= 10


@pytest.mark.parametrize("kind", ROWS)
def test_rows_are_what_is_proved_now(tmp_path: Path, kind: str) -> None:
    some = committed(kind)
    some = some[some["system"].isin(SAMPLE)]
    write_to = tmp_path / "some.csv"
    some.to_csv(write_to, index=False)
    found = departures(write_to, 0.0)
    assert found.exit_status == 0 and found.compared > 10 * len(SAMPLE)


@pytest.mark.parametrize("name", SAMPLE)
def test_both_engines_lie_within(name: str) -> None:
    """Within their own uncertainty; first order as well."""
    system = from_document(systems()[name], name)
    proved = {(row["order"], row["source"]): row for row in row_of("torques", name)}
    largest = max(abs(row[f"t_{axis}"]) for row in proved.values() for axis in "xyz")
    seen = 0
    for row in sc.torque(system, ["first-order", *EXACT], tolerance=1e-5):
        own = proved.get((ORDERS[row.engine in EXACT], row.source))
        if own is None:
            # Bound states have no proof; where no channel is open there is no torque.
            assert row.source == "bound" or np.abs(row.vector).max() <= max(row.t.total, ROUNDING * largest)
            continue
        # Or all would lie within.
        assert row.t.total <= 1e-4 * largest
        said = row.to_dict(system)
        for flow, column in [("vector", "t"), *((one, one) for one in FLOWS)]:
            if said.get(flow) is not None:
                for axis, number in zip("xyz", said[flow], strict=True):
                    off = abs(number - own[f"{column}_{axis}"])
                    assert off <= row.t.total + own[f"{column}_{axis}{RADIUS}"], (row.engine, flow, axis)
                    seen += 1
    assert seen >= 30


def r_and_t(row: dict[str, Any]) -> tuple[Any, Any]:
    numbers = (row[f"{n}_{s}_re"] + 1j * row[f"{n}_{s}_im"] for n in "rt" for s in referee.SPINS)
    r, t = np.array(list(numbers)).reshape(2, 2, 2)
    return r, t


@pytest.mark.parametrize("engine", EXACT)
def test_amplitudes_are_those_of_engines(engine: str) -> None:
    for name in SAMPLE:
        system = from_document(systems()[name], name)
        for row in row_of("amplitudes", name):
            k = complex(row["kx"], row["ky"])
            states = EXACT[engine].solve(
                system.structure, *(np.array([x]) for x in (abs(k), np.angle(k), system.h_R))
            )
            r, _, _, t_prime = (one.reshape(2, 2) for one in states.amplitudes())
            found = r_and_t(row)
            t_prime = t_prime @ states.open_F.reshape(2, 2)
            np.testing.assert_allclose(found[1], t_prime, rtol=0, atol=1e-13 * max(1, abs(t_prime).max()))
            if states.open_N.any():
                np.testing.assert_allclose(found[0], r, rtol=0, atol=1e-12)
                # Unitary: what does not come from N comes from F.
                rest = np.eye(2) - found[0] @ found[0].conj().T
                np.testing.assert_allclose(rest, found[1] @ found[1].conj().T, rtol=0, atol=1e-13)
            else:
                assert not found[0].any()


def test_another_h_is_no_amplitude(monkeypatch: pytest.MonkeyPatch) -> None:
    """Radii are small: h_R off by 1e-9 leaves them. At a threshold nothing is proved."""
    row = row_of("amplitudes", "pinned-tilted")[0]
    tables = systems()["pinned-tilted"]
    balls = referee.amplitudes(tables, row["kx"], row["ky"])
    assert all(abs(float(ball) - row[name]) <= row[f"{name}{RADIUS}"] for name, ball in balls.items())
    other = tables | {"interface": tables["interface"] | {"rashba": 0.3 * (1 + 1e-9)}}
    for name, ball in referee.amplitudes(other, row["kx"], row["ky"]).items():
        assert abs(float(ball) - row[name]) > row[f"{name}{RADIUS}"]
    with pytest.raises(UnprovedError, match="opens or closes"):
        referee.amplitudes(tables | {"fermi_energy": 2.0}, 1.0, 0.0)


def test_bound_states_are_those_of_the_engine() -> None:
    """At the angle and k_perp of a row: counts, energies."""
    for name in ["seed-30", *SAMPLE]:
        system = from_document(systems()[name], name)
        assert isinstance(system, Interface)
        for row in row_of("bound-states", name):
            found = bound(system, row["k_perp"], of_k(row["angle"]), system.h_R)
            assert found.count == row["count"]
            for n, energy in enumerate(found.energy[: int(found.count)], 1):
                assert energy == pytest.approx(row[f"energy_{n}"], rel=1e-12, abs=1e-12)


@pytest.mark.parametrize("kind", ROWS)
def test_a_number_off_is_told(sotcheck: Command, tmp_path: Path, kind: str) -> None:
    """By 1e-9 of itself, whichever; which row and column, and nothing else."""
    good = table(kind, ["seed-4", "pinned-tilted"])
    columns = [name for name in good if f"{name}{RADIUS}" in good and good[name].abs().max() > 0]
    path = tmp_path / "theirs.parquet"
    for column in columns:
        bad, n = good.copy(), int(good[column].abs().argmax())
        bad.loc[n, column] *= 1 + 1e-9
        write(path, bad)
        wrong = [one for one in departures(path, 0.0) if one.verdict == "disagrees"]
        assert [one.explanation.split()[0] for one in wrong] == [column]
        assert wrong[0].quantity.startswith(f"row {n + 1}: {good['system'][n]}, ")
    found = sotcheck("reference", "--compare", str(path), "--json", "-")
    assert found.status == 1
    rows = json.loads(found.out)["verdicts"]
    assert [row["verdict"] for row in rows].count("disagrees") == 1 and len(rows) == len(good)
    write(path, good)
    found = sotcheck("reference", "--compare", str(path))
    assert (found.status, f"0 of {len(good)} rows depart" in found.out) == (0, True)


def test_fewer_columns_and_no_radii(sotcheck: Command, tmp_path: Path) -> None:
    """Then by the tolerance, relative to the largest number of the row; parameters have to be the same."""
    good = table("torques", ["seed-4"])
    path = tmp_path / "theirs.csv"
    few = good[["t_x", "source", "order", "system", "h_R", "t_y"]].iloc[::-1].copy()
    few["t_x"] += 1e-9 * good[["t_x", "t_y"]].abs().max(axis=1)
    few.to_csv(path, index=False)
    args = ("reference", "--compare", str(path))
    assert sotcheck(*args).status == 1
    assert sotcheck(*args, "--tolerance", "2e-9").status == 0
    few["h_R"] += 1e-6
    few.to_csv(path, index=False)
    found = sotcheck(*args, "--tolerance", "2e-9")
    assert (found.status, "h_R is off by" in found.out) == (1, True)


WRONG: dict[str, dict[str, Any]] = {
    "expected system, order, source": {"order": None},
    "no system is called 'seed-x'": {"system": "seed-x"},
    "unknown column 'tx' (did you mean": {"tx": 1.0},
    "there is no such row": {"order": "second-order"},
    "cannot be read": {"t_x": "large"},
    "is infinite": {"t_x": np.inf},
    "no number in it to compare": {"t_x": np.nan},
}


@pytest.mark.parametrize("words", WRONG)
def test_what_cannot_be_compared(sotcheck: Command, tmp_path: Path, words: str) -> None:
    some = table("torques", ["seed-4"])[["system", "order", "source", "t_x"]].assign(**WRONG[words])
    path = tmp_path / "theirs.csv"
    (some.drop(columns="order") if "order" in words else some).to_csv(path, index=False)
    found = sotcheck("reference", "--compare", str(path))
    assert found.status == 2 and words in found.err, found.err


def test_what_cannot_be_asked(sotcheck: Command, tmp_path: Path) -> None:
    for args in ((), ("-o", "x.csv", "--compare", "y.csv"), ("-o", "x.nc"), ("--compare", "no-such.csv")):
        assert sotcheck("reference", *args).status == 2
    (tmp_path / "x.parquet").write_text("no parquet")
    with pytest.raises(TableError, match="cannot be read"):
        read(tmp_path / "x.parquet")


def test_writing(sotcheck: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of fewer systems: the whole takes a minute."""
    few = {name: systems()[name] for name in ("seed-4", "pinned-tilted")}
    monkeypatch.setattr("sotcheck.trial.reference_tables.systems", lambda: few)
    path = tmp_path / "states.csv"
    found = sotcheck("reference", "-o", str(path), "--of", "bound-states")
    assert (found.status, found.out) == (0, f"{path}: 6 rows of bound-states\n")
    lines = path.read_text(encoding="utf-8").splitlines()
    whole = (TABLES / "bound-states.csv").read_text(encoding="utf-8").splitlines()
    assert set(lines) <= set(whole) and lines[:5] == whole[:5]
