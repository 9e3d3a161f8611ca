"""Daily returns of every trial that was evaluated: they tell which trials were one search, whatever they are called."""

import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from domain.arrays import FloatArray, IntArray
from domain.canonical import digest
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
    """Keep (D,) returns of trials (their digests) that were evaluated together.

    One file for each set of trials of a package: evaluated again, a longer record replaces a shorter one, never the reverse.
    """
    if not len(day_us):
        return
    path = _folder(home, simulated=simulated) / f"{code[7:23]}-{digest(sorted(trials))[7:23]}.parquet"
    if all(len(item.net_return) <= len(day_us) for item in _read(path).values()):
        found = {trial: TrialReturns(int(day_us[0]), own) for trial, own in zip(trials, returns, strict=True)}
        write_durably(path, _parquet(found))


def load_returns(home: Home, *, simulated: bool, end_us: int | None = None) -> dict[str, TrialReturns]:
    """Of every trial of the desk, by digest; its longest record where it was evaluated in several sets.

    Only days that end by `end_us`: what came later must not change what an earlier cycle says.
    """
    held: dict[str, TrialReturns] = {}
    for path in sorted(_folder(home, simulated=simulated).glob("*.parquet")):
        for trial, found in _read(path).items():
            if trial not in held or len(found.net_return) > len(held[trial].net_return):
                held[trial] = found
    if end_us is None:
        return held
    cut = {trial: (end_us - found.first_day_us) // US_PER_DAY for trial, found in held.items()}
    return {
        trial: TrialReturns(found.first_day_us, found.net_return[: cut[trial]]) for trial, found in held.items() if cut[trial] > 0
    }


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
    table = pq.read_table(path).combine_chunks()
    if not table.num_rows:
        return {}
    # Lists of Python numbers would cost a hundred times more than the sweep of a large grid.
    lists = table["net_return"].chunk(0)
    values, ends = lists.values.to_numpy(), lists.offsets.to_numpy()
    return {
        trial: TrialReturns(first, values[start:end])
        for trial, first, start, end in zip(
            table["trial"].to_pylist(), table["first_day_us"].to_pylist(), ends[:-1], ends[1:], strict=True
        )
    }


def _parquet(held: Mapping[str, TrialReturns]) -> bytes:
    names = sorted(held)
    returns = [held[name].net_return for name in names]
    ends = np.cumsum([0, *(len(own) for own in returns)]).astype(np.int32)
    columns = [
        pa.array(names, pa.string()),
        pa.array([held[name].first_day_us for name in names], pa.int64()),
        pa.ListArray.from_arrays(pa.array(ends), pa.array(np.concatenate(returns))),
    ]
    buffer = io.BytesIO()
    pq.write_table(pa.Table.from_arrays(columns, schema=_SCHEMA), buffer, compression="zstd", store_schema=False)
    return buffer.getvalue()
