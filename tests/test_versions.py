"""The versions that were tried stand in pyproject.toml by number, and a script tries the newest."""

from __future__ import annotations

import re
import tomllib
from importlib import metadata
from itertools import chain, product
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parent.parent
PROJECT = (ROOT / "pyproject.toml").read_text(encoding="utf-8")


def needed(*requirements: str) -> set[str]:
    """Return the normalised names of all packages that requirements lead to in this environment."""
    found: set[str] = set()
    waiting = [(Requirement(text), "") for text in requirements]
    for requirement, extra in waiting:
        name, marker = canonicalize_name(requirement.name), requirement.marker
        if name not in found and (marker is None or marker.evaluate({"extra": extra})):
            found.add(name)
            further = map(Requirement, metadata.requires(name) or [])
            waiting += product(further, ("", *requirement.extras))
    return found


def test_tested_versions() -> None:
    """Each package that the two commands install has the version it was tried with, by number."""
    settings = tomllib.loads(PROJECT)
    project, uv_settings = settings["project"], settings["tool"]["uv"]
    pinned = dict(text.split("==") for text in uv_settings["constraint-dependencies"])
    assert all(re.fullmatch(r"[\d.]+(post\d+)?", number) for number in pinned.values()), pinned
    extras = (project["optional-dependencies"]["dask"], settings["dependency-groups"]["dev"])
    wanted = needed(*project["dependencies"], *chain(*extras))
    assert wanted <= set(map(canonicalize_name, pinned))
    assert {"numpy", "tinyarray", "pydantic-core", "tornado"} <= wanted
    built = {text.partition("==")[0] for text in uv_settings["build-constraint-dependencies"]}
    builders = (settings["build-system"]["requires"], *uv_settings["extra-build-dependencies"].values())
    assert {canonicalize_name(Requirement(str(text)).name) for text in chain(*builders)} <= built


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
