"""Whatever the seed and the end: possible bars, one history, and a panel that the deliveries alone can rebuild."""

from pathlib import Path

import numpy as np
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.times import US_PER_DAY, US_PER_HOUR
from laboratory.deliveries import deliveries
from laboratory.market import generate
from laboratory.settings import LaboratorySettings
from laboratory.stated import slow_maker_returns

CONFIG = Path(__file__).parents[2] / "config" / "laboratory.yaml"
SEEDS = st.integers(0, 2**63 - 1)
ENDS = st.integers(20_090, 21_000).map(lambda day: day * US_PER_DAY)
"""From 2025-01-02, three months after the origin, to mid 2027."""
DAYS = st.integers(60, 90)


def world(days: int) -> LaboratorySettings:
    """Sixty to ninety days, at any time of three years in the midst of which every defect lies."""
    data = yaml.safe_load(CONFIG.read_text(encoding="utf-8"))
    data |= {"days": days, "origin": "2024-10-01"}
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


@settings(deadline=None, max_examples=25)
@given(SEEDS, ENDS, DAYS, st.integers(1, 90))
def test_a_later_cycle_adds_to_an_earlier_one_and_changes_nothing(seed: int, closes_us: int, days: int, later: int) -> None:
    first, second = (generate(seed, end_us, world(days)) for end_us in (closes_us, closes_us + later * US_PER_DAY))
    shared = max(0, days - later)
    for name in ("open", "high", "low", "close", "volume", "taker_buy_volume"):
        kept, again = getattr(first.bars, name)[later * 24 :], getattr(second.bars, name)[: shared * 24]
        assert kept.tobytes() == again.tobytes(), name
    assert first.funding_rate[later * 3 :].tobytes() == second.funding_rate[: shared * 3].tobytes()
    assert slow_maker_returns(first, seed)[later:].tobytes() == slow_maker_returns(second, seed)[:shared].tobytes()


@settings(deadline=None, max_examples=25)
@given(SEEDS, ENDS, DAYS)
def test_history_and_revision_together_are_the_panel(seed: int, closes_us: int, days: int) -> None:
    market = generate(seed, closes_us, world(days))
    panel = market.panel
    merged = np.full(panel.close.shape, np.nan)
    by_name = {item.name: item for item in deliveries(market)}
    for name in ("history", "revision"):
        for table in by_name[name].files.values() if name in by_name else ():
            row = (np.array(table["open_time"]) * 1_000 - int(panel.open_time_us[0])) // US_PER_HOUR
            merged[row, panel.symbols.index(table["symbol"][0].as_py())] = np.array(table["close"])
    np.testing.assert_array_equal(merged, panel.close)


@settings(deadline=None, max_examples=25)
@given(SEEDS, ENDS, DAYS)
def test_nothing_is_delivered_that_was_not_known_by_the_cycle(seed: int, closes_us: int, days: int) -> None:
    for batch in deliveries(generate(seed, closes_us, world(days))):
        assert batch.files
        assert all(table.num_rows for table in batch.files.values())
        assert batch.known_at == "published" or batch.known_at <= closes_us
