from pathlib import Path

import pyarrow as pa
import pytest

from domain.errors import Refused
from domain.times import Cycle
from steps.artefacts import load_json, load_table, save_json, save_table
from steps.home import Home
from steps.run import Run, Source
from steps.timings import LISTENERS, note_seconds, seconds_by_step


@pytest.fixture
def run(tmp_path: Path) -> Run:
    return Run(Home(tmp_path), Cycle.parse("2025-11-16"), Source())


def test_what_a_step_left_is_read_back_and_what_it_did_not_is_refused(run: Run) -> None:
    digest = save_json(run, "view", {"b": 0.1 + 0.2, "a": [float("nan"), None, -0.0]})
    assert load_json(run, "view") == {"a": [None, None, 0.0], "b": 0.3}
    assert digest == save_json(run, "view", {"a": [None, None, 0.0], "b": 0.3})
    with pytest.raises(Refused, match=r"cycle 2025-11-16 has no quality.json: .*factory run"):
        load_json(run, "quality")


def test_a_table_has_one_way_of_being_written(run: Run) -> None:
    table = pa.table({"pod": ["a", "b"], "value": [1.5, float("nan")]})
    digest = save_table(run, "daily", table)
    assert load_table(run, "daily").to_pydict()["pod"] == ["a", "b"]
    assert save_table(run, "again", load_table(run, "daily")) == digest


def test_seconds_are_kept_by_step_in_the_order_of_the_latest_runs_and_beside_the_data(run: Run) -> None:
    heard: list[str] = []

    def told(step: str, seconds: float, headline: str) -> None:
        heard.append(f"{step} {seconds} {headline}")

    LISTENERS.append(told)
    try:
        for step, seconds in (("ingest", 1.0), ("validate", 2.0), ("ingest", 3.0)):
            note_seconds(run, step, seconds, "done")
    finally:
        LISTENERS.remove(told)
    assert list(seconds_by_step(run).items()) == [("validate", 2.0), ("ingest", 3.0)]
    assert heard == ["ingest 1.0 done", "validate 2.0 done", "ingest 3.0 done"]
    assert not (run.home.data(run.cycle) / "timings.json").exists()
