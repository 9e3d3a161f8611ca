"""Both pages in a real browser, at the width of a phone and of a desk. Skips loudly where there is no Chromium."""

import html
import json
import re
import shutil
import struct
import subprocess
from pathlib import Path

import pytest

from reporting.daily import render_daily
from reporting.gate import render_gate
from tests.unit.reporting.made_up_reports import daily_report, gate_report

CHROMIUM = next((found for name in ("chromium", "chromium-browser", "google-chrome") if (found := shutil.which(name))), None)
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="no Chromium on this machine: the pages are not looked at in a browser")

PHONE, DESK = 390, 1400
FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--hide-scrollbars",
)
FRAME = """<!DOCTYPE html><body style="margin:0"><iframe style="border:0" width="WIDTH" height="900" srcdoc="SOURCE"></iframe>
<script>addEventListener("load", () => {
  const view = document.querySelector("iframe").contentWindow, page = view.document;
  const wide = [...page.querySelectorAll("section, section p, dl, figure, svg.chart, .tile, .scroll, header, li")]
    .filter(e => e.getBoundingClientRect().right > view.innerWidth + 0.5).map(e => e.tagName + "." + e.className);
  const scales = [...page.querySelectorAll("svg.chart")]
    .map(e => e.getBoundingClientRect().width / e.viewBox.baseVal.width);
  const seen = {page: page.documentElement.scrollWidth, window: view.innerWidth, wide, charts: scales.length,
    scale: Math.min(...scales), requests: view.performance.getEntriesByType("resource").length};
  document.body.innerHTML = "<pre id=probe>" + JSON.stringify(seen) + "</pre>";
});</script>"""
"""A window is never narrower than 500 pixels, a frame is; the page in it is as it was written, with its own policy."""


def browse(page: Path, width: int, profile: Path, *request: str) -> str:
    """What Chromium prints for a page in a window of this width, with a profile of its own."""
    assert CHROMIUM is not None
    command = [CHROMIUM, *FLAGS, f"--user-data-dir={profile}", f"--window-size={width},900", *request, page.as_uri()]
    return subprocess.run(command, capture_output=True, text=True, timeout=120, check=True).stdout


@pytest.fixture(scope="module", params=["daily", "gate"])
def source(request: pytest.FixtureRequest) -> str:
    return render_daily(daily_report()) if request.param == "daily" else render_gate(gate_report())


@pytest.mark.parametrize("width", [PHONE, DESK])
def test_nothing_is_wider_than_the_window(source: str, width: int, tmp_path: Path) -> None:
    page = tmp_path / "frame.html"
    page.write_text(FRAME.replace("WIDTH", str(width)).replace("SOURCE", html.escape(source, quote=True)), encoding="utf-8")
    found = re.search(r'<pre id="probe">(.*?)</pre>', browse(page, DESK + 200, tmp_path / "profile", "--dump-dom"))
    assert found is not None
    seen = json.loads(html.unescape(found.group(1)))
    assert seen["window"] == width
    assert seen["page"] <= width
    assert seen["wide"] == []
    assert seen["requests"] == 0
    assert seen["charts"] >= 5
    # Labels are 10.5 units high: below this scale they fall under 8 pixels.
    assert seen["scale"] >= 0.76


def test_the_page_with_its_own_policy_paints(source: str, tmp_path: Path) -> None:
    page, picture = tmp_path / "page.html", tmp_path / "page.png"
    page.write_text(source, encoding="utf-8")
    browse(page, DESK, tmp_path / "profile", f"--screenshot={picture}")
    data = picture.read_bytes()
    assert struct.unpack(">II", data[16:24]) == (DESK, 900)
    assert len(data) > 50_000
