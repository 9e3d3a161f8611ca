from pathlib import Path

import pytest

from domain.errors import Refused
from steps.home import Home
from steps.inbox import ingest_inbox, waiting
from tests.small_market import hourly_bars

STATEMENT = "table: bars\nvenue: binance\nmarket: spot\n"


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(tmp_path)


def deliver(home: Home, name: str, statement: str = STATEMENT) -> Path:
    folder = home.inbox / name
    folder.mkdir(parents=True)
    hourly_bars(1)["BTCUSDT"].write_csv(folder / "BTCUSDT.csv")
    (folder / "delivery.yaml").write_text(statement)
    return folder


def test_a_folder_waits_once_it_has_a_statement_and_anew_when_its_files_change(home: Home) -> None:
    assert waiting(home) == {}
    folder = deliver(home, "monday")
    (home.inbox / "unstated").mkdir()
    before = waiting(home)
    assert list(before) == ["monday"]
    (folder / "ETHUSDT.csv").write_text("open_time\n")
    assert waiting(home)["monday"] != before["monday"]


def test_a_delivery_is_taken_in_as_stated(home: Home) -> None:
    deliver(home, "monday")
    result = ingest_inbox(home, "monday")
    assert (result.facts["accepted"], result.facts["quarantined"], result.facts["reasons"]) == (24, 0, "")
    assert ingest_inbox(home, "monday").facts["unchanged"] == 24


def test_a_bad_statement_or_a_folder_elsewhere_is_refused(home: Home) -> None:
    deliver(home, "strange", STATEMENT + "colour: blue\n")
    with pytest.raises(Refused, match=r"delivery.yaml: unknown key 'colour'"):
        ingest_inbox(home, "strange")
    for name in ("nothing", "..", "monday/../.."):
        with pytest.raises(Refused, match="expected a folder of"):
            ingest_inbox(home, name)
