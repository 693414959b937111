"""Pages of finished sweeps: sweep.json first, then figures, README.md and index.html drawn from it."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from concurrent.futures import Executor, as_completed
from pathlib import Path
from typing import Any

from sotcheck.errors import OutputError
from sotcheck.pages.publish import Picture, publish
from sotcheck.pages.sweep_plots import draw_sweep_curves, draw_sweep_map
from sotcheck.run.progress import Progress, silent
from sotcheck.sweep.dataset import open_sweep
from sotcheck.sweep.judgement import check_sweep
from sotcheck.sweep.summary import sweep_summary
from sotcheck.trial.verdict import Verdict

Data = dict[str, Any]

#: What a page's folder has, and no other report's.
JSON_NAME = "sweep.json"
FIGURES = (
    ("curves", "The torque along the longest axis", draw_sweep_curves),
    ("map", "The torque over two axes", draw_sweep_map),
)


def sweep_data(result: Path) -> Data:
    """Return everything a page tells of a sweep: its summary, and the findings of its check; JSON-ready."""
    dataset = open_sweep(result)
    checked = check_sweep(dataset)
    return {
        "file": result.name,
        "verdict": checked.verdict,
        "verdicts": [finding.to_dict() for finding in checked],
        **sweep_summary(dataset),
    }


def write_sweeps(
    results: Sequence[Path], output: Path, *, executor: Executor | None = None, progress: Progress = silent
) -> tuple[int, list[Path]]:
    """Check finished sweeps, and write a page for each into a folder of its file's name.

    Returns the worst exit status of the checks, and the pages to be opened.

    Raises
    ------
    OutputError
        If a page cannot be written, or its folder is another report's.
    SystemFileError
        If a file is no sweep's result.
    """
    for result in results:
        folder = output / result.stem
        if folder.exists() and not (folder / JSON_NAME).exists() and any(folder.iterdir()):
            raise OutputError(
                f"{folder}: is there, and no sweep's page; rename {result}, or choose another --output"
            )
    verdicts = set()
    for data in progress(_computed(results, executor), "sweeps", len(results)):
        write_sweep(data, output / Path(data["file"]).stem)
        verdicts.add(Verdict(data["verdict"]))
    return Verdict.worst(verdicts).exit_status, [output / one.stem / "index.html" for one in results]


def _computed(results: Sequence[Path], executor: Executor | None) -> Iterator[Data]:
    if executor is None:
        yield from map(sweep_data, results)
    else:
        for future in as_completed([executor.submit(sweep_data, result) for result in results]):
            yield future.result()


def write_sweep(data: Data, folder: Path) -> None:
    """Write one sweep's sweep.json, and from it figures, README.md and index.html."""

    def shown(data: Data) -> tuple[list[Picture], Data]:
        pictures = [Picture(name, words, draw, data) for name, words, draw in FIGURES if data[name]]
        has_overview = (folder.parent / "index.html").exists()
        return pictures, {"data": data, "title": title(data), "has_overview": has_overview}

    publish(folder, {JSON_NAME: data}, "sweep", shown)


def title(data: Data) -> str:
    """Return what was swept over what."""
    return f"{data['system']['name']} over {' and '.join(axis['name'] for axis in data['axes'])}"


def listed(output: Path) -> list[tuple[str, str]]:
    """Return folder and title of every sweep's page among the reports."""
    return [(path.parent.name, _title_of(path)) for path in sorted(output.glob(f"*/{JSON_NAME}"))]


def _title_of(path: Path) -> str:
    try:
        return f"Sweep: {title(json.loads(path.read_text(encoding='utf-8')))}"
    except (OSError, ValueError, TypeError, LookupError):
        return f"{path.parent.name}: a sweep's page that cannot be read; write it again"
