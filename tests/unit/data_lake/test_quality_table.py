from pathlib import Path

import pytest

from data_lake.quality_table import DOCUMENT, Comparison, compare, compare_bars, render
from domain.times import parse_utc
from tests.unit.data_lake.bars import REAL, needs_market

pytestmark = needs_market


@pytest.fixture(scope="module")
def rows(tmp_path_factory: pytest.TempPathFactory) -> tuple[Comparison, ...]:
    return compare(REAL, tmp_path_factory.mktemp("quality"))


def test_a_sample_of_the_document_is_what_the_checks_find(tmp_path: Path) -> None:
    sample = tuple(compare_bars(REAL, tmp_path, ["bars_1h_delisted", "bars_15m_perp", "bars_5m_perp"]))
    assert all(row.known <= row.found and row.false_alarms == 0 for row in sample)
    assert sum(len(row.known) for row in sample) == 31 + 6 + 1 + 2 + 6 + 4 + 3
    assert set(render(sample).splitlines()) <= set(DOCUMENT.read_text().splitlines())


@pytest.mark.soak
def test_every_known_defect_is_found(rows: tuple[Comparison, ...]) -> None:
    listed = [row for row in rows if row.defect != "outlier (planted)"]
    missed = {(row.defect, row.where): sorted(row.known - row.found, key=str)[:3] for row in listed if row.known - row.found}
    assert missed == {}
    assert sum(len(row.known) for row in rows) > 250
    assert {row.defect for row in rows if row.known} >= {"gap", "zero-volume bar", "ticker reuse", "delisting", "unfinished bar"}


@pytest.mark.soak
def test_false_alarms_are_counted_and_few(rows: tuple[Comparison, ...]) -> None:
    alarms = {(row.defect, row.where): row.false_alarms for row in rows if row.false_alarms}
    kinds = {"gap", "zero-volume bar", "duplicate", "impossible or off-step bar", "ticker reuse", "delisting", "clock error"}
    assert {key for key in alarms if key[0] in kinds} == set()
    (daily,) = (row for row in rows if row.where == "bars_1h_perp against bars_1d_perp_qv")
    assert {at_us for _, at_us in daily.known} == {parse_utc("2024-10-28")}
    assert daily.found - daily.known == {("BNBUSDT", parse_utc("2024-03-28"))}


@pytest.mark.soak
def test_the_document_says_what_the_checks_find(rows: tuple[Comparison, ...]) -> None:
    assert Path(DOCUMENT).read_text() == render(rows)


def test_recall_of_nothing_known_is_undefined() -> None:
    row = Comparison("gap", "somewhere", frozenset(), frozenset({("A", 1)}))
    assert (row.recall, row.false_alarms) == (None, 1)
