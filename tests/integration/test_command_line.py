"""Each command as a program meets it: the keys of its JSON, its files, its exit codes, one sentence where it refuses."""

import json
from pathlib import Path

import pyarrow as pa
import pyarrow.csv as pa_csv
import pyarrow.parquet as pq
import pytest

from domain.canonical import canonical_bytes, digest, digest_bytes
from domain.times import US_PER_HOUR, iso, parse_utc
from steps.home import REPOSITORY
from tests.line import DAYS, World, command, here
from tests.small_market import START, SYMBOLS, hourly_bars

INGEST = ("accepted", "unchanged", "revised", "quarantined", "findings", "snapshot")
BACKTEST = {"run", "trials", "total_return", "sharpe_annual", "volatility_annual", "max_drawdown", "turnover_annual", "report"}
END = "2024-01-03"
ROWS = 48


@pytest.fixture
def home(world: World, tmp_path: Path) -> Path:
    return world.copy(tmp_path / "home")


def test_run_answers_with_cycle_digest_limits_verdicts_report_and_seconds(world: World) -> None:
    answer = world.answer
    assert {"cycle", "digest", "allocations", "verdicts", "report", "seconds"} <= set(answer)
    assert answer["cycle"] == world.cycle
    assert answer["data_to"] == f"{world.cycle}T00:00:00Z"
    for row in answer["allocations"]:
        assert {"pod", "tier", "max_gross_usd_cents", "binding"} <= set(row)
        assert isinstance(row["max_gross_usd_cents"], int)
    assert {tuple(sorted(row)) for row in answer["verdicts"]} == {("gate", "outcome", "pod")}
    assert {row["outcome"] for row in answer["verdicts"]} <= {"PASS", "FAIL", "INSUFFICIENT"}
    pods = [row["pod"] for row in answer["allocations"]]
    assert pods == sorted({path.parent.name for path in (REPOSITORY / "strategies").glob("*/manifest.yaml")})
    assert Path(answer["report"]).read_text().startswith("<!DOCTYPE html>")
    steps = list(answer["seconds"])
    assert steps[:3] == ["ingest", "validate", "as_of_view"]
    assert steps[-2:] == ["dagster", "total"]


def test_the_digest_of_a_run_is_that_of_all_its_payloads(world: World) -> None:
    data = world.home / "reports" / world.cycle / "data"
    payloads = [data / f"payload-{row['pod']}.json" for row in world.answer["allocations"]]
    assert world.answer["digest"] == digest([digest_bytes(path.read_bytes()) for path in payloads])
    for path in payloads:
        assert canonical_bytes(json.loads(path.read_bytes())) == path.read_bytes()


def test_ingest_counts_rows_and_a_second_time_changes_nothing(tmp_path: Path) -> None:
    bars = hourly_bars(2)["BTCUSDT"]
    bars.write_csv(tmp_path / "BTCUSDT.csv")
    first = here("ingest", tmp_path / "BTCUSDT.csv", "--table", "bars", "--home", tmp_path / "home", "--json").json
    assert set(first) >= set(INGEST)
    assert [first[name] for name in ("accepted", "unchanged", "revised", "quarantined", "findings", "snapshot")] == [
        48,
        0,
        0,
        0,
        0,
        1,
    ]
    again = here("ingest", tmp_path / "BTCUSDT.csv", "--table", "bars", "--home", tmp_path / "home", "--json").json
    assert [again[name] for name in ("accepted", "unchanged", "revised", "quarantined", "findings", "snapshot")] == [
        0,
        48,
        0,
        0,
        0,
        1,
    ]
    said = here("ingest", tmp_path / "BTCUSDT.csv", "--table", "bars", "--home", tmp_path / "home")
    assert (said.code, said.err) == (0, "")
    assert "unchanged" in said.out


def read(home: Path, out: Path, *more: object) -> dict[str, int]:
    answer = here("read", "bars", "--start", START, "--end", END, "--home", home, "--out", out, "--json", *more)
    assert answer.code == 0, answer.err
    return dict(answer.json)


def test_read_writes_the_columns_and_types_of_its_contract(home: Path, tmp_path: Path) -> None:
    out = tmp_path / "out.parquet"
    answer = read(home, out, "--market", "linear", "--symbols", "BTCUSDT,ETHUSDT")
    assert set(answer) == {"rows", "snapshot"}
    table = pq.read_table(out)
    assert answer["rows"] == table.num_rows == 2 * ROWS
    assert table.column_names[:7] == ["symbol", "open_time", "open", "high", "low", "close", "volume"]
    assert "trades" not in table.column_names
    utc = pa.timestamp("us", tz="UTC")
    assert (table.schema.field("open_time").type, table.schema.field("knowledge_time").type) == (utc, utc)
    assert {table.schema.field(name).type for name in ("open", "high", "low", "close", "volume")} == {pa.float64()}
    rows = table.to_pylist()
    assert rows == sorted(rows, key=lambda row: (row["symbol"], row["open_time"]))
    given = hourly_bars(DAYS)["BTCUSDT"]["close"].to_list()[:ROWS]
    assert [row["close"] for row in rows[:ROWS]] == given
    assert rows[0]["open_time"].isoformat() == "2024-01-01T00:00:00+00:00"
    assert rows[0]["knowledge_time"].isoformat() == "2024-01-01T01:01:00+00:00"


