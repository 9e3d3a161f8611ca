"""As-of reads without the rows that a reader does not want: flagged ones, those outside a universe, those of another instrument.

Nothing is deleted.
"""

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import polars as pl
import pyarrow as pa

from data_lake.checks import bar_findings
from data_lake.findings import Finding, Severity
from data_lake.schema import BARS, INSTRUMENTS, UNIVERSE, versioned_table
from data_lake.tick_checks import TICK_CHECKS, tick_findings
from domain.errors import Refused
from domain.market import Market
from domain.times import US_PER_DAY

if TYPE_CHECKING:
    from data_lake.lake import Lake

_RANK = {Severity.INFO: 0, Severity.AMBER: 1, Severity.RED: 2}
_RUNS = frozenset({"zero_volume", "flat_run"})
_ROWS = frozenset({"repeated_bar", "duplicate", "impossible_bar", "outlier", "ticker_reuse", "crossed_quote", "depth_break"})
"""Findings that name the row at their time. Gaps, ends and clocks name none; of a repeated id nobody knows which copy is true."""
_HISTORY_BARS = 500
"""Read before the start, so that the first rows are judged as they are in a longer read."""


@dataclass(frozen=True)
class Choice:
    """`least`: leave out rows with a finding of this severity or worse. `universe`: keep a symbol's rows only while it was in.

    `instruments`: keep rows only where their symbol named one of these ids of the `instruments` table at their own time, whatever
    its ticker was; the rows then carry `instrument_id` and come in (instrument_id, time) order.
    """

    least: Severity | None = None
    universe: str | None = None
    instruments: tuple[str, ...] = ()


@dataclass(frozen=True)
class Chosen:
    """`rows`: what was asked for. `left_out`: how many rows were not given, by kind of finding, or `outside the universe`."""

    rows: pa.Table
    left_out: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class Ask:
    """The arguments of `Lake.read`, together."""

    table: str
    venue: str
    market: Market
    start_us: int
    end_us: int
    as_of_us: int
    symbols: Sequence[str] | None = None
    interval_us: int | None = None
    snapshot: int | None = None

    def read(self, lake: "Lake", table: str | None = None, start_us: int | None = None) -> pa.Table:
        """The plain as-of read; of another table or from an earlier start where they are given."""
        other = table not in (None, self.table)
        return lake.read(
            table or self.table,
            venue=self.venue,
            market=self.market,
            start_us=self.start_us if start_us is None else start_us,
            end_us=self.end_us,
            as_of_us=self.as_of_us,
            symbols=self.symbols,
            interval_us=None if other else self.interval_us,
            snapshot=self.snapshot,
        )


def choice_of(exclude_flagged: str | None, universe: str | None, instruments: Sequence[str] | None = None) -> Choice:
    """From words, as a command line has them. Refused for a severity that there is not."""
    if exclude_flagged is not None and exclude_flagged not in set(Severity):
        raise Refused(f"expected a severity among {', '.join(Severity)}, got {exclude_flagged!r}")
    return Choice(None if exclude_flagged is None else Severity(exclude_flagged), universe, tuple(instruments or ()))


def read_chosen(lake: "Lake", ask: Ask, choice: Choice) -> Chosen:
    """The as-of read, without what the choice leaves out; both judged by what was known at `as_of_us` in the same snapshot.

    A finding may rest on rows after the flagged one (a run of flat bars is told by its third): what a decision saw at the time is
    a read as of that time. Raises Refused as `Lake.read` does, and where nothing is known of the universe or of an instrument by
    then.
    """
    table, names = versioned_table(ask.table), pl.DataFrame()
    if choice.instruments:
        names = _tickers(lake, ask, choice.instruments)
        ask = replace(ask, symbols=sorted(set(names["symbol"]) if ask.symbols is None else {*names["symbol"]} & {*ask.symbols}))
    rows, left_out, time = ask.read(lake), Counter[str](), table.time
    frame = pl.DataFrame(rows).with_row_index("place")
    gone = pl.Series([], dtype=pl.UInt32)
    if choice.least is not None and len(frame):
        marks = _marks(lake, ask, choice.least)
        flagged = frame.join(marks, on=["symbol", time], how="inner").unique("place", keep="first", maintain_order=True)
        left_out.update(flagged["kind"].to_list())
        gone = flagged["place"]
    if choice.universe is not None:
        inside = _inside(frame, time, _membership(lake, ask, choice.universe))
        left_out["outside the universe"] = len(frame) - int(inside.sum())
        gone = pl.concat([gone, frame.filter(~inside)["place"]])
    if choice.instruments:
        told = _at_the_time(frame, time, names, "valid_from", "instrument_id")
        rows = rows.append_column("instrument_id", told.to_arrow().cast(pa.string()))
        another = ~told.is_in(choice.instruments).fill_null(False)
        left_out["of another instrument"] = int(another.sum())
        gone = pl.concat([gone, frame.filter(another)["place"]])
    keep = ~frame["place"].is_in(gone.implode())
    rows = rows.filter(keep.to_arrow())
    if choice.instruments:
        rows = rows.sort_by([(name, "ascending") for name in ("instrument_id", time, *table.within)])
    return Chosen(rows, {kind: count for kind, count in sorted(left_out.items()) if count})


