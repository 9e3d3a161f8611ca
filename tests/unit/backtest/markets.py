"""Small markets for the tests of this package."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import yaml

from backtest.costs import CostModel
from backtest.kernel_data import Bars, Terms, Wanted
from domain.arrays import FloatArray
from domain.market import Market, Panel
from domain.times import US_PER_HOUR, parse_utc

COSTS_FILE = Path(__file__).resolve().parents[3] / "config" / "costs.yaml"
NO_IMPACT = 0.0


def column(values: Sequence[float]) -> FloatArray:
    return np.array(values, dtype=np.float64)[:, None]


def bars(
    opens: Sequence[float],
    closes: Sequence[float],
    *,
    volume: Sequence[float] | float = 1e9,
    funding: Sequence[float] | float = 0.0,
    impact: Sequence[float] | float = NO_IMPACT,
) -> Bars:
    """One symbol."""
    whole = np.ones(len(opens))
    return Bars(column(opens), column(closes), column(whole * volume), column(whole * funding), column(whole * impact))


def wanted(weights: Sequence[float], *, buffer: float = 0.0, decides: Sequence[bool] | None = None) -> Wanted:
    weight = column(weights)
    marks = np.ones(len(weight), dtype=np.bool_) if decides is None else np.array(decides)
    return Wanted(weight, np.full_like(weight, buffer), marks)


def terms(**changes: float) -> Terms:
    """A taker without any cost and 1,000 USD."""
    free = Terms(
        capital_usd=1000.0,
        delay_bars=0,
        participation_max=1.0,
        taker_share=1.0,
        cost_multiplier=1.0,
        maker_fee=0.0,
        taker_fee=0.0,
        maker_impact=0.0,
        borrow_per_bar=0.0,
        order_min_usd=0.0,
        halt_bars=3,
    )
    return free._replace(**changes)


def costs() -> CostModel:
    return CostModel.parse(yaml.safe_load(COSTS_FILE.read_text()), "costs.yaml")


def panel_of(
    closes: FloatArray,
    *,
    market: Market = Market.LINEAR,
    start: str = "2024-01-01",
    interval_hours: int = 24,
    volume: float = 1e6,
    symbols: Sequence[str] | None = None,
    funding: float = 0.0,
) -> Panel:
    """Every bar opens where the last one closed."""
    length, count = closes.shape
    names = tuple(symbols or ["BTCUSDT", "ETHUSDT", "SOLUSDT", "XRPUSDT"][:count])
    opens = np.vstack([closes[:1], closes[:-1]])
    opens = np.where(np.isfinite(closes), np.where(np.isfinite(opens), opens, closes), np.nan)
    there = np.where(np.isfinite(closes), 1.0, np.nan)
    return Panel(
        venue="test",
        market=market,
        interval_us=interval_hours * US_PER_HOUR,
        symbols=names,
        open_time_us=parse_utc(start) + np.arange(length, dtype=np.int64) * interval_hours * US_PER_HOUR,
        open=opens,
        high=np.maximum(opens, closes) * 1.001,
        low=np.minimum(opens, closes) * 0.999,
        close=closes,
        volume=volume * there,
        taker_buy_volume=0.5 * volume * there,
        funding_rate=np.full(closes.shape, funding),
    )


def random_closes(length: int, count: int, seed: int, sigma: float = 0.02) -> FloatArray:
    random = np.random.default_rng(seed)
    return np.asarray(100.0 * np.exp(np.cumsum(random.normal(0.0, sigma, (length, count)), axis=0)))
