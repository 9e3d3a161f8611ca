"""The tear sheet: what it says, what it leaves out, and that only its own two scripts may run."""

import base64
import hashlib
import re

import numpy as np
import pytest

from domain.evidence import Figure
from domain.times import DAYS_PER_YEAR
from reporting.gate_data import Claim
from reporting.interactive import equity_figure, matched_market
from reporting.tear_sheet import calendar, component_means, headline_tiles, render_tear_sheet
from reporting.values import Mode
from tests.unit.reporting.made_up_sheet import DAYS, daily, sheet
from tests.unit.reporting.pages import Page

HOSTILE = "<img src=x onerror=alert(1)>\"'&</td></table></script><script>alert(2)</script>"
PAGE_MAX_BYTES = 6_000_000


@pytest.fixture(scope="module")
def html() -> str:
    return render_tear_sheet(sheet())


@pytest.fixture(scope="module")
def page(html: str) -> Page:
    return Page(without_library(html))


def without_library(html: str) -> str:
    """Plotly's text is megabytes that no check of ours reads."""
    scripts = re.findall(r"<script>(.*?)</script>", html, flags=re.DOTALL)
    return html.replace(max(scripts, key=len), "")


def test_every_element_is_closed_and_the_page_is_light_enough_to_send(page: Page, html: str) -> None:
    assert page.misplaced == []
    assert page.open_tags == []
    assert len(html.encode()) < PAGE_MAX_BYTES


def test_only_two_scripts_and_the_policy_allows_exactly_these(html: str) -> None:
    scripts = re.findall(r"<script>(.*?)</script>", html, flags=re.DOTALL)
    assert len(scripts) == html.lower().count("<script") == 2
    policy = re.search(r'http-equiv="Content-Security-Policy" content="([^"]*)"', html)
    assert policy is not None
    digests = [base64.b64encode(hashlib.sha256(script.encode()).digest()).decode() for script in scripts]
    rules = dict(rule.strip().split(" ", 1) for rule in policy.group(1).split(";"))
    assert rules["script-src"].split() == [f"'sha256-{digest}'" for digest in digests]
    assert rules["default-src"] == "'none'"


def test_nothing_is_loaded_from_anywhere(page: Page) -> None:
    assert not page.tags() & {"link", "img", "image", "iframe", "object", "embed", "form", "base"}
    assert page.attributes("src") == []
    assert page.attributes("href") == [link for link in page.attributes("href") if link.startswith("#")]


def test_the_number_of_trials_stands_beside_the_sharpe_ratio() -> None:
    first, second, *_ = headline_tiles(sheet())
    assert (first.label, first.text, first.note) == ("Sharpe ratio, annual", "1.50", "[0.50, 2.50]")
    assert (second.label, second.text) == ("Trials behind it", "42")
    assert "effective 7.5" in second.note
    assert "luck reaches 1.10" in second.note


def test_every_part_is_said(page: Page) -> None:
    for words in (
        "SIMULATED",
        "made-up v3",
        "PSR.",
        "undefined",
        "Out-of-sample paths",
        "Parameter surface",
        "Neighbours reach 125",
        "Walking forward",
        "With slower execution",
        "At one, two and three times the cost",
        "Flood",
        "2 days of 4",
        "−5.23",
        "half-life 36.5 h",
        "None found.",
        "1.5\xa0ms",
        "12.5\xa0% end below 1",
        "smooth 3",
    ):
        assert words in page.text or words.replace("\xa0", " ") in page.text, words


def test_what_is_missing_is_said_to_be_missing() -> None:
    bare = sheet(
        grid=None,
        grid_note="No grid was evaluated.",
        regimes=(),
        crises=(),
        fan=None,
        costs=(),
        delays=(),
        capacity=None,
        capacity_note="Unknown: it never traded.",
        signal=None,
        leakage=None,
        latency=(),
        mode=Mode.SHADOW,
        headline=(Claim(label="Sharpe ratio, annual", figure=Figure(value=None, unit="1", note="too short")),),
    )
    page = Page(without_library(render_tear_sheet(bare)))
    for words in (
        "No grid was evaluated.",
        "Unknown: it never traded.",
        "none of the named crisis windows",
        "not tested in this run",
        "not measured in this run",
        "too short",
    ):
        assert words in page.text, words
    assert "SIMULATED" not in page.text
    assert "Information coefficient" not in page.text


def test_hostile_text_stays_text() -> None:
    moved = daily().model_copy(update={"market": HOSTILE})
    hostile = sheet(strategy=HOSTILE, description=HOSTILE, authors=(HOSTILE,), grid_note=HOSTILE, daily=moved)
    html = render_tear_sheet(hostile)
    page = Page(without_library(html))
    assert html.lower().count("<script") == 2
    assert page.attributes("onerror") == []
    assert page.misplaced == []


def test_same_bytes_again(html: str) -> None:
    assert render_tear_sheet(sheet()) == html


def test_calendar_compounds_days_and_marks_cut_months() -> None:
    newest, oldest = calendar(daily())
    assert (newest.year, oldest.year) == (2025, 2024)
    returns = np.array(daily().net_return)
    november = oldest.months[10]
    assert november is not None
    assert november.partial
    assert november.text == f"{100 * (np.prod(1 + returns[:11]) - 1):+.1f}".replace("-", "−")
    december = oldest.months[11]
    assert december is not None
    assert not december.partial
    assert december.text == f"{100 * (np.prod(1 + returns[11:42]) - 1):+.1f}".replace("-", "−")
    assert oldest.months[9] is None


def test_components_add_to_the_net_return_and_empty_ones_are_left_out() -> None:
    means = component_means(daily())
    assert list(means) == ["price", "fees"]
    assert sum(means.values()) == pytest.approx(np.mean(daily().net_return) * DAYS_PER_YEAR)


def test_the_market_is_drawn_at_the_strategys_volatility() -> None:
    matched = matched_market(daily())
    assert matched is not None
    returns, scale = matched
    assert returns[1:].std(ddof=1) == pytest.approx(np.std(daily().net_return, ddof=1), rel=1e-9)
    assert scale > 0
    unknown = daily().model_copy(update={"market_return": (None,) * DAYS})
    assert matched_market(unknown) is None
    assert "BTCUSDT" not in equity_figure(unknown).drawing


def test_a_column_of_another_length_is_refused() -> None:
    with pytest.raises(ValueError, match="turnover has 1 days"):
        type(daily())(**(daily().model_dump() | {"turnover": (1.0,)}))
