from dataclasses import replace

import numpy as np
import pyarrow as pa
import pytest

from domain.strategy import View
from model_runtime import wire
from model_runtime.refusals import Garbled, NotFinite, RuntimeRefused, WrongShape
from tests.unit.model_runtime.packages import view_for_tests

HEADER = "time,symbol,prediction\n"


def small() -> View:
    view = replace(view_for_tests(2), params={"window": 24, "skill": 0.1})
    view.close[1, 0] = np.nan
    view.funding_rate[:] = [[1e-5, -2.5e-4], [np.nan, 0.0]]
    view.open[:] = [[1.0, 0.1], [1e300, 123456789.123]]
    for name in ("high", "low", "volume", "taker_buy_volume"):
        getattr(view, name)[:] = np.nan
    view.close[:] = [[1.5, 2.5], [np.nan, 3.5]]
    return view


def test_csv_is_what_the_documentation_shows() -> None:
    assert wire.view_as_csv(small()).decode() == (
        "# factory-view 1\n# interval_us 3600000000\n# symbols A B\n# parameter window 24\n# parameter skill 0.1\n"
        "time,symbol,open,high,low,close,volume,taker_buy_volume,funding_rate,daily_volatility\n"
        "0,A,1,,,1.5,,,0.00001,0.03\n0,B,0.1,,,2.5,,,-0.00025,0.03\n"
        "3600000000,A,1e+300,,,,,,,0.03\n3600000000,B,123456789.123,,,3.5,,,0,0.03\n"
    )


def test_csv_numbers_read_back_as_the_same_bits() -> None:
    view = view_for_tests(50)
    rows = [line.split(",") for line in wire.view_as_csv(view).decode().splitlines() if line[0].isdigit()]
    assert [float(row[5]) for row in rows] == view.close.reshape(-1).tolist()
    assert [int(row[0]) for row in rows] == np.repeat(view.open_time_us, 2).tolist()


def test_arrow_carries_the_same_rows_with_nulls_and_its_facts() -> None:
    table = pa.ipc.open_stream(wire.view_as_arrow(small())).read_all()
    assert table.schema.metadata == {
        b"interval_us": b"3600000000",
        b"symbols": b'["A", "B"]',
        b"parameters": b'{"window": 24, "skill": 0.1}',
    }
    assert table.column("close").to_pylist() == [1.5, 2.5, None, 3.5]
    assert table.column("symbol").to_pylist() == ["A", "B", "A", "B"]
    assert table.schema.field("time").type == pa.int64()


def answer(*rows: str) -> bytes:
    return (HEADER + "".join(f"{row}\n" for row in rows)).encode()


@pytest.mark.parametrize("nothing", ["", "NaN", "nan"])
def test_an_answer_in_csv_is_taken_row_by_row(nothing: str) -> None:
    got = wire.answer_from_csv(answer("0,A,0.5", f"0,B,{nothing}", "3600000000,A,-1e-3", "3600000000,B,0"), small())
    assert np.array_equal(got, [[0.5, np.nan], [-0.001, 0.0]], equal_nan=True)


@pytest.mark.parametrize(
    ("data", "kind", "sentence"),
    [
        (b"", Garbled, "expected the header"),
        (b"time,symbol\n", Garbled, "expected the header"),
        (answer("0,A,x"), Garbled, "expected rows"),
        (answer("0,A,1,2"), Garbled, "expected rows"),
        (answer("0,A,0.5"), WrongShape, "expected 4 rows"),
        (answer(*["0,A,0.5"] * 5), WrongShape, "expected 4 rows"),
        (answer("0,B,1", "0,A,1", "3600000000,A,1", "3600000000,B,1"), WrongShape, "row 1: expected symbol A, got B"),
        (answer("0,A,1", "0,B,1", "3600000001,A,1", "3600000000,B,1"), WrongShape, "row 3: expected time 3600000000"),
        (answer("0,A,1", "0,B,inf", "3600000000,A,1", "3600000000,B,-inf"), NotFinite, "2 infinite"),
    ],
)
def test_a_bad_answer_in_csv_is_named(data: bytes, kind: type[RuntimeRefused], sentence: str) -> None:
    with pytest.raises(kind, match=sentence):
        wire.answer_from_csv(data, small())


def test_a_raw_answer_has_its_length() -> None:
    values = np.array([[1.0, np.nan], [2.0, 3.0]])
    assert np.array_equal(wire.answer_from_raw(values.tobytes(), small()), values, equal_nan=True)
    with pytest.raises(WrongShape, match="expected 32 bytes of predictions, got 24"):
        wire.answer_from_raw(values.tobytes()[8:], small())
