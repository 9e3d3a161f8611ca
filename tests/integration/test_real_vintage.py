"""The real vintage: bars as a collector published them, twelve of them unfinished, and the same hours from another source later.

The collector wrote the open bar once a day and never rewrote it (the data's README, defect 2).
"""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from backtest.research import central_volatility
from backtest.sizing import correlation_so_far, sized
from backtest.view import view_of
from backtest.vintage import VintageTargets
from data_lake.lake import Lake
from domain.arrays import BoolArray, FloatArray
from domain.market import Market, Panel
from domain.strategy import Manifest
from domain.times import US_PER_HOUR, parse_utc
from model_runtime.package import Package, load_package
from model_runtime.predictions import predict
from steps.home import REPOSITORY
from steps.vintages import DECISION_LAG_US, Vintages, decide

MARKET = REPOSITORY.parent / "shared" / "market"
pytestmark = pytest.mark.skipif(not MARKET.exists(), reason="the shared market data is not beside this repository")

SYMBOLS = ("BTCUSDT", "ETHUSDT", "SOLUSDT")
START_US, END_US, AS_OF_US = parse_utc("2025-08-01"), parse_utc("2025-11-02T03:00:00Z"), parse_utc("2025-11-17")
CORRECTED_US = parse_utc("2025-10-29T12:00:00Z")
"""When the first of two corrections is known; the second, with the rest, is known after the last bar."""
SPOT = {"venue": "binance", "market": Market.SPOT, "received_us": AS_OF_US}


def deliver(lake: Lake, folder: Path, source: str, name: str, start_us: int, end_us: int, known_at: int | str) -> None:
    """The bars of our symbols in these hours, in the vendor's own columns."""
    for symbol in SYMBOLS:
        frame = pl.read_parquet(MARKET / source / f"{symbol}.parquet")
        opened = pl.col("open_time").dt.epoch("us")
        held = frame.filter((opened >= start_us) & (opened < end_us))
        (folder / name).mkdir(exist_ok=True)
        held.write_parquet(folder / name / f"{symbol}.parquet")
    lake.ingest([folder / name], "bars", **SPOT, source=source, interval_us=US_PER_HOUR, known_at=known_at)


@pytest.fixture(scope="module")
def story(tmp_path_factory: pytest.TempPathFactory) -> tuple[Panel, Vintages]:
    """As published; the hours closed by `CORRECTED_US` again then; all hours again after the last."""
    folder = tmp_path_factory.mktemp("vintage")
    with Lake(folder / "home") as lake:
        deliver(lake, folder, "bars_1h_trades", "published", START_US, END_US, "published")
        deliver(lake, folder, "bars_1h", "corrected", START_US, CORRECTED_US, CORRECTED_US)
        deliver(lake, folder, "bars_1h", "again", START_US, END_US, AS_OF_US - 1)
        panel = lake.panel("binance", Market.SPOT, US_PER_HOUR, START_US, END_US, AS_OF_US, SYMBOLS)
        return panel, Vintages(lake.known_otherwise(panel, AS_OF_US, decision_lag_us=DECISION_LAG_US), at_any_price=True)


