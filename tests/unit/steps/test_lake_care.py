import json
from pathlib import Path

import pytest

from data_lake.lake import Lake
from domain.errors import Refused
from steps.home import Home
from steps.lake_care import check_the_lake, expire_snapshots, list_snapshots, rebuild_lake
from steps.lake_sql import ask
from tests.fault import lake_world as world


@pytest.fixture
def home(tmp_path: Path) -> Home:
    world.write_deliveries(tmp_path / "in")
    with Lake(tmp_path / "home", threads=1) as lake:
        world.deliver(lake, tmp_path / "in", "base")
        world.deliver(lake, tmp_path / "in", "next")
    decided = tmp_path / "home" / "reports" / "2024-02-01" / "data" / "snapshot.json"
    decided.parent.mkdir(parents=True)
    decided.write_text(json.dumps({"snapshot": 1}))
    return Home(tmp_path / "home")


def test_a_snapshot_that_a_report_of_the_home_names_is_never_expired(home: Home) -> None:
    assert [(row["delivery"], row["decisions"]) for row in list_snapshots(home)] == [(1, ["2024-02-01"]), (2, [])]
    with pytest.raises(Refused, match="decisions refer to snapshots 1"):
        expire_snapshots(home, 2)
    assert [row["readable"] for row in list_snapshots(home)] == [True, True]


def test_rebuild_and_check_say_what_they_did(home: Home) -> None:
    told = rebuild_lake(home)
    assert (told["deliveries"], told["digest"], told["kept"]) == (2, told["digest_before"], None)
    assert check_the_lake(home)["clean"]


def test_a_question_in_sql_is_answered_and_a_wrong_one_refused(home: Home) -> None:
    assert ask(home, "SELECT count(*) AS n FROM bars_as_of('2024-01-15')").to_pylist() == [{"n": 60}]
    with pytest.raises(Refused, match="the query was refused"):
        ask(home, "DELETE FROM bars_current")
