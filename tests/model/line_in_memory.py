"""The decision of one cycle on a simulated market without lake, ledger or disk: pure functions, in the order of the line."""

from dataclasses import dataclass

import numpy as np

from allocation.capacity import Liquidity, capacity
from allocation.decide import allocate
from allocation.impact_coefficient import calibrate_from_flow
from allocation.request import Allocation, AllocationRequest, PodCase
from backtest.costs import ADV_DAYS, CostModel, trailing_adv_usd
from backtest.days import daily_closes, daily_returns
from backtest.stated import stated_record
from domain.canonical import digest
from domain.evidence import Evidence, Verdict
from domain.market import Panel
from domain.record import PodRecord
from domain.tiers import TierDecision
from domain.times import Cycle
from laboratory.market import generate
from laboratory.pods import LaboratoryPod, pods
from measures.volatility import volatility_forecast
from promotion_gates.judge import judge
from promotion_gates.lifecycle import decide_tier
from steps.as_of_view import DataView
from steps.attribution import attributed_figures
from steps.capacities import on_symbols
from steps.configuration import CONFIG, load
from steps.desk import first_rung, load_desk
from steps.evidence import data_figures, evidence_on
from steps.gates import load_policy
from steps.pod_returns import Workbench, evaluate_configurations, funding_note
from steps.roster import Member, laboratory_member
from steps.simulation import laboratory_settings
from steps.trial_returns import TrialReturns
from steps.trials import DeskTrials, trial_body

CYCLE = Cycle.parse("2026-11-20")


@dataclass(frozen=True)
class Decision:
    """What the line came to for one seed."""

    pods: dict[str, LaboratoryPod]
    evidence: dict[str, Evidence]
    verdicts: dict[str, Verdict]
    tiers: dict[str, TierDecision]
    cases: dict[str, PodCase]
    allocation: Allocation
    request: AllocationRequest

    def limit(self, pod: str) -> int:
        return self.allocation.limit(pod).limit_usd


def decide(seed: int, cycle: Cycle = CYCLE) -> Decision:
    """Every pod of the laboratory judged and allocated in its first cycle."""
    market = generate(seed, cycle.closes_us, laboratory_settings())
    panel, desk, policy = market.panel, load_desk(True), load_policy()
    view = _view(panel, cycle)
    bench = Workbench(panel, load(CONFIG / "costs.yaml", CostModel), desk.pod_volatility_target_annual, first_rung(desk).cap_usd)
    known = {pod.spec.pod: pod for pod in pods(market, seed)}
    members = {name: laboratory_member(pod) for name, pod in known.items()}
    liquidity, recent = _liquidity(panel)
    impact = calibrate_from_flow(panel)
    evidence, verdicts, tiers, cases = {}, {}, {}, {}
    evaluated = {name: _records(member, bench) for name, member in members.items()}
    trials = _trials(members, evaluated, view)
    for name, member in members.items():
        records = evaluated[name]
        still = on_symbols(records[0], recent)
        found = capacity(still, liquidity if still.symbols else Liquidity(np.zeros(0), np.zeros(0)), desk.capacity, impact.high)
        evidence[name] = evidence_on(
            member,
            records[0],
            view,
            trials=np.column_stack([record.net_return for record in records]),
            behind=trials.behind(member),
            attribution=attributed_figures(panel, records[0]),
            capacity=found.figure(),
            data=data_figures(
                member, view, dict.fromkeys(panel.symbols, 1.0), 0, bench.funding.known_share, funding_note(bench.funding)
            ),
        )
        verdicts[name] = judge(policy, evidence[name], first_rung(desk))
        tiers[name] = decide_tier(desk.ladder, desk.ladder.tiers[0].name, [verdicts[name]], 0)
        cases[name] = PodCase(records[0], tiers[name], found)
    days, closes = daily_closes(panel.pick(("BTCUSDT",)))
    request = AllocationRequest(desk, tuple(cases.values()), days, np.asarray(daily_returns(closes)[:, 0]))
    answer = allocate(request)
    assert isinstance(answer, Allocation), answer
    return Decision(known, evidence, verdicts, tiers, cases, answer, request)


def _view(panel: Panel, cycle: Cycle) -> DataView:
    return DataView(
        venue=panel.venue,
        market=panel.market,
        interval_us=panel.interval_us,
        start_us=int(panel.open_time_us[0]),
        end_us=cycle.closes_us,
        as_of_us=cycle.issued_us,
        symbols=panel.symbols,
        content_digest="",
        funding_digest="",
    )


def _records(member: Member, bench: Workbench) -> list[PodRecord]:
    stated = member.spec.stated_returns
    if stated is not None:
        return [stated_record(bench.seen, stated, pod=member.spec.pod, capital_usd=bench.capital_usd)]
    return evaluate_configurations(member, bench)


def _trials(members: dict[str, Member], evaluated: dict[str, list[PodRecord]], view: DataView) -> DeskTrials:
    bodies, returns = {}, {}
    for name, member in members.items():
        for parameters, record in zip(member.configurations(), evaluated[name], strict=True):
            body = trial_body(member, parameters, view)
            bodies[digest(body)] = body
            returns[digest(body)] = TrialReturns(int(record.day_us[0]), record.net_return)
    elsewhere = {member.manifest.name: member.manifest.trials_elsewhere for member in members.values()}
    return DeskTrials(list(bodies.values()), returns, elsewhere, load_desk(True).cluster_correlation)


def _liquidity(panel: Panel) -> tuple[Liquidity, frozenset[str]]:
    recent = np.isfinite(panel.close[-ADV_DAYS * panel.bars_per_day :]).any(axis=0)
    daily = volatility_forecast(daily_returns(daily_closes(panel)[1]))[-1]
    liquidity = Liquidity(trailing_adv_usd(panel)[-1][recent], daily[recent])
    return liquidity, frozenset(symbol for symbol, there in zip(panel.symbols, recent, strict=True) if there)
