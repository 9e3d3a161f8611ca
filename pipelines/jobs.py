"""The daily reallocation: one job over the line, at 00:30 UTC."""

import dagster as dg

from assets import LINE

reallocation_job = dg.define_asset_job(
    "reallocation",
    selection=dg.AssetSelection.assets(*LINE),
    description="One cycle, from data to signed limits. A partition is a cycle: all data closed by its midnight UTC.",
)

reallocation_schedule = dg.build_schedule_from_partitioned_job(
    reallocation_job,
    name="daily_reallocation",
    hour_of_day=0,
    minute_of_hour=30,
    description="00:30 UTC on the day of the cycle.",
)
