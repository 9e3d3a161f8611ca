import numpy as np
import pytest

import allocation.optimise
from allocation.optimise import Infeasible, inverse_volatility_weights, minimum_variance_weights, risk_budget_weights


def covariance(count=5, seed=3):
    rng = np.random.default_rng(seed)
    loadings = rng.normal(size=(count, count)) * 0.1
    return loadings @ loadings.T + np.diag(rng.uniform(0.01, 0.05, count))


@pytest.mark.parametrize("budgets", [np.ones(5), np.array([1.0, 2.0, 3.0, 4.0, 5.0])])
def test_shares_of_risk_are_the_budgets(budgets):
    matrix = covariance()
    weights = risk_budget_weights(matrix, budgets).weights
    shares = weights * (matrix @ weights) / (weights @ matrix @ weights)
    np.testing.assert_allclose(shares, budgets / budgets.sum(), atol=1e-10)
    assert weights.sum() == pytest.approx(1, abs=1e-11)


def test_two_bets_go_by_inverse_volatility_whatever_their_correlation():
    matrix = np.array([[0.04, 0.9 * 0.02], [0.9 * 0.02, 0.01]])
    np.testing.assert_allclose(risk_budget_weights(matrix, np.ones(2)).weights, [1 / 3, 2 / 3], atol=1e-12)


def test_the_unit_of_the_covariance_does_not_matter():
    np.testing.assert_array_equal(
        risk_budget_weights(covariance(), np.ones(5)).weights, risk_budget_weights(covariance() * 2.0**-20, np.ones(5)).weights
    )


def test_nothing_is_printed(capfd):
    risk_budget_weights(covariance(), np.ones(5))
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize(
    ("matrix", "budgets", "constraint"),
    [
        (np.array([[1.0, 1.0], [1.0, 1.0]]), np.ones(2), "covariance"),
        (np.array([[1.0, np.nan], [np.nan, 1.0]]), np.ones(2), "covariance"),
        (np.array([[1.0, 0.2], [0.1, 1.0]]), np.ones(2), "covariance"),
        (np.eye(2), np.array([1.0, 0.0]), "risk budgets"),
    ],
)
def test_an_impossible_problem_names_its_constraint(matrix, budgets, constraint):
    answer = risk_budget_weights(matrix, budgets)
    assert isinstance(answer, Infeasible)
    assert answer.constraint == constraint


def test_a_solver_that_finds_nothing_is_a_typed_failure(monkeypatch):
    import riskfolio

    def fails(self, **_):
        print("The problem doesn't have a solution with actual input parameters")

    monkeypatch.setattr(riskfolio.Portfolio, "rp_optimization", fails)
    answer = risk_budget_weights(covariance(), np.ones(5))
    assert answer == Infeasible(
        "solver", "Riskfolio-Lib found no risk budget: The problem doesn't have a solution with actual input parameters"
    )


def test_an_optimum_that_does_not_settle_is_a_typed_failure(monkeypatch):
    monkeypatch.setattr(allocation.optimise, "_NEWTON_STEPS_MAX", 0)
    answer = risk_budget_weights(covariance(), np.ones(5))
    assert isinstance(answer, Infeasible)
    assert "did not settle" in answer.message


def test_the_fallback_ignores_correlations():
    answer = inverse_volatility_weights(np.array([[0.04, 0.5], [0.5, 0.01]]))
    np.testing.assert_allclose(answer.weights, [1 / 3, 2 / 3], atol=1e-12)
    assert answer.method == "inverse volatility"
    assert isinstance(inverse_volatility_weights(np.array([[0.0]])), Infeasible)


def test_minimum_variance_has_no_better_neighbour():
    matrix = covariance()
    weights = minimum_variance_weights(matrix)
    best = weights @ matrix @ weights
    rng = np.random.default_rng(0)
    for other in rng.dirichlet(np.ones(5), 2000):
        mixed = 0.9 * weights + 0.1 * other
        assert mixed @ matrix @ mixed >= best - 1e-15
