"""Plots: small, self-contained, the same bytes each time, and true to their numbers."""

import re

import pytest

from domain.evidence import Figure
from domain.times import US_PER_DAY
from reporting import charts
from reporting.charts.axes import growth_ticks
from reporting.charts.history import POINTS_MAX
from reporting.values import CapacityCurve, PodSeries, Shortfall
from tests.unit.reporting.made_up import series
from tests.unit.reporting.made_up_reports import capacity, correlation, shortfall
from tests.unit.reporting.pages import Page

HOSTILE = '<script>alert("x")</script> $\\frac{1}{2}$ & d="1.23456"'


def all_charts() -> dict[str, str]:
    made = correlation()
    return {
        "equity": charts.equity_and_underwater(series(0)),
        "month": charts.alpha_and_beta_by_month(series(0)),
        "pods": charts.alpha_and_beta_by_pod([series(0), series(3)]),
        "waterfall": charts.shortfall_waterfall(shortfall(0)),
        "correlation": charts.correlation_map(made.pods, made.matrix),
        "capacity": charts.capacity_curves([capacity(0), capacity(1)]),
        "limits": charts.limit_bars([("a", 1e6, 2e6, 5e5), ("b", 0.0, None, None)]),
        "intervals": charts.intervals([("seen", Figure(value=1.0, low=0.0, high=2.0, unit="1"))], "Sharpe ratio"),
    }


@pytest.fixture(scope="module")
def drawn() -> dict[str, str]:
    return all_charts()


def test_the_same_bytes_each_time(drawn: dict[str, str]) -> None:
    assert all_charts() == drawn


def test_each_is_small_closed_and_loads_nothing(drawn: dict[str, str]) -> None:
    for name, svg in drawn.items():
        page = Page(svg)
        assert len(svg) < 60_000, name
        assert page.open_tags == [], name
        assert page.misplaced == [], name
        assert "image" not in page.tags(), name
        assert all(link.startswith("#") for link in page.attributes("href")), name
        assert "http" not in svg, name
        assert page.elements[0][1]["aria-label"], name


def test_time_axes_say_utc(drawn: dict[str, str]) -> None:
    for name in ("equity", "month"):
        assert "UTC" in Page(drawn[name]).text


def test_hostile_names_stay_text() -> None:
    renamed = series(0).model_copy(update={"pod": HOSTILE, "parts": {HOSTILE: series(0).parts["alpha"]}})
    for svg in (
        charts.alpha_and_beta_by_pod([renamed]),
        charts.alpha_and_beta_by_month(renamed),
        charts.equity_and_underwater(renamed),
        charts.limit_bars([(HOSTILE, 1.0, None, None)]),
    ):
        assert "script" not in Page(svg).tags()
    assert HOSTILE in Page(charts.alpha_and_beta_by_month(renamed)).text


def test_a_long_history_keeps_its_deepest_day() -> None:
    days = 1826
    drawdown = [0.01] * days
    drawdown[777] = 0.5
    deep = PodSeries(
        pod="a",
        day_us=tuple(day * US_PER_DAY for day in range(days)),
        cumulative_return=(0.0,) * days,
        drawdown=tuple(drawdown),
    )
    shallow = deep.model_copy(update={"drawdown": (0.01,) * days})
    labels = re.findall(r">(−?\d+)</text>", charts.equity_and_underwater(deep))
    assert "−40" in labels
    assert "−40" not in re.findall(r">(−?\d+)</text>", charts.equity_and_underwater(shallow))
    longest = max(path.count(" L ") for path in re.findall(r' d="([^"]*)"', charts.equity_and_underwater(deep)))
    assert longest <= 2 * POINTS_MAX + 4


def test_missing_days_leave_gaps_and_not_zeros() -> None:
    whole = PodSeries(
        pod="a",
        day_us=tuple(day * US_PER_DAY for day in range(90)),
        cumulative_return=tuple(0.01 * day for day in range(90)),
        drawdown=(0.0,) * 90,
        parts={"alpha": (0.01,) * 90},
    )
    holed = whole.model_copy(update={"parts": {"alpha": (None, *(0.01,) * 89)}})
    # January 1970 has 31 known days in `whole`; with its first one missing its bar and its dot are gone.
    assert charts.alpha_and_beta_by_month(holed).count("<use") < charts.alpha_and_beta_by_month(whole).count("<use")


def test_waterfall_prints_each_part_and_their_sum() -> None:
    parts = {"fees": 1.5, "delay": -0.5, "opportunity": 0.25, "trading": 2.0}
    text = Page(charts.shortfall_waterfall(Shortfall(pod="a", orders=3, notional_usd=1e6, parts_bps=parts))).text
    assert re.search(r"−0\.5 \+2\.0 \+0\.[23] \+1\.5 \+3\.[23]", text)
    assert charts.component_order(parts) == ["delay", "trading", "opportunity", "fees"]


@pytest.mark.parametrize(
    ("low", "high", "ticks"),
    [(0.9, 150, [1, 10, 100]), (0.95, 6, [1, 2, 5]), (0.9, 2.2, [1, 1.5, 2]), (0.97, 1.06, [0.98, 1, 1.02, 1.04, 1.06])],
)
def test_growth_ticks_are_round_and_few(low: float, high: float, ticks: list[float]) -> None:
    assert growth_ticks(low, high) == pytest.approx(ticks)


def test_a_ruined_pod_is_still_drawn() -> None:
    ruined = PodSeries(pod="a", day_us=(0, US_PER_DAY), cumulative_return=(-0.5, -1.0), drawdown=(0.5, 1.0))
    assert "growth of 1" in Page(charts.equity_and_underwater(ruined)).text


def test_undefined_estimates_say_so() -> None:
    assert "undefined" in Page(charts.intervals([("seen", Figure(value=None, unit="1"))], "Sharpe ratio")).text


def test_a_curve_without_limit_has_no_dot() -> None:
    bare = CapacityCurve(pod="a", capital_usd=(1e5, 1e6), cost_bps=(1.0, 3.0))
    marked = bare.model_copy(update={"limit_usd": 5e5})
    assert charts.capacity_curves([marked]).count("<use") > charts.capacity_curves([bare]).count("<use")
