"""`factory submit`, `backtest`, `sweep`, `gates`, `leak-test`, `runs`, `compare`, `replay`: the researcher's commands."""

import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from pipelines.answers import answer, answering
from pipelines.sentences import backtest_sentences, gate_sentences, run_sentences, sweep_sentences

research_app = typer.Typer()

HomeOption = Annotated[
    Path | None,
    typer.Option("--home", envvar="FACTORY_HOME", help="Where state lives.", show_default=".factory in the repository"),
]
JsonOption = Annotated[bool, typer.Option("--json", help="Answer as JSON.")]
PackageArgument = Annotated[
    str, typer.Argument(help="Name of a package under strategies/, a folder, or the id of a submitted package.")
]
AsOfOption = Annotated[str | None, typer.Option("--as-of", help="Use only what was known at this time, ISO 8601, UTC.")]
VenueOption = Annotated[str | None, typer.Option("--venue", help="Of the data; the newest in the lake where left out.")]
MarketOption = Annotated[str | None, typer.Option("--market", help="spot, linear or inverse.")]
HypothesisOption = Annotated[
    str | None,
    typer.Option("--hypothesis", help="What is claimed before the result; the manifest's where left out."),
]
RunArgument = Annotated[str, typer.Argument(help="Id of a run, or its first digits; `factory runs` lists them.")]


@research_app.command()
@answering
def submit(
    folder: Annotated[Path, typer.Argument(help="A package: manifest.yaml and its program.")],
    sealed: Annotated[bool, typer.Option("--sealed", help="Keep it so that only the runtime can read the program.")] = False,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Keep a strategy package under the digest of its content and put it on record."""
    from pipelines.candidates import publish
    from steps.packages import submit as keep

    place = _home(home)
    result = keep(place, folder, sealed=sealed)
    publish(place, result["id"])
    answer(result, as_json, lambda: f"{result['id']}  {result['digest']}{'  sealed' if result['sealed'] else ''}")


@research_app.command()
@answering
def backtest(
    package: PackageArgument,
    param: Annotated[list[str] | None, typer.Option("--param", help="K=V; may be repeated.")] = None,
    hypothesis: HypothesisOption = None,
    as_of: AsOfOption = None,
    venue: VenueOption = None,
    market: MarketOption = None,
    vintages: Annotated[
        str | None,
        typer.Option(
            "--vintages",
            help="exact: each decision sees the data as it stood; latest: as known at the end; left out: exact if affordable.",
        ),
    ] = None,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Record claim and trial, then backtest one configuration of a package on what the lake holds."""
    from steps.research import backtest_package

    asked = _asked("backtest", hypothesis)
    result = backtest_package(_home(home), package, param or [], as_of, venue, market, asked, vintages)
    answer(result, as_json, lambda: backtest_sentences(result))


@research_app.command()
@answering
def sweep(
    package: PackageArgument,
    param: Annotated[
        list[str] | None, typer.Option("--param", help="K=V1,V2,...; may be repeated. The manifest's grid where left out.")
    ] = None,
    memory: Annotated[float, typer.Option("--memory-gib", help="What may be held at once.", min=0.01)] = 2.0,
    workers: Annotated[int | None, typer.Option(help="Configurations at a time; all cores where left out.", min=1)] = None,
    hypothesis: HypothesisOption = None,
    as_of: AsOfOption = None,
    venue: VenueOption = None,
    market: MarketOption = None,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Evaluate a grid of configurations, on record first, into one table; started again, it goes on where it was."""
    from pipelines.progress import bar
    from steps.research import sweep_package

    asked = _asked("sweep", hypothesis)
    with bar(sys.stderr, "configurations") as told:
        result = sweep_package(_home(home), package, param or [], as_of, venue, market, memory, told, asked, workers)
    answer(result, as_json, lambda: sweep_sentences(result))


@research_app.command()
@answering
def gates(
    package: PackageArgument,
    tier: Annotated[
        str | None, typer.Option("--tier", help="The tier asked for; the first above the floor where left out.")
    ] = None,
    hypothesis: HypothesisOption = None,
    as_of: AsOfOption = None,
    venue: VenueOption = None,
    market: MarketOption = None,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Judge a package by the policy on what the lake holds, and write its gate report."""
    from steps.candidate_gates import judge_package

    result = judge_package(_home(home), package, tier, as_of, venue, market, _asked("gates", hypothesis))
    answer(result, as_json, lambda: gate_sentences(result))


@research_app.command("leak-test")
@answering
def leak_test(
    package: PackageArgument,
    as_of: AsOfOption = None,
    venue: VenueOption = None,
    market: MarketOption = None,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Change everything that a package could not have known, and see whether its predictions move."""
    from steps.leak_test import leak_sentences
    from steps.leak_test import leak_test as test

    result = test(_home(home), package, as_of, venue, market)
    answer(result, as_json, lambda: leak_sentences(result))


@research_app.command()
@answering
def runs(
    strategy: Annotated[str | None, typer.Option("--strategy", help="Only runs of this strategy.")] = None,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """List the runs of research, the newest first, with what came out and how many trials stand behind it."""
    from steps.run_table import list_runs

    rows = list_runs(_home(home), strategy)
    answer(rows, as_json, lambda: run_sentences(rows))


@research_app.command()
@answering
def compare(
    first: RunArgument,
    second: RunArgument,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Say what differs between two runs: in what went in, in what came out, and which evidence the change takes away."""
    from steps.run_comparison import compare_runs, comparison_sentences

    result = compare_runs(_home(home), first, second)
    answer(result, as_json, lambda: comparison_sentences(result))


@research_app.command()
@answering
def replay(run: RunArgument, home: HomeOption = None, as_json: JsonOption = False) -> None:
    """Evaluate a run's inputs once more and say whether the same comes out; it is no new trial."""
    from steps.run_replay import replay_run, replay_sentences

    result = replay_run(_home(home), run)
    answer(result, as_json, lambda: replay_sentences(result))


def _asked(word: str, hypothesis: str | None) -> Any:
    from steps.experiments import Asked
    from steps.exposures import by_whom

    return Asked(word, by_whom(), hypothesis)


def _home(path: Path | None) -> Any:
    from steps.home import DEFAULT_HOME, Home

    return Home((path or DEFAULT_HOME).resolve())
