from itertools import product

import numpy as np
import pytest

from allocation.btc_correlation import Book, correlation, equal_factor, hedge_needed, least_cut, worst_signs


def four_pods():
    resid = np.array([0.2, 0.25, 0.3, 0.25])
    matrix = np.eye(4)
    matrix[0, 1] = matrix[1, 0] = 0.1
    matrix[2, 3] = matrix[3, 2] = 0.2
    return Book(np.array([0.9, 0.7, 0.05, 0.0]), 0.6, np.outer(resid, resid) * matrix)


def test_least_cut_beats_every_point_of_a_grid():
    book, limits = four_pods(), np.ones(4)
    cut = least_cut(book, limits, np.array([0.0, 0.0, 1.0, 1.0]), 0.8)
    assert correlation(book, cut.limits) == pytest.approx(0.8, abs=1e-9)
    grid = np.linspace(0, 1, 201)
    feasible = [
        (1 - a) ** 2 + (1 - b) ** 2 for a, b in product(grid, grid) if correlation(book, np.array([a, b, 1.0, 1.0])) <= 0.8
    ]
    assert cut.objective <= min(feasible)
    assert min(feasible) - cut.objective < 0.01


def test_floors_are_kept_and_the_rest_gives_more():
    book, limits = four_pods(), np.ones(4)
    cut = least_cut(book, limits, np.array([0.8, 0.0, 1.0, 1.0]), 0.8)
    assert cut.limits[0] == pytest.approx(0.8)
    assert cut.limits[1] < 0.7345
    assert correlation(book, cut.limits) <= 0.8 + 1e-9


def test_scaling_all_limits_changes_nothing_so_no_cut_of_two_like_pods_helps():
    resid = np.array([0.2, 0.25])
    book = Book(np.array([0.9, 0.7]), 0.6, np.outer(resid, resid) * np.array([[1, 0.1], [0.1, 1]]))
    assert correlation(book, np.array([1.0, 1.0])) == pytest.approx(correlation(book, np.array([0.3, 0.3])))
    assert least_cut(book, np.ones(2), np.zeros(2), 0.8) is None
    assert equal_factor(book, np.ones(2), np.array([True, True]), 0.8) is None


def test_the_hedge_brings_the_book_to_the_cap_from_either_side():
    book = four_pods()
    for limits in (np.ones(4), -np.ones(4)):
        hedge = hedge_needed(book, limits, 0.8)
        with_btc = (book.beta @ limits - hedge) * book.btc_volatility
        own = limits @ book.residual_covariance @ limits
        assert abs(with_btc) / np.sqrt(with_btc**2 + own) == pytest.approx(0.8)
    assert hedge_needed(book, np.array([0.0, 0.0, 1.0, 1.0]), 0.8) == 0.0


def test_signs_that_a_pod_cannot_take_are_not_tried():
    book = four_pods()
    worst, signs = worst_signs(book, np.ones(4), np.array([True, True, True, False]))
    assert signs[3] == 1
    assert worst < worst_signs(book, np.ones(4), np.ones(4, dtype=bool))[0]


def test_within_the_cap_nothing_is_cut():
    cut = least_cut(four_pods(), np.array([0.1, 0.1, 1.0, 1.0]), np.zeros(4), 0.8)
    assert cut.objective == 0.0


def test_a_large_book_is_cut_too():
    rng = np.random.default_rng(2)
    count = 24
    book = Book(np.concatenate([np.full(6, 0.9), rng.uniform(0.0, 0.1, 18)]), 0.6, np.diag(rng.uniform(0.1, 0.2, count) ** 2))
    limits = np.ones(count)
    assert correlation(book, limits) > 0.8
    cut = least_cut(book, limits, np.zeros(count), 0.8)
    assert correlation(book, cut.limits) <= 0.8 + 1e-9
    assert cut.objective <= count * (1 - (equal_factor(book, limits, np.arange(count) < 6, 0.8) or 0.0)) ** 2
