"""What the market looks like today: one volatility forecast for all, volumes, and what size costs."""

import numpy as np

from allocation.capacity import Liquidity
from allocation.impact_coefficient import ImpactCoefficient, calibrate_from_flow
from backtest.costs import ADV_DAYS, trailing_adv_usd
from backtest.days import daily_closes, daily_returns
from backtest.funding import constant_long_by_year
from data_lake.lake import Lake
from domain.times import DAYS_PER_YEAR
from measures.volatility import volatility_forecast
from steps.artefacts import load_json, save_json
from steps.as_of_view import load_panel, load_view
from steps.run import Run, StepResult

METHOD = "EWMA of daily returns, span 35 days, 0.7 with 0.3 of its long-run mean"


def market_risk(run: Run) -> StepResult:
    """The central volatility forecast, average daily volumes, and the impact coefficient with its uncertainty.

    Everybody sizes from this one forecast; its document is signed with the allocations.
    """
    panel = load_panel(run)
    daily = volatility_forecast(daily_returns(daily_closes(panel)[1]))[-1]
    adv_usd = trailing_adv_usd(panel)[-1]
    recent = panel.close[-ADV_DAYS * panel.bars_per_day :]
    coefficient = calibrate_from_flow(panel)
    funding = _funding_of_a_constant_long(run, "BTCUSDT")
    by_symbol = {
        symbol: {
            "volatility_annual": _known(daily[column] * DAYS_PER_YEAR**0.5),
            "adv_usd": _known(adv_usd[column]),
            "trades": bool(np.isfinite(recent[:, column]).any()),
        }
        for column, symbol in enumerate(panel.symbols)
    }
    save_json(run, "market_risk", {"by_symbol": by_symbol, "impact": vars(coefficient), "funding": funding})
    return StepResult(
        headline=f"volatility of {len(panel.symbols)} symbols; impact coefficient {coefficient.value:.2f} "
        f"[{coefficient.low:.2f}, {coefficient.high:.2f}] ({coefficient.method})",
        facts={"impact_coefficient": coefficient.value, "impact_low": coefficient.low, "impact_high": coefficient.high},
        table=tuple(
            {
                "symbol": symbol,
                "volatility a year, %": "unknown"
                if row["volatility_annual"] is None
                else round(row["volatility_annual"] * 100, 1),
                "average daily volume, USD": "unknown" if row["adv_usd"] is None else round(row["adv_usd"]),
            }
            for symbol, row in by_symbol.items()
        ),
    )


def load_liquidity(run: Run, symbols: tuple[str, ...]) -> Liquidity:
    """Average daily volume and daily volatility in the order of these symbols; NaN where unknown."""
    rows = load_json(run, "market_risk")["by_symbol"]
    volatility = np.array([_number(rows[symbol]["volatility_annual"]) for symbol in symbols], dtype=np.float64)
    adv_usd = np.array([_number(rows[symbol]["adv_usd"]) for symbol in symbols], dtype=np.float64)
    return Liquidity(adv_usd, volatility / DAYS_PER_YEAR**0.5)


def trading_symbols(run: Run) -> frozenset[str]:
    """Symbols with a bar in the last 30 days: what has left the market neither needs nor has a capacity."""
    return frozenset(symbol for symbol, row in load_json(run, "market_risk")["by_symbol"].items() if row["trades"])


def load_impact(run: Run) -> ImpactCoefficient:
    return ImpactCoefficient(**load_json(run, "market_risk")["impact"])


def _funding_of_a_constant_long(run: Run, symbol: str) -> dict[str, object] | None:
    """What holding one unit paid, by year, from the funding stamps themselves; None where there are none."""
    view = load_view(run)
    with Lake(run.home.root) as lake:
        rows = lake.read(
            "funding",
            venue=view.venue,
            market=view.market,
            symbols=[symbol],
            start_us=0,
            end_us=view.end_us,
            as_of_us=view.as_of_us,
            snapshot=load_json(run, "snapshot")["snapshot"],
        )
    if not rows.num_rows:
        return None
    times, rates = rows["funding_time"].to_numpy(), rows["funding_rate"].to_numpy()
    return {"symbol": symbol, "by_year": {str(year): paid for year, paid in constant_long_by_year(times, rates).items()}}


def _known(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None


def _number(value: float | None) -> float:
    return float("nan") if value is None else value
