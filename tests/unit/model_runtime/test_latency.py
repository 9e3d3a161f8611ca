import pytest

from model_runtime.latency import LatencyLog


def test_percentiles_are_of_calls_that_occurred() -> None:
    log = LatencyLog(samples_us=list(range(1, 1001)))
    found = log.summary(0)
    assert found is not None
    assert (found.p50.value_us, found.p99.value_us, found.p999.value_us, found.max_us, found.calls) == (500, 990, 999, 1000, 1000)


def test_a_stall_counts_for_the_calls_that_it_held_up() -> None:
    # Tene's example, shared case S11-01: 10,000 calls of 1 ms, then 100 s in which one was due every 10 ms.
    found = LatencyLog(samples_us=[1000] * 10_000 + [100_000_000]).summary(10_000)
    assert found is not None
    assert found.p50.value_us == pytest.approx(1000, rel=1e-3)
    assert found.p99.value_us == pytest.approx(98_000_000, rel=1e-3)
    assert found.p50.n == 20_000
    assert found.calls == 10_001


def test_a_call_that_is_refused_counts() -> None:
    log = LatencyLog()
    assert log.summary(0) is None
    with pytest.raises(ValueError, match="no"), log.timed():
        raise ValueError("no")
    assert len(log.samples_us) == 1
