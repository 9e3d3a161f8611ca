"""The lake of the home, cared for: every rule of it checked, and small files merged."""

from collections.abc import Iterator

import dagster as dg

from assets.line import check_results
from assets.resources import FeedHome
from steps.lake_care import LAKE_CHECK
from steps.lake_care import lake_care as care

KEY = dg.AssetKey("lake_care")


@dg.asset(
    key=KEY,
    group_name="data",
    owners=["team:data"],
    kinds={"duckdb"},
    check_specs=[dg.AssetCheckSpec(LAKE_CHECK, asset=KEY, description="Raw store, records, files and versions agree.")],
)
def lake_care(context: dg.AssetExecutionContext, feed_home: FeedHome) -> Iterator[dg.MaterializeResult | dg.AssetCheckResult]:  # type: ignore[type-arg]
    """Check the whole lake, as `factory lake check` does, then merge its small files, as `factory lake compact` does.

    What the lake answers stays the same; one that is not whole is left as it is. Holds the home meanwhile; refused while a run
    holds it.
    """
    result = care(feed_home.home_of)
    context.log.info(result.headline)
    yield dg.MaterializeResult(asset_key=KEY, metadata={"summary": result.headline, **result.facts})
    yield from check_results(result, KEY)
