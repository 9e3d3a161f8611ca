"""What research puts on record first: claims, questions, reads."""

from pathlib import Path

import pytest

from domain.market import Market
from ledger.log import Log
from steps.experiments import EXPERIMENT, Asked, record_experiment
from steps.exposures import EXPOSURE, by_whom, exposed, record_query, record_read
from steps.home import Home
from steps.trials import CLAIM, NO_CLAIM, TRIAL
from steps.trust import open_log
from tests.unit.steps.test_families import named
from tests.unit.steps.test_trials import VIEW

WHO = named("idea", "a")
CONFIGURATIONS = [dict(WHO.manifest.parameters), {**WHO.manifest.parameters, "fast_hours": 3}]


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(tmp_path)


@pytest.fixture
def log(home: Home) -> Log:
    return open_log(home)


def ask(log: Log, hypothesis: str | None = None, who: object = WHO, by: str = "ada") -> dict[str, object]:
    return record_experiment(log, Asked("backtest", by, hypothesis), who, CONFIGURATIONS, VIEW, 5)  # type: ignore[arg-type]


def test_claim_reads_question_and_trials_go_to_the_log_in_this_order(log: Log) -> None:
    ask(log, "it persists for a day")
    assert [entry.kind for entry in log.entries()] == [CLAIM, EXPOSURE, EXPOSURE, EXPERIMENT, TRIAL, TRIAL]
    body = log.entries(EXPERIMENT)[0].body
    assert (body["by"], body["hypothesis"], body["seed"], body["configurations"]) == ("ada", "it persists for a day", 5, 2)
    assert (body["code"], body["authors"]) == (WHO.code, list(WHO.manifest.authors))
    assert body["data"]["content_digest"] == VIEW.content_digest
    assert {read.body["table"] for read in log.entries(EXPOSURE)} == {"bars", "funding"}


def test_without_a_claim_the_record_says_so(log: Log) -> None:
    assert ask(log)["hypothesis"] == NO_CLAIM
    assert ask(log)["before_result"] is False


def test_the_manifest_may_state_the_claim(log: Log) -> None:
    claim = ask(log, who=named("idea", "b", hypothesis="it persists for a week"))
    assert (claim["hypothesis"], claim["before_result"]) == ("it persists for a week", True)


def test_a_claim_after_a_result_is_told_from_one_before_it(log: Log) -> None:
    ask(log)
    assert ask(log, "what was seen")["before_result"] is False
    first = named("idea", "b")
    assert ask(log, "a prediction", first)["before_result"] is True
    assert ask(log, "a prediction", first)["before_result"] is True
    assert ask(log, "another prediction", first)["before_result"] is False


def test_the_same_question_again_adds_nothing(log: Log) -> None:
    ask(log, "it persists for a day")
    size = log.size()
    ask(log, "it persists for a day")
    assert log.size() == size


def test_reads_are_counted_where_they_touch_the_sample(home: Home, log: Log) -> None:
    day = VIEW.end_us
    reads = [
        ("bars", "binance", Market.LINEAR, None, 0, day),
        ("bars", "binance", Market.LINEAR, ["ETHUSDT"], day // 2, 9 * day),
        ("bars", "binance", Market.LINEAR, ["XRPUSDT"], 0, day),
        ("bars", "binance", Market.SPOT, None, 0, day),
        ("bars", "binance", Market.LINEAR, None, day, 2 * day),
        ("funding", "binance", Market.LINEAR, None, 0, day),
    ]
    for table, venue, market, symbols, start, end in reads:
        record_read(home, "read", table, venue, market, symbols, start, end, None)
    record_query(home, "SELECT *\n FROM bars_as_of('2024-01-01')")
    found = exposed(log, VIEW)
    assert (found["reads"], found["sql"], found["until_us"], found["by"]) == (2, 1, day, [by_whom()])
    assert log.entries(EXPOSURE)[-1].body["query"] == "SELECT * FROM bars_as_of('2024-01-01')"


def test_who_asks_can_be_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FACTORY_USER", " ada ")
    assert by_whom() == "ada"
    monkeypatch.delenv("FACTORY_USER")
    monkeypatch.setattr("getpass.getuser", lambda: "grace")
    assert by_whom() == "grace"
