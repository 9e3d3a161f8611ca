"""Both pages: what they say, what they leave out, and that nothing in them reaches outside."""

import hashlib
import os
import subprocess
import sys
from pathlib import Path

import pytest

from domain.evidence import Figure
from reporting.daily import change_text, render_daily
from reporting.data import DailyReport, DeskSummary
from reporting.gate import render_gate, signature
from reporting.values import Mode, Unknown
from tests.unit.reporting.made_up_reports import daily_report, gate_report
from tests.unit.reporting.pages import Page

ROOT = Path(__file__).resolve().parents[3]
HOSTILE = "<img src=x onerror=alert(1)>\"'&</td></table><script>alert(2)</script>"
LOADING_TAGS = {"script", "link", "img", "image", "iframe", "object", "embed", "video", "audio", "source", "form", "base"}


def bare_daily(mode: Mode = Mode.SHADOW) -> DailyReport:
    return DailyReport(
        cycle="2025-11-16",
        issued_us=1_763_253_000_000_000,
        data_as_of_us=1_763_251_200_000_000,
        mode=mode,
        digest="sha256:" + "ab" * 32,
        needs_you=(),
        desk=DeskSummary(),
        allocations=(),
        verdicts=(),
    )


@pytest.fixture(scope="module")
def daily() -> str:
    return render_daily(daily_report())


@pytest.fixture(scope="module")
def gate() -> str:
    return render_gate(gate_report())


@pytest.fixture(scope="module")
def both(daily: str, gate: str) -> dict[str, str]:
    return {"daily": daily, "gate": gate}


def test_every_element_is_closed_in_order(both: dict[str, str]) -> None:
    for name, html in both.items():
        page = Page(html)
        assert page.misplaced == [], name
        assert page.open_tags == [], name


def test_nothing_is_loaded_and_every_link_is_relative(both: dict[str, str]) -> None:
    for name, html in both.items():
        page = Page(html)
        assert not page.tags() & LOADING_TAGS, name
        assert page.attributes("src") == [], name
        assert "url(" not in html.replace("url(#", ""), name
        assert "@import" not in html, name
        assert "http://" not in html, name
        assert "https://" not in html, name
        for link in page.attributes("href"):
            assert ":" not in link, (name, link)
            assert not link.startswith("/"), (name, link)
        assert len(html) < 1_500_000, name


def test_anchors_lead_somewhere(daily: str) -> None:
    page = Page(daily)
    marks = {attributes["href"][1:] for tag, attributes in page.elements if tag == "a" and attributes["href"].startswith("#")}
    assert marks
    assert marks <= set(page.attributes("id"))


def test_simulated_is_said_at_the_top_of_both_and_nowhere_else(both: dict[str, str]) -> None:
    for name, html in both.items():
        assert Page(html).words.index("SIMULATED") < 3, name
        assert 'class="band"' in html, name
    live = Page(render_daily(bare_daily(Mode.LIVE)))
    assert "SIMULATED" not in live.text
    assert "LIVE" in live.words


def test_the_daily_page_answers_the_first_questions(daily: str) -> None:
    text = Page(daily).text
    for expected in (
        "Needs you (3)",
        "risk budget of cluster 1",
        "+2,000,000 (+200.0\u00a0%)".replace("\u00a0", " "),
        "OFF INTENT",
        "UNKNOWN since 2025-11-15 21:00Z",
        "A caricature.",
        "planted 0.900",
        "1 gap, 1 zero volume, 24 revision, 1 delisting",
        "factory run --cycle 2025-11-16",
        "decided 2025-11-16 00:30Z",
    ):
        assert expected in text.replace("\u00a0", " "), expected


def test_the_gate_report_says_what_is_needed_and_what_is_signed(gate: str) -> None:
    text = Page(gate).text.replace("\u00a0", " ")
    for expected in ("9 PASS, 4 FAIL, 0 INSUFFICIENT", "T1 → T2", "UNKNOWN, never known", "≤ 8.0 bp", "−11.7 bp"):
        assert expected in text, expected
    assert "approve the strategy" in text
    assert "maximum loss 600k USD to the hard stop" in text
    assert "knowing that capacity, DSR, shortfall, maker share in intent are FAIL" in signature(gate_report())


def test_the_signed_sentence_names_only_what_is_known() -> None:
    sentence = signature(gate_report().model_copy(update={"asked_usd": None, "worst_case": None, "valid_until_us": None}))
    for absent in ("maximum", "exit", "until", "None"):
        assert absent not in sentence


def test_what_has_no_source_is_left_out() -> None:
    text = Page(render_daily(bare_daily())).text
    assert "Nothing waits for a person." in text
    for absent in (
        "Desk",
        "Planted truth",
        "Implementation shortfall",
        "snapshot",
        "Replay",
        "Receipts",
        "Trials",
        "None",
        "nan",
    ):
        assert absent not in text, absent


