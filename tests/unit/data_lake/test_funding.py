import numpy as np

from data_lake.funding import local_steps, on_grid, spans, whole_seconds
from domain.times import US_PER_HOUR, US_PER_SECOND, parse_utc

START_US = parse_utc("2024-01-01")


def _hours(*hours: float) -> np.ndarray:
    return START_US + np.array([int(hour * US_PER_HOUR) for hour in hours], dtype=np.int64)


def test_jitter_is_rounded_to_the_second_on_both_sides() -> None:
    stamps = START_US + np.array([0, 20_000, -20_000, 499_999, 500_000])
    assert (whole_seconds(stamps) - START_US).tolist() == [0, 0, 0, 0, US_PER_SECOND]


def test_between_stamps_nothing_is_paid_and_outside_the_series_nothing_is_known() -> None:
    grid = _hours(*range(30))
    rate = on_grid(_hours(8, 16) + 15_000, np.array([0.01, 0.02]), grid, US_PER_HOUR)
    expected = np.full(30, np.nan)
    expected[8:24] = 0.0
    expected[8], expected[16] = 0.01, 0.02
    np.testing.assert_array_equal(rate, expected)


def test_a_stamp_a_little_early_belongs_to_the_bar_it_was_meant_for() -> None:
    rate = on_grid(_hours(8, 16) - 3_000, np.array([0.01, 0.02]), _hours(*range(24)), US_PER_HOUR)
    assert rate[8] == 0.01
    assert np.isnan(rate[7])


def test_a_hole_is_unknown_and_not_free() -> None:
    stamps = _hours(*range(0, 48, 8), *range(96, 144, 8))
    rate = on_grid(stamps, np.full(len(stamps), 0.01), _hours(*range(160)), US_PER_HOUR)
    assert not np.isnan(rate[:48]).any()
    assert np.isnan(rate[48:96]).all()
    assert not np.isnan(rate[96:144]).any()
    assert np.isnan(rate[144:]).all()
    np.testing.assert_allclose(np.nansum(rate), 0.12)


def test_one_missing_stamp_is_no_hole() -> None:
    stamps = _hours(0, 8, 16, 32, 40, 48)
    assert spans(stamps).tolist() == [_hours(0, 56).tolist()]


def test_a_change_of_the_funding_step_is_no_hole() -> None:
    stamps = _hours(*range(24), *range(32, 112, 8))
    assert len(spans(stamps)) == 1
    assert local_steps(stamps)[0] == US_PER_HOUR
    assert local_steps(stamps)[-1] == 8 * US_PER_HOUR


def test_a_bar_longer_than_the_step_sums_its_stamps_and_needs_all_of_them() -> None:
    stamps = _hours(8, 16, 24, 32, 40, 48, 56, 64)
    rate = on_grid(stamps, np.full(8, 0.01), _hours(0, 24, 48), 24 * US_PER_HOUR)
    assert np.isnan(rate[0])  # nothing tells what was paid at 00:00
    np.testing.assert_allclose(rate[1:], [0.03, 0.03])


def test_a_lone_stamp_covers_nothing() -> None:
    assert np.isnan(on_grid(_hours(8), np.array([0.01]), _hours(*range(24)), US_PER_HOUR)).all()
    assert np.isnan(on_grid(_hours(), np.array([]), _hours(*range(24)), US_PER_HOUR)).all()
