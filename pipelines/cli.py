"""The `factory` command. Each command imports what it needs when it runs, so that help and small commands start at once."""

from pipelines.environment import prepare

prepare()

import datetime as dt  # noqa: E402 - the environment must stand before numpy is imported
from pathlib import Path  # noqa: E402
from typing import Annotated, Any  # noqa: E402

import typer  # noqa: E402

from pipelines.answers import EXIT_REFUSED, answer, answering, columns  # noqa: E402
from pipelines.lake_cli import lake_app  # noqa: E402
from pipelines.research_cli import research_app  # noqa: E402
from pipelines.sentences import feed_sentences, fetch_sentences, ingest_sentences, read_sentence  # noqa: E402

app = typer.Typer(
    name="factory",
    help="From research to signed allocations: a point-in-time lake, backtests, gates, limits for live pods.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
pod_app = typer.Typer(help="Reference pod: the constitution over HTTP.", no_args_is_help=True)
log_app = typer.Typer(help="The append-only record of trials, verdicts and allocations.", no_args_is_help=True)
app.add_typer(pod_app, name="pod")
app.add_typer(log_app, name="log")
app.add_typer(lake_app, name="lake")
app.add_typer(research_app)

HomeOption = Annotated[
    Path | None,
    typer.Option("--home", envvar="FACTORY_HOME", help="Where state lives.", show_default=".factory in the repository"),
]
JsonOption = Annotated[bool, typer.Option("--json", help="Answer as JSON.")]
MarketOption = Annotated[str | None, typer.Option("--market", help="spot, linear or inverse.")]
VenueOption = Annotated[str, typer.Option("--venue", help="Where the instruments trade.")]
AsOfOption = Annotated[str | None, typer.Option("--as-of", help="Use only what was known at this time, ISO 8601, UTC.")]


@app.command()
@answering
def run(
    data: Annotated[list[Path] | None, typer.Option("--data", help="Folder of bars or funding; may be repeated.")] = None,
    cycle: Annotated[str | None, typer.Option("--cycle", help="Date of the cycle, YYYY-MM-DD, UTC.")] = None,
    market: MarketOption = None,
    venue: VenueOption = "binance",
    from_lake: Annotated[
        bool, typer.Option("--from-lake", help="Decide on what feeds brought into the lake, of --venue and --market (linear).")
    ] = False,
    deliver: Annotated[bool, typer.Option("--deliver", help="Send the documents to the pods of --pods.")] = False,
    pods: Annotated[
        Path | None, typer.Option("--pods", help="Where the pods listen.", show_default="config/pods.yaml of the repository")
    ] = None,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Run the daily reallocation: on the laboratory, on folders of real bars and funding, or on what feeds brought.

    With --deliver the exit code is 3 where no pod answered, 1 where one refused its document, else 0; the answer comes in any
    case and names each pod that has no document in force.
    """
    from pipelines.reallocation import reallocate

    result = reallocate(home, tuple(data or ()), cycle, market, venue, deliver, pods, from_lake)
    answer(result.as_json, as_json, result.sentences)
    result.raise_for_pods()


@app.command()
@answering
def ingest(
    path: Annotated[Path, typer.Argument(help="A file or a folder.")],
    table: Annotated[str, typer.Option("--table", help="bars or funding.")],
    interval: Annotated[str | None, typer.Option("--interval", help="For example 1h; recognised where left out.")] = None,
    venue: VenueOption = "binance",
    market: MarketOption = None,
    known_at: Annotated[str, typer.Option("--known-at", help="A time that holds for every row, or `published`.")] = "published",
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Take a delivery of bars or funding into the lake."""
    from steps.lake_words import ingest_path

    report = ingest_path(_home(home), path, table, interval, venue, market, known_at)
    answer(report, as_json, lambda: ingest_sentences(report))


@app.command()
@answering
def feeds(home: HomeOption = None, as_json: JsonOption = False) -> None:
    """List the declared feeds: when each was last fetched, and how old its newest event is."""
    from steps.feeds import list_feeds

    rows = list_feeds(_home(home))
    answer(rows, as_json, lambda: feed_sentences(rows))


@app.command()
@answering
def fetch(
    feed: Annotated[str, typer.Argument(help="A name of config/feeds.yaml.")],
    since: Annotated[
        str | None, typer.Option("--since", help="First event time wanted, ISO 8601, UTC; what the lake lacks where left out.")
    ] = None,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Fetch what is new of a feed into the lake.

    The exit code is 3 where the other side stopped answering; what came before is kept, and the next fetch goes on from there.
    """
    from domain.errors import Unreachable
    from steps.feeds import fetch_feed

    report = fetch_feed(_home(home), feed, since)
    answer(report, as_json, lambda: fetch_sentences(report))
    if report["unreachable"] is not None:
        raise Unreachable(report["unreachable"])


@app.command()
@answering
def read(
    table: Annotated[
        str, typer.Argument(help="bars, funding, trades, quotes, depth, marks, fills, balances, transfers, and so on.")
    ],
    start: Annotated[str, typer.Option("--start", help="First event time, ISO 8601, UTC.")],
    end: Annotated[str, typer.Option("--end", help="Event times before this, ISO 8601, UTC.")],
    out: Annotated[Path, typer.Option("--out", help="The file to write: .parquet, .csv or .arrow.")],
    symbols: Annotated[str | None, typer.Option("--symbols", help="Comma-separated; all where left out.")] = None,
    interval: Annotated[
        str | None, typer.Option("--interval", help="For example 1h; the only one there is where left out.")
    ] = None,
    venue: VenueOption = "binance",
    market: MarketOption = None,
    as_of: AsOfOption = None,
    snapshot: Annotated[int | None, typer.Option("--snapshot", help="What the lake held after this delivery.")] = None,
    exclude_flagged: Annotated[
        str | None, typer.Option("--exclude-flagged", help="Without rows that have a finding of info, amber or red, or worse.")
    ] = None,
    universe: Annotated[
        str | None, typer.Option("--universe", help="A symbol's rows only while this universe, as then known, had it in.")
    ] = None,
    instruments: Annotated[
        str | None,
        typer.Option("--instruments", help="Comma-separated ids of the instruments table: their rows, whatever the ticker was."),
    ] = None,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Write an as-of read of the lake to a file."""
    from steps.lake_words import read_to_file

    choices = (exclude_flagged, universe, instruments)
    result = read_to_file(_home(home), table, symbols, start, end, venue, market, interval, as_of, snapshot, out, *choices)
    answer(result, as_json, lambda: read_sentence(result, out))


@app.command()
@answering
def sql(
    query: Annotated[str | None, typer.Argument(help="One query; standard input, one after another, where left out.")] = None,
    out: Annotated[Path | None, typer.Option("--out", help="Write the answer to a .parquet, .csv or .arrow file.")] = None,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Ask the lake in SQL, read only: bars_as_of(moment), funding_as_of(moment) and so on answer as of a moment."""
    from pipelines.sql_answers import answer_sql

    answer_sql(_home(home), query, out, as_json)


@app.command()
@answering
def verify(
    files: Annotated[list[Path], typer.Argument(help="Signed documents.")],
    at: Annotated[str | None, typer.Option("--at", help="Judge expiry at this time; now where left out.")] = None,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Check signatures, signers and expiry of signed documents."""
    from steps.documents import verify_files

    results = verify_files(_home(home), files, _now_or(at))
    answer(results, as_json, lambda: "\n".join(f"{row['file']}: {row['reason']}" for row in results))
    if not all(row["valid"] for row in results):
        raise typer.Exit(EXIT_REFUSED)


@log_app.command("verify")
@answering
def log_verify(home: HomeOption = None, as_json: JsonOption = False) -> None:
    """Recompute the whole log and compare it with its signed checkpoint."""
    from steps.documents import verify_log

    result = verify_log(_home(home))
    answer(
        result,
        as_json,
        lambda: (
            f"{result['size']:,} entries, root {result['root']}: "
            + ("intact" if result["valid"] else "; ".join(result["problems"]))
        ),
    )
    if not result["valid"]:
        raise typer.Exit(EXIT_REFUSED)


@log_app.command("show")
@answering
def log_show(
    kind: Annotated[str | None, typer.Option("--kind", help="trial, verdict or allocation.")] = None,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """List what the log holds."""
    from steps.documents import log_entries

    entries = log_entries(_home(home), kind)
    answer(entries, as_json, lambda: "\n".join(f"{row['index']:>6}  {row['kind']:<12} {row['body']}" for row in entries))


@pod_app.command("serve")
@answering
def pod_serve(
    pod: Annotated[str, typer.Option("--id", help="Name of the pod, as in the allocation documents.")],
    port: Annotated[int, typer.Option("--port", help="On 127.0.0.1.", min=1, max=65535)],
    home: HomeOption = None,
) -> None:
    """Serve the reference pod on the loopback address."""
    from steps.pod_words import serve_pod

    serve_pod(_home(home), pod, port)


@pod_app.command("status")
@answering
def pod_status(
    url: Annotated[str, typer.Argument(help="For example http://127.0.0.1:8101")],
    as_json: JsonOption = False,
) -> None:
    """Ask a pod for its status."""
    from steps.pod_words import pod_status as ask

    status = ask(url)
    answer(status, as_json, lambda: columns([[key, str(value)] for key, value in status.items()]))


@pod_app.command("halt")
@answering
def pod_halt(
    url: Annotated[str, typer.Argument(help="For example http://127.0.0.1:8101")],
    pod: Annotated[str, typer.Option("--id", help="Name of the pod, or * for whichever it is.")],
    reason: Annotated[str, typer.Option("--reason", help="Why; it goes on the record.")],
    verb: Annotated[str, typer.Option("--verb", help="FREEZE, REDUCE, CANCEL-RISK-ADDING, UNWIND or FLATTEN.")] = "FLATTEN",
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Sign a halt with this home's halt key and send it."""
    from steps.pod_words import halt_pod

    result = halt_pod(_home(home), url, pod, verb, reason)
    answer(result, as_json, lambda: f"{pod} acknowledged {verb}: {result['trading_state']}")


@app.command()
@answering
def ui(
    port: Annotated[
        int, typer.Option("--port", help="Of the Dagster UI on this machine; reports are on the next one.", min=1, max=65534)
    ] = 3000,
    data: Annotated[list[Path] | None, typer.Option("--data", help="Folder of bars or funding; may be repeated.")] = None,
    market: MarketOption = None,
    from_lake: Annotated[bool, typer.Option("--from-lake", help="The daily run decides on what feeds brought.")] = False,
    home: HomeOption = None,
) -> None:
    """Open the Dagster UI over the same home: feeds, the line, schedules and the sensor."""
    from pipelines.ui import serve_ui

    serve_ui(_home(home).root, port, tuple(data or ()), market, from_lake)


def main() -> None:
    app()


def _home(path: Path | None) -> Any:
    from steps.home import DEFAULT_HOME, Home

    return Home((path or DEFAULT_HOME).resolve())


def _now_or(at: str | None) -> int:
    from domain.times import from_datetime, parse_utc

    return parse_utc(at) if at is not None else from_datetime(dt.datetime.now(dt.UTC))
