"""The law of versions against its brute-force statement, for any facts in any order and any splitting."""

from random import Random

import polars as pl
from hypothesis import example, given, settings
from hypothesis import strategies as st

from data_lake.schema import VersionedTable
from data_lake.store import store
from data_lake.versions import as_observed, resolve
from tests.property.brute_law import Fact, answers, conflicts
from tests.property.law_world import as_of, empty_tables, frame_of, stored

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


@settings(max_examples=150, deadline=None)
@given(st.lists(facts, min_size=1, max_size=14))
def test_the_law_answers_as_its_brute_force_statement(rows: list[Fact]) -> None:
    law = resolve(TABLE, frame_of(TABLE, rows, 1), RANKS)
    for moment in MOMENTS:
        assert as_of(TABLE, law.versions, moment) == answers(rows, moment, RANKS)
    found = {(tuple(row[name] for name in TABLE.key), row["knowledge_time"]) for row in law.conflicts.iter_rows(named=True)}
    assert found <= conflicts(rows)


@settings(max_examples=60, deadline=None)
@given(st.lists(facts, min_size=1, max_size=12))
def test_no_fact_is_lost(rows: list[Fact]) -> None:
    law = resolve(TABLE, frame_of(TABLE, rows, 1), RANKS)
    columns = [*TABLE.key, *TABLE.values, "knowledge_time", "source"]
    kept = pl.concat([as_observed(TABLE, law.versions).select(columns), law.observations.select(columns)])
    assert set(kept.iter_rows()) == {(*row.key, *row.values, row.known, row.source) for row in rows}
    assert len(kept) == len(set(rows))


@settings(max_examples=60, deadline=None)
@given(st.lists(facts, min_size=2, max_size=12))
def test_every_moment_with_a_contradicted_winner_is_a_conflict(rows: list[Fact]) -> None:
    one_column = [Fact(row.key, row.known, row.source, (row.values[0], None, None)) for row in rows]
    law = resolve(TABLE, frame_of(TABLE, one_column, 1), RANKS)
    found = {(tuple(row[name] for name in TABLE.key), row["knowledge_time"]) for row in law.conflicts.iter_rows(named=True)}
    assert found == conflicts(one_column)


@settings(max_examples=25, deadline=None)
@given(deliveries, st.randoms(use_true_random=False))
def test_any_order_and_splitting_of_deliveries_gives_the_same_answers(batches: list[list[Fact]], random: Random) -> None:
    everything = [row for batch in batches for row in batch]
    shuffled = list(everything)
    random.shuffle(shuffled)
    middle = len(shuffled) // 2
    for order in (batches, [everything], [shuffled[:middle], shuffled[middle:]]):
        connection = empty_tables(TABLE)
        for number, batch in enumerate(filter(None, order), start=1):
            store(connection, TABLE, frame_of(TABLE, batch, 0).drop("delivery"), RANKS, number)
        held = stored(connection, TABLE)
        for moment in MOMENTS:
            assert as_of(TABLE, held, moment) == answers(everything, moment, RANKS)
        facts_held = connection.execute(f"SELECT count(*) FROM {TABLE.observations}").fetchone()
        assert len(held) + (facts_held or (0,))[0] == len(set(everything))


@settings(max_examples=40, deadline=None)
@given(st.lists(facts, min_size=1, max_size=6), st.lists(facts, min_size=1, max_size=3))
@example(  # the winner of the moment equals the version before: the loser's version goes, and no other comes
    [Fact(_key("B", 0), 0, "trusted", (1.0, None, 7)), Fact(_key("B", 0), 1, "trusted", (2.0, None, None))],
    [Fact(_key("B", 0), 1, "trusted", (1.0, None, 7))],
)
def test_outcomes_say_whether_an_answer_changed(first: list[Fact], second: list[Fact]) -> None:
    connection = empty_tables(TABLE)
    store(connection, TABLE, frame_of(TABLE, first, 0).drop("delivery"), RANKS, 1)
    told = store(connection, TABLE, frame_of(TABLE, second, 0).drop("delivery"), RANKS, 2).outcome.to_list()
    changed = any(answers(first, moment, RANKS) != answers(first + second, moment, RANKS) for moment in MOMENTS)
    assert (set(told) != {"unchanged"}) == changed
    held_keys, seen = {fact.key for fact in first}, set(first)
    for fact, outcome in zip(second, told, strict=True):
        assert (outcome == "accepted") == (fact.key not in held_keys and fact not in seen)
        seen.add(fact)


@settings(max_examples=20, deadline=None)
@given(deliveries)
def test_a_delivery_again_changes_nothing(batches: list[list[Fact]]) -> None:
    connection = empty_tables(TABLE)
    for number, batch in enumerate(batches, start=1):
        store(connection, TABLE, frame_of(TABLE, batch, 0).drop("delivery"), RANKS, number)
    before = stored(connection, TABLE).sort(pl.all())
    for batch in batches:
        again = store(connection, TABLE, frame_of(TABLE, batch, 0).drop("delivery"), RANKS, 99)
        assert set(again.outcome.to_list()) == {"unchanged"}
    assert stored(connection, TABLE).sort(pl.all()).equals(before)


def test_a_late_delivery_between_two_equal_ones_makes_them_versions() -> None:
    a1, a3, b2 = (Fact(_key("A", 0), known, "trusted", (value, None, None)) for known, value in ((1, 1.0), (3, 1.0), (2, 2.0)))
    connection = empty_tables(TABLE)
    for number, fact in enumerate((a1, a3), start=1):
        store(connection, TABLE, frame_of(TABLE, [fact], 0).drop("delivery"), RANKS, number)
    assert as_of(TABLE, stored(connection, TABLE), 3) == {_key("A", 0): ((1.0, None, None), 1)}
    late = store(connection, TABLE, frame_of(TABLE, [b2], 0).drop("delivery"), RANKS, 3)
    assert late.outcome.to_list() == ["revised"]
    held = stored(connection, TABLE)
    assert [as_of(TABLE, held, moment)[_key("A", 0)] for moment in (1, 2, 3)] == [
        ((1.0, None, None), 1),
        ((2.0, None, None), 2),
        ((1.0, None, None), 3),
    ]
