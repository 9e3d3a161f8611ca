"""What a folder holds, which symbol a file speaks of, and how long its bars are."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl

from data_lake.columns import missing_columns
from data_lake.formats import SUFFIXES, column_names
from data_lake.schema import BARS, FUNDING, VersionedTable
from domain.arrays import BoolArray, IntArray
from domain.errors import Refused
from domain.market import Market
from domain.times import US_PER_DAY, US_PER_HOUR, US_PER_MINUTE

INTERVALS = {
    **{f"{n}m": n * US_PER_MINUTE for n in (1, 3, 5, 15, 30)},
    **{f"{n}h": n * US_PER_HOUR for n in (1, 2, 4, 6, 8, 12)},
    "1d": US_PER_DAY,
}
"""Bar lengths, microseconds by name."""

_FEW = 10
_DOMINANT = 0.3
"""Of the steps of a file with more than a few: a commonest one that is rarer is no bar length."""

_SYMBOL_TOKEN = re.compile(r"^(?=.*[A-Z])[A-Z0-9]{2,30}$")


@dataclass(frozen=True)
class Recognition:
    """Files by what they hold; `market` is linear where funding lies beside the bars, spot otherwise."""

    bars: tuple[Path, ...]
    funding: tuple[Path, ...]
    unknown: tuple[Path, ...]
    market: Market


def recognise(paths: Sequence[Path]) -> Recognition:
    """Sort the files under these files and folders into bars and funding by their columns.

    A file that tells nothing by itself (unreadable, a column missing) goes where the readable files of its folder go, so
    that ingest can quarantine it with the reason. Raises Refused where there is no file at all.
    """
    files = list_files(paths)
    told = {file: table_of(file) for file in files}
    by_folder: dict[Path, set[str]] = {}
    for file, table in told.items():
        if table is not None:
            by_folder.setdefault(file.parent, set()).add(table)
    kinds: dict[str | None, list[Path]] = {BARS.name: [], FUNDING.name: [], None: []}
    for file in files:
        neighbours = by_folder.get(file.parent, set())
        kind = told[file] or (next(iter(neighbours)) if len(neighbours) == 1 else None)
        kinds[kind].append(file)
    market = Market.LINEAR if kinds[FUNDING.name] else Market.SPOT
    return Recognition(tuple(kinds[BARS.name]), tuple(kinds[FUNDING.name]), tuple(kinds[None]), market)


def list_files(paths: Sequence[Path]) -> tuple[Path, ...]:
    """The deliverable files under these files and folders, by name, each once. Raises Refused where there is none."""
    found: list[Path] = []
    for path in paths:
        if not path.exists():
            raise Refused(f"{path}: expected a file or folder, found nothing there: check the path")
        inside: Iterable[Path] = (item for item in path.rglob("*") if item.is_file()) if path.is_dir() else [path]
        found += sorted(item for item in inside if item == path or item.name.lower().endswith(SUFFIXES))
    files = tuple(dict.fromkeys(found))
    if not files:
        names = ", ".join(str(path) for path in paths)
        raise Refused(f"{names}: expected files ending in {', '.join(SUFFIXES)}, found none: check the path")
    return files


def table_of(path: Path) -> str | None:
    """`bars` or `funding` by the columns of the file; None where they tell neither, or cannot be read."""
    try:
        columns = column_names(path)
    except (Refused, OSError):
        return None
    for table in (FUNDING, BARS):
        if not missing_columns(table, columns):
            return table.name
    return None


def symbol_in_name(name: str) -> str:
    """The one upper-case token of a file name, as in `BTCUSDT-1h-2023-01.csv`; a lone word is raised to upper case.

    >>> symbol_in_name("binance_1000PEPEUSDT-1h-2023-01.csv.gz")
    '1000PEPEUSDT'
    """
    stem = name.split(".", 1)[0]
    tokens = [token for token in re.split(r"[-_ ]", stem) if _SYMBOL_TOKEN.match(token)]
    if not tokens and re.fullmatch(r"[a-z0-9]{2,30}", stem):
        tokens = [stem.upper()]
    if len(set(tokens)) != 1:
        raise Refused(f"expected a symbol column, or one symbol in the file name, got {name!r} with {tokens}: rename it")
    return tokens[0]


def modal_step(table: VersionedTable, frame: pl.DataFrame) -> int | None:
    """The commonest positive step between neighbouring times of one symbol, microseconds; None where there is no step."""
    ordered = frame.select("symbol", table.time).drop_nulls()
    steps, same = _steps(ordered, table.time)
    if not (ordered["symbol"].is_sorted() and (steps[same] > 0).all()):
        steps, same = _steps(ordered.unique().sort("symbol", table.time), table.time)
    return _mode(steps[same])


def _steps(ordered: pl.DataFrame, time: str) -> tuple[IntArray, BoolArray]:
    """Steps between neighbouring rows, and which of them are of one symbol."""
    same = (ordered["symbol"] == ordered["symbol"].shift(1)).slice(1)
    return np.diff(ordered[time].to_numpy()), same.to_numpy()


def settled_interval(stated_us: int | None, step_us: int | None, rows: int) -> int:
    """The bar length of a file from what was stated and what its times show.

    Raises Refused where they contradict each other, where the step is no bar length, or where nothing tells.
    """
    if stated_us is None and step_us is None:
        raise Refused("a single bar does not tell its interval: state the interval")
    if stated_us is None:
        assert step_us is not None
        if step_us not in INTERVALS.values():
            raise Refused(f"the commonest step is {step_us / US_PER_MINUTE:g} minutes, not one of {', '.join(INTERVALS)}")
        return step_us
    if step_us is not None and (step_us % stated_us or (step_us > stated_us and rows > _FEW)):
        stated, shown = stated_us / US_PER_MINUTE, step_us / US_PER_MINUTE
        raise Refused(f"stated interval {stated:g} minutes, but the commonest step is {shown:g} minutes: correct one of them")
    return stated_us


def _mode(steps: IntArray) -> int | None:
    positive = steps[steps > 0]
    if len(positive) == 0:
        return None
    if positive.min() == positive.max():
        return int(positive[0])
    values, counts = np.unique(positive, return_counts=True)
    if len(positive) > _FEW and counts.max() < _DOMINANT * len(positive):
        return None  # single revised bars, far apart: their distances tell nothing
    return int(values[np.argmax(counts)])
