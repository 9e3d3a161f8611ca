"""What choosing among swept configurations is worth, for the page."""

import math

import numpy as np

from backtest.validation.selection import cross_validate, sharpes, side_by_side, walk_forward
from backtest.validation.surface import surface
from domain.arrays import FloatArray, IntArray
from domain.errors import Refused
from domain.evidence import Figure
from domain.record import PodRecord
from domain.times import DAYS_PER_YEAR, to_datetime
from measures.intervals import sharpe_interval
from measures.moments import moments
from reporting.gate_data import Claim
from reporting.tear_sheet_data import Grid
from steps.roster import Member
from steps.sweep import Parameters, Swept

GROUPS, TESTED = 10, 2
IN_SAMPLE_SHARE = 0.7
POINTS = 200
TRAIN_DAYS, TEST_DAYS = 365, 90


def grid_of(member: Member, chosen: Parameters, record: PodRecord, grid: Swept) -> Grid | None:
    """None where the history is too short to be cut."""
    configurations, matrix = list(grid.configurations), grid.net_return
    if chosen not in configurations:
        configurations, matrix = [*configurations, dict(chosen)], np.column_stack([matrix, record.net_return])
    own = configurations.index(dict(chosen))
    try:
        crossed = cross_validate(matrix, groups=GROUPS, tested=TESTED, embargo=math.ceil(member.manifest.horizon_hours / 24))
        sides = side_by_side(matrix, IN_SAMPLE_SHARE)
    except Refused:
        return None
    faces = surface(configurations, sharpes(matrix), own)
    at = np.unique(np.linspace(0, len(matrix) - 1, POINTS).round()).astype(np.int64)
    wealth = np.cumprod(np.maximum(1.0 + crossed.paths, 0.0), axis=1)[:, at]
    x, y, cells, cell, fixed = _cells(configurations, sharpes(matrix), own)
    return Grid(
        configurations=len(configurations),
        labels=tuple(", ".join(f"{name} {value:g}" for name, value in sorted(one.items())) for one in configurations),
        in_sample=_known(sides.in_sample),
        out_of_sample=_known(sides.out_of_sample),
        chosen=own,
        best_in_sample=sides.best,
        cut_day=to_datetime(int(record.day_us[sides.cut])).date().isoformat(),
        rank_correlation=sides.rank_correlation,
        paths=tuple(tuple(float(value) for value in row) for row in wealth),
        path_day_us=tuple(int(day) for day in record.day_us[at]),
        path_sharpe=_spread(crossed.path_sharpe),
        walks=tuple(_walks(matrix, record.day_us)),
        x_name=x[0],
        x_values=x[1],
        y_name=y[0],
        y_values=y[1],
        cells=cells,
        chosen_cell=cell,
        plateau=faces.plateau,
        share_positive=faces.share_positive if math.isfinite(faces.share_positive) else None,
        fixed=fixed,
    )


def _walks(matrix: FloatArray, days: IntArray) -> list[Claim]:
    train = min(TRAIN_DAYS, len(days) // 2)
    claims = []
    for label, anchored in (("all of the past", True), (f"the last {train} days", False)):
        walk = walk_forward(matrix, train, TEST_DAYS, anchored=anchored)
        claims.append(Claim(label=label, figure=_sharpe(walk.returns)))
    return claims


def _sharpe(returns: FloatArray) -> Figure:
    found, root = moments(returns), math.sqrt(DAYS_PER_YEAR)
    if found is None:
        return Figure(value=None, unit="1", note="zero variance")
    interval = sharpe_interval(found.sharpe, found.n, found.skew, found.kurtosis)
    low, high = (None, None) if interval is None else (interval[0] * root, interval[1] * root)
    return Figure(value=found.sharpe * root, unit="1", low=low, high=high, n=found.n)


def _spread(path_sharpe: FloatArray) -> Figure:
    known = path_sharpe[np.isfinite(path_sharpe)]
    if not known.size:
        return Figure(value=None, unit="1", note="no path varies")
    return Figure(value=float(np.median(known)), unit="1", low=float(known.min()), high=float(known.max()), n=int(known.size))


Axis = tuple[str, tuple[float, ...]]


def _cells(
    configurations: list[Parameters], value: FloatArray, own: int
) -> tuple[Axis, Axis, tuple[tuple[float | None, ...], ...], tuple[int, int], Parameters]:
    """The two parameters with the most values, the others held as chosen."""
    chosen = configurations[own]
    tried = {name: tuple(sorted({float(one[name]) for one in configurations})) for name in chosen}
    varying = sorted((name for name in tried if len(tried[name]) > 1), key=lambda name: (-len(tried[name]), name))
    x, y = (varying[0] if varying else "", varying[1] if len(varying) > 1 else "")
    held = {name: chosen[name] for name in varying[2:]}
    x_values, y_values = tried.get(x, (0.0,)), tried.get(y, ())
    cells: list[list[float | None]] = [[None] * len(x_values) for _ in range(max(1, len(y_values)))]
    for one, number in zip(configurations, value, strict=True):
        same = all(one[name] == chosen[name] for name in chosen if name not in (x, y))
        if same and math.isfinite(number):
            row = y_values.index(float(one[y])) if y else 0
            cells[row][x_values.index(float(one[x])) if x else 0] = float(number)
    cell = (y_values.index(float(chosen[y])) if y else 0, x_values.index(float(chosen[x])) if x else 0)
    return (x, x_values), (y, y_values), tuple(tuple(row) for row in cells), cell, held


def _known(values: FloatArray) -> tuple[float | None, ...]:
    return tuple(float(value) if math.isfinite(value) else None for value in values)
