from pathlib import Path

import polars as pl
import pytest

from data_lake.recognise import list_files, modal_step, recognise, settled_interval, symbol_in_name
from data_lake.schema import BARS
from domain.errors import Refused
from domain.market import Market
from domain.times import US_PER_DAY, US_PER_HOUR, US_PER_MINUTE
from tests.unit.data_lake.bars import REAL, bar_frame, needs_market, write

FUNDING = pl.DataFrame({"symbol": ["AAAUSDT"], "funding_time": [1_704_067_200_000], "funding_rate": [0.0001]})


def test_bars_and_funding_are_told_by_their_columns(tmp_path: Path) -> None:
    bars = write(tmp_path / "bars", "AAAUSDT.parquet", bar_frame())
    funding = write(tmp_path / "funding", "AAAUSDT.csv", FUNDING)
    found = recognise([tmp_path])
    assert (found.bars, found.funding, found.unknown, found.market) == ((bars,), (funding,), (), Market.LINEAR)
    assert recognise([tmp_path / "bars"]).market is Market.SPOT


def test_a_broken_file_goes_with_its_neighbours_and_alone_is_unknown(tmp_path: Path) -> None:
    good = write(tmp_path / "bars", "AAAUSDT.parquet", bar_frame())
    broken = tmp_path / "bars" / "BBBUSDT.parquet"
    broken.write_bytes(b"not parquet")
    lost = write(tmp_path / "other", "CCCUSDT.csv", bar_frame().drop("close"))
    found = recognise([tmp_path])
    assert found.bars == (good, broken)
    assert found.unknown == (lost,)


def test_an_empty_folder_and_a_wrong_path_are_refused(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("nothing")
    with pytest.raises(Refused, match=r"expected files ending in \.parquet.*found none"):
        list_files([tmp_path])
    with pytest.raises(Refused, match="found nothing there"):
        list_files([tmp_path / "absent"])


@pytest.mark.parametrize(
    ("name", "symbol"),
    [
        ("BTCUSDT.parquet", "BTCUSDT"),
        ("BTCUSDT-1h-2023-01.csv", "BTCUSDT"),
        ("binance_ADABTC-1m-2021-11-27_noheader.csv", "ADABTC"),
        ("btcusdt.csv.gz", "BTCUSDT"),
    ],
)
def test_the_symbol_in_a_file_name(name: str, symbol: str) -> None:
    assert symbol_in_name(name) == symbol


@pytest.mark.parametrize("name", ["BTC_USDT.csv", "2023-01.csv", "some data.csv"])
def test_a_name_with_no_symbol_or_two_is_refused(name: str) -> None:
    with pytest.raises(Refused, match="one symbol in the file name"):
        symbol_in_name(name)


def test_the_commonest_step_ignores_gaps_and_the_border_between_symbols() -> None:
    frame = pl.concat([bar_frame("A", [0, 1, 2, 9, 10]), bar_frame("B", [100, 101])])
    assert modal_step(BARS, frame.with_columns(pl.col("open_time") * 1000)) == US_PER_HOUR
    assert modal_step(BARS, bar_frame("A", [3])) is None


def test_an_interval_is_settled_from_statement_and_step() -> None:
    assert settled_interval(None, US_PER_HOUR, 24) == US_PER_HOUR
    assert settled_interval(US_PER_HOUR, None, 1) == US_PER_HOUR
    assert settled_interval(US_PER_HOUR, 5 * US_PER_HOUR, 3) == US_PER_HOUR
    for stated, step, rows in ((US_PER_HOUR, 15 * US_PER_MINUTE, 50), (US_PER_HOUR, US_PER_DAY, 50)):
        with pytest.raises(Refused, match="stated interval 60 minutes, but the commonest step is"):
            settled_interval(stated, step, rows)
    with pytest.raises(Refused, match="state the interval"):
        settled_interval(None, None, 1)
    with pytest.raises(Refused, match="7 minutes, not one of"):
        settled_interval(None, 7 * US_PER_MINUTE, 50)


@needs_market
def test_the_real_folders_are_recognised() -> None:
    found = recognise([REAL / "bars_1h_perp", REAL / "funding"])
    assert (len(found.bars), len(found.funding), len(found.unknown), found.market) == (29, 10, 0, Market.LINEAR)


def test_revised_bars_far_apart_tell_no_interval() -> None:
    hours = [hour * hour for hour in range(30)]
    frame = pl.DataFrame({"symbol": "A", "open_time": [hour * US_PER_HOUR for hour in hours]})
    assert modal_step(BARS, frame) is None
    assert settled_interval(US_PER_HOUR, None, len(hours)) == US_PER_HOUR
