"""A sweep: trials first, chunks, a table that goes on after a kill."""

import json
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest

from domain.errors import Refused
from domain.market import Market
from domain.pod import ExecutionProfile, PodSpec
from domain.record import COMPONENTS, Orders, PodRecord
from domain.strategy import Manifest
from domain.times import US_PER_DAY
from steps.as_of_view import DataView
from steps.home import Home
from steps.roster import Member
from steps.sweep import asked_configurations, chunk_size, sweep, sweep_id, swept
from steps.trials import TRIAL
from steps.trust import open_log

DAYS = 40
VIEW = DataView(
    venue="binance",
    market=Market.LINEAR,
    interval_us=3_600_000_000,
    start_us=0,
    end_us=DAYS * US_PER_DAY,
    as_of_us=DAYS * US_PER_DAY,
    symbols=("BTCUSDT",),
    content_digest="sha256:" + "0" * 64,
    funding_digest="sha256:" + "1" * 64,
)
MANIFEST = Manifest(
    name="made-up",
    version=1,
    authors=("A",),
    description="Nothing but numbers.",
    style="trend",
    execution={"maker_share_min": 0, "maker_share_max": 1},
    universe="all",
    markets={"linear": "long_short"},
    horizon_hours=24,
    decide_every_hours=24,
    lookback_bars=1,
    parameters={"fast": 2, "slow": 8.0},
    grid={"fast": (2, 4, 6), "slow": (8.0, 16.0)},
    trials_elsewhere=0,
)
MEMBER = Member(PodSpec(pod="made-up", package="made-up", profile=ExecutionProfile(0.5), live=False), MANIFEST, None, "sha256:aa")


class Bench:
    """Answers with returns that the parameters decide, and remembers what it was asked; `fast` = 6 is refused."""

    capital_usd = 1e6
    volatility_target_annual = 0.15
    costs = SimpleNamespace(model_dump=lambda mode: {})
    rules = None
    charged = SimpleNamespace(close=np.zeros(1000))

    def __init__(self) -> None:
        self.asked: list[dict[str, Any]] = []

    def evaluate(self, member: Member, parameters: dict[str, Any]) -> PodRecord:
        self.asked.append(parameters)
        if parameters["fast"] == 6:
            raise Refused("fast must be below 6")
        returns = np.random.default_rng(int(parameters["fast"])).normal(parameters["slow"] * 1e-5, 0.01, DAYS)
        zero, none = np.zeros(0), np.zeros(0, dtype=np.int64)
        component = {name: returns if name == "price" else np.zeros(DAYS) for name in COMPONENTS}
        days = np.arange(DAYS, dtype=np.int64) * US_PER_DAY
        ones, orders = np.ones(DAYS), Orders(none, none, none, *([zero] * 10))
        return PodRecord("made-up", 1e6, (), days, returns, component, ones, ones, ones, zero, zero, zero, orders)

    def asking(self, member: Member) -> AbstractContextManager[None]:
        return nullcontext()

    def vintages_used(self, member: Member) -> str:
        return "exact"

    def forget(self) -> None: ...


def run(home: Home, bench: Bench, told: Any = lambda done, total: None, **options: Any) -> Any:
    options = {"configurations": MANIFEST.configurations(), "memory_gib": 1.0} | options
    return sweep(home, MEMBER, bench, VIEW, told=told, **options)  # type: ignore[arg-type]


def test_the_grid_or_every_combination_that_is_stated() -> None:
    assert asked_configurations(MANIFEST, []) == MANIFEST.configurations()
    asked = asked_configurations(MANIFEST, ["fast=2,3", "slow=1.5"])
    assert asked == ({"fast": 2, "slow": 1.5}, {"fast": 3, "slow": 1.5})
    assert asked_configurations(MANIFEST, ["fast=3,3"]) == ({"fast": 3, "slow": 8.0},)
    for wrong in ("fast", "speed=1", "fast=1,x", "fast="):
        with pytest.raises(Refused):
            asked_configurations(MANIFEST, [wrong])


