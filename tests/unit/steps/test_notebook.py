"""The researcher's lake: it reads as the plain one does, and leaves a trace."""

from pathlib import Path

import pytest

from data_lake.notebook import open_lake as open_unrecorded
from domain.errors import Refused
from domain.times import parse_utc
from steps.exposures import EXPOSURE, by_whom
from steps.home import Home
from steps.lake_sql import ask
from steps.lake_words import ingest_path, read_to_file
from steps.notebook import open_lake
from steps.trust import open_log
from tests.small_market import START, write_market


@pytest.fixture
def home(tmp_path: Path) -> Home:
    place = Home(tmp_path / "home")
    market = write_market(tmp_path / "market", 2, funding=False)
    ingest_path(place, market / "bars", "bars", None, "binance", "linear", "published")
    return place


def reads(home: Home) -> list[dict[str, object]]:
    return [entry.body for entry in open_log(home).entries(EXPOSURE)]


def test_every_read_is_on_record_and_gives_what_the_plain_lake_gives(home: Home) -> None:
    asked = {"start": START, "end": "2024-01-02", "as_of": "2024-02-01", "market": "linear", "interval": "1h"}
    with open_lake(home.root) as lake, open_unrecorded(home.root) as plain:
        assert lake.read_polars("bars", symbols=["BTCUSDT"], **asked).equals(
            plain.read_polars("bars", symbols=["BTCUSDT"], **asked)
        )
        assert lake.sql("SELECT count(*) FROM bars_as_of('2024-02-01')").fetchall() == [(192,)]
        assert lake.relation("bars", as_of="2024-02-01").count("*").fetchall() == [(192,)]
    first, *queries = reads(home)
    assert first == {
        "table": "bars",
        "venue": "binance",
        "market": "linear",
        "symbols": ["BTCUSDT"],
        "start_us": parse_utc(START),
        "end_us": parse_utc("2024-01-02"),
        "as_of": parse_utc("2024-02-01"),
        "by": by_whom(),
        "word": "notebook",
    }
    assert [query["query"] for query in queries] == [
        "SELECT count(*) FROM bars_as_of('2024-02-01')",
        "bars as of 2024-02-01",
    ]


def test_reads_to_files_and_by_sql_are_on_record(home: Home, tmp_path: Path) -> None:
    read_to_file(home, "bars", None, START, "2024-01-02", "binance", "linear", "1h", None, None, tmp_path / "out.csv")
    ask(home, "SELECT 1")
    assert [(body.get("word"), body.get("as_of"), body.get("symbols", "")) for body in reads(home)] == [
        ("read", "latest", None),
        ("sql", None, ""),
    ]


def test_a_home_without_a_lake_is_refused_and_stays_as_it_is(tmp_path: Path) -> None:
    with pytest.raises(Refused, match="factory ingest"):
        open_lake(tmp_path / "none")
    assert not (tmp_path / "none").exists()
