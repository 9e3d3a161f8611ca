"""Returns and ticks that are far from those before them. All are worth knowing; few are errors, and none is removed."""

from collections.abc import Iterator
from itertools import pairwise

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from data_lake.findings import Finding, Severity
from data_lake.quality_rules import ReturnOutliers, TickOutliers
from domain.arrays import FloatArray
from measures.outliers import far_from_neighbours, hampel_scores
from measures.tick_filters import far_mids, outside_quote, wide_spreads

Place = tuple[str, str, int]


def return_outliers(bars: pa.Table, place: Place, rule: ReturnOutliers) -> Iterator[Finding]:
    """Log returns of neighbouring bars whose Hampel score on the returns before them is beyond the rule's threshold.

    `bars`: rows in (symbol, open_time) order. A return across a gap is none: it is neither judged nor counted.
    """
    for symbol, times, (close,) in _by_symbol(bars, "open_time", "close"):
        change = np.full(len(close), np.nan)
        whole = np.diff(times) == place[2]
        change[1:][whole] = np.log(close[1:][whole] / close[:-1][whole])
        scores = hampel_scores(change, rule.window_bars, rule.mad_floor)
        for at in np.flatnonzero(np.abs(scores) > rule.threshold):
            evidence = {"return": float(np.expm1(change[at])), "hampel_score": float(scores[at]), "window_bars": rule.window_bars}
            yield Finding("outlier", Severity.INFO, *place[:2], symbol, place[2], int(times[at]), evidence)


def tick_outliers(
    ticks: pa.Table, quotes: pa.Table | None, table: str, place: tuple[str, str], rule: TickOutliers
) -> Iterator[Finding]:
    """One finding for each kind and symbol: how many rows, and the first. `quotes`: those beside trades, where there are any."""
    if table == "quotes":
        yield from _quotes(ticks, place)
    if table == "trades":
        yield from _trades(ticks, quotes, place, rule)


def _quotes(quotes: pa.Table, place: tuple[str, str]) -> Iterator[Finding]:
    for symbol, times, (bid, ask) in _by_symbol(quotes, "quote_time", "bid_price", "ask_price"):
        day = times // 86_400_000_000
        tick = _tick(np.concatenate([bid, ask]))
        flags = {"wide_spread": wide_spreads(bid, ask, day), "far_mid": far_mids(bid, ask, tick, centred=True)}
        for kind, flagged in flags.items():
            yield from _counted(kind, flagged, times, symbol, place)


def _trades(trades: pa.Table, quotes: pa.Table | None, place: tuple[str, str], rule: TickOutliers) -> Iterator[Finding]:
    quoted = {} if quotes is None else {item[0]: item[1:] for item in _by_symbol(quotes, "quote_time", "bid_price", "ask_price")}
    for symbol, times, (price,) in _by_symbol(trades, "trade_time", "price"):
        far = far_from_neighbours(price, rule.neighbours, rule.ticks * _tick(price), trim=rule.trim, centred=True)
        yield from _counted("price_outlier", far, times, symbol, place)
        if symbol in quoted:
            quote_times, (bid, ask) = quoted[symbol]
            last = np.searchsorted(quote_times, times, side="right") - 1
            known = np.where(last < 0, np.nan, 1.0)
            outside = outside_quote(price, bid[last] * known, ask[last] * known)
            yield from _counted("trade_outside_quote", outside, times, symbol, place)


def _counted(kind: str, flagged: np.ndarray, times: np.ndarray, symbol: str, place: tuple[str, str]) -> Iterator[Finding]:
    count = int(np.count_nonzero(flagged))
    if count:
        first = int(times[np.argmax(flagged)])
        evidence = {"rows": count, "of": len(times)}
        yield Finding(kind, Severity.INFO, *place, symbol, None, first, evidence)


def _tick(prices: FloatArray) -> float:
    """The least step between different prices of the capture: the venue's tick, or a multiple of it."""
    steps = np.diff(np.unique(prices))
    return float(steps.min()) if steps.size else float(prices[0]) * 1e-6


def _by_symbol(rows: pa.Table, time: str, *names: str) -> Iterator[tuple[str, np.ndarray, tuple[FloatArray, ...]]]:
    symbols = pc.run_end_encode(rows["symbol"].combine_chunks())
    times = rows[time].to_numpy()
    columns = [pc.cast(rows[name], pa.float64()).to_numpy() for name in names]
    bounds = pairwise([0, *symbols.run_ends.to_pylist()])
    for symbol, (first, last) in zip(symbols.values.to_pylist(), bounds, strict=True):
        yield symbol, times[first:last], tuple(column[first:last] for column in columns)
