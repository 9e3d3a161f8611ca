"""The tear sheet of one configuration: everything that these data say about it, put together for the page."""

import math
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from allocation.capacity import Liquidity, capacity, cost_annual
from allocation.impact_coefficient import calibrate_from_flow
from backtest.costs import ADV_DAYS, trailing_adv_usd
from backtest.days import daily_closes, daily_returns
from backtest.robustness.costs import returns_at_cost
from backtest.robustness.crises import Crises, in_crises
from backtest.robustness.futures import PATHS, QUANTILES, fan
from backtest.robustness.regimes import in_regimes, regimes
from backtest.validation.bootstrap import Estimate, headline_intervals
from domain.arrays import FloatArray, IntArray
from domain.errors import Refused
from domain.evidence import Figure
from domain.market import Panel
from domain.record import COMPONENTS, PodRecord
from domain.times import DAYS_PER_YEAR, US_PER_DAY
from ledger.log import Log
from measures.intervals import sharpe_interval
from measures.moments import moments
from measures.rolling import rolling
from reporting.gate_data import Claim
from reporting.tear_sheet import render_tear_sheet
from reporting.tear_sheet_data import CrisisRow, Daily, Fan, Question, RegimeRow, TearSheet
from reporting.values import CapacityCurve, Mode
from steps.as_of_view import LocatedView
from steps.attribution import attributed_figures, benchmark_returns
from steps.capacities import on_symbols
from steps.configuration import CONFIG, load
from steps.desk import load_desk
from steps.pod_returns import Workbench, funding_note
from steps.roster import Member
from steps.sweep import Parameters, Swept
from steps.tear_sheet_grid import grid_of
from steps.tear_sheet_questions import questions
from steps.tear_sheet_signal import signal_of
from steps.trials import Behind

SEED = 20_240_229
"""Of every resampling on the page: the same data give the same page."""
LEAK_TEST = "leak_test"
"""The log's word for what `factory leak-test` found."""
ROLLING_DAYS = 90
CAPACITY_SIZES = 25
HEADLINE = {
    "sharpe_annual": ("Sharpe ratio, annual", "1"),
    "return_annual": ("Mean return a year", "fraction"),
    "total_return": ("Total return", "fraction"),
    "volatility_annual": ("Volatility a year", "fraction"),
    "max_drawdown": ("Deepest drawdown", "fraction"),
    "es_97_5_1d": ("ES 97.5 %, one day", "fraction"),
}


def tear_sheet(
    member: Member,
    chosen: Parameters,
    bench: Workbench,
    record: PodRecord,
    located: LocatedView,
    *,
    run: str,
    behind: Behind,
    grid: Swept | None,
    leak_test: dict[str, Any] | None,
    claim: Mapping[str, Any],
) -> str:
    """The page, HTML. `behind`: the trials on record that count; `grid`: what sweeps have evaluated on these data."""
    panel, view, manifest = bench.seen, located.view, member.manifest
    name, market = market_of(panel, record)
    attributed = attributed_figures(panel, record)
    asked, trials = questions(record, behind, attributed, grid, seed=SEED)
    curve, note = capacity_of(panel, bench, record, simulated=view.venue == "sim")
    sheet = TearSheet(
        run=run,
        mode=Mode.SIMULATED if view.venue == "sim" else Mode.SHADOW,
        strategy=manifest.name,
        version=manifest.version,
        authors=manifest.authors,
        description=manifest.description,
        claim=claim["hypothesis"],
        claimed_before_result=claim["before_result"],
        style=manifest.style.value,
        package=member.code,
        venue=view.venue,
        market=view.market.value,
        symbols=len(panel.symbols),
        bar_minutes=panel.interval_us / 60e6,
        data_as_of_us=view.as_of_us,
        snapshot=located.snapshot,
        content_digest=view.content_digest,
        capital_usd=record.capital_usd,
        parameters=chosen,
        trials=trials,
        headline=headline(panel, record, attributed),
        tests=asked,
        daily=daily(record, name, market),
        funding_note=funding_note(bench.funding),
        grid=None if grid is None else grid_of(member, chosen, record, grid),
        grid_note=f"No grid was evaluated on these data: `factory sweep {manifest.name}` does, on record, and fills this part.",
        regimes=regime_rows(panel, record, market),
        crises=crisis_rows(record, market),
        fan=fan_of(record),
        costs=cost_claims(record),
        delays=delay_claims(member, chosen, bench, record),
        capacity=curve,
        capacity_note=note,
        signal=signal_of(member, chosen, bench),
        leakage=_leakage(leak_test),
        latency=_latency(leak_test),
    )
    return render_tear_sheet(sheet)


def leak_test_of(log: Log, code: str) -> dict[str, Any] | None:
    """The newest leak test of exactly this package; None where there was none."""
    tests = [entry.body for entry in log.entries(LEAK_TEST) if entry.body["code"] == code]
    return tests[-1] if tests else None


