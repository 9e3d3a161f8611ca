"""`factory backtest`, `factory sweep` and `factory gates`: one package on what the lake holds, outside the daily line."""

import datetime as dt
from typing import Any

import numpy as np

from allocation.capacity import Liquidity, capacity
from allocation.impact_coefficient import calibrate_from_flow
from backtest.costs import ADV_DAYS, CostModel, trailing_adv_usd
from data_lake.checks import check, completeness
from data_lake.findings import Severity
from data_lake.lake import Lake
from domain.canonical import digest
from domain.errors import Refused
from domain.evidence import Verdict
from domain.market import Market
from domain.record import PodRecord
from domain.strategy import Parameter
from domain.times import US_PER_DAY, from_datetime, parse_utc
from durable.files import write_durably
from measures.drawdown import max_drawdown, total_return
from measures.moments import moments
from measures.volatility import volatility_annual
from promotion_gates.judge import judge
from steps.as_of_view import DataView, LocatedView, locate, panel_of, series_of
from steps.attribution import attributed_figures
from steps.capacities import on_symbols
from steps.configuration import CONFIG, load
from steps.desk import first_rung, load_desk
from steps.evidence import data_figures, evidence_on
from steps.gates import load_policy
from steps.home import Home
from steps.ingest import parse_market
from steps.packages import find_package
from steps.pod_returns import Workbench, evaluate_configurations, funding_note, remember_trials
from steps.roster import Member, package_member, with_parameters
from steps.sweep import Told, asked_configurations, sweep, swept
from steps.tear_sheet import leak_test_of, tear_sheet
from steps.trials import DeskTrials, record_trials, trial_body
from steps.trust import open_log


def backtest_package(
    home: Home, package: str, parameters: list[str], as_of: str | None, venue: str | None, market: str | None
) -> dict[str, Any]:
    """Backtest one configuration; it stands on the log as a trial before its result is computed."""
    member = with_parameters(find_member(home, package), dict(_parameter(text) for text in parameters))
    located = locate_data(home, as_of, venue, market)
    chosen, log = member.configurations()[0], open_log(home)
    log.append("trial", trial_body(member, chosen, located.view))
    bench = _bench(home, located)
    record = bench.evaluate(member, chosen)
    remember_trials(home, member, located.view, [chosen], [record])
    run = digest({"trial": trial_body(member, chosen, located.view), "view": located.view.model_dump(mode="json")})[7:23]
    report = home.root / "reports" / "backtests" / f"{member.manifest.name}-{run}.html"
    behind = DeskTrials.on_record(home, located.view).behind(member)
    grid = swept(home, member, bench, located.view)
    tested = leak_test_of(log, member.code)
    page = tear_sheet(member, chosen, bench, record, located, run=run, behind=behind, grid=grid, leak_test=tested)
    write_durably(report, page.encode())
    return {"run": run, "trials": behind.n, **_headline(record), "report": str(report)}


def sweep_package(
    home: Home,
    package: str,
    parameters: list[str],
    as_of: str | None,
    venue: str | None,
    market: str | None,
    memory_gib: float,
    told: Told,
) -> dict[str, Any]:
    """Evaluate a grid of one package into its table; every configuration stands on the log as a trial before that."""
    member, located = find_member(home, package), locate_data(home, as_of, venue, market)
    asked, bench = asked_configurations(member.manifest, parameters), _bench(home, located)
    found = sweep(home, member, bench, located.view, asked, memory_gib=memory_gib, told=told)
    return {
        "sweep": found.id,
        "configurations": found.asked,
        "evaluated": found.evaluated,
        "refused": found.refused,
        "trials": DeskTrials.on_record(home, located.view).behind(member).n,
        "best": found.best,
        "table": str(found.table),
    }


