"""Each defect that the real files are known to have, beside what the checks find: `python -m data_lake.quality_table MARKET`.

Writes docs/data-quality.md of the repository. `MARKET` is the folder of the market data with its `defects/`.
"""

import csv
import sys
import tempfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl

from data_lake.checks import check
from data_lake.findings import Finding
from data_lake.interval_checks import interval_conflicts
from data_lake.lake import Lake
from data_lake.tick_checks import check_ticks
from domain.market import Market
from domain.times import US_PER_DAY, US_PER_HOUR, US_PER_MINUTE, parse_utc
from durable.files import write_durably

DOCUMENT = Path(__file__).parents[1] / "docs" / "data-quality.md"
NOW_US = parse_utc("2026-01-15")
_RANGE = (0, NOW_US, NOW_US)

Place = tuple[str, int | None]
"""Symbol and event time; the time is None for a defect of a whole series."""

_BAR_SETS = {
    "bars_1h": (Market.SPOT, US_PER_HOUR),
    "bars_1h_trades": (Market.SPOT, US_PER_HOUR),
    "bars_1h_full": (Market.SPOT, US_PER_HOUR),
    "bars_1h_delisted": (Market.SPOT, US_PER_HOUR),
    "bars_15m_trades": (Market.SPOT, 15 * US_PER_MINUTE),
    "bars_1h_perp": (Market.LINEAR, US_PER_HOUR),
    "bars_1h_perp_qv": (Market.LINEAR, US_PER_HOUR),
    "bars_4h_perp_qv": (Market.LINEAR, 4 * US_PER_HOUR),
    "bars_1d_perp_qv": (Market.LINEAR, US_PER_DAY),
    "bars_15m_perp": (Market.LINEAR, 15 * US_PER_MINUTE),
    "bars_5m_perp": (Market.LINEAR, 5 * US_PER_MINUTE),
}
_SPOT_UNDER_PERPETUALS = ("BONKUSDT", "FLOKIUSDT", "PEPEUSDT", "SHIBUSDT")
_DELISTED = ("ANCUSDT", "BTTUSDT", "BUSDUSDT", "MIRUSDT", "RAMPUSDT", "USTUSDT")


@dataclass(frozen=True)
class Comparison:
    """One kind of defect in one set: what is known, and what the checks found."""

    defect: str
    where: str
    known: frozenset[Place]
    found: frozenset[Place]

    @property
    def recall(self) -> float | None:
        """None where nothing is known to be wrong."""
        return len(self.known & self.found) / len(self.known) if self.known else None

    @property
    def false_alarms(self) -> int:
        return len(self.found - self.known)


def compare_bars(market_folder: Path, scratch: Path, names: Iterable[str] = _BAR_SETS) -> Iterator[Comparison]:
    """The comparison for some of the sets of bars."""
    for name in names:
        yield from _bars(market_folder, scratch / name, name)


def compare(market_folder: Path, scratch: Path) -> tuple[Comparison, ...]:
    """Load every set into lakes under `scratch`, run the checks, and compare with what is listed."""
    rows = list(compare_bars(market_folder, scratch))
    rows += _funding(market_folder, scratch / "funding")
    rows += _equities(market_folder, scratch / "equities")
    rows += _vintages(market_folder, scratch / "vintages")
    rows += _two_lengths(market_folder, scratch)
    rows += _captures(market_folder, scratch / "captures")
    rows += _planted_outliers(market_folder, scratch / "outliers")
    return tuple(rows)


