"""Grids, bars, and the filters for quotes and trades, each by hand."""

import numpy as np
import pytest

from domain.errors import Refused
from measures.grid import audit_bars, audit_grid
from measures.tick_filters import far_mids, merged_by_time, negative_spreads, outside_quote, wide_spreads, zero_prices

NAN = float("nan")


def test_a_grid_counts_what_is_off_it_and_what_is_missing() -> None:
    found = audit_grid([120, 0, 60, 60, 150, 300], 60)
    assert (found.expected, found.unique, found.duplicates, found.out_of_order, found.off_grid) == (6, 5, 1, 1, 1)
    assert found.missing == (180, 240)
    assert found.completeness == 4 / 6
    assert audit_grid([7], 60).completeness == 1.0
    for times, step in (([], 60), ([0], 0)):
        with pytest.raises(Refused):
            audit_grid(times, step)


def test_bars_are_invalid_for_one_reason_each() -> None:
    bars = [
        [10, 11, 9, 10, 1], [10, 9.9, 9, 9.5, 1], [10, 11, 9.6, 9.5, 1], [10, 11, 0, 10, 1], [10, 11, 9, 10, -1],
        [10, 11, 9, 10, NAN], [10, np.inf, 9, 10, 1], [NAN, 11, 9, 10, 1], [10, 10, 10, 10, 1], [10, 10, 10, 10, 0],
    ]  # fmt: skip
    found = audit_bars(bars)
    assert found.valid.tolist() == [True, *[False] * 7, True, True]
    assert found.stale.tolist() == [False] * 9 + [True]


def test_prices_and_spreads() -> None:
    assert zero_prices([1.0, 0.0, 1.0, NAN], [1.0, 1.0, -1.0, 1.0]).tolist() == [False, True, True, True]
    assert negative_spreads([1.0, 2.0, 2.0], [2.0, 2.0, 1.0]).tolist() == [False, False, True]
    bid = np.full(8, 10.0)
    ask = bid + np.array([1.0, 1.0, 50.0, 50.5, 0.01, 0.01, 0.01, 0.6])
    assert wide_spreads(bid, ask, [1, 1, 1, 2, 2, 2, 2, 2]).tolist() == [False, False, False, True, False, False, False, True]
    assert wide_spreads([], [], []).tolist() == []


def test_a_mid_far_from_the_median_of_those_before_it() -> None:
    # Mids 99 and 101 in turn: median 100, mean absolute deviation 1, so that more than 10 away is far.
    mids = np.tile([99.0, 101.0], 5)
    for mid, far in ((110.0, False), (110.01, True), (89.99, True)):
        series = np.append(mids, mid)
        assert far_mids(series - 0.5, series + 0.5, 0.1, window=10).tolist() == [False] * 10 + [far]
        both = np.concatenate([mids[:5], [mid], mids[5:]])
        assert far_mids(both, both, 0.1, window=10, centred=True).tolist() == [False] * 5 + [far] + [False] * 5
    flat = np.append(np.full(10, 100.0), 101.5)
    assert far_mids(flat, flat, 0.1, window=10)[-1]
    assert not far_mids(flat, flat, 0.2, window=10).any()
    assert not far_mids([1.0], [1.0], 0.1).any()


def test_trades_beyond_the_quote_and_trades_at_one_time() -> None:
    assert outside_quote([12.0, 12.1, 9.0, 8.9, 50.0], [10.0] * 4 + [NAN], [11.0] * 4 + [NAN]).tolist() == [
        False, True, False, True, False,
    ]  # fmt: skip
    times, prices = merged_by_time([3, 1, 3, 1], [1.0, 5.0, 2.0, 6.0])
    assert (times.tolist(), prices.tolist()) == ([1, 3], [5.5, 1.5])
    assert merged_by_time([], [])[0].size == 0
