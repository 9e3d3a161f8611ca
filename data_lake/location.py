"""Where a lake's catalogue and files lie: SQLite under the home, or a PostgreSQL database by configuration."""

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import yaml
from pydantic import Field

from domain.errors import Refused
from domain.model import Frozen

VARIABLE = "FACTORY_CATALOGUE"
FILE = "catalogue.yaml"
ALIAS = "lake"
_SECRET = re.compile(r"\bpassword\s*=", re.IGNORECASE)


class CatalogueFile(Frozen):
    """HOME/catalogue.yaml."""

    catalogue: str
    """`postgres:` and a libpq connection string, without a password: that is libpq's own to find (PGPASSWORD, ~/.pgpass)."""
    db_schema: str = Field(default="factory", alias="schema", pattern=r"^[a-z_][a-z0-9_]*$")


@dataclass(frozen=True)
class Location:
    """`metadata` is what DuckLake opens, `schema` the PostgreSQL schema (None for SQLite), `data` the folder of the files."""

    metadata: str
    data: Path
    schema: str | None = None

    @property
    def extensions(self) -> tuple[str, ...]:
        return ("ducklake", "sqlite_scanner" if self.schema is None else "postgres_scanner")

    @property
    def database(self) -> str:
        """The libpq connection string, quoted for SQL."""
        return _quoted(self.metadata.partition(":")[2])

    def attach(self, *, read_only: bool = False) -> str:
        """The SQL that attaches the lake under its name; any DuckDB client of the same version can run it."""
        options = [f"DATA_PATH '{_quoted(str(self.data))}'", "OVERRIDE_DATA_PATH true"]
        if self.schema is not None:
            options.append(f"META_SCHEMA '{self.schema}'")
        elif not read_only:
            options += ["META_JOURNAL_MODE 'WAL'", "META_BUSY_TIMEOUT 5000"]
        if read_only:
            options.append("READ_ONLY")
        return f"ATTACH 'ducklake:{_quoted(self.metadata)}' AS {ALIAS} ({', '.join(options)})"


def sqlite_location(folder: Path) -> Location:
    """A catalogue file beside its data."""
    return Location(f"sqlite:{folder / 'catalogue.sqlite'}", folder / "data")


def location_of(home: Path, environment: Mapping[str, str] | None = None) -> Location:
    """Where the lake of this home is: by FACTORY_CATALOGUE, else by HOME/catalogue.yaml, else SQLite under HOME/lake.

    Raises Refused for a catalogue that is neither SQLite nor `postgres:...`, and for a password in it.
    """
    stated = (os.environ if environment is None else environment).get(VARIABLE)
    file = home / FILE
    if stated:
        said = CatalogueFile.parse({"catalogue": stated}, VARIABLE)
    elif file.exists():
        said = CatalogueFile.parse(yaml.safe_load(file.read_text()), FILE)
    else:
        return sqlite_location(home / "lake")
    kind, _, connection = said.catalogue.partition(":")
    if kind != "postgres" or not connection:
        raise Refused(f"{said.catalogue!r}: expected a catalogue such as 'postgres:host=db dbname=factory', or none for SQLite")
    if _SECRET.search(connection):
        raise Refused("the catalogue's connection string holds a password: give it by PGPASSWORD or ~/.pgpass instead")
    return Location(said.catalogue, home / "lake" / "data", said.db_schema)


def _quoted(text: str) -> str:
    return text.replace("'", "''")
