"""The inbox: a folder for each delivery, with a `delivery.yaml` that says what it is."""

from pathlib import Path

from pydantic import Field

from domain.canonical import digest
from domain.errors import Refused
from domain.model import Frozen
from steps.configuration import load
from steps.home import Home
from steps.lake_words import ingest_path
from steps.run import StepResult

STATEMENT = "delivery.yaml"


class Statement(Frozen):
    """What a deliverer states about the files beside it."""

    table: str
    venue: str
    market: str
    interval: str | None = None
    known_at: str = Field(default="published")
    """`published`, or a time that holds for every row."""


def waiting(home: Home) -> dict[str, str]:
    """Folders of the inbox that have a statement, each with a key that changes when its files do."""
    if not home.inbox.exists():
        return {}
    return {folder.name: _key(folder) for folder in sorted(home.inbox.iterdir()) if (folder / STATEMENT).is_file()}


def ingest_inbox(home: Home, name: str) -> StepResult:
    """Take one folder of the inbox into the lake. Raises Refused where its statement is bad or nothing usable came."""
    folder = home.inbox / name
    if not folder.is_dir() or folder.resolve().parent != home.inbox.resolve():
        raise Refused(f"expected a folder of {home.inbox}, got {name!r}")
    stated = load(folder / STATEMENT, Statement)
    report = ingest_path(home, folder, stated.table, stated.interval, stated.venue, stated.market, stated.known_at)
    counts = ", ".join(f"{report[name]:,} {name}" for name in ("accepted", "revised", "quarantined"))
    reasons = "; ".join(f"{item['rows']:,} rows, {item['reason']}" for item in report["reasons"])
    return StepResult(headline=f"{name}: rows {counts}", facts={**report, "reasons": reasons})


def _key(folder: Path) -> str:
    """Of names, sizes and times of change: cheap enough for every tick of the sensor."""
    files = [(path.name, path.stat().st_size, path.stat().st_mtime_ns) for path in sorted(folder.iterdir()) if path.is_file()]
    return digest([folder.name, [list(file) for file in files]])
