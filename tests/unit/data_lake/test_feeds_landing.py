import hashlib
from pathlib import Path
from typing import Any

import pytest

from data_lake.feeds.declaration import Feed
from data_lake.feeds.landing import Landing
from domain.errors import Refused, Unreachable

FEED: dict[str, Any] = {"name": "a-feed", "url": "file:///x.csv", "table": "bars", "venue": "v", "market": "spot"}


def landing(home: Path, **budget: Any) -> Landing:
    return Landing(home, Feed.parse({**FEED, "budget": budget}, "test"), now_us=7)


def test_bytes_land_whole_under_their_checksum_with_their_origin(tmp_path: Path) -> None:
    fetched = landing(tmp_path).land("file:///x.csv", "x.csv", b"abc")
    assert fetched.path.read_bytes() == b"abc"
    assert fetched.checksum == fetched.path.name == hashlib.sha256(b"abc").hexdigest()
    assert (fetched.origin, fetched.received_us, fetched.replaces) == ("file:///x.csv", 7, None)


def test_the_same_bytes_are_one_file_and_no_news_once_they_are_remembered(tmp_path: Path) -> None:
    first = landing(tmp_path)
    first.land("file:///x.csv", "x.csv", b"abc")
    first.land("file:///y.csv", "y.csv", b"abc")
    assert len({file.path for file in first.fetched}) == 1
    first.remember()
    second = landing(tmp_path)
    second.land("file:///x.csv", "x.csv", b"abc")
    assert second.fetched == []
    assert second.land("file:///x.csv", "x.csv", b"abd").replaces == hashlib.sha256(b"abc").hexdigest()


def test_what_was_not_remembered_comes_again(tmp_path: Path) -> None:
    landing(tmp_path).land("file:///x.csv", "x.csv", b"abc")
    again = landing(tmp_path)
    again.land("file:///x.csv", "x.csv", b"abc")
    assert len(again.fetched) == 1


def test_a_file_is_held_while_its_version_or_checksum_stays_and_its_bytes_are_there(tmp_path: Path) -> None:
    first = landing(tmp_path)
    checksum = first.land("o", "x.csv", b"abc", token="v1").checksum
    first.remember()
    then = landing(tmp_path)
    assert then.holds("o", token="v1")
    assert then.holds("o", token="v2", checksum=checksum)
    assert not then.holds("o", token="v1", checksum="0" * 64)
    assert not then.holds("o", token="v2")
    assert not then.holds("o")
    assert not then.holds("other", token="v1")
    first.fetched[0].path.unlink()
    assert not then.holds("o", token="v1")


def test_a_file_that_belies_its_checksum_is_never_held(tmp_path: Path) -> None:
    first = landing(tmp_path)
    first.land("o", "x.csv", b"abc", token="v1", stated="0" * 64)
    first.remember()
    assert not landing(tmp_path).holds("o", token="v1")


def test_another_version_has_another_part(tmp_path: Path) -> None:
    here = landing(tmp_path)
    assert len({here.part("o", "v1"), here.part("o", "v2"), here.part("p", "v1"), here.part("o", None)}) == 4


def test_two_files_of_one_name_and_a_damaged_memory_are_refused(tmp_path: Path) -> None:
    here = landing(tmp_path)
    here.land("a/x.csv", "x.csv", b"abc")
    with pytest.raises(Refused, match="two files of one fetch are named"):
        here.land("b/x.csv", "x.csv", b"abd")
    here.remember()
    (here.folder / "seen.json").write_bytes(b"{")
    with pytest.raises(Refused, match="delete it"):
        landing(tmp_path)


def test_a_fetch_that_has_used_up_its_time_says_so(tmp_path: Path) -> None:
    with pytest.raises(Unreachable, match="not done within"):
        landing(tmp_path, deadline_s=1e-9).check_deadline("o")


def test_what_the_lake_refused_is_asked_for_again(tmp_path: Path) -> None:
    first = landing(tmp_path)
    refused = first.land("bad", "bad.csv", b"abc", token="v1")
    first.land("good", "good.csv", b"abd", token="v1")
    first.remember([refused])
    then = landing(tmp_path)
    assert (then.holds("bad", token="v1"), then.holds("good", token="v1")) == (False, True)
