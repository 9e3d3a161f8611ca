"""Ingest struck at every write point: nothing accepted is lost, nothing is there twice, and a rerun completes."""

import errno
import os
import shutil
import signal
import subprocess
import sys
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

import duckdb
import pytest

from data_lake.catalogue import Catalogue
from data_lake.lake import Lake
from data_lake.lake_check import check_lake
from data_lake.rebuild import rebuild
from domain.errors import Refused
from tests.fault import lake_world as world

REPOSITORY = Path(__file__).parents[2]


class Base:
    """A home with the first delivery, the files of the second, and what a run without faults makes of it."""

    def __init__(self, folder: Path) -> None:
        self.folder, self._home = folder / "in", folder / "base-home"
        world.write_deliveries(self.folder)
        with Lake(self._home, threads=1) as lake:
            world.deliver(lake, self.folder, "base")
            self.before = world.fingerprint(lake)
        done = self.home(folder / "done")
        with Lake(done, threads=1) as lake:
            self.report = world.deliver(lake, self.folder, "next")
            self.after = world.fingerprint(lake)

    def home(self, path: Path) -> Path:
        shutil.copytree(self._home, path)
        return path


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Base:
    return Base(tmp_path_factory.mktemp("lake"))


def _struck(
    home: Path,
    base: Base,
    point: int,
    monkeypatch: pytest.MonkeyPatch,
    *,
    transactions: bool = True,
    error: int = errno.ENOSPC,
    sources: tuple[str, ...] = (),
    as_files: bool = False,
) -> list[str]:
    """Deliver with an error at the point; returns the write points seen, all of them where the point lies beyond.

    `as_files`: the delivery's rows go into files, as those of a large one do.
    """

    def fail(what: str) -> None:
        raise OSError(error, f"{os.strerror(error)}: {what}")

    points = world.Points(point, fail)
    real_fsync = os.fsync
    lake = Lake(home, threads=1, sources=sources)
    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", lambda descriptor: (points("fsync"), real_fsync(descriptor))[1])
        if as_files:
            world.as_files(points, patch.setattr)
        inner = lake._catalogue.connection
        lake._catalogue.connection = world.FaultyConnection(inner, points, transactions=transactions)  # type: ignore[assignment]
        with closing(inner), suppress(OSError):
            world.deliver(lake, base.folder, "next")
    return points.seen


def _left_and_rerun(home: Path, base: Base, sources: tuple[str, ...] = ()) -> tuple[dict[str, object], dict[str, object]]:
    """What the fault left behind, and what the delivery once more makes of it."""
    with Lake(home, threads=1, sources=sources) as lake:
        left = world.fingerprint(lake)
        world.deliver(lake, base.folder, "next")
        return left, world.fingerprint(lake)


def test_the_delivery_touches_every_table(base: Base) -> None:
    report = base.report
    assert (report.accepted, report.revised, report.unchanged, report.quarantined) == (6, 31, 30, 2)
    assert report.findings == 1
    for name in world.TABLES:
        assert base.after[name] != [], name
        assert base.after[name] != base.before[name], name


@pytest.mark.parametrize("as_files", [False, True])
def test_an_error_at_any_write_point_leaves_the_state_before_or_after_and_a_rerun_completes(
    base: Base, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, as_files: bool
) -> None:
    seen = _struck(base.home(tmp_path / "count"), base, 10_000, monkeypatch, as_files=as_files)
    assert seen.count("fsync") >= 12
    assert any(what.startswith("COMMIT") for what in seen)
    assert ("file" in seen) == as_files
    sure = ("file", "CALL ducklake_add", "COMMIT") if as_files else ("COMMIT", "after COMMIT")
    for point in (place for place, what in enumerate(seen) if what.startswith(sure) or (place % 4 == 0 and not as_files)):
        home = base.home(tmp_path / f"point-{point}")
        _struck(home, base, point, monkeypatch, as_files=as_files)
        left, after = _left_and_rerun(home, base)
        assert left in (base.before, base.after), seen[point]
        assert after == base.after, seen[point]


