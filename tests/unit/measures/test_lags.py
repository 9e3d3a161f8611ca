import pytest

from measures.lags import llsw_lags, newey_west_lags, quarter_power_lags


@pytest.mark.parametrize(
    ("T", "expected"),
    [
        (100, (4, 4, 13)),  # both powers are exactly 1
        (10_000, (11, 12, 130)),  # 4 x 100^(2/9) = 11.13; 4 x 100^(1/4) = 12.65; 1.3 x 100 exactly
        (1_600, (7, 8, 52)),  # 4 x 16^(2/9) = 7.41; 4 x 16^(1/4) = 8 exactly; 1.3 x 40 exactly
    ],
)
def test_whole_bounds_are_not_lost_to_rounding(T: int, expected: tuple[int, int, int]) -> None:
    assert (newey_west_lags(T), quarter_power_lags(T), llsw_lags(T)) == expected
