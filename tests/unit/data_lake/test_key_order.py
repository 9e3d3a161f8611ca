import random

import pyarrow as pa
import pytest

from data_lake import key_order
from data_lake.key_order import in_key_order

HOUR = 3_600


def _scan(pieces: list[list[tuple[str, int]]]) -> pa.Table:
    """A scan that found these pieces, a batch each, with a value that says where every row came from."""
    schema = pa.schema({"symbol": pa.string(), "time": pa.int64(), "value": pa.int64()})
    place = 0
    batches = []
    for piece in pieces:
        symbols, times = zip(*piece, strict=True)
        batches.append(pa.record_batch([symbols, times, range(place, place + len(piece))], schema=schema))
        place += len(piece)
    return pa.Table.from_batches(batches, schema)


def _run(symbol: str, hours: range) -> list[tuple[str, int]]:
    return [(symbol, hour * HOUR) for hour in hours]


PIECES = {
    "whole runs, later ones first": [
        _run("B", range(500, 900)) + _run("C", range(400)),
        _run("A", range(300)) + _run("B", range(500)),
        _run("A", range(300, 700)),
    ],
    "one run": [_run("A", range(100)), _run("A", range(100, 200))],
    "symbols whose times go on rising": [_run("B", range(200)) + _run("A", range(200, 400))],
    "revised rows between": [_run("A", range(0, 1000, 2)) + _run("B", range(500)), _run("A", range(1, 1000, 2))],
    "a run inside another": [_run("A", range(400)), _run("A", range(1000, 1400)) + _run("A", range(400, 1000))],
    "threads that took turns": [
        [row for start in (0, 400) for row in _run("A", range(start, start + 200))],
        [row for start in (200, 600) for row in _run("A", range(start, start + 200))],
    ],
    "single rows": [[row] for row in random.Random(3).sample(_run("A", range(150)) + _run("é", range(150)), 300)],
    "ends inside another run": [_run("A", [*range(200), 500]), _run("A", range(200, 500)), _run("B", range(300))],  # type: ignore[arg-type]
}


@pytest.mark.parametrize("calm_rows", [1, 1_000_000])
@pytest.mark.parametrize("pieces", PIECES.values(), ids=PIECES.keys())
def test_rows_come_in_key_order_with_their_values(
    pieces: list[list[tuple[str, int]]], calm_rows: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Overlapping stretches are put in order one by one, or with all rows where most overlap."""
    monkeypatch.setattr(key_order, "_CALM_MIN_ROWS", calm_rows)
    scan = _scan(pieces)
    expected = sorted(scan.to_pylist(), key=lambda row: (row["symbol"], row["time"]))
    answer = in_key_order(scan, "time", threads=2)
    assert answer.to_pylist() == expected
    assert answer.schema == scan.schema


@pytest.mark.parametrize("name", ["whole runs, later ones first", "threads that took turns"])
def test_whole_runs_are_not_copied(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(key_order, "_SLICE_MIN_ROWS", 64)
    scan = _scan(PIECES[name])
    values = in_key_order(scan, "time", threads=1)["value"]
    held = {chunk.buffers()[1].address for chunk in scan["value"].chunks}
    assert {chunk.buffers()[1].address for chunk in values.chunks} == held


def test_no_rows_stay_no_rows() -> None:
    empty = _scan([_run("A", range(1))]).slice(0, 0)
    assert in_key_order(empty, "time", threads=1).equals(empty)
