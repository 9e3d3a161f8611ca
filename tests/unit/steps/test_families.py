"""N of the deflated Sharpe ratio: families of trials across the desk, and that no author makes one smaller."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from domain.arrays import FloatArray
from domain.times import US_PER_DAY
from steps.home import Home
from steps.roster import Member
from steps.trial_returns import TrialReturns, keep_returns, load_returns, returns_matrix
from steps.trials import TRIAL, Behind, DeskTrials, claim_body, record_trials, trial_body, trial_keys
from steps.trust import open_log
from tests.unit.steps.test_trials import VIEW, member

DAYS = np.arange(400, dtype=np.int64) * US_PER_DAY
NOISE = np.random.default_rng(5).standard_normal((400, 8)) * 0.01
LONG = VIEW.model_copy(update={"end_us": 400 * US_PER_DAY})
COMMON = np.random.default_rng(6).standard_normal(400) * 0.01


def named(name: str, code: str, **changes: object) -> Member:
    """A package as another author would hand it in: same code base, own name and digest."""
    own = member("ewmac-trend")
    manifest = own.manifest.model_copy(update={"name": name, "grid": {}, "trials_elsewhere": 0, **changes})
    return replace(own, manifest=manifest, code=f"sha256:{code * 64}")


def tried(home: Home, who: Member, returns: Mapping[int, FloatArray] | Sequence[FloatArray], first_day: int = 0) -> None:
    """Put trials of a member on record, `fast_hours` = 1, 2, ..., each with what it returned."""
    rows = dict(enumerate(returns, start=1)) if not isinstance(returns, Mapping) else dict(returns)
    configurations = [{**who.manifest.parameters, "fast_hours": number} for number in rows]
    bodies = [(TRIAL, trial_body(who, one, VIEW)) for one in configurations]
    open_log(home).append_many([("claim", claim_body(who)), *bodies])
    keys = trial_keys(who, configurations, VIEW)
    keep_returns(home, who.code, keys, DAYS[first_day:], [own[first_day:] for own in rows.values()], simulated=False)


def behind(home: Home, who: Member) -> Behind:
    return DeskTrials.on_record(home, LONG).behind(who)


def near(column: int) -> FloatArray:
    """Correlated at about 0.9 with every other such series."""
    return np.asarray(COMMON + NOISE[:, column] / 3)


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(tmp_path)


def test_a_new_name_for_the_same_bet_brings_its_whole_search_along(home: Home) -> None:
    """Six trials of which one resembles the renamed: all six count, since the one that was chosen was chosen from them."""
    first, renamed = named("first", "a"), named("fresh-idea", "b")
    tried(home, first, [near(0), *NOISE.T[1:6]])
    before = behind(home, first)
    tried(home, renamed, [near(6)])
    after = behind(home, renamed)
    assert (before.unique, after.unique, behind(home, first).unique) == (6, 7, 7)
    assert after.strategies == ("first", "fresh-idea")


def test_the_opposite_bet_was_searched_with_it(home: Home) -> None:
    tried(home, named("first", "a"), [near(0), near(1)])
    tried(home, named("inverse", "b"), [-near(2)])
    assert behind(home, named("inverse", "b")).unique == 3


def test_a_family_split_into_many_names_is_as_large_as_it_was(home: Home, tmp_path: Path) -> None:
    """Each part resembles the next one only: a chain."""
    chain = [np.asarray(np.cos(angle) * COMMON + np.sin(angle) * NOISE[:, 0]) for angle in np.linspace(0, 1.5, 6)]
    assert abs(np.corrcoef(chain[0], chain[-1])[0, 1]) < 0.3
    whole = Home(tmp_path / "whole")
    tried(whole, named("whole", "a"), chain)
    parts = [named(f"part-{number}", digit) for number, digit in enumerate("abcdef")]
    for part, own in zip(parts, chain, strict=True):
        tried(home, part, [own])
    assert [behind(home, part).n for part in parts] == [behind(whole, named("whole", "a")).n] * 6


def test_another_idea_is_another_family(home: Home) -> None:
    tried(home, named("one", "a"), [near(0), near(1)])
    tried(home, named("other", "b"), [NOISE[:, 3], NOISE[:, 4], NOISE[:, 5]])
    assert (behind(home, named("one", "a")).unique, behind(home, named("other", "b")).unique) == (2, 3)


def test_the_same_code_under_another_name_is_the_same_family_without_any_returns(home: Home) -> None:
    log = open_log(home)
    record_trials(log, [named("one", "a"), named("other", "a")], VIEW)
    assert behind(home, named("other", "a")).unique == 2


def test_a_trial_whose_result_never_came_counts_whole(home: Home) -> None:
    who = named("one", "a")
    tried(home, who, [near(0), near(0)])
    open_log(home).append(TRIAL, trial_body(who, {**who.manifest.parameters, "fast_hours": 99}, VIEW))
    found = behind(home, who)
    assert found.unique == 3
    assert found.effective == pytest.approx(2.0)


def test_trials_elsewhere_are_what_the_family_ever_declared(home: Home) -> None:
    tried(home, named("one", "a", trials_elsewhere=50), [near(0)])
    tried(home, named("one", "b", trials_elsewhere=0), [near(1)])
    tried(home, named("other", "c", trials_elsewhere=7), [near(2)])
    found = behind(home, named("one", "b"))
    assert (found.elsewhere, found.unique, found.n) == (57, 3, 60)


def test_what_was_never_tried_is_one_trial(home: Home) -> None:
    found = behind(home, named("one", "a", trials_elsewhere=3))
    assert (found.unique, found.effective, found.n) == (1, 4.0, 4)


def test_few_common_days_say_nothing(home: Home) -> None:
    tried(home, named("one", "a"), [near(0)], first_day=341)
    tried(home, named("other", "b"), [near(1)])
    assert behind(home, named("other", "b")).unique == 1
    tried(home, named("one", "a"), [near(0)], first_day=340)
    assert behind(home, named("other", "b")).unique == 2


def test_a_longer_record_of_a_trial_replaces_a_shorter_one(home: Home) -> None:
    for days in (300, 400, 200):
        keep_returns(home, "sha256:" + "a" * 64, ["t"], DAYS[:days], [COMMON[:days]], simulated=False)
    held = load_returns(home, simulated=False)
    assert held["t"].net_return.tolist() == COMMON.tolist()
    assert load_returns(home, simulated=True) == {}
    assert returns_matrix(["t", "unknown"], held).shape == (400, 2)


def test_returns_stand_on_their_own_days(home: Home) -> None:
    code = "sha256:" + "a" * 64
    keep_returns(home, code, ["early"], DAYS[:3], [np.array([1.0, 2.0, 3.0])], simulated=False)
    keep_returns(home, code, ["late"], DAYS[2:4], [np.array([4.0, 5.0])], simulated=False)
    matrix = returns_matrix(["late", "early"], load_returns(home, simulated=False))
    np.testing.assert_array_equal(matrix, [[np.nan, 1], [np.nan, 2], [4, 3], [5, np.nan]])


def test_days_after_the_end_of_the_data_change_nothing(home: Home) -> None:
    """Two trials that are alike only later are two families until then."""
    later = np.concatenate([NOISE[:100, 0], near(0)[100:]])
    tried(home, named("one", "a"), [near(1)])
    tried(home, named("other", "b"), [later])
    then = VIEW.model_copy(update={"end_us": 100 * US_PER_DAY})
    assert [DeskTrials.on_record(home, view).behind(named("one", "a")).unique for view in (LONG, then)] == [2, 1]


def test_what_was_evaluated_just_now_goes_before_what_is_kept(home: Home) -> None:
    tried(home, named("one", "a"), [near(1)])
    tried(home, named("other", "b"), [near(0)])
    key = trial_keys(named("other", "b"), [{**named("other", "b").manifest.parameters, "fast_hours": 1}], LONG)[0]
    fresh = {key: TrialReturns(0, NOISE[:, 3])}
    assert DeskTrials.on_record(home, LONG).behind(named("one", "a")).unique == 2
    assert DeskTrials.on_record(home, LONG, fresh).behind(named("one", "a")).unique == 1
