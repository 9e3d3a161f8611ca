"""`factory backtest` and `factory sweep`: one package on what the lake holds, outside the daily line."""

from collections.abc import Mapping
from typing import Any

from domain.canonical import digest_bytes
from domain.errors import Refused
from domain.record import PodRecord
from domain.strategy import Parameter
from durable.files import write_durably
from measures.drawdown import max_drawdown, total_return
from measures.moments import moments
from measures.volatility import volatility_annual
from model_runtime.contents import MANIFEST
from model_runtime.package import contents_of
from promotion_gates.figures import performance_figures
from steps.as_of_view import DataView, LocatedView
from steps.attribution import drawdown_facts
from steps.experiments import Asked, record_experiment
from steps.exposures import exposed
from steps.gates import load_policy
from steps.home import Home
from steps.ingest import now_us
from steps.pod_returns import Workbench, account_facts, remember_trials
from steps.research_data import bench_on, find_member, locate_data
from steps.roster import Member, with_parameters
from steps.run_records import Inputs, data_of, engine_digest, environment_digest, note_asked, save_run
from steps.sweep import Parameters, Told, asked_configurations, sweep, swept, terms_of
from steps.tear_sheet import SEED, leak_test_of, tear_sheet
from steps.trials import Behind, DeskTrials
from steps.trust import open_log
from steps.vintages import require_word


def backtest_package(
    home: Home,
    package: str,
    parameters: list[str],
    as_of: str | None,
    venue: str | None,
    market: str | None,
    asked: Asked,
    vintages: str | None = None,
) -> dict[str, Any]:
    """Backtest one configuration; claim, question, reads and trial stand on the log before its result is computed.

    `vintages`: see `bench_on`.
    """
    require_word(vintages)
    member = with_parameters(find_member(home, package), dict(_parameter(text) for text in parameters))
    located = locate_data(home, as_of, venue, market)
    chosen, log = member.configurations()[0], open_log(home)
    seen = exposed(log, located.view)
    claim = record_experiment(log, asked, member, [chosen], located.view, SEED)
    bench = bench_on(home, located, vintages)
    record = bench.evaluate(member, chosen)
    worth, decisions = bench.hindsight(member, chosen, record)
    remember_trials(home, member, located.view, [chosen], [record])
    behind = DeskTrials.on_record(home, located.view).behind(member)
    run = save_run(home, inputs_of(member, chosen, bench, located.view), record)
    report = home.root / "reports" / "backtests" / f"{member.manifest.name}-{run}.html"
    grid = swept(home, member, bench, located.view)
    tested = leak_test_of(log, member.code)
    page = tear_sheet(member, chosen, bench, record, located, run=run, behind=behind, grid=grid, leak_test=tested, claim=claim)
    write_durably(report, page.encode())
    if decisions:
        listed = report.with_suffix(".decisions.csv")
        write_durably(listed, decisions)
        worth["differing_decisions"] = str(listed)
    note = asked_note(asked, claim, located, behind, record)
    note_asked(home, run, now_us(), note | {"report": str(report), "exposed": seen})
    log.append("run", {"run": run, "strategy": member.manifest.name, "code": member.code, "by": asked.by})
    return {
        "run": run,
        "package": f"{member.manifest.name}@{member.code[7:19]}",
        "authors": list(member.manifest.authors),
        "hypothesis": claim["hypothesis"],
        "claimed_before_result": claim["before_result"],
        "by": asked.by,
        "trials": behind.n,
        "trials_effective": behind.effective,
        "family": list(behind.strategies),
        **_headline(record),
        "dsr": note["dsr"],
        "vintages": worth,
        "drawdowns": drawdown_facts(bench.seen, record),
        "account": None if record.account is None else account_facts(record.account),
        "report": str(report),
    }


def sweep_package(
    home: Home,
    package: str,
    parameters: list[str],
    as_of: str | None,
    venue: str | None,
    market: str | None,
    memory_gib: float,
    told: Told,
    asked: Asked,
    workers: int | None = None,
) -> dict[str, Any]:
    """Evaluate a grid of one package into its table; every configuration stands on the log as a trial before that."""
    member, located = find_member(home, package), locate_data(home, as_of, venue, market)
    configurations, bench = asked_configurations(member.manifest, parameters), bench_on(home, located)
    claim = record_experiment(open_log(home), asked, member, configurations, located.view, SEED)
    found = sweep(home, member, bench, located.view, configurations, memory_gib=memory_gib, told=told, workers=workers)
    behind = DeskTrials.on_record(home, located.view).behind(member)
    return {
        "sweep": found.id,
        "package": f"{member.manifest.name}@{member.code[7:19]}",
        "authors": list(member.manifest.authors),
        "hypothesis": claim["hypothesis"],
        "configurations": found.asked,
        "evaluated": found.evaluated,
        "refused": found.refused,
        "trials": behind.n,
        "trials_effective": behind.effective,
        "best": found.best,
        "table": str(found.table),
    }


def inputs_of(member: Member, chosen: Parameters, bench: Workbench, view: DataView) -> Inputs:
    """Everything that decides what a run gives."""
    manifest = member.manifest
    return Inputs(
        strategy=manifest.name,
        version=manifest.version,
        authors=manifest.authors,
        style=manifest.style.value,
        code=member.code,
        files=_files(member),
        parameters={name: chosen[name] for name in sorted(chosen)},
        data=data_of(view),
        terms=terms_of(member, bench),
        policy=load_policy().digest,
        engine=engine_digest(),
        environment=environment_digest(),
        seed=SEED,
    )


def asked_note(asked: Asked, claim: Mapping[str, Any], located: LocatedView, behind: Behind, record: PodRecord) -> dict[str, Any]:
    """What of a run depends on the moment: who asked, on what knowledge, and how much had been tried by then."""
    figures = performance_figures(record, behind.n, [], n_effective=behind.effective)
    return {
        "word": asked.word,
        "by": asked.by,
        "hypothesis": claim["hypothesis"],
        "claimed_before_result": claim["before_result"],
        "as_of_us": located.view.as_of_us,
        "snapshot": located.snapshot,
        "trials": behind.n,
        "trials_effective": behind.effective,
        "trials_elsewhere": behind.elsewhere,
        "family": list(behind.strategies),
        **{name: figures[name].value for name in ("dsr", "dsr_effective", "dsr_benchmark_annual")},
    }


def _files(member: Member) -> dict[str, str]:
    if member.package is None:
        return {}
    contents = contents_of(member.package)
    return {name: digest_bytes(data) for name, data in contents.items() if name == MANIFEST or not member.package.sealed}


def _parameter(text: str) -> tuple[str, Parameter]:
    name, sign, value = text.partition("=")
    try:
        number: Parameter = int(value) if value.lstrip("-").isdigit() else float(value)
    except ValueError:
        sign = ""
        number = 0
    if not sign or not name:
        raise Refused(f"expected --param NAME=NUMBER such as fast=16, got {text!r}")
    return name, number


def _headline(record: PodRecord) -> dict[str, float | None]:
    found = moments(record.net_return)
    return {
        "total_return": total_return(record.net_return),
        "sharpe_annual": None if found is None else found.sharpe * 365**0.5,
        "volatility_annual": volatility_annual(record.net_return),
        "max_drawdown": max_drawdown(record.net_return),
        "turnover_annual": float(record.turnover.mean()) * 365,
    }
