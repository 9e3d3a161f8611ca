"""From a record to the figures that gates judge, and from many producers' figures to one piece of evidence."""

import math
from collections.abc import Mapping, Sequence

import numpy as np

from domain.arrays import FloatArray
from domain.canonical import rounded
from domain.errors import Refused
from domain.evidence import Evidence, Figure
from domain.market import SIMULATED_VENUE, Market
from domain.record import PodRecord
from domain.strategy import Manifest
from domain.times import DAYS_PER_YEAR, to_datetime
from measures.deflated import deflated_sharpe, probabilistic_sharpe
from measures.drawdown import max_drawdown, total_return
from measures.intervals import sharpe_interval
from measures.latency import corrected_for_omission, percentile_with_interval
from measures.moments import moments
from measures.tail import expected_shortfall
from measures.undefined import Undefined
from measures.volatility import volatility_annual

_ROOT_YEAR = math.sqrt(DAYS_PER_YEAR)


def performance_figures(
    record: PodRecord,
    n_trials: int,
    trial_sharpes: Sequence[float] | FloatArray,
    pbo: Figure | None = None,
    *,
    n_effective: float | None = None,
) -> dict[str, Figure]:
    """Figures of the daily net returns alone; an undefined one carries the reason. Raises Refused on NaN.

    `n_trials`: distinct trials, those made elsewhere included. `trial_sharpes`: daily Sharpe ratios of those whose returns are
    known; their number is the least that N can be. `pbo`: only where a configuration was selected from a grid. `n_effective`:
    independent ones among the trials; the DSR at this N is shown beside the one that counts.
    """
    n_trials = max(n_trials, len(trial_sharpes))
    returns, days = record.net_return, len(record.net_return)
    stated = days > 0 and bool(np.isfinite(record.turnover).all())
    turnover = float(record.turnover.mean()) * DAYS_PER_YEAR if stated else None
    figures = {
        "total_return": _figure(total_return(returns), "fraction", days, "no days"),
        "volatility_annual": _figure(volatility_annual(returns), "fraction", days, "fewer than 2 days"),
        "max_drawdown": _figure(max_drawdown(returns), "fraction", days, "no days"),
        "es_97_5_1d": _figure(expected_shortfall(returns), "fraction", days, "fewer than 40 days"),
        "turnover_annual": _figure(turnover, "x capital", days, "the pod states no turnover"),
        "trials": Figure(value=float(n_trials), unit="count"),
    }
    figures |= _sharpe_figures(returns) | _significance_figures(returns, n_trials, trial_sharpes)
    if n_effective is not None:
        figures["trials_effective"] = Figure(value=n_effective, unit="count")
        fewer = min(n_trials, max(1, math.ceil(n_effective)))
        figures["dsr_effective"] = _significance_figures(returns, fewer, trial_sharpes)["dsr"]
    return figures | ({} if pbo is None else {"pbo": pbo})


def maker_share_shortfall(maker_share: Figure, intent_min: float) -> Figure:
    """How far the maker share stays below its author's least intent, beyond chance: 0 where its interval reaches it."""
    if maker_share.value is None:
        return Figure(value=None, unit="fraction", n=maker_share.n, note=maker_share.note or "no maker share")
    most = maker_share.value if maker_share.high is None else maker_share.high
    note = f"intent at least {intent_min:g}, seen {maker_share.value:.3g}"
    return Figure(value=max(0.0, intent_min - most), unit="fraction", n=maker_share.n, note=note)


def latency_figure(latency_us: FloatArray | None, interval_us: float) -> Figure:
    """The 99th percentile of a live pod's decision latencies with its distribution-free interval.

    `interval_us`: of a closed-loop sampler, whose omissions are put back; 0 for event-driven measurement, which omits nothing.
    """
    if latency_us is None or not len(latency_us):
        return Figure(value=None, unit="us", note="no latency was measured")
    found = percentile_with_interval(corrected_for_omission(latency_us, interval_us), 0.99)
    note = "" if found.high_us is not None else "too few measurements to bound the percentile from above"
    return Figure(value=found.value_us, unit="us", low=found.low_us, high=found.high_us, n=found.n, note=note)


