from pathlib import Path
from typing import Any

import pytest

from domain.times import Cycle
from ledger.keys import SigningKey
from ledger.log import Log
from steps.allocation_documents import ALLOCATION, content_digest, documents_digest, log_body, revision_of
from tests.documents import allocation


@pytest.fixture
def log(tmp_path: Path) -> Log:
    return Log(tmp_path, SigningKey.from_seed(b"log".ljust(32, b".")))


def issue(log: Log, **content: Any) -> int:
    """Number a document and put it on record, as the line does; its number."""
    document = allocation(**content)
    numbered = document.model_copy(update={"revision": revision_of(log, document)})
    log.append(ALLOCATION, log_body(numbered, b"payload"))
    return numbered.revision


def test_a_repetition_keeps_its_number_and_a_change_takes_the_next(log: Log) -> None:
    assert issue(log, tier="T0") == 0
    assert issue(log, tier="T0") == 0
    assert issue(log, tier="T1") == 1
    assert issue(log, tier="T1") == 1


def test_going_back_to_an_earlier_content_is_a_new_document(log: Log) -> None:
    """A pod that holds revision 1 must be able to tell that what it held before is wanted again."""
    assert [issue(log, tier=tier) for tier in ("T0", "T1", "T0", "T0", "T1")] == [0, 1, 2, 2, 3]


def test_other_pods_and_cycles_count_for_themselves(log: Log) -> None:
    issue(log, tier="T0")
    assert issue(log, tier="T1", pod="other") == 0
    assert issue(log, tier="T1", cycle=Cycle.parse("2025-11-17")) == 0
    assert issue(log, tier="T1") == 1


def test_the_number_is_no_part_of_the_content_and_the_order_no_part_of_the_digest() -> None:
    first, second = allocation(revision=0), allocation(revision=3)
    assert content_digest(first) == content_digest(second)
    assert content_digest(first) != content_digest(allocation(tier="other"))
    other = allocation(pod="another")
    assert documents_digest([first, other]) == documents_digest([other, first])
    assert documents_digest([first, other]) != documents_digest([second, other])