def unfinished(panel: Panel) -> BoolArray:
    """(T, N) the bars that the data's own list of conflicts names."""
    listed = pl.read_csv(MARKET / "defects" / "conflicting_bars.csv", infer_schema_length=0)
    rows = listed.filter((pl.col("set") == "bars_1h_trades") & pl.col("symbol").is_in(SYMBOLS))
    found = np.zeros(panel.close.shape, dtype=np.bool_)
    for symbol, time in rows.select("symbol", "open_time").iter_rows():
        found[(parse_utc(time) - START_US) // US_PER_HOUR, SYMBOLS.index(symbol)] = True
    return found


def decided(panel: Panel, vintages: Vintages, manifest: Manifest, ask: Callable[[Panel, FloatArray], FloatArray]) -> tuple[
    VintageTargets, FloatArray
]:  # fmt: skip
    """Decisions on the data as it stood, and the predictions on the latest."""
    volatility = central_volatility(panel)
    prediction = ask(panel, volatility)
    plain = sized(panel, prediction, volatility, correlation_so_far(panel), manifest, volatility_target_annual=0.15)
    found = decide(vintages, panel, plain, prediction, volatility, manifest, 0.15, ask).vintage
    assert found is not None
    return found, prediction


def seen_unfinished(panel: Panel, lookback: int) -> BoolArray:
    """(T, N) decisions with an unfinished bar of the symbol in their lookback, which nobody had corrected by then."""
    bad, moments = unfinished(panel), panel.close_time_us + DECISION_LAG_US
    seen = np.zeros_like(bad)
    for t, moment in enumerate(moments):
        first = max(0, t - lookback + 1)
        window = bad[first : t + 1]
        if moment >= CORRECTED_US:
            window = window & (panel.close_time_us[first : t + 1, None] > CORRECTED_US)
        seen[t] = window.any(axis=0)
    return seen


def test_the_versions_that_are_no_more_are_the_unfinished_bars(story: tuple[Panel, Vintages]) -> None:
    panel, vintages = story
    cells = vintages.known.cells["volume"]
    got = np.zeros(panel.close.shape, dtype=np.bool_)
    got[cells.row, cells.column] = True
    assert np.array_equal(got, unfinished(panel))
    assert got.sum(axis=0).tolist() == [12, 12, 12]
    assert vintages.known.in_time_share == 1.0


def test_the_decisions_that_differ_are_exactly_those_that_had_seen_unfinished_bars(story: tuple[Panel, Vintages]) -> None:
    """A strategy in which every bar of its lookback counts."""
    panel, vintages = story
    lookback = 30
    manifest = load_package(REPOSITORY / "strategies" / "breakout", reviewed=True).manifest
    manifest = manifest.model_copy(update={"lookback_bars": lookback, "decide_every_hours": 1})

    def volume_weighted(bars: Panel, volatility: FloatArray) -> FloatArray:
        answer = np.full(bars.close.shape, np.nan)
        for t in range(lookback - 1, len(answer)):
            window = slice(t - lookback + 1, t + 1)
            volume, price = bars.volume[window], bars.close[window]
            answer[t] = bars.close[t] / ((volume * price).sum(axis=0) / volume.sum(axis=0)) - 1.0
        return answer

    found, latest = decided(panel, vintages, manifest, volume_weighted)
    differs = ~np.isclose(found.prediction, latest, rtol=1e-9, atol=0.0, equal_nan=True)
    expected = seen_unfinished(panel, lookback) & np.isfinite(latest)
    assert np.array_equal(differs, expected)
    assert expected.sum() > 600
    assert set(found.differing.row) <= set(np.flatnonzero(found.seen_otherwise))
    corrected = panel.close_time_us + DECISION_LAG_US >= CORRECTED_US
    # Corrected in the afternoon, after that day's unfinished bar: until the next one nobody sees any.
    free = corrected & ~seen_unfinished(panel, len(corrected)).any(axis=1)
    assert free.any()
    assert not found.seen_otherwise[free].any()


@pytest.mark.parametrize(
    "name", ["breakout", "cross-sectional-momentum", "ewmac-trend", "noise", "short-term-reversal", "btc-levered"]
)
def test_no_strategy_of_the_desk_decides_otherwise_without_having_seen_one(name: str, story: tuple[Panel, Vintages]) -> None:
    panel, vintages = story
    package: Package = load_package(REPOSITORY / "strategies" / name, reviewed=True)

    def ask(bars: Panel, volatility: FloatArray) -> FloatArray:
        return predict(package, view_of(bars, volatility, package.manifest.parameters))

    found, latest = decided(panel, vintages, package.manifest, ask)
    differs = ~np.isclose(found.prediction, latest, rtol=1e-9, atol=1e-15, equal_nan=True)
    saw = seen_unfinished(panel, package.manifest.lookback_bars).any(axis=1)
    assert not differs[~saw].any()
    assert differs.any() == (name not in ("noise", "btc-levered"))  # these two look at no price but through volatility
