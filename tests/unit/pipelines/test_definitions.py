"""What Dagster shows: a change here is seen by everyone who works with the UI."""

import datetime as dt
import fcntl
from pathlib import Path

import dagster as dg
import pytest

from assets import ALL_ASSETS, LINE
from assets.feeds import CHECKS as FEED_CHECKS
from assets.feeds import FEEDS
from assets.resources import Factory
from data_lake.feeds.declaration import Feed, load_feeds
from domain.market import Market
from pipelines.definitions import defs
from pipelines.instance import open_instance
from steps.configuration import CONFIG
from steps.run import Source
from tests.small_market import hourly_bars, write_market

WIRING = {
    "ingest": ("data", sorted(f"feeds/{feed.name}" for feed in load_feeds().feeds)),
    "validate": ("data", ["ingest"]),
    "as_of_view": ("data", ["validate"]),
    "market_risk": ("research", ["as_of_view"]),
    "pod_returns": ("research", ["market_risk"]),
    "attribution": ("research", ["pod_returns"]),
    "evidence": ("research", ["attribution", "market_risk"]),
    "gates": ("decision", ["evidence"]),
    "tiers": ("decision", ["gates"]),
    "covariance": ("decision", ["pod_returns"]),
    "optimise": ("decision", ["covariance", "tiers"]),
    "stress_and_capacity": ("decision", ["evidence", "optimise"]),
    "allocation_documents": ("capital", ["stress_and_capacity"]),
    "sign": ("capital", ["allocation_documents"]),
    "record": ("capital", ["sign"]),
    "deliver": ("capital", ["record"]),
    "receipts": ("capital", ["deliver"]),
    "reports": ("capital", ["attribution", "receipts"]),
}
CHECKS = {
    ("validate", "data_quality", True),
    *{("gates", f"gates_{group}", False) for group in ("data", "latency", "risk", "attribution", "execution", "significance")},
}


def test_the_line_is_wired_as_the_architecture_says() -> None:
    found = {
        asset.key.to_user_string(): (
            asset.group_names_by_key[asset.key],
            sorted(key.to_user_string() for key in asset.asset_deps[asset.key]),
        )
        for asset in LINE
    }
    assert found == WIRING
    others = [asset.key.to_user_string() for asset in ALL_ASSETS if asset not in (*LINE, *FEEDS)]
    assert others == ["inbox", "lake_care", "candidate_backtest", "candidate_sweep", "candidate_leak_test"]


def test_checks_are_those_of_quality_which_blocks_and_of_the_gates_which_warn() -> None:
    found = {(spec.asset_key.to_user_string(), spec.name, spec.blocking) for asset in LINE for spec in asset.check_specs}
    assert found == CHECKS


def test_jobs_schedules_and_sensors_are_these() -> None:
    repository = defs.get_repository_def()
    assert {"reallocation", "ingest_inbox", "care_for_the_lake"} <= set(repository.job_names)
    schedules = {schedule.name: schedule for schedule in repository.schedule_defs}
    of_feeds = {f"{name}_schedule" for name in scheduled_jobs()}
    assert schedules.keys() == {"daily_reallocation", "weekly_care", "check_feeds_schedule", *of_feeds}
    assert (schedules["weekly_care"].cron_schedule, schedules["weekly_care"].execution_timezone) == ("0 3 * * 0", "UTC")
    assert all(schedule.default_status is dg.DefaultScheduleStatus.STOPPED for schedule in schedules.values())
    assert [sensor.name for sensor in repository.sensor_defs] == ["inbox_sensor"]
    assert defs.resolve_job_def("reallocation").executor_def is dg.in_process_executor
    steps = {key.to_user_string() for key in defs.resolve_job_def("reallocation").asset_layer.executable_asset_keys}
    assert steps == set(WIRING)


def scheduled_jobs() -> dict[str, Feed]:
    return {f"fetch_{feed.name.replace('-', '_')}": feed for feed in load_feeds().feeds if feed.schedule is not None}


