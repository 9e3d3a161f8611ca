import numpy as np
import pytest

from domain.errors import Refused
from domain.times import US_PER_DAY, US_PER_HOUR, Cycle, parse_utc
from laboratory.settings import LaboratorySettings
from laboratory.window import window_of


def test_the_window_is_the_last_days_of_the_history(settings: LaboratorySettings) -> None:
    window = window_of(settings, parse_utc("2026-11-20"))
    assert window.first_open_us == parse_utc("2024-11-20")
    assert window.hours == 730 * 24
    assert window.hours_since_origin == (3 * 365 + 1 + 323) * 24  # 2024 was a leap year, and 20 November is day 324 of 2026
    assert (window.open_time_us[0], window.open_time_us[-1]) == (window.first_open_us, parse_utc("2026-11-19T23:00:00Z"))
    assert set(np.diff(window.open_time_us).tolist()) == {US_PER_HOUR}
    assert window.since_origin.open_time_us[0] == parse_utc("2023-01-01")
    assert window.since_origin.hours == window.hours_since_origin


def test_rows_are_cut_at_the_ends_of_the_window(settings: LaboratorySettings) -> None:
    window = window_of(settings, parse_utc("2026-11-20"))
    start, end = window.first_open_us, window.closes_us
    assert window.rows(start + 5 * US_PER_HOUR, start + 7 * US_PER_HOUR) == (5, 7)
    assert window.rows(start - 5 * US_PER_HOUR, start + 7 * US_PER_HOUR) == (0, 7)
    assert window.rows(end - 5 * US_PER_HOUR, end + 7 * US_PER_HOUR) == (window.hours - 5, window.hours)
    for outside in (window.rows(start - US_PER_DAY, start), window.rows(end, end + US_PER_DAY)):
        assert outside[0] == outside[1]


def test_an_end_off_midnight_is_refused(settings: LaboratorySettings) -> None:
    with pytest.raises(Refused, match="midnight"):
        window_of(settings, parse_utc("2026-11-20") + US_PER_HOUR)


def test_a_cycle_too_soon_after_the_origin_is_refused(settings: LaboratorySettings) -> None:
    assert window_of(settings, Cycle.parse("2024-12-31").closes_us).first_open_us == parse_utc("2023-01-01")
    with pytest.raises(Refused, match=r"expected a cycle of 2024-12-31 or later, 730 days after the origin .*, got 2024-12-30;"):
        window_of(settings, Cycle.parse("2024-12-30").closes_us)
