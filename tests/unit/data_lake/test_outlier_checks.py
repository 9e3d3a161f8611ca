"""Outliers as findings: returns beside gaps, and captures whose odd ticks were put there by hand."""

import numpy as np
import pyarrow as pa
import pytest

from data_lake.outlier_checks import return_outliers, tick_outliers
from data_lake.quality_rules import ReturnOutliers, TickOutliers, load_rules
from domain.times import US_PER_HOUR

PLACE = ("v", "spot", US_PER_HOUR)
RULE = ReturnOutliers(window_bars=24, threshold=20, mad_floor=1e-4)
TICKS = TickOutliers(neighbours=10, trim=0.2, ticks=3)


def bars(symbol: str, hours: list[int], close: list[float]) -> pa.Table:
    return pa.table({"symbol": [symbol] * len(hours), "open_time": [hour * US_PER_HOUR for hour in hours], "close": close})


def test_a_jump_across_a_gap_is_no_return_and_symbols_are_kept_apart() -> None:
    close = [float(100.0 + np.sin(hour)) for hour in range(60)]
    gap = bars("GAP", [*range(40), *range(50, 70)], [*close[:40], *(2 * price for price in close[:20])])
    jump = bars("JUMP", list(range(60)), [*close[:40], *(2 * price for price in close[40:])])
    far = bars("LATER", list(range(60)), [1e6 * price for price in close])
    (found,) = return_outliers(pa.concat_tables([gap, jump, far]), PLACE, RULE)
    assert (found.symbol, found.at_us, found.kind) == ("JUMP", 40 * US_PER_HOUR, "outlier")
    assert found.evidence["return"] == pytest.approx(2 * close[40] / close[39] - 1)
    assert list(return_outliers(gap.slice(0, 0), PLACE, RULE)) == []


def test_a_planted_trade_and_a_planted_quote_are_counted() -> None:
    times = np.arange(40) * 1_000
    price = 100 + 0.01 * (np.arange(40) % 5)
    price[20] = 101.0
    trades = pa.table({"symbol": ["A"] * 40, "trade_time": times, "price": price})
    quotes = pa.table(
        {"symbol": ["A"] * 40, "quote_time": times + 1, "bid_price": np.full(40, 99.99), "ask_price": np.full(40, 100.05)}
    )
    found = {item.kind: item for item in tick_outliers(trades, quotes, "trades", PLACE[:2], TICKS)}
    assert found.keys() == {"price_outlier", "trade_outside_quote"}
    for item in found.values():
        assert (item.symbol, item.at_us, item.evidence) == ("A", 20_000, {"rows": 1, "of": 40})
    assert [item.kind for item in tick_outliers(trades, None, "trades", PLACE[:2], TICKS)] == ["price_outlier"]

    bid = np.tile([99.98, 99.99, 100.0, 99.99], 30)
    ask = bid + 0.01
    ask[60] = bid[60] + 2.0
    quotes = pa.table({"symbol": ["A"] * 120, "quote_time": np.arange(120), "bid_price": bid, "ask_price": ask})
    found = {item.kind: item for item in tick_outliers(quotes, None, "quotes", PLACE[:2], TICKS)}
    assert {kind: (item.at_us, item.evidence["rows"]) for kind, item in found.items()} == {
        "wide_spread": (60, 1), "far_mid": (60, 1),
    }  # fmt: skip


def test_the_declared_rules_hold_what_the_checks_need() -> None:
    rules = load_rules()
    assert rules.return_outliers.window_bars >= 24
    assert set(rules.red_kinds) >= {"impossible_bar", "duplicate"}
