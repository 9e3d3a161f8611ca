"""Backtest, sweep and leak test of a submitted package, as the UI launches and shows them."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq

from domain.evidence import Figure
from domain.record import COMPONENTS
from reporting.charts import equity_and_underwater, exposure_and_turnover, intervals, return_by_component
from reporting.values import PodSeries
from steps.experiments import Asked
from steps.exposures import by_whom
from steps.home import Home
from steps.leak_test import leak_test
from steps.research import backtest_package, sweep_package
from steps.run_records import load_run

Fact = int | float | str | bool
Say = Callable[[str], object]
SHOWN = 20


@dataclass(frozen=True)
class CandidateResult:
    """What the UI shows of one launch."""

    headline: str
    facts: dict[str, Fact]
    files: dict[str, Path] = field(default_factory=dict)
    table: tuple[dict[str, Fact], ...] = ()
    pictures: Mapping[str, str] = field(default_factory=dict)
    """SVG by caption."""


def backtest_candidate(home: Home, package: str, question: Mapping[str, Any], say: Say) -> CandidateResult:
    """One configuration, with its equity curve and tear sheet."""
    asked = _asked("backtest", question)
    say(f"{asked.by} asks for a backtest of {package}")
    found = backtest_package(home, package, question["parameters"], *_where(question), asked)
    run = load_run(found["run"], home)
    sharpe, daily = run.results["sharpe_annual"], run.daily
    wealth = np.cumprod(1.0 + daily["net_return"].to_numpy())
    below = 1.0 - wealth / np.maximum.accumulate(np.maximum(wealth, 1.0))
    days = tuple(daily["day_us"].to_list())
    series = PodSeries(pod=found["package"], day_us=days, cumulative_return=tuple(wealth - 1.0), drawdown=tuple(below))
    parts = run.record.components
    components = {name: parts[name] for name in COMPONENTS if parts[name] != 0.0 or name == "price"}
    exposure = [tuple(daily[name].to_list()) for name in ("gross_exposure", "net_exposure", "turnover")]
    headline = f"Sharpe ratio {_text(sharpe.value)} [{_text(sharpe.low)}, {_text(sharpe.high)}], {found['trials']} trials"
    say(headline)
    return CandidateResult(
        headline=headline,
        facts=_known(
            {
                "run": found["run"],
                "authors": ", ".join(found["authors"]),
                "claim": found["hypothesis"],
                "asked_by": found["by"],
                "sharpe_annual": found["sharpe_annual"],
                "trials": found["trials"],
                "trials_effective": found["trials_effective"],
                "dsr": found["dsr"],
                "total_return": found["total_return"],
                "volatility_annual": found["volatility_annual"],
                "max_drawdown": found["max_drawdown"],
            }
        ),
        files={"tear_sheet": Path(found["report"])},
        pictures={
            "Growth of 1 and drawdown, net of all costs": equity_and_underwater(series),
            "Mean return a year by component": return_by_component(components),
            "Exposure and turnover": exposure_and_turnover(days, *exposure),
        },
    )


def sweep_candidate(home: Home, package: str, question: Mapping[str, Any], say: Say) -> CandidateResult:
    """A grid, with its best rows; each finished chunk is told."""
    asked = _asked("sweep", question)
    say(f"{asked.by} asks for a sweep of {package}")

    def told(done: int, total: int) -> None:
        say(f"{done:,} of {total:,} configurations")

    found = sweep_package(home, package, question["parameters"], *_where(question), question["memory_gib"], told, asked)
    table = Path(found["table"])
    rows = pq.read_table(table, columns=["configuration", "sharpe_annual", "max_drawdown", "turnover_annual"]).to_pylist()
    best = sorted((row for row in rows if row["sharpe_annual"] is not None), key=lambda row: -row["sharpe_annual"])[:SHOWN]
    figures = [(_short(row["configuration"]), Figure(value=row["sharpe_annual"], unit="1")) for row in best]
    return CandidateResult(
        headline=f"{found['configurations']} configurations, {found['evaluated']} of them new, {found['refused']} refused",
        facts=_known(
            {
                "sweep": found["sweep"],
                "authors": ", ".join(found["authors"]),
                "claim": found["hypothesis"],
                "asked_by": asked.by,
                "trials": found["trials"],
                "trials_effective": found["trials_effective"],
            }
        ),
        files={"results": table},
        table=tuple(_known(row) for row in best),
        pictures={"Sharpe ratio of the best, annual": intervals(figures, "Sharpe ratio, annual")} if figures else {},
    )


def leak_test_candidate(home: Home, package: str, question: Mapping[str, Any], say: Say) -> CandidateResult:
    """The verdict of the leak test."""
    say(f"changing what {package} could not have known")
    found = leak_test(home, package, *_where(question))
    inputs = ", ".join(found["inputs"])
    headline = f"LEAKS: {inputs}, first at {found['first_time']}" if found["leaks"] else "no prediction knows what came later"
    say(headline)
    facts = {"leaks": found["leaks"], "lookback_kept": found["lookback_kept"], "tested_on": found["tested"]["source"]}
    facts |= {"moments": found["tested"]["moments"], "calls": found["tested"]["calls"], "authors": ", ".join(found["authors"])}
    return CandidateResult(headline=headline, facts=_known(facts), table=tuple(_known(row) for row in found["details"]))


def _asked(word: str, question: Mapping[str, Any]) -> Asked:
    return Asked(word, question["by"] or by_whom(), question["hypothesis"])


def _where(question: Mapping[str, Any]) -> tuple[str | None, str | None, str | None]:
    return question["as_of"], question["venue"], question["market"]


def _known(facts: Mapping[str, Any]) -> dict[str, Fact]:
    """Without what is undefined; floats at six digits."""
    known = {name: value for name, value in facts.items() if value is not None}
    return {name: float(f"{value:.6g}") if isinstance(value, float) else value for name, value in known.items()}


def _text(value: float | None) -> str:
    return "undefined" if value is None else f"{value:.2f}"


def _short(configuration: str) -> str:
    return " ".join(f"{name}={value:g}" for name, value in json.loads(configuration).items())
