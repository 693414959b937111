"""The machine that benchmarks ran on."""

from __future__ import annotations

import os
import platform
from importlib.metadata import version
from pathlib import Path
from typing import Any

CPUINFO = Path("/proc/cpuinfo")


def machine() -> dict[str, Any]:
    """Return processor, cores, versions and BLAS threads."""
    from threadpoolctl import threadpool_info

    threads = sorted({one["num_threads"] for one in threadpool_info() if one["user_api"] == "blas"})
    return {
        "processor": _processor(),
        "cores": len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1,
        "system": platform.system(),
        "Python": platform.python_version(),
        **{name: version(name) for name in ("NumPy", "SciPy", "Kwant")},
        "BLAS threads": ", ".join(map(str, threads)) or "none",
    }


def load_average() -> dict[str, Any]:
    """Return how busy the machine is with other things, asked before any work; empty if not known."""
    return {"load before": round(os.getloadavg()[0], 2)} if hasattr(os, "getloadavg") else {}


def _processor() -> str:
    """Return the processor's name: Linux keeps it where Python does not look."""
    if CPUINFO.is_file():
        for line in CPUINFO.read_text(encoding="utf-8", errors="replace").splitlines():
            name, _, value = line.partition(":")
            if name.strip() == "model name":
                return value.strip()
    return platform.processor() or platform.machine()
