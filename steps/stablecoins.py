"""The stablecoins in which a cycle's symbols are quoted, in USD."""

from data_lake.lake import Lake
from data_lake.stablecoins import coin_prices, coins_of, load_stablecoins
from measures.numeraire import careful_value_usd
from reporting.data import StablecoinPrice
from steps.artefacts import load_json
from steps.as_of_view import load_view
from steps.run import Run


def stablecoin_rows(run: Run) -> tuple[StablecoinPrice, ...]:
    """For the report, by name; as known to the cycle's decision. Refused where the view is not fixed yet."""
    declared, view = load_stablecoins(), load_view(run)
    used = set(coins_of(view.symbols, declared))
    with Lake(run.home.root) as lake:
        snapshot = load_json(run, "snapshot")["snapshot"]
        prices = coin_prices(lake, declared, run.cycle.closes_us, view.as_of_us, snapshot)
    return tuple(
        StablecoinPrice(
            coin=item.coin,
            price_usd=item.price_usd,
            counts_usd=careful_value_usd(1.0, item.price_usd, item.haircut),
            haircut=item.haircut,
            basis=item.basis.value,
            series=item.series,
            at_us=item.at_us,
        )
        for item in prices
        if item.coin in used
    )
