from pathlib import Path

import duckdb
import pytest

from data_lake.catalogue import Catalogue
from domain.errors import Unreachable


def test_a_session_is_in_utc_without_a_progress_bar(tmp_path: Path) -> None:
    catalogue = Catalogue(tmp_path, threads=1)
    settings = "SELECT current_setting('TimeZone'), current_setting('enable_progress_bar'), current_setting('threads')"
    assert catalogue.connection.execute(settings).fetchone() == ("UTC", False, 1)
    catalogue.close()


def test_on_a_conflict_the_work_reads_and_computes_again(tmp_path: Path) -> None:
    one, other = Catalogue(tmp_path), Catalogue(tmp_path)
    seen = []

    def count_up(connection: duckdb.DuckDBPyConnection) -> None:
        (number,) = connection.execute("SELECT delivery FROM head").fetchone() or (0,)
        seen.append(number)
        if len(seen) == 1:
            other.transact(lambda rival: rival.execute("UPDATE head SET delivery = delivery + 10"))
        connection.execute("UPDATE head SET delivery = ?", [number + 1])

    one.transact(count_up)
    assert seen == [0, 10]
    assert one.connection.execute("SELECT delivery FROM head").fetchall() == [(11,)]
    one.close()
    other.close()


def test_the_budget_of_attempts_ends(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("data_lake.catalogue._PAUSE_S", 0.0)
    catalogue = Catalogue(tmp_path)

    def always_busy(connection: duckdb.DuckDBPyConnection) -> None:
        raise duckdb.TransactionException("database is locked")

    with pytest.raises(Unreachable, match="stayed busy"):
        catalogue.transact(always_busy)
    assert catalogue.connection.execute("SELECT delivery FROM head").fetchall() == [(0,)]
    catalogue.close()


def test_an_error_that_is_no_conflict_is_raised_and_rolled_back(tmp_path: Path) -> None:
    catalogue = Catalogue(tmp_path)

    def fails(connection: duckdb.DuckDBPyConnection) -> None:
        connection.execute("UPDATE head SET delivery = 7")
        raise OSError("disk full")

    with pytest.raises(OSError, match="disk full"):
        catalogue.transact(fails)
    assert catalogue.connection.execute("SELECT delivery FROM head").fetchall() == [(0,)]
    catalogue.close()
