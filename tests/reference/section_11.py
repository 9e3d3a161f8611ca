"""Section 11: latency budgets."""

import numpy as np

from measures.latency import corrected_for_omission, percentile, quantile_ranks
from tests.reference.parameters import asked_for, percent
from tests.reference.registry import Inputs, Results, case


@case(section=11, inputs={"samples_us", "expected_interval_us"}, optional={"highest_us", "digits"})
def coordinated_omission(inputs: Inputs, asked: tuple[str, ...]) -> Results:
    """Samples come as [value, count]. Range and digits belong to a histogram; exact values need neither."""
    raw = np.concatenate([np.full(int(count), float(value)) for value, count in inputs["samples_us"]])
    sets = {"raw": raw, "corrected": corrected_for_omission(raw, inputs["expected_interval_us"])}
    results: Results = {}
    for name, samples in sets.items():
        results |= {f"{name}_count": samples.size, f"{name}_mean": samples.mean(), f"{name}_max": samples.max()}
        for key, p in asked_for(rf"{name}_p([0-9_]+)", asked):
            results[key] = percentile(samples, percent(p.replace("_", "p")))
    return results


@case(section=11, inputs={"A", "B"})
def merged_percentiles(inputs: Inputs, asked: tuple[str, ...]) -> Results:
    sets = {"A": inputs["A"], "B": inputs["B"], "merged": inputs["A"] + inputs["B"]}
    results: Results = {}
    for key, p, name in asked_for(r"p([0-9]+)_(A|B|merged)", asked):
        results[key] = percentile(sets[name], percent(p))
    for key, p in asked_for(r"mean_of_p([0-9]+)", asked):
        results[key] = (percentile(inputs["A"], percent(p)) + percentile(inputs["B"], percent(p))) / 2.0
    return results


@case(section=11, inputs={"n", "p"}, optional={"confidence"})
def order_statistics(inputs: Inputs) -> Results:
    return {"ranks": list(quantile_ranks(inputs["n"], inputs["p"], inputs.get("confidence", 0.95)))}