def assemble(
    record: PodRecord,
    manifest: Manifest,
    *,
    package: str,
    market: Market,
    venue: str,
    live: bool,
    figures: Sequence[Mapping[str, Figure]],
) -> Evidence:
    """One piece of evidence, its numbers on the evidence grid.

    Raises Refused where two producers give one figure, or where there is no day at all.
    """
    if not len(record.day_us):
        raise Refused(f"evidence on {record.pod}: expected at least one whole day, got none")
    merged: dict[str, Figure] = {}
    for produced in figures:
        twice = sorted(set(merged) & set(produced))
        if twice:
            raise Refused(f"evidence on {record.pod}: figures given twice: {twice}; one producer speaks for each")
        merged |= produced
    evidence = Evidence(
        pod=record.pod,
        strategy=manifest.name,
        version=manifest.version,
        authors=manifest.authors,
        description=manifest.description,
        style=manifest.style,
        package=package,
        market=market,
        venue=venue,
        simulated=venue == SIMULATED_VENUE,
        live=live,
        selected=bool(manifest.grid),
        days=len(record.day_us),
        first_day=to_datetime(int(record.day_us[0])).date().isoformat(),
        last_day=to_datetime(int(record.day_us[-1])).date().isoformat(),
        figures={name: merged[name] for name in sorted(merged)},
    )
    return Evidence.parse(rounded(evidence.model_dump(mode="json")), f"evidence on {record.pod}")


def _sharpe_figures(returns: FloatArray) -> dict[str, Figure]:
    found = moments(returns)
    if found is None:
        names = {"sharpe_annual": "1", "skew": "1", "kurtosis": "1"}
        return {name: Figure(value=None, unit=unit, n=len(returns), note="zero variance") for name, unit in names.items()}
    interval = sharpe_interval(found.sharpe, found.n, found.skew, found.kurtosis)
    low, high = (None, None) if interval is None else (interval[0] * _ROOT_YEAR, interval[1] * _ROOT_YEAR)
    return {
        "sharpe_annual": Figure(value=found.sharpe * _ROOT_YEAR, unit="1", low=low, high=high, n=found.n),
        "skew": Figure(value=found.skew, unit="1", n=found.n),
        "kurtosis": Figure(value=found.kurtosis, unit="1", n=found.n),
    }


def _significance_figures(returns: FloatArray, n_trials: int, trial_sharpes: Sequence[float] | FloatArray) -> dict[str, Figure]:
    """The lower of the 2012/2014 and the 2025 form counts; the other is told in the note."""
    days = len(returns)
    single, best = probabilistic_sharpe(returns), deflated_sharpe(returns, trial_sharpes, n_trials)
    figures = {}
    if isinstance(single, Undefined):
        figures["psr"] = Figure(value=None, unit="probability", n=days, note=single.reason)
    else:
        figures["psr"] = Figure(value=single.value, unit="probability", n=days, note=_forms(single.at_estimate, single.at_null))
    if isinstance(best, Undefined):
        figures["dsr"] = Figure(value=None, unit="probability", n=days, note=best.reason)
        figures["dsr_benchmark_annual"] = Figure(value=None, unit="1", n=days, note=best.reason)
    else:
        figures["dsr"] = Figure(value=best.value, unit="probability", n=days, note=_forms(best.at_estimate, best.at_null))
        figures["dsr_benchmark_annual"] = Figure(value=best.threshold * _ROOT_YEAR, unit="1", n=best.n_trials)
    return figures


def _forms(at_estimate: float, at_null: float) -> str:
    return f"2012/14 form {at_estimate:.4f}, 2025 form {at_null:.4f}; the lower one counts"


def _figure(value: float | None, unit: str, n: int, why_undefined: str) -> Figure:
    return Figure(value=value, unit=unit, n=n, note="" if value is not None else why_undefined)
