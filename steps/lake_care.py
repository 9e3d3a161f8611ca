"""`factory lake`: rebuilding, checking, compacting and listing the lake of a home."""

import json
from pathlib import Path
from typing import Any

from data_lake.care import compact, expire, snapshots
from data_lake.lake import Lake
from data_lake.lake_check import check_lake
from data_lake.rebuild import Progress, rebuild, silent
from domain.times import iso
from steps.home import Home
from steps.run import Check, StepResult

LAKE_CHECK = "whole"
"""Raw store, records, files and versions agree with each other."""


def rebuild_lake(home: Home, progress: Progress = silent) -> dict[str, Any]:
    """Drop the catalogue and make it again from the raw store."""
    with home.locked():
        report = rebuild(home.root, progress=progress)
    return {
        "deliveries": report.deliveries,
        "digest": report.digest,
        "digest_before": report.digest_before,
        "kept": None if report.kept is None else str(report.kept),
    }


def check_the_lake(home: Home, progress: Progress = silent) -> dict[str, Any]:
    """Every rule of the lake against what is on the disk."""
    with home.locked(), Lake(home.root) as lake:
        report = check_lake(home.root, lake.catalogue, progress=progress)
    return {
        "clean": report.clean,
        "problems": [{"kind": problem.kind, "what": problem.what} for problem in report.problems],
        "leftovers": list(report.leftovers),
        "deliveries": report.deliveries,
        "raw_files": report.raw_files,
        "data_files": report.data_files,
    }


def compact_lake(home: Home, progress: Progress = silent) -> dict[str, Any]:
    """Merge small files; the content stays the same."""
    with home.locked(), Lake(home.root) as lake:
        report = compact(lake.catalogue, progress=progress)
    return {
        "files_before": report.files_before,
        "files_after": report.files_after,
        "bytes_before": report.bytes_before,
        "bytes_after": report.bytes_after,
        "removed": report.removed,
        "digest": report.digest,
    }


def lake_care(home: Home) -> StepResult:
    """Check the lake and, where every rule of it holds, merge its small files; a damaged one is left as it is."""
    problems = [f"{item['kind']}: {item['what']}" for item in check_the_lake(home)["problems"]]
    if problems:
        sentence = f"{'; '.join(problems[:3])}: see docs/runbooks/lake-not-whole.md"
        return StepResult(f"{len(problems):,} problems; nothing was merged", checks=(_whole(sentence, len(problems)),))
    report = compact_lake(home)
    return StepResult(
        headline=f"every rule holds; {report['files_before']:,} files became {report['files_after']:,}",
        facts=report,
        checks=(_whole("every rule of the lake holds", 0),),
    )


def _whole(sentence: str, problems: int) -> Check:
    return Check(LAKE_CHECK, problems == 0, blocking=True, sentence=sentence, facts={"problems": problems})


def list_snapshots(home: Home) -> list[dict[str, Any]]:
    """The deliveries, their rows, and the cycles that were decided on each."""
    decided = decided_snapshots(home)
    with Lake(home.root) as lake:
        rows = snapshots(lake.catalogue.connection)
    return [row | {"received": iso(row.pop("received_us")), "decisions": decided.get(row["delivery"], [])} for row in rows]


def expire_snapshots(home: Home, before: int, named: tuple[int, ...] = ()) -> dict[str, Any]:
    """Let go of states older than delivery `before`; Refused where a decision of this home, or one named, refers to one."""
    with home.locked(), Lake(home.root) as lake:
        states = expire(lake.catalogue, before, (*decided_snapshots(home), *named))
    return {"expired": states, "oldest": before}


def decided_snapshots(home: Home) -> dict[int, list[str]]:
    """Snapshot to the cycles that were decided on it."""
    found: dict[int, list[str]] = {}
    for path in sorted((home.root / "reports").glob("*/data/snapshot.json")):
        number = _snapshot(path)
        if number is not None:
            found.setdefault(number, []).append(path.parents[1].name)
    return found


def _snapshot(path: Path) -> int | None:
    number = json.loads(path.read_text()).get("snapshot")
    return number if isinstance(number, int) else None
