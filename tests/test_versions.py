"""The versions that were tried stand in pyproject.toml by number, and a script tries the newest."""

from __future__ import annotations

import re
import tomllib
from importlib import metadata
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parent.parent
PROJECT = (ROOT / "pyproject.toml").read_text(encoding="utf-8")


def needed(*requirements: str) -> set[str]:
    """Return the normalised names of all packages that requirements lead to in this environment."""
    found: set[str] = set()
    waiting = [(Requirement(text), "") for text in requirements]
    while waiting:
        requirement, extra = waiting.pop()
        marker = requirement.marker
        name = canonicalize_name(requirement.name)
        if name in found or not (marker is None or marker.evaluate({"extra": extra})):
            continue
        found.add(name)
        waiting += [
            (Requirement(text), extra)
            for extra in ("", *requirement.extras)
            for text in metadata.requires(name) or []
        ]
    return found


def test_tested_versions() -> None:
    """Each package that the two commands install has the version it was tried with, by number."""
    settings = tomllib.loads(PROJECT)
    project, uv_settings = settings["project"], settings["tool"]["uv"]
    pinned = {}
    for text in uv_settings["constraint-dependencies"]:
        name, _, number = text.partition("==")
        assert re.fullmatch(r"[\d.]+", number), text
        pinned[canonicalize_name(name)] = number
    wanted = needed(
        *project["dependencies"],
        *project["optional-dependencies"]["dask"],
        *settings["dependency-groups"]["dev"],
    )
    assert wanted <= set(pinned)
    assert {"numpy", "tinyarray", "pydantic-core", "tornado"} <= wanted
    built = {text.partition("==")[0] for text in uv_settings["build-constraint-dependencies"]}
    builders = [
        *settings["build-system"]["requires"],
        *(str(text) for texts in uv_settings["extra-build-dependencies"].values() for text in texts),
    ]
    assert {canonicalize_name(Requirement(text).name) for text in builders} <= built


def test_the_newest_versions_can_be_tried() -> None:
    """By a script that takes every tested version out, and nothing else."""
    script = (ROOT / ".ci" / "newest").read_text(encoding="utf-8")
    assert (ROOT / ".ci" / "newest").stat().st_mode & 0o111
    (pattern,) = re.findall(r'^pins = r"(.*)"$', script, flags=re.MULTILINE)
    before, after = tomllib.loads(PROJECT), tomllib.loads(re.sub(pattern, "", PROJECT, flags=re.MULTILINE))
    for name in ("constraint-dependencies", "build-constraint-dependencies"):
        assert before["tool"]["uv"].pop(name)
    assert after == before
    assert f"--ignore tests/{Path(__file__).name} " in script
    assert "`.ci/newest`" in (ROOT / "README.md").read_text(encoding="utf-8")
