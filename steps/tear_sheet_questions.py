"""What a fund manager asks of a backtest, with the answers that its statistics give."""

import math

from scipy.optimize import brentq

from backtest.cscv import cscv
from backtest.validation.posterior import prior_from_backtest
from backtest.validation.superior import superior
from domain.errors import Refused
from domain.evidence import Figure
from domain.record import PodRecord
from domain.times import DAYS_PER_YEAR
from measures.drawdown import max_drawdown
from measures.drawdown_theory import drawdown_p_value
from measures.moments import Moments, moments
from measures.sharpe_inference import min_track_record, psr
from promotion_gates.figures import performance_figures
from reporting.amounts import number
from reporting.tear_sheet_data import Question
from reporting.values import TrialCount
from steps.sweep import Swept
from steps.trials import Behind

CONFIDENCE = 0.95
ROOT = math.sqrt(DAYS_PER_YEAR)


def questions(
    record: PodRecord, behind: Behind, attributed: dict[str, Figure], grid: Swept | None, *, seed: int
) -> tuple[tuple[Question, ...], TrialCount]:
    """The table of questions, and the count of trials with the bar that luck reaches."""
    trials = record.net_return[:, None] if grid is None else grid.net_return
    sharpes = [found.sharpe for column in trials.T if (found := moments(column)) is not None]
    figures = performance_figures(record, behind.n, sharpes, n_effective=behind.effective)
    bar = figures["dsr_benchmark_annual"].value
    found = moments(record.net_return)
    asked = [
        Question(
            question="Is the true Sharpe ratio above zero?",
            figure=figures["psr"],
            meaning="PSR: the probability, were this the only trial.",
        ),
        Question(
            question="Is it above what the search reaches by luck?",
            figure=figures["dsr"],
            meaning=f"DSR: the probability that it exceeds the best of {figures['trials'].value:,.0f} worthless trials"
            + ("." if bar is None else f", {bar:.2f} a year.")
            + _if_independent(figures["dsr_effective"], behind),
        ),
    ]
    if found is not None and bar is not None:
        asked += [_needed(found, bar / ROOT), _length(found, bar / ROOT), _posterior(found, bar)]
    asked.append(
        Question(
            question="Is there alpha beside bitcoin and ether?",
            figure=attributed["alpha_t"],
            meaning="t of the intercept, the larger of OLS and HAC errors.",
        )
    )
    asked += [] if grid is None else _of_grid(grid, seed)
    asked += [] if found is None else [_drawdown(record, found)]
    return tuple(asked), TrialCount(
        strategy=record.pod,
        unique=behind.unique,
        elsewhere=behind.elsewhere,
        effective=behind.effective,
        sharpe_bar_annual=bar,
    )


def _if_independent(figure: Figure, behind: Behind) -> str:
    """The milder answer, for the eye: the one above counts."""
    return "" if figure.value is None else f" Of the {behind.effective:,.1f} independent ones alone: {figure.value:.2f}."


def _needed(found: Moments, bar: float) -> Question:
    """The Sharpe ratio at which the DSR would reach 95 %, other moments as they are."""

    def short_of(sharpe: float) -> float:
        return (psr(sharpe, bar, found.n, found.skew, found.kurtosis) or 0.0) - CONFIDENCE

    high = bar + 1.0
    value = float(brentq(short_of, bar, high)) * ROOT if short_of(high) > 0 else None
    return Question(
        question="What Sharpe ratio would this length and search need?",
        figure=Figure(value=value, unit="1", note="" if value is not None else "no Sharpe ratio does"),
        meaning=f"Annual, for a DSR of {CONFIDENCE:g}; it shows {found.sharpe * ROOT:.2f}.",
    )


def _length(found: Moments, bar: float) -> Question:
    days = min_track_record(found.sharpe, bar, found.skew, found.kurtosis, CONFIDENCE)
    finite = days is not None and math.isfinite(days)
    return Question(
        question="How long must the record be?",
        figure=Figure(
            value=float(math.ceil(days)) if finite and days else None,
            unit="days",
            note="" if finite else "it is not above the bar",
        ),
        meaning=f"MinTRL at {CONFIDENCE:.0%} against the same bar; it has {found.n:,} days.",
    )


def _posterior(found: Moments, bar: float) -> Question:
    prior = prior_from_backtest(found.sharpe * ROOT, bar, found.n / DAYS_PER_YEAR)
    return Question(
        question="How likely is there nothing at all?",
        figure=Figure(value=prior.p_none, unit="probability"),
        meaning=f"P(Sharpe ratio <= 0), from what is left above the bar: {number(prior.mean, 2)} a year, "
        f"95 % between {number(prior.low, 2)} and {number(prior.high, 2)}. A live record would sharpen it.",
    )


def _of_grid(grid: Swept, seed: int) -> list[Question]:
    asked = []
    try:
        halves = cscv(grid.net_return)
        slope = "undefined" if halves.slope_oos_on_is is None else number(halves.slope_oos_on_is, 2)
        asked += [
            Question(
                question="Does choosing the best fail afterwards?",
                figure=Figure(value=halves.pbo, unit="probability", n=halves.n_combinations, note=halves.undefined),
                meaning=f"PBO over {halves.n_trials} configurations: at or below the median out of sample, at a cost; "
                f"by rank alone {halves.pbo_nonstrict:.0%}. Loss out of sample {halves.p_loss:.0%}, slope out on in {slope}.",
            )
        ]
        best = superior(grid.net_return, seed=seed, matched_volatility=True)
        asked.append(
            Question(
                question="Does any configuration beat zero after the search?",
                figure=Figure(
                    value=best.consistent if best.somebody else None,
                    unit="probability",
                    low=best.lower if best.somebody else None,
                    high=best.upper if best.somebody else None,
                    note="" if best.somebody else "none has a mean above zero",
                ),
                meaning=f"SPA p-value, lower and upper form in brackets: {best.outcome} at {best.level:.0%} with a guard of "
                f"{best.guard:.4f}. StepM names {len(best.superior)} of {best.n_strategies}.",
            )
        )
    except Refused as refusal:
        asked.append(
            Question(
                question="Does choosing the best fail afterwards?",
                figure=Figure(value=None, unit="probability", note=str(refusal)),
                meaning="",
            )
        )
    return asked


def _drawdown(record: PodRecord, found: Moments) -> Question:
    depth, year = max_drawdown(record.net_return) or 0.0, DAYS_PER_YEAR
    sigma = found.sd * ROOT
    drift = found.mean * year - sigma**2 / 2
    log_depth = -math.log(max(1.0 - depth, 1e-9))
    value = drawdown_p_value(log_depth, drift, sigma, found.n / year, 1.0 / year)
    return Question(
        question="Is the deepest drawdown what chance makes?",
        figure=Figure(value=value, unit="probability"),
        meaning=f"P(deeper than {depth:.1%}) of a random walk with this mean and volatility. "
        "Near 0 it points to a fault or to fat tails.",
    )
