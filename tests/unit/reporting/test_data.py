"""The pages' inputs refuse what would mislead, and come back from JSON as they were."""

import json

import pytest

from domain.errors import Refused
from reporting.data import DailyReport, FeedQuality, Finding, NeedsYou, Severity
from reporting.gate_data import GateReport
from reporting.values import Mode, PodSeries, Unknown
from tests.unit.reporting.made_up_reports import daily_report, gate_report


def test_reports_come_back_from_json() -> None:
    daily, gate = daily_report(), gate_report()
    assert DailyReport.parse(json.loads(daily.model_dump_json()), "daily.json") == daily
    assert GateReport.parse(json.loads(gate.model_dump_json()), "gate.json") == gate


def test_unknown_survives_json_and_is_not_a_number() -> None:
    desk = daily_report().desk
    again = type(desk).model_validate_json(desk.model_dump_json())
    assert isinstance(again.net_exposure, Unknown)
    assert again.nav_usd == 10_000_000


@pytest.mark.parametrize(
    "link",
    [
        "https://example.org/x",
        "//example.org/x",
        "javascript:alert(1)",
        "/etc/passwd",
        "data:text/html,x",
        "a b.html",
        "\\\\host\\x",
        "",
    ],
)
def test_only_relative_links(link: str) -> None:
    with pytest.raises(Refused, match="expected a relative link"):
        NeedsYou.parse({"what": "look", "link": link}, "daily.json")


def test_a_series_with_missing_days_is_refused() -> None:
    with pytest.raises(Refused, match="drawdown of 'a' has 1 days, day_us has 2"):
        PodSeries.parse({"pod": "a", "day_us": [0, 1], "cumulative_return": [0.0, 0.1], "drawdown": [0.0]}, "series.json")


def test_nan_is_refused() -> None:
    with pytest.raises(Refused):
        PodSeries.parse({"pod": "a", "day_us": [0], "cumulative_return": [float("nan")], "drawdown": [0.0]}, "series.json")


def test_simulated_evidence_cannot_be_shown_as_live() -> None:
    with pytest.raises(Refused, match="label it so"):
        GateReport.parse(gate_report().model_dump() | {"mode": Mode.LIVE}, "gate.json")
    with pytest.raises(Refused, match="label it so"):
        DailyReport.parse(daily_report().model_dump() | {"mode": Mode.SHADOW}, "daily.json")


def test_one_verdict_for_each_pod() -> None:
    report = daily_report()
    with pytest.raises(Refused, match="expected one for each pod"):
        DailyReport.parse(report.model_dump() | {"verdicts": [*report.verdicts, report.verdicts[0]]}, "daily.json")


def test_a_feed_is_as_bad_as_its_worst_finding() -> None:
    def status(*findings: tuple[Severity, int]) -> str:
        rows = tuple(Finding(kind="gap", severity=severity, count=count) for severity, count in findings)
        return FeedQuality(table="bars", feed="f", rows=1, symbols=1, first_us=0, last_us=0, findings=rows).status

    assert status() == "GREEN"
    assert status((Severity.INFO, 3)) == "GREEN"
    assert status((Severity.AMBER, 1), (Severity.INFO, 3)) == "AMBER"
    assert status((Severity.AMBER, 1), (Severity.RED, 1)) == "RED"
    assert status((Severity.RED, 0)) == "GREEN"
