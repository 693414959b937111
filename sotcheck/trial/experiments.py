"""Measured torques of the built-in stacks, each with its source, unit and convention of sign."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any


@dataclass(frozen=True)
class Experiment:
    """What one experiment found; the keys are explained at the head of `experiments.toml`."""

    systems: list[str]
    stack: str
    quantity: str
    component: str
    sign: str
    source: str
    remark: str
    low: float | None = None
    high: float | None = None

    @property
    def measured(self) -> str:
        """The value, or the range of values, as it is printed."""
        if self.low is None or self.high is None:
            return "see there"
        return f"{self.low:g}" if self.low == self.high else f"{self.low:g} to {self.high:g}"


@cache
def _document() -> dict[str, Any]:
    file = resources.files("sotcheck.trial") / "experiments.toml"
    return tomllib.loads(file.read_text(encoding="utf-8"))


def left_out() -> str:
    """Return what the computed torques leave out of the measured ones."""
    text: str = _document()["left_out"]
    return text


def all_experiments() -> list[Experiment]:
    """Return every experiment in the file."""
    return [Experiment(**entry) for entry in _document()["experiment"]]


def experiments(system: str) -> list[Experiment]:
    """Return those about a system of this name."""
    return [one for one in all_experiments() if system in one.systems]
