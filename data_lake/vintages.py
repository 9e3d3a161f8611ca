"""Which bars and rates of a panel were known otherwise, or not at all, when the decision at their own close was due."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa

from data_lake.catalogue import version_of
from data_lake.funding import on_grid
from data_lake.read import Query, read
from data_lake.schema import BARS, FUNDING, VersionedTable
from domain.arrays import BoolArray, FloatArray, IntArray
from domain.market import Panel
from domain.times import US_PER_DAY
from domain.versions import FOREVER_US, Cells

_FIELDS = ("open", "high", "low", "close", "volume", "taker_buy_volume")
_MARGIN_US = 7 * US_PER_DAY
"""Of funding beyond the panel's ends, as the panel itself reads it."""


@dataclass(frozen=True)
class Known:
    """Versions of a panel that are no more, by field, and how much of it was there in time."""

    cells: dict[str, Cells]
    in_time_share: float
    """Share of the bars that were known, in whatever version, when the decision at their own close was due."""


def known_otherwise(
    connection: duckdb.DuckDBPyConnection, panel: Panel, as_of_us: int, decision_lag_us: int, snapshot: int | None
) -> Known:
    """See `Lake.known_otherwise`."""
    versions = _Versions(connection, panel, as_of_us, decision_lag_us, snapshot)
    cells, late = versions.bars()
    funding = versions.funding()
    if len(funding.row):
        cells["funding_rate"] = funding
    priced = int(np.isfinite(panel.close).sum())
    return Known(cells, 1.0 - late / priced if priced else 0.0)


class _Versions:
    """The lake's chains of versions behind one panel."""

    def __init__(
        self, connection: duckdb.DuckDBPyConnection, panel: Panel, as_of_us: int, lag_us: int, snapshot: int | None
    ) -> None:
        self._connection, self._panel, self._as_of_us = connection, panel, as_of_us
        self._snapshot, self._lag_us = snapshot, lag_us
        self._at = "" if snapshot is None else f"AT (VERSION => {version_of(connection, snapshot)})"
        self._start, self._end = int(panel.open_time_us[0]), int(panel.open_time_us[-1]) + panel.interval_us
        self._decided_us = panel.close_time_us + lag_us
        self._column = {symbol: number for number, symbol in enumerate(panel.symbols)}

    def bars(self) -> tuple[dict[str, Cells], int]:
        """By field, and the number of bars that were not known in time."""
        interval_us = self._panel.interval_us
        where = f"interval_us = {interval_us} AND open_time >= {self._start} AND open_time < {self._end}"
        gone, late = self._gone(BARS, ("open_time", *_FIELDS), where), self._late(BARS, where, complete_us=interval_us)
        (row, column), (rows, columns) = self._place(late, "open_time"), self._place(gone, "open_time")
        seen = _ints(gone, "known_until") > self._decided_us[rows]
        # A version may differ in columns that no panel has: that is another version of the row, and none of the panel.
        seen &= np.any([_differs(_floats(gone, name), getattr(self._panel, name)[rows, columns]) for name in _FIELDS], axis=0)
        place = (
            np.concatenate([row, rows[seen]]),
            np.concatenate([column, columns[seen]]),
            np.concatenate([np.zeros_like(row), _ints(gone, "knowledge_time")[seen]]),
            np.concatenate([_ints(late, "known"), _ints(gone, "known_until")[seen]]),
        )
        if not len(place[0]):
            return {}, 0
        absent = np.full(len(row), np.nan)
        return {name: Cells(*place, np.concatenate([absent, _floats(gone, name)[seen]])) for name in _FIELDS}, len(row)

    def funding(self) -> Cells:
        """Rates by bar: stamps that were corrected after their bar's decision, or came after it."""
        where = f"funding_time >= {self._start} AND funding_time < {self._end}"
        gone, late = self._gone(FUNDING, ("funding_time", "funding_rate"), where), self._late(FUNDING, where, complete_us=0)
        late = late.filter(pa.array(_ints(late, "known") > self._decided_us[self._place(late, "funding_time")[0]]))
        symbols = sorted({*gone["symbol"].to_pylist(), *late["symbol"].to_pylist()})
        if not symbols:
            return _none()
        span = (self._start - _MARGIN_US, self._end + _MARGIN_US)
        query = Query(FUNDING, self._panel.venue, self._panel.market, None, *span, self._as_of_us, symbols, self._snapshot)
        final = read(self._connection, query)
        parts = [self._rates_of(name, *(_only(table, name) for table in (final, gone, late))) for name in symbols]
        return Cells(*(np.concatenate(part) for part in zip(*parts, strict=True)))

    def _rates_of(self, symbol: str, final: pa.Table, gone: pa.Table, late: pa.Table) -> Cells:
        """One symbol's rates on the grid between any two moments at which one of its changing stamps changed.

        While a stamp is missing every other stamp that comes is such a moment too: it says how far the series reaches. That the
        first stamp of a series covers nothing until there is a second is not restated.
        """
        changing = _chains(final, gone, late)
        others = [one for one in _rows(final, "funding_time", "knowledge_time", "funding_rate") if one[0] not in changing]
        edges = {moment for chain in changing.values() for since, until, _ in chain for moment in (since, until)}
        for time, known in _rows(late, "funding_time", "known"):
            edges |= {since for _, since, _ in others if time < since < known}
        moments = sorted({0, *edges, self._as_of_us + 1})
        column, found = self._column[symbol], [_none()]
        for since, until in pairwise(moment for moment in moments if moment <= self._as_of_us + 1):
            known = {time: rate for time, begin, rate in others if begin < until}
            known |= {time: rate for time, chain in changing.items() for begin, end, rate in chain if begin <= since < end}
            times = np.array(sorted(known), dtype=np.int64)
            rates = np.array([known[time] for time in times.tolist()], dtype=np.float64)
            grid = on_grid(times, rates, self._panel.open_time_us, self._panel.interval_us)
            now = self._panel.funding_rate[:, column]
            row = np.flatnonzero(_differs(grid, now) & (self._panel.open_time_us < until))
            found.append(Cells(row, np.full_like(row, column), np.full_like(row, since), np.full_like(row, until), grid[row]))
        return Cells(*(np.concatenate(part) for part in zip(*found, strict=True)))

    def _gone(self, table: VersionedTable, columns: Sequence[str], where: str) -> pa.Table:
        """Versions that had been replaced by the time of the panel."""
        names = ", ".join(("symbol", *columns, "knowledge_time", "known_until"))
        return self._rows(f"SELECT {names} FROM {self._of(table.superseded, where)} AND known_until <= $as_of")

    def _late(self, table: VersionedTable, where: str, complete_us: int) -> pa.Table:
        """Rows that nobody knew when they were complete and the lag was over: symbol, time, and when they were first known."""
        time = table.time
        both = " UNION ALL ".join(
            f"SELECT symbol, {time}, knowledge_time FROM {self._of(name, where)}" for name in (table.current, table.superseded)
        )
        late = f"known <= $as_of AND known > {time} + {complete_us + self._lag_us}"
        return self._rows(f"SELECT symbol, {time}, min(knowledge_time) AS known FROM ({both}) GROUP BY ALL HAVING {late}")

    def _of(self, table: str, where: str) -> str:
        return f"{table} {self._at} WHERE venue = $venue AND market = $market AND {where}"

    def _rows(self, sql: str) -> pa.Table:
        values = {"venue": self._panel.venue, "market": self._panel.market.value, "as_of": self._as_of_us}
        table = self._connection.execute(sql, values).to_arrow_table()
        return table.filter(pa.array([symbol in self._column for symbol in table["symbol"].to_pylist()], pa.bool_()))

    def _place(self, table: pa.Table, time: str) -> tuple[IntArray, IntArray]:
        row = (_ints(table, time) - self._start) // self._panel.interval_us
        return row, np.array([self._column[symbol] for symbol in table["symbol"].to_pylist()], dtype=np.int64)


