from dataclasses import replace

import numpy as np
import pytest

from backtest.days import daily_closes, daily_returns, day_of_bar, known_next_day, whole_days
from domain.errors import Refused
from domain.times import iso
from tests.unit.backtest.markets import panel_of, random_closes


def test_a_day_cut_at_either_end_is_not_whole() -> None:
    panel = panel_of(random_closes(11, 1, seed=1), interval_hours=6, start="2024-01-01T12:00")
    days, inside = whole_days(panel)
    assert [iso(int(day))[:10] for day in days] == ["2024-01-02", "2024-01-03"]
    assert inside.tolist() == [False] * 2 + [True] * 8 + [False]


def test_daily_close_is_the_last_known_one_of_the_day() -> None:
    closes = np.array([[1.0], [2.0], [3.0], [np.nan], [np.nan], [np.nan], [7.0], [8.0]])
    _, got = daily_closes(panel_of(closes, interval_hours=12))
    assert got[:, 0] == pytest.approx([2, 3, np.nan, 8], nan_ok=True)
    assert daily_returns(got)[:, 0] == pytest.approx([np.nan, 0.5, np.nan, np.nan], nan_ok=True)


def test_a_day_is_known_from_the_next_one_on() -> None:
    panel = panel_of(random_closes(5, 1, seed=1), interval_hours=12, start="2024-01-01T12:00")
    got = known_next_day(np.array([[1.0], [2.0], [3.0]]), panel)
    assert got[:, 0] == pytest.approx([np.nan, 1, 1, 2, 2], nan_ok=True)


@pytest.mark.parametrize("interval_us", [7 * 3_600_000_000, 3_600_000_000 * 24 + 1])
def test_bars_that_do_not_tile_a_day_are_refused(interval_us: int) -> None:
    with pytest.raises(Refused, match="tile a UTC day"):
        day_of_bar(replace(panel_of(random_closes(3, 1, seed=1)), interval_us=interval_us))
