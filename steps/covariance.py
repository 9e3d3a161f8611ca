"""How the pods move together, at one unit of limit each."""

import numpy as np

from allocation.clusters import correlation_matrix
from domain.arrays import FloatArray
from reporting.charts import correlation_map
from steps.artefacts import save_json
from steps.records import load_records
from steps.run import Run, StepResult


def covariance(run: Run) -> StepResult:
    """Correlation of the pods' daily net returns; pairs without enough common days are unknown, never zero."""
    records = load_records(run)
    names = sorted(records)
    days = np.unique(np.concatenate([record.day_us for record in records.values()]))
    returns = np.full((len(days), len(names)), np.nan)
    for column, name in enumerate(names):
        returns[np.searchsorted(days, records[name].day_us), column] = records[name].net_return
    matrix = correlation_matrix(returns)
    lists = _as_lists(matrix)
    save_json(run, "correlation", {"pods": names, "matrix": lists})
    pairs = [(matrix[i, j], names[i], names[j]) for i in range(len(names)) for j in range(i) if np.isfinite(matrix[i, j])]
    closest = max(pairs, default=None)
    return StepResult(
        headline=f"{len(names)} pods"
        + ("" if closest is None else f"; the closest pair are {closest[2]} and {closest[1]} at {closest[0]:.2f}"),
        facts={"pods": len(names), "days": len(days)},
        picture_svg=correlation_map(names, lists),
        table=tuple(
            {"pod": name, **{other: _shown(matrix[row, column]) for column, other in enumerate(names)}}
            for row, name in enumerate(names)
        ),
    )


def _as_lists(matrix: FloatArray) -> list[list[float | None]]:
    return [[float(value) if np.isfinite(value) else None for value in row] for row in matrix]


def _shown(value: float) -> float | str:
    return round(float(value), 3) if np.isfinite(value) else "unknown"
