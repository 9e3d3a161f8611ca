from pathlib import Path

import pytest

from domain.market import Market
from domain.times import US_PER_DAY, US_PER_HOUR
from ledger.log import Log
from model_runtime.package import load_package
from steps.as_of_view import DataView
from steps.configuration import STRATEGIES
from steps.home import Home
from steps.roster import Member, package_member, with_parameters
from steps.trials import DeskTrials, record_trials, trial_body
from steps.trust import open_log

VIEW = DataView(
    venue="binance",
    market=Market.LINEAR,
    interval_us=US_PER_HOUR,
    start_us=0,
    end_us=US_PER_DAY,
    as_of_us=US_PER_DAY,
    symbols=("BTCUSDT", "ETHUSDT"),
    content_digest="sha256:c",
    funding_digest="sha256:f",
)


def member(name: str) -> Member:
    """A package of the desk as the one who is judged."""
    return package_member(load_package(STRATEGIES / name))


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(tmp_path)


@pytest.fixture
def log(home: Home) -> Log:
    return open_log(home)


def count(home: Home, who: Member) -> int:
    """Distinct trials on record under the strategy's own name and code."""
    return DeskTrials.on_record(home, VIEW).behind(who).unique


@pytest.fixture
def noise() -> Member:
    return member("noise")


def test_a_grid_is_recorded_once_however_often_it_is_tried(home: Home, log: Log, noise: Member) -> None:
    record_trials(log, [noise], VIEW)
    record_trials(log, [noise, noise], VIEW)
    assert len(noise.configurations()) > 1
    assert count(home, noise) == len(noise.configurations())


def test_a_later_day_is_the_same_sample_and_another_market_is_not(noise: Member) -> None:
    parameters = noise.configurations()[0]
    tomorrow = VIEW.model_copy(update={"end_us": 2 * US_PER_DAY, "as_of_us": 2 * US_PER_DAY, "content_digest": "sha256:d"})
    assert trial_body(noise, parameters, tomorrow) == trial_body(noise, parameters, VIEW)
    for change in ({"market": Market.SPOT}, {"venue": "kraken"}, {"interval_us": 1}, {"symbols": ("BTCUSDT",)}):
        assert trial_body(noise, parameters, VIEW.model_copy(update=change)) != trial_body(noise, parameters, VIEW), change


def test_trials_in_the_laboratory_do_not_count_for_a_real_market(home: Home, log: Log, noise: Member) -> None:
    record_trials(log, [noise], VIEW.model_copy(update={"venue": "sim"}))
    assert count(home, noise) == 1  # the one that is asked about


def test_the_same_bars_under_another_venue_s_name_are_no_fresh_start(home: Home, log: Log, noise: Member) -> None:
    record_trials(log, [noise], VIEW.model_copy(update={"venue": "binance-again"}))
    assert count(home, noise) == len(noise.configurations())


def test_a_strategy_with_its_own_universe_is_tried_on_that(noise: Member) -> None:
    levered = member("btc-levered")
    assert trial_body(levered, levered.configurations()[0], VIEW)["universe"] == ["BTCUSDT"]
    assert trial_body(noise, noise.configurations()[0], VIEW)["universe"] == ["BTCUSDT", "ETHUSDT"]


def test_a_number_written_another_way_is_the_same_trial(home: Home, log: Log) -> None:
    trend = member("ewmac-trend")
    for value in (16, 16.0):
        tried = with_parameters(trend, {"fast_hours": value})
        log.append("trial", trial_body(tried, tried.configurations()[0], VIEW))
    assert count(home, trend) == 1
    levered = [with_parameters(member("btc-levered"), {"sharpe_annual": value}) for value in (1, 1.0)]
    assert levered[0].configurations() == levered[1].configurations()
    assert [type(one.configurations()[0]["sharpe_annual"]) for one in levered] == [float, float]
