from pathlib import Path

import polars as pl
import pytest

from data_lake.expectations import validate_batch
from data_lake.findings import Severity
from data_lake.lake import Lake
from data_lake.lake_check import check_lake
from data_lake.schema import TABLES
from data_lake.tick_checks import check_ticks
from domain.errors import Refused
from domain.market import Market
from domain.times import US_PER_SECOND
from tests.unit.data_lake.bars import NOW_US, REAL, START_US, needs_market, set_value, write

SAID = {"venue": "v", "market": Market.SPOT, "received_us": NOW_US, "source": "capture"}
READ = {"venue": "v", "market": Market.SPOT, "start_us": START_US, "end_us": NOW_US}
WHERE = ("v", Market.SPOT, START_US, NOW_US, NOW_US)
LATER = START_US + 3_600 * US_PER_SECOND

TIMES = [START_US + second * US_PER_SECOND for second in (0, 1, 1, 2)]
FRAMES = {
    "trades": pl.DataFrame(
        {"symbol": "AAA", "trade_time": TIMES, "trade_id": [10, 11, 12, 13], "price": [1.0, 1.5, 1.5, 2.0], "qty": 3.0,
         "taker_side": ["buy", "Sell", "buy", "buy"], "recv_time_ns": [(time + 5) * 1000 for time in TIMES]}
    ),
    "quotes": pl.DataFrame(
        {"symbol": "AAA", "event_time_ms": [time // 1000 for time in TIMES], "update_id": [1, 2, 3, 4], "bid_px": 1.0,
         "bid_qty": 5.0, "ask_px": 1.5, "ask_qty": 6.0}
    ),
    "depth": pl.DataFrame(
        {"symbol": "AAA", "event_time": TIMES, "kind": ["snapshot", "diff", "diff", "diff"], "side": ["bid", "bid", "ask", "ask"],
         "price": [1.0, 1.0, 1.5, 1.5], "qty": [5.0, 0.0, 2.0, 3.0], "first_update_id": [1, 2, 2, 4],
         "final_update_id": [1, 3, 3, 5]}
    ),
    "marks": pl.DataFrame({"symbol": "AAA", "mark_time": sorted(set(TIMES)), "mark_price": 1.5}),
    "fills": pl.DataFrame(
        {"symbol": "AAA", "fill_time": TIMES, "fill_id": ["a", "b", "c", "d"], "price": 1.0, "quantity": 2.0, "side": "buy",
         "fee": 0.01, "fee_asset": "USDT"}
    ),
    "balances": pl.DataFrame({"symbol": "USDT", "balance_time": TIMES, "account": ["a", "a", "b", "a"], "total": 7.0}),
    "transfers": pl.DataFrame(
        {"symbol": "USDT", "transfer_time": TIMES, "transfer_id": ["x", "y", "z", "w"], "quantity": 5.0, "direction": "in"}
    ),
    "instruments": pl.DataFrame(
        {"symbol": "LUNA", "valid_from": [TIMES[0], TIMES[3]], "instrument_id": ["terra-classic", "terra-2"], "status": "listed",
         "tick_size": 0.01}
    ),
    "universe": pl.DataFrame({"symbol": "AAA", "effective_time": TIMES[:1], "universe": "top-20", "member": 1}),
}  # fmt: skip


@pytest.mark.parametrize("table", sorted(FRAMES))
def test_every_table_keeps_the_law_of_versions(lake: Lake, tmp_path: Path, table: str) -> None:
    frame, declared = FRAMES[table], TABLES[table]
    first = lake.ingest([write(tmp_path, "a.parquet", frame)], table, **SAID)
    assert (first.accepted, first.quarantined) == (len(frame), 0)
    again = lake.ingest([write(tmp_path, "a.csv", frame)], table, **SAID)
    assert (again.accepted, again.unchanged, again.revised) == (0, len(frame), 0)
    column = next(name for name in (*declared.required, *declared.optional) if name not in declared.texts)
    given = {"quantity": "qty" if "qty" in frame.columns else "quantity", "bid_price": "bid_px"}.get(column, column)
    changed = set_value(frame, 0, **{given: 0.5 if frame[given].dtype == pl.Float64 else 0})
    told = lake.ingest([write(tmp_path / "fix", "a.parquet", changed)], table, **SAID, known_at=LATER)
    assert told.revised == 1
    before = lake.read(table, **READ, as_of_us=LATER - 1).to_pylist()
    after = lake.read(table, **READ, as_of_us=LATER).to_pylist()
    assert len(before) == len(after) == len(frame)
    differing = [(old[column], new[column]) for old, new in zip(before, after, strict=True) if old[column] != new[column]]
    assert differing == [(frame[given][0], changed[given][0])]
    assert lake.read(table, **READ, as_of_us=NOW_US, snapshot=1).num_rows == len(frame)
    assert lake.query(f"SELECT count(*) FROM {table}_as_of('2024-05-01')", ()) == [(len(frame),)]
    assert check_lake(lake.home, lake.catalogue).clean


@pytest.mark.parametrize("table", ["trades", "depth"])
def test_expectations_of_ticks_hold(lake: Lake, tmp_path: Path, table: str) -> None:
    lake.ingest([write(tmp_path, "a.parquet", FRAMES[table])], table, **SAID)
    assert validate_batch(table, lake.read(table, **READ, as_of_us=NOW_US), tmp_path / "docs", "batch").success


@pytest.mark.parametrize(
    ("table", "change", "reason"),
    [
        ("trades", {"price": 0.0}, "non_positive_price"),
        ("trades", {"qty": -1.0}, "negative_quantity"),
        ("trades", {"taker_side": "long"}, "unknown_side"),
        ("depth", {"kind": "delta"}, "unknown_kind"),
        ("depth", {"price": -1.0}, "non_positive_price"),
        ("transfers", {"direction": "sideways"}, "unknown_direction"),
        ("instruments", {"instrument_id": None}, "nothing_in_instrument_id"),
        ("balances", {"total": None}, "no_number_in_total"),
    ],
)
def test_a_bad_row_is_quarantined(lake: Lake, tmp_path: Path, table: str, change: dict[str, object], reason: str) -> None:
    told = lake.ingest([write(tmp_path, "a.parquet", set_value(FRAMES[table], 1, **change))], table, **SAID)
    assert told.reasons == ((reason, 1),)
    assert told.accepted == len(FRAMES[table]) - 1


def test_trades_without_ids_are_numbered_within_their_time(lake: Lake, tmp_path: Path) -> None:
    lake.ingest([write(tmp_path, "a.parquet", FRAMES["trades"].drop("trade_id"))], "trades", **SAID)
    rows = lake.read("trades", **READ, as_of_us=NOW_US)
    assert rows["trade_id"].to_pylist() == ["0", "0", "1", "0"]
    assert rows["price"].to_pylist() == [1.0, 1.5, 1.5, 2.0]


def test_a_missing_part_of_the_key_is_refused(lake: Lake, tmp_path: Path) -> None:
    with pytest.raises(Refused, match="missing column kind, side"):
        lake.ingest([write(tmp_path, "a.parquet", FRAMES["depth"].drop("kind", "side"))], "depth", **SAID)


def _kinds(lake: Lake, table: str) -> dict[str, object]:
    return {finding.kind: dict(finding.evidence) for finding in check_ticks(lake, table, *WHERE)}


def test_planted_faults_of_captures_are_found(lake: Lake, tmp_path: Path) -> None:
    trades = FRAMES["trades"].with_columns(trade_id=pl.Series([2_000_010, 2_000_011, 2_000_015, 2_000_010]))
    early = trades.with_columns(recv_time_ns=pl.col("trade_time") * 1000 - 1_270_000_000)
    lake.ingest([write(tmp_path, "t.parquet", early)], "trades", **SAID)
    found = _kinds(lake, "trades")
    assert set(found) == {"clock_error", "id_gap", "id_repeat"}
    assert found["clock_error"]["median_early_us"] == 1_270_000
    assert found["id_gap"] == {"missing_ids": 3, "after_id": 2_000_011, "next_us": TIMES[2]}
    lake.ingest([write(tmp_path, "q.parquet", set_value(FRAMES["quotes"], 2, bid_px=1.6))], "quotes", **SAID)
    assert set(_kinds(lake, "quotes")) == {"crossed_quote", "repeated_stamp"}
    broken = FRAMES["depth"].with_columns(first_update_id=pl.Series([1, 2, 2, 9]), final_update_id=pl.Series([2, 3, 3, 10]))
    lake.ingest([write(tmp_path, "d.parquet", broken)], "depth", **SAID)
    assert set(_kinds(lake, "depth")) == {"depth_break"}


@needs_market
def test_the_real_captures_are_whole_and_their_clocks_wrong(tmp_path: Path) -> None:
    rows = {"trades": 21_313, "quotes": 66_089, "depth": 445_521}
    with Lake(tmp_path / "home") as lake:
        for table, count in rows.items():
            files = [REAL / table / "binance_usdm_btcusdt_20240808.parquet"]
            told = lake.ingest(files, table, **{**SAID, "market": Market.LINEAR, "received_us": NOW_US * 2})
            assert (told.accepted, told.quarantined) == (count, 0)
            found = check_ticks(lake, table, "v", Market.LINEAR, 0, NOW_US * 2, NOW_US * 2)
            clock, *others = sorted(found, key=lambda item: item.kind)
            assert clock.kind == "clock_error"
            assert 1_150_000 < clock.evidence["median_early_us"] < 1_280_000
            far = [item for item in others if item.severity is Severity.INFO and "of" in item.evidence]
            assert all(item.evidence["rows"] < item.evidence["of"] / 100 for item in far), far
            assert {item.kind for item in others if item not in far} == ({"diff_before_snapshot"} if table == "depth" else set())
