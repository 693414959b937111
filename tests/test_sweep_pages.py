"""What `sotcheck report` and `sotcheck check` make of a sweep's result, and how a sweep is interrupted."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from sweep_cases import plan_for, write_sealed

from sotcheck.command import main as cli
from sotcheck.errors import SotcheckError
from sotcheck.pages.sweep import listed, sweep_data, title, write_sweep
from sotcheck.sweep.dataset import open_sweep
from sotcheck.sweep.journal import journal_path
from sotcheck.sweep.runner import sweep
from sotcheck.system.interface import Interface

IFACE = Interface(name="tilted", E_F=1.3, U_N=0.2, J=0.4, u_0=0.4, m=(2.0, -1.0, 2.0), h_R=0.05)


@pytest.fixture(scope="module")
def result(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a sweep of twelve points, three of which are no systems."""
    path = tmp_path_factory.mktemp("sweep") / "tilted-sweep.nc"
    over = ("h_R=0.02:0.11:3", "E_F=-5,1.1,1.3,1.5")
    sweep(plan_for(*over, iface=IFACE, command="sotcheck sweep <tilted>"), path)
    return path


@pytest.fixture(scope="module")
def data(result: Path) -> dict[str, Any]:
    return sweep_data(result)


def run(*arguments: str) -> Any:
    return CliRunner().invoke(cli.cli, list(arguments))


def test_a_page_tells_what_is_in_the_json(data: dict[str, Any], tmp_path: Path) -> None:
    write_sweep(data, tmp_path / "one")
    write_sweep(json.loads((tmp_path / "one" / "sweep.json").read_text()), tmp_path / "other")
    names = ["README.md", "figures/curves.svg", "figures/map.svg", "index.html", "sweep.json"]
    for name in names:
        assert (tmp_path / "one" / name).read_bytes() == (tmp_path / "other" / name).read_bytes()
    found = [path for path in (tmp_path / "one").rglob("*") if path.is_file()]
    assert sorted(str(path.relative_to(tmp_path / "one")) for path in found) == names
    for name in ("README.md", "index.html"):
        page = (tmp_path / "one" / name).read_text()
        assert "12 points, 3 of them failed" in page
        assert "leaves no propagating state" in page
        assert "? inconclusive" in page
        largest = max(e["largest"] for e in data["extremes"])
        assert f"{largest:.3g}" in page
        assert ("&lt;tilted&gt;" in page) == (name == "index.html")
    html = (tmp_path / "one" / "index.html").read_text()
    assert html.count("<svg role") == 2
    assert not re.search(r'(src|href)="http', html)


def test_the_way_to_other_reports_is_shown_if_there_is_one(data: dict[str, Any], tmp_path: Path) -> None:
    write_sweep(data, tmp_path / "alone")
    assert "../index.html" not in (tmp_path / "alone" / "index.html").read_text()
    (tmp_path / "index.html").write_text("overview")
    write_sweep(data, tmp_path / "alone")
    assert "../index.html" in (tmp_path / "alone" / "index.html").read_text()
    assert listed(tmp_path) == [("alone", f"Sweep: {title(data)}")]
    assert title(data) == "tilted over h_R and E_F"


def test_report_on_a_result(result: Path, tmp_path: Path) -> None:
    done = run("report", str(result), "--workers", "1", "--output", str(tmp_path / "r"))
    page = tmp_path / "r" / "tilted-sweep" / "index.html"
    assert done.stdout == f"reports written: open {page}\n"
    # Three points failed: never a pass.
    assert done.exit_code == 3
    assert page.exists()
    assert sorted(path.name for path in (tmp_path / "r").iterdir()) == ["tilted-sweep"]


def test_report_keeps_off_the_folder_of_another_report(result: Path, tmp_path: Path) -> None:
    (tmp_path / "tilted-sweep").mkdir()
    (tmp_path / "tilted-sweep" / "report.json").write_text("{}")
    done = run("report", str(result), "--workers", "1", "--output", str(tmp_path))
    assert isinstance(done.exception, SotcheckError)
    assert "no sweep's page" in str(done.exception)
    assert [path.name for path in (tmp_path / "tilted-sweep").iterdir()] == ["report.json"]