def test_read_writes_csv_and_arrow_and_refuses_what_it_cannot_write(home: Path, tmp_path: Path) -> None:
    read(home, tmp_path / "out.csv", "--market", "linear")
    assert pa_csv.read_csv(tmp_path / "out.csv").num_rows == len(SYMBOLS) * ROWS
    read(home, tmp_path / "new folder" / "out.arrow", "--market", "linear")
    assert pa.ipc.open_file(tmp_path / "new folder" / "out.arrow").read_all().num_rows == len(SYMBOLS) * ROWS
    refused = here("read", "bars", "--start", START, "--end", END, "--home", home, "--out", tmp_path / "out.xlsx")
    assert (refused.code, "out.xlsx" in refused.sentence) == (1, True)


def test_read_answers_as_of_a_time_and_from_a_snapshot(home: Path, tmp_path: Path) -> None:
    revised = hourly_bars(2)["BTCUSDT"].tail(1)
    revised = revised.with_columns(volume=revised["volume"] * 2)
    revised.write_csv(tmp_path / "BTCUSDT.csv")
    before = read(home, tmp_path / "before.parquet", "--market", "linear", "--symbols", "BTCUSDT")["snapshot"]
    stated = ("--market", "linear", "--interval", "1h", "--known-at", "2024-02-01T00:00:00Z")
    report = here("ingest", tmp_path / "BTCUSDT.csv", "--table", "bars", "--home", home, "--json", *stated).json
    assert (report["revised"], report["accepted"], report["snapshot"]) == (1, 0, before + 1)
    volumes = {}
    for name, more in {
        "now": (),
        "as of the day before": ("--as-of", "2024-01-31"),
        "as of the moment": ("--as-of", "2024-02-01T01:00:00+01:00"),
        "in the earlier snapshot": ("--snapshot", before),
    }.items():
        read(home, tmp_path / "out.parquet", "--market", "linear", "--symbols", "BTCUSDT", *more)
        volumes[name] = pq.read_table(tmp_path / "out.parquet")["volume"].to_pylist()[-1]
    old, new = revised["volume"][0] / 2, revised["volume"][0]
    assert volumes == {"now": new, "as of the day before": old, "as of the moment": new, "in the earlier snapshot": old}
    assert read(home, tmp_path / "early.parquet", "--market", "linear", "--as-of", START)["rows"] == 0


def test_backtest_puts_a_trial_on_record_and_answers_with_its_figures(home: Path) -> None:
    asked = ("backtest", "btc-levered", "--home", home, "--as-of", "2024-04-01", "--json")
    first = here(*asked, "--param", "sharpe_annual=0.5").json
    assert set(first) >= BACKTEST
    assert first["authors"]
    assert Path(first["report"]).exists()
    again = here(*asked, "--param", "sharpe_annual=0.5").json
    assert again == first
    other = here(*asked, "--param", "sharpe_annual=0.25").json
    assert (other["trials"], other["run"] == first["run"]) == (first["trials"] + 1, False)
    assert first["volatility_annual"] > 0
    assert 0 <= first["max_drawdown"] < 1


def test_gates_answers_with_a_verdict_that_can_be_computed_again(home: Path) -> None:
    first = here("gates", "btc-levered", "--home", home, "--json").json
    assert {"outcome", "gates", "digest"} <= set(first)
    for gate in first["gates"]:
        assert {"gate", "outcome", "observed", "threshold", "unit", "margin"} <= set(gate)
    assert here("gates", "btc-levered", "--home", home, "--tier", "T1", "--json").json == first
    refused = here("gates", "btc-levered", "--home", home, "--tier", "T9")
    assert (refused.code, "T9" in refused.sentence) == (1, True)


def test_verify_tells_valid_expired_altered_and_missing_apart(world: World, tmp_path: Path) -> None:
    signed = sorted((world.home / "allocations").glob("*.json"))
    issued = parse_utc(world.cycle) + US_PER_HOUR
    valid = here("verify", *signed, "--at", iso(issued), "--home", world.home, "--json")
    assert (valid.code, {row["reason"] for row in valid.json}) == (0, {"signed"})
    assert {tuple(row) for row in valid.json} == {("file", "valid", "reason", "signer", "expires")}
    assert len({row["signer"] for row in valid.json}) == 1

    late = here("verify", signed[0], "--home", world.home, "--json")
    assert (late.code, late.json[0]["valid"]) == (1, False)
    assert "expired" in late.json[0]["reason"]
    assert late.json[0]["signer"] == valid.json[0]["signer"]

    altered = tmp_path / "altered.json"
    altered.write_bytes(signed[0].read_bytes().replace(b"eyJ", b"eyK", 1))
    bad = here("verify", altered, signed[0], "--at", iso(issued), "--home", world.home, "--json")
    assert (bad.code, [row["valid"] for row in bad.json]) == (1, [False, True])
    assert (bad.json[0]["signer"], bad.json[0]["expires"]) == (None, None)

    absent = here("verify", tmp_path / "nothing.json", "--home", world.home, "--json")
    assert (absent.code, absent.json[0]["valid"]) == (1, False)
    stranger = here("verify", signed[0], "--at", iso(issued), "--home", tmp_path, "--json")
    assert (stranger.code, stranger.json[0]["signer"]) == (1, None)


def test_a_mistyped_command_is_a_usage_error_and_a_silent_pod_is_unreachable(tmp_path: Path) -> None:
    assert here("run", "--nothing-of-the-kind").code == 2
    assert here("read", "bars", "--home", tmp_path).code == 2
    silent = here("pod", "status", "http://127.0.0.1:9")
    assert (silent.code, "127.0.0.1:9" in silent.sentence) == (3, True)


def test_a_refusal_in_a_process_of_its_own_is_one_sentence(tmp_path: Path) -> None:
    refused = command("run", "--data", tmp_path / "nothing", "--home", tmp_path / "home")
    assert (refused.code, refused.out) == (1, "")
    assert str(tmp_path / "nothing") in refused.sentence
    assert not (tmp_path / "home").exists()
