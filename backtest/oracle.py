"""vectorbt as the second opinion: it follows the kernel's units and must come to the same money; it draws the finalists."""

from typing import Any

import numpy as np

from backtest.kernel_data import ARRIVAL, ENDED_BAR, FEE, FILL, FILLED, SIDE, SYMBOL, Simulated
from domain.arrays import FloatArray
from domain.errors import Refused
from domain.market import Panel
from domain.times import US_PER_DAY

AMPLE = 100.0
"""Cash in multiples of capital: vectorbt must never lack it, for the kernel's positions are on margin."""


def vectorbt_portfolio(panel: Panel, simulated: Simulated, *, capital_usd: float) -> Any:
    """A vectorbt Portfolio, one cash for all symbols, that trades to the kernel's units at the open of every bar.

    Spread and impact of each fill go in as its slippage against the open, its fee as a rate on the fill price. Funding and
    borrow have no place there: its total profit is the kernel's price, spread, impact and fees. Raises Refused where
    vectorbt fills other orders than the kernel did, and for an account that was liquidated, which vectorbt does not know.
    """
    import pandas as pd
    import vectorbt as vbt

    if len(simulated.liquidation):
        raise Refused(f"expected an account without liquidations, got {len(simulated.liquidation)}: vectorbt does not know them")
    index = pd.to_datetime(panel.open_time_us, unit="us", utc=True)
    inputs = _inputs(panel, simulated)
    frames = {name: pd.DataFrame(values, index=index, columns=list(panel.symbols)) for name, values in inputs.items()}
    portfolio = vbt.Portfolio.from_orders(
        **frames,
        size_type="targetamount",
        init_cash=AMPLE * capital_usd,
        cash_sharing=True,
        group_by=True,
        freq=pd.Timedelta(microseconds=panel.interval_us),
    )
    expected, got = int((simulated.order_value[:, FILLED] > 0).sum()), int(portfolio.orders.count())
    if got != expected:
        raise Refused(f"expected vectorbt to fill the kernel's {expected} orders, it filled {got}: the simulation is in doubt")
    return portfolio


def draw_finalist(panel: Panel, simulated: Simulated, *, capital_usd: float, title: str) -> str:
    """A page that opens offline: vectorbt's figure of value with its deepest drawdowns, and of exposure, at each UTC midnight.

    Before funding and borrow, in USD at constant capital. The same inputs give the same bytes. Refused without a midnight.
    """
    import vectorbt as vbt
    from plotly.io import to_html  # type: ignore[import-untyped]

    portfolio = vectorbt_portfolio(panel, simulated, capital_usd=capital_usd)
    midnight = np.flatnonzero(panel.close_time_us % US_PER_DAY == 0)
    if not len(midnight):
        raise Refused("expected bars that reach a UTC midnight, got none: deliver at least a day")
    value = (portfolio.value() - (AMPLE - 1.0) * capital_usd).iloc[midnight].rename("value, USD")
    exposure = (portfolio.asset_value() / capital_usd).iloc[midnight].rename("net exposure, x capital")
    figure = vbt.make_subplots(rows=2, cols=1, shared_xaxes=True, row_heights=[0.7, 0.3], vertical_spacing=0.06)
    vbt.Drawdowns.from_ts(value, freq="1D").plot(fig=figure, add_trace_kwargs={"row": 1, "col": 1})
    exposure.vbt.plot(fig=figure, add_trace_kwargs={"row": 2, "col": 1})
    figure.update_layout(
        title={"text": f"{title}<br><sub>vectorbt, before funding and borrow, at each UTC midnight</sub>"},
        legend={"orientation": "h", "yanchor": "top", "y": -0.08, "xanchor": "left", "x": 0},
        margin={"t": 80, "b": 80, "l": 70, "r": 20},
        width=None,
        height=640,
        autosize=True,
    )
    figure.update_yaxes(title_text="value, USD", row=1, col=1)
    figure.update_yaxes(title_text="net exposure, x capital", row=2, col=1)
    figure.update_xaxes(title_text="day, UTC", row=2, col=1)
    drawn = figure.to_dict()
    drawn["data"] = [{name: item for name, item in trace.items() if name != "uid"} for trace in drawn["data"]]
    return str(to_html(drawn, include_plotlyjs=True, div_id="finalist", config={"displaylogo": False}, validate=False))


def _inputs(panel: Panel, simulated: Simulated) -> dict[str, FloatArray]:
    """What `from_orders` takes, (T, N) each; a size of NaN is no order.

    A fill better than the open goes into the price: slippage is never negative there.
    """
    done = simulated.order_value[:, FILLED] > 0
    place, value = simulated.order_place[done], simulated.order_value[done]
    at = (place[:, ENDED_BAR], place[:, SYMBOL])
    mark = np.where(np.isfinite(simulated.mark), simulated.mark, 1.0)
    price = np.where(np.isfinite(panel.open), panel.open, mark)
    size, slippage, fees = np.full_like(price, np.nan), np.zeros_like(price), np.zeros_like(price)
    size[at] = simulated.units[at]
    worse = place[:, SIDE] * (value[:, FILL] / value[:, ARRIVAL] - 1.0)
    slippage[at] = np.maximum(worse, 0.0)
    price[at] = np.where(worse < 0.0, value[:, FILL], value[:, ARRIVAL])
    fees[at] = value[:, FEE] / (value[:, FILLED] * value[:, FILL])
    return {"close": mark, "size": size, "price": price, "slippage": slippage, "fees": fees}
