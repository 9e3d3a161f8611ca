"""Everything that a verdict may look at, on one grid, with a digest of its own for each pod."""

from collections.abc import Mapping, Sequence
from typing import Any

from backtest.cscv import Cscv, cscv
from domain.arrays import FloatArray
from domain.errors import Refused
from domain.evidence import Evidence, Figure
from domain.record import PodRecord
from measures.moments import moments
from promotion_gates.figures import assemble, latency_figure, maker_share_shortfall, performance_figures
from steps.artefacts import load_json, save_json
from steps.as_of_view import DataView, load_view
from steps.capacities import capacity_of
from steps.pod_returns import load_trial_returns
from steps.records import load_records
from steps.roster import Member, roster
from steps.run import Run, StepResult
from steps.trial_returns import TrialReturns
from steps.trials import Behind, DeskTrials, trial_keys


def evidence(run: Run) -> StepResult:
    """Put together each pod's figures: performance, significance, attribution, capacity, data, latency, execution.

    N of the deflated Sharpe ratio is the number of distinct trials on record in the pod's family, and those declared elsewhere;
    no caller lowers it.
    """
    view, records = load_view(run), load_records(run)
    attributed, members = load_json(run, "attribution"), roster(run)
    desk = DeskTrials.on_record(run.home, view, _evaluated(run, members, view, records))
    found = {
        member.spec.pod: _evidence(
            run, member, records[member.spec.pod], view, desk.behind(member), attributed[member.spec.pod]["figures"]
        )
        for member in members
        if member.spec.pod in records
    }
    save_json(run, "evidence", {pod: item.model_dump(mode="json") for pod, item in found.items()})
    return StepResult(
        headline=f"{len(found)} pieces of evidence, {sum(len(item.figures) for item in found.values())} figures",
        facts={"pods": len(found)},
        table=tuple(
            {
                "pod": pod,
                **{
                    name: _shown(item.figures.get(name))
                    for name in ("sharpe_annual", "dsr", "pbo", "trials", "max_drawdown", "capacity_usd")
                },
            }
            for pod, item in found.items()
        ),
    )


def _evaluated(run: Run, members: Sequence[Member], view: DataView, records: Mapping[str, PodRecord]) -> dict[str, TrialReturns]:
    """Returns of every configuration of this cycle: a cycle that is run again says what it said, whatever was revised since."""
    return {
        key: TrialReturns(int(records[member.spec.pod].day_us[0]), column)
        for member in members
        if member.spec.pod in records
        for key, column in zip(
            trial_keys(member, member.configurations(), view), load_trial_returns(run, member.spec.pod).T, strict=True
        )
    }


def load_evidence(run: Run) -> dict[str, Evidence]:
    """By pod."""
    return {pod: Evidence.parse(row, origin="evidence.json") for pod, row in load_json(run, "evidence").items()}


def _evidence(
    run: Run,
    member: Member,
    record: PodRecord,
    view: DataView,
    behind: Behind,
    attributed: Mapping[str, Any],
) -> Evidence:
    quality, funding = load_json(run, "quality"), load_json(run, "funding_known")
    careful, at_low_impact = capacity_of(run, record)
    return evidence_on(
        member,
        record,
        view,
        trials=load_trial_returns(run, member.spec.pod),
        behind=behind,
        attribution={name: Figure.parse(row, origin="attribution.json") for name, row in attributed.items()},
        capacity=careful.figure(at_low_impact),
        data=data_figures(
            member, view, quality["by_symbol"], red_findings(quality["findings"]), funding["share"], funding["note"]
        ),
    )


def evidence_on(
    member: Member,
    record: PodRecord,
    view: DataView,
    *,
    trials: FloatArray,
    behind: Behind,
    attribution: Mapping[str, Figure],
    capacity: Figure,
    data: Mapping[str, Figure],
) -> Evidence:
    """One pod's evidence from its record, the (D, K) returns of its trials and the figures that others measured."""
    sharpes = [found.sharpe for column in trials.T if (found := moments(column)) is not None]
    pbo = pbo_figure(trials) if member.manifest.grid else None
    performance = performance_figures(record, behind.n, sharpes, pbo, n_effective=behind.effective)
    live = _live_figures(member, attribution["maker_share"]) if member.spec.live else {}
    return assemble(
        record,
        member.manifest,
        package=member.code,
        market=view.market,
        venue=view.venue,
        live=member.spec.live,
        figures=[performance, attribution, {"capacity_usd": capacity}, data, live],
    )


def pbo_figure(trials: FloatArray) -> Figure:
    """Probability that selecting from (D, K) trials overfits at a cost, ties against the selection; by rank alone in the note."""
    try:
        found = cscv(trials)
    except Refused as refusal:
        return Figure(value=None, unit="probability", note=str(refusal))
    return Figure(value=found.pbo, unit="probability", n=found.n_combinations, note=found.undefined or _overfitting_note(found))


def _overfitting_note(found: Cscv) -> str:
    slope = "undefined" if found.slope_oos_on_is is None else f"{found.slope_oos_on_is:.2f}"
    return f"by rank alone {found.pbo_nonstrict:.4f}; loss out of sample {found.p_loss:.4f}; slope out on in sample {slope}"


def data_figures(
    member: Member,
    view: DataView,
    completeness: Mapping[str, float],
    red: int,
    funding_share: float,
    funding_note: str,
) -> dict[str, Figure]:
    """How good the data is that a pod is judged on; completeness is that of the symbols in its universe."""
    symbols = view.symbols if member.manifest.universe == "all" else member.manifest.universe
    shares = [completeness[symbol] for symbol in symbols if symbol in completeness]
    return {
        "data_completeness": Figure(value=sum(shares) / len(shares) if shares else None, unit="fraction", n=len(shares)),
        "data_red_findings": Figure(value=float(red), unit="count"),
        "bar_interval_s": Figure(value=view.interval_us / 1e6, unit="s"),
        "funding_known_share": Figure(value=funding_share, unit="fraction", note=funding_note),
    }


def red_findings(groups: Sequence[Mapping[str, Any]]) -> int:
    """How many findings stop the line."""
    return sum(int(group["count"]) for group in groups if group["severity"] == "red")


def _live_figures(member: Member, maker_share: Figure) -> dict[str, Figure]:
    return {
        "latency_p99_us": latency_figure(member.spec.latency_us, member.spec.latency_interval_us),
        "maker_share_shortfall": maker_share_shortfall(maker_share, member.manifest.execution.maker_share_min),
    }


def _shown(figure: Figure | None) -> float | str:
    return "—" if figure is None or figure.value is None else round(figure.value, 4)
