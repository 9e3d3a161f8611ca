"""`factory compare A B`: what differs in what went in, then in what came out, and which evidence the change takes away."""

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from domain.market import SIMULATED_VENUE
from domain.times import DAYS_PER_YEAR, iso
from durable.files import write_durably
from measures.series import is_constant
from reporting.comparison import Comparison, render_comparison
from steps.home import Home
from steps.run_records import ResearchRun, load_run

SAME_RETURN = 1e-12
"""Daily returns closer than this are the same."""
EVIDENCE = ("backtest figures", "leak test", "gates", "approvals", "live record", "decision latency")
_FIGURES = ("backtest figures", "leak test", "gates")
RESETS: dict[str, tuple[str, tuple[str, ...]]] = {
    "code": ("another package", EVIDENCE),
    "parameters": ("another trial of the same package: N rises", ("backtest figures", "gates", "approvals", "live record")),
    "data": ("figures on other data", ("backtest figures", "gates")),
    "terms": ("other costs or execution", ("backtest figures", "gates", "approvals")),
    "policy": ("another policy", ("gates", "approvals")),
    "seed": ("other resamples", ("backtest figures",)),
    "engine": ("other code of this repository", _FIGURES),
    "environment": ("other libraries", _FIGURES),
    "manifest": ("other particulars", ()),
}
"""By what changed: in words, and what must be made again. The rest of the evidence stands."""


def compare_runs(home: Home, first: str, second: str) -> dict[str, Any]:
    """Inputs first, then results with their difference (second less first), and the page that shows both."""
    one, other = load_run(first, home), load_run(second, home)
    inputs = input_differences(one, other)
    answer = {
        "a": one.id,
        "b": other.id,
        "same_inputs": not inputs,
        "inputs": inputs,
        "results": result_differences(one, other),
        "behaviour": behaviour(one, other),
        "resets": [resets(name) for name in inputs],
        "authors": {"a": list(one.authors), "b": list(other.authors)},
    }
    page = home.root / "reports" / "comparisons" / f"{one.id}-{other.id}.html"
    write_durably(page, render_comparison(page_of(answer, one, other)).encode())
    return {**answer, "report": str(page)}


def page_of(answer: Mapping[str, Any], one: ResearchRun, other: ResearchRun) -> Comparison:
    """The page's input."""
    inputs = [row for section, differing in answer["inputs"].items() for row in _rows(section, differing)]
    apart = {name: value for name, value in answer["behaviour"].items() if name != "orders"}
    simulated = SIMULATED_VENUE in (one.inputs.data.venue, other.inputs.data.venue)
    return Comparison.parse(
        {
            "simulated": simulated,
            "a": _side(one),
            "b": _side(other),
            "inputs": [{"what": what, "a": _shown(a), "b": _shown(b)} for what, a, b in inputs],
            "results": answer["results"],
            "resets": answer["resets"],
            **apart,
        },
        origin="the comparison",
    )


def input_differences(one: ResearchRun, other: ResearchRun) -> dict[str, Any]:
    """By section, only what differs: `a` and `b` of each value; of the code, which files."""
    a, b = one.inputs.model_dump(mode="json"), other.inputs.model_dump(mode="json")
    found: dict[str, Any] = {}
    if a["code"] != b["code"]:
        found["code"] = {"a": a["code"], "b": b["code"], "files": dict(_differences(a["files"], b["files"]))}
    for section in ("parameters", "data", "terms"):
        differing = dict(_differences(a[section], b[section]))
        if differing:
            found[section] = differing
    for name in ("seed", "policy", "engine", "environment"):
        if a[name] != b[name]:
            found[name] = {"a": a[name], "b": b[name]}
    manifest = {name: {"a": a[name], "b": b[name]} for name in ("strategy", "version", "authors", "style") if a[name] != b[name]}
    return found | ({"manifest": manifest} if manifest else {})


def result_differences(one: ResearchRun, other: ResearchRun) -> list[dict[str, Any]]:
    """Each figure of both, and the difference where both are known; then the parts of the return."""
    rows = []
    for name in sorted({*one.results, *other.results}):
        a, b = one.results.get(name), other.results.get(name)
        values = [None if figure is None else figure.value for figure in (a, b)]
        unit = next(figure.unit for figure in (a, b) if figure is not None)
        rows.append({"figure": name, "unit": unit, "a": values[0], "b": values[1], "difference": _less(values[0], values[1])})
    for name in sorted({*one.record.components, *other.record.components}):
        values = [run.record.components.get(name) for run in (one, other)]
        difference = _less(values[0], values[1])
        rows.append({"figure": f"{name}_annual", "unit": "fraction", "a": values[0], "b": values[1], "difference": difference})
    return rows


