"""The pods that pass every gate, redrawn by an independent engine."""

from backtest.oracle import draw_finalist
from backtest.run import simulate_panel
from domain.evidence import Outcome
from steps.gates import load_verdicts
from steps.pod_returns import Workbench, workbench
from steps.roster import Member, roster
from steps.run import Run

MOST = 2
"""A page of an independent engine takes seconds: the first ones by name stand for the rest."""


def draw_finalists(run: Run) -> dict[str, str]:
    """Pages by pod, for at most two packages whose every gate passes."""
    passed = {pod for pod, found in load_verdicts(run).items() if found[-1].outcome is Outcome.PASS}
    chosen = [member for member in roster(run) if member.spec.pod in passed and member.package is not None][:MOST]
    if not chosen:
        return {}
    bench = workbench(run)
    pages = ((member.spec.pod, draw(member, bench, simulated=run.source.simulated)) for member in chosen)
    return {pod: page for pod, page in pages if page is not None}


def draw(member: Member, bench: Workbench, *, simulated: bool) -> str | None:
    """vectorbt's page of one configuration; None for an account that was liquidated, which vectorbt does not know."""
    result = simulate_panel(
        bench.charged,
        bench.targets(member, member.configurations()[0]),
        bench.costs,
        member.spec.profile,
        capital_usd=bench.capital_usd,
        daily_volatility=bench.volatility,
        rules=bench.rules,
    )
    if len(result.liquidation):
        return None
    title = f"{'SIMULATED ' if simulated else ''}{member.spec.pod}"
    return draw_finalist(bench.charged, result, capital_usd=bench.capital_usd, title=title)