def test_every_declared_feed_is_an_asset_with_its_freshness_its_checks_and_its_schedule() -> None:
    declared = {f"feeds/{feed.name}": feed for feed in load_feeds().feeds}
    assert {asset.key.to_user_string() for asset in FEEDS} == set(declared)
    for asset in FEEDS:
        (spec,) = asset.specs
        hours = declared[asset.key.to_user_string()].stale_after_hours
        window = None if hours is None else dg.FreshnessPolicy.time_window(fail_window=dt.timedelta(hours=hours))
        assert spec.freshness_policy == window
    checks = {(spec.asset_key.to_user_string(), spec.name) for made in FEED_CHECKS for spec in made.check_specs}
    assert checks == {(key, name) for key in declared for name in ("fresh_events", "sound", "taken_in")}
    for name, feed in scheduled_jobs().items():
        schedule = defs.resolve_schedule_def(f"{name}_schedule")
        assert (schedule.job_name, schedule.cron_schedule, schedule.execution_timezone) == (name, feed.schedule, "UTC")
        (asset_key,) = defs.resolve_job_def(name).asset_layer.executable_asset_keys
        assert asset_key.path == ["feeds", feed.name]


def test_every_asset_says_what_it_is_and_whose() -> None:
    for asset in ALL_ASSETS:
        assert len(asset.descriptions_by_key[asset.key]) > 30, asset.key
        (spec,) = asset.specs
        assert spec.owners, asset.key
        assert all(owner.startswith("team:") for owner in spec.owners)


def test_the_schedule_starts_the_cycle_of_its_day_half_an_hour_after_midnight() -> None:
    schedule = defs.resolve_schedule_def("daily_reallocation")
    assert (schedule.cron_schedule, schedule.execution_timezone) == ("30 0 * * *", "UTC")
    at = dt.datetime(2026, 11, 20, 0, 30, tzinfo=dt.UTC)
    context = dg.build_schedule_context(scheduled_execution_time=at, repository_def=defs.get_repository_def())
    requests = schedule.evaluate_tick(context).run_requests
    assert requests is not None
    assert [request.partition_key for request in requests] == ["2026-11-20"]


def test_the_sensor_asks_for_one_run_for_each_state_of_a_folder(tmp_path: Path) -> None:
    home = tmp_path / "home"
    folder = home / "inbox" / "monday"
    folder.mkdir(parents=True)
    hourly_bars(1)["BTCUSDT"].write_csv(folder / "BTCUSDT.csv")
    (folder / "delivery.yaml").write_text("{table: bars, venue: binance, market: spot}\n")
    resources = {"factory": Factory(home=str(home), wait_s=0)}

    def asked() -> list[dg.RunRequest]:
        with dg.build_sensor_context(resources=resources, definitions=defs) as context:
            tick = defs.resolve_sensor_def("inbox_sensor").evaluate_tick(context)
        return list(tick.run_requests or [])

    (request,) = asked()
    with (home / ".lock").open("w") as held:
        # Looking waits for nobody, and keeps nobody out.
        fcntl.flock(held, fcntl.LOCK_EX)
        assert [one.run_key for one in asked()] == [request.run_key]
        with pytest.raises(dg.DagsterResourceFunctionError, match="factory"):
            defs.resolve_job_def("ingest_inbox").execute_in_process(run_config=request.run_config, resources=resources)
    job = defs.resolve_job_def("ingest_inbox")
    done = job.execute_in_process(run_config=request.run_config, resources=resources)
    assert done.success
    (made,) = done.asset_materializations_for_node("inbox")
    assert made.metadata["accepted"].value == 24
    assert str(made.metadata["summary"].value).startswith("monday: rows 24 accepted")


def test_a_resource_tells_a_run_what_the_command_line_would(tmp_path: Path) -> None:
    data = write_market(tmp_path, 2)
    run = Factory(home=str(tmp_path / "home"), data=[str(data)]).run("2024-01-03")
    assert run.source == Source((data,), Market.LINEAR, "binance")
    assert (run.cycle.label, run.deliver, run.pods) == ("2024-01-03", False, CONFIG / "pods.yaml")
    assert Factory(home=str(tmp_path / "home")).run("2024-01-03").source.simulated
    stated = Factory(home=str(tmp_path / "home"), data=[str(data)], market="spot").run("2024-01-03")
    assert stated.source.market is Market.SPOT


def test_telemetry_is_off(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DAGSTER_HOME", "")
    with open_instance(tmp_path / "dagster") as instance:
        assert instance.telemetry_enabled is False
