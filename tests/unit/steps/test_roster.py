import shutil
from pathlib import Path

from backtest.margin import leverage_limit
from data_lake.instruments import load_instruments
from domain.market import Market
from model_runtime.package import load_package
from steps.configuration import STRATEGIES
from steps.roster import package_member


def test_a_package_s_own_leverage_bound_reaches_its_account_and_the_tighter_one_counts(tmp_path: Path) -> None:
    rules = load_instruments().trading_rules("binance", Market.LINEAR)
    assert rules is not None
    assert rules.margin is not None
    for stated, counts in (("1.5", 1.5), ("50", rules.margin.account_leverage_max)):
        folder = Path(shutil.copytree(STRATEGIES / "breakout", tmp_path / stated))
        manifest = folder / "manifest.yaml"
        manifest.write_text(manifest.read_text() + f"\nleverage_max: {stated}\n")
        member = package_member(load_package(folder))
        assert member.spec.profile.leverage_max == float(stated)
        assert leverage_limit(rules, member.spec.profile) == counts
    assert package_member(load_package(STRATEGIES / "breakout")).spec.profile.leverage_max is None
