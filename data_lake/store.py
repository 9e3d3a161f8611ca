"""Putting a batch of observations into the lake's tables, inside the caller's transaction."""

from collections.abc import Mapping
from dataclasses import dataclass

import duckdb
import polars as pl

from data_lake.catalogue import insert_sorted
from data_lake.literals import literal
from data_lake.schema import FACT, VersionedTable
from data_lake.table_files import LARGE_ROWS, add_files
from data_lake.versions import as_observed, resolve, telling_columns


@dataclass(frozen=True)
class Stored:
    """What became of a batch. `outcome` is one text for each of its rows: accepted, revised or unchanged."""

    outcome: pl.Series
    conflicts: pl.DataFrame


def store(
    connection: duckdb.DuckDBPyConnection, table: VersionedTable, batch: pl.DataFrame, ranks: Mapping[str, int], delivery: int
) -> Stored:
    """Add the batch's facts and rewrite the chains they touch; facts already held change nothing.

    `batch`: key, values, knowledge_time, source, carried. Accepted: a first fact of a key unknown before this delivery.
    Revised: a fact of a known key at a moment at which an as-of read now answers otherwise. Unchanged: the others, held
    already or confirming what was known.
    """
    batch = batch.with_columns(_year(table), delivery=pl.lit(delivery, dtype=pl.Int64))
    varying = telling_columns(table, batch)
    ordered = batch.sort(varying)
    if _all_new(connection, table, ordered, varying):
        _put(connection, table, table.current, ordered)
        return Stored(pl.repeat("accepted", len(batch), eager=True), pl.DataFrame())
    del ordered
    batch = batch.with_row_index("position")
    old = _touched(connection, table, batch)
    observed = as_observed(table, old)
    fresh = _not_held(table, batch, observed)
    if fresh.is_empty():
        return Stored(pl.repeat("unchanged", len(batch), eager=True), pl.DataFrame())
    if len(fresh) < len(batch):
        observed = observed.join(fresh, on=varying, how="semi")
    columns = [*table.key, *table.values, *FACT]
    facts = pl.concat([observed.select(*columns, "stored"), fresh.select(*columns, stored=pl.lit(None, dtype=pl.UInt32))])
    law = resolve(table, facts, ranks)
    new = pl.concat(
        [
            law.versions.with_columns(place=pl.when(pl.col("known_until").is_null()).then(0).otherwise(1)),
            law.observations.with_columns(known_until=pl.lit(None, dtype=pl.Int64), place=2),
        ],
        how="diagonal",
    ).with_columns(pl.col("place").cast(pl.Int64))
    gone, inserted = _replace(connection, table, old, new)
    conflicts = law.conflicts.filter(pl.max_horizontal("winner_delivery", "loser_delivery") == delivery)
    return Stored(_outcomes(table, batch, fresh, old, gone, inserted), conflicts)


def _outcomes(
    table: VersionedTable, batch: pl.DataFrame, fresh: pl.DataFrame, old: pl.DataFrame, gone: pl.DataFrame, inserted: pl.DataFrame
) -> pl.Series:
    key = telling_columns(table, batch)
    moment = [*key, "knowledge_time"]
    before, left, came = (rows.filter(pl.col("place") < 2).select(*moment, *table.values) for rows in (old, gone, inserted))
    other = [came.join(before, on=came.columns, how="anti", nulls_equal=True)]
    other.append(left.join(came, on=came.columns, how="anti", nulls_equal=True))  # a version that collapsed into the one before
    after = pl.concat(other)
    facts = fresh.select("position", *moment, fresh=True)
    facts = _marked(facts, old, key, "known")
    facts = _marked(facts, after, moment, "revises")
    told = batch.select("position").join(facts, on="position", how="left", maintain_order="left")
    outcome = (
        pl.when(pl.col("fresh").is_null()).then(pl.lit("unchanged")).when(pl.col("known").is_null()).then(pl.lit("accepted"))
    )
    return told.select(outcome=outcome.when("revises").then(pl.lit("revised")).otherwise(pl.lit("unchanged")))["outcome"]


def _marked(facts: pl.DataFrame, among: pl.DataFrame, on: list[str], name: str) -> pl.DataFrame:
    marks = among.select(on).unique().with_columns(pl.lit(True).alias(name))
    return facts.join(marks, on=on, how="left", maintain_order="left")


def _all_new(connection: duckdb.DuckDBPyConnection, table: VersionedTable, ordered: pl.DataFrame, varying: list[str]) -> bool:
    """Whether each key is there once and the lake holds none of the batch's series between its first and last time.

    `ordered`: the batch sorted by its `varying` columns. A chain always has a current row, so those alone tell. Then every row is
    its own chain, and the law has nothing to say.
    """
    differs = pl.any_horizontal(pl.col(name) != pl.col(name).shift(1) for name in varying)
    if not ordered.select(differs.slice(1).all()).item():
        return False
    series = list(table.series)
    groups = ordered.group_by([name for name in series if name in varying] or pl.lit(0))
    spans = groups.agg(
        *(pl.col(name).first() for name in series if name not in varying),
        low=pl.col(table.time).min(),
        high=pl.col(table.time).max(),
    )
    connection.register("spans", spans.to_arrow())
    held = connection.execute(
        f"SELECT 1 FROM {table.current} c SEMI JOIN spans s ON {' AND '.join(f'c.{name} = s.{name}' for name in series)} "
        f"AND c.{table.time} BETWEEN s.low AND s.high WHERE {_years(ordered)} LIMIT 1"
    ).fetchone()
    connection.unregister("spans")
    return held is None


