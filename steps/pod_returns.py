"""What each pod would have made, or says it made, day by day at one unit of limit."""

from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, nullcontext
from itertools import pairwise
from typing import Any

import numpy as np
import pyarrow as pa

from backtest.costs import CostModel
from backtest.funding import FilledFunding, assume, charge_assumed, fill_missing
from backtest.margin import HALF_A_CENT_USD
from backtest.research import central_volatility
from backtest.run import run_backtest
from backtest.sizing import Targets, correlation_so_far, sized
from backtest.stated import stated_record
from backtest.view import view_of
from data_lake.instruments import load_instruments
from domain.arrays import FloatArray
from domain.canonical import digest
from domain.errors import Refused
from domain.market import SIMULATED_VENUE, Panel
from domain.record import Account, PodRecord
from domain.strategy import Parameter
from domain.times import iso
from model_runtime.predictions import Ask, asked_in_process, asking, predict
from steps.artefacts import load_table, save_json, save_table
from steps.as_of_view import DataView, load_panel, load_view
from steps.configuration import CONFIG, load
from steps.desk import first_rung, load_desk
from steps.home import Home
from steps.records import save_records
from steps.roster import Member, roster, unusable_packages
from steps.run import Run, StepResult
from steps.trial_returns import keep_returns
from steps.trials import record_trials, trial_keys
from steps.trust import open_log
from steps.vintages import Decided, Vintages, decide, differing_csv, hindsight


def pod_returns(run: Run) -> StepResult:
    """Backtest every configuration of every pod, each one on record as a trial before its result is seen.

    A pod that cannot trade this market, such as a short on spot without a borrow rate, is refused by name; the rest goes on.
    """
    view, bench = load_view(run), workbench(run)
    members = sorted(roster(run), key=lambda member: (member.manifest.name, member.spec.pod))
    record_trials(open_log(run.home), members, view)
    records: dict[str, PodRecord] = {}
    refusals = unusable_packages(run)
    for member, following in pairwise([*members, None]):
        assert member is not None
        try:
            records[member.spec.pod] = _evaluate_all(run, member, bench, view)
        except Refused as refusal:
            refusals[member.spec.pod] = str(refusal)
        if following is None or following.code != member.code:
            bench.forget()
    if not records:
        raise Refused("no pod could be evaluated: " + "; ".join(f"{pod}: {why}" for pod, why in refusals.items()))
    save_records(run, records)
    save_json(run, "refusals", refusals)
    save_json(run, "accounts", {pod: account_facts(record.account) for pod, record in records.items() if record.account})
    known = {"share": bench.funding.known_share, "band": bench.funding.band_annual, "note": funding_note(bench.funding)}
    save_json(run, "funding_known", known)
    return StepResult(
        headline=f"{len(records)} pods over {len(next(iter(records.values())).day_us):,} days"
        + (f"; {len(refusals)} refused" if refusals else ""),
        facts={"pods": len(records), "refused": len(refusals)},
        table=tuple(
            {
                "pod": pod,
                "days": len(record.day_us),
                "net return a year, %": round(float(record.net_return.mean()) * 36_500, 2),
                "volatility a year, %": round(float(record.net_return.std(ddof=1)) * 100 * 365**0.5, 2),
                "orders": len(record.orders.side),
                **_account_cells(record.account),
            }
            for pod, record in records.items()
        ),
    )


