"""What a person reads instead of the JSON answer."""

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


def backtest_sentences(result: dict[str, Any]) -> str:
    return columns(
        [
            ["run", str(result["run"])],
            ["distinct trials on record", f"{result['trials']:,}"],
            ["total return, net", f"{result['total_return']:.2%}"],
            ["Sharpe ratio, annual", "undefined" if result["sharpe_annual"] is None else f"{result['sharpe_annual']:.2f}"],
            ["volatility, annual", f"{result['volatility_annual']:.2%}"],
            ["largest drawdown", f"{result['max_drawdown']:.2%}"],
            ["turnover, x capital a year", f"{result['turnover_annual']:,.1f}"],
            ["tear sheet", str(result["report"])],
        ]
    )


def sweep_sentences(result: dict[str, Any]) -> str:
    best = result["best"]
    return columns(
        [
            ["sweep", str(result["sweep"])],
            [
                "configurations",
                f"{result['configurations']:,}, {result['evaluated']:,} of them new, {result['refused']:,} refused",
            ],
            ["distinct trials on record", f"{result['trials']:,}"],
            ["best", "none" if best is None else f"Sharpe ratio {best['sharpe_annual']:.2f} with {best['configuration']}"],
            ["table", str(result["table"])],
        ]
    )


def gate_sentences(result: dict[str, Any]) -> str:
    rows = [["gate", "outcome", "observed", "threshold", "unit", "needs"]]
    for gate in result["gates"]:
        observed, threshold = (("—" if gate[key] is None else f"{gate[key]:,.4g}") for key in ("observed", "threshold"))
        rows.append([gate["gate"], gate["outcome"], observed, threshold, gate["unit"], gate["needs"]])
    return f"{result['outcome']}  {result['digest']}\n\n" + columns(rows, frozenset({2, 3}))