def test_after_a_fault_and_a_rerun_the_lake_is_clean_and_comes_back_from_raw(
    base: Base, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen = _struck(base.home(tmp_path / "count"), base, 10_000, monkeypatch)
    for point in (seen.index("after COMMIT"), len(seen) - 1):  # committed, and not yet sealed
        home = base.home(tmp_path / f"point-{point}")
        _struck(home, base, point, monkeypatch)
        _left_and_rerun(home, base)
        _assert_clean_and_rebuilt(home, base)


def _assert_clean_and_rebuilt(home: Path, base: Base) -> None:
    with Lake(home, threads=1) as lake:
        assert check_lake(home, lake.catalogue).problems == ()
    assert rebuild(home, threads=1).kept is None
    with Lake(home, threads=1) as lake:
        assert world.fingerprint(lake) == base.after
        assert check_lake(home, lake.catalogue).problems == ()


@pytest.mark.soak
def test_five_hundred_write_points_of_ingest_and_rebuild(base: Base, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A full disk, an input error and a kill at each point of three deliveries, small and large, and errors in a rebuild."""
    struck = 0
    for as_files in (False, True):
        for sources in ((), ("next",), ("base", "next")):
            seen = _struck(base.home(tmp_path / "count"), base, 10_000, monkeypatch, sources=sources, as_files=as_files)
            shutil.rmtree(tmp_path / "count")
            for point, what in enumerate(seen):
                for error in (errno.ENOSPC, errno.EIO):
                    home = base.home(tmp_path / "struck")
                    _struck(home, base, point, monkeypatch, error=error, sources=sources, as_files=as_files)
                    _assert_whole(home, base, f"{error} at {point}, {what}", sources)
                    struck += 1
            if not sources:
                for point, what in enumerate(seen):
                    home = base.home(tmp_path / "struck")
                    _killed(home, base, point, as_files=as_files)
                    _assert_whole(home, base, f"killed at {point}, {what}")
                    struck += 1
    for error in (errno.ENOSPC, errno.EIO):
        struck += _strike_rebuilds(base, tmp_path, monkeypatch, error)
    print(f"{struck} points")
    assert struck >= 500


def _assert_whole(home: Path, base: Base, where: str, sources: tuple[str, ...] = ()) -> None:
    left, after = _left_and_rerun(home, base, sources)
    assert left in (base.before, base.after), where
    assert after == base.after, where
    with Lake(home, threads=1) as lake:
        assert check_lake(home, lake.catalogue).problems == (), where
    shutil.rmtree(home)


def _killed(home: Path, base: Base, point: int, *, as_files: bool) -> None:
    """Deliver in a process that kills itself at the point."""
    command = [sys.executable, "-m", "tests.fault.lake_world", str(home), str(base.folder), str(point), *["files"] * as_files]
    ended = subprocess.run(command, cwd=REPOSITORY, capture_output=True, check=False, text=True)
    assert ended.returncode == -signal.SIGKILL, ended.stderr


@pytest.mark.parametrize("error", [errno.ENOSPC])
def test_a_rebuild_struck_at_some_write_points_leaves_a_lake_or_says_so(
    base: Base, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: int
) -> None:
    assert _strike_rebuilds(base, tmp_path, monkeypatch, error, every=25) >= 2


def _strike_rebuilds(base: Base, folder: Path, monkeypatch: pytest.MonkeyPatch, error: int, every: int = 1) -> int:
    """Strike a rebuild at its write points; returns how many. Each leaves the old lake, the new one, or a plain refusal."""
    home = base.home(folder / f"rebuild-{error}-{every}")
    with Lake(home, threads=1) as lake:
        world.deliver(lake, base.folder, "next")
    points = len(_struck_rebuild(home, 10_000, error, monkeypatch))
    struck = 0
    for point in range(0, points, every):
        _struck_rebuild(home, point, error, monkeypatch)
        try:
            with Lake(home, threads=1) as lake:
                assert world.fingerprint(lake) == base.after
        except Refused:
            with pytest.raises(Refused, match="factory lake rebuild"):
                Lake(home)
            rebuild(home, threads=1)
        struck += 1
    _assert_clean_and_rebuilt(home, base)
    return struck


def _struck_rebuild(home: Path, point: int, error: int, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    def fail(what: str) -> None:
        raise OSError(error, f"{os.strerror(error)}: {what}")

    points = world.Points(point, fail)
    real_fsync, real_rename, real_open = os.fsync, Path.rename, Catalogue.__init__

    def opened(self: Catalogue, *args: Any, **more: Any) -> None:
        real_open(self, *args, **more)
        self.connection = world.FaultyConnection(self.connection, points)  # type: ignore[assignment]

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", lambda descriptor: (points("fsync"), real_fsync(descriptor))[1])
        patch.setattr(Path, "rename", lambda path, target: (points("rename"), real_rename(path, target))[1])
        patch.setattr(Catalogue, "__init__", opened)
        with suppress(OSError):
            rebuild(home, threads=1)
    return points.seen


def test_the_harness_catches_a_delivery_without_a_transaction(
    base: Base, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = base.home(tmp_path / "planted")
    seen = _struck(base.home(tmp_path / "count"), base, 10_000, monkeypatch)
    last_write = max(index for index, what in enumerate(seen) if what.startswith("UPDATE"))
    _struck(home, base, last_write, monkeypatch, transactions=False)
    left, after = _left_and_rerun(home, base)
    assert left not in (base.before, base.after)
    assert after != base.after


@pytest.mark.parametrize("share", [0.3, 0.7, 0.85, 0.99])
def test_killed_in_its_own_process_and_run_again_it_completes(
    base: Base, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, share: float
) -> None:
    points = len(_struck(base.home(tmp_path / "count"), base, 10_000, monkeypatch))
    home = base.home(tmp_path / "killed")
    _killed(home, base, int(points * share), as_files=False)
    left, after = _left_and_rerun(home, base)
    assert left in (base.before, base.after)
    assert after == base.after


def test_two_processes_delivering_at_once_lose_and_double_nothing(base: Base, tmp_path: Path) -> None:
    home = base.home(tmp_path / "both")
    command = [sys.executable, "-m", "tests.fault.lake_world", str(home), str(base.folder), "100000"]
    running = [subprocess.Popen(command, cwd=REPOSITORY, stderr=subprocess.PIPE, text=True) for _ in range(2)]
    errors = [process.communicate()[1] for process in running]
    assert [process.returncode for process in running] == [0, 0], errors
    with Lake(home, threads=1) as lake:
        assert world.fingerprint(lake) == base.after
        assert check_lake(home, lake.catalogue).problems == ()


def test_a_broken_catalogue_is_an_error_and_not_an_empty_lake(base: Base, tmp_path: Path) -> None:
    home = base.home(tmp_path / "broken")
    (home / "lake" / "catalogue.sqlite").write_bytes(b"this is no database" * 100)
    with pytest.raises(duckdb.Error):
        Lake(home, threads=1)
