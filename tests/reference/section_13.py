"""Section 13: market-data quality."""

import numpy as np

from measures.grid import audit_bars, audit_grid
from measures.outliers import modified_z
from tests.reference.registry import Inputs, Results, case


@case(13, {"x", "threshold"})
def outliers(inputs: Inputs) -> Results:
    values = np.array(inputs["x"])
    scores = modified_z(values)
    centre = np.median(values)
    return {
        "median": centre,
        "MAD": np.median(np.abs(values - centre)),
        "modified_z": scores,
        "flagged_idx": np.flatnonzero(np.abs(scores) > inputs["threshold"]),
    }


@case(13, {"ts", "step"})
def gaps(inputs: Inputs) -> Results:
    """The share is printed with eight digits and compared as printed."""
    found = audit_grid(inputs["ts"], inputs["step"])
    return {
        "expected": found.expected,
        "unique": found.unique,
        "missing": list(found.missing),
        "duplicates": found.duplicates,
        "out_of_order": found.out_of_order,
        "completeness": round(found.completeness, 8),
    }


@case(13, {"bars"})
def possible_bars(inputs: Inputs) -> Results:
    found = audit_bars(inputs["bars"])
    return {"valid": found.valid, "stale": found.stale}
