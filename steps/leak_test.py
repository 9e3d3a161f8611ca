"""`factory leak-test`: does a package know at any time what only came later?"""

from dataclasses import asdict
from typing import Any

import numpy as np

from backtest.future_changes import rows_of
from backtest.leakage import Leak, fuzz
from backtest.research import central_volatility
from backtest.stepping import Disagreement, stepped
from backtest.view import view_of
from data_lake.lake import Lake
from domain.canonical import digest
from domain.market import Panel
from domain.strategy import Manifest, View
from domain.times import US_PER_HOUR, Cycle, iso
from model_runtime.latency import LatencyLog, LatencySummary
from model_runtime.package import Package
from model_runtime.predictions import asked_in_process, asking, enforcement, predict
from steps.as_of_view import panel_of
from steps.exposures import EXPOSURE, by_whom, exposure_of_view
from steps.home import Home
from steps.packages import find_package
from steps.research_data import locate_data
from steps.simulation import simulated_market
from steps.trust import open_log

LEAK_TEST = "leak_test"
DECISIONS = 200
"""Of the newest data, for the histogram of decision latencies."""
SEED = 20_240_101
LABORATORY_CYCLE = Cycle.parse("2025-01-01")
SYMBOLS_MAX = 12
"""A leak shows in few symbols as in many, and a sandboxed program is asked some fifty times."""


def leak_test(home: Home, text: str, as_of: str | None, venue: str | None, market: str | None) -> dict[str, Any]:
    """Fuzz a package on what the lake holds, or on the laboratory's market where it holds no bars; the answer goes on record.

    Raises Refused where the package does not answer as it must on the data as it is, or answers twice in two ways.
    """
    package = find_package(home, text)
    manifest = package.manifest
    panel, source, content = _data(home, as_of, venue, market)
    panel = panel.pick(_symbols(panel, manifest))
    view = view_of(panel, central_volatility(panel), dict(manifest.parameters))
    # A hidden state or a random number would be taken for a leak: that is asked first, and refused under its own name.
    predict(package, rows_of(view, slice(0, 2 * manifest.lookback_bars)), twice=True)
    with asking(package) as ask:
        report = fuzz(ask, view, lookback_bars=manifest.lookback_bars, seed=SEED)
    differing, latency = _decided_live(package, view)
    differing = [*report.disagreements, *differing]
    first = None if report.first_time_us is None else iso(report.first_time_us)
    verdict = {"leaks": bool(report.leaks), "inputs": list(report.inputs), "first_time": first}
    open_log(home).append(
        LEAK_TEST, {"strategy": manifest.name, "code": package.digest, "data": content, **verdict, "latency_us": latency}
    )
    return {
        "package": package.id,
        "authors": list(manifest.authors),
        **verdict,
        "details": _details(report.leaks),
        "lookback_kept": not differing,
        "disagreements": [_disagreement(item) for item in differing],
        "tested": {
            "source": source,
            "symbols": list(panel.symbols),
            "moments": report.moments,
            "calls": report.calls,
            "invented_inputs": list(report.invented),
            "without_answer": report.refusals,
        },
        "latency_us": latency,
        "enforced": _enforced(package),
    }


