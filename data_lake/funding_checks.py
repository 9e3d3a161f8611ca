"""What is wrong with the funding beside a market's bars."""

from collections.abc import Iterator

import numpy as np
import pyarrow as pa

from data_lake.findings import Finding, Severity
from data_lake.funding import HOLE_STEPS, local_steps, whole_seconds
from domain.arrays import IntArray

PAGE_ROWS = 1000
"""Rows that an exchange's interface gives at once: a series of exactly so many was cut, not finished."""


def funding_findings(stamps: pa.Table, bars: pa.Table, place: tuple[str, str, int]) -> list[Finding]:
    """Holes, page limits, early ends, jitter and absence; `stamps` and `bars` are as-of reads of one market.

    A series ends early where more than three steps of it are missing before the newest stamp of any symbol.
    """
    symbol, time = stamps["symbol"].to_numpy(), stamps["funding_time"].to_numpy()
    findings: list[Finding] = []
    newest = int(time.max()) if len(time) else 0
    for name in sorted(set(symbol.tolist())):
        findings += _of_series(name, time[symbol == name], newest, place)
    if len(time):
        absent = sorted(set(bars["symbol"].unique().to_pylist()) - set(symbol.tolist()))
        findings += [Finding("funding_absent", Severity.AMBER, *place[:2], name, None, None) for name in absent]
    return findings


def _of_series(symbol: str, stamp_us: IntArray, newest_us: int, place: tuple[str, str, int]) -> Iterator[Finding]:
    if len(stamp_us) < 2:
        return
    at_second = whole_seconds(stamp_us)
    gaps, steps = np.diff(at_second), local_steps(at_second)
    holes = np.flatnonzero(gaps > HOLE_STEPS * steps)
    for hole in holes:
        missing = round(gaps[hole] / steps[hole]) - 1
        evidence = {"missing_stamps": missing, "previous_us": int(at_second[hole]), "next_us": int(at_second[hole + 1])}
        yield Finding("funding_hole", Severity.AMBER, *place[:2], symbol, None, int(at_second[hole] + steps[hole]), evidence)
    if newest_us - at_second[-1] > HOLE_STEPS * steps[-1]:
        evidence = {"last_us": int(at_second[-1]), "newest_elsewhere_us": newest_us, "step_us": int(steps[-1])}
        yield Finding("funding_ends_early", Severity.AMBER, *place[:2], symbol, None, int(at_second[-1]), evidence)
        holes = np.append(holes, len(stamp_us) - 1)
    starts = np.concatenate([[0], holes + 1])
    for first, last in zip(starts, holes, strict=False):
        if last - first + 1 == PAGE_ROWS:
            evidence = {"rows": PAGE_ROWS, "first_us": int(at_second[first]), "last_us": int(at_second[last])}
            yield Finding("page_limit", Severity.AMBER, *place[:2], symbol, None, int(at_second[last]), evidence)
    late = int(np.count_nonzero(stamp_us != at_second))
    if late:
        evidence = {"stamps": late, "largest_us": int(np.abs(stamp_us - at_second).max())}
        yield Finding("funding_jitter", Severity.INFO, *place[:2], symbol, None, None, evidence)
