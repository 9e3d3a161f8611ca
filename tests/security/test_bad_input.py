"""Bad input ends in one clear sentence and the right exit code; the good is kept, the bad lies in quarantine, listed."""

import json
import shutil
import socket
from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest
import yaml

from data_lake.lake import Lake
from steps import check_configuration, roster
from steps.home import REPOSITORY
from tests.line import Answer, World, command, here
from tests.small_market import START, hourly_bars, write_market

ROWS = 48
CONFIGURATION = sorted(path.name for path in (REPOSITORY / "config").glob("*.yaml"))


def btc() -> pl.DataFrame:
    return hourly_bars(2)["BTCUSDT"]


def changed(column: str, row: int, value: float) -> pl.DataFrame:
    """BTC with one value changed."""
    bars = btc()
    at = pl.int_range(pl.len()) == row
    return bars.with_columns(pl.when(at).then(value).otherwise(pl.col(column)).alias(column))


def ingest(path: Path, home: Path, *more: object) -> Answer:
    return here("ingest", path, "--table", "bars", "--home", home, "--json", *more)


def quarantine(home: Path) -> list[tuple[str, str | None]]:
    """Reason and payload of everything in quarantine."""
    with Lake(home) as lake:
        return [(row["reason"], row["payload"]) for row in lake.quarantine().to_pylist()]


# ---- files


def empty_folder(folder: Path) -> None:
    """Nothing in it."""


def unreadable_parquet(folder: Path) -> None:
    (folder / "BTCUSDT.parquet").write_bytes(b"PAR1 and then nothing that is Parquet")


def csv_with_a_missing_column(folder: Path) -> None:
    btc().drop("close").write_csv(folder / "BTCUSDT.csv")


def mixed_epoch_units(folder: Path) -> None:
    bars = btc().with_columns(
        open_time=pl.when(pl.int_range(pl.len()) < 24).then("open_time").otherwise(pl.col("open_time") * 1000)
    )
    bars.write_csv(folder / "BTCUSDT.csv")


BAD_FILES: dict[Callable[[Path], None], str] = {
    unreadable_parquet: "not readable as Parquet",
    csv_with_a_missing_column: "missing column close",
    mixed_epoch_units: "mixed epoch units",
}


@pytest.mark.parametrize(("write", "words"), [(empty_folder, "found none"), *BAD_FILES.items()])
def test_a_delivery_with_nothing_usable_is_refused(write: Callable[[Path], None], words: str, tmp_path: Path) -> None:
    folder = tmp_path / "in"
    folder.mkdir()
    write(folder)
    run = ("run", "--data", folder, "--home", tmp_path / "home")
    for refused in (ingest(folder, tmp_path / "home"), here(*run), here(*run, "--cycle", START)):
        assert refused.code == 1
        assert words in refused.sentence
        assert refused.out == ""


@pytest.mark.parametrize(("write", "words"), BAD_FILES.items())
def test_a_bad_file_lies_in_quarantine_and_a_good_one_beside_it_is_kept(
    write: Callable[[Path], None], words: str, tmp_path: Path
) -> None:
    folder = tmp_path / "in"
    folder.mkdir()
    write(folder)
    hourly_bars(2)["ETHUSDT"].write_parquet(folder / "ETHUSDT.parquet")
    report = ingest(folder, tmp_path / "home")
    assert (report.code, report.json["accepted"]) == (0, ROWS)
    assert [words in item["reason"] for item in report.json["reasons"]] == [True]
    assert report.json["quarantined"] == report.json["reasons"][0]["rows"] > 0
    (reason, payload), *_ = quarantine(tmp_path / "home")
    assert (words in reason, payload) == (True, None)
    again = ingest(folder, tmp_path / "home")
    assert (again.json["accepted"], again.json["unchanged"], again.json["quarantined"]) == (0, ROWS, report.json["quarantined"])


@pytest.mark.parametrize(
    ("column", "value", "reason"),
    [
        ("close", 0.0, "non_positive_price"),
        ("open", -1.0, "non_positive_price"),
        ("high", 1.0, "high_below_low"),
        ("volume", -1.0, "negative_volume"),
        ("close", float("nan"), "no_number_in_close"),
    ],
)
def test_a_bad_row_lies_in_quarantine_and_its_neighbours_are_kept(column: str, value: float, reason: str, tmp_path: Path) -> None:
    changed(column, 7, value).write_parquet(tmp_path / "BTCUSDT.parquet")
    report = ingest(tmp_path / "BTCUSDT.parquet", tmp_path / "home").json
    assert (report["accepted"], report["quarantined"]) == (ROWS - 1, 1)
    assert report["reasons"] == [{"reason": reason, "rows": 1}]
    ((found, payload),) = quarantine(tmp_path / "home")
    assert found == reason
    assert json.loads(str(payload))["open_time"] == btc()["open_time"][7] * 1000
    said = here("ingest", tmp_path / "BTCUSDT.parquet", "--table", "bars", "--home", tmp_path / "home")
    assert "in quarantine: 1 rows" in said.out