def _decided_live(package: Package, view: View) -> tuple[list[Disagreement], dict[str, Any] | None]:
    """The newest decisions one by one, each on its lookback alone as a live pod asks: what disagrees, how long each takes."""
    manifest, clock = package.manifest, LatencyLog()
    every = max(1, manifest.decide_every_hours * US_PER_HOUR // view.interval_us)
    rows = range(len(view.close) - 1, manifest.lookback_bars - 1, -every)[:DECISIONS][::-1]
    with asking(package) as at_once, asking(package, latency=clock) as live:
        start = max(0, rows[0] - 2 * manifest.lookback_bars) if rows else 0
        recent = rows_of(view, slice(start, None))
        own = [row - start for row in rows]
        found = stepped(live, recent, at_once(recent), own, lookback_bars=manifest.lookback_bars)
    return found, _latency(clock.summary(manifest.decide_every_hours * US_PER_HOUR))


def leak_sentences(result: dict[str, Any]) -> str:
    """The answer as a person reads it."""
    tested = result["tested"]
    lines = [f"{result['package']} on {tested['source']}: {tested['moments']} moments, {tested['calls']} calls"]
    if result["leaks"]:
        lines.append(f"LEAKS: {', '.join(result['inputs'])}, first in the prediction of {result['first_time']}")
        lines += [f"  {row['input']} by {row['operation']}, {row['first_time']}" for row in result["details"]]
    else:
        lines.append("no prediction knows what came later")
    lines += [f"more than the declared lookback matters ({row['check']}) at {row['time']}" for row in result["disagreements"]]
    if (latency := result["latency_us"]) is not None:
        told = ", ".join(f"{name} {latency[name]['value'] / 1000:,.1f} ms" for name in ("p50", "p99", "p99.9"))
        lines.append(f"decision latency {told} over {latency['decisions']} decisions, each on its lookback alone")
    lines += [f"not tested by {operation}: {why}" for operation, why in tested["without_answer"].items()]
    return "\n".join(lines)


def _data(home: Home, as_of: str | None, venue: str | None, market: str | None) -> tuple[Panel, str, str]:
    """The panel, what it is in words, and the digest of its content."""
    with Lake(home.root) as lake:
        empty = lake.snapshot() == 0
    if empty and as_of is None and venue is None and market is None:
        return simulated_market(LABORATORY_CYCLE).panel, "the laboratory", digest(["laboratory", LABORATORY_CYCLE.label])
    located = locate_data(home, as_of, venue, market)
    view = located.view
    open_log(home).append(EXPOSURE, exposure_of_view("bars", view, by_whom(), "leak-test"))
    source = f"{view.venue} {view.market.value} as known at {iso(view.as_of_us)}"
    return panel_of(home.root, view, located.snapshot), source, digest([view.content_digest, view.funding_digest])


def _symbols(panel: Panel, manifest: Manifest) -> tuple[str, ...]:
    """Those that it trades first, then those with the most bars, in the order of the panel."""
    traded = np.array([manifest.universe == "all" or symbol in manifest.universe for symbol in panel.symbols])
    order = np.lexsort((-np.isfinite(panel.close).sum(axis=0), ~traded))
    return tuple(panel.symbols[column] for column in sorted(order[:SYMBOLS_MAX].tolist()))


def _details(leaks: tuple[Leak, ...]) -> list[dict[str, Any]]:
    """The earliest leak of each input by each change."""
    earliest: dict[tuple[str, str], Leak] = {}
    for leak in sorted(leaks, key=lambda leak: (leak.first_time_us, leak.input, leak.operation)):
        earliest.setdefault((leak.input, leak.operation), leak)
    return [
        {
            "input": leak.input,
            "operation": leak.operation,
            "known_until": iso(leak.known_until_us),
            "first_time": iso(leak.first_time_us),
            "moved": _finite(leak.moved),
        }
        for leak in earliest.values()
    ]


def _disagreement(item: Disagreement) -> dict[str, Any]:
    return {"check": item.check, "time": iso(item.time_us), "moved": _finite(item.moved)}


def _finite(moved: float) -> float | None:
    """None where an opinion came or went."""
    return moved if np.isfinite(moved) else None


def _latency(summary: LatencySummary | None) -> dict[str, Any] | None:
    """Whole microseconds, with the 95 % interval of each percentile."""
    if summary is None:
        return None
    named = {"p50": summary.p50, "p99": summary.p99, "p99.9": summary.p999}
    percentiles: dict[str, Any] = {
        name: {"value": round(found.value_us), "low": _whole(found.low_us), "high": _whole(found.high_us)}
        for name, found in named.items()
    }
    return percentiles | {"max": round(summary.max_us), "decisions": summary.calls}


def _whole(value: float | None) -> int | None:
    return None if value is None else round(value)


def _enforced(package: Package) -> dict[str, str] | None:
    """None for a reviewed package of this desk, which is asked in this process."""
    return None if asked_in_process(package) else asdict(enforcement())
