"""Records of runs: content-addressed, told apart from what was done to them, listed, and compared down to the input."""

from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from pydantic import ValidationError

from domain.errors import Refused
from steps.home import Home
from steps.run_comparison import change_lines, compare_runs, comparison_sentences
from steps.run_records import all_runs, load_run, note_asked, save_run
from steps.run_table import list_runs
from tests.unit.steps.made_up_runs import DAYS, RETURNS, inputs, record


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(tmp_path)


def asked(at_us: int, **more: Any) -> dict[str, Any]:
    note = {"word": "backtest", "by": "ada", "hypothesis": "a claim", "as_of_us": at_us, "snapshot": 1, "trials": 7}
    return {**note, "trials_effective": 2.5, "dsr": 0.4, **more}


def test_a_run_comes_back_as_it_was_in_one_call(home: Home) -> None:
    run = load_run(save_run(home, inputs(), record()), home.root)
    assert (run.inputs, run.authors) == (inputs(), ("Ada", "Grace"))
    assert isinstance(run.daily, pl.DataFrame)
    np.testing.assert_array_equal(run.daily["net_return"].to_numpy(), RETURNS)
    assert run.daily["day"].dtype == pl.Datetime("us", "UTC")
    assert (run.orders.height, run.symbols["symbol"].to_list()) == (1, ["BTCUSDT"])
    assert run.results["sharpe_annual"].value == pytest.approx(RETURNS.mean() / RETURNS.std(ddof=1) * 365**0.5, abs=1e-8)
    with pytest.raises(ValidationError):
        run.record.seed = 3  # type: ignore[attr-defined]


def test_the_same_inputs_and_results_are_the_same_run_and_anything_else_another(home: Home) -> None:
    first = save_run(home, inputs(), record())
    assert save_run(home, inputs(), record()) == first
    others = [
        save_run(home, inputs(seed=2), record()),
        save_run(home, inputs(code="sha256:" + "b" * 64), record()),
        save_run(home, inputs(parameters={"fast": 3, "slow": 8.0}), record()),
        save_run(home, inputs(), record(RETURNS * 1.001)),
    ]
    assert len({first, *others}) == 5


