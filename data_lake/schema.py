"""The versioned tables of the lake, declared once: keys, columns, and which of them a delivery must carry."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from domain.errors import Refused
from domain.times import US_PER_MINUTE, US_PER_SECOND

_SERIES = ("venue", "market", "interval_us", "symbol")


@dataclass(frozen=True)
class VersionedTable:
    """One table under the law of versions.

    Stored as `<name>_current` and `<name>_superseded` (with `known_until`), and `<name>_observations` for the facts that are
    no version of their own: confirmations, and losers of a conflict.
    """

    name: str
    time: str
    """Event time, int64 microseconds: in the key after the series, and the order inside it."""
    key: tuple[str, ...]
    required: tuple[str, ...]
    """Values that every observation carries."""
    optional: tuple[str, ...]
    """Values that an observation may carry; null says nothing and so keeps what was known."""
    integers: frozenset[str]
    lag_us: int
    """Publication lag after the event is complete, where knowledge times are not stated."""
    texts: frozenset[str] = frozenset()
    """Columns of text, beside those that every table has."""
    numbered: str | None = None
    """The column of the key that numbers rows of one symbol and time, from 0, in files that do not carry it."""
    absent: Mapping[str, int | str] = field(default_factory=dict)
    """Columns of the key that a file need not carry, and what they then are."""
    announced: bool = False
    """Whether a row may be known before its time: a listing, a change of name, a change of membership."""

    @property
    def values(self) -> tuple[str, ...]:
        return self.required + self.optional

    @property
    def series(self) -> tuple[str, ...]:
        """The part of the key that names one series."""
        return tuple(name for name in self.key if name in _SERIES)

    @property
    def within(self) -> tuple[str, ...]:
        """The part of the key that tells rows of one series and time apart."""
        return tuple(name for name in self.key if name not in _SERIES and name != self.time)

    @property
    def current(self) -> str:
        return f"{self.name}_current"

    @property
    def superseded(self) -> str:
        return f"{self.name}_superseded"

    @property
    def observations(self) -> str:
        return f"{self.name}_observations"


BARS = VersionedTable(
    name="bars",
    time="open_time",
    key=("venue", "market", "interval_us", "symbol", "open_time"),
    required=("open", "high", "low", "close", "volume"),
    optional=("quote_volume", "trades", "taker_buy_volume", "taker_buy_quote_volume"),
    integers=frozenset({"interval_us", "open_time", "trades"}),
    lag_us=US_PER_MINUTE,
)

FUNDING = VersionedTable(
    name="funding",
    time="funding_time",
    key=("venue", "market", "symbol", "funding_time"),
    required=("funding_rate",),
    optional=(),
    integers=frozenset({"funding_time"}),
    lag_us=US_PER_MINUTE,
)

TRADES = VersionedTable(
    name="trades",
    time="trade_time",
    key=("venue", "market", "symbol", "trade_time", "trade_id"),
    required=("price", "quantity"),
    optional=("side", "contracts", "received_time"),  # side: the aggressor's, buy or sell
    integers=frozenset({"trade_time", "received_time"}),
    lag_us=US_PER_SECOND,
    texts=frozenset({"trade_id", "side"}),
    numbered="trade_id",
)

QUOTES = VersionedTable(
    name="quotes",
    time="quote_time",  # the exchange's; the collector's where the exchange sends none
    key=("venue", "market", "symbol", "quote_time", "update_id"),
    required=("bid_price", "bid_quantity", "ask_price", "ask_quantity"),
    optional=("received_time",),
    integers=frozenset({"quote_time", "update_id", "received_time"}),
    lag_us=US_PER_SECOND,
    numbered="update_id",
)

DEPTH = VersionedTable(
    name="depth",
    time="event_time",
    key=("venue", "market", "symbol", "event_time", "final_update_id", "kind", "side", "price"),
    required=("quantity",),  # 0: the level is gone
    optional=("first_update_id", "previous_update_id", "received_time"),
    integers=frozenset({"event_time", "final_update_id", "first_update_id", "previous_update_id", "received_time"}),
    lag_us=US_PER_SECOND,
    texts=frozenset({"kind", "side"}),  # snapshot or diff; bid or ask
    absent={"final_update_id": 0},
)

MARKS = VersionedTable(
    name="marks",
    time="mark_time",
    key=("venue", "market", "symbol", "mark_time"),
    required=("mark_price",),
    optional=("index_price", "received_time"),
    integers=frozenset({"mark_time", "received_time"}),
    lag_us=US_PER_SECOND,
)

FILLS = VersionedTable(
    name="fills",
    time="fill_time",
    key=("venue", "market", "symbol", "fill_time", "account", "fill_id"),
    required=("price", "quantity", "side"),
    optional=("order_id", "liquidity", "fee", "fee_asset"),
    integers=frozenset({"fill_time"}),
    lag_us=0,
    texts=frozenset({"account", "fill_id", "side", "order_id", "liquidity", "fee_asset"}),
    absent={"account": ""},
)

BALANCES = VersionedTable(
    name="balances",
    time="balance_time",
    key=("venue", "market", "symbol", "balance_time", "account"),  # symbol: the asset
    required=("total",),
    optional=("free", "locked"),
    integers=frozenset({"balance_time"}),
    lag_us=0,
    texts=frozenset({"account"}),
    absent={"account": ""},
)

TRANSFERS = VersionedTable(
    name="transfers",
    time="transfer_time",
    key=("venue", "market", "symbol", "transfer_time", "account", "transfer_id"),
    required=("quantity", "direction"),  # in or out, as the account sees it
    optional=("fee", "counterparty"),
    integers=frozenset({"transfer_time"}),
    lag_us=0,
    texts=frozenset({"account", "transfer_id", "direction", "counterparty"}),
    absent={"account": ""},
)

INSTRUMENTS = VersionedTable(
    name="instruments",
    time="valid_from",  # from when the ticker names this instrument, on these terms
    key=("venue", "market", "symbol", "valid_from"),
    required=("instrument_id", "status"),  # the id stays when the ticker changes; listed, halted or delisted
    optional=("base", "quote", "tick_size", "lot_size", "contract_multiplier", "minimum_notional"),
    integers=frozenset({"valid_from"}),
    lag_us=0,
    texts=frozenset({"instrument_id", "status", "base", "quote"}),
    announced=True,
)

UNIVERSE = VersionedTable(
    name="universe",
    time="effective_time",
    key=("venue", "market", "symbol", "effective_time", "universe"),
    required=("member",),  # 1 from then on, or 0
    optional=("weight",),
    integers=frozenset({"effective_time", "member"}),
    lag_us=0,
    texts=frozenset({"universe"}),
    announced=True,
)

TABLES = {
    table.name: table
    for table in (BARS, FUNDING, TRADES, QUOTES, DEPTH, MARKS, FILLS, BALANCES, TRANSFERS, INSTRUMENTS, UNIVERSE)
}

FACT = ("knowledge_time", "source", "delivery", "carried")
"""Beside key and values of every stored row. `carried`: bit i is set where the row's own observation gave optional column i;
the other optional values of a version are kept from before."""


def versioned_table(name: str) -> VersionedTable:
    """The table of this name; Refused where there is none."""
    if name not in TABLES:
        raise Refused(f"unknown table {name!r}: expected one of {sorted(TABLES)}")
    return TABLES[name]


def column_type(table: VersionedTable, column: str) -> str:
    """The SQL type of a stored column."""
    if column in table.integers or column in ("knowledge_time", "known_until", "delivery"):
        return "BIGINT"
    if column in ("carried", "event_year"):
        return "INTEGER"
    return "VARCHAR" if column in table.texts or column in (*_SERIES, "source") else "DOUBLE"


def _versioned_ddl(table: VersionedTable) -> dict[str, list[str]]:
    columns = ("event_year", *table.key, *table.values, *FACT)
    body = ", ".join(f"{column} {column_type(table, column)}" for column in columns)
    extra = {table.current: "", table.superseded: ", known_until BIGINT", table.observations: ""}
    return {
        name: [
            f"CREATE TABLE {name} ({body}{more})",
            f"ALTER TABLE {name} SET PARTITIONED BY (event_year)",
            f"ALTER TABLE {name} SET SORTED BY ({', '.join(f'{column} ASC' for column in table.key)})",
        ]
        for name, more in extra.items()
    }


_RECORDS = """
CREATE TABLE head (delivery BIGINT);
INSERT INTO head VALUES (0);
CREATE TABLE deliveries (delivery BIGINT, table_name VARCHAR, venue VARCHAR, market VARCHAR, source VARCHAR, known_at VARCHAR,
    assumed BOOLEAN, received_us BIGINT, files BIGINT, accepted BIGINT, unchanged BIGINT, revised BIGINT, quarantined BIGINT,
    findings BIGINT);
