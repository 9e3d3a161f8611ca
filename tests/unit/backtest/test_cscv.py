from itertools import combinations

import numpy as np
import pytest
from purgedcv import probability_of_backtest_overfitting
from scipy.stats import rankdata

from backtest.cscv import cscv
from domain.errors import Refused


def direct(returns: np.ndarray, blocks: int) -> tuple[list[int], list[float], list[float], list[float], float]:
    """The definition, slice by slice: selected column, its rank, its Sharpe ratio in and out of sample; PBO at a cost."""
    parts = np.split(returns[len(returns) % blocks :], blocks)
    selected, ranks, inside, outside, costly = [], [], [], [], []
    for choice in combinations(range(blocks), blocks // 2):
        halves = [[parts[b] for b in range(blocks) if (b in choice) == chosen] for chosen in (True, False)]
        ins, oos = (part.mean(axis=0) / part.std(axis=0, ddof=1) for part in map(np.concatenate, halves))
        best = int(ins.argmax())
        selected.append(best)
        ranks.append(float(rankdata(oos)[best]))
        inside.append(float(ins[best]))
        outside.append(float(oos[best]))
        ahead = sum(other > 2 * oos[best] for other in oos)
        costly.append(2 * ranks[-1] <= len(oos) + 1 and (oos[best] < 0 or 2 * ahead > len(oos)))
    return selected, ranks, inside, outside, float(np.mean(costly))


@pytest.mark.parametrize(("rows", "columns", "blocks"), [(24, 5, 4), (61, 12, 6), (200, 40, 8), (160, 7, 10), (9, 3, 2)])
def test_agrees_with_the_direct_loop(rows: int, columns: int, blocks: int) -> None:
    returns = np.random.default_rng(rows).normal(0.001, 0.02, (rows, columns))
    selected, ranks, inside, outside, at_a_cost = direct(returns, blocks)
    found = cscv(returns, blocks)
    assert found.selected_column.tolist() == selected
    assert found.oos_rank.tolist() == ranks
    share = np.array(ranks) / (columns + 1)
    assert found.mean_lambda == pytest.approx(np.mean(np.log(share / (1 - share))), abs=1e-12)
    assert found.pbo_strict == np.mean(share < 0.5)
    assert found.pbo_nonstrict == np.mean(share <= 0.5)
    assert found.pbo == found.pbo_material == at_a_cost
    assert found.slope_oos_on_is == pytest.approx(np.polyfit(inside, outside, 1)[0], rel=1e-9)
    assert found.p_loss == np.mean(np.array(outside) < 0)
    assert (found.n_trials, found.n_dropped, found.undefined) == (columns, 0, "")


def test_agrees_with_purgedcv() -> None:
    returns = np.random.default_rng(1).normal(0, 0.01, (320, 25))
    assert cscv(returns, 10).pbo_strict == pytest.approx(probability_of_backtest_overfitting(returns.T, 10).pbo)


def test_an_edge_that_lasts_is_not_overfitting_and_noise_is_a_coin_toss() -> None:
    generator = np.random.default_rng(5)
    noise = generator.normal(0, 0.01, (800, 30))
    with_edge = noise.copy()
    with_edge[:, 4] += 0.004
    assert cscv(with_edge).pbo == 0.0
    assert set(cscv(with_edge).selected_column.tolist()) == {4}
    average = np.mean([cscv(generator.normal(0, 0.01, (160, 10)), 8).pbo for _ in range(60)])
    assert 0.4 < average < 0.65


def test_equal_columns_share_their_rank_and_the_first_is_selected() -> None:
    column = np.random.default_rng(2).normal(0.001, 0.01, 48)
    other = np.random.default_rng(3).normal(0.0, 0.01, 48)
    found = cscv(np.column_stack([other, column, column * 3.0, column / 7.0]), 4)
    assert 2 not in found.selected_column
    assert 3 not in found.selected_column
    rank_of_trio = found.oos_rank[found.selected_column == 1]
    assert set(rank_of_trio.tolist()) <= {2.0, 3.0}  # three tie below or above the other: (1 + 2 + 3) / 3 or (2 + 3 + 4) / 3


@pytest.mark.parametrize(("later", "p_loss"), [([0.1, 0.2, -0.3], 0.5), ([-0.1, -0.2, 0.3], 1.0)])
def test_a_mean_within_rounding_of_zero_has_the_sign_of_the_plain_sum(later: list[float], p_loss: float) -> None:
    """0.1 + 0.2 - 0.3 is 5.6e-17: block sums and the plain loop must agree on it. The other choice always loses."""
    first = [0.5, 0.4, 0.6, *later]
    second = [-0.5, -0.4, -0.6, 0.5, 0.4, 0.6]
    assert cscv(np.column_stack([first, second]), 2).p_loss == p_loss


def test_all_tied_is_undefined_whatever_the_shares_say() -> None:
    column = np.random.default_rng(2).normal(0.001, 0.01, 48)
    found = cscv(np.column_stack([column] * 6), 4)
    assert (found.pbo_strict, found.pbo_nonstrict) == (0.0, 1.0)
    assert found.pbo is None
    assert "tie" in found.undefined


def test_columns_without_a_sharpe_ratio_are_dropped_and_counted() -> None:
    returns = np.random.default_rng(6).normal(0, 0.01, (64, 5))
    with_flat = np.insert(returns, [0, 2], 0.0, axis=1)
    half_flat = with_flat.copy()
    half_flat[:32, 4] = 0.001  # constant in one half that can be chosen
    found, plain = cscv(with_flat, 8), cscv(returns, 8)
    assert (found.n_trials, found.n_dropped) == (5, 2)
    assert found.oos_rank.tolist() == plain.oos_rank.tolist()
    assert found.selected_column.tolist() == [[1, 2, 4, 5, 6][column] for column in plain.selected_column]
    assert cscv(half_flat, 8).n_dropped == 2 + 1


def test_the_oldest_rows_are_dropped() -> None:
    returns = np.random.default_rng(7).normal(0, 0.01, (67, 6))
    assert cscv(returns, 8).oos_rank.tolist() == cscv(returns[3:], 8).oos_rank.tolist()


@pytest.mark.parametrize(
    ("returns", "blocks", "says"),
    [
        (np.ones((40, 3)), 4, "at least 2 trials"),
        (np.full((40, 3), np.nan), 4, "finite"),
        (np.eye(40), 5, "even number"),
        (np.eye(40), 22, "even number"),
        (np.eye(6), 8, "at least 8 days"),
        (np.arange(40.0), 4, "days, trials"),
    ],
)
def test_bad_input_is_refused(returns: np.ndarray, blocks: int, says: str) -> None:
    with pytest.raises(Refused, match=says):
        cscv(returns, blocks)
