"""Packages written on the spot, and a view for them."""

from pathlib import Path

import numpy as np
import yaml

from domain.strategy import View
from domain.times import US_PER_HOUR

MANIFEST: dict[str, object] = {
    "name": "made-up",
    "version": 1,
    "authors": ["A. Author"],
    "description": "A package for tests alone.",
    "style": "trend",
    "execution": {"maker_share_min": 0.0, "maker_share_max": 1.0},
    "universe": "all",
    "markets": {"linear": "long_short"},
    "horizon_hours": 24,
    "decide_every_hours": 24,
    "lookback_bars": 3,
    "trials_elsewhere": 0,
}


def write_package(folder: Path, code: str, **changes: object) -> Path:
    """A change to None removes the key."""
    manifest = {name: value for name, value in (MANIFEST | changes).items() if value is not None}
    folder.mkdir(exist_ok=True)
    (folder / "manifest.yaml").write_text(yaml.safe_dump(manifest), encoding="utf-8")
    (folder / "strategy.py").write_text(code, encoding="utf-8")
    return folder


def view_for_tests(length: int = 30, symbols: tuple[str, ...] = ("A", "B"), seed: int = 1) -> View:
    random = np.random.default_rng(seed)
    shape = (length, len(symbols))
    close = 100 * np.exp(np.cumsum(random.normal(0, 0.01, shape), axis=0))
    return View(
        symbols=symbols,
        interval_us=US_PER_HOUR,
        open_time_us=np.arange(length, dtype=np.int64) * US_PER_HOUR,
        open=close * 0.999,
        high=close * 1.002,
        low=close * 0.998,
        close=close,
        volume=random.exponential(100, shape),
        taker_buy_volume=random.exponential(50, shape),
        funding_rate=random.normal(0, 1e-4, shape),
        daily_volatility=np.full(shape, 0.03),
        params={},
    )