class Workbench:
    """What every backtest of a run shares: the panel with all funding charged, the central forecast, the costs."""

    def __init__(
        self,
        panel: Panel,
        costs: CostModel,
        volatility_target_annual: float,
        capital_usd: float,
        vintages: Vintages | None = None,
    ) -> None:
        self.funding = fill_missing(panel, costs.funding) or assume(panel, costs.funding)
        self.seen = panel
        """What strategies see: what was known, and nothing that is assumed."""
        self.charged = self.funding.panel
        self.volatility = central_volatility(panel)
        self.costs = costs
        self.rules = load_instruments().trading_rules(panel.venue, panel.market)
        """Lots, leverage and margin of the venue; None where none are stated, and then none are simulated."""
        self.volatility_target_annual = volatility_target_annual
        self.capital_usd = capital_usd
        self.vintages = vintages
        """What decisions saw that is no more; None: all of them see the latest data."""
        self._correlation = correlation_so_far(panel)
        self._decided: dict[str, Decided] = {}
        self._newest: tuple[str, FloatArray] = ("", np.empty((0, 0)))
        self._ask: dict[str, Ask] = {}

    def evaluate(self, member: Member, parameters: dict[str, Parameter]) -> PodRecord:
        """One configuration of a package."""
        return self._record(member, self.targets(member, parameters))

    def _record(self, member: Member, targets: Targets) -> PodRecord:
        record = run_backtest(
            self.charged,
            targets,
            self.costs,
            member.spec.profile,
            capital_usd=self.capital_usd,
            pod=member.spec.pod,
            daily_volatility=self.volatility,
            rules=self.rules,
        )
        assumed = self.funding.assumed_annual
        return record if assumed is None else charge_assumed(record, assumed)

    def targets(self, member: Member, parameters: dict[str, Parameter]) -> Targets:
        """What a configuration wants to hold; pods of one package share it, for it does not depend on how they execute."""
        return self._decide(member, parameters).targets

    def vintages_used(self, member: Member) -> str:
        """`exact`: decisions of this package see the data as it stood; `latest`: they see what is known at the end."""
        exact = self.vintages is not None and self.vintages.why_not(member.manifest, self.seen) is None
        return "exact" if exact else "latest"

    def hindsight(self, member: Member, parameters: dict[str, Parameter], record: PodRecord) -> tuple[dict[str, Any], bytes]:
        """What hindsight would have added to this record, and the decisions that differ as CSV, empty where none do."""
        decided = self._decide(member, parameters)
        if decided.vintage is None:
            why = None if self.vintages is None else self.vintages.why_not(member.manifest, self.seen)
            return {"used": "latest", "why": why or "asked for"}, b""
        if not len(decided.vintage.differing.row):
            return {"used": "exact", **hindsight(self.seen, decided, record, record)}, b""
        latest = self._record(member, decided.latest)
        return {"used": "exact", **hindsight(self.seen, decided, record, latest)}, differing_csv(self.seen, decided.vintage)

    def _decide(self, member: Member, parameters: dict[str, Parameter]) -> Decided:
        package = member.package
        if package is None:
            raise Refused(f"{member.spec.pod} is a stated return stream: there is nothing to backtest")
        key = digest([member.code, parameters])
        if key not in self._decided:
            prediction, manifest, target = self.predictions(member, parameters), member.manifest, self.volatility_target_annual
            plain = sized(self.seen, prediction, self.volatility, self._correlation, manifest, volatility_target_annual=target)

            def again(panel: Panel, volatility: FloatArray) -> FloatArray:
                view, ask = view_of(panel, volatility, parameters), self._ask.get(member.code)
                return predict(package, view) if ask is None else ask(view)

            stretches = self.vintages is not None and self.vintages.known.cells and not asked_in_process(package)
            with self.asking(member) if stretches and member.code not in self._ask else nullcontext():
                decided = decide(self.vintages, self.seen, plain, prediction, self.volatility, manifest, target, again)
            self._decided[key] = decided
        return self._decided[key]

    def predictions(self, member: Member, parameters: dict[str, Parameter]) -> FloatArray:
        """(T, N) of a package, each asked twice where it is sandboxed; the newest are kept."""
        if member.package is None:
            raise Refused(f"{member.spec.pod} is a stated return stream: there is nothing to predict")
        key = digest([member.code, parameters])
        newest = self._newest  # threads share this: what is compared is what is returned
        if key != newest[0]:
            view = view_of(self.seen, self.volatility, parameters)
            ask = self._ask.get(member.code)
            self._newest = newest = (key, predict(member.package, view) if ask is None else ask(view))
        return newest[1]

    @contextmanager
    def asking(self, member: Member) -> Iterator[None]:
        """Keep the member's sandbox open: many configurations then cost little more than their arithmetic."""
        if member.package is None:
            yield
            return
        with asking(member.package, twice=not asked_in_process(member.package)) as ask:
            self._ask[member.code] = ask
            try:
                yield
            finally:
                del self._ask[member.code]

    def forget(self) -> None:
        """Let go of what configurations wanted: a full grid on a wide panel takes a gigabyte."""
        self._decided.clear()


