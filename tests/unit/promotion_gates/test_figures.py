import numpy as np
import pytest

from domain.errors import Refused
from domain.evidence import Figure
from domain.market import Market
from domain.record import COMPONENTS, Orders, PodRecord
from domain.strategy import Manifest
from domain.times import US_PER_DAY
from promotion_gates.figures import assemble, latency_figure, maker_share_shortfall, performance_figures

MANIFEST = Manifest.parse(
    {
        "name": "trend-ewmac",
        "version": 3,
        "authors": ["A.N."],
        "description": "A trend follower.",
        "style": "trend",
        "execution": {"maker_share_min": 0.3, "maker_share_max": 0.9},
        "universe": "all",
        "markets": {"linear": "long_short"},
        "horizon_hours": 24,
        "decide_every_hours": 24,
        "lookback_bars": 100,
        "parameters": {"fast": 8},
        "grid": {"fast": [8, 16]},
        "trials_elsewhere": 2,
    },
    "manifest",
)


def record(returns, turnover=0.2):
    count = len(returns)
    empty, whole = np.zeros(0), np.zeros(0, dtype=np.int64)
    return PodRecord(
        pod="p",
        capital_usd=1e6,
        symbols=("A",),
        day_us=np.arange(count, dtype=np.int64) * US_PER_DAY,
        net_return=returns,
        component={name: np.zeros(count) for name in COMPONENTS},
        gross_exposure=np.zeros(count),
        net_exposure=np.zeros(count),
        turnover=np.full(count, turnover),
        position_mean_abs_usd=np.zeros(1),
        position_last_usd=np.zeros(1),
        traded_usd=np.zeros(1),
        orders=Orders(whole, whole, whole, *([empty] * 10)),
    )


def returns():
    return np.random.default_rng(3).normal(0.002, 0.01, 400)


def test_display_figures_by_hand():
    series = returns()
    found = performance_figures(record(series), 1, [0.1])
    sharpe = series.mean() / series.std(ddof=1) * np.sqrt(365)
    assert found["sharpe_annual"].value == pytest.approx(sharpe)
    assert found["sharpe_annual"].low < sharpe < found["sharpe_annual"].high
    assert found["volatility_annual"].value == pytest.approx(series.std(ddof=1) * np.sqrt(365))
    assert found["turnover_annual"].value == pytest.approx(73.0)
    wealth = np.concatenate([[1.0], np.cumprod(1 + series)])
    assert found["max_drawdown"].value == pytest.approx((1 - wealth / np.maximum.accumulate(wealth)).max())
    assert found["es_97_5_1d"].value == pytest.approx(-np.sort(series)[:10].mean())  # 2.5 % of 400 days
    assert found["psr"].n == 400


def test_more_trials_lower_the_deflated_ratio_and_one_trial_leaves_it_alone():
    one, many = (performance_figures(record(returns()), n, sharpes) for n, sharpes in ((1, [0.1]), (200, [0.1, 0.12, 0.05])))
    assert many["dsr"].value < one["dsr"].value
    assert one["dsr_benchmark_annual"].value == 0.0
    assert one["dsr"].value == pytest.approx(one["psr"].value)
    assert many["trials"].value == 200


def test_n_is_never_below_the_number_of_trials_whose_returns_are_at_hand():
    sharpes = [0.1, 0.12, 0.05]
    assert performance_figures(record(returns()), 1, sharpes) == performance_figures(record(returns()), 3, sharpes)


def test_the_effective_number_is_shown_beside_the_one_that_counts():
    sharpes = [0.1, 0.12, 0.05]
    found = performance_figures(record(returns()), 200, sharpes, n_effective=9.2)
    assert found["dsr"] == performance_figures(record(returns()), 200, sharpes)["dsr"]
    assert found["dsr_effective"] == performance_figures(record(returns()), 10, sharpes)["dsr"]
    assert found["trials_effective"].value == 9.2


def test_a_record_that_never_moves_is_undefined_not_zero():
    found = performance_figures(record(np.zeros(100)), 1, [])
    for name in ("sharpe_annual", "psr", "dsr"):
        assert found[name].value is None
        assert found[name].note == "zero variance"


def test_pbo_is_there_only_where_it_was_given():
    assert "pbo" not in performance_figures(record(returns()), 1, [])
    given = Figure(value=0.1, unit="probability")
    assert performance_figures(record(returns()), 1, [], given)["pbo"] == given


def test_a_maker_share_below_intent_counts_beyond_its_interval():
    seen = Figure(value=0.1, unit="fraction", low=0.05, high=0.18, n=60)
    assert maker_share_shortfall(seen, 0.3).value == pytest.approx(0.12)
    assert maker_share_shortfall(seen, 0.15).value == 0.0
    assert maker_share_shortfall(Figure(value=0.1, unit="fraction"), 0.3).value == pytest.approx(0.2)
    assert maker_share_shortfall(Figure(value=None, unit="fraction", note="no fills"), 0.3).value is None


def test_latency_carries_its_upper_bound_or_says_that_there_is_none():
    samples = np.arange(1.0, 10_001.0)
    found = latency_figure(samples, 0.0)
    assert found.value == 9_900
    assert found.high == pytest.approx(9_900 + 1.96 * np.sqrt(10_000 * 0.99 * 0.01), abs=2)
    assert latency_figure(samples[:50], 0.0).high is None
    assert latency_figure(None, 0.0).value is None


def evidence(*figures):
    return assemble(
        record(returns()), MANIFEST, package="sha256:1", market=Market.LINEAR, venue="sim", live=True, figures=figures
    )


def test_evidence_says_what_it_is_about():
    made = evidence({"b": Figure(value=1 / 3, unit="1")}, {"a": Figure(value=2.0, unit="1")})
    assert (made.strategy, made.version, made.days, made.selected, made.simulated) == ("trend-ewmac", 3, 400, True, True)
    assert (made.first_day, made.last_day) == ("1970-01-01", "1971-02-04")
    assert list(made.figures) == ["a", "b"]
    assert made.figures["b"].value == 0.333333333


def test_one_figure_has_one_producer():
    with pytest.raises(Refused, match=r"figures given twice: \['a'\]"):
        evidence({"a": Figure(value=1.0, unit="1")}, {"a": Figure(value=2.0, unit="1")})


def test_no_day_is_no_evidence():
    with pytest.raises(Refused, match="at least one whole day"):
        assemble(record(np.zeros(0)), MANIFEST, package="x", market=Market.LINEAR, venue="sim", live=False, figures=[])
