import pytest
import yaml

from domain.errors import Refused
from laboratory.settings import LaboratorySettings


def changed(settings: LaboratorySettings, section: str, **values: object) -> dict[str, object]:
    data = settings.model_dump(mode="json")
    data[section] = {**data[section], **values}
    return data


def test_the_shipped_world_is_twelve_perpetuals_over_two_years(settings: LaboratorySettings) -> None:
    names = [item.symbol for item in settings.symbols]
    assert settings.days == 730
    assert names == ["BTCUSDT", "ETHUSDT", *(f"SIM{letter}USDT" for letter in "ABCDEFGHIJ")]
    assert settings.symbols[0].beta == 1.0
    assert settings.symbols[0].idiosyncratic_volatility_annual == 0.0


def test_settings_survive_being_written_and_read(settings: LaboratorySettings) -> None:
    again = yaml.safe_load(yaml.safe_dump(settings.model_dump(mode="json")))
    assert LaboratorySettings.parse(again, "again") == settings


def test_an_unknown_key_is_named(settings: LaboratorySettings) -> None:
    with pytest.raises(Refused, match=r"laboratory.yaml: unknown key 'trend.halflife_days'"):
        LaboratorySettings.parse(changed(settings, "trend", halflife_days=3), "laboratory.yaml")


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        ({"gap_symbol": "XRPUSDT"}, "defects.gap_symbol"),
        ({"delisted_symbol": "BTCUSDT"}, "defects.delisted_symbol"),
        ({"delisted_symbol": "SIMCUSDT"}, "defects.delisted_symbol"),
        ({"flat_at": "2022-06-01T03:00:00Z"}, "defects.flat_at: expected a day after the origin"),
        ({"gap_from": "2026-01-20T09:30:00Z"}, "gap_from: expected a full hour"),
        ({"gap_from": "2026-01-20T09:00:00"}, "defects.gap_from"),
        ({"unfinished_taken_at": "2026-02-10T17:00:00Z"}, "unfinished_taken_at: expected a time inside an hour"),
        ({"revision_known_at": "2026-01-06T23:00:00Z"}, "after the revised bars have closed"),
    ],
)
def test_a_defect_that_cannot_be_placed_is_refused(
    settings: LaboratorySettings, values: dict[str, object], sentence: str
) -> None:
    with pytest.raises(Refused, match=sentence):
        LaboratorySettings.parse(changed(settings, "defects", **values), "laboratory.yaml")


def test_a_symbol_listed_twice_is_refused(settings: LaboratorySettings) -> None:
    data = settings.model_dump(mode="json")
    data["symbols"].append(data["symbols"][3])
    with pytest.raises(Refused, match="expected each once"):
        LaboratorySettings.parse(data, "laboratory.yaml")