def test_an_optional_part_of_a_gate_report_is_left_out() -> None:
    full = gate_report()
    empty = dict.fromkeys(("worst_case", "trials", "series", "shortfall", "capacity", "planted", "asked_usd", "daily_report"))
    bare = full.model_copy(
        update={**empty, "claims": (), "regimes": (), "costs": (), "history": (), "changed": (), "parameters": {}}
    )
    text = Page(render_gate(bare)).text
    for absent in ("Worst case", "Claim and seen", "Plots", "History", "Planted", "None"):
        assert absent not in text, absent
    assert "9 PASS" in text


def test_unknown_never_becomes_zero() -> None:
    report = bare_daily()
    gone = report.model_copy(update={"desk": DeskSummary(nav_usd=Unknown(since_us=report.issued_us), es_97_5_1d=Unknown())})
    html = render_daily(gone)
    tiles = [attributes for _, attributes in Page(html).elements if attributes.get("class", "").startswith("tile ")]
    assert [tile["class"] for tile in tiles] == ["tile unknown", "tile unknown"]
    assert "UNKNOWN since 2025-11-16 00:30Z" in Page(html).text


def test_an_undefined_figure_says_so_and_an_absent_one_is_a_dash() -> None:
    report = daily_report()
    row = report.allocations[0].model_copy(update={"figures": {"alpha_t": Figure(value=None, unit="1", note="30 days only")}})
    html = render_daily(report.model_copy(update={"allocations": (row, report.allocations[1])}))
    assert 'title="30 days only">undefined' in html
    assert 'title="no such figure for this pod">–' in html


def test_change_of_a_limit_in_words() -> None:
    assert change_text(5.0, None) == "first limit"
    assert change_text(5.0, 5.0) == "unchanged"
    assert change_text(50_000.0, 0.0) == "+50,000"
    assert change_text(0.0, 50_000.0).startswith("−50,000 (−100.0")


def hostile_daily() -> DailyReport:
    report = daily_report()
    row = report.allocations[0].model_copy(
        update=dict.fromkeys(("pod", "strategy", "style", "tier", "state", "binding", "next_binding", "reason"), HOSTILE)
    )
    verdict = report.verdicts[0].model_copy(update={"pod": HOSTILE, "tier": HOSTILE})
    feed = report.quality[0].model_copy(update={"table": HOSTILE, "feed": HOSTILE})
    series = report.series[0].model_copy(update={"pod": HOSTILE})
    needs = report.needs_you[0].model_copy(update={"what": HOSTILE})
    return report.model_copy(
        update={
            "allocations": (row,),
            "verdicts": (verdict,),
            "quality": (feed,),
            "series": (series,),
            "needs_you": (needs,),
            "changed": (HOSTILE,),
            "replay": HOSTILE,
        }
    )


def test_hostile_text_stays_text() -> None:
    report = gate_report()
    words = {"strategy": HOSTILE, "authors": (HOSTILE,), "description": HOSTILE, "style": HOSTILE, "pod": HOSTILE}
    gates = tuple(gate.model_copy(update={"gate": HOSTILE, "group": HOSTILE, "needs": HOSTILE}) for gate in report.verdict.gates)
    hostile_gate = report.model_copy(
        update={
            "evidence": report.evidence.model_copy(update=words),
            "verdict": report.verdict.model_copy(update={"gates": gates, "reasons": (HOSTILE,)}),
            "planted": HOSTILE,
            "parameters": {HOSTILE: 1.0},
        }
    )
    for html in (render_daily(hostile_daily()), render_gate(hostile_gate)):
        page = Page(html)
        assert not page.tags() & LOADING_TAGS
        assert page.attributes("onerror") == []
        assert page.misplaced == []
        assert page.open_tags == []
        assert HOSTILE in page.text


_PRINT_DIGEST = """
import hashlib
from reporting.daily import render_daily
from reporting.gate import render_gate
from tests.unit.reporting.made_up_reports import daily_report, gate_report
print(hashlib.sha256((render_daily(daily_report()) + render_gate(gate_report())).encode()).hexdigest())
"""


def test_same_bytes_under_other_hash_seeds_and_settings(tmp_path: Path, daily: str, gate: str) -> None:
    here = hashlib.sha256((daily + gate).encode()).hexdigest()
    (tmp_path / "matplotlibrc").write_text("lines.marker: s\nxtick.major.pad: 20\ntimezone: Asia/Tokyo\n")
    for seed in ("1", "4242"):
        settings = {
            **os.environ,
            "PYTHONHASHSEED": seed,
            "MATPLOTLIBRC": str(tmp_path),
            "TZ": "Asia/Tokyo",
            "PYTHONPATH": str(ROOT),
        }
        answer = subprocess.run(
            [sys.executable, "-c", _PRINT_DIGEST], cwd=ROOT, env=settings, capture_output=True, text=True, check=True
        )
        assert answer.stdout.strip() == here