def _bars(market_folder: Path, home: Path, name: str) -> Iterator[Comparison]:
    market, interval_us = _BAR_SETS[name]
    with _loaded(home, market_folder / name, market) as lake:
        markets = (Market.LINEAR, Market.SPOT) if name == "bars_1h_perp" else (market,)
        findings = [item for each in markets for item in check(lake, "binance", each, interval_us, *_RANGE)]
        misfiled = {item["symbol"] for item in lake.findings().to_pylist() if item["kind"] == "wrong_market"}
    yield Comparison("gap", name, _listed(market_folder, "gaps.csv", "prev_open", name), _at(findings, "gap", "previous_us"))
    zeros = _listed(market_folder, "zero_volume_bars.csv", "open_time", name)
    yield Comparison("zero-volume bar", name, zeros, frozenset(_each_bar(findings, "zero_volume", interval_us)))
    yield Comparison("duplicate", name, frozenset(), _at(findings, "duplicate"))
    yield Comparison("impossible or off-step bar", name, frozenset(), _at(findings, "impossible_bar"))
    reuse = {("LUNAUSDT", parse_utc("2022-05-31T06:00Z"))} if name == "bars_1h_delisted" else set()
    yield Comparison("ticker reuse", name, frozenset(reuse), _at(findings, "ticker_reuse"))
    if name == "bars_1h_delisted":
        halts = {("FTTUSDT", parse_utc("2022-11-15T04:00Z")), ("LUNAUSDT", parse_utc("2022-05-13T00:00Z"))}
        long = [item for item in findings if item.kind == "gap" and item.severity == "amber"]
        yield Comparison("halt of days", name, frozenset(halts), _at(long, "gap", "previous_us"))
        ended = frozenset((item.symbol, None) for item in findings if item.kind == "series_ends_early")
        yield Comparison("delisting", name, frozenset((symbol, None) for symbol in _DELISTED), ended)
    if name == "bars_1h_perp":
        spot = frozenset((symbol, None) for symbol in _SPOT_UNDER_PERPETUALS)
        yield Comparison("spot bars under a perpetual's name", name, spot, frozenset((symbol, None) for symbol in misfiled))


def _funding(market_folder: Path, home: Path) -> Iterator[Comparison]:
    with Lake(home) as lake:
        said: dict[str, Any] = {"venue": "binance", "market": Market.LINEAR, "received_us": NOW_US}
        lake.ingest([market_folder / "bars_1h_perp" / "BTCUSDT.parquet"], "bars", **said, source="bars")
        lake.ingest([market_folder / "funding"], "funding", **said, source="funding")
        findings = check(lake, "binance", Market.LINEAR, US_PER_HOUR, *_RANGE)
    cut = frozenset((symbol, None) for symbol in ("ENAUSDT", "RENDERUSDT", "TONUSDT"))
    late = frozenset((symbol, None) for symbol in ("1000PEPEUSDT", "DOGEUSDT", "SOLUSDT", *(symbol for symbol, _ in cut)))
    yield Comparison("page-limit hole", "funding", cut, _series(findings, "page_limit"))
    yield Comparison("time jitter", "funding", late, _series(findings, "funding_jitter"))


def _equities(market_folder: Path, home: Path) -> Iterator[Comparison]:
    with Lake(home) as lake:
        files = [market_folder / "equity_1d"]
        lake.ingest(files, "bars", venue="us", market=Market.SPOT, received_us=NOW_US, source="lean", interval_us=US_PER_DAY)
        findings = check(lake, "us", Market.SPOT, US_PER_DAY, *_RANGE)
    known = frozenset((symbol, None) for symbol in ("FB", "USO", "BNO", "QQQ", "EEM"))
    holes = [item for item in findings if item.kind == "gap" and _missing(item) > 100]
    yield Comparison("hole of more than 100 days (reused ticker)", "equity_1d", known, _series(holes, "gap"))