def _leakage(tested: dict[str, Any] | None) -> Question | None:
    if tested is None:
        return None
    inputs, first = ", ".join(tested["inputs"]), tested["first_time"]
    return Question(
        question="LEAKS" if tested["leaks"] else "None found.",
        figure=Figure(value=float(tested["leaks"]), unit="count"),
        meaning=f"It knows {inputs} before their time, first at {first}." if tested["leaks"] else "By its newest leak test.",
    )


def _latency(tested: dict[str, Any] | None) -> tuple[Claim, ...]:
    """Percentiles of its decisions one by one, each asked with its lookback alone."""
    found = (tested or {}).get("latency_us")
    if found is None:
        return ()
    n = int(found["decisions"])
    return tuple(
        Claim(label=f"Decision latency, {name}", figure=Figure(unit="us", n=n, **found[name])) for name in ("p50", "p99", "p99.9")
    )


def market_of(panel: Panel, record: PodRecord) -> tuple[str, FloatArray]:
    """Bitcoin, or the symbol that is traded most where the panel lacks it; (D,) its returns on the record's days."""
    days, benchmarks = benchmark_returns(panel)
    at = np.searchsorted(days, record.day_us)
    if np.isfinite(benchmarks[:, 0]).any():
        return "BTCUSDT", benchmarks[at, 0]
    most = int(np.argmax(np.nansum(panel.close * panel.volume, axis=0)))
    return panel.symbols[most], daily_returns(daily_closes(panel)[1])[at, most]


def headline(panel: Panel, record: PodRecord, attributed: dict[str, Figure]) -> tuple[Claim, ...]:
    """With bootstrap intervals; undefined where the record is too short or never moves."""
    try:
        found: dict[str, Estimate] = headline_intervals(record.net_return, seed=SEED)
    except Refused as refusal:
        return (Claim(label="Sharpe ratio, annual", figure=Figure(value=None, unit="1", note=str(refusal))),)
    claims = [Claim(label=label, figure=_estimated(found[name], unit)) for name, (label, unit) in HEADLINE.items()]
    alpha = _alpha(panel, record) or attributed["alpha_annual"]
    claims.insert(2, Claim(label="Alpha a year, to BTC and ETH", figure=alpha))
    turnover = Figure(value=float(record.turnover.mean()) * DAYS_PER_YEAR, unit="x capital")
    gross = Figure(value=float(record.gross_exposure.mean()), unit="x capital")
    return (*claims, Claim(label="Turnover a year", figure=turnover), Claim(label="Gross exposure, mean", figure=gross))


def _alpha(panel: Panel, record: PodRecord) -> Figure | None:
    days, benchmarks = benchmark_returns(panel)
    factors = benchmarks[np.searchsorted(days, record.day_us)]
    known = np.isfinite(factors).all(axis=1)
    if known.sum() < 60:
        return None
    found = headline_intervals(record.net_return[known], factors[known], seed=SEED, repetitions=1_000)
    return _estimated(found["alpha_annual"], "fraction")


def _estimated(found: Estimate, unit: str) -> Figure:
    value, low, high = (number if math.isfinite(number) else None for number in (found.value, found.low, found.high))
    return Figure(value=value, unit=unit, low=low, high=high)


def daily(record: PodRecord, name: str, market: FloatArray) -> Daily:
    trailing = rolling(record.net_return, market, ROLLING_DAYS)
    return Daily(
        day_us=tuple(int(day) for day in record.day_us),
        net_return=tuple(float(value) for value in record.net_return),
        market=name,
        market_return=known(market),
        gross_exposure=known(record.gross_exposure),
        net_exposure=known(record.net_exposure),
        turnover=known(record.turnover),
        component={part: tuple(float(value) for value in record.component[part]) for part in COMPONENTS},
        rolling_window_days=ROLLING_DAYS,
        rolling_sharpe=known(trailing.sharpe_annual),
        rolling_volatility=known(trailing.volatility_annual),
        rolling_beta=known(trailing.beta),
    )


def known(values: FloatArray) -> tuple[float | None, ...]:
    """None where there is no number."""
    return tuple(float(value) if math.isfinite(value) else None for value in values)


def sharpe_figure(returns: FloatArray, note: str = "") -> Figure:
    """Annual Sharpe ratio with its interval."""
    found, root = moments(returns), math.sqrt(DAYS_PER_YEAR)
    if found is None:
        return Figure(value=None, unit="1", n=len(returns), note="zero variance")
    interval = sharpe_interval(found.sharpe, found.n, found.skew, found.kurtosis)
    low, high = (None, None) if interval is None else (interval[0] * root, interval[1] * root)
    return Figure(value=found.sharpe * root, unit="1", low=low, high=high, n=found.n, note=note)


