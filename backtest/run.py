"""One backtest: the kernel on a panel, and its bars gathered into the daily record of a pod."""

from dataclasses import replace

import numpy as np

from backtest.costs import CostModel, trailing_adv_usd
from backtest.days import whole_days
from backtest.kernel import simulate
from backtest.kernel_data import (
    ARRIVAL,
    DECIDED_BAR,
    DECISION,
    END,
    FEE,
    FILL,
    FILLED,
    IMPACT_USD,
    MAKER,
    QUANTITY,
    SIDE,
    SPREAD_USD,
    SYMBOL,
    Bars,
    Simulated,
    Terms,
    Wanted,
)
from backtest.margin import MarkBand, account_of, kernel_rules
from backtest.sizing import HALT_DAYS, Targets
from domain.arrays import FloatArray
from domain.errors import Refused
from domain.instruments import TradingRules
from domain.market import Market, Panel
from domain.pod import ExecutionProfile
from domain.record import COMPONENTS, Orders, PodRecord
from domain.times import DAYS_PER_YEAR


def run_backtest(
    panel: Panel,
    targets: Targets,
    costs: CostModel,
    profile: ExecutionProfile,
    *,
    capital_usd: float,
    pod: str,
    daily_volatility: FloatArray,
    rules: TradingRules | None = None,
    marks: MarkBand | None = None,
) -> PodRecord:
    """The daily record of following the targets at constant capital; see `simulate_panel` for what is refused.

    Daily figures cover the UTC days that the panel's grid covers whole; the orders are all orders.
    """
    simulated = simulate_panel(
        panel,
        targets,
        costs,
        profile,
        capital_usd=capital_usd,
        daily_volatility=daily_volatility,
        rules=rules,
        marks=marks,
    )
    account = account_of(
        panel,
        simulated,
        rules,
        profile,
        capital_usd=capital_usd,
        daily_volatility=daily_volatility,
        marked=marks is not None,
    )
    return replace(record_of(panel, simulated, capital_usd=capital_usd, pod=pod), account=account)


def simulate_panel(
    panel: Panel,
    targets: Targets,
    costs: CostModel,
    profile: ExecutionProfile,
    *,
    capital_usd: float,
    daily_volatility: FloatArray,
    rules: TradingRules | None = None,
    marks: MarkBand | None = None,
) -> Simulated:
    """The kernel's account of every bar, in USD.

    daily_volatility: (T, N), known at the close of bar t. Orders wait until volatility and 30-day volume are known, for
    without them their impact is not. rules: lots, leverage and margin of the venue; what they leave out is not simulated.
    marks: the venue's marks in each bar; without them the bars' extremes are the band, and its worst end is charged. Raises
    Refused for a short on spot without a stated borrow rate, for a contract with a bar without funding, and for contracts
    margined in coins.
    """
    if not capital_usd > 0:
        raise Refused(f"expected a positive capital in USD, got {capital_usd}")
    borrow = _borrow_per_bar(panel, targets, costs)
    _require_funding(panel)
    fees = costs.of(panel.market)
    terms = Terms(
        capital_usd=float(capital_usd),
        delay_bars=int(profile.delay_bars),
        participation_max=float(profile.participation_max),
        taker_share=float(profile.taker_share),
        cost_multiplier=float(profile.cost_multiplier),
        maker_fee=fees.maker_fee_bps / 1e4,
        taker_fee=fees.taker_fee_bps / 1e4,
        maker_impact=float(costs.impact.maker_share),
        borrow_per_bar=borrow,
        order_min_usd=float(costs.order_min_usd),
        halt_bars=HALT_DAYS * panel.bars_per_day,
    )
    with np.errstate(divide="ignore", invalid="ignore"):
        impact = costs.impact.coefficient * daily_volatility / np.sqrt(trailing_adv_usd(panel))
    bars = Bars(*(_plain(values) for values in (panel.open, panel.close, panel.volume, panel.funding_rate, impact)))
    wanted = Wanted(_plain(targets.weight), _plain(targets.buffer), np.require(targets.decides, np.bool_, ("C", "W")))
    return simulate(bars, wanted, costs.half_spread(panel.symbols), terms, kernel_rules(panel, rules, profile, marks))


