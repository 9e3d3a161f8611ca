"""A feed is judged symbol by symbol against its own declaration."""

from typing import Any

import polars as pl
import pytest

from data_lake.feeds.declaration import Feed
from data_lake.findings import Severity
from data_lake.freshness import ended_symbols, sources_of, stale_findings
from data_lake.lake import Lake
from data_lake.read import Series
from domain.market import Market
from domain.times import US_PER_HOUR
from tests.unit.data_lake.bars import NOW_US, START_US, bar_frame, write

AT_US = START_US + 100 * US_PER_HOUR


def feed(**changes: Any) -> Feed:
    said = {"name": "hourly", "url": "ccxt://binance", "table": "bars", "venue": "v", "market": "spot", "interval": "1h"}
    return Feed.parse({**said, "symbols": ["A", "B"], "stale_after_hours": 3, **changes}, "test")


def held(symbol: str, hours_old: float, **changes: Any) -> Series:
    """A series whose newest bar closed so many hours before the moment."""
    last_us = AT_US - int(hours_old * US_PER_HOUR) - US_PER_HOUR
    said = {"table": "bars", "venue": "v", "market": Market.SPOT, "interval_us": US_PER_HOUR}
    return Series(**{**said, **changes}, symbol=symbol, first_us=START_US, last_us=last_us, rows=1)


def told(series: list[Series], ended: tuple[str, ...] = (), **changes: Any) -> list[tuple[str, str, Severity]]:
    return [(item.kind, item.symbol, item.severity) for item in stale_findings(feed(**changes), series, AT_US, ended)]


def test_the_age_counts_from_the_close_and_the_limit_itself_is_fresh() -> None:
    assert told([held("A", 3.0), held("B", 0.0)]) == []
    assert told([held("A", 3.01), held("B", 0.0)]) == [("stale", "A", Severity.RED)]
    (found,) = stale_findings(feed(), [held("A", 5.0), held("B", 0.0)], AT_US)
    assert (found.at_us, found.evidence["age_us"], found.evidence["allowed_us"]) == (
        AT_US - 5 * US_PER_HOUR, 5 * US_PER_HOUR, 3 * US_PER_HOUR,
    )  # fmt: skip


@pytest.mark.parametrize(
    "other", [{"table": "funding"}, {"venue": "w"}, {"market": Market.LINEAR}, {"interval_us": 4 * US_PER_HOUR}]
)
def test_only_the_feeds_own_series_count(other: dict[str, Any]) -> None:
    assert told([held("A", 0.0), held("B", 0.0, **other)]) == [("never_came", "B", Severity.AMBER)]


def test_an_ended_symbol_is_only_worth_knowing_and_no_declaration_judges_nothing() -> None:
    assert told([held("A", 50.0), held("B", 0.0)], ended=("A",)) == [("stale", "A", Severity.INFO)]
    assert told([held("A", 50.0)], stale_after_hours=None) == []


def test_what_the_instruments_table_says_of_a_moment(lake: Lake, tmp_path: Any) -> None:
    rows = [
        ("AAA", 0, "listed", 10), ("AAA", 50, "delisted", 60), ("BBB", 0, "listed", 10), ("BBB", 10, "halted", 10),
        ("BBB", 20, "listed", 20),
    ]  # fmt: skip
    for number, (symbol, hour, status, known) in enumerate(rows):
        frame = pl.DataFrame(
            {
                "symbol": [symbol],
                "valid_from": [(START_US + hour * US_PER_HOUR) // 1000],
                "status": [status],
                "instrument_id": ["x"],
            }
        )
        said = {"venue": "v", "market": Market.SPOT, "received_us": NOW_US, "source": "listing"}
        path = write(tmp_path, f"{number}.csv", frame)
        lake.ingest([path], "instruments", **said, known_at=START_US + known * US_PER_HOUR)

    def ended(at: int, known: int) -> frozenset[str]:
        return ended_symbols(lake, "v", Market.SPOT, START_US + at * US_PER_HOUR, START_US + known * US_PER_HOUR)

    assert ended(at=100, known=100) == {"AAA"}
    assert ended(at=100, known=55) == set()  # not known yet
    assert ended(at=50, known=100) == set()  # not yet so
    assert ended(at=15, known=100) == {"BBB"}


def test_a_source_that_only_confirmed_still_spoke(lake: Lake, tmp_path: Any) -> None:
    path = write(tmp_path, "AAAUSDT.csv", bar_frame())
    for source, known_us in (("first", AT_US), ("second", AT_US + 1)):
        lake.ingest([path], "bars", venue="v", market=Market.SPOT, received_us=NOW_US, source=source, known_at=known_us)
    assert sources_of(lake, "bars", "v", Market.SPOT, US_PER_HOUR, AT_US + 1) == {"first", "second"}
    assert sources_of(lake, "bars", "v", Market.SPOT, US_PER_HOUR, AT_US) == {"first"}
    assert sources_of(lake, "bars", "v", Market.SPOT, 4 * US_PER_HOUR, AT_US + 1) == set()