def _chains(final: pa.Table, gone: pa.Table, late: pa.Table) -> dict[int, list[tuple[int, int, float]]]:
    """By stamp that changed or came late: from when, until when, and the rate."""
    chains: dict[int, list[tuple[int, int, float]]] = {time: [] for time, _ in _rows(late, "funding_time", "known")}
    for time, since, until, rate in _rows(gone, "funding_time", "knowledge_time", "known_until", "funding_rate"):
        chains.setdefault(time, []).append((since, until, rate))
    for time, since, rate in _rows(final, "funding_time", "knowledge_time", "funding_rate"):
        if time in chains:
            chains[time].append((since, FOREVER_US, rate))
    return chains


def _rows(table: pa.Table, *names: str) -> list[tuple[Any, ...]]:
    return list(zip(*(table[name].to_pylist() for name in names), strict=True))


def _none() -> Cells:
    nothing = np.zeros(0, dtype=np.int64)
    return Cells(nothing, nothing, nothing, nothing, np.zeros(0))


def _only(table: pa.Table, symbol: str) -> pa.Table:
    return table.filter(pa.array([name == symbol for name in table["symbol"].to_pylist()], pa.bool_()))


def _differs(one: FloatArray, other: FloatArray) -> BoolArray:
    """Where two values are not the same; missing is the same as missing."""
    return np.asarray(~((one == other) | (np.isnan(one) & np.isnan(other))))


def _ints(table: pa.Table, name: str) -> IntArray:
    return np.asarray(table[name].to_numpy(), dtype=np.int64)


def _floats(table: pa.Table, name: str) -> FloatArray:
    return np.asarray(table[name].to_numpy(), dtype=np.float64)
