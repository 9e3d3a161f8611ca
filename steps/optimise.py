"""From tiers and covariance to one limit for each pod."""

from allocation.decide import allocate
from allocation.optimise import Infeasible
from allocation.request import AllocationRequest, PodCase
from domain.errors import Refused
from steps.as_of_view import load_panel
from steps.attribution import BENCHMARKS, benchmark_returns
from steps.capacities import capacity_of
from steps.desk import load_desk
from steps.limits import save_allocation
from steps.records import load_records
from steps.run import Run, StepResult
from steps.tiers import load_decisions


def optimise(run: Run) -> StepResult:
    """Risk budgets by cluster of correlated pods, tier caps, capacity and the desk's bounds; each limit names what binds it.

    Refused, with the constraint named, where no allocation exists.
    """
    decisions, records = load_decisions(run), load_records(run)
    days, benchmarks = benchmark_returns(load_panel(run))
    request = AllocationRequest(
        desk=load_desk(run.source.simulated),
        pods=tuple(PodCase(records[pod], decision, capacity_of(run, records[pod])[0]) for pod, decision in decisions.items()),
        btc_day_us=days,
        btc_return=benchmarks[:, tuple(BENCHMARKS).index("btc")],
    )
    answer = allocate(request)
    if isinstance(answer, Infeasible):
        raise Refused(f"no allocation exists: {answer.constraint}: {answer.message}")
    save_allocation(run, answer)
    return StepResult(
        headline=f"{sum(line.limit_usd for line in answer.limits):,} USD over {len(answer.limits)} pods; {answer.method}",
        facts={"method": answer.method, "clusters": len(answer.clusters)},
        table=tuple(
            {"pod": line.pod, "tier": line.tier, "limit USD": line.limit_usd, "binding": line.binding, "next": line.next_binding}
            for line in answer.limits
        ),
    )
