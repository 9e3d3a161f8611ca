"""The law of versions for every table of the schema, and the same lake whatever the unit, the zone and the splitting of files."""

from pathlib import Path
from random import Random
from typing import Any

import polars as pl
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from data_lake.lake import Lake
from data_lake.schema import TABLES, VersionedTable, column_type
from data_lake.store import store
from data_lake.versions import resolve
from domain.market import Market
from domain.times import US_PER_HOUR, parse_utc
from tests.property.brute_law import Fact, answers
from tests.property.law_world import as_of, empty_tables, frame_of, stored

RANKS = {"trusted": 0, "second": 1}
MOMENTS = range(8)
SAMPLE, SOAK = 3, 25
"""Examples for each table in `make test`, and in `make soak`."""

_WORDS = {"side": ["buy", "sell"], "kind": ["snapshot", "diff"], "direction": ["in", "out"], "status": ["listed", "delisted"]}


def column(table: VersionedTable, name: str, *, text: list[str] | None = None) -> st.SearchStrategy[Any]:
    kind = column_type(table, name)
    if kind == "VARCHAR":
        return st.sampled_from(text or ["x", "y"])
    return st.sampled_from([1, 2]) if kind == "BIGINT" else st.sampled_from([1.0, 2.5])


def facts(table: VersionedTable, *, one_key: bool = False) -> st.SearchStrategy[Fact]:
    """Few keys, few values, few moments: so that they meet."""
    parts = {"venue": st.just("v"), "market": st.just("spot"), "interval_us": st.just(3_600_000_000)}
    keys = st.tuples(*(parts.get(name, column(table, name)) for name in table.key))
    given_or_not = [st.one_of(st.none(), column(table, name)) for name in table.optional]
    values = st.tuples(*(column(table, name) for name in table.required), *given_or_not)
    first = tuple({"venue": "v", "market": "spot", "interval_us": 3_600_000_000}.get(name) for name in table.key)
    only = tuple(held if held is not None else _least(table, name) for held, name in zip(first, table.key, strict=True))
    return st.builds(
        Fact,
        key=st.just(only) if one_key else keys,
        known=st.integers(0, 6),
        source=st.sampled_from(["trusted", "second", "stranger"]),
        values=values,
    )


def _least(table: VersionedTable, name: str) -> Any:
    return {"VARCHAR": "x", "BIGINT": 1, "DOUBLE": 1.0}[column_type(table, name)]


def check_law(table: VersionedTable, examples: int) -> None:
    @settings(max_examples=examples, deadline=None, derandomize=True, phases=[Phase.generate])
    @given(st.lists(facts(table), min_size=1, max_size=12))
    def answers_as_the_brute_force_statement(rows: list[Fact]) -> None:
        law = resolve(table, frame_of(table, rows, 1), RANKS)
        for moment in MOMENTS:
            assert as_of(table, law.versions, moment) == answers(rows, moment, RANKS)

    @settings(max_examples=examples, deadline=None, derandomize=True, phases=[Phase.generate])
    @given(st.lists(facts(table), min_size=1, max_size=8), st.lists(facts(table, one_key=True), max_size=12), st.randoms())
    def any_order_and_any_splitting_answer_alike(rows: list[Fact], chain: list[Fact], random: Random) -> None:
        everything = [*rows, *chain]
        shuffled = random.sample(everything, len(everything))
        cut = random.randrange(len(shuffled) + 1)
        one_by_one = [[row] for row in shuffled] if examples > SAMPLE else []
        for order in ([everything], [shuffled[:cut], shuffled[cut:]], one_by_one):
            if not order:
                continue
            connection = empty_tables(table)
            for number, batch in enumerate(filter(None, order), start=1):
                store(connection, table, frame_of(table, batch, 0).drop("delivery"), RANKS, number)
            held = stored(connection, table)
            for moment in MOMENTS:
                assert as_of(table, held, moment) == answers(everything, moment, RANKS)
            connection.close()

    answers_as_the_brute_force_statement()
    any_order_and_any_splitting_answer_alike()


@pytest.mark.parametrize("name", sorted(TABLES))
def test_the_law_holds_for_every_table(name: str) -> None:
    check_law(TABLES[name], SAMPLE)