def record_of(panel: Panel, simulated: Simulated, *, capital_usd: float, pod: str) -> PodRecord:
    """The bars of a simulation gathered by whole UTC day, as fractions of capital. Raises Refused where no day is whole."""
    day_us, inside = whole_days(panel)
    if not len(day_us):
        raise Refused("expected at least one whole UTC day of bars, got none: deliver more bars")
    per_day = (len(day_us), panel.bars_per_day)
    position = np.where(simulated.units == 0.0, 0.0, simulated.units * simulated.mark)

    def daily_sum(bars: FloatArray) -> FloatArray:
        return np.asarray(bars[inside].reshape(per_day).sum(axis=1) / capital_usd)

    component = {name: daily_sum(simulated.component[:, column]) for column, name in enumerate(COMPONENTS)}
    return PodRecord(
        pod=pod,
        capital_usd=capital_usd,
        symbols=panel.symbols,
        day_us=day_us,
        net_return=np.sum([component[name] for name in COMPONENTS], axis=0),
        component=component,
        gross_exposure=daily_sum(np.abs(position).sum(axis=1)) / panel.bars_per_day,
        net_exposure=daily_sum(position.sum(axis=1)) / panel.bars_per_day,
        turnover=daily_sum(simulated.traded_usd.sum(axis=1)),
        position_mean_abs_usd=np.abs(position[inside]).mean(axis=0),
        position_last_usd=position[-1],
        traded_usd=simulated.traded_usd[inside].sum(axis=0) / len(day_us),
        orders=_orders(panel, simulated),
    )


def _plain(values: FloatArray) -> FloatArray:
    """The one layout that the kernel is compiled for: a read-only array would cost seconds of compiling."""
    return np.require(values, np.float64, ("C", "W"))


def _orders(panel: Panel, simulated: Simulated) -> Orders:
    place, value = simulated.order_place, simulated.order_value
    return Orders(
        decided_us=panel.close_time_us[place[:, DECIDED_BAR]],
        symbol=place[:, SYMBOL],
        side=place[:, SIDE],
        quantity=value[:, QUANTITY],
        filled=value[:, FILLED],
        decision_price=value[:, DECISION],
        arrival_price=value[:, ARRIVAL],
        fill_price=value[:, FILL],
        end_price=value[:, END],
        fee_usd=value[:, FEE],
        spread_usd=value[:, SPREAD_USD],
        impact_usd=value[:, IMPACT_USD],
        maker_quantity=value[:, MAKER],
    )


def _borrow_per_bar(panel: Panel, targets: Targets, costs: CostModel) -> float:
    """What a short pays per bar, fraction of notional; contracts borrow nothing."""
    if panel.market is Market.INVERSE:
        raise Refused("expected spot or linear contracts, got inverse ones: their profit in coins is not simulated here")
    if panel.market is not Market.SPOT:
        return 0.0
    rate = costs.of(panel.market).borrow_rate_annual
    if rate is None and bool((targets.weight < 0).any()):
        raise Refused(
            "expected no short on spot, because no borrow rate is stated: state `borrow_rate_annual` or trade long_only"
        )
    return 0.0 if rate is None else rate / (DAYS_PER_YEAR * panel.bars_per_day)


def _require_funding(panel: Panel) -> None:
    unknown = np.isnan(panel.funding_rate) & np.isfinite(panel.close)
    if panel.market is Market.LINEAR and unknown.any():
        raise Refused(
            f"expected funding for every bar of a contract, {int(unknown.sum())} bars have none: "
            "missing funding is never zero, fill it with `funding.fill_missing` first"
        )