CREATE TABLE delivery_files (delivery BIGINT, statement VARCHAR, origin VARCHAR, checksum VARCHAR, symbols VARCHAR,
    interval_us BIGINT, rows_good BIGINT, rows_bad BIGINT, reason VARCHAR);
CREATE TABLE delivery_records (delivery BIGINT, record VARCHAR);
CREATE TABLE quarantine (delivery BIGINT, table_name VARCHAR, origin VARCHAR, checksum VARCHAR, reason VARCHAR, payload VARCHAR);
CREATE TABLE findings (delivery BIGINT, kind VARCHAR, severity VARCHAR, venue VARCHAR, market VARCHAR, symbol VARCHAR,
    interval_us BIGINT, at_us BIGINT, evidence VARCHAR)
"""


def creation_statements() -> dict[str, list[str]]:
    """SQL that makes an empty lake: by table, so that an older lake gets the tables it lacks."""
    statements: dict[str, list[str]] = {}
    for statement in (part.strip() for part in _RECORDS.split(";")):
        name = statement.split("(")[0].split()[2]
        statements.setdefault(name, []).append(statement)
    for table in TABLES.values():
        statements |= _versioned_ddl(table)
    return statements


def macro_statements() -> dict[str, str]:
    """SQL that makes the as-of macros, by name; their bodies are unqualified, so a client must USE the lake.

    `moment`: a TIMESTAMP or text, read as UTC whatever the client's zone is, or a TIMESTAMP WITH TIME ZONE.
    """
    return {f"{table.name}_as_of": _as_of_macro(table) for table in TABLES.values()}


def _as_of_macro(table: VersionedTable) -> str:
    columns = ", ".join((*table.key, *table.values, "knowledge_time", "source"))
    us = (
        "CASE WHEN typeof(moment) = 'TIMESTAMP WITH TIME ZONE' THEN epoch_us(moment::TIMESTAMPTZ) "
        "ELSE epoch_us(moment::TIMESTAMP) END"
    )
    return (
        f"CREATE MACRO {table.name}_as_of(moment) AS TABLE "
        f"SELECT {columns} FROM {table.current} WHERE knowledge_time <= {us} "
        f"UNION ALL SELECT {columns} FROM {table.superseded} WHERE knowledge_time <= {us} AND known_until > {us}"
    )