def _vintages(market_folder: Path, home: Path) -> Iterator[Comparison]:
    """The collector's unfinished bars, then the same hours as another source knows them later."""
    later = parse_utc("2025-12-01")
    with Lake(home) as lake:
        said: dict[str, Any] = {"venue": "binance", "market": Market.SPOT, "received_us": NOW_US}
        both = [f"{symbol}USDT.parquet" for symbol in ("BTC", "ETH", "SOL")]
        lake.ingest([market_folder / "bars_1h_trades" / name for name in both], "bars", **said, source="trades")
        lake.ingest([market_folder / "bars_1h" / name for name in both], "bars", **said, source="full", known_at=later)
        findings = check(lake, "binance", Market.SPOT, US_PER_HOUR, *_RANGE)
    known = _listed(market_folder, "conflicting_bars.csv", "open_time", "bars_1h_trades")
    yield Comparison("unfinished bar", "bars_1h_trades, then bars_1h", known, _at(findings, "unfinished_bar"))


def _two_lengths(market_folder: Path, scratch: Path) -> Iterator[Comparison]:
    pairs = (
        ("bars_15m_trades (summed to the hour)", "bars_15m_trades", "bars_1h"),
        ("bars_1h_perp", "bars_15m_perp", "bars_1h_perp"),
        ("bars_4h_perp_qv", "bars_1h_perp", "bars_4h_perp_qv"),
        ("bars_4h_perp_qv", "bars_1h_perp", "bars_1d_perp_qv"),
    )
    for listed, short, long in pairs:
        market, short_us = _BAR_SETS[short]
        with Lake(scratch / f"{short}-{long}") as lake:
            for name in (short, long):
                lake.ingest(
                    [market_folder / name], "bars", venue="binance", market=market, received_us=NOW_US, source=name
                )  # fmt: skip
            findings = interval_conflicts(lake, "binance", market, short_us, _BAR_SETS[long][1], *_RANGE)
        long_us = _BAR_SETS[long][1]
        moments = _listed(market_folder, "conflicting_bars.csv", "open_time", listed)
        known = frozenset((symbol, (at_us or 0) // long_us * long_us) for symbol, at_us in moments)
        yield Comparison("conflict of two sources", f"{short} against {long}", known, _at(findings, "interval_conflict"))


def _captures(market_folder: Path, home: Path) -> Iterator[Comparison]:
    stems = {Market.SPOT: "binance_spot_*", Market.LINEAR: "binance_usdm_*", Market.INVERSE: "binance_cm_*"}
    symbols = {Market.SPOT: ("BTCUSDT", "ETHUSDT"), Market.LINEAR: ("BTCUSDT",), Market.INVERSE: ("BTCUSD_PERP",)}
    with Lake(home) as lake:
        for table in ("trades", "quotes", "depth"):
            found: set[Place] = set()
            others: set[Place] = set()
            known: set[Place] = set()
            for market, pattern in stems.items():
                files = sorted((market_folder / table).glob(f"{pattern}.parquet"))
                lake.ingest(files, table, venue="binance", market=market, received_us=NOW_US, source="capture")
                findings = check_ticks(lake, table, "binance", market, *_RANGE)
                found |= {(f"{market} {item.symbol}", None) for item in findings if item.kind == "clock_error"}
                others |= {(f"{market} {item.symbol}", item.at_us) for item in findings if item.severity == "red"}
                others |= {(f"{market} {item.symbol}", item.at_us) for item in findings if item.kind == "id_gap"}
                if (table, market) != ("quotes", Market.SPOT):  # spot quotes carry no time of the exchange
                    known |= {(f"{market} {symbol}", None) for symbol in symbols[market]}
            yield Comparison("clock error", f"{table} captures", frozenset(known), frozenset(found))
            yield Comparison("id gap or repeat, crossed or broken book", f"{table} captures", frozenset(), frozenset(others))


def _planted_outliers(market_folder: Path, home: Path) -> Iterator[Comparison]:
    """Closes of one bar in a thousand a tenth too high: the return into it and the one out of it are known to be wrong."""
    for symbol in ("BTCUSDT", "ETHUSDT", "DOGEUSDT"):
        bars = pl.read_parquet(market_folder / "bars_1h" / f"{symbol}.parquet").sort("open_time")
        wrong = pl.int_range(pl.len()) % 1_000 == 500
        close = pl.when(wrong).then(pl.col("close") * 1.1).otherwise(pl.col("close"))
        planted = bars.with_columns(close=close, high=pl.max_horizontal("high", close))
        folder = home / symbol
        folder.mkdir(parents=True)
        planted.write_parquet(folder / f"{symbol}.parquet")
        with _loaded(folder / "home", folder / f"{symbol}.parquet", Market.SPOT) as lake:
            found = _at(check(lake, "binance", Market.SPOT, US_PER_HOUR, *_RANGE), "outlier")
            held = lake.read("bars", venue="binance", market=Market.SPOT, start_us=0, end_us=NOW_US, as_of_us=NOW_US)
        times = held["open_time"].to_pylist()
        known = frozenset((symbol, times[at + step]) for at in range(500, len(times) - 1, 1_000) for step in (0, 1))
        yield Comparison("outlier (planted)", f"bars_1h, {symbol}", known, found)


def render(rows: Iterable[Comparison]) -> str:
    """The document."""
    lines = [
        "# Data quality: what is known to be wrong, and what is found",
        "",
        "Made by `python -m data_lake.quality_table ../shared/market`; a test makes it again and compares. Known: the lists in",
        "the market data's `defects/` and its README. A false alarm is a finding of the kind that no list has. Nothing is",
        "repaired: findings are kept beside the data, and a reader decides. No list compares daily bars with hours: known are",
        "the days of the listed four-hour conflicts, all of them 2024-10-28. The one more is BNBUSDT of 2024-03-28, in volume",
        "alone and by 0.06 %, on a day for which the lists have three hours of BTCUSDT in conflict. No list has outliers: what",
        "is known there was planted (the close of one bar in a thousand off by a tenth, so two returns each), and the false",
        "alarms are true moves of the market.",
        "",
        "| defect | where | known | found | recall | false alarms |",
        "|---|---|---:|---:|---:|---:|",
    ]
    for row in rows:
        recall = "" if row.recall is None else f"{row.recall:.3f}"
        counts = f"{len(row.known)} | {len(row.found)} | {recall} | {row.false_alarms}"
        lines.append(f"| {row.defect} | {row.where} | {counts} |")
    return "\n".join(lines) + "\n"


def _loaded(home: Path, folder: Path, market: Market) -> Lake:
    lake = Lake(home)
    lake.ingest([folder], "bars", venue="binance", market=market, received_us=NOW_US, source=folder.name)
    return lake


def _listed(market_folder: Path, name: str, time: str, where: str) -> frozenset[Place]:
    with (market_folder / "defects" / name).open() as file:
        return frozenset((row["symbol"], parse_utc(row[time])) for row in csv.DictReader(file) if row["set"] == where)


def _at(findings: Iterable[Finding], kind: str, time: str | None = None) -> frozenset[Place]:
    chosen = [item for item in findings if item.kind == kind]
    return frozenset((item.symbol, item.at_us if time is None else int(str(item.evidence[time]))) for item in chosen)


def _series(findings: Iterable[Finding], kind: str) -> frozenset[Place]:
    return frozenset((item.symbol, None) for item in findings if item.kind == kind)


def _each_bar(findings: Iterable[Finding], kind: str, interval_us: int) -> Iterator[Place]:
    for item in findings:
        if item.kind == kind and item.at_us is not None:
            yield from ((item.symbol, item.at_us + step * interval_us) for step in range(int(str(item.evidence["bars"]))))


def _missing(item: Finding) -> int:
    return int(str(item.evidence["missing_bars"]))


def main() -> None:
    with tempfile.TemporaryDirectory(prefix="quality-") as scratch:
        write_durably(DOCUMENT, render(compare(Path(sys.argv[1]), Path(scratch))).encode())


if __name__ == "__main__":
    main()