def account_facts(account: Account) -> dict[str, Any]:
    """A simulated account in plain values; what is None was not simulated, and `without` says why."""
    return {
        "residual_usd_below": HALF_A_CENT_USD,
        "rules_as_of": account.rules_as_of,
        "without": list(account.without),
        "leverage_max": account.leverage_max,
        "marks": account.marks,
        "liquidated": [iso(int(us)) for us in account.liquidated_us],
        "liquidated_at_close": account.liquidated_at_close,
        "distance_to_liquidation_min": account.distance_min,
        "distance_to_liquidation_min_sigma": account.distance_min_sigma,
        "distance_to_liquidation_min_at": None if account.distance_min_us is None else iso(account.distance_min_us),
    }


def _account_cells(account: Account | None) -> dict[str, float | int | str]:
    """How near liquidation was; every row has every cell, for Dagster shows no table otherwise."""
    if account is None or account.marks is None:
        return {"liquidations": "not simulated", "nearest to liquidation, %": "not simulated"}
    nearest = "never held" if account.distance_min is None else round(account.distance_min * 100, 1)
    return {"liquidations": len(account.liquidated_us), "nearest to liquidation, %": nearest}


def funding_note(funding: FilledFunding) -> str:
    """What was charged where no source says; empty where all of it is known."""
    if funding.assumed_annual is not None:
        return (
            f"no source states any funding: {funding.assumed_annual:.0%} a year is assumed on every position, long or short; "
            "deliver a funding series beside the bars"
        )
    if funding.band_annual is not None:
        low, high = funding.band_annual
        return f"the rest at the universe's median; a constant long paid {low:.1%} to {high:.1%} a year where it is known"
    return ""


def workbench(run: Run) -> Workbench:
    desk = load_desk(run.source.simulated)
    costs = load(CONFIG / "costs.yaml", CostModel)
    return Workbench(load_panel(run), costs, desk.pod_volatility_target_annual, first_rung(desk).cap_usd)


def _evaluate_all(run: Run, member: Member, bench: Workbench, view: DataView) -> PodRecord:
    """The chosen configuration's record; the daily returns of all of them go to a table of their own."""
    stated = member.spec.stated_returns
    if stated is not None:
        records = [stated_record(bench.seen, stated, pod=member.spec.pod, capital_usd=bench.capital_usd)]
    else:
        records = evaluate_configurations(member, bench)
    save_trial_returns(run, member.spec.pod, [record.net_return for record in records])
    remember_trials(run.home, member, view, member.configurations(), records)
    return records[0]


def remember_trials(
    home: Home, member: Member, view: DataView, configurations: Sequence[Mapping[str, Parameter]], records: Sequence[PodRecord]
) -> None:
    """Keep what each configuration returned, so that the desk knows which trials were one search."""
    keys, returns = trial_keys(member, configurations, view), [record.net_return for record in records]
    keep_returns(home, member.code, keys, records[0].day_us, returns, simulated=view.venue == SIMULATED_VENUE)


def evaluate_configurations(member: Member, bench: Workbench) -> list[PodRecord]:
    """The records of all configurations, the chosen one first; on two threads, with the same answer as on one."""
    with bench.asking(member), ThreadPoolExecutor(max_workers=2) as pool:
        return list(pool.map(lambda parameters: bench.evaluate(member, parameters), member.configurations()))


def save_trial_returns(run: Run, pod: str, returns: list[FloatArray]) -> None:
    save_table(run, f"trials-{pod}", pa.table({f"configuration_{number:03d}": column for number, column in enumerate(returns)}))


def load_trial_returns(run: Run, pod: str) -> FloatArray:
    """(D, K) daily net returns of every configuration that was tried for a pod, the chosen one first."""
    table = load_table(run, f"trials-{pod}")
    return np.column_stack([table[name].to_numpy() for name in table.column_names])
