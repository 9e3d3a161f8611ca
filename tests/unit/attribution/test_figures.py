import numpy as np

from attribution.alpha_beta import attribute
from attribution.figures import attribution_figures, fill_style_figures, shortfall_figures
from attribution.fill_style import fill_style
from attribution.shortfall_report import shortfall_report
from measures.undefined import Undefined
from tests.unit.attribution.orders import orders, random_orders

NAMES = ("btc", "eth")
EXPECTED = {"alpha_annual", "alpha_t", "beta_btc", "beta_eth", "r_squared", "recent_alpha_t", "decay_z"}


def made_up(days: int) -> tuple[np.ndarray, np.ndarray]:
    generator = np.random.default_rng(7)
    return generator.normal(0.001, 0.01, days), generator.normal(0, 0.03, (days, 2))


def test_attribution_gives_every_figure_of_the_contract() -> None:
    pod, benchmark = made_up(300)
    found = attribute(pod, benchmark, NAMES)
    assert not isinstance(found, Undefined)
    figures = attribution_figures(found, NAMES)
    assert set(figures) == EXPECTED
    assert figures["alpha_annual"].value == found.alpha_annual
    assert figures["alpha_annual"].low == found.alpha_annual_low
    assert figures["beta_eth"].value == found.beta[1]
    assert all(figure.n == 299 for figure in figures.values())


def test_an_undefined_part_keeps_its_reason() -> None:
    pod, benchmark = made_up(100)
    figures = attribution_figures(attribute(pod, benchmark, NAMES), NAMES)
    assert figures["decay_z"].value is None
    assert "240 are needed" in figures["decay_z"].note
    assert figures["alpha_t"].value is not None


def test_an_undefined_attribution_gives_the_same_names_without_values() -> None:
    figures = attribution_figures(Undefined("no days"), NAMES)
    assert set(figures) == EXPECTED
    assert {(figure.value, figure.note) for figure in figures.values()} == {(None, "no days")}


def test_an_exact_multiple_of_a_benchmark_has_no_t_statistic() -> None:
    _, benchmark = made_up(300)
    figures = attribution_figures(attribute(2 * benchmark[:, 0], benchmark, NAMES), NAMES)
    assert figures["alpha_t"].value is None
    assert "multiple" in figures["alpha_t"].note
    assert round(figures["beta_btc"].value or 0.0, 9) == 2.0


def test_shortfall_and_fill_style() -> None:
    many = random_orders(3)
    report, style = shortfall_report(many), fill_style(many)
    assert not isinstance(report, Undefined)
    assert not isinstance(style, Undefined)
    shortfall = shortfall_figures(report)["shortfall_bps"]
    assert (shortfall.value, shortfall.low, shortfall.high, shortfall.n) == (
        report.mean_bps,
        report.low_bps,
        report.high_bps,
        300,
    )
    maker = fill_style_figures(style)["maker_share"]
    assert (maker.value, maker.low, maker.n) == (style.maker_share, style.low, style.n_orders)
    assert shortfall_figures(shortfall_report(orders()))["shortfall_bps"].note == "no orders"
    assert fill_style_figures(fill_style(orders()))["maker_share"].value is None
