"""The law of versions against its brute-force statement, for any facts in any order and any splitting."""

from random import Random

import duckdb
import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from data_lake.schema import VersionedTable
from data_lake.store import store
from data_lake.versions import as_observed, carried, resolve
from tests.property.brute_law import Fact, answers, conflicts

RANKS = {"trusted": 0, "second": 1}
MOMENTS = range(7)

TABLE = VersionedTable(
    name="bars",
    time="open_time",
    key=("venue", "market", "interval_us", "symbol", "open_time"),
    required=("open",),
    optional=("quote_volume", "trades"),
    integers=frozenset({"interval_us", "open_time", "trades"}),
    lag_us=0,
)


def _key(symbol: str, hour: int) -> tuple[object, ...]:
    return ("v", "spot", 3600, symbol, hour * 3600)


keys = st.builds(_key, st.sampled_from(["A", "B"]), st.integers(0, 1))
facts = st.builds(
    Fact,
    key=keys,
    known=st.integers(0, 5),
    source=st.sampled_from(["trusted", "second", "stranger", "another"]),
    values=st.tuples(
        st.sampled_from([1.0, 2.0]),
        st.one_of(st.none(), st.sampled_from([5.0, 6.0])),
        st.one_of(st.none(), st.sampled_from([7, 8])),
    ),
)
deliveries = st.lists(st.lists(facts, min_size=1, max_size=6), min_size=1, max_size=5)


def _frame(table: VersionedTable, rows: list[Fact], delivery: int) -> pl.DataFrame:
    types = {name: pl.Int64 if name in table.integers else pl.String for name in table.key}
    values = {name: pl.Int64 if name in table.integers else pl.Float64 for name in table.values}
    frame = pl.DataFrame(
        [(*row.key, *row.values, row.known, row.source, delivery) for row in rows],
        schema=types | values | {"knowledge_time": pl.Int64, "source": pl.String, "delivery": pl.Int64},
        orient="row",
    )
    return frame.with_columns(carried(table))


def _as_of(versions: pl.DataFrame, moment: int) -> dict[tuple[object, ...], tuple[tuple[object, ...], int]]:
    known = versions.filter(
        (pl.col("knowledge_time") <= moment) & (pl.col("known_until").is_null() | (pl.col("known_until") > moment))
    )
    seen = {tuple(row[name] for name in TABLE.key): row for row in known.iter_rows(named=True)}
    assert len(seen) == len(known), "an as-of read must answer each key once"
    return {key: (tuple(row[name] for name in TABLE.values), row["knowledge_time"]) for key, row in seen.items()}


@settings(max_examples=150, deadline=None)
@given(st.lists(facts, min_size=1, max_size=14))
def test_the_law_answers_as_its_brute_force_statement(rows: list[Fact]) -> None:
    law = resolve(TABLE, _frame(TABLE, rows, 1), RANKS)
    for moment in MOMENTS:
        assert _as_of(law.versions, moment) == answers(rows, moment, RANKS)
    found = {(tuple(row[name] for name in TABLE.key), row["knowledge_time"]) for row in law.conflicts.iter_rows(named=True)}
    assert found <= conflicts(rows)


@settings(max_examples=60, deadline=None)
@given(st.lists(facts, min_size=1, max_size=12))
def test_no_fact_is_lost(rows: list[Fact]) -> None:
    law = resolve(TABLE, _frame(TABLE, rows, 1), RANKS)
    columns = [*TABLE.key, *TABLE.values, "knowledge_time", "source"]
    kept = pl.concat([as_observed(TABLE, law.versions).select(columns), law.observations.select(columns)])
    assert set(kept.iter_rows()) == {(*row.key, *row.values, row.known, row.source) for row in rows}
    assert len(kept) == len(set(rows))


@settings(max_examples=60, deadline=None)
@given(st.lists(facts, min_size=2, max_size=12))
def test_every_moment_with_a_contradicted_winner_is_a_conflict(rows: list[Fact]) -> None:
    one_column = [Fact(row.key, row.known, row.source, (row.values[0], None, None)) for row in rows]
    law = resolve(TABLE, _frame(TABLE, one_column, 1), RANKS)
    found = {(tuple(row[name] for name in TABLE.key), row["knowledge_time"]) for row in law.conflicts.iter_rows(named=True)}
    assert found == conflicts(one_column)