def test_duplicates_that_disagree_are_both_facts_and_a_finding_names_them(tmp_path: Path) -> None:
    twice = pl.concat([btc(), btc().tail(1).with_columns(volume=pl.col("volume") * 3)])
    twice.write_csv(tmp_path / "BTCUSDT.csv")
    report = ingest(tmp_path / "BTCUSDT.csv", tmp_path / "home").json
    assert (report["accepted"], report["quarantined"], report["findings"]) == (ROWS + 1, 0, 1)
    reversed_home = tmp_path / "reversed"
    twice.reverse().write_csv(tmp_path / "reversed.csv")
    here("ingest", tmp_path / "reversed.csv", "--table", "bars", "--home", reversed_home, "--json")
    held = {}
    for home in (tmp_path / "home", reversed_home):
        with Lake(home) as lake:
            (finding,) = lake.findings().to_pylist()
            assert finding["kind"] == "conflict"
            sides = json.loads(finding["evidence"])
            assert {sides["winner"]["volume"], sides["loser"]["volume"]} == set(twice["volume"][-2:])
            held[home] = lake.query("SELECT volume FROM bars_current ORDER BY open_time DESC LIMIT 1", ())
    assert held[tmp_path / "home"] == held[reversed_home] == [(sides["winner"]["volume"],)]


def test_the_report_lists_what_a_run_put_into_quarantine(tmp_path: Path) -> None:
    """The good rows go on to a decision; the page says what was left out, and why."""
    data = write_market(tmp_path / "market", 100)
    bad = pl.read_parquet(data / "bars" / "BTCUSDT.parquet").with_columns(
        low=pl.when(pl.int_range(pl.len()) == 100).then(0.0).otherwise("low")
    )
    bad.write_parquet(data / "bars" / "BTCUSDT.parquet")
    (data / "bars" / "BNBUSDT.parquet").write_bytes(b"PAR1")
    ended = here("run", "--data", data, "--home", tmp_path / "home", "--json")
    assert ended.code == 0, ended.err
    page = Path(ended.json["report"]).read_text()
    for reason in ("non_positive_price", "not readable as Parquet"):
        assert reason in page
    assert len(quarantine(tmp_path / "home")) == 2


# ---- configuration and packages


