"""The example notebook is executed, from the code that stands in it, and gives the same again."""

import sys
import tempfile
from pathlib import Path

import pytest

from tests.golden import notebook


def test_the_outputs_are_those_of_the_code_beside_them() -> None:
    held = notebook.load()
    assert held["metadata"][notebook.MADE_FROM] == notebook.sources(held), "run `make golden` and look at the difference"
    cells = [cell for cell in held["cells"] if cell["cell_type"] == "code"]
    assert [cell["execution_count"] for cell in cells] == list(range(1, len(cells) + 1))
    assert sum(bool(cell["outputs"]) for cell in cells) == 7
    pictures = [out for cell in cells for out in cell["outputs"] if "image/png" in out.get("data", {})]
    assert len(pictures) == 1


def test_nothing_of_this_machine_and_no_error_stands_in_it() -> None:
    text = notebook.FILE.read_text()
    assert "Traceback" not in text
    places = (Path(__file__).resolve().parents[2], Path.home(), Path(tempfile.gettempdir()), Path(sys.prefix))
    assert not [place for place in places if f"{place}/" in text]


@pytest.mark.soak
def test_executing_it_again_says_the_same() -> None:
    held = notebook.load()
    assert notebook.texts(notebook.executed(held)) == notebook.texts(held)
