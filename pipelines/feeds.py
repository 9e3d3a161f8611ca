"""A job for each feed, and a schedule for each feed that declares one; all are off until somebody turns them on."""

from typing import Any

import dagster as dg

from assets.feeds import CHECKS, DECLARED, FEEDS, feed_word
from data_lake.feeds.declaration import Feed


def _job(feed: Feed, asset: dg.AssetsDefinition) -> Any:
    return dg.define_asset_job(
        f"fetch_{feed_word(feed)}",
        selection=dg.AssetSelection.assets(asset),
        description=f"Fetch {feed.name} into the lake, then check its table.",
    )


def _schedule(feed: Feed, job: Any) -> dg.ScheduleDefinition:
    return dg.ScheduleDefinition(
        name=f"{job.name}_schedule",
        job=job,
        cron_schedule=str(feed.schedule),
        execution_timezone="UTC",
        description=f"As config/feeds.yaml declares: {feed.schedule}, UTC.",
    )


check_feeds_job = dg.define_asset_job(
    "check_feeds",
    selection=dg.AssetSelection.checks(*CHECKS),
    description="Judge every feed's table as it is, without fetching: a feed that stopped coming turns red here.",
)
check_feeds_schedule = dg.ScheduleDefinition(
    name="check_feeds_schedule", job=check_feeds_job, cron_schedule="15 * * * *", execution_timezone="UTC"
)

_JOBS = {feed.name: _job(feed, asset) for feed, asset in zip(DECLARED, FEEDS, strict=True)}
FEED_JOBS = (*_JOBS.values(), check_feeds_job)
FEED_SCHEDULES = (*(_schedule(feed, _JOBS[feed.name]) for feed in DECLARED if feed.schedule is not None), check_feeds_schedule)
