import datetime as dt

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from data_lake.columns import missing_columns, to_lake_columns, to_us
from data_lake.schema import BARS, FUNDING
from domain.errors import Refused
from domain.times import parse_utc

MOMENT_US = parse_utc("2024-03-01T05:00:00Z")


@pytest.mark.parametrize("per_s", [1, 1_000, 1_000_000, 1_000_000_000])
def test_epoch_units_are_told_by_magnitude(per_s: int) -> None:
    stamp = MOMENT_US // 1_000_000 * per_s
    assert to_us(pl.Series([stamp, stamp + 3600 * per_s])).to_list() == [MOMENT_US, MOMENT_US + 3_600_000_000]


@given(st.integers(631_152_000, 4_102_444_799), st.sampled_from([1, 1_000, 1_000_000, 1_000_000_000]))
def test_every_second_from_1990_to_2100_keeps_its_meaning_in_every_unit(second: int, per_s: int) -> None:
    assert to_us(pl.Series([second * per_s])).to_list() == [second * 1_000_000]


def test_dates_zoned_times_and_iso_text_agree() -> None:
    moment = dt.datetime(2024, 3, 1, 5, tzinfo=dt.UTC)
    zoned = pl.Series([moment]).dt.convert_time_zone("Asia/Tokyo")
    naive = pl.Series([moment.replace(tzinfo=None)])
    text = pl.Series(["2024-03-01 05:00:00", "2024-03-01T06:00:00+01:00"])
    assert to_us(zoned).to_list() == to_us(naive).to_list() == [MOMENT_US]
    assert to_us(text).to_list() == [MOMENT_US, MOMENT_US]
    assert to_us(pl.Series([dt.date(2024, 3, 1)])).to_list() == [parse_utc("2024-03-01")]


def test_mixed_units_are_refused() -> None:
    with pytest.raises(Refused, match=r"mixed epoch units \['ms', 's'\]"):
        to_us(pl.Series([MOMENT_US // 1_000, MOMENT_US // 1_000_000]))


def test_numbers_beside_text_and_numbers_out_of_bounds_are_refused() -> None:
    with pytest.raises(Refused, match="mix epoch numbers and text"):
        to_us(pl.Series(["1709269200", "2024-03-01"]))
    with pytest.raises(Refused, match="outside 1990 to 2100"):
        to_us(pl.Series([17, 18]))


def test_columns_are_found_by_their_vendors_names() -> None:
    frame = pl.DataFrame({"Timestamp": [MOMENT_US], "O": [1.0], "H": [2.0], "L": [0.5], "C": [1.5], "Vol": [9], "Count": ["4"]})
    rows = to_lake_columns(BARS, frame)
    assert rows.select("open_time", *BARS.values).row(0) == (MOMENT_US, 1.0, 2.0, 0.5, 1.5, 9.0, None, 4, None, None)


def test_text_and_infinities_in_a_number_become_null_and_never_zero() -> None:
    frame = pl.DataFrame(
        {"time": [MOMENT_US] * 3, "open": ["1", "n/a", "inf"], "high": 1.0, "low": 1.0, "close": 1.0, "volume": [0.0, -0.0, 1.0]}
    )
    rows = to_lake_columns(BARS, frame)
    assert rows["open"].to_list() == [1.0, None, None]
    assert [str(value) for value in rows["volume"].to_list()] == ["0.0", "0.0", "1.0"]


def test_a_missing_column_is_named() -> None:
    with pytest.raises(Refused, match="missing column close"):
        to_lake_columns(BARS, pl.DataFrame({"time": [MOMENT_US], "open": [1.0], "high": [1.0], "low": [1.0], "volume": [1.0]}))
    assert missing_columns(FUNDING, ["funding_time", "fundingRate"]) == ()
    assert missing_columns(FUNDING, ["calc_time", "last_funding_rate"]) == ()
