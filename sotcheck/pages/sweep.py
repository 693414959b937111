"""Pages of finished sweeps: sweep.json first, then figures, README.md and index.html drawn from it."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from concurrent.futures import Executor, as_completed
from pathlib import Path
from typing import Any

from markupsafe import Markup

from sotcheck.errors import OutputError
from sotcheck.pages.figures import svg
from sotcheck.pages.publish import render
from sotcheck.pages.sweep_plots import draw_sweep_curves, draw_sweep_map
from sotcheck.run.output import make_folder, write_text
from sotcheck.run.progress import Progress, silent
from sotcheck.sweep.dataset import open_sweep
from sotcheck.sweep.judgement import check_sweep
from sotcheck.sweep.summary import sweep_summary
from sotcheck.trial.verdict import Verdict

Data = dict[str, Any]

#: What a page's folder has, and no other report's.
JSON_NAME = "sweep.json"
FIGURES = {
    "curves": ("The torque along the longest axis", draw_sweep_curves),
    "map": ("The torque over two axes", draw_sweep_map),
}


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

    Returns
    -------
    status : int
        The worst exit status of the checks.
    pages : list of Path
        To be opened.

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
    for name, data in progress(_computed(results, executor), "sweeps", len(results)):
        write_sweep(data, output / name)
        verdicts.add(data["verdict"])
    status = Verdict.worst(map(Verdict, verdicts)).exit_status
    return status, [output / result.stem / "index.html" for result in results]


def _computed(results: Sequence[Path], executor: Executor | None) -> Iterator[tuple[str, Data]]:
    if executor is None:
        yield from ((result.stem, sweep_data(result)) for result in results)
        return
    futures = {executor.submit(sweep_data, result): result.stem for result in results}
    for future in as_completed(futures):
        yield futures[future], future.result()


def write_sweep(data: Data, folder: Path) -> None:
    """Write one sweep's sweep.json, and from it figures, README.md and index.html."""
    make_folder(folder / "figures")
    text = json.dumps(data, indent=1, allow_nan=False) + "\n"
    write_text(folder / JSON_NAME, text)
    # From the file's content on: nothing below may know more than the JSON.
    data = json.loads(text)
    drawn = {name: svg(draw, data) for name, (_, draw) in FIGURES.items() if data[name] is not None}
    for name, picture in drawn.items():
        write_text(folder / "figures" / f"{name}.svg", picture)
    context = {
        "data": data,
        "title": title(data),
        "figures": {name: FIGURES[name][0] for name in drawn},
        "svg": {name: Markup(picture[picture.index("<svg") :]) for name, picture in drawn.items()},
        "has_overview": (folder.parent / "index.html").exists(),
    }
    write_text(folder / "README.md", render("sweep.md", context))
    write_text(folder / "index.html", render("sweep.html", context))


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
