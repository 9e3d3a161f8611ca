"""A view as bytes and an answer as predictions; `docs/strategies.md` states the formats for authors."""

import io
import json
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import csv

from domain.arrays import FloatArray
from domain.strategy import View
from model_runtime.refusals import Garbled, NotFinite, WrongShape
from model_runtime.runner import SERIES

CSV_VERSION = 1
ANSWER = {"time": pa.int64(), "symbol": pa.string(), "prediction": pa.float64()}
ANSWER_HEADER = b"time,symbol,prediction\n"
ANSWER_ROW_BYTES_MAX = 128
"""Of one row of an answer in any protocol: a time, a symbol and a number in full."""


def view_as_arrow(view: View) -> bytes:
    """One record batch, a row for each bar and symbol, bars in order of time; missing values are null."""
    facts = {"interval_us": view.interval_us, "symbols": list(view.symbols), "parameters": dict(view.params)}
    table = _rows(view).replace_schema_metadata({name: json.dumps(value) for name, value in facts.items()})
    sink = io.BytesIO()
    with pa.ipc.new_stream(sink, table.schema) as stream:
        stream.write_table(table)
    return sink.getvalue()


def view_as_csv(view: View) -> bytes:
    """`#` lines with version, interval, symbols and parameters, a header, a row for each bar and symbol; missing is empty."""
    lines = [f"# factory-view {CSV_VERSION}", f"# interval_us {view.interval_us}", f"# symbols {' '.join(view.symbols)}"]
    lines += [f"# parameter {name} {json.dumps(value)}" for name, value in view.params.items()]
    lines.append(",".join(("time", "symbol", *SERIES)))
    sink = io.BytesIO("".join(f"{line}\n" for line in lines).encode())
    sink.seek(0, io.SEEK_END)
    csv.write_csv(_rows(view), sink, csv.WriteOptions(include_header=False, quoting_style="none"))
    return sink.getvalue()


def answer_from_raw(data: bytes, view: View) -> FloatArray:
    """(T, N) from raw little-endian float64. Raises WrongShape or NotFinite."""
    expected = 8 * view.close.size
    if len(data) != expected:
        raise WrongShape(f"expected {expected:,} bytes of predictions, got {len(data):,}")
    return _finite(np.frombuffer(data, dtype="<f8").astype(np.float64).reshape(view.close.shape))


def answer_from_csv(data: bytes, view: View) -> FloatArray:
    """(T, N) from rows time,symbol,prediction in the order of the view's rows; an empty prediction is NaN.

    Raises Garbled where it is no such CSV, WrongShape where a row is missing, added or out of order, NotFinite.
    """
    if not data.startswith(ANSWER_HEADER):
        raise Garbled(f"expected the header time,symbol,prediction, got {data[:40].decode('ascii', 'replace')!r}")
    try:
        table = csv.read_csv(
            pa.BufferReader(data),
            read_options=csv.ReadOptions(use_threads=False),
            convert_options=csv.ConvertOptions(column_types=ANSWER, null_values=["", "NaN", "nan"], strings_can_be_null=False),
        )
    except pa.ArrowException as error:
        raise Garbled(f"expected rows time,symbol,prediction: {' '.join(str(error).split())[:200]}") from None
    if table.num_rows != view.close.size:
        raise WrongShape(f"expected {view.close.size:,} rows, one for each bar and symbol, got {table.num_rows:,}")
    times, symbols = _keys(view)
    for name, keys in (("time", times), ("symbol", symbols)):
        same = pc.equal(table.column(name), keys).fill_null(False)
        if not pc.all(same).as_py():
            row = pc.index(same, False).as_py()
            got = table.column(name)[row].as_py()
            raise WrongShape(f"row {row + 1}: expected {name} {keys[row].as_py()}, got {got}: answer in the order of the rows")
    return _finite(table.column("prediction").to_numpy().astype(np.float64).reshape(view.close.shape))


def _finite(answer: FloatArray) -> FloatArray:
    if np.isinf(answer).any():
        raise NotFinite(f"expected finite predictions or NaN, got {int(np.isinf(answer).sum())} infinite ones")
    return answer


def _keys(view: View) -> tuple[Any, Any]:
    bars, symbols = view.close.shape
    codes = pa.array(np.tile(np.arange(symbols, dtype=np.int32), bars))
    names = pa.DictionaryArray.from_arrays(codes, pa.array(view.symbols, pa.string())).cast(pa.string())
    return pa.array(np.repeat(view.open_time_us, symbols)), names


def _rows(view: View) -> Any:
    times, symbols = _keys(view)
    columns: dict[str, Any] = {"time": times, "symbol": symbols}
    for name in SERIES:
        columns[name] = pa.array(getattr(view, name).reshape(-1), pa.float64(), from_pandas=True)
    return pa.table(columns)