@pytest.mark.parametrize("name", ["audit", "bulk-magnetism"])
def test_report_keeps_names_apart(result: Path, tmp_path: Path, name: str) -> None:
    copy = tmp_path / f"{name}.nc"
    copy.write_bytes(result.read_bytes())
    done = run("report", str(copy), "bulk-magnetism", "--output", str(tmp_path / "r"))
    assert done.exit_code == 2
    assert f"two reports have the name '{name}'" in done.output
    assert not (tmp_path / "r").exists()


def test_check_on_a_result(result: Path) -> None:
    done = run("check", str(result), "--json", "-")
    assert done.exit_code == 3
    document = json.loads(done.stdout)
    assert document["system"]["name"] == "tilted"
    by_claim = {row["claim"]: row["verdict"] for row in document["verdicts"]}
    assert by_claim == {
        "sweep-points": "inconclusive",
        "sweep-ledger": "agrees",
        "sweep-eq16": "agrees",
        "sweep-engines": "agrees",
    }


def test_check_sees_a_changed_number(result: Path, tmp_path: Path) -> None:
    dataset = open_sweep(result)
    dataset["spin_current_plus"][1, 2, 1, 0] *= 1 + 1e-6
    write_sealed(tmp_path / "changed.nc", bytes(dataset.to_netcdf(engine="h5netcdf")))
    done = run("check", str(tmp_path / "changed.nc"), "--json", "-")
    assert done.exit_code == 1
    wrong = [row for row in json.loads(done.stdout)["verdicts"] if row["verdict"] == "disagrees"]
    assert [(row["claim"], row["source"]) for row in wrong] == [("sweep-ledger", "majority")]


@pytest.mark.parametrize("option", [("--h-r", "0.1"), ("--tolerance", "1e-9"), ("--theory", "a:b")])
def test_check_refuses_what_a_result_has_itself(result: Path, option: tuple[str, str]) -> None:
    done = run("check", str(result), *option)
    assert done.exit_code == 2
    assert f"{option[0]} belongs to a system" in done.output


def test_check_refuses_what_is_no_result(tmp_path: Path) -> None:
    done = run("check", str(tmp_path / "no.nc"))
    assert isinstance(done.exception, SotcheckError)
    assert "no such file" in str(done.exception)


# --- interruption ---------------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.parametrize("executor", ["processes", "dask://"])
def test_ctrl_c_ends_a_sweep_and_all_its_workers(tmp_path: Path, executor: str) -> None:
    """One message, status 130, no orphan; and --resume goes on."""
    # So many points that no machine is through before it is interrupted.
    over, count = ["--over", "h_R=0.01:0.3:200", "--over", "E_F=1:2:200"], 40_000
    command = [sys.executable, "-m", "sotcheck", "sweep", "bulk-magnetism", *over, "-o", "cut.nc", "--resume"]
    journal, kept = journal_path(tmp_path / "cut.nc"), 0
    for _ in range(2):
        with (tmp_path / "err").open("w+", encoding="utf-8") as err:
            process = subprocess.Popen(
                [*command, "--executor", executor], cwd=tmp_path, stdout=subprocess.PIPE, stderr=err,
                # Tests in a shell's background ignore Ctrl-C, and so would what they start.
                start_new_session=True, preexec_fn=partial(signal.signal, signal.SIGINT, signal.SIG_DFL),
            )  # fmt: skip
            end = time.monotonic() + 60
            # A plan of two lines and one between, then points: more of them than the run before has left.
            while not (journal.exists() and journal.read_bytes().count(b"\n") > max(4, kept)):
                assert time.monotonic() < end
                assert process.poll() is None
                time.sleep(0.05)
            os.killpg(process.pid, signal.SIGINT)
            out, _ = process.communicate(timeout=60)
            err.seek(0)
            *said, last = err.read().splitlines()
        assert (process.returncode, out, last) == (130, b"", "sotcheck: interrupted")
        assert said[-1] == "cut.nc: the same command with --resume goes on with what was computed"
        with pytest.raises(ProcessLookupError):
            # None of the process group is left.
            for _ in range(50):
                os.killpg(process.pid, 0)
                time.sleep(0.1)
        # Besides what a command says when it takes long.
        words = rf"^cut\.nc\.partial: going on with (\d+) of {count} points$"
        assert [0 < int(done) < count for done in re.findall(words, "\n".join(said), re.M)] == [True] * (
            kept > 0
        )
        kept = journal.read_bytes().count(b"\n")
