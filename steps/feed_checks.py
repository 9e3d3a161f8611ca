"""What is known of one feed's table: is it fresh, is it sound, did everything that came get in?"""

import datetime as dt
from collections.abc import Sequence

from data_lake.checks import check
from data_lake.feeds.declaration import Feed, Feeds, load_feeds
from data_lake.findings import Finding, Severity
from data_lake.freshness import ended_symbols, newest_by_symbol, stale_findings
from data_lake.lake import Lake
from data_lake.remedies import remedy
from data_lake.tick_checks import TICK_CHECKS, check_ticks
from domain.times import US_PER_DAY, US_PER_HOUR
from steps.home import Home
from steps.ingest import now_us
from steps.quality_tables import grouped
from steps.run import Check, Fact, StepResult

FEED_CHECKS = {
    "fresh_events": "No symbol's newest complete event is older than the feed's stale_after_hours, whenever it was last fetched. "
    "Stale stops the reallocation.",
    "sound": "Gaps, duplicates, impossible bars, reused tickers and the like. A red finding stops the reallocation.",
    "taken_in": "The last delivery got into the lake whole: nothing of it lies in quarantine.",
}
"""The questions that every feed's asset answers, by name."""

_TICK_WINDOW_US = US_PER_DAY
"""Captures of trades, quotes and depth are checked over their last day; bars and funding whole."""
_EVER_US = 2**62


def check_feed(home: Home, name: str, *, feeds: Feeds | None = None, at_us: int | None = None) -> StepResult:
    """Judge what the lake holds of a feed's symbols as of `at_us` (None: the machine's clock). Nothing is fetched.

    Raises Refused where no such feed is declared.
    """
    feed = (feeds or load_feeds()).named(name)
    moment_us = now_us() if at_us is None else at_us
    with Lake(home.root) as lake:
        series = lake.describe(as_of_us=moment_us)
        ended = ended_symbols(lake, feed.venue, feed.market, moment_us, moment_us)
        stale = stale_findings(feed, series, moment_us, ended)
        newest = newest_by_symbol(feed, series)
        found = _findings(lake, feed, max(newest.values()), moment_us) if newest else ()
        lake.note(found)
        quarantined = _quarantined(lake, feed)
    checks = (_fresh(feed, stale, bool(newest)), _sound(found, bool(newest)), _taken_in(quarantined))
    missed = [item.name for item in checks if not item.passed]
    return StepResult(headline=f"{name}: {', '.join(missed) + ' missed' if missed else 'in order'}", checks=checks)


def _findings(lake: Lake, feed: Feed, newest_us: int, moment_us: int) -> tuple[Finding, ...]:
    if feed.table in TICK_CHECKS:
        return check_ticks(
            lake, feed.table, feed.venue, feed.market, newest_us - _TICK_WINDOW_US, _EVER_US, moment_us, feed.symbols
        )
    if feed.table == "bars" and feed.interval_us is not None:
        span = (feed.interval_us, -_EVER_US, _EVER_US, moment_us)
        return tuple(item for item in check(lake, feed.venue, feed.market, *span, feed.symbols) if item.interval_us is not None)
    return ()


def _quarantined(lake: Lake, feed: Feed) -> int:
    rows = lake.query("SELECT quarantined FROM deliveries WHERE source = ? ORDER BY delivery DESC LIMIT 1", [feed.name])
    return int(rows[0][0]) if rows else 0


def _fresh(feed: Feed, stale: Sequence[Finding], any_row: bool) -> Check:
    if feed.stale_after_hours is None:
        return Check("fresh_events", True, False, "no freshness is declared for this feed")
    allowed: dict[str, Fact] = {"allowed, hours": feed.stale_after_hours}
    if not any_row:
        return Check("fresh_events", False, False, f"nothing has come yet: run `factory fetch {feed.name}`", allowed)
    old = [item for item in stale if item.severity is Severity.RED]
    if old:
        ages = ", ".join(f"{item.symbol} {int(str(item.evidence['age_us'])) / US_PER_HOUR:.1f} h" for item in old)
        said = f"stale: {ages} old, {feed.stale_after_hours:g} h allowed: {remedy('stale')}"
        return Check("fresh_events", False, True, said, allowed | {"stale symbols": len(old)})
    waiting = ", ".join(item.symbol for item in stale if item.kind == "never_came")
    return Check("fresh_events", True, False, f"fresh; never came: {waiting}" if waiting else "fresh", allowed)


def _sound(found: Sequence[Finding], any_row: bool) -> Check:
    if not any_row:
        return Check("sound", True, False, "there is nothing to check yet")
    groups = grouped(found)
    counts = {f"{group['severity']}: {group['kind']}": int(group["count"]) for group in groups}
    red = [group for group in groups if group["severity"] == Severity.RED]
    if red:
        said = "; ".join(f"{group['count']} {group['kind']} ({group['examples'][0]}): {remedy(group['kind'])}" for group in red)
        return Check("sound", False, True, said, dict(counts))
    amber = sum(int(group["count"]) for group in groups if group["severity"] == Severity.AMBER)
    return Check("sound", amber == 0, False, f"{amber:,} findings to mind" if amber else "nothing to mind", dict(counts))


def _taken_in(quarantined: int) -> Check:
    said = f"{quarantined:,} of the last delivery in quarantine: `factory sql 'FROM quarantine'` shows them with the reason"
    return Check("taken_in", quarantined == 0, False, said if quarantined else "everything got in", {"quarantined": quarantined})


def freshness_of(feed: Feed) -> dt.timedelta | None:
    """For how long a fetch of this feed counts as recent; None where no freshness is declared."""
    return None if feed.stale_after_hours is None else dt.timedelta(hours=feed.stale_after_hours)
