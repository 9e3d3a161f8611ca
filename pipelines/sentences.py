"""What a person reads instead of the JSON answer."""

from pathlib import Path
from typing import Any

from pipelines.answers import columns


def ingest_sentences(report: dict[str, Any]) -> str:
    counts = columns([[key, f"{value:,}"] for key, value in report.items() if key != "reasons"], frozenset({1}))
    return "\n".join([counts, *(f"in quarantine: {item['rows']:,} rows, {item['reason']}" for item in report["reasons"])])


def feed_sentences(rows: list[dict[str, Any]]) -> str:
    shown = [["feed", "transport", "table", "market", "last fetch", "newest event", "outcome"]]
    for row in rows:
        times = [row["last_fetch"] or "never", row["newest_event"] or "none"]
        shown.append([row["feed"], row["transport"], row["table"], row["market"], *times, row["last_outcome"] or ""])
    return columns(shown)


def fetch_sentences(report: dict[str, Any]) -> str:
    kept = ("accepted", "revised", "unchanged", "quarantined", "snapshot")
    lines = [f"{report['feed']}: {len(report['files'])} files", *(f"{key}: {report[key]:,}" for key in kept)]
    lines += [f"not there: {origin}" for origin in report["absent"]]
    lines += [f"refused: {reason}" for reason in report["refused"]]
    lines += [f"gap: {gap['symbol']} from {gap['at']}, {gap['missing']} missing" for gap in report["gaps"]]
    return "\n".join([*lines, *(f"in quarantine: {item['rows']:,} rows, {item['reason']}" for item in report["reasons"])])


def read_sentence(result: dict[str, Any], out: Path) -> str:
    left_out = ", ".join(f"{rows:,} {kind}" for kind, rows in result.get("left_out", {}).items())
    said = f"{result['rows']:,} rows of snapshot {result['snapshot']} written to {out}"
    return said + (f"; left out: {left_out}" if left_out else "")


def backtest_sentences(result: dict[str, Any]) -> str:
    return columns(
        [
            ["run", str(result["run"])],
            ["package", f"{result['package']} by {', '.join(result['authors'])}"],
            ["claim", str(result["hypothesis"])],
            ["trials in its family", f"{result['trials']:,}, {result['trials_effective']:,.1f} of them independent"],
            ["total return, net", f"{result['total_return']:.2%}"],
            ["Sharpe ratio, annual", "undefined" if result["sharpe_annual"] is None else f"{result['sharpe_annual']:.2f}"],
            ["volatility, annual", f"{result['volatility_annual']:.2%}"],
            ["largest drawdown", f"{result['max_drawdown']:.2%}"],
            ["turnover, x capital a year", f"{result['turnover_annual']:,.1f}"],
            ["decided on", _vintages(result["vintages"])],
            ["nearest to liquidation", _liquidation(result["account"])],
            ["tear sheet", str(result["report"])],
        ]
    )


def _liquidation(account: dict[str, Any] | None) -> str:
    """How far prices would have had to move against every position at once, and what happened."""
    if account is None or account["marks"] is None:
        return "not simulated" + ("" if account is None else f" ({'; '.join(account['without'])})")
    if account["distance_to_liquidation_min"] is None:
        return "no position was held"
    ended = f"; liquidated {len(account['liquidated'])} times" if account["liquidated"] else ""
    away, sigma = account["distance_to_liquidation_min"], account["distance_to_liquidation_min_sigma"]
    volatilities = "" if sigma is None else f", {sigma:.1f} daily volatilities"
    return f"a move of {away:.0%}{volatilities}, at {account['distance_to_liquidation_min_at']}{ended}"


def _vintages(told: dict[str, Any]) -> str:
    """Which data the decisions saw, and what hindsight would have added."""
    if told["used"] == "latest":
        return f"the latest data, {told['why']}"
    stood = (
        f"the data as it stood: {told['decisions_that_differ']:,} of {told['decisions']:,} decisions differ on the latest data"
    )
    worth = told["worth_of_hindsight"]
    if not told["decisions_that_differ"] or worth["sharpe_annual"] is None:
        return stood
    more = f"{worth['sharpe_annual']:+.2g} of Sharpe ratio and {worth['total_return']:+.2g} of total return"
    return f"{stood}, which would show {more}"


def sweep_sentences(result: dict[str, Any]) -> str:
    best = result["best"]
    return columns(
        [
            ["sweep", str(result["sweep"])],
            ["package", f"{result['package']} by {', '.join(result['authors'])}"],
            ["claim", str(result["hypothesis"])],
            [
                "configurations",
                f"{result['configurations']:,}, {result['evaluated']:,} of them new, {result['refused']:,} refused",
            ],
            ["trials in its family", f"{result['trials']:,}, {result['trials_effective']:,.1f} of them independent"],
            ["best", "none" if best is None else f"Sharpe ratio {best['sharpe_annual']:.2f} with {best['configuration']}"],
            ["table", str(result["table"])],
        ]
    )


def gate_sentences(result: dict[str, Any]) -> str:
    rows = [["gate", "outcome", "observed", "threshold", "unit", "needs"]]
    for gate in result["gates"]:
        observed, threshold = (("—" if gate[key] is None else f"{gate[key]:,.4g}") for key in ("observed", "threshold"))
        rows.append([gate["gate"], gate["outcome"], observed, threshold, gate["unit"], gate["needs"]])
    head = f"{result['outcome']}  {result['digest']}\n{result['package']} by {', '.join(result['authors'])}"
    return f"{head}, {result['trials']:,} trials\n\n" + columns(rows, frozenset({2, 3})) + f"\n\ngate report  {result['report']}"


def run_sentences(rows: list[dict[str, Any]]) -> str:
    if not rows:
        return "no runs yet: `factory backtest` makes one"
    shown = [["run", "when", "by", "strategy", "parameters", "data to", "Sharpe [95 %]", "trials", "verdict"]]
    for row in rows:
        known = row["sharpe_annual"] is not None and row["sharpe_low"] is not None
        sharpe = f"{row['sharpe_annual']:.2f} [{row['sharpe_low']:.2f}, {row['sharpe_high']:.2f}]" if known else "undefined"
        parameters = " ".join(f"{name}={value:g}" for name, value in row["parameters"].items())
        verdict = "not judged" if row["verdict"] is None else f"{row['verdict']['outcome']} for {row['verdict']['tier']}"
        when = "" if row["at"] is None else row["at"][:16]
        who, trials = str(row["by"] or ""), "" if row["trials"] is None else f"{row['trials']:,}"
        data = f"{row['data']['end'][:10]} {row['data']['content_digest'][7:15]}"
        shown.append([row["run"], when, who, f"{row['strategy']} v{row['version']}", parameters, data, sharpe, trials, verdict])
    return columns(shown, frozenset({7}))
