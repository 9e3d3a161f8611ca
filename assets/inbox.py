"""Folders that someone put into the home's inbox, taken into the lake as they are noticed."""

import dagster as dg

from assets.resources import Factory
from steps.inbox import ingest_inbox


class InboxDelivery(dg.Config):
    """Which folder of the inbox."""

    folder: str


@dg.asset(group_name="data", owners=["team:data"], kinds={"python"})
def inbox(context: dg.AssetExecutionContext, config: InboxDelivery, factory: Factory) -> dg.MaterializeResult:  # type: ignore[type-arg]
    """One delivery from the inbox: `delivery.yaml` in it states table, venue, market, interval and when it was known."""
    result = ingest_inbox(factory.home_of, config.folder)
    context.log.info(result.headline)
    return dg.MaterializeResult(metadata={"summary": result.headline, **result.facts})
