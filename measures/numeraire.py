"""What an amount of a stablecoin is worth in USD, carefully."""

from domain.errors import Refused


def careful_value_usd(amount: float, price_usd: float, haircut: float) -> float:
    """USD that `amount` coins count for: a balance is worth min(price, 1) less the haircut, a debt costs max(price, 1) and it.

    A coin above its peg adds nothing to a balance, and one below it makes no debt cheaper. haircut: fraction in [0, 1).
    Raises Refused for a price that is not positive or a haircut outside its range.

    >>> careful_value_usd(100.0, price_usd=1.01, haircut=0.02), careful_value_usd(100.0, price_usd=0.9, haircut=0.02)
    (98.0, 88.2)
    >>> careful_value_usd(-100.0, price_usd=0.9, haircut=0.02)
    -102.0
    """
    if not price_usd > 0 or not 0 <= haircut < 1:
        raise Refused(f"expected a positive price and a haircut from 0 to 1, got {price_usd} and {haircut}")
    return amount * (min(price_usd, 1.0) * (1.0 - haircut) if amount >= 0 else max(price_usd, 1.0) * (1.0 + haircut))