@pytest.mark.parametrize("name", CONFIGURATION)
def test_an_unknown_key_in_any_configuration_is_named_before_anything_runs(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copytree(REPOSITORY / "config", tmp_path / "config")
    (tmp_path / "config" / name).write_text((REPOSITORY / "config" / name).read_text() + "\nsurprise: 1\n")
    monkeypatch.setattr(check_configuration, "CONFIG", tmp_path / "config")
    refused = here("run", "--home", tmp_path / "home")
    assert refused.code == 1
    assert name in refused.sentence
    assert "unknown key 'surprise'" in refused.sentence
    assert not (tmp_path / "home").exists()


def test_every_configuration_file_is_checked() -> None:
    assert sorted(check_configuration.READERS) == CONFIGURATION


def test_an_unknown_key_in_a_nested_place_a_missing_one_and_no_yaml_are_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copytree(REPOSITORY / "config", tmp_path / "config")
    monkeypatch.setattr(check_configuration, "CONFIG", tmp_path / "config")
    costs = yaml.safe_load((REPOSITORY / "config" / "costs.yaml").read_text())
    for words, content in {
        "unknown key 'markets.linear.rebate'": yaml.safe_dump(
            costs | {"markets": {"linear": {**costs["markets"]["linear"], "rebate": 1}}}
        ),
        "missing key 'impact'": yaml.safe_dump({key: value for key, value in costs.items() if key != "impact"}),
        "is not readable as YAML": "markets: [",
    }.items():
        (tmp_path / "config" / "costs.yaml").write_text(content)
        refused = here("run", "--home", tmp_path / "home")
        assert (refused.code, words in refused.sentence) == (1, True), refused.sentence
    (tmp_path / "config" / "costs.yaml").unlink()
    assert "it is missing" in here("run", "--home", tmp_path / "home").sentence


def package(folder: Path, **changes: object) -> Path:
    """The noise package with other lines in its manifest; None takes one away."""
    shutil.copytree(REPOSITORY / "strategies" / "noise", folder)
    manifest = yaml.safe_load((folder / "manifest.yaml").read_text()) | changes
    (folder / "manifest.yaml").write_text(yaml.safe_dump({key: value for key, value in manifest.items() if value is not None}))
    return folder


def test_a_manifest_without_author_or_with_an_unknown_key_is_refused(world: World, tmp_path: Path) -> None:
    for number, (changes, words) in enumerate(
        (
            ({"authors": None}, "missing key 'authors'"),
            ({"authors": []}, "authors"),
            ({"colour": "blue"}, "unknown key 'colour'"),
        )
    ):
        folder = package(tmp_path / f"package-{number}", **changes)
        refused = here("backtest", folder, "--home", world.home)
        assert (refused.code, words in refused.sentence) == (1, True), refused.sentence


def test_a_package_that_cannot_be_loaded_is_refused_by_name_and_the_others_go_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    package(tmp_path / "strategies" / "authorless", name="authorless", authors=None)
    package(tmp_path / "strategies" / "noise")
    broken = package(tmp_path / "strategies" / "broken", name="broken")
    (broken / "strategy.py").write_text("def predict(view):\n    return view.nothing\n")
    monkeypatch.setattr(roster, "STRATEGIES", tmp_path / "strategies")
    data = write_market(tmp_path / "market", 100)
    ended = here("run", "--data", data, "--home", tmp_path / "home", "--json")
    assert ended.code == 0, ended.err
    assert [row["pod"] for row in ended.json["allocations"]] == ["noise"]
    assert "missing key 'authors'" in ended.json["refused"]["authorless"]
    assert "nothing" in ended.json["refused"]["broken"]
    page = Path(ended.json["report"]).read_text()
    assert "authorless was refused" in page


# ---- cycles, markets, ports


def test_a_cycle_in_the_future_before_any_data_or_long_after_it_is_refused(world: World, tmp_path: Path) -> None:
    for cycle, words in {
        "2199-01-01": "today, UTC",
        "2023-06-01": "the lake holds no linear bars",
        "2025-06-01": "before the cycle, 24 h are allowed: fetch the feed",
        "tomorrow": "expected a cycle date",
    }.items():
        refused = here("run", "--data", world.data, "--home", tmp_path / "home", "--cycle", cycle)
        assert (refused.code, words in refused.sentence) == (1, True), refused.sentence


def test_a_market_or_venue_that_cannot_be_is_refused(world: World, tmp_path: Path) -> None:
    for more, words in {
        ("--market", "futures"): "futures",
        ("--venue", "sim"): "is the laboratory's",
        ("--market", "inverse"): "inverse",
    }.items():
        refused = here("run", "--data", world.data, "--home", tmp_path / "home", *more)
        assert (refused.code, words in refused.sentence) == (1, True), refused.sentence


def test_contracts_without_any_funding_pay_an_assumed_rate_and_cannot_pass(tmp_path: Path) -> None:
    data = write_market(tmp_path / "market", 100, funding=False)
    ended = here("run", "--data", data, "--market", "linear", "--home", tmp_path / "home", "--json")
    assert ended.code == 0, ended.err
    funding = {row["pod"]: row["outcome"] for row in ended.json["verdicts"] if row["gate"] == "funding_known"}
    assert set(funding.values()) == {"INSUFFICIENT"}
    daily = pl.read_parquet(tmp_path / "home" / "reports" / ended.json["cycle"] / "data" / "pod_daily.parquet")
    held = daily.filter(pl.col("gross_exposure") > 0)
    assert set(held["pod"]) >= {"btc-levered", "noise"}
    assert (held["component_funding"] < 0).all()
    page = Path(ended.json["report"]).read_text()
    assert "no source states any funding" in page


def test_data_without_bitcoin_is_decided_on_as_far_as_it_can_be(tmp_path: Path) -> None:
    data = write_market(tmp_path / "market", 100)
    for table in ("bars", "funding"):
        (data / table / "BTCUSDT.parquet").unlink()
    ended = here("run", "--data", data, "--home", tmp_path / "home", "--json")
    assert ended.code == 0, ended.err
    assert "btc-levered" in ended.json["refused"]
    alpha = {row["outcome"] for row in ended.json["verdicts"] if row["gate"] in ("residual_alpha", "beta_btc")}
    assert alpha == {"INSUFFICIENT"}


def test_a_busy_port_is_one_sentence(world: World, tmp_path: Path) -> None:
    with socket.socket() as busy:
        busy.bind(("127.0.0.1", 0))
        busy.listen()
        port = busy.getsockname()[1]
        pod = command("pod", "serve", "--id", "noise", "--port", port, "--home", world.copy(tmp_path / "home"))
        assert (pod.code, f"port {port}" in pod.sentence) == (1, True)
        ui = here("ui", "--port", port, "--home", tmp_path / "home")
        assert (ui.code, f"port {port}" in ui.sentence) == (1, True)


def test_a_home_without_keys_serves_no_pod_and_has_no_log(tmp_path: Path) -> None:
    pod = here("pod", "serve", "--id", "noise", "--port", "8999", "--home", tmp_path / "home")
    assert (pod.code, "allocator.pub" in pod.sentence) == (1, True)
    for word in ("verify", "show"):
        log = here("log", word, "--home", tmp_path / "home")
        assert (log.code, "no log in this home" in log.sentence) == (1, True)
    assert not (tmp_path / "home").exists()
    empty = here("backtest", "noise", "--home", tmp_path / "home")
    assert (empty.code, "the lake holds no bars" in empty.sentence) == (1, True)