def _years(batch: pl.DataFrame) -> str:
    """Bounds that let a scan skip files that the batch cannot touch; a join with the batch skips row groups."""
    first, last = batch.select(first=pl.col("event_year").min(), last=pl.col("event_year").max()).row(0)
    return f"c.event_year BETWEEN {first} AND {last}"


def _not_held(table: VersionedTable, batch: pl.DataFrame, observed: pl.DataFrame) -> pl.DataFrame:
    """The rows of the batch that are new facts, the first of equal ones; `observed`: all facts of its keys in the lake."""
    fact = [*telling_columns(table, batch), "knowledge_time", "source", *table.values]
    low, high = batch.select(low=pl.col("knowledge_time").min(), high=pl.col("knowledge_time").max()).row(0)
    near = observed.filter(pl.col("knowledge_time").is_between(low, high))
    if len(near):
        batch = batch.join(near, on=fact, how="anti", nulls_equal=True, maintain_order="left")
    return batch.unique(fact, keep="first", maintain_order=True)


def _touched(connection: duckdb.DuckDBPyConnection, table: VersionedTable, batch: pl.DataFrame) -> pl.DataFrame:
    """Every stored row of the keys in the batch, the table it lies in (`place`), its row there and its number here (`stored`)."""
    varying = telling_columns(table, batch)
    connection.register("incoming", batch.select(varying).unique().to_arrow())
    same = (f"c.{name} = {literal(batch[name][0])}" for name in table.key if name not in varying)
    where = " AND ".join([_years(batch), *same])
    columns = ", ".join(f"c.{name}" for name in (*table.key, *table.values, *FACT))
    touched = []
    for place, name in enumerate((table.current, table.superseded, table.observations)):
        if place and connection.execute(f"SELECT 1 FROM {name} c WHERE {_years(batch)} LIMIT 1").fetchone() is None:
            continue  # the join would hash the whole batch first
        until = "c.known_until" if name == table.superseded else "NULL::BIGINT AS known_until"
        joined = f"FROM {name} c SEMI JOIN incoming i USING ({', '.join(varying)})"
        part = f"SELECT {columns}, {until}, {place}::BIGINT AS place, c.rowid AS row_number {joined} WHERE {where}"
        touched.append(connection.sql(part).to_arrow_table())  # one by one: a union reads on one thread
    connection.unregister("incoming")
    return pl.concat(pl.DataFrame(pl.from_arrow(part)) for part in touched).with_row_index("stored")


def _replace(
    connection: duckdb.DuckDBPyConnection, table: VersionedTable, old: pl.DataFrame, new: pl.DataFrame
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Delete the stored rows that the new chains lack and insert the rows that are not stored; returns both.

    The law keeps what a fact is; only its place, its end and the values kept from before it may become others.
    """
    moving = ["place", "known_until", *table.optional]
    held = new.filter(pl.col("stored").is_not_null())
    before = old[held["stored"]]
    moved = pl.DataFrame({name: held[name].ne_missing(before[name]) for name in moving}).select(pl.any_horizontal(pl.all()))
    gone = before.filter(moved.to_series())
    added = pl.concat([new.filter(pl.col("stored").is_null()), held.filter(moved.to_series())])
    for place, name in enumerate((table.current, table.superseded, table.observations)):
        doomed = gone.filter(pl.col("place") == place)
        if len(doomed):
            connection.register("doomed", doomed.select("row_number").to_arrow())
            connection.execute(f"DELETE FROM {name} WHERE rowid IN (SELECT row_number FROM doomed)")
            connection.unregister("doomed")
        rows = added.filter(pl.col("place") == place)
        if len(rows):
            _insert(connection, table, name, rows)
    return gone, added


def _insert(connection: duckdb.DuckDBPyConnection, table: VersionedTable, name: str, rows: pl.DataFrame) -> None:
    rows = rows.with_columns(_year(table))
    _put(connection, table, name, rows.sort(telling_columns(table, rows)))


def _put(connection: duckdb.DuckDBPyConnection, table: VersionedTable, name: str, ordered: pl.DataFrame) -> None:
    """Rows in key order into one of the stored tables."""
    columns = ["event_year", *table.key, *table.values, *FACT] + (["known_until"] if name == table.superseded else [])
    rows = ordered.select(columns)
    if len(rows) >= LARGE_ROWS:
        add_files(connection, name, rows)
        return
    connection.register("added", rows.to_arrow())
    listed = ", ".join(columns)
    insert_sorted(connection, f"INSERT INTO {name} ({listed}) SELECT {listed} FROM added")
    connection.unregister("added")


def _year(table: VersionedTable) -> pl.Expr:
    return pl.from_epoch(table.time, time_unit="us").dt.year().cast(pl.Int32).alias("event_year")
