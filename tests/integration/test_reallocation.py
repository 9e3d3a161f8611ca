"""The same inputs give the same bytes: again, elsewhere and from the UI. A revision changes what it touches, a new cycle adds."""

import datetime as dt
import json
import os
import subprocess
import sys
from pathlib import Path

import polars as pl
import pytest

from domain.market import Market
from domain.times import US_PER_DAY, US_PER_HOUR, Cycle, iso
from steps.artefacts import load_bytes
from steps.as_of_view import as_of_view
from steps.home import Home
from steps.run import Run, Source
from tests.line import (
    DAYS,
    ROOT,
    World,
    allocations_of,
    assert_same_files,
    assert_undisturbed,
    command,
    environment,
    here,
    lake_of,
    log_of,
)
from tests.small_market import SYMBOLS, cycle_after, hourly_bars, write_market

FROM_THE_UI = """
import sys
from pipelines.definitions import defs

done = defs.resolve_job_def("reallocation").execute_in_process(partition_key=sys.argv[1], raise_on_error=True)
assert done.success
"""
"""What a launch from the UI or the schedule does in its own process: the job as it is defined, told by the environment alone."""


@pytest.fixture
def home(world: World, tmp_path: Path) -> Path:
    return world.copy(tmp_path / "home")


def run(home: Path, data: Path, *more: object) -> dict[str, object]:
    answer = here("run", "--data", data, "--home", home, "--json", *more)
    assert answer.code == 0, answer.err
    return dict(answer.json)


def revisions(answer: dict[str, object]) -> dict[str, int]:
    return {row["pod"]: row["revision"] for row in answer["allocations"]}  # type: ignore[attr-defined]


def test_another_home_hash_seed_and_number_of_threads_give_the_same_bytes(world: World, tmp_path: Path) -> None:
    other = command("run", "--data", world.data, "--home", tmp_path / "home", "--json", **environment(2))
    assert other.code == 0, other.err
    assert other.json["digest"] == world.answer["digest"]
    assert other.json["verdicts"] == world.answer["verdicts"]
    got, expected = allocations_of(tmp_path / "home", world.cycle), allocations_of(world.home, world.cycle)
    assert {"verdicts.json", "evidence.json", "payload-volatility.json", "payload-noise.json"} <= set(expected)
    assert_same_files(got, expected)
    assert log_of(tmp_path / "home") == log_of(world.home)


@pytest.mark.soak
def test_the_laboratory_decides_the_same_on_one_thread_and_on_two(tmp_path: Path) -> None:
    """Here the optimiser has a problem to solve: pods are promoted."""
    cycle = (dt.datetime.now(dt.UTC).date() - dt.timedelta(days=1)).isoformat()
    homes = {number: tmp_path / f"home-{number}" for number in (1, 2)}
    answers = {}
    for number, home in homes.items():
        (home / "arrivals").mkdir(parents=True)
        (home / "arrivals" / "left by a killed run.csv").touch()
        answers[number] = command("run", "--home", home, "--cycle", cycle, "--json", **environment(number))
        assert answers[number].code == 0, answers[number].err
        assert not (home / "arrivals").exists()
    one, two = (answer.json for answer in answers.values())
    assert one["simulated"]
    assert max(row["max_gross_usd_cents"] for row in one["allocations"]) > 50_000_00
    assert (one["digest"], one["verdicts"]) == (two["digest"], two["verdicts"])
    assert_same_files(allocations_of(homes[1], cycle), allocations_of(homes[2], cycle))


def test_a_run_from_the_ui_gives_the_same_bytes(world: World, tmp_path: Path) -> None:
    told = {"FACTORY_HOME": str(tmp_path / "home"), "FACTORY_DATA": str(world.data)}
    command_line = [sys.executable, "-c", FROM_THE_UI, world.cycle]
    ended = subprocess.run(
        command_line, cwd=ROOT, env=os.environ | told, capture_output=True, text=True, timeout=1800, check=False
    )
    assert ended.returncode == 0, ended.stderr
    assert_undisturbed(tmp_path / "home", world.home, world.cycle)


def test_the_same_cycle_again_changes_nothing(world: World, home: Path) -> None:
    before = {path.name: path.read_bytes() for path in (home / "allocations").iterdir()}
    again = run(home, world.data)
    assert again["digest"] == world.answer["digest"]
    assert again["allocations"] == world.answer["allocations"]
    assert set(revisions(again).values()) == {0}
    assert_undisturbed(home, world.home, world.cycle)
    assert {path.name: path.read_bytes() for path in (home / "allocations").iterdir()} == before