def _empty_tables() -> duckdb.DuckDBPyConnection:
    connection = duckdb.connect()
    body = "event_year INTEGER, " + ", ".join(
        f"{name} {'BIGINT' if name in TABLE.integers or name in ('knowledge_time', 'delivery') else kind}"
        for name, kind in (
            *((name, "VARCHAR") for name in TABLE.key),
            *((name, "DOUBLE") for name in TABLE.values),
            ("knowledge_time", "BIGINT"),
            ("source", "VARCHAR"),
            ("delivery", "BIGINT"),
            ("carried", "INTEGER"),
        )
    )
    for name, more in ((TABLE.current, ""), (TABLE.superseded, ", known_until BIGINT"), (TABLE.observations, "")):
        connection.execute(f"CREATE TABLE {name} ({body}{more})")
    return connection


def _stored(connection: duckdb.DuckDBPyConnection) -> pl.DataFrame:
    return connection.execute(
        f"SELECT *, NULL::BIGINT AS known_until FROM {TABLE.current} UNION ALL BY NAME SELECT * FROM {TABLE.superseded}"
    ).pl()


@settings(max_examples=25, deadline=None)
@given(deliveries, st.randoms(use_true_random=False))
def test_any_order_and_splitting_of_deliveries_gives_the_same_answers(batches: list[list[Fact]], random: Random) -> None:
    everything = [row for batch in batches for row in batch]
    shuffled = list(everything)
    random.shuffle(shuffled)
    middle = len(shuffled) // 2
    for order in (batches, [everything], [shuffled[:middle], shuffled[middle:]]):
        connection = _empty_tables()
        for number, batch in enumerate(filter(None, order), start=1):
            store(connection, TABLE, _frame(TABLE, batch, 0).drop("delivery"), RANKS, number)
        held = _stored(connection)
        for moment in MOMENTS:
            assert _as_of(held, moment) == answers(everything, moment, RANKS)
        facts_held = connection.execute(f"SELECT count(*) FROM {TABLE.observations}").fetchone()
        assert len(held) + (facts_held or (0,))[0] == len(set(everything))


@settings(max_examples=40, deadline=None)
@given(st.lists(facts, min_size=1, max_size=6), st.lists(facts, min_size=1, max_size=3))
def test_outcomes_say_whether_an_answer_changed(first: list[Fact], second: list[Fact]) -> None:
    connection = _empty_tables()
    store(connection, TABLE, _frame(TABLE, first, 0).drop("delivery"), RANKS, 1)
    told = store(connection, TABLE, _frame(TABLE, second, 0).drop("delivery"), RANKS, 2).outcome.to_list()
    changed = any(answers(first, moment, RANKS) != answers(first + second, moment, RANKS) for moment in MOMENTS)
    assert (set(told) != {"unchanged"}) == changed
    held_keys, seen = {fact.key for fact in first}, set(first)
    for fact, outcome in zip(second, told, strict=True):
        assert (outcome == "accepted") == (fact.key not in held_keys and fact not in seen)
        seen.add(fact)


@settings(max_examples=20, deadline=None)
@given(deliveries)
def test_a_delivery_again_changes_nothing(batches: list[list[Fact]]) -> None:
    connection = _empty_tables()
    for number, batch in enumerate(batches, start=1):
        store(connection, TABLE, _frame(TABLE, batch, 0).drop("delivery"), RANKS, number)
    before = _stored(connection).sort(pl.all())
    for batch in batches:
        again = store(connection, TABLE, _frame(TABLE, batch, 0).drop("delivery"), RANKS, 99)
        assert set(again.outcome.to_list()) == {"unchanged"}
    assert _stored(connection).sort(pl.all()).equals(before)


def test_a_late_delivery_between_two_equal_ones_makes_them_versions() -> None:
    a1, a3, b2 = (Fact(_key("A", 0), known, "trusted", (value, None, None)) for known, value in ((1, 1.0), (3, 1.0), (2, 2.0)))
    connection = _empty_tables()
    for number, fact in enumerate((a1, a3), start=1):
        store(connection, TABLE, _frame(TABLE, [fact], 0).drop("delivery"), RANKS, number)
    assert _as_of(_stored(connection), 3) == {_key("A", 0): ((1.0, None, None), 1)}
    late = store(connection, TABLE, _frame(TABLE, [b2], 0).drop("delivery"), RANKS, 3)
    assert late.outcome.to_list() == ["revised"]
    held = _stored(connection)
    assert [_as_of(held, moment)[_key("A", 0)] for moment in (1, 2, 3)] == [
        ((1.0, None, None), 1),
        ((2.0, None, None), 2),
        ((1.0, None, None), 3),
    ]
