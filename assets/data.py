"""From deliveries to the one view of the data that a decision uses."""

import dagster as dg

from assets.feeds import FEEDS
from assets.line import line_asset
from steps.as_of_view import as_of_view
from steps.ingest import ingest
from steps.validate import validate

DATA = (
    line_asset(ingest, group="data", after=[], feeds=[feed.key for feed in FEEDS], owner="team:data"),
    line_asset(
        validate,
        group="data",
        after=["ingest"],
        owner="team:data",
        checks=[
            dg.AssetCheckSpec(
                "data_quality",
                asset="validate",
                blocking=True,
                description="Stale, broken or contradicted tables are red, and red blocks the line.",
            )
        ],
    ),
    line_asset(as_of_view, group="data", after=["validate"], owner="team:data"),
)
