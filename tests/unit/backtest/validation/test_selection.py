from itertools import combinations

import numpy as np
import pytest
from scipy.stats import spearmanr

from backtest.validation.posterior import SharpePosterior, prior_from_backtest, with_live_record
from backtest.validation.selection import cross_validate, sharpes, side_by_side, walk_forward
from backtest.validation.surface import surface
from domain.errors import Refused


def grid(seed: int, days: int = 240, configurations: int = 5) -> np.ndarray:
    return np.random.default_rng(seed).normal(0.0003, 0.01, (days, configurations))


def test_paths_are_what_the_plain_loop_says() -> None:
    returns, groups, tested, horizon, embargo = grid(1), 6, 2, 1, 3
    found = cross_validate(returns, groups=groups, tested=tested, horizon=horizon, embargo=embargo)
    blocks = np.array_split(np.arange(240), groups)
    pieces: dict[int, list[np.ndarray]] = {group: [] for group in range(groups)}
    for number, chosen in enumerate(combinations(range(groups), tested)):
        held = {row for group in chosen for row in blocks[group]}
        train = [row for row in range(240) if row not in held and not ({row - back for back in range(1, embargo + 1)} & held)]
        train = [row for row in train if not _in_embargo_of_other(row, held, embargo)]
        metrics = [returns[train, column].mean() / returns[train, column].std(ddof=1) for column in range(5)]
        best = int(np.argmax(metrics))
        assert best == found.chosen[number]
        for group in chosen:
            pieces[group].append(returns[blocks[group], best])
    for path in range(5):
        assert found.paths[path].tolist() == np.concatenate([pieces[group][path] for group in range(groups)]).tolist()
    assert found.path_sharpe == pytest.approx(found.paths.mean(axis=1) / found.paths.std(axis=1, ddof=1) * 365**0.5)


def _in_embargo_of_other(row: int, held: set[int], embargo: int) -> bool:
    return any(row - back in held for back in range(1, embargo + 1))


def test_a_planted_configuration_is_chosen_everywhere() -> None:
    returns = grid(2)
    returns[:, 3] += 0.004
    found = cross_validate(returns)
    assert set(found.chosen.tolist()) == {3}
    assert found.paths == pytest.approx(np.tile(returns[:, 3], (9, 1)))


def test_walks_choose_on_the_past_only() -> None:
    returns = grid(3)
    whole = walk_forward(returns, 60, 30, anchored=False)
    changed = returns.copy()
    changed[150:] = grid(9, 90)
    again = walk_forward(changed, 60, 30, anchored=False)
    before = whole.rows < 150
    assert whole.returns[before].tolist() == again.returns[: before.sum()].tolist()
    first = int(np.argmax(sharpes(returns[:60])))
    assert whole.chosen[0] == first
    assert whole.returns[:30].tolist() == returns[61:91, first].tolist()


def test_anchored_and_rolling_differ_in_what_they_remember() -> None:
    returns = grid(4, 400)
    returns[:100, 0] += 0.02
    returns[100:, 1] += 0.004
    assert walk_forward(returns, 80, 40, anchored=True).chosen[-1] == 0
    assert walk_forward(returns, 80, 40, anchored=False).chosen[-1] == 1


def test_both_sides_of_the_cut() -> None:
    returns = grid(5)
    found = side_by_side(returns, 0.5)
    assert found.cut == 120
    assert found.in_sample == pytest.approx(sharpes(returns[:120]))
    assert found.rank_correlation == pytest.approx(spearmanr(sharpes(returns[:120]), sharpes(returns[120:])).statistic)
    assert found.best == int(np.argmax(found.in_sample))
    assert side_by_side(returns[:, :2]).rank_correlation is None


def test_a_constant_configuration_is_never_chosen() -> None:
    returns = grid(6)
    returns[:, 0] = 0.01
    assert np.isnan(sharpes(returns)[0])
    assert 0 not in cross_validate(returns).chosen


@pytest.mark.parametrize("bad", [np.zeros((100, 3)), grid(1, 30), np.full((100, 2), np.nan), np.zeros(100)])
def test_what_cannot_be_chosen_from_is_refused(bad: np.ndarray) -> None:
    with pytest.raises(Refused):
        cross_validate(bad)


def test_plateau_and_needle() -> None:
    configurations = [{"fast": fast, "slow": slow} for fast in (2, 4, 8) for slow in (16, 32)]
    flat = surface(configurations, np.ones(6), chosen=2)
    assert flat.plateau == 1.0
    assert flat.axes == {"fast": (2.0, 4.0, 8.0), "slow": (16.0, 32.0)}
    needle = surface(configurations, np.array([0.0, 0.0, 2.0, 0.0, 0.0, 0.0]), chosen=2)
    assert needle.plateau == 0.0
    assert needle.share_positive == pytest.approx(1 / 6)
    # fast 4, slow 16 touches (2, 16), (8, 16) and (4, 32), by hand
    assert surface(configurations, np.arange(6.0), chosen=2).neighbour_mean[2] == pytest.approx((0 + 4 + 3) / 3)


def test_a_surface_without_a_chosen_gain_or_neighbour_has_no_plateau() -> None:
    assert surface([{"a": 1}, {"a": 2}], np.array([-1.0, 2.0])).plateau is None
    assert surface([{"a": 1}], np.array([1.0])).plateau is None
    with pytest.raises(Refused):
        surface([{"a": 1}, {"b": 2}], np.zeros(2))
    with pytest.raises(Refused):
        surface([{"a": 1}], np.zeros(2))


def test_posterior_by_hand() -> None:
    prior = prior_from_backtest(2.0, 1.5, 3.0)
    assert (prior.mean, prior.sd) == pytest.approx((0.5, 1.0))
    assert prior_from_backtest(1.0, 1.5, 3.0).mean == 0.0
    both = with_live_record(prior, 2.0, 3.0)  # the live estimate has the same variance: the mean lies half way
    assert (both.mean, both.sd) == pytest.approx((1.25, 2**-0.5))
    assert with_live_record(prior, None, 0.0) == prior
    assert SharpePosterior(0.0, 1.0).p_none == 0.5
    assert SharpePosterior(1.0, 0.5).low == pytest.approx(1 - 1.959963984540054 / 2)
    with pytest.raises(Refused):
        prior_from_backtest(1.0, 0.0, 0.0)
