"""How long packages take to answer, from the monotonic clock, as a histogram of all calls."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from measures.latency import Percentile, corrected_for_omission, percentile_with_interval


@dataclass(frozen=True)
class LatencySummary:
    """Percentiles of wall time in microseconds, each with its 95 % interval; the largest; the number of calls that were timed."""

    p50: Percentile
    p99: Percentile
    p999: Percentile
    max_us: float
    calls: int


@dataclass
class LatencyLog:
    """Wall time of each call in integer microseconds, refused calls included: a call that timed out counts in full."""

    samples_us: list[int] = field(default_factory=list)

    @contextmanager
    def timed(self) -> Iterator[None]:
        started = time.monotonic_ns()
        try:
            yield
        finally:
            self.samples_us.append((time.monotonic_ns() - started) // 1000)

    def summary(self, interval_us: float) -> LatencySummary | None:
        """None before the first call. `interval_us`: how often decisions are due.

        A stall that outlasts the interval adds the calls it held up (Tene's coordinated omission); 0 for event-driven calls.
        """
        if not self.samples_us:
            return None
        samples = corrected_for_omission(self.samples_us, interval_us)
        p50, p99, p999 = (percentile_with_interval(samples, p) for p in (0.5, 0.99, 0.999))
        return LatencySummary(p50, p99, p999, float(samples.max()), len(self.samples_us))
