"""Execute the tutorials' notebooks and keep what their cells show: python tests/notebooks.py [FILE ...].

Each cell runs as in a notebook: what its last line is, is shown.
"""

from __future__ import annotations

import ast
import base64
import io
import json
import sys
from contextlib import redirect_stdout
from pathlib import Path
from typing import Any

import matplotlib as mpl

mpl.use("Agg")
import matplotlib.pyplot as plt

TUTORIALS = sorted((Path(__file__).resolve().parent.parent / "docs" / "tutorials").glob("*.ipynb"))


def run(source: str, names: dict[str, Any]) -> list[dict[str, Any]]:
    """Run a cell in a namespace, and return its outputs in the notebook's format."""
    tree, printed, value = ast.parse(source), io.StringIO(), None
    last = tree.body.pop() if tree.body and isinstance(tree.body[-1], ast.Expr) else None
    with redirect_stdout(printed):
        exec(compile(tree, "<cell>", "exec"), names)
        if isinstance(last, ast.Expr):
            value = eval(compile(ast.Expression(last.value), "<cell>", "eval"), names)
    outputs: list[dict[str, Any]] = []
    if text := printed.getvalue():
        outputs.append({"output_type": "stream", "name": "stdout", "text": text.splitlines(keepends=True)})
    if value is not None and not source.rstrip().endswith(";"):
        outputs.append({"output_type": "display_data", "metadata": {}, "data": shown(value)})
    for number in plt.get_fignums():
        buffer = io.BytesIO()
        plt.figure(number).savefig(buffer, format="png", dpi=96)
        data = {"image/png": base64.b64encode(buffer.getvalue()).decode(), "text/plain": ["a picture"]}
        outputs.append({"output_type": "display_data", "metadata": {}, "data": data})
    plt.close("all")
    return outputs


def shown(value: Any) -> dict[str, list[str]]:
    """Return what a notebook shows of a value."""
    found = {"text/plain": repr(value).splitlines(keepends=True)}
    if hasattr(value, "_repr_html_"):
        found["text/html"] = value._repr_html_().splitlines(keepends=True)
    return found


def execute(path: Path) -> dict[str, Any]:
    """Return a notebook with its outputs, all cells run in one namespace."""
    book: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    names: dict[str, Any] = {"__name__": "__main__"}
    for count, cell in enumerate((one for one in book["cells"] if one["cell_type"] == "code"), 1):
        cell["outputs"], cell["execution_count"] = run("".join(cell["source"]), names), count
    return book


if __name__ == "__main__":
    for given in map(Path, sys.argv[1:] or map(str, TUTORIALS)):
        text = json.dumps(execute(given), indent=1, ensure_ascii=False) + "\n"
        given.write_text(text, encoding="utf-8")
