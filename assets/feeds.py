"""Each feed of `config/feeds.yaml` as an asset: fetched by the step that `factory fetch` calls, with its checks."""

from collections.abc import Iterator

import dagster as dg

from assets.line import check_results
from assets.resources import FeedHome
from data_lake.feeds.declaration import Feed, load_feeds
from domain.errors import Unreachable
from steps.feed_checks import FEED_CHECKS, check_feed, freshness_of
from steps.feeds import fetch_feed


def feed_key(feed: Feed) -> dg.AssetKey:
    """`feeds/<name>`."""
    return dg.AssetKey(["feeds", feed.name])


def feed_asset(feed: Feed) -> dg.AssetsDefinition:
    """What a fetch brought, and what the lake then holds of the feed's symbols."""
    within = freshness_of(feed)

    @dg.asset(
        key=feed_key(feed),
        group_name="feeds",
        owners=["team:data"],
        kinds={feed.transport},
        tags={"table": feed.table, "venue": feed.venue, "market": feed.market.value},
        description=_description(feed),
        freshness_policy=None if within is None else dg.FreshnessPolicy.time_window(fail_window=within),
    )
    def body(context: dg.AssetExecutionContext, feed_home: FeedHome) -> dg.MaterializeResult:  # type: ignore[type-arg]
        report = fetch_feed(feed_home.home_of, feed.name)
        context.log.info(report["outcome"])
        if report["unreachable"] is not None:
            raise Unreachable(report["unreachable"])
        return dg.MaterializeResult(metadata=_metadata(report))

    return body


def feed_checks(feed: Feed) -> dg.AssetChecksDefinition:
    """The feed's checks, which run after each fetch and can run alone: a feed that nobody fetches grows stale too."""
    specs = [dg.AssetCheckSpec(name, asset=feed_key(feed), description=text) for name, text in FEED_CHECKS.items()]

    @dg.multi_asset_check(name=f"check_{feed_word(feed)}", specs=specs, can_subset=True)
    def body(context: dg.AssetCheckExecutionContext, feed_home: FeedHome) -> Iterator[dg.AssetCheckResult]:
        asked = {key.name for key in context.selected_asset_check_keys}
        results = check_results(check_feed(feed_home.home_of, feed.name), feed_key(feed))
        yield from (result for result in results if result.check_name in asked)

    return body


def feed_word(feed: Feed) -> str:
    """The feed's name where only letters, digits and underscores may stand."""
    return feed.name.replace("-", "_")


def _description(feed: Feed) -> str:
    symbols = f"{', '.join(feed.symbols[:8])}{' …' if len(feed.symbols) > 8 else ''}" or "as the files tell"
    interval = f" of {feed.interval}" if feed.interval else ""
    known = {"published": "when published", "received": "when received"}.get(feed.known_at, feed.known_at)
    return (
        f"{feed.table}{interval}, {feed.venue} {feed.market.value}: {symbols}.\n\nFrom {feed.url}; known {known}. "
        f"The same as `factory fetch {feed.name}`."
    )


def _metadata(report: dict[str, object]) -> dict[str, dg.MetadataValue]:
    held, counts = report["held"], ("accepted", "revised", "unchanged", "quarantined", "findings", "snapshot")
    assert isinstance(held, list)
    shown = {
        "summary": dg.MetadataValue.text(str(report["outcome"])),
        "dagster/row_count": _int(sum(row["rows"] for row in held)),
    }
    shown |= {name: _int(report[name]) for name in counts}
    if held:
        shown["newest"] = dg.MetadataValue.text(max(row["newest"] for row in held))
        shown["held"] = dg.MetadataValue.table([dg.TableRecord(dict(row)) for row in held])
    return shown


def _int(value: object) -> dg.MetadataValue:
    return dg.MetadataValue.int(int(str(value)))


DECLARED: tuple[Feed, ...] = load_feeds().feeds
FEEDS: tuple[dg.AssetsDefinition, ...] = tuple(feed_asset(feed) for feed in DECLARED)
CHECKS: tuple[dg.AssetChecksDefinition, ...] = tuple(feed_checks(feed) for feed in DECLARED)
