"""`factory sweep` and the tear sheet that `factory backtest` writes, as a user meets them."""

import re
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from tests.line import World, here

PACKAGE = "ewmac-trend"


@pytest.fixture
def home(world: World, tmp_path: Path) -> Path:
    return world.copy(tmp_path / "home")


def test_a_sweep_fills_one_table_and_the_tear_sheet_shows_its_grid(home: Path) -> None:
    alone = here("backtest", PACKAGE, "--home", home, "--json").json
    page = Path(alone["report"]).read_text()
    assert "factory sweep" in page
    assert page.lower().count("<script") == 2

    first = here("sweep", PACKAGE, "--home", home, "--param", "fast_hours=8,16", "--json")
    assert (first.json["configurations"], first.json["evaluated"], first.json["refused"]) == (2, 2, 0)
    assert "2 of 2 configurations" in first.err
    rows = pq.read_table(first.json["table"]).to_pylist()
    assert sorted(row["param_fast_hours"] for row in rows) == [8.0, 16.0]

    again = here("sweep", PACKAGE, "--home", home, "--param", "fast_hours=8,16,32", "--json").json
    assert (again["sweep"], again["evaluated"]) == (first.json["sweep"], 1)
    assert len(pq.read_table(again["table"])) == 3

    whole = Path(here("backtest", PACKAGE, "--home", home, "--json").json["report"]).read_text()
    assert "Parameter surface" in whole
    assert "Out-of-sample paths" in whole
    trials = re.search(r"Trials behind it</div><div class=\"value\">(\d+)<", whole)
    assert trials is not None
    assert int(trials.group(1)) >= 3


def test_a_grid_that_cannot_be_is_refused_in_one_sentence(home: Path) -> None:
    for wrong in (("--param", "speed=1,2"), ("--param", "fast_hours=a")):
        refused = here("sweep", PACKAGE, "--home", home, *wrong)
        assert refused.code == 1
        assert refused.sentence
