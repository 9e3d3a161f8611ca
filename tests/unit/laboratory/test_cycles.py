"""One history, seen by many cycles: what a later one adds, and where defects lie in each."""

import numpy as np
import pytest

from domain.times import US_PER_DAY, Cycle, iso, parse_utc
from laboratory.bars import Bars
from laboratory.deliveries import deliveries
from laboratory.market import SimulatedMarket, generate
from laboratory.settings import LaboratorySettings
from laboratory.stated import decayed_edge_returns, slow_maker_returns

FIELDS = ("open", "high", "low", "close", "volume", "taker_buy_volume")
ALL_KINDS = {"gap", "zero_volume", "revision", "unfinished", "delisting"}


def at(cycle: str, settings: LaboratorySettings) -> SimulatedMarket:
    return generate(settings.seed, Cycle.parse(cycle).closes_us, settings)


def kinds(market: SimulatedMarket) -> set[str]:
    return {defect.kind for defect in market.truth.defects}


def bar(bars: Bars, row: int, column: int) -> list[float]:
    return [float(getattr(bars, name)[row, column]) for name in FIELDS]


@pytest.mark.parametrize("days", [1, 40, 400])
def test_a_later_cycle_adds_to_the_earlier_one_and_changes_no_bit(market: SimulatedMarket, closes_us: int, days: int) -> None:
    later = generate(market.seed, closes_us + days * US_PER_DAY, market.settings)
    shared = 730 - days
    for name in FIELDS:
        for kept, again in ((market.bars, later.bars), (market.panel, later.panel)):
            assert getattr(kept, name)[days * 24 :].tobytes() == getattr(again, name)[: shared * 24].tobytes(), name
    assert market.panel.funding_rate[days * 24 :].tobytes() == later.panel.funding_rate[: shared * 24].tobytes()
    assert market.funding_rate[days * 3 :].tobytes() == later.funding_rate[: shared * 3].tobytes()
    assert market.panel.open_time_us[days * 24 :].tobytes() == later.panel.open_time_us[: shared * 24].tobytes()
    assert not np.array_equal(later.bars.close[-days * 24 :], market.bars.close[-days * 24 :])


@pytest.mark.parametrize("days", [1, 40, 400])
def test_the_noise_of_a_stated_day_is_that_day_s(market: SimulatedMarket, closes_us: int, days: int) -> None:
    later = generate(market.seed, closes_us + days * US_PER_DAY, market.settings)
    first, second = (slow_maker_returns(item, market.seed) for item in (market, later))
    assert first[days:].tobytes() == second[: 730 - days].tobytes()
    first, second = (decayed_edge_returns(item, market.seed) for item in (market, later))
    moved = second[: 730 - days] - first[days:]
    between = np.zeros(730 - days, dtype=bool)
    between[max(0, 487 - days) : 487] = True  # alive in the later window, gone in the earlier one
    np.testing.assert_array_equal(moved[~between], 0.0)
    np.testing.assert_allclose(moved[between], (9.0 + 2.0) * 0.12 / 365, atol=2e-10)  # of the ratios, at the stream's volatility


def test_defects_stay_where_they_are_over_the_new_year(settings: LaboratorySettings) -> None:
    placed = []
    for cycle in ("2026-02-21", "2026-11-20", "2026-12-31", "2027-01-01", "2028-01-06"):
        defects = at(cycle, settings).truth.defects
        assert {item.kind for item in defects} == ALL_KINDS
        placed.append([(item.kind, item.symbol, item.from_us, item.known_at_us) for item in defects])
    assert placed[1:] == placed[:-1]
    assert {kind: iso(from_us) for kind, _, from_us, _ in placed[0]} == {
        "gap": "2026-01-20T09:00:00Z",
        "zero_volume": "2026-02-03T03:00:00Z",
        "revision": "2026-01-06T00:00:00Z",
        "unfinished": "2026-02-10T17:00:00Z",
        "delisting": "2026-02-20T00:00:00Z",
    }


def test_defects_come_one_by_one(settings: LaboratorySettings) -> None:
    assert kinds(at("2026-01-20", settings)) == set()
    assert kinds(at("2026-01-21", settings)) == {"gap"}
    assert kinds(at("2026-01-31", settings)) == {"gap", "revision"}
    assert kinds(at("2026-02-10", settings)) == ALL_KINDS - {"unfinished", "delisting"}
    assert kinds(at("2026-02-11", settings)) == ALL_KINDS - {"delisting"}
    assert [item.name for item in deliveries(at("2026-01-20", settings))] == ["history", "funding"]


def test_until_the_revision_the_misstated_prices_are_what_is_known(settings: LaboratorySettings) -> None:
    before, after = at("2026-01-30", settings), at("2026-01-31", settings)
    day = (parse_utc("2026-01-06") - after.window.first_open_us) // US_PER_DAY * 24
    column = after.panel.symbols.index("SIMEUSDT")
    wrong, right = before.panel.close[day + 24 : day + 48, column], after.panel.close[day : day + 24, column]
    np.testing.assert_allclose(wrong / right, 1.004, atol=1e-5)
    revised = after.panel.close[:-24].copy()
    revised[day : day + 24, column] = wrong
    np.testing.assert_array_equal(before.panel.close[24:], revised)
    assert "revision" not in {item.name for item in deliveries(before)}


def test_a_symbol_that_was_gone_before_the_window_is_not_in_it(settings: LaboratorySettings) -> None:
    last_known, first_unknown = at("2028-02-19", settings), at("2028-02-20", settings)
    assert last_known.panel.symbols[-1] == "SIMJUSDT"
    assert np.isfinite(last_known.panel.close[:24, -1]).all()
    assert first_unknown.panel.symbols == last_known.panel.symbols[:-1]
    assert np.isfinite(first_unknown.panel.close[-24:]).all()
    for batch in deliveries(first_unknown):
        assert not [name for name in batch.files if name.startswith("SIMJUSDT")]


def test_a_flat_bar_repeats_the_price_before_it_even_from_outside_the_window(settings: LaboratorySettings) -> None:
    data = settings.model_dump(mode="json")
    data["defects"]["flat_at"] = "2026-02-03T00:00:00Z"
    moved = LaboratorySettings.parse(data, "moved")
    column = [item.symbol for item in moved.symbols].index("SIMFUSDT")
    edge, before = at("2028-02-03", moved), at("2028-02-02", moved)
    assert bar(edge.bars, 0, column) == bar(before.bars, 24, column) == [before.bars.close[23, column]] * 4 + [0.0, 0.0]


def test_a_snapshot_that_began_before_midnight_comes_with_the_cycle_after_it(settings: LaboratorySettings) -> None:
    data = settings.model_dump(mode="json")
    data["defects"]["unfinished_taken_at"] = "2026-02-10T02:35:00Z"
    moved = LaboratorySettings.parse(data, "moved")
    assert "snapshot" not in {item.name for item in deliveries(at("2026-02-10", moved))}
    (snapshot,) = [item for item in deliveries(at("2026-02-11", moved)) if item.name == "snapshot"]
    assert [table.num_rows for table in snapshot.files.values()] == [6]
    assert snapshot.known_at == parse_utc("2026-02-10T02:35:00Z")
