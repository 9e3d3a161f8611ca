"""`factory lake`: the care of the point-in-time lake."""

from pathlib import Path
from typing import Annotated, Any

import typer

from pipelines.answers import EXIT_REFUSED, answer, answering, columns
from pipelines.bars import progress_bar

lake_app = typer.Typer(help="Care of the lake: rebuild, check, compact, snapshots, expire.", no_args_is_help=True)

HomeOption = Annotated[
    Path | None,
    typer.Option("--home", envvar="FACTORY_HOME", help="Where state lives.", show_default=".factory in the repository"),
]
JsonOption = Annotated[bool, typer.Option("--json", help="Answer as JSON.")]


@lake_app.command("rebuild")
@answering
def rebuild(home: HomeOption = None, as_json: JsonOption = False) -> None:
    """Drop the catalogue and make it again from the raw store."""
    from steps.lake_care import rebuild_lake

    result = rebuild_lake(_home(home), progress_bar())
    answer(result, as_json, lambda: _rebuilt(result))


@lake_app.command("check")
@answering
def check(home: HomeOption = None, as_json: JsonOption = False) -> None:
    """Compare raw store, records, files and versions with each other; exit code 1 where something does not hold."""
    from steps.lake_care import check_the_lake

    result = check_the_lake(_home(home), progress_bar())
    answer(result, as_json, lambda: _checked(result))
    if not result["clean"]:
        raise typer.Exit(EXIT_REFUSED)


@lake_app.command("compact")
@answering
def compact(home: HomeOption = None, as_json: JsonOption = False) -> None:
    """Merge small files; what the lake answers stays the same."""
    from steps.lake_care import compact_lake

    result = compact_lake(_home(home), progress_bar())
    sentence = (
        f"{result['files_before']:,} files of {result['bytes_before']:,} bytes became {result['files_after']:,} "
        f"of {result['bytes_after']:,}; {result['removed']:,} old files removed; content {result['digest']}"
    )
    answer(result, as_json, lambda: sentence)


@lake_app.command("snapshots")
@answering
def snapshots(home: HomeOption = None, as_json: JsonOption = False) -> None:
    """List the deliveries: what came, what became of its rows, and what was decided on it."""
    from steps.lake_care import list_snapshots

    rows = list_snapshots(_home(home))
    answer(rows, as_json, lambda: _listed(rows))


@lake_app.command("expire")
@answering
def expire(
    before: Annotated[int, typer.Argument(help="The oldest delivery whose state is to stay readable.")],
    named: Annotated[list[int] | None, typer.Option("--named", help="A snapshot that must stay; may be repeated.")] = None,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Let go of older states; refused where a decision refers to one. As-of reads keep every version."""
    from steps.lake_care import expire_snapshots

    result = expire_snapshots(_home(home), before, tuple(named or ()))
    answer(result, as_json, lambda: f"{result['expired']:,} states expired; the oldest readable snapshot is {result['oldest']}")


def _home(path: Path | None) -> Any:
    from steps.home import DEFAULT_HOME, Home

    return Home((path or DEFAULT_HOME).resolve())


def _rebuilt(result: dict[str, Any]) -> str:
    sentence = f"{result['deliveries']:,} deliveries replayed: content {result['digest']}"
    if result["digest_before"] is None:
        return sentence + "; the old catalogue could not be read"
    if result["kept"] is None:
        return sentence + ", as before"
    return sentence + f", before it was {result['digest_before']}: the old lake is kept in {result['kept']}"


def _checked(result: dict[str, Any]) -> str:
    counts = f"{result['deliveries']:,} deliveries, {result['raw_files']:,} raw files, {result['data_files']:,} data files"
    lines = [f"{item['kind']}: {item['what']}" for item in result["problems"]]
    lines += [f"left over, harmless: {path}" for path in result["leftovers"]]
    return "\n".join([f"{counts}: " + ("clean" if result["clean"] else f"{len(result['problems'])} problems"), *lines])


def _listed(rows: list[dict[str, Any]]) -> str:
    names = ("delivery", "table_name", "venue", "market", "source", "received", "accepted", "revised", "unchanged", "quarantined")
    table = [["snapshot", "table", *names[2:], "decided on it"]]
    table += [[f"{row[name]}" for name in names] + [", ".join(row["decisions"])] for row in rows]
    return columns(table, frozenset({0, 6, 7, 8, 9}))
