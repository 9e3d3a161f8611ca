import datetime as dt
from pathlib import Path

import polars as pl
import pytest

from domain.errors import Refused
from domain.market import Market
from domain.times import Cycle
from steps.ingest import last_cycle, market_of, parse_market
from tests.small_market import cycle_after, funding_stamps, hourly_bars, write_market


def test_the_cycle_of_a_folder_is_the_day_after_its_last_bar(tmp_path: Path) -> None:
    assert last_cycle((write_market(tmp_path, 3),)) == cycle_after(3) == Cycle.parse("2024-01-04")


def test_bars_of_a_day_that_is_not_over_belong_to_todays_cycle(tmp_path: Path) -> None:
    far = hourly_bars(1).pop("BTCUSDT").with_columns(open_time=pl.col("open_time") + 50 * 365 * 86_400_000)
    far.write_csv(tmp_path / "BTCUSDT.csv")
    before = dt.datetime.now(dt.UTC).date()
    found = last_cycle((tmp_path,))
    assert found.date in (before, dt.datetime.now(dt.UTC).date())


def test_a_folder_without_bars_has_no_cycle_and_says_why(tmp_path: Path) -> None:
    (tmp_path / "BTCUSDT.csv").write_text("open_time,open\n1,2\n")
    with pytest.raises(Refused, match=r"found none \(BTCUSDT.csv: missing column high, low, close, volume"):
        last_cycle((tmp_path,))
    funding_stamps(2)["BTCUSDT"].write_csv(tmp_path / "BTCUSDT.csv")
    with pytest.raises(Refused, match=r"found none \(no file is a table of bars\)"):
        last_cycle((tmp_path,))


def test_funding_beside_the_bars_tells_a_market_of_contracts_and_what_is_stated_holds(tmp_path: Path) -> None:
    linear = (write_market(tmp_path / "linear", 2),)
    spot = (write_market(tmp_path / "spot", 2, funding=False),)
    assert (market_of(linear, None), market_of(spot, None)) == (Market.LINEAR, Market.SPOT)
    assert market_of(spot, "linear") is Market.LINEAR
    with pytest.raises(Refused, match="got 'futures'"):
        parse_market("futures")
