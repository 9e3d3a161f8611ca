"""Reads without flagged rows and outside a universe: what is left out is counted, and nothing is judged by what came later."""

from pathlib import Path
from typing import Any

import polars as pl
import pytest

from data_lake.choices import Ask, Choice, Chosen, choice_of, read_chosen
from data_lake.findings import Severity
from data_lake.lake import Lake
from domain.errors import Refused
from domain.market import Market
from domain.times import US_PER_HOUR
from tests.unit.data_lake.bars import NOW_US, START_US, bar_frame, set_value, write

SAID: dict[str, Any] = {"venue": "v", "market": Market.SPOT, "received_us": NOW_US}
HOURS = 24


def hour(number: int) -> int:
    return START_US + number * US_PER_HOUR


def ask(**changes: Any) -> Ask:
    plain = {"table": "bars", "venue": "v", "market": Market.SPOT, "start_us": START_US, "end_us": NOW_US, "as_of_us": NOW_US}
    return Ask(**{**plain, "interval_us": US_PER_HOUR, **changes})


def hours(chosen: Chosen) -> list[int]:
    return [(time - START_US) // US_PER_HOUR for time in chosen.rows["open_time"].to_pylist()]


def deliver(lake: Lake, folder: Path, frame: pl.DataFrame, table: str = "bars", source: str = "vendor", **said: Any) -> None:
    lake.ingest([write(folder / source, "AAAUSDT.csv", frame)], table, **SAID, source=source, **said)


@pytest.fixture
def flawed(lake: Lake, tmp_path: Path) -> Lake:
    """Two bars without volume (info), a copy of a bar (amber), and one about which two sources disagree (amber)."""
    frame = bar_frame()
    for row in (3, 4):
        frame = set_value(frame, row, volume=0.0)
    frame = set_value(frame, 20, open=118.5, high=120.0, low=118.0, close=119.0, volume=29.0)
    deliver(lake, tmp_path, frame)
    deliver(lake, tmp_path, set_value(frame.slice(9, 1), 0, close=109.5), source="trusted", interval_us=US_PER_HOUR)
    return lake


def test_rows_are_left_out_by_severity_and_counted(flawed: Lake) -> None:
    whole = list(range(HOURS))
    assert read_chosen(flawed, ask(), Choice()).rows.equals(flawed.read(**vars(ask())))
    info = read_chosen(flawed, ask(), Choice(Severity.INFO))
    assert hours(info) == [at for at in whole if at not in (3, 4, 9, 20)]
    assert info.left_out == {"conflict": 1, "repeated_bar": 1, "zero_volume": 2}
    amber = read_chosen(flawed, ask(), Choice(Severity.AMBER))
    assert (hours(amber), amber.left_out) == ([at for at in whole if at not in (9, 20)], {"conflict": 1, "repeated_bar": 1})
    assert hours(read_chosen(flawed, ask(), Choice(Severity.RED))) == whole


def test_a_part_of_a_read_is_judged_as_the_whole_and_a_snapshot_as_it_was(flawed: Lake) -> None:
    assert hours(read_chosen(flawed, ask(start_us=hour(20)), Choice(Severity.INFO))) == [21, 22, 23]
    before = read_chosen(flawed, ask(snapshot=1), Choice(Severity.AMBER))
    assert before.left_out == {"repeated_bar": 1}
    assert read_chosen(flawed, ask(as_of_us=START_US), Choice(Severity.INFO)) == Chosen(before.rows.slice(0, 0), {})
    with pytest.raises(Refused, match="state it"):
        read_chosen(flawed, ask(interval_us=None), Choice(Severity.INFO))


def test_crossed_quotes_are_left_out(lake: Lake, tmp_path: Path) -> None:
    quotes = pl.DataFrame(
        {"symbol": "AAA", "event_time": [hour(at) for at in range(4)], "update_id": range(4), "bid_px": [1.0, 1.6, 1.0, 1.0],
         "bid_qty": 1.0, "ask_px": 1.5, "ask_qty": 1.0}
    )  # fmt: skip
    deliver(lake, tmp_path, quotes, "quotes")
    found = read_chosen(lake, ask(table="quotes", interval_us=None), Choice(Severity.RED))
    assert (found.rows["update_id"].to_pylist(), found.left_out) == ([0, 2, 3], {"crossed_quote": 1})


def membership(lake: Lake, folder: Path, known: int, rows: list[tuple[str, int, int]], universe: str = "top") -> None:
    frame = pl.DataFrame(
        [(symbol, hour(since), universe, member) for symbol, since, member in rows],
        schema=["symbol", "effective_time", "universe", "member"], orient="row",
    )  # fmt: skip
    deliver(lake, folder, frame, "universe", f"list-{known}-{universe}", known_at=hour(known))


def test_a_symbol_counts_only_while_it_was_known_to_be_in(lake: Lake, tmp_path: Path) -> None:
    for name in ("AAAUSDT", "BBBUSDT"):
        lake.ingest([write(tmp_path, f"{name}.csv", bar_frame(name))], "bars", **SAID, source="vendor")
    membership(lake, tmp_path, 0, [("AAAUSDT", 0, 1)])
    membership(lake, tmp_path, 30, [("AAAUSDT", 10, 0), ("BBBUSDT", 12, 1)])
    membership(lake, tmp_path, 0, [("CCCUSDT", 0, 1)], universe="other")

    def read(universe: str, as_of: int) -> tuple[list[tuple[str, int]], dict[str, int]]:
        found = read_chosen(lake, ask(as_of_us=hour(as_of)), Choice(universe=universe))
        return list(zip(found.rows["symbol"].to_pylist(), hours(found), strict=True)), dict(found.left_out)

    later, left_out = read("top", 40)
    assert later == [*(("AAAUSDT", at) for at in range(10)), *(("BBBUSDT", at) for at in range(12, HOURS))]
    assert left_out == {"outside the universe": 2 * HOURS - len(later)}
    before, _ = read("top", 29)
    assert before == [("AAAUSDT", at) for at in range(HOURS)]
    assert read("other", 40)[0] == []
    with pytest.raises(Refused, match=r"expected one of \['other', 'top'\]"):
        read("nobody", 40)


def test_an_instrument_is_followed_through_its_tickers_and_parted_from_the_next_of_that_name(lake: Lake, tmp_path: Path) -> None:
    """LUNA is renamed LUNC at hour 6; from hour 10 another coin is called LUNA, as was first known at hour 30."""
    for symbol, there in (("LUNA", [*range(6), *range(10, 16)]), ("LUNC", range(6, 20)), ("BTC", range(20))):
        lake.ingest([write(tmp_path, f"{symbol}.csv", bar_frame(symbol, there))], "bars", **SAID, source="vendor")
    first = [("LUNA", 0, "terra"), ("LUNC", 6, "terra")]
    for known, rows in ((0, first), (30, [*first, ("LUNA", 10, "terra-2")])):
        named = pl.DataFrame(
            [(symbol, hour(since), name, "listed") for symbol, since, name in rows],
            schema=["symbol", "valid_from", "instrument_id", "status"], orient="row",
        )  # fmt: skip
        deliver(lake, tmp_path, named, "instruments", f"names-{known}", known_at=hour(known))

    def read(instruments: tuple[str, ...], as_of: int = 40, **changes: Any) -> list[tuple[str, str, int]]:
        found = read_chosen(lake, ask(as_of_us=hour(as_of), **changes), Choice(instruments=instruments))
        names = (found.rows[name].to_pylist() for name in ("instrument_id", "symbol"))
        return list(zip(*names, hours(found), strict=True))

    old = [*(("terra", "LUNA", at) for at in range(6)), *(("terra", "LUNC", at) for at in range(6, 20))]
    new = [("terra-2", "LUNA", at) for at in range(10, 16)]
    assert read(("terra",)) == old
    assert read(("terra-2",)) == new
    assert read(("terra-2", "terra")) == old + new
    assert read(("terra",), symbols=["LUNC"], start_us=hour(8)) == old[8:]
    mixed = read(("terra",), as_of=29)  # nobody knew yet that the name had been given away
    assert sorted(mixed) == sorted(old + [("terra", "LUNA", at) for at in range(10, 16)])
    found = read_chosen(lake, ask(as_of_us=hour(40)), Choice(instruments=("terra",)))
    assert found.left_out == {"of another instrument": 6}
    with pytest.raises(Refused, match=r"nothing is known of instrument 'terra-2' by then: .*\(terra\)"):
        read(("terra-2",), as_of=29)


def test_words_are_read_as_a_choice() -> None:
    assert choice_of("amber", "top") == Choice(Severity.AMBER, "top")
    assert choice_of(None, None) == Choice()
    assert choice_of(None, None, ("terra",)) == Choice(instruments=("terra",))
    with pytest.raises(Refused, match="info, amber, red"):
        choice_of("orange", None)
