"""The law of versions: from all observations of a key to what was known of it, and until when.

1. Two observations of one (key, knowledge time): the more trusted source wins, then the greater content digest; columns that
   only the loser carries are kept from it.
2. For each key, in order of knowledge time, an observation speaks for the columns it carries; the others keep their value.
   Consecutive equal states collapse onto the earliest.
3. `known_until` of a version is the knowledge time of the next; the last one is current.

The law is a function of the *set* of observations: neither the order nor the splitting of deliveries can change its answer.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import polars as pl

from data_lake.schema import VersionedTable

UNLISTED_RANK = 1_000_000
"""Of a source that the configuration does not list: trusted after all that it does."""


@dataclass(frozen=True)
class Resolution:
    """What the law makes of a batch of observations.

    `versions`: key, values (kept ones filled in), knowledge_time, source, delivery, carried, known_until (null: current).
    `observations`: the facts that are no version, values as observed. `conflicts`: one row for each loser that disagrees with
    the winner of its (key, knowledge_time): key, knowledge_time, and `winner_`/`loser_` source, delivery, content.
    """

    versions: pl.DataFrame
    observations: pl.DataFrame
    conflicts: pl.DataFrame


def carried(table: VersionedTable) -> pl.Expr:
    """The bit set of the optional columns that an observation gives."""
    bits = (pl.col(column).is_not_null().cast(pl.Int32) * 2**bit for bit, column in enumerate(table.optional))
    return sum(bits, pl.lit(0, dtype=pl.Int32)).alias("carried")


def as_observed(table: VersionedTable, versions: pl.DataFrame) -> pl.DataFrame:
    """Stored versions without the values that were kept from before: the observations that made them."""
    gave = ((bit, pl.col("carried") // 2**bit % 2 == 1) for bit in range(len(table.optional)))
    return versions.with_columns(pl.when(given).then(pl.col(table.optional[bit])) for bit, given in gave)


def resolve(table: VersionedTable, observations: pl.DataFrame, ranks: Mapping[str, int]) -> Resolution:
    """Apply the law to *all* observations of each key in the batch.

    `observations` has the table's key and values (null: not carried), knowledge_time, source, delivery and carried; the same
    fact may occur more than once. `ranks`: 0 is the most trusted source.
    """
    key = telling_columns(table, observations)
    crowded = observations.select(key).is_duplicated()
    alone = observations.filter(~crowded).with_columns(known_until=pl.lit(None, dtype=pl.Int64))
    chains = observations.filter(crowded)
    if chains.is_empty():
        nothing = chains.with_columns(moment=pl.lit(0, dtype=pl.UInt32), content=pl.lit(""))
        return Resolution(alone, chains, _conflicts(table, nothing, pl.Series([], dtype=pl.Boolean)))
    chains = _numbered(key, _in_order(table, key, chains, ranks))
    tops = chains.select(pl.col("moment") != pl.col("moment").shift(-1, fill_value=0))["moment"]
    kept = [name for name in table.optional if 0 < chains[name].null_count() < len(chains)]
    states = chains.with_columns(pl.col(kept).forward_fill().over("chain")) if kept else chains
    versions, is_version = _collapsed(table, states, tops)
    facts = chains.filter(~is_version).select(observations.columns)
    return Resolution(pl.concat([alone, versions.select(alone.columns)]), facts, _conflicts(table, chains, tops))


def _numbered(key: list[str], chains: pl.DataFrame) -> pl.DataFrame:
    """With the number of each row's `chain` (one key) and `moment` (one key and knowledge time), from 1; rows in that order."""
    new_chain = pl.any_horizontal(pl.col(name) != pl.col(name).shift(1) for name in key).fill_null(True)
    chains = chains.with_columns(chain=new_chain)
    new_moment = pl.col("chain") | (pl.col("knowledge_time") != pl.col("knowledge_time").shift(1))
    return chains.with_columns(chain=pl.col("chain").cum_sum(), moment=new_moment.cum_sum())


def telling_columns(table: VersionedTable, rows: pl.DataFrame) -> list[str]:
    """The columns of the key that tell the rows apart: sorting and joining by the others too would only take time."""
    return [name for name in table.key if (rows[name] != rows[name][0]).any()] or [table.time]


def _in_order(table: VersionedTable, key: list[str], chains: pl.DataFrame, ranks: Mapping[str, int]) -> pl.DataFrame:
    """Distinct facts by key, knowledge time and priority, the winner of each moment last."""
    tied = chains.select(*key, "knowledge_time").is_duplicated()
    ties = chains.filter(tied).sort("delivery").unique([*key, "knowledge_time", "source", *table.values], keep="first")
    ties = ties.with_columns(
        rank=pl.col("source").replace_strict(ranks, default=UNLISTED_RANK, return_dtype=pl.Int64),
        content=_content_digests(table, ties),
    )
    distinct = pl.concat([chains.filter(~tied), ties], how="diagonal")
    order = [*key, "knowledge_time", "rank", "content", "source"]
    return distinct.sort(order, descending=[name == "rank" for name in order])


def _content_digests(table: VersionedTable, facts: pl.DataFrame) -> pl.Series:
    """SHA-256 of the values in text, by which ties of one rank are decided."""
    rows = facts.select(table.values).iter_rows()
    return pl.Series("content", [hashlib.sha256(repr(values).encode()).hexdigest() for values in rows], dtype=pl.String)


def _collapsed(table: VersionedTable, states: pl.DataFrame, tops: pl.Series) -> tuple[pl.DataFrame, pl.Series]:
    moments = states.with_row_index("position").filter(tops)
    same = pl.all_horizontal(pl.col(column).eq_missing(pl.col(column).shift(1)) for column in ("chain", *table.values))
    versions = moments.filter(~same)
    goes_on = pl.col("chain") == pl.col("chain").shift(-1)
    versions = versions.with_columns(known_until=pl.when(goes_on).then(pl.col("knowledge_time").shift(-1)))
    is_version = np.zeros(len(states), dtype=np.bool_)
    is_version[versions["position"].to_numpy()] = True
    return versions, pl.Series(is_version)


def _conflicts(table: VersionedTable, chains: pl.DataFrame, tops: pl.Series) -> pl.DataFrame:
    moment = [*table.key, "knowledge_time"]
    told = ["source", "delivery", "content", *table.values]
    winners = chains.filter(tops).select("moment", *moment, *(pl.col(name).alias(f"winner_{name}") for name in told))
    losers = chains.filter(~tops).select("moment", *(pl.col(name).alias(f"loser_{name}") for name in told))
    pairs = losers.join(winners, on="moment", how="inner", maintain_order="left")
    differs = pl.any_horizontal((pl.col(f"winner_{c}") != pl.col(f"loser_{c}")).fill_null(False) for c in table.values)
    return pairs.filter(differs).drop("moment")
