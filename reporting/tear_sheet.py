"""The tear sheet: one configuration of one strategy, with every doubt that its history leaves."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from domain.times import DAYS_PER_YEAR, to_datetime
from reporting import charts
from reporting.amounts import amount, bracket, number, percent
from reporting.gate_data import Claim
from reporting.interactive import FIGURE, equity_figure, wealth_of
from reporting.page import drawn, render
from reporting.tear_sheet_data import Daily, Grid, TearSheet
from reporting.tiles import Tile
from reporting.values import TrialCount

MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
COMPONENTS = ("price", "funding", "borrow", "fees", "spread", "impact")
FULL_COLOUR = 0.10
"""Monthly return at which a cell of the calendar has its full colour."""


@dataclass(frozen=True)
class MonthCell:
    """One month of the calendar."""

    text: str
    shade: str
    partial: bool


@dataclass(frozen=True)
class YearRow:
    year: int
    months: tuple[MonthCell | None, ...]
    total: str


def render_tear_sheet(sheet: TearSheet) -> str:
    """The whole page as one self-contained HTML document; a pure function of `sheet`."""
    interactive = equity_figure(sheet.daily)
    return render(
        "tear_sheet.html",
        sheet=sheet,
        simulated=sheet.mode.value == "SIMULATED",
        first_day=_day(sheet.daily.day_us[0]),
        last_day=_day(sheet.daily.day_us[-1]),
        tiles=headline_tiles(sheet),
        years=calendar(sheet.daily),
        month_names=MONTHS,
        figure_id=FIGURE,
        library=drawn(interactive.library),
        drawing=drawn(interactive.drawing),
        allowed=drawn(interactive.allowed),
        plots=_plots(sheet),
    )


def headline_tiles(sheet: TearSheet) -> list[Tile]:
    """Value and interval of each; beside the first, the Sharpe ratio, the number of trials that it was chosen from."""
    first, *rest = [_headline_tile(claim) for claim in sheet.headline]
    return [first, _trials_tile(sheet.trials), *rest]


def _headline_tile(claim: Claim) -> Tile:
    figure = claim.figure
    if figure.value is None:
        return Tile(claim.label, "undefined", figure.note, "unknown")
    notes = [bracket(figure.low, figure.high, figure.unit), figure.note]
    return Tile(claim.label, amount(figure.value, figure.unit), "; ".join(note for note in notes if note))


def _trials_tile(trials: TrialCount) -> Tile:
    notes = [] if trials.effective is None else [f"effective {number(trials.effective, 1)}"]
    if trials.sharpe_bar_annual is not None:
        notes.append(f"luck reaches {number(trials.sharpe_bar_annual, 2)}")
    return Tile("Trials behind it", number(trials.unique + trials.elsewhere, 0), "; ".join(notes))


def calendar(daily: Daily) -> list[YearRow]:
    """Compounded return of every month, newest year first; a month that the sample cuts is marked."""
    days = np.array(daily.day_us, dtype="datetime64[us]")
    months = days.astype("datetime64[M]")
    growth = np.log1p(np.maximum(np.array(daily.net_return), -0.999999))
    rows = []
    for year in sorted({int(str(month)[:4]) for month in months}, reverse=True):
        cells: list[MonthCell | None] = []
        for month in np.arange(f"{year}-01", f"{year + 1}-01", dtype="datetime64[M]"):
            inside = months == month
            if not inside.any():
                cells.append(None)
                continue
            value = float(np.expm1(growth[inside].sum()))
            length = int(((month + 1).astype("datetime64[D]") - month.astype("datetime64[D]")).astype(int))
            cells.append(MonthCell(number(100 * value, 1, signed=True), _shade(value), bool(inside.sum() < length)))
        total = float(np.expm1(growth[months.astype("datetime64[Y]").astype(str) == str(year)].sum()))
        rows.append(YearRow(year, tuple(cells), percent(total, signed=True)))
    return rows


def _shade(value: float) -> str:
    strength = min(1.0, abs(value) / FULL_COLOUR)
    red, green, blue = (43, 122, 85) if value >= 0 else (179, 57, 47)
    return f"rgba({red},{green},{blue},{0.08 + 0.5 * strength:.2f})"


def component_means(daily: Daily) -> dict[str, float]:
    """Mean annual part of the return by component, those that are all zero left out; unnamed ones last."""
    order = [name for name in COMPONENTS if name in daily.component]
    order += sorted(name for name in daily.component if name not in COMPONENTS)
    means = {name: float(np.mean(daily.component[name])) * DAYS_PER_YEAR for name in order}
    return {name: value for name, value in means.items() if name == "price" or value != 0.0}


def _plots(sheet: TearSheet) -> dict[str, Any]:
    """Each plot that has data, by the name under which the template asks for it."""
    daily, plots = sheet.daily, {}
    plots["rolling"] = charts.rolling_figures(
        daily.day_us,
        daily.rolling_window_days,
        daily.rolling_sharpe,
        daily.rolling_volatility,
        daily.rolling_beta,
        daily.market,
    )
    plots["exposure"] = charts.exposure_and_turnover(daily.day_us, daily.gross_exposure, daily.net_exposure, daily.turnover)
    plots["components"] = charts.return_by_component(component_means(daily))
    if sheet.grid is not None:
        plots |= _grid_plots(sheet.grid)
    if sheet.regimes:
        rows = [(f"{row.name} ({row.days} d)", row.sharpe) for row in sheet.regimes]
        plots["regimes"] = charts.intervals(rows, "Sharpe ratio, annual")
    if sheet.fan is not None:
        fan = sheet.fan
        own = wealth_of(np.array(daily.net_return))[np.searchsorted(daily.day_us, fan.day_us)]
        plots["fan"] = charts.fan_of_paths(fan.day_us, fan.quantiles, fan.wealth, own.tolist())
    for name, claims in (("costs", sheet.costs), ("delays", sheet.delays)):
        if claims:
            plots[name] = charts.intervals([(claim.label, claim.figure) for claim in claims], "Sharpe ratio, annual")
    if sheet.capacity is not None:
        plots["capacity"] = charts.capacity_curves((sheet.capacity,))
    if sheet.signal is not None:
        signal = sheet.signal
        plots["ic"] = charts.coefficients([(point.hours, point.value, point.t) for point in signal.by_horizon])
        plots["decay"] = charts.decay([(point.hours, point.value, point.t) for point in signal.decay], signal.half_life_hours)
        plots["quantiles"] = charts.quantile_returns(signal.quantile_bps)
    return {name: drawn(svg) for name, svg in plots.items()}


def _grid_plots(grid: Grid) -> dict[str, str]:
    plots = {
        "paths": charts.cross_validated_paths(grid.path_day_us, grid.paths),
        "sides": charts.in_and_out(grid.in_sample, grid.out_of_sample, grid.chosen, grid.best_in_sample, grid.cut_day),
    }
    if len(grid.x_values) > 1:
        axes = (grid.x_name, grid.x_values), (grid.y_name, grid.y_values)
        plots["surface"] = charts.parameter_surface(*axes, grid.cells, grid.chosen_cell)
    if grid.walks:
        plots["walks"] = charts.intervals([(claim.label, claim.figure) for claim in grid.walks], "Sharpe ratio, annual")
    return plots


def _day(us: int) -> str:
    return to_datetime(us).date().isoformat()
