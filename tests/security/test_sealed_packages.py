"""A sealed package goes the way of an open one, and not one byte of its source is found anywhere afterwards."""

from pathlib import Path

import pytest

from model_runtime.private import memory_place
from tests.line import Answer, here
from tests.small_market import write_market
from tests.unit.model_runtime.packages import write_package

MARKER = "plum_orchard_7719"
WORKING = f"""
def predict(view):
    {MARKER} = view.params.get("skill", 0.5)
    return {MARKER} * (view.close / view.open - 1.0)
"""
CRASHING = f"def predict(view):\n    raise KeyError('{MARKER}')\n"
BROKEN = f"def predict(view)\n    return {MARKER}\n"
DAYS = 70


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A lake with a small market."""
    place = tmp_path_factory.mktemp("sealed")
    market = write_market(place / "market", DAYS)
    for table in ("bars", "funding"):
        answer = here("ingest", market / table, "--table", table, "--market", "linear", "--home", place / "home")
        assert answer.code == 0, answer.err
    return place / "home"


def submitted(folder: Path, home: Path, source: str) -> str:
    """The id of a package that is submitted sealed; the author's folder is gone."""
    package = write_package(folder, source, authors=["Ada Author"])
    answer = here("submit", package, "--sealed", "--home", home, "--json")
    assert answer.code == 0, answer.err
    assert answer.json["sealed"] is True
    return str(answer.json["id"])


def assert_nowhere(home: Path, *answers: Answer) -> None:
    needle = MARKER.encode()
    files = [path for path in home.rglob("*") if path.is_file()]
    assert len(files) > 5
    assert [path for path in files if needle in path.read_bytes()] == []
    assert [answer for answer in answers if MARKER in answer.out + answer.err] == []
    if (place := memory_place()) is not None:
        assert [path for path in place.glob("factory-private-*") if MARKER in path.name] == []


def test_a_sealed_package_is_backtested_with_its_author_s_name_and_without_a_byte_of_source(home: Path, tmp_path: Path) -> None:
    package = submitted(tmp_path / "working", home, WORKING)
    answer = here("backtest", package, "--home", home, "--json")
    assert answer.code == 0, answer.err
    assert answer.json["authors"] == ["Ada Author"]
    assert "Ada Author" in Path(answer.json["report"]).read_text()
    rows = here("runs", "--home", home, "--json")
    assert [row["authors"] for row in rows.json if row["run"] == answer.json["run"]] == [["Ada Author"]]
    compared = here("compare", answer.json["run"], answer.json["run"], "--home", home, "--json")
    assert compared.code == 0, compared.err
    replayed = here("replay", answer.json["run"], "--home", home, "--json")
    assert replayed.json["same"] is True, replayed.json
    assert_nowhere(home, answer, rows, compared, replayed)


@pytest.mark.parametrize("source", [CRASHING, pytest.param(BROKEN, marks=pytest.mark.soak)], ids=["crashing", "broken"])
def test_its_errors_tell_what_kind_they_are_and_nothing_else(home: Path, tmp_path: Path, source: str) -> None:
    package = submitted(tmp_path / "package", home, source)
    answer = here("backtest", package, "--home", home)
    assert answer.code == 1
    assert "sealed" in answer.sentence
    assert_nowhere(home, answer)


@pytest.mark.soak
def test_gates_sweep_leak_test_and_the_ui_s_assets_show_no_source_either(home: Path, tmp_path: Path) -> None:
    import dagster as dg

    from assets.candidates import candidate_backtest
    from assets.partitions import CANDIDATES
    from assets.resources import FeedHome
    from pipelines.instance import open_instance

    package, crashing = (submitted(tmp_path / str(len(source)), home, source) for source in (WORKING, CRASHING))
    answers = [here(word, package, "--home", home) for word in ("gates", "sweep", "leak-test", "backtest")]
    assert [answer.code for answer in answers] == [0, 0, 0, 0], [answer.err for answer in answers]
    with open_instance(home / "dagster") as instance:
        instance.add_dynamic_partitions(str(CANDIDATES.name), [package, crashing])
        resources = {"research_home": FeedHome(home=str(home))}
        for one, success in ((package, True), (crashing, False)):
            result = dg.materialize(
                [candidate_backtest], instance=instance, partition_key=one, resources=resources, raise_on_error=False
            )
            assert result.success is success
    assert_nowhere(home, *answers)
