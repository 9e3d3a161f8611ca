from data_lake.checks import check
from data_lake.findings import Finding, Severity
from data_lake.lake import Lake
from data_lake.lake_check import check_lake
from data_lake.rebuild import rebuild
from domain.market import Market
from domain.times import US_PER_HOUR
from tests.unit.data_lake.bars import NOW_US, START_US, bar_frame, write

SPOT = {"venue": "v", "market": Market.SPOT, "received_us": NOW_US, "source": "x"}
PLACE = ("v", Market.SPOT, US_PER_HOUR, START_US, NOW_US, NOW_US)


def _with_a_gap(lake: Lake) -> tuple[Finding, ...]:
    lake.ingest([write(lake.home / "in", "AAAUSDT.csv", bar_frame(hours=[*range(10), *range(13, 24)]))], "bars", **SPOT)
    return check(lake, *PLACE)


def test_what_a_check_found_are_rows_of_the_findings_table_each_once(lake: Lake) -> None:
    found = _with_a_gap(lake)
    assert lake.note(found) == len(found)
    assert lake.note(found) == 0
    lake.ingest([write(lake.home / "in", "BBBUSDT.csv", bar_frame("BBBUSDT"))], "bars", **SPOT)
    more = Finding("gap", Severity.AMBER, "v", "spot", "BBBUSDT", None, None, {"missing_bars": 1})
    assert lake.note([*found, more, more]) == 1
    rows = lake.findings().to_pylist()
    assert len(rows) == len(found) + 1
    (gap,) = (row for row in rows if row["kind"] == "gap" and row["symbol"] == "AAAUSDT")
    assert (gap["delivery"], gap["severity"], gap["interval_us"]) == (1, "info", US_PER_HOUR)
    assert '"missing_bars":3' in gap["evidence"]
    (other,) = (row for row in rows if row["symbol"] == "BBBUSDT")
    assert (other["delivery"], other["at_us"]) == (2, None)


def test_kept_findings_change_no_answer_and_a_rebuilt_lake_can_find_them_again(lake: Lake) -> None:
    found = _with_a_gap(lake)
    before = lake.content_digest("v", Market.SPOT, US_PER_HOUR, NOW_US), lake.snapshot()
    lake.note(found)
    assert (lake.content_digest("v", Market.SPOT, US_PER_HOUR, NOW_US), lake.snapshot()) == before
    assert check_lake(lake.home, lake.catalogue).problems == ()
    kept = lake.findings().to_pylist()
    lake.close()
    rebuild(lake.home, threads=1)
    with Lake(lake.home, threads=1) as again:
        assert again.findings().num_rows == 0
        again.note(check(again, *PLACE))
        assert again.findings().to_pylist() == kept
