"""`factory replay`: the same inputs once more, and whether the same comes out."""

from typing import Any

from data_lake.lake import Lake
from domain.errors import Refused
from model_runtime.package import load_package
from steps.as_of_view import DataView, LocatedView
from steps.configuration import STRATEGIES
from steps.home import Home
from steps.packages import desk_names, find_package
from steps.research import inputs_of
from steps.research_data import bench_on
from steps.roster import Member, package_member, with_parameters
from steps.run_comparison import input_differences, result_differences
from steps.run_records import ResearchRun, load_run, save_run


def replay_run(home: Home, run: str) -> dict[str, Any]:
    """Evaluate a run's package, parameters and data again with what this repository and its configuration are now.

    It is no new trial: code, parameters and sample are those on record. Where the same comes out the id is the same; otherwise
    the answer says what went in differently, and what came out. Raises Refused where the code or the data are here no more.
    """
    held = load_run(run, home)
    located = _located(home, held)
    member = with_parameters(_member(home, held), dict(held.inputs.parameters))
    chosen = member.configurations()[0]
    bench = bench_on(home, located, held.inputs.terms.get("vintages"))
    again = load_run(save_run(home, inputs_of(member, chosen, bench, located.view), bench.evaluate(member, chosen)), home)
    apart = [] if again.id == held.id else [row for row in result_differences(held, again) if row["a"] != row["b"]]
    return {
        "run": held.id,
        "replayed": again.id,
        "same": again.id == held.id,
        "inputs": input_differences(held, again),
        "results": apart,
        "authors": list(held.authors),
    }


def replay_sentences(answer: dict[str, Any]) -> str:
    """The answer as a person reads it."""
    if answer["same"]:
        return f"{answer['run']}: the same inputs gave the same run"
    why = ", ".join(answer["inputs"]) or "nothing that is on record"
    rows = [f"  {row['figure']}: {row['a']} -> {row['b']}" for row in answer["results"]]
    return "\n".join([f"{answer['run']} became {answer['replayed']}; what went in differently: {why}", *rows])


def _member(home: Home, held: ResearchRun) -> Member:
    """The package with the run's very code: one of the desk's own, or a submitted one."""
    code = held.inputs.code
    for name in desk_names():
        if name == held.inputs.strategy and (own := load_package(STRATEGIES / name, reviewed=True)).digest == code:
            return package_member(own)
    try:
        return package_member(find_package(home, code))
    except Refused as refusal:
        raise Refused(
            f"run {held.id} is of {held.inputs.strategy} with code {code[:19]}, which is not kept here: submit that package "
            f"(`factory submit`), then replay ({refusal})"
        ) from None


def _located(home: Home, held: ResearchRun) -> LocatedView:
    """The run's rows, from the snapshot that it was last asked on; Refused where the lake gives other content for them."""
    if not held.asked:
        raise Refused(f"run {held.id} was never asked for by a command: there is no snapshot to replay it on")
    asked, data = held.asked[-1], held.inputs.data
    view = DataView.parse(data.model_dump(mode="json") | {"as_of_us": asked["as_of_us"]}, origin=f"run {held.id}")
    spans = {"start_us": view.start_us, "end_us": view.end_us, "snapshot": asked["snapshot"]}
    with Lake(home.root) as lake:
        content = lake.content_digest(view.venue, view.market, view.interval_us, view.as_of_us, table="bars", **spans)
    if content != view.content_digest:
        raise Refused(
            f"run {held.id} read bars of content {view.content_digest[:19]}, and the lake gives {content[:19]} for them"
        )
    return LocatedView(view, asked["snapshot"])