def test_a_revision_known_before_the_issue_makes_a_new_revision_of_what_it_changes(
    world: World, home: Path, tmp_path: Path
) -> None:
    cycle = Cycle.parse(world.cycle)
    deliver_revision(home, tmp_path, known_us=cycle.closes_us)
    revised = run(home, world.data)
    assert revised["digest"] != world.answer["digest"]
    assert set(revisions(revised).values()) <= {0, 1}
    assert 1 in revisions(revised).values()
    old, new = allocations_of(world.home, world.cycle), allocations_of(home, world.cycle)
    for pod, revision in revisions(revised).items():
        assert (old[f"payload-{pod}.json"] != new[f"payload-{pod}.json"]) == (revision == 1), pod
        assert (home / "allocations" / f"{world.cycle}.{pod}.r{revision}.json").exists()
    # What was issued before stands as it was issued.
    for path in (world.home / "allocations").glob("*.r0.json"):
        assert (home / "allocations" / path.name).read_bytes() == path.read_bytes()

    log, held = log_of(home), lake_of(home)
    assert [entry for entry in log if entry in log_of(world.home)] == log_of(world.home)
    again = run(home, world.data)
    assert (again["digest"], revisions(again)) == (revised["digest"], revisions(revised))
    assert (log_of(home), lake_of(home)) == (log, held)


def test_a_revision_known_after_the_issue_is_not_seen_by_the_cycle(world: World, home: Path, tmp_path: Path) -> None:
    cycle = Cycle.parse(world.cycle)
    told = Run(Home(home), cycle, Source((world.data,), Market.LINEAR, "binance"))
    deliver_revision(home, tmp_path, known_us=cycle.issued_us + 1)
    as_of_view(told)
    assert load_bytes(told, "view.json") == allocations_of(world.home, world.cycle)["view.json"]
    deliver_revision(home, tmp_path, known_us=cycle.issued_us)
    as_of_view(told)
    assert load_bytes(told, "view.json") != allocations_of(world.home, world.cycle)["view.json"]


def deliver_revision(home: Path, folder: Path, known_us: int) -> None:
    """The closes of BTC's last two days, a per cent higher, as known from a stated time on."""
    bars = hourly_bars(DAYS)["BTCUSDT"].tail(48)
    higher = bars.with_columns(close=pl.col("close") * 1.01, high=pl.max_horizontal("high", pl.col("close") * 1.01))
    higher.write_parquet(folder / "BTCUSDT.parquet")
    report = here(
        "ingest", folder / "BTCUSDT.parquet", "--table", "bars", "--market", "linear",
        "--known-at", iso(known_us), "--home", home, "--json",
    )  # fmt: skip
    assert (report.code, report.json["revised"]) == (0, 48), report.err


def test_the_next_cycle_extends_history_and_leaves_the_old_one_alone(world: World, home: Path, tmp_path: Path) -> None:
    longer = write_market(tmp_path / "longer", DAYS + 1)
    before = log_of(home)
    answer = run(home, longer)
    assert answer["cycle"] == cycle_after(DAYS + 1).label
    assert set(revisions(answer).values()) == {0}
    trials = [entry for entry in before if entry[0] == "trial"]
    after = log_of(home)
    assert after[: len(before)] == before
    assert [entry for entry in after if entry[0] == "trial"] == trials
    ingested = json.loads((home / "reports" / cycle_after(DAYS + 1).label / "data" / "ingest.json").read_text())
    bars, funding = ingested
    assert (bars["accepted"], bars["revised"], bars["unchanged"]) == (24 * len(SYMBOLS), 0, 24 * DAYS * len(SYMBOLS))
    assert (funding["accepted"], funding["revised"]) == (3 * len(SYMBOLS), 0)

    old = run(home, world.data, "--cycle", world.cycle)
    assert (old["digest"], old["allocations"]) == (world.answer["digest"], world.answer["allocations"])
    assert_same_files(allocations_of(home, world.cycle), allocations_of(world.home, world.cycle))
    assert log_of(home) == after


def test_a_payload_holds_no_clock_path_run_or_key(world: World) -> None:
    key = next((world.home / "keys").glob("allocator.pub"))
    for name, content in allocations_of(world.home, world.cycle).items():
        if name.startswith(("payload-", "verdicts", "evidence")):
            text = content.decode()
            assert str(world.folder) not in text, name
            assert key.read_text() not in text, name
    payload = json.loads(allocations_of(world.home, world.cycle)["payload-noise.json"])
    cycle = Cycle.parse(world.cycle)
    assert (payload["issued_us"], payload["expires_us"]) == (
        cycle.closes_us + US_PER_HOUR // 2,
        cycle.issued_us + 3 * US_PER_DAY // 2,
    )
