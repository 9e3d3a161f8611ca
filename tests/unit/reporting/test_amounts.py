"""Numbers as text: units, signs, and nothing rounded into a certainty or a zero."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.evidence import Figure
from reporting.amounts import amount, bracket, figure_text, number, percent, short_digest, usd, usd_short, usd_tick, utc

NB = "\u00a0"


@pytest.mark.parametrize(
    ("value", "unit", "text"),
    [
        (0.0512, "fraction", f"5.12{NB}%"),
        (0.512, "fraction of capital", f"51.2{NB}%"),
        (-0.021, "fraction", f"−2.10{NB}%"),
        (0.99996, "fraction", f"99.996{NB}%"),
        (1.0, "fraction", f"100.0{NB}%"),
        (2.345, "1", "2.35"),
        (0.99999, "probability", f">{NB}0.999"),
        (1e-9, "probability", f"<{NB}0.001"),
        (137.0, "count", "137"),
        (850.0, "us", f"850{NB}µs"),
        (74_000.0, "us", f"74{NB}ms"),
        (3600.0, "s", f"1{NB}h"),
        (2_500_000.0, "USD", f"2.50M{NB}USD"),
        (3.14, "bp of decision notional", f"3.1{NB}bp"),
        (0.69, "x capital", "0.69x"),
        (96.4, "x capital", "96x"),
        (41.0, "days", f"41{NB}days"),
        (7.0, "furlongs", f"7{NB}furlongs"),
    ],
)
def test_a_figure_is_printed_in_the_manner_of_its_unit(value: float, unit: str, text: str) -> None:
    assert amount(value, unit) == text


def test_money_and_times() -> None:
    assert usd(-1_250_000.4) == "−1,250,000"
    assert usd_short(999) == "999"
    assert usd_short(12_345_678) == "12.3M"
    assert usd_tick(1_200_000) == "1.2M"
    assert utc(1_763_253_000_000_000) == "2025-11-16 00:30Z"
    assert utc(1_763_253_005_000_000) == "2025-11-16 00:30:05Z"
    assert short_digest("sha256:0123456789abcdef") == "0123456789ab"


def test_negative_zero_has_no_sign() -> None:
    assert number(-0.0004, 2) == "0.00"
    assert percent(-0.0, signed=True) == f"0.00{NB}%"


def test_what_is_not_finite_is_never_printed() -> None:
    for value in (float("nan"), float("inf")):
        with pytest.raises(ValueError, match="None for what is undefined"):
            amount(value, "1")


def test_intervals_may_have_one_end() -> None:
    assert bracket(None, None, "1") == ""
    assert bracket(0.5, 2.0, "1") == "[0.50, 2.00]"
    assert bracket(None, 430_000.0, "us") == f"[≤{NB}430{NB}ms]"
    assert bracket(0.0, None, "1") == f"[≥{NB}0.00]"
    assert figure_text(Figure(value=None, unit="1", note="too short")) == "undefined"
    assert figure_text(Figure(value=1.0, low=0.5, high=2.0, unit="1")) == "1.00 [0.50, 2.00]"


@given(st.floats(min_value=0.9, max_value=1, exclude_max=True))
def test_a_share_below_all_is_never_printed_as_all(share: float) -> None:
    assert float(percent(share).split(NB)[0]) < 100
