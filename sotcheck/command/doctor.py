"""`sotcheck doctor`: what is installed here, what works and what is missing, for reports of bugs."""

from __future__ import annotations

import json
import os
import platform
import re
import sys
from collections.abc import Iterator
from contextlib import suppress
from functools import partial
from importlib.util import find_spec
from operator import itemgetter
from typing import Any

import click

from sotcheck import __version__
from sotcheck.command.output import emit, json_option, refuse_unwritable_json

#: What modules an extra brings, which does not need them all to be of use.
EXTRAS = {
    "dask": "distributed", "fast": "numba", "mpi": "mpi4py", "notebook": "ipykernel", "parquet": "pyarrow",
}  # fmt: skip
#: Variables that say how many threads BLAS takes, or what else it does.
VARIABLES = ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_CORETYPE", "PYTHONPATH")
OK, MISSING, BROKEN = "ok", "missing", "broken"
#: Exit status where something is missing that every command needs.
FAULTY = 2


@click.command()
@json_option
def doctor(json_file: str | None) -> None:
    """Say what is installed here, what works and what is missing: to paste into a report of a bug.

    Versions, Kwant's build, BLAS and its threads, optional extras, the built-in systems. Exit status 2 if
    something is missing that sotcheck cannot do without.
    """
    refuse_unwritable_json(json_file)
    rows = list(findings())
    text = json.dumps({"sotcheck": __version__, "rows": rows}, indent=2) + "\n"
    emit(partial(as_table, rows), text, json_file, itemgetter("rows"))
    if any(row["state"] != OK and row["needed"] for row in rows):
        raise SystemExit(FAULTY)


def as_table(rows: list[dict[str, Any]]) -> str:
    """Return the rows as a table, and what to do in the end; what makes other tables may be missing."""
    wrong = [row["what"] for row in rows if row["state"] != OK and row["needed"]]
    lines = [f"{row['what']:24}{row['state']:9}{row['found']}" for row in rows]
    said = f"Not in order: {', '.join(wrong)}." if wrong else "All that is needed is here."
    return "\n".join([*lines, said])


def findings() -> Iterator[dict[str, Any]]:
    """Yield a row for each thing: what it is, its state, what was found, whether all needs it."""
    yield _row("sotcheck", metadata_version("sotcheck"), place("sotcheck"))
    yield _row("python", platform.python_version(), f"{sys.executable}, {platform.platform()}")
    for name in required():
        version = metadata_version(name)
        yield _row(name, version, "")
    yield _kwant()
    yield from _blas()
    for extra, module in EXTRAS.items():
        version = metadata_version(module) if find_spec(module) else None
        yield _row(
            f"extra {extra}",
            version,
            module,
            needed=False,
            remedy=f"uv sync --extra {extra}, or pip install '.[{extra}]'",
        )
    yield from _own()


def required() -> list[str]:
    """Return the packages that sotcheck cannot do without, by what it says of itself."""
    from importlib import metadata

    try:
        found = metadata.requires("sotcheck") or []
    except metadata.PackageNotFoundError:
        # Started from a checkout, by a Python that it is not installed in.
        return ["click"]
    return [re.split(r"[^\w.-]", one)[0] for one in found if "extra ==" not in one]


def metadata_version(name: str) -> str | None:
    """Return the version of a package; None where it is not installed."""
    from importlib import metadata

    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return None


def place(module: str) -> str:
    """Return the folder of a module."""
    found = find_spec(module)
    return "" if found is None or found.origin is None else os.path.dirname(found.origin)


def _row(
    what: str, version: str | None, more: str, *, needed: bool = True, remedy: str = "", state: str = ""
) -> dict[str, Any]:
    words = ", ".join(filter(None, (version, more) if version else (remedy,)))
    return {"what": what, "state": state or (OK if version else MISSING), "found": words, "needed": needed}


def _kwant() -> dict[str, Any]:
    """Say whether Kwant runs with the NumPy that is here, and by what it solves."""
    from sotcheck.errors import SotcheckError

    try:
        import numpy as np

        from sotcheck.engines import KwantChain
        from sotcheck.engines.kwant_private import build
        from sotcheck.system.files import load

        said = build()
        KwantChain().solve(load("bulk-magnetism").structure, *np.full((3, 1), 0.3))
    except (SotcheckError, ImportError) as error:
        return _row("kwant runs", None, "", remedy=str(error), state=BROKEN)
    return _row("kwant runs", said, "")


def _blas() -> Iterator[dict[str, Any]]:
    """Say which libraries of linear algebra are loaded, with how many threads, and what was asked for."""
    with suppress(ImportError):
        # Both bring their own.
        import numpy  # noqa: F401
        import scipy.linalg  # noqa: F401
    for one in _libraries():
        words = f"{one['version'] or 'version unknown'}, {one.get('architecture', '')}".strip(", ")
        yield _row(f"blas {one['prefix']}", words, f"{one['num_threads']} threads")
    asked = ", ".join(f"{name}={os.environ[name]}" for name in VARIABLES if os.environ.get(name))
    yield _row("cores", str(os.cpu_count()), asked)


def _libraries() -> list[dict[str, Any]]:
    try:
        from threadpoolctl import threadpool_info
    except ImportError:
        return []
    found: list[dict[str, Any]] = threadpool_info()
    return found


def _own() -> Iterator[dict[str, Any]]:
    """Say whether the built-in systems are there."""
    try:
        from sotcheck.system.files import builtin_systems

        found = len(builtin_systems())
    except ImportError:
        found = 0
    yield _row("systems", f"{found} built in" if found else None, "", remedy="nothing that can be read")