def regime_rows(panel: Panel, record: PodRecord, market: FloatArray) -> tuple[RegimeRow, ...]:
    """Labels from the whole history of the panel, each day's from the days before."""
    volume = _daily_volume_usd(panel, record.day_us)
    rows = in_regimes(record.net_return, regimes(market, volume))
    return tuple(
        RegimeRow(
            dimension=row.dimension,
            name=row.name,
            days=row.days,
            mean_annual=row.mean_annual,
            sharpe=Figure(value=row.sharpe_annual, unit="1", low=row.low, high=row.high, n=row.days),
        )
        for row in rows
        if row.days
    )


def _daily_volume_usd(panel: Panel, day_us: IntArray) -> FloatArray:
    """(D,) of all symbols; NaN on a day without a bar."""
    usd = np.nansum(panel.close * panel.volume, axis=1)
    day = panel.open_time_us // US_PER_DAY - panel.open_time_us[0] // US_PER_DAY
    total = np.bincount(day, weights=usd)[day_us // US_PER_DAY - panel.open_time_us[0] // US_PER_DAY]
    return np.where(total > 0, total, np.nan)


def crisis_rows(record: PodRecord, market: FloatArray) -> tuple[CrisisRow, ...]:
    found = in_crises(record.day_us, record.net_return, market, load(CONFIG / "crises.yaml", Crises))
    return tuple(
        CrisisRow(
            name=row.name,
            first=row.first,
            days=row.days,
            days_in_window=row.days_in_window,
            total_return=row.total_return,
            max_drawdown=row.max_drawdown,
            worst_day=row.worst_day,
            market_return=row.benchmark_return,
        )
        for row in found
    )


def fan_of(record: PodRecord) -> Fan | None:
    """None where the record is too short or never moves."""
    try:
        found = fan(record.net_return, seed=SEED)
    except Refused:
        return None
    at = points(len(record.day_us))
    return Fan(
        day_us=tuple(int(day) for day in record.day_us[at]),
        quantiles=QUANTILES,
        wealth=tuple(tuple(float(value) for value in row[at]) for row in found.wealth),
        max_drawdown=tuple(float(value) for value in found.max_drawdown),
        p_loss=found.p_loss,
        block_days=found.block_days,
        paths=PATHS,
    )


def points(count: int, most: int = 250) -> IntArray:
    """Days of a line that a page can show, the last among them."""
    return np.unique(np.linspace(0, count - 1, min(count, most)).round()).astype(np.int64)


def cost_claims(record: PodRecord) -> tuple[Claim, ...]:
    return tuple(Claim(label=f"cost x {times}", figure=sharpe_figure(returns_at_cost(record, times))) for times in (1, 2, 3))


def delay_claims(member: Member, chosen: Parameters, bench: Workbench, record: PodRecord) -> tuple[Claim, ...]:
    """The same decisions, released later by one and two bars."""
    claims = [Claim(label="as backtested", figure=sharpe_figure(record.net_return))]
    for bars in (1, 2):
        profile = replace(member.spec.profile, delay_bars=member.spec.profile.delay_bars + bars)
        slower = replace(member, spec=replace(member.spec, profile=profile))
        later = bench.evaluate(slower, chosen)
        claims.append(Claim(label=f"{bars} bar{'s' if bars > 1 else ''} later", figure=sharpe_figure(later.net_return)))
    return tuple(claims)


def capacity_of(panel: Panel, bench: Workbench, record: PodRecord, *, simulated: bool) -> tuple[CapacityCurve | None, str]:
    """The curve with the upper end of the impact coefficient, and one sentence on what binds."""
    desk, impact = load_desk(simulated), calibrate_from_flow(panel)
    recent = np.isfinite(panel.close[-ADV_DAYS * panel.bars_per_day :]).any(axis=0)
    still = on_symbols(record, frozenset(np.array(panel.symbols)[recent].tolist()))
    liquidity = Liquidity(trailing_adv_usd(panel)[-1][recent], bench.volatility[-1][recent])
    found = capacity(still, liquidity, desk.capacity, impact.high)
    turnover = float(still.turnover.mean())
    if found.usd is None or not turnover > 0:
        return None, f"Unknown: {found.note or 'it never traded'}."
    sizes = np.geomspace(desk.floor_usd / 5, 3 * desk.ladder.tiers[-1].cap_usd, CAPACITY_SIZES)
    costs = [cost_annual(still, liquidity, impact.high, float(size)) / (turnover * DAYS_PER_YEAR) * 1e4 for size in sizes]
    note = f"Capacity {_usd(found.usd)}, bound by {found.binding}. Impact coefficient {impact.high:.2f}, the upper end."
    if not np.isfinite(costs).all() or min(costs) <= 0:
        return None, note
    curve: dict[str, Any] = {"capital_usd": tuple(sizes.tolist()), "cost_bps": tuple(costs)}
    return CapacityCurve(pod=record.pod, limit_usd=record.capital_usd, capacity_usd=found.usd or None, **curve), note


def _usd(value: float) -> str:
    return f"{value:,.0f} USD"
