"""The versioned tables of the lake, declared once: keys, columns, and which of them a delivery must carry."""

from dataclasses import dataclass

from domain.errors import Refused
from domain.times import US_PER_MINUTE


@dataclass(frozen=True)
class VersionedTable:
    """One table under the law of versions.

    Stored as `<name>_current` and `<name>_superseded` (with `known_until`), and `<name>_observations` for the facts that are
    no version of their own: confirmations, and losers of a conflict.
    """

    name: str
    time: str
    """Event time, int64 microseconds: the last column of the key and the order inside a symbol."""
    key: tuple[str, ...]
    required: tuple[str, ...]
    """Values that every observation carries."""
    optional: tuple[str, ...]
    """Values that an observation may carry; null says nothing and so keeps what was known."""
    integers: frozenset[str]
    lag_us: int
    """Publication lag after the event is complete, where knowledge times are not stated."""

    @property
    def values(self) -> tuple[str, ...]:
        return self.required + self.optional

    @property
    def series(self) -> tuple[str, ...]:
        """The part of the key that names one series."""
        return self.key[:-1]

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

TABLES = {table.name: table for table in (BARS, FUNDING)}

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
    return "DOUBLE" if column in table.values else "VARCHAR"


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
