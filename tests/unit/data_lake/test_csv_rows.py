import polars as pl
import pytest

from data_lake.columns import to_lake_columns
from data_lake.formats import read_table
from data_lake.schema import BARS

HEADER = "open_time,open,high,low,close,volume,note\n"
GOOD = "1704067200000,1.5,2.5,1,1.5,10,a\n"


@pytest.mark.parametrize(
    "field",
    [
        "",
        "1e3",
        "-0.0",
        "+1.5",
        ".5",
        "5.",
        "1e400",
        "inf",
        "nan",
        "NULL",
        "abc",
        "1,",
        '"1.5"',
        " 1.5",
        "1.5\t",
        "nan(1)",
        "0x1A",
        "1_0",
    ],
)
def test_numbers_read_at_once_are_those_of_their_text(field: str) -> None:
    data = f"{HEADER}{GOOD}1704070800000,{field},2.5,1,1.5,10,b\n".encode()
    if field == "1,":
        data = data.replace(b",b\n", b"\n")  # a row that shifts, as a decimal comma makes it
    by_text, by_number = (to_lake_columns(BARS, read_table(data, "a.csv", table)) for table in (None, BARS))
    assert by_number.equals(by_text)
    assert by_number.schema == by_text.schema


def test_only_columns_of_the_table_are_read_as_numbers() -> None:
    frame = read_table((HEADER + GOOD).encode(), "a.csv", BARS)
    assert (frame.schema["open_time"], frame.schema["open"], frame.schema["note"]) == (pl.Int64, pl.Float64, pl.String)


def test_one_field_of_text_makes_all_fields_text() -> None:
    frame = read_table((HEADER + GOOD + GOOD.replace("2.5", "high")).encode(), "a.csv", BARS)
    assert frame["open"].to_list() == ["1.5", "1.5"]
    assert to_lake_columns(BARS, frame)["high"].to_list() == [2.5, None]
