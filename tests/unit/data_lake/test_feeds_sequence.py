import random

import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from data_lake.feeds.sequence import Hole, missing_bars, missing_trades

STEP = 3_600_000_000
KEPT = st.sets(st.integers(0, 40), min_size=1)


def shuffled_with_repeats(items: set[int], seed: int) -> list[int]:
    chosen = random.Random(seed)
    order = [*items, *chosen.choices(sorted(items), k=len(items))]
    chosen.shuffle(order)
    return order


@settings(deadline=None)
@given(KEPT, st.integers(0, 2**32), st.one_of(st.none(), st.integers(0, 40)))
def test_holes_of_bars_are_what_is_missing_whatever_the_order_and_repeats(kept: set[int], seed: int, since: int | None) -> None:
    order = shuffled_with_repeats(kept, seed)
    rows = pl.DataFrame({"symbol": "A", "open_time": [hour * STEP for hour in order]})
    holes = missing_bars(rows, STEP, None if since is None else since * STEP)
    told = [hour for hole in holes for hour in range(hole.since_us // STEP, hole.until_us // STEP)]
    first = min(kept) if since is None else since
    assert told == [hour for hour in range(first, max(kept)) if hour not in kept]
    assert sum(hole.missing for hole in holes) == len(told)


@settings(deadline=None)
@given(KEPT, st.integers(0, 2**32))
def test_holes_of_trades_are_the_missing_numbers(kept: set[int], seed: int) -> None:
    order = shuffled_with_repeats(kept, seed)
    rows = pl.DataFrame({"symbol": "A", "trade_id": [str(n) for n in order], "trade_time": [1_000 * n for n in order]})
    holes = missing_trades(rows)
    told = [number for hole in holes for number in range(hole.since_us // 1_000 + 1, (hole.until_us - 1) // 1_000)]
    assert told == [number for number in range(min(kept), max(kept)) if number not in kept]
    assert sum(hole.missing for hole in holes) == len(told)


def test_symbols_are_apart_and_ids_that_are_no_numbers_tell_nothing() -> None:
    rows = pl.DataFrame({"symbol": ["A", "B", "A"], "open_time": [0, STEP, 2 * STEP]})
    assert missing_bars(rows, STEP, None) == (Hole("A", STEP, 2 * STEP, 1),)
    trades = pl.DataFrame({"symbol": ["A", "A"], "trade_id": ["5f3e", "99aa"], "trade_time": [1, 2]})
    assert missing_trades(trades) == ()