@pytest.mark.parametrize("name", ["record.json", "daily.parquet"])
def test_a_record_that_was_changed_is_refused(home: Home, name: str) -> None:
    run = save_run(home, inputs(), record())
    file = home.root / "runs" / run / name
    data = bytearray(file.read_bytes())
    data[len(data) // 2] ^= 1
    file.write_bytes(data)
    with pytest.raises(Refused, match="recorded"):
        _ = load_run(run, home).daily


def test_no_run_and_several_are_refused(home: Home) -> None:
    save_run(home, inputs(), record())
    for name in ("ffffffffffffffff", "../runs", "*"):
        with pytest.raises(Refused, match="factory runs"):
            load_run(name, home)


def test_digits_that_fit_several_runs_are_refused(home: Home) -> None:
    ids = {save_run(home, inputs(seed=seed), record()) for seed in range(17)}  # of 17 ids two begin alike
    digit = next(one[0] for one in sorted(ids) if sum(other[0] == one[0] for other in ids) > 1)
    with pytest.raises(Refused, match="of them"):
        load_run(digit, home)


def test_the_table_has_a_row_for_each_run_and_what_stood_behind_it_last(home: Home) -> None:
    first, second = save_run(home, inputs(), record()), save_run(home, inputs(strategy="other"), record())
    note_asked(home, first, 10, asked(10))
    note_asked(home, second, 20, asked(20))
    verdict = {"tier": "T1", "outcome": "FAIL", "reasons": [], "report": "x"}
    note_asked(home, first, 30, asked(30, trials=9, by="grace", word="gates", verdict=verdict))
    rows = list_runs(home, None)
    assert [(row["run"], row["by"], row["trials"], row["asked"]) for row in rows] == [
        (first, "grace", 9, 2),
        (second, "ada", 7, 1),
    ]
    assert [row["verdict"] for row in rows] == [verdict, None]
    assert rows[0]["sharpe_low"] < rows[0]["sharpe_annual"] < rows[0]["sharpe_high"]
    assert [row["run"] for row in list_runs(home, "other")] == [second]
    assert [run.id for run in all_runs(home)] == [first, second]


CHANGES: dict[str, tuple[dict[str, Any], str, Any]] = {
    "parameters": ({"parameters": {"fast": 4, "slow": 8.0}}, "parameters", {"fast": {"a": 2, "b": 4}}),
    "seed": ({"seed": 2}, "seed", {"a": 1, "b": 2}),
    "policy": ({"policy": "sha256:q"}, "policy", {"a": "sha256:p", "b": "sha256:q"}),
    "engine": ({"engine": "sha256:z"}, "engine", {"a": "sha256:e", "b": "sha256:z"}),
    "data": (
        {"data": inputs().data.model_dump(mode="json") | {"content_digest": "sha256:d"}},
        "data",
        {"content_digest": {"a": "sha256:c", "b": "sha256:d"}},
    ),
    "terms": (
        {"terms": {"capital_usd": 1e6, "costs": {"markets": {"linear": {"taker_fee_bps": 7.5}}}}},
        "terms",
        {"costs.markets.linear.taker_fee_bps": {"a": 5.0, "b": 7.5}},
    ),
    "code": (
        {"code": "sha256:" + "b" * 64, "files": {"manifest.yaml": "sha256:1", "strategy.py": "sha256:3", "extra.py": "sha256:4"}},
        "code",
        {
            "a": "sha256:" + "a" * 64,
            "b": "sha256:" + "b" * 64,
            "files": {"strategy.py": {"a": "sha256:2", "b": "sha256:3"}, "extra.py": {"a": None, "b": "sha256:4"}},
        },
    ),
}


@pytest.mark.parametrize("name", list(CHANGES))
def test_two_runs_compare_down_to_the_changed_input(home: Home, name: str) -> None:
    changes, section, expected = CHANGES[name]
    found = compare_runs(home, save_run(home, inputs(), record()), save_run(home, inputs(**changes), record(RETURNS + 1e-4)))
    assert found["inputs"] == {section: expected}
    assert [reset["changed"] for reset in found["resets"]] == [section]
    assert found["behaviour"]["days_that_differ"] == DAYS
    sharpe = next(row for row in found["results"] if row["figure"] == "sharpe_annual")
    assert sharpe["difference"] == pytest.approx(1e-4 / RETURNS.std(ddof=1) * 365**0.5, abs=1e-7)
    assert Path(found["report"]).read_text().count("Ada, Grace") == 2
    assert section in comparison_sentences(found)


def test_other_code_takes_all_evidence_away_and_another_seed_almost_none(home: Home) -> None:
    first = save_run(home, inputs(), record())
    code = compare_runs(home, first, save_run(home, inputs(code="sha256:" + "b" * 64), record()))
    assert code["resets"][0]["stands"] == []
    assert "live record" in code["resets"][0]["make_again"]
    seed = compare_runs(home, first, save_run(home, inputs(seed=9), record()))
    assert {"leak test", "approvals", "live record"} <= set(seed["resets"][0]["stands"])


def test_a_run_beside_itself_differs_in_nothing(home: Home) -> None:
    run = save_run(home, inputs(), record())
    found = compare_runs(home, run, run)
    assert (found["same_inputs"], found["inputs"], found["resets"]) == (True, {}, [])
    assert (found["behaviour"]["days_that_differ"], found["behaviour"]["first_day_that_differs"]) == (0, None)
    assert {row["difference"] for row in found["results"]} <= {0.0, None}


def test_the_first_day_apart_is_named(home: Home) -> None:
    later = RETURNS.copy()
    later[40:] += 1e-3
    found = compare_runs(home, save_run(home, inputs(), record()), save_run(home, inputs(seed=2), record(later)))
    assert found["behaviour"]["first_day_that_differs"] == "1970-02-10T00:00:00Z"
    assert found["behaviour"]["days_that_differ"] == DAYS - 40


def test_a_change_is_told_in_lines_with_what_it_takes_away(home: Home) -> None:
    before, after = (
        load_run(save_run(home, inputs(seed=1, policy=policy), record()), home) for policy in ("sha256:p", "sha256:q")
    )
    assert change_lines(before, after) == ("policy: sha256:p -> sha256:q", "to be made again: approvals, gates")
    assert change_lines(before, before) == ()
