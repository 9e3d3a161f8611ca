import subprocess
import sys
from pathlib import Path

import duckdb
import polars as pl
import pytest

from data_lake.lake import Lake
from data_lake.location import location_of, sqlite_location
from data_lake.notebook import attach_statements, open_lake, sql_session
from domain.errors import Refused
from domain.market import Market
from domain.times import US_PER_HOUR, iso
from tests.unit.data_lake.bars import NOW_US, START_US, bar_frame, set_value, write

SPOT = {"venue": "v", "market": Market.SPOT, "received_us": NOW_US, "source": "vendor"}
KNOWN = START_US + 40 * US_PER_HOUR


@pytest.fixture
def home(tmp_path: Path) -> Path:
    with Lake(tmp_path / "home") as lake:
        lake.ingest([write(tmp_path, "AAAUSDT.csv", bar_frame())], "bars", **SPOT)
        revised = set_value(bar_frame(), 5, close=105.25)
        lake.ingest([write(tmp_path, "fix-AAAUSDT.csv", revised)], "bars", **SPOT, known_at=KNOWN)
    return tmp_path / "home"


def test_one_call_reads_polars_arrow_and_relations_of_the_same_rows(home: Path) -> None:
    where = {"start": START_US, "end": NOW_US, "venue": "v", "interval": "1h"}
    with open_lake(home) as lake, Lake(home) as whole:
        for as_of, close in ((KNOWN - 1, 105.0), (KNOWN, 105.25)):
            expected = whole.read(
                "bars", venue="v", market=Market.SPOT, start_us=START_US, end_us=NOW_US, as_of_us=as_of, interval_us=US_PER_HOUR
            )
            assert lake.read_arrow("bars", **where, as_of=as_of).equals(expected)
            polars = lake.read_polars("bars", **where, as_of=iso(as_of))
            assert polars["close"][5] == close
            relation = lake.relation("bars", as_of=as_of).order("symbol, open_time").pl()
            assert relation.select(polars.columns).equals(polars)
        with pytest.raises(Refused, match="among 1m, 3m"):
            lake.read_polars("bars", **{**where, "interval": "7h"}, as_of=KNOWN)


@pytest.mark.parametrize("zone", ["UTC", "America/New_York"])
@pytest.mark.parametrize("form", ["'{}'", "TIMESTAMP '{}'", "TIMESTAMPTZ '{}+00'"])
def test_a_macro_reads_its_moment_as_utc_in_any_zone_of_the_client(home: Path, zone: str, form: str) -> None:
    with sql_session(home) as session:
        session.execute(f"SET TimeZone = '{zone}'")
        moment = form.format("2024-01-01 05:01:00")
        assert session.execute(f"SELECT count(*) FROM bars_as_of({moment})").fetchone() == (5,)


def test_the_session_reads_only(home: Path) -> None:
    with sql_session(home) as session, pytest.raises(duckdb.Error, match="read-only"):
        session.execute("DELETE FROM bars_current")


def test_another_client_attaches_the_lake_by_the_statements(home: Path) -> None:
    program = """
import sys, duckdb, duckdb_extensions
session = duckdb.connect()
for statement in sys.argv[1:]:
    if statement.startswith("INSTALL"):
        duckdb_extensions.import_extension(statement.split()[1].rstrip(";"), con=session)
        statement = statement.split(";")[1]
    session.execute(statement)
print(session.execute("SELECT sum(close) FROM bars_as_of('2024-05-01')").fetchone()[0])
"""
    told = subprocess.run(
        [sys.executable, "-c", program, *attach_statements(home)], capture_output=True, text=True, check=True
    ).stdout
    assert float(told) == sum(100.0 + hour for hour in range(24)) + 0.25


def test_a_home_without_a_lake_is_refused_and_not_made(tmp_path: Path) -> None:
    with pytest.raises(Refused, match="expected the home of a lake"):
        open_lake(tmp_path / "none")
    assert not (tmp_path / "none").exists()


def test_an_older_lake_gets_the_tables_and_macros_it_lacks(home: Path) -> None:
    with Lake(home) as lake:
        lake.catalogue.connection.execute("DROP MACRO TABLE bars_as_of")
        lake.catalogue.connection.execute("DROP TABLE funding_observations")
    with Lake(home) as lake:
        assert lake.query("SELECT count(*) FROM bars_as_of('2024-05-01')", ()) == [(24,)]
        assert lake.query("SELECT count(*) FROM funding_observations", ()) == [(0,)]


def test_a_catalogue_is_sqlite_unless_configured(tmp_path: Path) -> None:
    assert location_of(tmp_path, {}) == sqlite_location(tmp_path / "lake")
    by_variable = location_of(tmp_path, {"FACTORY_CATALOGUE": "postgres:dbname=factory"})
    assert (by_variable.metadata, by_variable.schema) == ("postgres:dbname=factory", "factory")
    (tmp_path / "catalogue.yaml").write_text("catalogue: 'postgres:host=db'\nschema: desk\n")
    assert location_of(tmp_path, {}).schema == "desk"
    (tmp_path / "catalogue.yaml").write_text("catalogue: 'mysql:host=db'\n")
    with pytest.raises(Refused, match="expected a catalogue such as"):
        location_of(tmp_path, {})
    (tmp_path / "catalogue.yaml").write_text("catalogue: 'postgres:host=db password=x'\n")
    with pytest.raises(Refused, match="PGPASSWORD"):
        location_of(tmp_path, {})


def test_frames_are_polars(home: Path) -> None:
    with open_lake(home) as lake:
        assert isinstance(lake.read_polars("bars", start=0, end=NOW_US, as_of=NOW_US, venue="v"), pl.DataFrame)