def _marks(lake: "Lake", ask: Ask, least: Severity) -> pl.DataFrame:
    """symbol, event time and kind of every flagged row."""
    found = [item for item in (*_checked(lake, ask), *_conflicts(lake, ask)) if _RANK[item.severity] >= _RANK[least]]
    marks = [(item.symbol, at_us, item.kind) for item in found for at_us in _times(item)]
    columns = ["symbol", versioned_table(ask.table).time, "kind"]
    return pl.DataFrame(marks, schema=dict(zip(columns, (pl.String, pl.Int64, pl.String), strict=True)), orient="row")


def _checked(lake: "Lake", ask: Ask) -> Sequence[Finding]:
    place = (ask.venue, ask.market.value)
    if ask.table == BARS.name:
        if ask.interval_us is None:
            raise Refused("expected the interval of the bars whose flagged rows are to be left out: state it")
        earlier_us = ask.start_us - _HISTORY_BARS * ask.interval_us
        return bar_findings(ask.read(lake, start_us=earlier_us), (*place, ask.interval_us))
    if ask.table in TICK_CHECKS:
        quotes = ask.read(lake, "quotes") if ask.table == "trades" else None
        return tick_findings(ask.read(lake, start_us=ask.start_us - US_PER_DAY), quotes, ask.table, place)
    return ()


def _conflicts(lake: "Lake", ask: Ask) -> Iterator[Finding]:
    """Rows about which two sources disagreed, as ingest noted it, and as far as it was known."""
    rows = lake.query(
        "SELECT severity, symbol, interval_us, at_us, evidence FROM findings "
        "WHERE kind = 'conflict' AND venue = ? AND market = ? AND delivery <= ?",
        [ask.venue, ask.market.value, lake.snapshot() if ask.snapshot is None else ask.snapshot],
    )
    for severity, symbol, interval_us, at_us, evidence in rows:
        told: dict[str, Any] = json.loads(evidence)
        if told["table"] == ask.table and told["knowledge_time"] <= ask.as_of_us and interval_us == ask.interval_us:
            yield Finding("conflict", Severity(severity), ask.venue, ask.market.value, symbol, interval_us, at_us, told)


def _times(item: Finding) -> Sequence[int]:
    if item.at_us is None:
        return ()
    if item.kind in _RUNS and item.interval_us is not None:
        return range(item.at_us, item.at_us + int(str(item.evidence["bars"])) * item.interval_us, item.interval_us)
    return (item.at_us,) if item.kind in _ROWS or item.kind == "conflict" else ()


def _tickers(lake: "Lake", ask: Ask, instruments: Sequence[str]) -> pl.DataFrame:
    """symbol, valid_from and instrument_id of every statement about the symbols that ever named one of these instruments."""
    said = _statements(lake, ask, INSTRUMENTS.name)
    known = set(said["instrument_id"])
    absent = sorted(set(instruments) - known)
    if absent:
        held = ", ".join(sorted(known)[:20]) or "none is yet"
        raise Refused(f"nothing is known of instrument {absent[0]!r} by then: expected ids of the instruments table ({held})")
    theirs = said.filter(pl.col("instrument_id").is_in(instruments))
    return said.join(theirs, on="symbol", how="semi").select("symbol", "valid_from", "instrument_id").sort("valid_from")


def _membership(lake: "Lake", ask: Ask, universe: str) -> pl.DataFrame:
    """symbol, effective_time and member of one universe, as known at the moment of the read."""
    said = _statements(lake, ask, UNIVERSE.name)
    named = said.filter(pl.col("universe") == universe)
    if named.is_empty():
        held = sorted(set(said["universe"])) or "those that are ingested (none is yet)"
        raise Refused(f"nothing is known of universe {universe!r} by then: expected one of {held}, or ingest its membership")
    return named.select("symbol", "effective_time", "member").sort("effective_time")


def _statements(lake: "Lake", ask: Ask, table: str) -> pl.DataFrame:
    """All that a table says of the venue's symbols up to the end of the read, as known at its moment."""
    place = {"venue": ask.venue, "market": ask.market, "as_of_us": ask.as_of_us, "snapshot": ask.snapshot}
    return pl.DataFrame(lake.read(table, start_us=-(2**62), end_us=ask.end_us, **place))  # type: ignore[arg-type]


def _inside(frame: pl.DataFrame, time: str, membership: pl.DataFrame) -> pl.Series:
    """Whether each row's symbol was a member at the row's own time; not before anything is said of it."""
    return (_at_the_time(frame, time, membership, "effective_time", "member") == 1).fill_null(False)


def _at_the_time(frame: pl.DataFrame, time: str, said: pl.DataFrame, since: str, column: str) -> pl.Series:
    """What was said last of each row's symbol for a time not after the row's; null before anything was."""
    ordered = frame.select("place", "symbol", time).sort(time)
    joined = ordered.join_asof(said, left_on=time, right_on=since, by="symbol", strategy="backward", check_sortedness=False)
    return joined.sort("place")[column]
