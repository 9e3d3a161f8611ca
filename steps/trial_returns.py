"""Daily returns of every trial that was evaluated: they tell which trials were one search, whatever they are called."""

import fcntl
import io
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from domain.arrays import FloatArray, IntArray
from domain.times import US_PER_DAY
from durable.files import write_durably
from steps.home import Home

_SCHEMA = pa.schema([("trial", pa.string()), ("first_day_us", pa.int64()), ("net_return", pa.list_(pa.float64()))])


@dataclass(frozen=True)
class TrialReturns:
    """One trial's daily net returns from its first day on, without a gap."""

    first_day_us: int
    net_return: FloatArray


def keep_returns(
    home: Home, code: str, trials: Sequence[str], day_us: IntArray, returns: Sequence[FloatArray], *, simulated: bool
) -> None:
    """Keep (D,) returns of each trial (its digest), in one file for each package.

    A longer record replaces a shorter one of the same trial; so does one of the same length.
    """
    if not len(day_us):
        return
    path = _folder(home, simulated=simulated) / f"{code[7:39]}.parquet"
    with _locked(path):
        held = _read(path)
        for trial, own in zip(trials, returns, strict=True):
            if trial not in held or len(own) >= len(held[trial].net_return):
                held[trial] = TrialReturns(int(day_us[0]), own)
        rows = [
            {"trial": trial, "first_day_us": item.first_day_us, "net_return": item.net_return}
            for trial, item in sorted(held.items())
        ]
        buffer = io.BytesIO()
        pq.write_table(pa.Table.from_pylist(rows, schema=_SCHEMA), buffer, compression="zstd", store_schema=False)
        write_durably(path, buffer.getvalue())


def load_returns(home: Home, *, simulated: bool) -> dict[str, TrialReturns]:
    """Of every trial of the desk, by digest."""
    held: dict[str, TrialReturns] = {}
    for path in sorted(_folder(home, simulated=simulated).glob("*.parquet")):
        held |= _read(path)
    return held


def returns_matrix(trials: Sequence[str], held: Mapping[str, TrialReturns]) -> FloatArray:
    """(D, N) over the days that any of them has, NaN where one has none."""
    known = [held[trial] for trial in trials if trial in held]
    if not known:
        return np.full((0, len(trials)), np.nan)
    first = min(item.first_day_us for item in known)
    days = max((item.first_day_us - first) // US_PER_DAY + len(item.net_return) for item in known)
    matrix = np.full((days, len(trials)), np.nan)
    for column, trial in enumerate(trials):
        if trial in held:
            at = (held[trial].first_day_us - first) // US_PER_DAY
            matrix[at : at + len(held[trial].net_return), column] = held[trial].net_return
    return matrix


def _folder(home: Home, *, simulated: bool) -> Path:
    return home.root / "trials" / ("simulated" if simulated else "real")


def _read(path: Path) -> dict[str, TrialReturns]:
    if not path.exists():
        return {}
    table = pq.read_table(path)
    firsts, lists = table["first_day_us"].to_pylist(), table["net_return"].to_pylist()
    return {
        trial: TrialReturns(first, np.array(own, dtype=np.float64))
        for trial, first, own in zip(table["trial"].to_pylist(), firsts, lists, strict=True)
    }


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    """Of two processes that sweep one package, each keeps what the other wrote."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.with_suffix(".lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
