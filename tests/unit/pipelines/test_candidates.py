"""Submitted packages are partitions of a home's Dagster instance."""

from pathlib import Path

import pytest

from assets.candidates import CANDIDATE_ASSETS, _address
from assets.partitions import CANDIDATES
from pipelines.candidates import publish, publish_all
from pipelines.instance import open_instance
from steps.home import Home
from steps.packages import submit
from tests.unit.model_runtime.packages import write_package


def test_a_home_without_a_ui_gets_none_by_submitting(tmp_path: Path) -> None:
    home = Home(tmp_path / "home")
    publish(home, "idea@0123")
    assert not home.dagster.exists()


def test_every_submitted_package_is_a_candidate_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DAGSTER_HOME", str(tmp_path))
    home = Home(tmp_path / "home")
    sources = ("def predict(view):\n    return view.close\n", "def predict(view):\n    return -view.close\n")
    first, second = (submit(home, write_package(tmp_path / f"package-{len(one)}", one))["id"] for one in sources)
    publish_all(home)
    publish(home, second)
    with open_instance(home.dagster) as instance:
        assert sorted(instance.get_dynamic_partitions(str(CANDIDATES.name))) == sorted([first, second])


def test_candidates_are_partitioned_by_package() -> None:
    assert [asset.partitions_def for asset in CANDIDATE_ASSETS] == [CANDIDATES] * 3


def test_a_page_of_the_home_has_an_address_where_the_ui_serves_it(monkeypatch: pytest.MonkeyPatch) -> None:
    page, table = Path("/a/home/reports/backtests/x.html"), Path("/a/home/reports/sweeps/x.parquet")
    monkeypatch.delenv("FACTORY_REPORTS_URL", raising=False)
    assert _address(page) is None
    monkeypatch.setenv("FACTORY_REPORTS_URL", "http://127.0.0.1:3001")
    assert (_address(page), _address(table)) == ("http://127.0.0.1:3001/backtests/x.html", None)
