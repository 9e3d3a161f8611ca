from pathlib import Path

import polars as pl
import pyarrow.parquet as pq
import pytest

from domain.errors import Refused
from steps.home import Home
from steps.lake_words import ingest_path, parse_interval, read_to_file
from tests.small_market import hourly_bars, write_market


def read(home: Home, out: Path, interval: str | None = None, market: str | None = None) -> dict[str, object]:
    return read_to_file(home, "bars", None, "2024-01-01", "2024-02-01", "binance", market, interval, None, None, out)


def test_an_interval_is_a_name() -> None:
    assert (parse_interval(None), parse_interval("1h"), parse_interval("15m")) == (None, 3_600_000_000, 900_000_000)
    with pytest.raises(Refused, match=r"expected an interval among 1m, .*got '7h'"):
        parse_interval("7h")


def test_the_only_interval_needs_no_name_and_one_of_two_does(tmp_path: Path) -> None:
    home, out = Home(tmp_path / "home"), tmp_path / "out.parquet"
    with pytest.raises(Refused, match="no interval: ingest some"):
        read(home, out)
    hourly = hourly_bars(4)["BTCUSDT"]
    hourly.write_csv(tmp_path / "BTCUSDT.csv")
    ingest_path(home, tmp_path / "BTCUSDT.csv", "bars", None, "binance", None, "published")
    assert read(home, out)["rows"] == 96
    hourly.gather_every(4).write_csv(tmp_path / "ETHUSDT.csv")
    ingest_path(home, tmp_path / "ETHUSDT.csv", "bars", "4h", "binance", None, "published")
    with pytest.raises(Refused, match="at 1h, 4h: say which with --interval"):
        read(home, out)
    assert read(home, out, "4h")["rows"] == 24


def test_a_column_that_no_row_knows_is_left_out(tmp_path: Path) -> None:
    home, out = Home(tmp_path / "home"), tmp_path / "out.parquet"
    hourly_bars(1)["BTCUSDT"].with_columns(trades=pl.lit(7)).write_csv(tmp_path / "BTCUSDT.csv")
    ingest_path(home, tmp_path / "BTCUSDT.csv", "bars", None, "binance", None, "published")
    read(home, out)
    assert pq.read_table(out).column_names[7:] == ["trades", "knowledge_time", "source"]


def test_the_market_is_spot_unless_given_but_for_funding(tmp_path: Path) -> None:
    home, folder, out = Home(tmp_path / "home"), write_market(tmp_path / "market", 2), tmp_path / "out.parquet"
    ingest_path(home, folder / "bars", "bars", None, "binance", None, "published")
    ingest_path(home, folder / "funding", "funding", None, "binance", None, "published")
    assert read(home, out)["rows"] == 4 * 48
    with pytest.raises(Refused, match="no interval"):
        read(home, out, market="linear")
    for market in (None, "linear"):
        span = ("2024-01-01", "2024-02-01")
        assert read_to_file(home, "funding", None, *span, "binance", market, None, None, None, out)["rows"] == 4 * 6