def test_every_configuration_is_a_trial_before_the_first_is_evaluated(tmp_path: Path) -> None:
    home, seen = Home(tmp_path), []

    class Watching(Bench):
        def evaluate(self, member: Member, parameters: dict[str, Any]) -> PodRecord:
            seen.append(len(open_log(home).entries(TRIAL)))
            return super().evaluate(member, parameters)

    run(home, Watching())
    assert set(seen) == {6}


def test_one_row_for_each_configuration_and_the_refused_say_why(tmp_path: Path) -> None:
    bench = Bench()
    found = run(Home(tmp_path), bench)
    rows = pq.read_table(found.table).to_pylist()
    assert (found.asked, found.evaluated, found.refused, len(rows)) == (6, 6, 2, 6)
    for row in rows:
        parameters = json.loads(row["configuration"])
        assert (row["param_fast"], row["param_slow"]) == (parameters["fast"], parameters["slow"])
        if parameters["fast"] == 6:
            assert row["refusal"] == "fast must be below 6"
            assert row["sharpe_annual"] is row["net_return"] is None
        else:
            expected = bench.evaluate(MEMBER, parameters).net_return
            assert row["net_return"] == expected.tolist()
            assert row["sharpe_annual"] == pytest.approx(expected.mean() / expected.std(ddof=1) * 365**0.5)
    assert found.best["sharpe_annual"] == max(row["sharpe_annual"] for row in rows if row["sharpe_annual"] is not None)


def test_after_a_kill_only_what_is_missing_is_evaluated(tmp_path: Path) -> None:
    """Chunks of one configuration; the process dies as the third is told."""
    home, killed, small = Home(tmp_path), Bench(), 1000 * 8 * 16 * 1.5 / 2**30

    def dies(done: int, total: int) -> None:
        if done == 3:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run(home, killed, dies, memory_gib=small)
    assert len(killed.asked) == 3
    again, told = Bench(), []
    found = run(home, again, lambda done, total: told.append((done, total)), memory_gib=small)
    assert found.evaluated == 3
    assert told == [(3, 6), (4, 6), (5, 6), (6, 6)]
    assert not [one for one in again.asked if one in killed.asked]
    whole = run(Home(tmp_path / "whole"), Bench())
    assert whole.table.read_bytes() == found.table.read_bytes()


def test_a_sweep_holds_no_more_than_fits() -> None:
    assert chunk_size(2**30 // 16, 4.0) == 4
    assert chunk_size(8, 4.0) == 32
    with pytest.raises(Refused, match=r"at least 2\.0 GiB"):
        chunk_size(2**31 // 16, 1.0)


def test_swept_gives_back_parameters_in_their_types_and_returns_in_their_order(tmp_path: Path) -> None:
    home, bench = Home(tmp_path), Bench()
    assert swept(home, MEMBER, bench, VIEW) is None  # type: ignore[arg-type]
    run(home, bench)
    found = swept(home, MEMBER, bench, VIEW)  # type: ignore[arg-type]
    assert found is not None
    assert len(found.configurations) == found.net_return.shape[1] == 4
    for column, parameters in enumerate(found.configurations):
        assert parameters in MANIFEST.configurations()
        assert isinstance(parameters["fast"], int)
        assert isinstance(parameters["slow"], float)
        assert found.net_return[:, column].tolist() == bench.evaluate(MEMBER, parameters).net_return.tolist()
    assert found.day_us.tolist() == [day * US_PER_DAY for day in range(DAYS)]


def test_the_id_is_that_of_code_data_and_terms() -> None:
    bench = Bench()
    own = sweep_id(MEMBER, bench, VIEW)  # type: ignore[arg-type]
    assert own == sweep_id(MEMBER, bench, VIEW.model_copy(update={"as_of_us": 1}))  # type: ignore[arg-type]
    for other in (
        (replace(MEMBER, code="sha256:bb"), VIEW),
        (MEMBER, VIEW.model_copy(update={"content_digest": "sha256:" + "2" * 64})),
        (replace(MEMBER, spec=replace(MEMBER.spec, profile=ExecutionProfile(0.6))), VIEW),
    ):
        assert sweep_id(other[0], bench, other[1]) != own  # type: ignore[arg-type]
