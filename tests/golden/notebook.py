"""The example notebook: executed in plain Python, its outputs kept in the file beside the code that gave them."""

import ast
import base64
import io
import json
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path
from typing import Any

from domain.canonical import digest

FILE = Path(__file__).parents[2] / "examples" / "research-in-a-notebook.ipynb"
MADE_FROM = "outputs_made_from"


def load() -> dict[str, Any]:
    return dict(json.loads(FILE.read_text()))


def sources(notebook: dict[str, Any]) -> str:
    """Digest of the code of all cells, in their order."""
    return digest(["".join(cell["source"]) for cell in notebook["cells"] if cell["cell_type"] == "code"])


def executed(notebook: dict[str, Any]) -> dict[str, Any]:
    """The same notebook with the outputs that its code gives now."""
    names: dict[str, Any] = {"__name__": "__main__"}
    cells, number = [], 0
    for cell in notebook["cells"]:
        if cell["cell_type"] == "code":
            number += 1
            cell = cell | {"execution_count": number, "outputs": _outputs("".join(cell["source"]), names, number)}
        cells.append(cell)
    metadata = notebook["metadata"] | {MADE_FROM: sources(notebook)}
    return notebook | {"cells": cells, "metadata": metadata}


def texts(notebook: dict[str, Any]) -> list[list[str]]:
    """What each code cell says, pictures aside."""
    found = []
    for cell in notebook["cells"]:
        if cell["cell_type"] == "code":
            found.append(["".join(out.get("text") or out["data"]["text/plain"]) for out in cell["outputs"]])
    return found


def regenerate() -> None:
    FILE.write_text(json.dumps(executed(load()), indent=1, ensure_ascii=False) + "\n")


def _outputs(source: str, names: dict[str, Any], number: int) -> list[dict[str, Any]]:
    tree = ast.parse(source)
    last = tree.body.pop() if tree.body and isinstance(tree.body[-1], ast.Expr) else None
    said = io.StringIO()
    with redirect_stdout(said), redirect_stderr(io.StringIO()):
        exec(compile(tree, f"cell {number}", "exec"), names)
        value = None if last is None else eval(compile(ast.Expression(last.value), f"cell {number}", "eval"), names)  # type: ignore[attr-defined]
    outputs: list[dict[str, Any]] = []
    if said.getvalue():
        outputs.append({"output_type": "stream", "name": "stdout", "text": _lines(said.getvalue())})
    if value is not None:
        data: dict[str, Any] = {"text/plain": _lines(repr(value))}
        if hasattr(value, "savefig"):
            picture = io.BytesIO()
            value.savefig(picture, format="png", dpi=90, metadata={"Software": None})
            data["image/png"] = base64.b64encode(picture.getvalue()).decode()
        outputs.append({"output_type": "execute_result", "execution_count": number, "data": data, "metadata": {}})
    return outputs


def _lines(text: str) -> list[str]:
    return text.splitlines(keepends=True)
