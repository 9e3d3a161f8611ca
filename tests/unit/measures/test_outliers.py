"""Robust scores against slow, separate statements of them, and what must hold of them."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.errors import Refused
from measures.outliers import far_from_neighbours, hampel_scores, modified_z

values = st.lists(st.one_of(st.integers(-3, 3).map(float), st.just(float("nan"))), max_size=60)


def slow_scores(series: list[float], window: int, floor: float, centred: bool) -> list[float]:
    """One value at a time, from the definition."""
    place = [index for index, value in enumerate(series) if np.isfinite(value)]
    scores = [float("nan")] * len(series)
    for rank, index in enumerate(place):
        before = place[max(rank - window, 0) : rank]
        around = [*place[max(rank - window // 2, 0) : rank], *place[rank + 1 : rank + 1 + window // 2]]
        chosen = [series[other] for other in (around if centred else before)]
        if len(chosen) == window:
            centre = np.median(chosen)
            mad = np.median([abs(value - centre) for value in chosen])
            scores[index] = (series[index] - centre) / max(1.4826 * mad, floor)
    return scores


@settings(max_examples=60, deadline=None)
@given(values, st.sampled_from([2, 4, 10]), st.booleans())
def test_rolling_scores_are_those_of_the_definition(series: list[float], window: int, centred: bool) -> None:
    got = hampel_scores(series, window, 0.5, centred=centred)
    np.testing.assert_allclose(got, slow_scores(series, window, 0.5, centred), rtol=1e-12, atol=0)


@settings(max_examples=30, deadline=None)
@given(st.lists(st.floats(-9, 9), min_size=12, max_size=40), st.lists(st.floats(-9, 9), min_size=1, max_size=9))
def test_the_online_score_never_looks_ahead(past: list[float], future: list[float]) -> None:
    known = hampel_scores(past, 10, 1e-3)
    np.testing.assert_array_equal(hampel_scores(past + future, 10, 1e-3)[: len(past)], known)


def test_a_flat_stretch_needs_the_floor() -> None:
    scores = hampel_scores([5.0] * 20 + [5.1], 10, 0.01)
    assert scores[-1] == pytest.approx(10.0)
    assert (scores[10:20] == 0).all()
    for window, floor in ((3, 0.1), (0, 0.1), (10, 0.0)):
        with pytest.raises(Refused, match="even window"):
            hampel_scores([1.0], window, floor)


def test_modified_z_by_hand() -> None:
    np.testing.assert_allclose(modified_z([1.0, 2.0, 3.0, float("nan"), 102.0]), [-1.01175, -0.33725, 0.33725, np.nan, 67.11275])
    assert np.isnan(modified_z([5.0, 5.0, 5.0, 9.0])).all()  # MAD 0 without a floor
    assert modified_z([5.0, 5.0, 5.0, 9.0], mad_floor=0.1)[3] == pytest.approx(0.6745 * 4 / 0.1)
    assert np.isnan(modified_z([float("nan")])).all()


def test_neighbours_by_hand() -> None:
    # Ten neighbours 1 to 10 without the least and the greatest: mean 5.5, s of 2..9 is sqrt(6) = 2.449.
    neighbours = [3.0, 1.0, 10.0, 7.0, 5.0, 2.0, 9.0, 4.0, 8.0, 6.0]
    edge = 5.5 + 3 * np.sqrt(6.0)
    for price, tick, far in (
        (edge + 1e-9, 0.0, True),
        (edge - 1e-9, 0.0, False),
        (edge + 0.4, 0.5, False),
        (edge + 0.6, 0.5, True),
    ):
        assert far_from_neighbours([*neighbours, price], 10, tick, trim=0.2)[-1] == far
        both = [*neighbours[:5], price, *neighbours[5:]]
        assert far_from_neighbours(both, 10, tick, trim=0.2, centred=True).tolist() == [False] * 5 + [far] + [False] * 5
    assert not far_from_neighbours([1.0] * 10, 10, 0.0).any()  # no whole neighbourhood before any of them
    assert far_from_neighbours([1.0] * 11, 10, 0.0)[-1]  # flat: without a tick even the same price is far
    assert not far_from_neighbours([1.0] * 11, 10, 0.01).any()
    with pytest.raises(Refused, match="even neighbourhood"):
        far_from_neighbours([1.0], 9, 0.0)
