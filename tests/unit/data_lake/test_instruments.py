from pathlib import Path

import pytest

from data_lake.instruments import load_instruments
from domain.errors import Refused


def test_the_declared_file_names_the_contracts_on_many_coins() -> None:
    missing = load_instruments().without_perpetual("binance")
    assert missing["SHIBUSDT"] == "1000SHIBUSDT"
    assert {"PEPEUSDT", "BONKUSDT", "FLOKIUSDT", "XECUSDT", "LUNCUSDT", "MOGUSDT"} <= set(missing)
    assert "BTCUSDT" not in missing
    assert load_instruments().without_perpetual("sim") == {}


def test_an_unknown_key_and_a_missing_file_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "instruments.yaml"
    with pytest.raises(Refused, match="it is missing"):
        load_instruments(path)
    path.write_text("venues:\n  binance:\n    scaled_contract: {}\n")
    with pytest.raises(Refused, match=r"unknown key 'venues.binance.scaled_contract'"):
        load_instruments(path)
    path.write_text("venues: [")
    with pytest.raises(Refused, match="is not readable as YAML"):
        load_instruments(path)
