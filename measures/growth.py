"""Betting for growth: fractional Kelly, exposure above a floor, and the band in which a trade does not pay."""


def kelly_growth_share(fraction: float) -> float:
    """Share of the full Kelly growth rate that a fraction of it earns: 2k - k^2. Source: Thorp (2006)."""
    return 2.0 * fraction - fraction**2


def kelly_ever_falls_to(fraction: float, level: float) -> float | None:
    """P(wealth ever falls to `level` of where it starts): x^(2/k - 1), in continuous time with known drift.

    None where the fraction is not in (0, 2) (there is no growth) or the level not in (0, 1].
    Source: MacLean, Thorp and Ziemba (2010).
    """
    if not (0 < fraction < 2 and 0 < level <= 1):
        return None
    return float(level ** (2.0 / fraction - 1.0))


def exposure_above_floor(mu: float, sigma: float, floor: float, wealth: float, peak: float) -> float:
    """Risky share of wealth that never loses more than 1 - floor of its peak: mu / sigma^2 (W - floor M) / W, at least 0.

    Logarithmic utility, zero rate. Source: Grossman and Zhou (1993), Math. Finance 3.
    """
    return max(0.0, mu / sigma**2 * (wealth - floor * peak) / wealth)


def no_trade_band(mu: float, gamma: float, variance: float, cost: float) -> tuple[float, float]:
    """Weights between which no trade pays its linear cost, one asset, one period: (mu -+ c) / (gamma sigma^2)."""
    return (mu - cost) / (gamma * variance), (mu + cost) / (gamma * variance)
