"""All checks in turn: `python tests` runs ruff, mypy (strict, tests included) and pytest.

Arguments go to pytest. Of the whole suite the coverage is measured against its floor in pyproject.toml.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
CHECKS = (
    ("ruff", "check", "."),
    ("ruff", "format", "--check", "."),
    ("mypy",),
    # A part of the tests cannot reach the floor.
    ("pytest", "--numprocesses", "2", *(sys.argv[1:] or ["--cov", "--cov-report=term"])),
)


def main() -> int:
    """Run every check, whatever the earlier ones say; return 1 if any failed."""
    failed = []
    for module, *arguments in CHECKS:
        print(f"$ {module} {' '.join(arguments)}", flush=True)
        if subprocess.run([sys.executable, "-m", module, *arguments], cwd=ROOT, check=False).returncode:
            failed.append(module)
    if failed:
        print(f"failed: {', '.join(failed)}")
    return int(bool(failed))


if __name__ == "__main__":
    raise SystemExit(main())
