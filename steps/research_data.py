"""What research is done on: the newest of what the lake holds, and the workbench over it."""

import datetime as dt

from backtest.costs import CostModel
from data_lake.lake import Lake
from domain.errors import Refused
from domain.market import SIMULATED_VENUE, Market
from domain.times import US_PER_DAY, from_datetime, parse_utc
from steps.as_of_view import LocatedView, locate, panel_of, series_of
from steps.configuration import CONFIG, load
from steps.desk import first_rung, load_desk
from steps.home import Home
from steps.ingest import parse_market
from steps.packages import find_package
from steps.pod_returns import Workbench
from steps.roster import Member, package_member
from steps.vintages import vintages_of


def find_member(home: Home, package: str) -> Member:
    """A package by its folder, its name under `strategies/`, or the id of a submitted one. Raises Refused where there is none."""
    return package_member(find_package(home, package))


def locate_data(home: Home, as_of: str | None, venue: str | None, market: str | None) -> LocatedView:
    """What was known at `as_of`, up to the last midnight before it and the end of the last day with a bar.

    Of the newest delivery of bars where nothing else is said.
    """
    as_of_us = parse_utc(as_of) if as_of is not None else from_datetime(dt.datetime.now(dt.UTC))
    with Lake(home.root) as lake:
        newest_venue, newest_market = _newest(lake)
        chosen = venue or newest_venue
        where = parse_market(market) if market is not None else newest_market
        midnight = as_of_us // US_PER_DAY * US_PER_DAY
        bars = series_of(lake, chosen, where, midnight, as_of_us)
        # Days after the last bar are unknown, not flat: they would dilute every figure.
        last_close_us = max(item.last_us + (item.interval_us or 0) for item in bars)
        return locate(lake, chosen, where, min(midnight, -(-last_close_us // US_PER_DAY) * US_PER_DAY), as_of_us)


def bench_on(home: Home, located: LocatedView, vintages: str | None = None) -> Workbench:
    """The workbench over a view, at the capital and the volatility target of its desk.

    `vintages`: `exact`, each decision sees the data as it stood, `latest`, or None, exact where it is affordable.
    """
    desk = load_desk(located.view.venue == SIMULATED_VENUE)
    panel = panel_of(home.root, located.view, located.snapshot)
    costs, capital_usd = load(CONFIG / "costs.yaml", CostModel), first_rung(desk).cap_usd
    return Workbench(panel, costs, desk.pod_volatility_target_annual, capital_usd, vintages_of(home, located, vintages))


def _newest(lake: Lake) -> tuple[str, Market]:
    for row in reversed(lake.deliveries().to_pylist()):
        if row["table_name"] == "bars":
            return str(row["venue"]), Market(row["market"])
    raise Refused("the lake holds no bars: run `factory run`, or take some in with `factory ingest`")