def judge_package(home: Home, package: str, tier: str | None, venue: str | None, market: str | None) -> dict[str, Any]:
    """Judge one package for one tier; every configuration of its grid stands on the log first."""
    member, located = find_member(home, package), locate_data(home, None, venue, market)
    verdict = verdict_on(home, member, located, tier)
    return {
        "outcome": verdict.outcome.value,
        "tier": verdict.tier,
        "gates": [
            {
                "gate": gate.gate,
                "outcome": gate.outcome.value,
                "observed": gate.observed,
                "threshold": gate.threshold,
                "unit": gate.unit,
                "margin": gate.margin,
                "needs": gate.needs,
            }
            for gate in verdict.gates
        ],
        "digest": digest(verdict.model_dump(mode="json")),
    }


def find_member(home: Home, package: str) -> Member:
    """A package by its folder, its name under `strategies/`, or the id of a submitted one. Raises Refused where there is none."""
    return package_member(find_package(home, package))


def verdict_on(home: Home, member: Member, located: LocatedView, tier: str | None) -> Verdict:
    """The policy's answer on what the lake holds."""
    view, log = located.view, open_log(home)
    desk = load_desk(view.venue == "sim")
    asked = first_rung(desk) if tier is None else desk.ladder.tiers[desk.ladder.index(tier)]
    record_trials(log, [member], view)
    bench = _bench(home, located)
    records = evaluate_configurations(member, bench)
    remember_trials(home, member, view, member.configurations(), records)
    panel, impact = bench.seen, calibrate_from_flow(bench.seen)
    recent = np.isfinite(panel.close[-ADV_DAYS * panel.bars_per_day :]).any(axis=0)
    record = on_symbols(records[0], frozenset(np.array(panel.symbols)[recent].tolist()))
    liquidity = Liquidity(trailing_adv_usd(panel)[-1][recent], bench.volatility[-1][recent])
    careful, generous = (capacity(record, liquidity, desk.capacity, end) for end in (impact.high, impact.low))
    shares, red = _quality(home, view)
    evidence = evidence_on(
        member,
        records[0],
        view,
        trials=np.column_stack([record.net_return for record in records]),
        behind=DeskTrials.on_record(home, view).behind(member),
        attribution=attributed_figures(panel, records[0]),
        capacity=careful.figure(generous.usd),
        data=data_figures(member, view, shares, red, bench.funding.known_share, funding_note(bench.funding)),
    )
    return judge(load_policy(), evidence, asked)


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


def _newest(lake: Lake) -> tuple[str, Market]:
    for row in reversed(lake.deliveries().to_pylist()):
        if row["table_name"] == "bars":
            return str(row["venue"]), Market(row["market"])
    raise Refused("the lake holds no bars: run `factory run`, or take some in with `factory ingest`")


def _bench(home: Home, located: LocatedView) -> Workbench:
    desk = load_desk(located.view.venue == "sim")
    panel = panel_of(home.root, located.view, located.snapshot)
    return Workbench(panel, load(CONFIG / "costs.yaml", CostModel), desk.pod_volatility_target_annual, first_rung(desk).cap_usd)


def _quality(home: Home, view: DataView) -> tuple[dict[str, float], int]:
    where = (view.venue, view.market, view.interval_us, view.start_us, view.end_us, view.as_of_us)
    with Lake(home.root) as lake:
        red = sum(finding.severity is Severity.RED for finding in check(lake, *where))
        return completeness(lake, *where), red


def _parameter(text: str) -> tuple[str, Parameter]:
    name, sign, value = text.partition("=")
    try:
        number: Parameter = int(value) if value.lstrip("-").isdigit() else float(value)
    except ValueError:
        sign = ""
        number = 0
    if not sign or not name:
        raise Refused(f"expected --param NAME=NUMBER such as fast=16, got {text!r}")
    return name, number


def _headline(record: PodRecord) -> dict[str, float | None]:
    found = moments(record.net_return)
    return {
        "total_return": total_return(record.net_return),
        "sharpe_annual": None if found is None else found.sharpe * 365**0.5,
        "volatility_annual": volatility_annual(record.net_return),
        "max_drawdown": max_drawdown(record.net_return),
        "turnover_annual": float(record.turnover.mean()) * 365,
    }
