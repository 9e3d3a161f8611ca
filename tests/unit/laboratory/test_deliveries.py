from collections import defaultdict

import numpy as np
import pyarrow as pa
import pytest

from domain.times import US_PER_HOUR, US_PER_MINUTE
from laboratory.deliveries import Delivery, deliveries
from laboratory.market import SimulatedMarket
from laboratory.truth import PlantedDefect

VALUES = ("open", "high", "low", "close", "volume", "taker_buy_volume")
LAG_US = 5 * US_PER_MINUTE
Facts = dict[tuple[str, int], list[tuple[int, tuple[float, ...]]]]


@pytest.fixture(scope="module")
def batches(market: SimulatedMarket) -> dict[str, Delivery]:
    return {item.name: item for item in deliveries(market)}


def facts(batches: dict[str, Delivery]) -> tuple[Facts, list[tuple[str, int]]]:
    """Every finished bar with its knowledge time, and the keys of those delivered unfinished, by the law of section 3."""
    known: Facts = defaultdict(list)
    unfinished = []
    for batch in batches.values():
        if batch.table != "bars":
            continue
        for table in batch.files.values():
            for row in table.to_pylist():
                key = (row["symbol"], row["open_time"] * 1_000)
                closed = key[1] + US_PER_HOUR
                at = closed + LAG_US if batch.known_at == "published" else int(batch.known_at)
                if at < closed:
                    unfinished.append(key)
                else:
                    known[key].append((at, tuple(row[name] for name in VALUES)))
    return known, unfinished


def planted(market: SimulatedMarket, kind: str) -> PlantedDefect:
    (defect,) = [item for item in market.truth.defects if item.kind == kind]
    return defect


def rows(market: SimulatedMarket, defect: PlantedDefect) -> tuple[slice, int]:
    start = (defect.from_us - market.truth.first_open_us) // US_PER_HOUR
    return slice(start, start + defect.bars), market.panel.symbols.index(defect.symbol)


def test_the_panel_is_what_merging_the_deliveries_by_hand_gives(market: SimulatedMarket, batches: dict[str, Delivery]) -> None:
    known, _ = facts(batches)
    panel = market.panel
    merged = {name: np.full(panel.close.shape, np.nan) for name in VALUES}
    for (symbol, open_us), versions in known.items():
        place = (open_us - int(panel.open_time_us[0])) // US_PER_HOUR, panel.symbols.index(symbol)
        for name, value in zip(VALUES, max(versions)[1], strict=True):
            merged[name][place] = value
    for name in VALUES:
        np.testing.assert_array_equal(merged[name], getattr(panel, name))


def test_funding_of_the_panel_is_that_of_the_files(market: SimulatedMarket, batches: dict[str, Delivery]) -> None:
    panel = market.panel
    for column, symbol in enumerate(panel.symbols):
        table = batches["funding"].files[f"{symbol}-funding.parquet"]
        stamps = np.array(table["funding_time"]) * 1_000
        row = (stamps - int(panel.open_time_us[0])) // US_PER_HOUR
        np.testing.assert_array_equal(panel.funding_rate[row, column], np.array(table["funding_rate"]))
        covered = np.isfinite(panel.funding_rate[:, column])
        assert covered.sum() == 8 * len(stamps)
        assert np.count_nonzero(np.delete(panel.funding_rate[covered, column], row)) == 0


def test_every_kind_of_defect_is_planted_once(market: SimulatedMarket) -> None:
    assert sorted(item.kind for item in market.truth.defects) == ["delisting", "gap", "revision", "unfinished", "zero_volume"]


def test_missing_bars_are_the_gap_and_the_delisting_and_no_others(market: SimulatedMarket) -> None:
    expected = np.zeros(market.panel.close.shape, dtype=bool)
    for kind in ("gap", "delisting"):
        expected[rows(market, planted(market, kind))] = True
    np.testing.assert_array_equal(np.isnan(market.panel.close), expected)
    assert planted(market, "gap").bars == 7
    assert planted(market, "delisting").until_us == market.window.closes_us


def test_the_zero_volume_bar_is_flat_and_the_only_one(market: SimulatedMarket) -> None:
    where, column = rows(market, planted(market, "zero_volume"))
    assert np.argwhere(market.panel.volume == 0).tolist() == [[where.start, column]]
    bar = [getattr(market.panel, name)[where.start, column] for name in ("open", "high", "low", "close")]
    assert set(bar) == {market.panel.close[where.start - 1, column]}
    assert market.panel.taker_buy_volume[where.start, column] == 0


def test_the_revision_changes_what_it_says_and_later(market: SimulatedMarket, batches: dict[str, Delivery]) -> None:
    defect = planted(market, "revision")
    known, _ = facts(batches)
    revised = sorted(key for key, versions in known.items() if len({values for _, values in versions}) > 1)
    assert [symbol for symbol, _ in revised] == [defect.symbol] * defect.bars
    assert (revised[0][1], revised[-1][1] + US_PER_HOUR) == (defect.from_us, defect.until_us)
    for key in revised:
        (first_at, first), (second_at, second) = sorted(known[key])
        assert first_at == key[1] + US_PER_HOUR + LAG_US
        assert second_at == defect.known_at_us == batches["revision"].known_at
        assert first[3] / second[3] == pytest.approx(1.004, abs=1e-5)  # the vendor's error of 40 bp
        assert first[4:] == second[4:]  # volumes were right


def test_misstated_bars_are_still_possible_ones(market: SimulatedMarket, batches: dict[str, Delivery]) -> None:
    table = batches["history"].files[f"{planted(market, 'revision').symbol}-1h.parquet"]
    open_, high, low, close = (np.array(table[name]) for name in ("open", "high", "low", "close"))
    assert (low <= np.minimum(open_, close)).all()
    assert (high >= np.maximum(open_, close)).all()


def test_one_bar_is_delivered_before_it_closed(market: SimulatedMarket, batches: dict[str, Delivery]) -> None:
    defect = planted(market, "unfinished")
    known, unfinished = facts(batches)
    assert unfinished == [(defect.symbol, defect.from_us)]
    assert len(known[defect.symbol, defect.from_us]) == 1  # the history brings it whole
    assert defect.from_us < int(batches["snapshot"].known_at) < defect.until_us
    last = batches["snapshot"].files[f"{defect.symbol}-1h-snapshot.csv"].to_pylist()[-1]
    assert last["volume"] < known[defect.symbol, defect.from_us][0][1][4]
    assert last["low"] <= min(last["open"], last["close"])
    assert last["high"] >= max(last["open"], last["close"])


def test_tables_survive_the_way_through_csv(batches: dict[str, Delivery]) -> None:
    from pyarrow import csv

    for name in ("revision", "snapshot"):
        ((file, table),) = batches[name].files.items()
        assert file.endswith(".csv")
        sink = pa.BufferOutputStream()
        csv.write_csv(table, sink)
        assert csv.read_csv(pa.BufferReader(sink.getvalue())).to_pylist() == table.to_pylist()


def test_history_has_a_file_for_each_symbol(market: SimulatedMarket, batches: dict[str, Delivery]) -> None:
    assert list(batches["history"].files) == [f"{symbol}-1h.parquet" for symbol in market.panel.symbols]
    assert all(
        set(table["symbol"].to_pylist()) == {name[: -len("-1h.parquet")]} for name, table in batches["history"].files.items()
    )
