"""Section 3: purged, embargoed and combinatorial cross-validation."""

import numpy as np

from backtest.validation.splits import combinatorial_split, count_paths, count_splits, training_rows
from tests.reference.registry import Inputs, Results, case


@case(3, {"n", "label_horizon_bars", "test"}, optional={"embargo_bars"})
def purge_one_block(inputs: Inputs) -> Results:
    n, horizon, test = inputs["n"], inputs["label_horizon_bars"], np.array(inputs["test"], dtype=np.int64)
    embargo = inputs.get("embargo_bars", 0)
    return {
        "train_half_open": training_rows(n, test, horizon, embargo=embargo),
        "train_closed": training_rows(n, test, horizon, embargo=embargo, closed=True),
    }


@case(3, {"N_k"})
def counts(inputs: Inputs) -> Results:
    return {
        "splits": [count_splits(groups, tested) for groups, tested in inputs["N_k"]],
        "paths": [count_paths(groups, tested) for groups, tested in inputs["N_k"]],
    }


@case(3, {"n", "label_horizon_bars", "interval", "embargo_bars", "groups", "test_groups"})
def combinatorial_fold(inputs: Inputs) -> Results:
    """A list for each choice of test groups; with an embargo of e, under `train_embargo<e>`."""
    n, groups, horizon = inputs["n"], inputs["groups"], inputs["label_horizon_bars"]
    closed = inputs["interval"] == "closed"
    tests = [combinatorial_split(n, groups, tested, horizon).test for tested in inputs["test_groups"]]
    results: Results = {"test": [test.tolist() for test in tests]}
    for embargo in inputs["embargo_bars"]:
        trains = [training_rows(n, test, horizon, embargo=embargo, closed=closed).tolist() for test in tests]
        results["train" if embargo == 0 else f"train_embargo{embargo}"] = trains
    return results
