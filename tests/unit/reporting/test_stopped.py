"""The page of a stopped cycle: it names the way out, keeps hostile text as text and loads nothing."""

from domain.times import parse_utc
from reporting.data import FeedQuality, RedReason
from reporting.stopped import StandingDocument, StoppedReport, render_stopped
from reporting.values import Mode
from tests.unit.reporting.pages import Page
from tests.unit.reporting.test_pages import HOSTILE, LOADING_TAGS

RED = FeedQuality(
    table="bars", feed="v spot", rows=1, symbols=1, first_us=0, last_us=0, completeness=0.5,
    red=(RedReason(what="bars of v spot: stale", remedy="fetch the feed"), RedReason(what=HOSTILE, remedy=HOSTILE)),
)  # fmt: skip
GREEN = FeedQuality(table="funding", feed="v spot", rows=1, symbols=1, first_us=0, last_us=0)
REPORT = StoppedReport(
    cycle="2024-01-03",
    decided_us=parse_utc("2024-01-03T00:30"),
    mode=Mode.SHADOW,
    quality=(RED, GREEN),
    standing=(
        StandingDocument(pod="fresh", cycle="2024-01-02", tier="T0", limit_usd=1.0, expires_us=parse_utc("2024-01-03T12:30")),
        StandingDocument(pod=HOSTILE, cycle="2024-01-01", tier="T0", limit_usd=2.0, expires_us=parse_utc("2024-01-02T12:30")),
    ),
    replay="factory run --cycle 2024-01-03 --from-lake",
)


def test_reasons_remedies_and_what_stays_in_force() -> None:
    page = Page(render_stopped(REPORT))
    assert not page.tags() & LOADING_TAGS
    assert (page.misplaced, page.open_tags) == ([], [])
    text = " ".join(page.text.split())
    assert "bars of v spot: stale. To do: fetch the feed" in text
    assert "Data: 1 green · 0 amber · 1 red" in text
    assert "Documents that stay in force (2)" in text
    assert text.count("expired: adds no risk") == 1
    assert text.count(HOSTILE) >= 2
    assert "SIMULATED" not in text
    assert "SIMULATED" in Page(render_stopped(REPORT.model_copy(update={"mode": Mode.SIMULATED}))).text


def test_nothing_in_force_is_said() -> None:
    assert "No pod holds a document." in Page(render_stopped(REPORT.model_copy(update={"standing": ()}))).text
