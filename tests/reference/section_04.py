"""Section 4: data-snooping tests."""

import numpy as np
from scipy.special import ndtr

from backtest.validation.superior import superior
from measures.multiple_tests import Correction, adjusted, discoveries, haircut_sharpe, two_sided_p
from tests.reference.registry import Inputs, Results, case

NAMES = {
    "bonferroni": Correction.BONFERRONI,
    "sidak": Correction.SIDAK,
    "holm": Correction.HOLM,
    "BH": Correction.BH,
    "BHY": Correction.BHY,
}


@case(4, {"p"})
def adjusted_p_values(inputs: Inputs) -> Results:
    return {name: adjusted(inputs["p"], correction) for name, correction in NAMES.items()}


@case(4, {"t", "p_as_printed"}, optional={"alpha"})
def counted_discoveries(inputs: Inputs) -> Results:
    level = inputs.get("alpha", 0.05)

    def by_correction(p: object) -> Results:
        return {name: discoveries(np.asarray(p, dtype=np.float64), correction, level) for name, correction in NAMES.items()}

    return {
        "discoveries_printed_p": by_correction(inputs["p_as_printed"]),
        "discoveries_p_from_normal": by_correction(two_sided_p(inputs["t"])),
    }


@case(4, {"SR_annual", "T_months", "N", "rho1"}, optional={"sides"})
def harvey_liu(inputs: Inputs) -> Results:
    found = haircut_sharpe(inputs["SR_annual"], inputs["T_months"], inputs["N"], inputs["rho1"], sides=inputs.get("sides", 2))
    if found is None:
        return {}
    results: Results = {"SR_after_autocorr": found.sharpe_annual, "t": found.t, "p_single": found.p}
    for name, cut in (("bonferroni", found.bonferroni), ("sidak", found.sidak)):
        results |= {f"p_{name}": cut.p, f"SR_{name}": cut.sharpe_annual, f"haircut_{name}": cut.share_lost}
    return results


@case(4, {"returns", "benchmark", "block", "bootstrap", "reps"}, optional={"seed"})
def superior_ability(inputs: Inputs) -> Results:
    """Against zero, stationary bootstrap: the only ones that the factory tests."""
    if inputs["benchmark"] != "zero" or inputs["bootstrap"] != "stationary":
        return {}
    found = superior(
        np.array(inputs["returns"], dtype=np.float64),
        seed=inputs.get("seed", 1),
        repetitions=inputs["reps"],
        block_days=inputs["block"],
    )
    return {
        "spa_lower": found.lower,
        "spa_consistent": found.consistent,
        "spa_upper": found.upper,
        "stepm_superior": list(found.superior),
        "max_t": found.max_t,
        "naive_one_sided_p": float(ndtr(-found.max_t)),
        "required_gate_result": found.outcome,
    }