def behaviour(one: ResearchRun, other: ResearchRun) -> dict[str, Any]:
    """How far the two went apart on the days that both have."""
    both = one.daily.select("day_us", "net_return", "turnover").join(
        other.daily.select("day_us", "net_return", "turnover"), on="day_us", suffix="_b"
    )
    a, b = both["net_return"].to_numpy(), both["net_return_b"].to_numpy()
    apart = np.abs(a - b) > SAME_RETURN
    steady = len(a) < 2 or is_constant(a) or is_constant(b)
    return {
        "common_days": len(a),
        "days_that_differ": int(apart.sum()),
        "first_day_that_differs": iso(int(both["day_us"][int(np.argmax(apart))])) if apart.any() else None,
        "correlation": None if steady else float(np.corrcoef(a, b)[0, 1]),
        "tracking_error_annual": float(np.std(a - b, ddof=1)) * DAYS_PER_YEAR**0.5 if len(a) > 1 else None,
        "orders": {"a": one.orders.height, "b": other.orders.height},
    }


def resets(changed: str) -> dict[str, Any]:
    """Which evidence a change takes away, and which stands."""
    why, again = RESETS[changed]
    stands = [one for one in EVIDENCE if one not in again]
    return {"changed": changed, "means": why, "make_again": list(again), "stands": stands}


def comparison_sentences(answer: dict[str, Any]) -> str:
    """The answer as a person reads it."""
    lines = [f"{side}  {answer[side]}  by {', '.join(answer['authors'][side])}" for side in ("a", "b")]
    lines += ["", "Inputs"] + ([] if answer["inputs"] else ["  the same"])
    for section, differing in answer["inputs"].items():
        lines += [f"  {what}  {_shown(a)} -> {_shown(b)}" for what, a, b in _rows(section, differing)]
    lines += ["", "Results"]
    lines += [
        f"  {row['figure']:<24} {_number(row['a']):>12} {_number(row['b']):>12} {_number(row['difference']):>12}  {row['unit']}"
        for row in answer["results"]
    ]
    apart = answer["behaviour"]
    lines += ["", f"{apart['days_that_differ']} of {apart['common_days']} common days differ"]
    if apart["first_day_that_differs"] is not None:
        lines[-1] += f", first on {apart['first_day_that_differs'][:10]}"
    for reset in answer["resets"]:
        again = ", ".join(reset["make_again"]) or "nothing"
        lines.append(f"{reset['changed']}: {reset['means']}; make again: {again}")
    return "\n".join([*lines, "", f"page  {answer['report']}"])


def change_lines(before: ResearchRun, after: ResearchRun) -> tuple[str, ...]:
    """What went in differently, and which evidence that takes away, a line each."""
    found = input_differences(before, after)
    lines = [f"{what}: {_shown(a)} -> {_shown(b)}" for section, pair in found.items() for what, a, b in _rows(section, pair)]
    again = sorted({one for section in found for one in resets(section)["make_again"]})
    return (*lines, f"to be made again: {', '.join(again)}") if lines else ()


def _rows(section: str, differing: Mapping[str, Any]) -> Iterator[tuple[str, Any, Any]]:
    """What, and the value of each side, a row for each value that differs."""
    if {"a", "b"} <= set(differing):
        yield section, differing["a"], differing["b"]
        for name, pair in differing.get("files", {}).items():
            yield f"{section}: {name}", pair["a"] or "absent", pair["b"] or "absent"
        return
    for name, pair in differing.items():
        yield f"{section}.{name}", pair["a"], pair["b"]


def _differences(a: Any, b: Any, inside: str = "") -> Iterator[tuple[str, dict[str, Any]]]:
    if isinstance(a, dict) and isinstance(b, dict):
        for name in sorted({*a, *b}):
            yield from _differences(a.get(name), b.get(name), f"{inside}.{name}" if inside else name)
    elif a != b:
        yield inside, {"a": a, "b": b}


def _less(a: float | None, b: float | None) -> float | None:
    return None if a is None or b is None else b - a


def _number(value: float | None) -> str:
    return "—" if value is None else f"{value:,.4f}"


def _shown(value: Any) -> str:
    text = str(value)
    return text[:19] if text.startswith("sha256:") else text


def _side(run: ResearchRun) -> dict[str, Any]:
    daily, inputs = run.daily, run.inputs
    wealth = np.cumprod(1.0 + daily["net_return"].to_numpy()).tolist()
    named = {"id": run.id, "strategy": inputs.strategy, "version": inputs.version, "authors": inputs.authors}
    return {**named, "day_us": daily["day_us"].to_list(), "wealth": wealth}
