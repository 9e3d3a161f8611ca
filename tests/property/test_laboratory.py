"""Whatever the seed and the end: possible bars, and a panel that the deliveries alone can rebuild."""

from pathlib import Path

import numpy as np
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.times import US_PER_DAY, US_PER_HOUR
from laboratory.deliveries import deliveries
from laboratory.market import generate
from laboratory.settings import LaboratorySettings

CONFIG = Path(__file__).parents[2] / "config" / "laboratory.yaml"
SEEDS = st.integers(0, 2**63 - 1)
ENDS = st.integers(10_000, 40_000).map(lambda day: day * US_PER_DAY)
DAYS = st.integers(60, 90)


def world(days: int) -> LaboratorySettings:
    data = yaml.safe_load(CONFIG.read_text(encoding="utf-8"))
    data["days"] = days
    data["defects"] |= {
        "gap_days_before_end": 50,
        "flat_days_before_end": 40,
        "revised_days_before_end": 30,
        "revision_days_before_end": 10,
        "delisted_days_before_end": 20,
    }
    return LaboratorySettings.parse(data, CONFIG.name)


@settings(deadline=None, max_examples=25)
@given(SEEDS, ENDS, DAYS)
def test_bars_are_possible_and_funding_is_finite_where_there_are_bars(seed: int, closes_us: int, days: int) -> None:
    panel = generate(seed, closes_us, world(days)).panel
    there = np.isfinite(panel.close)
    low, high, open_, close = (getattr(panel, name)[there] for name in ("low", "high", "open", "close"))
    assert low.min() > 0
    assert (low <= np.minimum(open_, close)).all()
    assert (high >= np.maximum(open_, close)).all()
    assert (panel.taker_buy_volume[there] <= panel.volume[there]).all()
    assert np.isfinite(panel.funding_rate[there]).all()


@settings(deadline=None, max_examples=15)
@given(SEEDS, ENDS, ENDS)
def test_the_end_moves_time_and_nothing_else(seed: int, first_us: int, second_us: int) -> None:
    first, second = (generate(seed, closes_us, world(60)) for closes_us in (first_us, second_us))
    assert first.panel.close.tobytes() == second.panel.close.tobytes()
    assert first.panel.funding_rate.tobytes() == second.panel.funding_rate.tobytes()
    assert set((first.panel.open_time_us - second.panel.open_time_us).tolist()) == {first_us - second_us}


@settings(deadline=None, max_examples=15)
@given(SEEDS, DAYS)
def test_history_and_revision_together_are_the_panel(seed: int, days: int) -> None:
    market = generate(seed, 20_000 * US_PER_DAY, world(days))
    panel = market.panel
    merged = np.full(panel.close.shape, np.nan)
    by_name = {item.name: item for item in deliveries(market)}
    for name in ("history", "revision"):
        for table in by_name[name].files.values():
            row = (np.array(table["open_time"]) * 1_000 - int(panel.open_time_us[0])) // US_PER_HOUR
            merged[row, panel.symbols.index(table["symbol"][0].as_py())] = np.array(table["close"])
    np.testing.assert_array_equal(merged, panel.close)