@pytest.mark.soak
@pytest.mark.parametrize("name", sorted(TABLES))
def test_the_law_holds_for_every_table_at_length(name: str) -> None:
    check_law(TABLES[name], SOAK)


START_US, HOURS = parse_utc("2024-03-01"), 6
UNITS = {"s": 1_000_000, "ms": 1_000, "us": 1}


def as_delivered(table: VersionedTable, revision: int) -> pl.DataFrame:
    """Six rows of two symbols, an hour apart; every revision has other numbers."""
    times = [START_US + hour * US_PER_HOUR for hour in range(HOURS)]
    columns: dict[str, Any] = {"symbol": ["AAA", "BBB"] * (HOURS // 2), table.time: times}
    for name in (*table.within, *table.values):
        kind = column_type(table, name)
        if name == "received_time":
            continue
        if kind == "VARCHAR":
            columns[name] = _WORDS.get(name, ["x", "y"])[:1] * HOURS if name != "side" else _sides(table)
        else:
            base = 100 + HOURS * (revision if name in table.values else 0)
            numbers = [base + hour for hour in range(HOURS)]
            columns[name] = numbers if kind == "BIGINT" else [number + 0.25 for number in numbers]
    if table.name == "bars":
        columns |= {"high": [999.0] * HOURS, "low": [1.0] * HOURS}
    return pl.DataFrame(columns)


def _sides(table: VersionedTable) -> list[str]:
    return ["bid" if table.name == "depth" else "buy"] * HOURS


def written(folder: Path, table: VersionedTable, frame: pl.DataFrame, how: str) -> Path:
    """The frame as a file with its times in a unit of the epoch, as text of a zone, or as zoned time stamps."""
    folder.mkdir(parents=True)
    time = pl.col(table.time)
    moment = pl.from_epoch(time, "us").dt.replace_time_zone("UTC").dt.convert_time_zone("Asia/Kolkata")
    if how == "ns":
        shown: pl.Expr = time * 1_000
    elif how in UNITS:
        shown = time // UNITS[how]
    else:
        shown = moment if how == "zoned" else moment.dt.strftime("%Y-%m-%dT%H:%M:%S%:z")
    given = frame.with_columns(shown.alias(table.time))
    path = folder / ("rows.parquet" if how == "zoned" else "rows.csv")
    given.write_parquet(path) if how == "zoned" else given.write_csv(path)
    return path


def digest_of(home: Path, table: VersionedTable, hows: tuple[str, ...], order: tuple[int, ...], *, split: bool) -> list[str]:
    """The lake's digests, now and as of each revision, after the revisions were delivered in an order and by units."""
    interval_us = US_PER_HOUR if table.name == "bars" else None
    with Lake(home, threads=1) as lake:
        for place, revision in enumerate(order):
            frame = as_delivered(table, revision)
            parts = [frame.filter(pl.col("symbol") == name) for name in ("AAA", "BBB")] if split else [frame]
            for number, part in enumerate(parts):
                folder = home / "given" / f"{place}-{number}"
                path = written(folder, table, part, hows[(place + number) % len(hows)])
                known_us = START_US + (100 + revision) * US_PER_HOUR
                lake.ingest(
                    [path], table.name, venue="v", market=Market.SPOT, received_us=START_US * 2, source="vendor",
                    interval_us=interval_us, known_at=known_us,
                )  # fmt: skip
        moments = [START_US + (100 + revision) * US_PER_HOUR for revision in sorted(order)]
        return [lake.content_digest("v", Market.SPOT, interval_us, moment, table=table.name) for moment in moments]


def same_lake(name: str, folder: Path) -> None:
    table = TABLES[name]
    plain = digest_of(folder / "plain", table, ("us",), (0, 1, 2), split=False)
    assert len(set(plain)) == 3
    shifted = digest_of(folder / "shifted", table, ("zoned", "s", "ns", "text", "ms"), (2, 0, 1), split=True)
    assert shifted == plain


def test_unit_zone_order_and_splitting_of_files_give_the_same_lake(tmp_path: Path) -> None:
    """Of the table with the longest key; `make soak` takes all."""
    same_lake("depth", tmp_path)


@pytest.mark.soak
@pytest.mark.parametrize("name", sorted(TABLES))
def test_unit_zone_order_and_splitting_of_files_for_every_table(name: str, tmp_path: Path) -> None:
    same_lake(name, tmp_path)
