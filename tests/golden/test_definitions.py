"""The names in the Dagster definitions change only on purpose."""

from tests.golden import definitions


def test_definitions_are_those_on_record() -> None:
    assert definitions.text() == definitions.FILE.read_text(), "run `make golden` and look at the difference"


def test_the_line_is_complete_and_in_order() -> None:
    from assets import LINE
    from assets.feeds import FEEDS

    names = [asset.key.to_user_string() for asset in LINE]
    assert " ".join(names) == (
        "ingest validate as_of_view market_risk pod_returns attribution evidence gates tiers covariance optimise "
        "stress_and_capacity allocation_documents sign record deliver receipts reports"
    )
    seen = {asset.key.to_user_string() for asset in FEEDS}
    for asset in LINE:
        for parents in asset.asset_deps.values():
            assert {parent.to_user_string() for parent in parents} <= seen
        seen.add(asset.key.to_user_string())
